package people

import (
	"slices"

	"guiju/app/policy"
	"guiju/store"
)

// maxDepth bounds the way up from a department.
const maxDepth = 30

// Applicant answers what the conditions of approval processes may ask about a
// member: his departments and those above them, by the name WeCom has for each
// and every name the guide has, his roles and his posts.
func (p *People) Applicant(r *store.Reader, m store.Member) (policy.ApprovalApplicant, error) {
	var a policy.ApprovalApplicant
	org, err := p.Org(r)
	if err != nil {
		return a, err
	}
	memberships, err := r.Memberships(m.ID)
	if err != nil {
		return a, err
	}
	departments := []int64{m.MainDepartment}
	for _, s := range memberships {
		departments = append(departments, s.DepartmentID)
	}
	a.Departments = p.DepartmentNames(org, departments)
	actor, err := p.Actor(r, m)
	if err != nil {
		return a, err
	}
	for _, h := range actor.Holdings {
		if !slices.Contains(a.Roles, h.Role) {
			a.Roles = append(a.Roles, h.Role)
		}
	}
	posts, err := p.PostsOf(r, m)
	if err != nil {
		return a, err
	}
	for _, held := range posts {
		a.Posts = append(a.Posts, held.Name)
	}
	return a, nil
}

// DepartmentNames are the names of departments and of all above them, in WeCom
// and in the guide, each once.
func (p *People) DepartmentNames(org *policy.Org, departments []int64) []string {
	var names []string
	above := map[int64]bool{}
	for _, id := range departments {
		for range maxDepth {
			d, ok := org.Department(id)
			if !ok || above[id] {
				break
			}
			above[id] = true
			names = append(names, d.Name)
			id = d.Parent
		}
	}
	rules := p.rules()
	for _, name := range rules.DepartmentsNamed() {
		if slices.Contains(names, name) {
			continue
		}
		if d := rules.ResolveDepartment(name, org); d.Found && !d.Fallback && above[d.ID] {
			names = append(names, name)
		}
	}
	return names
}
