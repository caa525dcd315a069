package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// advance enters the first waiting step from the index from on. A step whose
// decision one of before has just given is merged with his; one whose people
// are only told does not wait; one that had waited for added approvers goes on
// where it stood. After the last one the request is approved.
func (q *Requests) advance(tx *store.Tx, d *dossier, from int, before []int64) error {
	for i := from; i < len(d.steps); i++ {
		step := &d.steps[i]
		if step.State != store.StepWaiting {
			continue
		}
		d.request.Position = step.Position
		if step.Mode == store.StepCopy {
			if err := q.pass(tx, d, step); err != nil {
				return err
			}
			continue
		}
		if len(d.of(step.ID, store.DeciderVoted, store.DeciderQueued)) > 0 {
			return q.resume(tx, d, step)
		}
		f, err := q.find(&tx.Reader, d.request, *step)
		if err != nil {
			return err
		}
		if by := same(*step, f, before); by != 0 {
			if err := q.merge(tx, d, step, by); err != nil {
				return err
			}
			continue
		}
		return q.enter(tx, d, step, f)
	}
	d.request.Position = d.steps[len(d.steps)-1].Position
	return q.finish(tx, d, store.RequestApproved)
}

// same is who of before decides a step as well, so that nobody else has to: of
// a step that needs everybody only if he is everybody. Who was added on purpose
// is asked, and so is who has to do something.
func same(step store.RequestStep, f found, before []int64) int64 {
	if step.Command != "" || step.Origin == store.StepAdded || several(step) && len(f.members) > 1 || strings.TrimSpace(step.Beside) != "" {
		return 0
	}
	for _, id := range before {
		if slices.Contains(f.members, id) {
			return id
		}
	}
	return 0
}

// merge skips a step whose decider has just decided the one before (S04).
func (q *Requests) merge(tx *store.Tx, d *dossier, step *store.RequestStep, by int64) error {
	member, err := tx.Member(by)
	if err != nil {
		return err
	}
	now := tx.Now()
	step.State, step.EnteredAt, step.DecidedBy = store.StepSkipped, &now, by
	step.Reason = "与上一步同为" + member.Name + "，合并"
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	return q.enterHistory(tx, d.request, step.ID, system(tx), store.RequestSkipped, "「"+step.Name+"」"+step.Reason, change{Step: step.State})
}

// pass tells the people of a step that only informs.
func (q *Requests) pass(tx *store.Tx, d *dossier, step *store.RequestStep) error {
	now := tx.Now()
	step.State, step.EnteredAt, step.Reason = store.StepSkipped, &now, "已抄送"
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	if err := q.enterHistory(tx, d.request, step.ID, system(tx), store.RequestSkipped, "「"+step.Name+"」抄送", change{Step: step.State}); err != nil {
		return err
	}
	told, err := q.copyTo(tx, d, whoms(*step), "「"+step.Name+"」抄送")
	if err != nil {
		return err
	}
	return q.tell(tx, d.request, told, fmt.Sprintf("【抄送】%s 已进行到「%s」，请知悉。详情可发送：查询 %s", q.name(d.request), step.Name, d.request.Number))
}

// enter makes a step current: its deciders get clocks and cards.
func (q *Requests) enter(tx *store.Tx, d *dossier, step *store.RequestStep, f found) error {
	for _, r := range f.resolved {
		if err := q.people.ReportVacancy(tx, r.whom, r.found, d.request.AboutID); err != nil {
			return err
		}
	}
	now := tx.Now()
	step.State, step.EnteredAt, step.Reason = store.StepCurrent, &now, chat.OneLine(f.instead, 120)
	step.Phase++
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	if step.Reason != "" {
		deviate(&d.request, "「"+step.Name+"」"+step.Reason)
	}
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	names, err := q.names(&tx.Reader, f.deciders)
	if err != nil {
		return err
	}
	text := "「" + step.Name + "」由" + names + "处理" + rule(*step, len(f.deciders))
	if names == "" {
		text = "「" + step.Name + "」暂时没有人可以处理"
	}
	if step.Reason != "" {
		text += "：" + step.Reason
	}
	if err := q.enterHistory(tx, d.request, step.ID, system(tx), store.RequestEntered, text, change{Step: step.State, Seats: seats(f.deciders)}); err != nil {
		return err
	}
	if len(f.deciders) == 0 {
		err = q.tellStuck(tx, d.request, *step)
	} else {
		err = q.ask(tx, d, *step, f.deciders)
	}
	return q.hook(tx, d, *step, err)
}

