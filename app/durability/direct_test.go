package durability_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app"
	"guiju/app/config"
	"guiju/callback/envelope"
	"guiju/store"
	"guiju/wecom/sandbox"
)

// direct is WeCom without a network: sealed callbacks go straight to the
// app's handler, its API calls straight to a simulated platform's. It is fast
// enough for thousands of callbacks.
type direct struct {
	t        testing.TB
	platform *sandbox.Platform
	key      *envelope.Key
	options  sandbox.Options
	messages atomic.Int64
	tokens   atomic.Int64 // calls of gettoken
}

func newDirect(t testing.TB) *direct {
	t.Helper()
	d := &direct{t: t, options: sandbox.DefaultOptions()}
	d.options.Start, d.options.Frozen = monday, true
	d.options.ChatLimit = 100_000
	var err error
	d.platform, err = sandbox.New(d.options)
	require.NoError(t, err)
	one := d.options.Apps[0]
	d.key, err = envelope.NewKey(one.Token, one.EncodingAESKey, d.options.CorpID)
	require.NoError(t, err)
	return d
}

// RoundTrip implements http.RoundTripper.
func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/gettoken") {
		d.tokens.Add(1)
	}
	w := httptest.NewRecorder()
	served := r.Clone(r.Context())
	served.RemoteAddr = "127.0.0.1:1"
	if served.Body == nil {
		served.Body = http.NoBody
	}
	d.platform.Handler().ServeHTTP(w, served)
	response := w.Result()
	response.Request = r
	return response, nil
}

// start runs the app; name makes a second one on the same database another
// process in the eyes of the queue.
func (d *direct) start(db store.Config, redis, name string) *app.App {
	d.t.Helper()
	s := setup{listen: name, store: db, redis: redis, platform: "http://wecom.invalid", dir: d.t.TempDir()}
	cfg, err := config.Load(s.write(d.t, d.options), nil)
	require.NoError(d.t, err)
	logged := &output{}
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Logf("guiju %s logged:\n%s", name, logged)
		}
	})
	a, err := app.New(cfg, app.Options{
		Now: d.platform.Now, Transport: d, Logger: slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	require.NoError(d.t, err)
	require.NoError(d.t, a.Start(context.Background()))
	d.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(d.t, a.Stop(ctx))
	})
	eventually(d.t, 60*time.Second, "the app to be ready", a.Ready)
	settle(d.t, a)
	return a
}

func settle(t testing.TB, a *app.App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	_, err := a.Settle(ctx)
	require.NoError(t, err)
}

// text is a message of a member, not sent yet.
func (d *direct) text(user, content string) []byte {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(content)) // a buffer takes everything
	one := d.options.Apps[0]
	return fmt.Appendf(nil, "<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName><CreateTime>%d</CreateTime><MsgType>text</MsgType><Content>%s</Content><MsgId>%d</MsgId><AgentID>%d</AgentID></xml>",
		d.options.CorpID, user, d.platform.Now().Unix(), escaped.String(), 7_000_000_000_000_000_000+d.messages.Add(1), one.AgentID)
}

// deliver hands a message to an app and answers the text of its passive reply.
// It may be called by any goroutine.
func (d *direct) deliver(a *app.App, message []byte) (string, error) {
	one := d.options.Apps[0]
	sealed, err := d.key.SealRequest(envelope.NewSalt(d.platform.Now()), envelope.XML, d.options.CorpID, fmt.Sprint(one.AgentID), message)
	if err != nil {
		return "", err
	}
	query := url.Values{"msg_signature": {sealed.Query.Signature}, "timestamp": {sealed.Query.Timestamp}, "nonce": {sealed.Query.Nonce}}
	r := httptest.NewRequest(http.MethodPost, "/callback/"+one.Name+"?"+query.Encode(), bytes.NewReader(sealed.Body))
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK {
		return "", fmt.Errorf("the app answered %d: %w", w.Code, err)
	}
	if len(body) == 0 {
		return "", nil
	}
	plain, err := d.key.OpenReply(body)
	if err != nil {
		return "", err
	}
	var reply struct{ Content string }
	err = xml.Unmarshal(plain, &reply)
	return reply.Content, err
}

// cards counts the cards a member has that show a record number.
func (d *direct) cards(user, number string) int {
	d.t.Helper()
	var page struct {
		Messages []sandbox.ChatMessage `json:"messages"`
	}
	query := url.Values{"user": {user}, "app": {d.options.Apps[0].Name}, "after": {"0"}}
	decode(d.t, record(d.platform.Handler(), http.MethodGet, "/sandbox/api/chat?"+query.Encode()).Body.Bytes(), &page)
	n := 0
	for _, m := range page.Messages {
		if m.Card != nil && strings.Contains(visible(m), number) {
			n++
		}
	}
	return n
}
