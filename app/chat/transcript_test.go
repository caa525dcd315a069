package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/store"
	"guiju/store/storetest"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// world is a company on a real database, with a small domain of its own. Its
// clock starts on Monday 2026-03-02 at 10:00.
type world struct {
	t       *testing.T
	db      *store.DB
	clock   *storetest.Clock
	engine  *chat.Engine
	people  map[string]store.Member
	open    map[string][]chat.Record // member → open items, newest first
	denied  []string                 // permission codes refused
	ran     []chat.Call              // calls that ran, oldest first
	waiting int
	log     strings.Builder
	last    chat.Answer
}

// onSQLite is for what the engine does not depend on.
func onSQLite(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	db, clock := storetest.Open(t)
	test(newWorld(t, db, clock))
}

// each is for what the conversation's row must carry on both engines.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		test(newWorld(t, db, clock))
	})
}

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	w := &world{t: t, db: db, clock: clock, people: map[string]store.Member{}, open: map[string][]chat.Record{}}
	w.clock.Set(time.Date(2026, 3, 2, 10, 0, 0, 0, shanghai))
	departments := []string{"规矩科技", "行政部", "销售部", "市场部", "技术支持部"}
	require.NoError(t, db.InTx(context.Background(), func(tx *store.Tx) error {
		var rows []store.Department
		for i, name := range departments {
			rows = append(rows, store.Department{ID: int64(i + 1), Name: name, NameFold: store.Fold(name), UpdatedAt: tx.Now()})
		}
		if err := tx.PutDepartments(rows); err != nil {
			return err
		}
		for _, p := range []struct {
			userid, name string
			department   int64
			status       store.MemberStatus
		}{
			{"zhaoliu", "赵六", 3, store.MemberActive}, {"sunqi", "孙七", 3, store.MemberActive}, {"shaojing", "邵静", 3, store.MemberActive},
			{"chenli", "陈立", 2, store.MemberActive}, {"lisi", "李四", 3, store.MemberActive}, {"lisi2", "李四", 4, store.MemberActive},
			{"laowang", "老王", 3, store.MemberLeft}, {"tingyong", "停用", 3, store.MemberDisabled}, {"Bob.Li", "Bob", 4, store.MemberActive},
		} {
			m := store.Member{UserID: p.userid, UserIDFold: store.Fold(p.userid), Name: p.name, NameFold: store.Fold(p.name),
				MainDepartment: p.department, Status: p.status, CreatedAt: tx.Now(), UpdatedAt: tx.Now(), Version: 1}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			if _, twice := w.people[p.name]; !twice {
				w.people[p.name] = m
			}
		}
		return nil
	}))
	w.engine = w.newEngine(chat.Options{})
	return w
}

func (w *world) newEngine(o chat.Options) *chat.Engine {
	o.Directory, o.Permits, o.Topics, o.Todo, o.Location = w, w, w, w, shanghai
	engine, err := chat.New(o)
	require.NoError(w.t, err)
	require.NoError(w.t, engine.RegisterRecords("item.received", received{w}))
	require.NoError(w.t, engine.Register(w.commands()...))
	return engine
}

