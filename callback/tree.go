package callback

import (
	"strings"
	"sync"
)

// Bounds of one plaintext. The largest documented callback lists 1,000 records (callbacks.md 4.12).
const (
	maxDepth    = 16
	maxElements = 20_000
)

// tree is a plaintext as elements in document order. Texts point into one string, so building it copies nothing.
type tree struct {
	nodes []node
}

// node is one element. Its descendants follow it up to, not including, end.
type node struct {
	name  string
	text  string // of a leaf; empty in an element with children
	end   int
	cdata bool // text came from a CDATA section and is exact; bare text may have blanks of the layout around it
}

var trees = sync.Pool{New: func() any { return &tree{nodes: make([]node, 0, 128)} }}

// release gives t back without the plaintext it points into.
func (t *tree) release() {
	const keep = 1024 // elements
	if cap(t.nodes) > keep {
		return
	}
	clear(t.nodes)
	t.nodes = t.nodes[:0]
	trees.Put(t)
}

// root is the whole document. A tree always has a root element.
func (t *tree) root() element { return element{t, 0} }

// element is a place in a tree; the zero value is an absent element, which has no text and no children.
type element struct {
	t *tree
	i int
}

func (e element) present() bool { return e.t != nil }

// find returns the first child of the given name. Case is ignored, because WeCom's pages and events disagree about
// it: AgentID and AgentId, ItemUserId and ItemUserid, ApproverStep and approverstep (callbacks.md trap 14).
func (e element) find(name string) element {
	if e.t == nil {
		return element{}
	}
	nodes := e.t.nodes
	for i, end := e.i+1, nodes[e.i].end; i < end; i = nodes[i].end {
		if sameName(nodes[i].name, name) {
			return element{e.t, i}
		}
	}
	return element{}
}

// path follows the first children of the given names.
func (e element) path(names ...string) element {
	for _, name := range names {
		e = e.find(name)
	}
	return e
}

// each visits the children that have one of the given names; without names, all children.
func (e element) each(visit func(element), names ...string) {
	if e.t == nil {
		return
	}
	nodes := e.t.nodes
	for i, end := e.i+1, nodes[e.i].end; i < end; i = nodes[i].end {
		if len(names) == 0 {
			visit(element{e.t, i})
			continue
		}
		for _, name := range names {
			if sameName(nodes[i].name, name) {
				visit(element{e.t, i})
				break
			}
		}
	}
}

// exact is the text as it was sent.
func (e element) exact() string {
	if e.t == nil {
		return ""
	}
	return e.t.nodes[e.i].text
}

// text is the text without blanks that the layout put around it. What a CDATA section holds is kept as it is.
func (e element) text() string {
	if e.t == nil {
		return ""
	}
	if n := &e.t.nodes[e.i]; n.cdata {
		return n.text
	}
	return strings.TrimSpace(e.t.nodes[e.i].text)
}

// id is the text of an identifier or a word of WeCom's, without blanks around it (callbacks.md trap 12).
func (e element) id() string { return strings.TrimSpace(e.exact()) }

// sameName compares ASCII names without regard to case.
func sameName(a, b string) bool {
	if len(a) != len(b) || len(a) > 0 && (a[0]^b[0])&^0x20 != 0 {
		return false
	}
	return a == b || strings.EqualFold(a, b)
}
