package schedule

import (
	"fmt"
	"time"

	"guiju/app/policy"
)

// Cycle is how often a job comes round.
type Cycle int

// The cycles. A Workday is a day that is a working day.
const (
	Hour Cycle = iota
	Day
	Workday
	Week
	Month
	Quarter
	Year
)

// maxSteps bounds a walk from period to period: over two years of days, so a
// calendar without a single working day ends it, or a month of hours.
const maxSteps = 800

// When says in which periods a job is due, and when in each of them.
type When struct {
	cycle   Cycle
	weekday time.Weekday // of a Week
	at      time.Duration
}

// Hourly is every hour, at a minute of it.
func Hourly(minute int) When { return When{cycle: Hour, at: time.Duration(minute) * time.Minute} }

// Daily is every calendar day at a time like "03:00".
func Daily(at string) When { return When{cycle: Day, at: timeOfDay(at)} }

// Workdays is every working day.
func Workdays(at string) When { return When{cycle: Workday, at: timeOfDay(at)} }

// Weekly is one day of each week, working day or not.
func Weekly(day time.Weekday, at string) When {
	return When{cycle: Week, weekday: day, at: timeOfDay(at)}
}

// FirstWorkday is the first working day of each Month, Quarter or Year (guide
// 0.4: 每月, 每季度, 每年).
func FirstWorkday(of Cycle, at string) When {
	if of < Month {
		panic("schedule: first working day of a cycle shorter than a month")
	}
	return When{cycle: of, at: timeOfDay(at)}
}

func timeOfDay(text string) time.Duration {
	at, ok := policy.TimeOfDay(text)
	if !ok {
		panic(fmt.Sprintf("schedule: %q is no time of day", text))
	}
	return at
}

// String is the plan in words: "每季度首个工作日 09:00".
func (w When) String() string {
	if w.cycle == Hour {
		return fmt.Sprintf("每小时第 %d 分", int(w.at.Minutes())%60)
	}
	words := [...]string{Day: "每天", Workday: "工作日", Month: "每月首个工作日", Quarter: "每季度首个工作日", Year: "每年首个工作日"}
	word := words[min(w.cycle, Year)]
	if w.cycle == Week {
		word = "每周" + [...]string{"日", "一", "二", "三", "四", "五", "六"}[w.weekday]
	}
	return fmt.Sprintf("%s %02d:%02d", word, int(w.at.Hours()), int(w.at.Minutes())%60)
}

// Period is one turn of a job: an hour, a day, week, month, quarter or year of the
// company's zone, and the instant in it at which the job is due. A report
// about the past looks at what lies before From.
type Period struct {
	Key  string    // "2026-03-02T10", "2026-03-02", "2026W10", "2026-03", "2026Q2", "2026"
	From time.Time // midnight, or the full hour
	To   time.Time // exclusive
	Due  time.Time
}

// around answers the period that t lies in; false when the job is not due in
// it: a day off, or a month without a working day.
func (w When) around(c *policy.Calendar, t time.Time) (Period, bool) {
	local := t.In(c.Location())
	y, m, d := local.Date()
	date := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, c.Location()) }
	var p Period
	switch w.cycle {
	case Hour:
		p.From = time.Date(y, m, d, local.Hour(), 0, 0, 0, c.Location())
		p.To, p.Key = p.From.Add(time.Hour), p.From.Format("2006-01-02T15")
		p.Due = p.From.Add(w.at % time.Hour)
		return p, true
	case Week:
		monday := d - (int(local.Weekday())+6)%7
		p.From, p.To = date(y, m, monday), date(y, m, monday+7)
		year, week := p.From.ISOWeek()
		p.Key = fmt.Sprintf("%dW%02d", year, week)
		due := date(y, m, monday+(int(w.weekday)+6)%7)
		p.Due = w.on(due)
		return p, true
	case Month:
		p = Period{Key: local.Format("2006-01"), From: date(y, m, 1), To: date(y, m+1, 1)}
	case Quarter:
		q := (m - 1) / 3
		p = Period{Key: fmt.Sprintf("%dQ%d", y, q+1), From: date(y, 3*q+1, 1), To: date(y, 3*q+4, 1)}
	case Year:
		p = Period{Key: local.Format("2006"), From: date(y, 1, 1), To: date(y+1, 1, 1)}
	default:
		p = Period{Key: local.Format(time.DateOnly), From: date(y, m, d), To: date(y, m, d+1)}
		p.Due = w.on(p.From)
		return p, w.cycle == Day || c.IsWorkday(p.From)
	}
	for day := p.From; day.Before(p.To); day = day.AddDate(0, 0, 1) {
		if c.IsWorkday(day) {
			p.Due = w.on(day)
			return p, true
		}
	}
	return p, false
}

// on is the due instant of a day, by its wall clock.
func (w When) on(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, int(w.at/time.Minute), 0, 0, day.Location())
}

// next is the first period that falls due after t.
func (w When) next(c *policy.Calendar, t time.Time) (Period, bool) {
	at := t
	for range maxSteps {
		p, ok := w.around(c, at)
		if ok && p.Due.After(t) {
			return p, true
		}
		at = p.To
	}
	return Period{}, false
}

// latest is the last period that fell due at t or before.
func (w When) latest(c *policy.Calendar, t time.Time) (Period, bool) {
	at := t
	for range maxSteps {
		p, ok := w.around(c, at)
		if ok && !p.Due.After(t) {
			return p, true
		}
		at = p.From.Add(-time.Nanosecond)
	}
	return Period{}, false
}
