package request

import (
	"fmt"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/store"
)

// tell sends text about a request, in as many messages as it needs.
func (q *Requests) tell(tx *store.Tx, request store.Request, to []int64, text string) error {
	if len(to) == 0 {
		return nil
	}
	for _, part := range chat.Split(text) {
		err := q.notify.Tell(tx, notify.Notice{App: request.App, To: to, Text: part, Subject: request.Subject(), Purpose: eventPurpose})
		if err != nil {
			return err
		}
	}
	return nil
}

// tellApplicant tells the applicant what was decided: one line while it goes on
// (G1-3.4(2) AE1), the result at the end (C-RESULT).
func (q *Requests) tellApplicant(tx *store.Tx, d *dossier, step store.RequestStep, by store.Member) error {
	request := d.request
	switch request.State {
	case store.RequestApproved, store.RequestRejected, store.RequestReturned:
		if request.State == store.RequestApproved && q.kind(request.Kind).Tells {
			return nil
		}
		return q.tellResult(tx, request, q.resultOf(request, step, by))
	}
	next, err := q.next(&tx.Reader, request)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("【进度】%s：%s已%s「%s」，%s。", q.name(request), by.Name, verdict(step), step.Name, next)
	if step.Opinion != "" {
		text += "\n意见：" + step.Opinion
	}
	return q.tell(tx, request, []int64{request.ApplicantID}, text)
}

// next says who has to decide now: 接下来由郑十六处理「人事部核实」.
func (q *Requests) next(r *store.Reader, request store.Request) (string, error) {
	steps, at, deciders, err := q.current(r, request)
	if err != nil {
		return "", err
	}
	if at < 0 {
		return ended(request.State), nil
	}
	names, err := q.names(r, openOf(deciders, steps[at].ID))
	if err != nil {
		return "", err
	}
	if names == "" {
		return "「" + steps[at].Name + "」暂时没有人可以处理", nil
	}
	return fmt.Sprintf("接下来由%s处理「%s」", names, steps[at].Name), nil
}
