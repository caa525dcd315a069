package people_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/callback/event"
	"guiju/store"
	"guiju/store/storetest"
)

// What somebody might try, or two things that meet.

// Given somebody who was read before he left, when his access is looked at
// again with that, then he gets nothing back.
func TestALeaverIsNotGivenHisRolesAgain(t *testing.T) {
	eachOffice(t, func(o *office) {
		before := o.member("zhouba")
		o.leaves("zhouba")
		for _, cause := range []string{people.BecauseRulebook, people.BecauseTags} {
			o.tx(func(tx *store.Tx) error {
				change, err := o.people.Reconcile(tx, before, people.Cause{Kind: cause, Reason: "规则"})
				require.Nil(t, change)
				return err
			})
		}
		bindings, err := o.db.Reader(o.Context()).BindingsOf(o.ids["zhouba"])
		require.NoError(t, err)
		for _, b := range bindings {
			require.Equal(t, store.BindingEnded, b.State, b.Role)
		}
	})
}

// Given as many grants as somebody may have, when one of them is renewed, then
// it is: what is refused takes nothing away.
func TestAGrantIsRenewedWhereThereIsNoRoomForMore(t *testing.T) {
	eachOffice(t, func(o *office) {
		grant := func(object string, days int) error {
			var refusal error
			o.tx(func(tx *store.Tx) error { // whoever words a refusal keeps the transaction
				refusal = o.people.Grant(tx, store.Grant{
					MemberID: o.ids["zhouba"], Permission: "log.read", Object: object, To: tx.Now().AddDate(0, 0, days), By: o.ids["chenli"],
				})
				return nil
			})
			return refusal
		}
		for i := range 50 {
			require.NoError(t, grant(fmt.Sprintf("O%d", i), 3))
		}
		require.NoError(t, grant("O7", 9), "renewed")
		require.ErrorContains(t, grant("O99", 3), "已有 50 项授权")
		grants, err := o.db.Reader(o.Context()).GrantsOf(o.ids["zhouba"])
		require.NoError(t, err)
		require.Len(t, grants, 50)
	})
}

// Given somebody whose phone is lost, when a step needs him, then somebody else
// is found: he cannot act, and whoever has the phone must not read it.
func TestWhoIsSuspendedIsNotAskedToDecide(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.tx(func(tx *store.Tx) error {
			if err := o.people.PostsChanged(tx); err != nil { // the company is drawn anew
				return err
			}
			return o.people.Suspend(tx, o.ids["shaojing"], o.ids["chenli"])
		})
		for _, whom := range []people.Whom{"superior", "head", "head:3", "role:department_head/3", "member:" + people.Whom(fmt.Sprint(o.ids["shaojing"]))} {
			found, err := o.people.Resolve(o.db.Reader(o.Context()), whom, o.ids["zhouba"])
			require.NoError(t, err, whom)
			require.Equal(t, []int64{o.ids["chenli"]}, found.Members, whom)
			require.NotEmpty(t, found.Instead, whom)
			require.False(t, found.Vacant, "%s: the post is held", whom)
		}
		o.tx(func(tx *store.Tx) error { return o.people.Restore(tx, o.ids["shaojing"], o.ids["chenli"]) })
		found, err := o.people.Resolve(o.db.Reader(o.Context()), "head:3", o.ids["zhouba"])
		require.NoError(t, err)
		require.Equal(t, []int64{o.ids["shaojing"]}, found.Members)
	})
}

// Given a page of members whose access is looked at again, when the transaction
// loses to another and runs again, then nobody of the page is passed over.
func TestAPageThatRunsAgainPassesNobodyOver(t *testing.T) {
	eachOffice(t, func(o *office) {
		lost := 0
		o.people.OnChanged(func(*store.Tx, store.PermissionChange) error {
			if lost++; lost == 1 {
				return store.ErrConflict
			}
			return nil
		})
		names := []string{"zhouba", "sunqi"}
		o.tx(func(tx *store.Tx) error {
			for _, name := range names {
				if err := tx.SetMemberships(o.ids[name], []store.Membership{{MemberID: o.ids[name], DepartmentID: 15}}); err != nil {
					return err
				}
			}
			_, err := tx.Enqueue(people.Regard{UserIDs: names, Why: "标签变更"})
			return err
		})
		o.advance(time.Second)
		require.Greater(t, lost, 1)
		for _, name := range names {
			require.Equal(t, []string{"other"}, o.holds(name), name)
		}
	})
}

// Given somebody who leaves while he is given a role, moved and looked at
// again, then whoever comes first, he ends with nothing.
func TestWhoeverMeetsALeaverHeEndsWithNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		quiet, _ := o.replica(db)
		for round := range 20 {
			name := fmt.Sprintf("goer%d", round)
			o.joins(name, 3, false, "", people.BecauseFirst)
			id := o.ids[name]
			acts := []func(tx *store.Tx) error{
				func(tx *store.Tx) error {
					e := &event.UserDeleted{Header: event.Header{ChangeType: "delete_user", CreateTime: tx.Now()}, UserID: name}
					return quiet.Changed(tx, people.Told{Key: "left:" + name, Event: e})
				},
				func(tx *store.Tx) error {
					return quiet.Assign(tx, people.Assignment{Member: id, Role: "quality_controller", By: o.ids["chenli"]})
				},
				func(tx *store.Tx) error {
					return quiet.Grant(tx, store.Grant{MemberID: id, Permission: "log.read", By: o.ids["chenli"]})
				},
				func(tx *store.Tx) error {
					m, err := tx.Member(id)
					if err != nil {
						return err
					}
					if err := tx.SetMemberships(id, []store.Membership{{MemberID: id, DepartmentID: 4}}); err != nil {
						return err
					}
					_, err = quiet.Reconcile(tx, m, people.Cause{Kind: people.BecauseRulebook, Reason: "规则"})
					return err
				},
				func(tx *store.Tx) error { return quiet.Suspend(tx, id, o.ids["chenli"]) },
			}
			results := make([]error, len(acts))
			var all sync.WaitGroup
			for i, act := range acts {
				all.Go(func() { results[i] = db.InTx(t.Context(), act) })
			}
			all.Wait()
			require.NoError(t, results[0])
			for i, err := range results[1:] {
				invalid := &people.Invalid{}
				require.True(t, err == nil || errors.As(err, &invalid), "act %d: %v", i+1, err)
			}
			bindings, err := db.Reader(t.Context()).BindingsOf(id)
			require.NoError(t, err)
			for _, b := range bindings {
				require.False(t, b.State.InForce() || b.State == store.BindingProposed, "%s is %s", b.Role, b.State)
			}
			grants, err := db.Reader(t.Context()).GrantsOf(id)
			require.NoError(t, err)
			require.Empty(t, grants)
			require.Equal(t, store.MemberLeft, o.member(name).Status)
		}
	})
}
