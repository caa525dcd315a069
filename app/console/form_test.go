package console_test

import (
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/console"
	"guiju/store"
	"guiju/store/storetest"
)

func TestEveryAnswerHasTheStrictHeaders(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	for _, address := range []string{"/form/", "/form/none", "/form/panic", "/form/secret", "/form/assets/page.css", "/form/signin"} {
		h := b.get(address).Header
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'self'"} {
			require.Contains(t, policy, want, address)
		}
		require.NotContains(t, policy, "unsafe", address)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), address)
		require.Equal(t, "same-origin", h.Get("Referrer-Policy"), address)
		require.NotEmpty(t, h.Get("Permissions-Policy"), address)
		if address != "/form/assets/page.css" {
			require.Equal(t, "no-store", h.Get("Cache-Control"), address)
		}
	}
}

// timed notes how long a connection may take.
type timed struct {
	http.ResponseWriter
	read, write *time.Time
}

func (t timed) SetReadDeadline(until time.Time) error  { *t.read = until; return nil }
func (t timed) SetWriteDeadline(until time.Time) error { *t.write = until; return nil }

// A phone that sends photographs over a slow connection has minutes for it;
// who is not signed in has no longer than a callback.
func TestUploadsHaveTheTimeTheyNeed(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	token := b.token("/form/echo/a")
	var read, write time.Time
	beside := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.server.Config.Handler.ServeHTTP(timed{rw, &read, &write}, r)
	}))
	defer beside.Close()
	stranger := w.browser()
	stranger.post(beside.URL+"/form/echo/a", url.Values{"_token": {token}, "text": {"x"}})
	require.Zero(t, read, "nobody is signed in")
	got := b.post(beside.URL+"/form/echo/a", url.Values{"_token": {token}, "text": {"x"}})
	require.Equal(t, http.StatusSeeOther, got.StatusCode, got.text)
	require.Greater(t, time.Until(read), time.Minute)
	require.True(t, write.After(read), "the answer comes after the form")
}

// No page has what the headers forbid: it would silently not work.
func TestPagesHaveNoInlineScriptsOrStyles(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	page := w.browser().signIn("zhaoliu").get("/form/").text
	require.NotRegexp(t, `(?i)<style|style=|<script>| on[a-z]+=|javascript:`, page)
}

func TestUnknownPagesAndPanicsAreFriendly(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser()
	for _, address := range []string{"/form/none", "/form/echo", "/form/echo/", "/form/echo/a/b", "/form/assets/none.css", "/form/assets/", "/form/..%2fx", "/form/echo/%ff"} {
		got := b.get(address)
		require.Equal(t, http.StatusNotFound, got.StatusCode, address)
		require.Contains(t, got.text, "没有这个页面", address)
	}
	b.signIn("zhaoliu")
	got := b.get("/form/panic")
	require.Equal(t, http.StatusInternalServerError, got.StatusCode)
	require.Contains(t, got.text, "系统出错了")
	require.NotContains(t, got.text+w.log.String(), "hunter2")
	require.Equal(t, http.StatusMethodNotAllowed, b.do("PUT", "/form/echo/a", "", nil).StatusCode)
}

func TestAFormIsTakenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, nil)
		of := store.Subject{Kind: "request", ID: 1}
		w.after = func(v *console.Visit) (console.Next, error) {
			_, err := v.Tx.AddAttachment(store.Attachment{MemberID: v.Member.ID, App: "assistant", Kind: "file", SubjectKind: of.Kind, SubjectID: of.ID})
			return console.Next{}, err
		}
		b := w.browser().signIn("zhaoliu")
		form := url.Values{"_token": {b.token("/form/echo/a")}, "text": {"请假"}}
		var taps sync.WaitGroup
		answers := make([]answer, 8)
		for i := range answers {
			taps.Go(func() { answers[i] = b.post("/form/echo/a", form) })
		}
		taps.Wait()
		for _, got := range answers {
			require.Equal(t, http.StatusSeeOther, got.StatusCode, got.text)
			require.Equal(t, "/form/echo/done", got.Header.Get("Location"), "every tap leads to what came of the first")
		}
		done, err := db.Reader(t.Context()).AttachmentsOf(of)
		require.NoError(t, err)
		require.Len(t, done, 1)
	})
}

