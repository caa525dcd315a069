package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

// Every role × every permission × every standing of the member, judged by the
// order of S02 as the guide writes it.
func TestS02OrderForEveryRoleAndPermission(t *testing.T) {
	e := engine(t)
	now := at(t, "Mon 10:00")
	listed := func(role policy.Role, p policy.Permission) bool {
		return slices.ContainsFunc(e.Rules().Permission.Roles[string(role)], func(text string) bool {
			code, _, _ := strings.Cut(text, ":")
			return code == string(p)
		})
	}
	asked := 0
	for _, role := range e.Roles() {
		for _, info := range policy.Permissions() {
			p := info.Code
			if p == policy.NodeDecide { // see TestG1_4_3_2_2
				continue
			}
			base, byRole := listed(policy.Member, p), listed(role.Role, p)
			held := policy.Holding{Role: role.Role}
			if role.Kind == policy.Bound {
				held.Object = map[string]string{policy.DepartmentObject: "3", policy.ProcessObject: "P-02"}[role.Object]
			}
			plain := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{{Role: policy.Member}, held}}
			grants := []policy.Grant{{ID: 7, Permission: p, From: now, To: now.AddDate(0, 0, 1)}}
			over := []policy.Grant{{ID: 7, Permission: p, To: now}}
			denies := []policy.Deny{{Permission: p}}
			for name, c := range map[string]struct {
				edit func(*policy.Actor)
				want bool
				rule string
			}{
				"active":             {func(*policy.Actor) {}, base || byRole, ""},
				"inactive":           {func(a *policy.Actor) { a.Active = false }, false, "permission"},
				"inactive, granted":  {func(a *policy.Actor) { a.Active, a.Grants = false, grants }, false, "permission"},
				"suspended":          {func(a *policy.Actor) { a.Suspended = true }, base, "permission.roles.member"},
				"suspended, granted": {func(a *policy.Actor) { a.Suspended, a.Grants = true, grants }, base, "permission.roles.member"},
				"suspended, denied":  {func(a *policy.Actor) { a.Suspended, a.Denies = true, denies }, false, "permission.roles.member"},
				"denied":             {func(a *policy.Actor) { a.Denies = denies }, false, "permission"},
				"denied, granted":    {func(a *policy.Actor) { a.Denies, a.Grants = denies, grants }, false, "permission"},
				"granted":            {func(a *policy.Actor) { a.Grants = grants }, true, "permission.grant"},
				"granted until now":  {func(a *policy.Actor) { a.Grants = over }, base || byRole, ""},
				"the role has just ended": {func(a *policy.Actor) {
					a.Holdings = slices.Clone(a.Holdings)
					a.Holdings[1].Until = now
				}, base || byRole && role.Role == policy.Member, ""},
			} {
				a := plain
				c.edit(&a)
				d := e.Permit(a, p, policy.Object{}, now)
				at := fmt.Sprintf("%s, %s, %s:\n%s", role.Title, p, name, d.Why)
				require.Equal(t, c.want, d.Allowed, at)
				if c.rule != "" {
					require.Equal(t, c.rule, d.Rule, at)
				}
				if d.Rule == "permission.grant" {
					require.EqualValues(t, 7, d.Grant.ID, at)
					require.Equal(t, grants[0].To, d.Until, at)
				}
				asked++
			}
		}
	}
	require.Greater(t, asked, 25_000)
}

func TestG1_4_3_2_2_AnApproverDecidesHisNodeOnly(t *testing.T) {
	e := engine(t)
	now := at(t, "Mon 10:00")
	a := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{{Role: policy.Member}, {Role: policy.ApproverA, Object: "P-02", Source: policy.SourceAssigned}}}
	may := func(p policy.Permission) bool { return e.Permit(a, p, policy.Object{}, now).Allowed }
	require.True(t, may("approval.node.P-02.A.decide"))
	require.True(t, may("approval.node.p-02.a.decide"), "case does not matter")
	require.False(t, may("approval.node.P-02.B.decide"))
	require.False(t, may("approval.node.P-03.A.decide"))
	require.True(t, may(policy.NodeDecide), "some node is his")
	require.False(t, e.Permit(a, "approval.node.P-02.A.decide", policy.Object{ID: "A1", Applicant: 1}, now).Allowed, "but not on his own case")
	d := e.Permit(a, "approval.node.P-02.B.decide", policy.Object{}, now)
	require.Equal(t, "处理流程P-02的审批节点B", d.Title)
	golden(t, "permit_node.txt", d.Why.String())

	a.Holdings[1].Object = ""
	require.False(t, may("approval.node.P-02.A.decide"), "a bound role without its object gives nothing")
	require.False(t, policy.Actor{}.Holds(policy.ApproverA))
}

