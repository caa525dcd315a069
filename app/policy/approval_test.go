package policy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

func template(t testing.TB, key string, edits ...func(*policy.Rules)) *policy.ApprovalTemplate {
	t.Helper()
	found, ok := engine(t, edits...).ApprovalTemplate(key)
	require.True(t, ok, key)
	return found
}

func decimal(t testing.TB, text string) policy.Decimal {
	t.Helper()
	d, err := policy.ParseDecimal(text)
	require.NoError(t, err, text)
	return d
}

func number(t testing.TB, text string) policy.FormValue {
	return policy.FormValue{Number: decimal(t, text)}
}

// route writes a plan as 部门负责人→HR→财务.
func route(t testing.TB, of *policy.ApprovalTemplate, f policy.Form, a ...policy.ApprovalApplicant) string {
	t.Helper()
	plan, err := of.Plan(f, append(a, policy.ApprovalApplicant{})[0])
	require.NoError(t, err)
	var names []string
	for _, n := range plan.Nodes {
		if n.Mode == policy.CCMode {
			names = append(names, "抄送"+n.Name)
		} else {
			names = append(names, n.Name)
		}
	}
	return strings.Join(names, "→")
}

// G1-3.2(2) AE1: given leave of 3 days, then 部门负责人, HR, 财务; given 3.5 days,
// 分管领导 comes after 部门负责人.
func TestG1_3_2_2_AE1_LeaveOverThreeDaysNeedsTheSupervisingLeader(t *testing.T) {
	leave := template(t, "leave")
	require.Equal(t, "部门负责人→HR→财务", route(t, leave, policy.Form{"天数": number(t, "3")}))
	require.Equal(t, "部门负责人→分管领导→HR→财务", route(t, leave, policy.Form{"天数": number(t, "3.5")}))
	require.Equal(t, "部门负责人→HR→财务", route(t, leave, policy.Form{"天数": number(t, "0.5")}))

	plan, err := leave.Plan(policy.Form{"天数": number(t, "3.5")}, policy.ApprovalApplicant{})
	require.NoError(t, err)
	require.Equal(t, []policy.BranchTaken{{Branch: "days", Case: 0, When: "天数 > 3", To: "leader", Values: map[string]string{"天数": "3.5"}}}, plan.Why)
	require.Equal(t, "分支 days：符合 天数 > 3，转到 leader（天数 = 3.5）", plan.Why[0].String())
	whom := map[string]string{}
	for _, n := range plan.Nodes {
		whom[n.Key] = n.Actors[0].Whom()
		require.Equal(t, policy.WorkSpan{Time: 8 * time.Hour}, n.Limit, "approval.node_limit_hours")
	}
	require.Equal(t, map[string]string{"head": "head", "leader": "supervisor", "hr": "post:人事部/HR专员", "finance": "post:财务部/财务经理"}, whom)

	plan, err = leave.Plan(policy.Form{"天数": number(t, "3")}, policy.ApprovalApplicant{})
	require.NoError(t, err)
	require.Equal(t, []policy.BranchTaken{{
		Branch: "days", Case: 1, To: "hr", Values: map[string]string{"天数": "3"}, Others: []policy.CaseTried{{When: "天数 > 3", To: "leader"}},
	}}, plan.Why)
}

// the values of approval.leave are the route.
func TestX15_X16_LeaveFollowsItsKeys(t *testing.T) {
	days := policy.Form{"天数": number(t, "5")}
	require.Equal(t, "部门负责人→分管领导→HR→抄送财务", route(t, template(t, "leave", func(r *policy.Rules) { r.Approval.Leave.FinanceMode = "cc" }), days))
	require.Equal(t, "部门负责人→HR→财务", route(t, template(t, "leave", func(r *policy.Rules) { r.Approval.Leave.ExtraIfDaysOver = 5 }), days))
	require.Equal(t, "部门负责人→总经理办公室→HR", route(t, template(t, "leave", func(r *policy.Rules) {
		r.Approval.Leave.ExtraApprover, r.Approval.Leave.Chain = "总经理办公室", []string{"部门负责人", "HR"}
	}), days))
	require.Equal(t, "直接上级→分管领导", route(t, template(t, "leave", func(r *policy.Rules) { r.Approval.Leave.Chain = []string{"直接上级"} }), days))
}

