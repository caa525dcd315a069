package request_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/app/request"
	"guiju/store"
)

// away makes a member absent until the end of the week.
func (c *company) away(who, deputy string) {
	c.t.Helper()
	require.Contains(c.t, c.says(who, "代理 "+deputy+" 今天 3月6日"), "【已受理】")
}

// work is what a member has open.
func (c *company) work(who string) []people.Work {
	c.t.Helper()
	work, err := c.requests.HandOver().List(c.reader(), c.ids[who], 50)
	require.NoError(c.t, err)
	return work
}

// handsOver reassigns everything a member has open, each piece twice.
func (c *company) handsOver(from, to, why string) {
	c.t.Helper()
	for range 2 {
		for _, w := range c.work(from) {
			for range 2 {
				c.tx(func(tx *store.Tx) error {
					return c.requests.HandOver().Reassign(tx, w.Subject, c.ids[from], c.ids[to], why)
				})
			}
		}
	}
	c.settle()
}

func TestDeputiesStandIn(t *testing.T) {
	each(t, func(c *company) {
		c.away("魏伟", "韩梅")
		n := c.submits(nil)
		require.Zero(c.t, c.cards("魏伟"))
		require.Contains(c.t, c.says("赵六", "追溯 "+n), "1. 部门负责人：处理中，由韩梅（代魏伟）处理，时限 3月3日 10:00")
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "【无权限】", "his deputy decides")
		require.Contains(c.t, c.presses("韩梅", "批准"), "接下来由郑十六处理")
	})
}

func TestADeputyWhoAppliedCannotStandIn(t *testing.T) {
	onSQLite(t, func(c *company) {
		c.away("魏伟", "赵六")
		n := c.submits(nil)
		require.Equal(c.t, 1, c.cards("魏伟"), "it waits for him")
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "【已受理】")
	})
}

func TestWhoGoesAwayPassesWhatHeHasOpen(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		c.away("魏伟", "韩梅")
		require.Contains(c.t, c.gets("赵六", "【进度】")[0], "魏伟外出，「部门负责人」由韩梅（代魏伟）处理")
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), n+" 已经不由您处理，现在是「部门负责人」，由韩梅（代魏伟）处理")
		require.Equal(c.t, "running current waiting waiting", c.states(n))
		require.Contains(c.t, c.presses("韩梅", "批准"), "【已受理】")
		_, steps := c.read(n)
		clocks, err := c.reader().ClocksOf(steps[0].Subject(), 10)
		require.NoError(c.t, err)
		require.Equal(c.t, []store.ClockState{store.ClockMoved, store.ClockMet}, []store.ClockState{clocks[0].State, clocks[1].State})
	})
}

func TestWhatDoesNotArriveGoesToTheHead(t *testing.T) {
	each(t, func(c *company) {
		c.platform.refused["魏伟"] = true
		n := c.submits(nil)
		require.Equal(c.t, 1, c.cards("高总"))
		require.Contains(c.t, c.gets("赵六", "【进度】")[0], "没有送达魏伟，「部门负责人」由高总处理")
		require.Contains(c.t, c.presses("高总", "批准"), "【已受理】")
		require.Equal(c.t, "running approved current waiting", c.states(n))
	})
}

func TestALeaversStepGoesToHisSuperior(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		require.Len(c.t, c.work("魏伟"), 1)
		require.Equal(c.t, "审批：账号申请：新人甲", c.work("魏伟")[0].Title)
		require.Equal(c.t, n, c.work("魏伟")[0].Number)
		require.Empty(c.t, c.work("赵六"), "an applicant who stays keeps what he applied for")
		c.leaves("魏伟")
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "【无权限】", "from the moment he has left")
		c.handsOver("魏伟", "高总", "魏伟已离职")
		require.Empty(c.t, c.work("魏伟"))
		require.Len(c.t, c.work("高总"), 1)
		require.Equal(c.t, []string{"【进度】" + n + "「账号申请：新人甲」：魏伟已离职，「部门负责人」由高总处理。"}, c.gets("赵六", "【进度】"), "told once")
		require.Contains(c.t, c.presses("高总", "批准"), "【已受理】")
	})
}

func TestAnApplicantWhoLeavesWithdraws(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		c.leaves("赵六")
		require.Len(c.t, c.work("赵六"), 1)
		c.handsOver("赵六", "高总", "赵六已离职")
		require.Equal(c.t, "withdrawn skipped skipped skipped", c.states(n))
		require.Equal(c.t, []string{n + " withdrawn"}, c.finished)
		require.Equal(c.t, []string{"【撤回】申请人赵六已离职，系统撤回了 " + n + "「账号申请：新人甲」，无需再处理。"}, c.gets("魏伟", "【撤回】"))
		require.Equal(c.t, "卡片已变化", c.presses("魏伟", "批准"))
		require.Empty(c.t, c.work("赵六"))
	})
}

