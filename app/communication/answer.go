package communication

import (
	"fmt"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
)

// acknowledge is 收到: it stops the clock of an item that needs no reply and
// is recorded for one that does.
func (c *Communication) acknowledge(call *chat.Call) (chat.Answer, error) {
	item, err := c.asReceiver(call)
	if err != nil {
		return chat.Answer{}, err
	}
	result, err := c.clocks.Act(call.Tx, item.Subject(), call.Member.ID, policy.Ack, call.At)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := c.enter(call, item, store.EntryAcked, ""); err != nil {
		return chat.Answer{}, err
	}
	if err := c.settle(call.Tx, &item); err != nil {
		return chat.Answer{}, err
	}
	if result.Found && !result.Stopped && result.Clock.DueAt != nil {
		if result.Clock.State == store.ClockBreached {
			return chat.Accepted(item.Number, "已确认收到，但已超过时限，请尽快回复。"), nil
		}
		return chat.Accepted(item.Number, fmt.Sprintf("已确认收到，请在 %s 前回复。", c.when(*result.Clock.DueAt))), nil
	}
	return chat.Accepted(item.Number, "已确认收到，谢谢。"), nil
}

// reply is 回复: it stops the clock and reaches the sender.
func (c *Communication) reply(call *chat.Call) (chat.Answer, error) {
	item, err := c.asReceiver(call)
	if err != nil {
		return chat.Answer{}, err
	}
	text := call.Text("内容")
	if err := fits(text); err != nil {
		return chat.Answer{}, err
	}
	if _, err := c.clocks.Act(call.Tx, item.Subject(), call.Member.ID, policy.Reply, call.At); err != nil {
		return chat.Answer{}, err
	}
	if err := c.enter(call, item, store.EntryReplied, text); err != nil {
		return chat.Answer{}, err
	}
	if item.Kind == store.InquiryItem {
		if err := c.answered(call, &item, text); err != nil {
			return chat.Answer{}, err
		}
	} else {
		told := fmt.Sprintf("【回复】%s 回复 %s「%s」：\n%s", call.Member.Name, item.Number, chat.OneLine(item.Body, 20), text)
		if err := c.tellOthers(call, item, told); err != nil {
			return chat.Answer{}, err
		}
	}
	if err := c.settle(call.Tx, &item); err != nil {
		return chat.Answer{}, err
	}
	answer := chat.Accepted(item.Number, "已回复，对方会收到通知。")
	answer.Subject = item.Subject()
	return answer, nil
}

// answered shows the reply to the asker, who says whether it helped; if he
// says nothing the inquiry closes by itself.
func (c *Communication) answered(call *chat.Call, item *store.Item, text string) error {
	now := call.Tx.Now()
	if item.State == store.ItemAnswered {
		item.Phase++ // the timer of the first answer must not close what was answered again
	}
	item.State, item.AnsweredAt = store.ItemAnswered, &now
	if err := call.Tx.SaveItem(item); err != nil {
		return err
	}
	_, err := call.Tx.Enqueue(CloseUnanswered{Item: item.ID, Phase: item.Phase},
		store.At(c.rules().InquiryClosesAt(now)), store.Unique(fmt.Sprintf("%d:%d", item.ID, item.Phase)))
	if err != nil {
		return err
	}
	if len([]rune(text)) > cardText {
		full := fmt.Sprintf("【回复】%s 回复 %s「%s」：\n%s", call.Member.Name, item.Number, chat.OneLine(item.Body, 20), text)
		if err := c.tell(call.Tx, *item, []int64{item.SenderID}, eventPurpose, full); err != nil {
			return err
		}
	}
	return c.notify.Tell(call.Tx, notify.Notice{
		App: item.App, To: []int64{item.SenderID}, Card: answerCard, Subject: item.Subject(), Purpose: answerPurpose,
		Text: fmt.Sprintf("【回复】%s 回复了 %s：%s", call.Member.Name, item.Number, chat.OneLine(text, 40)), Asks: true,
		Important: item.Class == string(policy.Important),
	})
}

