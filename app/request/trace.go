package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// trace is 追溯 of a request, for the applicant, the member it is about, those
// who decide, those above them, and whoever has the permission of its kind.
func (q *Requests) trace(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	number, err := q.completed(r, call.Member.ID, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	request, err := r.RequestByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	d, err := q.open(r, request)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := q.mayRead(call, d); err != nil {
		return chat.Answer{}, err
	}
	text, err := q.story(call, request, d.deciders)
	return chat.Answer{Text: text}, err
}

// completed completes a shortened number that means none of the member's open
// requests: the newest of his requests, finished ones included, that ends in it.
func (q *Requests) completed(r *store.Reader, member int64, number string) (string, error) {
	const scanned = 500
	wanted := chat.Sequence("-" + strings.TrimLeft(strings.ToUpper(number), "#A"))
	if strings.Contains(number, "-") || wanted <= 0 {
		return number, nil
	}
	submitted, err := r.RequestsOf(member,
		everyState, scanned)
	if err != nil {
		return "", err
	}
	decided, err := r.RequestsDecided(member, []store.DeciderState{store.DeciderOpen, store.DeciderPassed, store.DeciderEnded, store.DeciderVoted, store.DeciderQueued}, scanned)
	if err != nil {
		return "", err
	}
	best := store.Request{Number: number}
	for _, request := range append(submitted, decided...) {
		if request.ID > best.ID && chat.Sequence(request.Number) == wanted {
			best = request
		}
	}
	return best.Number, nil
}

var everyState = []store.RequestState{
	store.RequestRunning, store.RequestReturned, store.RequestApproved, store.RequestRejected, store.RequestWithdrawn, store.RequestRevoked,
	store.RequestDeleted, store.RequestPaid,
}

var stateWords = map[store.RequestState]string{
	store.RequestRunning: "审批中", store.RequestApproved: "已通过", store.RequestRejected: "已驳回", store.RequestWithdrawn: "已撤回",
	store.RequestReturned: "已退回，待修改", store.RequestRevoked: "通过后已撤销", store.RequestDeleted: "已删除", store.RequestPaid: "已支付",
}

var stepWords = map[store.StepState]string{
	store.StepWaiting: "未到", store.StepCurrent: "处理中", store.StepApproved: "同意", store.StepRejected: "驳回", store.StepSkipped: "未经过",
	store.StepReturned: "退回",
}

var entryWords = map[store.RequestEntryKind]string{
	store.RequestSubmitted: "提交申请", store.RequestEntered: "", store.RequestSkipped: "", store.RequestAgreed: "同意",
	store.RequestRefused: "驳回", store.RequestRecalled: "撤回", store.RequestUrged: "催办", store.RequestNoted: "已知悉", store.RequestPassed: "",
	store.RequestSentBack: "退回", store.RequestTransferred: "转审", store.RequestAdded: "加签", store.RequestTurn: "", store.RequestCommented: "评论",
	store.RequestCopied: "抄送", store.RequestMerged: "", store.RequestResubmitted: "重新提交", store.RequestUndone: "撤销",
}

var sourceWords = map[string]string{"chat": "消息", "card": "卡片", "menu": "菜单", "job": "自动", "callback": "通讯录", nativeSource: "审批应用"}

// story tells a request: what was applied for, the steps, what happened.
// Personal lines are masked for everybody but those who have to decide with
// them now.
func (q *Requests) story(call *chat.Call, request store.Request, deciders []store.RequestDecider) (string, error) {
	r := &call.Tx.Reader
	steps, err := r.RequestSteps(request.ID)
	if err != nil {
		return "", err
	}
	entries, err := r.RequestEntries(request.ID, maxHistory)
	if err != nil {
		return "", err
	}
	names, err := q.everybody(r, request, steps, entries)
	if err != nil {
		return "", err
	}
	view := ""
	for _, step := range steps {
		open := openOf(deciders, step.ID)
		if slices.ContainsFunc(open, func(d store.RequestDecider) bool { return d.MemberID == call.Member.ID }) {
			view = step.Name
		}
	}
	all, err := lines(request, view)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s（%s）\n【申请】%s %s", request.Number, request.Title, stateWords[request.State], q.when(request.CreatedAt), names[request.ApplicantID])
	for _, line := range all {
		fmt.Fprintf(&b, "\n· %s：%s", line.Key, orDash(chat.OneLine(line.Value, 100)))
	}
	b.WriteString("\n【步骤】")
	for _, step := range steps {
		line, err := q.stepLine(r, request, step, openOf(deciders, step.ID), names)
		if err != nil {
			return "", err
		}
		b.WriteString("\n" + line)
	}
	taken, err := branches(request)
	if err != nil {
		return "", err
	}
	b.WriteString(taken + "\n【经过】")
	for _, e := range entries {
		line := entryWords[e.Kind]
		if e.Text != "" {
			if line != "" {
				line += "："
			}
			line += chat.OneLine(e.Text, 200)
		}
		fmt.Fprintf(&b, "\n· %s %s %s（%s）", q.when(e.At), names[e.MemberID], line, sourceWords[e.Source])
	}
	return b.String(), nil
}

// branches says which conditions sent a case on its way, and with which values.
func branches(request store.Request) (string, error) {
	var taken []policy.BranchTaken
	if request.Route != "" {
		if err := json.Unmarshal([]byte(request.Route), &taken); err != nil {
			return "", fmt.Errorf("route of %s: %w", request.Number, err)
		}
	}
	var b strings.Builder
	for _, branch := range taken {
		if branch.When == "" {
			continue // the ordinary way needs no reason
		}
		b.WriteString("\n· 因为 " + branch.When)
		var values []string
		for _, name := range slices.Sorted(maps.Keys(branch.Values)) {
			values = append(values, name+" = "+branch.Values[name])
		}
		if len(values) > 0 {
			b.WriteString("（" + strings.Join(values, "，") + "）")
		}
	}
	return b.String(), nil
}

// stepLine is one step: 2. 人事部核实：处理中，由郑十六处理，时限 3月3日 10:00.
func (q *Requests) stepLine(r *store.Reader, request store.Request, step store.RequestStep, open []store.RequestDecider, names map[int64]string) (string, error) {
	line := fmt.Sprintf("%d. %s：", step.Position+1, step.Name)
	switch {
	case step.State == store.StepSkipped && step.Reason != "" && step.DecidedBy != 0:
		return line + step.Reason, nil
	case step.DecidedAt != nil:
		return line + fmt.Sprintf("%s 已%s，%s", names[step.DecidedBy], verdict(step), q.when(*step.DecidedAt)), nil
	case step.State != store.StepCurrent:
		return line + stepWords[step.State], nil
	}
	who, err := q.names(r, open)
	if err != nil {
		return "", err
	}
	if who == "" {
		return line + "暂时没有人可以处理", nil
	}
	due, err := q.due(r, step)
	return line + fmt.Sprintf("%s，由%s处理，时限 %s", stepWords[step.State], who, due), err
}

// everybody reads the names of a story at once; 0 is the system.
func (q *Requests) everybody(r *store.Reader, request store.Request, steps []store.RequestStep, entries []store.RequestEntry) (map[int64]string, error) {
	ids := []int64{request.ApplicantID}
	for _, step := range steps {
		ids = append(ids, step.DecidedBy)
	}
	for _, e := range entries {
		ids = append(ids, e.MemberID)
	}
	members, err := r.Members(ids)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{0: "系统"}
	for _, m := range members {
		names[m.ID] = m.Name
	}
	return names, nil
}
