package policy

import (
	"errors"
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// The bounds of a condition.
const (
	maxConditionChars = 500
	maxConditionNodes = 100
)

// What conditions may ask about who applies, beside the fields of the form.
const (
	applicantDepartments = "申请人部门" // list of names, as in "销售部" in 申请人部门
	applicantRoles       = "申请人角色"
	applicantPosts       = "申请人岗位"
)

// condition is a compiled condition of a branch: comparisons of fields, with
// and, or, not, in, + - *. There are no functions and no loops: evaluating it
// takes at most as many steps as it has nodes. Numbers are Decimals throughout.
type condition struct {
	text    string
	program *vm.Program
	tree    ast.Node
	names   []string // fields and facts it asks for, in order of appearance
}

// operators are those a condition may use.
var operators = []string{
	"and", "&&", "or", "||", "not", "!", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "contains", "startsWith", "endsWith",
}

// compileCondition checks and compiles text for a form; its error says what to
// write instead.
func compileCondition(text string, fields []FormField) (*condition, error) {
	if n := len([]rune(text)); n > maxConditionChars {
		return nil, fmt.Errorf("must have at most %d characters, not %d", maxConditionChars, n)
	}
	env, unusable := conditionEnv(fields)
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, worded(err)
	}
	look := &conditionReader{env: env, unusable: unusable}
	ast.Walk(&tree.Node, look)
	switch {
	case look.err != nil:
		return nil, look.err
	case look.nodes > maxConditionNodes:
		return nil, fmt.Errorf("must have at most %d parts", maxConditionNodes)
	}
	// What exactNumbers puts in is not checked as strictly as what is written:
	// 金额 * !数量 would pass. So the text is checked as it stands, first.
	options := []expr.Option{expr.Env(env), expr.AsBool(), expr.DisableAllBuiltins(), expr.MaxNodes(maxConditionNodes + 1)}
	if _, err := expr.Compile(text, options...); err != nil {
		return nil, worded(err)
	}
	program, err := expr.Compile(text, append(options,
		expr.Patch(exactNumbers{}), expr.Function(timesFunction, times, new(func(int64, int64) int64)))...)
	if err != nil {
		return nil, worded(err)
	}
	return &condition{text: text, program: program, tree: tree.Node, names: look.names}, nil
}

// holds evaluates the condition.
func (c *condition) holds(env map[string]any) (bool, error) {
	out, err := expr.Run(c.program, env)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", c.text, err)
	}
	yes, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("condition %s: not yes or no", c.text)
	}
	return yes, nil
}

// conditionEnv has every name a condition may use, with a value of its type;
// unusable are the fields whose type cannot be compared.
func conditionEnv(fields []FormField) (env map[string]any, unusable map[string]FieldType) {
	env, unusable = formEnv(fields, nil, ApprovalApplicant{}), map[string]FieldType{}
	for _, f := range fields {
		if _, known := env[f.Key]; !known {
			unusable[f.Key] = f.Type
		}
	}
	return env, unusable
}

// formEnv is what conditions see of a form. What was left empty is 0, "" or false.
func formEnv(fields []FormField, f Form, a ApprovalApplicant) map[string]any {
	roles := make([]string, 0, 2*len(a.Roles))
	for _, role := range a.Roles {
		roles = append(roles, string(role))
		if info, known := RoleNamed(string(role)); known {
			roles = append(roles, info.Title)
		}
	}
	env := map[string]any{applicantDepartments: texts(a.Departments), applicantRoles: roles, applicantPosts: texts(a.Posts)}
	for _, field := range fields {
		v := f[field.Key]
		switch field.Type {
		case TextField, LongTextField, ChoiceField, PersonField, DepartmentField:
			env[field.Key] = v.Text
		case NumberField, MoneyField, DaysField:
			env[field.Key] = int64(v.Number)
		case YesNoField:
			env[field.Key] = v.Yes
		case DateField, DateTimeField:
			env[field.Key] = dateText(field.Type, v)
		case PeopleField:
			env[field.Key] = int64(DecimalOf(int64(len(v.Members))))
		case FileField, PhotoField:
			env[field.Key] = int64(DecimalOf(int64(len(v.Attachments))))
		}
	}
	return env
}

