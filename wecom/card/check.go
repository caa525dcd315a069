package card

import (
	"errors"
	"fmt"
)

// FieldError says which field of a card breaks which limit.
type FieldError struct {
	Path    string // in WeCom's JSON, such as "template_card.button_list[2].key"
	Problem string
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Problem) }

// Build implements Builder.
func (n TextNotice) Build() (Card, error) { return Card{}, errors.ErrUnsupported }

// Update implements Builder.
func (n TextNotice) Update(replaceText string) (Card, error) { return Card{}, errors.ErrUnsupported }

// Build implements Builder.
func (n NewsNotice) Build() (Card, error) { return Card{}, errors.ErrUnsupported }

// Update implements Builder.
func (n NewsNotice) Update(replaceText string) (Card, error) { return Card{}, errors.ErrUnsupported }

// Build implements Builder.
func (n ButtonInteraction) Build() (Card, error) { return Card{}, errors.ErrUnsupported }

// Update implements Builder.
func (n ButtonInteraction) Update(replaceText string) (Card, error) {
	return Card{}, errors.ErrUnsupported
}

// Build implements Builder.
func (n VoteInteraction) Build() (Card, error) { return Card{}, errors.ErrUnsupported }

// Update implements Builder.
func (n VoteInteraction) Update(replaceText string) (Card, error) {
	return Card{}, errors.ErrUnsupported
}

// Build implements Builder.
func (n MultipleInteraction) Build() (Card, error) { return Card{}, errors.ErrUnsupported }

// Update implements Builder.
func (n MultipleInteraction) Update(replaceText string) (Card, error) {
	return Card{}, errors.ErrUnsupported
}

func (c Content) clone() Content { return c }
