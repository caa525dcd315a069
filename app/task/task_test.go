package task

import (
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

// office is the tasks of a small company: 王五 answers for permissions, 孙七 is
// his colleague, 陈立 heads both, 赵六 has nothing to do with it.
type office struct {
	t      *testing.T
	db     *store.DB
	clock  *storetest.Clock
	tasks  *Tasks
	clocks *response.Clocks
	queue  *queue.Queue
	chat   *chat.Engine
	ids    map[string]int64
	nobody bool
	raised int
}

func newOffice(t *testing.T, db *store.DB, clock *storetest.Clock) *office {
	t.Helper()
	book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\n"))
	require.NoError(t, err)
	o := &office{t: t, db: db, clock: clock, ids: map[string]int64{}}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	rules := func() *policy.Engine { return book.Engine }
	n := notify.New(notify.Options{Senders: map[string]notify.Sender{"assistant": nowhere{}}, DefaultApp: "assistant", Rules: rules, Logger: log})
	o.clocks = response.New(n, rules, o, log)
	o.tasks = New(n, o.clocks, o, rules, log)
	o.queue = queue.New(db, queue.Options{Logger: log})
	o.clocks.Register(o.queue) // not the notifier: what would be sent is of no interest here
	o.chat, err = chat.New(chat.Options{Directory: o, Permits: o})
	require.NoError(t, err)
	for _, name := range []string{"催办", "已知悉", "追溯"} { // what this domain only adds to
		require.NoError(t, o.chat.RegisterRecords("of."+name, none{}))
		require.NoError(t, o.chat.Register(chat.Command{
			Name: name, Group: "沟通", Permission: chat.Everybody, Summary: name, Usage: name + " <编号>", Example: name + " M20260302-0001",
			Args: []chat.Arg{{Name: "编号", Kind: chat.Number, Record: "of." + name, Required: true, Any: true, Prompt: "哪一条？"}},
			Run: func(c *chat.Call) (chat.Answer, error) {
				return chat.Answer{}, chat.NotFound{Number: c.Number("编号")}
			},
		}))
	}
	require.NoError(t, o.tasks.RegisterChat(o.chat))
	o.tx(func(tx *store.Tx) error {
		for _, name := range []string{"陈立", "王五", "孙七", "赵六"} {
			m := store.Member{UserID: name, Name: name, Status: store.MemberActive, Visible: true}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			o.ids[name] = m.ID
		}
		return nil
	})
	return o
}

// nowhere is a Sender that is never asked to send.
type nowhere struct{ notify.Sender }

func (o *office) Resolve(_ *store.Reader, w people.Whom, _ int64) (people.Found, error) {
	if o.nobody {
		return people.Found{Vacant: true}, fmt.Errorf("nobody: %w", store.ErrNotFound)
	}
	return people.Found{Members: []int64{o.ids[string(w)], o.ids["陈立"]}, Instead: "岗位空缺，由您代办"}, nil
}

func (o *office) Superior(_ *store.Reader, member int64) (int64, error) {
	if member == o.ids["陈立"] {
		return 0, store.ErrNotFound
	}
	return o.ids["陈立"], nil
}

func (o *office) Heads(r *store.Reader, member int64) ([]int64, error) {
	head, err := o.Superior(r, member)
	return []int64{head}, err
}

func (o *office) StandsOver(r *store.Reader, member, other int64) (bool, error) {
	superior, err := o.Superior(r, other)
	return err == nil && superior == member, nil
}

func (o *office) Sees(_ *store.Reader, m store.Member, _ policy.Permission) ([]int64, string, error) {
	return []int64{m.ID}, "您的", nil
}

func (o *office) Administrators(*store.Reader) ([]int64, error) { return nil, nil }

func (o *office) Members(*store.Reader, string, int) ([]store.Member, error)         { return nil, nil }
func (o *office) Departments(*store.Reader, string, int) ([]store.Department, error) { return nil, nil }
func (o *office) Label(_ *store.Reader, m store.Member) (string, error)              { return m.Name, nil }

func (o *office) Permit(_ *chat.Call, permission, _ string) (bool, error) {
	return permission != string(policy.LogRead), nil
}
func (o *office) Denied(*chat.Call, string, string) error { return nil }

func (o *office) tx(do func(tx *store.Tx) error) {
	o.t.Helper()
	require.NoError(o.t, o.db.InTx(o.t.Context(), do))
}

func (o *office) reader() *store.Reader { return o.db.Reader(o.t.Context()) }

func (o *office) read(id int64) store.Task {
	o.t.Helper()
	task, err := o.reader().Task(id)
	require.NoError(o.t, err)
	return task
}

// raise gives 王五 something to do; change alters what.
func (o *office) raise(change func(d *people.ToDo)) store.Task {
	o.t.Helper()
	o.raised++
	d := people.ToDo{
		Whom: "王五", About: o.ids["赵六"], Title: "收回账号", Detail: "赵六已离职", Within: policy.WorkSpan{Workdays: 1},
		Subject: store.Subject{Kind: "account", ID: int64(o.raised)}, Unique: fmt.Sprintf("account:%d", o.raised),
	}
	if change != nil {
		change(&d)
	}
	o.tx(func(tx *store.Tx) error { return o.tasks.Raise(tx, d) })
	open, err := o.reader().OpenTasksFor(d.Subject, 10)
	require.NoError(o.t, err)
	require.Len(o.t, open, 1)
	return open[0]
}

// says is what a member is answered.
func (o *office) says(name, text string) string {
	o.t.Helper()
	var answer chat.Answer
	o.tx(func(tx *store.Tx) error {
		m, err := tx.Member(o.ids[name])
		require.NoError(o.t, err)
		answer, err = o.chat.Handle(tx, chat.From{Member: m, App: "assistant", At: o.clock.Now()}, text)
		return err
	})
	return answer.Text
}

// actions are the columns of the table; who does them and with which words is
// right for an open task.
func (o *office) actions() map[string]func(task store.Task) {
	inTx := func(do func(tx *store.Tx, task store.Task) error) func(task store.Task) {
		return func(task store.Task) {
			o.t.Helper()
			o.tx(func(tx *store.Tx) error { return do(tx, task) })
		}
	}
	clockOf := func(task store.Task) store.Clock {
		return store.Clock{SubjectKind: "task", SubjectID: task.ID, ReceiverID: task.OwnerID, Number: task.Number}
	}
	return map[string]func(task store.Task){
		"完成":  func(task store.Task) { o.says("王五", "完成 "+task.Number+" 都收回了") },
		"催办":  func(task store.Task) { o.says("陈立", "催办 "+task.Number) },
		"已知悉": func(task store.Task) { o.says("陈立", "已知悉 "+task.Number) },
		"not needed": inTx(func(tx *store.Tx, task store.Task) error {
			return o.tasks.cancel(tx, task.ID, "赵六回来了")
		}),
		"pass on": inTx(func(tx *store.Tx, task store.Task) error {
			return o.tasks.Reassign(tx, task.Subject(), task.OwnerID, o.ids["孙七"], "王五离职")
		}),
		"away": inTx(func(tx *store.Tx, task store.Task) error {
			return o.tasks.standIn(tx, clockOf(task), o.ids["孙七"])
		}),
		"not reached": inTx(func(tx *store.Tx, task store.Task) error {
			return o.tasks.forward(tx, clockOf(task), o.ids["陈立"])
		}),
	}
}

// Every state and every action of the table in the package comment, for tasks
// with a limit and without.
func TestTaskStates(t *testing.T) {
	columns, rows := stateTable(t)
	require.Len(t, rows, 3)
	way := map[string]string{"executing": "", "closed": "完成", "cancelled": "not needed"}
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		actions := o.actions()
		require.Len(t, columns, len(actions))
		for _, row := range rows {
			for i, column := range columns {
				require.Contains(t, actions, column)
				for _, within := range []policy.WorkSpan{{Workdays: 2}, {}} {
					task := o.raise(func(d *people.ToDo) { d.Within = within })
					if first := way[row[0]]; first != "" {
						actions[first](task)
					}
					before := o.read(task.ID)
					require.Equal(t, row[0], string(before.State))
					past := o.events(task.ID)
					actions[column](before)
					after, want := o.read(task.ID), row[i+1]
					name := fmt.Sprintf("%s, %s, within %s", row[0], column, within)
					if want == "–" {
						require.Equal(t, before, after, name)
						require.Equal(t, past, o.events(task.ID), name)
						continue
					}
					require.Equal(t, want, string(after.State), name)
					require.Len(t, o.events(task.ID), len(past)+1, name+": one line more")
					require.Equal(t, after.Open(), after.EndedAt == nil, name)
					require.Equal(t, after.Open(), after.UniqueKey != nil, name+": the key is free when it ends")
					o.oneClock(after, within != policy.WorkSpan{}, name)
				}
			}
		}
	})
}

