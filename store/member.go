package store

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"
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
	UserID         string `gorm:"column:userid"`      // as WeCom writes it; 1–64 bytes
	UserIDFold     string `gorm:"column:userid_fold"` // Fold(UserID), unique
	Name           string
	NameFold       string // Fold(Name)
	Position       string
	MainDepartment int64  // WeCom's department id, 0 when not visible
	LeaderUserID   string `gorm:"column:leader_userid"` // direct_leader, empty when none is visible
	Status         MemberStatus
	Visible        bool // inside the app's visible range at the last reading
	SyncedAt       *time.Time
	JoinedAt       *time.Time // first known as a member, or back after leaving; nil while provisional
	LeftAt         *time.Time // nil unless he left
	SeenAt         *time.Time // last act toward an app, kept once a day
	SuspendedAt    *time.Time // 挂失; nil when not suspended
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64 // grows with whatever decides what he may do; see TouchMember
}

// Present says whether the member works here: he may be written to and chosen.
func (m Member) Present() bool {
	return m.Status == MemberActive || m.Status == MemberProvisional || m.Status == MemberInactive
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Member) TableName() string { return "members" }

func (*Member) columns() string {
	return "id, userid, userid_fold, name, name_fold, position, main_department, leader_userid, status, visible, " +
		"synced_at, joined_at, left_at, seen_at, suspended_at, created_at, updated_at, version"
}

func (m *Member) fields() []any {
	return []any{
		&m.ID, &m.UserID, &m.UserIDFold, &m.Name, &m.NameFold, &m.Position, &m.MainDepartment, &m.LeaderUserID,
		&m.Status, &m.Visible, &m.SyncedAt, &m.JoinedAt, &m.LeftAt, &m.SeenAt, &m.SuspendedAt,
		&m.CreatedAt, &m.UpdatedAt, &m.Version,
	}
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

// PostHolding is a post (岗位) that a member was given by 岗位变更. Posts that
// come from WeCom's position or from the rulebook have no rows.
type PostHolding struct {
	ID         int64
	MemberID   int64
	Post       string
	Department int64  // where he holds it; 0: in the company as a whole
	Source     string // "assigned"
	Since      time.Time
	EndedAt    *time.Time // nil while he holds it
}

// Member answers the member with this internal id.
func (r *Reader) Member(id int64) (Member, error) {
	m, err := take[Member](r, "WHERE id = ?", id)
	if err != nil {
		return m, fmt.Errorf("member %d: %w", id, err)
	}
	return m, nil
}

// MemberByUserID answers the member WeCom calls userid, whatever its case.
func (r *Reader) MemberByUserID(userid string) (Member, error) {
	m, err := take[Member](r, "WHERE userid_fold = ?", Fold(userid))
	if err != nil {
		return m, fmt.Errorf("member %q: %w", userid, err)
	}
	return m, nil
}

// Members answers the members with these internal ids, ordered by id; ids
// without a row are left out. At most 1,000 ids.
func (r *Reader) Members(ids []int64) ([]Member, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := idList(ids)
	all, err := list[Member](r, "WHERE id IN "+in+" ORDER BY id", args...)
	if err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	return all, nil
}

// MembersNamed answers everybody whose name or userid is word, compared by
// Fold, those who left included, by id, at most limit.
func (r *Reader) MembersNamed(word string, limit int) ([]Member, error) {
	var all []Member
	fold := Fold(word)
	if err := r.g.Where("name_fold = ? OR userid_fold = ?", fold, fold).Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("members named: %w", translate(err))
	}
	return all, nil
}

// MembersAfter answers a page of all members by id, at most limit.
func (r *Reader) MembersAfter(id int64, limit int) ([]Member, error) {
	var all []Member
	if err := r.g.Where("id > ?", id).Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("list members: %w", translate(err))
	}
	return all, nil
}

// MembersOf answers the present members of these departments, by id, at most
// limit.
func (r *Reader) MembersOf(departments []int64, limit int) ([]Member, error) {
	if len(departments) == 0 {
		return nil, nil
	}
	var all []Member
	err := r.g.Where("id IN (SELECT member_id FROM memberships WHERE department_id IN ?) AND status <> ? AND status <> ?",
		departments, MemberLeft, MemberDisabled).Order("id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("members of departments: %w", translate(err))
	}
	return all, nil
}

