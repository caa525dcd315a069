package approval

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
)

// Startable are the processes a member may start now, in the order of the
// rulebook, without those whose domain has a command and a form of its own.
func (a *Approvals) Startable(r *store.Reader, m store.Member) ([]*policy.ApprovalTemplate, error) {
	var all []*policy.ApprovalTemplate
	applicant, err := a.requests.Applicant(r, m)
	if err != nil {
		return nil, err
	}
	for _, known := range a.rules().ApprovalTemplates() {
		if known.Own || known.Off {
			continue
		}
		t, err := a.requests.TemplateFor(r, known.Key, applicant)
		if _, worded := chat.Wording(err); worded {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, t.ApprovalTemplate)
	}
	return all, nil
}

// Template answers the version of a process that a new case of a member begins
// with. Whoever may not start it gets an error of package chat.
func (a *Approvals) Template(r *store.Reader, m store.Member, key string) (*policy.ApprovalTemplate, error) {
	t, err := a.template(r, m, key)
	return t.ApprovalTemplate, err
}

func (a *Approvals) template(r *store.Reader, m store.Member, key string) (request.Template, error) {
	t, err := a.requests.Template(r, key, m)
	if err == nil && t.Own {
		return request.Template{}, chat.Refused{Reason: "「" + t.Title + "」有自己的命令", Instead: commandOf(t.ApprovalTemplate)}
	}
	return t, err
}

// commandOf is what opens a process in the chat: 请假, or 申请 采购.
func commandOf(t *policy.ApprovalTemplate) string {
	if t.Command != "" {
		return t.Command
	}
	return startName + " " + t.Title
}

// startName is the command that lists what may be started.
const startName = "申请"

// start is 申请 without a template that has a command: what the member may
// start, or what he may have meant.
func (a *Approvals) start(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	if said := strings.TrimSpace(call.Text("模板")); said != "" {
		return a.startNamed(call, said)
	}
	forms, err := a.Startable(r, call.Member)
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	b.WriteString("您可以提交：")
	for _, group := range grouped(forms) {
		fmt.Fprintf(&b, "\n【%s】", group.name)
		for _, t := range group.forms {
			fmt.Fprintf(&b, "\n· %s：发送 %s", t.Title, commandOf(t))
			if len(t.Pilot) > 0 {
				b.WriteString("（试点中）")
			}
		}
	}
	var own []string
	for _, t := range a.rules().ApprovalTemplates() {
		if t.Own && !t.Off && t.Command != "" {
			own = append(own, "\n· "+t.Title+"：发送 "+t.Command)
		}
	}
	if len(own) > 0 {
		b.WriteString("\n【账号与权限】" + strings.Join(own, ""))
	}
	if len(forms) == 0 && len(own) == 0 {
		return chat.Answer{Text: "现在没有您可以提交的申请。需要新的申请流程，请联系流程管理员。"}, nil
	}
	b.WriteString("\n缺少的内容会逐项询问，提交前可以核对；也可以一行写完。")
	return chat.Answer{Text: b.String()}, nil
}

// formGroup is a section of the list of forms.
type formGroup struct {
	name  string
	forms []*policy.ApprovalTemplate
}

// grouped sorts forms into sections: those with a word of their own are used
// most; the rest by who runs them.
func grouped(forms []*policy.ApprovalTemplate) []formGroup {
	groups := []formGroup{{name: "常用"}, {name: "更多"}, {name: "在企业微信「审批」中办理"}}
	for _, t := range forms {
		at := 1
		switch {
		case t.Engine == policy.EngineNative:
			at = 2
		case t.Command != "":
			at = 0
		}
		groups[at].forms = append(groups[at].forms, t)
	}
	var filled []formGroup
	for _, g := range groups {
		if len(g.forms) > 0 {
			filled = append(filled, g)
		}
	}
	return filled
}

// startNamed opens the form somebody named by its title or key, or says why not.
func (a *Approvals) startNamed(call *chat.Call, said string) (chat.Answer, error) {
	word, _, _ := strings.Cut(said, " ")
	t, ok := a.rules().ApprovalTemplateNamed(word)
	if !ok {
		return chat.Answer{}, chat.Refused{
			Reason: "没有名为「" + chat.OneLine(word, 20) + "」的申请", Instead: "发送「申请」查看可以提交的申请",
		}
	}
	if t.Own {
		return chat.Answer{}, chat.Refused{Reason: "「" + t.Title + "」有自己的命令", Instead: commandOf(t)}
	}
	if _, err := a.template(&call.Tx.Reader, call.Member, t.Key); err != nil {
		return chat.Answer{}, err
	}
	return chat.Answer{Ask: strings.TrimSpace(commandOf(t) + strings.TrimPrefix(said, word))}, nil
}
