package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"guiju/callback/envelope"
	"guiju/callback/event"
)

const (
	corp      = "ww9f2c41d07ab83e56"
	textPlain = "<xml><ToUserName><![CDATA[" + corp + "]]></ToUserName><FromUserName><![CDATA[chenmo]]></FromUserName>" +
		"<CreateTime>1767225700</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[我的待办]]></Content>" +
		"<MsgId>7302915640082374651</MsgId><AgentID>1000042</AgentID></xml>"
)

// world is a handler behind a real HTTP server, with its inbox and clocks.
type world struct {
	t        *testing.T
	server   *httptest.Server
	handler  *Handler
	inbox    *inbox
	log      bytes.Buffer
	mu       sync.Mutex
	machine  time.Time
	observed []Observation
	refused  []string
	seen     chan struct{} // one value for each observation

	assistant, previous, contacts *envelope.Key
}

// inbox is an Inbox whose answers a test writes.
type inbox struct {
	accept      func(context.Context, Delivery) (Answer, error)
	undelivered error

	mu       sync.Mutex
	accepted []Delivery
	returned []Delivery
}

func (i *inbox) Accept(ctx context.Context, d Delivery) (Answer, error) {
	i.mu.Lock()
	i.accepted = append(i.accepted, d)
	i.mu.Unlock()
	if i.accept == nil {
		return Answer{}, nil
	}
	return i.accept(ctx, d)
}

func (i *inbox) Undelivered(_ context.Context, d Delivery) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.returned = append(i.returned, d)
	return i.undelivered
}

func newWorld(t *testing.T) *world {
	gin.SetMode(gin.TestMode)
	w := &world{t: t, inbox: &inbox{}, machine: time.Now(), seen: make(chan struct{}, 1),
		assistant: newKey(t, "TokenAssistant", "Q7mZ2vXk9TjRwLbN4eHsYdPcGfUa1oKi8rVtBx0zMnE"),
		previous:  newKey(t, "TokenBefore", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"),
		contacts:  newKey(t, "TokenContacts", "Q7mZ2vXk9TjRwLbN4eHsYdPcGfUa1oKi8rVtBx0zMnF"),
	}
	var err error
	w.handler, err = New([]Receiver{
		AppReceiver("assistant", "1000042", envelope.Keys{Current: w.assistant, Previous: w.previous}),
		AppReceiver("approvals", "1000043", envelope.Keys{Current: w.previous}),
		ContactsReceiver(envelope.Keys{Current: w.contacts}),
	}, w.inbox, Options{
		Now:     func() time.Time { return time.Unix(1767225701, 0) },
		Machine: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.machine },
		Log:     slog.New(slog.NewTextHandler(&w.log, nil)),
		Observe: func(o Observation) {
			w.mu.Lock()
			w.observed = append(w.observed, o)
			w.mu.Unlock()
			w.seen <- struct{}{}
		},
		OnRefusal: func(receiver, reason string, _ time.Time) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.refused = append(w.refused, receiver+" "+reason)
		},
	})
	require.NoError(t, err)
	engine := gin.New()
	w.handler.Register(engine)
	w.server = httptest.NewServer(engine)
	t.Cleanup(w.server.Close)
	return w
}

func newKey(t testing.TB, token, aes string) *envelope.Key {
	k, err := envelope.NewKey(token, aes, corp)
	require.NoError(t, err)
	return k
}

// elapse moves machine time on.
func (w *world) elapse(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.machine = w.machine.Add(d)
}

// seal makes a callback as the platform does.
func (w *world) seal(k *envelope.Key, form envelope.Form, plain string) envelope.Request {
	r, err := k.SealRequest(envelope.NewSalt(time.Unix(1767225700, 0)), form, corp, "1000042", []byte(plain))
	require.NoError(w.t, err)
	return r
}

type response struct {
	status int
	header http.Header
	body   string
}

