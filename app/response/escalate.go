package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// Purposes of the notices of this package.
const (
	remindPurpose  = "reminder"
	breachPurpose  = "breach"
	summaryPurpose = "breach.summary"
	correctPurpose = "breach.corrected"
	missedPurpose  = "undelivered"
)

// summaryAfter is how long the sender's one summary waits for the breaches of
// the same instant.
const summaryAfter = 5 * time.Second

// Step is the timer of one rung of a clock's timetable; one is scheduled at a
// time.
type Step struct {
	Clock int64 `json:"clock"`
	Index int   `json:"index"`
}

// Kind implements store.JobArgs.
func (Step) Kind() string { return "response.step" }

// Undelivered is the timer that asks whether an item has reached its receiver.
type Undelivered struct {
	Clock int64 `json:"clock"`
}

// Kind implements store.JobArgs.
func (Undelivered) Kind() string { return "response.undelivered" }

// Summary is the timer that tells a sender, in one message, who has not
// answered in time.
type Summary struct {
	SubjectKind string    `json:"subject_kind"`
	SubjectID   int64     `json:"subject_id"`
	Due         time.Time `json:"due"`
}

// Kind implements store.JobArgs.
func (Summary) Kind() string { return "response.summary" }

func (c *Clocks) schedule(tx *store.Tx, clock int64, steps []policy.Step, index int) error {
	if index >= len(steps) {
		return nil
	}
	_, err := tx.Enqueue(Step{Clock: clock, Index: index}, store.At(steps[index].At))
	return err
}

// step does what one rung demands, unless the clock has been stopped.
func (c *Clocks) step(_ context.Context, _ *queue.Job, args Step) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		clock, err := c.locked(tx, args.Clock)
		if err != nil || !clock.Open() || clock.State == store.ClockWaiting {
			return err
		}
		var steps []policy.Step
		if err := json.Unmarshal([]byte(clock.Timetable), &steps); err != nil {
			return fmt.Errorf("timetable of clock %d: %w", clock.ID, err)
		}
		if args.Index >= len(steps) || int(steps[args.Index].Level) <= clock.Level {
			return nil
		}
		step := steps[args.Index]
		clock.Level = int(step.Level)
		if step.Level >= policy.LevelParties && clock.State != store.ClockBreached {
			// The breach is dated when it was due, whenever it is noticed.
			clock.State, clock.BreachedAt = store.ClockBreached, clock.DueAt
			c.breached(clock.Class)
		}
		if err := tx.SaveClock(&clock); err != nil {
			return err
		}
		if err := c.schedule(tx, clock.ID, steps, args.Index+1); err != nil {
			return err
		}
		return c.tell(tx, clock, step)
	})
}

// locked reads a clock under its subject's lock.
func (c *Clocks) locked(tx *store.Tx, id int64) (store.Clock, error) {
	if err := tx.Lock("clocks", id); err != nil {
		return store.Clock{}, err
	}
	return tx.Clock(id)
}

