package request_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/request"
	"guiju/store"
)

var allStates = []store.RequestState{
	store.RequestRunning, store.RequestApproved, store.RequestRejected, store.RequestWithdrawn, store.RequestRevoked, store.RequestDeleted, store.RequestPaid,
}

// purchase is a case of the 审批 app: 魏伟, then 韩梅 and 高总 both, then 王五 or
// 陈立 to handle it. acts are "who what minute".
func (c *company) purchase(state store.RequestState, done [3]request.NativeAct, acts ...string) request.NativeCase {
	start := time.Date(2026, 3, 2, 10, 0, 0, 0, shanghai)
	n := request.NativeCase{
		System: store.NativeApproval, Ref: "202603020001", App: "assistant", TemplateID: "C4Purchase", Name: "采购申请", Title: "采购申请",
		Applicant: c.ids["赵六"], Lines: []request.Line{{Key: "物品", Value: "测试机"}}, State: state, AppliedAt: start,
		Nodes: []request.NativeNode{
			{Mode: store.StepAny, Done: done[0], People: []request.NativePart{{Member: c.ids["魏伟"]}}},
			{Mode: store.StepAll, Done: done[1], People: []request.NativePart{{Member: c.ids["韩梅"]}, {Member: c.ids["高总"]}}},
			{Mode: store.StepAny, Done: done[2], Handler: true, People: []request.NativePart{{Member: c.ids["王五"]}, {Member: c.ids["陈立"]}}},
		},
	}
	for _, a := range acts {
		var who, what string
		var minute int
		_, err := fmt.Sscan(a, &who, &what, &minute)
		require.NoError(c.t, err)
		for i := range n.Nodes {
			for j := range n.Nodes[i].People {
				if p := &n.Nodes[i].People[j]; p.Member == c.ids[who] {
					p.Act, p.At, p.Opinion = request.NativeAct(what), start.Add(time.Duration(minute)*time.Minute), what
				}
			}
		}
	}
	return n
}

func (c *company) mirrors(n request.NativeCase) (r store.Request) {
	c.t.Helper()
	c.tx(func(tx *store.Tx) (err error) {
		r, err = c.requests.Mirror(tx, n)
		return err
	})
	c.settle()
	return r
}

const agreed, waits = request.NativeAgreed, request.NativeWaits

// A case of the 审批 app is mirrored with its nodes, people, opinions, remarks
// and copies; its clocks run for whoever has to act now.
func TestX26_MirrorTakesOverWhatTheDetailSays(t *testing.T) {
	each(t, func(c *company) {
		r := c.mirrors(c.purchase(store.RequestRunning, [3]request.NativeAct{}))
		require.Equal(t, "A20260302-0001 native native 202603020001", strings.Join([]string{r.Number, r.Engine, r.Kind, *r.SpNo}, " "))
		require.Equal(t, "running current waiting waiting", c.states(r.Number))
		require.Equal(t, []string{"魏伟"}, c.owes(r), "his clock runs from the moment WeCom asked him")

		n := c.purchase(store.RequestRunning, [3]request.NativeAct{agreed}, "魏伟 agreed 5")
		n.Copies = []int64{c.ids["孙七"]}
		n.Comments = []request.NativeComment{{ID: "1", Member: c.ids["魏伟"], At: n.AppliedAt.Add(time.Minute), Text: "请补型号"}}
		c.clock.Set(n.AppliedAt.Add(6 * time.Minute))
		c.mirrors(n)
		require.Equal(t, "running approved current waiting", c.states(r.Number))
		require.Equal(t, []string{"韩梅", "高总"}, c.owes(r))
		require.Equal(t, []string{"【进度】A20260302-0001「采购申请」：「第1步」已通过，接下来由韩梅、高总处理「第2步（会签）」。"}, c.gets("赵六", "【进度】"))
		copied, err := c.reader().RequestsCopied(c.ids["孙七"], 5)
		require.NoError(t, err)
		require.Len(t, copied, 1)

		n = c.purchase(store.RequestApproved, [3]request.NativeAct{agreed, agreed, request.NativeHandled}, "魏伟 agreed 5", "高总 agreed 7", "韩梅 agreed 8", "陈立 handled 9")
		n.Comments = []request.NativeComment{{ID: "1", Member: c.ids["魏伟"], At: n.AppliedAt.Add(time.Minute), Text: "请补型号"}}
		c.clock.Set(n.AppliedAt.Add(10 * time.Minute))
		c.mirrors(n)
		require.Equal(t, "approved approved approved approved", c.states(r.Number))
		require.Empty(t, c.owes(r))
		require.Equal(t, "submitted agreed commented agreed agreed agreed", c.history(r.Number), "each once, in the order they were done")
		require.Zero(t, c.cards("魏伟"), "only the client can decide there")
	})
}

