package task

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// The kinds of record a number may mean.
const (
	mine  = "task.mine"  // open tasks the member owns
	above = "task.above" // tasks of those he stands above: only by their whole number
)

// own is the permission to do one's own tasks (guide S02, base set).
const own policy.Permission = "task.own"

// RegisterChat adds the command, and gives the commands about records of other
// domains those of this one. They are registered first.
func (t *Tasks) RegisterChat(engine *chat.Engine) error {
	if err := engine.RegisterRecords(mine, records{}); err != nil {
		return err
	}
	if err := engine.RegisterRecords(above, none{}); err != nil {
		return err
	}
	if err := engine.Register(t.Commands()...); err != nil {
		return err
	}
	for _, x := range []struct {
		command, records, permission string
		run                          func(*chat.Call) (chat.Answer, error)
	}{
		{"催办", above, string(policy.ItemAnswer), t.urge},
		{"已知悉", above, string(policy.ItemAnswer), t.note},
		{"追溯", mine, string(policy.ItemTrace), t.trace},
	} {
		err := engine.Extend(x.command, chat.Extension{Prefix: "T", What: "任务", Record: x.records, Permission: x.permission, Run: x.run})
		if err != nil {
			return err
		}
	}
	return nil
}

// Commands are what members can say to this domain.
func (t *Tasks) Commands() []chat.Command {
	return []chat.Command{{
		Name: "完成", Aliases: []string{"任务 完成"}, Group: "任务", Permission: string(own),
		Summary: "报告一项任务已经做完", Usage: "完成 [编号] [说明]", Example: "完成 12 账号已经收回",
		Args: []chat.Arg{
			{Name: "编号", Kind: chat.Number, Record: mine, Required: true, Prompt: "请问完成的是哪一项任务？"},
			{Name: "说明", Kind: chat.Text, Rest: true},
		}, Run: t.finish,
	}}
}

// finish is 完成: the owner reports back, the task is closed without a review.
func (t *Tasks) finish(call *chat.Call) (chat.Answer, error) {
	note := call.Text("说明")
	if n := len([]rune(note)); n > maxDetail {
		return chat.Answer{}, chat.Refused{Reason: fmt.Sprintf("说明太长（%d 字）", n), Instead: fmt.Sprintf("写 %d 字以内", maxDetail)}
	}
	task, err := t.called(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if task.OwnerID != call.Member.ID {
		return chat.Answer{}, chat.NotFound{Number: task.Number} // whether it exists is none of his business
	}
	if err := stillOpen(task); err != nil {
		return chat.Answer{}, err
	}
	if _, err := t.clocks.Act(call.Tx, task.Subject(), task.OwnerID, policy.Reply, call.At); err != nil {
		return chat.Answer{}, err
	}
	if err := t.clocks.Cancel(call.Tx, task.Subject()); err != nil { // of whoever had it before
		return chat.Answer{}, err
	}
	from, now := task.State, call.Tx.Now()
	task.State, task.EndedAt, task.UniqueKey = store.TaskClosed, &now, nil
	task.Phase++
	if err := call.Tx.SaveTask(&task); err != nil {
		return chat.Answer{}, err
	}
	if err := act(call, task, store.TaskDone, from, note); err != nil {
		return chat.Answer{}, err
	}
	if err := t.notify.Refresh(call.Tx, task.Subject()); err != nil {
		return chat.Answer{}, err
	}
	answer := chat.Accepted(task.Number, "「"+task.Title+"」已完成，辛苦了。")
	answer.Subject = task.Subject()
	return answer, nil
}

// called takes the task of a call.
func (t *Tasks) called(call *chat.Call) (store.Task, error) {
	number := call.Number("编号")
	task, err := call.Tx.TaskByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return task, chat.NotFound{Number: number}
	}
	if err != nil {
		return task, err
	}
	return t.locked(call.Tx, task.ID)
}

func stillOpen(task store.Task) error {
	switch task.State {
	case store.TaskClosed:
		return chat.Refused{Reason: task.Number + " 已经完成了", Instead: "追溯 " + task.Number}
	case store.TaskCancelled:
		return chat.Refused{Reason: task.Number + " 已经取消，不用做了", Instead: "追溯 " + task.Number}
	}
	return nil
}

