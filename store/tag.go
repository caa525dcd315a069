package store

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// Tag is a label of WeCom's on members and departments.
type Tag struct {
	ID        int64 `gorm:"autoIncrement:false"`
	Name      string
	NameFold  string
	UpdatedAt time.Time
}

// MemberTag is a tag a member bears.
type MemberTag struct {
	TagID int64
	Name  string
}

type tagMember struct {
	TagID      int64  `gorm:"primaryKey;autoIncrement:false"`
	UserIDFold string `gorm:"column:userid_fold;primaryKey"` // also of people not known yet
}

func (tagMember) TableName() string { return "tag_members" }

type tagDepartment struct {
	TagID        int64 `gorm:"primaryKey;autoIncrement:false"`
	DepartmentID int64 `gorm:"primaryKey;autoIncrement:false"`
}

func (tagDepartment) TableName() string { return "tag_departments" }

// Tags answers every tag, by id.
func (r *Reader) Tags() ([]Tag, error) {
	var all []Tag
	if err := r.g.Order("id").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("tags: %w", translate(err))
	}
	return all, nil
}

// TagsOf answers the tags a userid bears himself or through one of these
// departments, by id.
func (r *Reader) TagsOf(userid string, departments []int64) ([]MemberTag, error) {
	var all []MemberTag
	q := r.g.Table("tags").Select("id AS tag_id, name")
	direct := r.g.Model(&tagMember{}).Select("tag_id").Where("userid_fold = ?", Fold(userid))
	if len(departments) > 0 {
		q = q.Where("id IN (?) OR id IN (?)", direct, r.g.Model(&tagDepartment{}).Select("tag_id").Where("department_id IN ?", departments))
	} else {
		q = q.Where("id IN (?)", direct)
	}
	if err := q.Order("id").Scan(&all).Error; err != nil {
		return nil, fmt.Errorf("tags of a member: %w", translate(err))
	}
	return all, nil
}

// PutTag stores a tag's name.
func (tx *Tx) PutTag(id int64, name string) error {
	row := Tag{ID: id, Name: name, NameFold: Fold(name), UpdatedAt: tx.Now()}
	if err := tx.g.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
		return fmt.Errorf("write tag %d: %w", id, translate(err))
	}
	return nil
}
