package rulebook

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) // 10:00 in Shanghai

func book(t testing.TB, overrides string) *Book {
	t.Helper()
	b, err := Parse("rules.yaml", []byte(overrides))
	require.NoError(t, err)
	return b
}

func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text+"\n")
}

func TestGuideLoadsStrictly(t *testing.T) {
	b, err := Load("")
	require.NoError(t, err)
	require.Equal(t, 30, b.Rules.Response.ImportantMinutes)
	require.Equal(t, 1, b.Rules.Response.NormalWorkdays)
	require.Equal(t, policy.Holidays{policy.HolidaysCN}, b.Rules.Calendar.Holidays)
	require.Empty(t, b.Rules.Administrators)
	require.Equal(t, policy.TopicRule{Words: policy.Words{"发票", "报销"}, Department: "财务部"}, b.Rules.Route.Topics[5])
}

// Every value of the guide's file says on its line, or on that of its section,
// where it comes from.
func TestEveryValueIsMarked(t *testing.T) {
	all := marks()
	for _, v := range values(book(t, "").tree()) {
		m := markOf(all, v.keys)
		require.NotEmpty(t, m.Clause, v.path())
		require.False(t, m.Guide && !strings.HasPrefix(m.Clause, "G"), "%s: a guide value needs a clause of the guide", v.path())
	}
}

// The guide values are exactly those that E3 marks so: each needs approval to change.
func TestGuideValues(t *testing.T) {
	all := marks()
	sections := map[string]bool{}
	for _, v := range values(book(t, "").tree()) {
		if markOf(all, v.keys).Guide {
			sections[strings.Join(v.keys[:min(2, len(v.keys))], ".")] = true
		}
	}
	var got []string
	for path := range sections {
		got = append(got, path)
	}
	require.ElementsMatch(t, []string{
		"response.important_minutes", "response.normal_workdays",
		"time_formula.E", "time_formula.K_range", "group.name_pattern", "group.daily_slot",
		"approval.leave", "approval.templates", "process.review_period", "process.pilot_departments", "process.optimisation_meeting",
		"ruleset.require_approval", "ruleset.approver", "task.recurring", "project.progress_goal",
		"density.monthly_growth", "duty.weights", "duty.departments", "duty.communication", "permission.roles", "permission.review",
		"posts.销售经理", "posts.采购经理", "posts.财务经理", "posts.用户权限管理",
		"doc.name_pattern", "doc.lock_minutes", "doc.keep_versions_months", "doc.permanent_kinds",
		"doc.daily_check", "doc.security_report", "doc.archive_path", "doc.destroy_approvers",
		"equipment.audit", "equipment.report", "knowledge.demote_days", "knowledge.archive_days",
		"evaluation.weights", "evaluation.bands", "evaluation.cycles", "evaluation.satisfaction_scale",
		"feedback.trigger", "feedback.survey", "feedback.interview", "feedback.pareto_share", "problem.scale",
	}, got)
}

func TestOverridesMergeKeyByKeyAndListsReplace(t *testing.T) {
	b := book(t, `
administrators: [chenli]
calendar:
  hours: ["09:00-12:00", "13:00-18:00"]
  holidays: []
departments: {行政部: 2}
department_aliases: {客服: 销售部}
response: {normal_remind_before_hours: 1}
route:
  topic_departments:
    - {words: [门禁, 车位], department: 行政部, post: 司机}
fault: {levels: {一级: {solve_hours: 2}}}
`)
	require.Equal(t, 1, b.Rules.Response.NormalRemindBeforeHours)
	require.Equal(t, 30, b.Rules.Response.ImportantMinutes, "what is not named keeps its value")
	require.Len(t, b.Rules.Route.Topics, 1)
	require.Equal(t, "行政部", b.Rules.Route.Fallback)
	require.Equal(t, "人事部", b.Rules.DepartmentAliases["HR"])
	require.Equal(t, "销售部", b.Rules.DepartmentAliases["客服"])
	require.Equal(t, policy.FaultLevel{AcceptMinutes: 15, SolveHours: 2}, b.Rules.Fault.Levels["一级"])
	require.Empty(t, b.Rules.Calendar.Holidays)
	require.Equal(t, 8*time.Hour, b.Engine.Calendar().Workday())
	require.True(t, b.Engine.IsAdministrator("chenli"))
}

