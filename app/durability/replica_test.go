package durability_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app"
	"guiju/app/config"
	"guiju/wecom/sandbox"
)

// replica is the app in this process, serving HTTP on the address of its
// setup. It is no worker of the platform's clock: time passes without it, as
// in life, and its own claimer finds what has fallen due.
type replica struct {
	t     testing.TB
	app   *app.App
	ahead atomic.Int64 // nanoseconds its machine clock runs before the real one
	stop  func()
}

// startReplica starts the app; logs go to out, nil: shown when the test fails.
func startReplica(t testing.TB, s setup, p platform, out io.Writer) *replica {
	t.Helper()
	cfg, err := config.Load(s.write(t, sandbox.DefaultOptions()), nil)
	require.NoError(t, err)
	if out == nil {
		logged := &output{}
		out = logged
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("guiju logged:\n%s", logged)
			}
		})
	}
	r := &replica{t: t}
	o := app.Options{Now: p.now, Logger: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	o.Machine = func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }
	r.app, err = app.New(cfg, o)
	require.NoError(t, err)
	l, err := net.Listen("tcp", s.listen)
	require.NoError(t, err)
	server := &http.Server{Handler: r.app.Handler()}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	require.NoError(t, r.app.Start(context.Background()))
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		require.NoError(t, server.Shutdown(ctx))
		require.NoError(t, r.app.Stop(ctx))
		require.ErrorIs(t, <-failed, http.ErrServerClosed)
	}
	t.Cleanup(r.stop)
	return r
}

// ready waits until the database has been reached, and the company read.
func (r *replica) ready() {
	r.t.Helper()
	eventually(r.t, 60*time.Second, "the app to be ready", r.app.Ready)
	r.settle()
}

// settle runs everything that may run now.
func (r *replica) settle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	_, err := r.app.Settle(ctx)
	require.NoError(r.t, err)
}

// passes moves the machine's clock: leases, pauses and holds see it.
func (r *replica) passes(d time.Duration) {
	r.ahead.Add(int64(d))
	r.app.Wake()
}

// record asks a handler without any network.
func record(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func decode(t testing.TB, body []byte, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(body, into), "%s", body)
}
