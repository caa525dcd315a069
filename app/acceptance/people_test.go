package acceptance_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/wecom/sandbox"
)

// People who come, leave and change their names.

// A leaver can do nothing from the event on, and nothing is asked of him.
func TestLeaverCanDoNothing(t *testing.T) {
	eachWith(t, noRetries, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.Down()
		late := w.Tries("赵六", "咨询 报销要几天") // written, and not delivered before he left
		w.Up()
		w.Company("delete_user", map[string]any{"userid": "zhaoliu"})
		w.Reads("何静")
		for _, again := range w.Redelivers(late.DeliveryID, 1, false) {
			require.Equal(t, 200, again.Status)
		}
		w.Settle()
		w.GetsNothing("何静", "报销要几天")
		require.Contains(t, w.Says("邵静", "发通知 赵六 三点开会"), "【未通过】赵六已离职。可改为：换一位在职的同事")
		require.Contains(t, w.Says("邵静", "发通知 销售部 三点开会"), "已通知 3 人")
		require.Contains(t, w.Says("邵静", "代理 赵六 今天 明天"), "【未通过】赵六已离职")
		require.Contains(t, w.Says("何静", "回复 M20260302-0001 抬头写公司全称"), "已被发起人撤回")
	})
}

// What a leaver still owed goes to his superior with a fresh clock, and what he
// asked ends (guide E2.0, names in force).
func TestE2_0_ALeaversOpenWorkGoesToHisSuperior(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("邵静", "发通知 赵六、孙七 请更新客户资料 重要 需回复")
		w.Says("何静", "发通知 赵六 请补报销单")
		w.Says("赵六", "咨询 企业微信登录不上")
		w.To("10:15")
		w.Company("delete_user", map[string]any{"userid": "zhaoliu"})
		w.Gets("魏伟", "通知：请更新客户资料", "3月2日 10:45", "回复")
		w.Gets("魏伟", "通知：请补报销单")
		w.Gets("邵静", "【转交】M20260302-0001", "赵六已离职，由魏伟接手")
		w.Gets("林秀", "【撤回】M20260302-0003", "赵六已离职，无需再处理")
		require.Contains(t, w.Says("林秀", "我的待办"), "没有待办")
		require.Contains(t, w.Says("魏伟", "回复 M20260302-0001 已更新"), "【已受理】")
		w.To("10:46")
		w.Traces("邵静", "M20260302-0001", "赵六：已转交", "魏伟：按时回应", "孙七：已超时")
		w.Company("delete_user", map[string]any{"userid": "weiwei"}) // and on, to 部门主管
		w.Gets("邵静", "通知：请补报销单")
		require.Zero(t, w.Count("陈立", "【发送失败】"), "nothing was sent to those who left")
	})
}

// When his superior is the one who asked, nobody else owes the answer.
func TestE2_0_ALeaverWhoOwedItToHisSuperior(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("邵静", "发通知 孙七 请更新客户资料 重要")
		w.Says("高总", "咨询 报销发票抬头")
		w.Company("delete_user", map[string]any{"userid": "sunqi"})
		w.Gets("邵静", "【转交】M20260302-0001", "孙七已离职，改由发起人自己跟进，不再等待答复")
		w.Company("delete_user", map[string]any{"userid": "hejing"})
		w.Gets("高总", "【转交】M20260302-0002", "何静已离职，改由发起人自己跟进，不再等待答复")
		w.To("11:00")
		require.Zero(t, w.Count("邵静", "【超时】"))
	})
}

// Somebody unknown becomes a provisional member: one polite sentence, base
// permissions, his details read by API, IT told.
func TestUnknownSenderBecomesProvisional(t *testing.T) {
	eachWith(t, patient, func(t *testing.T, w *World) {
		w.Fails("user/get", map[string]any{"errcode": -1, "times": -1})
		w.Fails("user/list", map[string]any{"errcode": -1, "times": -1})
		w.Company("create_user", map[string]any{"userid": "xinren", "name": "新人", "department": []int{3}, "main_department": 3})
		require.Zero(t, w.Count("xinren", ""), "nobody has written yet")
		told := w.Says("xinren", "咨询 报销发票抬头")
		require.Contains(t, told, "您好，我还没有您的成员资料，正在读取。现在就可以使用基本功能")
		w.Gets("xinren", "【已受理】M20260302-0001 已转给财务部何静")
		w.Gets("陈立", "【通讯录】xinren 给应用发了消息")
		w.Gets("何静", "咨询：报销发票抬头")
		require.NotContains(t, w.Says("xinren", "我的待办"), "您好", "greeted once")
		require.Equal(t, 1, w.Count("陈立", "【通讯录】xinren"))
		w.Heals()
		for range 5 {
			w.Waits(10 * time.Minute)
		}
		require.Contains(t, w.Says("邵静", "发通知 新人 欢迎加入"), "已通知 1 人")
		w.Gets("xinren", "通知：欢迎加入")
	})
}

