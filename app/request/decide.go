package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// commandName approves and rejects where a step has no command of its own.
const commandName = "审批"

// Decide approves or rejects the current step of a request for the caller. Who
// may not decide gets an error of package chat that says why and what to do;
// nothing has been written then. Commands of domains that stand in for 审批
// (Step.Command) call it too.
func (q *Requests) Decide(call *chat.Call, number string, approve bool, opinion string) (store.Request, error) {
	request, err := q.locked(call.Tx, number)
	if errors.Is(err, store.ErrNotFound) {
		return request, chat.NotFound{Number: number}
	}
	if err != nil {
		return request, err
	}
	steps, at, deciders, err := q.current(&call.Tx.Reader, request)
	if err != nil {
		return request, err
	}
	if err := q.mayDecide(call, request, steps, at, deciders); err != nil {
		return request, err
	}
	if err := q.wellSaid(call, request, steps, at, approve, opinion); err != nil {
		return request, err
	}
	if check := q.kinds[request.Kind].Check; check != nil {
		if err := check(call.Tx, request, steps[at], call.Member, approve); err != nil {
			return request, err
		}
	}
	return request, q.record(call, &request, steps, at, approve, opinion)
}

// mayDecide is nil if it is the caller's turn.
func (q *Requests) mayDecide(call *chat.Call, request store.Request, steps []store.RequestStep, at int, deciders []store.RequestDecider) error {
	me := call.Member.ID
	denied := chat.NoPermission{Permission: permissionOf(request, max(at, 0)), Object: request.Number}
	mine := slices.IndexFunc(deciders, func(d store.RequestDecider) bool { return d.MemberID == me })
	switch {
	case !call.Member.Present():
		return denied
	case call.Member.SuspendedAt != nil:
		return chat.Refused{Reason: "您的账号已挂失，暂时不能审批", Clause: "G2-4.2(3)", Instead: "请行政部或信息安全部门核实后恢复", Denied: denied}
	case me == request.ApplicantID:
		return ownCase(request, "不能审批自己的申请", denied)
	case me == request.AboutID:
		return ownCase(request, "不能审批与自己有关的申请", denied)
	case at < 0 && mine < 0:
		return denied
	case at < 0:
		return chat.Refused{Reason: fmt.Sprintf("%s %s", request.Number, ended(request.State)), Instead: "追溯 " + request.Number}
	}
	open := openOf(deciders, steps[at].ID)
	if slices.ContainsFunc(open, func(d store.RequestDecider) bool { return d.MemberID == me }) {
		return nil
	}
	waiting, err := q.names(&call.Tx.Reader, open)
	if err != nil {
		return err
	}
	if waiting == "" {
		waiting = "还没有人"
	}
	next := fmt.Sprintf("现在是「%s」，由%s处理", steps[at].Name, waiting)
	if slices.ContainsFunc(deciders, func(d store.RequestDecider) bool { return d.MemberID == me && d.StepID == steps[at].ID }) {
		return chat.Refused{Reason: fmt.Sprintf("%s 已经不由您处理，%s", request.Number, next), Instead: "追溯 " + request.Number}
	}
	later, err := q.turnComes(&call.Tx.Reader, request, steps[at+1:], me)
	if err != nil {
		return err
	}
	if later != "" {
		return chat.Refused{
			Reason: fmt.Sprintf("还没有轮到「%s」，%s", later, next), Clause: "G2-4.2(1)", Instead: "等轮到您时会收到卡片，再处理",
		}
	}
	granted, err := call.Permits.Permit(call, denied.Permission, request.Number)
	if err != nil || granted {
		return err
	}
	if mine >= 0 {
		decided, err := q.decidedAlready(&call.Tx.Reader, steps, deciders[mine].StepID)
		if err != nil {
			return err
		}
		return chat.Refused{Reason: fmt.Sprintf("%s %s，%s", request.Number, decided, next), Instead: "追溯 " + request.Number}
	}
	return denied
}

func ownCase(request store.Request, reason string, denied chat.NoPermission) error {
	return chat.Refused{Reason: reason, Clause: "G1-4.2.1(四)", Instead: "催办 " + request.Number + "，或 撤回 " + request.Number, Denied: denied}
}

// permissionOf is the code that lets somebody decide one step (G1-4.3.2(2)).
func permissionOf(request store.Request, position int) string {
	return fmt.Sprintf("approval.node.%s.%d.decide", request.Kind, position+1)
}

func ended(state store.RequestState) string {
	switch state {
	case store.RequestApproved:
		return "已经通过"
	case store.RequestRejected:
		return "已经驳回"
	default:
		return "已被申请人撤回"
	}
}

