package notify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"guiju/app/policy"
	"guiju/store"
	"guiju/store/faultpoint"
	"guiju/store/queue"
	"guiju/wecom"
	"guiju/wecom/card"
)

const (
	// sendAttempts covers about a day of failures before a person is asked.
	sendAttempts = 30
	// repeatWindow is how long WeCom recognises a repeated request (4 h,
	// [90236]), less a margin for the way there.
	repeatWindow = 4*time.Hour - 5*time.Minute
)

// Send is the job that sends one planned message.
type Send struct {
	Message int64 `json:"message"`
}

// Kind implements store.JobArgs.
func (Send) Kind() string { return "notify.send" }

// attempt is what preparing an attempt decided.
type attempt struct {
	message    store.SentMessage
	recipients []store.SentRecipient
	wait       time.Time // not before; zero: go
	quiet      bool      // it waits for the end of quiet hours, out of the line
	over       bool      // nothing to send
	stale      bool      // an unknown outcome is too old to repeat
}

func (a attempt) members() []int64 {
	ids := make([]int64, len(a.recipients))
	for i, r := range a.recipients {
		ids[i] = r.MemberID
	}
	return ids
}

// send freezes, paces, sends and records. The exact bytes are committed
// before the first attempt and every attempt sends those, so that WeCom's
// duplicate check makes repeated attempts one message.
func (n *Notifier) send(ctx context.Context, job *queue.Job, args Send) queue.Outcome {
	var a attempt
	err := job.InTx(ctx, func(tx *store.Tx) error {
		var err error
		a, err = n.prepare(tx, args.Message)
		return err
	})
	switch {
	case err != nil:
		return queue.Retry(fmt.Errorf("prepare message %d: %w", args.Message, err))
	case a.over:
		return queue.Done()
	case a.stale:
		err := fmt.Errorf("message %d: its outcome has been unknown for too long to repeat it", args.Message)
		return queue.Bury(err, n.setAside(a, "发送结果未知，已超过 4 小时，请核对后处理"))
	case a.quiet:
		// Planned anew it leaves the line of its reader, so that what may be sent
		// at night is not held up behind it.
		return queue.Done(func(tx *store.Tx) error { return n.plan(tx, a.message, a.members()) })
	case !a.wait.IsZero():
		return queue.Snooze(a.wait)
	}

	faultpoint.Pass(faultpoint.Frozen)
	result, err := n.senders[a.message.App].SendRaw(ctx, a.message.Body)
	faultpoint.Pass(faultpoint.Sent)
	if err == nil {
		return queue.Done(n.recordSent(a, result))
	}
	code := wecom.CodeOf(err)
	err = fmt.Errorf("send message %d: %w", a.message.ID, err)
	switch {
	case wecom.Uncertain(err):
		return queue.Retry(err, lastAttempt(job, n.setAside(a, "多次发送没有得到企业微信的答复"))...)
	case wecom.ClassOf(err) == wecom.Permanent:
		n.log.Error("message refused, will not be tried again", "message", a.message.ID, "err", err)
		return queue.Done(n.recordRefused(a, code))
	default:
		clear := func(tx *store.Tx) error { return n.clearTried(tx, a.message.ID, code) }
		return queue.Retry(err, append([]func(*store.Tx) error{clear}, lastAttempt(job, n.setAside(a, "多次发送失败"))...)...)
	}
}

func lastAttempt(job *queue.Job, effect func(*store.Tx) error) []func(*store.Tx) error {
	if !job.Last {
		return nil
	}
	return []func(*store.Tx) error{effect}
}

// prepare freezes the message if this is its first attempt, charges the pace
// of every recipient and marks the attempt as under way.
func (n *Notifier) prepare(tx *store.Tx, id int64) (attempt, error) {
	m, err := tx.LockMessage(id)
	if err != nil {
		return attempt{}, err
	}
	if m.State != store.SentPlanned && m.State != store.SentFrozen {
		return attempt{over: true}, nil
	}
	a := attempt{message: m}
	if a.recipients, err = tx.SentRecipients(id); err != nil {
		return a, err
	}
	if m.TriedSince != nil && n.machineNow().Sub(*m.TriedSince) > repeatWindow {
		a.stale = true
		return a, nil
	}
	if m.State == store.SentPlanned {
		if a.quiet = !n.quiet(tx.Now(), m).IsZero(); a.quiet {
			return a, nil
		}
		if held, err := n.hold(tx, &a); err != nil || held {
			a.over = held
			return a, err
		}
	}
	if err := n.charge(tx, &a); err != nil || !a.wait.IsZero() || a.over {
		return a, err
	}
	if a.message.State == store.SentPlanned {
		if err := n.freeze(tx, &a); err != nil || a.over {
			return a, err
		}
	}
	if a.message.TriedSince == nil {
		now := n.machineNow().UTC().Truncate(time.Millisecond)
		a.message.TriedSince = &now
	}
	return a, tx.SaveMessage(a.message)
}

