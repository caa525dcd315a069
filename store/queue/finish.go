package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"guiju/store"
	"guiju/store/faultpoint"
)

// How long the end of a job is tried to be stored while the database is away.
// After it the job's lease decides: it runs again.
const keepTrying = 15 * time.Minute

// finishMany is the most jobs one transaction finishes; each may promote
// another, and a transaction touches at most 200 rows.
const finishMany = 100

// finish stores the end of one job in a transaction of its own, and tries
// again while the database is away.
func (q *Queue) finish(ctx context.Context, t *task, o Outcome) {
	faultpoint.Pass(faultpoint.BeforeFinish)
	for wait, begun := 50*time.Millisecond, time.Now(); ; wait = min(2*wait, 5*time.Second) {
		stored, err := q.conclude(ctx, t, o)
		switch {
		case err == nil:
			q.report(t, stored, o.err)
			q.drop(t, stored)
			return
		case errors.Is(err, errHeld):
			o = Outcome{kind: released}
			continue
		case len(o.effects) > 0 && !away(err):
			// What a failed attempt would store may be what failed.
			o = Retry(fmt.Errorf("store the outcome: %w", err))
			continue
		case ctx.Err() != nil || time.Since(begun) > keepTrying:
			q.log.Error("end of a job not stored; it runs again when its lease has ended", "kind", t.Kind, "job", t.ID, "outcome", o.kind, "error", err)
			q.drop(t, lost)
			return
		}
		sleep(ctx, wait)
	}
}

// finishAll stores plain ends in one transaction. A batch that cannot be
// stored as a whole is stored one by one.
func (q *Queue) finishAll(ctx context.Context, tasks []*task) {
	if len(tasks) > 1 {
		faultpoint.Pass(faultpoint.BeforeFinish)
		claims := make([]store.Claim, len(tasks))
		for i, t := range tasks {
			claims[i] = t.Claim
		}
		err := q.db.InBackground(ctx, func(tx *store.Tx) error { return tx.CompleteJobs(claims) })
		if err == nil {
			for _, t := range tasks {
				q.drop(t, done)
			}
			return
		}
	}
	for _, t := range tasks {
		q.finish(ctx, t, Done())
	}
}

// conclude runs the outcome's one transaction and answers what it stored.
// Effects come before the job's own row: callbacks lock an aggregate first and
// its jobs after, and the same order here keeps the two from deadlock.
func (q *Queue) conclude(ctx context.Context, t *task, o Outcome) (stored string, err error) {
	err = q.db.InBackground(ctx, func(tx *store.Tx) error {
		stored = o.kind
		if o.kind == released {
			return tx.ReleaseJobs([]store.Claim{t.Claim})
		}
		if len(o.effects) > 0 && q.held(t.kind) {
			return errHeld
		}
		for _, effect := range o.effects {
			if err := q.protect(t, tx, effect); err != nil {
				return err
			}
		}
		switch o.kind {
		case done:
			return tx.CompleteJob(t.Claim)
		case snooze:
			return tx.SnoozeJob(t.Claim, o.until)
		case retry:
			if t.Attempt < t.MaxAttempts {
				machine, err := q.machineNow(&tx.Reader)
				if err != nil {
					return err
				}
				return tx.RetryJobAt(t.Claim, machine.Add(pause(t.Attempt)), text(o.err))
			}
		}
		stored = bury
		return tx.BuryJob(t.Claim, text(o.err))
	})
	if errors.Is(err, store.ErrLeaseLost) {
		return lost, nil
	}
	if err != nil {
		return "", err
	}
	return stored, nil
}

// protect turns the panic of an effect into its error.
func (q *Queue) protect(t *task, tx *store.Tx, effect func(tx *store.Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			q.log.Error("effect of a job panicked", "kind", t.Kind, "job", t.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return effect(tx)
}

// report logs what a person may want to know.
func (q *Queue) report(t *task, stored string, err error) {
	switch stored {
	case retry:
		q.log.Warn("job failed, will be tried again", "kind", t.Kind, "job", t.ID, "attempt", t.Attempt, "of", t.MaxAttempts, "error", err)
	case bury:
		q.log.Error("job set aside", "kind", t.Kind, "job", t.ID, "attempt", t.Attempt, "error", err)
	case lost:
		q.log.Info("job ended after its lease was lost or it was cancelled; nothing was stored", "kind", t.Kind, "job", t.ID)
	}
}

// away says that the database, not the work, is the trouble.
func away(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUncertain)
}

func text(err error) string {
	if err == nil {
		return "no reason given"
	}
	return err.Error()
}

// sleep waits for machine time d, or less when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
