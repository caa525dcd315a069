package sandbox

import (
	"fmt"
	"regexp"
	"unicode/utf8"
)

// cardChecker applies the matrix and the limits of api.md 2.5 to one card. The
// first violation is kept; lengths that are only advised become notes.
type cardChecker struct {
	update bool // a card update: replace_text and disable allowed, submit_button optional
	err    *apiError
	notes  []string
	media  func(id, kind string) bool // does this media exist
	linked func(appid string) bool    // is this mini program linked to the app
}

// check returns the first violation, or nil.
func (k *cardChecker) check(c *Card) *apiError {
	switch c.CardType {
	case textNotice, newsNotice, buttonCard, voteCard, multipleCard:
	default:
		return fail(42031, "template_card.card_type invalid")
	}
	k.matrix(c)
	k.head(c)
	k.lists(c)
	k.interaction(c)
	return k.err
}

func (k *cardChecker) fail(code int, field string) {
	if k.err == nil {
		k.err = fail(code, "template_card."+field)
	}
}

func (k *cardChecker) advise(field, value string, limit int) {
	if utf8.RuneCountInString(value) > limit {
		k.notes = append(k.notes, fmt.Sprintf("%s 超过建议的 %d 字，屏幕上会被截断", field, limit))
	}
}

// matrix refuses parts that the card's type does not have.
func (k *cardChecker) matrix(c *Card) {
	const (
		tn = 1 << iota
		nn
		bi
		vi
		mi
	)
	is := map[string]int{textNotice: tn, newsNotice: nn, buttonCard: bi, voteCard: vi, multipleCard: mi}[c.CardType]
	for _, part := range []struct {
		name    string
		present bool
		allowed int
	}{
		{"action_menu", c.ActionMenu != nil, tn | nn | bi},
		{"quote_area", c.QuoteArea != nil, tn | nn | bi},
		{"emphasis_content", c.EmphasisContent != nil, tn},
		{"sub_title_text", c.SubTitleText != "", tn | bi},
		{"image_text_area", c.ImageTextArea != nil, nn},
		{"card_image", c.CardImage != nil, nn},
		{"vertical_content_list", len(c.VerticalList) > 0, nn},
		{"horizontal_content_list", len(c.HorizontalList) > 0, tn | nn | bi},
		{"jump_list", len(c.JumpList) > 0, tn | nn},
		{"card_action", c.CardAction != nil, tn | nn | bi},
		{"button_selection", c.ButtonSelection != nil, bi},
		{"button_list", len(c.ButtonList) > 0, bi},
		{"checkbox", c.Checkbox != nil, vi},
		{"select_list", len(c.SelectList) > 0, mi},
		{"submit_button", c.SubmitButton != nil, vi | mi},
	} {
		if part.present && part.allowed&is == 0 {
			k.fail(40058, part.name+" not allowed in "+c.CardType)
		}
	}
	if c.ReplaceText != "" && (!k.update || !c.interactive()) {
		k.fail(40058, "replace_text is for updates of interactive cards only")
	}
}

var taskIDForm = regexp.MustCompile(`^[0-9A-Za-z_@-]{1,128}$`)

func (k *cardChecker) head(c *Card) {
	if !k.update {
		if c.TaskID == "" && c.updatable() {
			k.fail(42014, "task_id missing")
		}
		if c.TaskID != "" && !taskIDForm.MatchString(c.TaskID) {
			k.fail(42014, "task_id invalid")
		}
	}
	if s := c.Source; s != nil {
		k.advise("source.desc", s.Desc, 20)
		if s.DescColor < 0 || s.DescColor > 3 {
			k.fail(40058, "source.desc_color")
		}
		if s.DescColor != 0 && (c.CardType == voteCard || c.CardType == multipleCard) {
			k.fail(40058, "source.desc_color not allowed in "+c.CardType)
		}
	}
	k.titles(c)
	if q := c.QuoteArea; q != nil {
		k.link("quote_area", q.Link, 42028, 42030)
	}
	if e := c.EmphasisContent; e != nil {
		k.advise("emphasis_content.title", e.Title, 14)
		k.advise("emphasis_content.desc", e.Desc, 22)
	}
	k.advise("sub_title_text", c.SubTitleText, 160)
	k.menu(c.ActionMenu)
	switch a := c.CardAction; {
	case c.CardType == textNotice || c.CardType == newsNotice:
		if a == nil || a.Type != 1 && a.Type != 2 {
			k.fail(42045, "card_action")
		} else {
			k.link("card_action", *a, 42028, 42030)
		}
	case a != nil && (a.Type < 0 || a.Type > 2):
		k.fail(42045, "card_action.type")
	case a != nil:
		k.link("card_action", *a, 42028, 42030)
	}
	if c.CardType == newsNotice {
		k.picture(c)
	}
}

