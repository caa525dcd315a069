package card

import "fmt"

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

// Build implements Builder.
func (n TextNotice) Build() (Card, error) { return n.check(&checker{}, "") }

// Update implements Builder.
func (n TextNotice) Update(replaceText string) (Card, error) {
	return n.check(&checker{update: true}, replaceText)
}

func (n TextNotice) check(k *checker, replaceText string) (Card, error) {
	c := Content{
		CardType:              KindTextNotice,
		Source:                k.source(n.Source, true),
		ActionMenu:            k.menu(n.Menu),
		TaskID:                k.taskID(n.TaskID, n.Menu != nil),
		MainTitle:             k.title(n.Title, n.SubTitle == "", 36, 44),
		QuoteArea:             k.quote(n.Quote),
		SubTitleText:          k.text(n.SubTitle, 160),
		HorizontalContentList: k.rows(n.Rows),
		JumpList:              k.jumps(n.Jumps),
		CardAction:            k.action(&n.Action, true),
		ReplaceText:           k.replaceText(replaceText, false),
	}
	if n.Emphasis != nil {
		c.EmphasisContent = &EmphasisContent{Title: k.text(n.Emphasis.Title, 14), Desc: k.text(n.Emphasis.Desc, 22)}
	}
	return k.finish(c)
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

// Build implements Builder.
func (n NewsNotice) Build() (Card, error) { return n.check(&checker{}, "") }

// Update implements Builder.
func (n NewsNotice) Update(replaceText string) (Card, error) {
	return n.check(&checker{update: true}, replaceText)
}

func (n NewsNotice) check(k *checker, replaceText string) (Card, error) {
	if n.Image == nil && n.Area == nil {
		k.refuse("card_image", "required, or image_text_area")
	}
	return k.finish(Content{
		CardType:              KindNewsNotice,
		Source:                k.source(n.Source, true),
		ActionMenu:            k.menu(n.Menu),
		TaskID:                k.taskID(n.TaskID, n.Menu != nil),
		MainTitle:             k.title(n.Title, true, 36, 44),
		QuoteArea:             k.quote(n.Quote),
		ImageTextArea:         k.area(n.Area),
		CardImage:             k.image(n.Image),
		VerticalContentList:   k.paragraphs(n.Paragraphs),
		HorizontalContentList: k.rows(n.Rows),
		JumpList:              k.jumps(n.Jumps),
		CardAction:            k.action(&n.Action, true),
		ReplaceText:           k.replaceText(replaceText, false),
	})
}

func (k *checker) area(a *ImageTextArea) *ImageTextArea {
	if a == nil {
		return nil
	}
	k.link("image_text_area", a.Type, a.URL, a.AppID, a.PagePath)
	out := *a
	out.Title, out.Desc = k.text(a.Title, 0), k.text(a.Desc, 0)
	out.ImageURL = k.url("image_text_area.image_url", a.ImageURL)
	return &out
}

func (k *checker) image(i *CardImage) *CardImage {
	if i == nil {
		return nil
	}
	out := CardImage{URL: k.url("card_image.url", i.URL), AspectRatio: i.AspectRatio}
	switch r := i.AspectRatio; {
	case r == 0 || r == minAspect:
		out.AspectRatio = 0
	case !(r > minAspect && r < maxAspect): // also refuses NaN
		k.refuse("card_image.aspect_ratio", "is %v, must lie between %v and %v", r, minAspect, maxAspect)
	}
	return &out
}

func (k *checker) paragraphs(ps []VerticalContent) []VerticalContent {
	k.count("vertical_content_list", len(ps), 0, maxParas)
	var out []VerticalContent
	for i, p := range ps {
		at := fmt.Sprintf("vertical_content_list[%d]", i)
		out = append(out, VerticalContent{Title: k.needText(at+".title", p.Title, 38), Desc: k.text(p.Desc, 160)})
	}
	return out
}
