package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom/sandbox/clockclient"
)

// timers is an app with due instants; running one may plan others or send callbacks.
type timers struct {
	mu   sync.Mutex
	due  map[time.Time]func(now time.Time)
	ran  []string
	fail error
}

func (w *timers) plan(at time.Time, f func(time.Time)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.due == nil {
		w.due = map[time.Time]func(time.Time){}
	}
	w.due[at] = f
}

func (w *timers) NextDue(context.Context) (time.Time, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var next time.Time
	for at := range w.due {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next, !next.IsZero(), w.fail
}

func (w *timers) Settle(_ context.Context, now time.Time) (ran, failed, waiting int, err error) {
	for {
		w.mu.Lock()
		var at time.Time
		var f func(time.Time)
		for t, g := range w.due {
			if !t.After(now) && (at.IsZero() || t.Before(at)) {
				at, f = t, g
			}
		}
		if f == nil {
			defer w.mu.Unlock()
			return ran, 0, 0, w.fail
		}
		delete(w.due, at)
		w.ran = append(w.ran, at.In(monday.Location()).Format("15:04")+"@"+now.In(monday.Location()).Format("15:04"))
		w.mu.Unlock()
		f(now)
		ran++
	}
}

func (w *timers) log() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.ran...)
}

func minute(n int) time.Time { return monday.Add(time.Duration(n) * time.Minute) }

func nothing(time.Time) {}

func TestAdvanceStepsThroughEveryDueInstantInOrder(t *testing.T) {
	r := newRig(t)
	a, b := &timers{}, &timers{}
	var seen []string
	var mu sync.Mutex
	note := func(name string) func(time.Time) {
		return func(time.Time) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, name+" "+r.p.Now().In(monday.Location()).Format("15:04"))
		}
	}
	a.plan(minute(30), note("a"))
	b.plan(minute(10), func(now time.Time) {
		note("b")(now)
		a.plan(minute(20), note("a")) // work that plans work in between
		b.plan(minute(10), note("b")) // and at once
	})
	b.plan(minute(31), note("b"))
	b.plan(minute(40), note("late"))
	defer r.p.AddWorker("a", a)()
	defer r.p.AddWorker("b", b)()

	out := r.advance("31m")
	require.Equal(t, []string{"b 10:10", "b 10:10", "a 10:20", "a 10:30", "b 10:31"}, seen)
	require.Equal(t, "2026-03-02T10:31:00.000+08:00", out["now"])
	require.Equal(t, 5.0, out["ran"])
	require.Equal(t, 0.0, out["failed"])
	require.Equal(t, 0.0, out["waiting"])
	require.Equal(t, []any{"a", "b"}, r.control(http.MethodGet, "/clock", nil)["workers"])
}

func TestAdvanceWaitsForCallbacksInFlight(t *testing.T) {
	r := newRig(t)
	w := &timers{}
	var at []string
	r.app.replying(func(in received) (int, string) {
		if in.n < 3 {
			return 500, "" // two retries before it is received
		}
		at = append(at, r.p.Now().In(monday.Location()).Format("15:04"))
		// The answer causes work at the same instant.
		w.plan(r.p.Now(), nothing)
		return 200, ""
	})
	w.plan(minute(5), func(time.Time) {
		r.p.mu.Lock()
		d := &delivery{}
		_, done := r.p.event(r.p.st.Apps["assistant"].App, "zhaoliu", "enter_agent", d)
		done()
		r.p.mu.Unlock()
		_, err := r.p.deliver(d)
		require.NoError(t, err)
	})
	defer r.p.AddWorker("w", w)()
	out := r.advance("10m")
	require.Equal(t, []string{"10:05"}, at)
	require.Equal(t, []string{"10:05@10:05", "10:05@10:05"}, w.log())
	require.Equal(t, 2.0, out["ran"])
}