func TestBoundRolesAreForTheirObject(t *testing.T) {
	e := engine(t)
	now := at(t, "Mon 10:00")
	head := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{{Role: policy.DepartmentHead, Object: "3"}, {Role: policy.DepartmentHead, Object: "4"}}}
	leader := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{{Role: "team_leader"}}}
	processes := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{{Role: policy.ProcessAdministrator, Object: "P-02"}}}
	everyProcess := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{{Role: policy.ProcessAdministrator}}}
	for name, c := range map[string]struct {
		actor  policy.Actor
		ask    policy.Permission
		object policy.Object
		want   bool
	}{
		"his department":          {head, "task.issue", policy.Object{Department: 3}, true},
		"his other department":    {head, "task.issue", policy.Object{Department: 4}, true},
		"another department":      {head, "task.issue", policy.Object{Department: 5}, false},
		"as such":                 {head, "task.issue", policy.Object{}, true},
		"one of his team":         {leader, "task.assign", policy.Object{ID: "T1", Leaders: []int64{1}}, true},
		"somebody else's team":    {leader, "task.assign", policy.Object{ID: "T1", Leaders: []int64{2}}, false},
		"his own":                 {leader, "task.assign", policy.Object{ID: "T1", Owners: []int64{1}}, true},
		"his process":             {processes, "process.update", policy.Object{Process: "p-02"}, true},
		"another process":         {processes, "process.update", policy.Object{Process: "P-03"}, false},
		"any process, not bound":  {everyProcess, "process.update", policy.Object{Process: "P-03"}, true},
		"a permission he has not": {head, "log.read", policy.Object{Department: 3}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := e.Permit(c.actor, c.ask, c.object, now)
			require.Equal(t, c.want, d.Allowed, d.Why)
		})
	}
}

func TestAGrantForOneObjectCountsWhenAskedAsSuch(t *testing.T) {
	e := engine(t)
	now := at(t, "Mon 10:00")
	a := policy.Actor{Member: 1, Active: true, Grants: []policy.Grant{{Permission: "doc.edit", Object: "D-0007"}}}
	require.True(t, e.Permit(a, "doc.edit", policy.Object{}, now).Allowed, "or he could not begin the command")
	require.True(t, e.Permit(a, "doc.edit", policy.Object{ID: "d-0007"}, now).Allowed)
	require.False(t, e.Permit(a, "doc.edit", policy.Object{ID: "D-0008"}, now).Allowed)
	require.Equal(t, policy.Reach{}, e.Reach(a, "doc.edit", now))
}

func TestReachOfReports(t *testing.T) {
	e := engine(t)
	now := at(t, "Mon 10:00")
	reach := func(held ...policy.Holding) policy.Reach {
		return e.Reach(policy.Actor{Member: 1, Active: true, Holdings: append([]policy.Holding{{Role: policy.Member}}, held...)}, policy.ResponseReport, now)
	}
	require.Equal(t, policy.Reach{Own: true}, reach(), "own rows for a member")
	require.Equal(t, policy.Reach{Own: true, Team: true}, reach(policy.Holding{Role: "team_leader"}), "the team's for its leader")
	require.Equal(t, policy.Reach{Own: true, Departments: []int64{3}}, reach(policy.Holding{Role: policy.DepartmentHead, Object: "3"}))
	require.Equal(t, policy.Reach{Own: true, Departments: []int64{2, 3}}, reach(policy.Holding{Role: policy.SupervisingLeader, Object: "2"}, policy.Holding{Role: policy.SupervisingLeader, Object: "3"}))
	require.True(t, reach(policy.Holding{Role: policy.Administrator}).All)
	suspended := policy.Actor{Member: 1, Active: true, Suspended: true, Holdings: []policy.Holding{{Role: policy.Member}, {Role: policy.Administrator}, {Role: policy.DepartmentHead, Object: "3"}}}
	require.Equal(t, policy.Reach{Own: true}, e.Reach(suspended, policy.ResponseReport, now))
	require.Equal(t, policy.Reach{}, e.Reach(policy.Actor{Member: 1}, policy.ResponseReport, now))
	granted := policy.Actor{Member: 1, Active: true, Grants: []policy.Grant{{Permission: policy.FinanceReport}}}
	require.True(t, e.Reach(granted, policy.FinanceReport, now).All)
}

