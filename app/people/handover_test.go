package people_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/callback/event"
	"guiju/store"
	"guiju/store/storetest"
)

// desk is a domain whose work lies in memory; what a transaction undoes it does
// not, so it also shows that moving twice is harmless.
type desk struct {
	of    map[int64]int64 // work → member
	stuck bool            // it lists what it has passed on
	moves int
}

func (d *desk) Label() string { return "工作" }

func (d *desk) List(_ *store.Reader, member int64, limit int) ([]people.Work, error) {
	var all []people.Work
	for id := range int64(len(d.of)) {
		if d.of[id] == member && len(all) < limit {
			all = append(all, people.Work{Number: fmt.Sprintf("W%d", id), Title: "事", Subject: store.Subject{Kind: "work", ID: id}})
		}
	}
	return all, nil
}

func (d *desk) Reassign(_ *store.Tx, w store.Subject, from, to int64, _ string) error {
	d.moves++
	if d.of[w.ID] == from && !d.stuck {
		d.of[w.ID] = to
	}
	return nil
}

func deskOf(o *office, name string, works int) *desk {
	d := &desk{of: map[int64]int64{}}
	for id := range int64(works) {
		d.of[id] = o.ids[name]
	}
	o.people.TakesOver("desk", d)
	return d
}

func (o *office) happens(name string, e event.Event) {
	o.Helper()
	o.tx(func(tx *store.Tx) error { return o.people.Changed(tx, people.Told{Key: "told:" + name, Event: e}) })
}

func (o *office) leaves(name string) {
	o.Helper()
	o.happens(name, &event.UserDeleted{Header: event.Header{ChangeType: "delete_user", CreateTime: o.clock.Now()}, UserID: name})
}

func (o *office) handOvers(name string) (all []store.HandOver) {
	o.Helper()
	for id := int64(1); ; id++ {
		h, err := o.db.Reader(o.Context()).HandOver(id)
		if err != nil {
			return all
		}
		if h.MemberID == o.ids[name] {
			all = append(all, h)
		}
	}
}

// All of a leaver's open work goes to his superior, page by page.
func TestALeaversWorkIsMoved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		d := deskOf(o, "zhouba", 53)
		var told []store.HandOver
		o.people.OnHandedOver(func(_ *store.Tx, h store.HandOver) error { told = append(told, h); return nil })
		o.leaves("zhouba")
		o.leaves("zhouba")
		o.advance(0)
		for id := range int64(53) {
			require.Equal(t, o.ids["shaojing"], d.of[id])
		}
		all := o.handOvers("zhouba")
		require.Len(t, all, 1)
		require.Equal(t, store.HandOverDone, all[0].State)
		require.Equal(t, o.ids["shaojing"], all[0].ToID)
		works, err := db.Reader(t.Context()).HandOverWorks(all[0].ID, 100)
		require.NoError(t, err)
		require.Len(t, works, 53)
		require.Len(t, told, 1)
	})
}

// A domain that goes on listing what it has passed on is not asked for ever.
func TestHandOverEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		d := deskOf(o, "zhouba", 30)
		d.stuck = true
		o.leaves("zhouba")
		o.advance(0)
		require.Equal(t, store.HandOverDone, o.handOvers("zhouba")[0].State)
		require.LessOrEqual(t, d.moves, 30)
	})
}

// Who is back before his work was moved keeps it.
func TestWhoIsBackKeepsHisWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		d := deskOf(o, "zhouba", 3)
		o.leaves("zhouba")
		o.tx(func(tx *store.Tx) error {
			m, err := tx.Member(o.ids["zhouba"])
			if err != nil {
				return err
			}
			m.Status = store.MemberActive
			return tx.SaveMember(&m)
		})
		o.advance(0)
		require.Equal(t, o.ids["zhouba"], d.of[0])
		require.Equal(t, store.HandOverCancelled, o.handOvers("zhouba")[0].State)
	})
}

// A mover's work is listed and stays his until somebody passes it on; the last
// piece ends the hand-over.
func TestAMoversWorkIsListed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := newOffice(t, db, clock)
		d := deskOf(o, "zhouba", 3)
		var told []store.HandOver
		o.people.OnHandedOver(func(_ *store.Tx, h store.HandOver) error { told = append(told, h); return nil })
		o.tx(func(tx *store.Tx) error { // he is no newcomer
			m, err := tx.Member(o.ids["zhouba"])
			if err != nil {
				return err
			}
			since := tx.Now()
			m.JoinedAt = &since
			return tx.SaveMember(&m)
		})
		o.happens("zhouba", &event.UserUpdated{
			Header: event.Header{ChangeType: "update_user", CreateTime: clock.Now()},
			Member: event.Member{UserID: "zhouba", Departments: event.Some([]string{"4"})},
		})
		queueOnce(t, o)
		require.Equal(t, o.ids["zhouba"], d.of[0])
		require.Len(t, told, 1)
		require.Equal(t, store.HandOverListed, told[0].State)
		states := func() (states []string) {
			o.tx(func(tx *store.Tx) error {
				if _, err := o.people.Refreshed(tx, told[0].ID); err != nil {
					return err
				}
				works, err := tx.HandOverWorks(told[0].ID, 10)
				for _, w := range works {
					states = append(states, w.State)
				}
				return err
			})
			return states
		}
		require.Equal(t, []string{store.WorkListed, store.WorkListed, store.WorkListed}, states())
		d.of[2] = o.ids["sunqi"] // it went its own way
		require.Equal(t, []string{store.WorkListed, store.WorkListed, store.WorkEnded}, states())
		require.Equal(t, []int64{3, 4}, []int64{told[0].OldDepartment, told[0].NewDepartment})
		for id := range int64(2) {
			o.tx(func(tx *store.Tx) error {
				_, err := o.people.PassOn(tx, told[0].ID, store.Subject{Kind: "work", ID: id}, o.ids["sunqi"], "转交")
				return err
			})
		}
		require.Equal(t, o.ids["sunqi"], d.of[1])
		require.Equal(t, store.HandOverDone, o.handOvers("zhouba")[0].State)
		require.ErrorIs(t, o.refused(func(tx *store.Tx) error {
			_, err := o.people.PassOn(tx, told[0].ID, store.Subject{Kind: "work", ID: 99}, o.ids["sunqi"], "转交")
			return err
		}), store.ErrNotFound)
	})
}

// queueOnce runs what is due but readings of WeCom, which the office has not.
func queueOnce(t *testing.T, o *office) {
	t.Helper()
	o.tx(func(tx *store.Tx) error {
		jobs, err := tx.Jobs(store.JobFilter{State: store.JobWaiting, Limit: 500})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if slices.Contains([]string{"people.read_member"}, j.Kind) {
				if _, err := tx.DropJob(j.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	o.advance(0)
}