func TestTheNoteOfAnActIsShownOnceAndEscaped(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	b.post("/form/echo/a", url.Values{"_token": {b.token("/form/echo/a")}, "text": {"<script>alert(1)</script>"}})
	first, second := b.get("/form/echo/done").text, b.get("/form/echo/done").text
	require.Contains(t, first, "已收到 &lt;b&gt;&lt;script&gt;")
	require.NotContains(t, first, "<script>alert")
	require.NotContains(t, second, "已收到")

	b.client.Jar.SetCookies(mustURL(t, w.server.URL+"/form/"), []*http.Cookie{{Name: "guiju_note", Value: "5L2g5aW9.00", Path: "/form"}})
	require.NotContains(t, b.get("/form/").text, "notice", "only what this program wrote is shown")
}

// Forms that do not come from a page of this session change nothing.
func TestForgedFormsAreRefused(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b, other := w.browser().signIn("zhaoliu"), w.browser().signIn("sunqi")
	good := b.token("/form/echo/a")
	for name, c := range map[string]struct {
		token  string
		header [2]string
		status int
	}{
		"no token":                {"", [2]string{}, 403},
		"another member's token":  {other.token("/form/echo/a"), [2]string{}, 403},
		"a token made up":         {"abc.def", [2]string{}, 403},
		"a token without a mark":  {strings.Split(good, ".")[0] + ".", [2]string{}, 403},
		"an oversize token":       {good + strings.Repeat("a", 1000), [2]string{}, 403},
		"from another site":       {good, [2]string{"Origin", "https://evil.example"}, 403},
		"from a page of no place": {good, [2]string{"Origin", "null"}, 403},
		"from a look-alike":       {good, [2]string{"Origin", w.server.URL + ".evil.example"}, 403},
		"as JSON":                 {good, [2]string{"Content-Type", "application/json"}, 400},
		"as plain text":           {good, [2]string{"Content-Type", "text/plain"}, 400},
	} {
		b.ask = map[string]string{}
		if c.header[0] != "" {
			b.ask[c.header[0]] = c.header[1]
		}
		got := b.post("/form/echo/a", url.Values{"_token": {c.token}, "text": {"x"}})
		require.Equal(t, c.status, got.StatusCode, "%s: %s", name, got.text)
	}
	b.ask = map[string]string{}
	require.Empty(t, w.posted)
	require.Equal(t, http.StatusSeeOther, b.post("/form/echo/a", url.Values{"_token": {good}, "text": {"x"}}).StatusCode)
}

func TestAPageWithoutPermissionSaysHowToApplyAndIsRecorded(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	got := b.get("/form/secret")
	require.Equal(t, http.StatusForbidden, got.StatusCode)
	require.Contains(t, got.text, "权限申请 secret.page")
	require.Equal(t, http.StatusForbidden, b.post("/form/secret", url.Values{"_token": {b.token("/form/")}}).StatusCode)
	require.Equal(t, []string{"secret.page /form/secret", "secret.page /form/secret"}, w.permits.denied)
	require.Empty(t, w.posted)
}

// What is refused is shown on the page as it is now, and nothing of it is kept.
func TestARefusedActShowsThePageAsItIsNow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, nil)
		w.after = func(v *console.Visit) (console.Next, error) {
			if _, err := v.Tx.AddAttachment(store.Attachment{MemberID: v.Member.ID, App: "assistant", Kind: "file"}); err != nil {
				return console.Next{}, err
			}
			return console.Next{}, chat.Refused{Reason: "邵静已经批准了", Instead: "查看结果"}
		}
		b := w.browser().signIn("zhaoliu")
		form := url.Values{"_token": {b.token("/form/echo/a")}, "text": {"我写的意见"}}
		got := b.post("/form/echo/a", form)
		require.Equal(t, http.StatusConflict, got.StatusCode)
		require.Contains(t, got.text, "邵静已经批准了")
		require.Contains(t, got.text, "我写的意见", "what was typed is kept")
		_, err := db.Reader(t.Context()).Attachment(1)
		require.ErrorIs(t, err, store.ErrNotFound)

		w.after = nil
		require.Equal(t, http.StatusSeeOther, b.post("/form/echo/a", form).StatusCode, "the same form may be sent again")
	})
}

