package account

import (
	"context"
	"fmt"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// Stop is the timer of the instant at which the access of a leaver ends.
type Stop struct {
	Application int64 `json:"application"`
}

// Kind implements store.JobArgs.
func (Stop) Kind() string { return "account.stop" }

// prepareStop follows when everybody has agreed to a 停用: what he has open is
// listed to his superior, who names a successor, and his access ends at the
// instant applied for, or at once when that has passed (G2-4.2(1)).
func (a *Accounts) prepareStop(tx *store.Tx, app *store.AccountApplication) error {
	member, err := tx.Member(app.MemberID)
	if err != nil {
		return err
	}
	if member.Status == store.MemberLeft {
		_, err := a.step(tx, app, left, byEvent)
		return err
	}
	if _, err := a.people.StartHandOver(tx, store.HandOver{MemberID: member.ID, Reason: store.HandOverStopped}); err != nil {
		return err
	}
	at := app.EffectiveAt
	if now := tx.Now(); at.Before(now) {
		at = now
	}
	_, err = tx.Enqueue(Stop{Application: app.ID}, store.At(at), store.Unique(fmt.Sprint(app.ID)))
	return err
}

func (a *Accounts) stop(_ context.Context, _ *queue.Job, args Stop) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		app, err := a.locked(tx, args.Application)
		if err != nil {
			return err
		}
		moved, err := a.step(tx, &app, due, byTimer)
		if err != nil || !moved || app.State != store.AccountStopped {
			return err
		}
		member, err := tx.Member(app.MemberID)
		if err != nil {
			return err
		}
		if err := a.people.Stop(tx, member.ID); err != nil {
			return err
		}
		// What came after the list was made is his superior's, too (handedOver).
		if _, err := a.people.StartHandOver(tx, store.HandOver{MemberID: member.ID, Reason: store.HandOverStopped}); err != nil {
			return err
		}
		err = a.people.Raise(tx, people.ToDo{
			Whom: people.Whom(a.rules().Rules().Account.OpenBy), About: member.ID, Title: "停用账号：" + member.Name,
			Detail: fmt.Sprintf("%s（%s）已到停用时间，在本应用的权限已全部停止。请在企业微信管理后台停用或删除该账号。", member.Name, member.UserID),
			Within: policy.WorkSpan{Workdays: 1}, Subject: app.Subject(), Unique: "account.stop:" + app.Number, App: app.App,
		})
		if err != nil {
			return err
		}
		return a.tellApplicant(tx, app, fmt.Sprintf("【账号】%s %s的账号已停用，企业微信后台的停用由行政部办理。", app.Number, member.Name))
	})
}

// handOverRest gives what nobody has been named for to the superior.
func (a *Accounts) handOverRest(tx *store.Tx, h store.HandOver) error {
	superior, err := a.people.Superior(&tx.Reader, h.MemberID)
	if err != nil {
		return ignoreNobody(err)
	}
	works, err := tx.HandOverWorks(h.ID, maxWorks)
	if err != nil {
		return err
	}
	job := PassOn{HandOver: h.ID, To: superior, By: superior}
	for _, w := range works {
		if w.State == store.WorkListed {
			job.Works = append(job.Works, w.ID)
		}
	}
	if len(job.Works) == 0 {
		return nil
	}
	_, err = tx.Enqueue(job)
	return err
}

// cancelHandOver ends the list for a stop that will not take place.
func (a *Accounts) cancelHandOver(tx *store.Tx, app store.AccountApplication) error {
	if app.Kind != store.AccountStop {
		return nil
	}
	open, err := tx.HandOversOf(app.MemberID)
	if err != nil {
		return err
	}
	for _, h := range open {
		if h.Reason != store.HandOverStopped {
			continue
		}
		if err := a.people.CancelHandOver(tx, h.ID); err != nil {
			return err
		}
		if err := a.notify.Refresh(tx, h.Subject()); err != nil {
			return err
		}
	}
	return nil
}

// stopOf is the running 停用 of a member; store.ErrNotFound, wrapped, without one.
func (a *Accounts) stopOf(r *store.Reader, member int64) (store.AccountApplication, error) {
	apps, err := r.AccountApplicationsFor(member, []store.AccountState{store.AccountOpening, store.AccountStopped}, maxSame)
	if err != nil {
		return store.AccountApplication{}, err
	}
	for _, app := range apps {
		if app.Kind == store.AccountStop {
			return app, nil
		}
	}
	return store.AccountApplication{}, fmt.Errorf("stop of member %d: %w", member, store.ErrNotFound)
}

// left is called when WeCom says that a member has left: what was applied for
// about him is over, and so are the to-dos of his account.
func (a *Accounts) left(tx *store.Tx, l people.Left) error {
	apps, err := tx.AccountApplicationsFor(l.Member.ID, []store.AccountState{store.AccountApplied, store.AccountOpening, store.AccountStopped}, maxSame)
	if err != nil {
		return err
	}
	for _, app := range apps {
		if err := a.drop(tx, app.Subject(), l.Member.Name+"的账号已在企业微信停用"); err != nil {
			return err
		}
		if !app.Open() {
			continue
		}
		if app, err = a.locked(tx, app.ID); err != nil {
			return err
		}
		moved, err := a.step(tx, &app, left, byEvent)
		if err != nil {
			return err
		}
		if !moved {
			continue
		}
		if err := a.requests.Conclude(tx, app.RequestID, store.RequestWithdrawn, l.Member.Name+"已离职"); err != nil {
			return err
		}
		text := fmt.Sprintf("【账号】%s %s已离职，申请到此结束。", app.Number, l.Member.Name)
		if err := a.tellApplicant(tx, app, text); err != nil {
			return err
		}
	}
	return a.drop(tx, memberSubject(l.Member.ID), l.Member.Name+"已离职")
}
