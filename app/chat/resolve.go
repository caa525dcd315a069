package chat

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guiju/app/chat/words"
)

// problem is what keeps a form from being complete: an argument that is
// missing, wrong or ambiguous.
type problem struct {
	arg     *Arg
	title   string   // heading of the options
	options []option // nil: a free answer
	more    bool     // there are more than the options show
	reason  string   // what is wrong, fully worded; "" when the argument is missing
	failed  bool     // counts as a failure of the member to be understood
}

// option is one numbered answer to a question.
type option struct {
	Label string `json:"label"`
	Do    string `json:"do,omitempty"`    // what choosing does; "": Words answer the question
	Words string `json:"words,omitempty"` // answer, command line or record
	Same  string `json:"same,omitempty"`  // another way to write the label
}

func wrong(arg *Arg, err error) *problem {
	return &problem{arg: arg, reason: err.Error(), failed: true}
}

// fill resolves the arguments of a form in their order, up to the first
// problem. It only reads.
func (t *turn) fill(f *form) (*Call, *problem, error) {
	cmd := t.v.command(f.Command)
	if cmd == nil {
		return nil, nil, ModuleOff{Module: f.Command}
	}
	c := t.call(cmd, f.Source)
	c.Insists, c.Asked = f.Insists, f.Asked
	for i := range cmd.Args {
		arg := &cmd.Args[i]
		said, given := f.Words[arg.Name]
		if said == skipped {
			continue
		}
		if !given {
			v, ok, p, err := t.missing(cmd, arg)
			if p != nil && err == nil { // what is wrong already is said before more is asked
				if early, err := c.validate(cmd.Args[:i]); early != nil || err != nil {
					return c, early, err
				}
			}
			if p != nil || err != nil {
				return c, p, err
			}
			if ok {
				c.values[arg.Name] = v
			}
			continue
		}
		v, p, err := t.resolve(arg, said, f.saidAt(arg.Name, t.from.At))
		if p != nil || err != nil {
			return c, p, err
		}
		c.values[arg.Name] = v
	}
	p, err := c.validate(cmd.Args)
	return c, p, err
}

// validate says what is wrong with the arguments that have been given.
func (c *Call) validate(args []Arg) (*problem, error) {
	for i := range args {
		arg := &args[i]
		v, ok := c.values[arg.Name]
		if !ok || arg.Validate == nil {
			continue
		}
		if err := arg.Validate(c, v); err != nil {
			var no NoPermission
			if _, worded := Wording(err); !worded || errors.As(err, &no) {
				return nil, err
			}
			return wrong(arg, err), nil
		}
	}
	return nil, nil
}

// missing fills an argument nobody gave, or says what to ask.
func (t *turn) missing(cmd *Command, arg *Arg) (Value, bool, *problem, error) {
	if arg.Kind == Number {
		v, ok, p, err := t.omitted(cmd, arg)
		if ok || p != nil || err != nil {
			return v, ok, p, err
		}
	}
	if arg.Default != "" {
		v, p, err := t.resolve(arg, arg.Default, t.from.At)
		return v, p == nil && err == nil, p, err
	}
	if arg.Required || arg.Offer {
		return Value{}, false, t.e.ask(arg), nil
	}
	return Value{}, false, nil, nil
}

// ask is the question for a missing argument.
func (e *Engine) ask(arg *Arg) *problem {
	p := &problem{arg: arg}
	switch arg.Kind {
	case Choice:
		p.options = choices(arg.Choices)
	case YesNo:
		p.options = choices([]string{"是", "否"})
	}
	return p
}

func choices(labels []string) []option {
	if len(labels) > maxOptions {
		return nil
	}
	var list []option
	for _, label := range labels {
		list = append(list, option{Label: label, Words: label})
	}
	return list
}

