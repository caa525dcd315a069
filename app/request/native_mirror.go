package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// mirroring is one detail being taken over, in one transaction and under the
// lock of its request.
type mirroring struct {
	q       *Requests
	tx      *store.Tx
	request store.Request
	c       NativeCase
	fresh   bool // the case was not known before

	steps    []store.RequestStep
	deciders []store.RequestDecider
	acted    time.Time              // the newest act in the case
	agreed   []string               // names of steps approved since the last detail
	asked    []store.RequestDecider // whose turn has come since
	turned   bool                   // it is not the same people's turn any more
}

func (m *mirroring) run(row *store.NativeCase) error {
	var err error
	if m.steps, err = m.tx.RequestSteps(m.request.ID); err != nil {
		return err
	}
	if m.deciders, err = m.tx.RequestDeciders(m.request.ID); err != nil {
		return err
	}
	m.acted = m.c.AppliedAt
	for _, n := range m.c.Nodes {
		for _, p := range n.People {
			if p.At.After(m.acted) {
				m.acted = p.At
			}
		}
	}
	m.acted = orNow(m.tx, m.acted)
	if m.fresh {
		m.planned()
	}
	current := m.current()
	for i := range m.c.Nodes {
		if err := m.node(i, i == current); err != nil {
			return err
		}
	}
	for i := len(m.c.Nodes); i < len(m.steps); i++ { // nodes the flow has lost
		if err := m.dropStep(i); err != nil {
			return err
		}
	}
	if err := m.told(); err != nil {
		return err
	}
	if err := m.copies(); err != nil {
		return err
	}
	if row.Comments, err = m.comments(row.Comments); err != nil {
		return err
	}
	return m.finish(current)
}

// planned gives the nodes of a case of ours the names of its route, which holds
// copies that are no nodes here.
func (m *mirroring) planned() {
	var route []store.RequestStep
	for _, s := range m.steps {
		if s.Mode != store.StepCopy {
			route = append(route, s)
		}
	}
	for i := range m.steps {
		if m.steps[i].Key, m.steps[i].Name = "", "抄送"; i < len(route) {
			m.steps[i].Key, m.steps[i].Name = route[i].Key, route[i].Name
		} else if i < len(m.c.Nodes) {
			m.steps[i].Name = nodeName(i, m.c.Nodes[i])
		}
	}
}

// current is the node that has to decide now: the first that has not ended; −1
// when the case does not run.
func (m *mirroring) current() int {
	if m.c.State != store.RequestRunning {
		return -1
	}
	return slices.IndexFunc(m.c.Nodes, func(n NativeNode) bool { return !n.Done.ends() })
}

// ends says whether a node that came to it is over.
func (a NativeAct) ends() bool {
	return a == NativeAgreed || a == NativeAddedAgreed || a == NativeHandled || a == NativeRefused
}

func (a NativeAct) agrees() bool {
	return a == NativeAgreed || a == NativeAddedAgreed || a == NativeHandled
}

// node takes over one node as the step at its position.
func (m *mirroring) node(i int, current bool) error {
	node := m.c.Nodes[i]
	known := i < len(m.steps)
	var step store.RequestStep
	if known {
		step = m.steps[i]
	} else {
		step = store.RequestStep{Name: nodeName(i, node), Mode: node.Mode}
	}
	before := step
	if m.fresh {
		before = store.RequestStep{} // its name may be another
	}
	step.Mode, step.Whom = node.Mode, partsOf(node)
	state := store.StepWaiting
	switch {
	case node.Done.agrees():
		state = store.StepApproved
	case node.Done == NativeRefused:
		state = store.StepRejected
	case current:
		state = store.StepCurrent
	case m.c.State != store.RequestRunning:
		state = store.StepSkipped
	}
	if state == store.StepCurrent && step.State != store.StepCurrent {
		entered := m.acted
		step.EnteredAt, step.DecidedAt, step.DecidedBy, step.Opinion = &entered, nil, 0, ""
		m.turned = true
	}
	if state == store.StepApproved || state == store.StepRejected {
		step.DecidedAt, step.DecidedBy, step.Opinion = lastAct(node)
		if step.EnteredAt == nil {
			step.EnteredAt = step.DecidedAt
		}
	}
	if state == store.StepApproved && step.State != store.StepApproved && known {
		m.agreed = append(m.agreed, step.Name)
	}
	ended := step.State == store.StepCurrent && state != store.StepCurrent
	if !known {
		added := []store.RequestStep{step}
		if err := m.tx.AddRequestSteps(m.request, int64(i), added); err != nil {
			return err
		}
		step = added[0]
		before = step
	}
	step.State = state
	if !sameStep(before, step) {
		if err := m.tx.SaveRequestStep(&step); err != nil {
			return err
		}
	}
	if known {
		m.steps[i] = step
	} else {
		m.steps = append(m.steps, step)
	}
	return m.people(step, node, current, ended)
}

