package policy

import (
	"slices"
	"time"
)

// horizon bounds every search through the calendar, in days. An amount of work
// that would reach further ends there: about 20 years.
const horizon = 7305

// Calendar knows the company's working time (guide.md 0.4). Working instants
// are start ≤ t < end of a span. It is immutable and safe for concurrent use.
// Results are in the company's time zone.
type Calendar struct {
	loc      *time.Location
	weekdays [7]bool      // by time.Weekday
	special  map[day]bool // dates that differ from their weekday: true is a working day
	spans    []span       // sorted, disjoint, not touching
	standard time.Duration
	cn       bool         // holidays include HolidaysCN
	known    map[int]bool // years with holiday data
}

// day is a civil date as the number of days since 1970-01-01.
type day int

// span is a part of a day in minutes since midnight, start ≤ t < end.
type span struct{ start, end int }

// Location is the company's time zone.
func (c *Calendar) Location() *time.Location { return c.loc }

// Moment is an instant as members read it, in the company's time: 3月9日 10:00.
func (c *Calendar) Moment(t time.Time) string { return t.In(c.loc).Format("1月2日 15:04") }

// Workday is the working time of one standard day: 9 h with the defaults.
func (c *Calendar) Workday() time.Duration { return c.standard }

// IsWorkday reports whether t's date is a working day.
func (c *Calendar) IsWorkday(t time.Time) bool { return c.works(dayOf(t.In(c.loc))) }

// IsWorking reports whether t is a working instant.
func (c *Calendar) IsWorking(t time.Time) bool {
	d := dayOf(t.In(c.loc))
	if !c.works(d) {
		return false
	}
	for _, s := range c.spans {
		if start, end := c.bounds(d, s); !t.Before(start) && t.Before(end) {
			return true
		}
	}
	return false
}

// NextWorking returns t if it is a working instant, else the next opening.
func (c *Calendar) NextWorking(t time.Time) time.Time {
	t = c.local(t)
	first := dayOf(t)
	for d := first; d < first+horizon; d++ {
		if !c.works(d) {
			continue
		}
		for _, s := range c.spans {
			if start, end := c.bounds(d, s); t.Before(end) {
				return later(start, t)
			}
		}
	}
	return c.midnight(first + horizon)
}

// NextWorkday returns the first opening of the first working day after t's date.
func (c *Calendar) NextWorkday(t time.Time) time.Time {
	return c.NextWorking(c.midnight(dayOf(c.local(t)) + 1))
}

// AddWork moves t to the next working instant and adds d of working time. A
// result that falls on closing time stays there. A negative d is SubWork.
func (c *Calendar) AddWork(t time.Time, d time.Duration) time.Time {
	if d < 0 {
		return c.SubWork(t, -d)
	}
	t = c.NextWorking(t)
	if d == 0 {
		return t
	}
	first := dayOf(t)
	for at := first; at < first+horizon; at++ {
		if !c.works(at) {
			continue
		}
		for _, s := range c.spans {
			start, end := c.bounds(at, s)
			start = later(start, t)
			free := end.Sub(start)
			if free <= 0 {
				continue
			}
			if d <= free {
				return start.Add(d)
			}
			d -= free
		}
	}
	return c.midnight(first + horizon)
}

// AddWorkdays adds n standard working days; a negative n goes back.
func (c *Calendar) AddWorkdays(t time.Time, n int) time.Time {
	n = max(-horizon, min(n, horizon)) // beyond it the product could overflow
	return c.AddWork(t, time.Duration(n)*c.standard)
}

// Add adds an amount given in the rulebook.
func (c *Calendar) Add(t time.Time, s WorkSpan) time.Time {
	return c.AddWork(t, c.Amount(s))
}

// Sub takes away an amount given in the rulebook.
func (c *Calendar) Sub(t time.Time, s WorkSpan) time.Time {
	return c.SubWork(t, c.Amount(s))
}

// Amount is the working time of s.
func (c *Calendar) Amount(s WorkSpan) time.Duration {
	return time.Duration(s.Workdays)*c.standard + s.Time
}

// SubWork returns the latest instant from which d of working time passes until
// t: the start of a reminder "2 working hours before". SubWork(t, 0) is t.
func (c *Calendar) SubWork(t time.Time, d time.Duration) time.Time {
	if d < 0 {
		return c.AddWork(t, -d)
	}
	t = c.local(t)
	if d == 0 {
		return t
	}
	last := dayOf(t)
	for at := last; at > last-horizon; at-- {
		if !c.works(at) {
			continue
		}
		for _, s := range slices.Backward(c.spans) {
			start, end := c.bounds(at, s)
			if t.Before(end) {
				end = t
			}
			free := end.Sub(start)
			if free <= 0 {
				continue
			}
			if d <= free {
				return end.Add(-d)
			}
			d -= free
		}
	}
	return c.midnight(last - horizon)
}

// WorkBetween is the working time from a to b; negative if b is before a. Of
// instants further apart than 20 years only the first 20 years count.
func (c *Calendar) WorkBetween(a, b time.Time) time.Duration {
	if b.Before(a) {
		return -c.WorkBetween(b, a)
	}
	a, b = c.local(a), c.local(b)
	first, last := dayOf(a), dayOf(b)
	var sum time.Duration
	for d := first; d <= last && d < first+horizon; d++ {
		if !c.works(d) {
			continue
		}
		for _, s := range c.spans {
			start, end := c.bounds(d, s)
			start = later(start, a)
			if b.Before(end) {
				end = b
			}
			sum += max(0, end.Sub(start))
		}
	}
	return sum
}

// MissingYears lists the years, of now's and the next, for which the calendar
// is to follow China's public holidays and has no data: they are announced each
// autumn and need a newer program or a list in calendar.holidays.
func (c *Calendar) MissingYears(now time.Time) []int {
	if !c.cn {
		return nil
	}
	var missing []int
	year := now.In(c.loc).Year()
	for _, y := range []int{year, year + 1} {
		if !c.known[y] {
			missing = append(missing, y)
		}
	}
	return missing
}

// works reports whether d is a working day.
func (c *Calendar) works(d day) bool {
	if w, ok := c.special[d]; ok {
		return w
	}
	return c.weekdays[d.weekday()]
}

// bounds are the instants at which s starts and ends on d. They are taken from
// the wall clock, so a change to summer time moves them as it moves people.
func (c *Calendar) bounds(d day, s span) (start, end time.Time) {
	y, m, dd := d.date()
	return time.Date(y, m, dd, 0, s.start, 0, 0, c.loc), time.Date(y, m, dd, 0, s.end, 0, 0, c.loc)
}

func (c *Calendar) midnight(d day) time.Time {
	y, m, dd := d.date()
	return time.Date(y, m, dd, 0, 0, 0, 0, c.loc)
}

// local strips the monotonic reading: business time is not machine time.
func (c *Calendar) local(t time.Time) time.Time { return t.Round(0).In(c.loc) }

// dayOf is the civil date of t in t's own location.
func dayOf(t time.Time) day {
	y, m, d := t.Date()
	return dateDay(y, m, d)
}

func dateDay(y int, m time.Month, d int) day {
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func (d day) date() (int, time.Month, int) {
	return time.Unix(int64(d)*86400, 0).UTC().Date()
}

// weekday: 1970-01-01 was a Thursday.
func (d day) weekday() time.Weekday {
	return time.Weekday(((int(d)+int(time.Thursday))%7 + 7) % 7)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
