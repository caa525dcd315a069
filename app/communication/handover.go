package communication

import (
	"cmp"
	"fmt"
	"slices"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/store"
)

// What becomes of a member's part in open items when he leaves or gives his
// work away (guide E2.0, names in force), and while he is away.

// Label implements people.HandOver.
func (c *Communication) Label() string { return "沟通事项" }

// List implements people.HandOver: the open items a member has to answer and,
// once he is not here any more, those he asked. While he is here his questions
// stay his, wherever he works.
func (c *Communication) List(r *store.Reader, member int64, limit int) ([]people.Work, error) {
	items, err := r.OpenItemsOwed(member, limit)
	if err != nil {
		return nil, err
	}
	if m, err := r.Member(member); err != nil {
		return nil, err
	} else if !m.Present() {
		asked, err := r.OpenItemsAsked(member, limit)
		if err != nil {
			return nil, err
		}
		items = append(items, asked...)
	}
	slices.SortFunc(items, func(a, b store.Item) int { return cmp.Compare(a.ID, b.ID) })
	var all []people.Work
	for _, item := range items[:min(len(items), limit)] {
		all = append(all, people.Work{Number: item.Number, Title: title(item), Subject: item.Subject()})
	}
	return all, nil
}

// Reassign implements people.HandOver. What a member has to answer is owed by
// another, with a fresh clock. What a leaver asked is withdrawn: nobody is left
// who wants to know.
func (c *Communication) Reassign(tx *store.Tx, w store.Subject, from, to int64, why string) error {
	item, err := c.locked(tx, w.ID)
	if err != nil || !item.Open() {
		return err
	}
	member, err := tx.Member(from)
	if err != nil {
		return err
	}
	if item.SenderID == from {
		if member.Present() {
			return nil
		}
		return c.abandon(tx, item, why)
	}
	receivers, err := c.receivers(&tx.Reader, item)
	if err != nil || !slices.Contains(receivers, from) {
		return err
	}
	return c.replace(tx, item, from, to, why)
}

// replace puts another in the place of a receiver, unless nobody but the
// sender is left.
func (c *Communication) replace(tx *store.Tx, item store.Item, from, to int64, why string) error {
	if err := c.clocks.Pass(tx, item.Subject(), from); err != nil {
		return err
	}
	if err := tx.PutParty(store.ItemParty{ItemID: item.ID, MemberID: from}); err != nil {
		return err
	}
	became := "没有人可以接手"
	if to == item.SenderID {
		became = "改由发起人自己跟进，不再等待答复"
	} else if to != 0 {
		next, err := tx.Member(to)
		if err != nil {
			return err
		}
		became = "由" + next.Name + "接手"
		if err := c.takeOver(tx, &item, next.ID); err != nil {
			return err
		}
	}
	entry := store.ItemEntry{ItemID: item.ID, Kind: store.EntryPassed, Text: why + "，" + became, Source: "job", At: tx.Now()}
	if err := tx.AddEntry(entry); err != nil {
		return err
	}
	text := fmt.Sprintf("【转交】%s「%s」：%s，%s。", item.Number, chat.OneLine(item.Body, 20), why, became)
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

// abandon ends what somebody asked who is not here any more.
func (c *Communication) abandon(tx *store.Tx, item store.Item, why string) error {
	receivers, err := c.receivers(&tx.Reader, item)
	if err != nil {
		return err
	}
	entry := store.ItemEntry{ItemID: item.ID, Kind: store.EntryWithdrawn, Text: why, Source: "job", At: tx.Now()}
	if err := tx.AddEntry(entry); err != nil {
		return err
	}
	if err := c.end(tx, &item, store.ItemWithdrawn); err != nil {
		return err
	}
	return c.notify.Tell(tx, notify.Notice{
		App: item.App, To: receivers, Subject: item.Subject(), Purpose: eventPurpose,
		Text: fmt.Sprintf("【撤回】%s「%s」：%s，无需再处理。", item.Number, chat.OneLine(item.Body, 20), why),
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
	text := fmt.Sprintf("【转交】%s「%s」：%s，时限重新计算。", item.Number, chat.OneLine(item.Body, 20), became)
	if err := c.tell(tx, item, []int64{item.SenderID}, eventPurpose, text); err != nil {
		return err
	}
	return c.notify.Refresh(tx, item.Subject())
}
