package request_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/request"
	"guiju/store"
)

// files submits a request of 赵六 with these steps.
func (c *company) files(steps ...request.Step) string {
	c.t.Helper()
	return c.submits(func(d *request.Draft) {
		for i := range steps {
			if steps[i].Key == "" {
				steps[i].Key = fmt.Sprintf("k%d", i+1)
			}
		}
		d.Kind, d.Lines, d.Steps = "model", nil, steps
	})
}

// does lets somebody act, and answers what he is told if it is refused.
func (c *company) does(who string, do func(q *request.Requests, call *chat.Call) error) string {
	c.t.Helper()
	err := c.db.InTx(c.t.Context(), func(tx *store.Tx) error {
		m, err := tx.Member(c.ids[who])
		if err != nil {
			return err
		}
		return do(c.requests, &chat.Call{Tx: tx, From: chat.From{Member: m, App: "assistant", At: tx.Now()}, Source: chat.FromCard, Permits: c})
	})
	c.settle()
	if err == nil {
		return ""
	}
	text, worded := chat.Wording(err)
	require.True(c.t, worded, "%v", err)
	return text
}

func (c *company) approves(who, n string) string {
	return c.does(who, func(q *request.Requests, call *chat.Call) error { _, err := q.Decide(call, n, true, ""); return err })
}

func (c *company) rejects(who, n, why string) string {
	return c.does(who, func(q *request.Requests, call *chat.Call) error { _, err := q.Decide(call, n, false, why); return err })
}

func (c *company) returns(who, n, to string, straight bool) string {
	return c.does(who, func(q *request.Requests, call *chat.Call) error {
		_, err := q.Return(call, n, to, "缺少附件", straight)
		return err
	})
}

func (c *company) transfers(who, n, to, why string) string {
	return c.does(who, func(q *request.Requests, call *chat.Call) error {
		_, err := q.Transfer(call, n, c.ids[to], why)
		return err
	})
}

func (c *company) adds(who, n string, where request.Where, mode store.StepMode, why string, names ...string) string {
	return c.does(who, func(q *request.Requests, call *chat.Call) error {
		var ids []int64
		for _, name := range names {
			ids = append(ids, c.ids[name])
		}
		_, err := q.AddApprovers(call, n, where, ids, mode, why)
		return err
	})
}

var (
	pair   = people.Whom("pair")
	trio   = people.Whom("trio")
	single = people.Whom("superior")
)

func groups(c *company) {
	c.whom[pair], c.whom[trio] = []string{"郑十六", "王五"}, []string{"韩梅", "孙七", "邵静"}
}

// 会签: given two people, when one agrees, then the other is still asked; when
// one refuses, then it is over and the refusal is his alone.
func TestAllMustAgree(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		n := c.files(request.Step{Name: "会签", Whom: pair, Mode: store.StepAll}, request.Step{Name: "末步", Whom: single})
		require.Empty(c.t, c.approves("郑十六", n))
		require.Equal(c.t, "running current waiting", c.states(n))
		require.Contains(c.t, c.approves("郑十六", n), "您已经同意 "+n)
		require.Contains(c.t, c.gets("赵六", "【进度】")[0], "接下来由王五处理「会签」")
		require.Empty(c.t, c.approves("王五", n))
		require.Equal(c.t, "running approved current", c.states(n))

		n = c.files(request.Step{Name: "会签", Whom: pair, Mode: store.StepAll})
		require.Empty(c.t, c.rejects("王五", n, "不行"))
		require.Equal(c.t, "rejected rejected", c.states(n))
		require.Equal(c.t, map[string]string{"王五": "rejected", "郑十六": ""}, c.votes(n))
	})
}

// votes is what each decider has said.
func (c *company) votes(n string) map[string]string {
	r, _ := c.read(n)
	deciders, err := c.reader().RequestDeciders(r.ID)
	require.NoError(c.t, err)
	all := map[string]string{}
	for _, d := range deciders {
		all[c.name(d.MemberID)] = string(d.Decision)
	}
	return all
}

