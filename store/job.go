package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// JobArgs is what one kind of job needs to know. It is stored as JSON, so a
// field added later needs a usable zero value. Keep ids in it, never copies.
type JobArgs interface {
	// Kind is the job's stable name, "<package>.<what>": "notify.send".
	Kind() string
}

// JobState is where a job stands.
//
//	waiting    due at RunAt, business time; at the head of its order key
//	blocked    behind the head of its order key
//	running    claimed by a process whose lease has not run out
//	retry      failed; tried again after a pause of machine time
//	done       finished
//	buried     set aside for a person
//	cancelled  given up before it was done
type JobState string

// The states of a job; the first four are unfinished.
const (
	JobWaiting   JobState = "waiting"
	JobBlocked   JobState = "blocked"
	JobRunning   JobState = "running"
	JobRetry     JobState = "retry"
	JobDone      JobState = "done"
	JobBuried    JobState = "buried"
	JobCancelled JobState = "cancelled"
)

// Unfinished says that the job may still run by itself.
func (s JobState) Unfinished() bool {
	return s == JobWaiting || s == JobBlocked || s == JobRunning || s == JobRetry
}

// Job is one row of the jobs table.
type Job struct {
	ID          int64
	Kind        string
	Args        []byte // JSON
	State       JobState
	RunAt       time.Time // business time it is due
	Attempt     int       // attempts begun
	MaxAttempts int
	Snoozes     int // times it was put off
	OrderKey    string
	UniqueKey   string
	Once        bool
	Owner       string // the process that runs it
	LastError   string
	CreatedAt   time.Time
	FinishedAt  *time.Time
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Job) TableName() string { return "jobs" }

// Bounds of what Enqueue takes.
const (
	maxJobKind  = 64    // bytes
	maxJobKey   = 190   // bytes, order and unique keys
	maxJobArgs  = 65535 // bytes of JSON
	maxJobError = 500   // bytes
)

// JobKept is how long a done or cancelled job stays readable.
const JobKept = 7 * 24 * time.Hour

// JobOption changes how a job is enqueued.
type JobOption func(*Job)

// At makes the job due at the business time t instead of at once.
func At(t time.Time) JobOption { return func(j *Job) { j.RunAt = t } }

// Ordered puts the job behind every unfinished job of the same key: only the
// head of a key runs. A timer enters the order when it falls due.
func Ordered(key string) JobOption { return func(j *Job) { j.OrderKey = key } }

// Unique makes Enqueue a no-op while an unfinished job of the same kind and
// key exists. A job that is running at that moment may have read the state
// before this transaction changed it, so it runs once more when it has ended,
// with the newest arguments.
func Unique(key string) JobOption { return func(j *Job) { j.UniqueKey = key } }

// Once makes Enqueue a no-op for ever after the first job of this kind and
// key: for periodic work.
func Once(key string) JobOption { return func(j *Job) { j.UniqueKey, j.Once = key, true } }

// MaxAttempts sets after how many failed attempts the job is set aside for a
// person; 10 without it.
func MaxAttempts(n int) JobOption { return func(j *Job) { j.MaxAttempts = n } }

