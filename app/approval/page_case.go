package approval

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/console"
	"guiju/app/request"
	"guiju/store"
)

// caseData is one case as its viewer sees it.
type caseData struct {
	request.CaseView
	Number   string
	Class    string // of its state
	When     string
	Finished string
	Stages   []stage
	Log      []logged
	Shown    []shownFile
	Can      map[string]bool // by the word of the action
	More     bool            // something beyond 批准 and 驳回
	Transfer pickData
	Add      pickData
	Copy     pickData
	Opinion  string // kept when an act was refused
	Open     string // the act whose sheet is open
	OwnForm  bool   // its form is changed on a page
	Reasons  []string
	Path     string
	Urge     bool // 催办 is the main thing to do
	InMore   bool // the open sheet is the one of 更多
}

// stage is one step of the route.
type stage struct {
	Name, State, Class, Rule, Reason, Due string
	Round                                 string // said where a new round begins
	Voters                                []voter
}

type voter struct{ Name, For, Decision, Class, Opinion, When, Mark string }

type logged struct{ When, Who, What, Text string }

type shownFile struct {
	ID         int64
	Name, Size string
	Picture    bool
}

// oneCase shows a case.
func (p pages) oneCase(v *console.Visit) (console.View, error) {
	number := v.Param("number")
	view, err := p.requests.View(v.Call("查询 "+number), number)
	if err != nil {
		return console.View{}, err
	}
	data, err := p.caseData(v, view)
	return console.View{Title: view.Kind, Template: "case", Data: data}, err
}

func (p pages) caseData(v *console.Visit, view request.CaseView) (caseData, error) {
	data := caseData{
		CaseView: view, Number: view.Request.Number, When: p.when(v.At, view.Request.CreatedAt), Can: map[string]bool{},
		Opinion: v.Form.Get("opinion"), Open: v.Form.Get("do"),
	}
	switch request.Action(data.Open) {
	case "", request.ActionApprove, request.ActionReject:
	default:
		data.InMore = v.Problem != "" || v.Form.Has(doFind)
	}
	_, data.Class = stateWords(view.Request.State)
	if view.Request.FinishedAt != nil {
		data.Finished = p.when(v.At, *view.Request.FinishedAt)
	}
	for _, action := range view.Actions {
		data.Can[string(action)] = true
		switch action {
		case request.ActionApprove, request.ActionReject:
		default:
			data.More = true
		}
	}
	data.Path = strings.TrimPrefix(casePage, "/") + data.Number
	data.Urge = data.Can[string(request.ActionUrge)] && !data.Can[string(request.ActionApprove)]
	data.OwnForm = has(view, request.ActionResubmit) && view.Form != nil
	data.Reasons = p.rules().RejectReasons()
	data.Stages = p.stages(v, view)
	for _, e := range view.Events {
		data.Log = append(data.Log, logged{When: p.when(v.At, e.At), Who: e.Who, What: e.What, Text: e.Text})
	}
	for _, a := range view.Attachments {
		data.Shown = append(data.Shown, shownFile{ID: a.ID, Name: fileName(a), Size: fileSize(a.Size), Picture: a.Kind == "image"})
	}
	var err error
	for _, pick := range []struct {
		into *pickData
		name string
		act  request.Action
		many bool
	}{
		{&data.Transfer, "to", request.ActionTransfer, false},
		{&data.Add, "add", request.ActionAdd, true},
		{&data.Copy, "copy", request.ActionCopy, true},
	} {
		find := strings.TrimSpace(v.Form.Get(pick.name + ".find"))
		*pick.into = pickData{Name: pick.name, Many: pick.many, Act: string(pick.act), Find: find, Ask: ask("person", pick.name, pick.many)}
		if pick.into.Options, err = p.peopleOptions(v.Reader, v.Form[pick.name], find); err != nil {
			return data, err
		}
	}
	return data, nil
}

func fileName(a store.Attachment) string {
	if a.Name != "" {
		return a.Name
	}
	return chat.MediaName(a.Kind)
}

