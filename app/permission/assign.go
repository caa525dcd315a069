package permission

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/chat/words"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// assign is 权限 分配: a role, for an object where the role needs one, until
// further notice or for a time. Permissions are not given person by person
// (G2-4.2(2)).
func (d *Permissions) assign(call *chat.Call) (chat.Answer, error) {
	to, word := call.Person("姓名"), call.Text("角色")
	info, err := d.roleNamed(word, to)
	if err != nil {
		return chat.Answer{}, err
	}
	if to.ID == call.Member.ID {
		return chat.Answer{}, d.himself()
	}
	if err := d.mayMakeAssigner(call, info); err != nil {
		return chat.Answer{}, err
	}
	object, until, err := d.readAssignment(call, info)
	if err != nil {
		return chat.Answer{}, err
	}
	held, had, err := d.holding(&call.Tx.Reader, to, info.Role, object)
	if err != nil {
		return chat.Answer{}, err
	}
	names, err := d.names(&call.Tx.Reader)
	if err != nil {
		return chat.Answer{}, err
	}
	given := names.holding(policy.Holding{Role: info.Role, Object: object})
	if had && held.Until.Equal(until) {
		return chat.Answer{}, chat.Refused{Reason: to.Name + "已经是" + given + "（" + held.Source.Label() + "）", Instead: "谁有 <权限>，或换一个角色"}
	}
	err = d.people.Assign(call.Tx, people.Assignment{
		Member: to.ID, Role: info.Role, Object: object, Until: until, By: call.Member.ID, Source: policy.SourceAssigned,
	})
	if worded, ok := d.worded(err); ok {
		return chat.Answer{}, worded
	}
	if err != nil {
		return chat.Answer{}, err
	}
	end := ""
	if !until.IsZero() {
		end = "，" + d.until(until)
	}
	text := fmt.Sprintf("【权限变更】%s 把角色「%s」分配给了您%s。发送「我的权限」可查看。", call.Member.Name, given, end)
	if err := d.tell(call.Tx, call.App, memberSubject(to.ID), []int64{to.ID}, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", fmt.Sprintf("%s现在是%s%s，已通知本人。", to.Name, given, end)), nil
}

// mayMakeAssigner refuses a role that lets its holder assign permissions to
// whoever may himself only by a grant: what he has for a time others could give
// him back for good.
func (d *Permissions) mayMakeAssigner(call *chat.Call, info policy.RoleInfo) error {
	given := append([]policy.Holding{{Role: info.Role}}, d.rules().Implied(info.Role)...)
	if !slices.Contains(d.rules().Permissions(given), policy.PermAssign) {
		return nil
	}
	actor, err := d.people.Actor(&call.Tx.Reader, call.Member)
	if err != nil {
		return err
	}
	actor.Grants = nil
	if d.rules().Permit(actor, policy.PermAssign, policy.Object{}, call.Tx.Now()).Allowed {
		return nil
	}
	return chat.Refused{
		Reason: "您的分配权限是临时授权，不能设置「" + info.Title + "」", Clause: "G2-4.2(3)",
		Instead: "请管理员发送：权限 分配 " + call.Person("姓名").Name + " " + info.Title,
	}
}

// roleNamed finds the role an assigner means. A permission is answered with how
// to apply for it.
func (d *Permissions) roleNamed(word string, to store.Member) (policy.RoleInfo, error) {
	info, known := d.rules().RoleNamed(word)
	if known && info.Kind == policy.Base {
		return info, chat.Refused{Reason: "「" + info.Title + "」是每位成员都有的，不用分配", Instead: "分配其他角色"}
	}
	if known {
		return info, nil
	}
	if permission, ok := policy.PermissionNamed(word); ok {
		return info, chat.Refused{
			Reason: "权限随角色而来，不单独分配给个人", Clause: "G2-4.2(2)",
			Instead: fmt.Sprintf("请%s发送：权限申请 %s <理由> [期限]", to.Name, permission.Code),
		}
	}
	var near []string
	for _, other := range nearest(word, d.rules().Roles(), func(r policy.RoleInfo) []string { return []string{string(r.Role), r.Title} }) {
		near = append(near, other.Title)
	}
	instead := "写角色的名称，例如 审批人员A"
	if len(near) > 0 {
		instead = strings.Join(near, "、")
	}
	return info, chat.Refused{Reason: "没有名为「" + chat.OneLine(word, 30) + "」的角色", Instead: instead}
}

// readAssignment reads object and term behind a role. Either may be missing.
func (d *Permissions) readAssignment(call *chat.Call, info policy.RoleInfo) (object string, until time.Time, err error) {
	now := d.local(call.At)
	object = strings.TrimSpace(call.Text("对象"))
	limit := strings.TrimSpace(call.Text("期限"))
	if info.Object == "" && object != "" { // the role takes none: it belongs to the term
		object, limit = "", strings.TrimSpace(object+" "+limit)
	}
	if object != "" && limit == "" && !call.Has("期限") {
		if _, err := readTerm(object, now); err == nil && info.Kind != policy.Bound {
			object, limit = "", object
		}
	}
	if object, err = d.readObject(&call.Tx.Reader, info, object); err != nil {
		return "", until, err
	}
	if limit == "" {
		return object, until, nil
	}
	asked, err := readTerm(limit, now)
	if errors.Is(err, words.ErrUnknown) {
		return "", until, chat.Refused{Reason: "看不懂期限「" + chat.OneLine(limit, 20) + "」", Instead: "写成 30天 或 到4月1日，不写为长期"}
	}
	if err != nil {
		return "", until, err
	}
	rules := d.termRules()
	rules.maxDays = maxRoleDays
	again := "权限 分配 " + call.Person("姓名").Name + " " + info.Title + " " + object + " %s"
	if err := asked.check(call.Tx.Now(), rules, again); err != nil {
		return "", until, err
	}
	if asked.From.After(now) {
		return "", until, chat.Refused{Reason: "角色从分配时起生效，不能指定开始日期", Instead: "只写结束日期，例如 到4月1日"}
	}
	_, until = asked.bounds(now, rules.defaultDays, rules.addWorkdays)
	return object, until, nil
}

// maxRoleDays bounds a role given for a time; without one it has no end.
const maxRoleDays = 3660

// readObject reads the process or department a role is for.
func (d *Permissions) readObject(r *store.Reader, info policy.RoleInfo, object string) (string, error) {
	switch {
	case object == "" && info.Kind == policy.Bound:
		example := "P-02"
		if info.Object == policy.DepartmentObject {
			example = "销售部"
		}
		return "", chat.Refused{Reason: "「" + info.Title + "」要说明是哪个" + objectWord(info), Instead: "权限 分配 <姓名> " + info.Title + " " + example}
	case object == "" || info.Object == policy.ProcessObject:
		return strings.ToUpper(object), nil
	}
	if _, ok := number(object); ok {
		return object, nil
	}
	departments, err := r.DepartmentsNamed(object, 2)
	if err != nil {
		return "", err
	}
	switch len(departments) {
	case 0:
		return "", chat.Refused{Reason: "没有找到部门「" + chat.OneLine(object, 20) + "」", Instead: "写部门的全称"}
	case 1:
		return fmt.Sprint(departments[0].ID), nil
	}
	return "", chat.Refused{Reason: "有几个部门叫「" + chat.OneLine(object, 20) + "」", Instead: "写部门在企业微信里的编号"}
}

func objectWord(info policy.RoleInfo) string {
	if info.Object == policy.DepartmentObject {
		return "部门"
	}
	return "流程"
}

// holding is what a member holds of a role for an object.
func (d *Permissions) holding(r *store.Reader, m store.Member, role policy.Role, object string) (policy.Holding, bool, error) {
	actor, err := d.people.Actor(r, m)
	if err != nil {
		return policy.Holding{}, false, err
	}
	for _, h := range actor.Holdings {
		if h.Role == role && strings.EqualFold(h.Object, object) {
			return h, true, nil
		}
	}
	return policy.Holding{}, false, nil
}

// himself refuses what nobody does for himself.
func (d *Permissions) himself() error {
	return chat.Refused{
		Reason: "不能给自己分配、收回或解除权限", Clause: "G1-4.2.1(四)", Instead: "请另一位管理员办理，或发送：权限申请 <权限> <理由>",
		Denied: chat.NoPermission{Permission: string(policy.PermAssign)},
	}
}

// worded turns the refusals of people into the member's words.
func (d *Permissions) worded(err error) (error, bool) {
	var conflicting *people.Conflicting
	var self *people.Self
	var invalid *people.Invalid
	switch {
	case errors.As(err, &conflicting):
		var pairs []string
		for _, c := range conflicting.Conflicts {
			pairs = append(pairs, names{people: d.people}.conflict(c))
		}
		return chat.Refused{Reason: "职责冲突：" + some(pairs, 3), Clause: "G1-4.2.1(四)", Instead: "换一位同事，或先收回与之冲突的角色"}, true
	case errors.As(err, &self):
		return d.himself(), true
	case errors.As(err, &invalid):
		return chat.Refused{Reason: invalid.Text, Instead: invalid.Instead}, true
	}
	return nil, false
}

// conflict is "流程管理员 与 审批人员A（P-02） 不能由同一人担任".
func (n names) conflict(c policy.Conflict) string {
	return n.holding(c.A) + " 与 " + n.holding(c.B) + " 不能由同一人担任"
}

// unassign is 权限 收回: an assigned role, or a personal grant.
func (d *Permissions) unassign(call *chat.Call) (chat.Answer, error) {
	from, word := call.Person("姓名"), call.Text("角色")
	if from.ID == call.Member.ID {
		return chat.Answer{}, d.himself()
	}
	if info, known := d.rules().RoleNamed(word); known {
		return d.unassignRole(call, from, info)
	}
	if permission, ok := policy.PermissionNamed(word); ok {
		return d.endGrants(call, from, permission)
	}
	_, err := d.roleNamed(word, from)
	return chat.Answer{}, err
}

func (d *Permissions) unassignRole(call *chat.Call, from store.Member, info policy.RoleInfo) (chat.Answer, error) {
	r := &call.Tx.Reader
	actor, err := d.people.Actor(r, from)
	if err != nil {
		return chat.Answer{}, err
	}
	names, err := d.names(r)
	if err != nil {
		return chat.Answer{}, err
	}
	object, why, err := d.objectAndReason(call, info)
	if err != nil {
		return chat.Answer{}, err
	}
	var held []policy.Holding
	for _, h := range actor.Holdings {
		if h.Role == info.Role && (object == "" || strings.EqualFold(h.Object, object)) {
			held = append(held, h)
		}
	}
	switch {
	case len(held) == 0:
		return chat.Answer{}, chat.Refused{Reason: from.Name + "没有角色「" + info.Title + "」", Instead: "谁有 <权限> 可查看持有人"}
	case len(held) > 1:
		var which []string
		for _, h := range held {
			which = append(which, names.holding(h))
		}
		return chat.Answer{}, chat.Refused{
			Reason:  from.Name + "有" + some(which, 5) + "，请说明收回哪一个",
			Instead: "权限 收回 " + from.Name + " " + info.Title + " 对象:" + held[0].Object,
		}
	}
	given := names.holding(held[0])
	binding, err := d.bindingOf(r, from, held[0])
	if isMissing(err) {
		return chat.Answer{}, chat.Refused{
			Reason: fmt.Sprintf("「%s」%s，不能单独收回", given, held[0].Source.Label()), Clause: "G2-4.2(2)",
			Instead: "调整" + from.Name + "的角色类别，或在规则文件的 administrators 中删除",
		}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	err = d.people.EndBinding(call.Tx, binding.ID, call.Member.ID, why)
	if worded, ok := d.worded(err); ok {
		return chat.Answer{}, worded
	}
	if err != nil {
		return chat.Answer{}, err
	}
	return d.withdrawn(call, from, "角色「"+given+"」", why)
}

// bindingOf finds what gives a member a role; store.ErrNotFound when it follows
// from his category or from the rulebook's administrators.
func (d *Permissions) bindingOf(r *store.Reader, m store.Member, h policy.Holding) (store.RoleBinding, error) {
	bindings, err := r.BindingsOf(m.ID)
	if err != nil {
		return store.RoleBinding{}, err
	}
	for _, b := range bindings {
		if b.State.InForce() && b.Role == string(h.Role) && strings.EqualFold(b.Object, h.Object) && b.Source == string(h.Source) {
			return b, nil
		}
	}
	return store.RoleBinding{}, fmt.Errorf("binding of %s: %w", h.Role, store.ErrNotFound)
}

// objectAndReason parts what follows a role: 对象:P-02, or a first word that is
// an object, then the reason.
func (d *Permissions) objectAndReason(call *chat.Call, info policy.RoleInfo) (object, why string, err error) {
	object, why = strings.TrimSpace(call.Text("对象")), strings.TrimSpace(call.Text("原因"))
	if object == "" && info.Object != "" && why != "" {
		first, rest, _ := strings.Cut(why, " ")
		found, err := d.readObject(&call.Tx.Reader, info, first)
		if err == nil && (info.Object == policy.DepartmentObject || processLike(found)) {
			return found, strings.TrimSpace(rest), nil
		}
		return "", why, nil
	}
	if object != "" {
		object, err = d.readObject(&call.Tx.Reader, info, object)
	}
	return object, why, err
}

// processLike says whether a word may be the number of a process: P-02.
func processLike(word string) bool {
	letters, digits, ok := strings.Cut(word, "-")
	_, numeric := number(digits)
	return ok && numeric && letters != "" && len(letters) <= 2
}

func (d *Permissions) endGrants(call *chat.Call, from store.Member, info policy.PermissionInfo) (chat.Answer, error) {
	grants, err := call.Tx.GrantsOf(from.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	object, why := strings.TrimSpace(call.Text("对象")), strings.TrimSpace(call.Text("原因"))
	ended := 0
	for _, g := range grants {
		if g.Permission != string(info.Code) || object != "" && !strings.EqualFold(g.Object, object) {
			continue
		}
		if err := d.people.EndGrant(call.Tx, g.ID, call.Member.ID, why); err != nil {
			return chat.Answer{}, err
		}
		ended++
	}
	if ended == 0 {
		return chat.Answer{}, chat.Refused{
			Reason: from.Name + "没有「" + info.Title + "」的个人授权", Clause: "G2-4.2(2)",
			Instead: "谁有 " + string(info.Code) + " 可查看来源；要立即停用，发送：权限 禁止 " + from.Name + " " + string(info.Code),
		}
	}
	return d.withdrawn(call, from, "授权「"+info.Title+"」", why)
}

// withdrawn tells both sides what was taken.
func (d *Permissions) withdrawn(call *chat.Call, from store.Member, what, why string) (chat.Answer, error) {
	text := fmt.Sprintf("【权限变更】%s 收回了您的%s%s。", call.Member.Name, what, because(why))
	if err := d.tell(call.Tx, call.App, memberSubject(from.ID), []int64{from.ID}, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", fmt.Sprintf("已收回%s的%s，已通知本人。", from.Name, what)), nil
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return "，原因：" + chat.OneLine(why, 60)
}

// forbid is 权限 禁止: an explicit deny, which comes before roles and grants (S02).
func (d *Permissions) forbid(call *chat.Call) (chat.Answer, error) {
	to, object, info, denies, err := d.denial(call)
	if err != nil {
		return chat.Answer{}, err
	}
	why := chat.OneLine(call.Text("原因"), maxReason)
	title := info.Title + objectSuffix(object)
	if d.rules().Base(info.Code) && info.Code == policy.ItemAnswer {
		return chat.Answer{}, chat.Refused{Reason: "「" + info.Title + "」是工作必需的基本权限，不能禁止", Instead: "账号有风险时，发送：账号 挂失"}
	}
	if len(denies) > 0 {
		return chat.Answer{}, chat.Refused{Reason: to.Name + "已经被禁止使用「" + title + "」", Instead: "权限 解除 " + to.Name + " " + string(info.Code)}
	}
	err = d.people.Forbid(call.Tx, store.Deny{MemberID: to.ID, Permission: string(info.Code), Object: object, Reason: why, By: call.Member.ID})
	if worded, ok := d.worded(err); ok {
		return chat.Answer{}, worded
	}
	if err != nil {
		return chat.Answer{}, err
	}
	text := fmt.Sprintf("【权限变更】%s 暂停了您使用「%s」%s。有疑问请联系他。", call.Member.Name, title, because(why))
	if err := d.tell(call.Tx, call.App, memberSubject(to.ID), []int64{to.ID}, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", fmt.Sprintf("已禁止%s使用「%s」，已通知本人。恢复可发送：权限 解除 %s %s", to.Name, title, to.Name, info.Code)), nil
}

// allow is 权限 解除.
func (d *Permissions) allow(call *chat.Call) (chat.Answer, error) {
	to, object, info, denies, err := d.denial(call)
	if err != nil {
		return chat.Answer{}, err
	}
	title := info.Title + objectSuffix(object)
	if len(denies) == 0 {
		return chat.Answer{}, chat.Refused{Reason: to.Name + "没有被禁止使用「" + title + "」", Instead: "谁有 " + string(info.Code)}
	}
	for _, deny := range denies {
		if err := d.people.Allow(call.Tx, deny.ID, call.Member.ID); err != nil {
			return chat.Answer{}, err
		}
	}
	text := fmt.Sprintf("【权限变更】%s 解除了对您使用「%s」的禁止。", call.Member.Name, title)
	if err := d.tell(call.Tx, call.App, memberSubject(to.ID), []int64{to.ID}, text); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", fmt.Sprintf("已解除对%s使用「%s」的禁止，已通知本人。", to.Name, title)), nil
}

// denial reads whom and what 禁止 and 解除 are about, and what is forbidden of it.
func (d *Permissions) denial(call *chat.Call) (to store.Member, object string, info policy.PermissionInfo, found []store.Deny, err error) {
	to, object = call.Person("姓名"), strings.TrimSpace(call.Text("对象"))
	if to.ID == call.Member.ID {
		return to, object, info, nil, d.himself()
	}
	if info, err = d.permissionNamed(call.Text("权限")); err != nil {
		return to, object, info, nil, err
	}
	denies, err := call.Tx.DeniesOf(to.ID)
	for _, deny := range denies {
		if deny.Permission == string(info.Code) && strings.EqualFold(deny.Object, object) {
			found = append(found, deny)
		}
	}
	return to, object, info, found, err
}
