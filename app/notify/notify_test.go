package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/app/rulebook"
	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
	"guiju/wecom"
	"guiju/wecom/card"
)

// platform stands for WeCom behind the real client: it answers what the test
// scripted, then ok.
type platform struct {
	mu      sync.Mutex
	bodies  []string
	updates []update
	script  []string // an answer each; drop loses the answer
	invalid string
	codes   int
}

const drop = "drop"

type update struct {
	UserIDs      []string     `json:"userids"`
	ResponseCode string       `json:"response_code"`
	Card         card.Content `json:"template_card"`
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	answer := ""
	switch r.URL.Path {
	case "/cgi-bin/gettoken":
		_, _ = io.WriteString(w, `{"errcode":0,"access_token":"t","expires_in":7200}`)
		return
	case "/cgi-bin/message/send":
		p.bodies = append(p.bodies, string(body))
		p.codes++
		answer = fmt.Sprintf(`{"errcode":0,"msgid":"m%d","response_code":"code%d","invaliduser":%q}`, p.codes, p.codes, p.invalid)
	case "/cgi-bin/message/update_template_card":
		var u update
		if err := json.Unmarshal(body, &u); err != nil {
			panic(err)
		}
		p.updates = append(p.updates, u)
		answer = `{"errcode":0}`
	}
	if len(p.script) > 0 {
		answer, p.script = p.script[0], p.script[1:]
	}
	if answer == drop {
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, answer)
}

func errcode(code int) string { return fmt.Sprintf(`{"errcode":%d,"errmsg":"scripted"}`, code) }

// desk is a notifier with its queue, two members and a card about subject 1.
type desk struct {
	t         *testing.T
	db        *store.DB
	clock     *storetest.Clock
	machine   *storetest.Clock
	platform  *platform
	notify    *notify.Notifier
	queue     *queue.Queue
	members   []int64
	phase     int64
	open      bool
	delivered []int64
	refused   []notify.Refused
	log       bytes.Buffer // of the notifier
}

var about = store.Subject{Kind: "item", ID: 1}

func newDesk(t *testing.T, db *store.DB, clock *storetest.Clock) *desk {
	book, err := rulebook.Parse("test", []byte("calendar: {holidays: []}\n"))
	require.NoError(t, err)
	d := &desk{t: t, db: db, clock: clock, machine: storetest.NewClock(), platform: &platform{}, phase: 1, open: true}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	d.queue = queue.New(db, queue.Options{Logger: log, MachineNow: d.machine.Now})
	server := httptest.NewServer(d.platform)
	t.Cleanup(server.Close)
	client, err := wecom.New(wecom.Config{Name: "assistant", CorpID: "ww1", AgentID: 1000002, Secret: "s", BaseURL: server.URL},
		wecom.Options{Now: d.machine.Now})
	require.NoError(t, err)
	d.notify = notify.New(notify.Options{
		Senders: map[string]notify.Sender{"assistant": client}, DefaultApp: "assistant",
		Rules: func() *policy.Engine { return book.Engine }, MachineNow: d.machine.Now, Logger: slog.New(slog.NewTextHandler(&d.log, nil)),
	})
	d.notify.Card("test", func(_ *store.Reader, v notify.View) (notify.Rendered, error) {
		return notify.Rendered{
			Card: card.ButtonInteraction{
				TaskID: v.TaskID, Title: card.MainTitle{Title: fmt.Sprintf("第%d版", d.phase)},
				Buttons: []card.Button{{Text: "收到", Key: notify.Key(d.phase, "收到 M1")}},
			},
			Phase: d.phase, Open: d.open, Closed: "已办结",
		}, nil
	})
	d.notify.OnDelivered("test", func(_ *store.Tx, x notify.Delivered) error {
		d.delivered = append(d.delivered, x.Members...)
		return nil
	})
	d.notify.OnRefused(func(_ *store.Tx, r notify.Refused) error {
		d.refused = append(d.refused, r)
		return nil
	})
	d.notify.Register(d.queue)
	d.tx(func(tx *store.Tx) error {
		for _, name := range []string{"zhaoliu", "HeJing"} {
			m := store.Member{UserID: name, Name: name, Status: store.MemberActive, Visible: true}
			if err := tx.AddMember(&m); err != nil {
				return err
			}
			d.members = append(d.members, m.ID)
		}
		return nil
	})
	return d
}

