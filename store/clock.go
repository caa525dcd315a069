package store

import (
	"fmt"
	"time"
)

// ClockState is where a response clock stands (guide S03).
type ClockState string

// The states of a response clock.
const (
	ClockWaiting   ClockState = "waiting"   // the item has not reached the receiver yet
	ClockRunning   ClockState = "running"   // delivered, nothing heard
	ClockAcked     ClockState = "acked"     // 收到, but an answer is still owed
	ClockBreached  ClockState = "breached"  // past due, still unanswered
	ClockMet       ClockState = "met"       // answered in time
	ClockLate      ClockState = "late"      // answered after it was due
	ClockMoved     ClockState = "moved"     // somebody else owes the answer now
	ClockCancelled ClockState = "cancelled" // no answer is needed any more
	ClockMissed    ClockState = "missed"    // never reached the receiver: nobody's fault
)

// OpenClocks are the states in which an answer is owed.
var OpenClocks = []ClockState{ClockWaiting, ClockRunning, ClockAcked, ClockBreached}

// Clock is one receiver's time to answer one thing (guide ResponseClock). It
// keeps the timetable of the rules it started with.
type Clock struct {
	ID          int64
	SubjectKind string
	SubjectID   int64
	Number      string // what people call the subject
	Title       string
	Class       string // important | normal
	NeedsReply  bool
	App         string
	SenderID    int64
	ReceiverID  int64
	DeputyFor   int64 // the absent member in whose place the receiver stands; 0: none
	State       ClockState
	Level       int    // highest rung reached; -1 before the reminder
	Timetable   string // JSON of the steps, in order of time
	Rule        string
	Rulebook    int // version
	DeliveredAt *time.Time
	DueAt       *time.Time
	AckedAt     *time.Time
	RepliedAt   *time.Time
	BreachedAt  *time.Time // when it was due, not when that was noticed
	EndedAt     *time.Time
	LateSeconds int64
	CreatedAt   time.Time
	Version     int64
	WorkLimit   string // a policy.WorkSpan in place of the class's time; "": by class
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Clock) TableName() string { return "clocks" }

func (*Clock) columns() string {
	return "id, subject_kind, subject_id, number, title, class, needs_reply, app, sender_id, receiver_id, deputy_for, state, level, " +
		"timetable, rule, rulebook, delivered_at, due_at, acked_at, replied_at, breached_at, ended_at, late_seconds, created_at, version, work_limit"
}

func (c *Clock) fields() []any {
	return []any{
		&c.ID, &c.SubjectKind, &c.SubjectID, &c.Number, &c.Title, &c.Class, &c.NeedsReply, &c.App, &c.SenderID, &c.ReceiverID,
		&c.DeputyFor, &c.State, &c.Level, &c.Timetable, &c.Rule, &c.Rulebook, &c.DeliveredAt, &c.DueAt, &c.AckedAt, &c.RepliedAt,
		&c.BreachedAt, &c.EndedAt, &c.LateSeconds, &c.CreatedAt, &c.Version, &c.WorkLimit,
	}
}

// Subject is what must be answered.
func (c Clock) Subject() Subject { return Subject{Kind: c.SubjectKind, ID: c.SubjectID} }

// Open says whether an answer is still owed.
func (c Clock) Open() bool {
	for _, s := range OpenClocks {
		if c.State == s {
			return true
		}
	}
	return false
}

// Clock answers one clock.
func (r *Reader) Clock(id int64) (Clock, error) {
	c, err := take[Clock](r, "WHERE id = ?", id)
	if err != nil {
		return c, fmt.Errorf("clock %d: %w", id, err)
	}
	return c, nil
}

// ClocksOf answers every clock of a subject, oldest first, at most limit.
func (r *Reader) ClocksOf(subject Subject, limit int) ([]Clock, error) {
	all, err := list[Clock](r, "WHERE subject_kind = ? AND subject_id = ? ORDER BY id"+first(limit), subject.Kind, subject.ID)
	if err != nil {
		return nil, fmt.Errorf("clocks of %s: %w", subject, err)
	}
	return all, nil
}

