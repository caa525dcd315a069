package people

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
)

const (
	maxGiven  = 50 // roles somebody may be given, and grants he may have, at once
	maxObject = 64 // bytes of a process number or other object
)

// Assignment gives a member a role.
type Assignment struct {
	Member int64
	Role   policy.Role
	Object string        // process number or department id, see policy.RoleInfo.Object
	Until  time.Time     // zero: until further notice
	By     int64         // 0: the system, on an approved application
	Source policy.Source // SourceAssigned or SourceApplication; empty: SourceAssigned
	Case   string        // the approved application or other case; may be empty
}

// Conflicting refuses an assignment because one person may not hold both duties
// (permission.sod, G1-4.2.1(四)).
type Conflicting struct{ Conflicts []policy.Conflict }

func (e *Conflicting) Error() string { return "duties that exclude each other" }

// Self refuses to give oneself a role or permission.
type Self struct{}

func (e *Self) Error() string { return "nobody gives himself a role or permission" }

// Invalid refuses a role or permission whose values make no sense. Text says
// why, in Chinese without a full stop, Instead what to do.
type Invalid struct{ Text, Instead string }

func (e *Invalid) Error() string { return e.Text }

// Assign gives a member a role at once. A category replaces the one he has, and
// given again a role has the new end. Errors: *Self, *Conflicting, *Invalid,
// store.ErrNotFound.
func (p *People) Assign(tx *store.Tx, as Assignment) error {
	if as.By != 0 && as.By == as.Member {
		return &Self{}
	}
	a, err := p.change(tx, as.Member)
	if err != nil {
		return err
	}
	info, err := p.checkAssignment(tx, &as, a.member)
	if err != nil {
		return err
	}
	before := a.effective()
	binding, err := a.give(as, info)
	if err != nil {
		return err
	}
	if conflicts := newOnly(p.rules().Conflicts(a.effective()), p.rules().Conflicts(before)); len(conflicts) > 0 {
		return &Conflicting{conflicts}
	}
	_, err = p.record(tx, a, before, Cause{Kind: BecauseAssigned, Reason: "分配角色：" + info.Title, By: as.By})
	if err != nil {
		return err
	}
	if !as.Until.IsZero() {
		if _, err := tx.Enqueue(ExpireBinding{ID: binding.ID}, store.At(as.Until)); err != nil {
			return err
		}
	}
	if info.Role == policy.Administrator {
		return p.warnOfAdministrators(tx)
	}
	return nil
}

// change locks a member and reads what he holds, for a change of it.
func (p *People) change(tx *store.Tx, member int64) (*access, error) {
	if err := tx.Lock(store.Member{}.TableName(), member); err != nil {
		return nil, err
	}
	m, err := tx.Member(member)
	if err != nil {
		return nil, err
	}
	return p.accessOf(&tx.Reader, m)
}

// checkAssignment refuses what makes no sense, and writes the object as it is
// stored.
func (p *People) checkAssignment(tx *store.Tx, as *Assignment, m store.Member) (policy.RoleInfo, error) {
	info, known := p.rules().RoleNamed(string(as.Role))
	if as.Source == "" {
		as.Source = policy.SourceAssigned
	}
	as.Role = info.Role
	as.Object = strings.TrimSpace(as.Object)
	switch {
	case !known:
		return info, &Invalid{"没有这个角色", "发送 帮助 权限 查看可以分配的角色"}
	case as.Source.Derived():
		return info, fmt.Errorf("assign %s: %q is no source of an assignment", info.Role, as.Source)
	case !m.Present():
		return info, &Invalid{m.Name + "不在职", "换一位在职的同事"}
	case info.Kind == policy.Base:
		return info, &Invalid{info.Title + "是所有成员都有的角色", "选择其他角色"}
	case info.Kind == policy.Bound && as.Object == "":
		return info, &Invalid{info.Title + "须指明" + objectWord(info), "写明" + objectWord(info) + "再分配"}
	case info.Object == "" && as.Object != "":
		return info, &Invalid{info.Title + "不针对某个流程或部门", "去掉对象再分配"}
	case len(as.Object) > maxObject:
		return info, &Invalid{objectWord(info) + "太长", "写编号或名称"}
	case !as.Until.IsZero() && !as.Until.After(tx.Now()):
		return info, &Invalid{"结束时间已经过去", "写一个以后的时间"}
	}
	if info.Object != policy.DepartmentObject || as.Object == "" {
		return info, nil
	}
	org, err := p.Org(&tx.Reader)
	if err != nil {
		return info, err
	}
	id, err := strconv.ParseInt(as.Object, 10, 64)
	if err != nil {
		if d := p.rules().ResolveDepartment(as.Object, org); d.Found && !d.Fallback {
			id = d.ID
		}
	}
	if _, there := org.Department(id); !there {
		return info, &Invalid{"没有部门“" + as.Object + "”", "写企业微信通讯录里的部门名称"}
	}
	as.Object = strconv.FormatInt(id, 10)
	return info, nil
}

