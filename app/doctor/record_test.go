package doctor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

// TestVerificationsAroundAProbe tells the doctor's own visit from WeCom's.
func TestVerificationsAroundAProbe(t *testing.T) {
	begin := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		ended bool // the probe had its answer, a second after it began
		at    time.Duration
		kept  bool
	}{
		"the probe itself":           {true, 500 * time.Millisecond, false},
		"while it is under way":      {false, 8 * time.Second, false},
		"保存 three seconds later":     {true, 3 * time.Second, true},
		"保存 before it":               {true, -3 * time.Second, true},
		"long after a probe in vain": {false, time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			db, _ := storetest.Open(t)
			err := db.InTx(context.Background(), func(tx *store.Tx) error {
				probe := map[string]time.Time{"assistant": begin}
				if err := keep(tx, probedKey, probe); err != nil {
					return err
				}
				if c.ended {
					if err := keep(tx, answeredKey, map[string]time.Time{"assistant": begin.Add(time.Second)}); err != nil {
						return err
					}
				}
				return RecordVerified(tx, map[string]time.Time{"assistant": begin.Add(c.at)})
			})
			require.NoError(t, err)
			got, err := times(db.Reader(t.Context()), verifiedKey)
			require.NoError(t, err)
			require.Equal(t, c.kept, !got["assistant"].IsZero())
		})
	}
}
