package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// AuditSource is the way an act came in.
type AuditSource string

const (
	SourceChat     AuditSource = "chat"     // a message
	SourceCard     AuditSource = "card"     // a button of a card, a menu
	SourceAPI      AuditSource = "api"      // a form, an integration
	SourceJob      AuditSource = "job"      // a timer or other job
	SourceCallback AuditSource = "callback" // an event of WeCom's own, such as a changed member
	SourceCommand  AuditSource = "command"  // the command line
)

// AuditEntry says who did what to what, and how it came in.
type AuditEntry struct {
	ID       int64
	At       time.Time
	Actor    int64  // member id; 0 is the system
	Action   string // "item.close", "<kind>.<verb>"
	Subject  Subject
	Source   AuditSource
	EventKey string         // the delivery's key; empty for jobs and commands
	Detail   map[string]any // ids and states, never bodies or secrets; JSON values
}

// auditRow is an entry as it is stored. Hash is nil until it is chained.
type auditRow struct {
	ID          int64
	At          time.Time
	Actor       int64
	Action      string
	SubjectKind string
	SubjectID   int64
	Source      AuditSource
	EventKey    string
	Detail      string
	Hash        *string
}

func (auditRow) TableName() string { return "audit" }

// Audit records an act in this transaction; the rows are written together
// when the closure ends. They are not chained yet: a chain's head in every
// transaction would make them wait for each other. See SealAudit.
func (tx *Tx) Audit(e AuditEntry) error {
	detail := []byte("{}")
	if len(e.Detail) > 0 {
		var err error
		if detail, err = json.Marshal(e.Detail); err != nil {
			return fmt.Errorf("audit %s of %s: %w", e.Action, e.Subject, err)
		}
	}
	tx.acts = append(tx.acts, auditRow{
		At: tx.Now(), Actor: e.Actor, Action: e.Action, SubjectKind: e.Subject.Kind, SubjectID: e.Subject.ID,
		Source: e.Source, EventKey: e.EventKey, Detail: string(detail),
	})
	return nil
}

// auditRows bounds one statement.
const auditRows = 50

// writeAudit stores the acts recorded so far, many rows to a statement: one
// round trip instead of one each.
func (tx *Tx) writeAudit() error {
	for len(tx.acts) > 0 {
		rows := tx.acts[:min(len(tx.acts), auditRows)]
		tx.acts = tx.acts[len(rows):]
		args := make([]any, 0, 8*len(rows))
		for _, a := range rows {
			args = append(args, a.At, a.Actor, a.Action, a.SubjectKind, a.SubjectID, string(a.Source), a.EventKey, a.Detail)
		}
		_, err := tx.exec("INSERT INTO audit (at, actor, action, subject_kind, subject_id, source, event_key, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"+
			strings.Repeat(", (?, ?, ?, ?, ?, ?, ?, ?)", len(rows)-1), args...)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	return nil
}

// AuditOf is Reader.AuditOf with the acts of this transaction.
func (tx *Tx) AuditOf(s Subject, after int64, limit int) ([]AuditEntry, error) {
	if err := tx.writeAudit(); err != nil {
		return nil, err
	}
	return tx.Reader.AuditOf(s, after, limit)
}

// AuditOf lists the entries about a subject, oldest first, after the id of
// the page before.
func (r *Reader) AuditOf(s Subject, after int64, limit int) ([]AuditEntry, error) {
	var rows []auditRow
	err := r.g.Where("subject_kind = ? AND subject_id = ? AND id > ?", s.Kind, s.ID, after).
		Order("id").Limit(page(limit)).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("audit of %s: %w", s, translate(err))
	}
	list := make([]AuditEntry, 0, len(rows))
	for _, row := range rows {
		e, err := row.entry()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

func (a auditRow) entry() (AuditEntry, error) {
	e := AuditEntry{
		ID: a.ID, At: a.At, Actor: a.Actor, Action: a.Action, Subject: Subject{Kind: a.SubjectKind, ID: a.SubjectID},
		Source: a.Source, EventKey: a.EventKey,
	}
	if err := json.Unmarshal([]byte(a.Detail), &e.Detail); err != nil {
		return AuditEntry{}, fmt.Errorf("audit entry %d: %w", a.ID, err)
	}
	return e, nil
}