// G1-3.2(1) AE1: the amount chooses the chain, to the cent.
func TestG1_3_2_1_AE1_ReimbursementByAmount(t *testing.T) {
	reimburse := template(t, "reimburse")
	for amount, want := range map[string]string{
		"0.01": "部门负责人→财务", "1,000.00": "部门负责人→财务",
		"1,000.01": "部门负责人→分管领导→财务", "10,000.00": "部门负责人→分管领导→财务",
		"10,000.01": "部门负责人→分管领导→总经理办公室→财务", "99999999.99": "部门负责人→分管领导→总经理办公室→财务",
	} {
		require.Equal(t, want, route(t, reimburse, policy.Form{"金额": number(t, amount)}), amount)
	}
	finance, ok := reimburse.Node("finance")
	require.True(t, ok)
	require.Equal(t, "审核报销单据", finance.Authority, "G1-4.2.2(3) AE1")
	require.Equal(t, policy.Permission("approval.node.reimburse.finance.decide"), reimburse.Permission("finance"))
}

func TestG1_3_2_1_ReimbursementFollowsItsTiers(t *testing.T) {
	upTo := func(f float64) *float64 { return &f }
	tiered := func(tiers ...policy.ReimburseTier) *policy.ApprovalTemplate {
		return template(t, "reimburse", func(r *policy.Rules) { r.Approval.ReimburseTiers = tiers })
	}
	flat := tiered(policy.ReimburseTier{Add: []string{"直接上级"}})
	require.Empty(t, flat.Branches)
	require.Equal(t, "部门负责人→直接上级→财务", route(t, flat, policy.Form{"金额": number(t, "5")}))

	// One who is asked for small and for large amounts, but not between.
	gap := tiered(policy.ReimburseTier{Max: upTo(0.1), Add: []string{"HR"}}, policy.ReimburseTier{Max: upTo(0.3)}, policy.ReimburseTier{Add: []string{"HR", "总经理办公室"}})
	require.Equal(t, "部门负责人→HR→财务", route(t, gap, policy.Form{"金额": number(t, "0.10")}))
	require.Equal(t, "部门负责人→财务", route(t, gap, policy.Form{"金额": number(t, "0.30")}), "0.1 and 0.3 are no binary fractions")
	require.Equal(t, "部门负责人→HR→总经理办公室→财务", route(t, gap, policy.Form{"金额": number(t, "0.31")}))

	rules := guide(t)
	rules.Approval.ReimburseTiers = []policy.ReimburseTier{{Max: upTo(1), Add: []string{"HR", "直接上级"}}, {Add: []string{"直接上级", "HR"}}}
	_, err := policy.Compile(rules)
	require.EqualError(t, err, "approval.reimburse_tiers: the tiers must name their people in one order, each once")
}

// G1-1e: what differs between the departments' templates.
func TestG1_1e_ChainsOfTheTable(t *testing.T) {
	contract := template(t, "contract")
	require.True(t, contract.Sensitive, "G1-3.2(4)b")
	require.Equal(t, "部门负责人→财务经理→分管领导", route(t, contract, policy.Form{}))
	purchase := template(t, "purchase")
	require.Equal(t, "采购经理→财务经理", route(t, purchase, policy.Form{"金额": number(t, "10000")}))
	require.Equal(t, "采购经理→分管领导→财务经理", route(t, purchase, policy.Form{"金额": number(t, "10000.01")}))
}

