package schedule

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
	"guiju/store"
	"guiju/store/queue"
	"guiju/store/storetest"
)

// process is one program on a shared database.
type process struct {
	t        *testing.T
	db       *store.DB
	clock    *storetest.Clock
	machine  *storetest.Clock
	schedule *Schedule
	queue    *queue.Queue

	mu    sync.Mutex
	rules *policy.Engine
	ran   []string // "<job> <period>", in the order of the runs that were tried
	fail  map[string]int
}

// start is a process with these jobs; its timers are set.
func start(t *testing.T, db *store.DB, clock *storetest.Clock, overrides string, jobs ...Job) *process {
	t.Helper()
	p := &process{t: t, db: db, clock: clock, machine: storetest.NewClock(), rules: engine(t, overrides), fail: map[string]int{}}
	p.schedule = New(func() *policy.Engine { p.mu.Lock(); defer p.mu.Unlock(); return p.rules }, slog.New(slog.DiscardHandler))
	for _, j := range jobs {
		name := j.Name
		j.Title, j.Clause = "试验", "E2.J"
		j.Run = func(tx *store.Tx, turn Period) (string, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.ran = append(p.ran, name+" "+turn.Key)
			if p.fail[name] > 0 {
				p.fail[name]--
				return "", errors.New("the disk is on fire")
			}
			// Work that would show a second run of the same turn.
			_, err := tx.Number("X")
			return "做完 " + turn.Key, err
		}
		p.schedule.Add(j)
	}
	p.queue = queue.New(db, queue.Options{Logger: slog.New(slog.DiscardHandler), MachineNow: p.machine.Now})
	p.schedule.Register(p.queue)
	p.ensure()
	return p
}

func (p *process) ensure() {
	p.t.Helper()
	require.NoError(p.t, p.db.InTx(p.t.Context(), p.schedule.Ensure))
}

// adopt puts another rulebook in force.
func (p *process) adopt(overrides string) {
	p.t.Helper()
	p.mu.Lock()
	p.rules = engine(p.t, overrides)
	p.mu.Unlock()
	p.ensure()
}

// to moves the clock through every due instant.
func (p *process) to(text string) *process {
	p.t.Helper()
	end := at(p.rules.Calendar(), text)
	for range 2000 {
		next, some, err := p.queue.NextDue(p.t.Context())
		require.NoError(p.t, err)
		if !some || next.After(end) {
			break
		}
		p.clock.Set(next)
		p.drain()
	}
	p.clock.Set(end)
	p.drain()
	return p
}

// jump moves the clock while nothing runs.
func (p *process) jump(text string) *process {
	p.clock.Set(at(p.rules.Calendar(), text))
	return p
}

func (p *process) drain() {
	p.t.Helper()
	_, err := p.queue.Drain(p.t.Context())
	require.NoError(p.t, err)
}

// took answers the runs tried since the last call.
func (p *process) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ran := p.ran
	p.ran = nil
	return ran
}

func (p *process) runs(name string) []string {
	p.t.Helper()
	all, err := p.db.Reader(p.t.Context()).JobRuns(name, "", 100)
	require.NoError(p.t, err)
	var lines []string
	for _, r := range all {
		lines = append(lines, fmt.Sprintf("%s %s %d %d %s", r.Period, r.State, r.Tries, r.Missed, r.Result))
	}
	return lines
}

var (
	sync03    = Job{Name: "J-CONTACT-SYNC", When: Daily("03:00")}
	audit09   = Job{Name: "J-DOC-AUDIT", When: Workdays("09:00")}
	inactive  = Job{Name: "J-ACCOUNT-INACTIVE", When: FirstWorkday(Month, "09:00")}
	review    = Job{Name: "J-PERM-REVIEW", When: FirstWorkday(Quarter, "09:00")}
	newYear   = Job{Name: "J-EVAL-Y", When: FirstWorkday(Year, "09:00")}
	without   = "calendar: {holidays: [2026-04-01, 2026-05-01, 2026-10-01]}\n"
	everyYear = []Job{inactive, review, newYear}
)

