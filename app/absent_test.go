package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/callback"
	"guiju/callback/event"
	"guiju/store"
)

// Whoever is disabled or has left is turned away whatever he does; his
// half-filled form is gone and no question of his stays open.
func TestTheAbsentAreTurnedAway(t *testing.T) {
	for _, status := range []store.MemberStatus{store.MemberDisabled, store.MemberLeft} {
		t.Run(string(status), func(t *testing.T) {
			b := newBench(t, testConfig(t, "administrators: [admin]\n")).prepare()
			head := func() event.Header { return event.Header{FromUserName: "zhaoliu", CreateTime: monday} }
			does := func(ev event.Event) (told string) {
				b.write(func(tx *store.Tx) error {
					handled, err := b.dispatch(tx, callback.Delivery{Receiver: "assistant", App: "assistant", Event: ev, ReceivedAt: monday}, 1)
					told = handled.Reply
					return err
				})
				return told
			}
			become := func(s store.MemberStatus) {
				b.write(func(tx *store.Tx) error {
					m, err := tx.MemberByUserID("zhaoliu")
					if err != nil {
						return err
					}
					m.Status = s
					return tx.SaveMember(&m)
				})
			}
			says := func(text string) event.Event { return &event.Text{Header: head(), Content: text} }
			require.Contains(t, does(says("发通知 admin")), "【请补充】内容")
			become(status)
			for _, ev := range []event.Event{
				says("请更新资料"), says("我的待办"), says("帮助"), says("取消"), says(""), says("胡言乱语"),
				&event.Image{Header: head(), MediaID: "m"}, &event.Click{Header: head()}, &event.EnterAgent{Header: head()},
				&event.CardClick{Header: head(), TaskID: "item-1"}, &event.CardMenu{Header: head(), TaskID: "item-1"}, &event.Unknown{Header: head()},
			} {
				require.Equal(t, absent, does(ev), "%T", ev)
			}
			m, err := b.reader().MemberByUserID("zhaoliu")
			require.NoError(t, err)
			denied := 0
			entries, err := b.reader().AuditOf(store.Subject{Kind: "delivery", ID: 1}, 0, 100)
			require.NoError(t, err)
			for _, e := range entries {
				if e.Action == "permission.denied" && e.Actor == m.ID {
					denied++
				}
			}
			require.Equal(t, 12, denied, "each is on record")
			become(store.MemberActive)
			require.NotContains(t, does(says("请更新资料")), "已通知", "the form is gone")
		})
	}
}
