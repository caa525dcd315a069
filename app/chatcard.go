package app

import (
	"errors"
	"fmt"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/store"
	"guiju/wecom/card"
)

// A question with choices is sent as a card instead of a text (guide E2.0: an
// ambiguous name gets a choice card). One act leads to one card; its text is
// sent only where WeCom refuses the card.

// questionCard is the card of a question; its subject is a store.Question.
const questionCard = "question"

// shownChoice is how many characters of a choice a closed card shows.
const shownChoice = 20

// ask plans the card of a question.
func (a *App) ask(tx *store.Tx, from chat.From, answer chat.Answer) error {
	c := answer.Card
	q := store.Question{
		MemberID: from.Member.ID, App: from.App, Phase: c.Question, DeliveryID: from.Delivery,
		Title: c.Title, Body: c.Text, ExpiresAt: c.Until,
	}
	for _, choice := range c.Choices {
		q.Options = append(q.Options, store.QuestionOption{Label: choice.Label, Caption: choice.Caption, Line: choice.Key})
	}
	if err := tx.AddQuestion(&q); err != nil {
		return err
	}
	return a.notify.Tell(tx, notify.Notice{
		App: from.App, To: []int64{from.Member.ID}, Card: questionCard, Text: answer.Text, Subject: q.Subject(),
		Purpose: questionCard, Asks: true, Prompt: true, Unique: fmt.Sprintf("question:%d", from.Delivery),
	})
}

// settle shows on the card of a question that it is not open any more.
func (a *App) settle(tx *store.Tx, from chat.From, s chat.Settled) error {
	q, err := tx.CloseQuestion(from.Member.ID, from.App, s.Question, s.Choice)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return a.notify.Refresh(tx, q.Subject())
}

// drawQuestion renders the card of a question as things stand now.
func (a *App) drawQuestion(r *store.Reader, v notify.View) (notify.Rendered, error) {
	q, err := r.Question(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	drawn := card.ButtonInteraction{
		TaskID:   v.TaskID,
		Source:   &card.Source{Desc: "请选择", DescColor: card.Black},
		Title:    card.MainTitle{Title: q.Title},
		SubTitle: q.Body,
	}
	abridged := false
	for i, o := range q.Options {
		drawn.Buttons = append(drawn.Buttons, card.Button{Text: o.Caption, Style: style(i), Key: notify.Key(q.Phase, o.Line)})
		abridged = abridged || o.Caption != o.Label
	}
	if abridged { // the rows say in full what the buttons stand for
		for i, o := range q.Options {
			drawn.Rows = append(drawn.Rows, card.HorizontalContent{KeyName: fmt.Sprintf("%d.", i+1), Value: o.Label})
		}
	}
	closed := "已失效"
	if q.Choice != "" {
		closed = "已选择：" + chat.Shorten(q.Choice, shownChoice)
	}
	return notify.Rendered{Card: drawn, Phase: q.Phase, Open: q.OpenAt(r.Now()), Closed: closed}, nil
}

// style makes the first button the prominent one.
func style(i int) card.Style {
	if i == 0 {
		return 1
	}
	return 2
}

// askByText is the way out when WeCom refuses the card of a question: its text
// asks the same, and the numbers in it answer it.
func (a *App) askByText(tx *store.Tx, r notify.Refused) error {
	q, err := tx.Question(r.Message.SubjectID)
	if err != nil || !q.OpenAt(tx.Now()) {
		return err
	}
	return a.notify.Tell(tx, notify.Notice{
		App: r.Message.App, To: r.Members, Text: r.Message.Text, Purpose: "reply", Subject: q.Subject(),
		Prompt: true, Unique: fmt.Sprintf("question:text:%d", q.ID),
	})
}
