package request

import (
	"errors"
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
		if err != nil || !request.State.Open() || request.ApplicantID != from || request.Engine == store.EngineNative {
			return err
		}
		d, err := h.q.open(&tx.Reader, request)
		if err != nil {
			return err
		}
		return h.q.recall(tx, d, system(tx), "申请人"+why+"，系统撤回了", "")
	}
	step, err := tx.RequestStep(w.ID)
	if err != nil {
		return err
	}
	request, err := tx.Request(step.RequestID)
	if err != nil {
		return err
	}
	if request.Engine == store.EngineNative {
		return h.q.nativeLeft(tx, step.ID, from)
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
	d, err := q.open(&tx.Reader, request)
	if err != nil {
		return err
	}
	current, others := d.step(), d.of(step.ID, store.DeciderOpen, store.DeciderVoted, store.DeciderQueued)
	passed, known := d.decider(step.ID, from)
	if !known || passed.State != store.DeciderOpen {
		return nil
	}
	others = slices.DeleteFunc(others, func(o store.RequestDecider) bool { return o.MemberID == from })
	next, err := q.successors(&tx.Reader, d, step, others, from, to, deputyFor)
	if err != nil {
		return err
	}
	for i := range next {
		inherit(&next[i], step, request, passed)
	}
	passed.State = store.DeciderPassed
	if err := d.put(tx, passed); err != nil {
		return err
	}
	if err := q.clocks.Pass(tx, step.Subject(), from); err != nil {
		return err
	}
	return q.passOn(tx, d, current, from, next, why)
}

// successors are those who decide in the place of from: whoever was named, else
// nobody where one of the others can decide alone, else whom the step names
// now, else somebody above the applicant.
func (q *Requests) successors(r *store.Reader, d *dossier, step store.RequestStep, others []store.RequestDecider, from, to, deputyFor int64) ([]store.RequestDecider, error) {
	request := d.request
	may := func(id int64) bool {
		return id != 0 && id != from && id != request.ApplicantID && id != request.AboutID
	}
	decides := func(o store.RequestDecider) bool {
		return slices.ContainsFunc(others, func(other store.RequestDecider) bool { return other.MemberID == o.MemberID })
	}
	if may(to) {
		next := []store.RequestDecider{{MemberID: to, DeputyFor: deputyFor}}
		if deputyFor == 0 {
			var err error
			if next, err = q.standing(r, request, []int64{to}); err != nil {
				return nil, err
			}
		}
		return slices.DeleteFunc(next, decides), nil
	}
	if !several(step) && slices.ContainsFunc(others, func(o store.RequestDecider) bool { return o.State == store.DeciderOpen && o.AddedBy == 0 }) {
		return nil, nil // they decide
	}
	not := func(o store.RequestDecider) bool { return !may(o.MemberID) || decides(o) }
	if !several(step) {
		f, err := q.find(r, request, step)
		if err != nil {
			return nil, err
		}
		f.deciders = slices.DeleteFunc(f.deciders, func(o store.RequestDecider) bool { return not(o) || o.AddedBy != 0 })
		if len(f.deciders) > 0 {
			return f.deciders, nil
		}
	}
	for _, find := range []func() ([]int64, error){
		func() ([]int64, error) { return q.over(r, from) },
		func() ([]int64, error) { return q.above(r, request) },
	} {
		ids, err := find()
		if err != nil {
			return nil, err
		}
		next, err := q.standing(r, request, slices.DeleteFunc(ids, func(id int64) bool { return !may(id) }))
		if err != nil {
			return nil, err
		}
		if next = slices.DeleteFunc(next, not); len(next) > 0 {
			return next[:1], nil
		}
	}
	return nil, nil
}

// over is the superior of a member, if he can act.
func (q *Requests) over(r *store.Reader, member int64) ([]int64, error) {
	superior, err := q.people.Superior(r, member)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := r.Member(superior)
	if err != nil || !m.Present() || m.SuspendedAt != nil {
		return nil, err
	}
	return []int64{superior}, nil
}

// passOn asks those who decide now and tells the applicant.
func (q *Requests) passOn(tx *store.Tx, d *dossier, step *store.RequestStep, from int64, next []store.RequestDecider, why string) error {
	names, err := q.names(&tx.Reader, next)
	if err != nil {
		return err
	}
	others := len(d.of(step.ID, store.DeciderOpen, store.DeciderQueued, store.DeciderVoted)) > 0
	became := "由" + names + "处理"
	switch {
	case names == "" && others:
		became = "由其他审批人处理"
	case names == "":
		became = "暂时没有人可以处理"
	}
	text := why + "，「" + step.Name + "」" + became
	deviate(&d.request, text)
	if err := tx.SaveRequest(&d.request); err != nil { // the root changes with its children
		return err
	}
	c := change{Left: []int64{from}, Seats: seats(next)}
	if err := q.enterHistory(tx, d.request, step.ID, system(tx), store.RequestPassed, text, c); err != nil {
		return err
	}
	if err := q.notify.Refresh(tx, step.Subject()); err != nil {
		return err
	}
	if err := q.tell(tx, d.request, []int64{d.request.ApplicantID}, fmt.Sprintf("【进度】%s：%s。", q.name(d.request), text)); err != nil {
		return err
	}
	if len(next) > 0 {
		return q.ask(tx, d, *step, next)
	}
	return q.settle(tx, d, step)
}
