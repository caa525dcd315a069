package policy

import (
	"fmt"
	"strings"
	"time"
)

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

// Level is a rung of the escalation of S03. Rungs are climbed one by one.
type Level int

// The levels of S03. LevelNone is the state before the reminder.
const (
	LevelNone     Level = -1
	LevelReminder Level = 0 // receiver is reminded, nothing is late yet
	LevelParties  Level = 1 // breach: receiver and sender
	LevelSuperior Level = 2 // 直接上级; for important items at the breach
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

const (
	responseClause = "G1-4.1(4)b"
	// lateness is what separates met from late: breach and escalation run this
	// long after their deadline, so that an act in the very second counts.
	lateness = time.Second
)

// ClassDecision is the class of an item and why.
type ClassDecision struct {
	Basis
	Class Class
	Why   Reason
}

// Class applies X-04: important is 重要 or urgency 高, everything else is normal.
func (e *Engine) Class(i Importance, u Urgency) ClassDecision {
	d := ClassDecision{Basis: e.basis("response", responseClause+" X-04"), Class: Normal}
	important, urgent := i == ImportanceImportant, u == UrgencyHigh
	if important || urgent {
		d.Class = Important
	}
	d.Why = d.root(Note, "等级：%s", d.Class.label())
	d.Why.add(mark(important), "重要性为重要")
	d.Why.add(mark(urgent), "紧急程度为高")
	return d
}

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
	Due      time.Time // an answer within this second is met
	RemindAt time.Time // zero: the rulebook's reminder would not come before Due
	BreachAt time.Time // Due + 1 s
	Steps    []Step    // reminder, breach and every escalation, in order of time
	Why      Reason
}

// Due computes the timetable of an item of class delivered to its receiver at
// delivered. Any class but Important counts as Normal.
func (e *Engine) Due(class Class, delivered time.Time) DueDecision {
	r := e.rules.Response
	d := DueDecision{Class: Normal, Start: e.cal.NextWorking(delivered.Truncate(time.Second))}
	var limit, remind string
	if class == Important {
		d.Class, d.Basis = Important, e.basis("response.important_minutes", responseClause)
		d.Due = e.cal.AddWork(d.Start, minutes(r.ImportantMinutes))
		d.RemindAt = e.cal.AddWork(d.Start, minutes(r.ImportantRemindMinutes))
		limit = fmt.Sprintf("%d 个工作分钟", r.ImportantMinutes)
		remind = fmt.Sprintf("送达后 %d 个工作分钟", r.ImportantRemindMinutes)
	} else {
		d.Basis = e.basis("response.normal_workdays", responseClause)
		d.Due = e.cal.AddWorkdays(d.Start, r.NormalWorkdays)
		d.RemindAt = e.cal.SubWork(d.Due, hours(r.NormalRemindBeforeHours))
		limit = fmt.Sprintf("%d 个工作日", r.NormalWorkdays)
		remind = fmt.Sprintf("到期前 %d 个工作小时", r.NormalRemindBeforeHours)
	}
	return e.timetable(d, delivered, d.Class.label()+"消息，时限 "+limit, remind)
}

// DueWithin computes the timetable of a step or task that has a limit of its
// own, such as one working day for each step of an application (G2-4.2(1)). It
// is reminded of and escalated like a normal item. A zero limit is Due's.
func (e *Engine) DueWithin(limit WorkSpan, class Class, delivered time.Time) DueDecision {
	if limit == (WorkSpan{}) {
		return e.Due(class, delivered)
	}
	before := e.rules.Response.NormalRemindBeforeHours
	d := DueDecision{Class: Normal, Start: e.cal.NextWorking(delivered.Truncate(time.Second)), Basis: e.basis("limit", responseClause)}
	d.Due = e.cal.Add(d.Start, limit)
	d.RemindAt = e.cal.SubWork(d.Due, hours(before))
	return e.timetable(d, delivered, "自带时限 "+limit.Words(), fmt.Sprintf("到期前 %d 个工作小时", before))
}

