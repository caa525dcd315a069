package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/console"
	"guiju/store"
	"guiju/store/storetest"
	"guiju/wecom"
)

func TestSignInLeadsToThePageThatWasWanted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, nil)
		b := w.browser()
		back := b.comesBack("/form/echo/a?text=hi", "zhaoliu")
		require.Equal(t, http.StatusSeeOther, back.StatusCode, back.text)
		require.Equal(t, "/form/echo/a?text=hi", back.Header.Get("Location"))
		for _, c := range back.Cookies() {
			require.True(t, c.HttpOnly)
			require.Equal(t, "/form", c.Path)
			require.Equal(t, http.SameSiteLaxMode, c.SameSite)
		}
		page := b.get("/form/echo/a?text=hi")
		require.Equal(t, http.StatusOK, page.StatusCode)
		require.Contains(t, page.text, "hi赵六")
		require.Contains(t, page.text, "退出")
	})
}

func TestSignInWithoutOrWithAnothersStateIsRefused(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	victim, attacker := w.browser(), w.browser()
	state := stateOf(t, attacker.get("/form/"))
	stateOf(t, victim.get("/form/"))
	w.platform.codes["c"] = wecom.Identity{UserID: "sunqi"}
	for name, address := range map[string]string{
		"the attacker's state":   "/form/signin?code=c&state=" + state,
		"no state":               "/form/signin?code=c",
		"a state made up":        "/form/signin?code=c&state=" + strings.Repeat("a", 64),
		"an oversize state":      "/form/signin?code=c&state=" + strings.Repeat("a", 5000),
		"no code":                "/form/signin?state=" + state,
		"an oversize code":       "/form/signin?code=" + strings.Repeat("c", 600) + "&state=" + state,
		"the state in a query":   "/form/signin?code=c&state[]=" + state,
		"with a fragment's sign": "/form/signin?code=c&state=%23" + state,
	} {
		victim.get("/form/") // a fresh cookie each time
		got := victim.get(address)
		require.Equal(t, http.StatusBadRequest, got.StatusCode, name)
		require.Contains(t, got.text, "登录没有完成", name)
		require.Contains(t, got.text, "重新登录", name)
	}
	require.Zero(t, w.platform.asked, "WeCom was never asked")
}

func TestSignInWorksOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, nil)
		b := w.browser()
		away := b.get("/form/")
		kept := b.client.Jar.Cookies(mustURL(t, w.server.URL+"/form/"))
		state := stateOf(t, away)
		w.platform.codes["one"], w.platform.codes["two"] = wecom.Identity{UserID: "zhaoliu"}, wecom.Identity{UserID: "zhaoliu"}
		require.Equal(t, http.StatusSeeOther, b.get("/form/signin?code=one&state="+state).StatusCode)

		again := w.browser() // even the cookie copied out of the browser is of no use
		again.client.Jar.SetCookies(mustURL(t, w.server.URL+"/form/"), kept)
		require.Equal(t, http.StatusBadRequest, again.get("/form/signin?code=two&state="+state).StatusCode)
		require.Equal(t, 1, w.platform.asked)
	})
}

func TestSignInTakesTenMinutesAtMost(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser()
	state := stateOf(t, b.get("/form/"))
	w.platform.codes["c"] = wecom.Identity{UserID: "zhaoliu"}
	clock.Advance(11 * time.Minute)
	require.Equal(t, http.StatusBadRequest, b.get("/form/signin?code=c&state="+state).StatusCode)
}