// departments are the example company's departments, with a team below 销售部 and a
// loop that bad contacts may hold.
func departments() *policy.Org {
	return policy.NewOrg([]policy.Department{
		{ID: 1, Name: "规矩科技"}, {ID: 2, Parent: 1, Name: "行政部"}, {ID: 3, Parent: 1, Name: "销售部"}, {ID: 4, Parent: 1, Name: "市场部"},
		{ID: 5, Parent: 1, Name: "IT部"}, {ID: 8, Parent: 1, Name: "信息安全部门"}, {ID: 13, Parent: 1, Name: "总经理办公室"},
		{ID: 15, Parent: 1, Name: "生产一部"}, {ID: 31, Parent: 3, Name: "销售一组"}, {ID: 311, Parent: 31, Name: "大客户"},
		{ID: 90, Parent: 91, Name: "甲"}, {ID: 91, Parent: 90, Name: "乙"},
	}, nil, nil)
}

func texts(held []policy.Holding) []string {
	all := []string{}
	for _, h := range held {
		text := string(h.Role)
		if h.Object != "" {
			text += ":" + h.Object
		}
		all = append(all, text+" "+string(h.Source))
	}
	return all
}

func TestWhoIsEntitledToWhat(t *testing.T) {
	posts := func(r *policy.Rules) {
		r.Administrators = []string{"ChenLi"}
		r.Approval.Templates, r.Approval.Actors = nil, nil // they name posts of the guide
		r.Posts = policy.PostRules{
			"合同审批": {Roles: []string{"审批人员A:P-02"}}, "片区主管": {Roles: []string{"department_head"}},
		}
		r.Permission.Assign = append(r.Permission.Assign,
			policy.AssignRule{UserID: "gaozong", Role: "分管领导", Object: "销售部"},
			policy.AssignRule{UserID: "gaozong", Role: "supervising_leader", Object: "2"},
			policy.AssignRule{UserID: "gaozong", Role: "supervising_leader", Object: "没有的部门"},
			policy.AssignRule{Post: "行政部/用户权限管理", Role: "special_manager"},
			policy.AssignRule{Department: "销售部", Tag: "骨干", Role: "quality_controller"},
		)
	}
	e := engine(t, posts)
	for name, c := range map[string]struct {
		facts policy.Facts
		want  []string
	}{
		"nobody":                           {policy.Facts{}, []string{}},
		"销售部 is 销售团队":                      {policy.Facts{Departments: []int64{3}}, []string{"sales department"}},
		"so is what lies below":            {policy.Facts{Departments: []int64{311}}, []string{"sales department"}},
		"生产一部 is 其他员工":                     {policy.Facts{Departments: []int64{15}}, []string{}},
		"市场部 is 运营人员":                      {policy.Facts{Departments: []int64{4}}, []string{"operator department"}},
		"the first category counts":        {policy.Facts{Departments: []int64{4, 3}}, []string{"sales department"}},
		"技术支持部 by its other name":          {policy.Facts{Departments: []int64{5}}, []string{"tech_support department"}},
		"an unmapped name falls to nobody": {policy.Facts{Departments: []int64{2}}, []string{"administration department"}},
		"a loop of departments ends":       {policy.Facts{Departments: []int64{90}}, []string{}},
		"a department nobody knows":        {policy.Facts{Departments: []int64{777}}, []string{}},
		"a head, for his department":       {policy.Facts{Departments: []int64{3}, Heads: []int64{3, 31}}, []string{"sales department", "department_head:3 head", "department_head:31 head"}},
		"a head of 总经理办公室 is senior":       {policy.Facts{Departments: []int64{13}, Heads: []int64{13}}, []string{"department_head:13 head", "top_office department", "senior_manager head"}},
		"by position":                      {policy.Facts{Posts: []policy.PostFact{{Post: "流程管理员"}}}, []string{"process_administrator position"}},
		"by a post of one department":      {policy.Facts{Posts: []policy.PostFact{{Post: "用户权限管理", Department: 2}}}, []string{"special_manager position"}},
		"the same post elsewhere":          {policy.Facts{Posts: []policy.PostFact{{Post: "用户权限管理", Department: 3}}}, []string{}},
		"by the roles of a post":           {policy.Facts{Posts: []policy.PostFact{{Post: "合同审批"}}}, []string{"approver_a:P-02 position"}},
		"a post's department":              {policy.Facts{Posts: []policy.PostFact{{Post: "片区主管", Department: 31}}}, []string{"department_head:31 position"}},
		"by tag, whatever its width":       {policy.Facts{Tags: []string{" 审计人员"}}, []string{"auditor tag"}},
		"all conditions must hold":         {policy.Facts{Tags: []string{"骨干"}}, []string{}},
		"and do":                           {policy.Facts{Departments: []int64{3}, Tags: []string{"骨干"}}, []string{"sales department", "quality_controller tag"}},
		"each role once":                   {policy.Facts{Posts: []policy.PostFact{{Post: "审计人员"}}, Tags: []string{"审计人员"}}, []string{"auditor position"}},
		"the rulebook's administrator":     {policy.Facts{UserID: "chenli", Departments: []int64{3}}, []string{"administrator rulebook"}},
		"by userid":                        {policy.Facts{UserID: "gaozong"}, []string{"supervising_leader:3 rulebook", "supervising_leader:2 rulebook"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.ElementsMatch(t, c.want, texts(e.Entitled(c.facts, departments())))
		})
	}
	require.Empty(t, e.Entitled(policy.Facts{Departments: []int64{3}}, nil), "without the company nothing is known")
	require.Equal(t, []string{"platform_administrator category", "system_administrator category"}, texts(e.Implied(policy.Administrator)))
}

