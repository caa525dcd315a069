package policy

import (
	"maps"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
)

// maxSamples bounds the forms on which a branch is tried.
const maxSamples = 4096

// deadCases are the cases of a branch that no form gets to. Where all conditions
// compare fields with constants, what they say changes only at those constants,
// so a form for each of them and its neighbours tells; other branches are not judged.
func (t *ApprovalTemplate) deadCases(b ApprovalBranch) []int {
	s := &samples{t: t, values: map[string][]any{}, constants: map[string][]any{}}
	for _, one := range b.Cases {
		if c := t.conditions[one.When]; c != nil && !s.simple(c.tree) {
			return nil
		}
	}
	if !s.prepare() {
		return nil
	}
	alive := make([]bool, len(b.Cases))
	env, _ := conditionEnv(t.Fields)
	s.each(env, slices.Sorted(maps.Keys(s.values)), func() {
		for i, one := range b.Cases {
			c := t.conditions[one.When]
			if c != nil {
				if holds, err := c.holds(env); err != nil || !holds {
					continue
				}
			}
			alive[i] = true
			return
		}
	})
	var dead []int
	for i, lives := range alive {
		if !lives {
			dead = append(dead, i)
		}
	}
	return dead
}

// samples are the values on which to try the fields of some conditions.
type samples struct {
	t         *ApprovalTemplate
	constants map[string][]any // by field: what it is compared with
	values    map[string][]any
}

// simple collects the constants of a condition; false if there is more to it
// than comparisons of a field with a constant.
func (s *samples) simple(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.BoolNode:
		return true
	case *ast.IdentifierNode: // yes or no
		s.note(n.Value)
		return true
	case *ast.UnaryNode:
		return (n.Operator == "not" || n.Operator == "!") && s.simple(n.Node)
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||":
			return s.simple(n.Left) && s.simple(n.Right)
		case "==", "!=", "<", "<=", ">", ">=":
			return s.comparison(n.Left, n.Right) || s.comparison(n.Right, n.Left) || isConstant(n.Left) && isConstant(n.Right)
		case "in":
			return s.membership(n.Left, n.Right)
		}
	}
	return false
}

func (s *samples) comparison(left, right ast.Node) bool {
	name, ok := left.(*ast.IdentifierNode)
	value, constant := constantOf(right)
	if ok && constant {
		s.note(name.Value, value)
	}
	return ok && constant
}

func (s *samples) membership(left, right ast.Node) bool {
	if list, ok := right.(*ast.ArrayNode); ok {
		for _, item := range list.Nodes {
			if !s.comparison(left, item) {
				return false
			}
		}
		return len(list.Nodes) > 0
	}
	return s.comparison(right, left) // "销售部" in 申请人部门
}

func (s *samples) note(name string, values ...any) {
	s.constants[name] = append(s.constants[name], values...)
}

func isConstant(n ast.Node) bool {
	_, ok := constantOf(n)
	return ok
}

func constantOf(node ast.Node) (any, bool) {
	switch n := node.(type) {
	case *ast.IntegerNode:
		return DecimalOf(int64(n.Value)), true
	case *ast.FloatNode:
		d, err := floatDecimal(n.Value)
		return d, err == nil
	case *ast.StringNode:
		return n.Value, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.UnaryNode:
		if v, ok := constantOf(n.Node); ok && n.Operator == "-" {
			if d, number := v.(Decimal); number {
				return -d, true
			}
		}
	}
	return nil, false
}

// prepare chooses the values; false if there would be too many.
func (s *samples) prepare() bool {
	total := 1
	for name, constants := range s.constants {
		values, ok := s.of(name, constants)
		if !ok {
			return false
		}
		s.values[name] = values
		if total *= len(values); total > maxSamples {
			return false
		}
	}
	return true
}

// of are the values on which to try one field.
func (s *samples) of(name string, constants []any) (values []any, ok bool) {
	i := slices.IndexFunc(s.t.Fields, func(f FormField) bool { return f.Key == name })
	if i < 0 {
		return subsets(constants)
	}
	f := s.t.Fields[i]
	switch f.Type {
	case YesNoField:
		return []any{true, false}, true
	case ChoiceField:
		for _, choice := range f.Choices {
			values = append(values, choice)
		}
	case NumberField, MoneyField, DaysField, PeopleField, FileField, PhotoField:
		return numbersAround(f, constants), true
	case DateField:
		if values, ok = datesAround(constants); !ok {
			return nil, false
		}
	case PersonField, DepartmentField:
		values = append(slices.Clone(constants), "\x00") // somebody else
	default:
		return nil, false
	}
	if !f.Required {
		values = append(values, "")
	}
	return values, true
}

// numbersAround are the constants, what is next to them, and the bounds, as far
// as the field takes them.
func numbersAround(f FormField, constants []any) []any {
	step := Decimal(1)
	switch f.Type {
	case MoneyField:
		step = decimalOne / 100
	case DaysField:
		step = decimalOne / 2
	case PeopleField, FileField, PhotoField:
		step = decimalOne
	}
	low, high := -maxDecimal, maxDecimal
	if f.Min != nil {
		low = *f.Min
	}
	if f.Max != nil {
		high = *f.Max
	}
	try := []Decimal{low, high}
	for _, c := range constants {
		d, ok := c.(Decimal)
		if !ok {
			continue
		}
		on := d - ((d%step)+step)%step // the multiple at or below
		try = append(try, on-step, on, on+step, on+2*step)
	}
	var values []any
	add := func(d Decimal) {
		if v := any(int64(d)); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	for _, d := range try {
		if d >= low && d <= high {
			add(d)
		}
	}
	if !f.Required {
		add(0)
	}
	return values
}

func datesAround(constants []any) (values []any, ok bool) {
	for _, c := range constants {
		text, _ := c.(string)
		day, err := time.Parse(dateLayout, text)
		if err != nil {
			return nil, false
		}
		for _, days := range []int{-1, 0, 1} {
			values = append(values, day.AddDate(0, 0, days).Format(dateLayout))
		}
	}
	return values, true
}

// subsets are the lists that the constants can be in or not.
func subsets(constants []any) (values []any, ok bool) {
	var words []string
	for _, c := range constants {
		word, isText := c.(string)
		if !isText {
			return nil, false
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if len(words) > 10 {
		return nil, false
	}
	for bits := range 1 << len(words) {
		list := []string{}
		for i, word := range words {
			if bits&(1<<i) != 0 {
				list = append(list, word)
			}
		}
		values = append(values, list)
	}
	return values, true
}

// each calls do for every combination of the values of names.
func (s *samples) each(env map[string]any, names []string, do func()) {
	if len(names) == 0 {
		do()
		return
	}
	for _, v := range s.values[names[0]] {
		env[names[0]] = v
		s.each(env, names[1:], do)
	}
}
