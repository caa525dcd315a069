package acceptance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
)

// 咨询: routed by topic, answered, confirmed.

// Given 赵六 asks about an invoice, when 何静 answers, then 赵六 may say
// 已解决 or 未解决; 未解决 opens it again with a fresh clock.
func TestG1_2_2c_AE1_InquiryStaysOpenUntilResolved(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.Says("赵六", "咨询 报销发票抬头")
		require.Contains(t, told, "【已受理】M20260302-0001 已转给财务部何静")
		w.Gets("何静", "咨询：报销发票抬头", "收到", "回复", "有疑问")

		w.Presses("何静", "回复")
		w.Gets("何静", "请输入回复内容")
		require.Contains(t, w.Says("何静", "抬头写公司全称"), "【已受理】M20260302-0001 已回复")
		w.Gets("赵六", "抬头写公司全称", "已解决", "未解决")

		w.To("15:00")
		require.Contains(t, w.Presses("赵六", "未解决"), "【已受理】M20260302-0001 已请对方重新答复，时限重新计算")
		w.Gets("何静", "【未解决】", "报销发票抬头")
		w.Gets("何静", "咨询：报销发票抬头", "3月3日 15:00", "回复") // a fresh clock

		w.Says("何静", "回复 1 请看财务制度第三条")
		w.Gets("赵六", "请看财务制度第三条")
		w.Presses("赵六", "已解决")
		w.Gets("何静", "【已解决】赵六 确认 M20260302-0001")
		require.Contains(t, w.Says("赵六", "追溯 1"), "M20260302-0001 咨询：报销发票抬头（普通，已办结）")
		w.Traces("赵六", "M20260302-0001", "已办结", "【发起】3月2日 10:00 赵六：报销发票抬头", "【分派】财务部", "何静：按时回应，送达 3月2日 10:00", "表示未解决", "确认已解决")
	})
}

// Until faults exist (S16) a question about logging in goes to 技术支持部 as a
// 咨询.
func TestG1_4_2_1_AE1_LoginTroubleGoesToTechnicalSupport(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "咨询 企业微信登录不上"), "已转给技术支持部林秀")
		w.Gets("林秀", "咨询：企业微信登录不上", "赵六")
		w.Traces("赵六", "M20260302-0001", "【分派】技术支持部（内容含“登录”")
	})
}

func TestG1_4_2_1_AE2_TrainingGoesToPersonnel(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "咨询 怎么参加新员工培训"), "已转给人事部韩梅")
		w.Gets("韩梅", "咨询：怎么参加新员工培训")
	})
}

// Topics are tried in order; no match goes to 行政部; the asker never answers
// himself: then the post below, the head, 总经理办公室.
func TestInquiryRouting(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "咨询 平台登录不上"), "已转给技术支持部林秀", "登录 stands before 平台")
		require.Contains(t, w.Says("赵六", "咨询 平台权限怎么开"), "已转给行政部陈立")
		require.Contains(t, w.Says("赵六", "咨询 食堂几点开饭"), "已转给行政部陈立", "no topic")
		require.Contains(t, w.Says("何静", "咨询 报销发票抬头"), "已转给高总（总经理办公室）", "the head of the department asks himself")
		require.Contains(t, w.Says("林秀", "咨询 企业微信登录不上"), "已转给高总（总经理办公室）")
	})
}

// The holder of the post that the rule names answers, else 部门主管.
func TestInquiryGoesToTheHolderOfThePost(t *testing.T) {
	posts := func(o *playground.Options) {
		o.Rulebook = filepath.Join(o.Dir, "rules.yaml")
		require.NoError(t, os.WriteFile(o.Rulebook, []byte(`
administrators: [chenli]
calendar: {holidays: []}
route:
  topic_departments:
    - {words: 培训, department: 人事部, post: 培训专员}
    - {words: 发票, department: 财务部, post: 会计}
`), 0o600))
	}
	eachWith(t, posts, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "咨询 怎么参加新员工培训"), "已转给人事部吴十五")
		require.Contains(t, w.Says("吴十五", "咨询 培训教室在哪里"), "已转给人事部韩梅", "never the asker")
		require.Contains(t, w.Says("赵六", "咨询 发票丢了"), "已转给财务部何静", "nobody is 会计")
		w.Says("吴十五", "代理 钱十七 今天 今天")
		require.Contains(t, w.Says("孙七", "咨询 培训要几天"), "已转给人事部钱十七", "his deputy")
	})
}

