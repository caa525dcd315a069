package people

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"guiju/app/policy"
	"guiju/store"
)

// The names that approval processes add to Whom.

// maxLevels bounds how many departments above one another are looked at.
const maxLevels = 20

// these are named members; the place of whoever has left is his superior's.
func (p *People) these(r *store.Reader, ids []string) (candidates, error) {
	c := candidates{called: "指定人员"}
	for _, text := range ids[:min(len(ids), mostFound)] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return c, fmt.Errorf("%q is no member's id", text)
		}
		m, err := r.Member(id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return c, err
		}
		if err := p.place(r, m, &c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// called is the member with a userid.
func (p *People) called(r *store.Reader, userid string) (candidates, error) {
	c := candidates{called: "指定人员" + userid}
	m, err := r.MemberByUserID(userid)
	if errors.Is(err, store.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	return c, p.place(r, m, &c)
}

// place adds a named member, or who stands above him once he has left.
func (p *People) place(r *store.Reader, m store.Member, c *candidates) error {
	if len(c.members) == 0 {
		c.called, c.department = m.Name, m.MainDepartment
	}
	if m.Present() {
		c.members = append(c.members, m.ID)
		return nil
	}
	superior, err := p.Superior(r, m.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	above, err := r.Member(superior)
	if err != nil {
		return err
	}
	c.members = append(c.members, superior)
	c.unknown = fmt.Sprintf("%s已离职，由其上级%s处理", m.Name, above.Name)
	return nil
}

// headAbove is the 部门主管 so many levels up: 1 is that of his own department.
// Above the top department it is that one's.
func (p *People) headAbove(r *store.Reader, level string, about int64) (candidates, error) {
	n, err := strconv.Atoi(level)
	if err != nil || n < 1 || n > maxLevels {
		return candidates{}, fmt.Errorf("%q is no level from 1 to %d", level, maxLevels)
	}
	m, err := r.Member(about)
	if err != nil {
		return candidates{}, err
	}
	org, err := p.Org(r)
	if err != nil {
		return candidates{}, err
	}
	line := lineOf(org, m.MainDepartment)
	c := candidates{post: true, called: "上级部门主管"}
	if len(line) == 0 {
		return c, nil
	}
	d := line[min(n, len(line))-1]
	c.department, c.called, c.members = d.ID, d.Name+"部门主管", d.Leaders
	return c, nil
}

// lineOf is a department and those above it, lowest first.
func lineOf(org *policy.Org, id int64) []policy.Department {
	var line []policy.Department
	for range maxLevels {
		d, found := org.Department(id)
		if !found || slices.ContainsFunc(line, func(o policy.Department) bool { return o.ID == d.ID }) {
			break
		}
		line = append(line, d)
		id = d.Parent
	}
	return line
}

// supervising is the 分管领导 of the department of the one it is about, else of
// the nearest above it; without any it is 总经理办公室.
func (p *People) supervising(r *store.Reader, about int64) (candidates, error) {
	m, err := r.Member(about)
	if err != nil {
		return candidates{}, err
	}
	org, err := p.Org(r)
	if err != nil {
		return candidates{}, err
	}
	c := candidates{called: "分管领导"}
	for _, d := range lineOf(org, m.MainDepartment) {
		leaders, err := p.WithRole(r, policy.SupervisingLeader, strconv.FormatInt(d.ID, 10), mostFound)
		if err != nil {
			return c, err
		}
		for _, leader := range leaders {
			if leader.SuspendedAt == nil {
				c.members = append(c.members, leader.ID)
			}
		}
		if len(c.members) > 0 {
			return c, nil
		}
	}
	rules := p.rules()
	top := rules.ResolveDepartment(rules.Rules().Route.TopFallback, org)
	office, _ := org.Department(top.ID)
	c.department, c.members = office.ID, office.Leaders
	c.unknown = fmt.Sprintf("%s没有分管领导，由%s处理", strings.TrimSpace(departmentName(org, m.MainDepartment)), office.Name)
	return c, nil
}

func departmentName(org *policy.Org, id int64) string {
	d, _ := org.Department(id)
	return d.Name
}
