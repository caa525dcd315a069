package people

import (
	"fmt"
	"slices"

	"guiju/app/policy"
	"guiju/store"
)

// Actor is the member as the policy sees him when he asks for something: his
// roles, grants and denies. It runs no statement when he was asked about
// before and nothing about him has changed since.
func (p *People) Actor(r *store.Reader, m store.Member) (policy.Actor, error) {
	rules := p.rules()
	key := actorKey{member: m.ID, version: m.Version, updated: m.UpdatedAt.UnixMilli(), rules: rules}
	uncommitted := r.TouchedMember(m.ID)
	if !uncommitted {
		if a, ok := p.actors.get(key); ok {
			return a, nil
		}
	}
	a, err := p.readActor(r, m)
	if err != nil {
		return a, fmt.Errorf("access of member %d: %w", m.ID, err)
	}
	if !uncommitted {
		p.actors.put(key, a)
	}
	return a, nil
}

// Can asks whether a member may do something to an object.
func (p *People) Can(r *store.Reader, m store.Member, perm policy.Permission, o policy.Object) (policy.Decision, error) {
	a, err := p.Actor(r, m)
	if err != nil {
		return policy.Decision{}, err
	}
	return p.rules().Permit(a, perm, o, r.Now()), nil
}

func (p *People) readActor(r *store.Reader, m store.Member) (policy.Actor, error) {
	a := policy.Actor{Member: m.ID, Active: m.Present(), Suspended: m.SuspendedAt != nil}
	bindings, err := r.BindingsOf(m.ID)
	if err != nil {
		return a, err
	}
	var bound []policy.Holding
	for _, b := range bindings {
		if b.State.InForce() {
			bound = append(bound, holdingOf(b))
		}
	}
	a.Holdings = slices.Clip(p.effective(m, bound)) // it is remembered: nobody may append in place
	grants, err := r.GrantsOf(m.ID)
	if err != nil {
		return a, err
	}
	for _, g := range grants {
		a.Grants = append(a.Grants, policy.Grant{ID: g.ID, Permission: policy.Permission(g.Permission), Object: g.Object, From: g.From, To: g.To})
	}
	denies, err := r.DeniesOf(m.ID)
	if err != nil {
		return a, err
	}
	for _, d := range denies {
		a.Denies = append(a.Denies, policy.Deny{Permission: policy.Permission(d.Permission), Object: d.Object})
	}
	return a, nil
}

// effective is what bindings in force make of a member: the base, exactly one
// category, what that implies, and the rest. The rulebook's administrators need
// no binding, so that a fresh company can begin.
func (p *People) effective(m store.Member, bound []policy.Holding) []policy.Holding {
	rules := p.rules()
	category := policy.Holding{Role: policy.Other, Source: policy.SourceCategory}
	var rest []policy.Holding
	for _, h := range bound {
		info, known := rules.RoleNamed(string(h.Role))
		switch {
		case !known: // taken out of the rulebook
		case info.Kind != policy.Category:
			rest = append(rest, h)
		case category.Source == policy.SourceCategory || !h.Source.Derived():
			category = h
		}
	}
	if rules.IsAdministrator(m.UserID) {
		category = policy.Holding{Role: policy.Administrator, Source: policy.SourceRulebook}
	}
	all := []policy.Holding{{Role: policy.Member, Source: policy.SourceBase}, category}
	for _, h := range rules.Implied(category.Role) {
		h.Until = category.Until
		all = append(all, h)
	}
	return append(all, rest...)
}

func holdingOf(b store.RoleBinding) policy.Holding {
	h := policy.Holding{Role: policy.Role(b.Role), Object: b.Object, Source: policy.Source(b.Source)}
	if b.ExpiresAt != nil {
		h.Until = *b.ExpiresAt
	}
	return h
}

// Entitled answers what the contacts and the rulebook give a member, whether or
// not he holds it already.
func (p *People) Entitled(r *store.Reader, m store.Member) ([]policy.Holding, error) {
	org, err := p.Org(r)
	if err != nil {
		return nil, err
	}
	facts, err := p.facts(r, m)
	if err != nil {
		return nil, err
	}
	return p.rules().Entitled(facts, org), nil
}

func (p *People) facts(r *store.Reader, m store.Member) (policy.Facts, error) {
	f := policy.Facts{Member: m.ID, UserID: m.UserID, MainDepartment: m.MainDepartment}
	memberships, err := r.Memberships(m.ID)
	if err != nil {
		return f, err
	}
	for _, s := range memberships {
		f.Departments = append(f.Departments, s.DepartmentID)
		if s.IsLeader {
			f.Heads = append(f.Heads, s.DepartmentID)
		}
	}
	posts, err := p.PostsOf(r, m)
	if err != nil {
		return f, err
	}
	for _, held := range posts {
		f.Posts = append(f.Posts, policy.PostFact{Post: held.Name, Department: held.Department})
	}
	tags, err := p.tagsIn(r, m.UserID, f.Departments)
	if err != nil {
		return f, err
	}
	for _, t := range tags {
		f.Tags = append(f.Tags, t.Name)
	}
	return f, nil
}

// HoldingText writes a holding as permission changes store it: "sales",
// "department_head:3".
func HoldingText(h policy.Holding) string {
	if h.Object == "" {
		return string(h.Role)
	}
	return string(h.Role) + ":" + h.Object
}

// ReadAgain reads a member's details again, for one who is said to be gone and
// acts all the same.
func (p *People) ReadAgain(tx *store.Tx, m store.Member) error { return p.readNow(tx, m.UserID, "") }
