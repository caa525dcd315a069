package store

import (
	"fmt"
	"time"
)

// BindingState is where a role binding stands.
//
//	proposed → active    confirmed
//	proposed → refused   not confirmed, though contacts and rulebook give it
//	active → refused     taken away, though contacts and rulebook give it
//	active → leaving     not entitled any more, when that must be confirmed too
//	leaving → active     entitled again
//	any → ended          not entitled any more, taken away, expired, or he left
type BindingState string

// The states of a binding.
const (
	BindingProposed BindingState = "proposed" // waits for a person to confirm it
	BindingActive   BindingState = "active"
	BindingLeaving  BindingState = "leaving" // in force until a person confirms its end
	BindingRefused  BindingState = "refused" // not in force, and not proposed again
	BindingEnded    BindingState = "ended"
)

// InForce says whether the binding gives its role.
func (s BindingState) InForce() bool { return s == BindingActive || s == BindingLeaving }

// RoleBinding gives a member a role (guide RoleBinding). Rows are kept when
// they have ended: who held what, and why no longer.
type RoleBinding struct {
	ID        int64
	MemberID  int64
	Role      string
	Object    string // process number or department id the role is held for; "": none, or all
	Source    string // department, head, position, tag, rulebook, assigned, application
	State     BindingState
	ChangeID  int64  `gorm:"column:change_id"`   // the permission change that proposed it; 0: none
	Case      string `gorm:"column:case_number"` // the application or other case; "": none
	By        int64  `gorm:"column:by_id"`       // who gave it; 0: the contacts and the rulebook
	ExpiresAt *time.Time
	CreatedAt time.Time
	EndedAt   *time.Time
	EndedBy   int64
	EndedWhy  string
}

// TableName is the table; it is also the kind for Tx.Lock.
func (RoleBinding) TableName() string { return "role_bindings" }

func (*RoleBinding) columns() string {
	return "id, member_id, role, object, source, state, change_id, case_number, by_id, expires_at, created_at, ended_at, ended_by, ended_why"
}

func (b *RoleBinding) fields() []any {
	return []any{
		&b.ID, &b.MemberID, &b.Role, &b.Object, &b.Source, &b.State, &b.ChangeID, &b.Case, &b.By, &b.ExpiresAt, &b.CreatedAt,
		&b.EndedAt, &b.EndedBy, &b.EndedWhy,
	}
}

// Grant gives a member one permission beyond his roles for a time (guide Grant).
type Grant struct {
	ID         int64
	MemberID   int64
	Permission string
	Object     string    // "": any
	From       time.Time `gorm:"column:starts_at"`
	To         time.Time `gorm:"column:ends_at"`     // ends before this instant
	Case       string    `gorm:"column:case_number"` // the approved application or other case
	Reason     string
	By         int64 `gorm:"column:by_id"`
	CreatedAt  time.Time
	EndedAt    *time.Time // nil while it has not ended, though it may not have begun
	EndedBy    int64
	EndedWhy   string
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Grant) TableName() string { return "permission_grants" }

func (*Grant) columns() string {
	return "id, member_id, permission, object, starts_at, ends_at, case_number, reason, by_id, created_at, ended_at, ended_by, ended_why"
}

func (g *Grant) fields() []any {
	return []any{
		&g.ID, &g.MemberID, &g.Permission, &g.Object, &g.From, &g.To, &g.Case, &g.Reason, &g.By, &g.CreatedAt,
		&g.EndedAt, &g.EndedBy, &g.EndedWhy,
	}
}

// Deny forbids a member one permission, whatever his roles and grants (禁止访问).
type Deny struct {
	ID         int64
	MemberID   int64
	Permission string
	Object     string // "": any
	Reason     string
	By         int64 `gorm:"column:by_id"`
	CreatedAt  time.Time
	EndedAt    *time.Time
	EndedBy    int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Deny) TableName() string { return "permission_denies" }

func (*Deny) columns() string {
	return "id, member_id, permission, object, reason, by_id, created_at, ended_at, ended_by"
}

