package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

// Submitting to the 审批 app. It has no idempotency key, so a call whose answer
// is not known is never simply repeated: the form is looked for first, by
// member, template and time, and by what stands in it.

// SubmitNative is the job that submits one request of ours.
type SubmitNative struct {
	Request int64 `json:"request"`
}

// Kind implements store.JobArgs.
func (SubmitNative) Kind() string { return "approval.submit_native" }

const (
	// lookAfter is how long after a try without an answer the form is looked for:
	// WeCom may still be storing it.
	lookAfter = time.Minute
	// keptFor is how often a request that cannot be submitted yet is tried again.
	keptFor      = 30 * time.Minute
	submitTries  = 8 // calls of oa/applyevent for one request
	submitErrors = 12
	lookPages    = 5
	templateLife = 10 * time.Minute // of a template in the cache
	maxTemplates = 200
	// summaryLines are shown on WeCom's notice.
	maxAttachment = 20 << 20
)

// codeAttendanceConflict: the time of a leave overlaps another at WeCom.
const codeAttendanceConflict = 301079

func (n *Native) submitLater(tx *store.Tx, r store.Request) error {
	_, err := tx.Enqueue(SubmitNative{Request: r.ID}, store.Unique(fmt.Sprint(r.ID)), store.MaxAttempts(submitErrors))
	return err
}

func (n *Native) submit(ctx context.Context, job *queue.Job, args SubmitNative) queue.Outcome {
	r := n.db.Reader(ctx)
	q, err := r.Request(args.Request)
	if err != nil {
		return queue.Retry(err)
	}
	row, err := r.NativeCase(args.Request)
	switch {
	case err != nil:
		return queue.Retry(err)
	case q.State != store.RequestRunning || row.Submission == store.SubmissionLinked || row.Submission == store.SubmissionFailed:
		return queue.Done()
	case n.api(q.App) == nil:
		return queue.Bury(fmt.Errorf("submit request %s: no app is named %q", q.Number, q.App))
	case row.Submission == store.SubmissionSent:
		return n.lookFor(ctx, job, q, row)
	}
	return n.apply(ctx, job, q, row)
}

func (n *Native) api(app string) NativeAPI {
	if app == "" {
		app = n.apps[0]
	}
	return n.apis[app]
}

// apply makes one call of oa/applyevent. What is submitted is stored before.
func (n *Native) apply(ctx context.Context, job *queue.Job, q store.Request, row store.NativeCase) queue.Outcome {
	if row.Tries >= submitTries {
		return n.giveUp(q, "多次提交到企业微信「审批」都没有成功", "请稍后重新提交，或直接在 工作台 → 审批 中提交", nil)
	}
	form, err := n.application(ctx, q)
	var cannot *cannotSubmit
	if errors.As(err, &cannot) {
		return n.keep(q, cannot)
	}
	if err != nil {
		return n.submitFailed(job, q, err)
	}
	body, err := json.Marshal(form)
	if err != nil {
		return queue.Bury(fmt.Errorf("submit request %s: %w", q.Number, err))
	}
	sent, err := n.begin(ctx, job, q.ID, form, string(body))
	if err != nil {
		return queue.Retry(err)
	}
	if !sent {
		return queue.Done() // withdrawn meanwhile
	}
	number, err := n.api(q.App).Apply(ctx, form)
	switch {
	case err == nil:
		return queue.Done(func(tx *store.Tx) error { return n.link(tx, q, number) })
	case wecom.Uncertain(err):
		n.log.Warn("a submission to the 审批 app got no answer; it is looked for", "request", q.ID, "err", err)
		return queue.Snooze(n.db.Now().Add(lookAfter))
	}
	return n.refused(ctx, job, q, err)
}

// begin marks a submission as sent, with its bytes, before the call is made.
func (n *Native) begin(ctx context.Context, job *queue.Job, id int64, form wecom.Application, body string) (bool, error) {
	sent := false
	err := job.InTx(ctx, func(tx *store.Tx) error {
		sent = false
		if err := tx.Lock(store.Request{}.TableName(), id); err != nil {
			return err
		}
		q, err := tx.Request(id)
		if err != nil {
			return err
		}
		row, err := tx.NativeCase(id)
		if err != nil || q.State != store.RequestRunning || row.Submission != store.SubmissionWaiting {
			return err
		}
		now := tx.Now()
		row.Submission, row.Body, row.Tries, row.TriedAt = store.SubmissionSent, body, row.Tries+1, &now
		row.TemplateID, row.Creator, row.Failure = form.TemplateID, store.Fold(form.Applicant), ""
		sent = true
		return tx.PutNativeCase(row)
	})
	return sent, err
}

