package policy

import "time"

// Permission is a code of guide.md E2.P.
type Permission string

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
	Public       Secrecy = "public"
	Internal     Secrecy = "internal"
	Confidential Secrecy = "confidential"
	TopSecret    Secrecy = "top_secret"
)

// Actor is who asks.
type Actor struct {
	Member      int64 // internal id
	Roles       []Role
	Active      bool    // false: left, disabled or not yet activated
	Suspended   bool    // 挂失
	External    bool    // 外部合作方
	Senior      bool    // 高级管理人员
	Departments []int64 // where he is head: the scope "department"
	Grants      []Grant
	Denies      []Deny
}

// Grant is a permission given beyond the roles. A zero From or To is open.
type Grant struct {
	Permission Permission
	Object     string // empty: any
	From, To   time.Time
}

// Deny is an explicit 禁止访问.
type Deny struct {
	Permission Permission
	Object     string // empty: any
}

// Object is what the permission is asked for. The zero value stands for none.
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
func (e *Engine) Permit(a Actor, p Permission, o Object, at time.Time) Decision { panic("todo") }

// IsAdministrator reports whether userid is named in administrators; case does not matter.
func (e *Engine) IsAdministrator(userid string) bool { panic("todo") }

// The permissions that exist now. Codes without a clause of E2.P are ours: the
// guide names none for plain communication.
const (
	InquiryCreate  Permission = "inquiry.create"  // 咨询, and what its asker does with it
	NoticeSend     Permission = "notice.send"     // 发通知
	ItemAnswer     Permission = "item.answer"     // 收到, 回复, 有疑问, 转交 of one's own items
	ItemTrace      Permission = "item.trace"      // 追溯
	DeputySet      Permission = "deputy.set"      // 代理
	ResponseReport Permission = "report.response.view"
	LogRead        Permission = "log.read"
	LogVerify      Permission = "log.verify"
	ContactManage  Permission = "contact.manage"
	PermAssign     Permission = "perm.assign"
	DataMonitor    Permission = "data.monitor"
	ConfigView     Permission = "app.config.view"
	ConfigEdit     Permission = "app.config.edit"
	FaultPlatform  Permission = "fault.platform"
	RulesetPropose Permission = "ruleset.propose"
	RulesetApprove Permission = "ruleset.approve"
)
