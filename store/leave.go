package store

import (
	"fmt"
	"time"
)

// LeaveState is where a leave stands. It follows its application.
type LeaveState string

// The states of a leave.
const (
	LeaveAsked    LeaveState = "asked"    // its application runs
	LeaveApproved LeaveState = "approved" // the member is away in its span
	LeaveOver     LeaveState = "over"     // refused, withdrawn or revoked
)

// Leave is the span of an application for leave (请假): two of one member that
// count never overlap.
type Leave struct {
	RequestID int64 `gorm:"primaryKey;autoIncrement:false"`
	MemberID  int64 // who is away
	DeputyID  int64 // who stands in for him (工作交接); 0: nobody by name
	FromAt    time.Time
	UntilAt   time.Time // exclusive
	State     LeaveState
	Span      string // as it was written: 2026-03-09至2026-03-10
	Instead   string // who or what stands in, as it was written: 孙七
	CreatedAt time.Time
}

// TableName is the table.
func (Leave) TableName() string { return "leaves" }

func (*Leave) columns() string {
	return "request_id, member_id, deputy_id, from_at, until_at, state, span, instead, created_at"
}

func (l *Leave) fields() []any {
	return []any{&l.RequestID, &l.MemberID, &l.DeputyID, &l.FromAt, &l.UntilAt, &l.State, &l.Span, &l.Instead, &l.CreatedAt}
}

// Leave answers the leave of an application.
func (r *Reader) Leave(request int64) (Leave, error) {
	l, err := take[Leave](r, "WHERE request_id = ?", request)
	if err != nil {
		return l, fmt.Errorf("leave of request %d: %w", request, err)
	}
	return l, nil
}

// LeavesWithin answers a member's leaves that count and overlap a span, oldest
// first, at most limit.
func (r *Reader) LeavesWithin(member int64, from, until time.Time, limit int) ([]Leave, error) {
	all, err := list[Leave](r, "WHERE member_id = ? AND until_at > ? AND from_at < ? AND state <> ? ORDER BY from_at, request_id"+first(limit),
		member, cut(from), cut(until), string(LeaveOver))
	if err != nil {
		return nil, fmt.Errorf("leaves of member %d: %w", member, err)
	}
	return all, nil
}

// PutLeave stores the leave of an application, or what it has become. Its
// request is locked in the same transaction.
func (tx *Tx) PutLeave(l Leave) error {
	if l.CreatedAt.IsZero() {
		l.CreatedAt = tx.Now()
	}
	l.FromAt, l.UntilAt = cut(l.FromAt), cut(l.UntilAt)
	if err := put(tx, []Leave{l}, "deputy_id", "from_at", "until_at", "state", "span", "instead"); err != nil {
		return fmt.Errorf("leave of request %d: %w", l.RequestID, err)
	}
	return nil
}
