package chat

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"guiju/app/chat/words"
	"guiju/store"
)

type nobody struct{}

func (nobody) Members(*store.Reader, string, int) ([]store.Member, error) { return nil, nil }
func (nobody) Departments(*store.Reader, string, int) ([]store.Department, error) {
	return nil, nil
}
func (nobody) Label(*store.Reader, store.Member) (string, error) { return "", nil }
func (nobody) Permit(*Call, string, string) (bool, error)        { return true, nil }
func (nobody) Denied(*Call, string, string) error                { return nil }
func (nobody) Open(*store.Reader, RecordQuery) ([]Record, error) { return nil, nil }

func run(*Call) (Answer, error) { return Answer{}, nil }

func example(name string, args ...Arg) Command {
	return Command{Name: name, Summary: "说明", Usage: name, Example: name, Group: "组", Permission: Everybody, Args: args, Run: run}
}

func parser(t testing.TB) *Engine {
	e, err := New(Options{Directory: nobody{}, Permits: nobody{}})
	require.NoError(t, err)
	require.NoError(t, e.RegisterRecords("item", nobody{}))
	content := Arg{Name: "内容", Kind: Text, Rest: true, Required: true, Prompt: "内容"}
	require.NoError(t, e.Register(
		example("发通知", Arg{Name: "对象", Kind: Audience, Required: true, Prompt: "对象"}, content, Arg{Name: "重要", Kind: YesNo}),
		example("回复", Arg{Name: "编号", Kind: Number, Required: true, Record: "item", Prompt: "编号"}, content),
		example("发布", Arg{Name: "标题", Kind: Text, Required: true, Prompt: "标题"}, Arg{Name: "正文", Kind: Text, Required: true, Prompt: "正文"},
			Arg{Name: "范围", Kind: Audience, Required: true, Prompt: "范围"}, Arg{Name: "定时", Kind: DateTime, Keyed: true}),
		example("登记", Arg{Name: "金额", Kind: Decimal, Required: true, Prompt: "金额"}, Arg{Name: "日期", Kind: Date}, Arg{Name: "时长", Kind: Duration}, Arg{Name: "级别", Kind: Choice, Choices: []string{"高", "低"}}),
		example("权限 分配", content),
		example("请假", Arg{Name: "类型", Kind: Choice, Choices: []string{"事假", "病假"}, Required: true, Prompt: "类型"},
			Arg{Name: "开始", Kind: HalfDate, Required: true, Prompt: "开始"}, Arg{Name: "日期", Kind: Period}, Arg{Name: "金额", Kind: Money},
			Arg{Name: "部门", Kind: Department, Many: true, Keyed: true}, Arg{Name: "通知", Kind: Choice, Many: true, Choices: []string{"甲", "乙"}, Keyed: true},
			Arg{Name: "照片", Kind: Photo, Many: true, Offer: true, Prompt: "照片"}, Arg{Name: "事由", Kind: Text, Rest: true}),
		example("批量批准", Arg{Name: "编号", Kind: Number, Many: true, Required: true, Record: "item", Prompt: "编号"}),
	))
	return e
}

func (e *Engine) pureFits(arg *Arg, said string) bool {
	switch arg.Kind {
	case Text, Person, Audience, Department:
		return true
	case File, Photo:
		return false
	}
	if arg.Kind == Number {
		return numberLike(said)
	}
	_, err := e.plain(arg, said, time.Date(2026, 3, 2, 10, 0, 0, 0, e.o.Location))
	return !errors.Is(err, words.ErrUnknown)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"发通知 销售部 今晚 停机 重要", "回复 12 好的", "回复12：好", "发布 标题|正文|范围 定时:明天 16:30", "登记 ¥1,200 明天 3个工作日 高", "权限 分配 内容:a 内容:b",
		"发布 ||| 定时:", "发通知 内容:: 对象：", "咨\u200b询 \u202e]]>\x00", "｜：　１２", "回复 #M20260302-0012 \xff", strings.Repeat(" ", 100) + "?", "发通知 对象:赵六、 孙七、",
		"请假 事假 3月9日 下午 3月9日 上午 至 3月10日 1,200 元 部门:销售部、市场部 通知:甲、1 照片:x 家中有事", "批量批准 12、13 A20260302-0001，全部 14",
	} {
		f.Add(s)
	}
	e := parser(f)
	f.Fuzz(func(t *testing.T, text string) {
		text = clean(text)
		if !utf8.ValidString(text) || strings.ContainsRune(text, '\u202e') || strings.ContainsRune(text, 0) {
			t.Fatalf("clean left %q", text)
		}
		cmd, rest := e.now().match(text)
		if cmd == nil {
			return
		}
		if !strings.HasSuffix(text, rest) {
			t.Fatalf("%q does not end with %q", text, rest)
		}
		given, err := assign(cmd, rest, e.pureFits)
		if _, worded := Wording(err); err != nil && !worded {
			t.Fatalf("%q: %v", text, err)
		}
		total := 0
		for name, said := range given {
			if cmd.arg(name) == nil || said == "" || !utf8.ValidString(said) {
				t.Fatalf("%q: %s=%q", text, name, said)
			}
			if cmd.arg(name).Kind != YesNo {
				total += letters(said)
			}
		}
		if total > letters(rest) {
			t.Fatalf("%q: more came out than went in: %q", text, given)
		}
		for _, part := range Split(text) {
			if len(part) > MaxMessage || !utf8.ValidString(part) {
				t.Fatalf("part of %d bytes", len(part))
			}
		}
	})
}

