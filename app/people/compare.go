package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

const (
	batch = 200 // rows one transaction touches

	// room is how many members one transaction writes whose changes others are
	// told of: each of them may touch some 40 rows.
	room = 4

	maxDepartments = 50_000
	// One run of the job ends after this many members or departments, so that
	// a comparison that is interrupted loses little.
	membersARun, departmentsARun = 2_000, 200
	tagsARun                     = 50
)

// The phases of a comparison, in their order. Each goes on after AfterID.
const (
	phaseDepartments = "departments" // all at once
	phaseEach        = "each"        // instead, one by one: the list is too large for one answer
	phaseGone        = "gone"        // departments that were not listed, one by one
	phaseMembers     = "members"     // by department
	phaseNowhere     = "nowhere"     // members in no department we see
	phaseTags        = "tags"
)

// Compare is the job that compares the mirror with the whole company, a bounded
// part at a time. How far it has come is a store.Compare.
type Compare struct{}

// Kind implements store.JobArgs.
func (Compare) Kind() string { return "people.compare" }

// CompareLater plans a full comparison. One that is under way goes on and is
// followed by another; one that waits is enough.
func (p *People) CompareLater(tx *store.Tx) error {
	if err := tx.CompareAgain(); err != nil {
		return err
	}
	_, err := tx.Enqueue(Compare{}, store.Unique("all"))
	return err
}

// Compared counts what a full comparison did.
type Compared struct {
	Departments, Members, Changed, Joined, Checked int
}

// String is the result in words.
func (c Compared) String() string {
	return fmt.Sprintf("%d 个部门，%d 名成员，更新 %d 名（新增 %d 名），逐个核实 %d 名", c.Departments, c.Members, c.Changed, c.Joined, c.Checked)
}

func compared(c store.Compare) Compared {
	return Compared{c.Departments, c.Members, c.Changed, c.Joined, c.Checked}
}

// Sync compares the whole company at once, for the command line. Nobody is
// taken for gone because a list does not show him: he is read by himself.
func (p *People) Sync(ctx context.Context) (Compared, error) {
	c := store.Compare{Phase: phaseDepartments}
	baseline, err := p.baselined(p.db.Reader(ctx))
	if err != nil {
		return Compared{}, err
	}
	c.Baseline = !baseline
	w := walk{p, p.db.InBackground, &c}
	for c.Phase != "" {
		if err := w.step(ctx); err != nil {
			return compared(c), err
		}
	}
	for more := true; more; {
		if more, err = p.checkSome(ctx, p.db.InBackground); err != nil {
			return compared(c), err
		}
	}
	return compared(c), p.db.InBackground(ctx, func(tx *store.Tx) error {
		if err := tx.AddCompare(&c); err != nil {
			return err
		}
		return p.finish(tx, &c)
	})
}

// compare runs the next part of the comparison, beginning one when none is
// under way.
func (p *People) compare(ctx context.Context, job *queue.Job, _ Compare) queue.Outcome {
	c, err := p.underWay(ctx, job)
	if err != nil {
		return queue.Retry(fmt.Errorf("compare contacts: %w", err))
	}
	w := walk{p, job.InTx, &c}
	if err := w.step(ctx); err != nil {
		return p.interrupted(job, c, fmt.Errorf("compare contacts: %s: %w", c.Phase, err))
	}
	return queue.Done(func(tx *store.Tx) error {
		if c.Phase == "" {
			return p.finish(tx, &c)
		}
		c.EndedAt, c.Failure = nil, ""
		if err := tx.SaveCompare(c); err != nil {
			return err
		}
		_, err := tx.Enqueue(Compare{}, store.Unique("all"))
		return err
	})
}

