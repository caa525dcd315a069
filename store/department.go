package store

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// Department is one department under WeCom's own id; 1 is the company.
type Department struct {
	ID        int64 `gorm:"autoIncrement:false"`
	ParentID  int64
	Name      string
	NameFold  string
	SortOrder int64
	Gone      bool
	UpdatedAt time.Time
}

// DepartmentsNamed answers the present departments of this name.
func (r *Reader) DepartmentsNamed(word string, limit int) ([]Department, error) {
	var all []Department
	if err := r.g.Where("name_fold = ? AND gone = ?", Fold(word), false).Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("departments named: %w", translate(err))
	}
	return all, nil
}

// Departments answers every present department, by id.
func (r *Reader) Departments() ([]Department, error) {
	var all []Department
	if err := r.g.Where("gone = ?", false).Order("id").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("departments: %w", translate(err))
	}
	return all, nil
}

// Department answers the department with this id, present or gone.
func (r *Reader) Department(id int64) (Department, error) {
	var d Department
	if err := r.g.Where("id = ?", id).Take(&d).Error; err != nil {
		return d, fmt.Errorf("department %d: %w", id, translate(err))
	}
	return d, nil
}

// DepartmentsAfter answers the ids of present departments above after, growing,
// at most limit.
func (r *Reader) DepartmentsAfter(after int64, limit int) ([]int64, error) {
	var ids []int64
	err := r.g.Model(&Department{}).Where("id > ? AND gone = ?", after, false).Order("id").Limit(limit).Pluck("id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("departments: %w", translate(err))
	}
	return ids, nil
}

// PutDepartments writes departments as WeCom has them now, at most 200.
func (tx *Tx) PutDepartments(all []Department) error {
	if len(all) == 0 {
		return nil
	}
	for i := range all {
		all[i].NameFold, all[i].UpdatedAt = Fold(all[i].Name), tx.Now()
	}
	if err := tx.g.Clauses(clause.OnConflict{UpdateAll: true}).Create(&all).Error; err != nil {
		return fmt.Errorf("write departments: %w", translate(err))
	}
	return nil
}

// DropDepartments marks departments as gone.
func (tx *Tx) DropDepartments(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	err := tx.g.Model(&Department{}).Where("id IN ?", ids).Updates(map[string]any{"gone": true, "updated_at": tx.Now()}).Error
	if err != nil {
		return fmt.Errorf("drop departments: %w", translate(err))
	}
	return nil
}
