package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// entryPath says where an entry of a route stands, for messages.
type entryPath map[string]string // key → path below the template

// route compiles the entries of a template's route into its nodes and branches.
func (c *templateReader) route(t *ApprovalTemplate) entryPath {
	b := &routeBuilder{c: c, t: t, at: entryPath{}}
	if len(c.rule.Route) > 2*maxNodes {
		c.add(".route", "must have at most %d nodes and branches", maxNodes)
		return b.at
	}
	for i, r := range c.rule.Route {
		b.entry(fmt.Sprintf(".route[%d]", i), r)
	}
	b.link()
	return b.at
}

// routeBuilder collects entries; the next of an entry is the one that follows it.
type routeBuilder struct {
	c     *templateReader
	t     *ApprovalTemplate
	at    entryPath
	order []string          // keys in the order of the file
	next  map[string]string // nodes that say where they go
}

func (b *routeBuilder) add(key, path string) {
	if _, twice := b.at[key]; twice {
		b.c.add(path, "the key %s is given twice", key)
		return
	}
	b.at[key] = path
	b.order = append(b.order, key)
}

func (b *routeBuilder) entry(path string, r RouteRule) {
	given := 0
	for _, s := range []string{r.Node, r.Branch, r.From} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		b.c.add(path, "must have exactly one of node, branch and from")
	case r.Node != "":
		b.node(path, b.c.path+path+".who", r)
	case r.Branch != "":
		b.branch(path, r)
	case r.From == "approval.leave":
		b.leave(path)
	case r.From == "approval.reimburse_tiers":
		b.tiers(path)
	case r.From == "doc.destroy_approvers": // in any order, by different people (G1-4.3(5)b)
		b.node(path, r.From, RouteRule{Node: "destroy", Name: "双重审批", Kind: string(AllNode), Who: b.c.e.rules.Doc.DestroyApprovers})
	default:
		b.c.add(path+".from", "must be approval.leave, approval.reimburse_tiers or doc.destroy_approvers, not %q", r.From)
	}
}

// node adds a node; who is the key of the rulebook that names its actors.
func (b *routeBuilder) node(path, who string, r RouteRule) {
	c := b.c
	n := ApprovalNode{
		Key: r.Node, Name: cmp.Or(strings.TrimSpace(r.Name), strings.Join(r.Who, "、"), r.Node), Kind: NodeKind(cmp.Or(r.Kind, string(SingleNode))),
		Share: r.Share, Mode: NodeMode(cmp.Or(r.Mode, string(ApproveMode))), Command: r.Command, Authority: r.Authority, Next: r.Next,
	}
	if len(r.Cases) > 0 {
		c.add(path+".cases", "belongs to a branch, not to a node")
	}
	n.Actors = c.actors.all(who, r.Who)
	if len(r.Who) == 0 {
		c.k.add(who, "must name somebody; use %s", actorForms)
	}
	if r.Limit != "" {
		n.Limit = c.limit(path+".limit", r.Limit)
	} else {
		n.Limit = c.limit(".limit", c.rule.Limit)
	}
	c.authority(path, n)
	b.add(n.Key, path)
	b.t.Nodes = append(b.t.Nodes, n)
}

// authority wants what an actor must be entitled to in the posts of the
// rulebook (G1-4.2.2(3)).
func (c *templateReader) authority(path string, n ApprovalNode) {
	if n.Authority == "" {
		return
	}
	posts := c.e.rules.Posts
	for _, a := range n.Actors {
		post, isPost := strings.CutPrefix(a.Who, "post:")
		_, name, placed := strings.Cut(post, "/")
		if placed {
			post = name
		}
		if isPost && !slices.Contains(posts[post].Authority, n.Authority) {
			c.add(path+".authority", "%s is not in posts.%s.authority", n.Authority, post)
			return
		}
	}
	for _, post := range posts {
		if slices.Contains(post.Authority, n.Authority) {
			return
		}
	}
	c.add(path+".authority", "no post of posts has the authority %s", n.Authority)
}

func (b *routeBuilder) branch(path string, r RouteRule) {
	for _, foreign := range []struct {
		key   string
		given bool
	}{
		{"who", len(r.Who) > 0}, {"name", r.Name != ""}, {"kind", r.Kind != ""}, {"share", r.Share != 0}, {"limit", r.Limit != ""},
		{"command", r.Command != ""}, {"mode", r.Mode != ""}, {"authority", r.Authority != ""}, {"next", r.Next != ""},
	} {
		if foreign.given {
			b.c.add(path+"."+foreign.key, "belongs to a node, not to a branch")
		}
	}
	branch := ApprovalBranch{Key: r.Branch}
	for i, one := range r.Cases {
		at := fmt.Sprintf("%s.cases[%d]", path, i)
		when := strings.TrimSpace(one.When)
		switch {
		case one.Else && when != "":
			b.c.add(at, "must have either when or else, not both")
		case !one.Else && when == "":
			b.c.add(at+".when", "must not be empty; write else: true for all other cases")
			continue
		}
		branch.Cases = append(branch.Cases, ApprovalCase{When: when, To: one.To})
	}
	b.add(branch.Key, path)
	b.t.Branches = append(b.t.Branches, branch)
}

