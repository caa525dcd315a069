package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// merged is what the history says of somebody who would be told twice
// (G1-3.2(3)b AE1).
const merged = "重复抄送已合并"

// Copy tells members of a request, who may read it from then on (抄送). Its
// applicant may do it, those who decide or have decided, and 流程管理员. Whoever
// is told already or decides anyway is merged, with a record.
func (q *Requests) Copy(call *chat.Call, number string, members []int64) (store.Request, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	if err := elsewhere(d.request); err != nil {
		return d.request, err
	}
	if err := q.mayCopy(call, d); err != nil {
		return d.request, err
	}
	named, err := q.coworkers(call.Tx, d, members, "抄送")
	if err != nil {
		return d.request, err
	}
	copies, err := call.Tx.RequestCopies(d.request.ID)
	if err != nil {
		return d.request, err
	}
	if len(copies)+len(named) > MaxCopies {
		return d.request, chat.Refused{Reason: fmt.Sprintf("抄送最多 %d 人，现在已有 %d 人", MaxCopies, len(copies)), Instead: "减少抄送的人"}
	}
	if err := call.Tx.SaveRequest(&d.request); err != nil {
		return d.request, err
	}
	told, err := q.addCopies(call.Tx, d, membersIDs(named), actOf(call), "由"+call.Member.Name+"抄送")
	if err != nil || len(told) == 0 {
		return d.request, err
	}
	return d.request, q.tell(call.Tx, d.request, told,
		fmt.Sprintf("【抄送】%s 把%s抄送给您，请知悉。详情可发送：查询 %s", call.Member.Name, q.name(d.request), d.request.Number))
}

func (q *Requests) mayCopy(call *chat.Call, d *dossier) error {
	if err := active(call, d); err != nil {
		return err
	}
	if d.request.ApplicantID == call.Member.ID || d.inChain(call.Member.ID) {
		return nil
	}
	return q.managesOr(call, d.request, chat.NotFound{Number: d.request.Number})
}

// inChain says whether a member decides a request, has decided, or will.
func (d *dossier) inChain(member int64) bool {
	return slices.ContainsFunc(d.deciders, func(o store.RequestDecider) bool { return o.MemberID == member && o.State != store.DeciderPassed })
}

// noteCopies notes who is to be told when a request is approved.
func (q *Requests) noteCopies(tx *store.Tx, d *dossier, all []people.Whom, by act) error {
	if len(all) == 0 {
		return nil
	}
	ids, err := q.informed(&tx.Reader, d.request, all)
	if err != nil {
		return err
	}
	chain := map[int64]bool{}
	for _, step := range d.steps {
		if step.Round != d.request.Round || step.Mode == store.StepCopy {
			continue
		}
		f, err := q.find(&tx.Reader, d.request, step)
		if err != nil {
			return err
		}
		for _, o := range f.deciders {
			chain[o.MemberID] = true
		}
	}
	keep := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return chain[id] })
	dropped := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !chain[id] })
	if err := q.mergedCopies(tx, d.request, by, dropped); err != nil {
		return err
	}
	_, err = q.addCopies(tx, d, keep, by, "按流程抄送")
	return err
}

// copyTo makes whoever these names mean people who are told, and answers those
// who are new.
func (q *Requests) copyTo(tx *store.Tx, d *dossier, all []people.Whom, why string) ([]int64, error) {
	ids, err := q.informed(&tx.Reader, d.request, all)
	if err != nil {
		return nil, err
	}
	return q.addCopies(tx, d, ids, system(tx), why)
}

