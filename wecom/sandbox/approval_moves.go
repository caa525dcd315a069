package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// What approvers can do in the 审批 app besides agreeing, refusing and passing
// on: send back to an earlier approver, add another one. What administrators do:
// delete a request, mark it as paid. WeCom numbers the former 11 to 13; of the
// latter two no callback is documented, so none is sent: only lists and details
// show them.

const (
	spDeleted, spPaid = 7, 10

	nodeSentBack, nodeAdded, nodeAddedAndAgreed, nodeHandedOver = 11, 12, 13, 15

	changeSentBack, changeAdded, changeAddedAndAgreed, changeHandedOver = 11, 12, 13, 15
)

// sendBack gives the request back to an approver who has agreed already: his
// node and those after it decide again, the sender at last.
func (a *approval) sendBack(node *approvalNode, stand *approvalStand, to string, speech string, now time.Time) (int, *refusal) {
	at := slices.Index(a.Nodes, node)
	back := -1
	for i, n := range a.Nodes[:at] {
		if n.Type == 1 && slices.ContainsFunc(n.People, func(s *approvalStand) bool { return fold(s.User) == fold(to) && s.Status == nodeAgreed }) {
			back = i
		}
	}
	if back < 0 {
		return 0, deny("to", "%q has not agreed to an earlier step", cutBytes(to, 64))
	}
	for _, n := range a.Nodes[back:at] {
		if n.Type != 2 {
			n.reset()
		}
	}
	stand.Status, stand.Speech, stand.At = nodeSentBack, speech, now
	node.People = append(node.People, &approvalStand{User: stand.User, Status: nodePending})
	return changeSentBack, nil
}

// reset makes everybody of a node decide again.
func (n *approvalNode) reset() {
	n.Status = nodePending
	n.People = slices.DeleteFunc(n.People, func(s *approvalStand) bool {
		return !slices.Contains([]int{nodePending, nodeAgreed, nodeAddedAndAgreed, nodeHandled}, s.Status)
	})
	for _, s := range n.People {
		s.Status, s.Speech, s.At = nodePending, "", time.Time{}
	}
}

// add adds an approver: before the present step, which then decides again, or,
// with the actor's own agreement, after it.
func (p *Platform) add(a *approval, node *approvalNode, stand *approvalStand, action, to, speech string) (int, *refusal) {
	m, now := p.st.Company.member(to), p.Now()
	if m == nil || m.Status != statusActive || fold(m.UserID) == fold(stand.User) {
		return 0, deny("to", "no other active member %q", cutBytes(to, 64))
	}
	if node.Type == 3 {
		return 0, deny("action", "a handler (办理人) cannot add an approver")
	}
	added := &approvalNode{Type: 1, Rel: 1, Status: nodePending, People: []*approvalStand{{User: m.UserID, Status: nodePending}}}
	at := slices.Index(a.Nodes, node)
	stand.Speech, stand.At = speech, now
	if action == "add" {
		stand.Status = nodeAdded
		node.People = append(node.People, &approvalStand{User: stand.User, Status: nodePending})
		a.Nodes = slices.Insert(a.Nodes, at, added)
		return changeAdded, nil
	}
	stand.Status = nodeAddedAndAgreed
	node.settle(nodeAgreed)
	a.Nodes = slices.Insert(a.Nodes, at+1, added)
	return changeAddedAndAgreed, nil
}

// administrate is what the console does to a request; nobody is told.
func (a *approval) administrate(action string) *refusal {
	switch {
	case action == "delete" && a.Status != spDeleted:
		a.Status = spDeleted
	case action == "pay" && a.Status == spAgreed:
		a.Status = spPaid
	default:
		return &refusal{http.StatusConflict, "action", "the request is not in a state for this"}
	}
	return nil
}
