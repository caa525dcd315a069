package wecom

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Approval is a form as it stands, in either system. Its nodes come from process_list where there is one, else from
// the old sp_record.
type Approval struct {
	Number     string // sp_no, or the ThirdNo of system B
	Name       string // of the template
	TemplateID string
	Status     ApprovalStatus // never to be derived from the nodes
	AppliedAt  time.Time
	Applicant  string   // userid; "": a batch, see Batch
	Batch      []string // applicants of a form that several submitted together
	Nodes      []ApprovalNode
	Copies     []string // userids of those informed; of copy nodes and of notifyer, once each
	Form       []FormControl
	Comments   []ApprovalComment
}

// ApprovalNode is one node that decides or handles. Copies are not among them.
type ApprovalNode struct {
	Kind   NodeKind
	Rule   NodeRule
	Status NodeStatus
	People []ApprovalPart
}

// ApprovalPart is one person's part in a node.
type ApprovalPart struct {
	UserID string
	Speech string
	Status NodeStatus
	At     time.Time // zero: has not acted
}

// ApprovalComment is a remark below a form.
type ApprovalComment struct {
	ID      string
	UserID  string
	At      time.Time
	Content string
}

// ApprovalDetail reads a form of the 审批 app (oa/getapprovaldetail [91983]).
func (c *Client) ApprovalDetail(ctx context.Context, spNo string) (Approval, error) {
	var k checks
	k.need("sp_no", spNo, maxSpNo)
	if k.err != nil {
		return Approval{}, fmt.Errorf("read approval: %w", k.err)
	}
	var got struct {
		Info json.RawMessage `json:"info"`
	}
	if err := c.callJSON(ctx, "oa/getapprovaldetail", map[string]string{"sp_no": spNo}, &got); err != nil {
		return Approval{}, err
	}
	a, err := DecodeApproval(got.Info)
	if err != nil || a.Number != spNo {
		return Approval{}, &Error{API: "oa/getapprovaldetail", HTTPStatus: 200, Msg: "answer is not the form asked for", class: Transient}
	}
	return a, nil
}

// DecodeApproval reads the object info of getapprovaldetail. What it does not know it passes over: new fields and
// controls appear at any time.
func DecodeApproval(info []byte) (Approval, error) {
	var in approvalInfo
	if err := loosely(info, &in); err != nil {
		return Approval{}, fmt.Errorf("approval: %w", err)
	}
	a := Approval{
		Number: string(in.SpNo), Name: string(in.SpName), TemplateID: string(in.TemplateID), Status: ApprovalStatus(in.SpStatus),
		AppliedAt: in.ApplyTime.time(), Applicant: string(in.Applyer.UserID),
	}
	for _, b := range in.Batch {
		a.Batch = append(a.Batch, string(b.UserID))
	}
	var copies []string
	for _, n := range in.Process.Nodes {
		if NodeKind(n.Type) == CopyNode {
			for _, p := range n.People {
				copies = append(copies, string(p.UserID))
			}
			continue
		}
		node := ApprovalNode{Kind: NodeKind(n.Type), Rule: NodeRule(n.Rel), Status: NodeStatus(n.Status)}
		for _, p := range n.People {
			node.People = append(node.People, ApprovalPart{
				UserID: string(p.UserID), Speech: string(p.Speech), Status: NodeStatus(p.Status), At: p.At.time(),
			})
		}
		a.Nodes = append(a.Nodes, node)
	}
	if len(a.Nodes) == 0 {
		a.Nodes = in.oldNodes()
	}
	for _, n := range in.Notified {
		copies = append(copies, string(n.UserID))
	}
	a.Copies = distinctIDs(copies)
	for _, c := range in.Data.Contents {
		a.Form = append(a.Form, c.decode(0))
	}
	for _, c := range in.Comments {
		a.Comments = append(a.Comments, ApprovalComment{
			ID: string(c.ID), UserID: string(c.User.UserID), At: c.At.time(), Content: string(c.Content),
		})
	}
	return a, nil
}

