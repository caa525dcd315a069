package chat

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"guiju/app/chat/words"
	"guiju/store"
)

// Record is one open item a member can mean by a number.
type Record struct {
	Number  string // "M20260302-0012"
	Title   string // one line that tells it apart: "咨询：报销发票抬头"
	Subject store.Subject
}

// RecordQuery asks for the open items of one member.
type RecordQuery struct {
	Member int64
	// Sequence keeps only numbers whose part after the dash has this value,
	// whatever its zeros; 0 keeps all. Answering more does no harm.
	Sequence int64
	Limit    int
}

// Records lists what a Number may mean. A domain registers one per kind, and
// the kind says whose items: "item.received", "item.asked".
type Records interface {
	// Open lists the open items of the member, newest first.
	Open(r *store.Reader, q RecordQuery) ([]Record, error)
}

// Attacher is a Records whose items take pictures, voices and files that a
// member sends without a command.
type Attacher interface {
	Records
	// Attach adds the attachment to the item and answers what the member is
	// told; an empty Text is worded by the engine, which also files the
	// attachment under the record.
	Attach(c *Call, to Record, attachment store.Attachment) (Answer, error)
}

// The forms of a record number: whole, as the guide makes them, and shortened
// to any tail of that: 12, M12, 20260302-12, M20260302-12.
var (
	dayNumber   = regexp.MustCompile(`^[#]?([a-z]{1,2})(\d{8})-(\d{1,9})$`)
	plainNumber = regexp.MustCompile(`^[#]?([a-z]{1,2})-(\d{1,9})$`)
	shortNumber = regexp.MustCompile(`^[#]?([a-z]{1,2})?(?:(\d{8})-)?(\d{1,6})$`)
)

// maxCandidates is how many items are read to find the one a short number means.
const maxCandidates = 50

// maxOptions is the longest numbered choice.
const maxOptions = 9

// numbersLike says whether a word is a record number, several, or 全部.
func numbersLike(s string) bool {
	for _, one := range listed(s) {
		if !numberLike(one) && !slices.Contains(allWords, words.Fold(one)) {
			return false
		}
	}
	return true
}

func numberLike(s string) bool {
	if len(s) > 64 {
		return false
	}
	s = words.Fold(s)
	return dayNumber.MatchString(s) || plainNumber.MatchString(s) || shortNumber.MatchString(s)
}

// wholeNumber answers the canonical form of a whole record number.
func wholeNumber(s string) (string, bool) {
	s = words.Fold(s)
	if g := dayNumber.FindStringSubmatch(s); g != nil {
		n, err := strconv.ParseInt(g[3], 10, 64)
		return fmt.Sprintf("%s%s-%04d", strings.ToUpper(g[1]), g[2], n), err == nil
	}
	if g := plainNumber.FindStringSubmatch(s); g != nil {
		return strings.ToUpper(strings.TrimPrefix(s, "#")), true
	}
	return "", false
}

// recordsSearched is how many of a member's records a shortened number is
// looked for in.
const recordsSearched = 500

// Fitting answers the records of the rows that fit a query. rows lists the
// member's open ones, newest first, at most limit.
func Fitting[T any](q RecordQuery, rows func(limit int) ([]T, error), record func(T) Record) ([]Record, error) {
	limit := q.Limit
	if q.Sequence > 0 {
		limit = recordsSearched
	}
	all, err := rows(limit)
	if err != nil {
		return nil, err
	}
	var fit []Record
	for _, row := range all {
		one := record(row)
		if q.Sequence > 0 && Sequence(one.Number) != q.Sequence {
			continue
		}
		fit = append(fit, one)
		if len(fit) == q.Limit {
			break
		}
	}
	return fit, nil
}

