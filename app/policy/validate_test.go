package policy_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

func TestCompileNamesEveryMistake(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*policy.Rules)
		want string
	}{
		"no zone":            {func(r *policy.Rules) { r.Calendar.Timezone = "" }, "calendar.timezone: must be a time zone like Asia/Shanghai"},
		"the machine's zone": {func(r *policy.Rules) { r.Calendar.Timezone = "Local" }, "calendar.timezone: must be a time zone like Asia/Shanghai"},
		"unknown zone":       {func(r *policy.Rules) { r.Calendar.Timezone = "Asia/Peking" }, `calendar.timezone: unknown time zone "Asia/Peking"; use a name like Asia/Shanghai`},
		"no workdays":        {func(r *policy.Rules) { r.Calendar.Workdays = nil }, "calendar.workdays: must name at least one day"},
		"unknown workday":    {func(r *policy.Rules) { r.Calendar.Workdays = []string{"mon", "周二"} }, `calendar.workdays[1]: must be one of mon, tue, wed, thu, fri, sat, sun, not "周二"`},
		"workday twice":      {func(r *policy.Rules) { r.Calendar.Workdays = []string{"mon", "mon"} }, "calendar.workdays[1]: mon is given twice"},
		"no hours":           {func(r *policy.Rules) { r.Calendar.Hours = nil }, "calendar.hours: must have at least one span like 09:00-18:00"},
		"reversed hours":     {func(r *policy.Rules) { r.Calendar.Hours = []string{"18:00-09:00"} }, "calendar.hours[0]: must end after it starts; a span over midnight is written as two"},
		"empty span":         {func(r *policy.Rules) { r.Calendar.Hours = []string{"09:00-09:00"} }, "calendar.hours[0]: must end after it starts; a span over midnight is written as two"},
		"overlapping hours":  {func(r *policy.Rules) { r.Calendar.Hours = []string{"09:00-12:00", "11:00-18:00"} }, "calendar.hours[1]: overlaps 09:00-12:00"},
		"hours in words":     {func(r *policy.Rules) { r.Calendar.Hours = []string{"nine to five"} }, `calendar.hours[0]: must be a span of a day like 09:00-18:00, not "nine to five"`},
		"hour 25":            {func(r *policy.Rules) { r.Calendar.Hours = []string{"09:00-25:00"} }, `calendar.hours[0]: must be a span of a day like 09:00-18:00, not "09:00-25:00"`},
		"minute 60":          {func(r *policy.Rules) { r.Calendar.Hours = []string{"09:60-18:00"} }, `calendar.hours[0]: must be a span of a day like 09:00-18:00, not "09:60-18:00"`},
		"30 February":        {func(r *policy.Rules) { r.Calendar.Holidays = policy.Holidays{"cn", "2026-02-30"} }, `calendar.holidays[1]: must be a date like 2026-12-31, not "2026-02-30"`},
		"both holiday and make-up day": {func(r *policy.Rules) {
			r.Calendar.Holidays = policy.Holidays{"2026-03-03"}
			r.Calendar.MakeupWorkdays = []string{"2026-03-03"}
		}, "calendar.makeup_workdays[0]: 2026-03-03 is also in calendar.holidays"},
		"too quick":                {func(r *policy.Rules) { r.Response.ImportantMinutes = 0 }, "response.important_minutes: must be 1..1440"},
		"quiet all day":            {func(r *policy.Rules) { r.Notify.QuietHours = "07:00-07:00" }, `notify.quiet_hours: must not last the whole day; "" means none`},
		"quiet nonsense":           {func(r *policy.Rules) { r.Notify.QuietHours = "night" }, `notify.quiet_hours: must be a span like 21:00-07:30, or "" for none, not "night"`},
		"department zero":          {func(r *policy.Rules) { r.Departments = map[string]int64{"行政部": 0} }, "departments.行政部: must be the number of a WeCom department, 1 or more"},
		"alias of an alias":        {func(r *policy.Rules) { r.DepartmentAliases["IT部"] = "技术部" }, "department_aliases.IT部: must name a department, not the alias 技术部"},
		"topic without words":      {func(r *policy.Rules) { r.Route.Topics[1].Words = nil }, "route.topic_departments[1].words: must not be empty"},
		"empty word":               {func(r *policy.Rules) { r.Route.Topics[1].Words = policy.Words{"a", ""} }, "route.topic_departments[1].words[1]: must not be empty"},
		"topic to nowhere":         {func(r *policy.Rules) { r.Route.Topics[1].Department = "" }, "route.topic_departments[1].department: must not be empty"},
		"level of enforcement":     {func(r *policy.Rules) { r.Enforcement.Overrides = map[string]string{"VIO-15": "shout"} }, `enforcement.overrides.VIO-15: must be one of block, require, warn, record, not "shout"`},
		"unknown permission":       {func(r *policy.Rules) { r.Permission.Roles["member"] = []string{"fly"} }, `permission.roles.member[0]: unknown permission "fly"`},
		"unknown scope":            {func(r *policy.Rules) { r.Permission.Roles["member"] = []string{"item.trace:floor"} }, `permission.roles.member[0]: unknown scope "floor"; use own, team or department`},
		"no administrators":        {func(r *policy.Rules) { delete(r.Permission.Roles, "administrator") }, "permission.roles: must have the role administrator"},
		"stages":                   {func(r *policy.Rules) { r.Task.StageSplit["执行"] = 71 }, "task.stage_split: must add up to 100, not 101"},
		"open tier in between":     {func(r *policy.Rules) { r.Approval.ReimburseTiers[0].Max = nil }, "approval.reimburse_tiers[0].max: must be an amount: only the last tier is open"},
		"pattern":                  {func(r *policy.Rules) { r.Group.NamePattern = "(" }, "group.name_pattern: must be a regular expression of Go's syntax"},
		"pair":                     {func(r *policy.Rules) { r.Lint.TitleLength = []int{9, 4} }, "lint.title_length: must be [min, max] with 1 <= min <= max"},
		"negative weight":          {func(r *policy.Rules) { r.Duty.Weights["行政部"] = -1 }, "duty.weights.行政部: must be 0..1000000"},
		"weight that is no number": {func(r *policy.Rules) { r.Duty.Weights["行政部"] = math.NaN() }, "duty.weights.行政部: must be 0..1000000"},
		"duty without text":        {func(r *policy.Rules) { r.Duty.Departments["行政部"] = " " }, "duty.departments.行政部: must not be empty"},
		"unknown position": {func(r *policy.Rules) { r.Duty.Communication["抄送人"] = "看" },
			"duty.communication.抄送人: must be one of 沟通发起人, 沟通审核人, 接收方, 后台管理员"},
		"post twice": {func(r *policy.Rules) {
			r.Posts["ＨＲ经理"], r.Posts["hr经理"] = policy.PostRule{}, policy.PostRule{}
		},
			"posts.ＨＲ经理: is the same post as hr经理"},
		"post with a slash":    {func(r *policy.Rules) { r.Posts["行政部/专员"] = policy.PostRule{} }, "posts.行政部/专员: must be a name without / 、 , : |"},
		"post without end":     {func(r *policy.Rules) { r.Posts[strings.Repeat("长", 33)] = policy.PostRule{} }, "posts." + strings.Repeat("长", 33) + ": must have at most 32 characters"},
		"node of a post twice": {func(r *policy.Rules) { r.Posts["专员"] = policy.PostRule{Nodes: []string{"开票", "开票"}} }, "posts.专员.nodes[1]: 开票 is given twice"},
		"holder without name":  {func(r *policy.Rules) { r.Posts["专员"] = policy.PostRule{Holders: []string{""}} }, "posts.专员.holders[0]: must not be empty"},
		"comparison": {func(r *policy.Rules) {
			r.Evaluation.Bands["风险事件发生率"] = policy.BandRule{Excellent: "0", Good: "<=1", Fair: "<=3"}
		}, `evaluation.bands.风险事件发生率.excellent: must be a comparison like ">=95", not "0"`},
		"a review nobody runs":   {func(r *policy.Rules) { r.Permission.Review = "month" }, `permission.review: must be quarter: the guide has the review each quarter; J-PERM-REVIEW in jobs: sets its time of day`},
		"accounts by themselves": {func(r *policy.Rules) { r.Account.AutoCreate = true }, "account.auto_create: must be false: members cannot be created through the documented API; whoever account.open_by names opens the account in WeCom and presses 已开通"},
		"nobody opens accounts":  {func(r *policy.Rules) { r.Account.OpenBy = "王五" }, `account.open_by: must be like department:人事部, post:行政部/用户权限管理 or role:administrator, not "王五"`},
		"nobody confirms":        {func(r *policy.Rules) { r.Permission.ConfirmBy = "" }, `permission.confirm_by: must be like department:人事部, post:行政部/用户权限管理 or role:administrator, not ""`},
		"nobody owns permission": {func(r *policy.Rules) { r.Permission.SecurityBy = "superior" }, `permission.security_by: must be like department:人事部, post:行政部/用户权限管理 or role:administrator, not "superior"`},
		"nobody fills a post":    {func(r *policy.Rules) { r.Duty.VacancyBy = "人事部" }, `duty.vacancy_by: must be like department:人事部, post:行政部/用户权限管理 or role:administrator, not "人事部"`},
		"nobody hears of a loss": {func(r *policy.Rules) { r.Account.LossTold = nil }, "account.loss_told: must name somebody, or nobody hears of a lost device"},
		"access ends at 25:00":   {func(r *policy.Rules) { r.Account.StopTime = "25:00" }, `account.stop_time: must be a time of day like 17:30, not "25:00"`},
		"two accept times": {func(r *policy.Rules) {
			r.Fault.Levels["一级"] = policy.FaultLevel{AcceptMinutes: 1, AcceptWorkdays: 1, SolveHours: 1}
		}, "fault.levels.一级: must have either accept_minutes or accept_workdays above 0, and the other 0"},
	} {
		t.Run(name, func(t *testing.T) {
			rules := guide(t)
			c.edit(&rules)
			_, err := policy.Compile(rules)
			require.EqualError(t, err, c.want)
			require.IsType(t, policy.Problems{}, err)
		})
	}
}

