package approval

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// The bounds of Gaps: groups of members are far fewer than members.
const (
	gapPage   = 500
	gapGroups = 20_000
	gapPlaces = 5  // departments one gap names
	gapLines  = 50 // gaps listed
)

// Gap is an actor of a process that means nobody, or somebody else than named,
// for some of those who may apply.
type Gap struct {
	Process string   // 请假
	Node    string   // 分管领导; 抄送
	Actor   string   // as the rulebook says it
	What    string   // 没有人可以处理, or who acts instead
	Nobody  bool     // nobody at all: a case would stop there
	Places  []string // departments of the applicants, the first few; none: whoever applies
	Groups  int      // how many departments there are
	Members int      // how many applicants it concerns

	place string // that was counted last: groups of a department follow each other
}

// String is one line of a list.
func (g Gap) String() string {
	line := fmt.Sprintf("%s · %s（%s）：%s", g.Process, g.Node, g.Actor, g.What)
	if len(g.Places) == 0 {
		return line
	}
	where := strings.Join(g.Places, "、")
	if g.Groups > len(g.Places) {
		where += fmt.Sprintf(" 等 %d 个部门", g.Groups)
	}
	return fmt.Sprintf("%s；申请人在 %s，共 %d 人", line, where, g.Members)
}

// Gaps is what the resolving of every actor of every process found.
type Gaps struct {
	Found   []Gap // those that stop cases first, at most gapLines
	More    int   // further ones that are not listed
	Members int   // applicants that were looked at
	Cut     bool  // there are more groups of members than were looked at
}

// actorAt is an actor of some node.
type actorAt struct {
	process, node, actor string
	whom                 people.Whom
	may                  []string // departments that may start the process; none: all
}

// Gaps resolves every actor of every process for every department and applicant
// of the member mirror. Whom an actor means depends on the applicant's department
// and superior alone, so one of each group of members stands for all of them;
// what does not depend on the applicant is resolved once.
func (a *Approvals) Gaps(r *store.Reader) (Gaps, error) {
	var everybody, each []actorAt
	for _, w := range a.actors() {
		if dependsOnApplicant(w.whom) {
			each = append(each, w)
		} else {
			everybody = append(everybody, w)
		}
	}
	s := &survey{a: a, r: r, at: map[string]int{}}
	for _, w := range everybody {
		if err := s.resolve([]actorAt{w}, w.whom, nil); err != nil {
			return Gaps{}, err
		}
	}
	result := Gaps{}
	if err := s.walk(&result, each); err != nil {
		return Gaps{}, err
	}
	slices.SortStableFunc(s.gaps, func(x, y Gap) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(y.Members, x.Members))
	})
	result.Found = s.gaps[:min(len(s.gaps), gapLines)]
	result.More = len(s.gaps) - len(result.Found)
	return result, nil
}

func rank(g Gap) int {
	if g.Nobody {
		return 0
	}
	return 1
}

// actors lists the actors of all processes that are on. Whom the applicant
// chooses is known only then.
func (a *Approvals) actors() []actorAt {
	var all []actorAt
	for _, t := range a.rules().ApprovalTemplates() {
		if t.Off {
			continue
		}
		add := func(node string, actors []policy.ApprovalActor) {
			for _, actor := range actors {
				if actor.Field() == "" {
					all = append(all, actorAt{process: t.Title, node: node, actor: actor.Word, whom: people.Whom(actor.Whom()), may: t.For})
				}
			}
		}
		for _, n := range t.Nodes {
			add(n.Name, n.Actors)
		}
		add("抄送", t.CC)
	}
	return all
}

// dependsOnApplicant says whether a Whom means somebody else for somebody else.
func dependsOnApplicant(w people.Whom) bool {
	kind, name, named := strings.Cut(string(w), ":")
	kind, _, _ = strings.Cut(kind, "^")
	switch kind {
	case "superior", "supervisor":
		return true
	case "head":
		return !named || name == ""
	}
	return false
}

