package store

import (
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Pace remembers how often an app has written to a member of late. Recent is
// the caller's own compact text, at most 64 KB.
type Pace struct {
	App      string `gorm:"primaryKey"`
	MemberID int64  `gorm:"primaryKey;autoIncrement:false"`
	Recent   string
}

// Paces answers and locks the pace rows of these members, in their order. A
// member without a row has an empty one.
func (tx *Tx) Paces(app string, members []int64) ([]Pace, error) {
	var rows []Pace
	query := tx.g.Where("app = ? AND member_id IN ?", app, members).Order("member_id")
	if tx.db.dialect == "mysql" {
		query = query.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	if err := query.Find(&rows).Error; err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, fmt.Errorf("paces: %w", translate(err))
	}
	found := make(map[int64]Pace, len(rows))
	for _, row := range rows {
		found[row.MemberID] = row
	}
	all := make([]Pace, len(members))
	for i, id := range members {
		all[i] = Pace{App: app, MemberID: id, Recent: found[id].Recent}
	}
	return all, nil
}

// SavePaces writes pace rows.
func (tx *Tx) SavePaces(rows []Pace) error {
	if len(rows) == 0 {
		return nil
	}
	err := tx.g.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(rows, 200).Error
	if err != nil {
		return fmt.Errorf("save paces: %w", translate(err))
	}
	return nil
}
