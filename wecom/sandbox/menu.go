package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// menuButton is one entry of a menu (api.md 7.2).
type menuButton struct {
	Type      string       `json:"type,omitempty"`
	Name      string       `json:"name"`
	Key       string       `json:"key,omitempty"`
	URL       string       `json:"url,omitempty"`
	PagePath  string       `json:"pagepath,omitempty"`
	AppID     string       `json:"appid,omitempty"`
	SubButton []menuButton `json:"sub_button,omitempty"`
}

var keyedMenuTypes = []string{"click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select"}

// checkMenu applies the limits of api.md 7.2.
func checkMenu(buttons []menuButton, app App) *apiError {
	if len(buttons) < 1 || len(buttons) > 3 {
		return fail(40016, "button needs 1 to 3 entries")
	}
	for _, b := range buttons {
		if b.Name == "" || len(b.Name) > 16 {
			return fail(40018, "button.name exceed max length 16")
		}
		if b.SubButton == nil {
			if failed := checkLeaf(b, app, 40017, 40055); failed != nil {
				return failed
			}
			continue
		}
		if n := len(b.SubButton); n < 1 || n > 5 {
			return fail(40023, "sub_button needs 1 to 5 entries")
		}
		for _, s := range b.SubButton {
			switch {
			case s.SubButton != nil:
				return fail(40022, "two levels only")
			case s.Name == "" || len(s.Name) > 40:
				return fail(40025, "sub_button.name exceed max length 40")
			}
			if failed := checkLeaf(s, app, 40024, 40054); failed != nil {
				return failed
			}
		}
	}
	return nil
}

func checkLeaf(b menuButton, app App, badType, badDomain int) *apiError {
	switch {
	case slices.Contains(keyedMenuTypes, b.Type):
		if b.Key == "" || len(b.Key) > 128 {
			return fail(40019, "key exceed max length 128")
		}
	case b.Type == "view":
		if b.URL == "" || len(b.URL) > 1024 {
			return fail(40020, "url exceed max length 1024")
		}
		if !strings.HasPrefix(b.URL, "http://") && !strings.HasPrefix(b.URL, "https://") || badURL(b.URL, 1024) != 0 {
			return fail(badDomain, "url without scheme or bad domain")
		}
	case b.Type == "view_miniprogram":
		if b.PagePath == "" || !slices.Contains(app.MiniPrograms, b.AppID) {
			return fail(90206, "appid is not linked to the app")
		}
	default:
		return fail(badType, "invalid button type")
	}
	return nil
}

// ownAgent checks the agentid parameter of menu and agent calls.
func (k *call) ownAgent() *apiError {
	raw := k.query.Get("agentid")
	if raw == "" {
		return fail(41011, "")
	}
	id, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return fail(40056, "")
	}
	if id != k.app.App.AgentID {
		return fail(301002, "")
	}
	return nil
}

