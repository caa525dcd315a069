package policy

// Engine answers questions by one version of the rulebook. It is immutable and
// safe for concurrent use.
type Engine struct {
	rules Rules
	cal   *Calendar
}

// Compile checks rules and builds an Engine. Its error is of type Problems and
// names every mistake.
func Compile(rules Rules) (*Engine, error) { panic("todo") }

// Rules returns the values the engine was built from; do not change them.
func (e *Engine) Rules() *Rules { return &e.rules }

// Version is the number of the rulebook version.
func (e *Engine) Version() int { return e.rules.Version }

// Calendar is the company's working calendar.
func (e *Engine) Calendar() *Calendar { return e.cal }

// Problem is one mistake in the rulebook.
type Problem struct {
	Path string // response.important_minutes, calendar.hours[1]
	Text string // "must be 1..1440"
}

// Problems are all mistakes of one rulebook, in the order of its sections.
type Problems []Problem

func (p Problems) Error() string { panic("todo") }
