package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

// Member ids of the example company (0.6).
const (
	zhaoliu = iota + 1
	chenli
	shaojing
	linxiu
	hejing
	gaozong
	hanmei
	caiwuzhuli
)

func company(posts ...policy.PostHolders) *policy.Org {
	return policy.NewOrg([]policy.Department{
		{ID: 1, Name: "规矩科技"},
		{ID: 2, Parent: 1, Name: "行政部", Leaders: []int64{chenli}},
		{ID: 3, Parent: 1, Name: "销售部", Leaders: []int64{shaojing}},
		{ID: 5, Parent: 1, Name: "技术支持部", Leaders: []int64{linxiu}},
		{ID: 6, Parent: 1, Name: "人事部", Leaders: []int64{hanmei}},
		{ID: 7, Parent: 1, Name: "财务部", Leaders: []int64{hejing}},
		{ID: 8, Parent: 1, Name: "信息安全部"},
		{ID: 13, Parent: 1, Name: "总经理办公室", Leaders: []int64{gaozong}},
		{ID: 15, Parent: 3, Name: "一组"},
		{ID: 16, Parent: 5, Name: "一组"},
	}, posts, []int64{chenli})
}

func TestG1_4_2_1_TopicsAreTriedInOrder(t *testing.T) {
	e := engine(t)
	for text, want := range map[string]struct {
		word, department string
		matched          bool
	}{
		"企业微信登录不上":    {"登录", "技术支持部", true}, // AE1
		"怎么参加新员工培训":   {"培训", "人事部", true},   // AE2
		"报销发票抬头":      {"发票", "财务部", true},   // G1-2.2c AE1
		"报销系统登录不上":    {"登录", "技术支持部", true}, // the earlier topic wins
		"客户要开发票":      {"客户", "销售部", true},
		"食堂几点开":       {"", "行政部", false},
		"":            {"", "行政部", false},
		"平 台":         {"", "行政部", false},
		"新员工入职要带什么材料": {"入职", "人事部", true},
	} {
		d := e.Route(text)
		require.Equal(t, want.department, d.Department, text)
		require.Equal(t, want.word, d.Word, text)
		require.Equal(t, want.matched, d.Matched, text)
	}
	require.Equal(t, "route.topic_departments[5]", e.Route("报销发票抬头").Rule)
	golden(t, "route_topic.txt", e.Route("客户要开发票").Why.String())
	golden(t, "route_none.txt", e.Route("食堂几点开").Why.String())
}

func TestLatinTopicWordsStandAlone(t *testing.T) {
	e := engine(t, func(r *policy.Rules) {
		r.Route.Topics = []policy.TopicRule{{Words: policy.Words{"IT", "VPN"}, Department: "技术支持部"}}
	})
	for text, want := range map[string]bool{
		"it问题": true, "ＩＴ 问题": true, "write": false, "vpn连不上": true, "myvpn2": false, "问IT": true, "vpns, VPN": true,
	} {
		require.Equal(t, want, e.Route(text).Matched, text)
	}
}

func TestSignals(t *testing.T) {
	e := engine(t)
	for text, want := range map[string]policy.Class{
		"打印机故障":      policy.Important,
		"请马上处理":      policy.Important,
		"这件事不紧急":     policy.Normal,
		"非重要，有空看":    policy.Normal,
		"不紧急，但客户很紧急": policy.Important,
		"发票抬头":       policy.Normal,
	} {
		s := e.Signals(text)
		require.Equal(t, want, e.Class(s.Importance, s.Urgency).Class, text)
	}
	golden(t, "signals.txt", e.Signals("重要：打印机故障").Why.String())
}

