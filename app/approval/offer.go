package approval

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/store"
)

// offer is the processes in force, as commands are computed from them. It is
// refreshed whenever rules may have come into force; who may start what is
// asked of the database with each case.
type offer struct {
	version string
	forms   [][]request.Template // of each process: the versions somebody may start, newest first
}

// Refresh reads anew which versions of processes are in force.
func (a *Approvals) Refresh(r *store.Reader) error {
	next := &offer{}
	var version strings.Builder
	for _, known := range a.rules().ApprovalTemplates() {
		if known.Own || known.Off {
			continue
		}
		versions, err := a.requests.Startable(r, known.Key)
		if err != nil {
			return err
		}
		if len(versions) == 0 {
			continue
		}
		for _, v := range versions {
			fmt.Fprintf(&version, "%s.%d ", known.Key, v.ID)
		}
		next.forms = append(next.forms, versions)
	}
	fmt.Fprintf(&version, "rules %d", a.rules().Version())
	next.version = version.String()
	if now := a.offered.Load(); now == nil || now.version != next.version {
		a.offered.Store(next)
	}
	return nil
}

// now is the present offer; before the database was reached, what the rulebook says.
func (a *Approvals) now() *offer {
	if known := a.offered.Load(); known != nil {
		return known
	}
	first := &offer{version: fmt.Sprintf("file of rules %d", a.rules().Version())}
	for _, t := range a.rules().ApprovalTemplates() {
		if !t.Own && !t.Off {
			first.forms = append(first.forms, []request.Template{{ApprovalTemplate: t}})
		}
	}
	return first
}

func (a *Approvals) offerVersion() string { return a.now().version }

// formCommands are one command for each process in force.
func (a *Approvals) formCommands() []chat.Command {
	var all []chat.Command
	for _, versions := range a.now().forms {
		t := versions[0].ApprovalTemplate
		args := a.argsOf(versions)
		name := commandOf(t)
		cmd := chat.Command{
			Name: name, Aliases: commandAliases(t), Group: "审批", Permission: string(policy.ApprovalApply),
			Summary: "提交" + t.Title + "申请", Usage: usage(name, args), Example: example(name, args), Args: args,
			Edition: edition(versions), Run: a.formRun(t.Key, args),
		}
		if restricted(versions) {
			cmd.Offered = a.offeredTo(t.Key)
		}
		all = append(all, cmd)
		if !slices.ContainsFunc(args, func(arg chat.Arg) bool { return arg.Name == numberArg }) {
			all = append(all, chat.Command{
				Name: againCommand(t), Group: "审批", Permission: string(policy.ApprovalApply), Hidden: true,
				Args: againArgs(args), Edition: edition(versions), Run: a.againRun(args),
			})
		}
	}
	return all
}

// commandAliases are further words. One that has a word of its own is also
// 申请 <title>; of the others each alias follows 申请, so that words of everyday
// speech such as 合同 open no form.
func commandAliases(t *policy.ApprovalTemplate) []string {
	var words []string
	add := func(word string) {
		if word != commandOf(t) && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	for _, alias := range t.Aliases {
		if t.Command != "" {
			add(alias)
		}
		add(startName + " " + alias)
	}
	add(startName + " " + t.Title)
	if t.Command != "" {
		add(startName + " " + t.Command)
	}
	return words
}

// argsOf are the arguments of all versions that somebody may start. Where a new
// version is on trial in some departments the others still fill in the one
// before: what only one of them requires is asked of whoever needs it.
func (a *Approvals) argsOf(versions []request.Template) []chat.Arg {
	args := a.args(versions[0].ApprovalTemplate)
	for _, older := range versions[1:] {
		theirs := a.args(older.ApprovalTemplate)
		for i := range args {
			if !slices.ContainsFunc(theirs, func(arg chat.Arg) bool { return arg.Name == args[i].Name && arg.Required }) {
				args[i].Required, args[i].Keyed = false, args[i].Keyed || !args[i].Rest
			}
		}
		for _, arg := range theirs {
			if !slices.ContainsFunc(args, func(known chat.Arg) bool { return sameWord(known, arg) }) {
				arg.Required, arg.Rest, arg.Keyed = false, false, true
				args = append(args, arg)
			}
		}
	}
	return args
}

// sameWord says whether two arguments could be mistaken for each other.
func sameWord(a, b chat.Arg) bool {
	theirs := append([]string{b.Name}, b.Aliases...)
	return slices.ContainsFunc(append([]string{a.Name}, a.Aliases...), func(word string) bool { return slices.Contains(theirs, word) })
}

func edition(versions []request.Template) string {
	var all []string
	for _, v := range versions {
		all = append(all, v.Version)
	}
	return strings.Join(all, " ")
}

func restricted(versions []request.Template) bool {
	last := versions[len(versions)-1]
	return len(last.Pilot) > 0 || len(last.For) > 0
}
