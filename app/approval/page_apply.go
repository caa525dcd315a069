package approval

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/console"
	"guiju/app/policy"
	"guiju/store"
)

// Filling in a form: typed in, checked with everything that is wrong said at its
// field, looked over with the whole route, submitted. Until then nothing is
// kept but uploaded files.

// What the buttons of a form do.
const (
	doFind    = "find"    // look for the colleagues whose names were typed
	doPreview = "preview" // show the route
	doCheck   = "check"   // on to looking it over
	doEdit    = "edit"    // back to the form
	doSubmit  = "submit"
)

// draft is a form of one process on its way to a case: a new one, or one that
// was returned.
type draft struct {
	template *policy.ApprovalTemplate
	number   string // of the returned case; "": a new one
	preview  func(form policy.Form) (Preview, error)
	submit   func(form policy.Form) (store.Request, error)
}

// formData is a form as it is shown.
type formData struct {
	Key, Title, Number string
	Action             string
	Inputs             []input
	Route              *routeData
	Uploads            bool
}

// routeData is the route of a form as far as it is filled in.
type routeData struct {
	*Preview
	Missing string // why it cannot be told yet
}

// confirmData is a form to be looked over.
type confirmData struct {
	formData
	Preview
	Hidden []hidden
}

type hidden struct{ Name, Value string }

func (p pages) newDraft(v *console.Visit) (draft, error) {
	key := v.Param("key")
	t, err := p.Template(v.Reader, v.Member, key)
	if err != nil {
		return draft{}, err
	}
	if t == nil || t.Own {
		return draft{}, chat.NotFound{Number: oneLine(key, 40)}
	}
	call := v.Call("申请 " + t.Title)
	return draft{
		template: t,
		preview:  func(form policy.Form) (Preview, error) { return p.Preview(call, key, form) },
		submit:   func(form policy.Form) (store.Request, error) { return p.Submit(call, key, form) },
	}, nil
}

// apply shows an empty form, or the one that was refused.
func (p pages) apply(v *console.Visit) (console.View, error) {
	d, err := p.newDraft(v)
	if err != nil {
		return console.View{}, startRefused(err)
	}
	return p.form(v, d, filled{values: v.Form, files: v.Files, problems: map[string]string{}}, nil)
}

// startRefused keeps a reason why somebody may not start a process from being
// taken for a fault of the page.
func startRefused(err error) error {
	var missing chat.NotFound
	if errors.As(err, &missing) {
		return err
	}
	if text, worded := chat.Wording(err); worded {
		return console.Told(http.StatusForbidden, "现在不能提交这项申请", text)
	}
	return err
}

func (p pages) applied(v *console.Visit) (console.Next, error) {
	d, err := p.newDraft(v)
	if err != nil {
		return console.Next{}, startRefused(err)
	}
	return p.goOn(v, d)
}

// returned is the case that its applicant may change.
func (p pages) returned(v *console.Visit) (draft, policy.Form, error) {
	number := v.Param("number")
	row, err := v.Reader.RequestByNumber(number)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.ApplicantID != v.Member.ID {
		return draft{}, nil, chat.NotFound{Number: oneLine(number, 40)}
	}
	if err != nil {
		return draft{}, nil, err
	}
	if row.State != store.RequestReturned {
		word, _ := stateWords(row.State)
		return draft{}, nil, console.Told(http.StatusConflict, "现在不用修改", number+" 的状态是「"+word+"」，只有被退回的申请才能修改后重新提交。")
	}
	t, form, err := p.FormOf(v.Reader, row)
	if err != nil {
		return draft{}, nil, err
	}
	call := v.Call("重新提交 " + number)
	return draft{
		template: t, number: number,
		preview: func(form policy.Form) (Preview, error) { return p.PreviewAgain(call, number, form) },
		submit:  func(form policy.Form) (store.Request, error) { return p.Resubmit(call, number, form) },
	}, form, nil
}

// edit shows the form of a returned case as it was submitted.
func (p pages) edit(v *console.Visit) (console.View, error) {
	d, form, err := p.returned(v)
	if err != nil {
		return console.View{}, err
	}
	values := v.Form
	if len(values) == 0 {
		values = encode(d.template, form, p.zone())
	}
	return p.form(v, d, filled{values: values, files: v.Files, problems: map[string]string{}}, nil)
}

func (p pages) edited(v *console.Visit) (console.Next, error) {
	d, _, err := p.returned(v)
	if err != nil {
		return console.Next{}, err
	}
	return p.goOn(v, d)
}

