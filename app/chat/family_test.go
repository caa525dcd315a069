package chat_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/store"
)

// rulebook is what a family is computed from.
type rulebook struct {
	version  atomic.Int64
	mu       sync.Mutex
	commands []chat.Command
	skipped  []string
}

func (b *rulebook) adopt(commands ...chat.Command) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.commands = commands
	b.version.Add(1)
}

func (b *rulebook) family() chat.Family {
	return chat.Family{
		Name: "forms", Version: func() string { return fmt.Sprint(b.version.Load()) },
		Commands: func() []chat.Command {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.commands
		},
		Skipped: func(err error) { b.skipped = append(b.skipped, err.Error()) },
	}
}

// leave is a form with every kind that forms need; changes makes another
// edition of it.
func (w *world) leave(edition string, change func(cmd *chat.Command)) chat.Command {
	least, most := 0.01, 50000.0
	cmd := chat.Command{
		Name: "请假", Summary: "申请请假", Usage: "请假 …", Example: "请假 事假 3月9日 3月10日 家中有事", Group: "审批",
		Permission: chat.Everybody, Edition: edition,
		Args: []chat.Arg{
			{Name: "类型", Kind: chat.Choice, Choices: []string{"事假", "病假", "年假"}, Required: true, Prompt: "请问是哪种假？"},
			{Name: "开始", Kind: chat.HalfDate, Required: true, Prompt: "从哪天开始？"},
			{Name: "结束", Kind: chat.HalfDate, Required: true, Prompt: "到哪天？"},
			{Name: "事由", Kind: chat.Text, Required: true, Rest: true, Prompt: "请写事由"},
			{Name: "交接", Kind: chat.Person, Required: true, Keyed: true, Prompt: "工作交接给谁？"},
			{Name: "补贴", Kind: chat.Money, Keyed: true, Min: &least, Max: &most},
			{Name: "部门", Kind: chat.Department, Keyed: true},
			{Name: "通知", Kind: chat.Choice, Many: true, Keyed: true, Choices: []string{"同事", "客户", "前台"}},
			{Name: "证明", Kind: chat.Photo, Many: true, Offer: true, Prompt: "有证明的话请拍照"},
		},
		Run: func(c *chat.Call) (chat.Answer, error) {
			if !c.Insists {
				return chat.Answer{}, chat.Warned{Reason: "请核对：" + sayAll(c), Proceed: "提交"}
			}
			return chat.Accepted("A20260302-0001", sayAll(c)), nil
		},
	}
	if change != nil {
		change(&cmd)
	}
	return cmd
}

func sayAll(c *chat.Call) string {
	from, to := c.HalfDay("开始"), c.HalfDay("结束")
	text := fmt.Sprintf("%s %s至%s %s", c.Text("类型"), from, to, c.Text("事由"))
	if c.Has("交接") {
		text += " 交接" + c.Person("交接").Name
	}
	if c.Has("补贴") {
		text += " " + c.Money("补贴") + "元"
	}
	if c.Has("部门") {
		text += " " + c.Department("部门").Name
	}
	if c.Has("通知") {
		text += " 通知" + strings.Join(c.List("通知"), "+")
	}
	return text + fmt.Sprintf(" 证明%d张 附件%d", len(c.Files("证明")), len(c.Attachments))
}

func withForms(w *world, commands ...chat.Command) *rulebook {
	b := &rulebook{}
	require.NoError(w.t, w.engine.Family(b.family()))
	b.adopt(commands...)
	return b
}

func TestComputedCommandsAreThereAsSoonAsTheRulesAre(t *testing.T) {
	onSQLite(t, func(w *world) {
		b := withForms(w)
		w.Says("赵六", "请假").Gets("【未启用】")
		b.adopt(w.leave("1", nil))
		w.Says("赵六", "请假").Gets("请问是哪种假？")
		w.Says("赵六", "取消")
		w.Says("赵六", "帮助").Gets("· 请假：申请请假")
		w.Says("赵六", "帮助 请假").Gets("补贴（可不写；金额，最多两位小数；写作 补贴:…）")
		require.True(t, hasCommand(w.engine, "请假"))
		b.adopt()
		w.Says("赵六", "帮助 请假").Gets("【未启用】")
		require.False(t, hasCommand(w.engine, "请假"))
	})
}

