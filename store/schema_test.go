package store_test

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

// columns describes a schema as lines "table.column nullable" and
// "table unique(a, b)", "table index(a, b)": what both dialects must share.
func columns(t *testing.T, db *store.DB) []string {
	t.Helper()
	var lines []string
	read := func(query string) (rows []map[string]any) {
		require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) (err error) {
			rows, err = tx.Rows(query)
			return err
		}))
		return rows
	}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if db.Dialect() == "mysql" {
		for _, row := range read("SELECT table_name AS t, column_name AS c, is_nullable AS n, column_default AS d, data_type AS ty FROM information_schema.columns WHERE table_schema = DATABASE()") {
			add("%s.%s nullable=%v type=%s", row["t"], row["c"], row["n"] == "YES", family(fmt.Sprint(row["ty"])))
		}
		for _, row := range read("SELECT table_name AS t, MAX(non_unique) AS n, index_name AS i, GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ') AS c FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name") {
			kind := "index"
			if fmt.Sprint(row["n"]) == "0" {
				kind = "unique"
			}
			add("%s %s(%s)", row["t"], kind, row["c"])
		}
	} else {
		for _, table := range read("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
			name := table["name"]
			var primary []string
			for _, c := range read(fmt.Sprintf("SELECT name, type, \"notnull\" AS nn, pk FROM pragma_table_info('%s') ORDER BY pk", name)) {
				pk := fmt.Sprint(c["pk"]) != "0"
				if pk {
					primary = append(primary, fmt.Sprint(c["name"]))
				}
				add("%s.%s nullable=%v type=%s", name, c["name"], fmt.Sprint(c["nn"]) == "0" && !pk, family(fmt.Sprint(c["type"])))
			}
			add("%s unique(%s)", name, strings.Join(primary, ", "))
			for _, i := range read(fmt.Sprintf("SELECT name, \"unique\" AS u, origin FROM pragma_index_list('%s') WHERE origin <> 'pk'", name)) {
				var parts []string
				for _, c := range read(fmt.Sprintf("SELECT name FROM pragma_index_info('%s') ORDER BY seqno", i["name"])) {
					parts = append(parts, fmt.Sprint(c["name"]))
				}
				kind := "index"
				if fmt.Sprint(i["u"]) == "1" {
					kind = "unique"
				}
				add("%s %s(%s)", name, kind, strings.Join(parts, ", "))
			}
		}
	}
	sort.Strings(lines)
	return lines
}

// family is what a type means to Go.
func family(kind string) string {
	kind, _, _ = strings.Cut(strings.ToLower(kind), "(")
	switch kind {
	case "int", "integer", "bigint", "smallint", "tinyint", "boolean":
		return "integer"
	case "text", "varchar", "char", "mediumtext", "longtext":
		return "text"
	case "blob", "mediumblob", "longblob", "varbinary", "binary":
		return "bytes"
	case "datetime":
		return "instant"
	}
	return kind
}

func TestSchemasOfBothDialectsAreEqual(t *testing.T) {
	mysql, _ := storetest.OpenMySQL(t)
	sqlite, _ := storetest.Open(t)
	require.Equal(t, strings.Join(columns(t, sqlite), "\n"), strings.Join(columns(t, mysql), "\n"))
}

// A table that does not name its collation gets the server's, which folds.
func TestEveryTextColumnIsBinary(t *testing.T) {
	db, _ := storetest.OpenMySQL(t)
	var wrong []string
	require.NoError(t, db.Reader(context.Background()).Scan(&wrong, `SELECT CONCAT(table_name, '.', column_name, ' ', collation_name)
		FROM information_schema.columns WHERE table_schema = DATABASE() AND collation_name IS NOT NULL AND collation_name <> 'utf8mb4_bin'`))
	require.Empty(t, wrong)
	var engines []string
	require.NoError(t, db.Reader(context.Background()).Scan(&engines, "SELECT DISTINCT engine FROM information_schema.tables WHERE table_schema = DATABASE()"))
	require.Equal(t, []string{"InnoDB"}, engines)
}

func TestMigrationsAreEqualInNumberAndName(t *testing.T) {
	require.Equal(t, store.MigrationNames(t, "sqlite"), store.MigrationNames(t, "mysql"))
}

// Several processes start at once on an empty database.
func TestMigrateFromManyProcesses(t *testing.T) {
	for driver, config := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "mysql": storetest.MySQL} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			var mu sync.Mutex
			applied := map[int]int{}
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					db, err := store.Open(cfg, store.Options{})
					require.NoError(t, err)
					defer db.Close()
					versions, err := db.Migrate(context.Background())
					require.NoError(t, err)
					mu.Lock()
					defer mu.Unlock()
					for _, v := range versions {
						applied[v]++
					}
				})
			}
			wg.Wait()
			require.Len(t, applied, len(store.MigrationNames(t, driver)))
			for version, times := range applied {
				require.Equal(t, 1, times, version)
			}
		})
	}
}

func TestManualMigrationRefusesAnOldSchema(t *testing.T) {
	for driver, config := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "mysql": storetest.MySQL} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			cfg := config(t)
			cfg.Migrate = "manual"
			db, err := store.Open(cfg, store.Options{})
			require.NoError(t, err)
			defer db.Close()
			require.ErrorContains(t, db.Ready(ctx), "guiju migrate")
			require.ErrorIs(t, db.InTx(ctx, func(*store.Tx) error { return nil }), store.ErrUnavailable)
			_, err = db.Migrate(ctx)
			require.NoError(t, err)
			require.NoError(t, db.Ready(ctx))

			// A newer program's migration is no reason to refuse.
			execute(t, db, "INSERT INTO schema_versions (version, name, done, complete) VALUES (9999, 'later.sql', 1, 1)")
			require.NoError(t, db.Ready(ctx))
			execute(t, db, "DELETE FROM schema_versions WHERE version = 1")
			require.ErrorContains(t, db.Ready(ctx), "[1]")
		})
	}
}

// The process died after a statement of a MySQL migration.
func TestInterruptedMigrationGoesOn(t *testing.T) {
	for _, counted := range []bool{true, false} {
		t.Run(fmt.Sprintf("statement counted %v", counted), func(t *testing.T) {
			ctx := context.Background()
			db, _ := storetest.OpenMySQL(t)
			before := columns(t, db)
			// As if 0001 had stopped behind its second statement.
			for _, table := range []string{"audit", "audit_seals", "refusals", "replicas", "rulebooks", "settings"} {
				execute(t, db, "DROP TABLE "+table)
			}
			done := 2
			if !counted {
				done = 1
			}
			execute(t, db, "UPDATE schema_versions SET done = ?, complete = 0 WHERE version = 1", done)
			applied, err := db.Migrate(ctx)
			require.NoError(t, err)
			require.Equal(t, []int{1}, applied)
			require.Equal(t, before, columns(t, db))
		})
	}
}

func TestSplitSQL(t *testing.T) {
	got := store.SplitSQL("-- a; comment\nCREATE TABLE a (b TEXT DEFAULT 'x;''y'); /* c; */\n\nINSERT INTO a VALUES ('--', \";\", `q;`) -- end;\n;\n;\nSELECT 1")
	require.Equal(t, []string{
		"CREATE TABLE a (b TEXT DEFAULT 'x;''y')",
		"INSERT INTO a VALUES ('--', \";\", `q;`)",
		"SELECT 1",
	}, got)
}
