package chat

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"guiju/app/chat/words"
)

// memory is what is kept between two messages of one member, as JSON in the
// conversation's row.
type memory struct {
	Form     *form     `json:"form,omitempty"`
	Pressed  []pressed `json:"pressed,omitempty"`
	Failures int       `json:"failures,omitempty"` // in a row
	Loose    []int64   `json:"loose,omitempty"`    // attachments that belong to nothing yet
	LooseAt  time.Time `json:"loose_at,omitzero"`  // of the last of them
}

// maxMemory bounds the row, in bytes.
const maxMemory = 48 << 10

// form is a half-filled command, or a question with numbered answers. It keeps
// the member's words and when he wrote them, and understands them anew each
// time: people, records and permissions may have changed meanwhile.
type form struct {
	Command     string               `json:"command,omitempty"` // "" for a mere question
	Edition     string               `json:"edition,omitempty"` // of the command
	Source      Source               `json:"source"`
	Words       map[string]string    `json:"words,omitempty"`
	Said        map[string]time.Time `json:"said,omitempty"` // where not At
	Attachments []int64              `json:"attachments,omitempty"`
	Insists     bool                 `json:"insists,omitempty"`
	Asking      string               `json:"asking,omitempty"` // the argument asked for
	Asked       bool                 `json:"asked,omitempty"`  // something was asked for before
	Confirm     bool                 `json:"confirm,omitempty"`
	Options     []option             `json:"options,omitempty"`
	Text        string               `json:"text,omitempty"`   // what a mere question is about
	Nonce       int64                `json:"nonce,omitempty"`  // tells this question's buttons from older ones
	Carded      bool                 `json:"carded,omitempty"` // asked with buttons
	At          time.Time            `json:"at,omitzero"`      // of the last question
}

// What choosing an option does; "" answers the question asked.
const (
	doGo     = "go"     // run the command
	doDrop   = "drop"   // forget the form
	doLine   = "line"   // begin the command line in Words
	doReply  = "reply"  // answer the pressed button Words with Text
	doAmend  = "amend"  // say how to change what the form holds
	doAttach = "attach" // file the attachments under the record Words
)

func recall(state string) memory {
	var m memory
	if state == "" {
		return m
	}
	if err := json.Unmarshal([]byte(state), &m); err != nil {
		return memory{} // of another version of the program: a draft is not worth a failed delivery
	}
	return m
}

// expire forgets what is too old and says so.
func (t *turn) expire() {
	if f := t.mem.Form; f != nil && t.from.At.Sub(f.At) > t.e.o.DraftTime {
		t.mem.Form = nil
		if f.Command != "" && !f.Confirm {
			t.notes = append(t.notes, fmt.Sprintf("（刚才的「%s」超过%s没填完，已经取消。）", f.Command, length(t.e.o.DraftTime)))
		}
	}
	if t.from.At.Sub(t.mem.LooseAt) > t.e.o.DraftTime || len(t.mem.Loose) == 0 {
		t.mem.Loose, t.mem.LooseAt = nil, time.Time{}
	}
}

// remember stores the memory if it changed.
func (t *turn) remember(answer Answer) (Answer, error) {
	state, expires, err := t.mem.state(t.e.o)
	if err != nil {
		return Answer{}, fmt.Errorf("remember conversation %d: %w", t.conv.ID, err)
	}
	if len(state) > maxMemory {
		t.mem = memory{Failures: t.mem.Failures}
		return t.remember(Answer{Text: Refused{Reason: "填写的内容太长，没有保存", Instead: "写短一些再发一次，或作为文件发来"}.Error()})
	}
	if state == t.conv.State && !t.greeted {
		return answer, nil
	}
	if state != t.conv.State {
		t.conv.State, t.conv.ExpiresAt = state, nil
		if state != "" {
			expires = later(expires, t.from.At.Add(t.e.o.DraftTime))
			t.conv.ExpiresAt = &expires
		}
	}
	return answer, t.tx.SaveConversation(t.conv)
}

