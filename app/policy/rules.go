// Package policy decides: how a matter is routed, who may do what, by when an
// answer is due and who hears of it when it is late. Its functions are pure.
// They take values and return a decision with a printable tree of reasons; they
// read no clock, no database and no network.
//
// The package owns the types of the company's rulebook (guide.md E3). Package
// rulebook fills them from YAML; Compile checks them and builds an Engine.
package policy

// Rules is the whole rulebook. Field names in YAML are those of guide.md E3.
type Rules struct {
	// Version is the number of the rulebook version these values belong to. It
	// is carried by every decision. Zero means the values were never stored.
	Version int `yaml:"-" json:"-"`

	Administrators []string `yaml:"administrators"` // userids of the first 管理员

	Calendar           CalendarRules     `yaml:"calendar"`
	Departments        map[string]int64  `yaml:"departments"` // name used by the guide → WeCom department id
	DepartmentsNeeded  []string          `yaml:"departments_required"`
	DepartmentAliases  map[string]string `yaml:"department_aliases"`
	DepartmentFallback string            `yaml:"department_fallback"` // where an unmapped name falls
	Enforcement        EnforcementRules  `yaml:"enforcement"`
	Route              RouteRules        `yaml:"route"`
	Publish            PublishRules      `yaml:"publish"`
	Notify             NotifyRules       `yaml:"notify"`
	Response           ResponseRules     `yaml:"response"`
	Inquiry            InquiryRules      `yaml:"inquiry"`
	Review             ReviewRules       `yaml:"review"`
	Archive            ArchiveRules      `yaml:"archive"`
	Templates          TemplateRules     `yaml:"templates"`
	Lint               LintRules         `yaml:"lint"`
	TimeFormula        TimeFormulaRules  `yaml:"time_formula"`
	Group              GroupRules        `yaml:"group"`
	Meeting            MeetingRules      `yaml:"meeting"`
	Approval           ApprovalRules     `yaml:"approval"`
	Process            ProcessRules      `yaml:"process"`
	Change             ChangeRules       `yaml:"change"`
	Ruleset            RulesetRules      `yaml:"ruleset"`
	Task               TaskRules         `yaml:"task"`
	Project            ProjectRules      `yaml:"project"`
	Plan               PlanRules         `yaml:"plan"`
	Density            DensityRules      `yaml:"density"`
	Cost               CostRules         `yaml:"cost"`
	Duty               DutyRules         `yaml:"duty"`
	Posts              PostRules         `yaml:"posts"`
	Permission         PermissionRules   `yaml:"permission"`
	Account            AccountRules      `yaml:"account"`
	Doc                DocRules          `yaml:"doc"`
	Equipment          EquipmentRules    `yaml:"equipment"`
	Knowledge          KnowledgeRules    `yaml:"knowledge"`
	Evaluation         EvaluationRules   `yaml:"evaluation"`
	Feedback           FeedbackRules     `yaml:"feedback"`
	Problem            ProblemRules      `yaml:"problem"`
	Training           TrainingRules     `yaml:"training"`
	Fault              FaultRules        `yaml:"fault"`
	Ticket             TicketRules       `yaml:"ticket"`
	Supervision        SupervisionRules  `yaml:"supervision"`
	Jobs               map[string]string `yaml:"jobs"` // job name of E2.J → schedule override
}
