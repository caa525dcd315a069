package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"guiju/app/policy"
)

func lunch(r *policy.Rules) { r.Calendar.Hours = []string{"13:00-18:00", "09:00-12:00"} }
func china(r *policy.Rules) { r.Calendar.Holidays = policy.Holidays{policy.HolidaysCN} }

func TestAddWork(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*policy.Rules)
		from string
		add  time.Duration
		want string
	}{
		"inside hours":                   {nil, "Mon 10:00", 30 * time.Minute, "Mon 10:30"},
		"over night":                     {nil, "Mon 17:50", 30 * time.Minute, "Tue 09:20"},
		"over the weekend":               {nil, "Fri 17:50", 30 * time.Minute, "+Mon 09:20"},
		"on closing time stays":          {nil, "Mon 17:30", 30 * time.Minute, "Mon 18:00"},
		"closing time is not working":    {nil, "Mon 18:00", 30 * time.Minute, "Tue 09:30"},
		"before opening":                 {nil, "Mon 03:00", time.Second, "Mon 09:00:01"},
		"nothing, in hours":              {nil, "Mon 10:00", 0, "Mon 10:00"},
		"nothing, out of hours":          {nil, "Sat 10:00", 0, "+Mon 09:00"},
		"a full week":                    {nil, "Mon 09:00", 45 * time.Hour, "Fri 18:00"},
		"a full week and a second":       {nil, "Mon 09:00", 45*time.Hour + time.Second, "+Mon 09:00:01"},
		"lunch is cut out":               {lunch, "Mon 11:45", 30 * time.Minute, "Mon 13:15"},
		"on the end of the morning":      {lunch, "Mon 11:30", 30 * time.Minute, "Mon 12:00"},
		"in lunch":                       {lunch, "Mon 12:30", 30 * time.Minute, "Mon 13:30"},
		"touching spans are one":         {func(r *policy.Rules) { r.Calendar.Hours = []string{"09:00-12:00", "12:00-18:00"} }, "Mon 11:30", time.Hour, "Mon 12:30"},
		"until midnight":                 {func(r *policy.Rules) { r.Calendar.Hours = []string{"00:00-24:00"} }, "Mon 23:30", time.Hour, "Tue 00:30"},
		"spring festival and its 调休":     {china, "2026-02-14 17:30", time.Hour, "2026-02-24 09:30"},
		"a make-up saturday is worked":   {china, "2026-02-13 17:30", time.Hour, "2026-02-14 09:30"},
		"national day":                   {china, "2026-09-30 17:30", time.Hour, "2026-10-08 09:30"},
		"listed dates correct the data":  {func(r *policy.Rules) { r.Calendar.Holidays = policy.Holidays{"cn", "2026-02-24"} }, "2026-02-14 17:30", time.Hour, "2026-02-25 09:30"},
		"make-up days win over holidays": {func(r *policy.Rules) { china(r); r.Calendar.MakeupWorkdays = []string{"2026-02-17"} }, "2026-02-14 17:30", time.Hour, "2026-02-17 09:30"},
		"negative goes back":             {nil, "Tue 09:20", -30 * time.Minute, "Mon 17:50"},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine(t)
			if c.edit != nil {
				e = engine(t, c.edit)
			}
			equalTime(t, c.want, e.Calendar().AddWork(at(t, c.from), c.add))
		})
	}
}

func TestAddWorkdaysUsesTheStandardDay(t *testing.T) {
	c := engine(t, lunch).Calendar()
	require.Equal(t, 8*time.Hour, c.Workday())
	equalTime(t, "Tue 15:00", c.AddWorkdays(at(t, "Mon 15:00"), 1))
	equalTime(t, "Mon 18:00", c.AddWorkdays(at(t, "Mon 07:00"), 1))
	equalTime(t, "Mon 15:00", c.AddWorkdays(at(t, "Tue 15:00"), -1))
	equalTime(t, "Wed 11:00", c.Add(at(t, "Mon 10:00"), policy.WorkSpan{Workdays: 2, Time: time.Hour}))
}

func TestSubWork(t *testing.T) {
	c := engine(t).Calendar()
	for _, row := range []struct{ from, want string }{
		{"Mon 18:00", "Mon 16:00"},
		{"Tue 10:00", "Mon 17:00"},
		{"Tue 11:00", "Tue 09:00"},
		{"Tue 09:00", "Mon 16:00"},
		{"Sun 12:00", "Fri 16:00"},
		{"+Mon 10:00", "Fri 17:00"},
	} {
		equalTime(t, row.want, c.SubWork(at(t, row.from), 2*time.Hour))
	}
	equalTime(t, "Sun 12:00", c.SubWork(at(t, "Sun 12:00"), 0))
}

func TestWorkBetween(t *testing.T) {
	c := engine(t, lunch).Calendar()
	require.Equal(t, 8*time.Hour, c.WorkBetween(at(t, "Mon 00:00"), at(t, "Tue 00:00")))
	require.Equal(t, 40*time.Hour, c.WorkBetween(at(t, "Mon 09:00"), at(t, "+Mon 09:00")))
	require.Equal(t, 30*time.Minute, c.WorkBetween(at(t, "Mon 11:45"), at(t, "Mon 13:15")))
	require.Equal(t, -30*time.Minute, c.WorkBetween(at(t, "Mon 13:15"), at(t, "Mon 11:45")))
	require.Zero(t, c.WorkBetween(at(t, "Sat 00:00"), at(t, "+Mon 09:00")))
}

