package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guiju/store"
)

// The words of a form are the member's own. These two marks stand for what he
// did otherwise; he cannot write them, clean takes them away.
const (
	filed   = "\x02" // before the ids of what he sent, separated by commas
	skipped = "\x03" // he left an offered argument out
)

// takes says whether an argument can be answered by a message of this kind.
func (arg *Arg) takes(kind string) bool {
	switch arg.Kind {
	case Photo:
		return kind == "image"
	case File:
		return slices.Contains([]string{"image", "file", "video", "shortvideo", "voice"}, kind)
	}
	return false
}

// filedWords are the words of an argument for which these were sent.
func filedWords(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return filed + strings.Join(texts, ",")
}

// filedIDs are the ids in such words; none for words a member wrote.
func filedIDs(said string) []int64 {
	list, ok := strings.CutPrefix(said, filed)
	if !ok {
		return nil
	}
	var ids []int64
	for _, text := range strings.Split(list, ",") {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// files resolves what was sent for a File or Photo argument.
func (t *turn) files(arg *Arg, said string) (Value, *problem, error) {
	ids := filedIDs(said)
	if len(ids) == 0 {
		return Value{}, wrong(arg, Incomplete{Field: arg.Name, Prompt: arg.send()}), nil
	}
	list, err := t.tx.Attachments(ids)
	if err != nil {
		return Value{}, nil, err
	}
	list = slices.DeleteFunc(list, store.Attachment.Lost)
	if len(list) == 0 { // purged meanwhile, or WeCom had it no more
		return Value{}, wrong(arg, Incomplete{Field: arg.Name, Prompt: "先前发的已经过期，" + arg.send()}), nil
	}
	return Value{Files: list}, nil, nil
}

// send says how the argument is answered.
func (arg *Arg) send() string {
	what := "请直接发图片、视频或文件"
	if arg.Kind == Photo {
		what = "请直接发图片"
	}
	if arg.Many {
		what += fmt.Sprintf("，最多 %d 个，发完请发 完成", maxAttachments)
	}
	if !arg.Required {
		what += "；没有就发 跳过"
	}
	return what
}

// shelve gives a form what was sent before its command, to the first argument
// that takes it. What no argument takes is answered.
func (f *form) shelve(cmd *Command, loose []store.Attachment, at time.Time) (rest []int64) {
	for _, a := range loose {
		if arg := f.shelf(cmd, a.Kind); arg != nil {
			f.file(arg, a.ID, at)
		} else {
			rest = append(rest, a.ID)
		}
	}
	return rest
}

// shelf is the argument that takes what has been sent now: the one asked for,
// else the first that has room.
func (f *form) shelf(cmd *Command, kind string) *Arg {
	fits := func(arg *Arg) bool {
		have := len(filedIDs(f.Words[arg.Name]))
		return arg.takes(kind) && (have == 0 || arg.Many && have < maxAttachments)
	}
	if asked := cmd.arg(f.Asking); asked != nil && !f.Confirm && fits(asked) {
		return asked
	}
	for i := range cmd.Args {
		if fits(&cmd.Args[i]) {
			return &cmd.Args[i]
		}
	}
	return nil
}

// file adds what was sent to an argument and answers how many it has.
func (f *form) file(arg *Arg, id int64, at time.Time) int {
	ids := append(filedIDs(f.Words[arg.Name]), id)
	f.put(arg.Name, filedWords(ids), at)
	return len(ids)
}

// sentFor takes an attachment sent while a form is open. What answers the open
// question leads to the next one.
func (t *turn) sentFor(f *form, a store.Attachment, name string) (Answer, error) {
	arg := (*Arg)(nil)
	if cmd := t.v.command(f.Command); cmd != nil {
		arg = f.shelf(cmd, a.Kind)
	}
	if arg == nil {
		f.Attachments = append(f.Attachments, a.ID)
		return Answer{Text: fmt.Sprintf("%s已收到，附在「%s」里。\n%s", name, f.Command, f.reminder())}, nil
	}
	have := f.file(arg, a.ID, t.from.At)
	switch {
	case f.Confirm: // what was asked to be confirmed has changed
		f.Insists = false
		return t.proceed(f)
	case f.Asking != arg.Name:
		return Answer{Text: fmt.Sprintf("%s已收到，作为「%s」。\n%s", name, arg.Name, f.reminder())}, nil
	case arg.Many && have < maxAttachments:
		f.At = t.from.At
		return Answer{Text: fmt.Sprintf("%s已收到，「%s」现在有 %d 个。还有请继续发，没有了请发 完成。", name, arg.Name, have)}, nil
	}
	return t.proceed(f)
}

var (
	sentAll = []string{"完成", "好了", "发完了", "发好了", "完了", "就这些", "没有了", "结束", "done"}
	skips   = []string{"跳过", "略过", "skip"}
	noneYet = []string{"没有", "无", "不用", "不需要", "不用了"}
)

// closes takes the words that end a question without answering it: 完成 after
// what was sent, 跳过 of what need not be given.
func (t *turn) closes(f *form, arg *Arg, text string) (Answer, bool, error) {
	word := bare(text)
	sent, have := arg.Kind.sent(), len(filedIDs(f.Words[arg.Name]))
	skip := slices.Contains(skips, word) || sent && have == 0 && (slices.Contains(noneYet, word) || slices.Contains(sentAll, word))
	switch {
	case sent && have > 0 && (skip || slices.Contains(sentAll, word)):
	case skip && !arg.Required:
		f.put(arg.Name, skipped, t.from.At)
	case skip && sent:
		return t.ask(f, &problem{arg: arg, reason: Incomplete{Field: arg.Name, Prompt: "这一项不能少，" + arg.send()}.Error()}), true, nil
	default:
		return Answer{}, false, nil
	}
	f.Options = nil
	answer, err := t.proceed(f)
	return answer, true, err
}