func (d *Deny) fields() []any {
	return []any{&d.ID, &d.MemberID, &d.Permission, &d.Object, &d.Reason, &d.By, &d.CreatedAt, &d.EndedAt, &d.EndedBy}
}

// BindingsOf answers a member's bindings that have not ended, oldest first.
func (r *Reader) BindingsOf(member int64) ([]RoleBinding, error) {
	all, err := list[RoleBinding](r, "WHERE member_id = ? AND state <> 'ended' ORDER BY id", member)
	if err != nil {
		return nil, fmt.Errorf("roles of member %d: %w", member, err)
	}
	return all, nil
}

// PastBindingsOf answers a member's bindings that have ended, newest first.
func (r *Reader) PastBindingsOf(member int64, limit int) ([]RoleBinding, error) {
	all, err := list[RoleBinding](r, "WHERE member_id = ? AND state = 'ended' ORDER BY id DESC"+first(limit), member)
	if err != nil {
		return nil, fmt.Errorf("past roles of member %d: %w", member, err)
	}
	return all, nil
}

// Binding answers the binding with this id.
func (r *Reader) Binding(id int64) (RoleBinding, error) {
	b, err := take[RoleBinding](r, "WHERE id = ?", id)
	if err != nil {
		return b, fmt.Errorf("role binding %d: %w", id, err)
	}
	return b, nil
}

// BindingsWith answers the bindings of a role that are in force after the member of the
// page before, by member and id.
func (r *Reader) BindingsWith(role string, afterMember int64, limit int) ([]RoleBinding, error) {
	all, err := list[RoleBinding](r, "WHERE role = ? AND state IN ('active', 'leaving') AND member_id > ? ORDER BY member_id, id"+first(limit), role, afterMember)
	if err != nil {
		return nil, fmt.Errorf("holders of %s: %w", role, err)
	}
	return all, nil
}

// AddBinding stores a new binding. Whoever may see it now must be touched:
// see TouchMember.
func (tx *Tx) AddBinding(b *RoleBinding) error {
	b.CreatedAt = tx.Now()
	b.ExpiresAt = cutTime(b.ExpiresAt)
	var err error
	if b.ID, err = tx.insert(b); err != nil {
		return fmt.Errorf("add role binding of member %d: %w", b.MemberID, err)
	}
	return nil
}

// SaveBinding writes a binding that was read in this transaction under the
// lock of its member.
func (tx *Tx) SaveBinding(b *RoleBinding) error {
	b.EndedWhy = clip(b.EndedWhy, 255)
	b.ExpiresAt, b.EndedAt = cutTime(b.ExpiresAt), cutTime(b.EndedAt)
	if _, err := tx.overwrite(b, "id = ?", b.ID); err != nil {
		return fmt.Errorf("save role binding %d: %w", b.ID, err)
	}
	return nil
}

// EndBindings ends every binding of a member, at most 200, and answers how many.
func (tx *Tx) EndBindings(member, by int64, why string) (int, error) {
	var ids []int64
	err := tx.g.Model(&RoleBinding{}).Where("member_id = ? AND state <> ?", member, BindingEnded).Order("id").Limit(200).Pluck("id", &ids).Error
	if err == nil && len(ids) > 0 {
		err = tx.g.Model(&RoleBinding{}).Where("id IN ?", ids).Updates(map[string]any{
			"state": BindingEnded, "ended_at": tx.Now(), "ended_by": by, "ended_why": clip(why, 255),
		}).Error
	}
	if err != nil {
		return 0, fmt.Errorf("end roles of member %d: %w", member, translate(err))
	}
	return len(ids), nil
}

// EndGrants ends every grant of a member, at most 200, and answers how many.
func (tx *Tx) EndGrants(member, by int64, why string) (int, error) {
	var ids []int64
	err := tx.g.Model(&Grant{}).Where("member_id = ? AND ended_at IS NULL", member).Order("id").Limit(200).Pluck("id", &ids).Error
	if err == nil && len(ids) > 0 {
		err = tx.g.Model(&Grant{}).Where("id IN ?", ids).Updates(map[string]any{
			"ended_at": tx.Now(), "ended_by": by, "ended_why": clip(why, 255),
		}).Error
	}
	if err != nil {
		return 0, fmt.Errorf("end grants of member %d: %w", member, translate(err))
	}
	return len(ids), nil
}

