package sandbox

import (
	"encoding/xml"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// passiveReply is the plaintext of a reply (callbacks.md 5).
type passiveReply struct {
	XMLName      xml.Name `xml:"xml"`
	ToUserName   string   `xml:"ToUserName"`
	FromUserName string   `xml:"FromUserName"`
	CreateTime   int64    `xml:"CreateTime"`
	MsgType      string   `xml:"MsgType"`
	Content      string   `xml:"Content"`
	Image        struct {
		MediaID string `xml:"MediaId"`
	} `xml:"Image"`
	Voice struct {
		MediaID string `xml:"MediaId"`
	} `xml:"Voice"`
	Video struct {
		MediaID     string `xml:"MediaId"`
		Title       string `xml:"Title"`
		Description string `xml:"Description"`
	} `xml:"Video"`
	ArticleCount int `xml:"ArticleCount"`
	Articles     struct {
		Items []struct {
			Title       string `xml:"Title"`
			Description string `xml:"Description"`
			PicURL      string `xml:"PicUrl"`
			URL         string `xml:"Url"`
		} `xml:"item"`
	} `xml:"Articles"`
	Button struct {
		ReplaceName string `xml:"ReplaceName"`
	} `xml:"Button"`
	TemplateCard *Card `xml:"TemplateCard"`
}

// repliable are the events that accept a message as a reply (D:90241). Card
// button presses accept card updates only; everything else accepts nothing.
var repliable = []string{"subscribe", "enter_agent", "LOCATION", "click", "view", "view_miniprogram", "scancode_waitmsg",
	"template_card_menu_event"}

// takeReply reads what the app answered to d, applies it as WeCom would, and
// gives the plaintext for the traffic log. Nil: an empty answer.
func (p *Platform) takeReply(d *delivery, crypt *crypter, raw []byte) (*Reply, string) {
	if len(raw) == 0 || string(raw) == "success" {
		return nil, string(raw)
	}
	plain, err := crypt.openReply(raw)
	if err != nil {
		return &Reply{Note: "已忽略：" + err.Error()}, string(raw)
	}
	var in passiveReply
	if err := xml.Unmarshal(plain, &in); err != nil {
		return &Reply{Note: "已忽略：回复明文不是 XML"}, string(plain)
	}
	in.MsgType = strings.TrimSpace(in.MsgType)
	r := &Reply{Kind: in.MsgType}
	p.applyReply(d, &in, r)
	r.Applied = r.Note == "" || r.MessageID != 0
	return r, string(plain)
}

// applyReply shows a reply in the member's chat or on his card; r.Note tells why
// it was ignored.
func (p *Platform) applyReply(d *delivery, in *passiveReply, r *Reply) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	update := in.MsgType == "update_button" || in.MsgType == "update_template_card"
	isPress := d.event == "template_card_event" || d.event == "template_card_menu_event"
	switch {
	case d.replied:
		r.Note = "已忽略：这次回调已有回复生效"
	case d.user == "" || d.receiver == contactsReceiver:
		r.Note = "已忽略：该事件不接受被动回复"
	case fold(strings.TrimSpace(in.ToUserName)) != fold(d.user):
		r.Note = "已忽略：ToUserName 不是触发回调的成员"
	case strings.TrimSpace(in.FromUserName) != p.opts.CorpID:
		r.Note = "已忽略：FromUserName 不是 CorpID"
	case in.CreateTime <= 0:
		r.Note = "已忽略：缺少 CreateTime"
	case update && !isPress:
		r.Note = "已忽略：只有卡片事件接受卡片更新"
	case !update && d.event != "" && !slices.Contains(repliable, d.event):
		r.Note = "已忽略：该事件不接受被动回复"
	case update:
		p.replyCard(d, in, r)
	default:
		p.replyMessage(d, in, r)
	}
	if r.MessageID != 0 {
		d.replied = true
	}
}

