package policy

// ApprovalActor says who acts at a node or is informed: the guide's word in the
// rulebook (直接上级, 部门负责人:2, 岗位:财务部/财务经理, HR), and what it means
// to people.Resolve.
type ApprovalActor struct {
	Word string `json:"word"` // as the rulebook says it: HR
	Who  string `json:"whom"` // superior, head, head^2, supervisor, post:…, role:…, department:…, user:…, field:…
}

// Whom is the actor for people.Resolve. Of an actor whom the applicant chooses
// it is "field:审批人", which is resolved from the form.
func (a ApprovalActor) Whom() string { return a.Who }

// Field is the field that names the actor; "" if none does.
func (a ApprovalActor) Field() string {
	if len(a.Who) > len("field:") && a.Who[:len("field:")] == "field:" {
		return a.Who[len("field:"):]
	}
	return ""
}

func (a ApprovalActor) String() string { return a.Word }