// A code that WeCom refuses, somebody who is no member, and a member who has
// left each read what it is about.
func TestSignInOfStrangersIsRefused(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	leave(t, w, "sunqi")
	for name, c := range map[string]struct {
		who    wecom.Identity
		status int
		words  string
	}{
		"a visitor":        {wecom.Identity{OpenID: "oGuest"}, 403, "只有本企业的成员可以打开"},
		"a customer":       {wecom.Identity{OpenID: "oGuest", ExternalUserID: "wmCustomer"}, 403, "只有本企业的成员可以打开"},
		"who has left":     {wecom.Identity{UserID: "sunqi"}, 403, "您的账号已停用"},
		"WeCom's own code": {wecom.Identity{}, 403, "只有本企业的成员可以打开"},
	} {
		b := w.browser()
		state := stateOf(t, b.get("/form/"))
		w.platform.codes["c"] = c.who
		got := b.get("/form/signin?code=c&state=" + state)
		require.Equal(t, c.status, got.StatusCode, name)
		require.Contains(t, got.text, c.words, name)
		require.Equal(t, http.StatusSeeOther, b.get("/form/").StatusCode, "%s is not signed in", name)
	}
}

func TestSignInSaysWhenWeComIsAway(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser()
	state := stateOf(t, b.get("/form/"))
	w.platform.err = http.ErrHandlerTimeout
	got := b.get("/form/signin?code=very-secret-code&state=" + state)
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Contains(t, got.text, "企业微信暂时没有回应")
	require.NotEmpty(t, got.Header.Get("Retry-After"))
	require.NotContains(t, w.log.String(), "very-secret-code")
	require.NotContains(t, w.log.String(), state)
}

// What is asked for before signing in is remembered only if it is a page of ours.
func TestSignInNeverLeadsElsewhere(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	for asked, want := range map[string]string{
		"/form/echo/a":                        "/form/echo/a",
		"/form/echo/..%2f..%2fcallback":       "",
		"/form//evil.example/x":               "",
		"/form/echo/%5c%5cevil.example":       "/form/",
		"/form/echo/a?next=//evil.example":    "/form/echo/a?next=%2F%2Fevil.example",
		"/form/echo/x%0d%0aSet-Cookie:%20a=b": "/form/",
		"/form/echo/" + strings.Repeat("a", 150) + "?q=" + strings.Repeat("b", 2000): "/form/",
	} {
		b := w.browser()
		first := b.get(asked)
		if want == "" {
			require.Equal(t, http.StatusNotFound, first.StatusCode, asked)
			continue
		}
		back := b.comesBack(asked, "zhaoliu")
		require.Equal(t, http.StatusSeeOther, back.StatusCode, asked)
		require.Equal(t, want, back.Header.Get("Location"), asked)
	}
}

// The Host header says where to come back to only when nothing but this machine
// can be meant.
func TestSignInTrustsTheHostOnLoopbackAlone(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, func(o *console.Options) { o.PublicURL = "" })
	b := w.browser()
	away := b.get("/form/")
	require.Equal(t, http.StatusSeeOther, away.StatusCode)
	require.Contains(t, away.Header.Get("Location"), url.QueryEscape(w.server.URL+"/form/signin"))

	b.ask["Host"] = "evil.example"
	got := b.get("/form/")
	require.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	require.Contains(t, got.text, "server.public_url")
	require.Empty(t, w.console.URL("assistant", "/form/"), "nothing is linked in chat")
}

func TestSessionEndsByIdleAndAbsoluteTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, nil)
		idle, busy := w.browser().signIn("zhaoliu"), w.browser().signIn("zhaoliu")
		for range 6 {
			clock.Advance(119 * time.Minute)
			require.Equal(t, http.StatusOK, busy.get("/form/").StatusCode)
		}
		require.Equal(t, http.StatusSeeOther, idle.get("/form/").StatusCode, "two hours without a sign")
		clock.Advance(10 * time.Minute)
		require.Equal(t, http.StatusSeeOther, busy.get("/form/").StatusCode, "twelve hours in all")

		token := busy.signIn("zhaoliu").token("/form/")
		clock.Advance(3 * time.Hour)
		late := busy.post("/form/echo/a", url.Values{"_token": {token}, "text": {"x"}})
		require.Equal(t, http.StatusUnauthorized, late.StatusCode)
		require.Contains(t, late.text, "登录已过期")
		require.Empty(t, w.posted)

		n := 0
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) (err error) {
			n, err = tx.PurgeWeb(clock.Now().Add(24*time.Hour), clock.Now().Add(24*time.Hour))
			return err
		}))
		require.Positive(t, n)
	})
}

