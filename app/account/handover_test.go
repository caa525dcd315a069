package account

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// 指定接手人 in every state of a hand-over, for each reason.
func TestEveryHandOverAndAppointment(t *testing.T) {
	const superior, other = 7, 8
	to, himself := store.Member{ID: 9, Name: "孙七"}, store.Member{ID: 5, Name: "周八"}
	for _, reason := range []store.HandOverReason{store.HandOverLeft, store.HandOverMoved, store.HandOverStopped} {
		for _, state := range []store.HandOverState{store.HandOverRunning, store.HandOverListed, store.HandOverDone, store.HandOverCancelled} {
			h := store.HandOver{Number: "JJ20260302-0001", MemberID: himself.ID, ToID: superior, Reason: reason, State: state}
			collected := state == store.HandOverListed || state == store.HandOverDone
			require.Equal(t, collected, appointable(h, 1, to) == nil, "%s %s", reason, state)
			require.Error(t, appointable(h, 0, to), "%s %s: nothing is left", reason, state)
			require.Error(t, appointable(h, 1, himself), "%s %s: back to himself", reason, state)
			require.NotEmpty(t, handOverWords[state])
			require.Contains(t, handOverTitle(h, "周八"), "周八")
		}
	}
	works := []store.HandOverWork{
		{ID: 1, State: store.WorkListed},
		{ID: 2, State: store.WorkMoved, ToID: superior},
		{ID: 3, State: store.WorkMoved, ToID: other},
		{ID: 4, State: store.WorkMoved}, // nobody could take it
	}
	ids := func(all []store.HandOverWork) (list []int64) {
		for _, w := range all {
			list = append(list, w.ID)
		}
		return list
	}
	require.Equal(t, []int64{1, 2}, ids(mine(works, superior)), "what nobody took, and what he took")
	require.Equal(t, []int64{1, 3}, ids(mine(works, other)))
	require.Equal(t, []int64{1}, ids(mine(works, to.ID)))
}
