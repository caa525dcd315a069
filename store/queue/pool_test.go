package queue_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

func start(t testing.TB, q *queue.Queue) {
	t.Helper()
	require.NoError(t, q.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, q.Stop(ctx))
	})
}

// claim does what a process does that dies right after its claim.
func claim(t testing.TB, db *store.DB, owner string, now time.Time) []store.ClaimedJob {
	t.Helper()
	var jobs []store.ClaimedJob
	require.NoError(t, db.InBackground(t.Context(), func(tx *store.Tx) (err error) {
		jobs, err = tx.ClaimJobs(store.ClaimJobs{Kinds: []string{step{}.Kind()}, Limit: 100, Owner: owner, Token: 77, Machine: now, Lease: 30 * time.Second})
		return err
	}))
	return jobs
}

// The first worker is alive but silent; its lease runs out, a second takes the
// job over, and whatever the first then writes is refused.
func TestLeaseRunsOutSecondWorkerTakesOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		now := machine()
		begun, resume, refused := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		ended := make(chan queue.Observation, 1)
		first := queue.New(db, quiet(queue.Options{Name: "first", Lease: time.Hour, MachineNow: now.Now, Observe: func(o queue.Observation) { ended <- o }}))
		queue.Register(first, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			close(begun)
			<-resume
			refused <- job.InTx(context.WithoutCancel(ctx), leaveMark("first, inside"))
			return queue.Done(leaveMark("first"))
		})
		second := queue.New(db, quiet(queue.Options{Name: "second", Lease: time.Hour, MachineNow: now.Now}))
		queue.Register(second, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			require.Equal(t, 2, job.Attempt)
			return queue.Done(leaveMark("second"))
		})
		id := enqueue(t, db, "a")
		silent := make(chan error, 1)
		go func() { // Drain, because it claims nothing while a job runs
			_, err := first.Drain(t.Context())
			silent <- err
		}()
		<-begun

		now.Advance(59 * time.Minute)
		require.Equal(t, queue.Ran{}, drain(t, second), "the lease still holds")
		now.Advance(2 * time.Minute)
		require.Equal(t, queue.Ran{Done: 1}, drain(t, second))
		close(resume)

		err := <-refused
		require.ErrorIs(t, err, store.ErrConflict)
		require.ErrorIs(t, err, store.ErrLeaseLost)
		require.Equal(t, "lost", (<-ended).Outcome)
		require.NoError(t, <-silent)
		require.Equal(t, map[string]int{`{"Name":"second"}`: 1}, marks(t, db))
		require.Equal(t, store.JobDone, job(t, db, id).State)
	})
}

func TestMovingBusinessTimeEndsNoLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		now := machine()
		q := queue.New(db, quiet(queue.Options{Name: "me", MachineNow: now.Now}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome { return queue.Done() })
		enqueue(t, db, "a")
		require.Len(t, claim(t, db, "other", now.Now()), 1)
		clock.Advance(48 * time.Hour)
		require.Equal(t, queue.Ran{}, drain(t, q))
		now.Advance(time.Minute)
		require.Equal(t, queue.Ran{Done: 1}, drain(t, q))
	})
}

// A process that comes back under its own name does not wait for the leases of
// its former life.
func TestRestartTakesBackWhatTheSameNameHeld(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		now := machine()
		q := queue.New(db, quiet(queue.Options{Name: "host:1", MachineNow: now.Now}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome { return queue.Done() })
		mine := enqueue(t, db, "mine")
		last := enqueue(t, db, "its last attempt", store.MaxAttempts(1))
		require.Len(t, claim(t, db, "host:1", now.Now()), 2)
		other := enqueue(t, db, "other")
		require.Len(t, claim(t, db, "host:2", now.Now()), 1)
		start(t, q)

		require.Eventually(t, func() bool { return job(t, db, mine).State == store.JobDone }, 10*time.Second, 5*time.Millisecond)
		require.Equal(t, store.JobBuried, job(t, db, last).State)
		require.Contains(t, job(t, db, last).LastError, `ended with its process, "host:1"`)
		require.Equal(t, store.JobRunning, job(t, db, other).State)
	})
}

