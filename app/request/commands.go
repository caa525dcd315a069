package request

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

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
		return chat.Answer{}, q.reasoned(err, "意见")
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
	d, err := q.take(call, number)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := q.mayDecide(call, d); err != nil {
		return chat.Answer{}, err
	}
	request, step := d.request, *d.step()
	text, err := q.whole(&call.Tx.Reader, request, step)
	if err != nil {
		return chat.Answer{}, err
	}
	if step.Command != "" {
		return chat.Answer{Text: fmt.Sprintf("%s\n办好后请发送：%s；不办请发送：审批 %s 驳回 <原因>", text, approves(request, step), request.Number)}, nil
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

// note is 已知悉: somebody above a late decider has seen it.
func (q *Requests) note(call *chat.Call) (chat.Answer, error) {
	d, err := q.take(call, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	above, err := q.overDeciders(&call.Tx.Reader, call.Member.ID, d)
	if err != nil {
		return chat.Answer{}, err
	}
	if !above {
		return chat.Answer{}, chat.NotFound{Number: d.request.Number}
	}
	if err := q.enterHistory(call.Tx, d.request, 0, actOf(call), store.RequestNoted, "", change{}); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(d.request.Number, "已记录您知悉此事。"), nil
}