// 或签: a refusal is credited to the refuser, not to those who were asked too.
func TestARefusalIsTheRefusersAlone(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		n := c.files(request.Step{Name: "或签", Whom: trio})
		require.Empty(c.t, c.rejects("孙七", n, "不行"))
		require.Equal(c.t, map[string]string{"韩梅": "", "孙七": "rejected", "邵静": ""}, c.votes(n))
	})
}

// 依次: only the one whose turn it is has card and clock.
func TestOneAfterTheOther(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		n := c.files(request.Step{Name: "依次", Whom: trio, Mode: store.StepSequence})
		require.Equal(c.t, []int{1, 0, 0}, []int{c.cards("韩梅"), c.cards("孙七"), c.cards("邵静")})
		require.Contains(c.t, c.approves("孙七", n), "还没有轮到您")
		require.Empty(c.t, c.approves("韩梅", n))
		require.Equal(c.t, []int{1, 1, 0}, []int{c.cards("韩梅"), c.cards("孙七"), c.cards("邵静")})
		c.leaves("邵静") // before her turn: her superior's, or whoever stands above
		require.Empty(c.t, c.approves("孙七", n))
		require.Equal(c.t, "running current", c.states(n))
		require.Empty(c.t, c.approves("魏伟", n), "who stands above the applicant")
		require.Equal(c.t, "approved approved", c.states(n))
	})
}

// 票签: decided as soon as the share is reached, or cannot be any more.
func TestAShareOfVotes(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		n := c.files(request.Step{Name: "票签", Whom: trio, Mode: store.StepShare, Share: 60})
		require.Empty(c.t, c.rejects("韩梅", n, "不行"))
		require.Equal(c.t, "running current", c.states(n), "two of three are 66 percent")
		require.Empty(c.t, c.approves("孙七", n))
		require.Empty(c.t, c.approves("邵静", n))
		require.Equal(c.t, "approved approved", c.states(n))
		n = c.files(request.Step{Name: "票签", Whom: trio, Mode: store.StepShare, Share: 60})
		require.Empty(c.t, c.rejects("韩梅", n, "不行"))
		require.Empty(c.t, c.rejects("孙七", n, "不行"))
		require.Equal(c.t, "rejected rejected", c.states(n), "one of three cannot be 60 percent")
	})
}

// Given a case in its second step, when it is sent back to the first, then a
// new round begins there, the history of the first stays, and 魏伟 has a new
// clock; straight, it comes right back.
func TestReturnToAnEarlierStep(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		n := c.files(request.Step{Name: "一", Whom: single}, request.Step{Name: "二", Whom: "department:人事部"}, request.Step{Name: "三", Whom: "post:行政部/用户权限管理"})
		require.Contains(c.t, c.returns("魏伟", n, "二", false), "不是已经过的步骤")
		require.Empty(c.t, c.approves("魏伟", n))
		require.Empty(c.t, c.approves("郑十六", n))
		require.Contains(c.t, c.does("王五", func(q *request.Requests, call *chat.Call) error {
			_, err := q.Return(call, n, "k1", " ", false)
			return err
		}), "【请补充】意见")
		require.Empty(c.t, c.returns("王五", n, "k1", false))
		require.Equal(c.t, "running approved approved returned current waiting waiting", c.states(n))
		_, steps := c.read(n)
		clocks, err := c.reader().ClocksOf(steps[3].Subject(), 5)
		require.NoError(c.t, err)
		require.Equal(c.t, store.ClockRunning, clocks[0].State, "armed again")
		require.Empty(c.t, c.approves("魏伟", n))
		require.Empty(c.t, c.approves("郑十六", n))
		require.Empty(c.t, c.returns("王五", n, "一", true))
		require.Empty(c.t, c.approves("魏伟", n))
		require.Equal(c.t, "running approved approved returned approved approved returned approved skipped current", c.states(n))
		_, steps = c.read(n)
		require.Equal(c.t, "沿用第 2 轮，郑十六已同意", steps[7].Reason)
		require.Empty(c.t, c.approves("王五", n))
		r, _ := c.read(n)
		require.Equal(c.t, store.RequestApproved, r.State)
		require.EqualValues(c.t, 3, r.Round)
	})
}