type approvalInfo struct {
	SpNo       flexText              `json:"sp_no"`
	SpName     flexText              `json:"sp_name"`
	SpStatus   flexInt               `json:"sp_status"`
	TemplateID flexText              `json:"template_id"`
	ApplyTime  flexInt               `json:"apply_time"`
	Applyer    approvalUser          `json:"applyer"`
	Batch      lenient[approvalUser] `json:"batch_applyer"`
	Records    lenient[struct {
		Status  flexInt `json:"sp_status"`
		Attr    flexInt `json:"approverattr"`
		Details lenient[struct {
			Approver approvalUser `json:"approver"`
			Speech   flexText     `json:"speech"`
			Status   flexInt      `json:"sp_status"`
			At       flexInt      `json:"sptime"`
		}] `json:"details"`
	}] `json:"sp_record"`
	Notified lenient[approvalUser] `json:"notifyer"`
	Data     struct {
		Contents lenient[formContent] `json:"contents"`
	} `json:"apply_data"`
	Comments lenient[struct {
		User    approvalUser `json:"commentUserInfo"`
		At      flexInt      `json:"commenttime"`
		Content flexText     `json:"commentcontent"`
		ID      flexText     `json:"commentid"`
	}] `json:"comments"`
	Process struct {
		Nodes lenient[struct {
			Type   flexInt `json:"node_type"`
			Status flexInt `json:"sp_status"`
			Rel    flexInt `json:"apv_rel"`
			People lenient[struct {
				UserID flexText `json:"userid"`
				Speech flexText `json:"speech"`
				Status flexInt  `json:"sp_yj"`
				At     flexInt  `json:"sptime"`
			}] `json:"sub_node_list"`
		}] `json:"node_list"`
	} `json:"process_list"`
}

type approvalUser struct {
	UserID flexText `json:"userid"`
}

// oldNodes are those of sp_record, whose approverattr is the reverse of apv_rel.
func (in approvalInfo) oldNodes() []ApprovalNode {
	var all []ApprovalNode
	for _, r := range in.Records {
		node := ApprovalNode{Kind: ApproverNode, Rule: ruleOfAttr(int(r.Attr)), Status: NodeStatus(r.Status)}
		for _, d := range r.Details {
			node.People = append(node.People, ApprovalPart{
				UserID: string(d.Approver.UserID), Speech: string(d.Speech), Status: NodeStatus(d.Status), At: d.At.time(),
			})
		}
		all = append(all, node)
	}
	return all
}

// OpenApproval reads a request of the approval flow engine inside an app of the company (corp/getopenapprovaldata
// [90269], system B). Pages spell its keys differently; they are matched whatever their case.
func (c *Client) OpenApproval(ctx context.Context, thirdNo string) (Approval, error) {
	var k checks
	k.need("thirdNo", thirdNo, maxThirdNo)
	if k.err != nil {
		return Approval{}, fmt.Errorf("read open approval: %w", k.err)
	}
	var got struct {
		Data json.RawMessage `json:"data"`
	}
	if err := c.callJSON(ctx, "corp/getopenapprovaldata", map[string]string{"thirdNo": thirdNo}, &got); err != nil {
		return Approval{}, err
	}
	a, err := DecodeOpenApproval(got.Data)
	if err != nil || a.Number != thirdNo {
		return Approval{}, &Error{API: "corp/getopenapprovaldata", HTTPStatus: 200, Msg: "answer is not the request asked for", class: Transient}
	}
	return a, nil
}

// DecodeOpenApproval reads the object data of getopenapprovaldata.
func DecodeOpenApproval(data []byte) (Approval, error) {
	var in struct { // encoding/json matches keys whatever their case
		ThirdNo       flexText
		OpenSpName    flexText
		OpenTemplate  flexText `json:"OpenTemplateId"`
		OpenSpStatus  flexInt
		ApplyTime     flexInt
		ApplyUserID   flexText
		ApprovalNodes struct {
			ApprovalNode lenient[struct {
				NodeStatus flexInt
				NodeAttr   flexInt
				Items      struct {
					Item lenient[struct {
						ItemUserID flexText
						ItemStatus flexInt
						ItemSpeech flexText
						ItemOpTime flexInt
					}]
				}
			}]
		}
		NotifyNodes struct {
			NotifyNode lenient[struct{ ItemUserID flexText }]
		}
	}
	if err := loosely(data, &in); err != nil {
		return Approval{}, fmt.Errorf("open approval: %w", err)
	}
	a := Approval{
		Number: string(in.ThirdNo), Name: string(in.OpenSpName), TemplateID: string(in.OpenTemplate),
		Status: ApprovalStatus(in.OpenSpStatus), AppliedAt: in.ApplyTime.time(), Applicant: string(in.ApplyUserID),
	}
	for _, n := range in.ApprovalNodes.ApprovalNode {
		node := ApprovalNode{Kind: ApproverNode, Rule: ruleOfAttr(int(n.NodeAttr)), Status: NodeStatus(n.NodeStatus)}
		for _, i := range n.Items.Item {
			node.People = append(node.People, ApprovalPart{
				UserID: string(i.ItemUserID), Speech: string(i.ItemSpeech), Status: NodeStatus(i.ItemStatus), At: i.ItemOpTime.time(),
			})
		}
		a.Nodes = append(a.Nodes, node)
	}
	var copies []string
	for _, n := range in.NotifyNodes.NotifyNode {
		copies = append(copies, string(n.ItemUserID))
	}
	a.Copies = distinctIDs(copies)
	return a, nil
}
