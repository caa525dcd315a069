package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Secrecy of an object (密级). The zero value is not secret.
type Secrecy string

// The levels of secrecy.
const (
	Public       Secrecy = "public"       // 公开
	Internal     Secrecy = "internal"     // 内部
	Confidential Secrecy = "confidential" // 机密
	TopSecret    Secrecy = "top_secret"   // 绝密
)

// Actor is who asks.
type Actor struct {
	Member    int64 // internal id
	Holdings  []Holding
	Active    bool // false: left, disabled or not yet activated
	Suspended bool // 挂失
	Grants    []Grant
	Denies    []Deny
}

// Holds says whether the actor has a role, for whatever object.
func (a Actor) Holds(role Role) bool {
	return slices.ContainsFunc(a.Holdings, func(h Holding) bool { return h.Role == role })
}

// Departments are those the actor heads as far as he holds the role for it:
// the scope "department".
func (a Actor) Departments() []int64 {
	var all []int64
	for _, h := range a.Holdings {
		if h.Role == DepartmentHead {
			if id, err := strconv.ParseInt(h.Object, 10, 64); err == nil {
				all = append(all, id)
			}
		}
	}
	return all
}

// Grant is a permission given beyond the roles, from From until before To. A
// zero bound is open.
type Grant struct {
	ID         int64
	Permission Permission
	Object     string // id; empty: any
	From, To   time.Time
}

// Deny is an explicit 禁止访问.
type Deny struct {
	Permission Permission
	Object     string // id; empty: any
}

// Object is what the permission is asked for. The zero value asks for the
// permission as such: whether there can be an object for which it is held.
type Object struct {
	ID          string  // as in M20260302-0001
	Owners      []int64 // sender, receivers, document owner: the scope "own"
	Leaders     []int64 // 直接上级 of whom it is about: the scope "team"
	Department  int64   // the scope "department"
	Process     string  // number of the process it belongs to: P-02
	Secrecy     Secrecy
	Responsible int64 // 文档负责人
	Applicant   int64 // of a case: he may not decide it
}

func (o Object) none() bool {
	return o.ID == "" && len(o.Owners) == 0 && len(o.Leaders) == 0 && o.Department == 0 && o.Process == ""
}

// Decision allows or refuses. Permission is what a refused member may apply for.
type Decision struct {
	Basis
	Allowed    bool
	Permission Permission
	Title      string    // the permission in Chinese
	Holding    Holding   // the role that allows it; zero without one
	Grant      Grant     // the grant that allows it; zero without one
	Until      time.Time // when that ends; zero: not known to end
	Why        Reason
}

// Permit decides in the order of S02, first that applies: inactive, suspended,
// explicit deny, hard object rules, unexpired grant, role, default deny.
func (e *Engine) Permit(a Actor, p Permission, o Object, at time.Time) Decision {
	info, known := e.permission(p)
	d := Decision{Permission: p, Title: info.Title}
	var tried []Reason
	decide := func(allowed bool, rule, why string) Decision {
		d.Basis, d.Allowed = e.basis(rule, info.Clause), allowed
		word := "允许"
		if !allowed {
			word = "拒绝"
		}
		d.Why = d.root(mark(allowed), "%s %s（%s）", word, p, info.Title)
		d.Why.Of = append(tried, Reason{Mark: mark(allowed), Text: why})
		return d
	}
	pass := func(format string, args ...any) {
		tried = append(tried, Reason{Mark: Note, Text: fmt.Sprintf(format, args...)})
	}

	if !known {
		return decide(false, "permission", "没有这个权限代码")
	}
	if !a.Active {
		return decide(false, "permission", "成员未激活、已停用或已离职")
	}
	pass("成员有效")
	if a.Suspended {
		base := Holding{Role: Member, Source: SourceBase}
		open := o.Secrecy == "" || o.Secrecy == Public // 公开 only (G2-4.2(3) AE1)
		if why := e.covers(a, base, p, o); why == "" && open && hardRule(a, info, o) == "" && !denied(a, p, o) {
			d.Holding = base
			return decide(true, "permission.roles.member", "已挂失，只保留基本权限，此项属于基本权限")
		}
		return decide(false, "permission.roles.member", "已挂失，只保留基本权限和公开内容")
	}
	if denied(a, p, o) {
		return decide(false, "permission", "被明确禁止访问")
	}
	pass("没有明确禁止")
	if rule := hardRule(a, info, o); rule != "" {
		return decide(false, "permission", rule)
	}
	for _, g := range a.Grants {
		if !samePermission(g.Permission, p) || g.Object != "" && !o.none() && fold(g.Object) != fold(o.ID) {
			continue
		}
		if at.Before(g.From) || !g.To.IsZero() && !at.Before(g.To) {
			pass("有授权，但不在有效期内")
			continue
		}
		d.Grant, d.Until = g, g.To
		return decide(true, "permission.grant", "有授权，"+e.until(g.To))
	}
	for _, h := range a.Holdings {
		name := e.holdingName(h)
		if !h.Until.IsZero() && !at.Before(h.Until) {
			pass("角色“%s”已到期", name)
			continue
		}
		if why := e.covers(a, h, p, o); why != "" {
			pass("角色“%s”%s", name, why)
			continue
		}
		d.Holding, d.Until = h, h.Until
		from := h.Source.label()
		if !h.Until.IsZero() {
			from += "，" + e.until(h.Until)
		}
		return decide(true, fmt.Sprintf("permission.roles.%s", h.Role), fmt.Sprintf("角色“%s”有此权限（%s）", name, from))
	}
	return decide(false, "permission.roles", "没有角色或授权给予此权限")
}

