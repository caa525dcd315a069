package card

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"guiju/wecom/internal/wire"
)

// Hard limits of template cards [90236].
const (
	maxTaskID    = 128  // bytes, 42014
	maxKey       = 1024 // bytes, of every key that comes back in an event
	maxOptionID  = 128  // bytes
	maxUserID    = 64   // bytes
	maxURL       = 2048 // bytes; documented for the other message types, applied to cards too
	maxActions   = 3    // 42051
	maxRows      = 6    // 42035
	maxParas     = 4    // 42036
	maxOptions   = 10   // 42037
	maxChoices   = 20
	maxJumps     = 3 // 42042
	maxButtons   = 6
	maxLists     = 3    // 42047
	minAspect    = 1.3  // exclusive, and the default
	maxAspect    = 2.25 // exclusive
	jsonRoot     = "template_card"
	onlyInUpdate = "only in an update"
)

// FieldError says which field of a card breaks which limit.
type FieldError struct {
	Path    string // in WeCom's JSON, such as "template_card.button_list[2].key"
	Problem string
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Problem) }

// checker cleans and cuts texts as it copies parts, and collects everything WeCom would refuse.
type checker struct {
	update   bool
	problems []error
}

// finish renders the card unless something was refused.
func (k *checker) finish(c Content) (Card, error) {
	if len(k.problems) > 0 {
		return Card{}, fmt.Errorf("%s card: %w", c.CardType, errors.Join(k.problems...))
	}
	return seal(c, k.update)
}

func (k *checker) refuse(field, format string, args ...any) {
	k.problems = append(k.problems, &FieldError{Path: jsonRoot + "." + field, Problem: fmt.Sprintf(format, args...)})
}

// text cleans s and cuts it to limit characters; 0 means no limit is known.
func (k *checker) text(s string, limit int) string {
	s = wire.Clean(s)
	if limit == 0 {
		return s
	}
	return wire.CutRunes(s, limit)
}

// needText is text for a required field.
func (k *checker) needText(field, s string, limit int) string {
	if strings.TrimSpace(s) == "" {
		k.refuse(field, "required")
	}
	return k.text(s, limit)
}

// id checks a required value that must come back unchanged, so it is never cut.
func (k *checker) id(field, s string, limit int) string {
	switch {
	case s == "":
		k.refuse(field, "required")
	case len(s) > limit:
		k.refuse(field, "has %d bytes, the limit is %d", len(s), limit)
	case wire.Clean(s) != s:
		k.refuse(field, "holds control characters or broken UTF-8")
	}
	return s
}

// uniqueID is id for a value that must differ from those in seen.
func (k *checker) uniqueID(field, s string, limit int, seen map[string]bool) string {
	if s != "" && seen[s] {
		k.refuse(field, "%q is used twice", s)
	}
	seen[s] = true
	return k.id(field, s, limit)
}

func (k *checker) url(field, s string) string {
	if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		if s == "" {
			k.refuse(field, "required")
		} else {
			k.refuse(field, "must begin with http:// or https://")
		}
		return s
	}
	return k.id(field, s, maxURL)
}

// optionalURL is url for a field that may stay empty.
func (k *checker) optionalURL(field, s string) string {
	if s == "" {
		return ""
	}
	return k.url(field, s)
}

func (k *checker) count(field string, n, least, most int) {
	if n < least || n > most {
		k.refuse(field, "has %d entries, allowed are %d to %d", n, least, most)
	}
}

// link checks where a part leads. Fields of the other kinds of link are refused: WeCom would ignore them silently.
func (k *checker) link(field string, t LinkType, url, appID, pagePath string) {
	switch t {
	case NoLink:
		if url != "" || appID != "" || pagePath != "" {
			k.refuse(field+".type", "required: the link has a target")
		}
	case ToURL:
		k.url(field+".url", url)
		if appID != "" || pagePath != "" {
			k.refuse(field+".appid", "belongs to type 2")
		}
	case ToMiniProgram:
		k.id(field+".appid", appID, maxOptionID)
		if pagePath != "" {
			k.id(field+".pagepath", pagePath, maxKey)
		}
		if url != "" {
			k.refuse(field+".url", "belongs to type 1")
		}
	default:
		k.refuse(field+".type", "is %d, allowed are 0 to 2", t)
	}
}

// taskID checks the task id [42014]. Updates carry none.
func (k *checker) taskID(s string, required bool) string {
	if k.update || s == "" && !required {
		return ""
	}
	k.id("task_id", s, maxTaskID)
	for _, r := range s {
		if r > utf8.RuneSelf || !strings.ContainsRune("_-@", r) && !isAlnum(r) {
			k.refuse("task_id", "holds %q, allowed are letters, digits and _ - @", r)
			break
		}
	}
	return s
}

