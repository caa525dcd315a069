package people

import (
	"guiju/store"
)

// Joined says that a member works here from now on: he appears for the first
// time, by an event or because a comparison found him, or he is back after
// leaving. Nobody joins by the very first reading of the company.
type Joined struct {
	Member   store.Member
	EventKey string // the event that told of him; empty: a comparison
	Back     bool   // he had left
}

// Moved says that a member's departments have changed.
type Moved struct {
	Before, After                       store.Member
	BeforeDepartments, AfterDepartments []int64 // his own order
	EventKey                            string
}

// Left says that a member has left. His memberships still stand, for whoever
// asks for his superior.
type Left struct {
	Member   store.Member
	EventKey string
}

// hooks are what other parts do when members come, move and go, in the
// transaction in which it becomes known.
type hooks struct {
	joined     []func(*store.Tx, Joined) error
	moved      []func(*store.Tx, Moved) error
	left       []func(*store.Tx, Left) error
	placed     []func(*store.Tx, store.Member) error
	handedOver []func(*store.Tx, store.HandOver) error
	raise      []func(*store.Tx, ToDo) error
}

// OnJoined adds a hook for members who join. It touches at most 30 rows.
func (p *People) OnJoined(hook func(tx *store.Tx, j Joined) error) {
	p.hooks.joined = append(p.hooks.joined, hook)
}

// OnMoved adds a hook for members whose departments change. It touches at most
// 30 rows.
func (p *People) OnMoved(hook func(tx *store.Tx, m Moved) error) {
	p.hooks.moved = append(p.hooks.moved, hook)
}

// OnPlaced adds a hook for members whose place in the company may be another:
// departments, headship, position, superior, tags, posts or roles. What was put
// to such a member because of his place may be for somebody else from then on
// (guide E2.0, names in force). It is told too often rather than too seldom,
// and touches at most 5 rows.
func (p *People) OnPlaced(hook func(tx *store.Tx, m store.Member) error) {
	p.hooks.placed = append(p.hooks.placed, hook)
}

// OnLeft adds a hook for members who leave: what ends at once ends there. Open
// work is handed over by a job, see TakesOver. It touches at most 30 rows.
func (p *People) OnLeft(hook func(tx *store.Tx, l Left) error) {
	p.hooks.left = append(p.hooks.left, hook)
}

// OnHandedOver adds a hook for hand-overs of which everything is moved or
// listed; their works are store.Reader.HandOverWorks.
func (p *People) OnHandedOver(hook func(tx *store.Tx, h store.HandOver) error) {
	p.hooks.handedOver = append(p.hooks.handedOver, hook)
}

// OnRaise adds what makes a record of a to-do.
func (p *People) OnRaise(hook func(tx *store.Tx, t ToDo) error) {
	p.hooks.raise = append(p.hooks.raise, hook)
}

// each runs the hooks in the order they were added.
func each[T any](tx *store.Tx, all []func(*store.Tx, T) error, what T) error {
	for _, hook := range all {
		if err := hook(tx, what); err != nil {
			return err
		}
	}
	return nil
}
