package card

import (
	"fmt"
	"slices"
)

// ButtonInteraction is a button_interaction: 1 to 6 buttons, optionally with one drop-down list above them.
type ButtonInteraction struct {
	TaskID    string
	Source    *Source
	Menu      *ActionMenu
	Title     MainTitle
	Quote     *QuoteArea
	SubTitle  string              // cut to 160 characters
	Rows      []HorizontalContent // ≤ 6
	Action    *CardAction
	Selection *Selection
	Buttons   []Button
}

// Build implements Builder.
func (b ButtonInteraction) Build() (Card, error) { return b.check(&checker{}, "") }

// Update implements Builder.
func (b ButtonInteraction) Update(replaceText string) (Card, error) {
	return b.check(&checker{update: true}, replaceText)
}

func (b ButtonInteraction) check(k *checker, replaceText string) (Card, error) {
	c := Content{
		CardType:              KindButtonInteraction,
		Source:                k.source(b.Source, true),
		ActionMenu:            k.menu(b.Menu),
		TaskID:                k.taskID(b.TaskID, true),
		MainTitle:             k.title(b.Title, true, 36, 44),
		QuoteArea:             k.quote(b.Quote),
		SubTitleText:          k.text(b.SubTitle, 160),
		HorizontalContentList: k.rows(b.Rows),
		CardAction:            k.action(b.Action, false),
		ButtonList:            k.buttons(b.Buttons),
		ReplaceText:           k.replaceText(replaceText, true),
	}
	if b.Selection != nil {
		s := k.selection("button_selection", *b.Selection, map[string]bool{})
		c.ButtonSelection = &s
	}
	return k.finish(c)
}

func (k *checker) buttons(buttons []Button) []Button {
	k.count("button_list", len(buttons), 1, maxButtons)
	out := slices.Clone(buttons)
	keys := map[string]bool{}
	for i, b := range buttons {
		at := fmt.Sprintf("button_list[%d]", i)
		out[i].Text = k.needText(at+".text", b.Text, 10)
		if b.Style < 0 || b.Style > 4 {
			k.refuse(at+".style", "is %d, allowed are 1 to 4", b.Style)
		}
		switch b.Type {
		case Callback:
			k.uniqueID(at+".key", b.Key, maxKey, keys)
			if b.URL != "" {
				k.refuse(at+".url", "belongs to type 1")
			}
		case OpenURL:
			k.url(at+".url", b.URL)
			if b.Key != "" {
				k.refuse(at+".key", "belongs to type 0")
			}
		default:
			k.refuse(at+".type", "is %d, allowed are 0 and 1", b.Type)
		}
	}
	return out
}

// VoteInteraction is a vote_interaction: one question, single or several choice.
type VoteInteraction struct {
	TaskID   string
	Source   *Source // DescColor is dropped: a vote has no coloured source
	Title    MainTitle
	Checkbox Checkbox
	Submit   *SubmitButton // required to build, optional in an update
}

// Build implements Builder.
func (v VoteInteraction) Build() (Card, error) { return v.check(&checker{}, "") }

// Update implements Builder.
func (v VoteInteraction) Update(replaceText string) (Card, error) {
	return v.check(&checker{update: true}, replaceText)
}

func (v VoteInteraction) check(k *checker, replaceText string) (Card, error) {
	return k.finish(Content{
		CardType:     KindVoteInteraction,
		Source:       k.source(v.Source, false),
		TaskID:       k.taskID(v.TaskID, true),
		MainTitle:    k.title(v.Title, true, 16, 160),
		Checkbox:     k.checkbox(v.Checkbox),
		SubmitButton: k.submit(v.Submit),
		ReplaceText:  k.replaceText(replaceText, true),
	})
}

func (k *checker) checkbox(b Checkbox) *Checkbox {
	k.count("checkbox.option_list", len(b.OptionList), 1, maxChoices)
	k.disable("checkbox", b.Disable)
	if b.Mode != Single && b.Mode != Several {
		k.refuse("checkbox.mode", "is %d, allowed are 0 and 1", b.Mode)
	}
	out := b
	out.QuestionKey = k.id("checkbox.question_key", b.QuestionKey, maxKey)
	out.OptionList = slices.Clone(b.OptionList)
	ids := map[string]bool{}
	for i, o := range b.OptionList {
		at := fmt.Sprintf("checkbox.option_list[%d]", i)
		out.OptionList[i] = Choice{
			ID:        k.uniqueID(at+".id", o.ID, maxOptionID, ids),
			Text:      k.needText(at+".text", o.Text, 17),
			IsChecked: o.IsChecked,
		}
	}
	return &out
}

// MultipleInteraction is a multiple_interaction: one to three drop-down lists sent together.
type MultipleInteraction struct {
	TaskID string
	Source *Source // DescColor is dropped: this card has no coloured source
	Title  MainTitle
	Lists  []Selection
	Submit *SubmitButton // required to build, optional in an update
}

// Build implements Builder.
func (m MultipleInteraction) Build() (Card, error) { return m.check(&checker{}, "") }

// Update implements Builder.
func (m MultipleInteraction) Update(replaceText string) (Card, error) {
	return m.check(&checker{update: true}, replaceText)
}

func (m MultipleInteraction) check(k *checker, replaceText string) (Card, error) {
	k.count("select_list", len(m.Lists), 1, maxLists)
	var lists []Selection
	seen := map[string]bool{}
	for i, s := range m.Lists {
		lists = append(lists, k.selection(fmt.Sprintf("select_list[%d]", i), s, seen))
	}
	return k.finish(Content{
		CardType:     KindMultipleInteraction,
		Source:       k.source(m.Source, false),
		TaskID:       k.taskID(m.TaskID, true),
		MainTitle:    k.title(m.Title, true, 36, 160),
		SelectList:   lists,
		SubmitButton: k.submit(m.Submit),
		ReplaceText:  k.replaceText(replaceText, true),
	})
}
