package communication

import (
	"fmt"
	"slices"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// maxInformed is how many open items of one member Overtaken looks through.
const maxInformed = 200

// Inform opens an important notice in the caller's name for another domain:
// each of those told has the time of important items to answer, and 追溯, 催办
// and the rest work as for any notice. about names what it is about, at most 64
// bytes, for Overtaken. It answers the item's number.
func (c *Communication) Inform(call *chat.Call, to []int64, body, about string) (string, error) {
	rules := c.rules()
	item := store.Item{
		Kind: store.NoticeItem, SenderID: call.Member.ID, App: call.App, Body: body, State: store.ItemOpen, Phase: 1,
		Importance: string(policy.ImportanceImportant), Urgency: string(policy.UrgencyHigh),
		Class:    string(rules.Class(policy.ImportanceImportant, policy.UrgencyHigh).Class),
		Rule:     about,
		Rulebook: rules.Version(), DeliveryID: call.Delivery,
	}
	_, err := c.open(call, &item, to, store.EntrySent)
	return item.Number, err
}

// Overtaken ends what Inform opened about something, because it is settled:
// nobody is reminded of it or reported any more. among are members who were
// told of it or told it; they are told by the caller of this function.
func (c *Communication) Overtaken(call *chat.Call, about, why string, among []int64) error {
	var found []int64
	for _, member := range among {
		received, err := call.Tx.ItemsReceived(member, store.OpenItems, maxInformed)
		if err != nil {
			return err
		}
		sent, err := call.Tx.ItemsSent(member, store.OpenItems, maxInformed)
		if err != nil {
			return err
		}
		for _, item := range append(received, sent...) {
			if item.Rule == about && !slices.Contains(found, item.ID) {
				found = append(found, item.ID)
			}
		}
	}
	for _, id := range found {
		item, err := c.locked(call.Tx, id)
		if err != nil {
			return err
		}
		if !item.Open() {
			continue
		}
		if err := c.enter(call, item, store.EntryAdded, why); err != nil {
			return err
		}
		if err := c.end(call.Tx, &item, store.ItemClosed); err != nil {
			return fmt.Errorf("end %s: %w", item.Number, err)
		}
	}
	return nil
}
