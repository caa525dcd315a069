// Package chat turns a member's words into a command and back: the command
// grammar, asking for what is missing, help and menus (guide E2.0). Domains
// register their commands; card buttons and menu entries carry command lines,
// so each has a text of equal effect.
//
// A message passes through engine.go (what it is), parse.go (its words),
// resolve.go, person.go and record.go (what the words mean), draft.go (what is
// missing) and comes back through wording.go.
package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guiju/app/chat/words"
	"guiju/store"
)

// Options are what the engine is lent.
type Options struct {
	Directory Directory // required
	Permits   Permits   // required
	// Topics proposes a command for text that is none (guide E2.0 (3)); nil: no proposals.
	Topics Topics
	// Todo counts what waits for a member, for the greeting; nil: nothing waits.
	Todo Todo
	// Location is the company's zone; nil: UTC+8.
	Location *time.Location
	// DraftTime is how long a half-filled form is kept; 0: 30 minutes.
	DraftTime time.Duration
	// ReplyTime is how long a pressed 回复 is remembered after its form is
	// gone; older than DraftTime it is confirmed first; 0: 24 hours.
	ReplyTime time.Duration
	// DayEnd is the time meant by a day alone where an instant is needed; 0: 18:00.
	DayEnd time.Duration
	// AddWorkdays counts working days for 3个工作日后; nil: not understood.
	AddWorkdays func(from time.Time, days int) time.Time
	// Entries is the entry menu; nil: DefaultEntries.
	Entries []Entry
	// Holds says whether the asker has a role, for the entries of one; nil: nobody has any.
	Holds func(c *Call, role string) (bool, error)
	// Modules maps first words of modules that do not exist yet to their
	// names; nil: DefaultModules. A registered command always wins.
	Modules map[string]string
}

// Permits decides what a member may do.
type Permits interface {
	// Permit says whether the asker may do what permission names, to object;
	// "" asks in general. It records nothing.
	Permit(c *Call, permission, object string) (bool, error)
	// Denied records a refusal the asker was told.
	Denied(c *Call, permission, object string) error
}

// Topics routes free text by its subject.
type Topics interface {
	// Propose answers the command to offer, or nil.
	Propose(c *Call, text string) (*Proposal, error)
}

// Proposal is a command offered for confirmation.
type Proposal struct {
	Question string            // "发给技术支持部？"
	Command  string            // "咨询"
	Values   map[string]string // argument name → words
	Proceed  string            // label of doing it; "" is 发送
}

// Engine is the chat side of one program. Register everything first; then it
// is safe for concurrent use.
type Engine struct {
	o          Options
	registered vocabulary
	computed   computed
	records    map[string]Records
	kinds      []string // of records, in the order registered
}

// New makes an engine that knows 帮助, 菜单 and 取消.
func New(o Options) (*Engine, error) {
	if o.Directory == nil || o.Permits == nil {
		return nil, errors.New("chat needs a Directory and Permits")
	}
	if o.Location == nil {
		o.Location = time.FixedZone("Asia/Shanghai", 8*60*60)
	}
	if o.DraftTime == 0 {
		o.DraftTime = 30 * time.Minute
	}
	if o.ReplyTime == 0 {
		o.ReplyTime = 24 * time.Hour
	}
	if o.DayEnd == 0 {
		o.DayEnd = 18 * time.Hour
	}
	if o.Entries == nil {
		o.Entries = DefaultEntries()
	}
	if o.Modules == nil {
		o.Modules = DefaultModules()
	}
	modules := map[string]string{}
	for word, module := range o.Modules {
		modules[words.Fold(word)] = module
	}
	o.Modules = modules
	e := &Engine{o: o, registered: vocabulary{byWord: map[string]*Command{}}, records: map[string]Records{}}
	return e, e.Register(e.help(), e.menu(), cancel(), choose())
}

// Register adds commands. It refuses a name or alias that is taken, a badly
// written permission, and a command without help. Records that a command names
// are registered first.
func (e *Engine) Register(commands ...Command) error {
	for i := range commands {
		if err := e.add(&e.registered, &commands[i]); err != nil {
			return err
		}
	}
	e.computed.latest.Store(nil)
	return nil
}

// RegisterRecords says what a Number of that kind may mean. If r is an
// Attacher its open items also take what members send without a command.
func (e *Engine) RegisterRecords(kind string, r Records) error {
	if kind == "" || strings.ContainsAny(kind, " \t") || r == nil {
		return fmt.Errorf("records of kind %q: bad kind or nil", kind)
	}
	if e.records[kind] != nil {
		return fmt.Errorf("records of kind %q twice", kind)
	}
	e.records[kind] = r
	e.kinds = append(e.kinds, kind)
	return nil
}

// Commands lists what is registered, in order, and what the families add by
// the rules in force.
func (e *Engine) Commands() []Command {
	var list []Command
	for _, cmd := range e.now().commands {
		list = append(list, *cmd)
	}
	return list
}

