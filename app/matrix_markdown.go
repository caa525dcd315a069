package app

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/manual"
	"guiju/app/policy"
)

// matrixWords are the words of the page in one language.
type matrixWords struct {
	title, intro, roles, cards, pages, reports  string
	everybody                                   string
	roleHead, rowHead, cardHead, pageHead, none string
	reach                                       map[Reach]string
	kinds                                       map[policy.RoleKind]string
	join                                        string
}

var matrixLanguages = map[manual.Language]matrixWords{
	manual.Chinese: {
		title: "权限矩阵",
		intro: "这一页由程序生成（`make permissions`），测试保证它与程序一致。它写的是内置规则；贵公司的规则文件可以改动，用 `guiju explain permit` 查看某个人。\n\n" +
			"每项写明：普通用户（所有在职成员）能做到哪里，哪些角色能做到更多。没有列出的角色与普通用户相同。停用、离职、未激活的人什么都不能做；被挂失的人只剩基本权限。\n\n" +
			"✓ 全部　本部门：所负责的部门　本流程：所负责的流程　团队：直接下属　本人：自己的　— 不能",
		roles: "角色", cards: "卡片", pages: "页面", reports: "报表",
		roleHead: "| 角色 | 代码 | 类别 | 依据 |", rowHead: "| 命令 | 权限 | 普通用户 | 其他角色 |",
		cardHead: "| 卡片 | 按钮对应的命令（权限与命令相同，且只有收到卡片的人能按） |", pageHead: "| 地址 | 谁 |", none: "（还没有命令）",
		reach: map[Reach]string{ReachAll: "✓", ReachDepartment: "本部门", ReachProcess: "本流程", ReachTeam: "团队", ReachOwn: "本人", ReachNone: "—"},
		kinds: map[policy.RoleKind]string{policy.Base: "基本", policy.Category: "类别", policy.Functional: "职能", policy.Bound: "限定对象"}, join: "、", everybody: "人人可用",
	},
	manual.English: {
		title: "Permission matrix",
		intro: "This page is generated (`make permissions`); a test keeps it true. It shows the built-in rules, which a company's rulebook may change: `guiju explain permit` tells about one person.\n\n" +
			"Each line says how far every present member (普通用户) may go, and which roles may go further. A role that is not named may do what every member may. Who is disabled, has left or is not activated may do nothing; a suspended account keeps the base permissions.\n\n" +
			"✓ everything · department: of the departments one answers for · process: of the processes one answers for · team: of direct subordinates · own: one's own · — not",
		roles: "Roles", cards: "Cards", pages: "Pages", reports: "Reports",
		roleHead: "| Role | Code | Kind | Clause |", rowHead: "| Command | Permission | Every member | Other roles |",
		cardHead: "| Card | Commands of its buttons (their permissions hold; only who was sent the card can press) |", pageHead: "| Address | Who |", none: "(no command yet)",
		reach: map[Reach]string{ReachAll: "✓", ReachDepartment: "department", ReachProcess: "process", ReachTeam: "team", ReachOwn: "own", ReachNone: "—"},
		kinds: map[policy.RoleKind]string{policy.Base: "base", policy.Category: "category", policy.Functional: "function", policy.Bound: "bound"}, join: ", ", everybody: "open to all",
	},
}

// Markdown is the matrix as a page of the manual.
func (m Matrix) Markdown(l manual.Language) string {
	w := matrixLanguages[l]
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n## %s\n\n", w.title, w.intro, w.roles)
	head(&b, w.roleHead)
	for _, role := range m.Roles {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", role.Title, role.Role, w.kinds[role.Kind], role.Clause)
	}
	var groups []string
	rows := map[string][]MatrixRow{}
	for _, row := range m.Commands {
		if rows[row.Group] == nil {
			groups = append(groups, row.Group)
		}
		rows[row.Group] = append(rows[row.Group], row)
	}
	for _, group := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n", group)
		head(&b, w.rowHead)
		for _, row := range rows[group] {
			m.line(&b, w, row, row.Name)
		}
	}
	fmt.Fprintf(&b, "\n## %s\n\n", w.cards)
	head(&b, w.cardHead)
	for _, c := range m.Cards {
		name := c.Name
		if l == manual.English {
			name = c.English
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, strings.Join(c.Commands, w.join))
	}
	fmt.Fprintf(&b, "\n## %s\n\n", w.pages)
	head(&b, w.pageHead)
	for _, p := range m.Pages {
		who := p.Who
		if l == manual.English {
			who = p.English
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", p.Path, who)
	}
	fmt.Fprintf(&b, "\n## %s\n\n", w.reports)
	head(&b, w.rowHead)
	for _, row := range m.Reports {
		name := row.Name
		if name == "" {
			name = w.none
		}
		m.line(&b, w, row, name)
	}
	return b.String()
}

// line shows one row: how far every member goes, and who goes further.
func (m Matrix) line(b *strings.Builder, w matrixWords, row MatrixRow, name string) {
	base := row.Reach[policy.Member]
	var others []string
	for _, role := range m.Roles {
		if reach := row.Reach[role.Role]; reach != base {
			others = append(others, role.Title+" "+w.reach[reach])
		}
	}
	permission := "`" + row.Permission + "`"
	if row.Permission == chat.Everybody {
		permission = w.everybody
	}
	if row.Title != "" {
		permission += " " + row.Title
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, permission, w.reach[base], strings.Join(others, w.join))
}

func head(b *strings.Builder, line string) {
	b.WriteString(line + "\n|" + strings.Repeat(" --- |", strings.Count(line, "|")-1) + "\n")
}
