package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// cards says which commands the buttons of each kind of card stand for. A
// button asks for the permission of its command, and only those who were sent
// the card can press it.
var cards = []struct {
	kind, name, english string
	commands            []string
}{
	{"item", "咨询、通知（C-RECEIPT）", "question or notice (C-RECEIPT)", []string{"收到", "回复", "有疑问"}},
	{"answer", "答复（C-RECEIPT）", "answer (C-RECEIPT)", []string{"已解决", "未解决"}},
	{"reply-due", "时限提醒（C-REPLY-DUE）", "reminder (C-REPLY-DUE)", []string{"回复", "收到", "审批", "转审", "完成", "权限变更 确认", "权限变更 拒绝", "权限审查"}},
	{"escalation", "超时升级（C-ESCALATE）", "escalation (C-ESCALATE)", []string{"已知悉", "催办"}},
	{"request-step", "审批（C-APPROVE、C-ACCOUNT）", "approval (C-APPROVE, C-ACCOUNT)", []string{"审批", "已开通", "转审", "加签", "退回", "评论", "追溯"}},
	{"request-result", "审批结果（C-RESULT）", "result of an approval (C-RESULT)", []string{"追溯", "重新提交"}},
	{"request-batch", "一次批准几项", "approving several at once", []string{"批量批准"}},
	{"task", "任务（C-TASK-ASSIGN）", "task (C-TASK-ASSIGN)", []string{"完成"}},
	{"permission-change", "权限变更（C-PERM-DIFF）", "permission change (C-PERM-DIFF)", []string{"权限变更 确认", "权限变更 拒绝"}},
	{"permission-review", "权限审查（C-PERM-REVIEW）", "permission review (C-PERM-REVIEW)", []string{"权限审查 全部正常", "追溯"}},
	{"permission-review-row", "权限审查的一项（C-PERM-REVIEW）", "one row of a review (C-PERM-REVIEW)", []string{"权限审查 正常", "权限审查 异常"}},
	{"hand-over", "工作交接（C-HANDOVER）", "hand-over (C-HANDOVER)", []string{"指定接手人", "交接"}},
	{"question", "追问（选项）", "question with choices", []string{"选择", "取消"}},
}

// pages are the addresses the app answers beside the pages of its domains.
var pages = []struct{ path, who, english string }{
	{"/callback/:receiver", "企业微信，凭签名", "WeCom, by its signature"},
	{"/healthz", "运维，无内容", "operators; says nothing"},
	{"/readyz", "运维，只有状态", "operators; states only"},
	{"/metrics", "运维，只有计数", "operators; counts only"},
	{"/form", "成员，凭企业微信登录", "members, signed in through WeCom"},
	{"/form/*page", "成员，凭企业微信登录，每个页面另看其权限；样式和脚本任何人", "members, signed in through WeCom, each page by its permission; styles and scripts anybody"},
}

// Reach is how far a permission goes.
type Reach string

// The reaches, from none to all.
const (
	ReachNone       Reach = ""
	ReachOwn        Reach = "own"        // what is one's own
	ReachTeam       Reach = "team"       // of those whose superior one is
	ReachDepartment Reach = "department" // of the departments the role is held for
	ReachProcess    Reach = "process"    // of the process the role is held for
	ReachAll        Reach = "all"
)

// Matrix says what each role may do: every command, card, page and report.
type Matrix struct {
	Roles    []policy.RoleInfo
	Commands []MatrixRow // hidden ones and extensions too
	Cards    []CardRow
	Pages    []PageRow
	Reports  []MatrixRow // by permission code; Name is the command that shows it, if there is one
}

// MatrixRow is one thing that needs a permission.
type MatrixRow struct {
	Group      string
	Name       string
	Permission string
	Title      string // the permission in Chinese; "" for everybody
	Reach      map[policy.Role]Reach
}

// CardRow is one kind of card and the commands of its buttons.
type CardRow struct {
	Kind, Name, English string
	Commands            []string
}

// PageRow is an address and who may ask for it.
type PageRow struct{ Path, Who, English string }

