package app

import (
	"fmt"
	"slices"
	"strconv"

	"guiju/app/chat"
	"guiju/app/doctor"
	"guiju/app/notify"
	"guiju/callback"
	"guiju/store"
	"guiju/store/faultpoint"
)

// react connects what happens in one part with what it causes in another.
func (a *App) react() {
	a.notify.OnRefused(a.undeliverable)
	a.people.OnLeft(a.duty.Left)
	a.people.OnPlaced(a.requests.Placed)
	a.people.OnPlaced(a.permissions.Placed)
	a.people.OnRaise(a.tasks.Raise)
	a.people.OnJoining(a.account.Approved)
	a.account.OnLoss(a.comm.Inform, a.comm.Overtaken)
	a.account.OnNotNeeded(a.tasks.Cancel)
	a.people.TakesOver("communication", a.comm)
	a.people.TakesOver("task", a.tasks)
	a.people.TakesOver("request", a.requests.HandOver())
	a.people.TakesOver("permission", a.permissions.HandOver())
	a.people.OnChanged(a.permissions.Changed)
	a.notify.Card(questionCard, a.drawQuestion)
}

// timed are the kinds of records whose cards carry response clocks.
var timed = []string{"item", "request_step", "permission_change", "permission_review"}

// undeliverable is what follows when a message will not reach somebody: the
// clock of an item passes to the 部门主管, who tells the sender and the
// administrators; a question is asked by text; of anything else the
// administrators are told (G1-4.1(5) AE1).
func (a *App) undeliverable(tx *store.Tx, r notify.Refused) error {
	if r.Message.CardKind != "" && slices.Contains(timed, r.Message.SubjectKind) {
		return a.clocks.Refused(tx, r.Message.Subject(), r.Members, r.Why)
	}
	if r.Message.SubjectKind == "task" && r.Message.CardKind != "" {
		if timed, err := a.tasks.Refused(tx, r); timed || err != nil {
			return err
		}
	}
	if r.Message.CardKind == questionCard {
		return a.askByText(tx, r)
	}
	if r.Message.Purpose == "fault" {
		a.log.Error("administrators cannot be reached", "message", r.Message.ID)
		return nil // a fault about a fault would never end
	}
	members, err := tx.Members(r.Members)
	if err != nil {
		return err
	}
	for _, m := range members {
		err := a.tellAdministrators(tx, notify.Notice{
			App: r.Message.App, Purpose: "fault", Subject: r.Message.Subject(),
			Text:   fmt.Sprintf("【发送失败】发给%s（%s）的一条消息没有送达：%s。请检查应用的可见范围和成员状态。", m.Name, m.UserID, r.Why),
			Unique: fmt.Sprintf("undeliverable:%d:%d", r.Message.ID, m.ID),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sendTexts plans the texts of an answer that does not fit the HTTP response.
func (a *App) sendTexts(tx *store.Tx, h outcome, delivery int64, texts []string) error {
	for i, text := range texts {
		err := a.notify.Tell(tx, notify.Notice{
			App: h.App, To: []int64{h.Member}, Text: text, Purpose: "reply", Prompt: true,
			Subject: store.Subject{Kind: "delivery", ID: delivery},
			Unique:  fmt.Sprintf("reply:%d:%d:%d", delivery, len(texts), i),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tellFailure tells a member that his message was kept although handling it
// failed (guide E2.0, internal error).
func (a *App) tellFailure(tx *store.Tx, delivery int64, userid, app string) error {
	if userid == "" {
		return nil
	}
	member, _, err := a.people.Identify(tx, userid)
	if err != nil {
		return err
	}
	return a.notify.Tell(tx, notify.Notice{
		App: app, To: []int64{member.ID}, Purpose: "reply", Prompt: true,
		Text:    chat.Internal(strconv.FormatInt(delivery, 10)).Text + "，您的消息已保存，会自动重试，不用重发。",
		Subject: store.Subject{Kind: "delivery", ID: delivery},
		Unique:  fmt.Sprintf("failed:%d", delivery),
	})
}

// systemSubject is what a notice about no single record is about.
var systemSubject = store.Subject{Kind: "system"}

// tellAdministrators plans an important notice to IT.
func (a *App) tellAdministrators(tx *store.Tx, n notify.Notice) error {
	administrators, err := a.people.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	n.To, n.Important = administrators, true
	return a.notify.Tell(tx, n)
}

// callbackEnded is told of every callback's end. It counts it, remembers a
// verification by WeCom, and holds a fault point for package callback, which
// knows nothing of the store.
func (a *App) callbackEnded(o callback.Observation) {
	if o.Outcome == callback.Replied {
		faultpoint.Pass(faultpoint.Replied)
	}
	a.metrics.callback(o)
	if o.Outcome == callback.Verified && !doctor.IsProbe(o.Echo) {
		a.verified.add(o.Receiver, a.now())
	}
}