func isAlnum(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func (k *checker) source(s *Source, coloured bool) *Source {
	if s == nil {
		return nil
	}
	if s.DescColor < Grey || s.DescColor > Green {
		k.refuse("source.desc_color", "is %d, allowed are 0 to 3", s.DescColor)
	}
	out := Source{IconURL: k.optionalURL("source.icon_url", s.IconURL), Desc: k.text(s.Desc, 20)}
	if coloured {
		out.DescColor = s.DescColor
	}
	return &out
}

func (k *checker) menu(m *ActionMenu) *ActionMenu {
	if m == nil {
		return nil
	}
	k.count("action_menu.action_list", len(m.ActionList), 1, maxActions)
	out := ActionMenu{Desc: k.text(m.Desc, 0), ActionList: slices.Clone(m.ActionList)}
	seen := map[string]bool{}
	for i, a := range out.ActionList {
		at := fmt.Sprintf("action_menu.action_list[%d]", i)
		out.ActionList[i] = Action{
			Text: k.needText(at+".text", a.Text, 0),
			Key:  k.uniqueID(at+".key", a.Key, maxKey, seen),
		}
	}
	return &out
}

func (k *checker) title(t MainTitle, required bool, titleLimit, descLimit int) *MainTitle {
	if required {
		k.needText("main_title.title", t.Title, titleLimit)
	}
	out := MainTitle{Title: k.text(t.Title, titleLimit), Desc: k.text(t.Desc, descLimit)}
	if out == (MainTitle{}) {
		return nil
	}
	return &out
}

func (k *checker) quote(q *QuoteArea) *QuoteArea {
	if q == nil {
		return nil
	}
	k.link("quote_area", q.Type, q.URL, q.AppID, q.PagePath)
	out := *q
	out.Title, out.QuoteText = k.text(q.Title, 0), k.text(q.QuoteText, 0)
	return &out
}

func (k *checker) rows(rows []HorizontalContent) []HorizontalContent {
	k.count("horizontal_content_list", len(rows), 0, maxRows)
	out := slices.Clone(rows)
	for i, r := range rows {
		at := fmt.Sprintf("horizontal_content_list[%d]", i)
		out[i].KeyName = k.needText(at+".keyname", r.KeyName, 5)
		out[i].Value = k.text(r.Value, 30)
		k.rowTarget(at, r)
		if r.Type == AttachmentRow {
			out[i].Value = k.fileName(at+".value", r.Value)
		}
	}
	return out
}

// rowTarget checks that a row holds the target of its type and no other, which WeCom would ignore.
func (k *checker) rowTarget(at string, r HorizontalContent) {
	targets := []struct {
		t            RowType
		field, value string
	}{{URLRow, "url", r.URL}, {AttachmentRow, "media_id", r.MediaID}, {MemberRow, "userid", r.UserID}}
	for _, x := range targets {
		if x.value != "" && r.Type != x.t {
			k.refuse(at+"."+x.field, "belongs to type %d", x.t)
		}
	}
	switch r.Type {
	case PlainRow:
	case URLRow:
		k.url(at+".url", r.URL)
	case AttachmentRow:
		k.id(at+".media_id", r.MediaID, maxKey)
	case MemberRow:
		k.id(at+".userid", r.UserID, maxUserID)
	default:
		k.refuse(at+".type", "is %d, allowed are 0 to 3", r.Type)
	}
}

// fileName cuts the name of an attachment before its extension, by which clients choose how to open it.
func (k *checker) fileName(field, name string) string {
	name = k.needText(field, name, 0)
	ext := path.Ext(name)
	if ext == "" || ext == name {
		k.refuse(field, "must be a file name with extension")
		return name
	}
	room := 30 - utf8.RuneCountInString(ext)
	if room < 2 {
		return wire.CutRunes(name, 30)
	}
	return wire.CutRunes(strings.TrimSuffix(name, ext), room) + ext
}

func (k *checker) jumps(jumps []Jump) []Jump {
	k.count("jump_list", len(jumps), 0, maxJumps)
	out := slices.Clone(jumps)
	for i, j := range jumps {
		at := fmt.Sprintf("jump_list[%d]", i)
		k.link(at, j.Type, j.URL, j.AppID, j.PagePath)
		out[i].Title = k.needText(at+".title", j.Title, 18)
	}
	return out
}

// action checks the press on the card's body; a notice must lead somewhere [42045].
func (k *checker) action(a *CardAction, required bool) *CardAction {
	if a == nil || *a == (CardAction{}) {
		if required {
			k.refuse("card_action.type", "is 0, allowed are 1 and 2")
		}
		return nil
	}
	if required && a.Type == NoLink {
		k.refuse("card_action.type", "is 0, allowed are 1 and 2")
	}
	k.link("card_action", a.Type, a.URL, a.AppID, a.PagePath)
	out := *a
	return &out
}

func (k *checker) disable(field string, disabled bool) {
	if disabled && !k.update {
		k.refuse(field+".disable", onlyInUpdate)
	}
}

// selection checks a drop-down list; seen holds the question keys of the card so far.
func (k *checker) selection(at string, s Selection, seen map[string]bool) Selection {
	k.count(at+".option_list", len(s.OptionList), 1, maxOptions)
	k.disable(at, s.Disable)
	out := s
	out.QuestionKey = k.uniqueID(at+".question_key", s.QuestionKey, maxKey, seen)
	out.Title = k.text(s.Title, 0)
	out.OptionList = slices.Clone(s.OptionList)
	ids := map[string]bool{}
	for i, o := range s.OptionList {
		opt := fmt.Sprintf("%s.option_list[%d]", at, i)
		out.OptionList[i] = Option{
			ID:   k.uniqueID(opt+".id", o.ID, maxOptionID, ids),
			Text: k.needText(opt+".text", o.Text, 16),
		}
	}
	if s.SelectedID != "" && !ids[s.SelectedID] {
		k.refuse(at+".selected_id", "%q is none of the options; WeCom would choose the first", s.SelectedID)
	}
	return out
}

func (k *checker) submit(s *SubmitButton) *SubmitButton {
	if s == nil {
		if !k.update {
			k.refuse("submit_button", "required")
		}
		return nil
	}
	return &SubmitButton{
		Text: k.needText("submit_button.text", s.Text, 10),
		Key:  k.id("submit_button.key", s.Key, maxKey),
	}
}

// replaceText greys the button of an interaction card; notices have none.
func (k *checker) replaceText(s string, hasButton bool) string {
	switch {
	case s == "":
	case !k.update:
		k.refuse("replace_text", onlyInUpdate)
	case !hasButton:
		k.refuse("replace_text", "a notice has no button to grey")
	}
	return k.text(s, 0)
}