// wordKeys are the keys of nodes that other keys of the rulebook bring; other
// words are their own key.
var wordKeys = map[string]string{
	headWord: "head", "部门主管": "head", "直接上级": "superior", "分管领导": "leader", "HR": "hr", "财务": "finance", topOfficeWord: "top",
}

var notInKey = strings.NewReplacer(":", "-", "：", "-", "/", "-", " ", "", "^", "-", ".", "-")

func keyOfWord(word string) string {
	if key, ok := wordKeys[word]; ok {
		return key
	}
	return notInKey.Replace(word)
}

// leave brings the chain of approval.leave: the extra approver right after the
// first, by the days asked for (G1-3.2(2), X-15, X-16).
func (b *routeBuilder) leave(path string) {
	rules := b.c.e.rules.Approval.Leave
	days, ok := b.fieldOf(DaysField)
	if !ok {
		b.c.add(path+".from", "needs a field of type days")
		return
	}
	for i, word := range rules.Chain {
		n := RouteRule{Node: keyOfWord(word), Name: word, Who: Names{word}}
		if word == "财务" && rules.FinanceMode == "cc" {
			n.Mode = string(CCMode)
		}
		b.node(path, fmt.Sprintf("approval.leave.chain[%d]", i), n)
		if i > 0 {
			continue
		}
		extra, after := keyOfWord(rules.ExtraApprover), End
		if len(rules.Chain) > 1 {
			after = keyOfWord(rules.Chain[1])
		}
		b.branch(path, RouteRule{Branch: "days", Cases: []RouteCaseRule{
			{When: fmt.Sprintf("%s > %d", days, rules.ExtraIfDaysOver), To: extra}, {Else: true, To: after},
		}})
		b.node(path, "approval.leave.extra_approver", RouteRule{Node: extra, Name: rules.ExtraApprover, Who: Names{rules.ExtraApprover}})
	}
}

// tiers brings the approvers of approval.reimburse_tiers, each behind a branch
// that lets the amounts pass which do not need him (G1-3.2(1)). What follows in
// the route is where all of them lead.
func (b *routeBuilder) tiers(path string) {
	amount, ok := b.fieldOf(MoneyField)
	if !ok {
		b.c.add(path+".from", "needs a field of type money")
		return
	}
	tiers := b.c.e.rules.Approval.ReimburseTiers
	words, ok := tierOrder(tiers)
	if !ok {
		b.c.k.add("approval.reimburse_tiers", "the tiers must name their people in one order, each once")
		return
	}
	for i, word := range words {
		next := following
		if i+1 < len(words) {
			next = "amount-" + keyOfWord(words[i+1])
		}
		key := keyOfWord(word)
		if when := tierCondition(amount, tiers, word); when != "" {
			b.branch(path, RouteRule{Branch: "amount-" + key, Cases: []RouteCaseRule{{When: when, To: key}, {Else: true, To: next}}})
		}
		b.node(path, "approval.reimburse_tiers", RouteRule{Node: key, Name: word, Who: Names{word}})
	}
}

// following stands for whatever comes after the entries that tiers brings.
const following = "…"

// tierOrder merges the lists of all tiers into one order.
func tierOrder(tiers []ReimburseTier) (words []string, ok bool) {
	for _, t := range tiers {
		for _, word := range t.Add {
			if !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	for _, t := range tiers {
		last := -1
		for _, word := range t.Add {
			at := slices.Index(words, word)
			if at <= last {
				return nil, false
			}
			last = at
		}
	}
	return words, true
}

// tierCondition says for which amounts word is asked; "" for all.
func tierCondition(amount string, tiers []ReimburseTier, word string) string {
	var spans []string
	for i := 0; i < len(tiers); i++ {
		if !slices.Contains(tiers[i].Add, word) {
			continue
		}
		first := i
		for i+1 < len(tiers) && slices.Contains(tiers[i+1].Add, word) {
			i++
		}
		var parts []string
		if first > 0 && tiers[first-1].Max != nil {
			parts = append(parts, amount+" > "+plainNumber(*tiers[first-1].Max))
		}
		if tiers[i].Max != nil {
			parts = append(parts, amount+" <= "+plainNumber(*tiers[i].Max))
		}
		if len(parts) == 0 {
			return ""
		}
		spans = append(spans, strings.Join(parts, " and "))
	}
	return strings.Join(spans, " or ")
}

func plainNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (b *routeBuilder) fieldOf(t FieldType) (key string, ok bool) {
	for _, f := range b.t.Fields {
		if f.Type == t {
			return f.Key, true
		}
	}
	return "", false
}

// link fills in where each entry goes that does not say so.
func (b *routeBuilder) link() {
	after := func(key string) string {
		if i := slices.Index(b.order, key); i >= 0 && i+1 < len(b.order) {
			return b.order[i+1]
		}
		return End
	}
	if len(b.order) > 0 {
		b.t.Start = b.order[0]
	}
	for i := range b.t.Nodes {
		if n := &b.t.Nodes[i]; n.Next == "" {
			n.Next = after(n.Key)
		}
	}
	for _, branch := range b.t.Branches {
		for i := range branch.Cases {
			if branch.Cases[i].To == following { // past the node that the branch guards
				branch.Cases[i].To = after(branch.Cases[0].To)
			}
		}
	}
}

func keysOf(fields []FormField) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.Key
	}
	return keys
}
