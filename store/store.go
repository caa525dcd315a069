// Package store keeps the company's records. One API serves two engines:
// SQLite (embedded, one process) and MySQL or MariaDB (any number of
// processes). Rows live beside their queries, one file per aggregate.
//
// Reading goes through a Reader, writing through a Tx inside DB.InTx. A Tx is
// also a Reader, so a handler reads what it has written.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
)

// Errors every caller may ask for with errors.Is.
var (
	// ErrNotFound says that no row has that key.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate says that a unique key is taken.
	ErrDuplicate = errors.New("duplicate")
	// ErrConflict says that another transaction won: a deadlock, a lock wait
	// that ran out, or a version that moved on. InTx re-runs the closure.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable says that the database cannot be reached now.
	ErrUnavailable = errors.New("database unavailable")
	// ErrUncertain says that a commit was sent and its outcome is unknown.
	ErrUncertain = errors.New("commit outcome unknown")
)

// Config chooses the engine; it is the store section of config.yaml.
type Config struct {
	Driver  string // "sqlite" | "mysql"
	DSN     string // file path (sqlite) | go-sql-driver DSN (mysql)
	Migrate string // "auto" | "manual"
}

// Options are what the process lends to the store.
type Options struct {
	Now    func() time.Time // business time; nil: time.Now
	Logger *slog.Logger     // nil: slog.Default()
	Zone   *time.Location   // the company's; business days are counted in it; nil: Asia/Shanghai
}

// DB is one database. It is safe for concurrent use.
type DB struct {
	dialect string // "sqlite" | "mysql"
	engine  engine
	ready   atomic.Bool
	now     func() time.Time
	log     *slog.Logger
	zone    *time.Location
	numbers numbers
	wake    atomic.Pointer[func()] // told after each commit that enqueued a job
	away    func()                 // told when the server could not be reached

	migrateMode string   // Config.Migrate
	write       *gorm.DB // its ConnPool is replaced by the transaction's
	read        *gorm.DB
}

// Open prepares the database without touching the network: a server that is
// away now may come back. Errors speak of the configuration only. Call Ready
// before the first use.
func Open(cfg Config, o Options) (*DB, error) {
	db := &DB{dialect: cfg.Driver, now: o.Now, log: o.Logger, zone: o.Zone, migrateMode: cfg.Migrate, away: func() {}}
	db.OnEnqueue(func() {})
	if db.now == nil {
		db.now = time.Now
	}
	if db.log == nil {
		db.log = slog.Default()
	}
	if db.zone == nil {
		db.zone = time.FixedZone("Asia/Shanghai", 8*3600) // no daylight saving since 1991
	}
	if err := db.open(cfg); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return db, nil
}

// Now is business time in UTC, cut to the millisecond both engines keep.
func (db *DB) Now() time.Time { return cut(db.now()) }

// Zone is the company's time zone.
func (db *DB) Zone() *time.Location { return db.zone }

// Dialect is "sqlite" or "mysql".
func (db *DB) Dialect() string { return db.dialect }

// OnEnqueue sets what is called after each commit that enqueued jobs; the
// queue uses it to wake its claimer. wake must not block: the SQLite writer
// calls it. Whoever sets it last is woken.
func (db *DB) OnEnqueue(wake func()) { db.wake.Store(&wake) }

// OnAway sets what is called whenever a connection to the server could not be
// made, whoever asked for it. away must not block. Set it before Ready.
func (db *DB) OnAway(away func()) { db.away = away }

// Reader reads committed rows outside any transaction.
func (db *DB) Reader(ctx context.Context) *Reader {
	return &Reader{ctx: ctx, g: db.read.WithContext(ctx), db: db}
}

// Reader reads rows. Methods answer ErrNotFound, wrapped, when a single row
// is asked for and absent; lists answer an empty slice.
type Reader struct {
	ctx context.Context
	g   *gorm.DB
	db  *DB
	// settings are values this transaction has read; see Tx.Speaker.
	settings map[string][]byte
	// touched are the members this transaction has written; see TouchedMember.
	touched map[int64]bool
}

// Context is the context the reading runs under.
func (r *Reader) Context() context.Context { return r.ctx }

// Now is business time in UTC, cut to the millisecond.
func (r *Reader) Now() time.Time { return r.db.Now() }

// cut gives t the form both engines return: UTC, whole milliseconds.
func cut(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// clip shortens s to at most n bytes without splitting a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// page is the number of rows of one page of a list: 50 when not asked for, at
// most 500.
func page(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, 500)
}
