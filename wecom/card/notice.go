package card

// TextNotice is a text_notice: a headline, a figure, rows and links. Title or SubTitle is required, and Action must
// lead somewhere. With a Menu it is updatable and needs a TaskID.
type TextNotice struct {
	TaskID   string
	Source   *Source
	Menu     *ActionMenu
	Title    MainTitle
	Quote    *QuoteArea
	Emphasis *EmphasisContent
	SubTitle string              // cut to 160 characters
	Rows     []HorizontalContent // ≤ 6
	Jumps    []Jump              // ≤ 3
	Action   CardAction
}

// NewsNotice is a news_notice: a picture (Image or Area, or both) with a headline and paragraphs.
type NewsNotice struct {
	TaskID     string
	Source     *Source
	Menu       *ActionMenu
	Title      MainTitle
	Quote      *QuoteArea
	Area       *ImageTextArea
	Image      *CardImage
	Paragraphs []VerticalContent   // ≤ 4
	Rows       []HorizontalContent // ≤ 6
	Jumps      []Jump              // ≤ 3
	Action     CardAction
}
