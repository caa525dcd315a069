package store

import (
	"context"
	"errors"
	"fmt"
)

// Tx is one transaction. It must not leave the closure that received it, and
// is not safe for concurrent use.
type Tx struct {
	Reader
	enqueued bool
}

// InTx runs fn in one transaction and commits when fn answers nil. On
// ErrConflict fn runs again, at most five times, so fn must have no effect
// outside the transaction. On SQLite transactions of many callers share one
// commit; the transaction runs under the writer's context, never the
// caller's: ctx bounds only the wait for a place in the queue.
func (db *DB) InTx(ctx context.Context, fn func(tx *Tx) error) error {
	return db.inTx(ctx, urgent, fn)
}

// InBackground is InTx for work nobody waits for: jobs and timers. Callbacks
// go first; no class waits more than 50 ms for the other.
func (db *DB) InBackground(ctx context.Context, fn func(tx *Tx) error) error {
	return db.inTx(ctx, background, fn)
}

type class int

const (
	urgent class = iota
	background
)

const maxAttempts = 5

func (db *DB) inTx(ctx context.Context, _ class, fn func(tx *Tx) error) error {
	var err error
	for range maxAttempts {
		err = db.once(ctx, fn)
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("gave up after %d attempts: %w", maxAttempts, err)
}

func (db *DB) once(ctx context.Context, fn func(tx *Tx) error) error {
	g := db.write.WithContext(ctx).Begin()
	if g.Error != nil {
		return fmt.Errorf("begin: %w", translate(g.Error))
	}
	defer g.Rollback()
	tx := &Tx{Reader: Reader{ctx: ctx, g: g, db: db}}
	if err := fn(tx); err != nil {
		return err
	}
	if err := g.Commit().Error; err != nil {
		return fmt.Errorf("commit: %w", translate(err))
	}
	if tx.enqueued {
		db.wake()
	}
	return nil
}

// Lock takes the root rows of the aggregates named, in a fixed order, before
// a decision about them. It is a no-op on SQLite, whose one writer is lock
// enough. kind is a table name constant of this package.
func (tx *Tx) Lock(kind string, ids ...int64) error {
	return tx.lock(kind, ids)
}