func (k *cardChecker) titles(c *Card) {
	title, desc := "", ""
	if c.MainTitle != nil {
		title, desc = c.MainTitle.Title, c.MainTitle.Desc
	}
	if title == "" && (c.CardType != textNotice || c.SubTitleText == "") {
		k.fail(41016, "main_title.title missing")
	}
	titleLimit, descLimit := 36, 44
	switch c.CardType {
	case voteCard:
		titleLimit, descLimit = 16, 160
	case multipleCard:
		descLimit = 160
	}
	k.advise("main_title.title", title, titleLimit)
	k.advise("main_title.desc", desc, descLimit)
}

func (k *cardChecker) menu(m *ActionMenu) {
	if m == nil {
		return
	}
	if len(m.List) < 1 || len(m.List) > 3 {
		k.fail(40058, "action_menu.action_list needs 1 to 3 entries")
	}
	seen := map[string]bool{}
	for _, a := range m.List {
		switch {
		case a.Text == "":
			k.fail(40058, "action_menu.action_list.text missing")
		case a.Key == "" || len(a.Key) > 1024:
			k.fail(40058, "action_menu.action_list.key")
		case seen[a.Key]:
			k.fail(42051, "action_menu.action_list.key repeated")
		}
		seen[a.Key] = true
	}
}

func (k *cardChecker) picture(c *Card) {
	if c.CardImage == nil && c.ImageTextArea == nil {
		k.fail(42044, "card_image or image_text_area is needed")
	}
	if i := c.CardImage; i != nil {
		if i.URL == "" {
			k.fail(42044, "card_image.url missing")
		}
		k.url("card_image.url", i.URL)
		if r := i.AspectRatio; r != nil && (*r <= 1.3 || *r >= 2.25) {
			k.fail(40058, "card_image.aspect_ratio must be above 1.3 and below 2.25")
		}
	}
	if i := c.ImageTextArea; i != nil {
		if i.ImageURL == "" {
			k.fail(42044, "image_text_area.image_url missing")
		}
		k.url("image_text_area.image_url", i.ImageURL)
		k.link("image_text_area", i.Link, 42028, 42030)
	}
}

func (k *cardChecker) lists(c *Card) {
	if len(c.VerticalList) > 4 {
		k.fail(42036, "vertical_content_list has more than 4 rows")
	}
	for _, v := range c.VerticalList {
		if v.Title == "" {
			k.fail(42033, "vertical_content_list.title missing")
		}
		k.advise("vertical_content_list.title", v.Title, 38)
		k.advise("vertical_content_list.desc", v.Desc, 160)
	}
	if len(c.HorizontalList) > 6 {
		k.fail(42035, "horizontal_content_list has more than 6 rows")
	}
	for _, r := range c.HorizontalList {
		k.row(r)
	}
	if len(c.JumpList) > 3 {
		k.fail(42042, "jump_list has more than 3 entries")
	}
	for _, j := range c.JumpList {
		if j.Title == "" {
			k.fail(42033, "jump_list.title missing")
		}
		k.advise("jump_list.title", j.Title, 18)
		k.link("jump_list", j.Link, 42028, 42030)
	}
}

func (k *cardChecker) row(r Row) {
	const at = "horizontal_content_list."
	if r.KeyName == "" {
		k.fail(42027, at+"keyname missing")
	}
	k.advise(at+"keyname", r.KeyName, 5)
	k.advise(at+"value", r.Value, 30)
	switch r.Type {
	case 0:
	case 1:
		if r.URL == "" {
			k.fail(42028, at+"url missing")
		}
		k.url(at+"url", r.URL)
	case 2:
		if r.MediaID == "" {
			k.fail(42029, at+"media_id missing")
		} else if !k.media(r.MediaID, "file") {
			k.fail(40007, at+"media_id")
		}
	case 3:
		if r.UserID == "" {
			k.fail(42050, at+"userid missing")
		}
	default:
		k.fail(40058, at+"type")
	}
}

