package card

import "slices"

// Content is a card part by part, named as in WeCom's JSON [90236]. The passive reply update_template_card carries
// the same parts in XML, so whoever answers a callback renders Content. An absent part is nil or empty.
type Content struct {
	CardType              Kind                `json:"card_type"`
	Source                *Source             `json:"source,omitempty"`
	ActionMenu            *ActionMenu         `json:"action_menu,omitempty"`
	TaskID                string              `json:"task_id,omitempty"`
	MainTitle             *MainTitle          `json:"main_title,omitempty"`
	QuoteArea             *QuoteArea          `json:"quote_area,omitempty"`
	EmphasisContent       *EmphasisContent    `json:"emphasis_content,omitempty"`
	SubTitleText          string              `json:"sub_title_text,omitempty"`
	ImageTextArea         *ImageTextArea      `json:"image_text_area,omitempty"`
	CardImage             *CardImage          `json:"card_image,omitempty"`
	VerticalContentList   []VerticalContent   `json:"vertical_content_list,omitempty"`
	HorizontalContentList []HorizontalContent `json:"horizontal_content_list,omitempty"`
	JumpList              []Jump              `json:"jump_list,omitempty"`
	CardAction            *CardAction         `json:"card_action,omitempty"`
	ButtonSelection       *Selection          `json:"button_selection,omitempty"`
	ButtonList            []Button            `json:"button_list,omitempty"`
	Checkbox              *Checkbox           `json:"checkbox,omitempty"`
	SelectList            []Selection         `json:"select_list,omitempty"`
	SubmitButton          *SubmitButton       `json:"submit_button,omitempty"`
	ReplaceText           string              `json:"replace_text,omitempty"`
}

// Source is the small line on top that says where the card comes from.
type Source struct {
	IconURL string `json:"icon_url,omitempty"` // 72×72 pixels suggested
	Desc    string `json:"desc,omitempty"`     // cut to 20 characters
	// DescColor colours Desc; vote and multiple cards have no such field and drop it.
	DescColor Color `json:"desc_color,omitempty"`
}

// Color is the colour of Source.Desc.
type Color int

// The four colours WeCom knows.
const (
	Grey Color = iota
	Black
	Red
	Green
)

// ActionMenu is the menu behind the card's upper right corner; a card with one is updatable and needs a task id.
type ActionMenu struct {
	Desc       string   `json:"desc,omitempty"`
	ActionList []Action `json:"action_list"` // 1 to 3
}

// Action is one entry of an ActionMenu; Key (≤ 1024 bytes, unique) comes back as EventKey.
type Action struct {
	Text string `json:"text"`
	Key  string `json:"key"`
}

// MainTitle is the headline.
type MainTitle struct {
	Title string `json:"title,omitempty"` // cut to 36 characters, on a vote to 16
	Desc  string `json:"desc,omitempty"`  // cut to 44 characters, on vote and multiple cards to 160
}

// LinkType says where a press leads.
type LinkType int

// Where a quote, a picture area, a jump or the whole card leads.
const (
	NoLink LinkType = iota
	ToURL
	ToMiniProgram
)

// QuoteArea is the quoted text; it leads to URL (ToURL) or to AppID (ToMiniProgram).
type QuoteArea struct {
	Type      LinkType `json:"type,omitempty"`
	URL       string   `json:"url,omitempty"`
	AppID     string   `json:"appid,omitempty"`
	PagePath  string   `json:"pagepath,omitempty"`
	Title     string   `json:"title,omitempty"`
	QuoteText string   `json:"quote_text,omitempty"`
}

// EmphasisContent is the big figure of a text notice.
type EmphasisContent struct {
	Title string `json:"title,omitempty"` // cut to 14 characters
	Desc  string `json:"desc,omitempty"`  // cut to 22 characters
}

// ImageTextArea is the picture beside text of a news notice.
type ImageTextArea struct {
	Type     LinkType `json:"type,omitempty"`
	URL      string   `json:"url,omitempty"`
	AppID    string   `json:"appid,omitempty"`
	PagePath string   `json:"pagepath,omitempty"`
	Title    string   `json:"title,omitempty"`
	Desc     string   `json:"desc,omitempty"`
	ImageURL string   `json:"image_url"`
}

// CardImage is the large picture of a news notice; AspectRatio lies between 1.3 and 2.25, 0 means WeCom's default 1.3.
type CardImage struct {
	URL         string  `json:"url"`
	AspectRatio float64 `json:"aspect_ratio,omitempty"`
}

// VerticalContent is a titled paragraph of a news notice.
type VerticalContent struct {
	Title string `json:"title"`          // cut to 38 characters
	Desc  string `json:"desc,omitempty"` // cut to 160 characters
}

// RowType says what the value of a HorizontalContent is.
type RowType int

// Kinds of rows.
const (
	PlainRow RowType = iota
	URLRow
	AttachmentRow
	MemberRow
)

