// Package wecom is the outbound edge: the calls a self-built app makes to WeCom's server API.
//
// One Client serves one secret (an app's, or the contact-sync assistant's). It shares one access token with all
// replicas, sorts every failure into a Class, and lets no secret into an error, log line or metric.
package wecom

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// DefaultBaseURL is WeCom's API server.
const DefaultBaseURL = "https://qyapi.weixin.qq.com"

// DefaultTimeout bounds one attempt of one call.
const DefaultTimeout = 5 * time.Second

// Config identifies the app whose secret the Client uses.
type Config struct {
	Name    string // label in metrics and logs: the app's name in config.yaml, or "contacts"
	CorpID  string
	AgentID int64 // 0 for the contact-sync secret
	Secret  string
	BaseURL string        // default DefaultBaseURL
	Timeout time.Duration // per attempt; default DefaultTimeout
}

// Options are the Client's surroundings; every field may stay empty.
type Options struct {
	HTTPTransport http.RoundTripper // default: one transport of its own with bounded connections
	TokenStore    TokenStore        // shares the token between replicas; nil: this process only
	Now           func() time.Time  // machine time, for token expiry and rates; default time.Now
	Observer      Observer          // told about every request; may be nil
	Logger        *slog.Logger      // told when the token store fails; default: discards
}

// TokenStore keeps tokens where all replicas see them (Redis, in package store). A failing store slows the Client but
// never stops it.
type TokenStore interface {
	// Get returns the value under key and when it expires; ok is false when there is none.
	Get(ctx context.Context, key string) (value string, expiresAt time.Time, ok bool, err error)
	// Set stores value for ttl.
	Set(ctx context.Context, key, value string, ttl time.Duration) error
	// CompareDelete removes key if it still holds value.
	CompareDelete(ctx context.Context, key, value string) error
	// Lock takes the lock named key for at most ttl; ok is false while another holds it. unlock gives it back if it is
	// still held; it is called after ctx has ended.
	Lock(ctx context.Context, key string, ttl time.Duration) (unlock func(), ok bool, err error)
}

// Observer is told about every request after it ended. It must be quick and safe for concurrent use.
type Observer interface {
	ObserveCall(Call)
}

// Call describes one request, or one refused without being sent.
type Call struct {
	Client   string // Config.Name
	API      string // path under /cgi-bin/
	Class    Class
	Code     int // errcode
	Duration time.Duration
	Local    bool // not sent
}

// Client calls WeCom with one secret. It is safe for concurrent use.
type Client struct {
	cfg      Config
	base     *url.URL
	http     *http.Client
	tokens   *tokenSource
	limits   *limits
	observer Observer
	now      func() time.Time
	tickets  *ticketCache
	jsTurn   chan struct{} // holds one value while a JS-SDK ticket may be fetched
}

// New returns a Client. It does not talk to WeCom yet: the first call fetches the token.
func New(cfg Config, o Options) (*Client, error) {
	if cfg.CorpID == "" || cfg.Secret == "" {
		return nil, errors.New("wecom: corp id and secret are required")
	}
	cfg.BaseURL = strings.TrimSuffix(cmp.Or(cfg.BaseURL, DefaultBaseURL), "/")
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	cfg.Name = cmp.Or(cfg.Name, strconv.FormatInt(cfg.AgentID, 10))
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("wecom: base URL %q must be http(s)://host", cfg.BaseURL)
	}
	if o.HTTPTransport == nil {
		o.HTTPTransport = newTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	installBridge()
	c := &Client{
		cfg:  cfg,
		base: base,
		// A redirect would carry the token to another address, so none is followed.
		http: &http.Client{Transport: o.HTTPTransport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		limits:   newLimits(o.Now),
		observer: o.Observer,
		now:      o.Now,
		tickets:  newTicketCache(o.Now),
		jsTurn:   make(chan struct{}, 1),
	}
	c.tokens = &tokenSource{
		fetch: c.fetchToken, store: o.TokenStore, key: tokenKey(cfg), timeout: cfg.Timeout, now: o.Now,
		logger: o.Logger.With("client", cfg.Name),
	}
	return c, nil
}

// Name returns the client's label.
func (c *Client) Name() string { return c.cfg.Name }

// CorpID returns the company's id.
func (c *Client) CorpID() string { return c.cfg.CorpID }

// AgentID returns the app's id, 0 for the contact-sync secret.
func (c *Client) AgentID() int64 { return c.cfg.AgentID }

// Close drops idle connections. Calls under way end on their own, within their deadlines.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// CheckToken fetches the token unless a good one is at hand; it proves corp id, secret and network.
func (c *Client) CheckToken(ctx context.Context) error {
	_, err := c.tokens.get(ctx)
	return err
}

// tokenKey names the token in the store by company, app and secret, so that a changed secret starts afresh. The hash
// of a secret tells nothing about it: secrets are 43 random characters.
func tokenKey(cfg Config) string {
	sum := sha256.Sum256([]byte(cfg.Secret))
	return fmt.Sprintf("wecom:token:%s:%d:%x", cfg.CorpID, cfg.AgentID, sum[:8])
}

func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxConnsPerHost = 64
	t.MaxIdleConnsPerHost = 16
	t.IdleConnTimeout = 30 * time.Second // WeCom closes idle connections; a dead one costs an uncertain send
	return t
}
