package wecom_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
)

const (
	corpID  = "ww5a1c0ffee0de4242"
	agentID = 1000007
	secret  = "SECRET-flowdesk+very/secret=01"
)

// platform is a scripted WeCom: it hands out tokens and answers each API by a handler.
type platform struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	handlers map[string]http.HandlerFunc
	seen     []seen
	tokens   int // gettoken calls
	life     int // expires_in
}

type seen struct {
	api, token, body string
	query            map[string][]string
	contentType      string
}

func newPlatform(t *testing.T) *platform {
	p := &platform{t: t, handlers: map[string]http.HandlerFunc{}, life: 7200}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *platform) serve(w http.ResponseWriter, r *http.Request) {
	api := strings.TrimPrefix(r.URL.Path, "/cgi-bin/")
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	query := r.URL.Query()
	p.seen = append(p.seen, seen{api: api, token: query.Get("access_token"), body: string(body), query: query,
		contentType: r.Header.Get("Content-Type")})
	handler := p.handlers[api]
	if api == "gettoken" {
		p.tokens++
	}
	n, life := p.tokens, p.life
	p.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	switch {
	case handler != nil:
		handler(w, r)
	case api == "gettoken":
		answer(w, fmt.Sprintf(`{"errcode":0,"errmsg":"ok","access_token":"TOKEN-%04d-flowdesk","expires_in":%d}`, n, life))
	default:
		answer(w, `{"errcode":0,"errmsg":"ok"}`)
	}
}

func (p *platform) on(api string, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handlers[api] = h
}

func (p *platform) answers(api, body string) {
	p.on(api, func(w http.ResponseWriter, _ *http.Request) { answer(w, body) })
}

func (p *platform) fails(api string, code int, msg string) {
	p.answers(api, failure(code, msg))
}

func (p *platform) calls(api string) []seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []seen
	for _, s := range p.seen {
		if s.api == api {
			out = append(out, s)
		}
	}
	return out
}

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	io.WriteString(w, body)
}

func failure(code int, msg string) string {
	text, _ := json.Marshal(fmt.Sprintf(
		"%s, hint: [1772413200_7], from ip: 198.51.100.9, more info at https://open.work.weixin.qq.com/devtool/query?e=%d", msg, code))
	return fmt.Sprintf(`{"errcode":%d,"errmsg":%s}`, code, text)
}

// client is a Client of p on a clock that moves only by hand.
func (p *platform) client(o wecom.Options) *wecom.Client {
	p.t.Helper()
	c, err := wecom.New(wecom.Config{
		Name: "assistant", CorpID: corpID, AgentID: agentID, Secret: secret, BaseURL: p.URL, Timeout: 2 * time.Second,
	}, o)
	require.NoError(p.t, err)
	return c
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type observer struct {
	mu    sync.Mutex
	calls []wecom.Call
}

func (o *observer) ObserveCall(c wecom.Call) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, c)
}

// memoryStore is a TokenStore shared by the "replicas" of a test.
type memoryStore struct {
	now func() time.Time

	mu      sync.Mutex
	values  map[string]entry
	locks   map[string]bool
	failing error
	keeps   bool   // CompareDelete does nothing, as if another replica had put the value back
	onLock  func() // runs when a lock is granted, before its holder goes on
}

type entry struct {
	value   string
	expires time.Time
}

func newMemoryStore(now func() time.Time) *memoryStore {
	return &memoryStore{now: now, values: map[string]entry{}, locks: map[string]bool{}}
}

func (m *memoryStore) Get(_ context.Context, key string) (string, time.Time, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.values[key]
	return e.value, e.expires, ok && m.now().Before(e.expires), m.failing
}

func (m *memoryStore) Set(_ context.Context, key, value string, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil {
		return m.failing
	}
	m.values[key] = entry{value, m.now().Add(ttl)}
	return nil
}

func (m *memoryStore) CompareDelete(_ context.Context, key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.keeps && m.values[key].value == value {
		delete(m.values, key)
	}
	return m.failing
}

func (m *memoryStore) Lock(_ context.Context, key string, _ time.Duration) (func(), bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil || m.locks[key] {
		return nil, false, m.failing
	}
	m.locks[key] = true
	if m.onLock != nil {
		m.onLock()
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.locks, key)
	}, true, nil
}

// onlyKey returns the one key in the store.
func (m *memoryStore) onlyKey(t *testing.T) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	require.Len(t, m.values, 1)
	for k := range m.values {
		return k
	}
	return ""
}
