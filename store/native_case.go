package store

import (
	"errors"
	"fmt"
	"time"
)

// NativeSystem is which of WeCom's two approval systems has a request.
type NativeSystem string

// The systems (WeCom's API, section 5).
const (
	NativeApproval NativeSystem = "approval" // the 审批 app
	NativeOpen     NativeSystem = "open"     // the approval flow engine inside an app (审批流程引擎)
)

// Submission is how far a request of ours has come on its way into the 审批 app.
type Submission string

// The states of a submission.
//
//	waiting  not tried yet, or refused for now
//	sent     a call was made whose answer is not known: look before calling again
//	linked   it has its number there
//	failed   it was given up; the applicant knows
const (
	SubmissionNone    Submission = "" // somebody started it in the 审批 app by hand
	SubmissionWaiting Submission = "waiting"
	SubmissionSent    Submission = "sent"
	SubmissionLinked  Submission = "linked"
	SubmissionFailed  Submission = "failed"
)

// NativeCase is what is known of a request that the built-in 审批 app decides.
// It changes only under the lock of its request.
type NativeCase struct {
	RequestID  int64
	System     NativeSystem
	Ref        string // its number there: sp_no or ThirdNo; "" before it is submitted
	TemplateID string // of WeCom
	Name       string // of the template at WeCom
	Digest     string // of what was read last
	Comments   string // JSON: ids of the remarks already in the history
	Submission Submission
	Creator    string // userid it is submitted for
	Body       string // JSON of what is submitted; "" once its outcome is known
	Tries      int64  // submissions begun
	TriedAt    *time.Time
	Failure    string // why it was given up
}

// TableName is the table.
func (NativeCase) TableName() string { return "native_cases" }

func (*NativeCase) columns() string {
	return "request_id, system, ref, template_id, name, digest, comments, submission, creator, body, tries, tried_at, failure"
}

func (c *NativeCase) fields() []any {
	return []any{
		&c.RequestID, &c.System, &c.Ref, &c.TemplateID, &c.Name, &c.Digest, &c.Comments, &c.Submission, &c.Creator, &c.Body,
		&c.Tries, &c.TriedAt, &c.Failure,
	}
}

// NativeCase answers what is known of a request in the 审批 app.
func (r *Reader) NativeCase(request int64) (NativeCase, error) {
	c, err := take[NativeCase](r, "WHERE request_id = ?", request)
	if err != nil {
		return c, fmt.Errorf("native case of request %d: %w", request, err)
	}
	return c, nil
}

// SubmissionsUnderWay answers the submissions of a template for a member whose
// outcome is not known, oldest first, at most limit.
func (r *Reader) SubmissionsUnderWay(template, creator string, limit int) ([]NativeCase, error) {
	all, err := list[NativeCase](r, "WHERE submission = ? AND template_id = ? AND creator = ? ORDER BY request_id"+first(limit),
		string(SubmissionSent), template, creator)
	if err != nil {
		return nil, fmt.Errorf("submissions under way: %w", err)
	}
	return all, nil
}

// NativeUnheard answers the running requests of the 审批 app whose state was
// last read before an instant, longest first, at most limit.
func (r *Reader) NativeUnheard(before time.Time, limit int) ([]Request, error) {
	all, err := list[Request](r, "WHERE engine = ? AND state = ? AND native_at < ? ORDER BY native_at, id"+first(limit),
		EngineNative, string(RequestRunning), cut(before))
	if err != nil {
		return nil, fmt.Errorf("native requests not heard of: %w", err)
	}
	return all, nil
}

// PutNativeCase stores or overwrites what is known of a request in the 审批 app.
func (tx *Tx) PutNativeCase(c NativeCase) error {
	if c.RequestID == 0 {
		return errors.New("native case of no request")
	}
	if c.Comments == "" {
		c.Comments = "[]"
	}
	c.Name, c.Failure = clip(c.Name, 128), clip(c.Failure, 1000)
	if c.TriedAt != nil {
		at := cut(*c.TriedAt)
		c.TriedAt = &at
	}
	err := put(tx, []NativeCase{c}, "system", "ref", "template_id", "name", "digest", "comments", "submission", "creator", "body",
		"tries", "tried_at", "failure")
	if err != nil {
		return fmt.Errorf("native case of request %d: %w", c.RequestID, err)
	}
	return nil
}
