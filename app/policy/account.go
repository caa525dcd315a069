package policy

import "time"

// StopAt is the instant at which the access of somebody ends whose last working
// day is day's date (account.stop_time).
func (e *Engine) StopAt(day time.Time) time.Time {
	minutes, _ := parseClock(e.rules.Account.StopTime) // checked by Compile
	d := day.In(e.cal.loc)
	return time.Date(d.Year(), d.Month(), d.Day(), 0, minutes, 0, 0, e.cal.loc)
}

// ActivatedBy is when an account that came into being at an instant should have
// been activated (account.activation_days).
func (e *Engine) ActivatedBy(at time.Time) time.Time {
	return e.cal.Add(at, e.rules.Account.ActivationDays)
}

// FirstWeekAt is when somebody who joined at an instant is asked after
// (account.first_week_days).
func (e *Engine) FirstWeekAt(at time.Time) time.Time {
	return e.cal.Add(at, e.rules.Account.FirstWeekDays)
}
