package queue_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

// step is the job of these tests; Name says which one it is.
type step struct {
	Name string
}

func (step) Kind() string { return "test.step" }

// mark is a job due in a year. As an effect it shows, by their number, how
// often the effects of a job were stored.
type mark struct {
	Name string
}

func (mark) Kind() string { return "test.mark" }

func leaveMark(name string) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := tx.Enqueue(mark{name}, store.At(tx.Now().AddDate(1, 0, 0)))
		return err
	}
}

func quiet(o queue.Options) queue.Options {
	o.Logger = slog.New(slog.DiscardHandler)
	return o
}

// machine is machine time that stands still until it is moved.
func machine() *storetest.Clock {
	c := storetest.NewClock()
	c.Set(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC))
	return c
}

func enqueue(t testing.TB, db *store.DB, name string, options ...store.JobOption) int64 {
	t.Helper()
	var id int64
	require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) (err error) {
		id, err = tx.Enqueue(step{name}, options...)
		return err
	}))
	return id
}

func job(t testing.TB, db *store.DB, id int64) store.Job {
	t.Helper()
	j, err := db.Reader(t.Context()).Job(id)
	require.NoError(t, err)
	return j
}

func drain(t testing.TB, q *queue.Queue) queue.Ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ran, err := q.Drain(ctx)
	require.NoError(t, err)
	return ran
}

func marks(t testing.TB, db *store.DB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for after := int64(0); ; {
		jobs, err := db.Reader(t.Context()).Jobs(store.JobFilter{Kind: mark{}.Kind(), After: after, Limit: 500})
		require.NoError(t, err)
		if len(jobs) == 0 {
			return counts
		}
		for _, j := range jobs {
			counts[string(j.Args)]++
			after = j.ID
		}
	}
}

// journal is what ran, in order.
type journal struct {
	mu    sync.Mutex
	names []string
}

func (j *journal) add(name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.names = append(j.names, name)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.names...)
}

func TestDoneStoresEffectsWithTheEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{}))
		var seen queue.Job
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			seen = *job
			return queue.Done(leaveMark(args.Name))
		})
		id := enqueue(t, db, "a")

		require.Equal(t, queue.Ran{Done: 1}, drain(t, q))
		require.Equal(t, queue.Ran{}, drain(t, q), "done is done")

		j := job(t, db, id)
		require.Equal(t, store.JobDone, j.State)
		require.Equal(t, clock.Now(), j.FinishedAt.UTC())
		require.Equal(t, map[string]int{`{"Name":"a"}`: 1}, marks(t, db))
		require.Equal(t, []any{id, "test.step", 1, clock.Now(), false}, []any{seen.ID, seen.Kind, seen.Attempt, seen.RunAt, seen.Last})
	})
}

func TestFailingOrPanickingEffectStoresNothingAndRetries(t *testing.T) {
	for name, effect := range map[string]func(tx *store.Tx) error{
		"error": func(tx *store.Tx) error { return errors.New("no room") },
		"panic": func(tx *store.Tx) error { panic("no room") },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
				q := queue.New(db, quiet(queue.Options{MachineNow: machine().Now}))
				queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
					return queue.Done(leaveMark(args.Name), effect)
				})
				id := enqueue(t, db, "a")

				require.Equal(t, queue.Ran{Failed: 1, Waiting: 1}, drain(t, q))

				require.Equal(t, store.JobRetry, job(t, db, id).State)
				require.Contains(t, job(t, db, id).LastError, "no room")
				require.Empty(t, marks(t, db))
			})
		})
	}
}

