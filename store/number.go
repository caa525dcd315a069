package store

import (
	"fmt"
	"sync"
	"time"
)

// Numbers are reserved in blocks: a counter row written in every transaction
// would make the transactions of MySQL wait for each other, one commit after
// the other. What a block has left when the process ends is a gap.
const (
	smallBlock = 10   // of a prefix used now and then
	largeBlock = 1000 // of a prefix that uses a block within a second
)

// numbers are the blocks this process holds.
type numbers struct {
	mu     sync.Mutex
	blocks map[string]*block // by prefix
}

// block is what is left of the numbers reserved for a prefix and day.
type block struct {
	mu         sync.Mutex
	day        string
	next, last int64 // next > last: empty
	size       int64
	reserved   time.Time // machine time
	tentative  bool      // reserved in a transaction that has not committed
}

// Number answers a fresh number of the business day in the company's zone,
// such as M20260302-0001. The first of a day is 0001; it grows past 9999; a
// number once answered is never answered again, and those of transactions
// that fail leave gaps.
func (tx *Tx) Number(prefix string) (string, error) {
	day := tx.Now().In(tx.db.zone).Format("20060102")
	n, err := tx.db.numbers.take(tx, prefix, day)
	if err != nil {
		return "", fmt.Errorf("number of %s%s: %w", prefix, day, translate(err))
	}
	return fmt.Sprintf("%s%s-%04d", prefix, day, n), nil
}

func (n *numbers) take(tx *Tx, prefix, day string) (int64, error) {
	b := n.block(prefix)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.day != day {
		b.day, b.next, b.last, b.size, b.reserved = day, 1, 0, 0, time.Time{}
	}
	if b.next > b.last {
		size := int64(smallBlock)
		if b.size > 0 && time.Since(b.reserved) < time.Second {
			size = min(b.size*4, largeBlock)
		}
		last, err := tx.db.engine.reserve(tx, prefix, day, size)
		if err != nil {
			return 0, err
		}
		b.next, b.last, b.size, b.reserved = last-size+1, last, size, time.Now()
		b.tentative = tx.db.dialect == "sqlite"
	}
	b.next++
	return b.next - 1, nil
}

func (n *numbers) block(prefix string) *block {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.blocks == nil {
		n.blocks = map[string]*block{}
	}
	b := n.blocks[prefix]
	if b == nil {
		b = &block{}
		n.blocks[prefix] = b
	}
	return b
}

// keep and forget settle the blocks reserved inside a transaction of the
// SQLite writer when it commits or fails.
func (n *numbers) keep() {
	n.each(func(b *block) { b.tentative = false })
}

func (n *numbers) forget() {
	n.each(func(b *block) {
		if b.tentative {
			b.next, b.last, b.tentative = 1, 0, false
		}
	})
}

func (n *numbers) each(f func(*block)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, b := range n.blocks {
		b.mu.Lock()
		f(b)
		b.mu.Unlock()
	}
}
