package communication

import (
	"errors"
	"fmt"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/wecom/card"
)

// The cards of this package; their subject is an item (C-RECEIPT).
const (
	itemCard   = "item"   // to receivers: 收到, 回复, 有疑问
	answerCard = "answer" // to the asker: 已解决, 未解决
)

// cardText is how many characters of a text a card shows (sub_title_text, [90236]).
const cardText = 160

// titleText is how many of them the title shows.
const titleText = 30

func (c *Communication) drawItem(r *store.Reader, v notify.View) (notify.Rendered, error) {
	item, err := r.Item(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	sender, err := r.Member(item.SenderID)
	if err != nil {
		return notify.Rendered{}, err
	}
	open, due, err := c.progress(r, item, v.Holders)
	if err != nil {
		return notify.Rendered{}, err
	}
	heading, color := "普通", card.Grey
	if item.Class == string(policy.Important) {
		heading, color = "重要", card.Red
	}
	rows := []card.HorizontalContent{
		{KeyName: "编号", Value: item.Number},
		{KeyName: "来自", Value: sender.Name, Type: card.MemberRow, UserID: sender.UserID},
	}
	if due != "" {
		rows = append(rows, card.HorizontalContent{KeyName: "时限", Value: due})
	}
	if n := len(v.Holders); n > 1 {
		rows = append(rows, card.HorizontalContent{KeyName: "进度", Value: fmt.Sprintf("已回应 %d/%d", n-open, n)})
	}
	buttons := []card.Button{
		{Text: "收到", Style: 1, Key: notify.Key(item.Phase, "收到 "+item.Number)},
		{Text: "回复", Style: 1, Key: notify.Key(item.Phase, "回复 "+item.Number)},
		{Text: "有疑问", Style: 2, Key: notify.Key(item.Phase, "有疑问 "+item.Number)},
	}
	drawn := card.ButtonInteraction{
		TaskID: v.TaskID,
		Source: &card.Source{Desc: kindWord(item) + "（" + heading + "）", DescColor: color},
		Title:  card.MainTitle{Title: title(item), Desc: c.when(item.CreatedAt)},
		Rows:   rows, Buttons: buttons,
	}
	if chat.OneLine(item.Body, titleText) != item.Body { // the title shows a short one whole
		drawn.SubTitle = item.Body
	}
	return notify.Rendered{
		Card:  drawn,
		Phase: item.Phase, Open: item.State == store.ItemOpen && open > 0, Closed: closedWord(item, open),
	}, nil
}

// progress counts the holders who still owe an answer and finds the earliest
// time limit among them.
func (c *Communication) progress(r *store.Reader, item store.Item, holders []store.Member) (open int, due string, err error) {
	clocks, err := r.ClocksOf(item.Subject(), maxReceivers*10)
	if err != nil {
		return 0, "", err
	}
	holds := make(map[int64]bool, len(holders))
	for _, h := range holders {
		holds[h.ID] = true
	}
	for _, clock := range clocks {
		if !holds[clock.ReceiverID] || !clock.Open() {
			continue
		}
		open++
		if clock.DueAt != nil && due == "" {
			due = c.when(*clock.DueAt)
		}
	}
	if due == "" && open > 0 {
		due = c.when(c.rules().Due(policy.Class(item.Class), r.Now()).Due)
	}
	return open, due, nil
}

func closedWord(item store.Item, open int) string {
	switch {
	case item.State == store.ItemWithdrawn:
		return "已撤回"
	case item.State == store.ItemClosed:
		return "已办结"
	case item.State == store.ItemAnswered:
		return "已回复"
	case open == 0:
		return "已回应"
	}
	return ""
}

func (c *Communication) drawAnswer(r *store.Reader, v notify.View) (notify.Rendered, error) {
	item, err := r.Item(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	reply, err := r.LastEntry(item.ID, store.EntryReplied)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return notify.Rendered{}, err
	}
	who := "同事"
	if reply.MemberID != 0 {
		member, err := r.Member(reply.MemberID)
		if err != nil {
			return notify.Rendered{}, err
		}
		who = member.Name
	}
	closed := "已办结"
	switch item.State {
	case store.ItemOpen:
		closed = "已请对方继续答复"
	case store.ItemWithdrawn:
		closed = "已撤回"
	}
	return notify.Rendered{
		Card: card.ButtonInteraction{
			TaskID:   v.TaskID,
			Source:   &card.Source{Desc: "咨询答复", DescColor: card.Green},
			Title:    card.MainTitle{Title: who + " 的答复", Desc: chat.OneLine(item.Body, 40)},
			SubTitle: reply.Text,
			Rows: []card.HorizontalContent{
				{KeyName: "编号", Value: item.Number},
				{KeyName: "答复", Value: c.when(reply.At)},
			},
			Buttons: []card.Button{
				{Text: "已解决", Style: 1, Key: notify.Key(item.Phase, "已解决 "+item.Number)},
				{Text: "未解决", Style: 2, Key: notify.Key(item.Phase, "未解决 "+item.Number)},
			},
		},
		Phase: item.Phase, Open: item.State == store.ItemAnswered, Closed: closed,
	}, nil
}