func TestX28DepartmentNames(t *testing.T) {
	for name, c := range map[string]struct {
		edit     func(*policy.Rules)
		ask      string
		id       int64
		fallback bool
	}{
		"by its name":                  {nil, "销售部", 3, false},
		"an alias":                     {nil, "HR", 6, false},
		"an alias in small letters":    {nil, "hr", 6, false},
		"another alias":                {nil, "IT部", 5, false},
		"部门 for 部":                     {nil, "信息安全部门", 8, false},
		"not mapped falls to 行政部":      {nil, "流程管理部门", 2, true},
		"mapped":                       {func(r *policy.Rules) { r.Departments = map[string]int64{"流程管理部门": 3} }, "流程管理部门", 3, false},
		"an alias mapped apart":        {func(r *policy.Rules) { r.Departments = map[string]int64{"IT部": 3} }, "IT部", 3, false},
		"its sibling is not":           {func(r *policy.Rules) { r.Departments = map[string]int64{"IT部": 3} }, "技术部", 5, false},
		"mapped to what is not there":  {func(r *policy.Rules) { r.Departments = map[string]int64{"销售部": 99} }, "销售部", 3, false},
		"the mapping wins over a name": {func(r *policy.Rules) { r.Departments = map[string]int64{"销售部": 7} }, "销售部", 7, false},
		"of two the lower id":          {nil, "一组", 15, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine(t)
			if c.edit != nil {
				e = engine(t, c.edit)
			}
			d := e.ResolveDepartment(c.ask, company())
			require.True(t, d.Found)
			require.Equal(t, c.id, d.ID, d.Why)
			require.Equal(t, c.fallback, d.Fallback, d.Why)
		})
	}
}

func TestX28AliasesWorkBothWays(t *testing.T) {
	org := policy.NewOrg([]policy.Department{{ID: 4, Name: "IT部"}, {ID: 2, Name: "行政部"}}, nil, nil)
	require.Equal(t, int64(4), engine(t).ResolveDepartment("技术支持部", org).ID)
}

func TestDepartmentWithoutAnyFallback(t *testing.T) {
	e := engine(t)
	top := policy.NewOrg([]policy.Department{{ID: 13, Name: "总经理办公室"}}, nil, nil)
	require.Equal(t, int64(13), e.ResolveDepartment("销售部", top).ID)
	none := e.ResolveDepartment("销售部", policy.NewOrg(nil, nil, nil))
	require.False(t, none.Found)
	golden(t, "department_none.txt", none.Why.String())
	golden(t, "department_fallback.txt", e.ResolveDepartment("流程管理部门", company()).Why.String())
}

func TestAnswererClimbsUntilSomeoneOtherThanTheAsker(t *testing.T) {
	e := engine(t)
	post := policy.PostHolders{Post: "开票员", Department: 7, Members: []int64{caiwuzhuli}}
	for name, c := range map[string]struct {
		department, post string
		asker            int64
		want             []int64
	}{
		"the head":                         {"财务部", "", zhaoliu, []int64{hejing}},
		"the holder of the post":           {"财务部", "开票员", zhaoliu, []int64{caiwuzhuli}},
		"nobody holds the post":            {"销售部", "开票员", zhaoliu, []int64{shaojing}},
		"the holder asks himself":          {"财务部", "开票员", caiwuzhuli, []int64{hejing}},
		"the head asks his own department": {"财务部", "", hejing, []int64{gaozong}},
		"a department without a head":      {"信息安全部门", "", zhaoliu, []int64{gaozong}},
		"the top asks":                     {"总经理办公室", "", gaozong, []int64{chenli}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, e.Answerer(c.department, c.post, c.asker, company(post)).Members)
		})
	}
	lonely := policy.NewOrg([]policy.Department{{ID: 2, Name: "行政部", Leaders: []int64{chenli}}}, nil, []int64{chenli})
	require.Empty(t, e.Answerer("行政部", "", chenli, lonely).Members)
	golden(t, "answerer.txt", e.Answerer("财务部", "开票员", hejing, company()).Why.String())
}

func TestPostsNamedByTheRulebook(t *testing.T) {
	require.Equal(t, []string{"HR专员", "用户权限管理", "财务经理", "采购经理", "销售经理"}, engine(t).Posts(), "of G1-4.2.2(3), G1-4.2(3)3.1 and E2.S 2")
	e := engine(t, func(r *policy.Rules) {
		r.Route.Topics = []policy.TopicRule{
			{Words: policy.Words{"发票"}, Department: "财务部", Post: "开票员"},
			{Words: policy.Words{"车"}, Department: "行政部", Post: "司机"},
			{Words: policy.Words{"章"}, Department: "财务部", Post: "开票员"},
		}
	})
	require.Equal(t, []string{"HR专员", "司机", "开票员", "用户权限管理", "财务经理", "采购经理", "销售经理"}, e.Posts())
}
