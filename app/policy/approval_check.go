package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// compile checks a template that is complete and prepares its conditions. at
// says where the entries of its route stand below path; a definition that was
// stored has none, its problems name the keys. How the route hangs together is
// only asked of entries that are sound by themselves.
func (t *ApprovalTemplate) compile(k *checker, path string, at entryPath, sound bool) {
	c := &templateChecker{k: k, path: path, t: t, at: at}
	c.names()
	c.native()
	known := map[string]bool{}
	for i := range t.Fields {
		c.field(t.Fields[i], known)
	}
	if len(t.Fields) > maxFields {
		c.add(".fields", "must have at most %d fields, not %d", maxFields, len(t.Fields))
	}
	c.titleText()
	c.texts()
	if len(t.Nodes)+len(t.Branches) > maxNodes {
		c.add(".route", "must have at most %d nodes and branches, not %d", maxNodes, len(t.Nodes)+len(t.Branches))
		return
	}
	c.chosen(".cc", c.t.CC)
	before := len(k.found)
	c.nodes()
	c.conditions()
	if sound && len(k.found) == before {
		c.graph()
	}
}

// templateChecker checks one template.
type templateChecker struct {
	k    *checker
	path string
	t    *ApprovalTemplate
	at   entryPath
}

func (c *templateChecker) add(below, format string, args ...any) {
	c.k.add(c.path+below, format, args...)
}

// entry is the place of a node or branch.
func (c *templateChecker) entry(key string) string {
	if path, ok := c.at[key]; ok {
		return path
	}
	return ".route." + key
}

func (c *templateChecker) names() {
	t := c.t
	if !templateKey.MatchString(t.Key) {
		c.add("", "the key of a template must be lower-case letters, digits and _, and begin with a letter")
	}
	if !versionForm.MatchString(t.Version) {
		c.add(".version", "must be a version like 1.0.0, not %q", t.Version)
	}
	c.name(".title", t.Title)
	for i, word := range append([]string{t.Command}, t.Aliases...) {
		below := ".command"
		if i > 0 {
			below = fmt.Sprintf(".aliases[%d]", i-1)
		}
		if strings.ContainsAny(word, " \t\n:：，,、") || utf8.RuneCountInString(word) > maxNameChars {
			c.add(below, "must be one word of at most %d characters, not %q", maxNameChars, word)
		}
	}
	c.k.oneOf(c.path+".engine", string(t.Engine), string(EngineGuiju), string(EngineNative))
}

// name accepts what is shown to members as a name.
func (c *templateChecker) name(below, text string) {
	switch {
	case strings.TrimSpace(text) == "":
		c.add(below, "must not be empty")
	case utf8.RuneCountInString(text) > maxNameChars:
		c.add(below, "must have at most %d characters", maxNameChars)
	case strings.ContainsAny(text, "\n\r"):
		c.add(below, "must be one line")
	}
}

// native wants all that oa/applyevent needs.
func (c *templateChecker) native() {
	t := c.t
	if t.Engine != EngineNative {
		if t.Native.TemplateID != "" || len(t.Native.Controls) > 0 {
			c.add(".native", "belongs to engine: native")
		}
		return
	}
	if strings.TrimSpace(t.Native.TemplateID) == "" {
		c.add(".native.template_id", "must be the id of the template in the 审批 app")
	}
	for _, f := range t.Fields {
		if f.Required && strings.TrimSpace(t.Native.Controls[f.Key]) == "" {
			c.add(".native.controls", "must name the control of the required field %s", f.Key)
		}
	}
	controls := map[string]string{}
	for _, key := range sorted(t.Native.Controls) {
		if !slices.Contains(keysOf(t.Fields), key) {
			c.add(".native.controls."+key, "unknown field %s; the fields are %s", key, someOf(keysOf(t.Fields)))
		}
		if other, twice := controls[t.Native.Controls[key]]; twice && !t.vacation(key, other) {
			c.add(".native.controls."+key, "is the control of the field %s", other)
		}
		controls[t.Native.Controls[key]] = key
	}
	for _, n := range t.Nodes {
		if n.Kind == ShareNode { // any, all and in turn it has (apv_rel of oa/applyevent)
			c.add(c.entry(n.Key)+".kind", "the 审批 app has no %s nodes; use any or all with engine: native", n.Kind)
		}
	}
}

// vacation says that two fields are the kind and the time of a leave, which one
// control of the 审批 app holds (Vacation).
func (t *ApprovalTemplate) vacation(a, b string) bool {
	types := map[FieldType]bool{}
	for _, f := range t.Fields {
		if f.Key == a || f.Key == b {
			types[f.Type] = true
		}
	}
	return types[ChoiceField] && types[PeriodField]
}