func TestCompileReportsSeveralMistakesAtOnce(t *testing.T) {
	rules := guide(t)
	rules.Calendar.Hours = []string{"18:00-09:00"}
	rules.Response.ImportantMinutes = -1
	rules.Doc.LockMinutes = 0
	_, err := policy.Compile(rules)
	require.Len(t, err, 3)
}

func TestCompileOfNothingDoesNotPanic(t *testing.T) {
	_, err := policy.Compile(policy.Rules{})
	require.Error(t, err)
}

func TestWorkSpanText(t *testing.T) {
	for text, want := range map[string]policy.WorkSpan{
		"1wd": {Workdays: 1}, "0wd": {}, "2h": {Time: 2 * time.Hour}, "90m": {Time: 90 * time.Minute}, "45s": {Time: 45 * time.Second},
	} {
		var s policy.WorkSpan
		require.NoError(t, s.UnmarshalText([]byte(text)))
		require.Equal(t, want, s)
		require.Equal(t, text, s.String())
	}
	for _, text := range []string{"", "1", "wd", "-1wd", "-2h", "1 week", "99999wd", "9999999h"} {
		var s policy.WorkSpan
		require.ErrorContains(t, s.UnmarshalText([]byte(text)), "must be an amount of working time", text)
	}
}

func TestReasonSurvivesJSON(t *testing.T) {
	why := engine(t).Route("客户要开发票").Why
	data, err := json.Marshal(why)
	require.NoError(t, err)
	var back policy.Reason
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, why.String(), back.String())
}

func TestReasonIsOneLinePerNode(t *testing.T) {
	r := policy.Reason{Mark: policy.Yes, Text: "两行\n变一行", Of: []policy.Reason{
		{Mark: policy.No, Text: "一", Of: []policy.Reason{{Text: "甲"}, {Text: "乙"}}}, {Mark: policy.Note, Text: "二"}}}
	require.Equal(t, "✓ 两行 变一行\n├─ ✗ 一\n│  ├─ · 甲\n│  └─ · 乙\n└─ · 二", r.String())
}
