package permission_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/permission"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/app/response"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
	"guiju/wecom"
	"guiju/wecom/card"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// office is a small company with the real people behind the part under test,
// and a platform that takes every message. Its clock starts on Wednesday
// 2026-04-01 at 09:00.
type office struct {
	t        *testing.T
	db       *store.DB
	clock    *storetest.Clock
	queue    *queue.Queue
	notify   *notify.Notifier
	clocks   *response.Clocks
	people   *people.People
	domain   *permission.Permissions
	engine   *chat.Engine
	platform *platform
	ids      map[string]int64
	rules    *policy.Engine
}

// rulebook puts other rules in force.
func (o *office) rulebook(text string) {
	o.t.Helper()
	book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\nadministrators: [陈立, 蒋新]\n"+text))
	require.NoError(o.t, err)
	o.rules = book.Engine
}

// platform stands for WeCom.
type platform struct {
	mu   sync.Mutex
	sent []sent
}

type sent struct {
	To   []string
	Text string
	Card *card.Content
}

func (p *platform) SendRaw(_ context.Context, body []byte) (wecom.SendResult, error) {
	var m struct {
		ToUser string `json:"touser"`
		Text   struct {
			Content string `json:"content"`
		} `json:"text"`
		Card *card.Content `json:"template_card"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return wecom.SendResult{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	result := wecom.SendResult{MsgID: fmt.Sprint("m", len(p.sent))}
	if m.Card != nil {
		result.ResponseCode = fmt.Sprint("code", len(p.sent))
	}
	p.sent = append(p.sent, sent{To: strings.Split(m.ToUser, "|"), Text: m.Text.Content, Card: m.Card})
	return result, nil
}

func (p *platform) UpdateTemplateCard(context.Context, wecom.CardUpdate) (wecom.UpdateResult, error) {
	return wecom.UpdateResult{}, nil
}

func (p *platform) AgentID() int64 { return 1000002 }

// each runs a test on both databases.
func each(t *testing.T, test func(o *office)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) { test(newOffice(t, db, clock)) })
}

// onSQLite is for what does not depend on the database.
func onSQLite(t *testing.T, test func(o *office)) {
	t.Helper()
	t.Parallel()
	db, clock := storetest.Open(t)
	test(newOffice(t, db, clock))
}

// staff is who works in the office: name, department, head of it, post.
var staff = []struct {
	name       string
	department int64
	head       bool
	position   string
}{
	{"高总", 13, true, ""}, {"陈立", 2, true, ""}, {"蒋新", 2, false, ""}, {"王五", 2, false, "用户权限管理"},
	{"方安", 8, true, ""}, {"邵静", 3, true, ""}, {"周八", 3, false, ""}, {"江一", 3, false, ""},
}

func newOffice(t *testing.T, db *store.DB, clock *storetest.Clock) *office {
	t.Helper()
	clock.Set(time.Date(2026, 4, 1, 9, 0, 0, 0, shanghai))
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	o := &office{t: t, db: db, clock: clock, platform: &platform{}, ids: map[string]int64{}}
	o.rulebook("")
	rules := func() *policy.Engine { return o.rules }
	o.notify = notify.New(notify.Options{
		Senders: map[string]notify.Sender{"assistant": o.platform}, DefaultApp: "assistant", Rules: rules,
		MachineNow: storetest.NewClock().Now, Logger: log,
	})
	o.people = people.New(db, nil, o.notify, rules, log)
	o.clocks = response.New(o.notify, rules, o.people, log)
	requests := request.New(o.notify, o.clocks, o.people, rules, log)
	o.domain = permission.New(o.notify, o.clocks, o.people, requests, rules, log)
	o.people.OnChanged(o.domain.Changed)
	o.queue = queue.New(db, queue.Options{Logger: log, MachineNow: storetest.NewClock().Now})
	o.notify.Register(o.queue)
	o.clocks.Register(o.queue)
	o.domain.Register(o.queue)
	o.hire()
	var err error
	o.engine, err = chat.New(chat.Options{Directory: o.people, Permits: o, Todo: o.clocks, Location: shanghai})
	require.NoError(t, err)
	o.talks(requests)
	return o
}

// hire fills the company and gives everybody what he is entitled to.
func (o *office) hire() {
	o.t.Helper()
	o.tx(func(tx *store.Tx) error {
		departments := []store.Department{{ID: 1, Name: "规矩科技"}}
		for id, name := range map[int64]string{2: "行政部", 3: "销售部", 4: "市场部", 8: "信息安全部门", 13: "总经理办公室"} {
			departments = append(departments, store.Department{ID: id, ParentID: 1, Name: name})
		}
		if err := tx.PutDepartments(departments); err != nil {
			return err
		}
		for _, s := range staff {
			m := store.Member{
				UserID: s.name, Name: s.name, Position: s.position, MainDepartment: s.department, Status: store.MemberActive, Visible: true,
			}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			o.ids[s.name] = m.ID
			if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: s.department, IsLeader: s.head}}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, s := range staff {
		o.tx(func(tx *store.Tx) error {
			m, err := tx.Member(o.ids[s.name])
			if err != nil {
				return err
			}
			_, err = o.people.Reconcile(tx, m, people.Cause{Kind: people.BecauseFirst})
			return err
		})
	}
}

// talks adds the commands of this domain and those of others that it extends.
func (o *office) talks(requests *request.Requests) {
	o.t.Helper()
	require.NoError(o.t, o.engine.RegisterRecords("item", noItems{}))
	for _, name := range []string{"撤回", "催办", "转交", "已知悉", "追溯"} {
		arg := chat.Arg{Name: "编号", Kind: chat.Number, Record: "item", Required: true, Any: true, Prompt: "哪一条"}
		require.NoError(o.t, o.engine.Register(chat.Command{
			Name: name, Permission: chat.Everybody, Group: "沟通", Summary: name, Usage: name + " [编号]", Example: name + " 1", Args: []chat.Arg{arg},
			Run: func(call *chat.Call) (chat.Answer, error) {
				return chat.Answer{}, chat.NotFound{Number: call.Number("编号")}
			},
		}))
	}
	require.NoError(o.t, o.engine.Register(o.clocks.Commands()...))
	require.NoError(o.t, requests.RegisterChat(o.engine))
	require.NoError(o.t, o.domain.RegisterChat(o.engine))
}

// noItems is a domain nothing is open in.
type noItems struct{}

func (noItems) Open(*store.Reader, chat.RecordQuery) ([]chat.Record, error) { return nil, nil }

// Permit implements chat.Permits.
func (o *office) Permit(call *chat.Call, code, _ string) (bool, error) {
	d, err := o.people.Can(&call.Tx.Reader, call.Member, policy.Permission(code), policy.Object{})
	return d.Allowed, err
}

// Denied implements chat.Permits.
func (o *office) Denied(*chat.Call, string, string) error { return nil }

func (o *office) tx(do func(tx *store.Tx) error) {
	o.t.Helper()
	require.NoError(o.t, o.db.InTx(o.t.Context(), do))
}

func (o *office) reader() *store.Reader { return o.db.Reader(o.t.Context()) }

// settle runs every job that is due.
func (o *office) settle() {
	o.t.Helper()
	_, err := o.queue.Drain(o.t.Context())
	require.NoError(o.t, err)
	buried, err := o.reader().Jobs(store.JobFilter{State: store.JobBuried})
	require.NoError(o.t, err)
	require.Empty(o.t, buried)
}

// at moves the clock through every timer to a time of the company's zone.
func (o *office) at(text string) {
	o.t.Helper()
	end, err := time.ParseInLocation("2006-01-02 15:04", text, shanghai)
	require.NoError(o.t, err)
	for {
		due, any, err := o.queue.NextDue(o.t.Context())
		require.NoError(o.t, err)
		if !any || due.After(end) {
			break
		}
		if due.After(o.clock.Now()) {
			o.clock.Set(due)
		}
		o.settle()
	}
	o.clock.Set(end)
}

// says lets a member write, and answers what he is told at once.
func (o *office) says(who, text string) string {
	o.t.Helper()
	var answer chat.Answer
	o.tx(func(tx *store.Tx) error {
		m, err := tx.Member(o.ids[who])
		if err != nil {
			return err
		}
		answer, err = o.engine.Handle(tx, chat.From{Member: m, App: "assistant", Delivery: 7, At: tx.Now()}, text)
		return err
	})
	o.settle()
	return answer.Text
}

// gets answers the texts sent to a member that hold all the words.
func (o *office) gets(who string, words ...string) (all []string) {
	o.platform.mu.Lock()
	defer o.platform.mu.Unlock()
	for _, s := range o.platform.sent {
		if slices.Contains(s.To, who) && s.Text != "" && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(s.Text, w) }) {
			all = append(all, s.Text)
		}
	}
	return all
}

// cards answers the titles of the cards sent to a member.
func (o *office) cards(who string) (all []string) {
	o.platform.mu.Lock()
	defer o.platform.mu.Unlock()
	for _, s := range o.platform.sent {
		if s.Card != nil && slices.Contains(s.To, who) {
			all = append(all, s.Card.MainTitle.Title)
		}
	}
	return all
}

// moves puts a member into another department and looks at his access again.
func (o *office) moves(who string, department int64, eventKey string) *store.PermissionChange {
	o.t.Helper()
	var change *store.PermissionChange
	o.tx(func(tx *store.Tx) error {
		m, err := tx.Member(o.ids[who])
		if err != nil {
			return err
		}
		m.MainDepartment = department
		if err := tx.SaveMember(&m); err != nil {
			return err
		}
		if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: department}}); err != nil {
			return err
		}
		change, err = o.people.Reconcile(tx, m, people.Cause{Kind: people.BecauseMoved, Reason: "部门调整", EventKey: eventKey})
		return err
	})
	o.settle()
	return change
}

// leaves ends a member's part.
func (o *office) leaves(who string) {
	o.t.Helper()
	o.tx(func(tx *store.Tx) error {
		m, err := tx.Member(o.ids[who])
		if err != nil {
			return err
		}
		m.Status = store.MemberLeft
		return tx.SaveMember(&m)
	})
}
