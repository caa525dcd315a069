package policy

import (
	"fmt"
	"math"
)

const (
	anyDays    = 36500  // a bound for periods in days: a century
	anyMinutes = 525600 // a year
)

// sections checks what Compile does not build from. Each file of rule types has
// its function here, in the same order.
func (k *checker) sections(r *Rules) {
	k.timing(r)
	k.departments(r)
	k.communication(r)
	k.processes(r)
	k.people(r)
	k.records(r)
	k.quality(r)
	k.jobs(r.Jobs)
}

func (k *checker) timing(r *Rules) {
	t := r.Response
	k.within("response.important_minutes", t.ImportantMinutes, 1, 1440)
	k.within("response.normal_workdays", t.NormalWorkdays, 1, 30)
	k.within("response.important_remind_minutes", t.ImportantRemindMinutes, 1, 1440)
	k.within("response.normal_remind_before_hours", t.NormalRemindBeforeHours, 1, 240)
	k.within("response.escalate_normal_after_workdays", t.EscalateNormalAfterWorkdays, 0, 30)
	k.within("response.escalate_further_after_workdays", t.EscalateFurtherAfterWorkdays, 0, 30)
	k.within("response.undelivered_minutes", t.UndeliveredMinutes, 1, 1440)
	k.within("inquiry.close_workdays", r.Inquiry.CloseWorkdays, 1, 60)
	k.within("notify.digest.count", r.Notify.Digest.Count, 1, 1000)
	k.within("notify.digest.window_minutes", r.Notify.Digest.WindowMinutes, 1, 1440)
}

func (k *checker) departments(r *Rules) {
	k.words("administrators", r.Administrators)
	for _, name := range sorted(r.Departments) {
		if r.Departments[name] < 1 {
			k.add("departments."+name, "must be the number of a WeCom department, 1 or more")
		}
	}
	k.words("departments_required", r.DepartmentsNeeded)
	for _, alias := range sorted(r.DepartmentAliases) {
		target := r.DepartmentAliases[alias]
		k.filled("department_aliases."+alias, target)
		if _, chained := r.DepartmentAliases[target]; chained {
			k.add("department_aliases."+alias, "must name a department, not the alias %s", target)
		}
	}
	k.filled("department_fallback", r.DepartmentFallback)
}

func (k *checker) communication(r *Rules) {
	for _, code := range sorted(r.Enforcement.Overrides) {
		k.oneOf("enforcement.overrides."+code, r.Enforcement.Overrides[code], "block", "require", "warn", "record")
	}
	for i, topic := range r.Route.Topics {
		path := fmt.Sprintf("route.topic_departments[%d]", i)
		k.some(path+".words", topic.Words)
		k.filled(path+".department", topic.Department)
	}
	k.filled("route.fallback", r.Route.Fallback)
	k.filled("route.top_fallback", r.Route.TopFallback)
	k.within("route.private_thread_limit", r.Route.PrivateThreadLimit, 1, 1000)
	k.words("route.keywords.important", r.Route.Keywords.Important)
	k.words("route.keywords.urgent", r.Route.Keywords.Urgent)

	for _, channel := range sorted(r.Publish.Responsible) {
		k.filled("publish.responsible."+channel, r.Publish.Responsible[channel])
	}
	k.ratio("publish.duplicate_similarity", r.Publish.DuplicateSimilarity, 0, 1)
	k.within("publish.duplicate_window_days", r.Publish.DuplicateWindowDays, 0, anyDays)
	k.within("publish.service_inactive_days", r.Publish.ServiceInactiveDays, 1, anyDays)
	for i, days := range r.Publish.AnnounceChaseWorkdays {
		k.within(fmt.Sprintf("publish.announce_chase_workdays[%d]", i), days, 1, 60)
	}
	for _, class := range sorted(r.Review.Levels) {
		k.words("review.levels."+class, r.Review.Levels[class])
	}
	k.words("review.major_scenes", r.Review.MajorScenes)
	k.within("review.minutes", r.Review.Minutes, 1, anyMinutes)
	k.within("archive.comm_years", r.Archive.CommYears, 1, 100)
	k.words("templates.tags", r.Templates.Tags)
	k.filled("templates.date_range_separator", r.Templates.DateRangeSeparator)
	for _, name := range sorted(r.Templates.Messages) {
		k.filled("templates.messages."+name, r.Templates.Messages[name])
	}
	k.words("lint.slang", r.Lint.Slang)
	k.words("lint.internet", r.Lint.Internet)
	k.words("lint.emotional", r.Lint.Emotional)
	k.words("lint.generic_titles", r.Lint.GenericTitles)
	k.within("lint.im_max_chars", r.Lint.IMMaxChars, 1, 2048)
	k.within("lint.structure_chars", r.Lint.StructureChars, 1, 2048)
	k.pair("lint.title_length", r.Lint.TitleLength, 1)
	k.factors("time_formula.E", r.TimeFormula.E)
	k.factors("time_formula.E_other", r.TimeFormula.EOther)
	k.pair("time_formula.K_range", r.TimeFormula.KRange, 1)
	if v := r.TimeFormula.KRange; len(v) == 2 {
		k.within("time_formula.K_default", r.TimeFormula.KDefault, v[0], v[1])
	}
	k.pattern("group.name_pattern", r.Group.NamePattern)
	k.within("group.name_max", r.Group.NameMax, 1, 1000)
	k.span("group.daily_slot", r.Group.DailySlot)
	k.within("group.slot_notice_minutes", r.Group.SlotNoticeMinutes, 0, 1440)
	k.within("meeting.lead_workdays", r.Meeting.LeadWorkdays, 0, 60)
	k.within("meeting.minutes_workdays", r.Meeting.MinutesWorkdays, 1, 60)
	k.within("meeting.speak_minutes", r.Meeting.SpeakMinutes, 1, 1440)
	k.within("meeting.device_check_minutes", r.Meeting.DeviceCheckMinutes, 0, 1440)
}

