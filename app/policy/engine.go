package policy

import (
	"fmt"
	"strings"
	"time"
)

// Engine answers questions by one version of the rulebook. It is immutable and
// safe for concurrent use.
type Engine struct {
	rules Rules
	cal   *Calendar
	quiet *span // nil: no quiet hours; may end before it starts: over midnight

	permissions map[Permission]PermissionInfo
	roles       map[Role]map[Permission]Scope
	nodeRoles   map[Role]bool // roles that decide a node of the process they are bound to
	roleList    []RoleInfo
	roleIndex   map[Role]RoleInfo
	assign      []assignRule
	sod         []sodRule
	topics      []topic // of rules.Route.Topics
	templates   []*ApprovalTemplate
}

// Compile checks rules and builds an Engine, which keeps a reference to rules'
// lists and maps. Its error is of type Problems and names every mistake.
func Compile(rules Rules) (*Engine, error) {
	k := &checker{}
	e := &Engine{rules: rules, cal: k.calendar(rules.Calendar)}
	e.quiet = k.quietHours(rules.Notify.QuietHours)
	e.permissions = permissionIndex()
	e.compileAccess(k)
	k.sections(&e.rules)
	e.topics = topicsOf(rules.Route.Topics)
	e.templates = k.templates(e)
	if len(k.found) > 0 {
		return nil, k.found
	}
	return e, nil
}

// Rules returns the values the engine was built from; do not change them.
func (e *Engine) Rules() *Rules { return &e.rules }

// Version is the number of the rulebook version.
func (e *Engine) Version() int { return e.rules.Version }

// Calendar is the company's working calendar.
func (e *Engine) Calendar() *Calendar { return e.cal }

func (e *Engine) basis(rule, clause string) Basis {
	return Basis{Rule: rule, Clause: clause, Version: e.rules.Version}
}

// root is the first line of a tree: the decision and what it rests on.
func (b Basis) root(mark Mark, format string, args ...any) Reason {
	text := fmt.Sprintf(format, args...)
	return Reason{Mark: mark, Text: fmt.Sprintf("%s（%s，依据 %s，规则第 %d 版）", text, b.Rule, b.Clause, b.Version)}
}

// when writes t as administrators read it, in the company's time zone.
func (e *Engine) when(t time.Time) string {
	t = t.In(e.cal.loc)
	weekday := []string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}[t.Weekday()]
	return t.Format("2006-01-02 ") + weekday + t.Format(" 15:04:05")
}

// Problem is one mistake in the rulebook.
type Problem struct {
	Path string // response.important_minutes, calendar.hours[1]
	Text string // "must be 1..1440"
}

func (p Problem) String() string { return p.Path + ": " + p.Text }

// Problems are all mistakes of one rulebook.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}
