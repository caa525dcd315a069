// Package response keeps the response clocks: who owes whom an answer by when,
// reminders, breaches, escalation and deputies (guide G1-4.1(4)b, S03). Every
// domain that waits for a person uses it.
//
// A clock is opened with its item and starts when WeCom has taken the item
// for its receiver: waiting in a queue, quiet hours or an outage cost nobody
// his time. It keeps the timetable of the rules it started with.
//
//	state      delivered  收到            回复  late 收到      late 回复  remind   due       climb     not reached  refused  cancel     pass on
//	waiting    running    acked/met       met   acked/met      met        –        –         –         missed*      missed   cancelled  moved
//	running    –          acked/met       met   acked/late     late       running  breached  breached  –            –        cancelled  moved
//	acked      –          acked           met   acked          late       acked    breached  breached  –            –        cancelled  moved
//	breached   –          breached/met†   met†  breached/late  late       –        –         breached  –            –        cancelled  moved
//	met        –          –               –     –              –          –        –         –         –            –        –          –
//	late       –          –               –     –              –          –        –         –         –            –        –          –
//	moved      –          –               –     –              –          –        –         –         –            –        –          –
//	cancelled  –          –               –     –              –          –        –         –         –            –        –          –
//	missed     –          –               –     –              –          –        –         –         –            –        –          –
//
// a/b: a where a reply is owed, b where 收到 is enough. An act is late when its
// instant lies after the second in which the clock is due; one on a waiting
// clock proves delivery, starts the clock at its instant and so is never late.
// climb is a rung above the breach. – leaves the clock as it is.
//
// * waiting, if the item has missed somebody before: it is forwarded once. † the
// act was in time and only its callback came late; those who were told of the
// breach hear of it.
package response

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom/card"
)

// maxClocks bounds the clocks of one item: 100 receivers, passed on a few times.
const maxClocks = 1000

// Superiors finds the people above a member. It is implemented by people.
type Superiors interface {
	// Superior answers the 直接上级, else the 部门主管, else somebody of
	// 总经理办公室; never the member. ErrNotFound, wrapped, when nobody is left.
	Superior(r *store.Reader, member int64) (int64, error)
	// Heads answers the 部门主管 of the member's main department, else as
	// Superior does; never the member.
	Heads(r *store.Reader, member int64) ([]int64, error)
	// Administrators answers the 管理员.
	Administrators(r *store.Reader) ([]int64, error)
	// Sees answers whose rows of a report a member may see, and how to call
	// them: "本部门". Nil members are everybody's.
	Sees(r *store.Reader, m store.Member, permission policy.Permission) (members []int64, whose string, err error)
}

// Forward gives an item that did not reach its receiver to somebody else:
// the domain shows it to him and opens a clock of his.
type Forward func(tx *store.Tx, missed store.Clock, to int64) error

// Clocks opens, starts and stops response clocks.
type Clocks struct {
	notify    *notify.Notifier
	rules     notify.Rules
	superiors Superiors
	log       *slog.Logger
	forward   map[string]Forward
	away      map[string]func(tx *store.Tx, clock store.Clock, deputy int64) error
	acts      map[string]func(r *store.Reader, clock store.Clock) ([]card.Button, error)
	inWords   map[string]string
	sources   []headed
	breached  func(class string)
	nodes     map[string]bool // kinds of subject that are approval nodes
}

// New builds the clocks and registers their cards.
func New(n *notify.Notifier, rules notify.Rules, superiors Superiors, log *slog.Logger) *Clocks {
	c := &Clocks{
		notify: n, rules: rules, superiors: superiors, log: log, breached: func(string) {},
		forward: map[string]Forward{}, away: map[string]func(*store.Tx, store.Clock, int64) error{},
		acts: map[string]func(*store.Reader, store.Clock) ([]card.Button, error){}, nodes: map[string]bool{}, inWords: map[string]string{},
	}
	n.Card(dueCard, c.drawDue)
	n.Card(escalationCard, c.drawEscalation)
	return c
}

// Register gives the queue the workers. Timers wait while an answer may still
// lie in the spool.
func (c *Clocks) Register(q *queue.Queue) {
	queue.Register(q, c.step, queue.Deadline())
	queue.Register(q, c.undelivered, queue.Deadline())
	queue.Register(q, c.summary, queue.Deadline())
	queue.Register(q, c.passAway)
}

