package rulebook

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"guiju/app/config/strict"
)

// value is one entry of a rulebook: a scalar, a list, which is one value as a
// whole because lists replace, or a mapping without entries.
type value struct {
	keys []string
	text string // one line of YAML
	node *yaml.Node
}

func (v value) path() string { return strings.Join(v.keys, ".") }

// entry is false for a mapping without entries: it holds nothing that could differ.
func (v value) entry() bool { return v.node.Kind != yaml.MappingNode }

// templates is where approval processes are: there, what says nothing is left out
// of what people read, and routes are shown entry by entry.
const templates = "approval.templates."

// silent is a value of an approval process that says nothing.
func (v value) silent() bool {
	return strings.HasPrefix(v.path(), templates) && slices.Contains([]string{`""`, "false", "0", "null", "[]", "{}"}, v.text)
}

// values lists everything in the tree, in order.
func values(tree *yaml.Node) []value {
	var found []value
	var walk func(n *yaml.Node, keys []string)
	walk = func(n *yaml.Node, keys []string) {
		if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
			found = append(found, value{keys, oneLine(n), n})
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			walk(n.Content[i+1], append(keys[:len(keys):len(keys)], n.Content[i].Value))
		}
	}
	walk(tree, nil)
	return found
}

// oneLine writes n in flow form.
func oneLine(n *yaml.Node) string {
	flat := *n
	if n.Kind == yaml.SequenceNode {
		flat.Style = yaml.FlowStyle
	}
	text, err := yaml.Marshal(&flat)
	if err != nil {
		panic("rulebook: a value that was encoded cannot be written: " + err.Error())
	}
	return strings.TrimSpace(string(text))
}

// routeOf takes the route of an approval process apart, one line an entry; nil
// for other values.
func routeOf(keys []string, text string) []string {
	if len(keys) != 4 || !strings.HasPrefix(strings.Join(keys, "."), templates) || keys[3] != "route" {
		return nil
	}
	var list yaml.Node
	if yaml.Unmarshal([]byte(text), &list) != nil || len(list.Content) == 0 {
		return nil
	}
	var lines []string
	for _, entry := range list.Content[0].Content {
		entry.Style = yaml.FlowStyle
		lines = append(lines, strings.ReplaceAll(oneLine(entry), "\n", " "))
	}
	return lines
}

// set puts node at keys below tree, or takes the entry away if node is nil.
func set(tree *yaml.Node, keys []string, node *yaml.Node) {
	for depth, key := range keys {
		last := depth == len(keys)-1
		at := -1
		for i := 0; i+1 < len(tree.Content); i += 2 {
			if tree.Content[i].Value == key {
				at = i
			}
		}
		switch {
		case at < 0 && node == nil:
			return
		case at < 0:
			tree.Content = append(tree.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key},
				&yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
			at = len(tree.Content) - 2
		}
		switch {
		case last && node == nil:
			tree.Content = append(tree.Content[:at:at], tree.Content[at+2:]...)
		case last:
			tree.Content[at+1] = node
		}
		if last {
			return
		}
		tree = tree.Content[at+1]
	}
}

// clone copies a tree so that set does not reach into the original.
func clone(n *yaml.Node) *yaml.Node {
	copied := *n
	copied.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		copied.Content[i] = clone(child)
	}
	return &copied
}

// Mark says where a value comes from.
type Mark struct {
	Guide  bool   // stated by the guide: changes need approval (G1-4.3附则)
	Clause string // G1-4.1(4)b
	Note   string // what the value means
}

func (m Mark) String() string {
	if m.Guide {
		return "规范 " + m.Clause
	}
	return "默认 " + m.Clause
}

// marks reads the mark of every key in guide.yaml from the comment on its line.
func marks() map[string]Mark {
	root, _ := strict.Parse(guide)
	lines := strings.Split(string(guide), "\n")
	found := map[string]Mark{}
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			at := strict.Join(path, key.Value)
			if m, ok := parseMark(lines[key.Line-1]); ok && !strings.Contains(lines[key.Line-1][:key.Column-1], "{") {
				found[at] = m
			}
			walk(n.Content[i+1], at)
		}
	}
	walk(root, "")
	return found
}

// parseMark reads "# guide G1-4.1(4)b: note" or "# default X-28" at the end of line.
func parseMark(line string) (Mark, bool) {
	for _, kind := range []string{"guide", "default"} {
		_, rest, ok := strings.Cut(line, " # "+kind+" ")
		if !ok {
			continue
		}
		clause, note, _ := strings.Cut(rest, ":")
		return Mark{kind == "guide", strings.TrimSpace(clause), strings.TrimSpace(note)}, true
	}
	return Mark{}, false
}

// markOf is the mark of path or of the nearest section above that has one.
func markOf(all map[string]Mark, keys []string) Mark {
	for n := len(keys); n > 0; n-- {
		if m, ok := all[strings.Join(keys[:n], ".")]; ok {
			return m
		}
	}
	return Mark{}
}

// Show renders a rulebook as text: every value with its mark, a * before those
// that differ from the built-in guide. An empty section shows all.
func (b *Book) Show(section string) (string, error) {
	builtIn, err := Guide()
	if err != nil {
		return "", err
	}
	same := map[string]string{}
	for _, v := range values(builtIn.tree()) {
		same[v.path()] = v.text
	}
	all := marks()
	var out strings.Builder
	heading := ""
	for _, v := range values(b.tree()) {
		if section != "" && v.path() != section && !strings.HasPrefix(v.path(), section+".") {
			continue
		}
		if v.keys[0] != heading {
			heading = v.keys[0]
			fmt.Fprintf(&out, "%s\n", heading)
		}
		changed := " "
		if same[v.path()] != v.text {
			changed = "*"
		}
		if changed == " " && v.silent() {
			continue
		}
		m := markOf(all, v.keys)
		note := m.String()
		if m.Note != "" {
			note += "：" + m.Note
		}
		if entries := routeOf(v.keys, v.text); len(entries) > 0 {
			fmt.Fprintf(&out, "%s %s =    （%s）\n    %s\n", changed, v.path(), note, strings.Join(entries, "\n    "))
			continue
		}
		fmt.Fprintf(&out, "%s %s = %s    （%s）\n", changed, v.path(), v.text, note)
	}
	if out.Len() == 0 {
		return "", fmt.Errorf("no section %s in the rulebook", section)
	}
	return out.String(), nil
}
