package people_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

// office is a small company with a database, the rules in force and the
// changes that were shown to somebody.
type office struct {
	testing.TB
	db     *store.DB
	clock  *storetest.Clock
	people *people.People
	queue  *queue.Queue
	rules  atomic.Pointer[policy.Engine]
	ids    map[string]int64
	shown  []store.PermissionChange
}

const officeRules = `
calendar: {holidays: []}
administrators: [chenli]
account: {max_admins: 1}
`

func newOffice(t testing.TB, db *store.DB, clock *storetest.Clock) *office {
	o := &office{TB: t, db: db, clock: clock, ids: map[string]int64{}}
	o.inForce(1, officeRules)
	o.people, o.queue = o.replica(db)
	o.people.OnChanged(func(_ *store.Tx, c store.PermissionChange) error {
		o.shown = append(o.shown, c)
		return nil
	})
	o.tx(func(tx *store.Tx) error {
		return tx.PutDepartments([]store.Department{
			{ID: 1, Name: "规矩科技"}, {ID: 2, ParentID: 1, Name: "行政部"}, {ID: 3, ParentID: 1, Name: "销售部"}, {ID: 4, ParentID: 1, Name: "市场部"},
			{ID: 9, ParentID: 1, Name: "流程管理部门"}, {ID: 15, ParentID: 1, Name: "生产一部"},
		})
	})
	for _, m := range []struct {
		name       string
		department int64
		head       bool
		position   string
	}{
		{"chenli", 2, true, ""}, {"wangwu", 2, false, "权限管理员"}, {"shaojing", 3, true, ""}, {"zhouba", 3, false, ""},
		{"sunqi", 3, false, ""}, {"tangliu", 9, true, "流程管理员"}, {"jiangyi", 15, false, ""},
	} {
		o.joins(m.name, m.department, m.head, m.position, people.BecauseFirst)
	}
	return o
}

// replica is another process on the same database.
func (o *office) replica(db *store.DB) (*people.People, *queue.Queue) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	rules := func() *policy.Engine { return o.rules.Load() }
	n := notify.New(notify.Options{Senders: map[string]notify.Sender{"assistant": silent{}}, DefaultApp: "assistant", Rules: rules, Logger: log})
	p := people.New(db, nil, n, rules, log)
	q := queue.New(db, queue.Options{Logger: log})
	p.Register(q)
	return p, q
}

// silent is a Sender that is never asked to send.
type silent struct{ notify.Sender }

func (o *office) inForce(version int, text string) {
	o.Helper()
	book, err := rulebook.Version{Number: version, Values: text}.Book()
	require.NoError(o, err)
	o.rules.Store(book.Engine)
}

func (o *office) tx(do func(tx *store.Tx) error) {
	o.Helper()
	require.NoError(o, o.db.InTx(o.Context(), do))
}

// refused runs what must be refused, and undoes it.
func (o *office) refused(do func(tx *store.Tx) error) error {
	o.Helper()
	err := o.db.InTx(o.Context(), do)
	require.Error(o, err)
	return err
}

func (o *office) joins(name string, department int64, head bool, position, cause string) *store.PermissionChange {
	o.Helper()
	var change *store.PermissionChange
	o.tx(func(tx *store.Tx) error {
		m := store.Member{UserID: name, Name: name, MainDepartment: department, Position: position, Status: store.MemberActive, Visible: true}
		if err := tx.AddMember(&m); err != nil {
			return err
		}
		o.ids[name] = m.ID
		if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: department, IsLeader: head}}); err != nil {
			return err
		}
		var err error
		change, err = o.people.Reconcile(tx, m, people.Cause{Kind: cause, Reason: "入职", EventKey: "joined:" + name})
		return err
	})
	return change
}

// moves changes a member's department, and looks at his access for that event.
func (o *office) moves(name string, department int64, head bool, event string) *store.PermissionChange {
	o.Helper()
	var change *store.PermissionChange
	o.tx(func(tx *store.Tx) error {
		m, err := tx.Member(o.ids[name])
		if err != nil {
			return err
		}
		m.MainDepartment = department
		if err := tx.SaveMember(&m); err != nil {
			return err
		}
		if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: department, IsLeader: head}}); err != nil {
			return err
		}
		change, err = o.people.Reconcile(tx, m, people.Cause{Kind: people.BecauseMoved, Reason: "部门变动", EventKey: event})
		return err
	})
	return change
}

func (o *office) member(name string) store.Member {
	o.Helper()
	m, err := o.db.Reader(o.Context()).Member(o.ids[name])
	require.NoError(o, err)
	return m
}

