package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"guiju/store"
	"guiju/store/faultpoint"
)

// task is a job in this process's hands.
type task struct {
	store.ClaimedJob
	kind   *kind
	begun  time.Time // monotonic; zero until a worker has it
	late   time.Duration
	took   time.Duration
	cancel context.CancelCauseFunc // ends the worker's context; nil before it runs
}

var errHeld = errors.New("deadlines are held")

// claim takes at most n due jobs into the hand.
func (q *Queue) claim(ctx context.Context, n int) ([]*task, error) {
	q.mu.Lock()
	q.claiming = true
	q.mu.Unlock()
	kinds := q.runnable()
	var claimed []store.ClaimedJob
	err := q.db.InBackground(ctx, func(tx *store.Tx) error {
		machine, err := q.machineNow(&tx.Reader)
		if err != nil {
			return err
		}
		claimed, err = tx.ClaimJobs(store.ClaimJobs{
			Kinds: kinds, Limit: n, Owner: q.name, Machine: machine, Lease: q.lease, Token: 1 + rand.Int64N(1<<62),
		})
		return err
	})
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claiming = false
	if err != nil {
		return nil, err
	}
	if len(claimed) > 0 {
		faultpoint.Pass(faultpoint.Claimed)
	}
	tasks := make([]*task, len(claimed))
	for i, job := range claimed {
		tasks[i] = &task{ClaimedJob: job, kind: q.kinds[job.Kind]}
		q.hand[job.Claim] = tasks[i]
	}
	q.waiting += len(tasks)
	q.claims += len(tasks)
	q.touch()
	return tasks, nil
}

// run calls the worker and answers its outcome. It never panics. A job that
// fails after stopping has ended is given back: stopping is no fault of its.
func (q *Queue) run(stopping context.Context, t *task) (o Outcome) {
	ctx, cancelTimeout := context.WithTimeout(stopping, t.kind.timeout)
	defer cancelTimeout()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	q.mu.Lock()
	t.begun, t.cancel = time.Now(), cancel
	t.late = max(0, q.db.Now().Sub(t.RunAt))
	q.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			q.log.Error("job panicked", "kind", t.Kind, "job", t.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			o = Retry(fmt.Errorf("panic: %v", p))
		}
		t.took = time.Since(t.begun)
		if o.kind == "" {
			o = Bury(errors.New("the worker answered no outcome"))
		}
		if o.kind == retry && stopping.Err() != nil {
			o = Outcome{kind: released}
		}
	}()
	job := &Job{ID: t.ID, Kind: t.Kind, Attempt: t.Attempt, RunAt: t.RunAt, Last: t.Attempt >= t.MaxAttempts}
	job.inTx = func(ctx context.Context, fn func(tx *store.Tx) error) error { return q.inTx(ctx, t, fn) }
	return t.kind.run(ctx, job, t.Args)
}

// inTx is Job.InTx. The claim is locked after fn: fn locks aggregates, and those
// come before jobs. On SQLite nobody else writes meanwhile, so it is checked
// before, which saves fn's work.
func (q *Queue) inTx(ctx context.Context, t *task, fn func(tx *store.Tx) error) error {
	err := q.db.InBackground(ctx, func(tx *store.Tx) error {
		if q.db.Dialect() == "sqlite" {
			if err := tx.HoldsJob(t.Claim, false); err != nil {
				return err
			}
			return fn(tx)
		}
		if err := fn(tx); err != nil {
			return err
		}
		return tx.HoldsJob(t.Claim, true)
	})
	if errors.Is(err, store.ErrLeaseLost) {
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	}
	return err
}

// drop takes a task whose end is stored, or can no longer be, out of the hand.
func (q *Queue) drop(t *task, outcome string) {
	switch outcome {
	case done:
		q.done.Add(1)
	case retry, bury:
		q.failed.Add(1)
	}
	q.mu.Lock()
	delete(q.hand, t.Claim)
	q.touch()
	q.mu.Unlock()
	q.observe(Observation{Kind: t.Kind, Outcome: outcome, Attempt: t.Attempt, Took: t.took, Late: t.late})
}

// finishing tells the claimer that the task's worker is free.
func (q *Queue) finishing() {
	q.mu.Lock()
	q.waiting--
	q.touch()
	q.mu.Unlock()
}

// touch tells who waits on changed. The caller holds mu.
func (q *Queue) touch() {
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *Queue) machineNow(r *store.Reader) (time.Time, error) {
	if q.machine != nil {
		return q.machine(), nil
	}
	return r.MachineNow()
}

// pause is the wait after a failed attempt: 2 s, three times as long after
// each, at most 30 min, ± 20 % so that jobs which failed together do not come
// back together. Ten attempts span about an hour and a half.
func pause(attempt int) time.Duration {
	wait := 2 * time.Second
	for i := 1; i < attempt && wait < 30*time.Minute; i++ {
		wait *= 3
	}
	wait = min(wait, 30*time.Minute)
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64()))
}
