package sandbox

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"
)

// Worker is an app whose timed work follows the platform's clock. The clock
// asks it while it advances, so that every due instant is reached in order.
type Worker interface {
	// NextDue is the earliest instant after the present business time at which
	// some work becomes due; false: nothing is planned. Work that is already due
	// belongs to Settle.
	NextDue(ctx context.Context) (time.Time, bool, error)
	// Settle runs everything due at now until nothing due is left, and tells how
	// many jobs ran, failed (were set aside), and wait for something else than
	// business time (a retry's backoff, a lease).
	Settle(ctx context.Context, now time.Time) (ran, failed, waiting int, err error)
}

var (
	// ErrBackwards refuses to move business time into the past.
	ErrBackwards = errors.New("the clock never goes backwards")
	// errGone is returned by a worker whose connection ended: it is forgotten.
	errGone = errors.New("the app left the clock")
)

// clock is business time: it runs as real time does, stands still while it is
// moved, and always stands still when it is not running.
type clock struct {
	mu      sync.Mutex
	base    time.Time // business time at real instant at
	at      time.Time
	running bool
	held    bool // a move or settle is under way
	version int64
	changed chan struct{} // closed and replaced at every change

	turn    chan struct{} // one move at a time
	workers map[int64]*worker
	nextID  int64
}

type worker struct {
	name string
	Worker
}

func (c *clock) init(s clockState, o Options) {
	c.base, c.at, c.running = s.Now.Round(0), time.Now(), s.Running
	c.changed = make(chan struct{})
	c.turn = make(chan struct{}, 1)
	c.workers = map[int64]*worker{}
}

func (c *clock) now() time.Time {
	t, _ := c.reading()
	return t
}

func (c *clock) reading() (now time.Time, running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readLocked(), c.running
}

func (c *clock) readLocked() time.Time {
	if c.running && !c.held {
		return c.base.Add(time.Since(c.at))
	}
	return c.base
}

// change applies f to the stopped reading and wakes everyone who follows the clock.
func (c *clock) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.at = c.readLocked(), time.Now()
	f()
	c.version++
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *clock) set(t time.Time) { c.change(func() { c.base = t }) }

// AddWorker makes the clock wait for an app in this process until remove is called.
func (p *Platform) AddWorker(name string, w Worker) (remove func()) {
	return p.clock.add(name, w)
}

func (c *clock) add(name string, w Worker) (remove func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextID++
	id := c.nextID
	c.workers[id] = &worker{name: name, Worker: w}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.workers, id)
	}
}

// team lists the workers in the order they came.
func (c *clock) team() []*worker {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := make([]int64, 0, len(c.workers))
	for id := range c.workers {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	out := make([]*worker, 0, len(ids))
	for _, id := range ids {
		out = append(out, c.workers[id])
	}
	return out
}

// Run starts or stops the flow of business time.
func (p *Platform) Run(running bool) {
	p.clock.change(func() { p.clock.running = running })
	p.stream.send(StreamHint{Type: "clock"})
}

// Advance moves business time on by d; see Move.
func (p *Platform) Advance(ctx context.Context, d time.Duration) (MoveResult, error) {
	return p.move(ctx, func(now time.Time) time.Time { return now.Add(d) })
}

// Move sets business time to target, stopping at every due instant on the way:
// at each it waits until no callback is in flight and no due job is left.
func (p *Platform) Move(ctx context.Context, target time.Time) (MoveResult, error) {
	return p.move(ctx, func(time.Time) time.Time { return target })
}

// Settle waits for quiet at the present instant.
func (p *Platform) Settle(ctx context.Context) (MoveResult, error) {
	return p.move(ctx, func(now time.Time) time.Time { return now })
}

func (p *Platform) move(ctx context.Context, to func(now time.Time) time.Time) (res MoveResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.MoveTimeout)
	defer cancel()
	select {
	case p.clock.turn <- struct{}{}:
		defer func() { <-p.clock.turn }()
	case <-ctx.Done():
		return p.moved(res), fmt.Errorf("another move is still under way: %w", ctx.Err())
	}
	p.clock.change(func() { p.clock.held = true })
	defer func() {
		p.clock.change(func() { p.clock.held = false })
		p.stream.send(StreamHint{Type: "clock"})
		res = p.moved(res)
	}()

	now := p.clock.now()
	target := to(now)
	if target.Before(now) {
		return res, fmt.Errorf("%w: it is %s", ErrBackwards, p.stamp(now).Format(timeForm))
	}
	for {
		if err := p.settleAt(ctx, now, &res); err != nil {
			return res, err
		}
		if !now.Before(target) {
			return res, nil
		}
		if now, err = p.nextStop(ctx, now, target); err != nil {
			return res, err
		}
		p.clock.set(now)
		p.stream.send(StreamHint{Type: "clock"})
	}
}

func (p *Platform) moved(res MoveResult) MoveResult {
	now, running := p.clock.reading()
	res.Now, res.Running = p.stamp(now), running
	return res
}

// nextStop is the earliest due instant of any app after now, at most target.
func (p *Platform) nextStop(ctx context.Context, now, target time.Time) (time.Time, error) {
	stop := target
	for _, w := range p.clock.team() {
		due, ok, err := w.NextDue(ctx)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return stop, fmt.Errorf("%s: next due: %w", w.name, err)
		}
		// An instant that has passed is work Settle could not finish (a backoff):
		// it is counted as waiting and must not stop the clock.
		if ok && due.After(now) && due.Before(stop) {
			stop = due
		}
	}
	return stop, nil
}

// settleAt waits at one instant until a whole round finds no callback in flight
// and no app with anything due.
func (p *Platform) settleAt(ctx context.Context, now time.Time, res *MoveResult) error {
	for {
		if err := p.deliveries.quiet(ctx); err != nil {
			return fmt.Errorf("callbacks are still in flight: %w", err)
		}
		before, ran := p.deliveries.count(), 0
		res.Waiting = 0
		for _, w := range p.clock.team() {
			r, f, wait, err := w.Settle(ctx, now)
			if errors.Is(err, errGone) {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s: settle: %w", w.name, err)
			}
			ran += r
			res.Ran, res.Failed, res.Waiting = res.Ran+r, res.Failed+f, res.Waiting+wait
		}
		if ran == 0 && p.deliveries.count() == before {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("work is still being done: %w", err)
		}
	}
}
