package communication

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// urgeEvery is how soon an item or message may be urged again. The guide names an
// interval for approvals only (G2-4.4(3)); ten minutes are our choice: a day's
// answer may be urged again in time, and pressing twice sends once. Approvals have their own, approval.urge_interval_hours.
const urgeEvery = 10 * time.Minute

// resolve is 已解决: the asker confirms, the inquiry is closed.
func (c *Communication) resolve(call *chat.Call) (chat.Answer, error) {
	item, err := c.asAsker(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := c.enter(call, item, store.EntryResolved, ""); err != nil {
		return chat.Answer{}, err
	}
	if err := c.end(call.Tx, &item, store.ItemClosed); err != nil {
		return chat.Answer{}, err
	}
	text := fmt.Sprintf("【已解决】%s 确认 %s「%s」已解决，谢谢。", call.Member.Name, item.Number, chat.OneLine(item.Body, 20))
	if err := c.tellOthers(call, item, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(item.Number, "已办结，谢谢您的确认。"), nil
}

// reopen is 未解决: the receivers owe an answer again, with fresh clocks
// (G1-2.2c AE1).
func (c *Communication) reopen(call *chat.Call) (chat.Answer, error) {
	item, err := c.asAsker(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if item.State != store.ItemAnswered {
		return chat.Answer{}, chat.Refused{Reason: item.Number + " 还没有得到答复", Instead: "催办 " + item.Number}
	}
	note := call.Text("说明")
	if err := fits(note); err != nil {
		return chat.Answer{}, err
	}
	if err := c.enter(call, item, store.EntryUnresolved, note); err != nil {
		return chat.Answer{}, err
	}
	text := fmt.Sprintf("【未解决】%s 表示 %s「%s」还没有解决，请重新答复。", call.Member.Name, item.Number, chat.OneLine(item.Body, 20))
	if note != "" {
		text += "\n说明：" + note
	}
	if err := c.askAgain(call.Tx, item, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(item.Number, "已请对方重新答复，时限重新计算。"), nil
}

// askAgain opens an answered inquiry: told why, its receivers owe an answer
// with fresh clocks and cards.
func (c *Communication) askAgain(tx *store.Tx, item store.Item, why string) error {
	item.State, item.AnsweredAt = store.ItemOpen, nil
	item.Phase++
	if err := tx.SaveItem(&item); err != nil {
		return err
	}
	receivers, err := c.receivers(&tx.Reader, item)
	if err != nil {
		return err
	}
	if err := c.clocks.Cancel(tx, item.Subject()); err != nil {
		return err
	}
	if err := c.tell(tx, item, receivers, eventPurpose, why); err != nil {
		return err
	}
	if _, err := c.deliver(tx, item, receivers); err != nil {
		return err
	}
	return c.notify.Refresh(tx, item.Subject())
}

// asAsker takes an inquiry the member asked.
func (c *Communication) asAsker(call *chat.Call) (store.Item, error) {
	item, err := c.asSender(call)
	if err != nil {
		return item, err
	}
	if item.Kind != store.InquiryItem {
		return item, chat.Refused{Reason: item.Number + " 是通知，不是咨询", Instead: "追溯 " + item.Number}
	}
	return item, nil
}

// add is 补充: more words from the sender. An inquiry that was answered is
// asked again by it.
func (c *Communication) add(call *chat.Call) (chat.Answer, error) {
	item, err := c.asSender(call)
	if err != nil {
		return chat.Answer{}, err
	}
	text := call.Text("内容")
	if err := fits(text); err != nil {
		return chat.Answer{}, err
	}
	if err := c.enter(call, item, store.EntryAdded, text); err != nil {
		return chat.Answer{}, err
	}
	told := fmt.Sprintf("【补充】%s 补充 %s「%s」：\n%s", call.Member.Name, item.Number, chat.OneLine(item.Body, 20), text)
	answer := chat.Accepted(item.Number, "已补充并通知对方。")
	if item.State == store.ItemAnswered {
		answer = chat.Accepted(item.Number, "已补充，请对方继续答复，时限重新计算。")
		err = c.askAgain(call.Tx, item, told)
	} else {
		err = c.tellOthers(call, item, told)
	}
	answer.Subject = item.Subject()
	return answer, err
}

// withdraw is 撤回: nobody owes an answer any more.
func (c *Communication) withdraw(call *chat.Call) (chat.Answer, error) {
	item, err := c.asSender(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := c.enter(call, item, store.EntryWithdrawn, ""); err != nil {
		return chat.Answer{}, err
	}
	if err := c.end(call.Tx, &item, store.ItemWithdrawn); err != nil {
		return chat.Answer{}, err
	}
	text := fmt.Sprintf("【撤回】%s 撤回了 %s「%s」，无需再处理。", call.Member.Name, item.Number, chat.OneLine(item.Body, 20))
	if err := c.tellOthers(call, item, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(item.Number, "已撤回。"), nil
}

// end closes an item with all its clocks and greys its cards.
func (c *Communication) end(tx *store.Tx, item *store.Item, state store.ItemState) error {
	if err := c.finish(tx, item, state); err != nil {
		return err
	}
	if err := c.clocks.Cancel(tx, item.Subject()); err != nil {
		return err
	}
	return c.notify.Refresh(tx, item.Subject())
}

// urge is 催办: whoever has not answered is told again, by the sender or by
// somebody above a late receiver.
func (c *Communication) urge(call *chat.Call) (chat.Answer, error) {
	item, err := c.called(call.Tx, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	if item.SenderID != call.Member.ID {
		above, err := c.above(&call.Tx.Reader, item, call.Member.ID)
		if err != nil {
			return chat.Answer{}, err
		}
		if !above {
			return chat.Answer{}, chat.NotFound{Number: item.Number}
		}
	}
	if err := c.stillOpen(item); err != nil {
		return chat.Answer{}, err
	}
	waiting, err := c.waiting(&call.Tx.Reader, item)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(waiting) == 0 {
		return chat.Answer{}, chat.Refused{Reason: item.Number + " 已经有答复", Instead: "追溯 " + item.Number}
	}
	last, err := call.Tx.LastEntry(item.ID, store.EntryUrged)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return chat.Answer{}, err
	}
	if err == nil && call.At.Sub(last.At) < urgeEvery {
		return chat.Answer{}, chat.Refused{
			Reason:  fmt.Sprintf("%s 刚在 %s 催办过", item.Number, c.when(last.At)),
			Instead: fmt.Sprintf("%s 之后再催", c.when(last.At.Add(urgeEvery))),
		}
	}
	if err := c.enter(call, item, store.EntryUrged, ""); err != nil {
		return chat.Answer{}, err
	}
	err = c.notify.Tell(call.Tx, notify.Notice{
		App: item.App, To: waiting, Subject: item.Subject(), Purpose: eventPurpose, Asks: true,
		Important: item.Class == string(policy.Important),
		Text: fmt.Sprintf("【催办】%s 请您尽快回应 %s「%s」。\n可发送：回复 %s <内容>",
			call.Member.Name, item.Number, chat.OneLine(item.Body, 20), item.Number),
	})
	if err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(item.Number, fmt.Sprintf("已催办 %d 人。", len(waiting))), nil
}

// waiting answers the receivers who owe an answer.
func (c *Communication) waiting(r *store.Reader, item store.Item) ([]int64, error) {
	clocks, err := r.ClocksOf(item.Subject(), maxReceivers*10)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, clock := range clocks {
		if clock.Open() {
			ids = append(ids, clock.ReceiverID)
		}
	}
	return ids, nil
}

// CloseUnanswered is the timer that closes an answered inquiry whose asker
// says neither 已解决 nor 未解决.
type CloseUnanswered struct {
	Item  int64 `json:"item"`
	Phase int64 `json:"phase"`
}

// Kind implements store.JobArgs.
func (CloseUnanswered) Kind() string { return "communication.close_unanswered" }

func (c *Communication) closeUnanswered(_ context.Context, _ *queue.Job, args CloseUnanswered) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		item, err := c.locked(tx, args.Item)
		if err != nil || item.State != store.ItemAnswered || item.Phase != args.Phase {
			return err
		}
		if err := tx.AddEntry(store.ItemEntry{ItemID: item.ID, Kind: store.EntryClosed, Source: "job", At: tx.Now()}); err != nil {
			return err
		}
		if err := c.end(tx, &item, store.ItemClosed); err != nil {
			return err
		}
		text := fmt.Sprintf("【已办结】%s「%s」答复后没有收到您的确认，已自动办结。若还没有解决，可重新发送：咨询 <内容>",
			item.Number, chat.OneLine(item.Body, 20))
		return c.tell(tx, item, []int64{item.SenderID}, eventPurpose, text)
	})
}

// note is 已知悉: somebody above a late receiver has seen it.
func (c *Communication) note(call *chat.Call) (chat.Answer, error) {
	item, err := c.called(call.Tx, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	above, err := c.above(&call.Tx.Reader, item, call.Member.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	if !above {
		return chat.Answer{}, chat.NotFound{Number: item.Number}
	}
	if err := c.enter(call, item, store.EntryNoted, ""); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(item.Number, "已记录您知悉此事。"), nil
}
