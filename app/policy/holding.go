package policy

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Source says where a holding comes from.
type Source string

// The sources of holdings. Those from department to rulebook are derived from
// the contacts and the rulebook; the last two were given by somebody.
const (
	SourceBase        Source = "base"
	SourceCategory    Source = "category" // the default category, or by a rule for a category
	SourceDepartment  Source = "department"
	SourceHead        Source = "head"
	SourcePosition    Source = "position" // WeCom's position or a post
	SourceTag         Source = "tag"
	SourceRulebook    Source = "rulebook"    // named there by userid
	SourceAssigned    Source = "assigned"    // by an administrator
	SourceApplication Source = "application" // on an approved application
)

// Derived says that the contacts and the rulebook decide whether it goes on.
func (s Source) Derived() bool { return s != SourceAssigned && s != SourceApplication }

func (s Source) label() string {
	switch s {
	case SourceBase:
		return "所有成员都有"
	case SourceCategory:
		return "按角色类别"
	case SourceDepartment:
		return "按所在部门"
	case SourceHead:
		return "因担任部门负责人"
	case SourcePosition:
		return "按岗位"
	case SourceTag:
		return "按标签"
	case SourceRulebook:
		return "规则指定"
	case SourceApplication:
		return "经申请批准"
	default:
		return "由管理员分配"
	}
}

// Label is the source in Chinese.
func (s Source) Label() string { return s.label() }

// Holding is a role somebody has, for one object if the role is bound.
type Holding struct {
	Role   Role
	Object string // process number or department id, see RoleInfo.Object; empty: none, or all
	Source Source
	Until  time.Time // zero: until further notice
}

// Facts are what the contacts know of a member.
type Facts struct {
	Member         int64
	UserID         string
	MainDepartment int64
	Departments    []int64 // all of his, the main one too
	Heads          []int64 // departments he is 部门主管 of
	Posts          []PostFact
	Tags           []string
}

// PostFact is a post somebody holds: his position in WeCom or another.
type PostFact struct {
	Post       string
	Department int64 // where; 0: nowhere in particular
}

// everything in a rule means any department.
const everything = "*"

// Entitled answers what departments, headship, position or post, tags and the
// rulebook give a member (permission.assign), each role and object once, the
// first rule first; of categories only the first. What follows from a category
// is not in it: see Implied. Base and the default category are not either.
func (e *Engine) Entitled(f Facts, org *Org) []Holding {
	var all []Holding
	category := false
	add := func(h Holding) {
		info := e.RoleOf(h.Role)
		if info.Kind == Category {
			if category || h.Role == Other {
				category = true
				return
			}
			category = true
		}
		if !slices.ContainsFunc(all, func(o Holding) bool { return o.Role == h.Role && fold(o.Object) == fold(h.Object) }) {
			all = append(all, h)
		}
	}
	if e.IsAdministrator(f.UserID) {
		add(Holding{Role: Administrator, Source: SourceRulebook})
	}
	for _, rule := range e.assign {
		objects, source, ok := rule.matches(e, f, org)
		if !ok {
			continue
		}
		for _, object := range objects {
			add(Holding{Role: rule.role, Object: object, Source: source})
		}
	}
	return all
}

// Implied answers what a category brings along (X-35: 系统管理员 are by default
// the same people as 管理员).
func (e *Engine) Implied(category Role) []Holding {
	var all []Holding
	for _, rule := range e.assign {
		if rule.category == category {
			all = append(all, Holding{Role: rule.role, Source: SourceCategory})
		}
	}
	return all
}

// assignRule is one entry of permission.assign, with its role resolved.
type assignRule struct {
	AssignRule
	role     Role
	category Role
}

// matches answers the objects for which the rule gives its role, [""] for none.
// All its conditions must hold.
func (r assignRule) matches(e *Engine, f Facts, org *Org) (objects []string, source Source, ok bool) {
	if r.category != "" {
		return nil, "", false
	}
	object, found := r.boundTo(e, org)
	if !found {
		return nil, "", false
	}
	objects = []string{object}
	if r.Department != "" {
		source = SourceDepartment
		if !slices.ContainsFunc(f.Departments, func(id int64) bool { return e.below(id, r.Department, org) }) {
			return nil, "", false
		}
	}
	if r.Tag != "" {
		source = SourceTag
		if !slices.ContainsFunc(f.Tags, func(t string) bool { return fold(t) == fold(r.Tag) }) {
			return nil, "", false
		}
	}
	if r.Post != "" {
		source = SourcePosition
		var at []string
		held := false
		for _, post := range f.Posts {
			if e.samePost(r.Post, post, org) {
				held = true
				if post.Department != 0 {
					at = append(at, strconv.FormatInt(post.Department, 10))
				}
			}
		}
		if !held {
			return nil, "", false
		}
		if r.Head == "" && e.forEach(r) {
			objects = at
		}
	}
	if r.UserID != "" {
		source = SourceRulebook
		if fold(r.UserID) != fold(f.UserID) {
			return nil, "", false
		}
	}
	if r.Head != "" {
		source = SourceHead
		var led []string
		for _, id := range f.Heads {
			if r.Head == everything || e.below(id, r.Head, org) {
				led = append(led, strconv.FormatInt(id, 10))
			}
		}
		if len(led) == 0 {
			return nil, "", false
		}
		if e.forEach(r) {
			objects = led
		}
	}
	return objects, source, true
}

