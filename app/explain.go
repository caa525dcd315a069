package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"guiju/app/policy"
	"guiju/store"
)

// ExplainRoute says to whom a text would go, with the reasons. Without org only
// the rules are asked. name turns a member's id into words.
func ExplainRoute(e *policy.Engine, org *policy.Org, text string, name func(id int64) string) string {
	var b strings.Builder
	version(&b, e)
	topic := e.Route(text)
	section(&b, "主题", topic.Why)
	if org == nil {
		fmt.Fprintf(&b, "部门：%s%s\n", topic.Department, post(topic.Post))
	} else {
		answer := e.Answerer(topic.Department, topic.Post, 0, org)
		section(&b, "答复人", answer.Why)
		names := make([]string, 0, len(answer.Members))
		for _, id := range answer.Members {
			names = append(names, name(id))
		}
		if len(names) == 0 {
			names = []string{"没有人，请检查部门负责人和管理员"}
		}
		fmt.Fprintf(&b, "发给：%s\n", strings.Join(names, "、"))
	}
	signals := e.Signals(text)
	section(&b, "重要性", signals.Why)
	class := e.Class(signals.Importance, signals.Urgency)
	section(&b, "时限类别", class.Why)
	return b.String()
}

// ExplainDue says by when an item delivered at an instant must be answered.
func ExplainDue(e *policy.Engine, class policy.Class, delivered time.Time) string {
	var b strings.Builder
	version(&b, e)
	due := e.Due(class, delivered)
	section(&b, "时限", due.Why)
	return b.String()
}

// ExplainPermit says whether a member may do something, named by its code or its
// Chinese title.
func (ad *Admin) ExplainPermit(ctx context.Context, userid string, permission policy.Permission) (string, error) {
	info, known := policy.PermissionNamed(string(permission))
	if !known {
		return "", UnknownPermission(permission)
	}
	permission = info.Code
	r := ad.a.db.Reader(ctx)
	member, err := r.MemberByUserID(userid)
	if err != nil {
		return "", err
	}
	actor, err := ad.a.people.Actor(r, member)
	if err != nil {
		return "", err
	}
	decision := ad.Rules().Permit(actor, permission, policy.Object{}, r.Now())
	var b strings.Builder
	version(&b, ad.Rules())
	verdict := "不可以"
	if decision.Allowed {
		verdict = "可以"
	}
	fmt.Fprintf(&b, "%s（%s）%s：%s（%s）\n", member.Name, member.UserID, verdict, decision.Title, permission)
	section(&b, "理由", decision.Why)
	return b.String(), nil
}

// UnknownPermission is a code that is in no rulebook.
type UnknownPermission policy.Permission

func (u UnknownPermission) Error() string {
	var codes []string
	for _, p := range policy.Permissions() {
		codes = append(codes, string(p.Code))
	}
	return fmt.Sprintf("没有名为 %s 的权限，可用的有：%s", string(u), strings.Join(codes, " "))
}

// ExplainRoute says to whom a text would go by the rules in force.
func (ad *Admin) ExplainRoute(ctx context.Context, text string) (string, error) {
	org, err := ad.Org(ctx)
	if err != nil {
		return "", err
	}
	r := ad.a.db.Reader(ctx)
	return ExplainRoute(ad.Rules(), org, text, func(id int64) string { return memberName(r, id) }), nil
}

func memberName(r *store.Reader, id int64) string {
	m, err := r.Member(id)
	if err != nil {
		return fmt.Sprintf("成员 %d", id)
	}
	return fmt.Sprintf("%s（%s）", m.Name, m.UserID)
}

func version(b *strings.Builder, e *policy.Engine) {
	if v := e.Version(); v > 0 {
		fmt.Fprintf(b, "规则第 %d 版\n", v)
		return
	}
	fmt.Fprintln(b, "规则文件（尚未导入）")
}

func section(b *strings.Builder, title string, why policy.Reason) {
	fmt.Fprintf(b, "%s：\n  %s\n", title, strings.ReplaceAll(why.String(), "\n", "\n  "))
}

func post(name string) string {
	if name == "" {
		return ""
	}
	return "，由" + name + "答复"
}