// act adds what a member did to a task's history.
func act(call *chat.Call, task store.Task, kind store.TaskEventKind, from store.TaskState, text string) error {
	return call.Tx.AddTaskEvent(store.TaskEvent{
		TaskID: task.ID, Kind: kind, FromState: from, ToState: task.State, MemberID: call.Member.ID, Text: text,
		Source: string(call.Source), DeliveryID: call.Delivery, At: call.At,
	})
}

// asAbove takes a task whose owner the member stands above. Whoever does not
// gets the answer of a number that does not exist.
func (t *Tasks) asAbove(call *chat.Call) (store.Task, error) {
	task, err := t.called(call)
	if err != nil {
		return task, err
	}
	over, err := t.over(&call.Tx.Reader, task, call.Member.ID)
	if err == nil && !over {
		err = chat.NotFound{Number: task.Number}
	}
	return task, err
}

// urgeEvery is how soon a task may be urged again: as an item, our choice, for the
// guide names an interval for approvals only (G2-4.4(3)).
const urgeEvery = 10 * time.Minute

// urge is 催办 of a task, by those above its owner.
func (t *Tasks) urge(call *chat.Call) (chat.Answer, error) {
	task, err := t.asAbove(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := stillOpen(task); err != nil {
		return chat.Answer{}, err
	}
	events, err := call.Tx.TaskEvents(task.ID, maxHistory)
	if err != nil {
		return chat.Answer{}, err
	}
	for _, e := range slices.Backward(events) {
		if again := e.At.Add(urgeEvery); e.Kind == store.TaskUrged && call.At.Before(again) {
			return chat.Answer{}, chat.Refused{Reason: task.Number + " 刚刚催办过", Instead: t.when(again) + " 之后再催"}
		}
	}
	if len(events) >= maxHistory-10 { // room for the lines that end it
		return chat.Answer{}, chat.Refused{Reason: task.Number + " 已经催办过很多次", Instead: "请直接联系负责人"}
	}
	if err := act(call, task, store.TaskUrged, task.State, ""); err != nil {
		return chat.Answer{}, err
	}
	err = t.notify.Tell(call.Tx, notify.Notice{
		App: task.App, To: []int64{task.OwnerID}, Subject: task.Subject(), Purpose: eventPurpose, Asks: true,
		Text: fmt.Sprintf("【催办】%s 请您尽快完成 %s「%s」。\n完成后请发送：完成 %s", call.Member.Name, task.Number, task.Title, task.Number),
	})
	if err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(task.Number, "已催办。"), nil
}

// note is 已知悉 of a task: somebody above its late owner has seen it.
func (t *Tasks) note(call *chat.Call) (chat.Answer, error) {
	task, err := t.asAbove(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if err := act(call, task, store.TaskNoted, task.State, ""); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(task.Number, "已记录您知悉此事。"), nil
}

// none is for records that only their whole number means.
type none struct{}

// Open implements chat.Records.
func (none) Open(*store.Reader, chat.RecordQuery) ([]chat.Record, error) { return nil, nil }

// records lists open tasks for shortened and omitted numbers.
type records struct{}

// Open implements chat.Records.
func (records) Open(r *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	rows := func(limit int) ([]store.Task, error) { return r.OpenTasksOf(q.Member, limit) }
	return chat.Fitting(q, rows, func(t store.Task) chat.Record {
		return chat.Record{Number: t.Number, Title: t.Title, Subject: t.Subject()}
	})
}

// withoutLimit lists the tasks of 我的待办 that no clock stands for.
func (t *Tasks) withoutLimit(r *store.Reader, member int64, limit int) ([]response.Waiting, error) {
	tasks, err := r.OpenTasksOf(member, limit)
	if err != nil {
		return nil, err
	}
	var all []response.Waiting
	for _, task := range slices.Backward(tasks) {
		if task.WorkLimit == "" {
			all = append(all, response.Waiting{Number: task.Number, Title: task.Title, Hint: "完成 " + task.Number})
		}
	}
	return all, nil
}
