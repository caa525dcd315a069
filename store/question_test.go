package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestQuestionsEndOnceAndAreForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		do := func(fn func(tx *store.Tx) error) {
			t.Helper()
			require.NoError(t, db.InTx(context.Background(), fn))
		}
		asked := clock.Now()
		q := store.Question{
			MemberID: 7, App: "assistant", Phase: 3, Title: "发给财务部？", ExpiresAt: asked.Add(30 * time.Minute),
			Options: []store.QuestionOption{{Label: "发送", Caption: "发送", Line: "选择 3 1"}},
		}
		do(func(tx *store.Tx) error { return tx.AddQuestion(&q) })
		err := db.InTx(context.Background(), func(tx *store.Tx) error {
			again := q
			return tx.AddQuestion(&again)
		})
		require.ErrorIs(t, err, store.ErrDuplicate, "a phase is used once")

		read, err := db.Reader(t.Context()).Question(q.ID)
		require.NoError(t, err)
		require.Equal(t, q.Options, read.Options)
		require.True(t, read.OpenAt(asked.Add(30*time.Minute-time.Millisecond)))
		require.False(t, read.OpenAt(asked.Add(30*time.Minute)))

		do(func(tx *store.Tx) error {
			closed, err := tx.CloseQuestion(7, "assistant", 3, "发送")
			require.Equal(t, q.ID, closed.ID)
			return err
		})
		do(func(tx *store.Tx) error {
			_, err := tx.CloseQuestion(7, "assistant", 3, "不发")
			require.ErrorIs(t, err, store.ErrNotFound)
			_, err = tx.CloseQuestion(7, "another", 3, "不发")
			require.ErrorIs(t, err, store.ErrNotFound)
			return nil
		})
		read, err = db.Reader(t.Context()).Question(q.ID)
		require.NoError(t, err)
		require.Equal(t, "发送", read.Choice)
		require.False(t, read.OpenAt(asked))

		purged := func(before time.Time) (n int) {
			do(func(tx *store.Tx) (err error) { n, err = tx.PurgeQuestions(before); return err })
			return n
		}
		require.Zero(t, purged(read.CreatedAt))
		require.Equal(t, 1, purged(read.CreatedAt.Add(time.Millisecond)))
		require.Zero(t, purged(read.CreatedAt.Add(time.Millisecond)))
	})
}

func TestOldAttachmentsAreFoundInSteps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		const rows = 450
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			for range rows {
				if _, err := tx.AddAttachment(store.Attachment{MemberID: 1, App: "assistant", Kind: "link"}); err != nil {
					return err
				}
			}
			return nil
		}))
		later := clock.Now().Add(time.Second)
		var steps []int
		for {
			var looked int
			require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
				old, n, err := tx.OldAttachments(later, later)
				looked = n
				var ids []int64
				for _, a := range old {
					ids = append(ids, a.ID)
				}
				if err == nil {
					err = tx.DeleteAttachments(ids...)
				}
				return err
			}))
			if looked == 0 {
				break
			}
			steps = append(steps, looked)
		}
		require.Equal(t, []int{200, 200, 50}, steps)
		_, err := db.Reader(t.Context()).Attachment(rows)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}
