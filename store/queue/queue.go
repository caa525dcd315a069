// Package queue runs the durable jobs that transactions leave behind. Jobs
// live in the store's jobs table; any number of processes may share it.
//
// A process has one claimer, which takes due jobs in batches and leases them;
// a pool of workers, which run them; and a finisher, which stores many plain
// ends in one transaction. An end with effects has a transaction of its own,
// so that the failure of one is never another's. Every write of a worker
// checks that its lease still holds.
//
// Two clocks: business time (store.DB.Now, movable) says when a job is due;
// machine time says when a lease or a pause after a failure ends.
package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
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

// The names of outcomes, as observers see them.
const (
	done     = "done"
	snooze   = "snooze"
	retry    = "retry"
	bury     = "bury"
	lost     = "lost"     // the lease ran out or the job was cancelled: nothing was stored
	released = "released" // given back unused
)

// Done finishes the job; effects commit in the same transaction, which checks
// the lease, so a worker whose lease ran out writes nothing. An effect that
// fails turns the outcome into a Retry.
func Done(effects ...func(tx *store.Tx) error) Outcome {
	return Outcome{kind: done, effects: effects}
}

// Snooze puts the job off to the business time until, at least a second. It is
// not an attempt; the thousandth time sets the job aside.
func Snooze(until time.Time, effects ...func(tx *store.Tx) error) Outcome {
	return Outcome{kind: snooze, until: until, effects: effects}
}

// Retry counts a failed attempt and tries again after a growing pause of
// machine time; the last attempt sets the job aside.
func Retry(err error, effects ...func(tx *store.Tx) error) Outcome {
	return Outcome{kind: retry, err: err, effects: effects}
}

// Bury sets the job aside for a person at once.
func Bury(err error, effects ...func(tx *store.Tx) error) Outcome {
	return Outcome{kind: bury, err: err, effects: effects}
}

// Worker does one kind of job. It may run twice for one job, on two machines
// at once: every effect goes through the outcome or Job.InTx, or is safe to
// repeat.
type Worker[A store.JobArgs] func(ctx context.Context, job *Job, args A) Outcome

// Options are what a process gives its queue; the zero value is usable.
type Options struct {
	Logger *slog.Logger // nil: slog.Default()

	// Name tells this process from others on the same table and is the same
	// after a restart ("host:port"): at Start the queue takes back at once
	// what a process of this name held when it died. Empty: "local" on
	// SQLite, which has one process; on MySQL a random name, and what a dead
	// process held waits for its lease to end.
	Name string

	Workers int           // jobs that run at once; 32 when 0
	Lease   time.Duration // a silent process loses its jobs after it; 30 s when 0
	Poll    time.Duration // the longest wait before looking for due jobs; 500 ms when 0

	// MachineNow replaces the clock of leases and pauses in tests. nil: the
	// database server's on MySQL, this machine's on SQLite.
	MachineNow func() time.Time

	// Observe is told of every run that ended. It must be fast.
	Observe func(Observation)
}

// Observation is one run of one job.
type Observation struct {
	Kind    string
	Outcome string        // done | snooze | retry | bury | lost | released
	Attempt int           // 1 for the first
	Took    time.Duration // machine time in the worker
	Late    time.Duration // business time from due to start
}

// Queue claims and runs jobs. It is safe for concurrent use.
type Queue struct {
	db      *store.DB
	log     *slog.Logger
	name    string
	workers int
	lease   time.Duration
	poll    time.Duration
	machine func() time.Time // nil: the store's
	observe func(Observation)

	wake     chan struct{}
	draining sync.Mutex // one Drain at a time
	done     atomic.Int64
	failed   atomic.Int64
	ended    atomic.Int64 // runs that ended, stored or not

	mu       sync.Mutex
	kinds    map[string]*kind
	hold     func() bool
	hand     map[store.Claim]*task // claimed here, end not stored yet
	waiting  int                   // of hand: not finishing, so they fill the workers
	claiming bool
	claims   int           // claims made, to see that one happened
	changed  chan struct{} // closed and replaced at each change of hand
	pool     *pool         // nil: not started
}

