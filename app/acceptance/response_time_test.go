package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Response times, clause G1-4.1(4)b of the guide, and S03.

// Given an important question, when nobody answers within 30 working minutes,
// then the receiver is reminded at 20, and at 30 the receiver, the sender and
// the 直接上级 hear of it once; the answer at 10:40 is 10 minutes late.
func TestG1_4_1_4_b_AE1_ReminderBreachAndLateReply(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.Says("赵六", "咨询 报销发票抬头 重要")
		require.Contains(t, told, "10:30 前答复")
		w.Gets("何静", "咨询：报销发票抬头")
		w.To("10:05")
		w.Says("何静", "收到")
		w.To("10:19")
		w.GetsNothing("何静", "请在 3月2日 10:30 前回应")
		w.To("10:20")
		w.Gets("何静", "请在 3月2日 10:30 前回应")
		w.To("10:30")
		w.GetsNothing("何静", "已超时")
		w.Advance(time.Minute)
		w.Gets("何静", "已超时，请尽快回应")
		w.Gets("赵六", "【超时】M20260302-0001", "应在 3月2日 10:30 前回应", "何静")
		w.Gets("高总", "何静 未按时回应", "已知悉")
		w.To("10:40")
		w.Says("何静", "回复 抬头写公司全称")
		w.Traces("赵六", "M20260302-0001", "何静：超时回应", "时限 3月2日 10:30", "迟 10 分钟")
		require.Equal(t, 1, w.Count("赵六", "【超时】"))
		require.Equal(t, 1, w.Count("高总", "何静 未按时回应"))
		require.Contains(t, w.Shown("高总", "何静 未按时回应").String(), "已回应（超时）")
	})
}

func TestG1_4_1_4_b_AE2_FridayEveningGoesOnOnMonday(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.To("2026-03-06 17:45")
		require.Contains(t, w.Says("赵六", "咨询 报销发票抬头 重要"), "最晚 3月9日 09:15 前答复")
		w.To("2026-03-09 09:15")
		require.Zero(t, w.Count("赵六", "【超时】"))
		w.Advance(6 * time.Second)
		w.Gets("赵六", "【超时】", "应在 3月9日 09:15 前回应")
		w.Gets("高总", "何静 未按时回应")
	})
}

func TestG1_4_1_4_b_AE3_SaturdayCountsFromMondayMorning(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.To("2026-03-07 11:00")
		require.Contains(t, w.Says("赵六", "咨询 报销发票抬头 重要"), "最晚 3月9日 09:30 前答复")
		w.To("2026-03-09 09:30")
		require.Zero(t, w.Count("赵六", "【超时】"))
		w.Advance(6 * time.Second)
		w.Gets("赵六", "【超时】", "应在 3月9日 09:30 前回应")
	})
}

func TestG1_4_1_4_b_AE4_NormalItemsHaveOneWorkingDay(t *testing.T) {
	for name, c := range map[string]struct{ asked, said, due string }{
		"monday afternoon": {"2026-03-02 15:00", "3月3日 15:00", "2026-03-03 15:00"},
		"saturday":         {"2026-03-07 11:00", "3月9日 18:00", "2026-03-09 18:00"},
		"friday morning":   {"2026-03-06 09:00", "3月6日 18:00", "2026-03-06 18:00"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *World) {
				w.To(c.asked)
				require.Contains(t, w.Says("赵六", "咨询 报销发票抬头"), "最晚 "+c.said+" 前答复")
				w.To(c.due)
				w.Gets("何静", "请在 "+c.said+" 前回应") // two working hours before
				require.Zero(t, w.Count("赵六", "【超时】"))
				w.Advance(6 * time.Second)
				w.Gets("赵六", "【超时】", "应在 "+c.said+" 前回应")
				w.GetsNothing("高总", "未按时回应") // normal items escalate a working day later
			})
		})
	}
}

func TestG1_4_1_4_b_AE4_NormalItemsEscalateByWorkingDays(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := "M20260302-0001"
		require.Contains(t, w.Says("邵静", "发通知 赵六 请更新客户资料"), number)
		w.To("2026-03-03 10:00:06") // breach
		w.Gets("邵静", "【超时】"+number)
		w.GetsNothing("魏伟", "未按时回应")
		w.To("2026-03-04 10:00")
		w.GetsNothing("魏伟", "未按时回应")
		w.Advance(time.Second) // 直接上级 after one working day
		w.Gets("魏伟", "赵六 未按时回应")
		w.To("2026-03-05 10:00:01") // 部门主管 after a further one: 邵静, who is the sender and knows
		require.Equal(t, 1, w.Count("魏伟", "赵六 未按时回应"))
		require.Zero(t, w.Count("邵静", "赵六 未按时回应"))
	})
}

