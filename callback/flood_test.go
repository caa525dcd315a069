package callback

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/callback/envelope"
)

// Strangers who hold every place of a large body keep no ordinary callback
// waiting, and a genuine large one only until one of them has ended.
func TestLargeBodiesHaveFewPlaces(t *testing.T) {
	w := newWorld(t)
	stalled := make(chan error, largeAtOnce)
	var ends []io.Closer
	for range largeAtOnce {
		body, feed := io.Pipe()
		ends = append(ends, feed)
		go func() {
			answer, err := w.server.Client().Post(w.server.URL+"/callback/assistant", "", body)
			if err == nil {
				err = answer.Body.Close()
			}
			stalled <- err
		}()
		_, err := feed.Write(bytes.Repeat([]byte{'x'}, ordinaryBody+1))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return len(w.handler.large) == largeAtOnce }, 3*time.Second, time.Millisecond)
	require.Equal(t, 200, w.post("/callback/assistant", w.seal(w.assistant, envelope.XML, textPlain)).status)

	large := w.seal(w.assistant, envelope.XML, strings.Replace(textPlain, "我的待办", strings.Repeat("长", 100_000), 1))
	require.Greater(t, len(large.Body), ordinaryBody)
	answered := make(chan int, 1)
	go func() { answered <- w.post("/callback/assistant", large).status }()
	select {
	case status := <-answered:
		t.Fatalf("answered %d without a place", status)
	case <-time.After(50 * time.Millisecond):
	}
	for _, end := range ends {
		require.NoError(t, end.Close())
	}
	for range ends {
		<-w.seen // their observations, in any order with the large one's
		require.NoError(t, <-stalled)
	}
	require.Equal(t, http.StatusOK, <-answered)
	require.Len(t, w.inbox.accepted, 2)
	require.Eventually(t, func() bool { return len(w.handler.large) == 0 }, 3*time.Second, time.Millisecond)
}
