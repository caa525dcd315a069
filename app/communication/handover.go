package communication

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"guiju/app/notify"
	"guiju/store"
	"guiju/store/queue"
)

// handOverBatch bounds the items one transaction moves.
const handOverBatch = 20

// HandOver is the job that ends a leaver's part in open items: his superior
// owes what he owed, with a fresh clock, and what he asked is withdrawn (guide
// E2.0, names in force).
type HandOver struct {
	Member int64 `json:"member"`
}

// Kind implements store.JobArgs.
func (HandOver) Kind() string { return "communication.hand_over" }

// Leave plans the hand-over in the transaction in which a member leaves.
func (c *Communication) Leave(tx *store.Tx, member int64) error {
	_, err := tx.Enqueue(HandOver{Member: member}, store.Unique(fmt.Sprint(member)))
	return err
}

func (c *Communication) handOver(_ context.Context, _ *queue.Job, args HandOver) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		member, err := tx.Member(args.Member)
		if err != nil || member.Present() {
			return err // he is back
		}
		open := []store.ItemState{store.ItemOpen, store.ItemAnswered}
		owed, err := tx.ItemsReceived(member.ID, open, handOverBatch)
		if err != nil {
			return err
		}
		slices.Reverse(owed) // oldest first
		for _, item := range owed {
			if err := c.replace(tx, item.ID, member); err != nil {
				return fmt.Errorf("hand over item %d: %w", item.ID, err)
			}
		}
		asked, err := tx.ItemsSent(member.ID, open, handOverBatch)
		if err != nil {
			return err
		}
		for _, item := range asked {
			if err := c.abandon(tx, item.ID, member); err != nil {
				return fmt.Errorf("end item %d: %w", item.ID, err)
			}
		}
		if len(owed) == handOverBatch || len(asked) == handOverBatch {
			return c.Leave(tx, member.ID)
		}
		return nil
	})
}

// standIn gives what an absent member owes to his deputy. Who asked, or owes an
// answer of his own, cannot stand in: then it waits for the member.
func (c *Communication) standIn(tx *store.Tx, clock store.Clock, deputy int64) error {
	item, err := c.locked(tx, clock.SubjectID)
	if err != nil || item.State != store.ItemOpen || deputy == item.SenderID {
		return err
	}
	current, err := c.receivers(&tx.Reader, item)
	if err != nil || slices.Contains(current, deputy) {
		return err
	}
	members, err := tx.Members([]int64{clock.ReceiverID, deputy})
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, m := range members {
		names[m.ID] = m.Name
	}
	if err := c.clocks.Pass(tx, item.Subject(), clock.ReceiverID); err != nil {
		return err
	}
	if err := tx.PutParty(store.ItemParty{ItemID: item.ID, MemberID: clock.ReceiverID}); err != nil {
		return err
	}
	became := fmt.Sprintf("%s外出，由%s代为答复", names[clock.ReceiverID], names[deputy])
	entry := store.ItemEntry{ItemID: item.ID, Kind: store.EntryPassed, Text: became, Source: "job", At: tx.Now()}
	if err := tx.AddEntry(entry); err != nil {
		return err
	}
	if _, err := c.deliver(tx, item, []int64{clock.ReceiverID}); err != nil { // to who stands in for him
		return err
	}
	text := fmt.Sprintf("【转交】%s「%s」：%s，时限重新计算。", item.Number, clip(item.Body, 20), became)
	if err := c.tell(tx, item, []int64{item.SenderID}, eventPurpose, text); err != nil {
		return err
	}
	return c.notify.Refresh(tx, item.Subject())
}

// replace puts the leaver's superior in his place, unless nobody but the
// sender is left.
func (c *Communication) replace(tx *store.Tx, id int64, leaver store.Member) error {
	item, err := c.locked(tx, id)
	if err != nil || !item.Open() {
		return err
	}
	if err := c.clocks.Pass(tx, item.Subject(), leaver.ID); err != nil {
		return err
	}
	if err := tx.PutParty(store.ItemParty{ItemID: item.ID, MemberID: leaver.ID}); err != nil {
		return err
	}
	superior, err := c.people.Superior(&tx.Reader, leaver.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	became := "没有人可以接手"
	if err == nil && superior != item.SenderID {
		next, err := tx.Member(superior)
		if err != nil {
			return err
		}
		became = "由" + next.Name + "接手"
		if err := c.takeOver(tx, &item, next.ID); err != nil {
			return err
		}
	}
	entry := store.ItemEntry{ItemID: item.ID, Kind: store.EntryPassed, Text: leaver.Name + "已离职，" + became, Source: "job", At: tx.Now()}
	if err := tx.AddEntry(entry); err != nil {
		return err
	}
	text := fmt.Sprintf("【转交】%s「%s」：%s已离职，%s。", item.Number, clip(item.Body, 20), leaver.Name, became)
	if err := c.tell(tx, item, []int64{item.SenderID}, eventPurpose, text); err != nil {
		return err
	}
	return c.settle(tx, &item)
}

// takeOver makes somebody a receiver who is not one yet. A question that had
// been answered still waits for its asker alone.
func (c *Communication) takeOver(tx *store.Tx, item *store.Item, member int64) error {
	current, err := c.receivers(&tx.Reader, *item)
	if err != nil {
		return err
	}
	if slices.Contains(current, member) {
		return nil
	}
	if item.State == store.ItemAnswered {
		return tx.PutParty(store.ItemParty{ItemID: item.ID, MemberID: member, Active: true})
	}
	_, err = c.deliver(tx, *item, []int64{member})
	return err
}

// abandon ends what a leaver had asked of others.
func (c *Communication) abandon(tx *store.Tx, id int64, leaver store.Member) error {
	item, err := c.locked(tx, id)
	if err != nil || !item.Open() {
		return err
	}
	receivers, err := c.receivers(&tx.Reader, item)
	if err != nil {
		return err
	}
	entry := store.ItemEntry{ItemID: item.ID, Kind: store.EntryWithdrawn, Text: leaver.Name + "已离职", Source: "job", At: tx.Now()}
	if err := tx.AddEntry(entry); err != nil {
		return err
	}
	if err := c.end(tx, &item, store.ItemWithdrawn); err != nil {
		return err
	}
	return c.notify.Tell(tx, notify.Notice{
		App: item.App, To: receivers, Subject: item.Subject(), Purpose: eventPurpose,
		Text: fmt.Sprintf("【撤回】%s「%s」：%s已离职，无需再处理。", item.Number, clip(item.Body, 20), leaver.Name),
	})
}
