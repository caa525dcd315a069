// Package storetest gives tests a real database: every store test runs on
// SQLite, and on MySQL or MariaDB as well when GUIJU_TEST_MYSQL_DSN is set.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guiju/store"
)

// Each runs test on a fresh SQLite file and, when GUIJU_TEST_MYSQL_DSN is set,
// on a fresh database of that server. Both runs are parallel to other tests.
// Without the variable the MySQL run is skipped, or fails when
// GUIJU_TEST_REQUIRE names mysql.
func Each(t *testing.T, test func(t *testing.T, db *store.DB, clock *Clock)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db, clock := Open(t)
		test(t, db, clock)
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		db, clock := OpenMySQL(t)
		test(t, db, clock)
	})
}

// Open answers a fresh, migrated SQLite database that ends with the test.
func Open(t testing.TB) (*store.DB, *Clock) {
	t.Helper()
	clock := NewClock()
	return OpenConfig(t, SQLite(t), clock), clock
}

// OpenMySQL is Open on a database of its own on the server of
// GUIJU_TEST_MYSQL_DSN; it skips, or fails, as Each says.
func OpenMySQL(t testing.TB) (*store.DB, *Clock) {
	t.Helper()
	clock := NewClock()
	return OpenConfig(t, LentMySQL(t), clock), clock
}

// SQLite is the configuration of a SQLite file in a directory of its own.
func SQLite(t testing.TB) store.Config {
	t.Helper()
	return store.Config{Driver: "sqlite", DSN: filepath.Join(t.TempDir(), "guiju.db"), Migrate: "auto"}
}

// MySQL is the configuration of a new database without tables on the server of
// GUIJU_TEST_MYSQL_DSN, dropped when the test ends: for tests of the schema.
func MySQL(t testing.TB) store.Config {
	t.Helper()
	server := serverConfig(t)
	name := "guiju_test_" + random()
	exec(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { exec(t, server, "DROP DATABASE IF EXISTS "+name) })
	return inDatabase(server, name)
}

// LentMySQL is the configuration of a database without rows, which the test
// has for itself; another test may have had it before.
func LentMySQL(t testing.TB) store.Config {
	t.Helper()
	server := serverConfig(t)
	return inDatabase(server, lend(t, server))
}

func inDatabase(server *mysql.Config, name string) store.Config {
	own := server.Clone()
	own.DBName = name
	return store.Config{Driver: "mysql", DSN: own.FormatDSN(), Migrate: "auto"}
}

func serverConfig(t testing.TB) *mysql.Config {
	t.Helper()
	server, err := mysql.ParseDSN(serverDSN(t))
	if err != nil {
		t.Fatalf("GUIJU_TEST_MYSQL_DSN: %v", err)
	}
	server.DBName = ""
	return server
}

func serverDSN(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("GUIJU_TEST_MYSQL_DSN")
	if dsn == "" {
		leaveOut(t, "mysql", "left out MySQL: GUIJU_TEST_MYSQL_DSN is not set")
	}
	return dsn
}

// leaveOut ends a test whose service is not there.
func leaveOut(t testing.TB, service, why string) {
	t.Helper()
	for _, required := range strings.Split(os.Getenv("GUIJU_TEST_REQUIRE"), ",") {
		if strings.TrimSpace(required) == service {
			t.Fatal(why)
		}
	}
	t.Skip(why)
}

// OpenConfig opens and migrates the database of cfg; it closes with the test.
// Twice on one configuration is two processes on one database.
func OpenConfig(t testing.TB, cfg store.Config, clock *Clock) *store.DB {
	t.Helper()
	db, err := store.Open(cfg, store.Options{Now: clock.Now})
	if err != nil {
		t.Fatalf("open %s: %v", cfg.Driver, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close %s: %v", cfg.Driver, err)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := db.Ready(ctx); err != nil {
		t.Fatalf("ready %s: %v", cfg.Driver, err)
	}
	return db
}

func exec(t testing.TB, server *mysql.Config, statement string) {
	t.Helper()
	pool, err := sql.Open("mysql", server.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := pool.ExecContext(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func random() string {
	b := make([]byte, 6)
	rand.Read(b) // never fails, see its documentation
	return hex.EncodeToString(b)
}
