package chat

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"guiju/app/chat/words"
)

// Extension gives a command that another domain registered the records of
// another number prefix: 撤回 M… is a communication's, 撤回 A… an application's.
type Extension struct {
	// Prefix is the letters of the numbers it is for: "A" of A20260302-0001.
	Prefix string
	What   string // what they are, for the help: "申请"
	// Record names the registered kinds that an omitted or shortened number may
	// also mean, separated by spaces, as Arg.Record.
	Record string
	// Permission is the code needed for these records in place of the command's;
	// it is checked when the command runs on one.
	Permission string
	// Args are further arguments for these records alone, none of them required
	// or in place of another.
	Args []Arg
	// Run does it for these records, by the rules of Command.Run.
	Run func(c *Call) (Answer, error)
}

var numberPrefix = regexp.MustCompile(`^[A-Z]{1,2}$`)

// Extend adds an extension to a registered command that has exactly one Number
// argument. It refuses a prefix that the command has already.
func (e *Engine) Extend(command string, x Extension) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("extend command %q for numbers %s…: %w", command, x.Prefix, fmt.Errorf(format, args...))
	}
	cmd := e.registered.command(command)
	if cmd == nil {
		return fail("there is no such command")
	}
	arg := cmd.number()
	switch {
	case arg == nil:
		return fail("it must have exactly one number")
	case !numberPrefix.MatchString(x.Prefix):
		return fail("a prefix is one or two capital letters")
	case cmd.extension(x.Prefix) != nil:
		return fail("the prefix is taken")
	case x.Run == nil:
		return fail("has no Run")
	case x.What == "":
		return fail("does not say what its records are")
	case x.Permission != Everybody && !permissionCode.MatchString(x.Permission):
		return fail("permission %q is not a code", x.Permission)
	case len(strings.Fields(x.Record)) == 0:
		return fail("names no record kind")
	}
	kinds := strings.Fields(arg.Record)
	for _, kind := range strings.Fields(x.Record) {
		if e.records[kind] == nil {
			return fail("no records of kind %q", kind)
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	arg.Record = strings.Join(kinds, " ")
	if err := cmd.addArgs(x.Args); err != nil {
		return fail("%w", err)
	}
	cmd.Extensions = append(cmd.Extensions, x)
	e.computed.latest.Store(nil)
	return nil
}

// addArgs gives a command the arguments of an extension. Two extensions may have
// the same one.
func (cmd *Command) addArgs(args []Arg) error {
	extended := *cmd
	extended.Args, extended.Extensions = slices.Clone(cmd.Args), nil
	for _, arg := range args {
		same := cmd.arg(arg.Name)
		switch {
		case arg.Required || arg.Default != "" || arg.Offer:
			return fmt.Errorf("argument %q is asked for", arg.Name)
		case same == nil:
			extended.Args = append(extended.Args, arg)
		case !cmd.extra(arg.Name):
			return fmt.Errorf("argument %q is the command's own", arg.Name)
		}
	}
	if err := extended.check(); err != nil {
		return err
	}
	cmd.Args = extended.Args
	return nil
}

// extra says whether an argument is of extensions only. Their arguments stand
// behind the command's own.
func (cmd *Command) extra(name string) bool {
	return slices.ContainsFunc(cmd.Extensions, func(x Extension) bool {
		return slices.ContainsFunc(x.Args, func(arg Arg) bool { return arg.Name == name })
	})
}

// alien refuses an argument that the record meant does not have; x is nil for
// the command's own records.
func (cmd *Command) alien(c *Call, x *Extension) error {
	for _, arg := range cmd.Args {
		v, given := c.values[arg.Name]
		if !given || !cmd.extra(arg.Name) || x != nil && slices.ContainsFunc(x.Args, func(own Arg) bool { return own.Name == arg.Name }) {
			continue
		}
		return Refused{Reason: fmt.Sprintf("「%s」后面多了「%s」", cmd.Name, clip(v.Text, 20)), Instead: cmd.Usage}
	}
	return nil
}

// number is the one Number argument of a command; nil if it has none or several.
func (cmd *Command) number() *Arg {
	var found *Arg
	for i := range cmd.Args {
		if cmd.Args[i].Kind != Number {
			continue
		}
		if found != nil {
			return nil
		}
		found = &cmd.Args[i]
	}
	return found
}

func (cmd *Command) extension(prefix string) *Extension {
	for i := range cmd.Extensions {
		if cmd.Extensions[i].Prefix == prefix {
			return &cmd.Extensions[i]
		}
	}
	return nil
}

// prefix is the letters a number begins with, in capitals: "A" of a12.
func prefix(number string) string {
	folded := strings.TrimPrefix(words.Fold(number), "#")
	end := strings.IndexFunc(folded, func(r rune) bool { return r < 'a' || r > 'z' })
	if end < 0 {
		end = len(folded)
	}
	return strings.ToUpper(folded[:end])
}

// perform runs the command on the call: for a number of another prefix the
// extension's Run, under its permission. A tail of a number without letters,
// which only an Any argument passes on, is looked for by each in turn.
func (t *turn) perform(cmd *Command, c *Call) (Answer, error) {
	if len(cmd.Extensions) == 0 {
		return cmd.Run(c)
	}
	number := c.values[cmd.number().Name].Text
	letters := prefix(number)
	if x := cmd.extension(letters); x != nil {
		return t.guarded(cmd, x, c)
	}
	answer, err := t.guarded(cmd, nil, c)
	if number == "" || letters != "" {
		return answer, err
	}
	for i := range cmd.Extensions {
		if !misses(err) {
			break
		}
		other, otherErr := t.guarded(cmd, &cmd.Extensions[i], c)
		if !misses(otherErr) {
			answer, err = other, otherErr
		}
	}
	return answer, err
}

// guarded runs an extension, or with nil the command's own Run, if the asker has
// the permission.
func (t *turn) guarded(cmd *Command, x *Extension, c *Call) (Answer, error) {
	permission, run := cmd.Permission, cmd.Run
	if x != nil {
		permission, run = x.Permission, x.Run
	}
	if err := t.allowed(cmd, permission); err != nil {
		return Answer{}, err
	}
	if err := cmd.alien(c, x); err != nil {
		return Answer{}, err
	}
	return run(c)
}

// misses says that the asker has no such record, or may not use it: another
// kind of record may be meant.
func misses(err error) bool {
	var missed NotFound
	var denied NoPermission
	return errors.As(err, &missed) || errors.As(err, &denied)
}

// extended lists for the help what else the asker may use the command for:
// 申请（编号 A…）.
func (t *turn) extended(cmd *Command) (string, error) {
	var parts []string
	for _, x := range cmd.Extensions {
		err := t.allowed(cmd, x.Permission)
		if _, denied := Wording(err); denied {
			continue
		}
		if err != nil {
			return "", err
		}
		parts = append(parts, fmt.Sprintf("%s（编号 %s…）", x.What, x.Prefix))
	}
	return strings.Join(parts, "、"), nil
}