func TestEachTurnRunsOnceOverAYear(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		p := start(t, db, clock, without, everyYear...)
		began := time.Now()
		p.to("2027-03-01 08:59")
		took := p.took()
		require.ElementsMatch(t, []string{ // what is due at one instant may run in any order
			"J-ACCOUNT-INACTIVE 2026-04", "J-PERM-REVIEW 2026Q2", "J-ACCOUNT-INACTIVE 2026-05", "J-ACCOUNT-INACTIVE 2026-06",
			"J-ACCOUNT-INACTIVE 2026-07", "J-PERM-REVIEW 2026Q3", "J-ACCOUNT-INACTIVE 2026-08", "J-ACCOUNT-INACTIVE 2026-09",
			"J-ACCOUNT-INACTIVE 2026-10", "J-PERM-REVIEW 2026Q4", "J-ACCOUNT-INACTIVE 2026-11", "J-ACCOUNT-INACTIVE 2026-12",
			"J-ACCOUNT-INACTIVE 2027-01", "J-PERM-REVIEW 2027Q1", "J-EVAL-Y 2027", "J-ACCOUNT-INACTIVE 2027-02",
		}, took, "each month, quarter and year once")
		require.Equal(t, "J-ACCOUNT-INACTIVE 2027-02", took[len(took)-1])
		require.Less(t, time.Since(began), 20*time.Second)
		run, err := db.Reader(t.Context()).LastJobRun("J-PERM-REVIEW")
		require.NoError(t, err)
		require.Equal(t, "2027Q1", run.Period)
		require.Equal(t, "2027-01-01 09:00", run.RanAt.In(p.rules.Calendar().Location()).Format("2006-01-02 15:04"))
		require.Equal(t, "做完 2027Q1", run.Result)
	})
}

func TestMissedTurnsAreMadeUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		p := start(t, db, clock, without, sync03, inactive)
		p.to("2026-03-04 12:00")
		require.Equal(t, []string{"J-CONTACT-SYNC 2026-03-03", "J-CONTACT-SYNC 2026-03-04"}, p.took())

		// Down from 4 March to 10 June.
		p = start(t, db, clock, without, sync03, inactive)
		p.jump("2026-06-10 12:00").drain()
		require.ElementsMatch(t, []string{
			"J-CONTACT-SYNC 2026-06-10", // the newest day does for all before
			"J-ACCOUNT-INACTIVE 2026-04", "J-ACCOUNT-INACTIVE 2026-05", "J-ACCOUNT-INACTIVE 2026-06",
		}, p.took())
		require.Equal(t, "2026-06-10 done 1 97 做完 2026-06-10", p.runs("J-CONTACT-SYNC")[0], "97 nights were passed over")
		p.to("2026-06-11 12:00")
		require.Equal(t, []string{"J-CONTACT-SYNC 2026-06-11"}, p.took(), "and it goes on as ever")
	})
}

func TestDaysOfAJobThatNeedsEach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		each := sync03
		each.Each = true
		p := start(t, db, clock, without, each)
		p.jump("2026-03-06 12:00").drain()
		require.Equal(t, []string{
			"J-CONTACT-SYNC 2026-03-03", "J-CONTACT-SYNC 2026-03-04", "J-CONTACT-SYNC 2026-03-05", "J-CONTACT-SYNC 2026-03-06",
		}, p.took())
		p.jump("2027-03-06 12:00").drain()
		took := p.took()
		require.Len(t, took, 1+mostDays, "a year of days has a bound: the turn whose timer was set, then two months")
		require.Equal(t, []string{"J-CONTACT-SYNC 2026-03-07", "J-CONTACT-SYNC 2027-01-04"}, took[:2])
	})
}

func TestTwoReplicasShareTheTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		first, second := start(t, db, clock, without, sync03, audit09), start(t, db, clock, without, sync03, audit09)
		// Different times for a moment, as while a rulebook is adopted: two timers for one turn.
		second.adopt(without + `jobs: {J-CONTACT-SYNC: "02:30"}`)
		for day := 3; day < 10; day++ {
			clock.Set(time.Date(2026, 3, day, 12, 0, 0, 0, first.rules.Calendar().Location()))
			var both sync.WaitGroup
			for _, p := range []*process{first, second} {
				both.Go(func() {
					if _, err := p.queue.Drain(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
		}
		for _, name := range []string{"J-CONTACT-SYNC", "J-DOC-AUDIT"} {
			seen := map[string]int{}
			runs, err := db.Reader(t.Context()).JobRuns(name, "", 100)
			require.NoError(t, err)
			for _, r := range runs {
				require.Equal(t, store.JobRunDone, r.State)
				seen[r.Period]++
			}
			require.Len(t, seen, map[string]int{"J-CONTACT-SYNC": 7, "J-DOC-AUDIT": 5}[name])
		}
		// A try that lost the race is rolled back, so numbers drawn tell nothing on
		// SQLite or MySQL; the calendar's one line for each period does.
		require.GreaterOrEqual(t, len(first.took())+len(second.took()), 12)
	})
}

func TestRulebookMovesAJobOrSwitchesItOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		p := start(t, db, clock, without, sync03)
		ranAt := func() string {
			run, err := db.Reader(t.Context()).LastJobRun("J-CONTACT-SYNC")
			require.NoError(t, err)
			return run.RanAt.In(p.rules.Calendar().Location()).Format("01-02 15:04")
		}
		p.adopt(without + `jobs: {J-CONTACT-SYNC: "05:30"}`)
		p.to("2026-03-03 12:00")
		require.Equal(t, "03-03 05:30", ranAt(), "later: the old timer finds nothing to do")
		require.Len(t, p.took(), 1)

		p.adopt(without + `jobs: {J-CONTACT-SYNC: "13:00"}`)
		p.to("2026-03-03 23:00")
		require.Empty(t, p.took(), "today's turn has run")

		p.adopt(without + `jobs: {J-CONTACT-SYNC: "01:00"}`)
		p.to("2026-03-04 00:30")
		p.adopt(without + `jobs: {J-CONTACT-SYNC: "00:15"}`) // an hour that is past already
		p.to("2026-03-04 12:00")
		require.Equal(t, "03-04 01:00", ranAt(), "not lost: the timer that was set runs it")
		require.Len(t, p.took(), 1)

		p.adopt(without + `jobs: {J-CONTACT-SYNC: "off"}`)
		p.to("2026-03-20 12:00")
		require.Empty(t, p.took())
		lines, err := p.schedule.Lines(db.Reader(t.Context()))
		require.NoError(t, err)
		require.True(t, lines[0].Off)
		require.True(t, lines[0].Next.IsZero())

		p.adopt(without)
		p.to("2026-03-21 12:00")
		require.Equal(t, []string{"J-CONTACT-SYNC 2026-03-21"}, p.took(), "what passed while it was off is not made up")
		require.Equal(t, "03-21 03:00", ranAt())
	})
}

func TestADayOffThatWasAWorkingDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		p := start(t, db, clock, without, audit09)
		p.to("2026-03-02 12:00").took()
		p.adopt("calendar: {holidays: [2026-03-03]}")
		p.to("2026-03-04 12:00")
		require.Equal(t, []string{"J-DOC-AUDIT 2026-03-04"}, p.took())
	})
}

func TestAFailureIsTriedAgainAndHoldsNothingUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		p := start(t, db, clock, without, sync03)
		p.fail["J-CONTACT-SYNC"] = 2
		p.to("2026-03-03 12:00")
		require.Contains(t, p.runs("J-CONTACT-SYNC")[0], "2026-03-03 failed 1 0 J-CONTACT-SYNC in 2026-03-03: the disk is on fire")
		p.machine.Advance(time.Hour)
		p.drain()
		require.Contains(t, p.runs("J-CONTACT-SYNC")[0], "2026-03-03 failed 2 0")
		p.machine.Advance(time.Hour)
		p.drain()
		require.Equal(t, []string{"2026-03-03 done 3 0 做完 2026-03-03"}, p.runs("J-CONTACT-SYNC"))

		p.fail["J-CONTACT-SYNC"] = 1
		p.to("2026-03-05 12:00") // machine time stands still: the failed one is in its pause
		require.Equal(t, []string{"2026-03-05 done 1 0 做完 2026-03-05", "2026-03-04 failed 1 0 J-CONTACT-SYNC in 2026-03-04: the disk is on fire",
			"2026-03-03 done 3 0 做完 2026-03-03"}, p.runs("J-CONTACT-SYNC"))
		p.took()
		p.machine.Advance(time.Hour)
		p.drain()
		require.Empty(t, p.took(), "a newer night has done its work")
	})
}

func TestAddRefusesMistakes(t *testing.T) {
	ok := Job{Name: "J-PERM-REVIEW", Title: "审查", Clause: "G1-4.3.2(3)b", When: Daily("09:00"), Run: func(*store.Tx, Period) (string, error) { return "", nil }}
	with := func(change func(*Job)) Job {
		j := ok
		change(&j)
		return j
	}
	for name, j := range map[string]Job{
		"twice":     ok,
		"unknown":   with(func(j *Job) { j.Name = "J-PERM-REVIW" }),
		"a tick":    with(func(j *Job) { j.Name = "J-OUTBOX" }),
		"no work":   with(func(j *Job) { j.Name, j.Run = "J-SURVEY", nil }),
		"no clause": with(func(j *Job) { j.Name, j.Clause = "J-SURVEY", "" }),
	} {
		s := New(nil, nil)
		s.Add(ok)
		require.Panics(t, func() { s.Add(j) }, name)
	}
}
