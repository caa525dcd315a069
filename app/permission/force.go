package permission

import (
	"context"
	"fmt"
	"slices"

	"guiju/app/people"
	"guiju/store"
	"guiju/store/queue"
)

// InForce is the job that looks again at what a member is asked to confirm or
// review, after his place in the company has changed: whoever does not hold the
// post or role any more is asked no more (guide E2.0, names in force;
// G1-4.3.2(2)).
type InForce struct {
	Member int64 `json:"member"`
}

// Kind implements store.JobArgs.
func (InForce) Kind() string { return "permission.in_force" }

// replacedOnce bounds what one transaction passes on.
const replacedOnce = 5

// Placed is told of members whose place may be another (people.OnPlaced).
func (d *Permissions) Placed(tx *store.Tx, m store.Member) error {
	clocks, err := d.asksOf(&tx.Reader, m.ID)
	if err != nil || len(clocks) == 0 {
		return err
	}
	_, err = tx.Enqueue(InForce{Member: m.ID}, store.Unique(fmt.Sprint(m.ID)))
	return err
}

// asksOf are the open clocks of a member about what this package asks, but for
// those he has in the place of somebody absent.
func (d *Permissions) asksOf(r *store.Reader, member int64) ([]store.Clock, error) {
	clocks, err := r.OpenClocksFor(member, maxOwed, changeSubject, reviewSubject)
	return slices.DeleteFunc(clocks, func(c store.Clock) bool {
		return c.DeputyFor != 0 || c.SubjectKind != changeSubject && c.SubjectKind != reviewSubject
	}), err
}

func (d *Permissions) inForce(_ context.Context, _ *queue.Job, args InForce) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		m, err := tx.Member(args.Member)
		if err != nil || m.Status == store.MemberLeft {
			return err // what he was asked is handed over
		}
		clocks, err := d.asksOf(&tx.Reader, m.ID)
		if err != nil {
			return err
		}
		passed := 0
		for _, clock := range clocks {
			if passed == replacedOnce {
				_, err := tx.Enqueue(args)
				return err
			}
			to, err := d.askedNow(tx, clock.Subject())
			if err != nil {
				return err
			}
			if len(to) == 0 || slices.Contains(to, m.ID) {
				continue
			}
			if err := d.passAsk(tx, clock.Subject(), m, to); err != nil {
				return fmt.Errorf("pass on %s: %w", clock.Number, err)
			}
			passed++
		}
		return nil
	})
}

// askedNow are those a change or review would be put to now.
func (d *Permissions) askedNow(tx *store.Tx, subject store.Subject) ([]int64, error) {
	if subject.Kind == changeSubject {
		change, err := tx.PermissionChange(subject.ID)
		if err != nil {
			return nil, err
		}
		return d.confirmers(tx, change.MemberID)
	}
	review, err := tx.Review(subject.ID)
	if err != nil {
		return nil, err
	}
	offices := []people.Whom{administrators}
	if review.State == store.ReviewOverdue {
		offices = append(offices, d.securityOffice())
	}
	var all []int64
	for _, office := range offices {
		found, err := d.people.Resolve(&tx.Reader, office, 0)
		if err != nil && !isMissing(err) {
			return nil, err
		}
		all = append(all, found.Members...)
	}
	return all, nil
}

// passAsk ends a member's part in something and asks those it is for now.
func (d *Permissions) passAsk(tx *store.Tx, subject store.Subject, from store.Member, to []int64) error {
	q, open, err := d.questionOf(tx, subject)
	if err != nil || !open {
		return err
	}
	if err := d.clocks.Pass(tx, subject, from.ID); err != nil {
		return err
	}
	if err := d.ask(tx, q, to); err != nil {
		return err
	}
	if err := d.notify.Refresh(tx, subject); err != nil {
		return err
	}
	return tx.Audit(store.AuditEntry{
		Action: "permission.reassigned", Subject: subject, Source: store.SourceJob,
		Detail: map[string]any{"from": from.ID, "to": to, "why": "部门或职责有变动"},
	})
}