func hasCommand(e *chat.Engine, name string) bool {
	for _, cmd := range e.Commands() {
		if cmd.Name == name {
			return true
		}
	}
	return false
}

func TestAComputedCommandNeverShadowsAnother(t *testing.T) {
	onSQLite(t, func(w *world) {
		named := func(name string, aliases ...string) chat.Command {
			return w.leave("1", func(cmd *chat.Command) {
				cmd.Name, cmd.Aliases, cmd.Usage, cmd.Example = name, aliases, name+" …", name+" 事假"
			})
		}
		b := withForms(w, named("回复"), named("申请 采购", "帮助", "采购"), named("申请 合同", "采购"), named("坏"), w.leave("1", func(cmd *chat.Command) { cmd.Permission = "" }))
		b.commands[3].Summary = ""
		w.Says("赵六", "帮助 回复").Gets("回复：回复的说明")
		w.Says("赵六", "采购").Gets("请问是哪种假？")
		w.Says("赵六", "取消").Gets("「申请 采购」")
		w.Says("赵六", "申请 合同").Gets("请问是哪种假？")
		require.Len(t, b.skipped, 5)
		require.Contains(t, b.skipped[0], `"回复" is taken`)
		require.Contains(t, b.skipped[1], `"帮助" is taken by "帮助"`)
		require.Contains(t, b.skipped[2], `"采购" is taken by "申请 采购"`)
		require.Contains(t, b.skipped[3], "no summary")
		require.Contains(t, b.skipped[4], "has no permission")
		w.Says("赵六", "帮助")
		require.Len(t, b.skipped, 5, "told once, not with every message")
	})
}

func TestAFormWhoseCommandWentOrChangedSaysSo(t *testing.T) {
	each(t, func(w *world) {
		b := withForms(w, w.leave("1", nil))
		w.Says("赵六", "请假 事假 3月9日 3月10日").Gets("请写事由")
		b.adopt()
		w.Says("赵六", "家中有事").Gets("「请假」刚刚停用或改了名字，没填完的内容没有提交。", "您写过：开始:3月9日 类型:事假 结束:3月10日")
		w.Says("赵六", "随便").Gets("没看懂您的意思")

		b.adopt(w.leave("2", nil))
		w.Says("赵六", "请假 事假 3月9日 3月10日 家中有事").Gets("工作交接给谁？")
		without := func(cmd *chat.Command) {
			cmd.Args = append(cmd.Args[:4:4], cmd.Args[5:]...)
			cmd.Args[7].Offer = false
			cmd.Run = func(c *chat.Call) (chat.Answer, error) {
				if !c.Insists {
					return chat.Answer{}, chat.Warned{Reason: "请核对：" + c.Text("事由"), Proceed: "提交"}
				}
				return chat.Accepted("A20260302-0001", c.Text("事由")), nil
			}
		}
		b.adopt(w.leave("3", without))
		w.Says("赵六", "孙七").Gets("（「请假」的表单刚刚更新过，请核对一下。）", "请核对：家中有事")
		b.adopt(w.leave("4", func(cmd *chat.Command) {
			without(cmd)
			cmd.Args = append(cmd.Args[:0:0], cmd.Args[1:]...)
		}))
		w.Says("赵六", "1").Gets("不再需要「类型」", "请核对：家中有事") // not submitted: it is another form
		w.Says("赵六", "1").Gets("【已受理】A20260302-0001 家中有事")
	})
}

// Twenty members write while the rules change under them: everybody is answered
// by one edition or the other.
func TestComputedCommandsUnderConcurrentChange(t *testing.T) {
	onSQLite(t, func(w *world) {
		b := withForms(w, w.leave("0", nil))
		done := make(chan struct{})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						for _, cmd := range w.engine.Commands() {
							if cmd.Name == "请假" && len(cmd.Args) == 0 {
								panic("half a command")
							}
						}
					}
				}
			})
		}
		for i := range 200 {
			b.adopt(w.leave(fmt.Sprint(i), nil))
			require.True(t, hasCommand(w.engine, "请假"))
		}
		close(done)
		all.Wait()
	})
}

