package request

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"guiju/app/people"
	"guiju/store"
)

// found are the people a step means now.
type found struct {
	members  []int64 // before deputies
	deciders []store.RequestDecider
	instead  string // why somebody else than named, in Chinese
	resolved []resolved
}

type resolved struct {
	whom  people.Whom
	found people.Found
}

// maxClimb bounds the search for somebody above who may decide.
const maxClimb = 5

// whoms are those a step names.
func whoms(step store.RequestStep) []people.Whom {
	all := []people.Whom{people.Whom(step.Whom)}
	for _, line := range strings.Split(step.Also, "\n") {
		if line != "" {
			all = append(all, people.Whom(line))
		}
	}
	return all
}

// find resolves whom a step names: present members, never the applicant or the
// member it is about; deputies stand in. Where every one of them counts, each
// name that means only the applicant is his superior's. Nobody at all is an
// empty list.
func (q *Requests) find(r *store.Reader, request store.Request, step store.RequestStep) (found, error) {
	f := found{}
	for _, whom := range whoms(step) {
		if err := q.findOne(r, request, step, whom, &f); err != nil {
			return found{}, err
		}
	}
	if len(f.members) == 0 {
		above, err := q.above(r, request)
		if err != nil {
			return found{}, err
		}
		f.members = above
	}
	f.members = f.members[:min(len(f.members), MaxDeciders)]
	var err error
	if f.deciders, err = q.standing(r, request, f.members); err != nil {
		return found{}, err
	}
	for i := range f.deciders {
		f.deciders[i].StepID, f.deciders[i].RequestID, f.deciders[i].State = step.ID, request.ID, store.DeciderOpen
		if step.Mode == store.StepSequence {
			f.deciders[i].Turn = int64(i + 1)
			if i > 0 {
				f.deciders[i].State = store.DeciderQueued
			}
		}
	}
	return f, q.findBeside(r, request, step, &f)
}

// findOne adds those one name means.
func (q *Requests) findOne(r *store.Reader, request store.Request, step store.RequestStep, whom people.Whom, f *found) error {
	found, err := q.people.Resolve(r, whom, request.AboutID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("who decides %s: %w", whom, err)
	}
	f.resolved = append(f.resolved, resolved{whom, found})
	if f.instead == "" {
		f.instead = found.Instead
	}
	own, anybody := false, false
	for _, id := range found.Members {
		if id == request.ApplicantID || id == request.AboutID {
			own = own || id == request.ApplicantID
			continue
		}
		anybody = true
		if !slices.Contains(f.members, id) {
			f.members = append(f.members, id)
		}
	}
	if anybody || !own && !several(step) {
		return nil
	}
	above, err := q.above(r, request)
	if err != nil {
		return err
	}
	for _, id := range above {
		if !slices.Contains(f.members, id) {
			f.members = append(f.members, id)
		}
	}
	if own && len(above) > 0 {
		f.instead = "申请人不能审批自己的申请，改由其上级审批（G1-4.2.1(四)）"
	}
	return nil
}

// findBeside adds those who were added beside the step's own people.
func (q *Requests) findBeside(r *store.Reader, request store.Request, step store.RequestStep, f *found) error {
	for _, line := range strings.Split(step.Beside, "\n") {
		member, by, ok := besideOf(line)
		if !ok {
			continue
		}
		m, err := r.Member(member)
		if err != nil {
			return err
		}
		if !m.Present() || m.SuspendedAt != nil || slices.ContainsFunc(f.deciders, func(d store.RequestDecider) bool { return d.MemberID == member }) {
			continue
		}
		seats, err := q.standing(r, request, []int64{member})
		if err != nil {
			return err
		}
		for _, d := range seats {
			d.StepID, d.RequestID, d.State, d.AddedBy = step.ID, request.ID, store.DeciderOpen, by
			f.deciders = append(f.deciders, d)
		}
	}
	return nil
}

// beside writes who was added by whom, besideOf reads it.
func beside(member, by int64) string { return fmt.Sprintf("%d %d", member, by) }

func besideOf(line string) (member, by int64, ok bool) {
	who, whose, _ := strings.Cut(line, " ")
	member, err := strconv.ParseInt(who, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	by, err = strconv.ParseInt(whose, 10, 64)
	return member, by, err == nil
}

// above finds somebody over the applicant who may decide in his place, else
// the administrators.
func (q *Requests) above(r *store.Reader, request store.Request) ([]int64, error) {
	at := request.ApplicantID
	for range maxClimb {
		superior, err := q.people.Superior(r, at)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		m, err := r.Member(superior)
		if err != nil {
			return nil, err
		}
		if superior != request.ApplicantID && superior != request.AboutID && m.Present() && m.SuspendedAt == nil {
			return []int64{superior}, nil
		}
		at = superior
	}
	administrators, err := q.people.Administrators(r)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(administrators), func(id int64) bool {
		return id == request.ApplicantID || id == request.AboutID
	}), nil
}

// standing puts deputies in the place of those who are away. A deputy who may
// not decide, or does already, cannot stand in: then the absent one is asked.
func (q *Requests) standing(r *store.Reader, request store.Request, members []int64) ([]store.RequestDecider, error) {
	var deciders []store.RequestDecider
	taken := map[int64]bool{request.ApplicantID: true, request.AboutID: true}
	for _, id := range members {
		receiver, deputyFor, err := q.clocks.Stand(r, id, r.Now())
		if err != nil {
			return nil, err
		}
		if taken[receiver] {
			if receiver, deputyFor = id, 0; taken[receiver] {
				continue
			}
		}
		taken[receiver] = true
		deciders = append(deciders, store.RequestDecider{MemberID: receiver, DeputyFor: deputyFor})
	}
	return deciders, nil
}

// names lists deciders for a sentence: 魏伟、何静（代韩梅）.
func (q *Requests) names(r *store.Reader, deciders []store.RequestDecider) (string, error) {
	var ids []int64
	for _, d := range deciders {
		ids = append(ids, d.MemberID, d.DeputyFor)
	}
	name, err := namesOf(r, ids)
	if err != nil {
		return "", err
	}
	var all []string
	for _, d := range deciders {
		text := name[d.MemberID]
		if d.DeputyFor != 0 {
			text += "（代" + name[d.DeputyFor] + "）"
		}
		all = append(all, text)
	}
	return strings.Join(all, "、"), nil
}

// namesOf reads names at once; 0 is the system.
func namesOf(r *store.Reader, ids []int64) (map[int64]string, error) {
	members, err := r.Members(ids)
	if err != nil {
		return nil, err
	}
	name := map[int64]string{0: "系统"}
	for _, m := range members {
		name[m.ID] = m.Name
	}
	return name, nil
}