func (w *world) send(method, path string, q envelope.Query, more url.Values, body io.Reader, header ...string) response {
	values := url.Values{"msg_signature": {q.Signature}, "timestamp": {q.Timestamp}, "nonce": {q.Nonce}}
	for name := range more {
		values.Set(name, more.Get(name))
	}
	r, err := http.NewRequest(method, w.server.URL+path+"?"+values.Encode(), body)
	require.NoError(w.t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := w.server.Client().Do(r)
	require.NoError(w.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	<-w.seen // a written reply arrives before the handler has returned
	return response{answer.StatusCode, answer.Header, string(text)}
}

func (w *world) post(path string, r envelope.Request, header ...string) response {
	return w.send(http.MethodPost, path, r.Query, nil, bytes.NewReader(r.Body), header...)
}

func (w *world) lastOutcome() Observation {
	w.mu.Lock()
	defer w.mu.Unlock()
	require.NotEmpty(w.t, w.observed)
	return w.observed[len(w.observed)-1]
}

func TestURLVerification(t *testing.T) {
	w := newWorld(t)
	for path, k := range map[string]*envelope.Key{
		"/callback/assistant": w.assistant, "/callback/approvals": w.previous, "/callback/contacts": w.contacts,
	} {
		q, echostr, err := k.SealEcho(envelope.NewSalt(time.Unix(1767225700, 0)), "5189364072215543870")
		require.NoError(t, err)
		got := w.send(http.MethodGet, path, q, url.Values{"echostr": {echostr}}, nil)
		require.Equal(t, 200, got.status)
		require.Equal(t, "5189364072215543870", got.body, "the bare bytes")
		require.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
		require.Equal(t, Verified, w.lastOutcome().Outcome)
		require.Equal(t, "5189364072215543870", w.lastOutcome().Echo)

		got = w.send(http.MethodGet, "/callback/contacts", envelope.Query{}, nil, nil)
		require.Equal(t, 403, got.status)
		require.Empty(t, got.body)
	}
	q, echostr, err := w.previous.SealEcho(envelope.NewSalt(time.Unix(1767225700, 0)), "1")
	require.NoError(t, err)
	require.Equal(t, 200, w.send(http.MethodGet, "/callback/assistant", q, url.Values{"echostr": {echostr}}, nil).status, "previous key")
}

func TestReceiveDelivers(t *testing.T) {
	w := newWorld(t)
	got := w.post("/callback/assistant", w.seal(w.assistant, envelope.XML, textPlain))
	require.Equal(t, 200, got.status)
	require.Empty(t, got.body)

	require.Len(t, w.inbox.accepted, 1)
	d := w.inbox.accepted[0]
	require.Equal(t, "我的待办", d.Event.(*event.Text).Content)
	require.Equal(t, "assistant", d.Receiver)
	require.Equal(t, "assistant", d.App)
	require.Equal(t, "1000042", d.AgentID)
	require.Equal(t, "assistant/7302915640082374651", d.Key)
	require.Equal(t, textPlain, string(d.Raw))
	require.Equal(t, time.Unix(1767225701, 0), d.ReceivedAt)
	require.Equal(t, w.machine, d.Arrived)
	h := d.Event.Head()
	require.Equal(t, "assistant", h.Receiver)
	require.Equal(t, d.ReceivedAt, h.ReceivedAt)
	require.Equal(t, Observation{Receiver: "assistant", Kind: "text", Outcome: Empty}, w.lastOutcome())

	contact := fixtures(t)["create_user"]
	require.Equal(t, 200, w.post("/callback/contacts", w.seal(w.contacts, envelope.XML, contact)).status)
	require.Equal(t, "contacts", w.inbox.accepted[1].Receiver)
	require.Empty(t, w.inbox.accepted[1].App)
	require.Len(t, w.inbox.accepted[1].Key, 64)
}

func TestPassiveReplyInTheFormAndKeyOfTheRequest(t *testing.T) {
	w := newWorld(t)
	w.inbox.accept = func(context.Context, Delivery) (Answer, error) {
		return Answer{Reply: &event.TextReply{Content: "已收到"}}, nil
	}
	for _, k := range []*envelope.Key{w.assistant, w.previous} {
		got := w.post("/callback/assistant", w.seal(k, envelope.XML, textPlain))
		require.Equal(t, 200, got.status)
		require.Equal(t, "text/xml; charset=utf-8", got.header.Get("Content-Type"))
		plain, err := k.OpenReply([]byte(got.body))
		require.NoError(t, err)
		require.Equal(t, "<xml><ToUserName><![CDATA[chenmo]]></ToUserName><FromUserName><![CDATA["+corp+"]]></FromUserName>"+
			"<CreateTime>1767225701</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[已收到]]></Content></xml>", string(plain))
		require.Equal(t, Replied, w.lastOutcome().Outcome)
	}
	got := w.post("/callback/assistant", w.seal(w.assistant, envelope.JSON, `{"ToUserName":"`+corp+`","FromUserName":"chenmo","MsgType":"text","MsgId":1}`))
	require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))
	plain, err := w.assistant.OpenReply([]byte(got.body))
	require.NoError(t, err)
	require.JSONEq(t, `{"ToUserName":"chenmo","FromUserName":"`+corp+`","CreateTime":1767225701,"MsgType":"text","Content":"已收到"}`, string(plain))
	require.Empty(t, w.inbox.returned)
}

