package communication_test

import (
	"database/sql"
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
	"guiju/app/communication"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/store/storetest"
)

// desk is a small company that talks: who asks, who answers, a colleague of
// his, the head above both, and somebody who has nothing to do with it.
type desk struct {
	t       *testing.T
	db      *store.DB
	clock   *storetest.Clock
	engine  *chat.Engine
	domain  *communication.Communication
	members map[string]store.Member
}

func newDesk(t *testing.T, db *store.DB, clock *storetest.Clock) *desk {
	book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\nadministrators: [admin]\n"))
	require.NoError(t, err)
	d := &desk{t: t, db: db, clock: clock, members: map[string]store.Member{}}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	rules := func() *policy.Engine { return book.Engine }
	n := notify.New(notify.Options{Senders: map[string]notify.Sender{"assistant": nowhere{}}, DefaultApp: "assistant", Rules: rules, Logger: log})
	p := people.New(db, nil, n, rules, log)
	clocks := response.New(n, rules, p, log)
	d.domain = communication.New(n, clocks, p, rules, log)
	d.engine, err = chat.New(chat.Options{Directory: p, Permits: d})
	require.NoError(t, err)
	require.NoError(t, d.domain.RegisterChat(d.engine))
	d.tx(func(tx *store.Tx) error {
		if err := tx.PutDepartments([]store.Department{{ID: 1, Name: "公司"}, {ID: 7, ParentID: 1, Name: "财务部"}, {ID: 8, ParentID: 1, Name: "销售部"}}); err != nil {
			return err
		}
		for name, leader := range map[string]string{"asker": "top", "receiver": "boss", "colleague": "boss", "boss": "top", "top": "", "stranger": "top"} {
			m := store.Member{UserID: name, Name: name, Status: store.MemberActive, Visible: true, LeaderUserID: leader, MainDepartment: 8}
			if name == "receiver" || name == "colleague" {
				m.MainDepartment = 7
			}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: m.MainDepartment, IsLeader: name == "receiver" || name == "top"}}); err != nil {
				return err
			}
			d.members[name] = m
		}
		return nil
	})
	return d
}

// nowhere is a Sender that is never asked to send.
type nowhere struct{ notify.Sender }

// Permit and Denied let everybody use every command: who may act on an item is
// the domain's own decision.
func (d *desk) Permit(_ *chat.Call, permission, _ string) (bool, error) {
	return permission != string(policy.LogRead), nil
}
func (d *desk) Denied(*chat.Call, string, string) error { return nil }

func (d *desk) tx(do func(tx *store.Tx) error) {
	d.t.Helper()
	require.NoError(d.t, d.db.InTx(d.t.Context(), do))
}

func (d *desk) says(name, text string) (told string) {
	d.t.Helper()
	told, err := d.tries(name, text)
	require.NoError(d.t, err, "%s: %s", name, text)
	return told
}

func (d *desk) tries(name, text string) (told string, err error) {
	d.clock.Advance(time.Second)
	err = d.db.InTx(d.t.Context(), func(tx *store.Tx) error {
		answer, err := d.engine.Handle(tx, chat.From{Member: d.members[name], App: "assistant", At: tx.Now()}, text)
		told = answer.Text
		return err
	})
	return told, err
}

var numbers = regexp.MustCompile(`M\d{8}-\d+`)

// opens makes an item in a state and answers its number.
func (d *desk) opens(kind, state string, needsReply bool) string {
	d.t.Helper()
	text := "咨询 报销发票怎么开"
	if kind == "notice" {
		text = "发通知 receiver 三点开会"
		if needsReply {
			text += " 需回复"
		}
	}
	told := d.says("asker", text)
	number := numbers.FindString(told)
	require.NotEmpty(d.t, number, told)
	switch {
	case state == "answered", kind == "notice" && state == "closed":
		d.says("receiver", "回复 "+number+" 好的")
	case state == "closed":
		d.says("asker", "已解决 "+number)
	case state == "withdrawn":
		d.says("asker", "撤回 "+number)
	}
	require.Equal(d.t, state, string(d.item(number).State), "%s comes there", kind)
	return number
}

func (d *desk) item(number string) store.Item {
	d.t.Helper()
	item, err := d.db.Reader(d.t.Context()).ItemByNumber(number)
	require.NoError(d.t, err)
	return item
}

func (d *desk) history(number string) int {
	d.t.Helper()
	entries, err := d.db.Reader(d.t.Context()).ItemEntries(d.item(number).ID, 100)
	require.NoError(d.t, err)
	return len(entries)
}

// command is what a member writes, and who may.
type command struct {
	text string
	by   []string
}

