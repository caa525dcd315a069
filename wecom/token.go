package wecom

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxEarly is how long before its end a token is refreshed; shorter-lived ones at a tenth of their life.
	maxEarly = 10 * time.Minute
	// earlyRetry spaces attempts to refresh a token that is still good.
	earlyRetry = 10 * time.Second
	// wrongSecretMemory is how long a refused secret is not tried again: WeCom blocks the caller's IP for an hour
	// after repeated wrong secrets [90313, 45009].
	wrongSecretMemory = 5 * time.Minute
	// fixableMemory is the same for refusals that an administrator lifts without changing the secret (trusted IP,
	// disabled app), which takes effect after about a minute.
	fixableMemory = 30 * time.Second
	storeTimeout  = time.Second
	storePoll     = 100 * time.Millisecond
)

// token is an access token; life is what WeCom granted, measured from before the request.
type token struct {
	value   string
	life    time.Duration
	expires time.Time
}

// stale reports whether it is time to fetch the next one, though this one may still be good.
func (t token) stale(now time.Time) bool {
	return !now.Before(t.expires.Add(-min(maxEarly, t.life/10)))
}

func (t token) expired(now time.Time) bool { return t.value == "" || !now.Before(t.expires) }

// stored is the token as kept in a TokenStore: its life in seconds and its value.
func (t token) stored() string { return strconv.Itoa(int(t.life.Seconds())) + " " + t.value }

// tokenSource hands out the token: one fetch at a time in this process, and across processes when there is a store.
// While the next token is fetched, the present one serves as long as it is good.
type tokenSource struct {
	fetch   func(ctx context.Context) (token, error)
	store   TokenStore // may be nil
	key     string
	timeout time.Duration
	now     func() time.Time
	logger  *slog.Logger

	mu           sync.Mutex
	current      token
	rejected     string  // the last value WeCom refused; never taken from the store again
	flight       *flight // the fetch under way, if any
	nextEarly    time.Time
	refusal      *Error // why the secret was refused
	refusalUntil time.Time
}

// flight is one fetch that any number of callers wait for.
type flight struct {
	done  chan struct{}
	token token
	err   error
}

// get returns a good token, fetching one if need be.
func (s *tokenSource) get(ctx context.Context) (string, error) {
	f, value, err := s.begin()
	if f == nil {
		return value, err
	}
	select {
	case <-f.done:
		return f.token.value, f.err
	case <-ctx.Done():
		return "", notSent(apiGetToken, ctx.Err())
	}
}

// begin returns a token, a remembered refusal, or the flight to wait for.
func (s *tokenSource) begin() (*flight, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.current.expired(now) {
		if s.current.stale(now) && s.flight == nil && !now.Before(s.nextEarly) {
			s.nextEarly = now.Add(earlyRetry)
			s.launch()
		}
		return nil, s.current.value, nil
	}
	if s.refusal != nil && now.Before(s.refusalUntil) {
		again := *s.refusal
		again.Local = true
		return nil, "", &again
	}
	if s.flight == nil {
		s.launch()
	}
	return s.flight, "", nil
}

// launch starts a fetch that outlives the caller who happened to need it first; the caller holds mu.
func (s *tokenSource) launch() {
	f := &flight{done: make(chan struct{})}
	s.flight = f
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*s.timeout+3*storeTimeout)
		defer cancel()
		f.token, f.err = s.obtain(ctx)
		s.land(f)
		close(f.done)
	}()
}

func (s *tokenSource) land(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight = nil
	if f.err == nil {
		s.current, s.refusal = f.token, nil
		return
	}
	if e, ok := errors.AsType[*Error](f.err); ok && e.class == Misconfigured {
		memory := wrongSecretMemory
		if e.Code == 60020 || e.Code == 50003 || e.Code == 301042 || e.Code == 0 {
			memory = fixableMemory
		}
		s.refusal, s.refusalUntil = e, s.now().Add(memory)
	}
}

// drop forgets a token that WeCom refused, unless it was replaced in the meantime.
func (s *tokenSource) drop(ctx context.Context, used string) {
	s.mu.Lock()
	if s.current.value != used {
		s.mu.Unlock()
		return
	}
	dropped := s.current
	s.current, s.rejected = token{}, used
	s.mu.Unlock()
	if s.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := s.store.CompareDelete(ctx, s.key, dropped.stored()); err != nil {
		s.logger.Warn("token store: drop a refused token", "error", err)
	}
}

// obtain takes a token from the store or, as the only replica to do so, from WeCom. When the store fails or another
// replica holds the lock for longer than a fetch may take, it fetches on its own.
func (s *tokenSource) obtain(ctx context.Context) (token, error) {
	if s.store == nil {
		return s.fetch(ctx)
	}
	patience := time.NewTimer(s.timeout)
	defer patience.Stop()
	for {
		if t, ok := s.shared(ctx); ok {
			return t, nil
		}
		unlock, ok, err := s.lock(ctx)
		if err != nil {
			s.logger.Warn("token store: lock", "error", err)
			return s.fetch(ctx)
		}
		if ok {
			defer unlock()
			if t, ok := s.shared(ctx); ok {
				return t, nil
			}
			return s.fetchAndShare(ctx)
		}
		poll := time.NewTimer(storePoll)
		select {
		case <-poll.C:
		case <-patience.C:
			poll.Stop()
			return s.fetchAndShare(ctx)
		case <-ctx.Done():
			poll.Stop()
			return token{}, notSent(apiGetToken, ctx.Err())
		}
	}
}

// shared returns the stored token unless it is stale or was refused.
func (s *tokenSource) shared(ctx context.Context) (token, bool) {
	t, ok := s.peek(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	return t, ok && t.value != s.rejected && !t.stale(s.now())
}

func (s *tokenSource) peek(ctx context.Context) (token, bool) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	text, expires, ok, err := s.store.Get(ctx, s.key)
	if err != nil {
		s.logger.Warn("token store: get", "error", err)
		return token{}, false
	}
	seconds, value, cut := strings.Cut(text, " ")
	life, err := strconv.Atoi(seconds)
	if !ok || !cut || err != nil || value == "" {
		return token{}, false
	}
	return token{value: value, life: time.Duration(life) * time.Second, expires: expires}, true
}

func (s *tokenSource) lock(ctx context.Context) (func(), bool, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return s.store.Lock(ctx, s.key+":refresh", s.timeout+2*storeTimeout)
}

// fetchAndShare fetches and stores a token. Whoever was so slow that a newer one is stored already takes that one,
// so that a stale token never overwrites a newer.
func (s *tokenSource) fetchAndShare(ctx context.Context) (token, error) {
	t, err := s.fetch(ctx)
	if err != nil {
		return token{}, err
	}
	if newer, ok := s.shared(ctx); ok && newer.expires.After(t.expires) {
		return newer, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := s.store.Set(ctx, s.key, t.stored(), t.expires.Sub(s.now())); err != nil {
		s.logger.Warn("token store: set", "error", err)
	}
	return t, nil
}
