package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// onboard begins 入职指引 (G1-2d, G2-4.2(1)): training, permissions, somebody to
// show him round, and later the question how the first week went.
func (a *Accounts) onboard(tx *store.Tx, m store.Member, arrival store.AccountArrival) error {
	rules := a.rules().Rules().Account
	where, err := a.whereabouts(&tx.Reader, m)
	if err != nil {
		return err
	}
	for _, t := range []people.ToDo{
		{Whom: people.Whom(rules.VerifyBy), Title: "安排入职培训：" + m.Name, Detail: where + "请安排企业微信使用和公司制度培训。", Unique: "training"},
		{Whom: people.Whom(rules.OpenBy), Title: "核对新同事权限：" + m.Name, Detail: where + "请核对应用、部门和权限是否符合岗位需要。", Unique: "permissions"},
		{Whom: "head", Title: "安排带教人：" + m.Name, Detail: where + "请指定一位带教人，并介绍给新同事。", Unique: "mentor"},
	} {
		t.About, t.Within, t.Subject = m.ID, rules.OnboardingDays, memberSubject(m.ID)
		t.Unique = onboardingKey(t.Unique, m.ID, arrival.JoinedAt)
		if err := a.people.Raise(tx, t); err != nil {
			return err
		}
	}
	key := store.Unique(fmt.Sprintf("%d:%d", m.ID, arrival.JoinedAt.Unix()))
	if _, err := tx.Enqueue(FirstWeek{Member: m.ID, Joined: arrival.JoinedAt}, store.At(a.rules().FirstWeekAt(arrival.JoinedAt)), key); err != nil {
		return err
	}
	_, err = tx.Enqueue(Welcome{Member: m.ID, Joined: arrival.JoinedAt}, key)
	return err
}

func onboardingKey(what string, member int64, joined time.Time) string {
	return fmt.Sprintf("onboarding:%s:%d:%d", what, member, joined.Unix())
}

func memberSubject(id int64) store.Subject { return store.Subject{Kind: "member", ID: id} }

// whereabouts is who somebody new is: 林晓（市场部，市场专员）今天加入。
func (a *Accounts) whereabouts(r *store.Reader, m store.Member) (string, error) {
	department, err := a.department(r, m.MainDepartment)
	if err != nil {
		return "", err
	}
	text := m.Name + "（"
	if department != "" {
		text += department
	} else {
		text += m.UserID
	}
	if m.Position != "" {
		text += "，" + m.Position
	}
	return text + "）已加入。", nil
}

// FirstWeek is the timer of the check after the first week.
type FirstWeek struct {
	Member int64     `json:"member"`
	Joined time.Time `json:"joined"`
}

// Kind implements store.JobArgs.
func (FirstWeek) Kind() string { return "account.first_week" }

func (a *Accounts) firstWeek(_ context.Context, _ *queue.Job, args FirstWeek) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		m, err := a.stillHere(tx, args.Member, args.Joined)
		if err != nil || m.ID == 0 {
			return err
		}
		return a.people.Raise(tx, people.ToDo{
			Whom: "head", About: m.ID, Title: "首周检查：" + m.Name,
			Detail: fmt.Sprintf("%s入职已满一周，请了解培训、权限和带教的情况，有问题及时解决。", m.Name),
			Within: policy.WorkSpan{Workdays: 1}, Subject: memberSubject(m.ID), Unique: onboardingKey("first_week", m.ID, args.Joined),
		})
	})
}

// stillHere answers the member if he has not left since he joined; else a
// member without id.
func (a *Accounts) stillHere(tx *store.Tx, id int64, joined time.Time) (store.Member, error) {
	m, err := tx.Member(id)
	if err != nil || !m.Present() {
		return store.Member{}, err
	}
	arrival, err := tx.AccountArrival(id)
	if err != nil || !arrival.JoinedAt.Equal(joined) {
		return store.Member{}, err
	}
	return m, nil
}

