package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of approval processes.
const (
	maxTemplates     = 100
	maxFields        = 40
	maxNodes         = 30 // nodes and branches of one template
	maxCases         = 20 // of one branch
	maxChoices       = 50
	maxNameChars     = 20   // of titles, fields and nodes
	maxPromptChars   = 200  // of prompts and hints
	maxTextChars     = 2000 // what a field may take at most
	defaultTextChars = 200
	defaultLongChars = 2000
	maxFiles         = 9 // of one field
)

var (
	templateKey = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	versionForm = regexp.MustCompile(`^(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$`)
	nodeKey     = regexp.MustCompile(`^[\p{Han}A-Za-z0-9_-]{1,40}$`) // part of a permission: no dots
	fieldKey    = regexp.MustCompile(`^[\p{Han}A-Za-z_][\p{Han}A-Za-z0-9_]{0,19}$`)
)

// templates compiles approval.templates.
func (k *checker) templates(e *Engine) []*ApprovalTemplate {
	r := actorReader{k, e}
	r.aliases()
	const path = "approval.templates"
	rules := e.rules.Approval.Templates
	if len(rules) > maxTemplates {
		k.add(path, "must have at most %d templates", maxTemplates)
		return nil
	}
	var all []*ApprovalTemplate
	taken := map[string]string{} // word → template
	for _, entry := range rules {
		c := &templateReader{k: k, e: e, actors: r, rule: entry.Value, path: path + "." + entry.Key}
		t := c.read(entry.Key)
		for _, word := range append([]string{t.Title, t.Command}, t.Aliases...) {
			other, twice := taken[fold(word)]
			if word != "" && twice && other != t.Key {
				k.add(c.path, "%s is also a word of the template %s", word, other)
			}
			taken[fold(word)] = t.Key
		}
		all = append(all, t)
	}
	return all
}

// The bounds of approval.reject_reasons: a card has no room for more.
const (
	maxReasons     = 6
	maxReasonChars = 20
)

func (k *checker) rejectReasons(reasons []string) {
	const path = "approval.reject_reasons"
	if len(reasons) > maxReasons {
		k.add(path, "must have at most %d reasons", maxReasons)
	}
	k.once(path, reasons)
	for i, reason := range reasons {
		if utf8.RuneCountInString(reason) > maxReasonChars || strings.ContainsAny(reason, "\n\r") {
			k.add(fmt.Sprintf("%s[%d]", path, i), "must be one line of at most %d characters", maxReasonChars)
		}
	}
}

// templateReader compiles one template of the rulebook.
type templateReader struct {
	k      *checker
	e      *Engine
	actors actorReader
	rule   ApprovalTemplateRule
	path   string
}

func (c *templateReader) add(below, format string, args ...any) {
	c.k.add(c.path+below, format, args...)
}

func (c *templateReader) read(key string) *ApprovalTemplate {
	r := c.rule
	t := &ApprovalTemplate{
		Key: key, Title: strings.TrimSpace(r.Title), Command: strings.TrimSpace(r.Command), Aliases: r.Aliases, Version: r.Version,
		Engine: ApprovalEngine(r.Engine), Own: r.Own, Sensitive: r.Sensitive, Pilot: r.Pilot, For: r.For, Off: r.Off, TitleText: r.TitleText,
		Native: NativeTemplate{TemplateID: r.Native.TemplateID, UseTemplateApprover: r.Native.UseTemplateApprover, Controls: r.Native.Controls},
	}
	if t.Engine == "" {
		t.Engine = EngineGuiju
	}
	if t.TitleText == "" {
		t.TitleText = t.Title
	}
	t.Fields = c.fields()
	before := len(c.k.found)
	route := c.route(t)
	t.Texts = r.Texts
	sound := len(c.k.found) == before
	t.CC = c.actors.all(c.path+".cc", r.CC)
	c.effective(t)
	if !t.Off {
		c.pilot()
	}
	k := &checker{}
	t.compile(k, c.path, route, sound)
	c.k.found = append(c.k.found, k.found...)
	return t
}

// effective reads the date from which the template applies: midnight there.
func (c *templateReader) effective(t *ApprovalTemplate) {
	if c.rule.Effective == "" {
		return
	}
	loc := time.UTC
	if c.e.cal != nil && c.e.cal.loc != nil {
		loc = c.e.cal.loc
	}
	for _, layout := range []string{dateLayout, dateLayout + " 15:04"} {
		if at, err := time.ParseInLocation(layout, c.rule.Effective, loc); err == nil {
			t.Effective = at
			return
		}
	}
	c.add(".effective", "must be a date like 2026-03-09, not %q", c.rule.Effective)
}

