package policy

// EnforcementRules override the level of single checks (guide.md 0.3):
// violation code → block, require, warn or record.
type EnforcementRules struct {
	Overrides map[string]string `yaml:"overrides"`
}

// RouteRules route by topic (G1-4.2(1)) and mark the class of a text.
type RouteRules struct {
	Topics             []TopicRule  `yaml:"topic_departments"` // ordered, first match wins
	Fallback           string       `yaml:"fallback"`          // department of a question without a topic
	TopFallback        string       `yaml:"top_fallback"`      // department that answers when nobody nearer can
	PrivateFollowup    WorkSpan     `yaml:"private_followup"`
	PrivateThreadLimit int          `yaml:"private_thread_limit"`
	Keywords           KeywordRules `yaml:"keywords"`
}

// TopicRule sends a text that contains one of Words to Department, and there to
// the holder of Post when one is named.
type TopicRule struct {
	Words      Words  `yaml:"words"` // a list, or one text with | between the words
	Department string `yaml:"department"`
	Post       string `yaml:"post"` // optional
}

// KeywordRules are the words that make a text important or urgent.
type KeywordRules struct {
	Important []string `yaml:"important"`
	Urgent    []string `yaml:"urgent"`
}

// PublishRules govern publications (G1-2.1(1)a).
type PublishRules struct {
	Responsible           map[string]string `yaml:"responsible"` // channel → role
	DuplicateSimilarity   float64           `yaml:"duplicate_similarity"`
	DuplicateWindowDays   int               `yaml:"duplicate_window_days"`
	ServiceInactiveDays   int               `yaml:"service_inactive_days"`
	AnnounceChaseWorkdays []int             `yaml:"announce_chase_workdays"`
}

// ReviewRules say who reviews what before it is sent (G1-2.2c, G1-4.1(3)b).
type ReviewRules struct {
	Levels      map[string][]string `yaml:"levels"`
	Reviewers   map[string]string   `yaml:"reviewers"`
	MajorScenes []string            `yaml:"major_scenes"`
	Minutes     int                 `yaml:"minutes"`
}

// ArchiveRules say how long communication is kept.
type ArchiveRules struct {
	CommYears int `yaml:"comm_years"`
}

// TemplateRules govern message templates (G1-2.1(1)b).
type TemplateRules struct {
	Tags               []string `yaml:"tags"`
	DateRangeSeparator string   `yaml:"date_range_separator"`
	// Messages are standard texts to be filled in by hand, by name (G1-1b).
	Messages map[string]string `yaml:"messages"`
}

// LintRules are the checks of language and structure (G1-4.1(4)a, c).
type LintRules struct {
	Slang          []string `yaml:"slang"`
	Internet       []string `yaml:"internet"`
	Emotional      []string `yaml:"emotional"`
	IMMaxChars     int      `yaml:"im_max_chars"`
	StructureChars int      `yaml:"structure_chars"`
	GenericTitles  []string `yaml:"generic_titles"`
	TitleLength    []int    `yaml:"title_length"` // [min, max] characters
}

// TimeFormulaRules are the inputs of F-10 (G1-4.1.1(2)).
type TimeFormulaRules struct {
	E        map[string]float64 `yaml:"E"`
	EOther   map[string]float64 `yaml:"E_other"`
	KRange   []int              `yaml:"K_range"` // [min, max]
	KDefault int                `yaml:"K_default"`
}

// GroupRules govern group chats (G1-4.1.1(3)).
type GroupRules struct {
	NamePattern       string `yaml:"name_pattern"`
	NameMax           int    `yaml:"name_max"`
	DailySlot         string `yaml:"daily_slot"`
	SlotNoticeMinutes int    `yaml:"slot_notice_minutes"`
}

// MeetingRules govern meetings (G1-4.1(4)d).
type MeetingRules struct {
	LeadWorkdays       int `yaml:"lead_workdays"`
	MinutesWorkdays    int `yaml:"minutes_workdays"`
	SpeakMinutes       int `yaml:"speak_minutes"`
	DeviceCheckMinutes int `yaml:"device_check_minutes"`
}
