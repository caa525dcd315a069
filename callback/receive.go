package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"guiju/callback/envelope"
	"guiju/callback/event"
)

// verify answers a URL verification with the bare echo: no quotes, no mark, no newline ([90930]).
func (h *Handler) verify(x *exchange) {
	echo, err := x.receiver.Keys.OpenEcho(x.signed(), x.Query("echostr"))
	if err != nil {
		h.refuse(x, http.StatusForbidden, envelope.Reason(err))
		return
	}
	x.Data(http.StatusOK, "text/plain; charset=utf-8", echo)
	x.echo = string(echo)
	h.observe(x, Verified, "")
}

// receive opens one callback, hands it to the inbox and answers.
func (h *Handler) receive(x *exchange) {
	if !readable(x.Request) {
		h.refuse(x, http.StatusUnsupportedMediaType, "content_type")
		return
	}
	body := h.bodies.Get().(*bytes.Buffer)
	defer h.releaseBody(body)
	release, err := h.readBody(x, body)
	defer release()
	if err != nil {
		status, reason := bodyRefusal(err)
		h.refuse(x, status, reason)
		return
	}
	opened, err := x.receiver.Keys.Open(x.signed(), body.Bytes())
	if err != nil {
		h.refuse(x, http.StatusForbidden, envelope.Reason(err))
		return
	}
	d, err := NewDelivery(x.receiver, opened.Message, x.at, x.arrived)
	if err != nil {
		h.refuse(x, http.StatusForbidden, "plaintext_"+decodeReason(err))
		return
	}
	head := d.Event.Head()
	x.kind = head.Kind()

	// A connection WeCom has closed does not stop work that has begun.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.Request.Context()), inboxLimit)
	defer cancel()
	answer, err := h.accept(ctx, d)
	if err != nil {
		h.fail(x, d, "accept callback", err)
		return
	}
	h.answer(ctx, x, d, opened, answer.Reply)
}

// answer writes the reply, or gives it back to the inbox when it cannot arrive any more.
func (h *Handler) answer(ctx context.Context, x *exchange, d Delivery, opened envelope.Opened, reply event.Reply) {
	if reply == nil {
		x.Status(http.StatusOK)
		h.observe(x, Empty, "")
		return
	}
	sealed, contentType, err := h.seal(d, opened, reply)
	if err != nil {
		h.o.Log.Error("passive reply not possible", about(d, err)...)
	}
	if err != nil || h.o.Machine().Sub(x.arrived) >= ReplyLimit || x.Request.Context().Err() != nil {
		// Handed back before the empty 200: if that fails, WeCom asks again and gets the stored reply.
		if err := h.inbox.Undelivered(ctx, d); err != nil {
			h.fail(x, d, "hand back reply", err)
			return
		}
		x.Status(http.StatusOK)
		h.observe(x, Late, "")
		return
	}
	if err := write(x, contentType, sealed); err != nil {
		if err := h.inbox.Undelivered(ctx, d); err != nil {
			h.o.Log.Error("hand back reply", about(d, err)...)
		}
		h.observe(x, Late, "")
		return
	}
	h.observe(x, Replied, "")
}

func (h *Handler) seal(d Delivery, opened envelope.Opened, reply event.Reply) (sealed []byte, contentType string, err error) {
	if !event.Accepts(d.Event, reply) {
		return nil, "", fmt.Errorf("%w: %s does not answer %s", event.ErrReply, reply.MsgType(), d.Event.Head().Kind())
	}
	at := h.o.Now()
	render, contentType := event.Render, "text/xml; charset=utf-8"
	if opened.Form == envelope.JSON {
		render, contentType = event.RenderJSON, "application/json; charset=utf-8"
	}
	plain, err := render(reply, event.AnswerTo(d.Event, at))
	if err != nil {
		return nil, "", err
	}
	sealed, err = opened.Seal(envelope.NewSalt(at), plain)
	return sealed, contentType, err
}

