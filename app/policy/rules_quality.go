package policy

// EvaluationRules are the indicators and cycles of G1-4.4.
type EvaluationRules struct {
	Weights           map[string]float64  `yaml:"weights"`
	Bands             map[string]BandRule `yaml:"bands"`
	BandScores        map[string]float64  `yaml:"band_scores"`
	TotalBands        map[string]float64  `yaml:"total_bands"`
	DocChecklist      []string            `yaml:"doc_checklist"`
	Cycles            map[string]bool     `yaml:"cycles"`
	CloseWorkdays     map[string]int      `yaml:"close_workdays"`
	SpotRate          float64             `yaml:"spot_rate"`
	SpotMin           int                 `yaml:"spot_min"`
	SpotMax           int                 `yaml:"spot_max"`
	TeamCycle         map[string]string   `yaml:"team_cycle"`
	SatisfactionScale []int               `yaml:"satisfaction_scale"` // [min, max]
	PeerMinAnswers    int                 `yaml:"peer_min_answers"`
}

// BandRule holds one comparison per band, as in ">=95"; whatever meets none is 较差.
type BandRule struct {
	Excellent string `yaml:"excellent"`
	Good      string `yaml:"good"`
	Fair      string `yaml:"fair"`
}

// FeedbackRules govern surveys and interviews (G1-3.5(2)).
type FeedbackRules struct {
	Trigger          string   `yaml:"trigger"`
	Survey           string   `yaml:"survey"`
	SurveyDimensions []string `yaml:"survey_dimensions"`
	Interview        string   `yaml:"interview"`
	InterviewPosts   int      `yaml:"interview_posts"`
	ParetoShare      float64  `yaml:"pareto_share"`
	Alpha            float64  `yaml:"alpha"`
	ClassifyWorkdays int      `yaml:"classify_workdays"`
	EffectCheckDays  int      `yaml:"effect_check_days"`
}

// ProblemRules are F-22 (G1-4.4.3(2)).
type ProblemRules struct {
	Scale         []int          `yaml:"scale"` // [min, max]
	PriorityBands []PriorityBand `yaml:"priority_bands"`
}

// PriorityBand gives problems of at least Min points their level and time.
type PriorityBand struct {
	Min      int    `yaml:"min"`
	Level    string `yaml:"level"`
	Workdays int    `yaml:"workdays"`
}

// TrainingRules govern training (G2-5).
type TrainingRules struct {
	PassScore      int            `yaml:"pass_score"`
	ExcellentScore int            `yaml:"excellent_score"`
	ResitWorkdays  int            `yaml:"resit_workdays"`
	Weights        map[string]int `yaml:"weights"`
}

// FaultRules govern faults (G2-6).
type FaultRules struct {
	Levels         map[string]FaultLevel `yaml:"levels"`
	MassReports    AlertRules            `yaml:"mass_reports"`
	ReviewWorkdays int                   `yaml:"review_workdays"`
}

// FaultLevel gives the times of one level; of each pair exactly one is set.
type FaultLevel struct {
	AcceptMinutes  int `yaml:"accept_minutes"`
	AcceptWorkdays int `yaml:"accept_workdays"`
	SolveHours     int `yaml:"solve_hours"`
	SolveWorkdays  int `yaml:"solve_workdays"`
}

// TicketRules govern customer tickets (G1-2c).
type TicketRules struct {
	FirstResponseMinutes int `yaml:"first_response_minutes"`
}

// SupervisionRules govern supervision (G2-7).
type SupervisionRules struct {
	AppealWorkdays     int `yaml:"appeal_workdays"`
	ExemptionMaxDays   int `yaml:"exemption_max_days"`
	PolicyReviewMonths int `yaml:"policy_review_months"`
}
