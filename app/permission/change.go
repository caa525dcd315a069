package permission

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
	"guiju/wecom/card"
)

// changeCard is C-PERM-DIFF; its subject is a permission change.
const changeCard = "permission-change"

// Changed follows a change of somebody's access that is new, amended or
// settled: the member is told, and what it adds is put to who confirms it.
func (d *Permissions) Changed(tx *store.Tx, c store.PermissionChange) error {
	if err := d.tellChanged(tx, c); err != nil {
		return err
	}
	if c.State != store.ChangeOpen {
		if c.State == store.ChangeDone { // else who decided stops them
			if err := d.clocks.Cancel(tx, c.Subject()); err != nil {
				return err
			}
		}
		return d.notify.Refresh(tx, c.Subject())
	}
	answered, err := d.clocks.Answered(&tx.Reader, c.Subject())
	if err != nil {
		return err
	}
	if !answered {
		return d.notify.Refresh(tx, c.Subject()) // amended: one card, redrawn
	}
	to, err := d.confirmers(tx, c.MemberID)
	if err != nil {
		return err
	}
	q, err := d.changeQuestion(&tx.Reader, c)
	if err != nil {
		return err
	}
	return d.ask(tx, q, to)
}

// confirmers answers who is asked about a member's change: permission.confirm_by,
// where nobody holds that post the 管理员 (G1-4.3.2(2), G1-4.2(3)). It may be
// nobody in a company that has no 管理员 yet.
func (d *Permissions) confirmers(tx *store.Tx, about int64) ([]int64, error) {
	confirmer := people.Whom(d.rules().Rules().Permission.ConfirmBy)
	found, err := d.people.Resolve(&tx.Reader, confirmer, about)
	if err == nil && !found.Vacant {
		return found.Members, nil
	}
	if err != nil && !isMissing(err) {
		return nil, err
	}
	if err := d.people.ReportVacancy(tx, confirmer, found, about); err != nil {
		return nil, err
	}
	admins, adminErr := d.people.Administrators(&tx.Reader)
	if adminErr != nil {
		return nil, adminErr
	}
	admins = slices.DeleteFunc(slices.Clone(admins), func(id int64) bool { return id == about })
	if len(admins) == 0 {
		return found.Members, nil
	}
	return admins, nil
}

func (d *Permissions) changeQuestion(r *store.Reader, c store.PermissionChange) (question, error) {
	member, err := r.Member(c.MemberID)
	if err != nil {
		return question{}, err
	}
	return question{
		subject: c.Subject(), number: c.Number, title: member.Name + "的权限变更：" + c.Reason, card: changeCard,
		within: policy.WorkSpan{Workdays: d.rules().Rules().Permission.AddConfirmWorkdays}, about: c.MemberID,
	}, nil
}