// Handle answers a text message.
func (e *Engine) Handle(tx *store.Tx, from From, text string) (Answer, error) {
	return e.turn(tx, from, FromChat, func(t *turn) (Answer, error) { return t.text(text) })
}

// Press answers a button of a card; key is the button's command line.
func (e *Engine) Press(tx *store.Tx, from From, key string) (Answer, error) {
	return e.turn(tx, from, FromCard, func(t *turn) (Answer, error) { return t.line(clean(key)) })
}

// Menu answers a menu entry; key is a command line.
func (e *Engine) Menu(tx *store.Tx, from From, key string) (Answer, error) {
	return e.turn(tx, from, FromMenu, func(t *turn) (Answer, error) { return t.line(clean(key)) })
}

// turn is one message of one member being answered.
type turn struct {
	e       *Engine
	v       *vocabulary // of the whole turn, whatever rules come into force meanwhile
	tx      *store.Tx
	from    From
	source  Source
	conv    store.Conversation
	mem     memory
	notes   []string // lines before the answer
	missed  bool     // the member was not understood
	greeted bool     // greeted in this turn
	choice  string   // label of the option chosen in this turn
	asked   bool     // followed Answer.Ask or Begin once; no chain goes further
	revised bool     // the form that was open has gone or asks for something else
	failed  error    // of a look-up that had no way to return it
}

// turn locks the conversation, acts, words the outcome and remembers.
func (e *Engine) turn(tx *store.Tx, from From, source Source, act func(*turn) (Answer, error)) (Answer, error) {
	conv, err := tx.Conversation(from.Member.ID, from.App)
	if err != nil {
		return Answer{}, err
	}
	t := &turn{e: e, v: e.now(), tx: tx, from: from, source: source, conv: conv, mem: recall(conv.State)}
	asked := t.mem.question()
	t.expire()
	t.revise()
	answer, err := act(t)
	if t.failed != nil {
		return Answer{}, t.failed
	}
	if err != nil {
		text, ok := Wording(err)
		if !ok {
			return Answer{}, err
		}
		if denied, ok := denial(err); ok {
			if err := e.o.Permits.Denied(t.call(nil, source), denied.Permission, denied.Object); err != nil {
				return Answer{}, fmt.Errorf("record denial of %s: %w", denied.Permission, err)
			}
		}
		answer = Answer{Text: text}
	}
	if t.missed && t.mem.Failures >= 2 {
		answer.Text += "\n需要帮忙吗？发 帮助 看全部命令，发 帮助 <命令> 看怎么写。"
	}
	if len(t.notes) > 0 {
		answer.Text = strings.TrimRight(strings.Join(t.notes, "\n")+"\n"+answer.Text, "\n")
	}
	if answer.Card != nil {
		answer.Card = answer.Card.complete(answer.Text)
	}
	if t.mem.Form != nil {
		t.mem.Form.Carded = answer.Card != nil && answer.Card.Question == t.mem.Form.Nonce || asked != 0 && asked == t.mem.Form.Nonce
	}
	answer, err = t.remember(answer)
	if asked != 0 && asked != t.mem.question() {
		answer.Settled = &Settled{Question: asked, Choice: t.choice}
	}
	return answer, err
}

// text answers what a member wrote.
func (t *turn) text(text string) (Answer, error) {
	text = clean(text)
	if len(text) > maxText {
		t.miss()
		return Answer{}, Refused{Reason: fmt.Sprintf("这条消息太长（%d 字节）", len(text)), Instead: "分成几条发，或作为文件发来"}
	}
	if text == "" {
		return t.lost()
	}
	if t.revised {
		return t.reopen(text)
	}
	if f := t.mem.Form; f != nil {
		return t.during(f, text)
	}
	if cmd, rest := t.match(text); cmd != nil {
		return t.start(cmd, rest)
	}
	return t.free(text)
}

// match finds the command of a text somebody typed. Hidden ones are only for
// those who type a button's whole line.
func (t *turn) match(text string) (*Command, string) {
	cmd, rest := t.v.match(text)
	if cmd != nil && cmd.Hidden {
		if ok, err := t.complete(cmd, rest); !ok || err != nil {
			return nil, ""
		}
	}
	return cmd, rest
}

// line answers a command line of our own: a button, a menu entry.
func (t *turn) line(line string) (Answer, error) {
	if cmd, rest := t.v.match(line); cmd != nil {
		return t.start(cmd, rest)
	}
	if module := t.e.module(t.v, line); module != "" {
		return Answer{}, ModuleOff{Module: module}
	}
	return t.lost()
}

// start begins a command with what was written after it.
func (t *turn) start(cmd *Command, rest string) (Answer, error) {
	if err := t.permitted(cmd); err != nil {
		return Answer{}, err
	}
	given, err := assign(cmd, rest, t.fits)
	if err != nil {
		t.miss()
		return Answer{}, err
	}
	f := &form{Command: cmd.Name, Source: t.source, Words: given}
	if err := t.takeLoose(f, cmd); err != nil {
		return Answer{}, err
	}
	return t.proceed(f)
}

