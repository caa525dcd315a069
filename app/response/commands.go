package response

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// maxListed bounds the lines of 我的待办.
const maxListed = 50

// Waiting is one thing that waits for a member besides his response clocks.
type Waiting struct {
	Number string
	Title  string
	Hint   string // the command that deals with it
}

// Source lists what else waits for a member, oldest first, at most limit.
type Source func(r *store.Reader, member int64, limit int) ([]Waiting, error)

// AlsoWaiting adds a heading of 我的待办 that a domain fills.
func (c *Clocks) AlsoWaiting(heading string, source Source) {
	c.sources = append(c.sources, headed{heading, source})
}

type headed struct {
	heading string
	list    Source
}

// Commands are what members can say about time limits.
func (c *Clocks) Commands() []chat.Command {
	return []chat.Command{
		{
			Name: "我的待办", Aliases: []string{"待办"}, Group: "查询", Permission: string(policy.ItemAnswer),
			Summary: "列出等您处理的事项和时限", Usage: "我的待办", Example: "我的待办", Run: c.todo,
		},
		{
			Name: "代理", Group: "沟通", Permission: string(policy.DeputySet),
			Summary: "外出期间请同事代为答复", Usage: "代理 <姓名> <开始> <结束> [本人:姓名]", Example: "代理 孙七 3月9日 3月12日 16:30",
			Args: []chat.Arg{
				{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问由谁代理？"},
				{Name: "开始", Kind: chat.DateTime, Past: true, Required: true, Prompt: "从什么时候开始？例如 3月9日，或 3月9日 14:00"},
				{Name: "结束", Kind: chat.DateTime, Past: true, Required: true, Prompt: "到什么时候为止？例如 3月12日（含当天），或 3月12日 16:30"},
				{Name: "本人", Kind: chat.Person, Keyed: true},
			}, Run: c.deputize,
		},
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
	for _, s := range c.sources {
		more, err := s.list(r, member, maxListed)
		if err != nil {
			return 0, err
		}
		n += len(more)
	}
	return n, nil
}

// todo is 我的待办.
func (c *Clocks) todo(call *chat.Call) (chat.Answer, error) {
	r := &call.Tx.Reader
	clocks, err := r.OwedAnswers(call.Member.ID, maxListed+1)
	if err != nil {
		return chat.Answer{}, err
	}
	var b strings.Builder
	total := len(clocks)
	for i, clock := range clocks {
		if i == 0 {
			b.WriteString("\n【待我回应】")
		}
		if i == maxListed {
			fmt.Fprintf(&b, "\n……只列出最早的 %d 条", maxListed)
			break
		}
		fmt.Fprintf(&b, "\n%s %s%s", clock.Number, clock.Title, c.limit(clock))
	}
	for _, s := range c.sources {
		more, err := s.list(r, call.Member.ID, maxListed)
		if err != nil {
			return chat.Answer{}, err
		}
		if len(more) > 0 {
			fmt.Fprintf(&b, "\n【%s】", s.heading)
		}
		for _, w := range more {
			fmt.Fprintf(&b, "\n%s %s", w.Number, w.Title)
			if w.Hint != "" {
				fmt.Fprintf(&b, "，可发送：%s", w.Hint)
			}
		}
		total += len(more)
	}
	if total == 0 {
		return chat.Answer{Text: "您现在没有待办，真不错。"}, nil
	}
	return chat.Answer{Text: fmt.Sprintf("您有 %d 项待办：", min(total, maxListed)) + b.String()}, nil
}

func (c *Clocks) limit(clock store.OwedAnswer) string {
	switch {
	case clock.DueAt == nil:
		return ""
	case clock.State == store.ClockBreached:
		return "（已超时，应在 " + c.when(*clock.DueAt) + " 前回应）"
	case clock.NeedsReply:
		return "（" + c.when(*clock.DueAt) + " 前回复）"
	default:
		return "（" + c.when(*clock.DueAt) + " 前确认收到）"
	}
}

// deputize is 代理, entered by the absent member or by his superior.
func (c *Clocks) deputize(call *chat.Call) (chat.Answer, error) {
	tx, absent := call.Tx, call.Member
	if call.Has("本人") {
		absent = call.Person("本人")
		superior, err := c.superiors.Superior(&tx.Reader, absent.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return chat.Answer{}, err
		}
		if absent.ID != call.Member.ID && (err != nil || superior != call.Member.ID) {
			return chat.Answer{}, chat.Refused{
				Reason: "只有本人或其直接上级可以设置" + absent.Name + "的代理", Clause: "G1-4.1(4)b",
				Instead: "请" + absent.Name + "发送：代理 <姓名> <开始> <结束>",
			}
		}
	}
	deputy := call.Person("姓名")
	span := c.absence(call)
	switch {
	case deputy.ID == absent.ID:
		return chat.Answer{}, chat.Refused{Reason: "不能由本人代理自己", Instead: "代理 <其他同事> <开始> <结束>"}
	case !span.until.After(span.from):
		return chat.Answer{}, chat.Refused{
			Reason:  fmt.Sprintf("结束时间 %s 早于开始时间 %s", span.last, span.first),
			Instead: fmt.Sprintf("代理 %s %s %s", deputy.Name, span.last, span.first),
		}
	case !span.until.After(call.At):
		return chat.Answer{}, chat.Refused{Reason: "结束时间 " + span.last + " 已经过去了", Instead: "写以后的时间"}
	case span.until.Sub(span.from) > 367*24*time.Hour:
		return chat.Answer{}, chat.Refused{Reason: "代理最长一年", Instead: "分段设置"}
	}
	spans, err := tx.DeputiesOf(absent.ID, span.from, 100)
	if err != nil {
		return chat.Answer{}, err
	}
	for _, s := range spans {
		if s.FromAt.Before(span.until) { // the new entry replaces what it overlaps
			if err := tx.CancelDeputy(s.ID); err != nil {
				return chat.Answer{}, err
			}
		}
	}
	entry := store.Deputy{MemberID: absent.ID, DeputyID: deputy.ID, FromAt: span.from, UntilAt: span.until, EnteredBy: call.Member.ID}
	if err := tx.AddDeputy(&entry); err != nil {
		return chat.Answer{}, err
	}
	begins := span.from
	if now := tx.Now(); begins.Before(now) {
		begins = now
	}
	if _, err := tx.Enqueue(Away{Member: absent.ID}, store.At(begins)); err != nil {
		return chat.Answer{}, err
	}
	err = tx.Audit(store.AuditEntry{
		Actor: call.Member.ID, Action: "deputy.set", Subject: store.Subject{Kind: "member", ID: absent.ID}, Source: store.AuditSource(call.Source),
		Detail: map[string]any{"deputy": deputy.ID, "from": span.first, "until": span.last},
	})
	if err != nil {
		return chat.Answer{}, err
	}
	err = c.tellDeputy(tx, call.App, absent, deputy, span)
	if err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", fmt.Sprintf("%s 至 %s 发给%s的事项由%s代为答复，时限重新计算。", span.first, span.last, absent.Name, deputy.Name)), nil
}

// absence is the time for which a deputy is named, and how it is written: a
// day alone counts from its beginning to its end.
type absence struct {
	from, until time.Time
	first, last string
}

func (c *Clocks) absence(call *chat.Call) absence {
	begin, end := call.Value("开始"), call.Value("结束")
	a := absence{from: begin.Time, until: end.Time, first: moment(begin), last: moment(end)}
	if begin.DateOnly {
		a.from = midnight(begin.Time)
	}
	if end.DateOnly {
		a.until = midnight(end.Time).AddDate(0, 0, 1)
	}
	return a
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// moment writes an instant as it was given: with its time, if it had one.
func moment(v chat.Value) string {
	if v.DateOnly {
		return v.Time.Format("1月2日")
	}
	return v.Time.Format("1月2日 15:04")
}
