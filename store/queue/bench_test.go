package queue_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

// BenchmarkJobs claims, runs and durably finishes jobs that do nothing; one op
// is one job. Plain jobs end without effects, effects store one row each.
// Bare is the limit: a table of four columns claimed and finished a hundred
// at a time by one loop that runs nothing.
func BenchmarkJobs(b *testing.B) {
	for _, engine := range []string{"sqlite", "mysql"} {
		config := func(b *testing.B) store.Config {
			if engine == "mysql" {
				return storetest.MySQL(b)
			}
			return storetest.SQLite(b)
		}
		b.Run(engine+"/plain", func(b *testing.B) {
			benchmark(b, config(b), func(step) queue.Outcome { return queue.Done() })
		})
		b.Run(engine+"/effects", func(b *testing.B) {
			benchmark(b, config(b), func(args step) queue.Outcome { return queue.Done(leaveMark(args.Name)) })
		})
		b.Run(engine+"/bare", func(b *testing.B) { benchmarkBare(b, config(b)) })
	}
}

func benchmark(b *testing.B, cfg store.Config, outcome func(step) queue.Outcome) {
	db, err := store.Open(cfg, store.Options{})
	require.NoError(b, err)
	defer db.Close()
	require.NoError(b, db.Ready(b.Context()))
	ended := make(chan struct{}, b.N)
	q := queue.New(db, quiet(queue.Options{Observe: func(queue.Observation) { ended <- struct{}{} }}))
	queue.Register(q, func(ctx context.Context, job *queue.Job, args step) queue.Outcome { return outcome(args) })
	for i := 0; i < b.N; i += 200 {
		require.NoError(b, db.InTx(b.Context(), func(tx *store.Tx) error {
			for n := i; n < min(i+200, b.N); n++ {
				if _, err := tx.Enqueue(step{fmt.Sprint(n)}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	b.ResetTimer()
	require.NoError(b, q.Start(b.Context()))
	for range b.N {
		<-ended
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	b.StopTimer()
	require.NoError(b, q.Stop(context.Background()))
	left, err := db.Reader(b.Context()).Jobs(store.JobFilter{Kind: step{}.Kind(), State: store.JobWaiting})
	require.NoError(b, err)
	require.Empty(b, left)
}

func benchmarkBare(b *testing.B, cfg store.Config) {
	dsn, lock, id := cfg.DSN, " FOR UPDATE SKIP LOCKED", "BIGINT PRIMARY KEY AUTO_INCREMENT"
	if cfg.Driver == "sqlite" {
		dsn, lock, id = "file:"+dsn+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate", "", "INTEGER PRIMARY KEY"
	}
	db, err := sql.Open(cfg.Driver, dsn)
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	exec := func(tx *sql.Tx, statement string, args ...any) {
		_, err := tx.Exec(statement, args...)
		require.NoError(b, err)
	}
	in := func(fn func(tx *sql.Tx)) {
		tx, err := db.Begin()
		require.NoError(b, err)
		fn(tx)
		require.NoError(b, tx.Commit())
	}
	in(func(tx *sql.Tx) {
		exec(tx, "CREATE TABLE bare (id "+id+", args VARCHAR(100), state VARCHAR(16) NOT NULL, due BIGINT NOT NULL)")
		exec(tx, "CREATE INDEX bare_due ON bare (state, due, id)")
	})
	for i := 0; i < b.N; i += 200 {
		in(func(tx *sql.Tx) {
			for range min(200, b.N-i) {
				exec(tx, "INSERT INTO bare (args, state, due) VALUES ('{}', 'waiting', 1)")
			}
		})
	}
	b.ResetTimer()
	for left := b.N; left > 0; {
		var ids []any
		in(func(tx *sql.Tx) {
			rows, err := tx.Query("SELECT id, args FROM bare WHERE state = 'waiting' AND due <= ? ORDER BY due, id LIMIT 100"+lock, time.Now().UnixMilli())
			require.NoError(b, err)
			for rows.Next() {
				var id int64
				var args string
				require.NoError(b, rows.Scan(&id, &args))
				ids = append(ids, id)
			}
			require.NoError(b, rows.Close())
			exec(tx, "UPDATE bare SET state = 'running' WHERE id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", ids...)
		})
		in(func(tx *sql.Tx) {
			exec(tx, "UPDATE bare SET state = 'done' WHERE id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", ids...)
		})
		left -= len(ids)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}
