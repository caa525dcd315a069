package sandbox

import (
	"regexp"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// appChat is a group created by an app (api.md 3).
type appChat struct {
	ID    string   `json:"chatid"`
	App   string   `json:"app"`
	Name  string   `json:"name"`
	Owner string   `json:"owner"`
	Users []string `json:"userlist"`
}

var chatIDForm = regexp.MustCompile(`^[0-9a-zA-Z]{1,32}$`)

// groupChat is the name under which a group's messages are kept.
func groupChat(chatID string) string { return "#" + chatID }

// lockWholeCorp locks and checks that the app's range is the root department.
func (k *call) lockWholeCorp() (visibility, *apiError) {
	k.p.mu.Lock()
	v := k.p.st.Company.visible(k.app.App)
	if !v.depts[1] {
		k.p.mu.Unlock()
		return v, fail(48002, "the app's visible range must be the root department")
	}
	return v, nil
}

// known turns userids into the members' own spelling; false: one is not reachable.
func (p *Platform) known(users []string, v visibility) ([]string, bool) {
	out := []string{}
	for _, u := range users {
		m := p.st.Company.member(u)
		if !v.reaches(m) {
			return nil, false
		}
		if !slices.Contains(out, m.UserID) {
			out = append(out, m.UserID)
		}
	}
	return out, true
}

func appchatCreate(k *call) (gin.H, *apiError) {
	var in struct {
		Name     string   `json:"name"`
		Owner    string   `json:"owner"`
		UserList []string `json:"userlist"`
		ChatID   string   `json:"chatid"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	v, failed := k.lockWholeCorp()
	if failed != nil {
		return nil, failed
	}
	p := k.p
	defer p.mu.Unlock()
	users, ok := p.known(in.UserList, v)
	switch {
	case !ok:
		return nil, fail(86216, "illegal member in userlist")
	case len(users) < 2 || len(users) > 2000:
		return nil, fail(86006, "userlist needs 2 to 2000 members")
	case in.ChatID != "" && len(in.ChatID) > 32:
		return nil, fail(86205, "chatid exceed max length 32")
	case in.ChatID != "" && !chatIDForm.MatchString(in.ChatID):
		return nil, fail(86001, "invalid chatid")
	case in.ChatID != "" && p.st.AppChats[in.ChatID] != nil:
		return nil, fail(86215, "")
	}
	owner := users[0]
	if in.Owner != "" {
		m := p.st.Company.member(in.Owner)
		if m == nil {
			return nil, fail(86005, "invalid owner")
		}
		if !slices.Contains(users, m.UserID) {
			return nil, fail(86207, "owner not in userlist")
		}
		owner = m.UserID
	}
	if !p.rates.take("appchat/new "+k.now.In(p.opts.Location).Format("20060102"), 1, 24*time.Hour, 1000, k.now) {
		return nil, fail(45009, "")
	}
	id := in.ChatID
	if id == "" {
		id = letters(32)
	}
	p.st.AppChats[id] = &appChat{ID: id, App: k.app.App.Name, Name: cutRunes(in.Name, 50), Owner: owner, Users: users}
	p.touch()
	return gin.H{"chatid": id}, nil
}

// ownChat finds a chat this app created. The caller holds mu.
func (k *call) ownChat(id string) (*appChat, *apiError) {
	c := k.p.st.AppChats[id]
	switch {
	case id == "":
		return nil, fail(86001, "chatid missing")
	case c == nil:
		return nil, fail(86003, "")
	case c.App != k.app.App.Name:
		return nil, fail(86008, "chat was created by another app")
	}
	return c, nil
}

func appchatUpdate(k *call) (gin.H, *apiError) {
	var in struct {
		ChatID string   `json:"chatid"`
		Name   *string  `json:"name"`
		Owner  string   `json:"owner"`
		Add    []string `json:"add_user_list"`
		Del    []string `json:"del_user_list"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	v, failed := k.lockWholeCorp()
	if failed != nil {
		return nil, failed
	}
	p := k.p
	defer p.mu.Unlock()
	c, failed := k.ownChat(in.ChatID)
	if failed != nil {
		return nil, failed
	}
	add, ok := p.known(in.Add, v)
	if !ok {
		return nil, fail(86216, "illegal member in add_user_list")
	}
	gone := map[string]bool{}
	for _, u := range in.Del {
		gone[fold(u)] = true
	}
	users := slices.Clone(c.Users)
	for _, u := range add {
		if !slices.Contains(users, u) {
			users = append(users, u)
		}
	}
	users = slices.DeleteFunc(users, func(u string) bool { return gone[fold(u)] })
	owner := c.Owner
	if in.Owner != "" {
		m := p.st.Company.member(in.Owner)
		if m == nil || !slices.Contains(users, m.UserID) {
			return nil, fail(86207, "owner not in userlist")
		}
		owner = m.UserID
	}
	switch {
	case !slices.Contains(users, owner):
		return nil, fail(86005, "removing the owner needs a new owner")
	case len(users) < 2 || len(users) > 2000:
		return nil, fail(86006, "a chat has 2 to 2000 members")
	}
	if !p.rates.take("appchat/change", 1, time.Hour, 1000, k.now) {
		return nil, fail(45009, "")
	}
	c.Users, c.Owner = users, owner
	if in.Name != nil {
		c.Name = cutRunes(*in.Name, 50)
	}
	p.touch()
	return gin.H{}, nil
}

func appchatGet(k *call) (gin.H, *apiError) {
	if _, failed := k.lockWholeCorp(); failed != nil {
		return nil, failed
	}
	defer k.p.mu.Unlock()
	c, failed := k.ownChat(k.query.Get("chatid"))
	if failed != nil {
		return nil, failed
	}
	return gin.H{"chat_info": gin.H{"chatid": c.ID, "name": c.Name, "owner": c.Owner, "userlist": slices.Clone(c.Users), "chat_type": 0}}, nil
}

var appchatTypes = []string{"text", "image", "voice", "video", "file", "textcard", "news", "mpnews", "markdown"}

func appchatSend(k *call) (gin.H, *apiError) {
	var in struct {
		ChatID  string `json:"chatid"`
		MsgType string `json:"msgtype"`
		Safe    int    `json:"safe"`
		messageBodies
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if _, failed := k.lockWholeCorp(); failed != nil {
		return nil, failed
	}
	p := k.p
	defer p.mu.Unlock()
	c, failed := k.ownChat(in.ChatID)
	if failed != nil {
		return nil, failed
	}
	if !slices.Contains(appchatTypes, in.MsgType) {
		return nil, fail(40008, "")
	}
	app := k.app.App
	app.MiniPrograms = nil // the pair appid and pagepath is not offered here
	b, failed := in.messageBodies.check(p, app, in.MsgType, in.Safe, k.now)
	if failed != nil {
		return nil, failed
	}
	if in.MsgType == "textcard" { // here the limits are bytes
		title, _ := b.Data["title"].(string)
		desc, _ := b.Data["description"].(string)
		b.Data["title"], b.Data["description"] = b.cut("title", title, 128), b.cut("description", desc, 512)
	}
	if !p.rates.take("appchat/send m", len(c.Users), time.Minute, 20000, k.now) || !p.rates.take("appchat/send h", len(c.Users), time.Hour, 150000, k.now) {
		return nil, fail(45009, "")
	}
	for _, u := range c.Users {
		if !p.rates.groupMember(app.Name, u, k.now) {
			k.traffic.Dropped = append(k.traffic.Dropped, u)
			continue
		}
		msg := b.message()
		msg.From = app.Name
		p.show(chatKey(u, groupChat(c.ID)), msg)
	}
	return gin.H{}, nil
}
