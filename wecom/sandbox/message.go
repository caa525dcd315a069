package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// sentMessage is one accepted message/send with the copies members have of it.
type sentMessage struct {
	App      string           `json:"app"`
	At       time.Time        `json:"at"`
	TaskID   string           `json:"task_id,omitempty"`
	Copies   map[string]int64 `json:"copies"` // folded userid → chat message
	Recalled bool             `json:"recalled,omitempty"`
}

// sentKept bounds the sent messages remembered for recall and update.
const sentKept = 200000

// envelope of message/send (api.md 2.1).
type sendRequest struct {
	ToUser     string `json:"touser"`
	ToParty    string `json:"toparty"`
	ToTag      string `json:"totag"`
	MsgType    string `json:"msgtype"`
	AgentID    *int64 `json:"agentid"`
	Safe       int    `json:"safe"`
	IDTrans    int    `json:"enable_id_trans"`
	DupCheck   int    `json:"enable_duplicate_check"`
	DupSeconds *int64 `json:"duplicate_check_interval"`
	messageBodies
}

// messageSend is POST message/send.
func messageSend(k *call) (gin.H, *apiError) {
	var in sendRequest
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	if hasUnicodeEscape(k.body) {
		k.traffic.Note = `请求含 \uXXXX 转义字符，部分接口会以 40033 拒绝`
	}
	if failed := in.check(k); failed != nil {
		return nil, failed
	}
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()

	if in.DupCheck == 1 && k.app.repeated(k.body, in.interval(), k.now) {
		k.traffic.Note = "重复消息检查：内容相同，未再下发"
		return gin.H{}, nil
	}
	users, answer := p.receivers(k.app, in.ToUser, in.ToParty, in.ToTag)
	if len(users) == 0 {
		failed := fail(81013, "")
		failed.extra = answer
		return nil, failed
	}
	body, failed := in.messageBodies.check(p, k.app.App, in.MsgType, in.Safe, k.now)
	if failed != nil {
		return nil, failed
	}
	if body.Card != nil && body.Card.TaskID != "" && k.app.TaskIDs[body.Card.TaskID] != "" {
		return nil, fail(42014, "template_card.task_id was used before")
	}
	if !p.rates.take("send "+k.app.App.Name+" "+k.now.In(p.opts.Location).Format("20060102"),
		len(users), 24*time.Hour, p.opts.AccountCap*200, k.now) {
		return nil, fail(45009, "")
	}
	if in.IDTrans == 1 {
		body.translate(p, p.st.Company.visible(k.app.App))
	}
	if in.DupCheck == 1 {
		k.app.remember(k.body, k.now)
	}
	msgid := p.post(k, body, users)
	answer["msgid"] = msgid
	if body.Card != nil && body.Card.updatable() {
		answer["response_code"] = p.newCode(k.app.App.Name, msgid, "", k.now)
	}
	return answer, nil
}

// check looks at the envelope.
func (in *sendRequest) check(k *call) *apiError {
	if in.AgentID == nil && in.MsgType != "miniprogram_notice" {
		return fail(41011, "")
	}
	if in.AgentID != nil && *in.AgentID != k.app.App.AgentID {
		return fail(301002, "")
	}
	if !slices.Contains(messageTypes, in.MsgType) {
		return fail(40008, "")
	}
	for name, v := range map[string]int{"enable_id_trans": in.IDTrans, "enable_duplicate_check": in.DupCheck} {
		if v != 0 && v != 1 {
			return fail(40058, name+" must be 0 or 1")
		}
	}
	if s := in.interval(); s < 0 || s > 4*time.Hour {
		return fail(40058, "duplicate_check_interval must be within 0 and 14400")
	}
	if in.ToUser == "" && in.ToParty == "" && in.ToTag == "" {
		return fail(82001, "")
	}
	if in.ToUser == "@all" {
		if in.MsgType == "miniprogram_notice" {
			return fail(40058, "miniprogram_notice does not support @all")
		}
		return nil
	}
	switch {
	case len(split(in.ToUser)) > 1000:
		return fail(40032, "")
	case len(split(in.ToParty)) > 100:
		return fail(82002, "")
	case len(split(in.ToTag)) > 100:
		return fail(82003, "")
	}
	return nil
}

