package wecom

import (
	"fmt"
	"strings"

	"guiju/wecom/internal/wire"
)

// Limits of message bodies in bytes where not said otherwise [90236].
const (
	maxText        = 2048
	maxTitle       = 128
	maxDescription = 512
	maxURL         = 2048
	maxButtonText  = 4 // characters
	maxArticles    = 8
	maxMPContent   = 666 << 10
	maxAuthor      = 64
	maxPagePath    = 128
	maxNoticePage  = 1024
	maxNoticeRows  = 10
	maxNoticeTitle = 12 // characters
	maxNoticeKey   = 10 // characters
	maxNoticeValue = 30 // characters
	maxMediaID     = 512
)

// checks keeps the first thing WeCom would refuse.
type checks struct{ err error }

func (k *checks) refuse(path, format string, args ...any) {
	if k.err == nil {
		k.err = &InvalidError{Path: path, Problem: fmt.Sprintf(format, args...)}
	}
}

func (k *checks) need(path, s string, limit int) {
	switch {
	case strings.TrimSpace(s) == "":
		k.refuse(path, "required")
	case len(s) > limit:
		k.refuse(path, "has %d bytes, the limit is %d", len(s), limit)
	}
}

func (k *checks) alphanumeric(path, s string) {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			k.refuse(path, "holds %q, allowed are letters and digits", r)
		}
	}
}

func (k *checks) url(path, s string) {
	if s != "" && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		k.refuse(path, "must begin with http:// or https://")
	}
	k.need(path, s, maxURL)
}

func (k *checks) optionalURL(path, s string) {
	if s != "" {
		k.url(path, s)
	}
}

func (k *checks) atMost(path string, n, limit int) {
	if n > limit {
		k.refuse(path, "has %d entries, the limit is %d", n, limit)
	}
}

// title cleans a required title and cuts it.
func (k *checks) title(path, s string, limit int) string {
	s = wire.CutBytes(wire.Clean(s), limit)
	k.need(path, s, limit)
	return s
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

type mediaBody struct {
	MediaID string `json:"media_id"`
}

func renderMedia(msgType, mediaID string, safe bool) (rendered, error) {
	var k checks
	k.need(msgType+".media_id", mediaID, maxMediaID)
	return rendered{msgType: msgType, body: mediaBody{mediaID}, safe: flag(safe)}, k.err
}

type textBody struct {
	Content       string   `json:"content"`
	MentionedList []string `json:"mentioned_list,omitempty"` // appchat only
}

func (m Text) render() (rendered, error) {
	var k checks
	content := wire.Clean(m.Content)
	k.need("text.content", content, maxText)
	return rendered{msgType: "text", body: textBody{Content: content}, safe: flag(m.Safe), idTrans: m.TranslateIDs}, k.err
}

func (m Image) render() (rendered, error) { return renderMedia("image", m.MediaID, m.Safe) }

func (m Voice) render() (rendered, error) { return renderMedia("voice", m.MediaID, false) }

func (m File) render() (rendered, error) { return renderMedia("file", m.MediaID, m.Safe) }

func (m Video) render() (rendered, error) {
	r, err := renderMedia("video", m.MediaID, m.Safe)
	r.body = struct {
		mediaBody
		Title       string `json:"title,omitempty"`
		Description string `json:"description,omitempty"`
	}{mediaBody{m.MediaID}, wire.CutBytes(wire.Clean(m.Title), maxTitle), wire.CutBytes(wire.Clean(m.Description), maxDescription)}
	return r, err
}

func (m TextCard) render() (rendered, error) {
	var k checks
	body := struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		URL         string `json:"url"`
		BtnTxt      string `json:"btntxt,omitempty"`
	}{
		// message/send counts characters, appchat/send bytes; bytes suit both.
		Title:       k.title("textcard.title", m.Title, maxTitle),
		Description: k.title("textcard.description", m.Description, maxDescription),
		URL:         m.URL,
		BtnTxt:      wire.CutRunes(wire.Clean(m.ButtonText), maxButtonText),
	}
	k.url("textcard.url", m.URL)
	return rendered{msgType: "textcard", body: body, idTrans: m.TranslateIDs}, k.err
}

