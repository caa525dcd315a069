package chat

import "fmt"

// cancel is 取消.
func cancel() Command {
	return Command{
		Name: "取消", Aliases: []string{"算了", "放弃", "退出"}, Group: "常用", Permission: Everybody,
		Summary: "放弃没填完的内容", Usage: "取消", Example: "取消",
		Run: func(c *Call) (Answer, error) {
			f := c.turn.mem.Form
			if f == nil {
				return Answer{Text: "现在没有要取消的内容。"}, nil
			}
			c.turn.mem.Form = nil
			c.turn.unpress(f)
			if f.Command == "" {
				return Answer{Text: "好的，已取消。"}, nil
			}
			return Answer{Text: fmt.Sprintf("好的，已取消「%s」。", f.Command)}, nil
		},
	}
}

// chooseName is the command of the buttons of a choice.
const chooseName = "选择"

// outdated is the answer to a button of a question that is no longer open.
var outdated = Refused{Reason: "这个选择已经过时", Instead: "看最新的一条消息，或重新发命令"}

// choose is the command line of the buttons of a choice: 选择 <question> <option>.
func choose() Command {
	return Command{
		Name: chooseName, Permission: Everybody, Hidden: true,
		Args: []Arg{
			{Name: "问题", Kind: Integer, Required: true, Prompt: "请回复序号"},
			{Name: "序号", Kind: Integer, Required: true, Prompt: "请回复序号"},
		},
		Run: func(c *Call) (Answer, error) {
			f, n := c.turn.mem.Form, c.Integer("序号")
			if f == nil || f.Nonce != c.Integer("问题") || n < 1 || n > int64(len(f.Options)) {
				return Answer{}, outdated
			}
			return c.turn.chose(f, f.Options[n-1])
		},
	}
}
