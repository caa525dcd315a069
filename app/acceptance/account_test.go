package acceptance_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Accounts: who applied for them, who uses them, who must not any more
// (guide G2-4.2).

// newcomer applies for an account for 新人甲 in 市场部 and answers the number.
func (w *World) newcomer(applicant string) string {
	w.t.Helper()
	told := w.Says(applicant, "账号申请 新增 新人甲 市场部 市场专员 沈悦 3月9日 运营人员 手机号:13800005678 审批、打卡")
	require.Contains(w.t, told, "已提交「账号新增：新人甲」，依次办理：部门负责人 → 人事部核实 → 开通账号")
	return numberIn(w.t, told, "A")
}

// numberIn finds a record's number in a text.
func numberIn(t *testing.T, text, prefix string) string {
	t.Helper()
	found := regexp.MustCompile(prefix + `\d{8}-\d{4,}`).FindString(text)
	require.NotEmpty(t, found, "a number %s… in: %s", prefix, text)
	return found
}

// joins is a new member in the company's contacts; the event follows.
func (w *World) joins(userid, name string, department int, more ...map[string]any) {
	w.t.Helper()
	fields := map[string]any{"userid": userid, "name": name, "department": []int{department}, "main_department": department, "position": "市场专员"}
	for _, m := range more {
		for k, v := range m {
			fields[k] = v
		}
	}
	w.Company("create_user", fields)
}

// Upkeep lets the app do at once what it does every minute of the machine's time.
func (w *World) Upkeep() {
	w.t.Helper()
	require.NoError(w.t, w.play.App.Tick(w.t.Context()))
	w.Settle()
}

// Given an application for 新人甲 in 市场部, when 市场部 head, 人事部 and 王五 act in
// order, then 已开通 after the callback arrives; out of order is refused.
func TestG2_4_2_1_AE1_AnAccountIsOpenedStepByStep(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.newcomer("郑十")
		require.Contains(t, w.Says("韩梅", "审批 "+number+" 同意"), "【未通过】还没有轮到「人事部核实」")
		require.Contains(t, w.Says("王五", "已开通 "+number), "【未通过】还没有轮到「开通账号」")
		require.Contains(t, w.Says("赵六", "已开通 "+number), "【无权限】")
		require.Contains(t, w.Says("郑十", "审批 "+number+" 同意"), "【未通过】不能审批自己的申请")

		w.Gets("沈悦", "账号新增：新人甲", "市场专员", "运营人员", "138****5678")
		w.Gets("沈悦", "账号新增：新人甲", "市场专员", "同意", "驳回")
		w.Presses("沈悦", "同意")
		w.Gets("郑十", "【进度】", "沈悦已同意「部门负责人」，接下来由韩梅处理「人事部核实」")
		require.Contains(t, w.Says("王五", "已开通 "+number), "还没有轮到")
		w.Gets("韩梅", "账号新增：新人甲", "138****5678")
		w.Presses("韩梅", "同意")
		w.Gets("王五", "账号新增：新人甲", "13800005678")
		w.Gets("王五", "账号新增：新人甲", "已开通")
		require.Contains(t, w.Says("王五", "已开通 "+number+" xinren"), "已记录，谢谢。通讯录里出现这位同事后，账号即生效")
		w.GetsNothing("郑十", "的账号已开通")

		w.joins("xinren", "新人甲", 4)
		w.Gets("郑十", "【账号】"+number+" 新人甲的账号已开通（xinren）")
		require.Zero(t, w.Count("陈立", "【未申请账号】"))
		require.Contains(t, w.Says("王五", "已开通 "+number), "账号已经生效，不用再做什么")
		permissions := w.Says("xinren", "我的权限")
		require.Contains(t, permissions, "运营人员")
		for _, name := range []string{"郑十", "沈悦", "韩梅", "陈立"} {
			for _, m := range w.chat(name, 0) {
				if name == "郑十" && m.From != "assistant" {
					continue // his own words
				}
				require.NotContains(t, m.String(), "13800005678", name)
			}
		}
	})
}