// OpenClocksFor answers what a member owes, oldest first, at most limit; only
// about subjects of these kinds if any are named.
func (r *Reader) OpenClocksFor(member int64, limit int, kinds ...string) ([]Clock, error) {
	about, args := "", []any{member}
	if len(kinds) > 0 {
		about = " AND subject_kind IN " + marks(len(kinds))
	}
	for _, kind := range kinds {
		args = append(args, kind)
	}
	all, err := list[Clock](r, "WHERE receiver_id = ? AND state IN ('waiting', 'running', 'acked', 'breached')"+about+" ORDER BY id"+first(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("open clocks of member %d: %w", member, err)
	}
	return all, nil
}

// OwedAnswer is what 我的待办 shows of an open clock. Reading the few columns it
// needs takes half the time of the whole row.
type OwedAnswer struct {
	SubjectKind string
	Number      string
	Title       string
	State       ClockState
	NeedsReply  bool
	DueAt       *time.Time
}

// TableName is the table it is read from.
func (OwedAnswer) TableName() string { return "clocks" }

func (*OwedAnswer) columns() string { return "subject_kind, number, title, state, needs_reply, due_at" }

func (o *OwedAnswer) fields() []any {
	return []any{&o.SubjectKind, &o.Number, &o.Title, &o.State, &o.NeedsReply, &o.DueAt}
}

// OwedAnswers is OpenClocksFor for a list of what a member owes.
func (r *Reader) OwedAnswers(member int64, limit int) ([]OwedAnswer, error) {
	all, err := list[OwedAnswer](r, "WHERE receiver_id = ? AND state IN ('waiting', 'running', 'acked', 'breached') ORDER BY id"+first(limit), member)
	if err != nil {
		return nil, fmt.Errorf("answers owed by member %d: %w", member, err)
	}
	return all, nil
}

// CountOpenClocksFor counts what a member owes.
func (r *Reader) CountOpenClocksFor(member int64) (int, error) {
	var n int64
	err := r.g.Model(&Clock{}).Where("receiver_id = ? AND state IN ?", member, OpenClocks).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count open clocks of member %d: %w", member, translate(err))
	}
	return int(n), nil
}

// ClockCounts counts the clocks in each open state, for metrics.
func (r *Reader) ClockCounts() (map[ClockState]int64, error) {
	var rows []struct {
		State ClockState
		N     int64
	}
	err := r.g.Model(&Clock{}).Select("state, COUNT(*) AS n").Where("state IN ?", OpenClocks).Group("state").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count clocks: %w", translate(err))
	}
	counts := make(map[ClockState]int64, len(OpenClocks))
	for _, row := range rows {
		counts[row.State] = row.N
	}
	return counts, nil
}

// ClocksBetween answers the clocks delivered in [from, to) to the members
// named (nil: everybody), by id after the given one, at most limit.
func (r *Reader) ClocksBetween(from, to time.Time, members []int64, after int64, limit int) ([]Clock, error) {
	query := r.g.Where("delivered_at >= ? AND delivered_at < ? AND id > ?", cut(from), cut(to), after)
	if members != nil {
		query = query.Where("receiver_id IN ?", members)
	}
	var all []Clock
	if err := query.Order("id").Limit(limit).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("clocks of a period: %w", translate(err))
	}
	return all, nil
}

// AddClock stores a new clock.
func (tx *Tx) AddClock(c *Clock) error {
	c.CreatedAt, c.Version = tx.Now(), 1
	var err error
	if c.ID, err = tx.insert(c); err != nil {
		return fmt.Errorf("add clock: %w", err)
	}
	return nil
}

// SaveClock writes a clock that was read in this transaction; ErrConflict when
// it has changed since.
func (tx *Tx) SaveClock(c *Clock) error {
	old := c.Version
	c.Version++
	n, err := tx.overwrite(c, "id = ? AND version = ?", c.ID, old)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	if err != nil {
		return fmt.Errorf("save clock %d: %w", c.ID, err)
	}
	return nil
}