func TestRefusalStatuses(t *testing.T) {
	w := newWorld(t)
	good := w.seal(w.assistant, envelope.XML, textPlain)
	otherCorp, err := envelope.NewKey("TokenAssistant", "Q7mZ2vXk9TjRwLbN4eHsYdPcGfUa1oKi8rVtBx0zMnE", "ww0000000000000000")
	require.NoError(t, err)
	otherAES := newKey(t, "TokenAssistant", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
	for name, c := range map[string]struct {
		method, path string
		request      envelope.Request
		body         io.Reader
		header       []string
		status       int
		refusal      string
	}{
		"unknown receiver":     {"POST", "/callback/nobody", good, nil, nil, 404, "unknown receiver"},
		"unknown, wrong verb":  {"DELETE", "/callback/nobody", good, nil, nil, 404, "unknown receiver"},
		"put":                  {"PUT", "/callback/assistant", good, nil, nil, 405, "assistant method"},
		"head":                 {"HEAD", "/callback/assistant", good, nil, nil, 405, "assistant method"},
		"wrong token":          {"POST", "/callback/contacts", good, nil, nil, 403, "contacts signature"},
		"wrong AES key":        {"POST", "/callback/assistant", w.seal(otherAES, envelope.XML, textPlain), nil, nil, 403, "assistant padding"},
		"another corp":         {"POST", "/callback/assistant", w.seal(otherCorp, envelope.XML, textPlain), nil, nil, 403, "assistant receiveid"},
		"no parameters":        {"POST", "/callback/assistant", envelope.Request{Body: good.Body}, nil, nil, 403, "assistant query"},
		"no body":              {"POST", "/callback/assistant", envelope.Request{Query: good.Query}, nil, nil, 403, "assistant xml"},
		"HTML":                 {"POST", "/callback/assistant", envelope.Request{Query: good.Query, Body: []byte("<p>hi</p>")}, nil, nil, 403, "assistant xml"},
		"oversize, announced":  {"POST", "/callback/assistant", envelope.Request{Query: good.Query, Body: make([]byte, envelope.MaxBody+1)}, nil, nil, 413, "assistant size"},
		"oversize, chunked":    {"POST", "/callback/assistant", good, io.LimitReader(zeros{}, envelope.MaxBody+1), nil, 413, "assistant size"},
		"upload":               {"POST", "/callback/assistant", good, nil, []string{"Content-Type", "multipart/form-data; boundary=x"}, 415, "assistant content_type"},
		"compressed":           {"POST", "/callback/assistant", good, nil, []string{"Content-Encoding", "gzip"}, 415, "assistant content_type"},
		"plaintext not XML":    {"POST", "/callback/assistant", w.seal(w.assistant, envelope.XML, "hello"), nil, nil, 403, "assistant plaintext_xml"},
		"plaintext too deep":   {"POST", "/callback/assistant", w.seal(w.assistant, envelope.XML, strings.Repeat("<a>", 99)), nil, nil, 403, "assistant plaintext_depth"},
		"verification, forged": {"GET", "/callback/assistant", good, nil, nil, 403, "assistant empty"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.body == nil {
				c.body = bytes.NewReader(c.request.Body)
			}
			got := w.send(c.method, c.path, c.request.Query, nil, c.body, c.header...)
			require.Equal(t, c.status, got.status)
			require.Empty(t, got.body, "no detail")
			require.Equal(t, c.refusal, w.refused[len(w.refused)-1])
			require.Equal(t, Refused, w.lastOutcome().Outcome)
			if c.status == 405 {
				require.Equal(t, "GET, POST", got.header.Get("Allow"))
			}
		})
	}
	require.Empty(t, w.inbox.accepted)
	require.Empty(t, w.log.String(), "refusals leave only counts")

	refusals := w.handler.Refusals()
	total := uint64(0)
	for i, r := range refusals {
		total += r.Count
		require.Equal(t, time.Unix(1767225701, 0), r.Last)
		if i > 0 {
			require.Less(t, refusals[i-1].Receiver+" "+refusals[i-1].Reason, r.Receiver+" "+r.Reason)
		}
	}
	require.EqualValues(t, len(w.refused), total)
	require.Contains(t, refusals, Refusal{Receiver: UnknownReceiver, Reason: "receiver", Count: 2, Last: time.Unix(1767225701, 0)})
}

