package request

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/store"
	"guiju/store/queue"
)

// applicantPlace is how people call sending a request back to its applicant.
const applicantPlace = "申请人"

// Return sends a request back, with the reason: to the earlier step with the
// key or name to, or to its applicant ("" or 申请人). A new round then runs the
// route again from there or, if straight, comes straight back to the step that
// returned it; what was decided before stays in the history and, where it is
// not asked again, in force. Only who may decide now may return.
func (q *Requests) Return(call *chat.Call, number, to, opinion string, straight bool) (store.Request, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	if err := elsewhere(d.request); err != nil {
		return d.request, err
	}
	if err := q.mayDecide(call, d); err != nil {
		return d.request, err
	}
	target, err := q.mayReturn(d, to, opinion)
	if err != nil {
		return d.request, err
	}
	if check := q.kind(d.request.Kind).Check; check != nil {
		if err := check(call.Tx, d.request, *d.step(), call.Member, false); err != nil {
			return d.request, err
		}
	}
	if target < 0 {
		err = q.toApplicant(call, d, opinion, straight)
	} else {
		err = q.toStep(call, d, target, opinion, straight)
	}
	return d.request, err
}

// mayReturn finds the index of the step a request may be sent back to; -1 is
// the applicant.
func (q *Requests) mayReturn(d *dossier, to, opinion string) (int, error) {
	if strings.TrimSpace(opinion) == "" {
		return 0, chat.Incomplete{Field: "意见", Prompt: "请写退回的原因，申请人会看到"}
	}
	if err := short("意见", opinion); err != nil {
		return 0, err
	}
	if d.request.Round >= MaxRounds {
		return 0, chat.Refused{Reason: fmt.Sprintf("%s 已经退回过 %d 次，不能再退回", d.request.Number, MaxRounds-1), Instead: "同意或驳回"}
	}
	to = strings.TrimSpace(to)
	if to == "" || to == applicantPlace {
		if !q.kind(d.request.Kind).Resubmits {
			return 0, chat.Refused{Reason: "这种申请不能退回申请人修改", Instead: "驳回并写明原因，申请人可以重新申请"}
		}
		return -1, nil
	}
	var names []string
	for _, i := range d.passed() {
		if s := d.steps[i]; s.Key == to && s.Key != "" || s.Name == to {
			return i, nil
		}
		names = append(names, d.steps[i].Name)
	}
	if q.kind(d.request.Kind).Resubmits {
		names = append(names, applicantPlace)
	}
	return 0, chat.Refused{Reason: "「" + chat.OneLine(to, 20) + "」不是已经过的步骤", Instead: "可退回到：" + strings.Join(names, "、")}
}

// passed are the indexes of the steps of this round that somebody has decided,
// in this round or in one before.
func (d *dossier) passed() []int {
	var all []int
	for i, s := range d.steps {
		if s.Round == d.request.Round && s.Mode != store.StepCopy && (s.State == store.StepApproved || s.State == store.StepSkipped && s.DecidedBy != 0) {
			all = append(all, i)
		}
	}
	return all
}

// sendBack ends the current step as returned, with the vote of whoever did it.
func (q *Requests) sendBack(call *chat.Call, d *dossier, opinion string) (store.RequestStep, error) {
	tx, step, by := call.Tx, d.step(), actOf(call)
	if err := q.vote(tx, d, *step, by, store.DecisionReturned, opinion); err != nil {
		return *step, err
	}
	if err := q.endStep(tx, d, step); err != nil {
		return *step, err
	}
	step.State, step.DecidedAt, step.DecidedBy, step.Opinion = store.StepReturned, &by.at, by.member, opinion
	return *step, tx.SaveRequestStep(step)
}

// toApplicant gives a request back to its applicant, who changes it and submits
// it again or withdraws it.
func (q *Requests) toApplicant(call *chat.Call, d *dossier, opinion string, straight bool) error {
	tx := call.Tx
	step, err := q.sendBack(call, d, opinion)
	if err != nil {
		return err
	}
	c := change{Vote: store.DecisionReturned, Step: step.State, Request: store.RequestReturned}
	if err := q.enterHistory(tx, d.request, step.ID, actOf(call), store.RequestSentBack, opinion, c); err != nil {
		return err
	}
	if err := q.clear(tx, d); err != nil {
		return err
	}
	d.request.State, d.request.UrgedAt, d.request.StraightStep = store.RequestReturned, nil, 0
	if straight {
		d.request.StraightStep = step.ID
	}
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	if returned := q.kind(d.request.Kind).Returned; returned != nil {
		if err := internal(returned(tx, d.request)); err != nil {
			return err
		}
	}
	if err := q.remindLater(tx, d.request, 1); err != nil {
		return err
	}
	return q.tellResult(tx, d.request, q.resultOf(d.request, step, call.Member))
}

