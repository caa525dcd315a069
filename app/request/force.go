package request

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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

// Register gives the queue the workers.
func (q *Requests) Register(jobs *queue.Queue) {
	queue.Register(jobs, q.inForce)
	queue.Register(jobs, q.remindReturned)
}

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
					return request.AboutID == m.ID && ofApplicant(s)
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

// ofApplicant says whether a step's people depend on the applicant's place.
func ofApplicant(s store.RequestStep) bool {
	return slices.ContainsFunc(whoms(s), func(w people.Whom) bool {
		return w == "superior" || w == "head" || w == "supervisor" || strings.HasPrefix(string(w), "head^")
	})
}

// passOutdated takes the current step from those of its deciders it is not for
// any more. What a deputy decides stays his as long as it would be for the
// colleague he stands for, and what somebody was given by 转审 or 加签 stays his.
func (q *Requests) passOutdated(tx *store.Tx, request store.Request, why string, of func(store.RequestStep, store.RequestDecider) bool) (bool, error) {
	if request.Engine == store.EngineNative {
		return false, nil
	}
	d, err := q.open(&tx.Reader, request)
	step := d.step()
	if err != nil || step == nil {
		return false, err
	}
	now, err := q.find(&tx.Reader, request, *step)
	if err != nil || len(now.deciders) == 0 {
		return false, err
	}
	given, err := q.givenTo(&tx.Reader, request, step.ID)
	if err != nil {
		return false, err
	}
	passed := false
	for _, o := range d.of(step.ID, store.DeciderOpen) {
		if slices.Contains(now.members, holder(o)) || slices.Contains(now.members, o.MemberID) || o.AddedBy != 0 || given[o.MemberID] || !of(*step, o) {
			continue
		}
		if err := q.replace(tx, step.ID, o.MemberID, 0, 0, why); err != nil {
			return false, err
		}
		passed = true
	}
	return passed, nil
}

// givenTo are those to whom somebody's part in a step was transferred.
func (q *Requests) givenTo(r *store.Reader, request store.Request, step int64) (map[int64]bool, error) {
	entries, err := r.RequestEntries(request.ID, maxHistory)
	given := map[int64]bool{}
	for _, e := range entries {
		var c change
		if e.StepID != step || e.Kind != store.RequestTransferred || json.Unmarshal([]byte(e.Detail), &c) != nil {
			continue
		}
		for _, s := range c.Seats {
			given[s.Member] = true
		}
	}
	return given, err
}

// holder is who holds the place that somebody decides by: he himself, or the
// absent colleague he stands for.
func holder(d store.RequestDecider) int64 { return cmp.Or(d.DeputyFor, d.MemberID) }
