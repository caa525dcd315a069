package load_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"guiju/app"
	"guiju/app/config"
	"guiju/callback"
	"guiju/callback/envelope"
	"guiju/store"
)

const (
	corpID = "wwload0000000000a1"
	token  = "LoadToken"
	aesKey = "k8Jq2Zt5Wv1Xn7Rb4Yc9Ud3Fe6Gh0Lm2Pa5Ts8Io1Kr"

	members = 5000
	// topics is how many departments answer, each by its own head. A person is
	// sent at most 25 messages a minute, so settle moves business time on.
	topics = 64
)

// clock is business time: a working morning, so that neither quiet hours nor
// a holiday keeps messages back, running with the machine's.
type clock struct {
	begin time.Time
	moved atomic.Int64 // nanoseconds
}

func newClock() *clock { return &clock{begin: time.Now()} }

// Now is the present business time.
func (c *clock) Now() time.Time {
	passed := time.Since(c.begin) + time.Duration(c.moved.Load())
	return time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC).Add(passed) // a Monday, 10:00 in Shanghai
}

// server is one program under load, with a connection of its own to look into
// its database.
type server struct {
	url   string
	sql   *sql.DB
	clock *clock
	sends *atomic.Int64 // requests WeCom took; nil: bare
	stop  func()
}

// count answers how many rows a condition holds for.
func (s server) count(t testing.TB, from string) int64 {
	t.Helper()
	var n int64
	require.NoError(t, s.sql.QueryRow("SELECT COUNT(*) FROM "+from).Scan(&n))
	return n
}

// settle waits until every message is sent. What the pace of a reader holds
// back goes when business time has moved on; it moves less in all than the ten
// minutes after which a message counts as undelivered.
func (s server) settle(t testing.TB, within time.Duration) {
	t.Helper()
	end, last := time.Now().Add(within), int64(-1)
	for {
		n := s.count(t, "jobs WHERE kind LIKE 'notify.%' AND state IN ('waiting', 'running', 'retry', 'blocked')")
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d messages are not sent after %s", n, within)
		}
		if n == last {
			s.clock.moved.Add(int64(10 * time.Second))
		}
		last = n
		<-time.After(100 * time.Millisecond)
	}
}

// startWhole starts guiju on a database that is prepared, with a WeCom that
// takes every send.
func startWhole(t testing.TB, db store.Config) server {
	t.Helper()
	wecom, sends := startWeCom()
	clock := newClock()
	a, err := app.New(configOf(t, db, wecom.URL), app.Options{Now: clock.Now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)
	require.NoError(t, a.Start(context.Background()))
	for end := time.Now().Add(time.Minute); !a.Ready(); <-time.After(5 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "not ready")
	}
	address, closeServer := listen(t, a.Handler())
	look := open(t, db)
	return server{url: address, sql: look, clock: clock, sends: sends, stop: func() {
		closeServer()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = a.Stop(ctx)
		_ = look.Close()
		wecom.Close()
	}}
}

// startWeCom is a platform that takes every send and says no more than that.
func startWeCom() (*httptest.Server, *atomic.Int64) {
	var sends atomic.Int64
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/cgi-bin/gettoken":
			_, _ = io.WriteString(w, `{"errcode":0,"access_token":"t","expires_in":7200}`)
		case "/cgi-bin/message/send":
			n := sends.Add(1)
			fmt.Fprintf(w, `{"errcode":0,"errmsg":"ok","msgid":"m%d","response_code":"r%d"}`, n, n)
		default: // the contacts are as the database has them
			_, _ = io.WriteString(w, `{"errcode":50001,"errmsg":"not asked for"}`)
		}
	})), &sends
}

func configOf(t testing.TB, db store.Config, wecom string) config.Config {
	t.Helper()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	var b strings.Builder
	b.WriteString("administrators: [u0]\nroute:\n  topic_departments:\n")
	for i := range topics {
		fmt.Fprintf(&b, "    - {words: %s, department: %s}\n", topic(i), department(i))
	}
	require.NoError(t, os.WriteFile(rules, []byte(b.String()), 0o600))
	cfg := config.Default()
	cfg.Store = config.Store{Driver: db.Driver, DSN: config.NewSecret(db.DSN), Migrate: "auto"}
	cfg.Spool.Dir, cfg.Media.Dir, cfg.Rulebook = filepath.Join(dir, "spool"), filepath.Join(dir, "media"), rules
	cfg.WeCom.CorpID, cfg.WeCom.APIBaseURL = corpID, wecom
	cfg.WeCom.Apps = []config.App{{
		Name: "assistant", AgentID: 1000002, Secret: config.NewSecret("s"),
		Token: config.NewSecret(token), EncodingAESKey: config.NewSecret(aesKey),
	}}
	return cfg
}

