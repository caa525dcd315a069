package approval

import (
	"errors"
	"fmt"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// leaveKey is the template whose approval means that the applicant is away. Its
// span is the first field of type period, its deputy (工作交接) the first of
// type person.
const leaveKey = "leave"

// firstField is the first field of a type.
func firstField(t *policy.ApprovalTemplate, kind policy.FieldType) (policy.FormField, bool) {
	for _, f := range t.Fields {
		if f.Type == kind {
			return f, true
		}
	}
	return policy.FormField{}, false
}

// away is the absence a leave asks for.
type away struct {
	from, until time.Time // until is exclusive
	span        string
	deputy      int64  // 0: nobody by name
	instead     string // who or what stands in, as text three says it
}

// awayOf reads the absence from the form of a leave; ok is false without a span.
func (a *Approvals) awayOf(t *policy.ApprovalTemplate, form policy.Form) (w away, ok bool) {
	field, ok := firstField(t, policy.PeriodField)
	v := form[field.Key]
	if !ok || v.From.IsZero() || v.To.IsZero() {
		return w, false
	}
	w.from, w.until, w.span = a.instant(v.From, v.From.Afternoon, false), a.instant(v.To, v.To.Afternoon, true), a.span(v)
	if person, found := firstField(t, policy.PersonField); found {
		w.instead = form[person.Key].Text
		if members := form[person.Key].Members; len(members) > 0 {
			w.deputy = members[0]
		}
	}
	return w, true
}

// instant is where a half day begins, or ends, in the company's zone: a day has
// its middle at noon.
func (a *Approvals) instant(h policy.HalfDay, afternoon, end bool) time.Time {
	hour := 0
	if afternoon {
		hour += 12
	}
	if end {
		hour += 12
	}
	y, m, d := h.Date.Date()
	return time.Date(y, m, d, hour, 0, 0, 0, a.rules().Calendar().Location())
}

// checkLeave refuses what no leave can be: one that overlaps another of the
// applicant, or is handed over to himself or to somebody who is not here.
func (a *Approvals) checkLeave(call *chat.Call, t *policy.ApprovalTemplate, form policy.Form, except int64) error {
	w, ok := a.awayOf(t, form)
	if !ok {
		return nil // required fields have been checked
	}
	if err := a.checkReturn(t, form); err != nil {
		return err
	}
	others, err := call.Tx.LeavesWithin(call.Member.ID, w.from, w.until, 5)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.RequestID == except {
			continue
		}
		req, err := call.Tx.Request(other.RequestID)
		if err != nil {
			return err
		}
		state := "已批准"
		if other.State == store.LeaveAsked {
			state = "正在审批"
		}
		return chat.Refused{
			Reason:  fmt.Sprintf("%s与%s的请假 %s（%s）重叠", w.span, state, req.Number, other.Span),
			Instead: "换个日期，或先发送 撤回 " + req.Number,
		}
	}
	if w.deputy == 0 {
		return nil
	}
	person, _ := firstField(t, policy.PersonField)
	deputy, err := call.Tx.Member(w.deputy)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case err != nil, !deputy.Present(), deputy.SuspendedAt != nil:
		return Problems{{Field: person, Text: "「" + person.Label + "」的同事现在不能接手工作，请换一位"}}
	case deputy.ID == call.Member.ID:
		return Problems{{Field: person, Text: "「" + person.Label + "」不能写本人，请写代理工作的同事"}}
	}
	return nil
}

// checkReturn refuses to be back before the leave is over.
func (a *Approvals) checkReturn(t *policy.ApprovalTemplate, form policy.Form) error {
	period, _ := firstField(t, policy.PeriodField)
	field, ok := firstField(t, policy.DateField)
	back, to := form[field.Key].Time, form[period.Key].To
	if !ok || back.IsZero() {
		return nil
	}
	first := to.Date // back in the afternoon of a morning's leave
	if to.Afternoon {
		first = first.AddDate(0, 0, 1)
	}
	if policy.HalfDayOf(back, true).Before(policy.HalfDayOf(first, false)) {
		return Problems{{Field: field, Text: fmt.Sprintf(
			"%s %s 早于假期结束，请写 %s 或以后的日期", field.Label, back.Format("2006-01-02"), first.Format("2006-01-02"))}}
	}
	return nil
}

