package event

import (
	"errors"
	"fmt"
)

// Card types.
const (
	TextNotice          = "text_notice"
	NewsNotice          = "news_notice"
	ButtonInteraction   = "button_interaction"
	VoteInteraction     = "vote_interaction"
	MultipleInteraction = "multiple_interaction"
)

// TemplateCard is the card a passive reply puts in the place of the presser's (callbacks.md 5.1). Its JSON form has
// the names of message/send, so that a card written for sending can be read into it. Nil and empty parts are left out.
type TemplateCard struct {
	CardType         string         `json:"card_type"`
	Source           *CardSource    `json:"source,omitempty"`
	ActionMenu       *CardMenuPart  `json:"action_menu,omitempty"`
	MainTitle        *CardTitle     `json:"main_title,omitempty"`
	QuoteArea        *CardQuote     `json:"quote_area,omitempty"`
	EmphasisContent  *CardTitle     `json:"emphasis_content,omitempty"`
	SubTitleText     string         `json:"sub_title_text,omitempty"`
	ImageTextArea    *CardImageText `json:"image_text_area,omitempty"`
	CardImage        *CardImage     `json:"card_image,omitempty"`
	VerticalContents []CardTitle    `json:"vertical_content_list,omitempty"`
	Rows             []CardRow      `json:"horizontal_content_list,omitempty"`
	Jumps            []CardJump     `json:"jump_list,omitempty"`
	Action           *CardAction    `json:"card_action,omitempty"`
	ButtonSelection  *CardSelect    `json:"button_selection,omitempty"`
	Buttons          []CardButton   `json:"button_list,omitempty"`
	CheckBox         *CardCheckBox  `json:"checkbox,omitempty"`
	Selects          []CardSelect   `json:"select_list,omitempty"`
	SubmitButton     *CardSubmit    `json:"submit_button,omitempty"`
	ReplaceText      string         `json:"replace_text,omitempty"`
}

// CardSource is the line above the title. DescColor: 0 grey, 1 black, 2 red, 3 green.
type CardSource struct {
	IconURL   string `json:"icon_url,omitempty"`
	Desc      string `json:"desc,omitempty"`
	DescColor int    `json:"desc_color,omitempty"`
}

// CardMenuPart is the top-right menu.
type CardMenuPart struct {
	Desc    string           `json:"desc,omitempty"`
	Actions []CardMenuAction `json:"action_list"`
}

// CardMenuAction is one entry of the menu.
type CardMenuAction struct {
	Text string `json:"text"`
	Key  string `json:"key"`
}

// CardTitle is a title with a description.
type CardTitle struct {
	Title string `json:"title,omitempty"`
	Desc  string `json:"desc,omitempty"`
}

// CardAction says where a part leads. Type: 1 URL, 2 mini-program.
type CardAction struct {
	Type     int    `json:"type"`
	URL      string `json:"url,omitempty"`
	AppID    string `json:"appid,omitempty"`
	PagePath string `json:"pagepath,omitempty"`
}

// CardQuote is a quoted passage.
type CardQuote struct {
	CardAction
	Title     string `json:"title,omitempty"`
	QuoteText string `json:"quote_text,omitempty"`
}

// CardImageText is a picture with text beside it.
type CardImageText struct {
	CardAction
	Title    string `json:"title,omitempty"`
	Desc     string `json:"desc,omitempty"`
	ImageURL string `json:"image_url"`
}

// CardImage is the large picture.
type CardImage struct {
	URL         string  `json:"url"`
	AspectRatio float64 `json:"aspect_ratio,omitempty"`
}

// CardRow is one line of key and value. Type: 0 plain, 1 URL, 2 attachment, 3 member.
type CardRow struct {
	Type    int    `json:"type,omitempty"`
	KeyName string `json:"keyname"`
	Value   string `json:"value,omitempty"`
	URL     string `json:"url,omitempty"`
	MediaID string `json:"media_id,omitempty"`
	UserID  string `json:"userid,omitempty"`
}

// CardJump is one link below the rows.
type CardJump struct {
	CardAction
	Title string `json:"title"`
}

// CardOption is one choice.
type CardOption struct {
	ID        string `json:"id"`
	Text      string `json:"text"`
	IsChecked bool   `json:"is_checked,omitempty"` // CheckBox only
}

// CardSelect is a drop-down list.
type CardSelect struct {
	QuestionKey string       `json:"question_key"`
	Title       string       `json:"title,omitempty"`
	SelectedID  string       `json:"selected_id,omitempty"`
	Disable     bool         `json:"disable,omitempty"`
	Options     []CardOption `json:"option_list"`
}

// CardCheckBox is a vote. Mode: 0 single choice, 1 multiple.
type CardCheckBox struct {
	QuestionKey string       `json:"question_key"`
	Mode        int          `json:"mode"`
	Disable     bool         `json:"disable,omitempty"`
	Options     []CardOption `json:"option_list"`
}

// CardButton is one button.
type CardButton struct {
	Text  string `json:"text"`
	Style int    `json:"style,omitempty"`
	Key   string `json:"key"`
}

// CardSubmit is the submit button.
type CardSubmit struct {
	Text string `json:"text,omitempty"`
	Key  string `json:"key"`
}

// part says how one part of a card stands to its type: which letters of T(ext) N(ews) B(utton) V(ote) M(ultiple)
// allow and need it, and how many entries it may have (callbacks.md 5.1, api.md 2.5). A submit button is optional in
// an update ([94888]).
type part struct {
	name    string
	present bool
	allowed string
	needed  string
	count   int
	most    int
}

