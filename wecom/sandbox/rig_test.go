package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/callback/envelope"
)

// rig is a platform over real HTTP with an app server beside it.
type rig struct {
	t   *testing.T
	p   *Platform
	url string
	app *appServer
}

// appServer is an app built on callback/envelope, not on the platform's own codec.
type appServer struct {
	t    *testing.T
	srv  *httptest.Server
	keys map[string]envelope.Keys // by receiver

	mu     sync.Mutex
	got    []received
	answer func(received) (status int, reply string) // reply is plaintext; "" is an empty body
}

type received struct {
	receiver, text string
	query          url.Values
	n              int // number among those with the same plaintext, from 1
}

var monday = time.Date(2026, 3, 2, 10, 0, 0, 0, time.FixedZone("CST", 8*3600))

// newRig starts a frozen platform at monday whose callbacks go to a fresh app server.
func newRig(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	app := &appServer{t: t, keys: map[string]envelope.Keys{}}
	app.srv = httptest.NewServer(app)
	o := DefaultOptions()
	o.Start, o.Frozen = monday, true
	o.RetrySpacing, o.CallbackTimeout = time.Millisecond, 5*time.Second
	o.Apps[0].CallbackURL = app.srv.URL + "/callback/assistant"
	o.Contacts.CallbackURL = app.srv.URL + "/callback/contacts"
	for _, c := range change {
		c(&o)
	}
	for _, a := range o.Apps {
		app.trust(a.Name, a.Token, a.EncodingAESKey, o.CorpID)
	}
	app.trust(contactsReceiver, o.Contacts.Token, o.Contacts.EncodingAESKey, o.CorpID)
	p, err := New(o)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context()))
	srv := httptest.NewServer(p.Handler())
	t.Cleanup(func() {
		require.NoError(t, p.Stop(context.WithoutCancel(t.Context())))
		srv.Close()
		app.srv.Close()
	})
	return &rig{t: t, p: p, url: srv.URL, app: app}
}

func (a *appServer) trust(receiver, token, aes, corp string) {
	key, err := envelope.NewKey(token, aes, corp)
	require.NoError(a.t, err)
	a.keys[receiver] = envelope.Keys{Current: key}
}

func (a *appServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	receiver := r.URL.Path[len("/callback/"):]
	q := r.URL.Query()
	eq := envelope.Query{Signature: q.Get("msg_signature"), Timestamp: q.Get("timestamp"), Nonce: q.Get("nonce")}
	if r.Method == http.MethodGet {
		echo, err := a.keys[receiver].OpenEcho(eq, q.Get("echostr"))
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write(echo)
		return
	}
	body, _ := io.ReadAll(r.Body)
	opened, err := a.keys[receiver].Open(eq, body)
	if err != nil {
		a.t.Errorf("callback does not open: %v", err)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	a.mu.Lock()
	in := received{receiver: receiver, text: string(opened.Message), query: q, n: 1}
	for _, old := range a.got {
		if old.text == in.text {
			in.n++
		}
	}
	a.got = append(a.got, in)
	answer := a.answer
	a.mu.Unlock()
	if answer == nil {
		return
	}
	status, reply := answer(in)
	if reply != "" {
		sealed, err := opened.Seal(envelope.NewSalt(time.Now()), []byte(reply))
		if err != nil {
			a.t.Errorf("seal: %v", err)
		}
		w.WriteHeader(status)
		_, _ = w.Write(sealed)
		return
	}
	w.WriteHeader(status)
}

func (a *appServer) received() []received {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]received(nil), a.got...)
}

// texts are the plaintexts one receiver got.
func (a *appServer) texts(receiver string) []string {
	var out []string
	for _, r := range a.received() {
		if r.receiver == receiver {
			out = append(out, r.text)
		}
	}
	return out
}

func (a *appServer) replying(f func(received) (int, string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = f
}

// reply is a passive reply's plaintext for the member chosen by the test.
func (r *rig) reply(user, kind, rest string) string {
	return fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%d</CreateTime>"+
		"<MsgType><![CDATA[%s]]></MsgType>%s</xml>", user, r.p.opts.CorpID, r.p.Now().Unix(), kind, rest)
}

type object = map[string]any

// do makes one request and decodes the JSON answer.
func (r *rig) do(method, path string, body any) (int, object) {
	r.t.Helper()
	var raw []byte
	switch b := body.(type) {
	case nil:
	case string:
		raw = []byte(b)
	case []byte:
		raw = b
	default:
		var err error
		raw, err = json.Marshal(b)
		require.NoError(r.t, err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, bytes.NewReader(raw))
	require.NoError(r.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	out := object{}
	require.NoError(r.t, json.Unmarshal(text, &out), "%s %s: %s", method, path, text)
	return resp.StatusCode, out
}

// control calls the control API and expects 200.
func (r *rig) control(method, path string, body any) object {
	r.t.Helper()
	status, out := r.do(method, "/sandbox/api"+path, body)
	require.Equal(r.t, http.StatusOK, status, "%v", out)
	return out
}

// refused calls the control API and expects a 4xx about a field.
func (r *rig) refused(path string, body any, field string) object {
	r.t.Helper()
	status, out := r.do(http.MethodPost, "/sandbox/api"+path, body)
	require.GreaterOrEqual(r.t, status, 400, "%v", out)
	require.Less(r.t, status, 500, "%v", out)
	require.Equal(r.t, field, out["field"], "%v", out)
	require.NotEmpty(r.t, out["error"])
	return out
}

// token fetches an access token of the first app.
func (r *rig) token() string {
	r.t.Helper()
	return r.tokenOf(r.p.opts.Apps[0].Secret)
}

func (r *rig) tokenOf(secret string) string {
	r.t.Helper()
	_, out := r.do(http.MethodGet, "/cgi-bin/gettoken?corpid="+r.p.opts.CorpID+"&corpsecret="+secret, nil)
	require.Equal(r.t, 0.0, out["errcode"], "%v", out)
	return out["access_token"].(string)
}

// api calls one interface with the first app's token.
func (r *rig) api(method, path string, body any) object {
	r.t.Helper()
	return r.apiAs(r.token(), method, path, body)
}

func (r *rig) apiAs(token, method, path string, body any) object {
	r.t.Helper()
	sep := "?"
	if bytes.ContainsRune([]byte(path), '?') {
		sep = "&"
	}
	status, out := r.do(method, "/cgi-bin/"+path+sep+"access_token="+token, body)
	require.Equal(r.t, http.StatusOK, status)
	return out
}

// post is an api POST.
func (r *rig) post(path string, body any) object {
	r.t.Helper()
	return r.api(http.MethodPost, path, body)
}

// chat is what a member sees of the first app.
func (r *rig) chat(user string) []object {
	r.t.Helper()
	out := r.control(http.MethodGet, "/chat?app=assistant&user="+user, nil)
	var list []object
	for _, m := range out["messages"].([]any) {
		list = append(list, m.(object))
	}
	return list
}

func (r *rig) last(user string) object {
	r.t.Helper()
	list := r.chat(user)
	require.NotEmpty(r.t, list)
	return list[len(list)-1]
}

func (r *rig) advance(d string) object {
	r.t.Helper()
	return r.control(http.MethodPost, "/clock", object{"advance": d})
}

// text is a message/send body.
func text(to, content string) object {
	return object{"touser": to, "msgtype": "text", "agentid": 1000002, "text": object{"content": content}}
}

// code is the errcode of an answer.
func code(out object) int { return int(out["errcode"].(float64)) }
