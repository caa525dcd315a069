package permission

import (
	"fmt"
	"slices"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
	"guiju/wecom/card"
)

// The kinds of subject that wait for somebody.
const (
	changeSubject = "permission_change"
	reviewSubject = "permission_review"
)

// maxClocks bounds the clocks of one thing that waits: its deciders, replaced
// some times.
const maxClocks = 200

// question is one thing that waits for people: the first of them decides.
type question struct {
	subject store.Subject
	number  string
	title   string
	app     string
	card    string
	within  policy.WorkSpan
	about   int64 // never decides
}

// ask gives members, or those who stand in for them, a clock and the card. Who
// has been asked already is left out.
func (d *Permissions) ask(tx *store.Tx, q question, to []int64) error {
	clocks, err := tx.ClocksOf(q.subject, maxClocks)
	if err != nil {
		return err
	}
	taken := map[int64]bool{q.about: true}
	for _, clock := range clocks {
		if clock.Open() {
			taken[clock.ReceiverID] = true
		}
	}
	var receivers []int64
	for _, member := range to[:min(len(to), maxDecider)] {
		receiver, deputyFor, err := d.clocks.Stand(&tx.Reader, member, tx.Now())
		if err != nil {
			return err
		}
		if taken[receiver] {
			if receiver, deputyFor = member, 0; taken[receiver] {
				continue
			}
		}
		taken[receiver] = true
		receivers = append(receivers, receiver)
		_, err = d.clocks.Open(tx, response.Opening{
			Subject: q.subject, Number: q.number, Title: q.title, App: q.app, Class: policy.Normal, NeedsReply: true,
			Receiver: receiver, DeputyFor: deputyFor, Limit: q.within,
		})
		if err != nil {
			return err
		}
	}
	if q.subject.Kind == changeSubject {
		if receivers, err = d.withoutCard(tx, q, receivers); err != nil {
			return err
		}
	}
	return d.notify.Tell(tx, notify.Notice{
		App: q.app, To: receivers, Card: q.card, Subject: q.subject, Purpose: askPurpose,
		Text: q.number + " " + q.title, Asks: true,
	})
}

// manyChanges is how many changes may wait for one person before no more cards
// are sent to him: when a department is moved, hundreds come at once.
const manyChanges = 20

