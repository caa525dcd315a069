package people

import (
	"cmp"
	"errors"
	"slices"

	"guiju/app/policy"
	"guiju/store"
)

// PostSource is why somebody holds a post.
type PostSource string

// The sources of a post. Only the last is a row of ours.
const (
	FromPosition PostSource = "position" // WeCom's position has the post's name
	FromRulebook PostSource = "rulebook" // posts.<name>.holders
	Assigned     PostSource = "assigned" // 岗位变更
)

// HeldPost is one post of a member.
type HeldPost struct {
	Name       string // as the rulebook writes it
	Department int64  // where; 0: nowhere in particular
	Sources    []PostSource
}

// PostConflicts answers which duties would be one person's although they may
// not (permission.sod), if m held a post beside what he has; what conflicts
// already is left out.
func (p *People) PostConflicts(r *store.Reader, m store.Member, post HeldPost) ([]policy.Conflict, error) {
	org, err := p.Org(r)
	if err != nil {
		return nil, err
	}
	actor, err := p.Actor(r, m)
	if err != nil {
		return nil, err
	}
	facts, err := p.facts(r, m)
	if err != nil {
		return nil, err
	}
	rules := p.rules()
	before := rules.Conflicts(actor.Holdings)
	facts.Posts = append(facts.Posts, policy.PostFact{Post: post.Name, Department: post.Department})
	all := rules.Conflicts(append(slices.Clone(actor.Holdings), rules.Entitled(facts, org)...))
	return slices.DeleteFunc(all, func(c policy.Conflict) bool {
		return slices.ContainsFunc(before, func(b policy.Conflict) bool {
			return b.A.Role == c.A.Role && b.B.Role == c.B.Role && b.A.Object == c.A.Object && b.B.Object == c.B.Object
		})
	}), nil
}

const (
	perPlace    = 50   // holders of one post in one department that are known
	postHolders = 5000 // holders of posts that are known at once
	postNames   = 1000 // posts that are known at once
)

// PostsOf answers the posts a member holds, by name: one of the position he
// has in WeCom, those the rulebook names him for, and those he was given
// (G1-4.2.2(3)). A position that no rule and no matrix knows is a post too.
func (p *People) PostsOf(r *store.Reader, m store.Member) ([]HeldPost, error) {
	if !m.Present() {
		return nil, nil
	}
	rules := p.rules()
	org, err := p.Org(r)
	if err != nil {
		return nil, err
	}
	var held []HeldPost
	if m.Position != "" {
		post, _ := rules.Post(m.Position)
		held = withPost(held, post.Name, m.MainDepartment, FromPosition)
	}
	for _, post := range rules.PostsHeldBy(m.UserID) {
		held = withPost(held, post.Name, cmp.Or(p.departmentOfPost(post, org), m.MainDepartment), FromRulebook)
	}
	given, err := r.PostHoldingsOf(m.ID)
	if err != nil {
		return nil, err
	}
	for _, h := range given {
		post, _ := rules.Post(h.Post)
		held = withPost(held, post.Name, cmp.Or(h.Department, m.MainDepartment), Assigned)
	}
	slices.SortFunc(held, func(a, b HeldPost) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Department, b.Department))
	})
	return held, nil
}

// withPost adds a post, or a further source of one that is there.
func withPost(held []HeldPost, name string, department int64, source PostSource) []HeldPost {
	for i := range held {
		if store.Fold(held[i].Name) == store.Fold(name) && held[i].Department == department {
			held[i].Sources = append(held[i].Sources, source)
			return held
		}
	}
	return append(held, HeldPost{Name: name, Department: department, Sources: []PostSource{source}})
}

// departmentOfPost is the department a post of the rulebook belongs to; 0 when
// it names none, or one that does not exist.
func (p *People) departmentOfPost(post policy.PostInfo, org *policy.Org) int64 {
	if post.Department == "" {
		return 0
	}
	d := p.rules().ResolveDepartment(post.Department, org)
	if !d.Found || d.Fallback {
		return 0
	}
	return d.ID
}

// posts finds who holds the posts that rules and matrices name, in each
// department, with all three sources.
func (p *People) posts(r *store.Reader, rules *policy.Engine, bare *policy.Org) ([]policy.PostHolders, error) {
	names := rules.Posts()
	inMatrices, err := r.MatrixPosts(postNames)
	if err != nil {
		return nil, err
	}
	for _, name := range inMatrices {
		names = withName(names, name)
	}
	return p.holders(r, rules, bare, names)
}

// HoldersOf answers who holds one post, by department, whether or not a rule or
// a matrix names it.
func (p *People) HoldersOf(r *store.Reader, post string) ([]policy.PostHolders, error) {
	departments, err := r.Departments()
	if err != nil {
		return nil, err
	}
	bare := policy.NewOrg(orgDepartments(departments, nil), nil, nil)
	return p.holders(r, p.rules(), bare, []string{post})
}

// holders collects the holders of these posts from all three sources.
func (p *People) holders(r *store.Reader, rules *policy.Engine, bare *policy.Org, names []string) ([]policy.PostHolders, error) {
	at, err := r.MembersAt(names, perPlace, postHolders)
	if err != nil {
		return nil, err
	}
	given, err := r.PostHoldingsAt(names, postHolders)
	if err != nil {
		return nil, err
	}
	all := &postIndex{rules: rules, at: map[postPlace]int{}}
	for _, m := range at {
		all.add(m.Position, m.MainDepartment, m.ID)
	}
	for _, name := range names {
		post, known := rules.Post(name)
		if !known {
			continue
		}
		for _, userid := range post.Holders {
			m, err := r.MemberByUserID(userid)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if m.Present() {
				all.add(post.Name, cmp.Or(p.departmentOfPost(post, bare), m.MainDepartment), m.ID)
			}
		}
	}
	for _, h := range given {
		department := h.Department
		if department == 0 {
			m, err := r.Member(h.MemberID)
			if err != nil {
				return nil, err
			}
			department = m.MainDepartment
		}
		all.add(h.Post, department, h.MemberID)
	}
	return all.list, nil
}

func withName(names []string, name string) []string {
	if slices.ContainsFunc(names, func(n string) bool { return store.Fold(n) == store.Fold(name) }) {
		return names
	}
	return append(names, name)
}

// postIndex collects holders under the post's name in the rulebook.
type postIndex struct {
	rules *policy.Engine
	at    map[postPlace]int
	list  []policy.PostHolders
}

type postPlace struct {
	post       string
	department int64
}

func (x *postIndex) add(name string, department, member int64) {
	post, _ := x.rules.Post(name)
	place := postPlace{store.Fold(post.Name), department}
	i, known := x.at[place]
	if !known {
		i = len(x.list)
		x.at[place] = i
		x.list = append(x.list, policy.PostHolders{Post: post.Name, Department: department})
	}
	if !slices.Contains(x.list[i].Members, member) {
		x.list[i].Members = append(x.list[i].Members, member)
	}
}

// PostsChanged marks that posts or their holders have changed, so that Org is
// built anew.
func (p *People) PostsChanged(tx *store.Tx) error { return p.revise(tx) }
