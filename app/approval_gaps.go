package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"guiju/app/people"
	"guiju/app/rulebook"
	"guiju/store"
)

// The bounds of ApprovalGaps.
const (
	gapPage    = 200
	gapMembers = 20000
	gapNames   = 5 // named in one finding
)

// ApprovalGaps asks for everybody who acts in the processes of a book whether he
// can be found: for every department and every applicant of the mirror, where it
// depends on them. Holders of posts and roles are those by the rules in force.
// What has somebody in his place is a hint, what has nobody a mistake.
func (ad *Admin) ApprovalGaps(ctx context.Context, book *rulebook.Book) ([]rulebook.Finding, error) {
	g := &gaps{ad: ad, r: ad.a.db.Reader(ctx), used: map[string][]string{}, words: map[string]string{}}
	g.collect(book)
	if err := g.applicants(); err != nil {
		return nil, err
	}
	var found []rulebook.Finding
	for _, whom := range slices.Sorted(maps.Keys(g.used)) {
		one, err := g.of(whom)
		if err != nil {
			return nil, err
		}
		found = append(found, one...)
	}
	return found, nil
}

type gaps struct {
	ad        *Admin
	r         *store.Reader
	used      map[string][]string // whom → titles of the templates
	words     map[string]string   // whom → the word of the rulebook
	members   []store.Member      // who may apply
	oneOfEach []store.Member      // one of each department, if possible not its head
}

func (g *gaps) collect(book *rulebook.Book) {
	for _, t := range book.Engine.ApprovalTemplates() {
		if t.Off {
			continue
		}
		for _, n := range t.Nodes {
			for _, a := range n.Actors {
				if a.Field() != "" {
					continue // whoever applies says who
				}
				g.words[a.Whom()] = a.Word
				if !slices.Contains(g.used[a.Whom()], t.Title) {
					g.used[a.Whom()] = append(g.used[a.Whom()], t.Title)
				}
			}
		}
	}
}

func (g *gaps) applicants() error {
	for after := int64(0); len(g.members) < gapMembers; {
		page, err := g.r.MembersAfter(after, gapPage)
		if err != nil {
			return err
		}
		for _, m := range page {
			after = m.ID
			if m.Present() {
				g.members = append(g.members, m)
			}
		}
		if len(page) < gapPage {
			break
		}
	}
	org, err := g.ad.a.people.Org(g.r)
	if err != nil {
		return err
	}
	at := map[int64]int{} // department → index in oneOfEach
	for _, m := range g.members {
		d, _ := org.Department(m.MainDepartment)
		i, known := at[m.MainDepartment]
		switch {
		case !known:
			at[m.MainDepartment] = len(g.oneOfEach)
			g.oneOfEach = append(g.oneOfEach, m)
		case slices.Contains(d.Leaders, g.oneOfEach[i].ID) && !slices.Contains(d.Leaders, m.ID):
			g.oneOfEach[i] = m
		}
	}
	return nil
}

// of resolves one actor for all whom it depends on.
func (g *gaps) of(whom string) ([]rulebook.Finding, error) {
	if !dependsOnApplicant(whom) {
		instead, nobody, err := g.resolve(whom, 0)
		if err != nil || instead == "" && !nobody {
			return nil, err
		}
		return []rulebook.Finding{g.finding(whom, instead, nobody, nil)}, nil
	}
	applicants := g.oneOfEach
	if whom == "superior" {
		applicants = g.members
	}
	by := map[string][]string{} // outcome → for whom
	for _, m := range applicants {
		instead, nobody, err := g.resolve(whom, m.ID)
		if err != nil {
			return nil, err
		}
		if instead == "" && !nobody {
			continue
		}
		name, err := g.nameOf(whom, m)
		if err != nil {
			return nil, err
		}
		by[instead] = append(by[instead], name)
	}
	var found []rulebook.Finding
	for _, instead := range slices.Sorted(maps.Keys(by)) {
		found = append(found, g.finding(whom, instead, instead == "", by[instead]))
	}
	return found, nil
}

// resolve answers who stands in, in words; nobody means that nobody does.
func (g *gaps) resolve(whom string, about int64) (instead string, nobody bool, err error) {
	found, err := g.ad.a.people.Resolve(g.r, people.Whom(whom), about)
	if errors.Is(err, store.ErrNotFound) {
		return "", true, nil
	}
	return found.Instead, false, err
}

// nameOf is for whom an actor was looked for: a member, or his department.
func (g *gaps) nameOf(whom string, m store.Member) (string, error) {
	if whom == "superior" {
		return m.Name, nil
	}
	org, err := g.ad.a.people.Org(g.r)
	if err != nil {
		return "", err
	}
	d, _ := org.Department(m.MainDepartment)
	return d.Name, nil
}

func (g *gaps) finding(whom, instead string, nobody bool, applicants []string) rulebook.Finding {
	text := fmt.Sprintf("“%s”（用于%s）", g.words[whom], some(g.used[whom], "个模板"))
	if len(applicants) > 0 {
		text += "对" + some(applicants, "个")
	}
	if nobody {
		return rulebook.Finding{Path: "approval.templates", Text: text + "找不到任何人", Remedy: "请设置负责人或任职人，并至少填写一位 administrators"}
	}
	return rulebook.Finding{Path: "approval.templates", Text: text + "：" + instead, Remedy: "如不合适，请设置负责人、分管领导或任职人", Hint: true}
}

// some lists a few names and says how many there are.
func some(names []string, unit string) string {
	if len(names) <= gapNames {
		return strings.Join(names, "、")
	}
	return fmt.Sprintf("%s等 %d %s", strings.Join(names[:gapNames], "、"), len(names), unit)
}
