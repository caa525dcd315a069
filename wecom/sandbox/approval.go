package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
)

// approval is one request in the built-in 审批 app (api.md 5, system A).
type approval struct {
	SpNo      string            `json:"sp_no"`
	Template  string            `json:"template_id"`
	Name      string            `json:"sp_name"`
	Status    int               `json:"sp_status"`
	Applied   time.Time         `json:"apply_time"`
	Applicant string            `json:"applicant"`
	Party     int               `json:"party"`
	Nodes     []*approvalNode   `json:"nodes"`
	Contents  []gin.H           `json:"contents"`
	Comments  []approvalComment `json:"comments"`
}

// approvalNode is one step of the flow: Type 1 approvers, 2 copies, 3 handlers;
// Rel 1 all, 2 any one, 3 in turn (the numbers of apv_rel).
type approvalNode struct {
	Type   int              `json:"type"`
	Rel    int              `json:"rel"`
	Status int              `json:"status"`
	People []*approvalStand `json:"people"`
}

// approvalStand is where one person of a node stands.
type approvalStand struct {
	User   string    `json:"user"`
	Status int       `json:"status"`
	Speech string    `json:"speech"`
	At     time.Time `json:"at"`
}

type approvalComment struct {
	User    string    `json:"user"`
	At      time.Time `json:"at"`
	Content string    `json:"content"`
	ID      string    `json:"id"`
}

// Request states, node states, and what happened (callbacks.md 4.6).
const (
	spPending, spAgreed, spRejected, spWithdrawn, spWithdrawnAfter = 1, 2, 3, 4, 6

	nodePending, nodeAgreed, nodeRejected, nodeTransferred, nodeHandled = 1, 2, 3, 4, 14

	changeSubmitted, changeAgreed, changeRejected, changeTransferred    = 1, 2, 3, 4
	changeUrged, changeWithdrawn, changeWithdrawnAfter, changeCommented = 5, 6, 8, 10
	changeHandled                                                       = 14
)

// Template is one form of the built-in 审批 app with its console flow.
type Template struct {
	ID       string            `json:"template_id"`
	Name     string            `json:"name"`
	Controls []TemplateControl `json:"controls"`
	// Flow is what use_template_approver=1 and the control API use.
	Flow []FlowNode `json:"flow"`
}

// TemplateControl is one field. Options hold key and text of a Selector, or of
// the kinds of leave of a Vacation.
type TemplateControl struct {
	Control  string      `json:"control"`
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	Required bool        `json:"required"`
	Kind     string      `json:"kind,omitempty"` // Date: day|hour; Selector, Contact: single|multi; DateRange, Vacation, Attendance: halfday|hour
	Mode     string      `json:"mode,omitempty"` // Contact: user|department
	Options  [][2]string `json:"options,omitempty"`
	// Attendance is what an Attendance is: 3 trip, 4 out, 5 overtime.
	Attendance int  `json:"attendance,omitempty"`
	Photos     bool `json:"photos,omitempty"` // File: photos only
}

// FlowNode is one step: named people or, with Leader, the applicant's superior.
type FlowNode struct {
	Type   int      `json:"type"` // 1 approver, 2 copy, 3 handler
	Rel    int      `json:"rel"`
	Users  []string `json:"users,omitempty"`
	Leader bool     `json:"leader,omitempty"`
}

// ExampleTemplates are the forms of the example company.
func ExampleTemplates() []Template {
	leader := FlowNode{Type: 1, Rel: 2, Leader: true}
	return []Template{
		{ID: "C4SandboxTplLeave0001", Name: "请假申请", Controls: []TemplateControl{
			{Control: "Selector", ID: "Selector-1700000000001", Title: "请假类型", Required: true, Kind: "single",
				Options: [][2]string{{"option-1700000000011", "事假"}, {"option-1700000000012", "病假"}, {"option-1700000000013", "年假"}}},
			{Control: "DateRange", ID: "DateRange-1700000000002", Title: "请假时间", Required: true, Kind: "halfday"},
			{Control: "Textarea", ID: "Textarea-1700000000003", Title: "请假事由", Required: true},
			{Control: "Contact", ID: "Contact-1700000000004", Title: "工作交接", Kind: "single", Mode: "user"},
		}, Flow: []FlowNode{leader, {Type: 2, Users: []string{"hanmei"}}}},
		{ID: "C4SandboxTplExpense0002", Name: "费用报销", Controls: []TemplateControl{
			{Control: "Text", ID: "Text-1700000000021", Title: "事由", Required: true},
			{Control: "Money", ID: "Money-1700000000022", Title: "金额", Required: true},
			{Control: "Date", ID: "Date-1700000000023", Title: "发生日期", Kind: "day"},
			{Control: "File", ID: "File-1700000000024", Title: "附件"},
		}, Flow: []FlowNode{leader, {Type: 1, Rel: 2, Users: []string{"hejing"}}}},
		{ID: "C4SandboxTplPurchase0003", Name: "采购申请", Controls: []TemplateControl{
			{Control: "Text", ID: "Text-1700000000031", Title: "物品", Required: true},
			{Control: "Number", ID: "Number-1700000000032", Title: "数量", Required: true},
			{Control: "Money", ID: "Money-1700000000033", Title: "预算"},
		}, Flow: []FlowNode{leader, {Type: 1, Rel: 1, Users: []string{"hejing", "gaozong"}}, {Type: 3, Rel: 2, Users: []string{"zhangsan", "lisi"}}}},
	}
}

