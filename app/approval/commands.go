package approval

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
)

// Commands are those that are always there, in the order of the help; each
// process of the rulebook adds one.
func (a *Approvals) Commands() []chat.Command {
	return []chat.Command{
		{
			Name: startName, Group: "审批", Permission: string(policy.ApprovalApply),
			Summary: "查看可以提交的申请，或打开一种", Usage: startName + " [模板]", Example: startName,
			Args: []chat.Arg{{Name: "模板", Kind: chat.Text, Rest: true}}, Run: a.start,
		},
		{
			Name: "模板", Group: "审批", Permission: chat.Everybody,
			Summary: "查看请假、报销、会议等消息模板", Usage: "模板 [名称]", Example: "模板 请假",
			Args: []chat.Arg{{Name: "名称", Kind: chat.Text, Rest: true}}, Run: a.templates,
		},
		{
			Name: "流程 监控", Aliases: []string{"流程监控"}, Group: "查询", Permission: string(policy.ProcessStatus),
			Summary: "查看在办的单据停在哪里", Usage: "流程 监控 [编号或模板]", Example: "流程 监控 请假",
			Args: []chat.Arg{{Name: "编号或模板", Kind: chat.Text, Rest: true}}, Run: a.monitor,
		},
		{
			Name: "报表 审批", Aliases: []string{"审批报表"}, Group: "查询", Permission: string(policy.ApprovalReport),
			Summary: "各类审批的时长和通过率", Usage: "报表 审批 [期间]", Example: "报表 审批 2026-03",
			Args: []chat.Arg{{Name: "期间", Kind: chat.Text, Rest: true}}, Run: a.report,
		},
		{
			Name: "报表 流程效率", Aliases: []string{"流程效率"}, Group: "查询", Permission: string(policy.ApprovalReport),
			Summary: "各流程的瓶颈和异常节点", Usage: "报表 流程效率 [流程] [期间]", Example: "报表 流程效率 全部 上月",
			Args: []chat.Arg{{Name: "流程和期间", Kind: chat.Text, Rest: true}}, Run: a.efficiency,
		},
	}
}

// templates is 模板: the standard messages of the company (G1-1b, G1-2.1(1)b).
func (a *Approvals) templates(call *chat.Call) (chat.Answer, error) {
	forms, err := a.Startable(&call.Tx.Reader, call.Member)
	if err != nil {
		return chat.Answer{}, err
	}
	messages := a.rules().Rules().Templates.Messages
	said := strings.TrimSpace(call.Text("名称"))
	if said != "" {
		for _, t := range forms {
			if called(t, said) {
				return chat.Answer{Text: a.templateText(t)}, nil
			}
		}
		if text, ok := messages[said]; ok {
			return chat.Answer{Text: "【" + said + "】\n" + text + "\n复制后填好方括号里的内容再发送。"}, nil
		}
		return chat.Answer{}, chat.NotFound{Number: "模板 " + chat.OneLine(said, 20)}
	}
	var b strings.Builder
	b.WriteString("标准模板：")
	for _, t := range forms {
		fmt.Fprintf(&b, "\n· %s：发送 %s", formName(t), commandOf(t))
	}
	for _, name := range slices.Sorted(maps.Keys(messages)) {
		fmt.Fprintf(&b, "\n· %s：发送 模板 %s 查看文字", name, name)
	}
	return chat.Answer{Text: b.String()}, nil
}

// formName is what the guide calls a form: 报销申请.
func formName(t *policy.ApprovalTemplate) string {
	for _, end := range []string{"申请", "审批", "审核"} {
		if strings.HasSuffix(t.Title, end) {
			return t.Title
		}
	}
	return t.Title + "申请"
}

// called says whether somebody means a form by a word.
func called(t *policy.ApprovalTemplate, said string) bool {
	return slices.Contains(append([]string{t.Key, t.Title, t.Command, formName(t)}, t.Aliases...), said)
}

// templateText is one form as a template: how it is sent, and its texts.
func (a *Approvals) templateText(t *policy.ApprovalTemplate) string {
	var b strings.Builder
	args := a.args(t)
	fmt.Fprintf(&b, "【%s】\n写法：%s\n例子：%s", formName(t), usage(commandOf(t), args), example(commandOf(t), args))
	for _, scene := range []struct{ key, title string }{{sceneAsked, "提交"}, {sceneDecided, "审批"}, {sceneApproved, "通知同事"}} {
		if text := t.Texts[scene.key]; text != "" {
			b.WriteString("\n" + scene.title + "：" + text)
		}
	}
	return b.String()
}
