package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const departmentClause = "X-28"

// Department is a WeCom department as the policy sees it.
type Department struct {
	ID      int64
	Parent  int64
	Name    string
	Leaders []int64 // active heads (部门主管), by internal member id, in WeCom's order
}

// PostHolders are the active members who hold a post in a department. Department
// zero means the company as a whole.
type PostHolders struct {
	Post       string
	Department int64
	Members    []int64
}

// Org is an immutable picture of the company, indexed for the questions of this
// package. It holds departments and the posts the rulebook names, not all
// members, so that its size does not grow with them.
type Org struct {
	byID   map[int64]Department
	byName map[string][]Department // folded name → departments, lowest id first
	posts  map[postKey][]int64
	admins []int64
}

type postKey struct {
	post       string
	department int64
}

// NewOrg indexes departments and posts. Administrators are the members who take
// what has no other answerer.
func NewOrg(departments []Department, posts []PostHolders, administrators []int64) *Org {
	o := &Org{
		byID:   make(map[int64]Department, len(departments)),
		byName: make(map[string][]Department, len(departments)),
		posts:  make(map[postKey][]int64, len(posts)),
		admins: slices.Clone(administrators),
	}
	for _, d := range departments {
		o.byID[d.ID] = d
		o.byName[fold(d.Name)] = append(o.byName[fold(d.Name)], d)
	}
	for _, same := range o.byName {
		slices.SortFunc(same, func(a, b Department) int { return cmp.Compare(a.ID, b.ID) })
	}
	for _, p := range posts {
		key := postKey{fold(p.Post), p.Department}
		o.posts[key] = append(o.posts[key], p.Members...)
	}
	return o
}

// Department returns the department with id.
func (o *Org) Department(id int64) (Department, bool) {
	d, ok := o.byID[id]
	return d, ok
}

// NameOf is the name of the department with the id in digits, as bound roles
// name it.
func (o *Org) NameOf(id string) (string, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	d, found := o.byID[n]
	return d.Name, found && err == nil
}

