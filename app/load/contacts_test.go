package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/config"
	"guiju/app/playground"
	"guiju/store"
	"guiju/wecom/sandbox"
)

// TestContacts reads a company of 100,000 members and 5,000 departments from the
// platform: first into an empty mirror, then again, which must change nothing,
// then while members move, leave, join and are renamed, after which the mirror
// must be the company. It prints time, memory and calls.
func TestContacts(t *testing.T) {
	measured(t)
	people, parts := setting("GUIJU_LOAD_MEMBERS", 100_000), setting("GUIJU_LOAD_DEPARTMENTS", 5_000)
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			c := startCompany(t, database.open(t), people, parts)
			first := c.compared(t, 1)
			c.print("first", first)
			require.Equal(t, people, first.Members)
			require.True(t, first.Baseline)
			c.equal(t)

			c.quiet(t)
			before := c.written(t)
			c.again(t)
			second := c.compared(t, 2)
			c.print("second", second)
			require.Zero(t, second.Changed+second.Joined+second.Checked, "a second comparison finds nothing")
			require.Equal(t, before, c.written(t), "and writes nothing")

			c.again(t)
			c.storm(t, setting("GUIJU_LOAD_STORM", 400))
			c.print("in a storm", c.compared(t, 3))
			c.quiet(t)
			c.equal(t)
		})
	}
}

// company is the whole product with a large company.
type company struct {
	play  *playground.Playground
	db    *store.DB
	cfg   store.Config
	calls map[string]float64 // by API, at the last look
	peak  *peak
	began time.Time
}

func startCompany(t *testing.T, cfg store.Config, people, parts int) *company {
	t.Helper()
	platform := sandbox.DefaultOptions()
	platform.Company, platform.TrafficLimit = largeCompany(people, parts), 10
	ctx := context.Background()
	c := &company{cfg: cfg, calls: map[string]float64{}}
	var err error
	out := io.Discard
	if os.Getenv("GUIJU_TEST_LOG") != "" {
		out = os.Stderr
	}
	runtime.GC()
	c.play, err = playground.Start(ctx, playground.Options{
		Listen: "127.0.0.1:0", PlatformListen: "127.0.0.1:0", Dir: t.TempDir(), Platform: platform,
		Store:  config.Store{Driver: cfg.Driver, DSN: config.NewSecret(cfg.DSN), Migrate: "auto"},
		Logger: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	require.NoError(t, err)
	c.began = time.Now()
	debug.FreeOSMemory()
	c.peak = watchMemory()
	t.Cleanup(func() {
		c.peak.stop()
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		require.NoError(t, c.play.Stop(ctx))
	})
	c.db, err = store.Open(store.Config{Driver: cfg.Driver, DSN: cfg.DSN, Migrate: "manual"}, store.Options{Now: c.play.Platform.Now})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.db.Close() })
	require.Eventually(t, func() bool { return c.db.Ready(ctx) == nil }, 20*time.Second, 50*time.Millisecond)
	return c
}

// largeCompany has a tree ten wide, two of a hundred members in a second
// department, one in forty, and a head for every department.
func largeCompany(people, parts int) *sandbox.Company {
	c := sandbox.ExampleCompany()
	base := len(c.Departments)
	for i := base + 1; i <= parts; i++ {
		parent := 1
		if i > base+10 {
			parent = base + 1 + (i-base-11)/10
		}
		c.Departments[i] = &sandbox.Department{ID: i, Name: fmt.Sprintf("部门%d", i), ParentID: parent, Order: int64(i)}
	}
	for i := len(c.Members); i < people; i++ {
		id := fmt.Sprintf("u%06d", i)
		own := []int{base + 1 + i%(parts-base)}
		switch {
		case i%50 == 7:
			own = append(own, base+1+(i+1)%(parts-base))
		case i == people/2:
			for n := 1; n < 40; n++ {
				own = append(own, base+1+(i+n)%(parts-base))
			}
		}
		m := &sandbox.Member{UserID: id, Name: fmt.Sprintf("成员%d", i), Departments: own, MainDepartment: own[0],
			IsLeader: make([]int, len(own)), Order: make([]int64, len(own)), Position: "职员", Status: 1, DirectLeader: []string{}}
		if i < parts {
			m.IsLeader[0] = 1
		} else {
			m.DirectLeader = []string{"gaozong"}
		}
		c.Members[id] = m
	}
	return c
}

