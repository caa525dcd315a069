package store

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/libtnb/sqlite"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

func (db *DB) open(cfg Config) error {
	conf := &gorm.Config{
		SkipDefaultTransaction: true,
		PrepareStmt:            true,
		TranslateError:         true,
		Logger:                 logger.Discard,
		NowFunc:                db.Now,
	}
	var dialector gorm.Dialector
	switch cfg.Driver {
	case "sqlite":
		dialector = sqlite.Open("file:" + cfg.DSN + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_txlock=immediate&_time_integer_format=unix_milli")
	case "mysql":
		dsn, err := mysql.ParseDSN(cfg.DSN)
		if err != nil {
			return fmt.Errorf("store.dsn: %w", err)
		}
		dsn.ParseTime = true
		dsn.ClientFoundRows = true
		dsn.Loc = time.UTC
		if err := dsn.Apply(mysql.TimeTruncate(time.Millisecond)); err != nil {
			return err
		}
		dialector = gormmysql.Open(dsn.FormatDSN())
	default:
		return fmt.Errorf("store.driver: %q is neither sqlite nor mysql", cfg.Driver)
	}
	g, err := gorm.Open(dialector, conf)
	if err != nil {
		return err
	}
	db.write, db.read = g, g
	if cfg.Driver == "sqlite" {
		pool, err := g.DB()
		if err != nil {
			return err
		}
		pool.SetMaxOpenConns(1)
	}
	return nil
}

// Ready connects, and brings the schema to this program's version when
// store.migrate is auto.
func (db *DB) Ready(ctx context.Context) error {
	if db.migrate == "manual" {
		return nil
	}
	_, err := db.Migrate(ctx)
	return err
}

// Close ends the writer and the pools.
func (db *DB) Close() error {
	pool, err := db.write.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}

func (tx *Tx) lock(kind string, ids []int64) error {
	if tx.db.dialect == "sqlite" || len(ids) == 0 {
		return nil
	}
	sorted := append([]int64(nil), ids...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	var found []int64
	err := tx.g.Raw("SELECT id FROM "+kind+" WHERE id IN ? ORDER BY id FOR UPDATE", sorted).Scan(&found).Error
	if err != nil {
		return fmt.Errorf("lock %s: %w", kind, translate(err))
	}
	return nil
}

// translate gives foreign errors the names of this package.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ErrNotFound
	}
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return ErrDuplicate
	}
	var my *mysql.MySQLError
	if errors.As(err, &my) && (my.Number == 1213 || my.Number == 1205) {
		return fmt.Errorf("%w: %s", ErrConflict, my.Message)
	}
	if strings.Contains(err.Error(), "database is locked") {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}
