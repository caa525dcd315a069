package wecom

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// The 审批 app (api.md section 5, system A): forms are submitted and read here. There is no call to approve, reject,
// withdraw or urge: people do that in the client. Every call of this file is limited to 600 a minute and corp, and
// answers 301055 while the app does not stand under 审批 → API → 可调用接口的应用.

// The errcodes of approvals that are part of a call's meaning.
const (
	CodeApprovalParameter = 301025 // no such template, form or control; a value that does not fit
	CodeApprovalRight     = 301055 // the app may not call, or the applicant is out of its range
	CodeWindowTooHeavy    = 301112 // ask for a narrower window
)

// Bounds of what WeCom takes.
const (
	MaxApprovalWindow = 31 * 24 * time.Hour // of ApprovalNumbers
	MaxApprovalPage   = 100                 // numbers of one answer
	MaxSummaryLines   = 3
	MaxSummaryText    = 20 // characters
	MaxFormFiles      = 6  // in a whole form
	maxTemplateID     = 256
	maxSpNo           = 64 // bytes
	maxThirdNo        = 256
	maxCursor         = 1024
	maxFormControls   = 200
)

// ApprovalStatus is the state of a form in the 审批 app.
type ApprovalStatus int

// The states [91983]; others may come.
const (
	ApprovalPending        ApprovalStatus = 1
	ApprovalApproved       ApprovalStatus = 2
	ApprovalRejected       ApprovalStatus = 3
	ApprovalWithdrawn      ApprovalStatus = 4
	ApprovalWithdrawnAfter ApprovalStatus = 6 // after it had been approved
	ApprovalDeleted        ApprovalStatus = 7
	ApprovalPaid           ApprovalStatus = 10
)

// NodeKind is the kind of a node.
type NodeKind int

// The kinds (node_type).
const (
	ApproverNode NodeKind = 1
	CopyNode     NodeKind = 2
	HandlerNode  NodeKind = 3 // 办理人
)

// NodeRule says whose agreement a node needs. The numbers are those of apv_rel; approverattr and NodeAttr mean the
// opposite by 1 and 2 and are translated.
type NodeRule int

// The rules.
const (
	Everyone NodeRule = 1 // 会签
	AnyOne   NodeRule = 2 // 或签
	InTurn   NodeRule = 3 // 依次
)

// ruleOfAttr reads approverattr and NodeAttr.
func ruleOfAttr(attr int) NodeRule {
	switch attr {
	case 1:
		return AnyOne
	case 2:
		return Everyone
	}
	return NodeRule(attr)
}

// NodeStatus is where a node, or one person's part in it, stands.
type NodeStatus int

// The states [91983]; others may come.
const (
	NodePending        NodeStatus = 1
	NodeAgreed         NodeStatus = 2
	NodeRejected       NodeStatus = 3
	NodeTransferred    NodeStatus = 4
	NodeSentBack       NodeStatus = 11 // to a named approver
	NodeAdded          NodeStatus = 12 // he added an approver
	NodeAddedAndAgreed NodeStatus = 13
	NodeHandled        NodeStatus = 14
	NodeHandedOver     NodeStatus = 15
)

// Application is a form to be submitted (oa/applyevent).
type Application struct {
	TemplateID string
	Applicant  string // userid, inside the app's visible range
	Department int    // of his; 0: his main one
	// TemplateFlow takes the flow set in the console, which must hold no 申请人自选 node; Nodes stay empty then.
	TemplateFlow bool
	Nodes        []ApplicationNode
	Form         []FormControl
	Summary      []string // 1 to 3 lines of at most 20 characters, shown on the notice
}

// ApplicationNode is one node of the flow an application brings along.
type ApplicationNode struct {
	Kind  NodeKind
	Rule  NodeRule // not of copies
	Users []string
}

