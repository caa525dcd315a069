package approval

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"guiju/app/console"
	"guiju/app/policy"
	"guiju/store"
)

// The inputs of a form and what they hold. An input of the field 金额 is named
// f.金额; the parts of a period add .from, .from_half, .to and .to_half, files
// that were uploaded before .kept, the words of a search .find.

const fieldPrefix = "f."

// input is one field as it is shown.
type input struct {
	policy.FormField
	Name    string
	Value   string
	Values  map[string]string // of a period, by part
	Options []option
	Files   []option // uploaded before
	Find    string   // words of the search
	Problem string
	Wide    bool // shown below its label
	Pills   bool // choices side by side
	Accept  string
	Many    bool
	Step    string
	Ask     string // what a search asks for, in JSON
}

// option is one thing to choose.
type option struct {
	Value, Label, Hint string
	Checked            bool
}

// filled is a form under way: what was typed, and what is wrong with it.
type filled struct {
	values   url.Values
	files    map[string][]store.Attachment
	problems map[string]string // by key of the field
}

func (f filled) get(key, part string) string {
	return strings.TrimSpace(f.values.Get(fieldPrefix + key + part))
}

func (f filled) all(key, part string) []string { return f.values[fieldPrefix+key+part] }

func (f filled) wrong(key, text string) {
	if f.problems[key] == "" {
		f.problems[key] = text
	}
}

// inputs are the fields of a template with what was typed.
func (p pages) inputs(v *console.Visit, t *policy.ApprovalTemplate, f filled) ([]input, error) {
	var all []input
	for _, field := range t.Fields {
		if field.Compute != "" {
			continue
		}
		in := input{FormField: field, Name: fieldPrefix + field.Key, Value: f.get(field.Key, ""), Problem: f.problems[field.Key]}
		if err := p.fillIn(v, &in, f); err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return all, nil
}

// shortLabel is how many characters of a label stand beside its input.
const shortLabel = 5

func (p pages) fillIn(v *console.Visit, in *input, f filled) (err error) {
	key := in.Key
	in.Wide = utf8.RuneCountInString(in.Label) > shortLabel
	switch in.Type {
	case policy.LongTextField:
		in.Wide = true
	case policy.MoneyField:
		in.Step = "0.01"
	case policy.DaysField:
		in.Step = "0.5"
	case policy.NumberField:
		in.Step = "any"
	case policy.PeriodField:
		in.Wide = true
		in.Values = map[string]string{}
		for _, part := range []string{"from", "from_half", "to", "to_half"} {
			in.Values[part] = f.get(key, "."+part)
		}
	case policy.ChoiceField, policy.YesNoField:
		in.Pills = len(in.Choices) <= 4
		in.Wide = in.Wide || in.Pills
		in.Options = choices(in.FormField, in.Value)
	case policy.PersonField, policy.PeopleField:
		in.Wide, in.Many, in.Find = true, in.Type == policy.PeopleField, f.get(key, ".find")
		in.Ask = ask("person", in.Name, in.Many)
		in.Options, err = p.peopleOptions(v.Reader, f.all(key, ""), in.Find)
	case policy.DepartmentField:
		in.Wide, in.Find = true, f.get(key, ".find")
		in.Ask = ask("department", in.Name, false)
		in.Options, err = departmentOptions(v.Reader, f.all(key, ""), in.Find)
	case policy.FileField, policy.PhotoField:
		in.Wide, in.Accept = true, console.AcceptedFiles
		if in.Type == policy.PhotoField {
			in.Accept = console.AcceptedPictures
		}
		in.Files, err = p.keptFiles(v, key, f)
	}
	return err
}

func choices(field policy.FormField, chosen string) []option {
	words := field.Choices
	if field.Type == policy.YesNoField {
		words = []string{"是", "否"}
	}
	var all []option
	for _, word := range words {
		all = append(all, option{Value: word, Label: word, Checked: word == chosen})
	}
	return all
}

// keptFiles are the files of a field that are uploaded already: with this form,
// or with it when it was shown before.
func (p pages) keptFiles(v *console.Visit, key string, f filled) ([]option, error) {
	var all []option
	for _, id := range attachmentIDs(f, key) {
		a, err := p.mayKeep(v, id)
		if errors.Is(err, store.ErrNotFound) {
			continue // it was never his, or is gone
		}
		if err != nil {
			return nil, err
		}
		all = append(all, option{Value: strconv.FormatInt(a.ID, 10), Label: a.Name, Hint: fileSize(a.Size), Checked: true})
	}
	return all, nil
}

// attachmentIDs are those a field names, at most one page of them.
func attachmentIDs(f filled, key string) []int64 {
	ids := numbers(f.all(key, ".kept"))
	for _, a := range f.files[fieldPrefix+key] {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), maxFormFiles)]
}

// maxFormFiles bounds the files of one field.
const maxFormFiles = 9

// mayKeep answers an attachment that a form may name: one that its member has
// uploaded just now, or one that the case being changed has already.
func (p pages) mayKeep(v *console.Visit, id int64) (store.Attachment, error) {
	a, err := v.Upload(id)
	if err == nil {
		return a, nil
	}
	if !strings.HasPrefix(v.Path, casePage) {
		return a, err
	}
	row, err := v.Reader.RequestByNumber(v.Param("number"))
	if err != nil {
		return a, err
	}
	a, err = v.Reader.Attachment(id)
	if err == nil && (row.ApplicantID != v.Member.ID || a.SubjectKind != row.Subject().Kind || a.SubjectID != row.ID) {
		return a, store.ErrNotFound
	}
	return a, err
}

