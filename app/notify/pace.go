package notify

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// WeCom silently drops what an app sends a member beyond 30 messages a minute
// or 1,000 an hour [90236], so the limits below stay clear of it. They hold
// for every minute and every hour, not only for those of the clock.
const (
	perMinute = 25
	perHour   = 900

	slot = 5 * time.Second
)

// pace counts recent messages to one member in slots of five seconds, oldest
// first. A minute is taken as thirteen slots and an hour as 721, so the true
// window always lies inside.
type pace []paceSlot

type paceSlot struct {
	at    int64 // Unix time in slots
	count int
}

// parsePace reads what String wrote; anything else is an empty pace.
func parsePace(text string) pace {
	var p pace
	for field := range strings.FieldsSeq(text) {
		at, count, ok := strings.Cut(field, ":")
		a, err1 := strconv.ParseInt(at, 10, 64)
		c, err2 := strconv.Atoi(count)
		if !ok || err1 != nil || err2 != nil || c < 1 {
			return nil
		}
		p = append(p, paceSlot{a, c})
	}
	return p
}

// String is the compact form kept in the database.
func (p pace) String() string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d:%d", s.at, s.count)
	}
	return b.String()
}

// next answers when one more message may go: now, or the instant at which
// enough old ones have left both windows.
func (p pace) next(now time.Time) time.Time {
	minute := p.free(now, minuteSlots, perMinute)
	if hour := p.free(now, hourSlots, perHour); hour.After(minute) {
		return hour
	}
	return minute
}

// free answers when the window of so many slots holds fewer than limit.
func (p pace) free(now time.Time, window int64, limit int) time.Time {
	count := 0
	for i := len(p) - 1; i >= 0 && p[i].at > slotOf(now)-window; i-- {
		if count += p[i].count; count >= limit {
			return later(now, p[i].at+window)
		}
	}
	return now
}

// charge adds one message at now and forgets what is older than an hour.
func (p pace) charge(now time.Time) pace {
	current := slotOf(now)
	var kept pace
	for _, s := range p {
		if s.at > current-hourSlots && s.at <= current {
			kept = append(kept, s)
		}
	}
	if n := len(kept); n > 0 && kept[n-1].at == current {
		kept[n-1].count++
		return kept
	}
	return append(kept, paceSlot{current, 1})
}

const (
	minuteSlots = int64(time.Minute/slot) + 1
	hourSlots   = int64(time.Hour/slot) + 1
)

func slotOf(t time.Time) int64 { return t.Unix() / int64(slot/time.Second) }

func later(now time.Time, slots int64) time.Time {
	at := time.Unix(slots*int64(slot/time.Second), 0).UTC()
	if at.Before(now) {
		return now
	}
	return at
}
