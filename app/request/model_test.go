package request_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/request"
	"guiju/app/response"
	"guiju/store"
	"guiju/store/storetest"
)

// A model of approvals: random routes with every kind of node, random people
// who act, leave and go away in any order, twice at once too. Whatever they do,
//
//   - a request has at most one outcome, which never changes and which its
//     domain hears of once;
//   - nobody decides without the right, and never on his own case;
//   - an open request has somebody who can act, or an alarm was sent;
//   - its history replays to where it stands.
//
// -rapid.checks=10000 runs it for longer.
func TestModelOfApprovals(t *testing.T) {
	db, clock := storetest.Open(t)
	c := newCompany(t, db, clock)
	for w, names := range map[people.Whom][]string{
		"pool:one": {"魏伟"}, "pool:two": {"郑十六", "王五"}, "pool:three": {"韩梅", "孙七", "邵静"}, "pool:own": {"赵六", "魏伟"}, "pool:self": {"赵六"},
		"pool:top": {"高总"},
	} {
		c.whom[w] = names
	}
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{c: c, rt: rt, away: map[string]bool{}}
		m.begins()
		for range rapid.IntRange(1, 12).Draw(rt, "acts") {
			m.acts()
			m.holds()
		}
		m.ends()
	})
}

type model struct {
	c       *company
	rt      *rapid.T
	number  string
	outcome store.RequestState
	left    []string
	away    map[string]bool
}

var everybodyHere = []string{"赵六", "魏伟", "郑十六", "王五", "韩梅", "陈立", "高总", "孙七", "邵静"}

func (m *model) who(label string) string { return rapid.SampledFrom(everybodyHere).Draw(m.rt, label) }

func (m *model) draft() request.Draft {
	d := m.c.account()
	d.Lines, d.Kind, d.Steps, d.App = nil, "model", nil, "assistant"
	pools := []people.Whom{"pool:one", "pool:two", "pool:three", "pool:own", "pool:self", "pool:top"}
	modes := []store.StepMode{store.StepAny, store.StepAll, store.StepSequence, store.StepShare, store.StepCopy}
	n := rapid.IntRange(1, 6).Draw(m.rt, "steps")
	for i := range n {
		s := request.Step{
			Key: fmt.Sprintf("k%d", i), Name: fmt.Sprintf("节点%d", i), Whom: rapid.SampledFrom(pools).Draw(m.rt, "whom"),
			Mode: rapid.SampledFrom(modes).Draw(m.rt, "mode"), Share: rapid.IntRange(1, 100).Draw(m.rt, "share"),
		}
		if rapid.Bool().Draw(m.rt, "more") {
			s.Also = []people.Whom{rapid.SampledFrom(pools).Draw(m.rt, "also")}
		}
		if i == n-1 && s.Mode == store.StepCopy {
			s.Mode = store.StepAll
		}
		d.Steps = append(d.Steps, s)
	}
	if rapid.Bool().Draw(m.rt, "cc") {
		d.CC = []people.Whom{rapid.SampledFrom(pools).Draw(m.rt, "copied")}
	}
	return d
}

func (m *model) begins() {
	d := m.draft()
	require.NoError(m.rt, m.c.db.InTx(m.c.t.Context(), func(tx *store.Tx) error {
		r, err := m.c.requests.Submit(tx, d)
		m.number = r.Number
		return err
	}))
	m.holds()
}

// call lets somebody act; the error is worded, or the test fails.
func (m *model) call(who string, do func(call *chat.Call) error) error {
	err := m.c.db.InTx(m.c.t.Context(), func(tx *store.Tx) error {
		member, err := tx.Member(m.c.ids[who])
		if err != nil {
			return err
		}
		return do(&chat.Call{
			Tx: tx, From: chat.From{Member: member, App: "assistant", At: tx.Now()}, Source: chat.FromChat, Permits: m.c,
		})
	})
	if err != nil {
		_, worded := chat.Wording(err)
		require.True(m.rt, worded, "%s: %v", who, err)
	}
	return err
}

