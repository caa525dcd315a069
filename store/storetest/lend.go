package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guiju/store"
)

// Making a MySQL database with all its tables takes a second of waiting for
// the disk, and the suite asks for hundreds. So tests lend databases: each is
// locked by name on the server while a test has it, which holds across
// processes and ends with a process that dies, and is emptied before it is
// lent again. The name holds a sum of the migrations, so a new schema starts
// new databases; old ones may be dropped by hand (guiju_lent_…).

// maxLent bounds the databases that are lent at once.
const maxLent = 64

// lend finds a database nobody has, empties it, and answers its name.
func lend(t testing.TB, server *mysql.Config) string {
	t.Helper()
	pool, err := sql.Open("mysql", server.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	conn, err := pool.Conn(ctx)
	if err != nil {
		t.Fatalf("GUIJU_TEST_MYSQL_DSN: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // with the connection goes the lock
	sum, err := store.SchemaSum("mysql")
	if err != nil {
		t.Fatal(err)
	}
	for n := range maxLent {
		name := fmt.Sprintf("guiju_lent_%s_%d", sum[:8], n)
		var got sql.NullInt64
		if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 0)", name).Scan(&got); err != nil {
			t.Fatalf("lock %s: %v", name, err)
		}
		if got.Int64 != 1 {
			continue
		}
		if _, err := conn.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+name); err != nil {
			t.Fatalf("create %s: %v", name, err)
		}
		if err := empty(ctx, conn, name); err != nil {
			t.Fatalf("empty %s: %v", name, err)
		}
		return name
	}
	t.Fatalf("%d databases are lent at once", maxLent)
	return ""
}

// empty deletes every row of a database and starts its ids anew, but keeps
// the schema and the record of its migrations.
func empty(ctx context.Context, conn *sql.Conn, database string) error {
	rows, err := conn.QueryContext(ctx,
		`SELECT table_name, COALESCE(auto_increment, 0) FROM information_schema.tables
		 WHERE table_schema = ? AND table_name <> 'schema_versions'`, database)
	if err != nil {
		return err
	}
	next := map[string]int64{}
	for rows.Next() {
		var table string
		var id int64
		if err := rows.Scan(&table, &id); err != nil {
			return err
		}
		next[table] = id
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for table, id := range next {
		if _, err := conn.ExecContext(ctx, "DELETE FROM "+database+"."+table); err != nil {
			return err
		}
		if id > 1 {
			if _, err := conn.ExecContext(ctx, "ALTER TABLE "+database+"."+table+" AUTO_INCREMENT = 1"); err != nil {
				return err
			}
		}
	}
	return nil
}
