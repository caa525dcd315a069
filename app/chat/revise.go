package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// revise looks whether the command of the open form is still the one it was
// begun with: rules that came into force since may have taken it away or asked
// for something else. The member is told, and keeps what he wrote.
func (t *turn) revise() {
	f := t.mem.Form
	if f == nil || f.Command == "" {
		return
	}
	cmd := t.v.command(f.Command)
	if cmd == nil {
		t.vanish(f)
		return
	}
	if cmd.Edition == f.Edition {
		return
	}
	f.Edition, f.Insists = cmd.Edition, false
	var gone []string
	for name := range f.Words {
		if cmd.arg(name) == nil {
			gone = append(gone, name)
			delete(f.Words, name)
			delete(f.Said, name)
		}
	}
	slices.Sort(gone)
	note := fmt.Sprintf("「%s」的表单刚刚更新过", f.Command)
	if len(gone) > 0 {
		note += "，不再需要「" + strings.Join(gone, "」「") + "」"
	}
	t.notes = append(t.notes, "（"+note+"，请核对一下。）")
	if f.Confirm || cmd.arg(f.Asking) == nil {
		t.revised = true // what is asked now is not asked any more
	}
}

// vanish drops the form of a command that is no more.
func (t *turn) vanish(f *form) {
	t.mem.Form, t.revised = nil, true
	note := fmt.Sprintf("「%s」刚刚停用或改了名字，没填完的内容没有提交。", f.Command)
	if wrote := f.wrote(); wrote != "" {
		note += "\n您写过：" + wrote
	}
	ids := slices.Clone(f.Attachments)
	for _, said := range f.Words {
		ids = append(ids, filedIDs(said)...)
	}
	if len(ids) > 0 {
		slices.Sort(ids)
		t.mem.Loose, t.mem.LooseAt = ids[:min(len(ids), maxAttachments)], t.from.At
		note += fmt.Sprintf("\n发来的 %d 个附件还在，接下来发的命令会带上。", len(t.mem.Loose))
	}
	t.notes = append(t.notes, note+"\n发 帮助 看现在有哪些命令。")
}

// wrote is what the member wrote into a form, to be copied.
func (f *form) wrote() string {
	var all []string
	for name, said := range f.Words {
		if said != "" && !strings.ContainsAny(said, chosen+filed+skipped) {
			all = append(all, name+":"+said)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// reopen answers a text written to a form that is not what it was: a command is
// one, all else was meant for a question that has gone.
func (t *turn) reopen(text string) (Answer, error) {
	if cmd, rest := t.match(text); cmd != nil {
		complete, err := t.complete(cmd, rest)
		if err != nil {
			return Answer{}, err
		}
		if complete || t.mem.Form == nil {
			return t.start(cmd, rest)
		}
	}
	if f := t.mem.Form; f != nil {
		f.Confirm, f.Asking, f.Options = false, "", nil
		return t.proceed(f)
	}
	return Answer{}, nil
}

// begin opens a command with what is known of it.
func (t *turn) begin(b *Beginning) (Answer, error) {
	cmd := t.v.command(b.Command)
	if cmd == nil {
		return Answer{}, Refused{Reason: fmt.Sprintf("「%s」现在没有启用", b.Command), Instead: "发 帮助 看现在有哪些命令"}
	}
	if err := t.permitted(cmd); err != nil {
		return Answer{}, err
	}
	f := &form{Command: cmd.Name, Source: t.source, Asked: true} // he has not read it in one line
	for name, said := range b.Words {
		if said = clean(said); said != "" {
			f.know(cmd, name, said, t)
		}
	}
	for _, known := range []map[string][]int64{b.People, b.Departments} {
		for name, ids := range known {
			texts := make([]string, len(ids))
			for i, id := range ids {
				texts[i] = chosen + strconv.FormatInt(id, 10)
			}
			if len(ids) > 0 {
				f.know(cmd, name, strings.Join(texts, "、"), t)
			}
		}
	}
	for name, ids := range b.Files {
		if len(ids) > 0 {
			f.know(cmd, name, filedWords(ids[:min(len(ids), maxAttachments)]), t)
		}
	}
	if changes := clean(b.Changes); changes != "" {
		changed, err := t.amend(f, cmd, changes)
		if err != nil {
			return Answer{}, err
		}
		if !changed {
			t.notes = append(t.notes, fmt.Sprintf("（没看懂要改的「%s」，请写成 名称:内容。）", clip(changes, 20)))
		}
	}
	return t.proceed(f)
}

// know sets what is known of an argument the command still has.
func (f *form) know(cmd *Command, name, said string, t *turn) {
	if cmd.arg(name) != nil {
		f.put(name, said, t.from.At)
	}
}

// attached are the ids of all that was sent for a form.
func (f *form) attached(cmd *Command) []int64 {
	ids := slices.Clone(f.Attachments)
	for _, arg := range cmd.Args {
		ids = append(ids, filedIDs(f.Words[arg.Name])...)
	}
	return ids
}
