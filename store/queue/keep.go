package queue

import (
	"context"
	"time"

	"guiju/store"
)

// keepLoop does what time asks for: three times per lease it renews the leases
// in hand and takes back those that others let run out; each minute it tidies.
func (q *Queue) keepLoop(ctx context.Context) {
	beat := time.NewTicker(q.lease / 3)
	defer beat.Stop()
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	q.tidy(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			q.renew(ctx)
			if err := q.takeBack(ctx, ""); err != nil && ctx.Err() == nil {
				q.log.Error("leases of dead processes not taken back, trying on", "error", err)
			}
		case <-minute.C:
			q.tidy(ctx)
		}
	}
}

// renew moves the end of the leases in hand. A worker that overran its timeout
// by a lease is given up: its job may run elsewhere, and it can store nothing.
func (q *Queue) renew(ctx context.Context) {
	var claims []store.Claim
	q.mu.Lock()
	for c, t := range q.hand {
		if t.begun.IsZero() || time.Since(t.begun) < t.kind.timeout+q.lease {
			claims = append(claims, c)
		}
	}
	q.mu.Unlock()
	for len(claims) > 0 {
		some := claims[:min(len(claims), claimMany)]
		claims = claims[len(some):]
		var lostIDs []int64
		err := q.db.InBackground(ctx, func(tx *store.Tx) error {
			machine, err := q.machineNow(&tx.Reader)
			if err != nil {
				return err
			}
			lostIDs, err = tx.RenewJobs(some, machine.Add(q.lease))
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				q.log.Error("leases not renewed, trying on", "jobs", len(some), "error", err)
			}
			return
		}
		q.abandon(lostIDs)
	}
}

// abandon ends the contexts of workers whose claim no longer holds.
func (q *Queue) abandon(ids []int64) {
	gone := map[int64]bool{}
	for _, id := range ids {
		gone[id] = true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for c, t := range q.hand {
		if gone[c.ID] && t.cancel != nil {
			t.cancel(store.ErrLeaseLost)
		}
	}
}

// takeBack ends leases that ran out, or, with an owner, all of that owner.
func (q *Queue) takeBack(ctx context.Context, owner string) error {
	for n := claimMany; n == claimMany; {
		err := q.db.InBackground(ctx, func(tx *store.Tx) error {
			machine, err := q.machineNow(&tx.Reader)
			if err != nil {
				return err
			}
			n, err = tx.TakeBackJobs(machine, owner, claimMany)
			return err
		})
		if err != nil {
			return err
		}
		if n > 0 {
			q.log.Warn("took back jobs whose process died or was silent", "jobs", n, "owner", owner)
		}
	}
	return nil
}

// tidy deletes old rows and buries what nobody can run. Errors are logged: the
// next minute tries again.
func (q *Queue) tidy(ctx context.Context) {
	for n := claimMany; n == claimMany && ctx.Err() == nil; {
		err := q.db.InBackground(ctx, func(tx *store.Tx) (err error) {
			n, err = tx.PurgeJobs(claimMany)
			return err
		})
		if err != nil {
			q.log.Error("old jobs not deleted, trying on", "error", err)
			return
		}
	}
	if err := q.buryUnknown(ctx); err != nil && ctx.Err() == nil {
		q.log.Error("jobs of unknown kinds not set aside, trying on", "error", err)
	}
}

// unknownPatience is how long a due job of a kind without a worker waits on
// MySQL. Claims ask for known kinds only, so while a new version is rolled out
// its jobs are simply left to the processes that know them; a day later nobody
// will. SQLite has one process: there nobody else can come.
const unknownPatience = 24 * time.Hour

func (q *Queue) buryUnknown(ctx context.Context) error {
	before := q.db.Now()
	if q.db.Dialect() == "mysql" {
		before = before.Add(-unknownPatience)
	}
	known := q.known()
	for n := claimMany; n == claimMany; {
		var jobs []store.Job
		err := q.db.InBackground(ctx, func(tx *store.Tx) (err error) {
			jobs, err = tx.BuryUnknownJobs(known, before, claimMany)
			return err
		})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			q.log.Error("job set aside: no worker knows its kind", "kind", j.Kind, "job", j.ID)
			q.failed.Add(1)
			q.observe(Observation{Kind: j.Kind, Outcome: bury})
		}
		n = len(jobs)
	}
	return nil
}
