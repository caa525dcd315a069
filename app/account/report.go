package account

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

func (a *Accounts) reportCommands() []chat.Command {
	return []chat.Command{{
		Name: "报表 账号", Aliases: []string{"账号报表"}, Group: "查询", Permission: string(policy.AccountReport),
		Summary: "账号、激活、未使用和挂失情况", Usage: "报表 账号 [月份]", Example: "报表 账号 2026-03",
		Args: []chat.Arg{{Name: "月份", Kind: chat.Text, Rest: true}}, Run: a.report,
	}}
}

// report is R-ACCOUNT: how the accounts are now, or were when a month had ended.
func (a *Accounts) report(call *chat.Call) (chat.Answer, error) {
	if call.Has("月份") {
		return a.closedReport(call)
	}
	text, err := a.state(call.Tx)
	return chat.Answer{Text: "【账号报表】" + a.when(call.Tx.Now()) + "\n" + text}, err
}

// snapshot is the report as it was when a month had ended: a closed period
// stays as it was (guide E2.0, reports).
type snapshot struct {
	Month string    `json:"month"` // 2026-03
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
}

// snapshotKey is the setting with the snapshot of a month; those of three years
// are kept.
func snapshotKey(month time.Time) string {
	return fmt.Sprintf("account.report:%d-%02d", month.Year()%3, month.Month())
}

// closeMonth keeps the report of the month before from.
func (a *Accounts) closeMonth(tx *store.Tx, from time.Time) error {
	month := from.AddDate(0, -1, 0)
	text, err := a.state(tx)
	if err != nil {
		return err
	}
	return tx.SetSetting(snapshotKey(month), snapshot{Month: month.Format("2006-01"), At: tx.Now(), Text: text})
}

var yearMonth = regexp.MustCompile(`^(\d{4})[-年/.](\d{1,2})月?$`)

func (a *Accounts) closedReport(call *chat.Call) (chat.Answer, error) {
	said := strings.TrimSpace(call.Text("月份"))
	parts := yearMonth.FindStringSubmatch(said)
	if parts == nil {
		return chat.Answer{}, chat.Refused{Reason: "看不懂月份「" + chat.OneLine(said, 20) + "」", Instead: "报表 账号 2026-03，或不写月份看现在的情况"}
	}
	month, err := time.Parse("2006-1", parts[1]+"-"+strings.TrimPrefix(parts[2], "0"))
	if err != nil {
		return chat.Answer{}, chat.Refused{Reason: "没有" + chat.OneLine(said, 20) + "这个月", Instead: "报表 账号 2026-03"}
	}
	var kept snapshot
	err = call.Tx.Setting(snapshotKey(month), &kept)
	if errors.Is(err, store.ErrNotFound) || err == nil && kept.Month != month.Format("2006-01") {
		return chat.Answer{}, chat.NotFound{Number: month.Format("2006年1月") + "的账号报表；每月首个工作日统计上月，保存三年"}
	}
	return chat.Answer{Text: fmt.Sprintf("【账号报表】%s（%s 统计）\n%s", month.Format("2006年1月"), a.when(kept.At), kept.Text)}, err
}

// state is how the accounts are: activation, inactivity, applications.
func (a *Accounts) state(tx *store.Tx) (string, error) {
	r, rules := &tx.Reader, a.rules().Rules().Account
	counts, err := r.CountMembers()
	if err != nil {
		return "", err
	}
	since := a.idleSince(tx.Now())
	idle, err := r.CountIdleMembers(since)
	if err != nil {
		return "", err
	}
	present := counts[store.MemberActive] + counts[store.MemberInactive] + counts[store.MemberProvisional]
	var b strings.Builder
	fmt.Fprintf(&b, "在职 %d：已激活 %d，未激活 %d，待读取资料 %d\n", present, counts[store.MemberActive], counts[store.MemberInactive], counts[store.MemberProvisional])
	fmt.Fprintf(&b, "已停用 %d，已离职 %d\n", counts[store.MemberDisabled], counts[store.MemberLeft])
	suspended, err := r.SuspendedMembers(maxListed + 1)
	if err != nil {
		return "", err
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
		return "", err
	}
	fmt.Fprintf(&b, "\n管理员 %d 位（最多 %d 位）", len(administrators), rules.MaxAdmins)
	if len(administrators) > rules.MaxAdmins {
		b.WriteString("，超出，请减少")
	}
	if err := a.reportApplications(&b, r); err != nil {
		return "", err
	}
	old, err := a.oldSecrets(tx)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "\n超过 %d 天的密钥 %d 个", rules.SecretMaxDays, len(old))
	for _, s := range old {
		fmt.Fprintf(&b, "\n· %s，%d 天", s.Name, s.days)
	}
	fmt.Fprintf(&b, "\n超过 %d 天未使用 %d 个", rules.InactiveDays, idle)
	if err := a.listIdle(&b, r, since); err != nil {
		return "", err
	}
	return b.String(), nil
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
