package policy

// ApprovalRules are the processes of approvals and their limits (S04).
type ApprovalRules struct {
	Leave             LeaveRules                    `yaml:"leave"`
	ReimburseTiers    []ReimburseTier               `yaml:"reimburse_tiers"` // by amount in yuan, ascending; the last has no max
	NodeLimitHours    int                           `yaml:"node_limit_hours"`
	EscalateFactor    int                           `yaml:"escalate_factor"`
	UrgeIntervalHours int                           `yaml:"urge_interval_hours"`
	RejectReasons     []string                      `yaml:"reject_reasons"` // offered when a case is rejected
	Actors            map[string]string             `yaml:"actors"`         // words for those who act, as in HR: 岗位:人事部/HR专员
	Templates         Ordered[ApprovalTemplateRule] `yaml:"templates"`
}

// LeaveRules are the chain of a leave application.
type LeaveRules struct {
	Chain           []string `yaml:"chain"`
	ExtraIfDaysOver int      `yaml:"extra_if_days_over"` // strict: more than
	ExtraApprover   string   `yaml:"extra_approver"`
	FinanceMode     string   `yaml:"finance_mode"` // approve or cc
}

// ReimburseTier adds approvers up to an amount; a nil Max is the open top tier.
type ReimburseTier struct {
	Max *float64 `yaml:"max"`
	Add []string `yaml:"add"`
}

// Names is a list of texts; YAML may give one text instead.
type Names []string

// UnmarshalYAML accepts a text or a list.
func (n *Names) UnmarshalYAML(unmarshal func(any) error) error {
	list, err := textOrList(unmarshal)
	*n = list
	return err
}

// ApprovalTemplateRule is a template as the rulebook writes it; ApprovalTemplate
// is what it means. No key is left out when it is written: overrides merge key
// by key, so an omitted key would come back with the built-in value.
type ApprovalTemplateRule struct {
	Title     string                 `yaml:"title"`
	Command   string                 `yaml:"command"` // the word that opens it in chat; empty: 申请 <title>
	Aliases   []string               `yaml:"aliases"`
	Version   string                 `yaml:"version"`   // 1.0.0; a change of what follows wants a new one
	Effective string                 `yaml:"effective"` // 2026-03-09; empty: at once
	Engine    string                 `yaml:"engine"`    // guiju or native
	Native    NativeRule             `yaml:"native"`
	Own       bool                   `yaml:"own"`
	Sensitive bool                   `yaml:"sensitive"`
	Pilot     []string               `yaml:"pilot"`
	For       []string               `yaml:"for"`
	Off       bool                   `yaml:"off"`
	TitleText string                 `yaml:"title_text"` // {field} stands for its content; empty: the title
	Limit     string                 `yaml:"limit"`      // of every node that has none; empty: approval.node_limit_hours
	Fields    Ordered[FormFieldRule] `yaml:"fields"`
	Route     []RouteRule            `yaml:"route"`
	CC        Names                  `yaml:"cc"`
	Texts     map[string]string      `yaml:"texts"` // scene → message; [field] stands for its content
}

// NativeRule names the counterpart in the 审批 app.
type NativeRule struct {
	TemplateID          string            `yaml:"template_id"`
	UseTemplateApprover bool              `yaml:"use_template_approver"` // the 审批 app's own approvers instead of the route
	Controls            map[string]string `yaml:"controls"`              // field → id of its control
}

// FormFieldRule is one field of a form.
type FormFieldRule struct {
	Label    string   `yaml:"label"`
	Aliases  []string `yaml:"aliases"`
	Type     string   `yaml:"type"`
	Required bool     `yaml:"required"`
	Choices  []string `yaml:"choices"`
	Min      *Decimal `yaml:"min"`
	Max      *Decimal `yaml:"max"`
	MaxChars int      `yaml:"max_chars"`
	Prompt   string   `yaml:"prompt"`
	Hint     string   `yaml:"hint"`
	Personal bool     `yaml:"personal"`
	Past     bool     `yaml:"past"`
	Compute  string   `yaml:"compute"`
	Off      bool     `yaml:"off"` // takes a built-in field away
}

// RouteRule is one entry of a route: a node, a branch, or what another key of
// the rulebook brings. Routes replace as a whole, so empty keys are left out.
type RouteRule struct {
	Node      string          `yaml:"node,omitempty"`
	Branch    string          `yaml:"branch,omitempty"`
	From      string          `yaml:"from,omitempty"` // approval.leave or approval.reimburse_tiers
	Name      string          `yaml:"name,omitempty"`
	Who       Names           `yaml:"who,omitempty"`
	Kind      string          `yaml:"kind,omitempty"`
	Share     int             `yaml:"share,omitempty"`
	Limit     string          `yaml:"limit,omitempty"` // 4h, 1wd, or a key such as account.step_workdays
	Command   string          `yaml:"command,omitempty"`
	Mode      string          `yaml:"mode,omitempty"`
	Authority string          `yaml:"authority,omitempty"`
	Next      string          `yaml:"next,omitempty"`
	Cases     []RouteCaseRule `yaml:"cases,omitempty"`
}

// RouteCaseRule is one way of a branch.
type RouteCaseRule struct {
	When string `yaml:"when,omitempty"`
	Else bool   `yaml:"else,omitempty"`
	To   string `yaml:"to"`
}
