package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// engine is what differs between SQLite and MySQL.
type engine interface {
	// connect reaches the database and checks that it is one we can use.
	connect(ctx context.Context) error
	// run runs fn once, in one transaction.
	run(ctx context.Context, c class, fn func(tx *Tx) error) error
	// migrate applies the migrations the schema lacks, alone among all
	// processes, and answers their versions.
	migrate(ctx context.Context, all []migration) ([]int, error)
	// reserve takes the next n numbers of prefix and day and answers the last.
	reserve(tx *Tx, prefix, day string, n int64) (last int64, err error)
	close() error
}

// MaxTransaction is the longest a transaction may take from its first
// statement to its commit; what was written longer ago is settled.
const MaxTransaction = 10 * time.Second

// readyWithin bounds Ready when its context has no earlier end.
const readyWithin = 30 * time.Second

func (db *DB) open(cfg Config) error {
	switch cfg.Driver {
	case "sqlite":
		return db.openSQLite(cfg.DSN)
	case "mysql":
		return db.openMySQL(cfg.DSN)
	default:
		return fmt.Errorf("store.driver: %q is neither sqlite nor mysql", cfg.Driver)
	}
}

// Ready connects, checks the server's version and the schema: with
// store.migrate auto it brings the schema to this program's version, with
// manual it refuses a schema that lacks a migration. Until it has succeeded
// once every transaction answers ErrUnavailable. Call it again after a
// failure.
func (db *DB) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := db.engine.connect(ctx); err != nil {
		return fmt.Errorf("connect to %s: %w", db.dialect, translate(err))
	}
	if db.migrateMode == "manual" {
		missing, err := db.missing(ctx)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return fmt.Errorf("the database lacks migrations %v: run guiju migrate", missing)
		}
		db.ready.Store(true)
		return nil
	}
	_, err := db.Migrate(ctx)
	return err
}

// Ping asks whether the database answers now.
func (db *DB) Ping(ctx context.Context) error {
	if !db.ready.Load() {
		return fmt.Errorf("ping: %w: not ready yet", ErrUnavailable)
	}
	var one int
	if err := db.read.WithContext(ctx).Raw("SELECT 1").Scan(&one).Error; err != nil {
		return fmt.Errorf("ping: %w", translate(err))
	}
	return nil
}

// ServerTime is the database server's clock, which all replicas share:
// machine time, never business time.
func (db *DB) ServerTime(ctx context.Context) (time.Time, error) {
	return db.Reader(ctx).serverTime()
}

func (r *Reader) serverTime() (time.Time, error) {
	if r.db.dialect == "sqlite" {
		return cut(time.Now()), nil // the library runs in this process
	}
	var now time.Time
	if err := r.g.Raw("SELECT UTC_TIMESTAMP(3)").Row().Scan(&now); err != nil {
		return time.Time{}, fmt.Errorf("server time: %w", translate(err))
	}
	return cut(now), nil
}

// Close lets the transactions that wait finish, and closes the connections.
func (db *DB) Close() error {
	db.ready.Store(false)
	return db.engine.close()
}

// gormConfig is shared by all pools. GORM's own error translation is off:
// translate sees the driver's errors, whose codes say more.
func (db *DB) gormConfig() *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard, // its slow-query log prints bodies
		NowFunc:                db.Now,
	}
}

// translate gives foreign errors the names of this package. Both engines'
// errors are told apart by type, so it needs no DB.
func translate(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrDuplicate),
		errors.Is(err, ErrConflict), errors.Is(err, ErrUnavailable), errors.Is(err, ErrUncertain):
		return err
	case errors.Is(err, gorm.ErrRecordNotFound):
		return ErrNotFound
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return ErrDuplicate
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if named := translateSQLite(err); named != nil {
		return named
	}
	if named := translateMySQL(err); named != nil {
		return named
	}
	return err
}
