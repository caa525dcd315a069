package acceptance_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// One test per row of the reply wording of guide E2.0, on the whole product.
// The row 内部错误 is in gateway_test.go.

func TestE2_0_Wording_Accepted(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Equal(t, "【已受理】M20260302-0001 已转给财务部何静，最晚 3月3日 10:00 前答复。", w.Says("赵六", "咨询 报销发票抬头"))
	})
}

func TestE2_0_Wording_Refused(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Equal(t, "【未通过】只有本人或其直接上级可以设置赵六的代理（依据 G1-4.1(4)b）。可改为：请赵六发送：代理 <姓名> <开始> <结束>",
			w.Says("周八", "代理 孙七 今天 明天 本人:赵六"))
	})
}

func TestE2_0_Wording_Incomplete(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "发通知 孙七"), "【请补充】内容：请输入通知内容")
	})
}

// Given a notice in slang, when it is sent, then the sender is warned once
// with the words found; 仍然发送 sends it all the same.
func TestG1_4_1_4_a_AE1_SlangIsWarnedOf(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.Says("赵六", "发通知 孙七 绝绝子，快点交！！！")
		require.Contains(t, told, "【提醒】有不合适的用语：绝绝子、！！！（依据 G1-4.1(4)a）")
		w.GetsNothing("孙七", "绝绝子")
		w.Presses("赵六", "仍然发送")
		w.Gets("赵六", "【已受理】M20260302-0001 已通知 1 人")
		w.Gets("孙七", "绝绝子")
	})
}

func TestE2_0_Wording_Warned(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "发通知 孙七 快点交！！！"), "【提醒】有不合适的用语：！！！（依据 G1-4.1(4)a）")
		require.Equal(t, "好的，没有发送。", w.Says("赵六", "取消"))
		w.GetsNothing("孙七", "快点交")
	})
}

func TestE2_0_Wording_NoPermission(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Equal(t, "【无权限】需要 perm.assign，可发送：权限申请 perm.assign <理由> <期限>", w.Says("赵六", "权限 分配 孙七 流程管理员"))
	})
}

func TestE2_0_Wording_NotFoundIsAlsoSaidOfWhatTheAskerMayNotSee(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		for _, command := range []string{"追溯", "回复", "收到", "催办", "撤回", "转交"} {
			tail := map[string]string{"回复": " 好的", "转交": " 孙七"}[command]
			require.Equal(t, "【未找到】M20260302-0001", firstLine(w.Says("吴九", command+" M20260302-0001"+tail)), command)
			require.Equal(t, "【未找到】M20260302-9999", firstLine(w.Says("吴九", command+" M20260302-9999"+tail)), command)
		}
		// His superior and the administrators may look.
		require.Contains(t, w.Says("魏伟", "追溯 M20260302-0001"), "【发起】")
		require.Contains(t, w.Says("陈立", "追溯 M20260302-0001"), "【发起】")
	})
}

func TestE2_0_Wording_ModuleOff(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Equal(t, "【未启用】工单", w.Says("赵六", "工单 明天"))
		require.Equal(t, "【未启用】故障", w.Says("赵六", "报障 打印机坏了"))
	})
}
