package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/config"
	"guiju/callback"
	"guiju/store"
)

const aesKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

// bench is an App that was built and made ready, without its background work:
// tests call the rounds of upkeep themselves.
type bench struct {
	*App
	t   *testing.T
	mu  sync.Mutex
	now time.Time // business time; machine time stays real
}

var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) // 10:00 in Shanghai

func (b *bench) at(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = t
}

func testConfig(t *testing.T, rules string) config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Default()
	cfg.Store.DSN = config.NewSecret(filepath.Join(dir, "guiju.db"))
	cfg.Spool.Dir, cfg.Media.Dir = filepath.Join(dir, "spool"), filepath.Join(dir, "media")
	cfg.Rulebook = filepath.Join(dir, "rules.yaml")
	require.NoError(t, os.WriteFile(cfg.Rulebook, []byte(rules), 0o600))
	cfg.WeCom.CorpID, cfg.WeCom.APIBaseURL = "wwtest", "http://127.0.0.1:1" // nothing here calls WeCom
	cfg.WeCom.Apps = []config.App{{
		Name: "assistant", AgentID: 1000002, Secret: config.NewSecret("s3cret-of-the-app"),
		Token: config.NewSecret("TestToken"), EncodingAESKey: config.NewSecret(aesKey),
	}}
	return cfg
}

func newBench(t *testing.T, cfg config.Config) *bench {
	t.Helper()
	b := &bench{t: t, now: monday}
	a, err := New(cfg, Options{Logger: slog.New(slog.DiscardHandler), Now: func() time.Time {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.now
	}})
	require.NoError(t, err)
	b.App = a
	t.Cleanup(func() { _ = a.unwind(context.Background()) })
	return b
}