// takeLoose gives a form what was sent before its command.
func (t *turn) takeLoose(f *form, cmd *Command) error {
	if slices.ContainsFunc(cmd.Args, func(arg Arg) bool { return arg.Kind.sent() }) {
		list, err := t.tx.Attachments(t.mem.Loose)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, store.Attachment.Lost) // its sender has been asked for it again
		t.mem.Loose = f.shelve(cmd, list, t.from.At)
	}
	if cmd.Attach {
		f.Attachments, t.mem.Loose = t.mem.Loose, nil
	}
	return nil
}

// proceed runs the command of a form if nothing is missing, else asks.
func (t *turn) proceed(f *form) (Answer, error) {
	c, p, err := t.fill(f)
	if err != nil {
		t.drop(f)
		if _, worded := Wording(err); worded {
			t.miss()
		}
		return Answer{}, err
	}
	if p != nil {
		if p.failed {
			t.miss()
		}
		if c.command.Hidden {
			return Answer{}, outdated
		}
		return t.ask(f, p), nil
	}
	return t.run(f, c)
}

// run does it. Another form that is open stays open.
func (t *turn) run(f *form, c *Call) (Answer, error) {
	cmd := c.command
	if err := t.permitted(cmd); err != nil {
		t.drop(f)
		return Answer{}, err
	}
	var err error
	attached := f.attached(cmd)
	if c.Attachments, err = t.tx.Attachments(attached); err != nil {
		return Answer{}, err
	}
	before := t.mem.Form
	answer, err := t.perform(cmd, c)
	var warned Warned
	var incomplete Incomplete
	switch {
	case errors.As(err, &warned):
		return t.warn(f, warned), nil
	case errors.As(err, &incomplete) && cmd.arg(incomplete.Field) != nil:
		if incomplete.Prompt == "" {
			incomplete.Prompt = cmd.arg(incomplete.Field).Prompt
		}
		return t.ask(f, &problem{arg: cmd.arg(incomplete.Field), reason: incomplete.Error(), options: choices(incomplete.Choices)}), nil
	case err != nil:
		t.drop(f)
		return Answer{}, err
	}
	t.drop(f)
	t.unpress(f)
	if err := t.used(c); err != nil {
		return Answer{}, err
	}
	if !t.missed {
		t.mem.Failures = 0
	}
	if answer.Subject.ID != 0 {
		if err := t.tx.FileAttachments(answer.Subject, attached...); err != nil {
			return Answer{}, err
		}
	}
	if next, follows, err := t.follow(cmd, answer); follows || err != nil {
		return next, err
	}
	if open := t.mem.Form; open != nil && open == before && open.Command != "" && cmd.Name != chooseName {
		answer.Text = strings.TrimLeft(answer.Text+"\n"+open.reminder(), "\n")
	}
	return answer, nil
}

// follow goes on to the question an answer leads to.
func (t *turn) follow(cmd *Command, answer Answer) (next Answer, follows bool, err error) {
	if answer.Ask == "" && answer.Begin == nil || t.asked {
		return answer, false, nil
	}
	t.asked = true
	if answer.Begin != nil {
		next, err = t.begin(answer.Begin)
	} else {
		next, err = t.line(answer.Ask)
	}
	if text, worded := Wording(err); worded {
		next = Answer{Text: text} // the act itself is done
	} else if err != nil {
		return Answer{}, false, fmt.Errorf("ask on after %s: %w", cmd.Name, err)
	}
	next.Text = strings.TrimLeft(answer.Text+"\n"+next.Text, "\n")
	next.Subject = answer.Subject
	return next, true, nil
}

// permitted is nil if the asker may use the command at all: on its own records
// or on those of an extension.
func (t *turn) permitted(cmd *Command) error {
	err := t.allowed(cmd, cmd.Permission)
	if err == nil && cmd.Offered != nil {
		return cmd.Offered(t.call(cmd, t.source))
	}
	for _, x := range cmd.Extensions {
		if _, denied := Wording(err); !denied {
			break
		}
		if other := t.allowed(cmd, x.Permission); other == nil {
			err = nil
		} else if _, denied := Wording(other); !denied {
			err = other
		}
	}
	return err
}

// allowed is nil if the asker has a permission.
func (t *turn) allowed(cmd *Command, permission string) error {
	if permission == Everybody {
		return nil
	}
	ok, err := t.e.o.Permits.Permit(t.call(cmd, t.source), permission, "")
	if err != nil {
		return fmt.Errorf("permit %s: %w", permission, err)
	}
	if !ok {
		return NoPermission{Permission: permission}
	}
	return nil
}

func (t *turn) call(cmd *Command, source Source) *Call {
	c := &Call{Tx: t.tx, From: t.from, Source: source, Permits: t.e.o.Permits, turn: t, command: cmd, values: map[string]Value{}}
	if cmd != nil {
		c.Command = cmd.Name
	}
	return c
}

func (t *turn) miss() {
	if !t.missed {
		t.missed = true
		t.mem.Failures++
	}
}