func TestSnoozeIsNoAttemptAndKeepsItsEffects(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{}))
		var attempts []int
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			attempts = append(attempts, job.Attempt)
			if len(attempts) < 3 {
				return queue.Snooze(clock.Now().Add(time.Hour), leaveMark(args.Name))
			}
			return queue.Done()
		})
		id := enqueue(t, db, "a", store.MaxAttempts(1))

		require.Equal(t, queue.Ran{}, drain(t, q))
		next, ok, err := q.NextDue(t.Context())
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, clock.Now().Add(time.Hour), next)
		for range 2 {
			clock.Advance(time.Hour)
			drain(t, q)
		}

		require.Equal(t, []int{1, 1, 1}, attempts)
		require.Equal(t, store.JobDone, job(t, db, id).State)
		require.Equal(t, 2, marks(t, db)[`{"Name":"a"}`])
	})
}

func TestSnoozeIntoThePastIsPutASecondAhead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{}))
		runs := 0
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			runs++
			return queue.Snooze(clock.Now().Add(-time.Hour))
		})
		enqueue(t, db, "a")

		drain(t, q)
		require.Equal(t, 1, runs, "a snooze into the past must not spin")
		next, _, err := q.NextDue(t.Context())
		require.NoError(t, err)
		require.Equal(t, clock.Now().Add(time.Second), next)
	})
}

func TestThousandthSnoozeSetsAside(t *testing.T) {
	db, clock := storetest.Open(t)
	q := queue.New(db, quiet(queue.Options{}))
	runs := 0
	queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
		runs++
		return queue.Snooze(clock.Now())
	})
	id := enqueue(t, db, "a")
	for job(t, db, id).State == store.JobWaiting && runs < 2000 {
		drain(t, q)
		clock.Advance(time.Second)
	}
	require.Equal(t, 1000, runs)
	require.Equal(t, store.JobBuried, job(t, db, id).State)
	require.Contains(t, job(t, db, id).LastError, "put off 1000 times")
}

func TestRetryPausesOnMachineTimeThenSetsAside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		now := machine()
		q := queue.New(db, quiet(queue.Options{MachineNow: now.Now}))
		var last []bool
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			last = append(last, job.Last)
			return queue.Retry(errors.New("platform says no"), leaveMark(args.Name))
		})
		id := enqueue(t, db, "a", store.MaxAttempts(3))

		require.Equal(t, queue.Ran{Failed: 1, Waiting: 1}, drain(t, q))
		clock.Advance(24 * time.Hour)
		require.Equal(t, queue.Ran{Waiting: 1}, drain(t, q), "business time ends no pause")
		now.Advance(1500 * time.Millisecond)
		require.Equal(t, queue.Ran{Waiting: 1}, drain(t, q), "the first pause is 2 s, 20 % less at least")
		now.Advance(time.Second)
		require.Equal(t, queue.Ran{Failed: 1, Waiting: 1}, drain(t, q))
		now.Advance(4 * time.Second)
		require.Equal(t, queue.Ran{Waiting: 1}, drain(t, q), "the second pause is three times as long")
		now.Advance(4 * time.Second)
		require.Equal(t, queue.Ran{Failed: 1}, drain(t, q))

		j := job(t, db, id)
		require.Equal(t, store.JobBuried, j.State)
		require.Equal(t, "platform says no", j.LastError)
		require.Equal(t, []bool{false, false, true}, last)
		require.Equal(t, 3, marks(t, db)[`{"Name":"a"}`], "effects of failed attempts are kept")
	})
}

func TestBuryPanicBadArgumentsAndUnknownKind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{MachineNow: machine().Now}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			switch args.Name {
			case "bury":
				return queue.Bury(errors.New("no such card"))
			case "panic":
				panic("index out of range")
			}
			return queue.Outcome{}
		})
		buried, panicked, nothing := enqueue(t, db, "bury"), enqueue(t, db, "panic"), enqueue(t, db, "")
		var unknown, bad int64
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) (err error) {
			if unknown, err = tx.Enqueue(stranger{}); err != nil {
				return err
			}
			bad, err = tx.Enqueue(unreadable(7))
			return err
		}))

		drain(t, q)
		clock.Advance(25 * time.Hour) // how long MySQL leaves an unknown kind to newer processes
		drain(t, q)

		for id, want := range map[int64]struct {
			state store.JobState
			says  string
		}{
			buried:   {store.JobBuried, "no such card"},
			panicked: {store.JobRetry, "index out of range"},
			nothing:  {store.JobBuried, "no outcome"},
			unknown:  {store.JobBuried, `no worker knows the kind "test.stranger"`},
			bad:      {store.JobBuried, "arguments do not fit"},
		} {
			require.Equal(t, want.state, job(t, db, id).State, want.says)
			require.Contains(t, job(t, db, id).LastError, want.says)
		}
	})
}

