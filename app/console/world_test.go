package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/console"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/storetest"
	"guiju/wecom"
)

// platform plays WeCom: a code names whom codes says.
type platform struct {
	mu    sync.Mutex
	codes map[string]wecom.Identity
	err   error
	asked int
}

func (p *platform) AuthorizeURL(redirect, state string, _ wecom.Scope) (string, error) {
	return "https://wecom.example/authorize?redirect_uri=" + url.QueryEscape(redirect) + "&state=" + state, nil
}

func (p *platform) Identity(_ context.Context, code string) (wecom.Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.err != nil {
		return wecom.Identity{}, p.err
	}
	who, ok := p.codes[code]
	if !ok {
		return who, errors.New("invalid code")
	}
	delete(p.codes, code)
	return who, nil
}

// members play people: everybody in the table works here unless his row says otherwise.
type members struct{}

func (members) Identify(tx *store.Tx, userid string) (store.Member, string, error) {
	m, err := tx.MemberByUserID(userid)
	return m, "", err
}

func (members) Actor(_ *store.Reader, m store.Member) (policy.Actor, error) {
	return policy.Actor{Member: m.ID, Active: m.Present(), Suspended: m.SuspendedAt != nil}, nil
}

func (members) Can(_ *store.Reader, _ store.Member, p policy.Permission, _ policy.Object) (policy.Decision, error) {
	return policy.Decision{Allowed: p != "secret.page"}, nil
}

// permits counts refusals.
type permits struct {
	mu     sync.Mutex
	denied []string
}

func (p *permits) Permit(*chat.Call, string, string) (bool, error) { return true, nil }

func (p *permits) Denied(_ *chat.Call, permission, object string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.denied = append(p.denied, permission+" "+object)
	return nil
}

// world is a company of two with the pages of these tests.
type world struct {
	t        *testing.T
	db       *store.DB
	clock    *storetest.Clock
	platform *platform
	permits  *permits
	log      *lines
	media    string
	server   *httptest.Server
	console  *console.Console
	machine  time.Time
	zhaoliu  store.Member

	mu     sync.Mutex
	posted []string // what the page was given
	after  func(v *console.Visit) (console.Next, error)
}

// lines is a log that may be written from several requests.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock, change func(*console.Options)) *world {
	t.Helper()
	w := &world{
		t: t, db: db, clock: clock, platform: &platform{codes: map[string]wecom.Identity{}}, permits: &permits{},
		log: &lines{}, media: t.TempDir(), machine: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC),
	}
	require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
		w.zhaoliu = store.Member{UserID: "zhaoliu", Name: "赵六", Status: store.MemberActive, Visible: true}
		other := store.Member{UserID: "sunqi", Name: "孙七", Status: store.MemberActive, Visible: true}
		return errors.Join(tx.AddMember(&w.zhaoliu), tx.AddMember(&other))
	}))
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	w.server = httptest.NewServer(router)
	t.Cleanup(w.server.Close)
	o := console.Options{
		Store: db, Members: members{}, Permits: w.permits, Apps: []console.App{{Name: "assistant", Platform: w.platform}},
		PublicURL: w.server.URL, MediaDir: w.media, Key: []byte("a key of these tests alone"),
		Machine: func() time.Time { return w.machine }, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	var err error
	w.console, err = console.New(o)
	require.NoError(t, err)
	w.addPages()
	w.console.Mount(router)
	return w
}

