package policy

import "time"

// Calendar knows the company's working time (guide.md 0.4). Working instants
// are start ≤ t < end of a span. It is immutable and safe for concurrent use.
type Calendar struct{}

// Location is the company's time zone.
func (c *Calendar) Location() *time.Location { panic("todo") }

// IsWorkday reports whether t's date is a working day.
func (c *Calendar) IsWorkday(t time.Time) bool { panic("todo") }

// IsWorking reports whether t is a working instant.
func (c *Calendar) IsWorking(t time.Time) bool { panic("todo") }

// Workday is the working time of one standard day: 9 h with the defaults.
func (c *Calendar) Workday() time.Duration { panic("todo") }

// NextWorking returns t if it is a working instant, else the next opening.
func (c *Calendar) NextWorking(t time.Time) time.Time { panic("todo") }

// AddWork moves t to the next working instant and adds d of working time. A
// result that falls on closing time stays there.
func (c *Calendar) AddWork(t time.Time, d time.Duration) time.Time { panic("todo") }

// AddWorkdays adds n standard working days.
func (c *Calendar) AddWorkdays(t time.Time, n int) time.Time { panic("todo") }

// Add adds an amount given in the rulebook.
func (c *Calendar) Add(t time.Time, s WorkSpan) time.Time { panic("todo") }

// SubWork returns the latest instant from which d of working time passes until t.
func (c *Calendar) SubWork(t time.Time, d time.Duration) time.Time { panic("todo") }

// WorkBetween is the working time from a to b; negative if b is before a.
func (c *Calendar) WorkBetween(a, b time.Time) time.Duration { panic("todo") }

// NextWorkday returns the first opening of the first working day after t's date.
func (c *Calendar) NextWorkday(t time.Time) time.Time { panic("todo") }

// MissingYears lists the years, of now's and the next, for which the calendar
// needs China's public holidays and has none.
func (c *Calendar) MissingYears(now time.Time) []int { panic("todo") }