// hook tells the domain that people are asked.
func (q *Requests) hook(tx *store.Tx, d *dossier, step store.RequestStep, err error) error {
	if entered := q.kind(d.request.Kind).Entered; entered != nil && err == nil {
		err = internal(entered(tx, d.request, step))
	}
	return err
}

// rule is how the votes of a step count, for a sentence: （会签，需全部同意）.
func rule(step store.RequestStep, people int) string {
	if people < 2 {
		return ""
	}
	switch step.Mode {
	case store.StepAll:
		return "（会签，需全部同意）"
	case store.StepSequence:
		return "（依次审批）"
	case store.StepShare:
		return fmt.Sprintf("（票签，同意达到 %d%% 即通过）", step.Share)
	default:
		return "（一人处理即可）"
	}
}

// resume goes on with a step that had waited for people added before it.
func (q *Requests) resume(tx *store.Tx, d *dossier, step *store.RequestStep) error {
	now := tx.Now()
	step.State, step.EnteredAt = store.StepCurrent, &now
	step.Phase++
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	return q.callUp(tx, d, step, "「"+step.Name+"」继续")
}

// callUp asks those whose turn has come. Whoever cannot act by now is replaced
// first; who comes in his place may be nobody, then the votes that were given
// decide.
func (q *Requests) callUp(tx *store.Tx, d *dossier, step *store.RequestStep, begins string) error {
	var now []store.RequestDecider
	var left []int64
	for range MaxDeciders {
		turn := nextInTurn(*step, d.of(step.ID, store.DeciderQueued))
		if len(turn) == 0 {
			break
		}
		for _, waiting := range turn {
			next, err := q.seated(&tx.Reader, d, *step, waiting, now)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(next, func(n store.RequestDecider) bool { return n.MemberID == waiting.MemberID }) {
				waiting.State = store.DeciderPassed
				if err := d.put(tx, waiting); err != nil {
					return err
				}
				left = append(left, waiting.MemberID)
			}
			for _, n := range next {
				if err := d.put(tx, n); err != nil {
					return err
				}
				now = append(now, n)
			}
		}
		if len(now) > 0 {
			break
		}
	}
	names, err := q.names(&tx.Reader, now)
	if err != nil {
		return err
	}
	text := begins + "，由" + names + "处理"
	if names == "" {
		text = begins
	}
	if err := q.enterHistory(tx, d.request, step.ID, system(tx), store.RequestTurn, text, change{Step: step.State, Seats: seats(now), Left: left}); err != nil {
		return err
	}
	if len(now) > 0 {
		return q.hook(tx, d, *step, q.ask(tx, d, *step, now))
	}
	return q.settle(tx, d, step)
}

// seated is who takes the place of somebody whose turn has come: himself, his
// deputy, or whoever is above.
func (q *Requests) seated(r *store.Reader, d *dossier, step store.RequestStep, waiting store.RequestDecider, taken []store.RequestDecider) ([]store.RequestDecider, error) {
	m, err := r.Member(waiting.MemberID)
	if err != nil {
		return nil, err
	}
	others := append(d.of(step.ID, store.DeciderOpen, store.DeciderVoted, store.DeciderQueued), taken...)
	others = slices.DeleteFunc(others, func(o store.RequestDecider) bool { return o.MemberID == waiting.MemberID })
	next := []store.RequestDecider{{MemberID: waiting.MemberID, DeputyFor: waiting.DeputyFor}}
	if !m.Present() || m.SuspendedAt != nil {
		next, err = q.successors(r, d, step, others, waiting.MemberID, 0, 0)
	} else if waiting.DeputyFor == 0 {
		next, err = q.standing(r, d.request, []int64{waiting.MemberID})
		if len(next) == 1 && slices.ContainsFunc(others, func(o store.RequestDecider) bool { return o.MemberID == next[0].MemberID }) {
			next = []store.RequestDecider{{MemberID: waiting.MemberID}}
		}
	}
	for i := range next {
		inherit(&next[i], step, d.request, waiting)
	}
	return next, err
}

// inherit gives a new decider the place of the one before him.
func inherit(next *store.RequestDecider, step store.RequestStep, request store.Request, of store.RequestDecider) {
	next.StepID, next.RequestID, next.State = step.ID, request.ID, store.DeciderOpen
	next.Turn, next.AddedBy = of.Turn, of.AddedBy
}

// tellStuck tells the applicant and the administrators that a step has nobody.
func (q *Requests) tellStuck(tx *store.Tx, request store.Request, step store.RequestStep) error {
	administrators, err := q.people.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	q.log.Warn("nobody can decide a step", "request", request.ID, "step", step.ID)
	return q.tell(tx, request, append([]int64{request.ApplicantID}, administrators...), fmt.Sprintf(
		"【无人处理】%s 的「%s」这一步暂时没有人可以处理，请管理员设置负责人。设置好后，申请人发送：催办 %s", q.name(request), step.Name, request.Number))
}