// F-13: existing {a,b,c}, new post {b,d} → 新增 {d}, 收回 {a,c}.
func TestF_13(t *testing.T) {
	add, remove := policy.Transfer([]policy.Permission{"a", "b", "c"}, []policy.Permission{"b", "d"})
	require.Equal(t, []policy.Permission{"d"}, add)
	require.Equal(t, []policy.Permission{"a", "c"}, remove)
	add, remove = policy.Transfer(nil, []policy.Permission{"b", "a", "b"})
	require.Equal(t, []policy.Permission{"a", "b"}, add)
	require.Empty(t, remove)
}

func TestPermissionsOfHoldings(t *testing.T) {
	e := engine(t)
	require.Equal(t, []policy.Permission{"approval.node.P-02.A.decide", "customer.edit", "customer.view", "order.follow", "sales.report"},
		e.Permissions([]policy.Holding{{Role: policy.ApproverA, Object: "P-02"}, {Role: policy.Sales}}))
	require.Equal(t, []policy.Role{policy.PlatformAdministrator, policy.Auditor, "special_manager"}, e.RolesWith(policy.LogRead))
	require.Equal(t, []policy.Role{policy.ApproverB}, e.RolesWith("approval.node.P-09.b.decide"))
}

// permission.sod, pair by pair (G1-4.2.1(四)).
func TestG1_4_2_1_4_SeparationOfDuties(t *testing.T) {
	e := engine(t)
	for name, c := range map[string]struct {
		held []policy.Holding
		want int
	}{
		"流程管理员 and approver of a process":   {[]policy.Holding{{Role: policy.ProcessAdministrator}, {Role: policy.ApproverA, Object: "P-02"}}, 1},
		"of the same process":               {[]policy.Holding{{Role: policy.ProcessAdministrator, Object: "p-02"}, {Role: policy.ApproverB, Object: "P-02"}}, 1},
		"of another process":                {[]policy.Holding{{Role: policy.ProcessAdministrator, Object: "P-03"}, {Role: policy.ApproverA, Object: "P-02"}}, 0},
		"审批人员A and B of one process":        {[]policy.Holding{{Role: policy.ApproverA, Object: "P-02"}, {Role: policy.ApproverB, Object: "P-02"}}, 1},
		"of two processes":                  {[]policy.Holding{{Role: policy.ApproverA, Object: "P-02"}, {Role: policy.ApproverB, Object: "P-03"}}, 0},
		"后台管理员 and 审计人员":                    {[]policy.Holding{{Role: policy.Auditor}, {Role: policy.PlatformAdministrator}}, 1},
		"applicant and decider of one case": {[]policy.Holding{{Role: policy.Applicant, Object: "A1"}, {Role: policy.Decider, Object: "A1"}}, 1},
		"of two cases":                      {[]policy.Holding{{Role: policy.Applicant, Object: "A1"}, {Role: policy.Decider, Object: "A2"}}, 0},
		"both approvals of one destruction": {[]policy.Holding{{Role: policy.DestroyHead, Object: "D1"}, {Role: policy.DestroySecurity, Object: "D1"}}, 1},
		"what goes together":                {[]policy.Holding{{Role: policy.Member}, {Role: policy.Sales}, {Role: policy.DepartmentHead, Object: "3"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.Len(t, e.Conflicts(c.held), c.want)
			slices.Reverse(c.held)
			require.Len(t, e.Conflicts(c.held), c.want, "in whatever order")
		})
	}
	found := e.Conflicts([]policy.Holding{{Role: policy.ProcessAdministrator}, {Role: policy.ApproverA, Object: "P-02"}})[0]
	require.Equal(t, []string{"流程管理员", "审批人员:same_process"}, found.Rule)
	duty, ok := policy.NodeDuty("approval.node.P-02.a.decide")
	require.True(t, ok)
	require.Equal(t, policy.Holding{Role: policy.ApproverA, Object: "P-02"}, duty)
	_, ok = policy.NodeDuty("log.read")
	require.False(t, ok)
}

func TestRolesAndPermissionsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range policy.Roles() {
		require.NotEmpty(t, r.Title)
		require.NotEmpty(t, r.Clause)
		require.NotEmpty(t, r.Kind)
		for _, word := range []string{string(r.Role), r.Title, " " + strings.ToUpper(string(r.Role))} {
			found, ok := policy.RoleNamed(word)
			require.True(t, ok, word)
			require.Equal(t, r, found)
		}
		require.False(t, seen[r.Title], r.Title)
		seen[r.Title] = true
		require.Contains(t, engine(t).Rules().Permission.Roles, string(r.Role), "the rulebook lists every role")
	}
	for _, p := range policy.Permissions() {
		for _, word := range []string{string(p.Code), p.Title, " " + p.Title} {
			found, ok := policy.PermissionNamed(word)
			require.True(t, ok, word)
			require.Equal(t, p, found)
		}
		require.False(t, seen[p.Title], p.Title)
		seen[p.Title] = true
	}
	node, ok := policy.PermissionNamed("approval.node.P-02.A.decide")
	require.True(t, ok)
	require.Equal(t, policy.Permission("approval.node.P-02.A.decide"), node.Code)
	require.True(t, node.Decides)
	for _, word := range []string{"", "log", "approval.node.P-02.decide", "approval.node..A.decide", "fly"} {
		_, ok := policy.PermissionNamed(word)
		require.False(t, ok, word)
	}
	own := engine(t, func(r *policy.Rules) { r.Permission.Roles["司机"] = []string{"equipment.state.view"} })
	driver, ok := own.RoleNamed("司机")
	require.True(t, ok, "a company may add roles")
	require.Equal(t, policy.Functional, driver.Kind)
}