func topic(i int) string      { return fmt.Sprintf("甲%03d号", i) }
func department(i int) string { return fmt.Sprintf("部%03d", i) }

// fill writes the members and departments; the first member of each department
// is its head.
func fill(t testing.TB, cfg store.Config, members int) {
	t.Helper()
	db, err := store.Open(cfg, store.Options{})
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.Ready(context.Background()))
	departments := []store.Department{{ID: 1, Name: "公司"}}
	for i := range topics {
		departments = append(departments, store.Department{ID: int64(2 + i), ParentID: 1, Name: department(i)})
	}
	in := func(fn func(tx *store.Tx) error) { require.NoError(t, db.InBackground(context.Background(), fn)) }
	for len(departments) > 0 {
		some := departments[:min(100, len(departments))]
		departments = departments[len(some):]
		in(func(tx *store.Tx) error { return tx.PutDepartments(some) })
	}
	for from := 0; from < members; from += 50 {
		in(func(tx *store.Tx) error {
			for i := from; i < min(from+50, members); i++ {
				m := store.Member{UserID: fmt.Sprintf("u%d", i), Name: fmt.Sprintf("成员%d", i), MainDepartment: int64(2 + i%topics), Status: store.MemberActive, Visible: true}
				if err := tx.AddMember(&m); err != nil {
					return err
				}
				s := store.Membership{MemberID: m.ID, DepartmentID: m.MainDepartment, IsLeader: i < topics}
				if err := tx.SetMemberships(m.ID, []store.Membership{s}); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// startBare starts the least a durable callback needs: open the envelope,
// commit rows in one transaction of the same kind, answer.
func startBare(t testing.TB, db store.Config, rows int) server {
	t.Helper()
	clock := newClock()
	own, err := store.Open(db, store.Options{Now: clock.Now})
	require.NoError(t, err)
	require.NoError(t, own.Ready(context.Background()))
	key, err := envelope.NewKey(token, aesKey, corpID)
	require.NoError(t, err)
	keys := envelope.Keys{Current: key}
	receiver := callback.AppReceiver("assistant", "1000002", keys)
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.POST("/callback/assistant", func(c *gin.Context) {
		body, err := io.ReadAll(c.Request.Body)
		if err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		q := c.Request.URL.Query()
		opened, err := keys.Open(envelope.Query{
			Signature: q.Get("msg_signature"), Timestamp: q.Get("timestamp"), Nonce: q.Get("nonce"),
		}, body)
		if err != nil {
			c.Status(http.StatusForbidden)
			return
		}
		d, err := callback.NewDelivery(receiver, opened.Message, clock.Now(), time.Now())
		if err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		err = own.InTx(c.Request.Context(), func(tx *store.Tx) error {
			for i := range rows {
				_, _, err := tx.AcceptDelivery(store.Delivery{
					Key: d.Key + strconv.Itoa(i), Receiver: "assistant", App: "assistant", Kind: "text", Raw: d.Raw,
					EventAt: d.ReceivedAt, ReceivedAt: d.ReceivedAt,
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			c.Status(http.StatusServiceUnavailable)
			return
		}
		c.Status(http.StatusOK)
	})
	address, closeServer := listen(t, router)
	look := open(t, db)
	return server{url: address, sql: look, clock: clock, stop: func() { closeServer(); _ = own.Close(); _ = look.Close() }}
}

// open connects to a database past the store.
func open(t testing.TB, db store.Config) *sql.DB {
	t.Helper()
	dsn := db.DSN
	if db.Driver == "sqlite" {
		dsn = "file:" + (&url.URL{Path: db.DSN}).EscapedPath() + "?_pragma=busy_timeout(60000)"
	}
	pool, err := sql.Open(db.Driver, dsn)
	require.NoError(t, err)
	return pool
}

func listen(t testing.TB, h http.Handler) (url string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	var once sync.Once
	go func() { _ = s.Serve(l) }()
	return "http://" + l.Addr().String(), func() { once.Do(func() { _ = s.Close() }) }
}
