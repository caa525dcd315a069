package permission

import (
	"context"
	"fmt"
	"strings"

	"guiju/app/chat"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// The measures (建议措施) a row is marked with.
const (
	noMeasure = "无需调整"
	withdraw  = "收回"
)

// markNormal is 权限审查 正常.
func (d *Permissions) markNormal(call *chat.Call) (chat.Answer, error) {
	review, row, err := d.lockedRow(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if row.Result == store.ReviewNormal {
		return d.alreadyMarked(call, row)
	}
	if row.Result == store.ReviewAbnormal {
		begun, err := call.Tx.ReviewFindings(row.ID, []store.FindingState{store.FindingAsked, store.FindingWithdrawn}, 0, 1)
		if err != nil {
			return chat.Answer{}, err
		}
		if len(begun) > 0 {
			return chat.Answer{}, chat.Refused{Reason: row.Number + " 已标为异常，收回已经开始", Instead: "追溯 " + row.Number}
		}
	}
	measure := noMeasure
	if row.Findings > 0 {
		measure = "保留"
	}
	if text := chat.OneLine(call.Text("说明"), maxMeasure); text != "" {
		measure = text
	}
	return d.mark(call, review, row, store.ReviewNormal, measure)
}

// maxMeasure bounds a measure, in characters.
const maxMeasure = 80

// markAbnormal is 权限审查 异常. A measure that withdraws something is carried out
// once the reviewer has confirmed what it is.
func (d *Permissions) markAbnormal(call *chat.Call) (chat.Answer, error) {
	review, row, err := d.lockedRow(call)
	if err != nil {
		return chat.Answer{}, err
	}
	if row.Result == store.ReviewAbnormal {
		return d.alreadyMarked(call, row)
	}
	measure := chat.OneLine(call.Text("措施"), maxMeasure)
	if measure == "" {
		measure = row.Proposal
	}
	if measure == "" {
		return chat.Answer{}, chat.Incomplete{Field: "措施", Prompt: "请写建议措施，例如：收回、调整岗位"}
	}
	if !strings.HasPrefix(measure, withdraw) {
		return d.mark(call, review, row, store.ReviewAbnormal, measure)
	}
	lines, total, err := d.withdrawals(&call.Tx.Reader, row)
	if err != nil {
		return chat.Answer{}, err
	}
	if total > 0 && !call.Insists {
		return chat.Answer{}, chat.Warned{
			Reason: fmt.Sprintf("将收回「%s」中的 %d 项：%s", row.Title, total, some(lines, 5)), Clause: "G1-4.3.2(3)b", Proceed: "确认收回",
		}
	}
	answer, err := d.mark(call, review, row, store.ReviewAbnormal, measure)
	if err != nil || total == 0 {
		return answer, err
	}
	if err := call.Tx.SettleFindings(row.ID, store.FindingKept, store.FindingAsked, 0); err != nil {
		return answer, err
	}
	if err := call.Tx.SettleFindings(row.ID, store.FindingOpen, store.FindingAsked, 0); err != nil {
		return answer, err
	}
	_, err = call.Tx.Enqueue(Withdraw{Row: row.ID, By: call.Member.ID})
	return chat.Accepted(row.Number, fmt.Sprintf("已标为异常，正在收回 %d 项，会逐一通知本人。", total)), err
}

// withdrawals names what would be withdrawn: the findings of a row that name a
// binding or grant.
func (d *Permissions) withdrawals(r *store.Reader, row store.ReviewRow) (lines []string, total int, err error) {
	findings, err := r.ReviewFindings(row.ID, []store.FindingState{store.FindingOpen, store.FindingKept}, 0, maxFindings)
	if err != nil {
		return nil, 0, err
	}
	var ids []int64
	for _, f := range findings {
		if f.HoldingKind != "" {
			ids = append(ids, f.MemberID)
			total++
		}
	}
	members, err := r.Members(ids)
	name := map[int64]string{}
	for _, m := range members {
		name[m.ID] = m.Name
	}
	for _, f := range findings {
		if f.HoldingKind != "" {
			lines = append(lines, name[f.MemberID]+" "+f.Text)
		}
	}
	return lines, total, err
}

// maxFindings bounds the findings of one row that are read for the chat.
const maxFindings = 500

// markRest is 权限审查 全部正常: every row without findings.
func (d *Permissions) markRest(call *chat.Call) (chat.Answer, error) {
	number := call.Number("编号")
	known, err := call.Tx.ReviewByNumber(number)
	if isMissing(err) {
		return chat.Answer{}, chat.NotFound{Number: number}
	}
	if err != nil {
		return chat.Answer{}, err
	}
	review, err := d.mayMark(call, known.ID, number)
	if err != nil {
		return chat.Answer{}, err
	}
	rows, err := call.Tx.ReviewRows(review.ID, maxRows)
	if err != nil {
		return chat.Answer{}, err
	}
	marked, left := 0, 0
	for i := range rows {
		row := &rows[i]
		switch {
		case row.Result != store.ReviewUnmarked:
		case row.Findings > 0:
			left++
		default:
			if err := d.write(call, row, store.ReviewNormal, noMeasure); err != nil {
				return chat.Answer{}, err
			}
			marked++
		}
	}
	if marked == 0 {
		return chat.Answer{}, chat.Refused{Reason: "没有异常的各项都已核查", Instead: "权限审查 " + number}
	}
	rest := "全部核查完毕。"
	if left > 0 {
		rest = fmt.Sprintf("还有 %d 项有异常，请逐项核查，发送「权限审查」可查看。", left)
	}
	if err := d.progress(call, review); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(number, fmt.Sprintf("%d 项没有异常，已标为正常。%s", marked, rest)), nil
}

// lockedRow takes the row the caller may mark, and its review.
func (d *Permissions) lockedRow(call *chat.Call) (store.Review, store.ReviewRow, error) {
	number := call.Number("编号")
	row, err := call.Tx.ReviewRowByNumber(number)
	if isMissing(err) {
		return store.Review{}, row, chat.NotFound{Number: number}
	}
	if err != nil {
		return store.Review{}, row, err
	}
	review, err := d.mayMark(call, row.ReviewID, number)
	if err != nil {
		return review, row, err
	}
	if row, err = call.Tx.ReviewRow(row.ID); err != nil {
		return review, row, err
	}
	undecided := []store.FindingState{store.FindingOpen, store.FindingKept, store.FindingAsked} // another mark may decide anew
	findings, err := call.Tx.ReviewFindings(row.ID, undecided, 0, maxFindings)
	for _, f := range findings {
		if f.MemberID == call.Member.ID {
			return review, row, chat.Refused{
				Reason: row.Number + "「" + row.Title + "」涉及您本人，不能由您核查", Clause: "S02",
				Instead: "请另一位管理员核查；到期未完成的由信息安全部门核查",
				Denied:  chat.NoPermission{Permission: string(policy.PermAssign), Object: row.Number},
			}
		}
	}
	return review, row, err
}

// mayMark takes a review whose rows the caller may mark.
func (d *Permissions) mayMark(call *chat.Call, id int64, number string) (store.Review, error) {
	review, err := d.lockedReview(call.Tx, id)
	if err != nil {
		return review, err
	}
	visible, err := d.mayReport(call, review)
	if err != nil {
		return review, err
	}
	if !visible {
		return review, chat.NotFound{Number: number}
	}
	switch review.State {
	case store.ReviewGathering:
		return review, chat.Refused{Reason: review.Number + " 还在汇总", Instead: "稍等几分钟，再发送「权限审查」"}
	case store.ReviewComplete:
		return review, chat.Refused{Reason: review.Number + " 已经完成", Instead: "权限审查 " + review.Number}
	}
	may, err := d.mayDecide(call, review.Subject())
	if err == nil && may {
		err = reportedLost(call.Member)
	}
	if err == nil && !may {
		err = chat.NoPermission{Permission: string(policy.PermAssign), Object: number}
	}
	return review, err
}

func (d *Permissions) alreadyMarked(call *chat.Call, row store.ReviewRow) (chat.Answer, error) {
	by, err := call.Tx.Member(row.MarkedBy)
	if err != nil {
		return chat.Answer{}, err
	}
	return chat.Answer{}, chat.Refused{Reason: fmt.Sprintf("%s 已由%s标为%s", row.Number, by.Name, resultWords[row.Result]), Instead: "追溯 " + row.Number}
}

// mark writes a result and shows it.
func (d *Permissions) mark(call *chat.Call, review store.Review, row store.ReviewRow, result store.ReviewResult, measure string) (chat.Answer, error) {
	if err := d.write(call, &row, result, measure); err != nil {
		return chat.Answer{}, err
	}
	if err := call.Tx.SettleFindings(row.ID, store.FindingOpen, store.FindingKept, 0); err != nil {
		return chat.Answer{}, err
	}
	if err := d.notify.Refresh(call.Tx, row.Subject()); err != nil {
		return chat.Answer{}, err
	}
	if err := d.progress(call, review); err != nil {
		return chat.Answer{}, err
	}
	return chat.Accepted(row.Number, fmt.Sprintf("「%s」已标为%s，措施：%s。", row.Title, resultWords[result], measure)), nil
}

func (d *Permissions) write(call *chat.Call, row *store.ReviewRow, result store.ReviewResult, measure string) error {
	now := call.Tx.Now()
	row.Result, row.Measure, row.MarkedBy, row.MarkedAt = result, measure, call.Member.ID, &now
	if err := call.Tx.SaveReviewRow(row); err != nil {
		return err
	}
	return d.audit(call, "permission.review."+string(result), row.Subject(), map[string]any{"number": row.Number, "role": row.Role})
}

// progress completes a review whose last row is marked.
func (d *Permissions) progress(call *chat.Call, review store.Review) error {
	rows, err := call.Tx.ReviewRows(review.ID, maxRows)
	if err != nil {
		return err
	}
	abnormal := 0
	for _, row := range rows {
		if row.Result == store.ReviewUnmarked {
			return d.notify.Refresh(call.Tx, review.Subject())
		}
		if row.Result == store.ReviewAbnormal {
			abnormal++
		}
	}
	var asked []int64
	clocks, err := call.Tx.ClocksOf(review.Subject(), maxClocks)
	if err != nil {
		return err
	}
	for _, clock := range clocks {
		if clock.Open() && clock.ReceiverID != call.Member.ID {
			asked = append(asked, clock.ReceiverID)
		}
	}
	now := call.Tx.Now()
	review.State, review.CompletedAt = store.ReviewComplete, &now
	review.Phase++
	if err := call.Tx.SaveReview(&review); err != nil {
		return err
	}
	if err := d.decided(call.Tx, review.Subject(), call.Member.ID, call.At); err != nil {
		return err
	}
	text := fmt.Sprintf("【已完成】%s %s权限审查：%d 项都已核查，异常 %d 项。发送「权限审查」可查看。", review.Number, quarterWords(review.Quarter), len(rows), abnormal)
	if err := d.tell(call.Tx, review.App, review.Subject(), asked, text); err != nil {
		return err
	}
	return d.notify.Refresh(call.Tx, review.Subject())
}

// Withdraw is the job that carries out what a reviewer confirmed: what the
// findings of a row name is withdrawn, a few at a time.
type Withdraw struct {
	Row int64 `json:"row"`
	By  int64 `json:"by"`
}

// Kind implements store.JobArgs.
func (Withdraw) Kind() string { return "permission.withdraw" }

// withdrawBatch bounds what one transaction withdraws.
const withdrawBatch = 10

func (d *Permissions) withdraw(_ context.Context, _ *queue.Job, args Withdraw) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		row, err := tx.ReviewRow(args.Row)
		if err != nil {
			return err
		}
		if _, err := d.lockedReview(tx, row.ReviewID); err != nil {
			return err
		}
		findings, err := tx.ReviewFindings(row.ID, []store.FindingState{store.FindingAsked}, 0, withdrawBatch)
		if err != nil {
			return err
		}
		for _, f := range findings {
			state, err := d.withdrawOne(tx, row, f, args.By)
			if err != nil {
				return fmt.Errorf("finding %d of %s: %w", f.ID, row.Number, err)
			}
			if err := tx.SettleFinding(f.ID, state); err != nil {
				return err
			}
		}
		if len(findings) < withdrawBatch {
			return nil
		}
		_, err = tx.Enqueue(args)
		return err
	})
}

