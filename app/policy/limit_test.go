package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

// G2-4.2(1): a step of an application has a time of its own, one working day.
func TestALimitOfItsOwn(t *testing.T) {
	e := engine(t)
	day := policy.WorkSpan{Workdays: 1}
	for name, c := range map[string]struct {
		limit                            policy.WorkSpan
		delivered, due, remind, superior string
	}{
		"one working day":              {day, "Mon 10:00", "Tue 10:00", "Mon 17:00", "Wed 10:00:01"},
		"over the weekend":             {day, "Fri 16:00", "+Mon 16:00", "+Mon 14:00", "+Tue 16:00:01"},
		"on saturday":                  {day, "Sat 11:00", "+Mon 18:00", "+Mon 16:00", "+Tue 18:00:01"},
		"four hours":                   {policy.WorkSpan{Time: 4 * time.Hour}, "Mon 10:00", "Mon 14:00", "Mon 12:00", "Tue 14:00:01"},
		"too short for a reminder":     {policy.WorkSpan{Time: 2 * time.Hour}, "Mon 10:00", "Mon 12:00", "", "Tue 12:00:01"},
		"half an hour before the end":  {policy.WorkSpan{Time: 90 * time.Minute}, "Mon 17:30", "Tue 10:00", "", "Wed 10:00:01"},
		"three days, from the evening": {policy.WorkSpan{Workdays: 3}, "Mon 19:00", "Thu 18:00", "Thu 16:00", "Fri 18:00:01"},
	} {
		t.Run(name, func(t *testing.T) {
			d := e.DueWithin(c.limit, policy.Important, at(t, c.delivered))
			equalTime(t, c.due, d.Due)
			require.Equal(t, policy.Normal, d.Class, "reminded and escalated like a normal item")
			require.Equal(t, d.Due.Add(time.Second), d.BreachAt)
			var levels []policy.Level
			for _, step := range d.Steps {
				levels = append(levels, step.Level)
			}
			if c.remind == "" {
				require.True(t, d.RemindAt.IsZero())
				require.Equal(t, []policy.Level{policy.LevelParties, policy.LevelSuperior, policy.LevelHead}, levels)
			} else {
				equalTime(t, c.remind, d.RemindAt)
				require.Equal(t, []policy.Level{policy.LevelReminder, policy.LevelParties, policy.LevelSuperior, policy.LevelHead}, levels)
			}
			above := d.Steps[len(d.Steps)-2]
			require.Equal(t, []policy.Party{policy.Superior}, above.Tell)
			equalTime(t, c.superior, above.At)
			require.Contains(t, d.Why.String(), "自带时限 "+c.limit.Words())
		})
	}
}

// G2-4.4(3) AE1: given a node entered on Monday at 10:00 with the limit of 8
// working hours, then a reminder right after Monday 18:00 and its superior right
// after Tuesday 17:00. A limit of days is reminded of before as well.
func TestG2_4_4_3_AE1_TheLimitOfANode(t *testing.T) {
	e := engine(t)
	d := e.NodeDue(policy.WorkSpan{}, at(t, "Mon 10:00"))
	require.Equal(t, policy.WorkSpan{Time: 8 * time.Hour}, e.NodeLimit())
	equalTime(t, "Mon 18:00", d.Due)
	require.True(t, d.RemindAt.IsZero())
	require.Len(t, d.Steps, 3)
	equalTime(t, "Mon 18:00:01", d.Steps[0].At)
	require.Contains(t, d.Steps[0].Tell, policy.Receiver)
	equalTime(t, "Tue 17:00:01", d.Steps[1].At)
	require.Equal(t, []policy.Party{policy.Superior}, d.Steps[1].Tell)
	equalTime(t, "Wed 17:00:01", d.Steps[2].At)
	require.Contains(t, d.Why.String(), "2 倍时限")

	day := e.NodeDue(policy.WorkSpan{Workdays: 1}, at(t, "Mon 10:00"))
	require.Equal(t, e.DueWithin(policy.WorkSpan{Workdays: 1}, policy.Normal, at(t, "Mon 10:00")).Steps, day.Steps, "as every item of one day")
}

func TestNoLimitIsTheClass(t *testing.T) {
	e := engine(t)
	for _, class := range []policy.Class{policy.Important, policy.Normal} {
		require.Equal(t, e.Due(class, at(t, "Mon 10:00")), e.DueWithin(policy.WorkSpan{}, class, at(t, "Mon 10:00")))
	}
}

// G2-4.4(3): at most once in four working hours.
func TestUrgingAgain(t *testing.T) {
	e := engine(t)
	equalTime(t, "Mon 14:00", e.UrgeAgainAt(at(t, "Mon 10:00")))
	equalTime(t, "Tue 12:00", e.UrgeAgainAt(at(t, "Mon 17:00")))
	equalTime(t, "+Mon 13:00", e.UrgeAgainAt(at(t, "Sat 10:00")))
}

func TestAnAmountOfWorkInWords(t *testing.T) {
	for want, span := range map[string]policy.WorkSpan{
		"3 个工作日": {Workdays: 3}, "2 个工作小时": {Time: 2 * time.Hour}, "90 个工作分钟": {Time: 90 * time.Minute}, "0 个工作日": {},
	} {
		require.Equal(t, want, span.Words())
	}
}