func TestIsWorkingIsHalfOpen(t *testing.T) {
	c := engine(t).Calendar()
	require.False(t, c.IsWorking(at(t, "Mon 08:59:59")))
	require.True(t, c.IsWorking(at(t, "Mon 09:00")))
	require.True(t, c.IsWorking(at(t, "Mon 17:59:59")))
	require.False(t, c.IsWorking(at(t, "Mon 18:00")))
	require.False(t, c.IsWorking(at(t, "Sat 10:00")))
	require.True(t, c.IsWorkday(at(t, "Mon 03:00")))
	require.True(t, c.IsWorking(at(t, "Mon 10:00").UTC()), "the zone of the argument does not matter")
	equalTime(t, "+Mon 09:00", c.NextWorkday(at(t, "Fri 08:00")))
}

func TestMissingYears(t *testing.T) {
	require.Equal(t, []int{2027}, engine(t, china).Calendar().MissingYears(at(t, "2026-11-02 10:00")))
	require.Empty(t, engine(t, china).Calendar().MissingYears(at(t, "2025-11-03 10:00")))
	require.Empty(t, engine(t).Calendar().MissingYears(at(t, "2026-11-02 10:00")), "without cn nothing is missing")
	listed := engine(t, func(r *policy.Rules) { r.Calendar.Holidays = policy.Holidays{"cn", "2027-01-01"} })
	require.Empty(t, listed.Calendar().MissingYears(at(t, "2026-11-02 10:00")))
}

func TestSearchesAreBounded(t *testing.T) {
	c := engine(t).Calendar()
	start := at(t, "Mon 10:00")
	far := c.AddWork(start, 1<<62)
	require.True(t, far.After(start.AddDate(19, 0, 0)) && far.Before(start.AddDate(21, 0, 0)))
	back := c.SubWork(start, 1<<62)
	require.True(t, back.Before(start.AddDate(-19, 0, 0)) && back.After(start.AddDate(-21, 0, 0)))
	require.True(t, c.AddWorkdays(start, 1<<40).After(start.AddDate(19, 0, 0)))
	require.Positive(t, c.WorkBetween(start, start.AddDate(5000, 0, 0)))
}

// calendars draws a calendar of one to four spans, in zones with and without
// summer time, with holidays and make-up days.
func calendars(rt *rapid.T, t *testing.T) *policy.Calendar {
	cuts := rapid.SliceOfNDistinct(rapid.IntRange(0, 24*12), 2, 8, rapid.ID[int]).Draw(rt, "cuts")
	if len(cuts)%2 == 1 {
		cuts = cuts[1:]
	}
	slices.Sort(cuts)
	var hours []string
	for i := 0; i < len(cuts); i += 2 {
		hours = append(hours, clock(cuts[i]*5)+"-"+clock(cuts[i+1]*5))
	}
	zone := rapid.SampledFrom([]string{"Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"}).Draw(rt, "zone")
	days := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}), 1, 7, rapid.ID[string]).Draw(rt, "days")
	holidays := rapid.SampledFrom([]policy.Holidays{nil, {"cn"}, {"2026-03-03", "2026-03-06"}}).Draw(rt, "holidays")
	return engine(t, func(r *policy.Rules) {
		r.Calendar.Hours, r.Calendar.Timezone, r.Calendar.Workdays, r.Calendar.Holidays = hours, zone, days, holidays
	}).Calendar()
}

func TestCalendarLaws(t *testing.T) {
	instants := rapid.Int64Range(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC).Unix())
	amounts := rapid.Int64Range(0, 40*3600)
	rapid.Check(t, func(rt *rapid.T) {
		c := calendars(rt, t)
		a := time.Unix(instants.Draw(rt, "a"), 0)
		d := time.Duration(amounts.Draw(rt, "d")) * time.Second
		b := time.Unix(instants.Draw(rt, "b"), 0)

		sum := c.AddWork(a, d)
		require.Equal(rt, d, c.WorkBetween(a, sum), "WorkBetween undoes AddWork")
		require.False(rt, sum.Before(a), "AddWork does not go back")
		if d > 0 {
			back := c.SubWork(sum, d)
			require.Equal(rt, d, c.WorkBetween(back, sum), "WorkBetween undoes SubWork")
			require.True(rt, c.IsWorking(back), "SubWork lands in working time")
			require.False(rt, back.Before(a), "SubWork is the latest such instant")
		}
		if !b.Before(a) {
			require.False(rt, c.AddWork(b, d).Before(sum), "later starts end no earlier")
		}
		require.False(rt, c.AddWork(a, d+time.Second).Before(sum), "more work ends no earlier")
		require.Equal(rt, c.WorkBetween(a, b), -c.WorkBetween(b, a))
		require.Equal(rt, c.WorkBetween(a, b), c.WorkBetween(a, sum)+c.WorkBetween(sum, b), "work adds up")
		next := c.NextWorking(a)
		require.True(rt, c.IsWorking(next) && !next.Before(a))
		require.Zero(rt, c.WorkBetween(a, next), "nothing is worked before the next opening")
	})
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func BenchmarkAddWorkHalfHour(b *testing.B) {
	c, from := engine(b, china).Calendar(), at(b, "Mon 17:50")
	for b.Loop() {
		c.AddWork(from, 30*time.Minute)
	}
}

func BenchmarkAddWorkYear(b *testing.B) {
	c, from := engine(b, china).Calendar(), at(b, "Mon 10:00")
	for b.Loop() {
		c.AddWorkdays(from, 250)
	}
}

func BenchmarkDue(b *testing.B) {
	e, from := engine(b, china), at(b, "Mon 15:00")
	for b.Loop() {
		e.Due(policy.Normal, from)
	}
}

func BenchmarkCompile(b *testing.B) {
	rules := guide(b)
	china(&rules)
	for b.Loop() {
		_, _ = policy.Compile(rules)
	}
}
