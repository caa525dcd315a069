package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guiju/store"
	"guiju/store/storetest"
)

// spread runs fn b.N times from 64 goroutines, as 64 connections would.
func spread(b *testing.B, fn func(i int64) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 64 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := fn(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}

func accept(db *store.DB, start int64) func(i int64) error {
	raw := make([]byte, 400)
	at := time.Now()
	return func(i int64) error {
		return db.InTx(context.Background(), func(tx *store.Tx) error {
			_, _, err := tx.AcceptDelivery(store.Delivery{
				Key: fmt.Sprintf("assistant:%d", start+i), Receiver: "assistant", App: "assistant", Kind: "text",
				Userid: "LiSi", Raw: raw, EventAt: at, ReceivedAt: at, State: store.DeliveryDone,
			})
			return err
		})
	}
}

// BenchmarkAccept stores one delivery per transaction through the store.
func BenchmarkAccept(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		db, _ := storetest.Open(b)
		spread(b, accept(db, 0))
	})
	b.Run("mysql", func(b *testing.B) {
		db, _ := storetest.OpenMySQL(b)
		spread(b, accept(db, 0))
	})
}

// BenchmarkTenRows writes ten rows per transaction: a delivery, its finish and
// eight audit rows.
func BenchmarkTenRows(b *testing.B) {
	run := func(b *testing.B, db *store.DB) {
		raw := make([]byte, 400)
		at := time.Now()
		spread(b, func(i int64) error {
			return db.InTx(context.Background(), func(tx *store.Tx) error {
				d, _, err := tx.AcceptDelivery(store.Delivery{Key: fmt.Sprintf("assistant:%d", i), Raw: raw, EventAt: at, ReceivedAt: at})
				for range 8 {
					if err == nil {
						err = tx.Audit(store.AuditEntry{Action: "item.open", Subject: store.Subject{Kind: "item", ID: i}, Source: store.SourceChat})
					}
				}
				if err == nil {
					err = tx.FinishDelivery(d.ID, store.ReplyPassive, []byte("好的"))
				}
				return err
			})
		})
	}
	b.Run("sqlite", func(b *testing.B) {
		db, _ := storetest.Open(b)
		run(b, db)
	})
	b.Run("mysql", func(b *testing.B) {
		db, _ := storetest.OpenMySQL(b)
		run(b, db)
	})
}

const bareInsert = "INSERT INTO deliveries (delivery_key, receiver, app, kind, userid, raw, event_at, received_at, state, failure, reply_kind) VALUES (?, 'assistant', 'assistant', 'text', 'LiSi', ?, ?, ?, 'done', '', 'none')"

// BenchmarkBare is the same row without this package: on SQLite one prepared
// statement in a loop, 64 rows to a commit and one row to a commit; on MySQL
// 64 connections, each row committed.
func BenchmarkBare(b *testing.B) {
	for _, batch := range []int{64, 1} {
		b.Run(fmt.Sprintf("sqlite/%d per commit", batch), func(b *testing.B) {
			cfg := storetest.SQLite(b)
			storetest.OpenConfig(b, cfg, storetest.NewClock())
			pool, err := sql.Open("sqlite", "file:"+filepath.Clean(cfg.DSN)+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate&_time_integer_format=unix_milli")
			if err != nil {
				b.Fatal(err)
			}
			defer pool.Close()
			pool.SetMaxOpenConns(1)
			raw, at := make([]byte, 400), time.Now()
			b.ResetTimer()
			for i := 0; i < b.N; i += batch {
				tx, err := pool.Begin()
				if err != nil {
					b.Fatal(err)
				}
				insert, err := tx.Prepare(bareInsert)
				if err != nil {
					b.Fatal(err)
				}
				for j := i; j < min(i+batch, b.N); j++ {
					if _, err := insert.Exec(fmt.Sprintf("assistant:%d", j), raw, at, at); err != nil {
						b.Fatal(err)
					}
				}
				if err := tx.Commit(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
		})
	}
	b.Run("mysql", func(b *testing.B) {
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
		pool.SetMaxOpenConns(64)
		pool.SetMaxIdleConns(64)
		raw, at := make([]byte, 400), time.Now().UTC()
		spread(b, func(i int64) error {
			tx, err := pool.Begin()
			if err != nil {
				return err
			}
			if _, err := tx.Exec(bareInsert, fmt.Sprintf("assistant:%d", i), raw, at, at); err != nil {
				return err
			}
			return tx.Commit()
		})
	})
}
