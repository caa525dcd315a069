package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiju/app/notify"
	"guiju/store"
	"guiju/store/queue"
)

const (
	rederivePage  = 500 // members one job looks at
	rederiveChunk = 10  // members one transaction changes: about 15 rows each
	rulesAwait    = 30 * time.Second
)

// accessRulesKey is the setting that remembers by which rulebook everybody's
// roles were derived last.
const accessRulesKey = "people.access_rulebook"

// Rederive is the job that looks at everybody's roles again, page by page.
type Rederive struct {
	Cause    string `json:"cause"`
	Rulebook int    `json:"rulebook"` // version it must not be done before
	After    int64  `json:"after"`    // last member of the page before
	Changed  int    `json:"changed"`
	Open     int    `json:"open"` // changes that wait for confirmation
}

// Kind implements store.JobArgs.
func (Rederive) Kind() string { return "people.rederive" }

// RulesInForce derives everybody's roles anew if this version of the rulebook
// has not yet done so. The very first time what people are entitled to is
// theirs at once, without a record: that is where the company begins.
func (p *People) RulesInForce(tx *store.Tx) error {
	version := p.rules().Version()
	var last int
	err := tx.Setting(accessRulesKey, &last)
	cause := BecauseRulebook
	if errors.Is(err, store.ErrNotFound) {
		cause = BecauseFirst
	} else if err != nil {
		return err
	}
	if last >= version && cause == BecauseRulebook {
		return nil
	}
	_, err = tx.Enqueue(Rederive{Cause: cause, Rulebook: version}, store.Unique(fmt.Sprintf("rulebook:%d", version)))
	return err
}

// RederiveLater looks at everybody's roles again after what concerns many at
// once: departments moved (BecauseDepartments), tags on departments
// (BecauseTags).
func (p *People) RederiveLater(tx *store.Tx, cause string) error {
	_, err := tx.Enqueue(Rederive{Cause: cause, Rulebook: p.rules().Version()}, store.Unique("cause:"+cause))
	return err
}

func (p *People) rederive(ctx context.Context, _ *queue.Job, args Rederive) queue.Outcome {
	if args.Rulebook > p.rules().Version() { // this replica has not followed yet
		return queue.Snooze(p.db.Now().Add(rulesAwait))
	}
	page, err := p.db.Reader(ctx).MembersAfter(args.After, rederivePage)
	if err != nil {
		return queue.Retry(err)
	}
	var differing []store.Member
	for _, m := range page {
		differs, err := p.differs(p.db.Reader(ctx), m)
		if err != nil {
			return queue.Retry(err)
		}
		if differs {
			differing = append(differing, m)
		}
	}
	next := args
	if len(page) > 0 {
		next.After = page[len(page)-1].ID
	}
	for start := 0; start < len(differing); start += rederiveChunk {
		changed, open := 0, 0
		err := p.db.InBackground(ctx, func(tx *store.Tx) error {
			changed, open = 0, 0
			for _, m := range differing[start:min(start+rederiveChunk, len(differing))] {
				change, err := p.rederiveOne(tx, m.ID, args.Cause)
				if err != nil {
					return err
				}
				if change != nil {
					changed++
				}
				if change != nil && change.State == store.ChangeOpen {
					open++
				}
			}
			return nil
		})
		if err != nil {
			return queue.Retry(err)
		}
		next.Changed, next.Open = next.Changed+changed, next.Open+open
	}
	return queue.Done(func(tx *store.Tx) error {
		if len(page) == rederivePage {
			_, err := tx.Enqueue(next, store.Unique(fmt.Sprintf("%s:%d:%d", args.Cause, args.Rulebook, next.After)))
			return err
		}
		return p.rederived(tx, next)
	})
}

// differs says, without changing anything, whether Reconcile would.
func (p *People) differs(r *store.Reader, m store.Member) (bool, error) {
	if !m.Present() {
		return false, nil
	}
	a, err := p.accessOf(r, m)
	if err != nil {
		return false, err
	}
	due, err := p.due(r, m)
	if err != nil {
		return false, err
	}
	return a.align(due, true, true), nil
}

func (p *People) rederiveOne(tx *store.Tx, member int64, cause string) (*store.PermissionChange, error) {
	m, err := tx.Member(member)
	if err != nil {
		return nil, err
	}
	reason := map[string]string{
		BecauseRulebook: fmt.Sprintf("规则第 %d 版生效", p.rules().Version()), BecauseDepartments: "部门调整", BecauseTags: "标签变化",
	}[cause]
	return p.Reconcile(tx, m, Cause{Kind: cause, Reason: reason})
}

// rederived remembers that everybody has been looked at, and tells the 管理员
// in one message what a new rulebook changed.
func (p *People) rederived(tx *store.Tx, done Rederive) error {
	if done.Cause != BecauseRulebook && done.Cause != BecauseFirst {
		return nil
	}
	var last int
	if err := tx.Setting(accessRulesKey, &last); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if last < done.Rulebook {
		if err := tx.SetSetting(accessRulesKey, done.Rulebook); err != nil {
			return err
		}
	}
	if done.Changed == 0 || done.Cause == BecauseFirst {
		return nil
	}
	administrators, err := p.Administrators(&tx.Reader)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("【权限变更】规则第 %d 版生效，%d 名成员的角色随之调整。可发送“我的权限”或“谁有 <权限>”查看。", done.Rulebook, done.Changed)
	if done.Open > 0 {
		text += fmt.Sprintf("其中 %d 项因职责不相容，等待确认。", done.Open)
	}
	return p.notify.Tell(tx, notify.Notice{
		To: administrators, Purpose: "permission.rulebook", Subject: store.Subject{Kind: "rulebook", ID: int64(done.Rulebook)},
		Text: text, Unique: fmt.Sprintf("permission.rulebook:%d", done.Rulebook),
	})
}