// pilot keeps pilots to as many departments as process.pilot_departments allows
// (G1-3.2(2) AE2).
func (c *templateReader) pilot() {
	bounds := c.e.rules.Process.PilotDepartments
	n := len(c.rule.Pilot)
	if n > 0 && len(bounds) == 2 && (n < bounds[0] || n > bounds[1]) {
		c.add(".pilot", "must name %d to %d departments, not %d: a pilot is small (process.pilot_departments)", bounds[0], bounds[1], n)
	}
	for _, list := range []struct {
		below string
		names []string
	}{{".pilot", c.rule.Pilot}, {".for", c.rule.For}} {
		for i, name := range list.names {
			c.k.filled(fmt.Sprintf("%s%s[%d]", c.path, list.below, i), name)
			if slices.Index(list.names, name) != i {
				c.add(fmt.Sprintf("%s[%d]", list.below, i), "%s is named twice", name)
			}
		}
	}
}

func (c *templateReader) fields() []FormField {
	var all []FormField
	for _, entry := range c.rule.Fields {
		r := entry.Value
		if r.Off {
			continue
		}
		f := FormField{
			Key: entry.Key, Label: r.Label, Aliases: r.Aliases, Type: FieldType(r.Type), Required: r.Required, Choices: r.Choices,
			Min: r.Min, Max: r.Max, MaxChars: r.MaxChars, Prompt: r.Prompt, Hint: r.Hint, Personal: r.Personal, Past: r.Past, Compute: r.Compute,
		}
		f.complete()
		all = append(all, f)
	}
	return all
}

// complete gives a field the values that follow from the others.
func (f *FormField) complete() {
	if f.Label == "" {
		f.Label = f.Key
	}
	switch {
	case f.MaxChars != 0:
	case f.Type == TextField:
		f.MaxChars = defaultTextChars
	case f.Type == LongTextField:
		f.MaxChars = defaultLongChars
	}
	f.usualBounds()
	if f.Prompt == "" {
		f.Prompt = f.question()
	}
}

// usualBounds keep absurd numbers out where the rulebook gives no bounds.
func (f *FormField) usualBounds() {
	bound := func(min, max Decimal) {
		if f.Min == nil {
			f.Min = &min
		}
		if f.Max == nil {
			f.Max = &max
		}
	}
	switch f.Type {
	case MoneyField:
		bound(decimalOne/100, DecimalOf(100_000_000))
	case DaysField:
		bound(decimalOne/2, DecimalOf(maxPeriodDays))
	case FileField, PhotoField:
		bound(0, DecimalOf(maxFiles))
	case PeopleField:
		bound(0, DecimalOf(maxActors))
	}
}

// question asks for the field where the rulebook has no prompt.
func (f *FormField) question() string {
	switch f.Type {
	case PersonField:
		return "请问" + f.Label + "是哪位同事？"
	case PeopleField:
		return "请问" + f.Label + "是哪些同事？用、隔开"
	case DepartmentField:
		return "请问" + f.Label + "是哪个部门？"
	case ChoiceField:
		return "请选择" + f.Label + "：" + strings.Join(f.Choices, "、")
	case YesNoField:
		return f.Label + "吗？请回答 是 或 否"
	case MoneyField:
		return "请问" + f.Label + "是多少元？"
	case FileField:
		return "请发送" + f.Label
	case PhotoField:
		return "请发送" + f.Label + "的照片"
	case PeriodField:
		return "请问从哪天到哪天？例如 3月9日到3月11日，半天写成 3月9日下午到3月11日"
	}
	return "请填写" + f.Label
}

// limit reads how long a node may take; at names the place of text.
func (c *templateReader) limit(below, text string) WorkSpan {
	rules := &c.e.rules
	switch text {
	case "":
		return WorkSpan{Time: time.Duration(rules.Approval.NodeLimitHours) * time.Hour}
	case "account.step_workdays":
		return WorkSpan{Workdays: rules.Account.StepWorkdays}
	case "change.step_remind_workdays":
		return WorkSpan{Workdays: rules.Change.StepRemindWorkdays}
	case "review.minutes":
		return WorkSpan{Time: time.Duration(rules.Review.Minutes) * time.Minute}
	}
	var span WorkSpan
	if err := span.UnmarshalText([]byte(text)); err != nil || span == (WorkSpan{}) {
		c.add(below, "must be an amount of working time like 4h or 1wd, or account.step_workdays, change.step_remind_workdays or review.minutes, not %q", text)
	}
	return span
}
