package request

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

// stillRuns refuses what is over or waits for its applicant.
func stillRuns(request store.Request) error {
	switch request.State {
	case store.RequestRunning:
		return nil
	case store.RequestReturned:
		return chat.Refused{Reason: request.Number + " " + ended(request.State), Instead: "重新提交 " + request.Number + "，或 撤回 " + request.Number}
	}
	return chat.Refused{Reason: request.Number + " " + ended(request.State), Instead: "追溯 " + request.Number}
}

// Withdraw is the applicant's 撤回: nobody decides the request any more. One
// that is approved it revokes, if its kind lets him.
func (q *Requests) Withdraw(call *chat.Call, number, why string) (store.Request, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	if d.request.ApplicantID != call.Member.ID {
		return d.request, chat.NotFound{Number: d.request.Number}
	}
	if d.request.Engine == store.EngineNative {
		return d.request, q.withdrawNative(call.Tx, d.request, actOf(call))
	}
	if err := short("原因", why); err != nil {
		return d.request, err
	}
	switch {
	case d.request.State == store.RequestApproved:
		err = q.revoke(call, d, why)
	case !d.request.State.Open():
		err = stillRuns(d.request)
	default:
		err = q.recall(call.Tx, d, actOf(call), call.Member.Name+" 撤回了", why)
	}
	return d.request, err
}

// recall ends an open request as withdrawn. who begins the sentence that its
// deciders are told.
func (q *Requests) recall(tx *store.Tx, d *dossier, by act, who, why string) error {
	var told []int64
	if step := d.step(); step != nil {
		told = membersOf(d.of(step.ID, store.DeciderOpen))
	}
	if by.member == 0 {
		why = who
	}
	if err := q.enterHistory(tx, d.request, 0, by, store.RequestRecalled, why, change{Request: store.RequestWithdrawn}); err != nil {
		return err
	}
	if err := q.finish(tx, d, store.RequestWithdrawn); err != nil {
		return err
	}
	return q.tell(tx, d.request, told, fmt.Sprintf("【撤回】%s %s，无需再处理。", who, q.name(d.request)))
}

// revoke takes back what is approved already (revoked_after_approval): its
// domain undoes what followed, everybody who decided or was told hears of it.
func (q *Requests) revoke(call *chat.Call, d *dossier, why string) error {
	kind := q.kind(d.request.Kind)
	if kind.Revocable == nil {
		return chat.Refused{Reason: d.request.Number + " 已经通过，不能撤回", Instead: "追溯 " + d.request.Number}
	}
	if strings.TrimSpace(why) == "" {
		return chat.Incomplete{Field: "原因", Prompt: d.request.Number + " 已经通过，撤销请写原因，审批人会看到"}
	}
	if err := kind.Revocable(&call.Tx.Reader, d.request); err != nil {
		return err
	}
	tx := call.Tx
	d.request.State = store.RequestRevoked
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	if err := q.enterHistory(tx, d.request, 0, actOf(call), store.RequestUndone, why, change{Request: store.RequestRevoked}); err != nil {
		return err
	}
	if kind.Revoked != nil {
		if err := internal(kind.Revoked(tx, d.request)); err != nil {
			return err
		}
	}
	var told []int64
	for _, o := range d.deciders {
		if o.State == store.DeciderVoted {
			told = append(told, o.MemberID)
		}
	}
	copies, err := tx.RequestCopies(d.request.ID)
	if err != nil {
		return err
	}
	for _, c := range copies {
		told = append(told, c.MemberID)
	}
	return q.tell(tx, d.request, distinct(told), fmt.Sprintf("【撤销】%s 撤销了已通过的%s。\n原因：%s", call.Member.Name, q.name(d.request), why))
}

// Urge reminds those who have to decide (催办), for the applicant or somebody
// above a decider, at most once in approval.urge_interval_hours for each step
// (G2-4.4(3)). A step that had nobody is entered anew.
func (q *Requests) Urge(call *chat.Call, number string) (store.Request, error) {
	request, _, err := q.urgeFor(call, number)
	return request, err
}

// urgeFor is Urge with what the caller is told.
func (q *Requests) urgeFor(call *chat.Call, number string) (store.Request, string, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, "", err
	}
	request := d.request
	if request.ApplicantID != call.Member.ID {
		above, err := q.overDeciders(&call.Tx.Reader, call.Member.ID, d)
		if err != nil {
			return request, "", err
		}
		if !above {
			return request, "", chat.NotFound{Number: request.Number}
		}
	}
	if err := stillRuns(request); err != nil {
		return request, "", err
	}
	if request.UrgedAt != nil {
		if again := q.rules().UrgeAgainAt(*request.UrgedAt); call.At.Before(again) {
			return request, "", chat.Refused{
				Reason: fmt.Sprintf("%s 在 %s 已经催办过", request.Number, q.when(*request.UrgedAt)), Clause: "G2-4.4(3)",
				Instead: fmt.Sprintf("%s 之后再催", q.when(again)),
			}
		}
	}
	if step := d.step(); request.Engine == store.EngineNative {
		if step == nil {
			return request, "", elsewhere(request)
		}
		told, err := q.urgeNative(call, request, *step, d.of(step.ID, store.DeciderOpen))
		return request, told, err
	}
	told, err := q.urgeNow(call, d)
	return d.request, told, err
}

func (q *Requests) urgeNow(call *chat.Call, d *dossier) (string, error) {
	tx, step := call.Tx, d.step()
	d.request.UrgedAt = &call.At
	if err := tx.SaveRequest(&d.request); err != nil {
		return "", err
	}
	if err := q.enterHistory(tx, d.request, step.ID, actOf(call), store.RequestUrged, "", change{}); err != nil {
		return "", err
	}
	open := d.of(step.ID, store.DeciderOpen)
	if len(open) == 0 {
		return q.fill(tx, d, step)
	}
	names, err := q.names(&tx.Reader, open)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("【催办】%s 请您尽快处理 %s。\n可发送：%s，或 审批 %s 驳回 <原因>",
		call.Member.Name, q.name(d.request), approves(d.request, *step), d.request.Number)
	if err := q.remind(tx, d.request, membersOf(open), text); err != nil {
		return "", err
	}
	return "已催办" + names + "。", nil
}

// fill looks again for people for a step that has nobody.
func (q *Requests) fill(tx *store.Tx, d *dossier, step *store.RequestStep) (string, error) {
	f, err := q.find(&tx.Reader, d.request, *step)
	if err != nil {
		return "", err
	}
	f.deciders = slices.DeleteFunc(f.deciders, func(o store.RequestDecider) bool {
		part, known := d.decider(step.ID, o.MemberID)
		return known && part.State == store.DeciderVoted
	})
	if err := q.enter(tx, d, step, f); err != nil {
		return "", err
	}
	names, err := q.names(&tx.Reader, f.deciders)
	if err == nil && names == "" {
		return "已再次提醒管理员，「" + step.Name + "」这一步还没有人可以处理。", nil
	}
	return "已转给" + names + "处理。", err
}

// overDeciders says whether a member stands directly above somebody who has to
// decide the current step, or, of a request that is over, had to decide any.
func (q *Requests) overDeciders(r *store.Reader, member int64, d *dossier) (bool, error) {
	deciders := d.deciders
	if step := d.step(); step != nil {
		deciders = d.of(step.ID, store.DeciderOpen)
	}
	for _, o := range deciders {
		over, err := q.people.StandsOver(r, member, o.MemberID)
		if err != nil || over {
			return over, err
		}
	}
	return false, nil
}