// NodeLimit is the time an approval node has that names none of its own.
func (e *Engine) NodeLimit() WorkSpan {
	return WorkSpan{Time: hours(e.rules.Approval.NodeLimitHours)}
}

// NodeDue computes the timetable of an approval node: a reminder at its limit
// and the approver's superior at approval.escalate_factor times the limit
// (G2-4.4(3)). Limits of whole working days are reminded of before as well, as
// everything that has days. A zero limit is NodeLimit.
func (e *Engine) NodeDue(limit WorkSpan, delivered time.Time) DueDecision {
	if limit == (WorkSpan{}) {
		limit = e.NodeLimit()
	}
	d := DueDecision{Class: Normal, Start: e.cal.NextWorking(delivered.Truncate(time.Second)), Basis: e.basis("approval.node_limit_hours", "G2-4.4(3)")}
	d.Due = e.cal.Add(d.Start, limit)
	why := "时限短于一个工作日，到期时"
	if before := e.rules.Response.NormalRemindBeforeHours; limit.Time == 0 {
		d.RemindAt = e.cal.SubWork(d.Due, hours(before))
		why = fmt.Sprintf("到期前 %d 个工作小时", before)
	}
	d = e.timetable(d, delivered, "审批时限 "+limit.Words(), why)
	factor := e.rules.Approval.EscalateFactor
	above := e.cal.Add(d.Start, WorkSpan{Workdays: limit.Workdays * factor, Time: limit.Time * time.Duration(factor)})
	further := e.rules.Response.EscalateFurtherAfterWorkdays
	for i := range d.Steps {
		switch d.Steps[i].Level {
		case LevelSuperior:
			d.Steps[i].At = above.Add(lateness)
		case LevelHead:
			d.Steps[i].At = e.after(above, further).Add(lateness)
		}
	}
	d.Why.add(Note, fmt.Sprintf("%d 倍时限 %s 未处理，告知直接上级", factor, e.when(above)))
	return d
}

// timetable adds the rungs and the reasons to a decision whose start, due and
// reminder are known.
func (e *Engine) timetable(d DueDecision, delivered time.Time, limit, remind string) DueDecision {
	d.BreachAt = d.Due.Add(lateness)
	d.Why = d.root(Note, "须在 %s 前回应", e.when(d.Due))
	d.Why.add(Note, "送达 "+e.when(delivered))
	if !d.Start.Equal(delivered.Truncate(time.Second)) {
		d.Why.add(Note, "不在工作时间，从 "+e.when(d.Start)+" 起算")
	}
	d.Why.add(Note, limit)
	if d.RemindAt.After(d.Start) && d.RemindAt.Before(d.Due) {
		d.Why.add(Note, "提醒 "+e.when(d.RemindAt)+"（"+remind+"）")
		d.Steps = append(d.Steps, Step{LevelReminder, d.RemindAt, []Party{Receiver}})
	} else {
		d.RemindAt = time.Time{}
		d.Why.add(No, "提醒（"+remind+"）不在起算与到期之间，不提醒")
	}
	for level := LevelReminder; ; {
		next := e.Escalate(d.Class, level, d.Due)
		if !next.More {
			return d
		}
		d.Steps = append(d.Steps, next.Step)
		d.Why.Of = append(d.Why.Of, Reason{Mark: Note, Text: next.Step.label() + " " + e.when(next.Step.At)})
		level = next.Step.Level
	}
}

// UrgeAgainAt is when a request that was urged may be urged again (G2-4.4(3)).
func (e *Engine) UrgeAgainAt(urged time.Time) time.Time {
	return e.cal.AddWork(urged, hours(e.rules.Approval.UrgeIntervalHours))
}

// EscalateDecision is the next rung above a level; More is false on the last.
type EscalateDecision struct {
	Basis
	More bool
	Step Step
	Why  Reason
}

