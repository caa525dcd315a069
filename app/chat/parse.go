package chat

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"guiju/app/chat/words"
)

// maxText is the longest message read, in bytes; WeCom's clients stop earlier.
const maxText = 8192

// clean removes from a message what shows nothing and changes how others read
// it: control characters and overrides of direction. WeCom shows <a href="…"> in
// a text as a link under any words ([90236]), so that what one member writes
// could lead another astray: the < of such a tag becomes ＜. All other characters
// stay the member's own.
func clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, text)
	text = link.ReplaceAllString(text, "＜$1")
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || words.Invisible(r) })
}

// link finds the tags of a link, opening and closing, however they are spaced.
var link = regexp.MustCompile(`(?i)<(\s*/?\s*a(?:[\s/>]|$))`)

// word is one piece of a message between spaces; bar marks a | between fields.
type word struct {
	start, end int // in the text
	fold       string
	bar        bool
}

// split cuts text at spaces and, with bars, at | as well.
func split(text string, bars bool) []word {
	var list []word
	start := -1
	flush := func(end int) {
		if start >= 0 {
			if fold := words.Fold(text[start:end]); fold != "" {
				list = append(list, word{start: start, end: end, fold: fold})
			}
		}
		start = -1
	}
	for i, r := range text {
		switch {
		case unicode.IsSpace(r):
			flush(i)
		case bars && (r == '|' || r == '｜'):
			flush(i)
			list = append(list, word{start: i, end: i + utf8.RuneLen(r), fold: "|", bar: true})
		case start < 0:
			start = i
		}
	}
	flush(len(text))
	return list
}

// maxCommand is the longest command name in bytes.
const maxCommand = 64

const endPunctuation = "。.!！~～?？,，;；"

// match finds the command whose words begin the text, the longest first, and
// what follows them. 咨询：… and 回复12 … count as two words.
func (v *vocabulary) match(text string) (cmd *Command, rest string) {
	list := split(text, false)
	for n := min(v.longest, len(list)); n > 0; n-- {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = list[i].fold
		}
		key := strings.Join(parts, " ")
		end := list[n-1].end
		if cmd := v.byWord[key]; cmd != nil {
			return cmd, text[end:]
		}
		if cmd := v.byWord[strings.TrimRight(key, endPunctuation)]; cmd != nil {
			return cmd, text[end:]
		}
	}
	if len(list) == 0 {
		return nil, ""
	}
	return v.matchInside(text, list[0])
}

// matchInside finds a command at the start of a word that goes on with a colon
// or a record number.
func (v *vocabulary) matchInside(text string, first word) (*Command, string) {
	own := text[first.start:first.end]
	for i, r := range own {
		if i == 0 {
			continue
		}
		if i > maxCommand {
			break
		}
		colon := r == ':' || r == '：'
		if !colon && (unicode.Is(unicode.Han, r) || !numberLike(own[i:])) {
			continue
		}
		if cmd := v.byWord[words.Fold(own[:i])]; cmd != nil {
			if colon {
				i += utf8.RuneLen(r)
			}
			return cmd, text[first.start+i:]
		}
	}
	return nil, ""
}

// assignment is the argument words of one message, not yet understood.
type assignment struct {
	cmd   *Command
	text  string
	list  []word
	taken []bool // words that belong to a key or a flag
	given map[string]string
	open  bool // 内容: was written: what looks like a key is content
}

// assign gives each argument its words. fits says whether words can be an
// argument at all; it decides whether an optional one is meant.
func assign(cmd *Command, text string, fits func(*Arg, string) bool) (map[string]string, error) {
	texts := 0
	for _, arg := range cmd.Args {
		if arg.Kind == Text {
			texts++
		}
	}
	a := &assignment{cmd: cmd, text: text, list: split(text, texts > 1), given: map[string]string{}}
	a.taken = make([]bool, len(a.list))
	if err := a.keyed(fits); err != nil {
		return nil, err
	}
	if err := a.positional(fits); err != nil {
		return nil, err
	}
	return a.given, nil
}

