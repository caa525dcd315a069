package sandbox

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

var messageTypes = []string{"text", "image", "voice", "video", "file", "textcard", "news", "mpnews", "markdown",
	"miniprogram_notice", "template_card"}

// messageBodies are the bodies of message/send and appchat/send by msgtype.
type messageBodies struct {
	Text *struct {
		Content       string   `json:"content"`
		MentionedList []string `json:"mentioned_list"`
	} `json:"text"`
	Image *mediaBodyPart `json:"image"`
	Voice *mediaBodyPart `json:"voice"`
	File  *mediaBodyPart `json:"file"`
	Video *struct {
		mediaBodyPart
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"video"`
	TextCard *struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		URL         string `json:"url"`
		BtnTxt      string `json:"btntxt"`
	} `json:"textcard"`
	News *struct {
		Articles []article `json:"articles"`
	} `json:"news"`
	MPNews *struct {
		Articles []mpArticle `json:"articles"`
	} `json:"mpnews"`
	Markdown *struct {
		Content string `json:"content"`
	} `json:"markdown"`
	MiniProgram  *miniNotice     `json:"miniprogram_notice"`
	TemplateCard json.RawMessage `json:"template_card"`
}

type mediaBodyPart struct {
	MediaID string `json:"media_id"`
}

type article struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	PicURL      string `json:"picurl"`
	AppID       string `json:"appid,omitempty"`
	PagePath    string `json:"pagepath,omitempty"`
}

type mpArticle struct {
	Title            string `json:"title"`
	ThumbMediaID     string `json:"thumb_media_id"`
	Author           string `json:"author"`
	ContentSourceURL string `json:"content_source_url"`
	Content          string `json:"content"`
	Digest           string `json:"digest"`
}

type miniNotice struct {
	AppID             string        `json:"appid"`
	Page              string        `json:"page"`
	Title             string        `json:"title"`
	Description       string        `json:"description"`
	EmphasisFirstItem bool          `json:"emphasis_first_item"`
	ContentItem       []miniKeyPair `json:"content_item"`
}

type miniKeyPair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// body is a message that passed the checks, as chats show it.
type body struct {
	Kind  string
	Text  string
	Card  *Card
	Data  gin.H
	Notes []string
}

// message is a fresh copy for one member.
func (b *body) message() *ChatMessage {
	m := &ChatMessage{Kind: b.Kind, Text: b.Text, Notes: b.Notes}
	if b.Card != nil {
		m.Card = b.Card.clone()
	}
	if b.Data != nil {
		m.Data = b.Data
	}
	return m
}

// check applies the limits of api.md 2.1 to the body of one msgtype. The caller
// holds mu.
func (in *messageBodies) check(p *Platform, app App, kind string, safe int, now time.Time) (*body, *apiError) {
	b := &body{Kind: kind}
	if failed := checkSafe(kind, safe); failed != nil {
		return nil, failed
	}
	missing := fail(40063, kind)
	var failed *apiError
	switch kind {
	case "text":
		if in.Text == nil || in.Text.Content == "" {
			return nil, fail(44004, "")
		}
		b.Text = b.cut("content", in.Text.Content, 2048)
		if len(in.Text.MentionedList) > 0 {
			b.Data = gin.H{"mentioned_list": in.Text.MentionedList}
		}
	case "image", "voice", "file":
		part := map[string]*mediaBodyPart{"image": in.Image, "voice": in.Voice, "file": in.File}[kind]
		if part == nil {
			return nil, missing
		}
		failed = b.attach(p, kind, part.MediaID, now)
	case "video":
		if in.Video == nil {
			return nil, missing
		}
		failed = b.attach(p, kind, in.Video.MediaID, now)
		title := b.cut("title", in.Video.Title, 128)
		b.add("title", title)
		b.add("description", b.cut("description", in.Video.Description, 512))
		b.Text = title
	case "textcard":
		failed = b.textCard(in)
	case "news":
		failed = b.news(in, app)
	case "mpnews":
		failed = b.mpNews(p, in, now)
	case "markdown":
		if in.Markdown == nil || in.Markdown.Content == "" {
			return nil, fail(44004, "")
		}
		if len(in.Markdown.Content) > 2048 {
			return nil, fail(45002, "markdown.content is longer than 2048 bytes")
		}
		b.Text = in.Markdown.Content
	case "miniprogram_notice":
		failed = b.mini(in.MiniProgram, app)
	case "template_card":
		failed = b.card(p, in.TemplateCard, app, now)
	}
	if failed != nil {
		return nil, failed
	}
	return b, nil
}

// checkSafe: 0 always, 1 for text, image, video, file and mpnews, 2 for mpnews only.
func checkSafe(kind string, safe int) *apiError {
	switch {
	case safe == 0:
		return nil
	case kind == "news":
		return fail(40074, "")
	case safe == 2 && kind == "mpnews",
		safe == 1 && slices.Contains([]string{"text", "image", "video", "file", "mpnews"}, kind):
		return nil
	}
	return fail(40058, fmt.Sprintf("safe=%d not supported by %s", safe, kind))
}

func (b *body) cut(field, value string, bytes int) string {
	if len(value) > bytes {
		b.Notes = append(b.Notes, fmt.Sprintf("%s 超过 %d 字节，已截断", field, bytes))
	}
	return cutBytes(value, bytes)
}

func (b *body) add(name string, value any) {
	if b.Data == nil {
		b.Data = gin.H{}
	}
	b.Data[name] = value
}

func (b *body) attach(p *Platform, kind, id string, now time.Time) *apiError {
	if id == "" {
		return fail(41006, "")
	}
	m := p.liveMedia(id, now)
	if m == nil || m.Type != kind {
		return fail(40007, "")
	}
	b.add("media_id", id)
	b.add("filename", m.Name)
	b.Text = m.Name
	return nil
}

func (b *body) textCard(in *messageBodies) *apiError {
	c := in.TextCard
	switch {
	case c == nil || c.Title == "":
		return fail(41016, "")
	case c.Description == "":
		return fail(41033, "")
	case c.URL == "":
		return fail(40058, "textcard.url missing")
	case utf8.RuneCountInString(c.BtnTxt) > 4:
		return fail(40058, "textcard.btntxt exceed max length 4")
	}
	if code := badURL(c.URL, 2048); code != 0 {
		return fail(code, "textcard.url")
	}
	title, desc := cutRunes(c.Title, 128), cutRunes(c.Description, 512)
	if title != c.Title || desc != c.Description {
		b.Notes = append(b.Notes, "标题超过 128 字或描述超过 512 字，已截断")
	}
	button := c.BtnTxt
	if button == "" {
		button = "详情"
	}
	b.Text = title + "\n" + desc
	b.Data = gin.H{"title": title, "description": desc, "url": c.URL, "btntxt": button}
	return nil
}

func (b *body) news(in *messageBodies, app App) *apiError {
	if in.News == nil || len(in.News.Articles) == 0 {
		return fail(40063, "news.articles")
	}
	if len(in.News.Articles) > 8 {
		return fail(45008, "")
	}
	var titles []string
	for i, a := range in.News.Articles {
		if a.Title == "" {
			return fail(41016, "")
		}
		switch {
		case a.AppID != "" && a.PagePath != "":
			if !slices.Contains(app.MiniPrograms, a.AppID) {
				return fail(90206, "news.articles.appid is not linked to the app")
			}
			if len(a.PagePath) > 128 {
				return fail(40058, "news.articles.pagepath exceed max length 128")
			}
		case a.URL == "":
			return fail(40058, "news.articles.url missing")
		}
		for name, u := range map[string]string{"url": a.URL, "picurl": a.PicURL} {
			if u == "" {
				continue
			}
			if code := badURL(u, 2048); code != 0 {
				return fail(code, "news.articles."+name)
			}
		}
		a.Title = b.cut("title", a.Title, 128)
		a.Description = b.cut("description", a.Description, 512)
		in.News.Articles[i] = a
		titles = append(titles, a.Title)
	}
	b.Text = strings.Join(titles, "\n")
	b.Data = gin.H{"articles": in.News.Articles}
	return nil
}

func (b *body) mpNews(p *Platform, in *messageBodies, now time.Time) *apiError {
	if in.MPNews == nil || len(in.MPNews.Articles) == 0 {
		return fail(40063, "mpnews.articles")
	}
	if len(in.MPNews.Articles) > 8 {
		return fail(45008, "")
	}
	var titles []string
	for i, a := range in.MPNews.Articles {
		thumb := p.liveMedia(a.ThumbMediaID, now)
		switch {
		case a.Title == "":
			return fail(41016, "")
		case thumb == nil || thumb.Type != "image":
			return fail(40007, "mpnews.articles.thumb_media_id")
		case a.Content == "":
			return fail(44004, "")
		case len(a.Content) > 666<<10:
			return fail(45002, "")
		case len(a.Author) > 64:
			return fail(45032, "")
		}
		a.Title, a.Digest = b.cut("title", a.Title, 128), b.cut("digest", a.Digest, 512)
		in.MPNews.Articles[i] = a
		titles = append(titles, a.Title)
	}
	b.Text = strings.Join(titles, "\n")
	b.Data = gin.H{"articles": in.MPNews.Articles}
	return nil
}

func (b *body) mini(n *miniNotice, app App) *apiError {
	runes := utf8.RuneCountInString
	switch {
	case n == nil || n.AppID == "":
		return fail(90207, "miniprogram_notice.appid missing")
	case !slices.Contains(app.MiniPrograms, n.AppID):
		return fail(90206, "miniprogram_notice.appid is not linked to the app")
	case len(n.Page) > 1024:
		return fail(90204, "miniprogram_notice.page exceed max length 1024")
	case n.Title == "":
		return fail(41016, "")
	case runes(n.Title) < 4 || runes(n.Title) > 12:
		return fail(40058, "miniprogram_notice.title needs 4 to 12 characters")
	case n.Description != "" && (runes(n.Description) < 4 || runes(n.Description) > 12):
		return fail(40058, "miniprogram_notice.description needs 4 to 12 characters")
	case len(n.ContentItem) > 10:
		return fail(90201, "miniprogram_notice.content_item has more than 10 rows")
	}
	for _, row := range n.ContentItem {
		if runes(row.Key) > 10 || row.Key == "" && row.Value != "" {
			return fail(90202, "miniprogram_notice.content_item.key")
		}
		if runes(row.Value) > 30 || row.Value == "" && row.Key != "" {
			return fail(90203, "miniprogram_notice.content_item.value")
		}
	}
	b.Text = n.Title
	b.Data = gin.H{"appid": n.AppID, "page": n.Page, "title": n.Title, "description": n.Description,
		"emphasis_first_item": n.EmphasisFirstItem, "content_item": n.ContentItem}
	return nil
}

func (b *body) card(p *Platform, raw json.RawMessage, app App, now time.Time) *apiError {
	c, failed := p.readCard(raw, false, app, now, &b.Notes)
	if failed != nil {
		return failed
	}
	if c.updatable() && app.CallbackURL == "" {
		return fail(43012, "")
	}
	b.Card, b.Text = c, c.title()
	return nil
}

// readCard decodes and checks a template_card.
func (p *Platform) readCard(raw json.RawMessage, update bool, app App, now time.Time, notes *[]string) (*Card, *apiError) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, fail(40063, "template_card")
	}
	c := &Card{}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fail(40058, "Warning: wrong json format. template_card: "+err.Error())
	}
	if unknown := unknownField(raw, &Card{}); unknown != "" {
		*notes = append(*notes, "template_card 中有未知字段，已忽略："+unknown)
	}
	return c, p.checkCard(c, update, app, now, notes)
}

func (p *Platform) checkCard(c *Card, update bool, app App, now time.Time, notes *[]string) *apiError {
	k := &cardChecker{
		update: update,
		media:  func(id, kind string) bool { m := p.liveMedia(id, now); return m != nil && m.Type == kind },
		linked: func(appid string) bool { return slices.Contains(app.MiniPrograms, appid) },
	}
	failed := k.check(c)
	*notes = append(*notes, k.notes...)
	return failed
}

// unknownField names the first key of raw that sample's type does not have.
func unknownField(raw []byte, sample any) string {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	err := dec.Decode(sample)
	if err == nil {
		return ""
	}
	_, name, found := strings.Cut(err.Error(), "unknown field ")
	if !found {
		return ""
	}
	return name
}

var idToken = regexp.MustCompile(`\$(userName|departmentName|userAlias|userAliasOrName)=([^$\s]{1,64})\$`)

// translate replaces id tokens (api.md 2.4) in the fields of the body's kind. The
// caller holds mu.
func (b *body) translate(p *Platform, v visibility) {
	tr := func(s string) string { return p.translate(s, v) }
	if c := b.Card; c != nil {
		if c.Source != nil {
			c.Source.Desc = tr(c.Source.Desc)
		}
		if c.MainTitle != nil {
			c.MainTitle.Title, c.MainTitle.Desc = tr(c.MainTitle.Title), tr(c.MainTitle.Desc)
		}
		c.SubTitleText = tr(c.SubTitleText)
		for i := range c.HorizontalList {
			c.HorizontalList[i].Value = tr(c.HorizontalList[i].Value)
		}
		b.Text = c.title()
		return
	}
	switch b.Kind {
	case "text":
		b.Text = tr(b.Text)
	case "textcard", "miniprogram_notice":
		for _, name := range []string{"title", "description"} {
			if s, ok := b.Data[name].(string); ok {
				b.Data[name] = tr(s)
			}
		}
		if rows, ok := b.Data["content_item"].([]miniKeyPair); ok {
			for i := range rows {
				rows[i].Value = tr(rows[i].Value)
			}
		}
		b.Text = tr(b.Text)
	case "news":
		if list, ok := b.Data["articles"].([]article); ok {
			for i := range list {
				list[i].Title, list[i].Description = tr(list[i].Title), tr(list[i].Description)
			}
		}
		b.Text = tr(b.Text)
	case "mpnews":
		if list, ok := b.Data["articles"].([]mpArticle); ok {
			for i := range list {
				list[i].Title, list[i].Digest, list[i].Content = tr(list[i].Title), tr(list[i].Digest), tr(list[i].Content)
			}
		}
		b.Text = tr(b.Text)
	}
}

func (p *Platform) translate(s string, v visibility) string {
	return idToken.ReplaceAllStringFunc(s, func(token string) string {
		parts := idToken.FindStringSubmatch(token)
		if parts[1] == "departmentName" {
			id, err := strconv.Atoi(parts[2])
			if d := p.st.Company.Departments[id]; err == nil && d != nil && v.depts[id] {
				return d.Name
			}
			return token
		}
		m := p.st.Company.member(parts[2])
		switch {
		case !v.sees(m), parts[1] == "userAlias" && m.Alias == "":
			return token
		case parts[1] == "userName", parts[1] == "userAliasOrName" && m.Alias == "":
			return m.Name
		}
		return m.Alias
	})
}
