package app

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"guiju/callback"
	"guiju/callback/event"
	"guiju/store"
	"guiju/store/faultpoint"
	"guiju/store/queue"
	"guiju/store/spool"
)

const (
	// commitBudget is how long after receipt a delivery may wait for its
	// commit before it goes to the spool. WeCom gives up after 5 s [90930].
	commitBudget = 2500 * time.Millisecond
	// oldestAct bounds how far back an event's own time may lie.
	oldestAct = 24 * time.Hour
	// keptKeys is how long delivery keys are kept. An older event that comes
	// again could not be recognised, so it is counted and not handled.
	keptKeys = 30 * 24 * time.Hour
	// maxInFlight bounds the deliveries being stored at once.
	maxInFlight = 4096
)

// outcome is what dispatching one event decided: what is answered inside the
// HTTP response, if anything, and what is sent as messages besides.
type outcome struct {
	Member int64
	App    string
	Reply  string   // text; empty: nothing to say
	More   []string // the rest of a long answer, sent after it
	Sent   bool     // a card that answers it is planned
	Absent bool     // he is gone: answered in the HTTP response or not at all, since WeCom delivers him nothing
}

// inbox takes each callback over once: one transaction stores it, handles it
// and keeps its answer. When the database is away it takes it into the spool.
type inbox struct {
	db        *store.DB
	spool     *spool.Spool
	receivers map[string]callback.Receiver
	handle    func(tx *store.Tx, d callback.Delivery, id int64) (outcome, error)
	send      func(tx *store.Tx, h outcome, delivery int64, texts []string) error
	alert     func(tx *store.Tx, delivery int64, member, app string) error
	refuse    func(receiver, reason string, at time.Time) // counts, and keeps nothing else
	machine   func() time.Time
	log       *slog.Logger

	places   chan struct{}
	draining sync.Mutex
	kick     chan struct{}

	mu         sync.Mutex
	deferred   uint64    // deliveries that took the way of the spool
	away       bool      // the last transaction found no database
	returnedAt time.Time // machine time the database came back
	answered   recentKeys
}

// newInbox builds an inbox; its functions are set by the App.
func newInbox(db *store.DB, sp *spool.Spool, receivers []callback.Receiver, machine func() time.Time, log *slog.Logger) *inbox {
	in := &inbox{
		db: db, spool: sp, receivers: map[string]callback.Receiver{}, machine: machine, log: log,
		places: make(chan struct{}, maxInFlight), kick: make(chan struct{}, 1),
	}
	for _, r := range receivers {
		in.receivers[r.Name] = r
	}
	return in
}

// Accept implements callback.Inbox. It answers once the delivery is stored
// durably: committed, or in the spool.
func (in *inbox) Accept(ctx context.Context, d callback.Delivery) (callback.Answer, error) {
	faultpoint.Pass(faultpoint.Opened)
	if created := d.Event.Head().CreateTime; !created.IsZero() && d.ReceivedAt.Sub(created) > keptKeys {
		in.refuse(d.Receiver, "too_old", d.ReceivedAt)
		return callback.Answer{}, nil
	}
	if joined, err := in.joinSpool(d); joined || err != nil {
		return callback.Answer{}, err
	}
	select {
	case in.places <- struct{}{}:
	default:
		return callback.Answer{}, in.toSpool(d)
	}

	type result struct {
		reply event.Reply
		err   error
	}
	done := make(chan result, 1)
	stored, cancel := context.WithDeadline(context.WithoutCancel(ctx), d.Arrived.Add(commitBudget))
	go func() {
		defer cancel()
		defer func() { <-in.places }()
		reply, err := in.Store(stored, d)
		done <- result{reply, err}
	}()

	timer := time.NewTimer(max(0, commitBudget-in.machine().Sub(d.Arrived)))
	defer timer.Stop()
	select {
	case r := <-done:
		if r.err == nil {
			if r.reply != nil {
				in.mu.Lock()
				in.answered.add(d.Key)
				in.mu.Unlock()
			}
			return callback.Answer{Reply: r.reply}, nil
		}
		in.log.Warn("delivery goes to the spool", "receiver", d.Receiver, "kind", d.Event.Head().Kind(), "err", r.err)
		return callback.Answer{}, in.toSpool(d)
	case <-timer.C:
		// The transaction may still commit: the drainer finds the delivery's
		// key taken then, and only sees to its answer.
		in.log.Warn("delivery goes to the spool", "receiver", d.Receiver, "kind", d.Event.Head().Kind(), "err", "no commit in time")
		return callback.Answer{}, in.toSpool(d)
	}
}

