package policy

import "strings"

// Permission is a code of guide.md E2.P.
type Permission string

// The permissions that code asks for. The first group is ours: the guide names
// no code for plain communication, which is open to every member.
const (
	InquiryCreate  Permission = "inquiry.create" // 咨询, and what its asker does with it
	NoticeSend     Permission = "notice.send"    // 发通知
	ItemAnswer     Permission = "item.answer"    // 收到, 回复, 有疑问, 转交 of one's own items
	ItemTrace      Permission = "item.trace"     // 追溯
	DeputySet      Permission = "deputy.set"     // 代理
	AccountLoss    Permission = "account.loss"   // 账号 挂失 of one's own account
	AccountManage  Permission = "account.manage" // the accounts of others: 挂失, 恢复, 变更, 停用
	HandOverOwn    Permission = "hand_over.own"  // 交接, 指定接手人 of what was handed to oneself
	ResponseReport Permission = "report.response.view"

	ApprovalApply  Permission = "approval.apply"
	TaskOwn        Permission = "task.own"
	LogRead        Permission = "log.read"
	LogVerify      Permission = "log.verify"
	AuditView      Permission = "audit.view"
	NodeManage     Permission = "process.node.manage"
	ProcessStatus  Permission = "process.status.view"
	ApprovalReport Permission = "report.approval.view"
	ContactManage  Permission = "contact.manage"
	PostAssign     Permission = "post.assign" // 岗位变更
	PermAssign     Permission = "perm.assign"
	PermView       Permission = "perm.view" // 谁有: ours, for 管理员 and 审计人员 (G2-4.2(2))
	DataMonitor    Permission = "data.monitor"
	ConfigView     Permission = "app.config.view"
	ConfigEdit     Permission = "app.config.edit"
	FaultPlatform  Permission = "fault.platform"
	RulesetPropose Permission = "ruleset.propose"
	RulesetApprove Permission = "ruleset.approve"

	DutyWeightReport Permission = "report.duty_weight.view"
	PermReviewReport Permission = "report.perm_review.view"
	AccountReport    Permission = "report.account.view"
	FinanceReport    Permission = "report.finance.view"

	// NodeDecide stands for the permissions to decide one node of one process,
	// such as approval.node.P-02.A.decide.
	NodeDecide Permission = "approval.node.<process>.<node>.decide"
)

// PermissionInfo describes a code.
type PermissionInfo struct {
	Code      Permission
	Title     string // Chinese, as shown to members
	Clause    string
	Decides   bool // a decision on a case: nobody decides his own
	Sensitive bool // 信息安全部门 decides who gets it on application (G2-4.2(2))
}

