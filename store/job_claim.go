package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrLeaseLost says that the job is no longer this claim's: its lease ran out
// and another took it over, or it was cancelled, or its end is already stored.
var ErrLeaseLost = errors.New("lease lost")

// Claim proves that a process may run and finish a job. It holds as long as
// the row still carries its token.
type Claim struct {
	ID       int64
	Token    int64
	OrderKey string // the job's; its end promotes the next of the key
}

// ClaimJobs is what Tx.ClaimJobs takes.
type ClaimJobs struct {
	Kinds   []string // only these
	Limit   int      // at most this many, 1 to 100
	Owner   string
	Token   int64 // new and random for each call, not 0
	Machine time.Time
	Lease   time.Duration
}

// ClaimedJob is a job whose state is now running.
type ClaimedJob struct {
	Job
	Claim Claim
}

// MachineNow is the clock of leases and pauses: the database server's on
// MySQL, so that replicas agree, this machine's on SQLite.
func (r *Reader) MachineNow() (time.Time, error) {
	if !r.mysql() {
		return cut(time.Now()), nil
	}
	var now time.Time
	if _, err := r.one("SELECT UTC_TIMESTAMP(3)", nil, &now); err != nil {
		return time.Time{}, fmt.Errorf("clock of the database: %w", err)
	}
	return now.UTC(), nil
}

// ClaimJobs takes due jobs, those whose pause has ended first, then by due
// time. Rows another process is claiming are passed over.
func (tx *Tx) ClaimJobs(c ClaimJobs) ([]ClaimedJob, error) {
	if len(c.Kinds) == 0 {
		return nil, nil
	}
	jobs, err := tx.claimable(JobRetry, c.Machine, c.Kinds, (c.Limit+1)/2)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	if left := c.Limit - len(jobs); left > 0 {
		due, err := tx.claimable(JobWaiting, tx.Now(), c.Kinds, left)
		if err != nil {
			return nil, fmt.Errorf("claim: %w", err)
		}
		jobs = append(jobs, due...)
	}
	if len(jobs) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(jobs))
	for i := range jobs {
		ids[i] = jobs[i].ID
		jobs[i].State, jobs[i].Owner = JobRunning, c.Owner
		jobs[i].Attempt++
		jobs[i].Claim = Claim{ID: jobs[i].ID, Token: c.Token, OrderKey: jobs[i].OrderKey}
	}
	in, args := idList(ids)
	args = append([]any{c.Token, c.Owner, c.Machine.Add(c.Lease)}, args...)
	if _, err := tx.exec("UPDATE jobs SET state = 'running', attempt = attempt + 1, token = ?, owner = ?, wake_at = ? WHERE id IN "+in, args...); err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return jobs, nil
}

// claimable locks and reads at most limit jobs of one state whose time has
// come. A timer with an order key enters its order here; those that have to
// wait behind a head are left out.
func (tx *Tx) claimable(state JobState, now time.Time, kinds []string, limit int) ([]ClaimedJob, error) {
	in, args := textList(kinds)
	args = append([]any{string(state), now}, args...)
	var jobs []ClaimedJob
	var entering int
	err := tx.each(`SELECT id, kind, args, run_at, attempt, max_attempts, snoozes, order_key, order_head IS NULL, unique_key, once, created_at
		FROM `+tx.byWake()+` WHERE state = ? AND wake_at <= ? AND kind IN `+in+` ORDER BY wake_at, id`+first(limit)+tx.skipLocked(), args,
		func(rows *sql.Rows) error {
			var j ClaimedJob
			var outside bool
			if err := rows.Scan(&j.ID, &j.Kind, &j.Args, &j.RunAt, &j.Attempt, &j.MaxAttempts, &j.Snoozes, &j.OrderKey, &outside, &j.UniqueKey, &j.Once, &j.CreatedAt); err != nil {
				return err
			}
			j.RunAt, j.CreatedAt = j.RunAt.UTC(), j.CreatedAt.UTC()
			if j.OrderKey != "" && outside {
				entering++
				j.State = JobBlocked // until it is known to be the head
			}
			jobs = append(jobs, j)
			return nil
		})
	if err != nil || entering == 0 {
		return jobs, err
	}
	heads := jobs[:0]
	for _, j := range jobs {
		if j.State == JobBlocked {
			head, err := tx.enterTimer(j.ID, j.OrderKey)
			if err != nil {
				return nil, err
			}
			if !head {
				continue
			}
		}
		heads = append(heads, j)
	}
	return heads, nil
}

// enterTimer puts a timer that has fallen due into its order and says whether
// it became the head.
func (tx *Tx) enterTimer(id int64, key string) (bool, error) {
	blocked, at, err := tx.enterOrder(key)
	if err != nil {
		return false, err
	}
	if blocked {
		_, err = tx.exec("UPDATE jobs SET state = 'blocked', wake_at = NULL, order_tail = ?, entered = ? WHERE id = ?", key, at, id)
		return false, err
	}
	_, err = tx.exec("UPDATE jobs SET order_head = ? WHERE id = ?", key, id)
	if errors.Is(err, ErrDuplicate) { // another transaction's job became the head just now
		return false, nil
	}
	return err == nil, err
}

