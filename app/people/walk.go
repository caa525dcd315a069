package people

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"guiju/store"
	"guiju/wecom"
)

// members compares departments one after the other, until enough members have
// been seen for one run.
func (w walk) members(ctx context.Context) error {
	ids, err := w.p.db.Reader(ctx).DepartmentsAfter(0, maxDepartments)
	if err != nil {
		return err
	}
	walked := make(map[int]bool, len(ids))
	for _, id := range ids {
		walked[int(id)] = true
	}
	seen, done := 0, 0
	for _, id := range ids {
		if id <= w.c.AfterID {
			continue
		}
		if seen >= membersARun || done == departmentsARun {
			return nil
		}
		n, err := w.department(ctx, id, walked)
		if err != nil {
			return err
		}
		seen, done, w.c.AfterID = seen+n, done+1, id
	}
	w.next(phaseNowhere)
	return nil
}

// department compares the direct members of one department and answers how many
// were listed. Whoever is said to be in it and is not listed is read by himself.
func (w walk) department(ctx context.Context, id int64, walked map[int]bool) (int, error) {
	asked, err := w.p.db.Reader(ctx).LastContactEvent()
	if err != nil {
		return 0, err
	}
	listed, err := w.p.contacts.Members(ctx, int(id))
	if departmentGone(err) {
		effect, err := w.p.askDepartment(ctx, id)
		if err != nil {
			return 0, err
		}
		return 0, w.run(ctx, effect)
	}
	if err != nil {
		return 0, fmt.Errorf("list members of department %d: %w", id, err)
	}
	in := make(map[string]struct{}, len(listed))
	var mine []wecom.Member
	for _, m := range listed {
		fold := store.Fold(m.UserID)
		if _, twice := in[fold]; twice || !possible(m.UserID) {
			continue
		}
		in[fold] = struct{}{}
		if home(m, walked, int(id)) == int(id) {
			mine = append(mine, m)
		}
	}
	from := source{why: whyCompare, asked: asked, quiet: w.c.Baseline}
	for part := range slices.Chunk(mine, batch) {
		if err := w.put(ctx, part, from); err != nil {
			return 0, err
		}
	}
	w.c.Members += len(mine)
	return len(listed), w.missing(ctx, id, in)
}

// home is the department with which a member of several is compared.
func home(m wecom.Member, walked map[int]bool, here int) int {
	for _, d := range m.Departments {
		if walked[d] {
			return d
		}
	}
	return here
}

// put writes those who differ from the mirror, in transactions of at most 200
// rows; when nobody does there is none.
func (w walk) put(ctx context.Context, read []wecom.Member, from source) error {
	differing, err := w.p.changes(w.p.db.Reader(ctx), read, from)
	if err != nil || len(differing) == 0 {
		return err
	}
	byFold := make(map[string]wecom.Member, len(read))
	for _, m := range read {
		byFold[store.Fold(m.UserID)] = m
	}
	var part []wecom.Member
	rows := 0
	flush := func() error {
		if len(part) == 0 {
			return nil
		}
		var sum tally
		err := w.run(ctx, func(tx *store.Tx) (err error) {
			sum, err = w.p.take(tx, part, from)
			return err
		})
		w.c.Changed, w.c.Joined = w.c.Changed+sum.changed, w.c.Joined+sum.joined
		part, rows = nil, 0
		return err
	}
	for _, c := range differing {
		m := byFold[store.Fold(c.after.UserID)]
		part = append(part, m)
		rows += 1 + len(m.Departments)
		if rows >= batch-mostDepartments || !from.quiet && len(part) == room {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// missing has those read who are said to be in a department and were not
// listed.
func (w walk) missing(ctx context.Context, department int64, listed map[string]struct{}) error {
	var after int64
	for {
		page, err := w.p.db.Reader(ctx).SeenIn(department, after, 1000)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].ID
		absent := slices.DeleteFunc(page, func(m store.MemberName) bool { _, in := listed[m.UserIDFold]; return in })
		if err := w.checkAll(ctx, absent); err != nil {
			return err
		}
	}
}

func (w walk) checkAll(ctx context.Context, all []store.MemberName) error {
	for part := range slices.Chunk(all, batch/2) {
		err := w.run(ctx, func(tx *store.Tx) error { return w.p.checkLater(tx, userids(part)) })
		if err != nil {
			return err
		}
		w.c.Checked += len(part)
	}
	return nil
}

// nowhere has those read who are in no department we see: members the app sees
// by themselves, and those nobody has read yet.
func (w walk) nowhere(ctx context.Context) error {
	page, err := w.p.db.Reader(ctx).SeenNowhere(w.c.AfterID, membersARun)
	if err != nil {
		return err
	}
	if err := w.checkAll(ctx, page); err != nil {
		return err
	}
	if len(page) < membersARun {
		w.next(phaseTags)
		return nil
	}
	w.c.AfterID = page[len(page)-1].ID
	return nil
}

// tags compares tags one after the other: those WeCom lists, and those we know.
func (w walk) tags(ctx context.Context) error {
	listed, err := w.p.contacts.Tags(ctx)
	if err != nil {
		return fmt.Errorf("list tags: %w", err)
	}
	known, err := w.p.db.Reader(ctx).Tags()
	if err != nil {
		return err
	}
	var ids []int64
	for _, t := range listed {
		if id := int64(t.ID); id > w.c.AfterID && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, t := range known {
		if t.ID > w.c.AfterID && !slices.Contains(ids, t.ID) {
			ids = append(ids, t.ID)
		}
	}
	ids = smallest(ids, tagsARun)
	for _, id := range ids {
		if err := w.p.readTag(ctx, w.run, id, whyCompare, "", w.c.Baseline); err != nil {
			return err
		}
		w.c.AfterID = id
	}
	if len(ids) < tagsARun {
		w.next("")
	}
	return nil
}

// smallest are the n smallest of ids, growing.
func smallest(ids []int64, n int) []int64 {
	slices.Sort(ids)
	return ids[:min(n, len(ids))]
}

// errNewer says that an event came after WeCom was asked, so the answer may be
// the older.
var errNewer = errors.New("told of while it was read")
