package callback

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// ReplyLimit is how long after receipt a passive reply is still given. WeCom closes the connection after 5 s
	// ([90930]); the rest is for the way back.
	ReplyLimit = 4 * time.Second

	// readLimit is how long a body may take to arrive.
	readLimit = 5 * time.Second

	// ordinaryBody is the size of a body that is read without asking; WeCom's largest known callbacks have some
	// 30 KiB. largeAtOnce is how many of the others, up to envelope.MaxBody, are held at once.
	ordinaryBody = 64 << 10 // bytes
	largeAtOnce  = 8

	// inboxLimit bounds the context an Inbox works under, which outlives a closed connection.
	inboxLimit = 10 * time.Second
)

// Options are the handler's collaborators. Zero values are replaced by the real clock, a silent logger and no hooks.
type Options struct {
	Now     func() time.Time // business time
	Machine func() time.Time // machine time, monotonic
	Log     *slog.Logger
	Observe func(Observation)

	// OnRefusal is told of every refusal, so that it outlives the process. It must return quickly.
	OnRefusal func(receiver, reason string, at time.Time)
}

// Outcome is how a request ended.
type Outcome string

const (
	Verified Outcome = "verified" // URL verification answered
	Empty    Outcome = "empty"    // accepted, nothing to say
	Replied  Outcome = "replied"  // accepted, passive reply written
	Late     Outcome = "late"     // accepted, the reply was handed back as undelivered
	Refused  Outcome = "refused"  // not WeCom's, not readable, or no such URL
	Failed   Outcome = "failed"   // not stored; WeCom sends it again
)

// UnknownReceiver stands for every receiver that is not configured, so that metrics stay bounded.
const UnknownReceiver = "unknown"

// Observation is what metrics learn about one request.
type Observation struct {
	Receiver string // a configured name or UnknownReceiver
	Kind     string // event.Header.Kind, empty if nothing was decoded
	Outcome  Outcome
	Reason   string // of refusals
	Echo     string // what a verification was answered with
	Took     time.Duration
}

// Handler serves the callback URLs of all receivers.
type Handler struct {
	receivers map[string]Receiver
	inbox     Inbox
	o         Options
	refused   refusals
	bodies    sync.Pool     // of *bytes.Buffer
	large     chan struct{} // places of large bodies
}

// New checks the receivers and builds their handler.
func New(receivers []Receiver, inbox Inbox, o Options) (*Handler, error) {
	h := &Handler{receivers: make(map[string]Receiver, len(receivers)), inbox: inbox, large: make(chan struct{}, largeAtOnce), o: o.withDefaults()}
	for _, r := range receivers {
		if err := r.check(); err != nil {
			return nil, err
		}
		if _, taken := h.receivers[r.Name]; taken {
			return nil, fmt.Errorf("receiver %q: the name is used twice", r.Name)
		}
		h.receivers[r.Name] = r
	}
	h.bodies.New = func() any { return new(bytes.Buffer) }
	return h, nil
}

// Register adds /callback/{receiver}: GET verifies the URL, POST receives. Other methods are answered 405, other
// receivers 404.
func (h *Handler) Register(r gin.IRouter) {
	r.Any("/callback/:receiver", h.serve)
}

// Refusals is a snapshot, ordered by receiver and reason.
func (h *Handler) Refusals() []Refusal { return h.refused.snapshot() }

// exchange is one request on its way through the handler.
type exchange struct {
	*gin.Context
	receiver Receiver
	arrived  time.Time // machine time
	at       time.Time // business time
	kind     string
	echo     string // answered to a verification
}

func (h *Handler) serve(c *gin.Context) {
	x := &exchange{Context: c, arrived: h.o.Machine(), at: h.o.Now()}
	r, known := h.receivers[c.Param("receiver")]
	if !known {
		x.receiver.Name = UnknownReceiver
		h.refuse(x, http.StatusNotFound, "receiver")
		return
	}
	x.receiver = r
	switch c.Request.Method {
	case http.MethodGet:
		h.verify(x)
	case http.MethodPost:
		h.receive(x)
	default:
		c.Header("Allow", "GET, POST")
		h.refuse(x, http.StatusMethodNotAllowed, "method")
	}
}

// refuse answers without a body and counts. Nothing of the request is kept.
func (h *Handler) refuse(x *exchange, status int, reason string) {
	x.Status(status)
	h.refused.add(x.receiver.Name, reason, x.at)
	h.o.OnRefusal(x.receiver.Name, reason, x.at)
	h.observe(x, Refused, reason)
}

func (h *Handler) observe(x *exchange, outcome Outcome, reason string) {
	h.o.Observe(Observation{
		Receiver: x.receiver.Name, Kind: x.kind, Outcome: outcome, Reason: reason, Echo: x.echo, Took: h.o.Machine().Sub(x.arrived),
	})
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Machine == nil {
		o.Machine = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	if o.OnRefusal == nil {
		o.OnRefusal = func(string, string, time.Time) {}
	}
	return o
}