func menuCreate(k *call) (gin.H, *apiError) {
	if failed := k.ownAgent(); failed != nil {
		return nil, failed
	}
	var in struct {
		Button []menuButton `json:"button"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	if failed := checkMenu(in.Button, k.app.App); failed != nil {
		return nil, failed
	}
	raw, err := json.Marshal(in)
	if err != nil { // plain data always encodes
		panic("sandbox: menu: " + err.Error())
	}
	k.app.Menu = raw
	k.p.touch()
	k.p.stream.send(StreamHint{Type: "menu", App: k.app.App.Name})
	return gin.H{}, nil
}

func menuGet(k *call) (gin.H, *apiError) {
	if failed := k.ownAgent(); failed != nil {
		return nil, failed
	}
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	if k.app.Menu == nil {
		return nil, fail(46003, "")
	}
	return gin.H{"button": k.app.menu()}, nil
}

func menuDelete(k *call) (gin.H, *apiError) {
	if failed := k.ownAgent(); failed != nil {
		return nil, failed
	}
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	k.app.Menu = nil
	k.p.touch()
	k.p.stream.send(StreamHint{Type: "menu", App: k.app.App.Name})
	return gin.H{}, nil
}

// menu is the present menu, empty when none is set.
func (a *appState) menu() []menuButton {
	var m struct {
		Button []menuButton `json:"button"`
	}
	if a.Menu != nil {
		dec := json.NewDecoder(bytes.NewReader(a.Menu))
		if err := dec.Decode(&m); err != nil { // it was encoded by menuCreate
			panic("sandbox: menu: " + err.Error())
		}
	}
	if m.Button == nil {
		return []menuButton{}
	}
	return m.Button
}

// showMenu is GET /sandbox/api/menu.
func (p *Platform) showMenu(c *gin.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.st.Apps[c.Query("app")]
	if a == nil {
		refuse(c, http.StatusBadRequest, "app", fmt.Sprintf("no app %q", cutBytes(c.Query("app"), 64)))
		return
	}
	c.JSON(http.StatusOK, gin.H{"button": a.menu()})
}

// pressMenu is POST /sandbox/api/menu: a member chooses an entry of the menu.
func (p *Platform) pressMenu(c *gin.Context) {
	var in struct {
		User, App, Key, ScanResult, Label string
		Count                             int
		Latitude, Longitude               float64
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	p.act(c, func() (*delivery, int64, *refusal) {
		m, a, no := p.actor(in.User, in.App)
		if no != nil {
			return nil, 0, no
		}
		b := findMenu(a.menu(), in.Key)
		if b == nil {
			return nil, 0, deny("key", "the app's menu has no such entry")
		}
		if in.Count < 0 || in.Count > 9 {
			return nil, 0, deny("count", "must be within 0 and 9")
		}
		d := &delivery{}
		x, done := p.event(a.App, m.UserID, b.Type, d)
		switch b.Type {
		case "view":
			x.cdata("EventKey", b.URL)
		case "view_miniprogram":
			x.cdata("EventKey", b.PagePath)
		default:
			x.cdata("EventKey", b.Key)
		}
		switch b.Type {
		case "scancode_push", "scancode_waitmsg":
			x.open("ScanCodeInfo").cdata("ScanType", "qrcode").cdata("ScanResult", in.ScanResult).close("ScanCodeInfo")
		case "pic_sysphoto", "pic_photo_or_album", "pic_weixin":
			n := max(in.Count, 1)
			x.open("SendPicsInfo")
			for i := range n { // one PicList element per picture, as captured
				x.open("PicList").open("item").cdata("PicMd5Sum", fmt.Sprintf("%032x", int64(i)+p.nextID())).close("item").close("PicList")
			}
			x.num("Count", int64(n)).close("SendPicsInfo")
		case "location_select":
			f := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
			x.open("SendLocationInfo").cdata("Location_X", f(in.Latitude)).cdata("Location_Y", f(in.Longitude)).
				cdata("Scale", "15").cdata("Label", in.Label).cdata("Poiname", "").close("SendLocationInfo").cdata("AppType", "wxwork")
		}
		done()
		return d, 0, nil
	})
}

// findMenu finds a leaf by key, URL, page path or name.
func findMenu(buttons []menuButton, key string) *menuButton {
	if key == "" {
		return nil
	}
	for i := range buttons {
		b := &buttons[i]
		if b.SubButton != nil {
			if s := findMenu(b.SubButton, key); s != nil {
				return s
			}
			continue
		}
		if b.Key == key || b.URL == key || b.PagePath == key || b.Name == key {
			return b
		}
	}
	return nil
}

// agentGet is GET agent/get.
func agentGet(k *call) (gin.H, *apiError) {
	if failed := k.ownAgent(); failed != nil {
		return nil, failed
	}
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	a := k.app.App
	users := []gin.H{}
	for _, u := range a.VisibleUsers {
		users = append(users, gin.H{"userid": u})
	}
	parties := a.VisibleParties
	if len(a.VisibleUsers)+len(a.VisibleParties)+len(a.VisibleTags) == 0 {
		parties = []int{1}
	}
	return gin.H{"agentid": a.AgentID, "name": a.Name, "square_logo_url": "https://wework.qpic.cn/sandbox/0", "description": "",
		"allow_userinfos": gin.H{"user": users}, "allow_partys": gin.H{"partyid": notNil(parties)}, "allow_tags": gin.H{"tagid": notNil(a.VisibleTags)},
		"close": 0, "redirect_domain": a.TrustedDomain, "report_location_flag": tick(!a.NoLocationEvents),
		"isreportenter": tick(!a.NoEnterEvents), "home_url": a.HomeURL}, nil
}

func agentList(k *call) (gin.H, *apiError) {
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	a := k.app.App
	return gin.H{"agentlist": []gin.H{{"agentid": a.AgentID, "name": a.Name, "square_logo_url": "https://wework.qpic.cn/sandbox/0"}}}, nil
}

func tick(on bool) int {
	if on {
		return 1
	}
	return 0
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
