package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// The chain: an entry's hash covers its content and the hash of the entry
// before it, so that to change, remove or insert one is to change every later
// one; a day's seal keeps the hash the day ended with and how many entries
// led to it, so that cutting the chain short shows too.

const (
	// sealPage bounds the entries chained in one transaction.
	sealPage = 200
	// sealMark is the setting that remembers the newest entry at some past
	// moment: once MaxTransaction has gone by, no earlier id can still appear.
	sealMark = "audit.seal_mark"
)

type auditMark struct {
	ID int64     `json:"id"`
	At time.Time `json:"at"` // the server's clock
}

// auditSeal closes one business day.
type auditSeal struct {
	ID       int64
	Day      string // "20260302", in the company's zone
	LastID   int64
	Entries  int64 // in the whole chain up to LastID
	Hash     string
	SealedAt time.Time
}

func (auditSeal) TableName() string { return "audit_seals" }

// AuditState is what VerifyAudit has found.
type AuditState struct {
	Sealed   int64 // entries in the chain, all as they were written
	Unsealed int64 // entries too young for the chain
	Days     int64 // days sealed
	// Broken is the id of the first entry that is not as it was, 0 when the
	// chain is whole; Reason says what is wrong with it.
	Broken int64
	Reason string
}

// SealAudit chains the entries written more than olderThan ago, in
// transactions of at most 200, and seals the days that are over. It answers
// how many it chained. A job calls it each minute with MaxTransaction; the
// first call only takes the mark, so an entry is chained within two calls.
// Callers on several processes at once do each other no harm.
func (db *DB) SealAudit(ctx context.Context, olderThan time.Duration) (int64, error) {
	var total int64
	for {
		var chained int
		var more bool
		err := db.InBackground(ctx, func(tx *Tx) (err error) {
			chained, more, err = tx.sealPage(olderThan)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("seal audit: %w", err)
		}
		total += int64(chained)
		if !more {
			return total, nil
		}
	}
}

// sealPage chains the next entries up to the mark. The mark's row is the
// sealer's lock.
func (tx *Tx) sealPage(olderThan time.Duration) (chained int, more bool, err error) {
	if err := tx.lockSetting(sealMark, auditMark{}); err != nil {
		return 0, false, err
	}
	var mark auditMark
	if err := tx.Setting(sealMark, &mark); err != nil {
		return 0, false, err
	}
	head, err := tx.auditHead()
	if err != nil {
		return 0, false, err
	}
	if mark.ID <= head.ID { // used up: take the next one
		var newest auditRow
		if err := tx.g.Select("id").Order("id DESC").Limit(1).Find(&newest).Error; err != nil {
			return 0, false, translate(err)
		}
		now, err := tx.serverTime() // after the id: the mark must not look older than it is
		if err != nil {
			return 0, false, err
		}
		mark = auditMark{ID: newest.ID, At: now}
		if err := tx.SetSetting(sealMark, mark); err != nil {
			return 0, false, err
		}
	}
	now, err := tx.serverTime()
	if err != nil || now.Sub(mark.At) < olderThan {
		return 0, false, err
	}
	var rows []auditRow
	if err := tx.g.Where("id > ? AND id <= ?", head.ID, mark.ID).Order("id").Limit(sealPage).Find(&rows).Error; err != nil {
		return 0, false, translate(err)
	}
	if err := tx.chain(head, rows); err != nil {
		return 0, false, err
	}
	return len(rows), len(rows) == sealPage, nil
}

// chain gives the rows their hashes and seals every day that ends among them,
// or that is over by now.
func (tx *Tx) chain(head auditRow, rows []auditRow) error {
	sealed, err := tx.lastSeal()
	if err != nil {
		return err
	}
	entries := sealed.Entries
	if head.ID > sealed.LastID {
		var since int64
		if err := tx.g.Model(&auditRow{}).Where("id > ? AND id <= ?", sealed.LastID, head.ID).Count(&since).Error; err != nil {
			return translate(err)
		}
		entries += since
	}
	for _, row := range rows {
		if head.ID > 0 {
			if err := tx.sealDay(head, tx.day(row.At), entries); err != nil {
				return err
			}
		}
		hash := row.chained(head.hash())
		row.Hash = &hash
		if err := tx.g.Exec("UPDATE audit SET hash = ? WHERE id = ?", hash, row.ID).Error; err != nil {
			return translate(err)
		}
		head = row
		entries++
	}
	var young int64 // may belong to the head's day
	if err := tx.g.Model(&auditRow{}).Where("id > ?", head.ID).Limit(1).Count(&young).Error; err != nil || young > 0 || head.ID == 0 {
		return translate(err)
	}
	return tx.sealDay(head, tx.day(tx.Now()), entries)
}

// sealDay seals the head's day if the day reached is a later one and no seal
// of it, or of a later day, exists.
func (tx *Tx) sealDay(head auditRow, reached string, entries int64) error {
	day := tx.day(head.At)
	if day >= reached {
		return nil
	}
	last, err := tx.lastSeal()
	if err != nil || last.Day >= day {
		return err
	}
	seal := auditSeal{Day: day, LastID: head.ID, Entries: entries, Hash: head.hash(), SealedAt: tx.Now()}
	return translate(tx.g.Create(&seal).Error)
}

// VerifyAudit walks the whole chain, in pages, and answers what it found. The
// error is about reading; a broken chain is an answer.
func (db *DB) VerifyAudit(ctx context.Context) (AuditState, error) {
	var state AuditState
	var seals []auditSeal
	r := db.Reader(ctx)
	if err := r.g.Order("last_id").Find(&seals).Error; err != nil {
		return state, fmt.Errorf("verify audit: %w", translate(err))
	}
	head, err := r.auditHead()
	if err != nil {
		return state, fmt.Errorf("verify audit: %w", err)
	}
	var before auditRow
	for {
		var rows []auditRow
		if err := r.g.Where("id > ? AND id <= ?", before.ID, head.ID).Order("id").Limit(500).Find(&rows).Error; err != nil {
			return state, fmt.Errorf("verify audit: %w", translate(err))
		}
		for _, row := range rows {
			if state.check(before, row, &seals); state.Broken != 0 {
				return state, nil
			}
			before = row
		}
		if len(rows) < 500 {
			break
		}
	}
	if len(seals) > 0 {
		state.Broken, state.Reason = seals[0].LastID, "removed, though the seal of "+seals[0].Day+" ends with it"
		return state, nil
	}
	if err := r.g.Model(&auditRow{}).Where("id > ?", head.ID).Count(&state.Unsealed).Error; err != nil {
		return state, fmt.Errorf("verify audit: %w", translate(err))
	}
	return state, nil
}

// check looks at row, which follows before, and at the seal that ends with it.
func (s *AuditState) check(before, row auditRow, seals *[]auditSeal) {
	s.Broken = row.ID
	switch {
	case row.Hash == nil:
		s.Reason = "inserted, or stripped of its hash, after its neighbours were chained"
		return
	case *row.Hash != row.chained(before.hash()):
		s.Reason = "changed, or an entry before it was removed"
		return
	}
	s.Sealed++
	if len(*seals) > 0 && (*seals)[0].LastID <= row.ID {
		seal := (*seals)[0]
		if seal.LastID != row.ID || seal.Hash != row.hash() || seal.Entries != s.Sealed {
			s.Reason = "not what the seal of " + seal.Day + " says"
			return
		}
		*seals = (*seals)[1:]
		s.Days++
	}
	s.Broken = 0
}

// auditHead is the last chained entry; its ID is 0 when there is none.
func (r *Reader) auditHead() (auditRow, error) {
	var head auditRow
	err := r.g.Where("hash IS NOT NULL").Order("id DESC").Limit(1).Find(&head).Error
	return head, translate(err)
}

func (r *Reader) lastSeal() (auditSeal, error) {
	var seal auditSeal
	err := r.g.Order("id DESC").Limit(1).Find(&seal).Error
	return seal, translate(err)
}

func (r *Reader) day(t time.Time) string { return t.In(r.db.zone).Format("20060102") }

func (a auditRow) hash() string {
	if a.Hash == nil {
		return ""
	}
	return *a.Hash
}

// chained is the hash of the entry's content behind the entry whose hash is
// before. The content is JSON: no two contents share a form.
func (a auditRow) chained(before string) string {
	content, err := json.Marshal([]any{before, a.ID, a.At.UnixMilli(), a.Actor, a.Action, a.SubjectKind, a.SubjectID, a.Source, a.EventKey, a.Detail})
	if err != nil {
		panic(err) // strings and integers always marshal
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
