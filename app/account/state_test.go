package account

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// The table of the package comment, read back: every state and action of every
// kind, those that change nothing included.
func TestEveryStateAndAction(t *testing.T) {
	type row map[action]store.AccountState
	const (
		applied, opening = store.AccountApplied, store.AccountOpening
		opened_, stopped = store.AccountOpened, store.AccountStopped
		rejected_, taken = store.AccountRejected, store.AccountWithdrawn
	)
	want := map[store.AccountKind]map[store.AccountState]row{
		store.AccountCreate: {
			applied: {agreed: opening, rejected: rejected_, withdrawn: taken, appeared: applied},
			opening: {rejected: rejected_, withdrawn: taken, opened: opening, appeared: opened_},
		},
		store.AccountChange: {
			applied: {agreed: opening, rejected: rejected_, withdrawn: taken, left: taken},
			opening: {rejected: rejected_, withdrawn: taken, opened: opened_, changed: opened_, left: taken},
		},
		store.AccountStop: {
			applied: {agreed: opening, rejected: rejected_, withdrawn: taken, due: applied, left: stopped},
			opening: {rejected: rejected_, withdrawn: taken, due: stopped, left: stopped},
		},
	}
	table := next()
	seen := 0
	for _, kind := range []store.AccountKind{store.AccountCreate, store.AccountChange, store.AccountStop} {
		for _, state := range []store.AccountState{applied, opening, opened_, stopped, rejected_, taken} {
			for _, act := range actions {
				to, ok := table[edge{kind, state, act}]
				expected, should := want[kind][state][act]
				require.Equal(t, should, ok, "%s %s %s", kind, state, act)
				require.Equal(t, expected, to, "%s %s %s", kind, state, act)
				if ok {
					seen++
				}
			}
			app := store.AccountApplication{Kind: kind, State: state}
			require.NotEmpty(t, stateWord(app))
			require.NotEqual(t, string(state), stateWord(app), "in Chinese")
			require.Equal(t, state == applied || state == opening, app.Open())
		}
	}
	require.Len(t, table, seen, "nothing in the table but this")
}
