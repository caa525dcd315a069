package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guiju/callback/event"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
	"guiju/wecom/card"
)

// codeLife is how long a response code works (72 h, [94888]), less a margin.
const codeLife = 72*time.Hour - 10*time.Minute

// cardsPerSubject bounds the cards of one aggregate that are kept up to date.
const cardsPerSubject = 100

// errExpiredCode is WeCom's answer to a response code that is spent or old.
const errExpiredCode = 60140

// Key is the key of a button or menu entry that does what the chat command
// does, as long as the card is still in this phase.
//
// On a card with questions (a vote, drop-down lists) the command may have
// places: {question} stands for the options chosen for the question of that
// key, several joined by 、. So the ids of the options are words of the chat
// command:
//
//	Key(3, "评分 M20260302-0001 {speed} {result}")
//
// is 评分 M20260302-0001 很快 已解决 when those options are chosen. The place of
// a question without a choice stays empty, and the chat asks for what is
// missing.
func Key(phase int64, command string) string {
	return strconv.FormatInt(phase, 10) + "|" + command
}

// Press is a button that was pressed on a card of ours.
type Press struct {
	Card    store.Card
	Command string // the chat command of equal effect
	Stale   bool   // the card has changed since this copy was drawn: change nothing
}

// Holds says whether a member was sent the card he pressed. A card that is not
// ours is nobody's: store.ErrNotFound, wrapped.
func (n *Notifier) Holds(r *store.Reader, member int64, app, taskID string) (bool, error) {
	found, err := r.CardByTask(app, taskID)
	if err != nil {
		return false, err
	}
	recipients, err := r.SentRecipients(found.MessageID)
	return slices.ContainsFunc(recipients, func(p store.SentRecipient) bool { return p.MemberID == member }), err
}

// Press looks up the card of a press and keeps the press's response code.
// store.ErrNotFound, wrapped, when the card is not ours. A press that is stale,
// or chooses what the card does not offer, causes an update, so that the
// presser sees the present state.
func (n *Notifier) Press(tx *store.Tx, app, taskID, key, responseCode string, selected ...event.Selection) (Press, error) {
	found, err := tx.CardByTask(app, taskID)
	if err != nil {
		return Press{}, err
	}
	if err := tx.Lock("cards", found.ID); err != nil {
		return Press{}, err
	}
	if err := tx.AddCode(found.ID, responseCode); err != nil {
		return Press{}, err
	}
	phase, command, ok := strings.Cut(key, "|")
	drawn, err := strconv.ParseInt(phase, 10, 64)
	known := ok && err == nil // else it is no key of ours
	p := Press{Card: found, Command: command, Stale: !known || drawn != found.Phase || !found.Open}
	if !p.Stale {
		current, err := n.draw(&tx.Reader, found)
		if err != nil {
			return Press{}, err
		}
		p.Stale = current.Phase != drawn || !current.Open
		if !p.Stale && (len(selected) > 0 || strings.Contains(command, "{")) {
			if p.Command, ok, err = choose(current, command, selected); err != nil {
				return Press{}, fmt.Errorf("press on card %d: %w", found.ID, err)
			}
			p.Stale = !ok
		}
	}
	if p.Stale {
		return p, n.planUpdate(tx, found)
	}
	return p, nil
}

// choose puts the chosen options into the places of a command. It answers
// false if the card, as it is now, does not offer one of them.
func choose(current Rendered, command string, selected []event.Selection) (string, bool, error) {
	built, err := current.Card.Build()
	if err != nil {
		return "", false, err
	}
	offered := offers(built.Content())
	var places []string
	for _, s := range selected {
		for _, option := range s.Options {
			if !slices.Contains(offered[s.Question], option) {
				return "", false, nil
			}
		}
		places = append(places, "{"+s.Question+"}", strings.Join(s.Options, "、"))
		delete(offered, s.Question) // once
	}
	for question := range offered {
		places = append(places, "{"+question+"}", "")
	}
	return strings.Join(strings.Fields(strings.NewReplacer(places...).Replace(command)), " "), true, nil
}