// stages are the steps with those who decide them. Only the last round is the
// route; what came before it is its history.
func (p pages) stages(v *console.Visit, view request.CaseView) []stage {
	var all []stage
	round, last := int64(0), int64(0)
	for _, s := range view.Steps {
		last = max(last, int64(s.Step.Round))
	}
	for _, s := range view.Steps {
		if s.Step.State == store.StepSkipped && int64(s.Step.Round) < last {
			continue // what an earlier round never came to
		}
		one := stage{Name: s.Step.Name, State: s.State, Class: stepClass(s.Step.State), Rule: s.Rule, Reason: s.Reason, Due: s.Due}
		if r := int64(s.Step.Round); r != round {
			if round > 0 {
				one.Round = fmt.Sprintf("第 %d 轮", r)
			}
			round = r
		}
		for _, who := range s.Voters {
			one.Voters = append(one.Voters, p.voter(v.At, who))
		}
		all = append(all, one)
	}
	return all
}

func (p pages) voter(now time.Time, who request.VoterView) voter {
	one := voter{Name: who.Member.Name, For: who.For.Name, Decision: who.Decision, Opinion: who.Opinion, Mark: firstRune(who.Member.Name)}
	if who.Added {
		one.For = strings.TrimSpace(one.For + " 加签")
	}
	if who.DecidedAt != nil {
		one.When = p.when(now, *who.DecidedAt)
	}
	switch who.Decision {
	case "同意":
		one.Class = "approved"
	case "驳回":
		one.Class = "rejected"
	case "退回":
		one.Class = "returned"
	}
	return one
}

func stepClass(s store.StepState) string {
	switch s {
	case store.StepCurrent:
		return "running"
	case store.StepApproved:
		return "approved"
	case store.StepRejected:
		return "rejected"
	case store.StepSkipped:
		return "ended"
	}
	return string(s)
}

// acted does what a button of the case says. Whoever comes too late is told, and
// sees the case as it is now.
func (p pages) acted(v *console.Visit) (console.Next, error) {
	number, do := v.Param("number"), v.Form.Get("do")
	if name, finding := strings.CutPrefix(do, doFind+" "); finding {
		v.Form.Set("do", name)
		v.Form.Set(doFind, "1")
		view, err := p.oneCase(v)
		view.Status = http.StatusOK
		return console.Next{View: &view}, err
	}
	call := v.Call(do + " " + number)
	note, err := p.act(v, call, request.Action(do), number)
	if err != nil {
		return console.Next{}, err
	}
	return console.Next{To: casePage + number, Note: note}, nil
}

// act calls what the command of the same name calls.
func (p pages) act(v *console.Visit, call *chat.Call, do request.Action, number string) (note string, err error) {
	opinion := strings.TrimSpace(v.Form.Get("opinion"))
	if reason := strings.TrimSpace(v.Form.Get("reason")); reason != "" && do == request.ActionReject {
		opinion = strings.TrimSuffix(reason+"；"+opinion, "；")
	}
	switch do {
	case request.ActionApprove:
		_, err = p.requests.Decide(call, number, true, opinion)
		return "已批准。", err
	case request.ActionReject:
		if opinion == "" {
			return "", chat.Refused{Reason: "驳回要写原因，申请人才知道怎么改", Instead: "选一个常用原因，或写几个字再驳回"}
		}
		_, err = p.requests.Decide(call, number, false, opinion)
		return "已驳回，原因已告诉申请人。", err
	case request.ActionReturn:
		if opinion == "" {
			return "", chat.Refused{Reason: "退回要写原因，对方才知道改什么", Instead: "写几个字再退回"}
		}
		_, err = p.requests.Return(call, number, v.Form.Get("place"), opinion, v.Form.Get("straight") == "1")
		return "已退回。", err
	case request.ActionRemove:
		return p.takeBack(v, call, number)
	case request.ActionTransfer, request.ActionAdd, request.ActionCopy:
		return p.actOnPeople(v, call, do, number, opinion)
	case request.ActionComment:
		if opinion == "" {
			return "", chat.Refused{Reason: "评论是空的", Instead: "写几个字再发出"}
		}
		for _, a := range v.Files["files"] {
			call.Attachments = append(call.Attachments, a)
		}
		_, err = p.requests.Comment(call, number, opinion)
		return "评论已发出。", err
	case request.ActionUrge:
		_, err = p.requests.Urge(call, number)
		return "已提醒审批人。", err
	case request.ActionWithdraw:
		_, err = p.requests.Withdraw(call, number, opinion)
		return "已撤回。", err
	case request.ActionRevoke:
		_, err = p.requests.Withdraw(call, number, opinion)
		return "已撤销。", err
	}
	return "", chat.Refused{Reason: "没有「" + oneLine(string(do), 10) + "」这个操作", Instead: "在页面下方选择要办的事"}
}

