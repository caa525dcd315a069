package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/store"
	"guiju/wecom/card"
)

// batchCard lets somebody approve several of the requests that wait for him;
// its subject is he himself.
const batchCard = "request-batch"

// batchPurpose marks the notices that carry it.
const batchPurpose = "request.batch"

// approver is the subject of the batch cards of a member.
func approver(member int64) store.Subject { return store.Subject{Kind: "approver", ID: member} }

// waitingFor is one request that waits for a member.
type waitingFor struct {
	request   store.Request
	step      store.RequestStep
	applicant string
	due       time.Time // zero: none
}

// MaxListed is how many requests are listed at once.
const maxListed = 20

// queue lists what waits for a member, oldest first, and how many more wait than
// are listed.
func (q *Requests) queue(r *store.Reader, member int64) (list []waitingFor, more int, err error) {
	const read = 200
	open, err := q.waiting(r, member, read)
	if err != nil {
		return nil, 0, err
	}
	slices.Reverse(open)
	more = max(len(open)-maxListed, 0)
	open = open[:len(open)-more]
	var ids []int64
	for _, request := range open {
		ids = append(ids, request.ApplicantID)
	}
	members, err := r.Members(ids)
	if err != nil {
		return nil, 0, err
	}
	for _, request := range open {
		w := waitingFor{request: request}
		if i := slices.IndexFunc(members, func(m store.Member) bool { return m.ID == request.ApplicantID }); i >= 0 {
			w.applicant = members[i].Name
		}
		steps, at, _, err := q.current(r, request)
		if err != nil {
			return nil, 0, err
		}
		if at >= 0 {
			w.step = steps[at]
			if w.due, err = q.dueAt(r, w.step); err != nil {
				return nil, 0, err
			}
		}
		list = append(list, w)
	}
	return list, more, nil
}

// batchable says whether a request can be approved together with others: not
// what is decided in the 审批 app, nor a step with a command of its own.
func (w waitingFor) batchable() bool {
	return w.request.Engine != store.EngineNative && w.step.Command == ""
}

// line is a request in the list: A20260302-0001 请假：事假（赵六），时限 3月3日 10:00.
func (q *Requests) line(w waitingFor, now time.Time) string {
	text := fmt.Sprintf("%s %s（%s）", w.request.Number, chat.OneLine(w.request.Title, titleText), w.applicant)
	if !w.due.IsZero() {
		text += "，时限 " + q.when(w.due)
		if now.After(w.due) {
			text += "，已超时"
		}
	}
	if w.request.Engine == store.EngineNative {
		text += "，在企业微信「审批」里处理"
	}
	return text
}