// quiet answers when an unimportant message may go that is ready in quiet
// hours; zero: now.
func (n *Notifier) quiet(now time.Time, m store.SentMessage) time.Time {
	if m.Important || m.Prompt {
		return time.Time{}
	}
	at := n.rules().NextAllowed(policy.Normal, now).At
	if at.After(now) {
		return at
	}
	return time.Time{}
}

// charge books the attempt on every recipient's pace. If some may not be
// written to now and others may, the former get a message of their own; if
// none may, the whole message waits.
func (n *Notifier) charge(tx *store.Tx, a *attempt) error {
	rows, err := tx.Paces(a.message.App, a.members())
	if err != nil {
		return err
	}
	now := tx.Now()
	var free []store.Pace
	var busy []int64
	var earliest time.Time
	for _, row := range rows {
		p := parsePace(row.Recent)
		if at := p.next(now); at.After(now) {
			busy = append(busy, row.MemberID)
			if earliest.IsZero() || at.Before(earliest) {
				earliest = at
			}
			continue
		}
		row.Recent = p.charge(now).String()
		free = append(free, row)
	}
	if len(free) == 0 || len(busy) > 0 && a.message.State == store.SentFrozen {
		a.wait = earliest
		return nil
	}
	if len(busy) > 0 {
		id, err := tx.SplitMessage(a.message, busy)
		if err != nil {
			return err
		}
		rest := a.message
		rest.ID = id
		if err := n.plan(tx, rest, busy); err != nil {
			return err
		}
		if a.recipients, err = tx.SentRecipients(a.message.ID); err != nil {
			return err
		}
	}
	return tx.SavePaces(free)
}

// freeze resolves the recipients and fixes the bytes of the request.
func (n *Notifier) freeze(tx *store.Tx, a *attempt) error {
	m := &a.message
	holders, gone, err := n.holders(tx, a)
	if err != nil {
		return err
	}
	if len(gone) > 0 {
		if err := n.refused(tx, Refused{Message: *m, Members: gone, Why: "收件人已离职或停用", At: tx.Now()}); err != nil {
			return err
		}
	}
	if len(holders) == 0 {
		m.State = store.SentRefused
		a.over = true
		return tx.SaveMessage(*m)
	}
	userids := make([]string, len(holders))
	for i, h := range holders {
		userids[i] = h.UserID
	}
	text, err := n.distinctText(tx, *m, holders[0])
	if err != nil {
		return err
	}
	var message wecom.Message = wecom.Text{Content: text}
	if m.CardKind != "" {
		built, err := n.newCard(tx, m, holders)
		if err != nil {
			return err
		}
		message = wecom.TemplateCard{Card: built}
	}
	m.Body, err = wecom.BuildSend(n.senders[m.App].AgentID(), wecom.ToUsers(userids...), message)
	if err != nil {
		return fmt.Errorf("freeze message %d: %w", m.ID, err)
	}
	m.State = store.SentFrozen
	return nil
}

// distinctText tells a message from an equal one of the last hours, which
// WeCom's duplicate check would take for a repetition and drop. Cards differ
// by their task id.
func (n *Notifier) distinctText(tx *store.Tx, m store.SentMessage, reader store.Member) (string, error) {
	if m.CardKind != "" {
		return "", nil
	}
	equal, err := tx.SameTextSince(m, reader.ID, tx.Now().Add(-4*time.Hour))
	if err != nil || equal == 0 {
		return m.Text, err
	}
	again := fmt.Sprintf("（第 %d 次）", equal+1)
	if len(m.Text)+len(again) > textLimit {
		return m.Text, nil
	}
	return m.Text + again, nil
}

// holders resolves the recipients to members who are still here.
func (n *Notifier) holders(tx *store.Tx, a *attempt) (here []store.Member, gone []int64, err error) {
	members, err := tx.Members(a.members())
	if err != nil {
		return nil, nil, err
	}
	byID := make(map[int64]store.Member, len(members))
	for _, member := range members {
		byID[member.ID] = member
	}
	var kept []store.SentRecipient
	for _, r := range a.recipients {
		member, ok := byID[r.MemberID]
		if !ok || !member.Present() {
			r.State = store.RecipientGone
			gone = append(gone, r.MemberID)
		} else {
			r.UserID = member.UserID
			here = append(here, member)
			kept = append(kept, r)
		}
		if err := tx.SaveRecipient(r); err != nil {
			return nil, nil, err
		}
	}
	a.recipients = kept
	return here, gone, nil
}

