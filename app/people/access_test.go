package people_test

import (
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

// takes ends what a member was given of a role, by one of the processes.
func (o *office) takes(tx *store.Tx, by *people.People, name string, role policy.Role, why string) error {
	held, err := tx.BindingsOf(o.ids[name])
	if err != nil {
		return err
	}
	at := slices.IndexFunc(held, func(b store.RoleBinding) bool { return b.Role == string(role) && !policy.Source(b.Source).Derived() })
	if at < 0 {
		return store.ErrNotFound
	}
	return by.EndBinding(tx, held[at].ID, o.ids["chenli"], why)
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
