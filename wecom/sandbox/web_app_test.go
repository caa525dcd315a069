package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"guiju/callback/envelope"
	"guiju/wecom/sandbox"
)

// desk is a small app behind the platform: it passes questions of 赵六 on to 何静 as a card, brings the answer
// back as a card, and tells both when an urgent question waited 30 minutes. It speaks only the WeCom protocol.
type desk struct {
	t        *testing.T
	platform *sandbox.Platform
	opts     sandbox.Options
	base     string // of the platform
	keys     envelope.Keys

	streamless atomic.Bool // no page gets a stream of hints

	mu       sync.Mutex
	token    string
	number   int
	question string // what 何静 has been asked
	awaiting bool   // 何静 pressed 回复 and is to send the answer
	due      time.Time
	got      []inbound
}

// inbound is the part of a decrypted callback the desk looks at.
type inbound struct {
	FromUserName, MsgType, Event, EventKey, Content, MsgID, CardType string
	Selected                                                         []struct {
		QuestionKey string
		OptionID    []string `xml:"OptionIds>OptionId"`
	} `xml:"SelectedItems>SelectedItem"`
}

// newDesk starts a platform at Monday 2026-03-02 10:00 with standing clock, and the desk as its app.
func newDesk(t *testing.T) *desk {
	return newDeskAt(t, time.Date(2026, 3, 2, 10, 0, 0, 0, time.FixedZone("CST", 8*3600)))
}

func newDeskAt(t *testing.T, start time.Time) *desk {
	d := &desk{t: t, opts: sandbox.DefaultOptions()}
	app := httptest.NewServer(http.HandlerFunc(d.callback))
	t.Cleanup(app.Close)
	d.opts.Apps[0].CallbackURL = app.URL
	d.opts.Contacts.CallbackURL = ""
	d.opts.Start = start
	d.opts.Frozen = true
	key, err := envelope.NewKey(d.opts.Apps[0].Token, d.opts.Apps[0].EncodingAESKey, d.opts.CorpID)
	require.NoError(t, err)
	d.keys = envelope.Keys{Current: key}
	d.platform, err = sandbox.New(d.opts)
	require.NoError(t, err)
	require.NoError(t, d.platform.Start(t.Context()))
	t.Cleanup(d.platform.AddWorker("desk", d))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, d.platform.Stop(ctx))
	})
	return d
}

// serve puts the platform on a loopback port. The page gets the strictest policy it promises to work under,
// whatever the platform itself allows.
func (d *desk) serve() *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/sandbox/") && !strings.HasPrefix(r.URL.Path, "/cgi-bin/") {
			w = strictPolicy{w}
		}
		if d.streamless.Load() && r.URL.Path == "/sandbox/api/stream" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		d.platform.Handler().ServeHTTP(w, r)
	}))
	d.t.Cleanup(server.Close)
	d.base = server.URL
	return server
}

// strictPolicy replaces the Content-Security-Policy of an answer.
type strictPolicy struct{ http.ResponseWriter }

func (w strictPolicy) WriteHeader(status int) {
	w.Header().Set("Content-Security-Policy", "default-src 'self'")
	w.ResponseWriter.WriteHeader(status)
}

func (d *desk) callback(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	assert.NoError(d.t, err)
	q := r.URL.Query()
	opened, err := d.keys.Open(envelope.Query{Signature: q.Get("msg_signature"), Timestamp: q.Get("timestamp"), Nonce: q.Get("nonce")}, body)
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	var in inbound
	assert.NoError(d.t, xml.Unmarshal(opened.Message, &in))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = append(d.got, in)
	reply := d.handle(in)
	if reply == "" {
		return
	}
	plain := fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%d</CreateTime>%s</xml>",
		in.FromUserName, d.opts.CorpID, d.platform.Now().Unix(), reply)
	sealed, err := opened.Key.Seal(envelope.NewSalt(d.platform.Now()), opened.Form, opened.ReceiveID, []byte(plain))
	assert.NoError(d.t, err)
	w.Write(sealed)
}

