package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
)

// Changes of rights that follow the contacts, and the quarterly review.

// The removal from the group waits for groups (S08).
func TestG1_4_3_2_2_AE3_AMoveTakesAtOnceAndAsksToAdd(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const number = "QX20260302-0001"
		require.Contains(t, w.Says("周八", "我的权限"), "销售团队：修改客户、查看客户")
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		w.Settle()
		require.Equal(t, "10:00", w.Now().Format("15:04"), "within the minute")
		require.NotContains(t, w.Says("陈立", "谁有 customer.edit"), "周八")
		told := w.Gets("周八", "【权限变更】"+number, "已收回：角色 销售团队", "修改客户")
		require.Contains(t, told.Text, "新增，等待确认：角色 运营人员")
		w.Gets("王五", number, "周八", "新增待确认", "运营人员", "修改客户", "3月3日 10:00 前")
		require.Equal(t, 1, w.Count("王五", number, "新增待确认"))
		mine := w.Says("周八", "我的权限")
		require.Contains(t, mine, "【角色类别】其他员工")
		require.Contains(t, mine, "【等待确认】\n· "+number)

		require.Contains(t, w.Presses("王五", "确认新增"), "【已受理】"+number+" 周八的新增权限已生效，已通知本人。")
		w.Gets("周八", "新增已确认：角色 运营人员")
		require.Contains(t, w.Says("周八", "我的权限"), "【角色类别】运营人员（按所在部门）")
		require.Contains(t, w.Says("王五", "权限变更 拒绝 "+number), "【未通过】"+number+" 已由王五确认")
		require.Contains(t, w.Shown("王五", number, "新增待确认").String(), "已确认新增")
		w.Traces("周八", number, "新增已确认", "王五：按时处理")
	})
}

func TestG1_4_3_2_2_AE4_TheSameCallbackTwice(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		var moved struct {
			Deliveries []struct {
				DeliveryID int64 `json:"delivery_id"`
			} `json:"deliveries"`
		}
		w.post("contacts", map[string]any{"change_type": "update_user", "userid": "zhouba", "department": []int{4}, "main_department": 4}, &moved)
		w.Settle()
		for _, d := range moved.Deliveries {
			w.Redelivers(d.DeliveryID, 3, true)
		}
		w.Settle()
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4}) // told again
		w.Settle()
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM permission_changes"))
		require.Equal(t, 1, w.Count("王五", "新增待确认"))
		require.Equal(t, 1, w.Count("周八", "【权限变更】"))
	})
}

// The one who confirms has left: another is asked.
func TestChangeWhenTheConfirmerLeaves(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		w.Settle()
		w.Gets("王五", "新增待确认")
		w.Company("delete_user", map[string]any{"userid": "wangwu"})
		w.Advance(time.Minute)
		w.Gets("陈立", "新增待确认", "周八")
		require.Contains(t, w.Says("周八", "我的权限"), "【等待确认】")
		require.Contains(t, w.Presses("陈立", "确认新增"), "【已受理】")
		require.Contains(t, w.Says("周八", "我的权限"), "运营人员")
	})
}

func TestG1_4_3_2_3_b_AE1_AReviewEachQuarter(t *testing.T) {
	eachWith(t, quarterEve, func(t *testing.T, w *World) {
		w.To("2026-04-01 08:59:59")
		require.Contains(t, w.Says("陈立", "权限审查"), "【未通过】还没有做过权限审查")
		w.To("2026-04-01 09:00:00")
		report := w.everyPart("陈立", "权限审查")
		review := "QS20260401-" + report[strings.Index(report, "QS20260401-")+len("QS20260401-"):][:4] // gaps are allowed
		for _, role := range policy.Roles() {
			require.Contains(t, report, "2026-04-01｜"+role.Title+"｜待核查", role.Title)
		}
		total := len(policy.Roles()) + 2
		require.Contains(t, report, fmt.Sprintf("共 %d 项，已核查 0 项", total))
		for _, who := range []string{"陈立", "蒋新"} {
			require.Equal(t, 1, w.Count(who, "2026年第2季度权限审查", "全部正常"), who)
			require.LessOrEqual(t, w.Count(who, "权限审查 正常"), 5, "nobody gets thirty cards")
			require.Contains(t, w.Says(who, "我的待办"), review+" 2026年第2季度权限审查")
		}
		w.GetsNothing("方安", "权限审查")

		first := report
		require.Contains(t, w.Presses("蒋新", "全部正常"), "项没有异常，已标为正常")
		for _, line := range strings.Split(w.everyPart("陈立", "权限审查"), "\n") {
			if _, number, open := strings.Cut(line, "（QH"); open {
				require.Contains(t, w.Says("陈立", "权限审查 正常 QH"+strings.TrimSuffix(number, "）")+" 无需调整"), "【已受理】")
			}
		}
		report = w.everyPart("方安", "权限审查 2026年第2季度")
		require.Contains(t, report, "（已完成）")
		require.Contains(t, report, fmt.Sprintf("共 %d 项，已核查 %d 项，异常 0 项", total, total))
		require.Contains(t, report, "审查日期｜角色｜权限核查结果｜建议措施\n2026-04-01｜普通用户｜正常｜无需调整")
		require.NotContains(t, report, "｜待核查")
		row := "QH20260401-" + first[strings.Index(first, "（QH20260401-")+len("（QH20260401-"):][:4]
		require.Contains(t, w.Says("蒋新", "权限审查 异常 "+row+" 收回"), "【未通过】"+review+" 已经完成")
		// The same quarter again makes none; the next quarter one more.
		w.To("2026-07-01 09:00:00")
		require.Contains(t, w.Says("陈立", "权限审查"), "2026年第3季度权限审查")
		require.Equal(t, 2, w.rows("SELECT COUNT(*) FROM reviews"))
		require.Equal(t, 2*total, w.rows("SELECT COUNT(*) FROM review_rows"))
	})
}

