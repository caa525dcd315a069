package policy

// PermissionRules govern roles, grants and their review (S02). ConfirmBy and
// SecurityBy name people the way people.Whom does.
type PermissionRules struct {
	// Roles maps a role to what it may do: permission codes of E2.P, each with
	// an optional scope, as in "report.response.view:own". Scopes: own, team,
	// department; none means any object.
	Roles map[string][]string `yaml:"roles"`
	// Assign says who has which role by what the contacts know of him. All
	// conditions of a rule must hold; of categories the first counts.
	Assign             []AssignRule `yaml:"assign"`
	RevokeImmediately  bool         `yaml:"revoke_immediately"`
	AddConfirmWorkdays int          `yaml:"add_confirm_workdays"`
	ConfirmBy          string       `yaml:"confirm_by"`
	SecurityBy         string       `yaml:"security_by"`
	Review             string       `yaml:"review"`
	ReviewDueWorkdays  int          `yaml:"review_due_workdays"`
	UnusedDays         int          `yaml:"unused_days"`
	GrantDefaultDays   int          `yaml:"grant_default_days"`
	GrantMaxDays       int          `yaml:"grant_max_days"`
	SoD                [][]string   `yaml:"sod"` // pairs one person may not hold together
}

// AccountRules govern accounts (G2-4.2). VerifyBy, OpenBy, AdminBy and LossTold name
// people the way people.Whom does: "department:人事部", "post:行政部/用户权限管理".
type AccountRules struct {
	AutoCreate        bool       `yaml:"auto_create"` // true is refused
	ActivationDays    WorkSpan   `yaml:"activation_days"`
	VerifyBy          string     `yaml:"verify_by"`
	OpenBy            string     `yaml:"open_by"`
	AdminBy           string     `yaml:"admin_by"`
	StopTime          string     `yaml:"stop_time"` // time of day
	OnboardingDays    WorkSpan   `yaml:"onboarding_days"`
	FirstWeekDays     WorkSpan   `yaml:"first_week_days"`
	LossTold          []string   `yaml:"loss_told"`
	InactiveDays      int        `yaml:"inactive_days"`
	MaxAdmins         int        `yaml:"max_admins"`
	StepWorkdays      int        `yaml:"step_workdays"`
	SecretMaxDays     int        `yaml:"secret_max_days"`
	BadSignatureAlert AlertRules `yaml:"bad_signature_alert"`
}

// AlertRules raise one alert per Count events within Minutes.
type AlertRules struct {
	Count   int `yaml:"count"`
	Minutes int `yaml:"minutes"`
}

// AssignRule gives a role to whoever meets all its conditions.
type AssignRule struct {
	Role       string `yaml:"role"`       // code or Chinese title
	Department string `yaml:"department"` // he belongs to it or to one below it
	Head       string `yaml:"head"`       // he is 部门主管 of it or of one below it; "*": of any
	Post       string `yaml:"post"`       // WeCom's position, or a post as "部门/岗位" or "岗位"
	Tag        string `yaml:"tag"`
	UserID     string `yaml:"userid"`
	Category   string `yaml:"category"` // he has this category; stands alone
	Object     string `yaml:"object"`   // process number or department that the role is for
}
