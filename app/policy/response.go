package policy

import "time"

// Importance of an item (重要性).
type Importance string

// Urgency of an item (紧急程度).
type Urgency string

// The values of importance and urgency. The zero values count as normal and medium.
const (
	ImportanceNormal    Importance = "normal"
	ImportanceImportant Importance = "important"

	UrgencyLow    Urgency = "low"
	UrgencyMedium Urgency = "medium"
	UrgencyHigh   Urgency = "high"
)

// Class decides the response time of an item.
type Class string

// The two classes.
const (
	Important Class = "important"
	Normal    Class = "normal"
)

// ClassDecision is the class of an item and why.
type ClassDecision struct {
	Basis
	Class Class
	Why   Reason
}

// Class applies X-04: important is 重要 or urgency 高, everything else is normal.
func (e *Engine) Class(i Importance, u Urgency) ClassDecision { panic("todo") }

// Level is a rung of the escalation of S03.
type Level int

// The levels of S03. LevelNone is the state before the reminder.
const (
	LevelNone     Level = -1
	LevelReminder Level = 0 // receiver is reminded, nothing is late yet
	LevelParties  Level = 1 // breach: receiver and sender
	LevelSuperior Level = 2 // 直接上级
	LevelHead     Level = 3 // 部门主管
)

// Party is a role a person has towards one response clock.
type Party string

// The parties an escalation speaks to.
const (
	Receiver Party = "receiver"
	Sender   Party = "sender"
	Superior Party = "superior" // the receiver's 直接上级
	Head     Party = "head"     // the receiver's 部门主管
)

// Step is one rung: who is told, and when.
type Step struct {
	Level Level     `json:"level"`
	At    time.Time `json:"at"`
	Tell  []Party   `json:"tell"`
}

// DueDecision is the timetable of one response clock. All instants are whole seconds.
type DueDecision struct {
	Basis
	Class    Class
	Start    time.Time // working instant of delivery
	Due      time.Time // an answer at this second is met
	RemindAt time.Time // not before Start, before Due
	BreachAt time.Time // Due + 1 s
	Steps    []Step    // reminder, breach and every escalation, in order of time
	Why      Reason
}

// Due computes the timetable of an item of class delivered to its receiver at delivered.
func (e *Engine) Due(class Class, delivered time.Time) DueDecision { panic("todo") }

// EscalateDecision is the next rung above a level; More is false on the last.
type EscalateDecision struct {
	Basis
	More bool
	Step Step
	Why  Reason
}

// Escalate returns the rung that follows level for a clock of class that is or
// was due at due. From LevelNone and LevelReminder that is the breach.
func (e *Engine) Escalate(class Class, level Level, due time.Time) EscalateDecision { panic("todo") }

// Act is what a receiver does about an item.
type Act string

// The acts that touch a response clock.
const (
	Ack   Act = "ack"   // 收到
	Reply Act = "reply" // 回复
)

// Outcome of a response clock.
type Outcome string

// The outcomes of an act. Running means the clock goes on.
const (
	Running Outcome = "running"
	Met     Outcome = "met"
	Late    Outcome = "late"
)

// StopDecision says what an act does to a clock.
type StopDecision struct {
	Basis
	Outcome     Outcome       // Running: the act did not stop the clock
	StopsNudge  bool          // the not-received reminder is no longer needed
	LateBy      time.Duration // elapsed time after due; zero unless Late
	LateWorking time.Duration // the working time of it
	Why         Reason
}

// Stop applies G1-4.1(4)b: 收到 stops a clock that needs no reply; one that needs
// a reply is stopped by a reply only. The instant at is met up to and including
// the second of due.
func (e *Engine) Stop(needsReply bool, act Act, due, at time.Time) StopDecision { panic("todo") }

// UndeliveredAt is the instant after which an item that has not reached its
// receiver since created goes to 部门主管 instead (design: 10 working minutes).
func (e *Engine) UndeliveredAt(created time.Time) time.Time { panic("todo") }

// InquiryClosesAt is when an answered question closes by itself if the asker
// says neither 已解决 nor 未解决.
func (e *Engine) InquiryClosesAt(answered time.Time) time.Time { panic("todo") }
