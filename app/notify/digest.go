package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"guiju/store"
	"guiju/store/queue"
)

const (
	digestLines = 20   // messages one digest lists; the rest goes into the next
	digestLine  = 80   // characters of each
	textLimit   = 2048 // bytes of a text message [90236]
)

// Digest is the job that lists, in one message, what was held back for a
// member because he was being told too much at once (notify.digest).
type Digest struct {
	App    string `json:"app"`
	Member int64  `json:"member"`
}

// Kind implements store.JobArgs.
func (Digest) Kind() string { return "notify.digest" }

// hold keeps the message for a digest when its one reader has had enough of
// late. Messages that ask for an act, important ones and answers to what the
// reader has just done are never held.
func (n *Notifier) hold(tx *store.Tx, a *attempt) (bool, error) {
	m := a.message
	if m.Important || m.Asks || m.Prompt || len(a.recipients) != 1 || m.Purpose == digestPurpose {
		return false, nil
	}
	count, window := n.rules().Digest()
	if count <= 0 {
		return false, nil
	}
	member, now := a.recipients[0].MemberID, tx.Now()
	recent, err := tx.DigestibleSince(m.App, member, now.Add(-window))
	if err != nil || recent < count {
		return false, err
	}
	m.State = store.SentHeld
	if err := tx.SaveMessage(m); err != nil {
		return false, err
	}
	return true, n.planDigest(tx, m.App, member, now.Add(window))
}

func (n *Notifier) planDigest(tx *store.Tx, app string, member int64, at time.Time) error {
	_, err := tx.Enqueue(Digest{App: app, Member: member}, store.At(at), store.Unique(fmt.Sprintf("%s:%d", app, member)))
	return err
}

const digestPurpose = "digest"

// digest plans the message that lists what was held. Its lines are fixed in
// the transaction that marks them as listed.
func (n *Notifier) digest(_ context.Context, _ *queue.Job, args Digest) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		held, err := tx.HeldMessages(args.App, args.Member, digestLines+1)
		if err != nil || len(held) == 0 {
			return err
		}
		text, listed := digestText(held[:min(len(held), digestLines)])
		if listed < len(held) {
			if err := n.planDigest(tx, args.App, args.Member, tx.Now()); err != nil {
				return err
			}
		}
		list := store.SentMessage{App: args.App, Purpose: digestPurpose, Text: text, Prompt: true}
		if _, err := tx.PlanMessage(&list, []int64{args.Member}); err != nil {
			return err
		}
		now := tx.Now()
		for _, m := range held[:listed] {
			m.State, m.DigestID, m.SentAt = store.SentDigested, list.ID, &now
			if err := tx.SaveMessage(m); err != nil {
				return err
			}
		}
		return n.plan(tx, list, []int64{args.Member})
	})
}

// digestText lists one line for each message, as many as one text message
// holds, and answers how many those are.
func digestText(held []store.SentMessage) (text string, listed int) {
	const heading = "【汇总】这段时间还有 %d 条消息："
	var lines strings.Builder
	room := textLimit - len(fmt.Sprintf(heading, len(held)))
	for _, m := range held {
		line := fmt.Sprintf("\n%d. %s", listed+1, firstLine(m.Text))
		if lines.Len()+len(line) > room {
			break
		}
		lines.WriteString(line)
		listed++
	}
	return fmt.Sprintf(heading, listed) + lines.String(), listed
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if runes := []rune(line); len(runes) > digestLine {
		line = string(runes[:digestLine-1]) + "…"
	}
	return line
}
