package people

import (
	"slices"
	"time"

	"guiju/app/policy"
	"guiju/store"
)

// access is what one member holds, while it is being changed: his bindings and
// grants as rows, and which of the rows must be written.
type access struct {
	p        *People
	member   store.Member
	bindings []*store.RoleBinding
	grants   []store.Grant
	dirty    map[*store.RoleBinding]bool
	before   []policy.Holding // as it was read
	now      time.Time
}

func (p *People) accessOf(r *store.Reader, m store.Member) (*access, error) {
	a := &access{p: p, member: m, dirty: map[*store.RoleBinding]bool{}, now: r.Now()}
	rows, err := r.BindingsOf(m.ID)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		a.bindings = append(a.bindings, &rows[i])
	}
	if a.grants, err = r.GrantsOf(m.ID); err != nil {
		return nil, err
	}
	a.before = a.effective()
	return a, nil
}

// effective is what he holds now.
func (a *access) effective() []policy.Holding {
	return a.holdings(func(s store.BindingState) bool { return s.InForce() })
}

// settled is what he will hold when everything open is confirmed.
func (a *access) settled() []policy.Holding {
	return a.holdings(func(s store.BindingState) bool { return s == store.BindingActive || s == store.BindingProposed })
}

func (a *access) holdings(count func(store.BindingState) bool) []policy.Holding {
	var held []policy.Holding
	for _, b := range a.bindings {
		if count(b.State) {
			held = append(held, holdingOf(*b))
		}
	}
	return a.p.effective(a.member, held)
}

// open says whether anything waits for confirmation.
func (a *access) open() bool {
	return slices.ContainsFunc(a.bindings, func(b *store.RoleBinding) bool {
		return b.State == store.BindingProposed || b.State == store.BindingLeaving
	})
}

// align ends what is not due any more and adds what is, and says whether that
// changed anything. What somebody was given stays as it is, and stands in place
// of the same role, or of another category, by derivation. approved: what is
// new is active at once unless it conflicts; revoke: what ends does so at once.
func (a *access) align(due []policy.Holding, approved, revoke bool) bool {
	due = slices.DeleteFunc(due, a.given)
	for _, b := range a.bindings {
		if b.State == store.BindingEnded || !policy.Source(b.Source).Derived() {
			continue
		}
		i := slices.IndexFunc(due, func(h policy.Holding) bool { return isFor(*b, h.Role, h.Object) })
		switch {
		case i < 0 && b.State.InForce() && !revoke:
			a.set(b, store.BindingLeaving)
		case i < 0:
			a.end(b, 0, "不再符合条件")
		default:
			if b.State == store.BindingLeaving {
				a.set(b, store.BindingActive)
			}
			if b.Source != string(due[i].Source) {
				b.Source = string(due[i].Source)
				a.dirty[b] = true
			}
			due = slices.Delete(due, i, i+1)
		}
	}
	for _, h := range due {
		b := &store.RoleBinding{MemberID: a.member.ID, Role: string(h.Role), Object: h.Object, Source: string(h.Source), State: store.BindingProposed}
		if approved && len(newOnly(a.p.rules().Conflicts(append(a.effective(), h)), a.p.rules().Conflicts(a.effective()))) == 0 {
			b.State = store.BindingActive
		}
		a.bindings = append(a.bindings, b)
		a.dirty[b] = true
	}
	return len(a.dirty) > 0
}

// given says whether somebody gave him this role, or another category.
func (a *access) given(h policy.Holding) bool {
	category := a.p.rules().RoleOf(h.Role).Kind == policy.Category
	return slices.ContainsFunc(a.bindings, func(b *store.RoleBinding) bool {
		if !b.State.InForce() || policy.Source(b.Source).Derived() {
			return false
		}
		return isFor(*b, h.Role, h.Object) || category && a.p.rules().RoleOf(policy.Role(b.Role)).Kind == policy.Category
	})
}

