// Package queue runs the durable jobs that transactions leave behind. Jobs
// live in the store's jobs table; any number of processes may share it.
package queue

import (
	"context"
	"time"

	"guiju/store"
)

// Job is one claimed job. Its lease is held until the worker answers.
type Job struct {
	ID      int64
	Kind    string
	Attempt int       // 1 for the first
	RunAt   time.Time // business time it was due
	Last    bool      // no attempt follows this one: Retry will set it aside

	inTx func(ctx context.Context, fn func(tx *store.Tx) error) error
}

// InTx runs fn in a transaction that first checks that this worker still owns
// the job; store.ErrConflict, wrapped, when its lease ran out. The job stays
// claimed: for what must be committed before the effect (the frozen bytes of
// a send).
func (j *Job) InTx(ctx context.Context, fn func(tx *store.Tx) error) error {
	return j.inTx(ctx, fn)
}

// Outcome is a worker's answer. Make one with Done, Snooze, Retry or Bury.
type Outcome struct {
	kind    string
	until   time.Time
	err     error
	effects []func(tx *store.Tx) error
}

// Done finishes the job; effects commit in the same transaction, which checks
// the lease, so a worker whose lease ran out writes nothing.
func Done(effects ...func(tx *store.Tx) error) Outcome {
	return Outcome{kind: "done", effects: effects}
}

// Snooze puts the job off to the business time until. It is not an attempt.
func Snooze(until time.Time, effects ...func(tx *store.Tx) error) Outcome {
	return Outcome{kind: "snooze", until: until, effects: effects}
}

// Retry counts a failed attempt and tries again after a growing pause of
// machine time; the last attempt sets the job aside.
func Retry(err error, effects ...func(tx *store.Tx) error) Outcome {
	return Outcome{kind: "retry", err: err, effects: effects}
}

// Bury sets the job aside for a person at once.
func Bury(err error, effects ...func(tx *store.Tx) error) Outcome {
	return Outcome{kind: "bury", err: err, effects: effects}
}

// Worker does one kind of job. It may run twice for one job, on two machines
// at once: every effect goes through the outcome or Job.InTx, or is safe to
// repeat.
type Worker[A store.JobArgs] func(ctx context.Context, job *Job, args A) Outcome
