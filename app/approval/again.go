package approval

import (
	"fmt"
	"slices"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// againName begins the hidden commands that submit a returned case again; the
// title of the form follows.
const againName = "修改申请"

// numberArg names the case in them.
const numberArg = "编号"

func againCommand(t *policy.ApprovalTemplate) string { return againName + " " + t.Title }

// again opens the form of a case with what was there: a returned one goes on
// under its number, one that was refused or withdrawn begins anew.
func (a *Approvals) again(call *chat.Call, req store.Request) (chat.Answer, error) {
	t, form, err := a.FormOf(&call.Tx.Reader, req)
	if err != nil {
		return chat.Answer{}, err
	}
	if t.Own {
		return chat.Answer{}, chat.Refused{Reason: "「" + t.Title + "」不能在原来的申请上修改", Instead: "重新发送：" + a.requests.Title(req.Kind)}
	}
	b := a.filledIn(t, form)
	b.Command = commandOf(t)
	if req.State == store.RequestReturned {
		b.Command, b.Words[numberArg] = againCommand(t), req.Number
	}
	return chat.Answer{Begin: b}, nil // the preview shows what was there, with its buttons
}

// filledIn is a form as the values of arguments.
func (a *Approvals) filledIn(t *policy.ApprovalTemplate, form policy.Form) *chat.Beginning {
	b := &chat.Beginning{
		Words: map[string]string{}, People: map[string][]int64{}, Departments: map[string][]int64{}, Files: map[string][]int64{},
	}
	for _, f := range t.Fields {
		v, given := form[f.Key]
		if !given || f.Compute != "" || f.Empty(v) {
			continue
		}
		switch f.Type {
		case policy.PersonField, policy.PeopleField:
			b.People[f.Key] = v.Members
		case policy.DepartmentField:
			b.Departments[f.Key] = v.Departments
		case policy.FileField, policy.PhotoField:
			b.Files[f.Key] = v.Attachments
		default:
			b.Words[f.Key] = a.written(f, v)
		}
	}
	return b
}

// written is a value as a member would write it.
func (a *Approvals) written(f policy.FormField, v policy.FormValue) string {
	switch f.Type {
	case policy.NumberField, policy.MoneyField, policy.DaysField:
		return v.Number.String()
	case policy.DateField:
		return a.local(v.Time).Format(time.DateOnly)
	case policy.DateTimeField:
		return a.local(v.Time).Format("2006-01-02 15:04")
	case policy.PeriodField:
		from, to := v.From.Date.Format(time.DateOnly), v.To.Date.Format(time.DateOnly)
		if v.From.Afternoon {
			from += "下午"
		}
		if !v.To.Afternoon {
			to += "上午"
		}
		return from + "到" + to
	case policy.YesNoField:
		return f.Show(v)
	}
	return v.Text
}

// againArgs are the arguments of a form with the number of its case.
func againArgs(args []chat.Arg) []chat.Arg {
	return append(slices.Clone(args), chat.Arg{
		Name: numberArg, Kind: chat.Text, Keyed: true, Required: true, Prompt: "请问是哪一项申请？写编号",
	})
}

// againRun submits a returned case again, after its whole route has been seen.
func (a *Approvals) againRun(args []chat.Arg) func(*chat.Call) (chat.Answer, error) {
	known := func(name string) bool {
		return slices.ContainsFunc(args, func(arg chat.Arg) bool { return arg.Name == name })
	}
	return func(call *chat.Call) (chat.Answer, error) {
		number := call.Text(numberArg)
		t, kept, err := a.returnedForm(call, number)
		if err != nil {
			return chat.Answer{}, err
		}
		form, err := read(call, t, known)
		if err != nil {
			return chat.Answer{}, err
		}
		for key, v := range kept {
			if !known(key) { // of the version it is pinned to, which this command is not made for
				form[key] = v
			}
		}
		p, err := a.PreviewAgain(call, number, form)
		if err != nil {
			return chat.Answer{}, err
		}
		if !call.Insists {
			return chat.Answer{}, chat.Warned{Title: "重新提交前请核对", Reason: p.Text(), Proceed: "确认提交", Amend: true}
		}
		made, err := a.Resubmit(call, number, form)
		if err != nil {
			return chat.Answer{}, err
		}
		answer := chat.Accepted(made.Number, fmt.Sprintf("「%s」已重新提交，进展会通知您。", made.Title))
		answer.Subject = made.Subject()
		return answer, nil
	}
}
