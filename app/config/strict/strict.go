// Package strict reads YAML into Go values and refuses whatever it does not
// know, naming the path and line of every mistake at once. config.yaml and the
// rulebook are both read by it.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxBytes bounds a file.
const MaxBytes = 1 << 20

// Mistake is one thing to correct in a file.
type Mistake struct {
	Path  string // wecom.apps[0].secret; empty: the file as a whole
	Line  int    // zero: not from a line of the file
	Where string // what the value came from if not from the file, as in GUIJU_LOG__LEVEL
	Text  string // what is wrong and what to write instead
}

func (m Mistake) String() string {
	var b strings.Builder
	if m.Path != "" {
		b.WriteString(m.Path + ": ")
	}
	b.WriteString(m.Text)
	switch {
	case m.Where != "":
		b.WriteString(" (from " + m.Where + ")")
	case m.Line > 0:
		fmt.Fprintf(&b, " (line %d)", m.Line)
	}
	return b.String()
}

// Parse reads one YAML mapping. An empty file is an empty mapping. Anchors,
// aliases, keys given twice and further documents are mistakes: they hide what
// a file says. Values never appear in a mistake of syntax: they may be secrets.
func Parse(data []byte) (*yaml.Node, []Mistake) {
	empty := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if len(data) > MaxBytes {
		return empty, []Mistake{{Text: fmt.Sprintf("the file is larger than %d bytes", MaxBytes)}}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return empty, nil
	case err != nil:
		return empty, []Mistake{syntax(err)}
	}
	var next yaml.Node
	if err := decoder.Decode(&next); !errors.Is(err, io.EOF) {
		return empty, []Mistake{{Text: "only one YAML document is allowed; remove everything after the second ---"}}
	}
	root := doc.Content[0]
	if isNull(root) {
		return empty, nil
	}
	if root.Kind != yaml.MappingNode {
		return empty, []Mistake{{Line: root.Line, Text: "must be a mapping of keys to values"}}
	}
	return root, shape(root, "")
}

var lineOf = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax turns an error of the YAML library into a mistake. Its texts are fixed
// phrases but for anchors, which quote the file.
func syntax(err error) Mistake {
	parts := lineOf.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	if parts == nil {
		return Mistake{Text: "is not valid YAML"}
	}
	line, _ := strconv.Atoi(parts[1])
	text := "is not valid YAML: " + parts[2]
	if strings.Contains(parts[2], "anchor") {
		text = anchors
	}
	return Mistake{Line: line, Text: text}
}

const anchors = "anchors and aliases are not supported; put a value that begins with & or * in quotes"

// shape finds what no reader should have to think about.
func shape(n *yaml.Node, path string) []Mistake {
	var found []Mistake
	Walk(n, path, func(path string, n *yaml.Node) {
		if n.Anchor != "" || n.Kind == yaml.AliasNode {
			found = append(found, Mistake{Path: path, Line: n.Line, Text: anchors})
		}
		if n.Kind != yaml.MappingNode {
			return
		}
		seen := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if first, twice := seen[key.Value]; twice {
				found = append(found, Mistake{Path: Join(path, key.Value), Line: key.Line,
					Text: fmt.Sprintf("is given twice, first on line %d", first)})
			}
			seen[key.Value] = key.Line
			if key.Kind != yaml.ScalarNode {
				found = append(found, Mistake{Path: path, Line: key.Line, Text: "a key must be a plain word"})
			}
		}
	})
	return found
}

// Walk calls visit for n and everything below it, parents first. Aliases are
// not followed.
func Walk(n *yaml.Node, path string, visit func(path string, n *yaml.Node)) {
	visit(path, n)
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			Walk(n.Content[i+1], Join(path, n.Content[i].Value), visit)
		}
	case yaml.SequenceNode:
		for i, child := range n.Content {
			Walk(child, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	}
}

// Join appends a key to a path.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Lines maps every path of the tree to the line of its key.
func Lines(root *yaml.Node) map[string]int {
	lines := map[string]int{}
	Walk(root, "", func(path string, n *yaml.Node) {
		if _, known := lines[path]; !known {
			lines[path] = n.Line
		}
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			lines[Join(path, n.Content[i].Value)] = n.Content[i].Line
		}
	})
	return lines
}

// Line is the line of path, or of the nearest part of it that the file has;
// zero if it has none.
func Line(lines map[string]int, path string) int {
	for path != "" {
		if line, ok := lines[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