// owes are the names of those whose clocks run for a request, in the order asked.
func (c *company) owes(r store.Request) []string {
	c.t.Helper()
	_, steps := c.read(r.Number)
	var names []string
	for _, s := range steps {
		clocks, err := c.reader().ClocksOf(store.Subject{Kind: "native_step", ID: s.ID}, 50)
		require.NoError(c.t, err)
		for _, clock := range clocks {
			if clock.Open() {
				require.Equal(c.t, store.ClockRunning, clock.State)
				names = append(names, c.name(clock.ReceiverID))
			}
		}
	}
	return names
}

// The same detail twice writes nothing.
func TestX26_AnUnchangedDetailWritesNothing(t *testing.T) {
	each(t, func(c *company) {
		n := c.purchase(store.RequestRunning, [3]request.NativeAct{agreed}, "魏伟 agreed 0")
		first := c.mirrors(n)
		for range 3 {
			again := c.mirrors(n)
			require.Equal(t, first.Version, again.Version)
		}
		require.Equal(t, "submitted agreed", c.history(first.Number))
		require.Empty(t, c.gets("赵六", "【进度】"))
	})
}

// A state never moves back, whatever is said: every state against every other.
func TestX26_StatesNeverMoveBack(t *testing.T) {
	moves := map[store.RequestState][]store.RequestState{
		store.RequestRunning:   allStates,
		store.RequestApproved:  {store.RequestApproved, store.RequestRevoked, store.RequestDeleted, store.RequestPaid},
		store.RequestRejected:  {store.RequestRejected, store.RequestDeleted},
		store.RequestWithdrawn: {store.RequestWithdrawn, store.RequestDeleted},
		store.RequestRevoked:   {store.RequestRevoked, store.RequestDeleted},
		store.RequestDeleted:   {store.RequestDeleted},
		store.RequestPaid:      {store.RequestPaid, store.RequestRevoked, store.RequestDeleted},
	}
	onSQLite(t, func(c *company) {
		i := 0
		for _, from := range allStates {
			for _, to := range allStates {
				i++
				n := c.purchase(from, [3]request.NativeAct{agreed}, "魏伟 agreed 0")
				n.Ref = fmt.Sprint("2026030200", 10+i)
				r := c.mirrors(n)
				require.Equal(t, from, r.State)
				n.State, n.Title = to, "改过"
				want := from
				for _, allowed := range moves[from] {
					if allowed == to {
						want = to
					}
				}
				require.Equal(t, want, c.mirrors(n).State, "%s → %s", from, to)
				if from != store.RequestRunning {
					require.Empty(t, c.owes(r), "%s → %s", from, to)
				}
			}
		}
	})
}

