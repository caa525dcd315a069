package approval

import (
	"context"
	"fmt"

	"guiju/app/notify"
	"guiju/store"
	"guiju/store/queue"
)

// sceneRevoked is what colleagues are told when a leave is taken back.
const sceneRevoked = "revoked"

// Whoever works in the main department of a member on leave is told one by one:
// groups are a later system. Both bounds keep a company whose people all stand
// in one department from a flood.
const (
	colleaguesPerJob = 50
	maxColleagues    = 300
)

// Colleagues tells the colleagues of a member about his leave (text three).
type Colleagues struct {
	Request int64  `json:"request"`
	Scene   string `json:"scene"`
	Early   bool   `json:"early,omitempty"` // revoked after it had begun
	After   int64  `json:"after"`           // members up to this one have been told
	Told    int    `json:"told"`
}

// Kind implements store.JobArgs.
func (Colleagues) Kind() string { return "approval.colleagues" }

func (a *Approvals) tellColleagues(_ context.Context, _ *queue.Job, args Colleagues) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		args := args // a transaction may run again
		req, err := tx.Request(args.Request)
		if err != nil {
			return err
		}
		leave, err := tx.Leave(args.Request)
		if err != nil {
			return err
		}
		absent, err := tx.Member(leave.MemberID)
		if err != nil {
			return err
		}
		text, err := a.colleagueText(tx, req, leave, absent, args)
		if err != nil || text == "" {
			return err
		}
		if args.After == 0 && args.Scene == sceneRevoked {
			if err := a.tellDeciders(tx, req, text); err != nil {
				return err
			}
		}
		page, err := tx.ColleaguesAfter(absent.MainDepartment, args.After, colleaguesPerJob)
		if err != nil {
			return err
		}
		for _, m := range page {
			args.After = m.ID
			if m.ID == absent.ID || !m.Present() {
				continue
			}
			args.Told++
			err := a.notify.Tell(tx, notify.Notice{
				App: req.App, To: []int64{m.ID}, Text: text, Subject: req.Subject(), Purpose: eventPurpose,
				Unique: fmt.Sprintf("leave:%d:%s:%d", req.ID, args.Scene, m.ID),
			})
			if err != nil {
				return err
			}
		}
		if len(page) < colleaguesPerJob || args.Told >= maxColleagues {
			return nil
		}
		_, err = tx.Enqueue(args)
		return err
	})
}

// colleagueText is text three of the template, or that the leave is taken back.
func (a *Approvals) colleagueText(tx *store.Tx, req store.Request, leave store.Leave, absent store.Member, args Colleagues) (string, error) {
	if args.Scene == sceneRevoked {
		if args.Early {
			return fmt.Sprintf("注意:%s已提前结束%s的请假,恢复工作。", absent.Name, leave.Span), nil
		}
		return fmt.Sprintf("注意:%s已取消%s的请假,照常工作。", absent.Name, leave.Span), nil
	}
	if leave.State != store.LeaveApproved {
		return "", nil // taken back before anybody was told
	}
	t, form, err := a.FormOf(&tx.Reader, req)
	if err != nil {
		return "", err
	}
	return a.text(t, sceneApproved, form, absent.Name, nil)
}

// tellDeciders tells those who decided a case that it is taken back.
func (a *Approvals) tellDeciders(tx *store.Tx, req store.Request, text string) error {
	deciders, err := tx.RequestDeciders(req.ID)
	if err != nil {
		return err
	}
	var to []int64
	for _, d := range deciders {
		if d.State == store.DeciderVoted {
			to = append(to, d.MemberID)
		}
	}
	if len(to) == 0 {
		return nil
	}
	return a.tell(tx, req, to, "【撤销】"+req.Number+" "+text)
}
