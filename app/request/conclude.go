package request

import (
	"errors"
	"fmt"

	"guiju/store"
)

// Conclude ends a running request because of what has happened outside it: as
// approved when an event shows that its last step is done, as withdrawn when
// there is nothing left to decide. Those who were to decide are not blamed, and
// whoever calls it tells the applicant. A request that has ended stays as it is.
func (q *Requests) Conclude(tx *store.Tx, id int64, state store.RequestState, why string) error {
	if state != store.RequestApproved && state != store.RequestWithdrawn {
		return fmt.Errorf("conclude request %d as %s: only people reject", id, state)
	}
	request, err := q.lock(tx, id)
	if err != nil || request.State != store.RequestRunning {
		return err
	}
	d, err := q.open(&tx.Reader, request)
	if err != nil {
		return err
	}
	c, step := change{Request: state}, d.step()
	kind := store.RequestAgreed
	switch {
	case state == store.RequestWithdrawn:
		kind = store.RequestRecalled
	case d.index(step) != len(d.steps)-1:
		return errors.New("conclude request " + request.Number + ": its last step has not been reached")
	default:
		now := tx.Now()
		if err := q.endStep(tx, d, step); err != nil {
			return err
		}
		step.State, step.DecidedAt, step.Opinion = store.StepApproved, &now, why
		if err := tx.SaveRequestStep(step); err != nil {
			return err
		}
		c.Step = step.State
	}
	by := system(tx)
	by.source = string(store.SourceCallback)
	if err := q.enterHistory(tx, request, step.ID, by, kind, why, c); err != nil {
		return err
	}
	return q.finish(tx, d, state)
}
