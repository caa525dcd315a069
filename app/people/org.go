package people

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"guiju/app/policy"
	"guiju/store"
)

// revisionKey is the setting that changes with the company's picture.
const revisionKey = "people.revision"

// revise marks the picture of the company as changed. Revisions are random, not
// counted: a transaction that builds the picture and then fails must not leave
// it under the name the next change will have.
func (p *People) revise(tx *store.Tx) error {
	return tx.SetSetting(revisionKey, rand.Int64())
}

func (p *People) currentRevision(r *store.Reader) (int64, error) {
	var revision int64
	err := r.Setting(revisionKey, &revision)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return revision, err
}

// Org is the company as the policy sees it. It is built anew only when the
// contacts or the rulebook have changed.
func (p *People) Org(r *store.Reader) (*policy.Org, error) {
	revision, err := p.currentRevision(r)
	if err != nil {
		return nil, err
	}
	rules := p.rules()
	p.mu.Lock()
	known := p.org
	fits := known != nil && p.revision == revision && p.rulebook == rules.Version()
	p.mu.Unlock()
	if fits {
		return known, nil
	}
	// Nobody waits for another who builds the same: a transaction that waits
	// keeps its connection, and the other may be waiting for one.
	org, err := p.build(r, rules)
	if err != nil {
		return nil, fmt.Errorf("picture of the company: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.org, p.revision, p.rulebook = org, revision, rules.Version()
	return org, nil
}

func (p *People) build(r *store.Reader, rules *policy.Engine) (*policy.Org, error) {
	rows, err := r.Departments()
	if err != nil {
		return nil, err
	}
	heads, err := r.Leaders()
	if err != nil {
		return nil, err
	}
	leaders := make(map[int64][]int64)
	for _, h := range heads {
		leaders[h.DepartmentID] = append(leaders[h.DepartmentID], h.MemberID)
	}
	departments := orgDepartments(rows, leaders)
	posts, err := p.posts(r, rules, policy.NewOrg(departments, nil, nil))
	if err != nil {
		return nil, err
	}
	administrators, err := p.Administrators(r)
	if err != nil {
		return nil, err
	}
	return policy.NewOrg(departments, posts, administrators), nil
}

func orgDepartments(rows []store.Department, leaders map[int64][]int64) []policy.Department {
	departments := make([]policy.Department, len(rows))
	for i, d := range rows {
		departments[i] = policy.Department{ID: d.ID, Parent: d.ParentID, Name: d.Name, Leaders: leaders[d.ID]}
	}
	return departments
}

// Superior answers the member's 直接上级, else his 部门主管, else somebody of
// 总经理办公室 (guide E2.0, names in force); never himself. ErrNotFound when
// nobody is left.
func (p *People) Superior(r *store.Reader, member int64) (int64, error) {
	m, err := r.Member(member)
	if err != nil {
		return 0, err
	}
	if m.LeaderUserID != "" {
		leader, err := r.MemberByUserID(m.LeaderUserID)
		if err == nil && leader.Present() && leader.ID != member {
			return leader.ID, nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, err
		}
	}
	heads, err := p.departmentHeads(r, m)
	if err != nil {
		return 0, err
	}
	return heads[0], nil
}

// Heads answers the 部门主管 of the member's main department; a head's own is
// his superior. ErrNotFound when nobody is left.
func (p *People) Heads(r *store.Reader, member int64) ([]int64, error) {
	m, err := r.Member(member)
	if err != nil {
		return nil, err
	}
	return p.departmentHeads(r, m)
}

// StandsOver says whether a member is the 直接上级 or a 部门主管 of another, or
// stands in their place: see Superior.
func (p *People) StandsOver(r *store.Reader, member, other int64) (bool, error) {
	superior, err := p.Superior(r, other)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || superior == member {
		return err == nil, err
	}
	heads, err := p.Heads(r, other)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	return slices.Contains(heads, member), nil
}

func (p *People) departmentHeads(r *store.Reader, m store.Member) ([]int64, error) {
	heads, err := r.LeadersOf(m.MainDepartment)
	if err != nil {
		return nil, err
	}
	heads = slices.DeleteFunc(heads, func(id int64) bool { return id == m.ID })
	if len(heads) > 0 {
		return heads, nil
	}
	org, err := p.Org(r)
	if err != nil {
		return nil, err
	}
	top := p.rules().Answerer(p.rules().Rules().Route.TopFallback, "", m.ID, org)
	if len(top.Members) == 0 {
		return nil, fmt.Errorf("superior of member %d: %w", m.ID, store.ErrNotFound)
	}
	return top.Members, nil
}
