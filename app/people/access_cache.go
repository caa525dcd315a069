package people

import (
	"container/list"
	"sync"

	"guiju/app/policy"
)

// keptActors bounds the actors a process remembers.
const keptActors = 10_000

// actorKey names one committed state of a member's access. Everything that
// decides what he may do raises his version or is another rulebook, in whatever
// process, so an entry is never wrong, only no longer asked for.
type actorKey struct {
	member, version int64
	updated         int64 // milliseconds: tells two transactions apart of which one was undone
	rules           *policy.Engine
}

// actors remembers the actors asked for last. Its zero value is ready.
type actors struct {
	mu    sync.Mutex
	index map[actorKey]*list.Element
	order list.List // of actorEntry, newest first
}

type actorEntry struct {
	key   actorKey
	actor policy.Actor
}

func (c *actors) get(key actorKey) (policy.Actor, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.index[key]
	if !ok {
		return policy.Actor{}, false
	}
	c.order.MoveToFront(found)
	return found.Value.(actorEntry).actor, true
}

func (c *actors) put(key actorKey, a policy.Actor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.index == nil {
		c.index = make(map[actorKey]*list.Element)
	}
	if found, ok := c.index[key]; ok {
		c.order.MoveToFront(found)
		return
	}
	c.index[key] = c.order.PushFront(actorEntry{key, a})
	if c.order.Len() > keptActors {
		oldest := c.order.Back()
		c.order.Remove(oldest)
		delete(c.index, oldest.Value.(actorEntry).key)
	}
}