func (k *checker) factors(path string, factors map[string]float64) {
	for _, name := range sorted(factors) {
		k.ratio(path+"."+name, factors[name], 0, 1000)
	}
}

func (k *checker) processes(r *Rules) {
	leave := r.Approval.Leave
	k.some("approval.leave.chain", leave.Chain)
	k.within("approval.leave.extra_if_days_over", leave.ExtraIfDaysOver, 0, 366)
	k.filled("approval.leave.extra_approver", leave.ExtraApprover)
	k.oneOf("approval.leave.finance_mode", leave.FinanceMode, "approve", "cc")
	k.tiers(r.Approval.ReimburseTiers)
	k.within("approval.node_limit_hours", r.Approval.NodeLimitHours, 1, 1000)
	k.within("approval.escalate_factor", r.Approval.EscalateFactor, 1, 100)
	k.within("approval.urge_interval_hours", r.Approval.UrgeIntervalHours, 0, 1000)
	k.rejectReasons(r.Approval.RejectReasons)

	for _, class := range sorted(r.Process.ReviewPeriod) {
		k.period("process.review_period."+class, r.Process.ReviewPeriod[class])
	}
	k.pair("process.pilot_departments", r.Process.PilotDepartments, 1)
	k.within("process.max_approval_nodes", r.Process.MaxApprovalNodes, 1, 100)
	k.ratio("process.abnormal_factor", r.Process.AbnormalFactor, 1, 1000)
	k.period("process.optimisation_meeting", r.Process.OptimisationMeeting)
	k.within("process.stale_version_months", r.Process.StaleVersionMonths, 1, 1200)
	k.ratio("change.min_E", r.Change.MinE, 0, 1000)
	k.within("change.step_remind_workdays", r.Change.StepRemindWorkdays, 1, 60)
	k.filled("ruleset.approver", r.Ruleset.Approver)
	k.sum("task.stage_split", r.Task.StageSplit)
	k.filled("task.recurring", r.Task.Recurring)
	k.clock("project.progress_time", r.Project.ProgressTime)
	k.within("project.blindspot_days", r.Project.BlindspotDays, 1, anyDays)
	k.within("project.progress_goal", r.Project.ProgressGoal, 0, 100)
	k.within("plan.risk_gap_points", r.Plan.RiskGapPoints, 0, 100)
	if e0 := r.Density.BaselineE0; e0 != nil {
		k.ratio("density.baseline_e0", *e0, 0, 1e9)
	}
	k.ratio("density.monthly_growth", r.Density.MonthlyGrowth, -1, 1)
	k.ratio("cost.minute_yuan", r.Cost.MinuteYuan, 0, 1e6)
	k.duties(r)
}

func (k *checker) tiers(tiers []ReimburseTier) {
	below := math.Inf(-1)
	for i, t := range tiers {
		path := fmt.Sprintf("approval.reimburse_tiers[%d]", i)
		k.words(path+".add", t.Add)
		top := i == len(tiers)-1
		switch {
		case top && t.Max != nil:
			k.add(path+".max", "must be null: the last tier is open")
		case !top && t.Max == nil:
			k.add(path+".max", "must be an amount: only the last tier is open")
		case t.Max != nil && !(*t.Max > below):
			k.add(path+".max", "must be more than the tier before")
		}
		if t.Max != nil {
			below = *t.Max
		}
	}
}

