package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/wecom/sandbox"
)

// One test per sentence of the command grammar of guide E2.0, on the whole
// product. How each sentence is read in detail is tested in app/chat.

func TestE2_0_ACommandIsTheFirstWordsAndArgumentsAreSeparatedBySpaces(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("邵静", "发通知 赵六 三点 开会"), "已通知 1 人")
		w.Gets("赵六", "通知：三点 开会")
		require.Contains(t, w.Says("赵六", "待办"), "您有 1 项待办")
		require.Contains(t, w.Says("赵六", "  收到。"), "已确认收到")
	})
}

func TestE2_0_KeyedArgumentsWithEitherColon(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		const done = "3月3日 至 3月6日 发给赵六的事项由孙七代为答复"
		require.Contains(t, w.Says("赵六", "代理 姓名:孙七 开始:明天 结束:周五"), done)
		require.Contains(t, w.Says("赵六", "代理 结束：周五 姓名：孙七 开始：明天"), done)
		require.Contains(t, w.Says("魏伟", "代理 孙七 明天 周五 本人：赵六"), done)
	})
}

// 发布 comes with S01; what it would split stays whole everywhere else.
func TestE2_0_BarsSeparateOnlyThePartsOfPublications(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Equal(t, "【未启用】发布", w.Says("赵六", "发布 放假通知|五一放假三天|销售部"))
		w.Says("赵六", "咨询 报销用甲表|乙表")
		w.Gets("何静", "咨询：报销用甲表|乙表")
	})
}

func TestE2_0_FullWidthSpacesAndDigitsAreNormalised(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "代理　孙七　２０２６－０３－０９　３月１２日"), "3月9日 至 3月12日")
		w.Says("赵六", "咨询　报销表Ａ　怎么填")
		w.Gets("何静", "报销表Ａ　怎么填")
		require.Contains(t, w.Says("何静", "收到　１"), "【已受理】M20260302-0001")
	})
}

func TestE2_0_LettersAreCaseInsensitive(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "HELP"), "您可以发这些命令")
		require.Contains(t, w.Says("赵六", "代理 SunQi 明天 周五"), "由孙七代为答复")
		w.Says("赵六", "咨询 报销发票抬头")
		require.Contains(t, w.Says("赵六", "追溯 m20260302-0001"), "M20260302-0001 咨询：报销发票抬头")
	})
}

func TestE2_0_DatesInWords(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for said, meant := range map[string]string{"2026-03-09": "3月9日", "3月9日": "3月9日", "明天": "3月3日", "周五": "3月6日"} {
			require.Contains(t, w.Says("赵六", "代理 孙七 "+said+" 3月20日"), "【已受理】"+meant+" 至 3月20日", said)
		}
		require.Contains(t, w.Says("赵六", "代理 孙七 2月30日 3月20日"), "【未通过】2026年2月没有30日。可改为：2026-02-28")
		require.Contains(t, w.Says("赵六", "明天"), "【请补充】结束")
		require.Contains(t, w.Says("赵六", "3月20日"), "【已受理】3月3日 至 3月20日")
		require.Contains(t, w.Says("赵六", "代理 孙七 2026-02-20 昨天"), "【未通过】结束时间 3月1日 已经过去了")
		require.Contains(t, w.Says("赵六", "代理 孙七 3月9日 14:00 3月9日 16:30"), "【已受理】3月9日 14:00 至 3月9日 16:30")
		require.Contains(t, w.Says("赵六", "代理 孙七 明天下午2点 明天16点半"), "【已受理】3月3日 14:00 至 3月3日 16:30")
		require.Contains(t, w.Says("赵六", "代理 孙七 周五 明天"), "【未通过】结束时间 3月3日 早于开始时间 3月6日")
	})
}

// namesakes adds a second 李四, in 市场部.
func namesakes(o *playground.Options) {
	o.Platform.Company = sandbox.ExampleCompany()
	o.Platform.Company.Members["lisi2"] = &sandbox.Member{
		UserID: "lisi2", Name: "李四", Status: 1, Departments: []int{4}, Order: []int64{0}, IsLeader: []int{0}, MainDepartment: 4,
		DirectLeader: []string{"shenyue"},
	}
}

func TestE2_0_PeopleByNameOrUseridAndAChoiceWhenAmbiguous(t *testing.T) {
	eachWith(t, namesakes, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("邵静", "发通知 孙七、zhouba 开会"), "已通知 2 人")
		told := w.Says("邵静", "发通知 李四 请核对数据")
		require.Contains(t, told, "「李四」有 2 位，请选一位")
		require.Contains(t, told, "李四（行政部）")
		require.Contains(t, told, "李四（市场部）")
		w.GetsNothing("李四", "请核对数据")
		w.GetsNothing("lisi2", "请核对数据")
		require.Contains(t, w.Says("邵静", "李四（市场部）"), "已通知 1 人")
		w.Gets("lisi2", "通知：请核对数据")
		w.GetsNothing("李四", "请核对数据")
	})
}

func TestE2_0_MissingArgumentsAreAskedOneAtATime(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.Says("赵六", "代理")
		require.Contains(t, told, "【请补充】姓名：请问由谁代理？")
		require.NotContains(t, told, "从什么时候")
		require.Contains(t, w.Says("赵六", "孙七"), "【请补充】开始：从什么时候开始")
		require.Contains(t, w.Says("赵六", "明天"), "【请补充】结束：到什么时候为止")
		require.Contains(t, w.Says("赵六", "周五"), "【已受理】3月3日 至 3月6日")
	})
}

