package event

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Render checks a reply and writes the XML to be sealed (callbacks.md chapter 5).
func Render(r Reply, a Address) ([]byte, error) { return render(&writer{}, r, a) }

// RenderJSON is Render for receivers whose callbacks come in JSON. Element names become keys, repeated elements
// arrays; WeCom documents no other form for apps (callbacks.md 1.10).
func RenderJSON(r Reply, a Address) ([]byte, error) { return render(&writer{json: true}, r, a) }

func render(w *writer, r Reply, a Address) ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("render %s: %w", r.MsgType(), err)
	}
	if a.To == "" || a.From == "" {
		return nil, fmt.Errorf("render %s: %w: no addressee or no corp id", r.MsgType(), ErrReply)
	}
	w.begin()
	w.text("ToUserName", a.To)
	w.text("FromUserName", a.From)
	w.number("CreateTime", a.At.Unix())
	w.text("MsgType", r.MsgType())
	r.write(w)
	return w.finish(), nil
}

func (r *TextReply) write(w *writer) { w.text("Content", r.Content) }

func (r *ImageReply) write(w *writer) {
	w.group("Image", func() { w.text("MediaId", r.MediaID) })
}

func (r *VoiceReply) write(w *writer) {
	w.group("Voice", func() { w.text("MediaId", r.MediaID) })
}

func (r *VideoReply) write(w *writer) {
	w.group("Video", func() {
		w.text("MediaId", r.MediaID)
		w.text("Title", r.Title)
		w.text("Description", r.Description)
	})
}

func (r *NewsReply) write(w *writer) {
	w.number("ArticleCount", int64(len(r.Articles)))
	w.group("Articles", func() {
		w.list("item", len(r.Articles), func(i int) {
			w.text("Title", r.Articles[i].Title)
			w.text("Description", r.Articles[i].Description)
			w.text("PicUrl", r.Articles[i].PicURL)
			w.text("Url", r.Articles[i].URL)
		})
	})
}

func (r *UpdateButton) write(w *writer) {
	w.group("Button", func() { w.text("ReplaceName", r.ReplaceName) })
}

func (r *UpdateTemplateCard) write(w *writer) { w.group("TemplateCard", func() { r.Card.write(w) }) }

func (r *UpdateTaskCard) write(w *writer) {
	w.group("TaskCard", func() { w.text("ReplaceName", r.ReplaceName) })
}

// writer writes a tree of named values as WeCom's XML or as JSON. Errors cannot happen.
type writer struct {
	out  []byte
	json bool
}

func (w *writer) begin() {
	if w.json {
		w.out = append(w.out, '{')
		return
	}
	w.out = append(w.out, "<xml>"...)
}

func (w *writer) finish() []byte {
	if w.json {
		return append(w.out, '}')
	}
	return append(w.out, "</xml>"...)
}

// text writes a value as CDATA. Characters XML cannot hold are left out.
func (w *writer) text(name, value string) {
	value = printable(value)
	if w.json {
		quoted, _ := json.Marshal(value)
		w.value(name, string(quoted))
		return
	}
	// "]]>" would end the section early: it is split over two.
	w.value(name, "<![CDATA["+strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>")+"]]>")
}

// optional writes a value unless it is empty.
func (w *writer) optional(name, value string) {
	if value != "" {
		w.text(name, value)
	}
}

func (w *writer) number(name string, n int64) { w.value(name, strconv.FormatInt(n, 10)) }

func (w *writer) decimal(name string, f float64) {
	w.value(name, strconv.FormatFloat(f, 'f', -1, 64))
}

func (w *writer) flag(name string, on bool) { w.value(name, strconv.FormatBool(on)) }

// group writes the values of write under one name.
func (w *writer) group(name string, write func()) {
	if w.json {
		w.key(name)
		w.out = append(w.out, '{')
		write()
		w.out = append(w.out, '}')
		return
	}
	w.tag("<", name)
	write()
	w.tag("</", name)
}

// list writes n groups of one name: siblings in XML, an array in JSON.
func (w *writer) list(name string, n int, write func(i int)) {
	if !w.json {
		for i := range n {
			w.group(name, func() { write(i) })
		}
		return
	}
	w.key(name)
	w.out = append(w.out, '[')
	for i := range n {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, '{')
		write(i)
		w.out = append(w.out, '}')
	}
	w.out = append(w.out, ']')
}

func (w *writer) value(name, written string) {
	if w.json {
		w.key(name)
		w.out = append(w.out, written...)
		return
	}
	w.tag("<", name)
	w.out = append(w.out, written...)
	w.tag("</", name)
}

func (w *writer) key(name string) {
	if w.out[len(w.out)-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = append(w.out, '"')
	w.out = append(w.out, name...)
	w.out = append(w.out, `":`...)
}

func (w *writer) tag(open, name string) {
	w.out = append(w.out, open...)
	w.out = append(w.out, name...)
	w.out = append(w.out, '>')
}

// printable leaves out what no XML document may contain.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}
