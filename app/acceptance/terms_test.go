package acceptance_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Terms and dates that nobody means are refused in words, and give nothing.
func TestTermsNobodyMeans(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for _, term := range []string{
			"999999天", "9223372036854775807天", "-3天", "0天", "999999999个月", "99999999工作日", "到9999年12月31日", "到99999年1月1日",
			"3月9日到3月2日", "到2月30日", "到2020年1月1日", "1000000000小时", "2026-13-45",
		} {
			told := w.Says("周八", "权限申请 log.read 核对日志 "+term)
			require.NotContains(t, told, "已受理", term)
			w.Says("周八", "取消")
		}
		for _, term := range []string{"999999天", "到9999年12月31日", "9223372036854775807天", "-1天", "99999999工作日"} {
			told := w.Says("陈立", "权限 分配 江一 运营人员 "+term)
			require.NotContains(t, told, "已受理", term)
			w.Says("陈立", "取消")
		}
		for _, day := range []string{"9999年12月31日", "99999年1月1日", "2月30日"} {
			require.NotContains(t, w.Says("沈悦", "账号申请 停用 郑十 "+day), "已受理", day)
			w.Says("沈悦", "取消")
		}
		require.Empty(t, w.buried())
		require.Zero(t, w.rows("SELECT COUNT(*) FROM permission_grants"))
		require.Zero(t, w.rows("SELECT COUNT(*) FROM requests"))
	})
}
