package acceptance_test

import (
	"testing"

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
