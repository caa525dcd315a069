package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// mine is the kind of record 完成 means: open tasks the member owns.
const mine = "task.mine"

// own is the permission to do one's own tasks (guide S02, base set).
const own policy.Permission = "task.own"

// RegisterChat adds the commands and what their numbers mean.
func (t *Tasks) RegisterChat(engine *chat.Engine) error {
	if err := engine.RegisterRecords(mine, records{}); err != nil {
		return err
	}
	return engine.Register(t.Commands()...)
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
	number, note := call.Number("编号"), call.Text("说明")
	if n := len([]rune(note)); n > maxDetail {
		return chat.Answer{}, chat.Refused{Reason: fmt.Sprintf("说明太长（%d 字）", n), Instead: fmt.Sprintf("写 %d 字以内", maxDetail)}
	}
	task, err := call.Tx.TaskByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	if task, err = t.locked(call.Tx, task.ID); err != nil {
		return chat.Answer{}, err
	}
	switch {
	case task.OwnerID != call.Member.ID:
		return chat.Answer{}, chat.NotFound{Number: number} // whether it exists is none of his business
	case task.State == store.TaskClosed:
		return chat.Answer{}, chat.Refused{Reason: task.Number + " 已经完成了", Instead: "发 我的待办 看还有什么"}
	case task.State == store.TaskCancelled:
		return chat.Answer{}, chat.Refused{Reason: task.Number + " 已经取消，不用做了", Instead: "发 我的待办 看还有什么"}
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
	err = call.Tx.AddTaskEvent(store.TaskEvent{
		TaskID: task.ID, Kind: store.TaskDone, FromState: from, ToState: task.State, MemberID: call.Member.ID, Text: note,
		Source: string(call.Source), DeliveryID: call.Delivery, At: call.At,
	})
	if err != nil {
		return chat.Answer{}, err
	}
	if err := t.notify.Refresh(call.Tx, task.Subject()); err != nil {
		return chat.Answer{}, err
	}
	answer := chat.Accepted(task.Number, "「"+task.Title+"」已完成，辛苦了。")
	answer.Subject = task.Subject()
	return answer, nil
}

// records lists open tasks for shortened and omitted numbers.
type records struct{}

// Open implements chat.Records.
func (records) Open(r *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	const scanned = 500
	limit := q.Limit
	if q.Sequence > 0 {
		limit = scanned
	}
	tasks, err := r.OpenTasksOf(q.Member, limit)
	if err != nil {
		return nil, err
	}
	var all []chat.Record
	for _, task := range tasks {
		if q.Sequence > 0 && sequence(task.Number) != q.Sequence {
			continue
		}
		all = append(all, chat.Record{Number: task.Number, Title: task.Title, Subject: task.Subject()})
		if len(all) == q.Limit {
			break
		}
	}
	return all, nil
}

// sequence is the number after the dash: 12 of T20260302-0012.
func sequence(number string) int64 {
	_, digits, _ := strings.Cut(number, "-")
	var n int64
	for _, d := range digits {
		if d < '0' || d > '9' || n > 1e15 {
			return -1
		}
		n = n*10 + int64(d-'0')
	}
	return n
}

// withoutLimit lists the tasks of 我的待办 that no clock stands for.
func (t *Tasks) withoutLimit(r *store.Reader, member int64, limit int) ([]response.Waiting, error) {
	tasks, err := r.OpenTasksOf(member, limit)
	if err != nil {
		return nil, err
	}
	var all []response.Waiting
	for _, task := range slices.Backward(tasks) {
		if task.DueAt == nil {
			all = append(all, response.Waiting{Number: task.Number, Title: task.Title, Hint: "完成 " + task.Number})
		}
	}
	return all, nil
}
