package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const controlBody = 1 << 20

// routes puts everything behind one handler.
func (p *Platform) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, what any) {
		if what == http.ErrAbortHandler {
			panic(what)
		}
		p.log.Error("sandbox handler failed", "path", c.Request.URL.Path, "panic", fmt.Sprint(what))
		refuse(c, http.StatusInternalServerError, "", "the sandbox has a fault: see its log")
	}))
	api := p.serveAPI(p.endpoints())
	r.Any("/cgi-bin/*path", api)
	r.GET("/connect/oauth2/authorize", p.authorize)
	r.GET("/wwlogin/sso/login", p.authorize)
	r.GET("/sandbox/open", sameSite, p.open)

	p.clockRoutes(r.Group("/sandbox/clock"))
	g := r.Group("/sandbox/api", sameOrigin)
	g.GET("/apps", p.listApps)
	g.POST("/apps", p.changeApp)
	g.POST("/verify", p.verify)
	g.POST("/tokens", p.changeTokens)
	g.GET("/members", p.listMembers)
	g.GET("/departments", p.listDepartments)
	g.POST("/say", p.say)
	g.POST("/click", p.click)
	g.GET("/menu", p.showMenu)
	g.POST("/menu", p.pressMenu)
	g.POST("/enter", p.enter)
	g.POST("/location", p.location)
	g.POST("/event", p.otherEvent)
	g.GET("/chat", p.showChat)
	g.GET("/chats", p.listChats)
	g.GET("/media/:id", p.showMedia)
	g.POST("/contacts", p.editContacts)
	g.GET("/approvals", p.listApprovals)
	g.POST("/approvals", p.newApproval)
	g.POST("/approvals/:sp_no/decide", p.decideApproval)
	g.GET("/clock", p.showClock)
	g.POST("/clock", p.moveClock)
	g.POST("/settle", p.settle)
	g.GET("/faults", p.listFaults)
	g.POST("/faults", p.addFault)
	g.DELETE("/faults", p.removeFaults)
	g.POST("/redeliver", p.redeliver)
	g.GET("/traffic", p.showTraffic)
	g.GET("/stream", p.streamHints)
	g.GET("/choices", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"choices": Choices()}) })

	r.NoRoute(p.servePage)
	return r
}

// refuse answers with ControlError and ends the request.
func refuse(c *gin.Context, status int, field, text string) {
	c.AbortWithStatusJSON(status, ControlError{Error: text, Field: field})
}

// sameOrigin keeps other sites' pages in the same browser from driving the sandbox.
func sameOrigin(c *gin.Context) {
	origin := c.GetHeader("Origin")
	if origin == "" || c.Request.Method == http.MethodGet {
		return
	}
	if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, c.Request.Host) {
		refuse(c, http.StatusForbidden, "", "requests of other sites are refused")
	}
}

// sameSite keeps a link of another site from being opened in a member's name.
func sameSite(c *gin.Context) {
	if site := c.GetHeader("Sec-Fetch-Site"); site == "cross-site" {
		refuse(c, http.StatusForbidden, "", "open links from the sandbox's own page")
	}
}

// readControl decodes a control body into a struct. Keys match fields without
// regard to case and underscores; unknown keys and wrong types are refused by name.
func readControl(c *gin.Context, into any, limit int64) bool {
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	if err != nil {
		refuse(c, http.StatusRequestEntityTooLarge, "", fmt.Sprintf("the body is larger than %d bytes or was not sent whole", limit))
		return false
	}
	keys := map[string]json.RawMessage{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &keys); err != nil {
			refuse(c, http.StatusBadRequest, "", "the body is no JSON object")
			return false
		}
	}
	target := reflect.ValueOf(into).Elem()
	for _, key := range sortedKeys(keys) {
		i := fieldNamed(target.Type(), key)
		if i < 0 {
			refuse(c, http.StatusBadRequest, cutBytes(key, 64), "no such field here")
			return false
		}
		if err := json.Unmarshal(keys[key], target.Field(i).Addr().Interface()); err != nil {
			refuse(c, http.StatusBadRequest, key, wrongType(err, target.Field(i).Type()))
			return false
		}
	}
	return true
}

