package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// This file is the pattern for every aggregate: the row as callers see it,
// reading on *Reader, writing on *Tx, every foreign error through translate.
//
//   - Instants are time.Time in UTC; *time.Time where the column may be NULL
//     (a zero time.Time has no place in either engine).
//   - Compare and order instants freely; do not take MAX or MIN of one: SQLite
//     forgets a column's type inside a function. ORDER BY … LIMIT 1 instead.
//   - Update named columns and look at the count of rows: rowsAffected answers
//     matched rows on both engines.

// DeliveryState is how far a callback has come.
type DeliveryState string

const (
	DeliveryAccepted DeliveryState = "accepted" // stored, not handled yet
	DeliverySpooled  DeliveryState = "spooled"  // came through the spool, not handled yet
	DeliveryFailed   DeliveryState = "failed"   // its handler failed; a job retries it
	DeliveryDone     DeliveryState = "done"     // handled; its effects are committed
)

// ReplyKind is how a callback is answered.
type ReplyKind string

const (
	ReplyNone    ReplyKind = "none"    // an empty 200
	ReplyPassive ReplyKind = "passive" // inside the HTTP response
	ReplySent    ReplyKind = "sent"    // by a send job
)

// Delivery is one callback received, whatever became of it. Delivered again,
// it is still the same row: Key is its identity. The column answered is not
// used: an older program running beside this one still writes it.
type Delivery struct {
	ID         int64
	Key        string `gorm:"column:delivery_key"`
	Receiver   string // the {app name} or "contacts" of the path
	App        string // the app it is about; empty when none
	Kind       string // "text", "event.click", …
	Userid     string // the member as WeCom names him; empty when none
	Raw        []byte // the plaintext; nil once purged
	EventAt    time.Time
	ReceivedAt time.Time
	State      DeliveryState
	Failure    string // why State is failed: a class or a sentence, never a body
	ReplyKind  ReplyKind
	Reply      []byte // the plaintext of a passive reply
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Delivery) TableName() string { return "deliveries" }

// Delivery reads one delivery.
func (r *Reader) Delivery(id int64) (Delivery, error) {
	var d Delivery
	if err := r.g.Take(&d, "id = ?", id).Error; err != nil {
		return Delivery{}, fmt.Errorf("delivery %d: %w", id, translate(err))
	}
	return d, nil
}

// DeliveryByKey reads one delivery by its identity.
func (r *Reader) DeliveryByKey(key string) (Delivery, error) {
	var d Delivery
	if err := r.g.Take(&d, "delivery_key = ?", key).Error; err != nil {
		return Delivery{}, fmt.Errorf("delivery of key %q: %w", key, translate(err))
	}
	return d, nil
}

// DeliveryFilter narrows Deliveries; the zero value takes all.
type DeliveryFilter struct {
	State    DeliveryState
	Receiver string
	Userid   string
	Before   int64 // only ids below this one: the last id of the page before
	Limit    int   // 1 … 500; 0 is 50
}

// Deliveries lists deliveries without their bodies, newest first. State and
// the rest have no index (a second index would cost every callback): the list
// is for a person and walks the 30 days that are kept.
func (r *Reader) Deliveries(f DeliveryFilter) ([]Delivery, error) {
	q := r.g.Omit("raw", "reply").Order("id DESC").Limit(page(f.Limit))
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Receiver != "" {
		q = q.Where("receiver = ?", f.Receiver)
	}
	if f.Userid != "" {
		q = q.Where("userid = ?", f.Userid)
	}
	if f.Before > 0 {
		q = q.Where("id < ?", f.Before)
	}
	var list []Delivery
	if err := q.Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list deliveries: %w", translate(err))
	}
	return list, nil
}

// AcceptDelivery stores d unless its key is known. It answers the row that is
// now stored and whether this call stored it. On MySQL it waits for another
// transaction that is storing the same key.
func (tx *Tx) AcceptDelivery(d Delivery) (stored Delivery, fresh bool, err error) {
	if d.State == "" {
		d.State = DeliveryAccepted
	}
	if d.ReplyKind == "" {
		d.ReplyKind = ReplyNone
	}
	d.EventAt, d.ReceivedAt = cut(d.EventAt), cut(d.ReceivedAt)
	// Every callback comes through here: below GORM, a sixth faster.
	done, err := tx.exec("INSERT INTO deliveries (delivery_key, receiver, app, kind, userid, raw, event_at, received_at, state, failure, reply_kind, reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		d.Key, d.Receiver, d.App, d.Kind, d.Userid, d.Raw, d.EventAt, d.ReceivedAt, string(d.State), d.Failure, string(d.ReplyKind), d.Reply)
	if errors.Is(err, ErrDuplicate) {
		stored, err = tx.DeliveryByKey(d.Key)
		return stored, false, err
	}
	if err == nil {
		d.ID, err = done.LastInsertId()
	}
	if err != nil {
		return Delivery{}, false, fmt.Errorf("accept delivery: %w", err)
	}
	return d, true, nil
}

// FinishDelivery records that the callback is handled and how it is answered.
func (tx *Tx) FinishDelivery(id int64, kind ReplyKind, reply []byte) error {
	n, err := tx.changed("UPDATE deliveries SET state = ?, failure = '', reply_kind = ?, reply = ? WHERE id = ?",
		string(DeliveryDone), string(kind), reply, id)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("finish delivery %d: %w", id, err)
	}
	return nil
}

