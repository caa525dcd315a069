package event

// write writes the parts in the order of message/send; lists are siblings without a wrapper (callbacks.md 5.1).
func (c *TemplateCard) write(w *writer) {
	w.text("CardType", c.CardType)
	if s := c.Source; s != nil {
		w.group("Source", func() {
			w.optional("IconUrl", s.IconURL)
			w.optional("Desc", s.Desc)
			w.number("DescColor", int64(s.DescColor))
		})
	}
	if m := c.ActionMenu; m != nil {
		w.group("ActionMenu", func() {
			w.optional("Desc", m.Desc)
			w.list("ActionList", len(m.Actions), func(i int) {
				w.text("Text", m.Actions[i].Text)
				w.text("Key", m.Actions[i].Key)
			})
		})
	}
	c.MainTitle.write(w, "MainTitle")
	if q := c.QuoteArea; q != nil {
		w.group("QuoteArea", func() {
			q.CardAction.write(w)
			w.optional("Title", q.Title)
			w.optional("QuoteText", q.QuoteText)
		})
	}
	c.EmphasisContent.write(w, "EmphasisContent")
	w.optional("SubTitleText", c.SubTitleText)
	c.writePictures(w)
	c.writeRows(w)
	c.writeControls(w)
	w.optional("ReplaceText", c.ReplaceText)
}

func (c *TemplateCard) writePictures(w *writer) {
	if a := c.ImageTextArea; a != nil {
		w.group("ImageTextArea", func() {
			a.CardAction.write(w)
			w.optional("Title", a.Title)
			w.optional("Desc", a.Desc)
			w.text("ImageUrl", a.ImageURL)
		})
	}
	if i := c.CardImage; i != nil {
		w.group("CardImage", func() {
			w.text("Url", i.URL)
			if i.AspectRatio != 0 {
				w.decimal("AspectRatio", i.AspectRatio)
			}
		})
	}
	if len(c.VerticalContents) > 0 {
		w.list("VerticalContentList", len(c.VerticalContents), func(i int) { c.VerticalContents[i].writeInside(w) })
	}
}

func (c *TemplateCard) writeRows(w *writer) {
	if len(c.Rows) > 0 {
		w.list("HorizontalContentList", len(c.Rows), func(i int) {
			r := c.Rows[i]
			if r.Type != 0 {
				w.number("Type", int64(r.Type))
			}
			w.text("KeyName", r.KeyName)
			w.optional("Value", r.Value)
			w.optional("Url", r.URL)
			w.optional("MediaId", r.MediaID)
			w.optional("UserId", r.UserID)
		})
	}
	if len(c.Jumps) > 0 {
		w.list("JumpList", len(c.Jumps), func(i int) {
			j := c.Jumps[i]
			w.number("Type", int64(j.Type))
			w.text("Title", j.Title)
			j.writeTarget(w)
		})
	}
	if a := c.Action; a != nil {
		w.group("CardAction", func() { a.write(w) })
	}
}

func (c *TemplateCard) writeControls(w *writer) {
	if s := c.ButtonSelection; s != nil {
		w.group("ButtonSelection", func() { s.write(w) })
	}
	if len(c.Buttons) > 0 {
		w.list("ButtonList", len(c.Buttons), func(i int) {
			b := c.Buttons[i]
			w.text("Text", b.Text)
			if b.Style != 0 {
				w.number("Style", int64(b.Style))
			}
			w.text("Key", b.Key)
		})
	}
	if b := c.CheckBox; b != nil {
		w.group("CheckBox", func() {
			w.text("QuestionKey", b.QuestionKey)
			w.list("OptionList", len(b.Options), func(i int) {
				w.text("Id", b.Options[i].ID)
				w.text("Text", b.Options[i].Text)
				w.flag("IsChecked", b.Options[i].IsChecked)
			})
			w.flag("Disable", b.Disable)
			w.number("Mode", int64(b.Mode))
		})
	}
	if len(c.Selects) > 0 {
		w.list("SelectList", len(c.Selects), func(i int) { c.Selects[i].write(w) })
	}
	if s := c.SubmitButton; s != nil {
		w.group("SubmitButton", func() {
			w.optional("Text", s.Text)
			w.text("Key", s.Key)
		})
	}
}

func (t *CardTitle) write(w *writer, name string) {
	if t == nil {
		return
	}
	w.group(name, func() { t.writeInside(w) })
}

func (t *CardTitle) writeInside(w *writer) {
	w.optional("Title", t.Title)
	w.optional("Desc", t.Desc)
}

func (a *CardAction) write(w *writer) {
	w.number("Type", int64(a.Type))
	a.writeTarget(w)
}

func (a *CardAction) writeTarget(w *writer) {
	w.optional("Url", a.URL)
	w.optional("AppId", a.AppID)
	w.optional("PagePath", a.PagePath)
}

func (s *CardSelect) write(w *writer) {
	w.text("QuestionKey", s.QuestionKey)
	w.optional("Title", s.Title)
	w.optional("SelectedId", s.SelectedID)
	w.flag("Disable", s.Disable)
	w.list("OptionList", len(s.Options), func(i int) {
		w.text("Id", s.Options[i].ID)
		w.text("Text", s.Options[i].Text)
	})
}
