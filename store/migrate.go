package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema to the newest version and answers the versions it
// applied. It is safe to call from several processes at once.
func (db *DB) Migrate(ctx context.Context) ([]int, error) {
	g := db.write.WithContext(ctx)
	if err := g.Exec("CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL)").Error; err != nil {
		return nil, fmt.Errorf("migrate: %w", translate(err))
	}
	names, err := fs.Glob(migrations, "migrations/"+db.dialect+"/*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	var applied []int
	for _, name := range names {
		base := name[strings.LastIndex(name, "/")+1:]
		version, err := strconv.Atoi(base[:4])
		if err != nil {
			return applied, fmt.Errorf("migration %s: %w", base, err)
		}
		var n int64
		if err := g.Raw("SELECT COUNT(*) FROM schema_versions WHERE version = ?", version).Scan(&n).Error; err != nil {
			return applied, fmt.Errorf("migrate: %w", translate(err))
		}
		if n > 0 {
			continue
		}
		body, err := migrations.ReadFile(name)
		if err != nil {
			return applied, err
		}
		for _, statement := range strings.Split(string(body), ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if err := g.Exec(statement).Error; err != nil {
				return applied, fmt.Errorf("migration %s: %w", base, err)
			}
		}
		if err := g.Exec("INSERT INTO schema_versions (version, name) VALUES (?, ?)", version, base).Error; err != nil {
			return applied, fmt.Errorf("migration %s: %w", base, err)
		}
		applied = append(applied, version)
	}
	return applied, nil
}