func (k *checker) people(r *Rules) {
	p, a := r.Permission, r.Account
	k.within("permission.add_confirm_workdays", p.AddConfirmWorkdays, 1, 60)
	k.whom("permission.confirm_by", p.ConfirmBy)
	k.whom("permission.security_by", p.SecurityBy)
	if p.Review != "quarter" {
		k.add("permission.review", "must be quarter: the guide has the review each quarter; J-PERM-REVIEW in jobs: sets its time of day")
	}
	k.within("permission.review_due_workdays", p.ReviewDueWorkdays, 1, 60)
	k.within("permission.unused_days", p.UnusedDays, 1, anyDays)
	k.within("permission.grant_max_days", p.GrantMaxDays, 1, anyDays)
	k.within("permission.grant_default_days", p.GrantDefaultDays, 1, max(1, p.GrantMaxDays))
	if a.AutoCreate {
		// WeCom has a call that creates members, but our documents of its API
		// do not describe it, and a self-built app may not call it (api.md 4.1).
		k.add("account.auto_create", "must be false: members cannot be created through the documented API; whoever account.open_by names opens the account in WeCom and presses 已开通")
	}
	k.whom("account.verify_by", a.VerifyBy)
	k.whom("account.open_by", a.OpenBy)
	k.whom("account.admin_by", a.AdminBy)
	for i, whom := range a.LossTold {
		k.whom(fmt.Sprintf("account.loss_told[%d]", i), whom)
	}
	if len(a.LossTold) == 0 {
		k.add("account.loss_told", "must name somebody, or nobody hears of a lost device")
	}
	k.clock("account.stop_time", a.StopTime)
	k.within("account.inactive_days", a.InactiveDays, 1, anyDays)
	k.within("account.max_admins", a.MaxAdmins, 1, 1000)
	k.within("account.step_workdays", a.StepWorkdays, 1, 60)
	k.within("account.secret_max_days", a.SecretMaxDays, 1, anyDays)
	k.alert("account.bad_signature_alert", a.BadSignatureAlert)
}

func (k *checker) alert(path string, a AlertRules) {
	k.within(path+".count", a.Count, 1, 1000000)
	k.within(path+".minutes", a.Minutes, 1, anyMinutes)
}

func (k *checker) records(r *Rules) {
	d := r.Doc
	k.pattern("doc.name_pattern", d.NamePattern)
	k.oneOf("doc.default_secrecy", d.DefaultSecrecy, "公开", "内部", "机密", "绝密")
	k.within("doc.lock_minutes", d.LockMinutes, 1, 1440)
	k.within("doc.keep_versions_months", d.KeepVersionsMonths, 1, 1200)
	k.words("doc.permanent_kinds", d.PermanentKinds)
	k.period("doc.security_report", d.SecurityReport)
	k.within("doc.anomaly.downloads_per_day", d.Anomaly.DownloadsPerDay, 1, 1000000)
	k.span("doc.anomaly.hours", d.Anomaly.Hours)
	k.within("doc.anomaly.refused", d.Anomaly.Refused, 1, 1000000)
	k.filled("doc.archive_path", d.ArchivePath)
	if len(d.DestroyApprovers) != 2 {
		k.add("doc.destroy_approvers", "must name two approvers")
	}
	k.words("doc.destroy_approvers", d.DestroyApprovers)
	k.within("doc.bin_days", d.BinDays, 0, anyDays)
	k.within("doc.grant_days", d.GrantDays, 1, anyDays)
	k.within("doc.share_days", d.ShareDays, 1, anyDays)
	k.within("doc.cleanup_unused_days", d.CleanupUnusedDays, 1, anyDays)
	k.within("doc.folder_depth", d.FolderDepth, 1, 32)
	k.oneOf("doc.storage", d.Storage, "local", "wedrive")

	k.period("equipment.audit", r.Equipment.Audit)
	k.period("equipment.report", r.Equipment.Report)
	k.ratio("equipment.residual_rate", r.Equipment.ResidualRate, 0, 1)
	k.within("equipment.life_years", r.Equipment.LifeYears, 1, 100)
	k.within("equipment.access_days", r.Equipment.AccessDays, 1, anyDays)
	k.clock("knowledge.morning_push", r.Knowledge.MorningPush)
	k.within("knowledge.demote_days", r.Knowledge.DemoteDays, 1, anyDays)
	k.within("knowledge.archive_days", r.Knowledge.ArchiveDays, 1, anyDays)
	k.within("knowledge.phrase_min", r.Knowledge.PhraseMin, 1, 1000)
	k.within("knowledge.phrase_people", r.Knowledge.PhrasePeople, 1, 1000)
}