func (w *world) addPages() {
	templates := console.ParseTemplates(os.DirFS("testdata"), "*.html")
	show := func(v *console.Visit) (console.View, error) {
		return console.View{Template: "echo", Part: "part", Data: v.Query.Get("text") + v.Form.Get("text") + v.Member.Name}, nil
	}
	w.console.Page(console.Page{Path: "/form/", Title: "首页", Templates: templates, Get: show})
	w.console.Page(console.Page{Path: "/form/echo/:name", Title: "回声", Templates: templates, Get: show, Post: w.take})
	w.console.Page(console.Page{Path: "/form/secret", Title: "秘密", Templates: templates, Permission: "secret.page", Get: show, Post: w.take})
	w.console.Page(console.Page{Path: "/form/panic", Title: "坏页", Templates: templates, Get: func(*console.Visit) (console.View, error) { panic("密码 hunter2") }})
	w.console.Page(console.Page{Path: "/form/file/:id", Title: "文件", Templates: templates, Get: func(v *console.Visit) (console.View, error) {
		for _, r := range []rune(v.Param("id")) {
			a, err := v.Upload(int64(r - '0'))
			return console.View{File: &a}, err
		}
		return console.View{}, store.ErrNotFound
	}})
}

// take is the Post of the test's pages.
func (w *world) take(v *console.Visit) (console.Next, error) {
	if w.after != nil {
		if next, err := w.after(v); err != nil || next.View != nil {
			return next, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posted = append(w.posted, v.Form.Get("text"))
	return console.Next{To: "/form/echo/done", Note: "已收到 <b>" + v.Form.Get("text") + "</b>"}, nil
}

// browser is one member's.
type browser struct {
	w      *world
	client *http.Client
	ask    map[string]string // headers sent along
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	return &browser{w: w, ask: map[string]string{}, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came back.
type answer struct {
	*http.Response
	text string
}

func (b *browser) do(method, address, kind string, body io.Reader) answer {
	b.w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.w.server.URL + address
	}
	request, err := http.NewRequest(method, address, body)
	require.NoError(b.w.t, err)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
		request.Header.Set("Origin", b.w.server.URL)
	}
	for name, value := range b.ask {
		request.Header.Set(name, value)
		if name == "Host" {
			request.Host = value
		}
	}
	response, err := b.client.Do(request)
	require.NoError(b.w.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b.w.t, err)
	return answer{response, string(text)}
}

func (b *browser) get(address string) answer { b.w.t.Helper(); return b.do("GET", address, "", nil) }

func (b *browser) post(address string, form url.Values) answer {
	b.w.t.Helper()
	return b.do("POST", address, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// comesBack goes to WeCom and back as userid; it answers the last answer.
func (b *browser) comesBack(address, userid string) answer {
	b.w.t.Helper()
	away := b.get(address)
	require.Equal(b.w.t, http.StatusSeeOther, away.StatusCode, address)
	b.w.platform.mu.Lock()
	b.w.platform.codes["code-"+userid] = wecom.Identity{UserID: userid}
	b.w.platform.mu.Unlock()
	return b.get("/form/signin?code=code-" + userid + "&state=" + stateOf(b.w.t, away))
}

// signIn signs userid in.
func (b *browser) signIn(userid string) *browser {
	b.w.t.Helper()
	back := b.comesBack("/form/", userid)
	require.Equal(b.w.t, http.StatusSeeOther, back.StatusCode, back.text)
	return b
}

func stateOf(t *testing.T, away answer) string {
	t.Helper()
	u, err := url.Parse(away.Header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "wecom.example", u.Host)
	state := u.Query().Get("state")
	require.Regexp(t, `^[a-zA-Z0-9]{32,128}$`, state, "what WeCom takes as a state (84025)")
	return state
}

var tokenInput = regexp.MustCompile(`name="_token" value="([^"]+)"`)

// token is that of the form on a page.
func (b *browser) token(address string) string {
	b.w.t.Helper()
	page := b.get(address)
	require.Equal(b.w.t, http.StatusOK, page.StatusCode, page.text)
	found := tokenInput.FindStringSubmatch(page.text)
	require.NotNil(b.w.t, found, page.text)
	return found[1]
}

// parts is a form with files.
func parts(t *testing.T, write func(m *multipart.Writer)) (kind string, body *bytes.Buffer) {
	t.Helper()
	body = &bytes.Buffer{}
	m := multipart.NewWriter(body)
	write(m)
	require.NoError(t, m.Close())
	return m.FormDataContentType(), body
}
