package request

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/store"
)

// Transfer gives the caller's part of the current step to somebody else (转审).
// 流程管理员 may transfer the part of somebody who does not act, with a reason
// (G1-3.2(1)).
func (q *Requests) Transfer(call *chat.Call, number string, to int64, opinion string) (store.Request, error) {
	return q.TransferOf(call, number, 0, to, opinion)
}

// TransferOf is Transfer of the part of one of several deciders; 0 is the
// caller's own, or the only one.
func (q *Requests) TransferOf(call *chat.Call, number string, from, to int64, opinion string) (store.Request, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	if err := elsewhere(d.request); err != nil {
		return d.request, err
	}
	part, managed, err := q.mayMove(call, d, from, opinion)
	if err != nil {
		return d.request, err
	}
	named, err := q.coworkers(call.Tx, d, []int64{to}, "转审")
	if err != nil {
		return d.request, err
	}
	if err := q.fresh(d, named, "转审"); err != nil {
		return d.request, err
	}
	if err := q.room(&call.Tx.Reader, d.request); err != nil {
		return d.request, err
	}
	step := d.step()
	next, err := q.standing(&call.Tx.Reader, d.request, []int64{named[0].ID})
	if err != nil {
		return d.request, err
	}
	if len(next) == 0 || q.fresh(d, []store.Member{{ID: next[0].MemberID}}, "转审") != nil {
		next = []store.RequestDecider{{MemberID: named[0].ID}}
	}
	inherit(&next[0], *step, d.request, part)
	return d.request, q.transferred(call, d, step, part, next, managed, opinion)
}

func (q *Requests) transferred(call *chat.Call, d *dossier, step *store.RequestStep, part store.RequestDecider, next []store.RequestDecider, managed bool, opinion string) error {
	tx := call.Tx
	part.State = store.DeciderPassed
	if err := d.put(tx, part); err != nil {
		return err
	}
	if err := q.clocks.Pass(tx, step.Subject(), part.MemberID); err != nil {
		return err
	}
	names, err := q.names(&tx.Reader, next)
	if err != nil {
		return err
	}
	from, err := tx.Member(part.MemberID)
	if err != nil {
		return err
	}
	text := "「" + step.Name + "」由" + from.Name + "转给" + names
	deviate(&d.request, call.Member.Name+"把"+text)
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	if opinion != "" {
		text += "：" + opinion
	}
	c := change{Left: []int64{part.MemberID}, Seats: seats(next)}
	if err := q.enterHistory(tx, d.request, step.ID, actOf(call), store.RequestTransferred, text, c); err != nil {
		return err
	}
	asked := fmt.Sprintf("【转审】%s请您审批%s的「%s」%s。", call.Member.Name, q.name(d.request), step.Name, because(opinion))
	if err := q.tell(tx, d.request, membersOf(next), asked); err != nil {
		return err
	}
	if err := q.ask(tx, d, *step, next); err != nil {
		return err
	}
	if err := q.notify.Refresh(tx, step.Subject()); err != nil {
		return err
	}
	if managed {
		if err := q.tell(tx, d.request, []int64{part.MemberID}, fmt.Sprintf("【转审】流程管理员%s把%s的%s，您无需再处理。", call.Member.Name, q.name(d.request), text)); err != nil {
			return err
		}
	}
	return q.tell(tx, d.request, []int64{d.request.ApplicantID}, fmt.Sprintf("【进度】%s：%s。", q.name(d.request), text))
}

// because says what somebody wrote with an act; "" when he wrote nothing.
func because(said string) string {
	if said == "" {
		return ""
	}
	return "：" + strings.TrimRight(said, "。")
}

// mayMove is the part of the current step that the caller may give away or add
// approvers to: his own, or as 流程管理员, with a reason, that of another.
func (q *Requests) mayMove(call *chat.Call, d *dossier, from int64, reason string) (part store.RequestDecider, managed bool, err error) {
	if err := short("说明", reason); err != nil {
		return part, false, err
	}
	denied := q.mayDecide(call, d)
	step := d.step()
	if denied == nil {
		if part, known := d.decider(step.ID, call.Member.ID); known && (from == 0 || from == call.Member.ID) {
			return part, false, nil
		}
	}
	if step == nil || call.Member.ID == d.request.ApplicantID || call.Member.ID == d.request.AboutID {
		return part, false, denied
	}
	if err := active(call, d); err != nil {
		return part, false, err
	}
	if denied == nil { // he may decide by a permission alone, or names another's part
		denied = chat.Refused{Reason: "您不是「" + step.Name + "」的审批人", Instead: "直接审批，或请流程管理员调整"}
	}
	if err := q.managesOr(call, d.request, denied); err != nil {
		return part, false, err
	}
	if strings.TrimSpace(reason) == "" {
		return part, true, chat.Incomplete{Field: "说明", Prompt: "请写调整审批人的原因，会记入经过"}
	}
	part, err = q.partOf(call, d, from)
	return part, true, err
}