// tellChanged tells the member once about each state of a change.
func (d *Permissions) tellChanged(tx *store.Tx, c store.PermissionChange) error {
	member, err := tx.Member(c.MemberID)
	if err != nil || !member.Present() {
		return err
	}
	names, err := d.names(&tx.Reader)
	if err != nil {
		return err
	}
	added, removed := names.access(c.Added), names.access(lost(c))
	var lines []string
	switch c.State {
	case store.ChangeConfirmed:
		lines = append(lines, "新增已确认："+strings.Join(added, "、"))
	case store.ChangeRejected:
		lines = append(lines, "新增没有通过，保持现状。需要时可发送：权限申请 <权限> <理由> [期限]")
	default:
		if len(removed) > 0 {
			lines = append(lines, d.removedWord(c)+"："+strings.Join(removed, "、"))
		}
		if len(added) > 0 && c.State == store.ChangeOpen {
			lines = append(lines, "新增，等待确认："+strings.Join(added, "、"))
		} else if len(added) > 0 {
			lines = append(lines, "新增："+strings.Join(added, "、"))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	text := fmt.Sprintf("【权限变更】%s %s\n%s", c.Number, c.Reason, strings.Join(lines, "\n"))
	for i, part := range chat.Split(text) {
		err := d.notify.Tell(tx, notify.Notice{
			To: []int64{c.MemberID}, Text: part, Subject: c.Subject(), Purpose: eventPurpose,
			Unique: fmt.Sprintf("permission.change:%d:%d:%s:%d", c.ID, c.Phase, c.State, i),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lost is what a change takes away, as people are told: a newcomer has lost
// nothing by getting more than everybody has.
func lost(c store.PermissionChange) store.Access {
	if c.Kind == people.BecauseJoined {
		return store.Access{}
	}
	return c.Removed
}

// removedWord says whether what a change removes has ended already: by default
// at once (permission.revoke_immediately).
func (d *Permissions) removedWord(c store.PermissionChange) string {
	switch {
	case c.State != store.ChangeOpen || d.rules().Rules().Permission.RevokeImmediately:
		return "已收回"
	default:
		return "确认后收回"
	}
}

// confirm is 确认新增.
func (d *Permissions) confirm(call *chat.Call) (chat.Answer, error) { return d.settle(call, true, "") }

// reject is 拒绝.
func (d *Permissions) reject(call *chat.Call) (chat.Answer, error) {
	return d.settle(call, false, chat.OneLine(call.Text("说明"), maxReason))
}

func (d *Permissions) settle(call *chat.Call, confirm bool, why string) (chat.Answer, error) {
	c, err := d.lockedChange(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if c.State != store.ChangeOpen {
		return chat.Answer{}, d.settled(&call.Tx.Reader, c)
	}
	member, err := call.Tx.Member(c.MemberID)
	if err != nil {
		return chat.Answer{}, err
	}
	err = d.people.Settle(call.Tx, c.ID, confirm, call.Member.ID)
	if worded, ok := d.worded(err); ok {
		return chat.Answer{}, worded
	}
	if err != nil {
		return chat.Answer{}, err
	}
	if err := d.decided(call.Tx, c.Subject(), call.Member.ID, call.At); err != nil {
		return chat.Answer{}, err
	}
	action, answer := "permission.change.confirmed", member.Name+"的新增权限已生效，已通知本人。"
	if !confirm {
		action, answer = "permission.change.rejected", "已拒绝"+member.Name+"的新增权限，已通知本人。"
	}
	if err := d.audit(call, action, c.Subject(), map[string]any{"number": c.Number, "why": why}); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(c.Number, answer), nil
}

// lockedChange takes the change the caller may decide. Whoever may not gets the
// answer of a number that does not exist; the member himself is refused.
func (d *Permissions) lockedChange(call *chat.Call) (store.PermissionChange, error) {
	number := call.Number("编号")
	c, err := call.Tx.PermissionChangeByNumber(number)
	if isMissing(err) {
		return c, chat.NotFound{Number: number}
	}
	if err != nil {
		return c, err
	}
	if err := call.Tx.Lock(c.TableName(), c.ID); err != nil {
		return c, err
	}
	if c, err = call.Tx.PermissionChange(c.ID); err != nil {
		return c, err
	}
	if c.MemberID == call.Member.ID {
		return c, chat.Refused{
			Reason: "不能确认自己的权限变更", Clause: "S02", Instead: "追溯 " + c.Number,
			Denied: chat.NoPermission{Permission: string(policy.PermAssign), Object: c.Number},
		}
	}
	may, err := d.mayDecide(call, c.Subject())
	if err == nil && may {
		err = reportedLost(call.Member)
	}
	if err == nil && !may && c.DecidedBy != call.Member.ID {
		err = d.notAsked(call, c)
	}
	return c, err
}

// notAsked answers somebody who may not decide a change: one who was asked
// before hears who decided.
func (d *Permissions) notAsked(call *chat.Call, c store.PermissionChange) error {
	clocks, err := call.Tx.ClocksOf(c.Subject(), maxClocks)
	if err != nil {
		return err
	}
	for _, clock := range clocks {
		if clock.ReceiverID == call.Member.ID {
			return d.settled(&call.Tx.Reader, c)
		}
	}
	return chat.NotFound{Number: c.Number}
}

// settled tells who decided a change; still open, that it is for somebody else.
func (d *Permissions) settled(r *store.Reader, c store.PermissionChange) error {
	reason := c.Number + " 已不需要确认"
	if c.State == store.ChangeOpen {
		reason = c.Number + " 已转交他人确认"
	}
	if c.DecidedBy != 0 {
		by, err := r.Member(c.DecidedBy)
		if err != nil {
			return err
		}
		word := "确认"
		if c.State == store.ChangeRejected {
			word = "拒绝"
		}
		reason = fmt.Sprintf("%s 已由%s%s", c.Number, by.Name, word)
	}
	return chat.Refused{Reason: reason, Instead: "追溯 " + c.Number}
}

// changeText is how much of a change a card shows.
const changeText = 160

func (d *Permissions) drawChange(r *store.Reader, v notify.View) (notify.Rendered, error) {
	c, err := r.PermissionChange(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	member, err := r.Member(c.MemberID)
	if err != nil {
		return notify.Rendered{}, err
	}
	names, err := d.names(r)
	if err != nil {
		return notify.Rendered{}, err
	}
	added, removed := names.access(c.Added), names.access(lost(c))
	text := "新增：" + strings.Join(added, "、")
	rows := []card.HorizontalContent{
		{KeyName: "编号", Value: c.Number},
		{KeyName: "成员", Value: names.member(member), Type: card.MemberRow, UserID: member.UserID},
		{KeyName: "原因", Value: c.Reason},
	}
	if len(removed) > 0 {
		text += "\n" + d.removedWord(c) + "：" + strings.Join(removed, "、")
	}
	if due, err := d.dueOf(r, c.Subject()); err != nil {
		return notify.Rendered{}, err
	} else if due != "" {
		rows = append(rows, card.HorizontalContent{KeyName: "时限", Value: due})
	}
	closed, err := d.closedChange(r, c)
	if err != nil {
		return notify.Rendered{}, err
	}
	return notify.Rendered{
		Card: card.ButtonInteraction{
			TaskID: v.TaskID, Source: &card.Source{Desc: "权限变更", DescColor: card.Red},
			Title: card.MainTitle{Title: fmt.Sprintf("%s：%d 项新增待确认", member.Name, len(added)), Desc: d.when(c.CreatedAt)},
			Rows:  rows, SubTitle: cut(text, changeText, "……发送 追溯 "+c.Number+" 看全部"),
			Buttons: []card.Button{
				{Text: "确认新增", Style: 1, Key: notify.Key(c.Phase, "权限变更 确认 "+c.Number)},
				{Text: "拒绝", Style: 2, Key: notify.Key(c.Phase, "权限变更 拒绝 "+c.Number)},
			},
		},
		Phase: c.Phase, Open: c.State == store.ChangeOpen, Closed: closed,
	}, nil
}

// closedChange is what the card of a settled change says: who decided, when (E2.C).
func (d *Permissions) closedChange(r *store.Reader, c store.PermissionChange) (string, error) {
	word := map[store.ChangeState]string{
		store.ChangeConfirmed: "已确认新增", store.ChangeRejected: "已拒绝", store.ChangeDone: "无需确认",
	}[c.State]
	if c.DecidedBy == 0 || c.DecidedAt == nil {
		return word, nil
	}
	by, err := r.Member(c.DecidedBy)
	return fmt.Sprintf("%s %s（%s）", by.Name, word, d.when(*c.DecidedAt)), err
}

// dueOf is the earliest time limit among those who are asked; of those who have
// not been reached yet it is what it would be now.
func (d *Permissions) dueOf(r *store.Reader, subject store.Subject) (string, error) {
	clocks, err := r.ClocksOf(subject, maxClocks)
	if err != nil {
		return "", err
	}
	var due time.Time
	for _, clock := range clocks {
		if !clock.Open() {
			continue
		}
		at := d.rules().DueWithin(policy.WorkSpan{Workdays: d.rules().Rules().Permission.AddConfirmWorkdays}, policy.Normal, r.Now()).Due
		if clock.DueAt != nil {
			at = *clock.DueAt
		}
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	if due.IsZero() {
		return "", nil
	}
	return d.when(due) + " 前", nil
}

// traceChange is 追溯 QX…: for the member, those who are asked, and whoever may
// assign permissions or read the log.
func (d *Permissions) traceChange(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	number, err := whole(r, call.Member.ID, call.Number("编号"), changeSubject)
	if err != nil {
		return chat.Answer{}, err
	}
	c, err := r.PermissionChangeByNumber(number)
	if isMissing(err) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	visible, err := d.mayRead(call, c.Subject(), c.MemberID)
	if err == nil && !visible {
		err = chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	member, err := r.Member(c.MemberID)
	if err != nil {
		return chat.Answer{}, err
	}
	names, err := d.names(r)
	if err != nil {
		return chat.Answer{}, err
	}
	state := map[store.ChangeState]string{
		store.ChangeDone: "已生效", store.ChangeOpen: "等待确认新增", store.ChangeConfirmed: "新增已确认", store.ChangeRejected: "新增已拒绝",
	}[c.State]
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s的权限变更（%s）\n【原因】%s %s", c.Number, names.member(member), state, d.when(c.CreatedAt), c.Reason)
	for _, part := range []struct {
		heading string
		lines   []string
	}{{"新增", names.access(c.Added)}, {d.removedWord(c), names.access(c.Removed)}, {"保留的授权", d.kept(c.Kept)}} {
		if len(part.lines) > 0 {
			fmt.Fprintf(&b, "\n【%s】%s", part.heading, strings.Join(part.lines, "、"))
		}
	}
	if err := d.listAsked(&b, r, c.Subject()); err != nil {
		return chat.Answer{}, err
	}
	return chat.Answer{Text: b.String()}, nil
}

func (d *Permissions) kept(all []store.KeptGrant) []string {
	var lines []string
	for _, g := range all {
		lines = append(lines, permissionTitle(policy.Permission(g.Permission))+objectSuffix(g.Object)+" "+d.until(g.To))
	}
	return lines
}