func (n *Native) link(tx *store.Tx, q store.Request, number string) error {
	if err := n.requests.LinkNative(tx, q.ID, number); err != nil {
		return err
	}
	return n.readNow(tx, ReadNative{System: store.NativeApproval, Ref: number, App: q.App})
}

// lookFor finds out what became of a submission whose answer is not known.
func (n *Native) lookFor(ctx context.Context, job *queue.Job, q store.Request, row store.NativeCase) queue.Outcome {
	now := n.db.Now()
	if at := row.TriedAt.Add(lookAfter); at.After(now) {
		return queue.Snooze(at)
	}
	var sent wecom.Application
	if err := json.Unmarshal([]byte(row.Body), &sent); err != nil {
		return queue.Bury(fmt.Errorf("submission of request %s: %w", q.Number, err))
	}
	number, err := n.found(ctx, q, *row.TriedAt, sent)
	if err != nil {
		return n.submitFailed(job, q, err)
	}
	if number != "" {
		return queue.Done(func(tx *store.Tx) error { return n.link(tx, q, number) })
	}
	return queue.Snooze(now.Add(time.Second), func(tx *store.Tx) error { return n.waitAgain(tx, q.ID) }) // it never arrived: submit it again
}

// found is the number of a form that equals a submission and belongs to no
// other request; "" when there is none.
func (n *Native) found(ctx context.Context, q store.Request, tried time.Time, sent wecom.Application) (string, error) {
	query := wecom.ApprovalQuery{
		From: tried.Add(-clockSlack), To: n.db.Now().Add(clockSlack), TemplateID: sent.TemplateID, Applicant: sent.Applicant,
	}
	if oldest := query.To.Add(-wecom.MaxApprovalWindow); query.From.Before(oldest) {
		query.From = oldest
	}
	for range lookPages {
		page, err := n.api(q.App).ApprovalNumbers(ctx, query)
		if err != nil {
			return "", fmt.Errorf("look for the form of %s: %w", q.Number, err)
		}
		for _, number := range page.Numbers {
			if _, err := n.db.Reader(ctx).RequestBySPNo(number); !errors.Is(err, store.ErrNotFound) {
				if err != nil {
					return "", err
				}
				continue
			}
			detail, err := n.api(q.App).ApprovalDetail(ctx, number)
			if err != nil {
				return "", fmt.Errorf("look at form %s: %w", number, err)
			}
			if wecom.SameForm(sent.Form, detail.Form) {
				return number, nil
			}
		}
		if query.Cursor = page.Next; query.Cursor == "" {
			return "", nil
		}
	}
	return "", nil
}

// waitAgain takes a submission back that did not arrive.
func (n *Native) waitAgain(tx *store.Tx, id int64) error {
	if err := tx.Lock(store.Request{}.TableName(), id); err != nil {
		return err
	}
	row, err := tx.NativeCase(id)
	if err != nil || row.Submission != store.SubmissionSent {
		return err
	}
	row.Submission, row.Body = store.SubmissionWaiting, ""
	return tx.PutNativeCase(row)
}

// refused is the outcome of an answer that says no: nothing has been stored.
func (n *Native) refused(ctx context.Context, job *queue.Job, q store.Request, err error) queue.Outcome {
	n.forgetTemplates() // it may have changed
	if again := job.InTx(ctx, func(tx *store.Tx) error { return n.waitAgain(tx, q.ID) }); again != nil {
		return queue.Retry(again)
	}
	if wecom.ClassOf(err) != wecom.Permanent {
		return n.submitFailed(job, q, err)
	}
	if wecom.CodeOf(err) == codeAttendanceConflict {
		return n.giveUp(q, "与您在企业微信中已有的假勤申请时间冲突", "改好时间后重新提交", nil)
	}
	return n.giveUp(q, "企业微信「审批」没有接受这份表单", "请核对内容后重新提交，或直接在 工作台 → 审批 中提交；已通知管理员", err)
}

