package policy

import "slices"

// Role names a set of permissions in permission.roles.
type Role string

// The roles that code speaks of; Roles has them all.
const (
	Member                Role = "member" // every member: the base set
	Administrator         Role = "administrator"
	Operator              Role = "operator"
	ServiceAgent          Role = "service_agent"
	Sales                 Role = "sales"
	Other                 Role = "other" // the category of who has no other
	PlatformAdministrator Role = "platform_administrator"
	SystemAdministrator   Role = "system_administrator"
	ProcessAdministrator  Role = "process_administrator"
	Auditor               Role = "auditor"
	DepartmentHead        Role = "department_head"
	SupervisingLeader     Role = "supervising_leader"
	SeniorManager         Role = "senior_manager"
	External              Role = "external"
	ApproverA             Role = "approver_a"
	ApproverB             Role = "approver_b"
	SecurityOffice        Role = "security_office"
)

// RoleKind says how a role is held.
type RoleKind string

// The kinds of roles.
const (
	Base       RoleKind = "base"       // by everybody
	Category   RoleKind = "category"   // exactly one by everybody
	Functional RoleKind = "functional" // any number
	Bound      RoleKind = "bound"      // any number, each for one object
)

// What a role may be bound to.
const (
	ProcessObject    = "process"    // a process number: P-02
	DepartmentObject = "department" // a department id of WeCom, in digits
)

// RoleInfo describes a role.
type RoleInfo struct {
	Role   Role
	Title  string // Chinese, as shown to members
	Clause string
	Kind   RoleKind
	Object string // what a holding of it names; "" for none, optional unless Kind is Bound
}

// Roles lists the roles of the guide, the base first, then categories.
func Roles() []RoleInfo {
	return []RoleInfo{
		{Member, "普通用户", "G1-4.3.2(2)", Base, ""},

		{Administrator, "管理员", "G1-4.2.1(一)", Category, ""},
		{Operator, "运营人员", "G1-4.2.1(一)", Category, ""},
		{ServiceAgent, "客服人员", "G1-4.2.1(一)", Category, ""},
		{Sales, "销售团队", "G1-4.2.1(一)", Category, ""},
		{Other, "其他员工", "G1-4.2.1(一)", Category, ""},

		{PlatformAdministrator, "后台管理员", "X-35", Functional, ""},
		{SystemAdministrator, "系统管理员", "X-35", Functional, ""},
		{"information_officer", "信息管理员", "X-35", Functional, ""},
		{ProcessAdministrator, "流程管理员", "G1-4.3.2(2)", Functional, ProcessObject},
		{Auditor, "审计人员", "G1-4.1(2)", Functional, ""},
		{"special_manager", "特定管理人员", "G1-4.1(2)", Functional, ""},
		{"quality_controller", "质量控制", "G1-4.4b", Functional, ""},
		{"team_leader", "团队负责人", "G1-4a", Functional, ""},
		{SeniorManager, "高级管理人员", "G1-4.3(2)", Functional, ""},
		{External, "外部合作方", "X-23", Functional, ""},
		{DepartmentHead, "部门主管", "G1-4a", Bound, DepartmentObject},
		{SupervisingLeader, "分管领导", "X-16", Bound, DepartmentObject},
		{ApproverA, "审批人员A", "G1-4.3.2(2)", Bound, ProcessObject},
		{ApproverB, "审批人员B", "G1-4.3.2(2)", Bound, ProcessObject},

		{"administration", "行政部", "G1-4.2(1)", Functional, ""},
		{"hr", "人事部", "G1-4.2(1)", Functional, ""},
		{"tech_support", "技术支持部", "G1-4.2(1)", Functional, ""},
		{"finance_office", "财务部", "G1-4.3.3(3)3.3", Functional, ""},
		{"production", "生产部门", "G1-4.3.3(3)3.3", Functional, ""},
		{"process_office", "流程管理部门", "E2.R", Functional, ""},
		{"project_office", "项目管理部门", "G1-4.1.2(2)", Functional, ""},
		{"information_office", "信息管理部门", "G1-4.1(3)", Functional, ""},
		{"equipment_office", "设备管理部门", "G1-4.3.3(3)3.3", Functional, ""},
		{SecurityOffice, "信息安全部门", "G1-4.3(4)", Functional, ""},
		{"top_office", "总经理办公室", "G1-4.3附则", Functional, ""},
	}
}

// RoleNamed finds a role of the guide by its code or its Chinese title.
func RoleNamed(word string) (RoleInfo, bool) {
	for _, r := range Roles() {
		if fold(string(r.Role)) == fold(word) || fold(r.Title) == fold(word) {
			return r, true
		}
	}
	return RoleInfo{}, false
}

// Roles lists the roles of the guide and those that permission.roles adds.
func (e *Engine) Roles() []RoleInfo { return slices.Clone(e.roleList) }

// RoleNamed is the function of that name for all roles of the rulebook.
func (e *Engine) RoleNamed(word string) (RoleInfo, bool) {
	for _, r := range e.roleList {
		if fold(string(r.Role)) == fold(word) || fold(r.Title) == fold(word) {
			return r, true
		}
	}
	return RoleInfo{}, false
}

// RoleOf describes a role; one that is in no rulebook is called by its code.
func (e *Engine) RoleOf(role Role) RoleInfo {
	if info, ok := e.roleIndex[role]; ok {
		return info
	}
	return RoleInfo{Role: role, Title: string(role), Clause: "E2.P", Kind: Functional}
}
