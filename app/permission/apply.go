package permission

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/chat/words"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
)

// applicationKind is the kind of request of 权限申请.
const applicationKind = "permission"

// administrators decide who gets a permission that is not sensitive (G2-4.2(2)).
const administrators = people.Whom("role:administrator")

// securityOffice decides who gets a sensitive one: permission.security_by.
func (d *Permissions) securityOffice() people.Whom {
	return people.Whom(d.rules().Rules().Permission.SecurityBy)
}

// application is what a request keeps for us.
type application struct {
	Permission string `json:"permission"`
	Object     string `json:"object,omitempty"`
	Reason     string `json:"reason"`
	Term       term   `json:"term"`
	Days       int    `json:"days"` // the default when the term is empty
}

// apply is 权限申请: by the template it is 直接上级, then who owns the permission
// (G2-4.2(2)).
func (d *Permissions) apply(call *chat.Call) (chat.Answer, error) {
	info, err := d.permissionNamed(call.Text("权限"))
	if err != nil {
		return chat.Answer{}, err
	}
	object := strings.TrimSpace(call.Text("对象"))
	reason, asked, err := d.readApplication(call)
	if err != nil {
		return chat.Answer{}, err
	}
	again := "权限申请 " + string(info.Code) + " " + chat.OneLine(reason, 20) + " %s"
	if err := asked.check(call.Tx.Now(), d.termRules(), again); err != nil {
		return chat.Answer{}, err
	}
	if err := d.worthAsking(call, info, object, asked); err != nil {
		return chat.Answer{}, err
	}
	days := d.rules().Rules().Permission.GrantDefaultDays
	lines := []request.Line{
		{Key: "权限", Value: fmt.Sprintf("%s（%s）", info.Title, info.Code)},
		{Key: "理由", Value: reason},
		{Key: "期限", Value: asked.label(days)},
	}
	if object != "" {
		lines = append(lines, request.Line{Key: "对象", Value: object})
	}
	draft, err := d.requests.Plan(&call.Tx.Reader, applicationKind, call.Member.ID, call.Member.ID, policy.Form{
		"权限": {Text: info.Title}, "对象": {Text: object}, "理由": {Text: reason}, "期限": {Text: asked.label(days)}, "敏感": {Yes: info.Sensitive},
	})
	if err != nil {
		return chat.Answer{}, err
	}
	draft.App, draft.Delivery, draft.Source, draft.At = call.App, call.Delivery, call.Source, call.At
	draft.Title, draft.Lines = "权限申请："+info.Title+objectSuffix(object), lines
	draft.Data = application{Permission: string(info.Code), Object: object, Reason: reason, Term: asked, Days: days}
	made, err := d.requests.Submit(call.Tx, draft)
	if err != nil {
		return chat.Answer{}, err
	}
	answer := chat.Accepted(made.Number, fmt.Sprintf("已提交「%s」的申请，期限%s，由%s依次审批。", info.Title, asked.label(days), draft.Path("和")))
	answer.Subject = made.Subject()
	return answer, nil
}

// readApplication reads reason and term, in whichever order they were written.
func (d *Permissions) readApplication(call *chat.Call) (reason string, asked term, err error) {
	now := d.local(call.At)
	reason = strings.Trim(call.Text("理由"), "|｜ \n")
	if call.Has("期限") {
		asked, err = readTerm(call.Text("期限"), now)
		if errors.Is(err, words.ErrUnknown) {
			err = chat.Refused{Reason: "看不懂期限「" + chat.OneLine(call.Text("期限"), 20) + "」", Instead: "写成 7天、30天 或 到4月1日"}
		}
	} else {
		reason, asked, err = splitTerm(reason, now)
	}
	switch n := len([]rune(reason)); {
	case err != nil:
	case n == 0:
		err = chat.Incomplete{Field: "理由", Prompt: "请说明为什么需要，并再写一次期限，例如：核对三月报表 7天"}
	case n > maxReason:
		err = chat.Refused{Reason: fmt.Sprintf("理由有 %d 字，最多 %d 字", n, maxReason), Instead: "写得简短一些再提交"}
	}
	return reason, asked, err
}

// worthAsking refuses an application for what the applicant has, has asked for,
// or could not use.
func (d *Permissions) worthAsking(call *chat.Call, info policy.PermissionInfo, object string, asked term) error {
	r := &call.Tx.Reader
	actor, err := d.people.Actor(r, call.Member)
	if err != nil {
		return err
	}
	if actor.Suspended {
		return chat.Refused{Reason: "您的账号已挂失，恢复之前不能申请权限", Clause: "G2-4.2(3)", Instead: "先申请恢复账号"}
	}
	for _, deny := range actor.Denies {
		if deny.Permission == info.Code && (deny.Object == "" || deny.Object == object) {
			return chat.Refused{Reason: "管理员已明确禁止您使用「" + info.Title + "」", Clause: "S02", Instead: "请联系管理员解除禁止"}
		}
	}
	if err := d.noConflict(actor, info); err != nil {
		return err
	}
	// Held for anything, not only for one's own or one's department's.
	anything := policy.Object{ID: object, Owners: []int64{-1}, Department: -1}
	held := d.rules().Permit(actor, info.Code, anything, call.Tx.Now())
	_, until := asked.bounds(call.Tx.Now(), d.rules().Rules().Permission.GrantDefaultDays, d.termRules().addWorkdays)
	if held.Allowed && (held.Until.IsZero() || !until.After(held.Until)) {
		end := ""
		if !held.Until.IsZero() {
			end = "，" + d.until(held.Until)
		}
		return chat.Refused{Reason: "您已经有「" + info.Title + "」的权限" + end, Instead: "直接使用；发送「我的权限」可查看来源"}
	}
	running, err := r.RequestsOf(call.Member.ID, []store.RequestState{store.RequestRunning}, maxHistory)
	if err != nil {
		return err
	}
	for _, q := range running {
		var other application
		if q.Kind != applicationKind || json.Unmarshal([]byte(q.Data), &other) != nil {
			continue
		}
		if other.Permission == string(info.Code) && other.Object == object {
			return chat.Refused{Reason: "您已申请过「" + info.Title + "」，正在审批（" + q.Number + "）", Instead: "催办 " + q.Number}
		}
	}
	return nil
}

