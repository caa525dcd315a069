// Package spool keeps callbacks in a local file while the database is away.
//
// A record is acknowledged once it is on the disk, and is handed out again in
// the order of acknowledgement until it has been handled. The process may die
// at any point: an unfinished tail is cut when the spool is opened, and a
// record whose handling was not yet noted is handled once more, so handling
// must tolerate repetition.
//
// The directory holds three files: log (the records, see frame.go), offset
// (how much of log is handled, see offset.go) and lock.
package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

var (
	// ErrFull says that the record does not fit under the bound.
	ErrFull = errors.New("spool is full")
	// ErrClosed says that the spool was closed.
	ErrClosed = errors.New("spool is closed")
	// ErrInUse says that another process has the directory open.
	ErrInUse = errors.New("spool is in use by another process")
)

// MaxRecord is the largest record in bytes, far above any callback.
const MaxRecord = 4 << 20

// Spool is an open spool. It is safe for concurrent use.
type Spool struct {
	dir      string
	maxBytes int64
	log      *os.File
	offset   *offsetFile
	lock     *os.File
	repaired Repair

	draining sync.Mutex // one Drain at a time

	mu       sync.Mutex
	size     int64 // of log, what is on the disk for good
	start    int64 // of log, what is handled
	records  int   // between start and size
	damaged  int64 // bytes between them that are no records, counted in repaired
	pending  []*appending
	reserved int64 // bytes of pending and of the group being written
	writing  bool  // writeGroups runs
	idle     *sync.Cond
	failure  error // of the last write; nil after one that succeeded
	closed   bool
}

// appending is one record on its way to the disk.
type appending struct {
	frame []byte
	err   error
	done  chan struct{}
}

// Repair is what had to be mended.
type Repair struct {
	Cut     int64 // bytes of an unfinished tail, never acknowledged
	Skipped int64 // damaged bytes between sound records: the disk lost these
}

// Open opens the spool in dir, which it creates, and mends what a crash left.
// Handled records count towards maxBytes until the spool has been drained.
func Open(dir string, maxBytes int64) (*Spool, error) {
	s := &Spool{dir: dir, maxBytes: maxBytes}
	s.idle = sync.NewCond(&s.mu)
	if err := s.open(); err != nil {
		s.release()
		return nil, fmt.Errorf("open spool %s: %w", dir, err)
	}
	return s, nil
}

func (s *Spool) open() (err error) {
	if s.maxBytes <= 0 {
		return fmt.Errorf("bound of %d bytes", s.maxBytes)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if s.lock, err = os.OpenFile(filepath.Join(s.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err := lockFile(s.lock); err != nil {
		return err
	}
	if s.log, err = os.OpenFile(filepath.Join(s.dir, "log"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if s.offset, err = openOffset(filepath.Join(s.dir, "offset")); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(filepath.Clean(s.dir))); err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return err
	}
	return s.recover()
}

// recover finds the sound records after the handled ones and cuts the tail.
func (s *Spool) recover() error {
	info, err := s.log.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if s.start = s.offset.get(); s.start > size {
		s.start = 0 // the crash came between emptying log and noting it
	}
	found, err := scan(s.log, s.start, size)
	if err != nil {
		return err
	}
	s.start, s.size, s.records = found.start, found.end, found.records
	s.repaired = Repair{Cut: size - found.end, Skipped: found.skipped}
	s.damaged = found.skipped
	if s.records == 0 {
		return s.empty()
	}
	if s.repaired.Cut > 0 {
		return s.cutTail()
	}
	return nil
}

// Repaired is what was mended since Open, for the log.
func (s *Spool) Repaired() Repair {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repaired
}

// Len is how many records wait to be handled.
func (s *Spool) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records
}

// Bytes is how much of the disk they and their frames take.
func (s *Spool) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size - s.start
}

// Append stores a record behind all others. It returns when the record is on
// the disk; concurrent calls share one sync. After an error the record is not
// stored.
func (s *Spool) Append(record []byte) error {
	_, err := s.add(record, false)
	return err
}

// Join is Append while records wait or one is being handled. On an empty spool
// it stores nothing and answers false: the caller may handle the record
// itself, and no older one can come after it.
func (s *Spool) Join(record []byte) (joined bool, err error) {
	return s.add(record, true)
}

func (s *Spool) add(record []byte, onlyBehindOthers bool) (bool, error) {
	if len(record) > MaxRecord {
		return false, fmt.Errorf("spool: record of %d bytes, at most %d", len(record), MaxRecord)
	}
	a := &appending{frame: encodeFrame(record), done: make(chan struct{})}
	need := int64(len(a.frame))
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return false, ErrClosed
	case onlyBehindOthers && s.records == 0 && s.reserved == 0:
		s.mu.Unlock()
		return false, nil
	case s.size+s.reserved+need > s.maxBytes:
		s.mu.Unlock()
		return false, fmt.Errorf("%w: %d of %d bytes used", ErrFull, s.size+s.reserved, s.maxBytes)
	}
	s.reserved += need
	s.pending = append(s.pending, a)
	if !s.writing {
		s.writing = true
		go s.writeGroups()
	}
	s.mu.Unlock()
	<-a.done
	return a.err == nil, a.err
}

