package people

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"guiju/app/policy"
	"guiju/store"
)

// Whom names those who have to act without naming a person; Resolve finds them
// when the step is entered (guide E2.0, names in force).
//
//	member:12             this member
//	members:12,13         these members; 直接上级 of whoever of them has left
//	user:hejing           the member with this userid; 直接上级 of him when he has left
//	superior              直接上级 of the one it is about
//	head                  部门主管 of the one it is about
//	head^2                部门主管 of the department one level above that, and so on
//	supervisor            分管领导 of the department of the one it is about, or of one above it
//	head:7                部门主管 of the department with this id
//	head:财务部           部门主管 of the department the guide calls so
//	department:人事部     the same: who answers for the department
//	post:行政部/用户权限管理  who holds the post there
//	post:财务经理          who holds the post, wherever
//	role:administrator    everybody with the role
//	role:department_head/7  everybody with the role for this object
type Whom string

// Found is whom a Whom means now.
type Found struct {
	Members []int64 // present members, not suspended, never the one it is about
	Instead string  // why it is somebody else than named, in Chinese; empty when it is not
	Vacant  bool    // the post or headship named has nobody
}

// mostFound bounds whom a role or post means.
const mostFound = 50

// candidates are those a Whom names, before anything is put in their place.
type candidates struct {
	members    []int64
	called     string // "岗位财务经理"
	department int64  // whose 部门主管 stands in; 0: that of the one it is about
	post       bool   // a post or headship, which can be vacant
	unknown    string // a department that is not there, as the guide calls it
}

// Resolve finds who is meant, in what concerns the member about (0: nobody in
// particular). Nobody decides about himself: then it is his superior. Whoever
// is suspended cannot act, and who holds his phone is not told (G2-4.2(3)). Where
// nobody is left it is 部门主管, then 总经理办公室, then 管理员; ErrNotFound,
// wrapped, when there are none of these either.
func (p *People) Resolve(r *store.Reader, w Whom, about int64) (Found, error) {
	c, err := p.named(r, w, about)
	if err != nil {
		return Found{}, fmt.Errorf("whom %q: %w", w, err)
	}
	present, held, err := p.able(r, c.members)
	if err != nil {
		return Found{}, err
	}
	others := slices.DeleteFunc(slices.Clone(present), func(id int64) bool { return id == about })
	if len(others) > 0 {
		return Found{Members: others, Instead: c.unknown}, nil
	}
	if len(present) > 0 { // only he himself
		superior, err := p.Superior(r, about)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return Found{}, err
		}
		above, _, err := p.able(r, []int64{superior})
		if err != nil {
			return Found{}, err
		}
		if len(above) > 0 {
			return Found{Members: above, Instead: "本人不能处理自己的事项，由直接上级处理"}, nil
		}
	}
	found, err := p.standIn(r, c, about)
	if err != nil {
		return found, fmt.Errorf("whom %q: %w", w, err)
	}
	found.Vacant = c.post && !held
	return found, nil
}

func (p *People) named(r *store.Reader, w Whom, about int64) (candidates, error) {
	kind, name, _ := strings.Cut(string(w), ":")
	if level, ok := strings.CutPrefix(string(w), "head^"); ok {
		return p.headAbove(r, level, about)
	}
	switch kind {
	case "members":
		return p.these(r, strings.Split(name, ","))
	case "user":
		return p.called(r, name)
	case "supervisor":
		return p.supervising(r, about)
	case "member":
		id, err := strconv.ParseInt(name, 10, 64)
		if err != nil {
			return candidates{}, fmt.Errorf("%q is no member's id", name)
		}
		c := candidates{members: []int64{id}, called: "指定人员"}
		if m, err := r.Member(id); err == nil {
			c.called, c.department = m.Name, m.MainDepartment
		}
		return c, nil
	case "superior":
		superior, err := p.Superior(r, about)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return candidates{}, err
		}
		c := candidates{called: "直接上级"}
		if err == nil {
			c.members = []int64{superior}
		}
		return c, nil
	case "head", "department":
		return p.headed(r, name, about)
	case "post":
		return p.holding(r, name)
	case "role":
		return p.having(r, name)
	}
	return candidates{}, errors.New("nobody is called so")
}

// headed are the 部门主管 of a department, by id or by the guide's name; without
// either, of the one it is about.
func (p *People) headed(r *store.Reader, name string, about int64) (candidates, error) {
	c := candidates{post: true, called: "部门主管"}
	org, err := p.Org(r)
	if err != nil {
		return c, err
	}
	switch id, isNumber := number(name); {
	case name == "":
		m, err := r.Member(about)
		if err != nil {
			return c, err
		}
		c.department = m.MainDepartment
	case isNumber:
		c.department = id
	default:
		d := p.rules().ResolveDepartment(name, org)
		c.department = d.ID
		if d.Fallback || !d.Found {
			c.unknown = fmt.Sprintf("没有部门%s，由%s处理", name, cmp.Or(d.Name, "管理员"))
			c.post = false
		}
	}
	d, _ := org.Department(c.department)
	c.called, c.members = d.Name+"部门主管", d.Leaders
	return c, nil
}