func (d *desk) tx(fn func(tx *store.Tx) error) {
	d.t.Helper()
	require.NoError(d.t, d.db.InTx(context.Background(), fn))
}

func (d *desk) tell(n notify.Notice) {
	d.t.Helper()
	if n.Purpose == "" {
		n.Purpose = "test"
	}
	d.tx(func(tx *store.Tx) error { return d.notify.Tell(tx, n) })
}

func (d *desk) drain() queue.Ran {
	d.t.Helper()
	ran, err := d.queue.Drain(context.Background())
	require.NoError(d.t, err)
	return ran
}

// later lets pauses after failures end.
func (d *desk) later(by time.Duration) {
	d.t.Helper()
	d.machine.Advance(by)
	d.drain()
}

func (d *desk) states() map[store.SentState]int {
	d.t.Helper()
	counts := map[store.SentState]int{}
	for id := int64(1); ; id++ {
		m, err := d.db.Reader(context.Background()).SentMessage(id)
		if err != nil {
			return counts
		}
		counts[m.State]++
	}
}

func TestOneMessageGoesOutOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.tell(notify.Notice{To: []int64{d.members[0], d.members[0]}, Text: "你好", Unique: "once"})
		d.tell(notify.Notice{To: d.members[:1], Text: "你好", Unique: "once"})
		d.drain()
		require.Len(t, d.platform.bodies, 1)
		var sent map[string]any
		require.NoError(t, json.Unmarshal([]byte(d.platform.bodies[0]), &sent))
		require.Equal(t, "zhaoliu", sent["touser"])
		require.EqualValues(t, 1, sent["enable_duplicate_check"])
		require.Equal(t, d.members[:1], d.delivered)
	})
}

// An attempt without an answer is repeated with the same bytes, so that
// WeCom's duplicate check makes it one message.
func TestAnAttemptWithoutAnAnswerIsRepeatedWithTheSameBytes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.platform.script = []string{drop}
		d.tell(notify.Notice{To: d.members[:1], Text: "你好"})
		d.drain()
		require.Empty(t, d.delivered)
		d.later(time.Minute)
		require.Len(t, d.platform.bodies, 2)
		require.Equal(t, d.platform.bodies[0], d.platform.bodies[1])
		require.Equal(t, d.members[:1], d.delivered)
	})
}

// After four hours WeCom no longer recognises the repetition: nobody knows
// whether the message arrived, and a person is told instead of the reader twice.
func TestAnUnknownOutcomeOlderThanFourHoursIsSetAside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.platform.script = []string{drop}
		d.tell(notify.Notice{To: d.members[:1], Text: "你好"})
		d.drain()
		d.later(5 * time.Hour)
		require.Len(t, d.platform.bodies, 1)
		require.Equal(t, 1, d.states()[store.SentAside])
		require.Len(t, d.refused, 1)
		require.Contains(t, d.refused[0].Why, "4 小时")
	})
}

func TestCertainFailuresAreTriedAgainWithTheSameBytes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.platform.script = []string{errcode(45009), errcode(-1), errcode(60020)}
		d.tell(notify.Notice{To: d.members[:1], Text: "你好"})
		d.drain()
		for range 3 {
			d.later(10 * time.Minute)
		}
		require.Len(t, d.platform.bodies, 4)
		for _, body := range d.platform.bodies {
			require.Equal(t, d.platform.bodies[0], body)
		}
		require.Equal(t, 1, d.states()[store.SentDone])
		require.Empty(t, d.refused)
	})
}

func TestARefusalIsFinalAndTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.platform.script = []string{errcode(81013)}
		d.tell(notify.Notice{To: d.members, Text: "你好"})
		d.drain()
		d.later(time.Hour)
		require.Len(t, d.platform.bodies, 1)
		require.Len(t, d.refused, 1)
		require.Equal(t, d.members, d.refused[0].Members)
		require.Contains(t, d.refused[0].Why, "81013")
		require.Contains(t, d.log.String(), "errcode 81013")
		require.NotContains(t, d.log.String(), "你好")
	})
}

