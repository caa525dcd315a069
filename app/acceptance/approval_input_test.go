package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What cannot be applied for is refused with the reason and the remedy, and
// nothing is stored; what a member has already said is kept.

// Each of these is refused or asked about, and no case begins.
func TestFormsThatCannotBe(t *testing.T) {
	eachWith(t, withProcess(gift), func(t *testing.T, w *World) {
		for said, answer := range map[string]string{
			"申请 礼品 用途:客户 金额:许多":                                      "金额",
			"申请 礼品 用途:客户 金额:-5":                                      "金额",
			"申请 礼品 用途:客户 金额:0":                                       "金额",
			"申请 礼品 用途:客户 金额:1.234":                                   "金额",
			"申请 礼品 用途:客户 金额:999999999999999":                         "金额",
			"请假 事假 2026-03-12 2026-03-09 家中有事 返回:2026-03-13 交接:孙七":   "早于开始",
			"请假 事假 2026-02-09 2026-02-10 家中有事 返回:2026-02-11 交接:孙七":   "已经过去",
			"请假 事假 2026-03-09 2026-03-10 家中有事 返回:2026-03-08 交接:孙七":   "预计返回日期",
			"请假 事假 2026-03-07 2026-03-08 家中有事 返回:2026-03-09 交接:孙七":   "工作日",
			"请假 事假 2026-03-09 2026-03-10 家中有事 返回:2026-03-11 交接:赵六":   "交接",
			"请假 婚嫁假 2026-03-09 2026-03-10 家中有事 返回:2026-03-11 交接:孙七":  "事假",
			"请假 事假 2026-03-09 2026-03-10 家中有事 返回:2026-03-11 交接:查无此人": "没有找到「查无此人」",
			"请假 事假 2026-13-09 2026-13-10 家中有事 返回:2026-03-11 交接:孙七":   "请假时间",
			"申请 量子跃迁": "量子跃迁",
		} {
			told := w.Says("赵六", said)
			require.NotContains(t, told, "【已受理】", said)
			require.Contains(t, told, answer, said)
			w.Says("赵六", "取消")
		}
		require.Zero(t, w.rows("SELECT COUNT(*) FROM requests"))
		require.Empty(t, w.buried())
	})
}

// A mistake in one field keeps the others: only that one is said again.
func TestAMistakeLosesNothing(t *testing.T) {
	eachWith(t, withProcess(gift), func(t *testing.T, w *World) {
		require.Contains(t, w.Says("孙七", "申请 礼品"), "请问送给谁？")
		require.Contains(t, w.Says("孙七", "老客户"), "请问多少元？")
		require.Contains(t, w.Says("孙七", "好多钱"), "金额")
		told := w.Says("孙七", "600元")
		for _, word := range []string{"老客户", "600", "部门负责人", "分管领导"} {
			require.Contains(t, told, word, "the whole route before it is submitted")
		}
		require.Zero(t, w.rows("SELECT COUNT(*) FROM requests"))
		require.Contains(t, w.Presses("孙七", "确认提交"), "【已受理】")
	})
}

// Two leaves never overlap, whether the first runs or is approved; once it is
// withdrawn the days are free.
func TestALeaveThatOverlaps(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.Applies("赵六", leaveOfTwoDays)
		told := w.Says("赵六", leave("2026-03-10", "2026-03-11"))
		require.Contains(t, told, "【未通过】")
		require.Contains(t, told, number)
		w.Decides("邵静", number, "批准")
		w.Decides("郑十六", number, "批准")
		w.Decides("何静", number, "批准")
		require.Contains(t, w.Says("赵六", leave("2026-03-09下午", "2026-03-09下午")), number)
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM requests"))
		w.Applies("赵六", leave("2026-03-11", "2026-03-11"))
		w.Applies("周八", leave("2026-03-09", "2026-03-10")) // somebody else's days are his own
		require.Contains(t, w.Says("赵六", "撤回 "+number+" 不去了"), "【已受理】")
		w.Applies("赵六", leave("2026-03-10", "2026-03-10"))
	})
}

// A contract needs its text: it is asked for and taken when it is sent, words do
// not stand for it, and a file that WeCom no longer has does not count.
func TestTheFileIsNeeded(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		const said = "申请 合同 合同名称:年度供货合同 合同类型:销售合同 对方单位:甲乙公司 金额:80000 说明:年度供货"
		require.Contains(t, w.Says("孙七", said), "请发送合同文本")
		require.Contains(t, w.Says("孙七", "没有"), "合同文本")
		require.Zero(t, w.rows("SELECT COUNT(*) FROM requests"))
		w.SendsPicture("孙七", picture(t, 50), "合同.png")
		require.Contains(t, w.Says("孙七", "完成"), "部门负责人")
		require.Contains(t, w.Presses("孙七", "确认提交"), "【已受理】")
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM attachments WHERE subject_kind = 'request'"))
		w.Gets("邵静", "年度供货合同", "批准")

		w.Fails("media/get", map[string]any{"errcode": 40007, "times": 1})
		w.SendsPicture("周八", picture(t, 51), "合同.png")
		w.Gets("周八", "没能保存下来，请再发一次")
		require.Contains(t, w.Says("周八", said), "合同文本")
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM requests"))
	})
}

// Texts beyond every limit are refused with the limit.
func TestTextsThatAreTooLong(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		long := strings.Repeat("很", 600)
		require.Contains(t, w.Says("赵六", "请假 事假 2026-03-09 2026-03-10 "+long+" 返回:2026-03-11 交接:孙七"), "最多")
		require.Zero(t, w.rows("SELECT COUNT(*) FROM requests"))
		w.Says("赵六", "取消")
		number := w.Applies("赵六", leaveOfTwoDays)
		require.Contains(t, w.Says("邵静", "审批 "+number+" 驳回 "+long), "最多")
		require.Contains(t, w.Says("邵静", "审批 "+number+" 驳回"), "【请补充】")
		w.Says("邵静", "取消")
		require.Contains(t, w.Says("邵静", "评论 "+number+" "+long), "最多")
	})
}

// A half-filled form outlives a restart of the app, and is dropped after 30
// minutes.
func TestAHalfFilledFormOutlivesARestart(t *testing.T) {
	eachWith(t, withProcess(gift), func(t *testing.T, w *World) {
		require.Contains(t, w.Says("孙七", "申请 礼品"), "请问送给谁？")
		require.Contains(t, w.Says("孙七", "老客户"), "请问多少元？")
		w.Down()
		w.Up()
		w.Advance(29 * time.Minute)
		require.Contains(t, w.Says("孙七", "300"), "老客户")
		require.Contains(t, w.Presses("孙七", "确认提交"), "【已受理】")
		require.Contains(t, w.Says("周八", "申请 礼品"), "请问送给谁？")
		w.Advance(31 * time.Minute)
		require.NotContains(t, w.Says("周八", "新客户"), "请问多少元？")
	})
}
