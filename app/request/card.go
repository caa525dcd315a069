package request

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

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
	deciders, err := r.RequestDeciders(request.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	b, err := q.stepContent(r, request, step, deciders)
	if err != nil {
		return notify.Rendered{}, err
	}
	b.TaskID = v.TaskID
	closed, err := q.closed(r, request, step, deciders, v.Holders)
	if err != nil {
		return notify.Rendered{}, err
	}
	return notify.Rendered{Card: b, Phase: step.Phase, Open: holds(step, deciders, v.Holders), Closed: closed}, nil
}

// stepContent is what the card of a step shows, whoever holds it.
func (q *Requests) stepContent(r *store.Reader, request store.Request, step store.RequestStep, deciders []store.RequestDecider) (card.ButtonInteraction, error) {
	var b card.ButtonInteraction
	applicant, err := r.Member(request.ApplicantID)
	if err != nil {
		return b, err
	}
	due, err := q.dueAt(r, step)
	if err != nil {
		return b, err
	}
	all, err := lines(request, step.Name)
	if err != nil {
		return b, err
	}
	progress, err := q.progress(r, step, deciders)
	if err != nil {
		return b, err
	}
	rows := []card.HorizontalContent{
		{KeyName: "编号", Value: request.Number},
		{KeyName: "申请人", Value: applicant.Name, Type: card.MemberRow, UserID: applicant.UserID},
	}
	if !due.IsZero() {
		rows = append(rows, card.HorizontalContent{KeyName: "时限", Value: q.when(due)})
	}
	for _, line := range all[:min(len(all), cardLines)] {
		rows = append(rows, card.HorizontalContent{KeyName: line.Key, Value: orDash(line.Value)})
	}
	b.Source = &card.Source{Desc: q.kind(request.Kind).Title, DescColor: card.Green}
	b.Title = card.MainTitle{Title: q.tag(request, step, due, r.Now()) + request.Title, Desc: "这一步：" + step.Name}
	b.SubTitle = progress
	if step.Reason != "" {
		b.SubTitle = strings.TrimLeft(progress+"\n由您处理的原因："+step.Reason, "\n")
	}
	b.Rows = rows
	b.Buttons = verdicts(request, step, step.Phase)
	b.Menu = q.menu(request, step)
	b.Buttons = append(b.Buttons, card.Button{Text: "查看详情", Style: 3, Key: notify.Key(step.Phase, "追溯 "+request.Number)})
	if page := q.page(request); page != "" { // a press beside the buttons opens the page
		b.Action = &card.CardAction{Type: card.ToURL, URL: page}
	}
	return b, nil
}

// menu is what else those who decide may do, behind the corner of the card; the
// limit of WeCom is three [90236].
func (q *Requests) menu(request store.Request, step store.RequestStep) *card.ActionMenu {
	if request.Engine == store.EngineNative {
		return nil
	}
	menu := &card.ActionMenu{Desc: "更多操作"}
	for _, word := range []string{"加签", "退回", "评论"} {
		menu.ActionList = append(menu.ActionList, card.Action{Text: word, Key: notify.Key(step.Phase, word+" "+request.Number)})
	}
	return menu
}

// soon is how long before its limit a step is marked 截止.
const soon = time.Hour

// tag is the word that marks what matters about a step now (G1-2.1(1)b), as far
// as the rulebook has it: 紧急 past its limit or urged, 截止 shortly before,
// 重要 where a condition of the template asked for more than the usual steps,
// else 待办.
func (q *Requests) tag(request store.Request, step store.RequestStep, due, now time.Time) string {
	word := "待办"
	switch {
	case step.State != store.StepCurrent:
		return ""
	case !due.IsZero() && now.After(due), request.UrgedAt != nil:
		word = "紧急"
	case !due.IsZero() && due.Sub(now) <= soon:
		word = "截止"
	case extraStep(request):
		word = "重要"
	}
	if !slices.Contains(q.rules().TemplateTags(), word) {
		return ""
	}
	return "【" + word + "】"
}

// extraStep says whether a condition of the template held for the request: it
// takes more than the usual steps.
func extraStep(request store.Request) bool {
	var why []policy.BranchTaken
	if request.Route == "" || json.Unmarshal([]byte(request.Route), &why) != nil {
		return false
	}
	return slices.ContainsFunc(why, func(b policy.BranchTaken) bool { return b.When != "" })
}

// progress says of a step that several decide who has and whose turn it is; ""
// where one decision is enough.
func (q *Requests) progress(r *store.Reader, step store.RequestStep, deciders []store.RequestDecider) (string, error) {
	var voted, open, queued []store.RequestDecider
	for _, d := range deciders {
		switch {
		case d.StepID != step.ID:
		case d.State == store.DeciderVoted:
			voted = append(voted, d)
		case d.State == store.DeciderOpen:
			open = append(open, d)
		case d.State == store.DeciderQueued:
			queued = append(queued, d)
		}
	}
	slices.SortStableFunc(queued, func(a, b store.RequestDecider) int { return int(a.Turn - b.Turn) })
	total := len(voted) + len(open) + len(queued)
	if total < 2 || !several(step) && len(voted) == 0 {
		return "", nil
	}
	agreed := slices.DeleteFunc(slices.Clone(voted), func(d store.RequestDecider) bool { return d.Decision != store.DecisionApproved })
	names := make([]string, 3)
	for i, list := range [][]store.RequestDecider{agreed, open, queued} {
		var err error
		if names[i], err = q.names(r, list); err != nil {
			return "", err
		}
	}
	text := map[store.StepMode]string{store.StepAll: "会签", store.StepSequence: "依次", store.StepShare: fmt.Sprintf("票签，需 %d%% 同意", step.Share)}[step.Mode]
	if text == "" {
		text = "或签"
	}
	text += fmt.Sprintf("：%d/%d 已同意", len(agreed), total)
	if names[0] != "" {
		text += "（" + names[0] + "）"
	}
	if refused := len(voted) - len(agreed); refused > 0 {
		text += fmt.Sprintf("，%d 位不同意", refused)
	}
	if names[1] != "" {
		word := "，等"
		if step.Mode == store.StepSequence {
			word = "，轮到"
		}
		text += word + names[1]
	}
	if names[2] != "" {
		text += "，之后 " + names[2]
	}
	return text, nil
}