// toStep begins a new round at an earlier step.
func (q *Requests) toStep(call *chat.Call, d *dossier, target int, opinion string, straight bool) error {
	tx := call.Tx
	from := d.index(d.step())
	returner := call.Member.ID
	step, err := q.sendBack(call, d, opinion)
	if err != nil {
		return err
	}
	old := d.request.Round
	next, err := q.nextRound(&tx.Reader, d, target, from, straight, returner)
	if err != nil {
		return err
	}
	if err := q.clear(tx, d); err != nil {
		return err
	}
	d.request.Round, d.request.UrgedAt = old+1, nil
	begin := len(d.steps)
	if err := q.appendSteps(tx, d, next); err != nil {
		return err
	}
	if straight {
		deviate(&d.request, "退回到「"+d.steps[target].Name+"」，之后直接回到「"+step.Name+"」")
	}
	c := change{Vote: store.DecisionReturned, Step: step.State, Steps: places(d.steps)}
	if err := q.enterHistory(tx, d.request, step.ID, actOf(call), store.RequestSentBack, "退回到「"+d.steps[target].Name+"」："+opinion, c); err != nil {
		return err
	}
	if err := q.advance(tx, d, begin, nil); err != nil {
		return err
	}
	text, err := q.next(&tx.Reader, d.request)
	if err != nil {
		return err
	}
	return q.tell(tx, d.request, []int64{d.request.ApplicantID}, fmt.Sprintf("【进度】%s：%s把「%s」退回到「%s」，%s。\n意见：%s",
		q.name(d.request), call.Member.Name, step.Name, d.steps[target].Name, text, opinion))
}

// nextRound are the steps of the round that begins at target: those before it,
// and if straight those between it and the one that returned the request, stay
// as they were decided. A step whose first decision counts comes straight back
// to the very person.
func (q *Requests) nextRound(r *store.Reader, d *dossier, target, from int, straight bool, returner int64) ([]store.RequestStep, error) {
	var next []store.RequestStep
	for i, s := range d.steps {
		if s.Round != d.request.Round {
			continue
		}
		again := afresh(s, d.request.Round+1)
		if i < target || straight && i > target && i < from {
			if err := q.carry(r, &again, s); err != nil {
				return nil, err
			}
		}
		if straight && i == from && !several(s) && s.Beside == "" {
			again.Whom, again.Also = fmt.Sprintf("members:%d", returner), ""
		}
		next = append(next, again)
	}
	return next, nil
}

// afresh is a step as the next round begins it.
func afresh(s store.RequestStep, round int64) store.RequestStep {
	return store.RequestStep{
		Name: s.Name, Whom: s.Whom, Also: s.Also, Beside: s.Beside, Command: s.Command, WorkLimit: s.WorkLimit,
		Key: s.Key, Mode: s.Mode, Share: s.Share, Origin: s.Origin, AddedBy: s.AddedBy, Round: round,
	}
}

// carry lets a step of the round before count in the next one.
func (q *Requests) carry(r *store.Reader, again *store.RequestStep, s store.RequestStep) error {
	again.State, again.DecidedBy = store.StepSkipped, s.DecidedBy
	again.Reason = fmt.Sprintf("沿用第 %d 轮", s.Round)
	if s.DecidedBy == 0 {
		return nil
	}
	m, err := r.Member(s.DecidedBy)
	again.Reason += "，" + m.Name + "已" + verdict(s)
	if s.Reason != "" && s.State == store.StepSkipped {
		again.Reason = s.Reason
	}
	return err
}

// appendSteps adds the steps of a new round behind all others.
func (q *Requests) appendSteps(tx *store.Tx, d *dossier, next []store.RequestStep) error {
	states := make([]store.StepState, len(next))
	for i, s := range next {
		states[i] = s.State
	}
	if err := tx.AddRequestSteps(d.request, int64(len(d.steps)), next); err != nil {
		return err
	}
	for i := range next {
		if states[i] != "" {
			next[i].State = states[i]
			if err := tx.SaveRequestStep(&next[i]); err != nil {
				return err
			}
		}
	}
	d.steps = append(d.steps, next...)
	return nil
}

// ReturnedReminder is the timer of a returned request: its applicant is
// reminded as long as nothing has become of it, a few times.
type ReturnedReminder struct {
	Request int64 `json:"request"`
	Round   int64 `json:"round"`
	Time    int   `json:"time"`
}

// Kind implements store.JobArgs.
func (ReturnedReminder) Kind() string { return "request.returned_reminder" }

// returnedReminders bounds the reminders about one return.
const returnedReminders = 5

func (q *Requests) remindLater(tx *store.Tx, request store.Request, time int) error {
	if time > returnedReminders {
		return nil
	}
	at := q.rules().NodeDue(q.rules().NodeLimit(), tx.Now()).BreachAt
	_, err := tx.Enqueue(ReturnedReminder{Request: request.ID, Round: request.Round, Time: time}, store.At(at))
	return err
}

func (q *Requests) remindReturned(_ context.Context, _ *queue.Job, args ReturnedReminder) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		request, err := q.lock(tx, args.Request)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil || request.State != store.RequestReturned || request.Round != args.Round {
			return err
		}
		text := fmt.Sprintf("【提醒】%s退回后还没有重新提交。\n可发送：重新提交 %s，或 撤回 %s", q.name(request), request.Number, request.Number)
		if err := q.remind(tx, request, []int64{request.ApplicantID}, text); err != nil {
			return err
		}
		return q.remindLater(tx, request, args.Time+1)
	})
}