// newCard renders a card for the first time and keeps its task id.
func (n *Notifier) newCard(tx *store.Tx, m *store.SentMessage, holders []store.Member) (card.Card, error) {
	random := make([]byte, 6)
	if _, err := rand.Read(random); err != nil {
		return card.Card{}, err
	}
	// A task id is unique for ever, also after this database was replaced by a
	// new one whose ids begin again.
	row := store.Card{
		App: m.App, TaskID: fmt.Sprintf("%s-%d-%s", m.SubjectKind, m.ID, hex.EncodeToString(random)),
		MessageID: m.ID, Kind: m.CardKind, SubjectKind: m.SubjectKind, SubjectID: m.SubjectID,
	}
	drawn, err := n.cards[m.CardKind](&tx.Reader, View{App: m.App, TaskID: row.TaskID, Subject: m.Subject(), Holders: holders})
	if err != nil {
		return card.Card{}, fmt.Errorf("draw card %s about %s: %w", m.CardKind, m.Subject(), err)
	}
	built, err := drawn.Card.Build()
	if err != nil {
		return card.Card{}, fmt.Errorf("build card %s about %s: %w", m.CardKind, m.Subject(), err)
	}
	row.Phase, row.Open = drawn.Phase, drawn.Open
	if err := tx.AddCard(&row); err != nil {
		return card.Card{}, err
	}
	m.CardID = row.ID
	return built, nil
}

// recordSent is the effect of an answer of WeCom: who has it, who has not.
func (n *Notifier) recordSent(a attempt, result wecom.SendResult) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		m, now := a.message, tx.Now()
		m.State, m.MsgID, m.SentAt, m.TriedSince, m.ErrorCode = store.SentDone, result.MsgID, &now, nil, 0
		if err := tx.SaveMessage(m); err != nil {
			return err
		}
		if m.CardID != 0 {
			if err := tx.AddCode(m.CardID, result.ResponseCode); err != nil {
				return err
			}
		}
		invalid, unlicensed := folded(result.InvalidUsers), folded(result.UnlicensedUsers)
		var reached, invalidIDs, unlicensedIDs []int64
		for _, r := range a.recipients {
			switch id := store.Fold(r.UserID); {
			case invalid[id]:
				r.State = store.RecipientInvalid
				invalidIDs = append(invalidIDs, r.MemberID)
			case unlicensed[id]:
				r.State = store.RecipientUnlicensed
				unlicensedIDs = append(unlicensedIDs, r.MemberID)
			default:
				r.State = store.RecipientDelivered
				reached = append(reached, r.MemberID)
			}
			if err := tx.SaveRecipient(r); err != nil {
				return err
			}
		}
		if err := n.tellRefused(tx, m, invalidIDs, "收件人不在应用可见范围内，或企业微信中没有此人"); err != nil {
			return err
		}
		if err := n.tellRefused(tx, m, unlicensedIDs, "收件人没有基础接口许可"); err != nil {
			return err
		}
		if hook := n.delivered[m.Purpose]; hook != nil && len(reached) > 0 {
			return hook(tx, Delivered{Message: m, Members: reached, At: now})
		}
		return nil
	}
}

// recordRefused is the effect of a refusal that no repetition will change.
func (n *Notifier) recordRefused(a attempt, code int) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		m := a.message
		m.State, m.ErrorCode, m.TriedSince = store.SentRefused, code, nil
		if err := tx.SaveMessage(m); err != nil {
			return err
		}
		members := make([]int64, 0, len(a.recipients))
		for _, r := range a.recipients {
			r.State = store.RecipientInvalid
			if err := tx.SaveRecipient(r); err != nil {
				return err
			}
			members = append(members, r.MemberID)
		}
		return n.tellRefused(tx, m, members, "企业微信拒收，错误码 "+strconv.Itoa(code))
	}
}

// setAside is the effect of giving up on a message without knowing that it
// failed.
func (n *Notifier) setAside(a attempt, why string) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		m := a.message
		m.State = store.SentAside
		if err := tx.SaveMessage(m); err != nil {
			return err
		}
		return n.tellRefused(tx, m, a.members(), why)
	}
}

// clearTried notes that the last attempt certainly did not arrive.
func (n *Notifier) clearTried(tx *store.Tx, id int64, code int) error {
	m, err := tx.SentMessage(id)
	if err != nil {
		return err
	}
	m.TriedSince, m.ErrorCode = nil, code
	return tx.SaveMessage(m)
}

func (n *Notifier) tellRefused(tx *store.Tx, m store.SentMessage, members []int64, why string) error {
	if len(members) == 0 {
		return nil
	}
	return n.refused(tx, Refused{Message: m, Members: members, Why: why, At: tx.Now()})
}

func folded(userids []string) map[string]bool {
	all := make(map[string]bool, len(userids))
	for _, id := range userids {
		all[store.Fold(strings.TrimSpace(id))] = true
	}
	return all
}
