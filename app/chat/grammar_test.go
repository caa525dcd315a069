package chat_test

import (
	"strings"
	"testing"
	"time"

	"guiju/app/chat"
)

// One test per sentence of the command grammar of guide E2.0.

func TestE2_0_CommandIsTheFirstWords(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "咨询 报销发票抬头").Runs("咨询｜内容=报销发票抬头")
		w.Says("赵六", "权限 孙七 要看文档").Runs("权限｜内容=孙七 要看文档")
		w.Says("赵六", "权限 分配 孙七").Runs("权限 分配｜姓名=sunqi") // the longest match
		w.Says("赵六", "通知 孙七 开会").Runs("发通知｜对象=sunqi｜内容=开会")
		w.Says("赵六", "  咨询：报销发票抬头").Runs("咨询｜内容=报销发票抬头")
		w.Says("赵六", "我的待办。").Runs("我的待办")
	})
}

func TestE2_0_KeyedArgumentsWithEitherColon(t *testing.T) {
	onSQLite(t, func(w *world) {
		const done = "布置｜执行人=shaojing｜标题=回访客户｜截止=2026-03-06 18:00｜级别=高"
		w.Says("赵六", "布置 邵静 回访客户 截止:周五 级别:高").Runs(done)
		w.Says("赵六", "布置 截止：周五 级别：高 邵静 回访客户").Runs(done)
		w.Says("赵六", "布置 标题:回访客户 执行人:邵静 级别:高 截止: 周五").Runs(done)
		w.Says("赵六", "布置 邵静 回访客户 截止:周五 16:30").Gets("截止=2026-03-06 16:30｜级别=中")
		w.Says("赵六", "布置 邵静 回访客户 截止: 3月9日 下午4点半").Gets("截止=2026-03-09 16:30")
		w.Says("赵六", "发通知 内容:今晚 停机 维护 对象:销售部 重要").Runs("发通知｜对象=销售部｜内容=今晚 停机 维护｜重要=true")
	})
}

func TestE2_0_BarSeparatesLongFields(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "宣布 放假 通知|五一 放假 三天|销售部 定时:明天9:00").Runs("宣布｜标题=放假 通知｜正文=五一 放假 三天｜范围=销售部｜定时=2026-03-03 09:00")
		w.Says("赵六", "宣布 放假 通知 ｜ 五一 放假｜@全体").Runs("宣布｜标题=放假 通知｜正文=五一 放假｜范围=@全体")
		w.Says("赵六", "布置 邵静 回访 客户 | 电话在表里 截止:周五").Gets("标题=回访 客户｜", "说明=电话在表里")
		w.Says("赵六", "宣布 放假 通知||销售部").Gets("【请补充】正文")
		w.Says("赵六", "取消")
		w.Says("赵六", "咨询 甲|乙 怎么选").Runs("咨询｜内容=甲|乙 怎么选") // one text field: content
	})
}

func TestE2_0_FullWidthIsNormalisedAndContentKept(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置　ＳＨＡＯＪＩＮＧ　回访Ａ　截止：２０２６－０３－０９　１６：３０").Runs("布置｜执行人=shaojing｜标题=回访Ａ｜截止=2026-03-09 16:30")
		w.Says("赵六", "咨询　ＡＢＣ　１２３").Runs("咨询｜内容=ＡＢＣ　１２３")
	})
}

func TestE2_0_LettersAreCaseInsensitive(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "HELP").Gets("您可以发这些命令")
		w.Says("赵六", "权限 分配 BOB.LI").Runs("权限 分配｜姓名=Bob.Li")
		w.Says("赵六", "咨询 WiFi 密码").Runs("咨询｜内容=WiFi 密码")
	})
}

