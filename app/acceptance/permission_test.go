package acceptance_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// 权限: one's own, who has one, applying, assigning, forbidding. The review and
// the confirmation of changes are in permission_review_test.go.

func TestG2_4_2_2_AE1_AGrantLastsSevenDays(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "A20260302-0001"
		require.Contains(t, w.Says("钱十一", "权限申请 report.finance.view 核对三月报表 7天"),
			"【已受理】"+number+" 已提交「查看财务报表」的申请，期限7天（自批准时起），由直接上级和信息安全部门依次审批。")
		w.Gets("沈悦", "权限申请：查看财务报表", "核对三月报表", "7天")
		w.GetsNothing("方安", number)
		require.Contains(t, w.Presses("沈悦", "批准"), "【已受理】")
		w.Gets("方安", "权限申请：查看财务报表")
		require.Contains(t, w.Presses("方安", "批准"), "【已受理】")
		w.Gets("钱十一", "【已授权】"+number, "查看财务报表", "至 2026-03-09 10:00")

		require.Contains(t, w.Says("钱十一", "我的权限"), "查看财务报表（report.finance.view），至 2026-03-09 10:00，"+number)
		require.Contains(t, w.Says("陈立", "谁有 查看财务报表"), "钱十一（市场部）：授权，至 2026-03-09 10:00")
		w.To("2026-03-09 09:59:59")
		require.Contains(t, w.Says("陈立", "谁有 report.finance.view"), "钱十一")
		w.To("2026-03-09 10:00:00")
		require.NotContains(t, w.Says("陈立", "谁有 report.finance.view"), "钱十一")
		require.NotContains(t, w.Says("钱十一", "我的权限"), "report.finance.view")
		w.Gets("钱十一", "【权限到期】", "查看财务报表")
	})
}

func TestG2_4_2_2_AE2_WhoHasAPermission(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("陈立", "谁有 doc.destroy"), "销毁文档（doc.destroy） 现在没有人持有。")
		w.Says("邓工", "权限申请 doc.destroy 清理过期图纸 30天")
		require.Contains(t, w.Presses("罗岩", "批准"), "【已受理】")
		require.Contains(t, w.Presses("方安", "批准"), "【已受理】")
		require.Contains(t, w.Says("陈立", "谁有 doc.destroy"), "1 人持有：\n· 邓工（研发部）：授权，至 2026-04-01 10:00")
		heads := w.Says("陈立", "谁有 审批文档销毁")
		require.Contains(t, heads, "· 邵静（销售部）：角色「部门主管（销售部）」，因担任部门负责人")
		require.Contains(t, heads, "· 方安（信息安全部门）：")
		require.Contains(t, w.Says("陈立", "谁有 提交反馈"), "是基本权限，每位在职成员都有")
		require.Contains(t, w.Says("赵六", "谁有 doc.destroy"), "【无权限】需要 perm.view")
		require.Contains(t, w.Says("陈立", "谁有 doc.destory"), "【未通过】没有名为「doc.destory」的权限。可改为：doc.destroy（销毁文档）")
		require.Contains(t, w.Says("陈立", "谁有 量子纠缠"), "【未通过】没有名为「量子纠缠」的权限")
	})
}

// An auditor may ask who has what, but assigns nothing.
func TestAuditorAsksWhoHasAPermission(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("陈立", "权限 分配 江一 审计人员"), "【已受理】江一现在是审计人员，已通知本人。")
		w.Gets("江一", "【权限变更】陈立 把角色「审计人员」分配给了您")
		require.Contains(t, w.Says("江一", "谁有 perm.assign"), "陈立（行政部）：角色「管理员」")
		require.Contains(t, w.Says("江一", "权限 分配 赵六 运营人员"), "【无权限】需要 perm.assign")
	})
}

func TestG1_4_2_1_二_AE1_AnOperatorAssignsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("郑十", "我的权限"), "【角色类别】运营人员（按所在部门）")
		require.Contains(t, w.Says("郑十", "权限 分配 江一 审批人员A P-02"), "【无权限】需要 perm.assign，可发送：权限申请 perm.assign")
		w.GetsNothing("江一", "【权限变更】")
	})
}

func TestG1_4_2_1_四_AE1_DutiesThatExcludeEachOther(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("唐流", "我的权限"), "流程管理员")
		require.Contains(t, w.Says("陈立", "权限 分配 唐流 审批人员A P-02"),
			"【未通过】职责冲突：流程管理员 与 审批人员A（P-02） 不能由同一人担任（依据 G1-4.2.1(四)）")
		w.GetsNothing("唐流", "【权限变更】")
		require.NotContains(t, w.Says("唐流", "我的权限"), "审批人员A")
		// Of the same process one person is not A and B; of another he may be.
		require.Contains(t, w.Says("陈立", "权限 分配 江一 审批人员A P-02"), "【已受理】")
		require.Contains(t, w.Says("陈立", "权限 分配 江一 审批人员B P-02"), "【未通过】职责冲突")
		require.Contains(t, w.Says("陈立", "权限 分配 江一 审批人员B P-03"), "【已受理】")
		// Nor by a grant, which would come to the same.
		require.Contains(t, w.Says("唐流", "权限申请 approval.node.P-02.A.decide 代班 3天"), "【未通过】")
	})
}

