package sandbox

import (
	"fmt"
	"slices"
)

// ExampleCompany is the company of guide.md 0.6 with the fifteen people of
// G1-4.2(3). Department ids, userids, heads and superiors are as written there;
// positions not named there are ours. 伊外 stands in the root department, since a
// WeCom member needs one.
func ExampleCompany() *Company {
	c := &Company{Departments: map[int]*Department{}, Members: map[string]*Member{}, Tags: map[int]*Tag{}}
	names := []string{"规矩科技", "行政部", "销售部", "市场部", "技术支持部", "人事部", "财务部", "信息安全部门",
		"流程管理部门", "项目管理部门", "信息管理部门", "设备管理部门", "总经理办公室", "研发部", "生产一部"}
	for i, name := range names {
		parent := 1
		if i == 0 {
			parent = 0
		}
		c.Departments[i+1] = &Department{ID: i + 1, Name: name, ParentID: parent, Order: int64(len(names)-i) * 1000}
	}
	const boss = "gaozong"
	people := []struct {
		id, name, position string
		dept               int
		head               bool
		leader             string // empty: the department's head; a head's is 高总
	}{
		{"chenli", "陈立", "行政部主管", 2, true, ""},
		{"zhangsan", "张三", "平台管理员", 2, false, ""},
		{"lisi", "李四", "数据管理员", 2, false, ""},
		{"wangwu", "王五", "权限管理员", 2, false, ""},
		{"shaojing", "邵静", "销售经理", 3, true, ""},
		{"weiwei", "魏伟", "团队负责人", 3, false, ""},
		{"zhaoliu", "赵六", "销售专员", 3, false, "weiwei"},
		{"sunqi", "孙七", "销售专员", 3, false, ""},
		{"zhouba", "周八", "销售专员", 3, false, ""},
		{"shenyue", "沈悦", "市场部主管", 4, true, ""},
		{"wujiu", "吴九", "营销策划", 4, false, ""},
		{"zhengshi", "郑十", "推广专员", 4, false, ""},
		{"qianshiyi", "钱十一", "数据分析员", 4, false, ""},
		{"linxiu", "林秀", "技术支持部主管", 5, true, ""},
		{"sunshier", "孙十二", "技术支持工程师", 5, false, ""},
		{"lishisan", "李十三", "培训资料工程师", 5, false, ""},
		{"zhoushisi", "周十四", "运维工程师", 5, false, ""},
		{"hanmei", "韩梅", "人事部主管", 6, true, ""},
		{"wushiwu", "吴十五", "培训专员", 6, false, ""},
		{"zhengshiliu", "郑十六", "人事专员", 6, false, ""},
		{"qianshiqi", "钱十七", "人事专员", 6, false, ""},
		{"hejing", "何静", "财务经理", 7, true, ""},
		{"fangan", "方安", "信息安全负责人", 8, true, ""},
		{"tangliu", "唐流", "流程管理员", 9, true, ""},
		{"panmeng", "潘梦", "项目管理负责人", 10, true, ""},
		{"jiangxin", "蒋新", "信息管理员", 11, true, ""},
		{"mashe", "马设", "设备管理负责人", 12, true, ""},
		{boss, "高总", "总经理", 13, true, ""},
		{"luoyan", "罗岩", "研发部主管", 14, true, ""},
		{"denggong", "邓工", "研发工程师", 14, false, ""},
		{"caochan", "曹产", "生产一部主管", 15, true, ""},
		{"jiangyi", "江一", "生产操作员", 15, false, ""},
		{"ext_a", "伊外", "外部合作方", 1, false, ""},
	}
	heads := map[int]string{}
	for _, p := range people {
		if p.head {
			heads[p.dept] = p.id
		}
	}
	for i, p := range people {
		m := &Member{
			UserID: p.id, Name: p.name, Position: p.position, Status: statusActive,
			Departments: []int{p.dept}, Order: []int64{0}, IsLeader: []int{0}, MainDepartment: p.dept,
			DirectLeader: []string{}, Mobile: fmt.Sprintf("1380000%04d", i+1), BizMail: p.id + "@example.cn",
		}
		leader := p.leader
		switch {
		case p.head:
			m.IsLeader[0] = 1
			leader = boss
		case leader == "":
			leader = heads[p.dept]
		}
		if leader != "" && leader != p.id {
			m.DirectLeader = []string{leader}
		}
		c.Members[fold(p.id)] = m
	}
	c.Tags[1] = &Tag{ID: 1, Name: "部门主管", Users: headsOf(c)}
	return c
}

func headsOf(c *Company) []string {
	var out []string
	for _, m := range c.members() {
		if slices.Contains(m.IsLeader, 1) {
			out = append(out, m.UserID)
		}
	}
	return out
}