// noConflict refuses the permission to decide a node to whoever may not hold
// the role that goes with it (permission.sod).
func (d *Permissions) noConflict(actor policy.Actor, info policy.PermissionInfo) error {
	asked, ok := policy.NodeDuty(info.Code)
	if !ok {
		return nil
	}
	for _, conflict := range d.rules().Conflicts(append(slices.Clone(actor.Holdings), asked)) {
		if conflict.A == asked || conflict.B == asked {
			return chat.Refused{
				Reason: "「" + info.Title + "」与您的职责不相容：" + names{people: d.people}.conflict(conflict), Clause: "G1-4.2.1(四)",
				Instead: "请由其他同事审批该流程",
			}
		}
	}
	return nil
}

// checkDecision refuses to approve what would end before it begins, and any
// decision by an account that is reported lost.
func (d *Permissions) checkDecision(tx *store.Tx, q store.Request, _ store.RequestStep, by store.Member, approve bool) error {
	if err := reportedLost(by); err != nil {
		return err
	}
	asked, err := decodeApplication(q)
	if err != nil || !approve {
		return err
	}
	if _, to := asked.bounds(tx.Now(), d.termRules().addWorkdays); !to.After(tx.Now()) {
		return chat.Refused{
			Reason: "申请的期限 " + moment(d.local(to)) + " 已经过去，批准也不会生效", Clause: "G2-4.2(2)",
			Instead: "审批 " + q.Number + " 驳回 期限已过，请重新申请",
		}
	}
	return nil
}

// finished grants what was approved, from the approval on, and tells the applicant.
func (d *Permissions) finished(tx *store.Tx, q store.Request) error {
	if q.State != store.RequestApproved {
		return nil
	}
	asked, err := decodeApplication(q)
	if err != nil {
		return err
	}
	approved := tx.Now()
	if q.FinishedAt != nil {
		approved = *q.FinishedAt
	}
	from, to := asked.bounds(d.local(approved), d.termRules().addWorkdays)
	by, opinion, err := d.lastDecider(&tx.Reader, q)
	if err != nil {
		return err
	}
	err = d.people.Grant(tx, store.Grant{
		MemberID: q.AboutID, Permission: asked.Permission, Object: asked.Object, From: from, To: to,
		Case: q.Number, Reason: asked.Reason, By: by,
	})
	title := permissionTitle(policy.Permission(asked.Permission)) + objectSuffix(asked.Object)
	text := fmt.Sprintf("【已授权】%s 您可以使用「%s」，%s。到期自动收回。", q.Number, title, d.until(to))
	if from.After(approved) {
		text = fmt.Sprintf("【已授权】%s 您从 %s 起可以使用「%s」，%s。到期自动收回。", q.Number, d.when(from), title, d.until(to))
	}
	if worded, ok := d.worded(err); ok {
		text = fmt.Sprintf("【未通过】%s 的「%s」已获批准，但没有生效：%s", q.Number, title, strings.TrimPrefix(worded.Error(), "【未通过】"))
	} else if err != nil {
		return fmt.Errorf("grant of request %d: %w", q.ID, err)
	}
	if opinion != "" {
		text += "\n意见：" + opinion
	}
	return d.tell(tx, q.App, q.Subject(), []int64{q.AboutID}, text)
}

// lastDecider answers who approved last, and what he said.
func (d *Permissions) lastDecider(r *store.Reader, q store.Request) (by int64, opinion string, err error) {
	steps, err := r.RequestSteps(q.ID)
	if err != nil {
		return 0, "", err
	}
	for _, s := range steps {
		if s.State == store.StepApproved && s.DecidedBy != 0 {
			by, opinion = s.DecidedBy, s.Opinion
		}
	}
	return by, opinion, nil
}

func decodeApplication(q store.Request) (application, error) {
	var a application
	if err := json.Unmarshal([]byte(q.Data), &a); err != nil {
		return a, fmt.Errorf("data of request %d: %w", q.ID, err)
	}
	return a, nil
}

func (a application) bounds(approved time.Time, addWorkdays func(time.Time, int) time.Time) (from, to time.Time) {
	return a.Term.bounds(approved, a.Days, addWorkdays)
}

func (d *Permissions) termRules() termRules {
	rules := d.rules().Rules().Permission
	return termRules{defaultDays: rules.GrantDefaultDays, maxDays: rules.GrantMaxDays, addWorkdays: d.rules().Calendar().AddWorkdays}
}