// JobsDue says whether a job of these kinds could be claimed now.
func (r *Reader) JobsDue(kinds []string, machine time.Time) (bool, error) {
	if len(kinds) == 0 {
		return false, nil
	}
	in, words := textList(kinds)
	for _, c := range []struct {
		state JobState
		now   time.Time
	}{{JobWaiting, r.Now()}, {JobRetry, machine}} {
		var id int64
		args := append([]any{string(c.state), c.now}, words...)
		due, err := r.one("SELECT id FROM "+r.byWake()+" WHERE state = ? AND wake_at <= ? AND kind IN "+in+" LIMIT 1", args, &id)
		if err != nil || due {
			return due, err
		}
	}
	return false, nil
}

// RenewJobs moves the end of the leases and answers the ids of the claims that
// no longer hold.
func (tx *Tx) RenewJobs(claims []Claim, until time.Time) (lost []int64, err error) {
	for token, ids := range byToken(claims) {
		in, list := idList(ids)
		args := append([]any{until, token}, list...)
		n, err := tx.changed("UPDATE jobs SET wake_at = ? WHERE token = ? AND state = 'running' AND id IN "+in, args...)
		if err != nil {
			return nil, fmt.Errorf("renew leases: %w", err)
		}
		if n == int64(len(ids)) {
			continue
		}
		held := map[int64]bool{}
		err = tx.each("SELECT id FROM jobs WHERE token = ? AND state = 'running' AND id IN "+in, args[1:], func(rows *sql.Rows) error {
			var id int64
			defer func() { held[id] = true }()
			return rows.Scan(&id)
		})
		if err != nil {
			return nil, fmt.Errorf("renew leases: %w", err)
		}
		for _, id := range ids {
			if !held[id] {
				lost = append(lost, id)
			}
		}
	}
	return lost, nil
}

// ReleaseJobs gives claims back unused: the jobs are due at once and the
// attempt does not count. Claims that no longer hold are passed over.
func (tx *Tx) ReleaseJobs(claims []Claim) error {
	for token, ids := range byToken(claims) {
		in, list := idList(ids)
		args := append([]any{token}, list...)
		if _, err := tx.exec("UPDATE jobs SET state = 'waiting', wake_at = run_at, attempt = attempt - 1, token = 0, owner = '' WHERE token = ? AND state = 'running' AND id IN "+in, args...); err != nil {
			return fmt.Errorf("release: %w", err)
		}
	}
	return nil
}

// TakeBackJobs ends the leases of at most limit jobs whose lease ran out at
// the machine time now, or, with an owner, of all that this owner holds: what
// a process of the same name left when it died. They wait again; one whose
// attempts are used up is buried.
func (tx *Tx) TakeBackJobs(machine time.Time, owner string, limit int) (int, error) {
	where, args, lock := "wake_at <= ?", []any{machine}, tx.skipLocked()
	if owner != "" {
		// Asked once, at start: a row passed over would wait for its lease.
		where, args, lock = "owner = ?", []any{owner}, tx.forUpdate()
	}
	var jobs []ClaimedJob
	err := tx.each("SELECT id, token, order_key, attempt, max_attempts, owner FROM "+tx.byWake()+" WHERE state = 'running' AND "+where+" ORDER BY wake_at, id"+first(limit)+lock,
		args, func(rows *sql.Rows) error {
			var j ClaimedJob
			if err := rows.Scan(&j.ID, &j.Claim.Token, &j.OrderKey, &j.Attempt, &j.MaxAttempts, &j.Owner); err != nil {
				return err
			}
			j.Claim.ID, j.Claim.OrderKey = j.ID, j.OrderKey
			jobs = append(jobs, j)
			return nil
		})
	if err != nil {
		return 0, fmt.Errorf("take back: %w", err)
	}
	for _, j := range jobs {
		if j.Attempt >= j.MaxAttempts {
			err = tx.BuryJob(j.Claim, fmt.Sprintf("attempt %d of %d ended with its process, %q", j.Attempt, j.MaxAttempts, j.Owner))
		} else {
			_, err = tx.exec("UPDATE jobs SET state = 'waiting', wake_at = run_at, token = 0, owner = '' WHERE id = ?", j.ID)
			tx.enqueued = true
		}
		if err != nil {
			return 0, fmt.Errorf("take back job %d: %w", j.ID, err)
		}
	}
	return len(jobs), nil
}

func byToken(claims []Claim) map[int64][]int64 {
	groups := map[int64][]int64{}
	for _, c := range claims {
		groups[c.Token] = append(groups[c.Token], c.ID)
	}
	return groups
}