func (in *sendRequest) interval() time.Duration {
	if in.DupSeconds == nil {
		return 1800 * time.Second
	}
	return time.Duration(min(max(*in.DupSeconds, -1), 1e9)) * time.Second
}

// receivers resolves the targets to members the app can reach, and lists the
// invalid ones as WeCom answers them. The caller holds mu.
func (p *Platform) receivers(app *appState, toUser, toParty, toTag string) ([]*Member, gin.H) {
	company, v := p.st.Company, p.st.Company.visible(app.App)
	picked, out := map[string]bool{}, []*Member{}
	pick := func(m *Member) {
		if v.reaches(m) && !picked[fold(m.UserID)] {
			picked[fold(m.UserID)] = true
			out = append(out, m)
		}
	}
	if toUser == "@all" {
		for _, m := range company.members() {
			pick(m)
		}
		return out, gin.H{"invaliduser": "", "invalidparty": "", "invalidtag": "", "unlicenseduser": ""}
	}
	var badUsers, badParties, badTags []string
	for _, id := range split(toUser) {
		if m := company.member(id); v.reaches(m) {
			pick(m)
		} else {
			badUsers = append(badUsers, fold(id))
		}
	}
	for _, id := range split(toParty) {
		n, err := strconv.Atoi(id)
		if err != nil || !v.depts[n] {
			badParties = append(badParties, id)
			continue
		}
		below := company.subtree(n)
		for _, m := range company.members() {
			if m.in(below) {
				pick(m)
			}
		}
	}
	for _, id := range split(toTag) {
		n, err := strconv.Atoi(id)
		if err != nil || !v.tags[n] || company.Tags[n] == nil {
			badTags = append(badTags, id)
			continue
		}
		for _, m := range company.tagged(company.Tags[n]) {
			pick(m)
		}
	}
	join := func(list []string) string { return strings.Join(list, "|") }
	return out, gin.H{"invaliduser": join(badUsers), "invalidparty": join(badParties), "invalidtag": join(badTags), "unlicenseduser": ""}
}

// tagged lists the members under a tag, its departments' included.
func (c *Company) tagged(t *Tag) []*Member {
	depts := map[int]bool{}
	for _, d := range t.Parties {
		for id := range c.subtree(d) {
			depts[id] = true
		}
	}
	var out []*Member
	for _, m := range c.members() {
		if m.in(depts) || slices.ContainsFunc(t.Users, func(u string) bool { return fold(u) == fold(m.UserID) }) {
			out = append(out, m)
		}
	}
	return out
}

// split cuts "a|b||c" into its parts without empty ones.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == '|' })
}

// repeated tells whether the same bytes were sent within the interval.
func (a *appState) repeated(raw []byte, interval time.Duration, now time.Time) bool {
	d := a.Sends[hash(raw)]
	return d != nil && now.Sub(d.At) < interval
}

// remember keeps a request for later duplicate checks, at most 4 h.
func (a *appState) remember(raw []byte, now time.Time) {
	if len(a.Sends)%1000 == 999 {
		for key, d := range a.Sends {
			if now.Sub(d.At) >= 4*time.Hour {
				delete(a.Sends, key)
			}
		}
	}
	a.Sends[hash(raw)] = &dup{At: now}
}