func objectWord(info policy.RoleInfo) string {
	if info.Object == policy.DepartmentObject {
		return "部门"
	}
	return "流程编号"
}

// give adds a binding, or renews the one that is there.
func (a *access) give(as Assignment, info policy.RoleInfo) (*store.RoleBinding, error) {
	var until *time.Time
	if !as.Until.IsZero() {
		until = &as.Until
	}
	count := 0
	for _, b := range a.bindings {
		given := !policy.Source(b.Source).Derived()
		switch {
		case b.State == store.BindingEnded:
			continue
		case given && isFor(*b, as.Role, as.Object) && sameTime(b.ExpiresAt, until):
			return nil, &Invalid{a.member.Name + "已有角色" + info.Title, ""}
		case given && isFor(*b, as.Role, as.Object):
			a.end(b, as.By, "已续期")
		case !given && isFor(*b, as.Role, as.Object) && b.State == store.BindingActive && info.Kind != policy.Category:
			return nil, &Invalid{a.member.Name + "已有角色" + info.Title + "（" + policy.Source(b.Source).Label() + "）", ""}
		case !given && isFor(*b, as.Role, as.Object):
			a.end(b, as.By, "由分配代替")
		case info.Kind == policy.Category && a.p.rules().RoleOf(policy.Role(b.Role)).Kind == policy.Category:
			a.end(b, as.By, "类别改为"+info.Title)
		case given:
			count++
		}
	}
	if a.p.rules().IsAdministrator(a.member.UserID) && info.Kind == policy.Category {
		return nil, &Invalid{a.member.Name + "在规则的 administrators 中指定为管理员", "先修改规则文件再分配其他类别"}
	}
	if count >= maxGiven {
		return nil, &Invalid{fmt.Sprintf("%s已有 %d 个分配的角色", a.member.Name, count), "先收回不再需要的角色"}
	}
	b := &store.RoleBinding{
		MemberID: a.member.ID, Role: string(as.Role), Object: as.Object, Source: string(as.Source), State: store.BindingActive,
		Case: as.Case, By: as.By, ExpiresAt: until,
	}
	a.bindings = append(a.bindings, b)
	a.dirty[b] = true
	return b, nil
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// EndBinding takes a role away, also one that contacts and rulebook give: that
// one is not proposed again while they do. One that has ended stays as it is.
func (p *People) EndBinding(tx *store.Tx, id, by int64, why string) error {
	row, err := tx.Binding(id)
	if err != nil {
		return err
	}
	a, err := p.change(tx, row.MemberID)
	if err != nil {
		return err
	}
	for _, b := range a.bindings {
		if b.ID == id && b.State != store.BindingEnded && b.State != store.BindingRefused {
			return p.endBinding(tx, a, b, by, why)
		}
	}
	return nil
}

func (p *People) endBinding(tx *store.Tx, a *access, b *store.RoleBinding, by int64, why string) error {
	if by != 0 && by == a.member.ID {
		return &Self{} // giving up a role may end a separation of duties' watch over him
	}
	if err := each(tx, p.hooks.placed, a.member); err != nil {
		return err
	}
	before := a.effective()
	if policy.Source(b.Source).Derived() {
		a.refuse(b, by, why)
	} else {
		a.end(b, by, why)
		due, err := p.due(&tx.Reader, a.member)
		if err != nil {
			return err
		}
		a.align(due, false, true)
	}
	title := p.rules().RoleOf(policy.Role(b.Role)).Title
	_, err := p.record(tx, a, before, Cause{Kind: BecauseAssigned, Reason: "收回角色：" + title + "，" + why, By: by})
	return err
}

// warnOfAdministrators tells the 管理员 when there are more than
// account.max_admins (G2-4.2(3)).
func (p *People) warnOfAdministrators(tx *store.Tx) error {
	all, err := p.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	most := p.rules().Rules().Account.MaxAdmins
	if len(all) <= most {
		return nil
	}
	return p.notify.Tell(tx, notify.Notice{
		To: all, Important: true, Purpose: "permission.administrators", Subject: store.Subject{Kind: "system"},
		Text: fmt.Sprintf("【提醒】现在有 %d 位管理员，超过规定的 %d 位（依据 G2-4.2(3)）。请收回不再需要的管理员类别：权限 收回 <成员> 管理员", len(all), most),
	})
}

// warnOfAdministrator tells the other 管理员 when somebody comes to a userid that
// the rulebook names as 管理员: he is one from now on, whoever he is, for WeCom
// gives the userid of somebody who left to somebody else, and renames.
func (p *People) warnOfAdministrator(tx *store.Tx, c change) error {
	m := c.after
	came := c.back() || c.first() || store.Fold(c.before.UserID) != store.Fold(m.UserID)
	if c.quiet || !came || !m.Present() || !p.rules().IsAdministrator(m.UserID) {
		return nil
	}
	all, err := p.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	return p.notify.Tell(tx, notify.Notice{
		To: slices.DeleteFunc(all, func(id int64) bool { return id == m.ID }), Important: true,
		Purpose: "permission.administrator_came", Subject: store.Subject{Kind: "member", ID: m.ID},
		Text: fmt.Sprintf("【提醒】%s 现在使用账号 %s。规则的 administrators 写明这个账号是管理员，他因此成为管理员（依据 G2-4.2(3)）。"+
			"如果他不是，请立即让行政部或信息安全部门发送：账号 挂失 %s，并修改规则文件。", m.Name, m.UserID, m.UserID),
	})
}

// Suspend leaves a member only the base permissions, at once (挂失,
// G2-4.2(3)). Suspended again, he stays so.
func (p *People) Suspend(tx *store.Tx, member, by int64) error {
	return p.suspend(tx, member, by, true)
}

// Restore ends a suspension; nobody ends his own. Errors: *Self.
func (p *People) Restore(tx *store.Tx, member, by int64) error {
	if by != 0 && by == member {
		return &Self{}
	}
	return p.suspend(tx, member, by, false)
}

func (p *People) suspend(tx *store.Tx, member, by int64, suspended bool) error {
	if err := tx.Lock(store.Member{}.TableName(), member); err != nil {
		return err
	}
	m, err := tx.Member(member)
	if err != nil || (m.SuspendedAt != nil) == suspended {
		return err
	}
	action := "permission.restore"
	m.SuspendedAt = nil
	if suspended {
		now := tx.Now()
		m.SuspendedAt, action = &now, "permission.suspend"
	}
	if err := tx.SaveMember(&m); err != nil {
		return err
	}
	return auditAccess(tx, action, member, by, nil)
}

func auditAccess(tx *store.Tx, action string, member, by int64, detail map[string]any) error {
	source := store.SourceJob
	if by != 0 {
		source = store.SourceChat
	}
	return tx.Audit(store.AuditEntry{
		Actor: by, Action: action, Source: source, Subject: store.Subject{Kind: "member", ID: member}, Detail: detail,
	})
}

// Administrators answers the 管理员 who are here: those the rulebook names, and
// those who have the category, by id.
func (p *People) Administrators(r *store.Reader) ([]int64, error) {
	var ids []int64
	for _, userid := range p.rules().Rules().Administrators {
		m, err := r.MemberByUserID(userid)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if m.Present() {
			ids = append(ids, m.ID)
		}
	}
	bound, err := r.BindingsWith(string(policy.Administrator), 0, maxAdministrators)
	if err != nil {
		return nil, err
	}
	given := make([]int64, 0, len(bound))
	for _, b := range bound {
		if b.ExpiresAt == nil || r.Now().Before(*b.ExpiresAt) {
			given = append(given, b.MemberID)
		}
	}
	members, err := r.Members(given)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m.Present() && !slices.Contains(ids, m.ID) {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

// maxAdministrators bounds the 管理员 by assignment that are looked for.
const maxAdministrators = 200
