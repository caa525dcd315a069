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

func TestPostsBeginAndEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		do := func(fn func(tx *store.Tx) error) {
			t.Helper()
			require.NoError(t, db.InTx(context.Background(), fn))
		}
		r := db.Reader(t.Context())
		m := store.Member{UserID: "hejing", Name: "何静", Position: "财务经理", Status: store.MemberActive}
		gone := store.Member{UserID: "zhouba", Name: "周八", Position: "司机", Status: store.MemberLeft}
		var given store.PostHolding
		do(func(tx *store.Tx) error {
			for _, one := range []*store.Member{&m, &gone} {
				if err := tx.AddMember(one); err != nil {
					return err
				}
				h := store.PostHolding{MemberID: one.ID, Post: "采购经理", Department: 7}
				if err := tx.AddPostHolding(&h); err != nil {
					return err
				}
				if one == &m {
					given = h
				}
			}
			return nil
		})
		require.Equal(t, clock.Now(), given.Since.UTC())
		touched, err := r.Member(m.ID)
		require.NoError(t, err)
		require.Equal(t, m.Version+1, touched.Version, "what he may do has changed")

		held, err := r.PostHoldingsOf(m.ID)
		require.NoError(t, err)
		require.Len(t, held, 1)
		require.Equal(t, "assigned", held[0].Source)
		all, err := r.PostHoldingsAt([]string{"采购经理", "司机"}, 10)
		require.NoError(t, err)
		require.Len(t, all, 1, "a leaver holds nothing")
		none, err := r.PostHoldingsAt([]string{"司机"}, 10)
		require.NoError(t, err)
		require.Empty(t, none)
		posts, err := r.HeldPosts(10)
		require.NoError(t, err)
		require.Equal(t, []string{"采购经理"}, posts)
		positions, err := r.Positions(10)
		require.NoError(t, err)
		require.Equal(t, []string{"财务经理"}, positions)

		clock.Advance(time.Hour)
		do(func(tx *store.Tx) error { return tx.EndPostHolding(held[0]) })
		do(func(tx *store.Tx) error { return tx.EndPostHolding(held[0]) })
		held, err = r.PostHoldingsOf(m.ID)
		require.NoError(t, err)
		require.Empty(t, held)
		touched, err = r.Member(m.ID)
		require.NoError(t, err)
		require.Equal(t, m.Version+2, touched.Version, "ended once")
	})
}

// A position that many have leaves room for the others.
func TestMembersAtPosts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			for i := range 12 {
				m := store.Member{UserID: fmt.Sprintf("u%d", i), Name: "甲", Position: "操作员", MainDepartment: int64(15 + i%2), Status: store.MemberActive}
				switch i {
				case 10:
					m.Position = "财务经理"
				case 11:
					m.Status = store.MemberLeft
				}
				if err := tx.AddMember(&m); err != nil {
					return err
				}
			}
			return nil
		}))
		r := db.Reader(t.Context())
		at := func(posts []string, perPlace, limit int) (userids []string) {
			all, err := r.MembersAt(posts, perPlace, limit)
			require.NoError(t, err)
			for _, m := range all {
				userids = append(userids, m.UserID)
			}
			return userids
		}
		require.Equal(t, []string{"u0", "u1", "u2", "u3", "u10"}, at([]string{"操作员", "财务经理"}, 2, 100))
		require.Equal(t, []string{"u0", "u1"}, at([]string{"操作员", "财务经理"}, 2, 2))
		require.Equal(t, []string{"u10"}, at([]string{"财务经理"}, 2, 100))
		require.Empty(t, at(nil, 2, 100))
	})
}
