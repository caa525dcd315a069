package store

import (
	"database/sql"
	"fmt"
	"time"
)

// NodeLoad is what waits at one node of a process now.
type NodeLoad struct {
	Kind    string // key of the template
	Node    string // name of the step
	Open    int
	Overdue int // of which somebody is past his time
	Since   time.Time
	Oldest  string // number of the case that has waited longest, since Since
}

// NodeLoads answers where running cases wait, by process and node, those with
// most first, at most limit. kind "" is every process.
func (r *Reader) NodeLoads(kind string, limit int) ([]NodeLoad, error) {
	where, args := "", []any{string(RequestRunning), string(StepCurrent)}
	if kind != "" {
		where, args = " AND q.kind = ?", append(args, kind)
	}
	var all []NodeLoad
	err := r.each("SELECT q.kind, s.name, COUNT(*) FROM requests q JOIN request_steps s ON s.request_id = q.id "+
		"WHERE q.state = ? AND s.state = ?"+where+" GROUP BY q.kind, s.name ORDER BY COUNT(*) DESC, q.kind, s.name"+first(limit), args, func(rows *sql.Rows) error {
		var n NodeLoad
		err := rows.Scan(&n.Kind, &n.Node, &n.Open)
		all = append(all, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("where requests wait: %w", err)
	}
	for i := range all {
		if err := r.loadDetail(&all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// loadDetail finds the oldest case at a node and counts those that are overdue.
func (r *Reader) loadDetail(n *NodeLoad) error {
	args := []any{string(RequestRunning), n.Kind, string(StepCurrent), n.Node}
	const waiting = "FROM requests q JOIN request_steps s ON s.request_id = q.id WHERE q.state = ? AND q.kind = ? AND s.state = ? AND s.name = ?"
	_, err := r.one("SELECT q.number, s.entered_at "+waiting+" ORDER BY s.entered_at, q.id LIMIT 1", args, &n.Oldest, &n.Since)
	if err != nil {
		return fmt.Errorf("oldest request at %s: %w", n.Node, err)
	}
	_, err = r.one("SELECT COUNT(*) FROM (SELECT DISTINCT q.id "+waiting+" AND EXISTS (SELECT 1 FROM clocks c WHERE c.subject_kind IN (?, ?) AND "+
		"c.subject_id = s.id AND c.ended_at IS NULL AND c.due_at < ?)) AS late",
		append(args, "request_step", "native_step", cut(r.Now())), &n.Overdue)
	if err != nil {
		return fmt.Errorf("overdue requests at %s: %w", n.Node, err)
	}
	return nil
}

// RequestsFinished answers a page of the requests that ended in [from, to), in
// the order they ended, those behind the last one of the page before (nil: from
// the start), at most limit.
func (r *Reader) RequestsFinished(from, to time.Time, after *Request, limit int) ([]Request, error) {
	where, args := "finished_at >= ?", []any{cut(from)}
	if after != nil && after.FinishedAt != nil {
		where, args = "(finished_at > ? OR finished_at = ? AND id > ?)", []any{*after.FinishedAt, *after.FinishedAt, after.ID}
	}
	var all []Request
	err := r.g.Select("id", "kind", "applicant_id", "state", "created_at", "finished_at", "deviation").
		Where(where+" AND finished_at < ?", append(args, cut(to))...).Order("finished_at, id").Limit(limit).Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("requests that ended: %w", translate(err))
	}
	return all, nil
}

// StepsDecided answers the steps of these requests in which somebody decided,
// without their opinions, at most 1,000 requests.
func (r *Reader) StepsDecided(requests []int64) ([]RequestStep, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	var all []RequestStep
	err := r.g.Select("id", "request_id", "name", "state", "work_limit", "entered_at", "decided_at").
		Where("request_id IN ? AND decided_at IS NOT NULL AND entered_at IS NOT NULL", requests).Order("id").Find(&all).Error
	if err != nil {
		return nil, fmt.Errorf("decided steps: %w", translate(err))
	}
	return all, nil
}