// Posts lists the posts the rulebook names, sorted.
func (e *Engine) Posts() []string {
	set := map[string]bool{}
	for name := range e.rules.Posts {
		set[name] = true
	}
	for _, t := range e.rules.Route.Topics {
		if t.Post != "" {
			set[t.Post] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// DepartmentsNamed lists the names the rulebook has for departments, sorted.
func (e *Engine) DepartmentsNamed() []string {
	set := map[string]bool{}
	for _, name := range e.rules.DepartmentsNeeded {
		set[name] = true
	}
	for name := range e.rules.Departments {
		set[name] = true
	}
	for alias := range e.rules.DepartmentAliases {
		set[alias] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// DepartmentDecision is the department a name of the guide stands for.
type DepartmentDecision struct {
	Basis
	Found    bool
	ID       int64
	Name     string // the department's name in WeCom
	Fallback bool   // the name is not mapped; the department is the one of X-28
	Why      Reason
}

// ResolveDepartment finds the department for a name of the guide: mapped in
// departments, else of that name in org, else the same for its aliases, else
// the fallback of X-28, else 总经理办公室.
func (e *Engine) ResolveDepartment(name string, org *Org) DepartmentDecision {
	d := DepartmentDecision{Basis: e.basis("departments", departmentClause)}
	var tried []Reason
	found, ok := e.lookup(name, org, &tried)
	for _, instead := range []string{e.rules.DepartmentFallback, e.rules.Route.TopFallback} {
		if ok {
			break
		}
		d.Fallback = true
		found, ok = e.lookup(instead, org, &tried)
	}
	d.Found, d.ID, d.Name = ok, found.ID, found.Name
	switch {
	case !ok:
		d.Why = d.root(No, "“%s”没有对应的部门", name)
	case d.Fallback:
		d.Why = d.root(No, "“%s”没有对应的部门，转给 %s（%d）", name, found.Name, found.ID)
	default:
		d.Why = d.root(Yes, "“%s”是部门 %s（%d）", name, found.Name, found.ID)
	}
	d.Why.Of = tried
	return d
}

// lookup tries name and everything that means the same, noting each attempt.
func (e *Engine) lookup(name string, org *Org, tried *[]Reason) (Department, bool) {
	note := func(mark Mark, format string, args ...any) {
		*tried = append(*tried, Reason{Mark: mark, Text: fmt.Sprintf(format, args...)})
	}
	for i, same := range e.synonyms(name) {
		what := "“" + same + "”"
		if i > 0 {
			what += "（同义）"
		}
		if id, mapped := e.mapped(same); mapped {
			if found, ok := org.byID[id]; ok {
				note(Yes, "%s在 departments 中对应部门 %d", what, id)
				return found, true
			}
			note(No, "%s在 departments 中对应部门 %d，但企业微信里没有这个部门", what, id)
		}
		switch found := org.byName[fold(same)]; len(found) {
		case 0:
			note(No, "企业微信里没有部门%s", what)
		case 1:
			note(Yes, "企业微信里有部门%s", what)
			return found[0], true
		default:
			note(Yes, "企业微信里有 %d 个部门%s，取编号最小的；可在 departments 中指定", len(found), what)
			return found[0], true
		}
	}
	return Department{}, false
}

// synonyms are name, then the names that department_aliases declares equal to
// it (in both directions: HR = 人事部), each also with 部 for 部门 and back.
func (e *Engine) synonyms(name string) []string {
	canonical := name
	for alias, target := range e.rules.DepartmentAliases {
		if fold(alias) == fold(name) {
			canonical = target
		}
	}
	names := []string{name, canonical}
	for _, alias := range slices.Sorted(maps.Keys(e.rules.DepartmentAliases)) {
		if fold(e.rules.DepartmentAliases[alias]) == fold(canonical) {
			names = append(names, alias)
		}
	}
	out := make([]string, 0, 2*len(names))
	for _, n := range names {
		for _, form := range []string{n, otherSuffix(n)} {
			if form != "" && !slices.Contains(out, form) {
				out = append(out, form)
			}
		}
	}
	return out
}

func otherSuffix(name string) string {
	if stem, ok := strings.CutSuffix(name, "部门"); ok && stem != "" {
		return stem + "部"
	}
	if stem, ok := strings.CutSuffix(name, "部"); ok && stem != "" {
		return stem + "部门"
	}
	return ""
}

func (e *Engine) mapped(name string) (int64, bool) {
	for key, id := range e.rules.Departments {
		if fold(key) == fold(name) {
			return id, true
		}
	}
	return 0, false
}

// AnswerDecision names who answers a matter.
type AnswerDecision struct {
	Basis
	Department DepartmentDecision
	Members    []int64 // candidates of the rung that answered, best first; empty: nobody
	Why        Reason
}

// Answerer finds who answers in the department that the guide calls name: the
// holder of post, else 部门主管, else 总经理办公室, else an administrator; never
// asker. An empty post skips the first rung.
func (e *Engine) Answerer(name, post string, asker int64, org *Org) AnswerDecision {
	d := AnswerDecision{Basis: e.basis("route.topic_departments", "G1-4.2(1)")}
	d.Department = e.ResolveDepartment(name, org)
	tree := []Reason{d.Department.Why}
	home := org.byID[d.Department.ID]

	for _, rung := range []struct {
		label   string
		members func() (all []int64, applies bool)
	}{
		{home.Name + "的岗位“" + post + "”", func() ([]int64, bool) { return org.Holders(post, home.ID), post != "" }},
		{home.Name + "的部门主管", func() ([]int64, bool) { return home.Leaders, d.Department.Found }},
		{e.rules.Route.TopFallback, func() ([]int64, bool) {
			top := e.ResolveDepartment(e.rules.Route.TopFallback, org)
			return org.byID[top.ID].Leaders, top.Found && !top.Fallback
		}},
		{"管理员", func() ([]int64, bool) { return org.admins, true }},
	} {
		members, applies := rung.members()
		if !applies {
			continue
		}
		d.Members = without(members, asker)
		switch {
		case len(d.Members) > 0:
			tree = append(tree, Reason{Mark: Yes, Text: fmt.Sprintf("%s：%d 人", rung.label, len(d.Members))})
			d.Why = d.root(Yes, "由%s答复", rung.label)
			d.Why.Of = tree
			return d
		case len(members) > 0:
			tree = append(tree, Reason{Mark: No, Text: rung.label + "：只有提问人自己"})
		default:
			tree = append(tree, Reason{Mark: No, Text: rung.label + "：没有人"})
		}
	}
	d.Why = d.root(No, "没有人可以答复")
	d.Why.Of = tree
	return d
}

// Holders are those who hold post in department, else in the company as a whole.
func (o *Org) Holders(post string, department int64) []int64 {
	if in := o.posts[postKey{fold(post), department}]; len(in) > 0 {
		return in
	}
	return o.posts[postKey{fold(post), 0}]
}

// HoldersAnywhere are those who hold post in whatever department, by id.
func (o *Org) HoldersAnywhere(post string) []int64 {
	var all []int64
	for key, members := range o.posts {
		if key.post == fold(post) {
			all = append(all, members...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func without(members []int64, one int64) []int64 {
	return slices.DeleteFunc(slices.Clone(members), func(m int64) bool { return m == one })
}
