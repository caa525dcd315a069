package app

import (
	"errors"
	"fmt"
	"slices"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/callback"
	"guiju/callback/event"
	"guiju/store"
)

// dispatch gives one event to the domain it concerns, inside the delivery's
// transaction. Events nobody handles are kept with the delivery and visible in
// `guiju events`.
func (a *App) dispatch(tx *store.Tx, d callback.Delivery, id int64) (outcome, error) {
	head := d.Event.Head()
	if d.App == "" {
		return outcome{}, a.people.Changed(tx, people.Told{Delivery: id, Key: d.Key, Event: d.Event})
	}
	switch d.Event.(type) {
	case *event.SysApproval, *event.OpenApproval: // from "sys"
		return outcome{}, a.natives.Told(tx, d.App, d.Event)
	}
	if !head.FromMember() {
		return outcome{}, nil
	}
	switch d.Event.(type) {
	case *event.Subscribe, *event.Unsubscribe: // the visible range changed: he did nothing himself
		return outcome{}, a.people.Changed(tx, people.Told{Delivery: id, Key: d.Key, Event: d.Event})
	}
	member, welcome, err := a.people.Speaker(tx, head.FromUserName, d.App)
	if err != nil {
		return outcome{}, fmt.Errorf("identify sender: %w", err)
	}
	from := chat.From{
		Member: member, App: d.App, Delivery: id, At: actAt(head.CreateTime, d.ReceivedAt),
	}
	act := a.converse
	if !member.Present() {
		act = a.turnAway
	}
	answer, err := act(tx, from, d.Event)
	if err != nil {
		return outcome{}, err
	}
	if answer.Settled != nil {
		if err := a.settle(tx, from, *answer.Settled); err != nil {
			return outcome{}, fmt.Errorf("settle question: %w", err)
		}
	}
	handled := outcome{Member: member.ID, App: d.App, Sent: answer.Card != nil, Absent: !member.Present()}
	texts := chat.Split(answer.Text)
	if answer.Card != nil {
		if err := a.ask(tx, from, answer); err != nil {
			return outcome{}, fmt.Errorf("ask by card: %w", err)
		}
		texts = nil // the card says it
	}
	if welcome != "" {
		texts = append([]string{welcome}, texts...)
	}
	if len(texts) > 0 {
		handled.Reply, handled.More = texts[0], texts[1:]
	}
	return handled, nil
}

// converse turns what a member did in an app into an answer.
func (a *App) converse(tx *store.Tx, from chat.From, ev event.Event) (chat.Answer, error) {
	switch e := ev.(type) {
	case *event.Text:
		return a.chat.Handle(tx, from, e.Content)
	case *event.CardClick:
		return a.press(tx, from, e)
	case *event.CardMenu: // an entry of the top-right menu is a button without choices
		return a.press(tx, from, &event.CardClick{Header: e.Header, TaskID: e.TaskID, CardType: e.CardType, ResponseCode: e.ResponseCode})
	case *event.Click:
		return a.chat.Menu(tx, from, e.EventKey)
	case *event.EnterAgent:
		return a.chat.Enter(tx, from)
	}
	if media, ok := mediaOf(ev); ok {
		return a.chat.NonText(tx, from, media)
	}
	return chat.Answer{}, nil
}

// absent is what somebody who does not work here is told, whatever he did.
const absent = "【无权限】您的账号已停用或已离职，不能再使用本应用。如果您仍在职，请联系行政部核对企业微信通讯录，恢复后即可继续使用。"

// turnAway refuses whoever has left or is disabled before anything he did is
// looked at. His details are read again: an event that he is back may be lost.
func (a *App) turnAway(tx *store.Tx, from chat.From, ev event.Event) (chat.Answer, error) {
	err := tx.Audit(store.AuditEntry{
		Actor: from.Member.ID, Action: "permission.denied", Source: store.SourceCallback,
		Subject: store.Subject{Kind: "delivery", ID: from.Delivery},
		Detail:  map[string]any{"status": string(from.Member.Status), "event": ev.Head().Kind()},
	})
	if err != nil {
		return chat.Answer{}, err
	}
	if err := a.people.ReadAgain(tx, from.Member); err != nil {
		return chat.Answer{}, err
	}
	return a.chat.Refuse(tx, from, absent)
}

