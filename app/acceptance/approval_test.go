package acceptance_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// Approvals as members meet them: what they send, who has to decide, what
// everybody is told (guide S04). How those who decide act is in
// approval_acts_test.go, what cannot be applied for in approval_input_test.go.

// leaveOfTwoDays is the leave of the guide's example (G1-2.1(1)b).
const leaveOfTwoDays = "请假 事假 2026-03-09 2026-03-10 家中有事 返回:2026-03-11 交接:孙七"

// leave is the same for other days.
func leave(from, to string) string {
	return fmt.Sprintf("请假 事假 %s %s 家中有事 返回:2026-03-20 交接:吴九", from, to)
}

// Applies lets a member apply in one message, with everything that is needed. It
// answers the number.
func (w *World) Applies(name, text string) string {
	w.t.Helper()
	told := w.Says(name, text)
	require.Contains(w.t, told, "【已受理】")
	return numberIn(w.t, told, "A")
}

// Decides lets a member decide in words: 批准, 驳回 太忙了.
func (w *World) Decides(name, number, decision string) string {
	w.t.Helper()
	told := w.Says(name, "审批 "+number+" "+decision)
	require.Contains(w.t, told, "【已受理】"+number, "%s decides", name)
	return told
}

// GetsExactly asserts that a member has been sent a text that is this one to the
// byte.
func (w *World) GetsExactly(name, text string) {
	w.t.Helper()
	fresh := w.fresh(name)
	for _, m := range fresh {
		if m.Text == text {
			w.seen[name] = m.ID
			return
		}
	}
	require.Failf(w.t, "missing text", "%s was not sent exactly %q; new are:\n%s", name, text, texts(fresh))
}

var (
	stepLine = regexp.MustCompile(`(?m)^\d+\. ([^：\n]+)：`)
	whoLine  = regexp.MustCompile(`由([^处，、]+)处理`)
)

// Route are the names of a case's steps as its applicant sees them.
func (w *World) Route(name, number string) (steps []string) {
	w.t.Helper()
	for _, found := range stepLine.FindAllStringSubmatch(w.Says(name, "追溯 "+number), -1) {
		steps = append(steps, found[1])
	}
	return steps
}

// Case is a case as it is stored.
func (w *World) Case(number string) store.Request {
	w.t.Helper()
	found, err := w.reader().RequestByNumber(number)
	require.NoError(w.t, err)
	return found
}

// Given a fresh install, when 赵六 sends 模板, then 请假 and 报销申请 and 会议邀请 are in
// the list; each shows its text.
func TestG1_1b_AE1_TheStandardTemplatesAreListed(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		listed := w.Says("赵六", "模板")
		for _, name := range []string{"请假", "报销申请", "会议邀请"} {
			require.Contains(t, listed, name)
		}
		require.Contains(t, w.Says("赵六", "模板 会议邀请"), "会议通知:[主题],时间:[时间],地点:[地点],议程:[议程],参会人员:[参会人员]。")
		require.Contains(t, w.Says("赵六", "模板 请假"), "申请[")
		require.Contains(t, w.Says("赵六", "模板 报销申请"), "申请报销,金额:[金额]元,事由:")
		require.Contains(t, w.Says("赵六", "模板 情书"), "【未找到】")
	})
}

// Given 赵六 asks for leave with everything said, when it is accepted, then 邵静
// receives text one to the byte, with the card that decides.
func TestG1_2_1_1_b_AE1_TheSuperiorReceivesTheLeaveText(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.GetsExactly("邵静", "赵六申请2026-03-09至2026-03-10请假,事由:家中有事,预计返回日期:2026-03-11,工作交接:孙七。")
		card := w.Shown("邵静", "请假", number, "批准")
		for _, button := range []string{"批准", "驳回", "转审"} {
			_, ok := card.button(button)
			require.True(t, ok, "C-APPROVE has %s: %s", button, card)
		}
		w.GetsNothing("魏伟", "请假") // the chain begins with the head of the department
	})
}

