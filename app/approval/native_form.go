package approval

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guiju/app/policy"
	"guiju/wecom"
)

// How fields of the rulebook's forms and controls of WeCom's templates stand for
// each other. Two fields may share one Vacation control: its kind and its time.

// takes are the controls that can hold a field of each type, the first that fits.
var takes = map[policy.FieldType][]string{
	policy.TextField:       {"Text", "Textarea"},
	policy.LongTextField:   {"Textarea", "Text"},
	policy.NumberField:     {"Number", "Text"},
	policy.DaysField:       {"Number", "Text"},
	policy.MoneyField:      {"Money", "Number"},
	policy.DateField:       {"Date"},
	policy.DateTimeField:   {"Date"},
	policy.PeriodField:     {"DateRange", "Vacation", "Attendance"},
	policy.ChoiceField:     {"Selector", "Vacation", "Text"},
	policy.YesNoField:      {"Selector", "Text"},
	policy.PersonField:     {"Contact"},
	policy.PeopleField:     {"Contact"},
	policy.DepartmentField: {"Contact"},
	policy.FileField:       {"File"},
	policy.PhotoField:      {"File"},
}

// mappingProblems says, in Chinese, why a template of the rulebook does not fit
// the one at WeCom any more; empty when it does.
func mappingProblems(t *policy.ApprovalTemplate, at wecom.ApprovalTemplate) []string {
	var problems []string
	controls := map[string]wecom.TemplateControl{}
	for _, c := range at.Controls {
		controls[c.ID] = c
	}
	mapped := map[string]bool{}
	for _, f := range t.Fields {
		id := t.Native.Controls[f.Key]
		if id == "" {
			continue
		}
		mapped[id] = true
		if problem := fieldProblem(f, id, controls); problem != "" {
			problems = append(problems, problem)
		}
	}
	for _, c := range at.Controls {
		if c.Required && !mapped[c.ID] && c.Control != "Tips" && c.Control != "Formula" {
			problems = append(problems, fmt.Sprintf("企业微信模板的必填项「%s」（%s）没有对应的字段", c.Title, c.ID))
		}
	}
	return problems
}

func fieldProblem(f policy.FormField, id string, controls map[string]wecom.TemplateControl) string {
	c, there := controls[id]
	switch {
	case !there:
		return fmt.Sprintf("「%s」对应的控件 %s 已不在企业微信模板中", f.Label, id)
	case !slices.Contains(takes[f.Type], c.Control):
		return fmt.Sprintf("「%s」对应的控件「%s」是 %s，不能填这类内容", f.Label, c.Title, c.Control)
	case c.Control == "Contact" && (c.Mode == "department") != (f.Type == policy.DepartmentField):
		return fmt.Sprintf("「%s」对应的控件「%s」选的是%s", f.Label, c.Title, map[bool]string{true: "部门", false: "成员"}[c.Mode == "department"])
	case c.Control == "Contact" && c.Kind == "single" && f.Type == policy.PeopleField:
		return fmt.Sprintf("「%s」可以选多人，控件「%s」只能选一人", f.Label, c.Title)
	case c.Control == "File" && c.Photos && f.Type == policy.FileField:
		return fmt.Sprintf("「%s」可以是任何文件，控件「%s」只收照片", f.Label, c.Title)
	case c.Control == "Attendance" && c.Attendance != wecom.BusinessTrip && c.Attendance != wecom.GoingOut:
		return fmt.Sprintf("「%s」按半天填写，控件「%s」不是出差或外出", f.Label, c.Title) // overtime counts hours
	case f.Type == policy.DateTimeField && c.Kind == "day":
		return fmt.Sprintf("「%s」精确到时间，控件「%s」只到日期", f.Label, c.Title)
	}
	if c.Control == "Selector" || c.Control == "Vacation" && f.Type == policy.ChoiceField {
		choices := f.Choices
		if f.Type == policy.YesNoField {
			choices = []string{"是", "否"}
		}
		for _, choice := range choices {
			if _, found := optionOf(c, choice); !found {
				return fmt.Sprintf("控件「%s」没有选项「%s」", c.Title, choice)
			}
		}
	}
	return ""
}

func optionOf(c wecom.TemplateControl, text string) (wecom.FormOption, bool) {
	i := slices.IndexFunc(c.Options, func(o wecom.FormOption) bool { return strings.TrimSpace(o.Text) == text })
	if i < 0 {
		return wecom.FormOption{}, false
	}
	return c.Options[i], true
}

// named answers what people and departments are called at WeCom; of somebody
// unknown an empty ID.
type named struct {
	member     func(id int64) wecom.Named
	department func(id int64) wecom.Named
}

