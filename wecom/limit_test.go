package wecom_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
)

func TestAThrottledAPIIsParked(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	c := p.client(wecom.Options{Now: clk.Now})
	send := func() error {
		_, err := c.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"})
		return err
	}
	asked := func() int { return len(p.calls("message/send")) }
	p.fails("message/send", 45009, "api freq out of limit")

	err := send()
	require.Equal(t, wecom.Throttled, wecom.ClassOf(err))
	require.Equal(t, 60*time.Second, wecom.RetryAfter(err), "minute limits block for a minute")
	clk.advance(59 * time.Second)
	err = send()
	require.Equal(t, time.Second, wecom.RetryAfter(err))
	require.False(t, wecom.Uncertain(err))
	require.Equal(t, 1, asked(), "a parked API is not asked")

	_, err = c.CallbackIPs(ctx)
	require.NoError(t, err, "other APIs go on")

	clk.advance(time.Second)
	require.Equal(t, time.Hour, wecom.RetryAfter(send()), "a repeated refusal is taken for an hour limit")
	require.Equal(t, 2, asked())
	clk.advance(time.Hour)
	p.on("message/send", nil)
	require.NoError(t, send())
	p.fails("message/send", 45009, "api freq out of limit")
	require.Equal(t, 60*time.Second, wecom.RetryAfter(send()), "success starts the count anew")
}

func TestAnswersOfOneBurstCountOnce(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	c := p.client(wecom.Options{Now: clk.Now})
	var arrived sync.WaitGroup
	arrived.Add(5)
	p.on("message/send", func(w http.ResponseWriter, _ *http.Request) {
		arrived.Done()
		arrived.Wait() // all five are under way before the first is refused
		answer(w, failure(45009, "api freq out of limit"))
	})
	var burst sync.WaitGroup
	for range 5 {
		burst.Go(func() {
			if _, err := c.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "hi"}); wecom.RetryAfter(err) != time.Minute {
				t.Errorf("parked for %s", wecom.RetryAfter(err))
			}
		})
	}
	burst.Wait()
}

func TestTooManyAtOnceIsParkedBriefly(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	c := p.client(wecom.Options{Now: clk.Now})
	p.fails("getcallbackip", 45033, "too many concurrent calls")
	var waits []time.Duration
	for range 8 {
		_, err := c.CallbackIPs(ctx)
		waits = append(waits, wecom.RetryAfter(err))
		clk.advance(wecom.RetryAfter(err))
	}
	s := time.Second
	require.Equal(t, []time.Duration{2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s, 60 * s}, waits)
}

func TestPublishedRatesAreKeptLocally(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	c := p.client(wecom.Options{Now: clk.Now})
	chat := wecom.Chat{Name: "会签", Members: []string{"chenyu", "linmo"}}
	var err error
	sent := 0
	for range 200 {
		if _, err = c.CreateChat(ctx, chat); err != nil {
			break
		}
		sent++
	}
	require.Equal(t, 100, sent, "1,000 a day, 100 at once")
	require.Equal(t, wecom.Throttled, wecom.ClassOf(err))
	require.Positive(t, wecom.RetryAfter(err))
	require.Len(t, p.calls("appchat/create"), 100)

	clk.advance(wecom.RetryAfter(err))
	_, err = c.CreateChat(ctx, chat)
	require.NoError(t, err, "a slot is free again")
}

func TestAWholeDayStaysUnderTheQuota(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	c := p.client(wecom.Options{Now: clk.Now})
	end := clk.Now().Add(24 * time.Hour)
	for clk.Now().Before(end) {
		if _, err := c.CreateChat(ctx, wecom.Chat{Members: []string{"a", "b"}}); err != nil {
			clk.advance(min(wecom.RetryAfter(err)+time.Millisecond, 10*time.Minute))
		}
	}
	made := len(p.calls("appchat/create"))
	require.LessOrEqual(t, made, 1000)
	require.Greater(t, made, 950)
}
