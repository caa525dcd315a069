// Package task gives members things to do (guide S05). So far it knows the
// tasks the system raises by itself: a joiner's preparations, a leaver's
// groups, a post without a holder. They take the short path of G1-4.2(3):
// 下达 and 分配 are done by the system when the task is raised, 完成 is the
// 反馈, and 审核 and 关闭 follow by themselves (免审). The six steps between
// people, with their ledger, come with the task ledger.
//
//	state      完成    催办       已知悉     not needed  pass on    away       not reached
//	executing  closed  executing  executing  cancelled   executing  executing  executing
//	closed     –       –          closed     –           –          –          –
//	cancelled  –       –          cancelled  –           –          –          –
//
// A task has one owner, found when it is raised; only he says 完成, and only
// those above him 催办 and 已知悉. Passing on makes somebody else the owner, with
// a fresh time limit. An end frees the task's unique key. – changes nothing.
package task

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// Purposes of the notices of this package; taskPurpose carries clocks.
const (
	taskPurpose  = "task"
	eventPurpose = "task.event"
)

const (
	maxTitle   = 60   // characters of a title
	maxDetail  = 2000 // characters of what is known about a task, and of a note
	maxHistory = 200  // lines of one task that are read
	maxRaised  = 100  // open tasks of one record
)

// People finds who has to do something, and who stands above him. It is
// implemented by people.
type People interface {
	Resolve(r *store.Reader, w people.Whom, about int64) (people.Found, error)
	Superior(r *store.Reader, member int64) (int64, error)
	StandsOver(r *store.Reader, member, other int64) (bool, error)
}

// Tasks is the domain.
type Tasks struct {
	notify *notify.Notifier
	clocks *response.Clocks
	people People
	rules  notify.Rules
	log    *slog.Logger
}

// New builds the domain and registers its card and hooks.
func New(n *notify.Notifier, clocks *response.Clocks, p People, rules notify.Rules, log *slog.Logger) *Tasks {
	t := &Tasks{notify: n, clocks: clocks, people: p, rules: rules, log: log}
	n.Card(taskCard, t.draw)
	n.OnDelivered(taskPurpose, func(tx *store.Tx, d notify.Delivered) error {
		return clocks.Delivered(tx, d.Message.Subject(), d.Members, d.At)
	})
	clocks.OnUndelivered("task", t.forward)
	clocks.OnAway("task", t.standIn)
	clocks.ActsOn("task", t.buttons)
	clocks.AlsoWaiting("待我完成", t.withoutLimit, func(p store.Pending) bool { return p.Tasks })
	return t
}

// Raise gives somebody a to-do. While one of the same Unique is open it does
// nothing.
func (t *Tasks) Raise(tx *store.Tx, d people.ToDo) error {
	if d.Unique != "" {
		_, err := tx.TaskByKey(d.Unique)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	found, err := t.people.Resolve(&tx.Reader, d.Whom, d.About)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("raise %q: %w", d.Title, err)
	}
	task := store.Task{
		State: store.TaskExecuting, AboutID: d.About, App: d.App, Title: chat.OneLine(d.Title, maxTitle), Detail: chat.Shorten(d.Detail, maxDetail),
		Instead: chat.OneLine(found.Instead, maxTitle), SubjectKind: d.Subject.Kind, SubjectID: d.Subject.ID,
	}
	if task.App == "" {
		task.App = t.notify.DefaultApp()
	}
	if d.Unique != "" {
		task.UniqueKey = &d.Unique
	}
	if d.Within != (policy.WorkSpan{}) {
		task.WorkLimit = d.Within.String()
	}
	if task.Number, err = tx.Number("T"); err != nil {
		return err
	}
	if err := t.assign(tx, &task, found.Members); err != nil {
		return err
	}
	if err := t.limit(tx, &task); err != nil {
		return err
	}
	if err := tx.AddTask(&task); err != nil {
		if errors.Is(err, store.ErrDuplicate) {
			return fmt.Errorf("%w: %w", store.ErrConflict, err) // raised by somebody else just now: look again
		}
		return err
	}
	if err := t.enter(tx, task, store.TaskRaised, "", 0, task.Instead); err != nil {
		return err
	}
	if task.OwnerID == 0 {
		t.log.Error("nobody is left to do a task: name an administrator in the rulebook", "task", task.Number)
		return nil
	}
	return t.give(tx, task)
}

// assign makes the first of those who are to do it the owner, or who stands in
// for him (G1-4.2(3)); never the one it is about.
func (t *Tasks) assign(tx *store.Tx, task *store.Task, members []int64) error {
	if len(members) == 0 {
		return nil
	}
	task.OwnerID = members[0]
	deputy, absent, err := t.clocks.Stand(&tx.Reader, task.OwnerID, tx.Now())
	if err != nil || absent == 0 || deputy == task.AboutID {
		return err
	}
	member, err := tx.Member(absent)
	if err != nil {
		return err
	}
	task.OwnerID, task.Instead = deputy, member.Name+"外出，由您代办"
	return nil
}

// limit sets until when a task is to be done, counted from now.
func (t *Tasks) limit(tx *store.Tx, task *store.Task) error {
	if task.WorkLimit == "" {
		return nil
	}
	within, err := span(*task)
	if err != nil {
		return err
	}
	due := t.rules().Calendar().Add(tx.Now(), within)
	task.DueAt = &due
	return nil
}

func span(task store.Task) (policy.WorkSpan, error) {
	var within policy.WorkSpan
	if err := within.UnmarshalText([]byte(task.WorkLimit)); err != nil {
		return within, fmt.Errorf("limit of task %d: %w", task.ID, err)
	}
	return within, nil
}

