package app

import (
	"context"
	"time"
)

// jobsChannel is where replicas tell each other, through Redis, that jobs were
// enqueued. A replica that misses it finds the jobs at its next poll.
const jobsChannel = "jobs"

// wakePause bounds how often one replica wakes the others.
const wakePause = 20 * time.Millisecond

// shareWakes wakes the queues of the other replicas after a commit of this one
// that enqueued jobs, and this queue after one of theirs.
func (a *App) shareWakes(ctx context.Context) {
	enqueued := make(chan struct{}, 1)
	a.enqueued.Store(&enqueued)
	defer a.enqueued.Store(nil)
	theirs := a.redis.Subscribe(ctx, jobsChannel)
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-theirs:
			if !open {
				return
			}
			a.queue.Wake()
		case <-enqueued:
			// A Redis that is away has been logged by the store; nothing depends on it.
			_ = a.redis.Publish(ctx, jobsChannel)
			select {
			case <-ctx.Done():
				return
			case <-time.After(wakePause):
			}
		}
	}
}

// noteEnqueued is told of every commit that enqueued jobs.
func (a *App) noteEnqueued() {
	a.queue.Wake()
	if c := a.enqueued.Load(); c != nil {
		select {
		case *c <- struct{}{}:
		default:
		}
	}
}
