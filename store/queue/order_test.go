package queue_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

func TestFollowersWaitForAHeadThatRetriesOrSnoozes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		now, ran := machine(), &journal{}
		q := queue.New(db, quiet(queue.Options{MachineNow: now.Now}))
		first := 0
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			ran.add(args.Name)
			if args.Name == "a1" {
				switch first++; first {
				case 1:
					return queue.Retry(errors.New("busy"))
				case 2:
					return queue.Snooze(clock.Now().Add(time.Hour))
				}
			}
			return queue.Done()
		})
		for _, name := range []string{"a1", "a2", "b1", "a3"} {
			enqueue(t, db, name, store.Ordered(name[:1]))
		}

		require.Equal(t, queue.Ran{Done: 1, Failed: 1, Waiting: 3}, drain(t, q))
		now.Advance(3 * time.Second)
		require.Equal(t, queue.Ran{Waiting: 2}, drain(t, q))
		clock.Advance(time.Hour)
		require.Equal(t, queue.Ran{Done: 3}, drain(t, q))
		require.Equal(t, []string{"a1", "b1", "a1", "a1", "a2", "a3"}, ran.all())
	})
}

func TestBuriedOrCancelledHeadLetsTheNextGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		ran := &journal{}
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			ran.add(args.Name)
			if args.Name == "2" {
				return queue.Bury(errors.New("broken"))
			}
			return queue.Done()
		})
		for _, name := range []string{"1", "2", "3", "4"} {
			enqueue(t, db, name, store.Ordered("k"), store.Unique(name))
		}
		for _, key := range []string{"1", "3", "nobody"} {
			require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
				n, err := tx.CancelJobs(step{}.Kind(), key)
				require.Equal(t, key != "nobody", n == 1)
				return err
			}))
		}

		require.Equal(t, queue.Ran{Done: 1, Failed: 1}, drain(t, q))
		require.Equal(t, []string{"2", "4"}, ran.all())
	})
}

// A timer blocks nobody before it is due, and then stands behind all who
// entered before it and before all who enter after it.
func TestTimerEntersTheOrderWhenDue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ran := &journal{}
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			ran.add(args.Name)
			if args.Name == "head" {
				if job.RunAt.Equal(clock.Now()) {
					return queue.Snooze(clock.Now().Add(2 * time.Hour))
				}
			}
			return queue.Done()
		})
		enqueue(t, db, "timer", store.Ordered("k"), store.At(clock.Now().Add(time.Hour)))
		enqueue(t, db, "early", store.Ordered("k"))
		drain(t, q)
		require.Equal(t, []string{"early"}, ran.all(), "a timer to come blocks nobody")

		enqueue(t, db, "head", store.Ordered("k"))
		enqueue(t, db, "before", store.Ordered("k"))
		drain(t, q) // head snoozes for two hours
		clock.Advance(time.Hour)
		drain(t, q) // the timer falls due and enters
		enqueue(t, db, "after", store.Ordered("k"))
		require.Equal(t, []string{"early", "head"}, ran.all())

		clock.Advance(90 * time.Minute)
		drain(t, q)
		require.Equal(t, []string{"early", "head", "head", "before", "timer", "after"}, ran.all())
	})
}

