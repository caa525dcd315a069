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
	RequestReturned  RequestState = "returned"  // with the applicant, to be changed and submitted again
	RequestRevoked   RequestState = "revoked"   // revoked_after_approval
	RequestDeleted   RequestState = "deleted"   // in the built-in 审批 app
	RequestPaid      RequestState = "paid"      // in the built-in 审批 app
)

// Open says whether something is still to be done about a request.
func (s RequestState) Open() bool { return s == RequestRunning || s == RequestReturned }

// EngineNative is the engine of requests that the built-in 审批 app decides.
const EngineNative = "native"

// Request is one thing a member applied for, decided in ordered steps.
type Request struct {
	ID          int64
	Number      string // A20260302-0001
	Kind        string // key of its template and name of the domain's part: "permission"
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

	Engine          string     // "": guiju; EngineNative
	TemplateID      int64      // the version of the template it is pinned to; 0: none
	TemplateVersion string     // what people call that version: 1.0.0
	Form            string     // JSON of policy.Form; purged with Personal
	Route           string     // JSON of []policy.BranchTaken: why it takes this route
	Round           int64      // 1; grows with every return
	Sensitive       bool       `gorm:"column:is_sensitive"` // only those involved see it (G1-3.2(4)b)
	StraightStep    int64      // of a returned one: the step that wants it straight back; 0: the route is run again
	Deviation       string     // in what it left the route of its template, one a line
	SpNo            *string    // its number in the built-in 审批 app
	NativeAt        *time.Time // when its state there was read
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Request) TableName() string { return "requests" }

func (*Request) columns() string {
	return "id, number, kind, applicant_id, about_id, app, title, content, personal, data, state, position, urged_at, finished_at, " +
		"delivery_id, created_at, version, engine, template_id, template_version, form, route, round, is_sensitive, straight_step, deviation, sp_no, native_at"
}

func (q *Request) fields() []any {
	return []any{
		&q.ID, &q.Number, &q.Kind, &q.ApplicantID, &q.AboutID, &q.App, &q.Title, &q.Content, &q.Personal, &q.Data, &q.State, &q.Position,
		&q.UrgedAt, &q.FinishedAt, &q.DeliveryID, &q.CreatedAt, &q.Version, &q.Engine, &q.TemplateID, &q.TemplateVersion, &q.Form, &q.Route,
		&q.Round, &q.Sensitive, &q.StraightStep, &q.Deviation, &q.SpNo, &q.NativeAt,
	}
}

// Subject is the request for notices, to-dos and the audit.
func (q Request) Subject() Subject { return Subject{Kind: "request", ID: q.ID} }

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

	RequestSentBack    RequestEntryKind = "returned"    // 退回
	RequestTransferred RequestEntryKind = "transferred" // 转审
	RequestAdded       RequestEntryKind = "added"       // 加签
	RequestTurn        RequestEntryKind = "turn"        // the next of a sequence, or a step that had waited for added ones, goes on
	RequestCommented   RequestEntryKind = "commented"   // 评论
	RequestCopied      RequestEntryKind = "copied"      // 抄送
	RequestMerged      RequestEntryKind = "merged"      // 重复抄送已合并
	RequestResubmitted RequestEntryKind = "resubmitted" // 重新提交
	RequestUndone      RequestEntryKind = "revoked"     // 通过后撤销
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
	Detail     string    // JSON for whoever replays the history: ids and states, never words
}

// TableName is the table.
func (RequestEntry) TableName() string { return "request_entries" }

func (*RequestEntry) columns() string {
	return "id, request_id, step_id, member_id, kind, text, source, delivery_id, at, detail"
}

func (e *RequestEntry) fields() []any {
	return []any{&e.ID, &e.RequestID, &e.StepID, &e.MemberID, &e.Kind, &e.Text, &e.Source, &e.DeliveryID, &e.At, &e.Detail}
}