func TestG1_4_1_4_b_AE5_MetToTheSecond(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := "M20260302-0001"
		require.Contains(t, w.Says("邵静", "发通知 赵六、孙七、周八 今晚系统停机 重要"), number+" 已通知 3 人，请对方确认收到，最晚 3月2日 10:30")
		w.To("10:29:59")
		require.Contains(t, w.Says("赵六", "收到"), "已确认收到，谢谢")
		w.To("10:30:00")
		w.Says("孙七", "收到")
		w.To("10:30:01")
		w.Says("周八", "收到")
		w.Traces("邵静", number, "赵六：按时回应", "孙七：按时回应", "周八：超时回应", "已办结")
		w.Gets("邵静", "【已响应】"+number)
	})
}

func TestG1_4_1_4_b_AE6_TheDeputyAnswersInTheAbsentPlace(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "代理 孙七 今天 3月5日"), "3月2日 至 3月5日 发给赵六的事项由孙七代为答复")
		w.Gets("孙七", "【代理】3月2日 至 3月5日")
		require.Contains(t, w.Says("邵静", "发通知 赵六 客户资料请核对 重要 需回复"), "最晚 3月2日 10:30")
		w.Gets("孙七", "通知：客户资料请核对", "3月2日 10:30", "回复")
		w.GetsNothing("赵六", "客户资料请核对")
		require.Contains(t, w.Says("赵六", "我的待办"), "您现在没有待办")
		require.Contains(t, w.Says("孙七", "我的待办"), "客户资料请核对")
		w.To("10:30:06")
		w.Gets("邵静", "【超时】", "孙七")
		w.Says("孙七", "回复 已核对")
		w.Traces("邵静", "M20260302-0001", "孙七（代赵六）：超时回应")
		w.To("2026-03-06 10:00") // back again
		w.Says("邵静", "发通知 赵六 欢迎回来")
		w.Gets("赵六", "通知：欢迎回来")
	})
}

// What was open when the leave begins passes to the deputy with a fresh clock.
func TestG1_4_1_4_b_AE6_OpenItemsPassWhenTheLeaveBegins(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Says("赵六", "代理 孙七 明天 周五")
		w.To("17:40")
		w.Says("邵静", "发通知 赵六、周八 客户资料请核对 重要 需回复")
		w.Says("孙七", "发通知 赵六 请还钥匙")
		w.Gets("赵六", "客户资料请核对", "3月3日 09:10")
		w.To("2026-03-03 09:00")
		w.Gets("孙七", "通知：客户资料请核对", "3月3日 09:30", "回复")
		w.Gets("邵静", "【转交】"+number, "赵六外出，由孙七代为答复")
		w.GetsNothing("孙七", "通知：请还钥匙") // his own: nobody stands in for the one who asks himself
		w.To("09:25")
		require.Zero(t, w.Count("赵六", "客户资料请核对", "已超时"))
		w.Says("孙七", "回复 "+number+" 已核对")
		w.Traces("邵静", number, "赵六：已转交", "孙七（代赵六）：按时回应", "周八：已超时")
		require.Contains(t, w.Says("赵六", "我的待办"), "请还钥匙")
	})
}

func TestG1_4_1_4_b_AE6_OnlyTheMemberOrHisSuperiorSetsADeputy(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("魏伟", "代理 孙七 今天 明天 本人:赵六"), "发给赵六的事项由孙七代为答复")
		w.Gets("赵六", "【代理】")
		require.Contains(t, w.Says("周八", "代理 孙七 今天 明天 本人:赵六"), "【未通过】只有本人或其直接上级可以设置赵六的代理（依据 G1-4.1(4)b）。可改为：请赵六发送：代理")
		require.Contains(t, w.Says("赵六", "代理 赵六 今天 明天"), "【未通过】不能由本人代理自己")
		// The deputy is away too: his own deputy stands in.
		w.Says("孙七", "代理 周八 今天 今天")
		w.Says("邵静", "发通知 赵六 客户资料请核对")
		w.Gets("周八", "通知：客户资料请核对")
		// A later entry replaces what it overlaps.
		w.Says("赵六", "代理 魏伟 今天 今天")
		w.Says("邵静", "发通知 赵六 请补合同")
		w.Gets("魏伟", "通知：请补合同")
	})
}

