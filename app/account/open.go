package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
	"guiju/store/queue"
)

// openCommand is what whoever opens accounts says when it is done (C-ACCOUNT).
const openCommand = "已开通"

// openRecords are the applications a member may say 已开通 of.
const openRecords = "account.opening"

// approvedRecords are the applications a member may take back although they are
// agreed.
const approvedRecords = "account.approved"

// maxListed bounds every list of this package that a member reads.
const maxListed = 50

func (a *Accounts) openCommands() []chat.Command {
	return []chat.Command{{
		Name: openCommand, Group: group, Permission: string(policy.ApprovalApply),
		Summary: "在企业微信后台办好账号申请后确认", Usage: "已开通 <编号> [账号]", Example: "已开通 A20260302-0001 linxiao",
		Args: []chat.Arg{
			{Name: "编号", Kind: chat.Number, Record: openRecords, Required: true, Prompt: "请问是哪一份申请？"},
			{Name: "账号", Kind: chat.Text, Validate: short("账号", 64)},
		},
		Run: a.open,
	}, {
		Name: "账号申请 撤销", Group: group, Permission: string(policy.ApprovalApply),
		Summary: "撤销已批准、还没办理的变更或停用", Usage: "账号申请 撤销 <编号>", Example: "账号申请 撤销 A20260302-0001",
		Args: []chat.Arg{{Name: "编号", Kind: chat.Number, Record: approvedRecords, Required: true, Prompt: "请问撤销哪一份申请？"}},
		Run:  a.revoke,
	}}
}

// kind is our sort of request.
func (a *Accounts) kind() request.Kind {
	return request.Kind{Title: "账号申请", Check: a.check, Entered: a.entered, Finished: a.finished, Visible: policy.AccountManage}
}

// check refuses whoever is to get the account: the request does not know him
// when he has joined after it was submitted.
func (a *Accounts) check(tx *store.Tx, req store.Request, _ store.RequestStep, by store.Member, _ bool) error {
	app, err := tx.AccountApplicationOf(req.ID)
	if err != nil {
		return err
	}
	about, err := a.aboutOf(&tx.Reader, app)
	if err != nil || about != by.ID {
		return err
	}
	return ownAccount(app)
}

func ownAccount(app store.AccountApplication) error {
	return chat.Refused{
		Reason: "不能审批或开通自己的账号", Clause: "G1-4.2.1(四)", Instead: "请上级或其他管理员处理 " + app.Number,
		Denied: chat.NoPermission{Permission: string(policy.AccountManage), Object: app.Number},
	}
}

// aboutOf is whom an application concerns, as far as he is a member already; 0
// without one.
func (a *Accounts) aboutOf(r *store.Reader, app store.AccountApplication) (int64, error) {
	if app.MemberID != 0 || app.Kind != store.AccountCreate {
		return app.MemberID, nil
	}
	m, _, err := a.arrived(r, app)
	return m.ID, err
}

// entered is called when a request enters a step: at the last one, the opening,
// everybody has agreed.
func (a *Accounts) entered(tx *store.Tx, req store.Request, step store.RequestStep) error {
	if step.Command != openCommand {
		return nil
	}
	app, err := a.ofRequest(tx, req)
	if err != nil {
		return err
	}
	return a.agree(tx, &app, byTimer)
}

// Settle is the job that looks, once everybody has agreed to a new account,
// whether it has been opened already.
type Settle struct {
	Application int64 `json:"application"`
}

// Kind implements store.JobArgs.
func (Settle) Kind() string { return "account.settle" }

func (a *Accounts) settle(_ context.Context, _ *queue.Job, args Settle) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		app, err := a.locked(tx, args.Application)
		if err != nil || app.State != store.AccountOpening {
			return err
		}
		member, found, err := a.arrived(&tx.Reader, app)
		if err != nil || !found {
			return err
		}
		return a.appear(tx, &app, member)
	})
}

