package policy

import (
	"slices"
	"strconv"
	"time"
)

// Reach says over which objects an actor has a permission: what a list or
// report may show him (guide E2.0, reports).
type Reach struct {
	All         bool
	Departments []int64 // those of these departments
	Team        bool    // those whose 直接上级 he is
	Own         bool
}

// Reach answers where a permission holds. The zero Reach is nowhere.
func (e *Engine) Reach(a Actor, p Permission, at time.Time) Reach {
	var reach Reach
	for _, d := range e.Sources(a, p, at) {
		scope := e.roles[d.Holding.Role][p]
		if d.Grant.Object != "" {
			continue // one object, which is asked about by Permit
		}
		switch {
		case d.Holding.Role == "" || d.Holding.Object == "" && scope == Any:
			reach.All = true
		case e.RoleOf(d.Holding.Role).Object == DepartmentObject && d.Holding.Object != "":
			if id, err := strconv.ParseInt(d.Holding.Object, 10, 64); err == nil && !slices.Contains(reach.Departments, id) {
				reach.Departments = append(reach.Departments, id)
			}
		case scope == SameDepartment:
			for _, id := range a.Departments() {
				if !slices.Contains(reach.Departments, id) && !a.Suspended {
					reach.Departments = append(reach.Departments, id)
				}
			}
		case scope == Team:
			reach.Team = true
		}
		reach.Own = true
	}
	return reach
}

// Sources answers everything that gives an actor p now, grants first, each as
// the decision it makes possible; nothing when p is refused to him.
func (e *Engine) Sources(a Actor, p Permission, at time.Time) []Decision {
	if !e.Permit(a, p, Object{}, at).Allowed {
		return nil
	}
	var all []Decision
	one := Actor{Member: a.Member, Active: true}
	if a.Suspended {
		return []Decision{e.Permit(a, p, Object{}, at)}
	}
	for _, g := range a.Grants {
		one.Grants, one.Holdings = []Grant{g}, nil
		if d := e.Permit(one, p, Object{}, at); d.Allowed {
			all = append(all, d)
		}
	}
	for _, h := range a.Holdings {
		one.Grants, one.Holdings = nil, []Holding{h}
		if d := e.Permit(one, p, Object{}, at); d.Allowed {
			all = append(all, d)
		}
	}
	return all
}

// IsAdministrator reports whether userid is named in administrators; case does not matter.
func (e *Engine) IsAdministrator(userid string) bool {
	return userid != "" && slices.ContainsFunc(e.rules.Administrators, func(name string) bool {
		return fold(name) == fold(userid)
	})
}