// Given a case sent back to its applicant, when he submits it again, then it is
// a new round of the same case; nothing waits unseen meanwhile.
func TestReturnToTheApplicantAndResubmit(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		c.requests.Register(c.queue)
		steps := []request.Step{{Key: "a", Name: "一", Whom: single}, {Key: "b", Name: "二", Whom: "department:人事部"}}
		n := c.files(steps...)
		again := func(who string) string {
			return c.does(who, func(q *request.Requests, call *chat.Call) error {
				d := c.account()
				d.Lines, d.Steps, d.Title = nil, steps, "改过的申请"
				_, err := q.Resubmit(call, n, d)
				return err
			})
		}
		require.Contains(c.t, again("赵六"), "正在审批中")
		require.Empty(c.t, c.approves("魏伟", n))
		require.Empty(c.t, c.returns("郑十六", n, "", true))
		require.Equal(c.t, "returned approved returned", c.states(n))
		require.Contains(c.t, c.gets("赵六", "【已退回】")[0], "意见：缺少附件\n可发送：重新提交 "+n)
		require.Contains(c.t, c.approves("郑十六", n), "已退回申请人修改")
		c.at("03-02 18:00:01")
		require.Len(c.t, c.gets("赵六", "【提醒】"+n), 1)
		require.Contains(c.t, again("孙七"), "【未找到】")
		require.Empty(c.t, again("赵六"))
		require.Equal(c.t, "running approved returned skipped current", c.states(n), "straight back to 郑十六")
		r, _ := c.read(n)
		require.Equal(c.t, "改过的申请", r.Title)
		c.at("03-05 18:00:00")
		require.Len(c.t, c.gets("赵六", "【提醒】"+n), 1, "not after it was submitted again")
		require.Empty(c.t, c.approves("郑十六", n))
		require.Equal(c.t, []string{n + " approved"}, c.finished)
	})
}

func TestAReturnedCaseOfALeaverIsWithdrawn(t *testing.T) {
	each(t, func(c *company) {
		n := c.files(request.Step{Name: "一", Whom: single})
		require.Empty(c.t, c.returns("魏伟", n, "申请人", false))
		c.leaves("赵六")
		c.handsOver("赵六", "高总", "赵六已离职")
		require.Equal(c.t, "withdrawn returned", c.states(n))
	})
}

// 转审: never to the applicant, to leavers or to who decides already; 流程管理员
// may with a reason (G1-3.2(1)).
func TestTransfer(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		n := c.files(request.Step{Name: "会签", Whom: pair, Mode: store.StepAll})
		require.Contains(c.t, c.transfers("郑十六", n, "赵六", ""), "赵六是申请人，不能审批自己的申请")
		require.Contains(c.t, c.transfers("郑十六", n, "王五", ""), "王五已经是「会签」的审批人")
		require.Contains(c.t, c.transfers("孙七", n, "邵静", ""), "【无权限】")
		c.leaves("韩梅")
		require.Contains(c.t, c.transfers("郑十六", n, "韩梅", ""), "韩梅不在职")
		require.Empty(c.t, c.transfers("郑十六", n, "邵静", "我出差"))
		require.Contains(c.t, c.approves("郑十六", n), "已经不由您处理")
		c.allowed["陈立 process.node.manage"] = true
		require.Contains(c.t, c.transfers("陈立", n, "孙七", ""), "【请补充】说明")
		require.Contains(c.t, c.transfers("陈立", n, "孙七", "没有人处理"), "请写明由谁转出")
		require.Empty(c.t, c.does("陈立", func(q *request.Requests, call *chat.Call) error {
			_, err := q.TransferOf(call, n, c.ids["王五"], c.ids["孙七"], "没有人处理")
			return err
		}))
		require.Empty(c.t, c.approves("邵静", n))
		require.Empty(c.t, c.approves("孙七", n))
		r, _ := c.read(n)
		require.Equal(c.t, store.RequestApproved, r.State)
		require.Contains(c.t, r.Deviation, "郑十六把「会签」由郑十六转给邵静")
	})
}

