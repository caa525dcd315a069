package storetest

import (
	"sync"
	"time"
)

// Clock is business time that stands still until it is moved. It is safe for
// concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts a clock at Monday 2026-03-02 09:00 in China, a working day.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)}
}

// Now is the clock's time; give it to store.Options.Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to t, backwards too.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
