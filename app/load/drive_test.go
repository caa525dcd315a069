package load_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/callback/envelope"
)

// connections is how many callbacks are under way at once.
const connections = 64

// driver sends callbacks to one server and counts them over all its rounds.
type driver struct {
	server server
	text   func(n int64) string
	client *http.Client
	key    *envelope.Key
	sent   atomic.Int64
}

func newDriver(t testing.TB, s server, text func(int64) string) *driver {
	t.Helper()
	key, err := envelope.NewKey(token, aesKey, corpID)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}, Timeout: 10 * time.Second}
	return &driver{server: s, text: text, client: client, key: key}
}

// figures are what one round measured.
type figures struct {
	rate     float64
	p50, p99 time.Duration
}

// full keeps every connection busy for span.
func (d *driver) full(t testing.TB, span time.Duration) figures {
	t.Helper()
	end := time.Now().Add(span)
	return d.gather(t, func() (time.Time, bool) {
		now := time.Now()
		return now, now.Before(end)
	})
}

// paced sends at a fixed rate whatever the answers take, and counts a wait for
// a free connection as part of the answer.
func (d *driver) paced(t testing.TB, perSecond int, span time.Duration) figures {
	t.Helper()
	var slot atomic.Int64
	begin := time.Now()
	total := int64(span.Seconds() * float64(perSecond))
	return d.gather(t, func() (time.Time, bool) {
		i := slot.Add(1) - 1
		due := begin.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		if wait := time.Until(due); wait > 0 && i < total {
			<-time.After(wait)
		}
		return due, i < total
	})
}

func (d *driver) gather(t testing.TB, next func() (time.Time, bool)) figures {
	t.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	var failed atomic.Int64
	begin := time.Now()
	for range connections {
		wg.Go(func() {
			var mine []time.Duration
			for {
				at, more := next()
				if !more {
					break
				}
				if err := d.send(); err != nil {
					failed.Add(1)
					continue
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	total := time.Since(begin)
	require.Zero(t, failed.Load(), "callbacks refused")
	slices.Sort(took)
	return figures{
		rate: float64(len(took)) / total.Seconds(),
		p50:  took[len(took)/2].Round(10 * time.Microsecond), p99: took[len(took)*99/100].Round(10 * time.Microsecond),
	}
}

// send delivers the next callback and reads its answer.
func (d *driver) send() error {
	i := d.sent.Add(1)
	body, query := d.seal(i)
	response, err := d.client.Post(d.server.url+"/callback/assistant?"+query, "text/xml", bytes.NewReader(body))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %d", response.StatusCode)
	}
	return err
}

// seal makes the i-th callback: a text of one of the members who head nothing.
func (d *driver) seal(i int64) (body []byte, query string) {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(d.text(i)))
	now := d.server.clock.Now()
	plain := fmt.Sprintf("<xml><ToUserName>%s</ToUserName><FromUserName>u%d</FromUserName><CreateTime>%d</CreateTime><MsgType>text</MsgType>"+
		"<Content>%s</Content><MsgId>%d</MsgId><AgentID>1000002</AgentID></xml>", corpID, topics+i%(members-topics), now.Unix(), escaped.String(), i)
	request, err := d.key.SealRequest(envelope.NewSalt(now), envelope.XML, corpID, "1000002", []byte(plain))
	if err != nil {
		panic(err) // a fixed key and a short text cannot fail
	}
	q := request.Query
	return request.Body, url.Values{"msg_signature": {q.Signature}, "timestamp": {q.Timestamp}, "nonce": {q.Nonce}}.Encode()
}
