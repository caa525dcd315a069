package acceptance_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/wecom/sandbox"
)

// Who may do what follows the contacts.

// moves changes somebody's details of which a callback tells.
func (w *World) moves(fields map[string]any) {
	w.t.Helper()
	fields["change_type"] = "update_user"
	var told struct {
		Deliveries []sandbox.PressResult `json:"deliveries"`
	}
	w.post("contacts", fields, &told)
	w.Settle()
	require.NotEmpty(w.t, told.Deliveries)
}

// given 孙七 in 销售部 without explicit category, then 销售团队; given 江一, then
// 其他员工.
func TestG1_4_2_1_一_AE1_TheDepartmentSaysTheCategory(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("孙七", "我的权限"), "销售团队")
		told := w.Says("江一", "我的权限")
		require.Contains(t, told, "其他员工")
		require.NotContains(t, told, "销售团队")
		require.Contains(t, w.Says("陈立", "谁有 customer.edit"), "孙七")
		require.NotContains(t, w.Says("陈立", "谁有 customer.edit"), "江一")
	})
}

// A new head sees his department's figures when somebody has confirmed it; the
// questions to the department are his at once, and a head no more sees nothing.
func TestANewHeadshipIsConfirmed(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.moves(map[string]any{"userid": "hejing", "department": []int{14}, "main_department": 14, "is_leader_in_dept": []int{0}})
		w.moves(map[string]any{"userid": "jiangyi", "department": []int{7}, "main_department": 7, "is_leader_in_dept": []int{1}})
		w.Says("孙七", "咨询 发票丢了怎么办")
		w.Gets("江一", "发票丢了怎么办")
		w.To("18:00")
		require.NotContains(t, w.Says("江一", "响应统计 今天"), "本部门")
		require.NotContains(t, w.Says("何静", "响应统计 今天"), "本部门")
		w.Presses("王五", "确认新增")
		require.Contains(t, w.Says("江一", "响应统计 今天"), "本部门")
	})
}

// What a permission that not everybody has was used for is known to the day;
// asking what one may do is no use.
func TestUsesOfPermissionsAreRecorded(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		uses := func() int { return w.rows("SELECT COUNT(*) FROM permission_uses") }
		w.Says("赵六", "咨询 报销发票抬头")
		w.Says("陈立", "帮助")
		require.Contains(t, w.Says("赵六", "谁有 log.read"), "【无权限】")
		require.Zero(t, uses())
		w.Says("陈立", "谁有 log.read")
		w.Says("陈立", "谁有 log.verify")
		require.Equal(t, 1, uses())
	})
}