type stranger struct{}

func (stranger) Kind() string { return "test.stranger" }

// unreadable is stored as a number under a kind that wants an object.
type unreadable int

func (unreadable) Kind() string { return "test.step" }

func TestUnknownKindIsLeftToNewerProcessesOnMySQL(t *testing.T) {
	db, clock := storetest.OpenMySQL(t)
	old, newer := queue.New(db, quiet(queue.Options{Name: "old"})), queue.New(db, quiet(queue.Options{Name: "new"}))
	queue.Register(newer, func(ctx context.Context, job *queue.Job, args step) queue.Outcome { return queue.Done() })
	id := enqueue(t, db, "a")

	require.Equal(t, queue.Ran{Waiting: 1}, drain(t, old))
	clock.Advance(23 * time.Hour)
	drain(t, old)
	require.Equal(t, store.JobWaiting, job(t, db, id).State)
	require.Equal(t, queue.Ran{Done: 1}, drain(t, newer))
}

func TestDeadlineKindsAreHeld(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{}))
		held := true
		q.HoldDeadlines(func() bool { return held })
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome { return queue.Done() }, queue.Deadline())
		queue.Register(q, func(ctx context.Context, job *queue.Job, args stranger) queue.Outcome { return queue.Done() })
		id := enqueue(t, db, "breach")
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Enqueue(stranger{})
			return err
		}))

		require.Equal(t, queue.Ran{Done: 1, Waiting: 1}, drain(t, q))
		require.Equal(t, 0, job(t, db, id).Attempt)
		held = false
		require.Equal(t, queue.Ran{Done: 1}, drain(t, q))
	})
}

// A spool that fills between the claim and the commit of a deadline job still
// keeps it from being stored.
func TestDeadlineHeldWhileItRunsStoresNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{}))
		held := false
		q.HoldDeadlines(func() bool { return held })
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			held = true
			return queue.Done(leaveMark(args.Name))
		}, queue.Deadline())
		id := enqueue(t, db, "breach")

		require.Equal(t, queue.Ran{Waiting: 1}, drain(t, q))
		require.Empty(t, marks(t, db))
		j := job(t, db, id)
		require.Equal(t, []any{store.JobWaiting, 0}, []any{j.State, j.Attempt})
	})
}

func TestRegisterTwicePanics(t *testing.T) {
	db, _ := storetest.Open(t)
	q := queue.New(db, quiet(queue.Options{}))
	worker := func(ctx context.Context, job *queue.Job, args step) queue.Outcome { return queue.Done() }
	queue.Register(q, worker)
	require.PanicsWithValue(t, "queue: two workers for jobs of kind test.step", func() { queue.Register(q, worker) })
}

func TestTimeoutEndsTheWorkersContext(t *testing.T) {
	db, _ := storetest.Open(t)
	q := queue.New(db, quiet(queue.Options{MachineNow: machine().Now}))
	queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
		<-ctx.Done()
		return queue.Retry(ctx.Err())
	}, queue.Timeout(20*time.Millisecond))
	id := enqueue(t, db, "slow")

	require.Equal(t, queue.Ran{Failed: 1, Waiting: 1}, drain(t, q))
	require.Contains(t, job(t, db, id).LastError, "deadline exceeded")
}
