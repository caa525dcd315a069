package acceptance_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom/sandbox"
)

// E2.S 5: given 周八 has rights, a grant and open work of two kinds, when
// update_user moves him to 市场部, then what only 销售部 gave is withdrawn at
// once, what 市场部 gives is confirmed by 王五, the open work is listed to both
// heads, and there is one PermissionChange. The group waits for groups (S08).
func TestE2_S_5_Move(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const change = "QX20260302-0002" // the first is of 林晓, who joins
		w.Says("周八", "权限申请 report.finance.view 核对回款 7天")
		w.Presses("邵静", "批准")
		w.Presses("方安", "批准")
		w.Says("何静", "发通知 周八 请补报销单 需回复")
		w.Says("邵静", "代理 周八 今天 今天")
		w.joins("xinren", "林晓", 3)
		task := numberIn(t, w.Gets("周八", "安排带教人：林晓").String(), "T")
		changes := w.rows("SELECT COUNT(*) FROM permission_changes")
		require.Contains(t, w.Says("陈立", "谁有 customer.edit"), "周八（销售部）")

		var told struct {
			Deliveries []sandbox.PressResult `json:"deliveries"`
		}
		w.post("contacts", map[string]any{"change_type": "update_user", "userid": "zhouba", "department": []int{4}, "main_department": 4}, &told)
		w.Settle()
		require.Equal(t, "10:00", w.Now().Format("15:04"), "within the minute")

		// Withdrawn at once; the addition changes nothing before it is confirmed.
		for _, lost := range []string{"customer.edit", "customer.view", "order.follow", "sales.report"} {
			require.NotContains(t, w.Says("陈立", "谁有 "+lost), "周八", lost)
		}
		require.NotContains(t, w.Says("陈立", "谁有 content.plan"), "周八")
		require.Contains(t, w.Says("周八", "我的权限"), "【等待确认】\n· "+change)
		require.Contains(t, w.Says("周八", "权限变更 确认 "+change), "【未通过】不能确认自己的权限变更")
		require.Contains(t, w.Says("孙七", "权限变更 确认 "+change), "【未找到】"+change)
		w.Gets("王五", change, "周八（市场部）", "运营人员", "3月3日 10:00 前", "确认新增", "拒绝")
		require.Contains(t, w.Presses("王五", "确认新增"), "【已受理】"+change)
		require.Contains(t, w.Says("陈立", "谁有 content.plan"), "周八（市场部）")
		require.Contains(t, w.Shown("王五", change, "新增待确认").String(), "王五 已确认新增（3月2日 10:00）", "who and when")

		// What he has by an approval of its own is kept apart and listed (F-13).
		require.Contains(t, w.Says("陈立", "谁有 report.finance.view"), "周八（市场部）：授权，至 2026-03-09 10:00")
		w.Traces("周八", change, "【保留的授权】查看财务报表", "已收回】", "角色 销售团队", "新增】", "角色 运营人员")

		// Both heads see all that is open, and it is still his.
		list := numberIn(t, w.Gets("邵静", "周八调岗，工作需要交接", "2 项", "指定接手人").String(), "JJ")
		w.Gets("沈悦", "周八调岗，工作需要交接", list)
		for _, head := range []string{"邵静", "沈悦"} {
			listed := w.Says(head, "交接 "+list)
			require.Contains(t, listed, "M20260302-0001", head)
			require.Contains(t, listed, task, head)
		}
		require.Contains(t, w.Says("周八", "我的待办"), task)

		// One record, however often the event comes.
		for _, d := range told.Deliveries {
			w.Redelivers(d.DeliveryID, 3, true)
		}
		w.Settle()
		w.Advance(2 * time.Minute)
		require.Equal(t, changes+1, w.rows("SELECT COUNT(*) FROM permission_changes"))
		require.Equal(t, 1, w.Count("王五", change, "新增待确认"))
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM hand_overs"))
	})
}

