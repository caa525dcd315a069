package rulebook

import (
	"fmt"
	"strings"
)

// Change is one value that differs between two rulebooks. An empty From or To
// means the value is not there; the empty text itself is written "".
type Change struct {
	Path   string `json:"path"`
	From   string `json:"from"`
	To     string `json:"to"`
	Guide  bool   `json:"guide"` // a guide value: the change needs approval
	Clause string `json:"clause"`

	keys []string
}

// String renders the change for administrators.
func (c Change) String() string {
	kind := "默认"
	if c.Guide {
		kind = "规范值，须批准"
	}
	if c.From != "" && c.To != "" {
		if from, to := routeOf(c.keys, c.From), routeOf(c.keys, c.To); len(from)+len(to) > 0 {
			return fmt.Sprintf("%s:（%s，%s）%s", c.Path, kind, c.Clause, changedLines(from, to))
		}
	}
	return fmt.Sprintf("%s: %s → %s（%s，%s）", c.Path, orNone(c.From), orNone(c.To), kind, c.Clause)
}

// changedLines marks with - and + what is between the lines that both begin and
// end with.
func changedLines(from, to []string) string {
	for len(from) > 0 && len(to) > 0 && from[0] == to[0] {
		from, to = from[1:], to[1:]
	}
	for len(from) > 0 && len(to) > 0 && from[len(from)-1] == to[len(to)-1] {
		from, to = from[:len(from)-1], to[:len(to)-1]
	}
	var b strings.Builder
	for _, line := range from {
		b.WriteString("\n  - " + line)
	}
	for _, line := range to {
		b.WriteString("\n  + " + line)
	}
	return b.String()
}

func orNone(text string) string {
	if text == "" {
		return "无"
	}
	return text
}

// Diff lists what b changes against a, in the order of the rulebook.
func Diff(a, b *Book) []Change {
	all := marks()
	before := map[string]value{}
	for _, v := range values(a.tree()) {
		if v.entry() {
			before[v.path()] = v
		}
	}
	var changes []Change
	add := func(v value, from, to string) {
		m := markOf(all, v.keys)
		changes = append(changes, Change{v.path(), from, to, m.Guide, m.Clause, v.keys})
	}
	for _, v := range values(b.tree()) {
		old, had := before[v.path()]
		delete(before, v.path())
		if v.entry() && (!had && !v.silent() || had && old.text != v.text) {
			add(v, old.text, v.text)
		}
	}
	for _, v := range values(a.tree()) { // what b does not have, in a's order
		if _, gone := before[v.path()]; gone {
			add(v, v.text, "")
		}
	}
	return changes
}

// Render writes changes one a line, guide values marked.
func Render(changes []Change) string {
	lines := make([]string, len(changes))
	for i, c := range changes {
		lines[i] = c.String()
	}
	return strings.Join(lines, "\n")
}
