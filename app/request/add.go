package request

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

// Where added approvers decide.
type Where string

// The places of added approvers (加签).
const (
	Before Where = "before" // before the current step, which then goes on
	After  Where = "after"  // right after it
	Beside Where = "beside" // with it: every one of them must agree too
)

var whereWords = map[Where]string{Before: "之前", After: "之后", Beside: "同时"}

// askedWords say what those who are added have to do.
var askedWords = map[Where]string{Before: "先审批", After: "之后审批（轮到您时会收到卡片）", Beside: "一起审批"}

// AddApprovers adds people who have to decide (加签): as a step of their own
// before or after the current one, of the given mode, or beside its deciders,
// where each of them must agree (会签). Who may decide now may add, and
// 流程管理员 with a reason (G1-3.2(1)).
func (q *Requests) AddApprovers(call *chat.Call, number string, where Where, members []int64, mode store.StepMode, opinion string) (store.Request, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	if err := elsewhere(d.request); err != nil {
		return d.request, err
	}
	if err := q.mayAdd(call, d, opinion); err != nil {
		return d.request, err
	}
	if mode == "" {
		mode = store.StepAll
	}
	if err := addable(where, mode); err != nil {
		return d.request, err
	}
	named, err := q.coworkers(call.Tx, d, members, "加签")
	if err != nil {
		return d.request, err
	}
	if err := q.addRoom(&call.Tx.Reader, d, named, where, call.Member.ID); err != nil {
		return d.request, err
	}
	if where == Beside {
		err = q.addBeside(call, d, named, opinion)
	} else {
		err = q.addStep(call, d, where, named, mode, opinion)
	}
	return d.request, err
}

// mayAdd is mayMove, except that 流程管理员 need not say whose part it is.
func (q *Requests) mayAdd(call *chat.Call, d *dossier, reason string) error {
	from := int64(0)
	if step := d.step(); step != nil {
		if open := d.of(step.ID, store.DeciderOpen); len(open) > 0 {
			if _, mine := d.decider(step.ID, call.Member.ID); !mine {
				from = open[0].MemberID
			}
		}
	}
	_, _, err := q.mayMove(call, d, from, reason)
	return err
}

func addable(where Where, mode store.StepMode) error {
	switch {
	case whereWords[where] == "":
		return chat.Incomplete{Field: "位置", Prompt: "加签在这一步的 之前、之后 还是 同时？"}
	case where == Beside && mode != store.StepAll:
		return chat.Refused{Reason: "同时加签的人都要同意，只能会签", Instead: "选择会签，或在之前、之后加签"}
	case !slices.Contains([]store.StepMode{store.StepAll, store.StepAny, store.StepSequence}, mode):
		return chat.Refused{Reason: "加签只能是会签、或签或依次", Instead: "选择其中一种"}
	}
	return nil
}

// addRoom refuses what would be too many, and those who decide anyway.
func (q *Requests) addRoom(r *store.Reader, d *dossier, named []store.Member, where Where, me int64) error {
	if err := q.room(r, d.request); err != nil {
		return err
	}
	step := d.step()
	deciders := d.of(step.ID, store.DeciderOpen, store.DeciderQueued, store.DeciderVoted)
	switch {
	case slices.ContainsFunc(named, func(m store.Member) bool { return m.ID == me }):
		return chat.Refused{Reason: "不用给自己加签", Instead: "写其他同事"}
	case where == Beside && len(deciders)+len(named) > MaxDeciders, len(named) > MaxDeciders:
		return chat.Refused{Reason: fmt.Sprintf("一步最多 %d 位审批人", MaxDeciders), Instead: "减少加签的人"}
	case where != Beside && len(d.round()) >= MaxRoundSteps:
		return chat.Refused{Reason: fmt.Sprintf("这项申请已有 %d 步，不能再加", len(d.round())), Instead: "同时加签，或同意、驳回"}
	}
	if where == Beside {
		return q.fresh(d, named, "加签")
	}
	return nil
}

