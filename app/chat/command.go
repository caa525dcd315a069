package chat

import (
	"fmt"
	"regexp"
	"strings"

	"guiju/app/chat/words"
)

// Command is one thing a member can ask of the app. Domains build it once and
// register it; the engine parses, asks for what is missing, checks the
// permission and then runs it.
type Command struct {
	Name    string   // its first word or words: "发通知", "权限 分配"
	Aliases []string // other words of equal effect
	Summary string   // one short line for the list of commands
	Usage   string   // "发通知 <对象> <内容> [重要] [需回复]"; starts with Name
	Example string   // a line that works; starts with Name
	Group   string   // section of the help, one of the words members know: "沟通"
	// Permission is a code of guide E2.P, or Everybody. A command without one
	// is not registered.
	Permission string
	// Offered says, beyond the permission, whether the asker is one of those the
	// command is for, such as the pilot departments of a new form; it answers an
	// error of wording.go where he is not, and the lists leave it out for him.
	// nil: for all who have the permission.
	Offered func(c *Call) error
	Args    []Arg
	// Edition tells one form of a computed command from a later one: who has
	// filled in the earlier one confirms again. "" for registered commands.
	Edition string
	// Hidden commands work but are in no list: buttons and confirmations.
	Hidden bool
	// Attach says that pictures, voices and files sent just before the
	// command belong to it; they are in Call.Attachments.
	Attach bool
	// Run does it, inside the transaction of the callback. It decides before
	// it writes: once it has written it may return only errors that fail the
	// delivery. The errors of wording.go become the member's answer.
	Run func(c *Call) (Answer, error)
	// Extensions are what Engine.Extend has added, in that order; Register
	// takes a command without any.
	Extensions []Extension
}

// Arg is one argument. Arguments are filled by position in the order listed,
// or by name as 键:值.
type Arg struct {
	Name     string // the 键, also shown in help: "截止"
	Aliases  []string
	Kind     Kind
	Required bool
	Prompt   string   // question asked when it is missing, shown after 【请补充】<Name>：
	Choices  []string // for Choice
	Default  string   // words taken when it is neither given nor required
	Rest     bool     // takes all remaining words; only the last positional argument
	// Many takes several of a Person, Department, Choice, Number, File or Photo;
	// words are separated by 、 or ，.
	Many  bool
	Keyed bool // never filled by position, only as 键:值; a YesNo also as its bare name
	// Offer asks for it although it is not Required; 跳过 leaves it out.
	Offer bool
	// Min and Max bound an Integer, Decimal or Money; nil: no bound.
	Min, Max *float64
	// Record names the registered kinds a Number may mean, separated by
	// spaces: "item.received".
	Record string
	// Newest takes the newest open item when a Number is omitted and several
	// are open (guide S03: 收到 without number) instead of asking.
	Newest bool
	// Any is for commands about all records, not only open ones (追溯): an
	// omitted Number is asked for, never inferred. A whole number is always
	// passed on for the command to find, and so is a shortened one that no open
	// item ends in.
	Any bool
	// Past allows dates before today; without it they are refused.
	Past bool
	// Validate has the last word on one value; its error is worded like Run's.
	Validate func(c *Call, v Value) error
}

// Kind is what an argument means.
type Kind int

// The kinds.
const (
	Text       Kind = iota // the member's own characters
	Person                 // one member (Many: several)
	Audience               // members, departments, @全体
	Number                 // a record number, whole or shortened
	Date                   // a day
	Time                   // a time of day
	DateTime               // an instant; a day alone means its end of work
	Duration               // a length: 30分钟, 3个工作日
	Integer                // a whole number
	Decimal                // an amount, at most four decimals
	Choice                 // one of Arg.Choices
	YesNo                  // 是 or 否; its bare name means 是, an optional one has no position
	HalfDate               // a day or a half of it: 3月9日上午
	Period                 // from one day or half to another, both included
	Money                  // an amount in yuan, at most two decimals, never negative
	Department             // a department by name
	File                   // what is sent: a picture, video, voice or file; never words
	Photo                  // a picture that is sent
)

// sent says whether an argument of this kind is sent and not written.
func (k Kind) sent() bool { return k == File || k == Photo }

// Everybody is the permission of commands that need none. It must be written:
// a forgotten permission opens nothing.
const Everybody = "everybody"

var permissionCode = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_<>]+)+$`)

// check finds what a programmer forgot.
func (cmd Command) check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("command %q: %s", cmd.Name, fmt.Sprintf(format, args...))
	}
	if cmd.Name == "" || cmd.Name != strings.Join(strings.Fields(cmd.Name), " ") {
		return fail("name is empty or badly spaced")
	}
	if cmd.Run == nil {
		return fail("has no Run")
	}
	if len(cmd.Extensions) > 0 {
		return fail("extensions are added by Extend")
	}
	if cmd.Permission == "" {
		return fail("has no permission: write a code of guide E2.P, or chat.Everybody")
	}
	if cmd.Permission != Everybody && !permissionCode.MatchString(cmd.Permission) {
		return fail("permission %q is not a code", cmd.Permission)
	}
	if !cmd.Hidden {
		for what, text := range map[string]string{"summary": cmd.Summary, "usage": cmd.Usage, "example": cmd.Example, "group": cmd.Group} {
			if text == "" {
				return fail("has no %s", what)
			}
		}
		if !strings.HasPrefix(cmd.Usage, cmd.Name) || !strings.HasPrefix(cmd.Example, cmd.Name) {
			return fail("usage and example must start with its name")
		}
	}
	return cmd.checkArgs(fail)
}

func (cmd Command) checkArgs(fail func(string, ...any) error) error {
	seen := map[string]bool{}
	rest := false
	for _, arg := range cmd.Args {
		for _, name := range append([]string{arg.Name}, arg.Aliases...) {
			key := words.Fold(name)
			if key == "" || strings.ContainsAny(key, " :|") {
				return fail("argument name %q is empty or has a space, colon or bar", name)
			}
			if seen[key] {
				return fail("argument %q twice", name)
			}
			seen[key] = true
		}
		switch {
		case (arg.Required || arg.Offer) && arg.Prompt == "":
			return fail("argument %q has no prompt", arg.Name)
		case arg.Default != "" && (arg.Offer || arg.Kind.sent()):
			return fail("argument %q has a default and is asked for or sent", arg.Name)
		case (arg.Min != nil || arg.Max != nil) && arg.Kind != Integer && arg.Kind != Decimal && arg.Kind != Money:
			return fail("argument %q: only numbers have bounds", arg.Name)
		case arg.Many && arg.Kind == Number && !arg.Required:
			return fail("argument %q: several numbers are never inferred, so it is required", arg.Name)
		case arg.Kind == Choice && len(arg.Choices) == 0:
			return fail("argument %q has no choices", arg.Name)
		case arg.Kind == Number && arg.Record == "":
			return fail("argument %q names no record kind", arg.Name)
		case arg.Rest && arg.Kind != Text:
			return fail("argument %q: only text takes the rest", arg.Name)
		case rest && !arg.Keyed && arg.Kind != YesNo && !arg.Kind.sent():
			return fail("argument %q stands after the one that takes the rest", arg.Name)
		}
		rest = rest || arg.Rest && !arg.Keyed
	}
	return nil
}

func (cmd *Command) arg(name string) *Arg {
	for i := range cmd.Args {
		if cmd.Args[i].Name == name {
			return &cmd.Args[i]
		}
	}
	return nil
}
