package response_test

import (
	"encoding/json"
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
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

// desk is the clocks of a company of three: who asks, who answers, and the
// head above both.
type desk struct {
	t                    *testing.T
	db                   *store.DB
	clock                *storetest.Clock
	queue                *queue.Queue
	clocks               *response.Clocks
	asker, receiver, top int64
	subject              int64   // the last one used
	forwarded            []int64 // to whom what did not arrive went
}

func newDesk(t *testing.T, db *store.DB, clock *storetest.Clock) *desk {
	book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\n"))
	require.NoError(t, err)
	d := &desk{t: t, db: db, clock: clock}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	rules := func() *policy.Engine { return book.Engine }
	n := notify.New(notify.Options{Senders: map[string]notify.Sender{"assistant": nowhere{}}, DefaultApp: "assistant", Rules: rules, Logger: log})
	d.clocks = response.New(n, rules, d, log)
	d.clocks.OnUndelivered("item", func(_ *store.Tx, _ store.Clock, to int64) error {
		d.forwarded = append(d.forwarded, to)
		return nil
	})
	d.queue = queue.New(db, queue.Options{Logger: log})
	d.clocks.Register(d.queue) // not the notifier: what would be sent is of no interest here
	d.tx(func(tx *store.Tx) error {
		for userid, id := range map[string]*int64{"asker": &d.asker, "receiver": &d.receiver, "top": &d.top} {
			m := store.Member{UserID: userid, Name: userid, Status: store.MemberActive, Visible: true}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			*id = m.ID
		}
		return nil
	})
	return d
}

// nowhere is a Sender that is never asked to send.
type nowhere struct{ notify.Sender }

// Superior, Heads and Administrators make the desk its own people.
func (d *desk) Superior(*store.Reader, int64) (int64, error)  { return d.top, nil }
func (d *desk) Heads(*store.Reader, int64) ([]int64, error)   { return []int64{d.top}, nil }
func (d *desk) Administrators(*store.Reader) ([]int64, error) { return nil, nil }

func (d *desk) Sees(_ *store.Reader, m store.Member, _ policy.Permission) ([]int64, string, error) {
	return []int64{m.ID}, "您的", nil
}

func (d *desk) tx(do func(tx *store.Tx) error) {
	d.t.Helper()
	require.NoError(d.t, d.db.InTx(d.t.Context(), do))
}
func (d *desk) reader() *store.Reader { return d.db.Reader(d.t.Context()) }
func (d *desk) read(id int64) (c store.Clock) {
	d.t.Helper()
	c, err := d.reader().Clock(id)
	require.NoError(d.t, err)
	return c
}
func (d *desk) opens(needsReply bool, receiver int64) (c store.Clock) {
	d.subject++
	return d.opensAgain(needsReply, receiver)
}

func (d *desk) opensAgain(needsReply bool, receiver int64) (c store.Clock) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) (err error) {
		c, err = d.clocks.Open(tx, response.Opening{
			Subject: store.Subject{Kind: "item", ID: d.subject}, Number: fmt.Sprintf("M20260302-%04d", d.subject), Title: "咨询：发票", App: "assistant",
			Class: policy.Important, NeedsReply: needsReply, Sender: d.asker, Receiver: receiver,
		})
		return err
	})
	return c
}

// fires runs a timer now, whenever it would be due.
func (d *desk) fires(timer store.JobArgs) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) error {
		_, err := tx.Enqueue(timer)
		return err
	})
	ran, err := d.queue.Drain(d.t.Context())
	require.NoError(d.t, err)
	require.Positive(d.t, ran.Done, "the timer ran")
}

// rung fires the timer of the rung with this level.
func (d *desk) rung(c store.Clock, level policy.Level) {
	d.t.Helper()
	var steps []policy.Step
	if c.Timetable != "" {
		require.NoError(d.t, json.Unmarshal([]byte(c.Timetable), &steps))
	}
	index := int(level) // of a clock that has no timetable yet
	for i, s := range steps {
		if s.Level == level {
			index = i
		}
	}
	d.fires(response.Step{Clock: c.ID, Index: index})
}

func (d *desk) acts(c store.Clock, act policy.Act, late bool) {
	d.t.Helper()
	at := d.clock.Now().Add(time.Second)
	if c.DueAt != nil {
		at = *c.DueAt // its last second
		if late {
			at = at.Add(time.Second)
		}
	}
	d.tx(func(tx *store.Tx) error {
		_, err := d.clocks.Act(tx, c.Subject(), c.ReceiverID, act, at)
		return err
	})
}

// actions are the columns of the table.
func (d *desk) actions() map[string]func(c store.Clock) {
	inTx := func(do func(tx *store.Tx, c store.Clock) error) func(c store.Clock) {
		return func(c store.Clock) {
			d.t.Helper()
			d.tx(func(tx *store.Tx) error { return do(tx, c) })
		}
	}
	return map[string]func(c store.Clock){
		"delivered": inTx(func(tx *store.Tx, c store.Clock) error {
			return d.clocks.Delivered(tx, c.Subject(), []int64{c.ReceiverID}, d.clock.Now())
		}),
		"收到":          func(c store.Clock) { d.acts(c, policy.Ack, false) },
		"回复":          func(c store.Clock) { d.acts(c, policy.Reply, false) },
		"late 收到":     func(c store.Clock) { d.acts(c, policy.Ack, true) },
		"late 回复":     func(c store.Clock) { d.acts(c, policy.Reply, true) },
		"remind":      func(c store.Clock) { d.rung(c, policy.LevelReminder) },
		"due":         func(c store.Clock) { d.rung(c, policy.LevelParties) },
		"climb":       func(c store.Clock) { d.rung(c, policy.LevelSuperior) },
		"not reached": func(c store.Clock) { d.fires(response.Undelivered{Clock: c.ID}) },
		"refused": inTx(func(tx *store.Tx, c store.Clock) error {
			return d.clocks.Refused(tx, c.Subject(), []int64{c.ReceiverID}, "不在可见范围内")
		}),
		"cancel":  inTx(func(tx *store.Tx, c store.Clock) error { return d.clocks.Cancel(tx, c.Subject()) }),
		"pass on": inTx(func(tx *store.Tx, c store.Clock) error { return d.clocks.Pass(tx, c.Subject(), c.ReceiverID) }),
	}
}