// replyMessage shows a message reply. Its limits are those of chapter 5.
func (p *Platform) replyMessage(d *delivery, in *passiveReply, r *Reply) {
	b := &body{Kind: in.MsgType}
	app := p.st.Apps[d.receiver]
	now := p.Now()
	var failed *apiError
	switch in.MsgType {
	case "text":
		if in.Content == "" {
			r.Note = "已忽略：文本为空"
			return
		}
		b.Text = b.cut("Content", in.Content, 2048)
	case "image":
		failed = b.attach(p, "image", strings.TrimSpace(in.Image.MediaID), now)
	case "voice":
		failed = b.attach(p, "voice", strings.TrimSpace(in.Voice.MediaID), now)
	case "video":
		failed = b.attach(p, "video", strings.TrimSpace(in.Video.MediaID), now)
		b.Text = b.cut("Title", in.Video.Title, 128)
		b.add("title", b.Text)
		b.add("description", b.cut("Description", in.Video.Description, 512))
	case "news":
		items := in.Articles.Items
		if n := len(items); n < 1 || n > 8 || n != in.ArticleCount {
			r.Note = "已忽略：图文应为 1 到 8 条且与 ArticleCount 相符"
			return
		}
		var list []article
		var titles []string
		for _, it := range items {
			a := article{Title: b.cut("Title", it.Title, 128), Description: b.cut("Description", it.Description, 512),
				URL: strings.TrimSpace(it.URL), PicURL: strings.TrimSpace(it.PicURL)}
			if a.Title == "" || a.URL == "" || badURL(a.URL, 2048) != 0 {
				r.Note = "已忽略：图文缺少标题或链接无效"
				return
			}
			list, titles = append(list, a), append(titles, a.Title)
		}
		b.Data, b.Text = gin.H{"articles": list}, strings.Join(titles, "\n")
	default:
		r.Note = "已忽略：不支持的回复类型 " + cutBytes(in.MsgType, 64)
		return
	}
	if failed != nil {
		r.Note = "已忽略：" + failed.text
		return
	}
	if app == nil || !p.st.Company.visible(app.App).reaches(p.st.Company.member(d.user)) {
		r.Note = "已忽略：成员不在应用可见范围"
		return
	}
	msg := b.message()
	msg.From = d.receiver
	p.show(chatKey(d.user, d.receiver), msg)
	r.Text, r.MessageID, r.Note = b.Text, msg.ID, strings.Join(b.Notes, "；")
}

// replyCard applies update_button or update_template_card to the presser's own
// copy. It spends the code of the press.
func (p *Platform) replyCard(d *delivery, in *passiveReply, r *Reply) {
	now := p.Now()
	msg := p.byID[d.press.message]
	code := p.st.Codes[d.press.code]
	app := p.st.Apps[d.receiver]
	switch {
	case msg == nil || msg.Card == nil || app == nil:
		r.Note = "已忽略：卡片已不存在"
		return
	case !code.usable(now):
		r.Note = "已忽略：本次点击的 ResponseCode 已用过或已过期"
		return
	}
	change := cardChange{}
	var notes []string
	if in.MsgType == "update_button" {
		change.replaceName = in.Button.ReplaceName
		if change.replaceName == "" || !msg.Card.interactive() {
			r.Note = "已忽略：缺少 ReplaceName，或卡片没有按钮"
			return
		}
		r.Text = change.replaceName
	} else {
		if in.TemplateCard == nil {
			r.Note = "已忽略：缺少 TemplateCard"
			return
		}
		in.TemplateCard.trim()
		if failed := p.checkCard(in.TemplateCard, true, app.App, now, &notes); failed != nil {
			r.Note = "已忽略：" + failed.text
			return
		}
		change.card = in.TemplateCard
		r.Text = change.card.title()
	}
	code.Used = true
	p.applyChange(msg, d.receiver, change)
	r.MessageID, r.Note = msg.ID, strings.Join(notes, "；")
}

// trim removes the blanks that indented XML leaves around the type.
func (c *Card) trim() { c.CardType = strings.TrimSpace(c.CardType) }
