package request

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// found are the people a step's Whom means now.
type found struct {
	members  []int64 // before deputies
	deciders []store.RequestDecider
	instead  string // why somebody else than named, in Chinese
	resolved people.Found
}

// maxClimb bounds the search for somebody above who may decide.
const maxClimb = 5

// find resolves a step's Whom: present members, never the applicant or the
// member it is about; deputies stand in. Nobody at all is an empty list.
func (q *Requests) find(r *store.Reader, request store.Request, whom people.Whom) (found, error) {
	resolved, err := q.people.Resolve(r, whom, request.AboutID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return found{}, fmt.Errorf("who decides %s: %w", whom, err)
	}
	f := found{instead: resolved.Instead, resolved: resolved}
	own := false
	for _, id := range resolved.Members {
		switch {
		case id == request.ApplicantID || id == request.AboutID:
			own = own || id == request.ApplicantID
		case !slices.Contains(f.members, id):
			f.members = append(f.members, id)
		}
	}
	if len(f.members) == 0 {
		if f.members, err = q.above(r, request); err != nil {
			return found{}, err
		}
		if own && len(f.members) > 0 {
			f.instead = "申请人不能审批自己的申请，改由其上级审批（G1-4.2.1(四)）"
		}
	}
	if len(f.members) > MaxDeciders {
		f.members = f.members[:MaxDeciders]
	}
	f.deciders, err = q.standing(r, request, f.members)
	return f, err
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
		if superior != request.ApplicantID && superior != request.AboutID && m.SuspendedAt == nil {
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

// advance enters the step at position from. A step that the member who decided
// the one before may decide as well is merged with it; after the last one the
// request is approved.
func (q *Requests) advance(tx *store.Tx, request *store.Request, steps []store.RequestStep, from int, before int64) error {
	for i := from; i < len(steps); i++ {
		step := &steps[i]
		f, err := q.find(&tx.Reader, *request, people.Whom(step.Whom))
		if err != nil {
			return err
		}
		if before != 0 && step.Command == "" && slices.Contains(f.members, before) {
			if err := q.merge(tx, *request, step, before); err != nil {
				return err
			}
			continue
		}
		request.Position = step.Position
		if i > 0 {
			if err := tx.SaveRequest(request); err != nil {
				return err
			}
		}
		return q.enter(tx, *request, step, f)
	}
	request.Position = int64(len(steps) - 1)
	return q.finish(tx, request, steps, store.RequestApproved)
}

// merge skips a step whose decider has just decided the one before (S04).
func (q *Requests) merge(tx *store.Tx, request store.Request, step *store.RequestStep, by int64) error {
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
	return q.enterHistory(tx, request, step.ID, system(tx), store.RequestSkipped, "「"+step.Name+"」"+step.Reason)
}

// enter makes a step current: its deciders get clocks and one card.
func (q *Requests) enter(tx *store.Tx, request store.Request, step *store.RequestStep, f found) error {
	if err := q.people.ReportVacancy(tx, people.Whom(step.Whom), f.resolved, request.AboutID); err != nil {
		return err
	}
	now := tx.Now()
	step.State, step.EnteredAt, step.Reason = store.StepCurrent, &now, chat.OneLine(f.instead, 120)
	step.Phase++
	if err := tx.SaveRequestStep(step); err != nil {
		return err
	}
	names, err := q.names(&tx.Reader, f.deciders)
	if err != nil {
		return err
	}
	text := "「" + step.Name + "」由" + names + "处理"
	if names == "" {
		text = "「" + step.Name + "」暂时没有人可以处理"
	}
	if step.Reason != "" {
		text += "：" + step.Reason
	}
	if err := q.enterHistory(tx, request, step.ID, system(tx), store.RequestEntered, text); err != nil {
		return err
	}
	if len(f.deciders) == 0 {
		err = q.tellStuck(tx, request, *step)
	} else {
		err = q.ask(tx, request, *step, f.deciders)
	}
	if entered := q.kinds[request.Kind].Entered; entered != nil && err == nil {
		err = internal(entered(tx, request, *step))
	}
	return err
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

// ask opens the clocks of deciders of the current step and shows them the card.
func (q *Requests) ask(tx *store.Tx, request store.Request, step store.RequestStep, deciders []store.RequestDecider) error {
	var limit policy.WorkSpan
	if step.WorkLimit != "" {
		if err := limit.UnmarshalText([]byte(step.WorkLimit)); err != nil {
			return fmt.Errorf("limit of step %d: %w", step.ID, err)
		}
	}
	var to []int64
	for _, d := range deciders {
		d.StepID, d.RequestID, d.State = step.ID, request.ID, store.DeciderOpen
		if err := tx.PutRequestDecider(d); err != nil {
			return err
		}
		_, err := q.clocks.Open(tx, response.Opening{
			Subject: step.Subject(), Number: request.Number, Title: request.Title, App: request.App, Class: policy.Normal,
			NeedsReply: true, Sender: request.ApplicantID, Receiver: d.MemberID, DeputyFor: d.DeputyFor, Limit: limit,
		})
		if err != nil {
			return err
		}
		to = append(to, d.MemberID)
	}
	if err := q.showWhole(tx, request, step, to); err != nil {
		return err
	}
	return q.notify.Tell(tx, notify.Notice{
		App: request.App, To: to, Card: stepCard, Subject: step.Subject(), Purpose: stepPurpose, Asks: true,
		Text: fmt.Sprintf("【待审批】%s，可发送：%s", q.name(request), approves(request, step)),
	})
}

// approves is the line that approves the current step.
func approves(request store.Request, step store.RequestStep) string {
	if step.Command != "" {
		return step.Command + " " + request.Number
	}
	return "审批 " + request.Number + " 同意"
}

// finish ends a request: its open steps are over, the domain acts, the
// applicant hears the result.
func (q *Requests) finish(tx *store.Tx, request *store.Request, steps []store.RequestStep, state store.RequestState) error {
	now := tx.Now()
	for i := range steps {
		step := &steps[i]
		switch step.State {
		case store.StepCurrent:
			if err := q.endStep(tx, step); err != nil {
				return err
			}
			step.State = store.StepSkipped
		case store.StepWaiting:
			step.State = store.StepSkipped
		default:
			continue
		}
		if err := tx.SaveRequestStep(step); err != nil {
			return err
		}
	}
	request.State, request.FinishedAt = state, &now
	if err := tx.SaveRequest(request); err != nil {
		return err
	}
	if finished := q.kinds[request.Kind].Finished; finished != nil {
		if err := finished(tx, *request); err != nil {
			return internal(fmt.Errorf("finish request %s of kind %s as %s: %w", request.Number, request.Kind, state, err))
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
func (q *Requests) endStep(tx *store.Tx, step *store.RequestStep) error {
	step.Phase++
	if err := tx.EndRequestDeciders(step.ID); err != nil {
		return err
	}
	if err := q.clocks.Cancel(tx, step.Subject()); err != nil {
		return err
	}
	return q.notify.Refresh(tx, step.Subject())
}

// names lists deciders for a sentence: 魏伟、何静（代韩梅）.
func (q *Requests) names(r *store.Reader, deciders []store.RequestDecider) (string, error) {
	var ids []int64
	for _, d := range deciders {
		ids = append(ids, d.MemberID, d.DeputyFor)
	}
	members, err := r.Members(ids)
	if err != nil {
		return "", err
	}
	name := make(map[int64]string, len(members))
	for _, m := range members {
		name[m.ID] = m.Name
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

// current is the step that waits for a decision, and those who may decide it.
func (q *Requests) current(r *store.Reader, request store.Request) (steps []store.RequestStep, at int, deciders []store.RequestDecider, err error) {
	if steps, err = r.RequestSteps(request.ID); err != nil {
		return nil, 0, nil, err
	}
	at = slices.IndexFunc(steps, func(s store.RequestStep) bool { return s.State == store.StepCurrent })
	if at < 0 && request.State == store.RequestRunning {
		return nil, 0, nil, fmt.Errorf("request %s runs without a current step", request.Number)
	}
	deciders, err = r.RequestDeciders(request.ID)
	return steps, at, deciders, err
}

// openOf are the deciders of a step who may decide it.
func openOf(deciders []store.RequestDecider, step int64) []store.RequestDecider {
	var open []store.RequestDecider
	for _, d := range deciders {
		if d.StepID == step && d.State == store.DeciderOpen {
			open = append(open, d)
		}
	}
	return open
}