// withoutCard leaves out who has many changes to confirm already: he is told so
// once an hour, and his clocks run from now on.
func (d *Permissions) withoutCard(tx *store.Tx, q question, receivers []int64) ([]int64, error) {
	var rest []int64
	for _, receiver := range receivers {
		waiting, err := askedRecords{d, changeSubject}.Open(&tx.Reader, chat.RecordQuery{Member: receiver, Limit: manyChanges + 1})
		if err != nil {
			return nil, err
		}
		if len(waiting) <= manyChanges {
			rest = append(rest, receiver)
			continue
		}
		if err := d.clocks.Delivered(tx, q.subject, []int64{receiver}, tx.Now()); err != nil {
			return nil, err
		}
		err = d.notify.Tell(tx, notify.Notice{
			App: q.app, To: []int64{receiver}, Purpose: eventPurpose, Asks: true, Subject: memberSubject(receiver),
			Text: fmt.Sprintf("【权限变更】等您确认的变更已超过 %d 项，不再逐项发卡片。发送「我的待办」可查看，"+
				"「权限变更 全部确认」可一次确认。", manyChanges),
			Unique: fmt.Sprintf("permission.many:%d:%s", receiver, tx.Now().UTC().Format("2006010215")),
		})
		if err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// decided stops the clock of who decided, at the instant he did, and cancels
// the others'.
func (d *Permissions) decided(tx *store.Tx, subject store.Subject, by int64, at time.Time) error {
	if _, err := d.clocks.Act(tx, subject, by, policy.Reply, at); err != nil {
		return err
	}
	return d.clocks.Cancel(tx, subject)
}

// asked says whether a member is one of those who are asked.
func (d *Permissions) asked(r *store.Reader, subject store.Subject, member int64) (bool, error) {
	clocks, err := r.ClocksOf(subject, maxClocks)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(clocks, func(c store.Clock) bool { return c.Open() && c.ReceiverID == member }), nil
}

// reportedLost refuses what an account decides while it is reported lost: who
// holds the phone may be somebody else (G2-4.2(3)).
func reportedLost(m store.Member) error {
	if m.SuspendedAt == nil {
		return nil
	}
	return chat.Refused{
		Reason: "您的账号已挂失，恢复之前不能处理权限", Clause: "G2-4.2(3)", Instead: "请其他同事处理，或先申请恢复账号",
		Denied: chat.NoPermission{Permission: string(policy.PermAssign)},
	}
}

// mayDecide says whether the caller is asked about a subject or may assign
// permissions anyway.
func (d *Permissions) mayDecide(call *chat.Call, subject store.Subject) (bool, error) {
	asked, err := d.asked(&call.Tx.Reader, subject, call.Member.ID)
	if err != nil || asked {
		return asked, err
	}
	return call.Permits.Permit(call, string(policy.PermAssign), "")
}

// questionOf builds what is asked about a subject anew; open is false when
// nothing is asked any more.
func (d *Permissions) questionOf(tx *store.Tx, subject store.Subject) (q question, open bool, err error) {
	if subject.Kind == changeSubject {
		if err := tx.Lock(store.PermissionChange{}.TableName(), subject.ID); err != nil {
			return q, false, err
		}
		change, err := tx.PermissionChange(subject.ID)
		if err != nil {
			return q, false, err
		}
		q, err := d.changeQuestion(&tx.Reader, change)
		return q, change.State == store.ChangeOpen, err
	}
	review, err := d.lockedReview(tx, subject.ID)
	return d.reviewQuestion(review), review.Open(), err
}

// replace asks another member in place of one. to 0 or the one it is about:
// whoever else is asked goes on alone; if nobody is, the 管理员 are.
func (d *Permissions) replace(tx *store.Tx, subject store.Subject, from, to int64) error {
	q, open, err := d.questionOf(tx, subject)
	if err != nil || !open {
		return err
	}
	if err := d.clocks.Pass(tx, subject, from); err != nil {
		return err
	}
	if to != 0 && to != q.about {
		if err := d.ask(tx, q, []int64{to}); err != nil {
			return err
		}
		return d.notify.Refresh(tx, subject)
	}
	done, err := d.clocks.Answered(&tx.Reader, subject)
	if err != nil || !done {
		return err
	}
	administrators, err := d.people.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(administrators), func(id int64) bool { return id == from })
	return d.ask(tx, q, rest)
}

// forward gives what did not reach its decider to somebody else.
func (d *Permissions) forward(tx *store.Tx, missed store.Clock, to int64) error {
	return d.replace(tx, missed.Subject(), missed.ReceiverID, to)
}

// standIn gives what waits for an absent member to his deputy.
func (d *Permissions) standIn(tx *store.Tx, clock store.Clock, deputy int64) error {
	q, open, err := d.questionOf(tx, clock.Subject())
	if err != nil || !open || deputy == q.about {
		return err
	}
	return d.replace(tx, clock.Subject(), clock.ReceiverID, clock.ReceiverID) // Stand finds the deputy
}

// reminderButtons are those of a reminder about a clock of ours.
func (d *Permissions) reminderButtons(_ *store.Reader, clock store.Clock) ([]card.Button, error) {
	if clock.SubjectKind == changeSubject {
		return []card.Button{
			{Text: "确认新增", Style: 1, Key: notify.Key(0, "权限变更 确认 "+clock.Number)},
			{Text: "拒绝", Style: 2, Key: notify.Key(0, "权限变更 拒绝 "+clock.Number)},
		}, nil
	}
	return []card.Button{{Text: "查看审查", Style: 1, Key: notify.Key(0, "权限审查 "+clock.Number)}}, nil
}

// askedRecords are the open changes or reviews a member is asked about.
type askedRecords struct {
	d    *Permissions
	kind string
}

// Open implements chat.Records.
func (a askedRecords) Open(r *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	clocks, err := r.OpenClocksFor(q.Member, maxOwed, a.kind)
	if err != nil {
		return nil, err
	}
	var all []chat.Record
	for _, clock := range slices.Backward(clocks) {
		if clock.SubjectKind == a.kind && len(all) < q.Limit {
			all = append(all, chat.Record{Number: clock.Number, Title: clock.Title, Subject: clock.Subject()})
		}
	}
	return all, nil
}

// maxOwed bounds the open clocks of one member that are read.
const maxOwed = 500

// handOver moves what waits for a member to somebody else.
type handOver struct{ d *Permissions }

// Label implements people.HandOver.
func (handOver) Label() string { return "权限确认与审查" }

// List implements people.HandOver.
func (h handOver) List(r *store.Reader, member int64, limit int) ([]people.Work, error) {
	clocks, err := r.OpenClocksFor(member, maxOwed, changeSubject, reviewSubject)
	if err != nil {
		return nil, err
	}
	var all []people.Work
	for _, clock := range clocks {
		if (clock.SubjectKind == changeSubject || clock.SubjectKind == reviewSubject) && len(all) < limit {
			all = append(all, people.Work{Number: clock.Number, Title: clock.Title, Subject: clock.Subject()})
		}
	}
	return all, nil
}

// Reassign implements people.HandOver.
func (h handOver) Reassign(tx *store.Tx, w store.Subject, from, to int64, why string) error {
	asked, err := h.d.asked(&tx.Reader, w, from)
	if err != nil || !asked {
		return err
	}
	if err := h.d.replace(tx, w, from, to); err != nil {
		return err
	}
	return tx.Audit(store.AuditEntry{
		Action: "permission.reassigned", Subject: w, Source: store.SourceJob,
		Detail: map[string]any{"from": from, "to": to, "why": why},
	})
}

// extend gives the commands of other domains our numbers: QX for changes, QS
// for reviews, QH for their rows.
func (d *Permissions) extend(engine *chat.Engine) error {
	change := chat.Extension{Prefix: "QX", What: "权限变更", Record: openChanges, Permission: string(policy.ItemTrace)}
	review := chat.Extension{Prefix: "QS", What: "权限审查", Record: openReviews, Permission: string(policy.ItemTrace)}
	row := chat.Extension{Prefix: "QH", What: "权限审查的一项", Record: openRows, Permission: string(policy.ItemTrace)}
	for _, of := range []struct {
		command   string
		extension chat.Extension
		run       func(*chat.Call) (chat.Answer, error)
	}{
		{"追溯", change, d.traceChange}, {"追溯", review, d.traceReview}, {"追溯", row, d.traceRow},
		{"催办", change, d.urge}, {"催办", review, d.urge}, {"已知悉", change, d.note}, {"已知悉", review, d.note},
	} {
		of.extension.Run = of.run
		if err := engine.Extend(of.command, of.extension); err != nil {
			return err
		}
	}
	return nil
}