func TestG1_4_1_4_b_AE7_ABreachWhileTheServerWasDown(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头 重要")
		w.To("10:25")
		w.Down()
		w.To("10:35")
		require.Zero(t, w.Count("赵六", "【超时】"))
		w.Up()
		w.Advance(6 * time.Second)
		w.Gets("赵六", "【超时】M20260302-0001", "应在 3月2日 10:30 前回应")
		w.Gets("高总", "何静 未按时回应", "3月2日 10:30")
		w.Down()
		w.Up()
		w.To("12:00")
		require.Equal(t, 1, w.Count("赵六", "【超时】"))
		require.Equal(t, 1, w.Count("高总", "何静 未按时回应"))
		require.Equal(t, 1, w.Count("何静", "已超时，请尽快回应"))
		// Late by what the clock says, not by when it was noticed.
		w.Says("何静", "回复 抬头写公司全称")
		w.Traces("赵六", "M20260302-0001", "何静：超时回应", "时限 3月2日 10:30，迟 90 分钟")
	})
}

func TestG1_4_1_4_b_AE8_ClosingTime(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.To("17:30")
		require.Contains(t, w.Says("赵六", "咨询 报销发票抬头 重要"), "最晚 3月2日 18:00 前答复")
		w.Says("何静", "回复 抬头写公司全称")
		w.To("18:00")
		require.Contains(t, w.Says("赵六", "咨询 报销流程 重要"), "最晚 3月3日 09:30 前答复")
		w.To("20:00") // outside working hours, before it is due
		w.Says("何静", "回复 M20260302-0002 看财务制度")
		w.Traces("赵六", "M20260302-0002", "何静：按时回应", "时限 3月3日 09:30")
	})
}

func TestG1_4_1_4_b_AE9_FiveReceiversFiveClocks(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		require.Contains(t, w.Says("高总", "发通知 张三、李四、王五、吴九、郑十 今晚系统停机 重要 需回复"), number+" 已通知 5 人，请对方回复")
		for i, name := range []string{"张三", "李四", "王五"} {
			w.Gets(name, "今晚系统停机", "收到", "回复", "有疑问")
			require.Contains(t, w.Says(name, fmt.Sprintf("回复 知道了%d", i)), "【已受理】"+number)
		}
		w.To("10:31")
		w.Says("吴九", "回复 刚看到") // late
		w.GetsNothing("高总", "【已响应】")
		story := w.Says("高总", "追溯 "+number)
		require.Contains(t, story, "等待回应")
		require.Equal(t, 5, strings.Count(story, "时限 3月2日 10:30"))
		w.Says("郑十", "转交 沈悦") // moved: 沈悦 owes the fifth answer
		w.GetsNothing("高总", "【已响应】")
		require.Equal(t, 1, w.Count("吴九", "通知：今晚系统停机", "有疑问"), "nobody else's card comes again")
		w.Says("沈悦", "回复 明白")
		w.Gets("高总", "【已响应】"+number)
		w.Traces("高总", number, "已办结", "吴九：超时回应", "郑十：已转交", "沈悦：按时回应")
	})
}

func TestG1_4_1_4_b_AE9_AWithdrawnItemOwesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("高总", "发通知 张三、李四、王五、吴九、郑十 今晚系统停机 重要")
		w.Says("张三", "收到")
		require.Contains(t, w.Says("高总", "撤回"), "已撤回")
		w.Gets("李四", "【撤回】高总 撤回了 M20260302-0001")
		w.To("12:00")
		require.Zero(t, w.Count("李四", "已超时"))
		require.Zero(t, w.Count("高总", "【超时】"))
		w.Traces("高总", "M20260302-0001", "张三：按时回应", "郑十：无需回应", "已撤回")
	})
}

// Given 9 of 10 important items on time in March, then 90%.
func TestS03_AE_NineOfTenOnTimeIsNinetyPercent(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for i := 1; i <= 10; i++ {
			number := fmt.Sprintf("M20260302-%04d", i)
			require.Contains(t, w.Says("赵六", fmt.Sprintf("咨询 报销问题%d 重要", i)), number)
			if i < 10 {
				w.Says("何静", "回复 "+number+" 好的")
			}
		}
		w.To("10:31")
		w.Says("何静", "回复 M20260302-0010 好的")
		require.Contains(t, w.Says("何静", "响应统计 3月"), "重要按时 90%（9/10）")
		require.Contains(t, w.Says("何静", "响应统计 3月"), "超时 1")
		require.Contains(t, w.Says("陈立", "响应统计 本月"), "全公司响应统计\n共 10 件，重要按时 90%（9/10）")
		require.Contains(t, w.Says("赵六", "响应统计"), "您没有需要回应的事项") // his own: he only asked
		require.Contains(t, w.Says("何静", "响应统计 2月"), "没有需要回应的事项")
		require.Contains(t, w.Says("何静", "响应统计 去年秋天"), "【未通过】看不懂期间")
	})
}