// letters counts what is not space.
func letters(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

func TestSplit(t *testing.T) {
	require.Empty(t, Split(""))
	require.Equal(t, []string{strings.Repeat("a", 2048)}, Split(strings.Repeat("a", 2048)))

	var lines []string
	for range 300 {
		lines = append(lines, strings.Repeat("行", 10))
	}
	parts := Split(strings.Join(lines, "\n"))
	require.Len(t, parts, 5)
	for i, part := range parts {
		require.LessOrEqual(t, len(part), MaxMessage)
		head, body, _ := strings.Cut(part, "\n")
		require.Equal(t, []string{"(1/5)", "(2/5)", "(3/5)", "(4/5)", "(5/5)"}[i], head)
		for _, line := range strings.Split(body, "\n") {
			require.Equal(t, lines[0], line, "cut inside a line")
		}
	}

	long := Split(strings.Repeat("长", 3000) + "\n尾")
	whole := ""
	for _, part := range long {
		require.True(t, utf8.ValidString(part))
		require.LessOrEqual(t, len(part), MaxMessage)
		_, body, _ := strings.Cut(part, "\n")
		whole += strings.ReplaceAll(body, "\n", "")
	}
	require.Equal(t, strings.Repeat("长", 3000)+"尾", whole)
	for _, part := range Split(strings.Repeat("\x80", 5000)) {
		require.LessOrEqual(t, len(part), MaxMessage)
	}
}

func TestRegisterRefuses(t *testing.T) {
	named := func(change func(*Command)) Command {
		cmd := example("新命令")
		change(&cmd)
		return cmd
	}
	arg := func(arg Arg) Command { return example("新命令", arg) }
	for want, cmd := range map[string]Command{
		`is taken by "回复"`:          named(func(c *Command) { c.Aliases = []string{"回复"} }),
		`"帮助" is taken`:             example("帮助"),
		`name is empty`:             named(func(c *Command) { c.Name = "" }),
		`badly spaced`:              named(func(c *Command) { c.Name = "权限  分配" }),
		`has no Run`:                named(func(c *Command) { c.Run = nil }),
		`has no permission`:         named(func(c *Command) { c.Permission = "" }),
		`is not a code`:             named(func(c *Command) { c.Permission = "Everybody" }),
		`has no summary`:            named(func(c *Command) { c.Summary = "" }),
		`has no usage`:              named(func(c *Command) { c.Usage = "" }),
		`has no example`:            named(func(c *Command) { c.Example = "" }),
		`has no group`:              named(func(c *Command) { c.Group = "" }),
		`must start with its name`:  named(func(c *Command) { c.Usage = "别的" }),
		`has no prompt`:             arg(Arg{Name: "甲", Required: true}),
		`has no choices`:            arg(Arg{Name: "甲", Kind: Choice}),
		`names no record kind`:      arg(Arg{Name: "甲", Kind: Number}),
		`no records of kind "票"`:    arg(Arg{Name: "甲", Kind: Number, Record: "票"}),
		`only text takes the rest`:  arg(Arg{Name: "甲", Kind: Date, Rest: true}),
		`is another command`:        named(func(c *Command) { c.Example = "新命令书" }),
		`has a space, colon or bar`: arg(Arg{Name: "甲 乙"}),
		`argument "甲" twice`:        example("新命令", Arg{Name: "甲"}, Arg{Name: "乙", Aliases: []string{"甲"}}),
		`stands after the one`:      example("新命令", Arg{Name: "甲", Rest: true}, Arg{Name: "乙"}),
		`longer than 64 bytes`:      example(strings.Repeat("长", 22)),
	} {
		require.ErrorContains(t, parser(t).Register(cmd), want)
	}
	e := parser(t)
	require.NoError(t, e.Register(example("新命令")))
	require.ErrorContains(t, e.RegisterRecords("item", nobody{}), "twice")
	_, err := New(Options{})
	require.Error(t, err)
}

func TestNear(t *testing.T) {
	for _, pair := range [][2]string{{"截止", "截至"}, {"截止", "止截"}, {"需回复", "需要回复"}, {"对象", "对像"}, {"abc", "ab"}} {
		require.True(t, near([]rune(pair[0]), []rune(pair[1])), pair)
		require.True(t, near([]rune(pair[1]), []rune(pair[0])), pair)
	}
	for _, pair := range [][2]string{{"截止", "内容"}, {"甲", "乙"}, {"甲", "甲乙"}, {"标题", "标题内容长"}, {"需回复", "请注意"}} {
		require.False(t, near([]rune(pair[0]), []rune(pair[1])), pair)
	}
}

func TestMemoryOfAnotherVersionIsForgotten(t *testing.T) {
	require.Equal(t, memory{}, recall(`{"form": 12}`))
	require.Equal(t, memory{Failures: 1}, recall(`{"failures":1,"unknown":true}`))
}

func BenchmarkParse(b *testing.B) {
	e := parser(b)
	for name, text := range map[string]string{
		"word":    "帮助",
		"keyed":   "发通知 对象:销售部 今晚 22:00 停机维护，请保存文件 重要",
		"number":  "回复 M20260302-0012 好的，明天上午十点给您",
		"fields":  "发布 关于放假的通知|五一放假三天，请安排好工作|销售部 定时:明天 16:30",
		"unknown": "今天的天气真不错，我们出去走走吧",
		"2 KB":    "回复 12 " + strings.Repeat("长 文 ", 256),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				line := clean(text)
				if cmd, rest := e.now().match(line); cmd != nil {
					if _, err := assign(cmd, rest, e.pureFits); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
