package people

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// Grant gives a member one permission for a time. A zero From is now, a zero To
// permission.grant_default_days later. Errors: *Self, *Conflicting, *Invalid,
// store.ErrNotFound.
func (p *People) Grant(tx *store.Tx, g store.Grant) error {
	if g.By != 0 && g.By == g.MemberID {
		return &Self{}
	}
	a, err := p.change(tx, g.MemberID)
	if err != nil {
		return err
	}
	if err := p.checkGrant(tx, &g, a); err != nil {
		return err
	}
	var renewed []int64
	for _, old := range a.grants {
		if old.Permission != g.Permission || !strings.EqualFold(old.Object, g.Object) {
			continue
		}
		if !old.From.After(g.From) && !old.To.Before(g.To) {
			return &Invalid{a.member.Name + "已有这项授权，" + p.until(old.To), ""}
		}
		if !g.From.After(old.From) && !g.To.Before(old.To) {
			renewed = append(renewed, old.ID)
		}
	}
	if n := len(a.grants) - len(renewed); n >= maxGiven {
		return &Invalid{fmt.Sprintf("%s已有 %d 项授权", a.member.Name, n), "先收回不再需要的授权"}
	}
	for _, id := range renewed { // nothing is refused any more
		if _, err := tx.EndGrant(id, g.By, "已续期"); err != nil {
			return err
		}
	}
	if err := tx.AddGrant(&g); err != nil {
		return err
	}
	if _, err := tx.Enqueue(ExpireGrant{ID: g.ID}, store.At(g.To)); err != nil {
		return err
	}
	err = auditAccess(tx, "permission.grant", g.MemberID, g.By, map[string]any{
		"grant": g.ID, "permission": g.Permission, "object": g.Object, "from": g.From, "to": g.To, "case": g.Case,
	})
	if err != nil {
		return err
	}
	return tx.TouchMember(g.MemberID)
}

// checkGrant refuses what makes no sense, and writes permission and bounds as
// they are stored.
func (p *People) checkGrant(tx *store.Tx, g *store.Grant, a *access) error {
	info, known := policy.PermissionNamed(g.Permission)
	g.Permission, g.Object = string(info.Code), strings.TrimSpace(g.Object)
	rules := p.rules().Rules().Permission
	now := tx.Now()
	if g.From.IsZero() {
		g.From = now
	}
	if g.To.IsZero() {
		g.To = g.From.AddDate(0, 0, rules.GrantDefaultDays)
	}
	start := g.From
	if start.Before(now) {
		start = now
	}
	switch {
	case !known:
		return &Invalid{"没有这个权限", "写权限代码或名称，如 查看日志"}
	case info.Code == policy.NodeDecide:
		return &Invalid{"没有写明是哪个流程的哪个审批节点", "写成 approval.node.P-02.A.decide"}
	case p.rules().Base(info.Code):
		return &Invalid{info.Title + "是所有成员都有的权限", ""}
	case !a.member.Present():
		return &Invalid{a.member.Name + "不在职", "换一位在职的同事"}
	case len(g.Object) > maxObject:
		return &Invalid{"对象编号太长", "写对象的编号"}
	case !g.To.After(g.From):
		return &Invalid{"授权的结束时间不晚于开始时间", "写一个更晚的结束时间"}
	case !g.To.After(now):
		return &Invalid{"授权的结束时间已经过去", "写一个以后的时间"}
	case g.To.After(start.AddDate(0, 0, rules.GrantMaxDays)):
		return &Invalid{fmt.Sprintf("授权最长 %d 天", rules.GrantMaxDays), fmt.Sprintf("期限写 %d 天以内，到期前可再次申请", rules.GrantMaxDays)}
	}
	if duty, ok := policy.NodeDuty(info.Code); ok {
		held := a.effective()
		if conflicts := newOnly(p.rules().Conflicts(append(held, duty)), p.rules().Conflicts(held)); len(conflicts) > 0 {
			return &Conflicting{conflicts}
		}
	}
	return nil
}

// EndGrant ends a grant; one that has ended stays as it is. Errors:
// store.ErrNotFound.
func (p *People) EndGrant(tx *store.Tx, id, by int64, why string) error {
	_, err := p.endGrant(tx, id, by, why)
	return err
}

func (p *People) endGrant(tx *store.Tx, id, by int64, why string) (ended bool, err error) {
	g, err := tx.Grant(id)
	if err != nil {
		return false, err
	}
	if err := tx.Lock(store.Member{}.TableName(), g.MemberID); err != nil {
		return false, err
	}
	if ended, err = tx.EndGrant(id, by, why); err != nil || !ended {
		return false, err
	}
	err = auditAccess(tx, "permission.grant_end", g.MemberID, by, map[string]any{"grant": id, "permission": g.Permission, "why": why})
	if err != nil {
		return false, err
	}
	return true, tx.TouchMember(g.MemberID)
}

