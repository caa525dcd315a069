package queue

import (
	"context"
	"fmt"
	"time"
)

// Ran is what a Drain did, and what it had to leave.
type Ran struct {
	Done    int
	Failed  int // attempts that ended in a pause or with the job set aside
	Waiting int // due now, yet in a pause, behind a head that is, or held
}

// Drain runs everything that is due at the present business time until nothing
// due is left, jobs enqueued meanwhile included. Pauses after a failure are
// machine time and are not waited for. Without Start it runs one job after the
// other by due time and id, so a test sees the same order every time; after
// Start it waits for this process's workers to do it, and jobs that other
// processes run are theirs.
func (q *Queue) Drain(ctx context.Context) (Ran, error) {
	q.draining.Lock()
	defer q.draining.Unlock()
	done, failed := q.done.Load(), q.failed.Load()
	err := q.takeBack(ctx, "")
	if err == nil {
		err = q.buryUnknown(ctx)
	}
	if err == nil && q.started() {
		err = q.awaitIdle(ctx)
	} else if err == nil {
		err = q.runDue(ctx)
	}
	ran := Ran{Done: int(q.done.Load() - done), Failed: int(q.failed.Load() - failed)}
	if err != nil {
		return ran, fmt.Errorf("drain queue: %w", err)
	}
	if ran.Waiting, err = q.db.Reader(ctx).StalledJobs(q.runnable()); err != nil {
		return ran, fmt.Errorf("drain queue: %w", err)
	}
	return ran, nil
}

// NextDue is the earliest business time to come at which an unfinished job
// falls due; false when there is none.
func (q *Queue) NextDue(ctx context.Context) (time.Time, bool, error) {
	return q.db.Reader(ctx).NextJobDue()
}

func (q *Queue) started() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pool != nil
}

// runDue claims one job at a time, so that what a job cancels or enqueues
// takes effect before the next is chosen.
func (q *Queue) runDue(ctx context.Context) error {
	beating, stop := context.WithCancel(ctx)
	defer stop()
	go q.keepLeases(beating)
	for {
		tasks, err := q.claim(ctx, 1)
		if err != nil || len(tasks) == 0 {
			return err
		}
		for _, t := range tasks {
			o := Outcome{kind: released}
			if !q.held(t.kind) {
				o = q.run(ctx, t)
			}
			q.settle(ctx, t, o)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// settle is finish for a caller who may have given up: a few seconds are left
// to store what has been done.
func (q *Queue) settle(ctx context.Context, t *task, o Outcome) {
	if ctx.Err() != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		ctx = late
	}
	q.finish(ctx, t, o)
	q.finishing()
}

// keepLeases renews what a Drain without Start has in hand.
func (q *Queue) keepLeases(ctx context.Context) {
	beat := time.NewTicker(q.lease / 3)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			q.renew(ctx)
		}
	}
}

// awaitIdle waits until nothing is due and nothing is in hand. Between the two
// looks a job may be claimed, or one may end and leave another due: so they
// count only when nothing was in hand at the first one, and nothing was claimed.
func (q *Queue) awaitIdle(ctx context.Context) error {
	for {
		q.Wake()
		before, wasIdle, changed := q.idle()
		due, err := q.due(ctx)
		if err != nil {
			return err
		}
		after, idle, _ := q.idle()
		if wasIdle && !due && idle && before == after {
			return nil
		}
		timer := time.NewTimer(20 * time.Millisecond)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

func (q *Queue) idle() (claims int, idle bool, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.claims, len(q.hand) == 0 && !q.claiming, q.changed
}
