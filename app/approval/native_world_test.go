package approval_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/approval"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/app/response"
	"guiju/app/rulebook"
	"guiju/callback/event"
	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
	"guiju/wecom"
)

var nativeZone = time.FixedZone("Asia/Shanghai", 8*3600)

// nativeWorld is a small company whose trips the 审批 app decides, and a WeCom
// that answers by script. Its clock starts on Monday 2026-03-02 at 10:00.
type nativeWorld struct {
	t        *testing.T
	db       *store.DB
	clock    *storetest.Clock
	machine  *storetest.Clock
	queue    *queue.Queue
	requests *request.Requests
	natives  *approval.Native
	wecom    *nativeWeCom
	ids      map[string]int64
}

// nativeWeCom is the 审批 app: its forms, what it answers, and every message sent.
type nativeWeCom struct {
	mu       sync.Mutex
	now      func() time.Time
	template wecom.ApprovalTemplate
	forms    map[string]wecom.Approval
	open     map[string]wecom.Approval
	applied  []wecom.Application
	// swallow makes Apply store the form and lose the answer; refuse makes it
	// answer an error without storing.
	swallow, refuse error
	listErr         []error
	calls           []string
	sent            []string // "userid: text"
}

func (w *nativeWeCom) call(what string) {
	w.calls = append(w.calls, what)
}

func (w *nativeWeCom) TemplateDetail(context.Context, string) (wecom.ApprovalTemplate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call("template")
	return w.template, nil
}

func (w *nativeWeCom) Apply(_ context.Context, a wecom.Application) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call("apply")
	if w.refuse != nil {
		return "", w.refuse
	}
	w.applied = append(w.applied, a)
	number := "20260302" + string(rune('0'+len(w.forms)/10)) + string(rune('0'+len(w.forms)%10))
	w.forms[number] = w.form(number, a)
	if err := w.swallow; err != nil {
		w.swallow = nil
		return "", err
	}
	return number, nil
}

// form is what the detail shows of an application.
func (w *nativeWeCom) form(number string, a wecom.Application) wecom.Approval {
	f := wecom.Approval{
		Number: number, Name: "出差申请", TemplateID: a.TemplateID, Status: wecom.ApprovalPending, AppliedAt: w.now(), Applicant: strings.ToUpper(a.Applicant), Form: a.Form,
	}
	for _, n := range a.Nodes {
		node := wecom.ApprovalNode{Kind: n.Kind, Rule: n.Rule, Status: wecom.NodePending}
		for _, u := range n.Users {
			node.People = append(node.People, wecom.ApprovalPart{UserID: u, Status: wecom.NodePending})
		}
		if n.Kind == wecom.CopyNode {
			f.Copies = append(f.Copies, n.Users...)
			continue
		}
		f.Nodes = append(f.Nodes, node)
	}
	return f
}

func (w *nativeWeCom) ApprovalNumbers(_ context.Context, q wecom.ApprovalQuery) (wecom.ApprovalPage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call("list")
	if len(w.listErr) > 0 {
		err := w.listErr[0]
		w.listErr = w.listErr[1:]
		if err != nil {
			return wecom.ApprovalPage{}, err
		}
	}
	var page wecom.ApprovalPage
	for number, f := range w.forms {
		if !f.AppliedAt.Before(q.From) && !f.AppliedAt.After(q.To) && (q.Status == 0 || q.Status == f.Status) &&
			(q.Applicant == "" || strings.EqualFold(q.Applicant, f.Applicant)) && (q.TemplateID == "" || q.TemplateID == f.TemplateID) {
			page.Numbers = append(page.Numbers, number)
		}
	}
	slices.Sort(page.Numbers)
	return page, nil
}

func (w *nativeWeCom) ApprovalDetail(_ context.Context, number string) (wecom.Approval, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call("detail")
	f, ok := w.forms[number]
	if !ok {
		return f, errors.New("no such form")
	}
	return f, nil
}

func (w *nativeWeCom) OpenApproval(_ context.Context, number string) (wecom.Approval, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open[number], nil
}

func (w *nativeWeCom) UploadMedia(_ context.Context, _ wecom.MediaKind, name string, _ io.Reader) (wecom.Media, error) {
	return wecom.Media{ID: "media-" + name}, nil
}

// The company's app sends messages through the same WeCom.

func (w *nativeWeCom) SendRaw(_ context.Context, body []byte) (wecom.SendResult, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, string(body))
	return wecom.SendResult{MsgID: "m"}, nil
}

func (w *nativeWeCom) UpdateTemplateCard(context.Context, wecom.CardUpdate) (wecom.UpdateResult, error) {
	return wecom.UpdateResult{}, nil
}

func (w *nativeWeCom) AgentID() int64 { return 1000002 }

// nativeContacts knows nobody: provisional members stay so.
type nativeContacts struct{ people.Contacts }

func (nativeContacts) Member(context.Context, string) (wecom.Member, error) {
	return wecom.Member{}, errors.New("away")
}

const nativeRules = `
calendar: {holidays: []}
approval:
  templates:
    trip:
      title: 出差
      version: 1.0.0
      engine: native
      native: {template_id: C4Trip, controls: {目的地: Text-1, 天数: Number-2}}
      title_text: 出差：{目的地}
      fields:
        目的地: {type: text, required: true, prompt: 去哪里？}
        天数: {type: number, required: true, prompt: 几天？}
      route:
        - {node: head, name: 负责人, who: "人员:weiwei"}
        - {node: both, name: 两位, kind: all, who: ["人员:hejing", "人员:gaozong"]}
`