// withdrawOne withdraws what a finding names, if it is still held and, for a
// conflict, still in conflict.
func (d *Permissions) withdrawOne(tx *store.Tx, row store.ReviewRow, f store.ReviewFinding, by int64) (store.FindingState, error) {
	why := "权限审查 " + row.Number
	what := ""
	switch f.HoldingKind {
	case bindingHolding:
		b, err := tx.Binding(f.HoldingID)
		if err != nil {
			return "", err
		}
		stands, err := d.stillStands(tx, f, b)
		if err != nil {
			return "", err
		}
		if !stands {
			return store.FindingGone, nil
		}
		if err := d.people.EndBinding(tx, b.ID, by, why); err != nil {
			return "", err
		}
		names, err := d.names(&tx.Reader)
		if err != nil {
			return "", err
		}
		what = "角色「" + names.holding(policy.Holding{Role: policy.Role(b.Role), Object: b.Object}) + "」"
	case grantHolding:
		g, err := tx.Grant(f.HoldingID)
		if err != nil {
			return "", err
		}
		if g.EndedAt != nil {
			return store.FindingGone, nil
		}
		if err := d.people.EndGrant(tx, g.ID, by, why); err != nil {
			return "", err
		}
		what = "授权「" + permissionTitle(policy.Permission(g.Permission)) + "」"
	default:
		return store.FindingKept, nil // named for the record: there is nothing to withdraw
	}
	member, err := tx.Member(f.MemberID)
	if err != nil || !member.Present() {
		return store.FindingWithdrawn, err
	}
	text := fmt.Sprintf("【权限变更】季度权限审查（%s）收回了您的%s：%s。需要时可发送：权限申请 <权限> <理由> [期限]", row.Number, what, f.Text)
	return store.FindingWithdrawn, d.tell(tx, "", memberSubject(f.MemberID), []int64{f.MemberID}, text)
}