func TestSessionEndsWhenTheMemberLeavesOrIsSuspended(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, nil)
		leaver, loser := w.browser().signIn("zhaoliu"), w.browser().signIn("sunqi")
		token := leaver.token("/form/")
		leave(t, w, "zhaoliu")
		change(t, w, "sunqi", func(m *store.Member) { now := clock.Now(); m.SuspendedAt = &now })
		require.Contains(t, leaver.get("/form/").text, "您的账号已停用")
		require.Contains(t, loser.get("/form/").text, "您的账号已挂失")
		got := leaver.post("/form/echo/a", url.Values{"_token": {token}, "text": {"x"}})
		require.Equal(t, http.StatusForbidden, got.StatusCode)
		require.Empty(t, w.posted)
	})
}

func TestSigningOutEndsTheSessionAtTheServer(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	b := w.browser().signIn("zhaoliu")
	kept := b.client.Jar.Cookies(mustURL(t, w.server.URL+"/form/"))
	require.Equal(t, http.StatusMethodNotAllowed, b.get("/form/signout").StatusCode, "a link does not sign out")
	got := b.post("/form/signout", url.Values{"_token": {b.token("/form/")}})
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Contains(t, got.text, "已退出")

	thief := w.browser()
	thief.client.Jar.SetCookies(mustURL(t, w.server.URL+"/form/"), kept)
	require.Equal(t, http.StatusSeeOther, thief.get("/form/").StatusCode)
}

func TestAMemberHasABoundedNumberOfSessions(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, nil)
	first := w.browser().signIn("zhaoliu")
	for range 8 {
		clock.Advance(time.Second)
		w.browser().signIn("zhaoliu")
	}
	require.Equal(t, http.StatusSeeOther, first.get("/form/").StatusCode)
}

// In a sandbox several members use one browser: a link says who holds the phone.
func TestSandboxLinksNameTheHolder(t *testing.T) {
	db, clock := storetest.Open(t)
	w := newWorld(t, db, clock, func(o *console.Options) { o.Sandbox = true })
	b := w.browser().signIn("zhaoliu")
	require.Equal(t, http.StatusOK, b.get("/form/?sandbox_user=zhaoliu").StatusCode)
	away := b.get("/form/echo/a?sandbox_user=sunqi")
	require.Equal(t, http.StatusSeeOther, away.StatusCode)
	require.Contains(t, away.Header.Get("Location"), "sandbox_user=sunqi&")
	back := b.comesBack("/form/echo/a?sandbox_user=sunqi", "sunqi")
	require.Equal(t, "/form/echo/a", back.Header.Get("Location"), "and the page is asked for without it")

	w = newWorld(t, storetestDB(t, clock), clock, nil)
	b = w.browser().signIn("zhaoliu")
	require.Equal(t, http.StatusOK, b.get("/form/?sandbox_user=sunqi").StatusCode, "WeCom's own platform has no such links")
}

func storetestDB(t *testing.T, clock *storetest.Clock) *store.DB {
	t.Helper()
	return storetest.OpenConfig(t, storetest.SQLite(t), clock)
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u
}

func leave(t *testing.T, w *world, userid string) {
	t.Helper()
	change(t, w, userid, func(m *store.Member) { m.Status = store.MemberLeft })
}

func change(t *testing.T, w *world, userid string, how func(m *store.Member)) {
	t.Helper()
	require.NoError(t, w.db.InTx(t.Context(), func(tx *store.Tx) error {
		m, err := tx.MemberByUserID(userid)
		if err != nil {
			return err
		}
		how(&m)
		return tx.SaveMember(&m)
	}))
}