// Store handles a delivery in one transaction. A failing handler is rolled
// back and the delivery kept with a job that tries again, so an error means
// that nothing could be stored.
func (in *inbox) Store(ctx context.Context, d callback.Delivery) (event.Reply, error) {
	reply, err := in.once(ctx, d)
	if err == nil {
		in.noteDatabase(true)
		return reply, nil
	}
	if unavailable(err) || ctx.Err() != nil {
		in.noteDatabase(false)
		return nil, err
	}
	in.log.Error("handling failed; a job tries again", "receiver", d.Receiver, "kind", d.Event.Head().Kind(), "err", err)
	return nil, in.keepFailed(ctx, d)
}

// once is the transaction: store, handle, keep the answer.
func (in *inbox) once(ctx context.Context, d callback.Delivery) (event.Reply, error) {
	var reply event.Reply
	err := in.db.InTx(ctx, func(tx *store.Tx) error {
		reply = nil
		row, fresh, err := tx.AcceptDelivery(in.row(d))
		if err != nil {
			return err
		}
		if !fresh {
			reply, err = storedReply(row)
			return err
		}
		faultpoint.Pass(faultpoint.Inserted)
		reply, err = in.finish(tx, d, row.ID, event.CanReply(d.Event))
		faultpoint.Pass(faultpoint.Dispatched)
		return err
	})
	return reply, err
}

// finish handles a stored delivery and keeps its answer: passive when the
// event takes one and passive is allowed, else planned as messages.
func (in *inbox) finish(tx *store.Tx, d callback.Delivery, id int64, passive bool) (event.Reply, error) {
	handled, err := in.handle(tx, d, id)
	if err != nil {
		return nil, err
	}
	texts := handled.More
	if handled.Reply == "" {
		if len(texts) == 0 && handled.Sent {
			return nil, tx.FinishDelivery(id, store.ReplySent, nil)
		}
		if len(texts) == 0 {
			return nil, tx.FinishDelivery(id, store.ReplyNone, nil)
		}
		passive = false
	}
	reply := &event.TextReply{Content: handled.Reply}
	if passive && event.Accepts(d.Event, reply) && reply.Check() == nil {
		body, err := event.MarshalReply(reply)
		if err != nil {
			return nil, fmt.Errorf("keep reply: %w", err)
		}
		if err := tx.FinishDelivery(id, store.ReplyPassive, body); err != nil {
			return nil, err
		}
		if len(texts) > 0 {
			return reply, in.send(tx, handled, id, texts)
		}
		return reply, nil
	}
	if handled.Absent {
		return nil, tx.FinishDelivery(id, store.ReplyNone, nil)
	}
	if handled.Reply != "" {
		texts = append([]string{handled.Reply}, texts...)
	}
	if err := in.send(tx, handled, id, texts); err != nil {
		return nil, err
	}
	return nil, tx.FinishDelivery(id, store.ReplySent, nil)
}

// keepFailed stores a delivery whose handler failed, with the job that tries
// again, and tells the member that we know. When even telling him fails, the
// delivery is kept all the same.
func (in *inbox) keepFailed(ctx context.Context, d callback.Delivery) error {
	err := in.keep(ctx, d, in.alert)
	if err == nil || unavailable(err) || ctx.Err() != nil {
		return err
	}
	in.log.Error("the member cannot be told of the failure", "receiver", d.Receiver, "err", err)
	return in.keep(ctx, d, func(*store.Tx, int64, string, string) error { return nil })
}

func (in *inbox) keep(ctx context.Context, d callback.Delivery, alert func(tx *store.Tx, delivery int64, member, app string) error) error {
	return in.db.InTx(ctx, func(tx *store.Tx) error {
		row := in.row(d)
		row.State = store.DeliveryFailed
		row, fresh, err := tx.AcceptDelivery(row)
		if err != nil || !fresh {
			return err
		}
		// The cause is logged by the caller; it may quote a body and is not stored.
		if err := tx.FailDelivery(row.ID, "处理出错，任务会自动重试"); err != nil {
			return err
		}
		if _, err := tx.Enqueue(HandleEvent{Delivery: row.ID}, store.Unique(strconv.FormatInt(row.ID, 10))); err != nil {
			return err
		}
		return alert(tx, row.ID, memberOf(d.Event.Head()), d.App)
	})
}

