package rulebook

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const quick = "response: {important_minutes: 20}\n"

func propose(t *testing.T, inForce Version, open *Version, overrides string) Proposal {
	t.Helper()
	p, err := Propose(inForce, open, book(t, overrides), monday)
	require.NoError(t, err)
	return p
}

func rules(t *testing.T, v Version) *Book {
	t.Helper()
	b, err := v.Book()
	require.NoError(t, err)
	return b
}

func TestG1_4_3_AE1_ChangedGuideValueIsPending(t *testing.T) {
	first := First(book(t, ""), monday)
	p := propose(t, first, nil, quick)
	require.Nil(t, p.Activate)
	require.Equal(t, 2, p.Pend.Number)
	require.Equal(t, Pending, p.Pend.State)
	require.Zero(t, p.Pend.EffectiveAt)
	require.Len(t, p.Changes, 1)
	require.Equal(t, "response.important_minutes: 30 → 20（规范值，须批准，G1-4.1(4)b）", p.Changes[0].String())

	in, ok := InForce([]Version{first, *p.Pend}, monday.AddDate(1, 0, 0))
	require.True(t, ok)
	require.Equal(t, 30, rules(t, in).Rules.Response.ImportantMinutes, "30 stays in force")
}

func TestG1_4_3_AE2_ApprovedFromItsEffectiveDate(t *testing.T) {
	first := First(book(t, ""), monday)
	pending := *propose(t, first, nil, quick).Pend
	effective := monday.AddDate(0, 0, 7)
	approved, err := Approve(pending, "gaozong", monday, effective)
	require.NoError(t, err)
	require.Equal(t, "gaozong", approved.ApprovedBy)

	versions := []Version{approved, first}
	for at, want := range map[time.Time]int{monday: 30, effective.Add(-time.Second): 30, effective: 20} {
		in, ok := InForce(versions, at)
		require.True(t, ok)
		require.Equal(t, want, rules(t, in).Rules.Response.ImportantMinutes)
	}
	in, _ := InForce(versions, effective)
	require.Equal(t, 2, rules(t, in).Engine.Version(), "decisions carry the version")
}

func TestOtherValuesTakeEffectAtOnce(t *testing.T) {
	first := First(book(t, ""), monday)
	p := propose(t, first, nil, "departments: {行政部: 2}\n")
	require.Nil(t, p.Pend)
	require.Equal(t, 2, p.Activate.Number)
	require.Equal(t, monday, p.Activate.EffectiveAt)
	require.Equal(t, int64(2), rules(t, *p.Activate).Rules.Departments["行政部"])
}

func TestMixedChangesAreParted(t *testing.T) {
	first := First(book(t, ""), monday)
	both := quick + "departments: {行政部: 2}\nduty: {weights: {研发部: 0.5}}\n"
	p := propose(t, first, nil, both)
	now := rules(t, *p.Activate).Rules
	require.Equal(t, 2, p.Activate.Number)
	require.Equal(t, int64(2), now.Departments["行政部"])
	require.Equal(t, 30, now.Response.ImportantMinutes)
	require.NotContains(t, now.Duty.Weights, "研发部", "a new guide entry waits too")
	require.Equal(t, 3, p.Pend.Number)
	require.Equal(t, book(t, both).Hash(), p.Pend.Hash)

	again := propose(t, *p.Activate, p.Pend, both)
	require.Nil(t, again.Activate, "the same file again changes nothing")
	require.Nil(t, again.Pend)
	require.Empty(t, again.Drop)
}

func TestGuideEntryTakenAwayIsHeld(t *testing.T) {
	first := First(book(t, "duty: {weights: {研发部: 0.5}}\n"), monday)
	p := propose(t, first, nil, "departments: {行政部: 2}\n")
	require.Equal(t, 0.5, rules(t, *p.Activate).Rules.Duty.Weights["研发部"])
	require.NotContains(t, rules(t, *p.Pend).Rules.Duty.Weights, "研发部")
}

func TestNewerFileSupersedesThePendingOne(t *testing.T) {
	first := First(book(t, ""), monday)
	pending := *propose(t, first, nil, quick).Pend

	p := propose(t, first, &pending, "response: {important_minutes: 25}\n")
	require.Equal(t, []int{2}, p.Drop)
	require.Equal(t, 3, p.Pend.Number)

	p = propose(t, first, &pending, "")
	require.Equal(t, []int{2}, p.Drop, "a change taken back needs no approval any more")
	require.Nil(t, p.Pend)
	require.Nil(t, p.Activate)
}

func TestPlannedVersionIsNotProposedAgain(t *testing.T) {
	first := First(book(t, ""), monday)
	planned, err := Approve(*propose(t, first, nil, quick).Pend, "gaozong", monday, monday.AddDate(0, 1, 0))
	require.NoError(t, err)
	p := propose(t, first, &planned, quick)
	require.Nil(t, p.Pend)
	require.Nil(t, p.Activate)
	require.Empty(t, p.Drop)
}

func TestFreeChangesThatNeedHeldOnesWaitWithThem(t *testing.T) {
	// K_default 12 is only valid with the pending K_range.
	first := First(book(t, ""), monday)
	p := propose(t, first, nil, "time_formula: {K_range: [1, 20], K_default: 12}\n")
	require.Nil(t, p.Activate)
	require.Equal(t, 2, p.Pend.Number)
}

func TestWithoutRequiredApprovalAllTakesEffect(t *testing.T) {
	free := First(book(t, "ruleset: {require_approval: false}\n"), monday)
	p := propose(t, free, nil, "ruleset: {require_approval: false}\n"+quick)
	require.Nil(t, p.Pend)
	require.Equal(t, 20, rules(t, *p.Activate).Rules.Response.ImportantMinutes)

	p = propose(t, First(book(t, ""), monday), nil, "ruleset: {require_approval: false}\n"+quick)
	require.Nil(t, p.Activate, "a file cannot switch the approval off for itself")
}

func TestApproveRefuses(t *testing.T) {
	first := First(book(t, ""), monday)
	_, err := Approve(first, "gaozong", monday, monday)
	require.EqualError(t, err, "approve rulebook version 1: it is active, not pending")
	pending := *propose(t, first, nil, quick).Pend
	_, err = Approve(pending, "", monday, monday)
	require.EqualError(t, err, "approve rulebook: the approver is missing")
	approved, err := Approve(pending, "gaozong", monday, monday.AddDate(0, 0, -7))
	require.NoError(t, err)
	require.Equal(t, monday, approved.EffectiveAt, "never effective before it is approved")
}

func TestVersionSurvivesJSON(t *testing.T) {
	v := First(book(t, quick), monday)
	data, err := json.Marshal(v)
	require.NoError(t, err)
	var back Version
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, v, back)
	require.Equal(t, v.Hash, rules(t, back).Hash())
}

func TestOlderStoredValuesGainNewKeys(t *testing.T) {
	v := Version{Number: 4, Values: quick} // as if stored before the other sections existed
	require.Equal(t, 20, rules(t, v).Rules.Response.ImportantMinutes)
	require.Equal(t, 3, rules(t, v).Rules.Archive.CommYears)
	_, ok := InForce(nil, monday)
	require.False(t, ok)
}
