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

func TestConversationBeginsOnceAndIsHandledOneAfterTheOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		const messages = 20
		var wg sync.WaitGroup
		failed := make([]error, messages)
		for i := range messages {
			wg.Go(func() {
				failed[i] = db.InTx(context.Background(), func(tx *store.Tx) error {
					c, err := tx.Conversation(1, "assistant")
					if err != nil {
						return err
					}
					c.State += "x"
					return tx.SaveConversation(c)
				})
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(failed...))
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			c, err := tx.Conversation(1, "assistant")
			require.NoError(t, err)
			require.Len(t, c.State, messages, "a message was handled on an old state")
			require.Equal(t, int64(messages+1), c.Version)
			other, err := tx.Conversation(1, "other")
			require.NoError(t, err)
			require.NotEqual(t, c.ID, other.ID)
			require.Nil(t, other.GreetedAt)
			return nil
		}))
	})
}

func TestSaveConversationRefusesAnOldVersion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		tries := 0
		err := db.InTx(context.Background(), func(tx *store.Tx) error {
			tries++
			c, err := tx.Conversation(1, "assistant")
			if err != nil {
				return err
			}
			if err := tx.SaveConversation(c); err != nil {
				return fmt.Errorf("first: %w", err)
			}
			return tx.SaveConversation(c)
		})
		require.ErrorIs(t, err, store.ErrConflict)
		require.Greater(t, tries, 1, "a conflict runs the closure again")
	})
}

func TestConversationKeepsInstantsAndAttachmentsTheirSubject(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		at := clock.Now().Add(1500 * time.Microsecond)
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			c, err := tx.Conversation(3, "assistant")
			require.NoError(t, err)
			c.State, c.GreetedAt, c.ExpiresAt = `{"a":"😀"}`, &at, &at
			return tx.SaveConversation(c)
		}))
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			c, err := tx.Conversation(3, "assistant")
			require.NoError(t, err)
			require.Equal(t, `{"a":"😀"}`, c.State)
			require.Equal(t, at.Truncate(time.Millisecond).UTC(), c.GreetedAt.UTC())

			subject := store.Subject{Kind: "item", ID: 5}
			a, err := tx.AddAttachment(store.Attachment{DeliveryID: 1, MemberID: 3, App: "assistant", Kind: "file", MediaID: "M", Name: "报表😀.xlsx"})
			require.NoError(t, err)
			require.NoError(t, tx.FileAttachments(subject, a.ID))
			require.NoError(t, tx.AttachmentFetched(a.ID, "ab/abcd", "abcd", 9))
			list, err := tx.AttachmentsOf(subject)
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.Equal(t, "报表😀.xlsx", list[0].Name)
			require.Equal(t, "ab/abcd", list[0].Path)
			require.ErrorIs(t, tx.AttachmentFetched(99, "", "", 0), store.ErrNotFound)
			_, err = tx.Attachment(99)
			require.ErrorIs(t, err, store.ErrNotFound)
			return nil
		}))
	})
}