// addBeside adds deciders to the current step.
func (q *Requests) addBeside(call *chat.Call, d *dossier, named []store.Member, opinion string) error {
	tx, step := call.Tx, d.step()
	next, err := q.standing(&tx.Reader, d.request, membersIDs(named))
	if err != nil {
		return err
	}
	next = slices.DeleteFunc(next, func(o store.RequestDecider) bool {
		part, known := d.decider(step.ID, o.MemberID)
		return known && part.State != store.DeciderPassed
	})
	for i := range next {
		next[i].StepID, next[i].RequestID, next[i].State, next[i].AddedBy = step.ID, d.request.ID, store.DeciderOpen, call.Member.ID
	}
	for _, m := range named {
		step.Beside = strings.TrimPrefix(step.Beside+"\n"+beside(m.ID, call.Member.ID), "\n")
	}
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	return q.added(call, d, *step, Beside, named, opinion, change{Seats: seats(next)}, func() error {
		if err := q.notify.Refresh(tx, step.Subject()); err != nil {
			return err
		}
		return q.ask(tx, d, *step, next)
	})
}

// addStep puts a step before the current one, which waits for it, or after it.
func (q *Requests) addStep(call *chat.Call, d *dossier, where Where, named []store.Member, mode store.StepMode, opinion string) error {
	tx, at := call.Tx, d.at()
	current := d.steps[at]
	if where == Before {
		if err := q.putOff(tx, d, &d.steps[at]); err != nil {
			return err
		}
	}
	place := at
	if where == After {
		place++
	}
	n := 1
	for _, s := range d.round() {
		if s.Origin == store.StepAdded {
			n++
		}
	}
	var whom []string
	for _, m := range named {
		whom = append(whom, fmt.Sprintf("members:%d", m.ID))
	}
	step := store.RequestStep{
		Key: fmt.Sprintf("added%d", n), Name: fmt.Sprintf("加签%d", n), Whom: whom[0], Also: strings.Join(whom[1:], "\n"),
		Mode: mode, Origin: store.StepAdded, AddedBy: call.Member.ID, Round: d.request.Round,
	}
	if err := q.insertStep(tx, d, place, step); err != nil {
		return err
	}
	return q.added(call, d, current, where, named, opinion, change{Steps: places(d.steps[at:])}, func() error {
		if where == After {
			return nil
		}
		return q.advance(tx, d, place, nil)
	})
}

// putOff lets the current step wait; the votes that were given stay.
func (q *Requests) putOff(tx *store.Tx, d *dossier, step *store.RequestStep) error {
	for _, o := range d.of(step.ID, store.DeciderOpen) {
		o.State = store.DeciderQueued
		if err := d.put(tx, o); err != nil {
			return err
		}
	}
	step.State = store.StepWaiting
	step.Phase++
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	if err := q.clocks.Cancel(tx, step.Subject()); err != nil {
		return err
	}
	return q.notify.Refresh(tx, step.Subject())
}

// insertStep puts a step at a place; those behind it, which have not been
// entered or wait, move on by one.
func (q *Requests) insertStep(tx *store.Tx, d *dossier, place int, step store.RequestStep) error {
	for i := len(d.steps) - 1; i >= place; i-- {
		d.steps[i].Position++
		if err := tx.SaveRequestStep(&d.steps[i]); err != nil {
			return err
		}
	}
	one := []store.RequestStep{step}
	if err := tx.AddRequestSteps(d.request, int64(place), one); err != nil {
		return err
	}
	d.steps = slices.Insert(d.steps, place, one[0])
	return nil
}

// added writes what was added, and then lets it begin.
func (q *Requests) added(call *chat.Call, d *dossier, step store.RequestStep, where Where, named []store.Member, opinion string, c change, begin func() error) error {
	names, err := listNames(&call.Tx.Reader, membersIDs(named))
	if err != nil {
		return err
	}
	text := fmt.Sprintf("在「%s」%s加签：%s", step.Name, whereWords[where], names)
	deviate(&d.request, call.Member.Name+text)
	if err := call.Tx.SaveRequest(&d.request); err != nil {
		return err
	}
	history := text
	if opinion != "" {
		history += "（" + opinion + "）"
	}
	if err := q.enterHistory(call.Tx, d.request, step.ID, actOf(call), store.RequestAdded, history, c); err != nil {
		return err
	}
	asked := fmt.Sprintf("【加签】%s请您%s %s%s。", call.Member.Name, askedWords[where], q.name(d.request), because(opinion))
	if err := q.tell(call.Tx, d.request, membersIDs(named), asked); err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	return q.tell(call.Tx, d.request, []int64{d.request.ApplicantID}, fmt.Sprintf("【进度】%s：%s%s。", q.name(d.request), call.Member.Name, history))
}