// informed are those whom names mean who are to be told. Nobody stands in for
// them: only who decides must not be missing.
func (q *Requests) informed(r *store.Reader, request store.Request, all []people.Whom) ([]int64, error) {
	var ids []int64
	for _, whom := range all {
		found, err := q.people.Resolve(r, whom, 0+request.AboutID)
		if errors.Is(err, store.ErrNotFound) || found.Instead != "" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("who is told, %s: %w", whom, err)
		}
		for _, id := range found.Members {
			if id != request.ApplicantID && len(ids) < MaxCopies {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// findCopies are the people a step only informs, in the form of deciders.
func (q *Requests) findCopies(r *store.Reader, request store.Request, step store.RequestStep) (found, error) {
	ids, err := q.informed(r, request, whoms(step))
	f := found{members: ids}
	for _, id := range slices.Compact(ids) {
		f.deciders = append(f.deciders, store.RequestDecider{MemberID: id})
	}
	return f, err
}

// addCopies adds those who are not told yet and do not decide; the others are
// merged, with a record.
func (q *Requests) addCopies(tx *store.Tx, d *dossier, ids []int64, by act, why string) (added []int64, err error) {
	copies, err := tx.RequestCopies(d.request.ID)
	if err != nil {
		return nil, err
	}
	var dropped []int64
	for _, id := range ids {
		known := slices.ContainsFunc(copies, func(c store.RequestCopy) bool { return c.MemberID == id })
		if known || slices.Contains(added, id) || d.inChain(id) || id == d.request.ApplicantID {
			dropped = append(dropped, id)
			continue
		}
		if len(copies)+len(added) >= MaxCopies {
			break
		}
		c := store.RequestCopy{RequestID: d.request.ID, MemberID: id, ByID: by.member, Reason: chat.OneLine(why, 80)}
		if why == "按流程抄送" {
			c.ByID = 0
		}
		if err := tx.AddRequestCopy(c); err != nil {
			return nil, err
		}
		added = append(added, id)
	}
	if err := q.mergedCopies(tx, d.request, by, dropped); err != nil || len(added) == 0 {
		return added, err
	}
	names, err := listNames(&tx.Reader, added)
	if err != nil {
		return added, err
	}
	return added, q.enterHistory(tx, d.request, 0, by, store.RequestCopied, names, change{})
}

func (q *Requests) mergedCopies(tx *store.Tx, request store.Request, by act, dropped []int64) error {
	if len(dropped) == 0 {
		return nil
	}
	names, err := listNames(&tx.Reader, dropped)
	if err != nil {
		return err
	}
	by.member = 0
	return q.enterHistory(tx, request, 0, by, store.RequestMerged, merged+"："+names, change{})
}

// tellCopies tells those who were to be told that a request is approved.
func (q *Requests) tellCopies(tx *store.Tx, d *dossier) error {
	copies, err := tx.RequestCopies(d.request.ID)
	if err != nil {
		return err
	}
	var told []int64
	for _, c := range copies {
		if !d.inChain(c.MemberID) {
			told = append(told, c.MemberID)
		}
	}
	return q.tell(tx, d.request, told, fmt.Sprintf("【抄送】%s已通过，请知悉。详情可发送：查询 %s", q.name(d.request), d.request.Number))
}

// listNames are names in the order of their ids: 魏伟、何静.
func listNames(r *store.Reader, ids []int64) (string, error) {
	name, err := namesOf(r, ids)
	if err != nil {
		return "", err
	}
	var all []string
	for _, id := range ids {
		all = append(all, name[id])
	}
	return strings.Join(slices.Compact(all), "、"), nil
}

func membersIDs(members []store.Member) []int64 {
	var ids []int64
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	return ids
}

// managesOr is nil for 流程管理员, who may change a route in flight
// (G1-3.2(1)); for everybody else it is the given refusal.
func (q *Requests) managesOr(call *chat.Call, request store.Request, refusal error) error {
	if call.Permits == nil {
		return refusal
	}
	granted, err := call.Permits.Permit(call, string(policy.NodeManage), request.Number)
	if err == nil && !granted {
		err = refusal
	}
	return err
}

// active refuses those who may do nothing any more.
func active(call *chat.Call, d *dossier) error {
	switch {
	case !call.Member.Present():
		return chat.NoPermission{Permission: permissionOf(d), Object: d.request.Number}
	case call.Member.SuspendedAt != nil:
		return chat.Refused{Reason: "您的账号已挂失，暂时不能操作", Clause: "G2-4.2(3)", Instead: "请行政部或信息安全部门核实后恢复"}
	}
	return nil
}
