package approval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"guiju/app/request"
	"guiju/app/schedule"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

// J-APPROVAL-SYNC: callbacks that were lost are made up for by lists. Each run
// lists the forms submitted since everything was last known, at most 31 days
// back, then those whose end may have changed unseen, and reads again the
// running ones that have not been heard of for an hour. It goes in steps, each
// a job that a restart takes up where the last one ended.

const (
	syncSetting = "approval.sync"
	// syncOverlap is how far before the watermark a run begins: WeCom may list a
	// form later than it was submitted.
	syncOverlap = 15 * time.Minute
	// pagesAStep bounds one step; a page has 100 numbers.
	pagesAStep = 3
	// unheardAfter is how long a running case may stay without being read.
	unheardAfter  = 55 * time.Minute
	unheardAtOnce = 150
	// narrowest is the smallest window that is tried when WeCom asks for less.
	narrowest = time.Minute
	// codesOfCursors say that a cursor is not valid any more: the window is listed anew.
	codeOldCursor, codeBadCursor = 50100, 60268
)

// syncState is how far the comparison has come.
type syncState struct {
	Known time.Time `json:"known"` // every form submitted before it has been listed; zero: never

	Running bool      `json:"running"`
	App     int       `json:"app"`    // index of the app that lists
	Status  int       `json:"status"` // index of syncStatuses
	From    time.Time `json:"from"`   // of what is still to be listed
	Until   time.Time `json:"until"`
	Width   int64     `json:"width"` // of a window, seconds; less once WeCom asked for less
	Cursor  string    `json:"cursor"`
	Listed  int       `json:"listed"`
	Missing int       `json:"missing"` // forms we had not known, or knew in another state
	Unheard int       `json:"unheard"`
	Refused []string  `json:"refused"` // apps that may not list
	Ended   time.Time `json:"ended"`   // of the last run that came to its end
	Result  string    `json:"result"`  // of it, in Chinese
}

// syncStatuses are listed one after the other: every form, then those that may
// have ended a second time without our hearing of it.
var syncStatuses = []wecom.ApprovalStatus{0, wecom.ApprovalWithdrawnAfter, wecom.ApprovalDeleted, wecom.ApprovalPaid}

// SyncNative is the job that does one step.
type SyncNative struct{}

// Kind implements store.JobArgs.
func (SyncNative) Kind() string { return "approval.sync_native" }

// Job is J-APPROVAL-SYNC. It runs off the full hour, as WeCom advises.
func (n *Native) Job() schedule.Job {
	return schedule.Job{
		Name: "J-APPROVAL-SYNC", Title: "补读企业微信「审批」中漏掉的申请", Clause: "X-26", When: schedule.Hourly(20),
		Run: func(tx *store.Tx, _ schedule.Period) (string, error) {
			last, err := syncRead(&tx.Reader)
			if err != nil {
				return "", err
			}
			if _, err := tx.Enqueue(SyncNative{}, store.Unique("all")); err != nil {
				return "", err
			}
			if last.Result == "" {
				return "已开始补读", nil
			}
			return "已开始补读；上一次：" + last.Result, nil
		},
	}
}

func syncRead(r *store.Reader) (syncState, error) {
	var s syncState
	err := r.Setting(syncSetting, &s)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return s, err
}

func (n *Native) sync(ctx context.Context, job *queue.Job, _ SyncNative) queue.Outcome {
	s, err := syncRead(n.db.Reader(ctx))
	if err != nil {
		return queue.Retry(err)
	}
	if !s.Running {
		s = n.beginSync(s)
	}
	for range pagesAStep {
		if !s.Running {
			break
		}
		next, wanted, err := n.syncPage(ctx, s)
		if err != nil {
			return n.syncFailed(job, s, err)
		}
		err = job.InTx(ctx, func(tx *store.Tx) error {
			after := next
			if err := n.wantRead(tx, &after, wanted); err != nil {
				return err
			}
			return tx.SetSetting(syncSetting, after)
		})
		if err != nil {
			return queue.Retry(err)
		}
		if s, err = syncRead(n.db.Reader(ctx)); err != nil {
			return queue.Retry(err)
		}
	}
	if s.Running {
		return queue.Done(func(tx *store.Tx) error {
			_, err := tx.Enqueue(SyncNative{}, store.Unique("all"))
			return err
		})
	}
	n.log.Info("forms of the 审批 app compared", "listed", s.Listed, "missing", s.Missing, "unheard", s.Unheard, "refused", len(s.Refused))
	return queue.Done()
}

// beginSync is the state a run begins with.
func (n *Native) beginSync(last syncState) syncState {
	now := n.db.Now()
	s := syncState{Known: last.Known, Running: true, Until: now, Ended: last.Ended, Result: last.Result}
	s.From = n.syncFrom(s)
	s.Width = int64(wecom.MaxApprovalWindow / time.Second)
	return s
}

// syncFrom is from when a list begins: the watermark for all forms, the whole
// month for those that may have changed.
func (n *Native) syncFrom(s syncState) time.Time {
	oldest := s.Until.Add(-wecom.MaxApprovalWindow)
	if from := s.Known.Add(-syncOverlap); syncStatuses[s.Status] == 0 && from.After(oldest) {
		return from
	}
	return oldest
}