// MembersAt answers the present members whose position is one of posts.
func (r *Reader) MembersAt(posts []string, limit int) ([]Member, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	var all []Member
	err := r.g.Where("position IN ? AND status <> ? AND status <> ?", posts, MemberLeft, MemberDisabled).
		Order("id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("members at posts: %w", translate(err))
	}
	return all, nil
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

// Memberships answers a member's departments, his own order first.
func (r *Reader) Memberships(member int64) ([]Membership, error) {
	var all []Membership
	if err := r.g.Where("member_id = ?", member).Order("position, department_id").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("departments of member %d: %w", member, translate(err))
	}
	return all, nil
}

// Leaders answers every present head with his department.
func (r *Reader) Leaders() ([]Membership, error) {
	var all []Membership
	err := r.g.Table("memberships s").Select("s.*").Joins("JOIN members m ON m.id = s.member_id").
		Where("s.is_leader = ? AND m.status <> ? AND m.status <> ?", true, MemberLeft, MemberDisabled).
		Order("s.department_id, s.member_id").Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("heads of departments: %w", translate(err))
	}
	return all, nil
}

// CountMembers counts the members in each status.
func (r *Reader) CountMembers() (map[MemberStatus]int64, error) {
	var rows []struct {
		Status MemberStatus
		N      int64
	}
	if err := r.g.Model(&Member{}).Select("status, COUNT(*) AS n").Group("status").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("count members: %w", translate(err))
	}
	counts := make(map[MemberStatus]int64, len(rows))
	for _, row := range rows {
		counts[row.Status] = row.N
	}
	return counts, nil
}

// AddMember stores a member nobody knew.
func (tx *Tx) AddMember(m *Member) error {
	m.UserIDFold, m.NameFold = Fold(m.UserID), Fold(m.Name)
	m.CreatedAt, m.UpdatedAt, m.Version = tx.Now(), tx.Now(), 1
	if err := tx.g.Create(m).Error; err != nil {
		return fmt.Errorf("add member: %w", translate(err))
	}
	tx.touch(m.ID)
	return nil
}

// SaveMember writes a member that was read in this transaction; ErrConflict
// when he has changed since, ErrDuplicate when his new userid is taken.
func (tx *Tx) SaveMember(m *Member) error {
	old := m.Version
	tx.touch(m.ID)
	m.UserIDFold, m.NameFold = Fold(m.UserID), Fold(m.Name)
	m.UpdatedAt, m.Version = tx.Now(), old+1
	saved := tx.g.Model(m).Where("version = ?", old).Select("*").Omit("id", "created_at").Updates(m)
	if saved.Error != nil {
		return fmt.Errorf("save member %d: %w", m.ID, translate(saved.Error))
	}
	if saved.RowsAffected == 0 {
		return fmt.Errorf("save member %d: %w", m.ID, ErrConflict)
	}
	return nil
}

// TouchMember marks that something kept in other rows has changed what a
// member may do: tags, posts, bindings, grants, denies. Caches are keyed by the
// version.
func (tx *Tx) TouchMember(id int64) error {
	tx.touch(id)
	n, err := tx.changed("UPDATE members SET version = version + 1, updated_at = ? WHERE id = ?", tx.Now(), id)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("touch member %d: %w", id, err)
	}
	return nil
}

func (tx *Tx) touch(member int64) {
	if tx.touched == nil {
		tx.touched = map[int64]bool{}
	}
	tx.touched[member] = true
}

// TouchedMember says whether this transaction has raised the member's version:
// what it reads of him may never be committed, so nothing may remember it.
func (r *Reader) TouchedMember(id int64) bool { return r.touched[id] }

// SeeMember records that a member acted toward an app now. It leaves Version
// alone: what he may do has not changed.
func (tx *Tx) SeeMember(id int64) error {
	if _, err := tx.exec("UPDATE members SET seen_at = ? WHERE id = ?", tx.Now(), id); err != nil {
		return fmt.Errorf("see member %d: %w", id, err)
	}
	return nil
}

// SetMemberships replaces a member's departments.
func (tx *Tx) SetMemberships(member int64, all []Membership) error {
	if err := tx.g.Where("member_id = ?", member).Delete(&Membership{}).Error; err != nil {
		return fmt.Errorf("departments of member %d: %w", member, translate(err))
	}
	if len(all) == 0 {
		return nil
	}
	if err := tx.g.Create(&all).Error; err != nil {
		return fmt.Errorf("departments of member %d: %w", member, translate(err))
	}
	return nil
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
