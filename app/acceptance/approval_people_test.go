package acceptance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// Cases outlive the people they wait for: whoever leaves, moves or is away while
// all of several, or one after another, decide.

// together has a node of each kind for more than one: 会签, 依次, 票签 and 或签.
const together = `
approval:
  templates:
    all:
      title: 会签事项
      version: 1.0.0
      fields: {事由: {type: text, required: true, prompt: 请问是什么事？}}
      route: [{node: all, name: 会签, kind: all, who: [人员:zhouba, 人员:hejing, 人员:zhengshiliu]}]
    sequence:
      title: 依次事项
      version: 1.0.0
      fields: {事由: {type: text, required: true, prompt: 请问是什么事？}}
      route: [{node: row, name: 依次, kind: sequence, who: [人员:zhouba, 人员:hejing, 人员:zhengshiliu]}]
    share:
      title: 票签事项
      version: 1.0.0
      fields: {事由: {type: text, required: true, prompt: 请问是什么事？}}
      route: [{node: vote, name: 票签, kind: share, share: 60, who: [人员:zhouba, 人员:hejing, 人员:zhengshiliu]}]
    any:
      title: 或签事项
      version: 1.0.0
      fields: {事由: {type: text, required: true, prompt: 请问是什么事？}}
      route: [{node: one, name: 或签, kind: any, who: [人员:zhouba, 人员:hejing, 人员:zhengshiliu]}]
`

// 会签: all of them; the first who refuses ends it.
func TestEverybodyOfAJointDecision(t *testing.T) {
	eachWith(t, withProcess(together), func(t *testing.T, w *World) {
		number := w.Applies("钱十一", "申请 会签事项 更换供应商")
		for _, name := range []string{"周八", "何静", "郑十六"} {
			w.Gets(name, number, "批准")
		}
		w.Presses("何静", "批准")
		w.Decides("周八", number, "批准")
		require.Contains(t, w.Says("周八", "审批 "+number+" 驳回 想错了"), "【未通过】", "whoever has voted has voted")
		require.Equal(t, store.RequestRunning, w.Case(number).State)
		w.Traces("钱十一", number, "处理中，由郑十六处理", "周八 同意", "何静 同意")
		require.Contains(t, w.Decides("郑十六", number, "批准"), "申请通过")
		require.Equal(t, store.RequestApproved, w.Case(number).State)

		number = w.Applies("钱十一", "申请 会签事项 再换一家")
		w.Decides("何静", number, "驳回 合同还没到期")
		require.Equal(t, store.RequestRejected, w.Case(number).State)
		require.Contains(t, w.Says("周八", "审批 "+number+" 批准"), "已经驳回")
	})
}

// 依次: one after the other, in their order.
func TestOneAfterTheOther(t *testing.T) {
	eachWith(t, withProcess(together), func(t *testing.T, w *World) {
		number := w.Applies("钱十一", "申请 依次事项 更换供应商")
		w.Gets("周八", number, "批准")
		w.GetsNothing("何静", number)
		require.Contains(t, w.Says("何静", "审批 "+number+" 批准"), "还没有轮到")
		w.Presses("周八", "批准")
		w.Gets("何静", number, "批准")
		w.Presses("何静", "批准")
		w.Gets("郑十六", number, "批准")
		w.Presses("郑十六", "批准")
		require.Equal(t, store.RequestApproved, w.Case(number).State)
	})
}

// 票签: it passes as soon as enough have agreed and fails as soon as that cannot
// be any more.
func TestByShareOfVotes(t *testing.T) {
	eachWith(t, withProcess(together), func(t *testing.T, w *World) {
		number := w.Applies("钱十一", "申请 票签事项 团建去海边")
		w.Decides("周八", number, "驳回 想去爬山")
		require.Equal(t, store.RequestRunning, w.Case(number).State)
		w.Decides("何静", number, "批准")
		w.Decides("郑十六", number, "批准")
		require.Equal(t, store.RequestApproved, w.Case(number).State)

		number = w.Applies("钱十一", "申请 票签事项 团建去沙漠")
		for _, name := range []string{"周八", "何静"} {
			w.Presses(name, "驳回")
			w.Says(name, "太远了")
		}
		require.Equal(t, store.RequestRejected, w.Case(number).State, "one of three cannot be 60 % any more")
		require.Contains(t, w.Says("郑十六", "审批 "+number+" 批准"), "已经驳回")
	})
}

// 或签: one of them; the others are shown it.
func TestOneOfSeveral(t *testing.T) {
	eachWith(t, withProcess(together), func(t *testing.T, w *World) {
		number := w.Applies("钱十一", "申请 或签事项 借会议室")
		w.Presses("何静", "批准")
		require.Equal(t, store.RequestApproved, w.Case(number).State)
		for _, name := range []string{"周八", "郑十六"} {
			w.Shown(name, number, "已同意")
			require.Contains(t, w.Says(name, "审批 "+number+" 驳回 不行"), "已经通过")
		}
	})
}

