package acceptance_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Given an application that was urged at 10:00, when the applicant urges it
// again after one hour, then he is refused with the next possible time: four
// working hours after the first.
func TestG2_4_4_3_AE2_TheSecondUrgeIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("钱十一", "权限申请 report.finance.view 核对三月报表 7天")
		require.Equal(t, "【已受理】A20260302-0001 已催办沈悦。", w.Says("钱十一", "催办"))
		w.Gets("沈悦", "【催办】钱十一 请您尽快处理 A20260302-0001")
		w.Advance(60 * 60e9)
		require.Equal(t, "【未通过】A20260302-0001 在 3月2日 10:00 已经催办过（依据 G2-4.4(3)）。可改为：3月2日 14:00 之后再催", w.Says("钱十一", "催办"))
		w.GetsNothing("沈悦", "【催办】")
		w.To("14:00")
		require.Contains(t, w.Says("钱十一", "催办"), "【已受理】")
	})
}

// An application lives through every change of the people who decide it.
func TestAnApplicationOutlivesItsDeciders(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("钱十一", "权限申请 report.finance.view 核对三月报表 7天")
		w.Gets("沈悦", "权限申请：查看财务报表", "这一步：直接上级")
		w.Company("delete_user", map[string]any{"userid": userid("沈悦")})
		w.Settle()
		w.Gets("钱十一", "【进度】A20260302-0001", "：沈悦已离职，「直接上级」")
		w.Gets("高总", "权限申请：查看财务报表")
		require.Contains(t, w.Presses("高总", "批准"), "【已受理】A20260302-0001 已同意，接下来由方安处理「信息安全部门」。")

		require.Contains(t, w.Says("方安", "代理 唐流 今天 3月6日"), "【已受理】")
		w.Gets("钱十一", "方安外出，「信息安全部门」由唐流（代方安）处理")
		require.Contains(t, w.Says("方安", "审批 A20260302-0001 同意"), "已经不由您处理")
		require.Contains(t, w.Presses("唐流", "批准"), "申请通过")
		w.Gets("钱十一", "【已授权】A20260302-0001")
		require.Zero(t, w.Count("钱十一", "【已通过】"), "one message for one approval")
		w.Traces("钱十一", "A20260302-0001", "沈悦已离职", "唐流 同意（卡片）", "（已通过）")
	})
}

// The entry 审批 of the menu works: it lists what waits, and what was submitted.
func TestApprovalsOfTheMenu(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("沈悦", "菜单"), "· 审批：提交和处理申请，例如 审批 A20260302-0001 批准")
		require.Equal(t, "现在没有等您审批的申请。", w.Says("沈悦", "审批"))
		require.Contains(t, w.Says("钱十一", "权限申请 财务"), "没有名为「财务」的权限", "said before the reason is asked for")
		w.Says("钱十一", "取消")
		w.Says("钱十一", "权限申请 report.finance.view 核对三月报表 7天")
		require.Contains(t, w.Says("沈悦", "审批"), "【等我审批】\nA20260302-0001 权限申请：查看财务报表（钱十一）\n可发送：审批 A20260302-0001 同意")
		require.Contains(t, w.Says("沈悦", "我的待办"), "A20260302-0001 权限申请：查看财务报表（3月3日 10:00 前处理）")
		require.Contains(t, w.Says("钱十一", "审批"), "【我提交的申请】\nA20260302-0001 权限申请：查看财务报表")
		require.Contains(t, w.Says("沈悦", "同意。"), "同意 A20260302-0001「权限申请：查看财务报表」？")
		require.Equal(t, "好的，什么都没有改动。", w.Says("沈悦", "取消"))
		require.NotContains(t, w.Says("吴九", "同意"), "同意 A20260302-0001「", "only of whom it waits for")
		require.Contains(t, w.Says("钱十一", "撤回"), "【已受理】A20260302-0001 已撤回。")
		w.Gets("沈悦", "【撤回】钱十一 撤回了 A20260302-0001")
		require.Contains(t, w.Shown("沈悦", "权限申请：查看财务报表", "这一步：直接上级").String(), `"replace_text":"已撤回"`)
	})
}
