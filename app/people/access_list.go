package people

import (
	"slices"
	"time"

	"guiju/app/policy"
	"guiju/store"
)

// listPage is how many rows one look at bindings or members reads.
const listPage = 500

// Holder is one who has a permission, and where from.
type Holder struct {
	Member store.Member
	Source string     // in Chinese: "角色「部门主管」（销售部），因担任部门负责人"
	Until  *time.Time // nil: until further notice
}

// Holders answers who has a permission now (谁有), by member, each once for
// every role and grant it comes from, at most limit. Of a permission that is
// everybody's it answers nobody: see policy.Engine.Base.
func (p *People) Holders(r *store.Reader, perm policy.Permission, limit int) ([]Holder, error) {
	rules := p.rules()
	if rules.Base(perm) {
		return nil, nil
	}
	candidates, err := p.candidates(r, rules.RolesWith(perm), limit)
	if err != nil {
		return nil, err
	}
	grants, err := r.GrantsFor(string(perm), limit)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		candidates = append(candidates, g.MemberID)
	}
	org, err := p.Org(r)
	if err != nil {
		return nil, err
	}
	var all []Holder
	err = p.eachPresent(r, candidates, func(m store.Member, a policy.Actor) bool {
		for _, source := range rules.Sources(a, perm, r.Now()) {
			h := Holder{Member: m, Source: p.sourceText(source, org)}
			if !source.Until.IsZero() {
				until := source.Until
				h.Until = &until
			}
			all = append(all, h)
		}
		return len(all) < limit
	})
	return all[:min(len(all), limit)], err
}

// sourceText says where a permission comes from.
func (p *People) sourceText(s policy.Decision, org *policy.Org) string {
	switch {
	case s.Holding.Role == "" && s.Grant.Object != "":
		return "授权（" + s.Grant.Object + "）"
	case s.Holding.Role == "":
		return "授权"
	}
	text := "角色「" + p.RoleText(s.Holding, org) + "」"
	return text + "，" + s.Holding.Source.Label()
}

// RoleText is a holding as members read it: "部门主管（销售部）". Org may be nil,
// then departments keep their numbers.
func (p *People) RoleText(h policy.Holding, org *policy.Org) string {
	info := p.rules().RoleOf(h.Role)
	object := h.Object
	if info.Object == policy.DepartmentObject && org != nil {
		if name, found := org.NameOf(h.Object); found {
			object = name
		}
	}
	if object == "" {
		return info.Title
	}
	return info.Title + "（" + object + "）"
}

// WithRole answers the present members who hold a role, for object unless that
// is empty, by id, at most limit.
func (p *People) WithRole(r *store.Reader, role policy.Role, object string, limit int) ([]store.Member, error) {
	candidates, err := p.candidates(r, []policy.Role{role}, limit)
	if err != nil {
		return nil, err
	}
	now := r.Now()
	var all []store.Member
	err = p.eachPresent(r, candidates, func(m store.Member, a policy.Actor) bool {
		if slices.ContainsFunc(a.Holdings, func(h policy.Holding) bool {
			return h.Role == role && (h.Until.IsZero() || now.Before(h.Until)) &&
				(object == "" || h.Object == "" || store.Fold(h.Object) == store.Fold(object))
		}) {
			all = append(all, m)
		}
		return len(all) < limit
	})
	return all, err
}

// Sees answers whose rows of a report a member may see, and how to call them:
// nil members are everybody's. His own always, as long as he has the permission
// at all (guide E2.0, reports).
func (p *People) Sees(r *store.Reader, m store.Member, perm policy.Permission) (members []int64, whose string, err error) {
	a, err := p.Actor(r, m)
	if err != nil {
		return nil, "", err
	}
	reach := p.rules().Reach(a, perm, r.Now())
	if reach.All {
		return nil, "全公司", nil
	}
	members, whose = []int64{m.ID}, "您的"
	add := func(more []store.Member, words string) {
		whose = words
		for _, other := range more {
			if other.Present() && !slices.Contains(members, other.ID) {
				members = append(members, other.ID)
			}
		}
	}
	if reach.Team {
		team, err := r.MembersLedBy(m.UserID, seenAtMost)
		if err != nil {
			return nil, "", err
		}
		add(team, "本团队")
	}
	if len(reach.Departments) > 0 {
		in, err := p.In(r, reach.Departments, seenAtMost)
		if err != nil {
			return nil, "", err
		}
		add(in, "本部门")
	}
	return members, whose, nil
}

// seenAtMost bounds the members of a department whose rows are shown.
const seenAtMost = 1000

// candidates answers who may hold one of these roles: by a binding, by a
// category that implies it, or named in the rulebook. Some of them may not: a
// binding may have given way to another category. At most about limit for each
// role, unless everybody may.
func (p *People) candidates(r *store.Reader, roles []policy.Role, limit int) ([]int64, error) {
	rules := p.rules()
	looked := slices.Clone(roles)
	for _, info := range rules.Roles() {
		if info.Kind == policy.Category && slices.ContainsFunc(rules.Implied(info.Role), func(h policy.Holding) bool {
			return slices.Contains(roles, h.Role)
		}) && !slices.Contains(looked, info.Role) {
			looked = append(looked, info.Role)
		}
	}
	if slices.Contains(looked, policy.Other) || slices.Contains(looked, policy.Member) {
		return p.everybody(r)
	}
	var ids []int64
	for _, role := range looked {
		if role == policy.Administrator {
			administrators, err := p.Administrators(r)
			if err != nil {
				return nil, err
			}
			ids = append(ids, administrators...)
			continue
		}
		var last int64
		for found := 0; found < limit; {
			page, err := r.BindingsWith(string(role), last, listPage)
			if err != nil {
				return nil, err
			}
			for _, b := range page {
				ids = append(ids, b.MemberID)
			}
			if len(page) < listPage {
				break
			}
			found, last = found+len(page), page[len(page)-1].MemberID
		}
	}
	return ids, nil
}

func (p *People) everybody(r *store.Reader) ([]int64, error) {
	var ids []int64
	var last int64
	for {
		page, err := r.MembersAfter(last, listPage)
		if err != nil || len(page) == 0 {
			return ids, err
		}
		last = page[len(page)-1].ID
		for _, m := range page {
			if m.Present() {
				ids = append(ids, m.ID)
			}
		}
	}
}

// eachPresent shows the present members among ids with what they may do, by
// id, each once, until see answers false.
func (p *People) eachPresent(r *store.Reader, ids []int64, see func(m store.Member, a policy.Actor) bool) error {
	slices.Sort(ids)
	for part := range slices.Chunk(slices.Compact(ids), listPage) {
		members, err := r.Members(part)
		if err != nil {
			return err
		}
		for _, m := range members {
			if !m.Present() {
				continue
			}
			a, err := p.Actor(r, m)
			if err != nil {
				return err
			}
			if !see(m, a) {
				return nil
			}
		}
	}
	return nil
}