// survey collects gaps, one for each actor and finding.
type survey struct {
	a    *Approvals
	r    *store.Reader
	gaps []Gap
	at   map[string]int // of a gap by what it is
}

// walk resolves actors for each group of members. What depends on the department
// alone is resolved once for it.
func (s *survey) walk(result *Gaps, each []actorAt) error {
	byWhom := map[people.Whom][]actorAt{}
	var order []people.Whom
	for _, w := range each {
		if byWhom[w.whom] == nil {
			order = append(order, w.whom)
		}
		byWhom[w.whom] = append(byWhom[w.whom], w)
	}
	var last *store.MemberGroup
	known := map[string]people.Found{}
	for seen := 0; ; seen += gapPage {
		if seen >= gapGroups {
			result.Cut = true
			return nil
		}
		groups, err := s.r.MemberGroups(last, gapPage)
		if err != nil {
			return err
		}
		for i := range groups {
			g := &groups[i]
			result.Members += g.Members
			if last == nil || last.Department != g.Department {
				known = map[string]people.Found{}
			}
			last = g
			for _, whom := range order {
				if err := s.group(byWhom[whom], whom, g, known); err != nil {
					return err
				}
			}
		}
		if len(groups) < gapPage {
			return nil
		}
	}
}

// group resolves one Whom for one group.
func (s *survey) group(ws []actorAt, whom people.Whom, g *store.MemberGroup, known map[string]people.Found) error {
	key := fmt.Sprint(whom, g.Heads)
	if whom == "superior" || g.Heads { // of two heads one may stand in for the other
		key = ""
	}
	if found, ok := known[key]; ok && key != "" {
		return s.note(ws, found, g)
	}
	found, err := s.a.people.Resolve(s.r, whom, g.One)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if key != "" {
		known[key] = found
	}
	return s.note(ws, found, g)
}

// resolve resolves what is the same for everybody.
func (s *survey) resolve(ws []actorAt, whom people.Whom, g *store.MemberGroup) error {
	found, err := s.a.people.Resolve(s.r, whom, 0)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.note(ws, found, g)
}

// note keeps what was found, if somebody else than named or nobody acts. That
// heads do not decide about themselves is no gap.
func (s *survey) note(ws []actorAt, found people.Found, g *store.MemberGroup) error {
	nobody := len(found.Members) == 0
	if !nobody && (found.Instead == "" || g != nil && g.Heads) {
		return nil
	}
	what := found.Instead
	if nobody {
		what = "没有人可以处理"
	}
	place, names := "", []string(nil)
	if g != nil {
		org, err := s.a.people.Org(s.r)
		if err != nil {
			return err
		}
		d, _ := org.Department(g.Department)
		place = cmp.Or(d.Name, fmt.Sprintf("部门 %d", g.Department))
		names = s.a.people.DepartmentNames(org, []int64{g.Department})
	}
	for _, w := range ws {
		if g == nil || len(w.may) == 0 || slices.ContainsFunc(w.may, func(name string) bool { return slices.Contains(names, name) }) {
			s.add(w, what, nobody, place, g)
		}
	}
	return nil
}

func (s *survey) add(w actorAt, what string, nobody bool, place string, g *store.MemberGroup) {
	if !nobody && g != nil { // what is put in its place names the department: one line for all of them
		what = "没有这样的人，由别人代为处理"
	}
	key := strings.Join([]string{w.process, w.node, w.actor, what}, "\x00")
	i, known := s.at[key]
	if !known {
		i = len(s.gaps)
		s.at[key] = i
		s.gaps = append(s.gaps, Gap{Process: w.process, Node: w.node, Actor: w.actor, What: what, Nobody: nobody})
	}
	if g == nil {
		return
	}
	gap := &s.gaps[i]
	gap.Members += g.Members
	if len(gap.Places) < gapPlaces && !slices.Contains(gap.Places, place) {
		gap.Places = append(gap.Places, place)
	}
	if gap.place != place {
		gap.place = place
		gap.Groups++
	}
}