func (p *People) underWay(ctx context.Context, job *queue.Job) (store.Compare, error) {
	c, err := p.db.Reader(ctx).RunningCompare()
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	c = store.Compare{Phase: phaseDepartments}
	return c, job.InTx(ctx, func(tx *store.Tx) error {
		done, err := p.baselined(&tx.Reader)
		if err != nil {
			return err
		}
		c = store.Compare{Phase: phaseDepartments, Baseline: !done}
		return tx.AddCompare(&c)
	})
}

// interrupted is the outcome when WeCom or the database did not answer: what
// was compared stays compared, and the next run goes on from there. When the
// attempts are used up the comparison has failed; the next begins anew.
func (p *People) interrupted(job *queue.Job, c store.Compare, err error) queue.Outcome {
	class := wecom.ClassOf(err)
	over := class == wecom.Permanent || class != wecom.Throttled && job.Last
	note := func(tx *store.Tx) error {
		now := tx.Now()
		c.EndedAt, c.Failure = &now, fmt.Sprintf("%s %d", class, wecom.CodeOf(err))
		if over {
			c.State = store.CompareFailed
		}
		return tx.SaveCompare(c)
	}
	switch {
	case over:
		return queue.Bury(err, note)
	case class == wecom.Throttled:
		return queue.Snooze(p.db.Now().Add(max(wecom.RetryAfter(err), time.Second)), note)
	}
	return queue.Retry(err, note)
}

// finish ends a comparison that has seen everything.
func (p *People) finish(tx *store.Tx, c *store.Compare) error {
	running, err := tx.RunningCompare() // Again may have been set meanwhile
	if err != nil {
		return err
	}
	now := tx.Now()
	c.State, c.EndedAt, c.Failure = store.CompareDone, &now, ""
	if err := tx.SaveCompare(*c); err != nil {
		return err
	}
	if c.Baseline {
		if err := tx.SetSetting(baselineKey, true); err != nil {
			return err
		}
		if err := p.RederiveLater(tx, BecauseFirst); err != nil { // all heads are known only now
			return err
		}
	}
	if _, err := tx.Enqueue(CheckMap{}, store.Unique("all")); err != nil {
		return err
	}
	if running.Again {
		_, err = tx.Enqueue(Compare{}, store.Unique("all"))
	}
	p.log.Info("contacts compared", "departments", c.Departments, "members", c.Members, "changed", c.Changed,
		"joined", c.Joined, "checked", c.Checked, "baseline", c.Baseline)
	return err
}

// walk is one comparison under way.
type walk struct {
	p   *People
	run inTx
	c   *store.Compare
}

// step does a bounded part of the phase and moves on to the next when it is
// done; the empty phase is the end.
func (w walk) step(ctx context.Context) error {
	switch w.c.Phase {
	case phaseDepartments:
		return w.departments(ctx)
	case phaseEach:
		return w.departmentsEach(ctx)
	case phaseGone:
		return w.unlisted(ctx)
	case phaseMembers:
		return w.members(ctx)
	case phaseNowhere:
		return w.nowhere(ctx)
	case phaseTags:
		return w.tags(ctx)
	}
	w.c.Phase = ""
	return nil
}

func (w walk) next(phase string) { w.c.Phase, w.c.AfterID = phase, 0 }

// departments takes over the list of departments. Those it does not hold are
// asked for one by one.
func (w walk) departments(ctx context.Context) error {
	asked, err := w.p.db.Reader(ctx).LastContactEvent()
	if err != nil {
		return err
	}
	read, err := w.p.contacts.Departments(ctx, 0)
	if wecom.CodeOf(err) == codeTooLarge {
		w.next(phaseEach)
		return nil
	}
	if err != nil {
		return fmt.Errorf("list departments: %w", err)
	}
	if len(read) > maxDepartments {
		return fmt.Errorf("%d departments are more than the %d that can be mirrored", len(read), maxDepartments)
	}
	known, err := w.known(ctx)
	if err != nil {
		return err
	}
	var put []store.Department
	for _, d := range read {
		row := departmentOf(d)
		if old, ok := known[row.ID]; !ok || differ(old, row) {
			put = append(put, row)
		}
		delete(known, row.ID)
	}
	for len(put) > 0 {
		part := put[:min(len(put), batch/2)]
		put = put[len(part):]
		err := w.run(ctx, func(tx *store.Tx) error {
			newer, err := tx.ObjectsTold(asked, partyEvents...)
			if err != nil {
				return err
			}
			var still []store.Department
			for _, d := range part {
				if !newer[d.ID] { // else its own reading is under way
					still = append(still, d)
				}
			}
			return w.p.putDepartments(tx, still)
		})
		if err != nil {
			return err
		}
	}
	w.c.Departments, w.c.Gone = len(read), len(known)
	w.next(phaseMembers)
	if len(known) > 0 {
		w.next(phaseGone)
	}
	return nil
}