// partOf is the open part of somebody in the current step; 0 is the only one.
func (q *Requests) partOf(call *chat.Call, d *dossier, from int64) (store.RequestDecider, error) {
	open := d.of(d.step().ID, store.DeciderOpen)
	if i := slices.IndexFunc(open, func(o store.RequestDecider) bool { return o.MemberID == from }); i >= 0 {
		return open[i], nil
	}
	names, err := q.names(&call.Tx.Reader, open)
	switch {
	case err != nil:
		return store.RequestDecider{}, err
	case len(open) == 1 && from == 0:
		return open[0], nil
	case len(open) == 0:
		return store.RequestDecider{}, chat.Refused{Reason: "「" + d.step().Name + "」现在没有审批人", Instead: "催办 " + d.request.Number + "，系统会重新找审批人"}
	case from != 0:
		return store.RequestDecider{}, chat.Refused{Reason: "要转出的人现在不是审批人，现在由" + names + "处理", Instead: "写其中一位"}
	default:
		return store.RequestDecider{}, chat.Incomplete{Field: "原审批人", Prompt: "「" + d.step().Name + "」现在由" + names + "处理，请写明由谁转出"}
	}
}

// coworkers are the members of these ids, each of whom may be given a part in
// the request: present, able to act, and neither the applicant nor the member
// it is about.
func (q *Requests) coworkers(tx *store.Tx, d *dossier, ids []int64, what string) ([]store.Member, error) {
	ids = distinct(ids)
	if len(ids) == 0 || len(ids) > MaxCopies {
		return nil, chat.Incomplete{Field: "人员", Prompt: "请写" + what + "给谁，最多 " + fmt.Sprint(MaxCopies) + " 人"}
	}
	all, err := tx.Members(ids)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b store.Member) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) }) // as they were named
	if len(all) < len(ids) {
		return nil, chat.Refused{Reason: what + "的人里有通讯录中没有的人", Instead: "重新写" + what + "给谁"}
	}
	for _, m := range all {
		switch {
		case !m.Present():
			return nil, chat.Refused{Reason: m.Name + "不在职", Instead: what + "给其他同事"}
		case m.SuspendedAt != nil && what != "抄送":
			return nil, chat.Refused{Reason: m.Name + "的账号已挂失，暂时不能审批", Clause: "G2-4.2(3)", Instead: what + "给其他同事"}
		case m.ID == d.request.ApplicantID && what != "抄送":
			return nil, chat.Refused{Reason: m.Name + "是申请人，不能审批自己的申请", Clause: "G1-4.2.1(四)", Instead: what + "给其他同事"}
		case m.ID == d.request.AboutID && what != "抄送":
			return nil, chat.Refused{Reason: "这项申请与" + m.Name + "本人有关，不能由其审批", Clause: "G1-4.2.1(四)", Instead: what + "给其他同事"}
		}
	}
	return all, nil
}

// distinct keeps the first of each.
func distinct(ids []int64) []int64 {
	var all []int64
	for _, id := range ids {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// fresh refuses people who decide the current step already.
func (q *Requests) fresh(d *dossier, named []store.Member, what string) error {
	for _, m := range named {
		if part, known := d.decider(d.step().ID, m.ID); known && part.State != store.DeciderPassed {
			return chat.Refused{Reason: m.Name + "已经是「" + d.step().Name + "」的审批人", Instead: what + "给其他同事"}
		}
	}
	return nil
}

// room refuses the next of too many changes of the people of one request.
func (q *Requests) room(r *store.Reader, request store.Request) error {
	n, err := r.CountRequestEntries(request.ID, store.RequestTransferred, store.RequestAdded)
	if err == nil && n >= MaxMoves {
		err = chat.Refused{Reason: fmt.Sprintf("%s 的审批人已经调整过 %d 次", request.Number, n), Instead: "同意或驳回"}
	}
	return err
}
