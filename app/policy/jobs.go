package policy

import (
	"slices"
	"time"
)

// jobOff switches a job off in jobs:.
const jobOff = "off"

// JobNames are the jobs of guide E2.J that run by the calendar, in its order;
// jobs: may move them or switch them off; of one that runs hourly jobs: moves
// the minute. The guide's other minute and hourly ticks are not among them: they
// name effects, each deadline is a timer of its own.
func JobNames() []string {
	return []string{
		"J-RECUR", "J-LOG-SEAL", "J-ANOM", "J-ARCHIVE", "J-DOC-RETAIN", "J-KNOW-AGE", "J-CONTACT-SYNC",
		"J-EFFECT", "J-CALENDAR-CHECK", "J-MORNING", "J-DOC-AUDIT", "J-PROC-REVIEW", "J-SVC-ACTIVE", "J-GROUP-SLOT", "J-SPOT", "J-PROGRESS",
		"J-PLAN-CHECK", "J-KNOW-MINE", "J-EVAL-TEAM",
		"J-EVAL-M", "J-PARETO", "J-TASK-ASSESS", "J-COLLAB-REVIEW", "J-DOC-REPORT", "J-DOC-CLEAN", "J-EQ-REPORT", "J-INTERVIEW", "J-TRAIN", "J-ACCOUNT-INACTIVE",
		"J-EVAL-Q", "J-PERM-REVIEW", "J-ROLE-REVIEW", "J-EQ-AUDIT", "J-SURVEY",
		"J-OPT-MEET", "J-POLICY-REVIEW", "J-EVAL-Y", "J-APPROVAL-SYNC",
	}
}

// JobTime is what jobs: says about a job: another time of day, or that it does
// not run at all.
type JobTime struct {
	Given bool          // there is an entry
	Off   bool          // it is switched off
	At    time.Duration // since midnight
}

// JobTime answers the entry of jobs: for a job.
func (e *Engine) JobTime(name string) JobTime {
	text, given := e.Rules().Jobs[name]
	minutes, _ := parseClock(text)
	return JobTime{Given: given, Off: text == jobOff, At: time.Duration(minutes) * time.Minute}
}

// TimeOfDay reads "09:30" as the time since midnight; false when it is none.
func TimeOfDay(text string) (time.Duration, bool) {
	minutes, ok := parseClock(text)
	return time.Duration(minutes) * time.Minute, ok && minutes < 24*60
}

func (k *checker) jobs(jobs map[string]string) {
	known := JobNames()
	for _, name := range sorted(jobs) {
		path, value := "jobs."+name, jobs[name]
		if !slices.Contains(known, name) {
			k.add(path, "is no job that runs by the calendar; write one that guiju jobs schedule lists")
			continue
		}
		if _, ok := TimeOfDay(value); !ok && value != jobOff {
			k.add(path, "must be a time of day like %q or %q, not %q", "09:30", jobOff, value)
		}
	}
}