// oneClock checks that the owner of an open task with a limit owes an answer,
// and nobody else anything.
func (o *office) oneClock(task store.Task, limited bool, name string) {
	o.t.Helper()
	clocks, err := o.reader().ClocksOf(task.Subject(), 100)
	require.NoError(o.t, err)
	var open []int64
	for _, c := range clocks {
		if c.Open() {
			open = append(open, c.ReceiverID)
		}
	}
	if task.Open() && limited {
		require.Equal(o.t, []int64{task.OwnerID}, open, name)
	} else {
		require.Empty(o.t, open, name)
	}
}

func (o *office) events(id int64) []store.TaskEvent {
	o.t.Helper()
	events, err := o.reader().TaskEvents(id, 100)
	require.NoError(o.t, err)
	return events
}

// stateTable reads the table of the package comment: its columns after the
// first, and its rows.
func stateTable(t *testing.T) (columns []string, rows [][]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "task.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	require.NoError(t, err)
	gap := regexp.MustCompile(`  +`)
	for _, line := range strings.Split(file.Doc.Text(), "\n") {
		if !strings.HasPrefix(line, "\t") {
			continue
		}
		cells := gap.Split(strings.TrimSpace(line), -1)
		if columns == nil {
			columns = cells[1:]
			continue
		}
		require.Len(t, cells, len(columns)+1, line)
		rows = append(rows, cells)
	}
	return columns, rows
}

func TestTaskIsItsOwnersAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		task := o.raise(nil)
		require.Equal(t, o.ids["王五"], task.OwnerID)
		for _, text := range []string{"完成 " + task.Number, "催办 " + task.Number, "已知悉 " + task.Number} {
			require.Contains(t, o.says("孙七", text), "【未找到】", "whether it exists is none of his business")
		}
		require.Contains(t, o.says("孙七", "追溯 "+task.Number), "【未找到】")
		require.Contains(t, o.says("王五", "催办 "+task.Number), "【未找到】", "nobody urges himself")
		require.Contains(t, o.says("陈立", "完成 "+task.Number), "【未找到】", "his head does not say it for him")
		require.Contains(t, o.says("赵六", "追溯 "+task.Number), "收回账号", "the one it is about may look")

		require.Contains(t, o.says("陈立", "催办 "+task.Number), "已催办")
		require.Contains(t, o.says("陈立", "催办 "+task.Number), "刚刚催办过")
		clock.Advance(11 * time.Minute)
		require.Contains(t, o.says("陈立", "催办 "+task.Number), "已催办")

		require.Contains(t, o.says("王五", "完成"), task.Number+" 「收回账号」已完成", "the only one needs no number")
		require.Contains(t, o.says("王五", "完成 "+task.Number), "已经完成了")
		story := o.says("陈立", "追溯 "+task.Number)
		for _, want := range []string{"收回账号（已完成）", "【执行】王五（岗位空缺，由您代办）", "【涉及】赵六", "系统 下达并分配", "陈立 催办", "王五 完成（免审，已关闭）"} {
			require.Contains(t, story, want)
		}
	})
}

func TestUniqueIsHeldWhileOpen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		same := func(d *people.ToDo) { d.Unique, d.Subject = "groups:赵六", store.Subject{Kind: "member", ID: 4} }
		first := o.raise(same)
		require.Equal(t, first.ID, o.raise(same).ID, "the same to-do is raised once")
		o.says("王五", "完成 "+first.Number)
		second := o.raise(same)
		require.NotEqual(t, first.ID, second.ID, "what is done can be needed again")
		o.tx(func(tx *store.Tx) error { return o.tasks.Cancel(tx, store.Subject{Kind: "member", ID: 4}, "不用了") })
		require.Equal(t, store.TaskCancelled, o.read(second.ID).State)
		o.tx(func(tx *store.Tx) error { return o.tasks.Cancel(tx, store.Subject{Kind: "member", ID: 4}, "不用了") })
	})
}