// tell tells the parties of a rung. A sender hears of all who are late at one
// instant in one summary, also in his part as their superior.
func (c *Clocks) tell(tx *store.Tx, clock store.Clock, step policy.Step) error {
	for _, party := range step.Tell {
		switch party {
		case policy.Receiver:
			if err := c.tellReceiver(tx, clock, step.Level); err != nil {
				return err
			}
		case policy.Sender:
			s := Summary{SubjectKind: clock.SubjectKind, SubjectID: clock.SubjectID, Due: *clock.DueAt}
			key := fmt.Sprintf("%s:%d", clock.Subject(), clock.DueAt.Unix())
			if _, err := tx.Enqueue(s, store.At(tx.Now().Add(summaryAfter)), store.Unique(key)); err != nil {
				return err
			}
		case policy.Superior, policy.Head:
			if err := c.tellAbove(tx, clock, step.Level, party); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Clocks) tellReceiver(tx *store.Tx, clock store.Clock, level policy.Level) error {
	purpose, text := remindPurpose, fmt.Sprintf("【提醒】%s 请在 %s 前回应：%s", clock.Number, c.when(*clock.DueAt), clock.Title)
	if level >= policy.LevelParties {
		purpose, text = breachPurpose, fmt.Sprintf("【超时】%s 应在 %s 前回应，请尽快处理：%s", clock.Number, c.when(*clock.DueAt), clock.Title)
	}
	if advice := c.inWords[clock.SubjectKind]; advice != "" {
		return c.remindInWords(tx, clock, level, purpose, text, advice)
	}
	return c.notify.Tell(tx, notify.Notice{
		App: clock.App, To: []int64{clock.ReceiverID}, Text: text, Card: dueCard, Subject: subjectOf(clock),
		Purpose: purpose, Important: clock.Class == string(policy.Important), Asks: true,
		Unique: fmt.Sprintf("%s:%d:%d", purpose, clock.ID, level),
	})
}

func (c *Clocks) tellAbove(tx *store.Tx, clock store.Clock, level policy.Level, party policy.Party) error {
	to, err := c.above(&tx.Reader, clock.ReceiverID, party)
	if errors.Is(err, store.ErrNotFound) {
		c.log.Warn("nobody to escalate to", "clock", clock.ID, "level", int(level))
		return nil
	}
	if err != nil {
		return err
	}
	var others []int64
	for _, id := range to {
		if id != clock.SenderID && id != clock.ReceiverID {
			others = append(others, id)
		}
	}
	receiver, err := tx.Member(clock.ReceiverID)
	if err != nil {
		return err
	}
	return c.notify.Tell(tx, notify.Notice{
		App: clock.App, To: others, Card: escalationCard, Subject: subjectOf(clock),
		Text:    fmt.Sprintf("【升级】%s 未在 %s 前回应 %s：%s", receiver.Name, c.when(*clock.DueAt), clock.Number, clock.Title),
		Purpose: breachPurpose, Important: clock.Class == string(policy.Important), Asks: true,
		Unique: fmt.Sprintf("escalation:%d:%d", clock.ID, level),
	})
}

func (c *Clocks) above(r *store.Reader, member int64, party policy.Party) ([]int64, error) {
	if party == policy.Head {
		return c.superiors.Heads(r, member)
	}
	id, err := c.superiors.Superior(r, member)
	return []int64{id}, err
}

// summary tells the sender who of his receivers is late.
func (c *Clocks) summary(_ context.Context, _ *queue.Job, args Summary) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		subject := store.Subject{Kind: args.SubjectKind, ID: args.SubjectID}
		clocks, err := tx.ClocksOf(subject, maxClocks)
		if err != nil {
			return err
		}
		var late []string
		var last store.Clock
		for _, clock := range clocks {
			if clock.BreachedAt == nil || !clock.BreachedAt.Equal(args.Due) || clock.SenderID == 0 {
				continue
			}
			member, err := tx.Member(clock.ReceiverID)
			if err != nil {
				return err
			}
			name := member.Name
			if clock.State == store.ClockLate {
				name += "（已补回应）"
			}
			late, last = append(late, name), clock
		}
		if len(late) == 0 {
			return nil
		}
		text := fmt.Sprintf("【超时】%s「%s」应在 %s 前回应，以下 %d 人未按时回应：%s。\n可发送：催办 %s",
			last.Number, last.Title, c.when(args.Due), len(late), nameList(late), last.Number)
		return c.notify.Tell(tx, notify.Notice{
			App: last.App, To: []int64{last.SenderID}, Text: text, Subject: subject,
			Purpose: summaryPurpose, Important: last.Class == string(policy.Important),
			Unique: fmt.Sprintf("summary:%s:%d", subject, args.Due.Unix()),
		})
	})
}

// undelivered gives an item that has not arrived in time to the 部门主管. It is
// nobody's breach. When it does not reach him either, more receivers help
// nobody: his clock goes on waiting, and starts when the item arrives after all.
func (c *Clocks) undelivered(_ context.Context, _ *queue.Job, args Undelivered) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		clock, err := c.locked(tx, args.Clock)
		if err != nil || clock.State != store.ClockWaiting {
			return err
		}
		const why = "超过 10 个工作分钟未能送达"
		forwarded, err := c.forwarded(tx, clock)
		if err != nil {
			return err
		}
		if forwarded {
			return c.tellMissed(tx, clock, why, "恢复后会自动送达，请管理员检查应用和网络")
		}
		return c.missed(tx, &clock, why)
	})
}

