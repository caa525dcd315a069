package callback

import "strings"

// scan fills t from the dialect WeCom writes: elements without attributes, leaves that hold one CDATA section or
// bare text without references, blanks between elements. It reports false for everything else, right or wrong, and
// parseXML decides. It reads a document in a tenth of the time of encoding/xml and must never read it differently;
// FuzzDecode holds the two against each other.
func (t *tree) scan(doc string) bool {
	// encoding/xml rewrites carriage returns.
	if strings.IndexByte(doc, '\r') >= 0 {
		return false
	}
	var open [maxDepth]int
	depth := 0
	for at := 0; ; {
		at = skipBlank(doc, at)
		if at+1 >= len(doc) || doc[at] != '<' {
			return false
		}
		if doc[at+1] == '/' {
			if depth == 0 {
				return false
			}
			depth--
			n := &t.nodes[open[depth]]
			if at = closing(doc, at, n.name); at < 0 {
				return false
			}
			n.end = len(t.nodes)
			if depth == 0 {
				return skipBlank(doc, at) == len(doc)
			}
			continue
		}
		name := plainName(doc[at+1:])
		at += 1 + len(name)
		if name == "" || at >= len(doc) || doc[at] != '>' || depth == maxDepth || len(t.nodes) == maxElements {
			return false
		}
		t.nodes = append(t.nodes, node{name: name})
		n := &t.nodes[len(t.nodes)-1]
		next, leaf, ok := content(doc, at+1, n)
		if !ok {
			return false
		}
		if !leaf {
			open[depth] = len(t.nodes) - 1
			depth++
			at = next
			continue
		}
		if at = closing(doc, next, name); at < 0 {
			return false
		}
		n.end = len(t.nodes)
		if depth == 0 {
			return skipBlank(doc, at) == len(doc)
		}
	}
}

// content reads what follows an opening tag. Of a leaf, next is its closing tag; else it is the first child.
func content(doc string, from int, n *node) (next int, leaf, ok bool) {
	const section = "<![CDATA["
	at := skipBlank(doc, from)
	if at+1 >= len(doc) {
		return 0, false, false
	}
	if doc[at] != '<' {
		length := strings.IndexByte(doc[at:], '<')
		if length < 0 {
			return 0, false, false
		}
		at += length
		n.text = doc[from:at]
		return at, true, bareText(n.text)
	}
	if strings.HasPrefix(doc[at:], section) {
		at += len(section)
		length := strings.Index(doc[at:], "]]>")
		if length < 0 {
			return 0, false, false
		}
		n.text, n.cdata = doc[at:at+length], true
		return skipBlank(doc, at+length+len("]]>")), true, true
	}
	if doc[at+1] == '/' {
		n.text = doc[from:at]
		return at, true, true
	}
	return at, false, true
}

// closing returns the place after the closing tag of name at a place, or -1 if something else stands there.
func closing(doc string, at int, name string) int {
	at += len("</")
	if at+len(name) >= len(doc) || doc[at-2] != '<' || doc[at-1] != '/' || doc[at:at+len(name)] != name {
		return -1
	}
	at = skipBlank(doc, at+len(name))
	if at == len(doc) || doc[at] != '>' {
		return -1
	}
	return at + 1
}

func skipBlank(doc string, at int) int {
	for at < len(doc) && (doc[at] == ' ' || doc[at] == '\n' || doc[at] == '\t') {
		at++
	}
	return at
}

// plainName is the ASCII name at the start of s, empty if there is none.
func plainName(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return s[:i]
		}
	}
	return ""
}

// bareText accepts text outside CDATA that stands for itself.
func bareText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '&' || s[i] == ']' {
			return false
		}
	}
	return true
}
