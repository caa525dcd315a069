package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

const (
	childDriver = "GUIJU_STORE_TEST_CHILD_DRIVER"
	childDSN    = "GUIJU_STORE_TEST_CHILD_DSN"
)

// TestCrashChild is the process that TestKill9 kills. It commits two rows and
// a number at a time, from eight goroutines, and prints what was acknowledged.
func TestCrashChild(t *testing.T) {
	if os.Getenv(childDriver) == "" {
		t.Skip("runs only as a child of TestKill9")
	}
	clock := storetest.NewClock()
	db := storetest.OpenConfig(t, store.Config{Driver: os.Getenv(childDriver), DSN: os.Getenv(childDSN), Migrate: "auto"}, clock)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100_000 {
				var n string
				err := db.InTx(context.Background(), func(tx *store.Tx) (err error) {
					if n, err = tx.Number("M"); err != nil {
						return err
					}
					insert := "INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?)"
					return errors.Join(tx.Exec(insert, "left."+n, n, tx.Now()), tx.Exec(insert, "right."+n, n, tx.Now()))
				})
				if err != nil {
					continue
				}
				mu.Lock()
				fmt.Println("ack", n)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// A process killed at any moment around its commits loses nothing it has
// acknowledged, keeps no half of a transaction, and gives no number twice.
func TestKill9(t *testing.T) {
	for driver, config := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "mysql": storetest.LentMySQL} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			acked := map[string]bool{}
			for _, after := range []int{1, 40, 150, 300} {
				for _, n := range killAfter(t, cfg, after) {
					require.False(t, acked[n], "number given twice: %s", n)
					acked[n] = true
				}
			}
			db := storetest.OpenConfig(t, cfg, storetest.NewClock())
			r := db.Reader(context.Background())
			var left, right []string
			require.NoError(t, r.Scan(&left, "SELECT value FROM settings WHERE name LIKE 'left.%' ORDER BY value"))
			require.NoError(t, r.Scan(&right, "SELECT value FROM settings WHERE name LIKE 'right.%' ORDER BY value"))
			require.Equal(t, left, right, "half a transaction")
			there := map[string]bool{}
			for _, n := range left {
				there[n] = true
			}
			for n := range acked {
				require.True(t, there[n], "acknowledged and lost: %s", n)
			}
			require.GreaterOrEqual(t, len(acked), 491)
			if driver == "sqlite" {
				var check string
				require.NoError(t, r.Scan(&check, "PRAGMA integrity_check"))
				require.Equal(t, "ok", check)
			}
		})
	}
}

// killAfter starts the child, kills it without warning once it has
// acknowledged n transactions, and answers all acknowledgements it printed.
func killAfter(t *testing.T, cfg store.Config, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCrashChild$", "-test.v")
	child.Env = append(os.Environ(), childDriver+"="+cfg.Driver, childDSN+"="+cfg.DSN)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	var acks []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		number, ok := strings.CutPrefix(lines.Text(), "ack ")
		if !ok {
			continue
		}
		if len(number) == len("M20260302-0001") || len(number) == len("M20260302-10001") {
			acks = append(acks, number)
		}
		if len(acks) == n {
			require.NoError(t, child.Process.Kill())
		}
	}
	require.Error(t, child.Wait(), "the child was killed")
	require.GreaterOrEqual(t, len(acks), n)
	return acks
}
