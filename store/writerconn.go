package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	moderncsqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// writerConn is SQLite's one writing connection, as GORM sees it. Only the
// writer's goroutine uses it.
//
// Two hooks guard its transaction. SQLite may drop a whole transaction on an
// error (a full disk, an interrupted statement) and go on in autocommit: the
// rollback hook notices and every later statement is refused; the commit hook
// turns any commit but our own COMMIT into a rollback.
type writerConn struct {
	pool       *sql.DB
	conn       *sql.Conn // nil: not connected
	statements map[string]*sql.Stmt
	run        int // statements of the present member

	open       bool // BEGIN succeeded, neither COMMIT nor ROLLBACK followed
	dropped    bool // the engine rolled back by itself
	committing bool
}

// maxStatements bounds the prepared statements kept; an IN list of each
// length is one.
const maxStatements = 512

// errDropped answers every statement after the engine dropped the transaction.
var errDropped = fmt.Errorf("%w: the engine dropped the transaction", ErrUnavailable)

func newWriterConn(dsn string) (*writerConn, error) {
	pool, err := sql.Open("sqlite", dsn) // opens no file yet
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	return &writerConn{pool: pool, statements: map[string]*sql.Stmt{}}, nil
}

func (c *writerConn) connect(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	conn, err := c.pool.Conn(ctx)
	if err != nil {
		return err
	}
	err = conn.Raw(func(conn any) error {
		hooks, ok := conn.(moderncsqlite.HookRegisterer)
		if !ok {
			return fmt.Errorf("%T has no hooks", conn)
		}
		hooks.RegisterCommitHook(func() int32 {
			if c.committing {
				return 0
			}
			return 1
		})
		hooks.RegisterRollbackHook(func() { c.dropped = true })
		return nil
	})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	c.conn = conn
	return nil
}

// disconnect drops the connection, so that the next begin makes a new one.
func (c *writerConn) disconnect() {
	if c.conn == nil {
		return
	}
	c.forgetStatements()
	_ = c.conn.Raw(func(conn any) error {
		// The driver keeps hooks by the address of the connection.
		if hooks, ok := conn.(moderncsqlite.HookRegisterer); ok {
			hooks.RegisterCommitHook(nil)
			hooks.RegisterRollbackHook(nil)
		}
		return driver.ErrBadConn // tells the pool to close it
	})
	c.conn, c.open, c.dropped = nil, false, false
}

func (c *writerConn) close() error {
	c.disconnect()
	return c.pool.Close()
}

func (c *writerConn) begin() error {
	if err := c.connect(context.Background()); err != nil {
		return err
	}
	c.dropped = false
	if err := c.control("BEGIN IMMEDIATE"); err != nil {
		var e *moderncsqlite.Error
		if !errors.As(err, &e) || e.Code()&0xff != sqlite3.SQLITE_BUSY {
			c.disconnect()
		}
		return err
	}
	c.open = true
	return nil
}

// commit ends the transaction. ErrUncertain, wrapped, when what reached the
// disk is unknown; after any other error nothing is committed.
func (c *writerConn) commit() error {
	if c.dropped {
		c.open = false
		return errDropped
	}
	c.committing = true
	err := c.control("COMMIT")
	c.committing = false
	if err == nil {
		c.open = false
		return nil
	}
	err = fmt.Errorf("commit: %w", err)
	known := false // that nothing was committed
	if e := (*moderncsqlite.Error)(nil); errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CONSTRAINT:
			known = true
		}
	}
	c.rollback()
	if known {
		return translate(err)
	}
	// A failed write or sync may have left the commit's frames behind, and a
	// later sync may not tell: start over on a new connection.
	c.disconnect()
	return fmt.Errorf("%w: %w", ErrUncertain, err)
}

// rollback gives the transaction up. A connection that cannot roll back is
// closed, which does.
func (c *writerConn) rollback() {
	if !c.open {
		return
	}
	c.open = false
	if c.dropped {
		return
	}
	if err := c.control("ROLLBACK"); err != nil {
		c.disconnect()
	}
}

// control runs a statement about the transaction itself.
func (c *writerConn) control(statement string) error {
	s, err := c.prepare(statement)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background())
	return err
}

func (c *writerConn) prepare(query string) (*sql.Stmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	if c.conn == nil {
		return nil, errDropped
	}
	s, err := c.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	if len(c.statements) >= maxStatements {
		c.forgetStatements()
	}
	c.statements[query] = s
	return s, nil
}

func (c *writerConn) forgetStatements() {
	for query, s := range c.statements {
		_ = s.Close() // frees memory only
		delete(c.statements, query)
	}
}

// The methods of gorm.ConnPool. Their context is not the caller's: cancelling
// one statement would make SQLite drop the transaction all members share.

// PrepareContext implements gorm.ConnPool.
func (c *writerConn) PrepareContext(_ context.Context, query string) (*sql.Stmt, error) {
	if !c.usable() {
		return nil, errDropped
	}
	return c.conn.PrepareContext(context.Background(), query)
}

// ExecContext implements gorm.ConnPool.
func (c *writerConn) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	if !c.usable() {
		return nil, errDropped
	}
	c.run++
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), args...)
}

// QueryContext implements gorm.ConnPool.
func (c *writerConn) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	if !c.usable() {
		return nil, errDropped
	}
	c.run++
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.Background(), args...)
}

// QueryRowContext implements gorm.ConnPool.
func (c *writerConn) QueryRowContext(_ context.Context, query string, args ...any) *sql.Row {
	ctx := context.Background()
	if !c.usable() {
		// A sql.Row cannot be made with an error but by asking in vain.
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		return c.pool.QueryRowContext(cancelled, "SELECT 1")
	}
	c.run++
	return c.conn.QueryRowContext(ctx, query, args...)
}

func (c *writerConn) statementsRun() int { return c.run }

func (c *writerConn) usable() bool { return c.open && !c.dropped && c.conn != nil }
