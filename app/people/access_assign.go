package people

import (
	"errors"
	"time"

	"guiju/app/policy"
	"guiju/store"
)

// Assignment gives a member a role.
type Assignment struct {
	Member int64
	Role   policy.Role
	Object string        // process number or department id, see policy.RoleInfo.Object
	Until  time.Time     // zero: until further notice
	By     int64         // 0: the system, on an approved application
	Source policy.Source // SourceAssigned or SourceApplication; empty: SourceAssigned
	Case   string        // the approved application or other case; may be empty
}

// Conflicting refuses an assignment because one person may not hold both duties
// (permission.sod, G1-4.2.1(四)).
type Conflicting struct{ Conflicts []policy.Conflict }

func (e *Conflicting) Error() string { return "duties that exclude each other" }

// Self refuses to give oneself a role or permission.
type Self struct{}

func (e *Self) Error() string { return "nobody gives himself a role or permission" }

// Invalid refuses a role or permission whose values make no sense. Text is
// Chinese, without a full stop, Instead what to do.
type Invalid struct{ Text, Instead string }

func (e *Invalid) Error() string { return e.Text }

var errComing = errors.New("not built yet")

// Assign gives a member a role at once. A category replaces the one he has.
// Errors: *Self, *Conflicting, *Invalid, store.ErrNotFound.
func (p *People) Assign(tx *store.Tx, a Assignment) error { return errComing }

// Unassign takes an assigned role away and says whether he had it.
func (p *People) Unassign(tx *store.Tx, member int64, role policy.Role, object string, by int64, why string) (bool, error) {
	return false, errComing
}

// Grant gives a member one permission for a time. A zero From is now, a zero To
// permission.grant_default_days later. Errors: *Self, *Invalid, store.ErrNotFound.
func (p *People) Grant(tx *store.Tx, g store.Grant) error { return errComing }

// EndGrant ends a grant; one that has ended stays as it is.
func (p *People) EndGrant(tx *store.Tx, id, by int64, why string) error { return errComing }

// Forbid forbids a member a permission, whatever his roles and grants (禁止访问).
func (p *People) Forbid(tx *store.Tx, d store.Deny) error { return errComing }

// Allow lifts what was forbidden.
func (p *People) Allow(tx *store.Tx, id, by int64) error { return errComing }

// Suspend leaves a member only the base permissions, at once (挂失).
func (p *People) Suspend(tx *store.Tx, member, by int64) error { return errComing }

// Restore ends a suspension.
func (p *People) Restore(tx *store.Tx, member, by int64) error { return errComing }
