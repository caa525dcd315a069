package task

import (
	"errors"
	"slices"

	"guiju/app/people"
	"guiju/store"
)

// Label implements people.HandOver.
func (t *Tasks) Label() string { return "任务" }

// List implements people.HandOver.
func (t *Tasks) List(r *store.Reader, member int64, limit int) ([]people.Work, error) {
	open, err := r.OpenTasksOf(member, limit)
	if err != nil {
		return nil, err
	}
	slices.Reverse(open) // oldest first
	work := make([]people.Work, len(open))
	for i, task := range open {
		work[i] = people.Work{Number: task.Number, Title: task.Title, Subject: task.Subject()}
	}
	return work, nil
}

// Reassign implements people.HandOver. A task that would come to the one it is
// about goes to his superior instead.
func (t *Tasks) Reassign(tx *store.Tx, w store.Subject, from, to int64, why string) error {
	task, err := t.locked(tx, w.ID)
	if err != nil || !task.Open() || task.OwnerID != from {
		return err
	}
	if to != 0 && to == task.AboutID {
		if to, err = t.above(tx, to, from); err != nil {
			return err
		}
	}
	if to == 0 {
		return t.cancel(tx, task.ID, why)
	}
	return t.passOn(tx, task, to, why)
}

// above is who stands above a member, but not the one who gives the work away;
// 0 when nobody is left.
func (t *Tasks) above(tx *store.Tx, member, from int64) (int64, error) {
	superior, err := t.people.Superior(&tx.Reader, member)
	if errors.Is(err, store.ErrNotFound) || err == nil && superior == from {
		return 0, nil
	}
	return superior, err
}
