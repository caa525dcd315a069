package store

import (
	"fmt"
	"sort"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Refusal counts the requests of one day that were turned away for one
// reason. Nothing else of them is kept.
type Refusal struct {
	Day      string `gorm:"primaryKey"` // "20260302", in the company's zone
	Receiver string `gorm:"primaryKey"` // a configured receiver, or "unknown": never what the request said
	Reason   string `gorm:"primaryKey"`
	Times    int64
	LastAt   time.Time
}

// TableName is the table.
func (Refusal) TableName() string { return "refusals" }

// AddRefusals adds the counts gathered since the last call. Day may be empty:
// it is LastAt's. At most 200 at once.
func (tx *Tx) AddRefusals(list []Refusal) error {
	if len(list) == 0 {
		return nil
	}
	rows := append([]Refusal(nil), list...)
	for i := range rows {
		rows[i].LastAt = cut(rows[i].LastAt)
		if rows[i].Day == "" {
			rows[i].Day = tx.day(rows[i].LastAt)
		}
	}
	// One order for every process: no deadlock.
	sort.Slice(rows, func(i, j int) bool {
		a, b := rows[i], rows[j]
		return a.Day+"\x00"+a.Receiver+"\x00"+a.Reason < b.Day+"\x00"+b.Receiver+"\x00"+b.Reason
	})
	for _, row := range rows {
		add := clause.OnConflict{
			Columns: []clause.Column{{Name: "day"}, {Name: "receiver"}, {Name: "reason"}},
			DoUpdates: clause.Assignments(map[string]any{
				"times":   gorm.Expr("times + ?", row.Times),
				"last_at": row.LastAt,
			}),
		}
		if err := tx.g.Clauses(add).Create(&row).Error; err != nil {
			return fmt.Errorf("add refusals: %w", translate(err))
		}
	}
	return nil
}

// Refusals lists the counts from a day on ("20260302"), newest first.
func (r *Reader) Refusals(since string, limit int) ([]Refusal, error) {
	var list []Refusal
	err := r.g.Where("day >= ?", since).Order("last_at DESC").Limit(page(limit)).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list refusals: %w", translate(err))
	}
	return list, nil
}

// PurgeRefusals deletes the counts of the days before one.
func (tx *Tx) PurgeRefusals(before string) error {
	if err := tx.g.Where("day < ?", before).Delete(&Refusal{}).Error; err != nil {
		return fmt.Errorf("purge refusals: %w", translate(err))
	}
	return nil
}
