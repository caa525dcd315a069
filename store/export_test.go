package store

// What tests of this package may do beside its API.

// Exec runs a statement in the transaction.
func (tx *Tx) Exec(statement string, args ...any) error {
	return translate(tx.g.Exec(statement, args...).Error)
}

// Scan reads the first row of a query.
func (r *Reader) Scan(dest any, query string, args ...any) error {
	return translate(r.g.Raw(query, args...).Scan(dest).Error)
}

// Rows reads all rows of a query.
func (tx *Tx) Rows(query string) ([]map[string]any, error) {
	var rows []map[string]any
	err := tx.g.Raw(query).Scan(&rows).Error
	return rows, translate(err)
}

// Waiting counts the transactions in the SQLite writer's lanes.
func (db *DB) Waiting() int {
	w := db.engine.(*sqliteEngine).writer
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.lanes[urgent]) + len(w.lanes[background])
}

// Disturb makes the writer's engine drop its transaction, as an interrupted
// statement or a full disk may.
func (tx *Tx) Disturb() error {
	conn := tx.db.engine.(*sqliteEngine).writer.conn
	return conn.control("ROLLBACK")
}

var (
	SplitSQL          = splitSQL
	CheckMySQLVersion = checkMySQLVersion
	MySQLConfig       = mysqlConfig
)

// MigrationNames lists the migrations of a dialect.
func MigrationNames(t interface{ Fatal(...any) }, dialect string) []string {
	all, err := loadMigrations(dialect)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range all {
		names = append(names, m.name)
	}
	return names
}
