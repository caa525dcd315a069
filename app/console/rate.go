package console

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often one session may ask, and all together may try to sign in. Nobody
// who reads and presses comes near; machine time.
const (
	perSecond     = 5
	atOnce        = 40
	signinsAtOnce = 50
	ratesKept     = 4096
	rateIdle      = 10 * time.Minute
)

// rates paces sessions. What it forgets begins anew, so it may be bounded.
type rates struct {
	mu     sync.Mutex
	of     map[string]*pace
	signin *rate.Limiter
}

type pace struct {
	limiter *rate.Limiter
	last    time.Time
}

func newRates() *rates {
	return &rates{of: map[string]*pace{}, signin: rate.NewLimiter(20, signinsAtOnce)}
}

// allow says whether the session may ask once more now.
func (r *rates) allow(session string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.of[session]
	if p == nil {
		if len(r.of) >= ratesKept {
			r.forget(now)
		}
		p = &pace{limiter: rate.NewLimiter(perSecond, atOnce)}
		r.of[session] = p
	}
	p.last = now
	return p.limiter.AllowN(now, 1)
}

// forget drops who has been idle, or everybody.
func (r *rates) forget(now time.Time) {
	for session, p := range r.of {
		if now.Sub(p.last) > rateIdle {
			delete(r.of, session)
		}
	}
	if len(r.of) >= ratesKept {
		clear(r.of)
	}
}
