package approval

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
)

// mediaDays is how long WeCom keeps what members send; what has not been
// downloaded by then is lost.
const mediaDays = 3

// Problems are what is wrong with the fields of a form, at least one. As an
// answer in the chat it is the first of them, an error of package chat; a page
// shows all beside their fields.
type Problems []policy.FieldProblem

func (p Problems) Error() string { return p.Unwrap().Error() }

// Unwrap is the answer in the chat.
func (p Problems) Unwrap() error {
	first := p[0]
	if first.Missing {
		return chat.Incomplete{Field: first.Field.Key, Prompt: first.Field.Prompt}
	}
	field := first.Field.Key
	if first.Field.Compute != "" { // it follows from what was filled in there
		field = first.Field.Compute
	}
	return chat.Incomplete{Field: field, Prompt: first.Text}
}

// Preview is the whole route of a form before it is submitted.
type Preview struct {
	Title string
	Form  policy.Form   // with the computed fields
	Lines []PreviewLine // what the deciders will read
	Steps []PreviewLine // the route: 部门负责人 → 邵静，8 个工作小时内
	CC    []string      // who is told when it is approved
	Why   []string      // why it takes this route, in Chinese
}

// PreviewLine is one line of a preview.
type PreviewLine struct{ Key, Value string }

// Preview checks a form and answers the route it would take, without writing.
// What is wrong with fields are Problems; anything else is an error of package
// chat.
func (a *Approvals) Preview(call *chat.Call, template string, form policy.Form) (Preview, error) {
	t, err := a.template(&call.Tx.Reader, call.Member, template)
	if err != nil {
		return Preview{}, err
	}
	form, err = a.check(call, t, form, 0)
	if err != nil {
		return Preview{}, err
	}
	d, err := a.requests.Plan(&call.Tx.Reader, template, call.Member.ID, 0, form)
	if err != nil {
		return Preview{}, err
	}
	return a.preview(call, t, d)
}

// Submit checks a form and submits it for the caller. It answers Problems or
// another error of package chat before it writes.
func (a *Approvals) Submit(call *chat.Call, template string, form policy.Form) (store.Request, error) {
	tx := call.Tx
	t, err := a.template(&tx.Reader, call.Member, template)
	if err != nil {
		return store.Request{}, err
	}
	if form, err = a.check(call, t, form, 0); err != nil {
		return store.Request{}, err
	}
	d, err := a.requests.Plan(&tx.Reader, template, call.Member.ID, 0, form)
	if err != nil {
		return store.Request{}, err
	}
	a.sign(&d, call)
	submit := a.requests.Submit
	if t.Engine == policy.EngineNative {
		submit = a.requests.SubmitNative
	}
	made, err := submit(tx, d)
	if err != nil {
		return made, err
	}
	return made, a.keepAsked(tx, made)
}

// Resubmit submits a returned case again, with its form changed; it goes on with
// the version it began with.
func (a *Approvals) Resubmit(call *chat.Call, number string, form policy.Form) (store.Request, error) {
	d, _, err := a.planAgain(call, number, form)
	if err != nil {
		return store.Request{}, err
	}
	a.sign(&d, call)
	return a.requests.Resubmit(call, number, d)
}

// PreviewAgain is Preview of a returned case that is to be submitted again.
func (a *Approvals) PreviewAgain(call *chat.Call, number string, form policy.Form) (Preview, error) {
	d, t, err := a.planAgain(call, number, form)
	if err != nil {
		return Preview{}, err
	}
	return a.preview(call, t, d)
}

func (a *Approvals) planAgain(call *chat.Call, number string, form policy.Form) (request.Draft, request.Template, error) {
	r := &call.Tx.Reader
	req, err := a.own(call, number)
	if err != nil {
		return request.Draft{}, request.Template{}, err
	}
	t, err := a.pinned(r, req)
	if err != nil {
		return request.Draft{}, t, err
	}
	if form, err = a.check(call, t, form, req.ID); err != nil {
		return request.Draft{}, t, err
	}
	d, err := a.requests.PlanAgain(r, req, form)
	return d, t, err
}