// E2.0, names in force: given a step waits for a superior or head, when he is
// not that any more, then whoever is has it, and he can decide nothing.
func TestE2_0_AStepIsForWhoeverIsHeadNow(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		first := numberIn(t, w.Says("钱十一", "权限申请 report.finance.view 核对三月报表 7天"), "A")
		w.Gets("沈悦", "权限申请：查看财务报表")
		w.moves(map[string]any{"userid": "wujiu", "department": []int{4}, "main_department": 4, "is_leader_in_dept": []int{1}, "full": true})
		w.moves(map[string]any{"userid": "shenyue", "department": []int{14}, "main_department": 14, "is_leader_in_dept": []int{0}})
		require.Zero(t, w.Count("吴九", "这一步：直接上级"), "WeCom still says that 沈悦 is his superior")
		w.moves(map[string]any{"userid": "qianshiyi", "direct_leader": "wujiu", "full": true})
		w.Gets("钱十一", "【进度】"+first, "申请人的部门或上级有变动，「直接上级」由吴九处理")
		require.Contains(t, w.Says("沈悦", "审批 "+first+" 同意"), "已经不由您处理")
		require.NotContains(t, w.Says("沈悦", "我的待办"), first)
		list := numberIn(t, w.Gets("吴九", "沈悦调岗，工作需要交接").String(), "JJ")
		require.Contains(t, w.Says("吴九", "指定接手人 "+list+" 钱十一"), "没有还要您交接的工作")
		listed := w.Says("吴九", "交接 "+list)
		require.Contains(t, listed, "（已交接）")
		require.Contains(t, listed, "：已办结或已转给其他同事，不用交接", "it has gone its own way")
		require.NotContains(t, listed, "待交接")
		w.Gets("吴九", "权限申请：查看财务报表", "这一步：直接上级", "同意")
		require.Contains(t, w.Presses("吴九", "批准"), "【已受理】"+first)

		// He stays in his department and heads it no more; nobody does: 总经理办公室.
		second := w.newcomer("郑十")
		w.Presses("吴九", "同意")
		w.Gets("韩梅", "账号新增：新人甲", "同意")
		w.moves(map[string]any{"userid": "hanmei", "department": []int{6}, "main_department": 6, "is_leader_in_dept": []int{0}, "full": true})
		w.Gets("郑十", "【进度】"+second, "韩梅的部门或职责有变动，「人事部核实」由高总处理")
		w.Gets("高总", "账号新增：新人甲", "同意")
		require.Contains(t, w.Says("韩梅", "审批 "+second+" 同意"), "已经不由您处理")
		require.Contains(t, w.Says("高总", "审批 "+second+" 同意"), "接下来由王五处理「开通账号」")

		// A change that leaves him what he is leaves him the step.
		third := w.Says("钱十一", "权限申请 customer.view 查客户 7天")
		w.moves(map[string]any{"userid": "wujiu", "position": "市场总监", "full": true})
		require.Contains(t, w.Says("吴九", "审批 "+numberIn(t, third, "A")+" 同意"), "【已受理】")
	})
}

// A deputy keeps a step no longer than the colleague he stands for would.
func TestE2_0_ADeputyDecidesForWhoeverIsHeadNow(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("沈悦", "代理 吴九 今天 明天")
		number := numberIn(t, w.Says("钱十一", "权限申请 report.finance.view 核对三月报表 7天"), "A")
		w.Gets("吴九", "权限申请：查看财务报表")
		w.moves(map[string]any{"userid": "shenyue", "department": []int{14}, "main_department": 14, "is_leader_in_dept": []int{0}})
		w.moves(map[string]any{"userid": "qianshiyi", "direct_leader": "gaozong", "full": true})
		w.Gets("高总", "权限申请：查看财务报表", "这一步：直接上级")
		require.Contains(t, w.Says("吴九", "审批 "+number+" 同意"), "已经不由您处理")
		require.Contains(t, w.Says("高总", "审批 "+number+" 同意"), "【已受理】")
	})
}

// The same for a role: who is no 管理员 any more decides no application.
func TestE2_0_AStepIsForWhoeverHasTheRoleNow(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("陈立", "权限 分配 江一 管理员"), "【已受理】")
		number := numberIn(t, w.Says("钱十一", "权限申请 customer.view 查客户 7天"), "A")
		w.Presses("沈悦", "批准")
		w.Gets("江一", "权限申请：查看客户", "同意")
		require.Contains(t, w.Says("陈立", "权限 收回 江一 管理员"), "【已受理】")
		w.Settle()
		require.Contains(t, w.Says("江一", "审批 "+number+" 同意"), "已经不由您处理")
		require.Contains(t, w.Says("蒋新", "审批 "+number+" 同意"), "申请通过")
	})
}

// The same for what a move adds: who gives up the post 用户权限管理 confirms
// nothing any more, and whoever holds it has the card.
func TestE2_0_AChangeIsConfirmedByWhoHoldsThePostNow(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("韩梅", "岗位变更 李四 用户权限管理"), "【已受理】")
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		change := numberIn(t, w.Gets("李四", "新增待确认", "确认新增").String(), "QX")
		w.Gets("王五", change, "新增待确认")
		require.Contains(t, w.Says("陈立", "岗位变更 李四 采购经理 用户权限管理"), "【已受理】")
		w.Settle()
		require.Contains(t, w.Says("李四", "权限变更 确认 "+change), "【未通过】"+change+" 已转交他人确认")
		require.NotContains(t, w.Says("李四", "我的待办"), change)
		require.Equal(t, 1, w.Count("王五", change, "新增待确认"), "he has been asked already")
		require.Contains(t, w.Presses("王五", "确认新增"), "【已受理】"+change)
	})
}

// And for the review: who is no 管理员 any more reviews nothing.
func TestE2_0_AReviewIsForWhoeverIsAdministratorNow(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("陈立", "权限 分配 江一 管理员"), "【已受理】")
		w.To("2026-04-01 09:00")
		review := numberIn(t, w.Says("江一", "我的待办"), "QS")
		require.Contains(t, w.Says("陈立", "权限 收回 江一 管理员"), "【已受理】")
		w.Settle()
		require.NotContains(t, w.Says("江一", "我的待办"), review)
		require.Contains(t, w.Says("江一", "权限审查 全部正常 "+review), "【")
		require.NotContains(t, w.Says("江一", "权限审查 全部正常 "+review), "【已受理】")
		require.Contains(t, w.Says("蒋新", "权限审查 全部正常 "+review), "【已受理】")
	})
}
