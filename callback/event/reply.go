package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Byte limits of passive replies ([90241]). WeCom cuts what is longer; this package refuses it.
const (
	MaxText        = 2048
	MaxTitle       = 128
	MaxDescription = 512
	MaxArticles    = 8 // of message/send; none is documented for replies
)

// ErrReply marks every error about a reply's content.
var ErrReply = errors.New("reply refused")

// Reply is a passive reply: the answer given inside the HTTP response. Only types of this package implement it.
type Reply interface {
	// MsgType is WeCom's name of the reply.
	MsgType() string
	// Check names the first field WeCom would cut or refuse.
	Check() error
	write(*writer)
}

// TextReply is a text of at most MaxText bytes.
type TextReply struct {
	Content string `json:"content"`
}

// ImageReply is an uploaded picture.
type ImageReply struct {
	MediaID string `json:"media_id"`
}

// VoiceReply is an uploaded voice recording.
type VoiceReply struct {
	MediaID string `json:"media_id"`
}

// VideoReply is an uploaded video.
type VideoReply struct {
	MediaID     string `json:"media_id"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// NewsReply is a list of 1 to MaxArticles links with pictures.
type NewsReply struct {
	Articles []Article `json:"articles"`
}

// Article is one entry of a NewsReply.
type Article struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	PicURL      string `json:"picurl,omitempty"`
	URL         string `json:"url,omitempty"`
}

// UpdateButton greys the pressed button of the presser's card and gives it a new text.
type UpdateButton struct {
	ReplaceName string `json:"replace_name"`
}

// UpdateTemplateCard replaces the presser's card.
type UpdateTemplateCard struct {
	Card TemplateCard `json:"template_card"`
}

// UpdateTaskCard greys the pressed button of an old task card.
type UpdateTaskCard struct {
	ReplaceName string `json:"replace_name"`
}

func (*TextReply) MsgType() string          { return "text" }
func (*ImageReply) MsgType() string         { return "image" }
func (*VoiceReply) MsgType() string         { return "voice" }
func (*VideoReply) MsgType() string         { return "video" }
func (*NewsReply) MsgType() string          { return "news" }
func (*UpdateButton) MsgType() string       { return "update_button" }
func (*UpdateTemplateCard) MsgType() string { return "update_template_card" }
func (*UpdateTaskCard) MsgType() string     { return "update_taskcard" }

// CanReply reports whether WeCom shows any passive reply to ev (callbacks.md chapter 5).
func CanReply(ev Event) bool { return answers(ev) != nil }

// Accepts reports whether WeCom shows this reply to ev.
func Accepts(ev Event, r Reply) bool {
	for _, kind := range answers(ev) {
		if kind == r.MsgType() {
			return true
		}
	}
	return false
}

var (
	plainReplies    = []string{"text", "image", "voice", "video", "news"}
	cardReplies     = []string{"update_button", "update_template_card"}
	cardMenuReplies = append([]string{"update_template_card"}, plainReplies...)
	taskCardReplies = []string{"update_taskcard"}
)

func answers(ev Event) []string {
	if !ev.head().FromMember() {
		return nil
	}
	switch e := ev.(type) {
	case *Text, *Image, *Voice, *Video, *Location, *Link,
		*Subscribe, *EnterAgent, *LocationReport, *Click, *View, *ViewMiniprogram:
		return plainReplies
	case *ScanCode:
		if e.Waiting {
			return plainReplies
		}
	case *CardMenu:
		return cardMenuReplies
	case *CardClick:
		return cardReplies
	case *TaskCardClick:
		return taskCardReplies
	}
	return nil
}

// Address is the head of a rendered reply.
type Address struct {
	To   string // the member's userid
	From string // the corp id
	At   time.Time
}

// AnswerTo is the address of an answer to ev.
func AnswerTo(ev Event, at time.Time) Address {
	h := ev.head()
	return Address{To: h.FromUserName, From: h.ToUserName, At: at}
}

// MarshalReply stores a reply, so that a duplicate of its event gets the same answer again.
func MarshalReply(r Reply) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("marshal %s reply: %w", r.MsgType(), err)
	}
	return json.Marshal(storedReply{MsgType: r.MsgType(), Body: body})
}

// UnmarshalReply is the inverse of MarshalReply.
func UnmarshalReply(stored []byte) (Reply, error) {
	var s storedReply
	if err := json.Unmarshal(stored, &s); err != nil {
		return nil, fmt.Errorf("unmarshal reply: %w", err)
	}
	for _, r := range []Reply{
		&TextReply{}, &ImageReply{}, &VoiceReply{}, &VideoReply{}, &NewsReply{},
		&UpdateButton{}, &UpdateTemplateCard{}, &UpdateTaskCard{},
	} {
		if r.MsgType() != s.MsgType {
			continue
		}
		if err := json.Unmarshal(s.Body, r); err != nil {
			return nil, fmt.Errorf("unmarshal %s reply: %w", s.MsgType, err)
		}
		return r, nil
	}
	return nil, fmt.Errorf("unmarshal reply: unknown type %q", s.MsgType)
}

type storedReply struct {
	MsgType string          `json:"msgtype"`
	Body    json.RawMessage `json:"reply"`
}

func (r *TextReply) Check() error {
	return errors.Join(need("Content", r.Content), limit("Content", r.Content, MaxText))
}

func (r *ImageReply) Check() error { return need("Image.MediaId", r.MediaID) }

func (r *VoiceReply) Check() error { return need("Voice.MediaId", r.MediaID) }

func (r *VideoReply) Check() error {
	return errors.Join(need("Video.MediaId", r.MediaID),
		limit("Video.Title", r.Title, MaxTitle), limit("Video.Description", r.Description, MaxDescription))
}

func (r *NewsReply) Check() error {
	if n := len(r.Articles); n < 1 || n > MaxArticles {
		return fmt.Errorf("%w: Articles has %d entries, 1 to %d are allowed", ErrReply, n, MaxArticles)
	}
	for i, a := range r.Articles {
		at := fmt.Sprintf("Articles[%d].", i)
		if err := errors.Join(need(at+"Title", a.Title), limit(at+"Title", a.Title, MaxTitle),
			limit(at+"Description", a.Description, MaxDescription)); err != nil {
			return err
		}
	}
	return nil
}

func (r *UpdateButton) Check() error { return need("Button.ReplaceName", r.ReplaceName) }

func (r *UpdateTemplateCard) Check() error { return r.Card.Check() }

func (r *UpdateTaskCard) Check() error { return need("TaskCard.ReplaceName", r.ReplaceName) }

func need(field, value string) error {
	if value == "" {
		return fmt.Errorf("%w: %s is empty", ErrReply, field)
	}
	return nil
}

func limit(field, value string, most int) error {
	if len(value) > most {
		return fmt.Errorf("%w: %s has %d bytes, at most %d are allowed", ErrReply, field, len(value), most)
	}
	return nil
}
