package acceptance_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Presses on cards that come twice, late, or from somebody else, and what the
// cards show then.

func TestPressingTwiceIsHarmless(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("邵静", "发通知 赵六、孙七 三点开会 重要")
		card := w.Shown("赵六", "通知：三点开会")
		key, ok := card.button("收到")
		require.True(t, ok)
		require.Contains(t, w.PressesOn("赵六", card, key), "已确认收到")
		require.Contains(t, w.PressesOn("赵六", card, key), "已确认收到，谢谢。（第 2 次）")
		w.To("10:31")
		w.GetsNothing("赵六", "已超时")
		w.Traces("邵静", "M20260302-0001", "赵六：按时回应", "孙七：已超时")
		require.Zero(t, w.Count("邵静", "【已响应】"))

		w.Says("何静", "咨询 企业微信登录不上")
		w.Says("林秀", "回复 请重启")
		card = w.Shown("何静", "林秀 的答复")
		key, ok = card.button("已解决")
		require.True(t, ok)
		w.PressesOn("何静", card, key)
		require.Contains(t, w.Shown("何静", "林秀 的答复").String(), "已办结")
		require.Equal(t, 1, w.Count("林秀", "【已解决】"))
	})
}

// While the copies out there could not be redrawn yet, a press on an older
// version changes nothing and causes an update.
func TestStalePressAfterReopening(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Says("赵六", "咨询 报销发票抬头")
		w.Fails("message/update_template_card", map[string]any{"http": 500, "times": -1})
		old := w.Shown("何静", "咨询：报销发票抬头")
		w.Says("何静", "回复 抬头写公司全称")
		w.Says("赵六", "未解决")
		w.Reads("何静")
		key, ok := old.button("回复")
		require.True(t, ok, "the old copy still looks alive")
		require.Contains(t, w.PressesOn("何静", old, key), "【提醒】这张卡片的内容已有变化，没有执行任何操作")
		require.Contains(t, w.Says("何静", "写哪个公司"), "发通知 / 审批 / 任务", "no reply was begun")
		answer := w.Shown("赵六", "何静 的答复")
		key, ok = answer.button("已解决")
		require.True(t, ok)
		require.Contains(t, w.PressesOn("赵六", answer, key), "没有执行任何操作")
		w.Traces("赵六", number, "等待回应")
		w.Heals()
		for range 8 {
			w.Waits(10 * time.Minute)
		}
		require.Contains(t, w.Shown("赵六", "何静 的答复").String(), "已请对方继续答复")
		w.Presses("何静", "回复")
		require.Contains(t, w.Says("何静", "总公司的"), "【已受理】"+number+" 已回复")
	})
}

// The answer card tells each state of its question.
func TestAnswerCardStates(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const card = "何静 的答复"
		w.Says("赵六", "咨询 报销发票抬头")
		w.Says("何静", "回复 抬头写公司全称")
		shown := w.Gets("赵六", card, "抬头写公司全称", "M20260302-0001", "已解决", "未解决")
		require.NotContains(t, shown.String(), "replace_text")
		require.Contains(t, w.Shown("何静", "咨询：报销发票抬头").String(), "已回复")
		before := w.Count("何静", "咨询：报销发票抬头", "回复")
		w.Presses("赵六", "未解决")
		require.Equal(t, before+1, w.Count("何静", "咨询：报销发票抬头", "回复"), "one card asks, not two")
		require.Contains(t, w.Shown("赵六", card).String(), "已请对方继续答复")
		w.Says("何静", "回复 总公司的全称")
		w.Gets("赵六", card, "总公司的全称", "已解决")
		w.Says("赵六", "撤回")
		require.Contains(t, w.Shown("赵六", card).String(), "已撤回")
		_, alive := w.Shown("何静", "咨询：报销发票抬头").button("回复")
		require.False(t, alive)

		w.Says("赵六", "咨询 报销要几天")
		w.Says("何静", "回复 三天")
		w.Presses("赵六", "已解决")
		require.Contains(t, w.Shown("赵六", card, "三天").String(), "已办结")
		// The one code of 何静's card was spent on 已回复; its buttons are dead.
		require.Contains(t, w.Shown("何静", "咨询：报销要几天").String(), "已回复")
	})
}

// A press by somebody who may not is answered with 无权限 and changes nothing.
func TestE2_0_APressByOneWhoMayNotChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Says("赵六", "咨询 报销发票抬头 重要")
		card := w.Shown("何静", "咨询：报销发票抬头")
		body, err := json.Marshal(card.Card)
		require.NoError(t, err)
		var drawn struct {
			TaskID string `json:"task_id"`
		}
		require.NoError(t, json.Unmarshal(body, &drawn))
		key, _ := card.button("收到")
		for _, name := range []string{"周八", "赵六"} {
			w.Event(name, "template_card_event", map[string]any{
				"EventKey": key, "TaskId": drawn.TaskID, "CardType": "button_interaction", "ResponseCode": "made-up",
			})
			w.Settle()
			w.Gets(name, "【无权限】需要 item.answer")
		}
		w.Traces("赵六", number, "何静：计时中")
		w.Presses("何静", "收到")
		require.NotContains(t, w.Shown("何静", "咨询：报销发票抬头").String(), "made-up")
		w.Says("何静", "回复 好的")
		require.Contains(t, w.Shown("何静", "咨询：报销发票抬头").String(), "已回复", "a forged code spoils no update")
	})
}

func TestAPressOnAnUnknownCard(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Event("赵六", "template_card_event", map[string]any{
			"EventKey": "1|收到 M20260302-0001", "TaskId": "item-1-000000000000", "CardType": "button_interaction", "ResponseCode": "x",
		})
		w.Settle()
		w.Gets("赵六", "【未找到】这张卡片已经失效")
	})
}

// Every button has a command of equal effect, whoever holds the card.
func TestButtonsOfReminders(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("邵静", "发通知 赵六、孙七 三点开会 重要 需回复")
		w.To("10:20")
		w.Gets("赵六", "请在 3月2日 10:30 前回应", "立即回复", "收到")
		w.Presses("赵六", "立即回复")
		require.Contains(t, w.Says("赵六", "参加"), "已回复")
		w.Gets("邵静", "【回复】赵六", "参加")
		require.Contains(t, w.Shown("赵六", "响应提醒").String(), "已按时回应")
		w.Presses("孙七", "收到")
		w.To("10:31")
		require.Contains(t, w.Shown("孙七", "已超时，请尽快回应").String(), "立即回复")
		require.Contains(t, w.Says("孙七", "收到"), "已确认收到，但已超过时限，请尽快回复")
	})
}