func (k *cardChecker) interaction(c *Card) {
	switch c.CardType {
	case buttonCard:
		k.buttons(c.ButtonList)
		if s := c.ButtonSelection; s != nil {
			k.selection("button_selection", *s)
		}
	case voteCard:
		k.vote(c.Checkbox)
		k.submit(c.SubmitButton)
	case multipleCard:
		if len(c.SelectList) < 1 || len(c.SelectList) > 3 {
			k.fail(42047, "select_list needs 1 to 3 entries")
		}
		seen := map[string]bool{}
		for _, s := range c.SelectList {
			k.selection("select_list", s)
			if seen[s.QuestionKey] {
				k.fail(42043, "select_list.question_key repeated")
			}
			seen[s.QuestionKey] = true
		}
		k.submit(c.SubmitButton)
	}
}

func (k *cardChecker) buttons(list []Button) {
	if len(list) < 1 || len(list) > 6 {
		k.fail(40058, "button_list needs 1 to 6 entries")
	}
	seen := map[string]bool{}
	for _, b := range list {
		if b.Text == "" {
			k.fail(42038, "button_list.text missing")
		}
		k.advise("button_list.text", b.Text, 10)
		switch b.Type {
		case 0:
			if b.Key == "" || len(b.Key) > 1024 || seen[b.Key] {
				k.fail(42039, "button_list.key missing, longer than 1024 bytes or repeated")
			}
			seen[b.Key] = true
		case 1:
			if b.URL == "" {
				k.fail(42028, "button_list.url missing")
			}
			k.url("button_list.url", b.URL)
		default:
			k.fail(40058, "button_list.type")
		}
	}
}

func (k *cardChecker) selection(at string, s Selection) {
	if s.QuestionKey == "" || len(s.QuestionKey) > 1024 {
		k.fail(42043, at+".question_key")
	}
	if s.Disable && !k.update {
		k.fail(40058, at+".disable is for updates only")
	}
	k.options(at, s.Options, 10, 16)
}

func (k *cardChecker) vote(b *Checkbox) {
	if b == nil {
		k.fail(42037, "checkbox missing")
		return
	}
	if b.QuestionKey == "" || len(b.QuestionKey) > 1024 {
		k.fail(42043, "checkbox.question_key")
	}
	if b.Mode != 0 && b.Mode != 1 {
		k.fail(40058, "checkbox.mode")
	}
	if b.Disable && !k.update {
		k.fail(40058, "checkbox.disable is for updates only")
	}
	k.options("checkbox", b.Options, 20, 17)
	checked := 0
	for _, o := range b.Options {
		if o.IsChecked {
			checked++
		}
	}
	if b.Mode == 0 && checked > 1 {
		k.fail(40058, "checkbox: several options checked in single mode")
	}
}

func (k *cardChecker) options(at string, list []Option, limit, advised int) {
	if len(list) < 1 || len(list) > limit {
		k.fail(42037, fmt.Sprintf("%s.option_list needs 1 to %d entries", at, limit))
	}
	seen := map[string]bool{}
	for _, o := range list {
		if o.ID == "" || len(o.ID) > 128 || seen[o.ID] {
			k.fail(42040, at+".option_list.id missing, longer than 128 bytes or repeated")
		}
		seen[o.ID] = true
		if o.Text == "" {
			k.fail(42041, at+".option_list.text missing")
		}
		k.advise(at+".option_list.text", o.Text, advised)
	}
}

func (k *cardChecker) submit(b *SubmitButton) {
	if b == nil {
		if !k.update {
			k.fail(42046, "submit_button missing")
		}
		return
	}
	if b.Text == "" {
		k.fail(42049, "submit_button.text missing")
	}
	k.advise("submit_button.text", b.Text, 10)
	if b.Key == "" || len(b.Key) > 1024 {
		k.fail(42046, "submit_button.key")
	}
}

// link checks a part that may lead somewhere: 1 needs a URL, 2 a mini program.
func (k *cardChecker) link(at string, l Link, noURL, noApp int) {
	switch l.Type {
	case 0:
	case 1:
		if l.URL == "" {
			k.fail(noURL, at+".url missing")
		}
		k.url(at+".url", l.URL)
	case 2:
		if l.AppID == "" {
			k.fail(noApp, at+".appid missing")
		} else if !k.linked(l.AppID) {
			k.fail(90206, at+".appid is not linked to the app")
		}
	default:
		k.fail(40058, at+".type")
	}
}

func (k *cardChecker) url(at, value string) {
	if value == "" {
		return
	}
	if code := badURL(value, 2048); code != 0 {
		k.fail(code, at)
	}
}