func nodeName(i int, node NativeNode) string {
	name := fmt.Sprintf("第%d步", i+1)
	switch {
	case node.Handler:
		return name + "（办理）"
	case node.Mode == store.StepAll && len(node.People) > 1:
		return name + "（会签）"
	case node.Mode == store.StepSequence && len(node.People) > 1:
		return name + "（依次）"
	}
	return name
}

// partsOf names the people of a node as people.Resolve reads it.
func partsOf(node NativeNode) string {
	const room = 200 // bytes; more are seen in the deciders
	var ids []string
	for _, p := range node.People {
		id := fmt.Sprint(p.Member)
		if len(strings.Join(ids, ","))+len(id) < room && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return "members:" + strings.Join(ids, ",")
}

// lastAct is the act that ended a node.
func lastAct(node NativeNode) (at *time.Time, by int64, opinion string) {
	for _, p := range node.People {
		if !p.At.IsZero() && p.Act.ends() && (at == nil || !p.At.Before(*at)) {
			when := p.At.UTC()
			at, by, opinion = &when, p.Member, p.Opinion
		}
	}
	return at, by, opinion
}

func sameStep(a, b store.RequestStep) bool {
	return a.State == b.State && a.Mode == b.Mode && a.Whom == b.Whom && a.DecidedBy == b.DecidedBy && a.Opinion == b.Opinion &&
		sameTime(a.EnteredAt, b.EnteredAt) && sameTime(a.DecidedAt, b.DecidedAt)
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// people takes over who decides a step, who has decided, and their clocks.
func (m *mirroring) people(step store.RequestStep, node NativeNode, current, ended bool) error {
	want := m.wanted(step, node, current)
	for _, old := range m.deciders { // those the node does not name any more
		if old.StepID == step.ID && !slices.ContainsFunc(want, func(d store.RequestDecider) bool { return d.MemberID == old.MemberID }) &&
			(old.State != store.DeciderPassed || old.Decision != "") {
			gone := old
			gone.State, gone.Decision, gone.Opinion, gone.DecidedAt = store.DeciderPassed, "", "", nil
			want = append(want, gone)
		}
	}
	var opened []store.RequestDecider
	for _, d := range want {
		old, known := m.decider(step.ID, d.MemberID)
		if known && sameDecider(old, d) {
			continue
		}
		if known && old.State == store.DeciderPassed && d.State == store.DeciderOpen {
			if member, err := m.tx.Member(d.MemberID); err != nil || !member.Present() {
				if err != nil {
					return err
				}
				continue // he has left, which those concerned have been told
			}
		}
		if err := m.tx.PutRequestDecider(d); err != nil {
			return err
		}
		wasOpen := known && old.State == store.DeciderOpen
		switch {
		case d.State == store.DeciderOpen && !wasOpen:
			opened = append(opened, d)
		case wasOpen && d.State == store.DeciderVoted && d.DecidedAt != nil:
			if _, err := m.q.clocks.Act(m.tx, nativeClock(step), d.MemberID, policy.Reply, *d.DecidedAt); err != nil {
				return err
			}
		case wasOpen && d.State == store.DeciderPassed:
			if err := m.q.clocks.Pass(m.tx, nativeClock(step), d.MemberID); err != nil {
				return err
			}
		}
	}
	if ended {
		if err := m.q.clocks.Cancel(m.tx, nativeClock(step)); err != nil {
			return err
		}
	}
	if len(opened) == 0 {
		return nil
	}
	m.turned = true
	return m.ask(step, opened)
}

func nativeClock(step store.RequestStep) store.Subject {
	return store.Subject{Kind: nativeSubject, ID: step.ID}
}

func (m *mirroring) decider(step, member int64) (store.RequestDecider, bool) {
	for _, d := range m.deciders {
		if d.StepID == step && d.MemberID == member {
			return d, true
		}
	}
	return store.RequestDecider{}, false
}

// wanted are the deciders of a node, one row for each member.
func (m *mirroring) wanted(step store.RequestStep, node NativeNode, current bool) []store.RequestDecider {
	var all []store.RequestDecider
	taken := false // somebody's turn of a sequence has been found
	for i, p := range node.People {
		d := store.RequestDecider{StepID: step.ID, RequestID: m.request.ID, MemberID: p.Member, State: store.DeciderEnded, Opinion: p.Opinion}
		if node.Mode == store.StepSequence {
			d.Turn = int64(i + 1)
		}
		if !p.At.IsZero() {
			at := p.At.UTC()
			d.DecidedAt = &at
		}
		switch {
		case p.Act.agrees():
			d.State, d.Decision = store.DeciderVoted, store.DecisionApproved
		case p.Act == NativeRefused:
			d.State, d.Decision = store.DeciderVoted, store.DecisionRejected
		case p.Act == NativeSentBack:
			d.State, d.Decision = store.DeciderVoted, store.DecisionReturned
		case p.Act == NativeTransferred || p.Act == NativeAdded:
			d.State = store.DeciderPassed
		case p.Act == NativeOther && !p.At.IsZero():
		case current && !(node.Mode == store.StepSequence && taken):
			d.State, taken = store.DeciderOpen, true
		case m.c.State == store.RequestRunning && !node.Done.ends():
			d.State = store.DeciderQueued
		}
		at := slices.IndexFunc(all, func(o store.RequestDecider) bool { return o.MemberID == d.MemberID })
		switch {
		case at < 0:
			all = append(all, d)
		case all[at].State != store.DeciderOpen: // he comes twice: what is open counts, else the later
			all[at] = d
		}
	}
	return all
}

func sameDecider(a, b store.RequestDecider) bool {
	return a.State == b.State && a.Decision == b.Decision && a.Opinion == b.Opinion && a.Turn == b.Turn && sameTime(a.DecidedAt, b.DecidedAt)
}

// entry is what the history says of an act.
func (p NativePart) entry() (kind store.RequestEntryKind, text string) {
	switch p.Act {
	case NativeAgreed, NativeHandled:
		return store.RequestAgreed, p.Opinion
	case NativeAddedAgreed:
		return store.RequestAgreed, strings.TrimSpace("同意并加签 " + p.Opinion)
	case NativeRefused:
		return store.RequestRefused, p.Opinion
	case NativeSentBack:
		return store.RequestSentBack, p.Opinion
	case NativeTransferred:
		return store.RequestTransferred, p.Opinion
	case NativeAdded:
		return store.RequestAdded, p.Opinion
	}
	return store.RequestPassed, strings.TrimSpace("已处理 " + p.Opinion)
}

// told enters what people did into the history, each act once. A node that is
// added moves those behind it, so an act is known by who did what and when, and
// by how many such acts there are.
func (m *mirroring) told() error {
	entries, err := m.tx.RequestEntries(m.request.ID, 5*maxHistory)
	if err != nil {
		return err
	}
	type key struct {
		member int64
		kind   store.RequestEntryKind
		at     int64
	}
	known := map[key]int{}
	for _, e := range entries {
		if e.Source == nativeSource {
			known[key{e.MemberID, e.Kind, e.At.Unix()}]++
		}
	}
	type acted struct {
		NativePart
		step int64
	}
	var acts []acted
	for i, n := range m.c.Nodes {
		for _, p := range n.People {
			if !p.At.IsZero() && p.Act != NativeWaits {
				acts = append(acts, acted{p, m.steps[i].ID})
			}
		}
	}
	slices.SortStableFunc(acts, func(a, b acted) int { return a.At.Compare(b.At) })
	for _, a := range acts {
		kind, text := a.entry()
		if k := (key{a.Member, kind, a.At.Unix()}); known[k] > 0 {
			known[k]--
			continue
		}
		by := act{member: a.Member, source: nativeSource, at: a.At.UTC()}
		if err := m.q.enterHistory(m.tx, m.request, a.step, by, kind, text); err != nil {
			return err
		}
	}
	return nil
}

// ask starts the clocks of those whose turn has come. WeCom has asked them; we
// say nothing until they are late.
func (m *mirroring) ask(step store.RequestStep, opened []store.RequestDecider) error {
	now := m.tx.Now()
	from := m.acted
	if now.Sub(from) > nativeLag {
		from = now
	}
	var present []int64
	for _, d := range opened {
		member, err := m.tx.Member(d.MemberID)
		if err != nil {
			return err
		}
		if !member.Present() {
			continue
		}
		present = append(present, d.MemberID)
		m.asked = append(m.asked, d)
		_, err = m.q.clocks.Open(m.tx, response.Opening{
			Subject: nativeClock(step), Number: m.request.Number, Title: m.request.Title, App: m.request.App, Class: policy.Normal,
			NeedsReply: true, Sender: m.request.ApplicantID, Receiver: d.MemberID,
		})
		if err != nil {
			return err
		}
	}
	if len(present) == 0 {
		return m.q.tellGone(m.tx, m.request, step, opened)
	}
	return m.q.clocks.Delivered(m.tx, nativeClock(step), present, from)
}

// dropStep ends a step whose node is not in the flow any more.
func (m *mirroring) dropStep(i int) error {
	step := m.steps[i]
	if step.State == store.StepSkipped {
		return nil
	}
	if step.State == store.StepCurrent {
		if err := m.tx.EndRequestDeciders(step.ID); err != nil {
			return err
		}
		if err := m.q.clocks.Cancel(m.tx, nativeClock(step)); err != nil {
			return err
		}
	}
	step.State = store.StepSkipped
	if step.Reason = "流程中已没有这一步"; step.Mode == store.StepCopy {
		step.Reason = "由企业微信「审批」抄送"
	}
	m.steps[i] = step
	return m.tx.SaveRequestStep(&step)
}

// copies takes over who is told of the case, so that they may read it here.
func (m *mirroring) copies() error {
	known, err := m.tx.RequestCopies(m.request.ID)
	if err != nil {
		return err
	}
	for _, id := range m.c.Copies {
		if slices.ContainsFunc(known, func(c store.RequestCopy) bool { return c.MemberID == id }) {
			continue
		}
		copied := store.RequestCopy{RequestID: m.request.ID, MemberID: id, Reason: "企业微信「审批」抄送"}
		if err := m.tx.AddRequestCopy(copied); err != nil && !errors.Is(err, store.ErrDuplicate) {
			return err
		}
		known = append(known, copied)
	}
	return nil
}

// comments takes over remarks that are new, and answers the ids of all.
func (m *mirroring) comments(seen string) (string, error) {
	var ids []string
	if seen != "" {
		if err := json.Unmarshal([]byte(seen), &ids); err != nil {
			return seen, fmt.Errorf("comments of request %d: %w", m.request.ID, err)
		}
	}
	for _, c := range m.c.Comments {
		if slices.Contains(ids, c.ID) {
			continue
		}
		ids = append(ids, c.ID)
		by := act{member: c.Member, source: nativeSource, at: orNow(m.tx, c.At)}
		if err := m.q.enterHistory(m.tx, m.request, 0, by, store.RequestCommented, c.Text); err != nil {
			return seen, err
		}
	}
	raw, err := json.Marshal(ids[max(0, len(ids)-2*maxNativeComments):])
	return string(raw), err
}