// Every bad file names one mistake; its .error file holds the exact words.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".error")
			require.NoError(t, err)
			_, err = Load(file)
			require.IsType(t, &Error{}, err)
			require.EqualError(t, err, file+": "+strings.TrimSpace(string(want)))
		})
	}
	_, err = Load("testdata/none.yaml")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// The same for approval processes; each file begins with the words it must be
// refused with.
func TestBadApprovalTemplates(t *testing.T) {
	files, err := filepath.Glob("testdata/approval/*.yaml")
	require.NoError(t, err)
	require.Greater(t, len(files), 50)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			_, got := Parse("rules.yaml", text)
			require.IsType(t, &Error{}, got)
			said := "# " + strings.ReplaceAll(strings.TrimPrefix(got.Error(), "rules.yaml: "), "\n", "\n# ") + "\n"
			if *update {
				rest := strings.Split(string(text), "\n")
				for len(rest) > 0 && strings.HasPrefix(rest[0], "# ") {
					rest = rest[1:]
				}
				_, got = Parse("rules.yaml", []byte(strings.Repeat("\n", strings.Count(said, "\n"))+strings.Join(rest, "\n")))
				said = "# " + strings.ReplaceAll(strings.TrimPrefix(got.Error(), "rules.yaml: "), "\n", "\n# ") + "\n"
				require.NoError(t, os.WriteFile(file, []byte(said+strings.Join(rest, "\n")), 0o644))
				return
			}
			require.True(t, strings.HasPrefix(string(text), said), "%s", said)
		})
	}
}

func TestValuesAreReadBack(t *testing.T) {
	for _, overrides := range []string{"", "departments: {行政部: 2}\ncalendar: {holidays: [cn, 2026-12-31]}\nroute: {private_followup: 90m}\ndensity: {baseline_e0: 1.5}\n"} {
		b := book(t, overrides)
		again := book(t, b.Values())
		require.Equal(t, definitions(b), definitions(again))
		b.Rules.Approval.Templates, again.Rules.Approval.Templates = nil, nil // where an empty list may be none
		require.Equal(t, b.Rules, again.Rules)
		require.Equal(t, b.Values(), again.Values())
		require.Empty(t, Diff(b, again))
	}
}

func definitions(b *Book) []string {
	var all []string
	for _, t := range b.Engine.ApprovalTemplates() {
		all = append(all, string(t.Definition()))
	}
	return all
}

func TestHashIsOfTheMeaningNotTheSpelling(t *testing.T) {
	a := book(t, "calendar: {holidays: cn}\nroute: {topic_departments: [{words: 门禁|车位, department: 行政部}], private_followup: 60m}\n")
	b := book(t, "# a comment\nroute:\n  private_followup: 1h\n  topic_departments:\n    - words:\n        - 门禁\n        - 车位\n      department: \"行政部\"\ncalendar:\n  holidays: [cn]\n")
	require.Equal(t, a.Hash(), b.Hash())
	require.NotEqual(t, a.Hash(), book(t, "").Hash())
}

func TestDiffMarksGuideValues(t *testing.T) {
	changes := Diff(book(t, ""), book(t, `
response: {important_minutes: 20, important_remind_minutes: 10}
departments: {行政部: 2}
calendar: {hours: ["08:30-17:30"]}
duty: {weights: {研发部: 0.2}}
`))
	golden(t, "diff.txt", Render(changes))
	back := Diff(book(t, "departments: {行政部: 2}"), book(t, ""))
	require.Equal(t, "departments.行政部: 2 → 无（默认，X-28）", Render(back))
}

func TestShow(t *testing.T) {
	b := book(t, "response: {important_minutes: 20}\n")
	text, err := b.Show("response")
	require.NoError(t, err)
	golden(t, "show.txt", text)
	all, err := b.Show("")
	require.NoError(t, err)
	require.Contains(t, all, "jobs = {}")
	_, err = b.Show("nonsense")
	require.EqualError(t, err, "no section nonsense in the rulebook")
}

