package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// namesake adds a second 周八, to 财务部.
func (w *World) namesake() {
	w.t.Helper()
	w.Company("create_user", map[string]any{"userid": "zhouba2", "name": "周八", "department": []int{4}, "main_department": 4})
}

// Given two people called 周八, when 赵六 sends 发通知 周八 …, then he gets one
// choice card, and nothing is done until he chooses.
func TestE2_0_AmbiguousNameGetsAChoiceCard(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.namesake()
		w.Reads("赵六")
		told := w.Says("赵六", "发通知 周八 下午三点开会")
		require.Contains(t, told, "「周八」有 2 位，请选一位")
		require.Nil(t, w.last.Reply, "the card says it; no text besides")
		require.Equal(t, 1, w.Count("赵六", "「周八」有 2 位"))
		w.GetsNothing("周八", "下午三点开会")
		w.GetsNothing("zhouba2", "下午三点开会")

		card := w.Gets("赵六", "「周八」有 2 位")
		require.Equal(t, "template_card", card.Kind)
		first, second := w.choices(card)[0], w.choices(card)[1]
		require.NotEqual(t, first, second)
		require.Contains(t, w.Presses("赵六", second), "【已受理】M20260302-0001 已通知 1 人")
		w.Gets("zhouba2", "下午三点开会")
		w.GetsNothing("周八", "下午三点开会")

		shown := w.Shown("赵六", "「周八」有 2 位")
		require.Contains(t, shown.String(), "已选择：周八（")
		require.Equal(t, card.ID, shown.ID, "the card itself has changed")
	})
}

// choices are the button texts of a card.
func (w *World) choices(m message) []string {
	w.t.Helper()
	require.NotNil(w.t, m.Card, m.String())
	var all []string
	for _, b := range m.Card.ButtonList {
		all = append(all, b.Text)
	}
	require.NotEmpty(w.t, all)
	return all
}

// keyOf is the key of a button as the card was when m was read.
func (w *World) keyOf(m message, button string) string {
	w.t.Helper()
	key, ok := m.button(button)
	require.True(w.t, ok, "no button %s on %s", button, m)
	return key
}

// A button that is pressed again, or after the question was answered in
// words, changes nothing and shows the present state.
func TestE2_0_AChoiceIsMadeOnce(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "我的企业微信登录不上了"), "发给技术支持部？")
		card := w.Gets("赵六", "发给技术支持部？")
		require.Equal(t, []string{"发送", "不发"}, w.choices(card))
		require.Contains(t, w.Presses("赵六", "发送"), "【已受理】M20260302-0001 已转给技术支持部林秀")
		require.Contains(t, w.Shown("赵六", "发给技术支持部？").String(), "已选择：发送")
		w.Redelivers(w.last.DeliveryID, 3, true)
		w.Settle()
		require.Equal(t, 1, w.Count("林秀", "咨询：我的企业微信登录不上了"))

		// typed: the number, and the whole line of the button
		w.Says("赵六", "发票丢了怎么办")
		second := w.Gets("赵六", "发给财务部？")
		require.Contains(t, w.Says("赵六", "2"), "没有发送")
		require.Contains(t, w.Shown("赵六", "发给财务部？").String(), "已选择：不发")
		w.Says("赵六", "发票丢了怎么办")
		third := w.Gets("赵六", "发给财务部？")
		require.NotEqual(t, second.ID, third.ID)
		_, line, _ := strings.Cut(w.keyOf(third, "发送"), "|")
		require.Contains(t, w.Says("赵六", line), "【已受理】M20260302-0002")
		require.Contains(t, w.Says("赵六", line), "这个选择已经过时", "the question is over")
		require.Equal(t, 1, w.Count("何静", "咨询：发票丢了怎么办"))
	})
}

// The phone of the presser may show an old copy: the app decides.
func TestE2_0_APressOnAnEndedQuestionChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Fails("message/update_template_card", map[string]any{"errcode": 60140, "times": 2})
		w.Says("赵六", "我的企业微信登录不上了")
		card := w.Gets("赵六", "发给技术支持部？")
		key := w.keyOf(card, "发送")
		require.Contains(t, w.Says("赵六", "不发"), "没有发送") // the card cannot be redrawn
		require.Contains(t, w.PressesOn("赵六", card, key), "没有执行任何操作")
		w.GetsNothing("林秀", "登录不上")
		w.Heals()
	})
}

