package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestMembersInBulk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		all := make([]store.Member, 100)
		for i := range all {
			all[i] = store.Member{UserID: fmt.Sprintf("U%d", i), Name: "甲", Status: store.MemberActive, Visible: true, MainDepartment: 3}
		}
		all[7].Visible, all[8].Status = false, store.MemberLeft
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			if err := tx.AddMembers(all); err != nil {
				return err
			}
			var places []store.Membership
			for i, m := range all[:50] {
				places = append(places, store.Membership{MemberID: m.ID, DepartmentID: 3, IsLeader: i == 0})
			}
			if err := tx.PutDepartments([]store.Department{{ID: 3, ParentID: 4, Name: "三"}, {ID: 4, ParentID: 3, Name: "四"}}); err != nil {
				return err
			}
			return tx.AddMemberships(places)
		}))
		r := db.Reader(t.Context())
		known, err := r.MembersByUserID([]string{"u5", "U99", "nobody"})
		require.NoError(t, err)
		require.Equal(t, []int64{all[5].ID, all[99].ID}, []int64{known[0].ID, known[1].ID})
		of, err := r.MembershipsOf([]int64{all[0].ID, all[60].ID})
		require.NoError(t, err)
		require.Len(t, of[all[0].ID], 1)
		require.True(t, of[all[0].ID][0].IsLeader)
		require.Empty(t, of[all[60].ID])
		seen, err := r.SeenIn(3, all[4].ID, 100)
		require.NoError(t, err)
		require.Len(t, seen, 43, "neither who is not visible nor who left")
		nowhere, err := r.SeenNowhere(0, 100)
		require.NoError(t, err)
		require.Len(t, nowhere, 50)
		loop, err := r.MembersOfAfter([]int64{4}, all[40].ID, 100)
		require.NoError(t, err)
		require.Len(t, loop, 9, "a loop in the tree ends")
		err = db.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.AddMembers([]store.Member{{UserID: "u5", Status: store.MemberActive}})
		})
		require.ErrorIs(t, err, store.ErrDuplicate)
	})
}

func TestContactEventsTellWhatIsNewer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		add := func(e store.ContactEvent) {
			e.Detail, e.At = "{}", clock.Now()
			require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error { return tx.AddContactEvent(&e) }))
		}
		r := db.Reader(t.Context())
		add(store.ContactEvent{ChangeType: "update_user", UserID: "A"})
		mark, err := r.LastContactEvent()
		require.NoError(t, err)
		none, err := r.ContactsTold(mark, []string{"a"})
		require.NoError(t, err)
		require.Empty(t, none)
		add(store.ContactEvent{ChangeType: "update_user", UserID: "B", NewFold: "c"})
		add(store.ContactEvent{ChangeType: "delete_party", ObjectID: 9})
		told, err := r.ContactsTold(mark, []string{"a", "b", "c"})
		require.NoError(t, err)
		require.Equal(t, map[string]bool{"b": true, "c": true}, told)
		objects, err := r.ObjectsTold(mark, "delete_party")
		require.NoError(t, err)
		require.Equal(t, map[int64]bool{9: true}, objects)
		later, err := r.LaterContactEvent("b", clock.Now().Add(-time.Second))
		require.NoError(t, err)
		require.True(t, later)
		later, err = r.LaterContactEvent("b", clock.Now())
		require.NoError(t, err)
		require.False(t, later)
	})
}

func TestTags(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		do := func(fn func(tx *store.Tx) error) { require.NoError(t, db.InTx(t.Context(), fn)) }
		do(func(tx *store.Tx) error { return tx.PutTag(5, "审计组") })
		do(func(tx *store.Tx) error { return tx.TagUsers(5, []string{"ZhaoLiu", "sunqi"}, nil) })
		do(func(tx *store.Tx) error { return tx.TagUsers(5, []string{"zhaoliu"}, []string{"SUNQI"}) })
		do(func(tx *store.Tx) error { return tx.TagParties(5, []int64{7}, nil) })
		do(func(tx *store.Tx) error { return tx.RenameTagged("zhaoliu", "zhao.liu") })
		r := db.Reader(t.Context())
		for _, c := range []struct {
			userid      string
			departments []int64
			want        int
		}{{"Zhao.Liu", nil, 1}, {"sunqi", nil, 0}, {"sunqi", []int64{1, 7}, 1}, {"zhaoliu", []int64{3}, 0}} {
			tags, err := r.TagsOf(c.userid, c.departments)
			require.NoError(t, err)
			require.Len(t, tags, c.want, c)
		}
	})
}

func TestComparisonsOfContacts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		do := func(fn func(tx *store.Tx) error) { require.NoError(t, db.InTx(t.Context(), fn)) }
		_, err := db.Reader(t.Context()).RunningCompare()
		require.ErrorIs(t, err, store.ErrNotFound)
		c := store.Compare{Phase: "members"}
		do(func(tx *store.Tx) error { return tx.AddCompare(&c) })
		do(func(tx *store.Tx) error { return tx.CompareAgain() })
		c.AfterID = 12
		do(func(tx *store.Tx) error { return tx.SaveCompare(c) })
		running, err := db.Reader(t.Context()).RunningCompare()
		require.NoError(t, err)
		require.True(t, running.Again, "saving how far it has come does not forget what was asked meanwhile")
		require.Equal(t, int64(12), running.AfterID)
	})
}