// question is the open question that was asked with buttons, 0 without one.
func (m memory) question() int64 {
	if m.Form == nil || !m.Form.Carded {
		return 0
	}
	return m.Form.Nonce
}

// state is the memory as stored, "" if it is empty, and from when it may be
// forgotten.
func (m memory) state(o Options) (string, time.Time, error) {
	if len(m.Loose) == 0 {
		m.LooseAt = time.Time{}
	}
	body, err := json.Marshal(m)
	if err != nil || string(body) == "{}" {
		return "", time.Time{}, err
	}
	var expires time.Time
	if m.Form != nil {
		expires = m.Form.At.Add(o.DraftTime)
	}
	for _, p := range m.Pressed {
		expires = later(expires, p.At.Add(o.ReplyTime))
	}
	return string(body), expires, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// keep makes f the open form; the one it displaces is named.
func (t *turn) keep(f *form) {
	if old := t.mem.Form; old != nil && old != f && old.Command != "" && !old.same(f) {
		if old.Confirm {
			t.notes = append(t.notes, fmt.Sprintf("（上一条「%s」没有发送。）", old.Command))
		} else {
			t.notes = append(t.notes, fmt.Sprintf("（没填完的「%s」已放下。）", old.Command))
		}
	}
	if cmd := t.v.command(f.Command); cmd != nil {
		f.Edition = cmd.Edition
	}
	f.At, f.Nonce = t.from.At, t.conv.Version+1
	t.mem.Form = f
}

// same says whether two forms stand at the same question: a button pressed
// twice.
func (f *form) same(other *form) bool {
	return f.Command == other.Command && f.Asking == other.Asking && maps.Equal(f.Words, other.Words)
}

func (t *turn) drop(f *form) {
	if t.mem.Form == f {
		t.mem.Form = nil
	}
}

func (f *form) saidAt(arg string, now time.Time) time.Time {
	if at, ok := f.Said[arg]; ok {
		return at
	}
	return now
}

// put sets the words of an argument and remembers when each was written.
func (f *form) put(arg, said string, at time.Time) {
	if f.Words == nil {
		f.Words = map[string]string{}
	}
	f.Words[arg] = said
	if f.Said == nil {
		f.Said = map[string]time.Time{}
	}
	f.Said[arg] = at
}

func (f *form) reminder() string {
	if f.Confirm {
		return fmt.Sprintf("（「%s」还等您选择，回复序号；不要了就发 取消。）", f.Command)
	}
	return fmt.Sprintf("（「%s」还没填完，请继续写「%s」；不要了就发 取消。）", f.Command, f.Asking)
}

// ask keeps the form and asks for what is missing or wrong.
func (t *turn) ask(f *form, p *problem) Answer {
	first := f.Asking == ""
	for name := range f.Words { // words of this message keep its instant
		if _, ok := f.Said[name]; !ok {
			f.put(name, f.Words[name], t.from.At)
		}
	}
	delete(f.Words, p.arg.Name)
	delete(f.Said, p.arg.Name)
	f.Asking, f.Asked, f.Confirm, f.Options = p.arg.Name, true, false, p.options
	t.keep(f)
	if p.reason == "" {
		t.press(f, p.arg)
	}
	prompt := p.title
	if prompt == "" {
		prompt = p.arg.Prompt
	}
	text := Incomplete{Field: p.arg.Name, Prompt: prompt}.Error()
	if p.reason != "" {
		text = p.reason
		if !strings.HasPrefix(text, "【请补充】") {
			text += fmt.Sprintf("\n请重新写「%s」。", p.arg.Name)
		}
	}
	answer := t.numbered(f, text)
	if p.arg.Kind == Choice && p.arg.Many {
		answer.Card = nil // a button would answer with one of them
	}
	answer.Text += p.hint()
	if first {
		answer.Text += fmt.Sprintf("\n（%s内有效，不要了就发 取消。）", length(t.e.o.DraftTime))
	}
	return answer
}

// hint says how else a question may be answered.
func (p *problem) hint() string {
	arg, text := p.arg, ""
	switch {
	case p.more:
		text = "\n不在上面的，请写全。"
	case arg.Kind == Text && len(p.options) > 0:
		text = "也可以直接写。"
	case arg.Kind == Choice && arg.Many && len(p.options) > 0:
		text = "可以选几项，例如 1、3。"
	case arg.Kind == Choice && len(p.options) == 0 && p.reason == "":
		text = "\n可选：" + strings.Join(arg.Choices, "、")
	case arg.Kind.sent() && p.reason == "":
		text = "\n" + arg.send() + "。"
	}
	if arg.Offer && !arg.Required && !arg.Kind.sent() {
		text += "\n不需要就发 跳过。"
	}
	return text
}

// confirm asks whether to run a form.
func (t *turn) confirm(f *form, question, yes, no string) Answer {
	f.Options = []option{{Label: yes, Do: doGo}, {Label: no, Do: doDrop}}
	return t.offer(f, question)
}

// warn asks whether the member insists (level warn).
func (t *turn) warn(f *form, w Warned) Answer {
	proceed := w.Proceed
	if proceed == "" {
		proceed = "仍然发送"
	}
	f.Options = []option{{Label: proceed, Do: doGo}}
	f.Insists = true // once doGo is chosen; every other way out drops the form
	if w.Amend {
		f.Options = append(f.Options, option{Label: "修改", Do: doAmend})
	}
	for _, other := range w.Others {
		if len(f.Options) < maxOptions-1 {
			f.Options = append(f.Options, option{Label: other.Text, Do: doLine, Words: other.Key})
		}
	}
	f.Options = append(f.Options, option{Label: "取消", Do: doDrop})
	return t.offer(f, w.Error())
}

// offer keeps the form and shows its options.
func (t *turn) offer(f *form, question string) Answer {
	for name, said := range f.Words {
		if _, ok := f.Said[name]; !ok {
			f.put(name, said, t.from.At)
		}
	}
	f.Confirm, f.Asking = true, ""
	t.keep(f)
	return t.numbered(f, question)
}

// numbered lists the options of a form, as text and, if they fit, as a card.
func (t *turn) numbered(f *form, question string) Answer {
	if len(f.Options) == 0 {
		return Answer{Text: question}
	}
	var b strings.Builder
	for i, o := range f.Options {
		fmt.Fprintf(&b, "\n%d. %s", i+1, o.Label)
	}
	b.WriteString("\n回复序号即可。")
	return Answer{Text: question + b.String(), Card: t.cardOf(f, b.String())}
}

// during answers text while a question is open. A choice is a choice; a
// complete command is run and the form kept; the rest is the answer.
func (t *turn) during(f *form, text string) (Answer, error) {
	if o := f.pick(text); o != nil {
		return t.chose(f, *o)
	}
	if answer, done, err := t.inside(f, text); done || err != nil {
		return answer, err
	}
	if cmd, rest := t.match(text); cmd != nil {
		answer, done, err := t.interrupt(f, cmd, rest, text)
		if done || err != nil {
			return answer, err
		}
	}
	if f.Confirm {
		t.keep(&form{}) // names what is left unsent
		t.mem.Form = nil
		return t.free(text)
	}
	f.put(f.Asking, text, t.from.At)
	f.Options = nil
	return t.proceed(f)
}

// interrupt decides whether a text that begins like a command is one although
// a question is open. Nobody may be trapped in a form, and no answer may be
// lost because it begins with a command's word.
func (t *turn) interrupt(f *form, cmd *Command, rest, text string) (Answer, bool, error) {
	complete, err := t.complete(cmd, rest)
	if err != nil {
		return Answer{}, false, err
	}
	var asked *Arg
	if open := t.v.command(f.Command); open != nil {
		asked = open.arg(f.Asking)
	}
	switch {
	case f.restarts(cmd) && strings.TrimSpace(rest) != "":
		t.drop(f) // written again, with more
	case complete || asked == nil:
	case asked.Kind != Text:
		_, p, err := t.resolve(asked, text, t.from.At)
		if _, worded := Wording(err); err != nil && !worded {
			return Answer{}, false, err
		}
		if err == nil && (p == nil || p.options != nil && !p.failed) {
			return Answer{}, false, nil
		}
	case strings.TrimSpace(rest) == "":
		f.Options = []option{
			{Label: fmt.Sprintf("作为「%s」", f.Asking), Words: text},
			{Label: fmt.Sprintf("开始「%s」", cmd.Name), Do: doLine, Words: text},
		}
		t.keep(f)
		return t.numbered(f, fmt.Sprintf("「%s」是要填的「%s」，还是要做别的？", clip(text, 20), f.Asking)), true, nil
	default:
		return Answer{}, false, nil
	}
	answer, err := t.start(cmd, rest)
	return answer, true, err
}

// restarts says that writing the same command again begins it anew: nothing of
// the form is filled in, or it asks for what comes first after the name anyway.
func (f *form) restarts(cmd *Command) bool {
	return f.Command == cmd.Name && (len(f.Words) == 0 && len(f.Attachments) == 0 || len(cmd.Args) > 0 && f.Asking == cmd.Args[0].Name)
}

// complete says whether a command could run as written.
func (t *turn) complete(cmd *Command, rest string) (bool, error) {
	err := t.permitted(cmd)
	var given map[string]string
	if err == nil {
		given, err = assign(cmd, rest, t.fits)
	}
	var p *problem
	if err == nil {
		_, p, err = t.fill(&form{Command: cmd.Name, Source: t.source, Words: given})
	}
	if _, worded := Wording(err); worded {
		return false, nil
	}
	return err == nil && p == nil, err
}

// pick finds the option a text chooses: by its number, its label, or yes and no.
func (f *form) pick(text string) *option {
	text = bare(text)
	if n, ok := words.Count(text); ok && n >= 1 && n <= len(f.Options) {
		return &f.Options[n-1]
	}
	for i := range f.Options {
		o := &f.Options[i]
		if text == words.Fold(o.Label) || o.Same != "" && text == words.Fold(o.Same) || o.Do == "" && text == words.Fold(o.Words) {
			return o
		}
		if f.Confirm && (o.Do == doGo && yes(text) || o.Do == doDrop && no(text)) {
			return o
		}
	}
	return nil
}

// chose acts on an option.
func (t *turn) chose(f *form, o option) (Answer, error) {
	t.source, t.choice = f.Source, o.Label
	switch o.Do {
	case doGo:
		return t.proceed(f)
	case doDrop:
		t.drop(f)
		t.unpress(f)
		if f.Text != "" {
			t.mem.Pressed = nil
			return t.free(f.Text)
		}
		if f.Command == "" {
			t.mem.Loose, t.mem.LooseAt = f.Attachments, t.from.At
			return Answer{Text: "好的，先记录下来，没有附到任何事项。"}, nil
		}
		for _, way := range f.Options {
			if way.Do == doGo && !strings.Contains(way.Label, "发送") { // 确认收回, 同意
				return Answer{Text: "好的，什么都没有改动。"}, nil
			}
		}
		return Answer{Text: "好的，没有发送。"}, nil
	case doLine:
		t.drop(f)
		return t.line(o.Words)
	case doReply:
		t.drop(f)
		i, err := strconv.Atoi(o.Words)
		if err != nil || i >= len(t.mem.Pressed) {
			return t.free(f.Text)
		}
		return t.proceed(t.mem.Pressed[i].form(f.Text))
	case doAmend:
		return t.offer(f, t.v.command(f.Command).amendable()), nil
	case doAttach:
		t.drop(f)
		return t.attachTo(o.Words, f.Attachments)
	}
	f.put(f.Asking, o.Words, t.from.At)
	f.Options = nil
	return t.proceed(f)
}

func length(d time.Duration) string {
	return words.Span{Minutes: int(d / time.Minute)}.String()
}