// Important if the text has a word of route.keywords, or 重要 or 紧急 is given.
func TestInquiryImportance(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const important, normal = "最晚 3月2日 10:30 前答复", "最晚 3月3日 10:00 前答复"
		for text, due := range map[string]string{
			"咨询 报销发票抬头":        normal,
			"咨询 报销发票抬头 重要":     important,
			"咨询 报销发票抬头 紧急":     important,
			"咨询 报销发票抬头 重要：是":   important,
			"咨询 请马上处理报销":       important,
			"咨询 打印机故障":         important,
			"咨询 加急的发票怎么开":      important,
			"咨询 这张发票不紧急，什么时候开": normal,
		} {
			require.Contains(t, w.Says("赵六", text), due, text)
		}
	})
}

// Free text that is no command asks 发给‹部门›？ first, and without a topic
// answers the menu.
func TestInquiryFromFreeText(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "我的企业微信登录不上了"), "发给技术支持部？")
		w.GetsNothing("林秀", "登录不上")
		require.Contains(t, w.Says("赵六", "好"), "【已受理】M20260302-0001 已转给技术支持部林秀")
		w.Gets("林秀", "咨询：我的企业微信登录不上了")

		require.Contains(t, w.Says("赵六", "发票丢了怎么办"), "发给财务部？")
		require.Contains(t, w.Says("赵六", "不用"), "没有发送")
		w.GetsNothing("何静", "发票丢了")
		require.Contains(t, w.Says("赵六", "今天天气真好"), "发通知 / 审批 / 任务 / 反馈 / 报障")
	})
}

func TestInquiryDoubtAddUrge(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Says("赵六", "咨询 报销发票抬头 重要")
		require.Contains(t, w.Presses("何静", "有疑问"), "【请补充】内容：请问您的疑问是什么？")
		require.Contains(t, w.Says("何静", "是哪一张发票"), "已把您的疑问转给发起人，原回复时限不变")
		w.Gets("赵六", "【有疑问】何静", "是哪一张发票", "补充 "+number)

		w.To("10:12")
		require.Contains(t, w.Says("赵六", "补充 是三月的差旅发票"), "已补充并通知对方")
		w.Gets("何静", "【补充】赵六", "是三月的差旅发票")

		require.Contains(t, w.Says("赵六", "催办"), "已催办 1 人")
		w.Gets("何静", "【催办】赵六 请您尽快回应 "+number)
		w.To("10:20")
		require.Contains(t, w.Says("赵六", "催办"), "【未通过】"+number+" 刚在 3月2日 10:12 催办过。可改为：3月2日 10:22 之后再催")
		w.Gets("何静", "请在 3月2日 10:30 前回应") // the clock ran on
		w.To("10:31")
		w.Gets("高总", "何静 未按时回应", "催办")
		require.Contains(t, w.Presses("高总", "催办"), "已催办 1 人")
		w.Gets("何静", "【催办】高总")
		require.Contains(t, w.Presses("高总", "已知悉"), "已记录您知悉此事")
		require.Contains(t, w.Says("周八", "催办 "+number), "【未找到】"+number)
		require.Contains(t, w.Says("何静", "催办 "+number), "【未找到】"+number, "nobody urges himself")
		w.Traces("赵六", number, "有疑问：是哪一张发票", "补充：是三月的差旅发票", "赵六 催办", "高总 催办", "高总 已知悉")
	})
}

func TestInquiryWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Says("赵六", "咨询 报销发票抬头 重要")
		require.Contains(t, w.Says("孙七", "撤回 "+number), "【未找到】"+number)
		require.Contains(t, w.Says("赵六", "撤回"), "【已受理】"+number+" 已撤回")
		w.Gets("何静", "【撤回】赵六 撤回了 "+number)
		require.Contains(t, w.Shown("何静", "咨询：报销发票抬头").String(), "已撤回")
		w.To("12:00")
		require.Zero(t, w.Count("何静", "超时"))
		require.Contains(t, w.Says("何静", "回复 "+number+" 好的"), "【未通过】"+number+" 已被发起人撤回")
		require.Contains(t, w.Says("赵六", "补充 "+number+" 还有"), "【未通过】"+number+" 已被发起人撤回")
		require.Contains(t, w.Says("何静", "我的待办"), "没有待办")
	})
}

