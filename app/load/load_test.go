// Package load measures the whole program over HTTP on loopback and sets it
// beside a bare server that does the least the same work needs. Run it with
// `make load`; absolute figures belong to the machine, the ratios to the
// program.
package load_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"guiju/app"
	"guiju/app/config"
	"guiju/callback"
	"guiju/callback/envelope"
	"guiju/store"
	"guiju/store/storetest"
)

const (
	corpID = "wwload0000000000a1"
	token  = "LoadToken"
	aesKey = "k8Jq2Zt5Wv1Xn7Rb4Yc9Ud3Fe6Gh0Lm2Pa5Ts8Io1Kr"

	members     = 5000
	connections = 64
)

// TestLoad prints, for each database, how many durable callbacks a second
// guiju and the bare server take, and what a fixed rate costs.
func TestLoad(t *testing.T) {
	if os.Getenv("GUIJU_LOAD") == "" {
		t.Skip("a measurement, not a test: run it with make load")
	}
	span := 8 * time.Second
	for _, database := range []struct {
		name string
		open func(testing.TB) store.Config
	}{{"sqlite", storetest.SQLite}, {"mysql", storetest.MySQL}} {
		t.Run(database.name, func(t *testing.T) {
			for _, command := range []struct {
				name string
				text func(n int64) string
				rows int // that the bare server writes for the same callback
			}{
				{"A 我的待办", func(int64) string { return "我的待办" }, 1},
				{"B 咨询", func(n int64) string { return fmt.Sprintf("咨询 第%d个报销问题怎么处理", n) }, 10},
			} {
				bare := startBare(t, database.open(t), command.rows)
				floor := drive(t, bare.url, command.text, span)
				bare.stop()
				whole := startWhole(t, database.open(t))
				figure := drive(t, whole.url, command.text, span)
				fmt.Printf("%-7s %-8s guiju %6.0f/s p50 %s p99 %s | bare %6.0f/s p99 %s | ratio %.2f\n",
					database.name, command.name, figure.rate, figure.p50, figure.p99, floor.rate, floor.p99, figure.rate/floor.rate)
				require.Equal(t, figure.sent, whole.deliveries(t), "every callback is stored")
				whole.stop()
			}
			whole := startWhole(t, database.open(t))
			defer whole.stop()
			steady := pace(t, whole.url, func(n int64) string { return fmt.Sprintf("咨询 第%d个报销问题怎么处理", n) }, steadyRate(), span)
			fmt.Printf("%-7s B at %d/s: p50 %s p99 %s, heap %d MiB\n", database.name, steadyRate(), steady.p50, steady.p99, heap())
			require.Equal(t, steady.sent, whole.deliveries(t), "every callback is stored")
		})
	}
}

func steadyRate() int {
	if n, err := strconv.Atoi(os.Getenv("GUIJU_LOAD_RATE")); err == nil && n > 0 {
		return n
	}
	return 1000
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

// server is one program under load.
type server struct {
	url  string
	db   *store.DB
	stop func()
}

func (s server) deliveries(t *testing.T) int64 {
	t.Helper()
	n, err := s.db.Reader(context.Background()).CountDeliveries()
	require.NoError(t, err)
	return n
}

// startWhole starts guiju with 5,000 members and a WeCom that takes every send.
func startWhole(t *testing.T, db store.Config) server {
	t.Helper()
	var sends atomic.Int64
	wecom := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/cgi-bin/gettoken":
			_, _ = io.WriteString(w, `{"errcode":0,"access_token":"t","expires_in":7200}`)
		case "/cgi-bin/department/list":
			_, _ = io.WriteString(w, `{"errcode":0,"department":[]}`)
		default:
			fmt.Fprintf(w, `{"errcode":0,"errmsg":"ok","msgid":"m%d","response_code":"r%d"}`, sends.Add(1), sends.Load())
		}
	}))
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	require.NoError(t, os.WriteFile(rules, []byte("administrators: [u0]\n"), 0o600))
	cfg := config.Default()
	cfg.Store = config.Store{Driver: db.Driver, DSN: config.NewSecret(db.DSN), Migrate: "auto"}
	cfg.Spool.Dir, cfg.Media.Dir, cfg.Rulebook = filepath.Join(dir, "spool"), filepath.Join(dir, "media"), rules
	cfg.WeCom.CorpID, cfg.WeCom.APIBaseURL = corpID, wecom.URL
	cfg.WeCom.Apps = []config.App{{
		Name: "assistant", AgentID: 1000002, Secret: config.NewSecret("s"),
		Token: config.NewSecret(token), EncodingAESKey: config.NewSecret(aesKey),
	}}
	a, err := app.New(cfg, app.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)

	own, err := store.Open(db, store.Options{})
	require.NoError(t, err)
	require.NoError(t, own.Ready(context.Background()))
	fill(t, own)
	require.NoError(t, a.Start(context.Background()))
	for !a.Ready() {
		runtime.Gosched()
	}
	address, closeServer := listen(t, a.Handler())
	return server{url: address, db: own, stop: func() {
		closeServer()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = a.Stop(ctx)
		_ = own.Close()
		wecom.Close()
	}}
}

