package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"

	"guiju/store/faultpoint"
)

// Bounds of the pool on MySQL. More connections commit no more (measured with
// 16, 40 and 64), and five processes fit into the server's default of 151.
const (
	mysqlConns = 24
	// mysqlBackground is how many of them jobs may use at once: the others are
	// left to callbacks, and so is most of the server.
	mysqlBackground = 8
	mysqlIdle       = 5 * time.Minute
	mysqlLifetime   = 30 * time.Minute
	mysqlDial       = 5 * time.Second
	// mysqlRead bounds one answer of the server; it is longer than any lock
	// wait and than MaxTransaction.
	mysqlRead = 30 * time.Second
)

// mysqlEngine is a MySQL or MariaDB server: every transaction has its own
// connection.
type mysqlEngine struct {
	db   *DB
	pool *sql.DB
	// side serves numbers, whose own transaction runs inside another: from the
	// same pool, all transactions could each wait for one connection more.
	side *sql.DB
	// jobs has a place for each transaction of the background class.
	jobs chan struct{}
}

func (db *DB) openMySQL(dsn string) error {
	conf, err := mysqlConfig(dsn)
	if err != nil {
		return fmt.Errorf("store.dsn: %w", err)
	}
	connector, err := mysql.NewConnector(conf)
	if err != nil {
		return fmt.Errorf("store.dsn: %w", err)
	}
	e := &mysqlEngine{db: db, pool: db.mysqlPool(connector, mysqlConns), side: db.mysqlPool(connector, 2), jobs: make(chan struct{}, mysqlBackground)}
	dialect := gormmysql.New(gormmysql.Config{
		Conn:                          e.pool,
		SkipInitializeWithVersion:     true, // asks the server, which may be away
		DisableWithReturning:          true, // MySQL has none
		DontSupportNullAsDefaultValue: true, // as on MariaDB
	})
	if db.write, err = gorm.Open(dialect, db.gormConfig()); err != nil {
		return err
	}
	db.read = db.write
	db.engine = e
	return nil
}

// mysqlConfig forces what guiju relies on, whatever the DSN says.
func mysqlConfig(dsn string) (*mysql.Config, error) {
	c, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("not a DSN such as user:password@tcp(host:3306)/guiju") // the parser's error may quote the password
	}
	if c.DBName == "" {
		return nil, errors.New("names no database")
	}
	c.ParseTime = true
	c.Loc = time.UTC
	c.ClientFoundRows = true // RowsAffected counts matched rows, as on SQLite
	c.InterpolateParams = true
	c.MultiStatements = false
	c.RejectReadOnly = true // a failed-over primary: drop the connection
	c.Timeout, c.ReadTimeout, c.WriteTimeout = mysqlDial, mysqlRead, mysqlRead
	c.Logger = &mysql.NopLogger{}
	// Default collations make 😀 equal 👍 and fold case-sensitive codes.
	if err := c.Apply(mysql.Charset("utf8mb4", "utf8mb4_bin"), mysql.TimeTruncate(time.Millisecond)); err != nil {
		return nil, err
	}
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	for _, other := range []string{"tx_isolation", "transaction_isolation", "autocommit", "tx_read_only", "transaction_read_only"} {
		delete(c.Params, other)
	}
	c.Params["innodb_lock_wait_timeout"] = "2"
	c.Params["time_zone"] = "'+00:00'"
	c.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
	return c, nil
}

func (db *DB) mysqlPool(connector driver.Connector, conns int) *sql.DB {
	pool := sql.OpenDB(serverConnector{connector, db})
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(mysqlIdle)
	pool.SetConnMaxLifetime(mysqlLifetime)
	return pool
}

// serverConnector sets the isolation of every new connection by a statement:
// the variable's name differs between MySQL 8 and MariaDB before 11.1. It
// tells when there is none to be had.
type serverConnector struct {
	driver.Connector
	db *DB
}

func (c serverConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) { // then it says nothing of the server
			c.db.away()
		}
		return nil, err
	}
	_, err = conn.(driver.ExecerContext).ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (e *mysqlEngine) connect(ctx context.Context) error {
	var version string
	if err := e.pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return err
	}
	return checkMySQLVersion(version)
}

// checkMySQLVersion refuses servers without SKIP LOCKED, CHECK constraints or
// instant columns.
func checkMySQLVersion(version string) error {
	name, least := "MySQL", [3]int{8, 0, 16}
	if strings.Contains(version, "MariaDB") {
		name, least = "MariaDB", [3]int{10, 6, 0}
		version = strings.TrimPrefix(version, "5.5.5-") // said to old clients
	}
	var have [3]int
	number, _, _ := strings.Cut(version, "-")
	for i, part := range strings.SplitN(number, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil {
			return fmt.Errorf("the server's version %q is unknown to guiju", version)
		}
		have[i] = n
	}
	for i := range have {
		if have[i] != least[i] {
			if have[i] < least[i] {
				return fmt.Errorf("%s %s is too old: guiju needs %d.%d.%d or newer", name, number, least[0], least[1], least[2])
			}
			break
		}
	}
	return nil
}

