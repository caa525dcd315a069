package chat_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/store"
)

// applications are the records of another domain: numbers that begin with A.
type applications struct{ open map[int64][]chat.Record }

func (a applications) Open(_ *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	return a.open[q.Member], nil
}

// extended is a company whose 撤回 and 追溯 know items and applications. 撤回 of
// applications is for 赵六 alone, that of items for everybody but 孙七.
func extended(w *world) map[int64][]chat.Record {
	open := map[int64][]chat.Record{}
	w.engine = nil
	engine, err := chat.New(chat.Options{Directory: w, Permits: allows{"赵六 a.use": true, "赵六 m.use": true, "邵静 m.use": true, "孙七 a.use": true}, Location: shanghai})
	require.NoError(w.t, err)
	require.NoError(w.t, engine.RegisterRecords("item.asked", received{w}))
	require.NoError(w.t, engine.RegisterRecords("request.mine", applications{open}))
	number := chat.Arg{Name: "编号", Kind: chat.Number, Required: true, Record: "item.asked", Prompt: "哪一项"}
	whole := number
	whole.Any = true
	run := func(who string) func(c *chat.Call) (chat.Answer, error) {
		return func(c *chat.Call) (chat.Answer, error) {
			if n := c.Number("编号"); n == "12" && who == "items" || n == "13" {
				return chat.Answer{}, fmt.Errorf("look: %w", chat.NotFound{Number: n})
			}
			return chat.Answer{Text: who + " " + c.Number("编号")}, nil
		}
	}
	require.NoError(w.t, engine.Register(
		chat.Command{Name: "撤回", Permission: "m.use", Group: "沟通", Summary: "撤回发出的", Usage: "撤回 [编号]", Example: "撤回 12", Args: []chat.Arg{number}, Run: run("items")},
		chat.Command{Name: "追溯", Permission: chat.Everybody, Group: "查询", Summary: "查看", Usage: "追溯 <编号>", Example: "追溯 12", Args: []chat.Arg{whole}, Run: run("items")},
	))
	require.NoError(w.t, engine.Extend("撤回", chat.Extension{Prefix: "A", What: "申请", Record: "request.mine", Permission: "a.use", Run: run("applications")}))
	require.NoError(w.t, engine.Extend("追溯", chat.Extension{Prefix: "A", What: "申请", Record: "request.mine item.asked", Permission: "a.use", Run: run("applications")}))
	w.engine = engine
	return open
}

// allows are permissions by "member permission".
type allows map[string]bool

func (a allows) Permit(c *chat.Call, permission, _ string) (bool, error) {
	return a[c.Member.Name+" "+permission], nil
}

func (a allows) Denied(*chat.Call, string, string) error { return nil }

func TestTheWholeNumberDecidesWhoseCommandRuns(t *testing.T) {
	onSQLite(t, func(w *world) {
		extended(w)
		w.Says("赵六", "撤回 A20260302-0001").Is("applications A20260302-0001")
		w.Says("赵六", "撤回 a20260302-1").Is("applications A20260302-0001")
		w.Says("赵六", "撤回 M20260302-0001").Is("items M20260302-0001")
		w.Says("赵六", "撤回 AB20260302-0001").Is("items AB20260302-0001") // another prefix is nobody's
		w.Presses("赵六", "撤回 A20260302-0001").Is("applications A20260302-0001")
		w.Says("赵六", "追溯 A20260302-0001").Is("applications A20260302-0001")
	})
}

func TestOmittedAndShortenedNumbersMeanRecordsOfAllKinds(t *testing.T) {
	onSQLite(t, func(w *world) {
		open := extended(w)
		me := w.people["赵六"].ID
		w.Says("赵六", "撤回").Begins("【未通过】现在没有等您「撤回」的事项")
		open[me] = []chat.Record{item("A20260302-0004", "请假")}
		w.Says("赵六", "撤回").Is("applications A20260302-0004")
		w.open["赵六"] = []chat.Record{item("M20260302-0004", "停机"), item("M20260302-0005", "开会")}
		w.Says("赵六", "撤回").Gets("有 3 项可以「撤回」", "M20260302-0004 停机", "M20260302-0005 开会", "A20260302-0004 请假")
		w.Says("赵六", "3").Is("applications A20260302-0004")
		w.Says("赵六", "撤回 4").Gets("有 2 项符合「4」")
		w.Says("赵六", "1").Is("items M20260302-0004")
		w.Says("赵六", "撤回 A4").Is("applications A20260302-0004")
		w.Says("赵六", "撤回 M4").Is("items M20260302-0004")
		w.Says("赵六", "撤回 5").Is("items M20260302-0005")
		w.Says("赵六", "撤回 A5").Begins("【未找到】A5")
	})
}

