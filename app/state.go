package app

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"guiju/store"
)

const (
	// stateKept is how long an answer of the database is shown again, so that
	// scrapes and probes cost the same however often they come.
	stateKept = 5 * time.Second
	// stateWait bounds the questions.
	stateWait = time.Second
)

// state is what the database knows of the work that is open.
type state struct {
	up      bool
	jobs    []store.JobCount
	oldest  time.Duration // business time the job that has waited longest is overdue; 0: none waits
	clocks  map[store.ClockState]int64
	members map[store.MemberStatus]int64
}

// stateReader reads the state at most once in stateKept. Callers that come
// meanwhile wait for the same answer.
type stateReader struct {
	mu   sync.Mutex
	at   time.Time // machine time; zero: never read
	last state
}

func (s *stateReader) read(ctx context.Context, db *store.DB, machine func() time.Time) state {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && machine().Sub(s.at) < stateKept {
		return s.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateWait)
	defer cancel()
	last, err := readState(db.Reader(ctx))
	last.up = err == nil
	s.last, s.at = last, machine()
	return last
}

// forget makes the next read ask again.
func (s *stateReader) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = time.Time{}
}

func readState(r *store.Reader) (state, error) {
	var s state
	var err error
	if s.jobs, err = r.JobCounts(); err != nil {
		return state{}, err
	}
	due, waits, err := r.OldestDueJob()
	if err != nil {
		return state{}, err
	}
	if waits {
		s.oldest = max(0, r.Now().Sub(due))
	}
	if s.clocks, err = r.ClockCounts(); err != nil {
		return state{}, err
	}
	if s.members, err = r.CountMembers(); err != nil {
		return state{}, err
	}
	return s, nil
}

// stateCollector shows the state as metrics. While the database is away its
// gauges are absent, and database_up says why.
type stateCollector struct {
	a *App

	up, jobs, oldest, clocks, members, spoolRecords, spoolBytes, skew, ready *prometheus.Desc
}

func newStateCollector(a *App) *stateCollector {
	gauge := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("guiju_"+name, help, labels, nil)
	}
	return &stateCollector{
		a:            a,
		up:           gauge("database_up", "1 while the database answers."),
		jobs:         gauge("queue_jobs", "Jobs that are not done; due: their time has come.", "kind", "state", "due"),
		oldest:       gauge("queue_oldest_due_seconds", "How long the job that waits longest is overdue."),
		clocks:       gauge("response_clocks_open", "Answers that are owed.", "state"),
		members:      gauge("members", "Members in the mirror of the contacts.", "status"),
		spoolRecords: gauge("spool_records", "Callbacks that wait for the database."),
		spoolBytes:   gauge("spool_bytes", "Disk the waiting callbacks take."),
		skew:         gauge("clock_skew_seconds", "This machine's clock minus the database's."),
		ready:        gauge("ready", "1 while callbacks can be stored durably."),
	}
}

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.jobs, c.oldest, c.clocks, c.members, c.spoolRecords, c.spoolBytes, c.skew, c.ready} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *stateCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(c.spoolRecords, float64(c.a.spool.Len()))
	gauge(c.spoolBytes, float64(c.a.spool.Bytes()))
	gauge(c.skew, time.Duration(c.a.skew.Load()).Seconds())
	code, _ := c.a.readiness(context.Background())
	gauge(c.ready, one(code == 200))

	s := c.a.state.read(context.Background(), c.a.db, c.a.machine)
	gauge(c.up, one(s.up))
	if !s.up {
		return
	}
	gauge(c.oldest, s.oldest.Seconds())
	for _, j := range s.jobs {
		due := "false"
		if j.Due {
			due = "true"
		}
		gauge(c.jobs, float64(j.Count), j.Kind, string(j.State), due)
	}
	for _, state := range store.OpenClocks {
		gauge(c.clocks, float64(s.clocks[state]), string(state))
	}
	for status, n := range s.members {
		gauge(c.members, float64(n), string(status))
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
