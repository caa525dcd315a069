package policy

// ProcessRules govern the process library (G1-3.2, G1-3.5).
type ProcessRules struct {
	ReviewPeriod        map[string]string `yaml:"review_period"`
	ReviewDue           WorkSpan          `yaml:"review_due"`
	PilotDepartments    []int             `yaml:"pilot_departments"` // [min, max]
	PilotDays           WorkSpan          `yaml:"pilot_days"`
	MaxApprovalNodes    int               `yaml:"max_approval_nodes"`
	AbnormalFactor      float64           `yaml:"abnormal_factor"`
	OptimisationMeeting string            `yaml:"optimisation_meeting"`
	StaleVersionMonths  int               `yaml:"stale_version_months"`
}

// ChangeRules govern change requests (G1-3.5(1)1.2).
type ChangeRules struct {
	MinE               float64 `yaml:"min_E"`
	StepRemindWorkdays int     `yaml:"step_remind_workdays"`
}

// RulesetRules govern changes of guide values (G1-4.3附则).
type RulesetRules struct {
	RequireApproval bool   `yaml:"require_approval"`
	Approver        string `yaml:"approver"`
}

// TaskRules govern tasks (G1-4a, G1-4b).
type TaskRules struct {
	RemindBefore []WorkSpan     `yaml:"remind_before"`
	StageSplit   map[string]int `yaml:"stage_split"` // percent of the time, sums to 100
	Recurring    string         `yaml:"recurring"`
}

// ProjectRules govern project work (G1-2.3(2)).
type ProjectRules struct {
	ProgressTime  string `yaml:"progress_time"`
	BlindspotDays int    `yaml:"blindspot_days"`
	ProgressGoal  int    `yaml:"progress_goal"` // percent
}

// PlanRules govern execution plans (G1-3.3).
type PlanRules struct {
	RiskGapPoints int `yaml:"risk_gap_points"`
}

// DensityRules are the inputs of F-02; a nil baseline means not yet measured.
type DensityRules struct {
	BaselineE0    *float64 `yaml:"baseline_e0"`
	MonthlyGrowth float64  `yaml:"monthly_growth"`
}

// CostRules price working time.
type CostRules struct {
	MinuteYuan float64 `yaml:"minute_yuan"`
}
