package store

import "fmt"

// Pending says of what, besides his clocks, a member has something open. It
// costs one statement, so that whoever has nothing pays for no lists.
type Pending struct {
	Answered bool // items he asked that wait for 已解决
	Tasks    bool // tasks he has to do
	Requests bool // requests he submitted that are not over
}

// PendingOf answers what a member has open.
func (r *Reader) PendingOf(member int64) (Pending, error) {
	var p Pending
	_, err := r.one("SELECT EXISTS (SELECT 1 FROM items WHERE sender_id = ? AND state = ?), "+
		"EXISTS (SELECT 1 FROM tasks WHERE owner_id = ? AND state = ?), "+
		"EXISTS (SELECT 1 FROM requests WHERE applicant_id = ? AND state IN (?, ?))",
		[]any{member, string(ItemAnswered), member, string(TaskExecuting), member, string(RequestRunning), string(RequestReturned)},
		&p.Answered, &p.Tasks, &p.Requests)
	if err != nil {
		return p, fmt.Errorf("what member %d has open: %w", member, err)
	}
	return p, nil
}
