package acceptance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/wecom/sandbox"
)

// Who answers for what: posts, responsibility matrices, interfaces between
// departments, weights of duties (S06).

// order is the process P-02 in the words of the wizard's four steps: it passes
// from 销售部 to 财务部.
var order = []string{
	"销售部/销售经理、财务部/财务经理",
	"销售订单：订单登记 输出:订单 时限:1个工作日 → 合同审核*! 输入:订单 → 发票开具",
	"订单登记：R 销售经理 A 销售经理\n合同审核：R 销售经理 A 财务经理\n发票开具：R 财务经理 A 财务经理 I 销售经理",
}

// composes lets 唐流, 流程管理员, give these answers to the wizard; it answers the
// last reply.
func (w *World) composes(process string, answers ...string) (told string) {
	w.t.Helper()
	require.Contains(w.t, w.Says("唐流", "责任矩阵 编制 "+process), "第 1 步（共 4 步）确定组织结构")
	for _, answer := range answers {
		told = w.Says("唐流", answer)
	}
	return told
}

func TestG1_2_2a_AE1_MyDutiesAreListedOrAskedFor(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		// Given none, the reply says 未设置 and one to-do is raised for 人事部.
		told := w.Says("赵六", "我的职责")
		require.Contains(t, told, "【岗位】未设置")
		require.Contains(t, told, "【部门职责】销售部：负责通过企业微信进行客户沟通")
		require.Contains(t, told, "· 沟通发起人：负责准确传达沟通意图")
		require.Contains(t, told, "· 接收方：负责及时确认收悉")
		require.NotContains(t, told, "沟通审核人")
		w.Gets("韩梅", "补充赵六的岗位职责")
		w.Says("赵六", "我的职责")
		w.GetsNothing("韩梅", "补充赵六的岗位职责") // one, however often he looks

		// Given a post record, duties and 权限范围 are listed.
		require.Contains(t, w.Says("韩梅", "岗位变更 赵六 销售经理"), "【已受理】赵六自今日起担任销售部销售经理")
		told = w.Says("赵六", "我的职责")
		for _, want := range []string{
			"【岗位】销售经理（销售部）", "职责：负责销售团队的管理与协调，完成销售目标", "流程节点：销售订单处理、客户关系维护",
			"权限范围：完成销售任务，管理团队成员", "联系方式：发送 发通知 赵六 <内容>",
		} {
			require.Contains(t, told, want)
		}
		require.NotContains(t, told, "未设置")

		// His head sees how often he has looked; a colleague sees nothing.
		require.Contains(t, w.Says("邵静", "我的职责 赵六"), "本人看过 3 次")
		require.Contains(t, w.Says("孙七", "我的职责 赵六"), "【无权限】需要 post.assign")
		told = w.Says("邵静", "我的职责") // she heads 销售部: she reviews
		require.Contains(t, told, "· 沟通审核人")
	})
}

func TestG1_4_2_2_AE1_DutyWeights(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.Says("高总", "报表 职责权重")
		for _, want := range []string{
			"行政部：0.3 × 1 = 0.3 → 27.27%", "销售部：0.4 × 1 = 0.4 → 36.37%", "市场部：0.2 × 1 = 0.2 → 18.18%",
			"技术支持部：0.1 × 1 = 0.1 → 9.09%", "人事部：0.1 × 1 = 0.1 → 9.09%", "合计：1.1 → 100.00%",
		} {
			require.Contains(t, told, want)
		}
		require.Contains(t, w.Says("陈立", "报表 职责权重 行政部:2"), "行政部：0.3 × 2 = 0.6 → 42.86%")
		require.Contains(t, w.Says("赵六", "报表 职责权重"), "【无权限】需要 report.duty_weight.view")
		for said, want := range map[string]string{
			"行政部:-1":      "【未通过】「行政部」的份额「-1」不是不小于 0 的数",
			"行政部":         "【未通过】没看懂「行政部」，请写 部门:份额",
			"行政:2":        "【未通过】没有「行政」的职责权重，最接近的是「行政部」",
			"行政部:1 行政部:2": "【未通过】「行政部」写了两次",
			"行政部:0 销售部:0 市场部:0 技术支持部:0 人事部:0": "【未通过】所有部门的权重×份额都是 0",
		} {
			require.Contains(t, w.Says("高总", "报表 职责权重 "+said), want, said)
		}
	})
}