// commands is a domain small enough to see through and with every kind.
func (w *world) commands() []chat.Command {
	run := func(c *chat.Call) (chat.Answer, error) {
		w.ran = append(w.ran, *c)
		return chat.Accepted("M20260302-0099", c.Command+"｜"+w.say(c)), nil
	}
	content := chat.Arg{Name: "内容", Kind: chat.Text, Required: true, Rest: true, Prompt: "请写内容"}
	command := func(name string, args ...chat.Arg) chat.Command {
		return chat.Command{Name: name, Summary: name + "的说明", Usage: name + " …", Example: name + " 例子", Group: "沟通", Permission: chat.Everybody, Args: args, Run: run}
	}
	number := chat.Arg{Name: "编号", Kind: chat.Number, Required: true, Record: "item.received", Prompt: "哪一项"}
	newest := number
	newest.Required, newest.Newest = false, true
	whole := number
	whole.Any = true

	notice := command("发通知",
		chat.Arg{Name: "对象", Kind: chat.Audience, Required: true, Prompt: "通知谁"}, content,
		chat.Arg{Name: "重要", Kind: chat.YesNo}, chat.Arg{Name: "需回复", Kind: chat.YesNo})
	notice.Aliases = []string{"通知"}
	ask := command("咨询", content, chat.Arg{Name: "重要", Kind: chat.YesNo})
	ask.Attach = true
	config := command("应用配置")
	config.Permission = "app.config.view"
	guarded := command("提醒试验", content)
	guarded.Run = func(c *chat.Call) (chat.Answer, error) {
		if !c.Insists {
			return chat.Answer{}, fmt.Errorf("check: %w", chat.Warned{Reason: "语气太急", Clause: "G1-4.1(4)a", Others: []chat.Button{{Text: "改发咨询", Key: "咨询"}}})
		}
		return run(c)
	}
	blocked := command("拒绝试验", content)
	blocked.Run = func(c *chat.Call) (chat.Answer, error) {
		return chat.Answer{}, chat.Refused{Reason: "工作时间不发私人内容", Clause: "G1-4.1.1(3)c", Instead: "下班后再发"}
	}
	copied := command("抄送试验", content, chat.Arg{Name: "抄送", Kind: chat.Person, Many: true, Keyed: true, Prompt: "抄送给谁"})
	copied.Run = func(c *chat.Call) (chat.Answer, error) {
		if !c.Has("抄送") {
			return chat.Answer{}, chat.Incomplete{Field: "抄送"}
		}
		return run(c)
	}
	missing := command("查找试验", whole)
	missing.Run = func(c *chat.Call) (chat.Answer, error) {
		return chat.Answer{}, chat.NotFound{Number: c.Number("编号")}
	}
	broken := command("故障试验")
	broken.Run = func(*chat.Call) (chat.Answer, error) { return chat.Answer{}, fmt.Errorf("disk on fire") }
	object := command("对象试验", number)
	object.Run = func(c *chat.Call) (chat.Answer, error) {
		return chat.Answer{}, chat.NoPermission{Permission: "doc.view", Object: c.Number("编号")}
	}
	follow := command("追问试验", number)
	follow.Run = func(c *chat.Call) (chat.Answer, error) {
		answer := chat.Accepted(c.Number("编号"), "未解决")
		answer.Ask = "回复 " + c.Number("编号")
		return answer, nil
	}
	todo := command("我的待办")
	todo.Example = "我的待办"
	return []chat.Command{
		notice, ask, command("回复", number, content), command("收到", newest), todo, config,
		command("布置", chat.Arg{Name: "执行人", Kind: chat.Person, Required: true, Prompt: "交给谁"},
			chat.Arg{Name: "标题", Kind: chat.Text, Required: true, Prompt: "做什么"},
			chat.Arg{Name: "截止", Kind: chat.DateTime, Required: true, Keyed: true, Prompt: "什么时候完成"},
			chat.Arg{Name: "级别", Kind: chat.Choice, Choices: []string{"高", "中", "低"}, Default: "中", Keyed: true},
			chat.Arg{Name: "说明", Kind: chat.Text}),
		command("宣布", chat.Arg{Name: "标题", Kind: chat.Text, Required: true, Prompt: "标题"},
			chat.Arg{Name: "正文", Kind: chat.Text, Required: true, Prompt: "正文"},
			chat.Arg{Name: "范围", Kind: chat.Audience, Required: true, Prompt: "范围"},
			chat.Arg{Name: "定时", Kind: chat.DateTime, Keyed: true}),
		command("代理", chat.Arg{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "由谁代理"},
			chat.Arg{Name: "开始", Kind: chat.Date, Required: true, Prompt: "从哪天起"},
			chat.Arg{Name: "结束", Kind: chat.Date, Required: true, Prompt: "到哪天", Validate: func(c *chat.Call, v chat.Value) error {
				if v.Time.Before(c.Time("开始")) {
					return chat.Refused{Reason: "结束早于开始", Instead: c.Time("开始").Format(time.DateOnly)}
				}
				return nil
			}}),
		command("登记", chat.Arg{Name: "金额", Kind: chat.Decimal, Required: true, Prompt: "多少钱"},
			chat.Arg{Name: "份数", Kind: chat.Integer, Required: true, Prompt: "几份"},
			chat.Arg{Name: "时间", Kind: chat.Time, Required: true, Prompt: "几点"},
			chat.Arg{Name: "时长", Kind: chat.Duration, Required: true, Prompt: "多久"},
			chat.Arg{Name: "级别", Kind: chat.Choice, Choices: []string{"高", "中", "低"}, Required: true, Prompt: "什么级别"},
			chat.Arg{Name: "公开", Kind: chat.YesNo, Required: true, Prompt: "公开吗"}),
		command("权限 分配", chat.Arg{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "给谁"}),
		command("权限", content),
		guarded, blocked, copied, missing, broken, object, follow,
	}
}

