package chat_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/store"
)

// One test per row of the wording table of guide E2.0.

func TestE2_0_Wording_Accepted(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "咨询 你好").Is("【已受理】M20260302-0099 咨询｜内容=你好")
	})
	require.Equal(t, "【已受理】语音已记录", chat.Accepted("", "语音已记录").Text)
	require.Equal(t, "【已受理】M1", chat.Accepted("M1", "").Text)
}

func TestE2_0_Wording_Refused(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "拒绝试验 打球吗").Is("【未通过】工作时间不发私人内容（依据 G1-4.1.1(3)c）。可改为：下班后再发")
	})
}

func TestE2_0_Wording_IncompleteKeepsTheForm(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "抄送试验 开会").Begins("【请补充】抄送：抄送给谁")
		w.Says("赵六", "孙七、邵静").Runs("抄送试验｜内容=开会｜抄送=sunqi,shaojing")
	})
}

func TestE2_0_Wording_WarnedWithButtons(t *testing.T) {
	onSQLite(t, func(w *world) {
		const warning = "【提醒】语气太急（依据 G1-4.1(4)a）\n1. 仍然发送\n2. 改发咨询\n3. 取消\n回复序号即可。"
		w.Says("赵六", "提醒试验 快点").Is(warning).Buttons("仍然发送", "改发咨询", "取消")
		w.Presses("赵六", w.last.Card.Choices[0].Key).Runs("提醒试验｜内容=快点")
		require.True(w.t, w.ran[len(w.ran)-1].Insists)
		w.Says("赵六", "提醒试验 快点").Is(warning)
		w.Says("赵六", "仍然发送").Runs("提醒试验｜内容=快点")
		w.Says("赵六", "提醒试验 快点")
		w.Says("赵六", "2").Begins("【请补充】内容") // another way out
		w.Says("赵六", "取消")
		w.Says("赵六", "提醒试验 快点")
		w.Says("赵六", "取消").Is("好的，没有发送。")
		w.Says("赵六", "仍然发送").Gets("没看懂")
		w.Says("赵六", "提醒试验 快点")
		w.Says("赵六", "咨询 你好").Runs("咨询｜内容=你好").Gets("还等您选择")
		w.Says("赵六", "1").Runs("提醒试验｜内容=快点")
	})
}

func TestE2_0_Wording_NoPermission(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "应用配置").Is("【无权限】需要 app.config.view，可发送：权限申请 app.config.view <理由> <期限>")
		w.Presses("赵六", "应用配置").Begins("【无权限】需要 app.config.view")
		w.Says("赵六", "对象试验 M20260302-0001").Begins("【无权限】需要 doc.view，")
		require.Equal(w.t, []string{"赵六 app.config.view", "赵六 app.config.view", "赵六 doc.view M20260302-0001"}, w.denied)
		require.Empty(w.t, w.ran)
		w.Says("陈立", "应用配置").Runs("应用配置")
	})
}

func TestE2_0_Wording_NotFound(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "查找试验 m20260302-1").Is("【未找到】M20260302-0001")
		w.Says("赵六", "回复 77 好的").Is("【未找到】77")
	})
}

func TestE2_0_Wording_ModuleOff(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "请假 明天").Is("【未启用】审批")
		w.Clicks("赵六", "报障").Is("【未启用】故障")
		w.Says("赵六", "帮助 工单").Is("【未启用】工单")
	})
}

func TestE2_0_Wording_InternalErrorFailsTheDelivery(t *testing.T) {
	require.Equal(t, "【系统异常】已登记故障 G20260302-0001", chat.Internal("G20260302-0001").Text)
	each(t, func(w *world) {
		w.Says("赵六", "布置 邵静")
		err := w.db.InTx(context.Background(), func(tx *store.Tx) error {
			_, err := w.engine.Handle(tx, chat.From{Member: w.people["赵六"], App: "assistant", At: w.clock.Now()}, "故障试验")
			return err
		})
		require.ErrorContains(w.t, err, "disk on fire")
		w.Says("赵六", "回访").Gets("【请补充】截止") // nothing of it was kept
	})
}
