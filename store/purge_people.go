package store

import (
	"errors"
	"fmt"
	"time"
)

// This file forgets what the company does not keep about people, by the same
// rules as purge.go.

// oldWalk is how far a purge has come in the order of time and id.
type oldWalk struct {
	At time.Time `json:"at"`
	ID int64     `json:"id"`
}

// The settings with the progress of the walks over what never becomes older.
const (
	handOverWorksPurged = "hand_over_works.purged_to"
	applicationsPurged  = "account_applications.purged_to"
)

// PurgeHandOverWorks drops the titles of works that came into a hand-over, or
// changed hands in it, before an instant, at most 200: they quote what the items
// say, which is forgotten then. Numbers, people and times stay.
func (tx *Tx) PurgeHandOverWorks(before time.Time) (int, error) {
	n, err := tx.emptyOld(handOverWorksPurged, "hand_over_works", "at", before, "title = ''")
	if err != nil {
		return 0, fmt.Errorf("purge hand-over works: %w", err)
	}
	return n, nil
}

// PurgeAccountApplications drops what was written in applications that ended
// before an instant, at most 200. Number, kind, ids, times and state stay.
func (tx *Tx) PurgeAccountApplications(before time.Time) (int, error) {
	n, err := tx.emptyOld(applicationsPurged, "account_applications", "ended_at", before,
		"name = '', name_fold = '', position = '', category = '', apps = '', userid = '', userid_fold = '', reason = '', version = version + 1")
	if err != nil {
		return 0, fmt.Errorf("purge account applications: %w", err)
	}
	return n, nil
}

// PurgeContactEvents deletes events that happened before an instant, at most
// 200. An older event that comes again is not handled (design: privacy).
func (tx *Tx) PurgeContactEvents(before time.Time) (int, error) {
	var ids []int64
	err := tx.g.Model(&ContactEvent{}).Where("at < ?", cut(before)).Order("at, id").Limit(purgeBatch).Pluck("id", &ids).Error
	if err == nil && len(ids) > 0 {
		err = tx.g.Where("id IN ?", ids).Delete(&ContactEvent{}).Error
	}
	if err != nil {
		return 0, fmt.Errorf("purge contact events: %w", translate(err))
	}
	return len(ids), nil
}

// emptyOld sets columns of the next 200 rows of a table whose time lies before
// an instant. A row's time is set to the present or not at all, so that the
// walk, which goes on where setting says, passes none by.
func (tx *Tx) emptyOld(setting, table, column string, before time.Time, set string) (int, error) {
	walk := oldWalk{At: time.Unix(0, 0).UTC()}
	if err := tx.Setting(setting, &walk); err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	var rows []oldWalk
	err := tx.g.Table(table).Select("id, "+column+" AS at").
		Where(column+" >= ? AND "+column+" < ? AND ("+column+" > ? OR id > ?)", walk.At, cut(before), walk.At, walk.ID).
		Order(column + ", id").Limit(purgeBatch).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return 0, translate(err)
	}
	ids := make([]any, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	if _, err := tx.exec("UPDATE "+table+" SET "+set+" WHERE id IN "+marks(len(ids)), ids...); err != nil {
		return 0, err
	}
	last := rows[len(rows)-1]
	return len(rows), tx.SetSetting(setting, oldWalk{At: cut(last.At), ID: last.ID})
}