// holds answers a member's roles now, without the base.
func (o *office) holds(name string) []string {
	o.Helper()
	a, err := o.people.Actor(o.db.Reader(o.Context()), o.member(name))
	require.NoError(o, err)
	all := []string{}
	for _, h := range a.Holdings {
		if h.Role != policy.Member {
			all = append(all, people.HoldingText(h))
		}
	}
	return all
}

func (o *office) may(name string, p policy.Permission) bool {
	o.Helper()
	d, err := o.people.Can(o.db.Reader(o.Context()), o.member(name), p, policy.Object{})
	require.NoError(o, err)
	return d.Allowed
}

func (o *office) assign(name string, role policy.Role, object string) {
	o.Helper()
	o.tx(func(tx *store.Tx) error {
		return o.people.Assign(tx, people.Assignment{Member: o.ids[name], Role: role, Object: object, By: o.ids["chenli"]})
	})
}

func (o *office) changes(name string) []store.PermissionChange {
	o.Helper()
	all, err := o.db.Reader(o.Context()).PermissionChangesOf(o.ids[name], 100)
	require.NoError(o, err)
	return all
}

func (o *office) advance(d time.Duration) {
	o.Helper()
	o.clock.Advance(d)
	_, err := o.queue.Drain(o.Context())
	require.NoError(o, err)
}

// told counts the messages planned about a subject for a purpose.
func (o *office) told(subject store.Subject, purpose string) int {
	o.Helper()
	messages, err := o.db.Reader(o.Context()).SentAbout(subject, 100)
	require.NoError(o, err)
	n := 0
	for _, m := range messages {
		if m.Purpose == purpose {
			n++
		}
	}
	return n
}

func (o *office) subject(name string) store.Subject {
	return store.Subject{Kind: "member", ID: o.ids[name]}
}

func eachOffice(t *testing.T, test func(o *office)) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) { test(newOffice(t, db, clock)) })
}

func TestTheFirstReadingGivesWhatTheContactsSay(t *testing.T) {
	eachOffice(t, func(o *office) {
		require.Equal(o, []string{"sales"}, o.holds("zhouba"))
		require.Equal(o, []string{"other"}, o.holds("jiangyi"))
		require.Equal(o, []string{"sales", "department_head:3"}, o.holds("shaojing"))
		require.Equal(o, []string{"administrator", "platform_administrator", "system_administrator", "department_head:2", "administration"}, o.holds("chenli"))
		require.Equal(o, []string{"other", "department_head:9", "process_office", "process_administrator"}, o.holds("tangliu"))
		require.Empty(o, o.changes("zhouba"), "without a record")
		require.Empty(o, o.shown)
	})
}

// 周八 moves from 销售部 to 市场部: what he had there ends, what is new waits.
func TestF_13_AMove(t *testing.T) {
	eachOffice(t, func(o *office) {
		require.True(o, o.may("zhouba", "customer.edit"))
		change := o.moves("zhouba", 4, false, "e1")
		require.False(o, o.may("zhouba", "customer.edit"), "withdrawn at once")
		require.False(o, o.may("zhouba", "content.plan"), "not yet confirmed")
		require.Equal(o, []string{"other"}, o.holds("zhouba"))
		require.Equal(o, store.ChangeOpen, change.State)
		require.Equal(o, []string{"operator"}, change.Added.Roles)
		require.Equal(o, []string{"content.plan", "content.publish_draft", "data.operation.view"}, change.Added.Permissions)
		require.Equal(o, []string{"customer.edit", "customer.view", "order.follow", "sales.report"}, change.Removed.Permissions)
		require.Equal(o, []string{"sales"}, change.Before.Roles)
		require.Equal(o, []string{"operator"}, change.After.Roles)
		require.Len(o, o.shown, 1)

		require.Nil(o, o.moves("zhouba", 4, false, "e1"), "the same event again")
		require.Len(o, o.changes("zhouba"), 1)

		o.tx(func(tx *store.Tx) error { return o.people.Settle(tx, change.ID, true, o.ids["wangwu"]) })
		require.Equal(o, []string{"operator"}, o.holds("zhouba"))
		require.Equal(o, store.ChangeConfirmed, o.changes("zhouba")[0].State)
		require.Equal(o, o.ids["wangwu"], o.changes("zhouba")[0].DecidedBy)
		err := o.refused(func(tx *store.Tx) error { return o.people.Settle(tx, change.ID, false, o.ids["wangwu"]) })
		require.ErrorIs(o, err, store.ErrConflict, "settled once")
	})
}

