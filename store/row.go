package store

import (
	"database/sql"
	"strconv"
	"strings"
)

// Rows that every callback or send reads and writes go past GORM, straight to
// the prepared statements: building a statement by reflection costs about as
// much as SQLite takes to run it. Each such type lists its columns once, next
// to its fields.

// row is one row of such a table.
type row interface {
	TableName() string
	// columns names the columns, separated by ", ".
	columns() string
	// fields are pointers to the values, in the order of columns.
	fields() []any
}

// rowOf is a row that can be scanned into a T.
type rowOf[T any] interface {
	*T
	row
}

// list answers the rows of "SELECT columns FROM table " + rest.
func list[T any, R rowOf[T]](r *Reader, rest string, args ...any) ([]T, error) {
	all := []T{}
	var zero R = new(T)
	err := r.each("SELECT "+zero.columns()+" FROM "+zero.TableName()+" "+rest, args, func(rows *sql.Rows) error {
		all = append(all, *new(T))
		return rows.Scan(R(&all[len(all)-1]).fields()...)
	})
	return all, err
}

// take answers the first row of list; ErrNotFound when there is none.
func take[T any, R rowOf[T]](r *Reader, rest string, args ...any) (T, error) {
	var found T
	var into R = &found
	any, err := r.one("SELECT "+into.columns()+" FROM "+into.TableName()+" "+rest, args, into.fields()...)
	if err == nil && !any {
		err = ErrNotFound
	}
	return found, err
}

// insert stores a row whose first column is its id, which the database gives,
// and answers the id.
func (tx *Tx) insert(r row) (int64, error) {
	_, columns, _ := strings.Cut(r.columns(), ", ")
	values := r.fields()[1:]
	done, err := tx.exec("INSERT INTO "+r.TableName()+" ("+columns+") VALUES "+marks(len(values)), values...)
	if err != nil {
		return 0, err
	}
	return done.LastInsertId()
}

// rowsPerStatement bounds put. A list of another length is another statement
// to prepare, so long lists go in few lengths.
const rowsPerStatement = 100

// put stores rows whose key their fields hold, at most rowsPerStatement. Of a
// row that is there the columns named in overwrite are overwritten; without
// any it is ErrDuplicate.
func put[T any, R rowOf[T]](tx *Tx, rows []T, overwrite ...string) error {
	if len(rows) == 0 {
		return nil
	}
	var args []any
	for i := range rows {
		args = append(args, R(&rows[i]).fields()...)
	}
	first := R(&rows[0])
	one := marks(len(args) / len(rows))
	statement := "INSERT INTO " + first.TableName() + " (" + first.columns() + ") VALUES " + one + strings.Repeat(", "+one, len(rows)-1)
	if len(overwrite) > 0 {
		statement += tx.upsert(first.columns(), overwrite)
	}
	_, err := tx.exec(statement, args...)
	return err
}

// upsert ends an INSERT that overwrites columns of a row that is there.
func (tx *Tx) upsert(columns string, overwrite []string) string {
	var sets []string
	for _, column := range overwrite {
		if tx.mysql() {
			sets = append(sets, column+" = VALUES("+column+")")
		} else {
			sets = append(sets, column+" = excluded."+column)
		}
	}
	if tx.mysql() {
		return " ON DUPLICATE KEY UPDATE " + strings.Join(sets, ", ")
	}
	return " ON CONFLICT DO UPDATE SET " + strings.Join(sets, ", ")
}

// overwrite writes every column of a row but its first, the id, where the
// condition holds, and answers how many rows that were.
func (tx *Tx) overwrite(r row, where string, args ...any) (int64, error) {
	columns := strings.Split(r.columns(), ", ")[1:]
	var statement strings.Builder
	statement.WriteString("UPDATE " + r.TableName() + " SET ")
	for i, column := range columns {
		if i > 0 {
			statement.WriteString(", ")
		}
		statement.WriteString(column)
		statement.WriteString(" = ?")
	}
	statement.WriteString(" WHERE " + where)
	return tx.changed(statement.String(), append(r.fields()[1:], args...)...)
}

// first ends a query that answers at most n rows. The number is part of the
// text: SQLite prepares a statement anew each time a bound LIMIT is set.
func first(n int) string { return " LIMIT " + strconv.Itoa(n) }

// marks is "(?, ?, …)" for n values.
func marks(n int) string { return "(?" + strings.Repeat(", ?", n-1) + ")" }
