package chat_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/store"
)

func TestACompleteCommandInterruptsAndTheFormIsKept(t *testing.T) {
	each(t, func(w *world) {
		w.open["赵六"] = []chat.Record{item("M20260302-0001", "甲")}
		w.Says("赵六", "发通知 销售部").Begins("【请补充】内容")
		w.Says("赵六", "我的待办").Runs("我的待办").Gets("（「发通知」还没填完，请继续写「内容」；不要了就发 取消。）")
		w.Says("赵六", "帮助").Gets("您可以发这些命令", "「发通知」还没填完")
		w.Presses("赵六", "收到 M20260302-0001").Runs("收到｜编号=M20260302-0001").Gets("「发通知」还没填完")
		w.Says("赵六", "今晚停机").Runs("发通知｜对象=销售部｜内容=今晚停机")
	})
}

func TestAnIncompleteCommandReplacesAFormThatAsksForSomethingElse(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 邵静 回访").Begins("【请补充】截止")
		w.Says("赵六", "发通知").Begins("（没填完的「布置」已放下。）\n【请补充】对象")
		w.Says("赵六", "取消").Is("好的，已取消「发通知」。")
	})
}

func TestACommandWrittenAgainWithMoreStartsAnew(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "发通知").Begins("【请补充】对象")
		w.Says("赵六", "发通知 销售部").Begins("【请补充】内容")
		w.Says("赵六", "发通知 请看这个").Runs("发通知｜对象=销售部｜内容=发通知 请看这个") // what is filled in is not lost
		w.Says("赵六", "宣布").Begins("【请补充】标题")
		w.Says("赵六", "宣布 停电").Begins("【请补充】正文")
		w.Says("赵六", "周六全天").Begins("【请补充】范围")
		w.Says("赵六", "销售部").Runs("宣布｜标题=停电｜正文=周六全天｜范围=销售部")
	})
}

func TestAButtonPressedTwiceIsHarmless(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.open["赵六"] = []chat.Record{item("M20260302-0001", "甲")}
		w.Presses("赵六", "回复 M20260302-0001").Begins("【请补充】内容")
		w.Presses("赵六", "回复 M20260302-0001").Begins("【请补充】内容")
		w.Says("赵六", "好的").Runs("回复｜编号=M20260302-0001｜内容=好的")
		w.Says("赵六", "好的").Gets("没看懂")
	})
}

func TestAnswersThatBeginLikeACommandStayAnswers(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "发通知 销售部")
		w.Says("赵六", "布置 这件事已经做完了").Runs("发通知｜对象=销售部｜内容=布置 这件事已经做完了")
		w.Says("赵六", "发通知 销售部")
		w.Says("赵六", "代理").Gets("「代理」是要填的「内容」，还是要做别的？", "1. 作为「内容」", "2. 开始「代理」")
		w.Says("赵六", "1").Runs("发通知｜对象=销售部｜内容=代理")
		w.Says("赵六", "发通知 销售部")
		w.Says("赵六", "代理")
		w.Says("赵六", "2").Begins("【请补充】姓名")
	})
}

func TestContradictoryAndUnknownKeys(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "布置 邵静 回访 截止:周五 截止:周六").Is("【未通过】「截止」写了两次：周五 和 周六。可改为：只留一个，再发一次")
		w.Says("赵六", "布置 邵静 回访 截止:周五 截止：周五").Gets("【已受理】") // repeated without contradiction
		w.Says("赵六", "发通知 孙七 开会 重要:否 重要").Begins("【未通过】「重要」又写了否，前后矛盾")
		w.Says("赵六", "布置 邵静 回访 截至:周五").Begins("【未通过】「布置」没有「截至」这一项，最接近的是「截止」。可改为：截止:…")
		w.Says("赵六", "代理 孙七 明天 周五 备注:出差").Begins("【未通过】「代理」没有「备注」这一项。可改为：用 姓名: 开始: 结束:")
		w.Says("赵六", "发通知 孙七 请注意：今晚 16:30 停机，见 https://a.cn").Gets("内容=请注意：今晚 16:30 停机，见 https://a.cn")
		w.Says("赵六", "发通知 孙七 内存:不足").Begins("【未通过】「发通知」没有「内存」这一项").Gets("正文写成 内容:…")
		w.Says("赵六", "发通知 孙七 内容:内存:不足 请清理").Gets("内容=内存:不足 请清理")
		w.Says("赵六", "代理 孙七 明天 周五 谢谢").Begins("【未通过】「代理」后面多了「谢谢」")
	})
}