func TestClockRefusals(t *testing.T) {
	r := newRig(t)
	status, out := r.do(http.MethodPost, "/sandbox/api/clock", object{"set": "2026-03-02T09:59:59+08:00"})
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, out["error"], "never goes backwards")
	status, _ = r.do(http.MethodPost, "/sandbox/api/clock", object{"advance": "-1s"})
	require.Equal(t, http.StatusBadRequest, status)
	r.refused("/clock", object{"advance": "soon"}, "advance")
	r.refused("/clock", object{"advance": "999999h"}, "advance")
	r.refused("/clock", object{"set": "yesterday"}, "set")
	r.refused("/clock", object{"set": "2026-03-02T11:00:00+08:00", "advance": "1m"}, "advance")
	r.refused("/clock", object{}, "")
	require.Equal(t, "2026-03-02T10:00:00.000+08:00", r.control(http.MethodGet, "/clock", nil)["now"])
	out = r.control(http.MethodPost, "/clock", object{"set": "2026-03-02T03:00:00Z"})
	require.Equal(t, "2026-03-02T11:00:00.000+08:00", out["now"])
}

func TestMoveEndsWith504WhenWorkDoesNotEnd(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MoveTimeout = 100 * time.Millisecond })
	remove := r.p.AddWorker("hanging", hanging{})
	status, out := r.do(http.MethodPost, "/sandbox/api/clock", object{"advance": "2m"})
	require.Equal(t, http.StatusGatewayTimeout, status, out)
	require.NotEmpty(t, out["error"])
	remove()
	r.advance("1m") // the clock is free again
	bad := &timers{fail: errors.New("disk full")}
	defer r.p.AddWorker("bad", bad)()
	status, out = r.do(http.MethodPost, "/sandbox/api/settle", nil)
	require.Equal(t, http.StatusInternalServerError, status)
	require.Contains(t, out["error"], "disk full")
}

type hanging struct{}

func (hanging) NextDue(context.Context) (time.Time, bool, error) { return time.Time{}, false, nil }
func (hanging) Settle(ctx context.Context, _ time.Time) (int, int, int, error) {
	<-ctx.Done()
	return 0, 0, 0, ctx.Err()
}

// stuck has one job in a machine-time backoff: due, but not runnable now.
type stuck struct{}

func (stuck) NextDue(context.Context) (time.Time, bool, error) { return minute(-5), true, nil }
func (stuck) Settle(context.Context, time.Time) (int, int, int, error) {
	return 0, 0, 1, nil
}

func TestWaitingWorkDoesNotStopTheClock(t *testing.T) {
	r := newRig(t)
	other := &timers{}
	other.plan(minute(3), nothing)
	defer r.p.AddWorker("stuck", stuck{})()
	defer r.p.AddWorker("other", other)()
	out := r.advance("5m")
	require.Equal(t, 1.0, out["waiting"])
	require.Equal(t, []string{"10:03@10:03"}, other.log())
}

func TestRunningClock(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Frozen = false })
	first := r.p.Now()
	require.False(t, first.Before(monday))
	r.advance("1h")
	require.GreaterOrEqual(t, r.p.Now().Sub(first), time.Hour)
	require.Less(t, r.p.Now().Sub(first), time.Hour+30*time.Second)
	r.control(http.MethodPost, "/clock", object{"running": false})
	a := r.p.Now()
	require.Equal(t, a, r.p.Now())
	require.Equal(t, false, r.control(http.MethodGet, "/clock", nil)["running"])
}

func TestClockOverHTTP(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	w := &timers{}
	var times []string
	var now func() time.Time
	note := func(handed time.Time) {
		require.True(t, handed.Equal(now()), "%s is not %s", handed, now())
		times = append(times, now().In(monday.Location()).Format("15:04"))
	}
	w.plan(minute(10), note)
	w.plan(minute(20), func(at time.Time) { note(at); w.plan(minute(25), note) })
	var err error
	now, err = clockclient.Connect(ctx, r.url, w)
	require.NoError(t, err)
	require.True(t, monday.Equal(now()))
	out := r.advance("31m")
	require.Equal(t, 3.0, out["ran"])
	require.Equal(t, []string{"10:10", "10:20", "10:25"}, times)
	require.True(t, minute(31).Equal(now()), "%s", now())

	cancel() // the app leaves: the clock does not wait for it
	require.Eventually(t, func() bool {
		return len(r.control(http.MethodGet, "/clock", nil)["workers"].([]any)) == 0
	}, 5*time.Second, 5*time.Millisecond)
	r.advance("1m")
}