func TestContentTypesAreTolerated(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{"", "text/xml", "application/xml; charset=utf-8", "application/json", "text/plain",
		"application/x-www-form-urlencoded", "application/octet-stream", ";;;"} {
		got := w.post("/callback/assistant", w.seal(w.assistant, envelope.XML, textPlain), "Content-Type", kind)
		require.Equal(t, 200, got.status, kind)
	}
}

func TestFailedInboxMakesWeComTryAgain(t *testing.T) {
	w := newWorld(t)
	for name, accept := range map[string]func(context.Context, Delivery) (Answer, error){
		"error": func(context.Context, Delivery) (Answer, error) { return Answer{}, errors.New("disk full") },
		"panic": func(context.Context, Delivery) (Answer, error) { panic("我的待办") },
	} {
		t.Run(name, func(t *testing.T) {
			w.inbox.accept = accept
			got := w.post("/callback/assistant", w.seal(w.assistant, envelope.XML, textPlain))
			require.Equal(t, 503, got.status)
			require.Empty(t, got.body)
			require.Equal(t, Failed, w.lastOutcome().Outcome)
		})
	}
	require.Contains(t, w.log.String(), "disk full")
	require.Contains(t, w.log.String(), "assistant/7302915640082374651")
	require.NotContains(t, w.log.String(), "我的待办", "bodies are never logged")
}

func TestReplyThatCannotArriveIsHandedBack(t *testing.T) {
	for name, c := range map[string]struct {
		plain string
		reply event.Reply
		after time.Duration
		back  bool
	}{
		"in time":                {textPlain, &event.TextReply{Content: "x"}, ReplyLimit - time.Millisecond, false},
		"late":                   {textPlain, &event.TextReply{Content: "x"}, ReplyLimit, true},
		"too long":               {textPlain, &event.TextReply{Content: strings.Repeat("好", 700)}, 0, true},
		"not accepted by event":  {textPlain, &event.UpdateButton{ReplaceName: "x"}, 0, true},
		"event without a member": {"<xml><MsgType>event</MsgType><Event>share_agent_change</Event></xml>", &event.TextReply{Content: "x"}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.inbox.accept = func(context.Context, Delivery) (Answer, error) {
				w.elapse(c.after)
				return Answer{Reply: c.reply}, nil
			}
			request := w.seal(w.assistant, envelope.XML, c.plain)
			got := w.post("/callback/assistant", request)
			require.Equal(t, 200, got.status)
			require.Equal(t, c.back, got.body == "")
			require.Equal(t, c.back, len(w.inbox.returned) == 1)
			if !c.back {
				require.Equal(t, Replied, w.lastOutcome().Outcome)
				return
			}
			require.Equal(t, Late, w.lastOutcome().Outcome)
			require.Equal(t, c.after, w.lastOutcome().Took)
			require.Equal(t, w.inbox.accepted[0].Key, w.inbox.returned[0].Key)

			w.inbox.undelivered = errors.New("database away")
			require.Equal(t, 503, w.post("/callback/assistant", request).status, "the stored reply is asked for again")
		})
	}
}

func TestClosedConnectionHandsTheReplyBackAndDoesNotStopTheInbox(t *testing.T) {
	w := newWorld(t)
	entered, closed, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	w.inbox.accept = func(ctx context.Context, _ Delivery) (Answer, error) {
		close(entered)
		<-closed
		done <- ctx.Err()
		return Answer{Reply: &event.TextReply{Content: "x"}}, nil
	}
	var gone context.Context
	w.handler.o.Observe = func(Observation) { done <- nil }
	engine := gin.New()
	engine.Use(func(c *gin.Context) { gone = c.Request.Context() })
	w.handler.Register(engine)
	server := httptest.NewServer(engine)
	defer server.Close()

	r := w.seal(w.assistant, envelope.XML, textPlain)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	q := url.Values{"msg_signature": {r.Query.Signature}, "timestamp": {r.Query.Timestamp}, "nonce": {r.Query.Nonce}}
	fmt.Fprintf(conn, "POST /callback/assistant?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", q.Encode(), len(r.Body), r.Body)
	<-entered
	require.NoError(t, conn.Close())
	<-gone.Done()
	close(closed)
	require.NoError(t, <-done, "the inbox works on")
	<-done
	w.inbox.mu.Lock()
	defer w.inbox.mu.Unlock()
	require.Len(t, w.inbox.returned, 1)
}