// accept turns a panic of the inbox into an error: the callback is not stored, so WeCom must send it again. Of the
// panic only what the runtime says is shown, because any other value may quote the message.
func (h *Handler) accept(ctx context.Context, d Delivery) (a Answer, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("panic: %w at %s", p, debug.Stack())
		default:
			err = fmt.Errorf("panic: %T at %s", p, debug.Stack())
		}
	}()
	return h.inbox.Accept(ctx, d)
}

// fail makes WeCom send the callback again.
func (h *Handler) fail(x *exchange, d Delivery, what string, err error) {
	h.o.Log.Error(what, about(d, err)...)
	x.Status(http.StatusServiceUnavailable)
	h.observe(x, Failed, "")
}

// signed collects the signed parameters. net/url has decoded them, once.
func (x *exchange) signed() envelope.Query {
	q := x.Request.URL.Query()
	return envelope.Query{Signature: q.Get("msg_signature"), Timestamp: q.Get("timestamp"), Nonce: q.Get("nonce")}
}

// about names a delivery in a log without telling what it says.
func about(d Delivery, err error) []any {
	return []any{slog.String("receiver", d.Receiver), slog.String("kind", d.Event.Head().Kind()),
		slog.String("delivery", d.Key), slog.Any("error", err)}
}

// readable accepts every content type that can hold an envelope, also none and wrong ones: WeCom documents none, and
// the signature is the proof. Uploads and compressed bodies are turned away unread.
func readable(r *http.Request) bool {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return true
	}
	for _, foreign := range []string{"multipart/", "image/", "audio/", "video/", "font/"} {
		if strings.HasPrefix(kind, foreign) {
			return false
		}
	}
	return true
}

// readBody reads a body of an ordinary size freely, and of a large one no more than that before it has one of the few
// places, which release gives back when the body is done with: so a flood of megabytes costs a bounded memory.
func (h *Handler) readBody(x *exchange, into *bytes.Buffer) (release func(), err error) {
	release = func() {}
	if x.Request.ContentLength > envelope.MaxBody {
		return release, envelope.ErrSize
	}
	// Not every ResponseWriter has a connection with deadlines; the server's own read timeout holds then.
	_ = http.NewResponseController(x.Writer).SetReadDeadline(time.Now().Add(readLimit))
	_, err = into.ReadFrom(io.LimitReader(x.Request.Body, ordinaryBody))
	if err != nil || into.Len() < ordinaryBody {
		return release, err
	}
	wait := time.NewTimer(readLimit)
	defer wait.Stop()
	select {
	case h.large <- struct{}{}:
		release = func() { <-h.large }
	case <-wait.C:
		return release, errBusy
	}
	_, err = into.ReadFrom(io.LimitReader(x.Request.Body, envelope.MaxBody+1-ordinaryBody))
	if err == nil && into.Len() > envelope.MaxBody {
		err = envelope.ErrSize
	}
	return release, err
}

// errBusy makes WeCom send the callback again.
var errBusy = errors.New("too many large bodies at once")

func bodyRefusal(err error) (status int, reason string) {
	switch {
	case errors.Is(err, envelope.ErrSize):
		return http.StatusRequestEntityTooLarge, envelope.Reason(err)
	case errors.Is(err, errBusy):
		return http.StatusServiceUnavailable, "busy"
	}
	return http.StatusBadRequest, "body"
}

// write hands the answer to the network, so that a closed connection shows.
func write(x *exchange, contentType string, body []byte) error {
	x.Header("Content-Type", contentType)
	x.Header("Content-Length", strconv.Itoa(len(body)))
	x.Status(http.StatusOK)
	if _, err := x.Writer.Write(body); err != nil {
		return fmt.Errorf("write reply: %w", err)
	}
	// Gin's own Flush keeps errors to itself; the writer below it does not.
	var below http.ResponseWriter = x.Writer
	if w, ok := below.(interface{ Unwrap() http.ResponseWriter }); ok {
		below = w.Unwrap()
	}
	err := http.NewResponseController(below).Flush()
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("write reply: %w", err)
	}
	return x.Request.Context().Err()
}

// releaseBody keeps ordinary buffers; a rare huge one is left to the collector.
func (h *Handler) releaseBody(b *bytes.Buffer) {
	if b.Cap() <= 2*ordinaryBody {
		b.Reset()
		h.bodies.Put(b)
	}
}
