package wecom_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
)

var ctx = context.Background()

func TestOneFetchServesManyCallers(t *testing.T) {
	p := newPlatform(t)
	c := p.client(wecom.Options{})
	everybody(t, 100, func() error { _, err := c.CallbackIPs(ctx); return err })
	require.Len(t, p.calls("gettoken"), 1)
	require.Len(t, p.calls("getcallbackip"), 100)
}

func TestOneRefreshAfterARefusedToken(t *testing.T) {
	p := newPlatform(t)
	p.on("getcallbackip", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("access_token") == "TOKEN-0001-flowdesk" {
			answer(w, failure(42001, "access_token expired"))
			return
		}
		answer(w, `{"errcode":0,"ip_list":["203.0.113.11"]}`)
	})
	c := p.client(wecom.Options{})
	everybody(t, 100, func() error { _, err := c.CallbackIPs(ctx); return err })
	require.Len(t, p.calls("gettoken"), 2, "all callers share one refresh")
}

func TestATokenThatStaysRefusedIsGivenUp(t *testing.T) {
	p := newPlatform(t)
	p.fails("getcallbackip", 40014, "invalid access_token")
	_, err := p.client(wecom.Options{}).CallbackIPs(ctx)
	require.Equal(t, wecom.RefreshToken, wecom.ClassOf(err))
	require.Len(t, p.calls("getcallbackip"), 2, "tried once more, not for ever")
}

func TestReplicasShareOneToken(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	store := newMemoryStore(clk.Now)
	o := wecom.Options{TokenStore: store, Now: clk.Now}
	a, b := p.client(o), p.client(o)
	var wg sync.WaitGroup
	for _, c := range []*wecom.Client{a, b} {
		wg.Go(func() { everybody(t, 50, func() error { return c.CheckToken(ctx) }) })
	}
	wg.Wait()
	require.Len(t, p.calls("gettoken"), 1)

	// WeCom revokes the token: the first replica to notice fetches, the other adopts.
	p.on("getcallbackip", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("access_token") == "TOKEN-0001-flowdesk" {
			answer(w, failure(42001, "access_token expired"))
			return
		}
		answer(w, `{"errcode":0,"ip_list":[]}`)
	})
	for _, c := range []*wecom.Client{a, b} {
		_, err := c.CallbackIPs(ctx)
		require.NoError(t, err)
	}
	require.Len(t, p.calls("gettoken"), 2)
}

func TestARefusedTokenIsNotTakenFromTheStoreAgain(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	store := newMemoryStore(clk.Now)
	store.keeps = true
	c := p.client(wecom.Options{TokenStore: store, Now: clk.Now})
	p.on("getcallbackip", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("access_token") == "TOKEN-0001-flowdesk" {
			answer(w, failure(40014, "invalid access_token"))
			return
		}
		answer(w, `{"errcode":0}`)
	})
	_, err := c.CallbackIPs(ctx)
	require.NoError(t, err)
	require.Len(t, p.calls("gettoken"), 2)
}

func TestARefusedTokenLeavesTheStore(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	store := newMemoryStore(clk.Now)
	c := p.client(wecom.Options{TokenStore: store, Now: clk.Now})
	require.NoError(t, c.CheckToken(ctx))
	p.fails("getcallbackip", 40014, "invalid access_token")
	p.fails("gettoken", -1, "system busy")
	_, err := c.CallbackIPs(ctx)
	require.Equal(t, wecom.Transient, wecom.ClassOf(err))
	require.Empty(t, store.values)
}

func TestWhoeverGetsTheLockLooksAgain(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	store := newMemoryStore(clk.Now)
	require.NoError(t, p.client(wecom.Options{TokenStore: store, Now: clk.Now}).CheckToken(ctx))
	key := store.onlyKey(t)
	fetched := store.values[key]
	clear(store.values)
	store.onLock = func() { store.values[key] = fetched } // another replica finished just before
	require.NoError(t, p.client(wecom.Options{TokenStore: store, Now: clk.Now}).CheckToken(ctx))
	require.Len(t, p.calls("gettoken"), 1)
}

func TestAStaleTokenNeverOverwritesANewer(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	store := newMemoryStore(clk.Now)
	slow := p.client(wecom.Options{TokenStore: store, Now: clk.Now})
	fast := p.client(wecom.Options{TokenStore: store, Now: clk.Now})
	require.NoError(t, slow.CheckToken(ctx))
	key := store.onlyKey(t)
	clk.advance(2 * time.Hour) // both have to fetch

	// While the slow replica's request is under way its lock runs out and the fast one fetches and stores.
	var once sync.Once
	p.on("gettoken", func(w http.ResponseWriter, _ *http.Request) {
		first := false
		once.Do(func() { first = true })
		if !first {
			answer(w, `{"errcode":0,"access_token":"NEWER","expires_in":7200}`)
			return
		}
		store.mu.Lock()
		clear(store.locks)
		store.mu.Unlock()
		clk.advance(time.Second)
		require.NoError(t, fast.CheckToken(ctx))
		answer(w, `{"errcode":0,"access_token":"STALE","expires_in":7200}`)
	})
	_, err := slow.CallbackIPs(ctx)
	require.NoError(t, err)
	require.Equal(t, "7200 NEWER", store.values[key].value)
	require.Equal(t, "NEWER", p.calls("getcallbackip")[0].token, "the slow replica adopts the newer one")
}

