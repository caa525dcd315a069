package spool

import (
	"context"
	"errors"
	"fmt"
)

// noteEvery is after how many handled records the offset is stored; so many
// may be handled twice after a crash.
const noteEvery = 64

// Drain calls fn for every record, oldest first, one at a time, records that
// are appended meanwhile included, and answers nil once the spool is empty.
// Until then new records Join. It ends with fn's first error or the end of
// ctx; that record comes first the next time. A Drain that runs already is
// waited for.
func (s *Spool) Drain(ctx context.Context, fn func(record []byte) error) error {
	s.draining.Lock()
	defer s.draining.Unlock()
	for handled := 1; ; handled++ {
		waits, err := s.await()
		if err != nil || !waits {
			return err
		}
		record, end, err := s.oldest()
		if errors.Is(err, errDamaged) {
			err = s.skipDamage()
			if err == nil {
				continue
			}
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = fn(record)
		}
		if err != nil {
			return errors.Join(err, s.note())
		}
		s.mu.Lock()
		s.start, s.records = end, s.records-1
		s.mu.Unlock()
		if handled%noteEvery == 0 {
			if err := s.note(); err != nil {
				return err
			}
		}
	}
}

// await says whether a record waits. When none does and none is on its way it
// empties the spool, under the lock that Join asks.
func (s *Spool) await() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.records == 0 && s.reserved > 0 {
		s.idle.Wait()
	}
	switch {
	case s.closed:
		return false, ErrClosed
	case s.records > 0:
		return true, nil
	case s.size == 0:
		return false, nil
	}
	if err := s.empty(); err != nil {
		return false, fmt.Errorf("empty spool %s: %w", s.dir, err)
	}
	return false, nil
}

// oldest reads the first record that waits.
func (s *Spool) oldest() (record []byte, end int64, err error) {
	s.mu.Lock()
	at, size := s.start, s.size
	s.mu.Unlock()
	record, end, err = readFrame(s.log, at, size)
	if err != nil {
		return nil, 0, fmt.Errorf("spool %s: %w", s.dir, err)
	}
	return record, end, nil
}

// skipDamage goes on behind bytes that the disk has lost since Open.
func (s *Spool) skipDamage() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := scan(s.log, s.start, s.size)
	if err != nil {
		return fmt.Errorf("spool %s: %w", s.dir, err)
	}
	if found.records == 0 {
		found.start, found.skipped = s.size, s.size-s.start
	}
	s.repaired.Skipped += found.skipped - s.damaged
	s.damaged = found.skipped - (found.start - s.start)
	s.start, s.records = found.start, found.records
	return nil
}

// note stores how much is handled.
func (s *Spool) note() error {
	s.mu.Lock()
	start := s.start
	s.mu.Unlock()
	if start == s.offset.get() {
		return nil
	}
	return s.offset.set(start)
}