// everyPart is a long answer whole, without the numbers of its parts.
func (w *World) everyPart(name, text string) string {
	w.t.Helper()
	w.Reads(name)
	first := w.Says(name, text)
	parts := []string{first}
	for _, m := range w.fresh(name) {
		if m.Kind == "text" && m.Text != first && strings.HasPrefix(m.Text, "(") {
			parts = append(parts, m.Text)
		}
	}
	for i, part := range parts {
		if strings.HasPrefix(part, "(") {
			_, parts[i], _ = strings.Cut(part, "\n")
		}
	}
	return strings.Join(parts, "\n")
}

func TestG1_4_3_2_3_b_AE2_AnUnusedPermissionIsFlagged(t *testing.T) {
	eachWith(t, noNightly, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("张三", "权限申请 doc.destroy 清理过期档案 180天"), "【已受理】A20260302-0001")
		require.Contains(t, w.Says("赵六", "权限申请 log.read 查故障 180天"), "【已受理】A20260302-0002")
		for _, who := range []string{"陈立", "魏伟", "方安", "方安"} {
			require.Contains(t, w.Presses(who, "批准"), "【已受理】", who)
		}
		w.Says("赵六", "咨询 报销发票抬头怎么写")
		w.To("2026-06-29 10:00")
		require.Zero(t, w.Count("陈立", "个人授权：发现"), "30 days in April are not too long")
		w.To("2026-07-01 09:00")
		require.Contains(t, w.everyPart("陈立", "权限审查"), "2026-07-01｜个人授权｜待核查，发现")
		card := w.Shown("陈立", "个人授权：发现")
		require.Contains(t, card.String(), "张三 授权「销毁文档」（doc.destroy）120 天没有用过")
		require.Contains(t, card.String(), "收回")

		press := w.act("陈立", "异常，收回", "click", map[string]any{
			"user": "chenli", "message_id": card.ID, "key": w.keyOf(card, "异常"), "selected": map[string][]string{"measure": {"收回"}},
		})
		require.Contains(t, press, "【提醒】将收回「个人授权」中的")
		require.Contains(t, w.Says("陈立", "谁有 doc.destroy"), "张三", "nothing happens before it is confirmed")
		require.Contains(t, w.Presses("陈立", "确认收回"), "已标为异常，正在收回")
		w.Gets("张三", "【权限变更】季度权限审查", "收回了您的授权「销毁文档」")
		require.Contains(t, w.Says("陈立", "谁有 doc.destroy"), "现在没有人持有")
		require.Contains(t, w.everyPart("陈立", "权限审查"), "2026-07-01｜个人授权｜异常｜收回")
	})
}

// Not finished in ten working days it is for 信息安全部门, who may finish it.
func TestReviewThatIsLate(t *testing.T) {
	eachWith(t, noNightly, func(t *testing.T, w *World) {
		w.To("2026-04-14 17:00")
		w.GetsNothing("方安", "权限审查")
		report := w.everyPart("方安", "权限审查")
		review := "QS20260401-" + report[strings.Index(report, "QS20260401-")+len("QS20260401-"):][:4]
		require.Contains(t, w.Says("方安", "权限审查 全部正常 "+review), "【无权限】需要 perm.assign")
		w.To("2026-04-14 18:00:01")
		w.Gets("方安", "【超时】"+review+" 2026年第2季度权限审查已到期")
		require.Contains(t, w.Presses("方安", "全部正常"), "项没有异常，已标为正常")
		require.Contains(t, w.Says("周八", "权限审查"), "【无权限】需要 report.perm_review.view")
	})
}

// Reading somebody else's item by log.read is a use of it, so the review does
// not find it unused; being shown a command in the help is none.
func TestUseOfAPermissionIsSeen(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "权限申请 log.read 查故障 180天")
		w.Presses("魏伟", "批准")
		w.Presses("方安", "批准")
		w.Says("吴九", "咨询 报销发票抬头怎么写")
		w.Says("赵六", "帮助")
		w.Says("赵六", "我的权限")
		uses := "SELECT COUNT(*) FROM permission_uses WHERE permission = 'log.read'"
		require.Zero(t, w.rows(uses))
		w.Traces("赵六", "M20260302-0001", "吴九")
		require.Equal(t, 1, w.rows(uses))
	})
}
