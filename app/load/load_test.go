// Package load measures the whole program over HTTP on loopback and sets it
// beside a bare server that does the least the same work needs. Run it with
// `make load`; absolute figures belong to the machine, the ratios to the
// program. Whole and bare take turns, a short round each, and the median of
// the rounds' ratios counts: so a neighbour's noise meets both.
package load_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

var databases = []struct {
	name string
	open func(testing.TB) store.Config
}{{"sqlite", storetest.SQLite}, {"mysql", storetest.MySQL}}

// command is what members say, and how many rows a callback of it commits.
type command struct {
	name string
	text func(n int64) string
	rows int
}

var (
	todo = command{"A 我的待办", func(int64) string { return "我的待办" }, 1}
	ask  = command{"B 咨询", func(n int64) string {
		return fmt.Sprintf("咨询 %s第%d个问题怎么处理", topic(int(n%topics)), n)
	}, 10}
)

// measured skips what is a measurement and no test.
func measured(t *testing.T) {
	t.Helper()
	if os.Getenv("GUIJU_LOAD") == "" {
		t.Skip("a measurement, not a test: run it with make load")
	}
}

// setting is a whole number from the environment.
func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// TestLoad prints, for each database and command, how many durable callbacks a
// second guiju and the bare server take, and asserts every effect.
func TestLoad(t *testing.T) {
	measured(t)
	rounds, span := setting("GUIJU_LOAD_ROUNDS", 5), 1500*time.Millisecond
	for _, database := range databases {
		for _, c := range []command{todo, ask} {
			t.Run(database.name+"/"+c.name[:1], func(t *testing.T) {
				cfg := database.open(t)
				fill(t, cfg, members)
				bare, whole := startBare(t, database.open(t), c.rows), startWhole(t, cfg)
				defer bare.stop()
				defer whole.stop()
				floor, figure := newDriver(t, bare, c.text), newDriver(t, whole, c.text)
				floor.full(t, 200*time.Millisecond) // connections, caches
				figure.full(t, 200*time.Millisecond)
				var ratios, cpu, rates, floors []float64
				for round := range rounds {
					whole.settle(t, 2*time.Minute)
					before := processor()
					b := floor.full(t, span)
					middle := processor()
					stop := profile(t, round == rounds-1)
					w := figure.full(t, span)
					stop()
					after := processor()
					if os.Getenv("GUIJU_LOAD_VERBOSE") != "" {
						fmt.Printf("  bare %6.0f/s p50 %s p99 %s processor %s | guiju %6.0f/s p50 %s p99 %s processor %s, %d sends behind\n",
							b.rate, b.p50, b.p99, time.Duration(float64(middle-before)/(b.rate*span.Seconds())),
							w.rate, w.p50, w.p99, time.Duration(float64(after-middle)/(w.rate*span.Seconds())), figure.sent.Load()-whole.sends.Load())
					}
					ratios, rates, floors = append(ratios, w.rate/b.rate), append(rates, w.rate), append(floors, b.rate)
					cpu = append(cpu, (after-middle).Seconds()/(w.rate*span.Seconds())/((middle-before).Seconds()/(b.rate*span.Seconds())))
				}
				fmt.Printf("%-7s %-8s guiju %6.0f/s | bare %6.0f/s | ratio %.2f of %.2f | processor per callback × %.2f\n",
					database.name, c.name, median(rates), median(floors), median(ratios), ratios, median(cpu))
				begin, left := time.Now(), whole.sends.Load()
				whole.settle(t, 2*time.Minute)
				if c.rows > 1 {
					fmt.Printf("%-7s %-8s sends after the last round %.0f/s\n", database.name, c.name, float64(whole.sends.Load()-left)/time.Since(begin).Seconds())
				}
				effects(t, whole, c, figure.sent.Load())
			})
		}
	}
}

// TestSteady prints what answers take at a fixed rate, with the sends going on.
func TestSteady(t *testing.T) {
	measured(t)
	rate, span := setting("GUIJU_LOAD_RATE", 1000), time.Duration(setting("GUIJU_LOAD_SECONDS", 5))*time.Second
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			cfg := database.open(t)
			fill(t, cfg, members)
			whole := startWhole(t, cfg)
			defer whole.stop()
			d := newDriver(t, whole, ask.text)
			d.paced(t, 100, time.Second)
			steady := d.paced(t, rate, span)
			behind := d.sent.Load() - whole.sends.Load()
			fmt.Printf("%-7s B at %d/s: %.0f/s answered, p50 %s p99 %s, %d sends behind\n", database.name, rate, steady.rate, steady.p50, steady.p99, behind)
			whole.settle(t, 10*time.Minute)
			effects(t, whole, ask, d.sent.Load())
		})
	}
}

// effects asserts that each of n callbacks had its whole effect, once.
func effects(t *testing.T, s server, c command, n int64) {
	t.Helper()
	require.Equal(t, n, s.count(t, "deliveries WHERE state = 'done'"), "every callback is stored and handled")
	if c.rows == 1 {
		return
	}
	for _, table := range []string{
		"items", "item_entries", "item_parties", "sent_recipients WHERE state = 'delivered'", "audit WHERE action = 'item.asked'",
		"clocks WHERE state = 'running'", "sent_messages WHERE state = 'sent'", "cards", "card_codes",
		"jobs WHERE kind = 'notify.send' AND state = 'done'", "jobs WHERE kind = 'response.undelivered' AND state = 'waiting'",
	} {
		require.Equal(t, n, s.count(t, table), table)
	}
	require.Equal(t, n, s.sends.Load(), "every message is sent once")
}

// profile writes what the processor does in guiju's last round of a test to a
// file in the directory GUIJU_LOAD_PROFILE, for go tool pprof.
func profile(t *testing.T, wanted bool) (stop func()) {
	dir := os.Getenv("GUIJU_LOAD_PROFILE")
	if dir == "" || !wanted {
		return func() {}
	}
	file, err := os.Create(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".prof"))
	require.NoError(t, err)
	require.NoError(t, pprof.StartCPUProfile(file))
	return func() {
		pprof.StopCPUProfile()
		require.NoError(t, file.Close())
	}
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// processor is the time this process has had of the processors. A MySQL server
// is another process.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
