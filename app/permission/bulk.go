package permission

import (
	"context"
	"fmt"
	"time"

	"guiju/app/chat"
	"guiju/store"
	"guiju/store/queue"
)

// confirmAll is 权限变更 全部确认: everything that waits for the caller now. He sees
// how much that is before it is done.
func (d *Permissions) confirmAll(call *chat.Call) (chat.Answer, error) {
	if err := reportedLost(call.Member); err != nil {
		return chat.Answer{}, err
	}
	waiting, err := askedRecords{d, changeSubject}.Open(&call.Tx.Reader, chat.RecordQuery{Member: call.Member.ID, Limit: maxOwed})
	if err != nil {
		return chat.Answer{}, err
	}
	if len(waiting) == 0 {
		return chat.Answer{}, chat.Refused{Reason: "现在没有等您确认的权限变更", Instead: "我的待办"}
	}
	if !call.Insists {
		var titles []string
		for _, w := range waiting {
			titles = append(titles, w.Title)
		}
		return chat.Answer{}, chat.Warned{
			Reason: fmt.Sprintf("将确认 %d 项变更的新增权限：%s", len(waiting), some(titles, 5)), Clause: "G1-4.3.2(2)", Proceed: "全部确认",
		}
	}
	if _, err := call.Tx.Enqueue(ConfirmPage{By: call.Member.ID, Asked: call.Tx.Now()}); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted("", fmt.Sprintf("正在确认 %d 项，完成后告诉您。", len(waiting))), nil
}

// ConfirmPage is the job of 权限变更 全部确认, a few changes at a time. What was
// asked after Asked is not meant by it.
type ConfirmPage struct {
	By    int64     `json:"by"`
	Asked time.Time `json:"asked"`
	After int64     `json:"after"` // clock of the page before
	Done  int       `json:"done"`
	Kept  int       `json:"kept"` // not confirmed: duties that exclude each other
}

// Kind implements store.JobArgs.
func (ConfirmPage) Kind() string { return "permission.confirm_page" }

// confirmBatch bounds what one transaction confirms.
const confirmBatch = 5

func (d *Permissions) confirmPage(_ context.Context, _ *queue.Job, args ConfirmPage) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		next := args // a transaction may run again
		by, err := tx.Member(args.By)
		if err != nil || !by.Present() || by.SuspendedAt != nil {
			return err
		}
		clocks, err := tx.OpenClocksFor(by.ID, maxOwed, changeSubject)
		if err != nil {
			return err
		}
		page := 0
		for _, clock := range clocks {
			if clock.SubjectKind != changeSubject || clock.ID <= args.After || clock.CreatedAt.After(args.Asked) {
				continue
			}
			if page == confirmBatch {
				_, err := tx.Enqueue(next)
				return err
			}
			page++
			next.After = clock.ID
			confirmed, err := d.confirmOne(tx, clock, by)
			if err != nil {
				return fmt.Errorf("confirm %s: %w", clock.Number, err)
			}
			if confirmed {
				next.Done++
			} else {
				next.Kept++
			}
		}
		text := fmt.Sprintf("【权限变更】已确认 %d 项变更的新增权限，已通知本人。", next.Done)
		if next.Kept > 0 {
			text += fmt.Sprintf("另有 %d 项没有确认（职责冲突或涉及您本人），发送「我的待办」可查看。", next.Kept)
		}
		return d.tell(tx, "", memberSubject(by.ID), []int64{by.ID}, text)
	})
}

// confirmOne confirms the change of a clock, and answers false when its duties
// exclude each other.
func (d *Permissions) confirmOne(tx *store.Tx, clock store.Clock, by store.Member) (bool, error) {
	if err := tx.Lock(store.PermissionChange{}.TableName(), clock.SubjectID); err != nil {
		return false, err
	}
	c, err := tx.PermissionChange(clock.SubjectID)
	if err != nil || c.State != store.ChangeOpen {
		return false, err
	}
	err = d.people.Settle(tx, c.ID, true, by.ID)
	if err != nil {
		if _, ok := d.worded(err); ok {
			return false, nil
		}
		return false, err
	}
	if err := d.decided(tx, c.Subject(), by.ID, tx.Now()); err != nil {
		return false, err
	}
	return true, tx.Audit(store.AuditEntry{
		Actor: by.ID, Action: "permission.change.confirmed", Subject: c.Subject(), Source: store.SourceChat,
		Detail: map[string]any{"number": c.Number, "all": true},
	})
}