var fieldTypes = []FieldType{
	TextField, LongTextField, NumberField, MoneyField, DateField, DateTimeField, PeriodField, DaysField, ChoiceField, YesNoField,
	PersonField, PeopleField, DepartmentField, FileField, PhotoField,
}

// reserved are the words of the condition language and the facts about who applies.
var reserved = []string{
	"and", "or", "not", "in", "true", "false", "nil", "let", "if", "else", "contains", "matches", "startsWith", "endsWith", "env",
	applicantDepartments, applicantRoles, applicantPosts, timesFunction, End,
}

// field checks one field; known are the words taken by those before it.
func (c *templateChecker) field(f FormField, known map[string]bool) {
	below := ".fields." + f.Key
	if !fieldKey.MatchString(f.Key) || slices.Contains(reserved, f.Key) {
		c.add(below, "the name of a field must be up to 20 Chinese characters, letters and digits, and no word of the condition language")
		return
	}
	for _, word := range append([]string{f.Key}, f.Aliases...) {
		if strings.TrimSpace(word) == "" || strings.ContainsAny(word, " :：\n") {
			c.add(below+".aliases", "must be words without blanks and colons, not %q", word)
		}
		if known[fold(word)] {
			c.add(below, "%s is also a word of another field", word)
		}
		known[fold(word)] = true
	}
	c.name(below+".label", f.Label)
	if !slices.Contains(fieldTypes, f.Type) {
		c.add(below+".type", "must be one of %s, not %q", joined(fieldTypes), f.Type)
		return
	}
	for what, text := range []string{f.Prompt, f.Hint} {
		if utf8.RuneCountInString(text) > maxPromptChars {
			c.add(below+[]string{".prompt", ".hint"}[what], "must have at most %d characters", maxPromptChars)
		}
	}
	c.choices(below, f)
	c.bounds(below, f)
	c.computed(below, f)
	if f.Past && f.Type != DateField && f.Type != DateTimeField && f.Type != PeriodField {
		c.add(below+".past", "belongs to a date")
	}
}

func (c *templateChecker) choices(below string, f FormField) {
	below += ".choices"
	switch n := len(f.Choices); {
	case f.Type != ChoiceField && n > 0:
		c.add(below, "belongs to a field of type choice")
	case f.Type == ChoiceField && (n < 2 || n > maxChoices):
		c.add(below, "must be 2..%d choices", maxChoices)
	}
	for i, choice := range f.Choices {
		at := fmt.Sprintf("%s[%d]", below, i)
		c.name(at, choice)
		for _, before := range f.Choices[:i] {
			if fold(before) == fold(choice) {
				c.add(at, "%s is given twice", choice)
			}
		}
	}
}

func (c *templateChecker) bounds(below string, f FormField) {
	countable := slices.Contains([]FieldType{NumberField, MoneyField, DaysField, PeopleField, FileField, PhotoField}, f.Type)
	if !countable && (f.Min != nil || f.Max != nil) {
		c.add(below, "min and max belong to numbers, amounts, days, people and files")
	}
	if f.Min != nil && f.Max != nil && *f.Min > *f.Max {
		c.add(below+".min", "must not be more than max")
	}
	if (f.Type == FileField || f.Type == PhotoField) && f.Max != nil && (*f.Max < decimalOne || *f.Max > DecimalOf(maxFiles)) {
		c.add(below+".max", "must be 1..%d files", maxFiles)
	}
	texts := f.Type == TextField || f.Type == LongTextField
	switch {
	case !texts && f.MaxChars != 0:
		c.add(below+".max_chars", "belongs to a text")
	case texts && (f.MaxChars < 1 || f.MaxChars > maxTextChars):
		c.add(below+".max_chars", "must be 1..%d", maxTextChars)
	}
}

