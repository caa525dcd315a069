package sandbox

import "encoding/json"

// Card is a template_card (api.md 2.5): the JSON of message/send and, with the
// same names in PascalCase, the XML of a passive update (callbacks.md 5.1).
type Card struct {
	CardType        string        `json:"card_type" xml:"CardType"`
	Source          *CardSource   `json:"source,omitempty" xml:"Source"`
	ActionMenu      *ActionMenu   `json:"action_menu,omitempty" xml:"ActionMenu"`
	TaskID          string        `json:"task_id,omitempty" xml:"TaskId"`
	MainTitle       *TitleDesc    `json:"main_title,omitempty" xml:"MainTitle"`
	QuoteArea       *QuoteArea    `json:"quote_area,omitempty" xml:"QuoteArea"`
	EmphasisContent *TitleDesc    `json:"emphasis_content,omitempty" xml:"EmphasisContent"`
	SubTitleText    string        `json:"sub_title_text,omitempty" xml:"SubTitleText"`
	ImageTextArea   *ImageText    `json:"image_text_area,omitempty" xml:"ImageTextArea"`
	CardImage       *CardImage    `json:"card_image,omitempty" xml:"CardImage"`
	VerticalList    []TitleDesc   `json:"vertical_content_list,omitempty" xml:"VerticalContentList"`
	HorizontalList  []Row         `json:"horizontal_content_list,omitempty" xml:"HorizontalContentList"`
	JumpList        []Jump        `json:"jump_list,omitempty" xml:"JumpList"`
	CardAction      *Link         `json:"card_action,omitempty" xml:"CardAction"`
	ButtonSelection *Selection    `json:"button_selection,omitempty" xml:"ButtonSelection"`
	ButtonList      []Button      `json:"button_list,omitempty" xml:"ButtonList"`
	Checkbox        *Checkbox     `json:"checkbox,omitempty" xml:"CheckBox"`
	SelectList      []Selection   `json:"select_list,omitempty" xml:"SelectList"`
	SubmitButton    *SubmitButton `json:"submit_button,omitempty" xml:"SubmitButton"`
	ReplaceText     string        `json:"replace_text,omitempty" xml:"ReplaceText"`
}

type CardSource struct {
	IconURL   string `json:"icon_url,omitempty" xml:"IconUrl"`
	Desc      string `json:"desc,omitempty" xml:"Desc"`
	DescColor int    `json:"desc_color,omitempty" xml:"DescColor"`
}

type ActionMenu struct {
	Desc string   `json:"desc,omitempty" xml:"Desc"`
	List []Action `json:"action_list" xml:"ActionList"`
}

type Action struct {
	Text string `json:"text" xml:"Text"`
	Key  string `json:"key" xml:"Key"`
}

type TitleDesc struct {
	Title string `json:"title,omitempty" xml:"Title"`
	Desc  string `json:"desc,omitempty" xml:"Desc"`
}

// Link is where a part leads: Type 0 nowhere, 1 URL, 2 mini program.
type Link struct {
	Type     int    `json:"type,omitempty" xml:"Type"`
	URL      string `json:"url,omitempty" xml:"Url"`
	AppID    string `json:"appid,omitempty" xml:"AppId"`
	PagePath string `json:"pagepath,omitempty" xml:"PagePath"`
}

type QuoteArea struct {
	Link
	Title     string `json:"title,omitempty" xml:"Title"`
	QuoteText string `json:"quote_text,omitempty" xml:"QuoteText"`
}

type ImageText struct {
	Link
	Title    string `json:"title,omitempty" xml:"Title"`
	Desc     string `json:"desc,omitempty" xml:"Desc"`
	ImageURL string `json:"image_url,omitempty" xml:"ImageUrl"`
}

type CardImage struct {
	URL         string   `json:"url,omitempty" xml:"Url"`
	AspectRatio *float64 `json:"aspect_ratio,omitempty" xml:"AspectRatio"`
}

// Row is a line of horizontal_content_list: Type 0 plain, 1 URL, 2 attachment, 3 member.
type Row struct {
	Type    int    `json:"type,omitempty" xml:"Type"`
	KeyName string `json:"keyname" xml:"KeyName"`
	Value   string `json:"value,omitempty" xml:"Value"`
	URL     string `json:"url,omitempty" xml:"Url"`
	MediaID string `json:"media_id,omitempty" xml:"MediaId"`
	UserID  string `json:"userid,omitempty" xml:"UserId"`
}

type Jump struct {
	Link
	Title string `json:"title" xml:"Title"`
}

// Selection is button_selection or one entry of select_list.
type Selection struct {
	QuestionKey string   `json:"question_key" xml:"QuestionKey"`
	Title       string   `json:"title,omitempty" xml:"Title"`
	Disable     bool     `json:"disable,omitempty" xml:"Disable"`
	SelectedID  string   `json:"selected_id,omitempty" xml:"SelectedId"`
	Options     []Option `json:"option_list" xml:"OptionList"`
}

// Option is a choice; IsChecked counts in a checkbox only.
type Option struct {
	ID        string `json:"id" xml:"Id"`
	Text      string `json:"text" xml:"Text"`
	IsChecked bool   `json:"is_checked,omitempty" xml:"IsChecked"`
}

type Button struct {
	Type  int    `json:"type,omitempty" xml:"Type"` // 0 callback, 1 open URL
	Text  string `json:"text" xml:"Text"`
	Style int    `json:"style,omitempty" xml:"Style"`
	Key   string `json:"key,omitempty" xml:"Key"`
	URL   string `json:"url,omitempty" xml:"Url"`
}

// Checkbox is the vote: Mode 0 single, 1 multiple.
type Checkbox struct {
	QuestionKey string   `json:"question_key" xml:"QuestionKey"`
	Mode        int      `json:"mode,omitempty" xml:"Mode"`
	Disable     bool     `json:"disable,omitempty" xml:"Disable"`
	Options     []Option `json:"option_list" xml:"OptionList"`
}

type SubmitButton struct {
	Text string `json:"text" xml:"Text"`
	Key  string `json:"key" xml:"Key"`
}

// The five card types.
const (
	textNotice   = "text_notice"
	newsNotice   = "news_notice"
	buttonCard   = "button_interaction"
	voteCard     = "vote_interaction"
	multipleCard = "multiple_interaction"
)

// updatable cards return a response_code, raise click events and can be updated.
func (c *Card) updatable() bool { return c.interactive() || c.ActionMenu != nil }

// interactive cards have buttons of their own.
func (c *Card) interactive() bool {
	return c.CardType == buttonCard || c.CardType == voteCard || c.CardType == multipleCard
}

// clone is a deep copy, so that one member's copy changes alone.
func (c *Card) clone() *Card {
	raw, err := json.Marshal(c)
	if err != nil { // plain data always encodes
		panic("sandbox: card: " + err.Error())
	}
	out := &Card{}
	if err := json.Unmarshal(raw, out); err != nil {
		panic("sandbox: card: " + err.Error())
	}
	return out
}

// title is what a list of messages would show of the card.
func (c *Card) title() string {
	if c.MainTitle != nil && c.MainTitle.Title != "" {
		return c.MainTitle.Title
	}
	return c.SubTitleText
}
