package store_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestOpenRefusesOnlyConfiguration(t *testing.T) {
	for want, cfg := range map[string]store.Config{
		`store.driver: "postgres" is neither sqlite nor mysql`: {Driver: "postgres"},
		`store.dsn: "" is not the path of a SQLite file`:       {Driver: "sqlite"},
		`store.dsn: ":memory:" is not the path`:                {Driver: "sqlite", DSN: ":memory:"},
		`store.dsn: not a DSN such as`:                         {Driver: "mysql", DSN: "root:geheim@127.0.0.1"},
		`store.dsn: names no database`:                         {Driver: "mysql", DSN: "root@tcp(127.0.0.1:3306)/"},
	} {
		_, err := store.Open(cfg, store.Options{})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "geheim")
	}
}

// The process starts while its database is away, and is ready when that is
// back.
func TestOpenWithTheDatabaseAway(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		ctx := context.Background()
		dir := filepath.Join(t.TempDir(), "not mounted? yet %41")
		db, err := store.Open(store.Config{Driver: "sqlite", DSN: filepath.Join(t.TempDir(), "a#b%41 c.db")}, store.Options{})
		require.NoError(t, err)
		require.NoError(t, db.Ready(ctx))
		require.NoError(t, db.Close())

		db, err = store.Open(store.Config{Driver: "sqlite", DSN: filepath.Join(strings.ReplaceAll(dir, "?", ""), "guiju.db")}, store.Options{})
		require.NoError(t, err)
		defer db.Close()
		require.ErrorIs(t, db.Ready(ctx), store.ErrUnavailable)
		require.ErrorIs(t, db.InTx(ctx, func(*store.Tx) error { return nil }), store.ErrUnavailable)
		require.ErrorIs(t, db.Ping(ctx), store.ErrUnavailable)
		require.NoError(t, os.MkdirAll(strings.ReplaceAll(dir, "?", ""), 0o755))
		require.NoError(t, db.Ready(ctx))
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return put(tx, "there") }))
	})
	t.Run("mysql", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		free, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := free.Addr().String()
		require.NoError(t, free.Close())
		db, err := store.Open(store.Config{Driver: "mysql", DSN: "root:geheim@tcp(" + address + ")/guiju"}, store.Options{})
		require.NoError(t, err)
		defer db.Close()
		err = db.Ready(ctx)
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.NotContains(t, err.Error(), "geheim")
		require.ErrorIs(t, db.InTx(ctx, func(*store.Tx) error { return nil }), store.ErrUnavailable)
	})
}

// A connection cut in the middle of a transaction: nothing of it stays, and
// the next one works.
func TestMySQLConnectionIsKilled(t *testing.T) {
	db, _ := storetest.OpenMySQL(t)
	ctx := context.Background()
	err := db.InTx(ctx, func(tx *store.Tx) error {
		if err := put(tx, "gone"); err != nil {
			return err
		}
		var id int64
		if err := tx.Scan(&id, "SELECT CONNECTION_ID()"); err != nil {
			return err
		}
		execute(t, db, fmt.Sprint("KILL ", id))
		return put(tx, "gone too")
	})
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return put(tx, "back") }))
	require.Zero(t, settings(t, db, "gone%"))
	require.Equal(t, 1, settings(t, db, "back"))
}

// After a deadlock the server has rolled back everything: a closure that
// swallows the error must not commit its second half.
func TestSwallowedDeadlockDoesNotCommitHalf(t *testing.T) {
	db, _ := storetest.OpenMySQL(t)
	ctx := context.Background()
	execute(t, db, "INSERT INTO settings (name, value, updated_at) VALUES ('a', '0', NOW(3)), ('b', '0', NOW(3))")
	var met sync.WaitGroup // each holds its first row before either asks for its second
	met.Add(2)
	errs := make(chan error, 2)
	run := func(first, second string) {
		attempt := 0
		errs <- db.InTx(ctx, func(tx *store.Tx) error {
			attempt++
			if err := tx.Exec("UPDATE settings SET value = value + 1 WHERE name = ?", first); err != nil {
				return err
			}
			if attempt == 1 {
				met.Done()
				met.Wait()
			}
			_ = tx.Exec("UPDATE settings SET value = value + 1 WHERE name = ?", second) // swallowed
			return put(tx, fmt.Sprintf("half-%s-%d", first, attempt))
		})
	}
	go run("a", "b")
	go run("b", "a")
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	var a, b int
	require.NoError(t, db.Reader(ctx).Setting("a", &a))
	require.NoError(t, db.Reader(ctx).Setting("b", &b))
	require.Equal(t, [2]int{2, 2}, [2]int{a, b})
	require.Equal(t, 2, settings(t, db, "half-%"))
}

