package people

import (
	"time"

	"guiju/app/policy"
	"guiju/store"
)

// Cause says why somebody's access is looked at again.
type Cause struct {
	Kind     string // what happened, one of the constants below
	Reason   string // in Chinese, as the record shows it: "调入市场部"
	EventKey string // the delivery's key; empty for what no event told
	By       int64  // who caused it; 0: the system
}

// The kinds of causes.
const (
	// BecauseFirst is the first reading of the company: what somebody is
	// entitled to he has at once, without a record.
	BecauseFirst = "first"
	// BecauseJoined is a new member: unless his account was applied for and
	// approved he has the base set and the category 其他员工 until his roles
	// are confirmed (G2-4.2(1) AE2).
	BecauseJoined = "joined"
	// BecauseMoved is changed departments, headship, position or superior.
	BecauseMoved = "moved"
	// BecauseTags is changed tags, of his own or of a department.
	BecauseTags = "tags"
	// BecausePost is a post given or taken by 岗位变更.
	BecausePost = "post"
	// BecauseRulebook is a rulebook in force that says something else: it is
	// approved, so what it adds needs no confirmation.
	BecauseRulebook = "rulebook"
)

// Reconcile brings a member's roles in line with what contacts and rulebook
// entitle him to (F-13): what he is no longer entitled to ends at once, what is
// new waits for confirmation, and one record says both. The change is nil when
// nothing differs. The same event again changes nothing; what a later reading
// adds to it amends its record. It raises the member's version, so a row read
// before cannot be saved after.
func (p *People) Reconcile(tx *store.Tx, m store.Member, c Cause) (change *store.PermissionChange, err error) {
	return nil, errComing
}

// Settle confirms or refuses what an open change adds. Errors: *Self,
// *Conflicting, store.ErrNotFound when there is no such change,
// store.ErrConflict when it is settled already.
func (p *People) Settle(tx *store.Tx, changeID int64, confirm bool, by int64) error { return errComing }

// OnChanged adds a hook for permission changes that are new, amended or settled.
func (p *People) OnChanged(hook func(tx *store.Tx, c store.PermissionChange) error) {
	p.changed = append(p.changed, hook)
}

// OnJoining asks whether a new member's account was applied for and approved,
// so that what he is entitled to needs no further confirmation.
func (p *People) OnJoining(approved func(r *store.Reader, m store.Member) (bool, error)) {
	p.approved = approved
}

// Holder is one who has a permission, and where from.
type Holder struct {
	Member store.Member
	Source string // in Chinese: "角色 部门主管（销售部），因担任部门负责人"
	Until  *time.Time
}

// Holders answers who has a permission (谁有), by member, at most limit
// members; the base set is everybody's and answers nobody.
func (p *People) Holders(r *store.Reader, perm policy.Permission, limit int) ([]Holder, error) {
	return nil, errComing
}

// WithRole answers the present members who hold a role, for object unless that
// is empty, by id, at most limit.
func (p *People) WithRole(r *store.Reader, role policy.Role, object string, limit int) ([]store.Member, error) {
	return nil, errComing
}