// own is a case of the caller.
func (a *Approvals) own(call *chat.Call, number string) (store.Request, error) {
	req, err := call.Tx.RequestByNumber(number)
	if errors.Is(err, store.ErrNotFound) || err == nil && req.ApplicantID != call.Member.ID {
		return store.Request{}, chat.NotFound{Number: number}
	}
	return req, err
}

// returnedForm is the form of a case of the caller as it was submitted last.
func (a *Approvals) returnedForm(call *chat.Call, number string) (*policy.ApprovalTemplate, policy.Form, error) {
	req, err := a.own(call, number)
	if err != nil {
		return nil, nil, err
	}
	return a.FormOf(&call.Tx.Reader, req)
}

// FormOf answers the form of a case and the version it is pinned to, for whoever
// has to change it: the applicant of a returned case.
func (a *Approvals) FormOf(r *store.Reader, req store.Request) (*policy.ApprovalTemplate, policy.Form, error) {
	t, err := a.pinned(r, req)
	if err != nil {
		return nil, nil, err
	}
	form, err := savedForm(req)
	return t.ApprovalTemplate, form, err
}

// pinned is the version a case goes on with; of one from before there were
// versions, the one in force.
func (a *Approvals) pinned(r *store.Reader, req store.Request) (request.Template, error) {
	t, err := a.requests.TemplateOf(r, req)
	if !errors.Is(err, store.ErrNotFound) {
		return t, err
	}
	m, err := r.Member(req.ApplicantID)
	if err != nil {
		return t, err
	}
	return a.requests.Template(r, req.Kind, m)
}

func savedForm(req store.Request) (policy.Form, error) {
	form := policy.Form{}
	if req.Form == "" {
		return form, nil
	}
	if err := json.Unmarshal([]byte(req.Form), &form); err != nil {
		return nil, fmt.Errorf("form of request %d: %w", req.ID, err)
	}
	return form, nil
}

// sign says who submits a draft and how it came in.
func (a *Approvals) sign(d *request.Draft, call *chat.Call) {
	d.App, d.Delivery, d.Source, d.At = call.App, call.Delivery, call.Source, call.At
}

// check completes a form and refuses what is wrong with it. except is the case
// that is being changed, 0 for a new one.
func (a *Approvals) check(call *chat.Call, t request.Template, form policy.Form, except int64) (policy.Form, error) {
	form = t.Complete(form, a.rules().Calendar())
	if problems := t.CheckForm(form, a.local(call.At)); len(problems) > 0 {
		return form, Problems(problems)
	}
	if err := a.checkAttachments(call, t.ApprovalTemplate, form, except); err != nil {
		return form, err
	}
	if t.Key == leaveKey {
		if err := a.checkLeave(call, t.ApprovalTemplate, form, except); err != nil {
			return form, err
		}
	}
	// A text of the template with an empty placeholder must not be sent
	// (G1-2.1(1)b), so what it needs is asked for now.
	for _, scene := range []string{sceneAsked, sceneApproved} {
		if _, err := a.text(t.ApprovalTemplate, scene, form, call.Member.Name, nil); err != nil {
			return form, err
		}
	}
	return form, nil
}

// checkAttachments refuses what somebody else sent, what belongs to another
// record, and what WeCom does not keep any more.
func (a *Approvals) checkAttachments(call *chat.Call, t *policy.ApprovalTemplate, form policy.Form, except int64) error {
	for _, field := range t.Fields {
		ids := form[field.Key].Attachments
		if len(ids) == 0 {
			continue
		}
		files, err := call.Tx.Attachments(ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			i := slices.IndexFunc(files, func(f store.Attachment) bool { return f.ID == id })
			if i < 0 || files[i].MemberID != call.Member.ID || !free(files[i], except) {
				return attachmentGone(field, "已经不在了")
			}
			if lost(files[i], call.At) {
				return attachmentGone(field, fmt.Sprintf("已超过 %d 天，企业微信不再保存", mediaDays))
			}
		}
	}
	return nil
}

// free says whether an attachment belongs to nothing yet, or to the case.
func free(f store.Attachment, request int64) bool {
	return f.SubjectKind == "" || f.SubjectKind == "request" && f.SubjectID == request && request != 0
}

// lost says whether an attachment can be had no more: it was not downloaded.
func lost(f store.Attachment, at time.Time) bool {
	return f.Lost() || f.MediaID != "" && f.Path == "" && at.Sub(f.CreatedAt) > mediaDays*24*time.Hour
}

