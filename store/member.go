package store

import (
	"fmt"
	"time"
)

// Status of a member, as WeCom numbers them in words [90196].
type MemberStatus string

// The states of a member.
const (
	MemberActive      MemberStatus = "active"
	MemberDisabled    MemberStatus = "disabled"
	MemberInactive    MemberStatus = "inactive" // invited, never activated
	MemberLeft        MemberStatus = "left"
	MemberProvisional MemberStatus = "provisional" // wrote to us before we read his details
)

// Member is one person of the company. ID never changes; UserID is WeCom's
// name for him, compares without case and may be changed by an administrator.
type Member struct {
	ID             int64
	UserID         string // as WeCom writes it; 1–64 bytes
	UserIDFold     string `gorm:"column:userid_fold"` // Fold(UserID), unique
	Name           string
	NameFold       string // Fold(Name)
	Position       string
	MainDepartment int64 // WeCom's department id, 0 when not visible
	LeaderUserID   string `gorm:"column:leader_userid"` // direct_leader, empty when none is visible
	Status         MemberStatus
	Visible        bool // inside the app's visible range at the last reading
	SyncedAt       *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64
}

// Present says whether the member works here: he may be written to and chosen.
func (m Member) Present() bool {
	return m.Status == MemberActive || m.Status == MemberProvisional || m.Status == MemberInactive
}

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

// Membership puts a member into a department.
type Membership struct {
	MemberID     int64 `gorm:"primaryKey"`
	DepartmentID int64 `gorm:"primaryKey"`
	IsLeader     bool
	Position     int // order of the member's own list, 0 first
}

// Member answers the member with this internal id.
func (r *Reader) Member(id int64) (Member, error) {
	var m Member
	if err := r.g.Take(&m, "id = ?", id).Error; err != nil {
		return m, fmt.Errorf("member %d: %w", id, translate(err))
	}
	return m, nil
}

// MemberByUserID answers the member WeCom calls userid, whatever its case.
func (r *Reader) MemberByUserID(userid string) (Member, error) {
	var m Member
	if err := r.g.Take(&m, "userid_fold = ?", Fold(userid)).Error; err != nil {
		return m, fmt.Errorf("member %q: %w", userid, translate(err))
	}
	return m, nil
}

// Members answers the members with these internal ids, ordered by id; ids
// without a row are left out. At most 1,000 ids.
func (r *Reader) Members(ids []int64) ([]Member, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var all []Member
	if err := r.g.Where("id IN ?", ids).Order("id").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("members: %w", translate(err))
	}
	return all, nil
}