// Many senders and many workers: within each key jobs run one at a time, in
// the order their transactions committed, some of them failing on the way.
func TestOrderHoldsUnderConcurrencyAndRetries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		const keys, each = 8, 25
		now := machine()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var mu sync.Mutex
		order, busy, failedOnce := map[string][]string{}, map[string]bool{}, map[string]bool{}
		var queues []*queue.Queue
		for i := range 2 {
			q := queue.New(db, quiet(queue.Options{Name: fmt.Sprint("p", i), MachineNow: now.Now, Workers: 8, Poll: 10 * time.Millisecond}))
			queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
				key := args.Name[:1]
				mu.Lock()
				defer mu.Unlock()
				if busy[key] {
					return queue.Bury(fmt.Errorf("two jobs of %s at once", key))
				}
				if args.Name[1:] == "7" && !failedOnce[key] {
					failedOnce[key] = true
					now.Advance(5 * time.Second)
					return queue.Retry(errors.New("busy"))
				}
				busy[key] = true
				return queue.Done(func(*store.Tx) error {
					mu.Lock()
					defer mu.Unlock()
					if busy[key] { // an effect may run again after a conflict
						busy[key] = false
						order[key] = append(order[key], args.Name)
					}
					return nil
				})
			})
			require.NoError(t, q.Start(ctx))
			t.Cleanup(func() { require.NoError(t, q.Stop(context.Background())) })
			queues = append(queues, q)
		}
		var senders sync.WaitGroup
		for k := range keys {
			senders.Go(func() {
				key := string(rune('a' + k))
				for i := range each {
					enqueue(t, db, fmt.Sprint(key, i), store.Ordered(key))
				}
			})
		}
		senders.Wait()
		require.Eventually(t, func() bool {
			now.Advance(10 * time.Second) // ends pauses; far below a lease that beats
			for _, q := range queues {
				q.Wake()
			}
			mu.Lock()
			defer mu.Unlock()
			total := 0
			for _, names := range order {
				total += len(names)
			}
			return total == keys*each
		}, 50*time.Second, 20*time.Millisecond)
		for k := range keys {
			key := string(rune('a' + k))
			var want []string
			for i := range each {
				want = append(want, fmt.Sprint(key, i))
			}
			require.Equal(t, want, order[key])
		}
	})
}

func TestUniqueAmongUnfinishedAndOnceForEver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome { return queue.Done() })

		a := enqueue(t, db, "a", store.Unique("k"))
		require.Equal(t, a, enqueue(t, db, "again", store.Unique("k")))
		once := enqueue(t, db, "once", store.Once("2026-03-02"))
		require.Equal(t, queue.Ran{Done: 2}, drain(t, q))

		require.NotEqual(t, a, enqueue(t, db, "a", store.Unique("k")), "the key of a finished job is free")
		require.Equal(t, once, enqueue(t, db, "once", store.Once("2026-03-02")))
		clock.Advance(store.JobKept + time.Hour)
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PurgeJobs(100)
			return err
		}))
		_, err := db.Reader(t.Context()).Job(a)
		require.ErrorIs(t, err, store.ErrNotFound, "done rows are deleted")
		require.Equal(t, once, enqueue(t, db, "once", store.Once("2026-03-02")), "the key of a once job stays")
	})
}

func TestUniqueAndOnceUnderConcurrency(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		for round := range 10 {
			ids := make([]int64, 24)
			var wg sync.WaitGroup
			for i := range ids {
				wg.Go(func() {
					key := fmt.Sprint(round)
					option := store.Unique(key)
					if round%2 == 1 {
						option = store.Once(key)
					}
					ids[i] = enqueue(t, db, "x", option, store.Ordered("one"))
				})
			}
			wg.Wait()
			for _, id := range ids {
				require.Equal(t, ids[0], id)
			}
		}
	})
}

// The unique job that runs now may have read what this transaction is about to
// change, so it runs once more.
func TestUniqueJobEnqueuedWhileItRunsRunsOnceMore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ran := &journal{}
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			ran.add(args.Name)
			if args.Name == "first" {
				enqueue(t, db, "second", store.Unique("card:1"))
				enqueue(t, db, "third", store.Unique("card:1"))
			}
			return queue.Done()
		})
		enqueue(t, db, "first", store.Unique("card:1"))

		require.Equal(t, queue.Ran{Done: 2}, drain(t, q))
		require.Equal(t, []string{"first", "third"}, ran.all())
	})
}