func orDash(value string) string {
	if value == "" {
		return "-"
	}
	return value
}

// verdicts are the buttons that decide a step. C-ACCOUNT says 同意 where
// C-APPROVE says 批准 (E2.C).
func verdicts(request store.Request, step store.RequestStep, phase int64) []card.Button {
	yes := "批准"
	switch {
	case step.Command != "":
		yes = step.Command
	case request.Kind == "account":
		yes = "同意"
	}
	return []card.Button{
		{Text: yes, Style: 1, Key: notify.Key(phase, approves(request, step))},
		{Text: "驳回", Style: 2, Key: notify.Key(phase, commandName+" "+request.Number+" 驳回")},
		{Text: "转审", Style: 3, Key: notify.Key(phase, "转审 "+request.Number)},
	}
}

// buttons are those of a reminder about a step's clock.
func (q *Requests) buttons(r *store.Reader, clock store.Clock) ([]card.Button, error) {
	step, err := r.RequestStep(clock.SubjectID)
	if err != nil {
		return nil, err
	}
	request, err := r.Request(step.RequestID)
	if err != nil {
		return nil, err
	}
	return verdicts(request, step, 0), nil
}

// holds says whether the step waits for one of those who have the card.
func holds(step store.RequestStep, deciders []store.RequestDecider, holders []store.Member) bool {
	return step.State == store.StepCurrent && slices.ContainsFunc(openOf(deciders, step.ID), func(d store.RequestDecider) bool {
		return slices.ContainsFunc(holders, func(m store.Member) bool { return m.ID == d.MemberID })
	})
}

// dueAt is the earliest time limit of a step; before its card has arrived the
// one it would have now, and zero for one that waits for nobody.
func (q *Requests) dueAt(r *store.Reader, step store.RequestStep) (time.Time, error) {
	if step.State != store.StepCurrent {
		return time.Time{}, nil
	}
	clocks, err := r.ClocksOf(step.Subject(), MaxDeciders*10)
	if err != nil {
		return time.Time{}, err
	}
	for _, clock := range clocks {
		if clock.Open() && clock.DueAt != nil {
			return *clock.DueAt, nil
		}
	}
	var limit policy.WorkSpan
	if step.WorkLimit != "" {
		if err := limit.UnmarshalText([]byte(step.WorkLimit)); err != nil {
			return time.Time{}, fmt.Errorf("limit of step %d: %w", step.ID, err)
		}
	}
	return q.rules().NodeDue(limit, r.Now()).Due, nil
}

// due is dueAt in words, "" where there is none.
func (q *Requests) due(r *store.Reader, step store.RequestStep) (string, error) {
	at, err := q.dueAt(r, step)
	if err != nil || at.IsZero() {
		return "", err
	}
	return q.when(at), nil
}

// closed is what a card says that asks for nothing any more: who did what, and
// when.
func (q *Requests) closed(r *store.Reader, request store.Request, step store.RequestStep, deciders []store.RequestDecider, holders []store.Member) (string, error) {
	switch {
	case step.State == store.StepReturned, step.DecidedBy != 0 && step.DecidedAt != nil:
		by, err := r.Member(step.DecidedBy)
		text := by.Name + " 已" + verdict(step)
		if step.State == store.StepReturned {
			text = by.Name + " 已退回"
		}
		if step.DecidedAt == nil {
			return text, err
		}
		return text + "（" + q.when(*step.DecidedAt) + "）", err
	case step.State == store.StepCurrent:
		return q.handedOn(r, step, deciders, holders)
	case request.State == store.RequestWithdrawn:
		return "已撤回", nil
	case step.State == store.StepWaiting:
		return "等加签的同事先处理", nil
	default:
		return "已结束", nil
	}
}

// handedOn is what the card of a running step says to holders who have nothing
// to do: they have voted, or others decide in their place.
func (q *Requests) handedOn(r *store.Reader, step store.RequestStep, deciders []store.RequestDecider, holders []store.Member) (string, error) {
	for _, d := range deciders {
		held := slices.ContainsFunc(holders, func(m store.Member) bool { return m.ID == d.MemberID })
		if d.StepID != step.ID || !held || d.State != store.DeciderVoted || d.DecidedAt == nil {
			continue
		}
		by, err := r.Member(d.MemberID)
		word := map[store.Decision]string{store.DecisionApproved: "同意", store.DecisionRejected: "驳回", store.DecisionReturned: "退回"}[d.Decision]
		return fmt.Sprintf("%s 已%s（%s）", by.Name, word, q.when(*d.DecidedAt)), err
	}
	names, err := q.names(r, openOf(deciders, step.ID))
	if err != nil || names == "" {
		return "已转给他人", err
	}
	return "已转给" + names, nil
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