// forEach says whether the role is held for each department that the rule's
// condition finds.
func (e *Engine) forEach(r assignRule) bool {
	return e.RoleOf(r.role).Object == DepartmentObject && r.Object == ""
}

// boundTo answers the object the rule names, a department by its id.
func (r assignRule) boundTo(e *Engine, org *Org) (object string, found bool) {
	if r.Object == "" || e.RoleOf(r.role).Object != DepartmentObject {
		return r.Object, true
	}
	if _, err := strconv.ParseInt(r.Object, 10, 64); err == nil {
		return r.Object, true
	}
	if org == nil {
		return "", false
	}
	d, found := e.lookup(r.Object, org, new([]Reason))
	return strconv.FormatInt(d.ID, 10), found
}

// samePost compares a rule's post with one that is held: "行政部/用户权限管理"
// there, "用户权限管理" in whatever department.
func (e *Engine) samePost(rule string, held PostFact, org *Org) bool {
	department, post, qualified := strings.Cut(rule, "/")
	if !qualified {
		return fold(rule) == fold(held.Post)
	}
	return fold(post) == fold(held.Post) && e.below(held.Department, department, org)
}

// below says whether a department is the one the guide calls name, by X-28 but
// without its fallback, or lies below it.
func (e *Engine) below(id int64, name string, org *Org) bool {
	if org == nil {
		return false
	}
	d, found := e.lookup(name, org, new([]Reason))
	if !found {
		return false
	}
	for range len(org.byID) + 1 { // a loop in the tree ends
		if id == d.ID {
			return true
		}
		up, known := org.byID[id]
		if !known {
			return false
		}
		id = up.Parent
	}
	return false
}

// Transfer is F-13: what a new post needs beyond what was held, and what was
// held and is needed no more, both sorted.
func Transfer[T ~string](before, after []T) (add, remove []T) {
	return minus(after, before), minus(before, after)
}

// minus is what a has and b lacks, sorted, each once; never nil.
func minus[T ~string](a, b []T) []T {
	rest := []T{}
	for _, s := range a {
		if !slices.Contains(b, s) && !slices.Contains(rest, s) {
			rest = append(rest, s)
		}
	}
	slices.Sort(rest)
	return rest
}

// Permissions answers what holdings give, sorted, each code once whatever its
// scope.
func (e *Engine) Permissions(held []Holding) []Permission {
	set := map[Permission]bool{}
	for _, h := range held {
		for p := range e.roles[h.Role] {
			if _, node, ok := nodeOf(p); ok && h.Object != "" {
				p = nodePermission(h.Object, node)
			}
			set[p] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// RolesWith lists the roles that give p, for whatever object.
func (e *Engine) RolesWith(p Permission) []Role {
	var roles []Role
	for _, info := range e.roleList {
		_, held := e.roles[info.Role][p]
		if _, node, ok := nodeOf(p); !held && ok {
			_, held = e.roles[info.Role][nodePermission(anyProcess, strings.ToUpper(node))]
		}
		if held {
			roles = append(roles, info.Role)
		}
	}
	return roles
}

// Conflict is a pair of duties one person may not hold together.
type Conflict struct {
	A, B Holding
	Rule []string // the pair of permission.sod
}

// Conflicts answers which of these holdings may not be one person's
// (permission.sod), in the order of the rules.
func (e *Engine) Conflicts(held []Holding) []Conflict {
	var all []Conflict
	for _, rule := range e.sod {
		for i, a := range held {
			for j, b := range held {
				if i == j || !slices.Contains(rule.a, a.Role) || !slices.Contains(rule.b, b.Role) {
					continue
				}
				if rule.same && a.Object != "" && b.Object != "" && fold(a.Object) != fold(b.Object) {
					continue
				}
				all = append(all, Conflict{A: a, B: b, Rule: rule.text})
			}
		}
	}
	return all
}

// Duties of one case that permission.sod speaks of beside the roles; their
// object is the number of the case. Domains ask Conflicts about them.
const (
	Applicant       Role = "applicant"        // 申请人
	Decider         Role = "decider"          // 审批人
	DestroyHead     Role = "destroy_head"     // 部门主管审批 of a destruction
	DestroySecurity Role = "destroy_security" // 信息安全部门审批 of a destruction
)

func caseDuties() map[string][]Role {
	return map[string][]Role{
		"申请人": {Applicant}, "审批人": {Decider}, "审批人员": {ApproverA, ApproverB},
		"部门主管审批": {DestroyHead}, "信息安全部门审批": {DestroySecurity},
	}
}

// sodRule is one pair of permission.sod.
type sodRule struct {
	a, b []Role
	same bool // only for the same process, case or destruction
	text []string
}

// NodeDuty is the role that deciding a node of a process amounts to, for
// Conflicts: whoever may decide node A of P-02 is 审批人员A of it.
func NodeDuty(p Permission) (Holding, bool) {
	process, node, ok := nodeOf(p)
	if !ok || process == anyProcess {
		return Holding{}, false
	}
	for name, role := range map[string]Role{"a": ApproverA, "b": ApproverB} {
		if fold(node) == name {
			return Holding{Role: role, Object: process}, true
		}
	}
	return Holding{}, false
}
