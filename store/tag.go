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

// tagMember and tagDepartment are who bears a tag. A userid need not be
// anybody's we know yet.
type tagMember struct {
	TagID      int64  `gorm:"primaryKey;autoIncrement:false"`
	UserIDFold string `gorm:"column:userid_fold;primaryKey"`
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

// Tag answers one tag.
func (r *Reader) Tag(id int64) (Tag, error) {
	var t Tag
	if err := r.g.Where("id = ?", id).Take(&t).Error; err != nil {
		return t, fmt.Errorf("tag %d: %w", id, translate(err))
	}
	return t, nil
}

// TagsOf answers the tags that a userid bears himself or through one of the
// departments, by id.
func (r *Reader) TagsOf(userid string, departments []int64) ([]MemberTag, error) {
	var all []MemberTag
	where, args := "id IN (SELECT tag_id FROM tag_members WHERE userid_fold = ?)", []any{Fold(userid)}
	if len(departments) > 0 {
		where += " OR id IN (SELECT tag_id FROM tag_departments WHERE department_id IN ?)"
		args = append(args, departments)
	}
	if err := r.g.Model(&Tag{}).Select("id AS tag_id, name").Where(where, args...).Order("id").Scan(&all).Error; err != nil {
		return nil, fmt.Errorf("tags of a member: %w", translate(err))
	}
	return all, nil
}

// TagMembers answers the userids, folded, that bear a tag themselves, above
// after, at most limit.
func (r *Reader) TagMembers(tag int64, after string, limit int) ([]string, error) {
	var all []string
	err := r.g.Model(&tagMember{}).Where("tag_id = ? AND userid_fold > ?", tag, after).Order("userid_fold").Limit(limit).Pluck("userid_fold", &all).Error
	if err != nil {
		return nil, fmt.Errorf("members of tag %d: %w", tag, translate(err))
	}
	return all, nil
}

// TagDepartments answers the departments that bear a tag, growing.
func (r *Reader) TagDepartments(tag int64) ([]int64, error) {
	var all []int64
	err := r.g.Model(&tagDepartment{}).Where("tag_id = ?", tag).Order("department_id").Pluck("department_id", &all).Error
	if err != nil {
		return nil, fmt.Errorf("departments of tag %d: %w", tag, translate(err))
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

// DropTag forgets a tag nobody bears any more.
func (tx *Tx) DropTag(id int64) error {
	if err := tx.g.Where("id = ?", id).Delete(&Tag{}).Error; err != nil {
		return fmt.Errorf("drop tag %d: %w", id, translate(err))
	}
	return nil
}

// TagUsers changes who bears a tag himself, at most 200 userids in all.
func (tx *Tx) TagUsers(tag int64, add, remove []string) error {
	rows := make([]tagMember, len(add))
	for i, u := range add {
		rows[i] = tagMember{tag, Fold(u)}
	}
	folds := make([]string, len(remove))
	for i, u := range remove {
		folds[i] = Fold(u)
	}
	var err error
	if len(folds) > 0 {
		err = tx.g.Where("tag_id = ? AND userid_fold IN ?", tag, folds).Delete(&tagMember{}).Error
	}
	if err == nil && len(rows) > 0 {
		err = tx.g.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error
	}
	if err != nil {
		return fmt.Errorf("members of tag %d: %w", tag, translate(err))
	}
	return nil
}

// TagParties changes which departments bear a tag, at most 200 in all.
func (tx *Tx) TagParties(tag int64, add, remove []int64) error {
	rows := make([]tagDepartment, len(add))
	for i, d := range add {
		rows[i] = tagDepartment{tag, d}
	}
	var err error
	if len(remove) > 0 {
		err = tx.g.Where("tag_id = ? AND department_id IN ?", tag, remove).Delete(&tagDepartment{}).Error
	}
	if err == nil && len(rows) > 0 {
		err = tx.g.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error
	}
	if err != nil {
		return fmt.Errorf("departments of tag %d: %w", tag, translate(err))
	}
	return nil
}

// RenameTagged carries the tags of a userid over to his new one.
func (tx *Tx) RenameTagged(from, to string) error {
	var tags []int64
	err := tx.g.Model(&tagMember{}).Where("userid_fold = ?", Fold(from)).Limit(tagsOfOne).Pluck("tag_id", &tags).Error
	if err == nil && len(tags) > 0 {
		rows := make([]tagMember, len(tags))
		for i, t := range tags {
			rows[i] = tagMember{t, Fold(to)}
		}
		if err = tx.g.Where("userid_fold = ?", Fold(from)).Delete(&tagMember{}).Error; err == nil {
			err = tx.g.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error
		}
	}
	if err != nil {
		return fmt.Errorf("tags of a renamed member: %w", translate(err))
	}
	return nil
}

// tagsOfOne bounds the tags one member bears himself.
const tagsOfOne = 100