func TestASuccessorWhoMayNotDecideIsPassedOver(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		c.leaves("魏伟")
		c.superiors["赵六"] = "高总"
		c.handsOver("魏伟", "赵六", "魏伟已离职") // the applicant himself
		require.Equal(c.t, 1, c.cards("高总"))
		require.Contains(c.t, c.says("高总", "审批 "+n+" 同意"), "【已受理】")
	})
}

func TestTheOthersDecideWhenOneOfThemLeaves(t *testing.T) {
	onSQLite(t, func(c *company) {
		n := c.submits(func(d *request.Draft) {
			d.Lines, d.Steps = nil, []request.Step{{Name: "管理员", Whom: "role:administrator"}}
		})
		c.leaves("韩梅")
		c.handsOver("韩梅", "", "韩梅已离职")
		require.Contains(c.t, c.gets("赵六", "【进度】")[0], "韩梅已离职，「管理员」由其他审批人处理")
		require.Equal(c.t, 1, c.cards("陈立"), "not asked twice")
		require.Contains(c.t, c.presses("陈立", "批准"), "申请通过")
		require.Equal(c.t, "approved approved", c.states(n))

		c.submits(func(d *request.Draft) {
			d.Lines, d.Steps = nil, []request.Step{{Name: "管理员", Whom: "role:administrator"}}
		})
		c.whom["role:administrator"] = []string{"孙七"}
		c.handsOver("陈立", "", "调岗")
		require.Equal(c.t, 1, c.cards("孙七"), "who holds the role now")
	})
}

func TestAStepWithoutAnybodyIsEnteredAgainWhenUrged(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		delete(c.whom, "department:人事部")
		c.superiors = map[string]string{}
		c.leaves("陈立") // the company's people still name him administrator
		c.platform.refused["陈立"] = true
		c.ids["没人"] = c.ids["陈立"]
		c.ids["陈立"] = c.ids["赵六"] // nobody else is left
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "已同意，「人事部核实」暂时没有人可以处理")
		require.Contains(c.t, c.gets("赵六", "【无人处理】")[0], n)
		require.Equal(c.t, "running approved current waiting", c.states(n))
		require.Contains(c.t, c.says("赵六", "追溯 "+n), "2. 人事部核实：暂时没有人可以处理")
		c.whom["department:人事部"] = []string{"郑十六"}
		require.Equal(c.t, "【已受理】"+n+" 已转给郑十六处理。", c.says("赵六", "催办 "+n))
		require.Contains(c.t, c.presses("郑十六", "批准"), "接下来由王五处理")
	})
}

// G2-4.4(3): at most once in four working hours, for each step.
func TestUrgingHasAnInterval(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		require.Equal(c.t, "【已受理】"+n+" 已催办魏伟。", c.says("赵六", "催办"))
		require.Len(c.t, c.gets("魏伟", "【催办】赵六 请您尽快处理 "+n), 1)
		c.at("03-02 11:00:00")
		require.Equal(c.t, "【未通过】"+n+" 在 3月2日 10:00 已经催办过（依据 G2-4.4(3)）。可改为：3月2日 14:00 之后再催", c.says("赵六", "催办 "+n))
		require.Contains(c.t, c.says("高总", "催办 "+n), "已经催办过", "one interval for all")
		c.at("03-02 14:00:00")
		require.Contains(c.t, c.says("高总", "催办 "+n), "已催办魏伟")
		c.says("魏伟", "审批 "+n+" 同意")
		require.Contains(c.t, c.says("赵六", "催办 "+n), "已催办郑十六", "the next one has not been urged yet")
		require.Len(c.t, c.gets("魏伟", "【催办】"), 2)
	})
}

// G2-4.2(1): one working day a step; a reminder two working hours before, then
// the breach, then those above.
func TestAStepHasALimitOfItsOwn(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		_, steps := c.read(n)
		clocks, err := c.reader().ClocksOf(steps[0].Subject(), 10)
		require.NoError(c.t, err)
		require.Equal(c.t, "3月3日 10:00", clocks[0].DueAt.In(shanghai).Format("1月2日 15:04"))
		require.Equal(c.t, "1wd", clocks[0].WorkLimit)
		require.Contains(c.t, c.says("魏伟", "我的待办"), n+" 账号申请：新人甲（3月3日 10:00 前处理）")
		require.Equal(c.t, "您现在没有待办，真不错。\n【我提交的申请】\n"+n+" 账号申请：新人甲", c.says("赵六", "我的待办"))
		c.at("03-02 17:00:00")
		require.Equal(c.t, "请在 3月3日 10:00 前回应", c.card("魏伟").MainTitle.Title)
		c.at("03-03 10:00:30")
		require.Equal(c.t, "已超时，请尽快回应", c.card("魏伟").MainTitle.Title)
		require.Contains(c.t, c.gets("赵六", "【超时】")[0], "可发送：催办 "+n)
		c.at("03-04 10:00:30")
		require.Contains(c.t, c.says("高总", "已知悉 "+n), "已记录您知悉此事")
		require.Contains(c.t, c.presses("高总", "催办"), "已催办魏伟")
		require.Contains(c.t, c.presses("魏伟", "批准"), "【已受理】", "on the reminder")
		require.Equal(c.t, "本月您没有需要回应的事项。", c.says("魏伟", "响应统计"), "R-RESP is about communication")
	})
}