// What the API read of the same event finds amends its record.
func TestF_13_TheReadingAmendsTheRecordOfItsEvent(t *testing.T) {
	eachOffice(t, func(o *office) {
		first := o.moves("zhouba", 4, false, "e1")
		second := o.moves("zhouba", 4, true, "e1")
		require.Equal(o, first.ID, second.ID)
		require.Greater(o, second.Phase, first.Phase, "buttons drawn before are old")
		require.Equal(o, []string{"department_head:4", "operator"}, second.Added.Roles)
		require.Equal(o, []string{"sales"}, second.Before.Roles, "what was there before the event")
		require.Len(o, o.changes("zhouba"), 1)
	})
}

func TestAnotherEventTakesOverWhatIsOpen(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.moves("zhouba", 4, false, "e1")
		second := o.moves("zhouba", 3, false, "e2")
		all := o.changes("zhouba")
		require.Len(o, all, 2)
		require.Equal(o, store.ChangeDone, all[1].State)
		require.Equal(o, []string{"sales"}, second.Added.Roles, "back, but to be confirmed")
		require.Equal(o, []string{"other"}, o.holds("zhouba"))
		err := o.refused(func(tx *store.Tx) error { return o.people.Settle(tx, all[1].ID, true, o.ids["wangwu"]) })
		require.ErrorIs(o, err, store.ErrConflict)

		last := o.moves("zhouba", 15, false, "e3") // nothing is due there
		require.Equal(o, second.ID, last.ID, "what it asked for is not due any more")
		require.Equal(o, store.ChangeDone, last.State)
		require.Len(o, o.changes("zhouba"), 2)
	})
}

func TestRefusedAdditionsAreNotProposedAgain(t *testing.T) {
	eachOffice(t, func(o *office) {
		change := o.moves("jiangyi", 3, true, "e1")
		require.IsType(o, &people.Self{}, o.refused(func(tx *store.Tx) error { return o.people.Settle(tx, change.ID, true, o.ids["jiangyi"]) }))
		o.tx(func(tx *store.Tx) error { return o.people.Settle(tx, change.ID, false, o.ids["wangwu"]) })
		require.Equal(o, []string{"other"}, o.holds("jiangyi"))
		require.Nil(o, o.moves("jiangyi", 3, true, "e2"))
		again := o.moves("jiangyi", 4, false, "e3")
		require.Equal(o, []string{"operator"}, again.Added.Roles)
		back := o.moves("jiangyi", 3, true, "e4")
		require.Equal(o, []string{"department_head:3", "sales"}, back.Added.Roles, "he was elsewhere in between")
	})
}

func TestWithdrawalsMayWaitToo(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.inForce(2, officeRules+"permission: {revoke_immediately: false}\n")
		change := o.moves("zhouba", 15, false, "e1")
		require.Equal(o, store.ChangeOpen, change.State)
		require.Equal(o, []string{"sales"}, change.Removed.Roles)
		require.True(o, o.may("zhouba", "customer.edit"))
		o.tx(func(tx *store.Tx) error { return o.people.Settle(tx, change.ID, true, o.ids["wangwu"]) })
		require.False(o, o.may("zhouba", "customer.edit"))
	})
}

// G2-4.2(1) AE2: without an approved application only the base set.
func TestANewMemberIsEntitledOnlyAfterConfirmation(t *testing.T) {
	eachOffice(t, func(o *office) {
		change := o.joins("u77", 3, false, "", people.BecauseJoined)
		require.Equal(o, []string{"other"}, o.holds("u77"))
		require.Equal(o, []string{"sales"}, change.Added.Roles)
		o.people.OnJoining(func(_ *store.Reader, m store.Member) (bool, error) { return m.UserID == "u78", nil })
		change = o.joins("u78", 3, false, "", people.BecauseJoined)
		require.Equal(o, []string{"sales"}, o.holds("u78"))
		require.Equal(o, store.ChangeDone, change.State)
	})
}

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
			had, err := o.people.Unassign(tx, o.ids["zhouba"], policy.ServiceAgent, "", o.ids["chenli"], "试用结束")
			require.True(o, had)
			return err
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