// Forbid forbids a member a permission, whatever his roles and grants
// (禁止访问). Errors: *Invalid, store.ErrNotFound.
func (p *People) Forbid(tx *store.Tx, d store.Deny) error {
	a, err := p.change(tx, d.MemberID)
	if err != nil {
		return err
	}
	info, known := policy.PermissionNamed(d.Permission)
	d.Permission, d.Object = string(info.Code), strings.TrimSpace(d.Object)
	switch {
	case !known:
		return &Invalid{"没有这个权限", "写权限代码或名称，如 查看日志"}
	case len(d.Object) > maxObject:
		return &Invalid{"对象编号太长", "写对象的编号"}
	}
	denies, err := tx.DeniesOf(d.MemberID)
	if err != nil {
		return err
	}
	for _, old := range denies {
		if old.Permission == d.Permission && strings.EqualFold(old.Object, d.Object) {
			return &Invalid{a.member.Name + "已被禁止此项", ""}
		}
	}
	if len(denies) >= maxGiven {
		return &Invalid{fmt.Sprintf("%s已有 %d 项禁止", a.member.Name, len(denies)), "先解除不再需要的禁止"}
	}
	if err := tx.AddDeny(&d); err != nil {
		return err
	}
	err = auditAccess(tx, "permission.forbid", d.MemberID, d.By, map[string]any{"deny": d.ID, "permission": d.Permission, "object": d.Object})
	if err != nil {
		return err
	}
	return tx.TouchMember(d.MemberID)
}

// Allow lifts what was forbidden; nobody lifts his own. Errors: *Self,
// store.ErrNotFound.
func (p *People) Allow(tx *store.Tx, id, by int64) error {
	d, err := tx.Deny(id)
	if err != nil {
		return err
	}
	if by != 0 && by == d.MemberID {
		return &Self{}
	}
	if err := tx.Lock(store.Member{}.TableName(), d.MemberID); err != nil {
		return err
	}
	ended, err := tx.EndDeny(id, by)
	if err != nil || !ended {
		return err
	}
	err = auditAccess(tx, "permission.allow", d.MemberID, by, map[string]any{"deny": id, "permission": d.Permission, "object": d.Object})
	if err != nil {
		return err
	}
	return tx.TouchMember(d.MemberID)
}

// ExpireGrant is the timer of a grant's end (J-PERM-EXPIRE).
type ExpireGrant struct {
	ID int64 `json:"id"`
}

// Kind implements store.JobArgs.
func (ExpireGrant) Kind() string { return "people.expire_grant" }

// ExpireBinding is the timer of a role's end (J-PERM-EXPIRE).
type ExpireBinding struct {
	ID int64 `json:"id"`
}

// Kind implements store.JobArgs.
func (ExpireBinding) Kind() string { return "people.expire_binding" }

// expired is why roles and grants end by themselves.
const expired = "到期"

func (p *People) expireGrant(_ context.Context, _ *queue.Job, args ExpireGrant) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		g, err := tx.Grant(args.ID)
		if err != nil || tx.Now().Before(g.To) {
			return ignoreMissing(err)
		}
		ended, err := p.endGrant(tx, g.ID, 0, expired)
		if err != nil || !ended {
			return err
		}
		title := g.Permission
		if info, known := policy.PermissionNamed(g.Permission); known {
			title = info.Title
		}
		return p.tellExpired(tx, g.MemberID, fmt.Sprintf("permission.expired:grant:%d", g.ID), fmt.Sprintf(
			"【权限到期】您的“%s”权限已于 %s 到期。如仍需要，可发送：权限申请 %s <理由> <期限>", title, p.moment(g.To), g.Permission))
	})
}

func (p *People) expireBinding(_ context.Context, _ *queue.Job, args ExpireBinding) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		b, err := tx.Binding(args.ID)
		if err != nil || b.State == store.BindingEnded || b.ExpiresAt == nil || tx.Now().Before(*b.ExpiresAt) {
			return ignoreMissing(err)
		}
		if err := p.EndBinding(tx, b.ID, 0, expired); err != nil {
			return err
		}
		return p.tellExpired(tx, b.MemberID, fmt.Sprintf("permission.expired:binding:%d", b.ID), fmt.Sprintf(
			"【权限到期】您的角色「%s」已于 %s 到期。如仍需要，请联系管理员。", p.rules().RoleOf(policy.Role(b.Role)).Title, p.moment(*b.ExpiresAt)))
	})
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// tellExpired tells a member that is still here.
func (p *People) tellExpired(tx *store.Tx, member int64, unique, text string) error {
	m, err := tx.Member(member)
	if err != nil || !m.Present() {
		return err
	}
	return p.notify.Tell(tx, notify.Notice{
		To: []int64{member}, Text: text, Purpose: "permission.expired", Subject: store.Subject{Kind: "member", ID: member}, Unique: unique,
	})
}

// moment writes an instant as members read it: "3月9日 10:00".
func (p *People) moment(t time.Time) string {
	return p.rules().Calendar().Moment(t)
}

func (p *People) until(t time.Time) string {
	if t.IsZero() {
		return "长期有效"
	}
	return "有效至 " + p.moment(t)
}
