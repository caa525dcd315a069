package policy

import (
	"fmt"
	"strings"
)

// ExplainApproval is the tree of reasons of a plan: the nodes it passes, and of
// every branch the case taken and the others.
func (e *Engine) ExplainApproval(t *ApprovalTemplate, plan ApprovalPlan) Reason {
	clause := "G1-3.2(1)"
	if t.Key == "leave" {
		clause = "G1-3.2(2)"
	}
	var names []string
	for _, n := range plan.Nodes {
		names = append(names, n.Title())
	}
	root := e.basis("approval.templates."+t.Key+".route", clause).root(Yes, "%s %s：%s", t.Title, t.Version, strings.Join(names, " → "))
	for _, taken := range plan.Why {
		root.Of = append(root.Of, t.explainBranch(taken))
	}
	return root
}

// Title is the name of the node, told apart where it only informs.
func (n ApprovalNode) Title() string {
	if n.Mode == CCMode {
		return "（抄送）" + n.Name
	}
	return n.Name
}

func (t *ApprovalTemplate) explainBranch(taken BranchTaken) Reason {
	branch := Reason{Mark: Note, Text: "分支 " + taken.Branch}
	for _, name := range sorted(taken.Values) {
		branch.add(Note, name+" = "+taken.Values[name])
	}
	for _, other := range taken.Others {
		if other.Holds {
			branch.add(Note, fmt.Sprintf("%s 也符合，但排在后面（→ %s）", other.When, t.placeName(other.To)))
		} else {
			branch.add(No, fmt.Sprintf("%s（→ %s）", other.When, t.placeName(other.To)))
		}
	}
	when := taken.When
	if when == "" {
		when = "其他情况"
	}
	branch.add(Yes, fmt.Sprintf("%s → %s", when, t.placeName(taken.To)))
	return branch
}

// placeName is what members call a node; branches and the end by what they are.
func (t *ApprovalTemplate) placeName(key string) string {
	if n, ok := t.Node(key); ok {
		return n.Name
	}
	if key == End {
		return "结束"
	}
	return "分支 " + key
}

// KindWords says how a node is decided, in Chinese.
func (n ApprovalNode) KindWords() string {
	switch n.Kind {
	case AllNode:
		return "会签，全部同意"
	case AnyNode:
		return "或签，一人同意"
	case SequenceNode:
		return "依次同意"
	case ShareNode:
		return fmt.Sprintf("票签，%d%% 同意", n.Share)
	}
	return ""
}
