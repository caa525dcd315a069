package spool

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test binary starts itself as a child that appends or drains, printing
// each record once it is acknowledged or handled, and kills it without notice.

const crashMode, crashDir = "SPOOL_TEST_CRASH_MODE", "SPOOL_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if mode := os.Getenv(crashMode); mode != "" {
		if err := crashingChild(mode, os.Getenv(crashDir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func crashingChild(mode, dir string) error {
	s, err := Open(dir, 1<<30)
	if err != nil {
		return err
	}
	if mode == "drain" {
		return s.Drain(context.Background(), func(record []byte) error {
			_, err := fmt.Println(string(record))
			return err
		})
	}
	var first int
	if _, err := fmt.Sscan(mode, &first); err != nil {
		return err
	}
	for i := first; ; i++ {
		if err := s.Append([]byte(name(i))); err != nil {
			return err
		}
		if _, err := fmt.Println(name(i)); err != nil {
			return err
		}
	}
}

// killAfter runs the child until it has printed lines, kills it, and answers
// all that it printed.
func killAfter(t *testing.T, mode, dir string, lines int) []string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashMode+"="+mode, crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	var printed []string
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		printed = append(printed, scanner.Text())
		if len(printed) == lines {
			require.NoError(t, child.Process.Kill())
		}
	}
	_ = child.Wait() // "signal: killed" is what is wanted
	require.GreaterOrEqual(t, len(printed), lines)
	return printed
}

func TestKilledWhileAppendingLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	stored := 0
	for _, lines := range []int{1, 7, 100, 333} {
		acknowledged := stored + len(killAfter(t, fmt.Sprint(stored), dir, lines))
		s, err := Open(dir, 1<<30)
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.Len(), acknowledged)
		require.LessOrEqual(t, s.Len(), acknowledged+1, "one more may have been on its way")
		stored = s.Len()
		require.NoError(t, s.Close())
	}
	require.Equal(t, names(0, stored), drain(t, open(t, dir)))
}

func TestKilledWhileDrainingRepeatsFewAndSkipsNone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	const all = 1000
	fill(t, s, 0, all)
	require.NoError(t, s.Close())
	handled := 0 // records 0 … handled-1 have been handled at least once
	for _, lines := range []int{1, 50, 130, 300} {
		printed := killAfter(t, "drain", dir, lines)
		var first int
		_, err := fmt.Sscanf(printed[0], "record %d", &first)
		require.NoError(t, err)
		require.LessOrEqual(t, first, handled, "none is skipped")
		require.GreaterOrEqual(t, first, handled-noteEvery, "few are repeated")
		require.Equal(t, names(first, first+len(printed)), printed)
		handled = max(handled, first+len(printed))
	}
	s = open(t, dir)
	rest := drain(t, s)
	require.Equal(t, name(all-1), rest[len(rest)-1])
	require.Equal(t, names(all-len(rest), all), rest)
	require.GreaterOrEqual(t, len(rest), all-handled)
}