func tripControls() wecom.ApprovalTemplate {
	return wecom.ApprovalTemplate{Name: "出差申请", Controls: []wecom.TemplateControl{
		{Control: "Text", ID: "Text-1", Title: "目的地", Required: true}, {Control: "Number", ID: "Number-2", Title: "天数", Required: true},
	}}
}

func newNativeWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *nativeWorld {
	t.Helper()
	clock.Set(time.Date(2026, 3, 2, 10, 0, 0, 0, nativeZone))
	book, err := rulebook.Parse("test", []byte(nativeRules))
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	rules := func() *policy.Engine { return book.Engine }
	w := &nativeWorld{
		t: t, db: db, clock: clock, machine: storetest.NewClock(), ids: map[string]int64{},
		wecom: &nativeWeCom{now: clock.Now, template: tripControls(), forms: map[string]wecom.Approval{}, open: map[string]wecom.Approval{}},
	}
	n := notify.New(notify.Options{Senders: map[string]notify.Sender{"assistant": w.wecom}, DefaultApp: "assistant", Rules: rules, MachineNow: w.machine.Now, Logger: log})
	folk := people.New(db, nativeContacts{}, n, rules, log)
	clocks := response.New(n, rules, folk, log)
	w.requests = request.New(n, clocks, folk, rules, log)
	w.requests.Otherwise(func(string) (request.Kind, bool) { return request.Kind{Title: "出差"}, true })
	w.natives = approval.NewNative(approval.NativeOptions{
		DB: db, Apps: []string{"assistant"}, APIs: map[string]approval.NativeAPI{"assistant": w.wecom}, Requests: w.requests, People: folk, Notify: n,
		Rules: rules, Log: log, Files: func(string) (io.ReadCloser, error) { return nil, fs.ErrNotExist },
	})
	w.queue = queue.New(db, queue.Options{Logger: log, MachineNow: w.machine.Now})
	n.Register(w.queue)
	folk.Register(w.queue)
	clocks.Register(w.queue)
	w.requests.Register(w.queue)
	w.natives.Register(w.queue)
	w.tx(func(tx *store.Tx) error {
		for _, m := range [][2]string{{"zhaoliu", "赵六"}, {"weiwei", "魏伟"}, {"gaozong", "高总"}, {"hejing", "何静"}} { // not in the order of the route
			id, name := m[0], m[1]
			m := store.Member{UserID: id, UserIDFold: store.Fold(id), Name: name, NameFold: store.Fold(name), Status: store.MemberActive, Visible: true}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			w.ids[name] = m.ID
		}
		return nil
	})
	return w
}

func eachNative(t *testing.T, test func(w *nativeWorld)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) { test(newNativeWorld(t, db, clock)) })
}

func (w *nativeWorld) tx(do func(tx *store.Tx) error) {
	w.t.Helper()
	require.NoError(w.t, w.db.InTx(w.t.Context(), do))
}

// settle runs every job that is due, past pauses after failures.
func (w *nativeWorld) settle() {
	w.t.Helper()
	_, err := w.queue.Drain(w.t.Context())
	require.NoError(w.t, err)
}

// passes lets business time go by, and what falls due meanwhile happen.
func (w *nativeWorld) passes(d time.Duration) {
	w.t.Helper()
	end := w.clock.Now().Add(d)
	w.settle()
	for {
		due, any, err := w.queue.NextDue(w.t.Context())
		require.NoError(w.t, err)
		if !any || due.After(end) {
			break
		}
		if due.After(w.clock.Now()) {
			w.clock.Set(due)
		}
		w.settle()
	}
	w.clock.Set(end)
	w.settle()
}

// told is a callback about a form.
func (w *nativeWorld) told(number string) {
	w.t.Helper()
	w.tx(func(tx *store.Tx) error {
		return w.natives.Told(tx, "assistant", &event.SysApproval{Number: number})
	})
}

// submits lets 赵六 apply for a trip.
func (w *nativeWorld) submits(to string) store.Request {
	w.t.Helper()
	days, err := policy.ParseDecimal("2")
	require.NoError(w.t, err)
	var made store.Request
	w.tx(func(tx *store.Tx) error {
		d, err := w.requests.Plan(&tx.Reader, "trip", w.ids["赵六"], 0, policy.Form{"目的地": {Text: to}, "天数": {Number: days}})
		if err != nil {
			return err
		}
		d.App = "assistant"
		made, err = w.requests.SubmitNative(tx, d)
		return err
	})
	return made
}

func (w *nativeWorld) read(id int64) (store.Request, store.NativeCase) {
	w.t.Helper()
	q, err := w.db.Reader(w.t.Context()).Request(id)
	require.NoError(w.t, err)
	row, err := w.db.Reader(w.t.Context()).NativeCase(id)
	require.NoError(w.t, err)
	return q, row
}

// count is how many requests there are.
func (w *nativeWorld) count() int {
	w.t.Helper()
	all, err := w.db.Reader(w.t.Context()).RequestsOf(w.ids["赵六"], []store.RequestState{
		store.RequestRunning, store.RequestApproved, store.RequestRejected, store.RequestWithdrawn, store.RequestRevoked, store.RequestDeleted, store.RequestPaid}, 50)
	require.NoError(w.t, err)
	return len(all)
}

// gets says whether somebody was sent all these words in one message.
func (w *nativeWorld) gets(userid string, words ...string) bool {
	w.wecom.mu.Lock()
	defer w.wecom.mu.Unlock()
	return slices.ContainsFunc(w.wecom.sent, func(body string) bool {
		return strings.Contains(body, `"touser":"`+userid) && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(body, word) })
	})
}