// Who leaves during a joint decision is replaced by his superior; what was
// decided stays.
func TestALeaverDuringAJointDecision(t *testing.T) {
	eachWith(t, withProcess(together), func(t *testing.T, w *World) {
		number := w.Applies("钱十一", "申请 会签事项 更换供应商")
		w.Decides("何静", number, "批准")
		w.Company("delete_user", map[string]any{"userid": "zhouba"})
		w.Gets("邵静", number, "批准")
		w.Decides("邵静", number, "批准")
		require.Equal(t, store.RequestRunning, w.Case(number).State)
		w.Decides("郑十六", number, "批准")
		require.Equal(t, store.RequestApproved, w.Case(number).State)
		w.Traces("钱十一", number, "周八已离职")
	})
}

// And in a row: before his turn, when it is, and after it.
func TestALeaverInARow(t *testing.T) {
	eachWith(t, withProcess(together), func(t *testing.T, w *World) {
		number := w.Applies("钱十一", "申请 依次事项 更换供应商")
		w.Company("delete_user", map[string]any{"userid": "zhengshiliu"}) // before his turn
		w.Company("delete_user", map[string]any{"userid": "zhouba"})      // in it
		w.Gets("邵静", number, "批准")
		w.Decides("邵静", number, "批准")
		w.Decides("何静", number, "批准")
		w.Gets("韩梅", number, "批准")
		w.Decides("韩梅", number, "批准")
		require.Equal(t, store.RequestApproved, w.Case(number).State)
	})
}

// A deputy decides in the absent one's place, and both names stay on record.
func TestADeputyDecidesInBothNames(t *testing.T) {
	eachWith(t, withProcess(together), func(t *testing.T, w *World) {
		require.Contains(t, w.Says("周八", "代理 孙七 今天 3月6日"), "【已受理】")
		number := w.Applies("钱十一", "申请 会签事项 更换供应商")
		w.GetsNothing("周八", number, "批准")
		w.Gets("孙七", number, "批准")
		w.Decides("何静", number, "批准")
		w.Presses("孙七", "批准")
		w.Traces("郑十六", number, "孙七（代周八）")
		w.Decides("郑十六", number, "批准")
		require.Equal(t, store.RequestApproved, w.Case(number).State)

		// Who goes away in the middle of a row passes his turn on.
		row := w.Applies("钱十一", "申请 依次事项 更换打印机")
		w.Decides("孙七", row, "批准")
		require.Contains(t, w.Says("何静", "代理 高总 今天 3月6日"), "【已受理】")
		w.Gets("高总", row, "批准")
		w.Decides("高总", row, "批准")
		w.Traces("钱十一", row, "高总（代何静）")
	})
}

// A mover stays in a joint decision that named him; who decided as the head of a
// department gives it to the new one.
func TestAMoverDuringADecision(t *testing.T) {
	eachWith(t, withProcess(together), func(t *testing.T, w *World) {
		joint := w.Applies("钱十一", "申请 会签事项 更换供应商")
		head := w.Applies("赵六", leaveOfTwoDays)
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		w.moves(map[string]any{"userid": "weiwei", "department": []int{3}, "main_department": 3, "is_leader_in_dept": []int{1}, "full": true})
		w.moves(map[string]any{"userid": "shaojing", "department": []int{3}, "main_department": 3, "is_leader_in_dept": []int{0}, "full": true})
		w.Decides("周八", joint, "批准")
		w.Gets("魏伟", head, "批准")
		require.Contains(t, w.Says("邵静", "审批 "+head+" 批准"), "【未通过】")
		w.Decides("魏伟", head, "批准")
	})
}

// Given delete_user of 赵六 with two open tasks and approvals pending, then all of
// it goes to 魏伟, his superior. (Locks of documents are S11.)
func TestG1_4_3_2_2_ALeaversTasksAndApprovalsGoToHisSuperior(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("邵静", "代理 赵六 今天 今天"), "【已受理】")
		w.joins("xin1", "林晓", 3)
		w.joins("xin2", "林旭", 3)
		number := w.Applies("周八", leaveOfTwoDays)
		w.Gets("赵六", number, "批准") // in 邵静's place
		third := w.Applies("钱十一", "请假 事假 2026-03-09 2026-03-10 家中有事 返回:2026-03-11 交接:吴九")
		require.Contains(t, w.Says("沈悦", "转审 "+third+" 赵六"), "【已受理】")
		require.Equal(t, 2, strings.Count(w.Says("赵六", "我的待办"), "安排带教人"))
		w.Company("delete_user", map[string]any{"userid": "zhaoliu"})
		todo := w.Says("魏伟", "我的待办")
		require.Equal(t, 2, strings.Count(todo, "安排带教人"))
		require.Contains(t, todo, third)
		w.Decides("魏伟", third, "批准")
		w.Traces("周八", number, "赵六已离职")
		require.Equal(t, store.RequestRunning, w.Case(number).State)
	})
}

// An applicant who leaves while his case runs ends it; nobody is asked in vain.
func TestAnApplicantWhoLeaves(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		w.Company("delete_user", map[string]any{"userid": "zhaoliu"})
		w.Gets("邵静", "【撤回】", number)
		require.Equal(t, store.RequestWithdrawn, w.Case(number).State)
		require.Zero(t, w.rows("SELECT COUNT(*) FROM clocks WHERE subject_kind = 'request_step' AND state IN ('waiting', 'running')"))
	})
}