// The event may come before 王五 has said anything: the account is open all the
// same, his card closes, and a second event changes nothing.
func TestAccountAppearsBeforeAnybodySaysSo(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.newcomer("郑十")
		w.Presses("沈悦", "同意")
		w.Presses("韩梅", "同意")
		w.joins("xinren", "新人甲", 4)
		w.Gets("郑十", "新人甲的账号已开通（xinren）")
		w.Shown("王五", "账号新增：新人甲", "已结束")
		w.Company("update_user", map[string]any{"userid": "xinren", "position": "高级市场专员"})
		require.Equal(t, 1, w.Count("郑十", "的账号已开通"))
		require.Equal(t, 1, w.Count("xinren", "【欢迎】"))
		require.Zero(t, w.Count("陈立", "【未申请账号】"))
		require.Contains(t, w.Says("郑十", "追溯 "+number), "企业微信已出现账号 xinren")
	})
}

// Whoever is there before anybody agreed is reported, and recognised when
// everybody has.
func TestAccountAppearsBeforeItIsAgreed(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.newcomer("郑十")
		w.joins("xinren", "新人甲", 4)
		w.Gets("陈立", "【未申请账号】企业微信新增了 新人甲（xinren，市场部）", "申请 "+number+" 还在审批，批准后自动生效")
		w.Presses("沈悦", "同意")
		w.GetsNothing("郑十", "的账号已开通")
		w.Presses("韩梅", "同意")
		w.Gets("郑十", "新人甲的账号已开通（xinren）")
		require.Equal(t, 1, w.Count("陈立", "【未申请账号】"))
	})
}

// Given a create_user event for unknown u77 without application, then one
// alert; the member has category 其他员工 and only base permissions.
func TestG2_4_2_1_AE2_AnAccountNobodyAppliedFor(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.joins("u77", "吴柒柒", 4)
		w.Gets("陈立", "【未申请账号】企业微信新增了 吴柒柒（u77，市场部），没有已批准的账号申请，暂时只有基本权限", "请补办（账号申请 新增）")
		w.Gets("王五", "【未申请账号】")
		w.Company("update_user", map[string]any{"userid": "u77", "position": "策划"})
		require.Equal(t, 1, w.Count("陈立", "【未申请账号】"))
		require.Equal(t, 1, w.Count("王五", "【未申请账号】"))
		permissions := w.Says("u77", "我的权限")
		require.Contains(t, permissions, "其他员工")
		has, waits, _ := strings.Cut(permissions, "【等待确认】")
		require.NotContains(t, has, "策划内容")
		require.Contains(t, waits, "策划内容", "what 市场部 would give waits for confirmation")

		// Afterwards somebody applies for him, and he is recognised.
		require.Contains(t, w.Says("沈悦", "账号申请 新增 吴柒柒 市场部 策划 沈悦 今天 其他员工 无"), "【提醒】市场部已经有一位吴柒柒（u77）")
		number := numberIn(t, w.Presses("沈悦", "仍然申请"), "A")
		require.Contains(t, w.Says("高总", "审批 "+number+" 同意"), "【已受理】") // 沈悦 does not decide her own
		w.Says("韩梅", "审批 "+number+" 同意")
		w.Gets("沈悦", "吴柒柒的账号已开通（u77）")
		require.Equal(t, 1, w.Count("陈立", "【未申请账号】"))
	})
}