func TestFlagsAreWordsOfTheirOwn(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "发通知 孙七 今晚停机 重要 需回复").Runs("发通知｜对象=sunqi｜内容=今晚停机｜重要=true｜需回复=true")
		w.Says("赵六", "发通知 孙七 重要 今晚停机").Runs("发通知｜对象=sunqi｜内容=今晚停机｜重要=true")
		w.Says("赵六", "发通知 孙七 这是 重要 的事").Runs("发通知｜对象=sunqi｜内容=这是 重要 的事")
		w.Says("赵六", "发通知 孙七 停机 需回复:否").Gets("内容=停机｜需回复=false")
	})
}

func TestAnActMayLeadToAQuestion(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.open["赵六"] = []chat.Record{item("M20260302-0001", "甲")}
		w.Presses("赵六", "追问试验 M20260302-0001").Begins("【已受理】M20260302-0001 未解决\n【请补充】内容：请写内容")
		w.Says("赵六", "还是不行").Runs("回复｜编号=M20260302-0001｜内容=还是不行")
	})
}

func TestHelp(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "帮助").Gets("沟通\n· 发通知：发通知的说明", "常用\n· 帮助：").Lacks("应用配置", "选择")
		w.Says("陈立", "?").Gets("· 应用配置")
		w.Says("赵六", "帮助").Gets("· 权限：").Lacks("· 权限 分配")
		w.Says("赵六", "帮助 权限").Gets("写法：权限 …", "· 权限 分配：权限 分配的说明")
		w.Says("赵六", "帮助 权限 分配").Begins("权限 分配：")
		w.Says("赵六", "帮助 布置").Is("布置：布置的说明\n写法：布置 …\n· 执行人（必填；同事的姓名或账号）\n· 标题（必填；文字）\n· 截止（必填；日期和时间；写作 截止:…）\n· 级别（可不写；高 / 中 / 低；写作 级别:…；不写就是 中）\n· 说明（可不写；文字）\n例子：布置 例子")
		w.Says("赵六", "帮助 应用配置").Begins("【无权限】需要 app.config.view")
		w.Says("赵六", "帮助 发通之").Is("【未通过】没有「发通之」这个命令。可改为：帮助 发通知")
		w.Says("赵六", "帮助 选择").Begins("【未通过】没有「选择」这个命令")
		w.Says("赵六", "帮助 通知").Gets("也可以写：通知")
	})
}

func TestG2_4_5_2_AE_GuideOnceThenDailyOnlyIfSomethingIsOpen(t *testing.T) {
	each(t, func(w *world) {
		w.waiting = 3
		w.Enters("赵六").Begins("赵六，您好！这里是公司的工作助手，三步就会用：\n1. 有问题就问").Gets("2. 要告诉同事", "3. 看什么在等您：发 我的待办", "随时发 帮助")
		w.After(time.Hour).Enters("赵六").Is("")
		w.After(24 * time.Hour).Enters("赵六").Is("赵六，您好。有 3 项事情等您处理，发 我的待办 查看。")
		w.After(time.Hour).Enters("赵六").Is("")
		w.waiting = 0
		w.After(24 * time.Hour).Enters("赵六").Is("")
		w.waiting = 1
		w.Enters("赵六").Gets("有 1 项") // later the same day something is open
		w.Enters("孙七").Gets("三步就会用")
	})
}

func TestG1_2_2b_AE1_VoiceIsRecordedAndASummaryAskedFor(t *testing.T) {
	each(t, func(w *world) {
		w.Sends("赵六", chat.Media{Kind: "voice", MediaID: "MEDIA1"}).Is("【已受理】语音已记录。要办成任务或报障，请再用一句文字说明要做什么。")
		a, err := w.db.Reader(t.Context()).Attachment(1)
		require.NoError(w.t, err)
		require.Equal(w.t, "MEDIA1", a.MediaID)
		require.Equal(w.t, int64(7), a.DeliveryID)
		w.Says("赵六", "咨询 打印机坏了").Runs("咨询｜内容=打印机坏了") // takes what was just sent
		require.Len(w.t, w.ran[len(w.ran)-1].Attachments, 1)
		w.Says("赵六", "咨询 又坏了")
		require.Empty(w.t, w.ran[len(w.ran)-1].Attachments)
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "MEDIA2"}).Begins("【已受理】图片已记录。").Gets("30分钟内")
		w.After(31*time.Minute).Says("赵六", "咨询 迟了")
		require.Empty(w.t, w.ran[len(w.ran)-1].Attachments)
		w.Sends("赵六", chat.Media{Kind: "sticker"}).Gets("看不了")
	})
}