// OnUndelivered says who takes items of this kind that do not arrive.
func (c *Clocks) OnUndelivered(subjectKind string, forward Forward) { c.forward[subjectKind] = forward }

// ActsOn names the buttons of the reminders about a kind of subject that is not
// answered by 回复 and 收到. Their phase is 0: a reminder has only one.
func (c *Clocks) ActsOn(subjectKind string, buttons func(r *store.Reader, clock store.Clock) ([]card.Button, error)) {
	c.acts[subjectKind] = buttons
}

// Nodes says that subjects of this kind are approval nodes: their clocks keep
// the timetable of G2-4.4(3), a zero limit being approval.node_limit_hours.
func (c *Clocks) Nodes(subjectKind string) { c.nodes[subjectKind] = true }

// OnBreach tells f of each clock that runs out, for metrics. A transaction that
// has to be repeated tells it again.
func (c *Clocks) OnBreach(f func(class string)) { c.breached = f }

// Opening is what a clock is opened for.
type Opening struct {
	Subject    store.Subject
	Number     string
	Title      string // one line, for reminders
	App        string
	Class      policy.Class
	NeedsReply bool
	Sender     int64
	Receiver   int64
	DeputyFor  int64 // from Stand
	// Limit is the time to answer, in place of the one of the class; zero: by class.
	Limit policy.WorkSpan
}

// Open opens a clock that waits for delivery, and the timer that asks after it.
func (c *Clocks) Open(tx *store.Tx, o Opening) (store.Clock, error) {
	rules := c.rules()
	clock := store.Clock{
		SubjectKind: o.Subject.Kind, SubjectID: o.Subject.ID, Number: o.Number, Title: chat.Shorten(o.Title, 60), App: o.App,
		Class: string(o.Class), NeedsReply: o.NeedsReply, SenderID: o.Sender, ReceiverID: o.Receiver, DeputyFor: o.DeputyFor,
		State: store.ClockWaiting, Level: int(policy.LevelNone), Rulebook: rules.Version(),
	}
	if o.Limit != (policy.WorkSpan{}) {
		clock.WorkLimit = o.Limit.String()
	}
	if err := tx.AddClock(&clock); err != nil {
		return clock, err
	}
	_, err := tx.Enqueue(Undelivered{Clock: clock.ID}, store.At(rules.UndeliveredAt(tx.Now())))
	return clock, err
}