// Two applications may be meant: 行政部 says which.
func TestAccountOfTwoApplications(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		first := w.newcomer("郑十")
		w.Presses("沈悦", "同意")
		w.Presses("韩梅", "同意")
		// The same name again is refused while the first runs …
		require.Contains(t, w.Says("吴九", "账号申请 新增 新人甲 市场部 策划 沈悦 3月16日 其他员工 无"), "的申请 "+first+" 正在办理")
		// … but in another department it is another person.
		second := numberIn(t, w.Says("赵六", "账号申请 新增 新人甲 销售部 销售专员 邵静 3月16日 销售团队 无"), "A")
		w.Says("邵静", "审批 "+second+" 同意")
		w.Says("韩梅", "审批 "+second+" 同意")
		w.joins("xin", "新人甲", 4, map[string]any{"department": []int{4, 3}})
		w.Gets("陈立", "【账号】新同事 新人甲（xin）可能对应 2 份申请", first, second, "已开通 "+second+" xin")
		w.GetsNothing("郑十", "的账号已开通")
		require.Contains(t, w.Says("王五", "已开通 "+second+" zhaoliu"), "【未通过】账号 zhaoliu 已经是赵六的")
		require.Contains(t, w.Says("王五", "已开通 "+second+" xin"), "新人甲的账号 xin 已生效")
		w.Gets("赵六", "【账号】"+second+" 新人甲的账号已开通（xin）")
		require.Contains(t, w.Says("王五", "已开通 "+first+" xin"), "【未通过】账号 xin 已经是新人甲的")
	})
}

// Given a create_user contact event, when it is processed, then an onboarding
// task list (入职指引) is created for 人事部.
func TestG1_2d_AE_OnboardingBegins(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.joins("xinren", "林晓", 4)
		w.Gets("韩梅", "安排入职培训：林晓")
		w.Gets("王五", "核对新同事权限：林晓")
		w.Gets("沈悦", "安排带教人：林晓")
		w.Gets("xinren", "【欢迎】林晓，欢迎加入市场部")
		require.Zero(t, w.Count("沈悦", "首周检查"))
		w.Company("update_user", map[string]any{"userid": "xinren", "position": "策划"})
		require.Equal(t, 1, w.Count("韩梅", "安排入职培训"), "once, and not for those who have always been here")
		w.To("2026-03-09 10:01")
		w.Gets("沈悦", "首周检查：林晓")
	})
}

// Somebody who comes and goes again needs no welcome.
func TestOnboardingEndsWithTheNewcomer(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.joins("xinren", "林晓", 4)
		w.Company("delete_user", map[string]any{"userid": "xinren"})
		require.Contains(t, w.Says("韩梅", "我的待办"), "没有待办")
		w.To("2026-03-09 10:01")
		require.Zero(t, w.Count("沈悦", "首周检查"))
	})
}

// Not activated within three working days: the applicant is reminded once.
func TestAccountNotActivated(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.newcomer("郑十")
		w.Presses("沈悦", "同意")
		w.Presses("韩梅", "同意")
		w.joins("xinren", "新人甲", 4, map[string]any{"status": 4})
		w.Gets("郑十", "新人甲的账号已开通（xinren）。请提醒他尽快在手机上激活企业微信")
		w.To("2026-03-05 09:59")
		require.Zero(t, w.Count("郑十", "还没有激活"))
		w.To("2026-03-05 10:01")
		w.Gets("郑十", "新人甲的账号（xinren）开通 3 个工作日还没有激活")
		require.Zero(t, w.Count("xinren", "【欢迎】"))
		w.To("2026-03-20 10:00")
		require.Equal(t, 1, w.Count("郑十", "还没有激活"))
		w.Company("update_user", map[string]any{"userid": "xinren", "status": 1})
		w.To("2026-03-21 11:00")
		require.Equal(t, 1, w.Count("xinren", "【欢迎】"), "as soon as he can read it")
	})
}

// The applicant may have left when the account is open: the head hears of it.
func TestAccountOfAnApplicantWhoLeft(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := numberIn(t, w.Says("赵六", "账号申请 变更 赵六 市场部 市场专员"), "A")
		w.Says("沈悦", "审批 "+number+" 同意")
		w.Says("韩梅", "审批 "+number+" 同意")
		require.Contains(t, w.Says("王五", "已开通 "+number), "已记录办结")
		w.Gets("赵六", "【账号】"+number+" 「账号变更：赵六」已办理")
		require.Contains(t, w.Says("王五", "已开通 "+number), "已经生效")

		w.newcomer("郑十")
		w.Presses("沈悦", "同意")
		w.Presses("韩梅", "同意")
		w.Says("王五", "已开通 xinren")
		w.Company("delete_user", map[string]any{"userid": "zhengshi"})
		w.joins("xinren", "新人甲", 4)
		w.Gets("沈悦", "新人甲的账号已开通（xinren）")
		require.Zero(t, w.Count("陈立", "【未申请账号】"))
	})
}

