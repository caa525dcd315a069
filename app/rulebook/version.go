package rulebook

import (
	"errors"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// State of a version.
type State string

// The states of a version. A version that is approved for a later date is Active
// with a future EffectiveAt.
const (
	Active     State = "active"
	Pending    State = "pending"    // changes a guide value, waits for approval
	Superseded State = "superseded" // was pending or planned when a newer file came
)

// Version is one stored rulebook. Records keep the number of the version they
// started with. It is plain data: the store keeps it as a row.
type Version struct {
	Number      int       `json:"number"`
	State       State     `json:"state"`
	Values      string    `json:"values"` // Book.Values
	Hash        string    `json:"hash"`   // Book.Hash
	ProposedAt  time.Time `json:"proposed_at"`
	EffectiveAt time.Time `json:"effective_at"` // zero while pending
	ApprovedBy  string    `json:"approved_by"`  // who approved; empty: needed no approval
}

// Book compiles the version's values. What the built-in guide has gained since
// they were stored is added with its value.
func (v Version) Book() (*Book, error) {
	book, err := Parse(fmt.Sprintf("rulebook version %d", v.Number), []byte(v.Values))
	if err != nil {
		return nil, err
	}
	return book.withVersion(v.Number)
}

// First is version 1: the rulebook at the first start is imported as it is.
func First(book *Book, at time.Time) Version {
	return newVersion(1, book, Active, at)
}

// Proposal says what to store when the rulebook's file has been read.
type Proposal struct {
	Activate *Version // takes effect at once; nil: nothing does
	Pend     *Version // waits for approval; nil: nothing does
	Drop     []int    // versions that become Superseded
	Changes  []Change // of the file against the version in force
}

// Propose compares the file's rulebook next with the version in force. Changed
// guide values become pending, everything else takes effect at once (G1-4.3附则),
// unless ruleset.require_approval is false in the version in force. Open is the
// newest version that is pending or planned, or nil; a file that says something
// else supersedes it. Proposing the same file again changes nothing.
func Propose(inForce Version, open *Version, next *Book, at time.Time) (Proposal, error) {
	current, err := inForce.Book()
	if err != nil {
		return Proposal{}, err
	}
	p := Proposal{Changes: Diff(current, next)}
	number := inForce.Number
	if open != nil {
		if open.Hash == next.Hash() {
			return p, nil
		}
		p.Drop = []int{open.Number}
		number = max(number, open.Number)
	}
	if len(p.Changes) == 0 {
		return p, nil
	}
	free, held := split(p.Changes)
	if len(held) == 0 || !current.Rules.Ruleset.RequireApproval {
		number++
		v := newVersion(number, next, Active, at)
		p.Activate = &v
		return p, nil
	}
	if len(free) > 0 {
		// If the free changes make no sense without the held ones, all wait.
		if now, ok := without(next, current, held); ok {
			number++
			v := newVersion(number, now, Active, at)
			p.Activate = &v
		}
	}
	number++
	v := newVersion(number, next, Pending, at)
	p.Pend = &v
	return p, nil
}

// Approve puts a pending version in force from effective, or from at if that is
// later. Whether by may approve is for policy.Permit (ruleset.approve).
func Approve(v Version, by string, at, effective time.Time) (Version, error) {
	switch {
	case v.State != Pending:
		return v, fmt.Errorf("approve rulebook version %d: it is %s, not pending", v.Number, v.State)
	case by == "":
		return v, errors.New("approve rulebook: the approver is missing")
	}
	if effective.Before(at) {
		effective = at
	}
	v.State, v.ApprovedBy, v.EffectiveAt = Active, by, effective
	return v, nil
}

// InForce returns the version that applies at the instant at: the highest number
// that is Active and effective.
func InForce(versions []Version, at time.Time) (Version, bool) {
	var best Version
	for _, v := range versions {
		if v.State == Active && !v.EffectiveAt.After(at) && v.Number > best.Number {
			best = v
		}
	}
	return best, best.Number > 0
}

func newVersion(number int, book *Book, state State, at time.Time) Version {
	v := Version{Number: number, State: state, Values: book.Values(), Hash: book.Hash(), ProposedAt: at}
	if state == Active {
		v.EffectiveAt = at
	}
	return v
}

func split(changes []Change) (free, held []Change) {
	for _, c := range changes {
		if c.Guide {
			held = append(held, c)
		} else {
			free = append(free, c)
		}
	}
	return free, held
}

// without is next with the held changes taken back to what current has; false if
// the result is no valid rulebook.
func without(next, current *Book, held []Change) (*Book, bool) {
	had := map[string]*yaml.Node{}
	for _, v := range values(current.tree()) {
		had[v.path()] = v.node
	}
	tree := clone(next.tree())
	for _, c := range held {
		set(tree, c.keys, had[c.Path])
	}
	text, err := yaml.Marshal(tree)
	if err != nil {
		return nil, false
	}
	book, err := Parse("rulebook", text)
	return book, err == nil
}
