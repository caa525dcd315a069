package store

import (
	"fmt"
	"time"
)

// RequestState is where a request stands.
type RequestState string

// The states of a request.
const (
	RequestRunning   RequestState = "running"   // somebody has to decide
	RequestApproved  RequestState = "approved"  // every step said yes
	RequestRejected  RequestState = "rejected"  // one step said no
	RequestWithdrawn RequestState = "withdrawn" // 撤回, or the applicant has left
)

// Request is one thing a member applied for, decided in ordered steps.
type Request struct {
	ID          int64
	Number      string // A20260302-0001
	Kind        string // names the domain's part: "permission"
	ApplicantID int64
	AboutID     int64 // whom it is for; the applicant himself in most cases
	App         string
	Title       string
	Content     string // JSON of the lines shown, personal ones masked
	Personal    string // JSON of what the masked lines hide; purged after retention.message_bodies
	Data        string // JSON of the domain; purged with it
	State       RequestState
	Position    int64 // of the current step; of the last one when finished
	UrgedAt     *time.Time
	FinishedAt  *time.Time
	DeliveryID  int64
	CreatedAt   time.Time
	Version     int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Request) TableName() string { return "requests" }

func (*Request) columns() string {
	return "id, number, kind, applicant_id, about_id, app, title, content, personal, data, state, position, urged_at, finished_at, " +
		"delivery_id, created_at, version"
}

func (q *Request) fields() []any {
	return []any{
		&q.ID, &q.Number, &q.Kind, &q.ApplicantID, &q.AboutID, &q.App, &q.Title, &q.Content, &q.Personal, &q.Data, &q.State, &q.Position,
		&q.UrgedAt, &q.FinishedAt, &q.DeliveryID, &q.CreatedAt, &q.Version,
	}
}

// Subject is the request for notices, to-dos and the audit.
func (q Request) Subject() Subject { return Subject{Kind: "request", ID: q.ID} }

// StepState is where one step of a request stands.
type StepState string

// The states of a step.
const (
	StepWaiting  StepState = "waiting" // an earlier one is current
	StepCurrent  StepState = "current"
	StepApproved StepState = "approved"
	StepRejected StepState = "rejected"
	StepSkipped  StepState = "skipped" // merged with the one before, or the request ended earlier
)

// RequestStep is one decision of a request.
type RequestStep struct {
	ID        int64
	RequestID int64
	Position  int64 // 0 first
	Name      string
	Whom      string // resolved to people when the step is entered
	Command   string // what approves it instead of 审批: "已开通"
	WorkLimit string // the time to decide, a policy.WorkSpan; "": by class
	State     StepState
	Reason    string // why somebody else decides, or why it was skipped
	Phase     int64  // grows whenever older buttons must stop working
	EnteredAt *time.Time
	DecidedAt *time.Time
	DecidedBy int64 // 0: nobody yet, or nobody had to
	Opinion   string
}

// TableName is the table.
func (RequestStep) TableName() string { return "request_steps" }

func (*RequestStep) columns() string {
	return "id, request_id, position, name, whom, command, work_limit, state, reason, phase, entered_at, decided_at, decided_by, opinion"
}

func (s *RequestStep) fields() []any {
	return []any{
		&s.ID, &s.RequestID, &s.Position, &s.Name, &s.Whom, &s.Command, &s.WorkLimit, &s.State, &s.Reason, &s.Phase,
		&s.EnteredAt, &s.DecidedAt, &s.DecidedBy, &s.Opinion,
	}
}

// Subject is the step for its clocks and cards.
func (s RequestStep) Subject() Subject { return Subject{Kind: "request_step", ID: s.ID} }

// DeciderState is what a member has to do with a step.
type DeciderState string

// The states of a decider.
const (
	DeciderOpen   DeciderState = "open"   // may decide
	DeciderPassed DeciderState = "passed" // somebody else is in his place
	DeciderEnded  DeciderState = "ended"  // the step is over
)

// RequestDecider is one of the members who may decide a step.
type RequestDecider struct {
	StepID    int64 `gorm:"primaryKey;autoIncrement:false"`
	MemberID  int64 `gorm:"primaryKey;autoIncrement:false"`
	RequestID int64
	DeputyFor int64 // in whose place; 0: his own
	State     DeciderState
	CreatedAt time.Time
}

