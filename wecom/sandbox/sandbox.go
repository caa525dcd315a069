// Package sandbox is a WeCom (企业微信) platform in a box: the server API under
// /cgi-bin, the callbacks with real signatures, AES and XML, a simulated company,
// its members' chats, the built-in 审批 app, OAuth, and a business clock that can
// be moved. An app runs against it unmodified.
//
// It is an oracle: it is built from the platform's documentation alone and shares
// no code with the client it judges, except the envelope of callbacks. Where the
// documentation leaves a choice it takes the one that asks more of the app; Choices
// lists them.
//
// Reading order: options.go, state.go (everything the platform remembers),
// control.go (the outside contract of /sandbox/api), then api.go for calls of apps,
// deliver.go and reply.go for callbacks, clock.go for time.
package sandbox

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Platform is one simulated WeCom. It is safe for concurrent use.
type Platform struct {
	opts    Options
	log     *slog.Logger
	client  *http.Client
	handler http.Handler

	ctx    context.Context // ends with Stop: no delivery starts after it
	cancel context.CancelFunc

	// mu guards st and everything below it; it is never held across the network.
	mu      sync.Mutex
	st      *state
	byID    map[int64]*ChatMessage // every message of st.Chats
	rates   rates
	traffic ring[TrafficItem]
	dirty   bool

	deliveries deliveryLog
	slots      chan struct{} // callbacks under way
	faults     faultList
	stream     hub
	clock      clock

	background sync.WaitGroup
	started    bool
}

// New builds a platform. It reads the state file if there is one.
func New(opts Options) (*Platform, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Platform{opts: opts, log: opts.Logger, slots: make(chan struct{}, opts.Concurrency)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.traffic.limit = opts.TrafficLimit
	p.rates.init(opts.Unlimited)
	p.faults.init()
	p.stream.init()
	p.deliveries.init()
	transport := opts.Transport
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: opts.Concurrency, MaxConnsPerHost: opts.Concurrency, IdleConnTimeout: 30 * time.Second}
	}
	p.client = &http.Client{
		Transport: transport,
		// A redirect is a failed delivery, never followed (callbacks.md 2.1).
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if p.st, err = loadState(opts); err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	p.reindex()
	p.clock.init(p.st.Clock, opts)
	p.handler = p.routes()
	return p, nil
}

// Handler serves the API (/cgi-bin), OAuth pages, the control API and the web page.
func (p *Platform) Handler() http.Handler { return p.handler }

// Now is the present business time.
func (p *Platform) Now() time.Time { return p.clock.now() }

// Start begins to write the state file, once a second when something changed.
func (p *Platform) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started {
		return fmt.Errorf("sandbox: already started")
	}
	p.started = true
	if p.opts.StateFile == "" {
		return nil
	}
	p.background.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-p.ctx.Done():
				return
			case <-tick.C:
				if err := p.saveState(); err != nil {
					p.log.Error("sandbox state not saved", "error", err)
				}
			}
		}
	})
	return nil
}

// Stop ends deliveries, streams and clock waits, waits for them within ctx and
// writes the state file a last time.
func (p *Platform) Stop(ctx context.Context) error {
	p.deliveries.close()
	p.cancel()
	p.stream.close()
	p.background.Wait() // the saver, which ends at once
	waited := p.deliveries.quiet(ctx)
	p.client.CloseIdleConnections()
	if err := p.saveState(); err != nil {
		return err
	}
	if waited != nil {
		return fmt.Errorf("sandbox stop: callbacks still in flight: %w", waited)
	}
	return nil
}

// touch marks the state as changed; the caller holds mu.
func (p *Platform) touch() { p.dirty = true }

// stamp is t as the control API prints it.
func (p *Platform) stamp(t time.Time) Time { return Time{t.In(p.opts.Location)} }

// Time prints as RFC 3339 with milliseconds.
type Time struct{ time.Time }

const timeForm = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.Format(timeForm) + `"`), nil
}