// say writes a call's arguments in the order of the command.
func (w *world) say(c *chat.Call) string {
	var parts []string
	for _, cmd := range w.commands() {
		if cmd.Name != c.Command {
			continue
		}
		for _, arg := range cmd.Args {
			if c.Has(arg.Name) {
				parts = append(parts, arg.Name+"="+canonical(arg.Kind, c.Value(arg.Name)))
			}
		}
	}
	return strings.Join(parts, "｜")
}

func canonical(kind chat.Kind, v chat.Value) string {
	switch kind {
	case chat.Person, chat.Audience:
		var names []string
		if v.All {
			names = append(names, "@全体")
		}
		for _, d := range v.Departments {
			names = append(names, d.Name)
		}
		for _, m := range v.People {
			names = append(names, m.UserID)
		}
		return strings.Join(names, ",")
	case chat.Date:
		return v.Time.Format(time.DateOnly)
	case chat.DateTime:
		return v.Time.Format("2006-01-02 15:04")
	case chat.Time:
		return v.Clock.String()
	case chat.Duration:
		return v.Span.String()
	case chat.Integer:
		return fmt.Sprint(v.Integer)
	case chat.YesNo:
		return fmt.Sprint(v.Yes)
	}
	return v.Text
}

// The world is the Directory, Permits, Topics and Todo of its engine.

func (w *world) Members(r *store.Reader, word string, limit int) ([]store.Member, error) {
	return r.MembersNamed(word, limit)
}

func (w *world) Departments(r *store.Reader, word string, limit int) ([]store.Department, error) {
	return r.DepartmentsNamed(word, limit)
}

func (w *world) Label(_ *store.Reader, m store.Member) (string, error) {
	return fmt.Sprintf("%s（%s）", m.Name, map[int64]string{2: "行政部", 3: "销售部", 4: "市场部"}[m.MainDepartment]), nil
}

func (w *world) Permit(c *chat.Call, permission, _ string) (bool, error) {
	return c.Member.Name == "陈立", nil
}

func (w *world) Denied(c *chat.Call, permission, object string) error {
	w.denied = append(w.denied, strings.TrimSpace(c.Member.Name+" "+permission+" "+object))
	return nil
}

func (w *world) Propose(_ *chat.Call, text string) (*chat.Proposal, error) {
	if !strings.Contains(text, "登录不上") {
		return nil, nil
	}
	return &chat.Proposal{Question: "发给技术支持部？", Command: "咨询", Values: map[string]string{"内容": text}}, nil
}

func (w *world) Waiting(*store.Reader, int64) (int, error) { return w.waiting, nil }

// received are the open items of the world; they take attachments.
type received struct{ w *world }

func (r received) Open(_ *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	for name, m := range r.w.people {
		if m.ID == q.Member {
			return r.w.open[name], nil
		}
	}
	return nil, nil
}

func (r received) Attach(*chat.Call, chat.Record, store.Attachment) (chat.Answer, error) {
	return chat.Answer{}, nil
}

