// Package schedule runs what comes round by the calendar (guide E2.J): jobs
// that are due once in each day, working day, week, month, quarter or year of
// business time. Each coming turn is a timer of the queue, so it survives
// restarts and is shared by all replicas.
//
// A turn runs exactly once: its line in the supervision calendar (job_runs) is
// claimed, and marked done, in the transaction that does the work. The timers
// only wake it; one too many does nothing.
//
// After downtime the missed turns are made up: of months, quarters and years
// each one, oldest first; of days and weeks only the newest, because its work
// covers what the older ones would have done (a contact compare, a list of
// what is due), unless the job says Each. How many were passed over stands in
// the calendar.
//
// The jobs: section of the rulebook moves a job to another time of day or
// switches it off. A change counts at once: a turn that has run stays done, a
// turn that has not runs at its new time. Turns that passed while a job was
// off are not made up.
package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// mostDays bounds how far back the days and weeks of a job with Each are made up.
const mostDays = 62

// Job is something that comes round.
type Job struct {
	Name   string // of guide E2.J: "J-PERM-REVIEW"; a key of jobs:
	Title  string // what it does, for the supervision calendar, in Chinese
	Clause string // of the guide
	When   When
	Each   bool // missed days and weeks are made up one by one too
	// Run does the work of one turn and says what it did, in Chinese. It
	// touches at most 200 rows: larger work is enqueued. An error undoes it;
	// it is tried again and stands in the calendar until it succeeds.
	Run func(tx *store.Tx, p Period) (result string, err error)
}

// Schedule keeps the jobs. Add them first; then it is safe for concurrent use.
type Schedule struct {
	rules func() *policy.Engine
	log   *slog.Logger
	jobs  []Job
}

// New builds an empty schedule.
func New(rules func() *policy.Engine, log *slog.Logger) *Schedule {
	return &Schedule{rules: rules, log: log}
}

// Add adds jobs. It panics on what only a programmer can get wrong.
func (s *Schedule) Add(jobs ...Job) {
	for _, j := range jobs {
		switch _, twice := s.job(j.Name); {
		case twice:
			panic("schedule: job " + j.Name + " twice")
		case !slices.Contains(policy.JobNames(), j.Name):
			panic("schedule: " + j.Name + " is no job of guide E2.J that runs by the calendar")
		case j.Run == nil || j.Title == "" || j.Clause == "":
			panic("schedule: job " + j.Name + " lacks Run, Title or Clause")
		}
		s.jobs = append(s.jobs, j)
	}
}

// Register gives the queue the worker.
func (s *Schedule) Register(q *queue.Queue) { queue.Register(q, s.turn) }

// Turn is the timer of one turn of a job.
type Turn struct {
	Job  string    `json:"job"`
	From time.Time `json:"from"` // start of the period
}

// Kind implements store.JobArgs.
func (Turn) Kind() string { return "schedule.turn" }

