package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// What a member does on his phone: say, press, open, report. Each act becomes a
// callback; the answer is what the app said first.

// press is what a card event was about.
type press struct {
	message int64  // the presser's copy
	code    string // its response_code
}

// refusal is why the phone would not do it.
type refusal struct {
	status       int
	field, error string
}

func deny(field, format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, field: field, error: fmt.Sprintf(format, args...)}
}

// actor finds the acting member and the app he acts on. The caller holds mu.
func (p *Platform) actor(user, app string) (*Member, *appState, *refusal) {
	if user == "" {
		return nil, nil, deny("user", "is missing")
	}
	m := p.st.Company.member(user)
	if m == nil {
		return nil, nil, deny("user", "no member %q", cutBytes(user, 64))
	}
	if m.Status != statusActive {
		return nil, nil, deny("user", "%s is not active (status %d)", m.UserID, m.Status)
	}
	if app == "" {
		return nil, nil, deny("app", "is missing")
	}
	a := p.st.Apps[app]
	if a == nil {
		return nil, nil, deny("app", "no app %q", cutBytes(app, 64))
	}
	if a.App.Disabled || !p.st.Company.visible(a.App).sees(m) {
		return nil, nil, deny("app", "%s is disabled or %s is outside its visible range", app, m.UserID)
	}
	return m, a, nil
}

// head begins a callback's plaintext. The caller holds mu.
func (p *Platform) head(from string) *xmlText {
	x := &xmlText{}
	return x.open("xml").cdata("ToUserName", p.opts.CorpID).cdata("FromUserName", from).num("CreateTime", p.Now().Unix())
}

// event begins an app event. Real traffic puts AgentID before Event or at the
// end; which of the two alternates. done closes it.
func (p *Platform) event(a App, from, event string, d *delivery) (x *xmlText, done func()) {
	d.receiver, d.user, d.event, d.kind = a.Name, from, event, event
	x = p.head(from).cdata("MsgType", "event")
	early := p.nextID()%2 == 0
	if early {
		x.num("AgentID", a.AgentID)
	}
	x.cdata("Event", event)
	return x, func() {
		if !early {
			x.num("AgentID", a.AgentID)
		}
		d.text = x.close("xml").string()
	}
}

// sayInput is POST say.
type sayInput struct {
	User, App, Type, Text, Content        string
	MediaID, PicURL, Format, ThumbMediaID string
	LocationX, LocationY                  float64
	Scale                                 int
	Label, Title, Description, URL        string
	Data, Filename                        string
	AppType                               *string // "" leaves the element out, as for messages from WeChat
}

func (p *Platform) say(c *gin.Context) {
	var in sayInput
	if !readControl(c, &in, 30<<20) {
		return
	}
	p.act(c, func() (*delivery, int64, *refusal) { return p.sayLocked(&in) })
}

