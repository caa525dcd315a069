package wecom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	sdkutil "github.com/silenceper/wechat/v2/util"
	sdkconfig "github.com/silenceper/wechat/v2/work/config"
	sdkcontext "github.com/silenceper/wechat/v2/work/context"
)

// silenceper/wechat does the contacts reads, the OAuth exchange, the JS-SDK signatures and the media upload. Its calls
// take no context, no base URL and no limits, and its HTTP client is a process global. So each call gets a ticket in
// place of the access token, and the one transport behind the global client finds by this ticket the call it serves:
// the owning Client, the caller's context and the real token, which the SDK never sees and so cannot leak. The Client
// then sends the request like its own, with deadline, bounds, limits, classes and metrics. The SDK never fetches
// tokens: it hides errcodes and would loop on a wrong secret.

// bridge is the transport behind the SDK's global HTTP client.
type bridge struct {
	mu    sync.Mutex
	next  uint64
	calls map[string]*sdkCall
}

// sdkCall is one attempt of one SDK call; it implements the SDK's AccessTokenHandle.
type sdkCall struct {
	client *Client
	ctx    context.Context
	ticket string
	token  string
	err    error // why the exchange failed, with its class, which the SDK would lose
}

// The SDK's client is a package variable without a lock: it is set once, before any call.
var (
	sdkBridge   = &bridge{calls: map[string]*sdkCall{}}
	bridgeReady sync.Once
)

func installBridge() {
	bridgeReady.Do(func() { sdkutil.DefaultHTTPClient = &http.Client{Transport: sdkBridge} })
}

// viaSDK runs do with an SDK context whose requests go through c, repeating it once when the token was refused.
func (c *Client) viaSDK(ctx context.Context, api string, do func(*sdkcontext.Context) error) error {
	return c.withToken(ctx, func(token string) error {
		call := sdkBridge.open(ctx, c, token)
		defer sdkBridge.close(call)
		err := do(&sdkcontext.Context{
			Config: &sdkconfig.Config{
				CorpID: c.cfg.CorpID, AgentID: strconv.FormatInt(c.cfg.AgentID, 10), Cache: c.tickets,
			},
			AccessTokenHandle: call,
		})
		switch {
		case call.err != nil:
			return call.err
		case err != nil: // the SDK could not make sense of an answer without errcode
			return &Error{API: api, HTTPStatus: http.StatusOK, Msg: "answer is not the expected JSON", class: Transient}
		}
		return nil
	})
}

// GetAccessToken gives the SDK the ticket it will put where the token belongs.
func (call *sdkCall) GetAccessToken() (string, error) { return call.ticket, nil }

func (b *bridge) open(ctx context.Context, c *Client, token string) *sdkCall {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	call := &sdkCall{client: c, ctx: ctx, token: token, ticket: fmt.Sprintf("ticket-%d", b.next)}
	b.calls[call.ticket] = call
	return call
}

func (b *bridge) close(call *sdkCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.calls, call.ticket)
}

func (b *bridge) find(ticket string) *sdkCall {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls[ticket]
}

// RoundTrip performs an SDK request as its Client. A request without a known ticket has no owner and is refused.
func (b *bridge) RoundTrip(req *http.Request) (*http.Response, error) {
	defer func() {
		if req.Body != nil {
			req.Body.Close()
		}
	}()
	query := req.URL.Query()
	call := b.find(query.Get("access_token"))
	if call == nil {
		return nil, errors.New("wecom: request without an owner refused")
	}
	r := request{
		api:         strings.TrimPrefix(req.URL.Path, "/cgi-bin/"),
		method:      req.Method,
		query:       query,
		contentType: req.Header.Get("Content-Type"),
	}
	if req.Body != nil {
		body, err := io.ReadAll(io.LimitReader(req.Body, maxUpload+1<<20))
		if err != nil {
			return nil, fmt.Errorf("read SDK request: %w", err)
		}
		r.body = body
	}
	answer, err := call.client.exchange(call.ctx, r, call.token)
	if err != nil {
		call.err = err
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(answer)), ContentLength: int64(len(answer)), Request: req,
	}, nil
}

// ticketCache keeps JS-SDK tickets for the SDK, which asks for no more than two per Client.
type ticketCache struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]cachedTicket
}

type cachedTicket struct {
	value   string
	expires time.Time
}

func newTicketCache(now func() time.Time) *ticketCache {
	return &ticketCache{now: now, entries: map[string]cachedTicket{}}
}

// Get returns the ticket as a string, or nil.
func (t *ticketCache) Get(key string) any {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.entries[key]
	if !ok || !t.now().Before(e.expires) {
		return nil
	}
	return e.value
}

// Set keeps a ticket. The SDK computes life as expires_in − 1500 s, which may be negative: then Get never returns it.
func (t *ticketCache) Set(key string, value any, life time.Duration) error {
	text, ok := value.(string)
	if !ok || text == "" {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries[key] = cachedTicket{value: text, expires: t.now().Add(life)}
	return nil
}

// IsExist reports whether Get would return a ticket.
func (t *ticketCache) IsExist(key string) bool { return t.Get(key) != nil }

// Delete forgets a ticket.
func (t *ticketCache) Delete(key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.entries, key)
	return nil
}
