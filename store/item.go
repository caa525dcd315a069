package store

import (
	"fmt"
	"slices"
	"time"
)

// ItemKind tells a question from a notice.
type ItemKind string

// The kinds of items.
const (
	InquiryItem ItemKind = "inquiry" // 咨询
	NoticeItem  ItemKind = "notice"  // 通知
)

// ItemState is where an item stands.
type ItemState string

// The states of an item.
const (
	ItemOpen      ItemState = "open"      // somebody owes an answer
	ItemAnswered  ItemState = "answered"  // an inquiry waits for 已解决 or 未解决
	ItemClosed    ItemState = "closed"    // done, archived
	ItemWithdrawn ItemState = "withdrawn" // 撤回
)

// OpenItems are the states in which anything is still awaited.
var OpenItems = []ItemState{ItemOpen, ItemAnswered}

// Item is one communication that is tracked (guide CommItem).
type Item struct {
	ID         int64
	Number     string // M20260302-0001
	Kind       ItemKind
	SenderID   int64
	App        string
	Importance string
	Urgency    string
	Class      string // important | normal, X-04
	NeedsReply bool
	Body       string // purged after retention.message_bodies
	Topic      string // the word that routed it
	Department string // where it was routed
	Rule       string
	Rulebook   int
	Why        string // tree of reasons of the routing
	State      ItemState
	Phase      int64 // grows whenever older buttons must stop working
	AnsweredAt *time.Time
	ClosedAt   *time.Time
	DeliveryID int64
	CreatedAt  time.Time
	Version    int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Item) TableName() string { return "items" }

func (*Item) columns() string {
	return "id, number, kind, sender_id, app, importance, urgency, class, needs_reply, body, topic, department, rule, rulebook, why, " +
		"state, phase, answered_at, closed_at, delivery_id, created_at, version"
}

func (i *Item) fields() []any {
	return []any{
		&i.ID, &i.Number, &i.Kind, &i.SenderID, &i.App, &i.Importance, &i.Urgency, &i.Class, &i.NeedsReply, &i.Body, &i.Topic,
		&i.Department, &i.Rule, &i.Rulebook, &i.Why, &i.State, &i.Phase, &i.AnsweredAt, &i.ClosedAt, &i.DeliveryID, &i.CreatedAt, &i.Version,
	}
}

// Subject is the item for clocks, cards and notices.
func (i Item) Subject() Subject { return Subject{Kind: "item", ID: i.ID} }

// Open says whether anything is still awaited.
func (i Item) Open() bool { return slices.Contains(OpenItems, i.State) }

// ItemParty is one receiver of an item.
type ItemParty struct {
	ItemID    int64 `gorm:"primaryKey;autoIncrement:false"`
	MemberID  int64 `gorm:"primaryKey;autoIncrement:false"`
	DeputyFor int64 // in whose place; 0: his own
	Active    bool  // false: passed on to somebody else
	CreatedAt time.Time
}

// TableName is the table.
func (ItemParty) TableName() string { return "item_parties" }

func (*ItemParty) columns() string { return "item_id, member_id, deputy_for, active, created_at" }

func (p *ItemParty) fields() []any {
	return []any{&p.ItemID, &p.MemberID, &p.DeputyFor, &p.Active, &p.CreatedAt}
}

// EntryKind is what happened to an item.
type EntryKind string

// The kinds of entries.
const (
	EntryAsked      EntryKind = "asked"
	EntrySent       EntryKind = "sent"
	EntryAdded      EntryKind = "added"      // 补充
	EntryAcked      EntryKind = "acked"      // 收到
	EntryReplied    EntryKind = "replied"    // 回复
	EntryDoubted    EntryKind = "doubted"    // 有疑问
	EntryResolved   EntryKind = "resolved"   // 已解决
	EntryUnresolved EntryKind = "unresolved" // 未解决
	EntryPassed     EntryKind = "passed"     // 转交
	EntryUrged      EntryKind = "urged"      // 催办
	EntryNoted      EntryKind = "noted"      // 已知悉
	EntryWithdrawn  EntryKind = "withdrawn"  // 撤回
	EntryAttached   EntryKind = "attached"
	EntryClosed     EntryKind = "closed" // by itself
	EntryMissed     EntryKind = "missed" // did not reach the receiver
)

// ItemEntry is one line of an item's history. Lines are only ever added.
type ItemEntry struct {
	ID         int64
	ItemID     int64
	MemberID   int64 // who did it; 0: the system
	Kind       EntryKind
	Text       string
	Source     string // chat | card | menu | job
	DeliveryID int64
	At         time.Time // the instant of the act
}

// TableName is the table.
func (ItemEntry) TableName() string { return "item_entries" }

func (*ItemEntry) columns() string {
	return "id, item_id, member_id, kind, text, source, delivery_id, at"
}

func (e *ItemEntry) fields() []any {
	return []any{&e.ID, &e.ItemID, &e.MemberID, &e.Kind, &e.Text, &e.Source, &e.DeliveryID, &e.At}
}

// Item answers the item with this id.
func (r *Reader) Item(id int64) (Item, error) {
	i, err := take[Item](r, "WHERE id = ?", id)
	if err != nil {
		return i, fmt.Errorf("item %d: %w", id, err)
	}
	return i, nil
}

