package store

import (
	"fmt"
	"time"
)

// RulebookState says whether a version holds.
type RulebookState string

const (
	RulebookPending    RulebookState = "pending"    // waits for approval (guide 附则)
	RulebookActive     RulebookState = "active"     // approved; holds from EffectiveAt until a later active one does
	RulebookSuperseded RulebookState = "superseded" // was pending or planned when a newer file came; never holds
)

// Rulebook is one version of the company's rules. Records keep the version
// they started with, so versions are never deleted.
type Rulebook struct {
	Version     int64  `gorm:"primaryKey"`
	Body        string // the values, as package rulebook writes them
	State       RulebookState
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	EffectiveAt *time.Time
	ApprovedBy  *int64 // member id; nil for a version that needed no approval
}

// TableName is the table.
func (Rulebook) TableName() string { return "rulebooks" }

// AddRulebook stores a new version, active at once or pending, and answers
// its number; the first is 1.
func (tx *Tx) AddRulebook(body string, state RulebookState) (Rulebook, error) {
	b := Rulebook{Body: body, State: state, CreatedAt: tx.Now()}
	if state == RulebookActive {
		now := tx.Now()
		b.EffectiveAt = &now
	}
	if err := tx.g.Create(&b).Error; err != nil {
		return Rulebook{}, fmt.Errorf("add rulebook: %w", translate(err))
	}
	return b, nil
}

// ApproveRulebook makes a pending version hold from effective on. ErrNotFound,
// wrapped, when it is not pending.
func (tx *Tx) ApproveRulebook(version, approvedBy int64, effective time.Time) error {
	done := tx.g.Model(&Rulebook{}).Where("version = ? AND state = ?", version, RulebookPending).
		Updates(map[string]any{"state": RulebookActive, "approved_by": approvedBy, "effective_at": cut(effective)})
	if done.Error != nil {
		return fmt.Errorf("approve rulebook %d: %w", version, translate(done.Error))
	}
	if done.RowsAffected == 0 {
		return fmt.Errorf("approve rulebook %d: %w: it is not pending", version, ErrNotFound)
	}
	return nil
}

// SupersedeRulebook drops a version that does not hold yet: it is pending, or
// planned for after now. ErrNotFound, wrapped, when it is neither.
func (tx *Tx) SupersedeRulebook(version int64) error {
	done := tx.g.Model(&Rulebook{}).
		Where("version = ? AND (state = ? OR state = ? AND effective_at > ?)", version, RulebookPending, RulebookActive, tx.Now()).
		Updates(map[string]any{"state": RulebookSuperseded})
	if done.Error != nil {
		return fmt.Errorf("supersede rulebook %d: %w", version, translate(done.Error))
	}
	if done.RowsAffected == 0 {
		return fmt.Errorf("supersede rulebook %d: %w: it is neither pending nor planned", version, ErrNotFound)
	}
	return nil
}

// OpenRulebook reads the newest version that is pending, or planned for after t.
func (r *Reader) OpenRulebook(t time.Time) (Rulebook, error) {
	var b Rulebook
	err := r.g.Where("state = ? OR state = ? AND effective_at > ?", RulebookPending, RulebookActive, cut(t)).
		Order("version DESC").Limit(1).Take(&b).Error
	if err != nil {
		return Rulebook{}, fmt.Errorf("open rulebook: %w", translate(err))
	}
	return b, nil
}

// Rulebook reads one version.
func (r *Reader) Rulebook(version int64) (Rulebook, error) {
	var b Rulebook
	if err := r.g.Take(&b, "version = ?", version).Error; err != nil {
		return Rulebook{}, fmt.Errorf("rulebook %d: %w", version, translate(err))
	}
	return b, nil
}

// ActiveRulebook reads the version that holds at the instant t.
func (r *Reader) ActiveRulebook(t time.Time) (Rulebook, error) {
	var b Rulebook
	err := r.g.Where("state = ? AND effective_at <= ?", RulebookActive, cut(t)).
		Order("effective_at DESC, version DESC").Limit(1).Take(&b).Error
	if err != nil {
		return Rulebook{}, fmt.Errorf("active rulebook: %w", translate(err))
	}
	return b, nil
}

// Rulebooks lists versions without their bodies, newest first.
func (r *Reader) Rulebooks(limit int) ([]Rulebook, error) {
	var list []Rulebook
	if err := r.g.Omit("body").Order("version DESC").Limit(page(limit)).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list rulebooks: %w", translate(err))
	}
	return list, nil
}
