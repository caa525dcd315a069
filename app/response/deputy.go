package response

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guiju/store"
	"guiju/store/queue"
)

// awayBatch bounds the clocks one transaction passes on.
const awayBatch = 20

// Away is the timer of the first moment of an absence: what the member still
// owes then passes to his deputy with a fresh clock (guide G1-4.1(4)b).
type Away struct {
	Member int64 `json:"member"`
	After  int64 `json:"after"` // clocks up to this one have been looked at
}

// Kind implements store.JobArgs.
func (Away) Kind() string { return "response.away" }

// OnAway says how the open clock of an absent member passes to the deputy in
// this kind of items: the domain shows it to him and opens a clock of his.
func (c *Clocks) OnAway(subjectKind string, pass func(tx *store.Tx, clock store.Clock, deputy int64) error) {
	c.away[subjectKind] = pass
}

func (c *Clocks) passAway(_ context.Context, _ *queue.Job, args Away) queue.Outcome {
	return queue.Done(func(tx *store.Tx) error {
		deputy, absent, err := c.Stand(&tx.Reader, args.Member, tx.Now())
		if err != nil || absent == 0 {
			return err // the absence was called off
		}
		clocks, err := tx.OpenClocksFor(args.Member, 10*awayBatch)
		if err != nil {
			return err
		}
		passed := 0
		for _, clock := range clocks {
			pass := c.away[clock.SubjectKind]
			if clock.ID <= args.After || pass == nil {
				continue
			}
			if passed++; passed > awayBatch {
				_, err := tx.Enqueue(Away{Member: args.Member, After: args.After})
				return err
			}
			args.After = clock.ID
			if err := pass(tx, clock, deputy); err != nil {
				return fmt.Errorf("pass clock %d on: %w", clock.ID, err)
			}
		}
		return nil
	})
}

// maxDeputies bounds a chain of deputies who are away themselves.
const maxDeputies = 5

// Stand answers who takes what arrives for a member at an instant: himself,
// or while he is away his deputy, or that one's (guide G1-4.1(4)b, AE6).
// deputyFor is the absent member, 0 when nobody stands in. A chain that ends
// where it began, or is too long, ends with the last one who was found.
func (c *Clocks) Stand(r *store.Reader, member int64, at time.Time) (receiver, deputyFor int64, err error) {
	receiver = member
	seen := map[int64]bool{member: true}
	for range maxDeputies {
		span, err := r.DeputyAt(receiver, at)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
		deputy, err := r.Member(span.DeputyID)
		if err != nil {
			return 0, 0, fmt.Errorf("deputy of member %d: %w", receiver, err)
		}
		if seen[deputy.ID] || !deputy.Present() {
			break
		}
		seen[deputy.ID] = true
		receiver = deputy.ID
	}
	if receiver != member {
		deputyFor = member
	}
	return receiver, deputyFor, nil
}