// Given 邵静 approves with the remark 注意交接, then 赵六 receives text two to the
// byte; without a remark it says 无.
func TestG1_2_1_1_b_AE2_TheApplicantReceivesTheDecision(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.Decides("邵静", number, "批准 注意交接")
		w.GetsExactly("赵六", "审批意见:批准,注意交接")
		w.Presses("郑十六", "批准")
		w.GetsExactly("赵六", "审批意见:批准,无")
		w.Decides("何静", number, "驳回 月底结账,请改期")
		w.GetsExactly("赵六", "审批意见:驳回,月底结账,请改期")
	})
}

// Groups are not registered yet (S08): each colleague of the department is told
// text three himself, once, and nobody else is.
func TestG1_2_1_1_b_ColleaguesAreToldOneByOne(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const text = "注意:赵六将于2026-03-09至2026-03-10请假,期间孙七代理其工作。"
		w.Applies("赵六", leaveOfTwoDays)
		w.Presses("邵静", "批准")
		w.Presses("郑十六", "批准")
		require.Zero(t, w.Count("周八", text), "not before the last has approved")
		w.Presses("何静", "批准")
		for _, name := range []string{"孙七", "周八", "魏伟"} {
			w.GetsExactly(name, text)
			require.Equal(t, 1, w.Count(name, text), name)
		}
		for _, name := range []string{"赵六", "吴九", "江一"} {
			require.Zero(t, w.Count(name, text), name)
		}
	})
}

// Given the hand-over is missing, then nothing is submitted and only that is
// asked for; the answer completes it.
func TestG1_2_1_1_b_AE4_OnlyTheHandOverIsAskedFor(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.Says("赵六", "请假 事假 2026-03-09 2026-03-10 家中有事 返回:2026-03-11")
		require.Contains(t, told, "【请补充】工作交接")
		require.NotContains(t, told, "事由")
		require.Zero(t, w.rows("SELECT COUNT(*) FROM requests"))
		w.GetsNothing("邵静", "请假")
		require.Contains(t, w.Says("赵六", "孙七"), "部门负责人", "the route is shown before anything is submitted")
		require.Zero(t, w.rows("SELECT COUNT(*) FROM requests"))
		require.Contains(t, w.Presses("赵六", "确认提交"), "【已受理】")
		w.GetsExactly("邵静", "赵六申请2026-03-09至2026-03-10请假,事由:家中有事,预计返回日期:2026-03-11,工作交接:孙七。")
	})
}