// Welcome is the job that greets somebody new as soon as he can read it.
type Welcome struct {
	Member int64     `json:"member"`
	Joined time.Time `json:"joined"`
	Tries  int       `json:"tries"`
}

// Kind implements store.JobArgs.
func (Welcome) Kind() string { return "account.welcome" }

// welcomeDays is for how long somebody who has not activated his account is
// waited for.
const welcomeDays = 30

func (a *Accounts) welcome(_ context.Context, _ *queue.Job, args Welcome) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		args := args // a transaction may run again
		m, err := a.stillHere(tx, args.Member, args.Joined)
		if err != nil || m.ID == 0 {
			return err
		}
		arrival, err := tx.AccountArrival(m.ID)
		if err != nil || arrival.WelcomedAt != nil {
			return err
		}
		now := tx.Now()
		if m.Status != store.MemberActive || !m.Visible {
			if args.Tries++; args.Tries > welcomeDays {
				return nil
			}
			_, err := tx.Enqueue(args, store.At(now.AddDate(0, 0, 1)))
			return err
		}
		department, err := a.department(&tx.Reader, m.MainDepartment)
		if err != nil {
			return err
		}
		arrival.WelcomedAt = &now
		if err := tx.PutAccountArrival(arrival); err != nil {
			return err
		}
		return a.notify.Tell(tx, notify.Notice{
			To: []int64{m.ID}, Purpose: welcomePurpose, Subject: memberSubject(m.ID), Text: greeting(m.Name, department),
		})
	})
}

func greeting(name, department string) string {
	if department == "" {
		department = "我们"
	}
	return fmt.Sprintf(`【欢迎】%s，欢迎加入%s！我是公司的工作助手，通知、咨询、审批和待办都在这里。
刚来的几天，可以这样开始：
1. 发送 帮助，看看我能做什么
2. 发送 我的权限，看看您现在可以使用哪些功能
3. 不清楚找谁时，发送 咨询 <内容>，会转给负责的部门
人事部会安排培训，主管会为您安排带教人。祝工作顺利！`, name, department)
}

// Activation is the timer that asks whether a new account has been activated.
type Activation struct {
	Application int64 `json:"application"`
}

// Kind implements store.JobArgs.
func (Activation) Kind() string { return "account.activation" }

func (a *Accounts) watchActivation(tx *store.Tx, app store.AccountApplication) error {
	_, err := tx.Enqueue(Activation{Application: app.ID}, store.At(a.rules().ActivatedBy(tx.Now())),
		store.Unique(fmt.Sprintf("%d:%d", app.ID, app.Phase)))
	return err
}

func (a *Accounts) activation(_ context.Context, _ *queue.Job, args Activation) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		app, err := a.locked(tx, args.Application)
		if err != nil {
			return err
		}
		limit := a.rules().Rules().Account.ActivationDays.Words()
		if app.State == store.AccountOpening && app.OpenedAt != nil {
			opener, err := a.people.Resolve(&tx.Reader, people.Whom(a.rules().Rules().Account.OpenBy), 0)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			return a.alert(tx, app.App, app.Subject(), fmt.Sprintf("account.missing:%d", app.ID),
				fmt.Sprintf("【账号】%s %s的账号说已开通，但 %s内通讯录里没有出现。请核对姓名、部门或账号，可发送：已开通 %s <账号>", app.Number, app.Name, limit, app.Number),
				append(opener.Members, app.ApplicantID)...)
		}
		if app.State != store.AccountOpened {
			return nil
		}
		m, err := tx.Member(app.MemberID)
		if err != nil || m.Status != store.MemberInactive {
			return err
		}
		return a.tellApplicant(tx, app, fmt.Sprintf("【账号】%s %s的账号（%s）开通 %s还没有激活，请提醒他在手机上登录企业微信。", app.Number, m.Name, m.UserID, limit))
	})
}
