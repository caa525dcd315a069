package store

import (
	"fmt"
	"time"
)

// JobRunState is what became of a job of the calendar in one period.
type JobRunState string

// The states of a run.
const (
	JobRunOpen   JobRunState = "open"   // claimed by the transaction that is running it
	JobRunDone   JobRunState = "done"   // ran; never again in this period
	JobRunFailed JobRunState = "failed" // the last try failed
)

// JobRun is one line of the supervision calendar (guide E2.J): a job in one of
// its periods.
type JobRun struct {
	ID     int64
	Name   string // "J-PERM-REVIEW"
	Period string // "2026-03-02", "2026-03", "2026Q2"
	State  JobRunState
	DueAt  time.Time
	RanAt  *time.Time
	Tries  int64
	Missed int64  // periods before this one that were not made up
	Result string // what it did, or the error
}

// TableName is the table; it is also the kind for Tx.Lock.
func (JobRun) TableName() string { return "job_runs" }

func (*JobRun) columns() string {
	return "id, name, period, state, due_at, ran_at, tries, missed, result"
}

func (j *JobRun) fields() []any {
	return []any{&j.ID, &j.Name, &j.Period, &j.State, &j.DueAt, &j.RanAt, &j.Tries, &j.Missed, &j.Result}
}

// JobRan says whether a job has done its work in a period.
func (r *Reader) JobRan(name, period string) (bool, error) {
	var state JobRunState
	_, err := r.one("SELECT state FROM job_runs WHERE name = ? AND period = ?", []any{name, period}, &state)
	if err != nil {
		return false, fmt.Errorf("run of %s in %s: %w", name, period, err)
	}
	return state == JobRunDone, nil
}

// LastJobRun answers the newest run of a job; ErrNotFound when it never ran.
func (r *Reader) LastJobRun(name string) (JobRun, error) {
	run, err := take[JobRun](r, "WHERE name = ? ORDER BY due_at DESC, id DESC LIMIT 1", name)
	if err != nil {
		return run, fmt.Errorf("last run of %s: %w", name, err)
	}
	return run, nil
}

// JobRuns answers the newest runs, of one job or of all when name is empty, in
// one state or all, at most limit.
func (r *Reader) JobRuns(name string, state JobRunState, limit int) ([]JobRun, error) {
	where, args := "WHERE 1 = 1", []any{}
	if name != "" {
		where, args = where+" AND name = ?", append(args, name)
	}
	if state != "" {
		where, args = where+" AND state = ?", append(args, string(state))
	}
	all, err := list[JobRun](r, where+" ORDER BY due_at DESC, id DESC"+first(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("runs of jobs: %w", err)
	}
	return all, nil
}

// ClaimJobRun answers the run of a job in a period, locked until the
// transaction ends: who comes second sees what the first one did.
func (tx *Tx) ClaimJobRun(name, period string, due time.Time) (JobRun, error) {
	fail := func(err error) (JobRun, error) {
		return JobRun{}, fmt.Errorf("claim %s in %s: %w", name, period, err)
	}
	_, err := tx.exec("INSERT INTO job_runs (name, period, state, due_at, tries, missed, result) VALUES (?, ?, ?, ?, 0, 0, '')"+
		tx.upsert("name, period", []string{"name"}), name, period, string(JobRunOpen), cut(due))
	if err != nil {
		return fail(err)
	}
	run, err := take[JobRun](&tx.Reader, "WHERE name = ? AND period = ?"+tx.forUpdate(), name, period)
	if err != nil {
		return fail(err)
	}
	return run, nil
}

// SaveJobRun writes a run that was claimed in this transaction.
func (tx *Tx) SaveJobRun(run *JobRun) error {
	run.Result = clip(run.Result, maxRunResult)
	if _, err := tx.overwrite(run, "id = ?", run.ID); err != nil {
		return fmt.Errorf("save run of %s in %s: %w", run.Name, run.Period, err)
	}
	return nil
}

// hourlyPeriod are the periods of jobs that come round every hour:
// "2026-03-02T10".
const hourlyPeriod = "____-__-__T__"

// maxRunResult bounds what a run may say about itself, in bytes.
const maxRunResult = 4000

// PurgeJobRuns forgets at most 200 runs that were due before an instant, or,
// of jobs that come round every hour and did their work, before another one, and
// answers how many. The newest runs are young: no job loses its last.
func (tx *Tx) PurgeJobRuns(before, hourly time.Time) (int, error) {
	var ids []int64
	err := tx.g.Model(&JobRun{}).
		Where("due_at < ? OR due_at < ? AND state = ? AND period LIKE ?", cut(before), cut(hourly), string(JobRunDone), hourlyPeriod).
		Order("due_at, id").Limit(purgeBatch).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("purge runs of jobs: %w", translate(err))
	}
	if len(ids) == 0 {
		return 0, nil
	}
	if err := tx.g.Where("id IN ?", ids).Delete(&JobRun{}).Error; err != nil {
		return 0, fmt.Errorf("purge runs of jobs: %w", translate(err))
	}
	return len(ids), nil
}
