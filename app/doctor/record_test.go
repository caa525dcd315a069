package doctor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestVerifiedMovesForwardByReceiver(t *testing.T) {
	db, _ := storetest.Open(t)
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	record := func(last map[string]time.Time) {
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error { return RecordVerified(tx, last) }))
	}
	record(map[string]time.Time{"assistant": at, "contacts": at})
	record(map[string]time.Time{"assistant": at.Add(-time.Minute), "contacts": at.Add(time.Minute)}) // another replica's, late
	got, err := verified(db.Reader(t.Context()))
	require.NoError(t, err)
	require.True(t, got["assistant"].Equal(at))
	require.True(t, got["contacts"].Equal(at.Add(time.Minute)))
}

func TestIsProbe(t *testing.T) {
	require.True(t, IsProbe(probeMark+"x"))
	require.False(t, IsProbe("5189364072215543870"))
	require.False(t, IsProbe(""))
}
