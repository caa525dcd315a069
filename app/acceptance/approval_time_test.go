package acceptance_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// Approvals in time: limits of nodes, reminders, escalation, and what the report
// makes of how long everything took.

// Given a case entered node HR Monday 10:00 with a limit of 8 working hours,
// then the reminder comes at the first tick after Monday 18:00 and the
// escalation after Tuesday 17:00 (16 working hours).
func TestG2_4_4_3_AE1_ReminderAtTheLimitEscalationAtTwice(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.Presses("邵静", "批准")
		w.Shown("郑十六", number, "批准")
		w.Reads("郑十六")
		w.To("18:00")
		w.GetsNothing("郑十六", number)
		w.To("2026-03-03 09:00")
		w.Gets("郑十六", number, "已超时，请尽快回应")
		w.GetsNothing("韩梅", number)
		w.To("17:00")
		w.GetsNothing("韩梅", number)
		w.To("17:00:01")
		w.Gets("韩梅", number, "请假")
		w.Gets("赵六", number)
		// It is still 郑十六's, and once decided nobody is reminded again.
		w.Decides("郑十六", number, "批准")
		w.Reads("韩梅")
		w.Reads("郑十六")
		w.To("2026-03-06 18:00")
		w.GetsNothing("郑十六", number)
		w.GetsNothing("韩梅", number)
	})
}

// Given durations of 4 h, 8 h and 12 h, then 平均处理时长 8 h; given 2 approved and 1
// rejected, then 审批通过率 66.7 %. What was withdrawn does not count, nor what is
// not finished; a closed month stays as it was.
func TestG1_3_2_3_a_AE1_MeanDurationAndShareOfApprovals(t *testing.T) {
	eachWith(t, withProcess(gift), func(t *testing.T, w *World) {
		const said = "申请 礼品 用途:客户 金额:100"
		w.To("2026-03-03 06:00")
		first, second, third := w.Applies("孙七", said), w.Applies("周八", said), w.Applies("魏伟", said)
		withdrawn := w.Applies("赵六", said)
		w.Applies("赵六", "申请 礼品 用途:供应商 金额:100") // still open when the month ends
		w.To("10:00")
		w.Decides("邵静", first, "批准")
		w.Says("赵六", "撤回 "+withdrawn)
		w.To("14:00")
		w.Decides("邵静", second, "批准")
		w.To("18:00")
		w.Decides("邵静", third, "驳回 超出预算")
		report := w.Says("高总", "报表 审批 2026-03")
		require.Contains(t, report, "礼品")
		require.Contains(t, report, "平均处理时长 8小时")
		require.Contains(t, report, "审批通过率 66.7%（2/3）")
		require.Contains(t, report, "部门负责人", "per node")

		w.To("2026-04-02 10:00")
		march := w.Says("高总", "报表 审批 2026-03")
		w.Says("邵静", "审批 "+third+" 批准")
		require.Equal(t, store.RequestRejected, w.Case(third).State)
		require.Equal(t, march, w.Says("高总", "报表 审批 2026-03"))
		require.Contains(t, w.Says("赵六", "报表 审批 2026-03"), "【无权限】需要 report.approval.view")
		require.Contains(t, w.Says("高总", "报表 审批 2025-01"), "不适用")
	})
}
