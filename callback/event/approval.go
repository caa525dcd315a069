package event

import "time"

// SysApproval is a change of a request in WeCom's built-in 审批 app (sys_approval_change; [91815]). Many arrive for
// one request. The same request's nodes stand in Records (old flow) and, newer, in Process.
type SysApproval struct {
	Header
	Number     string // SpNoStr, else SpNo
	Name       string
	Status     SysStatus // after the change
	TemplateID string
	AppliedAt  time.Time
	Applicant  string
	PartyID    string
	Records    []SysRecord
	Notified   []string // as sent; duplicates occur
	Process    []ProcessNode
	Comments   []Comment
	Change     SysChange // what happened
}

// SysStatus is the state of a request in the 审批 app.
type SysStatus int

const (
	SysPending        SysStatus = 1
	SysApproved       SysStatus = 2
	SysRejected       SysStatus = 3
	SysWithdrawn      SysStatus = 4
	SysWithdrawnAfter SysStatus = 6 // after it had been approved
	SysDeleted        SysStatus = 7
	SysPaid           SysStatus = 10
)

// SysChange is what happened to a request (StatuChangeEvent). 7 and 9 are unassigned.
type SysChange int

const (
	ChangeSubmitted      SysChange = 1
	ChangeAgreed         SysChange = 2
	ChangeRejected       SysChange = 3
	ChangeTransferred    SysChange = 4
	ChangeUrged          SysChange = 5
	ChangeWithdrawn      SysChange = 6
	ChangeWithdrawnAfter SysChange = 8
	ChangeCommented      SysChange = 10
	ChangeSentBack       SysChange = 11
	ChangeApproverAdded  SysChange = 12
	ChangeAddedAndAgreed SysChange = 13
	ChangeHandled        SysChange = 14
	ChangeHandedOver     SysChange = 15
)

// NodeStatus is the state of one step or of one person's part in it. Newer actions may bring further values.
type NodeStatus int

const (
	NodePending     NodeStatus = 1
	NodeAgreed      NodeStatus = 2
	NodeRejected    NodeStatus = 3
	NodeTransferred NodeStatus = 4
)

// Rule says whose agreement a step needs. WeCom's numbers for it contradict each other between ApproverAttr and
// ApvRel (callbacks.md trap 27); here they do not. Values above 3 are WeCom's own, unknown.
type Rule int

const (
	AnyOne     Rule = 1 // 或签
	Everyone   Rule = 2 // 会签
	InSequence Rule = 3 // 依次
)

// SysRecord is one step of the old flow.
type SysRecord struct {
	Status  NodeStatus
	Rule    Rule
	Details []SysDetail
}

// SysDetail is one approver's part in a step.
type SysDetail struct {
	Approver string
	Speech   string
	Status   NodeStatus
	At       time.Time // zero: has not acted
	MediaIDs []string
}

// NodeType is the kind of a ProcessNode.
type NodeType int

const (
	ApproverNode NodeType = 1
	CopyNode     NodeType = 2
	HandlerNode  NodeType = 3 // 办理人
)

// ProcessNode is one step of the newer flow.
type ProcessNode struct {
	Type   NodeType
	Status NodeStatus
	Rule   Rule
	People []ProcessPart
}

// ProcessPart is one person's part in a ProcessNode; of copies only UserID is known.
type ProcessPart struct {
	UserID   string
	Speech   string
	Status   NodeStatus // SpYj
	At       time.Time
	MediaIDs []string
}

// Comment is a remark on a request.
type Comment struct {
	ID       string
	UserID   string
	At       time.Time
	Content  string
	MediaIDs []string
}

// OpenApproval is a change of a request that was started by the app through the approval flow engine
// (open_approval_change; [90240], [90269]).
type OpenApproval struct {
	Header
	ThirdNo        string // the app's own number, free text
	Name           string
	TemplateID     string
	Status         OpenStatus // never to be derived from the nodes
	AppliedAt      time.Time
	ApplicantName  string
	Applicant      string
	ApplicantParty string
	ApplicantImage string
	Nodes          []OpenNode
	Notified       []OpenPerson
	Step           int // current step, from 0
}

// OpenStatus is the state of a request in the flow engine.
type OpenStatus int

const (
	OpenPending   OpenStatus = 1
	OpenApproved  OpenStatus = 2
	OpenRejected  OpenStatus = 3
	OpenCancelled OpenStatus = 4
)

// OpenNode is one step.
type OpenNode struct {
	Status NodeStatus
	Rule   Rule
	Type   OpenNodeType
	Items  []OpenItem
}

// OpenNodeType says how a step's approvers were chosen.
type OpenNodeType int

const (
	ByMember   OpenNodeType = 1
	ByTag      OpenNodeType = 2
	BySuperior OpenNodeType = 3
)

// OpenPerson is a person in a request. Party is absent in one of the two spellings.
type OpenPerson struct {
	Name   string
	UserID string
	Party  string
	Image  string
}

// OpenItem is one approver's part in a step.
type OpenItem struct {
	OpenPerson
	Status NodeStatus
	Speech string
	At     time.Time // zero: has not acted
}