// holding are those who hold a post: "行政部/用户权限管理", or "财务经理" wherever
// it is held, first in the department the rulebook gives it.
func (p *People) holding(r *store.Reader, name string) (candidates, error) {
	place, post, placed := strings.Cut(name, "/")
	if !placed {
		place, post = "", name
	}
	c := candidates{post: true, called: "岗位" + post}
	org, err := p.Org(r)
	if err != nil {
		return c, err
	}
	info, known := p.rules().Post(post)
	if place == "" && known {
		place = info.Department
	}
	if place != "" {
		if d := p.rules().ResolveDepartment(place, org); d.Found {
			c.department = d.ID
		}
	}
	holders, err := p.HoldersOf(r, post)
	if err != nil {
		return c, err
	}
	var elsewhere []int64
	for _, h := range holders {
		if h.Department == c.department && c.department != 0 {
			c.members = append(c.members, h.Members...)
		} else {
			elsewhere = append(elsewhere, h.Members...)
		}
	}
	if len(c.members) == 0 && !placed {
		c.members = elsewhere
	}
	slices.Sort(c.members)
	c.members = slices.Compact(c.members)
	return c, nil
}

// having are those who hold a role, for an object if one follows.
func (p *People) having(r *store.Reader, name string) (candidates, error) {
	role, object, _ := strings.Cut(name, "/")
	c := candidates{called: role}
	if info, known := p.rules().RoleNamed(role); known {
		c.called, role = info.Title, string(info.Role)
	}
	if policy.Role(role) == policy.Administrator {
		administrators, err := p.Administrators(r)
		c.members = administrators
		return c, err
	}
	members, err := p.WithRole(r, policy.Role(role), object, mostFound)
	if err != nil {
		return c, err
	}
	for _, m := range members {
		c.members = append(c.members, m.ID)
	}
	return c, nil
}

// able keeps those who are here and not suspended, in their order; here says
// that somebody is, suspended or not.
func (p *People) able(r *store.Reader, ids []int64) (able []int64, here bool, err error) {
	members, err := r.Members(ids[:min(len(ids), mostFound)])
	if err != nil {
		return nil, false, err
	}
	for _, id := range ids {
		i := slices.IndexFunc(members, func(m store.Member) bool { return m.ID == id && m.Present() })
		if i < 0 || slices.Contains(able, id) {
			continue
		}
		here = true
		if members[i].SuspendedAt == nil {
			able = append(able, id)
		}
	}
	return able, here, nil
}

// standIn goes down the rungs when nobody who is named can act.
func (p *People) standIn(r *store.Reader, c candidates, about int64) (Found, error) {
	org, err := p.Org(r)
	if err != nil {
		return Found{}, err
	}
	department := c.department
	if department == 0 && about != 0 {
		m, err := r.Member(about)
		if err != nil {
			return Found{}, err
		}
		department = m.MainDepartment
	}
	home, _ := org.Department(department)
	rules := p.rules()
	top := rules.ResolveDepartment(rules.Rules().Route.TopFallback, org)
	office, _ := org.Department(top.ID)
	administrators, err := p.Administrators(r)
	if err != nil {
		return Found{}, err
	}
	for _, rung := range []struct {
		members []int64
		called  string
	}{
		{home.Leaders, home.Name + "部门主管"},
		{office.Leaders, office.Name},
		{administrators, "管理员"},
	} {
		here, _, err := p.able(r, slices.DeleteFunc(slices.Clone(rung.members), func(id int64) bool { return id == about }))
		if err != nil {
			return Found{}, err
		}
		if len(here) == 0 {
			continue
		}
		instead := fmt.Sprintf("%s没有可以处理的人，由%s处理", c.called, rung.called)
		if c.unknown != "" {
			instead = fmt.Sprintf("%s，由%s处理", strings.Split(c.unknown, "，")[0], rung.called)
		}
		return Found{Members: here, Instead: instead}, nil
	}
	return Found{}, fmt.Errorf("nobody is left, not even an administrator: %w", store.ErrNotFound)
}

// ReportVacancy gives duty.vacancy_by a to-do 岗位空缺 when a case met a post that nobody
// holds: one for each post while it is vacant (G1-4.2.2(3) AE3).
func (p *People) ReportVacancy(tx *store.Tx, w Whom, found Found, about int64) error {
	if !found.Vacant {
		return nil
	}
	c, err := p.named(&tx.Reader, w, about)
	if err != nil {
		return err
	}
	detail := "有事项需要" + c.called + "处理，但现在没有人任职"
	if found.Instead != "" {
		detail += "。" + found.Instead
	}
	return p.Raise(tx, ToDo{
		Whom: Whom(p.rules().Rules().Duty.VacancyBy), About: about, Title: "岗位空缺：" + c.called, Detail: detail + "。请安排任职人员。",
		Unique: fmt.Sprintf("vacancy:%s:%d", w, c.department),
	})
}
