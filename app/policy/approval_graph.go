package policy

import (
	"fmt"
	"slices"
)

// graph checks how the entries of the route hang together: every way ends, and
// every entry is on one.
func (c *templateChecker) graph() {
	t := c.t
	if len(t.Nodes) == 0 {
		c.add(".route", "must have at least one node")
		return
	}
	sound := c.known(".route", t.Start)
	for _, n := range t.Nodes {
		sound = c.known(c.entry(n.Key)+".next", n.Next) && sound
	}
	for _, b := range t.Branches {
		for i, one := range b.Cases {
			sound = c.known(fmt.Sprintf("%s.cases[%d].to", c.entry(b.Key), i), one.To) && sound
		}
	}
	if !sound {
		return
	}
	w := walk{t: t, state: map[string]int{}}
	if w.visit(t.Start); w.loop != "" {
		c.add(c.entry(w.loop), "the route comes back to %s: a case would never end", w.loop)
		return
	}
	for _, key := range t.entries() {
		if w.state[key] == 0 {
			c.add(c.entry(key), "%s is never reached", key)
		}
	}
	if t.fewestApprovals(t.Start) == 0 {
		c.add(".route", "must not have a way to the end on which nobody approves")
	}
}

// known wants key to be an entry of the route.
func (c *templateChecker) known(at, key string) bool {
	if key == End || slices.Contains(c.t.entries(), key) {
		return true
	}
	if key == "" {
		c.add(at, "must name the node or branch that follows, or end")
	} else {
		c.add(at, "there is no node or branch %s; there are %s and end", key, someOf(c.t.entries()))
	}
	return false
}

// entries are the keys of all nodes and branches.
func (t *ApprovalTemplate) entries() []string {
	var keys []string
	for _, n := range t.Nodes {
		keys = append(keys, n.Key)
	}
	for _, b := range t.Branches {
		keys = append(keys, b.Key)
	}
	return keys
}

// after are the entries that can follow an entry.
func (t *ApprovalTemplate) after(key string) []string {
	if n, ok := t.Node(key); ok {
		return []string{n.Next}
	}
	var next []string
	if b, ok := t.branch(key); ok {
		for _, one := range b.Cases {
			next = append(next, one.To)
		}
	}
	return next
}

func (t *ApprovalTemplate) branch(key string) (ApprovalBranch, bool) {
	for _, b := range t.Branches {
		if b.Key == key {
			return b, true
		}
	}
	return ApprovalBranch{}, false
}

// walk looks for a loop: state is 1 while an entry's followers are visited, 2 after.
type walk struct {
	t     *ApprovalTemplate
	state map[string]int
	loop  string // an entry that comes again
}

func (w *walk) visit(key string) {
	if key == End || w.loop != "" || w.state[key] == 2 {
		return
	}
	if w.state[key] == 1 {
		w.loop = key
		return
	}
	w.state[key] = 1
	for _, next := range w.t.after(key) {
		w.visit(next)
	}
	w.state[key] = 2
}

// fewestApprovals and MostApprovals count the nodes that approve on the shortest
// and longest way to the end. They need a route without loops.
func (t *ApprovalTemplate) fewestApprovals(from string) int {
	return t.approvals(from, map[string]int{}, func(a, b int) int { return min(a, b) })
}

// MostApprovals is the number of approving nodes on the longest way.
func (t *ApprovalTemplate) MostApprovals() int {
	return t.approvals(t.Start, map[string]int{}, func(a, b int) int { return max(a, b) })
}

func (t *ApprovalTemplate) approvals(key string, known map[string]int, choose func(a, b int) int) int {
	if key == End {
		return 0
	}
	if n, ok := known[key]; ok {
		return n
	}
	count := -1
	for _, next := range t.after(key) {
		n := t.approvals(next, known, choose)
		if count < 0 {
			count = n
		}
		count = choose(count, n)
	}
	count = max(count, 0)
	if n, isNode := t.Node(key); isNode && n.Mode == ApproveMode {
		count++
	}
	known[key] = count
	return count
}

// Neighbours lists the pairs of nodes that can follow one another and have an
// actor in common: one of the two is superfluous (G1-3.2(1)).
func (t *ApprovalTemplate) Neighbours() [][2]ApprovalNode {
	var pairs [][2]ApprovalNode
	for _, n := range t.Nodes {
		seen := map[string]bool{}
		for _, key := range t.nodesAfter(n.Next, seen) {
			next, _ := t.Node(key)
			if n.Mode == ApproveMode && next.Mode == ApproveMode && shareActor(n, next) {
				pairs = append(pairs, [2]ApprovalNode{n, next})
			}
		}
	}
	return pairs
}

// nodesAfter are the nodes that come next from key, behind branches too.
func (t *ApprovalTemplate) nodesAfter(key string, seen map[string]bool) []string {
	if key == End || seen[key] {
		return nil
	}
	seen[key] = true
	if _, isNode := t.Node(key); isNode {
		return []string{key}
	}
	var found []string
	for _, next := range t.after(key) {
		found = append(found, t.nodesAfter(next, seen)...)
	}
	return found
}

func shareActor(a, b ApprovalNode) bool {
	return slices.ContainsFunc(a.Actors, func(x ApprovalActor) bool {
		return slices.ContainsFunc(b.Actors, func(y ApprovalActor) bool { return x.Who == y.Who })
	})
}
