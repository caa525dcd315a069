package store

import (
	"errors"
	"fmt"
	"time"
)

// TaskState is where a task stands.
type TaskState string

// The states of a task.
const (
	TaskExecuting TaskState = "executing" // its owner has to do it
	TaskClosed    TaskState = "closed"    // done
	TaskCancelled TaskState = "cancelled" // not needed any more
)

// Task is something one member has to do by when (guide S05).
type Task struct {
	ID          int64
	Number      string // T20260302-0001
	State       TaskState
	OwnerID     int64 // who has to do it
	AboutID     int64 // the member it is about; 0: nobody
	App         string
	Title       string
	Detail      string // purged after retention.message_bodies
	Instead     string // why somebody else than named has it; "" as a rule
	SubjectKind string // the record that raised it
	SubjectID   int64
	UniqueKey   *string    // held while it is open
	Phase       int64      // grows whenever older buttons must stop working
	WorkLimit   string     // working time its owner has, "2wd"; "" for whenever he can
	DueAt       *time.Time // by that, from when it was given to him; nil without a limit
	EndedAt     *time.Time
	CreatedAt   time.Time
	Version     int64
}

// TableName is the table; it is also the kind for Tx.Lock.
func (Task) TableName() string { return "tasks" }

func (*Task) columns() string {
	return "id, number, state, owner_id, about_id, app, title, detail, instead, subject_kind, subject_id, unique_key, phase, work_limit, due_at, " +
		"ended_at, created_at, version"
}

func (t *Task) fields() []any {
	return []any{
		&t.ID, &t.Number, &t.State, &t.OwnerID, &t.AboutID, &t.App, &t.Title, &t.Detail, &t.Instead, &t.SubjectKind, &t.SubjectID,
		&t.UniqueKey, &t.Phase, &t.WorkLimit, &t.DueAt, &t.EndedAt, &t.CreatedAt, &t.Version,
	}
}

// Subject is the task for clocks, cards and notices.
func (t Task) Subject() Subject { return Subject{Kind: "task", ID: t.ID} }

// Open says whether it still has to be done.
func (t Task) Open() bool { return t.State == TaskExecuting }

// TaskEventKind is what happened to a task.
type TaskEventKind string

// The kinds of events.
const (
	TaskRaised   TaskEventKind = "raised"
	TaskDone     TaskEventKind = "done"
	TaskDropped  TaskEventKind = "cancelled"
	TaskPassedOn TaskEventKind = "passed" // to another owner
	TaskUrged    TaskEventKind = "urged"
	TaskNoted    TaskEventKind = "noted" // 已知悉 by somebody above the owner
)

// TaskEvent is one line of a task's history, the ledger of G1-4d. Lines are
// only ever added.
type TaskEvent struct {
	ID         int64
	TaskID     int64
	Kind       TaskEventKind
	FromState  TaskState
	ToState    TaskState
	MemberID   int64 // who did it; 0: the system
	Text       string
	Source     string // chat | card | menu | job
	DeliveryID int64
	At         time.Time
}

// TableName is the table.
func (TaskEvent) TableName() string { return "task_events" }

func (*TaskEvent) columns() string {
	return "id, task_id, kind, from_state, to_state, member_id, text, source, delivery_id, at"
}

func (e *TaskEvent) fields() []any {
	return []any{&e.ID, &e.TaskID, &e.Kind, &e.FromState, &e.ToState, &e.MemberID, &e.Text, &e.Source, &e.DeliveryID, &e.At}
}

// Task answers the task with this id.
func (r *Reader) Task(id int64) (Task, error) {
	t, err := take[Task](r, "WHERE id = ?", id)
	if err != nil {
		return t, fmt.Errorf("task %d: %w", id, err)
	}
	return t, nil
}

// TaskByNumber answers the task people call number.
func (r *Reader) TaskByNumber(number string) (Task, error) {
	t, err := take[Task](r, "WHERE number = ?", number)
	if err != nil {
		return t, fmt.Errorf("task %s: %w", number, err)
	}
	return t, nil
}

