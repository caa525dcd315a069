package permission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
)

// BeginReview is J-PERM-REVIEW and J-ROLE-REVIEW: one row for each role there
// is, one for all personal grants, and one for roles and posts as a whole
// (G1-4.3.2(3)b, G1-4.2.1(四)). The guide holds both together, so whichever of
// the two jobs comes first begins the review and the other finds it. quarter is
// the key of the period: 2026Q2. It answers what it did, for the calendar.
func (d *Permissions) BeginReview(tx *store.Tx, quarter string) (string, error) {
	if known, err := tx.ReviewByQuarter(quarter); err == nil {
		return known.Number + " 已经开始", nil
	} else if !isMissing(err) {
		return "", err
	}
	number, err := tx.Number("QS")
	if err != nil {
		return "", err
	}
	due := d.rules().Calendar().AddWorkdays(tx.Now(), d.rules().Rules().Permission.ReviewDueWorkdays)
	review := store.Review{
		Number: number, Quarter: quarter, State: store.ReviewGathering, App: d.notify.DefaultApp(), Phase: 1, DueAt: due,
	}
	if err := tx.AddReview(&review); errors.Is(err, store.ErrDuplicate) {
		return "", fmt.Errorf("%w: %w", store.ErrConflict, err) // the other job has just begun it: read again
	} else if err != nil {
		return "", err
	}
	rows := []store.ReviewRow{}
	for _, role := range d.rules().Roles() {
		rows = append(rows, store.ReviewRow{Kind: store.RoleRow, Role: string(role.Role), Title: role.Title})
	}
	rows = append(rows, store.ReviewRow{Kind: store.GrantRow, Title: "个人授权"}, store.ReviewRow{Kind: store.LayoutRow, Title: "角色与岗位配置"})
	if len(rows) > maxRows {
		return "", fmt.Errorf("review of %s: %d roles, at most %d", quarter, len(rows), maxRows)
	}
	for _, row := range rows {
		if row.Number, err = tx.Number("QH"); err != nil {
			return "", err
		}
		row.ReviewID, row.Uses = review.ID, "{}"
		if err := tx.AddReviewRow(&row); err != nil {
			return "", err
		}
	}
	if _, err := tx.Enqueue(Gather{Review: review.ID}); err != nil {
		return "", err
	}
	if _, err := tx.Enqueue(ReviewDue{Review: review.ID}, store.At(due)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s：%d 项待核查", number, len(rows)), nil
}

const (
	maxRows = 150 // of one review
	perPage = 50  // bindings or grants one transaction reads
)

// Gather is the job that fills the rows of a review, a page at a time: Row
// counts the rows in their order, After is the member or grant of the page
// before.
type Gather struct {
	Review int64 `json:"review"`
	Row    int   `json:"row"`
	After  int64 `json:"after"`
}

// Kind implements store.JobArgs.
func (Gather) Kind() string { return "permission.gather" }

func (d *Permissions) gather(_ context.Context, _ *queue.Job, args Gather) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		review, err := d.lockedReview(tx, args.Review)
		if err != nil || review.State != store.ReviewGathering {
			return err
		}
		rows, err := tx.ReviewRows(review.ID, maxRows)
		if err != nil {
			return err
		}
		page := gathering{d: d, tx: tx, rules: d.rules(), left: perPage, now: tx.Now()}
		if page.names, err = d.names(&tx.Reader); err != nil {
			return err
		}
		for i := range rows {
			if rows[i].Kind == store.LayoutRow {
				page.layout = &rows[i]
			}
		}
		at, after := args.Row, args.After
		for at < len(rows) && page.left > 0 {
			if after, err = page.fill(&rows[at], after); err != nil {
				return fmt.Errorf("review row %s: %w", rows[at].Number, err)
			}
			if after == 0 {
				at++
			}
		}
		if page.layoutChanged {
			if err := tx.SaveReviewRow(page.layout); err != nil {
				return err
			}
		}
		if at < len(rows) {
			_, err := tx.Enqueue(Gather{Review: review.ID, Row: at, After: after})
			return err
		}
		return d.openReview(tx, review)
	})
}

