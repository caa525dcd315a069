package policy

// CalendarRules say when the company works (guide.md 0.4).
type CalendarRules struct {
	Timezone       string   `yaml:"timezone"` // IANA name
	Workdays       []string `yaml:"workdays"` // mon … sun
	Hours          []string `yaml:"hours"`    // "09:00-12:00"; several a day, "24:00" may end one
	Holidays       Holidays `yaml:"holidays"`
	MakeupWorkdays []string `yaml:"makeup_workdays"` // 2026-02-14; wins over every holiday
}

// ResponseRules are the response times of G1-4.1(4)b and the escalation of S03.
type ResponseRules struct {
	ImportantMinutes             int `yaml:"important_minutes"`
	NormalWorkdays               int `yaml:"normal_workdays"`
	ImportantRemindMinutes       int `yaml:"important_remind_minutes"`       // after the start
	NormalRemindBeforeHours      int `yaml:"normal_remind_before_hours"`     // working hours before the due time
	EscalateNormalAfterWorkdays  int `yaml:"escalate_normal_after_workdays"` // breach → 直接上级, normal items
	EscalateFurtherAfterWorkdays int `yaml:"escalate_further_after_workdays"`
	UndeliveredMinutes           int `yaml:"undelivered_minutes"` // working minutes
}

// InquiryRules govern 咨询.
type InquiryRules struct {
	CloseWorkdays int `yaml:"close_workdays"` // an answered question without 已解决/未解决 closes after this
}

// NotifyRules govern delivery to one person.
type NotifyRules struct {
	QuietHours string      `yaml:"quiet_hours"` // "21:00-07:30"; empty: none
	Digest     DigestRules `yaml:"digest"`
}

// DigestRules merge more than Count normal notices to one person within the window.
type DigestRules struct {
	Count         int `yaml:"count"`
	WindowMinutes int `yaml:"window_minutes"`
}
