package people

import (
	"errors"
	"fmt"
	"slices"

	"guiju/app/policy"
	"guiju/store"
)

// Cause says why somebody's access is looked at again.
type Cause struct {
	Kind     string // what happened, one of the constants below
	Reason   string // in Chinese, as the record shows it: "调入市场部"
	EventKey string // the delivery's key; empty for what no event told
	By       int64  // who caused it; 0: the system
}

// The kinds of causes.
const (
	// BecauseFirst is the first reading of the company: what somebody is
	// entitled to he has at once, without a record.
	BecauseFirst = "first"
	// BecauseJoined is a new member, or one who is back: unless his account was
	// applied for and approved he has the base set and the category 其他员工
	// until his roles are confirmed (G2-4.2(1) AE2).
	BecauseJoined = "joined"
	// BecauseMoved is changed departments, headship, position or superior.
	BecauseMoved = "moved"
	// BecauseTags is changed tags, of his own or of a department.
	BecauseTags = "tags"
	// BecausePost is a post given or taken by 岗位变更.
	BecausePost = "post"
	// BecauseRulebook is a rulebook in force that says something else: it is
	// approved, so what it adds needs no confirmation.
	BecauseRulebook = "rulebook"
	// BecauseDepartments is departments that were renamed, moved or mapped.
	BecauseDepartments = "departments"
	// BecauseAssigned is a role given or taken by somebody, or expired.
	BecauseAssigned = "assigned"
	// BecauseLeft is the end of everything.
	BecauseLeft = "left"
)

// OnChanged adds a hook for permission changes that are new, amended or
// settled: whoever shows them, and asks for confirmation while State is
// ChangeOpen. Changes that ask nobody and come from a person's own act or from
// the rulebook are not told.
func (p *People) OnChanged(hook func(tx *store.Tx, c store.PermissionChange) error) {
	p.changed = append(p.changed, hook)
}

// OnJoining asks whether a new member's account was applied for and approved,
// so that what he is entitled to needs no further confirmation.
func (p *People) OnJoining(approved func(r *store.Reader, m store.Member) (bool, error)) {
	p.approved = approved
}

// Reconcile brings a member's roles in line with what contacts and rulebook
// entitle him to (F-13): what he is no longer entitled to ends at once, what is
// new waits for confirmation, and one record says both. The change is nil when
// nothing differs. The same event again changes nothing; what a later reading
// adds to it amends its record. A member has at most one open change: another
// event's takes over what the one before has left open.
//
// It raises the member's version, so a row read before cannot be saved after.
func (p *People) Reconcile(tx *store.Tx, m store.Member, c Cause) (change *store.PermissionChange, err error) {
	if !m.Present() {
		return nil, nil
	}
	a, err := p.change(tx, m.ID)
	if err != nil {
		return nil, err
	}
	if m = a.member; !m.Present() { // he has left since he was read
		return nil, nil
	}
	if c.Kind != BecauseFirst {
		if err := each(tx, p.hooks.placed, m); err != nil {
			return nil, err
		}
	}
	due, err := p.due(&tx.Reader, m)
	if err != nil {
		return nil, err
	}
	approved := c.Kind == BecauseFirst || c.Kind == BecauseRulebook
	if c.Kind == BecauseJoined && p.approved != nil {
		if approved, err = p.approved(&tx.Reader, m); err != nil {
			return nil, err
		}
	}
	before := a.effective()
	if !a.align(due, approved, p.rules().Rules().Permission.RevokeImmediately || approved) {
		return nil, nil
	}
	if c.Kind == BecauseFirst && !a.open() {
		return nil, p.write(tx, a, 0)
	}
	return p.record(tx, a, before, c)
}

// due answers what a member is entitled to and has a binding for: 管理员 named
// in the rulebook need none.
func (p *People) due(r *store.Reader, m store.Member) ([]policy.Holding, error) {
	entitled, err := p.Entitled(r, m)
	if err != nil {
		return nil, err
	}
	if p.rules().IsAdministrator(m.UserID) {
		entitled = slices.DeleteFunc(entitled, func(h policy.Holding) bool { return h.Role == policy.Administrator })
	}
	return entitled, nil
}

// record stores what became of a member's bindings as a change: an amended one
// of the same event, or a new one that takes over what was open.
func (p *People) record(tx *store.Tx, a *access, before []policy.Holding, c Cause) (*store.PermissionChange, error) {
	prior, err := openChange(&tx.Reader, a.member.ID)
	if err != nil {
		return nil, err
	}
	change, err := p.changeToAmend(tx, a, c)
	if err != nil {
		return nil, err
	}
	if change == nil {
		change = &store.PermissionChange{
			MemberID: a.member.ID, Kind: c.Kind, Reason: c.Reason, EventKey: c.EventKey, By: c.By, Phase: 1,
			Before: p.accessText(before),
		}
	}
	a.describe(change)
	if change.ID == 0 && sameAccess(change.Before, change.After) {
		if prior == nil {
			return nil, p.write(tx, a, 0) // only the source of a role differs
		}
		change = prior // what it asked for is not due any more, and nothing else is new
		a.describe(change)
	}
	if err := putChange(tx, change); err != nil {
		return nil, err
	}
	if err := p.write(tx, a, change.ID); err != nil {
		return nil, err
	}
	if prior != nil && prior.ID != change.ID {
		prior.State, prior.Phase = store.ChangeDone, prior.Phase+1
		if err := tx.SavePermissionChange(prior); err != nil {
			return nil, err
		}
		if err := each(tx, p.changed, *prior); err != nil {
			return nil, err
		}
	}
	if err := auditChange(tx, *change, "permission.change", c.By); err != nil {
		return nil, err
	}
	if change.State != store.ChangeOpen && (c.Kind == BecauseRulebook || c.Kind == BecauseAssigned) {
		return change, nil
	}
	return change, each(tx, p.changed, *change)
}

