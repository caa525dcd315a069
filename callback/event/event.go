// Package event holds what WeCom tells a self-built app over its callback URL, one type for each message and event
// of callbacks.md chapters 3 and 4, and the replies an app may give in the same HTTP exchange (chapter 5).
//
// Every event is a pointer to a struct that embeds Header; use a type switch:
//
//	switch e := ev.(type) {
//	case *event.Text:
//	case *event.CardClick:
//	}
package event

import (
	"strings"
	"time"
	"unicode"
)

// Event is one message or event. Only types of this package implement it.
type Event interface {
	Head() Header
	head() *Header
}

// Header is what every event carries. Ids are trimmed texts; an absent value is empty.
type Header struct {
	ToUserName   string    // the corp id
	FromUserName string    // the member's userid, "sys" for system events, empty for 微信客服
	CreateTime   time.Time // whole seconds, UTC; zero when absent or absurd
	MsgType      string
	Event        string
	ChangeType   string
	EventKey     string
	MsgID        string // messages only; up to 19 digits
	AgentID      string // also ids of system apps such as 3010040; see callbacks.md trap 23

	Receiver   string // the receiver's name in the callback URL
	App        string // the app's name; empty for the contact-sync receiver
	ReceivedAt time.Time

	// Raw is the plaintext as it was decrypted. It must not be changed.
	Raw []byte
}

// System is the FromUserName of events that no member caused.
const System = "sys"

// Head returns a copy of the header.
func (h *Header) Head() Header  { return *h }
func (h *Header) head() *Header { return h }

// Origin says how an event came in.
type Origin struct {
	Receiver   string
	App        string
	ReceivedAt time.Time
}

// Stamp writes the origin into the event's header.
func Stamp(ev Event, o Origin) {
	h := ev.head()
	h.Receiver, h.App, h.ReceivedAt = o.Receiver, o.App, o.ReceivedAt
}

// FromMember reports whether a member caused the event. Nobody has a userid of more than 64 bytes or with blanks
// ([90195]).
func (h Header) FromMember() bool {
	const longest = 64 // bytes
	return h.FromUserName != "" && h.FromUserName != System && len(h.FromUserName) <= longest &&
		!strings.ContainsFunc(h.FromUserName, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// Kind is a stable name for metrics and storage: "text", "event.click", "event.change_contact.create_user". Values
// that cannot be a name of WeCom's give "unknown", so that a kind is always short and printable.
func (h Header) Kind() string {
	kind := h.MsgType
	if h.Event != "" {
		kind += "." + h.Event
	}
	if h.ChangeType != "" {
		kind += "." + h.ChangeType
	}
	const longest = 64 // bytes; WeCom's longest has 45
	if kind == "" || len(kind) > longest {
		return "unknown"
	}
	for i := 0; i < len(kind); i++ {
		c := kind[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '.' && c != '-' {
			return "unknown"
		}
	}
	return kind
}

// Field is a value whose absence differs from its being empty: in update_user an absent field did not change, an
// empty one was cleared (callbacks.md trap 28).
type Field[T any] struct {
	Value   T
	Present bool
}

// Some returns a present field.
func Some[T any](v T) Field[T] { return Field[T]{Value: v, Present: true} }

// Get returns the value and whether it is present.
func (f Field[T]) Get() (T, bool) { return f.Value, f.Present }