// offers lists the options of each question of a card.
func offers(c card.Content) map[string][]string {
	all := map[string][]string{}
	lists := c.SelectList
	if c.ButtonSelection != nil {
		lists = append(slices.Clone(lists), *c.ButtonSelection)
	}
	for _, list := range lists {
		for _, o := range list.OptionList {
			all[list.QuestionKey] = append(all[list.QuestionKey], o.ID)
		}
	}
	if c.Checkbox != nil {
		for _, o := range c.Checkbox.OptionList {
			all[c.Checkbox.QuestionKey] = append(all[c.Checkbox.QuestionKey], o.ID)
		}
	}
	return all
}

// Refresh redraws every card about a subject after its state has changed.
func (n *Notifier) Refresh(tx *store.Tx, subject store.Subject) error {
	cards, err := tx.CardsAbout(subject, cardsPerSubject)
	if err != nil {
		return err
	}
	for _, c := range cards {
		if err := n.planUpdate(tx, c); err != nil {
			return err
		}
	}
	return nil
}

// planUpdate marks a card as out of date. A card that is marked already has a
// job waiting: the mark is taken off in the transaction that draws.
func (n *Notifier) planUpdate(tx *store.Tx, c store.Card) error {
	if err := tx.Lock("cards", c.ID); err != nil {
		return err
	}
	c, err := tx.Card(c.ID)
	if err != nil || c.Dirty {
		return err
	}
	c.Dirty = true
	if err := tx.SaveCard(c); err != nil {
		return err
	}
	_, err = tx.Enqueue(Update{Card: c.ID}, store.Ordered("card:"+strconv.FormatInt(c.ID, 10)))
	return err
}

// Update is the job that shows every holder the present state of a card.
type Update struct {
	Card int64 `json:"card"`
}

// Kind implements store.JobArgs.
func (Update) Kind() string { return "notify.update" }

// redraw is what one update sends.
type redraw struct {
	card    store.Card
	state   Rendered
	update  wecom.CardUpdate
	holders []int64
	unsent  bool // the card's send has not been answered yet
	fresh   bool // an earlier update has drawn the present state, or nobody is left to see it
	noCode  bool // no code is left: nothing can change the copies out there
	changed bool // the copies offer what is past, or a code of theirs was refused
}

// update spends a code in a commit of its own before using it, so no code is
// ever used twice. Without a code a card whose buttons must change is sent
// afresh. A closed one is left, and so is one of which only a count has moved:
// nobody's phone rings for that, and the next press brings a code.
func (n *Notifier) update(ctx context.Context, job *queue.Job, args Update) queue.Outcome {
	var d redraw
	err := job.InTx(ctx, func(tx *store.Tx) error {
		var err error
		d, err = n.prepareUpdate(tx, args.Card, job.Attempt == 1)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return queue.Done()
	case err != nil:
		return queue.Retry(fmt.Errorf("prepare update of card %d: %w", args.Card, err))
	case d.fresh:
		return queue.Done()
	case d.unsent:
		return queue.Retry(fmt.Errorf("card %d has not been sent yet", args.Card))
	case d.noCode:
		return queue.Done(n.sendAfresh(d))
	}
	_, err = n.senders[d.card.App].UpdateTemplateCard(ctx, d.update)
	switch {
	case err == nil:
		return queue.Done()
	case wecom.CodeOf(err) == errExpiredCode:
		return queue.Retry(fmt.Errorf("update card %d: %w", args.Card, err)) // with the next code
	case wecom.ClassOf(err) == wecom.Permanent:
		return queue.Bury(fmt.Errorf("update card %d: %w", args.Card, err))
	default:
		return queue.Retry(fmt.Errorf("update card %d: %w", args.Card, err))
	}
}

func (n *Notifier) prepareUpdate(tx *store.Tx, id int64, first bool) (redraw, error) {
	if err := tx.Lock("cards", id); err != nil {
		return redraw{}, err
	}
	c, err := tx.Card(id)
	if err != nil {
		return redraw{}, err
	}
	d := redraw{card: c}
	if first && !c.Dirty {
		d.fresh = true
		return d, nil
	}
	m, err := tx.SentMessage(c.MessageID)
	if err != nil {
		return d, err
	}
	if m.State == store.SentFrozen {
		d.unsent = true
		return d, nil
	}
	recipients, err := tx.SentRecipients(m.ID)
	if err != nil {
		return d, err
	}
	present, err := n.present(&tx.Reader, recipients)
	if err != nil {
		return d, err
	}
	for _, r := range recipients {
		if present[r.MemberID] && (r.State == store.RecipientDelivered || m.State == store.SentAside) {
			d.update.Users = append(d.update.Users, r.UserID)
			d.holders = append(d.holders, r.MemberID)
		}
	}
	if len(d.holders) == 0 {
		// Nobody is left to see it. Whoever comes back is shown the next change.
		c.Dirty, d.fresh = false, true
		return d, tx.SaveCard(c)
	}
	if d.state, err = n.draw(&tx.Reader, c); err != nil {
		return d, err
	}
	replace := ""
	if !d.state.Open {
		replace = d.state.Closed
	}
	built, err := d.state.Card.Update(replace)
	if err != nil {
		return d, fmt.Errorf("build update of card %s about %s: %w", c.Kind, c.Subject(), err)
	}
	d.update.Card = built
	d.update.ResponseCode, err = tx.SpendCode(id, tx.Now().Add(-codeLife))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return d, err
	}
	d.noCode = err != nil
	d.changed = !first || c.Phase != d.state.Phase
	c.Phase, c.Open, c.Dirty = d.state.Phase, d.state.Open, false
	return d, tx.SaveCard(c)
}

