package account

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

func (a *Accounts) reportCommands() []chat.Command {
	return []chat.Command{{
		Name: "报表 账号", Aliases: []string{"账号报表"}, Group: "查询", Permission: string(policy.AccountReport),
		Summary: "账号、激活、未使用和挂失情况", Usage: "报表 账号", Example: "报表 账号", Run: a.report,
	}}
}

// report is R-ACCOUNT: accounts, activation, inactivity.
func (a *Accounts) report(call *chat.Call) (chat.Answer, error) {
	r, rules := &call.Tx.Reader, a.rules().Rules().Account
	counts, err := r.CountMembers()
	if err != nil {
		return chat.Answer{}, err
	}
	since := a.idleSince(call.Tx.Now())
	idle, err := r.CountIdleMembers(since)
	if err != nil {
		return chat.Answer{}, err
	}
	present := counts[store.MemberActive] + counts[store.MemberInactive] + counts[store.MemberProvisional]
	var b strings.Builder
	fmt.Fprintf(&b, "【账号报表】%s\n", a.when(call.Tx.Now()))
	fmt.Fprintf(&b, "在职 %d：已激活 %d，未激活 %d，待读取资料 %d\n", present, counts[store.MemberActive], counts[store.MemberInactive], counts[store.MemberProvisional])
	fmt.Fprintf(&b, "已停用 %d，已离职 %d\n", counts[store.MemberDisabled], counts[store.MemberLeft])
	suspended, err := r.SuspendedMembers(maxListed + 1)
	if err != nil {
		return chat.Answer{}, err
	}
	fmt.Fprintf(&b, "挂失中 %d", len(suspended))
	for i, m := range suspended {
		if i == maxListed {
			b.WriteString("……")
			break
		}
		fmt.Fprintf(&b, "\n· %s，%s 起", m.Name, a.when(*m.SuspendedAt))
	}
	administrators, err := a.administrators(r)
	if err != nil {
		return chat.Answer{}, err
	}
	fmt.Fprintf(&b, "\n管理员 %d 位（最多 %d 位）", len(administrators), rules.MaxAdmins)
	if len(administrators) > rules.MaxAdmins {
		b.WriteString("，超出，请减少")
	}
	if err := a.reportApplications(&b, r); err != nil {
		return chat.Answer{}, err
	}
	old, err := a.oldSecrets(call.Tx)
	if err != nil {
		return chat.Answer{}, err
	}
	fmt.Fprintf(&b, "\n超过 %d 天的密钥 %d 个", rules.SecretMaxDays, len(old))
	for _, s := range old {
		fmt.Fprintf(&b, "\n· %s，%d 天", s.Name, s.days)
	}
	fmt.Fprintf(&b, "\n超过 %d 天未使用 %d 个", rules.InactiveDays, idle)
	if err := a.listIdle(&b, r, since); err != nil {
		return chat.Answer{}, err
	}
	return chat.Answer{Text: b.String()}, nil
}

// reportApplications lists how many applications there are, and those running.
func (a *Accounts) reportApplications(b *strings.Builder, r *store.Reader) error {
	counts, err := r.CountAccountApplications()
	if err != nil {
		return err
	}
	if len(counts) == 0 {
		b.WriteString("\n还没有账号申请")
		return nil
	}
	b.WriteString("\n账号申请：")
	for i, c := range counts {
		switch {
		case i > 0 && counts[i-1].Kind == c.Kind:
			b.WriteString("、")
		case i > 0:
			b.WriteString("；" + kindWord(c.Kind) + " ")
		default:
			b.WriteString(kindWord(c.Kind) + " ")
		}
		fmt.Fprintf(b, "%s %d", stateWord(store.AccountApplication{Kind: c.Kind, State: c.State}), c.N)
	}
	for _, kind := range []store.AccountKind{store.AccountCreate, store.AccountChange, store.AccountStop} {
		for _, state := range store.OpenAccountStates {
			running, err := r.AccountApplicationsIn(kind, state, maxListed)
			if err != nil {
				return err
			}
			for _, app := range running {
				fmt.Fprintf(b, "\n· %s %s（%s）", app.Number, title(app), stateWord(app))
			}
		}
	}
	return nil
}