// handle acts on one callback and returns the rest of the passive reply; d.mu is held.
func (d *desk) handle(in inbound) string {
	switch {
	case strings.HasPrefix(in.Content, "咨询 "):
		d.question = strings.TrimPrefix(in.Content, "咨询 ")
		if strings.HasSuffix(d.question, "紧急") {
			d.due = d.platform.Now().Add(30*time.Minute + time.Second)
		}
		d.card("hejing", "收到一条咨询", d.question, button{"收到", "ack", 2}, button{"回复", "reply", 1})
		return textReply("【已受理】已发给财务部何静。")
	case in.EventKey == "reply":
		d.awaiting = true
		d.text("hejing", "请直接发送回复内容。")
		return `<MsgType><![CDATA[update_button]]></MsgType><Button><ReplaceName><![CDATA[回复中]]></ReplaceName></Button>`
	case in.EventKey == "resolved":
		return `<MsgType><![CDATA[update_button]]></MsgType><Button><ReplaceName><![CDATA[已解决]]></ReplaceName></Button>`
	case d.awaiting && in.FromUserName == "hejing" && in.MsgType == "text":
		d.awaiting, d.due = false, time.Time{}
		d.card("zhaoliu", "何静的回复", in.Content, button{"已解决", "resolved", 1}, button{"未解决", "reopen", 4})
		return textReply("【已受理】已告诉赵六。")
	}
	return ""
}

func textReply(text string) string {
	return "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" + text + "]]></Content>"
}

// NextDue implements sandbox.Worker.
func (d *desk) NextDue(context.Context) (time.Time, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.due, d.due.After(d.platform.Now()), nil
}

// Settle implements sandbox.Worker: at the due instant both people hear of the breach.
func (d *desk) Settle(_ context.Context, now time.Time) (ran, failed, waiting int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.due.IsZero() || d.due.After(now) {
		return 0, 0, 0, nil
	}
	d.due = time.Time{}
	for _, user := range []string{"hejing", "gaozong"} {
		d.text(user, "【超时】30 分钟内没有人回应："+d.question)
	}
	return 1, 0, 0, nil
}

type button struct {
	text, key string
	style     int
}

func (d *desk) card(user, title, quote string, buttons ...button) {
	d.number++
	var list []map[string]any
	for _, b := range buttons {
		list = append(list, map[string]any{"text": b.text, "key": b.key, "style": b.style})
	}
	d.send(user, "template_card", map[string]any{
		"card_type": "button_interaction", "task_id": fmt.Sprintf("desk-%d", d.number),
		"main_title": map[string]any{"title": title}, "quote_area": map[string]any{"quote_text": quote}, "button_list": list,
	})
}

func (d *desk) text(user, content string) {
	d.send(user, "text", map[string]any{"content": content})
}

// send calls message/send and expects errcode 0.
func (d *desk) send(user, kind string, body any) {
	if d.token == "" {
		answer := d.call(http.MethodGet, "/cgi-bin/gettoken?corpid="+d.opts.CorpID+"&corpsecret="+d.opts.Apps[0].Secret, nil)
		d.token, _ = answer["access_token"].(string)
	}
	d.call(http.MethodPost, "/cgi-bin/message/send?access_token="+d.token, map[string]any{
		"touser": user, "msgtype": kind, "agentid": d.opts.Apps[0].AgentID, kind: body,
	})
}

// call makes one API call and expects errcode 0.
func (d *desk) call(method, path string, body any) map[string]any {
	answer := d.callAnyway(method, path, body)
	assert.EqualValues(d.t, 0, answer["errcode"], "%s: %v", path, answer["errmsg"])
	return answer
}

// callAnyway makes one API call and takes whatever it answers.
func (d *desk) callAnyway(method, path string, body any) map[string]any {
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	assert.NoError(d.t, encoder.Encode(body))
	request, err := http.NewRequest(method, d.base+path, &raw)
	if !assert.NoError(d.t, err) {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if !assert.NoError(d.t, err) {
		return nil
	}
	defer response.Body.Close()
	var answer map[string]any
	assert.NoError(d.t, json.NewDecoder(response.Body).Decode(&answer))
	return answer
}

// received returns what the desk has got so far that matches.
func (d *desk) received(matches func(inbound) bool) []inbound {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []inbound
	for _, in := range d.got {
		if matches(in) {
			found = append(found, in)
		}
	}
	return found
}