func TestALostStoreOnlySlowsDown(t *testing.T) {
	p := newPlatform(t)
	store := newMemoryStore(time.Now)
	store.failing = errors.New("connection refused")
	_, err := p.client(wecom.Options{TokenStore: store}).CallbackIPs(ctx)
	require.NoError(t, err)
}

func TestADeadReplicasLockIsOutwaited(t *testing.T) {
	p := newPlatform(t)
	store := newMemoryStore(time.Now)
	c, err := wecom.New(wecom.Config{CorpID: corpID, AgentID: agentID, Secret: secret, BaseURL: p.URL, Timeout: 300 * time.Millisecond},
		wecom.Options{TokenStore: store})
	require.NoError(t, err)
	require.NoError(t, c.CheckToken(ctx))
	key := store.onlyKey(t)
	store.mu.Lock()
	clear(store.values)
	store.locks[key+":refresh"] = true
	store.mu.Unlock()

	c2, err := wecom.New(wecom.Config{CorpID: corpID, AgentID: agentID, Secret: secret, BaseURL: p.URL, Timeout: 300 * time.Millisecond},
		wecom.Options{TokenStore: store})
	require.NoError(t, err)
	require.NoError(t, c2.CheckToken(ctx))
	require.Len(t, p.calls("gettoken"), 2)
}

func TestTheOldTokenServesWhileTheNextIsFetched(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	c := p.client(wecom.Options{Now: clk.Now})
	require.NoError(t, c.CheckToken(ctx))

	release := make(chan struct{})
	p.on("gettoken", func(w http.ResponseWriter, _ *http.Request) {
		<-release
		answer(w, `{"errcode":0,"access_token":"NEXT","expires_in":7200}`)
	})
	clk.advance(7200*time.Second - 5*time.Minute) // due for refresh, not expired
	for range 10 {
		_, err := c.CallbackIPs(ctx)
		require.NoError(t, err, "a hanging refresh holds nobody up")
	}
	for _, call := range p.calls("getcallbackip") {
		require.Equal(t, "TOKEN-0001-flowdesk", call.token)
	}
	close(release)
	require.Eventually(t, func() bool {
		_, err := c.CallbackIPs(ctx)
		calls := p.calls("getcallbackip")
		return err == nil && calls[len(calls)-1].token == "NEXT"
	}, 5*time.Second, 5*time.Millisecond)
	require.Len(t, p.calls("gettoken"), 2)
}

func TestATokenExpiresAsWeComSaid(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	p.life = 60
	c := p.client(wecom.Options{Now: clk.Now})
	require.NoError(t, c.CheckToken(ctx))
	clk.advance(61 * time.Second)
	_, err := c.CallbackIPs(ctx)
	require.NoError(t, err)
	require.Equal(t, "TOKEN-0002-flowdesk", p.calls("getcallbackip")[0].token)
}

func TestAWrongSecretIsNotTriedAgainForAWhile(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	p.fails("gettoken", 40001, "invalid credential")
	c := p.client(wecom.Options{Now: clk.Now})
	for range 50 {
		_, err := c.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"})
		require.Equal(t, wecom.Misconfigured, wecom.ClassOf(err))
		require.False(t, wecom.Uncertain(err))
	}
	require.Len(t, p.calls("gettoken"), 1, "repeated wrong secrets block the IP for an hour")
	require.Empty(t, p.calls("message/send"))

	clk.advance(5*time.Minute + time.Second)
	p.on("gettoken", nil)
	require.NoError(t, c.CheckToken(ctx), "the secret was corrected in the console")
}

func TestAnUntrustedIPIsTriedAgainSoon(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	p.fails("gettoken", 60020, "not allow to access from your ip")
	c := p.client(wecom.Options{Now: clk.Now})
	require.Error(t, c.CheckToken(ctx))
	require.Error(t, c.CheckToken(ctx))
	require.Len(t, p.calls("gettoken"), 1)
	clk.advance(31 * time.Second)
	require.Error(t, c.CheckToken(ctx))
	require.Len(t, p.calls("gettoken"), 2)
}

func TestACallerMayGiveUpWhileTheFetchGoesOn(t *testing.T) {
	p := newPlatform(t)
	release := make(chan struct{})
	p.on("gettoken", func(w http.ResponseWriter, _ *http.Request) {
		<-release
		answer(w, `{"errcode":0,"access_token":"T","expires_in":7200}`)
	})
	c := p.client(wecom.Options{})
	impatient, cancel := context.WithCancel(ctx)
	failed := make(chan error)
	go func() { failed <- c.CheckToken(impatient) }()
	cancel()
	err := <-failed
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	require.NoError(t, c.CheckToken(ctx))
	require.LessOrEqual(t, len(p.calls("gettoken")), 1)
}

func everybody(t *testing.T, n int, do func() error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for range n {
		wg.Go(func() { errs <- do() })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}
