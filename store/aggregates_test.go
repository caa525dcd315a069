package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestRefusalsAddUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		add := func(list ...store.Refusal) {
			require.NoError(t, db.InBackground(ctx, func(tx *store.Tx) error { return tx.AddRefusals(list) }))
		}
		add()
		add(store.Refusal{Receiver: "assistant", Reason: "signature", Times: 3, LastAt: clock.Now()},
			store.Refusal{Receiver: "unknown", Reason: "receiver", Times: 1, LastAt: clock.Now()})
		clock.Advance(time.Minute)
		add(store.Refusal{Receiver: "assistant", Reason: "signature", Times: 2, LastAt: clock.Now()})
		clock.Advance(24 * time.Hour)
		add(store.Refusal{Receiver: "assistant", Reason: "signature", Times: 1, LastAt: clock.Now()})

		list, err := db.Reader(ctx).Refusals("20260302", 0)
		require.NoError(t, err)
		require.Equal(t, []store.Refusal{
			{Day: "20260303", Receiver: "assistant", Reason: "signature", Times: 1, LastAt: clock.Now()},
			{Day: "20260302", Receiver: "assistant", Reason: "signature", Times: 5, LastAt: clock.Now().Add(-24 * time.Hour)},
			{Day: "20260302", Receiver: "unknown", Reason: "receiver", Times: 1, LastAt: clock.Now().Add(-24*time.Hour - time.Minute)},
		}, list)
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.PurgeRefusals("20260303") }))
		list, err = db.Reader(ctx).Refusals("", 0)
		require.NoError(t, err)
		require.Len(t, list, 1)
	})
}

func TestReplicasAreSeenByTheServersClock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		clock.Set(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)) // business time is of no account
		report := func(r store.Replica) {
			require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.ReportReplica(r) }))
		}
		report(store.Replica{ID: "b", Name: "two", SkewMS: -4})
		report(store.Replica{ID: "a", Name: "one"})
		report(store.Replica{ID: "a", Name: "one", SpoolDepth: 9})
		list, err := db.Reader(ctx).Replicas(time.Minute)
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.Equal(t, "one", list[0].Name)
		require.EqualValues(t, 9, list[0].SpoolDepth)
		require.EqualValues(t, -4, list[1].SkewMS)
		require.WithinDuration(t, time.Now(), list[0].SeenAt, 5*time.Second)
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.RemoveReplica("a"), tx.Exec("UPDATE replicas SET seen_at = ?", time.Now().UTC().Add(-time.Hour)))
		}))
		list, err = db.Reader(ctx).Replicas(time.Minute)
		require.NoError(t, err)
		require.Empty(t, list)
	})
}

func TestRulebookVersions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		_, err := db.Reader(ctx).ActiveRulebook(clock.Now())
		require.ErrorIs(t, err, store.ErrNotFound)
		var first, second store.Rulebook
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) (err error) {
			if first, err = tx.AddRulebook("a: 1", store.RulebookActive); err != nil {
				return err
			}
			second, err = tx.AddRulebook("a: 2", store.RulebookPending)
			return err
		}))
		require.EqualValues(t, 1, first.Version)
		effective := clock.Now().Add(time.Hour)
		approve := func() error {
			return db.InTx(ctx, func(tx *store.Tx) error { return tx.ApproveRulebook(second.Version, 42, effective) })
		}
		require.NoError(t, approve())
		require.ErrorIs(t, approve(), store.ErrNotFound)
		for at, want := range map[time.Duration]string{0: "a: 1", time.Hour - time.Millisecond: "a: 1", time.Hour: "a: 2"} {
			b, err := db.Reader(ctx).ActiveRulebook(clock.Now().Add(at))
			require.NoError(t, err)
			require.Equal(t, want, b.Body, at)
		}
		b, err := db.Reader(ctx).Rulebook(second.Version)
		require.NoError(t, err)
		require.EqualValues(t, 42, *b.ApprovedBy)
		require.Equal(t, effective, *b.EffectiveAt)
	})
}

func TestServerTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		at, err := db.ServerTime(context.Background())
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), at, 3*time.Second)
		require.Equal(t, time.UTC, at.Location())
		require.NoError(t, db.Ping(context.Background()))
	})
}