// controlsOf are the controls of a form to be submitted, in the template's
// order. files are the media ids of its attachments. Check the mapping first.
func controlsOf(t *policy.ApprovalTemplate, at wecom.ApprovalTemplate, form policy.Form, zone *time.Location, who named, files map[int64]string) []wecom.FormControl {
	var all []wecom.FormControl
	for _, c := range at.Controls {
		out := wecom.FormControl{Control: c.Control, ID: c.ID}
		for _, f := range t.Fields {
			value, given := form[f.Key]
			if t.Native.Controls[f.Key] != c.ID || !given {
				continue
			}
			put(&out.Value, c, f, value, zone, who, files)
		}
		if !out.Value.Empty() { // what is not filled in is left out: WeCom refuses empty values of most controls
			all = append(all, out)
		}
	}
	return all
}

// put writes a field into its control.
func put(v *wecom.FormValue, c wecom.TemplateControl, f policy.FormField, value policy.FormValue, zone *time.Location, who named, files map[int64]string) {
	v.Kind = c.Kind
	switch c.Control {
	case "Text":
		v.Text = strings.Join(strings.Fields(f.Show(value)), " ") // it holds no line breaks
	case "Textarea":
		v.Text = f.Show(value)
	case "Number":
		v.Number = value.Number.String()
	case "Money":
		v.Number = value.Number.Money()
	case "Date":
		v.Time = value.Time
		if c.Kind == "day" {
			y, m, d := value.Time.In(zone).Date()
			v.Time = time.Date(y, m, d, 0, 0, 0, 0, zone)
		}
	case "Selector":
		text := value.Text
		if f.Type == policy.YesNoField {
			text = map[bool]string{true: "是", false: "否"}[value.Yes]
		}
		if o, found := optionOf(c, text); found {
			v.Options = []wecom.FormOption{o}
		}
	case "Vacation", "DateRange", "Attendance":
		v.Kind, v.Attendance = spanKind(c), c.Attendance
		if f.Type == policy.ChoiceField {
			if o, found := optionOf(c, value.Text); found {
				v.Options = []wecom.FormOption{o}
			}
			return
		}
		v.From, v.To, v.Duration = spanOf(v.Kind, value.From, value.To, zone)
	case "Contact":
		for _, id := range value.Members {
			if m := who.member(id); m.ID != "" {
				v.Members = append(v.Members, m)
			}
		}
		for _, id := range value.Departments {
			if d := who.department(id); d.ID != "" {
				v.Departments = append(v.Departments, d)
			}
		}
	case "File":
		for _, id := range value.Attachments {
			if media := files[id]; media != "" {
				v.Files = append(v.Files, media)
			}
		}
	}
}

const halfDay = 12 * time.Hour

// spanKind is how a control writes a span. The detail of a template often lacks
// it for a Vacation [91982]; our periods are of half days.
func spanKind(c wecom.TemplateControl) string {
	if c.Kind == "" {
		return "halfday"
	}
	return c.Kind
}

// spanOf is a period of half days as WeCom writes it. With halfday both ends are
// 00:00 for a morning and 12:00 for an afternoon, and the half day that begins
// there counts; with hour they are instants.
func spanOf(kind string, from, to policy.HalfDay, zone *time.Location) (begin, end time.Time, duration time.Duration) {
	start := func(h policy.HalfDay) time.Time {
		y, m, d := h.Date.Date()
		t := time.Date(y, m, d, 0, 0, 0, 0, zone)
		if h.Afternoon {
			t = t.Add(halfDay)
		}
		return t
	}
	begin, end = start(from), start(to)
	if kind != "halfday" {
		end = end.Add(halfDay)
		return begin, end, end.Sub(begin)
	}
	return begin, end, end.Sub(begin) + halfDay
}

// known answers who members and departments of WeCom are here; 0: nobody.
type known struct {
	member     func(userid string) int64
	department func(id string) int64
}

// formOf is a form that was filled in at WeCom as the rulebook's template reads
// it; whole is false when a required field found no value. Files stay there.
func formOf(t *policy.ApprovalTemplate, controls []wecom.FormControl, zone *time.Location, who known) (form policy.Form, whole bool) {
	byID := map[string]wecom.FormControl{}
	for _, c := range controls {
		byID[c.ID] = c
	}
	form = policy.Form{}
	whole = true
	for _, f := range t.Fields {
		control := byID[t.Native.Controls[f.Key]]
		value, given := fieldOf(f, control, zone, who)
		if given {
			form[f.Key] = value
		} else if len(control.Value.Files) > 0 {
			continue // it is filled in, by a file that stays there
		} else if f.Required && f.Compute == "" {
			whole = false
		}
	}
	return form, whole
}

