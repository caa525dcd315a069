package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/wecom/sandbox"
)

// 发通知, and how messages are delivered: quiet hours, digest, undelivered.

// crowd adds a department of n people.
func crowd(n int) func(*playground.Options) {
	return func(o *playground.Options) {
		company := sandbox.ExampleCompany()
		company.Departments[20] = &sandbox.Department{ID: 20, Name: "装配车间", ParentID: 1, Order: 1}
		for i := range n {
			id := fmt.Sprintf("worker%03d", i+1)
			company.Members[id] = &sandbox.Member{
				UserID: id, Name: fmt.Sprintf("工人%03d", i+1), Status: 1, Departments: []int{20}, Order: []int64{0},
				IsLeader: []int{0}, MainDepartment: 20, DirectLeader: []string{"caochan"},
			}
		}
		o.Platform.Company = company
	}
}

// Scenario 1 of guide E2.S, as far as it needs no archive.
func TestE2_S_1_ImportantNotice(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		require.Contains(t, w.Says("邵静", "发通知 销售部 今晚系统停机 重要 需回复"), number+" 已通知 4 人，请对方回复，最晚 3月2日 10:30")
		w.To("10:12")
		w.Says("孙七", "回复 知道了")
		w.To("10:15")
		require.Contains(t, w.Presses("周八", "收到"), "请在 3月2日 10:30 前回复")
		w.To("10:20")
		for _, name := range []string{"魏伟", "赵六", "周八"} {
			w.Gets(name, "请在 3月2日 10:30 前回应")
		}
		w.GetsNothing("孙七", "请在 3月2日 10:30 前回应")
		w.To("10:31")
		summary := w.Gets("邵静", "【超时】"+number, "以下 3 人未按时回应")
		for _, name := range []string{"魏伟", "赵六", "周八"} {
			require.Contains(t, summary.Text, name)
			w.Gets(name, "已超时，请尽快回应")
		}
		require.Equal(t, 1, w.Count("邵静", "【超时】"))
		require.Zero(t, w.Count("邵静", "未按时回应", "已知悉"), "she knows from the summary")
		require.Equal(t, 1, w.Count("魏伟", "赵六 未按时回应", "已知悉"), "直接上级 of 赵六")
		for _, name := range []string{"魏伟", "赵六", "周八"} {
			w.GetsNothing("邵静", "【已响应】")
			w.Says(name, "回复 "+number+" 知道了")
		}
		w.Gets("邵静", "【已响应】"+number)
		w.Traces("邵静", number, "已办结", "孙七：按时回应", "周八：超时回应")
		require.Contains(t, w.Says("邵静", "响应统计 今天"), "本部门响应统计\n共 4 件，重要按时 25%（1/4）")
	})
}

func TestNoticeToAHundredReceivers(t *testing.T) {
	eachWith(t, crowd(100), func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		require.Contains(t, w.Says("曹产", "发通知 装配车间 今晚停电检修 重要"), number+" 已通知 100 人")
		require.Len(t, w.Calls("message/send", "今晚停电检修"), 1, "one card for all")
		require.Contains(t, w.Presses("worker001", "收到"), "已确认收到")
		require.Contains(t, w.Says("worker100", "收到"), "已确认收到")
		require.Contains(t, w.Shown("worker050", "今晚停电检修").String(), "已回应 2/100")
		w.To("10:31")
		w.Gets("曹产", "【超时】"+number, "以下 98 人未按时回应", "等 98 人")
		require.Equal(t, 1, w.Count("曹产", "【超时】"), "one summary")
		w.Gets("worker050", "已超时")
		w.GetsNothing("worker001", "已超时")
	})
}

// A card without a code left is not sent again for a mere count: whoever
// answers by text would ring everybody's phone.
func TestNoticeProgressRingsNobody(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("高总", "发通知 张三、李四、王五、吴九、郑十 今晚系统停机 重要 需回复")
		for _, name := range []string{"张三", "李四", "王五", "吴九"} {
			require.Contains(t, w.Says(name, "回复 知道了"), "【已受理】")
		}
		for _, name := range []string{"张三", "吴九", "郑十"} {
			require.Equal(t, 1, w.Count(name, "通知：今晚系统停机"), name)
		}
		require.Contains(t, w.Presses("郑十", "收到"), "已确认收到") // the press brings a code
		require.Contains(t, w.Shown("郑十", "通知：今晚系统停机").String(), "已回应 4/5")
		w.Presses("郑十", "回复")
		w.Says("郑十", "知道了")
		require.Contains(t, w.Shown("张三", "通知：今晚系统停机").String(), "已办结")
	})
}

func TestNoticeToAHundredAndOneIsRefused(t *testing.T) {
	eachWith(t, crowd(101), func(t *testing.T, w *World) {
		require.Contains(t, w.Says("曹产", "发通知 装配车间 今晚停电检修"), "【未通过】一次最多通知 100 人。可改为：分部门发送")
		require.Contains(t, w.Says("曹产", "发通知 @全体 今晚停电检修"), "【未通过】一次最多通知 100 人")
		w.GetsNothing("worker001", "今晚停电检修")
		// The sender does not count.
		require.Contains(t, w.Says("worker001", "发通知 装配车间 今晚停电检修"), "已通知 100 人")
	})
}

