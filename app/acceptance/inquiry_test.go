package acceptance_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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

		w.Presses("赵六", "未解决")
		w.Gets("赵六", "【已受理】M20260302-0001")
		w.Gets("何静", "【未解决】", "报销发票抬头")

		w.Says("何静", "回复 1 请看财务制度第三条")
		w.Gets("赵六", "请看财务制度第三条")
		w.Presses("赵六", "已解决")
		w.Gets("何静", "【已解决】赵六 确认 M20260302-0001")
		require.Contains(t, w.Says("赵六", "追溯 1"), "【未找到】1")
		require.Contains(t, w.Says("赵六", "追溯 M20260302-0001"), "已办结")
	})
}

// Given an important question, when nobody answers within 30 working minutes,
// then the receiver is reminded at 20, and at 30 the receiver, the sender and
// the 直接上级 hear of it once.
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
		w.Gets("赵六", "【超时】M20260302-0001", "何静")
		w.Gets("高总", "何静 未按时回应", "已知悉")
		w.To("10:40")
		w.Says("何静", "回复 抬头写公司全称")
		trace := w.Says("赵六", "追溯 M20260302-0001")
		require.Contains(t, trace, "何静：超时回应")
		require.Contains(t, trace, "迟 10 分钟")
	})
}