// takeBack takes back one approver who was added (减签).
func (p pages) takeBack(v *console.Visit, call *chat.Call, number string) (note string, err error) {
	id, err := strconv.ParseInt(v.Form.Get("remove"), 10, 64)
	if err != nil {
		return "", chat.Refused{Reason: "还没有选人", Instead: "选一位加签的审批人再减签"}
	}
	m, err := v.Reader.Member(id)
	if errors.Is(err, store.ErrNotFound) {
		return "", chat.Refused{Reason: "没有这位同事", Instead: "重新打开页面再选"}
	}
	if err != nil {
		return "", err
	}
	_, err = p.requests.RemoveApprover(call, number, id)
	return "已取消对" + m.Name + "的加签。", err
}

// actOnPeople is for acts that name colleagues.
func (p pages) actOnPeople(v *console.Visit, call *chat.Call, do request.Action, number, opinion string) (note string, err error) {
	name := map[request.Action]string{request.ActionTransfer: "to", request.ActionAdd: "add", request.ActionCopy: "copy"}[do]
	members, problem, err := p.chosenPeople(v.Reader, v.Form[name], strings.TrimSpace(v.Form.Get(name+".find")))
	switch {
	case err != nil:
		return "", err
	case problem != "":
		return "", chat.Refused{Reason: problem, Instead: "勾选后再" + string(do)}
	case len(members) == 0:
		return "", chat.Refused{Reason: "还没有选人", Instead: "输入姓名后再" + string(do)}
	case do == request.ActionTransfer && len(members) > 1:
		return "", chat.Refused{Reason: "转审只能选一位", Instead: "取消其他人再转审；要几个人一起审，请用加签"}
	}
	var ids []int64
	var names []string
	for _, m := range members {
		ids, names = append(ids, m.ID), append(names, m.Name)
	}
	listed := strings.Join(names, "、")
	switch do {
	case request.ActionTransfer:
		_, err = p.requests.Transfer(call, number, ids[0], opinion)
		return "已转给" + listed + "审批。", err
	case request.ActionAdd:
		where, mode := request.Where(v.Form.Get("where")), store.StepAll
		if v.Form.Get("mode") == string(store.StepAny) {
			mode = store.StepAny
		}
		_, err = p.requests.AddApprovers(call, number, where, ids, mode, opinion)
		return "已加签" + listed + "。", err
	}
	_, err = p.requests.Copy(call, number, ids)
	return "已抄送" + listed + "。", err
}

// file sends a file of a case to those who see the case.
func (p pages) file(v *console.Visit) (console.View, error) {
	number := v.Param("number")
	view, err := p.requests.View(v.Call("查询 "+number), number)
	if err != nil {
		return console.View{}, err
	}
	id, _ := strconv.ParseInt(v.Param("id"), 10, 64) // what is no number is no file
	for _, a := range view.Attachments {
		if a.ID == id {
			return console.View{File: &a}, nil
		}
	}
	return console.View{}, chat.NotFound{Number: number}
}