// E2.S 2 whole: 赵六 asks for 4 days from 2026-03-09 with 孙七 in his place.
func TestE2_S_2_ALeaveOfFourDays(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", "请假 事假 2026-03-09 2026-03-12 家中有事 返回:2026-03-13 交接:孙七")
		require.Equal(t, []string{"部门负责人", "分管领导", "HR", "财务"}, w.Route("赵六", number))
		w.GetsExactly("邵静", "赵六申请2026-03-09至2026-03-12请假,事由:家中有事,预计返回日期:2026-03-13,工作交接:孙七。")
		for i, name := range []string{"邵静", "高总", "郑十六", "何静"} {
			w.Shown(name, number, "批准")
			w.To(fmt.Sprintf("2026-03-02 1%d:00", i+1))
			w.Presses(name, "批准")
			if i == 0 {
				w.GetsExactly("赵六", "审批意见:批准,无")
			}
			w.Gets("赵六", name)
		}
		require.Equal(t, 1, w.Count("赵六", "审批意见:"), "the same words are not sent twice")
		const text = "注意:赵六将于2026-03-09至2026-03-12请假,期间孙七代理其工作。"
		w.GetsExactly("周八", text)
		w.GetsExactly("孙七", text)

		// The deputy is arranged for exactly these days.
		deputies, err := w.reader().DeputiesOfRequest(w.Case(number).ID)
		require.NoError(t, err)
		require.Len(t, deputies, 1)
		require.Equal(t, w.Member("赵六").ID, deputies[0].MemberID)
		require.Equal(t, w.Member("孙七").ID, deputies[0].DeputyID)
		require.Equal(t, at("2026-03-09 00:00"), deputies[0].FromAt.In(shanghai))
		require.Equal(t, at("2026-03-13 00:00"), deputies[0].UntilAt.In(shanghai))

		// What is for 赵六 in these days goes to 孙七, before and after it does not.
		w.To("2026-03-06 10:00")
		w.Says("何静", "发通知 赵六 请补报销单 需回复")
		w.Gets("赵六", "请补报销单")
		w.Says("赵六", "回复 好的")
		for _, day := range []string{"2026-03-09 10:00", "2026-03-12 17:00"} {
			w.To(day)
			w.Says("何静", "发通知 赵六 请核对"+day[8:10]+"日的回款 重要")
			w.Gets("孙七", "请核对"+day[8:10]+"日的回款")
			w.Says("孙七", "收到")
		}
		w.To("2026-03-13 10:00")
		w.Reads("孙七")
		w.Says("何静", "发通知 赵六 请补发票 需回复")
		w.Gets("赵六", "请补发票")
		w.GetsNothing("孙七", "请补发票")

		// The case is archived: closed, whole, found by its number.
		require.Equal(t, store.RequestApproved, w.Case(number).State)
		for _, words := range []string{"（已通过）", "家中有事", "邵静", "高总", "郑十六", "何静"} {
			require.Contains(t, w.Says("赵六", "查询 "+number), words)
		}
		w.Says("赵六", "审批 "+number+" 批准")
		require.Equal(t, store.RequestApproved, w.Case(number).State)

		// F-04 counts it: submitted 10:00, finished 14:00.
		report := w.Says("高总", "报表 审批 2026-03")
		require.Contains(t, report, "【请假】1 件，平均 4小时（工作时间 4小时），通过率 100.0%")
	})
}

// Given leave of 3 days, then 部门负责人, HR, 财务; given 3.5 days, then 分管领导
// comes after 部门负责人.
func TestG1_3_2_2_AE1_MoreThanThreeDaysNeedOneMore(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		three := w.Applies("赵六", leave("2026-03-09", "2026-03-11"))
		require.Equal(t, []string{"部门负责人", "HR", "财务"}, w.Route("赵六", three))
		more := w.Applies("周八", leave("2026-03-09", "2026-03-12上午"))
		require.Equal(t, []string{"部门负责人", "分管领导", "HR", "财务"}, w.Route("周八", more))
		require.Contains(t, w.Says("周八", "查询 "+more), "3.5")
		// Days are working days: over a weekend it is still two.
		weekend := w.Applies("魏伟", leave("2026-03-13", "2026-03-16"))
		require.Equal(t, []string{"部门负责人", "HR", "财务"}, w.Route("魏伟", weekend))
	})
}

// reimburses lets somebody apply with a photographed receipt.
func (w *World) reimburses(name, amount string) string {
	w.t.Helper()
	w.SendsPicture(name, picture(w.t, 40+len(amount)), "发票.png")
	return w.Applies(name, "报销 "+amount+" 客户拜访交通费")
}

// Given a reimbursement of 1,000.00 yuan, then 部门负责人→财务; of 1,000.01, then
// 分管领导 between them; of 10,000.01, then 总经理办公室 as well.
func TestG1_3_2_1_AE1_TheChainFollowsTheAmount(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for _, c := range []struct {
			amount string
			chain  []string
		}{
			{"1000.00", []string{"部门负责人", "财务"}},
			{"1000.01", []string{"部门负责人", "分管领导", "财务"}},
			{"10000.00", []string{"部门负责人", "分管领导", "财务"}},
			{"10000.01", []string{"部门负责人", "分管领导", "总经理办公室", "财务"}},
		} {
			number := w.reimburses("孙七", c.amount)
			require.Equal(t, c.chain, w.Route("孙七", number), c.amount)
			require.Equal(t, number, numberIn(t, w.Gets("邵静", number).String(), "A"))
		}
		w.Gets("邵静", "孙七申请报销,金额:10000.01元,事由:客户拜访交通费,附件:")
	})
}

