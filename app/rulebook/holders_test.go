package rulebook

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

// Default holders of guide E2.P, S02 and E2.R, by permission. What the guide
// gives by the object alone (executor, closer, level of a document) is no role's.
func TestDefaultHolders(t *testing.T) {
	book, err := Guide()
	require.NoError(t, err)
	const everybody = string(policy.Member)
	for permission, holders := range map[policy.Permission][]string{
		"approval.apply": {everybody}, "process.start": {everybody}, "process.status.view": {everybody, "流程管理员"}, "task.own": {everybody},
		"doc.read": {everybody}, "feedback.create": {everybody}, "fault.report": {everybody}, "training.own": {everybody},
		"knowledge.read": {everybody}, "task.propose": {everybody},
		"process.create": {"流程管理员"}, "process.update": {"流程管理员"}, "process.delete": {"流程管理员"}, "process.node.manage": {"流程管理员"},
		"approval.node.P-02.A.decide": {"审批人员A"}, "approval.node.P-02.B.decide": {"审批人员B"},
		"task.issue": {"部门主管", "项目管理部门"}, "task.assign": {"团队负责人", "部门主管"}, "task.review": {"团队负责人", "部门主管"},
		"collab.review": {"项目管理部门"}, "collab.assign": {"项目管理部门"}, "collab.accept": {"项目管理部门"},
		"publish.announcement": {"信息管理员"}, "publish.service_account": {"信息管理员"}, "share.check": {"信息管理部门"}, "share.release": {"信息管理员"},
		"content.plan": {"运营人员"}, "content.publish_draft": {"运营人员"}, "data.operation.view": {"运营人员"},
		"review.department": {"部门主管"}, "review.company": {"信息管理部门"}, "review.sensitive": {"信息安全部门"},
		"contact.manage": {"管理员"}, "perm.assign": {"管理员"}, "data.monitor": {"管理员"},
		"app.config.view": {"管理员", "系统管理员"}, "app.config.edit": {"管理员", "系统管理员"},
		"log.read": {"后台管理员", "特定管理人员", "审计人员"}, "log.verify": {"后台管理员"}, "audit.view": {"审计人员"}, "audit.export": {"后台管理员"},
		"doc.destroy.approve": {"部门主管", "信息安全部门"}, "doc.security": {"管理员", "信息安全部门"}, "doc.destroy": nil,
		"equipment.full": {"设备管理部门"}, "ticket.handle": {"客服人员"}, "complaint.handle": {"客服人员"}, "customer.view": {"客服人员", "销售团队"},
		"customer.edit": {"销售团队"}, "order.follow": {"销售团队"}, "sales.report": {"销售团队"},
		"assess.any": {"质量控制"}, "training.manage": {"人事部"}, "quiz.manage": {"人事部"}, "fault.handle": {"技术支持部"}, "fault.platform": {"后台管理员"},
		"ruleset.propose": {"行政部", "技术支持部"}, "ruleset.approve": {"总经理办公室"},
		"report.perm_review.view": {"管理员", "信息安全部门"}, "report.account.view": {"管理员", "信息安全部门"},
		"report.duty_weight.view": {"管理员", "高级管理人员"}, "perm.view": {"管理员", "审计人员"},
	} {
		var want, got []string
		for _, name := range holders {
			if info, ok := book.Engine.RoleNamed(name); ok {
				name = string(info.Role)
			}
			want = append(want, name)
		}
		for _, info := range book.Engine.Roles() {
			held := policy.Holding{Role: info.Role, Source: policy.SourceAssigned}
			if info.Kind == policy.Bound {
				held.Object = map[bool]string{true: "3", false: "P-02"}[info.Object == policy.DepartmentObject]
			}
			actor := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{held}}
			if book.Engine.Permit(actor, permission, policy.Object{}, time.Time{}).Allowed {
				got = append(got, string(info.Role))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		assert.Equal(t, want, got, permission)
	}
}