// prepare makes the database ready and adds an administrator.
func (b *bench) prepare() *bench {
	b.t.Helper()
	ctx := b.t.Context()
	require.NoError(b.t, b.db.Ready(ctx))
	require.NoError(b.t, b.adoptRulebook(ctx))
	b.ready.Store(true)
	b.write(func(tx *store.Tx) error {
		if err := tx.PutDepartments([]store.Department{{ID: 1, Name: "公司"}, {ID: 2, ParentID: 1, Name: "总经理办公室"}}); err != nil {
			return err
		}
		for i, name := range []string{"admin", "gaozong", "zhaoliu"} {
			m := store.Member{UserID: name, Name: name, Status: store.MemberActive, Visible: true, MainDepartment: 1}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			if i == 1 {
				if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: 2}}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return b
}

func (b *bench) write(do func(tx *store.Tx) error) {
	b.t.Helper()
	require.NoError(b.t, b.db.InTx(b.t.Context(), do))
}

func (b *bench) reader() *store.Reader { return b.db.Reader(b.t.Context()) }

// told are the texts planned about a subject.
func (b *bench) told(s store.Subject) []string {
	b.t.Helper()
	list, err := b.reader().SentAbout(s, 100)
	require.NoError(b.t, err)
	var texts []string
	for _, m := range list {
		texts = append(texts, m.Text)
	}
	return texts
}

var system = store.Subject{Kind: "system"}

const rules = "administrators: [admin]\ncalendar: {holidays: []}\n"

func TestRefusalsAreStoredAndAlertOncePerWindow(t *testing.T) {
	b := newBench(t, testConfig(t, rules)).prepare()
	for i := range 19 {
		b.refusals.add("assistant", "signature", monday.Add(time.Duration(i)*time.Second))
	}
	b.refusals.add(callback.UnknownReceiver, "receiver", monday) // a scanner of the net
	b.at(monday.Add(time.Minute))
	require.NoError(t, b.beat(t.Context()))
	require.NoError(t, b.tick(t.Context()))
	require.Empty(t, b.told(system), "19 are below the threshold of 20")
	list, err := b.reader().Refusals("20260302", 10)
	require.NoError(t, err)
	require.Len(t, list, 2)

	b.refusals.add("assistant", "padding", monday.Add(time.Minute))
	b.refusals.add("assistant", "block", monday.Add(time.Minute)) // to an administrator the same
	require.NoError(t, b.tick(t.Context()))
	require.Len(t, b.told(system), 1)
	require.Contains(t, b.told(system)[0], "21 个回调请求没有通过验证：assistant 签名不符 19 次，assistant 解密失败 2 次")

	for i := range 500 {
		b.refusals.add("assistant", "signature", monday.Add(2*time.Minute+time.Duration(i)*time.Millisecond))
	}
	b.at(monday.Add(10 * time.Minute))
	require.NoError(t, b.tick(t.Context()))
	require.Len(t, b.told(system), 1, "one alert in a window")
	b.at(monday.Add(12 * time.Minute))
	b.refusals.add("assistant", "signature", monday.Add(12*time.Minute))
	require.NoError(t, b.tick(t.Context()))
	require.Len(t, b.told(system), 2, "the attack goes on in the next window")

	b.at(monday.Add(time.Hour))
	require.NoError(t, b.tick(t.Context()))
	require.Len(t, b.told(system), 2, "and is forgotten when it ends")
}

func TestRefusalsSurviveAnOutage(t *testing.T) {
	b := newBench(t, testConfig(t, rules)) // the database was never ready
	b.refusals.add("assistant", "signature", monday)
	require.ErrorIs(t, b.flushRefusals(t.Context()), store.ErrUnavailable)
	b.refusals.add("assistant", "signature", monday.Add(time.Second))
	b.prepare()
	require.NoError(t, b.flushRefusals(t.Context()))
	list, err := b.reader().Refusals("20260302", 10)
	require.NoError(t, err)
	require.Equal(t, int64(2), list[0].Times)
}

func TestRefusalsStaySmall(t *testing.T) {
	var r refusals
	for i := range 3 * alertMinutes {
		r.add("assistant", "signature", monday.Add(time.Duration(i)*time.Minute))
	}
	require.LessOrEqual(t, len(r.minutes), alertMinutes)
	require.Len(t, r.take(), 1)
	require.Empty(t, r.take())
}

func TestHolidaysOfNextYearAreAsked(t *testing.T) {
	b := newBench(t, testConfig(t, "administrators: [admin]\ncalendar: {holidays: cn}\n")).prepare()
	b.at(time.Date(2026, 10, 20, 2, 0, 0, 0, time.UTC))
	require.NoError(t, b.alarmHolidays(t.Context()))
	require.Empty(t, b.told(system), "not announced yet")
	b.at(time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC))
	for range 3 {
		require.NoError(t, b.alarmHolidays(t.Context()))
	}
	require.Len(t, b.told(system), 1)
	require.Contains(t, b.told(system)[0], "2027 年的法定节假日")
	b.at(time.Date(2026, 12, 3, 2, 0, 0, 0, time.UTC))
	require.NoError(t, b.alarmHolidays(t.Context()))
	require.Len(t, b.told(system), 2, "monthly")
}

func TestRulebookFileThatChangedIsProposed(t *testing.T) {
	cfg := testConfig(t, rules)
	b := newBench(t, cfg).prepare()
	require.Equal(t, 1, b.rules.Load().Version())

	require.NoError(t, os.WriteFile(cfg.Rulebook, []byte(rules+"response: {important_minutes: 20}\nnotify: {quiet_hours: \"22:00-07:00\"}\n"), 0o600))
	require.NoError(t, b.adoptRulebook(t.Context()))
	require.Equal(t, 30, b.rules.Load().Rules().Response.ImportantMinutes, "a guide value waits")
	pending, err := b.reader().OpenRulebook(b.db.Now())
	require.NoError(t, err)
	told := b.told(store.Subject{Kind: "rulebook", ID: pending.Version})
	require.Len(t, told, 1)
	require.Contains(t, told[0], fmt.Sprintf("guiju rulebook diff --version %d；批准：guiju rulebook approve %d", pending.Version, pending.Version))
	require.NoError(t, b.adoptRulebook(t.Context()), "a restart with the same file")
	list, err := b.reader().Rulebooks(10)
	require.NoError(t, err)
	before := len(list)

	// Another process approves it for later; this one follows when its day comes.
	effective := monday.Add(48 * time.Hour)
	ad := &Admin{b.App}
	_, err = ad.ApproveRulebook(t.Context(), pending.Version, "zhaoliu", effective)
	require.ErrorAs(t, err, new(NotAllowed))
	audit, err := b.reader().AuditOf(store.Subject{Kind: "rulebook", ID: pending.Version}, 0, 10)
	require.NoError(t, err)
	require.Equal(t, "rulebook.approve_denied", audit[len(audit)-1].Action, "the refusal stays on record")
	_, err = ad.ApproveRulebook(t.Context(), pending.Version, "gaozong", effective)
	require.NoError(t, err)
	require.NoError(t, b.beat(t.Context()))
	require.Equal(t, 30, b.rules.Load().Rules().Response.ImportantMinutes)
	b.at(effective)
	require.NoError(t, b.beat(t.Context()))
	require.Equal(t, 20, b.rules.Load().Rules().Response.ImportantMinutes)
	require.NoError(t, b.adoptRulebook(t.Context()))
	list, err = b.reader().Rulebooks(10)
	require.NoError(t, err)
	require.Len(t, list, before, "the same file again changes nothing")
}

func TestNewerFileSupersedesThePendingVersion(t *testing.T) {
	cfg := testConfig(t, rules)
	b := newBench(t, cfg).prepare()
	for _, minutes := range []string{"20", "25"} {
		require.NoError(t, os.WriteFile(cfg.Rulebook, []byte(rules+"response: {important_minutes: "+minutes+"}\n"), 0o600))
		require.NoError(t, b.adoptRulebook(t.Context()))
	}
	list, err := b.reader().Rulebooks(10)
	require.NoError(t, err)
	require.Equal(t, []store.RulebookState{store.RulebookPending, store.RulebookSuperseded, store.RulebookActive},
		[]store.RulebookState{list[0].State, list[1].State, list[2].State})
	_, err = (&Admin{b.App}).ApproveRulebook(t.Context(), list[1].Version, "gaozong", monday)
	require.ErrorContains(t, err, "superseded, not pending")
}

func TestPurgeForgetsBodiesAndKeepsTheRecord(t *testing.T) {
	cfg := testConfig(t, rules)
	cfg.Retention.MessageBodies = 24 * time.Hour
	b := newBench(t, cfg).prepare()
	var delivery, withdrawn, closed, open int64
	b.write(func(tx *store.Tx) error {
		d, _, err := tx.AcceptDelivery(store.Delivery{Key: "k", Receiver: "assistant", Raw: []byte("秘密"), EventAt: monday, ReceivedAt: monday})
		if err != nil {
			return err
		}
		delivery = d.ID
		ended := monday
		for id, state := range map[*int64]store.ItemState{&withdrawn: store.ItemWithdrawn, &closed: store.ItemClosed, &open: store.ItemOpen} {
			item := store.Item{Number: string(state), Kind: store.InquiryItem, Body: "秘密", State: state}
			if state != store.ItemOpen {
				item.ClosedAt = &ended
			}
			if err := tx.AddItem(&item); err != nil {
				return err
			}
			if err := tx.AddEntry(store.ItemEntry{ItemID: item.ID, Kind: store.EntryAsked, Text: "秘密", At: ended}); err != nil {
				return err
			}
			*id = item.ID
		}
		if err := tx.PutHandOverWork(store.HandOverWork{HandOverID: 1, SubjectKind: "item", SubjectID: closed, Title: "秘密", State: store.WorkListed}); err != nil {
			return err
		}
		application := store.AccountApplication{Number: "A2", Name: "秘密", Reason: "秘密", State: store.AccountRejected, EffectiveAt: ended, EndedAt: &ended}
		if err := tx.AddAccountApplication(&application); err != nil {
			return err
		}
		if err := tx.AddContactEvent(&store.ContactEvent{ChangeType: "update_user", UserID: "zhouba", Detail: "{}", At: ended}); err != nil {
			return err
		}
		request := store.Request{Number: "A1", Personal: "秘密", Data: "秘密", Title: "申请", State: store.RequestApproved, FinishedAt: &ended}
		return tx.AddRequest(&request, nil)
	})
	b.at(monday.Add(25 * time.Hour))
	require.NoError(t, b.purge(t.Context()))
	d, err := b.reader().Delivery(delivery)
	require.NoError(t, err, "the key stays 30 days")
	require.Empty(t, d.Raw)
	body := func(id int64) string {
		item, err := b.reader().Item(id)
		require.NoError(t, err)
		return item.Body
	}
	require.Empty(t, body(withdrawn))
	require.Equal(t, "秘密", body(closed), "the archive follows archive.comm_years")
	require.Equal(t, "秘密", body(open))
	entries, err := b.reader().ItemEntries(withdrawn, 10)
	require.NoError(t, err)
	require.Empty(t, entries[0].Text)
	request, err := b.reader().RequestByNumber("A1")
	require.NoError(t, err)
	require.Empty(t, request.Personal+request.Data)
	require.Equal(t, "申请", request.Title, "so does what was decided")
	works, err := b.reader().HandOverWorks(1, 10)
	require.NoError(t, err)
	require.Empty(t, works[0].Title, "it quotes an item")
	application, err := b.reader().AccountApplicationByNumber("A2")
	require.NoError(t, err)
	require.Empty(t, application.Name+application.Reason)
	told, err := b.reader().ContactEventsAfter(0, 10)
	require.NoError(t, err)
	require.Len(t, told, 1, "as long as delivery keys")

	b.at(monday.AddDate(0, 0, 31))
	require.NoError(t, b.purge(t.Context()))
	told, err = b.reader().ContactEventsAfter(0, 10)
	require.NoError(t, err)
	require.Empty(t, told)
	_, err = b.reader().Delivery(delivery)
	require.ErrorIs(t, err, store.ErrNotFound)

	b.at(monday.AddDate(3, 0, 1))
	require.NoError(t, b.purge(t.Context()))
	require.Empty(t, body(closed))
	require.Equal(t, "秘密", body(open))
}

func TestUpkeepEndsWithItsContext(t *testing.T) {
	b := newBench(t, testConfig(t, rules)).prepare()
	b.refusals.add("assistant", "signature", monday)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { b.upkeep(ctx); close(done) }()
	cancel()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("upkeep did not end")
	}
	list, err := b.reader().Refusals("20260302", 10)
	require.NoError(t, err)
	require.Len(t, list, 1, "the last counts are stored")
}

