package task

import (
	"cmp"
	"fmt"
	"slices"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/store"
	"guiju/wecom/card"
)

// taskCard is the card an owner gets (C-TASK-ASSIGN of the short path): 完成.
const taskCard = "task"

// cardText is how many characters of a text a card shows (sub_title_text, [90236]).
const cardText = 160

func (t *Tasks) draw(r *store.Reader, v notify.View) (notify.Rendered, error) {
	task, err := r.Task(v.Subject.ID)
	if err != nil {
		return notify.Rendered{}, err
	}
	rows := []card.HorizontalContent{{KeyName: "编号", Value: task.Number}}
	due, err := t.due(r, task)
	if err != nil {
		return notify.Rendered{}, err
	}
	if due != "" {
		rows = append(rows, card.HorizontalContent{KeyName: "期限", Value: due})
	}
	if task.AboutID != 0 {
		about, err := r.Member(task.AboutID)
		if err != nil {
			return notify.Rendered{}, err
		}
		rows = append(rows, card.HorizontalContent{KeyName: "涉及", Value: about.Name})
	}
	if task.Instead != "" {
		rows = append(rows, card.HorizontalContent{KeyName: "说明", Value: task.Instead})
	}
	closed := ""
	if task.State == store.TaskClosed && task.EndedAt != nil {
		owner, err := r.Member(task.OwnerID)
		if err != nil {
			return notify.Rendered{}, err
		}
		closed = fmt.Sprintf("%s 已完成（%s）", owner.Name, t.when(*task.EndedAt)) // who and when (E2.C)
	}
	owns := slices.ContainsFunc(v.Holders, func(m store.Member) bool { return m.ID == task.OwnerID })
	return notify.Rendered{
		Card: card.ButtonInteraction{
			TaskID: v.TaskID, Source: &card.Source{Desc: "任务", DescColor: card.Grey},
			Title:    card.MainTitle{Title: task.Title, Desc: t.when(task.CreatedAt)},
			SubTitle: chat.Shorten(task.Detail, cardText), Rows: rows,
			Buttons: []card.Button{{Text: "完成", Style: 1, Key: notify.Key(task.Phase, "完成 "+task.Number)}},
		},
		Phase: task.Phase, Open: task.Open() && owns, Closed: cmp.Or(closed, closedWord(task, owns)),
	}, nil
}

// buttons are what the reminders about a task offer.
func (t *Tasks) buttons(_ *store.Reader, clock store.Clock) ([]card.Button, error) {
	return []card.Button{{Text: "完成", Style: 1, Key: notify.Key(0, "完成 "+clock.Number)}}, nil
}

func closedWord(task store.Task, owns bool) string {
	switch {
	case task.State == store.TaskClosed:
		return "已完成"
	case task.State == store.TaskCancelled:
		return "已取消"
	case !owns:
		return "已转交"
	}
	return ""
}

// due is until when the owner has time: by his clock, once that runs.
func (t *Tasks) due(r *store.Reader, task store.Task) (string, error) {
	if task.DueAt == nil {
		return "", nil
	}
	clocks, err := r.ClocksOf(task.Subject(), maxHistory)
	if err != nil {
		return "", fmt.Errorf("limit of task %d: %w", task.ID, err)
	}
	for _, clock := range slices.Backward(clocks) {
		if clock.ReceiverID == task.OwnerID && clock.DueAt != nil {
			return t.when(*clock.DueAt), nil
		}
	}
	return t.when(*task.DueAt), nil
}
