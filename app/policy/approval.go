package policy

import (
	"encoding/json"
	"time"
)

// ApprovalEngine says who runs the cases of a template.
type ApprovalEngine string

// The engines of approvals.
const (
	EngineGuiju  ApprovalEngine = "guiju"  // this program, with cards
	EngineNative ApprovalEngine = "native" // WeCom's own 审批 app
)

// ApprovalTemplate is one approval process (审批模板, S04) as the rulebook
// defines it. It is compiled, immutable and safe for concurrent use. Its JSON is
// the definition that cases are pinned to.
type ApprovalTemplate struct {
	Key       string         `json:"key"`   // leave: never changes
	Title     string         `json:"title"` // 请假
	Command   string         `json:"command,omitempty"`
	Aliases   []string       `json:"aliases,omitempty"`
	Version   string         `json:"version"`            // 1.0.0
	Effective time.Time      `json:"effective,omitzero"` // from when it applies; zero: at once
	Engine    ApprovalEngine `json:"engine"`
	Native    NativeTemplate `json:"native,omitzero"`
	Own       bool           `json:"own,omitempty"`       // its domain has a command and a form of its own
	Sensitive bool           `json:"sensitive,omitempty"` // only those involved see its cases (G1-3.2(4)b)
	Pilot     []string       `json:"pilot,omitempty"`     // departments that try it (G1-3.2(2)4); empty: no pilot
	For       []string       `json:"for,omitempty"`       // departments that may start it; empty: all
	Off       bool           `json:"off,omitempty"`       // nobody may start it any more
	TitleText string         `json:"title_text"`          // 请假：{请假类型} {天数}天

	Fields   []FormField      `json:"fields"`
	Start    string           `json:"start"`              // key of the first node or branch
	Nodes    []ApprovalNode   `json:"nodes"`              // in the order of the definition
	Branches []ApprovalBranch `json:"branches,omitempty"` // likewise
	CC       []ApprovalActor  `json:"cc,omitempty"`       // informed when the case is approved
	// Texts are the standard messages of the case (G1-2.1(1)b), by scene: asked
	// goes to the first who decides, decided to the applicant at each decision,
	// approved to his colleagues.
	Texts map[string]string `json:"texts,omitempty"`

	conditions map[string]*condition // by their text
}

// NativeTemplate is the counterpart in the 审批 app for EngineNative.
type NativeTemplate struct {
	TemplateID          string            `json:"template_id,omitempty"`
	UseTemplateApprover bool              `json:"use_template_approver,omitempty"` // its own approvers instead of the route
	Controls            map[string]string `json:"controls,omitempty"`              // field → id of its control
}

// IsZero keeps an empty counterpart out of definitions.
func (n NativeTemplate) IsZero() bool {
	return n.TemplateID == "" && !n.UseTemplateApprover && len(n.Controls) == 0
}

// FieldType says what a field of a form takes.
type FieldType string

// The types of fields.
const (
	TextField       FieldType = "text"
	LongTextField   FieldType = "longtext"
	NumberField     FieldType = "number"
	MoneyField      FieldType = "money" // yuan, two decimals
	DateField       FieldType = "date"
	DateTimeField   FieldType = "datetime"
	PeriodField     FieldType = "period" // from one half day to another, both included
	DaysField       FieldType = "days"   // in halves
	ChoiceField     FieldType = "choice"
	YesNoField      FieldType = "yesno"
	PersonField     FieldType = "person"
	PeopleField     FieldType = "people"
	DepartmentField FieldType = "department"
	FileField       FieldType = "file"
	PhotoField      FieldType = "photo"
)

// FormField is one field of a form. Its key is its name in the rulebook, in
// conditions and in chat: 金额.
type FormField struct {
	Key      string    `json:"key"`
	Label    string    `json:"label"` // as forms show it; the key unless given
	Aliases  []string  `json:"aliases,omitempty"`
	Type     FieldType `json:"type"`
	Required bool      `json:"required,omitempty"`
	Choices  []string  `json:"choices,omitempty"`
	Min      *Decimal  `json:"min,omitempty"` // of numbers; of files how many
	Max      *Decimal  `json:"max,omitempty"`
	MaxChars int       `json:"max_chars,omitempty"` // of texts
	Prompt   string    `json:"prompt"`              // the question that asks for it
	Hint     string    `json:"hint,omitempty"`      // an example or remark below it
	Personal bool      `json:"personal,omitempty"`  // personal data: masked where it is logged
	Past     bool      `json:"past,omitempty"`      // a date may lie in the past
	// Compute names the period field whose working days this days field counts
	// the applicant is not asked for it.
	Compute string `json:"compute,omitempty"`
}