// Delivered starts the waiting clocks of a subject for these receivers at the
// instant WeCom took the item for them.
func (c *Clocks) Delivered(tx *store.Tx, subject store.Subject, members []int64, at time.Time) error {
	clocks, err := tx.ClocksOf(subject, maxClocks)
	if err != nil {
		return err
	}
	reached := make(map[int64]bool, len(members))
	for _, id := range members {
		reached[id] = true
	}
	for i := range clocks {
		if clocks[i].State == store.ClockWaiting && reached[clocks[i].ReceiverID] {
			if err := c.start(tx, &clocks[i], at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Clocks) start(tx *store.Tx, clock *store.Clock, at time.Time) error {
	var limit policy.WorkSpan
	if clock.WorkLimit != "" {
		if err := limit.UnmarshalText([]byte(clock.WorkLimit)); err != nil {
			return fmt.Errorf("limit of clock %d: %w", clock.ID, err)
		}
	}
	due := c.rules().DueWithin(limit, policy.Class(clock.Class), at)
	if c.nodes[clock.SubjectKind] {
		due = c.rules().NodeDue(limit, at)
	}
	steps, err := json.Marshal(due.Steps)
	if err != nil {
		return fmt.Errorf("start clock %d: %w", clock.ID, err)
	}
	clock.State, clock.Timetable = store.ClockRunning, string(steps)
	clock.DeliveredAt, clock.DueAt = &at, &due.Due
	clock.Rule, clock.Rulebook = due.Rule, due.Version
	if err := tx.SaveClock(clock); err != nil {
		return err
	}
	return c.schedule(tx, clock.ID, due.Steps, 0)
}

// Result is what an act did to a member's clock.
type Result struct {
	Clock   store.Clock
	Found   bool // the member had an open clock
	Stopped bool
}

// Act tells the clock of a member that he did something about the subject at
// the instant at. A deputy's act stops the clock he holds.
func (c *Clocks) Act(tx *store.Tx, subject store.Subject, member int64, act policy.Act, at time.Time) (Result, error) {
	clock, err := c.openClock(tx, subject, member)
	if errors.Is(err, store.ErrNotFound) {
		return Result{}, nil
	}
	if err != nil {
		return Result{}, err
	}
	if clock.State == store.ClockWaiting {
		// Whoever acts has it, whatever the send's answer says.
		if err := c.start(tx, &clock, at); err != nil {
			return Result{}, err
		}
	}
	stop := c.rules().Stop(clock.NeedsReply, act, *clock.DueAt, at)
	wasBreached := clock.State == store.ClockBreached
	if act == policy.Ack && clock.AckedAt == nil {
		clock.AckedAt = &at
	}
	if act == policy.Reply {
		clock.RepliedAt = &at
	}
	switch stop.Outcome {
	case policy.Met:
		clock.State, clock.EndedAt = store.ClockMet, &at
	case policy.Late:
		clock.State, clock.EndedAt, clock.LateSeconds = store.ClockLate, &at, int64(stop.LateBy/time.Second)
	default:
		if clock.State == store.ClockRunning {
			clock.State = store.ClockAcked
		}
	}
	if err := tx.SaveClock(&clock); err != nil {
		return Result{}, err
	}
	result := Result{Clock: clock, Found: true, Stopped: !clock.Open()}
	if result.Stopped {
		if err := c.refresh(tx, clock); err != nil {
			return result, err
		}
	}
	if wasBreached && clock.State == store.ClockMet {
		return result, c.correct(tx, clock)
	}
	return result, nil
}

// Cancel ends every open clock of a subject: no answer is needed any more.
func (c *Clocks) Cancel(tx *store.Tx, subject store.Subject) error {
	return c.endAll(tx, subject, 0, store.ClockCancelled)
}

// Pass ends the open clock of one receiver because somebody else owes the
// answer now; the domain opens the other's.
func (c *Clocks) Pass(tx *store.Tx, subject store.Subject, from int64) error {
	return c.endAll(tx, subject, from, store.ClockMoved)
}

func (c *Clocks) endAll(tx *store.Tx, subject store.Subject, member int64, state store.ClockState) error {
	clocks, err := tx.ClocksOf(subject, maxClocks)
	if err != nil {
		return err
	}
	now := tx.Now()
	for i := range clocks {
		clock := &clocks[i]
		if !clock.Open() || member != 0 && clock.ReceiverID != member {
			continue
		}
		clock.State, clock.EndedAt = state, &now
		if err := tx.SaveClock(clock); err != nil {
			return err
		}
		if err := c.refresh(tx, *clock); err != nil {
			return err
		}
	}
	return nil
}

// CancelOf ends the open clock of one receiver: his answer is not needed any
// more, though those of others are.
func (c *Clocks) CancelOf(tx *store.Tx, subject store.Subject, member int64) error {
	return c.endAll(tx, subject, member, store.ClockCancelled)
}

// Answered says whether every clock of a subject is closed (guide AE9).
func (c *Clocks) Answered(r *store.Reader, subject store.Subject) (bool, error) {
	clocks, err := r.ClocksOf(subject, maxClocks)
	if err != nil {
		return false, err
	}
	for _, clock := range clocks {
		if clock.Open() {
			return false, nil
		}
	}
	return true, nil
}

func (c *Clocks) openClock(tx *store.Tx, subject store.Subject, member int64) (store.Clock, error) {
	clocks, err := tx.ClocksOf(subject, maxClocks)
	if err != nil {
		return store.Clock{}, err
	}
	for i := len(clocks) - 1; i >= 0; i-- {
		if clocks[i].ReceiverID == member && clocks[i].Open() {
			return clocks[i], nil
		}
	}
	return store.Clock{}, fmt.Errorf("open clock of member %d for %s: %w", member, subject, store.ErrNotFound)
}

// refresh redraws the reminder and escalation cards about a clock.
func (c *Clocks) refresh(tx *store.Tx, clock store.Clock) error {
	return c.notify.Refresh(tx, subjectOf(clock))
}

// subjectOf is the clock itself as the subject of reminders about it.
func subjectOf(clock store.Clock) store.Subject { return store.Subject{Kind: "clock", ID: clock.ID} }
