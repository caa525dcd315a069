package request_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
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

// company is nine people, the part under test with a kind of its own, and a
// platform that takes every message. Its clock starts on Monday 2026-03-02 at
// 10:00.
type company struct {
	t         *testing.T
	db        *store.DB
	clock     *storetest.Clock
	queue     *queue.Queue
	notify    *notify.Notifier
	clocks    *response.Clocks
	requests  *request.Requests
	engine    *chat.Engine
	platform  *platform
	ids       map[string]int64
	superiors map[string]string
	whom      map[people.Whom][]string
	instead   map[people.Whom]string
	allowed   map[string]bool // "孙七 perm.view"
	denied    []string
	mu        sync.Mutex
	finished  []string // number and state of what Kind.Finished was told
	check     error    // what Kind.Check answers
	broken    error    // what Kind.Finished answers
	keeps     error    // what Kind.Revocable answers
}

// platform stands for WeCom.
type platform struct {
	mu      sync.Mutex
	sent    []sent
	refused map[string]bool // user ids it will not reach
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
	s, result := sent{Text: m.Text.Content, Card: m.Card}, wecom.SendResult{MsgID: fmt.Sprint("m", len(p.sent))}
	for _, user := range strings.Split(m.ToUser, "|") {
		if p.refused[user] {
			result.InvalidUsers = append(result.InvalidUsers, user)
		} else {
			s.To = append(s.To, user)
		}
	}
	if m.Card != nil {
		result.ResponseCode = fmt.Sprint("code", len(p.sent))
	}
	p.sent = append(p.sent, s)
	return result, nil
}

func (p *platform) UpdateTemplateCard(context.Context, wecom.CardUpdate) (wecom.UpdateResult, error) {
	return wecom.UpdateResult{}, nil
}

func (p *platform) AgentID() int64 { return 1000002 }

// each runs a test on both databases.
func each(t *testing.T, test func(c *company)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) { test(newCompany(t, db, clock)) })
}

// onSQLite is for what does not depend on the database.
func onSQLite(t *testing.T, test func(c *company)) {
	t.Helper()
	t.Parallel()
	db, clock := storetest.Open(t)
	test(newCompany(t, db, clock))
}

