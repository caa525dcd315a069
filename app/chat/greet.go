package chat

import (
	"fmt"
	"strings"
	"time"

	"guiju/store"
)

// Entry is one way into the product, shown in the menu.
type Entry struct {
	Name    string // what members call it: "发通知"
	Summary string
	Command string // the command or alias that serves it; "": Name
	Role    string // the role it is for (see Options.Holds); "": everybody
	Title   string // of that role, shown before its entries
}

// serves is the name of the command behind the entry.
func (e Entry) serves() string {
	if e.Command != "" {
		return e.Command
	}
	return e.Name
}

// DefaultEntries is the entry menu of guide G1-2a, and what G1-4.2.1(三) adds
// for everybody and for each category of members.
func DefaultEntries() []Entry {
	list := []Entry{
		{Name: "发通知", Summary: "通知同事、部门或全体"},
		{Name: "审批", Summary: "提交和处理申请"},
		{Name: "任务", Summary: "布置和跟踪工作"},
		{Name: "反馈", Summary: "提意见和建议"},
		{Name: "报障", Summary: "设备、系统出了问题"},
		{Name: todoName, Summary: "看什么在等您"},
	}
	for _, category := range []struct {
		role, title string
		entries     []Entry
	}{
		{"administrator", "管理员", []Entry{
			{Name: "通讯录", Summary: "成员和部门的变动"}, {Name: "权限", Summary: "看一项权限在谁手里", Command: "谁有"}, {Name: "监控", Summary: "看应用的状态", Command: "应用配置"},
		}},
		{"operator", "运营人员", []Entry{
			{Name: "发布", Summary: "发布内容"}, {Name: "活动", Summary: "组织活动"}, {Name: "数据", Summary: "看运营数据"},
		}},
		{"service_agent", "客服人员", []Entry{
			{Name: "工单", Summary: "处理工单"}, {Name: "投诉", Summary: "处理投诉"}, {Name: "客户", Summary: "看客户资料"},
		}},
		{"sales", "销售团队", []Entry{
			{Name: "客户", Summary: "看和改客户资料"}, {Name: "跟进", Summary: "记录跟进"}, {Name: "订单", Summary: "看订单进度"},
		}},
	} {
		for _, e := range category.entries {
			e.Role, e.Title = category.role, category.title
			list = append(list, e)
		}
	}
	return list
}

// DefaultModules are the first words of commands of systems that come later
// (guide E2, S04 to S19), and what each system is called.
func DefaultModules() map[string]string {
	list := map[string]string{
		"审批": "请假 报销", // when the company has switched its form off
		"任务": "任务 协作",
		"权限": "权限",
		"发布": "发布 公告 渠道 时长 更正 活动 数据",
		"群组": "群 建群 会议 会议纪要 话题",
		"评估": "评估 指标 抽查",
		"流程": "流程 流程变更",
		"文档": "文档 归档",
		"设备": "设备",
		"反馈": "反馈 问题",
		"知识": "知识",
		"培训": "培训 考核",
		"故障": "报障 故障 报修",
		"工单": "工单 投诉",
		"客户": "客户 跟进 订单",
		"审计": "审计 日志",
		"规范": "规范 例外申请",
	}
	modules := map[string]string{}
	for module, first := range list {
		for _, word := range strings.Fields(first) {
			modules[word] = module
		}
	}
	return modules
}

// Todo counts the open work of a member.
type Todo interface {
	// Waiting is how many items wait for the member.
	Waiting(r *store.Reader, member int64) (int, error)
}

// menu is 菜单.
func (e *Engine) menu() Command {
	return Command{
		Name: "菜单", Aliases: []string{"menu"}, Group: "常用", Permission: Everybody,
		Summary: "看从哪里开始", Usage: "菜单", Example: "菜单",
		Run: func(c *Call) (Answer, error) { return e.entryMenu(c.turn) },
	}
}

