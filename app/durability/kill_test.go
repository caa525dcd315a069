package durability_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/faultpoint"
	"guiju/store/storetest"
	"guiju/wecom/sandbox"
)

// eachDatabase runs a test on SQLite and, when there is one, on MySQL.
func eachDatabase(t *testing.T, test func(t *testing.T, db store.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.SQLite(t))
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.LentMySQL(t))
	})
}

// Given a process that is killed at a named point while 赵六's question is on
// its way, when it runs again and the platform repeats what was not answered,
// then the question has been handled exactly once.
func TestKilledAtEachPointHandlesTheCallbackOnce(t *testing.T) {
	for _, point := range faultpoint.Points() {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			eachDatabase(t, func(t *testing.T, db store.Config) { askThroughDeath(t, db, string(point)) })
		})
	}
}

// Given the same story, when the process is killed before or after each of the
// first commits in turn, whatever they commit, then the outcome is the same.
func TestKilledAroundEachCommitHandlesTheCallbackOnce(t *testing.T) {
	for _, point := range []faultpoint.Point{faultpoint.BeforeCommit, faultpoint.AfterCommit} {
		for n := 2; n <= 4; n++ {
			fault := fmt.Sprintf("%s:%d", point, n)
			t.Run(fault, func(t *testing.T) {
				t.Parallel()
				eachDatabase(t, func(t *testing.T, db store.Config) { askThroughDeath(t, db, fault) })
			})
		}
	}
}

// Given many people asking at once, when the process is killed in the middle of
// a commit they share, of a claim or of a send, then each question that WeCom
// has delivered is handled once.
func TestKilledUnderLoadHandlesEachCallbackOnce(t *testing.T) {
	for _, fault := range []string{"before_commit:4", "after_commit:9", "claimed:3", "sent:7"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			eachDatabase(t, func(t *testing.T, db store.Config) {
				const each = 5
				askers := []string{"zhaoliu", "sunqi", "zhouba", "wujiu", "zhengshi", "lisi"}
				s := setup{listen: freeAddress(t), store: db, dir: t.TempDir()}
				wecom := newPlatform(t, "http://"+s.listen, nil)
				s.platform = wecom.url
				app := s.serve(t, fault, sandbox.DefaultOptions())
				wecom.settle()

				var asking sync.WaitGroup
				var mu sync.Mutex
				var deliveries []int64
				for _, asker := range askers {
					asking.Go(func() {
						for i := range each {
							result := wecom.say(asker, fmt.Sprintf("咨询 %s的报销问题%d", asker, i))
							mu.Lock()
							deliveries = append(deliveries, result.DeliveryID)
							mu.Unlock()
						}
					})
				}
				app.dies()
				app = s.serve(t, "", sandbox.DefaultOptions())
				asking.Wait()
				for _, id := range deliveries {
					wecom.redeliver(id, 2)
				}
				wecom.settle()
				wecom.advance(3 * time.Minute) // 25 messages a minute reach one person
				for _, asker := range askers {
					require.Equal(t, each, wecom.shown(asker, "【已受理】"), "%s:\n%s", asker, transcript(wecom.chat(asker)))
					for i := range each {
						require.Equal(t, 1, wecom.shown("hejing", fmt.Sprintf("咨询：%s的报销问题%d", asker, i)), transcript(wecom.chat("hejing")))
					}
				}
				app.stop()
				r := openDatabase(t, db)
				for _, asker := range askers {
					member, err := r.MemberByUserID(asker)
					require.NoError(t, err)
					items, err := r.ItemsSent(member.ID, []store.ItemState{store.ItemOpen, store.ItemAnswered, store.ItemClosed, store.ItemWithdrawn}, 100)
					require.NoError(t, err)
					require.Len(t, items, each)
				}
				nothingStuck(t, r)
			})
		})
	}
}

// askThroughDeath plays 咨询 with a fault and 回复 without one, and looks at
// everything that must have happened once.
func askThroughDeath(t *testing.T, db store.Config, fault string) {
	s := setup{listen: freeAddress(t), store: db, dir: t.TempDir()}
	wecom := newPlatform(t, "http://"+s.listen, nil)
	s.platform = wecom.url

	app := s.serve(t, fault, sandbox.DefaultOptions())
	wecom.settle()
	asked := wecom.say("zhaoliu", "咨询 报销发票抬头 重要")
	app.dies()

	app = s.serve(t, "", sandbox.DefaultOptions())
	// The platform's retries may have run out while the process was away.
	wecom.redeliver(asked.DeliveryID, 2)
	wecom.settle()
	wecom.redeliver(asked.DeliveryID, 2)
	moved := wecom.settle()
	require.Zero(t, moved.Waiting, "nothing may wait for a pause or a lease")

	require.Equal(t, 1, wecom.shown("zhaoliu", "【已受理】M20260302-"), "answers:\n%s", transcript(wecom.chat("zhaoliu")))
	require.Equal(t, 1, wecom.shown("hejing", "咨询：报销发票抬头"), "cards:\n%s", transcript(wecom.chat("hejing")))

	require.Equal(t, 200, wecom.say("hejing", "回复 抬头写公司全称").Status)
	wecom.settle()
	require.Equal(t, 1, wecom.shown("zhaoliu", "抬头写公司全称"), "answers:\n%s", transcript(wecom.chat("zhaoliu")))
	app.stop()

	looksHandledOnce(t, db)
}

// looksHandledOnce looks at every row the story leaves behind.
func looksHandledOnce(t *testing.T, cfg store.Config) {
	t.Helper()
	r := openDatabase(t, cfg)
	asker, err := r.MemberByUserID("zhaoliu")
	require.NoError(t, err)
	items, err := r.ItemsSent(asker.ID, []store.ItemState{store.ItemOpen, store.ItemAnswered, store.ItemClosed, store.ItemWithdrawn}, 10)
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, store.ItemAnswered, items[0].State)

	clocks, err := r.ClocksOf(items[0].Subject(), 10)
	require.NoError(t, err)
	require.Len(t, clocks, 1)
	require.Equal(t, store.ClockMet, clocks[0].State)
	require.NotNil(t, clocks[0].DueAt)
	require.Equal(t, monday.Add(30*time.Minute), clocks[0].DueAt.UTC(), "important: 30 working minutes from the delivery")

	entries, err := r.ItemEntries(items[0].ID, 10)
	require.NoError(t, err)
	require.Len(t, entries, 2, "asked and replied")

	deliveries, err := r.Deliveries(store.DeliveryFilter{Userid: "zhaoliu"})
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	require.Equal(t, store.DeliveryDone, deliveries[0].State)

	nothingStuck(t, r)
}

// openDatabase reads the database beside the process, or after it.
func openDatabase(t testing.TB, cfg store.Config) *store.Reader {
	t.Helper()
	clock := storetest.NewClock()
	clock.Set(monday)
	return storetest.OpenConfig(t, cfg, clock).Reader(context.Background())
}

// nothingStuck asserts that what is left to do is planned for later.
func nothingStuck(t testing.TB, r *store.Reader) {
	t.Helper()
	unfinished, err := r.JobCounts()
	require.NoError(t, err)
	for _, j := range unfinished {
		require.NotEqual(t, store.JobRunning, j.State, "%s is held by nobody", j.Kind)
		require.NotEqual(t, store.JobBuried, j.State, "%s was set aside", j.Kind)
		require.False(t, j.Due, "%s is due and not done", j.Kind)
	}
}
