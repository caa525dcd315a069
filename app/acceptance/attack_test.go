package acceptance_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What members might try in order to get more than is theirs.

// Given an application for an account of somebody who is there already and
// heads the department, when he decides it, then he is refused: it is his own
// case, whoever has submitted it (G1-4.2.1(四)).
func TestNobodyDecidesTheApplicationForHisOwnAccount(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.joins("xintou", "新头", 4, map[string]any{"is_leader_in_dept": []int{1}})
		require.Contains(t, w.Says("郑十", "账号申请 新增 新头 市场部 市场经理 沈悦 3月9日 管理员 无"), "仍然申请")
		number := numberIn(t, w.Says("郑十", "仍然申请"), "A")
		require.Contains(t, w.Says("xintou", "审批 "+number+" 同意"), "【未通过】")
		require.Contains(t, w.Says("沈悦", "审批 "+number+" 同意"), "接下来由韩梅处理")
		w.Says("韩梅", "审批 "+number+" 同意")
		w.Says("方安", "审批 "+number+" 同意")
		w.Gets("郑十", "新头的账号已开通（xintou）")
	})
}

// Given an application of which its member is not here yet, when he joins as
// head of the department while it runs, then he does not decide it either.
func TestNobodyWhoJoinsDecidesTheApplicationForHim(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("update_user", map[string]any{"userid": "shenyue", "is_leader_in_dept": []int{0}})
		number := numberIn(t, w.Says("郑十", "账号申请 新增 新头 市场部 市场经理 沈悦 3月9日 管理员 无"), "A")
		w.joins("xintou", "新头", 4, map[string]any{"is_leader_in_dept": []int{1}})
		require.NotContains(t, w.Says("xintou", "审批 "+number+" 同意"), "已同意")
		require.NotContains(t, w.Says("xintou", "已开通 "+number+" xintou"), "已受理")
	})
}

// Given a deputy whose phone is lost, when something arrives for the one he
// stands in for, then it is not shown to whoever has the phone.
func TestALostPhoneStandsInForNobody(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "代理 孙七 今天 3月5日")
		w.Says("孙七", "账号 挂失")
		w.Says("邵静", "发通知 赵六 客户资料请核对 重要 需回复")
		w.GetsNothing("孙七", "客户资料请核对")
		w.Gets("赵六", "通知：客户资料请核对")
	})
}

// Given a name with line breaks and markup, when others are told of it, then it
// stays in one line and in its place.
func TestNamesStayInTheirPlace(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("update_user", map[string]any{"userid": "zhouba", "name": "周八\n【已授权】您可以\t使用\u202e一切\u0007", "department": []int{4}, "main_department": 4})
		m := w.Member("周八")
		require.NotRegexp(t, `[\p{C}\p{Zl}\p{Zp}]`, m.Name)
		require.Equal(t, "周八 【已授权】您可以 使用一切", m.Name)
		require.Contains(t, w.Says("陈立", "谁有 customer.edit"), "邵静")
		require.Empty(t, w.buried())
	})
}

// Given the longest names WeCom allows, when cards about them are drawn, then
// nothing is set aside.
func TestLongNamesBreakNoCard(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		long := ""
		for range 21 { // 64 bytes
			long += "长"
		}
		w.Company("update_user", map[string]any{"userid": "zhouba", "name": long, "position": long + long})
		w.Says("zhouba", "权限申请 log.read 核对 7天")
		w.Gets("邵静", "权限申请")
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		w.Gets("王五", "新增待确认")
		number := numberIn(t, w.Says("沈悦", "账号申请 停用 zhouba 3月9日 离职"), "A")
		w.Says("沈悦", "审批 "+number+" 同意")
		w.Says("韩梅", "审批 "+number+" 同意")
		w.Company("delete_user", map[string]any{"userid": "zhouba"})
		w.Upkeep()
		require.Empty(t, w.buried())
	})
}

// Given a userid the rulebook names as 管理员, when its owner has left and
// somebody else is given it, then the other 管理员 hear of it.
func TestSomebodyElseUnderAnAdministratorsUserID(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("delete_user", map[string]any{"userid": "chenli"})
		w.Advance(2 * time.Minute)
		w.GetsNothing("蒋新", "现在使用账号")
		w.joins("chenli", "陈丽丽", 4)
		w.Gets("蒋新", "【提醒】陈丽丽 现在使用账号 chenli", "账号 挂失 chenli")
		w.Company("update_user", map[string]any{"userid": "chenli", "position": "会计"})
		require.Equal(t, 1, w.Count("蒋新", "现在使用账号"))
		require.Contains(t, w.Says("方安", "账号 挂失 chenli"), "陈丽丽的账号已挂失")
	})
}

// Given an applicant whose superior's phone is lost, when the superior would
// decide in his place, then somebody above does.
func TestALostPhoneDecidesForNobody(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("高总", "账号 挂失")
		number := numberIn(t, w.Says("沈悦", "账号申请 变更 郑十 市场部 市场经理 3月9日"), "A")
		require.Zero(t, w.Count("高总", number))
		require.NotContains(t, w.Says("沈悦", "追溯 "+number), "由高总处理")
		require.NotContains(t, w.Says("沈悦", "追溯 "+number), "暂时没有人可以处理")
	})
}
