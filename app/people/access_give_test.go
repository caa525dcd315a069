package people_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

func TestAssignmentsAreRefused(t *testing.T) {
	eachOffice(t, func(o *office) {
		chenli, zhouba, tangliu := o.ids["chenli"], o.ids["zhouba"], o.ids["tangliu"]
		try := func(as people.Assignment) error {
			return o.refused(func(tx *store.Tx) error { return o.people.Assign(tx, as) })
		}
		require.IsType(o, &people.Self{}, try(people.Assignment{Member: chenli, Role: "auditor", By: chenli}))
		var conflict *people.Conflicting
		require.ErrorAs(o, try(people.Assignment{Member: tangliu, Role: policy.ApproverA, Object: "P-02", By: chenli}), &conflict, "G1-4.2.1(四) AE1")
		require.Equal(o, policy.ProcessAdministrator, conflict.Conflicts[0].A.Role)
		require.ErrorAs(o, try(people.Assignment{Member: chenli, Role: policy.Auditor, By: zhouba}), &conflict, "管理员 are 后台管理员 (X-35)")
		for name, as := range map[string]people.Assignment{
			"nobody's role":      {Member: zhouba, Role: "leder"},
			"the base":           {Member: zhouba, Role: policy.Member},
			"bound to nothing":   {Member: zhouba, Role: policy.ApproverA},
			"no such department": {Member: zhouba, Role: policy.DepartmentHead, Object: "77"},
			"no such name":       {Member: zhouba, Role: policy.DepartmentHead, Object: "火星部"},
			"for no object":      {Member: zhouba, Role: "auditor", Object: "P-02"},
			"ended before":       {Member: zhouba, Role: "auditor", Until: o.clock.Now()},
			"has it already":     {Member: o.ids["shaojing"], Role: policy.DepartmentHead, Object: "销售部"},
		} {
			as.By = chenli
			require.IsType(o, &people.Invalid{}, try(as), name)
		}
		require.ErrorIs(o, try(people.Assignment{Member: 777, Role: "auditor", By: chenli}), store.ErrNotFound)
		require.Empty(o, o.changes("zhouba"), "nothing of it happened")
	})
}

func TestACategoryIsExactlyOne(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.assign("zhouba", "运营人员", "")
		require.Equal(o, []string{"operator"}, o.holds("zhouba"), "assigned instead of derived")
		require.Nil(o, o.moves("zhouba", 3, false, "e1"), "and stays so when the contacts speak again")
		o.assign("zhouba", policy.ServiceAgent, "")
		require.Equal(o, []string{"service_agent"}, o.holds("zhouba"))
		o.tx(func(tx *store.Tx) error {
			return o.takes(tx, o.people, "zhouba", policy.ServiceAgent, "试用结束")
		})
		require.Equal(o, []string{"other"}, o.holds("zhouba"))
		require.Equal(o, store.ChangeOpen, o.changes("zhouba")[0].State, "销售团队 by department waits for confirmation")
		require.Equal(o, []string{"sales"}, o.changes("zhouba")[0].Added.Roles)
	})
}

func TestMoreAdministratorsThanAllowedAreWarned(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.assign("wangwu", "管理员", "")
		require.Equal(o, []string{"administrator", "platform_administrator", "system_administrator", "administration"}, o.holds("wangwu"))
		administrators, err := o.people.Administrators(o.db.Reader(o.Context()))
		require.NoError(o, err)
		require.ElementsMatch(o, []int64{o.ids["chenli"], o.ids["wangwu"]}, administrators)
		org, err := o.people.Org(o.db.Reader(o.Context()))
		require.NoError(o, err)
		require.Equal(o, "管理员", roleOfAnswerer(o, org), "the picture of the company knows him")
		require.Equal(o, 1, o.told(store.Subject{Kind: "system"}, "permission.administrators"))
	})
}

// roleOfAnswerer says who answers what no department does.
func roleOfAnswerer(o *office, org *policy.Org) string {
	d := o.rules.Load().Answerer("财务部", "", o.ids["chenli"], org)
	if slices.Contains(d.Members, o.ids["wangwu"]) {
		return "管理员"
	}
	return fmt.Sprint(d.Members)
}

func TestGrantsAreRefused(t *testing.T) {
	eachOffice(t, func(o *office) {
		now, chenli, zhouba := o.clock.Now(), o.ids["chenli"], o.ids["zhouba"]
		try := func(g store.Grant) error {
			return o.refused(func(tx *store.Tx) error { return o.people.Grant(tx, g) })
		}
		require.IsType(o, &people.Self{}, try(store.Grant{MemberID: chenli, Permission: "log.read", By: chenli}))
		for name, g := range map[string]store.Grant{
			"unknown":           {Permission: "log.burn"},
			"everybody's":       {Permission: "inquiry.create"},
			"which node":        {Permission: string(policy.NodeDecide)},
			"ends as it begins": {Permission: "log.read", From: now.Add(time.Hour), To: now.Add(time.Hour)},
			"ends before":       {Permission: "log.read", From: now.Add(2 * time.Hour), To: now.Add(time.Hour)},
			"over":              {Permission: "log.read", From: now.Add(-2 * time.Hour), To: now},
			"too long":          {Permission: "log.read", To: now.AddDate(0, 0, 180).Add(time.Millisecond)},
		} {
			g.MemberID, g.By = zhouba, chenli
			require.IsType(o, &people.Invalid{}, try(g), name)
		}
		var conflict *people.Conflicting
		require.ErrorAs(o, try(store.Grant{MemberID: o.ids["tangliu"], Permission: "approval.node.P-02.A.decide", By: chenli}), &conflict, "a grant is no way around the separation of duties")
		require.ErrorIs(o, try(store.Grant{MemberID: 777, Permission: "log.read", By: chenli}), store.ErrNotFound)
	})
}