// 加签 before, after and beside the current step.
func TestAddApprovers(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		n := c.files(request.Step{Name: "会签", Whom: pair, Mode: store.StepAll}, request.Step{Name: "末步", Whom: single})
		require.Contains(c.t, c.adds("郑十六", n, request.Before, "", "", "赵六"), "赵六是申请人")
		require.Contains(c.t, c.adds("郑十六", n, request.Beside, "", "", "王五"), "王五已经是")
		require.Contains(c.t, c.adds("郑十六", n, request.Beside, store.StepAny, "", "孙七"), "只能会签")
		require.Empty(c.t, c.approves("王五", n))
		require.Empty(c.t, c.adds("郑十六", n, request.Before, store.StepAny, "", "孙七", "邵静"))
		require.Equal(c.t, "running current waiting waiting", c.states(n))
		require.Contains(c.t, c.approves("郑十六", n), "还没有轮到")
		require.Empty(c.t, c.approves("邵静", n))
		require.Equal(c.t, "running approved current waiting", c.states(n), "the vote of 王五 still counts")
		require.Empty(c.t, c.adds("郑十六", n, request.Beside, "", "", "韩梅"))
		require.Empty(c.t, c.adds("郑十六", n, request.After, "", "", "高总"))
		require.Empty(c.t, c.approves("郑十六", n))
		require.Equal(c.t, "running approved current waiting waiting", c.states(n), "韩梅 must agree too")
		require.Empty(c.t, c.approves("韩梅", n))
		require.Equal(c.t, "running approved approved current waiting", c.states(n))
		require.Empty(c.t, c.approves("高总", n))
		require.Empty(c.t, c.approves("魏伟", n))
		require.Equal(c.t, "approved approved approved approved approved", c.states(n))
	})
}

// Given two hundred presses on one node of two people by twenty at once, then
// exactly one decides and the others are shown how it stands.
func TestTwentyAtOnceDecideOnce(t *testing.T) {
	each(t, func(c *company) {
		c.whom["everybody"] = []string{"魏伟", "郑十六", "王五", "韩梅", "陈立", "高总", "孙七", "邵静"}
		n := c.files(request.Step{Name: "或签", Whom: "everybody"})
		told := make([]string, 20)
		errs := make([]error, 20)
		begin := make(chan struct{})
		var all sync.WaitGroup
		for i := range told {
			all.Go(func() {
				<-begin
				who := c.whom["everybody"][i%8]
				answer, err := c.tries(who, func(tx *store.Tx, from chat.From) (chat.Answer, error) {
					return c.engine.Handle(tx, from, "审批 "+n+" 同意")
				})
				told[i], errs[i] = answer.Text, err
			})
		}
		close(begin)
		all.Wait()
		done, shown := 0, 0
		for i, text := range told {
			require.NoError(c.t, errs[i])
			switch {
			case strings.HasPrefix(text, "【已受理】"):
				done++
			case strings.Contains(text, "已经通过"):
				shown++
			}
		}
		require.Equal(c.t, []int{1, 19}, []int{done, shown}, strings.Join(told, "\n"))
		c.settle()
		require.Equal(c.t, []string{n + " approved"}, c.finished)
	})
}

// G1-3.2(3)b AE1: who approves is not copied in as well.
func TestACopyOfAnApproverIsMerged(t *testing.T) {
	each(t, func(c *company) {
		groups(c)
		n := c.submits(func(d *request.Draft) {
			d.Kind, d.Lines, d.Steps, d.CC = "model", nil, []request.Step{{Name: "或签", Whom: pair}}, []people.Whom{pair, trio}
		})
		r, _ := c.read(n)
		copies, err := c.reader().RequestCopies(r.ID)
		require.NoError(c.t, err)
		require.Len(c.t, copies, 3)
		entries, err := c.reader().RequestEntries(r.ID, 10)
		require.NoError(c.t, err)
		require.Equal(c.t, "重复抄送已合并：郑十六、王五", entries[1].Text)
		require.Empty(c.t, c.approves("王五", n))
		require.Len(c.t, c.gets("孙七", "【抄送】"), 1)
		require.Empty(c.t, c.gets("郑十六", "【抄送】"))
	})
}

