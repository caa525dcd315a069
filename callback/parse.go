package callback

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Why a plaintext could not be decoded.
var (
	ErrPlaintextXML  = errors.New("plaintext is not XML")
	ErrPlaintextJSON = errors.New("plaintext is not JSON")
	ErrDepth         = errors.New("plaintext is nested too deeply")
	ErrElements      = errors.New("plaintext has too many elements")
)

// decodeReason is the one-word cause of a decoding error, for counting.
func decodeReason(err error) string {
	switch {
	case errors.Is(err, ErrDepth):
		return "depth"
	case errors.Is(err, ErrElements):
		return "elements"
	case errors.Is(err, ErrPlaintextJSON):
		return "json"
	default:
		return "xml"
	}
}

// parse fills t from a plaintext in either notation.
func (t *tree) parse(plaintext []byte) error {
	doc := strings.TrimLeft(strings.TrimPrefix(clean(plaintext), "\ufeff"), " \t\r\n")
	if strings.HasPrefix(doc, "{") {
		return t.parseJSON(doc)
	}
	t.nodes = t.nodes[:0]
	if t.scan(doc) {
		return nil
	}
	return t.parseXML(doc)
}

// clean removes what XML cannot hold, control characters above all, which members do type (callbacks.md trap 17).
// The plaintext itself is kept unchanged in Header.Raw.
func clean(plaintext []byte) string {
	if legal(plaintext) {
		return string(plaintext)
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r // invalid UTF-8 arrives here as U+FFFD
	}, string(plaintext))
}

func legal(plaintext []byte) bool {
	return !hasControl(plaintext) && utf8.Valid(plaintext) && !hasNoncharacter(plaintext)
}

// hasNoncharacter finds U+FFFE and U+FFFF. Their first two bytes also begin signs people type, such as ￥.
func hasNoncharacter(p []byte) bool {
	for {
		i := bytes.Index(p, []byte("\xef\xbf"))
		if i < 0 || i+2 >= len(p) {
			return false
		}
		if p[i+2] >= 0xbe {
			return true
		}
		p = p[i+3:]
	}
}

// hasControl looks at eight bytes at a time and, where one of them may be below a blank, at each.
func hasControl(p []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(p) > 0 {
		n := min(len(p), 8)
		if n == 8 {
			if x := binary.LittleEndian.Uint64(p); (x-ones*' ')&^x&highs == 0 {
				p = p[8:]
				continue
			}
		}
		for _, c := range p[:n] {
			if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
				return true
			}
		}
		p = p[n:]
	}
	return false
}

// parseXML reads any legal document. It refuses directives, a second root and text outside the root.
func (t *tree) parseXML(doc string) error {
	t.nodes = t.nodes[:0]
	d := xml.NewDecoder(strings.NewReader(doc))
	var open [maxDepth]int
	var texts [maxDepth]leafText
	depth := 0
	for {
		from := d.InputOffset()
		token, err := d.RawToken()
		if err == io.EOF && depth == 0 && len(t.nodes) > 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: syntax", ErrPlaintextXML)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth == 0 && len(t.nodes) > 0 {
				return fmt.Errorf("%w: second root element", ErrPlaintextXML)
			}
			if depth == maxDepth {
				return ErrDepth
			}
			if len(t.nodes) == maxElements {
				return ErrElements
			}
			if depth > 0 {
				texts[depth-1].parent = true
			}
			open[depth], texts[depth] = len(t.nodes), leafText{}
			t.nodes = append(t.nodes, node{name: rawName(token.Name)})
			depth++
		case xml.EndElement:
			if depth == 0 || t.nodes[open[depth-1]].name != rawName(token.Name) {
				return fmt.Errorf("%w: closing tag without opening tag", ErrPlaintextXML)
			}
			depth--
			n := &t.nodes[open[depth]]
			n.end = len(t.nodes)
			n.text, n.cdata = texts[depth].value()
		case xml.CharData:
			section := strings.HasPrefix(doc[from:], "<![CDATA[")
			switch {
			case depth > 0:
				texts[depth-1].add(string(token), section)
			case section || len(bytes.TrimSpace(token)) > 0:
				return fmt.Errorf("%w: text outside the root element", ErrPlaintextXML)
			}
		case xml.Directive:
			return fmt.Errorf("%w: directive", ErrPlaintextXML)
		}
	}
}

// rawName is the name as it is written, prefix and all.
func rawName(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// leafText gathers the pieces of one element's text. Next to CDATA sections, blanks are layout (callbacks.md trap 12).
type leafText struct {
	pieces  []string
	bare    []bool
	section bool
	parent  bool
}

func (l *leafText) add(piece string, section bool) {
	l.pieces, l.bare = append(l.pieces, piece), append(l.bare, !section)
	l.section = l.section || section
}

func (l *leafText) value() (text string, cdata bool) {
	if l.parent {
		return "", false
	}
	var all strings.Builder
	for i, piece := range l.pieces {
		if l.section && l.bare[i] && strings.Trim(piece, " \t\r\n") == "" {
			continue
		}
		all.WriteString(piece)
	}
	return all.String(), l.section
}

// parseJSON reads an object as elements: keys are names, arrays repeat their key, numbers keep their digits.
func (t *tree) parseJSON(doc string) error {
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return fmt.Errorf("%w: syntax", ErrPlaintextJSON)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: more than one value", ErrPlaintextJSON)
	}
	t.nodes = t.nodes[:0]
	return t.grow("json", object, 0)
}

func (t *tree) grow(name string, value any, depth int) error {
	if depth == maxDepth {
		return ErrDepth
	}
	if array, ok := value.([]any); ok {
		for _, item := range array {
			if err := t.grow(name, item, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if len(t.nodes) == maxElements {
		return ErrElements
	}
	at := len(t.nodes)
	t.nodes = append(t.nodes, node{name: name})
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if err := t.grow(key, value[key], depth+1); err != nil {
				return err
			}
		}
	case string:
		t.nodes[at].text, t.nodes[at].cdata = value, true
	case json.Number:
		t.nodes[at].text = value.String()
	case bool:
		t.nodes[at].text = fmt.Sprint(value)
	}
	t.nodes[at].end = len(t.nodes)
	return nil
}