func TestOfferedOnlyToThoseItIsFor(t *testing.T) {
	onSQLite(t, func(w *world) {
		withForms(w, w.leave("1", func(cmd *chat.Command) {
			cmd.Offered = func(c *chat.Call) error {
				if c.Member.MainDepartment == 3 {
					return nil
				}
				return chat.Refused{Reason: "「请假」正在销售部试行", Clause: "G1-3.2(2)4", Instead: "等试行结束后再用"}
			}
		}))
		w.Says("赵六", "请假").Gets("请问是哪种假？")
		w.Says("陈立", "请假").Gets("【未通过】「请假」正在销售部试行（依据 G1-3.2(2)4）")
		w.Says("陈立", "帮助").Lacks("请假")
	})
}

func TestFormsTakeWhatTheyNeed(t *testing.T) {
	each(t, func(w *world) {
		withForms(w, w.leave("1", nil))
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "m0"}).Gets("图片已记录")
		w.Says("赵六", "请假 事假 3月9日下午 2026-03-10 上午 家中有事 交接:孙七 补贴:1,234.50元 部门:市场部 通知:同事、客户").
			Gets("请核对：事假 2026-03-09下午至2026-03-10上午 家中有事 交接孙七 1234.5元 市场部 通知同事+客户 证明1张 附件1")
		w.Says("赵六", "补贴:1.2万").Gets("12000元")
		w.Says("赵六", "补贴:-5").Gets("【未通过】金额不能是负数", "请重新写「补贴」")
		w.Says("赵六", "100.555").Gets("最多写两位小数")
		w.Says("赵六", "很多").Gets("没看懂「很多」，请写金额")
		w.Says("赵六", "6万").Gets("「补贴」是 60000元，超出了范围。可改为：写 0.01元 到 50000元 之间的数")
		w.Says("赵六", "300 元").Gets("300元")
		w.Says("赵六", "通知:1、3 部门:销售").Gets("没有找到「销售」，请写部门的完整名称")
		w.Says("赵六", "销售部").Gets("销售部 通知同事+前台")
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "m1"}).Gets("证明2张 附件2")
		w.Sends("赵六", chat.Media{Kind: "file", MediaID: "m2", Name: "a.pdf"}).Gets("文件已收到，附在「请假」里。")
		w.Says("赵六", "提交").Gets("【已受理】A20260302-0001", "证明2张 附件3")
	})
}

func TestPicturesAnswerTheQuestionForThem(t *testing.T) {
	each(t, func(w *world) {
		withForms(w, w.leave("1", nil))
		const complete = "请假 病假 3月9日 3月10日 感冒 交接:孙七"
		w.Says("赵六", complete).Gets("【请补充】证明：有证明的话请拍照", "请直接发图片，最多 9 个，发完请发 完成；没有就发 跳过")
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "m1"}).Gets("图片已收到，「证明」现在有 1 个。还有请继续发，没有了请发 完成。")
		w.Sends("赵六", chat.Media{Kind: "voice", MediaID: "m2"}).Gets("语音已收到，附在「请假」里。")
		w.Says("赵六", "这是诊断书").Gets("请直接发图片")
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "m3"}).Gets("现在有 1 个")
		w.Says("赵六", "完成").Gets("请核对：", "证明1张")
		w.Says("赵六", "取消")

		w.Says("赵六", complete).Gets("有证明的话请拍照")
		w.Says("赵六", "跳过").Gets("证明0张")
		w.Says("赵六", "取消")
		w.Says("赵六", "请假 病假 3月9日 3月10日 感冒 交接:孙七 证明:无").Gets("请直接发图片")
		w.Says("赵六", "没有").Gets("证明0张")
	})
}

func TestARequiredPictureIsNotSkipped(t *testing.T) {
	onSQLite(t, func(w *world) {
		withForms(w, w.leave("1", func(cmd *chat.Command) { cmd.Args[8].Required, cmd.Args[8].Many = true, false }))
		w.Says("赵六", "请假 病假 3月9日 3月10日 感冒 交接:孙七").Gets("请直接发图片")
		w.Says("赵六", "跳过").Gets("【请补充】证明：这一项不能少，请直接发图片")
		w.Says("赵六", "完成").Gets("这一项不能少")
		w.Sends("赵六", chat.Media{Kind: "image", MediaID: "m1"}).Gets("请核对：", "证明1张")
	})
}

