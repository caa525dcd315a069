package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

// The commands about one case beside 审批. What may be done and what follows is
// said by the actions they call; here are the words.

// whereChoices are the words of 加签 for Before, After and Beside.
var whereChoices = []string{"前", "后", "并"}

// straightWords ask that a returned case comes straight back.
var straightWords = []string{"直达", "直接回来", "直接返回"}

// done words the answer to an act on a case.
func done(request store.Request, sentence string) chat.Answer {
	answer := chat.Accepted(request.Number, sentence)
	answer.Subject = request.Subject()
	return answer
}

// onTransfer is 转审, which 转交 means for applications too.
func (q *Requests) onTransfer(call *chat.Call) (chat.Answer, error) {
	to := call.Person("姓名")
	request, err := q.Transfer(call, call.Number("编号"), to.ID, call.Text("意见"))
	if err != nil {
		return chat.Answer{}, err
	}
	return done(request, "已转给"+to.Name+"审批，已通知申请人。"), nil
}

// onAdd is 加签. The place may also stand behind the names.
func (q *Requests) onAdd(call *chat.Call) (chat.Answer, error) {
	place, opinion := call.Text("位置"), call.Text("意见")
	first, rest, _ := strings.Cut(opinion, " ")
	if place == "" && slices.Contains(whereChoices, first) {
		place, opinion = first, strings.TrimSpace(rest)
		first, _, _ = strings.Cut(opinion, " ")
	}
	if err := missedName(call, first); err != nil {
		return chat.Answer{}, err
	}
	if place == "" {
		return chat.Answer{}, chat.Incomplete{Field: "位置", Choices: whereChoices}
	}
	where := []Where{Before, After, Beside}[slices.Index(whereChoices, place)]
	var ids []int64
	var names []string
	for _, m := range call.People("姓名") {
		ids, names = append(ids, m.ID), append(names, m.Name)
	}
	request, err := q.AddApprovers(call, call.Number("编号"), where, ids, store.StepAll, opinion)
	if err != nil {
		return chat.Answer{}, err
	}
	sentence := map[Where]string{
		Before: "已请%s先审批，之后再由您处理。", After: "已加签，您处理之后由%s审批。", Beside: "已请%s和您一起审批，都同意才算通过。",
	}[where]
	return done(request, fmt.Sprintf(sentence, strings.Join(names, "、"))), nil
}

// missedName refuses an opinion that begins with the name of a colleague:
// several names are joined by 、, and he would be left out without a word.
func missedName(call *chat.Call, word string) error {
	if word == "" {
		return nil
	}
	found, err := call.Tx.MembersNamed(word, 1)
	if err != nil || len(found) == 0 {
		return err
	}
	return chat.Refused{
		Reason: fmt.Sprintf("「%s」也是同事的姓名，分不清是加签的人还是意见", word), Instead: "几位同事用顿号隔开，例如 何静、马设；如果是意见，写成 意见:" + word + "…",
	}
}

