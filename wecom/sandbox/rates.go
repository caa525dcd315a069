package sandbox

import (
	"sync"
	"time"
)

// rates are the frequency limits of api.md 11, in business time. Sliding logs
// serve the per-member limits of messages (any 60 s count, not a clock minute);
// everything else is counted in windows that begin with the first call, and stays
// blocked for a whole window once exceeded.
type rates struct {
	off     bool // Options.Unlimited
	mu      sync.Mutex
	windows map[string]*window
	members map[string][]time.Time // app and member → deliveries of the last hour
	secrets map[string][]time.Time // IP → wrong secrets of the last hour
	blocks  map[string]time.Time   // IP → end of its block at gettoken
}

type window struct {
	start   time.Time
	count   int
	blocked time.Time // until
}

const (
	basicMinute, basicHour   = 10000, 150000
	callerMinute, callerHour = 20000, 600000
	memberMinute, memberHour = 30, 1000
	windowsKept              = 20000
)

func (r *rates) init(off bool) {
	r.off = off
	r.windows = map[string]*window{}
	r.members = map[string][]time.Time{}
	r.secrets = map[string][]time.Time{}
	r.blocks = map[string]time.Time{}
}

// admit counts one call under the basic and the interface's own limits.
func (r *rates) admit(k *call, e endpoint) *apiError {
	if r.off || e.uncounted {
		return nil
	}
	minute, hour := basicMinute, basicHour
	if e.perMinute > 0 {
		minute = e.perMinute
	}
	if e.perHour > 0 {
		hour = e.perHour
	}
	if !r.take("m "+k.name, 1, time.Minute, minute, k.now) || !r.take("h "+k.name, 1, time.Hour, hour, k.now) ||
		!r.take("im "+k.name+k.ip, 1, time.Minute, callerMinute, k.now) || !r.take("ih "+k.name+k.ip, 1, time.Hour, callerHour, k.now) {
		return fail(45009, "")
	}
	return nil
}

// take counts n under a key and reports whether the limit still allows it.
func (r *rates) take(key string, n int, span time.Duration, limit int, now time.Time) bool {
	if r.off {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.windows[key]
	if w == nil {
		if len(r.windows) >= windowsKept {
			r.windows = map[string]*window{} // a fresh start beats an unbounded memory
		}
		w = &window{start: now}
		r.windows[key] = w
	}
	if now.Before(w.blocked) {
		return false
	}
	if now.Sub(w.start) >= span || !w.blocked.IsZero() {
		*w = window{start: now}
	}
	if w.count+n > limit {
		w.blocked = now.Add(span)
		return false
	}
	w.count += n
	return true
}

// member counts one delivery to a member; false: WeCom drops it silently.
func (r *rates) member(app, user string, now time.Time) bool {
	if r.off {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.slide(r.members, app+"\x00"+fold(user), now, memberMinute, memberHour)
}

// groupMember is the same for messages in app chats: 200 a minute, 10 000 a day.
func (r *rates) groupMember(app, user string, now time.Time) bool {
	key := app + "\x00" + fold(user)
	return r.take("gm "+key, 1, time.Minute, 200, now) && r.take("gd "+key, 1, 24*time.Hour, 10000, now)
}

func (r *rates) slide(logs map[string][]time.Time, key string, now time.Time, perMinute, perHour int) bool {
	log := logs[key]
	cut := 0
	for cut < len(log) && now.Sub(log[cut]) >= time.Hour {
		cut++
	}
	log = log[cut:]
	minute := 0
	for i := len(log) - 1; i >= 0 && now.Sub(log[i]) < time.Minute; i-- {
		minute++
	}
	if minute >= perMinute || len(log) >= perHour {
		logs[key] = log
		return false
	}
	logs[key] = append(log, now)
	return true
}

// wrongSecret counts a wrong secret; too many within an hour block the IP for one.
func (r *rates) wrongSecret(ip string, now time.Time, limit int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.slide(r.secrets, ip, now, limit-1, limit-1) {
		r.blocks[ip] = now.Add(time.Hour)
		delete(r.secrets, ip)
	}
}

func (r *rates) blocked(ip string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.blocks[ip])
}
