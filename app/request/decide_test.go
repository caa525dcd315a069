package request_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/request"
	"guiju/store"
)

// Given three steps, when their people act in order, then each gets the card in
// his turn, the applicant one line for each, and the domain the result.
func TestThreeStepsAreDecidedInOrder(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		require.Equal(c.t, "A20260302-0001", n)
		shown := c.card("魏伟")
		require.Equal(c.t, "【待办】账号申请：新人甲", shown.MainTitle.Title)
		require.Equal(c.t, "试验申请", shown.Source.Desc)
		require.Zero(c.t, c.cards("郑十六"), "not his turn")

		require.Equal(c.t, "【未通过】还没有轮到「人事部核实」，现在是「部门负责人」，由魏伟处理（依据 G2-4.2(1)）。可改为：等轮到您时会收到卡片，再处理", c.says("郑十六", "审批 "+n+" 同意"))
		require.Contains(c.t, c.says("王五", "已开通 "+n), "还没有轮到「开通」")
		require.Equal(c.t, "running current waiting waiting", c.states(n), "nothing has changed")

		require.Equal(c.t, "【已受理】"+n+" 已同意，接下来由郑十六处理「人事部核实」。", c.presses("魏伟", "批准"))
		require.Equal(c.t, []string{"【进度】" + n + "「账号申请：新人甲」：魏伟已同意「部门负责人」，接下来由郑十六处理「人事部核实」。"}, c.gets("赵六", "【进度】"))
		require.Equal(c.t, "running approved current waiting", c.states(n))
		require.Equal(c.t, "卡片已变化", c.presses("魏伟", "批准"), "pressed twice")
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "的「部门负责人」已由魏伟同意，现在是「人事部核实」，由郑十六处理")

		require.Contains(c.t, c.says("郑十六", "审批 "+n+" 批准 资料齐全"), "接下来由王五处理「开通」")
		require.Contains(c.t, c.gets("赵六", "【进度】")[1], "意见：资料齐全")
		require.Equal(c.t, "【未通过】现在是「开通」这一步。可改为：已开通 "+n, c.says("王五", "审批 "+n+" 同意"), "the step has a command of its own")
		require.Equal(c.t, "【已受理】"+n+" 已同意，申请通过，已通知申请人。", c.presses("王五", "已开通"))
		require.Equal(c.t, "approved approved approved approved", c.states(n))
		require.Equal(c.t, []string{n + " approved"}, c.finished)
		require.Len(c.t, c.gets("赵六", "【已通过】"), 1)
		require.Equal(c.t, "submitted entered agreed entered agreed entered agreed", c.history(n))

		r, steps := c.read(n)
		require.NotNil(c.t, r.FinishedAt)
		require.Equal(c.t, c.ids["王五"], steps[2].DecidedBy)
		for _, step := range steps {
			clocks, err := c.reader().ClocksOf(step.Subject(), 10)
			require.NoError(c.t, err)
			require.Len(c.t, clocks, 1)
			require.Equal(c.t, store.ClockMet, clocks[0].State)
		}
		entries, err := c.reader().RequestEntries(r.ID, 10)
		require.NoError(c.t, err)
		require.Equal(c.t, "card", entries[2].Source)
		require.Equal(c.t, "chat", entries[4].Source)
		require.EqualValues(c.t, 7, entries[4].DeliveryID)
	})
}

func TestARejectionNeedsAReasonAndEndsIt(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		require.Equal(c.t, "【请补充】意见：请写驳回的原因，申请人会看到", strings.Split(c.presses("魏伟", "驳回"), "\n")[0])
		require.Equal(c.t, "running current waiting waiting", c.states(n))
		require.Equal(c.t, "【已受理】"+n+" 已驳回，已通知申请人。", c.says("魏伟", "岗位还没有批下来"))
		require.Equal(c.t, "rejected rejected skipped skipped", c.states(n))
		require.Equal(c.t, []string{n + " rejected"}, c.finished)
		require.Len(c.t, c.gets("赵六", "【已驳回】"+n+"「账号申请：新人甲」被魏伟驳回（部门负责人）。\n意见：岗位还没有批下来\n"), 1)
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 驳回 再一次"), n+" 已经驳回")
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意 "+strings.Repeat("长", 501)), "已经驳回")
		n = c.submits(nil)
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意 "+strings.Repeat("长", 501)), "意见有 501 字，最多 500 字")
		require.Equal(c.t, "running current waiting waiting", c.states(n))
	})
}