// G1-3.2(4) AE1: a sensitive case is not shown to those it does not concern.
func TestASensitiveCaseIsRefusedOpenly(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(func(d *request.Draft) { d.Sensitive = true })
		view := func(who string) string {
			return c.does(who, func(q *request.Requests, call *chat.Call) error { _, err := q.View(call, n); return err })
		}
		require.Contains(c.t, view("孙七"), "【无权限】")
		require.Contains(c.t, view("高总"), "【无权限】", "not even above those it concerns")
		require.Empty(c.t, view("魏伟"))
		require.Empty(c.t, view("赵六"))
		c.allowed["邵静 audit.view"] = true
		require.Empty(c.t, view("邵静"))
		n = c.submits(nil)
		require.Contains(c.t, view("孙七"), "【未找到】")
		require.Empty(c.t, view("高总"))
	})
}

// What is approved may be revoked where the domain lets it, with a reason.
func TestRevoking(t *testing.T) {
	each(t, func(c *company) {
		withdraws := func(n, why string) string {
			return c.does("赵六", func(q *request.Requests, call *chat.Call) error { _, err := q.Withdraw(call, n, why); return err })
		}
		n := c.files(request.Step{Name: "一", Whom: single})
		require.Empty(c.t, c.approves("魏伟", n))
		require.Contains(c.t, withdraws(n, ""), "【请补充】原因")
		c.keeps = chat.Refused{Reason: "已经休完假", Instead: "联系人事部"}
		require.Contains(c.t, withdraws(n, "不去了"), "已经休完假")
		c.keeps = nil
		require.Empty(c.t, withdraws(n, "不去了"))
		require.Equal(c.t, "revoked approved", c.states(n))
		require.Contains(c.t, c.gets("魏伟", "【撤销】")[0], "原因：不去了")
		require.Contains(c.t, withdraws(n, "再来"), "通过后已被撤销")
	})
}

// Several are approved at once, each on its own.
func TestDecideMany(t *testing.T) {
	each(t, func(c *company) {
		a, b := c.files(request.Step{Name: "一", Whom: single}), c.files(request.Step{Name: "一", Whom: "department:人事部"})
		var all []request.Decided
		require.Empty(c.t, c.does("魏伟", func(q *request.Requests, call *chat.Call) (err error) {
			all, err = q.DecideMany(call, []string{a, b, a, "A20200101-0001"}, "")
			return err
		}))
		require.Len(c.t, all, 3)
		require.NoError(c.t, all[0].Err)
		require.ErrorContains(c.t, all[1].Err, "【无权限】")
		require.Equal(c.t, "approved approved", c.states(a))
		require.Equal(c.t, "running current", c.states(b))
	})
}

// G2-4.4(3) AE1: a node without a limit of its own is reminded of after 8
// working hours and climbs to the approver's superior after 16; the clock of a
// node that is entered again begins anew.
func TestG2_4_4_3_AE1_ANodeIsRemindedAndEscalated(t *testing.T) {
	each(t, func(c *company) {
		n := c.files(request.Step{Name: "一", Whom: single})
		c.at("03-02 18:00:00")
		require.Equal(c.t, 1, c.cards("魏伟"), "the request alone")
		c.at("03-02 18:00:10")
		require.Equal(c.t, 2, c.cards("魏伟"), "reminded")
		c.at("03-03 17:00:00")
		require.Zero(c.t, c.cards("高总"))
		c.at("03-03 17:00:10")
		require.Equal(c.t, 1, c.cards("高总"), "his superior")
		require.Empty(c.t, c.approves("魏伟", n))
	})
}