// changeToAmend is the change an earlier look at the same event made, unless
// it is settled; nil without.
func (p *People) changeToAmend(tx *store.Tx, a *access, c Cause) (*store.PermissionChange, error) {
	if c.EventKey == "" {
		return nil, nil
	}
	found, err := tx.PermissionChangeOfEvent(a.member.ID, c.EventKey)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case found.State != store.ChangeOpen && found.State != store.ChangeDone || found.Kind == BecauseLeft:
		return nil, nil
	}
	return &found, nil
}

// Settle confirms or refuses what an open change adds. Errors: *Self,
// *Conflicting, store.ErrNotFound when there is no such change,
// store.ErrConflict when it is settled already.
func (p *People) Settle(tx *store.Tx, changeID int64, confirm bool, by int64) error {
	change, err := tx.PermissionChange(changeID)
	if err != nil {
		return err
	}
	if by == change.MemberID {
		return &Self{}
	}
	if err := tx.Lock(store.Member{}.TableName(), change.MemberID); err != nil {
		return err
	}
	if change, err = tx.PermissionChange(changeID); err != nil {
		return err
	}
	if change.State != store.ChangeOpen {
		return fmt.Errorf("settle permission change %d: it is %s: %w", changeID, change.State, store.ErrConflict)
	}
	m, err := tx.Member(change.MemberID)
	if err != nil {
		return err
	}
	a, err := p.accessOf(&tx.Reader, m)
	if err != nil {
		return err
	}
	if confirm {
		if conflicts := p.rules().Conflicts(a.settled()); len(conflicts) > 0 {
			if conflicts = newOnly(conflicts, p.rules().Conflicts(a.effective())); len(conflicts) > 0 {
				return &Conflicting{conflicts}
			}
		}
	}
	a.settle(confirm, by)
	now := tx.Now()
	change.State = store.ChangeRejected
	if confirm {
		change.State = store.ChangeConfirmed
	}
	change.DecidedBy, change.DecidedAt, change.Phase = by, &now, change.Phase+1
	change.After = p.accessText(a.effective())
	if err := tx.SavePermissionChange(&change); err != nil {
		return err
	}
	if err := p.write(tx, a, change.ID); err != nil {
		return err
	}
	if err := auditChange(tx, change, "permission."+string(change.State), by); err != nil {
		return err
	}
	return each(tx, p.changed, change)
}

// newOnly are the conflicts that are not among the old ones.
func newOnly(conflicts, old []policy.Conflict) []policy.Conflict {
	same := func(a, b policy.Conflict) bool {
		return a.A.Role == b.A.Role && a.A.Object == b.A.Object && a.B.Role == b.B.Role && a.B.Object == b.B.Object
	}
	return slices.DeleteFunc(conflicts, func(c policy.Conflict) bool {
		return slices.ContainsFunc(old, func(o policy.Conflict) bool { return same(c, o) })
	})
}

// endAccess ends every role and grant of a member who has left, in the
// transaction in which that becomes known.
func (p *People) endAccess(tx *store.Tx, m store.Member, eventKey string) error {
	if err := tx.Lock(store.Member{}.TableName(), m.ID); err != nil {
		return err
	}
	a, err := p.accessOf(&tx.Reader, m)
	if err != nil {
		return err
	}
	const why = "已离职"
	before := a.effective()
	bindings, err := tx.EndBindings(m.ID, 0, why)
	if err != nil {
		return err
	}
	grants, err := tx.EndGrants(m.ID, 0, why)
	if err != nil {
		return err
	}
	prior, err := openChange(&tx.Reader, m.ID)
	if err != nil {
		return err
	}
	if bindings == 0 && grants == 0 && prior == nil {
		return nil
	}
	if prior != nil {
		prior.State, prior.Phase = store.ChangeDone, prior.Phase+1
		if err := tx.SavePermissionChange(prior); err != nil {
			return err
		}
		if err := each(tx, p.changed, *prior); err != nil {
			return err
		}
	}
	if err := p.administratorsChange(tx, before, nil); err != nil {
		return err
	}
	change := store.PermissionChange{
		MemberID: m.ID, Kind: BecauseLeft, Reason: why, EventKey: eventKey, Phase: 1, State: store.ChangeDone,
		Before: p.accessText(before),
	}
	change.After = store.Access{Roles: []string{}, Permissions: []string{}}
	change.Removed = change.Before
	change.Added = change.After
	if err := tx.AddPermissionChange(&change); err != nil {
		return err
	}
	if err := auditChange(tx, change, "permission.change", 0); err != nil {
		return err
	}
	return tx.TouchMember(m.ID)
}

// openChange is a member's change that waits for confirmation; nil without.
func openChange(r *store.Reader, member int64) (*store.PermissionChange, error) {
	c, err := r.OpenPermissionChange(member)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &c, err
}

func putChange(tx *store.Tx, c *store.PermissionChange) error {
	if c.ID == 0 {
		return tx.AddPermissionChange(c)
	}
	c.Phase++
	return tx.SavePermissionChange(c)
}

func auditChange(tx *store.Tx, c store.PermissionChange, action string, by int64) error {
	source := store.SourceJob
	switch {
	case by != 0:
		source = store.SourceChat
	case c.EventKey != "":
		source = store.SourceCallback
	}
	return tx.Audit(store.AuditEntry{
		Actor: by, Action: action, Source: source, Subject: c.Subject(), EventKey: c.EventKey,
		Detail: map[string]any{
			"member": c.MemberID, "kind": c.Kind, "state": string(c.State), "added": c.Added.Roles, "removed": c.Removed.Roles,
		},
	})
}
