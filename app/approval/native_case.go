package approval

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
	"guiju/wecom"
)

// errStrange is a detail that means nothing to us: a person looks at it.
var errStrange = errors.New("the detail of an approval is not understood")

// nativeStates are the states of a form (S04). Others may come.
var nativeStates = map[wecom.ApprovalStatus]store.RequestState{
	wecom.ApprovalPending: store.RequestRunning, wecom.ApprovalApproved: store.RequestApproved, wecom.ApprovalRejected: store.RequestRejected,
	wecom.ApprovalWithdrawn: store.RequestWithdrawn, wecom.ApprovalWithdrawnAfter: store.RequestRevoked,
	wecom.ApprovalDeleted: store.RequestDeleted, wecom.ApprovalPaid: store.RequestPaid,
}

// nativeActs are what people do in a node.
var nativeActs = map[wecom.NodeStatus]request.NativeAct{
	0: request.NativeWaits, wecom.NodePending: request.NativeWaits, wecom.NodeAgreed: request.NativeAgreed, wecom.NodeRejected: request.NativeRefused,
	wecom.NodeTransferred: request.NativeTransferred, wecom.NodeHandedOver: request.NativeTransferred, wecom.NodeSentBack: request.NativeSentBack,
	wecom.NodeAdded: request.NativeAdded, wecom.NodeAddedAndAgreed: request.NativeAddedAgreed, wecom.NodeHandled: request.NativeHandled,
}

// underWayPause is after how long a form is looked at again that may be ours.
const underWayPause = 10 * time.Second

// take mirrors a detail. A form that a submission of ours without an answer
// holds becomes that request; it never becomes two.
func (n *Native) take(tx *store.Tx, system store.NativeSystem, app string, a wecom.Approval) (store.Request, error) {
	if system == store.NativeApproval {
		if err := n.claim(tx, a); err != nil {
			return store.Request{}, err
		}
	}
	c, err := n.caseOf(tx, system, app, a)
	if err != nil {
		return store.Request{}, err
	}
	return n.requests.Mirror(tx, c)
}

// claim links a form nobody knows yet to the submission it came from.
func (n *Native) claim(tx *store.Tx, a wecom.Approval) error {
	_, err := tx.RequestBySPNo(request.NativeNumber(store.NativeApproval, a.Number))
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	open, err := tx.SubmissionsUnderWay(a.TemplateID, store.Fold(a.Applicant), 20)
	if err != nil {
		return err
	}
	waiting := false
	for _, s := range open {
		if s.TriedAt == nil || a.AppliedAt.Before(s.TriedAt.Add(-clockSlack)) {
			continue // it was there before we tried
		}
		var sent wecom.Application
		if err := json.Unmarshal([]byte(s.Body), &sent); err != nil {
			return fmt.Errorf("submission of request %d: %w", s.RequestID, err)
		}
		if wecom.SameForm(sent.Form, a.Form) {
			return n.requests.LinkNative(tx, s.RequestID, a.Number)
		}
		waiting = waiting || tx.Now().Sub(*s.TriedAt) < underWayLimit
	}
	if waiting {
		return errUnderWay
	}
	return nil
}

const (
	// clockSlack is how far WeCom's clock may be from ours.
	clockSlack = 5 * time.Minute
	// underWayLimit is how long a form of the same member and template waits for
	// the outcome of a submission it does not equal.
	underWayLimit = 15 * time.Minute
)

// caseOf is a detail with its people as members.
func (n *Native) caseOf(tx *store.Tx, system store.NativeSystem, app string, a wecom.Approval) (request.NativeCase, error) {
	state, known := nativeStates[a.Status]
	if !known || system == store.NativeOpen && a.Status > wecom.ApprovalWithdrawn {
		return request.NativeCase{}, fmt.Errorf("%w: form %s has state %d", errStrange, a.Number, a.Status)
	}
	c := request.NativeCase{
		System: system, Ref: a.Number, App: app, TemplateID: a.TemplateID, Name: nameOf(a), State: state, AppliedAt: a.AppliedAt,
	}
	who := members{n: n, tx: tx}
	applicants := a.Batch
	if a.Applicant != "" {
		applicants = []string{a.Applicant}
	}
	if len(applicants) == 0 {
		return c, fmt.Errorf("%w: form %s has no applicant", errStrange, a.Number)
	}
	c.Applicant = who.is(applicants[0])
	for _, user := range append(slices.Clone(applicants[1:]), a.Copies...) {
		if id := who.is(user); id != 0 && id != c.Applicant && !slices.Contains(c.Copies, id) {
			c.Copies = append(c.Copies, id)
		}
	}
	for _, node := range a.Nodes {
		c.Nodes = append(c.Nodes, nodeOf(node, &who))
	}
	for _, comment := range a.Comments {
		if comment.ID == "" {
			comment.ID = fmt.Sprintf("%s:%d", comment.UserID, comment.At.Unix())
		}
		c.Comments = append(c.Comments, request.NativeComment{
			ID: comment.ID, Member: who.is(comment.UserID), At: comment.At, Text: oneText(comment.Content),
		})
	}
	if who.err == nil && c.Applicant == 0 {
		return c, fmt.Errorf("%w: form %s has no applicant", errStrange, a.Number)
	}
	if who.err != nil {
		return c, who.err
	}
	return c, n.fill(tx, &c, a)
}