// onMine is 我的审批: what waits, oldest first, and a card to approve several.
func (q *Requests) onMine(call *chat.Call) (chat.Answer, error) {
	all, more, err := q.queue(&call.Tx.Reader, call.Member.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(all) == 0 {
		return chat.Answer{Text: "现在没有等您审批的申请。"}, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "【等我审批】共 %d 项，最早的在前", len(all)+more)
	several := 0
	for i, w := range all {
		fmt.Fprintf(&b, "\n%d. %s", i+1, q.line(w, call.At))
		if w.batchable() {
			several++
		}
	}
	if more > 0 {
		fmt.Fprintf(&b, "\n……还有 %d 项，处理完这些再看", more)
	}
	if one := all[0]; one.batchable() {
		fmt.Fprintf(&b, "\n可发送：审批 %s 批准，或 审批 %s 驳回 <原因>", one.request.Number, one.request.Number)
	}
	if several > 1 {
		b.WriteString("\n一次批准几项：批量批准 <编号、编号>，或 批量批准 全部")
		err = q.notify.Tell(call.Tx, notify.Notice{
			App: call.App, To: []int64{call.Member.ID}, Card: batchCard, Subject: approver(call.Member.ID), Purpose: batchPurpose,
			Text: "【等我审批】一次批准几项可发送：批量批准 <编号、编号>", Asks: true, Unique: fmt.Sprintf("request.batch:%d", call.Delivery),
		})
	}
	return chat.Answer{Text: b.String()}, err
}

// drawBatch renders the batch card: the options are what can be approved now,
// and their ids the numbers of the chat command.
func (q *Requests) drawBatch(r *store.Reader, v notify.View) (notify.Rendered, error) {
	all, _, err := q.queue(r, v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	drawn := card.VoteInteraction{
		TaskID:   v.TaskID,
		Source:   &card.Source{Desc: "审批"},
		Title:    card.MainTitle{Title: "一次批准几项"},
		Checkbox: card.Checkbox{QuestionKey: "cases", Mode: card.Several},
		Submit:   &card.SubmitButton{Text: "批准所选", Key: notify.Key(batchPhase, "批量批准 {cases}")},
	}
	var soonest time.Time
	for _, w := range all {
		if !w.batchable() || len(drawn.Checkbox.OptionList) == MaxBatch {
			continue
		}
		if soonest.IsZero() || !w.due.IsZero() && w.due.Before(soonest) {
			soonest = w.due
		}
		text := fmt.Sprintf("%s %s %s", w.request.Number[strings.LastIndexByte(w.request.Number, '-')+1:], w.applicant, w.request.Title)
		drawn.Checkbox.OptionList = append(drawn.Checkbox.OptionList, card.Choice{ID: w.request.Number, Text: chat.OneLine(text, choiceText)})
	}
	open := len(drawn.Checkbox.OptionList) > 0
	drawn.Title.Desc = fmt.Sprintf("勾选要批准的申请，共 %d 项。要驳回、退回或看全文，请用各自的卡片。", len(drawn.Checkbox.OptionList))
	if !soonest.IsZero() {
		drawn.Title.Desc = "最早的时限 " + q.when(soonest) + "。" + drawn.Title.Desc
	}
	if !open { // WeCom takes no card without a choice
		drawn.Title.Desc = "现在没有等您审批的申请。"
		drawn.Checkbox.OptionList = []card.Choice{{ID: "none", Text: "没有待审批的申请"}}
	}
	return notify.Rendered{Card: drawn, Phase: batchPhase, Open: open, Closed: "已全部处理"}, nil
}

const (
	// batchPhase never changes: what is no longer offered cannot be chosen.
	batchPhase = 1
	choiceText = 17 // characters of a choice [90236]
)

// onBatch is 批量批准. It names the cases before it approves them.
func (q *Requests) onBatch(call *chat.Call) (chat.Answer, error) {
	numbers := call.List("编号")
	if call.Value("编号").All {
		return q.batchAll(call)
	}
	if len(numbers) > MaxBatch {
		return chat.Answer{}, chat.Refused{Reason: fmt.Sprintf("一次最多批准 %d 项，写了 %d 项", MaxBatch, len(numbers)), Instead: "分几次发"}
	}
	var these, others, valid []string
	for _, number := range numbers {
		w, why, err := q.waitsFor(&call.Tx.Reader, call.Member.ID, number)
		if err != nil {
			return chat.Answer{}, err
		}
		if why != "" {
			others = append(others, number+" "+why)
			continue
		}
		these, valid = append(these, q.line(w, call.At)), append(valid, number)
	}
	switch {
	case len(valid) == 0:
		return chat.Answer{}, chat.Refused{Reason: "一项也不能批准：" + strings.Join(others, "；"), Instead: "发 我的审批 看等您审批的申请"}
	case !call.Insists:
		text := "将批准：\n" + strings.Join(these, "\n")
		if len(others) > 0 {
			text += "\n不能批准：\n" + strings.Join(others, "\n")
		}
		return chat.Answer{}, chat.Warned{Title: "批量批准", Reason: text, Proceed: fmt.Sprintf("批准这 %d 项", len(valid))}
	}
	return q.batch(call, valid)
}

// waitsFor is a request that a member can approve together with others now, or
// why he cannot.
func (q *Requests) waitsFor(r *store.Reader, member int64, number string) (w waitingFor, why string, err error) {
	if w.request, err = r.RequestByNumber(number); errors.Is(err, store.ErrNotFound) {
		return w, "没有找到", nil
	} else if err != nil {
		return w, "", err
	}
	steps, at, deciders, err := q.current(r, w.request)
	if err != nil {
		return w, "", err
	}
	if !slices.ContainsFunc(deciders, func(d store.RequestDecider) bool { return d.MemberID == member }) {
		return w, "没有找到", nil // nor is it said that there is one
	}
	if at < 0 {
		return w, ended(w.request.State), nil
	}
	w.step = steps[at]
	switch {
	case !slices.ContainsFunc(openOf(deciders, w.step.ID), func(d store.RequestDecider) bool { return d.MemberID == member }):
		return w, "现在不由您审批", nil
	case w.request.Engine == store.EngineNative:
		return w, "在企业微信「审批」里处理", nil
	case w.step.Command != "":
		return w, "办好后请单独发送：" + approves(w.request, w.step), nil
	}
	applicant, err := r.Member(w.request.ApplicantID)
	if err != nil {
		return w, "", err
	}
	w.applicant = applicant.Name
	w.due, err = q.dueAt(r, w.step)
	return w, "", err
}

// batchAll begins 批量批准 with the numbers of now: what arrives between the
// question and its answer is not among them.
func (q *Requests) batchAll(call *chat.Call) (chat.Answer, error) {
	all, more, err := q.queue(&call.Tx.Reader, call.Member.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	var numbers []string
	for _, w := range all {
		if w.batchable() {
			numbers = append(numbers, w.request.Number)
		}
	}
	if len(numbers) == 0 {
		return chat.Answer{}, chat.Refused{Reason: "现在没有可以一起批准的申请", Instead: "我的审批"}
	}
	known := map[string]string{"编号": strings.Join(numbers[:min(len(numbers), MaxBatch)], "、")}
	if opinion := call.Text("意见"); opinion != "" {
		known["意见"] = opinion
	}
	answer := chat.Answer{Begin: &chat.Beginning{Command: call.Command, Words: known}}
	if len(numbers) > MaxBatch || more > 0 {
		answer.Text = fmt.Sprintf("一次最多批准 %d 项，先批准最早的这些。", MaxBatch)
	}
	return answer, nil
}

// batch approves and says what became of each.
func (q *Requests) batch(call *chat.Call, numbers []string) (chat.Answer, error) {
	all, err := q.DecideMany(call, numbers, call.Text("意见"))
	if err != nil {
		return chat.Answer{}, err
	}
	approved := 0
	var b strings.Builder
	for _, d := range all {
		switch {
		case d.Err != nil:
			fmt.Fprintf(&b, "\n%s 没有批准：%s", d.Number, d.Err)
			continue
		case d.Request.State == store.RequestApproved:
			fmt.Fprintf(&b, "\n%s 申请通过", d.Number)
		default:
			next, err := q.next(&call.Tx.Reader, d.Request)
			if err != nil {
				return chat.Answer{}, err
			}
			fmt.Fprintf(&b, "\n%s %s", d.Number, next)
		}
		approved++
	}
	head := chat.Accepted("", fmt.Sprintf("已批准 %d 项。", approved)).Text
	if approved == 0 {
		head = "【未通过】一项也没有批准。"
	}
	return chat.Answer{Text: head + b.String()}, q.notify.Refresh(call.Tx, approver(call.Member.ID))
}