// NodeKind says whose decisions a node needs.
type NodeKind string

// The kinds of nodes.
const (
	SingleNode   NodeKind = "single"   // whoever of the actors acts first; usually there is one
	AnyNode      NodeKind = "any"      // 或签: one of them
	AllNode      NodeKind = "all"      // 会签: all of them
	SequenceNode NodeKind = "sequence" // 依次: all of them, one after the other
	ShareNode    NodeKind = "share"    // 票签: a share of them, in percent
)

// NodeMode says what the actors of a node do.
type NodeMode string

// The modes of nodes.
const (
	ApproveMode NodeMode = "approve"
	CCMode      NodeMode = "cc" // they are only informed; the case does not wait
)

// ApprovalNode is one step of a template.
type ApprovalNode struct {
	Key       string          `json:"key"`  // leader: part of the permission to decide it
	Name      string          `json:"name"` // 分管领导
	Kind      NodeKind        `json:"kind"`
	Share     int             `json:"share,omitempty"` // of ShareNode: 1..100
	Actors    []ApprovalActor `json:"actors"`
	Limit     WorkSpan        `json:"limit,omitzero"`    // zero: approval.node_limit_hours
	Command   string          `json:"command,omitempty"` // the word that approves here instead of 批准: 已开通
	Mode      NodeMode        `json:"mode"`
	Authority string          `json:"authority,omitempty"` // what the actor must be entitled to: 审核报销单据 (G1-4.2.2(3))
	Next      string          `json:"next"`                // key, or End
}

// ApprovalBranch sends a case on one of several ways by its form.
type ApprovalBranch struct {
	Key   string         `json:"key"`
	Cases []ApprovalCase `json:"cases"` // tried in order; the last has no condition
}

// ApprovalCase is one way of a branch.
type ApprovalCase struct {
	When string `json:"when,omitempty"` // condition; empty: in all other cases
	To   string `json:"to"`             // key, or End
}

// End stands for the end of a route where a key is expected.
const End = "end"

// Permission is the code to decide a node of t.
func (t *ApprovalTemplate) Permission(node string) Permission { return nodePermission(t.Key, node) }

// Node finds a node by its key.
func (t *ApprovalTemplate) Node(key string) (ApprovalNode, bool) {
	for _, n := range t.Nodes {
		if n.Key == key {
			return n, true
		}
	}
	return ApprovalNode{}, false
}

// Field finds a field by its key, label or alias.
func (t *ApprovalTemplate) Field(name string) (FormField, bool) {
	for _, f := range t.Fields {
		if fold(f.Key) == fold(name) || fold(f.Label) == fold(name) {
			return f, true
		}
	}
	for _, f := range t.Fields {
		for _, alias := range f.Aliases {
			if fold(alias) == fold(name) {
				return f, true
			}
		}
	}
	return FormField{}, false
}

// Definition is t as canonical JSON: equal templates give equal bytes.
func (t *ApprovalTemplate) Definition() []byte {
	data, err := json.Marshal(t)
	if err != nil {
		panic("policy: a template that was compiled cannot be written: " + err.Error())
	}
	return data
}

// ApprovalTemplates are those of the rulebook, in its order, with those that are off.
func (e *Engine) ApprovalTemplates() []*ApprovalTemplate { return e.templates }

// ApprovalTemplate finds a template by its key.
func (e *Engine) ApprovalTemplate(key string) (*ApprovalTemplate, bool) {
	for _, t := range e.templates {
		if t.Key == key {
			return t, true
		}
	}
	return nil, false
}

// ApprovalTemplateNamed finds a template by key, title, command or alias.
func (e *Engine) ApprovalTemplateNamed(word string) (*ApprovalTemplate, bool) {
	for _, t := range e.templates {
		for _, name := range append([]string{t.Key, t.Title, t.Command}, t.Aliases...) {
			if name != "" && fold(name) == fold(word) {
				return t, true
			}
		}
	}
	return nil, false
}

// RejectReasons are the common reasons offered to whoever rejects a case.
func (e *Engine) RejectReasons() []string { return e.rules.Approval.RejectReasons }

// TemplateTags are the words that mark what matters in a message (templates.tags).
func (e *Engine) TemplateTags() []string { return e.rules.Templates.Tags }

// ApprovalApplicant is what conditions and visibility may ask about who applies.
type ApprovalApplicant struct {
	Departments []string // as the guide calls them: his own and those above them
	Roles       []Role
	Posts       []string
}