// give shows a task to its owner and starts his time.
func (t *Tasks) give(tx *store.Tx, task store.Task) error {
	if task.WorkLimit != "" {
		within, err := span(task)
		if err != nil {
			return err
		}
		_, err = t.clocks.Open(tx, response.Opening{
			Subject: task.Subject(), Number: task.Number, Title: task.Title, App: task.App,
			Class: policy.Normal, Limit: within, NeedsReply: true, Receiver: task.OwnerID,
		})
		if err != nil {
			return err
		}
	}
	if len([]rune(task.Detail)) > cardText {
		if err := t.tell(tx, task, task.OwnerID, fmt.Sprintf("任务 %s 全文：\n%s", task.Number, task.Detail)); err != nil {
			return err
		}
	}
	return t.notify.Tell(tx, notify.Notice{
		App: task.App, To: []int64{task.OwnerID}, Card: taskCard, Subject: task.Subject(), Purpose: taskPurpose,
		Text: task.Number + " " + task.Title, Asks: true,
	})
}

// Cancel ends the open tasks that were raised for a record, because nobody
// needs them any more, and tells their owners why.
func (t *Tasks) Cancel(tx *store.Tx, raised store.Subject, why string) error {
	open, err := tx.OpenTasksFor(raised, maxRaised)
	if err != nil {
		return err
	}
	for _, task := range open {
		if err := t.cancel(tx, task.ID, why); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tasks) cancel(tx *store.Tx, id int64, why string) error {
	task, err := t.locked(tx, id)
	if err != nil || !task.Open() {
		return err
	}
	if err := t.clocks.Cancel(tx, task.Subject()); err != nil {
		return err
	}
	if err := t.end(tx, &task, store.TaskCancelled, store.TaskDropped, 0, why); err != nil {
		return err
	}
	return t.tell(tx, task, task.OwnerID, fmt.Sprintf("【取消】%s「%s」不用做了：%s。", task.Number, task.Title, why))
}

// passOn makes somebody else the owner of an open task, with a fresh limit.
func (t *Tasks) passOn(tx *store.Tx, task store.Task, to int64, why string) error {
	if err := t.clocks.Pass(tx, task.Subject(), task.OwnerID); err != nil {
		return err
	}
	if err := t.limit(tx, &task); err != nil {
		return err
	}
	task.OwnerID, task.Instead = to, chat.OneLine(why, maxTitle)
	task.Phase++
	if err := tx.SaveTask(&task); err != nil {
		return err
	}
	if err := t.enter(tx, task, store.TaskPassedOn, task.State, 0, why); err != nil {
		return err
	}
	if err := t.notify.Refresh(tx, task.Subject()); err != nil {
		return err
	}
	return t.give(tx, task)
}

// end closes or cancels a task.
func (t *Tasks) end(tx *store.Tx, task *store.Task, state store.TaskState, kind store.TaskEventKind, by int64, text string) error {
	from, now := task.State, tx.Now()
	task.State, task.EndedAt, task.UniqueKey = state, &now, nil
	task.Phase++
	if err := tx.SaveTask(task); err != nil {
		return err
	}
	if err := t.enter(tx, *task, kind, from, by, text); err != nil {
		return err
	}
	return t.notify.Refresh(tx, task.Subject())
}

// enter adds what the system did to a task's history.
func (t *Tasks) enter(tx *store.Tx, task store.Task, kind store.TaskEventKind, from store.TaskState, by int64, text string) error {
	return tx.AddTaskEvent(store.TaskEvent{
		TaskID: task.ID, Kind: kind, FromState: from, ToState: task.State, MemberID: by, Text: text, Source: "job", At: tx.Now(),
	})
}

// Refused is told that the card of a task will not reach its owner: the task
// goes to his 部门主管, who like the administrators hears why. It answers false
// for a task without a time limit, which stays where it is.
func (t *Tasks) Refused(tx *store.Tx, r notify.Refused) (bool, error) {
	task, err := tx.Task(r.Message.SubjectID)
	if err != nil || task.WorkLimit == "" {
		return false, err
	}
	return true, t.clocks.Refused(tx, task.Subject(), r.Members, r.Why)
}

// forward gives a task that did not reach its owner to somebody else.
func (t *Tasks) forward(tx *store.Tx, missed store.Clock, to int64) error {
	return t.move(tx, missed, to, "没有送达%s，转给您")
}

// standIn gives what an absent member has to do to his deputy.
func (t *Tasks) standIn(tx *store.Tx, clock store.Clock, deputy int64) error {
	return t.move(tx, clock, deputy, "%s外出，由您代办")
}

// move passes the task of a clock on, unless it is somebody else's by now or
// would come to the one it is about.
func (t *Tasks) move(tx *store.Tx, clock store.Clock, to int64, why string) error {
	task, err := t.locked(tx, clock.SubjectID)
	if err != nil || !task.Open() || task.OwnerID != clock.ReceiverID || to == task.AboutID {
		return err
	}
	before, err := tx.Member(clock.ReceiverID)
	if err != nil {
		return err
	}
	return t.passOn(tx, task, to, fmt.Sprintf(why, before.Name))
}

// locked takes a task for a decision about it.
func (t *Tasks) locked(tx *store.Tx, id int64) (store.Task, error) {
	if err := tx.Lock("tasks", id); err != nil {
		return store.Task{}, err
	}
	return tx.Task(id)
}

func (t *Tasks) tell(tx *store.Tx, task store.Task, to int64, text string) error {
	return t.notify.Tell(tx, notify.Notice{App: task.App, To: []int64{to}, Text: text, Subject: task.Subject(), Purpose: eventPurpose})
}

func (t *Tasks) when(at time.Time) string {
	return t.rules().Calendar().Moment(at)
}
