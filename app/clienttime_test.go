package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store/storetest"
)

func TestClientsFollowAClockThatJumps(t *testing.T) {
	business, machine := storetest.NewClock(), storetest.NewClock()
	machine.Advance(300 * 24 * time.Hour) // a sandbox begins on a day of its own
	began := machine.Now()
	c := newClientTime(business.Now, machine.Now)
	passed := func() time.Duration { return c.now().Sub(began) }

	require.Zero(t, passed())
	machine.Advance(time.Minute)
	require.Equal(t, time.Minute, passed(), "a frozen business clock holds nothing up")
	business.Advance(24 * time.Hour)
	require.Equal(t, 24*time.Hour+time.Minute, passed(), "a day of business time ends a token's life")
	machine.Advance(time.Minute)
	require.Equal(t, 24*time.Hour+2*time.Minute, passed())
	business.Advance(24 * time.Hour)
	require.Equal(t, 48*time.Hour+2*time.Minute, passed())
	machine.Advance(-time.Hour)
	require.Equal(t, 48*time.Hour+2*time.Minute, passed(), "never back")

	same := newClientTime(machine.Now, machine.Now)
	machine.Advance(time.Hour)
	require.Zero(t, same.now().Sub(machine.Now()), "outside a sandbox both are one")
}
