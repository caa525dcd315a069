package chat

import (
	"slices"
	"strings"
)

// inside takes a text that changes or closes something in the open form instead
// of answering its question.
func (t *turn) inside(f *form, text string) (Answer, bool, error) {
	cmd := t.v.command(f.Command)
	if cmd == nil {
		return Answer{}, false, nil
	}
	if arg := cmd.arg(f.Asking); arg != nil && !f.Confirm {
		if answer, done, err := t.closes(f, arg, text); done || err != nil {
			return answer, done, err
		}
	}
	if f.Confirm { // the bare name of an argument asks for it anew
		if arg := cmd.byKey(bare(text)); arg != nil && arg.Prompt != "" && f.Words[arg.Name] != "" {
			f.Insists = false
			return t.ask(f, t.e.ask(arg)), true, nil
		}
	}
	changed, err := t.amend(f, cmd, text)
	if err != nil || !changed {
		return Answer{}, false, err
	}
	answer, err := t.proceed(f)
	return answer, true, err
}

// amendable says how what a form holds is changed.
func (cmd *Command) amendable() string {
	var names []string
	for _, arg := range cmd.Args {
		names = append(names, arg.Name)
	}
	return "要改哪一项？写成 名称:内容，可以一次改几项；或只发名称，我再问您。\n可以改：" + strings.Join(names, "、")
}

// amend takes 键:值 written while a form is open as a change of what it holds,
// if the whole text is such changes.
func (t *turn) amend(f *form, cmd *Command, text string) (bool, error) {
	a := &assignment{cmd: cmd, text: text, list: split(text, false), given: map[string]string{}}
	if len(a.list) == 0 {
		return false, nil
	}
	if key, _, ok := a.cut(0); !ok || cmd.byKey(key) == nil {
		return false, nil
	}
	a.taken = make([]bool, len(a.list))
	err := a.keyed(t.fits)
	if _, worded := Wording(err); err != nil && !worded {
		return false, err
	}
	if err != nil || slices.Contains(a.taken, false) {
		return false, nil
	}
	for name, said := range a.given {
		arg, word := cmd.arg(name), bare(said)
		if !arg.Required && (slices.Contains(skips, word) || arg.Kind.sent() && slices.Contains(noneYet, word)) {
			said = skipped
		}
		f.put(name, said, t.from.At)
	}
	f.Insists, f.Options = false, nil
	return len(a.given) > 0, nil
}