// What was said to be opened and never appears is asked after.
func TestAccountSaidOpenNeverAppears(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.newcomer("郑十")
		w.Presses("沈悦", "同意")
		w.Presses("韩梅", "同意")
		w.Presses("王五", "已开通")
		w.To("2026-03-05 10:01")
		w.Gets("王五", number, "说已开通，但 3 个工作日内通讯录里没有出现")
		w.Gets("郑十", "通讯录里没有出现")
	})
}

// The form asks for what is missing, one thing at a time, and refuses what
// cannot be.
func TestAccountForm(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("郑十", "账号申请"), "新增")
		require.Contains(t, w.Says("郑十", "新增"), "【请补充】姓名：请问新同事叫什么名字？")
		require.Contains(t, w.Says("郑十", "林晓"), "【请补充】部门")
		require.Contains(t, w.Says("郑十", "火星部"), "没有「火星部」这个部门")
		require.Contains(t, w.Says("郑十", "市场部"), "【请补充】职务")
		require.Contains(t, w.Says("郑十", "市场专员"), "【请补充】直接上级")
		require.Contains(t, w.Says("郑十", "谁谁"), "没有找到「谁谁」")
		require.Contains(t, w.Says("郑十", "沈悦"), "【请补充】入职日期")
		require.Contains(t, w.Says("郑十", "2026-02-02"), "【未通过】")
		require.Contains(t, w.Says("郑十", "3月9日"), "【请补充】类别")
		require.Contains(t, w.Says("郑十", "其他员工"), "【请补充】应用")
		require.Contains(t, w.Says("郑十", "无"), "已提交「账号新增：林晓」")
		require.Contains(t, w.Says("郑十", "账号申请 新增 张新 市场部 专员 沈悦 3月9日 其他员工 无 手机号:abc"), "手机号看起来不对")
	})
}

// An application ends with 驳回, with 撤回, and with its applicant.
func TestAccountApplicationEnds(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := w.newcomer("郑十")
		require.Contains(t, w.Says("沈悦", "审批 "+number+" 驳回 名额已满"), "已驳回")
		w.Gets("郑十", "【已驳回】", "名额已满")
		w.joins("xinren", "新人甲", 4)
		w.Gets("陈立", "【未申请账号】", "没有已批准的账号申请")
		require.Contains(t, w.Says("王五", "已开通 "+number), "【")
		w.GetsNothing("郑十", "的账号已开通")

		number = numberIn(t, w.Says("郑十", "账号申请 新增 甲乙 市场部 专员 沈悦 3月9日 其他员工 无"), "A")
		require.Contains(t, w.Says("郑十", "撤回 "+number), "已撤回")
		number = numberIn(t, w.Says("郑十", "账号申请 新增 甲乙 市场部 专员 沈悦 3月9日 其他员工 无"), "A")
		w.Company("delete_user", map[string]any{"userid": "zhengshi"})
		require.Contains(t, w.Says("沈悦", "审批 "+number+" 同意"), "【未通过】")
	})
}

// A new 管理员 needs 信息安全部门 too: administrators are few and checked.
func TestAccountOfAnAdministrator(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := numberIn(t, w.Says("郑十", "账号申请 新增 甲乙 市场部 专员 沈悦 3月9日 管理员 无"), "A")
		w.Says("沈悦", "审批 "+number+" 同意")
		w.Says("韩梅", "审批 "+number+" 同意")
		require.Contains(t, w.Says("王五", "已开通 "+number), "还没有轮到")
		require.Contains(t, w.Says("方安", "审批 "+number+" 同意"), "接下来由王五处理「开通账号」")
	})
}