// Ensure sees to it that each job's next turn has its timer. Call it at the
// start and whenever the rulebook has changed; it is safe to repeat.
func (s *Schedule) Ensure(tx *store.Tx) error {
	for _, j := range s.jobs {
		if err := s.ensure(tx, j); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schedule) ensure(tx *store.Tx, j Job) error {
	when, on := s.when(j)
	calendar := s.rules().Calendar()
	p, found := when.next(calendar, tx.Now())
	if !on || !found {
		return nil
	}
	ran, err := tx.JobRan(j.Name, p.Key)
	if err != nil {
		return err
	}
	if ran { // moved to a later hour after it had run
		if p, found = when.next(calendar, p.Due); !found {
			return nil
		}
	}
	return s.wake(tx, j, p)
}

// wake sets the timer of a turn. The due instant is part of the key: a turn
// that is moved gets another timer, and the old one finds nothing to do.
func (s *Schedule) wake(tx *store.Tx, j Job, p Period) error {
	_, err := tx.Enqueue(Turn{Job: j.Name, From: p.From}, store.At(p.Due),
		store.Unique(fmt.Sprintf("%s:%s:%d", j.Name, p.Key, p.Due.Unix())))
	return err
}

// when is a job's plan under the present rules, and whether it is on.
func (s *Schedule) when(j Job) (When, bool) {
	override := s.rules().JobTime(j.Name)
	w := j.When
	if override.Given {
		w.at = override.At
	}
	return w, !override.Off
}

func (s *Schedule) job(name string) (Job, bool) {
	i := slices.IndexFunc(s.jobs, func(j Job) bool { return j.Name == name })
	if i < 0 {
		return Job{}, false
	}
	return s.jobs[i], true
}

// turn is woken by a timer.
func (s *Schedule) turn(ctx context.Context, job *queue.Job, args Turn) queue.Outcome {
	j, known := s.job(args.Job)
	if !known {
		return queue.Done() // an older program knew it
	}
	var p Period
	err := job.InTx(ctx, func(tx *store.Tx) (err error) {
		p, err = s.once(tx, j, args.From)
		return err
	})
	if err != nil {
		s.log.Error("a job of the calendar failed", "job", j.Name, "period", p.Key, "attempt", job.Attempt, "err", err)
		return queue.Retry(err, func(tx *store.Tx) error { return s.failed(tx, j, p, err) })
	}
	return queue.Done()
}

// once does what is due, if it has not been done, and sets the next timer.
func (s *Schedule) once(tx *store.Tx, j Job, from time.Time) (Period, error) {
	when, on := s.when(j)
	if !on {
		return Period{}, nil
	}
	calendar, now := s.rules().Calendar(), tx.Now()
	p, ok := when.around(calendar, from)
	switch {
	case !ok: // a working day became a day off
		return p, s.ensure(tx, j)
	case p.Due.After(now): // moved to a later hour
		return p, s.wake(tx, j, p)
	}
	missed := 0
	if newest, ok := when.latest(calendar, now); ok && !s.each(j) {
		for p.From.Before(newest.From) && missed < maxSteps {
			next, _ := when.next(calendar, p.Due)
			p, missed = next, missed+1
		}
	}
	run, err := tx.ClaimJobRun(j.Name, p.Key, p.Due)
	if err != nil {
		return p, err
	}
	if run.State != store.JobRunDone {
		result, err := j.Run(tx, p)
		if err != nil {
			return p, fmt.Errorf("%s in %s: %w", j.Name, p.Key, err)
		}
		run.State, run.RanAt, run.Result = store.JobRunDone, &now, result
		run.DueAt, run.Tries, run.Missed = p.Due, run.Tries+1, int64(missed)
		if err := tx.SaveJobRun(&run); err != nil {
			return p, err
		}
	}
	return p, s.follow(tx, j, p)
}

// each says that every missed turn of a job is made up.
func (s *Schedule) each(j Job) bool { return j.Each || j.When.cycle >= Month }

// follow sets the timer of the turn that comes after p.
func (s *Schedule) follow(tx *store.Tx, j Job, p Period) error {
	when, _ := s.when(j)
	after := tx.Now()
	if s.each(j) && p.Due.Before(after) {
		after = p.Due
		if oldest := tx.Now().AddDate(0, 0, -mostDays); j.When.cycle < Month && after.Before(oldest) {
			after = oldest
		}
	}
	next, found := when.next(s.rules().Calendar(), after)
	if !found {
		return nil
	}
	return s.wake(tx, j, next)
}

// failed writes a failed try into the calendar. The turns to come do not wait
// for its success.
func (s *Schedule) failed(tx *store.Tx, j Job, p Period, why error) error {
	if p.Key == "" {
		return nil
	}
	run, err := tx.ClaimJobRun(j.Name, p.Key, p.Due)
	if err != nil || run.State == store.JobRunDone {
		return err
	}
	now := tx.Now()
	run.State, run.RanAt, run.Tries, run.Result = store.JobRunFailed, &now, run.Tries+1, why.Error()
	if err := tx.SaveJobRun(&run); err != nil {
		return err
	}
	return s.follow(tx, j, p)
}

// Line is one job as the supervision calendar shows it.
type Line struct {
	Name   string
	Title  string
	Clause string
	When   string
	Off    bool
	Next   time.Time     // zero when it is off
	Last   *store.JobRun // nil: it has not run yet
}

// Lines is the supervision calendar at a glance, in the order added.
func (s *Schedule) Lines(r *store.Reader) ([]Line, error) {
	lines := make([]Line, 0, len(s.jobs))
	for _, j := range s.jobs {
		when, on := s.when(j)
		line := Line{Name: j.Name, Title: j.Title, Clause: j.Clause, When: when.String(), Off: !on}
		runs, err := r.JobRuns(j.Name, "", 1)
		if err != nil {
			return nil, err
		}
		after := r.Now()
		if len(runs) > 0 {
			line.Last = &runs[0]
		}
		if p, found := when.next(s.rules().Calendar(), after); on && found {
			line.Next = p.Due
		}
		lines = append(lines, line)
	}
	return lines, nil
}
