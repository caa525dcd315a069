package policy

import "strings"

// Permission is a code of guide.md E2.P.
type Permission string

// The permissions of what exists now. The first group is ours: the guide names
// no code for plain communication, which is open to every member.
const (
	InquiryCreate  Permission = "inquiry.create" // 咨询, and what its asker does with it
	NoticeSend     Permission = "notice.send"    // 发通知
	ItemAnswer     Permission = "item.answer"    // 收到, 回复, 有疑问, 转交 of one's own items
	ItemTrace      Permission = "item.trace"     // 追溯
	DeputySet      Permission = "deputy.set"     // 代理
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

// PermissionInfo describes a code.
type PermissionInfo struct {
	Code    Permission
	Title   string // Chinese, as shown to members
	Clause  string
	Decides bool // a decision on a case: nobody decides his own
}

// Permissions lists every code there is, in the order of E2.P.
func Permissions() []PermissionInfo {
	return []PermissionInfo{
		{Code: InquiryCreate, Title: "发起咨询", Clause: "G1-2.2c"},
		{Code: NoticeSend, Title: "发通知", Clause: "G1-4.1(3)"},
		{Code: ItemAnswer, Title: "答复事项", Clause: "G1-4.1(4)b"},
		{Code: ItemTrace, Title: "追溯事项", Clause: "G1-4.1(5)"},
		{Code: DeputySet, Title: "设置代理人", Clause: "G1-4.1(4)b"},
		{Code: ResponseReport, Title: "查看响应统计", Clause: "S03"},

		{Code: "approval.apply", Title: "提交审批", Clause: "G1-4.3.2(2)"},
		{Code: "process.start", Title: "发起流程", Clause: "G1-4.3.2(2)"},
		{Code: "process.status.view", Title: "查看流程状态", Clause: "G1-4.3.2(2)"},
		{Code: "task.own", Title: "办理自己的任务", Clause: "G1-4a"},
		{Code: "doc.read", Title: "阅读文档", Clause: "G1-4.3(2)"},
		{Code: "feedback.create", Title: "提交反馈", Clause: "G1-4.4.3"},
		{Code: "fault.report", Title: "报告故障", Clause: "G1-4.1(5)"},
		{Code: "training.own", Title: "参加培训", Clause: "G1-4.2(1)"},
		{Code: "knowledge.read", Title: "阅读知识", Clause: "G1-2.3(3)3.1"},

		{Code: ContactManage, Title: "管理组织架构", Clause: "G1-4.2.1(二)"},
		{Code: PermAssign, Title: "分配权限", Clause: "G1-4.2.1(二)"},
		{Code: DataMonitor, Title: "监控数据", Clause: "G1-4.2.1(二)"},
		{Code: ConfigView, Title: "查看应用配置", Clause: "G1-1a"},
		{Code: ConfigEdit, Title: "修改应用配置", Clause: "G1-4.3.3(4)"},
		{Code: LogRead, Title: "查看日志", Clause: "G1-4.1(2)"},
		{Code: LogVerify, Title: "核验日志", Clause: "G1-4.1(2)"},
		{Code: FaultPlatform, Title: "处理平台故障", Clause: "G1-4.2(3)"},
		{Code: RulesetPropose, Title: "提议修订规则", Clause: "G1-4.3附则"},
		{Code: RulesetApprove, Title: "批准修订规则", Clause: "G1-4.3附则", Decides: true},
	}
}

// permissionIndex finds a code at the cost of one map read; Permit is on the
// path of every command.
func permissionIndex() map[Permission]PermissionInfo {
	index := map[Permission]PermissionInfo{}
	for _, p := range Permissions() {
		index[p.Code] = p
	}
	return index
}

// Scope limits a role's permission to some objects.
type Scope string

// The scopes. Any is written by leaving the scope out.
const (
	Any            Scope = ""
	Own            Scope = "own"
	SameDepartment Scope = "department"
)

// roleGrant is one entry of permission.roles: "report.response.view:own".
type roleGrant struct {
	permission Permission
	scope      Scope
}

func parseRoleGrant(text string) roleGrant {
	code, scope, _ := strings.Cut(text, ":")
	return roleGrant{Permission(code), Scope(scope)}
}