// resolve understands the words of one argument, written at an instant.
func (t *turn) resolve(arg *Arg, said string, at time.Time) (Value, *problem, error) {
	said = strings.TrimSpace(said)
	switch arg.Kind {
	case Text:
		return Value{Text: said}, nil, nil
	case Person, Audience:
		return t.people(arg, said)
	case Number:
		if arg.Many {
			return t.numbers(arg, said)
		}
		return t.number(arg, said)
	case Department:
		return t.departments(arg, said)
	case File, Photo:
		return t.files(arg, said)
	}
	v, err := t.e.plain(arg, said, at)
	if err == nil && !arg.Past && t.late(arg, v) {
		err = &words.Mistake{Reason: fmt.Sprintf("「%s」已经过去了", clip(said, 20)), Instead: "写以后的时间"}
	}
	var mistake *words.Mistake
	switch {
	case errors.As(err, &mistake):
		return v, wrong(arg, Refused{Reason: mistake.Reason, Instead: mistake.Instead}), nil
	case err != nil:
		p := wrong(arg, Incomplete{Field: arg.Name, Prompt: fmt.Sprintf("没看懂「%s」，%s", clip(said, 20), how(arg))})
		p.options = t.e.ask(arg).options
		return v, p, nil
	}
	return v, nil, nil
}

// late says whether an instant understood earlier has passed meanwhile.
func (t *turn) late(arg *Arg, v Value) bool {
	now := t.from.At.In(t.e.o.Location)
	day := v.Time
	switch arg.Kind {
	case DateTime:
		return !v.Time.After(now)
	case HalfDate, Period:
		day = v.From.Day
	case Date:
	default:
		return false
	}
	return day.Before(time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location()))
}

// plain understands the kinds that need no database. words.ErrUnknown says
// that the words are not of that kind at all.
func (e *Engine) plain(arg *Arg, said string, at time.Time) (Value, error) {
	v := Value{Text: said}
	m := words.Moment{Now: at.In(e.o.Location), DayEnd: e.o.DayEnd, Past: arg.Past, AddWorkdays: e.o.AddWorkdays}
	var err error
	ok := true
	switch arg.Kind {
	case Date:
		v.Time, err = words.Day(said, m)
	case DateTime:
		v.Time, v.DateOnly, err = words.Instant(said, m)
	case Time:
		v.Clock, err = words.TimeOfDay(said, m)
	case Duration:
		v.Span, err = words.Length(said)
	case Integer:
		v.Integer, ok = words.Integer(said)
	case Decimal:
		v.Text, ok = words.Decimal(said)
	case Money:
		v.Text, err = words.Money(said)
	case HalfDate:
		v.From, err = words.DayOrHalf(said, m)
	case Period:
		v.From, v.To, err = words.DayRange(said, m)
	case Choice:
		v.List, ok = arg.chosen(said)
		v.Text = strings.Join(v.List, "、")
	case YesNo:
		v.Yes = yes(said)
		ok = v.Yes || no(said)
	}
	if err == nil && !ok {
		err = words.ErrUnknown
	}
	if err == nil {
		err = arg.bounded(v)
	}
	return v, err
}

// chosen are the choices that words name: one, or with Many also several, each
// by itself or by its place in the list.
func (arg *Arg) chosen(said string) ([]string, bool) {
	named := func(word string) int {
		return slices.IndexFunc(arg.Choices, func(choice string) bool { return words.Fold(choice) == bare(word) })
	}
	if i := named(said); i >= 0 {
		return []string{arg.Choices[i]}, true
	}
	if !arg.Many {
		return nil, false
	}
	var list []string
	for _, word := range listed(said) {
		i := named(word)
		if n, ok := words.Count(word); i < 0 && ok {
			i = n - 1
		}
		if i < 0 || i >= len(arg.Choices) {
			return nil, false
		}
		if !slices.Contains(list, arg.Choices[i]) {
			list = append(list, arg.Choices[i])
		}
	}
	return list, len(list) > 0
}