// Resubmit submits a returned request again with what d says now, planned with
// the version it is pinned to: a new round of its route, or straight back to
// the step that had returned it.
func (q *Requests) Resubmit(call *chat.Call, number string, d Draft) (store.Request, error) {
	made, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	old := made.request
	if err := mayResubmit(call, made); err != nil {
		return old, err
	}
	d.Kind, d.Applicant, d.About, d.App = old.Kind, old.ApplicantID, old.AboutID, old.App
	if old.TemplateID != 0 && d.Template.ID != old.TemplateID {
		return old, fmt.Errorf("resubmit %s: planned with version %d, pinned to %d", number, d.Template.ID, old.TemplateID)
	}
	fresh, steps, err := q.prepare(d)
	if err != nil {
		return old, err
	}
	for i := range steps {
		steps[i].Round = old.Round + 1
	}
	straight := ""
	if err := q.skipTo(&call.Tx.Reader, made, steps, &straight); err != nil {
		return old, err
	}
	fresh.ID = old.ID
	if err := q.startable(call.Tx, fresh, steps, d); err != nil {
		return old, err
	}
	made.renew(fresh)
	err = q.again(call, made, d, steps, straight)
	return made.request, err
}

func mayResubmit(call *chat.Call, d *dossier) error {
	if err := elsewhere(d.request); err != nil {
		return err
	}
	switch {
	case call.Member.ID != d.request.ApplicantID:
		return chat.NotFound{Number: d.request.Number}
	case d.request.State == store.RequestRunning:
		return chat.Refused{Reason: d.request.Number + " 正在审批中，没有被退回", Instead: "先 撤回 " + d.request.Number + "，再提交新的申请"}
	case d.request.State != store.RequestReturned:
		return chat.Refused{Reason: d.request.Number + " " + ended(d.request.State), Instead: "提交新的申请"}
	}
	return active(call, d)
}

// skipTo lets the steps before the one that wanted the request straight back
// count, as far as they were decided in the round before and are on the route
// still.
func (q *Requests) skipTo(r *store.Reader, d *dossier, steps []store.RequestStep, straight *string) error {
	i := slices.IndexFunc(d.steps, func(s store.RequestStep) bool { return s.ID == d.request.StraightStep && s.ID != 0 })
	if i < 0 {
		return nil
	}
	back := d.steps[i]
	to := slices.IndexFunc(steps, func(s store.RequestStep) bool { return sameNode(s, back) })
	if to < 0 {
		return nil
	}
	*straight = back.Name
	for n := range steps[:to] {
		decided := slices.IndexFunc(d.passed(), func(i int) bool { return sameNode(steps[n], d.steps[i]) })
		if decided < 0 && steps[n].Mode != store.StepCopy {
			continue // it is new on the route: it must decide
		}
		before := store.RequestStep{Round: d.request.Round}
		if decided >= 0 {
			before = d.steps[d.passed()[decided]]
		}
		if err := q.carry(r, &steps[n], before); err != nil {
			return err
		}
	}
	if !several(back) && back.Beside == "" && back.DecidedBy != 0 {
		steps[to].Whom, steps[to].Also = fmt.Sprintf("members:%d", back.DecidedBy), ""
	}
	return nil
}

func sameNode(a, b store.RequestStep) bool {
	return a.Key == b.Key && (a.Key != "" || a.Name == b.Name)
}

// renew takes over what is written anew when a request is submitted again.
func (d *dossier) renew(fresh store.Request) {
	r := &d.request
	r.Title, r.Content, r.Personal, r.Data, r.Form, r.Route = fresh.Title, fresh.Content, fresh.Personal, fresh.Data, fresh.Form, fresh.Route
	r.Sensitive = r.Sensitive || fresh.Sensitive
	r.State, r.Round, r.StraightStep, r.UrgedAt = store.RequestRunning, r.Round+1, 0, nil
}

func (q *Requests) again(call *chat.Call, d *dossier, draft Draft, steps []store.RequestStep, straight string) error {
	tx, by, begin := call.Tx, actOf(call), len(d.steps)
	if err := q.appendSteps(tx, d, steps); err != nil {
		return err
	}
	text := fmt.Sprintf("第 %d 轮", d.request.Round)
	if straight != "" {
		text += "，直接回到「" + straight + "」"
	}
	c := change{Request: store.RequestRunning, Steps: places(d.steps[begin:])}
	if err := q.enterHistory(tx, d.request, 0, by, store.RequestResubmitted, text, c); err != nil {
		return err
	}
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	if err := q.attach(tx, d, draft, by); err != nil {
		return err
	}
	if resubmitted := q.kind(d.request.Kind).Resubmitted; resubmitted != nil {
		if err := internal(resubmitted(tx, d.request)); err != nil {
			return err
		}
	}
	return q.advance(tx, d, begin, nil)
}