// HorizontalContent is one "name: value" row. URLRow needs URL, AttachmentRow MediaID and a file name with extension
// as Value, MemberRow UserID.
type HorizontalContent struct {
	Type    RowType `json:"type,omitempty"`
	KeyName string  `json:"keyname"`         // cut to 5 characters
	Value   string  `json:"value,omitempty"` // cut to 30 characters; an attachment keeps its extension
	URL     string  `json:"url,omitempty"`
	MediaID string  `json:"media_id,omitempty"`
	UserID  string  `json:"userid,omitempty"`
}

// Jump is one line at the foot of a notice that leads elsewhere.
type Jump struct {
	Type     LinkType `json:"type,omitempty"`
	Title    string   `json:"title"` // cut to 18 characters
	URL      string   `json:"url,omitempty"`
	AppID    string   `json:"appid,omitempty"`
	PagePath string   `json:"pagepath,omitempty"`
}

// CardAction is where a press on the body of the card leads; notices must lead somewhere.
type CardAction struct {
	Type     LinkType `json:"type,omitempty"`
	URL      string   `json:"url,omitempty"`
	AppID    string   `json:"appid,omitempty"`
	PagePath string   `json:"pagepath,omitempty"`
}

// Selection is a drop-down list with 1 to 10 options. SelectedID chooses one; WeCom takes the first when it is empty.
type Selection struct {
	QuestionKey string   `json:"question_key"` // ≤ 1024 bytes, unique in the card
	Title       string   `json:"title,omitempty"`
	Disable     bool     `json:"disable,omitempty"` // greys the list; only in an update
	SelectedID  string   `json:"selected_id,omitempty"`
	OptionList  []Option `json:"option_list"`
}

// Option is one choice of a Selection.
type Option struct {
	ID   string `json:"id"`   // ≤ 128 bytes, unique in its list
	Text string `json:"text"` // cut to 16 characters
}

// ButtonType says what a press on a Button does.
type ButtonType int

// A button calls back with its Key or opens its URL.
const (
	Callback ButtonType = iota
	OpenURL
)

// Style is the look of a button, 1 (blue) to 4; 0 leaves it to WeCom, which takes 1.
type Style int

// Button is one of the 1 to 6 buttons of a button card.
type Button struct {
	Type  ButtonType `json:"type,omitempty"`
	Text  string     `json:"text"` // cut to 10 characters
	Style Style      `json:"style,omitempty"`
	Key   string     `json:"key,omitempty"` // Callback: ≤ 1024 bytes, unique in the card
	URL   string     `json:"url,omitempty"` // OpenURL
}

// Mode says how many choices a Checkbox takes.
type Mode int

// Single choice or several.
const (
	Single Mode = iota
	Several
)

// Checkbox is the question of a vote, with 1 to 20 choices.
type Checkbox struct {
	QuestionKey string   `json:"question_key"` // ≤ 1024 bytes
	Disable     bool     `json:"disable,omitempty"`
	Mode        Mode     `json:"mode"`
	OptionList  []Choice `json:"option_list"`
}

// Choice is one answer of a Checkbox.
type Choice struct {
	ID        string `json:"id"`   // ≤ 128 bytes, unique
	Text      string `json:"text"` // cut to 17 characters
	IsChecked bool   `json:"is_checked"`
}

// SubmitButton sends a vote or the choices of a multiple card; Key comes back as EventKey.
type SubmitButton struct {
	Text string `json:"text"` // cut to 10 characters
	Key  string `json:"key"`  // ≤ 1024 bytes
}

// clone copies c with everything it points to.
func (c Content) clone() Content {
	c.Source = copied(c.Source)
	c.ActionMenu = copied(c.ActionMenu)
	if c.ActionMenu != nil {
		c.ActionMenu.ActionList = slices.Clone(c.ActionMenu.ActionList)
	}
	c.MainTitle = copied(c.MainTitle)
	c.QuoteArea = copied(c.QuoteArea)
	c.EmphasisContent = copied(c.EmphasisContent)
	c.ImageTextArea = copied(c.ImageTextArea)
	c.CardImage = copied(c.CardImage)
	c.VerticalContentList = slices.Clone(c.VerticalContentList)
	c.HorizontalContentList = slices.Clone(c.HorizontalContentList)
	c.JumpList = slices.Clone(c.JumpList)
	c.CardAction = copied(c.CardAction)
	c.ButtonSelection = copied(c.ButtonSelection)
	if c.ButtonSelection != nil {
		c.ButtonSelection.OptionList = slices.Clone(c.ButtonSelection.OptionList)
	}
	c.ButtonList = slices.Clone(c.ButtonList)
	c.Checkbox = copied(c.Checkbox)
	if c.Checkbox != nil {
		c.Checkbox.OptionList = slices.Clone(c.Checkbox.OptionList)
	}
	c.SelectList = slices.Clone(c.SelectList)
	for i := range c.SelectList {
		c.SelectList[i].OptionList = slices.Clone(c.SelectList[i].OptionList)
	}
	c.SubmitButton = copied(c.SubmitButton)
	return c
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
