package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guiju/app/chat/words"
)

// free answers text that is no command, in the order of guide E2.0: (2) a
// reply whose button was pressed, (3) a topic, (4) the entry menu. Words of
// modules that do not exist come before topics: they were meant as commands.
func (t *turn) free(text string) (Answer, error) {
	answer, done, err := t.replyToPressed(text)
	if done || err != nil {
		return answer, err
	}
	if module := t.e.module(t.v, text); module != "" {
		return Answer{}, ModuleOff{Module: module}
	}
	if t.e.o.Topics != nil {
		proposal, err := t.e.o.Topics.Propose(t.call(nil, t.source), text)
		if err != nil {
			return Answer{}, fmt.Errorf("propose a topic: %w", err)
		}
		if proposal != nil {
			f := &form{Command: proposal.Command, Source: t.source, Words: proposal.Values}
			if proposal.Proceed != "" {
				return t.confirm(f, proposal.Question, proposal.Proceed, "取消"), nil
			}
			return t.confirm(f, proposal.Question, "发送", "不发"), nil
		}
	}
	return t.lost()
}

// lost is the answer to what nobody understands: the entry menu, never silence
// (guide G1-2a).
func (t *turn) lost() (Answer, error) {
	t.miss()
	answer, err := t.e.entryMenu(t)
	answer.Text = "没看懂您的意思。\n" + answer.Text
	return answer, err
}

// module is the name of the module that does not exist yet and owns the first
// word of text.
func (e *Engine) module(v *vocabulary, text string) string {
	list := split(text, false)
	if len(list) == 0 || v.byWord[list[0].fold] != nil {
		return ""
	}
	return e.o.Modules[strings.TrimRight(list[0].fold, endPunctuation)]
}

// pressed is a button whose question was asked and not answered: 回复.
type pressed struct {
	Command string            `json:"command"`
	Words   map[string]string `json:"words"` // the number
	Arg     string            `json:"arg"`   // the text that was asked
	At      time.Time         `json:"at"`
}

func (p pressed) label() string {
	for _, word := range p.Words {
		return p.Command + " " + word
	}
	return p.Command
}

// maxPressed bounds how many are remembered; the oldest go.
const maxPressed = 9

// press remembers that a button asks for text about one item.
func (t *turn) press(f *form, arg *Arg) {
	cmd := t.v.command(f.Command)
	if f.Source != FromCard || arg.Kind != Text {
		return
	}
	for _, number := range cmd.Args {
		said, ok := f.Words[number.Name]
		if number.Kind != Number || !ok {
			continue
		}
		t.unpress(f)
		t.mem.Pressed = append(t.mem.Pressed, pressed{
			Command: f.Command, Words: map[string]string{number.Name: said}, Arg: arg.Name, At: t.from.At,
		})
		if extra := len(t.mem.Pressed) - maxPressed; extra > 0 {
			t.mem.Pressed = t.mem.Pressed[extra:]
		}
		return
	}
}

// unpress forgets the button of a form that was answered or dropped.
func (t *turn) unpress(f *form) {
	t.mem.Pressed = slices.DeleteFunc(t.mem.Pressed, func(p pressed) bool {
		if p.Command != f.Command {
			return false
		}
		for name, word := range p.Words {
			if f.Words[name] != word {
				return false
			}
		}
		return true
	})
}

// replyToPressed takes text as the reply to the one open item whose button was
// pressed before. After DraftTime it asks first; of several it asks which.
func (t *turn) replyToPressed(text string) (Answer, bool, error) {
	var live []pressed
	for _, p := range t.mem.Pressed {
		ok, err := t.stillOpen(p)
		if err != nil {
			return Answer{}, false, err
		}
		if ok {
			live = append(live, p)
		}
	}
	t.mem.Pressed = live
	if len(live) == 0 {
		return Answer{}, false, nil
	}
	if len(live) == 1 {
		f := live[0].form(text)
		if t.from.At.Sub(live[0].At) <= t.e.o.DraftTime {
			answer, err := t.proceed(f)
			return answer, true, err
		}
		return t.confirm(f, fmt.Sprintf("把「%s」作为「%s」发送？", clip(text, 20), live[0].label()), "发送", "不发"), true, nil
	}
	f := &form{Source: FromCard, Text: text, Confirm: true}
	for i, p := range live {
		f.Options = append(f.Options, option{Label: p.label(), Do: doReply, Words: strconv.Itoa(i)})
	}
	f.Options = append(f.Options[:min(len(live), maxOptions-1)], option{Label: "都不是", Do: doDrop})
	return t.offer(f, "这句话回复哪一项？"), true, nil
}

func (t *turn) stillOpen(p pressed) (bool, error) {
	cmd := t.v.command(p.Command)
	if cmd == nil || t.from.At.Sub(p.At) > t.e.o.ReplyTime {
		return false, nil
	}
	for name, said := range p.Words {
		arg := cmd.arg(name)
		whole, ok := wholeNumber(said)
		if arg == nil || !ok {
			return false, nil
		}
		sequence, _ := strconv.ParseInt(whole[strings.LastIndexByte(whole, '-')+1:], 10, 64) // digits, says wholeNumber
		open, err := t.open(arg, sequence)
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(open, func(r Record) bool { return words.Fold(r.Number) == words.Fold(whole) }) {
			return false, nil
		}
	}
	return true, nil
}

func (p pressed) form(text string) *form {
	f := &form{Command: p.Command, Source: FromCard, Words: map[string]string{p.Arg: text}}
	for name, word := range p.Words {
		f.Words[name] = word
	}
	return f
}