// press runs the command of a card's button. A press on a copy that is out of
// date changes nothing: the card is redrawn and the presser told. So does one
// by somebody who was not sent the card (guide E2.0).
func (a *App) press(tx *store.Tx, from chat.From, e *event.CardClick) (chat.Answer, error) {
	holds, err := a.notify.Holds(&tx.Reader, from.Member.ID, from.App, e.TaskID)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{Text: "【未找到】这张卡片已经失效，请发送：我的待办"}, nil
	}
	if err != nil {
		return chat.Answer{}, err
	}
	if !holds {
		call := &chat.Call{Tx: tx, From: from, Source: chat.FromCard}
		denied := chat.NoPermission{Permission: string(policy.ItemAnswer)}
		return chat.Answer{Text: denied.Error()}, permits{a}.Denied(call, denied.Permission, e.TaskID)
	}
	// Like a message, a press locks the conversation first: the answers to one
	// question, typed and pressed, come one after the other.
	if _, err := tx.Conversation(from.Member.ID, from.App); err != nil {
		return chat.Answer{}, err
	}
	press, err := a.notify.Press(tx, from.App, e.TaskID, e.EventKey, e.ResponseCode, e.Selected...)
	if err != nil {
		return chat.Answer{}, err
	}
	switch {
	case press.Stale && press.Card.Kind == questionCard:
		return chat.Answer{Text: "【提醒】这个问题已经选过或已经过期，没有执行任何操作。还需要的话，请重新发一次命令。"}, nil
	case press.Stale:
		return chat.Answer{Text: "【提醒】这张卡片的内容已有变化，没有执行任何操作，请看更新后的卡片。"}, nil
	}
	return a.chat.Press(tx, from, press.Command)
}

// mediaOf is the part of a message that is not text.
func mediaOf(ev event.Event) (chat.Media, bool) {
	switch e := ev.(type) {
	case *event.Image:
		return chat.Media{Kind: "image", MediaID: e.MediaID, URL: e.PicURL}, true
	case *event.Voice:
		return chat.Media{Kind: "voice", MediaID: e.MediaID}, true
	case *event.Video:
		return chat.Media{Kind: "video", MediaID: e.MediaID}, true
	case *event.Link:
		return chat.Media{Kind: "link", Name: e.Title, URL: e.URL, Description: e.Description}, true
	case *event.Location:
		return chat.Media{Kind: "location", Name: e.Label, Latitude: e.Latitude, Longitude: e.Longitude}, true
	case *event.Unknown:
		if e.Event == "" {
			return chat.Media{Kind: e.MsgType}, true
		}
	}
	return chat.Media{}, false
}

// permits asks the policy on behalf of the chat.
type permits struct{ a *App }

// Permit implements chat.Permits. Objects are not resolved here: a domain that
// decides by the object asks about its own. What a running command asks beyond
// its own permission, as 追溯 asks for log.read, is a use of it.
func (p permits) Permit(c *chat.Call, permission, _ string) (bool, error) {
	decision, err := p.a.people.Can(&c.Tx.Reader, c.Member, policy.Permission(permission), policy.Object{})
	if err != nil || !decision.Allowed || c.Needs(permission) {
		return decision.Allowed, err
	}
	return true, p.Used(c, permission)
}

// Used implements chat.Uses. What everybody may do is not worth a record.
func (p permits) Used(c *chat.Call, permission string) error {
	if p.a.rules.Load().Base(policy.Permission(permission)) {
		return nil
	}
	return c.Tx.NoteUse(c.Member.ID, permission)
}

// holds says whether a member has a role now, for the entries of 菜单.
func (a *App) holds(c *chat.Call, role string) (bool, error) {
	actor, err := a.people.Actor(&c.Tx.Reader, c.Member)
	if err != nil || !actor.Active {
		return false, err
	}
	now := c.Tx.Now()
	return slices.ContainsFunc(actor.Holdings, func(h policy.Holding) bool {
		return h.Role == policy.Role(role) && (h.Until.IsZero() || now.Before(h.Until))
	}), nil
}

// Denied implements chat.Permits.
func (p permits) Denied(c *chat.Call, permission, object string) error {
	return c.Tx.Audit(store.AuditEntry{
		Actor: c.Member.ID, Action: "permission.denied", Source: store.AuditSource(c.Source),
		Subject: store.Subject{Kind: "delivery", ID: c.Delivery},
		Detail:  map[string]any{"permission": permission, "object": object, "command": c.Command},
	})
}

// topics proposes 审批 for a bare 同意 or 驳回 of somebody who has to decide, and
// a 咨询 for free text that has a topic (G1-4.2(1)).
type topics struct{ a *App }

// Propose implements chat.Topics.
func (t topics) Propose(c *chat.Call, text string) (*chat.Proposal, error) {
	if meant, err := t.a.requests.Propose(&c.Tx.Reader, c.Member.ID, text); meant != nil || err != nil {
		return meant, err
	}
	rules := t.a.rules.Load()
	route := rules.Route(text)
	if !route.Matched {
		return nil, nil
	}
	org, err := t.a.people.Org(&c.Tx.Reader)
	if err != nil {
		return nil, err
	}
	answerer := rules.Answerer(route.Department, route.Post, c.Member.ID, org)
	if len(answerer.Members) == 0 {
		return nil, nil
	}
	return &chat.Proposal{
		Question: "发给" + answerer.Department.Name + "？",
		Command:  "咨询", Values: map[string]string{"内容": text},
	}, nil
}
