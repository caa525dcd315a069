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
		w.Presses("邵静", "同意")
		w.Presses("方安", "同意")
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