// keyed takes 键:值 out of the words.
func (a *assignment) keyed(fits func(*Arg, string) bool) error {
	for i := 0; i < len(a.list); i++ {
		key, value, ok := a.cut(i)
		if !ok {
			continue
		}
		arg := a.cmd.byKey(key)
		if arg == nil {
			if err := a.unknown(key); err != nil {
				return err
			}
			continue
		}
		a.taken[i] = true
		next := i + 1
		if value == "" || arg.Rest {
			next = a.extend(arg, next, fits)
		} else {
			next += a.longer(arg, value, next, fits)
		}
		for ; i+1 < next; i++ {
			a.taken[i+1] = true
			value += a.text[a.list[i].end:a.list[i+1].end]
		}
		if err := a.set(arg, strings.TrimSpace(value)); err != nil {
			return err
		}
		a.open = a.open || arg.Rest
	}
	return nil
}

// cut splits the word i at its colon.
func (a *assignment) cut(i int) (key, value string, ok bool) {
	own := a.own(i)
	at := strings.IndexFunc(own, func(r rune) bool { return r == ':' || r == '：' })
	if at <= 0 || a.list[i].bar {
		return "", "", false
	}
	key, value = words.Fold(own[:at]), own[at:]
	_, size := utf8.DecodeRuneInString(value)
	value = value[size:]
	first, _ := utf8.DecodeRuneInString(key)
	if !unicode.IsLetter(first) || strings.HasPrefix(value, "//") { // 16:30, https://
		return "", "", false
	}
	return key, value, true
}

// extend answers the word after the last one that belongs to the key before
// next: all up to the next known key for a Rest, else what the kind needs.
func (a *assignment) extend(arg *Arg, next int, fits func(*Arg, string) bool) int {
	if !arg.Rest {
		if !a.free(next) {
			return next
		}
		return next + 1 + a.longer(arg, a.own(next), next+1, fits)
	}
	for next < len(a.list) {
		if key, _, ok := a.cut(next); ok && a.cmd.byKey(key) != nil {
			break
		}
		next++
	}
	return next
}

// spans is the most words of a value that has blanks in it: 2026-03-09 下午.
var spans = map[Kind]int{DateTime: 2, HalfDate: 2, Money: 2, Period: 6}

// longer answers how many words from next on belong to a value as well: as many
// as it may have and still be one.
func (a *assignment) longer(arg *Arg, value string, next int, fits func(*Arg, string) bool) int {
	longest := 0
	for n := 1; n < spans[arg.Kind] && a.free(next+n-1); n++ {
		value += " " + a.own(next+n-1)
		if fits(arg, value) {
			longest = n
		}
	}
	return longest
}

// free says whether word i is there and is no key of its own.
func (a *assignment) free(i int) bool {
	if i >= len(a.list) || a.list[i].bar {
		return false
	}
	key, _, ok := a.cut(i)
	return !ok || a.cmd.byKey(key) == nil
}

func (a *assignment) own(i int) string { return a.text[a.list[i].start:a.list[i].end] }

// unknown refuses a key nobody declared when it is a slip of the pen, or when
// the command has no text it could be part of.
func (a *assignment) unknown(key string) error {
	if a.open {
		return nil
	}
	if near := a.cmd.nearest(key); near != "" {
		instead := near + ":…"
		for _, arg := range a.cmd.Args {
			if arg.Rest {
				instead += "；如果它是正文的一部分，正文写成 " + arg.Name + ":…"
			}
		}
		return Refused{Reason: fmt.Sprintf("「%s」没有「%s」这一项，最接近的是「%s」", a.cmd.Name, clip(key, 20), near), Instead: instead}
	}
	var keys []string
	for _, arg := range a.cmd.Args {
		if arg.Kind == Text {
			return nil
		}
		keys = append(keys, arg.Name+":")
	}
	instead := a.cmd.Usage
	if len(keys) > 0 {
		instead = "用 " + strings.Join(keys, " ")
	}
	return Refused{Reason: fmt.Sprintf("「%s」没有「%s」这一项", a.cmd.Name, clip(key, 20)), Instead: instead}
}

// set refuses a second, different value.
func (a *assignment) set(arg *Arg, value string) error {
	before, twice := a.given[arg.Name]
	if twice && words.Fold(before) != words.Fold(value) {
		return Refused{
			Reason:  fmt.Sprintf("「%s」写了两次：%s 和 %s", arg.Name, clip(before, 20), clip(value, 20)),
			Instead: "只留一个，再发一次",
		}
	}
	if !twice && value != "" {
		a.given[arg.Name] = value
	}
	return nil
}

