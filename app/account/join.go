package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// Arrive is the job that follows when a member joins: his application is found
// or missed, and 入职指引 begins.
type Arrive struct {
	Member int64 `json:"member"`
}

// Kind implements store.JobArgs.
func (Arrive) Kind() string { return "account.arrive" }

// joined is called when a member works here from now on.
func (a *Accounts) joined(tx *store.Tx, j people.Joined) error {
	if err := tx.PutAccountArrival(store.AccountArrival{MemberID: j.Member.ID, JoinedAt: tx.Now()}); err != nil {
		return err
	}
	_, err := tx.Enqueue(Arrive{Member: j.Member.ID}, store.Unique(fmt.Sprint(j.Member.ID)))
	return err
}

func (a *Accounts) arrive(_ context.Context, _ *queue.Job, args Arrive) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		m, err := tx.Member(args.Member)
		if err != nil || !m.Present() {
			return err // gone again
		}
		arrival, err := tx.AccountArrival(m.ID)
		if err != nil {
			return err
		}
		if arrival.ApplicationID == 0 {
			if err := a.match(tx, m, arrival); err != nil {
				return err
			}
		}
		return a.onboard(tx, m, arrival)
	})
}

// match finds the application of somebody who has appeared: the one that names
// his account, else the only one for his name and department (G2-4.2(1)).
func (a *Accounts) match(tx *store.Tx, m store.Member, arrival store.AccountArrival) error {
	named, err := tx.AccountApplicationsNamed(store.AccountCreate, m.UserID, m.Name, maxSame)
	if err != nil {
		return err
	}
	var exact, fit, early []store.AccountApplication
	for _, app := range named {
		ok, err := a.fits(&tx.Reader, app, m)
		if err != nil {
			return err
		}
		switch {
		case !ok:
		case app.State == store.AccountApplied:
			early = append(early, app)
		case app.UserIDFold != "":
			exact = append(exact, app)
		default:
			fit = append(fit, app)
		}
	}
	if len(exact) > 0 {
		fit = exact[:1]
	}
	switch len(fit) {
	case 1:
		app, err := a.locked(tx, fit[0].ID)
		if err != nil {
			return err
		}
		return a.appear(tx, &app, m)
	case 0:
		return a.unapplied(tx, m, arrival, early)
	}
	return a.askWhich(tx, m, arrival, fit)
}

// Approved says whether somebody who appears has an account that everybody has
// agreed to.
func (a *Accounts) Approved(r *store.Reader, m store.Member) (bool, error) {
	named, err := r.AccountApplicationsNamed(store.AccountCreate, m.UserID, m.Name, maxSame)
	if err != nil {
		return false, err
	}
	fit := 0
	for _, app := range named {
		switch {
		case app.State != store.AccountOpening:
		case app.UserIDFold != "":
			if app.UserIDFold == m.UserIDFold {
				return true, nil
			}
		default:
			there, err := a.worksIn(r, m, app.DepartmentID)
			if err != nil {
				return false, err
			}
			if there {
				fit++
			}
		}
	}
	return fit == 1, nil
}

// appear is WeCom's event for an application everybody has agreed to: the
// account is open, and the category of the application is his.
func (a *Accounts) appear(tx *store.Tx, app *store.AccountApplication, m store.Member) error {
	app.MemberID, app.UserID = m.ID, m.UserID
	moved, err := a.step(tx, app, appeared, byEvent)
	if err != nil || !moved {
		return err
	}
	arrival, err := tx.AccountArrival(m.ID)
	if err != nil {
		return err
	}
	arrival.ApplicationID = app.ID
	if err := tx.PutAccountArrival(arrival); err != nil {
		return err
	}
	note, err := a.categorize(tx, *app, m)
	if err != nil {
		return err
	}
	if err := a.requests.Conclude(tx, app.RequestID, store.RequestApproved, fmt.Sprintf("企业微信已出现账号 %s", m.UserID)); err != nil {
		return err
	}
	text := fmt.Sprintf("【账号】%s %s的账号已开通（%s）。", app.Number, app.Name, m.UserID)
	if m.Status == store.MemberInactive {
		text += "请提醒他尽快在手机上激活企业微信。"
	}
	if err := a.tellApplicant(tx, *app, text+note); err != nil {
		return err
	}
	return a.watchActivation(tx, *app)
}

// categorize gives a new member the category of his application. What the
// rules do not let him have is left to those who assign roles.
func (a *Accounts) categorize(tx *store.Tx, app store.AccountApplication, m store.Member) (note string, err error) {
	if app.Category == "" || app.Category == string(policy.Other) {
		return "", nil // everybody's who has no other
	}
	err = a.people.Assign(tx, people.Assignment{
		Member: m.ID, Role: policy.Role(app.Category), Source: policy.SourceApplication, Case: app.Number,
	})
	var conflict *people.Conflicting
	var invalid *people.Invalid
	switch {
	case errors.As(err, &conflict):
		return "角色类别与他的其他职责不相容，没有设置，请管理员处理。", nil
	case errors.As(err, &invalid):
		return "角色类别没有设置成功（" + invalid.Text + "），请管理员处理。", nil
	}
	return "", err
}

