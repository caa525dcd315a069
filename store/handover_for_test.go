package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestHandOversForAMemberAreNotBuriedUnderOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		var boss, head, report, told store.Member
		numbers := map[string]string{}
		inTx(t, db, func(tx *store.Tx) error {
			for _, m := range []struct {
				to     *store.Member
				userid string
				leader string
			}{{&boss, "Boss", ""}, {&head, "head", ""}, {&report, "report", "Boss"}, {&told, "told", ""}} {
				*m.to = store.Member{UserID: m.userid, Name: m.userid, Status: store.MemberActive, MainDepartment: 9, LeaderUserID: m.leader}
				if err := tx.AddMember(m.to); err != nil {
					return err
				}
			}
			if err := tx.SetMemberships(head.ID, []store.Membership{{MemberID: head.ID, DepartmentID: 4, IsLeader: true}}); err != nil {
				return err
			}
			for name, h := range map[string]store.HandOver{
				"moved":   {MemberID: 900, Reason: store.HandOverMoved, State: store.HandOverListed, OldDepartment: 3, NewDepartment: 4},
				"stopped": {MemberID: report.ID, Reason: store.HandOverStopped, State: store.HandOverListed},
				"told":    {MemberID: 901, Reason: store.HandOverMoved, State: store.HandOverListed, OldDepartment: 5, NewDepartment: 6},
				"came":    {MemberID: 902, ToID: told.ID, Reason: store.HandOverLeft, State: store.HandOverDone},
			} {
				if err := tx.AddHandOver(&h); err != nil {
					return err
				}
				numbers[name] = h.Number
				if name != "told" {
					continue
				}
				m := store.SentMessage{App: "assistant", Purpose: "hand_over", SubjectKind: "hand_over", SubjectID: h.ID, State: store.SentDone}
				if _, err := tx.PlanMessage(&m, []int64{told.ID}); err != nil {
					return err
				}
			}
			for i := range 20 {
				h := store.HandOver{MemberID: int64(1000 + i), Reason: store.HandOverMoved, State: store.HandOverListed, OldDepartment: 3, NewDepartment: 5}
				if err := tx.AddHandOver(&h); err != nil {
					return fmt.Errorf("another: %w", err)
				}
			}
			return nil
		})
		for _, c := range []struct {
			member store.Member
			want   []string
		}{{boss, []string{"stopped"}}, {head, []string{"moved"}}, {told, []string{"told", "came"}}, {report, nil}} {
			all, err := db.Reader(t.Context()).HandOversFor(c.member.ID, 5)
			require.NoError(t, err)
			require.Len(t, all, len(c.want)+5, "and what else is listed, for those who stand in")
			var got []string
			for i, h := range all {
				got = append(got, h.Number)
				require.True(t, i == 0 || all[i-1].ID > h.ID, "newest first")
			}
			for _, name := range c.want {
				require.Contains(t, got, numbers[name], "%s of %s", name, c.member.Name)
			}
		}
	})
}
