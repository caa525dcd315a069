package request

import (
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/store"
)

// Requests of templates with `engine: native`: we take the form and check the
// route, a job submits it to the 审批 app, and from then on it is mirrored.

// OnNativeSubmitted says who submits to the 审批 app what members apply for
// here. It is told in the transaction that stores the request.
func (q *Requests) OnNativeSubmitted(submit func(tx *store.Tx, request store.Request) error) {
	q.submitNative = submit
}

// SubmitNative is Submit for a template whose engine is the 审批 app. Its route
// is resolved at once, so that whoever cannot be found is said before anything
// is stored.
func (q *Requests) SubmitNative(tx *store.Tx, d Draft) (store.Request, error) {
	if len(d.CC) > 0 { // the 审批 app tells them
		d.Steps = append(slices.Clone(d.Steps), Step{Key: "cc", Name: "抄送", Mode: store.StepCopy, Whom: d.CC[0], Also: d.CC[1:]})
		d.CC = nil
	}
	request, steps, err := q.prepare(d)
	if err != nil {
		return request, err
	}
	theirs, err := q.flowOfTheirs(&tx.Reader, d)
	if err != nil {
		return request, err
	}
	if theirs {
		steps = nil // ours were the preview
	} else if _, err := q.nativeRoute(&tx.Reader, d); err != nil {
		return request, err
	}
	if err := q.ownAttachments(&tx.Reader, d.Applicant, request.Subject(), d.Attachments); err != nil {
		return request, err
	}
	request.Engine = store.EngineNative
	if request.Number, err = tx.Number("A"); err != nil {
		return request, err
	}
	if err := tx.AddRequest(&request, steps); err != nil {
		return request, err
	}
	if err := tx.FileAttachments(request.Subject(), d.Attachments...); err != nil {
		return request, err
	}
	if err := q.enterHistory(tx, request, 0, d.act(tx), store.RequestSubmitted, "", change{Request: request.State, Steps: places(steps)}); err != nil {
		return request, err
	}
	if err := tx.PutNativeCase(store.NativeCase{RequestID: request.ID, System: store.NativeApproval, Submission: store.SubmissionWaiting}); err != nil {
		return request, err
	}
	return request, internal(q.submitNative(tx, request))
}

// flowOfTheirs says that the flow set in the console of the 审批 app decides.
func (q *Requests) flowOfTheirs(r *store.Reader, d Draft) (bool, error) {
	if d.Template.ID == 0 {
		t, known := q.rules().ApprovalTemplate(d.Kind)
		return known && t.Native.UseTemplateApprover, nil
	}
	t, err := q.Pinned(r, d.Template.ID)
	return err == nil && t.Native.UseTemplateApprover, err
}

// NativeStep is one node of the flow a request brings to the 审批 app.
type NativeStep struct {
	Mode    store.StepMode // any, all, sequence, or copy
	Members []store.Member
}

// NativeRoute is the flow of a request that waits to be submitted, by the
// names in force now. It answers an error of package chat when somebody cannot
// be found.
func (q *Requests) NativeRoute(r *store.Reader, request store.Request) ([]NativeStep, error) {
	rows, err := r.RequestSteps(request.ID)
	if err != nil {
		return nil, err
	}
	d := Draft{
		Kind: request.Kind, Applicant: request.ApplicantID, About: request.AboutID, App: request.App, Title: request.Title,
		Template: TemplateRef{ID: request.TemplateID, Version: request.TemplateVersion},
	}
	for _, row := range rows {
		step := Step{Key: row.Key, Name: row.Name, Whom: people.Whom(row.Whom), Mode: row.Mode, Share: int(row.Share)}
		for _, also := range strings.Split(row.Also, "\n") {
			if also != "" {
				step.Also = append(step.Also, people.Whom(also))
			}
		}
		d.Steps = append(d.Steps, step)
	}
	return q.nativeRoute(r, d)
}

