package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func number(t testing.TB, db *store.DB, prefix string) string {
	t.Helper()
	var n string
	require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) (err error) {
		n, err = tx.Number(prefix)
		return err
	}))
	return n
}

func TestNumberCountsPerPrefixAndDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		require.Equal(t, "M20260302-0001", number(t, db, "M"))
		require.Equal(t, "M20260302-0002", number(t, db, "M"))
		require.Equal(t, "T20260302-0001", number(t, db, "T"))
		clock.Set(time.Date(2026, 3, 2, 15, 59, 59, 0, time.UTC)) // 23:59:59 in China
		require.Equal(t, "M20260302-0003", number(t, db, "M"))
		clock.Advance(time.Second)
		require.Equal(t, "M20260303-0001", number(t, db, "M"))
	})
}

func TestNumberGrowsPast9999(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			return tx.Exec("INSERT INTO numbers (prefix, day, last) VALUES ('M', '20260302', 9998)")
		}))
		require.Equal(t, "M20260302-9999", number(t, db, "M"))
		require.Equal(t, "M20260302-10000", number(t, db, "M"))
	})
}

// 1,000 concurrent transactions, a third of which fail after taking theirs.
// What is committed must be unique; that is what the settings' key proves.
func TestNumbersAreUniqueUnderConcurrencyAndRollback(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		failed := errors.New("thought better of it")
		var mu sync.Mutex
		seen := map[string]bool{}
		var wg sync.WaitGroup
		slots := make(chan struct{}, 64)
		for i := range 1000 {
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				var n string
				err := db.InTx(context.Background(), func(tx *store.Tx) (err error) {
					if n, err = tx.Number("M"); err != nil {
						return err
					}
					if err := tx.Exec("INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?)", "n."+n, n, tx.Now()); err != nil {
						return err
					}
					if i%3 == 0 {
						return failed
					}
					return nil
				})
				if i%3 == 0 {
					require.ErrorIs(t, err, failed)
					return
				}
				require.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				require.False(t, seen[n], n)
				seen[n] = true
			})
		}
		wg.Wait()
		require.Len(t, seen, 666)
		require.Equal(t, 666, settings(t, db, "n.M20260302-%"))
	})
}

// Two processes share a database: their blocks do not overlap.
func TestNumbersOfTwoProcesses(t *testing.T) {
	for driver, config := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "mysql": storetest.MySQL} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			cfg, clock := config(t), storetest.NewClock()
			a, b := storetest.OpenConfig(t, cfg, clock), storetest.OpenConfig(t, cfg, clock)
			seen := map[string]bool{}
			for i := range 60 {
				for name, db := range map[string]*store.DB{"a": a, "b": b} {
					n := number(t, db, "M")
					require.False(t, seen[n], fmt.Sprintf("%s, round %d: %s", name, i, n))
					seen[n] = true
				}
			}
		})
	}
}