// Sequence is the number after the dash, 12 of M20260302-0012; -1 without one.
func Sequence(number string) int64 {
	_, digits, _ := strings.Cut(number, "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// number resolves what a member wrote for a Number.
func (t *turn) number(arg *Arg, said string) (Value, *problem, error) {
	if whole, ok := wholeNumber(said); ok {
		return Value{Text: whole}, nil, nil
	}
	g := shortNumber.FindStringSubmatch(words.Fold(said))
	if g == nil {
		return Value{}, wrong(arg, Refused{
			Reason: fmt.Sprintf("「%s」不是编号", clip(said, 20)), Instead: "像 M20260302-0012 这样的编号，或只写最后的 12",
		}), nil
	}
	sequence, err := strconv.ParseInt(g[3], 10, 64)
	if err != nil {
		return Value{}, nil, fmt.Errorf("number %q: %w", said, err)
	}
	open, err := t.open(arg, sequence)
	if err != nil {
		return Value{}, nil, err
	}
	var fit []Record
	for _, record := range open {
		head, _, _ := strings.Cut(record.Number, "-")
		if Sequence(record.Number) == sequence && strings.HasPrefix(strings.ToLower(record.Number), g[1]) && strings.Contains(head, g[2]) {
			fit = append(fit, record)
		}
	}
	switch len(fit) {
	case 0:
		if arg.Any { // the command may know one that has ended
			return Value{Text: strings.TrimPrefix(strings.ToUpper(words.Fold(said)), "#")}, nil, nil
		}
		return Value{}, nil, NotFound{Number: clip(said, 20)}
	case 1:
		return Value{Text: fit[0].Number}, nil, nil
	}
	return Value{}, choiceOf(arg, fmt.Sprintf("有 %d 项符合「%s」，请选一项", len(fit), clip(said, 20)), fit), nil
}

// allWords stand for all numbers there are.
var allWords = []string{"全部", "所有"}

// maxNumbers is how many numbers one argument may list.
const maxNumbers = 20

// numbers resolves several numbers: each whole or shortened, or 全部.
func (t *turn) numbers(arg *Arg, said string) (Value, *problem, error) {
	v := Value{Text: said}
	all := listed(said)
	if len(all) == 1 && slices.Contains(allWords, bare(all[0])) {
		v.All = true
		return v, nil, nil
	}
	if len(all) == 0 || len(all) > maxNumbers {
		return v, wrong(arg, Refused{
			Reason: fmt.Sprintf("写了 %d 个编号，一次可以写 1 到 %d 个", len(all), maxNumbers), Instead: "分几次发，或写 全部",
		}), nil
	}
	for _, one := range all {
		found, p, err := t.number(arg, one)
		if err != nil {
			return v, nil, err
		}
		if p != nil && !p.failed {
			p = wrong(arg, Refused{Reason: fmt.Sprintf("符合「%s」的不止一项", clip(one, 20)), Instead: "写完整的编号，例如 A20260302-0012"})
		}
		if p != nil {
			return v, p, nil
		}
		if !slices.Contains(v.List, found.Text) {
			v.List = append(v.List, found.Text)
		}
	}
	return v, nil, nil
}

// omitted finds the number a member left out: the only open item, or the
// newest where the command says so. ok is false when there is nothing to infer.
func (t *turn) omitted(cmd *Command, arg *Arg) (v Value, ok bool, p *problem, err error) {
	if arg.Any || arg.Many || !arg.Required && !arg.Newest {
		return Value{}, false, nil, nil
	}
	open, err := t.open(arg, 0)
	if err != nil {
		return Value{}, false, nil, err
	}
	switch {
	case len(open) == 0:
		return Value{}, false, nil, Refused{
			Reason: fmt.Sprintf("现在没有等您「%s」的事项", cmd.Name), Instead: "带上编号再发一次，例如 " + cmd.Example,
		}
	case len(open) == 1 || arg.Newest:
		return Value{Text: open[0].Number}, true, nil, nil
	}
	return Value{}, false, choiceOf(arg, fmt.Sprintf("有 %d 项可以「%s」，请选一项", len(open), cmd.Name), open), nil
}

// open lists the open items of the asker over the kinds of arg, each once.
func (t *turn) open(arg *Arg, sequence int64) ([]Record, error) {
	var all []Record
	seen := map[string]bool{}
	for _, kind := range strings.Fields(arg.Record) {
		list, err := t.e.records[kind].Open(&t.tx.Reader, RecordQuery{Member: t.from.Member.ID, Sequence: sequence, Limit: maxCandidates})
		if err != nil {
			return nil, fmt.Errorf("open %s of member %d: %w", kind, t.from.Member.ID, err)
		}
		for _, record := range list {
			if !seen[record.Number] && strings.Contains(record.Number, "-") {
				seen[record.Number] = true
				all = append(all, record)
			}
		}
	}
	return all, nil
}

func choiceOf(arg *Arg, title string, records []Record) *problem {
	p := &problem{arg: arg, title: title, more: len(records) > maxOptions}
	for _, record := range records[:min(maxOptions, len(records))] {
		p.options = append(p.options, option{Label: strings.TrimSpace(record.Number + " " + clip(record.Title, 24)), Words: record.Number})
	}
	return p
}
