package store

import (
	"fmt"
	"time"
)

// ChangeState is where a permission change stands.
//
//	done                        nothing had to be confirmed
//	open → confirmed | rejected what it adds waits for a person
//	open → done                 what it added is not due any more
type ChangeState string

// The states of a permission change.
const (
	ChangeDone      ChangeState = "done"
	ChangeOpen      ChangeState = "open"
	ChangeConfirmed ChangeState = "confirmed"
	ChangeRejected  ChangeState = "rejected"
)

// Access is what somebody may do, in words that stay readable.
type Access struct {
	Roles       []string `json:"roles"`       // "sales", "department_head:3"
	Permissions []string `json:"permissions"` // codes
}

// KeptGrant is a grant that a change leaves alone: it has its own approval and
// end (F-13).
type KeptGrant struct {
	ID         int64     `json:"id"`
	Permission string    `json:"permission"`
	Object     string    `json:"object,omitempty"`
	To         time.Time `json:"to"`
}

// PermissionChange records that contacts, rulebook or a person changed what
// somebody may do (guide PermissionChange, F-13).
type PermissionChange struct {
	ID        int64
	Number    string // QX20260302-0001
	MemberID  int64
	Kind      string      // joined, moved, tags, rulebook, assigned, …
	Reason    string      // in Chinese
	EventKey  string      // the delivery's key; "" for what no event told
	Before    Access      `gorm:"column:before_set;serializer:json"`
	After     Access      `gorm:"column:after_set;serializer:json"` // when everything is confirmed
	Added     Access      `gorm:"serializer:json"`
	Removed   Access      `gorm:"serializer:json"`
	Kept      []KeptGrant `gorm:"serializer:json"`
	State     ChangeState
	By        int64 `gorm:"column:by_id"` // who caused it; 0: the system
	DecidedBy int64
	DecidedAt *time.Time
	Phase     int64 // grows whenever older buttons must stop working
	CreatedAt time.Time
	Version   int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (PermissionChange) TableName() string { return "permission_changes" }

// Subject is the change for clocks, cards and notices.
func (c PermissionChange) Subject() Subject { return Subject{Kind: "permission_change", ID: c.ID} }

// PermissionChange answers the change with this id.
func (r *Reader) PermissionChange(id int64) (PermissionChange, error) {
	var c PermissionChange
	if err := r.g.Take(&c, "id = ?", id).Error; err != nil {
		return c, fmt.Errorf("permission change %d: %w", id, translate(err))
	}
	return c, nil
}

// PermissionChangeByNumber answers the change people call number.
func (r *Reader) PermissionChangeByNumber(number string) (PermissionChange, error) {
	var c PermissionChange
	if err := r.g.Take(&c, "number = ?", number).Error; err != nil {
		return c, fmt.Errorf("permission change %s: %w", number, translate(err))
	}
	return c, nil
}

// PermissionChangesOf answers a member's changes, newest first, at most limit.
func (r *Reader) PermissionChangesOf(member int64, limit int) ([]PermissionChange, error) {
	var all []PermissionChange
	if err := r.g.Where("member_id = ?", member).Order("id DESC").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("permission changes of member %d: %w", member, translate(err))
	}
	return all, nil
}

// OpenPermissionChange answers the change of a member that waits for
// confirmation; there is at most one. ErrNotFound without.
func (r *Reader) OpenPermissionChange(member int64) (PermissionChange, error) {
	var c PermissionChange
	if err := r.g.Where("member_id = ? AND state = ?", member, ChangeOpen).Order("id DESC").Take(&c).Error; err != nil {
		return c, fmt.Errorf("open permission change of member %d: %w", member, translate(err))
	}
	return c, nil
}

// PermissionChangeOfEvent answers a member's newest change that an event
// caused; ErrNotFound without.
func (r *Reader) PermissionChangeOfEvent(member int64, eventKey string) (PermissionChange, error) {
	var c PermissionChange
	if err := r.g.Where("member_id = ? AND event_key = ?", member, eventKey).Order("id DESC").Take(&c).Error; err != nil {
		return c, fmt.Errorf("permission change of member %d: %w", member, translate(err))
	}
	return c, nil
}

// AddPermissionChange stores a new change under a number of its own.
func (tx *Tx) AddPermissionChange(c *PermissionChange) (err error) {
	if c.Number, err = tx.Number("QX"); err != nil {
		return err
	}
	c.ID, c.CreatedAt, c.Version, c.Reason = 0, tx.Now(), 1, clip(c.Reason, 255)
	if c.Kept == nil {
		c.Kept = []KeptGrant{} // nil would be NULL
	}
	if err := tx.g.Create(c).Error; err != nil {
		return fmt.Errorf("add permission change of member %d: %w", c.MemberID, translate(err))
	}
	return nil
}

// SavePermissionChange writes a change that was read in this transaction;
// ErrConflict when it has changed since.
func (tx *Tx) SavePermissionChange(c *PermissionChange) error {
	if c.Kept == nil {
		c.Kept = []KeptGrant{} // nil would be NULL
	}
	old := c.Version
	c.Version, c.DecidedAt = old+1, cutTime(c.DecidedAt)
	saved := tx.g.Model(c).Where("version = ?", old).Select("*").Omit("id", "created_at").Updates(c)
	if saved.Error != nil {
		return fmt.Errorf("save permission change %d: %w", c.ID, translate(saved.Error))
	}
	if saved.RowsAffected == 0 {
		return fmt.Errorf("save permission change %d: %w", c.ID, ErrConflict)
	}
	return nil
}