func TestMySQLSettingsAreForced(t *testing.T) {
	cfg := storetest.MySQL(t)
	parsed, err := mysql.ParseDSN(cfg.DSN)
	require.NoError(t, err)
	parsed.Params = map[string]string{"tx_isolation": "'SERIALIZABLE'", "innodb_lock_wait_timeout": "50", "sql_mode": "''", "time_zone": "'+08:00'"}
	parsed.Collation, parsed.ParseTime, parsed.ClientFoundRows = "utf8mb4_general_ci", false, false
	cfg.DSN = parsed.FormatDSN() + "&loc=Asia%2FShanghai&multiStatements=true"
	db := storetest.OpenConfig(t, cfg, storetest.NewClock())
	for query, want := range map[string]string{
		"SELECT @@tx_isolation":                   "READ-COMMITTED",
		"SELECT @@innodb_lock_wait_timeout":       "2",
		"SELECT @@time_zone":                      "+00:00",
		"SELECT @@collation_connection":           "utf8mb4_bin",
		"SELECT @@character_set_client":           "utf8mb4",
		"SELECT @@sql_mode LIKE '%STRICT_ALL%'":   "1",
		"SELECT IF('😀' = '👍' OR 'a' = 'A', 1, 0)": "0",
	} {
		var got string
		require.NoError(t, db.Reader(context.Background()).Scan(&got, query), query)
		require.Equal(t, want, got, query)
	}
	require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
		rows, err := tx.Rows("SHOW SESSION VARIABLES WHERE variable_name IN ('tx_isolation', 'transaction_isolation')")
		require.NotEmpty(t, rows)
		require.Equal(t, "READ-COMMITTED", rows[0]["Value"])
		return err
	}))
	require.Error(t, db.InTx(context.Background(), func(tx *store.Tx) error { return tx.Exec("SELECT 1; SELECT 2") }))
	require.ErrorContains(t, db.InTx(context.Background(), func(tx *store.Tx) error {
		return tx.Exec("INSERT INTO numbers (prefix, day, last) VALUES ('far too long a prefix', '20260302', 1)")
	}), "too long")
}

func TestSQLiteSettings(t *testing.T) {
	db, _ := storetest.Open(t)
	for query, want := range map[string]int{"PRAGMA synchronous": 2, "PRAGMA foreign_keys": 1, "PRAGMA busy_timeout": 5000, "PRAGMA temp_store": 2} {
		var got int
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error { return tx.Scan(&got, query) }))
		require.Equal(t, want, got, query)
	}
	var mode, version string
	require.NoError(t, db.Reader(context.Background()).Scan(&mode, "PRAGMA journal_mode"))
	require.Equal(t, "wal", mode)
	require.NoError(t, db.Reader(context.Background()).Scan(&version, "SELECT sqlite_version()"))
	require.GreaterOrEqual(t, version, "3.51.3", "earlier ones may corrupt the file when the WAL is reset")
	require.Error(t, db.Reader(context.Background()).Scan(&mode, "DELETE FROM settings"), "readers cannot write")
}

func TestCheckMySQLVersion(t *testing.T) {
	for version, want := range map[string]string{
		"8.0.16":                        "",
		"8.4.3-log":                     "",
		"9.1":                           "",
		"10.11.19-MariaDB-0+deb12u1":    "",
		"5.5.5-10.6.0-MariaDB":          "",
		"8.0.15":                        "MySQL 8.0.15 is too old: guiju needs 8.0.16 or newer",
		"5.7.44-log":                    "MySQL 5.7.44 is too old",
		"10.5.27-MariaDB":               "MariaDB 10.5.27 is too old: guiju needs 10.6.0 or newer",
		"5.5.5-10.3.39-MariaDB-0+deb10": "MariaDB 10.3.39 is too old",
		"something else":                "unknown to guiju",
	} {
		err := store.CheckMySQLVersion(version)
		if want == "" {
			require.NoError(t, err, version)
		} else {
			require.ErrorContains(t, err, want, version)
		}
	}
}

func TestInstantsRoundTrip(t *testing.T) {
	shanghai := time.FixedZone("", 8*3600)
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		for i, at := range []time.Time{
			time.Date(2026, 3, 2, 9, 0, 0, 0, shanghai),
			time.Date(2026, 3, 2, 9, 0, 0, 999_999_999, shanghai),
			time.Date(2026, 12, 31, 23, 59, 59, 999_500_000, time.UTC),
			time.Date(2001, 9, 9, 1, 46, 41, 1_000_000, time.UTC),
			time.Date(2099, 2, 28, 12, 0, 0, 7_000_000, time.UTC),
		} {
			key := fmt.Sprint(i)
			require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
				_, _, err := tx.AcceptDelivery(store.Delivery{Key: key, EventAt: at, ReceivedAt: at})
				// Below GORM the driver cuts as well.
				if err == nil {
					err = tx.Exec("UPDATE deliveries SET event_at = ? WHERE delivery_key = ?", at, key)
				}
				return err
			}))
			d, err := db.Reader(context.Background()).DeliveryByKey(key)
			require.NoError(t, err)
			want := at.UTC().Truncate(time.Millisecond)
			require.Equal(t, want, d.ReceivedAt)
			require.Equal(t, want, d.EventAt)
			var n int
			require.NoError(t, db.Reader(context.Background()).Scan(&n, "SELECT COUNT(*) FROM deliveries WHERE event_at = ? AND event_at >= ? AND event_at < ?", want, want, want.Add(time.Millisecond)))
			require.Equal(t, 1, n)
		}
	})
}

// Given a server that is not there, then whoever asked for a connection, the
// store tells at once: an outage may be shorter than any look at it.
func TestMySQLTellsThatTheServerIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	db, err := store.Open(store.Config{Driver: "mysql", DSN: "root@tcp(" + address + ")/guiju"}, store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	var told atomic.Int64
	db.OnAway(func() { told.Add(1) })
	_, err = db.Reader(t.Context()).JobCounts()
	require.Error(t, err)
	require.NotZero(t, told.Load())
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	told.Store(0)
	_, err = db.Reader(cancelled).JobCounts()
	require.Error(t, err)
	require.Zero(t, told.Load(), "a caller who gave up says nothing of the server")
}