func TestAssigningRoles(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for said, answer := range map[string]string{
			"权限 分配 江一 审批人员A":                  "【未通过】「审批人员A」要说明是哪个流程",
			"权限 分配 江一 doc.destroy":            "【未通过】权限随角色而来，不单独分配给个人（依据 G2-4.2(2)）。可改为：请江一发送：权限申请 doc.destroy <理由> [期限]",
			"权限 分配 江一 审核人员A P-02":             "【未通过】没有名为「审核人员A」的角色。可改为：审批人员A",
			"权限 分配 江一 普通用户":                   "每位成员都有的，不用分配",
			"权限 分配 陈立 审计人员":                   "【未通过】不能给自己分配、收回或解除权限",
			"权限 分配 江一 分管领导 月球部":               "【未通过】没有找到部门「月球部」",
			"权限 分配 江一 审批人员A P-02 到2026-03-01": "已经过去了",
			"权限 分配 江一 审批人员A P-02 3月9日到3月5日":   "早于开始",
			"权限 分配 江一 审批人员A P-02 后天下雨":        "【未通过】看不懂期限「后天下雨」",
			"权限 收回 江一 审计人员":                   "【未通过】江一没有角色「审计人员」",
			"权限 收回 江一 doc.destroy":            "【未通过】江一没有「销毁文档」的个人授权",
			"权限 收回 江一 没有的东西":                  "【未通过】没有名为「没有的东西」的角色",
			"权限 收回 陈立 管理员":                    "【未通过】不能给自己分配、收回或解除权限",
			"权限 收回 蒋新 管理员":                    "不能单独收回",
			"权限 解除 江一 doc.download":           "没有被禁止使用「下载文档」",
			"权限 禁止 陈立 doc.download":           "【未通过】不能给自己",
			"权限 分配 查无此人 审计人员":                 "没有找到「查无此人」",
		} {
			require.Contains(t, w.Says("陈立", said), answer, said)
		}
		w.GetsNothing("江一", "【权限变更】")

		// For a department, until a day; the same again is told so.
		require.Contains(t, w.Says("陈立", "权限 分配 江一 分管领导 销售部 到4月1日"), "江一现在是分管领导（销售部），至 2026-04-02 00:00")
		require.Contains(t, w.Says("江一", "我的权限"), "分管领导（销售部）（由管理员分配，至 2026-04-02 00:00）")
		require.Contains(t, w.Says("陈立", "权限 分配 江一 分管领导 销售部 到4月1日"), "【未通过】江一已经是分管领导（销售部）")
		// A category replaces the category.
		require.Contains(t, w.Says("陈立", "权限 分配 江一 客服人员"), "江一现在是客服人员")
		mine := w.Says("江一", "我的权限")
		require.Contains(t, mine, "【角色类别】客服人员（由管理员分配）")
		require.NotContains(t, mine, "其他员工")
		// Taken back, with the reason told.
		w.Reads("江一")
		require.Contains(t, w.Says("陈立", "权限 收回 江一 分管领导 销售部 分工调整"), "【已受理】已收回江一的角色「分管领导（销售部）」")
		w.Gets("江一", "收回了您的角色「分管领导（销售部）」，原因：分工调整")
		require.NotContains(t, w.Says("江一", "我的权限"), "分管领导")
	})
}

// A role for a time ends by itself.
func TestAssignedRoleEnds(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("陈立", "权限 分配 江一 审计人员 3天"), "江一现在是审计人员，至 2026-03-05 10:00")
		w.To("2026-03-05 09:59:59")
		require.Contains(t, w.Says("江一", "谁有 perm.assign"), "陈立")
		w.To("2026-03-05 10:00:00")
		require.Contains(t, w.Says("江一", "谁有 perm.assign"), "【无权限】需要 perm.view")
	})
}

// What department gives a role gives it no more once it was taken away.
func TestDerivedRoleIsTakenAway(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("周八", "我的权限"), "【角色类别】销售团队（按所在部门）")
		require.Contains(t, w.Says("陈立", "权限 收回 周八 销售团队 调查期间"), "【已受理】已收回周八的角色「销售团队」")
		require.Contains(t, w.Says("周八", "我的权限"), "【角色类别】其他员工")
	})
}