func (q *Requests) nativeRoute(r *store.Reader, d Draft) ([]NativeStep, error) {
	preview, err := q.Preview(r, d)
	if err != nil {
		return nil, err
	}
	var route []NativeStep
	decides := false
	for _, p := range preview {
		switch {
		case p.Skipped != "" || p.Mode == store.StepCopy && len(p.People) == 0:
			continue
		case len(p.People) == 0:
			return nil, chat.Refused{
				Reason: "暂时没有人可以处理「" + p.Name + "」这一步", Clause: "G1-4.2.2(3)", Instead: "请联系管理员设置该部门的负责人或岗位",
			}
		case p.Mode == store.StepShare:
			return nil, chat.Refused{
				Reason: "「" + p.Name + "」是票签，企业微信「审批」没有这种方式", Instead: "请流程管理员把它改为会签、或签或依次",
			}
		}
		decides = decides || p.Mode != store.StepCopy
		route = append(route, NativeStep{Mode: p.Mode, Members: p.People})
	}
	if !decides {
		return nil, chat.Refused{Reason: "这条流程没有审批人", Instead: "请联系流程管理员"}
	}
	return route, nil
}

// LinkNative gives a request of ours the number it has got in the 审批 app. A
// number that another request has already is that one's: ours ends.
func (q *Requests) LinkNative(tx *store.Tx, id int64, spNo string) error {
	request, err := q.lock(tx, id)
	if err != nil {
		return err
	}
	row, err := tx.NativeCase(id)
	if err != nil || row.Submission == store.SubmissionLinked && row.Ref == spNo {
		return err
	}
	if other, err := tx.RequestBySPNo(spNo); err == nil && other.ID != id {
		return q.endNative(tx, request, row, store.SubmissionFailed, "它在企业微信「审批」中已记为 "+other.Number)
	}
	row.Ref, row.Submission, row.Body, row.Failure = spNo, store.SubmissionLinked, "", ""
	if err := tx.PutNativeCase(row); err != nil {
		return err
	}
	now := tx.Now()
	request.SpNo, request.NativeAt = &spNo, &now
	if err := tx.SaveRequest(&request); err != nil {
		return err
	}
	return q.enterHistory(tx, request, 0, system(tx), store.RequestEntered, "已提交到企业微信「审批」，单号 "+spNo)
}

// GiveUpNative ends a request that the 审批 app will not take. The applicant is
// told why by whoever calls it.
func (q *Requests) GiveUpNative(tx *store.Tx, id int64, why string) error {
	request, err := q.lock(tx, id)
	if err != nil || request.State != store.RequestRunning {
		return err
	}
	row, err := tx.NativeCase(id)
	if err != nil || row.Submission == store.SubmissionLinked {
		return err
	}
	return q.endNative(tx, request, row, store.SubmissionFailed, why)
}

func (q *Requests) endNative(tx *store.Tx, request store.Request, row store.NativeCase, as store.Submission, why string) error {
	row.Submission, row.Failure, row.Body = as, why, ""
	if err := tx.PutNativeCase(row); err != nil {
		return err
	}
	if request.State != store.RequestRunning {
		return nil
	}
	steps, err := tx.RequestSteps(request.ID)
	if err != nil {
		return err
	}
	if err := q.enterHistory(tx, request, 0, system(tx), store.RequestRecalled, why); err != nil {
		return err
	}
	return q.finish(tx, &dossier{request: request, steps: steps}, store.RequestWithdrawn)
}

// withdrawNative is 撤回 of a native request: here only as long as it has not
// reached the 审批 app.
func (q *Requests) withdrawNative(tx *store.Tx, request store.Request, by act) error {
	row, err := tx.NativeCase(request.ID)
	if err != nil {
		return err
	}
	switch row.Submission {
	case store.SubmissionWaiting:
	case store.SubmissionSent:
		return chat.Refused{Reason: request.Number + " 正在提交到企业微信「审批」", Instead: "几分钟后在 工作台 → 审批 中撤销"}
	default:
		return elsewhere(request)
	}
	row.Submission, row.Failure, row.Body = store.SubmissionFailed, "申请人撤回", ""
	if err := tx.PutNativeCase(row); err != nil {
		return err
	}
	steps, err := tx.RequestSteps(request.ID)
	if err != nil {
		return err
	}
	if err := q.enterHistory(tx, request, 0, by, store.RequestRecalled, ""); err != nil {
		return err
	}
	return q.finish(tx, &dossier{request: request, steps: steps}, store.RequestWithdrawn)
}

// NewestVersion is the newest version of a process that is in force; its zero
// value when there is none.
func (q *Requests) NewestVersion(r *store.Reader, key string) (TemplateRef, error) {
	all, err := q.versions(r, key)
	if err != nil || len(all) == 0 {
		return TemplateRef{}, err
	}
	return TemplateRef{ID: all[0].ID, Version: all[0].Version}, nil
}
