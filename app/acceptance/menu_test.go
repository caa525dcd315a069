package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// menuEntry is one entry of the app's menu as the platform has it.
type menuEntry struct {
	Type, Name, Key string
	SubButton       []menuEntry `json:"sub_button"`
}

func (w *World) menu() []menuEntry {
	w.t.Helper()
	var got struct {
		Button []menuEntry `json:"button"`
	}
	w.get("menu?app=assistant&user=zhaoliu", &got)
	return got.Button
}

// The menu is set within WeCom's limits, and each entry does what its words,
// typed, do.
func TestMenuReachesTheCommands(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		groups := w.menu()
		require.Len(t, groups, 3)
		entries := 0
		for _, group := range groups {
			require.NotEmpty(t, group.SubButton, group.Name)
			for _, entry := range group.SubButton {
				entries++
				require.Equal(t, "click", entry.Type)
				pressed := w.Clicks("赵六", entry.Key)
				// A question with choices comes as a card, whose keys are new each time.
				pressed, _, carded := strings.Cut(pressed, " {")
				require.True(t, carded || w.last.Reply != nil, "a click is answered at once: %s", entry.Key)
				require.NotContains(t, pressed, "没看懂", entry.Key)
				require.NotContains(t, pressed, "【未启用】", entry.Key)
				w.Says("赵六", "取消")
				typed, _, _ := strings.Cut(w.Says("赵六", entry.Key), " {")
				require.Equal(t, pressed, typed, entry.Key)
				w.Says("赵六", "取消")
			}
		}
		require.GreaterOrEqual(t, entries, 13)
		require.LessOrEqual(t, entries, 15, "three groups of five")
	})
}

// An entry that needs more asks for it, and what follows is the answer.
func TestMenuEntryAsksForWhatIsMissing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Clicks("赵六", "咨询"), "【请补充】内容：请输入要咨询的内容")
		require.Contains(t, w.Says("赵六", "报销发票抬头"), "【已受理】M20260302-0001 已转给财务部何静")
		require.Contains(t, w.Clicks("何静", "我的待办"), "M20260302-0001")
		require.Contains(t, w.Clicks("何静", "回复"), "请输入回复内容", "only one item is open")
		require.Contains(t, w.Says("何静", "写公司全称"), "【已受理】M20260302-0001 已回复")
		require.Contains(t, w.Clicks("赵六", "完成"), "【未通过】")
	})
}

// Entering greets once; later at most daily, and only if something is open.
func TestG2_4_5_2_EnteringGreetsOnceThenDailyIfSomethingIsOpen(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		first := w.Enters("何静")
		require.Contains(t, first, "何静，您好！这里是公司的工作助手，三步就会用")
		require.Contains(t, first, "1. ")
		require.Contains(t, first, "3. 看什么在等您：发 我的待办")
		w.Advance(time.Minute)
		require.Empty(t, w.Enters("何静"))
		w.To("2026-03-03 09:30")
		require.Empty(t, w.Enters("何静"), "nothing is open")

		w.Says("赵六", "咨询 报销发票抬头")
		w.Advance(time.Minute)
		require.Equal(t, "何静，您好。有 1 项事情等您处理，发 我的待办 查看。", w.Enters("何静"))
		w.Advance(time.Minute)
		require.Empty(t, w.Enters("何静"))
		w.To("17:00")
		require.Empty(t, w.Enters("何静"), "once a day")
		w.To("2026-03-04 00:01")
		require.Contains(t, w.Enters("何静"), "有 1 项事情等您处理", "another day")
		w.To("09:30")
		w.Says("何静", "回复 写公司全称")
		w.To("2026-03-05 09:30")
		w.Advance(time.Minute)
		require.Empty(t, w.Enters("何静"))
	})
}

// Events nobody acts on are stored once and never an error; they say nothing.
func TestQuietEventsAreStoredOnce(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for i, event := range []string{"subscribe", "unsubscribe", "view", "LOCATION", "view_miniprogram", "scancode_push", "pic_weixin", "location_select", "taskcard_click", "something_new"} {
			result := w.Event("赵六", event, map[string]any{"EventKey": "https://example.com/", "Latitude": "39.9", "Longitude": "116.4", "Precision": "30"})
			require.Equal(t, 200, result.Status, event)
			require.Nil(t, result.Reply, event)
			for _, again := range w.Redelivers(result.DeliveryID, 2, true) {
				require.Equal(t, 200, again.Status, event)
			}
			w.Settle()
			require.Equal(t, i+1, w.stored("赵六"), event)
		}
		w.act("赵六", "位置", "location", map[string]any{"user": "zhaoliu", "app": "assistant", "latitude": 39.9, "longitude": 116.4})
		require.Zero(t, w.Count("赵六", "系统异常"))
		require.Empty(t, w.buried())
		w.Advance(time.Minute)
		require.Contains(t, w.Says("赵六", "咨询 报销发票抬头"), "【已受理】")
	})
}
