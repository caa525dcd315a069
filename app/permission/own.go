package permission

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// own is 我的权限: the caller's category, roles, permissions with their source
// and end, what is forbidden, and what waits (G2-4.2(2)).
func (d *Permissions) own(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	actor, err := d.people.Actor(r, call.Member)
	if err != nil {
		return chat.Answer{}, err
	}
	names, err := d.names(r)
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	b.WriteString(call.Member.Name + "的权限")
	if actor.Suspended {
		b.WriteString("\n【已挂失】现在只保留基本权限，其余权限恢复后才能使用。")
	}
	d.listRoles(&b, actor, names)
	d.listPermissions(&b, actor, names)
	if err := d.listGrants(&b, r, call.Member.ID); err != nil {
		return chat.Answer{}, err
	}
	if err := d.listWaiting(&b, r, call.Member.ID, names); err != nil {
		return chat.Answer{}, err
	}
	b.WriteString("\n需要更多权限，可发送：权限申请 <权限> <理由> [期限]")
	return chat.Answer{Text: b.String()}, nil
}

// listRoles writes the category and the roles beside it.
func (d *Permissions) listRoles(b *strings.Builder, actor policy.Actor, names names) {
	var roles []string
	for _, h := range actor.Holdings {
		info, _ := d.rules().RoleNamed(string(h.Role))
		switch info.Kind {
		case policy.Base:
		case policy.Category:
			b.WriteString("\n【角色类别】" + names.holding(h))
			if h.Source != policy.SourceCategory { // else nothing else decided it
				fmt.Fprintf(b, "（%s%s）", h.Source.Label(), d.ends(h))
			}
		default:
			roles = append(roles, fmt.Sprintf("· %s（%s%s）", names.holding(h), h.Source.Label(), d.ends(h)))
		}
	}
	if len(roles) > 0 {
		b.WriteString("\n【角色】")
		writeLines(b, roles)
	}
}

// listPermissions writes the permissions under what gives them, each once.
func (d *Permissions) listPermissions(b *strings.Builder, actor policy.Actor, names names) {
	b.WriteString("\n【权限】")
	seen := map[policy.Permission]bool{}
	for _, h := range actor.Holdings {
		var titles []string
		for _, p := range d.rules().Permissions([]policy.Holding{h}) {
			if seen[p] {
				continue
			}
			seen[p] = true
			titles = append(titles, permissionTitle(p))
		}
		if len(titles) == 0 {
			continue
		}
		heading := names.holding(h)
		if h.Role == policy.Member {
			heading = "基本"
		}
		fmt.Fprintf(b, "\n%s：%s", heading, strings.Join(titles, "、"))
	}
}

// listGrants writes what was granted to and forbidden the member himself.
func (d *Permissions) listGrants(b *strings.Builder, r *store.Reader, member int64) error {
	grants, err := r.GrantsOf(member)
	if err != nil {
		return err
	}
	var lines []string
	now := r.Now()
	for _, g := range grants {
		if !g.To.After(now) {
			continue
		}
		line := fmt.Sprintf("· %s（%s）%s", permissionTitle(policy.Permission(g.Permission)), g.Permission, objectSuffix(g.Object))
		if g.From.After(now) {
			line += "，自 " + d.when(g.From) + " 起"
		}
		line += "，" + d.until(g.To)
		if g.Case != "" {
			line += "，" + g.Case
		}
		lines = append(lines, line)
	}
	if len(lines) > 0 {
		b.WriteString("\n【个人授权】")
		writeLines(b, lines)
	}
	denies, err := r.DeniesOf(member)
	if err != nil || len(denies) == 0 {
		return err
	}
	lines = nil
	for _, deny := range denies {
		lines = append(lines, fmt.Sprintf("· %s（%s）%s", permissionTitle(policy.Permission(deny.Permission)), deny.Permission, objectSuffix(deny.Object)))
	}
	b.WriteString("\n【禁止访问】")
	writeLines(b, lines)
	return nil
}

// listWaiting writes what has been applied for and what a change would add.
func (d *Permissions) listWaiting(b *strings.Builder, r *store.Reader, member int64, names names) error {
	var lines []string
	change, err := r.OpenPermissionChange(member)
	switch {
	case err == nil:
		lines = append(lines, fmt.Sprintf("· %s %s：%s", change.Number, change.Reason, strings.Join(names.access(change.Added), "、")))
	case !isMissing(err):
		return err
	}
	requests, err := r.RequestsOf(member, []store.RequestState{store.RequestRunning}, maxHistory)
	if err != nil {
		return err
	}
	for _, q := range requests {
		if q.Kind == applicationKind {
			lines = append(lines, fmt.Sprintf("· %s %s", q.Number, q.Title))
		}
	}
	if len(lines) > 0 {
		b.WriteString("\n【等待确认】")
		writeLines(b, lines)
	}
	return nil
}

// ends is ", 至 …" of a holding that has an end.
func (d *Permissions) ends(h policy.Holding) string {
	if h.Until.IsZero() {
		return ""
	}
	return "，" + d.until(h.Until)
}

// writeLines adds lines, at most maxListed.
func writeLines(b *strings.Builder, lines []string) {
	for i, line := range lines {
		if i == maxListed {
			fmt.Fprintf(b, "\n……共 %d 项", len(lines))
			return
		}
		b.WriteString("\n" + line)
	}
}

// names turns roles and objects into words.
type names struct {
	people *people.People
	org    *policy.Org
}

func (d *Permissions) names(r *store.Reader) (names, error) {
	org, err := d.people.Org(r)
	return names{d.people, org}, err
}

// holding is "审批人员A（P-02）", "部门主管（销售部）".
func (n names) holding(h policy.Holding) string { return n.people.RoleText(h, n.org) }

// member is "赵六（销售部）".
func (n names) member(m store.Member) string {
	if department, ok := n.org.Department(m.MainDepartment); ok {
		return m.Name + "（" + department.Name + "）"
	}
	return m.Name + "（" + m.UserID + "）"
}

// stored is a holding as permission changes write it: "department_head:3".
func (n names) stored(text string) string {
	role, object, _ := strings.Cut(text, ":")
	return n.holding(policy.Holding{Role: policy.Role(role), Object: object})
}

// access names the roles and then the permissions, each permission by its title.
func (n names) access(a store.Access) []string {
	var all []string
	for _, role := range a.Roles {
		all = append(all, "角色 "+n.stored(role))
	}
	for _, p := range a.Permissions {
		all = append(all, permissionTitle(policy.Permission(p)))
	}
	return all
}

// some names the first of many.
func some(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, "、")
	}
	return fmt.Sprintf("%s等 %d 项", strings.Join(slices.Clone(all[:most]), "、"), len(all))
}

func permissionTitle(p policy.Permission) string {
	if info, ok := policy.PermissionNamed(string(p)); ok {
		return info.Title
	}
	return string(p)
}

func objectSuffix(object string) string {
	if object == "" {
		return ""
	}
	return " · " + object
}