// G2-4.2(1) and G2-4.2(2): the chains of 账号申请 and 权限申请.
func TestG2_4_2_AccountAndPermissionKeepTheirChains(t *testing.T) {
	account := template(t, "account", func(r *policy.Rules) { r.Account.StepWorkdays = 2 })
	require.True(t, account.Own)
	form := func(kind, category string) policy.Form {
		return policy.Form{"类型": {Text: kind}, "类别": {Text: category}, "部门": {Text: "市场部", Departments: []int64{4}}}
	}
	require.Equal(t, "部门负责人→人事部核实→开通账号", route(t, account, form("新增", "其他员工")))
	require.Equal(t, "部门负责人→人事部核实→信息安全部门→开通账号", route(t, account, form("新增", "管理员")), "G2-4.2(3)")
	require.Equal(t, "部门负责人→人事部核实", route(t, account, form("变更", "管理员")))
	require.Equal(t, "部门负责人→人事部核实", route(t, account, form("停用", "")))
	plan, err := account.Plan(form("新增", "管理员"), policy.ApprovalApplicant{})
	require.NoError(t, err)
	var whom []string
	for _, n := range plan.Nodes {
		whom = append(whom, n.Actors[0].Whom())
		require.Equal(t, policy.WorkSpan{Workdays: 2}, n.Limit, "account.step_workdays")
	}
	require.Equal(t, []string{"head:4", "department:人事部", "department:信息安全部门", "post:行政部/用户权限管理"}, whom)
	require.Equal(t, "已开通", plan.Nodes[3].Command)

	permission := template(t, "permission")
	require.Equal(t, "直接上级→权限负责人", route(t, permission, policy.Form{}))
	require.Equal(t, "直接上级→信息安全部门", route(t, permission, policy.Form{"敏感": {Yes: true}}))
	owner, _ := permission.Node("owner")
	require.Equal(t, "role:administrator", owner.Actors[0].Whom())
	require.Equal(t, policy.WorkSpan{Workdays: 1}, owner.Limit)
}

// S04: every built-in template is there, complete, and can be planned.
func TestS04_BuiltInTemplates(t *testing.T) {
	var keys []string
	for _, of := range engine(t).ApprovalTemplates() {
		keys = append(keys, of.Key)
		require.Equal(t, policy.EngineGuiju, of.Engine)
		require.Equal(t, "1.0.0", of.Version)
		require.NotEmpty(t, of.Fields)
		require.LessOrEqual(t, of.MostApprovals(), 5, "process.max_approval_nodes")
		require.Empty(t, of.Neighbours(), "G1-3.2(1): nobody decides twice in a row")
		for _, f := range of.Fields {
			require.NotEmpty(t, f.Prompt)
			require.Equal(t, f.Key, f.Label)
		}
	}
	require.Equal(t, []string{
		"leave", "reimburse", "contract", "purchase", "permission", "account", "doc_permission", "doc_destroy", "doc_external_share", "process_change",
		"ruleset_change", "publish_review", "group_create", "equipment_access", "data_export", "exemption",
	}, keys)
	e := engine(t)
	for word, key := range map[string]string{"请假": "leave", "报销": "reimburse", "合同": "contract", "采购申请": "purchase", "例外": "exemption", "data_export": "data_export"} {
		found, ok := e.ApprovalTemplateNamed(word)
		require.True(t, ok, word)
		require.Equal(t, key, found.Key)
	}
	_, ok := e.ApprovalTemplateNamed("加薪")
	require.False(t, ok)
	require.Equal(t, []string{"信息不完整", "金额或日期有误", "缺少附件", "不符合制度", "已有其他安排"}, e.RejectReasons())
}

// X-34 and G1-4.3(5)b: the chains of documents; the applicant's form names who acts.
func TestX34_DocumentChains(t *testing.T) {
	form := policy.Form{"密级": {Text: "机密"}, "文档负责人": {Text: "罗岩", Members: []int64{21}}, "所属部门": {Text: "研发部", Departments: []int64{14}}}
	doc := template(t, "doc_permission")
	require.Equal(t, "文档负责人确认→部门主管审批→信息安全部门→管理员配置", route(t, doc, form))
	plan, err := doc.Plan(form, policy.ApprovalApplicant{})
	require.NoError(t, err)
	require.Equal(t, "members:21", plan.Nodes[0].Actors[0].Whom())
	require.Equal(t, "head:14", plan.Nodes[1].Actors[0].Whom())
	form["密级"] = policy.FormValue{Text: "内部"}
	require.Equal(t, "文档负责人确认→部门主管审批→管理员配置", route(t, doc, form))

	_, err = doc.Plan(policy.Form{"密级": {Text: "内部"}}, policy.ApprovalApplicant{})
	require.EqualError(t, err, "template doc_permission, node owner: field 文档负责人 names nobody")

	destroy := template(t, "doc_destroy")
	require.Len(t, destroy.Nodes, 1)
	require.Equal(t, policy.AllNode, destroy.Nodes[0].Kind)
	require.Equal(t, []policy.ApprovalActor{{Word: "部门主管", Who: "head"}, {Word: "信息安全部门", Who: "department:信息安全部门"}}, destroy.Nodes[0].Actors)
}

