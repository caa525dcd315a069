// Package wecom is the outbound edge: the calls a self-built app makes to WeCom's server API.
//
// One Client serves one secret (an app's, or the contact-sync assistant's). It shares one access token with all
// replicas, sorts every failure into a Class, and lets no secret into an error, log line or metric.
package wecom

import (
	"context"
	"log/slog"
	"net/http"
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
	// Lock takes the lock named key for at most ttl; ok is false while another holds it.
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