// Given case A1 moves from 部门负责人 to HR, then 郑十六 gets C-APPROVE and the
// applicant one line about it.
func TestG1_3_4_2_AE1_TheNextGetsTheCardTheApplicantOneLine(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.GetsNothing("郑十六", number)
		w.Presses("邵静", "批准")
		card := w.Gets("郑十六", number, "请假", "批准", "驳回", "转审")
		require.NotNil(t, card.Card)
		require.Equal(t, 1, w.Count("赵六", "【进度】"+number, "邵静已", "接下来由郑十六处理「HR」"))
		w.Shown("邵静", number, "已同意")
	})
}

// Given 邵静 applies for her own reimbursement, then her step goes to 高总, her
// superior.
func TestG1_4_2_1_四_AE2_NobodyDecidesHisOwn(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.reimburses("邵静", "800")
		w.Gets("高总", number, "批准")
		w.GetsNothing("邵静", number, "批准")
		require.Contains(t, w.Says("邵静", "审批 "+number+" 批准"), "【未通过】不能审批自己的申请")
		require.Contains(t, w.Says("邵静", "追溯 "+number), "高总")
	})
}

// Given a reimbursement reaches 财务, then 何静 (财务经理) gets it, because 审核报销单据
// is in her authority.
func TestG1_4_2_2_3_AE1_FinanceIsThePostWithTheAuthority(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.reimburses("孙七", "1000")
		w.Presses("邵静", "批准")
		w.Gets("何静", number, "批准")
		require.Contains(t, w.Says("何静", "我的职责"), "审核报销单据")
		require.Contains(t, w.Decides("何静", number, "批准"), "申请通过")
	})
}

// Given 邵静 (销售经理) tries to decide a node of 采购, then she is refused and
// nothing changes.
func TestG1_4_2_2_3_AE2_ANodeOfAnotherPostIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("邓工", "申请 采购 物品:测试机 数量:2 金额:8000 用途:压力测试")
		require.Contains(t, w.Says("邵静", "审批 "+number+" 批准"), "【无权限】需要 approval.node.purchase.")
		require.Equal(t, store.RequestRunning, w.Case(number).State)
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM audit WHERE action = 'permission.denied' AND detail LIKE '%approval.node.purchase%'"))
	})
}

// Given a post without holder, when a case reaches it, then it goes to the head
// of the department and 人事部 has a to-do 岗位空缺. Nobody is 采购经理 here.
func TestG1_4_2_2_3_AE3_ACaseReachesAVacantPost(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("邓工", "申请 采购 物品:测试机 数量:2 金额:8000 用途:压力测试")
		require.Equal(t, "采购经理", w.Route("邓工", number)[0])
		w.Gets("罗岩", number, "批准")
		w.Gets("韩梅", "岗位空缺", "采购经理")
	})
}

// Given 审批人员A of P-02, when he presses approve on node B, then he is refused
// and the refusal is recorded. Here the nodes are 部门负责人 and HR of a leave.
func TestG1_4_3_2_2_AE1_OneNodeIsNotAnother(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		card := w.Shown("邵静", number, "批准")
		key := w.keyOf(card, "批准")
		w.PressesOn("邵静", card, key)
		before := w.rows("SELECT COUNT(*) FROM audit WHERE action = 'permission.denied'")
		require.Contains(t, w.Says("邵静", "审批 "+number+" 批准"), "【未通过】")
		w.pressesOld("邵静", card, key)
		w.Shown("邵静", number, "已同意")
		require.Contains(t, w.Says("周八", "审批 "+number+" 批准"), "【无权限】需要 approval.node.leave.hr.decide")
		require.Greater(t, w.rows("SELECT COUNT(*) FROM audit WHERE action = 'permission.denied'"), before)
		w.Traces("赵六", number, "HR：处理中，由郑十六处理")
	})
}
