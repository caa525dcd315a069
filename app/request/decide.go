package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
)

// commandName approves and rejects where a step has no command of its own.
const commandName = "审批"

// take locks the request of a call and opens its dossier; chat.NotFound when
// there is none.
func (q *Requests) take(call *chat.Call, number string) (*dossier, error) {
	request, err := q.locked(call.Tx, number)
	if errors.Is(err, store.ErrNotFound) {
		return nil, chat.NotFound{Number: number}
	}
	if err != nil {
		return nil, err
	}
	return q.open(&call.Tx.Reader, request)
}

// Decide approves or rejects the current step of a request for the caller. Who
// may not decide gets an error of package chat that says why and what to do;
// nothing has been written then. Commands of domains that stand in for 审批
// (Step.Command) call it too.
func (q *Requests) Decide(call *chat.Call, number string, approve bool, opinion string) (store.Request, error) {
	d, err := q.take(call, number)
	if err != nil {
		return store.Request{}, err
	}
	if err := elsewhere(d.request); err != nil {
		return d.request, err
	}
	if err := q.mayDecide(call, d); err != nil {
		return d.request, err
	}
	if err := q.wellSaid(call, d, approve, opinion); err != nil {
		return d.request, err
	}
	if check := q.kind(d.request.Kind).Check; check != nil {
		if err := check(call.Tx, d.request, *d.step(), call.Member, approve); err != nil {
			return d.request, err
		}
	}
	err = q.record(call, d, approve, opinion)
	return d.request, err
}

// mayDecide is nil if it is the caller's turn.
func (q *Requests) mayDecide(call *chat.Call, d *dossier) error {
	me, request, step := call.Member.ID, d.request, d.step()
	denied := chat.NoPermission{Permission: permissionOf(d), Object: request.Number}
	mine := slices.IndexFunc(d.deciders, func(o store.RequestDecider) bool { return o.MemberID == me })
	switch {
	case !call.Member.Present():
		return denied
	case call.Member.SuspendedAt != nil:
		return chat.Refused{Reason: "您的账号已挂失，暂时不能审批", Clause: "G2-4.2(3)", Instead: "请行政部或信息安全部门核实后恢复", Denied: denied}
	case me == request.ApplicantID:
		return ownCase(request, "不能审批自己的申请", denied)
	case me == request.AboutID:
		return ownCase(request, "不能审批与自己有关的申请", denied)
	case step == nil && mine < 0:
		return denied
	case step == nil:
		return chat.Refused{Reason: fmt.Sprintf("%s %s", request.Number, ended(request.State)), Instead: "追溯 " + request.Number}
	}
	part, known := d.decider(step.ID, me)
	if known && part.State == store.DeciderOpen {
		return nil
	}
	open := d.of(step.ID, store.DeciderOpen)
	waiting, err := q.names(&call.Tx.Reader, open)
	if err != nil {
		return err
	}
	if waiting == "" {
		waiting = "还没有人"
	}
	next := fmt.Sprintf("现在是「%s」，由%s处理", step.Name, waiting)
	if known {
		return notNow(request, *step, part, next)
	}
	later, err := q.turnComes(&call.Tx.Reader, d, me)
	if err != nil {
		return err
	}
	if later != "" {
		return chat.Refused{
			Reason: fmt.Sprintf("还没有轮到「%s」，%s", later, next), Clause: "G2-4.2(1)", Instead: "等轮到您时会收到卡片，再处理",
		}
	}
	return q.grantedOr(call, d, denied, mine, next)
}

// notNow tells a decider of the current step why he has nothing to decide.
func notNow(request store.Request, step store.RequestStep, part store.RequestDecider, next string) error {
	switch part.State {
	case store.DeciderVoted:
		return chat.Refused{Reason: fmt.Sprintf("您已经%s %s，%s", decisionWords[part.Decision], request.Number, next), Instead: "追溯 " + request.Number}
	case store.DeciderQueued:
		return chat.Refused{
			Reason: fmt.Sprintf("「%s」依次审批，还没有轮到您，%s", step.Name, next), Clause: "G2-4.2(1)", Instead: "等轮到您时会收到卡片，再处理",
		}
	default:
		return chat.Refused{Reason: fmt.Sprintf("%s 已经不由您处理，%s", request.Number, next), Instead: "追溯 " + request.Number}
	}
}