// stillStands says whether a binding is in force and its conflict, if that is
// what was found, has not been resolved by withdrawing the other duty.
func (d *Permissions) stillStands(tx *store.Tx, f store.ReviewFinding, b store.RoleBinding) (bool, error) {
	if !b.State.InForce() || f.Kind != conflictFinding {
		return b.State.InForce(), nil
	}
	member, err := tx.Member(b.MemberID)
	if err != nil {
		return false, err
	}
	actor, err := d.people.Actor(&tx.Reader, member)
	if err != nil {
		return false, err
	}
	for _, c := range d.rules().Conflicts(actor.Holdings) {
		for _, h := range []policy.Holding{c.A, c.B} {
			if h.Role == policy.Role(b.Role) && strings.EqualFold(h.Object, b.Object) {
				return true, nil
			}
		}
	}
	return false, nil
}

// rowRecords are the unmarked rows of the reviews a member is asked about.
type rowRecords struct{ d *Permissions }

// Open implements chat.Records.
func (rs rowRecords) Open(r *store.Reader, q chat.RecordQuery) ([]chat.Record, error) {
	reviews, err := askedRecords{rs.d, reviewSubject}.Open(r, chat.RecordQuery{Member: q.Member, Limit: 1})
	if err != nil || len(reviews) == 0 {
		return nil, err
	}
	rows, err := r.ReviewRows(reviews[0].Subject.ID, maxRows)
	if err != nil {
		return nil, err
	}
	var all []chat.Record
	for _, row := range rows {
		_, sequence, _ := strings.Cut(row.Number, "-")
		n, _ := number(sequence)
		if row.Result == store.ReviewUnmarked && (q.Sequence == 0 || q.Sequence == n) && len(all) < q.Limit {
			all = append(all, chat.Record{Number: row.Number, Title: row.Title, Subject: row.Subject()})
		}
	}
	return all, nil
}
