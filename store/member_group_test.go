package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestMembersAreGroupedBySuperior(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			for i, m := range []store.Member{
				{Name: "甲", MainDepartment: 3, LeaderUserID: "a"}, {Name: "乙", MainDepartment: 3, LeaderUserID: "a"},
				{Name: "丙", MainDepartment: 3, LeaderUserID: "b"}, {Name: "丁", MainDepartment: 4},
				{Name: "戊", MainDepartment: 3, LeaderUserID: "a", Status: store.MemberLeft},
			} {
				m.UserID = fmt.Sprint("u", i)
				if m.Status == "" {
					m.Status = store.MemberActive
				}
				if err := tx.AddMember(&m); err != nil {
					return err
				}
				if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: m.MainDepartment, IsLeader: i == 2}}); err != nil {
					return err
				}
			}
			return nil
		}))
		r := db.Reader(t.Context())
		var all []store.MemberGroup
		var last *store.MemberGroup
		for range 10 { // a page of one at a time
			page, err := r.MemberGroups(last, 1)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			all, last = append(all, page[0]), &page[0]
		}
		for i := range all {
			require.NotZero(t, all[i].One)
			all[i].One = 0
		}
		require.Equal(t, []store.MemberGroup{
			{Department: 3, Leader: "a", Members: 2}, {Department: 3, Leader: "b", Heads: true, Members: 1}, {Department: 4, Members: 1},
		}, all)
	})
}
