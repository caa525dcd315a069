//go:build faultpoint

package faultpoint

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// fault is the one of this process, read once.
var fault = sync.OnceValue(func() *script {
	return parse(os.Getenv("GUIJU_FAULTPOINT"))
})

type script struct {
	point  Point // empty: none
	left   atomic.Int64
	counts atomic.Bool // the first callback has come
}

// parse panics on a script that names no point: a test whose fault never
// happens would prove nothing.
func parse(text string) *script {
	s := &script{}
	if text == "" {
		return s
	}
	name, times, counted := strings.Cut(text, ":")
	n := 1
	if counted {
		var err error
		if n, err = strconv.Atoi(times); err != nil || n < 1 {
			panic(fmt.Sprintf("GUIJU_FAULTPOINT: %q is no count", times))
		}
	}
	if !slices.Contains(Points(), Point(name)) {
		panic(fmt.Sprintf("GUIJU_FAULTPOINT: there is no point %q", name))
	}
	s.point = Point(name)
	s.left.Store(int64(n))
	return s
}

// Pass kills the process if this is the passing GUIJU_FAULTPOINT names. It
// does not return then.
func Pass(p Point) {
	s := fault()
	if p == Opened {
		s.counts.Store(true)
	}
	if p != s.point || !s.counts.Load() || s.left.Add(-1) != 0 {
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill() // SIGKILL: no deferred call, no flush
	}
	if err != nil {
		panic(err)
	}
	select {} // the signal may take a moment; go no further
}