// 变更: agreed, 王五 changes it in WeCom, the event does the rest.
func TestAccountChange(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("周八", "账号申请 变更 孙七 市场部 市场专员"), "【未通过】只有孙七本人、他的上级")
		require.Contains(t, w.Says("邵静", "账号申请 变更 周八 销售部 销售专员"), "【未通过】周八现在就在销售部担任销售专员")
		number := numberIn(t, w.Says("邵静", "账号申请 变更 周八 市场部 市场专员 3月2日"), "A")
		require.Contains(t, w.Says("周八", "账号申请 变更 周八 市场部 市场专员"), "的变更申请 "+number+" 正在办理")
		w.Says("沈悦", "审批 "+number+" 同意")
		w.Says("韩梅", "审批 "+number+" 同意")
		w.Gets("王五", "变更账号：周八")
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		w.Gets("邵静", "【账号】"+number+" 周八的部门已在企业微信变更")
		require.NotContains(t, w.Says("王五", "我的待办"), "变更账号：周八")
	})
}

// Given 罗岩 sends 账号 挂失 at 10:00, then at once his rights are suspended and
// 陈立, 方安 have cards due 10:30.
func TestG2_4_2_3_AE1_ALostDevice(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		number := numberIn(t, w.Says("邓工", "账号申请 新增 新人甲 研发部 工程师 罗岩 3月9日 其他员工 无"), "A")
		w.Gets("罗岩", number, "同意")
		require.Contains(t, w.Says("陈立", "谁有 doc.destroy.approve"), "罗岩")
		told := w.Says("罗岩", "账号 挂失")
		require.Contains(t, told, "罗岩的账号已挂失，重要权限立即暂停，已通知陈立、方安")
		item := numberIn(t, told, "M")
		for _, name := range []string{"陈立", "方安"} {
			w.Gets(name, "账号挂失：罗岩（luoyan）", item, "3月2日 10:30", "重要")
		}
		// His rights are gone at once: what the documents' own levels say to him is
		// 公开 alone (policy), and what needs more than the base set is refused,
		// cards included.
		for _, lost := range []string{"doc.destroy.approve", "review.department", "task.issue"} {
			require.NotContains(t, w.Says("陈立", "谁有 "+lost), "罗岩", lost)
		}
		require.Contains(t, w.Presses("罗岩", "同意"), "【未通过】您的账号已挂失，暂时不能审批")
		require.Contains(t, w.Says("罗岩", "审批 "+number+" 同意"), "【未通过】您的账号已挂失")
		require.Contains(t, w.Says("罗岩", "我的权限"), "挂失")
		require.Contains(t, w.Says("罗岩", "账号 挂失"), "【未通过】罗岩的账号已在 3月2日 10:00 挂失")
		require.Contains(t, w.Says("罗岩", "账号 恢复 罗岩"), "【无权限】")
		require.Contains(t, w.Says("邓工", "账号 恢复 罗岩"), "【无权限】")
		w.Says("陈立", "收到 "+item)
		require.Contains(t, w.Says("方安", "账号 恢复 罗岩"), "已恢复罗岩的账号权限")
		w.Gets("罗岩", "方安 已核实并恢复您的账号权限")
		require.Contains(t, w.Says("方安", "追溯 "+item), "已核实并恢复，不用再处理")
		require.NotContains(t, w.Says("方安", "我的待办"), item, "what is restored is settled")
		require.Contains(t, w.Says("陈立", "谁有 doc.destroy.approve"), "罗岩")
		require.Contains(t, w.Says("罗岩", "审批 "+number+" 同意"), "已同意")
		require.Contains(t, w.Says("方安", "账号 恢复 罗岩"), "的账号没有挂失，不需要恢复")
	})
}