// positional gives what is left to the arguments in their order.
func (a *assignment) positional(fits func(*Arg, string) bool) error {
	var left []int
	for i := range a.list {
		if !a.taken[i] {
			left = append(left, i)
		}
	}
	left, err := a.flags(left, true)
	if err != nil {
		return err
	}
	for i := range a.cmd.Args {
		arg := &a.cmd.Args[i]
		if arg.Keyed || arg.Kind.sent() || arg.Kind == YesNo && !arg.Required || a.given[arg.Name] != "" {
			continue
		}
		if left, err = a.flags(left, false); err != nil {
			return err
		}
		if len(left) == 0 {
			break
		}
		n := a.take(arg, left, fits)
		if n > 0 {
			if err := a.set(arg, a.join(left[:n])); err != nil {
				return err
			}
			left = left[n:]
		}
		if len(left) > 0 && a.list[left[0]].bar {
			left = left[1:]
		}
	}
	if left, err = a.flags(left, false); err != nil {
		return err
	}
	if len(left) > 0 {
		return Refused{
			Reason:  fmt.Sprintf("「%s」后面多了「%s」", a.cmd.Name, clip(a.join(left), 20)),
			Instead: a.cmd.Usage,
		}
	}
	return nil
}

// flags takes the bare names of YesNo arguments from the front, or the tail.
func (a *assignment) flags(left []int, tail bool) ([]int, error) {
	for len(left) > 0 {
		at := left[0]
		if tail {
			at = left[len(left)-1]
		}
		arg := a.cmd.byKey(a.list[at].fold)
		if arg == nil || arg.Kind != YesNo || a.list[at].bar {
			return left, nil
		}
		if before, ok := a.given[arg.Name]; ok && !yes(before) {
			return left, Refused{Reason: fmt.Sprintf("「%s」又写了%s，前后矛盾", arg.Name, clip(before, 20)), Instead: "只留一个，再发一次"}
		}
		a.given[arg.Name] = "是"
		if tail {
			left = left[:len(left)-1]
		} else {
			left = left[1:]
		}
	}
	return left, nil
}

// take answers how many of the words left belong to arg.
func (a *assignment) take(arg *Arg, left []int, fits func(*Arg, string) bool) int {
	if a.list[left[0]].bar {
		return 0 // an empty field
	}
	switch {
	case arg.Rest:
		return len(left)
	case arg.Kind == Text:
		for n, i := range left {
			if a.list[i].bar {
				return n
			}
		}
		return 1
	case arg.Kind == Number && arg.Many:
		return a.numbers(left)
	case arg.Kind == Number:
		if numberLike(a.own(left[0])) {
			return 1
		}
		return 0
	case spans[arg.Kind] > 1:
		for n := min(spans[arg.Kind], len(left)); n > 1; n-- {
			if fits(arg, a.join(left[:n])) {
				return n
			}
		}
	case arg.Kind == Audience, arg.Many:
		return a.listed(arg, left, fits)
	}
	if arg.Required || fits(arg, a.own(left[0])) {
		return 1
	}
	return 0
}

// numbers takes the record numbers at the front, or 全部.
func (a *assignment) numbers(left []int) int {
	n := 0
	for n < len(left) && !a.list[left[n]].bar && numbersLike(a.own(left[n])) {
		n++
	}
	return n
}

// listed takes words that a comma joins over spaces: 赵六、 孙七.
func (a *assignment) listed(arg *Arg, left []int, fits func(*Arg, string) bool) int {
	n := 1
	for n < len(left) && (strings.HasSuffix(a.list[left[n-1]].fold, "、") || strings.HasSuffix(a.list[left[n-1]].fold, ",") ||
		strings.HasPrefix(a.list[left[n]].fold, "、") || strings.HasPrefix(a.list[left[n]].fold, ",")) {
		n++
	}
	if !arg.Required && !fits(arg, a.join(left[:n])) {
		return 0
	}
	return n
}

// join is the member's own characters of these words, with the spaces between
// them where nothing was taken out.
func (a *assignment) join(list []int) string {
	var b strings.Builder
	for n, i := range list {
		if n > 0 {
			if list[n-1] == i-1 {
				b.WriteString(a.text[a.list[i-1].end:a.list[i].start])
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteString(a.own(i))
	}
	return b.String()
}