func fieldOf(f policy.FormField, c wecom.FormControl, zone *time.Location, who known) (policy.FormValue, bool) {
	v := c.Value
	switch f.Type {
	case policy.TextField, policy.LongTextField:
		return policy.FormValue{Text: oneText(v.Text)}, v.Text != ""
	case policy.NumberField, policy.DaysField, policy.MoneyField:
		n, err := policy.ParseDecimal(orElse(v.Number, v.Text))
		return policy.FormValue{Number: n}, err == nil
	case policy.DateField, policy.DateTimeField:
		return policy.FormValue{Time: v.Time.In(zone)}, !v.Time.IsZero()
	case policy.PeriodField:
		from, to := halfDayAt(v.From, zone, false), halfDayAt(v.To, zone, v.Kind != "halfday")
		return policy.FormValue{From: from, To: to}, !v.From.IsZero() && !v.To.IsZero() && !to.Before(from)
	case policy.ChoiceField, policy.YesNoField:
		text := v.Text
		switch len(v.Options) {
		case 0:
		case 1:
			text = strings.TrimSpace(v.Options[0].Text)
		default:
			return policy.FormValue{}, false // several were chosen: a choice is one, and none is passed over
		}
		if f.Type == policy.YesNoField {
			return policy.FormValue{Yes: text == "是"}, text != ""
		}
		return policy.FormValue{Text: text}, slices.Contains(f.Choices, text)
	case policy.PersonField, policy.PeopleField:
		var value policy.FormValue
		var names []string
		for _, m := range v.Members {
			if id := who.member(m.ID); id != 0 {
				value.Members, names = append(value.Members, id), append(names, orElse(m.Name, m.ID))
			}
		}
		value.Text = strings.Join(names, "、")
		return value, len(value.Members) > 0
	case policy.DepartmentField:
		var value policy.FormValue
		var names []string
		for _, d := range v.Departments {
			if id := who.department(d.ID); id != 0 {
				value.Departments, names = append(value.Departments, id), append(names, orElse(d.Name, d.ID))
			}
		}
		value.Text = strings.Join(names, "、")
		return value, len(value.Departments) > 0
	}
	return policy.FormValue{}, false // files have other ids there
}

// halfDayAt is the half day an instant lies in; as the end of a span the one
// before it.
func halfDayAt(t time.Time, zone *time.Location, end bool) policy.HalfDay {
	if t.IsZero() {
		return policy.HalfDay{}
	}
	if end {
		t = t.Add(-time.Second)
	}
	local := t.In(zone)
	return policy.HalfDayOf(local, local.Hour() >= 12)
}

// showControl is a control's content as members read it; "" when it is empty.
func showControl(c wecom.FormControl, zone *time.Location) string {
	v := c.Value
	switch c.Control {
	case "Tips":
		return ""
	case "Date":
		if v.Time.IsZero() {
			return ""
		}
		if v.Kind == "hour" {
			return v.Time.In(zone).Format("2006-01-02 15:04")
		}
		return v.Time.In(zone).Format("2006-01-02")
	case "Selector":
		return strings.Join(optionTexts(v.Options), "、")
	case "Contact":
		var names []string
		for _, m := range slices.Concat(v.Members, v.Departments) {
			names = append(names, orElse(m.Name, m.ID))
		}
		return strings.Join(names, "、")
	case "File":
		if len(v.Files) == 0 {
			return ""
		}
		return strconv.Itoa(len(v.Files)) + " 个附件（请在「审批」中查看）"
	case "DateRange", "Attendance":
		return showSpan(v, zone)
	case "Vacation":
		return strings.TrimSpace(strings.Join(optionTexts(v.Options), "、") + " " + showSpan(v, zone))
	case "RelatedApproval":
		return strings.Join(v.Related, "、")
	case "Table":
		if len(v.Rows) == 0 {
			return ""
		}
		return strconv.Itoa(len(v.Rows)) + " 行明细（请在「审批」中查看）"
	case "Location":
		return v.Place
	case "Number", "Money", "Formula":
		return v.Number
	}
	return strings.TrimSpace(v.Text)
}

func optionTexts(options []wecom.FormOption) []string {
	var texts []string
	for _, o := range options {
		texts = append(texts, orElse(o.Text, o.Key))
	}
	return texts
}

func showSpan(v wecom.FormValue, zone *time.Location) string {
	if v.From.IsZero() || v.To.IsZero() {
		return ""
	}
	if v.Kind == "halfday" {
		return halfDayAt(v.From, zone, false).String() + " 至 " + halfDayAt(v.To, zone, false).String()
	}
	return v.From.In(zone).Format("2006-01-02 15:04") + " 至 " + v.To.In(zone).Format("2006-01-02 15:04")
}