func TestG1_4_1_3b_ReviewBeforePublishing(t *testing.T) {
	review := template(t, "publish_review")
	for class, want := range map[string]string{
		"跨部门": "部门主管审核", "敏感信息": "信息安全部门审核", "全公司": "信息管理部门审核", "重大事项": "部门主管审核→信息管理部门审核", "对外发布": "部门主管审核",
	} {
		require.Equal(t, want, route(t, review, policy.Form{"类别": {Text: class}}), class)
	}
	require.Equal(t, policy.WorkSpan{Time: 30 * time.Minute}, review.Nodes[0].Limit, "review.minutes")
}

// G1-3.2(4)a: a case is pinned to its definition; what was stored plans the same.
func TestDefinitionIsReadBack(t *testing.T) {
	for _, of := range engine(t).ApprovalTemplates() {
		again, err := policy.ParseApprovalTemplate(of.Definition())
		require.NoError(t, err, of.Key)
		require.JSONEq(t, string(of.Definition()), string(again.Definition()))
		require.Equal(t, string(of.Definition()), string(again.Definition()), "the bytes are canonical: they are hashed")
	}
	again, err := policy.ParseApprovalTemplate(template(t, "reimburse").Definition())
	require.NoError(t, err)
	require.Equal(t, "部门负责人→分管领导→财务", route(t, again, policy.Form{"金额": number(t, "1000.01")}))

	effective := template(t, "purchase", func(r *policy.Rules) {
		edit(r, "purchase", func(p *policy.ApprovalTemplateRule) { p.Effective = "2026-03-09" })
	})
	again, err = policy.ParseApprovalTemplate(effective.Definition())
	require.NoError(t, err)
	require.True(t, again.Effective.Equal(at(t, "2026-03-09 00:00")))
	require.Equal(t, string(effective.Definition()), string(again.Definition()))

	for name, bad := range map[string]string{
		"nothing":       ``,
		"no JSON":       `{`,
		"unknown key":   `{"keys":1}`,
		"empty":         `{}`,
		"a loop":        `{"key":"x","title":"x","version":"1.0.0","engine":"guiju","title_text":"x","start":"a","nodes":[{"key":"a","name":"a","kind":"single","actors":[{"word":"HR","whom":"superior"}],"mode":"approve","next":"a"}]}`,
		"nobody":        `{"key":"x","title":"x","version":"1.0.0","engine":"guiju","title_text":"x","start":"a","nodes":[{"key":"a","name":"a","kind":"single","actors":[],"mode":"approve","next":"end"}]}`,
		"far too large": `"` + strings.Repeat("x", 1<<19) + `"`,
	} {
		_, err := policy.ParseApprovalTemplate([]byte(bad))
		require.Error(t, err, name)
	}
}

// edit changes one template of the rulebook.
func edit(r *policy.Rules, key string, change func(*policy.ApprovalTemplateRule)) {
	change(r.Approval.Templates.Entry(key).(*policy.ApprovalTemplateRule))
}