// ItemByNumber answers the item people call number.
func (r *Reader) ItemByNumber(number string) (Item, error) {
	i, err := take[Item](r, "WHERE number = ?", number)
	if err != nil {
		return i, fmt.Errorf("item %s: %w", number, err)
	}
	return i, nil
}

// ItemsReceived answers the items in these states that a member is a receiver
// of, newest first, at most limit.
func (r *Reader) ItemsReceived(member int64, states []ItemState, limit int) ([]Item, error) {
	var all []Item
	err := r.g.Table("items i").Select("i.*").
		Joins("JOIN item_parties p ON p.item_id = i.id AND p.member_id = ? AND p.active = ?", member, true).
		Where("i.state IN ?", states).Order("i.id DESC").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("items received: %w", translate(err))
	}
	return all, nil
}

// ItemsSent answers the items in these states that a member sent, newest
// first, at most limit.
func (r *Reader) ItemsSent(member int64, states []ItemState, limit int) ([]Item, error) {
	if len(states) == 0 {
		return nil, nil
	}
	args := []any{member}
	for _, state := range states {
		args = append(args, string(state))
	}
	all, err := list[Item](r, "WHERE sender_id = ? AND state IN "+marks(len(states))+" ORDER BY id DESC"+first(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("items sent: %w", err)
	}
	return all, nil
}

// OpenItemsOwed answers the open items a member is a receiver of, oldest first,
// at most limit.
func (r *Reader) OpenItemsOwed(member int64, limit int) ([]Item, error) {
	var all []Item
	err := r.g.Table("items i").Select("i.*").
		Joins("JOIN item_parties p ON p.item_id = i.id AND p.member_id = ? AND p.active = ?", member, true).
		Where("i.state IN ?", OpenItems).Order("i.id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("open items owed: %w", translate(err))
	}
	return all, nil
}

// OpenItemsAsked answers the open items a member sent, oldest first, at most
// limit.
func (r *Reader) OpenItemsAsked(member int64, limit int) ([]Item, error) {
	var all []Item
	err := r.g.Where("sender_id = ? AND state IN ?", member, OpenItems).Order("id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("open items asked: %w", translate(err))
	}
	return all, nil
}

// ItemLine is what a list shows of an item.
type ItemLine struct {
	Number string
	Kind   ItemKind
	Body   string
}

// TableName is the table it is read from.
func (ItemLine) TableName() string { return "items" }

func (*ItemLine) columns() string { return "number, kind, body" }

func (i *ItemLine) fields() []any { return []any{&i.Number, &i.Kind, &i.Body} }

// ItemLinesSent is ItemsSent for a list of those in one state.
func (r *Reader) ItemLinesSent(member int64, state ItemState, limit int) ([]ItemLine, error) {
	all, err := list[ItemLine](r, "WHERE sender_id = ? AND state = ? ORDER BY id DESC"+first(limit), member, string(state))
	if err != nil {
		return nil, fmt.Errorf("items sent: %w", err)
	}
	return all, nil
}

// ItemParties answers the receivers of an item, in the order they came in.
func (r *Reader) ItemParties(item int64) ([]ItemParty, error) {
	all, err := list[ItemParty](r, "WHERE item_id = ? ORDER BY created_at, member_id", item)
	if err != nil {
		return nil, fmt.Errorf("receivers of item %d: %w", item, err)
	}
	return all, nil
}

// ItemEntries answers the history of an item, oldest first, at most limit.
func (r *Reader) ItemEntries(item int64, limit int) ([]ItemEntry, error) {
	var all []ItemEntry
	if err := r.g.Where("item_id = ?", item).Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("history of item %d: %w", item, translate(err))
	}
	return all, nil
}

// LastEntry answers the newest entry of a kind.
func (r *Reader) LastEntry(item int64, kind EntryKind) (ItemEntry, error) {
	var e ItemEntry
	if err := r.g.Where("item_id = ? AND kind = ?", item, kind).Order("id DESC").Take(&e).Error; err != nil {
		return e, fmt.Errorf("history of item %d: %w", item, translate(err))
	}
	return e, nil
}

// AddItem stores a new item.
func (tx *Tx) AddItem(i *Item) error {
	i.CreatedAt, i.Version = tx.Now(), 1
	var err error
	if i.ID, err = tx.insert(i); err != nil {
		return fmt.Errorf("add item: %w", err)
	}
	return nil
}

// SaveItem writes an item that was read in this transaction; ErrConflict when
// it has changed since.
func (tx *Tx) SaveItem(i *Item) error {
	old := i.Version
	i.Version++
	n, err := tx.overwrite(i, "id = ? AND version = ?", i.ID, old)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	if err != nil {
		return fmt.Errorf("save item %d: %w", i.ID, err)
	}
	return nil
}

// PutParty makes a member a receiver of an item, or one who has been.
func (tx *Tx) PutParty(p ItemParty) error {
	if p.CreatedAt.IsZero() {
		p.CreatedAt = tx.Now()
	}
	if err := put(tx, []ItemParty{p}, "deputy_for", "active", "created_at"); err != nil {
		return fmt.Errorf("receiver of item %d: %w", p.ItemID, err)
	}
	return nil
}

// AddEntry adds a line to an item's history.
func (tx *Tx) AddEntry(e ItemEntry) error {
	e.At = cut(e.At)
	if _, err := tx.insert(&e); err != nil {
		return fmt.Errorf("history of item %d: %w", e.ItemID, err)
	}
	return nil
}