// F-13: grants with their own end are kept apart and listed.
func TestF_13_GrantsAreKeptApart(t *testing.T) {
	eachOffice(t, func(o *office) {
		until := o.clock.Now().AddDate(0, 0, 30)
		o.tx(func(tx *store.Tx) error {
			return o.people.Grant(tx, store.Grant{MemberID: o.ids["zhouba"], Permission: "log.read", To: until, By: o.ids["chenli"]})
		})
		change := o.moves("zhouba", 4, false, "e1")
		require.Equal(o, []store.KeptGrant{{ID: change.Kept[0].ID, Permission: "log.read", To: until}}, change.Kept)
		require.True(o, o.may("zhouba", "log.read"))
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

func TestHoldersAndRoles(t *testing.T) {
	eachOffice(t, func(o *office) {
		r := o.db.Reader(o.Context())
		o.tx(func(tx *store.Tx) error {
			return o.people.Grant(tx, store.Grant{MemberID: o.ids["sunqi"], Permission: "log.read", By: o.ids["chenli"]})
		})
		who := func(p policy.Permission) []string {
			holders, err := o.people.Holders(r, p, 100)
			require.NoError(o, err)
			all := []string{}
			for _, h := range holders {
				text := h.Member.Name + " " + h.Source
				if h.Until != nil {
					text += " " + h.Until.Sub(o.clock.Now()).String()
				}
				all = append(all, text)
			}
			return all
		}
		require.Equal(o, []string{"chenli 角色“后台管理员”，按角色类别", "sunqi 授权 720h0m0s"}, who("log.read"))
		require.Equal(o, []string{
			"chenli 角色“部门主管（行政部）”，因担任部门负责人", "shaojing 角色“部门主管（销售部）”，因担任部门负责人", "tangliu 角色“部门主管（流程管理部门）”，因担任部门负责人",
		}, who("task.issue"))
		require.Empty(o, who(policy.InquiryCreate), "everybody's")
		require.Empty(o, who("doc.destroy"))
		o.moves("zhouba", 4, false, "e1")
		require.Equal(o, []string{"shaojing 角色“销售团队”，按所在部门", "sunqi 角色“销售团队”，按所在部门"}, who("customer.edit"))
		o.tx(func(tx *store.Tx) error { return o.people.Suspend(tx, o.ids["sunqi"], 0) })
		require.Equal(o, []string{"shaojing 角色“销售团队”，按所在部门"}, who("customer.edit"), "what is suspended is not held")

		with := func(role policy.Role, object string) []string {
			members, err := o.people.WithRole(r, role, object, 100)
			require.NoError(o, err)
			names := []string{}
			for _, m := range members {
				names = append(names, m.Name)
			}
			return names
		}
		require.Equal(o, []string{"chenli"}, with(policy.Administrator, ""))
		require.Equal(o, []string{"chenli"}, with(policy.PlatformAdministrator, ""), "by his category")
		require.Equal(o, []string{"shaojing"}, with(policy.DepartmentHead, "3"))
		require.Equal(o, []string{"wangwu", "zhouba", "tangliu", "jiangyi"}, with(policy.Other, ""))
		limited, err := o.people.WithRole(r, policy.DepartmentHead, "", 2)
		require.NoError(o, err)
		require.Len(o, limited, 2)
	})
}

func TestReportsShowWhatRolesReach(t *testing.T) {
	eachOffice(t, func(o *office) {
		sees := func(name string) (int, string) {
			members, whose, err := o.people.Sees(o.db.Reader(o.Context()), o.member(name), policy.ResponseReport)
			require.NoError(o, err)
			if members == nil {
				return -1, whose
			}
			require.Contains(o, members, o.ids[name])
			return len(members), whose
		}
		for name, want := range map[string]struct {
			n     int
			whose string
		}{"zhouba": {1, "您的"}, "shaojing": {3, "本部门"}, "chenli": {-1, "全公司"}} {
			n, whose := sees(name)
			require.Equal(o, want.n, n, name)
			require.Equal(o, want.whose, whose)
		}
		o.moves("zhouba", 3, true, "e1")
		n, _ := sees("zhouba")
		require.Equal(o, 1, n, "a new headship waits for confirmation")
		o.moves("shaojing", 3, false, "e2")
		n, _ = sees("shaojing")
		require.Equal(o, 1, n, "a lost one has ended")
	})
}

// A new rulebook changes everybody's roles, page by page, and is told once.
func TestANewRulebookChangesEverybody(t *testing.T) {
	eachOffice(t, func(o *office) {
		for i := range 25 {
			o.joins(fmt.Sprintf("worker%d", i), 15, false, "", people.BecauseFirst)
		}
		o.tx(o.people.RulesInForce) // as at the first start
		o.advance(0)
		o.inForce(2, officeRules+`
permission:
  assign:
    - {department: 销售部, role: service_agent}
    - {department: 生产一部, role: production}
    - {head: "*", role: department_head}
    - {category: administrator, role: platform_administrator}
`)
		o.tx(o.people.RulesInForce)
		o.tx(o.people.RulesInForce) // another replica
		o.advance(0)
		require.Equal(o, []string{"service_agent"}, o.holds("zhouba"))
		require.Equal(o, []string{"other", "production"}, o.holds("worker24"))
		require.Equal(o, []string{"other", "department_head:9"}, o.holds("tangliu"))
		require.Equal(o, store.ChangeDone, o.changes("zhouba")[0].State, "it is approved already")
		require.Empty(o, o.shown, "nobody has to confirm it")
		require.Equal(o, 1, o.told(store.Subject{Kind: "rulebook", ID: 2}, "permission.rulebook"), "one message says it all")
		o.tx(o.people.RulesInForce)
		o.advance(0)
		require.Len(o, o.changes("zhouba"), 1)
	})
}

// What a new rulebook gives somebody against the separation of duties waits.
func TestARulebookThatConflictsIsAskedAbout(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.tx(o.people.RulesInForce)
		o.advance(0)
		o.inForce(2, officeRules+"posts: {流程管理员: {roles: [\"审批人员A:P-02\"]}}\n")
		o.tx(o.people.RulesInForce)
		o.advance(0)
		change := o.changes("tangliu")[0]
		require.Equal(o, store.ChangeOpen, change.State)
		require.Equal(o, []string{"approver_a:P-02"}, change.Added.Roles)
		require.Len(o, o.shown, 1)
		var conflict *people.Conflicting
		require.ErrorAs(o, o.refused(func(tx *store.Tx) error { return o.people.Settle(tx, change.ID, true, o.ids["wangwu"]) }), &conflict)
		o.tx(func(tx *store.Tx) error { return o.people.Settle(tx, change.ID, false, o.ids["wangwu"]) })
		require.False(o, slices.Contains(o.holds("tangliu"), "approver_a:P-02"))
	})
}

// What one process changes, the others know with the next message, although
// each remembers what it has read.
func TestReplicasAgree(t *testing.T) {
	for name, config := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "mysql": storetest.LentMySQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock, cfg := storetest.NewClock(), config(t)
			o := newOffice(t, storetest.OpenConfig(t, cfg, clock), clock)
			second, _ := o.replica(storetest.OpenConfig(t, cfg, clock))
			may := func(p *people.People) bool {
				r := o.db.Reader(o.Context())
				m, err := r.Member(o.ids["zhouba"])
				require.NoError(t, err)
				d, err := p.Can(r, m, policy.LogRead, policy.Object{})
				require.NoError(t, err)
				return d.Allowed
			}
			for range 20 {
				require.False(t, may(o.people))
				require.False(t, may(second))
				o.assign("zhouba", "后台管理员", "")
				require.True(t, may(second))
				require.True(t, may(o.people))
				o.tx(func(tx *store.Tx) error {
					_, err := second.Unassign(tx, o.ids["zhouba"], policy.PlatformAdministrator, "", o.ids["chenli"], "不再需要")
					return err
				})
			}
		})
	}
}

