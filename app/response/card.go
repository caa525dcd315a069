package response

import (
	"fmt"

	"guiju/app/notify"
	"guiju/store"
	"guiju/wecom/card"
)

// The cards of this package; their subject is a clock.
const (
	dueCard        = "reply-due"  // C-REPLY-DUE, to the receiver
	escalationCard = "escalation" // C-ESCALATE, to those above him
)

func (c *Clocks) drawDue(r *store.Reader, v notify.View) (notify.Rendered, error) {
	clock, err := r.Clock(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	sender, err := c.nameOf(r, clock.SenderID)
	if err != nil {
		return notify.Rendered{}, err
	}
	title := "请在 " + c.when(*clock.DueAt) + " 前回应"
	if clock.BreachedAt != nil {
		title = "已超时，请尽快回应"
	}
	b := card.ButtonInteraction{
		TaskID: v.TaskID,
		Source: &card.Source{Desc: "响应提醒", DescColor: card.Red},
		Title:  card.MainTitle{Title: title, Desc: clock.Title},
		Rows: []card.HorizontalContent{
			{KeyName: "编号", Value: clock.Number},
			{KeyName: "来自", Value: sender},
			{KeyName: "时限", Value: c.when(*clock.DueAt)},
		},
	}
	if b.Buttons, err = c.answers(r, clock); err != nil {
		return notify.Rendered{}, err
	}
	return notify.Rendered{Card: b, Open: clock.Open(), Closed: ended(clock.State)}, nil
}

// answers are the buttons with which a receiver stops his clock.
func (c *Clocks) answers(r *store.Reader, clock store.Clock) ([]card.Button, error) {
	if buttons := c.acts[clock.SubjectKind]; buttons != nil {
		return buttons(r, clock)
	}
	all := []card.Button{{Text: "立即回复", Style: 1, Key: notify.Key(0, "回复 "+clock.Number)}}
	if !clock.NeedsReply || clock.AckedAt == nil {
		all = append(all, card.Button{Text: "收到", Style: 2, Key: notify.Key(0, "收到 "+clock.Number)})
	}
	return all, nil
}

func (c *Clocks) drawEscalation(r *store.Reader, v notify.View) (notify.Rendered, error) {
	clock, err := r.Clock(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	receiver, err := c.nameOf(r, clock.ReceiverID)
	if err != nil {
		return notify.Rendered{}, err
	}
	sender, err := c.nameOf(r, clock.SenderID)
	if err != nil {
		return notify.Rendered{}, err
	}
	return notify.Rendered{
		Card: card.ButtonInteraction{
			TaskID: v.TaskID,
			Source: &card.Source{Desc: "超时升级", DescColor: card.Red},
			Title:  card.MainTitle{Title: fmt.Sprintf("%s 未按时回应", receiver), Desc: clock.Title},
			Rows: []card.HorizontalContent{
				{KeyName: "编号", Value: clock.Number},
				{KeyName: "来自", Value: sender},
				{KeyName: "应回应", Value: c.when(*clock.DueAt)},
			},
			Buttons: []card.Button{
				{Text: "已知悉", Style: 1, Key: notify.Key(0, "已知悉 "+clock.Number)},
				{Text: "催办", Style: 2, Key: notify.Key(0, "催办 "+clock.Number)},
			},
		},
		Open: clock.Open(), Closed: ended(clock.State),
	}, nil
}

// ended is the text on a card whose clock has stopped.
func ended(state store.ClockState) string {
	switch state {
	case store.ClockMet:
		return "已按时回应"
	case store.ClockLate:
		return "已回应（超时）"
	case store.ClockMoved:
		return "已转交他人"
	case store.ClockMissed:
		return "未送达，已转交"
	default:
		return "无需回应"
	}
}

func (c *Clocks) nameOf(r *store.Reader, member int64) (string, error) {
	if member == 0 {
		return "系统", nil
	}
	m, err := r.Member(member)
	if err != nil {
		return "", err
	}
	return m.Name, nil
}