// onRemove is 减签.
func (q *Requests) onRemove(call *chat.Call) (chat.Answer, error) {
	number, err := q.completed(&call.Tx.Reader, call.Member.ID, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	out := call.Person("姓名")
	request, err := q.RemoveApprover(call, number, out.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	return done(request, "已减签，不再需要"+out.Name+"审批。"), nil
}

// onReturn is 退回. Its first words may say where to and how.
func (q *Requests) onReturn(call *chat.Call) (chat.Answer, error) {
	number, to, straight := call.Number("编号"), call.Text("节点"), call.Yes("直达")
	view, err := q.View(call, number)
	if err != nil {
		return chat.Answer{}, err
	}
	reason := call.Text("原因")
	for range 2 { // 申请人 直接回来 …
		first, rest, _ := strings.Cut(reason, " ")
		switch {
		case to == "" && view.returnsTo(first):
			to, reason = first, strings.TrimSpace(rest)
		case slices.Contains(straightWords, first):
			straight, reason = true, strings.TrimSpace(rest)
		}
	}
	if reason == "" && call.Text("原因") != "" { // only where to: it is kept while the reason is asked for
		known := map[string]string{"编号": number, "节点": to}
		if straight {
			known["直达"] = "是"
		}
		return chat.Answer{Begin: &chat.Beginning{Command: call.Command, Words: known}}, nil
	}
	if to == "" && reason == "" && len(view.ReturnTo) > 1 {
		return chat.Answer{}, chat.Incomplete{Field: "节点", Choices: view.returnNames()}
	}
	if to == "" && len(view.ReturnTo) > 0 {
		to = view.ReturnTo[0].Name
		if slices.Contains(view.returnNames(), applicantPlace) {
			to = applicantPlace
		}
	}
	if to != "" && !view.returnsTo(to) && len(view.ReturnTo) > 0 {
		return chat.Answer{}, chat.Incomplete{Field: "节点", Prompt: fmt.Sprintf("不能退回到「%s」，请选一个", chat.OneLine(to, 20)), Choices: view.returnNames()}
	}
	request, err := q.Return(call, number, view.returnKey(to), reason, straight)
	if err != nil {
		return chat.Answer{}, q.reasoned(err, "原因")
	}
	sentence := "已退回「" + to + "」，"
	if to == applicantPlace {
		sentence = "已退回申请人修改，"
	}
	if straight {
		return done(request, sentence+"改好后直接回到您这里。"), nil
	}
	return done(request, sentence+"之后从那里重新走。"), nil
}

// returnNames are the names of the places a case may be sent back to, at most
// as many as a question offers.
func (v CaseView) returnNames() []string {
	var names []string
	for _, place := range v.ReturnTo {
		names = append(names, place.Name)
	}
	return names[:min(len(names), 9)]
}

func (v CaseView) returnsTo(name string) bool { return slices.Contains(v.returnNames(), name) }

func (v CaseView) returnKey(name string) string {
	for _, place := range v.ReturnTo {
		if place.Name == name {
			return place.Key
		}
	}
	return name
}

// onComment is 评论, with what was sent before it.
func (q *Requests) onComment(call *chat.Call) (chat.Answer, error) {
	number, err := q.completed(&call.Tx.Reader, call.Member.ID, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	request, err := q.Comment(call, number, call.Text("内容"))
	if err != nil {
		return chat.Answer{}, err
	}
	sentence := "评论已记录，已告知相关的同事。"
	if n := len(call.Attachments); n > 0 {
		sentence = fmt.Sprintf("评论和 %d 个附件已记录，已告知相关的同事。", n)
	}
	return done(request, sentence), nil
}

// onCopy is 抄送.
func (q *Requests) onCopy(call *chat.Call) (chat.Answer, error) {
	number, err := q.completed(&call.Tx.Reader, call.Member.ID, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	var ids []int64
	var names []string
	for _, m := range call.People("姓名") {
		ids, names = append(ids, m.ID), append(names, m.Name)
	}
	request, err := q.Copy(call, number, ids)
	if err != nil {
		return chat.Answer{}, err
	}
	return done(request, "已抄送"+strings.Join(names, "、")+"，已经知道的不重复告知。"), nil
}

// onAgain is 重新提交: the form of the case, with what was there.
func (q *Requests) onAgain(call *chat.Call) (chat.Answer, error) {
	number := call.Number("编号")
	request, err := call.Tx.RequestByNumber(number)
	if errors.Is(err, store.ErrNotFound) || err == nil && request.ApplicantID != call.Member.ID {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	switch request.State {
	case store.RequestReturned, store.RequestRejected, store.RequestWithdrawn:
	case store.RequestRunning:
		return chat.Answer{}, chat.Refused{Reason: number + " 正在审批，还没有退回", Instead: "撤回 " + number + "，再重新提交"}
	default:
		return chat.Answer{}, chat.Refused{Reason: number + " " + ended(request.State) + "，不能重新提交", Instead: "追溯 " + number}
	}
	if q.lent.form == nil {
		return chat.Answer{}, chat.ModuleOff{Module: "重新提交"}
	}
	answer, err := q.lent.form(call, request)
	if err == nil && answer.Begin != nil {
		answer.Begin.Changes = call.Text("修改")
	}
	return answer, err
}

// onUrge is 催办 of an application.
func (q *Requests) onUrge(call *chat.Call) (chat.Answer, error) {
	request, sentence, err := q.urgeFor(call, call.Number("编号"))
	if err != nil {
		return chat.Answer{}, err
	}
	return done(request, sentence), nil
}

// onWithdraw is 撤回 of an application.
func (q *Requests) onWithdraw(call *chat.Call) (chat.Answer, error) {
	return q.takeBack(call, call.Text("原因"))
}

// onRevoke is 撤销 of one that has been approved.
func (q *Requests) onRevoke(call *chat.Call) (chat.Answer, error) {
	return q.takeBack(call, call.Text("原因"))
}

func (q *Requests) takeBack(call *chat.Call, why string) (chat.Answer, error) {
	request, err := q.Withdraw(call, call.Number("编号"), why)
	if err != nil {
		return chat.Answer{}, err
	}
	if request.State == store.RequestRevoked {
		return done(request, "已撤销，已通知审批过和知悉此事的同事。"), nil
	}
	return done(request, "已撤回。"), nil
}
