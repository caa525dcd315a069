package people

import (
	"slices"

	"guiju/store"
	"guiju/wecom"
)

// change is one member before and after something became known of him.
type change struct {
	before, after store.Member
	had, has      []store.Membership // in the member's own order
	eventKey      string             // the event that told of it; empty: a comparison
	why           string             // in Chinese, kept with what he may do from now on
	quiet         bool               // the very first reading: nobody joins or moves by it
}

// The reasons a change is recorded with.
const (
	whyEvent   = "通讯录变更"
	whyCompare = "通讯录核对"
	whyTag     = "标签变更"
)

// nothing says that WeCom and the mirror agree.
func (c change) nothing() bool {
	b, a := c.before, c.after
	return a.ID != 0 && slices.Equal(c.had, c.has) && b.UserID == a.UserID && b.Visible == a.Visible && b.Status == a.Status &&
		b.Name == a.Name && b.Position == a.Position && b.MainDepartment == a.MainDepartment && b.LeaderUserID == a.LeaderUserID
}

func (c change) gone() bool {
	return c.after.Status == store.MemberLeft && c.before.Status != store.MemberLeft
}

func (c change) back() bool {
	return c.before.Status == store.MemberLeft && c.after.Status != store.MemberLeft
}

// first says that he is a member for the first time; somebody provisional is
// not one yet.
func (c change) first() bool {
	return c.before.JoinedAt == nil && c.after.Status != store.MemberLeft && c.after.Status != store.MemberProvisional
}

func (c change) moved() bool {
	return c.before.MainDepartment != c.after.MainDepartment || !slices.Equal(sorted(c.had), sorted(c.has))
}

// entitled says that what departments, headship and position give may differ.
func (c change) entitled() bool {
	return c.moved() || c.before.Position != c.after.Position || c.before.LeaderUserID != c.after.LeaderUserID ||
		!slices.Equal(leads(c.had), leads(c.has))
}

// dated fills in when he came and left.
func (c *change) dated(tx *store.Tx) {
	now := tx.Now()
	switch {
	case c.gone():
		c.after.LeftAt, c.after.StoppedAt, c.after.Visible = &now, nil, false
	case c.back(), c.first():
		c.after.JoinedAt, c.after.LeftAt = &now, nil
	}
}

// keep stores a change of somebody known and does what follows from it, in
// this transaction; it answers whether there was anything to write.
func (p *People) keep(tx *store.Tx, c change) (bool, error) {
	if c.nothing() {
		return false, nil
	}
	c.dated(tx)
	if err := tx.SaveMember(&c.after); err != nil {
		return false, err
	}
	if !slices.Equal(c.had, c.has) {
		if err := tx.SetMemberships(c.after.ID, c.has); err != nil {
			return false, err
		}
	}
	if p.matters(c) {
		if err := p.revise(tx); err != nil {
			return false, err
		}
	}
	return true, p.follow(tx, c)
}

// follow does what follows from a change. What the member may do is settled
// first, so that hooks find it as it is from now on.
func (p *People) follow(tx *store.Tx, c change) error {
	if c.gone() {
		if err := p.endAccess(tx, c.after, c.eventKey); err != nil {
			return err
		}
		var err error
		if c.after, err = tx.Member(c.after.ID); err != nil {
			return err
		}
		if err := each(tx, p.hooks.left, Left{Member: c.after, EventKey: c.eventKey}); err != nil {
			return err
		}
		_, err = p.StartHandOver(tx, store.HandOver{MemberID: c.after.ID, Reason: store.HandOverLeft, EventKey: c.eventKey})
		return err
	}
	if err := p.warnOfAdministrator(tx, c); err != nil {
		return err
	}
	if c.quiet || c.after.Status == store.MemberLeft || c.after.Status == store.MemberProvisional {
		return nil
	}
	came := c.back() || c.first()
	if came || c.entitled() {
		var err error
		if c.after, err = p.regard(tx, c.after, c.cause(came)); err != nil {
			return err
		}
	}
	switch {
	case came:
		return each(tx, p.hooks.joined, Joined{Member: c.after, EventKey: c.eventKey, Back: c.back()})
	case c.moved():
		return p.followMove(tx, c)
	}
	return nil
}

