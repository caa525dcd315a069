package rulebook

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"guiju/app/policy"
)

// Finding is something in a valid rulebook that will surprise the company. It
// never stops the program: every gap has a fallback.
type Finding struct {
	Path   string
	Text   string // what is so
	Remedy string // what to do
	Hint   bool   // worth knowing, no mistake: not every company has every post of the guide
}

func (f Finding) String() string { return f.Path + "：" + f.Text + "。" + f.Remedy }

// Check looks for such things at the instant now. Org may be nil when WeCom has
// not been asked; then only the rulebook itself is judged.
func Check(b *Book, org *policy.Org, now time.Time) []Finding {
	var found []Finding
	add := func(path, text, remedy string) {
		found = append(found, Finding{Path: path, Text: text, Remedy: remedy})
	}
	hint := func(path, text, remedy string) {
		found = append(found, Finding{Path: path, Text: text, Remedy: remedy, Hint: true})
	}
	r := &b.Rules

	if len(r.Administrators) == 0 {
		add("administrators", "还没有管理员，故障和无人处理的事项无人接收", "请填入至少一位管理员的企业微信账号，如 [zhangsan]")
	}
	if n := len(r.Administrators); n > r.Account.MaxAdmins {
		add("administrators", fmt.Sprintf("有 %d 位管理员，超过 account.max_admins 的 %d 位", n, r.Account.MaxAdmins), "请减少管理员")
	}
	checkHolidays(b, now, add)
	checkResponse(b, now, add)
	checkTopics(r, add)
	checkNodes(r, add)
	checkApprovals(b, org, add, hint)
	if org == nil {
		checkMapping(r, add)
	} else {
		checkOrg(b, org, add, hint)
	}
	return found
}

// checkHolidays warns of next year from November on: that is when the State
// Council announces its holidays, and before nobody could do anything.
func checkHolidays(b *Book, now time.Time, add func(path, text, remedy string)) {
	local := now.In(b.Engine.Calendar().Location())
	for _, year := range b.Engine.Calendar().MissingYears(now) {
		if year > local.Year() && local.Month() < time.November {
			continue
		}
		add("calendar.holidays", fmt.Sprintf("没有 %d 年的法定节假日数据，当年节假日会按普通工作日计时", year),
			fmt.Sprintf("请升级程序，或写成 [cn, %d-01-01, …] 并在 calendar.makeup_workdays 填入补班日", year))
	}
}

func checkResponse(b *Book, now time.Time, add func(path, text, remedy string)) {
	const remedy = "请调小，使提醒早于到期"
	opening := b.Engine.Calendar().NextWorkday(now)
	if b.Engine.Due(policy.Important, opening).RemindAt.IsZero() {
		add("response.important_remind_minutes", "提醒不早于到期，重要事项不会有提醒", remedy)
	}
	if b.Engine.Due(policy.Normal, opening).RemindAt.IsZero() {
		add("response.normal_remind_before_hours", "提醒不晚于起算，普通事项不会有提醒", remedy)
	}
	if at := b.Engine.NextAllowed(policy.Normal, opening).At; !at.Equal(opening) {
		add("notify.quiet_hours", "免打扰时段盖住了上班时间", "请改短，或写成 \"\" 表示没有")
	}
}

// checkTopics finds words that can never match because an earlier one always does.
func checkTopics(r *policy.Rules, add func(path, text, remedy string)) {
	type earlier struct{ word, path string }
	var before []earlier
	for i, topic := range r.Route.Topics {
		for j, word := range topic.Words {
			path := fmt.Sprintf("route.topic_departments[%d].words[%d]", i, j)
			for _, e := range before {
				if strings.Contains(strings.ToLower(word), strings.ToLower(e.word)) {
					add(path, fmt.Sprintf("“%s”不会被匹配：前面的“%s”（%s）总是先匹配", word, e.word, e.path), "请把它移到前面，或删去")
					break
				}
			}
			before = append(before, earlier{word, path})
		}
	}
}

// checkNodes finds nodes that two posts have (G1-4.2.2(3)).
func checkNodes(r *policy.Rules, add func(path, text, remedy string)) {
	owner := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(r.Posts)) {
		for i, node := range r.Posts[name].Nodes {
			if other, taken := owner[node]; taken {
				add(fmt.Sprintf("posts.%s.nodes[%d]", name, i), fmt.Sprintf("节点“%s”同时属于岗位“%s”", node, other), "请只留在一个岗位下，避免职责重叠")
				continue
			}
			owner[node] = name
		}
	}
}

// checkMapping judges departments by the rulebook alone.
func checkMapping(r *policy.Rules, add func(path, text, remedy string)) {
	var missing []string
	for _, name := range r.DepartmentsNeeded {
		if _, ok := r.Departments[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		add("departments", "未指定部门编号："+strings.Join(missing, "、")+"；将按名称在通讯录中查找",
			fmt.Sprintf("名称与通讯录一致时无须处理，否则请填入企业微信的部门编号，如 %s: 12", missing[0]))
	}
}

// checkOrg judges departments and posts by the company as it is.
func checkOrg(b *Book, org *policy.Org, add, hint func(path, text, remedy string)) {
	for _, name := range b.Rules.DepartmentsNeeded {
		d := b.Engine.ResolveDepartment(name, org)
		switch {
		case !d.Found:
			add("departments."+name, "通讯录里没有这个部门，也没有可以代替的部门", "请填入企业微信的部门编号，并检查应用的可见范围")
		case d.Fallback:
			add("departments."+name, "通讯录里没有这个部门，事项将转给"+d.Name, "请填入企业微信的部门编号")
		default:
			if dept, _ := org.Department(d.ID); len(dept.Leaders) == 0 {
				add("departments."+name, "部门"+d.Name+"没有部门主管", "请在企业微信管理后台为它设置部门负责人")
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Rules.Posts)) {
		post := b.Rules.Posts[name]
		if post.Department != "" {
			if d := b.Engine.ResolveDepartment(post.Department, org); d.Fallback || !d.Found {
				add("posts."+name+".department", "通讯录里没有"+post.Department, "请改成已有的部门，或在 departments 中指定编号")
			}
		}
		if len(org.HoldersAnywhere(name)) == 0 {
			hint("posts."+name, "没有人担任“"+name+"”，有关事项将由部门主管处理", "请在企业微信中把成员的职务设为"+name+"，或在 holders 里填写账号")
		}
	}
	for i, topic := range b.Rules.Route.Topics {
		path := fmt.Sprintf("route.topic_departments[%d]", i)
		if d := b.Engine.ResolveDepartment(topic.Department, org); d.Fallback || !d.Found {
			add(path+".department", "通讯录里没有"+topic.Department, "请改成已有的部门，或在 departments 中指定编号")
		} else if topic.Post != "" && len(org.Holders(topic.Post, d.ID)) == 0 {
			add(path+".post", d.Name+"没有人担任“"+topic.Post+"”，将由部门主管答复", "请核对成员的职务，或删去 post")
		}
	}
}