func TestMediaGoesToTheOpenFormOrTheOneOpenItem(t *testing.T) {
	each(t, func(w *world) {
		w.Says("赵六", "发通知 孙七")
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "M"}).Begins("图片已收到，附在「发通知」里。").Gets("请继续写「内容」")
		w.Says("赵六", "看图").Runs("发通知｜对象=sunqi｜内容=看图")
		require.Len(w.t, w.ran[len(w.ran)-1].Attachments, 1)

		w.open["赵六"] = []chat.Record{item("M20260302-0001", "甲")}
		w.Sends("赵六", chat.Media{Kind: "location", Name: "一号楼", Latitude: 31.2, Longitude: 121.5}).Is("【已受理】M20260302-0001 位置已附上")
		filed, err := w.db.Reader(t.Context()).AttachmentsOf(store.Subject{Kind: "item", ID: 1})
		require.NoError(w.t, err)
		require.Len(w.t, filed, 1)
		require.InDelta(w.t, 121.5, filed[0].Longitude, 1e-9)

		w.open["赵六"] = []chat.Record{item("M20260302-0002", "乙"), item("M20260302-0001", "甲")}
		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "F", Name: "报表.xlsx"}).Begins("文件已收到，附在哪一项？\n1. M20260302-0002 乙")
		w.Says("赵六", "1").Is("【已受理】M20260302-0002 文件已附上")
		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "F", Name: "报表.xlsx"})
		w.Says("赵六", "3").Is("好的，先记录下来，没有附到任何事项。")
		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "F", Name: "报表.xlsx"})
		w.open["赵六"] = w.open["赵六"][:1]
		w.Says("赵六", "2").Is("【未找到】M20260302-0001") // settled meanwhile
	})
}

func TestHostileText(t *testing.T) {
	each(t, func(w *world) {
		w.Says("赵六", "咨询 "+strings.Repeat("长", 2000)).Gets("【已受理】")
		w.Says("赵六", "咨询 "+strings.Repeat("长", 9000)).Begins("【未通过】这条消息太长")
		w.Says("赵六", "咨询 a\x00b\x01c\u202ed ]]> 😀👍").Runs("咨询｜内容=abcd ]]> 😀👍")
		w.Says("赵六", "咨\u200b询 \u200f你好").Gets("咨询｜内容=")
		w.Says("赵六", "布置 \x011 回访 截止:周五").Begins("【请补充】执行人：没有找到「1」") // nobody chooses by forging
		w.Says("赵六", "取消")
		w.Says("赵六", "咨询"+strings.Repeat(" ", 8000)+"你好").Runs("咨询｜内容=你好")
		w.Says("赵六", strings.Repeat("|", 5000)).Gets("没看懂")
		w.Says("赵六", "登记 999999999999999999999 1 16:30 1天 高 是").Begins("【请补充】金额：没看懂「99999999999999999999…」")
		w.Says("赵六", "取消")
		w.Says("赵六", "布置 邵静 回访 截止:999999999999天后").Begins("【请补充】截止：没看懂")
		w.Presses("赵六", "选择 99999999999999999999 1").Begins("【未通过】这个选择已经过时")
		w.Says("赵六", "明天").Gets("【已受理】") // the form is still there
		w.Says("赵六", "选择 哪个方案好").Gets("没看懂")
		w.Presses("赵六", "早已不在的命令 1").Gets("您可以从这里开始")
	})
}

func TestAFormTooLongIsRefusedNotStored(t *testing.T) {
	onSQLite(t, func(w *world) {
		w.Says("赵六", "宣布").Begins("【请补充】标题")
		w.Says("赵六", strings.Repeat("\"<", 4000)).Is("【请补充】正文：正文")
		w.Says("赵六", strings.Repeat("\"<", 4000)).Begins("【未通过】填写的内容太长，没有保存")
		w.Says("赵六", "周五").Gets("没看懂")
	})
}

func TestForgetConversationsEmptiesWhatExpired(t *testing.T) {
	each(t, func(w *world) {
		w.Enters("赵六")
		w.Says("赵六", "布置 邵静 机密内容")
		forget := func(want int) {
			require.NoError(w.t, w.db.InTx(t.Context(), func(tx *store.Tx) error {
				n, err := tx.ForgetConversations(tx.Now())
				require.Equal(w.t, want, n)
				return err
			}))
		}
		forget(0)
		w.After(31 * time.Minute)
		forget(1)
		forget(0)
		w.Says("赵六", "周五").Begins("没看懂")
		w.Enters("赵六").Is("") // the greeting is remembered
	})
}
