package store_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestRedisTokenStore(t *testing.T) {
	ctx := context.Background()
	r := storetest.Redis(t)
	_, _, ok, err := r.Get(ctx, "token")
	require.NoError(t, err)
	require.False(t, ok)
	require.Error(t, r.Set(ctx, "token", "a", 0))
	require.NoError(t, r.Set(ctx, "token", "a", time.Minute))
	value, expires, ok, err := r.Get(ctx, "token")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "a", value)
	require.WithinDuration(t, time.Now().Add(time.Minute), expires, 2*time.Second)
	require.NoError(t, r.CompareDelete(ctx, "token", "older"))
	_, _, ok, _ = r.Get(ctx, "token")
	require.True(t, ok, "another's value stays")
	require.NoError(t, r.CompareDelete(ctx, "token", "a"))
	_, _, ok, _ = r.Get(ctx, "token")
	require.False(t, ok)
}

func TestRedisLock(t *testing.T) {
	ctx := context.Background()
	r := storetest.Redis(t)
	unlock, ok, err := r.Lock(ctx, "refresh", 10*time.Second)
	require.NoError(t, err)
	require.True(t, ok)
	other, ok, err := r.Lock(ctx, "refresh", 10*time.Second)
	require.NoError(t, err)
	require.False(t, ok)
	other()
	_, ok, _ = r.Lock(ctx, "refresh", 10*time.Second)
	require.False(t, ok, "who has not got the lock cannot give it back")
	unlock()
	unlock2, ok, err := r.Lock(ctx, "refresh", 50*time.Millisecond)
	require.NoError(t, err)
	require.True(t, ok)
	require.Eventually(t, func() bool {
		u, ok, _ := r.Lock(ctx, "refresh", 10*time.Second)
		if ok {
			unlock2() // ours has run out: it must not take the new owner's
			_, taken, _ := r.Lock(ctx, "refresh", time.Second)
			require.False(t, taken)
			u()
		}
		return ok
	}, 5*time.Second, 10*time.Millisecond)
}

func TestRedisWakeUps(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := storetest.Redis(t)
	wakes := r.Subscribe(ctx, "jobs")
	require.Eventually(t, func() bool { return len(wakes) == 1 }, 5*time.Second, time.Millisecond, "subscribed")
	for range 3 {
		<-wakes
		require.NoError(t, r.Publish(ctx, "jobs"))
		require.NoError(t, r.Publish(ctx, "others"))
		require.Eventually(t, func() bool { return len(wakes) == 1 }, 5*time.Second, time.Millisecond)
	}
	<-wakes
	cancel()
	require.Eventually(t, func() bool {
		select {
		case _, open := <-wakes:
			return !open
		default:
			return false
		}
	}, 5*time.Second, 10*time.Millisecond)
}

// Losing Redis slows, never breaks: calls fail quickly, after three at once,
// and go through again when it is back; subscribers are woken then.
func TestRedisAway(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	server := miniredis.RunT(t)
	r := store.OpenRedis(store.RedisConfig{Address: server.Addr()}, "p:", slog.New(slog.NewTextHandler(io.Discard, nil)))
	defer r.Close()
	require.NoError(t, r.Set(ctx, "k", "v", time.Minute))
	wakes := r.Subscribe(ctx, "jobs")
	require.Eventually(t, func() bool { return len(wakes) == 1 }, 5*time.Second, time.Millisecond, "subscribed")
	<-wakes

	server.Close()
	for range 3 {
		_, _, _, err := r.Get(ctx, "k")
		require.ErrorIs(t, err, store.ErrRedisAway)
	}
	begun := time.Now()
	for range 1000 {
		_, _, ok, err := r.Get(ctx, "k")
		require.ErrorIs(t, err, store.ErrRedisAway)
		require.False(t, ok)
	}
	require.Less(t, time.Since(begun), 200*time.Millisecond, "nobody waits for a server that is away")

	require.NoError(t, server.Restart())
	require.NoError(t, r.Ping(ctx), "a ping always asks")
	value, _, ok, err := r.Get(ctx, "k")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "v", value)
	require.Eventually(t, func() bool { return len(wakes) == 1 }, 10*time.Second, time.Millisecond, "woken after the reconnection")
}
