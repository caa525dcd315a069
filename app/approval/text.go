package approval

import (
	"fmt"
	"regexp"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
)

// The scenes of a template's texts (G1-2.1(1)b).
const (
	sceneAsked    = "asked"    // to the first who decides
	sceneDecided  = "decided"  // to the applicant, at each decision
	sceneApproved = "approved" // to the colleagues
)

// Placeholders that are no fields.
const (
	applicantPlaceholder = "成员姓名"
	verdictPlaceholder   = "决定"
	remarkPlaceholder    = "备注"
)

// noRemark stands for an empty 备注.
const noRemark = "无"

var placeholder = regexp.MustCompile(`\[[^\[\]]+\]`)

// text fills in a text of a template; "" when it has none for the scene. An
// empty placeholder is Incomplete: a text with a hole is never sent. extra are
// the values of placeholders that are no fields.
func (a *Approvals) text(t *policy.ApprovalTemplate, scene string, form policy.Form, applicant string, extra map[string]string) (string, error) {
	pattern := t.Texts[scene]
	var missing error
	filled := placeholder.ReplaceAllStringFunc(pattern, func(found string) string {
		name := strings.Trim(found, "[]")
		if name == applicantPlaceholder {
			return applicant
		}
		if value, ok := extra[name]; ok {
			return value
		}
		field, ok := t.Field(name)
		if !ok { // refused when the rulebook is loaded
			missing = fmt.Errorf("text %s of template %s: nothing is called %s", scene, t.Key, found)
			return found
		}
		value := a.value(field, form[field.Key])
		if value == "" && missing == nil {
			missing = chat.Incomplete{Field: field.Key, Prompt: field.Prompt}
		}
		return value
	})
	return filled, missing
}

// value is the content of a field in a text of a template: dates as 2026-03-09,
// spans with templates.date_range_separator.
func (a *Approvals) value(field policy.FormField, v policy.FormValue) string {
	switch field.Type {
	case policy.PeriodField:
		return a.span(v)
	case policy.MoneyField:
		return v.Number.Money()
	case policy.FileField, policy.PhotoField:
		if len(v.Attachments) == 0 {
			return ""
		}
		return fmt.Sprintf("%d 份", len(v.Attachments))
	}
	return field.Show(v)
}

// span is a period in a text: 2026-03-09至2026-03-11. A half day is named; one
// day alone is written once.
func (a *Approvals) span(v policy.FormValue) string {
	if v.From.IsZero() || v.To.IsZero() {
		return ""
	}
	from, to := day(v.From), day(v.To)
	if v.From.Afternoon {
		from += "下午"
	}
	if !v.To.Afternoon {
		to += "上午"
	}
	if day(v.From) == day(v.To) {
		switch {
		case !v.From.Afternoon && v.To.Afternoon:
			return day(v.From)
		case from == day(v.From): // the morning alone
			return to
		default:
			return from
		}
	}
	return from + a.rules().Rules().Templates.DateRangeSeparator + to
}

func day(h policy.HalfDay) string { return h.Date.Format("2006-01-02") }
