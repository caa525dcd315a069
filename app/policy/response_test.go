package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

func TestX04ClassIsImportantByEither(t *testing.T) {
	e := engine(t)
	for _, c := range []struct {
		i    policy.Importance
		u    policy.Urgency
		want policy.Class
	}{
		{policy.ImportanceImportant, policy.UrgencyHigh, policy.Important},
		{policy.ImportanceImportant, policy.UrgencyLow, policy.Important},
		{policy.ImportanceNormal, policy.UrgencyHigh, policy.Important},
		{policy.ImportanceNormal, policy.UrgencyMedium, policy.Normal},
		{policy.ImportanceNormal, policy.UrgencyLow, policy.Normal},
		{"", "", policy.Normal},
	} {
		require.Equal(t, c.want, e.Class(c.i, c.u).Class, "%s %s", c.i, c.u)
	}
}

func TestG1_4_1_4_b_AE1_ImportantWithReply(t *testing.T) {
	e := engine(t)
	d := e.Due(policy.Important, at(t, "Mon 10:00"))
	equalTime(t, "Mon 10:30", d.Due)
	equalTime(t, "Mon 10:20", d.RemindAt)
	equalTime(t, "Mon 10:30:01", d.BreachAt)

	ack := e.Stop(true, policy.Ack, d.Due, at(t, "Mon 10:05"))
	require.Equal(t, policy.Running, ack.Outcome)
	require.True(t, ack.StopsNudge)

	breach := e.Escalate(policy.Important, policy.LevelReminder, d.Due)
	require.Equal(t, []policy.Party{policy.Receiver, policy.Sender}, breach.Step.Tell)
	equalTime(t, "Mon 10:30:01", breach.Step.At)
	superior := e.Escalate(policy.Important, breach.Step.Level, d.Due)
	require.Equal(t, []policy.Party{policy.Superior}, superior.Step.Tell)
	equalTime(t, "Mon 10:30:01", superior.Step.At)

	reply := e.Stop(true, policy.Reply, d.Due, at(t, "Mon 10:40"))
	require.Equal(t, policy.Late, reply.Outcome)
	require.Equal(t, 10*time.Minute, reply.LateBy)
	require.Equal(t, 10*time.Minute, reply.LateWorking)
}

func TestG1_4_1_4_b_AE2_AE3_AE4_AE8_DueTimes(t *testing.T) {
	for name, c := range map[string]struct {
		class          policy.Class
		delivered, due string
	}{
		"AE2 friday evening":             {policy.Important, "Fri 17:45", "+Mon 09:15"},
		"AE3 saturday":                   {policy.Important, "Sat 11:00", "+Mon 09:30"},
		"AE4 normal":                     {policy.Normal, "Mon 15:00", "Tue 15:00"},
		"AE4 normal, saturday":           {policy.Normal, "Sat 11:00", "+Mon 18:00"},
		"AE4 normal, opening of friday":  {policy.Normal, "Fri 09:00", "Fri 18:00"},
		"AE8 up to closing time":         {policy.Important, "Mon 17:30", "Mon 18:00"},
		"AE8 at closing time":            {policy.Important, "Mon 18:00:00", "Tue 09:30"},
		"an unknown class is normal":     {"", "Mon 15:00", "Tue 15:00"},
		"one second before closing time": {policy.Important, "Mon 17:59:59", "Tue 09:29:59"},
	} {
		t.Run(name, func(t *testing.T) {
			equalTime(t, c.due, engine(t).Due(c.class, at(t, c.delivered)).Due)
		})
	}
}

func TestG1_4_1_4_b_AE5_MetAtDueLateOneSecondAfter(t *testing.T) {
	e := engine(t)
	due := e.Due(policy.Important, at(t, "Mon 10:00")).Due
	for text, want := range map[string]policy.Outcome{
		"Mon 10:29:59": policy.Met,
		"Mon 10:30:00": policy.Met,
		"Mon 10:30:01": policy.Late,
	} {
		require.Equal(t, want, e.Stop(false, policy.Ack, due, at(t, text)).Outcome, text)
	}
	require.Equal(t, policy.Met, e.Stop(false, policy.Ack, due, at(t, "Mon 10:30").Add(999*time.Millisecond)).Outcome,
		"WeCom's times are whole seconds")
}

func TestG1_4_1_4_b_AE8_AnswerOutsideHoursIsMet(t *testing.T) {
	e := engine(t)
	d := e.Due(policy.Important, at(t, "Mon 18:00"))
	require.Equal(t, policy.Met, e.Stop(true, policy.Reply, d.Due, at(t, "Mon 22:00")).Outcome)
	late := e.Stop(true, policy.Reply, at(t, "Mon 18:00"), at(t, "Mon 22:00"))
	require.Equal(t, policy.Late, late.Outcome)
	require.Equal(t, 4*time.Hour, late.LateBy)
	require.Zero(t, late.LateWorking)
}

func TestDueIsInWholeSeconds(t *testing.T) {
	e := engine(t)
	d := e.Due(policy.Important, at(t, "Mon 10:00").Add(700*time.Millisecond))
	equalTime(t, "Mon 10:00", d.Start)
	require.Zero(t, d.Due.Nanosecond())
}