// forwarded says whether the item had missed somebody before this clock was
// opened: it is forwarded once, not from one unreachable person to the next.
func (c *Clocks) forwarded(tx *store.Tx, clock store.Clock) (bool, error) {
	clocks, err := tx.ClocksOf(clock.Subject(), maxClocks)
	if err != nil {
		return false, err
	}
	for _, earlier := range clocks {
		if earlier.State == store.ClockMissed && earlier.EndedAt != nil && !earlier.EndedAt.After(clock.CreatedAt) {
			return true, nil
		}
	}
	return false, nil
}

// Refused is told that WeCom will not deliver an item to these receivers.
func (c *Clocks) Refused(tx *store.Tx, subject store.Subject, members []int64, why string) error {
	clocks, err := tx.ClocksOf(subject, maxClocks)
	if err != nil {
		return err
	}
	refused := make(map[int64]bool, len(members))
	for _, id := range members {
		refused[id] = true
	}
	for i := range clocks {
		if clocks[i].State == store.ClockWaiting && refused[clocks[i].ReceiverID] {
			if err := c.missed(tx, &clocks[i], why); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Clocks) missed(tx *store.Tx, clock *store.Clock, why string) error {
	forwarded, err := c.forwarded(tx, *clock)
	if err != nil {
		return err
	}
	now := tx.Now()
	clock.State, clock.EndedAt = store.ClockMissed, &now
	if err := tx.SaveClock(clock); err != nil {
		return err
	}
	var heads []int64
	if !forwarded {
		heads, err = c.superiors.Heads(&tx.Reader, clock.ReceiverID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	taken := "暂时没有人可以接手，请管理员处理"
	if len(heads) > 0 {
		forward := c.forward[clock.SubjectKind]
		if forward == nil {
			return fmt.Errorf("nobody takes undelivered items of kind %q", clock.SubjectKind)
		}
		if err := forward(tx, *clock, heads[0]); err != nil {
			return err
		}
		head, err := tx.Member(heads[0])
		if err != nil {
			return err
		}
		taken = "已转交部门主管" + head.Name
	}
	return c.tellMissed(tx, *clock, why, taken)
}

// tellMissed tells the sender and the administrators that an item did not
// reach its receiver, and what happens now.
func (c *Clocks) tellMissed(tx *store.Tx, clock store.Clock, why, next string) error {
	receiver, err := tx.Member(clock.ReceiverID)
	if err != nil {
		return err
	}
	administrators, err := c.superiors.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	return c.notify.Tell(tx, notify.Notice{
		App: clock.App, To: append([]int64{clock.SenderID}, administrators...), Subject: clock.Subject(),
		Text:    fmt.Sprintf("【未送达】%s 没有送达%s：%s。%s。", clock.Number, receiver.Name, why, next),
		Purpose: missedPurpose, Important: clock.Class == string(policy.Important),
		Unique: fmt.Sprintf("missed:%d", clock.ID),
	})
}

// correct tells those who were told of a breach that the answer had been in
// time and only its callback came late.
func (c *Clocks) correct(tx *store.Tx, clock store.Clock) error {
	to := []int64{clock.ReceiverID, clock.SenderID}
	if clock.Level >= int(policy.LevelSuperior) {
		above, err := c.above(&tx.Reader, clock.ReceiverID, policy.Superior)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		to = append(to, above...)
	}
	receiver, err := tx.Member(clock.ReceiverID)
	if err != nil {
		return err
	}
	return c.notify.Tell(tx, notify.Notice{
		App: clock.App, To: to, Subject: clock.Subject(), Purpose: correctPurpose,
		Text:   fmt.Sprintf("【更正】%s 在 %s 已按时回应 %s，之前的超时通知作废。", receiver.Name, c.when(*clock.EndedAt), clock.Number),
		Unique: fmt.Sprintf("corrected:%d", clock.ID),
	})
}

func (c *Clocks) when(t time.Time) string {
	return c.rules().Calendar().Moment(t)
}

// nameList keeps a list of names readable in a message.
func nameList(names []string) string {
	const shown = 20
	if len(names) > shown {
		return strings.Join(names[:shown], "、") + fmt.Sprintf(" 等 %d 人", len(names))
	}
	return strings.Join(names, "、")
}