// keepAsked stores the span of a leave that has just been submitted, so that no
// other overlaps it.
func (a *Approvals) keepAsked(tx *store.Tx, req store.Request) error {
	if req.Kind != leaveKey {
		return nil
	}
	if _, err := tx.Leave(req.ID); !errors.Is(err, store.ErrNotFound) {
		return err // it was approved at once: every step was passed over
	}
	return a.keepLeave(tx, req, store.LeaveAsked)
}

// keepLeave writes what has become of a leave.
func (a *Approvals) keepLeave(tx *store.Tx, req store.Request, state store.LeaveState) error {
	t, form, err := a.FormOf(&tx.Reader, req)
	if err != nil {
		return err
	}
	w, ok := a.awayOf(t, form)
	if !ok {
		return nil
	}
	return tx.PutLeave(store.Leave{
		RequestID: req.ID, MemberID: req.AboutID, DeputyID: w.deputy, FromAt: w.from, UntilAt: w.until, State: state,
		Span: chat.OneLine(w.span, 60), Instead: chat.OneLine(w.instead, 60),
	})
}

// begin follows the approval of a leave: the deputy stands in for its whole
// span, and the colleagues hear of it (G1-2.1(1)b, G1-4.1(4)b).
func (a *Approvals) begin(tx *store.Tx, req store.Request) error {
	if err := a.keepLeave(tx, req, store.LeaveApproved); err != nil {
		return err
	}
	leave, err := tx.Leave(req.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it names no span
	}
	if err != nil {
		return err
	}
	if err := a.deputize(tx, req, leave); err != nil {
		return err
	}
	_, err = tx.Enqueue(Colleagues{Request: req.ID, Scene: sceneApproved})
	return err
}

// deputize puts the deputy in the place of the member, unless the span is over
// already or the deputy has left since.
func (a *Approvals) deputize(tx *store.Tx, req store.Request, leave store.Leave) error {
	if leave.DeputyID == 0 || !leave.UntilAt.After(tx.Now()) {
		return nil
	}
	absent, err := tx.Member(leave.MemberID)
	if err != nil {
		return err
	}
	deputy, err := tx.Member(leave.DeputyID)
	if err != nil {
		return err
	}
	if !deputy.Present() {
		return a.tell(tx, req, []int64{leave.MemberID}, fmt.Sprintf(
			"【提醒】%s 已批准，但%s已不在职，请另请同事代理：代理 <姓名> <开始> <结束>", req.Number, deputy.Name))
	}
	return a.clocks.Deputize(tx, response.Deputing{
		Absent: absent, Deputy: deputy, From: leave.FromAt, Until: leave.UntilAt,
		First: a.edge(leave.FromAt, false), Last: a.edge(leave.UntilAt, true),
		By: leave.MemberID, Request: req.ID, App: req.App, Source: string(store.SourceJob),
	})
}

// edge is one end of a span as members read it: 3月9日, 3月9日 12:00.
func (a *Approvals) edge(t time.Time, end bool) string {
	local := a.local(t)
	if local.Hour() != 0 {
		return local.Format("1月2日 15:04")
	}
	if end {
		local = local.AddDate(0, 0, -1)
	}
	return local.Format("1月2日")
}

// revocable lets an approved leave be taken back until it is over.
func (a *Approvals) revocable(r *store.Reader, req store.Request) error {
	leave, err := r.Leave(req.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !leave.UntilAt.After(r.Now()) {
		return chat.Refused{Reason: fmt.Sprintf("%s（%s）已经休完，不能撤销", req.Number, leave.Span), Instead: "追溯 " + req.Number}
	}
	return nil
}

// revoked undoes what followed from the approval of a leave: the member answers
// for himself again, his colleagues and those who decided hear of it.
func (a *Approvals) revoked(tx *store.Tx, req store.Request) error {
	leave, err := tx.Leave(req.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	began := !leave.FromAt.After(tx.Now())
	leave.State = store.LeaveOver
	if err := tx.PutLeave(leave); err != nil {
		return err
	}
	if err := a.clocks.CallOff(tx, req.ID, req.App); err != nil {
		return err
	}
	_, err = tx.Enqueue(Colleagues{Request: req.ID, Scene: sceneRevoked, Early: began})
	return err
}