// writeGroups writes what has come together, again and again until nothing is
// pending. No caller does it, because others could keep him at it. That
// nothing is being written any more is noted before the last one hears of his
// record.
func (s *Spool) writeGroups() {
	for more := true; more; {
		s.mu.Lock()
		group, at := s.pending, s.size
		s.pending = nil
		s.mu.Unlock()

		var frames []byte
		for _, a := range group {
			frames = append(frames, a.frame...)
		}
		err := s.write(frames, at)

		s.mu.Lock()
		s.reserved -= int64(len(frames))
		s.failure = err
		if err == nil {
			s.size += int64(len(frames))
			s.records += len(group)
		}
		more = len(s.pending) > 0
		s.writing = more
		s.idle.Broadcast()
		s.mu.Unlock()
		for _, a := range group {
			a.err = err
			close(a.done)
		}
	}
}

// write puts frames on the disk, or leaves log as it was. What a failed
// attempt leaves behind at is overwritten by the next, or cut by Open.
func (s *Spool) write(frames []byte, at int64) error {
	var err error
	if at == 0 && s.offset.get() != 0 { // emptying the spool got no further than log
		err = s.offset.set(0)
	}
	if err == nil {
		_, err = s.log.WriteAt(frames, at)
	}
	if err == nil {
		err = s.log.Sync()
	}
	if err == nil {
		return nil
	}
	if cut := s.log.Truncate(at); cut != nil {
		err = errors.Join(err, cut)
	}
	return fmt.Errorf("spool: record not stored: %w", err)
}

// Ready answers nil when a record could be stored now. After a failed write it
// tries one, so a disk that has room again is noticed.
func (s *Spool) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.size+s.reserved >= s.maxBytes {
		return fmt.Errorf("%w: %d of %d bytes used", ErrFull, s.size+s.reserved, s.maxBytes)
	}
	if s.failure == nil || s.writing {
		return s.failure
	}
	// A header without a magic number: cut by Open should the process die here.
	if s.failure = s.write(make([]byte, headerSize), s.size); s.failure == nil {
		s.failure = s.cutTail()
	}
	return s.failure
}

// Close waits for a Drain that runs and for records on their way, and frees
// the directory.
func (s *Spool) Close() error {
	s.draining.Lock()
	defer s.draining.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for s.writing {
		s.idle.Wait()
	}
	if err := s.release(); err != nil {
		return fmt.Errorf("close spool %s: %w", s.dir, err)
	}
	return nil
}

func (s *Spool) release() error {
	var errs []error
	for _, file := range []*os.File{s.log, s.lock} {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	if s.offset != nil {
		errs = append(errs, s.offset.file.Close())
	}
	return errors.Join(errs...)
}

// empty gives the disk back once everything is handled. Log goes first: a
// crash in between leaves an offset beyond its end, which Open understands.
func (s *Spool) empty() error {
	if err := s.log.Truncate(0); err != nil {
		return err
	}
	if err := s.log.Sync(); err != nil {
		return err
	}
	s.size, s.start = 0, 0
	return s.offset.set(0)
}

// cutTail ends log at its sound size.
func (s *Spool) cutTail() error {
	if err := s.log.Truncate(s.size); err != nil {
		return err
	}
	return s.log.Sync()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