// departmentsEach asks for every department by itself.
func (w walk) departmentsEach(ctx context.Context) error {
	read, err := w.p.contacts.DepartmentIDs(ctx, 0)
	if err != nil {
		return fmt.Errorf("list departments: %w", err)
	}
	if len(read) > maxDepartments {
		return fmt.Errorf("%d departments are more than the %d that can be mirrored", len(read), maxDepartments)
	}
	w.c.Departments = len(read)
	var ids []int64
	for _, d := range read {
		if int64(d.ID) > w.c.AfterID {
			ids = append(ids, int64(d.ID))
		}
	}
	ids = smallest(ids, departmentsARun)
	if err := w.askDepartments(ctx, ids); err != nil {
		return err
	}
	if len(ids) < departmentsARun {
		w.next(phaseGone)
	}
	return nil
}

// askDepartments reads departments one by one, and remembers how far it came.
func (w walk) askDepartments(ctx context.Context, ids []int64) error {
	for _, id := range ids {
		effect, err := w.p.askDepartment(ctx, id)
		if err != nil {
			return err
		}
		if err := w.run(ctx, effect); err != nil {
			return err
		}
		w.c.AfterID = id
	}
	return nil
}

func (w walk) known(ctx context.Context) (map[int64]store.Department, error) {
	all, err := w.p.db.Reader(ctx).Departments()
	if err != nil {
		return nil, err
	}
	known := make(map[int64]store.Department, len(all))
	for _, d := range all {
		known[d.ID] = d
	}
	return known, nil
}

// unlisted asks for the departments that the list did not hold: a list that is
// short makes nothing gone.
func (w walk) unlisted(ctx context.Context) error {
	read, err := w.p.contacts.DepartmentIDs(ctx, 0)
	if err != nil {
		return fmt.Errorf("list departments: %w", err)
	}
	known, err := w.known(ctx)
	if err != nil {
		return err
	}
	for _, d := range read {
		delete(known, int64(d.ID))
	}
	var missing []int64
	for id := range known {
		if id > w.c.AfterID {
			missing = append(missing, id)
		}
	}
	missing = smallest(missing, departmentsARun)
	if err := w.askDepartments(ctx, missing); err != nil {
		return err
	}
	if len(missing) < departmentsARun {
		w.next(phaseMembers)
	}
	return nil
}

// LastCompare is when the mirror was compared with WeCom last, and the outcome.
type LastCompare struct {
	At     time.Time // business time; zero: never
	Result string    // in Chinese
	Failed bool
}

// LastCompare answers the last comparison that ended, or the one that cannot go
// on for now; the zero value when there is none.
func (p *People) LastCompare(r *store.Reader) (LastCompare, error) {
	c, err := r.LastCompare()
	if errors.Is(err, store.ErrNotFound) {
		return LastCompare{}, nil
	}
	if err != nil {
		return LastCompare{}, err
	}
	last := LastCompare{At: *c.EndedAt, Result: compared(c).String(), Failed: c.Failure != ""}
	if last.Failed {
		last.Result = "没有完成：" + c.Failure
	}
	return last, nil
}