func fieldNamed(t reflect.Type, key string) int {
	want := plainKey(key)
	for i := range t.NumField() {
		if t.Field(i).IsExported() && plainKey(t.Field(i).Name) == want {
			return i
		}
	}
	return -1
}

func plainKey(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }

func wrongType(err error, t reflect.Type) string {
	if _, ok := err.(*json.UnmarshalTypeError); !ok {
		if text := err.Error(); strings.HasPrefix(text, "must ") {
			return text
		}
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "must be a text"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int64:
		return "must be a whole number"
	case reflect.Float64:
		return "must be a number"
	}
	return "has the wrong form"
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// send delivers callbacks without waiting.
func (p *Platform) send(events []*delivery) {
	for _, d := range events {
		if _, err := p.deliver(d); err != nil {
			p.log.Warn("sandbox callback not delivered", "receiver", d.receiver, "kind", d.kind, "error", err)
		}
	}
}

// sendAndWait delivers callbacks side by side and waits for each first answer.
func (p *Platform) sendAndWait(ctx context.Context, events []*delivery) ([]PressResult, error) {
	var waits []<-chan PressResult
	for _, d := range events {
		first, err := p.deliver(d)
		if err != nil {
			return nil, err
		}
		waits = append(waits, first)
	}
	out := []PressResult{}
	for _, w := range waits {
		select {
		case r := <-w:
			out = append(out, r)
		case <-ctx.Done():
			return out, ctx.Err()
		}
	}
	return out, nil
}

func (p *Platform) listApps(c *gin.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []AppInfo{}
	for _, o := range p.opts.Apps {
		a := p.st.Apps[o.Name]
		out = append(out, AppInfo{Name: a.App.Name, AgentID: a.App.AgentID, CallbackURL: a.App.CallbackURL, Disabled: a.App.Disabled, HasMenu: a.Menu != nil})
	}
	c.JSON(http.StatusOK, gin.H{"apps": out, "corp_id": p.opts.CorpID, "contacts": p.opts.Contacts.CallbackURL != ""})
}

// changeApp is what the console does to an app: new secret, key, URL, range.
func (p *Platform) changeApp(c *gin.Context) {
	var in struct {
		App                                        string
		Secret, Token, EncodingAESKey, CallbackURL *string
		TrustedDomain                              *string
		Disabled, NoApprovals, NoEnterEvents       *bool
		VisibleUsers                               *[]string
		VisibleParties, VisibleTags                *[]int
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	p.mu.Lock()
	var events []*delivery
	no := func() *refusal {
		isContacts := in.App == contactsReceiver
		a := p.st.Apps[in.App]
		if a == nil && !isContacts {
			return deny("app", "no app %q", cutBytes(in.App, 64))
		}
		changed := App{Secret: p.opts.Contacts.Secret, Token: p.opts.Contacts.Token, EncodingAESKey: p.opts.Contacts.EncodingAESKey, CallbackURL: p.opts.Contacts.CallbackURL}
		if a != nil {
			changed = a.App
		}
		set(&changed.Token, in.Token)
		set(&changed.EncodingAESKey, in.EncodingAESKey)
		set(&changed.CallbackURL, in.CallbackURL)
		set(&changed.TrustedDomain, in.TrustedDomain)
		set(&changed.Disabled, in.Disabled)
		set(&changed.NoApprovals, in.NoApprovals)
		set(&changed.NoEnterEvents, in.NoEnterEvents)
		set(&changed.VisibleUsers, in.VisibleUsers)
		set(&changed.VisibleParties, in.VisibleParties)
		set(&changed.VisibleTags, in.VisibleTags)
		if err := checkReceiver(changed.Token, changed.EncodingAESKey, changed.CallbackURL); err != nil {
			return deny("token", "%s", err.Error())
		}
		if in.Secret != nil {
			if owner := p.ownerOf(*in.Secret); *in.Secret == "" || owner != "" && owner != in.App {
				return deny("secret", "must be set and unique")
			}
			changed.Secret = *in.Secret
			for value, t := range p.st.Tokens { // a reset secret ends its tokens
				if t.App == in.App {
					delete(p.st.Tokens, value)
				}
			}
		}
		if isContacts {
			p.opts.Contacts = Contacts{changed.Secret, changed.Token, changed.EncodingAESKey, changed.CallbackURL}
			return nil
		}
		before := p.subscribers()
		a.App = changed
		events = p.subscriptions(before)
		p.touch()
		return nil
	}()
	p.mu.Unlock()
	if no != nil {
		refuse(c, no.status, no.field, no.error)
		return
	}
	results, err := p.sendAndWait(c.Request.Context(), events)
	if err != nil {
		refuse(c, http.StatusTooManyRequests, "", err.Error())
		return
	}
	c.JSON(http.StatusOK, gin.H{"deliveries": results})
}

func set[T any](into *T, from *T) {
	if from != nil {
		*into = *from
	}
}

func (p *Platform) verify(c *gin.Context) {
	var in struct{ App string }
	if !readControl(c, &in, controlBody) {
		return
	}
	if in.App != contactsReceiver && !p.opts.has(in.App) {
		refuse(c, http.StatusBadRequest, "app", fmt.Sprintf("no app %q", cutBytes(in.App, 64)))
		return
	}
	c.JSON(http.StatusOK, p.verifyCallback(c.Request.Context(), in.App))
}

func (p *Platform) changeTokens(c *gin.Context) {
	var in struct{ App, Action string }
	if !readControl(c, &in, controlBody) {
		return
	}
	if in.App != contactsReceiver && !p.opts.has(in.App) {
		refuse(c, http.StatusBadRequest, "app", fmt.Sprintf("no app %q", cutBytes(in.App, 64)))
		return
	}
	if in.Action != "revoke" && in.Action != "expire" {
		refuse(c, http.StatusBadRequest, "action", "must be revoke or expire")
		return
	}
	c.JSON(http.StatusOK, gin.H{"tokens": p.forgetTokens(in.App, in.Action == "expire", p.Now())})
}

func (p *Platform) listMembers(c *gin.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []MemberInfo{}
	for _, m := range p.st.Company.members() {
		out = append(out, MemberInfo{UserID: m.UserID, Name: m.Name, Department: slices.Clone(m.Departments), IsLeaderInDept: slices.Clone(m.IsLeader),
			MainDepartment: m.MainDepartment, Position: m.Position, DirectLeader: notNil(slices.Clone(m.DirectLeader)),
			IsLeader: slices.Contains(m.IsLeader, 1), Status: m.Status})
	}
	c.JSON(http.StatusOK, gin.H{"members": out})
}

func (p *Platform) listDepartments(c *gin.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []DepartmentInfo{}
	for _, id := range p.st.Company.departmentIDs() {
		d := p.st.Company.Departments[id]
		out = append(out, DepartmentInfo{ID: id, Name: d.Name, ParentID: d.ParentID, Order: d.Order, DepartmentLeader: p.st.Company.leaders(id)})
	}
	c.JSON(http.StatusOK, gin.H{"departments": out})
}

// queryAfter reads ?after=N.
func queryAfter(c *gin.Context) (int64, bool) {
	raw := c.DefaultQuery("after", "0")
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || n < 0 {
		refuse(c, http.StatusBadRequest, "after", "must be a whole number, not negative")
		return 0, false
	}
	return n, true
}

func (p *Platform) showChat(c *gin.Context) {
	after, ok := queryAfter(c)
	if !ok {
		return
	}
	p.mu.Lock()
	user, app, group := c.Query("user"), c.Query("app"), c.Query("chat")
	var no *refusal
	switch {
	case p.st.Company.member(user) == nil && p.st.Chats[chatKey(user, app)] == nil:
		no = deny("user", "no member %q", cutBytes(user, 64))
	case group != "" && p.st.AppChats[group] == nil:
		no = deny("chat", "no chat %q", cutBytes(group, 64))
	case group == "" && p.st.Apps[app] == nil:
		no = deny("app", "no app %q", cutBytes(app, 64))
	}
	key := chatKey(user, app)
	if group != "" {
		key = chatKey(user, groupChat(group))
	}
	var raw []byte
	var err error
	if no == nil {
		list := []*ChatMessage{}
		if talk := p.st.Chats[key]; talk != nil {
			i, _ := slices.BinarySearchFunc(talk.Messages, after+1, func(m *ChatMessage, id int64) int { return cmp.Compare(m.ID, id) })
			list = talk.Messages[i:]
		}
		raw, err = json.Marshal(gin.H{"messages": list}) // under mu: cards change in place
	}
	p.mu.Unlock()
	switch {
	case no != nil:
		refuse(c, no.status, no.field, no.error)
	case err != nil:
		refuse(c, http.StatusInternalServerError, "", "the chat cannot be printed")
	default:
		c.Data(http.StatusOK, "application/json; charset=utf-8", raw)
	}
}

func (p *Platform) listChats(c *gin.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []gin.H{}
	for _, id := range sortedKeys(p.st.AppChats) {
		g := p.st.AppChats[id]
		if slices.ContainsFunc(g.Users, func(u string) bool { return fold(u) == fold(c.Query("user")) }) {
			out = append(out, gin.H{"chatid": g.ID, "name": g.Name, "owner": g.Owner, "userlist": slices.Clone(g.Users)})
		}
	}
	c.JSON(http.StatusOK, gin.H{"chats": out})
}

func (p *Platform) showClock(c *gin.Context) {
	p.dropGone()
	now, running := p.clock.reading()
	p.clock.mu.Lock()
	moving := p.clock.held
	p.clock.mu.Unlock()
	names := []string{}
	for _, w := range p.clock.team() {
		names = append(names, w.name)
	}
	c.JSON(http.StatusOK, ClockState{Now: p.stamp(now), Running: running, Moving: moving, Workers: names})
}

// farthest bounds one move: a slip of the finger must not walk through centuries.
const farthest = 20 * 365 * 24 * time.Hour

func (p *Platform) moveClock(c *gin.Context) {
	var in struct {
		Set, Advance string
		Running      *bool
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	move := p.Settle
	switch {
	case in.Set != "" && in.Advance != "":
		refuse(c, http.StatusBadRequest, "advance", "give set or advance, not both")
		return
	case in.Set != "":
		t, err := time.Parse(time.RFC3339, in.Set)
		if err != nil || t.Sub(p.Now()) > farthest {
			refuse(c, http.StatusBadRequest, "set", "must be an RFC 3339 time such as 2026-03-02T10:00:00+08:00, at most 20 years ahead")
			return
		}
		move = func(ctx context.Context) (MoveResult, error) { return p.Move(ctx, t) }
	case in.Advance != "":
		d, err := time.ParseDuration(in.Advance)
		if err != nil || d > farthest {
			refuse(c, http.StatusBadRequest, "advance", `must be a duration such as "31m" or "8h", at most 20 years`)
			return
		}
		move = func(ctx context.Context) (MoveResult, error) { return p.Advance(ctx, d) }
	case in.Running == nil:
		refuse(c, http.StatusBadRequest, "", "give set, advance or running")
		return
	}
	if in.Running != nil {
		p.Run(*in.Running)
	}
	if in.Set == "" && in.Advance == "" {
		c.JSON(http.StatusOK, p.moved(MoveResult{}))
		return
	}
	p.answerMove(c, move)
}

func (p *Platform) settle(c *gin.Context) {
	var in struct{}
	if readControl(c, &in, controlBody) {
		p.answerMove(c, p.Settle)
	}
}