func TestThePermissionOfAnExtensionIsCheckedWhenItRuns(t *testing.T) {
	onSQLite(t, func(w *world) {
		extended(w)
		w.Says("邵静", "撤回 A20260302-0001").Begins("【无权限】需要 a.use")
		w.Says("邵静", "撤回 M20260302-0001").Is("items M20260302-0001")
		w.Says("孙七", "撤回 A20260302-0001").Is("applications A20260302-0001") // the command's own he lacks
		w.Says("孙七", "撤回 M20260302-0001").Begins("【无权限】需要 m.use")
		w.Says("陈立", "撤回 A20260302-0001").Begins("【无权限】需要 m.use") // none of them: not even begun
		w.Says("陈立", "追溯 M20260302-0001").Is("items M20260302-0001")
		w.Says("陈立", "追溯 A20260302-0001").Begins("【无权限】需要 a.use")
	})
}

func TestATailOfANumberIsLookedForByEachInTurn(t *testing.T) {
	onSQLite(t, func(w *world) {
		extended(w)
		w.open["赵六"] = []chat.Record{item("M20260302-0012", "停机")}
		w.Says("赵六", "追溯 12").Is("items M20260302-0012")
		w.open["赵六"] = nil
		w.Says("赵六", "追溯 12").Is("applications 12") // no open item, no ended item, but an application
		w.Says("赵六", "追溯 #A12").Is("applications A12")
		w.Says("赵六", "追溯 13").Begins("【未找到】13")
		w.Says("陈立", "追溯 12").Begins("【未找到】12") // he may not use the extension
		w.Says("赵六", "撤回 12").Begins("【未找到】12") // only of open items
	})
}

func TestTheHelpKnowsWhatElseACommandIsFor(t *testing.T) {
	onSQLite(t, func(w *world) {
		extended(w)
		w.Says("赵六", "帮助 撤回").Gets("写法：撤回 [编号]", "也用于：申请（编号 A…）", "例子：撤回 12")
		w.Says("邵静", "帮助 撤回").Gets("例子：撤回 12").Lacks("也用于")
		w.Says("孙七", "帮助").Gets("撤回：撤回发出的")
		w.Says("孙七", "帮助 撤回").Gets("也用于：申请")
		w.Says("陈立", "帮助").Lacks("撤回")
		w.Says("陈立", "帮助 撤回").Begins("【无权限】")
	})
}

func TestABadExtensionIsRefused(t *testing.T) {
	onSQLite(t, func(w *world) {
		extended(w)
		good := chat.Extension{Prefix: "T", What: "任务", Record: "request.mine", Permission: chat.Everybody, Run: func(*chat.Call) (chat.Answer, error) { return chat.Answer{}, nil }}
		change := func(f func(x *chat.Extension)) chat.Extension {
			x := good
			f(&x)
			return x
		}
		require.NoError(t, w.engine.Register(chat.Command{
			Name: "两个", Permission: chat.Everybody, Hidden: true, Run: good.Run,
			Args: []chat.Arg{{Name: "甲", Kind: chat.Number, Record: "item.asked"}, {Name: "乙", Kind: chat.Number, Record: "item.asked"}},
		}))
		for what, err := range map[string]error{
			"there is no such command":          w.engine.Extend("没有", good),
			"it must have exactly one number":   w.engine.Extend("帮助", good),
			"must have exactly one number":      w.engine.Extend("两个", good),
			"a prefix is one or two capital":    w.engine.Extend("撤回", change(func(x *chat.Extension) { x.Prefix = "t" })),
			"one or two capital letters":        w.engine.Extend("撤回", change(func(x *chat.Extension) { x.Prefix = "" })),
			"the prefix is taken":               w.engine.Extend("撤回", change(func(x *chat.Extension) { x.Prefix = "A" })),
			"has no Run":                        w.engine.Extend("撤回", change(func(x *chat.Extension) { x.Run = nil })),
			"does not say what its records are": w.engine.Extend("撤回", change(func(x *chat.Extension) { x.What = "" })),
			"\"T!\" is not a code":              w.engine.Extend("撤回", change(func(x *chat.Extension) { x.Permission = "T!" })),
			"permission \"\" is not a code":     w.engine.Extend("撤回", change(func(x *chat.Extension) { x.Permission = "" })),
			"names no record kind":              w.engine.Extend("撤回", change(func(x *chat.Extension) { x.Record = " " })),
			"no records of kind \"task.mine\"":  w.engine.Extend("撤回", change(func(x *chat.Extension) { x.Record = "task.mine" })),
			"extensions are added by Extend":    w.engine.Register(chat.Command{Name: "丙", Hidden: true, Permission: chat.Everybody, Run: good.Run, Extensions: []chat.Extension{good}}),
		} {
			require.ErrorContains(t, err, what)
		}
		require.NoError(t, w.engine.Extend("撤回", good))
		require.ErrorContains(t, w.engine.Extend("撤回", good), "the prefix is taken")
		for _, cmd := range w.engine.Commands() {
			if cmd.Name == "撤回" {
				require.Len(t, cmd.Extensions, 2, "for the manual")
				require.Equal(t, "item.asked request.mine", cmd.Args[0].Record, "each kind once")
			}
		}
	})
}
