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
	NewFold    string `gorm:"column:new_userid_fold"` // folded; empty unless the userid changed
	MemberID   int64  // 0: nobody we knew then
	ObjectID   int64  // the department or the tag it is about, else 0
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

// ContactsTold answers which of the userids, folded, an event newer than id
// told of, by the old or the new name. When more than a thousand are newer, all
// count as told of.
func (r *Reader) ContactsTold(after int64, folds []string) (map[string]bool, error) {
	const most = 1000
	var rows []struct {
		UserIDFold string `gorm:"column:userid_fold"`
		NewFold    string `gorm:"column:new_userid_fold"`
	}
	err := r.g.Model(&ContactEvent{}).Select("userid_fold, new_userid_fold").Where("id > ?", after).Order("id").Limit(most + 1).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("contact events: %w", translate(err))
	}
	told := make(map[string]bool)
	if len(rows) == 0 {
		return told, nil
	}
	wanted := make(map[string]bool, len(folds))
	for _, f := range folds {
		wanted[f] = true
		if len(rows) > most {
			told[f] = true
		}
	}
	for _, row := range rows {
		for _, f := range []string{row.UserIDFold, row.NewFold} {
			if wanted[f] {
				told[f] = true
			}
		}
	}
	return told, nil
}

// ObjectsTold answers the departments or tags that events of these kinds newer
// than id told of, at most a thousand.
func (r *Reader) ObjectsTold(after int64, kinds ...string) (map[int64]bool, error) {
	var ids []int64
	err := r.g.Model(&ContactEvent{}).Where("id > ? AND change_type IN ?", after, kinds).Order("id").Limit(1000).Pluck("object_id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("contact events: %w", translate(err))
	}
	told := make(map[int64]bool, len(ids))
	for _, id := range ids {
		told[id] = true
	}
	return told, nil
}

// LaterContactEvent answers whether an event about the userid is recorded that
// happened after the instant, by WeCom's own clock.
func (r *Reader) LaterContactEvent(userid string, at time.Time) (bool, error) {
	var id int64
	found, err := r.one("SELECT id FROM contact_events WHERE userid_fold = ? AND at > ? LIMIT 1", []any{Fold(userid), cut(at)}, &id)
	if err != nil {
		return false, fmt.Errorf("contact events of %q: %w", userid, err)
	}
	return found, nil
}
