package approval

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// The bounds of what one report lists.
const (
	reportedProcesses = 20
	reportedNodes     = 10
)

// report is 报表 审批 (R-APPROVAL): F-04 and F-05 of the cases that ended in a
// period, by process and node. Who sees whose follows the permission.
func (a *Approvals) report(call *chat.Call) (chat.Answer, error) {
	ms, heading, err := a.reported(call, "审批报表", "", call.Text("期间"))
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	b.WriteString(heading)
	fmt.Fprintf(&b, "\n办结 %d 件，平均处理时长 %s，审批通过率 %s（%d/%d）", ms.all.cases, ms.all.meanText(), ms.all.rateText(), ms.all.passed, ms.all.decided)
	for i, key := range ms.most() {
		if i == reportedProcesses {
			fmt.Fprintf(&b, "\n……另有 %d 种", len(ms.processes)-i)
			break
		}
		m := ms.processes[key]
		fmt.Fprintf(&b, "\n【%s】%d 件，平均 %s，通过率 %s", a.titleOf(key), m.cases, m.meanText(), m.rateText())
		for j, name := range m.slowest() {
			if j == reportedNodes {
				break
			}
			node := m.nodes[name]
			fmt.Fprintf(&b, "\n· %s：%d 次，平均 %s，通过率 %s", name, node.cases, node.meanText(), node.rateText())
		}
	}
	b.WriteString(footnote(ms))
	return chat.Answer{Text: b.String()}, nil
}

// efficiency is 报表 流程效率 (R-PROC-EFF): the bottleneck of each process, which
// is the node with the largest share of the time, and nodes that are abnormal:
// slower on average than process.abnormal_factor times what they are allowed.
func (a *Approvals) efficiency(call *chat.Call) (chat.Answer, error) {
	said := strings.Fields(call.Text("流程和期间"))
	kind := ""
	if len(said) > 0 {
		if said[0] == "全部" {
			said = said[1:]
		} else if t, ok := a.rules().ApprovalTemplateNamed(said[0]); ok {
			kind, said = t.Key, said[1:]
		}
	}
	ms, heading, err := a.reported(call, "流程效率报告", kind, strings.Join(said, " "))
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	b.WriteString(heading)
	if len(ms.processes) == 0 {
		b.WriteString("\n没有办结的单据，平均处理时长：不适用，审批通过率：不适用")
	}
	for i, key := range ms.most() {
		if i == reportedProcesses {
			fmt.Fprintf(&b, "\n……另有 %d 种", len(ms.processes)-i)
			break
		}
		a.efficiencyOf(&b, key, ms.processes[key])
	}
	b.WriteString(footnote(ms))
	return chat.Answer{Text: b.String()}, nil
}

func (a *Approvals) efficiencyOf(b *strings.Builder, key string, m *measure) {
	fmt.Fprintf(b, "\n【%s】%d 件，平均 %s，通过率 %s", a.titleOf(key), m.cases, m.meanText(), m.rateText())
	if m.deviated > 0 {
		fmt.Fprintf(b, "，%d 件偏离了模板的路线", m.deviated)
	}
	var total float64
	for _, node := range m.nodes {
		total += node.working.Minutes()
	}
	for i, name := range m.slowest() {
		if i == reportedNodes {
			break
		}
		node := m.nodes[name]
		share := 0.0
		if total > 0 {
			share = node.working.Minutes() / total * 100
		}
		fmt.Fprintf(b, "\n· %s：平均 %s，占总时间 %.1f%%", name, node.meanText(), share)
		if i == 0 && total > 0 && len(m.nodes) > 1 {
			b.WriteString("，瓶颈")
		}
		if node.over > 0 {
			fmt.Fprintf(b, "，超过时限 %d 次", node.over)
		}
		if a.abnormal(key, name, node) {
			b.WriteString("，异常，请分析原因")
		}
	}
}

// abnormal says whether a node takes much longer than it is allowed.
func (a *Approvals) abnormal(key, name string, node *measure) bool {
	step := store.RequestStep{}
	if t, ok := a.rules().ApprovalTemplate(key); ok {
		for _, n := range t.Nodes {
			if n.Name == name && n.Limit != (policy.WorkSpan{}) {
				step.WorkLimit = n.Limit.String()
			}
		}
	}
	_, working, ok := node.mean()
	return ok && working.Hours() > a.rules().Rules().Process.AbnormalFactor*a.allowed(step).Hours()
}

// reported reads what a report is about, and words its heading.
func (a *Approvals) reported(call *chat.Call, title, kind, said string) (measures, string, error) {
	from, to, name, err := a.period(said, call.At)
	if err != nil {
		return measures{}, "", err
	}
	r := &call.Tx.Reader
	members, whose, err := a.people.Sees(r, call.Member, policy.ApprovalReport)
	if err != nil {
		return measures{}, "", err
	}
	ms, err := a.measured(r, from, to, members, kind)
	heading := "【" + title + "】" + name + "，" + strings.TrimSuffix(whose, "的")
	if kind != "" {
		heading += "，" + a.titleOf(kind)
	}
	return ms, heading, err
}

func footnote(ms measures) string {
	if ms.cut {
		return fmt.Sprintf("\n只统计了最先办结的 %d 件，请缩短期间。", reportCases)
	}
	return "\n只统计期间内办结的单据，撤回的不计。"
}

// titleOf is what members call a process.
func (a *Approvals) titleOf(key string) string { return a.requests.Title(key) }
