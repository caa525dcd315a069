package console

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guiju/app/chat"
	"guiju/store"
)

const (
	pageTime   = 10 * time.Second // to answer, uploads left out
	uploadTime = 2 * time.Minute  // to receive files
	maxSegment = 200              // bytes of one part of a path
)

// serve answers everything under /form/.
func (c *Console) serve(w http.ResponseWriter, r *http.Request) {
	strict(w.Header())
	defer func() {
		if what := recover(); what != nil {
			// What was thrown may quote a body: only where it happened is logged.
			c.o.Log.Error("a page panicked", "page", c.patternOf(r), "stack", string(stackOnly(debug.Stack())))
			c.problem(w, r, nil, broken())
		}
	}()
	if name, ok := strings.CutPrefix(r.URL.Path, Root+"assets/"); ok {
		c.assets.serve(w, r, name, func() { c.problem(w, r, nil, unknownPage()) })
		return
	}
	limit := pageTime
	if r.Method == http.MethodPost {
		limit += uploadTime
	}
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	c.route(w, r.WithContext(ctx))
}

// strict are the headers of every answer. The referrer stays within our pages:
// with none at all browsers would hide the origin of a form, too.
func strict(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "+
		"connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
}

// route finds the page and who asks.
func (c *Console) route(w http.ResponseWriter, r *http.Request) {
	page, params := c.find(r.URL.Path)
	switch {
	case r.URL.Path == signinPath && r.Method == http.MethodGet:
		c.signIn(w, r)
		return
	case page == nil && r.URL.Path != signoutPath:
		c.problem(w, r, nil, unknownPage())
		return
	}
	s, err := c.signedIn(r.Context(), r)
	switch {
	case err != nil:
		c.failed(w, r, nil, err)
		return
	case s == nil || c.otherHolder(r, s):
		c.unknown(w, r)
		return
	case !c.rates.allow(s.Hash, c.o.Machine()):
		c.problem(w, r, s, tooMany())
		return
	}
	if err := c.standing(c.o.Store.Reader(r.Context()), s.member); err != nil {
		c.failed(w, r, nil, err)
		return
	}
	switch {
	case page == nil:
		c.post(w, r, s, nil, nil)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		c.get(w, r, s, page, params)
	case r.Method == http.MethodPost && page.Post != nil:
		c.post(w, r, s, page, params)
	default:
		c.problem(w, r, s, wrongMethod())
	}
}

// unknown is for whoever is not signed in: he is asked who he is, but nothing
// that he sent is acted on afterwards.
func (c *Console) unknown(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
		c.problem(w, r, nil, sessionOver())
	case r.Header.Get("HX-Request") != "":
		w.Header().Set("HX-Refresh", "true") // the page loads itself anew, and so signs in
	default:
		c.askWho(w, r)
	}
}

// find answers the page registered for a path, and its parameters.
func (c *Console) find(asked string) (*Page, map[string]string) {
	if path.Clean(asked)+"/" == Root {
		asked = Root
	}
	parts := strings.Split(asked, "/")
	for i := range c.pages {
		if params, ok := match(strings.Split(c.pages[i].Path, "/"), parts); ok {
			return &c.pages[i], params
		}
	}
	return nil, nil
}

func match(pattern, parts []string) (map[string]string, bool) {
	if len(pattern) != len(parts) {
		return nil, false
	}
	params := map[string]string{}
	for i, p := range pattern {
		name, isParam := strings.CutPrefix(p, ":")
		switch {
		case isParam && parts[i] != "" && len(parts[i]) <= maxSegment && utf8.ValidString(parts[i]):
			params[name] = parts[i]
		case isParam || p != parts[i]:
			return nil, false
		}
	}
	return params, true
}

// patternOf names the page of a request for logs, without what is in its path.
func (c *Console) patternOf(r *http.Request) string {
	if page, _ := c.find(r.URL.Path); page != nil {
		return page.Path
	}
	return Root
}

