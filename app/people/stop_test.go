package people

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/wecom"
)

// What WeCom shows of somebody whose access was ended before WeCom knew.
func TestAStopHoldsUntilWeComKnows(t *testing.T) {
	now := store.Member{}.CreatedAt
	stopped := store.Member{ID: 1, UserID: "zhouba", Name: "周八", Status: store.MemberDisabled, StoppedAt: &now}
	for status, want := range map[wecom.MemberStatus]struct {
		status store.MemberStatus
		holds  bool
	}{
		wecom.NotActivated: {store.MemberDisabled, true},
		wecom.Disabled:     {store.MemberDisabled, false},
		wecom.LeftCorp:     {store.MemberLeft, false},
		1:                  {store.MemberDisabled, true}, // active: the console has not been used yet
	} {
		seen := seenAs(stopped, wecom.Member{UserID: "zhouba", Name: "周八", Status: status})
		require.Equal(t, want.status, seen.Status, "WeCom says %d", status)
		require.Equal(t, want.holds, seen.StoppedAt != nil, "WeCom says %d", status)
		require.False(t, seen.Present())
	}
	back := seenAs(store.Member{ID: 1, UserID: "zhouba", Status: store.MemberDisabled}, wecom.Member{UserID: "zhouba", Status: 1})
	require.True(t, back.Present(), "disabled by WeCom and enabled again, he is back")
}