// turnComes names the step still to come that the member would decide; "" if
// there is none.
func (q *Requests) turnComes(r *store.Reader, request store.Request, steps []store.RequestStep, member int64) (string, error) {
	for _, step := range steps {
		f, err := q.find(r, request, people.Whom(step.Whom))
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(f.deciders, func(d store.RequestDecider) bool { return d.MemberID == member }) {
			return step.Name, nil
		}
	}
	return "", nil
}

// decidedAlready says what became of a step: 「部门负责人」已由魏伟同意.
func (q *Requests) decidedAlready(r *store.Reader, steps []store.RequestStep, id int64) (string, error) {
	i := slices.IndexFunc(steps, func(s store.RequestStep) bool { return s.ID == id })
	if i < 0 || steps[i].DecidedBy == 0 {
		return "的这一步已经结束", nil
	}
	by, err := r.Member(steps[i].DecidedBy)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("的「%s」已由%s%s", steps[i].Name, by.Name, verdict(steps[i])), nil
}

func verdict(step store.RequestStep) string {
	switch {
	case step.State == store.StepRejected:
		return "驳回"
	case step.Command != "":
		return step.Command
	default:
		return "同意"
	}
}

// wellSaid checks what the decider said, not who he is.
func (q *Requests) wellSaid(call *chat.Call, request store.Request, steps []store.RequestStep, at int, approve bool, opinion string) error {
	step := steps[at]
	elsewhere := slices.ContainsFunc(steps, func(s store.RequestStep) bool { return s.Command != "" && s.Command == call.Command })
	switch n := len([]rune(opinion)); {
	case approve && step.Command != call.Command && (step.Command != "" || elsewhere):
		return chat.Refused{Reason: fmt.Sprintf("现在是「%s」这一步", step.Name), Instead: approves(request, step)}
	case !approve && strings.TrimSpace(opinion) == "":
		return chat.Incomplete{Field: "意见", Prompt: "请写驳回的原因，申请人会看到"}
	case n > MaxText:
		return chat.Refused{Reason: fmt.Sprintf("意见有 %d 字，最多 %d 字", n, MaxText), Instead: "写得简短一些"}
	}
	return nil
}

// record writes a decision and goes on to the next step, or ends the request.
func (q *Requests) record(call *chat.Call, request *store.Request, steps []store.RequestStep, at int, approve bool, opinion string) error {
	tx, step, by := call.Tx, &steps[at], actOf(call)
	if _, err := q.clocks.Act(tx, step.Subject(), by.member, policy.Reply, by.at); err != nil {
		return err
	}
	if err := q.endStep(tx, step); err != nil {
		return err
	}
	step.State, step.DecidedAt, step.DecidedBy, step.Opinion = store.StepApproved, &by.at, by.member, opinion
	kind := store.RequestAgreed
	if !approve {
		step.State, kind = store.StepRejected, store.RequestRefused
	}
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	if err := q.enterHistory(tx, *request, step.ID, by, kind, opinion); err != nil {
		return err
	}
	if !approve {
		if err := q.finish(tx, request, steps, store.RequestRejected); err != nil {
			return err
		}
	} else {
		request.UrgedAt = nil // the next one has not been urged yet
		if err := q.advance(tx, request, steps, at+1, by.member); err != nil {
			return err
		}
	}
	return q.tellApplicant(tx, *request, *step, call.Member)
}

// tellApplicant tells the applicant what was decided: one line while it goes on
// (G1-3.4(2) AE1), the result at the end (C-RESULT).
func (q *Requests) tellApplicant(tx *store.Tx, request store.Request, step store.RequestStep, by store.Member) error {
	var text string
	switch request.State {
	case store.RequestApproved:
		if q.kinds[request.Kind].Tells {
			return nil
		}
		text = fmt.Sprintf("【已通过】%s已通过，最后由%s%s「%s」。", q.name(request), by.Name, verdict(step), step.Name)
	case store.RequestRejected:
		text = fmt.Sprintf("【已驳回】%s被%s驳回（%s）。", q.name(request), by.Name, step.Name)
	default:
		next, err := q.next(&tx.Reader, request)
		if err != nil {
			return err
		}
		text = fmt.Sprintf("【进度】%s：%s已%s「%s」，%s。", q.name(request), by.Name, verdict(step), step.Name, next)
	}
	if step.Opinion != "" {
		text += "\n意见：" + step.Opinion
	}
	if request.State == store.RequestRejected {
		text += "\n可以修改后重新提交。经过可发送：追溯 " + request.Number
	}
	return q.tell(tx, request, []int64{request.ApplicantID}, text)
}

