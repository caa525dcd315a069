package request

import (
	"fmt"

	"guiju/app/notify"
	"guiju/store"
	"guiju/wecom/card"
)

// resultCard tells the applicant how his request ended or that it came back
// (C-RESULT); its subject is the request.
const resultCard = "request-result"

// resultShown is how many characters of the result the card shows; what is
// longer is sent as a text besides.
const resultShown = 160

// tellResult sends the applicant the card of the result.
func (q *Requests) tellResult(tx *store.Tx, request store.Request, text string) error {
	to := []int64{request.ApplicantID}
	if len([]rune(text)) > resultShown {
		if err := q.tell(tx, request, to, text); err != nil {
			return err
		}
	}
	return q.notify.Tell(tx, notify.Notice{
		App: request.App, To: to, Card: resultCard, Subject: request.Subject(), Purpose: resultPurpose, Text: text,
		Important: request.State == store.RequestReturned, Asks: request.State == store.RequestReturned,
	})
}

// resultPurpose marks the notices that carry the card.
const resultPurpose = "request.result"

// drawResult renders the card. It has a phase for each round: what came back and
// was submitted again asks for nothing.
func (q *Requests) drawResult(r *store.Reader, v notify.View) (notify.Rendered, error) {
	request, err := r.Request(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	text, err := q.resultText(r, request)
	if err != nil {
		return notify.Rendered{}, err
	}
	b := card.ButtonInteraction{
		TaskID: v.TaskID,
		Source: &card.Source{Desc: q.kind(request.Kind).Title, DescColor: resultColor(request.State)},
		Title:  card.MainTitle{Title: stateWords[request.State] + "：" + request.Title, Desc: request.Number},
		// The client cuts at 160 characters; the whole is a message of its own then.
		SubTitle: text,
		Rows:     []card.HorizontalContent{{KeyName: "编号", Value: request.Number}},
	}
	if request.FinishedAt != nil {
		b.Rows = append(b.Rows, card.HorizontalContent{KeyName: "时间", Value: q.when(*request.FinishedAt)})
	}
	b.Buttons = []card.Button{{Text: "查询", Style: 1, Key: notify.Key(request.Round, "追溯 "+request.Number)}}
	if mayAgain(request) && q.lent.form != nil && q.kind(request.Kind).Resubmits {
		b.Buttons = append(b.Buttons, card.Button{Text: "重新提交", Style: 2, Key: notify.Key(request.Round, "重新提交 "+request.Number)})
	}
	if page := q.page(request); page != "" {
		b.Action = &card.CardAction{Type: card.ToURL, URL: page}
	}
	return notify.Rendered{Card: b, Phase: request.Round, Open: request.State != store.RequestRunning, Closed: "已重新提交"}, nil
}

func resultColor(state store.RequestState) card.Color {
	switch state {
	case store.RequestApproved, store.RequestPaid:
		return card.Green
	case store.RequestRejected, store.RequestReturned:
		return card.Red
	}
	return card.Grey
}

// mayAgain says whether a request in this state can be submitted again.
func mayAgain(request store.Request) bool {
	switch request.State {
	case store.RequestReturned, store.RequestRejected, store.RequestWithdrawn:
		return true
	}
	return false
}

// resultText is what the applicant is told of the last decision.
func (q *Requests) resultText(r *store.Reader, request store.Request) (string, error) {
	steps, err := r.RequestSteps(request.ID)
	if err != nil {
		return "", err
	}
	var last store.RequestStep
	for _, step := range steps {
		if step.DecidedBy != 0 && step.DecidedAt != nil && (last.DecidedAt == nil || !step.DecidedAt.Before(*last.DecidedAt)) {
			last = step
		}
	}
	if last.DecidedBy == 0 {
		return q.name(request) + stateWords[request.State] + "。", nil
	}
	by, err := r.Member(last.DecidedBy)
	if err != nil {
		return "", err
	}
	return q.resultOf(request, last, by), nil
}

// resultOf words the decision that ended a request or sent it back.
func (q *Requests) resultOf(request store.Request, step store.RequestStep, by store.Member) string {
	text := ""
	switch request.State {
	case store.RequestRejected:
		text = fmt.Sprintf("【已驳回】%s被%s驳回（%s）。", q.name(request), by.Name, step.Name)
	case store.RequestReturned:
		again := "重新提交后从头审批"
		if request.StraightStep == step.ID {
			again = "重新提交后直接回到「" + step.Name + "」"
		}
		text = fmt.Sprintf("【已退回】%s被%s退回给您（%s），请修改后重新提交，%s。", q.name(request), by.Name, step.Name, again)
	case store.RequestRevoked:
		return fmt.Sprintf("【已撤销】%s已撤销。", q.name(request))
	case store.RequestWithdrawn:
		return fmt.Sprintf("【已撤回】%s已撤回。", q.name(request))
	case store.RequestRunning:
		return fmt.Sprintf("【审批中】%s正在审批。", q.name(request))
	default:
		text = fmt.Sprintf("【已通过】%s已通过，最后由%s%s「%s」。", q.name(request), by.Name, verdict(step), step.Name)
	}
	if step.Opinion != "" {
		text += "\n意见：" + step.Opinion
	}
	if request.State == store.RequestRejected {
		text += "\n可以修改后重新提交。经过可发送：追溯 " + request.Number
	}
	if request.State == store.RequestReturned {
		text += "\n可发送：重新提交 " + request.Number + "，或 撤回 " + request.Number
	}
	return text
}
