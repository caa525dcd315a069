package store

import (
	"database/sql"
	"strings"
)

// The jobs table is the hottest one, so its statements go to the prepared
// statements below GORM directly. Texts are few and fixed: lists of ids are
// padded to powers of two (see idList).

// exec runs one statement.
func (tx *Tx) exec(statement string, args ...any) (sql.Result, error) {
	result, err := tx.g.Statement.ConnPool.ExecContext(tx.ctx, statement, args...)
	if err != nil {
		return nil, tx.translated(err)
	}
	return result, nil
}

// changed runs one statement and answers the number of rows it matched.
func (tx *Tx) changed(statement string, args ...any) (int64, error) {
	result, err := tx.exec(statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// one scans the first row into dest and says whether there was one.
func (r *Reader) one(query string, args []any, dest ...any) (bool, error) {
	found := false
	err := r.each(query, args, func(rows *sql.Rows) error {
		if found {
			return nil
		}
		found = true
		return rows.Scan(dest...)
	})
	return found, err
}

// each calls scan for every row of the query.
func (r *Reader) each(query string, args []any, scan func(rows *sql.Rows) error) error {
	rows, err := r.g.Statement.ConnPool.QueryContext(r.ctx, query, args...)
	if err != nil {
		return r.translated(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return r.translated(err)
		}
	}
	return r.translated(rows.Err())
}

// translated is translate for errors that did not pass through GORM, which
// knows each engine's number of a duplicate key.
func (r *Reader) translated(err error) error {
	if err == nil {
		return nil
	}
	if translator, ok := r.g.Dialector.(interface{ Translate(error) error }); ok {
		err = translator.Translate(err)
	}
	return translate(err)
}

func (r *Reader) mysql() bool { return r.db.dialect == "mysql" }

// forUpdate, forShare and skipLocked end a locking read. SQLite needs none:
// its one writer is lock enough.
func (r *Reader) forUpdate() string { return r.locking(" FOR UPDATE") }

// LOCK IN SHARE MODE, because MariaDB has no FOR SHARE.
func (r *Reader) forShare() string { return r.locking(" LOCK IN SHARE MODE") }

func (r *Reader) skipLocked() string { return r.locking(" FOR UPDATE SKIP LOCKED") }

func (r *Reader) locking(clause string) string {
	if r.mysql() {
		return clause
	}
	return ""
}

// byWake names the one right index of the claiming reads: a planner that
// chose jobs_unique for "kind IN" would walk through every done job.
func (r *Reader) byWake() string {
	if r.mysql() {
		return "jobs FORCE INDEX (jobs_wake)"
	}
	return "jobs INDEXED BY jobs_wake"
}

// idList is "(?, ?, …)" for the ids and their arguments, the last id repeated
// up to the next power of two.
func idList(ids []int64) (string, []any) {
	size := 1
	for size < len(ids) {
		size *= 2
	}
	args := make([]any, size)
	for i := range args {
		args[i] = ids[min(i, len(ids)-1)]
	}
	return "(?" + strings.Repeat(", ?", size-1) + ")", args
}

// textList is idList for words.
func textList(words []string) (string, []any) {
	size := 1
	for size < len(words) {
		size *= 2
	}
	args := make([]any, size)
	for i := range args {
		args[i] = words[min(i, len(words)-1)]
	}
	return "(?" + strings.Repeat(", ?", size-1) + ")", args
}