// settle activates or refuses what is proposed; what is leaving ends.
func (a *access) settle(confirm bool, by int64) {
	for _, b := range a.bindings {
		switch {
		case b.State == store.BindingLeaving:
			a.end(b, by, "不再符合条件")
		case b.State == store.BindingProposed && confirm:
			b.By = by
			a.set(b, store.BindingActive)
		case b.State == store.BindingProposed:
			a.refuse(b, by, "新增未确认")
		}
	}
}

func (a *access) set(b *store.RoleBinding, s store.BindingState) {
	if b.State != s {
		b.State = s
		a.dirty[b] = true
	}
}

func (a *access) end(b *store.RoleBinding, by int64, why string) {
	now := a.now
	b.EndedAt, b.EndedBy, b.EndedWhy = &now, by, why
	a.set(b, store.BindingEnded)
}

// refuse takes away what contacts and rulebook give, so that it is not
// proposed again while they do.
func (a *access) refuse(b *store.RoleBinding, by int64, why string) {
	a.end(b, by, why)
	a.set(b, store.BindingRefused)
}

func isFor(b store.RoleBinding, role policy.Role, object string) bool {
	return b.Role == string(role) && store.Fold(b.Object) == store.Fold(object)
}

// describe fills what a change says of the way from its Before to what he will
// hold when everything open is confirmed.
func (a *access) describe(c *store.PermissionChange) {
	c.After = a.p.accessText(a.settled())
	c.Added.Roles, c.Removed.Roles = policy.Transfer(c.Before.Roles, c.After.Roles)
	c.Added.Permissions, c.Removed.Permissions = policy.Transfer(c.Before.Permissions, c.After.Permissions)
	c.Kept = []store.KeptGrant{} // not nil: the column holds a list
	for _, g := range a.grants {
		c.Kept = append(c.Kept, store.KeptGrant{ID: g.ID, Permission: g.Permission, Object: g.Object, To: g.To})
	}
	c.State = store.ChangeDone
	if a.open() {
		c.State = store.ChangeOpen
	}
}

func sameAccess(a, b store.Access) bool {
	return slices.Equal(a.Roles, b.Roles) && slices.Equal(a.Permissions, b.Permissions)
}

// accessText is what holdings give, as changes store it, sorted.
func (p *People) accessText(held []policy.Holding) store.Access {
	text := store.Access{Roles: []string{}, Permissions: []string{}}
	for _, h := range held {
		if role := HoldingText(h); h.Role != policy.Member && !slices.Contains(text.Roles, role) {
			text.Roles = append(text.Roles, role)
		}
	}
	slices.Sort(text.Roles)
	for _, perm := range p.rules().Permissions(held) {
		text.Permissions = append(text.Permissions, string(perm))
	}
	return text
}

// write stores the bindings that changed, puts what waits under the change that
// asks for it, and makes every replica forget what it knew of the member.
func (p *People) write(tx *store.Tx, a *access, change int64) error {
	for _, b := range a.bindings {
		if (b.State == store.BindingProposed || b.State == store.BindingLeaving) && b.ChangeID != change {
			b.ChangeID = change
			a.dirty[b] = true
		}
		if !a.dirty[b] {
			continue
		}
		if b.ID == 0 {
			if err := tx.AddBinding(b); err != nil {
				return err
			}
			continue
		}
		if err := tx.SaveBinding(b); err != nil {
			return err
		}
	}
	clear(a.dirty)
	if err := p.administratorsChange(tx, a.before, a.effective()); err != nil {
		return err
	}
	return tx.TouchMember(a.member.ID)
}

// administratorsChange marks the picture of the company as changed when the
// one who changed becomes or stops being a 管理员: they answer what has no other
// answerer.
func (p *People) administratorsChange(tx *store.Tx, before, after []policy.Holding) error {
	is := func(held []policy.Holding) bool {
		return slices.ContainsFunc(held, func(h policy.Holding) bool { return h.Role == policy.Administrator })
	}
	if is(before) == is(after) {
		return nil
	}
	return p.revise(tx)
}