func TestHeartbeatKeepsALongJob(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		now, lease := machine(), 60*time.Millisecond
		begun, resume := make(chan struct{}), make(chan struct{})
		q := queue.New(db, quiet(queue.Options{Name: "long", MachineNow: now.Now, Lease: lease}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			close(begun)
			<-resume
			return queue.Done(leaveMark(args.Name))
		})
		id := enqueue(t, db, "a")
		start(t, q)
		<-begun
		undo := errors.New("only looking")
		for range 4 {
			now.Advance(lease / 2)
			end := now.Now().Add(lease - time.Millisecond)
			require.Eventually(t, func() bool {
				ranOut := 1
				err := db.InBackground(t.Context(), func(tx *store.Tx) (err error) {
					if ranOut, err = tx.TakeBackJobs(end, "", 10); err == nil {
						err = undo
					}
					return err
				})
				require.ErrorIs(t, err, undo)
				return ranOut == 0
			}, 10*time.Second, 5*time.Millisecond)
		}
		close(resume)
		require.Eventually(t, func() bool { return job(t, db, id).State == store.JobDone }, 10*time.Second, 5*time.Millisecond)
		require.Equal(t, 1, job(t, db, id).Attempt)
	})
}

// A cancelled job that runs learns it from its context and stores nothing.
func TestCancelReachesARunningJob(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		begun := make(chan struct{})
		q := queue.New(db, quiet(queue.Options{Lease: 60 * time.Millisecond, MachineNow: machine().Now}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			close(begun)
			<-ctx.Done()
			return queue.Done(leaveMark(context.Cause(ctx).Error()))
		})
		id := enqueue(t, db, "a", store.Unique("a"))
		start(t, q)
		<-begun
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			n, err := tx.CancelJobs(step{}.Kind(), "a")
			require.Equal(t, 1, n)
			return err
		}))
		drain(t, q)
		require.Equal(t, store.JobCancelled, job(t, db, id).State)
		require.Empty(t, marks(t, db))
	})
}

func TestStopGivesBackWhatHasNotEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		begun := make(chan struct{}, 1)
		q := queue.New(db, quiet(queue.Options{Workers: 1}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			begun <- struct{}{}
			<-ctx.Done()
			return queue.Retry(ctx.Err())
		})
		var ids []int64
		for i := range 20 {
			ids = append(ids, enqueue(t, db, fmt.Sprint(i)))
		}
		require.NoError(t, q.Start(t.Context()))
		require.Error(t, q.Start(t.Context()), "started already")
		<-begun
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		require.NoError(t, q.Stop(ctx))
		require.NoError(t, q.Stop(ctx), "stopped already")
		for _, id := range ids {
			j := job(t, db, id)
			require.Equal(t, []any{store.JobWaiting, 0, ""}, []any{j.State, j.Attempt, j.Owner})
		}
	})
}

// Who gave up on Start's or Drain's context gets the same as from Stop: a
// failure after it is no attempt.
func TestEndOfContextGivesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		var giveUp context.CancelFunc
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			giveUp()
			<-ctx.Done()
			return queue.Retry(ctx.Err())
		})
		id := enqueue(t, db, "a")
		given := func() bool {
			j := job(t, db, id)
			return j.State == store.JobWaiting && j.Attempt == 0 && j.Owner == ""
		}

		draining, cancel := context.WithCancel(t.Context())
		defer cancel()
		giveUp = cancel
		_, err := q.Drain(draining)
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, given())

		running, cancel := context.WithCancel(t.Context())
		defer cancel()
		giveUp = cancel
		require.NoError(t, q.Start(running))
		<-running.Done()
		require.NoError(t, q.Stop(t.Context()))
		require.True(t, given())
	})
}