// kind is one registered kind of job.
type kind struct {
	run      func(ctx context.Context, job *Job, args []byte) Outcome
	timeout  time.Duration
	deadline bool
}

// KindOption changes how a kind of job runs.
type KindOption func(*kind)

// Timeout bounds one run; 30 s without it. The worker's context ends then; a
// worker that ignores it loses its lease one lease later.
func Timeout(d time.Duration) KindOption { return func(k *kind) { k.timeout = d } }

// Deadline marks a kind that tells people they are late. It does not run while
// the function given to HoldDeadlines answers true.
func Deadline() KindOption { return func(k *kind) { k.deadline = true } }

// New prepares a queue on db and asks to be woken by its commits, so call it
// before the first transaction (store.DB.OnEnqueue). Register the kinds, then
// Start it, or Drain it by hand.
func New(db *store.DB, o Options) *Queue {
	q := &Queue{
		db: db, log: o.Logger, name: o.Name, workers: o.Workers, lease: o.Lease, poll: o.Poll,
		machine: o.MachineNow, observe: o.Observe,
		wake:    make(chan struct{}, 1),
		kinds:   map[string]*kind{},
		hand:    map[store.Claim]*task{},
		changed: make(chan struct{}),
		hold:    func() bool { return false },
	}
	if q.log == nil {
		q.log = slog.Default()
	}
	if q.name == "" && db.Dialect() == "sqlite" {
		q.name = "local"
	}
	if q.name == "" {
		q.name = fmt.Sprintf("unnamed-%016x", rand.Uint64())
	}
	if q.workers <= 0 {
		q.workers = 32
	}
	if q.lease <= 0 {
		q.lease = 30 * time.Second
	}
	if q.poll <= 0 {
		q.poll = 500 * time.Millisecond
	}
	if q.observe == nil {
		q.observe = func(Observation) {}
	}
	db.OnEnqueue(q.Wake)
	return q
}

// Register makes worker run the jobs of A's kind. Register every kind before
// Start and Drain. It panics when the kind has a worker already.
func Register[A store.JobArgs](q *Queue, worker Worker[A], options ...KindOption) {
	var zero A
	k := &kind{timeout: 30 * time.Second}
	k.run = func(ctx context.Context, job *Job, body []byte) Outcome {
		var args A
		if err := json.Unmarshal(body, &args); err != nil {
			return Bury(fmt.Errorf("arguments do not fit %T: %w", args, err))
		}
		return worker(ctx, job, args)
	}
	for _, option := range options {
		option(k)
	}
	name := zero.Kind()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.kinds[name] != nil {
		panic("queue: two workers for jobs of kind " + name)
	}
	q.kinds[name] = k
}

// HoldDeadlines keeps jobs of Deadline kinds waiting while hold answers true:
// while callbacks wait in a spool, an answer among them must not be reported
// as a breach. hold is asked often and must be fast. Set it before Start.
func (q *Queue) HoldDeadlines(hold func() bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hold = hold
}

// Wake makes the claimer look for due jobs now: another process has enqueued
// one, or the business clock has jumped.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// runnable are the kinds that may run now.
func (q *Queue) runnable() []string {
	q.mu.Lock()
	hold := q.hold
	q.mu.Unlock()
	held := hold()
	q.mu.Lock()
	defer q.mu.Unlock()
	var names []string
	for name, k := range q.kinds {
		if !held || !k.deadline {
			names = append(names, name)
		}
	}
	return names
}

// known are all registered kinds.
func (q *Queue) known() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var names []string
	for name := range q.kinds {
		names = append(names, name)
	}
	return names
}

func (q *Queue) held(k *kind) bool {
	if !k.deadline {
		return false
	}
	q.mu.Lock()
	hold := q.hold
	q.mu.Unlock()
	return hold()
}
