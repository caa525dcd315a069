package console

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"guiju/store"
	"guiju/wecom"
)

// Signing in (api.md 6.1, 6.2). A member without a session is sent to WeCom and
// comes back with a code that names him. The state that goes with him is a
// signature of what his browser keeps in a cookie for ten minutes: which page
// he wanted, through which app, when, and a random number. So a state is worth
// nothing in another browser, none can be made up, and nothing is stored for
// people who only knock. It works once: that is on record with the session.

const (
	signinPath  = Root + "signin"
	signoutPath = Root + "signout"
	signinTime  = 10 * time.Minute
	maxCode     = 512 // bytes
	maxWanted   = 1000
)

// wanted is what the browser keeps while its member is at WeCom.
type wanted struct {
	Nonce string `json:"n"`
	At    int64  `json:"t"` // Unix seconds
	App   string `json:"a"`
	To    string `json:"to"`
}

// askWho sends a browser to WeCom. What is wanted after that is the page it asked
// for; an act is not repeated.
func (c *Console) askWho(w http.ResponseWriter, r *http.Request) {
	app, known := c.app(r.URL.Query().Get("app"))
	if !known {
		c.problem(w, r, nil, unknownPage())
		return
	}
	origin := c.originFor(r)
	if origin == "" {
		c.problem(w, r, nil, noPublicURL())
		return
	}
	to := Root
	if r.Method == http.MethodGet {
		to = ownPage(withoutHolder(r.URL))
	}
	raw, err := json.Marshal(wanted{Nonce: fresh(), At: c.o.Store.Now().Unix(), App: app.Name, To: to})
	if err != nil {
		c.failed(w, r, nil, err)
		return
	}
	kept := base64.RawURLEncoding.EncodeToString(raw)
	address, err := app.Platform.AuthorizeURL(origin+c.prefix+signinPath, c.state(kept), wecom.ScopeBase)
	if err != nil {
		c.failed(w, r, nil, err)
		return
	}
	http.SetCookie(w, c.cookie(signinCookie, kept, signinTime))
	redirect(w, r, c.withHolder(address, r))
}

// state is the signature of what the browser keeps: 64 letters and digits, of
// the 128 that WeCom takes.
func (c *Console) state(kept string) string { return sign(c.o.Key, "state", kept) }

// originFor is the scheme and host under which members reach the program. The
// request's own word for it counts only where nobody else can be meant.
func (c *Console) originFor(r *http.Request) string {
	if c.origin != "" {
		return c.origin
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	if host == "localhost" || ip != nil && ip.IsLoopback() {
		return "http://" + r.Host
	}
	return ""
}

// ownPage answers the address if it is one of ours under /form/, in its plain
// form, and the first page if not: nobody is led elsewhere after signing in.
func ownPage(u *url.URL) string {
	clean := path.Clean("/" + u.Path)
	page := (&url.URL{Path: clean, RawQuery: u.Query().Encode()}).String()
	inside := strings.HasPrefix(clean, Root) && clean != signinPath && clean != signoutPath
	if !inside || u.Host != "" || u.Scheme != "" || len(page) > maxWanted || strings.ContainsAny(clean, "\\\r\n") {
		return Root
	}
	return page
}

// signIn is where WeCom sends the browser back to.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	want, ok := c.wantedBy(r, q.Get("state"))
	http.SetCookie(w, c.cookie(signinCookie, "", 0))
	code := q.Get("code")
	if !ok || code == "" || len(code) > maxCode {
		c.problem(w, r, nil, signinLost())
		return
	}
	if !c.rates.signin.AllowN(c.o.Machine(), 1) {
		c.problem(w, r, nil, tooMany())
		return
	}
	s, err := c.admit(r.Context(), want, code, hashOf("state", q.Get("state")))
	var told problem
	switch {
	case errors.As(err, &told):
		c.problem(w, r, nil, told)
	case err != nil:
		c.failed(w, r, nil, err)
	default:
		http.SetCookie(w, c.cookie(sessionCookie, s.secret, absoluteTime))
		redirect(w, r, c.prefix+want.To)
	}
}