func (c *company) again(t *testing.T) {
	c.began = time.Now()
	c.peak.reset()
	require.NoError(t, c.db.InTx(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Enqueue(compareArgs{}, store.Unique("all"))
		return err
	}))
	c.play.App.Wake()
}

type compareArgs struct{}

func (compareArgs) Kind() string { return "people.compare" }

// compared waits for the nth comparison to end.
func (c *company) compared(t *testing.T, n int64) store.Compare {
	t.Helper()
	var last store.Compare
	require.Eventually(t, func() bool {
		var err error
		last, err = c.db.Reader(context.Background()).LastCompare()
		return err == nil && last.ID >= n && last.State == store.CompareDone
	}, 20*time.Minute, 50*time.Millisecond, "the comparison did not end")
	return last
}

func (c *company) print(what string, done store.Compare) {
	took := time.Since(c.began)
	var calls []string
	total := 0.0
	for api, n := range c.count() {
		if made := n - c.calls[api]; made > 0 {
			calls = append(calls, fmt.Sprintf("%s %.0f", api, made))
			total += made
		}
		c.calls[api] = n
	}
	slices.Sort(calls)
	fmt.Printf("%-6s %-10s %6.1f s | memory + %d MiB | %.0f calls: %s | %d departments, %d members, %d changed, %d joined, %d read one by one\n",
		c.db.Dialect(), what, took.Seconds(), c.peak.growth()>>20, total, strings.Join(calls, ", "),
		done.Departments, done.Members, done.Changed, done.Joined, done.Checked)
}

var callLine = regexp.MustCompile(`(?m)^guiju_api_calls_total\{([^}]*)\} ([0-9.e+]+)$`)
var apiLabel = regexp.MustCompile(`path="([^"]*)"`)

// count are the calls the app has made so far, by API.
func (c *company) count() map[string]float64 {
	response, err := http.Get(c.play.AppURL + "/metrics")
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	calls := map[string]float64{}
	for _, m := range callLine.FindAllStringSubmatch(string(body), -1) {
		n, _ := strconv.ParseFloat(m[2], 64)
		if api := apiLabel.FindStringSubmatch(m[1]); api != nil {
			calls[api[1]] += n
		}
	}
	return calls
}

// written is what a comparison would have written.
func (c *company) written(t *testing.T) string {
	t.Helper()
	db := open(t, c.cfg)
	defer db.Close()
	var members, versions, changes, events int64
	require.NoError(t, db.QueryRow("SELECT COUNT(*), SUM(version) FROM members").Scan(&members, &versions))
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM permission_changes").Scan(&changes))
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM contact_events").Scan(&events))
	return fmt.Sprint(members, versions, changes, events)
}

// storm edits the company while it is compared; the callbacks follow.
func (c *company) storm(t *testing.T, edits int) {
	t.Helper()
	members := setting("GUIJU_LOAD_MEMBERS", 100_000) - 1
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for n := worker; n < edits; n += 4 {
				id := fmt.Sprintf("u%06d", members/2+n*(members/2/edits))
				switch n % 4 {
				case 0:
					c.edit(t, map[string]any{"change_type": "update_user", "userid": id, "department": []int{20 + n%30, 16}})
				case 1:
					c.edit(t, map[string]any{"change_type": "delete_user", "userid": id})
				case 2:
					c.edit(t, map[string]any{"change_type": "update_user", "userid": id, "new_userid": "renamed-" + id})
				case 3:
					c.edit(t, map[string]any{"change_type": "create_user", "userid": "new-" + id, "name": "新人", "department": []int{20 + n%30}})
				}
			}
		})
	}
	all.Wait()
}

