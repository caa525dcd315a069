package request

import (
	"fmt"
	"slices"

	"guiju/store"
)

// dossier is a request with everything that decides about it. Whoever changes
// it holds the request's lock.
type dossier struct {
	request  store.Request
	steps    []store.RequestStep // of all rounds, in their order
	deciders []store.RequestDecider
}

// open reads the dossier of a locked request.
func (q *Requests) open(r *store.Reader, request store.Request) (*dossier, error) {
	steps, _, deciders, err := q.current(r, request)
	return &dossier{request: request, steps: steps, deciders: deciders}, err
}

// current is the step that waits for a decision, and those who may decide it.
func (q *Requests) current(r *store.Reader, request store.Request) (steps []store.RequestStep, at int, deciders []store.RequestDecider, err error) {
	if steps, err = r.RequestSteps(request.ID); err != nil {
		return nil, 0, nil, err
	}
	at = slices.IndexFunc(steps, func(s store.RequestStep) bool { return s.State == store.StepCurrent })
	if at < 0 && request.State == store.RequestRunning && request.Engine != store.EngineNative {
		return nil, 0, nil, fmt.Errorf("request %s runs without a current step", request.Number)
	}
	deciders, err = r.RequestDeciders(request.ID)
	return steps, at, deciders, err
}

// at is the index of the current step; -1 when nothing waits for a decision.
func (d *dossier) at() int {
	return slices.IndexFunc(d.steps, func(s store.RequestStep) bool { return s.State == store.StepCurrent })
}

// step is the current step; nil when nothing waits for a decision.
func (d *dossier) step() *store.RequestStep {
	if at := d.at(); at >= 0 {
		return &d.steps[at]
	}
	return nil
}

// of are the deciders of a step in one of these states.
func (d *dossier) of(step int64, states ...store.DeciderState) []store.RequestDecider {
	var all []store.RequestDecider
	for _, decider := range d.deciders {
		if decider.StepID == step && slices.Contains(states, decider.State) {
			all = append(all, decider)
		}
	}
	return all
}

// decider is the part of a member in a step.
func (d *dossier) decider(step, member int64) (store.RequestDecider, bool) {
	for _, decider := range d.deciders {
		if decider.StepID == step && decider.MemberID == member {
			return decider, true
		}
	}
	return store.RequestDecider{}, false
}

// round are the steps of the present round.
func (d *dossier) round() []store.RequestStep {
	var all []store.RequestStep
	for _, s := range d.steps {
		if s.Round == d.request.Round {
			all = append(all, s)
		}
	}
	return all
}

// put stores a decider and keeps the dossier true.
func (d *dossier) put(tx *store.Tx, decider store.RequestDecider) error {
	if err := tx.PutRequestDecider(decider); err != nil {
		return err
	}
	i := slices.IndexFunc(d.deciders, func(other store.RequestDecider) bool {
		return other.StepID == decider.StepID && other.MemberID == decider.MemberID
	})
	if i < 0 {
		d.deciders = append(d.deciders, decider)
	} else {
		decider.CreatedAt = d.deciders[i].CreatedAt
		d.deciders[i] = decider
	}
	return nil
}

// openOf are the deciders of a step who may decide it.
func openOf(deciders []store.RequestDecider, step int64) []store.RequestDecider {
	return (&dossier{deciders: deciders}).of(step, store.DeciderOpen)
}

// membersOf are the members of deciders.
func membersOf(deciders []store.RequestDecider) []int64 {
	var ids []int64
	for _, d := range deciders {
		ids = append(ids, d.MemberID)
	}
	return ids
}

// index is the index of a step of the dossier.
func (d *dossier) index(step *store.RequestStep) int {
	return slices.IndexFunc(d.steps, func(s store.RequestStep) bool { return s.ID == step.ID })
}

// ofAny are the deciders of all steps in a state.
func (d *dossier) ofAny(state store.DeciderState) []store.RequestDecider {
	return slices.DeleteFunc(slices.Clone(d.deciders), func(o store.RequestDecider) bool { return o.State != state })
}
