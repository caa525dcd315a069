package acceptance_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"

	"guiju/wecom/sandbox"
)

// What members see, and what the tests assert about it.

// Gets asserts that a member has been sent something new that holds all the
// words, and answers it. What came before it counts as read.
func (w *World) Gets(name string, words ...string) message {
	w.t.Helper()
	fresh := w.fresh(name)
	for _, m := range fresh {
		if m.holds(words) {
			w.seen[name] = m.ID
			return m
		}
	}
	require.Failf(w.t, "missing message", "%s was not sent anything with %q; new are:\n%s", name, words, texts(fresh))
	return message{}
}

// GetsNothing asserts that nothing new holding the words came.
func (w *World) GetsNothing(name string, words ...string) {
	w.t.Helper()
	for _, m := range w.fresh(name) {
		require.False(w.t, m.holds(words), "%s was sent: %s", name, m)
	}
}

// Reads marks everything a member has been sent as read.
func (w *World) Reads(name string) {
	for _, m := range w.fresh(name) {
		w.seen[name] = m.ID
	}
}

func (w *World) fresh(name string) []message {
	w.t.Helper()
	var all []message
	for _, m := range w.chat(name, w.seen[name]) {
		if m.From == "assistant" {
			all = append(all, m)
		}
	}
	return all
}

// message is one message as a member sees it.
type message struct{ sandbox.ChatMessage }

func (w *World) chat(name string, after int64) []message {
	w.t.Helper()
	var page struct {
		Messages []sandbox.ChatMessage `json:"messages"`
	}
	query := url.Values{"user": {userid(name)}, "app": {"assistant"}, "after": {fmt.Sprint(after)}}
	w.get("chat?"+query.Encode(), &page)
	all := make([]message, len(page.Messages))
	for i, m := range page.Messages {
		all[i] = message{m}
		if m.Card != nil && w.first(m.ID) {
			w.declared(all[i])
		}
	}
	return all
}

// String is everything a reader sees of the message.
func (m message) String() string {
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

func (m message) holds(words []string) bool {
	text := m.String()
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// button answers the key of a live button with this text.
func (m message) button(text string) (string, bool) {
	if m.Card == nil {
		return "", false
	}
	body, err := json.Marshal(m.Card)
	if err != nil {
		return "", false
	}
	var card struct {
		ReplaceText string `json:"replace_text"`
		ButtonList  []struct {
			Text string `json:"text"`
			Key  string `json:"key"`
		} `json:"button_list"`
	}
	if json.Unmarshal(body, &card) != nil || card.ReplaceText != "" {
		return "", false
	}
	for _, b := range card.ButtonList {
		if b.Text == text {
			return b.Key, true
		}
	}
	return "", false
}

func texts(messages []message) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "  #%d %s\n", m.ID, m)
	}
	return b.String()
}

// Count is how many messages a member has been sent, since the beginning, that
// hold all the words.
func (w *World) Count(name string, words ...string) int {
	w.t.Helper()
	n := 0
	for _, m := range w.chat(name, 0) {
		if m.From == "assistant" && m.holds(words) {
			n++
		}
	}
	return n
}

// Shown is the newest message of the app to a member that holds all the words,
// in its present state.
func (w *World) Shown(name string, words ...string) message {
	w.t.Helper()
	messages := w.chat(name, 0)
	for i := len(messages) - 1; i >= 0; i-- {
		if m := messages[i]; m.From == "assistant" && m.holds(words) {
			return m
		}
	}
	require.Failf(w.t, "missing message", "%s has nothing with %q; all he has:\n%s", name, words, texts(messages))
	return message{}
}

// Traces asserts that 追溯, asked by somebody, shows every line.
func (w *World) Traces(name, number string, lines ...string) {
	w.t.Helper()
	story := w.Says(name, "追溯 "+number)
	for _, line := range lines {
		require.Contains(w.t, story, line)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
