package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Events with the largest and strangest values a platform may send are taken,
// and bury nothing.
func TestStrangeContactEventsBuryNothing(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		field := func(name, value string) string { return fmt.Sprintf("<%s><![CDATA[%s]]></%s>", name, value, name) }
		users := make([]string, 10_000)
		for i := range users {
			users[i] = fmt.Sprintf("user%05d", i)
		}
		forty := make([]string, 40)
		for i := range forty {
			forty[i] = fmt.Sprint(i + 1)
		}
		now := w.Now()
		for _, e := range []struct{ change, fields string }{
			{"update_tag", field("TagId", "1") + field("AddUserItems", strings.Join(users, ","))},
			{"update_tag", field("TagId", "99999999999999999999") + field("DelUserItems", "zhouba")},
			{"update_user", field("UserID", "zhouba") + field("Department", strings.Join(forty, ","))},
			{"update_user", field("UserID", "zhouba") + field("Department", "3,x") + field("Name", strings.Repeat("名", 500)) + field("Position", strings.Repeat("位", 500))},
			{"update_user", field("UserID", "zhouba") + field("NewUserID", "zhouba#merged-1")},
			{"update_user", field("UserID", "zhouba") + field("NewUserID", strings.Repeat("z", 200))},
			{"update_user", field("UserID", strings.Repeat("y", 64)) + field("NewUserID", strings.Repeat("z", 64))},
			{"update_user", field("UserID", "zhouba") + field("DirectLeader", strings.Repeat("z", 300))},
			{"update_user", field("UserID", "")},
			{"delete_user", field("UserID", "")},
			{"delete_user", field("UserID", "nobody-we-know")},
			{"create_user", field("UserID", "a b\tc")},
			{"create_party", field("Id", "-4")},
			{"update_party", field("Id", "3") + field("ParentId", "3")},
			{"delete_party", field("Id", "0")},
			{"delete_party", ""},
		} {
			require.Equal(t, 200, w.ContactEvent(now, e.change, e.fields), e.change)
		}
		w.Advance(5 * time.Minute)
		require.Empty(t, w.buried())
		require.Contains(t, w.Says("周八", "我的权限"), "销售团队", "what WeCom says counts in the end")
	})
}
