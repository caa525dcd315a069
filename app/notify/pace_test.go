package notify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However messages arrive, no minute holds more than 25 of them and no hour
// more than 900 ([90236] drops what goes beyond 30 and 1,000).
func TestPaceHoldsForEveryMinuteAndHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
		var p pace
		var sent []time.Time
		for range rapid.IntRange(1, 400).Draw(t, "messages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 8000).Draw(t, "gap")) * time.Millisecond)
			if at := p.next(now); at.After(now) {
				if at.Sub(now) > time.Hour+2*slot {
					t.Fatalf("put off by %s", at.Sub(now))
				}
				now = at
			}
			if at := p.next(now); at.After(now) {
				t.Fatalf("put off twice: until %s", at)
			}
			p = parsePace(p.charge(now).String())
			sent = append(sent, now)
		}
		for i := range sent {
			minute, hour := 0, 0
			for _, s := range sent[i:] {
				if s.Sub(sent[i]) < time.Minute {
					minute++
				}
				if s.Sub(sent[i]) < time.Hour {
					hour++
				}
			}
			if minute > perMinute || hour > perHour {
				t.Fatalf("%d in a minute, %d in an hour", minute, hour)
			}
		}
	})
}

func TestPaceForgetsTheHourBefore(t *testing.T) {
	now := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	var p pace
	for range perHour {
		if at := p.next(now); at.After(now) {
			now = at
		}
		p = p.charge(now)
	}
	later := p.next(now)
	require.Greater(t, later.Sub(now), 20*time.Minute, "the hour is full")
	require.Less(t, len(p.String()), 16<<10)
	p = p.charge(now.Add(2 * time.Hour))
	require.Len(t, p, 1)
}

func TestPaceReadsOnlyItsOwnForm(t *testing.T) {
	for _, text := range []string{"", "x", "1", "1:", ":1", "1:0", "1:-3", "1:2:3", "1:2 x"} {
		require.Nil(t, parsePace(text), "%q", text)
	}
	require.Equal(t, pace{{5, 2}, {6, 1}}, parsePace("5:2 6:1"))
}
