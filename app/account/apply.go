package account

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
)

// requestKind is the name of our requests.
const requestKind = "account"

// The bounds of what a form takes, in characters; WeCom's own are wider.
const (
	maxName     = 32
	maxPosition = 64
	maxApps     = 200
	maxReason   = 200
	maxAhead    = 366 * 24 * time.Hour // of a date
	maxSame     = 20                   // applications looked at for one name
)

// applyCommands are the forms. What is missing is asked one at a time.
func (a *Accounts) applyCommands() []chat.Command {
	date := func(name, prompt string) chat.Arg {
		return chat.Arg{Name: name, Kind: chat.Date, Required: prompt != "", Prompt: prompt, Validate: notFar}
	}
	categories := func() []string {
		var titles []string
		for _, r := range policy.Roles() {
			if r.Kind == policy.Category {
				titles = append(titles, r.Title)
			}
		}
		return titles
	}()
	person := chat.Arg{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问是哪位同事？"}
	department := chat.Arg{
		Name: "部门", Kind: chat.Text, Required: true, Prompt: "请问在哪个部门工作？写通讯录里的部门名称", Validate: a.knownDepartment,
	}
	post := chat.Arg{Name: "职务", Kind: chat.Text, Required: true, Prompt: "请问担任什么职务？例如 市场专员", Validate: short("职务", maxPosition)}
	return []chat.Command{
		{
			Name: "账号申请", Group: group, Permission: string(policy.ApprovalApply),
			Summary: "申请新增、变更或停用账号", Usage: "账号申请 <类型>", Example: "账号申请",
			Args: []chat.Arg{{Name: "类型", Kind: chat.Choice, Required: true, Choices: []string{"新增", "变更", "停用"}, Prompt: "请问要办理哪一种？"}},
			Run: func(call *chat.Call) (chat.Answer, error) {
				return chat.Answer{Ask: "账号申请 " + call.Text("类型")}, nil
			},
		},
		{
			Name: "账号申请 新增", Group: group, Permission: string(policy.ApprovalApply),
			Summary: "为新同事申请账号", Usage: "账号申请 新增 <姓名> <部门> <职务> <直接上级> <入职日期> <类别> <应用> [手机号:…]",
			Example: "账号申请 新增 林晓 市场部 市场专员 沈悦 下周一 其他员工 审批、打卡",
			Args: []chat.Arg{
				{Name: "姓名", Kind: chat.Text, Required: true, Prompt: "请问新同事叫什么名字？", Validate: short("姓名", maxName)},
				department, post,
				{Name: "直接上级", Aliases: []string{"上级"}, Kind: chat.Person, Required: true, Prompt: "请问他的直接上级是谁？"},
				date("入职日期", "请问哪天入职？例如 3月9日"),
				{Name: "类别", Aliases: []string{"角色类别"}, Kind: chat.Choice, Required: true, Choices: categories, Prompt: "请问属于哪一类人员？"},
				{Name: "手机号", Kind: chat.Text, Keyed: true, Validate: dialable},
				{
					Name: "应用", Aliases: []string{"需要的应用"}, Kind: chat.Text, Required: true, Rest: true,
					Prompt: "请问需要使用哪些应用？没有特别要求请回复 无", Validate: short("应用", maxApps),
				},
			},
			Run: a.applyCreate,
		},
		{
			Name: "账号申请 变更", Group: group, Permission: string(policy.ApprovalApply),
			Summary: "同事换部门或职务时申请变更账号", Usage: "账号申请 变更 <姓名> <部门> <职务> [生效日期] [直接上级:…]",
			Example: "账号申请 变更 周八 市场部 市场专员 3月9日",
			Args: []chat.Arg{
				person, department, post, date("生效日期", ""),
				{Name: "直接上级", Aliases: []string{"上级"}, Kind: chat.Person, Keyed: true},
			},
			Run: a.applyChange,
		},
		{
			Name: "账号申请 停用", Group: group, Permission: string(policy.ApprovalApply),
			Summary: "同事离职时申请停用账号，并交接工作", Usage: "账号申请 停用 <姓名> [最后工作日] [原因]",
			Example: "账号申请 停用 周八 3月9日 离职",
			Args:    []chat.Arg{person, date("最后工作日", ""), {Name: "原因", Kind: chat.Text, Rest: true, Validate: short("原因", maxReason)}},
			Run:     a.applyStop,
		},
	}
}

func short(what string, most int) func(*chat.Call, chat.Value) error {
	return func(_ *chat.Call, v chat.Value) error {
		if n := len([]rune(v.Text)); n > most {
			return chat.Refused{Reason: fmt.Sprintf("%s有 %d 字，最多 %d 字", what, n, most), Instead: "写得简短一些"}
		}
		return nil
	}
}

func notFar(call *chat.Call, v chat.Value) error {
	if v.Time.Sub(call.At) > maxAhead {
		return chat.Refused{Reason: v.Time.Format("2006-01-02") + " 太远了，最多提前一年申请", Instead: "核对一下日期"}
	}
	return nil
}

func dialable(_ *chat.Call, v chat.Value) error {
	digits := 0
	for i, r := range v.Text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '-' || r == '+' && i == 0:
		default:
			digits = 99
		}
	}
	if digits < 5 || digits > 20 {
		return chat.Refused{Reason: "手机号看起来不对", Instead: "只写数字，例如 手机号:13800005678；没有就不用写"}
	}
	return nil
}

