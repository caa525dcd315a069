package request

import (
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// Action is something a member may do about a request now; its text is the
// command word.
type Action string

// The actions.
const (
	ActionApprove  Action = "批准"
	ActionReject   Action = "驳回"
	ActionReturn   Action = "退回"
	ActionTransfer Action = "转审"
	ActionAdd      Action = "加签"
	ActionWithdraw Action = "撤回"
	ActionRevoke   Action = "撤销" // of what is approved
	ActionResubmit Action = "重新提交"
	ActionUrge     Action = "催办"
	ActionComment  Action = "评论"
	ActionCopy     Action = "抄送"
)

// CaseView is what one member may see of a request, in the words of pages and
// chat.
type CaseView struct {
	Request     store.Request
	State       string // 审批中
	Kind        string // title of its kind: 请假
	Applicant   store.Member
	About       store.Member
	Lines       []Line
	Form        policy.Form // nil for those who may not read personal values
	Why         []policy.BranchTaken
	Steps       []StepView // of all rounds, in their order
	Events      []EventView
	Copies      []store.Member
	Deviation   []string
	Attachments []store.Attachment
	Actions     []Action // what the viewer may do now
	ReturnTo    []ReturnPlace
}

// StepView is one step of a CaseView.
type StepView struct {
	Step   store.RequestStep
	State  string // 处理中
	Rule   string // 会签（2/3 已同意）
	Reason string
	Due    string
	Voters []VoterView
}

// VoterView is one decider of a step.
type VoterView struct {
	Member    store.Member
	For       store.Member // the absent one he stands for; zero: himself
	State     store.DeciderState
	Decision  string // 同意, 驳回, 退回; "": none yet
	Opinion   string
	DecidedAt *time.Time
	Added     bool
}

// EventView is one line of the history.
type EventView struct {
	At     time.Time
	Who    string
	What   string
	Text   string
	Source string
}

// ReturnPlace is where a request may be sent back to.
type ReturnPlace struct {
	Key  string // "" for the applicant
	Name string
}

// View answers what the caller may see of a request: chat.NotFound when it is
// not there or hidden from him, chat.NoPermission when it is sensitive.
func (q *Requests) View(call *chat.Call, number string) (CaseView, error) {
	return CaseView{}, errNotBuilt
}
