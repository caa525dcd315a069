package request

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/wecom/card"
)

// stepCard asks those who may decide a step (C-ACCOUNT, C-APPROVE); its subject
// is the step.
const stepCard = "request-step"

// What a card shows before WeCom's clients cut it [90236].
const (
	titleText = 30 // characters of the title
	rowText   = 30 // of the value of a row
	cardLines = 3  // rows left for the lines of the request
)

func (q *Requests) drawStep(r *store.Reader, v notify.View) (notify.Rendered, error) {
	step, err := r.RequestStep(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	request, err := r.Request(step.RequestID)
	if err != nil {
		return notify.Rendered{}, err
	}
	applicant, err := r.Member(request.ApplicantID)
	if err != nil {
		return notify.Rendered{}, err
	}
	due, err := q.due(r, step)
	if err != nil {
		return notify.Rendered{}, err
	}
	all, err := lines(request, step.Name)
	if err != nil {
		return notify.Rendered{}, err
	}
	rows := []card.HorizontalContent{
		{KeyName: "编号", Value: request.Number},
		{KeyName: "申请人", Value: applicant.Name, Type: card.MemberRow, UserID: applicant.UserID},
		{KeyName: "时限", Value: due},
	}
	for _, line := range all[:min(len(all), cardLines)] {
		rows = append(rows, card.HorizontalContent{KeyName: line.Key, Value: orDash(line.Value)})
	}
	b := card.ButtonInteraction{
		TaskID: v.TaskID,
		Source: &card.Source{Desc: q.kind(request.Kind).Title, DescColor: card.Green},
		Title:  card.MainTitle{Title: request.Title, Desc: "这一步：" + step.Name},
		Rows:   slices.DeleteFunc(rows, func(row card.HorizontalContent) bool { return row.Value == "" }),
	}
	if step.Reason != "" {
		b.SubTitle = "由您处理的原因：" + step.Reason
	}
	b.Buttons = verdicts(request, step, step.Phase)
	closed, err := q.closed(r, request, step)
	if err != nil {
		return notify.Rendered{}, err
	}
	open, err := q.holds(r, step, v.Holders)
	return notify.Rendered{Card: b, Phase: step.Phase, Open: open, Closed: closed}, err
}

func orDash(value string) string {
	if value == "" {
		return "-"
	}
	return value
}

// verdicts are the buttons of a step.
func verdicts(request store.Request, step store.RequestStep, phase int64) []card.Button {
	yes := "同意"
	if step.Command != "" {
		yes = step.Command
	}
	return []card.Button{
		{Text: yes, Style: 1, Key: notify.Key(phase, approves(request, step))},
		{Text: "驳回", Style: 2, Key: notify.Key(phase, "审批 "+request.Number+" 驳回")},
	}
}

// buttons are those of a reminder about a step's clock.
func (q *Requests) buttons(r *store.Reader, clock store.Clock) ([]card.Button, error) {
	step, err := r.RequestStep(clock.SubjectID)
	if err != nil {
		return nil, err
	}
	return verdicts(store.Request{Number: clock.Number}, step, 0), nil
}

// holds says whether the step waits for one of those who have the card.
func (q *Requests) holds(r *store.Reader, step store.RequestStep, holders []store.Member) (bool, error) {
	if step.State != store.StepCurrent {
		return false, nil
	}
	deciders, err := r.RequestDeciders(step.RequestID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(openOf(deciders, step.ID), func(d store.RequestDecider) bool {
		return slices.ContainsFunc(holders, func(m store.Member) bool { return m.ID == d.MemberID })
	}), nil
}

// due is the earliest time limit of a step; before its card has arrived the
// one it would have now.
func (q *Requests) due(r *store.Reader, step store.RequestStep) (string, error) {
	if step.State != store.StepCurrent {
		return "", nil
	}
	clocks, err := r.ClocksOf(step.Subject(), MaxDeciders*10)
	if err != nil {
		return "", err
	}
	for _, clock := range clocks {
		if clock.Open() && clock.DueAt != nil {
			return q.when(*clock.DueAt), nil
		}
	}
	var limit policy.WorkSpan
	if step.WorkLimit != "" {
		if err := limit.UnmarshalText([]byte(step.WorkLimit)); err != nil {
			return "", fmt.Errorf("limit of step %d: %w", step.ID, err)
		}
	}
	return q.when(q.rules().NodeDue(limit, r.Now()).Due), nil
}

// closed is what a card says whose step is over: who decided, and how.
func (q *Requests) closed(r *store.Reader, request store.Request, step store.RequestStep) (string, error) {
	switch {
	case step.State == store.StepCurrent:
		return "已转给他人", nil
	case step.DecidedBy != 0:
		by, err := r.Member(step.DecidedBy)
		if step.DecidedAt == nil {
			return by.Name + " 已" + verdict(step), err
		}
		return by.Name + " 已" + verdict(step) + "（" + q.when(*step.DecidedAt) + "）", err
	case request.State == store.RequestWithdrawn:
		return "已撤回", nil
	default:
		return "已结束", nil
	}
}

// whole is everything the deciders of a step may read, as text.
func (q *Requests) whole(r *store.Reader, request store.Request, step store.RequestStep) (string, error) {
	applicant, err := r.Member(request.ApplicantID)
	if err != nil {
		return "", err
	}
	all, err := lines(request, step.Name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n申请人：%s", request.Number, request.Title, applicant.Name)
	for _, line := range all {
		fmt.Fprintf(&b, "\n%s：%s", line.Key, orDash(line.Value))
	}
	return b.String(), nil
}

// showWhole sends deciders the text of a request whose card would cut it.
func (q *Requests) showWhole(tx *store.Tx, request store.Request, step store.RequestStep, to []int64) error {
	all, err := lines(request, step.Name)
	if err != nil {
		return err
	}
	fits := len(all) <= cardLines && !slices.ContainsFunc(all, func(l Line) bool { return len([]rune(l.Value)) > rowText })
	if fits {
		return nil
	}
	text, err := q.whole(&tx.Reader, request, step)
	if err != nil {
		return err
	}
	return q.tell(tx, request, to, text)
}

// remind sends deciders a text that asks for an act.
func (q *Requests) remind(tx *store.Tx, request store.Request, to []int64, text string) error {
	return q.notify.Tell(tx, notify.Notice{
		App: request.App, To: to, Text: text, Subject: request.Subject(), Purpose: eventPurpose, Asks: true,
	})
}