// Grant answers the grant with this id.
func (r *Reader) Grant(id int64) (Grant, error) {
	g, err := take[Grant](r, "WHERE id = ?", id)
	if err != nil {
		return g, fmt.Errorf("grant %d: %w", id, err)
	}
	return g, nil
}

// GrantsOf answers a member's grants that have not ended, oldest first.
func (r *Reader) GrantsOf(member int64) ([]Grant, error) {
	all, err := list[Grant](r, "WHERE member_id = ? AND ended_at IS NULL ORDER BY id", member)
	if err != nil {
		return nil, fmt.Errorf("grants of member %d: %w", member, err)
	}
	return all, nil
}

// GrantsAfter answers all grants that have not ended after the id of the page
// before, by id.
func (r *Reader) GrantsAfter(id int64, limit int) ([]Grant, error) {
	all, err := list[Grant](r, "WHERE ended_at IS NULL AND id > ? ORDER BY id"+first(limit), id)
	if err != nil {
		return nil, fmt.Errorf("grants: %w", err)
	}
	return all, nil
}

// GrantsFor answers the grants of a permission that have not ended, by id.
func (r *Reader) GrantsFor(permission string, limit int) ([]Grant, error) {
	all, err := list[Grant](r, "WHERE permission = ? AND ended_at IS NULL ORDER BY id"+first(limit), permission)
	if err != nil {
		return nil, fmt.Errorf("grants of %s: %w", permission, err)
	}
	return all, nil
}

// AddGrant stores a new grant.
func (tx *Tx) AddGrant(g *Grant) error {
	g.CreatedAt, g.From, g.To, g.Reason = tx.Now(), cut(g.From), cut(g.To), clip(g.Reason, 255)
	var err error
	if g.ID, err = tx.insert(g); err != nil {
		return fmt.Errorf("add grant of member %d: %w", g.MemberID, err)
	}
	return nil
}

// EndGrant ends a grant and says whether it had not ended before.
func (tx *Tx) EndGrant(id, by int64, why string) (bool, error) {
	n, err := tx.changed("UPDATE permission_grants SET ended_at = ?, ended_by = ?, ended_why = ? WHERE id = ? AND ended_at IS NULL",
		tx.Now(), by, clip(why, 255), id)
	if err != nil {
		return false, fmt.Errorf("end grant %d: %w", id, err)
	}
	return n > 0, nil
}

// Deny answers the deny with this id.
func (r *Reader) Deny(id int64) (Deny, error) {
	d, err := take[Deny](r, "WHERE id = ?", id)
	if err != nil {
		return d, fmt.Errorf("deny %d: %w", id, err)
	}
	return d, nil
}

// DeniesOf answers what a member is forbidden, oldest first.
func (r *Reader) DeniesOf(member int64) ([]Deny, error) {
	all, err := list[Deny](r, "WHERE member_id = ? AND ended_at IS NULL ORDER BY id", member)
	if err != nil {
		return nil, fmt.Errorf("denies of member %d: %w", member, err)
	}
	return all, nil
}

// AddDeny stores a new deny.
func (tx *Tx) AddDeny(d *Deny) error {
	d.CreatedAt, d.Reason = tx.Now(), clip(d.Reason, 255)
	var err error
	if d.ID, err = tx.insert(d); err != nil {
		return fmt.Errorf("add deny of member %d: %w", d.MemberID, err)
	}
	return nil
}

// EndDeny lifts a deny and says whether it was in force.
func (tx *Tx) EndDeny(id, by int64) (bool, error) {
	n, err := tx.changed("UPDATE permission_denies SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL", tx.Now(), by, id)
	if err != nil {
		return false, fmt.Errorf("end deny %d: %w", id, err)
	}
	return n > 0, nil
}

func cutTime(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := cut(*t)
	return &at
}
