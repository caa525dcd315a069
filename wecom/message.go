package wecom

import "guiju/wecom/card"

// Message is one of the message types of message/send [90236].
type Message interface {
	// render checks the message and returns its type, its body and the envelope flags it uses.
	render() (rendered, error)
}

// rendered is a checked message.
type rendered struct {
	msgType string
	body    any
	safe    int
	idTrans bool
}

// Text is a text message; Content has at most 2,048 bytes (WeCom would cut the rest, so more is refused).
// Line breaks and <a href="…">…</a> work.
type Text struct {
	Content      string
	Safe         bool // no sharing, watermark
	TranslateIDs bool // translate $userName=ID$ and the like
}

// Image is a picture uploaded with media/upload type=image.
type Image struct {
	MediaID string
	Safe    bool
}

// Voice is an AMR recording uploaded with media/upload type=voice.
type Voice struct{ MediaID string }

// Video is a film uploaded with media/upload type=video. Title and Description are cut to 128 and 512 bytes.
type Video struct {
	MediaID     string
	Title       string
	Description string
	Safe        bool
}

// File is a file uploaded with media/upload type=file.
type File struct {
	MediaID string
	Safe    bool
}

// TextCard is a titled text with one link. Title and Description are cut to 128 and 512 bytes, ButtonText to 4
// characters (default 详情).
type TextCard struct {
	Title        string
	Description  string
	URL          string
	ButtonText   string
	TranslateIDs bool
}

// News is 1 to 8 linked articles.
type News struct {
	Articles     []Article
	TranslateIDs bool
}

// Article leads to URL, or to PagePath of the mini program AppID, which wins. Title and Description are cut to 128 and
// 512 bytes.
type Article struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
	PicURL      string `json:"picurl,omitempty"`
	AppID       string `json:"appid,omitempty"`
	PagePath    string `json:"pagepath,omitempty"`
}

// MPNews is 1 to 8 articles whose text WeCom stores.
type MPNews struct {
	Articles []MPArticle
	// Safe is Open, Protected, or CorpOnly, which only this type knows.
	Safe         SafeLevel
	TranslateIDs bool
}

// SafeLevel says how far an MPNews may travel.
type SafeLevel int

// The three levels of the safe field [90236].
const (
	Open SafeLevel = iota
	Protected
	CorpOnly
)

// MPArticle is an article with an HTML text of at most 666 KB. Title and Digest are cut to 128 and 512 bytes.
type MPArticle struct {
	Title            string `json:"title"`
	ThumbMediaID     string `json:"thumb_media_id"`
	Author           string `json:"author,omitempty"` // ≤ 64 bytes
	ContentSourceURL string `json:"content_source_url,omitempty"`
	Content          string `json:"content"`
	Digest           string `json:"digest,omitempty"`
}

// Markdown is a text of at most 2,048 bytes in WeCom's Markdown subset (headings, bold, links, code, quotes, font
// colours info, comment, warning).
type Markdown struct{ Content string }

// MiniProgramNotice leads to a mini program bound to the app. It cannot go to everybody.
type MiniProgramNotice struct {
	AppID        string
	Page         string // ≤ 1,024 bytes; empty: leads nowhere
	Title        string // 4 to 12 Chinese characters advised
	Description  string // 4 to 12 Chinese characters advised
	Emphasis     bool   // shows the first row big
	Rows         []NoticeRow
	TranslateIDs bool
}

// NoticeRow is a row of a MiniProgramNotice; Key is cut to 10, Value to 30 characters.
type NoticeRow struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// TemplateCard sends a card.
type TemplateCard struct {
	Card         card.Card
	TranslateIDs bool
}
