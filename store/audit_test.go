package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func act(t *testing.T, db *store.DB, n int) {
	t.Helper()
	for done := 0; done < n; done += 100 {
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			for i := done; i < min(done+100, n); i++ {
				err := tx.Audit(store.AuditEntry{
					Actor: 7, Action: "item.close", Subject: store.Subject{Kind: "item", ID: int64(i)},
					Source: store.SourceChat, EventKey: "assistant:1", Detail: map[string]any{"from": "open", "时": "😀<&>"},
				})
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func execute(t *testing.T, db *store.DB, statement string, args ...any) {
	t.Helper()
	require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error { return tx.Exec(statement, args...) }))
}

func seal(t *testing.T, db *store.DB) int64 {
	t.Helper()
	n, err := db.SealAudit(context.Background(), 0)
	require.NoError(t, err)
	return n
}

func verify(t *testing.T, db *store.DB) store.AuditState {
	t.Helper()
	state, err := db.VerifyAudit(context.Background())
	require.NoError(t, err)
	return state
}

func TestAuditIsChainedAndDaysAreSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		require.Equal(t, store.AuditState{}, verify(t, db))
		require.Zero(t, seal(t, db))

		act(t, db, 450) // more than two pages
		require.Equal(t, store.AuditState{Unsealed: 450}, verify(t, db))
		require.EqualValues(t, 450, seal(t, db))
		require.Zero(t, seal(t, db))
		require.Equal(t, store.AuditState{Sealed: 450}, verify(t, db), "the day is not over")

		clock.Advance(24 * time.Hour)
		act(t, db, 3)
		require.EqualValues(t, 3, seal(t, db))
		require.Equal(t, store.AuditState{Sealed: 453, Days: 1}, verify(t, db))

		clock.Advance(24 * time.Hour) // a quiet day ends too
		require.Zero(t, seal(t, db))
		act(t, db, 1)
		require.Equal(t, store.AuditState{Sealed: 453, Unsealed: 1, Days: 2}, verify(t, db))

		list, err := db.Reader(context.Background()).AuditOf(store.Subject{Kind: "item", ID: 0}, 0, 10)
		require.NoError(t, err)
		require.Len(t, list, 3)
		require.Equal(t, "😀<&>", list[0].Detail["时"])
		require.Equal(t, clock.Now().Add(-48*time.Hour), list[0].At)
	})
}

func TestSealAuditWaitsForSlowTransactions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		act(t, db, 2)
		for range 2 {
			n, err := db.SealAudit(context.Background(), time.Hour)
			require.NoError(t, err)
			require.Zero(t, n)
		}
		// The mark says an hour has passed; entries after it stay unsealed.
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			var mark map[string]any
			if err := tx.Setting("audit.seal_mark", &mark); err != nil {
				return err
			}
			mark["at"] = time.Now().UTC().Add(-61 * time.Minute)
			return tx.SetSetting("audit.seal_mark", mark)
		}))
		act(t, db, 1)
		n, err := db.SealAudit(context.Background(), time.Hour)
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
		require.Equal(t, store.AuditState{Sealed: 2, Unsealed: 1}, verify(t, db))
	})
}

func TestTamperedAuditIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		statement string
		broken    int64
	}{
		"changed":        {"UPDATE audit SET actor = 8 WHERE id = 5", 5},
		"changed detail": {"UPDATE audit SET detail = '{}' WHERE id = 1", 1},
		"moved in time":  {"UPDATE audit SET at = (SELECT effective FROM (SELECT received_at AS effective FROM deliveries) AS d) WHERE id = 6", 6},
		"removed":        {"DELETE FROM audit WHERE id = 4", 5},
		"hash stripped":  {"UPDATE audit SET hash = NULL WHERE id = 3", 3},
		"last removed":   {"DELETE FROM audit WHERE id >= 9", 10},
		"all removed":    {"DELETE FROM audit", 10},
		"seal changed":   {"UPDATE audit_seals SET entries = 9", 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, clock := storetest.Open(t)
			require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
				_, _, err := tx.AcceptDelivery(store.Delivery{Key: "k", EventAt: tx.Now(), ReceivedAt: tx.Now().Add(time.Hour)})
				return err
			}))
			act(t, db, 10)
			seal(t, db)
			clock.Advance(24 * time.Hour)
			seal(t, db)
			require.Equal(t, store.AuditState{Sealed: 10, Days: 1}, verify(t, db))
			execute(t, db, c.statement)
			require.Equal(t, c.broken, verify(t, db).Broken, fmt.Sprint(verify(t, db)))
		})
	}
}