// WeCom answers invalid users in lower case, whatever their own writing.
func TestInvalidRecipientsAreFaultsTheOthersHaveIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.platform.invalid = "hejing"
		d.tell(notify.Notice{To: d.members, Text: "你好"})
		d.drain()
		require.Equal(t, d.members[:1], d.delivered)
		require.Len(t, d.refused, 1)
		require.Equal(t, d.members[1:], d.refused[0].Members)
	})
}

func TestNobodyIsToldMoreThanTwentyFiveTimesAMinute(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		for i := range 30 {
			d.tell(notify.Notice{To: d.members[:1], Text: fmt.Sprintf("第%d条", i), Important: true})
		}
		d.tell(notify.Notice{To: d.members, Text: "给两个人", Important: true})
		d.drain()
		require.Len(t, d.platform.bodies, 26, "25 to the busy one, and the other's copy of the joint message")
		require.Equal(t, []int64{d.members[1]}, d.delivered[25:])
		d.clock.Advance(70 * time.Second)
		d.drain()
		require.Len(t, d.platform.bodies, 32)
		require.Contains(t, d.platform.bodies[26], "第25条", "in the order they were planned")
	})
}

func TestMoreThanTheDigestAllowsBecomesOneMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		for i := range 9 {
			d.tell(notify.Notice{To: d.members[:1], Text: fmt.Sprintf("普通消息%d", i)})
		}
		d.tell(notify.Notice{To: d.members[:1], Text: "要您处理", Asks: true})
		d.tell(notify.Notice{To: d.members[:1], Text: "重要", Important: true})
		d.drain()
		require.Len(t, d.platform.bodies, 7, "five, the one that asks and the important one")
		d.clock.Advance(10 * time.Minute)
		d.drain()
		require.Len(t, d.platform.bodies, 8)
		for i := 5; i < 9; i++ {
			require.Contains(t, d.platform.bodies[7], fmt.Sprintf("普通消息%d", i))
		}
		require.Equal(t, 4, d.states()[store.SentDigested])
	})
}

// TestWhatADigestHasNoRoomForComesInTheNext keeps long lines from being
// swallowed: a text message ends at 2,048 bytes.
func TestWhatADigestHasNoRoomForComesInTheNext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		for i := range 25 {
			d.tell(notify.Notice{To: d.members[:1], Text: fmt.Sprintf("普通消息%02d", i) + strings.Repeat("长", 70)})
		}
		d.drain()
		require.Len(t, d.platform.bodies, 5)
		d.clock.Advance(10 * time.Minute)
		d.drain()
		require.Equal(t, 20, d.states()[store.SentDigested])
		digests := strings.Join(d.platform.bodies[5:], "\n")
		for i := 5; i < 25; i++ {
			require.Contains(t, digests, fmt.Sprintf("普通消息%02d", i))
		}
		for _, body := range d.platform.bodies[5:] {
			require.Less(t, len(body), 2048+500, "a text and what stands around it")
		}
	})
}

func TestQuietHoursHoldOnlyWhatCanWait(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.clock.Set(time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)) // 22:00 in China
		d.tell(notify.Notice{To: d.members[:1], Text: "普通"})
		d.tell(notify.Notice{To: d.members[:1], Text: "重要", Important: true})
		d.tell(notify.Notice{To: d.members[:1], Text: "答复", Prompt: true})
		d.drain()
		require.Len(t, d.platform.bodies, 2, "the important one and the answer do not wait behind the other")
		d.clock.Set(time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC)) // 07:30
		d.drain()
		require.Len(t, d.platform.bodies, 3)
	})
}

func TestWhoHasLeftIsNotWrittenTo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		d.tell(notify.Notice{To: d.members[:1], Text: "你好"})
		d.tx(func(tx *store.Tx) error {
			m, err := tx.Member(d.members[0])
			if err != nil {
				return err
			}
			m.Status = store.MemberLeft
			return tx.SaveMember(&m)
		})
		d.drain()
		require.Empty(t, d.platform.bodies)
		require.Len(t, d.refused, 1)
	})
}

