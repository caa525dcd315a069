package store

import (
	"fmt"
	"time"
)

// How a claimed job ends. Every method checks the token in the statement that
// writes, and answers ErrLeaseLost when the claim no longer holds: then the
// transaction must not commit.

// endJob are the columns of a job that has ended, with the arguments state,
// wake_at, last_error and finished_at. Its keys are free again; the key of a
// once job never is.
const endJob = `state = ?, wake_at = CASE WHEN once THEN NULL ELSE ? END, last_error = ?, finished_at = ?,
	token = 0, owner = '', order_head = NULL, order_tail = NULL, rerun_at = NULL, rerun_args = NULL,
	unique_slot = CASE WHEN once THEN unique_slot ELSE NULL END`

// CompleteJobs ends many jobs well in one go: all, or none with ErrLeaseLost;
// then the caller ends them one by one.
func (tx *Tx) CompleteJobs(claims []Claim) error {
	now := tx.Now()
	for token, ids := range byToken(claims) {
		in, list := idList(ids)
		args := append([]any{string(JobDone), now.Add(JobKept), "", now, token}, list...)
		n, err := tx.changed("UPDATE jobs SET "+endJob+" WHERE token = ? AND state = 'running' AND rerun_at IS NULL AND id IN "+in, args...)
		if err != nil {
			return fmt.Errorf("complete %d jobs: %w", len(ids), err)
		}
		if n != int64(len(ids)) {
			return fmt.Errorf("complete %d jobs, %d could be: %w", len(ids), n, ErrLeaseLost)
		}
	}
	for _, c := range claims {
		if err := tx.promote(c.OrderKey); err != nil {
			return fmt.Errorf("complete job %d: %w", c.ID, err)
		}
	}
	return nil
}

// CompleteJob ends a job well.
func (tx *Tx) CompleteJob(c Claim) error {
	if err := tx.end(c, JobDone, tx.Now().Add(JobKept), ""); err != nil {
		return fmt.Errorf("complete job %d: %w", c.ID, err)
	}
	return nil
}

// BuryJob sets a job aside for a person; reason is cut to 500 bytes. The next
// job of its order key goes on.
func (tx *Tx) BuryJob(c Claim, reason string) error {
	if err := tx.end(c, JobBuried, nil, clip(reason, maxJobError)); err != nil {
		return fmt.Errorf("bury job %d: %w", c.ID, err)
	}
	return nil
}

func (tx *Tx) end(c Claim, state JobState, deleted any, reason string) error {
	args := []any{string(state), deleted, reason, tx.Now(), c.ID, c.Token}
	const held = " WHERE id = ? AND token = ? AND state = 'running'"
	n, err := tx.changed("UPDATE jobs SET "+endJob+held+" AND rerun_at IS NULL", args...)
	if err != nil {
		return err
	}
	if n == 1 {
		return tx.promote(c.OrderKey)
	}
	again := Job{ID: c.ID}
	var body string
	found, err := tx.one("SELECT kind, rerun_args, rerun_at, max_attempts, order_key, unique_key FROM jobs WHERE id = ? AND token = ? AND state = 'running'"+tx.forUpdate(),
		[]any{c.ID, c.Token}, &again.Kind, &body, &again.RunAt, &again.MaxAttempts, &again.OrderKey, &again.UniqueKey)
	if err != nil {
		return err
	}
	if !found {
		return ErrLeaseLost
	}
	if _, err := tx.exec("UPDATE jobs SET "+endJob+held, args...); err != nil {
		return err
	}
	if err := tx.promote(c.OrderKey); err != nil {
		return err
	}
	again.ID, again.Args = 0, []byte(body)
	if _, err := tx.insertJob(&again); err != nil {
		return fmt.Errorf("enqueue once more: %w", err)
	}
	tx.enqueued = true
	return nil
}

// promote makes the first follower of an order key its head.
func (tx *Tx) promote(key string) error {
	if key == "" {
		return nil
	}
	var id int64
	found, err := tx.one("SELECT id FROM jobs WHERE order_tail = ? ORDER BY entered, run_at, id LIMIT 1"+tx.forUpdate(), []any{key}, &id)
	if err != nil || !found {
		return err
	}
	tx.enqueued = true
	_, err = tx.exec("UPDATE jobs SET state = 'waiting', wake_at = run_at, order_head = order_key, order_tail = NULL WHERE id = ?", id)
	return err
}

// maxSnoozes bounds how often a job may be put off, because the head of an
// order key blocks the rest while it sleeps.
const maxSnoozes = 1000

// SnoozeJob puts a job off to the business time until, at least a second
// ahead. It is not an attempt. The thousandth time buries it.
func (tx *Tx) SnoozeJob(c Claim, until time.Time) error {
	if soonest := tx.Now().Add(time.Second); until.Before(soonest) {
		until = soonest
	}
	until = cut(until)
	n, err := tx.changed(`UPDATE jobs SET state = 'waiting', run_at = ?, wake_at = ?, attempt = attempt - 1, snoozes = snoozes + 1,
		token = 0, owner = '' WHERE id = ? AND token = ? AND state = 'running' AND snoozes < ?`, until, until, c.ID, c.Token, maxSnoozes-1)
	if err != nil {
		return fmt.Errorf("snooze job %d: %w", c.ID, err)
	}
	if n == 1 {
		return nil
	}
	return tx.BuryJob(c, fmt.Sprintf("put off %d times", maxSnoozes))
}