// G1-3.2(2) AE3 and G1-3.2(4) AE2: which version a new case runs on.
func TestVersionsByDateAndPilot(t *testing.T) {
	version := func(number, effective string, pilot ...string) *policy.ApprovalTemplate {
		return template(t, "purchase", func(r *policy.Rules) {
			edit(r, "purchase", func(p *policy.ApprovalTemplateRule) { p.Version, p.Effective, p.Pilot = number, effective, pilot })
		})
	}
	sales, research := policy.ApprovalApplicant{Departments: []string{"销售部"}}, policy.ApprovalApplicant{Departments: []string{"研发部"}}
	choose := func(a policy.ApprovalApplicant, when string, versions ...*policy.ApprovalTemplate) string {
		chosen, why := policy.ChooseApprovalTemplate(versions, a, at(t, when))
		if chosen == nil {
			return why
		}
		return chosen.Version
	}
	old, later := version("1.0.0", ""), version("1.1.0", "2026-03-09")
	require.Equal(t, "1.0.0", choose(sales, "2026-03-08 23:59:59", old, later))
	require.Equal(t, "1.1.0", choose(sales, "2026-03-09 00:00", old, later))

	trial := version("1.2.0", "", "销售部")
	require.Equal(t, "1.2.0", choose(sales, "Mon 10:00", old, trial))
	require.Equal(t, "1.0.0", choose(research, "Mon 10:00", old, trial), "the others keep what they have")
	require.Equal(t, "「采购申请」试点中，目前只有销售部可以发起", choose(research, "Mon 10:00", trial), "AE3")
	require.Equal(t, "「采购申请」从 2026-03-09 起才能使用", choose(sales, "Mon 10:00", later))

	off := template(t, "purchase", func(r *policy.Rules) { edit(r, "purchase", func(p *policy.ApprovalTemplateRule) { p.Off = true }) })
	require.Equal(t, "「采购申请」已停用", choose(sales, "Mon 10:00", old, off), "an old version is no way around it")
	ruleset := template(t, "ruleset_change")
	require.Equal(t, "「规范修订」只对行政部、技术支持部开放", choose(sales, "Mon 10:00", ruleset))
	require.Equal(t, "1.0.0", choose(policy.ApprovalApplicant{Departments: []string{"技术支持部"}}, "Mon 10:00", ruleset))
	_, why := policy.ChooseApprovalTemplate(nil, sales, at(t, "Mon 10:00"))
	require.Empty(t, why)
}

func TestConditionsMayAskWhoApplies(t *testing.T) {
	of := template(t, "purchase", func(r *policy.Rules) {
		edit(r, "purchase", func(p *policy.ApprovalTemplateRule) {
			p.Route = []policy.RouteRule{
				{Branch: "who", Cases: []policy.RouteCaseRule{
					{When: `"销售部" in 申请人部门 and not ("销售经理" in 申请人岗位)`, To: "a"}, {When: `"管理员" in 申请人角色`, To: "b"}, {Else: true, To: "c"},
				}},
				{Node: "a", Name: "甲", Who: policy.Names{"直接上级"}, Next: "end"},
				{Node: "b", Name: "乙", Who: policy.Names{"部门负责人:2"}, Next: "end"},
				{Node: "c", Name: "丙", Who: policy.Names{"人员:gaozong"}},
			}
		})
	})
	require.Equal(t, "甲", route(t, of, nil, policy.ApprovalApplicant{Departments: []string{"销售部"}}))
	require.Equal(t, "丙", route(t, of, nil, policy.ApprovalApplicant{Departments: []string{"销售部"}, Posts: []string{"销售经理"}}))
	require.Equal(t, "乙", route(t, of, nil, policy.ApprovalApplicant{Roles: []policy.Role{policy.Administrator}}))
	require.Equal(t, "丙", route(t, of, nil))
	b, _ := of.Node("b")
	c, _ := of.Node("c")
	require.Equal(t, []string{"head^2", "user:gaozong"}, []string{b.Actors[0].Whom(), c.Actors[0].Whom()})
}

func TestPlanIsTheSameEveryTime(t *testing.T) {
	of := template(t, "reimburse")
	form := policy.Form{"金额": number(t, "20000")}
	first, err := of.Plan(form, policy.ApprovalApplicant{})
	require.NoError(t, err)
	for range 20 {
		again, err := of.Plan(form, policy.ApprovalApplicant{})
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
	data, err := json.Marshal(first.Why)
	require.NoError(t, err)
	var back []policy.BranchTaken
	require.NoError(t, json.Unmarshal(data, &back), "cases keep the reasons")
	require.Equal(t, first.Why, back)
}

func BenchmarkPlan(b *testing.B) {
	of := template(b, "reimburse")
	form := policy.Form{"金额": number(b, "10000.01")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := of.Plan(form, policy.ApprovalApplicant{}); err != nil {
			b.Fatal(err)
		}
	}
}