// finished is called when a request ends.
func (a *Accounts) finished(tx *store.Tx, req store.Request) error {
	app, err := a.ofRequest(tx, req)
	if err != nil {
		return err
	}
	switch req.State {
	case store.RequestRejected:
		_, err = a.step(tx, &app, rejected, byTimer)
	case store.RequestWithdrawn:
		_, err = a.step(tx, &app, withdrawn, byTimer)
	case store.RequestApproved:
		if app.State == store.AccountApplied { // a change, a stop, or nobody but the deciders was needed
			return a.agree(tx, &app, byTimer)
		}
	}
	return err
}

// agree is the moment in which everybody has agreed.
func (a *Accounts) agree(tx *store.Tx, app *store.AccountApplication, by actor) error {
	moved, err := a.step(tx, app, agreed, by)
	if err != nil || !moved {
		return err
	}
	switch app.Kind {
	case store.AccountStop:
		return a.prepareStop(tx, app)
	case store.AccountChange:
		return a.askForChange(tx, *app)
	}
	// The member may have been there before anybody had agreed. That ends the
	// request, which is not ready for it inside its own step.
	_, err = tx.Enqueue(Settle{Application: app.ID})
	return err
}

// arrived finds the member whose application this is among those who have
// appeared without one.
func (a *Accounts) arrived(r *store.Reader, app store.AccountApplication) (store.Member, bool, error) {
	word := app.Name
	if app.UserID != "" {
		word = app.UserID
	}
	same, err := a.people.Members(r, word, maxSame)
	if err != nil {
		return store.Member{}, false, err
	}
	var fit []store.Member
	for _, m := range same {
		if app.UserID != "" && m.UserIDFold != app.UserIDFold {
			continue
		}
		ok, err := a.fits(r, app, m)
		if err != nil {
			return store.Member{}, false, err
		}
		if ok {
			fit = append(fit, m)
		}
	}
	if len(fit) != 1 {
		return store.Member{}, false, nil
	}
	return fit[0], true, nil
}

// fits says whether a member may be the one an application is for: here, newly
// joined, in the department, and of no other application.
func (a *Accounts) fits(r *store.Reader, app store.AccountApplication, m store.Member) (bool, error) {
	if !m.Present() {
		return false, nil
	}
	arrival, err := r.AccountArrival(m.ID)
	if err != nil || arrival.ApplicationID != 0 {
		return false, ignoreNobody(err)
	}
	if app.UserIDFold != "" {
		return app.UserIDFold == m.UserIDFold, nil
	}
	return a.worksIn(r, m, app.DepartmentID)
}

func (a *Accounts) worksIn(r *store.Reader, m store.Member, department int64) (bool, error) {
	if m.MainDepartment == department {
		return true, nil
	}
	memberships, err := r.Memberships(m.ID)
	return slices.ContainsFunc(memberships, func(s store.Membership) bool { return s.DepartmentID == department }), err
}

