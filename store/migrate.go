package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Migrations are numbered SQL files per dialect. They expand first and
// contract a version later, so the previous version runs on the new schema.
//
//go:embed migrations
var migrations embed.FS

type migration struct {
	version    int
	name       string
	statements []string
}

const schemaVersions = "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, done INTEGER NOT NULL, complete INTEGER NOT NULL)"

// Migrate brings the schema to this program's version and answers the
// versions it applied. It is safe to call from several processes at once. On
// SQLite all of them apply or none; on MySQL, where each statement commits
// itself, a later call goes on behind the last statement that succeeded.
func (db *DB) Migrate(ctx context.Context) ([]int, error) {
	all, err := loadMigrations(db.dialect)
	if err != nil {
		return nil, err
	}
	applied, err := db.engine.migrate(ctx, all)
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", translate(err))
	}
	db.ready.Store(true)
	return applied, nil
}

// SchemaSum identifies the schema that this program's migrations make.
func SchemaSum(dialect string) (string, error) {
	all, err := loadMigrations(dialect)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, m := range all {
		fmt.Fprintf(sum, "%d %q\n", m.version, m.statements)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// missing lists the migrations this program knows and the schema lacks.
func (db *DB) missing(ctx context.Context) ([]int, error) {
	all, err := loadMigrations(db.dialect)
	if err != nil {
		return nil, err
	}
	var there int
	table := "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_versions'"
	if db.dialect == "sqlite" {
		table = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_versions'"
	}
	if err := db.read.WithContext(ctx).Raw(table).Scan(&there).Error; err != nil {
		return nil, fmt.Errorf("read the schema's version: %w", translate(err))
	}
	var have []int
	if there > 0 {
		if err := db.read.WithContext(ctx).Raw("SELECT version FROM schema_versions WHERE complete = 1").Scan(&have).Error; err != nil {
			return nil, fmt.Errorf("read the schema's version: %w", translate(err))
		}
	}
	known := map[int]bool{}
	for _, version := range have {
		known[version] = true
	}
	var missing []int
	for _, m := range all {
		if !known[m.version] {
			missing = append(missing, m.version)
		}
	}
	return missing, nil
}

func loadMigrations(dialect string) ([]migration, error) {
	names, err := fs.Glob(migrations, "migrations/"+dialect+"/*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	var all []migration
	for _, name := range names {
		base := name[strings.LastIndex(name, "/")+1:]
		number, _, _ := strings.Cut(base, "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s: its name does not begin with a number", base)
		}
		body, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version: version, name: base, statements: splitSQL(string(body))})
	}
	return all, nil
}

func (e *sqliteEngine) migrate(ctx context.Context, all []migration) (applied []int, err error) {
	// BEGIN IMMEDIATE keeps other processes out.
	err = e.writer.run(ctx, background, func(tx *Tx) error {
		applied = nil
		conn := e.writer.conn
		if _, err := conn.ExecContext(ctx, schemaVersions); err != nil {
			return err
		}
		for _, m := range all {
			var n int
			if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM schema_versions WHERE version = ?", m.version).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			for i, statement := range m.statements {
				if _, err := conn.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("%s, statement %d: %w", m.name, i+1, err)
				}
			}
			_, err := conn.ExecContext(ctx, "INSERT INTO schema_versions (version, name, done, complete) VALUES (?, ?, ?, 1)", m.version, m.name, len(m.statements))
			if err != nil {
				return err
			}
			applied = append(applied, m.version)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return applied, nil
}

func (e *mysqlEngine) migrate(ctx context.Context, all []migration) (applied []int, err error) {
	conn, err := e.side.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	const lock = "CONCAT('guiju.migrate.', LEFT(DATABASE(), 40))" // names are per server, at most 64 long
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK("+lock+", 25)").Scan(&got); err != nil {
		return nil, err
	}
	if got.Int64 != 1 {
		return nil, fmt.Errorf("%w: another process has been migrating for 25 s", ErrUnavailable)
	}
	defer func() {
		_, unlock := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+lock+")")
		err = errors.Join(err, unlock)
	}()
	if _, err := conn.ExecContext(ctx, schemaVersions+" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"); err != nil {
		return nil, err
	}
	for _, m := range all {
		fresh, err := migrateMySQL(ctx, conn, m)
		if err != nil {
			return applied, fmt.Errorf("%s, %w", m.name, err)
		}
		if fresh {
			applied = append(applied, m.version)
		}
	}
	return applied, nil
}

// migrateMySQL applies one file, a statement at a time, and counts them.
func migrateMySQL(ctx context.Context, conn *sql.Conn, m migration) (fresh bool, err error) {
	if _, err := conn.ExecContext(ctx, "INSERT IGNORE INTO schema_versions (version, name, done, complete) VALUES (?, ?, 0, 0)", m.version, m.name); err != nil {
		return false, err
	}
	var done, complete int
	if err := conn.QueryRowContext(ctx, "SELECT done, complete FROM schema_versions WHERE version = ?", m.version).Scan(&done, &complete); err != nil {
		return false, err
	}
	if complete == 1 {
		return false, nil
	}
	for i := done; i < len(m.statements); i++ {
		_, err := conn.ExecContext(ctx, m.statements[i])
		if err != nil && !(i == done && alreadyThere(err)) {
			return false, fmt.Errorf("statement %d: %w", i+1, err)
		}
		if _, err := conn.ExecContext(ctx, "UPDATE schema_versions SET done = ? WHERE version = ?", i+1, m.version); err != nil {
			return false, err
		}
	}
	_, err = conn.ExecContext(ctx, "UPDATE schema_versions SET complete = 1 WHERE version = ?", m.version)
	return err == nil, err
}

// alreadyThere says that a statement has run before: the process died between
// the statement and its being counted.
func alreadyThere(err error) bool {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Number {
	case 1050, 1060, 1061, 1091: // table, column, index exist; dropped already
		return true
	}
	return false
}

// splitSQL cuts a file into statements at the semicolons outside quotes and
// comments; comments before a statement are left out.
func splitSQL(body string) []string {
	var statements []string
	var current strings.Builder
	for i := 0; i < len(body); {
		switch {
		case strings.HasPrefix(body[i:], "--"):
			i = after(body, i, "\n")
			current.WriteByte('\n')
		case strings.HasPrefix(body[i:], "/*"):
			i = after(body, i, "*/")
			current.WriteByte(' ')
		case body[i] == '\'' || body[i] == '"' || body[i] == '`':
			end := after(body, i+1, body[i:i+1]) // a doubled quote opens the next part
			current.WriteString(body[i:end])
			i = end
		case body[i] == ';':
			if s := strings.TrimSpace(current.String()); s != "" {
				statements = append(statements, s)
			}
			current.Reset()
			i++
		default:
			current.WriteByte(body[i])
			i++
		}
	}
	if s := strings.TrimSpace(current.String()); s != "" {
		statements = append(statements, s)
	}
	return statements
}

// after is the index behind the first mark at or after i, or the end.
func after(s string, i int, mark string) int {
	if n := strings.Index(s[i:], mark); n >= 0 {
		return i + n + len(mark)
	}
	return len(s)
}
