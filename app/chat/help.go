package chat

import (
	"fmt"
	"slices"
	"strings"
)

// help is 帮助: what the asker may do, or how one command is written.
func (e *Engine) help() Command {
	return Command{
		Name: "帮助", Aliases: []string{"help", "?", "怎么用"}, Group: "常用", Permission: Everybody,
		Summary: "看全部命令，或一个命令的写法", Usage: "帮助 [命令]", Example: "帮助 取消",
		Args: []Arg{{Name: "命令", Kind: Text, Rest: true}},
		Run: func(c *Call) (Answer, error) {
			if name := c.Text("命令"); name != "" {
				return e.helpOn(c, name)
			}
			return e.helpAll(c)
		},
	}
}

// helpAll lists the commands the asker may use, by group in the order
// registered, 常用 last. What begins with another command's name, as 账号申请 新增
// does, is listed in the help on that one. It fits into one message: the longest
// groups are cut to the names of their commands as far as needed.
func (e *Engine) helpAll(c *Call) (Answer, error) {
	const common = "常用"
	var groups []string
	lines, names := map[string][]string{}, map[string][]string{}
	for _, cmd := range c.turn.v.commands {
		if cmd.Hidden || c.turn.v.parent(cmd) != nil {
			continue
		}
		err := c.turn.permitted(cmd)
		if _, denied := Wording(err); denied {
			continue
		}
		if err != nil {
			return Answer{}, err
		}
		if lines[cmd.Group] == nil && cmd.Group != common {
			groups = append(groups, cmd.Group)
		}
		lines[cmd.Group] = append(lines[cmd.Group], fmt.Sprintf("· %s：%s", cmd.Name, cmd.Summary))
		names[cmd.Group] = append(names[cmd.Group], cmd.Name)
	}
	const head = "您可以发这些命令："
	tail := "\n发 帮助 <命令> 看用途、写法和例子，例如：帮助 " + c.turn.firstVisible(lines)
	groups = append(groups, common)
	parts, room := make([]string, len(groups)), MaxMessage-len(head)-len(tail)
	for i, group := range groups {
		parts[i] = "\n" + group + "\n" + strings.Join(lines[group], "\n")
		room -= len(parts[i])
	}
	for cut := map[int]bool{}; room < 0 && len(cut) < len(groups); {
		longest := -1
		for i := range groups {
			if !cut[i] && (longest < 0 || len(parts[i]) > len(parts[longest])) {
				longest = i
			}
		}
		short := "\n" + groups[longest] + "\n· " + strings.Join(names[groups[longest]], "、")
		room += len(parts[longest]) - len(short)
		cut[longest], parts[longest] = true, short
	}
	return Answer{Text: head + strings.Join(parts, "") + tail}, nil
}

func (t *turn) firstVisible(lines map[string][]string) string {
	for _, entry := range t.e.o.Entries {
		if cmd := t.v.command(entry.serves()); cmd != nil && entry.Role == "" && slices.ContainsFunc(lines[cmd.Group], func(line string) bool {
			return strings.HasPrefix(line, "· "+cmd.Name+"：")
		}) {
			return cmd.Name
		}
	}
	return "取消"
}

// helpOn shows usage, arguments and example of one command.
func (e *Engine) helpOn(c *Call, name string) (Answer, error) {
	cmd, _ := c.turn.v.match(name)
	if cmd == nil || cmd.Hidden {
		if module := e.module(c.turn.v, name); module != "" {
			return Answer{}, ModuleOff{Module: module}
		}
		instead := "发 帮助 看全部命令"
		if near := c.turn.v.nearest(name); near != "" {
			instead = "帮助 " + near
		}
		return Answer{}, Refused{Reason: fmt.Sprintf("没有「%s」这个命令", clip(name, 20)), Instead: instead}
	}
	if err := c.turn.permitted(cmd); err != nil {
		return Answer{}, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s：%s\n写法：%s", cmd.Name, cmd.Summary, cmd.Usage)
	if len(cmd.Aliases) > 0 {
		b.WriteString("\n也可以写：" + strings.Join(cmd.Aliases, "、"))
	}
	for _, arg := range cmd.Args {
		fmt.Fprintf(&b, "\n· %s", describe(arg))
	}
	also, err := c.turn.extended(cmd)
	if err != nil {
		return Answer{}, err
	}
	if also != "" {
		b.WriteString("\n也用于：" + also)
	}
	b.WriteString("\n例子：" + cmd.Example)
	for _, below := range c.turn.v.commands {
		if below.Hidden || c.turn.v.parent(below) != cmd {
			continue
		}
		err := c.turn.permitted(below)
		if _, denied := Wording(err); denied {
			continue
		}
		if err != nil {
			return Answer{}, err
		}
		fmt.Fprintf(&b, "\n· %s：%s", below.Name, below.Summary)
	}
	return Answer{Text: b.String()}, nil
}

// describe is one line about an argument: "截止（可不写，日期和时间，写作 截止:…）".
func describe(arg Arg) string {
	kinds := [...]string{
		Text: "文字", Person: "同事的姓名或账号", Audience: "姓名、部门或 @全体", Number: "编号，可只写最后几位",
		Date: "日期", Time: "时间", DateTime: "日期和时间", Duration: "时长", Integer: "整数", Decimal: "数字", Choice: "", YesNo: "写上就是“是”",
		HalfDate: "日期，可带上午或下午", Period: "起止日期，可带上午或下午", Money: "金额，最多两位小数", Department: "部门名称",
		File: "直接发图片、视频、语音或文件", Photo: "直接发图片",
	}
	kind := kinds[arg.Kind]
	if arg.Kind == Choice {
		kind = strings.Join(arg.Choices, " / ")
	}
	switch {
	case arg.Many && arg.Kind == Person:
		kind += "，多位用、隔开"
	case arg.Many && arg.Kind.sent():
		kind += "，可发多个"
	case arg.Many:
		kind += "，可以几个，用、隔开"
	}
	need := "可不写"
	if arg.Required {
		need = "必填"
		if arg.Kind == Number && !arg.Any && !arg.Many {
			need = "只有一项时可不写"
		}
	}
	text := fmt.Sprintf("%s（%s；%s", arg.Name, need, kind)
	if arg.Keyed && arg.Kind != YesNo && !arg.Kind.sent() {
		text += "；写作 " + arg.Name + ":…"
	}
	if arg.Default != "" {
		text += "；不写就是 " + arg.Default
	}
	return text + "）"
}