// 转交: somebody else owes the answer, with a fresh clock and the history.
func TestInquiryPassedOn(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Says("赵六", "咨询 企业微信登录不上 重要")
		w.To("10:25")
		require.Contains(t, w.Says("林秀", "转交 林秀"), "【未通过】不能转交给自己")
		require.Contains(t, w.Says("林秀", "转交 赵六"), "【未通过】赵六是发起人")
		require.Contains(t, w.Says("林秀", "转交 1 孙十二"), "已转交给孙十二，时限重新计算")
		w.Gets("孙十二", "咨询：企业微信登录不上", "3月2日 10:55")
		require.Contains(t, w.Shown("林秀", "咨询：企业微信登录不上").String(), "已转交")
		w.Gets("赵六", "【转交】"+number, "由林秀转交给孙十二")
		require.Contains(t, w.Says("林秀", "回复 "+number+" 好的"), "【未通过】"+number+" 已转交他人")
		w.To("10:54")
		require.Zero(t, w.Count("林秀", "已超时"))
		require.Contains(t, w.Says("孙十二", "回复 已重置密码"), "已回复")
		w.Gets("赵六", "已重置密码", "已解决")
		w.Traces("赵六", number, "林秀：已转交", "孙十二：按时回应", "时限 3月2日 10:55", "林秀 转交孙十二")
		w.Traces("林秀", number, "孙十二：按时回应")
	})
}

// Passed there and back: the first receiver owes the answer again.
func TestInquiryPassedBack(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 企业微信登录不上")
		w.Says("林秀", "转交 孙十二")
		require.Contains(t, w.Says("孙十二", "转交 林秀"), "已转交给林秀")
		w.Reads("赵六")
		require.Contains(t, w.Says("林秀", "回复 好的"), "已回复")
		w.Gets("赵六", "好的", "已解决")
		require.Contains(t, w.Says("孙十二", "回复 M20260302-0001 好的"), "已转交他人")
	})
}

// Unanswered by the asker it closes after three working days, with a notice.
func TestInquiryClosesByItself(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Says("赵六", "咨询 报销发票抬头")
		w.To("15:00")
		w.Says("何静", "回复 抬头写公司全称")
		require.Contains(t, w.Says("赵六", "我的待办"), "【待我确认是否解决】\n"+number)
		w.To("2026-03-05 14:59:59")
		w.GetsNothing("赵六", "【已办结】")
		w.Advance(2 * time.Second)
		w.Gets("赵六", "【已办结】"+number, "已自动办结")
		// The card's code lived for 72 hours. The next press brings a fresh one.
		require.Contains(t, w.Presses("赵六", "未解决"), "这张卡片的内容已有变化，没有执行任何操作")
		require.Contains(t, w.Shown("赵六", "何静 的答复").String(), "已办结")
		require.Contains(t, w.Says("赵六", "未解决 "+number), "【未通过】"+number+" 已经办结")
		w.Traces("赵六", number, "已办结", "系统 无人确认，自动办结")
	})
}

// More words after the answer ask again: with a fresh clock and a new card.
func TestInquiryAddedToAfterTheAnswerIsOpenAgain(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "M20260302-0001"
		w.Says("赵六", "咨询 报销发票抬头")
		w.Says("何静", "回复 抬头写公司全称")
		w.To("15:00")
		w.Reads("何静")
		require.Contains(t, w.Says("赵六", "补充 分公司的发票呢"), "【已受理】"+number+" 已补充，请对方继续答复，时限重新计算")
		w.Gets("何静", "【补充】赵六", "分公司的发票呢")
		w.Gets("何静", "咨询：报销发票抬头", "3月3日 15:00", "回复")
		require.Contains(t, w.Says("何静", "我的待办"), number)
		require.Contains(t, w.Shown("赵六", "何静 的答复").String(), "已请对方继续答复")
		w.To("2026-03-05 10:01") // three working days after the first answer
		w.GetsNothing("赵六", "【已办结】")
		w.Says("何静", "回复 也写总公司")
		w.Gets("赵六", "也写总公司", "已解决")
	})
}

// A second answer counts the three working days anew.
func TestInquiryAnsweredTwiceClosesAfterTheLastAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.Says("何静", "回复 抬头写公司全称")
		w.To("2026-03-04 10:00")
		require.Contains(t, w.Says("何静", "回复 M20260302-0001 更正：写总公司全称"), "已回复")
		w.Gets("赵六", "更正：写总公司全称", "已解决")
		w.To("2026-03-06 10:00")
		w.GetsNothing("赵六", "【已办结】")
		w.To("2026-03-09 10:01")
		w.Gets("赵六", "【已办结】")
		require.Equal(t, 1, w.Count("赵六", "【已办结】"))
	})
}