// TableName is the table.
func (RequestDecider) TableName() string { return "request_deciders" }

func (*RequestDecider) columns() string {
	return "step_id, member_id, request_id, deputy_for, state, created_at"
}

func (d *RequestDecider) fields() []any {
	return []any{&d.StepID, &d.MemberID, &d.RequestID, &d.DeputyFor, &d.State, &d.CreatedAt}
}

// RequestEntryKind is what happened to a request.
type RequestEntryKind string

// The kinds of entries.
const (
	RequestSubmitted RequestEntryKind = "submitted"
	RequestEntered   RequestEntryKind = "entered" // a step, and for whom
	RequestSkipped   RequestEntryKind = "skipped" // a step was merged
	RequestAgreed    RequestEntryKind = "agreed"
	RequestRefused   RequestEntryKind = "refused"
	RequestRecalled  RequestEntryKind = "recalled" // 撤回
	RequestUrged     RequestEntryKind = "urged"
	RequestNoted     RequestEntryKind = "noted"  // 已知悉
	RequestPassed    RequestEntryKind = "passed" // somebody else decides instead
)

// RequestEntry is one line of a request's history. Lines are only ever added.
type RequestEntry struct {
	ID         int64
	RequestID  int64
	StepID     int64 // 0: the request as a whole
	MemberID   int64 // who did it; 0: the system
	Kind       RequestEntryKind
	Text       string
	Source     string // chat | card | menu | job
	DeliveryID int64
	At         time.Time // the instant of the act
}

// TableName is the table.
func (RequestEntry) TableName() string { return "request_entries" }

func (*RequestEntry) columns() string {
	return "id, request_id, step_id, member_id, kind, text, source, delivery_id, at"
}

func (e *RequestEntry) fields() []any {
	return []any{&e.ID, &e.RequestID, &e.StepID, &e.MemberID, &e.Kind, &e.Text, &e.Source, &e.DeliveryID, &e.At}
}

// Request answers the request with this id.
func (r *Reader) Request(id int64) (Request, error) {
	q, err := take[Request](r, "WHERE id = ?", id)
	if err != nil {
		return q, fmt.Errorf("request %d: %w", id, err)
	}
	return q, nil
}

// RequestByNumber answers the request people call number.
func (r *Reader) RequestByNumber(number string) (Request, error) {
	q, err := take[Request](r, "WHERE number = ?", number)
	if err != nil {
		return q, fmt.Errorf("request %s: %w", number, err)
	}
	return q, nil
}

