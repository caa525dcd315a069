package response

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// Deputies (工作交接): while a member is away somebody else answers for him.

func (c *Clocks) deputyCommand() chat.Command {
	return chat.Command{
		Name: "代理", Group: "沟通", Permission: string(policy.DeputySet),
		Summary: "外出期间请同事代为答复", Usage: "代理 <姓名> <开始> <结束> [本人:姓名]", Example: "代理 孙七 3月9日 3月12日 16:30",
		Args: []chat.Arg{
			{Name: "姓名", Kind: chat.Person, Required: true, Prompt: "请问由谁代理？"},
			{Name: "开始", Kind: chat.DateTime, Past: true, Required: true, Prompt: "从什么时候开始？例如 3月9日，或 3月9日 14:00"},
			{Name: "结束", Kind: chat.DateTime, Past: true, Required: true, Prompt: "到什么时候为止？例如 3月12日（含当天），或 3月12日 16:30"},
			{Name: "本人", Kind: chat.Person, Keyed: true},
		}, Run: c.deputize,
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
	err := c.Deputize(tx, Deputing{
		Absent: absent, Deputy: deputy, From: span.from, Until: span.until, First: span.first, Last: span.last,
		By: call.Member.ID, App: call.App, Source: string(call.Source),
	})
	if err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", fmt.Sprintf("%s 至 %s 发给%s的事项由%s代为答复，时限重新计算。", span.first, span.last, absent.Name, deputy.Name)), nil
}

// Deputing is an absence to be arranged: who stands in for whom, and when.
type Deputing struct {
	Absent, Deputy store.Member
	From, Until    time.Time // Until is exclusive
	First, Last    string    // both ends as members read them: 3月9日
	By             int64     // who arranged it
	Request        int64     // the approved leave it belongs to; 0: entered by hand
	App            string
	Source         string // of the audit: chat, card, job
}

// Deputize arranges an absence: the new entry replaces what it overlaps, what
// the absent member still owes passes to the deputy when it begins, with a fresh
// clock, and both are told (guide G1-4.1(4)b).
func (c *Clocks) Deputize(tx *store.Tx, d Deputing) error {
	spans, err := tx.DeputiesOf(d.Absent.ID, d.From, 100)
	if err != nil {
		return err
	}
	for _, s := range spans {
		if s.FromAt.Before(d.Until) {
			if err := tx.CancelDeputy(s.ID); err != nil {
				return err
			}
		}
	}
	entry := store.Deputy{
		MemberID: d.Absent.ID, DeputyID: d.Deputy.ID, FromAt: d.From, UntilAt: d.Until, EnteredBy: d.By, RequestID: d.Request,
	}
	if err := tx.AddDeputy(&entry); err != nil {
		return err
	}
	begins := d.From
	if now := tx.Now(); begins.Before(now) {
		begins = now
	}
	if _, err := tx.Enqueue(Away{Member: d.Absent.ID}, store.At(begins)); err != nil {
		return err
	}
	err = tx.Audit(store.AuditEntry{
		Actor: d.By, Action: "deputy.set", Subject: store.Subject{Kind: "member", ID: d.Absent.ID}, Source: store.AuditSource(d.Source),
		Detail: map[string]any{"deputy": d.Deputy.ID, "from": d.First, "until": d.Last, "request": d.Request},
	})
	if err != nil {
		return err
	}
	return c.tellDeputy(tx, d, fmt.Sprintf("【代理】%s 至 %s 发给%s的事项由%s代为答复。", d.First, d.Last, d.Absent.Name, d.Deputy.Name))
}

// CallOff ends before their time the absences that an approved leave brought:
// what arrives from now on is the member's own again. Both are told of each.
func (c *Clocks) CallOff(tx *store.Tx, request int64, app string) error {
	spans, err := tx.DeputiesOfRequest(request)
	if err != nil {
		return err
	}
	for _, s := range spans {
		if !s.UntilAt.After(tx.Now()) {
			continue
		}
		if err := tx.CancelDeputy(s.ID); err != nil {
			return err
		}
		absent, err := tx.Member(s.MemberID)
		if err != nil {
			return err
		}
		deputy, err := tx.Member(s.DeputyID)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("【代理取消】发给%s的事项从现在起由本人答复，不再由%s代理；已经转交的仍由%s答复。", absent.Name, deputy.Name, deputy.Name)
		if err := c.tellDeputy(tx, Deputing{Absent: absent, Deputy: deputy, App: app}, text); err != nil {
			return err
		}
	}
	return nil
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

// tellDeputy tells a deputy, and the absent member, what was arranged.
func (c *Clocks) tellDeputy(tx *store.Tx, d Deputing, text string) error {
	return c.notify.Tell(tx, notify.Notice{
		App: d.App, To: []int64{d.Deputy.ID, d.Absent.ID}, Text: text, Purpose: "deputy",
		Subject: store.Subject{Kind: "member", ID: d.Absent.ID},
	})
}

// awayBatch bounds the clocks one transaction passes on.
const awayBatch = 20

// Away is the timer of the first moment of an absence: what the member still
// owes then passes to his deputy with a fresh clock (guide G1-4.1(4)b).
type Away struct {
	Member int64 `json:"member"`
	After  int64 `json:"after"` // clocks up to this one have been looked at
}

// Kind implements store.JobArgs.
func (Away) Kind() string { return "response.away" }

// OnAway says how the open clock of an absent member passes to the deputy in
// this kind of items: the domain shows it to him and opens a clock of his.
func (c *Clocks) OnAway(subjectKind string, pass func(tx *store.Tx, clock store.Clock, deputy int64) error) {
	c.away[subjectKind] = pass
}

func (c *Clocks) passAway(_ context.Context, _ *queue.Job, args Away) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		args := args // a transaction may run again
		deputy, absent, err := c.Stand(&tx.Reader, args.Member, tx.Now())
		if err != nil || absent == 0 {
			return err // the absence was called off
		}
		clocks, err := tx.OpenClocksFor(args.Member, 10*awayBatch)
		if err != nil {
			return err
		}
		passed := 0
		for _, clock := range clocks {
			pass := c.away[clock.SubjectKind]
			if clock.ID <= args.After || pass == nil {
				continue
			}
			if passed++; passed > awayBatch {
				_, err := tx.Enqueue(Away{Member: args.Member, After: args.After})
				return err
			}
			args.After = clock.ID
			if err := pass(tx, clock, deputy); err != nil {
				return fmt.Errorf("pass clock %d on: %w", clock.ID, err)
			}
		}
		return nil
	})
}

// maxDeputies bounds a chain of deputies who are away themselves.
const maxDeputies = 5

// Stand answers who takes what arrives for a member at an instant: himself,
// or while he is away his deputy, or that one's (guide G1-4.1(4)b, AE6).
// deputyFor is the absent member, 0 when nobody stands in. A chain that ends
// where it began, or is too long, ends with the last one who was found.
func (c *Clocks) Stand(r *store.Reader, member int64, at time.Time) (receiver, deputyFor int64, err error) {
	receiver = member
	seen := map[int64]bool{member: true}
	for range maxDeputies {
		span, err := r.DeputyAt(receiver, at)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
		deputy, err := r.Member(span.DeputyID)
		if err != nil {
			return 0, 0, fmt.Errorf("deputy of member %d: %w", receiver, err)
		}
		if seen[deputy.ID] || !deputy.Present() || deputy.SuspendedAt != nil { // a lost phone answers for nobody (G2-4.2(3))
			break
		}
		seen[deputy.ID] = true
		receiver = deputy.ID
	}
	if receiver != member {
		deputyFor = member
	}
	return receiver, deputyFor, nil
}
