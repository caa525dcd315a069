package envelope

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
)

// Bounds of the outer body, which has three elements and one level.
const (
	maxOuterDepth    = 8
	maxOuterElements = 64

	// maxUnusual bounds a body that is legal and not in WeCom's own dialect. Nothing is proved yet, and encoding/xml
	// works a hundred times as long on a megabyte as the proof would.
	maxUnusual = 64 << 10 // bytes
)

// outer is what stands around the ciphertext. Its slices point into the body.
type outer struct {
	form                     Form
	toUser, agentID, encrypt []byte
	sealed                   bool // an Encrypt element was seen
}

// scanOuter finds the ciphertext. Bodies as WeCom writes them take one pass without allocation; any other legal
// XML goes through encoding/xml.
func scanOuter(body []byte) (outer, error) {
	body = trimStart(body)
	if len(body) > 0 && body[0] == '{' {
		return outerJSON(body)
	}
	if o, ok := scanFlat(body); ok {
		return o, nil
	}
	if len(body) > maxUnusual {
		return outer{}, ErrXML
	}
	return outerXML(body)
}

// scanFlat reads <xml> and leaf elements whose text is bare or one CDATA section, in any order. It reports false
// for everything else, right or wrong.
func scanFlat(body []byte) (outer, bool) {
	var o outer
	rest, ok := bytes.CutPrefix(body, []byte("<xml>"))
	if !ok {
		return o, false
	}
	for range maxOuterElements {
		rest = trimSpace(rest)
		if len(rest) < 2 || rest[0] != '<' {
			return o, false
		}
		if rest[1] == '/' {
			rest, ok = bytes.CutPrefix(rest, []byte("</xml>"))
			return o, ok && len(trimSpace(rest)) == 0
		}
		end := bytes.IndexByte(rest, '>')
		if end < 0 {
			return o, false
		}
		name := rest[1:end]
		if !flatName(name) {
			return o, false
		}
		var text []byte
		if text, rest, ok = leafText(rest[end+1:]); !ok {
			return o, false
		}
		if len(rest) < len(name)+3 || rest[1] != '/' || !bytes.HasPrefix(rest[2:], name) || rest[2+len(name)] != '>' {
			return o, false
		}
		rest = rest[len(name)+3:]
		if !o.set(name, text) {
			return o, false
		}
	}
	return o, false
}

// leafText reads up to the closing tag and leaves it in rest. The content of a CDATA section is not looked at: the
// ciphertext is judged by its base64, everything else is only a hint.
func leafText(in []byte) (text, rest []byte, ok bool) {
	for len(in) > 0 && blank(in[0]) {
		in = in[1:]
	}
	if section, found := bytes.CutPrefix(in, []byte("<![CDATA[")); found {
		if text, rest, ok = bytes.Cut(section, []byte("]]>")); !ok {
			return nil, nil, false
		}
		for len(rest) > 0 && blank(rest[0]) {
			rest = rest[1:]
		}
		return text, rest, len(rest) > 0 && rest[0] == '<'
	}
	end := bytes.IndexByte(in, '<')
	if end < 0 {
		return nil, nil, false
	}
	return in[:end], in[end:], flatText(in[:end])
}

// set stores one leaf and reports false for a second ciphertext.
func (o *outer) set(name, text []byte) bool {
	switch string(name) {
	case "Encrypt":
		if o.sealed {
			return false
		}
		o.encrypt, o.sealed = trimSpace(text), true
	case "ToUserName":
		o.toUser = trimSpace(text)
	case "AgentID":
		o.agentID = trimSpace(text)
	}
	return true
}

// flatName accepts plain ASCII names.
func flatName(name []byte) bool {
	return len(name) > 0 && (name[0] < '0' || name[0] > '9') && alphanumeric(string(name))
}

// flatText accepts printable ASCII without anything XML would interpret.
func flatText(text []byte) bool {
	for _, c := range text {
		if c >= 0x7f || c < ' ' && c != '\n' && c != '\t' || c == '&' || c == ']' {
			return false
		}
	}
	return true
}

func outerXML(body []byte) (outer, error) {
	var o outer
	err := parseXML(body, func(name, text string) error {
		if !o.set([]byte(name), []byte(text)) {
			return ErrXML
		}
		return nil
	})
	return o, err
}

// outerJSON accepts both spellings of the sample libraries; encoding/json matches keys without regard to case.
func outerJSON(body []byte) (outer, error) {
	var in struct {
		ToUserName string          `json:"tousername"`
		Encrypt    string          `json:"encrypt"`
		AgentID    json.RawMessage `json:"agentid"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return outer{}, ErrJSON
	}
	return outer{
		form: JSON, toUser: []byte(in.ToUserName), encrypt: []byte(strings.TrimSpace(in.Encrypt)),
		agentID: bytes.Trim(in.AgentID, `"`),
	}, nil
}

// parseXML calls leaf for every direct child of the one root element, with its own trimmed text. It refuses
// directives (there is no reason for a document type), other text beside the root, and depth or number beyond
// the bounds.
func parseXML(body []byte, leaf func(name, text string) error) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	var text strings.Builder
	var depth, elements int
	rooted := false
	for {
		token, err := d.Token()
		if err == io.EOF && rooted && depth == 0 {
			return nil
		}
		if err != nil {
			return ErrXML
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth, elements = depth+1, elements+1
			if depth > maxOuterDepth || elements > maxOuterElements || depth == 1 && (rooted || token.Name.Local != "xml") {
				return ErrXML
			}
			rooted = true
			if depth == 2 {
				text.Reset()
			}
		case xml.EndElement:
			depth--
			if depth == 1 {
				if err := leaf(token.Name.Local, strings.TrimSpace(text.String())); err != nil {
					return err
				}
			}
		case xml.CharData:
			if depth == 2 {
				text.Write(token)
			} else if depth < 2 && len(trimSpace(token)) > 0 {
				return ErrXML
			}
		case xml.Directive:
			return ErrXML
		}
	}
}

// trimStart removes a byte order mark and leading blanks.
func trimStart(body []byte) []byte {
	return trimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
}

// trimSpace removes the blanks of XML.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
