package durability_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app"
	"guiju/store"
	"guiju/store/storetest"
	"guiju/wecom/sandbox"
)

// Two people, or one on two devices, decide about the same thing at the same
// moment: a thousand rounds on each database, shared by the three tests below.
// A round is fought by goroutines and judged afterwards.

// accepted begins the answer to an act that was done.
const accepted = "【已受理】"

// duel is one round: two acts about one item, and what each was told. On a
// busy machine a commit may take longer than a callback may; then nothing was
// told at once, and the database alone shows what happened.
type duel struct {
	number string
	acts   [2]act
	told   [2]string
}

// act is what somebody says about an item.
type act struct{ user, text string }

// The four lanes have people of their own, so that only the two of a duel
// meet.
var (
	senders   = []string{"zhaoliu", "sunqi", "zhouba", "wujiu"}
	receivers = [][2]string{{"何静", "林秀"}, {"方安", "唐流"}, {"潘梦", "罗岩"}, {"邓工", "马设"}}
	questions = []string{"报销", "登录", "权限", "入职"} // each goes to another department
)

// eachEngine is eachDatabase where the way to the disk does not matter.
func eachEngine(t *testing.T, test func(t *testing.T, db store.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.SQLite(t))
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		test(t, mariaDB(t))
	})
}

// duels fights n rounds, four at a time. prepare makes the item of a round.
func (d *direct) duels(n int, a *app.App, prepare func(lane, i int) (duel, error)) []duel {
	d.t.Helper()
	if testing.Short() {
		n /= 20
	}
	fought, errs := make([]duel, n), make([]error, n)
	var lanes sync.WaitGroup
	for lane := range 4 {
		lanes.Go(func() {
			for i := lane; i < n && errs[max(0, i-4)] == nil; i += 4 {
				if fought[i], errs[i] = prepare(lane, i); errs[i] == nil {
					errs[i] = d.atOnce(a, &fought[i], i/4%2 == 0)
				}
			}
		})
	}
	lanes.Wait()
	require.NoError(d.t, errors.Join(errs...))
	settle(d.t, a) // what a busy machine took into the spool
	return fought
}

// atOnce lets both act at the same moment; which of them is made ready first
// changes with swapped, so that both orders happen.
func (d *direct) atOnce(a *app.App, to *duel, swapped bool) error {
	order := []int{0, 1}
	if swapped {
		order = []int{1, 0}
	}
	var errs [2]error
	var both sync.WaitGroup
	begin := make(chan struct{})
	for _, i := range order {
		message := d.text(to.acts[i].user, to.acts[i].text)
		both.Go(func() {
			<-begin
			to.told[i], errs[i] = d.deliver(a, message)
		})
	}
	close(begin)
	both.Wait()
	return errors.Join(errs[0], errs[1])
}

// say is deliver for what makes or changes an item.
func (d *direct) say(a *app.App, user, text string) error {
	told, err := d.deliver(a, d.text(user, text))
	if err == nil && !tells(told, accepted) {
		err = fmt.Errorf("%s said %q and was told %q", user, text, told)
	}
	return err
}

// question asks something and answers its number and who has to reply.
func (d *direct) question(a *app.App, r *store.Reader, lane, i int) (number, receiver string, err error) {
	text := fmt.Sprintf("%s问题%d", questions[lane], i)
	if err := d.say(a, senders[lane], "咨询 "+text); err != nil {
		return "", "", err
	}
	item, err := d.newest(r, senders[lane], text)
	if err != nil {
		return "", "", err
	}
	clocks, err := r.ClocksOf(item.Subject(), 1)
	if err != nil {
		return "", "", err
	}
	answerer, err := r.Member(clocks[0].ReceiverID)
	return item.Number, answerer.UserID, err
}

