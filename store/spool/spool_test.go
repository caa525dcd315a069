package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func open(t testing.TB, dir string) *Spool {
	t.Helper()
	s, err := Open(dir, 1<<20)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func fill(t testing.TB, s *Spool, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		require.NoError(t, s.Append([]byte(name(i))))
	}
}

func name(i int) string { return fmt.Sprintf("record %d", i) }

func names(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, name(i))
	}
	return all
}

func drain(t testing.TB, s *Spool) []string {
	t.Helper()
	var got []string
	require.NoError(t, s.Drain(t.Context(), func(record []byte) error {
		got = append(got, string(record))
		return nil
	}))
	return got
}

func TestDrainHandsOutInOrderAndEmpties(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	require.Empty(t, drain(t, s))
	fill(t, s, 0, 200)
	require.NoError(t, s.Append(nil), "an empty record is a record")
	require.Equal(t, 201, s.Len())

	require.Equal(t, append(names(0, 200), ""), drain(t, s))

	require.Zero(t, s.Len())
	require.Zero(t, s.Bytes())
	info, err := os.Stat(filepath.Join(dir, "log"))
	require.NoError(t, err)
	require.Zero(t, info.Size(), "the disk is given back")
	fill(t, s, 7, 9)
	require.Equal(t, names(7, 9), drain(t, s))
}

func TestReopenedSpoolGoesOn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, 0, 10)
	broken := errors.New("database away")
	var got []string
	err := s.Drain(t.Context(), func(record []byte) error {
		if len(got) == 4 {
			return broken
		}
		got = append(got, string(record))
		return nil
	})
	require.ErrorIs(t, err, broken)
	require.Equal(t, 6, s.Len())
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "closed already")
	require.ErrorIs(t, s.Append([]byte("late")), ErrClosed)
	require.ErrorIs(t, s.Ready(), ErrClosed)
	require.ErrorIs(t, s.Drain(t.Context(), func([]byte) error { return nil }), ErrClosed)

	s = open(t, dir)
	require.Equal(t, 6, s.Len())
	require.Zero(t, s.Repaired())
	fill(t, s, 10, 12)
	require.Equal(t, names(4, 12), drain(t, s))
}

func TestDrainEndsWithItsContext(t *testing.T) {
	s := open(t, t.TempDir())
	fill(t, s, 0, 3)
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, s.Drain(ctx, func([]byte) error { cancel(); return nil }), context.Canceled)
	require.Equal(t, names(1, 3), drain(t, s))
}

// While the last record is being handled the spool is not empty yet: what
// comes then joins its tail, and only afterwards may be handled directly.
func TestJoinOnlyBehindOthers(t *testing.T) {
	s := open(t, t.TempDir())
	joined, err := s.Join([]byte("alone"))
	require.NoError(t, err)
	require.False(t, joined)

	fill(t, s, 0, 1)
	var got []string
	require.NoError(t, s.Drain(t.Context(), func(record []byte) error {
		if got = append(got, string(record)); len(got) == 1 {
			joined, err := s.Join([]byte("behind"))
			require.NoError(t, err)
			require.True(t, joined)
		}
		return nil
	}))
	require.Equal(t, []string{name(0), "behind"}, got)
	joined, err = s.Join([]byte("alone"))
	require.NoError(t, err)
	require.False(t, joined)
}