func (m *model) acts() {
	who, q := m.who("who"), m.c.requests
	before := m.openNow()
	at, _ := m.c.reader().RequestByNumber(m.number)
	// mostly those act whose turn it is, else little would happen
	if len(before) > 0 && rapid.IntRange(0, 3).Draw(m.rt, "turn") > 0 {
		who = rapid.SampledFrom(before).Draw(m.rt, "decider")
	}
	var do func(call *chat.Call) error
	deciding := false
	switch act := rapid.IntRange(0, 15).Draw(m.rt, "act"); act {
	case 0, 1, 2, 3, 4:
		deciding = true
		do = func(call *chat.Call) error { _, err := q.Decide(call, m.number, true, ""); return err }
	case 5:
		deciding = true
		do = func(call *chat.Call) error { _, err := q.Decide(call, m.number, false, "不行"); return err }
	case 6, 7:
		deciding = true
		to, straight := rapid.SampledFrom([]string{"", "申请人", "k0", "k1", "k2", "added1"}).Draw(m.rt, "to"), rapid.Bool().Draw(m.rt, "straight")
		do = func(call *chat.Call) error { _, err := q.Return(call, m.number, to, "再看看", straight); return err }
	case 8:
		to := m.c.ids[m.who("to")]
		do = func(call *chat.Call) error { _, err := q.Transfer(call, m.number, to, ""); return err }
	case 9, 10:
		where := rapid.SampledFrom([]request.Where{request.Before, request.After, request.Beside}).Draw(m.rt, "where")
		mode := rapid.SampledFrom([]store.StepMode{"", store.StepAny, store.StepAll, store.StepSequence}).Draw(m.rt, "mode")
		members := []int64{m.c.ids[m.who("added")], m.c.ids[m.who("added")]}
		do = func(call *chat.Call) error {
			_, err := q.AddApprovers(call, m.number, where, members, mode, "")
			return err
		}
	case 11:
		m.leaves(m.who("leaver"))
		return
	case 12:
		m.goes(m.who("away"), m.who("deputy"))
		return
	case 13:
		who = "赵六"
		d := m.draft()
		do = func(call *chat.Call) error { _, err := q.Resubmit(call, m.number, d); return err }
	case 14:
		do = m.small(who)
	default:
		removed := m.c.ids[m.who("removed")]
		do = func(call *chat.Call) error { _, err := q.RemoveApprover(call, m.number, removed); return err }
		if rapid.IntRange(0, 5).Draw(m.rt, "withdraws") == 0 {
			who, do = "赵六", func(call *chat.Call) error { _, err := q.Withdraw(call, m.number, ""); return err }
		}
	}
	done := m.tries(who, do)
	if deciding && done > 0 {
		require.Equal(m.rt, store.RequestRunning, at.State, "%s decided what was over", who)
		require.Contains(m.rt, before, who, "%s decided without a part in it", who)
	}
	if deciding {
		require.LessOrEqual(m.rt, done, 2)
	}
}

// tries lets somebody act, at times twice at once, and counts how often it counted.
func (m *model) tries(who string, do func(call *chat.Call) error) int {
	times := 1
	if rapid.IntRange(0, 4).Draw(m.rt, "twice") == 0 {
		times = 2
	}
	errs := make([]error, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() { errs[i] = m.call(who, do) })
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		}
	}
	return done
}

func (m *model) small(who string) func(call *chat.Call) error {
	q := m.c.requests
	switch rapid.IntRange(0, 3).Draw(m.rt, "small") {
	case 0:
		return func(call *chat.Call) error { _, err := q.Urge(call, m.number); return err }
	case 1:
		return func(call *chat.Call) error { _, err := q.Comment(call, m.number, "请看"); return err }
	case 2:
		return func(call *chat.Call) error { _, err := q.View(call, m.number); return err }
	default:
		to := m.c.ids[m.who("copied")]
		return func(call *chat.Call) error { _, err := q.Copy(call, m.number, []int64{to}); return err }
	}
}

