package policy

import (
	"fmt"
	"slices"
	"time"
)

// Role names a set of permissions in permission.roles.
type Role string

// The roles there are now.
const (
	Member        Role = "member"        // every member: the base set
	Administrator Role = "administrator" // 管理员
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
	Member      int64 // internal id
	Roles       []Role
	Active      bool    // false: left, disabled or not yet activated
	Suspended   bool    // 挂失
	External    bool    // 外部合作方
	Senior      bool    // 高级管理人员
	Departments []int64 // that he heads: the scope "department"
	Grants      []Grant
	Denies      []Deny
}

// Grant is a permission given beyond the roles, from From until before To. A
// zero bound is open.
type Grant struct {
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
	Department  int64   // the scope "department"
	Secrecy     Secrecy
	Responsible int64 // 文档负责人
	Applicant   int64 // of a case: he may not decide it
}

// Decision allows or refuses. Permission is what a refused member may apply for.
type Decision struct {
	Basis
	Allowed    bool
	Permission Permission
	Title      string // the permission in Chinese
	Why        Reason
}

// Permit decides in the order of S02, first that applies: inactive, suspended,
// explicit deny, hard object rules, unexpired grant, role, default deny.
func (e *Engine) Permit(a Actor, p Permission, o Object, at time.Time) Decision {
	info, known := e.permissions[p]
	if !known {
		info = PermissionInfo{Code: p, Title: string(p), Clause: "E2.P"}
	}
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
	pass := func(what string) { tried = append(tried, Reason{Mark: Note, Text: what}) }

	if !known {
		return decide(false, "permission", "没有这个权限代码")
	}
	if !a.Active {
		return decide(false, "permission", "成员未激活、已停用或已离职")
	}
	pass("成员有效")
	if a.Suspended {
		if g, ok := e.held(Member, p); ok && g.covers(a, o) && hardRule(a, info, o) == "" && !denied(a, p, o) {
			return decide(true, "permission.roles.member", "已挂失，只保留基本权限，此项属于基本权限")
		}
		return decide(false, "permission.roles.member", "已挂失，只保留基本权限")
	}
	if denied(a, p, o) {
		return decide(false, "permission", "被明确禁止访问")
	}
	pass("没有明确禁止")
	if rule := hardRule(a, info, o); rule != "" {
		return decide(false, "permission", rule)
	}
	for _, g := range a.Grants {
		if g.Permission != p || g.Object != "" && g.Object != o.ID {
			continue
		}
		if at.Before(g.From) || !g.To.IsZero() && !at.Before(g.To) {
			pass("有授权，但不在有效期内")
			continue
		}
		until := "长期有效"
		if !g.To.IsZero() {
			until = "有效至 " + e.when(g.To)
		}
		return decide(true, "permission.grant", "有授权，"+until)
	}
	for _, role := range a.Roles {
		g, ok := e.held(role, p)
		switch {
		case !ok:
			pass(fmt.Sprintf("角色 %s 没有此权限", role))
		case !g.covers(a, o):
			pass(fmt.Sprintf("角色 %s 的此权限只限%s", role, g.scope.label()))
		default:
			return decide(true, fmt.Sprintf("permission.roles.%s", role), fmt.Sprintf("角色 %s 有此权限", role))
		}
	}
	return decide(false, "permission.roles", "没有角色或授权给予此权限")
}

// IsAdministrator reports whether userid is named in administrators; case does not matter.
func (e *Engine) IsAdministrator(userid string) bool {
	return userid != "" && slices.ContainsFunc(e.rules.Administrators, func(name string) bool {
		return fold(name) == fold(userid)
	})
}

// hardRule returns the object rule that forbids and that no grant lifts, or "".
func hardRule(a Actor, p PermissionInfo, o Object) string {
	switch {
	case o.Secrecy == TopSecret && !a.Senior && (o.Responsible == 0 || o.Responsible != a.Member):
		return "绝密内容只限高级管理人员和文档负责人"
	case a.External && (o.Secrecy == TopSecret || o.Secrecy == Confidential):
		return "外部合作方不得接触机密、绝密内容"
	case p.Decides && o.Applicant != 0 && o.Applicant == a.Member:
		return "不得审批自己的申请"
	}
	return ""
}

func denied(a Actor, p Permission, o Object) bool {
	return slices.ContainsFunc(a.Denies, func(d Deny) bool {
		return d.Permission == p && (d.Object == "" || d.Object == o.ID)
	})
}

// held returns the widest grant of p that role has.
func (e *Engine) held(role Role, p Permission) (roleGrant, bool) {
	g, ok := e.roles[role][p]
	return roleGrant{p, g}, ok
}

func (g roleGrant) covers(a Actor, o Object) bool {
	if o.ID == "" && len(o.Owners) == 0 && o.Department == 0 {
		return true
	}
	own := slices.Contains(o.Owners, a.Member)
	switch g.scope {
	case Own:
		return own
	case SameDepartment:
		return own || slices.Contains(a.Departments, o.Department)
	default:
		return true
	}
}

func (s Scope) label() string {
	switch s {
	case Own:
		return "本人的事项"
	case SameDepartment:
		return "本部门的事项"
	default:
		return "任何事项"
	}
}
