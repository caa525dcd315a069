package store

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// ContactEvent is one event about the contacts as it came (guide S06). Its id
// also orders events and readings: who reads WeCom notes the newest id before,
// and distrusts what he read of anybody with a newer one.
type ContactEvent struct {
	ID         int64
	DeliveryID int64
	EventKey   string
	ChangeType string // "update_user", "subscribe", …
	UserID     string `gorm:"column:userid"` // empty when it is about departments or tags
	UserIDFold string `gorm:"column:userid_fold"`
	MemberID   int64  // 0: nobody we knew then
	Detail     string // JSON of ids, never names
	At         time.Time
}

// ContactCheck is a userid to be read from WeCom when its turn comes.
type ContactCheck struct {
	UserIDFold string `gorm:"column:userid_fold;primaryKey"`
	UserID     string `gorm:"column:userid"`
	EventKey   string // the event that caused it; empty: a comparison
	CreatedAt  time.Time
}

// AddContactEvent records an event.
func (tx *Tx) AddContactEvent(e *ContactEvent) error {
	e.UserIDFold, e.At = Fold(e.UserID), cut(e.At)
	if err := tx.g.Create(e).Error; err != nil {
		return fmt.Errorf("record contact event: %w", translate(err))
	}
	return nil
}

// LastContactEvent is the id of the newest event; 0 when there is none.
func (r *Reader) LastContactEvent() (int64, error) {
	var id int64
	if _, err := r.one("SELECT COALESCE(MAX(id), 0) FROM contact_events", nil, &id); err != nil {
		return 0, fmt.Errorf("newest contact event: %w", err)
	}
	return id, nil
}

// ContactEventsOf answers the events about a member, newest first, at most
// limit.
func (r *Reader) ContactEventsOf(member int64, limit int) ([]ContactEvent, error) {
	var all []ContactEvent
	if err := r.g.Where("member_id = ?", member).Order("id DESC").Limit(page(limit)).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("contact events of member %d: %w", member, translate(err))
	}
	return all, nil
}

// ContactEventsAfter answers the events newer than id, oldest first, at most
// limit.
func (r *Reader) ContactEventsAfter(id int64, limit int) ([]ContactEvent, error) {
	var all []ContactEvent
	if err := r.g.Where("id > ?", id).Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("contact events: %w", translate(err))
	}
	return all, nil
}

// CheckContact plans that a userid is read; one that is planned already stays
// as it is.
func (tx *Tx) CheckContact(c ContactCheck) error {
	c.UserIDFold, c.CreatedAt = Fold(c.UserID), tx.Now()
	if err := tx.g.Clauses(clause.OnConflict{DoNothing: true}).Create(&c).Error; err != nil {
		return fmt.Errorf("plan reading of a contact: %w", translate(err))
	}
	return nil
}

// ContactChecks answers the userids to be read next, at most limit.
func (r *Reader) ContactChecks(limit int) ([]ContactCheck, error) {
	var all []ContactCheck
	if err := r.g.Order("created_at, userid_fold").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("contacts to read: %w", translate(err))
	}
	return all, nil
}

// DropContactCheck forgets a userid that has been read.
func (tx *Tx) DropContactCheck(fold string) error {
	if err := tx.g.Where("userid_fold = ?", fold).Delete(&ContactCheck{}).Error; err != nil {
		return fmt.Errorf("contact read: %w", translate(err))
	}
	return nil
}
