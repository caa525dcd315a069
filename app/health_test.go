package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/callback"
	"guiju/callback/envelope"
	"guiju/store"
	"guiju/store/queue"
	"guiju/wecom"
)

func (b *bench) get(path string) (int, string) {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	text, err := io.ReadAll(w.Body)
	require.NoError(b.t, err)
	return w.Code, string(text)
}

func (b *bench) readyz() (int, readinessBody) {
	b.t.Helper()
	code, text := b.get("/readyz")
	var body readinessBody
	require.NoError(b.t, json.Unmarshal([]byte(text), &body))
	b.state.forget()
	return code, body
}

func TestReadiness(t *testing.T) {
	b := newBench(t, testConfig(t, rules))
	code, body := b.readyz()
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "starting", body.Status)
	b.inbox.noteDatabase(false)
	code, body = b.readyz()
	require.Equal(t, http.StatusOK, code, "callbacks go to the spool")
	require.Equal(t, readinessBody{Status: "degraded", Database: "away", Queue: "unknown", Redis: "off", Spool: "ok"}, body)

	b.inbox.noteDatabase(true)
	b.prepare()
	code, body = b.readyz()
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, readinessBody{Status: "ok", Database: "ok", Queue: "ok", Redis: "off", Spool: "ok"}, body)

	b.write(func(tx *store.Tx) error { _, err := tx.Enqueue(HandleEvent{Delivery: 1}); return err })
	b.at(monday.Add(90 * time.Second))
	_, body = b.readyz()
	require.Equal(t, "late", body.Queue)
	require.Equal(t, "degraded", body.Status)
	require.InDelta(t, 90, body.OldestDue, 1)

	require.NoError(t, b.spool.Append([]byte("{}")))
	_, body = b.readyz()
	require.Equal(t, "waiting", body.Spool)

	require.NoError(t, b.spool.Close())
	require.NoError(t, b.db.Close())
	code, body = b.readyz()
	require.Equal(t, http.StatusServiceUnavailable, code, "neither can store")
	require.Equal(t, "unavailable", body.Status)

	b.draining.Store(true)
	code, body = b.readyz()
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "draining", body.Status)
	code, _ = b.get("/healthz")
	require.Equal(t, http.StatusOK, code, "alive all the same")
}

func TestMetrics(t *testing.T) {
	b := newBench(t, testConfig(t, rules)).prepare()
	b.metrics.job(queue.Observation{Kind: "notify.send", Outcome: "done", Attempt: 1, Took: time.Millisecond, Late: time.Second})
	b.metrics.ObserveCall(wecom.Call{Client: "assistant", API: "message/send", Class: wecom.Throttled, Duration: time.Millisecond})
	b.metrics.ObserveCall(wecom.Call{Client: "assistant", API: "message/send", Class: wecom.Misconfigured, Local: true})
	b.metrics.breach("important")
	code, _ := b.get("/callback/assistant?msg_signature=x&timestamp=1&nonce=2&echostr=abc")
	require.Equal(t, http.StatusForbidden, code)
	code, _ = b.get("/callback/" + strings.Repeat("x", 50))
	require.Equal(t, http.StatusNotFound, code)
	b.write(func(tx *store.Tx) error {
		if _, err := tx.Enqueue(HandleEvent{Delivery: 1}); err != nil {
			return err
		}
		return tx.AddClock(&store.Clock{SubjectKind: "item", SubjectID: 1, State: store.ClockRunning, Timetable: "[]"})
	})
	require.NoError(t, b.spool.Append([]byte("{}")))
	b.state.forget()

	code, text := b.get("/metrics")
	require.Equal(t, http.StatusOK, code)
	for _, line := range []string{
		`guiju_callbacks_total{kind="",outcome="refused",receiver="assistant"} 1`,
		`guiju_callbacks_refused_total{reason="receiver",receiver="unknown"} 1`,
		`guiju_callback_seconds_count{receiver="assistant"} 1`,
		`guiju_jobs_total{kind="notify.send",outcome="done"} 1`,
		`guiju_job_age_seconds_sum{kind="notify.send"} 1`,
		`guiju_api_calls_total{app="assistant",class="throttled",path="message/send"} 1`,
		`guiju_api_calls_total{app="assistant",class="held_misconfigured",path="message/send"} 1`,
		`guiju_api_call_seconds_count{path="message/send"} 1`,
		`guiju_response_breaches_total{class="important"} 1`,
		`guiju_response_clocks_open{state="running"} 1`,
		`guiju_queue_jobs{due="true",kind="app.handle_event",state="waiting"} 1`,
		`guiju_spool_records 1`, `guiju_database_up 1`, `guiju_ready 1`, `guiju_members{status="active"} 3`,
		`guiju_clock_skew_seconds 0`, `guiju_build_info{`,
	} {
		require.Contains(t, text, line)
	}
	for _, secret := range []string{"s3cret-of-the-app", aesKey, "TestToken"} {
		require.NotContains(t, text, secret)
	}
}

func TestScrapesAreCached(t *testing.T) {
	b := newBench(t, testConfig(t, rules)).prepare()
	machine := time.Unix(1_000_000, 0)
	b.machine = func() time.Time { return machine }
	b.state.forget()
	_, _ = b.get("/metrics")
	b.write(func(tx *store.Tx) error { return tx.AddClock(&store.Clock{State: store.ClockAcked, Timetable: "[]"}) })
	_, text := b.get("/metrics")
	require.Contains(t, text, `guiju_response_clocks_open{state="acked"} 0`, "within 5 s the same answer")
	machine = machine.Add(stateKept)
	_, text = b.get("/metrics")
	require.Contains(t, text, `guiju_response_clocks_open{state="acked"} 1`)

	require.NoError(t, b.db.Close())
	machine = machine.Add(stateKept)
	code, text := b.get("/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, "guiju_database_up 0")
	require.NotContains(t, text, "guiju_response_clocks_open{")
}

func TestLabelsAreBounded(t *testing.T) {
	b := newBench(t, testConfig(t, rules))
	for i := range 3 * maxKinds {
		b.metrics.callback(callback.Observation{Receiver: "assistant", Kind: fmt.Sprintf("event.k%d", i), Outcome: callback.Empty})
	}
	_, text := b.get("/metrics")
	require.Equal(t, maxKinds+1, strings.Count(text, "\nguiju_callbacks_total{"))
	require.Contains(t, text, fmt.Sprintf(`guiju_callbacks_total{kind="other",outcome="empty",receiver="assistant"} %d`, 2*maxKinds))
}

func TestVerificationIsRememberedForTheDoctor(t *testing.T) {
	b := newBench(t, testConfig(t, rules)).prepare()
	key, err := envelope.NewKey("TestToken", aesKey, "wwtest")
	require.NoError(t, err)
	q, echo, err := key.SealEcho(envelope.NewSalt(monday), "hello")
	require.NoError(t, err)
	values := fmt.Sprintf("?msg_signature=%s&timestamp=%s&nonce=%s&echostr=", q.Signature, q.Timestamp, q.Nonce)
	code, text := b.get("/callback/assistant" + values + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(echo))
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "hello", text)
	require.NoError(t, b.beat(t.Context()))
	var last map[string]time.Time
	require.NoError(t, b.reader().Setting("callback.verified", &last))
	require.True(t, last["assistant"].Equal(monday))
}
