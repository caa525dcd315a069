package store

import (
	"fmt"
	"time"
)

// Compare is one comparison of the mirror of the contacts with WeCom: how far
// it has come, and what it has found.
type Compare struct {
	ID          int64
	Baseline    bool // the very first: nobody joins or moves by it
	Again       bool // asked for once more meanwhile
	State       string
	Phase       string
	AfterID     int64 // where the phase goes on
	Departments int
	Members     int
	Changed     int // rows of members that were written
	Joined      int
	Checked     int // members that were to be read one by one
	Gone        int // departments no longer seen
	StartedAt   time.Time
	EndedAt     *time.Time // while it runs: when it could not go on
	Failure     string     // class and code of what stopped it, no text of WeCom's
}

// The states of a comparison.
const (
	CompareRunning = "running"
	CompareDone    = "done"
	CompareFailed  = "failed"
)

// comparesKept is how many comparisons stay readable: one a night, for a year.
const comparesKept = 400

// TableName is the table; it is also the kind for Tx.Lock.
func (Compare) TableName() string { return "contact_compares" }

// RunningCompare answers the comparison under way; ErrNotFound when there is
// none.
func (r *Reader) RunningCompare() (Compare, error) {
	return r.compare("state = ?", CompareRunning)
}

// LastCompare answers the newest comparison that has ended or was interrupted;
// ErrNotFound when there is none.
func (r *Reader) LastCompare() (Compare, error) { return r.compare("ended_at IS NOT NULL") }

func (r *Reader) compare(where string, args ...any) (Compare, error) {
	var c Compare
	if err := r.g.Where(where, args...).Order("id DESC").Take(&c).Error; err != nil {
		return c, fmt.Errorf("comparison of contacts: %w", translate(err))
	}
	return c, nil
}

// AddCompare begins a comparison and forgets the oldest.
func (tx *Tx) AddCompare(c *Compare) error {
	c.State, c.StartedAt = CompareRunning, tx.Now()
	err := tx.g.Create(c).Error
	if err == nil {
		err = tx.g.Where("id <= ?", c.ID-comparesKept).Delete(&Compare{}).Error
	}
	if err != nil {
		return fmt.Errorf("begin comparison of contacts: %w", translate(err))
	}
	return nil
}

// SaveCompare writes how far a comparison has come. Again is left alone.
func (tx *Tx) SaveCompare(c Compare) error {
	if err := tx.g.Model(&c).Select("*").Omit("id", "again", "started_at").Updates(&c).Error; err != nil {
		return fmt.Errorf("comparison of contacts %d: %w", c.ID, translate(err))
	}
	return nil
}

// CompareAgain asks that the comparison under way, if there is one, be followed
// by another.
func (tx *Tx) CompareAgain() error {
	if err := tx.g.Model(&Compare{}).Where("state = ?", CompareRunning).Update("again", true).Error; err != nil {
		return fmt.Errorf("ask for another comparison: %w", translate(err))
	}
	return nil
}