// submitFailed is the outcome of a failure that may pass. The request is kept
// and goes out as soon as WeCom takes it; the applicant hears of it once.
func (n *Native) submitFailed(job *queue.Job, q store.Request, err error) queue.Outcome {
	err = fmt.Errorf("submit request %s: %w", q.Number, err)
	switch wecom.ClassOf(err) {
	case wecom.Throttled:
		return queue.Snooze(n.db.Now().Add(max(wecom.RetryAfter(err), time.Second)))
	case wecom.Misconfigured, wecom.RefreshToken:
		return queue.Snooze(n.db.Now().Add(keptFor), func(tx *store.Tx) error {
			if err := n.tellMisconfigured(tx, err); err != nil {
				return err
			}
			return n.tellKept(tx, q, "企业微信「审批」暂时不接受本应用的提交，已通知管理员")
		})
	case wecom.Permanent:
		return queue.Bury(err, func(tx *store.Tx) error { return n.tellKept(tx, q, "提交时出了问题，已通知管理员处理") })
	}
	if job.Last {
		return queue.Snooze(n.db.Now().Add(keptFor), func(tx *store.Tx) error { return n.tellKept(tx, q, "企业微信暂时没有应答") })
	}
	return queue.Retry(err)
}

// tellKept tells the applicant, once, that his request waits to be submitted.
func (n *Native) tellKept(tx *store.Tx, q store.Request, why string) error {
	return n.notify.Tell(tx, notify.Notice{
		App: q.App, To: []int64{q.ApplicantID}, Purpose: eventPurpose, Subject: q.Subject(),
		Text:   fmt.Sprintf("【待提交】%s「%s」已保存：%s。恢复后会自动提交，不用重发；不需要了可发送：撤回 %s", q.Number, q.Title, why, q.Number),
		Unique: fmt.Sprintf("native.kept:%d:%s", q.ID, why),
	})
}

// giveUp ends a request that the 审批 app will not take.
func (n *Native) giveUp(q store.Request, why, instead string, cause error) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		if err := n.requests.GiveUpNative(tx, q.ID, why); err != nil {
			return err
		}
		if cause != nil {
			text := fmt.Sprintf("【审批接口】%s（模板 %s）提交到企业微信「审批」被拒绝：%s。请核对 approval.templates.%s.native 的控件对应关系。",
				q.Number, q.Kind, wecomWords(cause), q.Kind)
			if err := n.tellIT(tx, q.Subject(), text, fmt.Sprintf("native.refused:%d", q.ID)); err != nil {
				return err
			}
		}
		return n.notify.Tell(tx, notify.Notice{
			App: q.App, To: []int64{q.ApplicantID}, Purpose: eventPurpose, Subject: q.Subject(),
			Text:   fmt.Sprintf("【未提交】%s「%s」没有提交成功：%s。%s。", q.Number, q.Title, why, instead),
			Unique: fmt.Sprintf("native.given_up:%d", q.ID),
		})
	})
}

// wecomWords is WeCom's own reason, which names controls and never quotes values
// of secrets.
func wecomWords(err error) string {
	if e, ok := errors.AsType[*wecom.Error](err); ok {
		return fmt.Sprintf("%d %s", e.Code, e.Msg)
	}
	return err.Error()
}

// cannotSubmit is something people have to mend before a request can go out.
type cannotSubmit struct {
	applicant string // what he is told
	it        string // what IT is told; "": nothing
}

func (c *cannotSubmit) Error() string { return c.applicant }

// keep holds a request until what stands in its way has been mended.
func (n *Native) keep(q store.Request, why *cannotSubmit) queue.Outcome {
	return queue.Snooze(n.db.Now().Add(keptFor), func(tx *store.Tx) error {
		if why.it != "" {
			err := n.tellIT(tx, q.Subject(), "【审批模板】"+why.it, fmt.Sprintf("native.mapping:%s:%s", q.Kind, digestOf(why.it)))
			if err != nil {
				return err
			}
		}
		return n.tellKept(tx, q, why.applicant)
	})
}