func TestMistakesInAccessRules(t *testing.T) {
	rule := func(a policy.AssignRule) func(*policy.Rules) {
		return func(r *policy.Rules) { r.Permission.Assign = []policy.AssignRule{a} }
	}
	sod := func(pair ...string) func(*policy.Rules) {
		return func(r *policy.Rules) { r.Permission.SoD = [][]string{pair} }
	}
	roles := func(role string, list ...string) func(*policy.Rules) {
		return func(r *policy.Rules) { r.Permission.Roles[role] = list }
	}
	for name, c := range map[string]struct {
		edit func(*policy.Rules)
		want string
	}{
		"unknown role":        {rule(policy.AssignRule{Department: "销售部", Role: "leder"}), `permission.assign[0].role: unknown role "leder"; use a role of permission.roles or its Chinese name`},
		"the base":            {rule(policy.AssignRule{Department: "销售部", Role: "member"}), "permission.assign[0].role: member is held by everybody"},
		"no condition":        {rule(policy.AssignRule{Role: "hr"}), "permission.assign[0]: must have a condition: department, head, post, tag, userid or category"},
		"bound to nothing":    {rule(policy.AssignRule{Tag: "a", Role: "审批人员A"}), "permission.assign[0].object: must name the process the role approver_a is for"},
		"bound for nothing":   {rule(policy.AssignRule{Tag: "a", Role: "hr", Object: "x"}), "permission.assign[0].object: must be left out: the role hr is for no object"},
		"head of a process":   {rule(policy.AssignRule{Head: "*", Role: "approver_a"}), "permission.assign[0].object: must name the process the role approver_a is for"},
		"no category":         {rule(policy.AssignRule{Category: "hr", Role: "auditor"}), `permission.assign[0].category: must be a category such as administrator, not "hr"`},
		"category and more":   {rule(policy.AssignRule{Category: "管理员", Tag: "a", Role: "auditor"}), "permission.assign[0].category: must stand alone, without other conditions"},
		"category brings one": {rule(policy.AssignRule{Category: "管理员", Role: "sales"}), "permission.assign[0].role: one category cannot bring another"},
		"sod of three":        {sod("后台管理员", "审计人员", "质量控制"), "permission.sod[0]: must name two roles"},
		"sod of nobody":       {sod("后台管理员", "司机"), `permission.sod[0][1]: unknown role "司机"; use a role of permission.roles or its Chinese name`},
		"sod without a word":  {sod("后台管理员", ""), "permission.sod[0][1]: must not be empty"},
		"sod in what sense":   {sod("后台管理员", "审计人员:same_room"), `permission.sod[0][1]: must be one of same_process, same_case, same_destroy, not "same_room"`},
		"role by its title":   {roles("审计人员", "log.read"), "permission.roles.审计人员: must be written as auditor"},
		"a node of nothing":   {roles("auditor", "approval.node.<process>.A.decide"), "permission.roles.auditor[0]: only a role that is held for a process may have it, such as approver_a"},
		"no node":             {roles("approver_a", "approval.node.<process>.<node>.decide"), "permission.roles.approver_a[0]: must name the node, as in approval.node.<process>.A.decide"},
		"post's role": {func(r *policy.Rules) {
			r.Approval.Templates, r.Approval.Actors = nil, nil
			r.Posts = policy.PostRules{"销售经理": {Roles: []string{"leder"}}}
		}, `posts.销售经理.roles[0].role: unknown role "leder"; use a role of permission.roles or its Chinese name`},
	} {
		t.Run(name, func(t *testing.T) {
			rules := guide(t)
			c.edit(&rules)
			_, err := policy.Compile(rules)
			require.EqualError(t, err, c.want)
		})
	}
}

func BenchmarkPermitOfAnAdministrator(b *testing.B) {
	e := engine(b)
	a := policy.Actor{Member: 1, Active: true, Holdings: []policy.Holding{
		{Role: policy.Member}, {Role: policy.Administrator}, {Role: policy.PlatformAdministrator}, {Role: policy.SystemAdministrator},
	}}
	now := at(b, "Mon 10:00")
	for b.Loop() {
		e.Permit(a, policy.LogRead, policy.Object{}, now)
	}
}