// A question is kept for 30 minutes.
func TestE2_0_AChoiceExpiresAfterThirtyMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "我的企业微信登录不上了")
		w.Gets("赵六", "发给技术支持部？")
		w.Advance(29 * time.Minute)
		require.Contains(t, w.Presses("赵六", "发送"), "【已受理】M20260302-0001")

		w.Says("赵六", "发票丢了怎么办")
		card := w.Gets("赵六", "发给财务部？")
		w.Advance(31 * time.Minute)
		require.Contains(t, w.PressesOn("赵六", card, w.keyOf(card, "发送")), "已经过期，没有执行任何操作")
		w.GetsNothing("何静", "发票丢了")
		require.Contains(t, w.Shown("赵六", "发给财务部？").String(), "已失效")
	})
}

// A new question takes the place of the old one, whose card says so.
func TestE2_0_OneQuestionAtATime(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "我的企业微信登录不上了")
		first := w.Gets("赵六", "发给技术支持部？")
		w.Says("赵六", "发票丢了怎么办")
		w.Gets("赵六", "发给财务部？", "上一条「咨询」没有发送")
		require.Contains(t, w.Shown("赵六", "发给技术支持部？").String(), "已失效")
		require.NotContains(t, w.Shown("赵六", "发给财务部？").String(), "已失效")
		_, ok := w.Shown("赵六", "发给技术支持部？").button("发送")
		require.False(t, ok)
		require.NotZero(t, first.ID)
		require.Contains(t, w.Presses("赵六", "发送"), "已转给财务部何静")
	})
}

// Several items: the buttons fit ten characters and stay apart, the card lists
// them in full.
func TestE2_0_ChoiceAmongItems(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头怎么写")
		w.Says("孙七", "咨询 报销单在哪里领")
		w.Reads("何静")
		w.Says("何静", "回复")
		card := w.Gets("何静", "有 2 项可以「回复」", "M20260302-0001 咨询：报销发票抬头怎么写", "M20260302-0002 咨询：报销单在哪里领")
		for _, text := range w.choices(card) {
			require.LessOrEqual(t, len([]rune(text)), 10)
		}
		require.Equal(t, []string{"1. 0002", "2. 0001"}, w.choices(card))
		require.Contains(t, w.Presses("何静", w.choices(card)[1]), "请输入回复内容")
		require.Contains(t, w.Says("何静", "写公司全称"), "【已受理】M20260302-0001 已回复")
	})
}

// More options than buttons stay a text.
func TestManyChoicesStayText(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for _, what := range []string{"一", "二", "三", "四", "五", "六", "七"} {
			w.Says("赵六", "咨询 报销问题"+what)
		}
		told := w.Says("何静", "回复")
		require.Contains(t, told, "7. M20260302-0001")
		require.NotNil(t, w.last.Reply)
		require.Contains(t, w.Says("何静", "7"), "请输入回复内容")
	})
}

// Where WeCom refuses the card, the same question comes as a text.
func TestARefusedChoiceCardBecomesText(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Fails("message/send", map[string]any{"errcode": 42038, "times": 1})
		require.Contains(t, w.Says("赵六", "我的企业微信登录不上了"), "发给技术支持部？\n1. 发送\n2. 不发")
		require.Contains(t, w.Says("赵六", "1"), "【已受理】M20260302-0001 已转给技术支持部林秀")
	})
}

// The same callback again, at once and later, asks no second time.
func TestAQuestionIsAskedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "我的企业微信登录不上了")
		asked := w.last.DeliveryID
		for _, again := range w.Redelivers(asked, 5, true) {
			require.Equal(t, 200, again.Status)
			require.Nil(t, again.Reply)
		}
		w.Settle()
		require.Equal(t, 1, w.Count("赵六", "发给技术支持部？"))
	})
}

// What a press leads to cannot be answered in the HTTP response: it is sent,
// at once, also in quiet hours and beside messages that wait for the morning.
func TestAPressIsAnsweredPromptly(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.Gets("何静", "咨询：报销发票抬头")
		w.To("22:30")
		w.Says("孙七", "咨询 报销单在哪里领")
		w.GetsNothing("何静", "报销单在哪里领")
		card := w.Shown("何静", "咨询：报销发票抬头", "有疑问")
		require.Contains(t, w.PressesOn("何静", card, w.keyOf(card, "回复")), "【请补充】内容：请输入回复内容")
		require.Contains(t, w.Says("何静", "取消"), "已取消「回复」")
		require.Contains(t, w.PressesOn("何静", card, w.keyOf(card, "有疑问")), "【请补充】内容：请问您的疑问是什么？")
		w.Says("何静", "取消")
		require.Contains(t, w.Says("何静", "转交 1"), "【请补充】姓名：请问转交给谁？")
		w.GetsNothing("何静", "报销单在哪里领")
		w.To("2026-03-03 09:05")
		w.Gets("何静", "咨询：报销单在哪里领")
	})
}