// unapplied alerts 行政部 once: somebody has an account nobody agreed to. He has
// the base permissions and the category 其他员工 (AE2).
func (a *Accounts) unapplied(tx *store.Tx, m store.Member, arrival store.AccountArrival, early []store.AccountApplication) error {
	department, err := a.department(&tx.Reader, m.MainDepartment)
	if err != nil {
		return err
	}
	to, err := a.office(&tx.Reader, m.ID)
	if err != nil {
		return err
	}
	who := fmt.Sprintf("%s（%s", m.Name, m.UserID)
	if department != "" {
		who += "，" + department
	}
	text := fmt.Sprintf("【未申请账号】企业微信新增了 %s），没有已批准的账号申请，暂时只有基本权限。", who)
	if len(early) == 1 {
		app, err := a.locked(tx, early[0].ID)
		if err != nil {
			return err
		}
		app.MemberID, app.UserID = m.ID, m.UserID
		if _, err := a.step(tx, &app, appeared, byEvent); err != nil {
			return err
		}
		text += fmt.Sprintf("申请 %s 还在审批，批准后自动生效。", app.Number)
	} else {
		text += "请核实：属实的请补办（账号申请 新增），否则请在管理后台停用。"
	}
	return a.alert(tx, "", store.Subject{Kind: "member", ID: m.ID}, fmt.Sprintf("account.unapplied:%d:%d", m.ID, arrival.JoinedAt.Unix()), text, to...)
}

// askWhich asks 行政部 when several applications may be meant.
func (a *Accounts) askWhich(tx *store.Tx, m store.Member, arrival store.AccountArrival, fit []store.AccountApplication) error {
	to, err := a.office(&tx.Reader, m.ID)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "【账号】新同事 %s（%s）可能对应 %d 份申请，请确认是哪一份：", m.Name, m.UserID, len(fit))
	for _, app := range fit {
		fmt.Fprintf(&b, "\n· %s %s，%s 入职，可发送：已开通 %s %s", app.Number, app.Position, a.day(app.EffectiveAt), app.Number, m.UserID)
	}
	return a.alert(tx, "", store.Subject{Kind: "member", ID: m.ID}, fmt.Sprintf("account.which:%d:%d", m.ID, arrival.JoinedAt.Unix()), b.String(), to...)
}

// office is whom irregular accounts are reported to: who opens accounts, and
// the head of the first of loss_told, 行政部.
func (a *Accounts) office(r *store.Reader, about int64) ([]int64, error) {
	rules := a.rules().Rules().Account
	var all []int64
	for _, whom := range []string{rules.OpenBy, rules.LossTold[0]} {
		found, err := a.people.Resolve(r, people.Whom(whom), about)
		if ignoreNobody(err) != nil {
			return nil, err
		}
		for _, id := range found.Members {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all, nil
}

// moved is called when a member's departments have changed: a change that was
// applied for is done.
func (a *Accounts) moved(tx *store.Tx, m people.Moved) error {
	apps, err := tx.AccountApplicationsFor(m.After.ID, []store.AccountState{store.AccountOpening}, maxSame)
	if err != nil {
		return err
	}
	for _, app := range apps {
		if app.Kind != store.AccountChange || !slices.Contains(m.AfterDepartments, app.DepartmentID) {
			continue
		}
		if app, err = a.locked(tx, app.ID); err != nil {
			return err
		}
		done, err := a.step(tx, &app, changed, byEvent)
		if err != nil {
			return err
		}
		if done {
			if err := a.drop(tx, app.Subject(), app.Name+"的部门已在企业微信变更"); err != nil {
				return err
			}
			if err := a.tellApplicant(tx, app, fmt.Sprintf("【账号】%s %s的部门已在企业微信变更，权限调整随后办理。", app.Number, app.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// askForChange asks whoever changes WeCom to do it; the event does the rest.
func (a *Accounts) askForChange(tx *store.Tx, app store.AccountApplication) error {
	department, err := a.department(&tx.Reader, app.DepartmentID)
	if err != nil {
		return err
	}
	detail := fmt.Sprintf("在企业微信管理后台把%s（%s）调到%s，职务改为%s，%s 生效。", app.Name, app.UserID, department, app.Position, a.day(app.EffectiveAt))
	if app.SuperiorID != 0 {
		superior, err := tx.Member(app.SuperiorID)
		if err != nil {
			return err
		}
		detail += "直接上级：" + superior.Name + "。"
	}
	return a.people.Raise(tx, people.ToDo{
		Whom: people.Whom(a.rules().Rules().Account.OpenBy), About: app.MemberID, Title: "变更账号：" + app.Name, Detail: detail,
		Within: policy.WorkSpan{Workdays: a.rules().Rules().Account.StepWorkdays}, Subject: app.Subject(),
		Unique: "account.change:" + app.Number, App: app.App,
	})
}