// Permissions lists every code there is: ours, those of E2.P in its order, and
// one for each report of E2.R.
func Permissions() []PermissionInfo {
	return []PermissionInfo{
		{Code: InquiryCreate, Title: "发起咨询", Clause: "G1-2.2c"},
		{Code: NoticeSend, Title: "发通知", Clause: "G1-4.1(3)"},
		{Code: ItemAnswer, Title: "答复事项", Clause: "G1-4.1(4)b"},
		{Code: ItemTrace, Title: "追溯事项", Clause: "G1-4.1(5)"},
		{Code: DeputySet, Title: "设置代理人", Clause: "G1-4.1(4)b"},
		{Code: AccountLoss, Title: "挂失账号", Clause: "G2-4.2(3)"},
		{Code: AccountManage, Title: "管理账号", Clause: "G2-4.2(3)", Sensitive: true},
		{Code: HandOverOwn, Title: "交接工作", Clause: "G2-4.2(1)"},

		{Code: ApprovalApply, Title: "提交审批", Clause: "G1-4.3.2(2)"},
		{Code: "process.start", Title: "发起流程", Clause: "G1-4.3.2(2)"},
		{Code: ProcessStatus, Title: "查看流程状态", Clause: "G1-4.3.2(2)"},
		{Code: "process.create", Title: "创建流程", Clause: "G1-4.3.2(2)"},
		{Code: "process.update", Title: "修改流程", Clause: "G1-4.3.2(2)"},
		{Code: "process.delete", Title: "删除流程", Clause: "G1-4.3.2(2)", Sensitive: true},
		{Code: NodeManage, Title: "管理审批节点", Clause: "G1-4.3.2(2)"},
		{Code: NodeDecide, Title: "处理审批节点", Clause: "G1-4.3.2(2)", Decides: true},
		{Code: TaskOwn, Title: "办理自己的任务", Clause: "G1-4a"},
		{Code: "task.propose", Title: "提出任务", Clause: "G1-4a"},
		{Code: "task.issue", Title: "下达任务", Clause: "G1-4a"},
		{Code: "task.assign", Title: "分配任务", Clause: "G1-4a"},
		{Code: "task.execute", Title: "执行任务", Clause: "G1-4a"},
		{Code: "task.review", Title: "审核任务", Clause: "G1-4a"},
		{Code: "task.close", Title: "关闭任务", Clause: "G1-4a"},
		{Code: "collab.review", Title: "评审协作", Clause: "G1-4.1.2(2)", Decides: true},
		{Code: "collab.assign", Title: "分配协作", Clause: "G1-4.1.2(2)"},
		{Code: "collab.accept", Title: "验收协作", Clause: "G1-4.1.2(2)"},
		{Code: "publish.announcement", Title: "发布公告", Clause: "G1-2.1(1)a"},
		{Code: "publish.service_account", Title: "发布公众服务号", Clause: "G1-2.1(1)a"},
		{Code: "content.plan", Title: "策划内容", Clause: "G1-4.2.1(二)"},
		{Code: "content.publish_draft", Title: "提交发布稿", Clause: "G1-4.2.1(二)"},
		{Code: "data.operation.view", Title: "查看运营数据", Clause: "G1-4.2.1(二)"},
		{Code: "review.department", Title: "部门审核", Clause: "G1-4.1(3)", Decides: true},
		{Code: "review.company", Title: "公司级审核", Clause: "G1-4.1(3)", Decides: true},
		{Code: "review.sensitive", Title: "敏感信息审核", Clause: "G1-2.2c", Decides: true, Sensitive: true},
		{Code: "share.collect", Title: "收集共享信息", Clause: "G1-4.1.3"},
		{Code: "share.check", Title: "核对共享信息", Clause: "G1-4.1.3"},
		{Code: "share.release", Title: "发布共享信息", Clause: "G1-4.1.3"},
		{Code: ContactManage, Title: "管理组织架构", Clause: "G1-4.2.1(二)", Sensitive: true},
		{Code: PermView, Title: "查看权限持有人", Clause: "G2-4.2(2)"},
		{Code: PostAssign, Title: "任命岗位", Clause: "G1-4.3.2(2)", Sensitive: true},
		{Code: PermAssign, Title: "分配权限", Clause: "G1-4.2.1(二)", Sensitive: true},
		{Code: DataMonitor, Title: "监控数据", Clause: "G1-4.2.1(二)"},
		{Code: ConfigView, Title: "查看应用配置", Clause: "G1-1a"},
		{Code: ConfigEdit, Title: "修改应用配置", Clause: "G1-4.3.3(4)", Sensitive: true},
		{Code: LogRead, Title: "查看日志", Clause: "G1-4.1(2)", Sensitive: true},
		{Code: LogVerify, Title: "核验日志", Clause: "G1-4.1(2)"},
		{Code: AuditView, Title: "查看审计记录", Clause: "G1-4.1(2)", Sensitive: true},
		{Code: "audit.export", Title: "导出审计记录", Clause: "G1-4.1(2)", Sensitive: true},
		{Code: "doc.read", Title: "阅读文档", Clause: "G1-4.3(2)"},
		{Code: "doc.view", Title: "查看文档", Clause: "G1-4.3(2)"},
		{Code: "doc.edit", Title: "编辑文档", Clause: "G1-4.3(2)"},
		{Code: "doc.download", Title: "下载文档", Clause: "G1-4.3(2)"},
		{Code: "doc.delete", Title: "删除文档", Clause: "G1-4.3(2)", Sensitive: true},
		{Code: "doc.share", Title: "分享文档", Clause: "G1-4.3(2)"},
		{Code: "doc.destroy", Title: "销毁文档", Clause: "G1-4.3(5)", Sensitive: true},
		{Code: "doc.destroy.approve", Title: "审批文档销毁", Clause: "G1-4.3(5)", Decides: true, Sensitive: true},
		{Code: "doc.security", Title: "文档安全检查", Clause: "G1-4.3(4)", Sensitive: true},
		{Code: "equipment.full", Title: "管理设备全部信息", Clause: "G1-4.3.3(3)3.3"},
		{Code: "equipment.state.view", Title: "查看设备状态", Clause: "G1-4.3.3(3)3.3"},
		{Code: "equipment.finance.view", Title: "查看设备财务信息", Clause: "G1-4.3.3(3)3.3"},
		{Code: "ticket.handle", Title: "处理工单", Clause: "G1-4.2.1(二)"},
		{Code: "complaint.handle", Title: "处理投诉", Clause: "G1-4.2.1(二)"},
		{Code: "customer.view", Title: "查看客户", Clause: "G1-4.2.1(二)"},
		{Code: "customer.edit", Title: "修改客户", Clause: "G1-4.2.1(二)"},
		{Code: "order.follow", Title: "跟进订单", Clause: "G1-4.2.1(二)"},
		{Code: "sales.report", Title: "销售报表", Clause: "G1-4.2.1(二)"},
		{Code: "assess.direct", Title: "考核下属", Clause: "G1-4.4b"},
		{Code: "assess.any", Title: "质量考核", Clause: "G1-4.4b"},
		{Code: "feedback.create", Title: "提交反馈", Clause: "G1-4.4.3"},
		{Code: "feedback.handle", Title: "处理反馈", Clause: "G1-4.4.3"},
		{Code: "problem.handle", Title: "处理问题", Clause: "G1-4.4.3"},
		{Code: "training.own", Title: "参加培训", Clause: "G1-4.2(1)"},
		{Code: "training.manage", Title: "管理培训", Clause: "G1-4.2(1)"},
		{Code: "quiz.manage", Title: "管理考试", Clause: "G1-4.2(1)"},
		{Code: "knowledge.read", Title: "阅读知识", Clause: "G1-2.3(3)3.1"},
		{Code: "fault.report", Title: "报告故障", Clause: "G1-4.1(5)"},
		{Code: "fault.handle", Title: "处理故障", Clause: "G1-4.2(3)"},
		{Code: FaultPlatform, Title: "处理平台故障", Clause: "G1-4.2(3)"},
		{Code: RulesetPropose, Title: "提议修订规则", Clause: "G1-4.3附则"},
		{Code: RulesetApprove, Title: "批准修订规则", Clause: "G1-4.3附则", Decides: true, Sensitive: true},

		{Code: ResponseReport, Title: "查看响应统计", Clause: "S03"},
		{Code: "report.communication.view", Title: "查看沟通报表", Clause: "E2.R"},
		{Code: "report.channel.view", Title: "查看渠道报表", Clause: "E2.R"},
		{Code: "report.group.view", Title: "查看群组与会议报表", Clause: "E2.R"},
		{Code: "report.collab_density.view", Title: "查看协作密度报表", Clause: "E2.R"},
		{Code: ApprovalReport, Title: "查看审批与流程效率报表", Clause: "E2.R"},
		{Code: "report.process.view", Title: "查看流程登记与变更报表", Clause: "E2.R"},
		{Code: "report.task.view", Title: "查看任务报表", Clause: "E2.R"},
		{Code: DutyWeightReport, Title: "查看职责权重", Clause: "G1-4.2(2)"},
		{Code: "report.evaluation.view", Title: "查看评估与抽查报表", Clause: "E2.R"},
		{Code: PermReviewReport, Title: "查看权限审查报表", Clause: "G1-4.3.2(3)b"},
		{Code: AccountReport, Title: "查看账号报表", Clause: "G2-4.2(3)"},
		{Code: "report.document.view", Title: "查看文档报表", Clause: "E2.R"},
		{Code: "report.equipment.view", Title: "查看设备报表", Clause: "E2.R"},
		{Code: "report.feedback.view", Title: "查看反馈与改进报表", Clause: "E2.R"},
		{Code: "report.training.view", Title: "查看培训报表", Clause: "E2.R"},
		{Code: "report.fault.view", Title: "查看故障报表", Clause: "E2.R"},
		{Code: "report.ticket.view", Title: "查看工单报表", Clause: "E2.R"},
		{Code: "report.violation.view", Title: "查看违规报表", Clause: "E2.R"},
		{Code: "report.audit.view", Title: "查看审计摘录", Clause: "E2.R", Sensitive: true},
		{Code: "report.app.view", Title: "查看应用运行报表", Clause: "E2.R"},
		{Code: FinanceReport, Title: "查看财务报表", Clause: "G2-4.2(2)", Sensitive: true},
	}
}