func TestForbidding(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("邓工", "权限申请 doc.destroy 清理 30天")
		w.Presses("罗岩", "批准")
		w.Presses("方安", "批准")
		require.Contains(t, w.Says("陈立", "权限 禁止 邓工 doc.destroy 调查期间"), "【已受理】已禁止邓工使用「销毁文档」")
		w.Gets("邓工", "陈立 暂停了您使用「销毁文档」，原因：调查期间")
		require.Contains(t, w.Says("陈立", "权限 禁止 邓工 doc.destroy"), "【未通过】邓工已经被禁止使用「销毁文档」")
		require.NotContains(t, w.Says("陈立", "谁有 doc.destroy"), "邓工", "a deny comes before the grant")
		require.Contains(t, w.Says("邓工", "我的权限"), "【禁止访问】\n· 销毁文档（doc.destroy）")
		require.Contains(t, w.Says("邓工", "权限申请 doc.destroy 还需要 7天"), "【未通过】管理员已明确禁止您使用「销毁文档」")
		require.Contains(t, w.Says("蒋新", "权限 解除 邓工 doc.destroy"), "【已受理】已解除")
		w.Gets("邓工", "蒋新 解除了对您使用「销毁文档」的禁止")
		require.Contains(t, w.Says("陈立", "谁有 doc.destroy"), "邓工")
		require.Contains(t, w.Says("陈立", "权限 收回 邓工 doc.destroy 已清理完"), "【已受理】已收回邓工的授权「销毁文档」")
		w.Advance(15 * time.Minute) // many notices in a row come as one digest
		w.Gets("邓工", "收回了您的授权「销毁文档」，原因：已清理完")
		require.Contains(t, w.Says("陈立", "谁有 doc.destroy"), "现在没有人持有")
	})
}

func TestApplyingForAPermission(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for said, answer := range map[string]string{
			"权限申请 report.finance.view 核对 3月9日到3月5日":   "【未通过】期限的结束 3月5日 早于开始 3月9日（依据 G2-4.2(2)）。可改为：权限申请 report.finance.view 核对 3月5日到3月9日",
			"权限申请 report.finance.view 核对 到2026-03-01": "已经过去了",
			"权限申请 report.finance.view 核对 181天":        "【未通过】授权最长 180 天（依据 G2-4.2(2)）。可改为：权限申请 report.finance.view 核对 180天",
			"权限申请 report.finance.view 核对 期限:下辈子":      "看不懂期限「下辈子」",
			"权限申请 report.finence.view 核对 7天":          "【未通过】没有名为「report.finence.view」的权限。可改为：report.finance.view（查看财务报表）",
			"权限申请 提交反馈 想提 7天":                         "【未通过】您已经有「提交反馈」的权限",
		} {
			require.Contains(t, w.Says("钱十一", said), answer, said)
		}
		require.Zero(t, w.Count("沈悦", "权限申请"))

		// Without a reason it is asked for; without a term it is 30 days.
		require.Contains(t, w.Says("钱十一", "权限申请 查看财务报表"), "【请补充】理由")
		require.Contains(t, w.Says("钱十一", "核对三月报表"), "期限30天")
		require.Contains(t, w.Says("钱十一", "权限申请 report.finance.view 再来一次 7天"), "【未通过】您已申请过「查看财务报表」，正在审批（A20260302-0001）")
		require.Contains(t, w.Says("钱十一", "我的权限"), "【等待确认】\n· A20260302-0001 权限申请：查看财务报表")
		require.Contains(t, w.Says("沈悦", "审批 A20260302-0001 驳回 暂不需要"), "【已受理】")
		w.Gets("钱十一", "A20260302-0001", "暂不需要")
		require.NotContains(t, w.Says("陈立", "谁有 report.finance.view"), "钱十一")

		// A longer one renews what is held; a shorter one is told what is.
		w.Says("钱十一", "权限申请 customer.view 查客户 7天")
		w.Presses("沈悦", "批准")
		require.Contains(t, w.Presses("蒋新", "批准"), "【已受理】", "any 管理员: the permission is not sensitive")
		require.Contains(t, w.Says("陈立", "审批 A20260302-0002 同意"), "【未通过】", "the other comes too late")
		require.Contains(t, w.Says("钱十一", "权限申请 customer.view 查客户 3天"), "【未通过】您已经有「查看客户」的权限，至 2026-03-09 10:00")
		require.Contains(t, w.Says("钱十一", "权限申请 customer.view 查客户 20天"), "【已受理】")
	})
}

