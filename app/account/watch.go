package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/policy"
	"guiju/app/schedule"
	"guiju/store"
)

// Job is the monthly review of accounts (J-ACCOUNT-INACTIVE, G2-4.2(3)): those
// nobody uses, too many administrators, secrets that are too old.
func (a *Accounts) Job() schedule.Job {
	return schedule.Job{
		Name: "J-ACCOUNT-INACTIVE", Title: "列出长期未使用的账号", Clause: "G2-4.2(3)",
		When: schedule.FirstWorkday(schedule.Month, "09:00"), Run: a.review,
	}
}

// review tells the 管理员 what the month has shown.
func (a *Accounts) review(tx *store.Tx, p schedule.Period) (string, error) {
	r, rules := &tx.Reader, a.rules().Rules().Account
	since := a.idleSince(tx.Now())
	count, err := r.CountIdleMembers(since)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if count > 0 {
		fmt.Fprintf(&b, "【账号检查】%d 个账号超过 %d 天没有使用本应用，请核实是否还需要：", count, rules.InactiveDays)
		if err := a.listIdle(&b, r, since); err != nil {
			return "", err
		}
		b.WriteString("\n不再需要的，请发送：账号申请 停用 <姓名>\n")
	}
	administrators, err := a.administrators(r)
	if err != nil {
		return "", err
	}
	if n := len(administrators); n > rules.MaxAdmins {
		fmt.Fprintf(&b, "【账号检查】管理员有 %d 位，超过建议的 %d 位，请减少：%s（依据 G2-4.2(3)）\n", n, rules.MaxAdmins, names(administrators[:min(n, maxListed)]))
	}
	old, err := a.oldSecrets(tx)
	if err != nil {
		return "", err
	}
	for _, s := range old {
		fmt.Fprintf(&b, "【账号检查】%s 已使用 %d 天，超过 %d 天，请在企业微信管理后台更换，并更新 config.yaml。\n", s.Name, s.days, rules.SecretMaxDays)
	}
	if err := a.closeMonth(tx, p.From); err != nil {
		return "", err
	}
	result := fmt.Sprintf("未使用账号 %d 个，管理员 %d 位，应更换的密钥 %d 个", count, len(administrators), len(old))
	text := strings.TrimRight(b.String(), "\n")
	if text == "" {
		return result, nil
	}
	to, err := a.people.Administrators(r)
	if err != nil {
		return "", err
	}
	for _, m := range administrators {
		if !slices.Contains(to, m.ID) {
			to = append(to, m.ID)
		}
	}
	return result, a.alert(tx, "", store.Subject{Kind: "system"}, "account.review:"+p.Key, text, to...)
}

// idleSince is the instant before which the last act of an idle account lies.
func (a *Accounts) idleSince(now time.Time) time.Time {
	return now.AddDate(0, 0, -a.rules().Rules().Account.InactiveDays)
}

// listIdle writes one line for each idle account, longest unused first.
func (a *Accounts) listIdle(b *strings.Builder, r *store.Reader, since time.Time) error {
	idle, err := r.IdleMembers(since, maxListed+1)
	if err != nil {
		return err
	}
	for i, m := range idle {
		if i == maxListed {
			fmt.Fprintf(b, "\n……只列出最久的 %d 个", maxListed)
			break
		}
		department, err := a.department(r, m.MainDepartment)
		if err != nil {
			return err
		}
		last := "从未使用"
		if m.SeenAt != nil {
			last = "最后使用 " + a.day(*m.SeenAt)
		}
		if m.Status == store.MemberInactive {
			last = "未激活"
		}
		fmt.Fprintf(b, "\n· %s（%s）%s", m.Name, orUserID(department, m), last)
	}
	return nil
}

func orUserID(department string, m store.Member) string {
	if department == "" {
		return m.UserID
	}
	return department + "，" + m.UserID
}

// administrators are the 管理员 who are here, by rulebook or role.
func (a *Accounts) administrators(r *store.Reader) ([]store.Member, error) {
	const most = 200
	return a.people.WithRole(r, policy.Administrator, "", most)
}

// Secret is one of config.yaml, known by its name and never by its value.
type Secret struct {
	Name  string // "应用 assistant 的 secret"
	Value func() []byte
}

// agedSecret is a secret and for how long it has been in use.
type agedSecret struct {
	Name string
	days int
}

// secretsKey is the setting with what is remembered of secrets: since when each
// has been in use, and a keyed hash that shows a change and gives nothing away.
const secretsKey = "account.secrets"

type secretMemory struct {
	Key   string                `json:"key"` // of the hashes, random
	Since map[string]secretSeen `json:"since"`
}

type secretSeen struct {
	Sum string    `json:"sum"`
	At  time.Time `json:"at"`
}

// NoteSecrets remembers since when each configured secret has been in use. Call
// it at every start: secrets change with the configuration only.
func (a *Accounts) NoteSecrets(tx *store.Tx) error {
	_, err := a.noteSecrets(tx)
	return err
}

func (a *Accounts) noteSecrets(tx *store.Tx) (secretMemory, error) {
	var known secretMemory
	if err := tx.Setting(secretsKey, &known); err != nil && !errors.Is(err, store.ErrNotFound) {
		return known, err
	}
	fresh := known
	if fresh.Key == "" {
		fresh.Key = rand.Text()
	}
	fresh.Since = make(map[string]secretSeen, len(a.secrets))
	same := known.Key != "" && len(known.Since) == len(a.secrets)
	for _, s := range a.secrets {
		sum := hmac.New(sha256.New, []byte(fresh.Key))
		sum.Write(s.Value())
		seen := secretSeen{Sum: hex.EncodeToString(sum.Sum(nil)), At: tx.Now()}
		if old, ok := known.Since[s.Name]; ok && old.Sum == seen.Sum {
			seen = old
		} else {
			same = false
		}
		fresh.Since[s.Name] = seen
	}
	if same {
		return known, nil
	}
	return fresh, tx.SetSetting(secretsKey, fresh)
}

// oldSecrets are those in use for longer than account.secret_max_days.
func (a *Accounts) oldSecrets(tx *store.Tx) ([]agedSecret, error) {
	known, err := a.noteSecrets(tx)
	if err != nil {
		return nil, err
	}
	var old []agedSecret
	for _, s := range a.secrets {
		days := int(tx.Now().Sub(known.Since[s.Name].At) / (24 * time.Hour))
		if days > a.rules().Rules().Account.SecretMaxDays {
			old = append(old, agedSecret{Name: s.Name, days: days})
		}
	}
	return old, nil
}
