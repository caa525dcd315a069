package acceptance_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// What those who decide, and those who applied, can do with a case: each once in
// words and once on a card, over the real protocol.

// A refusal is final only with a reason: on the card one of the common ones is
// chosen, or any is written.
func TestRejectingAsksForTheReason(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.Presses("邵静", "驳回")
		require.Equal(t, store.RequestRunning, w.Case(number).State, "nothing is final before the reason")
		require.Contains(t, w.Presses("邵静", "信息不完整"), "【已受理】"+number)
		require.Equal(t, store.RequestRejected, w.Case(number).State)
		w.GetsExactly("赵六", "审批意见:驳回,信息不完整")
		w.Shown("邵静", number, "已驳回")

		// In words after the press …
		number = w.Applies("赵六", leaveOfTwoDays)
		w.Presses("邵静", "驳回")
		require.Contains(t, w.Says("邵静", "那几天要盘点"), "【已受理】"+number)
		w.GetsExactly("赵六", "审批意见:驳回,那几天要盘点")

		// … or in one line.
		number = w.Applies("赵六", leaveOfTwoDays)
		w.Decides("邵静", number, "驳回 人手不足")
		w.GetsExactly("赵六", "审批意见:驳回,人手不足")
	})
}

// Sent back to the applicant: he changes it and submits again, and the route
// runs once more. Nothing of the first round is lost.
func TestReturnedToTheApplicant(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.Decides("邵静", number, "批准")
		require.Contains(t, w.Says("郑十六", "退回 "+number+" 申请人 请补上紧急联系人"), "【已受理】"+number)
		require.Equal(t, store.RequestReturned, w.Case(number).State)
		w.Gets("赵六", number, "请补上紧急联系人")
		w.Shown("郑十六", number, "已退回")
		require.Contains(t, w.Says("何静", "审批 "+number+" 批准"), "【")
		require.Equal(t, store.RequestReturned, w.Case(number).State)
		require.Contains(t, w.Says("赵六", "我的待办"), number, "it waits for him")

		require.Contains(t, w.Says("赵六", "重新提交 "+number+" 事由:家中有事,电话13800001111"), "【")
		if w.Case(number).State == store.RequestReturned {
			require.Contains(t, w.Says("赵六", "1"), "【已受理】"+number)
		}
		require.Equal(t, store.RequestRunning, w.Case(number).State)
		require.Equal(t, int64(2), w.Case(number).Round)
		w.Gets("邵静", number, "批准")
		for _, name := range []string{"邵静", "郑十六", "何静"} {
			w.Decides(name, number, "批准")
		}
		require.Equal(t, store.RequestApproved, w.Case(number).State)
		w.Traces("赵六", number, "请补上紧急联系人")
	})
}

// Straight back: after the change it is the one who sent it back who goes on.
func TestReturnedAndStraightBack(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.Decides("邵静", number, "批准")
		w.Decides("郑十六", number, "批准")
		require.Contains(t, w.Says("何静", "退回 "+number+" 申请人 直接回来 请写清楚日期"), "【已受理】"+number)
		w.Reads("邵静")
		w.Says("赵六", "重新提交 "+number+" 事由:家中有事,三月九日起")
		if w.Case(number).State == store.RequestReturned {
			require.Contains(t, w.Says("赵六", "1"), "【已受理】"+number)
		}
		w.Gets("何静", number, "批准")
		w.GetsNothing("邵静", number, "批准")
		require.Contains(t, w.Decides("何静", number, "批准"), "申请通过")
	})
}

// Sent back to an earlier step: it runs again from there, or comes straight back.
func TestReturnedToAStep(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.Decides("邵静", number, "批准")
		w.Decides("郑十六", number, "批准")
		w.Reads("邵静")
		require.Contains(t, w.Says("何静", "退回 "+number+" 部门负责人 请确认人手"), "【已受理】"+number)
		w.Gets("邵静", number, "批准")
		w.Decides("邵静", number, "批准")
		w.Gets("郑十六", number, "批准")
		w.Decides("郑十六", number, "批准")
		require.Contains(t, w.Says("何静", "退回 "+number+" 部门负责人 直接回来 再确认一次"), "【已受理】"+number)
		w.Decides("邵静", number, "批准")
		require.Contains(t, w.Decides("何静", number, "批准"), "申请通过")
		require.Contains(t, w.Says("何静", "退回 "+number+" 部门负责人 晚了"), "已经通过")
	})
}

