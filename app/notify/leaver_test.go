package notify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/notify"
	"guiju/store"
	"guiju/store/storetest"
)

// A card is redrawn for the holders who are here. A leaver's copy is nobody's
// job, and once he is back it is redrawn again.
func TestACardIsNotRedrawnForWhoHasLeft(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		becomes := func(member int, status store.MemberStatus) {
			d.tx(func(tx *store.Tx) error {
				m, err := tx.Member(d.members[member])
				if err != nil {
					return err
				}
				m.Status = status
				return tx.SaveMember(&m)
			})
		}
		redraws := func() {
			d.phase++
			d.refresh()
			d.drain()
		}
		c := d.sendCard()
		becomes(0, store.MemberLeft)
		redraws()
		require.Len(t, d.platform.updates, 1)
		require.Equal(t, []string{"HeJing"}, d.platform.updates[0].UserIDs)
		becomes(1, store.MemberDisabled)
		redraws()
		require.Len(t, d.platform.updates, 1, "nobody is left to see it")
		jobs, err := db.Reader(t.Context()).Jobs(store.JobFilter{State: store.JobBuried})
		require.NoError(t, err)
		require.Empty(t, jobs)
		becomes(1, store.MemberActive)
		d.tx(func(tx *store.Tx) error {
			_, err := d.notify.Press(tx, "assistant", c.TaskID, notify.Key(1, "收到 M1"), "fresh-code")
			return err
		})
		d.drain()
		require.Len(t, d.platform.updates, 2, "and shown again to who is back")
		require.Equal(t, "第3版", d.platform.updates[1].Card.MainTitle.Title)
	})
}