// get shows a page.
func (c *Console) get(w http.ResponseWriter, r *http.Request, s *session, page *Page, params map[string]string) {
	v := c.visit(r, s, params)
	v.Reader = c.o.Store.Reader(r.Context())
	v.At = v.Reader.Now()
	view, err := c.permitted(v, page, page.Get)
	if err != nil {
		c.refuse(w, r, s, v, err)
		return
	}
	if note := noteOf(s, r); note != "" && !v.Partial {
		http.SetCookie(w, c.cookie(noteCookie, "", 0))
		c.show(w, r, s, page, view, func(f *Frame) { f.Note = note })
		return
	}
	c.show(w, r, s, page, view, nil)
}

func (c *Console) visit(r *http.Request, s *session, params map[string]string) *Visit {
	return &Visit{
		Member: s.member, App: s.App, Path: r.URL.Path, Query: r.URL.Query(), Form: url.Values{}, params: params, console: c,
		Partial: r.Header.Get("HX-Request") != "" && r.Header.Get("HX-Boosted") == "",
	}
}

// permitted runs do if the member may see the page.
func (c *Console) permitted(v *Visit, page *Page, do func(*Visit) (View, error)) (View, error) {
	allowed, err := v.Can(page.Permission)
	if err != nil {
		return View{}, err
	}
	if !allowed {
		return View{}, chat.NoPermission{Permission: page.Permission, Object: page.Path}
	}
	return do(v)
}

// refuse shows why there is nothing to see; a refusal of permission is recorded.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, s *session, v *Visit, err error) {
	var denied chat.NoPermission
	if errors.As(err, &denied) {
		recorded := c.o.Store.InTx(r.Context(), func(tx *store.Tx) error {
			act := *v
			act.Tx, act.Reader = tx, &tx.Reader
			return c.o.Permits.Denied(act.Call("页面 "+c.patternOf(r)), denied.Permission, denied.Object)
		})
		if recorded != nil {
			c.o.Log.Warn("a refusal is not recorded", "err", recorded)
		}
	}
	c.failed(w, r, s, err)
}

// show renders a view.
func (c *Console) show(w http.ResponseWriter, r *http.Request, s *session, page *Page, view View, change func(*Frame)) {
	if view.File != nil {
		c.sendFile(w, r, s, *view.File)
		return
	}
	f := c.frame(r, s, page.Title)
	if view.Title != "" {
		f.Title = view.Title
	}
	f.Data = view.Data
	if change != nil {
		change(&f)
	}
	part := ""
	if r.Header.Get("HX-Request") != "" {
		part = view.Part
	}
	status := view.Status
	if status == 0 {
		status = http.StatusOK
	}
	c.write(w, r, status, page.Templates, view.Template, part, f)
}

func (c *Console) frame(r *http.Request, s *session, title string) Frame {
	f := Frame{Title: title, Base: c.prefix + "/", Path: r.URL.Path, assets: c.assets}
	if s != nil {
		f.Member, f.Token = s.member, s.token()
	}
	return f
}

// write renders into memory first: half a page is none.
func (c *Console) write(w http.ResponseWriter, r *http.Request, status int, t *Templates, name, part string, f Frame) {
	var out bytes.Buffer
	render := func() error { return t.page(&out, name, f) }
	if part != "" {
		render = func() error { return t.part(&out, part, f) }
	}
	if err := render(); err != nil {
		c.o.Log.Error("a page is not rendered", "page", c.patternOf(r), "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(out.Bytes()) // the reader may be gone
	}
}

// redirect leads a browser on; the address is never shown or logged.
func redirect(w http.ResponseWriter, r *http.Request, to string) {
	if r.Header.Get("HX-Request") != "" {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// stackOnly is a stack without its first line, and bounded.
func stackOnly(stack []byte) []byte {
	const most = 4 << 10
	return stack[:min(len(stack), most)]
}

// sendFile sends what was uploaded or sent in chat. Only pictures are shown in
// place; everything else is offered to be kept.
func (c *Console) sendFile(w http.ResponseWriter, r *http.Request, s *session, a store.Attachment) {
	if a.Path == "" || !filepath.IsLocal(a.Path) {
		c.problem(w, r, s, unknownPage())
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	kind, inline := pictureType(filepath.Join(c.o.MediaDir, a.Path))
	w.Header().Set("Content-Type", kind)
	if !inline {
		name := a.Name
		if name == "" {
			name = chat.MediaName(a.Kind)
		}
		w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
	}
	http.ServeFile(w, r, filepath.Join(c.o.MediaDir, a.Path))
}
