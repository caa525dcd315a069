// Package durability proves what the program promises when things break: the
// process is killed at every named point, the database, Redis or WeCom go away
// and come back, two people or two processes do the same thing at once. It
// holds tests only.
package durability_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom/sandbox"
)

// monday is when every story begins: Monday 2026-03-02 10:00 in China.
var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

// platform is a simulated WeCom behind its control API, in this process or in
// another.
type platform struct {
	t   testing.TB
	url string
	now func() time.Time // nil when it is another process
}

// newPlatform runs a platform in this process. Its clock stands still, its
// callbacks go to appURL, and it repeats a failed one for some seconds.
func newPlatform(t testing.TB, appURL string, change func(*sandbox.Options)) platform {
	t.Helper()
	o := sandbox.DefaultOptions()
	o.Start, o.Frozen = monday, true
	o.Retries, o.RetrySpacing, o.WorkerGone = 10, 200*time.Millisecond, time.Second
	o.Apps[0].CallbackURL = appURL + "/callback/" + o.Apps[0].Name
	o.Contacts.CallbackURL = appURL + "/callback/contacts"
	if change != nil {
		change(&o)
	}
	p, err := sandbox.New(o)
	require.NoError(t, err)
	require.NoError(t, p.Start(context.Background()))
	l := listen(t)
	server := &http.Server{Handler: p.Handler()}
	go func() { _ = server.Serve(l) }() // it ends with Close
	t.Cleanup(func() {
		_ = server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, p.Stop(ctx))
	})
	here := platform{t, "http://" + l.Addr().String(), p.Now}
	t.Cleanup(func() {
		if t.Failed() {
			for _, user := range []string{"zhaoliu", "sunqi", "zhouba", "hejing"} {
				t.Logf("%s sees:\n%s", user, transcript(here.chat(user)))
			}
		}
	})
	return here
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// freeAddress is one that nobody listens on at the moment.
func freeAddress(t testing.TB) string {
	t.Helper()
	l := listen(t)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// say lets a member write to the app; the result is that of the first attempt.
func (p platform) say(user, text string) sandbox.PressResult {
	p.t.Helper()
	var result sandbox.PressResult
	p.post("say", map[string]any{"user": user, "app": "assistant", "text": text}, &result)
	return result
}

// press presses the button with this text on the newest card that has it.
func (p platform) press(user, button string) sandbox.PressResult {
	p.t.Helper()
	messages := p.chat(user)
	for i := len(messages) - 1; i >= 0; i-- {
		if key := buttonKey(messages[i], button); key != "" {
			var result sandbox.PressResult
			p.post("click", map[string]any{"user": user, "message_id": messages[i].ID, "key": key}, &result)
			return result
		}
	}
	require.Fail(p.t, "no card of "+user+" has the button "+button)
	return sandbox.PressResult{}
}

func (p platform) redeliver(delivery int64, times int) {
	p.t.Helper()
	p.post("redeliver", map[string]any{"delivery_id": delivery, "times": times, "concurrent": true}, nil)
}

// settle waits until nothing is in flight and nothing is due.
func (p platform) settle() sandbox.MoveResult {
	p.t.Helper()
	var moved sandbox.MoveResult
	p.post("settle", map[string]any{}, &moved)
	return moved
}

func (p platform) advance(d time.Duration) sandbox.MoveResult {
	p.t.Helper()
	var moved sandbox.MoveResult
	p.post("clock", map[string]any{"advance": d.String()}, &moved)
	return moved
}

func (p platform) fault(f sandbox.Fault) {
	p.t.Helper()
	body := map[string]any{"api": f.API, "times": f.Times}
	for name, value := range map[string]any{"errcode": f.ErrCode, "http": f.HTTP, "delay": f.Delay, "drop": f.Drop} {
		if value != "" && value != 0 {
			body[name] = value
		}
	}
	p.post("faults", body, nil)
}

func (p platform) clearFaults() {
	p.t.Helper()
	request, err := http.NewRequest(http.MethodDelete, p.url+"/sandbox/api/faults", nil)
	require.NoError(p.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(p.t, err)
	p.read("faults", response, nil)
}

// chat is everything the app has shown a member, oldest first.
func (p platform) chat(user string) []sandbox.ChatMessage {
	p.t.Helper()
	var page struct {
		Messages []sandbox.ChatMessage `json:"messages"`
	}
	p.get("chat?"+url.Values{"user": {user}, "app": {"assistant"}, "after": {"0"}}.Encode(), &page)
	var all []sandbox.ChatMessage
	for _, m := range page.Messages {
		if m.From == "assistant" {
			all = append(all, m)
		}
	}
	return all
}

// shown counts the messages of the app to a member that hold all the words.
func (p platform) shown(user string, words ...string) int {
	p.t.Helper()
	n := 0
	for _, m := range p.chat(user) {
		if holds(m, words) {
			n++
		}
	}
	return n
}

func (p platform) post(path string, body, into any) {
	p.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(p.t, err)
	response, err := http.Post(p.url+"/sandbox/api/"+path, "application/json", bytes.NewReader(encoded))
	require.NoError(p.t, err)
	p.read(path, response, into)
}

func (p platform) get(path string, into any) {
	p.t.Helper()
	response, err := http.Get(p.url + "/sandbox/api/" + path)
	require.NoError(p.t, err)
	p.read(path, response, into)
}

func (p platform) read(path string, response *http.Response, into any) {
	p.t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, 200, response.StatusCode, "%s: %s", path, body)
	if into != nil {
		require.NoError(p.t, json.Unmarshal(body, into), "%s: %s", path, body)
	}
}

// visible is everything a reader sees of a message.
func visible(m sandbox.ChatMessage) string {
	text := m.Text
	if m.Card != nil {
		card, err := json.Marshal(m.Card)
		if err != nil {
			return err.Error()
		}
		text += " " + string(card)
	}
	return text
}

func holds(m sandbox.ChatMessage, words []string) bool {
	text := visible(m)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func transcript(messages []sandbox.ChatMessage) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "  #%d %s\n", m.ID, visible(m))
	}
	return b.String()
}

func buttonKey(m sandbox.ChatMessage, text string) string {
	body, err := json.Marshal(m.Card)
	if err != nil {
		return ""
	}
	var card struct {
		ReplaceText string `json:"replace_text"`
		ButtonList  []struct {
			Text string `json:"text"`
			Key  string `json:"key"`
		} `json:"button_list"`
	}
	if json.Unmarshal(body, &card) != nil || card.ReplaceText != "" {
		return ""
	}
	for _, b := range card.ButtonList {
		if b.Text == text {
			return b.Key
		}
	}
	return ""
}

// eventually waits, at most limit, until a condition holds; what is asked for
// in the failure's message.
func eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	end := time.After(limit)
	for !holds() {
		select {
		case <-end:
			require.Fail(t, "waited "+limit.String()+" in vain for: "+what)
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// leaveOut ends a test whose service is not there.
func leaveOut(t testing.TB, service, why string) {
	t.Helper()
	for required := range strings.SplitSeq(os.Getenv("GUIJU_TEST_REQUIRE"), ",") {
		if strings.TrimSpace(required) == service {
			t.Fatal(why)
		}
	}
	t.Skip(why)
}