func TestAPartIsRenderedAlone(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	b.ask["HX-Request"] = "true"
	got := b.get("/form/?text=hi")
	require.True(t, strings.HasPrefix(got.text, "只有这一块：hi"), got.text)
	stranger := w.browser()
	stranger.ask["HX-Request"] = "true"
	require.Equal(t, "true", stranger.get("/form/").Header.Get("HX-Refresh"), "the page signs in anew, not its part")
}

func TestUploadsAreKeptLikeWhatIsSentInChat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, nil)
		b := w.browser().signIn("zhaoliu")
		token := b.token("/form/echo/a")
		var got map[string][]store.Attachment
		w.after = func(v *console.Visit) (console.Next, error) { got = v.Files; return console.Next{}, nil }
		kind, body := parts(t, func(m *multipart.Writer) {
			field(t, m, "_token", token)
			field(t, m, "text", "发票")
			file(t, m, "photo", `C:\私人\..\发票 "1".png`, png)
		})
		require.Equal(t, http.StatusSeeOther, b.do("POST", "/form/echo/a", kind, body).StatusCode)
		require.Len(t, got["photo"], 1)
		a := got["photo"][0]
		require.Equal(t, "发票 1.png", a.Name)
		require.Equal(t, "image", a.Kind)
		require.EqualValues(t, len(png), a.Size)
		kept, err := os.ReadFile(filepath.Join(w.media, a.Path))
		require.NoError(t, err)
		require.Equal(t, png, string(kept))

		shown := b.get("/form/file/" + string(rune('0'+a.ID)))
		require.Equal(t, http.StatusOK, shown.StatusCode)
		require.Equal(t, "image/png", shown.Header.Get("Content-Type"))
		require.Contains(t, shown.Header.Get("Content-Security-Policy"), "sandbox")
		require.Equal(t, http.StatusNotFound, w.browser().signIn("sunqi").get("/form/file/"+string(rune('0'+a.ID))).StatusCode, "another's upload")
	})
}

const png = "\x89PNG\r\n\x1a\n" + "the rest of a picture"

// Whatever is wrong with an upload, nothing stays on disk or in the database.
func TestBadUploadsLeaveNothing(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	for name, c := range map[string]struct {
		status int
		words  string
		write  func(m *multipart.Writer, token string)
	}{
		"a program": {415, "不支持这种文件", func(m *multipart.Writer, token string) {
			field(t, m, "_token", token)
			file(t, m, "f", "run.exe", "MZ")
		}},
		"a page called picture": {415, "内容和文件名不符", func(m *multipart.Writer, token string) {
			field(t, m, "_token", token)
			file(t, m, "f", "x.png", "<html><script>alert(1)</script>")
		}},
		"an empty file": {415, "是空的", func(m *multipart.Writer, token string) {
			field(t, m, "_token", token)
			file(t, m, "f", "x.png", "")
		}},
		"seven files": {413, "最多上传 6 个", func(m *multipart.Writer, token string) {
			field(t, m, "_token", token)
			for i := range 7 {
				file(t, m, "f", fmt.Sprintf("%d.png", i), png)
			}
		}},
		"the file before its token": {403, "页面已过期", func(m *multipart.Writer, token string) {
			file(t, m, "f", "x.png", png)
			field(t, m, "_token", token)
		}},
		"no token": {403, "页面已过期", func(m *multipart.Writer, _ string) { field(t, m, "text", "x") }},
		"more than 20 MB": {413, "超过 20 MB", func(m *multipart.Writer, token string) {
			field(t, m, "_token", token)
			file(t, m, "f", "x.png", png+strings.Repeat("x", console.MaxFileSize))
		}},
		"too many fields": {413, "太多", func(m *multipart.Writer, token string) {
			field(t, m, "_token", token)
			for range 500 {
				field(t, m, "a", "b")
			}
		}},
		"a field of 100 KB": {413, "太长", func(m *multipart.Writer, token string) {
			field(t, m, "_token", token)
			field(t, m, "text", strings.Repeat("a", 100<<10))
		}},
	} {
		token := b.token("/form/echo/a")
		kind, body := parts(t, func(m *multipart.Writer) { c.write(m, token) })
		got := b.do("POST", "/form/echo/a", kind, body)
		require.Equal(t, c.status, got.StatusCode, name)
		require.Contains(t, got.text, c.words, name)
	}
	require.Empty(t, w.posted)
	_, err := db.Reader(t.Context()).Attachment(1)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, filepath.WalkDir(w.media, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			t.Errorf("%s is left", name)
		}
		return err
	}))
}