// A reopened question is not closed by the timer of its first answer.
func TestInquiryReopenedIsNotClosedByAnOldTimer(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.Says("何静", "回复 抬头写公司全称")
		w.To("2026-03-05 09:30")
		w.Says("赵六", "未解决 是哪个公司的全称")
		w.Gets("何静", "【未解决】", "说明：是哪个公司的全称")
		w.Says("何静", "回复 总公司")
		w.To("2026-03-05 10:01") // three working days after the first answer
		w.GetsNothing("赵六", "【已办结】")
		w.To("2026-03-10 09:31")
		w.Gets("赵六", "【已办结】")
	})
}

func TestInquiryUnresolvedNeedsAnAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		require.Contains(t, w.Says("赵六", "未解决"), "【未通过】M20260302-0001 还没有得到答复。可改为：催办 M20260302-0001")
		require.Contains(t, w.Says("赵六", "回复 M20260302-0001 自己答"), "【未通过】M20260302-0001 是您自己发出的")
		require.Contains(t, w.Says("赵六", "已解决"), "已办结") // solved meanwhile, also without an answer
		w.Gets("何静", "【已解决】赵六")
		require.Contains(t, w.Says("何静", "我的待办"), "没有待办")
	})
}

// Numbers may be shortened and omitted while they are clear; a double match
// gets a choice.
func TestInquiryNumbers(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.Says("孙七", "咨询 报销要几天")
		told := w.Says("何静", "回复 三天")
		require.Contains(t, told, "有 2 项可以「回复」，请选一项")
		require.Contains(t, told, "M20260302-0002 咨询：报销要几天")
		require.Contains(t, w.Says("何静", "1"), "已回复")
		w.Gets("孙七", "三天")
		w.To("2026-03-03 09:00")
		w.Says("周八", "咨询 报销单在哪里领") // M20260303-0001
		told = w.Says("何静", "回复 1 财务室")
		require.Contains(t, told, "M20260303-0001")
		require.Contains(t, told, "M20260302-0001")
		require.Contains(t, w.Says("何静", "1"), "【已受理】M20260303-0001 已回复")
		require.Contains(t, w.Says("何静", "回复 77 错号"), "【未找到】77")
	})
}

// Long answers are split at lines, each below 2,048 bytes, in order.
func TestLongAnswersAreSplit(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for i := range 30 {
			require.Contains(t, w.Says("赵六", fmt.Sprintf("咨询 报销发票抬头应该怎么写才算符合公司的财务制度要求第%d问", i+1)), "【已受理】")
		}
		w.Advance(2 * time.Minute) // past the pace of thirty cards
		w.Reads("何静")
		first := w.Says("何静", "我的待办")
		require.Contains(t, first, "您有 30 项待办")
		parts := []string{first}
		for _, m := range w.fresh("何静") {
			if m.Kind == "text" && m.Text != first {
				parts = append(parts, m.Text)
			}
		}
		require.Greater(t, len(parts), 1)
		all := strings.Join(parts, "\n")
		last := -1
		for i := range 30 {
			at := strings.Index(all, fmt.Sprintf("\nM20260302-%04d 咨询", i+1))
			require.Greater(t, at, last, "line %d", i+1)
			last = at
		}
		for _, part := range parts {
			require.LessOrEqual(t, len(part), 2048)
		}
	})
}

// A text the card would cut is sent whole as well.
func TestLongQuestionsArriveWhole(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		text := strings.Repeat("报销发票抬头应该怎么写。", 60)
		require.Contains(t, w.Says("赵六", "咨询 "+text), "【已受理】")
		w.Gets("何静", text[len(text)-60:])
		w.Gets("何静", "咨询：报销发票抬头", "回复")
		require.Contains(t, w.Says("赵六", "咨询 "+strings.Repeat("字", 2001)), "【未通过】")
		answer := strings.Repeat("抬头写公司全称。", 60)
		w.Says("何静", "回复 "+answer)
		w.Gets("赵六", "【回复】何静", answer[len(answer)-60:])
		w.Gets("赵六", "何静 的答复", "已解决")
	})
}
