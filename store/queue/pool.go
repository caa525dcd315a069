package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"guiju/store"
)

// pool is what runs between Start and Stop.
type pool struct {
	tasks        chan *task // claimed, for a worker to take
	ended        chan *task // done without effects, for the finisher
	stopClaiming context.CancelFunc
	cancelRuns   context.CancelFunc
	stopStoring  context.CancelFunc
	running      sync.WaitGroup // claimer and workers
	finishing    sync.WaitGroup // finisher
	keeping      sync.WaitGroup // keeper
}

// Claims are batches of at most claimMany; a batch below claimFew is not worth
// a transaction while workers are busy.
const (
	claimMany = 100
	claimFew  = 10
	// gather is the least time between two claims that find little: under a
	// steady trickle each takes several jobs instead of one.
	gather = 5 * time.Millisecond
	// lookAgain is how soon after a claim the next look is: on MySQL a claim
	// passes over rows whose neighbours another transaction locks just then.
	lookAgain = 20 * time.Millisecond
)

// Start runs claimer, workers, finisher and keeper until Stop. The end of ctx
// ends running workers, as a Stop without patience would; call Stop all the
// same. A database that is away is waited for.
func (q *Queue) Start(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.pool != nil {
		return errors.New("queue: started already")
	}
	p := &pool{
		tasks: make(chan *task, q.workers+claimMany),
		ended: make(chan *task, 10*finishMany),
	}
	claiming, stopClaiming := context.WithCancel(ctx)
	runs, cancelRuns := context.WithCancel(ctx)
	storing, stopStoring := context.WithCancel(context.WithoutCancel(ctx))
	p.stopClaiming, p.cancelRuns, p.stopStoring = stopClaiming, cancelRuns, stopStoring
	q.pool = p
	p.running.Go(func() { q.claimLoop(claiming, storing, p) })
	for range q.workers {
		p.running.Go(func() {
			for t := range p.tasks {
				q.work(runs, storing, p.ended, t)
			}
		})
	}
	p.finishing.Go(func() { q.finishLoop(storing, p) })
	p.keeping.Go(func() { q.keepLoop(storing) })
	return nil
}

// Stop claims nothing more, gives back what no worker has begun, and waits for
// running jobs. When ctx ends first their contexts end, and those that answer
// Retry within a second are given back without counting the attempt. The
// error names how many still run; their leases will end.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	p := q.pool
	q.pool = nil
	q.mu.Unlock()
	if p == nil {
		return nil
	}
	p.stopClaiming()
	idle := make(chan struct{})
	go func() {
		p.running.Wait()
		close(p.ended)
		p.finishing.Wait()
		p.stopStoring()
		p.keeping.Wait()
		close(idle)
	}()
	defer p.stopStoring()
	select {
	case <-idle:
	case <-ctx.Done():
		p.cancelRuns()
		select {
		case <-idle:
		case <-time.After(time.Second):
			q.mu.Lock()
			defer q.mu.Unlock()
			return fmt.Errorf("stop queue: %d jobs still run: %w", len(q.hand), ctx.Err())
		}
	}
	p.cancelRuns()
	return nil
}

// claimLoop keeps the workers busy. It takes no more ahead of them than they
// finish in a quarter of a second, so that jobs which are slow here are left
// to other processes.
func (q *Queue) claimLoop(claiming, storing context.Context, p *pool) {
	defer close(p.tasks)
	tookBack, failing, woken := false, false, true
	ahead, measured, ended := claimFew, time.Now(), q.ended.Load()
	for claiming.Err() == nil {
		if passed := time.Since(measured); passed >= 50*time.Millisecond {
			rate := float64(q.ended.Load()-ended) / passed.Seconds()
			ahead = min(max(int(rate/4), claimFew), claimMany)
			measured, ended = time.Now(), q.ended.Load()
		}
		room, changed := q.room(ahead)
		if room < claimFew {
			select {
			case <-changed:
			case <-claiming.Done():
			}
			continue
		}
		got, err := 0, error(nil)
		if !tookBack {
			err = q.takeBack(storing, q.name)
			tookBack = err == nil
		}
		if err == nil && !woken {
			woken, err = q.due(claiming)
		}
		if err == nil && woken {
			got, err = q.claimInto(storing, p.tasks, room)
		}
		if err != nil && !failing && claiming.Err() == nil {
			q.log.Error("jobs cannot be claimed, trying on", "error", err)
		} else if err == nil && failing {
			q.log.Info("jobs can be claimed again")
		}
		failing = err != nil
		wait := q.poll
		if woken && !failing {
			wait = min(wait, lookAgain)
		}
		if woken = got == room; !woken {
			woken = q.rest(claiming, wait, failing)
		}
	}
	q.giveBack(storing, p.tasks)
}

// room is how many jobs may be claimed now, and what is closed when that
// changes.
func (q *Queue) room(ahead int) (int, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return min(q.workers+ahead-q.waiting, claimMany), q.changed
}

// due says whether it is worth claiming. It asks outside any transaction, so
// that a queue at rest leaves SQLite's one writer alone.
func (q *Queue) due(ctx context.Context) (bool, error) {
	r := q.db.Reader(ctx)
	machine, err := q.machineNow(r)
	if err != nil {
		return false, err
	}
	return r.JobsDue(q.runnable(), machine)
}

func (q *Queue) claimInto(ctx context.Context, tasks chan<- *task, n int) (int, error) {
	claimed, err := q.claim(ctx, n)
	for _, t := range claimed {
		tasks <- t // room for workers+claimMany: never blocks
	}
	return len(claimed), err
}

// rest waits for a wake-up and says whether one came before the wait was over.
// After an error wake-ups do not shorten it, and it asks for a claim.
func (q *Queue) rest(ctx context.Context, wait time.Duration, failing bool) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	wake := q.wake
	if failing {
		wake = nil
	}
	select {
	case <-wake:
		sleep(ctx, gather)
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return failing
}

// giveBack releases what no worker has begun.
func (q *Queue) giveBack(ctx context.Context, tasks <-chan *task) {
	var left []*task
	for {
		select {
		case t := <-tasks:
			left = append(left, t)
			continue
		default:
		}
		break
	}
	if len(left) == 0 {
		return
	}
	claims := make([]store.Claim, len(left))
	for i, t := range left {
		claims[i] = t.Claim
	}
	err := q.db.InBackground(ctx, func(tx *store.Tx) error { return tx.ReleaseJobs(claims) })
	if err != nil {
		q.log.Error("jobs not given back; they run again when their lease has ended", "jobs", len(left), "error", err)
	}
	for _, t := range left {
		q.finishing()
		q.drop(t, released)
	}
}

// work runs one job and sees to its end. A plain Done goes to the finisher,
// so that the worker goes on while it is stored.
func (q *Queue) work(runs, storing context.Context, ended chan<- *task, t *task) {
	o := Outcome{kind: released}
	if runs.Err() == nil && !q.held(t.kind) {
		o = q.run(runs, t)
	}
	q.ended.Add(1)
	if o.kind == done && len(o.effects) == 0 {
		ended <- t
		q.finishing()
		return
	}
	q.finish(storing, t, o)
	q.finishing()
}

// finishLoop stores plain ends, as many at once as have come together.
func (q *Queue) finishLoop(ctx context.Context, p *pool) {
	for t := range p.ended {
		batch := []*task{t}
		for more := true; more && len(batch) < finishMany; {
			select {
			case t, ok := <-p.ended:
				if more = ok; ok {
					batch = append(batch, t)
				}
			default:
				more = false
			}
		}
		q.finishAll(ctx, batch)
	}
}
