package wecom_test

import (
	"bufio"
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
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
	"guiju/wecom/card"
)

// TestEveryCodeHasItsClass drives every published errcode through a real call: class, number of attempts, and a remedy
// for whatever an administrator must fix.
func TestEveryCodeHasItsClass(t *testing.T) {
	file, err := os.Open("testdata/errcodes.txt")
	require.NoError(t, err)
	defer file.Close()
	codes := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		var code int
		var class string
		_, err := fmt.Sscan(lines.Text(), &code, &class)
		require.NoError(t, err, lines.Text())
		codes++

		p := newPlatform(t)
		p.fails("getcallbackip", code, "text of the error")
		_, err = p.client(wecom.Options{}).CallbackIPs(ctx)
		require.Equal(t, class, wecom.ClassOf(err).String(), "errcode %d", code)
		attempts := 1
		if class == "refresh_token" {
			attempts = 2
		}
		require.Len(t, p.calls("getcallbackip"), attempts, "errcode %d", code)
		require.Len(t, p.calls("gettoken"), attempts, "errcode %d", code)
		require.False(t, wecom.Uncertain(err), "an answer is certain")

		remedy, ok := wecom.RemedyOf(err)
		require.Equal(t, class == "misconfigured", ok, "errcode %d", code)
		if ok {
			require.NotEmpty(t, remedy.Page)
			require.True(t, strings.HasSuffix(remedy.Action, "。"), "errcode %d: %s", code, remedy.Action)
		}
		p.Close()
	}
	require.Greater(t, codes, 240)
}

func TestGettokenCodes(t *testing.T) {
	for _, code := range []int{40001, 40013, 40091, 41002, 41004, 41024, 45031, 50003, 60020, 301042} {
		p := newPlatform(t)
		p.fails("gettoken", code, "refused")
		err := p.client(wecom.Options{}).CheckToken(ctx)
		require.Equal(t, wecom.Misconfigured, wecom.ClassOf(err), "errcode %d", code)
		_, ok := wecom.RemedyOf(err)
		require.True(t, ok, "errcode %d", code)
		p.Close()
	}
}

func TestErrorKeepsWhatSupportAsksFor(t *testing.T) {
	p := newPlatform(t)
	p.fails("gettoken", 60020, "not allow to access from your ip")
	err := p.client(wecom.Options{}).CheckToken(ctx)
	e, ok := errors.AsType[*wecom.Error](err)
	require.True(t, ok)
	require.Equal(t, "1772413200_7", e.Hint)
	require.Equal(t, "198.51.100.9", e.IP)
	require.Equal(t, "not allow to access from your ip", e.Msg)
	remedy, ok := wecom.RemedyOf(err)
	require.True(t, ok)
	require.Contains(t, remedy.Page, "企业可信IP")
	require.Contains(t, remedy.Action, "198.51.100.9")
}

func TestAdviceForKnownMistakes(t *testing.T) {
	for code, page := range map[int]string{
		60020: "企业可信IP", 40001: "Secret", 40013: "企业信息", 301002: "应用管理", 48002: "应用管理",
		50003: "应用管理", 60011: "可见范围", 43012: "接收消息", 301055: "审批",
	} {
		r, ok := wecom.Advice(code)
		require.True(t, ok, code)
		require.Contains(t, r.Page, page, code)
	}
	_, ok := wecom.Advice(60111)
	require.False(t, ok)
}

func TestClassOfOtherErrors(t *testing.T) {
	require.Equal(t, wecom.OK, wecom.ClassOf(nil))
	require.Equal(t, wecom.Transient, wecom.ClassOf(errors.New("foreign")))
	_, err := wecom.BuildSend(agentID, wecom.ToUsers("a"), wecom.Text{})
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
	_, err = card.VoteInteraction{}.Build()
	require.Equal(t, wecom.Permanent, wecom.ClassOf(fmt.Errorf("render: %w", err)))
}