// entryMenu names every entry of the guide and promises only those that work.
func (e *Engine) entryMenu(t *turn) (Answer, error) {
	names := map[string][]string{} // by the role's title
	var titles, off, ways []string
	for _, entry := range e.o.Entries {
		if entry.Role != "" {
			if e.o.Holds == nil {
				continue
			}
			his, err := e.o.Holds(t.call(nil, t.source), entry.Role)
			if err != nil {
				return Answer{}, fmt.Errorf("role %s: %w", entry.Role, err)
			}
			if !his {
				continue
			}
		}
		if names[entry.Title] == nil {
			titles = append(titles, entry.Title)
		}
		names[entry.Title] = append(names[entry.Title], entry.Name)
		cmd := t.v.command(entry.serves())
		if cmd == nil {
			off = append(off, entry.Name)
			continue
		}
		err := t.permitted(cmd)
		if _, denied := Wording(err); denied {
			continue
		}
		if err != nil {
			return Answer{}, err
		}
		ways = append(ways, fmt.Sprintf("· %s：%s，例如 %s", entry.Name, entry.Summary, cmd.Example))
	}
	text := "您可以从这里开始：" + strings.Join(names[""], " / ")
	for _, title := range titles {
		if title != "" {
			text += "\n" + title + "的入口：" + strings.Join(names[title], " / ")
		}
	}
	if len(ways) > 0 {
		text += "\n" + strings.Join(ways, "\n")
	}
	if ask := t.v.command("咨询"); ask != nil {
		text += "\n· 不知道该找谁：" + ask.Summary + "，例如 " + ask.Example
	}
	if len(off) > 0 {
		text += "\n其中 " + strings.Join(off, "、") + " 还没有启用。"
	}
	text += "\n发 帮助 看全部命令。"
	return Answer{Text: text}, nil
}

// Enter greets a member who opened the app: the first time with the guide in
// three steps, later at most once a day and only if something is open (guide
// G2-4.5(2)). Otherwise it says nothing.
func (e *Engine) Enter(tx *store.Tx, from From) (Answer, error) {
	return e.turn(tx, from, FromMenu, func(t *turn) (Answer, error) {
		t.notes = nil // an expired form is no news to somebody who only looks in
		if t.conv.GreetedAt == nil {
			t.greet()
			return e.firstSteps(t)
		}
		if e.o.Todo == nil || sameDay(*t.conv.GreetedAt, from.At, e.o.Location) {
			return Answer{}, nil
		}
		waiting, err := e.o.Todo.Waiting(&tx.Reader, from.Member.ID)
		if err != nil {
			return Answer{}, fmt.Errorf("count open work of member %d: %w", from.Member.ID, err)
		}
		if waiting == 0 {
			return Answer{}, nil
		}
		t.greet()
		text := fmt.Sprintf("%s，您好。有 %d 项事情等您处理", from.Member.Name, waiting)
		answer := Answer{Text: text + "。"}
		if cmd := t.v.command(todoName); cmd != nil {
			answer.Text = text + "，发 " + cmd.Name + " 查看。"
		}
		return answer, nil
	})
}

const todoName = "我的待办"

func (t *turn) greet() {
	at := t.from.At
	t.conv.GreetedAt, t.greeted = &at, true
}

// firstSteps is the guide for newcomers in three steps; it names only what
// exists and what the member may do.
func (e *Engine) firstSteps(t *turn) (Answer, error) {
	steps := []struct{ command, text string }{
		{"咨询", "有问题就问：发 咨询 和您的问题，例如 "},
		{"发通知", "要告诉同事：发 发通知、对象和内容，例如 "},
		{todoName, "看什么在等您：发 "},
	}
	var lines []string
	for _, step := range steps {
		cmd := t.v.command(step.command)
		if cmd == nil {
			continue
		}
		err := t.permitted(cmd)
		if _, denied := Wording(err); denied {
			continue
		}
		if err != nil {
			return Answer{}, err
		}
		lines = append(lines, fmt.Sprintf("%d. %s%s", len(lines)+1, step.text, cmd.Example))
	}
	hello := fmt.Sprintf("%s，您好！这里是公司的工作助手", t.from.Member.Name)
	if len(lines) == len(steps) {
		hello += "，三步就会用：\n" + strings.Join(lines, "\n")
	} else if len(lines) > 0 {
		hello += "：\n" + strings.Join(lines, "\n")
	} else {
		hello += "。"
	}
	return Answer{Text: hello + "\n随时发 帮助 看全部命令。"}, nil
}

func sameDay(a, b time.Time, zone *time.Location) bool {
	return a.In(zone).Format(time.DateOnly) == b.In(zone).Format(time.DateOnly)
}