func (e *mysqlEngine) run(ctx context.Context, c class, fn func(tx *Tx) error) (err error) {
	if c == background {
		select {
		case e.jobs <- struct{}{}:
			defer func() { <-e.jobs }()
		case <-ctx.Done():
			return fmt.Errorf("%w: %w while waiting for a connection", ErrUnavailable, ctx.Err())
		}
	}
	ctx, cancel := context.WithTimeout(ctx, MaxTransaction)
	defer cancel()
	begun, err := e.pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", translate(err))
	}
	conn := &mysqlTx{tx: begun}
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
		_ = begun.Rollback() // after Commit it does nothing
	}()
	tx := &Tx{Reader: Reader{ctx: ctx, g: e.db.session(ctx, conn), db: e.db}}
	if err := tx.runClosure(fn); err != nil {
		if conn.lost != nil && !errors.Is(err, ErrConflict) {
			return fmt.Errorf("%w: %w", conn.lost, err)
		}
		return err
	}
	if conn.lost != nil {
		return conn.lost
	}
	faultpoint.Pass(faultpoint.BeforeCommit)
	if err := begun.Commit(); err != nil {
		return commitError(ctx, err)
	}
	faultpoint.Pass(faultpoint.AfterCommit)
	if tx.enqueued {
		(*e.db.wake.Load())()
	}
	return nil
}

// commitError tells a commit that was refused from one whose answer was lost.
func commitError(ctx context.Context, err error) error {
	var refused *mysql.MySQLError
	if errors.As(err, &refused) {
		return fmt.Errorf("commit: %w", translate(err))
	}
	// database/sql answers these before it has sent anything.
	if errors.Is(err, sql.ErrTxDone) || (ctx.Err() != nil && errors.Is(err, ctx.Err())) {
		return fmt.Errorf("commit: %w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("commit: %w: %w", ErrUncertain, err)
}

// mysqlTx is one transaction as GORM sees it. After a deadlock the server has
// rolled the whole transaction back and would run later statements one by
// one; after a lost connection nothing is known: so both end it, whatever the
// closure makes of the error.
type mysqlTx struct {
	tx   *sql.Tx
	lost error
	run  int // statements
}

func (t *mysqlTx) statementsRun() int { return t.run }

func (t *mysqlTx) note(err error) error {
	if err == nil || t.lost != nil {
		return err
	}
	if named := translateMySQL(err); errors.Is(named, ErrConflict) || errors.Is(named, ErrUnavailable) {
		t.lost = named
	}
	return err
}

// PrepareContext implements gorm.ConnPool.
func (t *mysqlTx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if t.lost != nil {
		return nil, t.lost
	}
	s, err := t.tx.PrepareContext(ctx, query)
	return s, t.note(err)
}

// ExecContext implements gorm.ConnPool.
func (t *mysqlTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t.lost != nil {
		return nil, t.lost
	}
	t.run++
	r, err := t.tx.ExecContext(ctx, query, args...)
	return r, t.note(err)
}

// QueryContext implements gorm.ConnPool.
func (t *mysqlTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if t.lost != nil {
		return nil, t.lost
	}
	t.run++
	rows, err := t.tx.QueryContext(ctx, query, args...)
	return rows, t.note(err)
}

// QueryRowContext implements gorm.ConnPool.
func (t *mysqlTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if t.lost != nil {
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		ctx = cancelled // a sql.Row cannot be made with an error but by asking in vain
	}
	t.run++
	row := t.tx.QueryRowContext(ctx, query, args...)
	_ = t.note(row.Err())
	return row
}

// reserve counts in a transaction of its own, one statement long.
func (e *mysqlEngine) reserve(tx *Tx, prefix, day string, n int64) (int64, error) {
	const add = "UPDATE numbers SET last = LAST_INSERT_ID(last + ?) WHERE prefix = ? AND day = ?"
	for range 3 { // the second round meets the row another process has inserted
		done, err := e.side.ExecContext(tx.ctx, add, n, prefix, day)
		if err != nil {
			return 0, err
		}
		if found, err := done.RowsAffected(); err != nil || found > 0 {
			last, idErr := done.LastInsertId()
			return last, errors.Join(err, idErr)
		}
		_, err = e.side.ExecContext(tx.ctx, "INSERT INTO numbers (prefix, day, last) VALUES (?, ?, ?)", prefix, day, n)
		if err == nil {
			return n, nil
		}
		if !errors.Is(translate(err), ErrDuplicate) {
			return 0, err
		}
	}
	return 0, ErrConflict
}

func (e *mysqlEngine) close() error { return errors.Join(e.pool.Close(), e.side.Close()) }

// translateMySQL names MySQL's and MariaDB's errors, or answers nil for
// foreign ones.
func translateMySQL(err error) error {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		switch e.Number {
		case 1062: // ER_DUP_ENTRY; its text quotes the value
			return fmt.Errorf("%w: MySQL error 1062", ErrDuplicate)
		case 1205, 1213, 1020, 3572: // lock wait, deadlock, record changed, NOWAIT
			return fmt.Errorf("%w: %w", ErrConflict, err)
		case 1040, 1044, 1045, 1049, 1053, 1129, 1130, 1203, 1226, 1290, 1792, 1836, 1927, 3159, 4031:
			// Full, refused, shutting down, read-only after a failover, killed.
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return err
	}
	var network net.Error
	switch {
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, sql.ErrTxDone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

var _ gorm.ConnPool = (*mysqlTx)(nil)