// Apply submits a form and answers its number (oa/applyevent [91853]). There is no idempotency key: when
// Uncertain(err), look for the form by ApprovalNumbers before submitting it again.
func (c *Client) Apply(ctx context.Context, a Application) (string, error) {
	body, err := a.body()
	if err != nil {
		return "", fmt.Errorf("submit approval: %w", err)
	}
	var got struct {
		SpNo flexText `json:"sp_no"`
	}
	err = c.callJSON(ctx, "oa/applyevent", body, &got)
	if err == nil && got.SpNo == "" {
		err = &Error{API: "oa/applyevent", HTTPStatus: 200, Msg: "answer holds no number", class: Transient, uncertain: true}
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Code != 0 && e.class == Transient {
		e.uncertain = true // -1, 301026 and 301057 are failures inside: it may have been stored (api.md section 12)
	}
	return string(got.SpNo), err
}

type langText struct {
	Text string `json:"text"`
	Lang string `json:"lang"`
}

func inChinese(text string) []langText { return []langText{{Text: text, Lang: "zh_CN"}} }

// body is the request, checked against the limits of [91853].
func (a Application) body() (map[string]any, error) {
	var k checks
	k.need("creator_userid", a.Applicant, maxUserID)
	k.need("template_id", a.TemplateID, maxTemplateID)
	if n := len(a.Summary); n < 1 || n > MaxSummaryLines {
		k.refuse("summary_list", "allowed are 1 to %d lines", MaxSummaryLines)
	}
	var summary []map[string]any
	for _, line := range a.Summary {
		if n := len([]rune(line)); n < 1 || n > MaxSummaryText {
			k.refuse("summary_list", "a line has %d characters, allowed are 1 to %d", n, MaxSummaryText)
		}
		summary = append(summary, map[string]any{"summary_info": inChinese(line)})
	}
	k.atMost("apply_data.contents", len(a.Form), maxFormControls)
	contents, err := contentsOf(a.Form)
	if err != nil {
		return nil, err
	}
	body := map[string]any{
		"creator_userid": a.Applicant, "template_id": a.TemplateID, "use_template_approver": flag(a.TemplateFlow),
		"apply_data": map[string]any{"contents": contents}, "summary_list": summary,
	}
	if a.Department != 0 {
		body["choose_department"] = a.Department
	}
	if !a.TemplateFlow {
		nodes, err := nodesOf(a.Nodes)
		if err != nil {
			return nil, err
		}
		body["process"] = map[string]any{"node_list": nodes}
	}
	return body, k.err
}

func nodesOf(nodes []ApplicationNode) ([]map[string]any, error) {
	var k checks
	var all []map[string]any
	decided := false
	for _, n := range nodes {
		if n.Kind < ApproverNode || n.Kind > HandlerNode || n.Kind != CopyNode && (n.Rule < Everyone || n.Rule > InTurn) {
			k.refuse("process.node_list", "no such kind or rule of a node")
		}
		if len(n.Users) == 0 {
			k.refuse("process.node_list.userid", "required")
		}
		for _, u := range n.Users {
			k.need("process.node_list.userid", u, maxUserID)
		}
		node := map[string]any{"type": n.Kind, "userid": n.Users}
		if n.Kind != CopyNode {
			node["apv_rel"] = n.Rule
		}
		decided = decided || n.Kind == ApproverNode
		all = append(all, node)
	}
	if !decided {
		k.refuse("process.node_list", "needs an approver")
	}
	return all, k.err
}

// ApprovalQuery asks for the numbers of the forms submitted in [From, To].
type ApprovalQuery struct {
	From, To   time.Time // at most MaxApprovalWindow apart
	TemplateID string    // "": all
	Applicant  string    // userid; "": all
	Status     ApprovalStatus
	Cursor     string // of the page before; "": the first page
	Size       int    // 0: MaxApprovalPage
}

// ApprovalPage is one page. It may hold fewer numbers than asked for: the app sees its range only.
type ApprovalPage struct {
	Numbers []string
	Next    string // "": there are no more
}

// ApprovalNumbers lists the numbers of forms (oa/getapprovalinfo [91816]). CodeWindowTooHeavy asks for a narrower
// window.
func (c *Client) ApprovalNumbers(ctx context.Context, q ApprovalQuery) (ApprovalPage, error) {
	var k checks
	if q.Size == 0 {
		q.Size = MaxApprovalPage
	}
	switch {
	case q.To.Unix() <= q.From.Unix():
		k.refuse("endtime", "must be later than starttime")
	case q.To.Unix()-q.From.Unix() > int64(MaxApprovalWindow/time.Second):
		k.refuse("endtime", "the window is longer than 31 days")
	case q.Size < 1 || q.Size > MaxApprovalPage:
		k.refuse("size", "allowed are 1 to %d", MaxApprovalPage)
	case len(q.Cursor) > maxCursor:
		k.refuse("new_cursor", "is too long")
	}
	if k.err != nil {
		return ApprovalPage{}, fmt.Errorf("list approvals: %w", k.err)
	}
	type filter struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	in := struct {
		Start   string   `json:"starttime"`
		End     string   `json:"endtime"`
		Cursor  string   `json:"new_cursor"`
		Size    int      `json:"size"`
		Filters []filter `json:"filters,omitempty"`
	}{Start: strconv.FormatInt(q.From.Unix(), 10), End: strconv.FormatInt(q.To.Unix(), 10), Cursor: q.Cursor, Size: q.Size}
	for _, f := range []filter{{"template_id", q.TemplateID}, {"creator", q.Applicant}} {
		if f.Value != "" {
			in.Filters = append(in.Filters, f)
		}
	}
	if q.Status != 0 {
		in.Filters = append(in.Filters, filter{"sp_status", strconv.Itoa(int(q.Status))})
	}
	var got struct {
		Numbers flexList `json:"sp_no_list"`
		Next    flexText `json:"new_next_cursor"`
	}
	if err := c.callJSON(ctx, "oa/getapprovalinfo", in, &got); err != nil {
		return ApprovalPage{}, err
	}
	page := ApprovalPage{Next: string(got.Next)}
	for _, no := range got.Numbers {
		if no != "" && len(no) <= maxSpNo {
			page.Numbers = append(page.Numbers, no)
		}
	}
	if page.Next == q.Cursor { // a cursor that does not move would never end
		page.Next = ""
	}
	return page, nil
}

// SameForm says whether a form read from WeCom holds what was submitted: every control that was given has its value
// again. WeCom keeps files under other ids, so only their number counts; what it computes itself does not.
func SameForm(submitted, read []FormControl) bool {
	byID := make(map[string]FormControl, len(read))
	for _, f := range read {
		byID[f.ID] = f
	}
	given := map[string]bool{}
	for _, s := range submitted {
		given[s.ID] = true
		if r, there := byID[s.ID]; !sameValue(s.Control, s.Value, r.Value) || !there && !s.Value.Empty() {
			return false
		}
	}
	for _, r := range read { // more than was submitted is another form
		if !given[r.ID] && !r.Value.Empty() && r.Control != "Tips" && r.Control != "Formula" {
			return false
		}
	}
	return true
}

func sameValue(control string, a, b FormValue) bool {
	switch control {
	case "Tips", "Formula":
		return true
	case "Number", "Money":
		return sameNumber(a.Number, b.Number)
	case "File":
		return len(a.Files) == len(b.Files)
	case "Table":
		if len(a.Rows) != len(b.Rows) {
			return false
		}
		for i := range a.Rows {
			if !SameForm(a.Rows[i], b.Rows[i]) {
				return false
			}
		}
		return true
	}
	return strings.TrimSpace(a.Text) == strings.TrimSpace(b.Text) && a.Time.Unix() == b.Time.Unix() && a.From.Unix() == b.From.Unix() &&
		a.To.Unix() == b.To.Unix() && sameIDs(keysOf(a.Options), keysOf(b.Options)) && sameIDs(idsOf(a.Members), idsOf(b.Members)) &&
		sameIDs(idsOf(a.Departments), idsOf(b.Departments)) && sameIDs(a.Related, b.Related)
}

// sameNumber compares decimals: 328.5 is 328.50.
func sameNumber(a, b string) bool {
	if len(a) > 64 || len(b) > 64 || strings.ContainsAny(a+b, "eEpP/_xX") {
		return a == b
	}
	x, okX := new(big.Rat).SetString(strings.TrimSpace(a))
	y, okY := new(big.Rat).SetString(strings.TrimSpace(b))
	if !okX || !okY {
		return strings.TrimSpace(a) == strings.TrimSpace(b)
	}
	return x.Cmp(y) == 0
}

func sameIDs(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	count := map[string]int{}
	for i := range a {
		count[strings.ToLower(a[i])]++
		count[strings.ToLower(b[i])]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func keysOf(options []FormOption) []string {
	var keys []string
	for _, o := range options {
		keys = append(keys, o.Key)
	}
	return keys
}

func idsOf(named []Named) []string {
	var ids []string
	for _, n := range named {
		ids = append(ids, n.ID)
	}
	return ids
}
