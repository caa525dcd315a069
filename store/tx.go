package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"gorm.io/gorm"
)

// Tx is one transaction. It must not leave the closure that received it, and
// is not safe for concurrent use.
type Tx struct {
	Reader
	enqueued bool
	acts     []auditRow    // recorded, not written yet
	heard    *Conversation // read and locked by Speaker, not saved since
}

// Statements is how many statements this transaction has run so far, those that
// begin and end it left out: the measure of what a callback costs.
func (tx *Tx) Statements() int {
	if pool, ok := tx.g.Statement.ConnPool.(interface{ statementsRun() int }); ok {
		return pool.statementsRun()
	}
	return 0
}

// runClosure runs fn and writes what it has left to the end.
func (tx *Tx) runClosure(fn func(tx *Tx) error) error {
	if err := fn(tx); err != nil {
		return err
	}
	return tx.writeAudit()
}

// InTx runs fn in one transaction and commits when fn answers nil. On
// ErrConflict fn runs again, at most five times in all, and on SQLite it runs
// again when another transaction of the same commit spoils it: so fn must
// have no effect outside the transaction, must not wait for anything, and
// touches at most 200 rows. A panic of fn is a PanicError.
//
// ctx bounds the wait and the attempts. On SQLite transactions of many
// callers share one commit and run under the writer's context, never the
// caller's: one whose ctx ends before it starts does not run; one that has
// started is answered if it ends within 250 ms, and ErrUncertain, wrapped, if
// not, while fn may still be running: read what fn assigned only after nil.
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

func (db *DB) inTx(ctx context.Context, c class, fn func(tx *Tx) error) error {
	if !db.ready.Load() {
		return fmt.Errorf("%w: not ready", ErrUnavailable)
	}
	for attempt := 1; ; attempt++ {
		err := db.engine.run(ctx, c, fn)
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if attempt == maxAttempts {
			return fmt.Errorf("gave up after %d attempts: %w", maxAttempts, err)
		}
		// The loser of a deadlock lets the winner finish: 1–8 ms, then longer.
		pause := time.NewTimer(time.Duration(1+rand.IntN(8)) * time.Millisecond << (attempt - 1))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return fmt.Errorf("%w after %d attempts: %w", ctx.Err(), attempt, err)
		}
	}
}

// session is GORM on the given connection.
func (db *DB) session(ctx context.Context, conn gorm.ConnPool) *gorm.DB {
	g := db.write.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = conn
	return g
}

// Lock takes the root rows of the aggregates named, in a fixed order, before
// a decision about them. It is a no-op on SQLite, whose one writer is lock
// enough. kind is a table name constant of this package.
func (tx *Tx) Lock(kind string, ids ...int64) error {
	if tx.db.dialect == "sqlite" || len(ids) == 0 {
		return nil
	}
	in, args := idList(ids)
	err := tx.each("SELECT id FROM `"+kind+"` WHERE id IN "+in+" ORDER BY id FOR UPDATE", args, func(*sql.Rows) error { return nil })
	if err != nil {
		return fmt.Errorf("lock %s: %w", kind, err)
	}
	return nil
}

// PanicError is a panic of a transaction's closure, recovered.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

func newPanicError(p any) *PanicError { return &PanicError{Value: p, Stack: debug.Stack()} }