// Periodic work enqueues its next run under its own key in its own effects.
func TestUniqueJobEnqueuesItsNextRunInItsEffects(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ran := &journal{}
		q := queue.New(db, quiet(queue.Options{}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			ran.add(args.Name)
			return queue.Done(func(tx *store.Tx) error {
				_, err := tx.Enqueue(step{args.Name + "'"}, store.Unique("tick"), store.At(tx.Now().Add(time.Minute)))
				return err
			})
		})
		enqueue(t, db, "tick", store.Unique("tick"))
		for range 3 {
			require.Equal(t, queue.Ran{Done: 1}, drain(t, q))
			clock.Advance(time.Minute)
		}
		require.Equal(t, []string{"tick", "tick'", "tick''"}, ran.all())
	})
}

func TestRetryAndDropByAPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{}))
		repaired := false
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			if !repaired {
				return queue.Bury(errors.New("broken"))
			}
			return queue.Done()
		})
		a := enqueue(t, db, "a", store.Unique("a"), store.Ordered("k"))
		b := enqueue(t, db, "b", store.Unique("b"), store.Ordered("k"))
		require.Equal(t, queue.Ran{Failed: 2}, drain(t, q))
		repaired = true
		in := func(fn func(tx *store.Tx) error) error { return db.InTx(t.Context(), fn) }

		require.NoError(t, in(func(tx *store.Tx) error {
			was, err := tx.RetryJob(a)
			require.Equal(t, store.JobBuried, was.State)
			return err
		}))
		require.NoError(t, in(func(tx *store.Tx) error { _, err := tx.DropJob(b); return err }))
		require.Equal(t, queue.Ran{Done: 1}, drain(t, q))
		require.Equal(t, store.JobDone, job(t, db, a).State)
		require.Equal(t, store.JobCancelled, job(t, db, b).State)

		require.ErrorIs(t, in(func(tx *store.Tx) error { _, err := tx.RetryJob(a); return err }), store.ErrNotFound)
		require.ErrorIs(t, in(func(tx *store.Tx) error { _, err := tx.DropJob(b); return err }), store.ErrNotFound)
		require.ErrorIs(t, in(func(tx *store.Tx) error { _, err := tx.DropJob(1 << 40); return err }), store.ErrNotFound)

		repaired = false
		c := enqueue(t, db, "c", store.Unique("c"))
		drain(t, q)
		enqueue(t, db, "newer", store.Unique("c"), store.At(clock.Now().Add(time.Hour)))
		require.ErrorIs(t, in(func(tx *store.Tx) error { _, err := tx.RetryJob(c); return err }), store.ErrDuplicate)
	})
}

func TestJobListsAndCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{MachineNow: machine().Now}))
		queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome {
			switch args.Name {
			case "bury":
				return queue.Bury(errors.New("broken"))
			case "retry":
				return queue.Retry(errors.New("busy"))
			}
			return queue.Done()
		})
		for _, name := range []string{"done", "bury", "retry"} {
			enqueue(t, db, name, store.Ordered(name))
		}
		drain(t, q)
		enqueue(t, db, "blocked", store.Ordered("retry"))
		due := clock.Now().Add(time.Hour)
		enqueue(t, db, "timer", store.At(due))
		enqueue(t, db, "timer", store.At(due))
		enqueue(t, db, "ready")
		r := db.Reader(t.Context())

		counts, err := r.JobCounts()
		require.NoError(t, err)
		require.Equal(t, []store.JobCount{
			{Kind: "test.step", State: store.JobWaiting, Count: 2},
			{Kind: "test.step", State: store.JobWaiting, Due: true, Count: 1},
			{Kind: "test.step", State: store.JobBlocked, Count: 1},
			{Kind: "test.step", State: store.JobRetry, Count: 1},
			{Kind: "test.step", State: store.JobBuried, Count: 1},
		}, counts)
		oldest, ok, err := r.OldestDueJob()
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, clock.Now(), oldest)
		for want, f := range map[int]store.JobFilter{
			7: {},
			1: {State: store.JobBuried},
			0: {Kind: "test.nobody"},
			5: {DueBefore: clock.Now().Add(time.Second)},
			3: {Limit: 3},
		} {
			jobs, err := r.Jobs(f)
			require.NoError(t, err)
			require.Len(t, jobs, want, "%+v", f)
		}
	})
}