func TestG1_4_2_2_1_AE1_ANodeNeedsExactlyOneAccountablePost(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.composes("P-02", order[0], order[1], "订单登记：R 销售经理 A 销售经理", "发票开具：R 财务经理 A 财务经理", "合同审核：R 销售经理", "保存")
		require.Contains(t, told, "【请补充】")
		require.Contains(t, told, "节点「合同审核」还没有负责岗位（A）")
		told = w.Says("唐流", "合同审核：R 销售经理 A 销售经理、财务经理")
		require.Contains(t, told, "节点「合同审核」有 2 个负责岗位（A）：销售经理、财务经理，只能留一个")
		require.Contains(t, w.Says("唐流", "保存"), "【请补充】")
		require.Contains(t, w.Says("赵六", "责任矩阵 P-02"), "【未找到】P-02 还没有责任矩阵", "nothing was saved")
		require.Contains(t, w.Says("唐流", "合同审核：A 财务经理 C 销售经理"), "节点「合同审核」还没有执行岗位（R）")
		require.Contains(t, w.Says("唐流", "R 销售经理 A 财务经理"), "第 4 步（共 4 步）分配职责和权限") // of the node that is asked for
		require.Contains(t, w.Says("唐流", "保存"), "【已受理】P-02 责任矩阵第 1 版已保存（2 个岗位，3 个节点）")
	})
}

func TestG1_4_2_2_1_AE2_RowsArePostsColumnsAreNodes(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.composes("P-02", append(order, "保存")...), "【已受理】")
		told := w.Says("赵六", "责任矩阵 P-02")
		for _, want := range []string{
			"P-02 销售订单 责任矩阵\n第 1 版，唐流 3月2日 10:00 保存",
			"① 订单登记\n② 合同审核 ★关键节点 ▲风险点\n③ 发票开具\n",
			"岗位｜①｜②｜③\n销售经理｜RA｜R｜I\n财务经理｜－｜A｜RA\n",
		} {
			require.Contains(t, told, want)
		}
		require.Equal(t, told, w.Says("赵六", "责任矩阵 p2"))
		require.Equal(t, told, w.Says("赵六", "责任矩阵 销售订单"))
		require.Contains(t, w.Says("赵六", "责任矩阵"), "P-02 销售订单（第 1 版，3月2日）")
		require.Contains(t, w.Says("何静", "我的职责"), "流程 P-02 销售订单：合同审核 A*!；发票开具 RA\n　相关岗位：销售经理")

		// A change is a new edition; the first one stays.
		require.Contains(t, w.composes("P-02", "继续", "订单登记 → 发票开具", "继续", "保存"), "第 2 版已保存")
		told = w.Says("赵六", "责任矩阵 P-02")
		require.Contains(t, told, "岗位｜①｜②\n销售经理｜RA｜I\n财务经理｜－｜RA\n")
		require.Contains(t, told, "其他版本：责任矩阵 P-02 版本:1")
		require.Contains(t, w.Says("赵六", "责任矩阵 P-02 版本:1"), "② 合同审核 ★关键节点")
		require.Contains(t, w.Says("赵六", "责任矩阵 P-02 版本:3"), "【未找到】P-02 的第 3 版责任矩阵，现行是第 2 版")
		require.Contains(t, w.Says("赵六", "责任矩阵 编制 P-02"), "【无权限】需要 process.node.manage")
	})
}