func (p *Platform) template(id string) *Template {
	for i := range p.opts.Templates {
		if p.opts.Templates[i].ID == id {
			return &p.opts.Templates[i]
		}
	}
	return nil
}

// flow turns a template's console flow into nodes for one applicant.
func (p *Platform) flow(t *Template, applicant *Member) []*approvalNode {
	var out []*approvalNode
	for _, n := range t.Flow {
		users := n.Users
		if n.Leader {
			users = applicant.DirectLeader
		}
		node := &approvalNode{Type: n.Type, Rel: n.Rel, Status: nodePending}
		for _, u := range users {
			if m := p.st.Company.member(u); m != nil {
				node.People = append(node.People, &approvalStand{User: m.UserID, Status: nodePending})
			}
		}
		if len(node.People) > 0 {
			out = append(out, node)
		}
	}
	return out
}

// submitApproval numbers and stores a request. The caller holds mu.
func (p *Platform) submitApproval(t *Template, applicant *Member, party int, nodes []*approvalNode, contents []gin.H) *approval {
	now := p.Now()
	day := now.In(p.opts.Location).Format("20060102")
	p.st.ApprovalN[day]++
	a := &approval{SpNo: fmt.Sprintf("%s%04d", day, p.st.ApprovalN[day]), Template: t.ID, Name: t.Name, Status: spPending,
		Applied: now, Applicant: applicant.UserID, Party: party, Nodes: nodes, Contents: contents}
	p.st.Approvals[a.SpNo] = a
	a.finishIfDone()
	p.touch()
	return a
}

// current is the first unfinished step that waits for someone.
func (a *approval) current() *approvalNode {
	for _, n := range a.Nodes {
		if n.Type != 2 && n.Status == nodePending {
			return n
		}
	}
	return nil
}

// turn is the stand of a person whose move it is now.
func (n *approvalNode) turn(user string) *approvalStand {
	for _, s := range n.People {
		if s.Status != nodePending {
			continue
		}
		if fold(s.User) == fold(user) {
			return s
		}
		if n.Rel == 3 { // in turn: nobody before the first pending one
			return nil
		}
	}
	return nil
}

// settle closes the node when enough people have agreed.
func (n *approvalNode) settle(done int) {
	if n.Rel == 2 {
		n.Status = done
		return
	}
	for _, s := range n.People {
		if s.Status == nodePending {
			return
		}
	}
	n.Status = done
}

func (a *approval) finishIfDone() {
	if a.Status == spPending && a.current() == nil {
		a.Status = spAgreed
	}
}

// concerns tells whether a person takes part in the request.
func (a *approval) concerns(user string) bool {
	if fold(a.Applicant) == fold(user) {
		return true
	}
	for _, n := range a.Nodes {
		if slices.ContainsFunc(n.People, func(s *approvalStand) bool { return fold(s.User) == fold(user) }) {
			return true
		}
	}
	return false
}

// decide carries out one action of a person in the 审批 app and tells what the
// callback's StatuChangeEvent is.
func (p *Platform) decide(a *approval, user *Member, action, speech, to string) (int, *refusal) {
	now := p.Now()
	switch action {
	case "comment":
		if !a.concerns(user.UserID) {
			return 0, deny("user", "%s takes no part in this request", user.UserID)
		}
		if speech == "" {
			return 0, deny("speech", "is missing")
		}
		a.Comments = append(a.Comments, approvalComment{User: user.UserID, At: now, Content: speech, ID: digits(19)})
		return changeCommented, nil
	case "withdraw", "urge":
		return a.byApplicant(user, action)
	case "delete", "pay": // by an administrator, whoever is named
		return 0, a.administrate(action)
	case "agree", "reject", "transfer", "return", "add", "add_agree":
	default:
		return 0, deny("action", "must be agree, reject, withdraw, transfer, comment, urge, return, add, add_agree, delete or pay")
	}
	node := a.current()
	if a.Status != spPending || node == nil {
		return 0, &refusal{http.StatusConflict, "action", "the request is finished"}
	}
	stand := node.turn(user.UserID)
	if stand == nil {
		return 0, &refusal{http.StatusConflict, "user", "it is not " + user.UserID + "'s turn"}
	}
	switch action {
	case "return":
		return a.sendBack(node, stand, to, speech, now)
	case "add", "add_agree":
		return p.add(a, node, stand, action, to, speech)
	}
	stand.Speech, stand.At = speech, now
	switch action {
	case "agree":
		done, change := nodeAgreed, changeAgreed
		if node.Type == 3 {
			done, change = nodeHandled, changeHandled
		}
		stand.Status = done
		node.settle(done)
		a.finishIfDone()
		return change, nil
	case "reject":
		if node.Type == 3 {
			return 0, deny("action", "a handler (办理人) cannot reject")
		}
		stand.Status, node.Status, a.Status = nodeRejected, nodeRejected, spRejected
		return changeRejected, nil
	}
	m := p.st.Company.member(to)
	if m == nil || m.Status != statusActive || fold(m.UserID) == fold(user.UserID) {
		stand.Speech, stand.At = "", time.Time{}
		return 0, deny("to", "no other active member %q", cutBytes(to, 64))
	}
	change := changeTransferred
	if stand.Status = nodeTransferred; node.Type == 3 {
		stand.Status, change = nodeHandedOver, changeHandedOver
	}
	i := slices.Index(node.People, stand)
	node.People = slices.Insert(node.People, i+1, &approvalStand{User: m.UserID, Status: nodePending})
	return change, nil
}

