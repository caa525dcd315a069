// Package approval is what members apply for with forms of the rulebook (guide
// S04): which they may start, what they fill in, the route it will take, and
// what follows when it is decided. Who decides and how is package request's.
//
//	leave      submitted  approved  returned  submitted again  rejected, withdrawn  revoked
//	–          asked      approved  –         –                –                    –
//	asked      –          approved  over      –                over                 –
//	approved   –          –         –         –                –                    over
//	over       –          approved  –         asked            –                    –
//
// A leave that counts (asked, approved) never overlaps another of its member.
package approval

import (
	"log/slog"
	"sync/atomic"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/request"
	"guiju/app/response"
	"guiju/store"
	"guiju/store/queue"
)

// Purpose of the notices of this package.
const eventPurpose = "approval.event"

// Options are what the domain is built from.
type Options struct {
	Notify   *notify.Notifier
	Clocks   *response.Clocks
	People   *people.People
	Requests *request.Requests
	Rules    notify.Rules
	Log      *slog.Logger
}

// Approvals is the domain.
type Approvals struct {
	notify   *notify.Notifier
	clocks   *response.Clocks
	people   *people.People
	requests *request.Requests
	rules    notify.Rules
	log      *slog.Logger
	offered  atomic.Pointer[offer] // what commands are computed from
}

// New builds the domain. It gives every process of the rulebook that no other
// domain has taken its kind of request.
func New(o Options) *Approvals {
	a := &Approvals{notify: o.Notify, clocks: o.Clocks, people: o.People, requests: o.Requests, rules: o.Rules, log: o.Log}
	a.requests.Otherwise(a.kind)
	a.requests.OnAgain(a.again)
	return a
}

// Register gives the queue the workers.
func (a *Approvals) Register(q *queue.Queue) {
	queue.Register(q, a.tellColleagues)
}

// RegisterChat adds the commands: those that are always there, and one for each
// process in force.
func (a *Approvals) RegisterChat(engine *chat.Engine) error {
	if err := engine.Register(a.Commands()...); err != nil {
		return err
	}
	return engine.Family(chat.Family{
		Name: "approval templates", Version: a.offerVersion, Commands: a.formCommands,
		Skipped: func(err error) { a.log.Warn("a form of the rulebook has no command", "err", err) },
	})
}

// tell sends text about a request, in as many messages as it needs.
func (a *Approvals) tell(tx *store.Tx, req store.Request, to []int64, text string) error {
	for _, part := range chat.Split(text) {
		err := a.notify.Tell(tx, notify.Notice{App: req.App, To: to, Text: part, Subject: req.Subject(), Purpose: eventPurpose})
		if err != nil {
			return err
		}
	}
	return nil
}