func (c *TemplateCard) parts() []part {
	title := c.MainTitle != nil
	return []part{
		{"Source", c.Source != nil, "TNBVM", "", 0, 0},
		{"ActionMenu", c.ActionMenu != nil, "TNB", "", c.actions(), 3},
		{"MainTitle", title || c.CardType == TextNotice && c.SubTitleText != "", "TNBVM", "TNBVM", 0, 0},
		{"QuoteArea", c.QuoteArea != nil, "TNB", "", 0, 0},
		{"EmphasisContent", c.EmphasisContent != nil, "T", "", 0, 0},
		{"SubTitleText", c.SubTitleText != "", "TB", "", 0, 0},
		{"ImageTextArea", c.ImageTextArea != nil, "N", "", 0, 0},
		{"CardImage", c.CardImage != nil, "N", "", 0, 0},
		{"VerticalContentList", len(c.VerticalContents) > 0, "N", "", len(c.VerticalContents), 4},
		{"HorizontalContentList", len(c.Rows) > 0, "TNB", "", len(c.Rows), 6},
		{"JumpList", len(c.Jumps) > 0, "TN", "", len(c.Jumps), 3},
		{"CardAction", c.Action != nil, "TNB", "TN", 0, 0},
		{"ButtonSelection", c.ButtonSelection != nil, "B", "", 0, 0},
		{"ButtonList", len(c.Buttons) > 0, "B", "B", len(c.Buttons), 6},
		{"CheckBox", c.CheckBox != nil, "V", "V", 0, 0},
		{"SelectList", len(c.Selects) > 0, "M", "M", len(c.Selects), 3},
		{"SubmitButton", c.SubmitButton != nil, "VM", "", 0, 0},
		{"ReplaceText", c.ReplaceText != "", "BVM", "", 0, 0},
	}
}

func (c *TemplateCard) actions() int {
	if c.ActionMenu == nil {
		return 0
	}
	return len(c.ActionMenu.Actions)
}

// Check names the first part that is missing, does not belong to the card's type, or breaks a limit.
func (c *TemplateCard) Check() error {
	kind, ok := map[string]byte{
		TextNotice: 'T', NewsNotice: 'N', ButtonInteraction: 'B', VoteInteraction: 'V', MultipleInteraction: 'M',
	}[c.CardType]
	if !ok {
		return fmt.Errorf("%w: TemplateCard.CardType %q is none of the five", ErrReply, c.CardType)
	}
	for _, p := range c.parts() {
		switch {
		case p.present && !contains(p.allowed, kind):
			return fmt.Errorf("%w: TemplateCard.%s does not belong to %s", ErrReply, p.name, c.CardType)
		case !p.present && contains(p.needed, kind):
			return fmt.Errorf("%w: TemplateCard.%s is missing in %s", ErrReply, p.name, c.CardType)
		case p.most > 0 && p.count > p.most:
			return fmt.Errorf("%w: TemplateCard.%s has %d entries, at most %d are allowed", ErrReply, p.name, p.count, p.most)
		}
	}
	return c.checkInside()
}

// checkInside looks at the values a member's press comes back with, and at those WeCom refuses when empty.
func (c *TemplateCard) checkInside() error {
	var errs []error
	if c.ActionMenu != nil {
		if len(c.ActionMenu.Actions) == 0 {
			errs = append(errs, fmt.Errorf("%w: TemplateCard.ActionMenu.ActionList is empty", ErrReply))
		}
		for i, a := range c.ActionMenu.Actions {
			at := fmt.Sprintf("TemplateCard.ActionMenu.ActionList[%d].", i)
			errs = append(errs, need(at+"Text", a.Text), checkKey(at+"Key", a.Key))
		}
	}
	for i, r := range c.Rows {
		errs = append(errs, need(fmt.Sprintf("TemplateCard.HorizontalContentList[%d].KeyName", i), r.KeyName))
	}
	for i, b := range c.Buttons {
		at := fmt.Sprintf("TemplateCard.ButtonList[%d].", i)
		errs = append(errs, need(at+"Text", b.Text), checkKey(at+"Key", b.Key))
	}
	if s := c.ButtonSelection; s != nil {
		errs = append(errs, checkQuestion("TemplateCard.ButtonSelection.", s.QuestionKey, s.Options, 10))
	}
	if b := c.CheckBox; b != nil {
		errs = append(errs, checkQuestion("TemplateCard.CheckBox.", b.QuestionKey, b.Options, 20))
	}
	for i, s := range c.Selects {
		errs = append(errs, checkQuestion(fmt.Sprintf("TemplateCard.SelectList[%d].", i), s.QuestionKey, s.Options, 10))
	}
	if c.SubmitButton != nil {
		errs = append(errs, checkKey("TemplateCard.SubmitButton.Key", c.SubmitButton.Key))
	}
	return errors.Join(errs...)
}

func checkQuestion(at, key string, options []CardOption, most int) error {
	if n := len(options); n < 1 || n > most {
		return fmt.Errorf("%w: %sOptionList has %d entries, 1 to %d are allowed", ErrReply, at, n, most)
	}
	errs := []error{checkKey(at+"QuestionKey", key)}
	for i, o := range options {
		in := fmt.Sprintf("%sOptionList[%d].", at, i)
		errs = append(errs, need(in+"Id", o.ID), limit(in+"Id", o.ID, 128), need(in+"Text", o.Text))
	}
	return errors.Join(errs...)
}

func checkKey(field, key string) error {
	return errors.Join(need(field, key), limit(field, key, 1024))
}

func contains(letters string, kind byte) bool {
	for i := range len(letters) {
		if letters[i] == kind {
			return true
		}
	}
	return false
}