func TestE2_0_TheFormIsKeptFor30MinutesAlsoOverARestart(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "发通知")
		w.Down()
		w.To("10:30")
		w.Up()
		require.Contains(t, w.Says("赵六", "孙七"), "【请补充】内容")
		w.Advance(30*time.Minute + time.Second)
		told := w.Says("赵六", "三点开会")
		require.Contains(t, told, "（刚才的「发通知」超过30分钟没填完，已经取消。）")
		w.GetsNothing("孙七", "三点开会")
		require.NotContains(t, w.Says("孙七", "三点开会"), "【请补充】", "per member")
	})
}

func TestE2_0_CancelDropsTheForm(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "发通知 孙七")
		require.Contains(t, w.Says("赵六", "取消"), "好的，已取消「发通知」")
		w.Says("赵六", "三点开会")
		w.GetsNothing("孙七", "三点开会")
	})
}

func TestE2_0_Text1_AnswersTheOpenQuestion(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头") // an open item, and a topic below
		w.Says("何静", "发通知 赵六")
		require.Contains(t, w.Says("何静", "发票已经开好"), "已通知 1 人")
		w.Gets("赵六", "通知：发票已经开好")
	})
}

func TestE2_0_Text2_RepliesToThePressedItem(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Says("赵六", "咨询 报销发票抬头")
		w.Presses("何静", "回复")
		require.Contains(t, w.Says("何静", "我的待办"), "M20260302-0001") // something else between
		require.Contains(t, w.Says("何静", "客户的发票也写公司全称"), "【已受理】M20260302-0001 已回复")
		w.Gets("赵六", "客户的发票也写公司全称", "已解决")
	})
}

func TestE2_0_Text3_IsRoutedByTopicAfterConfirmation(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		told := w.Says("赵六", "新员工培训在哪里报名")
		require.Contains(t, told, "发给人事部？")
		w.GetsNothing("韩梅", "新员工培训")
		require.Contains(t, w.Says("赵六", "1"), "已转给人事部韩梅")
	})
}

func TestE2_0_Text4_ElseGetsTheEntryMenu(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.Contains(t, w.Says("赵六", "今天天气真好"), "发通知 / 审批 / 任务 / 反馈 / 报障")
	})
}

// Guide G1-2a: whatever a member sends, he is answered.
func TestG1_2a_AE_TheEntryMenuNeverSilence(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for _, text := range []string{"今天天气真好", "😀", "1", "]]>", "<xml></xml>", "取", strings.Repeat("长", 600), "\u202eabc\u202c", "M20260302-0001"} {
			require.Contains(t, w.Says("赵六", text), "发通知 / 审批 / 任务 / 反馈 / 报障", text)
		}
		require.Contains(t, w.Says("赵六", "菜单"), "您可以从这里开始")
	})
}

func TestE2_0_TwoFailuresInARowAddTheHelpProposal(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		require.NotContains(t, w.Says("赵六", "啊啊"), "需要帮忙吗")
		require.Contains(t, w.Says("赵六", "哦哦"), "需要帮忙吗？发 帮助")
		w.Says("赵六", "我的待办")
		require.NotContains(t, w.Says("赵六", "啊啊"), "需要帮忙吗")
	})
}

// Help is generated from the registered commands.
func TestHelpListsWhatExists(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		help := w.everyPart("赵六", "帮助")
		for _, command := range []string{"咨询", "发通知", "收到", "回复", "有疑问", "转交", "已解决", "未解决", "补充", "催办", "撤回", "我的待办", "代理", "响应统计", "追溯", "取消", "菜单"} {
			require.Contains(t, help, "· "+command+"：")
		}
		require.NotContains(t, help, "已知悉")
		require.Contains(t, w.Says("赵六", "帮助 发通知"), "写法：发通知 <对象> <内容> [重要] [需回复]")
		require.Contains(t, w.Says("赵六", "帮助 请假"), "写法：请假 <请假类型> <请假时间>")
		require.Contains(t, w.Says("赵六", "帮助 工单"), "【未启用】")
	})
}

// Every other kind is recorded too, and never answered with silence.
func TestG1_2_2b_OtherKindsOfMessages(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for kind, c := range map[string]struct {
			fields map[string]any
			told   string
		}{
			"image":    {nil, "图片已记录"},
			"video":    {nil, "视频已记录"},
			"link":     {map[string]any{"Title": "制度", "Url": "https://example.cn/a"}, "链接已记录"},
			"location": {map[string]any{"Location_X": 31.2, "Location_Y": 121.5, "Label": "工厂"}, "位置已记录"},
		} {
			require.Contains(t, w.Sends("赵六", kind, c.fields), c.told)
		}
		w.Says("孙七", "咨询 报销发票抬头")
		require.Contains(t, w.Sends("孙七", "image", nil), "已把图片记入「报销发票抬头」")
		w.Gets("何静", "【补充】孙七 给 M20260302-0001", "图片")
		w.Traces("孙七", "M20260302-0001", "补充：图片")
	})
}