// wantedBy reads what the browser keeps, if the state is its signature and it is
// not older than it may be.
func (c *Console) wantedBy(r *http.Request, state string) (wanted, bool) {
	var want wanted
	cookie, err := r.Cookie(signinCookie)
	if err != nil || !hmac.Equal([]byte(state), []byte(c.state(cookie.Value))) {
		return want, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(raw, &want) != nil {
		return want, false
	}
	age := c.o.Store.Now().Sub(time.Unix(want.At, 0))
	return want, age >= -time.Minute && age <= signinTime
}

// admit exchanges a code at WeCom, outside any transaction, and opens a session.
func (c *Console) admit(ctx context.Context, want wanted, code, state string) (*session, error) {
	app, known := c.app(want.App)
	if !known {
		return nil, signinLost()
	}
	if _, used, err := c.o.Store.Reader(ctx).WebTokenUsed(state); err != nil || used {
		return nil, errors.Join(err, usedUp(used))
	}
	who, err := app.Platform.Identity(ctx, code)
	switch {
	case err != nil:
		c.o.Log.Warn("a member could not sign in to the pages", "app", app.Name, "class", wecom.ClassOf(err).String())
		return nil, notExchanged(err)
	case who.UserID == "":
		return nil, stranger()
	}
	s := &session{secret: fresh()}
	err = c.o.Store.InTx(ctx, func(tx *store.Tx) error { return c.open(tx, s.secret, app.Name, who.UserID, state) })
	return s, err
}

// usedUp is the problem of a state that was used before; nil when it was not.
func usedUp(used bool) error {
	if used {
		return signinLost()
	}
	return nil
}

// open stores the session of the member called userid.
func (c *Console) open(tx *store.Tx, secret, app, userid, state string) error {
	if _, used, err := tx.WebTokenUsed(state); err != nil || used {
		return errors.Join(err, usedUp(used))
	}
	member, _, err := c.o.Members.Identify(tx, userid)
	if err != nil {
		return err
	}
	if told := c.standing(&tx.Reader, member); told != nil {
		return told
	}
	if err := tx.UseWebToken(state, ""); err != nil {
		return err
	}
	row := store.WebSession{Hash: hashOf("session", secret), MemberID: member.ID, App: app, ExpiresAt: tx.Now().Add(absoluteTime)}
	if err := tx.AddWebSession(row); err != nil {
		return err
	}
	return tx.Audit(store.AuditEntry{
		Actor: member.ID, Action: "page.signed_in", Source: store.SourceAPI,
		Subject: store.Subject{Kind: "member", ID: member.ID}, Detail: map[string]any{"app": app},
	})
}

// standing says why a member may not use the pages at all; nil when he may.
func (c *Console) standing(r *store.Reader, m store.Member) error {
	if !m.Present() {
		return absent()
	}
	actor, err := c.o.Members.Actor(r, m)
	switch {
	case err != nil:
		return err
	case actor.Suspended:
		return suspended()
	case !actor.Active:
		return absent()
	}
	return nil
}

// signOut ends the session: 退出.
func (c *Console) signOut(ctx context.Context, w http.ResponseWriter, r *http.Request, s *session) {
	if err := c.o.Store.InTx(ctx, func(tx *store.Tx) error { return tx.EndWebSession(s.Hash) }); err != nil {
		c.failed(w, r, s, err)
		return
	}
	http.SetCookie(w, c.cookie(sessionCookie, "", 0))
	c.problem(w, r, nil, signedOut())
}

// holder is the query parameter by which a sandbox says who holds the phone.
const holder = "sandbox_user"

// otherHolder says whether a link names another member than the one signed in;
// WeCom's own platform has no such links.
func (c *Console) otherHolder(r *http.Request, s *session) bool {
	name := r.URL.Query().Get(holder)
	return c.o.Sandbox && name != "" && (s == nil || !strings.EqualFold(name, s.member.UserID))
}

// withHolder hands the name on to the sandbox.
func (c *Console) withHolder(address string, r *http.Request) string {
	name := r.URL.Query().Get(holder)
	if !c.o.Sandbox || name == "" {
		return address
	}
	return strings.Replace(address, "?", "?"+holder+"="+url.QueryEscape(name)+"&", 1)
}

func withoutHolder(u *url.URL) *url.URL {
	q := u.Query()
	if !q.Has(holder) {
		return u
	}
	q.Del(holder)
	plain := *u
	plain.RawQuery = q.Encode()
	return &plain
}