// application is what a request submits, by the mapping in force. What people
// have to mend is a *cannotSubmit.
func (n *Native) application(ctx context.Context, q store.Request) (wecom.Application, error) {
	var a wecom.Application
	r := n.db.Reader(ctx)
	t, err := n.templateOf(r, q)
	if err != nil {
		return a, err
	}
	applicant, err := r.Member(q.ApplicantID)
	if err != nil {
		return a, err
	}
	var form policy.Form
	if err := json.Unmarshal([]byte(q.Form), &form); err != nil {
		return a, fmt.Errorf("form of request %s: %w", q.Number, err)
	}
	at, err := n.templateAt(ctx, q.App, t.Native.TemplateID)
	if err != nil {
		return a, err
	}
	if problems := mappingProblems(t, at); len(problems) > 0 {
		return a, &cannotSubmit{
			applicant: "企业微信中的「" + t.Title + "」模板有变动，已通知管理员调整",
			it: fmt.Sprintf("「%s」（%s）与企业微信模板 %s 对不上：%s。请在规则 approval.templates.%s.native 或企业微信「审批」中改好，之后会自动提交。",
				t.Title, t.Key, t.Native.TemplateID, strings.Join(problems, "；"), t.Key),
		}
	}
	files, err := n.upload(ctx, q, t, form)
	if err != nil {
		return a, err
	}
	who := named{
		member: func(id int64) wecom.Named {
			m, err := r.Member(id)
			if err != nil {
				return wecom.Named{}
			}
			return wecom.Named{ID: m.UserID, Name: m.Name}
		},
		department: func(id int64) wecom.Named { return n.department(r, id) },
	}
	a = wecom.Application{
		TemplateID: t.Native.TemplateID, Applicant: applicant.UserID, TemplateFlow: t.Native.UseTemplateApprover,
		Form: controlsOf(t, at, form, n.rules().Calendar().Location(), who, files), Summary: summaryOf(q, t, form),
	}
	if a.TemplateFlow {
		return a, nil
	}
	a.Nodes, err = n.route(r, q)
	return a, err
}

// templateOf is the template in force, so that a mended mapping counts for what
// waits, else the version the request is pinned to.
func (n *Native) templateOf(r *store.Reader, q store.Request) (*policy.ApprovalTemplate, error) {
	if t, ok := n.rules().ApprovalTemplate(q.Kind); ok && t.Engine == policy.EngineNative && t.Native.TemplateID != "" {
		return t, nil
	}
	pinned, err := n.requests.TemplateOf(r, q)
	return pinned.ApprovalTemplate, err
}

func (n *Native) department(r *store.Reader, id int64) wecom.Named {
	all, err := r.Departments()
	i := slices.IndexFunc(all, func(d store.Department) bool { return d.ID == id })
	if err != nil || i < 0 {
		return wecom.Named{}
	}
	return wecom.Named{ID: fmt.Sprint(id), Name: all[i].Name}
}

// departmentID is a department that a form names, 0 when there is none: WeCom
// may write it as an id of its own kind, then the control's text is shown.
func (n *Native) departmentID(r *store.Reader, id string) int64 {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n.department(r, number).ID == "" {
		return 0
	}
	return number
}

var wecomRules = map[store.StepMode]wecom.NodeRule{
	store.StepAny: wecom.AnyOne, store.StepAll: wecom.Everyone, store.StepSequence: wecom.InTurn,
}

// route is the planned chain as WeCom takes it. The same person alone in two
// nodes in a row decides once.
func (n *Native) route(r *store.Reader, q store.Request) ([]wecom.ApplicationNode, error) {
	steps, err := n.requests.NativeRoute(r, q)
	if text, worded := chat.Wording(err); err != nil && worded {
		return nil, &cannotSubmit{applicant: "流程中有一步找不到审批人，已通知管理员", it: fmt.Sprintf("%s「%s」不能提交：%s", q.Number, q.Title, text)}
	}
	if err != nil {
		return nil, err
	}
	var nodes []wecom.ApplicationNode
	for _, step := range steps {
		node := wecom.ApplicationNode{Kind: wecom.ApproverNode, Rule: wecomRules[step.Mode]}
		if step.Mode == store.StepCopy {
			node = wecom.ApplicationNode{Kind: wecom.CopyNode}
		}
		for _, m := range step.Members {
			node.Users = append(node.Users, m.UserID)
		}
		if last := len(nodes) - 1; last >= 0 && node.Kind == wecom.ApproverNode && nodes[last].Kind == node.Kind &&
			len(node.Users) == 1 && slices.Equal(nodes[last].Users, node.Users) {
			continue
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

// summaryOf are the lines of WeCom's notice: the title and the first fields.
// Personal values are left out.
func summaryOf(q store.Request, t *policy.ApprovalTemplate, form policy.Form) []string {
	lines := []string{cutLine(q.Title)}
	for _, f := range t.Fields {
		value, given := form[f.Key]
		if len(lines) == wecom.MaxSummaryLines {
			break
		}
		if text := f.Show(value); given && !f.Personal && text != "" && f.Type != policy.FileField && f.Type != policy.PhotoField {
			lines = append(lines, cutLine(f.Label+"："+text))
		}
	}
	return lines
}

func cutLine(text string) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) > wecom.MaxSummaryText {
		return string(r[:wecom.MaxSummaryText-1]) + "…"
	}
	if len(r) == 0 {
		return request.NativeKind
	}
	return string(r)
}