func item(number, title string) chat.Record {
	var id int64
	fmt.Sscanf(number[strings.IndexByte(number, '-')+1:], "%d", &id)
	return chat.Record{Number: number, Title: title, Subject: store.Subject{Kind: "item", ID: id}}
}

// turn is one exchange; what follows it checks the answer.
type turn struct{ w *world }

func (w *world) act(who, what string, act func(tx *store.Tx, from chat.From) (chat.Answer, error)) turn {
	w.t.Helper()
	ran := len(w.ran)
	err := w.db.InTx(context.Background(), func(tx *store.Tx) (err error) {
		w.ran = w.ran[:ran]
		w.last, err = act(tx, chat.From{Member: w.people[who], App: "assistant", Delivery: 7, At: w.clock.Now()})
		return err
	})
	require.NoError(w.t, err)
	fmt.Fprintf(&w.log, "%s %s\n    ← %s\n", who, what, strings.ReplaceAll(w.last.Text, "\n", "\n      "))
	return turn{w}
}

func (w *world) Says(who, text string) turn {
	w.t.Helper()
	return w.act(who, "says "+text, func(tx *store.Tx, from chat.From) (chat.Answer, error) { return w.engine.Handle(tx, from, text) })
}

func (w *world) Presses(who, key string) turn {
	w.t.Helper()
	return w.act(who, "presses "+key, func(tx *store.Tx, from chat.From) (chat.Answer, error) { return w.engine.Press(tx, from, key) })
}

func (w *world) Clicks(who, key string) turn {
	w.t.Helper()
	return w.act(who, "clicks "+key, func(tx *store.Tx, from chat.From) (chat.Answer, error) { return w.engine.Menu(tx, from, key) })
}

func (w *world) Enters(who string) turn {
	w.t.Helper()
	return w.act(who, "enters", func(tx *store.Tx, from chat.From) (chat.Answer, error) { return w.engine.Enter(tx, from) })
}

func (w *world) Sends(who string, media chat.Media) turn {
	w.t.Helper()
	return w.act(who, "sends "+media.Kind, func(tx *store.Tx, from chat.From) (chat.Answer, error) { return w.engine.NonText(tx, from, media) })
}

func (w *world) After(d time.Duration) *world {
	w.clock.Advance(d)
	fmt.Fprintf(&w.log, "-- %s later\n", d)
	return w
}

// Gets wants every part in the answer.
func (x turn) Gets(parts ...string) turn {
	x.w.t.Helper()
	for _, part := range parts {
		require.Contains(x.w.t, x.w.last.Text, part, x.w.log.String())
	}
	return x
}

// Is wants exactly this answer.
func (x turn) Is(text string) turn {
	x.w.t.Helper()
	require.Equal(x.w.t, text, x.w.last.Text, x.w.log.String())
	return x
}

// Begins wants the answer to start so.
func (x turn) Begins(prefix string) turn {
	x.w.t.Helper()
	require.True(x.w.t, strings.HasPrefix(x.w.last.Text, prefix), "want %s…\n%s", prefix, x.w.log.String())
	return x
}

// Lacks wants none of the parts in the answer.
func (x turn) Lacks(parts ...string) turn {
	x.w.t.Helper()
	for _, part := range parts {
		require.NotContains(x.w.t, x.w.last.Text, part, x.w.log.String())
	}
	return x
}

// Runs wants the command to have run with these arguments.
func (x turn) Runs(line string) turn {
	x.w.t.Helper()
	return x.Gets("【已受理】M20260302-0099 " + line)
}

// Buttons wants a card with these button texts.
func (x turn) Buttons(texts ...string) turn {
	x.w.t.Helper()
	require.NotNil(x.w.t, x.w.last.Card, x.w.log.String())
	var got []string
	for _, choice := range x.w.last.Card.Choices {
		got = append(got, choice.Caption)
	}
	require.Equal(x.w.t, texts, got, x.w.log.String())
	return x
}
