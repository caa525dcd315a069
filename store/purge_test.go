package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func inTx(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	require.NoError(t, db.InTx(context.Background(), fn))
}

// A job of every hour leaves 24 lines a day: what it did is forgotten after a
// while, what it failed in and what comes round less often stays.
func TestPurgeJobRunsForgetsEveryHourSooner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		start := clock.Now().UTC().Truncate(24 * time.Hour)
		run := func(tx *store.Tx, name, period string, due time.Time, state store.JobRunState) error {
			r, err := tx.ClaimJobRun(name, period, due)
			if err != nil {
				return err
			}
			r.State = state
			return tx.SaveJobRun(&r)
		}
		inTx(t, db, func(tx *store.Tx) error {
			for i := range 250 {
				due, state := start.Add(time.Duration(i)*time.Hour), store.JobRunDone
				if i == 3 {
					state = store.JobRunFailed
				}
				if err := run(tx, "J-HOUR", due.Format("2006-01-02T15"), due, state); err != nil {
					return err
				}
			}
			for i, period := range []string{"2026-03-02", "2026W10", "2026-03", "2026Q1", "2026"} {
				if err := run(tx, "J-OTHER", period, start.Add(time.Duration(i)*time.Hour), store.JobRunDone); err != nil {
					return err
				}
			}
			return nil
		})
		hourly := start.Add(240 * time.Hour)
		require.Equal(t, []int{200, 39}, stepsOf(t, db, func(tx *store.Tx) (int, error) { return tx.PurgeJobRuns(start, hourly) }))
		left, err := db.Reader(t.Context()).JobRuns("", "", 100)
		require.NoError(t, err)
		require.Len(t, left, 10+1+5)
		require.Equal(t, "J-HOUR", left[0].Name)
		require.Equal(t, hourly.Add(9*time.Hour), left[0].DueAt.UTC())
		failed, err := db.Reader(t.Context()).JobRuns("J-HOUR", store.JobRunFailed, 10)
		require.NoError(t, err)
		require.Len(t, failed, 1)

		require.Equal(t, []int{6}, stepsOf(t, db, func(tx *store.Tx) (int, error) { return tx.PurgeJobRuns(hourly, hourly) }))
	})
}

func TestPurgeMessagesDropsTextOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		begin := clock.Now()
		ids := map[store.SentState]int64{}
		for _, state := range []store.SentState{store.SentDone, store.SentRefused, store.SentPlanned} {
			inTx(t, db, func(tx *store.Tx) error {
				m := store.SentMessage{App: "assistant", Purpose: "item", Text: "秘密", Body: []byte("秘密"), State: state}
				_, err := tx.PlanMessage(&m, []int64{1})
				if err != nil {
					return err
				}
				m.State = state
				ids[state] = m.ID
				return tx.SaveMessage(m)
			})
		}
		clock.Advance(time.Hour)
		var n int
		purge := func(before time.Time) {
			inTx(t, db, func(tx *store.Tx) (err error) {
				n, err = tx.PurgeMessages(before)
				return err
			})
		}
		purge(begin)
		require.Zero(t, n, "not old yet")
		purge(clock.Now())
		require.Equal(t, 3, n)
		for state, want := range map[store.SentState]string{store.SentDone: "", store.SentRefused: "", store.SentPlanned: "秘密"} {
			m, err := db.Reader(t.Context()).SentMessage(ids[state])
			require.NoError(t, err)
			require.Equal(t, want, m.Text, state)
			require.Equal(t, want, string(m.Body), state)
		}
		purge(clock.Now())
		require.Zero(t, n, "the walk goes on behind what it has seen")
	})
}

func TestPurgeItemsWalksEachDayAnew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		var item store.Item
		inTx(t, db, func(tx *store.Tx) error {
			item = store.Item{Number: "M1", Kind: store.NoticeItem, Body: "秘密", Why: "秘密", State: store.ItemOpen}
			if err := tx.AddItem(&item); err != nil {
				return err
			}
			return tx.AddEntry(store.ItemEntry{ItemID: item.ID, Kind: store.EntrySent, Text: "秘密", At: tx.Now()})
		})
		step := func() (n int) {
			inTx(t, db, func(tx *store.Tx) (err error) {
				n, err = tx.PurgeItems(tx.Now(), tx.Now().Add(-time.Hour))
				return err
			})
			return n
		}
		clock.Advance(time.Minute)
		require.Equal(t, 1, step(), "looked at, still open")
		require.Zero(t, step())
		inTx(t, db, func(tx *store.Tx) error {
			now := tx.Now()
			item.State, item.ClosedAt = store.ItemWithdrawn, &now
			return tx.SaveItem(&item)
		})
		clock.Advance(24 * time.Hour)
		require.Equal(t, 1, step(), "an item of an earlier day that has ended since")
		got, err := db.Reader(t.Context()).Item(item.ID)
		require.NoError(t, err)
		require.Empty(t, got.Body+got.Why)
		require.Equal(t, "M1", got.Number)
		entries, err := db.Reader(t.Context()).ItemEntries(item.ID, 10)
		require.NoError(t, err)
		require.Empty(t, entries[0].Text)
	})
}

func TestSupersedeRulebook(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		inTx(t, db, func(tx *store.Tx) error {
			first, err := tx.AddRulebook("a", store.RulebookActive)
			require.NoError(t, err)
			require.ErrorIs(t, tx.SupersedeRulebook(first.Version), store.ErrNotFound, "it holds")
			_, err = tx.OpenRulebook(tx.Now())
			require.ErrorIs(t, err, store.ErrNotFound)

			pending, err := tx.AddRulebook("b", store.RulebookPending)
			require.NoError(t, err)
			planned, err := tx.AddRulebook("c", store.RulebookPending)
			require.NoError(t, err)
			require.NoError(t, tx.ApproveRulebook(planned.Version, 7, tx.Now().Add(time.Hour)))
			open, err := tx.OpenRulebook(tx.Now())
			require.NoError(t, err)
			require.Equal(t, planned.Version, open.Version)
			require.NoError(t, tx.SupersedeRulebook(planned.Version))
			require.NoError(t, tx.SupersedeRulebook(pending.Version))
			return nil
		})
		clock.Advance(2 * time.Hour)
		active, err := db.Reader(t.Context()).ActiveRulebook(db.Now())
		require.NoError(t, err)
		require.Equal(t, "a", active.Body, "a superseded version never holds")
	})
}

func TestPurgeReplicasForgetsTheSilent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		inTx(t, db, func(tx *store.Tx) error { return tx.ReportReplica(store.Replica{ID: "one", Name: "host"}) })
		inTx(t, db, func(tx *store.Tx) error { return tx.PurgeReplicas(time.Hour) })
		list, err := db.Reader(t.Context()).Replicas(time.Hour)
		require.NoError(t, err)
		require.Len(t, list, 1)
		inTx(t, db, func(tx *store.Tx) error { return tx.PurgeReplicas(-time.Second) })
		list, err = db.Reader(t.Context()).Replicas(time.Hour)
		require.NoError(t, err)
		require.Empty(t, list)
	})
}