// Matrix asks the rules in force about every role and everything registered.
func (a *App) Matrix() Matrix {
	rules := a.rules.Load()
	m := Matrix{Roles: rules.Roles()}
	for _, c := range a.chat.Commands() {
		m.Commands = append(m.Commands, matrixRow(rules, c.Group, c.Name, c.Permission))
		for _, x := range c.Extensions {
			m.Commands = append(m.Commands, matrixRow(rules, c.Group, c.Name+" "+x.Prefix+"…", x.Permission))
		}
	}
	for _, c := range cards {
		m.Cards = append(m.Cards, CardRow{c.kind, c.name, c.english, c.commands})
	}
	for _, p := range pages {
		m.Pages = append(m.Pages, PageRow{p.path, p.who, p.english})
	}
	for _, p := range a.console.Pages() {
		who, english := "每位成员", "every member"
		if p.Permission != chat.Everybody {
			who, english = "需要 `"+p.Permission+"`", "needs `"+p.Permission+"`"
		}
		m.Pages = append(m.Pages, PageRow{p.Path, p.Title + "：" + who, p.English + ": " + english})
	}
	for _, p := range policy.Permissions() {
		if !strings.HasPrefix(string(p.Code), "report.") {
			continue
		}
		name := ""
		for _, c := range m.Commands {
			if c.Permission == string(p.Code) {
				name = c.Name
			}
		}
		m.Reports = append(m.Reports, matrixRow(rules, "", name, string(p.Code)))
	}
	return m
}

func matrixRow(rules *policy.Engine, group, name, permission string) MatrixRow {
	row := MatrixRow{Group: group, Name: name, Permission: permission, Reach: map[policy.Role]Reach{}}
	if group == "" {
		row.Group = "其他"
	}
	if info, known := policy.PermissionNamed(permission); known {
		row.Title = info.Title
	}
	for _, role := range rules.Roles() {
		row.Reach[role.Role] = reachOf(rules, role, permission)
	}
	return row
}

// The member and objects of the questions below; only that they differ counts.
const (
	himself, somebody   = 1, 2
	hisPlace, elsewhere = 7, 8
	hisCase, otherCase  = "P-02", "P-03"
)

// reachOf asks the policy how far a permission goes for a member whose only
// role beside the base is this one.
func reachOf(rules *policy.Engine, role policy.RoleInfo, permission string) Reach {
	if permission == chat.Everybody {
		return ReachAll
	}
	actor := policy.Actor{Member: himself, Active: true, Holdings: []policy.Holding{{Role: policy.Member, Source: policy.SourceBase}}}
	held := policy.Holding{Role: role.Role, Source: policy.SourceAssigned}
	switch {
	case role.Kind == policy.Bound && role.Object == policy.DepartmentObject:
		held.Object = fmt.Sprint(hisPlace)
	case role.Kind == policy.Bound:
		held.Object = hisCase
	}
	if role.Kind != policy.Base {
		actor.Holdings = append(append(actor.Holdings, held), rules.Implied(role.Role)...)
	}
	of := policy.Object{ID: "X-1", Owners: []int64{somebody}, Department: elsewhere, Process: otherCase}
	for _, question := range []struct {
		reach  Reach
		object policy.Object
	}{
		{ReachAll, of},
		{ReachDepartment, policy.Object{ID: "X-1", Owners: of.Owners, Department: hisPlace}},
		{ReachProcess, policy.Object{ID: "X-1", Owners: of.Owners, Process: hisCase}},
		{ReachTeam, policy.Object{ID: "X-1", Owners: of.Owners, Leaders: []int64{himself}}},
		{ReachOwn, policy.Object{ID: "X-1", Owners: []int64{himself}}},
	} {
		if rules.Permit(actor, policy.Permission(permission), question.object, time.Time{}).Allowed {
			return question.reach
		}
	}
	return ReachNone
}

// Allows says whether a member with these roles may use a thing at all.
func (r MatrixRow) Allows(roles ...policy.Role) bool {
	return slices.ContainsFunc(roles, func(role policy.Role) bool { return r.Reach[role] != ReachNone })
}

// CardCommands are the commands that the buttons of each kind of card may stand for.
func CardCommands() map[string][]string {
	all := make(map[string][]string, len(cards))
	for _, c := range cards {
		all[c.kind] = c.commands
	}
	return all
}

// RolesOf are the roles a member holds now.
func (a *App) RolesOf(ctx context.Context, m store.Member) ([]policy.Role, error) {
	actor, err := a.people.Actor(a.db.Reader(ctx), m)
	if err != nil {
		return nil, err
	}
	var roles []policy.Role
	for _, h := range actor.Holdings {
		roles = append(roles, h.Role)
	}
	return roles, nil
}