// knownDepartment refuses a name that is no department, or several.
func (a *Accounts) knownDepartment(call *chat.Call, v chat.Value) error {
	_, err := a.departmentNamed(&call.Tx.Reader, v.Text)
	return err
}

// departmentNamed finds a department by its name, the guide's name of it, or
// 上级部门/部门 where several have the same.
func (a *Accounts) departmentNamed(r *store.Reader, said string) (store.Department, error) {
	parent, name, pathed := strings.Cut(strings.ReplaceAll(said, "／", "/"), "/")
	if !pathed {
		parent, name = "", parent
	}
	found, err := a.people.Departments(r, strings.TrimSpace(name), maxSame)
	if err != nil {
		return store.Department{}, err
	}
	org, err := a.people.Org(r)
	if err != nil {
		return store.Department{}, err
	}
	var fit []store.Department
	for _, d := range found {
		above, _ := org.Department(d.ParentID)
		if !pathed || store.Fold(above.Name) == store.Fold(strings.TrimSpace(parent)) {
			fit = append(fit, d)
		}
	}
	if len(fit) == 0 && !pathed {
		if known := a.rules().ResolveDepartment(name, org); known.Found && !known.Fallback {
			fit = append(fit, store.Department{ID: known.ID, Name: known.Name})
		}
	}
	switch len(fit) {
	case 0:
		return store.Department{}, chat.Refused{Reason: "通讯录里没有「" + chat.OneLine(said, 20) + "」这个部门", Instead: "写企业微信通讯录里的部门名称，例如 市场部"}
	case 1:
		return fit[0], nil
	}
	return store.Department{}, chat.Refused{Reason: "有多个部门都叫「" + chat.OneLine(said, 20) + "」", Instead: "写成 上级部门/" + chat.OneLine(said, 20)}
}