// For others only those may report a loss who manage accounts, and nobody
// restores himself, whatever he manages.
func TestLossForOthers(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "账号 挂失 孙七"), "【无权限】需要 account.manage")
		require.Contains(t, w.Says("王五", "账号 挂失 方安"), "方安的账号已挂失")
		w.Gets("方安", "王五 为您报告了账号挂失")
		w.Gets("高总", "账号挂失：王五代方安") // his superior sees to it in his place
		require.Contains(t, w.Says("方安", "账号 恢复 方安"), "【无权限】", "he has the base set alone")
		require.Contains(t, w.Says("陈立", "账号 恢复 方安"), "已恢复")
		w.Company("delete_user", map[string]any{"userid": "sunqi"})
		require.Contains(t, w.Says("陈立", "账号 挂失 孙七"), "【未通过】")
		require.Contains(t, w.Says("陈立", "账号 恢复 孙七"), "孙七已离职")
	})
}

// Given 21 callbacks with wrong msg_signature in 10 minutes, then each gets 4xx
// without processing and one alert is sent.
func TestG2_4_2_3_AE2_ForgedCallbacks(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		before := w.everything()
		for i := range 21 {
			if i == 20 {
				w.Advance(time.Minute)
				w.Upkeep()
				require.Zero(t, w.Count("陈立", "【安全提醒】"), "twenty are noise")
			}
			status, _ := w.Posts("/callback/assistant?msg_signature="+strings.Repeat("0", 40)+"&timestamp=1772416800&nonce="+fmt.Sprint(i), []byte(`<xml><Encrypt><![CDATA[AAAA]]></Encrypt></xml>`))
			require.GreaterOrEqual(t, status, 400)
			require.Less(t, status, 500)
		}
		require.Equal(t, before["deliveries"], w.everything()["deliveries"], "nothing was processed")
		w.Advance(time.Minute)
		w.Upkeep()
		w.Gets("陈立", "【安全提醒】最近 10 分钟有 21 个回调请求没有通过验证")
		w.Advance(2 * time.Minute)
		w.Upkeep()
		require.Equal(t, 1, w.Count("陈立", "【安全提醒】"))
	})
}

// The monthly review lists what nobody uses, too many administrators and old
// secrets; the report shows the same to those who may.
func TestAccountReview(t *testing.T) {
	eachWith(t, noNightly, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "报表 账号"), "【无权限】")
		report := w.Says("方安", "报表 账号")
		require.Contains(t, report, "【账号报表】3月2日 10:00")
		require.Contains(t, report, "在职 33：已激活 33")
		require.Contains(t, report, "超过 60 天未使用 0 个")
		w.Says("罗岩", "账号 挂失")
		require.Contains(t, w.Says("陈立", "报表 账号"), "挂失中 1\n· 罗岩，3月2日 10:00 起")
		w.To("2026-05-06 09:00")
		april := w.Says("方安", "报表 账号 2026-04")
		require.Contains(t, april, "【账号报表】2026年4月（5月1日 09:00 统计）\n在职 33")
		require.Contains(t, april, "挂失中 1\n· 罗岩")
		w.Says("赵六", "我的待办")
		w.To("2026-06-01 09:01")
		review := w.Gets("陈立", "【账号检查】", "个账号超过 60 天没有使用本应用")
		require.Contains(t, review.String(), "江一（生产一部，jiangyi）从未使用")
		w.Says("陈立", "账号 恢复 罗岩")
		require.Contains(t, w.Says("方安", "报表 账号"), "挂失中 0")
		require.Equal(t, april, w.Says("方安", "报表 账号 2026年4月"), "a closed month stays as it was")
		require.Contains(t, w.Says("方安", "报表 账号 2026-02"), "【未找到】2026年2月的账号报表")
		require.Contains(t, w.Says("方安", "报表 账号 下辈子"), "【未通过】看不懂月份「下辈子」")
		require.Contains(t, w.Says("方安", "报表 账号 2026-13"), "【未通过】没有2026-13这个月")
		require.NotContains(t, review.String(), "赵六（")
		require.Zero(t, w.Count("陈立", "已使用 91 天"))
		w.To("2026-10-01 09:01")
		w.Gets("陈立", "已使用", "请在企业微信管理后台更换")
	})
}
