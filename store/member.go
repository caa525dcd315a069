package store

import (
	"fmt"
	"strings"
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
	StoppedAt      *time.Time // 停用 carried out before WeCom shows it; see people.Stop
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
		"synced_at, joined_at, left_at, seen_at, suspended_at, stopped_at, created_at, updated_at, version"
}

func (m *Member) fields() []any {
	return []any{
		&m.ID, &m.UserID, &m.UserIDFold, &m.Name, &m.NameFold, &m.Position, &m.MainDepartment, &m.LeaderUserID,
		&m.Status, &m.Visible, &m.SyncedAt, &m.JoinedAt, &m.LeftAt, &m.SeenAt, &m.SuspendedAt, &m.StoppedAt,
		&m.CreatedAt, &m.UpdatedAt, &m.Version,
	}
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

// TableName is the table.
func (Membership) TableName() string { return "memberships" }

func (*Membership) columns() string { return "member_id, department_id, is_leader, position" }

func (s *Membership) fields() []any {
	return []any{&s.MemberID, &s.DepartmentID, &s.IsLeader, &s.Position}
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

// MembersOfAfter answers the members of these departments and of all below
// them, whatever their state, with ids above after, by id, at most limit.
func (r *Reader) MembersOfAfter(departments []int64, after int64, limit int) ([]Member, error) {
	if len(departments) == 0 {
		return nil, nil
	}
	var all []Member
	// UNION, not UNION ALL, so that a loop in the tree ends.
	err := r.g.Raw("WITH RECURSIVE below (id) AS (SELECT id FROM departments WHERE id IN ? UNION "+
		"SELECT d.id FROM departments d JOIN below b ON d.parent_id = b.id) "+
		"SELECT m.* FROM members m WHERE m.id > ? AND m.id IN (SELECT member_id FROM memberships WHERE department_id IN (SELECT id FROM below)) "+
		"ORDER BY m.id"+first(limit), departments, after).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("members of departments: %w", translate(err))
	}
	return all, nil
}

// ColleaguesAfter answers the members of one department, not of those below it,
// whatever their state, with ids above after, by id, at most limit.
func (r *Reader) ColleaguesAfter(department, after int64, limit int) ([]Member, error) {
	all, err := list[Member](r, "WHERE id > ? AND id IN (SELECT s.member_id FROM memberships s WHERE s.department_id = ?) ORDER BY id"+first(limit), after, department)
	if err != nil {
		return nil, fmt.Errorf("members of department %d: %w", department, err)
	}
	return all, nil
}

// MembersLedBy answers those whose 直接上级 WeCom calls userid, by id, at most
// limit.
func (r *Reader) MembersLedBy(userid string, limit int) ([]Member, error) {
	all, err := list[Member](r, "WHERE leader_userid = ? ORDER BY id"+first(limit), userid)
	if err != nil {
		return nil, fmt.Errorf("members led: %w", err)
	}
	return all, nil
}

// MembersAt answers the present members whose position is one of posts, by id:
// of each post in each department the first perPlace, so that a position many
// have leaves room for the others; at most limit in all.
func (r *Reader) MembersAt(posts []string, perPlace, limit int) ([]Member, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	var all []Member
	placed := r.g.Model(&Member{}).Select("*, ROW_NUMBER() OVER (PARTITION BY position, main_department ORDER BY id) AS place").
		Where("position IN ? AND status <> ? AND status <> ?", posts, MemberLeft, MemberDisabled)
	err := r.g.Table("(?) AS placed", placed).Where("place <= ?", perPlace).Order("id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("members at posts: %w", translate(err))
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

// MembersByUserID answers the members WeCom calls so, whatever the case, by id;
// userids of nobody are left out. At most 500.
func (r *Reader) MembersByUserID(userids []string) ([]Member, error) {
	if len(userids) == 0 {
		return nil, nil
	}
	args := make([]any, len(userids))
	for i, u := range userids {
		args[i] = Fold(u)
	}
	all, err := list[Member](r, "WHERE userid_fold IN "+marks(len(args))+" ORDER BY id", args...)
	if err != nil {
		return nil, fmt.Errorf("members by userid: %w", err)
	}
	return all, nil
}

// MembershipsOf answers the departments of members, each member's in his own
// order. At most 500 members.
func (r *Reader) MembershipsOf(members []int64) (map[int64][]Membership, error) {
	of := make(map[int64][]Membership, len(members))
	if len(members) == 0 {
		return of, nil
	}
	in, args := idList(members)
	all, err := list[Membership](r, "WHERE member_id IN "+in+" ORDER BY member_id, position, department_id", args...)
	if err != nil {
		return nil, fmt.Errorf("departments of members: %w", err)
	}
	for _, s := range all {
		of[s.MemberID] = append(of[s.MemberID], s)
	}
	return of, nil
}

// MemberName is who a member is and whether he is thought to work here and to
// be seen by the app: all that a comparison keeps of a department's members.
type MemberName struct {
	ID         int64
	UserID     string `gorm:"column:userid"`
	UserIDFold string `gorm:"column:userid_fold"`
}

// SeenIn answers those members of a department who have not left and whom the
// app saw when it looked last, with ids above after, by id, at most limit.
func (r *Reader) SeenIn(department, after int64, limit int) ([]MemberName, error) {
	var all []MemberName
	err := r.g.Raw("SELECT m.id, m.userid, m.userid_fold FROM memberships s JOIN members m ON m.id = s.member_id "+
		"WHERE s.department_id = ? AND m.id > ? AND m.visible = ? AND m.status <> ? ORDER BY m.id"+first(limit),
		department, after, true, MemberLeft).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("members of department %d: %w", department, translate(err))
	}
	return all, nil
}

// SeenNowhere answers those who have not left and whom the app saw when it
// looked last, but who are in no department it sees; ids above after, by id, at
// most limit.
func (r *Reader) SeenNowhere(after int64, limit int) ([]MemberName, error) {
	var all []MemberName
	err := r.g.Raw("SELECT m.id, m.userid, m.userid_fold FROM members m WHERE m.id > ? AND m.visible = ? AND m.status <> ? AND NOT EXISTS "+
		"(SELECT 1 FROM memberships s JOIN departments d ON d.id = s.department_id WHERE s.member_id = m.id AND d.gone = ?) ORDER BY m.id"+first(limit),
		after, true, MemberLeft, false).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("members of no department: %w", translate(err))
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

// LeadersOf answers the present heads of one department, by id.
func (r *Reader) LeadersOf(department int64) ([]int64, error) {
	var all []int64
	err := r.g.Table("memberships s").Joins("JOIN members m ON m.id = s.member_id").
		Where("s.department_id = ? AND s.is_leader = ? AND m.status <> ? AND m.status <> ?", department, true, MemberLeft, MemberDisabled).
		Order("s.member_id").Pluck("s.member_id", &all).Error
	if err != nil {
		return nil, fmt.Errorf("heads of department %d: %w", department, translate(err))
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

// AddMembers stores members nobody knew, at most 100, and sets their ids.
func (tx *Tx) AddMembers(all []Member) error {
	if len(all) == 0 {
		return nil
	}
	folds := make([]string, len(all))
	index := make(map[string]int, len(all))
	var args []any
	columns := (&Member{}).columns()
	_, columns, _ = strings.Cut(columns, ", ")
	for i := range all {
		m := &all[i]
		m.UserIDFold, m.NameFold = Fold(m.UserID), Fold(m.Name)
		m.CreatedAt, m.UpdatedAt, m.Version = tx.Now(), tx.Now(), 1
		folds[i], index[m.UserIDFold] = m.UserIDFold, i
		args = append(args, m.fields()[1:]...)
	}
	one := marks(len(args) / len(all))
	_, err := tx.exec("INSERT INTO members ("+columns+") VALUES "+one+strings.Repeat(", "+one, len(all)-1), args...)
	if err != nil {
		return fmt.Errorf("add members: %w", err)
	}
	stored, err := tx.MembersByUserID(folds)
	if err != nil {
		return err
	}
	for _, m := range stored {
		all[index[m.UserIDFold]].ID = m.ID
	}
	return nil
}

// AddMemberships puts members without departments into some, at most 100 rows.
func (tx *Tx) AddMemberships(all []Membership) error {
	if err := put(tx, all); err != nil {
		return fmt.Errorf("add departments of members: %w", err)
	}
	return nil
}
