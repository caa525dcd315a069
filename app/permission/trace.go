package permission

import (
	"fmt"
	"slices"
	"strings"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
)

// mayRead says whether the caller may read what became of a subject about a
// member (0: nobody).
func (d *Permissions) mayRead(call *chat.Call, subject store.Subject, about int64) (bool, error) {
	if about != 0 && about == call.Member.ID {
		return true, nil
	}
	clocks, err := call.Tx.ClocksOf(subject, maxClocks)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(clocks, func(c store.Clock) bool { return c.ReceiverID == call.Member.ID }) {
		return true, nil
	}
	for _, code := range []policy.Permission{policy.PermAssign, policy.LogRead} {
		if may, err := call.Permits.Permit(call, string(code), ""); err != nil || may {
			return may, err
		}
	}
	return d.above(&call.Tx.Reader, clocks, call.Member.ID)
}

// above says whether a member is the 直接上级 of one who is asked.
func (d *Permissions) above(r *store.Reader, clocks []store.Clock, member int64) (bool, error) {
	for _, clock := range clocks {
		if !clock.Open() {
			continue
		}
		if above, err := d.people.StandsOver(r, member, clock.ReceiverID); err != nil || above {
			return above, err
		}
	}
	return false, nil
}

var clockWords = map[store.ClockState]string{
	store.ClockWaiting: "等待送达", store.ClockRunning: "计时中", store.ClockAcked: "计时中", store.ClockBreached: "已超时",
	store.ClockMet: "按时处理", store.ClockLate: "超时处理", store.ClockMoved: "已转交", store.ClockCancelled: "无需处理",
	store.ClockMissed: "未送达",
}

// listAsked names who was asked and what came of it.
func (d *Permissions) listAsked(b *strings.Builder, r *store.Reader, subject store.Subject) error {
	clocks, err := r.ClocksOf(subject, maxClocks)
	if err != nil || len(clocks) == 0 {
		return err
	}
	ids := make([]int64, 0, len(clocks))
	for _, clock := range clocks {
		ids = append(ids, clock.ReceiverID)
	}
	members, err := r.Members(ids)
	if err != nil {
		return err
	}
	name := make(map[int64]string, len(members))
	for _, m := range members {
		name[m.ID] = m.Name
	}
	b.WriteString("\n【处理人】")
	for i, clock := range clocks {
		if i == maxListed {
			break
		}
		fmt.Fprintf(b, "\n· %s：%s", name[clock.ReceiverID], clockWords[clock.State])
		if clock.DueAt != nil {
			b.WriteString("，时限 " + d.when(*clock.DueAt))
		}
		if clock.RepliedAt != nil {
			b.WriteString("，" + d.when(*clock.RepliedAt) + " 处理")
		}
	}
	return nil
}

// urgePurpose marks the notices of 催办.
const urgePurpose = "permission.urge"

// maxMessages bounds the messages about one subject that are read.
const maxMessages = 500

// urge is 催办: who is asked and has not answered is told again, as of a request
// at most once in approval.urge_interval_hours (G2-4.4(3)).
func (d *Permissions) urge(call *chat.Call) (chat.Answer, error) {
	number := call.Number("编号")
	subject, title, about, err := d.subjectOf(&call.Tx.Reader, number)
	if err != nil {
		return chat.Answer{}, err
	}
	if visible, err := d.mayRead(call, subject, about); err != nil || !visible {
		if err == nil {
			err = chat.NotFound{Number: number}
		}
		return chat.Answer{}, err
	}
	clocks, err := call.Tx.ClocksOf(subject, maxClocks)
	if err != nil {
		return chat.Answer{}, err
	}
	var waiting []int64
	for _, clock := range clocks {
		if clock.Open() && clock.ReceiverID != call.Member.ID {
			waiting = append(waiting, clock.ReceiverID)
		}
	}
	if len(waiting) == 0 {
		return chat.Answer{}, chat.Refused{Reason: number + " 没有要催办的人", Instead: "追溯 " + number}
	}
	sent, err := call.Tx.SentAbout(subject, maxMessages)
	if err != nil {
		return chat.Answer{}, err
	}
	for _, m := range sent {
		if m.Purpose != urgePurpose {
			continue
		}
		if again := d.rules().UrgeAgainAt(m.CreatedAt); call.Tx.Now().Before(again) {
			return chat.Answer{}, chat.Refused{
				Reason: fmt.Sprintf("%s 在 %s 已经催办过", number, d.when(m.CreatedAt)), Clause: "G2-4.4(3)",
				Instead: d.when(again) + " 之后再催",
			}
		}
	}
	err = d.notify.Tell(call.Tx, notify.Notice{
		App: call.App, To: waiting, Subject: subject, Purpose: urgePurpose, Asks: true,
		Text: fmt.Sprintf("【催办】%s 请您尽快处理 %s %s。\n可发送：追溯 %s", call.Member.Name, number, title, number),
	})
	if err != nil {
		return chat.Answer{}, err
	}
	if err := d.audit(call, "permission.urged", subject, map[string]any{"number": number}); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(number, fmt.Sprintf("已催办 %d 人。", len(waiting))), nil
}

// note is 已知悉: somebody above a late decider has seen it.
func (d *Permissions) note(call *chat.Call) (chat.Answer, error) {
	number := call.Number("编号")
	subject, _, about, err := d.subjectOf(&call.Tx.Reader, number)
	if err != nil {
		return chat.Answer{}, err
	}
	visible, err := d.mayRead(call, subject, about)
	if err == nil && !visible {
		err = chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	if err := d.audit(call, "permission.noted", subject, map[string]any{"number": number}); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(number, "已记录您知悉此事。"), nil
}

// subjectOf finds the change or review called number.
func (d *Permissions) subjectOf(r *store.Reader, number string) (subject store.Subject, title string, about int64, err error) {
	if strings.HasPrefix(number, "QX") {
		c, err := r.PermissionChangeByNumber(number)
		if isMissing(err) {
			return subject, "", 0, chat.NotFound{Number: number}
		}
		return c.Subject(), "权限变更：" + c.Reason, c.MemberID, err
	}
	review, err := r.ReviewByNumber(number)
	if isMissing(err) {
		return subject, "", 0, chat.NotFound{Number: number}
	}
	return review.Subject(), quarterWords(review.Quarter) + "权限审查", 0, err
}

// whole completes a shortened number by the open ones of the member.
func whole(r *store.Reader, member int64, number, kind string) (string, error) {
	if strings.Contains(number, "-") {
		return number, nil
	}
	clocks, err := r.OpenClocksFor(member, maxOwed, kind)
	if err != nil {
		return "", err
	}
	wanted := strings.TrimLeft(strings.TrimLeft(number, "QXSqxs"), "0")
	for _, clock := range slices.Backward(clocks) {
		_, sequence, _ := strings.Cut(clock.Number, "-")
		if clock.SubjectKind == kind && strings.TrimLeft(sequence, "0") == wanted {
			return clock.Number, nil
		}
	}
	return number, nil
}
