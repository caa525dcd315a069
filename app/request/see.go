package request

import (
	"errors"
	"slices"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// mayRead is nil if the caller may read a request: its applicant, the member it
// is about, those who decide or decided, those who were told, those directly
// above them, and holders of the permission of its kind. For everybody else it
// does not exist. A sensitive one is read only by those involved, by those whose
// turn is still to come, and by holders of audit.view; others are refused openly,
// with an audit row (G1-3.2(4) AE1).
func (q *Requests) mayRead(call *chat.Call, d *dossier) error {
	involved, err := q.involved(&call.Tx.Reader, call.Member.ID, d)
	if err != nil || involved {
		return err
	}
	if d.request.Sensitive {
		later, err := q.turnComes(&call.Tx.Reader, d, call.Member.ID)
		if err != nil || later != "" {
			return err
		}
		granted, err := permits(call, policy.AuditView, d.request.Number)
		if err != nil || granted {
			return err
		}
		return chat.NoPermission{Permission: string(policy.AuditView), Object: d.request.Number}
	}
	above, err := q.aboveInvolved(&call.Tx.Reader, call.Member.ID, d)
	if err != nil || above {
		return err
	}
	for _, permission := range []policy.Permission{q.kind(d.request.Kind).Visible, policy.NodeManage} {
		granted, err := permits(call, permission, d.request.Number)
		if err != nil || granted {
			return err
		}
	}
	return chat.NotFound{Number: d.request.Number}
}

// permits asks for a permission beyond that of the command; "" is nobody's.
func permits(call *chat.Call, permission policy.Permission, object string) (bool, error) {
	if permission == "" || call.Permits == nil {
		return false, nil
	}
	return call.Permits.Permit(call, string(permission), object)
}

// involved says whether a member takes part in a request. Whoever is replaced
// before he decided has seen it, and may see what became of it.
func (q *Requests) involved(r *store.Reader, member int64, d *dossier) (bool, error) {
	if member == d.request.ApplicantID || member == d.request.AboutID ||
		slices.ContainsFunc(d.deciders, func(o store.RequestDecider) bool { return o.MemberID == member }) {
		return true, nil
	}
	copies, err := r.RequestCopies(d.request.ID)
	return slices.ContainsFunc(copies, func(c store.RequestCopy) bool { return c.MemberID == member }), err
}

// aboveInvolved says whether a member stands directly above the applicant or
// somebody who has to decide.
func (q *Requests) aboveInvolved(r *store.Reader, member int64, d *dossier) (bool, error) {
	for _, id := range append([]int64{d.request.ApplicantID}, membersOf(d.ofAny(store.DeciderOpen))...) {
		over, err := q.people.StandsOver(r, member, id)
		if err != nil || over {
			return over, err
		}
	}
	return false, nil
}

// View answers what the caller may see of a request: chat.NotFound when it is
// not there or hidden from him, chat.NoPermission when it is sensitive.
func (q *Requests) View(call *chat.Call, number string) (CaseView, error) {
	r := &call.Tx.Reader
	request, err := r.RequestByNumber(number)
	if errors.Is(err, store.ErrNotFound) {
		return CaseView{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return CaseView{}, err
	}
	d, err := q.open(r, request)
	if err != nil {
		return CaseView{}, err
	}
	if err := q.mayRead(call, d); err != nil {
		return CaseView{}, err
	}
	return q.draw(call, d)
}

// actions are what the caller may do about a request now.
func (q *Requests) actions(call *chat.Call, d *dossier) ([]Action, error) {
	request, me := d.request, call.Member.ID
	if active(call, d) != nil {
		return nil, nil
	}
	var all []Action
	if request.ApplicantID == me {
		all = q.applicantActions(d)
	}
	if request.Engine == store.EngineNative {
		return slices.DeleteFunc(all, func(a Action) bool { return a != ActionUrge }), nil
	}
	step := d.step()
	if step != nil && me != request.ApplicantID && me != request.AboutID {
		deciding, err := q.deciderActions(call, d)
		if err != nil {
			return nil, err
		}
		all = append(all, deciding...)
	}
	if step != nil && me != request.ApplicantID {
		above, err := q.overDeciders(&call.Tx.Reader, me, d)
		if err != nil {
			return nil, err
		}
		if above {
			all = append(all, ActionUrge)
		}
	}
	taken, err := q.removable(call, d)
	if err != nil {
		return nil, err
	}
	if len(taken) > 0 {
		all = append(all, ActionRemove)
	}
	all = append(all, ActionComment)
	if request.ApplicantID == me || d.inChain(me) {
		all = append(all, ActionCopy)
	}
	return all, nil
}

func (q *Requests) applicantActions(d *dossier) []Action {
	switch d.request.State {
	case store.RequestRunning:
		return []Action{ActionUrge, ActionWithdraw}
	case store.RequestReturned:
		return []Action{ActionResubmit, ActionWithdraw}
	case store.RequestApproved:
		if q.kind(d.request.Kind).Revocable != nil {
			return []Action{ActionRevoke}
		}
	}
	return nil
}

// deciderActions are those of whoever may decide now, and of 流程管理员.
func (q *Requests) deciderActions(call *chat.Call, d *dossier) ([]Action, error) {
	var all []Action
	denied := q.mayDecide(call, d)
	if denied == nil {
		all = append(all, ActionApprove, ActionReject)
		if len(d.passed()) > 0 || q.kind(d.request.Kind).Resubmits {
			all = append(all, ActionReturn)
		}
	} else if _, worded := chat.Wording(denied); !worded {
		return nil, denied
	}
	part, known := d.decider(d.step().ID, call.Member.ID)
	if known && part.State == store.DeciderOpen {
		return append(all, ActionTransfer, ActionAdd), nil
	}
	manages, err := permits(call, policy.NodeManage, d.request.Number)
	if err == nil && manages {
		all = append(all, ActionTransfer, ActionAdd)
	}
	return all, err
}

// returnPlaces are where a request may be sent back to by who may decide it.
func (q *Requests) returnPlaces(d *dossier) []ReturnPlace {
	var all []ReturnPlace
	if q.kind(d.request.Kind).Resubmits {
		all = append(all, ReturnPlace{"", applicantPlace})
	}
	for _, i := range d.passed() {
		s := d.steps[i]
		key := s.Key
		if key == "" {
			key = s.Name
		}
		all = append(all, ReturnPlace{key, s.Name})
	}
	return all
}