// applyCreate is 账号申请 新增.
func (a *Accounts) applyCreate(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	department, err := a.departmentNamed(r, call.Text("部门"))
	if err != nil {
		return chat.Answer{}, err
	}
	role, ok := policy.RoleNamed(call.Text("类别"))
	if !ok {
		return chat.Answer{}, fmt.Errorf("account: no category is called %q", call.Text("类别"))
	}
	app := store.AccountApplication{
		Kind: store.AccountCreate, Name: call.Text("姓名"), DepartmentID: department.ID, Position: call.Text("职务"),
		SuperiorID: call.Person("直接上级").ID, Category: string(role.Role), Apps: call.Text("应用"), EffectiveAt: call.Time("入职日期"),
	}
	if err := a.unlikeOthers(call, app, department); err != nil {
		return chat.Answer{}, err
	}
	lines := []request.Line{
		{Key: "姓名", Value: app.Name}, {Key: "部门", Value: department.Name}, {Key: "职务", Value: app.Position},
		{Key: "直接上级", Value: call.Person("直接上级").Name}, {Key: "入职日期", Value: a.day(app.EffectiveAt)},
		{Key: "类别", Value: role.Title}, {Key: "应用", Value: app.Apps},
	}
	form := formOf(app, department)
	form["直接上级"] = policy.FormValue{Text: call.Person("直接上级").Name, Members: []int64{app.SuperiorID}}
	form["类别"], form["应用"] = policy.FormValue{Text: role.Title}, policy.FormValue{Text: app.Apps}
	return a.submit(call, app, lines, form, call.Text("手机号"))
}

// formOf is an application as the form of the template account, whose branches
// ask for 类型 and 类别 and whose first step is the head of 部门.
func formOf(app store.AccountApplication, department store.Department) policy.Form {
	form := policy.Form{
		"类型": {Text: kindWord(app.Kind)}, "姓名": {Text: app.Name},
		"部门": {Text: department.Name, Departments: []int64{department.ID}}, "入职日期": {Time: app.EffectiveAt},
	}
	if app.Position != "" {
		form["职务"] = policy.FormValue{Text: app.Position}
	}
	if app.Reason != "" {
		form["原因"] = policy.FormValue{Text: app.Reason}
	}
	return form
}

// unlikeOthers refuses an application that is running already, and warns of a
// colleague of the same name.
func (a *Accounts) unlikeOthers(call *chat.Call, app store.AccountApplication, department store.Department) error {
	running, err := call.Tx.AccountApplicationsNamed(app.Kind, "", app.Name, maxSame)
	if err != nil {
		return err
	}
	for _, other := range running {
		if other.DepartmentID == app.DepartmentID {
			return chat.Refused{Reason: fmt.Sprintf("%s（%s）的申请 %s 正在办理", app.Name, department.Name, other.Number), Instead: "追溯 " + other.Number}
		}
	}
	same, err := a.people.Members(&call.Tx.Reader, app.Name, maxSame)
	if err != nil || call.Insists {
		return err
	}
	for _, m := range same {
		if m.Present() && m.Name == app.Name && m.MainDepartment == app.DepartmentID {
			return chat.Warned{
				Reason: fmt.Sprintf("%s已经有一位%s（%s）。如果是补办这位同事的申请，或者确实是同名的另一位，请继续", department.Name, m.Name, m.UserID),
				Clause: "G2-4.2(1)", Proceed: "仍然申请",
			}
		}
	}
	return nil
}

// applyChange is 账号申请 变更.
func (a *Accounts) applyChange(call *chat.Call) (chat.Answer, error) {
	r, member := &call.Tx.Reader, call.Person("姓名")
	if err := a.mayApplyFor(call, member, "变更"); err != nil {
		return chat.Answer{}, err
	}
	department, err := a.departmentNamed(r, call.Text("部门"))
	if err != nil {
		return chat.Answer{}, err
	}
	if department.ID == member.MainDepartment && call.Text("职务") == member.Position && !call.Has("直接上级") {
		return chat.Answer{}, chat.Refused{
			Reason: fmt.Sprintf("%s现在就在%s担任%s", member.Name, department.Name, member.Position), Instead: "写新的部门或职务",
		}
	}
	app := store.AccountApplication{
		Kind: store.AccountChange, MemberID: member.ID, Name: member.Name, UserID: member.UserID, DepartmentID: department.ID,
		Position: call.Text("职务"), SuperiorID: call.Person("直接上级").ID, EffectiveAt: a.today(call),
	}
	if call.Has("生效日期") {
		app.EffectiveAt = call.Time("生效日期")
	}
	if err := a.onlyOne(call, app); err != nil {
		return chat.Answer{}, err
	}
	from, err := a.department(r, member.MainDepartment)
	if err != nil {
		return chat.Answer{}, err
	}
	lines := []request.Line{
		{Key: "姓名", Value: member.Name}, {Key: "原部门", Value: from}, {Key: "新部门", Value: department.Name},
		{Key: "新职务", Value: app.Position}, {Key: "生效日期", Value: a.day(app.EffectiveAt)},
	}
	if call.Has("直接上级") {
		lines = append(lines, request.Line{Key: "直接上级", Value: call.Person("直接上级").Name})
	}
	return a.submit(call, app, lines, formOf(app, department), "")
}

