package sandbox

import (
	"html/template"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// login is an OAuth code or a user ticket.
type login struct {
	Kind    string    `json:"kind"` // code | ticket
	App     string    `json:"app"`
	User    string    `json:"user"`
	Private bool      `json:"private,omitempty"` // scope snsapi_privateinfo
	Trusted bool      `json:"trusted"`           // the redirect went to the app's trusted domain
	Expires time.Time `json:"expires"`
	Used    bool      `json:"used,omitempty"`
}

const (
	codeMinutes   = 5 * time.Minute
	ticketMinutes = 30 * time.Minute
	loginsKept    = 10000
)

var stateForm = regexp.MustCompile(`^[a-zA-Z0-9]{0,128}$`)

// authorize is /connect/oauth2/authorize (and the desktop login): a page that lets
// one pick the member who is "holding the phone", or, with sandbox_user, none.
func (p *Platform) authorize(c *gin.Context) {
	q := c.Request.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	problem := ""
	desktop := strings.HasPrefix(c.Request.URL.Path, "/wwlogin/")
	switch {
	case q.Get("appid") != p.opts.CorpID:
		problem = "appid 不是本企业的 CorpID"
	case err != nil || back.Host == "" || back.Scheme != "http" && back.Scheme != "https":
		problem = "redirect_uri 缺失或无效"
	case !desktop && q.Get("response_type") != "code":
		problem = "response_type 应为 code"
	case !desktop && q.Get("scope") != "snsapi_base" && q.Get("scope") != "snsapi_privateinfo":
		problem = "scope 应为 snsapi_base 或 snsapi_privateinfo"
	case desktop && q.Get("login_type") != "CorpApp":
		problem = "login_type 应为 CorpApp"
	case !stateForm.MatchString(q.Get("state")):
		problem = "state 只能是字母和数字，最多 128 字节（84025）"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.appByAgent(q.Get("agentid"))
	if problem == "" && a == nil && (q.Get("agentid") != "" || desktop || q.Get("scope") == "snsapi_privateinfo") {
		problem = "agentid 不是本企业的应用"
	}
	if problem == "" && a != nil && !a.App.trusts(back.Host) {
		problem = "redirect_uri 的域名不是该应用的可信域名（50001）"
	}
	if problem != "" {
		c.String(http.StatusBadRequest, "%s", problem)
		return
	}
	user := q.Get("sandbox_user")
	if user == "" {
		p.pickMember(c)
		return
	}
	m := p.st.Company.member(user)
	if m == nil || m.Status != statusActive {
		c.String(http.StatusBadRequest, "没有这个成员，或成员未激活")
		return
	}
	l := &login{Kind: "code", User: m.UserID, Trusted: true, Expires: p.Now().Add(codeMinutes),
		Private: !desktop && q.Get("scope") == "snsapi_privateinfo"}
	if a != nil {
		l.App = a.App.Name
	} else {
		// Without agentid the code belongs to no app yet; the token decides.
		l.Trusted = p.anyTrusts(back.Host)
	}
	code := p.newLogin(l)
	args := back.Query()
	args.Set("code", code)
	if q.Has("state") {
		args.Set("state", q.Get("state"))
	}
	back.RawQuery, back.Fragment = args.Encode(), ""
	c.Redirect(http.StatusFound, back.String())
}

// open is GET /sandbox/open?user=U&url=URL: a link in the chat of a member's phone. A page that may ask this
// platform who holds the phone is told by the parameter sandbox_user, because here several members use one
// browser; an app that wants it puts it into its address of authorize, which then asks nobody. Other pages
// are opened as they are.
func (p *Platform) open(c *gin.Context) {
	to, err := url.Parse(c.Query("url"))
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		refuse(c, http.StatusBadRequest, "url", "must be an http(s) address")
		return
	}
	p.mu.Lock()
	m := p.st.Company.member(c.Query("user"))
	trusted := p.anyTrusts(to.Host)
	p.mu.Unlock()
	if m == nil || m.Status != statusActive {
		refuse(c, http.StatusBadRequest, "user", "no such member, or not active")
		return
	}
	if trusted {
		q := to.Query()
		q.Set("sandbox_user", m.UserID)
		to.RawQuery = q.Encode()
	}
	c.Header("Referrer-Policy", "no-referrer")
	c.Redirect(http.StatusFound, to.String())
}

func (p *Platform) appByAgent(agentID string) *appState {
	id, err := strconv.ParseInt(agentID, 10, 64)
	if err != nil {
		return nil
	}
	for _, a := range p.st.Apps {
		if a.App.AgentID == id {
			return a
		}
	}
	return nil
}

func (p *Platform) anyTrusts(host string) bool {
	for _, a := range p.st.Apps {
		if a.App.trusts(host) {
			return true
		}
	}
	return false
}

// trusts compares host and port with the app's trusted domain (可信域名) exactly.
func (a App) trusts(host string) bool {
	if a.TrustedDomain != "" {
		return strings.EqualFold(a.TrustedDomain, host)
	}
	if u, err := url.Parse(a.CallbackURL); err == nil && strings.EqualFold(u.Host, host) {
		return true
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// newLogin stores a code or ticket under a fresh name. The caller holds mu.
func (p *Platform) newLogin(l *login) string {
	now := p.Now()
	if len(p.st.Logins) >= loginsKept {
		for key, old := range p.st.Logins {
			if now.Sub(old.Expires) > time.Hour {
				delete(p.st.Logins, key)
			}
		}
		if len(p.st.Logins) >= loginsKept {
			p.st.Logins = map[string]*login{}
		}
	}
	key := letters(43)
	p.st.Logins[key] = l
	p.touch()
	return key
}

var pickPage = template.Must(template.New("pick").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>选择成员</title><style>
body{font:16px/1.6 system-ui,sans-serif;margin:0 auto;max-width:480px;padding:16px;color:#222}
button{display:flex;justify-content:space-between;width:100%;padding:10px 12px;margin:4px 0;border:1px solid #d8dce2;border-radius:8px;background:#fff;font:inherit;cursor:pointer}
button:hover{border-color:#2f6fed}small{color:#777}</style></head><body>
<h1 style="font-size:20px">以谁的身份登录？</h1><p><small>真实的企业微信会直接使用手机上登录的成员。</small></p>
<form method="get" action="{{.Path}}">{{range .Hidden}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">{{end}}
{{range .Members}}<button name="sandbox_user" value="{{.UserID}}"><span>{{.Name}}</span><small>{{.Position}}</small></button>{{end}}
</form></body></html>`))

func (p *Platform) pickMember(c *gin.Context) {
	type pair struct{ Name, Value string }
	data := struct {
		Path    string
		Hidden  []pair
		Members []*Member
	}{Path: c.Request.URL.Path}
	for name, values := range c.Request.URL.Query() {
		data.Hidden = append(data.Hidden, pair{name, values[0]})
	}
	for _, m := range p.st.Company.members() {
		if m.Status == statusActive {
			data.Members = append(data.Members, m)
		}
	}
	c.Header("Content-Type", "text/html; charset=utf-8")
	c.Status(http.StatusOK)
	if err := pickPage.Execute(c.Writer, data); err != nil {
		p.log.Warn("login page not written", "error", err)
	}
}

// getUserInfo is GET auth/getuserinfo (api.md 6.2).
func getUserInfo(k *call) (gin.H, *apiError) {
	code := k.query.Get("code")
	if code == "" {
		return nil, fail(41008, "")
	}
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.st.Logins[code]
	switch {
	case l == nil || l.Kind != "code" || l.Used || l.App != "" && l.App != k.app.App.Name:
		return nil, fail(40029, "")
	case !k.now.Before(l.Expires):
		return nil, fail(42003, "")
	case !l.Trusted:
		return nil, fail(50001, "")
	}
	l.Used = true
	p.touch()
	out := gin.H{"userid": l.User}
	if l.Private {
		out["user_ticket"] = p.newLogin(&login{Kind: "ticket", App: k.app.App.Name, User: l.User, Expires: k.now.Add(ticketMinutes)})
	}
	return out, nil
}

// getUserDetail is POST auth/getuserdetail: the member has consented to everything.
func getUserDetail(k *call) (gin.H, *apiError) {
	var in struct {
		Ticket string `json:"user_ticket"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if in.Ticket == "" {
		return nil, fail(84090, "user_ticket missing")
	}
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.st.Logins[in.Ticket]
	if l == nil || l.Kind != "ticket" || l.App != k.app.App.Name {
		return nil, fail(84015, "")
	}
	if !k.now.Before(l.Expires) {
		return nil, fail(84014, "")
	}
	m := p.st.Company.member(l.User)
	if !p.st.Company.visible(k.app.App).sees(m) {
		return nil, fail(60021, "")
	}
	return gin.H{"userid": m.UserID, "gender": strconv.Itoa(m.Gender), "avatar": m.Avatar, "qr_code": "", "mobile": m.Mobile,
		"email": m.Email, "biz_mail": m.BizMail, "address": m.Address}, nil
}