// wanted is a form to be read.
type wanted struct {
	ref    string
	app    string
	status wecom.ApprovalStatus
}

// syncPage lists one page and answers the state after it.
func (n *Native) syncPage(ctx context.Context, s syncState) (syncState, []wanted, error) {
	if s.App >= len(n.apps) {
		return n.syncEnd(s), nil, nil
	}
	app, status := n.apps[s.App], syncStatuses[s.Status]
	to := s.From.Add(time.Duration(s.Width) * time.Second)
	if to.After(s.Until) {
		to = s.Until
	}
	if to.Sub(s.From) < time.Second {
		to = s.From.Add(time.Second)
	}
	page, err := n.apis[app].ApprovalNumbers(ctx, wecom.ApprovalQuery{From: s.From, To: to, Status: status, Cursor: s.Cursor})
	switch wecom.CodeOf(err) {
	case wecom.CodeWindowTooHeavy:
		if s.Width = s.Width / 2; time.Duration(s.Width)*time.Second < narrowest {
			return s, nil, err
		}
		s.Cursor = ""
		return s, nil, nil
	case codeOldCursor, codeBadCursor:
		if s.Cursor != "" {
			s.Cursor = ""
			return s, nil, nil
		}
	}
	if wecom.ClassOf(err) == wecom.Misconfigured { // another app may
		s.Refused = append(slices.Clone(s.Refused), app)
		if len(s.Refused) == len(n.apps) {
			return s, nil, err
		}
		return n.syncNextApp(s), nil, nil
	}
	if err != nil {
		return s, nil, err
	}
	var list []wanted
	for _, ref := range page.Numbers {
		list = append(list, wanted{ref: ref, app: app, status: status})
	}
	s.Listed += len(list)
	s.Cursor = page.Next
	if s.Cursor == "" {
		s.From = to
		if !to.Before(s.Until) {
			s = n.syncNextStatus(s)
		}
	}
	return s, list, nil
}

func (n *Native) syncNextStatus(s syncState) syncState {
	if s.Status++; s.Status >= len(syncStatuses) {
		return n.syncNextApp(s)
	}
	s.Cursor, s.From = "", n.syncFrom(s)
	return s
}

func (n *Native) syncNextApp(s syncState) syncState {
	s.App, s.Status, s.Cursor = s.App+1, 0, ""
	s.From = n.syncFrom(s)
	return s
}

// syncEnd moves the watermark: everything up to Until has been listed.
func (n *Native) syncEnd(s syncState) syncState {
	s.Running, s.Known, s.Ended = false, s.Until, n.db.Now()
	return s
}

// wantRead plans the reading of listed forms that we do not know, or know in
// another state, and at the end of those not heard of.
func (n *Native) wantRead(tx *store.Tx, s *syncState, list []wanted) error {
	for _, w := range list {
		known, err := tx.RequestBySPNo(request.NativeNumber(store.NativeApproval, w.ref))
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		case err == nil && (w.status == 0 || known.State == nativeStates[w.status]):
			continue
		}
		s.Missing++
		if err := n.readNow(tx, ReadNative{System: store.NativeApproval, Ref: w.ref, App: w.app}); err != nil {
			return err
		}
	}
	if s.Running {
		return nil
	}
	unheard, err := tx.NativeUnheard(tx.Now().Add(-unheardAfter), unheardAtOnce)
	if err != nil {
		return err
	}
	for _, q := range unheard {
		row, err := tx.NativeCase(q.ID)
		if err != nil {
			return err
		}
		if row.Ref == "" {
			continue
		}
		s.Unheard++
		if err := n.readNow(tx, ReadNative{System: row.System, Ref: row.Ref, App: q.App}); err != nil {
			return err
		}
	}
	s.Result = fmt.Sprintf("列出 %d 项，补读 %d 项，复查未结束的 %d 项", s.Listed, s.Missing, s.Unheard)
	return nil
}

// syncFailed is the outcome when WeCom did not answer: the next step goes on
// from the last page that was taken over. A run whose attempts are used up ends
// without moving the watermark, so that the next one lists the same again.
func (n *Native) syncFailed(job *queue.Job, s syncState, err error) queue.Outcome {
	class := wecom.ClassOf(err)
	over := class == wecom.Permanent || class == wecom.Misconfigured || class != wecom.Throttled && job.Last
	note := func(tx *store.Tx) error {
		after := s
		after.Result = fmt.Sprintf("没有完成（%s %d），下一小时继续", class, wecom.CodeOf(err))
		after.Running = !over
		return tx.SetSetting(syncSetting, after)
	}
	switch {
	case class == wecom.Throttled:
		return queue.Snooze(n.db.Now().Add(max(wecom.RetryAfter(err), time.Second)), note)
	case class == wecom.Misconfigured: // repeated every hour; told once a day
		n.log.Warn("forms of the 审批 app cannot be listed", "err", err)
		return queue.Done(note, func(tx *store.Tx) error { return n.tellMisconfigured(tx, err) })
	case over:
		return queue.Bury(err, note)
	}
	return queue.Retry(err, note)
}