func TestHandOverOfTasks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		first, second := o.raise(nil), o.raise(func(d *people.ToDo) { d.About, d.Within = o.ids["孙七"], policy.WorkSpan{} })
		work, err := o.tasks.List(o.reader(), o.ids["王五"], 10)
		require.NoError(t, err)
		require.Equal(t, []people.Work{
			{Number: first.Number, Title: "收回账号", Subject: first.Subject()}, {Number: second.Number, Title: "收回账号", Subject: second.Subject()},
		}, work, "oldest first")
		give := func(task store.Task, to string) {
			o.tx(func(tx *store.Tx) error {
				return o.tasks.Reassign(tx, task.Subject(), o.ids["王五"], o.ids[to], "王五离职")
			})
		}
		give(first, "孙七")
		give(first, "陈立")
		require.Equal(t, o.ids["孙七"], o.read(first.ID).OwnerID, "it is no longer 王五's to give")
		give(second, "孙七")
		require.Equal(t, o.ids["陈立"], o.read(second.ID).OwnerID, "a task about 孙七 does not come to himself")
		o.tx(func(tx *store.Tx) error {
			return o.tasks.Reassign(tx, first.Subject(), o.ids["孙七"], 0, "没有人可以接手")
		})
		require.Equal(t, store.TaskCancelled, o.read(first.ID).State)
		work, err = o.tasks.List(o.reader(), o.ids["孙七"], 10)
		require.NoError(t, err)
		require.Empty(t, work)
		require.Contains(t, o.says("王五", "完成 "+second.Number), "【未找到】", "the old owner is out of it")
		require.Contains(t, o.says("陈立", "完成 "+second.Number), "已完成")
	})
}

func TestNobodyIsLeft(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		o.nobody = true
		task := o.raise(nil)
		require.Zero(t, task.OwnerID, "it stands in the ledger all the same")
		require.Contains(t, o.says("赵六", "追溯 "+task.Number), "暂时没有人可以接手")
		o.oneClock(task, false, "nobody's time runs")
	})
}

func TestDeputyGetsTheTask(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		o.tx(func(tx *store.Tx) error {
			return tx.AddDeputy(&store.Deputy{
				MemberID: o.ids["王五"], DeputyID: o.ids["孙七"], FromAt: clock.Now(), UntilAt: clock.Now().AddDate(0, 0, 3), EnteredBy: o.ids["王五"],
			})
		})
		require.Equal(t, o.ids["孙七"], o.raise(nil).OwnerID)
		require.Equal(t, "王五外出，由您代办", o.raise(nil).Instead)
		require.Equal(t, o.ids["王五"], o.raise(func(d *people.ToDo) { d.About = o.ids["孙七"] }).OwnerID, "not what is about himself")
	})
}

func TestWordsOfTasksAreForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		done, open := o.raise(nil), o.raise(nil)
		o.says("王五", "完成 "+done.Number+" 账号、门禁都收回了")
		purge := func(before time.Time) (n int) {
			o.tx(func(tx *store.Tx) (err error) { n, err = tx.PurgeTasks(before); return err })
			return n
		}
		require.Zero(t, purge(clock.Now()), "not before its time")
		clock.Advance(200 * 24 * time.Hour)
		require.Equal(t, 2, purge(clock.Now().Add(-time.Hour)))
		require.Zero(t, purge(clock.Now().Add(-time.Hour)), "once a day")
		require.Empty(t, o.read(done.ID).Detail)
		for _, e := range o.events(done.ID) {
			require.Empty(t, e.Text)
		}
		require.Equal(t, "赵六已离职", o.read(open.ID).Detail, "what is open is kept")
		require.Equal(t, "收回账号", o.read(done.ID).Title, "the ledger keeps what it was")
	})
}
