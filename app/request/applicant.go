package request

import (
	"errors"
	"fmt"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/store"
)

// lockedOf takes the request of a call.
func (q *Requests) lockedOf(call *chat.Call) (store.Request, error) {
	number := call.Number("编号")
	request, err := q.locked(call.Tx, number)
	if errors.Is(err, store.ErrNotFound) {
		return request, chat.NotFound{Number: number}
	}
	return request, err
}

// stillRuns refuses what is over.
func stillRuns(request store.Request) error {
	if request.State == store.RequestRunning {
		return nil
	}
	return chat.Refused{Reason: request.Number + " " + ended(request.State), Instead: "追溯 " + request.Number}
}

// withdraw is 撤回 of a request: nobody decides it any more.
func (q *Requests) withdraw(call *chat.Call) (chat.Answer, error) {
	request, err := q.lockedOf(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if request.ApplicantID != call.Member.ID {
		return chat.Answer{}, chat.NotFound{Number: request.Number}
	}
	if err := stillRuns(request); err != nil {
		return chat.Answer{}, err
	}
	if err := q.recall(call.Tx, request, actOf(call), call.Member.Name+" 撤回了"); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(request.Number, "已撤回。"), nil
}

// recall ends a running request as withdrawn. why begins the sentence that its
// deciders are told.
func (q *Requests) recall(tx *store.Tx, request store.Request, by act, why string) error {
	steps, at, deciders, err := q.current(&tx.Reader, request)
	if err != nil {
		return err
	}
	var told []int64
	for _, d := range openOf(deciders, steps[at].ID) {
		told = append(told, d.MemberID)
	}
	text := ""
	if by.member == 0 {
		text = why
	}
	if err := q.enterHistory(tx, request, 0, by, store.RequestRecalled, text); err != nil {
		return err
	}
	if err := q.finish(tx, &request, steps, store.RequestWithdrawn); err != nil {
		return err
	}
	return q.tell(tx, request, told, fmt.Sprintf("【撤回】%s %s，无需再处理。", why, q.name(request)))
}

// urge is 催办 of a request, by the applicant or by somebody above a decider,
// at most once in approval.urge_interval_hours for each step (G2-4.4(3)). A
// step that had nobody is entered anew.
func (q *Requests) urge(call *chat.Call) (chat.Answer, error) {
	request, err := q.lockedOf(call)
	if err != nil {
		return chat.Answer{}, err
	}
	steps, at, deciders, err := q.current(&call.Tx.Reader, request)
	if err != nil {
		return chat.Answer{}, err
	}
	if request.ApplicantID != call.Member.ID {
		above, err := q.overDeciders(&call.Tx.Reader, call.Member.ID, steps, at, deciders)
		if err != nil {
			return chat.Answer{}, err
		}
		if !above {
			return chat.Answer{}, chat.NotFound{Number: request.Number}
		}
	}
	if err := stillRuns(request); err != nil {
		return chat.Answer{}, err
	}
	if request.UrgedAt != nil {
		if again := q.rules().UrgeAgainAt(*request.UrgedAt); call.At.Before(again) {
			return chat.Answer{}, chat.Refused{
				Reason: fmt.Sprintf("%s 在 %s 已经催办过", request.Number, q.when(*request.UrgedAt)), Clause: "G2-4.4(3)",
				Instead: fmt.Sprintf("%s 之后再催", q.when(again)),
			}
		}
	}
	return q.urgeNow(call, request, steps[at], openOf(deciders, steps[at].ID))
}

func (q *Requests) urgeNow(call *chat.Call, request store.Request, step store.RequestStep, open []store.RequestDecider) (chat.Answer, error) {
	tx := call.Tx
	request.UrgedAt = &call.At
	if err := tx.SaveRequest(&request); err != nil {
		return chat.Answer{}, err
	}
	if err := q.enterHistory(tx, request, step.ID, actOf(call), store.RequestUrged, ""); err != nil {
		return chat.Answer{}, err
	}
	if len(open) == 0 {
		f, err := q.find(&tx.Reader, request, people.Whom(step.Whom))
		if err != nil {
			return chat.Answer{}, err
		}
		if err := q.enter(tx, request, &step, f); err != nil {
			return chat.Answer{}, err
		}
		names, err := q.names(&tx.Reader, f.deciders)
		if err != nil {
			return chat.Answer{}, err
		}
		if names == "" {
			return chat.Accepted(request.Number, "已再次提醒管理员，「"+step.Name+"」这一步还没有人可以处理。"), nil
		}
		return chat.Accepted(request.Number, "已转给"+names+"处理。"), nil
	}
	var to []int64
	for _, d := range open {
		to = append(to, d.MemberID)
	}
	names, err := q.names(&tx.Reader, open)
	if err != nil {
		return chat.Answer{}, err
	}
	text := fmt.Sprintf("【催办】%s 请您尽快处理 %s。\n可发送：%s，或 审批 %s 驳回 <原因>", call.Member.Name, q.name(request), approves(request, step), request.Number)
	if err := q.remind(tx, request, to, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(request.Number, "已催办"+names+"。"), nil
}

// note is 已知悉: somebody above a late decider has seen it.
func (q *Requests) note(call *chat.Call) (chat.Answer, error) {
	request, err := q.lockedOf(call)
	if err != nil {
		return chat.Answer{}, err
	}
	steps, at, deciders, err := q.current(&call.Tx.Reader, request)
	if err != nil {
		return chat.Answer{}, err
	}
	above, err := q.overDeciders(&call.Tx.Reader, call.Member.ID, steps, at, deciders)
	if err != nil {
		return chat.Answer{}, err
	}
	if !above {
		return chat.Answer{}, chat.NotFound{Number: request.Number}
	}
	if err := q.enterHistory(call.Tx, request, 0, actOf(call), store.RequestNoted, ""); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(request.Number, "已记录您知悉此事。"), nil
}

// overDeciders says whether a member stands directly above somebody who has to
// decide the current step, or, of a request that is over, had to decide any.
func (q *Requests) overDeciders(r *store.Reader, member int64, steps []store.RequestStep, at int, deciders []store.RequestDecider) (bool, error) {
	if at >= 0 {
		deciders = openOf(deciders, steps[at].ID)
	}
	for _, d := range deciders {
		over, err := q.people.StandsOver(r, member, d.MemberID)
		if err != nil || over {
			return over, err
		}
	}
	return false, nil
}
