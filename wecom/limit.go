package wecom

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How long a throttled API stays closed: minute limits block for 60 s, hour limits for 60 min (api.md section 11).
// A first refusal is taken for the former, one that repeats after the wait for the latter.
const (
	parkMinute   = 60 * time.Second
	parkHour     = 60 * time.Minute
	parkBusy     = 2 * time.Second // concurrency limits; doubles up to parkMinute
	maxPaceDelay = time.Second     // a longer wait for a free slot is refused as throttled instead
)

// quota allows n calls in a window, burst of them at once. The refill is lowered by the burst, so that no window ever
// holds more than n.
type quota struct {
	n, burst int
	window   time.Duration
}

func (q quota) limiter() *rate.Limiter {
	return rate.NewLimiter(rate.Limit(float64(q.n-q.burst)/q.window.Seconds()), q.burst)
}

// quotas returns the published limits of an API [90312]. They count per corp; a Client counts its own calls, and
// parking covers what other processes use up. message/send is outside the basic limits: its pacing per member is
// not visible here and belongs to the sender.
func quotas(api string) []quota {
	switch api {
	case "message/send":
		return nil
	case apiGetToken: // unpublished; this is ours
		return []quota{{n: 30, burst: 10, window: time.Minute}}
	case "get_jsapi_ticket":
		return []quota{{n: 400, burst: 40, window: time.Hour}}
	case "ticket/get":
		return []quota{{n: 100, burst: 20, window: time.Hour}}
	case "appchat/create":
		return []quota{{n: 1000, burst: 100, window: 24 * time.Hour}}
	case "appchat/update":
		return []quota{{n: 1000, burst: 100, window: time.Hour}}
	case "oa/gettemplatedetail", "oa/applyevent", "oa/getapprovalinfo", "oa/getapprovaldetail", "corp/getopenapprovaldata":
		return []quota{{n: 600, burst: 60, window: time.Minute}}
	}
	return []quota{{n: 10_000, burst: 1_000, window: time.Minute}, {n: 150_000, burst: 10_000, window: time.Hour}}
}

// limits paces each API and keeps throttled ones closed. The set of APIs is fixed, so the map is bounded.
type limits struct {
	now func() time.Time

	mu   sync.Mutex
	apis map[string]*apiLimit
}

type apiLimit struct {
	limiters []*rate.Limiter
	parked   time.Time // closed until then
	strikes  int       // throttled answers in a row, those while parked not counted
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, apis: map[string]*apiLimit{}}
}

// take waits for a free slot of api, or refuses with a local Throttled error when the API is parked or the wait long.
func (l *limits) take(ctx context.Context, api string) error {
	delay, err := l.reserve(api)
	if err != nil || delay <= 0 {
		return err
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return notSent(api, ctx.Err())
	}
}

func (l *limits) reserve(api string) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, now := l.api(api), l.now()
	if left := a.parked.Sub(now); left > 0 {
		return 0, parkedError(api, left, "closed after a frequency limit")
	}
	var delay time.Duration
	var taken []*rate.Reservation
	for _, lim := range a.limiters {
		r := lim.ReserveN(now, 1)
		taken = append(taken, r)
		delay = max(delay, r.DelayFrom(now))
	}
	if delay > maxPaceDelay {
		for _, r := range taken {
			r.CancelAt(now)
		}
		return 0, parkedError(api, delay, "our own pace")
	}
	return delay, nil
}

// report notes the outcome of a call; for throttled ones it parks the API and returns how long it stays closed.
func (l *limits) report(api string, class Class, code int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, now := l.api(api), l.now()
	if class != Throttled {
		if class == OK {
			a.strikes = 0
		}
		return 0
	}
	if left := a.parked.Sub(now); left > 0 { // an answer to a call made before the API was parked
		return left
	}
	a.strikes++
	wait := parkMinute
	switch {
	case slices.Contains(concurrencyCodes, code):
		wait = min(parkBusy<<min(a.strikes-1, 5), parkMinute)
	case a.strikes > 1:
		wait = parkHour
	}
	a.parked = now.Add(wait)
	return wait
}

func (l *limits) api(api string) *apiLimit {
	a, ok := l.apis[api]
	if !ok {
		a = &apiLimit{}
		for _, q := range quotas(api) {
			a.limiters = append(a.limiters, q.limiter())
		}
		l.apis[api] = a
	}
	return a
}

func parkedError(api string, wait time.Duration, why string) error {
	return &Error{API: api, Msg: fmt.Sprintf("%s, not before %s", why, wait.Round(time.Second)),
		RetryAfter: wait, Local: true, class: Throttled}
}

// notSent is the error of a call that ended before its request was written.
func notSent(api string, cause error) error {
	return &Error{API: api, Msg: "not sent: " + cause.Error(), Local: true, class: Transient, cause: contextCause(cause)}
}
