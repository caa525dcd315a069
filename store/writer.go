package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"guiju/store/faultpoint"
)

// Bounds of one shared commit and of the wait for it.
const (
	batchMembers    = 64                     // transactions that share a commit
	batchTime       = 20 * time.Millisecond  // after it no member joins
	backgroundWait  = 20 * time.Millisecond  // a background head older than this goes first…
	backgroundTurns = 16                     // …with this many, every other batch
	calmAfter       = 5 * time.Millisecond   // without an urgent arrival the rest of a batch is background's
	laneLength      = 4096                   // waiting transactions of one class
	outcomeGrace    = 250 * time.Millisecond // for a started member whose caller's time is up
	drainTime       = 5 * time.Second        // for what waits when the store closes
)

// writer is the goroutine that writes to SQLite. A sync to disk costs more
// than a transaction, so it lets all transactions that have arrived share one
// commit: each runs under its own savepoint, in order of arrival, and nobody
// is answered before the commit.
type writer struct {
	db   *DB
	conn *writerConn

	mu      sync.Mutex
	lanes   [2][]*member // by class
	busy    time.Time    // the last urgent arrival
	closing bool
	wake    chan struct{} // capacity 1
	stopped chan struct{}

	// Of the writer's goroutine alone:
	batch    []*member
	lastTurn class // the class the last batch preferred
}

// member is one transaction on its way through the writer.
type member struct {
	fn       func(tx *Tx) error
	arrived  time.Time
	state    atomic.Int32
	done     chan error // capacity 1
	err      error
	enqueued bool
}

// States of a member.
const (
	waiting int32 = iota
	started
	abandoned // its caller left before it started
)

func newWriter(db *DB, conn *writerConn) *writer {
	w := &writer{db: db, conn: conn, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	go w.loop()
	return w
}

// connect makes the first connection, in the writer's goroutine.
func (w *writer) connect(ctx context.Context) error {
	return w.run(ctx, urgent, func(*Tx) error { return nil })
}

func (w *writer) run(ctx context.Context, c class, fn func(tx *Tx) error) error {
	m := &member{fn: fn, arrived: time.Now(), done: make(chan error, 1)}
	if err := w.push(c, m); err != nil {
		return err
	}
	select {
	case err := <-m.done:
		return err
	case <-ctx.Done():
	}
	if m.state.CompareAndSwap(waiting, abandoned) {
		return fmt.Errorf("%w: %w while waiting for the writer", ErrUnavailable, ctx.Err())
	}
	grace := time.NewTimer(outcomeGrace)
	defer grace.Stop()
	select {
	case err := <-m.done:
		return err
	case <-grace.C:
		return fmt.Errorf("%w: %w before the commit answered", ErrUncertain, ctx.Err())
	}
}

func (w *writer) push(c class, m *member) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return fmt.Errorf("%w: the store is closed", ErrUnavailable)
	}
	if len(w.lanes[c]) >= laneLength {
		return fmt.Errorf("%w: %d transactions wait already", ErrUnavailable, laneLength)
	}
	w.lanes[c] = append(w.lanes[c], m)
	if c == urgent {
		w.busy = m.arrived
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return nil
}