// fill writes the members: one department with a head, so that every question
// has an answerer.
func fill(t *testing.T, db *store.DB) {
	t.Helper()
	for from := 0; from < members; from += 200 {
		require.NoError(t, db.InBackground(context.Background(), func(tx *store.Tx) error {
			if from == 0 {
				if err := tx.PutDepartments([]store.Department{{ID: 1, Name: "公司"}, {ID: 7, ParentID: 1, Name: "财务部"}}); err != nil {
					return err
				}
			}
			for i := from; i < from+200; i++ {
				m := store.Member{UserID: fmt.Sprintf("u%d", i), Name: fmt.Sprintf("成员%d", i), MainDepartment: 7, Status: store.MemberActive, Visible: true}
				if err := tx.AddMember(&m); err != nil {
					return err
				}
				s := store.Membership{MemberID: m.ID, DepartmentID: 7, IsLeader: i < 50}
				if err := tx.SetMemberships(m.ID, []store.Membership{s}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// startBare starts the least a durable callback needs: open the envelope,
// commit rows in one transaction of the same kind, answer.
func startBare(t *testing.T, db store.Config, rows int) server {
	t.Helper()
	own, err := store.Open(db, store.Options{})
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
		d, err := callback.NewDelivery(receiver, opened.Message, time.Now(), time.Now())
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
	return server{url: address, db: own, stop: func() { closeServer(); _ = own.Close() }}
}

func listen(t *testing.T, h http.Handler) (url string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { _ = s.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = s.Close() }
}

// figures are what one run measured.
type figures struct {
	rate     float64
	p50, p99 time.Duration
	sent     int64
}

// drive keeps every connection busy for span and measures how much goes through.
func drive(t *testing.T, base string, text func(int64) string, span time.Duration) figures {
	t.Helper()
	var n atomic.Int64
	begin := time.Now()
	end := begin.Add(span)
	return gather(t, func(int) (time.Time, bool) {
		return time.Now(), time.Now().Before(end)
	}, base, text, &n, begin)
}

// pace sends at a fixed rate whatever the answers take, and counts a wait for
// a free connection as part of the answer.
func pace(t *testing.T, base string, text func(int64) string, perSecond int, span time.Duration) figures {
	t.Helper()
	var n, slot atomic.Int64
	begin := time.Now()
	total := int64(span.Seconds() * float64(perSecond))
	return gather(t, func(int) (time.Time, bool) {
		i := slot.Add(1) - 1
		due := begin.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		if wait := time.Until(due); wait > 0 {
			<-time.After(wait)
		}
		return due, i < total
	}, base, text, &n, begin)
}

func gather(t *testing.T, next func(worker int) (time.Time, bool), base string, text func(int64) string, n *atomic.Int64, begin time.Time) figures {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}, Timeout: 10 * time.Second}
	key, err := envelope.NewKey(token, aesKey, corpID)
	require.NoError(t, err)
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	var failed atomic.Int64
	for worker := range connections {
		wg.Go(func() {
			var mine []time.Duration
			for {
				at, more := next(worker)
				if !more {
					break
				}
				i := n.Add(1)
				body, query := seal(key, i, text(i))
				response, err := client.Post(base+"/callback/assistant?"+query, "text/xml", bytes.NewReader(body))
				if err != nil {
					failed.Add(1)
					continue
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode != http.StatusOK {
					failed.Add(1)
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	total := time.Since(begin)
	require.Zero(t, failed.Load(), "callbacks refused")
	slices.Sort(took)
	return figures{
		rate: float64(len(took)) / total.Seconds(), sent: int64(len(took)),
		p50: took[len(took)/2].Round(10 * time.Microsecond), p99: took[len(took)*99/100].Round(10 * time.Microsecond),
	}
}

// seal makes the i-th callback: a text of one of the members.
func seal(key *envelope.Key, i int64, content string) (body []byte, query string) {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(content))
	now := time.Now()
	plain := fmt.Sprintf("<xml><ToUserName>%s</ToUserName><FromUserName>u%d</FromUserName><CreateTime>%d</CreateTime><MsgType>text</MsgType>"+
		"<Content>%s</Content><MsgId>%d</MsgId><AgentID>1000002</AgentID></xml>", corpID, 50+i%(members-50), now.Unix(), escaped.String(), i)
	request, err := key.SealRequest(envelope.NewSalt(now), envelope.XML, corpID, "1000002", []byte(plain))
	if err != nil {
		panic(err) // a fixed key and a short text cannot fail
	}
	q := request.Query
	return request.Body, url.Values{"msg_signature": {q.Signature}, "timestamp": {q.Timestamp}, "nonce": {q.Nonce}}.Encode()
}