func newCompany(t *testing.T, db *store.DB, clock *storetest.Clock) *company {
	t.Helper()
	clock.Set(time.Date(2026, 3, 2, 10, 0, 0, 0, shanghai))
	book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\n"))
	require.NoError(t, err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	rules := func() *policy.Engine { return book.Engine }
	c := &company{
		t: t, db: db, clock: clock, platform: &platform{refused: map[string]bool{}}, ids: map[string]int64{},
		superiors: map[string]string{"赵六": "魏伟", "孙七": "魏伟", "魏伟": "高总", "郑十六": "韩梅", "韩梅": "高总", "王五": "陈立", "陈立": "高总"},
		whom: map[people.Whom][]string{
			"superior": {"魏伟"}, "department:人事部": {"郑十六"}, "post:行政部/用户权限管理": {"王五"}, "role:administrator": {"陈立", "韩梅"},
		},
		instead: map[people.Whom]string{}, allowed: map[string]bool{},
	}
	c.notify = notify.New(notify.Options{
		Senders: map[string]notify.Sender{"assistant": c.platform}, DefaultApp: "assistant", Rules: rules, MachineNow: storetest.NewClock().Now, Logger: log,
	})
	c.clocks = response.New(c.notify, rules, c, log)
	c.requests = request.New(c.notify, c.clocks, c, rules, log)
	c.requests.Kind("trial", request.Kind{
		Title: "试验申请", Visible: "trial.view", Resubmits: true,
		Check: func(_ *store.Tx, _ store.Request, _ store.RequestStep, _ store.Member, approve bool) error {
			if approve {
				return c.check
			}
			return nil
		},
		Finished: func(_ *store.Tx, r store.Request) error { return c.ended(r) },
	})
	c.requests.Otherwise(func(key string) (request.Kind, bool) {
		return request.Kind{
			Title: "模型申请", Resubmits: true,
			Finished:  func(_ *store.Tx, r store.Request) error { return c.ended(r) },
			Revocable: func(*store.Reader, store.Request) error { return c.keeps },
			Revoked:   func(_ *store.Tx, r store.Request) error { return c.ended(r) },
		}, key == "model"
	})
	c.notify.OnRefused(func(tx *store.Tx, r notify.Refused) error {
		if r.Message.CardKind == "" {
			return nil
		}
		return c.clocks.Refused(tx, r.Message.Subject(), r.Members, r.Why)
	})
	c.queue = queue.New(db, queue.Options{Logger: log, MachineNow: storetest.NewClock().Now})
	c.notify.Register(c.queue)
	c.clocks.Register(c.queue)
	c.tx(func(tx *store.Tx) error {
		for _, p := range []string{"赵六", "魏伟", "郑十六", "王五", "韩梅", "陈立", "高总", "孙七", "邵静"} {
			m := store.Member{UserID: p, UserIDFold: store.Fold(p), Name: p, NameFold: store.Fold(p), Status: store.MemberActive, Visible: true}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			c.ids[p] = m.ID
		}
		return nil
	})
	c.engine = c.talks()
	return c
}

// talks is the chat with the commands of other domains as the requests find them.
func (c *company) talks() *chat.Engine {
	engine, err := chat.New(chat.Options{Directory: c, Permits: c, Todo: c.clocks, Location: shanghai})
	require.NoError(c.t, err)
	require.NoError(c.t, engine.RegisterRecords("item", noItems{}))
	number := chat.Arg{Name: "编号", Kind: chat.Number, Record: "item", Required: true, Prompt: "哪一条"}
	whole := number
	whole.Any = true
	to := chat.Arg{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "转交给谁"}
	for name, args := range map[string][]chat.Arg{"撤回": {number}, "催办": {number}, "转交": {number, to}, "已知悉": {whole}, "追溯": {whole}} {
		require.NoError(c.t, engine.Register(chat.Command{
			Name: name, Permission: chat.Everybody, Group: "沟通", Summary: name, Usage: name + " [编号]", Example: name + " 1", Args: args,
			Run: func(call *chat.Call) (chat.Answer, error) {
				return chat.Answer{}, chat.NotFound{Number: call.Number("编号")}
			},
		}))
	}
	require.NoError(c.t, engine.Register(c.clocks.Commands()...))
	require.NoError(c.t, c.requests.RegisterChat(engine))
	require.NoError(c.t, engine.Register(chat.Command{
		Name: "已开通", Permission: chat.Everybody, Group: "审批", Summary: "已开通", Usage: "已开通 <编号>", Example: "已开通 1",
		Args: []chat.Arg{{Name: "编号", Kind: chat.Number, Record: "request.deciding", Required: true, Prompt: "哪一项"}},
		Run: func(call *chat.Call) (chat.Answer, error) {
			r, err := c.requests.Decide(call, call.Number("编号"), true, "")
			if err != nil {
				return chat.Answer{}, err
			}
			return c.requests.Decided(call, r, true)
		},
	}))
	return engine
}

// noItems is a domain nothing is open in.
type noItems struct{}

func (noItems) Open(*store.Reader, chat.RecordQuery) ([]chat.Record, error) { return nil, nil }

// The company is its own people, directory and permits.

func (c *company) name(id int64) string {
	for name, other := range c.ids {
		if other == id {
			return name
		}
	}
	return ""
}

func (c *company) Resolve(r *store.Reader, w people.Whom, about int64) (people.Found, error) {
	if id, ok := strings.CutPrefix(string(w), "members:"); ok {
		n, err := strconv.ParseInt(id, 10, 64)
		return people.Found{Members: []int64{n}}, err
	}
	f := people.Found{Instead: c.instead[w]}
	if ids, named := strings.CutPrefix(string(w), "members:"); named {
		var id int64
		_, err := fmt.Sscan(ids, &id)
		if err != nil {
			return f, err
		}
		m, err := r.Member(id)
		if err == nil && m.Present() {
			f.Members = []int64{id}
		}
		return f, err
	}
	for _, name := range c.whom[w] {
		m, err := r.Member(c.ids[name])
		if err != nil {
			return f, err
		}
		if m.Present() && m.ID != about {
			f.Members = append(f.Members, m.ID)
		}
	}
	if len(f.Members) == 0 {
		return f, fmt.Errorf("whom %s: %w", w, store.ErrNotFound)
	}
	return f, nil
}

func (c *company) ReportVacancy(*store.Tx, people.Whom, people.Found, int64) error { return nil }

func (c *company) Superior(_ *store.Reader, member int64) (int64, error) {
	if superior := c.superiors[c.name(member)]; superior != "" {
		return c.ids[superior], nil
	}
	return 0, fmt.Errorf("superior: %w", store.ErrNotFound)
}

func (c *company) Heads(r *store.Reader, member int64) ([]int64, error) {
	id, err := c.Superior(r, member)
	return []int64{id}, err
}

func (c *company) StandsOver(r *store.Reader, member, other int64) (bool, error) {
	superior, err := c.Superior(r, other)
	return err == nil && superior == member, nil
}

func (c *company) Sees(_ *store.Reader, m store.Member, _ policy.Permission) ([]int64, string, error) {
	return []int64{m.ID}, "您的", nil
}

func (c *company) Administrators(*store.Reader) ([]int64, error) {
	return []int64{c.ids["陈立"]}, nil
}

func (c *company) Applicant(*store.Reader, store.Member) (policy.ApprovalApplicant, error) {
	return policy.ApprovalApplicant{}, nil
}

func (c *company) Members(r *store.Reader, word string, limit int) ([]store.Member, error) {
	return r.MembersNamed(word, limit)
}

func (c *company) Departments(*store.Reader, string, int) ([]store.Department, error) {
	return nil, nil
}

func (c *company) Label(_ *store.Reader, m store.Member) (string, error) { return m.Name, nil }

func (c *company) Permit(call *chat.Call, permission, _ string) (bool, error) {
	switch permission {
	case "item.answer", "item.trace", "approval.apply", "deputy.set", "report.response.view":
		return !c.allowed["not "+call.Member.Name+" "+permission], nil
	}
	return c.allowed[call.Member.Name+" "+permission], nil
}

func (c *company) Denied(call *chat.Call, permission, object string) error {
	c.denied = append(c.denied, call.Member.Name+" "+permission+" "+object)
	return nil
}

func (c *company) tx(do func(tx *store.Tx) error) {
	c.t.Helper()
	require.NoError(c.t, c.db.InTx(c.t.Context(), do))
}

func (c *company) reader() *store.Reader { return c.db.Reader(c.t.Context()) }

// settle runs every job that is due.
func (c *company) settle() {
	c.t.Helper()
	_, err := c.queue.Drain(c.t.Context())
	require.NoError(c.t, err)
}

// at moves the clock through every timer to a time of the company's zone.
func (c *company) at(text string) {
	c.t.Helper()
	end, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-"+text, shanghai)
	require.NoError(c.t, err)
	for {
		due, any, err := c.queue.NextDue(c.t.Context())
		require.NoError(c.t, err)
		if !any || due.After(end) {
			break
		}
		if due.After(c.clock.Now()) {
			c.clock.Set(due)
		}
		c.settle()
	}
	c.clock.Set(end)
}

// account is a draft of three steps, the last with a command of its own.
func (c *company) account() request.Draft {
	return request.Draft{
		Kind: "trial", Applicant: c.ids["赵六"], App: "assistant", Title: "账号申请：新人甲",
		Lines: []request.Line{
			{Key: "姓名", Value: "新人甲"},
			{Key: "手机号", Value: "13812345678", Only: []string{"开通"}},
		},
		Data: map[string]any{"name": "新人甲"},
		Steps: []request.Step{
			{Name: "部门负责人", Whom: "superior", Within: policy.WorkSpan{Workdays: 1}},
			{Name: "人事部核实", Whom: "department:人事部", Within: policy.WorkSpan{Workdays: 1}},
			{Name: "开通", Whom: "post:行政部/用户权限管理", Command: "已开通"},
		},
	}
}

// submits submits a draft; change may alter the usual one.
func (c *company) submits(change func(d *request.Draft)) string {
	c.t.Helper()
	d := c.account()
	if change != nil {
		change(&d)
	}
	var r store.Request
	c.tx(func(tx *store.Tx) (err error) {
		r, err = c.requests.Submit(tx, d)
		return err
	})
	c.settle()
	return r.Number
}

// says lets a member write, and answers what he is told at once.
func (c *company) says(who, text string) string {
	c.t.Helper()
	return c.acts(who, func(tx *store.Tx, from chat.From) (chat.Answer, error) { return c.engine.Handle(tx, from, text) })
}

func (c *company) acts(who string, do func(tx *store.Tx, from chat.From) (chat.Answer, error)) string {
	c.t.Helper()
	answer, err := c.tries(who, do)
	require.NoError(c.t, err)
	c.settle()
	return answer.Text
}

func (c *company) tries(who string, do func(tx *store.Tx, from chat.From) (chat.Answer, error)) (answer chat.Answer, err error) {
	err = c.db.InTx(c.t.Context(), func(tx *store.Tx) error {
		m, err := tx.Member(c.ids[who])
		if err != nil {
			return err
		}
		answer, err = do(tx, chat.From{Member: m, App: "assistant", Delivery: 7, At: tx.Now()})
		return err
	})
	return answer, err
}

// presses presses a button of the newest card sent to a member that has it.
func (c *company) presses(who, button string) string {
	c.t.Helper()
	shown := c.card(who)
	i := slices.IndexFunc(shown.ButtonList, func(b card.Button) bool { return b.Text == button })
	require.GreaterOrEqual(c.t, i, 0, "%s has no button %s", who, button)
	return c.acts(who, func(tx *store.Tx, from chat.From) (chat.Answer, error) {
		press, err := c.notify.Press(tx, "assistant", shown.TaskID, shown.ButtonList[i].Key, fmt.Sprint("press", tx.Now().UnixNano(), who))
		if err != nil {
			return chat.Answer{}, err
		}
		if press.Stale {
			return chat.Answer{Text: "卡片已变化"}, nil
		}
		return c.engine.Press(tx, from, press.Command)
	})
}

func (c *company) read(number string) (store.Request, []store.RequestStep) {
	c.t.Helper()
	r, err := c.reader().RequestByNumber(number)
	require.NoError(c.t, err)
	steps, err := c.reader().RequestSteps(r.ID)
	require.NoError(c.t, err)
	return r, steps
}

// states are the request's state and those of its steps.
func (c *company) states(number string) string {
	c.t.Helper()
	r, steps := c.read(number)
	all := []string{string(r.State)}
	for _, s := range steps {
		all = append(all, string(s.State))
	}
	return strings.Join(all, " ")
}

// history is the kinds of a request's entries.
func (c *company) history(number string) string {
	c.t.Helper()
	r, _ := c.read(number)
	entries, err := c.reader().RequestEntries(r.ID, 100)
	require.NoError(c.t, err)
	var all []string
	for _, e := range entries {
		all = append(all, string(e.Kind))
	}
	return strings.Join(all, " ")
}

// ended notes what a domain hears of an end.
func (c *company) ended(r store.Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if end := r.Number + " " + string(r.State); !slices.Contains(c.finished, end) { // a transaction may run again
		c.finished = append(c.finished, end)
	}
	return c.broken
}

var errDisk = errors.New("disk on fire")
