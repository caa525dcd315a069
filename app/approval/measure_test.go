package approval

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
	"guiju/app/rulebook"
	"guiju/store"
)

var shanghai = time.FixedZone("CST", 8*3600)

// withRules is the domain with the guide's rules and nothing else.
func withRules(t *testing.T, more string) *Approvals {
	t.Helper()
	book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\n"+more))
	require.NoError(t, err)
	return &Approvals{rules: func() *policy.Engine { return book.Engine }}
}

// G1-3.2(3)a AE1: durations of 4 h, 8 h and 12 h give 8 h; 2 approved and 1
// rejected give 66.7 %.
func TestG1_3_2_3_a_AE1_MeanAndRate(t *testing.T) {
	a := withRules(t, "")
	calendar := a.rules().Calendar()
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, shanghai)
	var m measure
	m.add(monday, monday.Add(4*time.Hour), true, false, calendar)
	m.add(monday, monday.Add(8*time.Hour), true, false, calendar)
	m.add(monday, monday.Add(12*time.Hour), false, true, calendar)
	require.Equal(t, "66.7%", m.rateText())
	elapsed, working, ok := m.mean()
	require.True(t, ok)
	require.Equal(t, 8*time.Hour, elapsed)
	require.Equal(t, 7*time.Hour, working, "21:00 is three hours after the office has closed")
	require.Equal(t, "8小时（工作时间 7小时）", m.meanText())
}

// Part C: nothing to divide by is 不适用, never a number.
func TestNothingFinishedHasNoMean(t *testing.T) {
	var m measure
	require.Equal(t, "不适用", m.meanText())
	require.Equal(t, "不适用", m.rateText())
}

func TestLengthsOfTimeAreReadable(t *testing.T) {
	for d, text := range map[time.Duration]string{
		0: "0分钟", 59 * time.Minute: "59分钟", time.Hour: "1小时", 90 * time.Minute: "1.5小时", 4*time.Hour + 2*time.Minute: "4小时", 30 * time.Hour: "30小时",
	} {
		require.Equal(t, text, hours(d))
	}
}

// Withdrawn and deleted cases do not count; what was revoked after its approval
// counts as approved, so that a closed period stays as it was.
func TestWhichCasesCount(t *testing.T) {
	for state, want := range map[store.RequestState]bool{
		store.RequestApproved: true, store.RequestRejected: true, store.RequestRevoked: true, store.RequestPaid: true,
		store.RequestWithdrawn: false, store.RequestDeleted: false, store.RequestRunning: false, store.RequestReturned: false,
	} {
		require.Equal(t, want, counts(store.Request{State: state}, nil, ""), string(state))
	}
	require.True(t, passes(store.RequestRevoked))
	require.False(t, counts(store.Request{State: store.RequestApproved, ApplicantID: 3}, []int64{1, 2}, ""), "another department's")
	require.False(t, counts(store.Request{State: store.RequestApproved, Kind: "leave"}, nil, "reimburse"))
}

func TestPeriodsAsTheyAreSaid(t *testing.T) {
	a := withRules(t, "")
	at := time.Date(2026, 4, 15, 10, 0, 0, 0, shanghai)
	for said, want := range map[string][2]string{
		"":                      {"2026-04-01", "2026-05-01"},
		"本月":                    {"2026-04-01", "2026-05-01"},
		"上月":                    {"2026-03-01", "2026-04-01"},
		"本周":                    {"2026-04-13", "2026-04-20"},
		"上周":                    {"2026-04-06", "2026-04-13"},
		"本季度":                   {"2026-04-01", "2026-07-01"},
		"上季度":                   {"2026-01-01", "2026-04-01"},
		"今年":                    {"2026-01-01", "2027-01-01"},
		"2025年":                 {"2025-01-01", "2026-01-01"},
		"2026-03":               {"2026-03-01", "2026-04-01"},
		"2026年3月":               {"2026-03-01", "2026-04-01"},
		"3月":                    {"2026-03-01", "2026-04-01"},
		"12月":                   {"2025-12-01", "2026-01-01"},
		"2026年第1季度":             {"2026-01-01", "2026-04-01"},
		"2025年四季度":              {"2025-10-01", "2026-01-01"},
		"2026-03-01至2026-03-15": {"2026-03-01", "2026-03-16"},
	} {
		from, to, name, err := a.period(said, at)
		require.NoError(t, err, said)
		require.NotEmpty(t, name)
		require.Equal(t, want, [2]string{from.In(shanghai).Format("2006-01-02"), to.In(shanghai).Format("2006-01-02")}, said)
	}
	for _, said := range []string{"13月", "去年春天", "2026-03-15至2026-03-01", "2020-01-01至2026-01-01", "第5季度", "2026-02-30至2026-03-02", "0月"} {
		_, _, _, err := a.period(said, at)
		require.ErrorContains(t, err, "看不懂期间", said)
	}
}

func FuzzPeriod(f *testing.F) {
	for _, said := range []string{"本月", "2026-03", "第1季度", "2026-03-01至2026-03-15", "12", "０３月"} {
		f.Add(said)
	}
	book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\n"))
	if err != nil {
		f.Fatal(err)
	}
	a := &Approvals{rules: func() *policy.Engine { return book.Engine }}
	f.Fuzz(func(t *testing.T, said string) {
		from, to, _, err := a.period(said, time.Date(2026, 4, 15, 10, 0, 0, 0, shanghai))
		if err == nil && (!to.After(from) || to.Sub(from) > maxPeriod) {
			t.Fatalf("%q is from %s to %s", said, from, to)
		}
	})
}