func (d *desk) sendCard() store.Card {
	d.t.Helper()
	d.tell(notify.Notice{To: d.members, Text: "卡片", Card: "test", Subject: about, Asks: true})
	d.drain()
	cards, err := d.db.Reader(context.Background()).CardsAbout(about, 10)
	require.NoError(d.t, err)
	require.NotEmpty(d.t, cards)
	return cards[len(cards)-1]
}

func (d *desk) refresh() {
	d.t.Helper()
	d.tx(func(tx *store.Tx) error { return d.notify.Refresh(tx, about) })
}

func TestACardIsRedrawnForAllHoldersWithACodeUsedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		c := d.sendCard()
		d.phase, d.open = 2, false
		d.refresh()
		d.refresh() // two changes before the job runs are one update
		d.drain()
		require.Len(t, d.platform.updates, 1)
		require.Equal(t, "code1", d.platform.updates[0].ResponseCode)
		require.Equal(t, []string{"zhaoliu", "HeJing"}, d.platform.updates[0].UserIDs)
		require.Equal(t, "已办结", d.platform.updates[0].Card.ReplaceText)

		d.refresh() // no code is left, and a closed card is not sent afresh
		d.drain()
		require.Len(t, d.platform.updates, 1)
		require.Len(t, d.platform.bodies, 1)

		d.tx(func(tx *store.Tx) error { // a press brings a code
			p, err := d.notify.Press(tx, "assistant", c.TaskID, notify.Key(1, "收到 M1"), "pressed")
			require.True(t, p.Stale)
			return err
		})
		d.drain()
		require.Len(t, d.platform.updates, 2)
		require.Equal(t, "pressed", d.platform.updates[1].ResponseCode)
	})
}

func TestAnExpiredCodeMakesWayForTheNext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		c := d.sendCard()
		d.tx(func(tx *store.Tx) error { return tx.AddCode(c.ID, "second") })
		d.platform.script = []string{errcode(60140)}
		d.refresh()
		d.drain()
		d.later(time.Minute)
		require.Len(t, d.platform.updates, 2)
		require.Equal(t, "second", d.platform.updates[0].ResponseCode)
		require.Equal(t, "code1", d.platform.updates[1].ResponseCode)
	})
}

func TestACardThatCannotBeChangedAnyMoreIsSentAfresh(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		old := d.sendCard()
		d.clock.Advance(73 * time.Hour)
		d.phase = 2
		d.refresh()
		d.drain()
		require.Empty(t, d.platform.updates)
		require.Len(t, d.platform.bodies, 2)
		cards, err := db.Reader(context.Background()).CardsAbout(about, 10)
		require.NoError(t, err)
		require.Len(t, cards, 2)
		require.NotEqual(t, old.TaskID, cards[1].TaskID)
	})
}

func TestAPressOnTheCurrentCardIsTheCommand(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		c := d.sendCard()
		d.tx(func(tx *store.Tx) error {
			p, err := d.notify.Press(tx, "assistant", c.TaskID, notify.Key(1, "收到 M1"), "r")
			require.Equal(t, "收到 M1", p.Command)
			require.False(t, p.Stale)
			return err
		})
		d.phase = 2 // the item changed; the card has not been redrawn yet
		d.tx(func(tx *store.Tx) error {
			p, err := d.notify.Press(tx, "assistant", c.TaskID, notify.Key(1, "收到 M1"), "r2")
			require.True(t, p.Stale)
			return err
		})
		err := db.InTx(context.Background(), func(tx *store.Tx) error {
			_, err := d.notify.Press(tx, "assistant", "somebody-else", notify.Key(1, "收到 M1"), "r3")
			return err
		})
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

// A change while an update is under way is not lost.
func TestAChangeDuringAnUpdateIsShownToo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		c := d.sendCard()
		d.tx(func(tx *store.Tx) error { return tx.AddCode(c.ID, "second") })
		d.platform.script = []string{errcode(-1)}
		d.phase = 2
		d.refresh()
		d.drain() // the update fails and pauses
		d.tx(func(tx *store.Tx) error { return tx.AddCode(c.ID, "third") })
		d.phase = 3
		d.refresh()
		d.later(time.Minute)
		last := d.platform.updates[len(d.platform.updates)-1]
		require.Equal(t, "第3版", last.Card.MainTitle.Title)
	})
}
