package request

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"guiju/app/people"
	"guiju/store"
	"guiju/store/queue"
)

// InForce is the job that looks again at the steps that depend on the place of
// a member in the company, after it has changed: what he decides as head,
// superior or holder of a post goes to whoever is that now, and what he has
// applied for to his new superior (guide E2.0, names in force; G1-4.3.2(2)).
type InForce struct {
	Member int64 `json:"member"`
}

// Kind implements store.JobArgs.
func (InForce) Kind() string { return "request.in_force" }

// Register gives the queue the worker.
func (q *Requests) Register(jobs *queue.Queue) { queue.Register(jobs, q.inForce) }

const (
	waitingRead  = 200 // requests of one member that are looked at in one run
	replacedOnce = 5   // requests one transaction changes
)

// Placed is told of members whose place may be another (people.OnPlaced).
func (q *Requests) Placed(tx *store.Tx, m store.Member) error {
	decided, submitted, err := q.depending(&tx.Reader, m.ID, 1)
	if err != nil || len(decided)+len(submitted) == 0 {
		return err
	}
	_, err = tx.Enqueue(InForce{Member: m.ID}, store.Unique(fmt.Sprint(m.ID)))
	return err
}

// depending are the running requests a member decides now, those a deputy
// decides in his place, and those he has submitted, each newest first.
func (q *Requests) depending(r *store.Reader, member int64, limit int) (decided, submitted []store.Request, err error) {
	if decided, err = r.RequestsDecided(member, []store.DeciderState{store.DeciderOpen}, limit); err != nil {
		return nil, nil, err
	}
	stood, err := r.RequestsStoodInFor(member, limit)
	if err != nil {
		return nil, nil, err
	}
	for _, request := range stood {
		if !slices.ContainsFunc(decided, func(q store.Request) bool { return q.ID == request.ID }) {
			decided = append(decided, request)
		}
	}
	submitted, err = r.RequestsOf(member, []store.RequestState{store.RequestRunning}, limit)
	return decided, submitted, err
}

func (q *Requests) inForce(_ context.Context, _ *queue.Job, args InForce) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		m, err := tx.Member(args.Member)
		if err != nil || m.Status == store.MemberLeft {
			return err // his work is handed over
		}
		decided, submitted, err := q.depending(&tx.Reader, m.ID, waitingRead)
		if err != nil {
			return err
		}
		changed := 0
		for i, request := range slices.Concat(decided, submitted) {
			if changed == replacedOnce {
				_, err := tx.Enqueue(args)
				return err
			}
			passed := false
			if i < len(decided) {
				passed, err = q.passOutdated(tx, request, m.Name+"的部门或职责有变动", func(_ store.RequestStep, d store.RequestDecider) bool {
					return holder(d) == m.ID
				})
			} else {
				passed, err = q.passOutdated(tx, request, "申请人的部门或上级有变动", func(s store.RequestStep, _ store.RequestDecider) bool {
					return request.AboutID == m.ID && (s.Whom == "superior" || s.Whom == "head")
				})
			}
			if err != nil {
				return fmt.Errorf("who decides %s now: %w", request.Number, err)
			}
			if passed {
				changed++
			}
		}
		return nil
	})
}

// passOutdated takes the current step from those of its deciders it is not for
// any more. What a deputy decides stays his as long as it would be for the
// colleague he stands for.
func (q *Requests) passOutdated(tx *store.Tx, request store.Request, why string, of func(store.RequestStep, store.RequestDecider) bool) (bool, error) {
	steps, at, deciders, err := q.current(&tx.Reader, request)
	if err != nil || at < 0 {
		return false, err
	}
	step := steps[at]
	now, err := q.find(&tx.Reader, request, people.Whom(step.Whom))
	if err != nil || len(now.deciders) == 0 {
		return false, err
	}
	passed := false
	for _, d := range openOf(deciders, step.ID) {
		if slices.Contains(now.members, holder(d)) || slices.Contains(now.members, d.MemberID) || !of(step, d) {
			continue
		}
		if err := q.replace(tx, step.ID, d.MemberID, 0, 0, why); err != nil {
			return false, err
		}
		passed = true
	}
	return passed, nil
}

// holder is who holds the place that somebody decides by: he himself, or the
// absent colleague he stands for.
func holder(d store.RequestDecider) int64 { return cmp.Or(d.DeputyFor, d.MemberID) }