// newest waits for a member's newest item, whose text is known.
func (d *direct) newest(r *store.Reader, user, text string) (store.Item, error) {
	sender, err := r.MemberByUserID(user)
	if err != nil {
		return store.Item{}, err
	}
	for end := time.After(30 * time.Second); ; {
		items, err := r.ItemsSent(sender.ID, []store.ItemState{store.ItemOpen}, 1)
		if err != nil || len(items) == 1 && items[0].Body == text {
			return items[0], err
		}
		select {
		case <-end:
			return store.Item{}, fmt.Errorf("%s has no item %q", user, text)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// tells says whether an answer given at once holds a word; none was given to
// what took the way of the spool.
func tells(told, word string) bool { return told == "" || strings.Contains(told, word) }

func member(name string) string {
	for _, m := range sandbox.ExampleCompany().Members {
		if m.Name == name {
			return m.UserID
		}
	}
	panic("nobody is called " + name)
}

// Given a notice to two people, when the last two answers arrive at once, then
// neither sees the other as still owing: the notice closes, and its sender
// hears of it once.
func TestTwoLastReceiversAtOnceCloseTheirNotice(t *testing.T) {
	eachEngine(t, func(t *testing.T, db store.Config) {
		d := newDirect(t)
		a, r := d.start(db, "", "127.0.0.1:1"), openDatabase(t, db)
		fought := d.duels(400, a, func(lane, i int) (duel, error) {
			to := receivers[lane]
			text := fmt.Sprintf("第%d次通知", i)
			if err := d.say(a, senders[lane], fmt.Sprintf("发通知 %s、%s %s 需回复", to[0], to[1], text)); err != nil {
				return duel{}, err
			}
			item, err := d.newest(r, senders[lane], text)
			reply := "回复 " + item.Number + " 知道了"
			return duel{number: item.Number, acts: [2]act{{member(to[0]), reply}, {member(to[1]), reply}}}, err
		})
		for _, f := range fought {
			require.True(t, tells(f.told[0], accepted) && tells(f.told[1], accepted), f.told)
			item, clocks, entries := look(t, r, f.number)
			require.Equal(t, store.ItemClosed, item.State, f.number)
			require.Len(t, entries, 3, "sent and two replies")
			require.Len(t, clocks, 2)
			for _, c := range clocks {
				require.Equal(t, store.ClockMet, c.State, f.number)
			}
			messages, err := r.SentAbout(item.Subject(), 100)
			require.NoError(t, err)
			told := 0
			for _, m := range messages {
				if strings.HasPrefix(m.Text, "【已响应】") {
					told++
				}
			}
			require.Equal(t, 1, told, f.number)
		}
	})
}

// Given an answered question, when its asker says 已解决 and 未解决 at once on
// two devices, then 已解决 ends it, before or after it was opened once more,
// and nobody owes an answer to a closed question.
func TestResolvedAndUnresolvedAtOnceEndInOneOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, db store.Config) {
		d := newDirect(t)
		a, r := d.start(db, "", "127.0.0.1:1"), openDatabase(t, db)
		fought := d.duels(300, a, func(lane, i int) (duel, error) {
			number, receiver, err := d.question(a, r, lane, i)
			if err == nil {
				err = d.say(a, receiver, "回复 "+number+" 请看制度")
			}
			return duel{number: number, acts: [2]act{{senders[lane], "已解决 " + number}, {senders[lane], "未解决 " + number}}}, err
		})
		first := [2]int{}
		for _, f := range fought {
			item, clocks, entries := look(t, r, f.number)
			require.True(t, tells(f.told[0], accepted), f.told[0])
			require.Equal(t, store.ItemClosed, item.State)
			if len(entries) == 4 {
				first[1]++
				require.Equal(t, []store.EntryKind{store.EntryUnresolved, store.EntryResolved}, []store.EntryKind{entries[2].Kind, entries[3].Kind})
				require.True(t, tells(f.told[1], accepted), f.told[1])
			} else {
				first[0]++
				require.Len(t, entries, 3, "asked, replied, resolved")
				require.Equal(t, store.EntryResolved, entries[2].Kind)
				require.True(t, tells(f.told[1], "已经办结"), f.told[1])
			}
			for _, c := range clocks {
				require.False(t, c.Open(), f.number)
			}
		}
		bothOrders(t, first)
	})
}

// Given a question, when its receiver passes it on and answers it at once on
// two devices, then whatever the order one person owes the answer: the other.
func TestPassOnAndReplyAtOnceLeaveOneReceiver(t *testing.T) {
	eachEngine(t, func(t *testing.T, db store.Config) {
		d := newDirect(t)
		a, r := d.start(db, "", "127.0.0.1:1"), openDatabase(t, db)
		fought := d.duels(300, a, func(lane, i int) (duel, error) {
			number, receiver, err := d.question(a, r, lane, i)
			return duel{number: number, acts: [2]act{{receiver, "转交 " + number + " 江一"}, {receiver, "回复 " + number + " 请看制度"}}}, err
		})
		other, err := r.MemberByUserID("jiangyi")
		require.NoError(t, err)
		first := [2]int{}
		for _, f := range fought {
			item, clocks, entries := look(t, r, f.number)
			require.True(t, tells(f.told[0], accepted), f.told[0])
			require.Equal(t, store.ItemOpen, item.State)
			require.Len(t, clocks, 2)
			require.Equal(t, other.ID, clocks[1].ReceiverID)
			require.True(t, clocks[1].Open(), "%s: 江一 owes the answer", f.number)
			if len(entries) == 3 { // asked, replied, passed
				first[1]++
				require.Equal(t, store.EntryReplied, entries[1].Kind)
				require.Equal(t, store.ClockMet, clocks[0].State)
				require.True(t, tells(f.told[1], accepted), f.told[1])
			} else {
				first[0]++
				require.Len(t, entries, 2, "asked, passed")
				require.Equal(t, store.ClockMoved, clocks[0].State)
				require.True(t, tells(f.told[1], "已转交他人"), f.told[1])
			}
		}
		bothOrders(t, first)
	})
}

// look reads what became of an item.
func look(t testing.TB, r *store.Reader, number string) (store.Item, []store.Clock, []store.ItemEntry) {
	t.Helper()
	item, err := r.ItemByNumber(number)
	require.NoError(t, err)
	clocks, err := r.ClocksOf(item.Subject(), 10)
	require.NoError(t, err)
	entries, err := r.ItemEntries(item.ID, 10)
	require.NoError(t, err)
	return item, clocks, entries
}

// bothOrders refuses a duel that only one side ever won: it would prove
// nothing about the other order.
func bothOrders(t testing.TB, first [2]int) {
	t.Helper()
	t.Logf("%d and %d times first", first[0], first[1])
	if !testing.Short() {
		require.NotZero(t, first[0])
		require.NotZero(t, first[1])
	}
}
