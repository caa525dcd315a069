package acceptance_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// When 陈立 sends 应用配置, then each module is 已启用 or 未启用; when 赵六 does,
// then the refusal names the permission.
func TestG1_1a_AE2_ConfigurationNamesEachModule(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		said := w.Says("陈立", "应用配置")
		require.Regexp(t, `已启用：消息、审批（权限和账号的申请）、任务（系统下达的任务）`, said)
		require.Regexp(t, `未启用：.*发布、.*文档、`, said)
		require.Contains(t, said, "回调：assistant 最近一次 3月2日 10:00；contacts 还没有收到过", "his own message was a callback")
		require.Contains(t, said, "凭证：assistant 有效，还有 ")
		require.Regexp(t, `通讯录：在职 33 人.*3月2日 10:00 核对：15 个部门，33 名成员`, said)
		require.Contains(t, said, "规则：第 1 版生效")
		require.Contains(t, said, "最近一次都成功")
		require.Equal(t, "【无权限】需要 app.config.view，可发送：权限申请 app.config.view <理由> <期限>", w.Says("赵六", "应用配置"))
		require.NotContains(t, w.Says("赵六", "帮助"), "应用配置")
		require.Contains(t, w.Says("陈立", "帮助 应用配置"), "例子：应用配置")
	})
}

// A failed compare and a job that waits for a person are seen.
func TestConfigurationShowsWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Fails("department/list", map[string]any{"errcode": 60011, "times": 1000})
		w.To("2026-03-03 03:01")
		said := w.Says("陈立", "应用配置")
		require.Contains(t, said, "3月3日 03:00 核对失败，请运行 guiju doctor")
		require.Regexp(t, `等待重试 [1-9]\d* 项`, said)
		w.Heals()
	})
}

// Given 周八 (销售团队), when he sends 菜单, then 客户, 跟进, 订单 are shown and
// 权限 is not.
func TestG1_4_2_1_三_AE_MenuByCategory(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		said := w.Says("周八", "菜单")
		require.Contains(t, said, "销售团队的入口：客户 / 跟进 / 订单")
		require.NotContains(t, said, "权限")
		for _, all := range []string{"我的待办", "审批", "任务", "反馈"} {
			require.Contains(t, said, all)
		}
		require.Regexp(t, `其中 .*客户、跟进、订单 还没有启用`, said, "nothing is promised that is not there")
		require.Contains(t, w.Says("周八", "客户"), "【未启用】")

		said = w.Says("陈立", "菜单")
		require.Contains(t, said, "管理员的入口：通讯录 / 权限 / 监控")
		require.Contains(t, said, "· 监控：看应用的状态，例如 应用配置")
		require.NotContains(t, said, "客户")
		require.NotContains(t, w.Says("江一", "菜单"), "的入口", "who has no category has none of its entries")
	})
}

// What comes round by the calendar runs once a day, also when the app was down
// at its time.
func TestScheduleAcrossARestart(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		runs := func() (periods []string) {
			all, err := w.reader().JobRuns("J-CONTACT-SYNC", store.JobRunDone, 10)
			require.NoError(t, err)
			for _, run := range all {
				periods = append(periods, run.Period)
			}
			return periods
		}
		require.Empty(t, runs())
		w.To("2026-03-03 02:59")
		require.Empty(t, runs())
		w.Down()
		w.To("2026-03-05 10:00") // two nights passed over
		w.Up()
		w.Settle()
		require.Equal(t, []string{"2026-03-05"}, runs(), "the newest missed night is made up")
		w.Down()
		w.Up()
		w.Settle()
		require.Equal(t, []string{"2026-03-05"}, runs(), "and not again")
		w.To("2026-03-06 03:00")
		require.Equal(t, []string{"2026-03-06", "2026-03-05"}, runs())
	})
}

// Two months in one move of the clock are sixty nights, and no more.
func TestScheduleOverMonths(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.To("2026-05-01 10:00")
		all, err := w.reader().JobRuns("J-CONTACT-SYNC", store.JobRunDone, 500)
		require.NoError(t, err)
		require.Len(t, all, 60)
		require.Empty(t, w.buried())
	})
}