// byApplicant withdraws or urges.
func (a *approval) byApplicant(user *Member, action string) (int, *refusal) {
	switch {
	case fold(user.UserID) != fold(a.Applicant):
		return 0, &refusal{http.StatusConflict, "user", "only the applicant may do this"}
	case action == "urge" && a.Status == spPending:
		return changeUrged, nil
	case action == "withdraw" && a.Status == spPending:
		a.Status = spWithdrawn
		return changeWithdrawn, nil
	case action == "withdraw" && a.Status == spAgreed:
		a.Status = spWithdrawnAfter
		return changeWithdrawnAfter, nil
	}
	return 0, &refusal{http.StatusConflict, "action", "the request is finished"}
}

// approvalAgent is the AgentID that the approval system app writes into callbacks.
const approvalAgent = 3010040

// approvalEvents builds one sys_approval_change per app that may call the 审批
// interfaces and sees the applicant. Old and new form of the flow are both there.
// The caller holds mu.
func (p *Platform) approvalEvents(a *approval, change int) []*delivery {
	x := p.head("sys")
	x.cdata("MsgType", "event").cdata("Event", "sys_approval_change").num("AgentID", approvalAgent).open("ApprovalInfo")
	x.cdata("SpNoStr", a.SpNo).bare("SpNo", a.SpNo).cdata("SpName", a.Name).num("SpStatus", int64(a.Status)).cdata("TemplateId", a.Template)
	x.num("ApplyTime", a.Applied.Unix()).open("Applyer").cdata("UserId", a.Applicant).cdata("Party", strconv.Itoa(a.Party)).close("Applyer")
	for _, n := range a.Nodes {
		if n.Type != 1 {
			continue
		}
		x.open("SpRecord").num("SpStatus", int64(n.Status)).num("ApproverAttr", n.attr())
		for _, s := range n.People {
			x.open("Details").open("Approver").cdata("UserId", s.User).close("Approver").cdata("Speech", s.Speech).
				num("SpStatus", int64(s.Status)).num("SpTime", unix(s.At)).close("Details")
		}
		x.close("SpRecord")
	}
	for _, n := range a.Nodes {
		if n.Type == 2 {
			for _, s := range n.People {
				x.open("Notifyer").cdata("UserId", s.User).close("Notifyer")
			}
		}
	}
	x.open("ProcessList")
	for _, n := range a.Nodes {
		x.open("NodeList").num("NodeType", int64(n.Type))
		if n.Type != 2 {
			x.num("SpStatus", int64(n.Status)).num("ApvRel", int64(n.Rel))
		}
		for _, s := range n.People {
			x.open("SubNodeList").open("UserInfo").cdata("UserId", s.User).close("UserInfo")
			if n.Type != 2 {
				x.cdata("Speech", s.Speech).num("SpYj", int64(s.Status)).num("Sptime", unix(s.At))
			}
			x.close("SubNodeList")
		}
		x.close("NodeList")
	}
	x.close("ProcessList")
	for _, m := range a.Comments {
		x.open("Comments").open("CommentUserInfo").cdata("UserId", m.User).close("CommentUserInfo").num("CommentTime", m.At.Unix()).
			cdata("CommentContent", m.Content).cdata("CommentId", m.ID).close("Comments")
	}
	text := x.num("StatuChangeEvent", int64(change)).close("ApprovalInfo").close("xml").string()
	var out []*delivery
	for _, name := range sortedKeys(p.st.Apps) {
		app := p.st.Apps[name].App
		if app.NoApprovals || app.Disabled || app.CallbackURL == "" || !p.st.Company.visible(app).sees(p.st.Company.member(a.Applicant)) {
			continue
		}
		out = append(out, &delivery{receiver: name, event: "sys_approval_change", kind: "sys_approval_change/" + strconv.Itoa(change), text: text})
	}
	p.stream.send(StreamHint{Type: "approval"})
	return out
}

// attr is ApproverAttr: 1 any one, 2 all — the reverse of apv_rel.
func (n *approvalNode) attr() int64 {
	if n.Rel == 2 {
		return 1
	}
	return 2
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
