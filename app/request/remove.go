package request

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// RemoveApprover takes back an approver who was added and has not decided
// (减签): from beside the current step, or from an added step still to come. Who
// added him may do it, and 流程管理员.
func (q *Requests) RemoveApprover(call *chat.Call, number string, member int64) (store.Request, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	if err := elsewhere(d.request); err != nil {
		return d.request, err
	}
	if err := active(call, d); err != nil {
		return d.request, err
	}
	if d.step() == nil {
		return d.request, stillRuns(d.request)
	}
	m, err := call.Tx.Member(member)
	if err != nil {
		return d.request, err
	}
	at, by := d.addedAt(member)
	if at < 0 {
		return d.request, chat.Refused{Reason: m.Name + "不是这项申请中等待处理的加签审批人", Instead: "追溯 " + d.request.Number}
	}
	if by != call.Member.ID {
		refused := chat.Refused{Reason: m.Name + "不是您加签的", Instead: "请加签的人或流程管理员减签"}
		if err := q.managesOr(call, d.request, refused); err != nil {
			return d.request, err
		}
	}
	if err := q.room(&call.Tx.Reader, d.request); err != nil {
		return d.request, err
	}
	return d.request, q.remove(call, d, at, m)
}

// addedAt is the index of the step somebody was added to and has not decided,
// and who added him; -1 if there is none.
func (d *dossier) addedAt(member int64) (int, int64) {
	for i, s := range d.steps {
		part, known := d.decider(s.ID, member)
		if s.State == store.StepCurrent && known && part.AddedBy != 0 && part.State == store.DeciderOpen {
			return i, part.AddedBy
		}
		if s.State == store.StepWaiting && s.Origin == store.StepAdded && !known && slices.Contains(whoms(s), wholeWhom(member)) {
			return i, s.AddedBy
		}
	}
	return -1, 0
}

// removable are the approvers whom the caller may take back: those he added
// himself, for 流程管理员 all who were added.
func (q *Requests) removable(call *chat.Call, d *dossier) ([]store.Member, error) {
	if d.step() == nil {
		return nil, nil
	}
	var known []int64
	for _, o := range d.deciders {
		known = append(known, o.MemberID)
	}
	for _, s := range d.steps {
		for _, w := range whoms(s) {
			if id, err := strconv.ParseInt(strings.TrimPrefix(string(w), "members:"), 10, 64); err == nil {
				known = append(known, id)
			}
		}
	}
	var mine, others []int64
	for _, id := range distinct(known) {
		switch at, by := d.addedAt(id); {
		case at < 0:
		case by == call.Member.ID:
			mine = append(mine, id)
		default:
			others = append(others, id)
		}
	}
	if len(others) > 0 {
		manages, err := permits(call, policy.NodeManage, d.request.Number)
		if err != nil {
			return nil, err
		}
		if manages {
			mine = append(mine, others...)
		}
	}
	return call.Tx.Members(mine)
}

// wholeWhom names one member.
func wholeWhom(member int64) people.Whom { return people.Whom(fmt.Sprintf("members:%d", member)) }

func (q *Requests) remove(call *chat.Call, d *dossier, at int, m store.Member) error {
	tx, step := call.Tx, &d.steps[at]
	text := "取消「" + step.Name + "」对" + m.Name + "的加签"
	deviate(&d.request, call.Member.Name+text)
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	c := change{}
	if step.State == store.StepCurrent {
		part, _ := d.decider(step.ID, m.ID)
		part.State = store.DeciderPassed
		if err := d.put(tx, part); err != nil {
			return err
		}
		if err := q.clocks.CancelOf(tx, step.Subject(), m.ID); err != nil {
			return err
		}
		step.Beside = strings.Join(slices.DeleteFunc(strings.Split(step.Beside, "\n"), func(line string) bool {
			who, _, _ := besideOf(line)
			return who == m.ID || who == part.DeputyFor
		}), "\n")
		c.Left = []int64{m.ID}
	} else {
		rest := slices.DeleteFunc(whoms(*step), func(w people.Whom) bool { return w == wholeWhom(m.ID) })
		if len(rest) == 0 {
			step.State, step.Reason = store.StepSkipped, "已减签"
			c.Step = step.State
		} else {
			step.Whom, step.Also = string(rest[0]), joined(rest[1:])
		}
	}
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	if err := q.enterHistory(tx, d.request, step.ID, actOf(call), store.RequestAdded, text, c); err != nil {
		return err
	}
	if err := q.notify.Refresh(tx, step.Subject()); err != nil {
		return err
	}
	if err := q.tell(tx, d.request, []int64{m.ID, d.request.ApplicantID}, fmt.Sprintf("【进度】%s：%s%s。", q.name(d.request), call.Member.Name, text)); err != nil {
		return err
	}
	if step.State != store.StepCurrent {
		return nil
	}
	return q.settle(tx, d, step)
}
