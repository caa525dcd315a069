package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guiju/store/storetest"
)

// BenchmarkGroupMySQL asks whether several callbacks should share a transaction
// on MySQL as they do on SQLite: ten rows each, 24 connections, one to eight
// callbacks to a commit, each under a savepoint of its own. Four to a commit
// gained a tenth (0.8 to 1.5 times in five pairs of runs), too little: a
// savepoint and its release are as many round trips as BEGIN and COMMIT, and
// InnoDB itself groups the syncs of connections that commit together. In return
// locks would be held until the last callback of a group is done, two groups
// could deadlock that share no callback's aggregate, and a deadlock would undo
// the whole group.
func BenchmarkGroupMySQL(b *testing.B) {
	for _, size := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("%d to a commit", size), func(b *testing.B) {
			cfg := storetest.MySQL(b)
			storetest.OpenConfig(b, cfg, storetest.NewClock())
			parsed, err := mysql.ParseDSN(cfg.DSN)
			if err != nil {
				b.Fatal(err)
			}
			parsed.InterpolateParams = true
			pool, err := sql.Open("mysql", parsed.FormatDSN())
			if err != nil {
				b.Fatal(err)
			}
			defer pool.Close()
			pool.SetMaxOpenConns(24)
			pool.SetMaxIdleConns(24)
			raw, at := make([]byte, 400), time.Now().UTC()
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range 24 {
				wg.Go(func() {
					for {
						last := next.Add(int64(size))
						if last-int64(size) >= int64(b.N) {
							return
						}
						if err := group(pool, size, last, raw, at); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "callbacks/s")
		})
	}
}

func group(pool *sql.DB, size int, last int64, raw []byte, at time.Time) error {
	tx, err := pool.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for member := range size {
		if size > 1 {
			if _, err := tx.Exec("SAVEPOINT member"); err != nil {
				return err
			}
		}
		for row := range 10 {
			if _, err := tx.Exec(bareInsert, fmt.Sprintf("assistant:%d:%d:%d", last, member, row), raw, at, at); err != nil {
				return err
			}
		}
		if size > 1 {
			if _, err := tx.Exec("RELEASE SAVEPOINT member"); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