func TestE2_0_DatesAndTimes(t *testing.T) {
	onSQLite(t, func(w *world) {
		for said, want := range map[string]string{
			"2026-03-09": "2026-03-09 18:00", "3月9日": "2026-03-09 18:00", "明天": "2026-03-03 18:00", "周五": "2026-03-06 18:00",
			"16:30": "2026-03-02 16:30", "明天 16:30": "2026-03-03 16:30", "下周一 上午10点": "2026-03-09 10:00", "两天后": "2026-03-04 18:00",
		} {
			w.Says("赵六", "布置 邵静 回访 截止:"+said).Gets("截止=" + want + "｜")
		}
		w.Says("赵六", "代理 孙七 明天 周五").Runs("代理｜姓名=sunqi｜开始=2026-03-03｜结束=2026-03-06")
		w.Says("赵六", "登记 ¥1,200.50 3 下午4点 3个工作日 高 是").Runs("登记｜金额=1200.5｜份数=3｜时间=16h0m0s｜时长=3个工作日｜级别=高｜公开=true")
	})
}

func TestE2_0_ImpossibleAndPastDatesAreRefusedWithTheRemedy(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 邵静 回访 截止:2月30日").Begins("【未通过】2026年2月没有30日。可改为：2026-02-28（当月最后一天）").Gets("请重新写「截止」")
		w.Says("赵六", "昨天").Begins("【未通过】「昨天」已经过去了。可改为：写以后的时间，例如 2026-03-03")
		w.Says("赵六", "3月9日").Runs("布置｜执行人=shaojing｜标题=回访｜截止=2026-03-09 18:00｜级别=中")
		w.Says("赵六", "布置 邵静 回访 截止:25:00").Begins("【未通过】一天里没有「25:00」")
		w.Says("赵六", "取消")
		w.Says("赵六", "代理 孙七 周五 明天").Begins("【未通过】结束早于开始。可改为：2026-03-06")
		w.Says("赵六", "下周一").Runs("代理｜姓名=sunqi｜开始=2026-03-06｜结束=2026-03-09")
		w.Says("赵六", "布置 邵静 回访 截止:尽快").Begins("【请补充】截止：没看懂「尽快」")
	})
}

func TestE2_0_ADeadlineThatPassesWhileTheFormIsOpenIsAskedAgain(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 李四 回访 截止:10:10").Begins("【请补充】执行人")
		w.After(20*time.Minute).Says("赵六", "1").Begins("【未通过】「10:10」已经过去了")
		w.Says("赵六", "11:00").Runs("布置｜执行人=lisi｜标题=回访｜截止=2026-03-02 11:00")
	})
}

func TestE2_0_WordsMeanWhatTheyMeantWhenWritten(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.clock.Set(time.Date(2026, 3, 2, 23, 50, 0, 0, shanghai))
		w.Says("赵六", "布置 李四 回访 截止:明天").Begins("【请补充】执行人")
		w.After(20*time.Minute).Says("赵六", "1").Gets("截止=2026-03-03 18:00")
	})
}

func TestE2_0_PeopleByNameOrUserid(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 邵静 回访 截止:周五").Gets("执行人=shaojing")
		w.Says("赵六", "布置 SHAOJING 回访 截止:周五").Gets("执行人=shaojing")
		w.Says("赵六", "发通知 孙七、邵静，市场部 开会").Runs("发通知｜对象=市场部,sunqi,shaojing｜内容=开会")
		w.Says("赵六", "发通知 孙七、 邵静 开会").Runs("发通知｜对象=sunqi,shaojing｜内容=开会")
		w.Says("赵六", "发通知 @所有人 开会").Runs("发通知｜对象=@全体｜内容=开会")
		w.Says("赵六", "布置 孙七、邵静 回访 截止:周五").Begins("【未通过】「执行人」只能写一位")
	})
}

