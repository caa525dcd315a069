package request

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

// finish writes the request itself and what follows from its new state.
func (m *mirroring) finish(current int) error {
	was, now := m.request.State, m.tx.Now()
	m.request.State, m.request.NativeAt = m.c.State, &now
	switch {
	case current >= 0:
		m.request.Position = int64(current)
	case len(m.c.Nodes) > 0:
		m.request.Position = int64(len(m.c.Nodes) - 1)
	}
	if m.turned {
		m.request.UrgedAt = nil // the next one has not been urged yet
	}
	if was == store.RequestRunning && was != m.c.State {
		ended := m.acted
		m.request.FinishedAt = &ended
	}
	if m.request.Form == "" && m.c.Form != nil && m.request.FinishedAt == nil {
		if err := takeForm(&m.request, m.c); err != nil {
			return err
		}
	}
	if err := m.tx.SaveRequest(&m.request); err != nil {
		return err
	}
	if was != m.c.State {
		return m.ended(was)
	}
	return m.progress()
}

// stateLines is what the history says of states nobody's decision explains.
var stateLines = map[store.RequestState]string{
	store.RequestDeleted: "已在企业微信「审批」中删除", store.RequestPaid: "已在企业微信「审批」中标为已支付",
}

// ended lets the domain act on what the case has come to. The 审批 app has told
// the applicant the result: we do not say it again.
func (m *mirroring) ended(was store.RequestState) error {
	by := act{member: m.request.ApplicantID, source: nativeSource, at: m.tx.Now()}
	var err error
	switch m.request.State {
	case store.RequestWithdrawn:
		err = m.q.enterHistory(m.tx, m.request, 0, by, store.RequestRecalled, "")
	case store.RequestRevoked:
		err = m.q.enterHistory(m.tx, m.request, 0, by, store.RequestUndone, "通过后撤销")
	case store.RequestDeleted, store.RequestPaid:
		by.member = 0
		err = m.q.enterHistory(m.tx, m.request, 0, by, store.RequestEntered, stateLines[m.request.State])
	}
	if err != nil || m.request.Form == "" {
		return err
	}
	kind := m.q.kind(m.request.Kind)
	approved := was == store.RequestApproved || was == store.RequestPaid
	switch m.request.State {
	case store.RequestApproved, store.RequestRejected, store.RequestWithdrawn:
		if kind.Finished != nil {
			err = kind.Finished(m.tx, m.request)
		}
	case store.RequestPaid:
		if kind.Finished != nil && was == store.RequestRunning { // we never saw it approved
			done := m.request
			done.State = store.RequestApproved
			err = kind.Finished(m.tx, done)
		}
	case store.RequestRevoked, store.RequestDeleted:
		if kind.Revoked != nil && approved {
			err = kind.Revoked(m.tx, m.request)
		}
	}
	return internal(err)
}

// progress tells the applicant, in one line, that his case has moved on
// (G1-3.4(2) AE1). The 审批 app tells results, not the way to them.
func (m *mirroring) progress() error {
	if m.fresh || !m.turned || len(m.asked) == 0 || m.request.State != store.RequestRunning {
		return nil
	}
	names, err := m.q.names(&m.tx.Reader, m.asked)
	if err != nil {
		return err
	}
	passed := ""
	if len(m.agreed) > 0 {
		passed = "「" + strings.Join(m.agreed, "」「") + "」已通过，"
	}
	at := m.steps[m.request.Position]
	return m.q.tell(m.tx, m.request, []int64{m.request.ApplicantID},
		fmt.Sprintf("【进度】%s：%s接下来由%s处理「%s」。", m.q.name(m.request), passed, names, at.Name))
}

// tellGone tells IT and the applicant that a native step waits for people who
// have left: only the 审批 app can give it to others.
func (q *Requests) tellGone(tx *store.Tx, request store.Request, step store.RequestStep, deciders []store.RequestDecider) error {
	names, err := q.names(&tx.Reader, deciders)
	if err != nil {
		return err
	}
	administrators, err := q.people.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("【无人处理】%s 的「%s」等待的审批人%s已不在职。请管理员在企业微信管理后台「审批」中把它转交他人；申请人也可以在「审批」中撤销后重新提交。",
		q.name(request), step.Name, names)
	return q.tell(tx, request, append([]int64{request.ApplicantID}, administrators...), text)
}

// nativeLeft is the hand-over of a native step: nobody here can decide in the
// place of somebody who has left.
func (q *Requests) nativeLeft(tx *store.Tx, stepID, from int64) error {
	step, err := tx.RequestStep(stepID)
	if err != nil {
		return err
	}
	request, err := q.lock(tx, step.RequestID)
	if err != nil {
		return err
	}
	deciders, err := tx.RequestDeciders(request.ID)
	if err != nil {
		return err
	}
	var gone []store.RequestDecider
	open := openOf(deciders, stepID)
	for _, d := range open {
		if d.MemberID == from {
			gone = append(gone, d)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	gone[0].State = store.DeciderPassed
	if err := tx.PutRequestDecider(gone[0]); err != nil {
		return err
	}
	if err := q.clocks.Pass(tx, nativeClock(step), from); err != nil {
		return err
	}
	if err := tx.SaveRequest(&request); err != nil { // the root changes with its children
		return err
	}
	if err := q.enterHistory(tx, request, step.ID, system(tx), store.RequestPassed, "「"+step.Name+"」的审批人已离职，需在企业微信「审批」中转交"); err != nil {
		return err
	}
	if len(open) > 1 && step.Mode == store.StepAny {
		return nil // the others decide
	}
	return q.tellGone(tx, request, step, gone)
}

// urgeNative is 催办 of a native request: our nudge, for the 审批 app decides.
func (q *Requests) urgeNative(call *chat.Call, request store.Request, step store.RequestStep, open []store.RequestDecider) (told string, err error) {
	tx := call.Tx
	if len(open) == 0 {
		return "", chat.Refused{
			Reason: request.Number + " 现在没有在职的审批人", Instead: "请管理员在管理后台「审批」中转交，或在「审批」中撤销后重新提交",
		}
	}
	var to []int64
	for _, d := range open {
		to = append(to, d.MemberID)
	}
	names, err := q.names(&tx.Reader, open)
	if err != nil {
		return "", err
	}
	request.UrgedAt = &call.At
	if err := tx.SaveRequest(&request); err != nil {
		return "", err
	}
	if err := q.enterHistory(tx, request, step.ID, actOf(call), store.RequestUrged, ""); err != nil {
		return "", err
	}
	text := fmt.Sprintf("【催办】%s 请您尽快处理 %s。\n%s", call.Member.Name, q.name(request), inNativeApp)
	if err := q.remind(tx, request, to, text); err != nil {
		return "", err
	}
	return "已催办" + names + "。", nil
}