func (c *templateChecker) computed(below string, f FormField) {
	if f.Compute == "" {
		return
	}
	i := slices.IndexFunc(c.t.Fields, func(o FormField) bool { return o.Key == f.Compute })
	switch {
	case f.Type != DaysField:
		c.add(below+".compute", "belongs to a field of type days")
	case i < 0:
		c.add(below+".compute", "unknown field %s; the fields are %s", f.Compute, someOf(keysOf(c.t.Fields)))
	case c.t.Fields[i].Type != PeriodField:
		c.add(below+".compute", "must name a field of type period, not of type %s", c.t.Fields[i].Type)
	}
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func (c *templateChecker) titleText() {
	if utf8.RuneCountInString(c.t.TitleText) > 100 || strings.ContainsAny(c.t.TitleText, "\n\r") {
		c.add(".title_text", "must be one line of at most 100 characters")
	}
	for _, found := range placeholder.FindAllStringSubmatch(c.t.TitleText, -1) {
		if !slices.Contains(keysOf(c.t.Fields), found[1]) {
			c.add(".title_text", "unknown field {%s}; the fields are %s", found[1], someOf(keysOf(c.t.Fields)))
		}
	}
}

// nodes checks each node by itself.
func (c *templateChecker) nodes() {
	names := map[string]string{}
	for _, n := range c.t.Nodes {
		at := c.entry(n.Key)
		if !nodeKey.MatchString(n.Key) || n.Key == End {
			c.add(at+".node", "must be a short key of letters, digits, - and _, not %q", n.Key)
		}
		c.name(at+".name", n.Name)
		if other, twice := names[n.Name]; twice {
			c.add(at+".name", "the node %s has the same name %s", other, n.Name)
		}
		names[n.Name] = n.Key
		c.chosen(at+".who", n.Actors)
		kinds := []NodeKind{SingleNode, AnyNode, AllNode, SequenceNode, ShareNode}
		if !slices.Contains(kinds, n.Kind) {
			c.add(at+".kind", "must be one of %s, not %q", joined(kinds), n.Kind)
		}
		switch {
		case n.Kind == ShareNode && (n.Share < 1 || n.Share > 100):
			c.add(at+".share", "must be 1..100 percent of the votes, not %d", n.Share)
		case n.Kind != ShareNode && n.Share != 0:
			c.add(at+".share", "belongs to kind: share")
		}
		if n.Mode != ApproveMode && n.Mode != CCMode {
			c.add(at+".mode", "must be one of approve, cc, not %q", n.Mode)
		}
		if n.Mode == CCMode && n.Command != "" {
			c.add(at+".command", "belongs to a node that approves")
		}
		if strings.ContainsAny(n.Command, " \n:：") || utf8.RuneCountInString(n.Command) > maxNameChars {
			c.add(at+".command", "must be one word of at most %d characters, not %q", maxNameChars, n.Command)
		}
	}
	for _, b := range c.t.Branches {
		if !nodeKey.MatchString(b.Key) || b.Key == End {
			c.add(c.entry(b.Key)+".branch", "must be a short key of letters, digits, - and _, not %q", b.Key)
		}
	}
}

// chosen wants the fields that name actors to be such as can.
func (c *templateChecker) chosen(at string, actors []ApprovalActor) {
	for _, a := range actors {
		name := a.Field()
		if name == "" {
			continue
		}
		i := slices.IndexFunc(c.t.Fields, func(f FormField) bool { return f.Key == name })
		switch {
		case i < 0:
			c.add(at, "unknown field %s; the fields are %s", name, someOf(keysOf(c.t.Fields)))
		case !slices.Contains([]FieldType{PersonField, PeopleField, DepartmentField}, c.t.Fields[i].Type):
			c.add(at, "field %s must be of type person, people or department, not %s", name, c.t.Fields[i].Type)
		case !c.t.Fields[i].Required:
			c.add(at, "field %s must be required: without it nobody could act", name)
		}
	}
}

// conditions compiles each condition, and finds cases that never apply.
func (c *templateChecker) conditions() {
	t := c.t
	t.conditions = map[string]*condition{}
	for _, b := range t.Branches {
		at, sound := c.entry(b.Key), true
		for i, one := range b.Cases {
			if one.When == "" {
				continue
			}
			compiled, err := compileCondition(one.When, t.Fields)
			if err != nil {
				c.add(fmt.Sprintf("%s.cases[%d].when", at, i), "%v", err)
				sound = false
				continue
			}
			t.conditions[one.When] = compiled
		}
		c.cases(at, b, sound)
	}
}

// cases checks the cases of a branch as a whole.
func (c *templateChecker) cases(at string, b ApprovalBranch, sound bool) {
	if len(b.Cases) > maxCases {
		c.add(at+".cases", "must have at most %d cases, not %d", maxCases, len(b.Cases))
		return
	}
	otherwise := slices.IndexFunc(b.Cases, func(one ApprovalCase) bool { return one.When == "" })
	if otherwise < 0 {
		c.add(at+".cases", "must end with an else: true, for all cases not named (G1-3.2(1))")
	}
	for i, one := range b.Cases {
		where := fmt.Sprintf("%s.cases[%d]", at, i)
		if otherwise >= 0 && i > otherwise {
			c.add(where, "is never tried: it comes after the else")
			sound = false
			continue
		}
		for j, before := range b.Cases[:i] {
			if before.When == one.When {
				c.add(where+".when", "never applies: it is the same as cases[%d]", j)
				sound = false
			}
		}
	}
	if !sound {
		return
	}
	for _, i := range c.t.deadCases(b) {
		where := fmt.Sprintf("%s.cases[%d]", at, i)
		if b.Cases[i].When == "" {
			c.add(where+".else", "never applies: the other cases take everything")
			continue
		}
		c.add(where+".when", "never applies: no form can get here by %q", b.Cases[i].When)
	}
}

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}