func TestHTTPFailures(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		body      string
		class     wecom.Class
		uncertain bool
	}{
		"bad gateway":       {502, "<html>", wecom.Transient, true},
		"overloaded":        {429, "", wecom.Throttled, false},
		"not found":         {404, "page not found", wecom.Misconfigured, false},
		"proxy login":       {407, "", wecom.Misconfigured, false},
		"redirected":        {302, "", wecom.Misconfigured, false},
		"portal":            {200, "<html>login</html>", wecom.Transient, true},
		"empty":             {200, "", wecom.Transient, true},
		"errcode under 500": {500, failure(45009, "api freq out of limit"), wecom.Throttled, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.on("message/send", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", p.URL+"/elsewhere")
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			_, err := p.client(wecom.Options{}).Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"})
			require.Equal(t, c.class, wecom.ClassOf(err), "%v", err)
			require.Equal(t, c.uncertain, wecom.Uncertain(err), "%v", err)
			require.Empty(t, p.calls("/elsewhere"), "no redirect is followed")
		})
	}
}

func TestUncertainSends(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, c := range map[string]struct {
		handler   http.HandlerFunc
		uncertain bool
	}{
		"no answer in time": {func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}, true},
		"reset after the request": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}, true},
		"answer breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"errcode":0,`)
		}, true},
		"refused in words": {func(w http.ResponseWriter, _ *http.Request) { answer(w, failure(-1, "system busy")) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.on("message/send", c.handler)
			client, err := wecom.New(wecom.Config{CorpID: corpID, AgentID: agentID, Secret: secret, BaseURL: p.URL,
				Timeout: 150 * time.Millisecond}, wecom.Options{})
			require.NoError(t, err)
			_, err = client.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"})
			require.Equal(t, wecom.Transient, wecom.ClassOf(err), "%v", err)
			require.Equal(t, c.uncertain, wecom.Uncertain(err), "%v", err)
		})
	}
}

func TestCertainlyNotSent(t *testing.T) {
	p := newPlatform(t)
	shared := wecom.Options{TokenStore: newMemoryStore(time.Now)}
	c := p.client(shared)
	require.NoError(t, c.CheckToken(ctx))
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, err := c.Send(done, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"})
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, wecom.Uncertain(err))
	require.Empty(t, p.calls("message/send"))

	p.Close() // nobody listens any more
	c = p.client(shared)
	_, err = c.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"})
	require.Equal(t, wecom.Transient, wecom.ClassOf(err))
	require.False(t, wecom.Uncertain(err), "%v", err)
	require.NotContains(t, err.Error(), "cgi-bin", "no URL in errors")

	// No answer to gettoken: the message was not sent.
	q := newPlatform(t)
	q.on("gettoken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	_, err = q.client(wecom.Options{}).Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"})
	require.Equal(t, wecom.Transient, wecom.ClassOf(err))
	require.False(t, wecom.Uncertain(err))

	// A transport that does not report its steps: only a failed dial is certain.
	for _, x := range []struct {
		err       error
		uncertain bool
	}{{&net.OpError{Op: "dial", Err: errors.New("refused")}, false}, {io.ErrUnexpectedEOF, true}} {
		q := newPlatform(t)
		c := q.client(wecom.Options{HTTPTransport: failing{after: "gettoken", err: x.err}})
		_, err = c.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"})
		require.Equal(t, x.uncertain, wecom.Uncertain(err), "%v", err)
	}
}

// failing lets one API through and fails the others without tracing.
type failing struct {
	after string
	err   error
}

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, f.after) {
		return http.DefaultTransport.RoundTrip(r)
	}
	return nil, f.err
}

