package people

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"guiju/store"
	"guiju/store/queue"
)

// Entitle is the job that gives everybody what the contacts and the rulebook
// entitle him to, once, when the company has been read for the first time: its
// heads are known only then.
type Entitle struct {
	After int64 `json:"after,omitempty"`
}

// Kind implements store.JobArgs.
func (Entitle) Kind() string { return "people.entitle" }

// entitledKey is the setting that says that this has been done.
const entitledKey = "people.entitled"

const (
	entitledARun   = 2_000 // members one run looks at
	entitledAtOnce = 20    // members one transaction gives something to
)

func (p *People) entitleLater(tx *store.Tx) error {
	var done bool
	err := tx.Setting(entitledKey, &done)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err = tx.Enqueue(Entitle{}, store.Unique("all"))
	return err
}

func (p *People) entitle(ctx context.Context, job *queue.Job, args Entitle) queue.Outcome {
	r := p.db.Reader(ctx)
	page, err := r.MembersAfter(args.After, entitledARun)
	if err != nil {
		return queue.Retry(fmt.Errorf("entitle members: %w", err))
	}
	var some []int64
	for _, m := range page {
		if !m.Present() || m.Status == store.MemberProvisional {
			continue
		}
		entitled, err := p.Entitled(r, m)
		if err != nil {
			return queue.Retry(fmt.Errorf("entitle member %d: %w", m.ID, err))
		}
		if len(entitled) > 0 {
			some = append(some, m.ID)
		}
	}
	for part := range slices.Chunk(some, entitledAtOnce) {
		if err := job.InTx(ctx, func(tx *store.Tx) error { return p.entitleThese(tx, part) }); err != nil {
			return queue.Retry(fmt.Errorf("entitle members: %w", err))
		}
	}
	return queue.Done(func(tx *store.Tx) error {
		if len(page) < entitledARun {
			return tx.SetSetting(entitledKey, true)
		}
		_, err := tx.Enqueue(Entitle{After: page[len(page)-1].ID}, store.Unique("all"))
		return err
	})
}

func (p *People) entitleThese(tx *store.Tx, ids []int64) error {
	members, err := tx.Members(ids)
	if err != nil {
		return err
	}
	for _, m := range members {
		if _, err := p.regard(tx, m, Cause{Kind: BecauseFirst, Reason: whyFirst}); err != nil {
			return err
		}
	}
	return nil
}
