package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// hub passes hints to the listeners of /sandbox/api/stream. A listener that does
// not keep up loses its connection and, as browsers do, comes back and reads anew.
type hub struct {
	mu     sync.Mutex
	subs   map[chan StreamHint]bool
	closed bool
}

const (
	streamSubscribers = 64
	streamBuffer      = 512
	streamKeepAlive   = 15 * time.Second
)

func (h *hub) init() { h.subs = map[chan StreamHint]bool{} }

func (h *hub) send(hint StreamHint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.subs {
		select {
		case ch <- hint:
		default:
			delete(h.subs, ch)
			close(ch)
		}
	}
}

func (h *hub) subscribe() (chan StreamHint, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.subs) >= streamSubscribers {
		return nil, false
	}
	ch := make(chan StreamHint, streamBuffer)
	h.subs[ch] = true
	return ch, true
}

func (h *hub) leave(ch chan StreamHint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs[ch] {
		delete(h.subs, ch)
		close(ch)
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for ch := range h.subs {
		delete(h.subs, ch)
		close(ch)
	}
}

func (p *Platform) streamHints(c *gin.Context) {
	ch, ok := p.stream.subscribe()
	if !ok {
		refuse(c, http.StatusServiceUnavailable, "", "too many listeners: close another page")
		return
	}
	defer p.stream.leave(ch)
	c.Header("Content-Type", "text/event-stream")
	c.Header("Cache-Control", "no-store")
	c.Status(http.StatusOK)
	fmt.Fprint(c.Writer, ": listening\n\n")
	c.Writer.Flush()
	alive := time.NewTicker(streamKeepAlive)
	defer alive.Stop()
	for {
		select {
		case <-c.Request.Context().Done():
			return
		case <-alive.C:
			fmt.Fprint(c.Writer, ": alive\n\n")
		case hint, open := <-ch:
			if !open {
				return
			}
			raw, err := json.Marshal(hint)
			if err != nil { // a flat struct always encodes
				return
			}
			fmt.Fprintf(c.Writer, "data: %s\n\n", raw)
		}
		c.Writer.Flush()
	}
}