// next says who has to decide now: 接下来由郑十六处理「人事部核实」.
func (q *Requests) next(r *store.Reader, request store.Request) (string, error) {
	steps, at, deciders, err := q.current(r, request)
	if err != nil {
		return "", err
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

// decide is 审批.
func (q *Requests) decide(call *chat.Call) (chat.Answer, error) {
	word := call.Text("决定")
	if !call.Has("编号") {
		if word == "" {
			return q.overview(call)
		}
		number, err := q.only(call)
		if err != nil {
			return chat.Answer{}, err
		}
		return q.decideOn(call, number, word)
	}
	return q.decideOn(call, call.Number("编号"), word)
}

// only is the one request that waits for the caller.
func (q *Requests) only(call *chat.Call) (string, error) {
	open, err := call.Tx.RequestsDecided(call.Member.ID, []store.DeciderState{store.DeciderOpen}, 10)
	if err != nil {
		return "", err
	}
	switch len(open) {
	case 0:
		return "", chat.Refused{Reason: "现在没有等您审批的申请", Instead: "带上编号再发一次，例如 审批 A20260302-0001 同意"}
	case 1:
		return open[0].Number, nil
	}
	lines, err := withApplicant(&call.Tx.Reader, open)
	if err != nil {
		return "", err
	}
	return "", chat.Incomplete{Field: "编号", Prompt: "等您审批的不止一项，请写编号\n" + strings.Join(lines, "\n")}
}

func (q *Requests) decideOn(call *chat.Call, number, word string) (chat.Answer, error) {
	if word == "" {
		return q.askVerdict(call, number)
	}
	approve := meansYes(word)
	request, err := q.Decide(call, number, approve, call.Text("意见"))
	if err != nil {
		return chat.Answer{}, err
	}
	return q.Decided(call, request, approve)
}

// Decided words the answer to a decision.
func (q *Requests) Decided(call *chat.Call, request store.Request, approve bool) (chat.Answer, error) {
	done := "已同意，申请通过，已通知申请人。"
	switch {
	case !approve:
		done = "已驳回，已通知申请人。"
	case request.State == store.RequestRunning:
		next, err := q.next(&call.Tx.Reader, request)
		if err != nil {
			return chat.Answer{}, err
		}
		done = "已同意，" + next + "。"
	}
	answer := chat.Accepted(request.Number, done)
	answer.Subject = request.Subject()
	return answer, nil
}

// askVerdict shows a request to whoever may decide it and asks 同意 or 驳回.
func (q *Requests) askVerdict(call *chat.Call, number string) (chat.Answer, error) {
	request, err := q.locked(call.Tx, number)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	steps, at, deciders, err := q.current(&call.Tx.Reader, request)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := q.mayDecide(call, request, steps, at, deciders); err != nil {
		return chat.Answer{}, err
	}
	text, err := q.whole(&call.Tx.Reader, request, steps[at])
	if err != nil {
		return chat.Answer{}, err
	}
	if steps[at].Command != "" {
		return chat.Answer{Text: fmt.Sprintf("%s\n办好后请发送：%s；不办请发送：审批 %s 驳回 <原因>", text, approves(request, steps[at]), request.Number)}, nil
	}
	return chat.Answer{}, chat.Incomplete{Field: "决定", Prompt: "同意 还是 驳回？\n" + text}
}

// overview is 审批 alone: what waits for the caller, and what he has submitted.
func (q *Requests) overview(call *chat.Call) (chat.Answer, error) {
	const listed = 20
	r := &call.Tx.Reader
	open, err := r.RequestsDecided(call.Member.ID, []store.DeciderState{store.DeciderOpen}, listed+1)
	if err != nil {
		return chat.Answer{}, err
	}
	mine, err := r.RequestsOf(call.Member.ID, []store.RequestState{store.RequestRunning}, listed+1)
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	list := func(heading string, all []string) {
		if len(all) == 0 {
			return
		}
		b.WriteString("【" + heading + "】\n")
		for _, line := range all[:min(listed, len(all))] {
			b.WriteString(line + "\n")
		}
		if len(all) > listed {
			fmt.Fprintf(&b, "……只列出最新的 %d 项\n", listed)
		}
	}
	waiting, err := withApplicant(r, open)
	if err != nil {
		return chat.Answer{}, err
	}
	list("等我审批", waiting)
	if len(open) == 0 {
		b.WriteString("现在没有等您审批的申请。\n")
	} else {
		fmt.Fprintf(&b, "可发送：审批 %s 同意，或 审批 %s 驳回 <原因>\n", open[0].Number, open[0].Number)
	}
	var own []string
	for _, request := range mine {
		own = append(own, request.Number+" "+chat.OneLine(request.Title, titleText))
	}
	list("我提交的申请", own)
	return chat.Answer{Text: strings.TrimRight(b.String(), "\n")}, nil
}
