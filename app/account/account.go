// Package account keeps the accounts of the company (guide G2-4.2(1),(3), S06):
// who applied for a new one, a change or its end, and what became of it; what
// awaits somebody who joins; lost devices; accounts nobody uses; and who takes
// over the work of those who leave.
//
// An application is decided by a request (package request), step by step. What
// the decision leads to at WeCom only people can do: an account is 已开通 when
// WeCom says that the member is there, not when somebody says so.
//
//	kind  state    agreed   rejected  withdrawn  opened  appeared  changed  due      left
//	新增  applied  opening  rejected  withdrawn  –       *         –        –        –
//	新增  opening  –        rejected  withdrawn  †       opened    –        –        –
//	变更  applied  opening  rejected  withdrawn  –       –         –        –        withdrawn
//	变更  opening  –        rejected  withdrawn  opened  –         opened   –        withdrawn
//	停用  applied  opening  rejected  withdrawn  –       –         –        ‡        stopped
//	停用  opening  –        rejected  withdrawn  –       –         –        stopped  stopped
//	any   opened, stopped, rejected, withdrawn: nothing
//
// applied is 申请中, opening 待开通 (of a change 待办理, of a stop 待停用). agreed:
// everybody whose consent is needed has given it. opened: whoever changes WeCom
// says 已开通. appeared: the member is there. changed: WeCom shows his new
// department. due: the instant of a stop. left: WeCom says he has left.
// * 未申请账号 is reported, and the member remembered for the moment of agreed.
// † noted, with the account's name: WeCom's event decides. ‡ he keeps his access
// until it is agreed, which then ends it at once.
package account

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/request"
	"guiju/store"
	"guiju/store/queue"
)

// Purposes of the notices of this package.
const (
	noticePurpose  = "account"       // what became of an application
	alertPurpose   = "account.alert" // something is wrong
	welcomePurpose = "account.welcome"
	lossPurpose    = "account.loss"
	handPurpose    = "hand_over"
)

// Options are what Accounts is built from.
type Options struct {
	Notify   *notify.Notifier
	People   *people.People
	Requests *request.Requests
	Rules    notify.Rules
	Secrets  []Secret // those of config.yaml whose age is watched
	Log      *slog.Logger
}

// Accounts is the domain.
type Accounts struct {
	notify   *notify.Notifier
	people   *people.People
	requests *request.Requests
	rules    notify.Rules
	secrets  []Secret
	log      *slog.Logger
	inform   Inform
	over     Overtaken
	drop     func(tx *store.Tx, raised store.Subject, why string) error
}

// New builds the domain and registers its card, hooks and kind of request.
func New(o Options) *Accounts {
	a := &Accounts{
		notify: o.Notify, people: o.People, requests: o.Requests, rules: o.Rules, secrets: o.Secrets, log: o.Log,
		drop: func(*store.Tx, store.Subject, string) error { return nil },
	}
	o.Notify.Card(handOverCard, a.drawHandOver)
	o.Requests.Kind(requestKind, a.kind())
	o.People.OnJoined(a.joined)
	o.People.OnMoved(a.moved)
	o.People.OnLeft(a.left)
	o.People.OnHandedOver(a.handedOver)
	return a
}

// Inform opens an important item in the caller's name that those told have to
// answer, and answers its number. about is handed to Overtaken later.
type Inform func(call *chat.Call, to []int64, body, about string) (number string, err error)

// Overtaken ends what Inform opened about something; among are members who were
// told of it.
type Overtaken func(call *chat.Call, about, why string, among []int64) error

// OnLoss says how those who have to see to a lost device are told. Without it
// they get a notice that asks for nothing. over ends that once the account is
// restored.
func (a *Accounts) OnLoss(inform Inform, over Overtaken) { a.inform, a.over = inform, over }

// OnNotNeeded says how the to-dos that were raised for a record end when nobody
// needs them any more.
func (a *Accounts) OnNotNeeded(drop func(tx *store.Tx, raised store.Subject, why string) error) {
	a.drop = drop
}

// Register gives the queue the workers.
func (a *Accounts) Register(q *queue.Queue) {
	queue.Register(q, a.arrive)
	queue.Register(q, a.welcome)
	queue.Register(q, a.firstWeek)
	queue.Register(q, a.activation)
	queue.Register(q, a.stop)
	queue.Register(q, a.passOn)
	queue.Register(q, a.settle)
}

// group is the section of the help.
const group = "账号"

// RegisterChat adds the commands and what their numbers mean.
func (a *Accounts) RegisterChat(engine *chat.Engine) error {
	if err := engine.RegisterRecords(openRecords, applications{a}); err != nil {
		return err
	}
	if err := engine.RegisterRecords(approvedRecords, approved{a}); err != nil {
		return err
	}
	if err := engine.RegisterRecords(handOverRecords, handOvers{a}); err != nil {
		return err
	}
	return engine.Register(a.Commands()...)
}

// Commands are what members can say to this domain, in the order of the help.
func (a *Accounts) Commands() []chat.Command {
	return slices.Concat(a.applyCommands(), a.openCommands(), a.lossCommands(), a.handOverCommands(), a.reportCommands())
}

// tell sends a text about something of this package, in as many messages as it
// needs, to those of to who are here.
func (a *Accounts) tell(tx *store.Tx, app string, subject store.Subject, purpose, text string, to ...int64) error {
	members, err := tx.Members(to)
	if err != nil {
		return err
	}
	var present []int64
	for _, m := range members {
		if m.Present() {
			present = append(present, m.ID)
		}
	}
	for _, part := range chat.Split(text) {
		err := a.notify.Tell(tx, notify.Notice{App: app, To: present, Text: part, Subject: subject, Purpose: purpose})
		if err != nil {
			return err
		}
	}
	return nil
}

// alert is tell for what must not wait, once for ever under its key.
func (a *Accounts) alert(tx *store.Tx, app string, subject store.Subject, unique, text string, to ...int64) error {
	parts := chat.Split(text)
	for i, part := range parts {
		n := notify.Notice{App: app, To: to, Text: part, Subject: subject, Purpose: alertPurpose, Important: true}
		if unique != "" {
			n.Unique = fmt.Sprintf("%s:%d:%d", unique, len(parts), i)
		}
		if err := a.notify.Tell(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// department is the name of a department as WeCom has it; "" of one that is gone.
func (a *Accounts) department(r *store.Reader, id int64) (string, error) {
	org, err := a.people.Org(r)
	if err != nil {
		return "", err
	}
	d, _ := org.Department(id)
	return d.Name, nil
}

func (a *Accounts) when(t time.Time) string {
	return a.rules().Calendar().Moment(t)
}

func (a *Accounts) day(t time.Time) string {
	return t.In(a.rules().Calendar().Location()).Format("2006-01-02")
}
