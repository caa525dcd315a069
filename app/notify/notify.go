// Package notify carries "tell X about Y" to a message or card at WeCom:
// planned in the caller's transaction, then paced, frozen, sent and recorded
// by jobs. What was planned reaches each person once in effect, or a person
// hears why not.
//
// A message's life is planned → frozen → sent, with side roads: held and
// digested (too many at once), refused (WeCom will never take it), aside
// (nobody knows whether it arrived). See store.SentState.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
	"guiju/wecom/card"
)

// MaxRecipients is how many people one message may go to [90236].
const MaxRecipients = 1000

// Sender is the part of the WeCom client that one app's messages need.
type Sender interface {
	SendRaw(ctx context.Context, body []byte) (wecom.SendResult, error)
	UpdateTemplateCard(ctx context.Context, u wecom.CardUpdate) (wecom.UpdateResult, error)
	AgentID() int64
}

// Rules answers the rules in force; the active rulebook may change while the
// process runs.
type Rules func() *policy.Engine

// Notice is one thing to tell some people. Text and Card may not both be
// empty; with a card, Text is the line a digest or a fallback shows.
type Notice struct {
	App     string  // empty: the first app of config.yaml
	To      []int64 // internal ids, at most MaxRecipients; repeated ids count once
	Text    string  // at most 2,048 bytes
	Card    string  // a kind registered with Notifier.Card
	Subject store.Subject
	Purpose string // names the hook of OnDelivered

	Important bool   // ignores quiet hours, is never digested
	Asks      bool   // asks for an act: never digested
	Prompt    bool   // answers what the reader has just done: ignores quiet hours, is never digested
	Unique    string // told at most once for ever; empty: always
}

// View is what a card is rendered from.
type View struct {
	App     string
	TaskID  string
	Subject store.Subject
	Holders []store.Member // everybody who has a copy
}

// Rendered is the present state of a card.
type Rendered struct {
	Card card.Builder
	// Phase changes whenever the buttons of older copies must stop working.
	Phase int64
	// Open says that the card still asks for an act. A card that does not is
	// shown grey with the text Closed.
	Open   bool
	Closed string
}

// Renderer draws one kind of card as things stand now.
type Renderer func(r *store.Reader, v View) (Rendered, error)

// Delivered tells a domain that WeCom took a message for these members.
type Delivered struct {
	Message store.SentMessage
	Members []int64
	At      time.Time // business time
}

// Refused tells a domain that a message will not reach these members.
type Refused struct {
	Message store.SentMessage
	Members []int64
	Why     string // a sentence for administrators, in Chinese
	At      time.Time
}

// Notifier plans and sends.
type Notifier struct {
	senders    map[string]Sender
	defaultApp string
	rules      Rules
	machineNow func() time.Time
	log        *slog.Logger

	cards     map[string]Renderer
	delivered map[string]func(tx *store.Tx, d Delivered) error
	refused   func(tx *store.Tx, r Refused) error
}

// Options are what a Notifier is built from.
type Options struct {
	Senders    map[string]Sender // by app name
	DefaultApp string
	Rules      Rules
	MachineNow func() time.Time // nil: time.Now
	Logger     *slog.Logger
}

// New builds a Notifier. Register cards and hooks before the queue starts.
func New(o Options) *Notifier {
	n := &Notifier{
		senders: o.Senders, defaultApp: o.DefaultApp, rules: o.Rules, machineNow: o.MachineNow, log: o.Logger,
		cards:     map[string]Renderer{},
		delivered: map[string]func(*store.Tx, Delivered) error{},
		refused:   func(*store.Tx, Refused) error { return nil },
	}
	if n.machineNow == nil {
		n.machineNow = time.Now
	}
	if n.log == nil {
		n.log = slog.Default()
	}
	return n
}

// Register gives the queue the notifier's workers.
func (n *Notifier) Register(q *queue.Queue) {
	queue.Register(q, n.send)
	queue.Register(q, n.digest)
	queue.Register(q, n.update)
}

// Card registers the renderer of a kind of card.
func (n *Notifier) Card(kind string, render Renderer) { n.cards[kind] = render }

// Cards are the kinds of cards that are registered, in no order.
func (n *Notifier) Cards() []string { return slices.Collect(maps.Keys(n.cards)) }

// OnDelivered calls hook in the transaction that records a message of this
// purpose as sent.
func (n *Notifier) OnDelivered(purpose string, hook func(tx *store.Tx, d Delivered) error) {
	n.delivered[purpose] = hook
}

// OnRefused calls hook in the transaction that records that a message did not
// reach somebody, whatever its purpose.
func (n *Notifier) OnRefused(hook func(tx *store.Tx, r Refused) error) { n.refused = hook }

// DefaultApp is the app that speaks when a notice names none.
func (n *Notifier) DefaultApp() string { return n.defaultApp }

// Tell plans a notice in the caller's transaction. Nothing is sent before it
// has committed.
func (n *Notifier) Tell(tx *store.Tx, notice Notice) error {
	if notice.App == "" {
		notice.App = n.defaultApp
	}
	to := distinct(notice.To)
	switch {
	case n.senders[notice.App] == nil:
		return fmt.Errorf("notify: no app is named %q", notice.App)
	case len(to) == 0:
		return nil
	case len(to) > MaxRecipients:
		return fmt.Errorf("notify: %d recipients, at most %d go into one message", len(to), MaxRecipients)
	case notice.Card != "" && n.cards[notice.Card] == nil:
		return fmt.Errorf("notify: no card is named %q", notice.Card)
	case notice.Card == "" && notice.Text == "":
		return errors.New("notify: a notice needs a text or a card")
	}
	m := store.SentMessage{
		App: notice.App, Purpose: notice.Purpose, Text: notice.Text, CardKind: notice.Card,
		SubjectKind: notice.Subject.Kind, SubjectID: notice.Subject.ID,
		Important: notice.Important, Asks: notice.Asks, Prompt: notice.Prompt,
	}
	if notice.Unique != "" {
		m.UniqueKey = &notice.Unique
	}
	fresh, err := tx.PlanMessage(&m, to)
	if err != nil || !fresh {
		return err
	}
	return n.plan(tx, m, to)
}

// plan enqueues the send. Messages to one person keep their order; a card's
// send goes before its updates. What must wait for the end of quiet hours
// enters the line then.
func (n *Notifier) plan(tx *store.Tx, m store.SentMessage, to []int64) error {
	options := []store.JobOption{store.MaxAttempts(sendAttempts)}
	if len(to) == 1 {
		options = append(options, store.Ordered(fmt.Sprintf("to:%s:%d", m.App, to[0])))
	}
	if wait := n.quiet(tx.Now(), m); !wait.IsZero() {
		options = append(options, store.At(wait))
	}
	_, err := tx.Enqueue(Send{Message: m.ID}, options...)
	return err
}

func distinct(ids []int64) []int64 {
	seen := make(map[int64]bool, len(ids))
	var all []int64
	for _, id := range ids {
		if id != 0 && !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all
}
