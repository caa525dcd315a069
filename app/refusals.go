package app

import (
	"slices"
	"sync"
	"time"

	"guiju/store"
)

// refusals counts the callbacks that were turned away, until they are stored.
// Receivers and reasons are the callback package's own short lists, so it
// stays small whatever is sent at it.
type refusals struct {
	mu      sync.Mutex
	counts  map[refusal]*refused
	minutes []refusedMinute // since the oldest that an alert may look at

	alertedAt time.Time // business time of the last alert; used by upkeep alone
}

type refusal struct{ receiver, reason string }

type refused struct {
	times int64
	last  time.Time // business time
}

// refusedMinute counts one minute of business time.
type refusedMinute struct {
	start  time.Time
	counts map[refusal]int
}

// alertMinutes bounds the window of an alert to a day.
const alertMinutes = 24 * 60

// add counts one refusal.
func (r *refusals) add(receiver, reason string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := refusal{receiver, reason}
	r.put(what, 1, at)

	minute := at.Truncate(time.Minute)
	i := len(r.minutes) - 1
	if i < 0 || r.minutes[i].start.Before(minute) {
		r.minutes = append(r.minutes, refusedMinute{minute, map[refusal]int{}})
		if i++; i >= alertMinutes {
			r.minutes = slices.Delete(r.minutes, 0, 1)
			i--
		}
	}
	r.minutes[i].counts[what]++
}

func (r *refusals) put(what refusal, times int64, last time.Time) {
	if r.counts == nil {
		r.counts = map[refusal]*refused{}
	}
	c := r.counts[what]
	if c == nil {
		c = &refused{}
		r.counts[what] = c
	}
	c.times += times
	if last.After(c.last) {
		c.last = last
	}
}

// take hands out what was counted since the last take, at most 200 rows, which
// is what one call of store.AddRefusals accepts.
func (r *refusals) take() []store.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []store.Refusal
	for what, c := range r.counts {
		if len(list) == 200 {
			break
		}
		list = append(list, store.Refusal{Receiver: what.receiver, Reason: what.reason, Times: c.times, LastAt: c.last})
		delete(r.counts, what)
	}
	return list
}

// giveBack returns what could not be stored.
func (r *refusals) giveBack(list []store.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range list {
		r.put(refusal{row.Receiver, row.Reason}, row.Times, row.LastAt)
	}
}

// since answers how often each reason occurred from an instant on, and forgets
// what is older.
func (r *refusals) since(from time.Time) map[refusal]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.minutes = slices.DeleteFunc(r.minutes, func(m refusedMinute) bool { return !m.start.Add(time.Minute).After(from) })
	sums := map[refusal]int{}
	for _, m := range r.minutes {
		for what, n := range m.counts {
			sums[what] += n
		}
	}
	return sums
}

// verifications remembers the last verification of each callback URL until it
// is stored, for the doctor.
type verifications struct {
	mu   sync.Mutex
	last map[string]time.Time // receiver → business time
}

func (v *verifications) add(receiver string, at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last == nil {
		v.last = map[string]time.Time{}
	}
	if at.After(v.last[receiver]) {
		v.last[receiver] = at
	}
}

func (v *verifications) take() map[string]time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	last := v.last
	v.last = nil
	return last
}

func (v *verifications) giveBack(last map[string]time.Time) {
	for receiver, at := range last {
		v.add(receiver, at)
	}
}