// TaskByKey answers the open task that was raised under a unique key.
func (r *Reader) TaskByKey(key string) (Task, error) {
	t, err := take[Task](r, "WHERE unique_key = ?", key)
	if err != nil {
		return t, fmt.Errorf("task with key %s: %w", key, err)
	}
	return t, nil
}

// OpenTasksOf answers what a member has to do, newest first, at most limit.
func (r *Reader) OpenTasksOf(owner int64, limit int) ([]Task, error) {
	all, err := list[Task](r, "WHERE owner_id = ? AND state = ? ORDER BY id DESC"+first(limit), owner, string(TaskExecuting))
	if err != nil {
		return nil, fmt.Errorf("tasks of member %d: %w", owner, err)
	}
	return all, nil
}

// OpenTasksFor answers the open tasks raised for a record, at most limit.
func (r *Reader) OpenTasksFor(subject Subject, limit int) ([]Task, error) {
	all, err := list[Task](r, "WHERE subject_kind = ? AND subject_id = ? AND state = ? ORDER BY id"+first(limit),
		subject.Kind, subject.ID, string(TaskExecuting))
	if err != nil {
		return nil, fmt.Errorf("tasks for %s: %w", subject, err)
	}
	return all, nil
}

// TaskEvents answers the history of a task, oldest first, at most limit.
func (r *Reader) TaskEvents(task int64, limit int) ([]TaskEvent, error) {
	all, err := list[TaskEvent](r, "WHERE task_id = ? ORDER BY id"+first(limit), task)
	if err != nil {
		return nil, fmt.Errorf("history of task %d: %w", task, err)
	}
	return all, nil
}

// AddTask stores a new task; ErrDuplicate when its key is taken.
func (tx *Tx) AddTask(t *Task) error {
	t.CreatedAt, t.Version = tx.Now(), 1
	var err error
	if t.ID, err = tx.insert(t); err != nil {
		return fmt.Errorf("add task: %w", err)
	}
	return nil
}

// SaveTask writes a task that was read in this transaction; ErrConflict when
// it has changed since.
func (tx *Tx) SaveTask(t *Task) error {
	old := t.Version
	t.Version++
	n, err := tx.overwrite(t, "id = ? AND version = ?", t.ID, old)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	if err != nil {
		return fmt.Errorf("save task %d: %w", t.ID, err)
	}
	return nil
}

// AddTaskEvent adds a line to a task's history.
func (tx *Tx) AddTaskEvent(e TaskEvent) error {
	e.At = cut(e.At)
	if _, err := tx.insert(&e); err != nil {
		return fmt.Errorf("history of task %d: %w", e.TaskID, err)
	}
	return nil
}

// tasksPurged is the setting with the progress of the day's walk over tasks.
const tasksPurged = "tasks.purged"

// PurgeTasks drops the words of tasks that ended before an instant, at most
// 50, in one walk a day, because an old task may end any day. The ledger's
// lines stay, without their words.
func (tx *Tx) PurgeTasks(before time.Time) (int, error) {
	var walk itemWalk
	if err := tx.Setting(tasksPurged, &walk); err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	if today := tx.day(tx.Now()); walk.Day != today {
		walk = itemWalk{Day: today}
	}
	rows, err := list[Task](&tx.Reader, "WHERE id > ? ORDER BY id"+first(50), walk.Last)
	if err != nil {
		return 0, fmt.Errorf("purge tasks: %w", err)
	}
	n := 0
	for _, t := range rows {
		if !t.CreatedAt.Before(before) {
			break // ids grow with time: all that follow are younger
		}
		n, walk.Last = n+1, t.ID
		if t.EndedAt == nil || !t.EndedAt.Before(before) {
			continue
		}
		if err := tx.emptyTask(t.ID); err != nil {
			return 0, fmt.Errorf("purge task %d: %w", t.ID, err)
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, tx.SetSetting(tasksPurged, walk)
}

func (tx *Tx) emptyTask(id int64) error {
	if _, err := tx.exec("UPDATE tasks SET detail = '' WHERE id = ? AND detail <> ''", id); err != nil {
		return err
	}
	_, err := tx.exec("UPDATE task_events SET text = '' WHERE task_id = ? AND text <> ''", id)
	return err
}
