package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/wecom/sandbox"
)

// What happens around the members: the app going down, WeCom failing, the
// company changing, callbacks coming twice.

// Down stops the app; the platform goes on.
func (w *World) Down() {
	w.t.Helper()
	w.note("%s 应用停机", w.Now().Format("15:04:05"))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(w.t, w.play.StopApp(ctx))
}

// Up starts the app on the same database.
func (w *World) Up() {
	w.t.Helper()
	w.note("%s 应用启动", w.Now().Format("15:04:05"))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(w.t, w.play.StartApp(ctx))
	require.NoError(w.t, w.play.Ready(ctx))
}

// Redelivers lets the platform deliver a callback again.
func (w *World) Redelivers(delivery int64, times int, concurrent bool) []sandbox.PressResult {
	w.t.Helper()
	w.note("%s 平台重发回调 %d × %d", w.Now().Format("15:04:05"), delivery, times)
	var got struct {
		Deliveries []sandbox.PressResult `json:"deliveries"`
	}
	w.post("redeliver", map[string]any{"delivery_id": delivery, "times": times, "concurrent": concurrent}, &got)
	require.Len(w.t, got.Deliveries, times)
	return got.Deliveries
}

// Fails scripts a failure of a WeCom interface.
func (w *World) Fails(api string, how map[string]any) {
	w.t.Helper()
	w.note("%s 企业微信接口 %s 故障 %v", w.Now().Format("15:04:05"), api, how)
	fault := map[string]any{"api": api}
	for k, v := range how {
		fault[k] = v
	}
	w.post("faults", fault, nil)
}

// Heals ends every scripted failure.
func (w *World) Heals() {
	w.t.Helper()
	w.note("%s 企业微信接口恢复", w.Now().Format("15:04:05"))
	request, err := http.NewRequest(http.MethodDelete, w.play.PlatformURL+"/sandbox/api/faults", nil)
	require.NoError(w.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	w.read("faults", response, nil)
}

// Company edits the company as its console does; the contact callback follows.
func (w *World) Company(change string, fields map[string]any) {
	w.t.Helper()
	w.note("%s 通讯录 %s %v", w.Now().Format("15:04:05"), change, fields)
	edit := map[string]any{"change_type": change}
	for k, v := range fields {
		edit[k] = v
	}
	w.post("contacts", edit, nil)
	w.Settle()
}

// Event lets the platform send any event.
func (w *World) Event(name, event string, fields map[string]any) sandbox.PressResult {
	w.t.Helper()
	w.note("%s %s 事件 %s", w.Now().Format("15:04:05"), name, event)
	var result sandbox.PressResult
	w.post("event", map[string]any{"app": "assistant", "event": event, "user": userid(name), "fields": fields}, &result)
	return result
}

// Calls answers the calls of an interface whose request holds all the words.
func (w *World) Calls(api string, words ...string) []sandbox.TrafficItem {
	w.t.Helper()
	var got struct {
		Items []sandbox.TrafficItem `json:"items"`
	}
	w.get("traffic", &got)
	var calls []sandbox.TrafficItem
	for _, item := range got.Items {
		if item.Direction != "api" || !strings.HasSuffix(item.Path, api) {
			continue
		}
		if (message{sandbox.ChatMessage{Text: unescaped(item.Plaintext)}}).holds(words) {
			calls = append(calls, item)
		}
	}
	return calls
}

// Answers are what the app answered with 200 to a callback, at least n of them.
func (w *World) Answers(delivery int64, n int) []string {
	w.t.Helper()
	var got struct {
		Items []sandbox.TrafficItem `json:"items"`
	}
	w.get("traffic", &got)
	var answers []string
	for _, item := range got.Items {
		if item.Direction == "callback" && item.DeliveryID == delivery && item.Status == http.StatusOK {
			answers = append(answers, item.Answer)
		}
	}
	require.GreaterOrEqual(w.t, len(answers), n)
	return answers
}

// unescaped is JSON with its characters written out.
func unescaped(body string) string {
	var value any
	if json.Unmarshal([]byte(body), &value) != nil {
		return body
	}
	return fmt.Sprint(value)
}

// Waits pushes the machine's clock on, past a pause after a failure. Only for
// worlds made with patient.
func (w *World) Waits(by time.Duration) {
	w.t.Helper()
	w.note("%s 实际过去 %s", w.Now().Format("15:04:05"), by)
	w.ahead.Add(int64(by))
	w.Settle()
}

// noRetries is for eachWith: a callback that found nobody home comes again only
// when the test says so, or when the hourly comparison finds what it told.
func noRetries(o *playground.Options) { o.Platform.Retries, o.Overlay = 0, "" }

// patient is for eachWith: pauses after failures follow a clock that Waits
// pushes on. Without it MySQL keeps them by the server's clock.
func patient(o *playground.Options) { o.Machine = time.Now }
