package approval

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
)

// kinds are the arguments that fill in fields. Computed fields have none.
var kinds = map[policy.FieldType]chat.Kind{
	policy.TextField: chat.Text, policy.LongTextField: chat.Text, policy.NumberField: chat.Decimal, policy.MoneyField: chat.Money,
	policy.DateField: chat.Date, policy.DateTimeField: chat.DateTime, policy.PeriodField: chat.Period, policy.DaysField: chat.Decimal,
	policy.ChoiceField: chat.Choice, policy.YesNoField: chat.YesNo, policy.PersonField: chat.Person, policy.PeopleField: chat.Person,
	policy.DepartmentField: chat.Department, policy.FileField: chat.File, policy.PhotoField: chat.Photo,
}

// args are the fields of a form as arguments in the guide's order: what is
// required is written in the order of the form up to the first text, which takes
// the rest of the line; everything else is written 键:值
// (请假 事假 2026-03-09 2026-03-10 家中有事 返回:2026-03-11 交接:孙七).
func (a *Approvals) args(t *policy.ApprovalTemplate) []chat.Arg {
	var all []chat.Arg
	rest := false
	for _, f := range t.Fields {
		if f.Compute != "" {
			continue
		}
		arg := chat.Arg{
			Name: f.Key, Aliases: aliases(f), Kind: kinds[f.Type], Required: f.Required, Prompt: prompt(f), Choices: f.Choices,
			Past: f.Past, Many: f.Type == policy.PeopleField || f.Type == policy.FileField || f.Type == policy.PhotoField,
			Validate: a.validate(t, f),
		}
		text := f.Type == policy.TextField || f.Type == policy.LongTextField
		switch {
		case rest || !f.Required || f.Type == policy.YesNoField:
			arg.Keyed = true
		case text:
			arg.Rest, rest = true, true
		}
		all = append(all, arg)
	}
	return all
}

func aliases(f policy.FormField) []string {
	names := slices.Clone(f.Aliases)
	if f.Label != f.Key && !strings.ContainsAny(f.Label, " :：|") && !slices.Contains(names, f.Label) {
		names = append(names, f.Label)
	}
	return names
}

// prompt is the question that asks for a field, with its hint.
func prompt(f policy.FormField) string {
	text := f.Prompt
	if text == "" {
		text = "请填写" + f.Label
	}
	if f.Hint != "" {
		text += "（" + f.Hint + "）"
	}
	return text
}

// validate has the last word on one field as it is filled in: what is wrong is
// said at once, not when everything has been asked.
func (a *Approvals) validate(t *policy.ApprovalTemplate, f policy.FormField) func(*chat.Call, chat.Value) error {
	return func(call *chat.Call, v chat.Value) error {
		value, err := valueOf(f, v)
		if err != nil {
			return err
		}
		for _, problem := range t.CheckForm(policy.Form{f.Key: value}, a.local(call.At)) {
			if problem.Field.Key == f.Key && !problem.Missing {
				return chat.Refused{Reason: problem.Text}
			}
		}
		return nil
	}
}

// read is what a call has filled in, for the fields of t.
func read(call *chat.Call, t *policy.ApprovalTemplate, known func(name string) bool) (policy.Form, error) {
	form := policy.Form{}
	for _, f := range t.Fields {
		if f.Compute != "" || !known(f.Key) || !call.Has(f.Key) {
			continue
		}
		value, err := valueOf(f, call.Value(f.Key))
		if err != nil {
			return nil, err
		}
		form[f.Key] = value
	}
	return form, nil
}

