package policy

// DocRules govern documents (G1-4.3).
type DocRules struct {
	NamePattern        string       `yaml:"name_pattern"`
	DefaultSecrecy     string       `yaml:"default_secrecy"`
	LockMinutes        int          `yaml:"lock_minutes"`
	KeepVersionsMonths int          `yaml:"keep_versions_months"`
	PermanentKinds     []string     `yaml:"permanent_kinds"`
	DailyCheck         bool         `yaml:"daily_check"`
	SecurityReport     string       `yaml:"security_report"`
	Anomaly            AnomalyRules `yaml:"anomaly"`
	ArchivePath        string       `yaml:"archive_path"`
	DestroyApprovers   []string     `yaml:"destroy_approvers"`
	BinDays            int          `yaml:"bin_days"`
	GrantDays          int          `yaml:"grant_days"`
	ShareDays          int          `yaml:"share_days"`
	CleanupUnusedDays  int          `yaml:"cleanup_unused_days"`
	FolderDepth        int          `yaml:"folder_depth"`
	Storage            string       `yaml:"storage"`
}

// AnomalyRules mark unusual use of documents.
type AnomalyRules struct {
	DownloadsPerDay int    `yaml:"downloads_per_day"`
	Hours           string `yaml:"hours"`
	Refused         int    `yaml:"refused"`
}

// EquipmentRules govern machines (G1-4.3.3).
type EquipmentRules struct {
	Audit        string  `yaml:"audit"`
	Report       string  `yaml:"report"`
	ResidualRate float64 `yaml:"residual_rate"`
	LifeYears    int     `yaml:"life_years"`
	AccessDays   int     `yaml:"access_days"`
}

// KnowledgeRules govern the knowledge tiers (G1-2.3(3)).
type KnowledgeRules struct {
	MorningPush  string `yaml:"morning_push"`
	DemoteDays   int    `yaml:"demote_days"`
	ArchiveDays  int    `yaml:"archive_days"`
	PhraseMin    int    `yaml:"phrase_min"`
	PhrasePeople int    `yaml:"phrase_people"`
}
