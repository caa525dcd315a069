package policy

// PermissionRules govern roles, grants and their review (S02).
type PermissionRules struct {
	// Roles maps a role to what it may do: permission codes of E2.P, each with
	// an optional scope, as in "report.response.view:own". Scopes: own,
	// department; none means any object.
	Roles              map[string][]string `yaml:"roles"`
	RevokeImmediately  bool                `yaml:"revoke_immediately"`
	AddConfirmWorkdays int                 `yaml:"add_confirm_workdays"`
	Review             string              `yaml:"review"`
	ReviewDueWorkdays  int                 `yaml:"review_due_workdays"`
	UnusedDays         int                 `yaml:"unused_days"`
	GrantDefaultDays   int                 `yaml:"grant_default_days"`
	GrantMaxDays       int                 `yaml:"grant_max_days"`
	SoD                [][]string          `yaml:"sod"` // pairs one person may not hold together
}

// AccountRules govern accounts (G2-4.2).
type AccountRules struct {
	AutoCreate        bool       `yaml:"auto_create"`
	ActivationDays    WorkSpan   `yaml:"activation_days"`
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