// Escalate returns the rung that follows level for a clock of class that is or
// was due at due. From LevelNone and LevelReminder that is the breach.
func (e *Engine) Escalate(class Class, level Level, due time.Time) EscalateDecision {
	r := e.rules.Response
	d := EscalateDecision{Basis: e.basis("response", responseClause+" S03"), More: true}
	superior, why := 0, "重要消息在逾期时即告知直接上级"
	if class != Important {
		superior = r.EscalateNormalAfterWorkdays
		why = fmt.Sprintf("普通消息逾期 %d 个工作日后告知直接上级", superior)
	}
	switch {
	case level <= LevelReminder:
		d.Step = Step{LevelParties, due, []Party{Receiver, Sender}}
		why = "到期未回应，告知接收人和发起人"
	case level == LevelParties:
		d.Step = Step{LevelSuperior, e.after(due, superior), []Party{Superior}}
	case level == LevelSuperior:
		further := r.EscalateFurtherAfterWorkdays
		d.Step = Step{LevelHead, e.after(due, superior+further), []Party{Head}}
		why = fmt.Sprintf("告知直接上级后再过 %d 个工作日，告知部门主管", further)
	default:
		d.More = false
		d.Why = d.root(No, "已告知部门主管，不再升级")
		return d
	}
	d.Step.At = d.Step.At.Add(lateness)
	d.Why = d.root(Note, "%s：%s", d.Step.label(), e.when(d.Step.At))
	d.Why.add(Yes, why)
	return d
}

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
// a reply is stopped by a reply only. The act at the instant at is met up to and
// including the second of due. Whether at is a working instant does not matter.
func (e *Engine) Stop(needsReply bool, act Act, due, at time.Time) StopDecision {
	d := StopDecision{Basis: e.basis("response", responseClause), Outcome: Met, StopsNudge: true}
	due, at = due.Truncate(time.Second), at.Truncate(time.Second)
	switch {
	case needsReply && act != Reply:
		d.Outcome = Running
		d.Why = d.root(Note, "继续计时")
		d.Why.add(No, "该事项需要回复，“收到”只停止未收到提醒")
		return d
	case at.After(due):
		d.Outcome = Late
		d.LateBy, d.LateWorking = at.Sub(due), e.cal.WorkBetween(due, at)
		d.Why = d.root(No, "逾期回应")
	default:
		d.Why = d.root(Yes, "按时回应")
	}
	d.Why.add(Note, "到期 "+e.when(due))
	d.Why.add(Note, "回应 "+e.when(at))
	if d.Outcome == Late {
		d.Why.add(Note, "晚了 "+amount(d.LateBy)+"，其中工作时间 "+amount(d.LateWorking))
	}
	return d
}

// UndeliveredAt is the instant after which an item that has not reached its
// receiver since created goes to 部门主管 instead: 10 working minutes.
func (e *Engine) UndeliveredAt(created time.Time) time.Time {
	return e.cal.AddWork(created, minutes(e.rules.Response.UndeliveredMinutes))
}

// InquiryClosesAt is when an answered question closes by itself if the asker
// says neither 已解决 nor 未解决.
func (e *Engine) InquiryClosesAt(answered time.Time) time.Time {
	return e.cal.AddWorkdays(answered, e.rules.Inquiry.CloseWorkdays)
}

// after is due itself, or the end of n further working days.
func (e *Engine) after(due time.Time, n int) time.Time {
	if n == 0 {
		return due
	}
	return e.cal.AddWorkdays(due, n)
}

func (c Class) label() string {
	if c == Important {
		return "重要"
	}
	return "普通"
}

func (s Step) label() string {
	switch s.Level {
	case LevelReminder:
		return "提醒接收人"
	case LevelParties:
		return "逾期，告知接收人和发起人"
	case LevelSuperior:
		return "告知直接上级"
	default:
		return "告知部门主管"
	}
}

// amount writes 1h5m3s as 1 小时 5 分 3 秒.
func amount(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "小时"}, {time.Minute, "分"}, {time.Second, "秒"}} {
		if n := d / unit.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
		}
		d %= unit.size
	}
	if len(parts) == 0 {
		return "0 分"
	}
	return strings.Join(parts, " ")
}

func mark(holds bool) Mark {
	if holds {
		return Yes
	}
	return No
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }
func hours(n int) time.Duration   { return time.Duration(n) * time.Hour }
