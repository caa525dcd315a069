package communication

import (
	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// Inform opens an important notice in the caller's name for another domain:
// each of those told has the time of important items to answer, and 追溯, 催办
// and the rest work as for any notice. It answers the item's number.
func (c *Communication) Inform(call *chat.Call, to []int64, body string) (string, error) {
	rules := c.rules()
	item := store.Item{
		Kind: store.NoticeItem, SenderID: call.Member.ID, App: call.App, Body: body, State: store.ItemOpen, Phase: 1,
		Importance: string(policy.ImportanceImportant), Urgency: string(policy.UrgencyHigh),
		Class:    string(rules.Class(policy.ImportanceImportant, policy.UrgencyHigh).Class),
		Rulebook: rules.Version(), DeliveryID: call.Delivery,
	}
	_, err := c.open(call, &item, to, store.EntrySent)
	return item.Number, err
}