func hash(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// post puts a checked message into the chats of users and returns its msgid. The
// caller holds mu.
func (p *Platform) post(k *call, b *body, users []*Member) string {
	msgid := letters(22) + strconv.FormatInt(p.nextID(), 36)
	sent := &sentMessage{App: k.app.App.Name, At: k.now, Copies: map[string]int64{}}
	for _, m := range users {
		if !p.rates.member(sent.App, m.UserID, k.now) {
			k.traffic.Dropped = append(k.traffic.Dropped, m.UserID)
			continue
		}
		msg := b.message()
		msg.From, msg.MsgID = sent.App, msgid
		p.show(chatKey(m.UserID, sent.App), msg)
		sent.Copies[fold(m.UserID)] = msg.ID
	}
	if len(k.traffic.Dropped) > 0 {
		k.traffic.Note = "超过每人每应用 30 条/分或 1000 条/小时，对部分成员静默丢弃"
	}
	if b.Card != nil && b.Card.TaskID != "" {
		sent.TaskID = b.Card.TaskID
		k.app.TaskIDs[sent.TaskID] = msgid
	}
	p.st.Sent[msgid] = sent
	p.st.SentOrder = append(p.st.SentOrder, msgid)
	if len(p.st.SentOrder) > sentKept {
		for _, old := range p.st.SentOrder[:sentKept/10] {
			delete(p.st.Sent, old)
		}
		p.st.SentOrder = slices.Clone(p.st.SentOrder[sentKept/10:])
	}
	p.touch()
	return msgid
}

// show appends a message to one chat, numbers and stamps it. The caller holds mu.
func (p *Platform) show(key string, msg *ChatMessage) {
	now := p.stamp(p.Now())
	user, app, _ := strings.Cut(key, "\x00")
	msg.ID, msg.At, msg.UpdatedAt, msg.user = p.nextID(), now, now, user
	c := p.st.Chats[key]
	if c == nil {
		c = &chat{}
		p.st.Chats[key] = c
	}
	c.Messages = append(c.Messages, msg)
	p.byID[msg.ID] = msg
	if len(c.Messages) > p.opts.ChatLimit {
		n := len(c.Messages) - p.opts.ChatLimit + p.opts.ChatLimit/10
		for _, old := range c.Messages[:n] {
			delete(p.byID, old.ID)
		}
		c.Messages = slices.Clone(c.Messages[n:])
	}
	p.touch()
	p.stream.send(StreamHint{Type: "message", User: user, App: app, ID: msg.ID})
}

// changed stamps a message that was altered in place. The caller holds mu.
func (p *Platform) changed(msg *ChatMessage, app string) {
	msg.UpdatedAt = p.stamp(p.Now())
	p.touch()
	p.stream.send(StreamHint{Type: "card", User: msg.user, App: app, ID: msg.ID})
}

// messageRecall is POST message/recall.
func messageRecall(k *call) (gin.H, *apiError) {
	var in struct {
		MsgID string `json:"msgid"`
	}
	if failed := k.json(&in); failed != nil {
		return nil, failed
	}
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := p.st.Sent[in.MsgID]
	switch {
	case sent == nil || sent.App != k.app.App.Name:
		return nil, fail(40058, "msgid")
	case k.now.Sub(sent.At) > 24*time.Hour:
		return nil, fail(42052, "")
	}
	sent.Recalled = true
	for _, id := range sent.Copies {
		if m := p.byID[id]; m != nil {
			m.Kind, m.Text, m.Card, m.Data = "recalled", "", nil, nil
			p.changed(m, sent.App)
		}
	}
	p.touch()
	return gin.H{}, nil
}

// messageStatistics is POST message/get_statistics: today's accepted sends by app.
func messageStatistics(k *call) (gin.H, *apiError) {
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()
	day, n := k.now.In(p.opts.Location).Format("20060102"), 0
	for _, s := range p.st.Sent {
		if s.App == k.app.App.Name && s.At.In(p.opts.Location).Format("20060102") == day {
			n += len(s.Copies)
		}
	}
	return gin.H{"statistics": []gin.H{{"agentid": k.app.App.AgentID, "app_name": k.app.App.Name, "count": n}}}, nil
}

// hasUnicodeEscape finds \uXXXX for a character that JSON lets one write as itself.
func hasUnicodeEscape(raw []byte) bool {
	s := string(raw)
	for i := strings.Index(s, `\u`); i >= 0 && i+6 <= len(s); {
		var r string
		if json.Unmarshal([]byte(`"`+s[i:i+6]+`"`), &r) == nil && r >= " " {
			return true
		}
		next := strings.Index(s[i+2:], `\u`)
		if next < 0 {
			return false
		}
		i += 2 + next
	}
	return false
}