// open is 已开通 <编号> [账号]: whoever changes WeCom says that he has done it.
func (a *Accounts) open(call *chat.Call) (chat.Answer, error) {
	number := call.Number("编号")
	app, err := call.Tx.AccountApplicationByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	req, err := call.Tx.Request(app.RequestID)
	if err != nil {
		return chat.Answer{}, err
	}
	opener, err := a.mayOpen(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if req.State == store.RequestRunning || !opener {
		// The request knows whose turn it is and words what is wrong; whoever
		// has nothing to do with it gets the answer of a number that is none.
		if err := a.nameable(call, app); err != nil {
			return chat.Answer{}, err
		}
		if req, err = a.requests.Decide(call, number, true, ""); err != nil {
			return chat.Answer{}, err
		}
	}
	if app, err = a.locked(call.Tx, app.ID); err != nil {
		return chat.Answer{}, err
	}
	return a.said(call, app)
}

// said notes that an account has been opened, and by what name.
func (a *Accounts) said(call *chat.Call, app store.AccountApplication) (chat.Answer, error) {
	if !app.Open() {
		if app.State == store.AccountOpened {
			whose := "该"
			if app.Name != "" {
				whose = app.Name + "的"
			}
			return chat.Accepted(app.Number, whose+"账号已经生效，不用再做什么。"), nil
		}
		return chat.Answer{}, chat.Refused{Reason: app.Number + " " + stateWord(app), Instead: "追溯 " + app.Number}
	}
	if app.Kind == store.AccountStop {
		return chat.Answer{}, chat.Refused{
			Reason:  fmt.Sprintf("%s 是停用申请，%s 自动停用", app.Number, a.when(app.EffectiveAt)),
			Instead: "届时在企业微信管理后台停用该账号即可",
		}
	}
	if err := a.nameable(call, app); err != nil {
		return chat.Answer{}, err
	}
	if given := call.Text("账号"); given != "" && app.Kind == store.AccountCreate {
		app.UserID = given
		app.UserIDFold = store.Fold(given)
	}
	by := actor{member: call.Member.ID, source: store.AuditSource(call.Source)}
	if _, err := a.step(call.Tx, &app, opened, by); err != nil {
		return chat.Answer{}, err
	}
	if app.Kind == store.AccountChange {
		return chat.Accepted(app.Number, "已记录办结，谢谢。"), a.tellApplicant(call.Tx, app, fmt.Sprintf("【账号】%s 「%s」已办理。", app.Number, title(app)))
	}
	member, found, err := a.arrived(&call.Tx.Reader, app)
	if err != nil {
		return chat.Answer{}, err
	}
	if found {
		if err := a.appear(call.Tx, &app, member); err != nil {
			return chat.Answer{}, err
		}
		return chat.Accepted(app.Number, fmt.Sprintf("%s的账号 %s 已生效，已通知申请人。", app.Name, member.UserID)), nil
	}
	if err := a.watchActivation(call.Tx, app); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(app.Number, "已记录，谢谢。通讯录里出现这位同事后，账号即生效并通知申请人。"), nil
}

// nameable refuses the name of an account that belongs to somebody else.
func (a *Accounts) nameable(call *chat.Call, app store.AccountApplication) error {
	given := call.Text("账号")
	if given == "" || app.Kind != store.AccountCreate {
		return nil
	}
	m, err := call.Tx.MemberByUserID(given)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.ID == call.Member.ID {
		return ownAccount(app)
	}
	named := app
	named.UserID, named.UserIDFold = given, store.Fold(given)
	ok, err := a.fits(&call.Tx.Reader, named, m)
	if err != nil || ok {
		return err
	}
	return chat.Refused{Reason: fmt.Sprintf("账号 %s 已经是%s的", m.UserID, m.Name), Instead: "核对账号后发送：已开通 " + app.Number + " <账号>"}
}

// mayOpen says whether the caller opens accounts.
func (a *Accounts) mayOpen(call *chat.Call) (bool, error) {
	found, err := a.people.Resolve(&call.Tx.Reader, people.Whom(a.rules().Rules().Account.OpenBy), 0)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if slices.Contains(found.Members, call.Member.ID) {
		return true, nil
	}
	return call.Permits.Permit(call, string(policy.AccountManage), "")
}

// ofRequest takes the application of a request for a decision about it.
func (a *Accounts) ofRequest(tx *store.Tx, req store.Request) (store.AccountApplication, error) {
	app, err := tx.AccountApplicationOf(req.ID)
	if err != nil {
		return app, err
	}
	return a.locked(tx, app.ID)
}

// locked takes an application under its request's lock, which whoever decides
// holds as well.
func (a *Accounts) locked(tx *store.Tx, id int64) (store.AccountApplication, error) {
	app, err := tx.AccountApplication(id)
	if err != nil {
		return app, err
	}
	if err := tx.Lock(store.Request{}.TableName(), app.RequestID); err != nil {
		return app, err
	}
	if err := tx.Lock(store.AccountApplication{}.TableName(), id); err != nil {
		return store.AccountApplication{}, err
	}
	return tx.AccountApplication(id)
}

// tellApplicant tells whoever applied, or when he has left the head of the
// department.
func (a *Accounts) tellApplicant(tx *store.Tx, app store.AccountApplication, text string) error {
	to := []int64{app.ApplicantID}
	applicant, err := tx.Member(app.ApplicantID)
	if err != nil {
		return err
	}
	if !applicant.Present() {
		heads, err := a.people.Resolve(&tx.Reader, people.Whom(fmt.Sprintf("head:%d", app.DepartmentID)), applicant.ID)
		if err != nil {
			return ignoreNobody(err)
		}
		to = heads.Members
	}
	return a.tell(tx, app.App, app.Subject(), noticePurpose, text, to...)
}

// ignoreNobody lets pass that nobody is left to be told.
func ignoreNobody(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// revoke is 账号申请 撤销: what has been agreed but not been done is taken back by
// the applicant, or by who manages accounts. Before that 撤回 does it.
func (a *Accounts) revoke(call *chat.Call) (chat.Answer, error) {
	number := call.Number("编号")
	app, err := call.Tx.AccountApplicationByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	if app.ApplicantID != call.Member.ID {
		manages, err := call.Permits.Permit(call, string(policy.AccountManage), number)
		if err != nil {
			return chat.Answer{}, err
		}
		if !manages {
			return chat.Answer{}, chat.NotFound{Number: number}
		}
	}
	if app, err = a.locked(call.Tx, app.ID); err != nil {
		return chat.Answer{}, err
	}
	switch {
	case app.State == store.AccountApplied, app.State == store.AccountOpening && app.Kind == store.AccountCreate:
		return chat.Answer{}, chat.Refused{Reason: number + " 还在办理", Instead: "申请人发送：撤回 " + number}
	case app.State != store.AccountOpening:
		return chat.Answer{}, chat.Refused{Reason: number + " " + stateWord(app), Instead: "追溯 " + number}
	}
	if _, err := a.step(call.Tx, &app, withdrawn, actor{call.Member.ID, store.AuditSource(call.Source)}); err != nil {
		return chat.Answer{}, err
	}
	if err := a.drop(call.Tx, app.Subject(), call.Member.Name+"撤销了申请 "+number); err != nil {
		return chat.Answer{}, err
	}
	if err := a.cancelHandOver(call.Tx, app); err != nil {
		return chat.Answer{}, err
	}
	if app.ApplicantID != call.Member.ID {
		text := fmt.Sprintf("【账号】%s 撤销了%s「%s」。", call.Member.Name, number, title(app))
		if err := a.tellApplicant(call.Tx, app, text); err != nil {
			return chat.Answer{}, err
		}
	}
	return chat.Accepted(number, fmt.Sprintf("已撤销「%s」，账号照常使用。", title(app))), nil
}

// approved lists what shortened and omitted numbers of 账号申请 撤销 may mean.
type approved struct{ a *Accounts }

// Open implements chat.Records.
func (l approved) Open(r *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	apps, err := r.AccountApplicationsBy(q.Member, store.AccountOpening, q.Limit)
	if err != nil {
		return nil, err
	}
	var all []chat.Record
	for _, app := range apps {
		if app.Kind != store.AccountCreate {
			all = append(all, chat.Record{Number: app.Number, Title: title(app), Subject: app.Subject()})
		}
	}
	return all, nil
}

// applications lists what shortened and omitted numbers of 已开通 may mean.
type applications struct{ a *Accounts }

// Open implements chat.Records.
func (l applications) Open(r *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	opener, err := l.a.people.Resolve(r, people.Whom(l.a.rules().Rules().Account.OpenBy), 0)
	if err != nil {
		return nil, ignoreNobody(err)
	}
	if !slices.Contains(opener.Members, q.Member) {
		return nil, nil
	}
	var all []chat.Record
	for _, kind := range []store.AccountKind{store.AccountCreate, store.AccountChange} {
		apps, err := r.AccountApplicationsIn(kind, store.AccountOpening, q.Limit)
		if err != nil {
			return nil, err
		}
		slices.Reverse(apps) // newest first
		for _, app := range apps {
			all = append(all, chat.Record{Number: app.Number, Title: title(app), Subject: app.Subject()})
		}
	}
	return all, nil
}

// names lists people as a sentence does.
func names(members []store.Member) string {
	var all []string
	for _, m := range members {
		all = append(all, m.Name)
	}
	return strings.Join(all, "、")
}