func TestS03EscalationLevels(t *testing.T) {
	type rung struct {
		level policy.Level
		at    string
		tell  []policy.Party
	}
	parties := []policy.Party{policy.Receiver, policy.Sender}
	for name, c := range map[string]struct {
		class policy.Class
		want  []rung
	}{
		"important": {policy.Important, []rung{
			{policy.LevelReminder, "Mon 10:20", []policy.Party{policy.Receiver}},
			{policy.LevelParties, "Mon 10:30:01", parties},
			{policy.LevelSuperior, "Mon 10:30:01", []policy.Party{policy.Superior}},
			{policy.LevelHead, "Tue 10:30:01", []policy.Party{policy.Head}},
		}},
		"normal": {policy.Normal, []rung{
			{policy.LevelReminder, "Mon 17:00", []policy.Party{policy.Receiver}},
			{policy.LevelParties, "Tue 10:00:01", parties},
			{policy.LevelSuperior, "Wed 10:00:01", []policy.Party{policy.Superior}},
			{policy.LevelHead, "Thu 10:00:01", []policy.Party{policy.Head}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine(t)
			d := e.Due(c.class, at(t, "Mon 10:00"))
			require.Len(t, d.Steps, len(c.want))
			for i, want := range c.want {
				require.Equal(t, want.level, d.Steps[i].Level)
				require.Equal(t, want.tell, d.Steps[i].Tell)
				equalTime(t, want.at, d.Steps[i].At)
			}
			require.False(t, e.Escalate(c.class, policy.LevelHead, d.Due).More)
			require.Equal(t, policy.LevelParties, e.Escalate(c.class, policy.LevelNone, d.Due).Step.Level)
		})
	}
}

func TestReminderThatWouldComeTooLateIsLeftOut(t *testing.T) {
	e := engine(t, func(r *policy.Rules) { r.Response.ImportantMinutes = 20 }) // as in G1-4.3附则 AE1
	d := e.Due(policy.Important, at(t, "Mon 10:00"))
	require.Zero(t, d.RemindAt)
	require.Equal(t, policy.LevelParties, d.Steps[0].Level)
}

func TestUndeliveredAndInquiryDeadlines(t *testing.T) {
	e := engine(t)
	equalTime(t, "Tue 09:05", e.UndeliveredAt(at(t, "Mon 17:55")))
	equalTime(t, "Thu 15:00", e.InquiryClosesAt(at(t, "Mon 15:00")))
}

func TestDecisionsCarryRuleClauseAndVersion(t *testing.T) {
	e := engine(t, func(r *policy.Rules) { r.Version = 7 })
	require.Equal(t, policy.Basis{Rule: "response.important_minutes", Clause: "G1-4.1(4)b", Version: 7},
		e.Due(policy.Important, at(t, "Mon 10:00")).Basis)
}

func TestResponseReasons(t *testing.T) {
	e := engine(t)
	golden(t, "due_important.txt", e.Due(policy.Important, at(t, "Fri 17:45")).Why.String())
	golden(t, "due_normal.txt", e.Due(policy.Normal, at(t, "Sat 11:00")).Why.String())
	golden(t, "class.txt", e.Class(policy.ImportanceNormal, policy.UrgencyHigh).Why.String())
	due := at(t, "Mon 10:30")
	golden(t, "stop_late.txt", e.Stop(true, policy.Reply, due, at(t, "Mon 10:40")).Why.String())
	golden(t, "stop_running.txt", e.Stop(true, policy.Ack, due, at(t, "Mon 10:05")).Why.String())
	golden(t, "escalate_head.txt", e.Escalate(policy.Normal, policy.LevelSuperior, due).Why.String())
}

func TestG2_4_3_1_QuietHours(t *testing.T) {
	e := engine(t)
	for _, c := range []struct {
		class       policy.Class
		ready, want string
	}{
		{policy.Normal, "Mon 20:59:59", "Mon 20:59:59"},
		{policy.Normal, "Mon 21:00", "Tue 07:30"},
		{policy.Normal, "Tue 03:00", "Tue 07:30"},
		{policy.Normal, "Tue 07:30", "Tue 07:30"},
		{policy.Normal, "Sat 12:00", "Sat 12:00"},
		{policy.Important, "Mon 23:00", "Mon 23:00"},
	} {
		equalTime(t, c.want, e.NextAllowed(c.class, at(t, c.ready)).At)
	}
	none := engine(t, func(r *policy.Rules) { r.Notify.QuietHours = "" })
	equalTime(t, "Mon 23:00", none.NextAllowed(policy.Normal, at(t, "Mon 23:00")).At)
	noon := engine(t, func(r *policy.Rules) { r.Notify.QuietHours = "12:00-13:00" })
	equalTime(t, "Mon 13:00", noon.NextAllowed(policy.Normal, at(t, "Mon 12:10")).At)
	equalTime(t, "Mon 23:00", noon.NextAllowed(policy.Normal, at(t, "Mon 23:00")).At)
	golden(t, "quiet.txt", e.NextAllowed(policy.Normal, at(t, "Mon 23:00")).Why.String())

	count, window := e.Digest()
	require.Equal(t, 5, count)
	require.Equal(t, 10*time.Minute, window)
}