// listed cuts words at the commas between them, and at blanks.
func listed(said string) []string {
	return strings.FieldsFunc(said, func(r rune) bool { return strings.ContainsRune("、，,;； \t\n\u3000", r) })
}

// bounded refuses numbers out of bounds.
func (arg *Arg) bounded(v Value) error {
	if arg.Min == nil && arg.Max == nil {
		return nil
	}
	n := float64(v.Integer)
	if arg.Kind != Integer {
		var err error
		if n, err = strconv.ParseFloat(v.Text, 64); err != nil {
			return words.ErrUnknown
		}
	}
	write := func(f float64) string {
		text := strconv.FormatFloat(f, 'f', -1, 64)
		if arg.Kind == Money {
			text += "元"
		}
		return text
	}
	low, high := arg.Min != nil && n < *arg.Min, arg.Max != nil && n > *arg.Max
	switch {
	case !low && !high:
		return nil
	case arg.Min != nil && arg.Max != nil:
		return &words.Mistake{Reason: fmt.Sprintf("「%s」是 %s，超出了范围", arg.Name, write(n)), Instead: fmt.Sprintf("写 %s 到 %s 之间的数", write(*arg.Min), write(*arg.Max))}
	case low:
		return &words.Mistake{Reason: fmt.Sprintf("「%s」不能小于 %s", arg.Name, write(*arg.Min)), Instead: "写大一些的数，或核对单位"}
	}
	return &words.Mistake{Reason: fmt.Sprintf("「%s」不能大于 %s", arg.Name, write(*arg.Max)), Instead: "写小一些的数，或核对单位"}
}

// fits says whether words can be an argument at all; it decides whether an
// optional argument is meant.
func (t *turn) fits(arg *Arg, said string) bool {
	switch arg.Kind {
	case Text:
		return true
	case Number:
		return numberLike(said)
	case File, Photo:
		return false
	case Person, Audience, Department:
		_, p, err := t.resolve(arg, said, t.from.At)
		if err != nil {
			t.failed = err
		}
		return err == nil && (p == nil || p.options != nil)
	}
	_, err := t.e.plain(arg, said, t.from.At)
	return !errors.Is(err, words.ErrUnknown)
}

// how says in what form an argument is written.
func how(arg *Arg) string {
	switch arg.Kind {
	case Date:
		return "请写日期，例如 2026-03-09、3月9日、明天、周五"
	case DateTime:
		return "请写日期和时间，例如 3月9日 16:30、明天下午4点"
	case Time:
		return "请写时间，例如 16:30、下午4点"
	case Duration:
		return "请写时长，例如 30分钟、2小时、3个工作日"
	case Integer:
		return "请写整数，例如 3"
	case Decimal:
		return "请写数字，例如 1200.50"
	case Money:
		return "请写金额，例如 1,234.50元、1.2万"
	case HalfDate:
		return "请写日期，可以带上午或下午，例如 3月9日、3月9日下午、明天上午"
	case Period:
		return "请写起止日期，例如 3月9日至3月11日、3月9日下午到10日上午"
	case Choice:
		if arg.Many {
			return "请从这些里选，可以选几项，用、隔开：" + strings.Join(arg.Choices, "、")
		}
		return "请从这些里选：" + strings.Join(arg.Choices, "、")
	case YesNo:
		return "请答 是 或 否"
	}
	return "请换一种写法"
}

var (
	yesWords = []string{"是", "是的", "好", "好的", "对", "对的", "确认", "确定", "发", "发送", "可以", "行", "嗯", "要", "需要", "ok", "yes", "y", "true"}
	noWords  = []string{"否", "不", "不是", "不用", "不要", "不用了", "不需要", "不行", "不发", "没有", "no", "n", "false"}
)

func yes(s string) bool { return slices.Contains(yesWords, bare(s)) }
func no(s string) bool  { return slices.Contains(noWords, bare(s)) }

func bare(s string) string {
	return strings.TrimRight(words.Fold(strings.TrimSpace(s)), endPunctuation)
}
