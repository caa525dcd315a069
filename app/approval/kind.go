package approval

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
)

// kind is the sort of request of a process that no other domain has taken.
func (a *Approvals) kind(key string) (request.Kind, bool) {
	t, ok := a.rules().ApprovalTemplate(key)
	if !ok || t.Own {
		return request.Kind{}, false
	}
	k := request.Kind{
		Title: t.Title, Visible: policy.AuditView, Resubmits: true,
		Entered: a.entered, Decided: a.decided, Finished: a.finished, Returned: a.returned, Resubmitted: a.resubmitted,
	}
	if key == leaveKey {
		k.Revocable, k.Revoked = a.revocable, a.revoked
	}
	return k, true
}

// entered sends text one to the first who decides, in words exactly as the
// template has them, beside the card (G1-2.1(1)b AE1).
func (a *Approvals) entered(tx *store.Tx, req store.Request, step store.RequestStep) error {
	first, err := a.isFirst(&tx.Reader, req, step)
	if err != nil || !first {
		return err
	}
	deciders, err := tx.RequestDeciders(req.ID)
	if err != nil {
		return err
	}
	var to []int64
	for _, d := range deciders {
		if d.StepID == step.ID && d.State == store.DeciderOpen {
			to = append(to, d.MemberID)
		}
	}
	return a.say(tx, req, sceneAsked, to, nil)
}

// isFirst says whether nobody has been asked before in this round.
func (a *Approvals) isFirst(r *store.Reader, req store.Request, step store.RequestStep) (bool, error) {
	if step.Mode == store.StepCopy || step.Origin == store.StepAdded {
		return false, nil
	}
	steps, err := r.RequestSteps(req.ID)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(steps, func(s store.RequestStep) bool {
		return s.Round == step.Round && s.Position < step.Position && s.State != store.StepSkipped && s.Mode != store.StepCopy
	}), nil
}

// decided sends text two to the applicant at each decision: 审批意见:批准,无. The
// same words are not sent twice about one case: WeCom takes no second message
// like the first, and the line of progress names everybody who has decided.
func (a *Approvals) decided(tx *store.Tx, req store.Request, _ store.RequestStep, _ store.Member, approve bool, opinion string) error {
	verdict := "批准"
	if !approve {
		verdict = "驳回"
	}
	if opinion == "" {
		opinion = noRemark
	}
	text, err := a.worded(tx, req, sceneDecided, map[string]string{policy.TextVerdict: verdict, policy.TextRemark: opinion})
	if err != nil || text == "" {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	return a.notify.Tell(tx, notify.Notice{
		App: req.App, To: []int64{req.ApplicantID}, Text: text, Subject: req.Subject(), Purpose: eventPurpose,
		Unique: fmt.Sprintf("approval.decided:%d:%x", req.ID, sum[:8]),
	})
}

// say sends a text of the template, if it has one for the scene.
func (a *Approvals) say(tx *store.Tx, req store.Request, scene string, to []int64, extra map[string]string) error {
	text, err := a.worded(tx, req, scene, extra)
	if err != nil || text == "" || len(to) == 0 {
		return err
	}
	return a.tell(tx, req, to, text)
}

// worded is a text of the template, filled in; "" if it has none for the scene.
func (a *Approvals) worded(tx *store.Tx, req store.Request, scene string, extra map[string]string) (string, error) {
	t, form, err := a.FormOf(&tx.Reader, req)
	if err != nil {
		return "", err
	}
	applicant, err := tx.Member(req.ApplicantID)
	if err != nil {
		return "", err
	}
	return a.text(t, scene, form, applicant.Name, extra)
}

// finished follows the end of a case. What has not been withdrawn is the archive
// from now on: it is kept for archive.comm_years.
func (a *Approvals) finished(tx *store.Tx, req store.Request) error {
	if req.State != store.RequestWithdrawn {
		err := tx.Audit(store.AuditEntry{
			Action: "approval.archived", Subject: req.Subject(), Source: store.SourceJob,
			Detail: map[string]any{"number": req.Number, "template": req.Kind, "version": req.TemplateVersion, "state": string(req.State)},
		})
		if err != nil {
			return err
		}
	}
	if req.Kind != leaveKey {
		return nil
	}
	if req.State == store.RequestApproved {
		return a.begin(tx, req)
	}
	return a.keepLeave(tx, req, store.LeaveOver)
}

// returned frees the days of a leave while its applicant changes it.
func (a *Approvals) returned(tx *store.Tx, req store.Request) error {
	if req.Kind != leaveKey {
		return nil
	}
	return a.keepLeave(tx, req, store.LeaveOver)
}

// resubmitted takes the days that a changed leave asks for now.
func (a *Approvals) resubmitted(tx *store.Tx, req store.Request) error {
	if req.Kind != leaveKey || req.State != store.RequestRunning {
		return nil
	}
	if err := a.keepLeave(tx, req, store.LeaveAsked); err != nil {
		return fmt.Errorf("leave of %s: %w", req.Number, err)
	}
	return nil
}