func TestOnlyThoseWhoNeedItSeePersonalData(t *testing.T) {
	each(t, func(c *company) {
		phone := func(who string) string {
			for _, row := range c.card(who).HorizontalContentList {
				if row.KeyName == "手机号" {
					return row.Value
				}
			}
			return ""
		}
		n := c.submits(nil)
		require.Equal(c.t, "138****5678", phone("魏伟"))
		c.says("魏伟", "审批 "+n+" 同意")
		require.Equal(c.t, "138****5678", phone("郑十六"))
		c.says("郑十六", "审批 "+n+" 同意")
		require.Equal(c.t, "13812345678", phone("王五"))
		require.Contains(c.t, c.says("王五", "追溯 "+n), "手机号：13812345678")
		require.Contains(c.t, c.says("赵六", "追溯 "+n), "手机号：138****5678")
		require.Contains(c.t, c.says("魏伟", "追溯 "+n), "手机号：138****5678")
		c.says("王五", "已开通 "+n)
		require.Contains(c.t, c.says("王五", "追溯 "+n), "手机号：138****5678", "he needs it no longer")
	})
}

// A card shows few lines: what does not fit comes as text before it.
func TestWhatTheCardWouldCutComesAsText(t *testing.T) {
	onSQLite(t, func(c *company) {
		n := c.submits(func(d *request.Draft) {
			d.Lines = append(d.Lines, request.Line{Key: "理由", Value: "客户项目需要在本周内登录系统并整理一百二十份历史合同的扫描件与台账"}, request.Line{Key: "备注", Value: ""})
		})
		require.Equal(c.t, []string{n + " 账号申请：新人甲\n申请人：赵六\n姓名：新人甲\n手机号：138****5678\n理由：客户项目需要在本周内登录系统并整理一百二十份历史合同的扫描件与台账\n备注：-"}, c.gets("魏伟", n))
	})
}

// Applicant, deciders, those above them and who has the permission of the kind
// read the whole story; everybody else a number that does not exist.
func TestWhoMayReadTheStory(t *testing.T) {
	each(t, func(c *company) {
		n := c.submits(nil)
		c.says("魏伟", "审批 "+n+" 同意 注意期限")
		for _, who := range []string{"赵六", "魏伟", "郑十六", "韩梅"} { // applicant and his superior, decider and his
			require.Contains(c.t, c.says(who, "追溯 "+n), n+" 账号申请：新人甲（审批中）\n【申请】3月2日 10:00 赵六\n· 姓名：新人甲", who)
		}
		story := c.says("赵六", "追溯 "+n)
		require.Contains(c.t, story, "1. 部门负责人：魏伟 已同意，3月2日 10:00\n2. 人事部核实：处理中，由郑十六处理，时限 3月3日 10:00\n3. 开通：未到")
		require.Contains(c.t, story, "· 3月2日 10:00 魏伟 同意：注意期限（消息）")
		for _, who := range []string{"孙七", "王五", "邵静", "高总"} {
			require.Equal(c.t, "【未找到】"+n, c.says(who, "追溯 "+n), who)
		}
		c.allowed["陈立 trial.view"] = true
		require.Contains(c.t, c.says("陈立", "追溯 "+n), "审批中")
		c.says("赵六", "撤回 "+n)
		require.Contains(c.t, c.says("赵六", "追溯 1"), "（已撤回）", "by its tail, although it has ended")
		require.Contains(c.t, c.says("赵六", "追溯 A1"), "· 3月2日 10:00 赵六 撤回（消息）")
		require.Equal(c.t, "【未找到】1", c.says("孙七", "追溯 1"))
	})
}

func TestPermissionsOfTheCommandsAboutRequests(t *testing.T) {
	onSQLite(t, func(c *company) {
		n := c.submits(nil)
		c.allowed["not 赵六 approval.apply"] = true
		require.Contains(c.t, c.says("赵六", "撤回 "+n), "【无权限】需要 approval.apply")
		require.Contains(c.t, c.says("赵六", "催办 "+n), "【无权限】需要 approval.apply")
		c.allowed["not 魏伟 item.answer"] = true
		require.Contains(c.t, c.says("魏伟", "审批 "+n+" 同意"), "【无权限】需要 item.answer")
		require.Equal(c.t, "running current waiting waiting", c.states(n))
	})
}

// leaves takes a member away.
func (c *company) leaves(who string) {
	c.t.Helper()
	c.tx(func(tx *store.Tx) error {
		m, err := tx.Member(c.ids[who])
		if err != nil {
			return err
		}
		m.Status = store.MemberLeft
		return tx.SaveMember(&m)
	})
}