// ask stores deciders of the current step, opens the clocks of those whose turn
// it is and shows them the card: one together where the first of them decides,
// else one each, because each has his own state.
func (q *Requests) ask(tx *store.Tx, d *dossier, step store.RequestStep, deciders []store.RequestDecider) error {
	var limit policy.WorkSpan
	if step.WorkLimit != "" {
		if err := limit.UnmarshalText([]byte(step.WorkLimit)); err != nil {
			return fmt.Errorf("limit of step %d: %w", step.ID, err)
		}
	}
	var to []int64
	for _, decider := range deciders {
		if err := d.put(tx, decider); err != nil {
			return err
		}
		if decider.State != store.DeciderOpen {
			continue
		}
		_, err := q.clocks.Open(tx, response.Opening{
			Subject: step.Subject(), Number: d.request.Number, Title: d.request.Title, App: d.request.App, Class: policy.Normal,
			NeedsReply: true, Sender: d.request.ApplicantID, Receiver: decider.MemberID, DeputyFor: decider.DeputyFor, Limit: limit,
		})
		if err != nil {
			return err
		}
		to = append(to, decider.MemberID)
	}
	if len(to) == 0 {
		return nil
	}
	if err := q.showWhole(tx, d.request, step, to); err != nil {
		return err
	}
	groups := [][]int64{to}
	if several(step) || step.Beside != "" {
		groups = nil
		for _, id := range to {
			groups = append(groups, []int64{id})
		}
	}
	for _, group := range groups {
		err := q.notify.Tell(tx, notify.Notice{
			App: d.request.App, To: group, Card: stepCard, Subject: step.Subject(), Purpose: stepPurpose, Asks: true,
			Text: fmt.Sprintf("【待审批】%s，可发送：%s", q.name(d.request), approves(d.request, step)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// approves is the line that approves the current step.
func approves(request store.Request, step store.RequestStep) string {
	if step.Command != "" {
		return step.Command + " " + request.Number
	}
	return "审批 " + request.Number + " 同意"
}

// finish ends a request: its open steps are over, the domain acts, those who
// were to be told of an approval are.
func (q *Requests) finish(tx *store.Tx, d *dossier, state store.RequestState) error {
	if err := q.clear(tx, d); err != nil {
		return err
	}
	now := tx.Now()
	d.request.State, d.request.FinishedAt = state, &now
	if err := tx.SaveRequest(&d.request); err != nil {
		return err
	}
	if finished := q.kind(d.request.Kind).Finished; finished != nil {
		if err := finished(tx, d.request); err != nil {
			return internal(fmt.Errorf("finish request %s of kind %s as %s: %w", d.request.Number, d.request.Kind, state, err))
		}
	}
	if state != store.RequestApproved {
		return nil
	}
	return q.tellCopies(tx, d)
}

// clear ends what is current or still to come.
func (q *Requests) clear(tx *store.Tx, d *dossier) error {
	for i := range d.steps {
		step := &d.steps[i]
		switch step.State {
		case store.StepCurrent:
			if err := q.endStep(tx, d, step); err != nil {
				return err
			}
		case store.StepWaiting:
			if err := q.endDeciders(tx, d, step); err != nil {
				return err
			}
		default:
			continue
		}
		step.State = store.StepSkipped
		if err := tx.SaveRequestStep(step); err != nil {
			return err
		}
	}
	return nil
}

// internal takes from an error of package chat its power to be an answer: the
// transaction has written, so the delivery must fail.
func internal(err error) error {
	if _, worded := chat.Wording(err); worded {
		return errors.New(err.Error())
	}
	return err
}

// endStep ends the part of a step's deciders and clocks and redraws its cards.
func (q *Requests) endStep(tx *store.Tx, d *dossier, step *store.RequestStep) error {
	step.Phase++
	if err := q.endDeciders(tx, d, step); err != nil {
		return err
	}
	if err := q.clocks.Cancel(tx, step.Subject()); err != nil {
		return err
	}
	return q.notify.Refresh(tx, step.Subject())
}

func (q *Requests) endDeciders(tx *store.Tx, d *dossier, step *store.RequestStep) error {
	for i := range d.deciders {
		if o := &d.deciders[i]; o.StepID == step.ID && (o.State == store.DeciderOpen || o.State == store.DeciderQueued) {
			o.State = store.DeciderEnded
		}
	}
	return tx.EndRequestDeciders(step.ID)
}
