package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrRedisAway says that Redis cannot be reached, or was not a moment ago.
// Whoever gets it goes on without.
var ErrRedisAway = errors.New("redis unavailable")

// Redis holds only what may be lost: the shared access token, locks around
// its refresh, wake-ups. Losing Redis slows guiju and never breaks it: calls
// are short, and after some failures in a row none is made for a while.
type Redis struct {
	client *redis.Client
	prefix string
	log    *slog.Logger

	mu       sync.Mutex
	failures int       // in a row
	closed   time.Time // no calls until then; machine time
}

// RedisConfig is the redis section of config.yaml.
type RedisConfig struct {
	Address  string // host:port
	Password string
	DB       int
}

const (
	redisCall     = 300 * time.Millisecond
	redisDial     = 500 * time.Millisecond
	redisFailures = 3               // in a row, before…
	redisPause    = 5 * time.Second // …no call is made for this long
	redisSilence  = 30 * time.Second
	redisUnlock   = time.Second
)

// noLog replaces the client library's own log, a global of the process: Redis
// reports what matters.
type noLog struct{}

func (noLog) Printf(context.Context, string, ...any) {}

// OpenRedis prepares a client without connecting. prefix is put before every
// key and channel, so that programs can share a server; logger nil is
// slog.Default().
func OpenRedis(cfg RedisConfig, prefix string, logger *slog.Logger) *Redis {
	if logger == nil {
		logger = slog.Default()
	}
	redis.SetLogger(noLog{})
	client := redis.NewClient(&redis.Options{
		Addr: cfg.Address, Password: cfg.Password, DB: cfg.DB,
		DialTimeout: redisDial, ReadTimeout: redisCall, WriteTimeout: redisCall, PoolTimeout: redisCall,
		DialerRetries: 1, MaxRetries: -1, PoolSize: 8, ContextTimeoutEnabled: true,
	})
	return &Redis{client: client, prefix: prefix, log: logger}
}

// Close ends the connections.
func (r *Redis) Close() error { return r.client.Close() }

// Ping asks whether Redis answers now, whatever happened before.
func (r *Redis) Ping(ctx context.Context) error {
	err := r.client.Ping(ctx).Err()
	r.note(ctx, err)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRedisAway, err)
	}
	return nil
}

// Get reads a value and when it expires (machine time; the zero time if
// never). ok is false when there is none.
func (r *Redis) Get(ctx context.Context, key string) (value string, expiresAt time.Time, ok bool, err error) {
	var got *redis.StringCmd
	var left *redis.DurationCmd
	err = r.call(ctx, "get", func(ctx context.Context) error {
		_, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			got, left = p.Get(ctx, r.prefix+key), p.PTTL(ctx, r.prefix+key)
			return nil
		})
		return err
	})
	if errors.Is(err, redis.Nil) {
		return "", time.Time{}, false, nil
	}
	if err != nil {
		return "", time.Time{}, false, err
	}
	if left.Val() > 0 {
		expiresAt = time.Now().Add(left.Val())
	}
	return got.Val(), expiresAt, true, nil
}

// Set stores a value for ttl, at least a millisecond.
func (r *Redis) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if ttl < time.Millisecond {
		return fmt.Errorf("redis set: a life of %s is too short", ttl)
	}
	return r.call(ctx, "set", func(ctx context.Context) error {
		return r.client.Set(ctx, r.prefix+key, value, ttl).Err()
	})
}

var compareDelete = redis.NewScript(`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`)

// CompareDelete deletes key if it still holds value: nobody's newer value is
// lost.
func (r *Redis) CompareDelete(ctx context.Context, key, value string) error {
	return r.call(ctx, "compare and delete", func(ctx context.Context) error {
		return compareDelete.Run(ctx, r.client, []string{r.prefix + key}, value).Err()
	})
}

// Lock takes the lock named key for at most ttl. ok is false when somebody
// else has it. unlock gives it back if it is still ours; it may be called
// after ctx has ended.
func (r *Redis) Lock(ctx context.Context, key string, ttl time.Duration) (unlock func(), ok bool, err error) {
	owner := rand.Text()
	err = r.call(ctx, "lock", func(ctx context.Context) error {
		return r.client.SetArgs(ctx, r.prefix+key, owner, redis.SetArgs{Mode: "NX", TTL: ttl}).Err()
	})
	if errors.Is(err, redis.Nil) {
		return func() {}, false, nil
	}
	if err != nil {
		return func() {}, false, err
	}
	unlock = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisUnlock)
		defer cancel()
		_ = r.CompareDelete(ctx, key, owner) // else it ends by itself after ttl
	}
	return unlock, true, nil
}

// Publish wakes whoever listens on channel, in every process.
func (r *Redis) Publish(ctx context.Context, channel string) error {
	return r.call(ctx, "publish", func(ctx context.Context) error {
		return r.client.Publish(ctx, r.prefix+channel, "").Err()
	})
}

// Subscribe answers a channel that receives a value after Publish; several
// wake-ups become one. It reconnects by itself, and wakes once then, because
// some may have been missed. It is closed when ctx ends.
func (r *Redis) Subscribe(ctx context.Context, channel string) <-chan struct{} {
	wakes := make(chan struct{}, 1)
	go func() {
		defer close(wakes)
		subscription := r.client.Subscribe(ctx, r.prefix+channel)
		defer context.AfterFunc(ctx, func() { _ = subscription.Close() })() // ends a read that blocks
		for ctx.Err() == nil {
			message, err := subscription.ReceiveTimeout(ctx, redisSilence)
			if err != nil {
				err = subscription.Ping(ctx) // silence, or a lost connection?
			}
			switch {
			case err != nil:
				r.wait(ctx)
			case message != nil:
				if _, pong := message.(*redis.Pong); !pong {
					wake(wakes)
				}
			}
		}
	}()
	return wakes
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wait pauses between two attempts to subscribe.
func (r *Redis) wait(ctx context.Context) {
	pause := time.NewTimer(time.Second)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
}

// call makes one call, unless Redis has just failed several times.
func (r *Redis) call(ctx context.Context, what string, do func(ctx context.Context) error) error {
	if r.paused() {
		return fmt.Errorf("redis %s: %w", what, ErrRedisAway)
	}
	ctx, cancel := context.WithTimeout(ctx, redisDial+redisCall)
	defer cancel()
	err := do(ctx)
	r.note(ctx, err)
	if err == nil || errors.Is(err, redis.Nil) {
		return err
	}
	return fmt.Errorf("redis %s: %w: %w", what, ErrRedisAway, err)
}

func (r *Redis) paused() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.closed) {
		return true
	}
	if r.failures >= redisFailures {
		r.closed = time.Now().Add(redisPause) // this call tries, the others wait for what it finds
	}
	return false
}

// note counts failures of Redis; a caller that gave up is none.
func (r *Redis) note(ctx context.Context, err error) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || errors.Is(err, redis.Nil) {
		if r.failures >= redisFailures {
			r.log.Info("redis is back")
		}
		r.failures, r.closed = 0, time.Time{}
		return
	}
	if r.failures++; r.failures >= redisFailures {
		if r.failures == redisFailures {
			r.log.Warn("redis is away; going on without it", "error", err)
		}
		r.closed = time.Now().Add(redisPause)
	}
}