// Base says whether every active member has p, for some object.
func (e *Engine) Base(p Permission) bool {
	_, held := e.roles[Member][p]
	return held
}

// permission describes p; the code of one node of a process is known by its form.
func (e *Engine) permission(p Permission) (PermissionInfo, bool) {
	if info, known := e.permissions[p]; known {
		return info, true
	}
	if _, _, node := nodeOf(p); node {
		return PermissionNamed(string(p))
	}
	return PermissionInfo{Code: p, Title: string(p), Clause: "E2.P"}, false
}

// hardRule returns the object rule that forbids and that no grant lifts, or "".
func hardRule(a Actor, p PermissionInfo, o Object) string {
	switch {
	case a.Holds(External) && (o.Secrecy == TopSecret || o.Secrecy == Confidential):
		return "外部合作方不得接触机密、绝密内容"
	case o.Secrecy == TopSecret && !a.Holds(SeniorManager) && (o.Responsible == 0 || o.Responsible != a.Member):
		return "绝密内容只限高级管理人员和文档负责人"
	case p.Decides && o.Applicant != 0 && o.Applicant == a.Member:
		return "不得审批自己的申请"
	}
	return ""
}

func denied(a Actor, p Permission, o Object) bool {
	return slices.ContainsFunc(a.Denies, func(d Deny) bool {
		return samePermission(d.Permission, p) && (d.Object == "" || fold(d.Object) == fold(o.ID))
	})
}

// samePermission compares codes; process numbers in them may be written in
// either case.
func samePermission(a, b Permission) bool { return a == b || fold(string(a)) == fold(string(b)) }

// covers answers why the role of a holding does not give p for o, "" if it does.
func (e *Engine) covers(a Actor, h Holding, p Permission, o Object) string {
	scope, held := e.roles[h.Role][p]
	process, node, isNode := nodeOf(p)
	if !held && isNode {
		scope, held = e.roles[h.Role][nodePermission(anyProcess, strings.ToUpper(node))]
	}
	if !held && p == NodeDecide && o.none() {
		held = e.nodeRoles[h.Role] // asked as such
	}
	if !held {
		return "没有此权限"
	}
	info := e.RoleOf(h.Role)
	if info.Kind == Bound && h.Object == "" {
		return "没有绑定对象"
	}
	if h.Object != "" {
		switch {
		case isNode && process != anyProcess && fold(process) != fold(h.Object):
			return "只限流程 " + h.Object
		case o.none():
		case info.Object == DepartmentObject && strconv.FormatInt(o.Department, 10) != h.Object && !slices.Contains(o.Owners, a.Member):
			return "只限部门 " + h.Object
		case info.Object == ProcessObject && fold(o.Process) != fold(h.Object) && !isNode:
			return "只限流程 " + h.Object
		}
	}
	if !scope.covers(a, o) {
		return "的此权限只限" + scope.label()
	}
	return ""
}

func (s Scope) covers(a Actor, o Object) bool {
	if o.none() {
		return true
	}
	own := slices.Contains(o.Owners, a.Member)
	switch s {
	case Own:
		return own
	case Team:
		return own || slices.Contains(o.Leaders, a.Member)
	case SameDepartment:
		return own || slices.Contains(a.Departments(), o.Department)
	default:
		return true
	}
}

func (s Scope) label() string {
	switch s {
	case Own:
		return "本人的事项"
	case Team:
		return "本团队的事项"
	case SameDepartment:
		return "本部门的事项"
	default:
		return "任何事项"
	}
}

// until says when something ends.
func (e *Engine) until(t time.Time) string {
	if t.IsZero() {
		return "长期有效"
	}
	return "有效至 " + e.when(t)
}

// holdingName is the role as reasons show it.
func (e *Engine) holdingName(h Holding) string {
	name := e.RoleOf(h.Role).Title
	if h.Object != "" {
		name += "（" + h.Object + "）"
	}
	return name
}
