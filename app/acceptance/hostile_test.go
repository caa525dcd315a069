package acceptance_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/callback/envelope"
	"guiju/store/storetest"
	"guiju/wecom/sandbox"
)

// A hostile sender and a chaotic employee. What carries a valid signature is
// WeCom's, so the first tests forge with the company's own keys: whatever WeCom
// may one day send must not stop the callbacks behind it.

// plain is a callback's plaintext; zero values are left out.
type plain struct {
	from, kind, event, key, content, msgID string
	agent                                  string // empty: the assistant's
	created                                string // empty: now
	more                                   string // further elements
}

func (p plain) xml(w *World) string {
	if p.agent == "" {
		p.agent = "1000002"
	}
	if p.created == "" {
		p.created = fmt.Sprint(w.Now().Unix())
	}
	var b strings.Builder
	b.WriteString("<xml><ToUserName><![CDATA[" + sandbox.DefaultOptions().CorpID + "]]></ToUserName>")
	for _, e := range [][2]string{
		{"FromUserName", p.from}, {"CreateTime", p.created}, {"MsgType", p.kind}, {"Event", p.event}, {"EventKey", p.key},
		{"Content", p.content}, {"MsgId", p.msgID}, {"AgentID", p.agent},
	} {
		if e[1] != "" {
			fmt.Fprintf(&b, "<%s><![CDATA[%s]]></%s>", e[0], e[1], e[0])
		}
	}
	return b.String() + p.more + "</xml>"
}

// keys are those of the assistant on the sandbox platform.
func keys(t *testing.T) *envelope.Key {
	t.Helper()
	o := sandbox.DefaultOptions()
	k, err := envelope.NewKey(o.Apps[0].Token, o.Apps[0].EncodingAESKey, o.CorpID)
	require.NoError(t, err)
	return k
}

// Delivers posts a callback with a valid signature and answers the status and
// the text of the passive reply.
func (w *World) Delivers(p plain) (status int, reply string) {
	w.t.Helper()
	k := keys(w.t)
	r, err := k.SealRequest(envelope.NewSalt(time.Now()), envelope.XML, sandbox.DefaultOptions().CorpID, "1000002", []byte(p.xml(w)))
	require.NoError(w.t, err)
	status, body := w.Posts("/callback/assistant?"+queryOf(r.Query).Encode(), r.Body)
	if len(body) == 0 {
		return status, ""
	}
	opened, err := k.OpenReply(body)
	require.NoError(w.t, err)
	return status, string(opened)
}

func queryOf(q envelope.Query) url.Values {
	return url.Values{"msg_signature": {q.Signature}, "timestamp": {q.Timestamp}, "nonce": {q.Nonce}}
}

// Posts sends bytes to the app. Redirects are not followed, as WeCom follows none.
func (w *World) Posts(path string, body []byte) (status int, answer []byte) {
	w.t.Helper()
	return w.request(http.MethodPost, path, body)
}

func (w *World) request(method, path string, body []byte) (status int, answer []byte) {
	w.t.Helper()
	request, err := http.NewRequest(method, w.play.AppURL+path, bytes.NewReader(body))
	require.NoError(w.t, err)
	client := http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(w.t, err)
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return response.StatusCode, answer
}

// rows counts in the app's database.
func (w *World) rows(query string, args ...any) (n int) {
	w.t.Helper()
	driver := "sqlite"
	if w.db.Driver == "mysql" {
		driver = "mysql"
	}
	conn, done := w.database(driver)
	defer done()
	require.NoError(w.t, conn.QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

// Values beyond every documented length are stored and answered 200; nothing
// waits behind them.
func TestHostile_OverlongFieldsDoNotStopTheCallbacksBehindThem(t *testing.T) {
	long := strings.Repeat("a", 300)
	for name, p := range map[string]plain{
		"sender":            {from: long, kind: "text", content: "我的待办", msgID: "1"},
		"sender of letters": {from: strings.Repeat("ŉ", 100), kind: "text", content: "我的待办", msgID: "1"},
		"event name":        {from: "zhaoliu", kind: "event", event: strings.Repeat("e", 85)},
		"message type":      {from: "zhaoliu", kind: strings.Repeat("k", 90), msgID: "1"},
		"message id":        {from: "zhaoliu", kind: "text", content: "我的待办", msgID: strings.Repeat("9", 3000)},
		"event key":         {from: "zhaoliu", kind: "event", event: "click", key: strings.Repeat("k", 3000)},
		"text":              {from: "zhaoliu", kind: "text", content: strings.Repeat("字", 300_000), msgID: "1"},
		"link": {from: "zhaoliu", kind: "link", msgID: "1", more: "<Title>" + strings.Repeat("题", 5000) + "</Title><Url>http://" + strings.Repeat("u", 9000) +
			"</Url><Description>" + strings.Repeat("述", 9000) + "</Description>"},
		"media id":    {from: "zhaoliu", kind: "image", msgID: "1", more: "<MediaId>" + strings.Repeat("m", 5000) + "</MediaId>"},
		"coordinates": {from: "zhaoliu", kind: "location", msgID: "1", more: "<Location_X>Inf</Location_X><Location_Y>-infinity</Location_Y><Label>x</Label>"},
		"task id": {from: "zhaoliu", kind: "event", event: "template_card_event", key: "1|收到",
			more: "<TaskId>" + strings.Repeat("t", 5000) + "</TaskId><ResponseCode>" + strings.Repeat("r", 5000) + "</ResponseCode>"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *World) {
				status, _ := w.Delivers(p)
				require.Equal(t, 200, status)
				w.Settle()
				require.Contains(t, w.Says("钱十一", "我的待办"), "待办", "the next one is answered at once")
				require.Zero(t, w.rows("SELECT COUNT(*) FROM deliveries WHERE state <> 'done'"), "and nothing has failed")
			})
		})
	}
}

// An event without a usable time is handled as of its receipt; one whose key is
// no longer kept is not handled, and leaves no line in the log either.
func TestHostile_TimesThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for i, created := range []string{"0", "-5", "x", "1772416800000", "99999999999999999999", fmt.Sprint(w.Now().Add(400 * 24 * time.Hour).Unix())} {
			status, reply := w.Delivers(plain{from: "zhaoliu", kind: "text", content: "我的待办", msgID: fmt.Sprint(100 + i), created: created})
			require.Equal(t, 200, status)
			require.Contains(t, reply, "待办", "CreateTime %s", created)
		}
		before := w.rows("SELECT COUNT(*) FROM deliveries")
		status, reply := w.Delivers(plain{from: "zhaoliu", kind: "text", content: "我的待办", msgID: "200", created: fmt.Sprint(w.Now().Add(-31 * 24 * time.Hour).Unix())})
		require.Equal(t, 200, status)
		require.Empty(t, reply)
		require.Equal(t, before, w.rows("SELECT COUNT(*) FROM deliveries"))
	})
}

// Everything outside the contract is 404: no redirect, which WeCom would count
// as a failure and repeat.
func TestHostile_OtherPathsAreNotFound(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), nil)
	for _, path := range []string{"/", "/callback", "/callback/", "/callback/assistant/", "/callback/assistant/x", "/callback/nobody", "//callback/assistant", "/metrics/", "/debug/pprof/", "/CALLBACK/assistant"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, _ := w.request(method, path, nil)
			require.Equal(t, 404, status, "%s %s", method, path)
		}
	}
	status, _ := w.request(http.MethodPut, "/callback/assistant", nil)
	require.Equal(t, 405, status)
}