func (c *company) edit(t *testing.T, body map[string]any) {
	raw, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
		return
	}
	response, err := http.Post(c.play.PlatformURL+"/sandbox/api/contacts", "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode != 200 {
		t.Errorf("%v: %d %s", body, response.StatusCode, answer)
	}
}

// quiet waits until nothing is left to do, the readings a minute after each event
// included.
func (c *company) quiet(t *testing.T) {
	t.Helper()
	db := open(t, c.cfg)
	defer db.Close()
	require.Eventually(t, func() bool {
		var left int
		err := db.QueryRow("SELECT COUNT(*) FROM jobs WHERE kind LIKE 'people.%' AND state IN ('waiting', 'blocked', 'running', 'retry')").Scan(&left)
		return err == nil && left == 0
	}, 10*time.Minute, 200*time.Millisecond, "jobs about people are left")
}

// equal compares the mirror with the company, member by member.
func (c *company) equal(t *testing.T) {
	t.Helper()
	response, err := http.Get(c.play.PlatformURL + "/sandbox/api/members")
	require.NoError(t, err)
	defer response.Body.Close()
	var real struct {
		Members []sandbox.MemberInfo `json:"members"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&real))
	wanted := make(map[string]string, len(real.Members))
	for _, m := range real.Members {
		leader := ""
		if len(m.DirectLeader) > 0 {
			leader = m.DirectLeader[0]
		}
		var own []string
		for i, d := range m.Department {
			own = append(own, fmt.Sprintf("%d:%d", d, m.IsLeaderInDept[i]))
		}
		wanted[m.UserID] = fmt.Sprint(m.Name, " ", m.MainDepartment, " ", m.Position, " ", leader, " ", own)
	}
	r := c.db.Reader(context.Background())
	wrong := 0
	for last := int64(0); ; {
		page, err := r.MembersAfter(last, 500)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		ids := make([]int64, len(page))
		for i, m := range page {
			ids[i], last = m.ID, m.ID
		}
		of, err := r.MembershipsOf(ids)
		require.NoError(t, err)
		for _, m := range page {
			if m.Status == store.MemberLeft {
				continue
			}
			var own []string
			for _, s := range of[m.ID] {
				lead := 0
				if s.IsLeader {
					lead = 1
				}
				own = append(own, fmt.Sprintf("%d:%d", s.DepartmentID, lead))
			}
			got := fmt.Sprint(m.Name, " ", m.MainDepartment, " ", m.Position, " ", m.LeaderUserID, " ", own)
			if want, there := wanted[m.UserID]; (!there || want != got) && wrong < 20 {
				wrong++
				t.Errorf("%s (%s): %s, in the company: %q", m.UserID, m.Status, got, want)
			}
			delete(wanted, m.UserID)
		}
	}
	for id := range wanted {
		if wrong++; wrong > 20 {
			break
		}
		t.Errorf("%s is missing", id)
	}
}

// peak is the largest resident memory seen since it was reset.
type peak struct {
	mu         sync.Mutex
	start, top int64
	done       chan struct{}
}

func watchMemory() *peak {
	p := &peak{done: make(chan struct{})}
	p.reset()
	go func() {
		for {
			select {
			case <-p.done:
				return
			case <-time.After(50 * time.Millisecond):
				now := resident()
				p.mu.Lock()
				p.top = max(p.top, now)
				p.mu.Unlock()
			}
		}
	}()
	return p
}

func (p *peak) reset() {
	debug.FreeOSMemory()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.start = resident()
	p.top = p.start
}

func (p *peak) growth() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.top - p.start
}

func (p *peak) stop() { close(p.done) }

// resident is the process's resident memory in bytes; 0 where /proc is not.
func resident() int64 {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
