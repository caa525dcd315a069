package approval

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
)

// The scenes of a template's texts.
const (
	sceneAsked    = policy.TextAsked
	sceneDecided  = policy.TextDecided
	sceneApproved = policy.TextApproved
)

// noRemark stands for what may be left out and was: an empty 备注.
const noRemark = "无"

// text fills in a text of a template; "" when it has none for the scene. A
// required placeholder that is empty is Incomplete: a text with a hole is never
// sent. extra are the values of placeholders that are no fields.
func (a *Approvals) text(t *policy.ApprovalTemplate, scene string, form policy.Form, applicant string, extra map[string]string) (string, error) {
	pattern := t.Texts[scene]
	var missing error
	filled := policy.TextPlaceholder.ReplaceAllStringFunc(pattern, func(found string) string {
		name := strings.Trim(found, "[]")
		if name == policy.TextApplicant {
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
		if value == "" && !field.Required {
			return noRemark
		}
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
	case policy.YesNoField:
		return field.Show(v)
	}
	if field.Empty(v) {
		return ""
	}
	return field.Show(v)
}

// span is a period in a text: 2026-03-09至2026-03-11.
func (a *Approvals) span(v policy.FormValue) string {
	if v.From.IsZero() || v.To.IsZero() {
		return ""
	}
	return policy.PeriodText(v.From, v.To, a.rules().Rules().Templates.DateRangeSeparator)
}
