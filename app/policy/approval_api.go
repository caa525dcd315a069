package policy

import "time"

type condition struct{}

// ParseApprovalTemplate compiles a stored definition.
func ParseApprovalTemplate(definition []byte) (*ApprovalTemplate, error) { return nil, errNotCompiled }

// Plan is the route of a form: the nodes it passes, in order, and why.
func (t *ApprovalTemplate) Plan(f Form, a ApprovalApplicant) (ApprovalPlan, error) {
	return ApprovalPlan{}, errNotCompiled
}

// CheckForm says what is wrong with a form at an instant in the company's zone.
func (t *ApprovalTemplate) CheckForm(f Form, at time.Time) []FieldProblem { return nil }

// Complete fills in the computed fields.
func (t *ApprovalTemplate) Complete(f Form, c *Calendar) Form { return f }

// CaseTitle is the title of a case: 请假：事假 2天.
func (t *ApprovalTemplate) CaseTitle(f Form) string { return t.Title }

// Show is the content of a field as members read it.
func (f FormField) Show(v FormValue) string { return v.Text }

// LeaveDays counts the working days of a period, both ends included, half days
// as 0.5.
func (c *Calendar) LeaveDays(from, to HalfDay) Decimal { return 0 }

// MayStart says whether an applicant may start a case; why is the refusal in Chinese.
func (t *ApprovalTemplate) MayStart(a ApprovalApplicant) (why string, ok bool) { return "", true }

// ChooseApprovalTemplate picks the version of one template that an applicant's
// new case runs on at an instant.
func ChooseApprovalTemplate(versions []*ApprovalTemplate, a ApprovalApplicant, at time.Time) (t *ApprovalTemplate, why string) {
	return nil, ""
}