func TestBodiesAreBounded(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	token := b.token("/form/echo/a")
	long := b.post("/form/echo/a", url.Values{"_token": {token}, "text": {strings.Repeat("长", 300<<10)}})
	require.Equal(t, http.StatusRequestEntityTooLarge, long.StatusCode)
	require.Contains(t, long.text, "返回上一页")
	many := url.Values{"_token": {token}}
	for i := range 500 {
		many.Add("x", fmt.Sprint(i))
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, b.post("/form/echo/a", many).StatusCode)
	require.Empty(t, w.posted)
}

func TestASessionIsPaced(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	status := map[int]int{}
	for range 60 {
		status[b.get("/form/").StatusCode]++
	}
	require.Positive(t, status[http.StatusTooManyRequests])
	require.GreaterOrEqual(t, status[http.StatusOK], 30)
	require.Equal(t, http.StatusOK, w.browser().signIn("sunqi").get("/form/").StatusCode, "others are not slowed")
	w.machine = w.machine.Add(10e9)
	require.Equal(t, http.StatusOK, b.get("/form/").StatusCode)
}

func TestADatabaseThatIsAwayIsSaid(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	form := url.Values{"_token": {b.token("/form/echo/a")}, "text": {"x"}}
	w.after = func(*console.Visit) (console.Next, error) {
		return console.Next{}, fmt.Errorf("write: %w", store.ErrUnavailable)
	}
	got := b.post("/form/echo/a", form)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Contains(t, got.text, "系统暂时连不上数据库")
	require.Contains(t, got.text, "不会提交两次")
	require.NotEmpty(t, got.Header.Get("Retry-After"))
	w.after = func(*console.Visit) (console.Next, error) { return console.Next{}, context.DeadlineExceeded }
	require.Equal(t, http.StatusServiceUnavailable, b.post("/form/echo/a", form).StatusCode)
}

// Nothing of what is secret or was written reaches the log.
func TestLogsKeepSecrets(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	token := b.token("/form/echo/a")
	w.after = func(*console.Visit) (console.Next, error) { return console.Next{}, fmt.Errorf("it broke") }
	got := b.post("/form/echo/机密编号?q=隐私", url.Values{"_token": {token}, "text": {"正文"}})
	require.Equal(t, http.StatusInternalServerError, got.StatusCode)
	log := w.log.String()
	require.Contains(t, log, "it broke")
	require.Contains(t, log, "/form/echo/:name")
	secrets := []string{token, "正文", "机密编号", "隐私", "code-zhaoliu"}
	for _, c := range b.client.Jar.Cookies(mustURL(t, w.server.URL+"/form/")) {
		secrets = append(secrets, c.Value)
	}
	for _, secret := range secrets {
		require.NotContains(t, log, secret)
	}
}

func field(t *testing.T, m *multipart.Writer, name, value string) {
	t.Helper()
	require.NoError(t, m.WriteField(name, value))
}

func file(t *testing.T, m *multipart.Writer, name, fileName, content string) {
	t.Helper()
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename="%s"`, name, strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(fileName)))
	h.Set("Content-Type", "application/octet-stream")
	part, err := m.CreatePart(h)
	require.NoError(t, err)
	_, err = part.Write([]byte(content))
	require.NoError(t, err)
}
