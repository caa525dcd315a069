package app

import (
	"sync"
	"time"
)

// clientTime is the time by which WeCom's tokens and frequency limits live: the
// machine's, and never behind a business clock that has jumped ahead, as only a
// sandbox's does. There a token is old after two hours of business time, so a
// client that did not follow would ask for a new one each simulated day within
// the same second, and be held by its own pace.
type clientTime struct {
	business, machine func() time.Time

	mu   sync.Mutex
	last struct{ business, machine time.Time }
	at   time.Time
}

func newClientTime(business, machine func() time.Time) *clientTime {
	c := &clientTime{business: business, machine: machine, at: machine()}
	c.last.business, c.last.machine = business(), c.at
	return c
}

// now goes on by whatever has passed on the clock that went further since the
// last call: a frozen business clock does not freeze it.
func (c *clientTime) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	business, machine := c.business(), c.machine()
	c.at = c.at.Add(max(0, business.Sub(c.last.business), machine.Sub(c.last.machine)))
	c.last.business, c.last.machine = business, machine
	return c.at
}
