package approval

import (
	"fmt"
	"regexp"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
)

// monitoredNodes bounds the lines of 流程 监控.
const monitoredNodes = 30

var caseNumber = regexp.MustCompile(`^[Aa]\d{8}-\d{4,}$`)

// monitor is 流程 监控 (G2-4.4(3)): where running cases of a process, or of all,
// wait now; with a number, where that case waits.
func (a *Approvals) monitor(call *chat.Call) (chat.Answer, error) {
	said := strings.TrimSpace(call.Text("编号或模板"))
	if caseNumber.MatchString(said) {
		return a.monitorCase(call, strings.ToUpper(said))
	}
	seesAll, err := a.seesAll(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if !seesAll {
		return chat.Answer{}, chat.Refused{
			Reason: "全部单据的监控只对流程管理员和管理层开放", Clause: "G2-4.4(3)", Instead: "流程 监控 <您的编号>，或 审批 看您提交的申请",
			Denied: chat.NoPermission{Permission: string(policy.ProcessStatus), Object: said},
		}
	}
	key, title := "", "全部流程"
	if said != "" && said != "全部" {
		t, ok := a.rules().ApprovalTemplateNamed(said)
		if !ok {
			return chat.Answer{}, chat.NotFound{Number: chat.OneLine(said, 30)}
		}
		key, title = t.Key, t.Title
	}
	loads, err := call.Tx.NodeLoads(key, monitoredNodes+1)
	if err != nil {
		return chat.Answer{}, err
	}
	return chat.Answer{Text: a.loadText(title, loads)}, nil
}

// seesAll says whether the caller may look at everybody's cases, not only at
// his own: whoever watches processes, or reads their report for the company.
func (a *Approvals) seesAll(call *chat.Call) (bool, error) {
	r := &call.Tx.Reader
	actor, err := a.people.Actor(r, call.Member)
	if err != nil {
		return false, err
	}
	for _, permission := range []policy.Permission{policy.ProcessStatus, policy.ApprovalReport} {
		if a.rules().Reach(actor, permission, r.Now()).All {
			return true, nil
		}
	}
	return false, nil
}

func (a *Approvals) loadText(title string, loads []store.NodeLoad) string {
	if len(loads) == 0 {
		return "【流程监控】" + title + "：现在没有在办的单据。"
	}
	var b strings.Builder
	open, overdue := 0, 0
	shown := loads[:min(len(loads), monitoredNodes)]
	process := ""
	for _, n := range shown {
		open, overdue = open+n.Open, overdue+n.Overdue
		if n.Kind != process {
			process = n.Kind
			fmt.Fprintf(&b, "\n【%s】", a.titleOf(n.Kind))
		}
		fmt.Fprintf(&b, "\n· %s：在办 %d 件，超时 %d 件，最早 %s（%s 起）", n.Node, n.Open, n.Overdue, n.Oldest, a.when(n.Since))
	}
	if len(loads) > monitoredNodes {
		fmt.Fprintf(&b, "\n……只列出 %d 个节点，可按模板查看：流程 监控 <模板>", monitoredNodes)
	}
	return fmt.Sprintf("【流程监控】%s：在办 %d 件，超时 %d 件", title, open, overdue) + b.String()
}

// monitorCase tells where one case waits, to whoever may see it.
func (a *Approvals) monitorCase(call *chat.Call, number string) (chat.Answer, error) {
	v, err := a.requests.View(call, number)
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "【流程监控】%s %s（%s）", v.Request.Number, v.Request.Title, v.State)
	for _, s := range v.Steps {
		if s.Step.Round == v.Request.Round {
			b.WriteString("\n" + a.monitorStep(s))
		}
	}
	return chat.Answer{Text: b.String()}, nil
}

// monitorStep is one step of a case: 2. HR：处理中，由郑十六处理，3月2日 10:00 起.
func (a *Approvals) monitorStep(s request.StepView) string {
	line := fmt.Sprintf("· %s：%s", s.Step.Name, s.State)
	if s.Step.State != store.StepCurrent {
		return line
	}
	var who []string
	for _, voter := range s.Voters {
		if voter.State == store.DeciderOpen {
			who = append(who, voter.Member.Name)
		}
	}
	if len(who) > 0 {
		line += "，由" + strings.Join(who, "、") + "处理"
	}
	if s.Step.EnteredAt != nil {
		line += "，" + a.when(*s.Step.EnteredAt) + " 起"
	}
	if s.Due != "" {
		line += "，时限 " + s.Due
	}
	return line
}
