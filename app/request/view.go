package request

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	ActionRemove   Action = "减签"
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
	Removable   []store.Member // whom the viewer may take back (减签)
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

// draw makes the view of a request for a caller who may read it. Personal
// values are shown to himself if he applied, and to those who have to decide
// with them now.
func (q *Requests) draw(call *chat.Call, d *dossier) (CaseView, error) {
	r, request := &call.Tx.Reader, d.request
	v := CaseView{Request: request, State: stateWords[request.State], Kind: q.kind(request.Kind).Title}
	people, err := q.cast(r, d)
	if err != nil {
		return v, err
	}
	v.Applicant, v.About = people[request.ApplicantID], people[request.AboutID]
	if err := v.written(d, call.Member.ID); err != nil {
		return v, err
	}
	for _, step := range d.steps {
		s, err := q.stepView(r, d, step, people)
		if err != nil {
			return v, err
		}
		v.Steps = append(v.Steps, s)
	}
	entries, err := r.RequestEntries(request.ID, maxHistory)
	if err != nil {
		return v, err
	}
	for _, e := range entries {
		v.Events = append(v.Events, EventView{
			At: e.At, Who: nameIn(people, e.MemberID), What: entryWords[e.Kind], Text: e.Text, Source: sourceWords[e.Source],
		})
	}
	copies, err := r.RequestCopies(request.ID)
	if err != nil {
		return v, err
	}
	for _, c := range copies {
		v.Copies = append(v.Copies, people[c.MemberID])
	}
	if v.Attachments, err = r.AttachmentsOf(request.Subject()); err != nil {
		return v, err
	}
	if v.Actions, err = q.actions(call, d); err != nil {
		return v, err
	}
	if slices.Contains(v.Actions, ActionReturn) {
		v.ReturnTo = q.returnPlaces(d)
	}
	if slices.Contains(v.Actions, ActionRemove) {
		v.Removable, err = q.removable(call, d)
	}
	return v, err
}

// written takes over what was written, as far as the viewer may read it.
func (v *CaseView) written(d *dossier, viewer int64) error {
	request, name := d.request, ""
	decides := false
	for _, step := range d.steps {
		part, known := d.decider(step.ID, viewer)
		if known && part.State == store.DeciderOpen && step.State == store.StepCurrent {
			name, decides = step.Name, true
		}
	}
	var err error
	if v.Lines, err = lines(request, name); err != nil {
		return err
	}
	if request.Route != "" {
		if err := json.Unmarshal([]byte(request.Route), &v.Why); err != nil {
			return fmt.Errorf("route of request %s: %w", request.Number, err)
		}
	}
	if request.Form != "" && (decides || viewer == request.ApplicantID) {
		if err := json.Unmarshal([]byte(request.Form), &v.Form); err != nil {
			return fmt.Errorf("form of request %s: %w", request.Number, err)
		}
	}
	if request.Deviation != "" {
		v.Deviation = strings.Split(request.Deviation, "\n")
	}
	return nil
}

// cast reads everybody a view names at once.
func (q *Requests) cast(r *store.Reader, d *dossier) (map[int64]store.Member, error) {
	ids := []int64{d.request.ApplicantID, d.request.AboutID}
	for _, o := range d.deciders {
		ids = append(ids, o.MemberID, o.DeputyFor, o.AddedBy)
	}
	for _, s := range d.steps {
		ids = append(ids, s.DecidedBy, s.AddedBy)
	}
	entries, err := r.RequestEntries(d.request.ID, maxHistory)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		ids = append(ids, e.MemberID)
	}
	copies, err := r.RequestCopies(d.request.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range copies {
		ids = append(ids, c.MemberID)
	}
	members, err := r.Members(distinct(ids))
	all := make(map[int64]store.Member, len(members))
	for _, m := range members {
		all[m.ID] = m
	}
	return all, err
}

func nameIn(people map[int64]store.Member, id int64) string {
	if id == 0 {
		return "系统"
	}
	return people[id].Name
}

func (q *Requests) stepView(r *store.Reader, d *dossier, step store.RequestStep, people map[int64]store.Member) (StepView, error) {
	v := StepView{Step: step, State: stepWords[step.State], Reason: step.Reason}
	if step.Mode == store.StepCopy {
		v.State = "抄送"
	}
	yes, all := 0, 0
	for _, o := range d.deciders {
		if o.StepID != step.ID {
			continue
		}
		if o.State != store.DeciderPassed {
			all++
		}
		if o.State == store.DeciderVoted && o.Decision == store.DecisionApproved {
			yes++
		}
		v.Voters = append(v.Voters, VoterView{
			Member: people[o.MemberID], For: people[o.DeputyFor], State: o.State, Decision: decisionWords[o.Decision],
			Opinion: o.Opinion, DecidedAt: o.DecidedAt, Added: o.AddedBy != 0,
		})
	}
	if several(step) || step.Beside != "" {
		v.Rule = strings.Trim(rule(step, max(all, 2)), "（）")
		if all > 0 {
			v.Rule += fmt.Sprintf("，%d/%d 已同意", yes, all)
		}
	}
	var err error
	v.Due, err = q.due(r, step)
	return v, err
}