func TestDeadlinesWaitForTheSpoolsOfOthers(t *testing.T) {
	b := newBench(t, testConfig(t, rules)).prepare()
	require.False(t, b.holdDeadlines())
	b.othersSpool.Store(true)
	require.True(t, b.holdDeadlines())
}

func TestEveryMenuEntryIsACommand(t *testing.T) {
	b := newBench(t, testConfig(t, rules))
	groups := menu(b.chat.Commands())
	require.Len(t, groups, len(menuGroups))
	for i, g := range menuGroups {
		require.Len(t, groups[i].SubButtons, len(g.commands), "%s: every entry is registered", g.name)
		for _, entry := range groups[i].SubButtons {
			require.Equal(t, entry.Name, entry.Key)
		}
	}
}

func TestReplayRefusesWhatIsHandled(t *testing.T) {
	b := newBench(t, testConfig(t, rules)).prepare()
	ad := &Admin{b.App}
	var id int64
	b.write(func(tx *store.Tx) error {
		d, _, err := tx.AcceptDelivery(store.Delivery{Key: "k", Receiver: "assistant", Raw: []byte("<xml/>"), EventAt: monday, ReceivedAt: monday, State: store.DeliveryFailed})
		id = d.ID
		return err
	})
	require.NoError(t, ad.Replay(t.Context(), id))
	require.NoError(t, ad.Replay(t.Context(), id), "twice is one job")
	jobs, err := b.reader().Jobs(store.JobFilter{Kind: HandleEvent{}.Kind()})
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	b.write(func(tx *store.Tx) error { return tx.FinishDelivery(id, store.ReplyNone, nil) })
	require.True(t, errors.Is(ad.Replay(t.Context(), id), ErrHandled))
	require.ErrorIs(t, ad.Replay(t.Context(), 999), store.ErrNotFound)
}
