package store

import (
	"errors"
	"fmt"
	"time"
)

// This file forgets what people wrote, row by row of what stays as a record.
// Each method is one bounded step, answers how many rows it looked at, and
// remembers in a setting how far it came; 0 means that nothing old is left.

// messagesPurged is the setting with the last message without its text.
const messagesPurged = "sent_messages.purged_to"

// PurgeMessages drops text and bytes of messages created before an instant,
// at most 200. The ledger's lines stay.
func (tx *Tx) PurgeMessages(before time.Time) (int, error) {
	var last int64
	if err := tx.Setting(messagesPurged, &last); err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	var rows []SentMessage
	err := tx.g.Select("id", "state", "created_at").Where("id > ?", last).Order("id").Limit(purgeBatch).Find(&rows).Error
	if err != nil {
		return 0, fmt.Errorf("purge messages: %w", translate(err))
	}
	var ids []int64
	n := 0
	for _, m := range rows {
		if !m.CreatedAt.Before(before) {
			break
		}
		n, last = n+1, m.ID
		switch m.State {
		case SentDone, SentDigested, SentRefused, SentAside: // nothing more happens to these
			ids = append(ids, m.ID)
		}
	}
	if n == 0 {
		return 0, nil
	}
	if len(ids) > 0 {
		err := tx.g.Model(&SentMessage{}).Where("id IN ?", ids).Updates(map[string]any{"text": "", "body": nil}).Error
		if err != nil {
			return 0, fmt.Errorf("purge messages: %w", translate(err))
		}
	}
	return n, tx.SetSetting(messagesPurged, last)
}

// itemsPurged is the setting with the progress of the day's walk over items.
const itemsPurged = "items.purged"

type itemWalk struct {
	Day  string `json:"day"`
	Last int64  `json:"last"`
}

// PurgeItems drops what was written in items that ended before an instant:
// withdrawn ones before withdrawn, closed ones, which are the archive, before
// closed. It looks at no more than 50 items, in one walk a day, because an old
// item may end any day. Number, people, times and states stay.
func (tx *Tx) PurgeItems(withdrawn, closed time.Time) (int, error) {
	var walk itemWalk
	if err := tx.Setting(itemsPurged, &walk); err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	if today := tx.day(tx.Now()); walk.Day != today {
		walk = itemWalk{Day: today}
	}
	var rows []Item
	err := tx.g.Select("id", "state", "closed_at", "created_at").Where("id > ?", walk.Last).Order("id").Limit(50).Find(&rows).Error
	if err != nil {
		return 0, fmt.Errorf("purge items: %w", translate(err))
	}
	youngest := withdrawn
	if closed.After(youngest) {
		youngest = closed
	}
	var ids []int64
	n := 0
	for _, i := range rows {
		if !i.CreatedAt.Before(youngest) {
			break // ids grow with time: all that follow are younger
		}
		n, walk.Last = n+1, i.ID
		if i.ClosedAt == nil {
			continue
		}
		if i.State == ItemWithdrawn && i.ClosedAt.Before(withdrawn) || i.State == ItemClosed && i.ClosedAt.Before(closed) {
			ids = append(ids, i.ID)
		}
	}
	if n == 0 {
		return 0, nil
	}
	if err := tx.emptyItems(ids); err != nil {
		return 0, fmt.Errorf("purge items: %w", translate(err))
	}
	return n, tx.SetSetting(itemsPurged, walk)
}

func (tx *Tx) emptyItems(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	err := tx.g.Model(&Item{}).Where("id IN ? AND body <> ''", ids).Updates(map[string]any{"body": "", "why": ""}).Error
	if err != nil {
		return err
	}
	if err := tx.g.Model(&ItemEntry{}).Where("item_id IN ? AND text <> ''", ids).Update("text", "").Error; err != nil {
		return err
	}
	return tx.g.Model(&Clock{}).Where("subject_kind = ? AND subject_id IN ? AND title <> ''", "item", ids).Update("title", "").Error
}

// PurgeReplicas forgets processes that have been silent for a while.
func (tx *Tx) PurgeReplicas(silent time.Duration) error {
	now, err := tx.serverTime()
	if err != nil {
		return err
	}
	if err := tx.g.Where("seen_at < ?", now.Add(-silent)).Delete(&Replica{}).Error; err != nil {
		return fmt.Errorf("purge replicas: %w", translate(err))
	}
	return nil
}

// requestsPurged is the setting with the progress of the day's walk over requests.
const requestsPurged = "requests.purged"

// PurgeRequests drops, of requests that ended before bodies, the personal data
// and the domain's data, and of withdrawn ones everything that was written; of
// the others, which are the archive, that goes before archived. It walks like
// PurgeItems. Number, kind, people, times, states and decisions stay.
func (tx *Tx) PurgeRequests(bodies, archived time.Time) (int, error) {
	var walk itemWalk
	if err := tx.Setting(requestsPurged, &walk); err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	if today := tx.day(tx.Now()); walk.Day != today {
		walk = itemWalk{Day: today}
	}
	var rows []Request
	err := tx.g.Select("id", "state", "finished_at", "created_at").Where("id > ?", walk.Last).Order("id").Limit(purgeRequests).Find(&rows).Error
	if err != nil {
		return 0, fmt.Errorf("purge requests: %w", translate(err))
	}
	var personal, all []int64
	n := 0
	for _, q := range rows {
		if !q.CreatedAt.Before(bodies) {
			break // ids grow with time: all that follow are younger
		}
		n, walk.Last = n+1, q.ID
		if q.FinishedAt == nil || !q.FinishedAt.Before(bodies) {
			continue
		}
		personal = append(personal, q.ID)
		if q.State == RequestWithdrawn || q.FinishedAt.Before(archived) {
			all = append(all, q.ID)
		}
	}
	if n == 0 {
		return 0, nil
	}
	if err := tx.emptyRequests(personal, all); err != nil {
		return 0, fmt.Errorf("purge requests: %w", translate(err))
	}
	return n, tx.SetSetting(requestsPurged, walk)
}

// purgeRequests bounds one step: a request has up to ten steps with clocks.
const purgeRequests = 20

func (tx *Tx) emptyRequests(personal, all []int64) error {
	if len(personal) > 0 {
		err := tx.g.Model(&Request{}).Where("id IN ? AND (personal <> '' OR data <> '' OR form <> '')", personal).
			Updates(map[string]any{"personal": "", "data": "", "form": ""}).Error
		if err != nil {
			return err
		}
	}
	if len(all) == 0 {
		return nil
	}
	if err := tx.g.Model(&Request{}).Where("id IN ? AND title <> ''", all).Updates(map[string]any{"title": "", "content": "", "route": ""}).Error; err != nil {
		return err
	}
	var steps []int64
	if err := tx.g.Model(&RequestStep{}).Where("request_id IN ?", all).Pluck("id", &steps).Error; err != nil {
		return err
	}
	if err := tx.g.Model(&RequestStep{}).Where("request_id IN ? AND opinion <> ''", all).Update("opinion", "").Error; err != nil {
		return err
	}
	if err := tx.g.Model(&RequestDecider{}).Where("request_id IN ? AND opinion <> ''", all).Update("opinion", "").Error; err != nil {
		return err
	}
	if err := tx.g.Model(&RequestEntry{}).Where("request_id IN ? AND text <> ''", all).Update("text", "").Error; err != nil {
		return err
	}
	return tx.g.Model(&Clock{}).Where("subject_kind = ? AND subject_id IN ? AND title <> ''", "request_step", steps).Update("title", "").Error
}