func (m News) render() (rendered, error) {
	var k checks
	if n := len(m.Articles); n < 1 || n > maxArticles {
		k.refuse("news.articles", "has %d entries, allowed are 1 to %d", n, maxArticles)
	}
	articles := make([]Article, 0, len(m.Articles))
	for i, a := range m.Articles {
		at := fmt.Sprintf("news.articles[%d]", i)
		a.Title = k.title(at+".title", a.Title, maxTitle)
		a.Description = wire.CutBytes(wire.Clean(a.Description), maxDescription)
		k.optionalURL(at+".picurl", a.PicURL)
		if a.AppID != "" || a.PagePath != "" {
			k.need(at+".appid", a.AppID, maxPagePath)
			k.need(at+".pagepath", a.PagePath, maxPagePath)
			k.optionalURL(at+".url", a.URL)
		} else {
			k.url(at+".url", a.URL)
		}
		articles = append(articles, a)
	}
	return rendered{msgType: "news", body: articleList{articles}, idTrans: m.TranslateIDs}, k.err
}

type articleList struct {
	Articles any `json:"articles"`
}

func (m MPNews) render() (rendered, error) {
	var k checks
	if n := len(m.Articles); n < 1 || n > maxArticles {
		k.refuse("mpnews.articles", "has %d entries, allowed are 1 to %d", n, maxArticles)
	}
	if m.Safe < Open || m.Safe > CorpOnly {
		k.refuse("safe", "is %d, allowed are 0 to 2", m.Safe)
	}
	articles := make([]MPArticle, 0, len(m.Articles))
	for i, a := range m.Articles {
		at := fmt.Sprintf("mpnews.articles[%d]", i)
		a.Title = k.title(at+".title", a.Title, maxTitle)
		a.Content = wire.Clean(a.Content)
		a.Digest = wire.CutBytes(wire.Clean(a.Digest), maxDescription)
		a.Author = wire.Clean(a.Author)
		k.need(at+".thumb_media_id", a.ThumbMediaID, maxMediaID)
		k.need(at+".content", a.Content, maxMPContent)
		k.optionalURL(at+".content_source_url", a.ContentSourceURL)
		if len(a.Author) > maxAuthor {
			k.refuse(at+".author", "has %d bytes, the limit is %d", len(a.Author), maxAuthor)
		}
		articles = append(articles, a)
	}
	return rendered{msgType: "mpnews", body: articleList{articles}, safe: int(m.Safe), idTrans: m.TranslateIDs}, k.err
}

func (m Markdown) render() (rendered, error) {
	var k checks
	content := wire.Clean(m.Content)
	k.need("markdown.content", content, maxText)
	return rendered{msgType: "markdown", body: textBody{Content: content}}, k.err
}

func (m MiniProgramNotice) render() (rendered, error) {
	var k checks
	k.need("miniprogram_notice.appid", m.AppID, maxPagePath)
	if len(m.Page) > maxNoticePage {
		k.refuse("miniprogram_notice.page", "has %d bytes, the limit is %d", len(m.Page), maxNoticePage)
	}
	title := wire.CutRunes(wire.Clean(m.Title), maxNoticeTitle)
	k.need("miniprogram_notice.title", title, maxTitle)
	k.atMost("miniprogram_notice.content_item", len(m.Rows), maxNoticeRows)
	var rows []NoticeRow
	for _, r := range m.Rows {
		rows = append(rows, NoticeRow{
			Key:   wire.CutRunes(wire.Clean(r.Key), maxNoticeKey),
			Value: wire.CutRunes(wire.Clean(r.Value), maxNoticeValue),
		})
	}
	body := struct {
		AppID       string      `json:"appid"`
		Page        string      `json:"page,omitempty"`
		Title       string      `json:"title"`
		Description string      `json:"description,omitempty"`
		Emphasis    bool        `json:"emphasis_first_item,omitempty"`
		Rows        []NoticeRow `json:"content_item,omitempty"`
	}{m.AppID, m.Page, title, wire.CutRunes(wire.Clean(m.Description), maxNoticeTitle), m.Emphasis, rows}
	return rendered{msgType: "miniprogram_notice", body: body, idTrans: m.TranslateIDs}, k.err
}

func (m TemplateCard) render() (rendered, error) {
	var k checks
	switch {
	case m.Card.IsZero():
		k.refuse("template_card", "required")
	case m.Card.IsUpdate():
		k.refuse("template_card", "made for an update, cannot be sent as a new card")
	}
	return rendered{msgType: "template_card", body: m.Card, idTrans: m.TranslateIDs}, k.err
}
