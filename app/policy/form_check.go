package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The spans a form may speak of.
const (
	maxAheadYears  = 2
	maxBehindYears = 2
	maxPeriodDays  = 366
)

// LeaveDays counts the working days of a period, both ends included, half days
// as 0.5. A period that ends before it begins has none.
func (c *Calendar) LeaveDays(from, to HalfDay) Decimal {
	first, last := dayOf(from.Date), dayOf(to.Date)
	var days Decimal
	for d := first; d <= last && d < first+horizon; d++ {
		if !c.works(d) {
			continue
		}
		days += decimalOne
		if d == first && from.Afternoon {
			days -= decimalOne / 2
		}
		if d == last && !to.Afternoon {
			days -= decimalOne / 2
		}
	}
	return max(days, 0)
}

// Complete is the form with its computed fields filled in; f itself stays as it is.
func (t *ApprovalTemplate) Complete(f Form, c *Calendar) Form {
	out := make(Form, len(f)+1)
	for key, v := range f {
		out[key] = v
	}
	for _, field := range t.Fields {
		period, filled := out[field.Compute]
		if field.Compute != "" && filled {
			out[field.Key] = FormValue{Number: c.LeaveDays(period.From, period.To)}
		}
	}
	return out
}

// CheckForm says what is wrong with a form at the instant at, in the zone of at:
// required fields, ranges, lengths, choices, dates. The order is that of the fields.
func (t *ApprovalTemplate) CheckForm(f Form, at time.Time) []FieldProblem {
	var found []FieldProblem
	for _, field := range t.Fields {
		v, filled := f[field.Key]
		filled = filled && !field.Empty(v)
		switch {
		case !filled && field.Required && field.Compute == "":
			found = append(found, FieldProblem{Field: field, Text: "还没有填" + field.Label, Missing: true})
		case filled:
			if text := field.wrong(v, at); text != "" {
				found = append(found, FieldProblem{Field: field, Text: text})
			}
		}
	}
	unknown := make([]string, 0)
	for key := range f {
		if !slices.Contains(keysOf(t.Fields), key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		found = append(found, FieldProblem{Field: FormField{Key: key, Label: key}, Text: "「" + t.Title + "」没有「" + key + "」这一项，请去掉"})
	}
	return found
}

// Empty reports whether v says nothing for a field of this type.
func (f FormField) Empty(v FormValue) bool {
	switch f.Type {
	case TextField, LongTextField, ChoiceField:
		return strings.TrimSpace(v.Text) == ""
	case DateField, DateTimeField:
		return v.Time.IsZero()
	case PeriodField:
		return v.From.IsZero() && v.To.IsZero()
	case PersonField, PeopleField:
		return len(v.Members) == 0
	case DepartmentField:
		return len(v.Departments) == 0
	case FileField, PhotoField:
		return len(v.Attachments) == 0
	}
	return false // numbers, yes and no: given is given
}

// wrong says what is wrong with a value that is there, and what to do instead.
func (f FormField) wrong(v FormValue, at time.Time) string {
	switch f.Type {
	case TextField, LongTextField:
		if n := utf8.RuneCountInString(v.Text); n > f.MaxChars {
			return fmt.Sprintf("%s有 %d 字，最多 %d 字，请写得简短一些", f.Label, n, f.MaxChars)
		}
		if f.Type == TextField && strings.ContainsAny(v.Text, "\n\r") {
			return f.Label + "只能写一行，请去掉换行"
		}
	case ChoiceField:
		if !slices.Contains(f.Choices, v.Text) {
			return f.Label + "请从这些里选一个：" + strings.Join(f.Choices, "、")
		}
	case NumberField, MoneyField, DaysField:
		return f.wrongNumber(v.Number)
	case DateField, DateTimeField:
		return f.wrongDate(v.Time, at)
	case PeriodField:
		return f.wrongPeriod(v, at)
	case PersonField:
		if len(v.Members) > 1 {
			return f.Label + "只能写一位同事"
		}
	case DepartmentField:
		if len(v.Departments) > 1 {
			return f.Label + "只能写一个部门"
		}
	case PeopleField:
		return f.wrongCount(len(v.Members), "位")
	case FileField:
		return f.wrongCount(len(v.Attachments), "个文件")
	case PhotoField:
		return f.wrongCount(len(v.Attachments), "张照片")
	}
	return ""
}

func (f FormField) wrongNumber(d Decimal) string {
	unit, show := "", d.String
	switch {
	case f.Type == MoneyField:
		unit, show = " 元", d.Money
	case f.Type == DaysField:
		unit = " 天"
	}
	edge := func(d Decimal) string {
		if f.Type == MoneyField {
			return d.Money()
		}
		return d.String()
	}
	switch {
	case f.Compute != "" && d <= 0:
		return "所选时间里没有工作日，请核对起止日期"
	case f.Type == MoneyField && d <= 0 && f.Min != nil && *f.Min > 0:
		return fmt.Sprintf("%s要大于 0，现在是 %s 元", f.Label, show())
	case f.Min != nil && d < *f.Min:
		return fmt.Sprintf("%s最少 %s%s，现在是 %s", f.Label, edge(*f.Min), unit, show())
	case f.Max != nil && d > *f.Max:
		return fmt.Sprintf("%s最多 %s%s，现在是 %s，请核对", f.Label, edge(*f.Max), unit, show())
	case f.Type == MoneyField && d%(decimalOne/100) != 0:
		return f.Label + "最多写到分，例如 358.50"
	case f.Type == DaysField && d%(decimalOne/2) != 0:
		return f.Label + "按半天计，例如 2 或 2.5"
	}
	return ""
}

func (f FormField) wrongDate(t, at time.Time) string {
	today := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
	switch {
	case !f.Past && dayOf(t.In(at.Location())) < dayOf(today):
		return fmt.Sprintf("%s %s 已经过去，请写今天或以后的日期", f.Label, t.In(at.Location()).Format(dateLayout))
	case t.After(today.AddDate(maxAheadYears, 0, 0)), t.Before(today.AddDate(-maxBehindYears, 0, 0)):
		return fmt.Sprintf("%s %s 离今天太远，请核对年份", f.Label, t.In(at.Location()).Format(dateLayout))
	}
	return ""
}

func (f FormField) wrongPeriod(v FormValue, at time.Time) string {
	switch today := HalfDayOf(at, false); {
	case v.From.IsZero():
		return f.Label + "少了开始日期，请写从哪天到哪天"
	case v.To.IsZero():
		return f.Label + "少了结束日期，请写从哪天到哪天"
	case v.To.Before(v.From):
		return fmt.Sprintf("%s的结束 %s 早于开始 %s，请对调或改正", f.Label, v.To, v.From)
	case dayOf(v.To.Date)-dayOf(v.From.Date) >= maxPeriodDays:
		return fmt.Sprintf("%s超过一年，请核对年份", f.Label)
	case !f.Past && v.From.Before(today):
		return fmt.Sprintf("%s从 %s 开始，已经过去，请写今天或以后的日期", f.Label, v.From.Date.Format(dateLayout))
	default:
		from := time.Date(v.From.Date.Year(), v.From.Date.Month(), v.From.Date.Day(), 0, 0, 0, 0, at.Location())
		return FormField{Label: f.Label, Past: true}.wrongDate(from, at)
	}
}

func (f FormField) wrongCount(n int, unit string) string {
	switch {
	case f.Min != nil && DecimalOf(int64(n)) < *f.Min:
		return fmt.Sprintf("%s至少 %s %s，现在有 %d", f.Label, f.Min, unit, n)
	case f.Max != nil && DecimalOf(int64(n)) > *f.Max:
		return fmt.Sprintf("%s最多 %s %s，现在有 %d", f.Label, f.Max, unit, n)
	}
	return ""
}

// Show is the content of a field as members read it.
func (f FormField) Show(v FormValue) string {
	switch f.Type {
	case NumberField, DaysField:
		return v.Number.String()
	case MoneyField:
		return v.Number.Money()
	case YesNoField:
		if v.Yes {
			return "是"
		}
		return "否"
	case DateField:
		return dateText(DateField, v)
	case DateTimeField:
		return dateText(DateTimeField, v)
	case PeriodField:
		return PeriodText(v.From, v.To, "至")
	case FileField:
		return fmt.Sprintf("%d 个文件", len(v.Attachments))
	case PhotoField:
		return fmt.Sprintf("%d 张照片", len(v.Attachments))
	}
	return v.Text
}

// PeriodText writes a period: 2026-03-09至2026-03-11; half days are named.
func PeriodText(from, to HalfDay, separator string) string {
	start, end := from.Date.Format(dateLayout), to.Date.Format(dateLayout)
	if from.Afternoon {
		start += "下午"
	}
	if !to.Afternoon {
		end += "上午"
	}
	if dayOf(from.Date) == dayOf(to.Date) && from.Afternoon == to.Afternoon {
		if from.Afternoon {
			return start
		}
		return end
	}
	return start + separator + end
}

// CaseTitle is the title of a case: 请假：事假 2天.
func (t *ApprovalTemplate) CaseTitle(f Form) string {
	title := t.TitleText
	for _, field := range t.Fields {
		title = strings.ReplaceAll(title, "{"+field.Key+"}", strings.Join(strings.Fields(field.Show(f[field.Key])), " "))
	}
	if r := []rune(title); len(r) > maxTitleChars {
		title = string(r[:maxTitleChars-1]) + "…"
	}
	return strings.TrimSpace(title)
}

const maxTitleChars = 60
