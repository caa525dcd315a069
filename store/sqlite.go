package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/libtnb/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	moderncsqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite without cgo is modernc.org/sqlite, pinned at v1.60.1 (SQLite beyond
// 3.51, whose WAL reset does not corrupt), through libtnb/sqlite: its GORM
// dialect is plain, and glebarez/sqlite pins an engine that has the WAL fault.

// sqliteEngine is one file: a writer (see writer.go) and a pool of readers.
type sqliteEngine struct {
	db      *DB
	path    string
	writer  *writer
	readers *sql.DB
}

// sqlitePragmas hold on every connection. DATETIME columns hold integers of
// UTC milliseconds (see migrations/sqlite/0001_core.sql). libtnb would add
// _texttotime, which costs every text column; it is turned off.
var sqlitePragmas = []string{
	"_time_integer_format=unix_milli", "_inttotime=1", "_texttotime=0",
	"_pragma=busy_timeout(5000)", "_pragma=foreign_keys(1)", "_pragma=temp_store(MEMORY)",
}

func (db *DB) openSQLite(path string) error {
	if path == "" || strings.Contains(path, "?") || strings.HasPrefix(path, ":memory:") {
		return fmt.Errorf("store.dsn: %q is not the path of a SQLite file", path)
	}
	e := &sqliteEngine{db: db, path: path}
	write := e.dsn("_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=cache_size(-16384)", "_pragma=journal_size_limit(67108864)")
	conn, err := newWriterConn(write)
	if err != nil {
		return err
	}
	if e.readers, err = sql.Open("sqlite", e.dsn("mode=rw", "_pragma=query_only(1)", "_pragma=cache_size(-4096)")); err != nil {
		return err
	}
	n := min(max(runtime.GOMAXPROCS(0), 2), 8)
	e.readers.SetMaxOpenConns(n)
	e.readers.SetMaxIdleConns(n)
	if db.write, err = gorm.Open(sqliteDialect{sqlite.Dialector{Conn: conn}}, db.gormConfig()); err != nil {
		return err
	}
	conf := db.gormConfig()
	conf.PrepareStmt = true
	if db.read, err = gorm.Open(sqliteDialect{sqlite.Dialector{Conn: e.readers}}, conf); err != nil {
		return err
	}
	e.writer = newWriter(db, conn)
	db.engine = e
	return nil
}

func (e *sqliteEngine) dsn(more ...string) string {
	return "file:" + (&url.URL{Path: e.path}).EscapedPath() + "?" + strings.Join(append(more, sqlitePragmas...), "&")
}

// sqliteDialect is libtnb's without touching the file at start and without
// RETURNING, which MySQL has not.
type sqliteDialect struct{ sqlite.Dialector }

func (d sqliteDialect) Initialize(g *gorm.DB) error {
	g.ConnPool = d.Conn
	callbacks.RegisterDefaultCallbacks(g, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE"},
		LastInsertIDReversed: true,
	})
	for name, builder := range d.ClauseBuilders() {
		g.ClauseBuilders[name] = builder
	}
	return nil
}

func (e *sqliteEngine) connect(ctx context.Context) error {
	if err := e.create(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	// The writer comes first: it puts the file into WAL mode.
	if err := e.writer.connect(ctx); err != nil {
		return err
	}
	return e.readers.PingContext(ctx)
}

// create makes a missing file readable for its owner alone: it holds what
// members write to each other. SQLite gives -wal and -shm the same mode. A file
// that exists keeps its own.
func (e *sqliteEngine) create() error {
	// Exclusively: closing a file that is in use would drop SQLite's locks.
	file, err := os.OpenFile(e.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

func (e *sqliteEngine) run(ctx context.Context, c class, fn func(tx *Tx) error) error {
	return e.writer.run(ctx, c, fn)
}

// reserve counts inside the writer's own transaction: there is only one, so
// nobody waits. numbers forgets the block when the transaction fails.
func (e *sqliteEngine) reserve(tx *Tx, prefix, day string, n int64) (int64, error) {
	err := tx.g.Exec("INSERT INTO numbers (prefix, day, last) VALUES (?, ?, ?) ON CONFLICT (prefix, day) DO UPDATE SET last = last + ?",
		prefix, day, n, n).Error
	if err != nil {
		return 0, err
	}
	var last int64
	err = tx.g.Raw("SELECT last FROM numbers WHERE prefix = ? AND day = ?", prefix, day).Scan(&last).Error
	return last, err
}

func (e *sqliteEngine) close() error {
	return errors.Join(e.writer.close(), e.readers.Close())
}

// translateSQLite names SQLite's errors, or answers nil for foreign ones.
func translateSQLite(err error) error {
	var e *moderncsqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
