package store

import (
	"fmt"
	"time"
)

// AccountKind is what an application asks for (guide G2-4.2(1), 类型).
type AccountKind string

// The kinds of application.
const (
	AccountCreate AccountKind = "create" // 新增
	AccountChange AccountKind = "change" // 变更
	AccountStop   AccountKind = "stop"   // 停用
)

// AccountState is where an application stands.
type AccountState string

// The states of an application.
const (
	AccountApplied   AccountState = "applied"   // 申请中: somebody has to agree
	AccountOpening   AccountState = "opening"   // 待开通: agreed, WeCom has not been changed yet
	AccountOpened    AccountState = "opened"    // 已开通; of a change 已变更
	AccountStopped   AccountState = "stopped"   // 已停用
	AccountRejected  AccountState = "rejected"  // 已驳回
	AccountWithdrawn AccountState = "withdrawn" // 已撤回
)

// OpenAccountStates are the states in which somebody still has to act.
var OpenAccountStates = []AccountState{AccountApplied, AccountOpening}

// AccountApplication is one 账号申请.
type AccountApplication struct {
	ID           int64
	Number       string // the number of its request: A20260302-0001
	Kind         AccountKind
	State        AccountState
	Phase        int64 // grows whenever older buttons must stop working
	RequestID    int64
	ApplicantID  int64
	App          string
	MemberID     int64 // whose account it is; 0 until a new one has been created
	Name         string
	NameFold     string
	DepartmentID int64 // where he is to work; of a stop where he worked
	Position     string
	SuperiorID   int64
	Category     string // role of policy: sales, other …
	Apps         string
	UserID       string `gorm:"column:userid"` // WeCom's name of the account, once somebody has said it
	UserIDFold   string `gorm:"column:userid_fold"`
	Reason       string
	EffectiveAt  time.Time // 入职日期; of a stop the instant the access ends
	ApprovedAt   *time.Time
	OpenedAt     *time.Time // when the opener said 已开通
	EndedAt      *time.Time
	CreatedAt    time.Time
	Version      int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (AccountApplication) TableName() string { return "account_applications" }

func (*AccountApplication) columns() string {
	return "id, number, kind, state, phase, request_id, applicant_id, app, member_id, name, name_fold, department_id, position, superior_id, " +
		"category, apps, userid, userid_fold, reason, effective_at, approved_at, opened_at, ended_at, created_at, version"
}

func (a *AccountApplication) fields() []any {
	return []any{
		&a.ID, &a.Number, &a.Kind, &a.State, &a.Phase, &a.RequestID, &a.ApplicantID, &a.App, &a.MemberID, &a.Name, &a.NameFold,
		&a.DepartmentID, &a.Position, &a.SuperiorID, &a.Category, &a.Apps, &a.UserID, &a.UserIDFold, &a.Reason,
		&a.EffectiveAt, &a.ApprovedAt, &a.OpenedAt, &a.EndedAt, &a.CreatedAt, &a.Version,
	}
}

// Subject is the application for cards, notices and the audit.
func (a AccountApplication) Subject() Subject { return Subject{Kind: "account", ID: a.ID} }

// Open says whether anything is still awaited.
func (a AccountApplication) Open() bool {
	return a.State == AccountApplied || a.State == AccountOpening
}

// AccountApplication answers the application with this id.
func (r *Reader) AccountApplication(id int64) (AccountApplication, error) {
	a, err := take[AccountApplication](r, "WHERE id = ?", id)
	if err != nil {
		return a, fmt.Errorf("account application %d: %w", id, err)
	}
	return a, nil
}

// AccountApplicationByNumber answers the application people call number.
func (r *Reader) AccountApplicationByNumber(number string) (AccountApplication, error) {
	a, err := take[AccountApplication](r, "WHERE number = ?", number)
	if err != nil {
		return a, fmt.Errorf("account application %s: %w", number, err)
	}
	return a, nil
}

// AccountApplicationOf answers the application that a request decides.
func (r *Reader) AccountApplicationOf(request int64) (AccountApplication, error) {
	a, err := take[AccountApplication](r, "WHERE request_id = ?", request)
	if err != nil {
		return a, fmt.Errorf("account application of request %d: %w", request, err)
	}
	return a, nil
}

// AccountApplicationsNamed answers the open applications of a kind for an
// account or for somebody of this name, oldest first, at most limit. Those
// with the account's name come with those of the person's.
func (r *Reader) AccountApplicationsNamed(kind AccountKind, userid, name string, limit int) ([]AccountApplication, error) {
	all, err := list[AccountApplication](r,
		"WHERE kind = ? AND state IN ('applied', 'opening') AND (name_fold = ? OR userid_fold <> '' AND userid_fold = ?) ORDER BY id"+first(limit),
		string(kind), Fold(name), Fold(userid))
	if err != nil {
		return nil, fmt.Errorf("account applications named: %w", err)
	}
	return all, nil
}

// AccountApplicationsFor answers the applications about a member in these
// states, newest first, at most limit.
func (r *Reader) AccountApplicationsFor(member int64, states []AccountState, limit int) ([]AccountApplication, error) {
	if len(states) == 0 {
		return nil, nil
	}
	args := []any{member}
	for _, s := range states {
		args = append(args, string(s))
	}
	all, err := list[AccountApplication](r, "WHERE member_id = ? AND state IN "+marks(len(states))+" ORDER BY id DESC"+first(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("account applications for member %d: %w", member, err)
	}
	return all, nil
}

// AccountApplicationsIn answers the applications of a kind in a state, oldest
// first, at most limit.
func (r *Reader) AccountApplicationsIn(kind AccountKind, state AccountState, limit int) ([]AccountApplication, error) {
	all, err := list[AccountApplication](r, "WHERE state = ? AND kind = ? ORDER BY id"+first(limit), string(state), string(kind))
	if err != nil {
		return nil, fmt.Errorf("account applications: %w", err)
	}
	return all, nil
}

// AccountApplicationsBy answers the applications in a state that a member made,
// newest first, at most limit.
func (r *Reader) AccountApplicationsBy(applicant int64, state AccountState, limit int) ([]AccountApplication, error) {
	all, err := list[AccountApplication](r, "WHERE applicant_id = ? AND state = ? ORDER BY id DESC"+first(limit), applicant, string(state))
	if err != nil {
		return nil, fmt.Errorf("account applications by member %d: %w", applicant, err)
	}
	return all, nil
}

// AccountCount is how many applications of a kind are in a state.
type AccountCount struct {
	Kind  AccountKind
	State AccountState
	N     int64
}

// CountAccountApplications counts the applications by kind and state.
func (r *Reader) CountAccountApplications() ([]AccountCount, error) {
	var rows []AccountCount
	err := r.g.Model(&AccountApplication{}).Select("kind, state, COUNT(*) AS n").Group("kind, state").Order("kind, state").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count account applications: %w", translate(err))
	}
	return rows, nil
}

// AddAccountApplication stores a new application.
func (tx *Tx) AddAccountApplication(a *AccountApplication) error {
	a.CreatedAt, a.Version = tx.Now(), 1
	a.prepare()
	var err error
	if a.ID, err = tx.insert(a); err != nil {
		return fmt.Errorf("add account application: %w", err)
	}
	return nil
}

// SaveAccountApplication writes an application that was read in this
// transaction; ErrConflict when it has changed since.
func (tx *Tx) SaveAccountApplication(a *AccountApplication) error {
	old := a.Version
	a.Version++
	a.prepare()
	n, err := tx.overwrite(a, "id = ? AND version = ?", a.ID, old)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	if err != nil {
		return fmt.Errorf("save account application %d: %w", a.ID, err)
	}
	return nil
}

func (a *AccountApplication) prepare() {
	a.NameFold, a.UserIDFold, a.EffectiveAt = Fold(a.Name), Fold(a.UserID), cut(a.EffectiveAt)
}

// AccountArrival is a member who has joined since guiju knows the company; those
// of its first reading have none.
type AccountArrival struct {
	MemberID      int64 `gorm:"primaryKey;autoIncrement:false"`
	JoinedAt      time.Time
	ApplicationID int64 // the application his account was opened by; 0: none yet
	WelcomedAt    *time.Time
}

// TableName is the table.
func (AccountArrival) TableName() string { return "account_arrivals" }

func (*AccountArrival) columns() string { return "member_id, joined_at, application_id, welcomed_at" }

func (a *AccountArrival) fields() []any {
	return []any{&a.MemberID, &a.JoinedAt, &a.ApplicationID, &a.WelcomedAt}
}

// AccountArrival answers when and how a member has joined.
func (r *Reader) AccountArrival(member int64) (AccountArrival, error) {
	a, err := take[AccountArrival](r, "WHERE member_id = ?", member)
	if err != nil {
		return a, fmt.Errorf("arrival of member %d: %w", member, err)
	}
	return a, nil
}

// PutAccountArrival writes when and how a member has joined.
func (tx *Tx) PutAccountArrival(a AccountArrival) error {
	a.JoinedAt = cut(a.JoinedAt)
	if err := put(tx, []AccountArrival{a}, "joined_at", "application_id", "welcomed_at"); err != nil {
		return fmt.Errorf("arrival of member %d: %w", a.MemberID, err)
	}
	return nil
}

// idle is the condition of members whose last act lies before an instant, be it
// that they joined or that they were read for the first time.
const idle = "status IN ('active', 'inactive', 'provisional') AND COALESCE(seen_at, joined_at, created_at) < ?"

// IdleMembers answers the members who have done nothing since an instant, the
// longest idle first, at most limit.
func (r *Reader) IdleMembers(since time.Time, limit int) ([]Member, error) {
	all, err := list[Member](r, "WHERE "+idle+" ORDER BY COALESCE(seen_at, joined_at, created_at), id"+first(limit), cut(since))
	if err != nil {
		return nil, fmt.Errorf("idle members: %w", err)
	}
	return all, nil
}

// CountIdleMembers counts the members who have done nothing since an instant.
func (r *Reader) CountIdleMembers(since time.Time) (int, error) {
	var n int64
	if err := r.g.Model(&Member{}).Where(idle, cut(since)).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count idle members: %w", translate(err))
	}
	return int(n), nil
}

// SuspendedMembers answers the members whose account is reported lost, by id, at
// most limit.
func (r *Reader) SuspendedMembers(limit int) ([]Member, error) {
	all, err := list[Member](r, "WHERE suspended_at IS NOT NULL AND status <> 'left' ORDER BY id"+first(limit))
	if err != nil {
		return nil, fmt.Errorf("suspended members: %w", err)
	}
	return all, nil
}
