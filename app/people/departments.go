package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

// ReadDepartment is the job that reads one department from WeCom.
type ReadDepartment struct {
	ID int64 `json:"id"`
}

// Kind implements store.JobArgs.
func (ReadDepartment) Kind() string { return "people.read_department" }

// CheckDepartment is the job that has everybody of a department read who is
// said to be in it, a page at a time.
type CheckDepartment struct {
	ID    int64 `json:"id"`
	After int64 `json:"after,omitempty"`
}

// Kind implements store.JobArgs.
func (CheckDepartment) Kind() string { return "people.check_department" }

// CheckMap is the job that looks whether every department the rules need is
// there.
type CheckMap struct{}

// Kind implements store.JobArgs.
func (CheckMap) Kind() string { return "people.check_map" }

// partyEvents are the kinds of events about departments.
var partyEvents = []string{"create_party", "update_party", "delete_party"}

// partyTold is an event about a department: what it is now is read. One that is
// deleted is gone at once.
func (p *People) partyTold(tx *store.Tx, t Told, text string, deleted bool) error {
	id, ok := number(text)
	if err := p.note(tx, t, store.ContactEvent{ObjectID: id}, nil); err != nil || !ok {
		return err
	}
	if deleted {
		if err := p.dropDepartments(tx, []int64{id}); err != nil {
			return err
		}
	}
	_, err := tx.Enqueue(ReadDepartment{ID: id}, store.Unique(fmt.Sprint(id)), store.MaxAttempts(readAttempts))
	return err
}

func (p *People) readDepartment(ctx context.Context, _ *queue.Job, args ReadDepartment) queue.Outcome {
	effect, err := p.askDepartment(ctx, args.ID)
	if err != nil {
		return p.later(fmt.Errorf("read department %d: %w", args.ID, err))
	}
	return queue.Done(effect)
}

// askDepartment asks WeCom about one department and answers what writes the
// answer, unless an event about it came after the question.
func (p *People) askDepartment(ctx context.Context, id int64) (func(tx *store.Tx) error, error) {
	asked, err := p.db.Reader(ctx).LastContactEvent()
	if err != nil {
		return nil, err
	}
	d, err := p.contacts.Department(ctx, int(id))
	gone := departmentGone(err)
	if err != nil && !gone {
		return nil, err
	}
	return func(tx *store.Tx) error {
		newer, err := tx.ObjectsTold(asked, partyEvents...)
		if err != nil || newer[id] {
			return err
		}
		if gone {
			return p.dropDepartments(tx, []int64{id})
		}
		return p.putDepartments(tx, []store.Department{departmentOf(d)})
	}, nil
}

// departmentGone says that the app sees no such department.
func departmentGone(err error) bool {
	switch wecom.CodeOf(err) {
	case codeNoSuchDepartment, codeBadDepartment, codeNotVisible:
		return true
	}
	return false
}

func departmentOf(d wecom.Department) store.Department {
	return store.Department{ID: int64(d.ID), ParentID: int64(d.ParentID), Name: inOneLine(d.Name), SortOrder: int64(d.Order)}
}