func TestE2_0_AnAmbiguousNameGetsAChoiceAndNothingIsDone(t *testing.T) {
	each(t, func(w *world) {
		w.Says("赵六", "布置 李四 回访 截止:周五").Begins("【请补充】执行人：「李四」有 2 位，请选一位\n1. 李四（销售部）\n2. 李四（市场部）").Buttons("李四（销售部）", "李四（市场部）").Lacks("【已受理】")
		old := w.last.Card.Choices[0].Key
		w.Presses("赵六", w.last.Card.Choices[1].Key).Runs("布置｜执行人=lisi2｜标题=回访")
		w.Presses("赵六", old).Begins("【未通过】这个选择已经过时") // pressed twice
		w.Says("赵六", "布置 李四 回访 截止:周五")
		w.Says("赵六", "２").Gets("执行人=lisi2")
		w.Says("赵六", "布置 李四 回访 截止:周五")
		w.Says("赵六", "李四（销售部）").Gets("执行人=lisi｜")
		w.Says("赵六", "布置 李四 回访 截止:周五")
		w.Says("赵六", "LISI2").Gets("执行人=lisi2")
		w.Says("赵六", "布置 李四 回访 截止:周五")
		w.Says("赵六", "孙七").Gets("执行人=sunqi") // somebody else after all
		w.Says("赵六", "发通知 孙七、李四 开会")
		w.Says("赵六", "2").Runs("发通知｜对象=sunqi,lisi2｜内容=开会")
		w.Presses("孙七", old).Begins("【未通过】这个选择已经过时") // not his
	})
}

func TestE2_0_PeopleWhoLeftAreRefused(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 老王 回访 截止:周五").Begins("【未通过】老王已离职。可改为：换一位在职的同事")
		w.Says("赵六", "停用").Begins("【未通过】停用的账号已停用")
		w.Says("赵六", "谁谁").Begins("【请补充】执行人：没有找到「谁谁」，请写姓名或账号")
		w.Says("赵六", "孙七").Gets("执行人=sunqi")
	})
}

func TestE2_0_MissingArgumentsAreAskedOneAtATime(t *testing.T) {
	each(t, func(w *world) {
		w.Says("赵六", "布置").Begins("【请补充】执行人：交给谁").Gets("发 取消").Lacks("标题")
		w.Says("赵六", "邵静").Is("【请补充】标题：做什么")
		w.Says("赵六", "回访 客户 名单").Is("【请补充】截止：什么时候完成")
		w.Says("赵六", "周五 16:30").Runs("布置｜执行人=shaojing｜标题=回访 客户 名单｜截止=2026-03-06 16:30｜级别=中")
		w.Says("赵六", "登记 12.5 2 16:30 一周").Gets("【请补充】级别：什么级别\n1. 高\n2. 中\n3. 低").Buttons("高", "中", "低")
		w.Says("赵六", "最高").Gets("没看懂「最高」，请从这些里选：高、中、低")
		w.Says("赵六", "2").Gets("公开吗")
		w.Says("赵六", "不").Gets("级别=中｜公开=false")
	})
}

func TestE2_0_TheFormIsKeptFor30Minutes(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 邵静").Gets("30分钟内有效")
		w.After(30*time.Minute).Says("赵六", "回访").Is("【请补充】截止：什么时候完成")
		w.After(30*time.Minute+time.Second).Says("赵六", "周五").Begins("（刚才的「布置」超过30分钟没填完，已经取消。）").Lacks("【已受理】")
		w.Says("孙七", "回访").Lacks("【请补充】") // per member
	})
}

func TestE2_0_TheTimeAFormIsKeptIsConfigurable(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.engine = w.newEngine(chat.Options{DraftTime: 5 * time.Minute})
		w.Says("赵六", "布置 邵静").Gets("5分钟内有效")
		w.After(6*time.Minute).Says("赵六", "回访").Begins("（刚才的「布置」超过5分钟没填完")
	})
}

func TestE2_0_CancelDropsTheForm(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 邵静")
		w.Says("赵六", "取消").Is("好的，已取消「布置」。")
		w.Says("赵六", "周五").Gets("没看懂")
		w.Says("赵六", "取消").Is("现在没有要取消的内容。")
	})
}

func TestE2_0_1_TextAnswersTheOpenQuestion(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "发通知 销售部").Begins("【请补充】内容")
		w.Says("赵六", "登录不上的同事请重启").Runs("发通知｜对象=销售部｜内容=登录不上的同事请重启") // before topics
	})
}

