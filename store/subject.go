package store

import "fmt"

// Subject names one aggregate from outside it: the thing a notice, a clock, a
// card or an audit row is about.
type Subject struct {
	Kind string // "item", later "approval", "task", …
	ID   int64
}

// String is "item:12", the form used in order keys and logs.
func (s Subject) String() string { return fmt.Sprintf("%s:%d", s.Kind, s.ID) }
