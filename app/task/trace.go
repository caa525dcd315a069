package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

var stateWords = map[store.TaskState]string{
	store.TaskExecuting: "进行中", store.TaskClosed: "已完成", store.TaskCancelled: "已取消",
}

var eventWords = map[store.TaskEventKind]string{
	store.TaskRaised: "下达并分配", store.TaskDone: "完成（免审，已关闭）", store.TaskDropped: "取消", store.TaskPassedOn: "转交",
	store.TaskUrged: "催办", store.TaskNoted: "已知悉",
}

// trace is 追溯 of a task, for its owners, those above them, the one it is
// about, and whoever may read the log (G1-4d).
func (t *Tasks) trace(call *chat.Call) (chat.Answer, error) {
	r, number := &call.Tx.Reader, call.Number("编号")
	task, err := r.TaskByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	visible, err := t.visible(call, task)
	if err != nil {
		return chat.Answer{}, err
	}
	if !visible {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	text, err := t.story(r, task)
	return chat.Answer{Text: text}, err
}

func (t *Tasks) visible(call *chat.Call, task store.Task) (bool, error) {
	r := &call.Tx.Reader
	clocks, err := r.ClocksOf(task.Subject(), maxHistory)
	if err != nil {
		return false, err
	}
	owners := []int64{task.OwnerID}
	for _, clock := range clocks {
		owners = append(owners, clock.ReceiverID)
	}
	if slices.Contains(append(owners, task.AboutID), call.Member.ID) {
		return true, nil
	}
	if over, err := t.over(r, task, call.Member.ID); err != nil || over {
		return over, err
	}
	return call.Permits.Permit(call, string(policy.LogRead), task.Number)
}

// over says whether a member stands directly above a task's owner.
func (t *Tasks) over(r *store.Reader, task store.Task, member int64) (bool, error) {
	if task.OwnerID == 0 || task.OwnerID == member {
		return false, nil
	}
	return t.people.StandsOver(r, member, task.OwnerID)
}

// story tells what was to be done, who has it and what happened.
func (t *Tasks) story(r *store.Reader, task store.Task) (string, error) {
	names := map[int64]string{0: "系统"}
	name := func(id int64) (string, error) {
		if _, known := names[id]; !known {
			m, err := r.Member(id)
			if err != nil {
				return "", err
			}
			names[id] = m.Name
		}
		return names[id], nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s 任务：%s（%s）", task.Number, task.Title, stateWords[task.State])
	owner, err := name(task.OwnerID)
	if err != nil {
		return "", err
	}
	if task.OwnerID == 0 {
		owner = "暂时没有人可以接手"
	}
	fmt.Fprintf(&b, "\n【执行】%s", owner)
	if task.Instead != "" {
		fmt.Fprintf(&b, "（%s）", task.Instead)
	}
	due, err := t.due(r, task)
	if err != nil {
		return "", err
	}
	if due != "" {
		b.WriteString("\n【期限】" + due)
	}
	if task.AboutID != 0 {
		about, err := name(task.AboutID)
		if err != nil {
			return "", err
		}
		b.WriteString("\n【涉及】" + about)
	}
	if task.Detail != "" {
		b.WriteString("\n【说明】" + chat.OneLine(task.Detail, cardText))
	}
	events, err := r.TaskEvents(task.ID, maxHistory)
	if err != nil {
		return "", err
	}
	b.WriteString("\n【经过】")
	for _, e := range events {
		who, err := name(e.MemberID)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n· %s %s %s", t.when(e.At), who, eventWords[e.Kind])
		if e.Text != "" {
			b.WriteString("：" + chat.OneLine(e.Text, 100))
		}
	}
	return b.String(), nil
}