var (
	receiver = []string{"receiver"}
	sender   = []string{"asker"}
	commands = map[string]command{
		"收到":  {"收到 %s", receiver},
		"回复":  {"回复 %s 抬头写公司全称", receiver},
		"有疑问": {"有疑问 %s 哪一张", receiver},
		"转交":  {"转交 %s colleague", receiver},
		"已解决": {"已解决 %s", sender},
		"未解决": {"未解决 %s 还是不行", sender},
		"补充":  {"补充 %s 专用发票", sender},
		"撤回":  {"撤回 %s", sender},
		"催办":  {"催办 %s", []string{"asker", "boss", "top"}},
	}
)

// Every kind, state and command of the table in the package comment.
func TestItemStates(t *testing.T) {
	columns, rows := stateTable(t)
	require.Len(t, rows, 7, "every kind and state has its row")
	require.Len(t, columns, len(commands), "every command has its column")
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		for _, row := range rows {
			kind, state := row[0], row[1]
			for i, column := range columns {
				require.Contains(t, commands, column)
				for _, needsReply := range []bool{true, false} {
					if kind == "inquiry" && !needsReply {
						continue // a question always wants a reply
					}
					number := d.opens(kind, state, needsReply)
					before, lines := d.item(number), d.history(number)
					cmd := commands[column]
					told := d.says(cmd.by[0], fmt.Sprintf(cmd.text, number))
					after, want := d.item(number), wanted(row[i+2], needsReply)
					name := fmt.Sprintf("%s %s, %s, needs reply %t: %s", kind, state, column, needsReply, told)
					if want == "–" {
						require.Equal(t, before, after, name)
						require.Equal(t, lines, d.history(number), name)
						require.Contains(t, told, "【未通过】", name)
						continue
					}
					require.Contains(t, told, "【已受理】", name)
					require.Equal(t, want, string(after.State), name)
					require.Greater(t, d.history(number), lines, name+": its history tells")
					require.Equal(t, after.Open(), after.ClosedAt == nil, name+": closed")
				}
			}
		}
	})
}

// Whoever may not act is refused and changes nothing; somebody who has nothing
// to do with an item does not even learn that it exists.
func TestItemCommandsOfOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		for _, state := range []string{"open", "answered"} {
			number := d.opens("inquiry", state, true)
			before, lines := d.item(number), d.history(number)
			for name, cmd := range commands {
				for _, member := range []string{"asker", "receiver", "colleague", "boss", "top", "stranger"} {
					allowed := false
					for _, by := range cmd.by {
						allowed = allowed || by == member
					}
					if allowed {
						continue
					}
					told := d.says(member, fmt.Sprintf(cmd.text, number))
					if member == "asker" {
						require.Contains(t, told, "【未通过】"+number+" 是您自己发出的", "%s by %s", name, member)
					} else {
						require.Contains(t, told, "【未找到】"+number, "%s by %s", name, member)
					}
					require.Equal(t, before, d.item(number), "%s by %s", name, member)
					require.Equal(t, lines, d.history(number), "%s by %s", name, member)
				}
			}
		}
	})
}

// A notice to several closes with the clock of the last one (AE9).
func TestNoticeClosesWithItsLastReceiver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		number := numbers.FindString(d.says("asker", "发通知 receiver、colleague 三点开会"))
		d.says("receiver", "收到 "+number)
		require.Equal(t, store.ItemOpen, d.item(number).State)
		d.says("colleague", "收到 "+number)
		require.Equal(t, store.ItemClosed, d.item(number).State)
	})
}

// Who cannot find out when an item was urged last must not urge again.
func TestUrgeDoesNotGuessWhenItWasUrgedLast(t *testing.T) {
	clock := storetest.NewClock()
	cfg := storetest.SQLite(t) // whose columns take any value
	d := newDesk(t, storetest.OpenConfig(t, cfg, clock), clock)
	number := d.opens("inquiry", "open", true)
	require.Contains(t, d.says("asker", "催办 "+number), "已催办 1 人")
	require.Contains(t, d.says("asker", "催办 "+number), "【未通过】"+number+" 刚在")
	pool, err := sql.Open("sqlite", cfg.DSN)
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.ExecContext(t.Context(), "UPDATE item_entries SET delivery_id = 'unreadable' WHERE kind = 'urged'")
	require.NoError(t, err)
	_, err = d.tries("asker", "催办 "+number)
	require.Error(t, err)
}

// wanted is the state a cell names.
func wanted(cell string, needsReply bool) string {
	cell = strings.TrimRight(cell, "*")
	owed, enough, split := strings.Cut(cell, "/")
	if split && !needsReply {
		return enough
	}
	return owed
}

// stateTable reads the table of the package comment: its commands, and its rows.
func stateTable(t *testing.T) (columns []string, rows [][]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "communication.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	require.NoError(t, err)
	for _, line := range strings.Split(file.Doc.Text(), "\n") {
		if !strings.HasPrefix(line, "\t") {
			continue
		}
		cells := strings.Fields(line)
		if columns == nil {
			columns = cells[2:]
			continue
		}
		require.Len(t, cells, len(columns)+2, line)
		rows = append(rows, cells)
	}
	return columns, rows
}