func TestE2_0_2_TextRepliesToThePressedItem(t *testing.T) {
	each(t, func(w *world) {
		w.open["赵六"] = []chat.Record{item("M20260302-0002", "乙"), item("M20260302-0001", "甲")}
		w.Presses("赵六", "回复 M20260302-0001").Begins("【请补充】内容")
		w.Says("赵六", "发通知").Gets("作为「内容」", "开始「发通知」")
		w.Says("赵六", "2").Gets("【请补充】对象") // another form displaces it
		w.Says("赵六", "取消")
		w.Says("赵六", "明天上午给您").Runs("回复｜编号=M20260302-0001｜内容=明天上午给您")
		cameBy(w, chat.FromCard)
		w.Says("赵六", "谢谢").Gets("没看懂") // once
	})
}

func TestE2_0_2_APressLongAgoIsConfirmedAndSeveralAreAsked(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.open["赵六"] = []chat.Record{item("M20260302-0002", "乙"), item("M20260302-0001", "甲")}
		w.Presses("赵六", "回复 M20260302-0001")
		w.After(time.Hour).Says("赵六", "明天给您").Gets("把「明天给您」作为「回复 M20260302-0001」发送？", "1. 发送", "2. 不发")
		w.Says("赵六", "好的").Runs("回复｜编号=M20260302-0001｜内容=明天给您")

		w.Presses("赵六", "回复 M20260302-0001")
		w.Presses("赵六", "回复 M20260302-0002").Begins("（没填完的「回复」已放下。）")
		w.Says("赵六", "取消")
		w.Presses("赵六", "回复 M20260302-0002")
		w.After(31*time.Minute).Says("赵六", "今天").Gets("这句话回复哪一项？", "1. 回复 M20260302-0001", "2. 回复 M20260302-0002", "3. 都不是")
		w.Says("赵六", "2").Runs("回复｜编号=M20260302-0002｜内容=今天")

		w.open["赵六"] = nil // settled by somebody else
		w.Says("赵六", "今天").Gets("没看懂")
	})
}

func TestE2_0_3_TopicsAreProposedAndConfirmed(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "企业微信登录不上").Is("发给技术支持部？\n1. 发送\n2. 不发\n回复序号即可。").Buttons("发送", "不发")
		w.Presses("赵六", w.last.Card.Choices[0].Key).Runs("咨询｜内容=企业微信登录不上")
		w.Says("赵六", "又登录不上 期限:明天")
		w.Says("赵六", "是").Runs("咨询｜内容=又登录不上 期限:明天")
		w.Says("赵六", "登录不上")
		w.Says("赵六", "不用").Is("好的，没有发送。")
		w.Says("赵六", "登录不上")
		w.Says("赵六", "天气不错").Begins("（上一条「咨询」没有发送。）").Gets("您可以从这里开始")
	})
}

func TestE2_0_4_OtherTextGetsTheEntryMenu(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "今天天气真好").Gets("发通知 / 审批 / 任务 / 反馈 / 报障", "其中 审批、任务、反馈、报障 还没有启用", "例如 发通知 例子")
		w.Says("赵六", "").Gets("您可以从这里开始")
		w.Says("赵六", strings.Repeat(" ", 10000)).Gets("您可以从这里开始")
		w.Says("赵六", "菜单").Begins("您可以从这里开始")
		w.Clicks("赵六", "发通知").Begins("【请补充】对象")
	})
}

func TestE2_0_TwoFailuresInARowAddTheHelpProposal(t *testing.T) {
	onSQLite(t, func(w *world) {
		const proposal = "需要帮忙吗？发 帮助"
		w.Says("赵六", "啊啊").Lacks(proposal)
		w.Says("赵六", "咨询 你好").Lacks(proposal)
		w.Says("赵六", "啊啊").Lacks(proposal)
		w.Says("赵六", "我的待办 多余").Begins("【未通过】「我的待办」后面多了「多余」").Gets(proposal)
		w.Says("赵六", "我的待办").Lacks(proposal)
		w.Says("赵六", "啊啊").Lacks(proposal)
	})
}

// cameBy checks how the last command came in.
func cameBy(w *world, source chat.Source) {
	w.t.Helper()
	if got := w.ran[len(w.ran)-1].Source; got != source {
		w.t.Errorf("came by %s, want %s\n%s", got, source, w.log.String())
	}
}