// dateLike is a first word that can only be meant as a date.
var dateLike = regexp.MustCompile(`^\d+(?:[-/.]\d|年|月|日|号)\S*`)

// applyStop is 账号申请 停用: the access ends on the last day at account.stop_time.
func (a *Accounts) applyStop(call *chat.Call) (chat.Answer, error) {
	member := call.Person("姓名")
	if err := a.mayApplyFor(call, member, "停用"); err != nil {
		return chat.Answer{}, err
	}
	last := a.today(call)
	if call.Has("最后工作日") {
		last = call.Time("最后工作日")
	} else if first := dateLike.FindString(call.Text("原因")); first != "" { // not today by a slip of the pen
		return chat.Answer{}, chat.Refused{Reason: "看不懂最后工作日「" + chat.OneLine(first, 20) + "」", Instead: "账号申请 停用 " + member.Name + " " + a.day(last)}
	}
	app := store.AccountApplication{
		Kind: store.AccountStop, MemberID: member.ID, Name: member.Name, UserID: member.UserID, DepartmentID: member.MainDepartment,
		Position: member.Position, Reason: call.Text("原因"), EffectiveAt: a.rules().StopAt(last),
	}
	if err := a.onlyOne(call, app); err != nil {
		return chat.Answer{}, err
	}
	department, err := a.department(&call.Tx.Reader, member.MainDepartment)
	if err != nil {
		return chat.Answer{}, err
	}
	lines := []request.Line{
		{Key: "姓名", Value: member.Name}, {Key: "部门", Value: department}, {Key: "停用时间", Value: a.when(app.EffectiveAt)},
	}
	if app.Reason != "" {
		lines = append(lines, request.Line{Key: "原因", Value: app.Reason})
	}
	return a.submit(call, app, lines, formOf(app, store.Department{ID: member.MainDepartment, Name: department}), "")
}

// mayApplyFor refuses those who have nothing to do with a colleague's account:
// 用人部门 and 人事部 apply (G2-4.2(1)), so do he himself and who manages accounts.
func (a *Accounts) mayApplyFor(call *chat.Call, member store.Member, what string) error {
	if member.ID == call.Member.ID {
		return nil
	}
	r := &call.Tx.Reader
	above, err := a.isAbove(r, call.Member.ID, member.ID)
	if err != nil || above {
		return err
	}
	verifier, err := a.belongs(r, call.Member, a.rules().Rules().Account.VerifyBy)
	if err != nil || verifier {
		return err
	}
	managed, err := call.Permits.Permit(call, string(policy.AccountManage), "")
	if err != nil || managed {
		return err
	}
	return chat.Refused{
		Reason: fmt.Sprintf("只有%s本人、他的上级、人事部和账号管理员可以申请%s他的账号", member.Name, what), Clause: "G2-4.2(1)",
		Instead: "请他的直接上级发送：账号申请 " + what + " " + member.Name,
	}
}

