package approval

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"guiju/app/policy"
	"guiju/store"
)

// The bounds of one report.
const (
	reportPage  = 500
	reportCases = 20_000
)

// measure sums up finished cases of one process, or decisions at one node.
type measure struct {
	cases    int
	passed   int // of those that were approved or rejected
	decided  int
	elapsed  time.Duration // Σ(单据完成时间-提交时间), F-04
	working  time.Duration // the same in working time
	over     int           // took longer than allowed, of nodes
	deviated int           // left the route of the template, of processes
	nodes    map[string]*measure
}

// add counts a span with its outcome.
func (m *measure) add(from, to time.Time, passed, rejected bool, calendar *policy.Calendar) {
	m.cases++
	m.elapsed += to.Sub(from)
	m.working += calendar.WorkBetween(from, to)
	if passed {
		m.passed++
	}
	if passed || rejected {
		m.decided++
	}
}

// mean is F-04, 平均处理时长; ok is false when there is nothing to divide.
func (m *measure) mean() (elapsed, working time.Duration, ok bool) {
	if m.cases == 0 {
		return 0, 0, false
	}
	n := time.Duration(m.cases)
	return m.elapsed / n, m.working / n, true
}

// rate is F-05, 审批通过率, in tenths of a percent, rounded half up.
func (m *measure) rate() (tenths int, ok bool) {
	if m.decided == 0 {
		return 0, false
	}
	return (m.passed*2000 + m.decided) / (2 * m.decided), true
}

// rateText is F-05 as it is read: 66.7%.
func (m *measure) rateText() string {
	tenths, ok := m.rate()
	if !ok {
		return "不适用"
	}
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
}

// meanText is F-04 as it is read: 8小时（工作时间 6.5小时）.
func (m *measure) meanText() string {
	elapsed, working, ok := m.mean()
	if !ok {
		return "不适用"
	}
	return fmt.Sprintf("%s（工作时间 %s）", hours(elapsed), hours(working))
}

// hours is a length of time in hours with one decimal where there is one; what
// is shorter than an hour in minutes.
func hours(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d分钟", int(d.Round(time.Minute)/time.Minute))
	}
	tenths := int((d + 3*time.Minute) / (6 * time.Minute))
	if tenths%10 == 0 {
		return fmt.Sprintf("%d小时", tenths/10)
	}
	return fmt.Sprintf("%d.%d小时", tenths/10, tenths%10)
}

// measures are the cases of a period by process.
type measures struct {
	all       measure
	processes map[string]*measure
	cut       bool // there are more than were read
}

// passes says whether a case was approved, whatever became of it afterwards, so
// that the figures of a closed period stay as they were.
func passes(state store.RequestState) bool {
	return state == store.RequestApproved || state == store.RequestRevoked || state == store.RequestPaid
}

// measured reads the cases that ended in a period and that somebody may see:
// those withdrawn or deleted do not count (G1-3.2(3)a). nil members are
// everybody's cases. It reads page by page, at most reportCases.
func (a *Approvals) measured(r *store.Reader, from, to time.Time, members []int64, kind string) (measures, error) {
	ms := measures{processes: map[string]*measure{}}
	calendar := a.rules().Calendar()
	var last *store.Request
	for read := 0; ; read += reportPage {
		page, err := r.RequestsFinished(from, to, last, reportPage)
		if err != nil {
			return ms, err
		}
		counted := map[int64]*measure{}
		for _, q := range page {
			if !counts(q, members, kind) {
				continue
			}
			m := ms.processes[q.Kind]
			if m == nil {
				m = &measure{nodes: map[string]*measure{}}
				ms.processes[q.Kind] = m
			}
			passed := passes(q.State)
			m.add(q.CreatedAt, *q.FinishedAt, passed, !passed, calendar)
			ms.all.add(q.CreatedAt, *q.FinishedAt, passed, !passed, calendar)
			if q.Deviation != "" {
				m.deviated++
			}
			counted[q.ID] = m
		}
		if err := a.measureNodes(r, counted, calendar); err != nil {
			return ms, err
		}
		if len(page) < reportPage {
			return ms, nil
		}
		if read+reportPage >= reportCases {
			ms.cut = true
			return ms, nil
		}
		last = &page[len(page)-1]
	}
}

func counts(q store.Request, members []int64, kind string) bool {
	finished := passes(q.State) || q.State == store.RequestRejected
	return finished && (members == nil || slices.Contains(members, q.ApplicantID)) && (kind == "" || q.Kind == kind)
}

// measureNodes adds the decisions of some cases to the nodes of their processes.
func (a *Approvals) measureNodes(r *store.Reader, counted map[int64]*measure, calendar *policy.Calendar) error {
	ids := make([]int64, 0, len(counted))
	for id := range counted {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	steps, err := r.StepsDecided(ids)
	if err != nil {
		return err
	}
	for _, s := range steps {
		process := counted[s.RequestID]
		node := process.nodes[s.Name]
		if node == nil {
			node = &measure{}
			process.nodes[s.Name] = node
		}
		node.add(*s.EnteredAt, *s.DecidedAt, s.State == store.StepApproved, s.State == store.StepRejected, calendar)
		if calendar.WorkBetween(*s.EnteredAt, *s.DecidedAt) > a.allowed(s) {
			node.over++
		}
	}
	return nil
}

// allowed is the working time a node has for a decision (its std_time).
func (a *Approvals) allowed(s store.RequestStep) time.Duration {
	var limit policy.WorkSpan
	if s.WorkLimit == "" || limit.UnmarshalText([]byte(s.WorkLimit)) != nil {
		return time.Duration(a.rules().Rules().Approval.NodeLimitHours) * time.Hour
	}
	return a.rules().Calendar().Amount(limit)
}

// slowest sorts nodes by their share of the total time, largest first.
func (m *measure) slowest() []string {
	names := make([]string, 0, len(m.nodes))
	for name := range m.nodes {
		names = append(names, name)
	}
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(m.nodes[y].working, m.nodes[x].working), cmp.Compare(x, y))
	})
	return names
}

// most lists processes, those with most cases first.
func (ms measures) most() []string {
	keys := make([]string, 0, len(ms.processes))
	for key := range ms.processes {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y string) int {
		return cmp.Or(cmp.Compare(ms.processes[y].cases, ms.processes[x].cases), cmp.Compare(x, y))
	})
	return keys
}