func TestAFormIsTakenUpAgainWithWhatWasThere(t *testing.T) {
	onSQLite(t, func(w *world) {
		var picture int64
		again := chat.Command{Name: "重来", Permission: chat.Everybody, Group: "审批", Summary: "再填一次", Usage: "重来", Example: "重来",
			Run: func(c *chat.Call) (chat.Answer, error) {
				a, err := c.Tx.AddAttachment(store.Attachment{MemberID: c.Member.ID, App: c.App, Kind: "image", MediaID: "old"})
				picture = a.ID
				return chat.Answer{Text: "已带上原来的内容。", Begin: &chat.Beginning{
					Command: "请假", Words: map[string]string{"类型": "事假", "开始": "2026-03-09上午", "结束": "2026-03-10", "事由": "家中 有事 补贴:一定要写", "没有了": "1"},
					People: map[string][]int64{"交接": {w.people["李四"].ID}}, Departments: map[string][]int64{"部门": {4}}, Files: map[string][]int64{"证明": {picture}},
				}}, err
			}}
		withForms(w, again, w.leave("1", func(cmd *chat.Command) {
			cmd.Run = func(c *chat.Call) (chat.Answer, error) {
				return chat.Answer{}, chat.Warned{Title: "提交前请核对", Reason: sayAll(c), Proceed: "提交", Amend: true}
			}
		}))
		w.Says("赵六", "重来").Gets("已带上原来的内容。", "【提交前请核对】事假 2026-03-09上午至2026-03-10 家中 有事 补贴:一定要写 交接李四 市场部 证明1张")
		w.Says("赵六", "修改").Gets("要改哪一项？", "可以改：类型、开始、结束")
		w.Says("赵六", "类型").Gets("请问是哪种假？")
		w.Says("赵六", "年假").Gets("【提交前请核对】年假 2026-03-09上午")
		w.Says("赵六", "结束:3月11日上午").Gets("2026-03-09上午至2026-03-11上午")
		w.Says("赵六", "开始:3月12日 事由:看病").Gets("2026-03-12至2026-03-11上午 看病")
		w.After(31*time.Minute).Says("赵六", "1").Gets("没看懂")
	})
}

func TestHelpFitsIntoOneMessage(t *testing.T) {
	onSQLite(t, func(w *world) {
		b := withForms(w)
		var forms []chat.Command
		for n := range 60 {
			forms = append(forms, w.leave("1", func(cmd *chat.Command) {
				cmd.Name = fmt.Sprintf("表单%d", n)
				cmd.Usage, cmd.Example, cmd.Summary = cmd.Name+" …", cmd.Name+" 事假", "一张有比较长说明的表单"
			}))
		}
		b.adopt(forms...)
		w.Says("赵六", "帮助").Gets("审批\n· 表单0、表单1、", "、表单59", "· 发通知：发通知的说明").Lacks("(1/2)", "· 表单0：")
	})
}

func TestACardSaysWhatItsButtonsDoNot(t *testing.T) {
	onSQLite(t, func(w *world) {
		withForms(w, chat.Command{
			Name: "退件", Summary: "退件", Usage: "退件 <原因>", Example: "退件 缺少附件", Group: "审批", Permission: chat.Everybody,
			Args: []chat.Arg{{Name: "原因", Kind: chat.Text, Rest: true}},
			Run: func(c *chat.Call) (chat.Answer, error) {
				if !c.Has("原因") {
					return chat.Answer{}, chat.Incomplete{Field: "原因", Prompt: "请写退件的原因", Choices: []string{"信息不完整", "缺少附件"}}
				}
				return chat.Answer{Text: c.Text("原因")}, nil
			},
		})
		w.Says("赵六", "退件").Gets("1. 信息不完整\n2. 缺少附件", "也可以直接写。")
		require.NotNil(t, w.last.Card)
		require.Equal(t, "【请补充】原因：请写退件的原因", w.last.Card.Title)
		require.True(t, strings.HasPrefix(w.last.Card.Text, "也可以直接写。"), w.last.Card.Text)
	})
}
