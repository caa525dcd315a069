package queue_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

// A job that ends just while Drain looks around leaves the next one due: Drain
// may not take the pause between the two for the end.
func TestDrainWhileStartedWaitsForTheEndOfAChain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		q := queue.New(db, quiet(queue.Options{MachineNow: machine().Now, Poll: time.Hour}))
		queue.Register(q, func(_ context.Context, _ *queue.Job, args step) queue.Outcome {
			left, err := strconv.Atoi(args.Name)
			if err != nil || left == 0 {
				return queue.Done()
			}
			return queue.Done(func(tx *store.Tx) error {
				_, err := tx.Enqueue(step{strconv.Itoa(left - 1)})
				return err
			})
		})
		start(t, q)
		for range 20 {
			enqueue(t, db, "40")
			require.Equal(t, 41, drain(t, q).Done)
		}
	})
}