// present says who of the recipients is here: WeCom refuses updates for leavers.
func (n *Notifier) present(r *store.Reader, recipients []store.SentRecipient) (map[int64]bool, error) {
	ids := make([]int64, len(recipients))
	for i, p := range recipients {
		ids[i] = p.MemberID
	}
	members, err := r.Members(ids)
	here := make(map[int64]bool, len(members))
	for _, m := range members {
		here[m.ID] = m.Present()
	}
	return here, err
}

// sendAfresh sends a new card to the holders of one that can no longer be
// changed, if it still asks for an act.
func (n *Notifier) sendAfresh(d redraw) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		if !d.state.Open || !d.changed {
			return nil
		}
		old, err := tx.SentMessage(d.card.MessageID)
		if err != nil {
			return err
		}
		fresh := store.SentMessage{
			App: old.App, Purpose: old.Purpose + ".again", Text: old.Text, CardKind: old.CardKind,
			SubjectKind: old.SubjectKind, SubjectID: old.SubjectID,
			Important: old.Important, Asks: old.Asks, Prompt: old.Prompt,
		}
		key := fmt.Sprintf("card:%d:%d", d.card.ID, d.state.Phase)
		fresh.UniqueKey = &key
		planned, err := tx.PlanMessage(&fresh, d.holders)
		if err != nil || !planned {
			return err
		}
		return n.plan(tx, fresh, d.holders)
	}
}

// draw renders a card for its holders as things stand now.
func (n *Notifier) draw(r *store.Reader, c store.Card) (Rendered, error) {
	render := n.cards[c.Kind]
	if render == nil {
		return Rendered{}, fmt.Errorf("no card is named %q", c.Kind)
	}
	recipients, err := r.SentRecipients(c.MessageID)
	if err != nil {
		return Rendered{}, err
	}
	ids := make([]int64, len(recipients))
	for i, p := range recipients {
		ids[i] = p.MemberID
	}
	holders, err := r.Members(ids)
	if err != nil {
		return Rendered{}, err
	}
	drawn, err := render(r, View{App: c.App, TaskID: c.TaskID, Subject: c.Subject(), Holders: holders})
	if err != nil {
		return Rendered{}, fmt.Errorf("draw card %s about %s: %w", c.Kind, c.Subject(), err)
	}
	if drawn.Open {
		// One card asks for an act, the newest: older ones are closed.
		superseded, err := r.Superseded(c, ids)
		if err != nil {
			return Rendered{}, err
		}
		if superseded {
			drawn.Open, drawn.Closed = false, "已发新卡片"
		}
	}
	return drawn, nil
}