// grantedOr lets a holder of the permission of the step decide it, where the
// first decision counts; in a vote he has no seat. Others are told what became
// of their own step, or are denied.
func (q *Requests) grantedOr(call *chat.Call, d *dossier, denied chat.NoPermission, mine int, next string) error {
	step := d.step()
	granted, err := call.Permits.Permit(call, denied.Permission, d.request.Number)
	switch {
	case err != nil:
		return err
	case granted && !several(*step) && step.Beside == "":
		return nil
	case granted:
		return chat.Refused{Reason: fmt.Sprintf("「%s」需要多位审批人各自表决，您不在其中，%s", step.Name, next), Instead: "请流程管理员加签"}
	case mine < 0:
		return denied
	}
	decided, err := q.decidedAlready(&call.Tx.Reader, d, d.deciders[mine].StepID)
	if err != nil {
		return err
	}
	return chat.Refused{Reason: fmt.Sprintf("%s %s，%s", d.request.Number, decided, next), Instead: "追溯 " + d.request.Number}
}

func ownCase(request store.Request, reason string, denied chat.NoPermission) error {
	return chat.Refused{Reason: reason, Clause: "G1-4.2.1(四)", Instead: "催办 " + request.Number + "，或 撤回 " + request.Number, Denied: denied}
}

// permissionOf is the code that lets somebody decide the current step, or the
// first of a request that is over (G1-4.3.2(2)).
func permissionOf(d *dossier) string {
	step := store.RequestStep{}
	if now := d.step(); now != nil {
		step = *now
	} else if len(d.steps) > 0 {
		step = d.steps[0]
	}
	if step.Key == "" {
		return fmt.Sprintf("approval.node.%s.%d.decide", d.request.Kind, step.Position+1)
	}
	return fmt.Sprintf("approval.node.%s.%s.decide", d.request.Kind, step.Key)
}

func ended(state store.RequestState) string {
	switch state {
	case store.RequestApproved:
		return "已经通过"
	case store.RequestRejected:
		return "已经驳回"
	case store.RequestReturned:
		return "已退回申请人修改"
	case store.RequestRevoked:
		return "通过后已被撤销"
	case store.RequestDeleted:
		return "已被删除"
	case store.RequestPaid:
		return "已经支付"
	default:
		return "已被申请人撤回"
	}
}

// turnComes names the step still to come that the member would decide; "" if
// there is none.
func (q *Requests) turnComes(r *store.Reader, d *dossier, member int64) (string, error) {
	for _, step := range d.steps {
		if step.State != store.StepWaiting || step.Mode == store.StepCopy {
			continue
		}
		f, err := q.find(r, d.request, step)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(f.deciders, func(o store.RequestDecider) bool { return o.MemberID == member }) {
			return step.Name, nil
		}
	}
	return "", nil
}

// decidedAlready says what became of a step: 「部门负责人」已由魏伟同意.
func (q *Requests) decidedAlready(r *store.Reader, d *dossier, id int64) (string, error) {
	i := slices.IndexFunc(d.steps, func(s store.RequestStep) bool { return s.ID == id })
	if i < 0 || d.steps[i].DecidedBy == 0 {
		return "的这一步已经结束", nil
	}
	by, err := r.Member(d.steps[i].DecidedBy)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("的「%s」已由%s%s", d.steps[i].Name, by.Name, verdict(d.steps[i])), nil
}

func verdict(step store.RequestStep) string {
	switch {
	case step.State == store.StepRejected:
		return "驳回"
	case step.State == store.StepReturned:
		return "退回"
	case step.Command != "":
		return step.Command
	default:
		return "同意"
	}
}

var decisionWords = map[store.Decision]string{
	store.DecisionApproved: "同意", store.DecisionRejected: "驳回", store.DecisionReturned: "退回",
}

