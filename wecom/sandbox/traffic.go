package sandbox

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// ring keeps the newest limit items, each numbered from 1.
type ring[T any] struct {
	limit int
	last  int64 // number of the newest
	items []T   // oldest first; items[i] has number last-len(items)+1+i
}

func (r *ring[T]) add(number func(int64) T) int64 {
	r.last++
	if len(r.items) >= r.limit {
		// Drop a tenth at once, so that a full ring costs no shift per item.
		n := max(1, r.limit/10)
		r.items = slices.Delete(r.items, 0, min(n, len(r.items)))
	}
	r.items = append(r.items, number(r.last))
	return r.last
}

func (r *ring[T]) after(n int64) []T {
	first := r.last - int64(len(r.items)) + 1
	skip := min(max(n+1-first, 0), int64(len(r.items)))
	return append([]T{}, r.items[skip:]...)
}

// trafficBody is how many bytes of a body the traffic log keeps.
const trafficBody = 16 << 10

// record adds one item to the traffic log and tells listeners.
func (p *Platform) record(item TrafficItem) int64 {
	item.Plaintext, item.Answer = clip(item.Plaintext), clip(item.Answer)
	item.At = p.stamp(p.Now())
	p.mu.Lock()
	id := p.traffic.add(func(n int64) TrafficItem { item.ID = n; return item })
	p.mu.Unlock()
	p.stream.send(StreamHint{Type: "traffic", App: item.App, User: item.User, ID: id})
	return id
}

// Traffic lists the items after number n, oldest first.
func (p *Platform) Traffic(n int64) []TrafficItem {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.traffic.after(n)
}

func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= trafficBody {
		return s
	}
	return cutBytes(s, trafficBody) + "…"
}

// cutBytes is the longest prefix of s that has at most n bytes and whole characters.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// cutRunes is s's first n characters.
func cutRunes(s string, n int) string {
	i := 0
	for pos := range s {
		if i == n {
			return s[:pos]
		}
		i++
	}
	return s
}
