package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Card is a question with up to six buttons. It says all that the answer's
// text says.
type Card struct {
	// Question tells this question from all others the app asked the member.
	Question int64
	Title    string
	Text     string
	Choices  []CardChoice
	Until    time.Time // from then on the buttons do nothing

	listing string // the part of the answer's text that the buttons stand for
}

// CardChoice is one button. Typing Key, the number of the choice or its label
// has the same effect as pressing.
type CardChoice struct {
	Label   string // in full
	Caption string // the label as far as a button shows it
	Key     string
}

// Abridged says whether a caption leaves out part of its label, so that the
// card has to list the labels besides.
func (c Card) Abridged() bool {
	for _, choice := range c.Choices {
		if choice.Caption != choice.Label {
			return true
		}
	}
	return false
}

// Settled is a question with buttons that is no longer open. Choice is the
// label of what was chosen, "" if the question was dropped or answered
// otherwise.
type Settled struct {
	Question int64
	Choice   string
}

// What a button_interaction shows [90236].
const (
	maxButtons = 6
	maxCaption = 10  // characters
	maxTitle   = 36  // characters
	maxBody    = 160 // characters
)

// cardOf makes the card of a form's options, nil if they are too many.
func (t *turn) cardOf(f *form, listing string) *Card {
	if len(f.Options) > maxButtons {
		return nil
	}
	card := &Card{Question: f.Nonce, Until: t.from.At.Add(t.e.o.DraftTime), listing: listing}
	times := map[string]int{}
	for _, o := range f.Options {
		times[o.Label]++
	}
	for i, o := range f.Options {
		text := o.Label
		if times[text] > 1 || utf8.RuneCountInString(text) > maxCaption {
			text = caption(i+1, text)
		}
		card.Choices = append(card.Choices, CardChoice{
			Label: o.Label, Caption: text, Key: fmt.Sprintf("%s %d %d", chooseName, f.Nonce, i+1),
		})
	}
	return card
}

// caption shortens a label for a button. Its place in the list tells it from
// the others; a record is named by the end of its number.
func caption(n int, label string) string {
	prefix := fmt.Sprintf("%d. ", n)
	first, _, _ := strings.Cut(label, " ")
	if whole, ok := wholeNumber(first); ok {
		label = whole[strings.LastIndexByte(whole, '-')+1:]
	}
	if room := maxCaption - len(prefix); utf8.RuneCountInString(label) > room {
		label = clip(label, room-1)
	}
	return prefix + label
}

// complete gives the card what the finished text says besides the options, and
// answers nil if that is more than a card shows.
func (c *Card) complete(text string) *Card {
	before, after, _ := strings.Cut(text, c.listing)
	c.Text = strings.TrimSpace(strings.TrimRight(before, "\n") + "\n" + strings.TrimLeft(after, "\n"))
	first, rest, _ := strings.Cut(c.Text, "\n")
	if utf8.RuneCountInString(first) <= maxTitle {
		c.Title, c.Text = first, rest
	} else {
		c.Title = "请选择"
	}
	if utf8.RuneCountInString(c.Text) > maxBody {
		return nil
	}
	return c
}
