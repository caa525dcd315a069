package app

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"guiju/callback"
	"guiju/store/queue"
	"guiju/wecom"
)

// metrics are what /metrics shows. Labels come from bounded lists: configured
// names, kinds of our own, classes; never an id, a name or a word of a member.
type metrics struct {
	registry *prometheus.Registry

	callbacks       *prometheus.CounterVec
	callbackSeconds *prometheus.HistogramVec
	refused         *prometheus.CounterVec
	jobs            *prometheus.CounterVec
	jobSeconds      *prometheus.HistogramVec
	jobLate         *prometheus.HistogramVec
	calls           *prometheus.CounterVec
	callSeconds     *prometheus.HistogramVec
	breaches        *prometheus.CounterVec

	kinds boundedNames
}

// maxKinds bounds the label kind of callbacks. WeCom has some 120 kinds; what
// comes after the bound is counted as "other".
const maxKinds = 200

// newMetrics builds the registry. a is asked for its state when a scrape comes.
func newMetrics(a *App) *metrics {
	fast := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	slow := []float64{.01, .05, .1, .5, 1, 5, 15, 60, 300, 1800, 7200}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "guiju", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "guiju", Name: name, Help: help, Buckets: buckets}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		kinds:    boundedNames{most: maxKinds},

		callbacks:       counter("callbacks_total", "Requests to the callback URLs.", "receiver", "kind", "outcome"),
		callbackSeconds: histogram("callback_seconds", "Time from receipt to answer.", fast, "receiver"),
		refused:         counter("callbacks_refused_total", "Requests that were turned away.", "receiver", "reason"),
		jobs:            counter("jobs_total", "Runs of jobs.", "kind", "outcome"),
		jobSeconds:      histogram("job_seconds", "Time of one run of a job.", fast, "kind"),
		jobLate:         histogram("job_age_seconds", "Business time from due to start.", slow, "kind"),
		calls:           counter("api_calls_total", "Calls of WeCom's API.", "app", "path", "class"),
		callSeconds:     histogram("api_call_seconds", "Time of one call of WeCom's API.", fast, "path"),
		breaches:        counter("response_breaches_total", "Response clocks that ran out, by this process.", "class"),
	}
	m.registry.MustRegister(m.callbacks, m.callbackSeconds, m.refused, m.jobs, m.jobSeconds, m.jobLate, m.calls,
		m.callSeconds, m.breaches, buildInfo(), newStateCollector(a), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// handler serves the metrics to a few scrapes at once, each within a bound.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, MaxRequestsInFlight: 4, Timeout: 5 * time.Second, ErrorHandling: promhttp.ContinueOnError,
	})
}

// callback counts one request to a callback URL.
func (m *metrics) callback(o callback.Observation) {
	m.callbacks.WithLabelValues(o.Receiver, m.kinds.name(o.Kind), string(o.Outcome)).Inc()
	m.callbackSeconds.WithLabelValues(o.Receiver).Observe(o.Took.Seconds())
	if o.Reason != "" {
		m.refused.WithLabelValues(o.Receiver, o.Reason).Inc()
	}
}

// job counts one run of a job.
func (m *metrics) job(o queue.Observation) {
	m.jobs.WithLabelValues(o.Kind, o.Outcome).Inc()
	m.jobSeconds.WithLabelValues(o.Kind).Observe(o.Took.Seconds())
	if o.Attempt == 1 {
		m.jobLate.WithLabelValues(o.Kind).Observe(max(0, o.Late.Seconds()))
	}
}

// ObserveCall implements wecom.Observer.
func (m *metrics) ObserveCall(c wecom.Call) {
	class := c.Class.String()
	if c.Local {
		class = "held_" + class // refused here, without asking WeCom
	}
	m.calls.WithLabelValues(c.Client, c.API, class).Inc()
	if !c.Local {
		m.callSeconds.WithLabelValues(c.API).Observe(c.Duration.Seconds())
	}
}

// breach counts a response clock that ran out.
func (m *metrics) breach(class string) { m.breaches.WithLabelValues(class).Inc() }

// boundedNames passes the first names it sees and calls all later ones other.
type boundedNames struct {
	most int

	mu   sync.Mutex
	seen map[string]bool
}

func (b *boundedNames) name(s string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[s] {
		return s
	}
	if len(b.seen) >= b.most {
		return "other"
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.seen[s] = true
	return s
}

// buildInfo is constant 1 with the version as its label.
func buildInfo() prometheus.Collector {
	v := Version()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "guiju", Name: "build_info", Help: "What is running.",
		ConstLabels: prometheus.Labels{"version": v.Version, "revision": v.Revision, "go": v.Go},
	}, func() float64 { return 1 })
}
