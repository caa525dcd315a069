package response

import (
	"errors"
	"fmt"
	"time"

	"guiju/store"
)

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
