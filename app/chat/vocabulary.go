package chat

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"guiju/app/chat/words"
)

// Family is commands that are computed from the rules in force, such as one
// for each approval template: 请假, 报销, 申请 采购.
type Family struct {
	Name string // for messages of the log: "approval templates"
	// Version names what Commands would answer; it is asked with every message
	// and must be cheap. Commands is asked anew when it has changed.
	Version func() string
	// Commands are the commands of now. They may name only records that are
	// registered. They are not changed afterwards.
	Commands func() []Command
	// Skipped is told of each command or alias that could not be taken, because
	// its word belongs to another or it is badly made; nil: nobody is told.
	Skipped func(err error)
}

// Family adds commands that are computed. A registered command is never
// shadowed by one of a family, nor one of an earlier family by a later one.
func (e *Engine) Family(f Family) error {
	if f.Name == "" || f.Version == nil || f.Commands == nil {
		return fmt.Errorf("family %q of commands: needs a name, Version and Commands", f.Name)
	}
	if slices.ContainsFunc(e.computed.families, func(other Family) bool { return other.Name == f.Name }) {
		return fmt.Errorf("family %q of commands twice", f.Name)
	}
	e.computed.families = append(e.computed.families, f)
	e.computed.latest.Store(nil)
	return nil
}

// vocabulary is all commands there are at one instant. Nothing changes in one
// that a turn has seen; other rules make another one.
type vocabulary struct {
	commands []*Command
	byWord   map[string]*Command // folded name or alias
	longest  int                 // most words in a name
}

// computed is the vocabulary with what the families add.
type computed struct {
	families []Family
	latest   atomic.Pointer[edition]
	making   sync.Mutex
}

// edition is a vocabulary and the versions of the families it was made from.
type edition struct {
	vocabulary
	versions []string
}

// now is the vocabulary by the rules in force.
func (e *Engine) now() *vocabulary {
	c := &e.computed
	if latest := c.latest.Load(); latest != nil && latest.current(c.families) {
		return &latest.vocabulary
	}
	c.making.Lock()
	defer c.making.Unlock()
	if latest := c.latest.Load(); latest != nil && latest.current(c.families) {
		return &latest.vocabulary
	}
	// The versions are read before the commands: what changes between them is
	// computed again with the next message, never missed.
	next := &edition{vocabulary: e.registered.clone()}
	for _, f := range c.families {
		next.versions = append(next.versions, f.Version())
		e.join(&next.vocabulary, f)
	}
	c.latest.Store(next)
	return &next.vocabulary
}

func (d *edition) current(families []Family) bool {
	for i, f := range families {
		if d.versions[i] != f.Version() {
			return false
		}
	}
	return true
}

// join adds the commands of a family to v, without those it cannot take.
func (e *Engine) join(v *vocabulary, f Family) {
	skip := func(err error) {
		if f.Skipped != nil {
			f.Skipped(fmt.Errorf("family %q of commands: %w", f.Name, err))
		}
	}
	for _, cmd := range f.Commands() {
		free := cmd.Aliases[:0:0]
		for _, alias := range cmd.Aliases {
			if err := v.taken(&cmd, alias); err != nil {
				skip(err)
				continue
			}
			free = append(free, alias)
		}
		cmd.Aliases = free
		if err := e.add(v, &cmd); err != nil {
			skip(err)
		}
	}
}

// add checks a command and takes it into v.
func (e *Engine) add(v *vocabulary, cmd *Command) error {
	if err := cmd.check(); err != nil {
		return err
	}
	for _, arg := range cmd.Args {
		for _, kind := range strings.Fields(arg.Record) {
			if e.records[kind] == nil {
				return fmt.Errorf("command %q: argument %q: no records of kind %q", cmd.Name, arg.Name, kind)
			}
		}
	}
	names := append([]string{cmd.Name}, cmd.Aliases...)
	for i, name := range names {
		if err := v.taken(cmd, name); err != nil {
			return err
		}
		if slices.ContainsFunc(names[:i], func(other string) bool { return words.Fold(other) == words.Fold(name) }) {
			return fmt.Errorf("command %q: %q twice", cmd.Name, name)
		}
	}
	longest := v.longest
	for _, name := range names {
		key := words.Fold(name)
		v.byWord[key] = cmd
		v.longest = max(v.longest, len(strings.Fields(key)))
	}
	if found, _ := v.match(cmd.Example); found != cmd && !cmd.Hidden {
		for _, name := range names {
			delete(v.byWord, words.Fold(name))
		}
		v.longest = longest
		return fmt.Errorf("command %q: its example %q is another command", cmd.Name, cmd.Example)
	}
	v.commands = append(v.commands, cmd)
	return nil
}

// taken says why a command cannot have a name.
func (v *vocabulary) taken(cmd *Command, name string) error {
	key := words.Fold(name)
	if len(key) == 0 || len(key) > maxCommand {
		return fmt.Errorf("command %q: name %q is empty or longer than %d bytes", cmd.Name, name, maxCommand)
	}
	if other := v.byWord[key]; other != nil {
		return fmt.Errorf("command %q: %q is taken by %q", cmd.Name, name, other.Name)
	}
	return nil
}

func (v *vocabulary) clone() vocabulary {
	next := vocabulary{commands: slices.Clone(v.commands), byWord: make(map[string]*Command, len(v.byWord)), longest: v.longest}
	for word, cmd := range v.byWord {
		next.byWord[word] = cmd
	}
	return next
}

func (v *vocabulary) command(name string) *Command { return v.byWord[words.Fold(name)] }

// parent is the visible command whose name the first words of cmd's name are.
func (v *vocabulary) parent(cmd *Command) *Command {
	for i := strings.LastIndexByte(cmd.Name, ' '); i > 0; i = strings.LastIndexByte(cmd.Name[:i], ' ') {
		if p := v.command(cmd.Name[:i]); p != nil && !p.Hidden {
			return p
		}
	}
	return nil
}

// nearest is the visible command whose name is all but the first word of text.
func (v *vocabulary) nearest(text string) string {
	list := split(clip(text, 20), false)
	if len(list) == 0 {
		return ""
	}
	for _, cmd := range v.commands {
		if !cmd.Hidden && near([]rune(words.Fold(cmd.Name)), []rune(list[0].fold)) {
			return cmd.Name
		}
	}
	return ""
}