// A large matrix is shown whole, in blocks and messages that fit a phone.
func TestG1_4_2_2_1_ALargeMatrixIsComplete(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		var nodes, letters []string
		for i := range 20 {
			nodes = append(nodes, fmt.Sprintf("第%d个环节由销售和财务共同完成", i+1))
			letters = append(letters, nodes[i]+"：R 销售经理 A 财务经理")
		}
		told := w.composes("P-03", order[0], strings.Join(nodes, "\n"), strings.Join(letters, "\n"), "保存")
		require.Contains(t, told, "已保存（2 个岗位，20 个节点）")
		first := w.Says("赵六", "责任矩阵 P-03")
		require.Contains(t, first, "岗位｜①｜②｜③｜④｜⑤｜⑥｜⑦｜⑧\n")
		require.Contains(t, first, "岗位｜⑰｜⑱｜⑲｜⑳\n销售经理｜R｜R｜R｜R\n财务经理｜A｜A｜A｜A\n")
	})
}

func TestG2_1_AE2_InterfacesOfAProcess(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.composes("P-02", append(order, "保存")...)
		told := w.Says("赵六", "接口 P-02")
		require.Contains(t, told, "P-02 销售订单 的部门交接（1 处）：\n"+
			"1. 销售部「订单登记」→ 财务部「合同审核」：输出 订单；输入 订单；时限 1个工作日；联系人 邵静（销售经理） → 何静（财务经理）")
		require.NotContains(t, told, "未填写")

		// What nobody has filled in is said, and how to fill it in.
		w.composes("P-04", order[0], "登记 → 开票", "登记：R 销售经理 A 销售经理\n开票：R 财务经理 A 财务经理", "保存")
		told = w.Says("赵六", "接口 P-04")
		require.Contains(t, told, "输出 未填写；输入 未填写；时限 未填写")
		require.Contains(t, told, "请流程管理员发送 责任矩阵 编制 P-04")
		w.composes("P-05", "销售经理", "登记 → 回访", "登记：R 销售经理 A 销售经理\n回访：R 销售经理 A 销售经理", "保存", "仍然保存")
		require.Contains(t, w.Says("赵六", "接口 P-05"), "在一个部门内完成")
		require.Contains(t, w.Says("赵六", "接口 P-09"), "【未找到】P-09 还没有责任矩阵")
		require.Contains(t, w.Says("赵六", "接口 采购"), "【未找到】流程「采购」")
	})
}

// Whatever is wrong in an answer is said with the way on, and what was answered
// before stays.
func TestG1_4_2_2_1_BadAnswersToTheWizard(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("唐流", "责任矩阵 编制 采购"), "【请补充】流程：「采购」不是流程编号")
		require.Contains(t, w.Says("唐流", "P-02"), "第 1 步（共 4 步）")
		for _, c := range []struct{ said, want string }{
			{"销售经里、财务经理", "没有岗位「销售经里」，最接近的是「销售经理」"},
			{"宇航员", "没有岗位「宇航员」"},
			{"销售部/销售经理、销售经理", "岗位「销售经理」写了两次"},
			{"销售处/销售经理", "没有部门「销售处」，最接近的是「销售部」"},
			{"采购经理", "岗位「采购经理」现在没有人担任，请写明部门"},
			{"第3步", "还没有岗位"},
			{"保存", "还不能保存，第 1 步要补充：\n还没有岗位"},
			{"销售部/销售经理、财务部/财务经理", "第 2 步（共 4 步）梳理业务流程"},
			{"登记 → 审核 → 登记", "节点「登记」写了两次；同名的两步请分别取名"},
			{"登记 → 审核", "第 3 步（共 4 步）绘制责任矩阵"},
			{"登记：X 销售经理", "没有字母「X」，只有 R 执行、A 负责、C 咨询、I 知会"},
			{"登记：R 采购经理", "没有岗位「采购经理」，最接近的是「销售经理」"},
			{"开票：R 销售经理", "流程里没有节点「开票」；要加节点请回复：第2步"},
			{"登记：R 销售经理\n登记：A 销售经理", "节点「登记」写了两次"},
			{"第4步", "节点「登记」还没有执行岗位（R），还没有负责岗位（A）"},
			{"销售经理 RA", "节点「审核」由谁执行（R）"},
			{"上一步", "登记\n审核\n不变请回复 继续"},
			{"继续", "登记：R 销售经理 A 销售经理\n"},
			{"财务经理 R A", "第 4 步（共 4 步）分配职责和权限"},
			{"财务经理", "没看懂「财务经理」，请写成 岗位 职责:… 权限:…"},
			{"财务经理 职责:审合同 权限:否决合同", "财务经理：职责 审合同；权限 否决合同"},
		} {
			require.Contains(t, w.Says("唐流", c.said), c.want, c.said)
		}
		// Half an hour later all is as it was, a minute later forgotten.
		w.Advance(30 * time.Minute)
		require.Contains(t, w.Says("唐流", "责任矩阵 编制 P-02"), "接着上次没编完的内容")
		w.Says("唐流", "取消")
		w.Advance(31 * time.Minute)
		require.Contains(t, w.Says("唐流", "责任矩阵 编制 P-02"), "第 1 步（共 4 步）")
	})
}