// situation brings a request into one of the states of the table.
func (c *company) situation(state string) string {
	c.t.Helper()
	n := c.submits(nil)
	steps := map[string][][2]string{
		"first": {}, "second": {{"魏伟", "审批 N 同意"}}, "third": {{"魏伟", "审批 N 同意"}, {"郑十六", "审批 N 同意"}},
		"approved":  {{"魏伟", "审批 N 同意"}, {"郑十六", "审批 N 同意"}, {"王五", "已开通 N"}},
		"rejected":  {{"魏伟", "审批 N 同意"}, {"郑十六", "审批 N 驳回 不行"}},
		"withdrawn": {{"魏伟", "审批 N 同意"}, {"赵六", "撤回 N"}},
	}
	for _, step := range steps[state] {
		require.Contains(c.t, c.says(step[0], strings.ReplaceAll(step[1], "N", n)), "【已受理】")
	}
	return n
}

// Every state with every act by everybody it may concern: what is answered,
// and where the request stands then.
func TestStateByAct(t *testing.T) {
	const (
		same    = ""
		done    = "【已受理】"
		refused = "【未通过】"
		denied  = "【无权限】"
		unknown = "【未找到】"
	)
	type outcome struct{ answer, state string }
	states := []string{"first", "second", "third", "approved", "rejected", "withdrawn"}
	// the steps after the act; "" where nothing changes
	table := []struct {
		who, text string
		outcomes  [6]outcome // by state
	}{
		{"魏伟", "审批 N 同意", [6]outcome{{done, "running approved current waiting"}, {refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"魏伟", "审批 N 驳回 不行", [6]outcome{{done, "rejected rejected skipped skipped"}, {refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"魏伟", "审批 N 驳回", [6]outcome{{"【请补充】意见", same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"魏伟", "审批 N", [6]outcome{{"【请补充】决定", same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"郑十六", "审批 N 同意", [6]outcome{{refused, same}, {done, "running approved approved current"}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"郑十六", "审批 N 驳回 不行", [6]outcome{{refused, same}, {done, "rejected approved rejected skipped"}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"王五", "已开通 N", [6]outcome{{refused, same}, {refused, same}, {done, "approved approved approved approved"}, {refused, same}, {denied, same}, {denied, same}}},
		{"王五", "审批 N 同意", [6]outcome{{refused, same}, {refused, same}, {refused, same}, {refused, same}, {denied, same}, {denied, same}}},
		{"王五", "审批 N 驳回 号码不对", [6]outcome{{refused, same}, {refused, same}, {done, "rejected approved approved rejected"}, {refused, same}, {denied, same}, {denied, same}}},
		{"魏伟", "已开通 N", [6]outcome{{refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"赵六", "审批 N 同意", [6]outcome{{refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"赵六", "审批 N 驳回 不行", [6]outcome{{refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"孙七", "审批 N 同意", [6]outcome{{denied, same}, {denied, same}, {denied, same}, {denied, same}, {denied, same}, {denied, same}}},
		{"孙七", "审批 N", [6]outcome{{denied, same}, {denied, same}, {denied, same}, {denied, same}, {denied, same}, {denied, same}}},
		{"赵六", "撤回 N", [6]outcome{{done, "withdrawn skipped skipped skipped"}, {done, "withdrawn approved skipped skipped"}, {done, "withdrawn approved approved skipped"}, {refused, same}, {refused, same}, {refused, same}}},
		{"魏伟", "撤回 N", [6]outcome{{unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}}},
		{"赵六", "催办 N", [6]outcome{{done, same}, {done, same}, {done, same}, {refused, same}, {refused, same}, {refused, same}}},
		{"高总", "催办 N", [6]outcome{{done, same}, {unknown, same}, {unknown, same}, {refused, same}, {refused, same}, {refused, same}}}, // above 魏伟
		{"孙七", "催办 N", [6]outcome{{unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}}},
		{"高总", "已知悉 N", [6]outcome{{done, same}, {unknown, same}, {unknown, same}, {done, same}, {done, same}, {done, same}}},
		{"孙七", "已知悉 N", [6]outcome{{unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}, {unknown, same}}},
	}
	onSQLite(t, func(c *company) {
		for i, state := range states {
			for _, row := range table {
				n := c.situation(state)
				before := c.states(n)
				told := c.says(row.who, strings.ReplaceAll(row.text, "N", n))
				want := row.outcomes[i]
				require.True(c.t, strings.HasPrefix(told, want.answer), "%s: %s says %s and is told %s", state, row.who, row.text, told)
				if want.state == same {
					want.state = before
				}
				require.Equal(c.t, want.state, c.states(n), "%s: %s says %s", state, row.who, row.text)
				if strings.HasPrefix(told, "【请补充】") {
					c.says(row.who, "取消")
				}
			}
		}
	})
}

func TestWhoMayNotDecideIsRecordedAndWhoIsGrantedMay(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		told := c.says("孙七", "审批 "+n+" 同意")
		require.Equal(c.t, "【无权限】需要 approval.node.trial.1.decide，可发送：权限申请 approval.node.trial.1.decide <理由> <期限>", told)
		require.Equal(c.t, []string{"孙七 approval.node.trial.1.decide " + n}, c.denied)
		require.Contains(c.t, c.says("孙七", "审批 A20260302-0999 同意"), "【未找到】A20260302-0999")

		c.allowed["孙七 approval.node.trial.1.decide"] = true
		c.allowed["赵六 approval.node.trial.1.decide"] = true
		require.Contains(c.t, c.says("赵六", "审批 "+n+" 同意"), "不能审批自己的申请（依据 G1-4.2.1(四)）", "no grant lifts that")
		require.Contains(c.t, c.says("孙七", "审批 "+n+" 同意"), "【已受理】")
		_, steps := c.read(n)
		require.Equal(c.t, c.ids["孙七"], steps[0].DecidedBy)
		require.Equal(c.t, "running approved current waiting", c.states(n))
	})
}

func TestTheMemberItIsAboutDoesNotDecide(t *testing.T) {
	onSQLite(t, func(c *company) {
		c.whom["role:administrator"] = []string{"孙七", "陈立"}
		n := c.submits(func(d *request.Draft) {
			d.Lines, d.About, d.Steps = nil, c.ids["孙七"], []request.Step{{Name: "管理员", Whom: "role:administrator"}}
		})
		require.Zero(c.t, c.cards("孙七"))
		require.Contains(c.t, c.says("孙七", "审批 "+n+" 同意"), "不能审批与自己有关的申请")
		require.Contains(c.t, c.presses("陈立", "批准"), "申请通过")
	})
}

// G1-4.2.1(四) AE2's rule: the step of an applicant who is himself meant goes to
// his superior.
func TestTheApplicantsOwnStepGoesToHisSuperior(t *testing.T) {
	onSQLite(t, func(c *company) {
		n := c.submits(func(d *request.Draft) {
			d.Applicant = c.ids["魏伟"]
			d.Lines, d.Steps = nil, []request.Step{{Name: "部门负责人", Whom: "superior"}}
			c.whom["superior"] = []string{"魏伟"}
		})
		require.Equal(c.t, 1, c.cards("高总"))
		require.Zero(c.t, c.cards("魏伟"))
		require.Contains(c.t, c.says("高总", "审批 "+n+" 同意"), "申请通过")
	})
}

// The applicant acts for somebody else and is himself the one to decide.
func TestTheApplicantOfAnothersCaseDoesNotDecideEither(t *testing.T) {
	onSQLite(t, func(c *company) {
		c.whom["superior"] = []string{"郑十六"}
		n := c.submits(func(d *request.Draft) {
			d.Applicant, d.About = c.ids["郑十六"], c.ids["赵六"]
			d.Lines, d.Steps = nil, []request.Step{{Name: "人事部", Whom: "superior"}}
		})
		require.Equal(c.t, 1, c.cards("韩梅"), "his superior")
		_, steps := c.read(n)
		require.Contains(c.t, steps[0].Reason, "申请人不能审批自己的申请")
		require.Contains(c.t, c.card("韩梅").SubTitleText, "由您处理的原因：申请人不能审批自己的申请")
	})
}

func TestTheSamePersonInNeighbouringStepsIsMerged(t *testing.T) {
	each(t, func(c *company) {
		c.whom["department:人事部"] = []string{"魏伟", "郑十六"}
		n := c.submits(nil)
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "接下来由王五处理「开通」")
		require.Equal(c.t, "running approved skipped current", c.states(n))
		require.Equal(c.t, "submitted entered agreed skipped entered", c.history(n))
		require.Contains(c.t, c.says("赵六", "追溯 "+n), "2. 人事部核实：与上一步同为魏伟，合并")
		require.Zero(c.t, c.cards("郑十六"))
	})
}

func TestAStepWithACommandOfItsOwnIsNeverMerged(t *testing.T) {
	onSQLite(t, func(c *company) {
		c.whom["post:行政部/用户权限管理"] = []string{"郑十六"}
		n := c.submits(nil)
		c.says("魏伟", "审批 "+n+" 同意")
		require.Contains(c.t, c.says("郑十六", "审批 "+n+" 同意"), "接下来由郑十六处理「开通」")
		require.Equal(c.t, "running approved approved current", c.states(n))
		require.Contains(c.t, c.says("郑十六", "已开通 "+n), "申请通过")
	})
}

func TestMergingTheLastStepApproves(t *testing.T) {
	onSQLite(t, func(c *company) {
		c.whom["department:人事部"] = []string{"魏伟"}
		n := c.submits(func(d *request.Draft) { d.Steps, d.Lines = d.Steps[:2], nil })
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "申请通过")
		require.Equal(c.t, "approved approved skipped", c.states(n))
		require.Equal(c.t, []string{n + " approved"}, c.finished)
	})
}

func TestOneOfSeveralDecidesAndTheOthersSeeIt(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(func(d *request.Draft) {
			d.Lines, d.Steps = nil, []request.Step{{Name: "管理员", Whom: "role:administrator"}}
		})
		require.Equal(c.t, 1, c.cards("陈立"))
		require.Equal(c.t, 1, c.cards("韩梅"))
		require.Contains(c.t, c.presses("陈立", "批准"), "申请通过")
		require.Equal(c.t, "卡片已变化", c.presses("韩梅", "批准"))
		require.Contains(c.t, c.says("韩梅", "审批 "+n+" 驳回 不行"), n+" 已经通过")
		require.Equal(c.t, "approved approved", c.states(n))
		_, steps := c.read(n)
		clocks, err := c.reader().ClocksOf(steps[0].Subject(), 10)
		require.NoError(c.t, err)
		states := map[int64]store.ClockState{}
		for _, clock := range clocks {
			states[clock.ReceiverID] = clock.State
		}
		require.Equal(c.t, map[int64]store.ClockState{c.ids["陈立"]: store.ClockMet, c.ids["韩梅"]: store.ClockCancelled}, states)
	})
}

func TestCheckRefusesBeforeAnythingIsWritten(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		c.check = chat.Refused{Reason: "角色冲突", Clause: "G1-4.2.1(四)", Instead: "先收回另一个角色"}
		require.Contains(c.t, c.presses("魏伟", "批准"), "【未通过】角色冲突")
		require.Equal(c.t, "submitted entered", c.history(n))
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 驳回 冲突"), "已驳回")
	})
}

// What Finished refuses is never an answer: half a decision would be kept.
func TestAFailingFinishFailsTheDecision(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(func(d *request.Draft) { d.Lines, d.Steps = nil, d.Steps[:1] })
		for _, broken := range []error{errDisk, chat.Refused{Reason: "不行"}} {
			c.broken = broken
			_, err := c.tries("魏伟", func(tx *store.Tx, from chat.From) (chat.Answer, error) {
				return c.engine.Handle(tx, from, "审批 "+n+" 同意")
			})
			require.ErrorContains(c.t, err, "finish request "+n)
			require.Equal(c.t, "running current", c.states(n))
			require.Equal(c.t, "submitted entered", c.history(n))
		}
		c.broken = nil
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "申请通过")
	})
}

func TestApprovalsCommandListsAndAsks(t *testing.T) {
	onSQLite(t, func(c *company) {
		require.Equal(c.t, "现在没有等您审批的申请。", c.says("魏伟", "审批"))
		require.Contains(c.t, c.says("魏伟", "审批 同意"), "【未通过】现在没有等您审批的申请")
		first := c.submits(nil)
		require.Equal(c.t, "【等我审批】\n"+first+" 账号申请：新人甲（赵六）\n可发送：审批 "+first+" 同意，或 审批 "+first+" 驳回 <原因>", c.says("魏伟", "审批"))
		require.Equal(c.t, "现在没有等您审批的申请。\n【我提交的申请】\n"+first+" 账号申请：新人甲", c.says("赵六", "审批"))
		require.Contains(c.t, c.says("魏伟", "审批 同意"), first+" 已同意", "the only one")
		require.Contains(c.t, c.says("郑十六", "审批 1"), "【请补充】决定：同意 还是 驳回？\n"+first+" 账号申请：新人甲\n申请人：赵六\n姓名：新人甲\n手机号：138****5678")
		require.Contains(c.t, c.says("郑十六", "同意"), first+" 已同意")
		require.Contains(c.t, c.says("王五", "审批 "+first), "手机号：13812345678\n办好后请发送：已开通 "+first+"；不办请发送：审批 "+first+" 驳回 <原因>")

		second, third := c.submits(nil), c.submits(nil)
		told := c.says("魏伟", "审批 驳回 编制满了")
		require.Contains(c.t, told, "【请补充】编号：等您审批的不止一项，请写编号\n"+third+" 账号申请：新人甲（赵六）\n"+second)
		require.Contains(c.t, c.says("魏伟", second), second+" 已驳回")
		require.Equal(c.t, "running current waiting waiting", c.states(third))
		require.Contains(c.t, c.says("魏伟", "帮助 审批"), "写法：审批 [编号] [批准|驳回] [意见]")
	})
}

func TestDraftsAreBounded(t *testing.T) {
	onSQLite(t, func(c *company) {
		submit := func(change func(d *request.Draft)) error {
			d := c.account()
			change(&d)
			return c.db.InTx(c.t.Context(), func(tx *store.Tx) error {
				_, err := c.requests.Submit(tx, d)
				return err
			})
		}
		many := func(n int) (steps []request.Step) {
			for i := range n {
				steps = append(steps, request.Step{Name: fmt.Sprint("第", i), Whom: "superior"})
			}
			return steps
		}
		for want, change := range map[string]func(d *request.Draft){
			"nobody has registered it":  func(d *request.Draft) { d.Kind = "other" },
			"has no applicant":          func(d *request.Draft) { d.Applicant = 0 },
			"or no title":               func(d *request.Draft) { d.Title = " " },
			"has 0 steps":               func(d *request.Draft) { d.Steps = nil },
			"has 11 steps":              func(d *request.Draft) { d.Lines, d.Steps = nil, many(11) },
			"has 21 lines":              func(d *request.Draft) { d.Lines = make([]request.Line, 21) },
			"comes twice":               func(d *request.Draft) { d.Steps[1].Name = "部门负责人" },
			"nobody to decide it":       func(d *request.Draft) { d.Steps[1].Whom = "" },
			"is for step \"没有\"":        func(d *request.Draft) { d.Lines[1].Only = []string{"没有"} },
			"has no name or one of mor": func(d *request.Draft) { d.Lines[0].Key = strings.Repeat("长", 21) },
			"「姓名」有 501 字，最多 500 字":      func(d *request.Draft) { d.Lines[0].Value = strings.Repeat("长", 501) },
			"data of":                   func(d *request.Draft) { d.Data = strings.Repeat("x", 20<<10) },
			"暂时没有人可以处理「部门负责人」这一步": func(d *request.Draft) {
				c.superiors, c.whom["superior"] = nil, nil
				d.Applicant = c.ids["陈立"] // the only administrator
			},
		} {
			require.ErrorContains(c.t, submit(change), want)
		}
		requests, err := c.reader().RequestsOf(c.ids["赵六"], []store.RequestState{store.RequestRunning}, 10)
		require.NoError(c.t, err)
		require.Empty(c.t, requests, "nothing was written")
		require.Panics(c.t, func() { c.requests.Kind("trial", request.Kind{Title: "又一个"}) })
		require.Panics(c.t, func() { c.requests.Kind("Bad", request.Kind{Title: "又一个"}) })

		c.whom["superior"] = nil
		for i := range 30 {
			name := fmt.Sprint("众", i)
			c.tx(func(tx *store.Tx) error {
				m := store.Member{UserID: name, UserIDFold: name, Name: name, Status: store.MemberActive, Visible: true}
				err := tx.AddMember(&m)
				c.ids[name] = m.ID
				return err
			})
			c.whom["superior"] = append(c.whom["superior"], name)
		}
		n := c.submits(nil)
		r, _ := c.read(n)
		deciders, err := c.reader().RequestDeciders(r.ID)
		require.NoError(c.t, err)
		require.Len(c.t, deciders, request.MaxDeciders)
	})
}
