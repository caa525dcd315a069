package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"guiju/callback/event"
)

// Delivery is one callback that proved to be from WeCom.
type Delivery struct {
	Receiver   string // the receiver's name in the URL
	App        string // the app's name; empty for the contact-sync receiver
	AgentID    string // the receiver's configured agent id; empty for the contact-sync receiver
	Key        string // identity of the delivery, see Key
	Event      event.Event
	Raw        []byte    // the plaintext
	ReceivedAt time.Time // business time
	Arrived    time.Time // machine time, with the monotonic reading
}

// Answer is what an Inbox wants told in the HTTP response. A nil Reply is an empty 200.
type Answer struct {
	Reply event.Reply
}

// Inbox takes deliveries over. It is implemented by the app.
type Inbox interface {
	// Accept returns once the delivery is stored durably; an error makes WeCom send it again.
	Accept(ctx context.Context, d Delivery) (Answer, error)

	// Undelivered tells that the Reply that Accept returned for d did not reach WeCom, or could not: it must be
	// sent as a message. After an error WeCom is made to send the callback again, when that is still possible.
	Undelivered(ctx context.Context, d Delivery) error
}

// NewDelivery decodes a plaintext that came in, or was stored, for a receiver.
func NewDelivery(r Receiver, raw []byte, receivedAt, arrived time.Time) (Delivery, error) {
	ev, err := Decode(raw)
	if err != nil {
		return Delivery{}, err
	}
	event.Stamp(ev, event.Origin{Receiver: r.Name, App: r.app(), ReceivedAt: receivedAt})
	return Delivery{
		Receiver: r.Name, App: r.app(), AgentID: r.AgentID, Key: Key(r.Name, ev),
		Event: ev, Raw: raw, ReceivedAt: receivedAt, Arrived: arrived,
	}, nil
}

// Key is what makes two deliveries the same: the MsgId at its receiver for messages, else the SHA-256 of the
// plaintext. The rule FromUserName + CreateTime, which WeCom advises for events, loses events (callbacks.md 2.2).
// A key is at most 130 bytes.
func Key(receiver string, ev event.Event) string {
	const longest = 64 // bytes; real ids have 19
	h := ev.Head()
	if id := h.MsgID; id != "" && len(id) <= longest && h.Event == "" {
		return receiver + "/" + id
	}
	sum := sha256.Sum256(h.Raw)
	return hex.EncodeToString(sum[:])
}