// Two who change one matrix at a time: the later one is told.
func TestG1_4_2_2_1_TwoAtOneMatrix(t *testing.T) {
	both := func(o *playground.Options) {
		company := sandbox.ExampleCompany()
		for i := range company.Members {
			if company.Members[i].UserID == "jiangyi" {
				company.Members[i].Position = "流程管理员"
			}
		}
		o.Platform.Company = company
	}
	eachWith(t, both, func(t *testing.T, w *World) {
		w.composes("P-02", append(order, "保存")...)
		w.composes("P-02", "继续", "订单登记 → 发票开具") // 唐流 goes on later
		w.Says("唐流", "取消")
		w.Says("江一", "责任矩阵 编制 P-02")
		w.Says("江一", "第4步")
		require.Contains(t, w.Says("江一", "保存"), "第 2 版已保存")
		w.Says("唐流", "责任矩阵 编制 P-02")
		require.Contains(t, w.Says("唐流", "保存"), "江一 在 3月2日 10:00 保存了 P-02 的第 2 版，您的草稿是按以前的内容改的")
		require.Contains(t, w.Says("唐流", "重来"), "已清空")
	})
}

// The overlap check: two posts owning one node as accountable (G1-4.2.1(四)).
func TestG1_4_2_1_四_TwoPostsAnswerForOneNode(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.composes("P-02", append(order, "保存")...)
		told := w.composes("P-06", order[0], "合同审核 → 发票开具 → 客户关系维护",
			"合同审核：R 销售经理 A 销售经理\n发票开具：R 销售经理 A 销售经理\n客户关系维护：R 销售经理 A 销售经理", "保存")
		require.Contains(t, told, "【提醒】")
		require.Contains(t, told, "节点「合同审核」在 P-02 由「财务经理」负责，这里由「销售经理」负责")
		require.Contains(t, told, "节点「发票开具」按岗位职责属于「财务经理」，这里由「销售经理」负责")
		require.NotContains(t, told, "客户关系维护」按", "it is in her own duties")
		require.Contains(t, told, "（依据 G1-4.2.1(四)）")
		require.Contains(t, w.Says("赵六", "责任矩阵 P-06"), "【未找到】", "not before somebody insists")
		require.Contains(t, w.Says("唐流", "仍然保存"), "【已受理】P-06")
	})
}

// The gap check: a node whose post nobody holds (G1-4.2.2(3)).
func TestG1_4_2_2_3_AVacantPostIsShown(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.composes("P-07", "行政部/采购经理", "供应商选择", "R 采购经理 A 采购经理", "保存")
		require.Contains(t, told, "【提醒】岗位「采购经理」现在没有人担任")
		require.Contains(t, w.Says("唐流", "1"), "【已受理】P-07")
		require.Contains(t, w.Says("赵六", "责任矩阵 P-07"), "空缺岗位：采购经理")
		require.Contains(t, w.Says("陈立", "岗位变更 张三 采购经理"), "【已受理】")
		require.NotContains(t, w.Says("赵六", "责任矩阵 P-07"), "空缺岗位")
	})
}

