// Package console serves the web pages of the WeCom webview under /form/: who
// is asking (signin.go, session.go), what a page is (page.go), how one is asked
// for and acted on (serve.go, form.go, upload.go), and what is said when it
// cannot be (problem.go). Domains register pages as they register commands:
//
//	c.Page(console.Page{Path: "/form/tasks", Title: "我的任务", Templates: pages, Permission: …, Get: …, Post: …})
//
// Everything works without JavaScript; htmx only spares loading a whole page.
// A page is rendered with strict headers and never stored by the browser.
package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
	"guiju/wecom"
)

// Root is what the address of every page begins with.
const Root = "/form/"

// Platform proves who is asking. It is implemented by wecom.Client.
type Platform interface {
	AuthorizeURL(redirect, state string, scope wecom.Scope) (string, error)
	Identity(ctx context.Context, code string) (wecom.Identity, error)
}

// App is one self-built app through which members open pages.
type App struct {
	Name     string
	Platform Platform
}

// Members knows who works here and what he may do. It is implemented by people.
type Members interface {
	Identify(tx *store.Tx, userid string) (member store.Member, welcome string, err error)
	Actor(r *store.Reader, m store.Member) (policy.Actor, error)
	Can(r *store.Reader, m store.Member, permission policy.Permission, o policy.Object) (policy.Decision, error)
}

// Options are what the pages need.
type Options struct {
	Store   *store.DB
	Members Members
	Permits chat.Permits // is told of refusals, and of uses if it wants to be
	Apps    []App        // the first is the one of pages whose address names none
	// PublicURL is how members' devices reach the program. Empty: only the
	// machine itself is served, under whatever loopback address it asks for.
	PublicURL string
	MediaDir  string           // where uploads are kept
	Key       []byte           // secret; the same in every replica and after a restart
	Machine   func() time.Time // paces requests
	Log       *slog.Logger
	// Sandbox says that the platform is not WeCom's own. Then a link may name who
	// holds the phone: several members use one browser there.
	Sandbox bool
}

// Console serves the pages. Register all of them first; then it is safe for
// concurrent use.
type Console struct {
	o         Options
	origin    string // of PublicURL; "" without
	prefix    string // path of PublicURL, without a final slash
	pages     []Page
	rates     *rates
	assets    *assets
	templates *Templates // of problems
}

// New checks the options.
func New(o Options) (*Console, error) {
	if o.Store == nil || o.Members == nil || o.Permits == nil || len(o.Apps) == 0 || len(o.Key) < 16 || o.Machine == nil {
		return nil, errors.New("console needs a store, members, permits, an app, a key and a clock")
	}
	c := &Console{o: o, rates: newRates(), assets: newAssets(), templates: own()}
	if c.o.Log == nil {
		c.o.Log = slog.Default()
	}
	if o.PublicURL != "" {
		u, err := url.Parse(o.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("server.public_url %q is no http(s)://host", o.PublicURL)
		}
		c.origin, c.prefix = u.Scheme+"://"+u.Host, strings.TrimSuffix(u.Path, "/")
	}
	return c, nil
}

var pagePath = regexp.MustCompile(`^/form/(:?[a-z][a-z0-9_]*(/:?[a-z][a-z0-9_]*)*)?$`)

// Page registers a page. One that is badly made or taken is a programming
// error and panics.
func (c *Console) Page(p Page) {
	taken := slices.ContainsFunc(c.pages, func(other Page) bool { return other.Path == p.Path })
	if taken || !pagePath.MatchString(p.Path) || strings.HasPrefix(p.Path, Root+"assets") || strings.HasPrefix(p.Path, Root+"sign") ||
		p.Title == "" || p.Templates == nil || p.Get == nil {
		panic(fmt.Sprintf("console: page %q is taken, badly named, or has no title, templates or Get", p.Path))
	}
	if p.Permission == "" {
		p.Permission = chat.Everybody
	}
	c.pages = append(c.pages, p)
	// /form/apply/new is tried before /form/apply/:key.
	slices.SortStableFunc(c.pages, func(a, b Page) int {
		return cmp.Compare(strings.Count(a.Path, ":"), strings.Count(b.Path, ":"))
	})
}

// Pages lists what is registered, by path.
func (c *Console) Pages() []Page {
	all := slices.Clone(c.pages)
	slices.SortFunc(all, func(a, b Page) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

// Mount puts the pages behind a router.
func (c *Console) Mount(r gin.IRouter) {
	handler := gin.WrapH(http.HandlerFunc(c.serve))
	r.Any(strings.TrimSuffix(Root, "/"), handler)
	r.Any(Root+"*page", handler)
}

// URL is the address of a page for a link in chat, opened through app; "" when
// server.public_url is not set, and then nothing should be linked.
func (c *Console) URL(app, path string) string {
	if c.origin == "" {
		return ""
	}
	address := c.origin + c.prefix + path
	if app == "" || app == c.o.Apps[0].Name {
		return address
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return address + separator + "app=" + url.QueryEscape(app)
}

// app finds the app called name; without a name, the first.
func (c *Console) app(name string) (App, bool) {
	if name == "" {
		return c.o.Apps[0], true
	}
	i := slices.IndexFunc(c.o.Apps, func(a App) bool { return a.Name == name })
	if i < 0 {
		return App{}, false
	}
	return c.o.Apps[i], true
}