func TestKilledAppIsForgotten(t *testing.T) {
	r := newRig(t, func(o *Options) { o.WorkerGone = 50 * time.Millisecond })
	status, out := r.do(http.MethodPost, "/sandbox/clock/register", object{"name": "killed"})
	require.Equal(t, 200, status)
	require.NotZero(t, out["id"])
	moved := r.advance("1m") // nobody polls: waits WorkerGone, then goes on
	require.Equal(t, "2026-03-02T10:01:00.000+08:00", moved["now"])
	status, _ = r.do(http.MethodGet, fmt.Sprintf("/sandbox/clock/wait?id=%v", out["id"]), nil)
	require.Equal(t, http.StatusNotFound, status, "told to register again")
}

func TestClientRegistersAgain(t *testing.T) {
	r := newRig(t)
	w := &timers{}
	now, err := clockclient.Connect(t.Context(), r.url, w)
	require.NoError(t, err)
	for _, e := range r.p.clock.team() { // as if the platform had been restarted
		e.Worker.(*remoteWorker).remove()
	}
	r.p.clock.change(func() {})
	require.Eventually(t, func() bool { return len(r.p.clock.team()) == 1 }, 5*time.Second, time.Millisecond)
	w.plan(minute(1), nothing)
	require.Equal(t, 1.0, r.advance("2m")["ran"])
	require.True(t, minute(2).Equal(now()))

	_, err = clockclient.Connect(t.Context(), "ftp://x", w)
	require.Error(t, err)
	_, err = clockclient.Connect(t.Context(), "http://127.0.0.1:1", w)
	require.Error(t, err)
}

// A command whose answer was lost on the wire is handed out again until it is reported.
func TestLostCommandIsHandedOutAgain(t *testing.T) {
	r := newRig(t)
	_, me := r.do(http.MethodPost, "/sandbox/clock/register", object{"name": "app"})
	done := make(chan object, 1)
	go func() { _, out := r.do(http.MethodPost, "/sandbox/api/settle", nil); done <- out }()
	poll := func() object {
		_, news := r.do(http.MethodGet, fmt.Sprintf("/sandbox/clock/wait?id=%v&version=%v&command=0", me["id"], me["version"]), nil)
		me["version"] = news["version"]
		return news
	}
	var first object
	for first == nil {
		first, _ = poll()["command"].(object)
	}
	again := poll()["command"].(object)
	require.Equal(t, first, again)
	require.Equal(t, "settle", first["kind"])
	for range 2 { // reported twice does no harm
		status, _ := r.do(http.MethodPost, "/sandbox/clock/report", object{"id": me["id"], "command": first["id"], "waiting": 3})
		require.Equal(t, http.StatusOK, status)
	}
	require.Equal(t, 3.0, (<-done)["waiting"])
	status, _ := r.do(http.MethodPost, "/sandbox/clock/report", "{")
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = r.do(http.MethodPost, "/sandbox/clock/report", object{"id": 999})
	require.Equal(t, http.StatusNotFound, status)
}

func TestClientFollowsARunningClock(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Frozen = false })
	now, err := clockclient.Connect(t.Context(), r.url, &timers{})
	require.NoError(t, err)
	before := now()
	require.Less(t, r.p.Now().Sub(before).Abs(), 2*time.Second)
	require.Eventually(t, func() bool { return now().After(before) }, time.Second, time.Millisecond, "it runs")
	r.advance("1h")
	require.Eventually(t, func() bool { return now().Sub(before) >= time.Hour }, 5*time.Second, time.Millisecond)
	last := now()
	for range 1000 {
		next := now()
		require.False(t, next.Before(last), "never backwards")
		last = next
	}
	require.Less(t, r.p.Now().Sub(now()).Abs(), 2*time.Second)
}

func TestClockIsOpenToLoopbackOnly(t *testing.T) {
	r := newRig(t)
	req := httptest.NewRequest(http.MethodPost, "/sandbox/clock/register", nil)
	req.RemoteAddr = "192.0.2.7:4711"
	w := httptest.NewRecorder()
	r.p.Handler().ServeHTTP(w, req)
	require.Equal(t, http.StatusForbidden, w.Code)
}