func attachmentGone(field policy.FormField, why string) error {
	return Problems{{Field: field, Text: "「" + field.Label + "」里的附件" + why + "，请重新发送"}}
}

// preview words the route of a draft.
func (a *Approvals) preview(call *chat.Call, t request.Template, d request.Draft) (Preview, error) {
	p := Preview{Title: d.Title, Form: d.Form, Why: whyLines(d.Why)}
	for _, line := range d.Lines {
		p.Lines = append(p.Lines, PreviewLine{line.Key, line.Value})
	}
	a.sign(&d, call)
	if t.Engine == policy.EngineNative && t.Native.UseTemplateApprover {
		p.Steps = []PreviewLine{{"企业微信审批", "由企业微信「审批」中设置的审批人处理"}}
		return p, nil
	}
	steps, err := a.requests.Preview(&call.Tx.Reader, d)
	if err != nil {
		return p, err
	}
	for _, step := range steps {
		p.Steps = append(p.Steps, PreviewLine{step.Name, previewStep(step)})
	}
	p.CC, err = a.copied(&call.Tx.Reader, d)
	return p, err
}

// copied are the names of those who are told when a case is approved.
func (a *Approvals) copied(r *store.Reader, d request.Draft) ([]string, error) {
	var ids []int64
	for _, whom := range d.CC {
		found, err := a.people.Resolve(r, whom, d.Applicant)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		ids = append(ids, found.Members...)
	}
	members, err := r.Members(ids)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	return names, nil
}

var modeWords = map[store.StepMode]string{
	store.StepAll: "会签，全部同意", store.StepSequence: "依次同意", store.StepCopy: "只抄送",
}

// previewStep is one step before anything is submitted: 邵静，8 个工作小时内.
func previewStep(s request.PreviewStep) string {
	if s.Skipped != "" {
		return "跳过，" + s.Skipped
	}
	text := s.Names
	if text == "" {
		text = "暂时没有人可以处理"
	}
	switch rule := modeWords[s.Mode]; {
	case s.Mode == store.StepShare:
		text += fmt.Sprintf("（票签，%d%% 同意）", s.Share)
	case rule != "":
		text += "（" + rule + "）"
	case s.Mode == store.StepAny && len(s.People) > 1:
		text += "（一人同意即可）"
	}
	if s.Instead != "" {
		text += "，" + s.Instead
	}
	if s.Limit != "" && s.Mode != store.StepCopy {
		text += "，" + s.Limit + "内"
	}
	return text
}

// whyLines word the branches a form took: 天数 > 3（天数 = 4）→ 分管领导.
func whyLines(taken []policy.BranchTaken) []string {
	var lines []string
	for _, b := range taken {
		if b.When == "" {
			continue // the ordinary way needs no reason
		}
		var seen []string
		for name, value := range b.Values {
			seen = append(seen, name+" = "+value)
		}
		slices.Sort(seen)
		line := "因为 " + b.When
		if len(seen) > 0 {
			line += "（" + strings.Join(seen, "，") + "）"
		}
		lines = append(lines, line)
	}
	return lines
}

// Text is the preview as a message.
func (p Preview) Text() string {
	var b strings.Builder
	b.WriteString(p.Title)
	for _, line := range p.Lines {
		b.WriteString("\n· " + line.Key + "：" + line.Value)
	}
	b.WriteString("\n" + p.Route())
	return b.String()
}

// Route is the part of a preview that says who decides.
func (p Preview) Route() string {
	var b strings.Builder
	b.WriteString("审批路线：")
	for i, step := range p.Steps {
		fmt.Fprintf(&b, "\n%d. %s：%s", i+1, step.Key, step.Value)
	}
	for _, why := range p.Why {
		b.WriteString("\n" + why)
	}
	if len(p.CC) > 0 {
		b.WriteString("\n通过后抄送：" + strings.Join(p.CC, "、"))
	}
	return b.String()
}

func (a *Approvals) local(t time.Time) time.Time { return t.In(a.rules().Calendar().Location()) }

func (a *Approvals) when(t time.Time) string { return a.rules().Calendar().Moment(t) }