func numbers(words []string) []int64 {
	var all []int64
	for _, word := range words {
		if n, err := strconv.ParseInt(word, 10, 64); err == nil && n > 0 {
			all = append(all, n)
		}
	}
	return all
}

// decode reads a form. What cannot be read is said at its field; the form holds
// the rest.
func (p pages) decode(v *console.Visit, t *policy.ApprovalTemplate, f filled) (policy.Form, error) {
	form := policy.Form{}
	for _, field := range t.Fields {
		if field.Compute != "" {
			continue
		}
		value, given, err := p.decodeField(v, field, f)
		if err != nil {
			return nil, err
		}
		if given {
			form[field.Key] = value
		}
	}
	return form, nil
}

func (p pages) decodeField(v *console.Visit, field policy.FormField, f filled) (value policy.FormValue, given bool, err error) {
	text := f.get(field.Key, "")
	switch field.Type {
	case policy.PeriodField:
		return p.decodePeriod(field, f)
	case policy.PersonField, policy.PeopleField:
		return p.decodePeople(v, field, f)
	case policy.DepartmentField:
		return p.decodeDepartment(v, field, f)
	case policy.FileField, policy.PhotoField:
		for _, id := range attachmentIDs(f, field.Key) {
			_, err := p.mayKeep(v, id)
			if errors.Is(err, store.ErrNotFound) {
				f.wrong(field.Key, "有一个文件已经不在了，请重新选择")
				continue
			}
			if err != nil {
				return value, false, err
			}
			value.Attachments = append(value.Attachments, id)
		}
		return value, len(value.Attachments) > 0, nil
	}
	if text == "" {
		return value, false, nil
	}
	value, problem := p.decodeText(field, text)
	if problem != "" {
		f.wrong(field.Key, problem)
		return value, false, nil
	}
	return value, true, nil
}

// decodeText reads a field of one input.
func (p pages) decodeText(field policy.FormField, text string) (value policy.FormValue, problem string) {
	switch field.Type {
	case policy.NumberField, policy.MoneyField, policy.DaysField:
		number, err := policy.ParseDecimal(text)
		if err != nil {
			return value, field.Label + "要填数字，例如 1280.5"
		}
		value.Number = number
	case policy.DateField, policy.DateTimeField:
		layout, example := time.DateOnly, "2026-03-09"
		if field.Type == policy.DateTimeField {
			layout, example = "2006-01-02T15:04", "2026-03-09T09:30"
		}
		t, err := time.ParseInLocation(layout, text, p.zone())
		if err != nil {
			return value, field.Label + "要写成 " + example + " 的样子"
		}
		value.Time = t
	case policy.ChoiceField:
		if !slices.Contains(field.Choices, text) {
			return value, "请从选项里选" + field.Label
		}
		value.Text = text
	case policy.YesNoField:
		value.Yes, value.Text = text == "是", text
	default:
		value.Text = text
	}
	return value, ""
}

// decodePeriod reads both ends. A day without its half is whole.
func (p pages) decodePeriod(field policy.FormField, f filled) (value policy.FormValue, given bool, err error) {
	from, to := f.get(field.Key, ".from"), f.get(field.Key, ".to")
	if from == "" && to == "" {
		return value, false, nil
	}
	if from == "" || to == "" {
		f.wrong(field.Key, "开始和结束都要填；只请一天的，两边填同一天")
		return value, false, nil
	}
	first, err1 := time.ParseInLocation(time.DateOnly, from, p.zone())
	last, err2 := time.ParseInLocation(time.DateOnly, to, p.zone())
	if err1 != nil || err2 != nil {
		f.wrong(field.Key, "日期要写成 2026-03-09 的样子")
		return value, false, nil
	}
	value.From = policy.HalfDayOf(first, f.get(field.Key, ".from_half") == "下午")
	value.To = policy.HalfDayOf(last, f.get(field.Key, ".to_half") != "上午")
	return value, true, nil
}

// encode is the inverse of decode: what the inputs of a form hold.
func encode(t *policy.ApprovalTemplate, form policy.Form, zone *time.Location) url.Values {
	values := url.Values{}
	for _, field := range t.Fields {
		value, given := form[field.Key]
		if !given || field.Compute != "" {
			continue
		}
		name := fieldPrefix + field.Key
		switch field.Type {
		case policy.PeriodField:
			values.Set(name+".from", value.From.Date.Format(time.DateOnly))
			values.Set(name+".from_half", half(value.From))
			values.Set(name+".to", value.To.Date.Format(time.DateOnly))
			values.Set(name+".to_half", half(value.To))
		case policy.PersonField, policy.PeopleField:
			values[name] = texts(value.Members)
		case policy.DepartmentField:
			values[name] = texts(value.Departments)
		case policy.FileField, policy.PhotoField:
			values[name+".kept"] = texts(value.Attachments)
		case policy.NumberField, policy.MoneyField, policy.DaysField:
			values.Set(name, value.Number.String())
		case policy.DateField:
			values.Set(name, value.Time.In(zone).Format(time.DateOnly))
		case policy.DateTimeField:
			values.Set(name, value.Time.In(zone).Format("2006-01-02T15:04"))
		case policy.YesNoField:
			values.Set(name, map[bool]string{true: "是", false: "否"}[value.Yes])
		default:
			values.Set(name, value.Text)
		}
	}
	return values
}

func half(h policy.HalfDay) string {
	if h.Afternoon {
		return "下午"
	}
	return "上午"
}

func texts(ids []int64) []string {
	var all []string
	for _, id := range ids {
		all = append(all, strconv.FormatInt(id, 10))
	}
	return all
}

func fileSize(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KB", max(1, n>>10))
}