// RequestsOf answers the requests in one of these states that a member
// submitted, newest first, at most limit.
func (r *Reader) RequestsOf(member int64, states []RequestState, limit int) ([]Request, error) {
	if len(states) == 0 {
		return nil, nil
	}
	args := []any{member}
	for _, state := range states {
		args = append(args, string(state))
	}
	all, err := list[Request](r, "WHERE applicant_id = ? AND state IN "+marks(len(states))+" ORDER BY id DESC"+first(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("requests of member %d: %w", member, err)
	}
	return all, nil
}

// RequestsDecided answers the requests in which a member is a decider in one
// of these states, newest first, at most limit: with DeciderOpen those that
// wait for him.
func (r *Reader) RequestsDecided(member int64, states []DeciderState, limit int) ([]Request, error) {
	if len(states) == 0 {
		return nil, nil
	}
	args := []any{member}
	for _, state := range states {
		args = append(args, string(state))
	}
	all, err := list[Request](r, "WHERE id IN (SELECT d.request_id FROM request_deciders d WHERE d.member_id = ? AND d.state IN "+
		marks(len(states))+") ORDER BY id DESC"+first(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("requests member %d decides: %w", member, err)
	}
	return all, nil
}

// RequestsStoodInFor answers the requests that a deputy has to decide in the
// place of a member, newest first, at most limit.
func (r *Reader) RequestsStoodInFor(member int64, limit int) ([]Request, error) {
	all, err := list[Request](r, "WHERE id IN (SELECT d.request_id FROM request_deciders d WHERE d.deputy_for = ? AND d.state = ?) ORDER BY id DESC"+first(limit),
		member, string(DeciderOpen))
	if err != nil {
		return nil, fmt.Errorf("requests decided for member %d: %w", member, err)
	}
	return all, nil
}

// RequestStep answers one step.
func (r *Reader) RequestStep(id int64) (RequestStep, error) {
	s, err := take[RequestStep](r, "WHERE id = ?", id)
	if err != nil {
		return s, fmt.Errorf("step %d of a request: %w", id, err)
	}
	return s, nil
}

// RequestSteps answers the steps of a request in their order.
func (r *Reader) RequestSteps(request int64) ([]RequestStep, error) {
	all, err := list[RequestStep](r, "WHERE request_id = ? ORDER BY position", request)
	if err != nil {
		return nil, fmt.Errorf("steps of request %d: %w", request, err)
	}
	return all, nil
}

// RequestDeciders answers who may decide, or could, in the order of the steps
// and in the order they came in.
func (r *Reader) RequestDeciders(request int64) ([]RequestDecider, error) {
	all, err := list[RequestDecider](r, "WHERE request_id = ? ORDER BY step_id, created_at, member_id", request)
	if err != nil {
		return nil, fmt.Errorf("deciders of request %d: %w", request, err)
	}
	return all, nil
}

// RequestEntries answers the history of a request, oldest first, at most limit.
func (r *Reader) RequestEntries(request int64, limit int) ([]RequestEntry, error) {
	all, err := list[RequestEntry](r, "WHERE request_id = ? ORDER BY id"+first(limit), request)
	if err != nil {
		return nil, fmt.Errorf("history of request %d: %w", request, err)
	}
	return all, nil
}

// AddRequest stores a new request with its steps.
func (tx *Tx) AddRequest(q *Request, steps []RequestStep) error {
	q.CreatedAt, q.Version = tx.Now(), 1
	var err error
	if q.ID, err = tx.insert(q); err != nil {
		return fmt.Errorf("add request: %w", err)
	}
	for i := range steps {
		steps[i].RequestID, steps[i].Position, steps[i].State = q.ID, int64(i), StepWaiting
		if steps[i].ID, err = tx.insert(&steps[i]); err != nil {
			return fmt.Errorf("add step %d of request %d: %w", i, q.ID, err)
		}
	}
	return nil
}

// SaveRequest writes a request that was read in this transaction; ErrConflict
// when it has changed since.
func (tx *Tx) SaveRequest(q *Request) error {
	old := q.Version
	q.Version++
	n, err := tx.overwrite(q, "id = ? AND version = ?", q.ID, old)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	if err != nil {
		return fmt.Errorf("save request %d: %w", q.ID, err)
	}
	return nil
}

// SaveRequestStep writes a step. Its request is locked and saved in the same
// transaction.
func (tx *Tx) SaveRequestStep(s *RequestStep) error {
	if _, err := tx.overwrite(s, "id = ?", s.ID); err != nil {
		return fmt.Errorf("save step %d of request %d: %w", s.Position, s.RequestID, err)
	}
	return nil
}

// PutRequestDecider makes a member a decider of a step, or one who has been.
func (tx *Tx) PutRequestDecider(d RequestDecider) error {
	if d.CreatedAt.IsZero() {
		d.CreatedAt = tx.Now()
	}
	if err := put(tx, []RequestDecider{d}, "deputy_for", "state"); err != nil {
		return fmt.Errorf("decider of request %d: %w", d.RequestID, err)
	}
	return nil
}

// EndRequestDeciders ends what is open of a step's deciders.
func (tx *Tx) EndRequestDeciders(step int64) error {
	_, err := tx.exec("UPDATE request_deciders SET state = ? WHERE step_id = ? AND state = ?", string(DeciderEnded), step, string(DeciderOpen))
	if err != nil {
		return fmt.Errorf("end deciders of step %d: %w", step, err)
	}
	return nil
}

// AddRequestEntry adds a line to a request's history.
func (tx *Tx) AddRequestEntry(e RequestEntry) error {
	e.At = cut(e.At)
	if _, err := tx.insert(&e); err != nil {
		return fmt.Errorf("history of request %d: %w", e.RequestID, err)
	}
	return nil
}
