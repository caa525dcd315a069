package app

import (
	"errors"
	"fmt"

	"guiju/app/chat"
	"guiju/callback"
	"guiju/callback/event"
	"guiju/store"
)

// dispatch gives one event to the domain it concerns, inside the delivery's
// transaction. Events nobody handles are kept with the delivery and visible in
// `guiju events`.
func (a *App) dispatch(tx *store.Tx, d callback.Delivery, id int64) (Handled, error) {
	head := d.Event.Head()
	if d.App == "" {
		return Handled{}, a.people.Changed(tx, d.Event)
	}
	if !head.FromMember() {
		return Handled{}, nil
	}
	member, welcome, err := a.people.Identify(tx, head.FromUserName)
	if err != nil {
		return Handled{}, fmt.Errorf("identify sender: %w", err)
	}
	from := chat.From{
		Member: member, App: d.App, Delivery: id, At: ActAt(head.CreateTime, d.ReceivedAt),
	}
	answer, err := a.converse(tx, from, d.Event)
	if err != nil {
		return Handled{}, err
	}
	texts := chat.Split(answer.Text)
	if welcome != "" {
		texts = append([]string{welcome}, texts...)
	}
	handled := Handled{Member: member.ID, App: d.App}
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
	case *event.Click:
		return a.chat.Menu(tx, from, e.EventKey)
	case *event.EnterAgent:
		return a.chat.Enter(tx, from)
	case *event.Subscribe, *event.Unsubscribe:
		return chat.Answer{}, a.people.Changed(tx, ev)
	}
	if media, ok := mediaOf(ev); ok {
		return a.chat.NonText(tx, from, media)
	}
	return chat.Answer{}, nil
}

// press runs the command of a card's button. A press on a copy that is out of
// date changes nothing: the card is redrawn and the presser told.
func (a *App) press(tx *store.Tx, from chat.From, e *event.CardClick) (chat.Answer, error) {
	press, err := a.notify.Press(tx, from.App, e.TaskID, e.EventKey, e.ResponseCode)
	if errors.Is(err, store.ErrNotFound) {
		return chat.Answer{Text: "【未找到】这张卡片已经失效，请发送：我的待办"}, nil
	}
	if err != nil {
		return chat.Answer{}, err
	}
	if press.Stale {
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