// onlyOne refuses a second running application about the same account.
func (a *Accounts) onlyOne(call *chat.Call, app store.AccountApplication) error {
	running, err := call.Tx.AccountApplicationsFor(app.MemberID, store.OpenAccountStates, maxSame)
	if err != nil {
		return err
	}
	for _, other := range running {
		if other.Kind == app.Kind {
			return chat.Refused{Reason: fmt.Sprintf("%s的%s申请 %s 正在办理", app.Name, kindWord(app.Kind), other.Number), Instead: "追溯 " + other.Number}
		}
	}
	return nil
}

// submit stores an application with its request. The mobile number is for those
// who open the account; "" without one.
func (a *Accounts) submit(call *chat.Call, app store.AccountApplication, lines []request.Line, form policy.Form, mobile string) (chat.Answer, error) {
	about, err := a.aboutOf(&call.Tx.Reader, app)
	if err != nil {
		return chat.Answer{}, err
	}
	draft, err := a.requests.Plan(&call.Tx.Reader, requestKind, call.Member.ID, about, form)
	if err != nil {
		return chat.Answer{}, err
	}
	draft.App, draft.Delivery, draft.Source, draft.At = call.App, call.Delivery, call.Source, call.At
	draft.Title, draft.Lines = title(app), lines
	if opening := openSteps(draft.Steps); mobile != "" && len(opening) > 0 {
		draft.Lines = append(draft.Lines, request.Line{Key: "手机号", Value: mobile, Only: opening})
	}
	req, err := a.requests.Submit(call.Tx, draft)
	if err != nil {
		return chat.Answer{}, err
	}
	app.Number, app.RequestID, app.ApplicantID, app.App = req.Number, req.ID, call.Member.ID, call.App
	app.State, app.Phase = store.AccountApplied, 1
	if err := call.Tx.AddAccountApplication(&app); err != nil {
		return chat.Answer{}, err
	}
	err = call.Tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: "account.applied", Subject: app.Subject(), Source: store.AuditSource(call.Source),
		Detail: map[string]any{"number": app.Number, "kind": string(app.Kind)},
	})
	if err != nil {
		return chat.Answer{}, err
	}
	answer := chat.Accepted(app.Number, fmt.Sprintf("已提交「%s」，依次办理：%s，每步 %d 个工作日。进展会通知您。",
		title(app), draft.Path(" → "), a.rules().Rules().Account.StepWorkdays))
	answer.Subject = req.Subject()
	return answer, nil
}

// openSteps name the steps of those who open the account.
func openSteps(steps []request.Step) []string {
	var names []string
	for _, s := range steps {
		if s.Command == openCommand {
			names = append(names, s.Name)
		}
	}
	return names
}

func (a *Accounts) today(call *chat.Call) time.Time {
	t := call.At.In(a.rules().Calendar().Location())
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// isAbove says whether a member is the superior or a head of another.
func (a *Accounts) isAbove(r *store.Reader, who, of int64) (bool, error) {
	superior, err := a.people.Resolve(r, "superior", of)
	if err != nil {
		return false, ignoreNobody(err)
	}
	heads, err := a.people.Resolve(r, "head", of)
	if err != nil {
		return false, ignoreNobody(err)
	}
	for _, id := range append(superior.Members, heads.Members...) {
		if id == who {
			return true, nil
		}
	}
	return false, nil
}

// belongs says whether a member is one of a Whom, or of its department.
func (a *Accounts) belongs(r *store.Reader, m store.Member, whom string) (bool, error) {
	if name, ok := strings.CutPrefix(whom, "department:"); ok {
		org, err := a.people.Org(r)
		if err != nil {
			return false, err
		}
		if d := a.rules().ResolveDepartment(name, org); d.Found && !d.Fallback {
			return a.worksIn(r, m, d.ID)
		}
	}
	found, err := a.people.Resolve(r, people.Whom(whom), 0)
	if err != nil {
		return false, ignoreNobody(err)
	}
	return slices.Contains(found.Members, m.ID), nil
}