// reach are the actions that lead a new clock into each state; nil where a
// clock of this kind never comes.
func reach(state store.ClockState, needsReply bool) []string {
	switch state {
	case store.ClockWaiting:
		return []string{}
	case store.ClockRunning:
		return []string{"delivered"}
	case store.ClockAcked:
		if !needsReply {
			return nil
		}
		return []string{"delivered", "收到"}
	case store.ClockBreached:
		return []string{"delivered", "due"}
	case store.ClockMet:
		return []string{"delivered", "回复"}
	case store.ClockLate:
		return []string{"delivered", "late 回复"}
	case store.ClockMoved:
		return []string{"delivered", "pass on"}
	case store.ClockCancelled:
		return []string{"cancel"}
	case store.ClockMissed:
		return []string{"refused"}
	}
	return nil
}

// Every state and every action of the table in the package comment, for clocks
// that need a reply and for those that do not.
func TestClockStates(t *testing.T) {
	columns, rows := stateTable(t)
	require.Len(t, rows, 9, "every state has its row")
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		actions := d.actions()
		require.Len(t, columns, len(actions), "every action has its column")
		for _, row := range rows {
			state := store.ClockState(row[0])
			for i, column := range columns {
				require.Contains(t, actions, column)
				for _, needsReply := range []bool{true, false} {
					way := reach(state, needsReply)
					if way == nil {
						continue
					}
					c := d.opens(needsReply, d.receiver)
					for _, step := range way {
						actions[step](d.read(c.ID))
					}
					before := d.read(c.ID)
					require.Equal(t, state, before.State, "%v lead there", way)
					actions[column](before)
					after, want := d.read(c.ID), wanted(row[i+1], needsReply)
					name := fmt.Sprintf("%s, %s, needs reply %t", state, column, needsReply)
					if want == "–" {
						require.Equal(t, before, after, name)
						continue
					}
					require.Equal(t, want, string(after.State), name)
					require.Greater(t, after.Version, before.Version, name+": written")
					require.Equal(t, after.Open(), after.EndedAt == nil, name+": ended")
					if after.State == store.ClockRunning || after.State == store.ClockAcked || after.State == store.ClockMet {
						require.NotNil(t, after.DueAt, name+": started")
					}
				}
			}
		}
	})
}

// wanted is the state a cell names for one kind of clock.
func wanted(cell string, needsReply bool) string {
	cell = strings.TrimRight(cell, "*†")
	owed, enough, split := strings.Cut(cell, "/")
	if split && !needsReply {
		return enough
	}
	return owed
}

// stateTable reads the table of the package comment: its columns after the
// first, and its rows.
func stateTable(t *testing.T) (columns []string, rows [][]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "response.go", nil, parser.ParseComments|parser.PackageClauseOnly)
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

// What did not arrive is forwarded once, not from one unreachable person to
// the next: the second clock goes on waiting.
func TestUndeliveredIsForwardedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		first := d.opens(true, d.receiver)
		d.fires(response.Undelivered{Clock: first.ID})
		require.Equal(t, store.ClockMissed, d.read(first.ID).State)
		require.Equal(t, []int64{d.top}, d.forwarded)
		second := d.opensAgain(true, d.top)
		d.fires(response.Undelivered{Clock: second.ID})
		require.Equal(t, store.ClockWaiting, d.read(second.ID).State)
		require.Equal(t, []int64{d.top}, d.forwarded)
	})
}

// 我的待办 names how much there is, also when it cannot list it all.
func TestToDoTellsTheRealTotal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		for range 60 {
			d.opens(true, d.receiver)
		}
		more := 0
		d.clocks.AlsoWaiting("待我确认", func(_ *store.Reader, _ int64, limit int) ([]response.Waiting, error) {
			all := make([]response.Waiting, min(more, limit))
			for i := range all {
				all[i] = response.Waiting{Number: fmt.Sprintf("T%d", i), Title: "任务"}
			}
			return all, nil
		}, nil)
		asks := func() (text string, waiting int) {
			d.tx(func(tx *store.Tx) error {
				member, err := tx.Member(d.receiver)
				require.NoError(t, err)
				for _, command := range d.clocks.Commands() {
					if command.Name == "我的待办" {
						answer, err := command.Run(&chat.Call{Tx: tx, From: chat.From{Member: member, App: "assistant", At: clock.Now()}})
						require.NoError(t, err)
						text = answer.Text
					}
				}
				waiting, err = d.clocks.Waiting(&tx.Reader, d.receiver)
				return err
			})
			return text, waiting
		}
		text, waiting := asks()
		require.Contains(t, text, "您有 60 项待办：")
		require.Contains(t, text, "……只列出 50 条，还有 10 条")
		require.Equal(t, 60, waiting)
		more = 70
		text, waiting = asks()
		require.Contains(t, text, "您有 130 项待办：")
		require.Contains(t, text, "T49 任务\n……只列出 50 条，还有 20 条")
		require.NotContains(t, text, "T50 ")
		require.Equal(t, 130, waiting)
		more = 5000
		text, _ = asks()
		require.Contains(t, text, "您有 1060 多项待办：", "counting has its bound")
	})
}