func (p *Platform) sayLocked(in *sayInput) (*delivery, int64, *refusal) {
	m, a, no := p.actor(in.User, in.App)
	if no != nil {
		return nil, 0, no
	}
	kind := in.Type
	if kind == "" {
		kind = "text"
	}
	msg := &ChatMessage{From: m.UserID, Kind: kind}
	x := p.head(m.UserID).cdata("MsgType", kind)
	location := false
	switch kind {
	case "text":
		text := in.Text
		if text == "" {
			text = in.Content
		}
		if text == "" {
			return nil, 0, deny("text", "is missing")
		}
		if len(text) > 64<<10 {
			return nil, 0, deny("text", "is longer than 65536 bytes")
		}
		msg.Text = text
		x.cdata("Content", text)
	case "image", "voice", "video":
		if no := p.sayMedia(in, kind, msg, x); no != nil {
			return nil, 0, no
		}
	case "location":
		location = true
		if in.LocationX < -90 || in.LocationX > 90 || in.LocationY < -180 || in.LocationY > 180 {
			return nil, 0, deny("Location_X", "latitude must be within ±90 and longitude within ±180")
		}
		scale := in.Scale
		if scale == 0 {
			scale = 16
		}
		x.coord("Location_X", in.LocationX).coord("Location_Y", in.LocationY).num("Scale", int64(scale)).cdata("Label", in.Label)
		msg.Text = in.Label
		msg.Data = gin.H{"latitude": in.LocationX, "longitude": in.LocationY, "scale": scale, "label": in.Label}
	case "link":
		if in.URL == "" {
			return nil, 0, deny("Url", "is missing")
		}
		x.cdata("Title", in.Title).cdata("Description", in.Description).cdata("Url", in.URL).cdata("PicUrl", in.PicURL)
		msg.Text = in.Title
		msg.Data = gin.H{"title": in.Title, "description": in.Description, "url": in.URL, "picurl": in.PicURL}
	default:
		return nil, 0, deny("type", "must be text, image, voice, video, location or link")
	}
	// MsgId has 19 digits and is larger than 2^53.
	x.bare("MsgId", "7"+fmt.Sprintf("%018d", p.nextID()*1000003%1_000_000_000_000_000_000)).num("AgentID", a.App.AgentID)
	if location && (in.AppType == nil || *in.AppType != "") {
		x.cdata("AppType", "wxwork")
	}
	p.show(chatKey(m.UserID, a.App.Name), msg)
	return &delivery{receiver: a.App.Name, user: m.UserID, kind: kind, text: x.close("xml").string()}, msg.ID, nil
}

// sayMedia adds a picture, voice or video; without media_id the platform stores
// the given data, or a small file of its own, so that media/get works.
func (p *Platform) sayMedia(in *sayInput, kind string, msg *ChatMessage, x *xmlText) *refusal {
	id := in.MediaID
	if id != "" {
		if m := p.liveMedia(id, p.Now()); m == nil {
			return deny("MediaId", "no such media, or older than 3 days")
		}
	} else {
		data := sampleMedia(kind)
		if in.Data != "" {
			raw, err := base64.StdEncoding.DecodeString(in.Data)
			if err != nil {
				return deny("data", "is no Base64")
			}
			data = raw
		}
		name := in.Filename
		if name == "" {
			name = map[string]string{"image": "photo.png", "voice": "voice.amr", "video": "video.mp4"}[kind]
		}
		stored, failed := p.storeMedia(kind, name, "", data)
		if failed != nil {
			return deny("data", "%s", failed.text)
		}
		id = stored
	}
	data := gin.H{"media_id": id}
	switch kind {
	case "image":
		pic := in.PicURL
		if pic == "" {
			pic = "https://wework.qpic.cn/wwpic/" + id + "/0"
		}
		x.cdata("PicUrl", pic).cdata("MediaId", id)
	case "voice":
		format := in.Format
		if format == "" {
			format = "amr"
		}
		x.cdata("MediaId", id).cdata("Format", format)
	case "video":
		thumb := in.ThumbMediaID
		if thumb == "" {
			stored, failed := p.storeMedia("image", "thumb.png", "", sampleMedia("image"))
			if failed != nil {
				return deny("ThumbMediaId", "%s", failed.text)
			}
			thumb = stored
		}
		x.cdata("MediaId", id).cdata("ThumbMediaId", thumb)
		data["thumb_media_id"] = thumb
	}
	msg.Data = data
	return nil
}

