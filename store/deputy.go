package store

import (
	"fmt"
	"time"
)

// Deputy is a span in which one member stands in for another (工作交接).
type Deputy struct {
	ID        int64
	MemberID  int64 // who is away
	DeputyID  int64
	FromAt    time.Time
	UntilAt   time.Time // exclusive
	EnteredBy int64
	Cancelled bool
	CreatedAt time.Time
	RequestID int64 // the approved leave it belongs to; 0: entered by hand
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Deputy) TableName() string { return "deputies" }

func (*Deputy) columns() string {
	return "id, member_id, deputy_id, from_at, until_at, entered_by, cancelled, created_at, request_id"
}

func (d *Deputy) fields() []any {
	return []any{&d.ID, &d.MemberID, &d.DeputyID, &d.FromAt, &d.UntilAt, &d.EnteredBy, &d.Cancelled, &d.CreatedAt, &d.RequestID}
}

// DeputyAt answers who stands in for a member at an instant; the entry made
// last wins. ErrNotFound when he is not away.
func (r *Reader) DeputyAt(member int64, at time.Time) (Deputy, error) {
	d, err := take[Deputy](r, "WHERE member_id = ? AND cancelled = ? AND from_at <= ? AND until_at > ? ORDER BY id DESC LIMIT 1",
		member, false, cut(at), cut(at))
	if err != nil {
		return d, fmt.Errorf("deputy of member %d: %w", member, err)
	}
	return d, nil
}

// DeputiesOf answers a member's spans that end after at, oldest first.
func (r *Reader) DeputiesOf(member int64, at time.Time, limit int) ([]Deputy, error) {
	var all []Deputy
	err := r.g.Where("member_id = ? AND cancelled = ? AND until_at > ?", member, false, cut(at)).Order("id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("deputies of member %d: %w", member, translate(err))
	}
	return all, nil
}

// DeputiesOfRequest answers the spans that an approved leave brought, oldest first.
func (r *Reader) DeputiesOfRequest(request int64) ([]Deputy, error) {
	all, err := list[Deputy](r, "WHERE request_id = ? AND cancelled = ? ORDER BY id"+first(100), request, false)
	if err != nil {
		return nil, fmt.Errorf("deputies of request %d: %w", request, err)
	}
	return all, nil
}

// AddDeputy stores a span.
func (tx *Tx) AddDeputy(d *Deputy) error {
	d.CreatedAt, d.FromAt, d.UntilAt = tx.Now(), cut(d.FromAt), cut(d.UntilAt)
	if err := tx.g.Create(d).Error; err != nil {
		return fmt.Errorf("add deputy: %w", translate(err))
	}
	return nil
}

// CancelDeputy ends a span before its time.
func (tx *Tx) CancelDeputy(id int64) error {
	if err := tx.g.Model(&Deputy{}).Where("id = ?", id).Update("cancelled", true).Error; err != nil {
		return fmt.Errorf("cancel deputy %d: %w", id, translate(err))
	}
	return nil
}