// valueOf is an argument as the content of a field.
func valueOf(f policy.FormField, v chat.Value) (policy.FormValue, error) {
	var value policy.FormValue
	switch f.Type {
	case policy.NumberField, policy.MoneyField, policy.DaysField:
		number, err := policy.ParseDecimal(v.Text)
		if err != nil {
			return value, chat.Refused{Reason: "「" + f.Label + "」不是数字：" + chat.OneLine(v.Text, 20), Instead: "只写数字，例如 358.50"}
		}
		value.Number = number
	case policy.DateField, policy.DateTimeField:
		value.Time = v.Time
	case policy.PeriodField:
		value.From = policy.HalfDayOf(v.From.Day, v.From.Half == chat.Afternoon)
		value.To = policy.HalfDayOf(v.To.Day, v.To.Half != chat.Forenoon)
	case policy.YesNoField:
		value.Yes = v.Yes
	case policy.PersonField, policy.PeopleField:
		var names []string
		for _, m := range v.People {
			value.Members, names = append(value.Members, m.ID), append(names, m.Name)
		}
		value.Text = strings.Join(names, "、")
	case policy.DepartmentField:
		var names []string
		for _, d := range v.Departments {
			value.Departments, names = append(value.Departments, d.ID), append(names, d.Name)
		}
		value.Text = strings.Join(names, "、")
	case policy.FileField, policy.PhotoField:
		for _, file := range v.Files {
			value.Attachments = append(value.Attachments, file.ID)
		}
	default:
		value.Text = strings.TrimSpace(v.Text)
	}
	return value, nil
}

// example is a line that works, made of the form itself.
func example(command string, args []chat.Arg) string {
	words := []string{command}
	for _, arg := range args {
		if !arg.Required {
			continue
		}
		word := exampleWords[arg.Kind]
		switch {
		case arg.Kind == chat.Choice:
			word = arg.Choices[0]
		case arg.Kind == chat.File || arg.Kind == chat.Photo:
			continue // sent, never written
		}
		if arg.Keyed {
			word = shortest(arg) + ":" + word
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

var exampleWords = map[chat.Kind]string{
	chat.Text: "说明", chat.Decimal: "3", chat.Money: "358.50", chat.Date: "明天", chat.DateTime: "明天 10:00", chat.Period: "明天 后天",
	chat.YesNo: "是", chat.Person: "姓名", chat.Department: "部门名称",
}

// usage is how a form is written: 请假 <请假类型> <请假时间> <事由> [返回:…].
func usage(command string, args []chat.Arg) string {
	words := []string{command}
	for _, arg := range args {
		name := arg.Name
		if arg.Keyed {
			name = shortest(arg) + ":…"
		}
		if arg.Required && !arg.Keyed {
			words = append(words, "<"+name+">")
		} else if arg.Required {
			words = append(words, name)
		} else {
			words = append(words, "["+name+"]")
		}
	}
	return strings.Join(words, " ")
}

// shortest is the shortest name of an argument: 返回 of 预计返回日期.
func shortest(arg chat.Arg) string {
	name := arg.Name
	for _, alias := range arg.Aliases {
		if len(alias) < len(name) {
			name = alias
		}
	}
	return name
}

// formRun is the command of one process: it submits a line that was complete,
// and shows what was filled in by questions, with the whole route, before.
func (a *Approvals) formRun(key string, args []chat.Arg) func(*chat.Call) (chat.Answer, error) {
	known := func(name string) bool {
		return slices.ContainsFunc(args, func(arg chat.Arg) bool { return arg.Name == name })
	}
	return func(call *chat.Call) (chat.Answer, error) {
		t, err := a.Template(&call.Tx.Reader, call.Member, key)
		if err != nil {
			return chat.Answer{}, err
		}
		form, err := read(call, t, known)
		if err != nil {
			return chat.Answer{}, err
		}
		p, err := a.Preview(call, key, form)
		if err != nil {
			return chat.Answer{}, err
		}
		if call.Asked && !call.Insists {
			return chat.Answer{}, chat.Warned{
				Title: "提交前请核对", Reason: p.Text(), Proceed: "确认提交", Amend: true,
			}
		}
		made, err := a.Submit(call, key, form)
		if err != nil {
			return chat.Answer{}, err
		}
		answer := chat.Accepted(made.Number, fmt.Sprintf("「%s」已提交，进展会通知您。\n%s", made.Title, p.Route()))
		answer.Subject = made.Subject()
		return answer, nil
	}
}

// offeredTo refuses those who may not start a process, so that the lists leave
// it out for them.
func (a *Approvals) offeredTo(key string) func(*chat.Call) error {
	return func(call *chat.Call) error {
		_, err := a.Template(&call.Tx.Reader, call.Member, key)
		return err
	}
}