func TestStopWaitsForRunningJobs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		begun, resume := make(chan struct{}), make(chan struct{})
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			close(begun)
			<-resume
			return queue.Done(leaveMark(args.Name))
		})
		id := enqueue(t, db, "a")
		require.NoError(t, q.Start(t.Context()))
		<-begun
		stopped := make(chan error)
		go func() { stopped <- q.Stop(context.WithoutCancel(t.Context())) }()
		close(resume)
		require.NoError(t, <-stopped)
		require.Equal(t, store.JobDone, job(t, db, id).State)
		require.Len(t, marks(t, db), 1)
	})
}

// The sandbox's clock: advance, drain, look; all while the queue is started.
func TestDrainWhileStartedFollowsAJumpingClock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		var ran atomic.Int64
		q := queue.New(db, quiet(queue.Options{MachineNow: machine().Now, Poll: time.Hour}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			ran.Add(1)
			switch args.Name {
			case "chain":
				return queue.Done(func(tx *store.Tx) error {
					_, err := tx.Enqueue(step{"link"})
					return err
				})
			case "fail":
				return queue.Retry(errors.New("busy"))
			}
			return queue.Done()
		})
		start(t, q)
		for i := range 50 {
			enqueue(t, db, "plain", store.At(clock.Now().Add(time.Duration(1+i%5)*time.Minute)))
		}
		enqueue(t, db, "chain", store.At(clock.Now().Add(2*time.Minute)))
		enqueue(t, db, "fail", store.At(clock.Now().Add(3*time.Minute)))

		var total queue.Ran
		for instants := 0; ; instants++ {
			got := drain(t, q)
			total.Done += got.Done
			total.Failed += got.Failed
			total.Waiting = got.Waiting
			next, ok, err := q.NextDue(t.Context())
			require.NoError(t, err)
			if !ok {
				require.Equal(t, 5, instants)
				break
			}
			require.True(t, next.After(clock.Now()))
			clock.Set(next)
		}
		require.Equal(t, queue.Ran{Done: 52, Failed: 1, Waiting: 1}, total)
		require.Equal(t, int64(53), ran.Load())
	})
}

func TestDrainWithoutStartRunsInTheSameOrderEveryTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		var runs [2][]string
		ran := &journal{}
		q := queue.New(db, quiet(queue.Options{MachineNow: machine().Now}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			ran.add(args.Name)
			if len(args.Name) < 4 {
				return queue.Done(func(tx *store.Tx) error {
					_, err := tx.Enqueue(step{args.Name + "x"}, store.Ordered(args.Name[:1]))
					return err
				})
			}
			return queue.Done()
		})
		for i := range runs {
			for _, n := range []int{3, 1, 2, 1} {
				enqueue(t, db, fmt.Sprint(n), store.At(clock.Now().Add(time.Duration(n)*time.Second)))
			}
			clock.Advance(time.Minute)
			require.Equal(t, queue.Ran{Done: 16}, drain(t, q))
			runs[i] = ran.all()[16*i:]
		}
		require.Equal(t, []string{"1", "1", "2", "3"}, runs[0][:4])
		require.Equal(t, runs[0], runs[1])
	})
}