func TestAnswersAreBounded(t *testing.T) {
	p := newPlatform(t)
	p.on("user/list", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"errcode":0,"userlist":[`)
		chunk := strings.Repeat(`{"userid":"x"},`, 1<<16)
		for range 64 {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	_, err := p.client(wecom.Options{}).Members(ctx, 1)
	require.ErrorContains(t, err, "exceeds")
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
}

// TestNothingLeaks makes everything fail that can, on servers that echo what they were sent, and scans every error,
// log line and observed call.
func TestNothingLeaks(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	obs := &observer{}
	store := newMemoryStore(time.Now)
	store.failing = errors.New("redis away")
	const body = "BODY-工资单-9000"

	try := func(client *wecom.Client) {
		print := func(err error) {
			for ; err != nil; err = errors.Unwrap(err) {
				fmt.Fprintf(&out, "%v\n%+v\n%#v\n", err, err, err)
			}
		}
		_, err := client.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: body})
		print(err)
		_, err = client.Member(ctx, "chenyu")
		print(err)
		_, err = client.Identity(ctx, "CODE-0123456789")
		print(err)
		_, err = client.IdentityDetail(ctx, "UTICKET-0123456789")
		print(err)
		_, err = client.JSConfig(ctx, "https://flow.example.com/")
		print(err)
		_, err = client.UploadMedia(ctx, wecom.MediaFile, "a.txt", strings.NewReader(body))
		print(err)
		_, err = client.DownloadMedia(ctx, "2mFlowFile0118", 100)
		print(err)
		print(client.CreateMenu(ctx, []wecom.MenuButton{{Type: wecom.MenuClick, Name: "a", Key: "k"}}))
	}
	echo := func(status int, wrap string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "gettoken") && status != 599 {
				answer(w, `{"errcode":0,"access_token":"TOKEN-0001-flowdesk","expires_in":7200}`)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Location", r.URL.String()+"%zz")
			w.WriteHeader(min(status, 500))
			fmt.Fprintf(w, wrap, r.URL.RawQuery+" "+r.URL.Query().Get("access_token")+" "+r.URL.Query().Get("corpsecret")+" "+url.QueryEscape(r.URL.Query().Get("corpsecret")))
		}
	}
	for _, h := range []http.HandlerFunc{
		echo(200, `{"errcode":40058,"errmsg":"bad %s"}`), echo(200, `%s`), echo(200, `{"errcode":"%s"}`),
		echo(500, `%s`), echo(302, `%s`), echo(599, `{"errcode":40001,"errmsg":"bad %s"}`),
		echo(200, `{"errcode":42001,"errmsg":"expired %s"}`),
	} {
		server := httptest.NewServer(h)
		c, err := wecom.New(wecom.Config{CorpID: corpID, AgentID: agentID, Secret: secret, BaseURL: server.URL, Timeout: time.Second},
			wecom.Options{Logger: logger, Observer: obs, TokenStore: store})
		require.NoError(t, err)
		try(c)
		server.CloseClientConnections()
		server.Close()
		try(c)
		fresh, err := wecom.New(wecom.Config{CorpID: corpID, AgentID: agentID, Secret: secret, BaseURL: server.URL, Timeout: time.Second},
			wecom.Options{Logger: logger, Observer: obs, TokenStore: store})
		require.NoError(t, err)
		try(fresh)
	}
	for _, call := range obs.calls {
		fmt.Fprintf(&out, "%+v\n", call)
	}
	printed := out.String()
	require.Greater(t, len(printed), 5000, "the scan must have something to scan")
	require.Contains(t, printed, "redis away")
	for _, leak := range []string{secret, "SECRET-flowdesk", "very", "TOKEN-0001", "CODE-0123456789", "UTICKET-0123456789", body, "工资单", "ticket-"} {
		require.NotContains(t, printed, leak)
	}
}

func TestObserverSeesEveryAttempt(t *testing.T) {
	p, clk, obs := newPlatform(t), newClock(), &observer{}
	p.on("getcallbackip", func(w http.ResponseWriter, r *http.Request) {
		clk.advance(30 * time.Millisecond)
		if r.URL.Query().Get("access_token") == "TOKEN-0001-flowdesk" {
			answer(w, failure(42001, "expired"))
			return
		}
		answer(w, `{"errcode":0}`)
	})
	c := p.client(wecom.Options{Observer: obs, Now: clk.Now})
	_, err := c.CallbackIPs(ctx)
	require.NoError(t, err)
	want := []wecom.Call{
		{Client: "assistant", API: "gettoken", Class: wecom.OK},
		{Client: "assistant", API: "getcallbackip", Class: wecom.RefreshToken, Code: 42001, Duration: 30 * time.Millisecond},
		{Client: "assistant", API: "gettoken", Class: wecom.OK},
		{Client: "assistant", API: "getcallbackip", Class: wecom.OK, Duration: 30 * time.Millisecond},
	}
	require.Equal(t, want, obs.calls)
}