// 转审, which 转交 means here too: somebody else decides, and it is on record.
func TestTransferringAStep(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		require.Contains(t, w.Says("邵静", "转审 "+number+" 魏伟 我在出差"), "【已受理】"+number)
		w.Gets("魏伟", number, "批准")
		w.Shown("邵静", number, "魏伟")
		require.Contains(t, w.Says("邵静", "审批 "+number+" 批准"), "已经不由您处理")
		require.Contains(t, w.Says("魏伟", "转交 "+number+" 孙七 他更清楚"), "【已受理】"+number)
		require.Contains(t, w.Says("孙七", "转审 "+number+" 赵六"), "【未通过】", "not to whom it is about")
		w.Decides("孙七", number, "批准")
		w.Traces("赵六", number, "转审", "由邵静转给魏伟：我在出差", "由魏伟转给孙七：他更清楚")

		second := w.Applies("周八", leave("2026-03-16", "2026-03-16"))
		w.Presses("邵静", "转审")
		require.Contains(t, w.Says("邵静", "高总"), "【已受理】"+second)
		w.Gets("高总", second, "批准")
	})
}

// 加签 before, after and beside the present step, and 减签.
func TestAddingApprovers(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		before := w.Applies("赵六", leave("2026-03-09", "2026-03-09"))
		require.Contains(t, w.Says("邵静", "加签 "+before+" 前 魏伟 先听听团队的意见"), "【已受理】"+before)
		w.Gets("魏伟", before, "批准")
		require.Contains(t, w.Says("邵静", "审批 "+before+" 批准"), "【未通过】")
		w.Decides("魏伟", before, "批准")
		w.Gets("邵静", before, "批准")
		w.Decides("邵静", before, "批准")

		after := w.Applies("周八", leave("2026-03-10", "2026-03-10"))
		require.Contains(t, w.Says("邵静", "加签 "+after+" 后 魏伟"), "【已受理】"+after)
		w.Decides("邵静", after, "批准")
		w.Decides("魏伟", after, "批准")
		w.Gets("郑十六", after, "批准")

		beside := w.Applies("孙七", leave("2026-03-11", "2026-03-11"))
		require.Contains(t, w.Says("邵静", "加签 "+beside+" 并 魏伟、高总"), "【已受理】"+beside)
		w.Decides("邵静", beside, "批准")
		w.Decides("魏伟", beside, "批准")
		require.Zero(t, w.Count("郑十六", beside), "高总 has not decided")
		require.Contains(t, w.Says("周八", "减签 "+beside+" 高总"), "【")
		require.Zero(t, w.Count("郑十六", beside), "not by anybody")
		require.Contains(t, w.Says("邵静", "减签 "+beside+" 魏伟"), "【未通过】", "who has decided stays")
		require.Contains(t, w.Says("邵静", "减签 "+beside+" 高总"), "【已受理】"+beside)
		w.Gets("郑十六", beside, "批准")
		w.Traces("孙七", beside, "同时加签：魏伟、高总", "取消「部门负责人」对高总的加签")
	})
}

// What is approved can be taken back while it has not happened: the deputy and
// the days are free again and those who were told are told.
func TestRevokingAnApprovedLeave(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		for _, name := range []string{"邵静", "郑十六", "何静"} {
			w.Decides(name, number, "批准")
		}
		require.Contains(t, w.Says("孙七", "撤回 "+number), "【")
		require.Equal(t, store.RequestApproved, w.Case(number).State, "not by others")
		require.Contains(t, w.Says("赵六", "撤回 "+number+" 行程取消"), "【已受理】"+number)
		require.Equal(t, store.RequestRevoked, w.Case(number).State)
		deputies, err := w.reader().DeputiesOfRequest(w.Case(number).ID)
		require.NoError(t, err)
		require.Empty(t, deputies)
		w.Gets("周八", "赵六", "请假", "取消")
		w.To("2026-03-09 10:00")
		w.Reads("孙七")
		w.Says("何静", "发通知 赵六 请补报销单 需回复")
		w.Gets("赵六", "请补报销单")
		w.GetsNothing("孙七", "请补报销单")
	})
}

// A remark, with a picture, reaches those who decide and stays with the case.
func TestCommentingWithAPicture(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.SendsPicture("赵六", picture(t, 60), "车票.png")
		require.Contains(t, w.Says("赵六", "评论 "+number+" 车票已经买好"), "【已受理】"+number)
		w.Gets("邵静", number, "车票已经买好")
		require.Contains(t, w.Says("邵静", "评论 "+number+" 知道了"), "【已受理】"+number)
		w.Gets("赵六", number, "知道了")
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM attachments WHERE subject_kind = 'request'"))
		w.Traces("邵静", number, "车票已经买好", "知道了")
		require.NotContains(t, w.Says("吴九", "评论 "+number+" 我也想去"), "【已受理】")
	})
}

