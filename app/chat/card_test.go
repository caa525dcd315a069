package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A choice with buttons says on its card all that its text says, and each
// button has a line of equal effect.
func TestE2_0_ChoiceCard(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 李四 回访 截止:周五")
		card := w.last.Card
		require.NotNil(t, card)
		require.Equal(t, "【请补充】执行人：「李四」有 2 位，请选一位", card.Title)
		require.Equal(t, "（30分钟内有效，不要了就发 取消。）", card.Text)
		require.False(t, card.Abridged())
		require.NotZero(t, card.Question)

		first := card.Question
		w.Says("赵六", card.Choices[1].Key).Runs("布置｜执行人=lisi2｜标题=回访")
		require.Equal(t, first, w.last.Settled.Question)
		require.Equal(t, "李四（市场部）", w.last.Settled.Choice)
		w.Says("赵六", "我的进度")
		require.Nil(t, w.last.Settled, "a question is settled once")
	})
}

// However a question ends, its card hears of it.
func TestChoiceCardEnds(t *testing.T) {
	onSQLite(t, func(w *world) {
		asked := func() int64 {
			w.Says("赵六", "布置 李四 回访 截止:周五")
			require.NotNil(t, w.last.Card)
			return w.last.Card.Question
		}
		for name, end := range map[string]func(){
			"取消":              func() { w.Says("赵六", "取消") },
			"another answer":  func() { w.Says("赵六", "孙七") },
			"another command": func() { w.Says("赵六", "布置 李四 回访 截止:周五") },
			"time":            func() { w.After(31*time.Minute).Says("赵六", "帮助") },
		} {
			question := asked()
			end()
			require.NotNil(t, w.last.Settled, name)
			require.Equal(t, question, w.last.Settled.Question, name)
			require.Empty(t, w.last.Settled.Choice, name)
			w.Says("赵六", "取消")
		}
		question := asked()
		w.Says("赵六", "帮助")
		require.Nil(t, w.last.Settled, "the question stays open beside a complete command")
		w.Says("赵六", "1").Runs("布置｜执行人=lisi｜标题=回访")
		require.Equal(t, question, w.last.Settled.Question)
	})
}

// A button shows ten characters: a label that is longer keeps its number.
func TestChoiceCardCaptions(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "企业微信登录不上").Buttons("发送", "不发")
		require.Equal(t, "发给技术支持部？", w.last.Card.Title)
		require.Empty(t, w.last.Card.Text)
	})
}
