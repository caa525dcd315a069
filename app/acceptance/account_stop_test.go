package acceptance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The end of an account, and who takes over what was open (guide G2-4.2(1),
// C-HANDOVER).

// 停用: the hand-over list comes first, at the instant the access ends, and 王五
// ends it in WeCom.
func TestAccountStop(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("何静", "发通知 周八 请补报销单 需回复")
		require.Contains(t, w.Says("周八", "账号申请 停用 邵静"), "【未通过】只有邵静本人、他的上级")
		number := numberIn(t, w.Says("韩梅", "账号申请 停用 周八 今天 离职"), "A")
		w.Says("邵静", "审批 "+number+" 同意")
		require.Zero(t, w.Count("邵静", "请先指定接手人"))
		// 韩梅 has applied herself: her superior decides in her place.
		require.Contains(t, w.Says("高总", "审批 "+number+" 同意"), "申请通过")
		card := w.Gets("邵静", "周八即将停用账号，请先指定接手人", "M20260302-0001", "3月2日 18:00", "指定接手人")
		list := numberIn(t, card.String(), "JJ")
		require.Contains(t, w.Says("孙七", "交接 "+list), "【未找到】")
		require.Contains(t, w.Says("邵静", "交接 "+list), "M20260302-0001")
		require.Contains(t, w.Says("邵静", "指定接手人 "+list+" 周八"), "【未通过】不能把工作交回周八")
		require.Contains(t, w.Says("邵静", "指定接手人 "+list+" 孙七"), "1 项工作转给孙七")
		w.Gets("孙七", "通知：请补报销单")
		w.Gets("孙七", "【工作交接】您接手了周八的 1 项工作")
		w.Shown("邵静", "周八即将停用账号", "已交接")
		require.Contains(t, w.Says("邵静", "指定接手人 "+list+" 孙七"), "【未通过】"+list+" 里没有还要您交接的工作")

		w.To("17:59")
		require.Contains(t, w.Says("周八", "我的待办"), "没有待办", "until the instant he may do all")
		w.To("18:01")
		require.NotContains(t, w.Says("周八", "我的待办"), "待办")
		require.Contains(t, w.Says("邵静", "发通知 周八 三点开会"), "周八的账号已停用")
		w.Gets("韩梅", "周八的账号已停用")
		w.To("2026-03-03 09:01")
		w.Gets("王五", "停用账号：周八")
		w.To("2026-03-04 03:01") // the nightly compare finds him active in WeCom: that changes nothing
		require.Contains(t, w.Says("邵静", "发通知 周八 三点开会"), "周八的账号已停用")
		w.Company("delete_user", map[string]any{"userid": "zhouba"})
		require.NotContains(t, w.Says("王五", "我的待办"), "停用账号：周八")
		require.Contains(t, w.Says("邵静", "账号申请 停用 周八"), "【未通过】周八已离职")
	})
}

// Given 停用 approved for 周八 with open task T1, then the leaving card demands a
// successor for T1 before 已完成.
func TestG2_4_2_1_AE3_ALeaversTaskNeedsASuccessor(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("邵静", "代理 周八 今天 今天")
		w.joins("xinren", "林晓", 3)
		task := numberIn(t, w.Gets("周八", "安排带教人：林晓").String(), "T")
		number := numberIn(t, w.Says("周八", "账号申请 停用 周八 明天 离职"), "A")
		w.To("2026-03-03 09:00") // 邵静 is back
		w.Says("邵静", "审批 "+number+" 同意")
		w.Says("韩梅", "审批 "+number+" 同意")
		list := numberIn(t, w.Gets("邵静", "周八即将停用账号，请先指定接手人", task, "指定接手人").String(), "JJ")
		require.Contains(t, w.Says("邵静", "交接 "+list), "等待指定接手人")
		require.Contains(t, w.Says("邵静", "交接 "+list), task+" 安排带教人：林晓：待交接")
		require.Contains(t, w.Says("邵静", "指定接手人 "+list+" 孙七 "+task), "1 项工作转给孙七")
		w.Gets("孙七", "安排带教人：林晓")
		require.Contains(t, w.Says("邵静", "交接 "+list), "（已交接）")
		require.Contains(t, w.Says("邵静", "交接 "+list), task+" 安排带教人：林晓：孙七")
		w.Shown("邵静", "周八即将停用账号", "已交接")
	})
}

// Whoever names nobody has the work himself when the instant comes.
func TestAccountStopWithoutASuccessor(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("何静", "发通知 周八 请补报销单 需回复")
		number := numberIn(t, w.Says("韩梅", "账号申请 停用 周八 今天"), "A")
		w.Says("邵静", "审批 "+number+" 同意")
		w.Says("高总", "审批 "+number+" 同意")
		w.Gets("邵静", "请先指定接手人")
		w.To("18:01")
		w.Gets("邵静", "通知：请补报销单")
		w.Gets("邵静", "您接手了周八的 1 项工作")
		require.Contains(t, w.Says("邵静", "我的待办"), "请补报销单")
		require.Contains(t, w.Presses("邵静", "指定接手人"), "【请补充】姓名", "he may still pass it on")
	})
}