// HandleEvent is the job that handles a delivery whose handler failed before.
type HandleEvent struct {
	Delivery int64 `json:"delivery"`
}

// Kind implements store.JobArgs.
func (HandleEvent) Kind() string { return "app.handle_event" }

// retry handles a kept delivery again; its answer becomes messages.
func (in *inbox) retry(ctx context.Context, _ *queue.Job, args HandleEvent) queue.Outcome {
	row, err := in.db.Reader(ctx).Delivery(args.Delivery)
	if err != nil {
		return queue.Retry(err)
	}
	if row.State == store.DeliveryDone {
		return queue.Done()
	}
	receiver, ok := in.receivers[row.Receiver]
	if !ok {
		return queue.Bury(fmt.Errorf("delivery %d: receiver %q is not configured any more", row.ID, row.Receiver))
	}
	d, err := callback.NewDelivery(receiver, row.Raw, row.ReceivedAt, in.machine())
	if err != nil {
		return queue.Bury(fmt.Errorf("delivery %d: %w", row.ID, err))
	}
	// Handling is a transaction of its own, so that its failure can be told
	// from the job's: the job's own effects must not run on a broken one.
	err = in.db.InBackground(ctx, func(tx *store.Tx) error {
		if err := tx.Lock("deliveries", row.ID); err != nil {
			return err
		}
		current, err := tx.Delivery(row.ID)
		if err != nil || current.State == store.DeliveryDone {
			return err
		}
		_, err = in.finish(tx, d, row.ID, false)
		return err
	})
	if err != nil {
		return queue.Retry(fmt.Errorf("handle delivery %d: %w", row.ID, err))
	}
	return queue.Done()
}

// Undelivered implements callback.Inbox: the reply did not reach WeCom and
// becomes a message.
func (in *inbox) Undelivered(ctx context.Context, d callback.Delivery) error {
	in.mu.Lock()
	in.answered.drop(d.Key)
	in.mu.Unlock()
	return in.db.InTx(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		row, err := tx.DeliveryByKey(d.Key)
		if err != nil {
			return err
		}
		return in.replyBySending(tx, row)
	})
}

// replyBySending sends the stored passive reply of a delivery, once. That it
// was written into an HTTP response is known to this process alone, see
// fromSpool: only WeCom knows whether it arrived, and asks again when it did
// not, so an answer too many is better than none.
func (in *inbox) replyBySending(tx *store.Tx, row store.Delivery) error {
	reply, err := storedReply(row)
	if err != nil || reply == nil {
		return err
	}
	text, ok := reply.(*event.TextReply)
	if !ok {
		return fmt.Errorf("delivery %d: a %s reply cannot be sent as a message", row.ID, reply.MsgType())
	}
	member, err := tx.MemberByUserID(row.Userid)
	if err != nil {
		return err
	}
	if !member.Present() {
		return nil // WeCom delivers him nothing
	}
	if err := tx.ReplyBySending(row.ID); err != nil {
		return err
	}
	return in.send(tx, outcome{Member: member.ID, App: row.App}, row.ID, []string{text.Content})
}

// storedReply is what a duplicate is answered: the passive reply again, and
// nothing when the answer went as a message.
func storedReply(row store.Delivery) (event.Reply, error) {
	if row.ReplyKind != store.ReplyPassive || len(row.Reply) == 0 {
		return nil, nil
	}
	reply, err := event.UnmarshalReply(row.Reply)
	if err != nil {
		return nil, fmt.Errorf("reply of delivery %d: %w", row.ID, err)
	}
	return reply, nil
}

// row is what is stored of a delivery.
func (in *inbox) row(d callback.Delivery) store.Delivery {
	head := d.Event.Head()
	return store.Delivery{
		Key: d.Key, Receiver: d.Receiver, App: d.App, Kind: head.Kind(), Userid: memberOf(head),
		Raw: d.Raw, EventAt: actAt(head.CreateTime, d.ReceivedAt), ReceivedAt: d.ReceivedAt,
	}
}

// actAt is the instant of an act: the event's own time, but never after its
// receipt nor more than a day before it.
func actAt(created, received time.Time) time.Time {
	if created.After(received) || created.IsZero() {
		return received
	}
	if earliest := received.Add(-oldestAct); created.Before(earliest) {
		return earliest
	}
	return created
}

func memberOf(head event.Header) string {
	if head.FromMember() {
		return head.FromUserName
	}
	return ""
}