// Nobody decides about himself: an administrator's application goes to the
// other one, the head of 信息安全部门's to his superior.
func TestDecidersNeverDecideTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("陈立", "权限申请 customer.edit 协助销售 7天"), "【已受理】A20260302-0001")
		require.Contains(t, w.Presses("高总", "批准"), "【已受理】")
		w.Gets("蒋新", "权限申请：修改客户")
		w.GetsNothing("陈立", "审批 A20260302-0001 同意")
		require.Contains(t, w.Says("陈立", "审批 A20260302-0001 同意"), "【")
		require.NotContains(t, w.Says("陈立", "谁有 customer.edit"), "陈立（行政部）：授权")
		require.Contains(t, w.Presses("蒋新", "批准"), "【已受理】")
		require.Contains(t, w.Says("陈立", "谁有 customer.edit"), "陈立（行政部）：授权")

		require.Contains(t, w.Says("方安", "权限申请 log.read 查日志 7天"), "【已受理】A20260302-0002")
		require.Contains(t, w.Presses("高总", "批准"), "【已受理】")
		require.Contains(t, w.Says("陈立", "谁有 log.read"), "方安（信息安全部门）：授权", "both steps are 高总's: he decides once")
	})
}

// What was asked for until a day that has passed when it is decided is not
// granted.
func TestApprovedTooLate(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("钱十一", "权限申请 customer.view 查客户 到3月3日")
		w.To("2026-03-04 09:30")
		require.Contains(t, w.Presses("沈悦", "批准"), "【未通过】申请的期限 2026年3月3日（含当天） 已经过去，批准也不会生效")
		require.NotContains(t, w.Says("陈立", "谁有 customer.view"), "钱十一")
		require.Contains(t, w.Says("沈悦", "审批 A20260302-0001 驳回 期限已过"), "【已受理】")
	})
}

// While an account is reported lost only the base is left.
func TestSuspendedMemberSeesWhatIsLeft(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.NotContains(t, w.Says("罗岩", "我的权限"), "已挂失")
		w.Says("罗岩", "账号 挂失")
		w.Advance(time.Second)
		require.Contains(t, w.Says("罗岩", "我的权限"), "【已挂失】")
		require.Contains(t, w.Says("罗岩", "权限申请 customer.view 查客户 7天"), "【未通过】您的账号已挂失")
	})
}

// An account that is reported lost decides nothing about rights.
func TestReportedLostDecidesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		w.Says("钱十一", "权限申请 customer.edit 协助 7天")
		w.Gets("王五", "新增待确认")
		require.Contains(t, w.Says("王五", "账号 挂失"), "【已受理】")
		require.Contains(t, w.Says("沈悦", "账号 挂失"), "【已受理】")
		require.Contains(t, w.Presses("王五", "确认新增"), "【未通过】您的账号已挂失，恢复之前不能处理权限")
		require.Contains(t, w.Says("王五", "权限变更 全部确认"), "【未通过】您的账号已挂失")
		require.Contains(t, w.Says("沈悦", "审批 A20260302-0001 同意"), "【未通过】您的账号已挂失")
		require.Contains(t, w.Says("陈立", "权限变更 确认 QX20260302-0001"), "【已受理】")
		require.Contains(t, w.Says("周八", "我的权限"), "运营人员")
	})
}

// Every denial is on record with the permission it is about: also of what no
// permission allows, such as one's own case or anything sensitive while one's
// account is reported lost (S02).
func TestS02_EveryDenialIsOnRecord(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := numberIn(t, w.Says("钱十一", "权限申请 customer.view 查客户 7天"), "A")
		w.Says("沈悦", "账号 挂失")
		for i, denied := range []struct{ who, says, told, permission string }{
			{"赵六", "谁有 log.read", "【无权限】需要 perm.view，可发送：权限申请 perm.view <理由> <期限>", "perm.view"},
			{"钱十一", "审批 " + number + " 同意", "【未通过】不能审批自己的申请", "approval.node.permission.superior.decide"},
			{"沈悦", "审批 " + number + " 同意", "【未通过】您的账号已挂失", "approval.node.permission.superior.decide"},
			{"陈立", "权限 分配 陈立 审计人员", "【未通过】不能给自己分配", "perm.assign"},
			{"邵静", "岗位变更 邵静 销售经理", "【未通过】不能变更自己的岗位", "post.assign"},
		} {
			require.Contains(t, w.Says(denied.who, denied.says), denied.told)
			require.Equal(t, i+1, w.rows("SELECT COUNT(*) FROM audit WHERE action = 'permission.denied'"), denied.says)
			require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM audit WHERE id = (SELECT MAX(id) FROM audit WHERE action = 'permission.denied')"+
				" AND actor = ? AND detail LIKE ?", w.Member(denied.who).ID, `%"`+denied.permission+`"%`), denied.says)
		}
		require.Contains(t, w.Says("赵六", "权限申请 report.finance.view 核对 181天"), "【未通过】")
		require.Equal(t, 5, w.rows("SELECT COUNT(*) FROM audit WHERE action = 'permission.denied'"), "what is refused for another reason is no denial")
	})
}