// goOn does what the pressed button says.
func (p pages) goOn(v *console.Visit, d draft) (console.Next, error) {
	f := filled{values: v.Form, files: v.Files, problems: map[string]string{}}
	do := v.Form.Get("do")
	if do == doFind || do == doEdit {
		view, err := p.form(v, d, f, nil)
		view.Status = http.StatusOK
		return console.Next{View: &view}, err
	}
	form, err := p.decode(v, d.template, f)
	if err != nil {
		return console.Next{}, err
	}
	preview, err := p.tryPreview(d, form, f)
	if do == doPreview {
		return p.showRoute(v, d, f, preview, err)
	}
	if err != nil {
		return console.Next{}, err
	}
	if len(f.problems) > 0 {
		view, err := p.form(v, d, f, nil)
		return console.Next{View: &view}, err
	}
	if do != doSubmit {
		return p.confirm(v, d, f, preview)
	}
	return p.submit(v, d, f, form)
}

// tryPreview is the route of a form; what is wrong with fields is said there.
func (p pages) tryPreview(d draft, form policy.Form, f filled) (Preview, error) {
	preview, err := d.preview(form)
	var wrong Problems
	if errors.As(err, &wrong) {
		f.note(wrong)
		return preview, nil
	}
	return preview, err
}

// note keeps what the rules find wrong, beside what could not be read.
func (f filled) note(wrong Problems) {
	for _, problem := range wrong {
		f.wrong(problem.Field.Key, problem.Text)
	}
}

func (p pages) submit(v *console.Visit, d draft, f filled, form policy.Form) (console.Next, error) {
	row, err := d.submit(form)
	var wrong Problems
	if errors.As(err, &wrong) {
		f.note(wrong)
		view, err := p.form(v, d, f, nil)
		return console.Next{View: &view}, err
	}
	if err != nil {
		return console.Next{}, err
	}
	note := "已提交 " + row.Number + "，有进展会在企业微信里通知您。"
	if d.number != "" {
		note = "已重新提交 " + row.Number + "，有进展会在企业微信里通知您。"
	}
	return console.Next{To: casePage + row.Number, Note: note}, nil
}

// showRoute answers the route alone where htmx asks for it, else the form with
// the route below. What is still wrong is not said before he goes on.
func (p pages) showRoute(v *console.Visit, d draft, f filled, preview Preview, err error) (console.Next, error) {
	route := &routeData{Preview: &preview}
	text, worded := chat.Wording(err)
	switch {
	case err != nil && !worded:
		return console.Next{}, err
	case err != nil:
		route = &routeData{Missing: text}
	case len(f.problems) > 0:
		route = &routeData{Missing: "填完必填项后，这里会显示由谁审批。"}
	}
	if v.Partial {
		clear(f.problems)
	}
	view, err := p.form(v, d, f, route)
	view.Status = http.StatusOK
	return console.Next{View: &view}, err
}

// form is the form with what was typed and what is wrong with it.
func (p pages) form(v *console.Visit, d draft, f filled, route *routeData) (console.View, error) {
	data, err := p.formData(v, d, f)
	data.Route = route
	view := console.View{Title: data.Title, Template: "form", Data: data}
	if route != nil {
		view.Part = "route"
	}
	return view, err
}

func (p pages) formData(v *console.Visit, d draft, f filled) (formData, error) {
	data := formData{Key: d.template.Key, Title: d.template.Title, Number: d.number, Action: strings.TrimPrefix(v.Path, "/")}
	if d.number != "" {
		data.Title = "修改" + d.template.Title
	}
	var err error
	data.Inputs, err = p.inputs(v, d.template, f)
	for _, in := range data.Inputs {
		data.Uploads = data.Uploads || in.Accept != ""
	}
	return data, err
}

// confirm shows what will be submitted, and the route it will take.
func (p pages) confirm(v *console.Visit, d draft, f filled, preview Preview) (console.Next, error) {
	data, err := p.formData(v, d, f)
	if err != nil {
		return console.Next{}, err
	}
	view := console.View{
		Title: "确认" + d.template.Title, Template: "confirm", Status: http.StatusOK,
		Data: confirmData{formData: data, Preview: preview, Hidden: hiddenOf(f, data.Inputs)},
	}
	return console.Next{View: &view}, nil
}

// hiddenOf carries a form through the page on which it is looked over.
func hiddenOf(f filled, inputs []input) []hidden {
	all := []hidden{}
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !strings.HasPrefix(name, fieldPrefix) || strings.HasSuffix(name, ".kept") {
			continue
		}
		for _, value := range f.values[name] {
			all = append(all, hidden{name, value})
		}
	}
	for _, in := range inputs {
		for _, file := range in.Files {
			all = append(all, hidden{in.Name + ".kept", file.Value})
		}
	}
	return all
}