// What a transaction that was undone has read is not remembered.
func TestWhatWasUndoneIsNotRemembered(t *testing.T) {
	eachOffice(t, func(o *office) {
		undo := errors.New("undo")
		err := o.db.InTx(o.Context(), func(tx *store.Tx) error {
			err := o.people.Assign(tx, people.Assignment{Member: o.ids["zhouba"], Role: "后台管理员", By: o.ids["chenli"]})
			require.NoError(o, err)
			m, err := tx.Member(o.ids["zhouba"])
			require.NoError(o, err)
			d, err := o.people.Can(&tx.Reader, m, policy.LogRead, policy.Object{})
			require.NoError(o, err)
			require.True(o, d.Allowed, "inside it counts at once")
			return undo
		})
		require.ErrorIs(o, err, undo)
		o.assign("zhouba", "质量控制", "") // the same version as the one undone
		require.False(o, o.may("zhouba", policy.LogRead))
		require.True(o, o.may("zhouba", "assess.any"))
	})
}

// Asked again, an actor costs no statement.
func TestAWarmActorRunsNoStatement(t *testing.T) {
	eachOffice(t, func(o *office) {
		for i, most := range []int{5, 0, 0} {
			o.tx(func(tx *store.Tx) error {
				m, err := tx.Member(o.ids["zhouba"])
				require.NoError(o, err)
				before := tx.Statements()
				_, err = o.people.Actor(&tx.Reader, m)
				require.LessOrEqual(o, tx.Statements()-before, most, "call %d", i)
				return err
			})
		}
	})
}

func BenchmarkWarmActor(b *testing.B) {
	db, clock := storetest.Open(b)
	o := newOffice(b, db, clock)
	r, m := db.Reader(b.Context()), o.member("zhouba")
	for b.Loop() {
		if _, err := o.people.Actor(r, m); err != nil {
			b.Fatal(err)
		}
	}
}
