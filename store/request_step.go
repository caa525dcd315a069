package store

import (
	"fmt"
	"time"
)

// StepState is where one step of a request stands.
type StepState string

// The states of a step.
const (
	StepWaiting  StepState = "waiting" // an earlier one is current
	StepCurrent  StepState = "current"
	StepApproved StepState = "approved"
	StepRejected StepState = "rejected"
	StepSkipped  StepState = "skipped"  // merged with the one before, or the round ended earlier
	StepReturned StepState = "returned" // sent the request back
)

// StepMode is how the decisions of a step's people become one.
type StepMode string

// The modes of a step.
const (
	StepAny      StepMode = "any"      // 或签: the first decision counts
	StepAll      StepMode = "all"      // 会签: every one must agree, one refusal ends it
	StepSequence StepMode = "sequence" // 依次: one after the other, every one must agree
	StepShare    StepMode = "share"    // 票签: Share percent of the votes must be yes
	StepCopy     StepMode = "copy"     // nobody decides: its people are told when it is reached (抄送)
)

// StepAdded is the origin of a step that is not of the template: 加签.
const StepAdded = "added"

// RequestStep is one decision of a request. The steps of a round are followed
// by those of the next; what was decided stays.
type RequestStep struct {
	ID        int64
	RequestID int64
	Position  int64 // 0 first
	Name      string
	Whom      string // resolved to people when the step is entered
	Also      string // further ones, one a line, each resolved on its own
	Beside    string // who was added to decide with them (加签), one a line
	Command   string // what approves it instead of 审批: "已开通"
	WorkLimit string // the time to decide, a policy.WorkSpan; "": by class
	State     StepState
	Reason    string // why somebody else decides, or why it was skipped
	Phase     int64  // grows whenever older buttons must stop working
	EnteredAt *time.Time
	DecidedAt *time.Time
	DecidedBy int64 // 0: nobody yet, or nobody had to
	Opinion   string

	Key     string `gorm:"column:step_key"` // of the node in the template; "": by position
	Mode    StepMode
	Share   int64  // percent of yes votes, of StepShare
	Origin  string // "": the template; StepAdded
	Round   int64  // 1 first
	AddedBy int64  // who added it; 0: nobody
}

// TableName is the table.
func (RequestStep) TableName() string { return "request_steps" }

func (*RequestStep) columns() string {
	return "id, request_id, position, name, whom, command, work_limit, state, reason, phase, entered_at, decided_at, decided_by, opinion, " +
		"also, beside, step_key, mode, share, origin, round, added_by"
}

func (s *RequestStep) fields() []any {
	return []any{
		&s.ID, &s.RequestID, &s.Position, &s.Name, &s.Whom, &s.Command, &s.WorkLimit, &s.State, &s.Reason, &s.Phase,
		&s.EnteredAt, &s.DecidedAt, &s.DecidedBy, &s.Opinion, &s.Also, &s.Beside, &s.Key, &s.Mode, &s.Share, &s.Origin, &s.Round, &s.AddedBy,
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
	DeciderEnded  DeciderState = "ended"  // the step is over without a decision of his
	DeciderQueued DeciderState = "queued" // his turn has not come
	DeciderVoted  DeciderState = "voted"  // he has decided
)

// Decision is what one decider said.
type Decision string

// The decisions. The zero value is none.
const (
	DecisionApproved Decision = "approved"
	DecisionRejected Decision = "rejected"
	DecisionReturned Decision = "returned"
)

// RequestDecider is one of the members who may decide a step.
type RequestDecider struct {
	StepID    int64 `gorm:"primaryKey;autoIncrement:false"`
	MemberID  int64 `gorm:"primaryKey;autoIncrement:false"`
	RequestID int64
	DeputyFor int64 // in whose place; 0: his own
	State     DeciderState
	CreatedAt time.Time
	Decision  Decision
	Opinion   string
	DecidedAt *time.Time
	Turn      int64 // the order in which a sequence asks: 1 first; 0 elsewhere
	AddedBy   int64 // who added him beside the others (加签); 0: he is of the step
}

// TableName is the table.
func (RequestDecider) TableName() string { return "request_deciders" }

func (*RequestDecider) columns() string {
	return "step_id, member_id, request_id, deputy_for, state, created_at, decision, opinion, decided_at, turn, added_by"
}

func (d *RequestDecider) fields() []any {
	return []any{&d.StepID, &d.MemberID, &d.RequestID, &d.DeputyFor, &d.State, &d.CreatedAt, &d.Decision, &d.Opinion, &d.DecidedAt, &d.Turn, &d.AddedBy}
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

// AddRequestSteps adds steps to a request, the first at position from.
func (tx *Tx) AddRequestSteps(q Request, from int64, steps []RequestStep) error {
	var err error
	for i := range steps {
		s := &steps[i]
		s.RequestID, s.Position, s.State = q.ID, from+int64(i), StepWaiting
		if s.Round == 0 {
			s.Round = q.Round
		}
		if s.Mode == "" {
			s.Mode = StepAny
		}
		if s.ID, err = tx.insert(s); err != nil {
			return fmt.Errorf("add step %d of request %d: %w", s.Position, q.ID, err)
		}
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
	if err := put(tx, []RequestDecider{d}, "deputy_for", "state", "decision", "opinion", "decided_at", "turn", "added_by"); err != nil {
		return fmt.Errorf("decider of request %d: %w", d.RequestID, err)
	}
	return nil
}

// EndRequestDeciders ends what is open or still to come of a step's deciders.
func (tx *Tx) EndRequestDeciders(step int64) error {
	_, err := tx.exec("UPDATE request_deciders SET state = ? WHERE step_id = ? AND state IN (?, ?)",
		string(DeciderEnded), step, string(DeciderOpen), string(DeciderQueued))
	if err != nil {
		return fmt.Errorf("end deciders of step %d: %w", step, err)
	}
	return nil
}