// loop runs batches until the writer is closed and its lanes are empty.
func (w *writer) loop() {
	finished := false
	defer func() {
		if !finished {
			w.survive()
		}
	}()
	for {
		if w.runBatch() {
			continue
		}
		pause, end := w.pause(time.Now())
		if end {
			break
		}
		timer := time.NewTimer(pause)
		select {
		case <-w.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	finished = true
	close(w.stopped)
}

// pause is how long the writer may rest unless it is woken, and whether it is
// at its end.
func (w *writer) pause(now time.Time) (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if lane := w.lanes[background]; len(lane) > 0 {
		return min(w.busy.Add(calmAfter).Sub(now), lane[0].arrived.Add(backgroundWait).Sub(now)), false
	}
	return time.Hour, w.closing && len(w.lanes[urgent]) == 0
}

// survive runs while a closure ends the writer's goroutine by runtime.Goexit,
// as a failing test's FailNow does: the batch is void, others may try again,
// and a new goroutine takes over.
func (w *writer) survive() {
	w.conn.rollback()
	w.db.numbers.forget()
	for _, m := range w.batch {
		if m.err == nil {
			m.err = fmt.Errorf("%w: another transaction of the batch ended the writer's goroutine", ErrConflict)
		}
		m.done <- m.err
	}
	w.batch = w.batch[:0]
	go w.loop()
}

// runBatch runs what waits, up to the bounds of a batch, and commits once. It
// answers false when nothing waited.
func (w *writer) runBatch() bool {
	begun := time.Now()
	turn := w.turn(begun)
	m := w.next(turn, 0)
	if m == nil {
		return false
	}
	w.batch = w.batch[:0]
	if err := w.conn.begin(); err != nil {
		// All that wait now would fail the same way, each after its own wait.
		err = fmt.Errorf("begin: %w", translate(err))
		for ; m != nil; m = w.next(turn, len(w.batch)) {
			w.batch = append(w.batch, m)
		}
		w.answer(err)
		return true
	}
	for m != nil {
		w.batch = append(w.batch, m)
		w.runMember(m)
		if w.conn.dropped {
			w.rerunAlone()
			return true
		}
		if len(w.batch) == batchMembers || time.Since(begun) > batchTime {
			break
		}
		m = w.next(turn, len(w.batch))
	}
	w.answer(w.commit())
	return true
}

// turn chooses the class a batch prefers: urgent, but every other batch
// background once that has waited.
func (w *writer) turn(now time.Time) class {
	w.mu.Lock()
	defer w.mu.Unlock()
	if lane := w.lanes[background]; w.lastTurn == urgent && len(lane) > 0 && now.Sub(lane[0].arrived) > backgroundWait {
		w.lastTurn = background
	} else {
		w.lastTurn = urgent
	}
	return w.lastTurn
}

// next takes the next member to run, or nil. n members precede it. While urgent
// ones keep arriving background ones run in their turns only: each would take
// from the callbacks the processor they need to arrive.
func (w *writer) next(turn class, n int) *member {
	w.mu.Lock()
	defer w.mu.Unlock()
	order := []class{urgent, background}
	switch {
	case turn == background && n < backgroundTurns:
		order = []class{background, urgent}
	case !w.closing && time.Since(w.busy) < calmAfter:
		order = order[:1]
	}
	for _, c := range order {
		for len(w.lanes[c]) > 0 {
			m := w.lanes[c][0]
			w.lanes[c][0] = nil
			w.lanes[c] = w.lanes[c][1:]
			if m.state.CompareAndSwap(waiting, started) {
				return m
			}
		}
	}
	return nil
}

// runMember runs one closure under a savepoint. Its outcome is in m; whether
// the batch survived it, in conn.dropped.
func (w *writer) runMember(m *member) {
	if m.err = w.conn.control("SAVEPOINT member"); m.err != nil {
		w.conn.dropped = true
		return
	}
	w.conn.run = 0
	m.err = w.call(m)
	if w.conn.dropped {
		return
	}
	end := "RELEASE member"
	if m.err != nil {
		w.db.numbers.forget()
		end = "ROLLBACK TO member"
	}
	err := w.conn.control(end)
	if err == nil && m.err != nil {
		err = w.conn.control("RELEASE member")
	}
	if err != nil { // then the savepoint's state is unknown
		w.conn.dropped = true
		if m.err == nil {
			m.err = err
		}
	}
}

// call runs the closure. A panic is an error; runtime.Goexit unwinds the
// whole goroutine, see survive.
func (w *writer) call(m *member) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			err = newPanicError(p)
			return
		}
		m.err = errors.New("the transaction's closure ended its goroutine")
	}()
	tx := &Tx{Reader: Reader{ctx: context.Background(), g: w.db.session(context.Background(), w.conn), db: w.db}}
	err = tx.runClosure(m.fn)
	m.enqueued = tx.enqueued
	returned = true
	return err
}

// rerunAlone gives every member of a void batch its own transaction, in order
// of arrival: nothing of the batch was committed, nobody was answered.
func (w *writer) rerunAlone() {
	w.conn.rollback()
	w.db.numbers.forget()
	all := append([]*member(nil), w.batch...)
	for i, m := range all {
		w.batch = all[i : i+1]
		m.enqueued = false
		if err := w.conn.begin(); err != nil {
			w.answer(fmt.Errorf("begin: %w", translate(err)))
			continue
		}
		w.runMember(m)
		if w.conn.dropped {
			w.conn.rollback()
			w.db.numbers.forget()
			if m.err == nil {
				m.err = errDropped
			}
			w.answer(nil)
			continue
		}
		w.answer(w.commit())
	}
	w.batch = nil
}

func (w *writer) commit() error {
	faultpoint.Pass(faultpoint.BeforeCommit)
	err := w.conn.commit()
	if err != nil {
		w.db.numbers.forget()
		return err
	}
	faultpoint.Pass(faultpoint.AfterCommit)
	w.db.numbers.keep()
	return nil
}

// answer tells every member of the batch its own error, or err when the batch
// failed as a whole: what a member saw and decided is void then too.
func (w *writer) answer(err error) {
	enqueued := false
	for _, m := range w.batch {
		if err != nil {
			m.err = err
		}
		enqueued = enqueued || (m.err == nil && m.enqueued)
		m.done <- m.err
	}
	w.batch = w.batch[:0]
	if enqueued {
		(*w.db.wake.Load())()
	}
}

// close lets what waits run for drainTime, fails the rest, and closes the
// connection.
func (w *writer) close() error {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	limit := time.NewTimer(drainTime)
	defer limit.Stop()
	select {
	case <-w.stopped:
	case <-limit.C:
		w.failWaiting()
		<-w.stopped
	}
	return w.conn.close()
}

func (w *writer) failWaiting() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c, lane := range w.lanes {
		for _, m := range lane {
			if m.state.CompareAndSwap(waiting, abandoned) {
				m.done <- fmt.Errorf("%w: the store is closing", ErrUnavailable)
			}
		}
		w.lanes[c] = nil
	}
}