// 抄送 by hand: whoever is copied is told and may read it from then on.
func TestCopyingSomebody(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		require.NotContains(t, w.Says("周八", "查询 "+number), "家中有事")
		require.Contains(t, w.Says("邵静", "抄送 "+number+" 周八"), "【已受理】"+number)
		w.Gets("周八", "【抄送】", number)
		require.Contains(t, w.Says("周八", "查询 "+number), "家中有事")
		require.NotContains(t, w.Says("周八", "审批 "+number+" 批准"), "【已受理】")
	})
}

// 我的审批 lists what waits, and several are approved at once, each on its own.
func TestApprovingSeveralAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		first := w.Applies("赵六", leave("2026-03-09", "2026-03-09"))
		second := w.Applies("周八", leave("2026-03-10", "2026-03-10"))
		third := w.Applies("孙七", leave("2026-03-11", "2026-03-11"))
		listed := w.Says("邵静", "我的审批")
		for _, number := range []string{first, second, third} {
			require.Contains(t, listed, number)
		}
		w.Says("赵六", "撤回 "+first)
		told := w.Says("邵静", "批量批准 "+first+"、"+second+"、"+third)
		require.Contains(t, told, second)
		require.Contains(t, told, third)
		require.Contains(t, told, "撤回", "what cannot be approved is named")
		require.Zero(t, w.Count("郑十六", second), "nothing before it is confirmed")
		require.Contains(t, w.Says("邵静", "1"), "已批准 2 项")
		w.Gets("郑十六", second, "批准")
		w.Gets("郑十六", third, "批准")
		require.Zero(t, w.Count("郑十六", first))
	})
}

// Twenty presses on one node at the same instant: one decision; nineteen are
// shown it, and nothing is told twice.
func TestTwentyPressesOnOneNode(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		card := w.Shown("邵静", number, "批准")
		key := w.keyOf(card, "批准")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				w.Event("邵静", "template_card_event", map[string]any{
					"EventKey": key, "TaskId": card.Card.TaskID, "CardType": card.Card.CardType, "ResponseCode": "old",
				})
			})
		}
		all.Wait()
		w.Settle()
		w.Shown("邵静", number, "已同意")
		require.Equal(t, 1, w.Count("赵六", "审批意见:批准,无"))
		require.Equal(t, 1, w.Count("赵六", "【进度】"+number))
		require.Equal(t, 1, w.Count("郑十六", number, "批准"))
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM request_entries WHERE kind = 'agreed'"))
		require.Empty(t, w.buried())
	})
}

// A press on an old copy shows the present state and changes nothing.
func TestAStalePressShowsThePresentState(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		card := w.Shown("邵静", number, "批准")
		approve, reject := w.keyOf(card, "批准"), w.keyOf(card, "驳回")
		w.Says("赵六", "撤回 "+number)
		for _, key := range []string{approve, reject} {
			w.pressesOld("邵静", card, key)
			w.Shown("邵静", number, "已撤回")
			require.Equal(t, store.RequestWithdrawn, w.Case(number).State)
		}
		require.Zero(t, w.Count("邵静", "请写驳回的原因"))
	})
}

// pressesOld is a press on a copy of a card that the phone has not redrawn.
func (w *World) pressesOld(name string, card message, key string) {
	w.t.Helper()
	w.Event(name, "template_card_event", map[string]any{
		"EventKey": key, "TaskId": card.Card.TaskID, "CardType": card.Card.CardType, "ResponseCode": "old",
	})
	w.Settle()
}

// After 72 hours WeCom updates no card any more: words do the same.
func TestAnExpiredCardBlocksNothing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leave("2026-03-16", "2026-03-17"))
		w.Advance(73 * time.Hour)
		w.Says("邵静", "审批 "+number+" 批准 注意交接")
		w.GetsExactly("赵六", "审批意见:批准,注意交接")
		w.Gets("郑十六", number, "批准")
		w.Advance(73 * time.Hour)
		w.Presses("郑十六", "批准")
		w.Gets("何静", number, "批准")
		require.Empty(t, w.buried())
	})
}

// 撤回 ends a running case; whoever has to decide is told, and only its
// applicant may.
func TestWithdrawing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.Decides("邵静", number, "批准")
		w.Gets("郑十六", number, "批准")
		require.NotContains(t, w.Says("周八", "撤回 "+number), "【已受理】")
		require.Contains(t, w.Says("赵六", "撤回 "+number+" 不去了"), "【已受理】"+number)
		require.Equal(t, store.RequestWithdrawn, w.Case(number).State)
		w.Gets("郑十六", "【撤回】", number)
		w.Shown("郑十六", number, "已撤回")
		require.Contains(t, w.Says("郑十六", "审批 "+number+" 批准"), "【未通过】")
		require.Contains(t, w.Says("赵六", "撤回 "+number), "【未通过】")
		w.Applies("赵六", leaveOfTwoDays) // the days are free
	})
}