func TestCheck(t *testing.T) {
	render := func(found []Finding) string {
		lines := make([]string, len(found))
		for i, f := range found {
			lines[i] = f.String()
		}
		return strings.Join(lines, "\n")
	}
	golden(t, "check_guide.txt", render(Check(book(t, ""), nil, monday)))

	autumn := time.Date(2026, 11, 2, 2, 0, 0, 0, time.UTC)
	awkward := book(t, `
administrators: [a, b]
account: {max_admins: 1}
response: {important_minutes: 20, normal_remind_before_hours: 9}
notify: {quiet_hours: "20:00-10:00"}
route: {topic_departments: [{words: 登录, department: 技术支持部}, {words: [发票, 登录不上], department: 财务部, post: 开票员}, {words: 食堂, department: 后勤部}]}
`)
	org := policy.NewOrg([]policy.Department{
		{ID: 2, Name: "行政部", Leaders: []int64{1}}, {ID: 5, Name: "IT部", Leaders: []int64{2}}, {ID: 7, Name: "财务部"},
	}, nil, nil)
	golden(t, "check_awkward.txt", render(Check(awkward, org, autumn)))

	var departments []policy.Department
	for i, name := range awkward.Rules.DepartmentsNeeded {
		departments = append(departments, policy.Department{ID: int64(i + 1), Name: name, Leaders: []int64{1}})
	}
	fine := book(t, "administrators: [chenli]")
	var holders []policy.PostHolders
	for _, name := range fine.Engine.Posts() {
		holders = append(holders, policy.PostHolders{Post: name, Department: 1, Members: []int64{1}})
	}
	require.Empty(t, Check(fine, policy.NewOrg(departments, holders, []int64{1}), monday))

	// Two posts own one node; one stands in a department that is not there.
	overlapping := book(t, "administrators: [chenli]\nposts: {出纳: {nodes: [发票开具], department: 资金部}}")
	require.Equal(t, strings.Join([]string{
		"posts.财务经理.nodes[0]：节点“发票开具”同时属于岗位“出纳”。请只留在一个岗位下，避免职责重叠",
		"posts.出纳.department：通讯录里没有资金部。请改成已有的部门，或在 departments 中指定编号",
		"posts.出纳：没有人担任“出纳”，有关事项将由部门主管处理。请在企业微信中把成员的职务设为出纳，或在 holders 里填写账号",
	}, "\n"), render(Check(overlapping, policy.NewOrg(departments, holders, []int64{1}), monday)))
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	more, _ := filepath.Glob("testdata/approval/*.yaml")
	for _, file := range append(files, more...) {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse("rules.yaml", data)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		again, err := Parse("values", []byte(b.Values()))
		require.NoError(t, err, "what was accepted can be stored and read back")
		require.Equal(t, b.Hash(), again.Hash())
		Check(b, nil, monday)
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(""); err != nil {
			b.Fatal(err)
		}
	}
}

// Naming the persons of a post touches no value of the guide, so it needs no
// approval; changing what the post answers for does (G1-4.2.2(3), G1-4.3附则).
func TestHoldersOfAPostAreTheCompanysOwn(t *testing.T) {
	all := marks()
	for path, guide := range map[string]bool{
		"posts.财务经理.holders": false, "posts.财务经理.contact": false, "posts.财务经理.duty": true, "posts.财务经理.nodes": true,
		"posts.财务经理.authority": true, "posts.合同专员.duty": false,
	} {
		require.Equal(t, guide, markOf(all, strings.Split(path, ".")).Guide, path)
	}
	b := book(t, `
posts:
  财务经理: {holders: [hejing]}
  合同专员: {duty: 起草合同, nodes: [合同起草], authority: [起草合同]}
`)
	require.Equal(t, []string{"发票开具", "财务报表编制"}, b.Rules.Posts["财务经理"].Nodes)
	require.Equal(t, []string{"hejing"}, b.Rules.Posts["财务经理"].Holders)
	require.Equal(t, "起草合同", b.Rules.Posts["合同专员"].Duty)
}