// putDepartments writes departments that differ from what is known, at most
// 100.
func (p *People) putDepartments(tx *store.Tx, all []store.Department) error {
	var put []store.Department
	for _, d := range all {
		old, err := tx.Department(d.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if errors.Is(err, store.ErrNotFound) || differ(old, d) {
			put = append(put, d)
		}
	}
	if len(put) == 0 {
		return nil
	}
	if err := tx.PutDepartments(put); err != nil {
		return err
	}
	return p.mapChanged(tx)
}

func differ(a, b store.Department) bool {
	return a.Gone || a.Name != b.Name || a.ParentID != b.ParentID || a.SortOrder != b.SortOrder
}

// dropDepartments marks departments as gone, at most 100. Nobody leaves with his
// department: everybody said to be in it is read.
func (p *People) dropDepartments(tx *store.Tx, all []int64) error {
	var gone []int64
	for _, id := range all {
		d, err := tx.Department(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && d.Gone {
			continue
		}
		if err != nil {
			return err
		}
		gone = append(gone, id)
	}
	if len(gone) == 0 {
		return nil
	}
	if err := tx.DropDepartments(gone); err != nil {
		return err
	}
	for _, id := range gone {
		if _, err := tx.Enqueue(CheckDepartment{ID: id}, store.Unique(fmt.Sprint(id))); err != nil {
			return err
		}
	}
	return p.mapChanged(tx)
}

func (p *People) checkDepartment(_ context.Context, _ *queue.Job, args CheckDepartment) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		page, err := tx.SeenIn(args.ID, args.After, batch/2)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := p.checkLater(tx, userids(page)); err != nil {
			return err
		}
		_, err = tx.Enqueue(CheckDepartment{ID: args.ID, After: page[len(page)-1].ID}, store.Unique(fmt.Sprint(args.ID)))
		return err
	})
}

func userids(all []store.MemberName) []string {
	out := make([]string, len(all))
	for i, m := range all {
		out[i] = m.UserID
	}
	return out
}

// mapChanged follows a change of departments: rules name them, so it may concern
// everybody.
func (p *People) mapChanged(tx *store.Tx) error {
	if err := p.revise(tx); err != nil {
		return err
	}
	if known, err := p.baselined(&tx.Reader); err != nil || !known {
		return err
	}
	if err := p.RederiveLater(tx, BecauseDepartments); err != nil {
		return err
	}
	_, err := tx.Enqueue(CheckMap{}, store.Unique("all"))
	return err
}

// missingKey is the setting that holds which departments the rules need and do
// not find, as it was told last.
const missingKey = "people.departments_missing"

// Missing answers the departments of departments_required that are not there,
// as the rulebook names them.
func Missing(rules *policy.Engine, org *policy.Org) []string {
	missing := []string{}
	for _, name := range rules.Rules().DepartmentsNeeded {
		if d := rules.ResolveDepartment(name, org); !d.Found || d.Fallback {
			missing = append(missing, name)
		}
	}
	return missing
}

// checkMap tells the administrators which departments the rules need and no
// longer find, once for each change. Before the company has been read whole
// nothing can be missed.
func (p *People) checkMap(ctx context.Context, _ *queue.Job, _ CheckMap) queue.Outcome {
	r := p.db.Reader(ctx)
	baseline, err := p.baselined(r)
	if err == nil && !baseline {
		return queue.Done()
	}
	var org *policy.Org
	if err == nil {
		org, err = p.Org(r)
	}
	if err != nil {
		return queue.Retry(fmt.Errorf("check departments: %w", err))
	}
	missing := Missing(p.rules(), org)
	return queue.Done(func(tx *store.Tx) error {
		var told []string
		if err := tx.Setting(missingKey, &told); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if slices.Equal(told, missing) {
			return nil
		}
		if err := tx.SetSetting(missingKey, missing); err != nil {
			return err
		}
		news := slices.DeleteFunc(slices.Clone(missing), func(name string) bool { return slices.Contains(told, name) })
		if len(news) == 0 {
			return nil
		}
		administrators, err := p.Administrators(&tx.Reader)
		if err != nil {
			return err
		}
		return p.notify.Tell(tx, notify.Notice{
			To: administrators, Purpose: "people.departments_missing", Subject: store.Subject{Kind: "system"},
			Text: fmt.Sprintf("【通讯录】企业微信里找不到规则需要的部门：%s。有关事项会先转给其他部门或总经理办公室。"+
				"若部门改了名，请在规则的 departments 里写明对应的部门编号；可用 guiju check 核对。", strings.Join(news, "、")),
		})
	})
}

// baselineKey is the setting that says that the company has been read whole
// once: whoever appears from then on joins.
const baselineKey = "people.baseline"

func (p *People) baselined(r *store.Reader) (bool, error) {
	var done bool
	err := r.Setting(baselineKey, &done)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return done, err
}