// Once a quarter the matrices are reviewed with the roles: whoever keeps the
// processes is asked to put in order what overlaps or is vacant.
func TestG1_4_2_2_3_MatricesAreReviewedEachQuarter(t *testing.T) {
	eachWith(t, noNightly, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("唐流", "责任矩阵 检查"), "【还没有流程的节点】7 处\n· HR专员：请假核对")
		w.composes("P-02", append(order, "保存")...)
		w.composes("P-06", order[0], "合同审核", "R 销售经理 A 销售经理", "保存", "仍然保存")
		w.composes("P-07", "行政部/采购经理", "供应商选择", "R 采购经理 A 采购经理", "保存", "仍然保存")
		told := w.Says("唐流", "责任矩阵 检查")
		for _, want := range []string{
			"【职责重叠】1 处\n· 节点「合同审核」：P-02 由「财务经理」负责，P-06 由「销售经理」负责",
			"【岗位空缺】1 处\n· 行政部采购经理：在 P-07 负责，现在没有人担任",
			"【还没有流程的节点】5 处",
		} {
			require.Contains(t, told, want)
		}
		require.Contains(t, w.Says("赵六", "责任矩阵 检查"), "【无权限】需要 process.node.manage")
		w.To("2026-04-01 09:01")
		w.Gets("唐流", "核对责任矩阵：1 处职责重叠，1 个岗位空缺")
		w.To("2026-04-02 09:01")
		w.GetsNothing("唐流", "核对责任矩阵")
	})
}

