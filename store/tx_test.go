package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

var errLost = errors.New("somebody else decided")

// Of two people deciding at once exactly one wins and the other sees the
// result (design, section 6): 1,000 rounds.
func TestOfTwoDecidersExactlyOneWins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		const rounds = 1000
		for round := range rounds {
			require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
				_, _, err := tx.AcceptDelivery(store.Delivery{Key: fmt.Sprint(round), EventAt: tx.Now(), ReceivedAt: tx.Now()})
				return err
			}))
		}
		var won, lost atomic.Int64
		for round := range rounds {
			var wg sync.WaitGroup
			decide := func(who string) {
				err := db.InTx(ctx, func(tx *store.Tx) error {
					if err := tx.Lock("deliveries", int64(round+1)); err != nil {
						return err
					}
					d, err := tx.Delivery(int64(round + 1))
					if err != nil {
						return err
					}
					if d.State != store.DeliveryAccepted {
						return errLost
					}
					return tx.FinishDelivery(d.ID, store.ReplyPassive, []byte(who))
				})
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, errLost):
					lost.Add(1)
				default:
					t.Error(err)
				}
			}
			wg.Go(func() { decide("one") })
			wg.Go(func() { decide("two") })
			wg.Wait()
		}
		require.EqualValues(t, rounds, won.Load())
		require.EqualValues(t, rounds, lost.Load())
	})
}

// Two transactions that lock each other's row: the loser runs again, both
// commit.
func TestDeadlockIsRunAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.SetSetting("a", 0), tx.SetSetting("b", 0))
		}))
		add := func(tx *store.Tx, name string) error {
			return tx.Exec("UPDATE settings SET value = value + 1 WHERE name = ?", name)
		}
		var wg sync.WaitGroup
		for i := range 40 {
			first, second := "a", "b"
			if i%2 == 0 {
				first, second = second, first
			}
			wg.Go(func() {
				var err error
				for range 20 { // forty at once may use up the five attempts
					err = db.InTx(ctx, func(tx *store.Tx) error {
						if err := add(tx, first); err != nil {
							return err
						}
						return add(tx, second)
					})
					if !errors.Is(err, store.ErrConflict) {
						break
					}
				}
				require.NoError(t, err)
			})
		}
		wg.Wait()
		var a, b int
		require.NoError(t, db.Reader(ctx).Setting("a", &a))
		require.NoError(t, db.Reader(ctx).Setting("b", &b))
		require.Equal(t, [2]int{40, 40}, [2]int{a, b})
	})
}

func TestConflictIsRunAtMostFiveTimes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		runs := 0
		err := db.InTx(context.Background(), func(tx *store.Tx) error {
			runs++
			if err := tx.SetSetting(fmt.Sprint("run-", runs), 1); err != nil {
				return err
			}
			return fmt.Errorf("version moved on: %w", store.ErrConflict)
		})
		require.ErrorIs(t, err, store.ErrConflict)
		require.Equal(t, 5, runs)
		require.Zero(t, settings(t, db, "run-%"))
	})
}

// Of concurrent duplicates one is stored; when it fails, another takes its
// place and none is lost.
func TestConcurrentDuplicatesWithTheFirstFailing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		var fresh, handled atomic.Int64
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				won := false
				err := db.InTx(context.Background(), func(tx *store.Tx) error {
					won = false
					d, isFresh, err := tx.AcceptDelivery(store.Delivery{Key: "same", EventAt: tx.Now(), ReceivedAt: tx.Now()})
					if err != nil {
						return err
					}
					if isFresh && fresh.Add(1) == 1 {
						return errors.New("the first one fails")
					}
					won = isFresh
					if isFresh {
						return tx.FinishDelivery(d.ID, store.ReplyNone, nil)
					}
					return nil
				})
				if err == nil && won {
					handled.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, handled.Load())
		d, err := db.Reader(context.Background()).DeliveryByKey("same")
		require.NoError(t, err)
		require.Equal(t, store.DeliveryDone, d.State)
	})
}

func TestPanicIsAnError(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		err := db.InTx(context.Background(), func(tx *store.Tx) error {
			_ = put(tx, "gone")
			panic("oh")
		})
		var panicked *store.PanicError
		require.ErrorAs(t, err, &panicked)
		require.Contains(t, string(panicked.Stack), "TestPanicIsAnError")
		require.Zero(t, settings(t, db, "gone"))
	})
}

type ping struct{ N int }

func (ping) Kind() string { return "test.ping" }

func TestOnEnqueueIsToldAfterTheCommit(t *testing.T) {
	for driver, config := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "mysql": storetest.MySQL} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			var woken atomic.Int64
			db, err := store.Open(config(t), store.Options{})
			require.NoError(t, err)
			defer db.Close()
			db.OnEnqueue(func() { woken.Add(1) })
			require.NoError(t, db.Ready(context.Background()))
			require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error { return put(tx, "no job") }))
			require.Zero(t, woken.Load())
			require.Error(t, db.InTx(context.Background(), func(tx *store.Tx) error {
				_, err := tx.Enqueue(ping{1})
				return errors.Join(err, errLost)
			}))
			require.Zero(t, woken.Load())
			require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
				_, err := tx.Enqueue(ping{2})
				return err
			}))
			require.Eventually(t, func() bool { return woken.Load() == 1 }, time.Second, time.Millisecond)
		})
	}
}

func TestBothEnginesCompareBytes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		names := []string{"a", "A", "😀", "👍", "ä", "a\u0308", "ａ"}
		for _, name := range names {
			require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
				return tx.Exec("INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?)", name, name, tx.Now())
			}), name)
		}
		for _, name := range names {
			var got string
			require.NoError(t, db.Reader(context.Background()).Scan(&got, "SELECT value FROM settings WHERE name = ?", name))
			require.Equal(t, name, got)
		}
	})
}

// RowsAffected counts matched rows, changed or not.
func TestUpdateToTheSameValueMatches(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			d, _, err := tx.AcceptDelivery(store.Delivery{Key: "k", EventAt: tx.Now(), ReceivedAt: tx.Now()})
			return errors.Join(err, tx.ReplyBySending(d.ID), tx.ReplyBySending(d.ID))
		}))
	})
}