// RequestCopy is a member who is told of a request and may read it (抄送).
type RequestCopy struct {
	RequestID int64 `gorm:"primaryKey;autoIncrement:false"`
	MemberID  int64 `gorm:"primaryKey;autoIncrement:false"`
	ByID      int64 // who copied him in; 0: the template
	Reason    string
	CreatedAt time.Time
}

// TableName is the table.
func (RequestCopy) TableName() string { return "request_ccs" }

func (*RequestCopy) columns() string { return "request_id, member_id, by_id, reason, created_at" }

func (c *RequestCopy) fields() []any {
	return []any{&c.RequestID, &c.MemberID, &c.ByID, &c.Reason, &c.CreatedAt}
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

// RequestsVoted answers the requests in which a member has given a decision,
// newest first, at most limit.
func (r *Reader) RequestsVoted(member int64, limit int) ([]Request, error) {
	return r.RequestsDecided(member, []DeciderState{DeciderVoted}, limit)
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

// RequestBySpNo answers the request with this number in the built-in 审批 app.
func (r *Reader) RequestBySPNo(number string) (Request, error) {
	q, err := take[Request](r, "WHERE sp_no = ?", number)
	if err != nil {
		return q, fmt.Errorf("request of native approval %s: %w", number, err)
	}
	return q, nil
}

// RequestsOfKind answers the requests of a kind in one of these states, newest
// first, those below the id before (0: all), at most limit.
func (r *Reader) RequestsOfKind(kind string, states []RequestState, before int64, limit int) ([]Request, error) {
	if len(states) == 0 {
		return nil, nil
	}
	args := []any{kind}
	for _, state := range states {
		args = append(args, string(state))
	}
	below := ""
	if before > 0 {
		below, args = " AND id < ?", append(args, before)
	}
	all, err := list[Request](r, "WHERE kind = ? AND state IN "+marks(len(states))+below+" ORDER BY id DESC"+first(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("requests of kind %s: %w", kind, err)
	}
	return all, nil
}

// RequestsCopied answers the requests a member was told of, newest first, at
// most limit.
func (r *Reader) RequestsCopied(member int64, limit int) ([]Request, error) {
	all, err := list[Request](r, "WHERE id IN (SELECT c.request_id FROM request_ccs c WHERE c.member_id = ?) ORDER BY id DESC"+first(limit), member)
	if err != nil {
		return nil, fmt.Errorf("requests member %d was told of: %w", member, err)
	}
	return all, nil
}

// RequestCopies answers who was told of a request, in the order of telling.
func (r *Reader) RequestCopies(request int64) ([]RequestCopy, error) {
	all, err := list[RequestCopy](r, "WHERE request_id = ? ORDER BY created_at, member_id", request)
	if err != nil {
		return nil, fmt.Errorf("copies of request %d: %w", request, err)
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

// CountRequestEntries counts the entries of these kinds in a request's history.
func (r *Reader) CountRequestEntries(request int64, kinds ...RequestEntryKind) (n int, err error) {
	args := []any{request}
	for _, kind := range kinds {
		args = append(args, string(kind))
	}
	if _, err := r.one("SELECT COUNT(*) FROM request_entries WHERE request_id = ? AND kind IN "+marks(len(kinds)), args, &n); err != nil {
		return 0, fmt.Errorf("count the history of request %d: %w", request, err)
	}
	return n, nil
}

// AddRequest stores a new request with its steps.
func (tx *Tx) AddRequest(q *Request, steps []RequestStep) error {
	q.CreatedAt, q.Version = tx.Now(), 1
	if q.Round == 0 {
		q.Round = 1
	}
	var err error
	if q.ID, err = tx.insert(q); err != nil {
		return fmt.Errorf("add request: %w", err)
	}
	return tx.AddRequestSteps(*q, 0, steps)
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

// AddRequestCopy tells a member of a request: he may read it from now on. Done
// already it is ErrDuplicate.
func (tx *Tx) AddRequestCopy(c RequestCopy) error {
	c.CreatedAt = tx.Now()
	if err := put(tx, []RequestCopy{c}); err != nil {
		return fmt.Errorf("copy of request %d: %w", c.RequestID, err)
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
