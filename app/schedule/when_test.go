package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
	"guiju/app/rulebook"
)

// calendar is the company's, with holidays of the test's own.
func calendar(t *testing.T, overrides string) *policy.Calendar {
	t.Helper()
	return engine(t, overrides).Calendar()
}

func engine(t *testing.T, overrides string) *policy.Engine {
	t.Helper()
	book, err := rulebook.Parse("test.yaml", []byte(overrides))
	require.NoError(t, err)
	return book.Engine
}

func at(c *policy.Calendar, text string) time.Time {
	when, err := time.ParseInLocation("2006-01-02 15:04", text, c.Location())
	if err != nil {
		panic(err)
	}
	return when
}

func TestNextTurnAcrossMonthsQuartersAndHolidays(t *testing.T) {
	c := calendar(t, `
calendar:
  holidays: [2026-01-01, 2026-01-02, 2026-04-01, 2026-04-06, 2026-10-01, 2026-10-02, 2026-10-05, 2026-10-06, 2026-10-07]
  makeup_workdays: [2026-10-10]
`)
	for _, k := range []struct{ when, after, key, due string }{
		{"hour", "2026-03-02 10:00", "2026-03-02T10", "2026-03-02 10:20"},
		{"hour", "2026-03-02 10:20", "2026-03-02T11", "2026-03-02 11:20"},
		{"hour", "2026-03-02 23:59", "2026-03-03T00", "2026-03-03 00:20"},
		{"day", "2026-03-02 02:59", "2026-03-02", "2026-03-02 03:00"},
		{"day", "2026-03-02 03:00", "2026-03-03", "2026-03-03 03:00"},
		{"day", "2026-02-28 12:00", "2026-03-01", "2026-03-01 03:00"},
		{"day", "2026-12-31 23:59", "2027-01-01", "2027-01-01 03:00"},
		{"workday", "2026-03-06 09:00", "2026-03-09", "2026-03-09 09:00"}, // Friday → Monday
		{"workday", "2026-04-03 10:00", "2026-04-07", "2026-04-07 09:00"}, // 清明
		{"workday", "2026-10-09 09:00", "2026-10-10", "2026-10-10 09:00"}, // Saturday made up for
		{"week", "2026-03-02 09:29", "2026W10", "2026-03-02 09:30"},       // Monday
		{"week", "2026-03-02 09:30", "2026W11", "2026-03-09 09:30"},       // a week on
		{"week", "2026-12-29 00:00", "2027W01", "2027-01-04 09:30"},       // ISO week of the next year
		{"month", "2026-03-02 08:59", "2026-03", "2026-03-02 09:00"},      // the first is a Sunday
		{"month", "2026-03-02 09:00", "2026-04", "2026-04-02 09:00"},      // the first is a holiday
		{"month", "2026-09-01 09:00", "2026-10", "2026-10-08 09:00"},      // 国庆
		{"quarter", "2026-01-01 00:00", "2026Q1", "2026-01-05 09:00"},     // 元旦 and a weekend
		{"quarter", "2026-03-31 18:00", "2026Q2", "2026-04-02 09:00"},     //
		{"quarter", "2026-08-15 00:00", "2026Q4", "2026-10-08 09:00"},     //
		{"quarter", "2026-10-08 09:00", "2027Q1", "2027-01-01 09:00"},     // Friday; this company works
		{"year", "2026-01-05 09:00", "2027", "2027-01-01 09:00"},          //
		{"year", "2025-12-31 09:00", "2026", "2026-01-05 09:00"},          //
	} {
		p, ok := plan(k.when).next(c, at(c, k.after))
		require.True(t, ok)
		require.Equal(t, k.key, p.Key, "%s after %s", k.when, k.after)
		require.Equal(t, k.due, p.Due.Format("2006-01-02 15:04"), "%s after %s", k.when, k.after)
		require.False(t, p.Due.Before(p.From))
		require.True(t, p.Due.Before(p.To))

		same, ok := plan(k.when).around(c, p.From)
		require.True(t, ok)
		require.Equal(t, p, same, "a period is found by its start")
		newest, ok := plan(k.when).latest(c, p.Due)
		require.True(t, ok)
		require.Equal(t, p, newest, "what has just fallen due is the newest")
		before, ok := plan(k.when).latest(c, p.Due.Add(-time.Minute))
		require.True(t, ok)
		require.True(t, before.Due.Before(p.Due))
		require.NotEqual(t, p.Key, before.Key)
	}
}

func plan(name string) When {
	return map[string]When{
		"hour": Hourly(20), "day": Daily("03:00"), "workday": Workdays("09:00"), "week": Weekly(time.Monday, "09:30"),
		"month": FirstWorkday(Month, "09:00"), "quarter": FirstWorkday(Quarter, "09:00"), "year": FirstWorkday(Year, "09:00"),
	}[name]
}

func TestNoWorkingDayEndsTheSearch(t *testing.T) {
	var holidays string
	for day := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC); day.Month() == time.February; day = day.AddDate(0, 0, 1) {
		holidays += day.Format("2006-01-02") + ", "
	}
	c := calendar(t, "calendar: {holidays: ["+holidays+"2020-01-01]}")
	p, ok := plan("month").next(c, at(c, "2026-01-31 00:00"))
	require.True(t, ok)
	require.Equal(t, "2026-03", p.Key, "a month without a working day has no turn")
	_, ok = plan("month").around(c, at(c, "2026-02-10 00:00"))
	require.False(t, ok)
}

func TestPlansInWords(t *testing.T) {
	for want, w := range map[string]When{
		"每天 03:00": Daily("03:00"), "工作日 09:00": Workdays("09:00"), "每周一 09:30": Weekly(time.Monday, "09:30"),
		"每周日 00:05": Weekly(time.Sunday, "00:05"), "每月首个工作日 09:00": FirstWorkday(Month, "09:00"),
		"每季度首个工作日 09:00": FirstWorkday(Quarter, "09:00"), "每年首个工作日 18:45": FirstWorkday(Year, "18:45"),
	} {
		require.Equal(t, want, w.String())
	}
	require.Panics(t, func() { Daily("3:00") })
	require.Panics(t, func() { Daily("24:00") })
	require.Panics(t, func() { FirstWorkday(Day, "09:00") })
}