// leaves lets a member leave and hands over what he had.
func (m *model) leaves(who string) {
	if len(m.left) >= 3 || who == "陈立" || slices.Contains(m.left, who) {
		return
	}
	m.left = append(m.left, who)
	m.status(who, store.MemberLeft)
	to, _ := m.c.Superior(m.c.reader(), m.c.ids[who])
	for range 10 {
		work, err := m.c.requests.HandOver().List(m.c.reader(), m.c.ids[who], 50)
		require.NoError(m.rt, err)
		for _, w := range work {
			require.NoError(m.rt, m.c.db.InTx(m.c.t.Context(), func(tx *store.Tx) error {
				return m.c.requests.HandOver().Reassign(tx, w.Subject, m.c.ids[who], to, who+"已离职")
			}))
		}
	}
}

func (m *model) status(who string, status store.MemberStatus) {
	require.NoError(m.rt, m.c.db.InTx(m.c.t.Context(), func(tx *store.Tx) error {
		member, err := tx.Member(m.c.ids[who])
		if err != nil {
			return err
		}
		member.Status = status
		return tx.SaveMember(&member)
	}))
}

// goes lets a member be away from now on, with a deputy.
func (m *model) goes(who, deputy string) {
	if who == deputy || m.away[who] {
		return
	}
	m.away[who] = true
	require.NoError(m.rt, m.c.db.InTx(m.c.t.Context(), func(tx *store.Tx) error {
		span := store.Deputy{MemberID: m.c.ids[who], DeputyID: m.c.ids[deputy], FromAt: tx.Now().Add(-time.Minute), UntilAt: tx.Now().Add(time.Hour)}
		if err := tx.AddDeputy(&span); err != nil {
			return err
		}
		_, err := tx.Enqueue(response.Away{Member: m.c.ids[who]})
		return err
	}))
	_, err := m.c.queue.Drain(m.c.t.Context())
	require.NoError(m.rt, err)
}

// openNow are those whose decision counts now.
func (m *model) openNow() (names []string) {
	r, err := m.c.reader().RequestByNumber(m.number)
	require.NoError(m.rt, err)
	deciders, err := m.c.reader().RequestDeciders(r.ID)
	require.NoError(m.rt, err)
	for _, d := range deciders {
		if d.State == store.DeciderOpen {
			names = append(names, m.c.name(d.MemberID))
		}
	}
	return names
}

// holds checks what must be true at any time.
func (m *model) holds() {
	r, err := m.c.reader().RequestByNumber(m.number)
	require.NoError(m.rt, err)
	steps, err := m.c.reader().RequestSteps(r.ID)
	require.NoError(m.rt, err)
	deciders, err := m.c.reader().RequestDeciders(r.ID)
	require.NoError(m.rt, err)
	m.oneOutcome(r)
	current := 0
	for i, s := range steps {
		require.EqualValues(m.rt, i, s.Position, "steps stand in a row")
		if s.State == store.StepCurrent {
			current++
		}
		require.False(m.rt, s.State == store.StepWaiting && r.State != store.RequestRunning, "nothing waits in what is over")
	}
	require.Equal(m.rt, r.State == store.RequestRunning, current == 1, "%s has %d current steps", r.State, current)
	var open []store.RequestDecider
	for _, d := range deciders {
		require.NotEqual(m.rt, r.ApplicantID, d.MemberID, "nobody decides his own case")
		if d.State != store.DeciderOpen {
			continue
		}
		open = append(open, d)
		member, err := m.c.reader().Member(d.MemberID)
		require.NoError(m.rt, err)
		require.True(m.rt, member.Present(), "%s has left and is still asked", member.Name)
		i := slices.IndexFunc(steps, func(s store.RequestStep) bool { return s.ID == d.StepID })
		require.Equal(m.rt, store.StepCurrent, steps[i].State, "only the current step asks")
	}
	if r.State == store.RequestRunning && len(open) == 0 {
		_, err := m.c.queue.Drain(m.c.t.Context())
		require.NoError(m.rt, err)
		require.True(m.rt, slices.ContainsFunc(m.c.gets("陈立", "【无人处理】"), func(text string) bool { return strings.Contains(text, m.number) }),
			"nobody can decide %s, and nobody was told", m.number)
	}
	for _, s := range steps {
		m.counts(s, deciders)
	}
	m.replays(r, steps, deciders)
}