// What reaches him between the list and the instant is his superior's as well,
// whether there was a list or not.
func TestAccountStopHandsOverWhatCameAfterTheList(t *testing.T) {
	for name, before := range map[string]bool{"after a list": true, "nothing was open": false} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *World) {
				if before {
					w.Says("何静", "发通知 周八 请补报销单 需回复")
				}
				number := numberIn(t, w.Says("韩梅", "账号申请 停用 周八 今天"), "A")
				w.Says("邵静", "审批 "+number+" 同意")
				w.Says("高总", "审批 "+number+" 同意")
				if before {
					w.Gets("邵静", "请先指定接手人")
				} else {
					w.Gets("邵静", "【工作交接】周八即将停用账号，现在没有需要交接的工作")
				}
				w.Says("何静", "发通知 周八 请补发票 需回复")
				w.To("18:01")
				require.Contains(t, w.Says("邵静", "我的待办"), "请补发票")
				require.Equal(t, before, strings.Contains(w.Says("邵静", "我的待办"), "请补报销单"))
			})
		})
	}
}

// E2.S 5: what somebody had open when he moved is listed to both heads, and the
// work of who left is passed on by his superior.
func TestE2_S_5_OpenWorkOfAMoverIsListedToBothHeads(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("何静", "发通知 周八 请补报销单 需回复")
		w.Says("何静", "发通知 周八 请补发票")
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		list := numberIn(t, w.Gets("邵静", "周八调岗，工作需要交接", "M20260302-0001", "2 项", "指定接手人").String(), "JJ")
		w.Gets("沈悦", "周八调岗，工作需要交接", list)
		require.Contains(t, w.Says("邵静", "指定接手人 "+list+" 孙七 M20260302-0001"), "1 项工作转给孙七")
		w.Gets("孙七", "通知：请补报销单")
		require.Contains(t, w.Says("沈悦", "指定接手人 "+list+" 吴九"), "1 项工作转给吴九")
		w.Gets("吴九", "通知：请补发票")
		require.Contains(t, w.Says("周八", "我的待办"), "没有待办")
		require.Contains(t, w.Says("沈悦", "指定接手人 "+list+" 吴九"), "【未通过】")
	})
}

// The superior of a leaver has his work, sees how much it is, and may name
// somebody else for it.
func TestHandOverOfALeaver(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("何静", "发通知 周八 请补报销单 需回复")
		w.Company("delete_user", map[string]any{"userid": "zhouba"})
		list := numberIn(t, w.Gets("邵静", "周八已离职，工作已转到您名下", "M20260302-0001", "1 项").String(), "JJ")
		require.Contains(t, w.Says("孙七", "指定接手人 "+list+" 孙七"), "【未找到】")
		require.Contains(t, w.Presses("邵静", "指定接手人"), "【请补充】姓名：请问由谁接手？")
		require.Contains(t, w.Says("邵静", "孙七"), "1 项工作转给孙七")
		w.Gets("孙七", "通知：请补报销单")
		require.NotContains(t, w.Says("邵静", "我的待办"), "请补报销单")
		require.Contains(t, w.Says("孙七", "交接 "+list), "M20260302-0001")
		require.Contains(t, w.Says("孙七", "回复 M20260302-0001 已补"), "【已受理】")
	})
}

// A stop that was a mistake is taken back, before its instant and after.
func TestAccountStopTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		stop := func() string {
			number := numberIn(t, w.Says("邵静", "账号申请 停用 周八 今天"), "A")
			w.Says("高总", "审批 "+number+" 同意")
			w.Says("韩梅", "审批 "+number+" 同意")
			return number
		}
		number := stop()
		require.Contains(t, w.Says("孙七", "账号申请 撤销 "+number), "【未找到】")
		require.Contains(t, w.Says("邵静", "账号申请 撤销 "+number), "已撤销「账号停用：周八」，账号照常使用")
		w.To("18:01")
		require.Contains(t, w.Says("周八", "我的待办"), "待办")
		w.To("2026-03-03 10:00")
		stop()
		w.To("18:01")
		require.NotContains(t, w.Says("周八", "我的待办"), "待办")
		require.Contains(t, w.Says("孙七", "账号 恢复 周八"), "【无权限】")
		require.Contains(t, w.Says("王五", "账号 恢复 周八"), "已恢复周八的账号权限")
		require.Contains(t, w.Says("周八", "我的待办"), "待办")
	})
}

// Who leaves before he is stopped needs no stopping.
func TestAccountStopOvertaken(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := numberIn(t, w.Says("韩梅", "账号申请 停用 周八 3月6日"), "A")
		w.Company("delete_user", map[string]any{"userid": "zhouba"})
		w.Gets("韩梅", "周八已离职，申请到此结束")
		require.Contains(t, w.Says("邵静", "审批 "+number+" 同意"), "【未通过】")
		w.To("2026-03-06 18:01")
		require.Zero(t, w.Count("王五", "停用账号：周八"))
	})
}