// FailDelivery records that the handler failed; why must hold no body.
func (tx *Tx) FailDelivery(id int64, why string) error {
	return tx.updateDelivery(id, map[string]any{"state": DeliveryFailed, "failure": clip(why, 500)})
}

// ReplyBySending turns a passive reply that did not leave in time into one a
// job will send.
func (tx *Tx) ReplyBySending(id int64) error {
	return tx.updateDelivery(id, map[string]any{"reply_kind": ReplySent})
}

func (tx *Tx) updateDelivery(id int64, columns map[string]any) error {
	done := tx.g.Model(&Delivery{}).Where("id = ?", id).Updates(columns)
	if done.Error != nil {
		return fmt.Errorf("delivery %d: %w", id, translate(done.Error))
	}
	if done.RowsAffected == 0 {
		return fmt.Errorf("delivery %d: %w", id, ErrNotFound)
	}
	return nil
}

// purgeBatch bounds one purging transaction.
const purgeBatch = 200

// PurgeDeliveries deletes what was received before rowsBefore and drops the
// plaintext of what was received before rawBefore, in transactions of at most
// 200 rows. It answers how many rows it deleted and how many it emptied.
func (db *DB) PurgeDeliveries(ctx context.Context, rowsBefore, rawBefore time.Time) (deleted, emptied int64, err error) {
	deleted, err = db.purge(ctx, func(tx *Tx, ids *[]int64) error {
		return tx.oldDeliveries(ids, 0, rowsBefore)
	}, func(tx *Tx, ids []int64) error {
		return tx.g.Where("id IN ?", ids).Delete(&Delivery{}).Error
	})
	if err != nil {
		return deleted, 0, fmt.Errorf("purge deliveries: %w", err)
	}
	emptied, err = db.purge(ctx, func(tx *Tx, ids *[]int64) error {
		var last int64 // emptied rows stay, so the walk must not start over
		if err := tx.Setting(purgedTo, &last); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return tx.oldDeliveries(ids, last, rawBefore)
	}, func(tx *Tx, ids []int64) error {
		if err := tx.SetSetting(purgedTo, ids[len(ids)-1]); err != nil {
			return err
		}
		return tx.g.Model(&Delivery{}).Where("id IN ?", ids).Update("raw", nil).Error
	})
	if err != nil {
		return deleted, emptied, fmt.Errorf("purge bodies: %w", err)
	}
	return deleted, emptied, nil
}

// purgedTo is the setting that remembers the last delivery without plaintext.
const purgedTo = "deliveries.purged_to"

// oldDeliveries finds the oldest rows after an id: ids grow with the time of
// receipt, so the walk by primary key ends at the first young row.
func (tx *Tx) oldDeliveries(ids *[]int64, after int64, before time.Time) error {
	var rows []Delivery
	err := tx.g.Select("id", "received_at").Where("id > ?", after).Order("id").Limit(purgeBatch).Find(&rows).Error
	for _, d := range rows {
		if !d.ReceivedAt.Before(before) {
			break
		}
		*ids = append(*ids, d.ID)
	}
	return err
}

// purge repeats find and apply, a transaction each round, until a round finds
// less than a full batch.
func (db *DB) purge(ctx context.Context, find func(*Tx, *[]int64) error, apply func(*Tx, []int64) error) (int64, error) {
	var total int64
	for {
		var n int
		err := db.InBackground(ctx, func(tx *Tx) error {
			var ids []int64
			if err := find(tx, &ids); err != nil {
				return translate(err)
			}
			if n = len(ids); n == 0 {
				return nil
			}
			return translate(apply(tx, ids))
		})
		if err != nil {
			return total, err
		}
		total += int64(n)
		if n < purgeBatch {
			return total, nil
		}
	}
}