// RetryJobAt counts a failed attempt and lets the job run again from the
// machine time at.
func (tx *Tx) RetryJobAt(c Claim, at time.Time, reason string) error {
	n, err := tx.changed("UPDATE jobs SET state = 'retry', wake_at = ?, last_error = ?, token = 0, owner = '' WHERE id = ? AND token = ? AND state = 'running'",
		cut(at), clip(reason, maxJobError), c.ID, c.Token)
	if err != nil {
		return fmt.Errorf("retry job %d: %w", c.ID, err)
	}
	if n == 0 {
		return fmt.Errorf("retry job %d: %w", c.ID, ErrLeaseLost)
	}
	return nil
}

// HoldsJob answers ErrLeaseLost when the claim no longer holds. With lock the
// answer stays true until this transaction ends; lock last, because callbacks
// lock an aggregate first and its jobs after.
func (tx *Tx) HoldsJob(c Claim, lock bool) error {
	query := "SELECT id FROM jobs WHERE id = ? AND token = ? AND state = 'running'"
	if lock {
		query += tx.forUpdate()
	}
	var id int64
	found, err := tx.one(query, []any{c.ID, c.Token}, &id)
	if err == nil && !found {
		err = ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("job %d: %w", c.ID, err)
	}
	return nil
}

// CancelJobs gives up the unfinished job of this kind and unique key and
// answers how many that were, 0 or 1. One that is running may still do what
// it does outside, but stores nothing.
func (tx *Tx) CancelJobs(kind, uniqueKey string) (int, error) {
	var id int64
	found, err := tx.one("SELECT id FROM jobs WHERE kind = ? AND unique_slot = ? AND finished_at IS NULL"+tx.forUpdate(), []any{kind, uniqueKey}, &id)
	if err != nil {
		return 0, fmt.Errorf("cancel %s: %w", kind, err)
	}
	if !found {
		return 0, nil
	}
	if _, err := tx.DropJob(id); err != nil {
		return 0, fmt.Errorf("cancel %s: %w", kind, err)
	}
	return 1, nil
}

// DropJob gives up one unfinished or buried job for good and answers what it
// was, for the audit row of the same transaction. ErrNotFound when there is no
// such job or it has ended.
func (tx *Tx) DropJob(id int64) (Job, error) {
	job, err := tx.lockJob(id)
	if err == nil && !job.State.Unfinished() && job.State != JobBuried {
		err = fmt.Errorf("is %s: %w", job.State, ErrNotFound)
	}
	if err != nil {
		return Job{}, fmt.Errorf("drop job %d: %w", id, err)
	}
	now := tx.Now()
	_, err = tx.exec("UPDATE jobs SET "+endJob+" WHERE id = ?", string(JobCancelled), now.Add(JobKept), job.LastError, now, id)
	if err == nil && job.head {
		err = tx.promote(job.OrderKey)
	}
	if err != nil {
		return Job{}, fmt.Errorf("drop job %d: %w", id, err)
	}
	return job.Job, nil
}

// RetryJob makes a buried job, or one in its pause, due at once with all its
// attempts, and answers what it was, for the audit row of the same
// transaction. A job with an order key goes to the end of its order.
// ErrDuplicate when a newer job holds its unique key; ErrNotFound when there
// is no such job or it is in another state.
func (tx *Tx) RetryJob(id int64) (Job, error) {
	job, err := tx.lockJob(id)
	if err == nil && job.State != JobBuried && job.State != JobRetry {
		err = fmt.Errorf("is %s, not buried or retry: %w", job.State, ErrNotFound)
	}
	if err == nil {
		err = tx.revive(job)
	}
	if err != nil {
		return Job{}, fmt.Errorf("retry job %d: %w", id, err)
	}
	tx.enqueued = true
	return job.Job, nil
}

func (tx *Tx) revive(job lockedJob) error {
	if job.State == JobRetry {
		_, err := tx.exec("UPDATE jobs SET state = 'waiting', wake_at = run_at, attempt = 0 WHERE id = ?", job.ID)
		return err
	}
	job.RunAt = tx.Now()
	p, err := tx.placeFor(&job.Job, job.RunAt)
	if err != nil {
		return err
	}
	_, err = tx.exec(`UPDATE jobs SET state = ?, run_at = ?, wake_at = ?, attempt = 0, snoozes = 0, order_head = ?, order_tail = ?, entered = ?,
		unique_slot = ?, finished_at = NULL WHERE id = ?`, string(p.state), job.RunAt, p.wake, p.head, p.tail, p.entered, p.slot, job.ID)
	return err
}

// lockedJob is a row that this transaction may change.
type lockedJob struct {
	Job
	head bool // it is the head of its order key
}

func (tx *Tx) lockJob(id int64) (lockedJob, error) {
	var rows []struct {
		Job
		OrderHead *string
	}
	query := tx.g.Raw("SELECT * FROM jobs WHERE id = ?"+tx.forUpdate(), id)
	if err := query.Scan(&rows).Error; err != nil {
		return lockedJob{}, translate(err)
	}
	if len(rows) == 0 {
		return lockedJob{}, ErrNotFound
	}
	return lockedJob{rows[0].Job, rows[0].OrderHead != nil}, nil
}