// settle closes a notice whose last clock has stopped, and redraws the cards.
func (c *Communication) settle(tx *store.Tx, item *store.Item) error {
	if item.Kind == store.NoticeItem && item.State == store.ItemOpen {
		done, err := c.clocks.Answered(&tx.Reader, item.Subject())
		if err != nil {
			return err
		}
		if done {
			if err := c.finish(tx, item, store.ItemClosed); err != nil {
				return err
			}
			text := fmt.Sprintf("【已响应】%s「%s」的接收人都已回应。", item.Number, chat.OneLine(item.Body, 20))
			if err := c.tell(tx, *item, []int64{item.SenderID}, eventPurpose, text); err != nil {
				return err
			}
		}
	}
	return c.notify.Refresh(tx, item.Subject())
}

// finish ends an item.
func (c *Communication) finish(tx *store.Tx, item *store.Item, state store.ItemState) error {
	now := tx.Now()
	item.State, item.ClosedAt = state, &now
	item.Phase++
	return tx.SaveItem(item)
}

// doubt is 有疑问: the receiver's question goes to the sender; his clock runs on.
func (c *Communication) doubt(call *chat.Call) (chat.Answer, error) {
	item, err := c.asReceiver(call)
	if err != nil {
		return chat.Answer{}, err
	}
	text := call.Text("内容")
	if err := fits(text); err != nil {
		return chat.Answer{}, err
	}
	if err := c.enter(call, item, store.EntryDoubted, text); err != nil {
		return chat.Answer{}, err
	}
	told := fmt.Sprintf("【有疑问】%s 对 %s「%s」有疑问：\n%s\n可发送：补充 %s <内容>",
		call.Member.Name, item.Number, chat.OneLine(item.Body, 20), text, item.Number)
	if err := c.tellOthers(call, item, told); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(item.Number, "已把您的疑问转给发起人，原回复时限不变。"), nil
}

// pass is 转交: somebody else owes the answer, with a fresh clock.
func (c *Communication) pass(call *chat.Call) (chat.Answer, error) {
	item, err := c.asReceiver(call)
	if err != nil {
		return chat.Answer{}, err
	}
	to := call.Person("姓名")
	switch to.ID {
	case call.Member.ID:
		return chat.Answer{}, chat.Refused{Reason: "不能转交给自己", Instead: "转交 " + item.Number + " <其他同事>"}
	case item.SenderID:
		return chat.Answer{}, chat.Refused{Reason: to.Name + "是发起人，不能转交给他", Instead: "回复 " + item.Number + " <内容>"}
	}
	parties, err := call.Tx.ItemParties(item.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	for _, p := range parties {
		if p.MemberID == to.ID && p.Active {
			return chat.Answer{}, chat.Refused{Reason: to.Name + "已经是接收人", Instead: "追溯 " + item.Number}
		}
	}
	if err := c.clocks.Pass(call.Tx, item.Subject(), call.Member.ID); err != nil {
		return chat.Answer{}, err
	}
	if err := call.Tx.PutParty(store.ItemParty{ItemID: item.ID, MemberID: call.Member.ID}); err != nil {
		return chat.Answer{}, err
	}
	if err := c.enter(call, item, store.EntryPassed, "转交"+to.Name); err != nil {
		return chat.Answer{}, err
	}
	if item.State == store.ItemAnswered {
		item.State, item.AnsweredAt = store.ItemOpen, nil
	}
	if item.Kind == store.InquiryItem {
		item.Phase++ // the buttons of a notice go on working for its other receivers
	}
	if err := call.Tx.SaveItem(&item); err != nil {
		return chat.Answer{}, err
	}
	if _, err := c.deliver(call.Tx, item, []int64{to.ID}); err != nil {
		return chat.Answer{}, err
	}
	told := fmt.Sprintf("【转交】%s「%s」已由%s转交给%s答复。", item.Number, chat.OneLine(item.Body, 20), call.Member.Name, to.Name)
	if err := c.tell(call.Tx, item, []int64{item.SenderID}, eventPurpose, told); err != nil {
		return chat.Answer{}, err
	}
	if err := c.notify.Refresh(call.Tx, item.Subject()); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(item.Number, "已转交给"+to.Name+"，时限重新计算。"), nil
}