// A new colleague is read by API as soon as the contacts say so; nobody is
// alarmed about him.
func TestNewColleagueIsKnown(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("create_user", map[string]any{"userid": "xinren", "name": "新人", "department": []int{3}, "main_department": 3})
		require.Contains(t, w.Says("邵静", "发通知 新人 欢迎加入"), "已通知 1 人")
		w.Gets("xinren", "通知：欢迎加入")
		require.Zero(t, w.Count("陈立", "【通讯录】"))
	})
}

// A changed userid is still the same person, with all that waits for him.
func TestRenamedMemberKeepsHisWork(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.Company("update_user", map[string]any{"userid": "hejing", "new_userid": "he.jing"})
		require.Contains(t, w.Says("he.jing", "我的待办"), "M20260302-0001 咨询：报销发票抬头")
		require.Contains(t, w.Says("he.jing", "回复 抬头写公司全称"), "【已受理】M20260302-0001 已回复")
		w.Gets("赵六", "何静 的答复")
		w.Says("赵六", "咨询 发票丢了")
		require.Equal(t, 1, w.Count("he.jing", "咨询：发票丢了"))
		w.Traces("赵六", "M20260302-0001", "何静：按时回应")
	})
}

// The new userid may write before the event that explains it arrives.
func TestRenameAfterTheNewNameWrote(t *testing.T) {
	once := func(o *playground.Options) { patient(o); noRetries(o) }
	eachWith(t, once, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.Fails("user/get", map[string]any{"errcode": -1, "times": -1})
		w.Fails("user/list", map[string]any{"errcode": -1, "times": -1})
		w.Down()
		var renamed struct {
			Deliveries []sandbox.PressResult `json:"deliveries"`
		}
		w.post("contacts", map[string]any{"change_type": "update_user", "userid": "hejing", "new_userid": "he.jing"}, &renamed)
		w.Up()
		require.Contains(t, w.Says("he.jing", "我的待办"), "您好，我还没有您的成员资料")
		for _, d := range renamed.Deliveries {
			w.Redelivers(d.DeliveryID, 1, false)
		}
		w.Settle()
		require.Contains(t, w.Says("he.jing", "我的待办"), "M20260302-0001")
		w.Heals()
		for range 5 {
			w.Waits(10 * time.Minute)
		}
		require.Contains(t, w.Says("he.jing", "回复 抬头写公司全称"), "已回复")
		w.Gets("赵六", "何静 的答复")
	})
}

// 直接上级 who does not exist resolves to 部门主管, then 总经理办公室.
func TestE2_0_ASuperiorWhoIsGoneIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("delete_user", map[string]any{"userid": "weiwei"}) // 直接上级 of 赵六
		w.Says("陈立", "发通知 赵六 请改密码 重要")
		w.To("10:31")
		w.Gets("邵静", "赵六 未按时回应") // 部门主管
		w.Company("delete_user", map[string]any{"userid": "shaojing"})
		w.To("11:00")
		w.Says("陈立", "发通知 赵六 请改门禁 重要")
		w.To("11:31")
		w.Gets("高总", "赵六 未按时回应", "请改门禁") // 总经理办公室
	})
}

// A member who moves belongs to his new department at once.
func TestMovedMember(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		w.Says("沈悦", "发通知 市场部 周会")
		w.Gets("周八", "通知：周会")
		w.Says("邵静", "发通知 销售部 晨会")
		w.GetsNothing("周八", "晨会")
	})
}

// Moving 财务部 to another head: the next question finds him.
func TestNewHeadAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Company("update_user", map[string]any{"userid": "hejing", "is_leader_in_dept": []int{0}})
		w.Company("create_user", map[string]any{"userid": "caiwu", "name": "蔡务", "department": []int{7}, "main_department": 7, "is_leader_in_dept": []int{1}})
		require.Contains(t, w.Says("赵六", "咨询 报销发票抬头"), "已转给财务部")
	})
}

// A deputy who leaves is replaced by nobody: what arrives is the absent
// member's again, and what the deputy had taken goes where his work goes.
func TestLeaverStandsInForNobody(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "代理 孙七 今天 明天"), "由孙七代为答复")
		w.Says("邵静", "发通知 赵六 请更新客户资料 重要")
		w.Gets("孙七", "通知：请更新客户资料")
		w.Company("delete_user", map[string]any{"userid": "sunqi"})
		w.Says("陈立", "发通知 赵六 请改门禁密码 重要")
		w.Gets("赵六", "通知：请改门禁密码")
		require.Contains(t, w.Says("赵六", "收到"), "已确认收到")
		w.Gets("邵静", "【转交】M20260302-0001", "孙七已离职")
	})
}