// Given a post without holder, when a case reaches it, then it goes to the
// department head, and 人事部 has a to-do 岗位空缺. Once somebody holds the post,
// the next case is his.
func TestG1_4_2_2_3_AE3_AVacantPost(t *testing.T) {
	vacant := func(o *playground.Options) {
		withPosts("")(o)
		rules, err := os.ReadFile(o.Rulebook)
		if err != nil {
			panic(err)
		}
		text := strings.Replace(string(rules), "用户权限管理: {holders: [wangwu]}", "用户权限管理: {holders: []}", 1)
		if err := os.WriteFile(o.Rulebook, []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
	eachWith(t, vacant, func(t *testing.T, w *World) {
		number := w.newcomer("郑十")
		w.Presses("沈悦", "同意")
		w.GetsNothing("韩梅", "岗位空缺") // no case has reached it
		w.Presses("韩梅", "同意")
		w.Gets("陈立", "账号新增：新人甲", "已开通") // 部门主管 of 行政部
		w.Gets("韩梅", "岗位空缺：岗位用户权限管理")
		w.GetsNothing("王五", "账号新增")
		require.Contains(t, w.Says("陈立", "追溯 "+number), "岗位用户权限管理")

		// The same post, vacant still: no second to-do.
		second := w.Says("郑十", "账号申请 新增 新人乙 市场部 市场专员 沈悦 3月9日 运营人员 手机号:13800005679 审批、打卡")
		require.Contains(t, second, "已提交")
		w.Presses("沈悦", "同意")
		w.Presses("韩梅", "同意")
		w.GetsNothing("韩梅", "岗位空缺")

		require.Contains(t, w.Says("韩梅", "岗位变更 李四 用户权限管理"), "【已受理】李四自今日起担任行政部用户权限管理")
		w.Says("郑十", "账号申请 新增 新人丙 市场部 市场专员 沈悦 3月9日 运营人员 手机号:13800005670 审批、打卡")
		w.Presses("沈悦", "同意")
		w.Presses("韩梅", "同意")
		w.Gets("李四", "账号新增：新人丙", "已开通")
		require.Contains(t, w.Says("李四", "我的职责"), "【岗位】用户权限管理（行政部）")
	})
}

// A post whose roles exclude what somebody has is refused (G1-4.2.1(四)).
func TestG1_4_2_1_四_APostThatExcludesWhatHeIs(t *testing.T) {
	eachWith(t, withPosts(`
  合同审批人: {duty: 审批合同, department: 流程管理部门, roles: ["审批人员A:P-02"]}
`), func(t *testing.T, w *World) {
		told := w.Says("陈立", "岗位变更 唐流 合同审批人")
		require.Contains(t, told, "【未通过】唐流不能担任流程管理部门合同审批人：「流程管理员」和「审批人员A」不能由同一人担任（依据 G1-4.2.1(四)）")
		require.NotContains(t, w.Says("唐流", "我的职责"), "合同审批人")
		require.Contains(t, w.Says("陈立", "岗位变更 邵静 合同审批人"), "【已受理】")
	})
}

// withPosts adds posts to the example company's rulebook.
func withPosts(posts string) func(*playground.Options) {
	return func(o *playground.Options) {
		company, err := os.ReadFile("../playground/company.yaml")
		if err != nil {
			panic(err)
		}
		o.Rulebook = filepath.Join(o.Dir, "rules.yaml")
		text := strings.Replace(string(company), "\nposts:\n", "\nposts:\n"+strings.TrimLeft(posts, "\n"), 1)
		if err := os.WriteFile(o.Rulebook, []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
}

func TestG1_4_3_2_2_ChangeOfPost(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("邵静", "岗位变更 赵六 销售经理"), "【已受理】赵六自今日起担任销售部销售经理，已通知本人和部门主管")
		w.Gets("赵六", "【岗位变更】赵六自今日起担任销售部销售经理", "我的职责")
		require.Contains(t, w.Says("邵静", "岗位变更 赵六 销售经理"), "【未通过】赵六已经担任销售部销售经理")
		require.Contains(t, w.Says("邵静", "岗位变更 赵六 财务经理"), "【无权限】需要 post.assign", "a head fills posts of her own department")
		require.Contains(t, w.Says("邵静", "岗位变更 吴九 销售经理"), "【无权限】需要 post.assign")
		require.Contains(t, w.Says("赵六", "岗位变更 孙七 销售经理"), "【无权限】需要 post.assign")
		require.Contains(t, w.Says("邵静", "岗位变更 邵静 销售经理"), "【未通过】不能变更自己的岗位")
		require.Contains(t, w.Says("陈立", "岗位变更 赵六 采购经里"), "没有岗位「采购经里」，最接近的是「采购经理」")
		w.Says("陈立", "取消")

		// The post before ends; both heads are told.
		require.Contains(t, w.Says("陈立", "岗位变更 赵六 财务经理"), "赵六自今日起担任财务部财务经理，不再担任销售部销售经理")
		w.Gets("邵静", "【岗位变更】赵六自今日起担任财务部财务经理，不再担任销售部销售经理")
		w.Gets("何静", "【岗位变更】赵六自今日起担任财务部财务经理")
		require.Contains(t, w.Says("赵六", "我的职责"), "【岗位】财务经理（财务部）")

		// What WeCom or the rulebook gives is not ended here; 无 keeps all.
		require.Contains(t, w.Says("陈立", "岗位变更 何静 采购经理 财务经理"), "不能在这里取消")
		require.Contains(t, w.Says("陈立", "岗位变更 何静 采购经理 无"), "何静自今日起担任财务部采购经理")
		require.Contains(t, w.Says("陈立", "岗位变更 何静 销售经理 司机"), "【请补充】原岗位：何静没有担任「司机」，现在担任财务经理、采购经理")
		require.Contains(t, w.Says("陈立", "采购经理"), "何静自今日起担任销售部销售经理，不再担任财务部采购经理")

		// A leaver has no posts, and none when he comes back.
		w.Company("delete_user", map[string]any{"userid": "zhaoliu"})
		require.Contains(t, w.Says("陈立", "岗位变更 赵六 采购经理"), "赵六已离职")
		w.Says("陈立", "取消")
		w.Company("create_user", map[string]any{"userid": "zhaoliu", "name": "赵六", "department": []int{3}, "main_department": 3})
		require.Contains(t, w.Says("赵六", "我的职责"), "【岗位】未设置")
	})
}