func TestNoticeAudience(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("邵静", "发通知 销售部、吴九，林秀 三点开会"), "已通知 6 人")
		for _, name := range []string{"魏伟", "赵六", "孙七", "周八", "吴九", "林秀"} {
			w.Gets(name, "通知：三点开会")
		}
		w.GetsNothing("邵静", "通知：三点开会")
		require.Contains(t, w.Says("邵静", "发通知 邵静 三点开会"), "【未通过】除了您自己，没有可以通知的人")
		require.Contains(t, w.Says("邵静", "发通知 没这人 三点开会"), "没有找到「没这人」")
	})
}

// Normal messages wait through the night; important ones and answers do not.
func TestQuietHours(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.To("22:00")
		require.Contains(t, w.Says("赵六", "咨询 报销发票抬头"), "【已受理】M20260302-0001", "answers come at once")
		w.GetsNothing("何静", "报销发票抬头")
		w.Says("孙七", "咨询 报销系统报错 重要") // 技术支持部, so something else for 何静
		w.Says("周八", "咨询 发票丢了 重要")
		w.Gets("何静", "咨询：发票丢了") // past the normal one, which waits
		w.GetsNothing("何静", "报销发票抬头")
		w.To("2026-03-03 07:29:59")
		w.GetsNothing("何静", "报销发票抬头")
		w.To("2026-03-03 07:30")
		w.Gets("何静", "咨询：报销发票抬头", "3月3日 18:00") // counted from 09:00
		w.To("2026-03-03 09:20")
		w.GetsNothing("赵六", "【未送达】")
		w.Traces("赵六", "M20260302-0001", "送达 3月3日 07:30，时限 3月3日 18:00")
	})
}

// Guide G2-4.3(1): what is normal waits for 07:30; what is important goes at
// once, and its clock starts at 09:00.
func TestG2_4_3_1_AE1_NormalWaitsForTheMorning(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.To("22:00")
		require.Contains(t, w.Says("高总", "发通知 赵六 请更新客户资料"), "【已受理】")
		require.Contains(t, w.Says("高总", "发通知 赵六 今晚系统停机 重要"), "最晚 3月3日 09:30")
		w.Gets("赵六", "通知：今晚系统停机")
		w.GetsNothing("赵六", "请更新客户资料")
		w.To("2026-03-03 07:30")
		w.Gets("赵六", "通知：请更新客户资料")
		w.Traces("高总", "M20260302-0002", "送达 3月2日 22:00，时限 3月3日 09:30")
	})
}

// Beyond notify.digest the rest is listed in one message; a card that asks for
// an act and an important message are never swallowed.
func TestDigest(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		for i := range 8 {
			w.Says("赵六", fmt.Sprintf("补充 第%d点", i+1))
		}
		require.Equal(t, 5, w.Count("何静", "【补充】"))
		w.Says("孙七", "咨询 报销要几天")
		w.Gets("何静", "咨询：报销要几天", "回复")
		w.To("10:09")
		require.Zero(t, w.Count("何静", "【汇总】"))
		w.To("10:10")
		digest := w.Gets("何静", "【汇总】这段时间还有 3 条消息")
		require.Equal(t, 3, strings.Count(digest.Text, "【补充】"))
		require.Equal(t, 1, w.Count("何静", "【汇总】"))
	})
}

// WeCom drops what goes beyond 30 messages a minute in silence, so we never do.
func TestPacingLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for i := range 40 {
			w.Says("赵六", fmt.Sprintf("咨询 报销问题%02d 重要", i+1))
		}
		require.Equal(t, 25, w.Count("何静", "咨询：报销问题"))
		w.Advance(2 * time.Minute)
		require.Equal(t, 40, w.Count("何静", "咨询：报销问题"))
		for _, call := range w.Calls("message/send") {
			require.Empty(t, call.Dropped)
		}
		// Waiting for the pace costs nobody his time.
		w.Traces("赵六", "M20260302-0040", "送达 3月2日 10:01")
	})
}

// Refused by WeCom: no breach for him; 部门主管 takes it, the sender and the
// administrators are told.
func TestUndeliveredGoesToTheHead(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.post("apps", map[string]any{"app": "assistant", "visible_parties": []int{1}, "visible_users": []string{}}, nil)
		w.Fails("message/send", map[string]any{"errcode": 81013, "times": 1})
		require.Contains(t, w.Says("邵静", "发通知 赵六 请更新客户资料 重要"), number)
		w.Gets("邵静", "【未送达】"+number+" 没有送达赵六")
		w.Gets("陈立", "【未送达】"+number)
		w.To("11:00")
		require.Zero(t, w.Count("邵静", "【超时】"))
		w.Traces("邵静", number, "赵六：未送达")
	})
}

// Not delivered within ten working minutes: the same.
func TestNotDeliveredInTime(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Fails("message/send", map[string]any{"http": 503, "times": -1})
		w.Says("邵静", "发通知 赵六 请更新客户资料 重要")
		w.To("10:09")
		w.Heals()
		w.Fails("message/send", map[string]any{"http": 503, "times": 1})
		w.To("10:10")
		w.Heals()
		w.Waits(time.Hour)
		w.Gets("邵静", "【未送达】"+number+" 没有送达赵六：超过 10 个工作分钟未能送达")
		w.To("10:45")
		require.Zero(t, w.Count("邵静", "【超时】"))
		require.Zero(t, w.Count("魏伟", "未按时回应"))
	})
}