// gathering is one page of a review being filled.
type gathering struct {
	d     *Permissions
	tx    *store.Tx
	rules *policy.Engine
	names names
	now   time.Time
	left  int // bindings and grants this page may still read

	layout        *store.ReviewRow
	layoutChanged bool
	excluding     map[policy.Role]bool // roles that permission.sod speaks of
}

// fill adds to a row what the next page says of it, and answers where to go on;
// 0 when the row is full.
func (g *gathering) fill(row *store.ReviewRow, after int64) (int64, error) {
	switch row.Kind {
	case store.RoleRow:
		return g.fillRole(row, after)
	case store.GrantRow:
		return g.fillGrants(row, after)
	}
	g.left--
	return 0, nil // the layout is looked at when everything is known
}

func (g *gathering) fillRole(row *store.ReviewRow, after int64) (int64, error) {
	limit := g.left
	bindings, err := g.tx.BindingsWith(row.Role, after, limit)
	if err != nil {
		return 0, err
	}
	more := len(bindings) == limit
	g.left -= max(1, len(bindings))
	if more { // the last member may have further ones
		last := bindings[len(bindings)-1].MemberID
		if whole := before(bindings, last); len(whole) > 0 {
			bindings = whole
		}
	}
	if len(bindings) == 0 {
		return 0, nil
	}
	if err := g.readRole(row, bindings); err != nil {
		return 0, err
	}
	if err := g.tx.SaveReviewRow(row); err != nil || !more {
		return 0, err
	}
	return bindings[len(bindings)-1].MemberID, nil
}

// before answers the bindings of members before one; bindings are in their order.
func before(bindings []store.RoleBinding, member int64) []store.RoleBinding {
	for i, b := range bindings {
		if b.MemberID == member {
			return bindings[:i]
		}
	}
	return bindings
}

// readRole counts holders, notes uses and finds what is wrong.
func (g *gathering) readRole(row *store.ReviewRow, bindings []store.RoleBinding) error {
	members, uses, err := g.people(bindings, func(b store.RoleBinding) int64 { return b.MemberID })
	if err != nil {
		return err
	}
	row.Holders += int64(len(members))
	last := map[string]time.Time{}
	if err := json.Unmarshal([]byte(row.Uses), &last); err != nil {
		return fmt.Errorf("uses: %w", err)
	}
	for _, b := range bindings {
		gives := g.rules.Permissions([]policy.Holding{{Role: policy.Role(b.Role), Object: b.Object}})
		used := time.Time{}
		for _, p := range gives {
			at := uses[b.MemberID][string(p)]
			used = latest(used, at)
			if !at.IsZero() {
				last[string(p)] = latest(last[string(p)], at)
			}
		}
		if err := g.inspectBinding(row, b, members[b.MemberID], used, len(gives) > 0); err != nil {
			return err
		}
	}
	encoded, err := json.Marshal(last)
	row.Uses = string(encoded)
	return err
}

// people reads the members that rows are about, and what they used.
func (g *gathering) people(bindings []store.RoleBinding, of func(store.RoleBinding) int64) (map[int64]store.Member, map[int64]map[string]time.Time, error) {
	var ids []int64
	for _, b := range bindings {
		ids = append(ids, of(b))
	}
	return g.members(ids)
}

func (g *gathering) members(ids []int64) (map[int64]store.Member, map[int64]map[string]time.Time, error) {
	list, err := g.tx.Members(ids)
	if err != nil {
		return nil, nil, err
	}
	members := make(map[int64]store.Member, len(list))
	for _, m := range list {
		members[m.ID] = m
	}
	found, err := g.tx.UsesOf(ids)
	if err != nil {
		return nil, nil, err
	}
	uses := map[int64]map[string]time.Time{}
	for _, u := range found {
		if uses[u.MemberID] == nil {
			uses[u.MemberID] = map[string]time.Time{}
		}
		uses[u.MemberID][u.Permission] = u.UsedAt
	}
	return members, uses, nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