// wellSaid checks what the decider said, not who he is.
func (q *Requests) wellSaid(call *chat.Call, d *dossier, approve bool, opinion string) error {
	step := *d.step()
	elsewhere := slices.ContainsFunc(d.steps, func(s store.RequestStep) bool { return s.Command != "" && s.Command == call.Command })
	switch {
	case approve && step.Command != call.Command && (step.Command != "" || elsewhere):
		return chat.Refused{Reason: fmt.Sprintf("现在是「%s」这一步", step.Name), Instead: approves(d.request, step)}
	case !approve && strings.TrimSpace(opinion) == "":
		return chat.Incomplete{Field: "意见", Prompt: "请写驳回的原因，申请人会看到"}
	}
	return short("意见", opinion)
}

// short refuses what is written too long.
func short(what, text string) error {
	if n := len([]rune(text)); n > MaxText {
		return chat.Refused{Reason: fmt.Sprintf("%s有 %d 字，最多 %d 字", what, n, MaxText), Instead: "写得简短一些"}
	}
	return nil
}

// record writes a decision. When it decides the step the next one is entered,
// or the request ends; else the others are still to decide.
func (q *Requests) record(call *chat.Call, d *dossier, approve bool, opinion string) error {
	tx, step, by := call.Tx, d.step(), actOf(call)
	decision, kind := store.DecisionApproved, store.RequestAgreed
	if !approve {
		decision, kind = store.DecisionRejected, store.RequestRefused
	}
	if err := q.vote(tx, d, *step, by, decision, opinion); err != nil {
		return err
	}
	verdict := verdictOf(*step, d.deciders)
	c := change{Vote: decision}
	switch verdict {
	case store.DecisionApproved:
		c.Step = store.StepApproved
	case store.DecisionRejected:
		c.Step, c.Request = store.StepRejected, store.RequestRejected
	default:
		c.Ended = ownOver(*step, d)
	}
	if err := q.enterHistory(tx, d.request, step.ID, by, kind, opinion, c); err != nil {
		return err
	}
	last := *step
	if err := q.decided(call, d, *step, approve, opinion); err != nil {
		return err
	}
	if verdict == "" {
		last.State, last.Opinion = store.StepApproved, opinion // what the applicant is told of this vote
		if err := q.goOn(tx, d, step, c.Ended); err != nil {
			return err
		}
	} else if err := q.conclude(tx, d, step, verdict, by, opinion); err != nil {
		return err
	} else {
		last = *step
	}
	return q.tellApplicant(tx, d, last, call.Member)
}

// decided tells the domain of a single decision.
func (q *Requests) decided(call *chat.Call, d *dossier, step store.RequestStep, approve bool, opinion string) error {
	if hook := q.kind(d.request.Kind).Decided; hook != nil {
		return internal(hook(call.Tx, d.request, step, call.Member, approve, opinion))
	}
	return nil
}

// vote keeps what somebody decided. A holder of the permission of the step gets
// a part in it with his decision.
func (q *Requests) vote(tx *store.Tx, d *dossier, step store.RequestStep, by act, decision store.Decision, opinion string) error {
	if _, err := q.clocks.Act(tx, step.Subject(), by.member, policy.Reply, by.at); err != nil {
		return err
	}
	part, known := d.decider(step.ID, by.member)
	if !known {
		part = store.RequestDecider{StepID: step.ID, RequestID: d.request.ID, MemberID: by.member}
	}
	part.State, part.Decision, part.Opinion, part.DecidedAt = store.DeciderVoted, decision, opinion, &by.at
	return d.put(tx, part)
}

// ownOver says that the step's own people have decided and only those who were
// added beside them are still asked.
func ownOver(step store.RequestStep, d *dossier) bool {
	var own []store.RequestDecider
	for _, o := range d.deciders {
		if o.StepID == step.ID && o.AddedBy == 0 && o.State != store.DeciderPassed {
			own = append(own, o)
		}
	}
	return ownVerdict(step, own) == store.DecisionApproved
}