// counts says that a step that is decided was decided by enough votes, counted
// here in its own way.
func (m *model) counts(s store.RequestStep, deciders []store.RequestDecider) {
	if s.State != store.StepApproved && s.State != store.StepRejected {
		return
	}
	asked, yes, no := 0, 0, 0
	for _, d := range deciders {
		if d.StepID != s.ID || d.State == store.DeciderPassed {
			continue
		}
		if d.AddedBy != 0 {
			require.True(m.rt, s.State == store.StepRejected || d.Decision == store.DecisionApproved, "who was added must agree")
		} else {
			asked++
			if d.Decision == store.DecisionApproved {
				yes++
			}
		}
		if d.Decision == store.DecisionRejected {
			no++
		}
	}
	switch {
	case s.State == store.StepRejected:
		require.Positive(m.rt, no, "somebody has refused")
	case s.Mode == store.StepAll || s.Mode == store.StepSequence:
		require.Equal(m.rt, asked, yes, "everybody has agreed")
	case s.Mode == store.StepShare:
		require.GreaterOrEqual(m.rt, yes*100, int(s.Share)*asked, "the share is reached")
	default:
		require.Equal(m.rt, 1, yes, "the first decision counts, and no other")
	}
}

func (m *model) oneOutcome(r store.Request) {
	if m.outcome != "" {
		require.Equal(m.rt, m.outcome, r.State, "an outcome never changes")
	}
	if !r.State.Open() {
		m.outcome = r.State
	}
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	told := 0
	for _, end := range m.c.finished {
		if strings.HasPrefix(end, m.number+" ") {
			told++
			require.Equal(m.rt, m.number+" "+string(r.State), end)
		}
	}
	require.Equal(m.rt, r.State.Open(), told == 0)
	require.LessOrEqual(m.rt, told, 1)
}

func (m *model) replays(r store.Request, steps []store.RequestStep, deciders []store.RequestDecider) {
	entries, err := m.c.reader().RequestEntries(r.ID, 1000)
	require.NoError(m.rt, err)
	told, err := request.Replay(entries)
	require.NoError(m.rt, err)
	require.Equal(m.rt, r.State, told.Request)
	rows := map[int64]store.StepState{}
	for _, s := range steps {
		rows[s.ID] = s.State
	}
	require.Equal(m.rt, rows, told.Steps)
	parts := map[[2]int64]store.DeciderState{}
	for _, d := range deciders {
		parts[[2]int64{d.StepID, d.MemberID}] = d.State
	}
	require.Equal(m.rt, parts, told.Deciders)
}

// ends brings everybody back for the next round.
func (m *model) ends() {
	for _, who := range m.left {
		m.status(who, store.MemberActive)
	}
	err := m.call("赵六", func(call *chat.Call) error { _, err := m.c.requests.Withdraw(call, m.number, ""); return err })
	require.True(m.rt, err == nil || m.outcome != "", "%v", err)
	m.c.clock.Advance(2 * time.Hour)
	if rapid.IntRange(0, 9).Draw(m.rt, "settle") == 0 {
		_, err := m.c.queue.Drain(m.c.t.Context())
		require.NoError(m.rt, errors.Join(err))
	}
}
