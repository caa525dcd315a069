package card

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

// VoteInteraction is a vote_interaction: one question, single or several choice.
type VoteInteraction struct {
	TaskID   string
	Source   *Source // DescColor is dropped: a vote has no coloured source
	Title    MainTitle
	Checkbox Checkbox
	Submit   *SubmitButton // required to build, optional in an update
}

// MultipleInteraction is a multiple_interaction: one to three drop-down lists sent together.
type MultipleInteraction struct {
	TaskID string
	Source *Source // DescColor is dropped: this card has no coloured source
	Title  MainTitle
	Lists  []Selection
	Submit *SubmitButton // required to build, optional in an update
}