// PermissionNamed finds a permission by its code or its Chinese title. The code
// of one node of a process, approval.node.P-02.A.decide, is found with itself
// as Code.
func PermissionNamed(word string) (PermissionInfo, bool) {
	word = strings.TrimSpace(word)
	for _, p := range Permissions() {
		if fold(string(p.Code)) == fold(word) || fold(p.Title) == fold(word) {
			return p, true
		}
	}
	if process, node, ok := nodeOf(Permission(word)); ok {
		for _, p := range Permissions() {
			if p.Code == NodeDecide {
				p.Code, p.Title = nodePermission(process, node), "处理流程"+process+"的审批节点"+node
				return p, true
			}
		}
	}
	return PermissionInfo{}, false
}

// nodePermission is the code to decide a node of a process.
func nodePermission(process, node string) Permission {
	return Permission("approval.node." + process + "." + node + ".decide")
}

// nodeOf takes such a code apart. Processes and nodes have no dot in them.
func nodeOf(p Permission) (process, node string, ok bool) {
	parts := strings.Split(string(p), ".")
	if len(parts) != 5 || parts[0] != "approval" || parts[1] != "node" || parts[4] != "decide" || parts[2] == "" || parts[3] == "" {
		return "", "", false
	}
	return parts[2], parts[3], true
}

// anyProcess stands in permission.roles for the process a role is held for.
const anyProcess = "<process>"

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
	Team           Scope = "team"       // of those whose 直接上级 he is, and his own
	SameDepartment Scope = "department" // of the departments he heads, and his own
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