// dateText makes dates comparable with "2026-05-01" and with one another.
func dateText(t FieldType, v FormValue) string {
	switch {
	case v.Time.IsZero():
		return ""
	case t == DateField:
		return v.Time.Format(dateLayout)
	}
	return v.Time.Format(dateLayout + " 15:04")
}

func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// conditionReader walks a condition and refuses what is not allowed in it.
type conditionReader struct {
	env      map[string]any
	unusable map[string]FieldType
	names    []string
	nodes    int
	err      error
}

// Visit implements ast.Visitor.
func (r *conditionReader) Visit(node *ast.Node) {
	r.nodes++
	if r.err != nil {
		return
	}
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.identifier(n.Value)
	case *ast.BinaryNode:
		if !slices.Contains(operators, n.Operator) {
			r.err = fmt.Errorf("%s is not allowed; use %s", n.Operator, strings.Join(operators, " "))
		}
	case *ast.UnaryNode:
		if !slices.Contains(operators, n.Operator) {
			r.err = fmt.Errorf("%s is not allowed; use %s", n.Operator, strings.Join(operators, " "))
		}
	case *ast.IntegerNode:
		if n.Value > int(maxDecimal/decimalOne) || n.Value < -int(maxDecimal/decimalOne) {
			r.err = fmt.Errorf("%d is too large a number", n.Value)
		}
	case *ast.FloatNode:
		if _, err := floatDecimal(n.Value); err != nil {
			r.err = fmt.Errorf("%v must be a number with at most four decimals", n.Value)
		}
	case *ast.StringNode, *ast.BoolNode, *ast.ArrayNode:
	default:
		r.err = errors.New("only fields, texts, numbers, true, false, lists in [ ] and the operators " + strings.Join(operators, " ") + " are allowed")
	}
}

func (r *conditionReader) identifier(name string) {
	if t, bad := r.unusable[name]; bad {
		r.err = fmt.Errorf("field %s of type %s cannot be used in a condition", name, t)
		return
	}
	if _, known := r.env[name]; !known {
		r.err = fmt.Errorf("unknown field %s; known here: %s", name, strings.Join(sorted(r.env), ", "))
		return
	}
	if !slices.Contains(r.names, name) {
		r.names = append(r.names, name)
	}
}

// timesFunction multiplies Decimals in conditions.
const timesFunction = "decimal_times"

// largestProduct stands for every product beyond it: a hundred of them can be
// added up, and each is more than any constant.
const largestProduct = int64(10 * maxDecimal)

// times is exact to four decimals.
func times(params ...any) (any, error) {
	a, b := params[0].(int64), params[1].(int64)
	hi, lo := bits.Mul64(uint64(max(a, -a)), uint64(max(b, -b)))
	product := largestProduct
	if hi < uint64(decimalOne) {
		if q, _ := bits.Div64(hi, lo, uint64(decimalOne)); q < uint64(largestProduct) {
			product = int64(q)
		}
	}
	if (a < 0) != (b < 0) {
		product = -product
	}
	return product, nil
}

// exactNumbers turns the numbers of a condition into Decimals, as fields are.
type exactNumbers struct{}

// Visit implements ast.Visitor.
func (exactNumbers) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IntegerNode:
		ast.Patch(node, &ast.ConstantNode{Value: int64(DecimalOf(int64(n.Value)))})
	case *ast.FloatNode:
		if d, err := floatDecimal(n.Value); err == nil {
			ast.Patch(node, &ast.ConstantNode{Value: int64(d)})
		}
	case *ast.BinaryNode:
		if n.Operator == "*" {
			ast.Patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: timesFunction}, Arguments: []ast.Node{n.Left, n.Right}})
		}
	}
}

// floatDecimal is the number as it was written: the shortest that reads the same.
func floatDecimal(f float64) (Decimal, error) {
	return ParseDecimal(strconv.FormatFloat(f, 'f', -1, 64))
}

// worded shortens an error of the expression library to its first line, in the
// rulebook's terms.
func worded(err error) error {
	var at *file.Error
	if errors.As(err, &at) {
		return fmt.Errorf("%s (at character %d)", goNumbers.ReplaceAllString(at.Message, "number"), at.Column+1)
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(goNumbers.ReplaceAllString(first, "number"))
}

var goNumbers = regexp.MustCompile(`\bint(64)?\b`)
