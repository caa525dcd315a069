package durability_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
	"guiju/wecom/sandbox"
)

// Marks that can come from nowhere else. The words of the message are also
// looked for one by one.
const (
	leakSecret         = "LeakSecret0123456789abcdefghijklmnopqrstuvw"
	leakToken          = "LeakCallbackToken"
	leakAESKey         = "LeakAESKeyLeakAESKeyLeakAESKeyLeakAESKey123"
	leakContactsSecret = "LeakContactsSecret0123456789abcdefghijklmno"
	leakContactsToken  = "LeakContactsToken"
	leakContactsKey    = "LeakContactsKeyLeakContactsKeyLeakContact12"
	leakPassword       = "LeakDatabasePassword"
	leakQuestion       = "紫水晶报销"
	leakAnswer         = "绿松石抬头"
	leakMore           = "红玛瑙补充"
	leakFree           = "黄玉髓闲聊"
)

// Given a company with marked credentials and marked messages, when the slice
// is played through success, refusal, failure and breach with the log at
// debug, then nothing that is printed or served shows a credential, a token or
// a message: not the log, not an error, not /metrics or /readyz, and no
// command that was not asked for a body.
func TestNothingPrintedShowsASecretOrABody(t *testing.T) {
	t.Parallel()
	o := sandbox.DefaultOptions()
	one := &o.Apps[0]
	one.Secret, one.Token, one.EncodingAESKey = leakSecret, leakToken, leakAESKey
	o.Contacts.Secret, o.Contacts.Token, o.Contacts.EncodingAESKey = leakContactsSecret, leakContactsToken, leakContactsKey
	s := setup{listen: freeAddress(t), store: storetest.SQLite(t), dir: t.TempDir(), log: "debug"}
	wecom := newPlatform(t, "http://"+s.listen, func(p *sandbox.Options) {
		p.Apps[0].Secret, p.Apps[0].Token, p.Apps[0].EncodingAESKey = leakSecret, leakToken, leakAESKey
		p.Contacts.Secret, p.Contacts.Token, p.Contacts.EncodingAESKey = leakContactsSecret, leakContactsToken, leakContactsKey
	})
	between := newListener(t, wecom.url)
	s.platform = between.url

	var printed bytes.Buffer
	app := s.serve(t, "", o)
	wecom.settle()
	require.Equal(t, 200, wecom.say("zhaoliu", "咨询 "+leakQuestion+" 重要").Status)
	wecom.say("zhaoliu", leakFree)
	wecom.settle()
	wecom.say("zhaoliu", "补充 "+leakMore)
	wecom.advance(31 * time.Minute)
	for _, f := range []sandbox.Fault{{ErrCode: 45009}, {ErrCode: 40014}, {HTTP: 500}, {Drop: "answer"}, {ErrCode: 81013}} {
		f.API, f.Times = "message/send", 1
		wecom.fault(f)
	}
	wecom.say("hejing", "回复 M20260302-0001 "+leakAnswer)
	wecom.say("zhaoliu", "追溯 M20260302-0001")
	wecom.say("zhaoliu", "发通知 不存在的人 "+leakMore)
	wecom.settle()
	callback := "http://" + s.listen + "/callback/assistant"
	for _, query := range []string{"", "?msg_signature=bad&timestamp=1&nonce=2", "?echostr=" + leakFree} {
		response, err := http.Post(callback+query, "text/xml", strings.NewReader("<xml><Encrypt>"+leakToken+"</Encrypt></xml>"))
		require.NoError(t, err)
		printed.WriteString(body(t, response))
	}
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/callback/assistant", "/nowhere"} {
		response, err := http.Get("http://" + s.listen + path)
		require.NoError(t, err)
		printed.WriteString(body(t, response))
	}
	config := s.write(t, o)
	commands := [][]string{
		{"doctor"}, {"check"}, {"events", "list"}, {"events", "show", "1"}, {"jobs", "list"}, {"members", "list"},
		{"rulebook", "show"}, {"audit", "verify"},
	}
	for _, args := range commands {
		printed.WriteString(command(t, append(args, "-c", config)...))
	}
	require.Contains(t, command(t, "events", "show", "1", "--body", "-c", config), leakQuestion, "asked for, a body is shown: the marks are there to be leaked")
	app.stop()
	printed.WriteString(app.out.String())

	// A database that refuses, with its password in the DSN.
	away := setup{
		listen: freeAddress(t), platform: between.url, dir: t.TempDir(), log: "debug",
		store: store.Config{Driver: "mysql", DSN: "guiju:" + leakPassword + "@tcp(" + freeAddress(t) + ")/guiju"},
	}
	app = launch(t, "", "serve", "--clock", away.platform, "-c", away.write(t, o))
	answers(t, "http://"+away.listen+"/readyz")
	app.stop()
	printed.WriteString(app.out.String())
	printed.WriteString(command(t, "doctor", "-c", away.write(t, o)))
	printed.WriteString(command(t, "jobs", "list", "-c", away.write(t, o)))

	all := printed.String()
	for _, sure := range []string{"ready", "guiju_", "will be tried again", "database"} {
		require.Contains(t, all, sure, "the scan must see what was printed")
	}
	marks := []string{
		leakSecret, leakToken, leakAESKey, leakContactsSecret, leakContactsToken, leakContactsKey, leakPassword,
		leakQuestion, leakAnswer, leakMore, leakFree,
	}
	tokens := between.tokens()
	require.NotEmpty(t, tokens)
	for _, mark := range append(marks, tokens...) {
		for _, form := range []string{mark, url.QueryEscape(mark)} {
			if i := strings.Index(all, form); i >= 0 {
				t.Errorf("%q is shown: …%s…", mark, all[max(0, i-300):min(len(all), i+100)])
			}
		}
	}
}

// command runs guiju and answers all it prints, whatever its exit code.
func command(t testing.TB, args ...string) string {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	out, err := exec.Command(path, args...).CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		require.NoError(t, err)
	}
	require.NotEmpty(t, out, args)
	return string(out)
}

func body(t testing.TB, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(raw)
}

// listener stands between the app and the platform and notes access tokens.
type listener struct {
	url  string
	mu   sync.Mutex
	seen map[string]bool
}

func newListener(t testing.TB, target string) *listener {
	t.Helper()
	to, err := url.Parse(target)
	require.NoError(t, err)
	l := &listener{seen: map[string]bool{}}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := r.URL.Query().Get("access_token"); token != "" {
			l.mu.Lock()
			l.seen[token] = true
			l.mu.Unlock()
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	l.url = server.URL
	return l
}

func (l *listener) tokens() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for token := range l.seen {
		all = append(all, token)
	}
	return all
}
