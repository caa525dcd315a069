package response

import (
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

const (
	maxListed  = 50   // lines under each heading of 我的待办
	maxCounted = 1000 // under each heading that a domain fills; a count beyond is "more"
)

// Waiting is one thing that waits for a member besides his response clocks.
type Waiting struct {
	Number string
	Title  string
	Hint   string // the command that deals with it
}

// Source lists what else waits for a member, oldest first, at most limit.
type Source func(r *store.Reader, member int64, limit int) ([]Waiting, error)

// AlsoWaiting adds a heading of 我的待办 that a domain fills. The source is asked
// only of members for whom has says that there may be something; nil: always.
func (c *Clocks) AlsoWaiting(heading string, source Source, has func(store.Pending) bool) {
	c.sources = append(c.sources, headed{heading: heading, list: source, has: has})
}

// AlsoShow is AlsoWaiting for what the member himself waits for: it is listed
// and not counted.
func (c *Clocks) AlsoShow(heading string, source Source, has func(store.Pending) bool) {
	c.sources = append(c.sources, headed{heading: heading, list: source, has: has, others: true})
}

// asked are the sources that may have something for a member.
func (c *Clocks) asked(r *store.Reader, member int64) ([]headed, error) {
	if len(c.sources) == 0 {
		return nil, nil
	}
	pending, err := r.PendingOf(member)
	if err != nil {
		return nil, err
	}
	var all []headed
	for _, s := range c.sources {
		if s.has == nil || s.has(pending) {
			all = append(all, s)
		}
	}
	return all, nil
}

type headed struct {
	heading string
	list    Source
	has     func(store.Pending) bool
	others  bool // waits for others
}

// RegisterChat adds the commands.
func (c *Clocks) RegisterChat(engine *chat.Engine) error { return engine.Register(c.Commands()...) }

// Commands are what members can say about time limits.
func (c *Clocks) Commands() []chat.Command {
	return []chat.Command{
		{
			Name: "我的待办", Aliases: []string{"待办"}, Group: "查询", Permission: string(policy.ItemAnswer),
			Summary: "列出等您处理的事项和时限", Usage: "我的待办", Example: "我的待办", Run: c.todo,
		},
		c.deputyCommand(),
		{
			Name: "响应统计", Group: "查询", Permission: string(policy.ResponseReport),
			Summary: "按人、部门统计响应情况", Usage: "响应统计 [期间]", Example: "响应统计 本月",
			Args: []chat.Arg{{Name: "期间", Kind: chat.Text, Rest: true}}, Run: c.report,
		},
	}
}

// Waiting implements chat.Todo: how much waits for a member.
func (c *Clocks) Waiting(r *store.Reader, member int64) (int, error) {
	n, err := r.CountOpenClocksFor(member)
	if err != nil {
		return 0, err
	}
	sources, err := c.asked(r, member)
	if err != nil {
		return 0, err
	}
	for _, s := range sources {
		if s.others {
			continue
		}
		more, err := s.list(r, member, maxCounted)
		if err != nil {
			return 0, err
		}
		n += len(more)
	}
	return n, nil
}

// todo is 我的待办. Only whoever has more than can be listed costs a count.
func (c *Clocks) todo(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	clocks, err := r.OwedAnswers(call.Member.ID, maxListed+1)
	if err != nil {
		return chat.Answer{}, err
	}
	total := len(clocks)
	if total > maxListed {
		if total, err = r.CountOpenClocksFor(call.Member.ID); err != nil {
			return chat.Answer{}, err
		}
	}
	var lines []string
	for _, clock := range clocks {
		lines = append(lines, clock.Number+" "+clock.Title+c.limit(clock))
	}
	var b strings.Builder
	section(&b, "待我回应", lines, total)
	sources, err := c.asked(r, call.Member.ID)
	if err != nil {
		return chat.Answer{}, err
	}
	uncounted := ""
	for _, s := range sources {
		waiting, err := s.list(r, call.Member.ID, maxListed+1)
		if err == nil && len(waiting) > maxListed {
			waiting, err = s.list(r, call.Member.ID, maxCounted+1)
		}
		if err != nil {
			return chat.Answer{}, err
		}
		if len(waiting) > maxCounted {
			waiting = waiting[:maxCounted]
			if !s.others {
				uncounted = "多"
			}
		}
		lines = nil
		for _, w := range waiting {
			line := w.Number + " " + w.Title
			if w.Hint != "" {
				line += "，可发送：" + w.Hint
			}
			lines = append(lines, line)
		}
		section(&b, s.heading, lines, len(waiting))
		if !s.others {
			total += len(waiting)
		}
	}
	if total == 0 {
		return chat.Answer{Text: "您现在没有待办，真不错。" + b.String()}, nil
	}
	return chat.Answer{Text: fmt.Sprintf("您有 %d %s项待办：", total, uncounted) + b.String()}, nil
}

// section writes one heading with its oldest lines; total is how many there are.
func section(b *strings.Builder, heading string, lines []string, total int) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n【%s】", heading)
	shown := lines[:min(len(lines), maxListed)]
	for _, line := range shown {
		b.WriteString("\n" + line)
	}
	if total > len(shown) {
		fmt.Fprintf(b, "\n……只列出 %d 条，还有 %d 条", len(shown), total-len(shown))
	}
}

func (c *Clocks) limit(clock store.OwedAnswer) string {
	switch {
	case clock.DueAt == nil:
		return ""
	case clock.State == store.ClockBreached:
		return "（已超时，应在 " + c.when(*clock.DueAt) + " 前回应）"
	case c.acts[clock.SubjectKind] != nil:
		return "（" + c.when(*clock.DueAt) + " 前处理）"
	case clock.NeedsReply:
		return "（" + c.when(*clock.DueAt) + " 前回复）"
	default:
		return "（" + c.when(*clock.DueAt) + " 前确认收到）"
	}
}
