package people

import (
	"guiju/app/policy"
	"guiju/store"
)

// ToDo is something a person has to do because of what happened: it becomes a
// record with a deadline in somebody's list.
type ToDo struct {
	Whom    Whom            // who has to do it
	About   int64           // whom it concerns, never the one who does it; 0: nobody
	Title   string          // what to do, in few words
	Detail  string          // what is known about it; may be empty
	Within  policy.WorkSpan // zero: no deadline
	Subject store.Subject   // the record that caused it; may be empty
	Unique  string          // at most one unfinished to-do of this key; empty: always a new one
	App     string          // the app it is sent by; empty: the first
}

// Raise gives somebody a to-do.
func (p *People) Raise(tx *store.Tx, t ToDo) error { return each(tx, p.hooks.raise, t) }