// Two processes, each with its own connections, share 2,000 jobs; some attempts
// fail and some leases are taken over, and no effect is stored twice or never.
func TestTwoProcessesStoreEveryEffectOnce(t *testing.T) {
	for _, engine := range []string{"sqlite", "mysql"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			const jobs = 2000 / slower
			cfg := storetest.SQLite(t)
			if engine == "mysql" {
				cfg = storetest.MySQL(t)
			}
			now, clock := machine(), storetest.NewClock()
			var handles []*store.DB
			handle := func() *store.DB {
				db, err := store.Open(cfg, store.Options{Now: clock.Now})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, db.Close()) })
				require.NoError(t, db.Ready(t.Context()))
				handles = append(handles, db)
				return db
			}
			db := handle()
			if engine == "mysql" { // SQLite is opened by one process only
				handle()
			} else {
				handles = append(handles, db)
			}
			var done, worked [2]atomic.Int64
			var queues []*queue.Queue
			for i, db := range handles {
				q := queue.New(db, quiet(queue.Options{Name: fmt.Sprint("p", i), MachineNow: now.Now, Poll: 10 * time.Millisecond, Lease: time.Second,
					Observe: func(o queue.Observation) {
						if o.Outcome == "done" {
							done[i].Add(1)
						}
					}}))
				queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
					if n := worked[i].Add(1); n%(200/slower) == 0 && n <= 1000/slower {
						now.Advance(1100 * time.Millisecond) // every lease of the moment runs out
					} else if n%17 == 0 && job.Attempt == 1 {
						return queue.Retry(errors.New("busy"))
					}
					return queue.Done(leaveMark(args.Name))
				})
				queues = append(queues, q)
			}
			for i := 0; i < jobs; i += 100 {
				require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
					for n := i; n < i+100; n++ {
						if _, err := tx.Enqueue(step{fmt.Sprint(n)}); err != nil {
							return err
						}
					}
					return nil
				}))
			}
			require.Len(t, claim(t, db, "dead", now.Now()), 100)
			now.Advance(time.Minute)

			for _, q := range queues {
				start(t, q)
			}
			require.Eventually(t, func() bool {
				now.Advance(200 * time.Millisecond) // ends pauses; the leases' heart beats at least each second
				buried, err := db.Reader(t.Context()).Jobs(store.JobFilter{State: store.JobBuried})
				require.NoError(t, err)
				require.Empty(t, buried, "ten attempts are enough here")
				return done[0].Load()+done[1].Load() >= jobs
			}, 50*time.Second, 100*time.Millisecond)

			counts := marks(t, db)
			require.Len(t, counts, jobs)
			for name, n := range counts {
				require.Equal(t, 1, n, "effects of %s", name)
			}
			require.Equal(t, int64(jobs), done[0].Load()+done[1].Load())
			if engine == "mysql" {
				require.NotZero(t, done[0].Load())
				require.NotZero(t, done[1].Load())
			}
			t.Logf("runs %d + %d for %d jobs", worked[0].Load(), worked[1].Load(), jobs)
		})
	}
}

func TestStormOfTenThousandTimers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		const timers = 10_000 / slower
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			return queue.Done(leaveMark(args.Name))
		})
		due := clock.Now().Add(time.Hour)
		for i := 0; i < timers; i += 200 {
			require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
				for n := i; n < i+200; n++ {
					if _, err := tx.Enqueue(step{fmt.Sprint(n)}, store.At(due), store.Unique(fmt.Sprint("clock:", n))); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		start(t, q)
		require.Equal(t, queue.Ran{}, drain(t, q))
		clock.Advance(time.Hour)
		begun := time.Now()
		require.Equal(t, queue.Ran{Done: timers}, drain(t, q))
		took := time.Since(begun)
		require.Len(t, marks(t, db), timers)
		require.Less(t, took, time.Minute)
		t.Logf("%d due timers with one effect each: %v, %.0f/s", timers, took.Round(time.Millisecond), timers/took.Seconds())
	})
}

func TestMachineTimeIsTheDatabasesOrThisMachines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		clock.Advance(1000 * time.Hour)
		now, err := db.Reader(t.Context()).MachineNow()
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), now, 5*time.Second)
		require.Equal(t, time.UTC, now.Location())
	})
}

func TestOldRowsAreDeletedInBatches(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			if args.Name == "249" {
				return queue.Bury(errors.New("kept for a person"))
			}
			return queue.Done()
		})
		var old int64
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) (err error) {
			for i := range 250 {
				if old, err = tx.Enqueue(step{fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		}))
		start(t, q)
		require.Equal(t, queue.Ran{Done: 249, Failed: 1}, drain(t, q))
		require.NoError(t, q.Stop(t.Context()))
		clock.Advance(store.JobKept - time.Minute)
		recent := enqueue(t, db, "recent")
		drain(t, q)
		clock.Advance(2 * time.Minute)

		start(t, q) // the keeper tidies at once
		require.Eventually(t, func() bool {
			jobs, err := db.Reader(t.Context()).Jobs(store.JobFilter{})
			require.NoError(t, err)
			return len(jobs) == 2 && jobs[0].ID == old && jobs[1].ID == recent
		}, 10*time.Second, 10*time.Millisecond)
	})
}