// cause is the change as the record of permissions says it.
func (c change) cause(came bool) Cause {
	cause := Cause{Kind: BecauseMoved, EventKey: c.eventKey, Reason: "职务或上级变更（" + c.why + "）"}
	switch {
	case came:
		cause.Kind, cause.Reason = BecauseJoined, "加入（"+c.why+"）"
		if c.back() {
			cause.Reason = "重新加入（" + c.why + "）"
		}
	case c.moved():
		cause.Reason = "部门变更（" + c.why + "）"
	case !slices.Equal(leads(c.had), leads(c.has)):
		cause.Reason = "部门负责人变更（" + c.why + "）"
	}
	return cause
}

// followMove tells of changed departments, and lists the open work to whoever
// it concerns.
func (p *People) followMove(tx *store.Tx, c change) error {
	moved := Moved{
		Before: c.before, After: c.after, EventKey: c.eventKey, BeforeDepartments: ids(c.had), AfterDepartments: ids(c.has),
	}
	if err := each(tx, p.hooks.moved, moved); err != nil {
		return err
	}
	_, err := p.StartHandOver(tx, store.HandOver{
		MemberID: c.after.ID, Reason: store.HandOverMoved, EventKey: c.eventKey,
		OldDepartment: c.before.MainDepartment, NewDepartment: c.after.MainDepartment,
	})
	return err
}

// regard looks again at what a member may do, and answers him as he is then.
func (p *People) regard(tx *store.Tx, m store.Member, c Cause) (store.Member, error) {
	if _, err := p.Reconcile(tx, m, c); err != nil {
		return m, err
	}
	return tx.Member(m.ID)
}

// matters says that the picture of the company changes with the member: it
// holds departments, their heads, the posts the rulebook names and the
// administrators, and nobody else.
func (p *People) matters(c change) bool {
	rules := p.rules()
	posts := rules.Posts()
	lead := func(s store.Membership) bool { return s.IsLeader }
	return slices.ContainsFunc(c.had, lead) || slices.ContainsFunc(c.has, lead) ||
		c.before.Position != "" && slices.Contains(posts, c.before.Position) ||
		c.after.Position != "" && slices.Contains(posts, c.after.Position) ||
		rules.IsAdministrator(c.before.UserID) || rules.IsAdministrator(c.after.UserID)
}

// seenAs is the member as WeCom shows him to the app. Empty fields of a
// narrower view change nothing.
func seenAs(m store.Member, w wecom.Member) store.Member {
	m.UserID, m.Visible, m.Status = w.UserID, true, statusOf(w.Status)
	if name := inOneLine(w.Name); name != "" {
		m.Name = name
	}
	if m.Name == "" {
		m.Name = w.UserID
	}
	m.Position, m.MainDepartment, m.LeaderUserID = inOneLine(w.Position), int64(w.MainDepartment), ""
	if len(w.DirectLeaders) > 0 {
		m.LeaderUserID = w.DirectLeaders[0]
	}
	if m.Status == store.MemberLeft {
		m.Visible = false
	}
	return whileStopped(m)
}

func memberships(member int64, w wecom.Member) []store.Membership {
	all := make([]store.Membership, 0, len(w.Departments))
	taken := make(map[int]bool, len(w.Departments))
	for i, id := range w.Departments {
		if !taken[id] {
			taken[id] = true
			all = append(all, store.Membership{MemberID: member, DepartmentID: int64(id), Position: i, IsLeader: w.Leads(id)})
		}
	}
	return all
}

func statusOf(s wecom.MemberStatus) store.MemberStatus {
	switch s {
	case wecom.Disabled:
		return store.MemberDisabled
	case wecom.NotActivated:
		return store.MemberInactive
	case wecom.LeftCorp:
		return store.MemberLeft
	default:
		return store.MemberActive
	}
}

// leads are the departments headed, growing.
func leads(all []store.Membership) []int64 {
	var heads []int64
	for _, s := range all {
		if s.IsLeader {
			heads = append(heads, s.DepartmentID)
		}
	}
	slices.Sort(heads)
	return heads
}

func ids(all []store.Membership) []int64 {
	out := make([]int64, len(all))
	for i, s := range all {
		out[i] = s.DepartmentID
	}
	return out
}

func sorted(all []store.Membership) []int64 {
	out := ids(all)
	slices.Sort(out)
	return out
}