// Senders that join or handle directly, while a drainer runs: for each sender
// the order of handling is the order of sending.
func TestOrderWhileAppendingAndDraining(t *testing.T) {
	s := open(t, t.TempDir())
	const senders, each = 8, 150
	var mu sync.Mutex
	last := map[string]int{}
	total := 0
	handle := func(record []byte) error {
		var who string
		var n int
		_, err := fmt.Sscanf(string(record), "%s %d", &who, &n)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if n != last[who]+1 {
			return fmt.Errorf("%s: %d after %d", who, n, last[who])
		}
		last[who] = n
		total++
		return nil
	}
	require.NoError(t, s.Append([]byte("first 1")))
	stop := make(chan struct{})
	var drainer, appenders sync.WaitGroup
	drainer.Go(func() {
		for {
			if err := s.Drain(t.Context(), handle); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	var direct atomic.Int64
	for i := range senders {
		appenders.Go(func() {
			for n := range each {
				record := fmt.Appendf(nil, "sender%d %d", i, n+1)
				joined, err := s.Join(record)
				if err == nil && !joined {
					if n%3 == 0 {
						err = s.Append(record) // as a callback whose commit failed
					} else {
						direct.Add(1)
						err = handle(record)
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	appenders.Wait()
	close(stop)
	drainer.Wait()
	require.NoError(t, s.Drain(t.Context(), handle))
	require.Equal(t, senders*each+1, total)
	t.Logf("%d of %d handled directly", direct.Load(), senders*each)
}

func TestFullSpoolRefusesAndRecovers(t *testing.T) {
	s, err := Open(t.TempDir(), 100)
	require.NoError(t, err)
	defer s.Close()
	record := bytes.Repeat([]byte("x"), 36) // 48 with its header
	require.NoError(t, s.Append(record))
	require.NoError(t, s.Ready())
	require.NoError(t, s.Append(record))
	err = s.Append(record)
	require.ErrorIs(t, err, ErrFull)
	require.EqualError(t, err, "spool is full: 96 of 100 bytes used")
	require.Equal(t, 2, s.Len())
	require.Len(t, drain(t, s), 2)
	require.NoError(t, s.Append(record))

	require.ErrorContains(t, s.Append(make([]byte, MaxRecord+1)), "at most 4194304")
}

func TestDirectoryIsHeldByOne(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := Open(dir, 1<<20)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, dir)
	require.NoError(t, s.Close())
	open(t, dir)
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(filepath.Join(file, "spool"), 1<<20)
	require.ErrorContains(t, err, "open spool "+file)
	_, err = Open(t.TempDir(), 0)
	require.ErrorContains(t, err, "bound of 0 bytes")
}

// A write that fails stores nothing, and the spool works again when the disk
// does. A log opened read-only stands for the disk.
func TestUnwritableDiskIsReportedAndNoticedWhenBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, 0, 2)
	sound := s.log
	readOnly, err := os.Open(filepath.Join(dir, "log"))
	require.NoError(t, err)
	s.log = readOnly
	require.ErrorContains(t, s.Append([]byte("x")), "record not stored")
	require.ErrorContains(t, s.Ready(), "record not stored")
	require.Equal(t, 2, s.Len())

	s.log = sound
	require.NoError(t, readOnly.Close())
	require.NoError(t, s.Ready())
	fill(t, s, 2, 3)
	require.Equal(t, names(0, 3), drain(t, s))
}

// Who waited for his record finds the spool at rest: a Ready that comes at once
// is not answered with what went wrong before.
func TestNothingIsBeingWrittenOnceTheLastAppendIsAnswered(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 2000 {
		fill(t, s, i, i+1)
		s.mu.Lock()
		writing := s.writing
		s.mu.Unlock()
		require.False(t, writing, "after record %d", i)
	}
}

// The file cut at any byte opens to the records before the cut.
func TestTornTailIsCut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, 0, 3)
	require.NoError(t, s.Close())
	whole, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	frame := len(whole) / 3
	for cut := range len(whole) {
		tail := [][]byte{nil, make([]byte, 40), {0xA7, 0x5B, 0x0E, 0x11, 0xFF, 0xFF, 0xFF, 0xFF}}[cut%3]
		torn := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(torn, "log"), append(append([]byte(nil), whole[:cut]...), tail...), 0o600))
		s, err := Open(torn, 1<<20)
		require.NoError(t, err)
		require.Equal(t, cut/frame, s.Len())
		require.Equal(t, Repair{Cut: int64(cut%frame + len(tail))}, s.Repaired())
		require.NoError(t, s.Append([]byte("next")))
		require.Equal(t, append(names(0, cut/frame), "next"), drain(t, s))
		require.NoError(t, s.Close())
	}
}

func TestDamageInTheMiddleLosesOnlyItself(t *testing.T) {
	for _, when := range []string{"before opening", "while open"} {
		t.Run(when, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			fill(t, s, 0, 5)
			frame := s.size / 5
			file, err := os.OpenFile(filepath.Join(dir, "log"), os.O_RDWR, 0)
			require.NoError(t, err)
			defer file.Close()
			_, err = file.WriteAt([]byte("?"), 2*frame+headerSize+3)
			require.NoError(t, err)
			if when == "before opening" {
				require.NoError(t, s.Close())
				s = open(t, dir)
				require.Equal(t, 4, s.Len())
			}
			require.Equal(t, append(names(0, 2), names(3, 5)...), drain(t, s))
			require.Equal(t, Repair{Skipped: frame}, s.Repaired())
		})
	}
}

func TestOffsetSurvivesATornWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offset")
	o, err := openOffset(path)
	require.NoError(t, err)
	for value := int64(1); value < 6; value++ {
		require.NoError(t, o.set(value*1000))
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		place := int64(o.serial%2) * placeStep
		torn := filepath.Join(t.TempDir(), "offset")
		whole[place+9] ^= 0xFF
		require.NoError(t, os.WriteFile(torn, whole, 0o600))
		reopened, err := openOffset(torn)
		require.NoError(t, err)
		require.Equal(t, (value-1)*1000, reopened.get())
		require.NoError(t, reopened.file.Close())
	}
	require.NoError(t, o.file.Close())
}

// Emptying was cut short after log and before offset: the old offset must not
// hide new records.
func TestOffsetBeyondAnEmptiedLog(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, 0, 3)
	require.NoError(t, s.offset.set(s.size))
	require.NoError(t, s.log.Truncate(0))
	require.NoError(t, s.Close())
	s = open(t, dir)
	require.Zero(t, s.Len())
	fill(t, s, 10, 14)
	require.NoError(t, s.Close())
	require.Equal(t, names(10, 14), drain(t, open(t, dir)))
}

// Every record that reading yields is one whose checksum holds, whatever the
// bytes, and reading ends.
func FuzzScan(f *testing.F) {
	whole := append(encodeFrame([]byte("one")), encodeFrame([]byte("two, longer"))...)
	f.Add(whole, 0)
	f.Add(append([]byte{0xA7, 0x5B}, whole...), 1)
	f.Add(append(whole[:len(whole)-3], whole...), 5)
	f.Fuzz(func(t *testing.T, log []byte, at int) {
		size := int64(len(log))
		if at < 0 || int64(at) > size {
			return
		}
		found, err := scan(bytes.NewReader(log), int64(at), size)
		require.NoError(t, err)
		require.LessOrEqual(t, found.end, size)
		n := 0
		for place := found.start; place < found.end; {
			record, end, err := readFrame(bytes.NewReader(log), place, size)
			if err != nil {
				place, err = nextFrame(bytes.NewReader(log), place+1, size)
				require.NoError(t, err)
				continue
			}
			require.Equal(t, encodeFrame(record), log[place:end])
			place = end
			n++
		}
		require.Equal(t, found.records, n)
		intact, err := scan(bytes.NewReader(append(append([]byte(nil), log...), whole...)), size, size+int64(len(whole)))
		require.NoError(t, err)
		require.Equal(t, 2, intact.records)
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s, err := Open(b.TempDir(), 1<<30)
			require.NoError(b, err)
			defer s.Close()
			record := bytes.Repeat([]byte("x"), 500)
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if err := s.Append(record); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