// brokenWriter is a connection that fails on writing or on flushing.
type brokenWriter struct {
	*httptest.ResponseRecorder
	write, flush error
}

func (b brokenWriter) Write(p []byte) (int, error) {
	if b.write != nil {
		return 0, b.write
	}
	return b.ResponseRecorder.Write(p)
}

func (b brokenWriter) FlushError() error { return b.flush }

func TestFailedWriteHandsTheReplyBack(t *testing.T) {
	for name, c := range map[string]struct {
		write, flush error
		returned     int
	}{
		"fine":        {nil, nil, 0},
		"write fails": {errors.New("broken pipe"), nil, 1},
		"flush fails": {nil, errors.New("broken pipe"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.inbox.accept = func(context.Context, Delivery) (Answer, error) {
				return Answer{Reply: &event.TextReply{Content: "x"}}, nil
			}
			engine := gin.New()
			w.handler.Register(engine)
			r := w.seal(w.assistant, envelope.XML, textPlain)
			q := url.Values{"msg_signature": {r.Query.Signature}, "timestamp": {r.Query.Timestamp}, "nonce": {r.Query.Nonce}}
			engine.ServeHTTP(brokenWriter{httptest.NewRecorder(), c.write, c.flush},
				httptest.NewRequest(http.MethodPost, "/callback/assistant?"+q.Encode(), bytes.NewReader(r.Body)))
			require.Len(t, w.inbox.returned, c.returned)
		})
	}
}

func TestNewRefusesReceivers(t *testing.T) {
	keys := envelope.Keys{Current: newKey(t, "a", "Q7mZ2vXk9TjRwLbN4eHsYdPcGfUa1oKi8rVtBx0zMnE")}
	for want, receivers := range map[string][]Receiver{
		`receiver "contacts": the name is reserved for contact sync`: {AppReceiver("contacts", "1", keys)},
		`receiver "a": the name is used twice`:                       {AppReceiver("a", "1", keys), AppReceiver("a", "2", keys)},
		`receiver "a/b": a name has 1 to 64 letters, digits, - or _`: {AppReceiver("a/b", "1", keys)},
		`receiver "": a name has 1 to 64 letters, digits, - or _`:    {AppReceiver("", "1", keys)},
		`receiver "a": has no key`:                                   {AppReceiver("a", "1", envelope.Keys{})},
	} {
		_, err := New(receivers, &inbox{}, Options{})
		require.EqualError(t, err, want)
	}
}

func TestKey(t *testing.T) {
	decode := func(doc string) event.Event {
		ev, err := Decode([]byte(doc))
		require.NoError(t, err)
		return ev
	}
	docs := fixtures(t)
	text := decode(docs["text"])
	require.Equal(t, "assistant/7302915640082374651", Key("assistant", text))
	require.NotEqual(t, Key("assistant", text), Key("approvals", text))
	require.Equal(t, Key("assistant", text), Key("assistant", decode(indented(t, docs["text"], true))), "layout does not matter for messages")
	require.Equal(t, Key("assistant", decode(docs["click"])), Key("assistant", decode(docs["click"])))

	// Pairs that FromUserName + CreateTime cannot tell apart (callbacks.md 2.2).
	seen := map[string]string{}
	for name, doc := range docs {
		key := Key("assistant", decode(doc))
		require.Empty(t, seen[key], name)
		seen[key] = name
	}
	require.Len(t, Key("a", decode("<xml><MsgType>text</MsgType></xml>")), 64, "a message without an id")
	require.Len(t, Key("a", decode("<xml><MsgType>text</MsgType><MsgId>"+strings.Repeat("1", 65)+"</MsgId></xml>")), 64, "an absurd id")
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