func nameOf(a wecom.Approval) string {
	if name := strings.Join(strings.Fields(a.Name), " "); name != "" {
		return name
	}
	return "企业微信审批"
}

// oneText bounds what somebody wrote.
func oneText(text string) string {
	r := []rune(strings.TrimSpace(text))
	return string(r[:min(len(r), request.MaxText)])
}

// members resolves userids, each once; a userid that is none is nobody.
type members struct {
	n     *Native
	tx    *store.Tx
	known map[string]int64
	err   error
}

func (m *members) is(userid string) int64 {
	if id, done := m.known[userid]; done || m.err != nil {
		return id
	}
	member, err := m.n.people.Named(m.tx, userid)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		m.err = err
		return 0
	}
	if m.known == nil {
		m.known = map[string]int64{}
	}
	m.known[userid] = member.ID
	return member.ID
}

var nativeModes = map[wecom.NodeRule]store.StepMode{
	wecom.AnyOne: store.StepAny, wecom.Everyone: store.StepAll, wecom.InTurn: store.StepSequence,
}

func nodeOf(node wecom.ApprovalNode, who *members) request.NativeNode {
	out := request.NativeNode{Mode: store.StepAny, Handler: node.Kind == wecom.HandlerNode}
	if mode, known := nativeModes[node.Rule]; known {
		out.Mode = mode
	}
	switch node.Status {
	case wecom.NodeAgreed, wecom.NodeRejected, wecom.NodeAddedAndAgreed, wecom.NodeHandled:
		out.Done = nativeActs[node.Status]
	}
	for _, p := range node.People {
		id := who.is(p.UserID)
		if id == 0 {
			continue
		}
		act, known := nativeActs[p.Status]
		if !known {
			act = request.NativeOther
		}
		out.People = append(out.People, request.NativePart{Member: id, Act: act, Opinion: oneText(p.Speech), At: p.At})
	}
	return out
}

// fill says what was applied for: by the rulebook's template that is mapped to
// WeCom's, else by the titles of the controls.
func (n *Native) fill(tx *store.Tx, c *request.NativeCase, a wecom.Approval) error {
	c.Title = c.Name
	hidden := map[string]bool{}
	if t, mapped := n.templateFor(a.TemplateID); mapped {
		c.Kind, c.Sensitive = t.Key, t.Sensitive
		version, err := n.requests.NewestVersion(&tx.Reader, t.Key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		c.Template = version
		who := members{n: n, tx: tx}
		department := func(id string) int64 { return n.departmentID(&tx.Reader, id) }
		if form, whole := formOf(t, a.Form, n.rules().Calendar().Location(), known{member: who.is, department: department}); whole {
			c.Form = t.Complete(form, n.rules().Calendar())
			c.Title = t.CaseTitle(c.Form)
		}
		if who.err != nil {
			return who.err
		}
		for _, f := range t.Fields {
			if f.Personal {
				hidden[t.Native.Controls[f.Key]] = true
			}
		}
	}
	for _, f := range a.Form {
		value := showControl(f, n.rules().Calendar().Location())
		if f.Hidden || value == "" {
			continue
		}
		line := request.Line{Key: orElse(f.Title, f.Control), Value: value}
		if hidden[f.ID] {
			line.Only = []string{nobodyHere} // whoever decides reads it in the 审批 app
		}
		c.Lines = append(c.Lines, line)
	}
	return nil
}

// nobodyHere names no step: a personal value is masked for everybody.
const nobodyHere = "仅在企业微信「审批」中显示"

func orElse(text, other string) string {
	if text = strings.Join(strings.Fields(text), " "); text != "" {
		return text
	}
	return other
}

// templateFor finds the rulebook's template that stands for one of WeCom's.
func (n *Native) templateFor(id string) (*policy.ApprovalTemplate, bool) {
	if id == "" {
		return nil, false
	}
	for _, t := range n.rules().ApprovalTemplates() {
		if t.Native.TemplateID == id {
			return t, true
		}
	}
	return nil, false
}