// goOn is a step whose votes do not decide it yet: those who need not vote any
// more are let go, and in a sequence the next one is asked.
func (q *Requests) goOn(tx *store.Tx, d *dossier, step *store.RequestStep, ownEnded bool) error {
	if ownEnded {
		for _, o := range d.of(step.ID, store.DeciderOpen, store.DeciderQueued) {
			if o.AddedBy != 0 {
				continue
			}
			o.State = store.DeciderEnded
			if err := d.put(tx, o); err != nil {
				return err
			}
			if err := q.clocks.CancelOf(tx, step.Subject(), o.MemberID); err != nil {
				return err
			}
		}
	}
	if err := tx.SaveRequest(&d.request); err != nil { // the root changes with its children
		return err
	}
	if err := q.notify.Refresh(tx, step.Subject()); err != nil {
		return err
	}
	return q.settle(tx, d, step)
}

// settle goes on with the current step after its deciders have changed: what
// their votes come to is done, the next of a sequence is asked, and a step that
// has nobody left is said aloud.
func (q *Requests) settle(tx *store.Tx, d *dossier, step *store.RequestStep) error {
	if verdict := verdictOf(*step, d.deciders); verdict != "" {
		return q.concludeByVotes(tx, d, step, verdict)
	}
	own := slices.ContainsFunc(d.of(step.ID, store.DeciderOpen), func(o store.RequestDecider) bool { return o.AddedBy == 0 })
	queued := d.of(step.ID, store.DeciderQueued)
	switch {
	case len(queued) > 0 && !own:
		return q.callUp(tx, d, step, "「"+step.Name+"」轮到下一位")
	case len(d.of(step.ID, store.DeciderOpen)) == 0:
		return q.tellStuck(tx, d.request, *step)
	}
	return nil
}

// concludeByVotes ends a step whose votes have come to a verdict without one
// more being given, because somebody left.
func (q *Requests) concludeByVotes(tx *store.Tx, d *dossier, step *store.RequestStep, verdict store.Decision) error {
	by := system(tx)
	voted := d.of(step.ID, store.DeciderVoted)
	slices.SortStableFunc(voted, func(a, b store.RequestDecider) int { return b.DecidedAt.Compare(*a.DecidedAt) })
	last := voted[0]
	c := change{Step: store.StepApproved}
	if verdict == store.DecisionRejected {
		c.Step, c.Request = store.StepRejected, store.RequestRejected
		if no := slices.IndexFunc(voted, func(o store.RequestDecider) bool { return o.Decision == verdict }); no >= 0 {
			last = voted[no]
		}
	}
	err := q.enterHistory(tx, d.request, step.ID, by, store.RequestTurn, "「"+step.Name+"」其余审批人已作出决定，这一步"+decisionWords[verdict], c)
	if err != nil {
		return err
	}
	by.member, by.at = last.MemberID, *last.DecidedAt
	member, err := tx.Member(last.MemberID)
	if err != nil {
		return err
	}
	if err := q.conclude(tx, d, step, verdict, by, last.Opinion); err != nil {
		return err
	}
	return q.tellApplicant(tx, d, *step, member)
}

// conclude ends the current step with a verdict and goes on.
func (q *Requests) conclude(tx *store.Tx, d *dossier, step *store.RequestStep, verdict store.Decision, by act, opinion string) error {
	if err := q.endStep(tx, d, step); err != nil {
		return err
	}
	step.State, step.DecidedAt, step.DecidedBy, step.Opinion = store.StepApproved, &by.at, by.member, opinion
	if verdict == store.DecisionRejected {
		step.State = store.StepRejected
	}
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	if verdict == store.DecisionRejected {
		return q.finish(tx, d, store.RequestRejected)
	}
	d.request.UrgedAt = nil // the next one has not been urged yet
	var yes []int64
	for _, o := range d.of(step.ID, store.DeciderVoted) {
		if o.Decision == store.DecisionApproved {
			yes = append(yes, o.MemberID)
		}
	}
	return q.advance(tx, d, d.index(step)+1, yes)
}
