// Package card builds WeCom's five template cards and refuses, before anything is sent, what WeCom would refuse.
//
// Fill one of TextNotice, NewsNotice, ButtonInteraction, VoteInteraction, MultipleInteraction and call Build for a new
// card or Update for the card that replaces a sent one. Hard limits (required parts, counts, byte lengths, unique keys)
// are errors that name the field by its path in WeCom's JSON. Advisory limits [90236] are lengths beyond which clients
// cut the text on the screen: there the builder cuts first, at a whole character, with "…" as the last one.
package card

import (
	"errors"

	"guiju/wecom/internal/wire"
)

// Kind is WeCom's card_type.
type Kind string

// The five card types [90236].
const (
	KindTextNotice          Kind = "text_notice"
	KindNewsNotice          Kind = "news_notice"
	KindButtonInteraction   Kind = "button_interaction"
	KindVoteInteraction     Kind = "vote_interaction"
	KindMultipleInteraction Kind = "multiple_interaction"
)

// Builder is implemented by the five card types.
type Builder interface {
	// Build checks the card for message/send.
	Build() (Card, error)
	// Update checks the card as the replacement of a sent one (message/update_template_card, or the passive reply
	// update_template_card). Only here may parts be disabled, the submit button be missing, and replaceText be set:
	// it greys the button of an interaction card with this text. The task id is left out: WeCom knows the card by its
	// response code.
	Update(replaceText string) (Card, error)
}

// Card is a checked card. The zero Card is none; only Build and Update make others.
type Card struct {
	content Content
	json    []byte
	update  bool
}

// Kind returns the card's type.
func (c Card) Kind() Kind { return c.content.CardType }

// TaskID returns the card's task id, empty on updates and on notices without one.
func (c Card) TaskID() string { return c.content.TaskID }

// IsZero reports whether c was never built.
func (c Card) IsZero() bool { return c.json == nil }

// IsUpdate reports whether c was made by Update and may replace a card but not be sent as a new one.
func (c Card) IsUpdate() bool { return c.update }

// HasResponseCode reports whether WeCom answers a send of this card with a response_code, that is, whether the card
// raises click events and can be updated.
func (c Card) HasResponseCode() bool {
	switch c.content.CardType {
	case KindButtonInteraction, KindVoteInteraction, KindMultipleInteraction:
		return true
	}
	return c.content.ActionMenu != nil
}

// MarshalJSON returns the value of template_card; the same card always gives the same bytes.
func (c Card) MarshalJSON() ([]byte, error) {
	if c.IsZero() {
		return nil, errors.New("card: not built")
	}
	return c.json, nil
}

// Content returns a copy of the card's parts, for rendering it as a passive reply.
func (c Card) Content() Content { return c.content.clone() }

// seal renders content once, so that later changes of the caller's slices cannot alter the card.
func seal(content Content, update bool) (Card, error) {
	b, err := wire.JSON(content)
	if err != nil {
		return Card{}, err
	}
	return Card{content: content, json: b, update: update}, nil
}
