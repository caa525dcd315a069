package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestDeliveryIsAcceptedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		in := store.Delivery{
			Key: "assistant:7", Receiver: "assistant", App: "assistant", Kind: "text", Userid: "LiSi",
			Raw: []byte("<xml>\x00😀</xml>"), EventAt: clock.Now().Add(-time.Second),
			ReceivedAt: clock.Now().Add(1999 * time.Microsecond),
		}
		var first, second store.Delivery
		var fresh, again bool
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) (err error) {
			first, fresh, err = tx.AcceptDelivery(in)
			if err != nil {
				return err
			}
			return tx.FinishDelivery(first.ID, store.ReplyPassive, []byte("好的"))
		}))
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) (err error) {
			second, again, err = tx.AcceptDelivery(in)
			return err
		}))
		require.True(t, fresh)
		require.False(t, again)
		require.Equal(t, first.ID, second.ID)
		require.Equal(t, store.DeliveryDone, second.State)
		require.Equal(t, store.ReplyPassive, second.ReplyKind)
		require.Equal(t, "好的", string(second.Reply))
		require.Equal(t, in.Raw, second.Raw)
		require.Equal(t, in.EventAt, second.EventAt)
		require.Equal(t, clock.Now().Add(time.Millisecond), second.ReceivedAt, "cut to the millisecond, not rounded")
	})
}

func TestDeliveryUnknown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		_, err := db.Reader(context.Background()).Delivery(1)
		require.ErrorIs(t, err, store.ErrNotFound)
		err = db.InTx(context.Background(), func(tx *store.Tx) error { return tx.ReplyBySending(1) })
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestPurgeKeepsWhatIsYoung(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		start := clock.Now()
		const days, perDay = 5, 130 // more than one batch on each side
		for day := range days {
			require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
				for i := range perDay {
					at := start.Add(time.Duration(day)*24*time.Hour + time.Duration(i)*time.Second)
					_, _, err := tx.AcceptDelivery(store.Delivery{Key: at.String(), Kind: "text", Raw: []byte("x"), EventAt: at, ReceivedAt: at})
					if err != nil {
						return err
					}
				}
				return nil
			}))
		}
		rows, raw := start.Add(2*24*time.Hour), start.Add(4*24*time.Hour)
		deleted, emptied, err := db.PurgeDeliveries(ctx, rows, raw)
		require.NoError(t, err)
		require.EqualValues(t, 2*perDay, deleted)
		require.EqualValues(t, 2*perDay, emptied)
		deleted, emptied, err = db.PurgeDeliveries(ctx, rows, raw)
		require.NoError(t, err)
		require.Zero(t, deleted+emptied)

		left, err := db.Reader(ctx).Deliveries(store.DeliveryFilter{Limit: 500})
		require.NoError(t, err)
		require.Len(t, left, 3*perDay)
		for _, d := range left {
			full, err := db.Reader(ctx).Delivery(d.ID)
			require.NoError(t, err)
			require.Equal(t, !full.ReceivedAt.Before(raw), full.Raw != nil, full.ReceivedAt)
		}
	})
}