// Twenty readings of one new case at once make one request.
func TestX26_ConcurrentReadingsMakeOneRequest(t *testing.T) {
	each(t, func(c *company) {
		n := c.purchase(store.RequestRunning, [3]request.NativeAct{})
		var all sync.WaitGroup
		var failed [20]error
		for i := range failed {
			all.Add(1)
			go func() {
				defer all.Done()
				failed[i] = c.db.InTx(c.t.Context(), func(tx *store.Tx) error {
					_, err := c.requests.Mirror(tx, n)
					return err
				})
			}()
		}
		all.Wait()
		for _, err := range failed {
			require.NoError(t, err)
		}
		kept, err := c.reader().RequestsOfKind(request.NativeKind, allStates, 0, 50)
		require.NoError(t, err)
		require.Len(t, kept, 1)
		require.Equal(t, []string{"魏伟"}, c.owes(kept[0]))
	})
}

// What we hear of late makes nobody late: his time counts from then.
func TestX26_NewsThatAreLateBlameNobody(t *testing.T) {
	onSQLite(t, func(c *company) {
		c.at("03-05 10:00:00")
		r := c.mirrors(c.purchase(store.RequestRunning, [3]request.NativeAct{}))
		_, steps := c.read(r.Number)
		clocks, err := c.reader().ClocksOf(store.Subject{Kind: "native_step", ID: steps[0].ID}, 5)
		require.NoError(t, err)
		require.Equal(t, c.clock.Now().UTC(), clocks[0].DeliveredAt.UTC())
		require.Empty(t, c.gets("魏伟", "【"))
	})
}

// An approver is nudged in words, his superior hears of it later; what he does
// in the 审批 app ends it, and a node added before him takes his clock.
func TestG2_4_4_3_ANativeNodeHasItsTime(t *testing.T) {
	onSQLite(t, func(c *company) {
		r := c.mirrors(c.purchase(store.RequestRunning, [3]request.NativeAct{}))
		c.at("03-03 09:30:00")
		var nudges []string
		for _, text := range append(c.gets("魏伟", "【提醒】"), c.gets("魏伟", "【超时】")...) {
			require.Contains(t, text, "请在企业微信「审批」中处理")
			nudges = append(nudges, text)
		}
		require.NotEmpty(t, nudges)
		n := c.purchase(store.RequestRunning, [3]request.NativeAct{})
		added := request.NativeNode{Mode: store.StepAll, People: []request.NativePart{{Member: c.ids["邵静"]}}}
		n.Nodes = append([]request.NativeNode{added}, n.Nodes...)
		n.Nodes[1].People = append(n.Nodes[1].People, n.Nodes[1].People[0])
		n.Nodes[1].People[0].Act, n.Nodes[1].People[0].At = request.NativeAdded, c.clock.Now()
		c.mirrors(n)
		require.Equal(t, []string{"邵静"}, c.owes(r))
		require.Equal(t, "running current waiting waiting waiting", c.states(r.Number))
		before := len(c.gets("魏伟", "【"))
		c.at("03-03 11:00:00")
		require.Len(t, c.gets("魏伟", "【"), before, "it is not his turn any more")
	})
}

// Somebody who has left and a case that waits for him alone: IT and the
// applicant hear that only the 审批 app can pass it on, once.
func TestX26_NobodyIsAskedWhoHasLeft(t *testing.T) {
	onSQLite(t, func(c *company) {
		c.leaves("魏伟")
		n := c.purchase(store.RequestRunning, [3]request.NativeAct{})
		r := c.mirrors(n)
		require.Empty(t, c.owes(r))
		require.Len(t, c.gets("赵六", "【无人处理】"), 1)
		require.Len(t, c.gets("陈立", "【无人处理】"), 1)
		c.mirrors(n)
		require.Len(t, c.gets("赵六", "【无人处理】"), 1)
	})
}

// The two systems of WeCom have numbers of their own.
func TestX26_NumbersOfTheSystemsNeverMeet(t *testing.T) {
	require.Equal(t, "202603020001", request.NativeNumber(store.NativeApproval, "202603020001"))
	open := request.NativeNumber(store.NativeOpen, "202603020001")
	require.NotEqual(t, "202603020001", open)
	require.LessOrEqual(t, len(request.NativeNumber(store.NativeOpen, strings.Repeat("长", 80))), 64)
}