// Enqueue stores a job in this transaction and answers its id: the existing
// job's when a unique key is taken. The job may run as soon as the
// transaction has committed.
func (tx *Tx) Enqueue(args JobArgs, options ...JobOption) (int64, error) {
	body, err := json.Marshal(args)
	if err != nil {
		return 0, fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	job := Job{Kind: args.Kind(), Args: body, RunAt: tx.Now(), MaxAttempts: 10}
	for _, option := range options {
		option(&job)
	}
	id, err := tx.insertJob(&job)
	if err != nil {
		return 0, fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	tx.enqueued = true
	return id, nil
}

// insertJob stores a waiting or blocked job. The unique indexes on
// unique_slot and order_head decide between transactions that cannot see each
// other; who loses looks again.
func (tx *Tx) insertJob(job *Job) (int64, error) {
	if err := checkJob(job); err != nil {
		return 0, err
	}
	job.RunAt, job.CreatedAt = cut(job.RunAt), tx.Now()
	for range 5 {
		if job.UniqueKey != "" {
			id, err := tx.meetTwin(job)
			if err != nil || id != 0 {
				return id, err
			}
		}
		id, err := tx.tryInsertJob(job)
		if err == nil || !errors.Is(err, ErrDuplicate) {
			return id, err
		}
	}
	return 0, fmt.Errorf("%w: keys of the job stayed contended", ErrConflict)
}

func checkJob(job *Job) error {
	switch {
	case job.Kind == "" || len(job.Kind) > maxJobKind:
		return fmt.Errorf("kind has %d bytes, want 1 to %d", len(job.Kind), maxJobKind)
	case len(job.UniqueKey) > maxJobKey:
		return fmt.Errorf("unique key has %d bytes, at most %d", len(job.UniqueKey), maxJobKey)
	case len(job.OrderKey) > maxJobKey:
		return fmt.Errorf("order key has %d bytes, at most %d", len(job.OrderKey), maxJobKey)
	case len(job.Args) > maxJobArgs:
		return fmt.Errorf("arguments have %d bytes, at most %d", len(job.Args), maxJobArgs)
	case job.Once && job.UniqueKey == "":
		return errors.New("once needs a key")
	case job.MaxAttempts < 1:
		return fmt.Errorf("%d attempts, want at least 1", job.MaxAttempts)
	case job.RunAt.IsZero():
		return errors.New("due at the zero time")
	}
	return nil
}

// meetTwin answers the id of the job that holds the unique key, 0 when none
// does. It locks the twin, so that the twin is neither claimed nor finished
// before this transaction has committed what it changed.
func (tx *Tx) meetTwin(job *Job) (int64, error) {
	var id int64
	var state JobState
	found, err := tx.one("SELECT id, state FROM jobs WHERE kind = ? AND unique_slot = ?"+tx.forUpdate(),
		[]any{job.Kind, job.UniqueKey}, &id, &state)
	if err != nil || !found {
		return 0, err
	}
	if state == JobRunning && !job.Once {
		_, err = tx.exec("UPDATE jobs SET rerun_args = ?, rerun_at = CASE WHEN rerun_at < ? THEN rerun_at ELSE ? END WHERE id = ?",
			string(job.Args), job.RunAt, job.RunAt, id)
	}
	return id, err
}

func (tx *Tx) tryInsertJob(job *Job) (int64, error) {
	p, err := tx.placeFor(job, job.CreatedAt)
	if err != nil {
		return 0, err
	}
	result, err := tx.exec(`INSERT INTO jobs (kind, args, state, run_at, wake_at, max_attempts, order_key, order_head,
		order_tail, entered, unique_key, unique_slot, once, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		job.Kind, string(job.Args), string(p.state), job.RunAt, p.wake, job.MaxAttempts, job.OrderKey, p.head,
		p.tail, p.entered, job.UniqueKey, p.slot, job.Once, job.CreatedAt)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// place is where a job stands in its orders; a nil column is NULL.
type place struct {
	state   JobState
	wake    any
	head    any
	tail    any
	entered int64
	slot    any
}

// placeFor is the place of a job that is enqueued now.
func (tx *Tx) placeFor(job *Job, now time.Time) (place, error) {
	p := place{state: JobWaiting, wake: job.RunAt}
	if job.UniqueKey != "" {
		p.slot = job.UniqueKey
	}
	if job.OrderKey == "" || job.RunAt.After(now) {
		return p, nil
	}
	blocked, at, err := tx.enterOrder(job.OrderKey)
	if err != nil {
		return place{}, err
	}
	if blocked {
		p.state, p.wake, p.tail, p.entered = JobBlocked, nil, job.OrderKey, at
	} else {
		p.head = job.OrderKey
	}
	return p, nil
}

// enterOrder says whether the key has a head already, and the place of the
// next follower. It locks that head in share mode: its finisher has to wait
// for this transaction, and so sees every follower it must promote.
//
// The place is one more than the newest job's id. A follower's own id is at
// least as high, a timer's may be far lower; ties go to the lower id, so a
// timer that has fallen due stands behind all who entered before it and
// before all who enter after it.
func (tx *Tx) enterOrder(key string) (blocked bool, at int64, err error) {
	var head int64
	found, err := tx.one("SELECT id FROM jobs WHERE order_head = ?"+tx.forShare(), []any{key}, &head)
	if err != nil || !found {
		return false, 0, err
	}
	_, err = tx.one("SELECT COALESCE(MAX(id), 0) + 1 FROM jobs", nil, &at)
	return true, at, err
}
