package sandbox

import (
	"strings"
	"sync"
	"time"
)

// faultList holds the scripted failures, oldest first; the first that matches a
// call is used up by it.
type faultList struct {
	mu    sync.Mutex
	next  int64
	items []*Fault
}

const faultLimit = 200

func (l *faultList) init() { l.items = nil }

// add stores f under a number of its own; false: too many already.
func (l *faultList) add(f Fault) (Fault, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.items) >= faultLimit {
		return f, false
	}
	l.next++
	f.ID = l.next
	l.items = append(l.items, &f)
	return f, true
}

// remove deletes one fault, or all for id 0, and reports how many went.
func (l *faultList) remove(id int64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := []*Fault{}
	for _, f := range l.items {
		if id != 0 && f.ID != id {
			kept = append(kept, f)
		}
	}
	gone := len(l.items) - len(kept)
	l.items = kept
	return gone
}

func (l *faultList) list() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []Fault{}
	for _, f := range l.items {
		out = append(out, *f)
	}
	return out
}

// take uses up one count of the first fault for an API path.
func (l *faultList) take(path string) (Fault, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, f := range l.items {
		if f.API != "*" && f.API != path {
			continue
		}
		hit := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				l.items = append(l.items[:i:i], l.items[i+1:]...)
			}
		}
		return hit, true
	}
	return Fault{}, false
}

// apiName is a path without /cgi-bin/ and slashes around it.
func apiName(path string) string {
	path = strings.Trim(path, "/")
	return strings.TrimPrefix(path, "cgi-bin/")
}

// delay is the parsed Delay; addFault has checked its form.
func (f Fault) delay() time.Duration {
	d, err := time.ParseDuration(f.Delay)
	if err != nil {
		return 0
	}
	return d
}