func (k *checker) quality(r *Rules) {
	v := r.Evaluation
	k.weights("evaluation.weights", v.Weights)
	for _, name := range sorted(v.Bands) {
		path := "evaluation.bands." + name
		k.comparison(path+".excellent", v.Bands[name].Excellent)
		k.comparison(path+".good", v.Bands[name].Good)
		k.comparison(path+".fair", v.Bands[name].Fair)
	}
	for _, band := range sorted(v.BandScores) {
		k.ratio("evaluation.band_scores."+band, v.BandScores[band], 0, 100)
	}
	for _, band := range sorted(v.TotalBands) {
		k.ratio("evaluation.total_bands."+band, v.TotalBands[band], 0, 100)
	}
	k.some("evaluation.doc_checklist", v.DocChecklist)
	for _, cycle := range sorted(v.CloseWorkdays) {
		k.within("evaluation.close_workdays."+cycle, v.CloseWorkdays[cycle], 1, 250)
	}
	k.ratio("evaluation.spot_rate", v.SpotRate, 0, 1)
	k.within("evaluation.spot_max", v.SpotMax, 1, 10000)
	k.within("evaluation.spot_min", v.SpotMin, 0, max(0, v.SpotMax))
	for _, team := range sorted(v.TeamCycle) {
		k.period("evaluation.team_cycle."+team, v.TeamCycle[team])
	}
	k.pair("evaluation.satisfaction_scale", v.SatisfactionScale, 0)
	k.within("evaluation.peer_min_answers", v.PeerMinAnswers, 1, 1000)

	f := r.Feedback
	k.filled("feedback.trigger", f.Trigger)
	k.period("feedback.survey", f.Survey)
	k.some("feedback.survey_dimensions", f.SurveyDimensions)
	k.period("feedback.interview", f.Interview)
	k.within("feedback.interview_posts", f.InterviewPosts, 1, 1000)
	k.ratio("feedback.pareto_share", f.ParetoShare, 0, 1)
	k.ratio("feedback.alpha", f.Alpha, 0, 1)
	k.within("feedback.classify_workdays", f.ClassifyWorkdays, 1, 60)
	k.within("feedback.effect_check_days", f.EffectCheckDays, 1, anyDays)

	k.pair("problem.scale", r.Problem.Scale, 1)
	for i, band := range r.Problem.PriorityBands {
		path := fmt.Sprintf("problem.priority_bands[%d]", i)
		k.filled(path+".level", band.Level)
		k.within(path+".workdays", band.Workdays, 1, 250)
		if i > 0 && band.Min >= r.Problem.PriorityBands[i-1].Min {
			k.add(path+".min", "must be less than the band before")
		}
	}
	k.within("training.pass_score", r.Training.PassScore, 0, 100)
	k.within("training.excellent_score", r.Training.ExcellentScore, r.Training.PassScore, 100)
	k.within("training.resit_workdays", r.Training.ResitWorkdays, 1, 250)
	k.sum("training.weights", r.Training.Weights)
	for _, name := range sorted(r.Fault.Levels) {
		level, path := r.Fault.Levels[name], "fault.levels."+name
		k.either(path, "accept_minutes", level.AcceptMinutes, "accept_workdays", level.AcceptWorkdays)
		k.either(path, "solve_hours", level.SolveHours, "solve_workdays", level.SolveWorkdays)
	}
	k.alert("fault.mass_reports", r.Fault.MassReports)
	k.within("fault.review_workdays", r.Fault.ReviewWorkdays, 1, 250)
	k.within("ticket.first_response_minutes", r.Ticket.FirstResponseMinutes, 1, 1440)
	k.within("supervision.appeal_workdays", r.Supervision.AppealWorkdays, 1, 250)
	k.within("supervision.exemption_max_days", r.Supervision.ExemptionMaxDays, 1, anyDays)
	k.within("supervision.policy_review_months", r.Supervision.PolicyReviewMonths, 1, 1200)
}

// either accepts exactly one of two positive values.
func (k *checker) either(path, a string, av int, b string, bv int) {
	if av < 0 || bv < 0 || (av > 0) == (bv > 0) {
		k.add(path, "must have either %s or %s above 0, and the other 0", a, b)
	}
}
