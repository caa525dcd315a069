package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"guiju/callback"
	"guiju/store"
)

// The detour of a callback while the database is away: into the spool, and
// from there, in order, into the database.

const (
	// holdAfterReturn is how long deadlines wait after the database's return,
	// so that the spools of all processes are seen.
	holdAfterReturn = 30 * time.Second
	// watchEvery is the time between two looks at the database.
	watchEvery = 250 * time.Millisecond
)

// spooled is one record of the spool.
type spooled struct {
	Receiver   string    `json:"receiver"`
	Raw        []byte    `json:"raw"`
	ReceivedAt time.Time `json:"received_at"`
}

// toSpool keeps a delivery in the spool. Its error makes WeCom try again.
func (in *inbox) toSpool(d callback.Delivery) error {
	record, err := in.record(d)
	if err != nil {
		return err
	}
	if err := in.spool.Append(record); err != nil {
		return fmt.Errorf("spool delivery: %w", err)
	}
	in.noteSpooled()
	return nil
}

// joinSpool keeps a delivery in the spool if older ones are waiting there, and
// answers whether it did.
func (in *inbox) joinSpool(d callback.Delivery) (bool, error) {
	if in.spool.Len() == 0 {
		return false, nil
	}
	record, err := in.record(d)
	if err != nil {
		return false, err
	}
	joined, err := in.spool.Join(record)
	if err != nil {
		return false, fmt.Errorf("spool delivery: %w", err)
	}
	if joined {
		in.noteSpooled()
	}
	return joined, nil
}

func (in *inbox) record(d callback.Delivery) ([]byte, error) {
	record, err := json.Marshal(spooled{Receiver: d.Receiver, Raw: d.Raw, ReceivedAt: d.ReceivedAt})
	if err != nil {
		return nil, fmt.Errorf("spool delivery: %w", err)
	}
	return record, nil
}

// noteSpooled counts a spooled delivery and starts the drainer.
func (in *inbox) noteSpooled() {
	in.mu.Lock()
	in.deferred++
	in.mu.Unlock()
	select {
	case in.kick <- struct{}{}:
	default:
	}
}

// Drain moves the spool into the database in order, until it is empty, the
// database is away, or ctx ends.
func (in *inbox) Drain(ctx context.Context) error {
	in.draining.Lock()
	defer in.draining.Unlock()
	return in.spool.Drain(ctx, func(record []byte) error {
		var s spooled
		if err := json.Unmarshal(record, &s); err != nil {
			// The spool checks every record's sum, so this was never one of ours.
			in.log.Error("unreadable record in the spool is left out", "err", err)
			return nil
		}
		receiver, ok := in.receivers[s.Receiver]
		if !ok {
			return in.keepUnhandled(ctx, s, "接收方已不在配置中")
		}
		d, err := callback.NewDelivery(receiver, s.Raw, s.ReceivedAt, in.machine())
		if err != nil {
			return in.keepUnhandled(ctx, s, "内容无法解析")
		}
		return in.fromSpool(ctx, d)
	})
}

// keepUnhandled stores a spooled callback that this program cannot handle any
// more, for a person to look at (`guiju events`).
func (in *inbox) keepUnhandled(ctx context.Context, s spooled, why string) error {
	sum := sha256.Sum256(s.Raw)
	in.log.Error("spooled callback is kept and not handled", "receiver", s.Receiver, "why", why)
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		row, fresh, err := tx.AcceptDelivery(store.Delivery{
			Key: s.Receiver + ":" + hex.EncodeToString(sum[:]), Receiver: s.Receiver, Kind: "unknown", Raw: s.Raw,
			EventAt: s.ReceivedAt, ReceivedAt: s.ReceivedAt, State: store.DeliveryFailed,
		})
		if err != nil || !fresh {
			return err
		}
		return tx.FailDelivery(row.ID, why)
	})
}

// fromSpool handles one spooled delivery. Its HTTP response was empty, so its
// answer goes as messages, also when the delivery turns out to have been
// committed after all.
func (in *inbox) fromSpool(ctx context.Context, d callback.Delivery) error {
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		stored := in.row(d)
		stored.State = store.DeliverySpooled
		row, fresh, err := tx.AcceptDelivery(stored)
		if err != nil {
			return err
		}
		if !fresh {
			in.mu.Lock()
			answered := in.answered.has(d.Key)
			in.mu.Unlock()
			if answered {
				return nil
			}
			return in.replyBySending(tx, row)
		}
		_, err = in.finish(tx, d, row.ID, false)
		return err
	})
	if err == nil || unavailable(err) || ctx.Err() != nil {
		in.noteDatabase(err == nil)
		return err
	}
	in.log.Error("handling failed; a job tries again", "receiver", d.Receiver, "kind", d.Event.Head().Kind(), "err", err)
	if err = in.keepFailed(ctx, d); err == nil || unavailable(err) || ctx.Err() != nil {
		return err
	}
	// What cannot even be kept as failed must not hold up those behind it.
	return in.keepUnhandled(ctx, spooled{Receiver: d.Receiver, Raw: d.Raw, ReceivedAt: d.ReceivedAt}, "无法保存处理结果")
}

// Run drains the spool whenever it holds something, until ctx ends.
func (in *inbox) Run(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { in.watch(ctx) })
	const pause = time.Second
	tick := time.NewTicker(pause)
	defer tick.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-in.kick:
		case <-tick.C:
		}
		if in.spool.Len() == 0 {
			continue
		}
		err := in.Drain(ctx)
		if err != nil && !told && ctx.Err() == nil {
			in.log.Warn("spool waits for the database", "waiting", in.spool.Len(), "err", err)
		} else if err == nil && told {
			in.log.Info("spool handled")
		}
		told = err != nil
	}
}

// watch notices that the database goes away and comes back also while nobody
// says anything here: an answer may lie in the spool of another process.
func (in *inbox) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ask, cancel := context.WithTimeout(ctx, commitBudget)
		err := in.db.Ping(ask)
		cancel()
		if ctx.Err() == nil {
			in.noteDatabase(err == nil)
		}
	}
}

// holdsDeadlines answers whether deadline jobs must wait: an answer may still
// be in the spool, or the database is away or came back less than 30 s ago.
func (in *inbox) holdsDeadlines() bool {
	if in.spool.Len() > 0 {
		return true
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.away || !in.returnedAt.IsZero() && in.machine().Sub(in.returnedAt) < holdAfterReturn
}

func (in *inbox) noteDatabase(up bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if up && in.away {
		in.returnedAt = in.machine()
	}
	in.away = !up
}

func (in *inbox) isAway() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.away
}

// recentKeys remembers the deliveries whose reply was given lately: WeCom
// repeats a callback within seconds, so a bounded memory is enough to keep a
// repeated one, which took the way of the spool, from being answered twice.
type recentKeys struct {
	ring  [4096]string
	next  int
	known map[string]bool
}

func (k *recentKeys) add(key string) {
	if k.known == nil {
		k.known = make(map[string]bool, len(k.ring))
	}
	delete(k.known, k.ring[k.next])
	k.ring[k.next], k.known[key] = key, true
	k.next = (k.next + 1) % len(k.ring)
}

func (k *recentKeys) drop(key string)     { delete(k.known, key) }
func (k *recentKeys) has(key string) bool { return k.known[key] }

func unavailable(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUncertain) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
