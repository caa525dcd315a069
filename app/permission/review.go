package permission

import (
	"context"
	"fmt"

	"guiju/app/notify"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// openReview puts a review that has been gathered to the 管理员.
func (d *Permissions) openReview(tx *store.Tx, review store.Review) error {
	rows, err := tx.ReviewRows(review.ID, maxRows)
	if err != nil {
		return err
	}
	if err := d.finishRows(tx, rows); err != nil {
		return err
	}
	review.State = store.ReviewOpen
	if err := tx.SaveReview(&review); err != nil {
		return err
	}
	found, err := d.people.Resolve(&tx.Reader, administrators, 0)
	if isMissing(err) {
		d.log.Error("nobody can review permissions: no 管理员, no 总经理办公室", "review", review.ID)
		return nil
	}
	if err != nil {
		return err
	}
	return d.present(tx, review, found.Members)
}

// finishRows counts who holds a role without a binding of it, and looks at the
// layout, now that everything else is known.
func (d *Permissions) finishRows(tx *store.Tx, rows []store.ReviewRow) error {
	counts, err := tx.CountMembers()
	if err != nil {
		return err
	}
	present := counts[store.MemberActive] + counts[store.MemberProvisional] + counts[store.MemberInactive]
	holders := map[policy.Role]int64{}
	for _, row := range rows {
		holders[policy.Role(row.Role)] = row.Holders
	}
	rules := d.rules()
	others := present
	for _, info := range rules.Roles() {
		if info.Kind == policy.Category && info.Role != policy.Other {
			others -= holders[info.Role]
		}
	}
	for i := range rows {
		row := &rows[i]
		had := row.Holders
		switch {
		case row.Kind == store.LayoutRow:
			if err := d.finishLayout(tx, row); err != nil {
				return err
			}
			continue
		case row.Kind != store.RoleRow:
			continue
		case policy.Role(row.Role) == policy.Member:
			row.Holders = present
		case policy.Role(row.Role) == policy.Other:
			row.Holders = max(0, others)
		}
		for _, info := range rules.Roles() {
			if info.Kind != policy.Category {
				continue
			}
			for _, h := range rules.Implied(info.Role) {
				if h.Role == policy.Role(row.Role) {
					row.Holders += holders[info.Role]
				}
			}
		}
		if row.Holders != had {
			if err := tx.SaveReviewRow(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Permissions) finishLayout(tx *store.Tx, row *store.ReviewRow) error {
	g := gathering{d: d, tx: tx, rules: d.rules(), now: tx.Now(), layout: row}
	var err error
	if g.names, err = d.names(&tx.Reader); err != nil {
		return err
	}
	had := row.Findings
	if err := g.inspectLayout(); err != nil || row.Findings == had {
		return err
	}
	return tx.SaveReviewRow(row)
}

// rowCards is how many rows with findings come as a card each; the others are
// in the list.
const rowCards = 5

// present asks members to review: one card for all of it, and one for each of
// the first rows with findings.
func (d *Permissions) present(tx *store.Tx, review store.Review, to []int64) error {
	if err := d.ask(tx, d.reviewQuestion(review), to); err != nil {
		return err
	}
	clocks, err := tx.ClocksOf(review.Subject(), maxClocks)
	if err != nil {
		return err
	}
	var receivers []int64 // with those who stand in
	for _, clock := range clocks {
		if clock.Open() {
			receivers = append(receivers, clock.ReceiverID)
		}
	}
	rows, err := tx.ReviewRows(review.ID, maxRows)
	if err != nil {
		return err
	}
	sent := 0
	for _, row := range rows {
		if row.Findings == 0 || row.Result != store.ReviewUnmarked || sent == rowCards {
			continue
		}
		sent++
		err := d.notify.Tell(tx, notify.Notice{
			App: review.App, To: receivers, Card: rowCard, Subject: row.Subject(), Purpose: eventPurpose, Asks: true,
			Text:   fmt.Sprintf("%s %s：发现 %d 项异常", row.Number, row.Title, row.Findings),
			Unique: fmt.Sprintf("review.row:%d:%s", row.ID, review.State),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Permissions) reviewQuestion(review store.Review) question {
	return question{
		subject: review.Subject(), number: review.Number, title: quarterWords(review.Quarter) + "权限审查", app: review.App, card: reviewCard,
		within: policy.WorkSpan{Workdays: d.rules().Rules().Permission.ReviewDueWorkdays},
	}
}

// ReviewDue is the timer at which a review that is not complete goes to
// 信息安全部门.
type ReviewDue struct {
	Review int64 `json:"review"`
}

// Kind implements store.JobArgs.
func (ReviewDue) Kind() string { return "permission.review_due" }

func (d *Permissions) reviewDue(_ context.Context, _ *queue.Job, args ReviewDue) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		review, err := d.lockedReview(tx, args.Review)
		if err != nil || review.State != store.ReviewOpen {
			return err
		}
		now := tx.Now()
		review.State, review.OverdueAt = store.ReviewOverdue, &now
		review.Phase++
		if err := tx.SaveReview(&review); err != nil {
			return err
		}
		found, err := d.people.Resolve(&tx.Reader, d.securityOffice(), 0)
		if err != nil && !isMissing(err) {
			return err
		}
		rows, err := tx.ReviewRows(review.ID, maxRows)
		if err != nil {
			return err
		}
		open := 0
		for _, row := range rows {
			if row.Result == store.ReviewUnmarked {
				open++
			}
		}
		text := fmt.Sprintf("【超时】%s %s权限审查已到期，还有 %d 项没有核查，请您完成。发送「权限审查」可查看。", review.Number, quarterWords(review.Quarter), open)
		if err := d.tell(tx, review.App, review.Subject(), found.Members, text); err != nil {
			return err
		}
		if err := d.present(tx, review, found.Members); err != nil {
			return err
		}
		return d.notify.Refresh(tx, review.Subject())
	})
}

// lockedReview takes a review for a decision about it or its rows.
func (d *Permissions) lockedReview(tx *store.Tx, id int64) (store.Review, error) {
	if err := tx.Lock(store.Review{}.TableName(), id); err != nil {
		return store.Review{}, err
	}
	return tx.Review(id)
}
