package store

import (
	"database/sql"
	"fmt"
	"time"
)

// Job reads one job.
func (r *Reader) Job(id int64) (Job, error) {
	var job Job
	if err := r.g.Take(&job, "id = ?", id).Error; err != nil {
		return Job{}, fmt.Errorf("job %d: %w", id, translate(err))
	}
	return job, nil
}

// JobFilter narrows Jobs; the zero value takes all.
type JobFilter struct {
	State     JobState
	Kind      string
	DueBefore time.Time // due before this business time
	After     int64     // ids above this one, to read on
	Limit     int       // 50 when 0, at most 500
}

// Jobs lists jobs by id.
func (r *Reader) Jobs(f JobFilter) ([]Job, error) {
	q := r.g.Where("id > ?", f.After)
	if f.State != "" {
		q = q.Where("state = ?", string(f.State))
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if !f.DueBefore.IsZero() {
		q = q.Where("run_at < ?", f.DueBefore)
	}
	jobs := []Job{}
	if err := q.Order("id").Limit(page(f.Limit)).Find(&jobs).Error; err != nil {
		return nil, fmt.Errorf("jobs: %w", translate(err))
	}
	return jobs, nil
}

// JobCount is how many jobs of a kind are in a state.
type JobCount struct {
	Kind  string
	State JobState
	Due   bool // waiting: its time has come
	Count int
}

// JobCounts counts what is not done or cancelled, for metrics.
func (r *Reader) JobCounts() ([]JobCount, error) {
	counts := []JobCount{}
	for _, state := range []JobState{JobWaiting, JobBlocked, JobRunning, JobRetry, JobBuried} {
		err := r.each("SELECT kind, CASE WHEN wake_at <= ? THEN 1 ELSE 0 END AS due, COUNT(*) FROM "+r.byWake()+" WHERE state = ? GROUP BY kind, due ORDER BY kind, due",
			[]any{r.Now(), string(state)}, func(rows *sql.Rows) error {
				c := JobCount{State: state}
				err := rows.Scan(&c.Kind, &c.Due, &c.Count)
				c.Due = c.Due && state == JobWaiting
				counts = append(counts, c)
				return err
			})
		if err != nil {
			return nil, fmt.Errorf("count jobs: %w", err)
		}
	}
	return counts, nil
}

// OldestDueJob is the business time of the job that has waited longest for a
// worker; false when none waits.
func (r *Reader) OldestDueJob() (time.Time, bool, error) {
	return r.wakeTime("wake_at <= ?")
}

// NextJobDue is the earliest business time to come at which an unfinished job
// falls due; false when there is none.
func (r *Reader) NextJobDue() (time.Time, bool, error) {
	return r.wakeTime("wake_at > ?")
}

func (r *Reader) wakeTime(where string) (time.Time, bool, error) {
	var at time.Time
	found, err := r.one("SELECT wake_at FROM "+r.byWake()+" WHERE state = 'waiting' AND "+where+" ORDER BY wake_at, id LIMIT 1", []any{r.Now()}, &at)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("due jobs: %w", err)
	}
	return at.UTC(), found, nil
}

// StalledJobs counts what is due now and yet cannot run now: jobs in their
// pause after a failure, what is blocked behind another, and due jobs that no
// kind in runnable covers.
func (r *Reader) StalledJobs(runnable []string) (int, error) {
	total := 0
	count := func(query string, args ...any) error {
		var n int
		_, err := r.one(query, args, &n)
		total += n
		return err
	}
	err := count("SELECT COUNT(*) FROM " + r.byWake() + " WHERE state IN ('retry', 'blocked')")
	if err == nil {
		in, words := textList(append(runnable, ""))
		err = count("SELECT COUNT(*) FROM "+r.byWake()+" WHERE state = 'waiting' AND wake_at <= ? AND kind NOT IN "+in, append([]any{r.Now()}, words...)...)
	}
	if err != nil {
		return 0, fmt.Errorf("count stalled jobs: %w", err)
	}
	return total, nil
}

// BuryUnknownJobs sets aside at most limit jobs that were due before the
// business time and whose kind is not known.
func (tx *Tx) BuryUnknownJobs(known []string, before time.Time, limit int) ([]Job, error) {
	in, words := textList(append(known, ""))
	args := append([]any{before}, words...)
	var jobs []Job
	err := tx.each("SELECT id, kind, order_key, order_head IS NOT NULL FROM "+tx.byWake()+" WHERE state = 'waiting' AND wake_at <= ? AND kind NOT IN "+in+" ORDER BY wake_at, id LIMIT ?"+tx.skipLocked(),
		append(args, limit), func(rows *sql.Rows) error {
			var j Job
			var head bool
			err := rows.Scan(&j.ID, &j.Kind, &j.OrderKey, &head)
			if !head {
				j.OrderKey = "" // a timer that has not entered its order: nothing to promote
			}
			jobs = append(jobs, j)
			return err
		})
	for _, j := range jobs {
		if err != nil {
			break
		}
		reason := fmt.Sprintf("no worker knows the kind %q: a newer version of the program enqueued it, or its worker is gone", j.Kind)
		_, err = tx.exec("UPDATE jobs SET "+endJob+" WHERE id = ?", string(JobBuried), nil, reason, tx.Now(), j.ID)
		if err == nil {
			err = tx.promote(j.OrderKey)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("bury unknown jobs: %w", err)
	}
	return jobs, nil
}

// PurgeJobs deletes at most limit jobs that were done or cancelled more than
// JobKept ago and answers how many. Buried jobs and the keys of once jobs stay.
func (tx *Tx) PurgeJobs(limit int) (int, error) {
	total := 0
	for _, state := range []JobState{JobDone, JobCancelled} {
		var ids []int64
		err := tx.each("SELECT id FROM "+tx.byWake()+" WHERE state = ? AND wake_at <= ? ORDER BY wake_at, id LIMIT ?"+tx.skipLocked(),
			[]any{string(state), tx.Now(), limit - total}, func(rows *sql.Rows) error {
				var id int64
				err := rows.Scan(&id)
				ids = append(ids, id)
				return err
			})
		if err == nil && len(ids) > 0 {
			in, list := idList(ids)
			_, err = tx.exec("DELETE FROM jobs WHERE id IN "+in, list...)
		}
		if err != nil {
			return 0, fmt.Errorf("purge jobs: %w", err)
		}
		total += len(ids)
	}
	return total, nil
}
