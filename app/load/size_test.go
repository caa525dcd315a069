package load_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// TestSize prints what a callback costs on a database with a million items and
// deliveries and 100,000 members, beside one with a thousand of each.
func TestSize(t *testing.T) {
	measured(t)
	rounds, span := setting("GUIJU_LOAD_ROUNDS", 5), time.Second
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			sizes := [2]server{}
			for i, size := range []struct{ rows, members int }{{1000, members}, {setting("GUIJU_LOAD_ROWS", 1_000_000), 100_000}} {
				cfg := database.open(t)
				fill(t, cfg, members)
				grow(t, cfg, size.rows, size.members)
				sizes[i] = startWhole(t, cfg)
				defer sizes[i].stop()
			}
			for _, c := range []command{todo, ask} {
				small, large := newDriver(t, sizes[0], c.text), newDriver(t, sizes[1], c.text)
				small.sent.Store(int64(c.rows) * 1_000_000) // message ids of its own
				large.sent.Store(int64(c.rows) * 1_000_000)
				small.full(t, 200*time.Millisecond)
				large.full(t, 200*time.Millisecond)
				var costs, cpu []float64
				for range rounds {
					before := processor()
					s := small.full(t, span)
					middle := processor()
					l := large.full(t, span)
					costs = append(costs, s.rate/l.rate)
					cpu = append(cpu, (processor()-middle).Seconds()/l.rate/((middle-before).Seconds()/s.rate))
					sizes[0].settle(t, time.Minute)
					sizes[1].settle(t, time.Minute)
				}
				fmt.Printf("%-7s %-8s cost with many rows × %.2f of %.2f | processor × %.2f\n", database.name, c.name, median(costs), costs, median(cpu))
			}
		})
	}
}

// grow adds past deliveries and closed items, each with its receiver, history,
// clock, message and finished job, and members, past the store: a million at
// once would be no transaction of its own.
func grow(t *testing.T, cfg store.Config, rows, people int) {
	t.Helper()
	db := open(t, cfg)
	defer db.Close()
	const batch = 50_000
	for from := 0; from < rows; from += batch {
		n := min(batch, rows-from)
		for _, insert := range []string{
			`deliveries (delivery_key, receiver, app, kind, userid, raw, event_at, received_at, state, reply_kind)
				SELECT concat('old:', i), 'assistant', 'assistant', 'text', concat('u', i % 5000), 'x', ?, ?, 'done', 'none' FROM n`,
			`items (number, kind, sender_id, app, importance, urgency, class, needs_reply, body, topic, department, rule, rulebook, why, state, phase, delivery_id, created_at, version)
				SELECT concat('M20250101-', i), 'inquiry', 1 + i % 5000, 'assistant', 'normal', 'medium', 'normal', 1, 'old question', '', 'd', 'r', 1, '', 'closed', 2, i, ?, 3 FROM n`,
			`item_parties (item_id, member_id, deputy_for, active, created_at) SELECT i + 1000000000, 1 + i % 5000, 0, 1, ? FROM n`,
			`clocks (subject_kind, subject_id, number, title, class, needs_reply, app, sender_id, receiver_id, deputy_for, state, level, timetable, rule, rulebook, delivered_at, late_seconds, created_at, version)
				SELECT 'item', i + 1000000000, 'M', 't', 'normal', 1, 'assistant', 1 + i % 5000, 1 + i % 64, 0, 'met', -1, '', 'r', 1, ?, 0, ?, 3 FROM n`,
			`sent_messages (app, purpose, subject_kind, subject_id, text, card_kind, card_id, important, asks, prompt, state, digest_id, msg_id, error_code, created_at)
				SELECT 'assistant', 'item', 'item', i + 1000000000, 't', 'item', 0, 0, 1, 0, 'sent', 0, 'm', 0, ? FROM n`,
			`jobs (kind, args, state, run_at, wake_at, max_attempts, created_at, finished_at)
				SELECT 'notify.send', '{}', 'done', ?, {kept}, 10, ?, ? FROM n`,
		} {
			growBy(t, db, cfg.Driver, insert, from, n)
		}
	}
	for from := members; from < people; from += batch {
		growBy(t, db, cfg.Driver, `members (userid, userid_fold, name, name_fold, position, main_department, leader_userid, status, visible, created_at, updated_at, version)
			SELECT concat('u', i), concat('u', i), concat('成员', i), concat('成员', i), '', 2 + i % 64, '', 'active', 1, ?, ?, 1 FROM n`, from, min(batch, people-from))
	}
	if cfg.Driver == "sqlite" {
		_, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
		require.NoError(t, err)
	}
}

// growBy runs "INSERT INTO … SELECT … FROM n" for n whole numbers i from from,
// with the time of a past day for every mark.
func growBy(t *testing.T, db *sql.DB, driver, insert string, from, n int) {
	t.Helper()
	at := time.Date(2026, 2, 27, 3, 0, 0, 0, time.UTC)
	kept := "? + INTERVAL 7 DAY" // when a job that is done is deleted
	if driver == "sqlite" {
		kept = "? + 7 * 86400000"
	}
	insert = strings.ReplaceAll(insert, "{kept}", kept)
	var marks []any
	for _, c := range insert {
		if c == '?' && driver == "sqlite" {
			marks = append(marks, at.UnixMilli())
		} else if c == '?' {
			marks = append(marks, at)
		}
	}
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", from, from+n-1)
	var err error
	if driver == "sqlite" {
		_, err = db.Exec(numbers+"INSERT INTO "+insert, marks...)
	} else {
		// A million steps of a recursion need leave; the setting is the session's.
		conn, connErr := db.Conn(t.Context())
		require.NoError(t, connErr)
		defer conn.Close()
		_, err = conn.ExecContext(t.Context(), fmt.Sprintf("SET SESSION max_recursive_iterations = %d", n+1))
		require.NoError(t, err)
		at := strings.Index(insert, "SELECT")
		_, err = conn.ExecContext(t.Context(), "INSERT INTO "+insert[:at]+numbers+insert[at:], marks...)
	}
	require.NoError(t, err, insert)
}