// G2-4.2(2) AE1: granted for seven days at 10:00, held until 10:00 seven days later.
func TestAGrantEndsByItself(t *testing.T) {
	eachOffice(t, func(o *office) {
		give := func(days int) error {
			return o.db.InTx(o.Context(), func(tx *store.Tx) error {
				return o.people.Grant(tx, store.Grant{
					MemberID: o.ids["zhouba"], Permission: "查看财务报表", To: o.clock.Now().AddDate(0, 0, days), By: o.ids["chenli"], Case: "A20260302-0001",
				})
			})
		}
		require.NoError(o, give(7))
		require.True(o, o.may("zhouba", policy.FinanceReport))
		var invalid *people.Invalid
		require.ErrorAs(o, give(6), &invalid, "he has more already")
		o.advance(7*24*time.Hour - time.Millisecond)
		require.True(o, o.may("zhouba", policy.FinanceReport))
		o.clock.Advance(time.Millisecond)
		require.False(o, o.may("zhouba", policy.FinanceReport), "whether or not the timer has run")
		o.advance(0)
		grants, err := o.db.Reader(o.Context()).GrantsOf(o.ids["zhouba"])
		require.NoError(o, err)
		require.Empty(o, grants)
		require.Equal(o, 1, o.told(o.subject("zhouba"), "permission.expired"))

		require.NoError(o, give(1))
		require.NoError(o, give(9)) // renewed: the longer one stands
		grants, err = o.db.Reader(o.Context()).GrantsOf(o.ids["zhouba"])
		require.NoError(o, err)
		require.Len(o, grants, 1)
		o.tx(func(tx *store.Tx) error { return o.people.EndGrant(tx, grants[0].ID, o.ids["chenli"], "不再需要") })
		require.False(o, o.may("zhouba", policy.FinanceReport))
		o.advance(10 * 24 * time.Hour)
		require.Equal(o, 1, o.told(o.subject("zhouba"), "permission.expired"), "what was ended or renewed does not expire")
	})
}

func TestARoleEndsByItself(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.tx(func(tx *store.Tx) error {
			return o.people.Assign(tx, people.Assignment{
				Member: o.ids["zhouba"], Role: "后台管理员", Until: o.clock.Now().AddDate(0, 0, 1), By: o.ids["chenli"],
			})
		})
		require.True(o, o.may("zhouba", "log.read"))
		o.clock.Advance(24 * time.Hour)
		require.False(o, o.may("zhouba", "log.read"), "whether or not the timer has run")
		o.advance(0)
		require.Equal(o, []string{"sales"}, o.holds("zhouba"))
		require.Equal(o, 1, o.told(o.subject("zhouba"), "permission.expired"))
		bindings, err := o.db.Reader(o.Context()).PastBindingsOf(o.ids["zhouba"], 10)
		require.NoError(o, err)
		require.Equal(o, "到期", bindings[0].EndedWhy)
	})
}

func TestForbiddenAndAllowed(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.tx(func(tx *store.Tx) error {
			return o.people.Forbid(tx, store.Deny{MemberID: o.ids["zhouba"], Permission: "查看客户", By: o.ids["chenli"]})
		})
		require.False(o, o.may("zhouba", "customer.view"))
		require.IsType(o, &people.Invalid{}, o.refused(func(tx *store.Tx) error {
			return o.people.Forbid(tx, store.Deny{MemberID: o.ids["zhouba"], Permission: "customer.view"})
		}), "once is enough")
		denies, err := o.db.Reader(o.Context()).DeniesOf(o.ids["zhouba"])
		require.NoError(o, err)
		require.IsType(o, &people.Self{}, o.refused(func(tx *store.Tx) error { return o.people.Allow(tx, denies[0].ID, o.ids["zhouba"]) }))
		o.tx(func(tx *store.Tx) error { return o.people.Allow(tx, denies[0].ID, o.ids["chenli"]) })
		require.True(o, o.may("zhouba", "customer.view"))
	})
}

func TestSuspendedKeepTheBaseOnly(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.tx(func(tx *store.Tx) error { return o.people.Suspend(tx, o.ids["zhouba"], o.ids["zhouba"]) })
		require.False(o, o.may("zhouba", "customer.view"))
		require.True(o, o.may("zhouba", policy.InquiryCreate))
		require.IsType(o, &people.Self{}, o.refused(func(tx *store.Tx) error { return o.people.Restore(tx, o.ids["zhouba"], o.ids["zhouba"]) }),
			"whoever has the lost phone would do so")
		o.tx(func(tx *store.Tx) error { return o.people.Restore(tx, o.ids["zhouba"], o.ids["chenli"]) })
		require.True(o, o.may("zhouba", "customer.view"))
	})
}
