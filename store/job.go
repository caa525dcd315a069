package store

import (
	"encoding/json"
	"fmt"
	"time"
)

// JobArgs is what one kind of job needs to know. It is stored as JSON, so a
// field added later needs a usable zero value. Keep ids in it, never copies.
type JobArgs interface {
	// Kind is the job's stable name, "<package>.<what>": "notify.send".
	Kind() string
}

// JobOption changes how a job is enqueued.
type JobOption func(*Job)

// At makes the job due at the business time t instead of at once.
func At(t time.Time) JobOption { return func(j *Job) { j.RunAt = t } }

// Ordered puts the job behind every unfinished job of the same key: only the
// head of a key runs. A timer enters the order when it falls due.
func Ordered(key string) JobOption { return func(j *Job) { j.OrderKey = key } }

// Unique makes Enqueue a no-op while an unfinished job of the same kind and
// key exists.
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
