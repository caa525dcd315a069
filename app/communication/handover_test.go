package communication_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/store"
	"guiju/store/storetest"
)

var _ people.HandOver = desk{}.domain

func (d *desk) list(name string) (numbers []string) {
	d.t.Helper()
	work, err := d.domain.List(d.db.Reader(d.t.Context()), d.members[name].ID, 20)
	require.NoError(d.t, err)
	for _, w := range work {
		numbers = append(numbers, w.Number)
	}
	return numbers
}

func (d *desk) reassigns(number, from, to string) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) error {
		return d.domain.Reassign(tx, d.item(number).Subject(), d.members[from].ID, d.members[to].ID, from+"已离职")
	})
}

func (d *desk) leaves(name string) {
	d.t.Helper()
	d.tx(func(tx *store.Tx) error {
		m := d.members[name]
		m.Status = store.MemberLeft
		err := tx.SaveMember(&m)
		d.members[name] = m
		return err
	})
}

func (d *desk) answering(number string) (names []string) {
	d.t.Helper()
	parties, err := d.db.Reader(d.t.Context()).ItemParties(d.item(number).ID)
	require.NoError(d.t, err)
	for _, p := range parties {
		for name, m := range d.members {
			if p.Active && m.ID == p.MemberID {
				names = append(names, name)
			}
		}
	}
	return names
}

// What somebody owes is listed oldest first; what he asked, only once he left.
func TestHandOverLists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		open, answered := d.opens("inquiry", "open", true), d.opens("inquiry", "answered", true)
		d.opens("inquiry", "closed", true)
		d.opens("notice", "withdrawn", true)
		notice := d.opens("notice", "open", true)
		require.Equal(t, []string{open, answered, notice}, d.list("receiver"))
		require.Empty(t, d.list("asker"), "his questions stay his while he works here")
		d.leaves("asker")
		require.Equal(t, []string{open, answered, notice}, d.list("asker"))
		work, err := d.domain.List(db.Reader(t.Context()), d.members["receiver"].ID, 2)
		require.NoError(t, err)
		require.Len(t, work, 2)
		require.Equal(t, "咨询：报销发票怎么开", work[0].Title)
	})
}

// Work that is given on leaves the list, comes to another with a clock of his
// own, and stays there when it is given on again.
func TestHandOverOfWhatIsOwed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		for _, state := range []string{"open", "answered"} {
			number := d.opens("inquiry", state, true)
			d.reassigns(number, "receiver", "boss")
			require.Equal(t, []string{"boss"}, d.answering(number), state)
			require.NotContains(t, d.list("receiver"), number)
			require.Contains(t, d.list("boss"), number)
			lines := d.history(number)
			d.reassigns(number, "receiver", "boss")
			d.reassigns(number, "receiver", "colleague")
			require.Equal(t, []string{"boss"}, d.answering(number), "once")
			require.Equal(t, lines, d.history(number), "once")
			require.Equal(t, state, string(d.item(number).State), "whoever was answered decides as before")
		}
		number := d.opens("inquiry", "open", true)
		d.reassigns(number, "receiver", "colleague")
		require.Contains(t, d.says("colleague", "回复 "+number+" 写全称"), "【已受理】")
		require.Contains(t, d.says("receiver", "回复 "+number+" 写全称"), "已转交他人")
	})
}

// Nobody answers his own question, and nobody is left where there is nobody.
func TestHandOverToNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		for _, to := range []string{"asker", ""} {
			number := d.opens("inquiry", "open", true)
			d.reassigns(number, "receiver", to)
			require.Empty(t, d.answering(number))
			require.NotContains(t, d.list("receiver"), number)
		}
		notice := numbers.FindString(d.says("asker", "发通知 receiver、colleague 三点开会"))
		d.reassigns(notice, "receiver", "colleague")
		require.Equal(t, []string{"colleague"}, d.answering(notice), "who has it already, once")
		last := d.opens("notice", "open", true)
		d.reassigns(last, "receiver", "")
		require.Equal(t, store.ItemClosed, d.item(last).State, "nobody is left to answer it")
	})
}

// What a leaver asked ends; what somebody who works here asked does not.
func TestHandOverOfWhatWasAsked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		d := newDesk(t, db, clock)
		number := d.opens("inquiry", "answered", true)
		d.reassigns(number, "asker", "top")
		require.Equal(t, store.ItemAnswered, d.item(number).State)
		d.leaves("asker")
		d.reassigns(number, "asker", "top")
		require.Equal(t, store.ItemWithdrawn, d.item(number).State)
		lines := d.history(number)
		d.reassigns(number, "asker", "top")
		require.Equal(t, lines, d.history(number), "once")
		require.Empty(t, d.list("asker"))
		require.Empty(t, d.list("receiver"))
	})
}
