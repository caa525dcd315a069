package request

import (
	"fmt"
	"slices"

	"guiju/app/people"
	"guiju/store"
)

// HandOver is what this part does with the open work of a member who leaves or
// moves: others decide in his place, and what a leaver has submitted is
// withdrawn (G1-4.3.2(2)).
type HandOver struct{ q *Requests }

// HandOver is registered with people.TakesOver.
func (q *Requests) HandOver() HandOver { return HandOver{q} }

// Label implements people.HandOver.
func (HandOver) Label() string { return "审批" }

// List implements people.HandOver. The applications of somebody who stays go on.
func (h HandOver) List(r *store.Reader, member int64, limit int) ([]people.Work, error) {
	open, err := r.RequestsDecided(member, []store.DeciderState{store.DeciderOpen}, limit)
	if err != nil {
		return nil, err
	}
	var all []people.Work
	for _, request := range slices.Backward(open) {
		deciders, err := r.RequestDeciders(request.ID)
		if err != nil {
			return nil, err
		}
		for _, d := range deciders {
			if d.MemberID == member && d.State == store.DeciderOpen {
				all = append(all, people.Work{
					Number: request.Number, Title: "审批：" + request.Title, Subject: store.RequestStep{ID: d.StepID}.Subject(),
				})
			}
		}
	}
	m, err := r.Member(member)
	if err != nil || m.Present() {
		return all, err
	}
	submitted, err := h.q.submitted(r, member, limit)
	if err != nil {
		return nil, err
	}
	for _, request := range slices.Backward(submitted) {
		all = append(all, people.Work{Number: request.Number, Title: "提交的申请：" + request.Title, Subject: request.Subject()})
	}
	return all[:min(len(all), limit)], nil
}

// Reassign implements people.HandOver.
func (h HandOver) Reassign(tx *store.Tx, w store.Subject, from, to int64, why string) error {
	if w.Kind != stepSubject {
		request, err := h.q.lock(tx, w.ID)
		if err != nil || request.State != store.RequestRunning || request.ApplicantID != from {
			return err
		}
		return h.q.recall(tx, request, system(tx), "申请人"+why+"，系统撤回了")
	}
	return h.q.replace(tx, w.ID, from, to, 0, why)
}

// standIn gives what an absent member has to decide to his deputy.
func (q *Requests) standIn(tx *store.Tx, clock store.Clock, deputy int64) error {
	step, err := tx.RequestStep(clock.SubjectID)
	if err != nil {
		return err
	}
	request, err := tx.Request(step.RequestID)
	if err != nil || deputy == request.ApplicantID || deputy == request.AboutID {
		return err // he cannot stand in: it waits for the member
	}
	absent, err := tx.Member(clock.ReceiverID)
	if err != nil {
		return err
	}
	return q.replace(tx, step.ID, absent.ID, deputy, absent.ID, absent.Name+"外出")
}

// forward gives a decision that did not reach its decider to somebody else.
func (q *Requests) forward(tx *store.Tx, missed store.Clock, to int64) error {
	member, err := tx.Member(missed.ReceiverID)
	if err != nil {
		return err
	}
	return q.replace(tx, missed.SubjectID, member.ID, to, 0, "没有送达"+member.Name)
}

// replace puts somebody in the place of an open decider of the current step.
// Whoever may not decide is replaced by somebody above the applicant; 0 is
// nobody. Done already, it does nothing.
func (q *Requests) replace(tx *store.Tx, stepID, from, to, deputyFor int64, why string) error {
	step, err := tx.RequestStep(stepID)
	if err != nil {
		return err
	}
	request, err := q.lock(tx, step.RequestID)
	if err != nil {
		return err
	}
	if step, err = tx.RequestStep(stepID); err != nil || step.State != store.StepCurrent {
		return err
	}
	deciders, err := tx.RequestDeciders(request.ID)
	if err != nil {
		return err
	}
	open := openOf(deciders, step.ID)
	mine := slices.IndexFunc(open, func(d store.RequestDecider) bool { return d.MemberID == from })
	if mine < 0 {
		return nil
	}
	passed := open[mine]
	others := slices.Delete(slices.Clone(open), mine, mine+1)
	next, err := q.successors(tx, request, step, others, from, to, deputyFor)
	if err != nil {
		return err
	}
	passed.State = store.DeciderPassed
	if err := tx.PutRequestDecider(passed); err != nil {
		return err
	}
	if err := q.clocks.Pass(tx, step.Subject(), from); err != nil {
		return err
	}
	if err := tx.SaveRequest(&request); err != nil { // the root changes with its children
		return err
	}
	return q.passOn(tx, request, step, next, len(others) > 0, why)
}

// successors are those who decide in the place of from.
func (q *Requests) successors(tx *store.Tx, request store.Request, step store.RequestStep, others []store.RequestDecider, from, to, deputyFor int64) ([]store.RequestDecider, error) {
	may := func(id int64) bool {
		return id != 0 && id != from && id != request.ApplicantID && id != request.AboutID
	}
	decides := func(id int64) bool {
		return slices.ContainsFunc(others, func(d store.RequestDecider) bool { return d.MemberID == id })
	}
	if may(to) {
		next := []store.RequestDecider{{MemberID: to, DeputyFor: deputyFor}}
		if deputyFor == 0 {
			var err error
			if next, err = q.standing(&tx.Reader, request, []int64{to}); err != nil {
				return nil, err
			}
		}
		return slices.DeleteFunc(next, func(d store.RequestDecider) bool { return decides(d.MemberID) }), nil
	}
	if len(others) > 0 {
		return nil, nil // they decide
	}
	f, err := q.find(&tx.Reader, request, people.Whom(step.Whom))
	if err != nil {
		return nil, err
	}
	f.deciders = slices.DeleteFunc(f.deciders, func(d store.RequestDecider) bool { return !may(d.MemberID) })
	if len(f.deciders) > 0 {
		return f.deciders, nil
	}
	above, err := q.above(&tx.Reader, request)
	if err != nil {
		return nil, err
	}
	return q.standing(&tx.Reader, request, slices.DeleteFunc(above, func(id int64) bool { return !may(id) }))
}

// passOn asks those who decide now and tells the applicant.
func (q *Requests) passOn(tx *store.Tx, request store.Request, step store.RequestStep, next []store.RequestDecider, others bool, why string) error {
	names, err := q.names(&tx.Reader, next)
	if err != nil {
		return err
	}
	became := "由" + names + "处理"
	switch {
	case names == "" && others:
		became = "由其他审批人处理"
	case names == "":
		became = "暂时没有人可以处理"
	}
	text := why + "，「" + step.Name + "」" + became
	if err := q.enterHistory(tx, request, step.ID, system(tx), store.RequestPassed, text); err != nil {
		return err
	}
	if len(next) > 0 {
		if err := q.ask(tx, request, step, next); err != nil {
			return err
		}
	} else if !others {
		if err := q.tellStuck(tx, request, step); err != nil {
			return err
		}
	}
	if err := q.notify.Refresh(tx, step.Subject()); err != nil {
		return err
	}
	return q.tell(tx, request, []int64{request.ApplicantID}, fmt.Sprintf("【进度】%s：%s。", q.name(request), text))
}
