// Package approval is what members apply for with forms of the rulebook (guide
// S04): which they may start, what they fill in, the route it will take, and
// what follows when it is decided. Who decides and how is package request's.
//
//	leave      submitted  approved  returned  submitted again  rejected, withdrawn  revoked
//	–          asked      –         –         –                –                    –
//	asked      –          approved  over      –                over                 –
//	approved   –          –         –         –                –                    over
//	over       –          –         –         asked            –                    –
//
// A leave that counts (asked, approved) never overlaps another of its member.
package approval

import (
	"log/slog"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
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
}

// New builds the domain.
func New(o Options) *Approvals {
	return &Approvals{notify: o.Notify, clocks: o.Clocks, people: o.People, requests: o.Requests, rules: o.Rules, log: o.Log}
}

// Register gives the queue the workers.
func (a *Approvals) Register(q *queue.Queue) {}

// RegisterChat adds the commands.
func (a *Approvals) RegisterChat(engine *chat.Engine) error { return nil }

// Startable are the processes a member may start now, in the order of the
// rulebook, without those whose domain has a command of its own.
func (a *Approvals) Startable(r *store.Reader, m store.Member) ([]*policy.ApprovalTemplate, error) {
	return nil, nil
}

// Template answers the version of a process that a new case of a member begins
// with. Whoever may not start it gets an error of package chat.
func (a *Approvals) Template(r *store.Reader, m store.Member, key string) (*policy.ApprovalTemplate, error) {
	t, err := a.requests.Template(r, key, m)
	return t.ApprovalTemplate, err
}

// Preview is the whole route of a form before it is submitted.
type Preview struct {
	Title string
	Form  policy.Form   // with the computed fields
	Lines []PreviewLine // what the deciders will read
	Steps []PreviewLine // the route: 1. 部门负责人 → 邵静
	CC    []string      // names of who is informed
	Why   []string      // why it takes this route, in Chinese
}

// PreviewLine is one line of a preview.
type PreviewLine struct{ Key, Value string }

// Preview checks a form and answers the route it would take. What is wrong with
// the form is an error of package chat, or Problems when it is several fields.
func (a *Approvals) Preview(call *chat.Call, template string, form policy.Form) (Preview, error) {
	return Preview{}, chat.ModuleOff{Module: "审批"}
}

// Submit checks a form and submits it for the caller. It answers an error of
// package chat before it writes.
func (a *Approvals) Submit(call *chat.Call, template string, form policy.Form) (store.Request, error) {
	return store.Request{}, chat.ModuleOff{Module: "审批"}
}

// Resubmit submits a returned case again, with its form changed; it goes on with
// the version it began with.
func (a *Approvals) Resubmit(call *chat.Call, number string, form policy.Form) (store.Request, error) {
	return store.Request{}, chat.ModuleOff{Module: "审批"}
}

// FormOf answers the form of a case and the version it is pinned to, for whoever
// has to change it: the applicant of a returned case.
func (a *Approvals) FormOf(r *store.Reader, request store.Request) (*policy.ApprovalTemplate, policy.Form, error) {
	return nil, nil, chat.ModuleOff{Module: "审批"}
}

// Problems are what is wrong with the fields of a form, at least one. As an
// answer in the chat it is the first of them, an error of package chat; a page
// shows all beside their fields.
type Problems []policy.FieldProblem

func (p Problems) Error() string { return p.Unwrap().Error() }

// Unwrap is the answer in the chat.
func (p Problems) Unwrap() error {
	first := p[0]
	if first.Missing {
		return chat.Incomplete{Field: first.Field.Label, Prompt: first.Text}
	}
	return chat.Refused{Reason: first.Text, Instead: "改好「" + first.Field.Label + "」再提交"}
}