// click is POST click: a button, a submission, or a top-right menu entry.
func (p *Platform) click(c *gin.Context) {
	var in struct {
		User      string
		MessageID looseID
		Key       string
		Selected  map[string][]string
		Menu      bool
		App       string
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	p.act(c, func() (*delivery, int64, *refusal) {
		msg := p.byID[int64(in.MessageID)]
		if msg == nil || msg.user != fold(in.User) {
			return nil, 0, deny("message_id", "%s has no such message", cutBytes(in.User, 64))
		}
		m, a, no := p.actor(in.User, msg.From)
		if no != nil {
			return nil, 0, no
		}
		if msg.Card == nil {
			return nil, 0, deny("message_id", "is no card")
		}
		event, pick := "template_card_event", [][]string(nil)
		var names []string
		if in.Menu {
			event = "template_card_menu_event"
			if msg.Card.ActionMenu == nil || !slices.ContainsFunc(msg.Card.ActionMenu.List, func(a Action) bool { return a.Key == in.Key }) {
				return nil, 0, deny("key", "the card's menu has no such entry")
			}
		} else if names, pick, no = pressed(msg.Card, in.Key, in.Selected); no != nil {
			return nil, 0, no
		}
		d := &delivery{press: &press{message: msg.ID, code: p.newCode(a.App.Name, msg.MsgID, m.UserID, p.Now())}}
		x, done := p.event(a.App, m.UserID, event, d)
		x.cdata("EventKey", in.Key).cdata("TaskId", msg.Card.TaskID).cdata("CardType", msg.Card.CardType).cdata("ResponseCode", d.press.code)
		if len(names) > 0 {
			x.open("SelectedItems")
			for i, name := range names {
				x.open("SelectedItem").cdata("QuestionKey", name).open("OptionIds")
				for _, id := range pick[i] {
					x.cdata("OptionId", id)
				}
				x.close("OptionIds").close("SelectedItem")
			}
			x.close("SelectedItems")
		}
		done()
		return d, 0, nil
	})
}

// pressed checks that the card offers this key and these choices, and completes
// the choices with what the card preselects.
func pressed(card *Card, key string, selected map[string][]string) (names []string, picks [][]string, no *refusal) {
	if !card.interactive() {
		return nil, nil, deny("key", "a %s has no buttons; use \"menu\":true for its top-right menu", card.CardType)
	}
	if card.ReplaceText != "" {
		return nil, nil, deny("key", "the button is dead: %s", card.ReplaceText)
	}
	questions := card.SelectList
	if card.CardType == buttonCard {
		i := slices.IndexFunc(card.ButtonList, func(b Button) bool { return b.Key == key && b.Type == 0 && key != "" })
		if i < 0 {
			return nil, nil, deny("key", "the card has no such button")
		}
		if card.ButtonSelection != nil {
			questions = []Selection{*card.ButtonSelection}
		}
	} else if card.SubmitButton == nil || card.SubmitButton.Key != key {
		return nil, nil, deny("key", "the card has no such submit button")
	}
	for q := range selected {
		known := card.Checkbox != nil && card.Checkbox.QuestionKey == q ||
			slices.ContainsFunc(questions, func(s Selection) bool { return s.QuestionKey == q })
		if !known {
			return nil, nil, deny("selected", "the card has no question %q", cutBytes(q, 64))
		}
	}
	if b := card.Checkbox; b != nil {
		if b.Disable {
			return nil, nil, deny("key", "the choice is disabled")
		}
		pick, given := selected[b.QuestionKey]
		if !given {
			for _, o := range b.Options {
				if o.IsChecked {
					pick = append(pick, o.ID)
				}
			}
		}
		if len(pick) == 0 || b.Mode == 0 && len(pick) > 1 {
			return nil, nil, deny("selected", "choose one option, or with mode 1 at least one")
		}
		if no := offered(b.Options, pick); no != nil {
			return nil, nil, no
		}
		return []string{b.QuestionKey}, [][]string{pick}, nil
	}
	for _, s := range questions {
		pick, given := selected[s.QuestionKey]
		if !given || s.Disable {
			pick = []string{s.preselected()}
		}
		if len(pick) != 1 {
			return nil, nil, deny("selected", "question %q takes one option", s.QuestionKey)
		}
		if no := offered(s.Options, pick); no != nil {
			return nil, nil, no
		}
		names, picks = append(names, s.QuestionKey), append(picks, pick)
	}
	return names, picks, nil
}

func offered(options []Option, pick []string) *refusal {
	seen := map[string]bool{}
	for _, id := range pick {
		if seen[id] || !slices.ContainsFunc(options, func(o Option) bool { return o.ID == id }) {
			return deny("selected", "no option %q, or chosen twice", cutBytes(id, 64))
		}
		seen[id] = true
	}
	return nil
}

// preselected is selected_id, or the first option if that is missing or wrong.
func (s Selection) preselected() string {
	if slices.ContainsFunc(s.Options, func(o Option) bool { return o.ID == s.SelectedID }) {
		return s.SelectedID
	}
	return s.Options[0].ID
}

func (p *Platform) enter(c *gin.Context) {
	var in struct{ User, App string }
	if !readControl(c, &in, controlBody) {
		return
	}
	p.act(c, func() (*delivery, int64, *refusal) {
		m, a, no := p.actor(in.User, in.App)
		if no != nil {
			return nil, 0, no
		}
		if a.App.NoEnterEvents {
			return nil, 0, deny("app", "上报进入应用事件 is not ticked for this app")
		}
		d := &delivery{}
		x, done := p.event(a.App, m.UserID, "enter_agent", d)
		x.cdata("EventKey", "")
		done()
		return d, 0, nil
	})
}

func (p *Platform) location(c *gin.Context) {
	var in struct {
		User, App           string
		Latitude, Longitude *float64
		Precision           float64
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	p.act(c, func() (*delivery, int64, *refusal) {
		m, a, no := p.actor(in.User, in.App)
		switch {
		case no != nil:
			return nil, 0, no
		case a.App.NoLocationEvents:
			return nil, 0, deny("app", "上报地理位置 is not ticked for this app")
		case in.Latitude == nil || *in.Latitude < -90 || *in.Latitude > 90:
			return nil, 0, deny("latitude", "must be within ±90")
		case in.Longitude == nil || *in.Longitude < -180 || *in.Longitude > 180:
			return nil, 0, deny("longitude", "must be within ±180")
		}
		precision := in.Precision
		if precision == 0 {
			precision = 42
		}
		d := &delivery{}
		x, done := p.event(a.App, m.UserID, "LOCATION", d)
		x.coord("Latitude", *in.Latitude).coord("Longitude", *in.Longitude).
			bare("Precision", strconv.FormatFloat(precision, 'f', 3, 64)).cdata("AppType", "wxwork")
		done()
		return d, 0, nil
	})
}

var elementName = strings.NewReplacer("<", "", ">", "", "&", "", "/", "", " ", "")

// otherEvent is POST event: any event of callbacks.md 4 that has no act of its own.
func (p *Platform) otherEvent(c *gin.Context) {
	var in struct {
		App, Event, User string
		Fields           map[string]string
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	p.act(c, func() (*delivery, int64, *refusal) {
		a := p.st.Apps[in.App]
		if a == nil {
			return nil, 0, deny("app", "no app %q", cutBytes(in.App, 64))
		}
		if in.Event == "" || len(in.Event) > 64 {
			return nil, 0, deny("event", "needs 1 to 64 bytes")
		}
		from, user := "sys", ""
		if in.User != "" && in.User != "sys" {
			m, _, no := p.actor(in.User, in.App)
			if no != nil {
				return nil, 0, no
			}
			from, user = m.UserID, m.UserID
		}
		d := &delivery{}
		x, done := p.event(a.App, from, in.Event, d)
		d.user = user
		for _, name := range sortedKeys(in.Fields) {
			if name == "" || elementName.Replace(name) != name {
				return nil, 0, deny("fields", "%q is no element name", cutBytes(name, 64))
			}
			x.cdata(name, in.Fields[name])
		}
		done()
		return d, 0, nil
	})
}

// act runs f under mu, delivers what it made, and answers with the app's first answer.
func (p *Platform) act(c *gin.Context, f func() (*delivery, int64, *refusal)) {
	p.mu.Lock()
	d, message, no := f()
	p.mu.Unlock()
	if no != nil {
		refuse(c, no.status, no.field, no.error)
		return
	}
	first, err := p.deliver(d)
	if err != nil {
		refuse(c, http.StatusTooManyRequests, "", err.Error())
		return
	}
	select {
	case res := <-first:
		res.MessageID = message
		c.JSON(http.StatusOK, res)
	case <-c.Request.Context().Done():
	}
}
