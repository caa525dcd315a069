package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestAccountApplications(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		do := func(fn func(tx *store.Tx) error) {
			t.Helper()
			require.NoError(t, db.InTx(context.Background(), fn))
		}
		r := db.Reader(t.Context())
		joins := clock.Now().Add(7 * 24 * time.Hour)
		a := store.AccountApplication{
			Number: "A20260302-0001", Kind: store.AccountCreate, State: store.AccountApplied, Phase: 1, RequestID: 5, ApplicantID: 7, App: "assistant",
			Name: "Li Xiao 林晓", DepartmentID: 4, Position: "市场专员", SuperiorID: 9, Category: "other", Apps: "审批 😀", EffectiveAt: joins,
		}
		b := a
		b.Number, b.RequestID, b.DepartmentID = "A20260302-0002", 6, 3
		do(func(tx *store.Tx) error { return tx.AddAccountApplication(&a) })
		do(func(tx *store.Tx) error { return tx.AddAccountApplication(&b) })
		twice := a
		require.ErrorIs(t, db.InTx(context.Background(), func(tx *store.Tx) error { return tx.AddAccountApplication(&twice) }), store.ErrDuplicate)

		read, err := r.AccountApplicationByNumber(a.Number)
		require.NoError(t, err)
		require.Equal(t, "审批 😀", read.Apps)
		require.True(t, read.EffectiveAt.Equal(joins))
		read, err = r.AccountApplicationOf(6)
		require.NoError(t, err)
		require.Equal(t, b.Number, read.Number)
		_, err = r.AccountApplication(99)
		require.ErrorIs(t, err, store.ErrNotFound)

		named := func(userid, name string) (numbers []string) {
			all, err := r.AccountApplicationsNamed(store.AccountCreate, userid, name, 10)
			require.NoError(t, err)
			for _, app := range all {
				numbers = append(numbers, app.Number)
			}
			return numbers
		}
		require.Equal(t, []string{a.Number, b.Number}, named("", "LI XIAO 林晓"), "names compare folded")
		require.Empty(t, named("", "林晓"), "an account without a name matches nobody's")
		do(func(tx *store.Tx) error {
			b.UserID, b.State = "LinXiao", store.AccountOpening
			return tx.SaveAccountApplication(&b)
		})
		require.Equal(t, []string{b.Number}, named("linxiao", "somebody else"))
		require.ErrorIs(t, db.InTx(context.Background(), func(tx *store.Tx) error {
			stale := b
			stale.Version--
			return tx.SaveAccountApplication(&stale)
		}), store.ErrConflict)

		do(func(tx *store.Tx) error {
			b.State, b.MemberID = store.AccountOpened, 12
			return tx.SaveAccountApplication(&b)
		})
		require.Empty(t, named("linxiao", ""), "only those still open")
		about, err := r.AccountApplicationsFor(12, []store.AccountState{store.AccountOpened}, 10)
		require.NoError(t, err)
		require.Len(t, about, 1)
		counts, err := r.CountAccountApplications()
		require.NoError(t, err)
		require.Equal(t, []store.AccountCount{{store.AccountCreate, store.AccountApplied, 1}, {store.AccountCreate, store.AccountOpened, 1}}, counts)
		in, err := r.AccountApplicationsIn(store.AccountCreate, store.AccountApplied, 10)
		require.NoError(t, err)
		require.Len(t, in, 1)
		by, err := r.AccountApplicationsBy(7, store.AccountApplied, 10)
		require.NoError(t, err)
		require.Len(t, by, 1)
	})
}

func TestAccountArrivalsAndIdleMembers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		do := func(fn func(tx *store.Tx) error) {
			t.Helper()
			require.NoError(t, db.InTx(context.Background(), fn))
		}
		r := db.Reader(t.Context())
		_, err := r.AccountArrival(3)
		require.ErrorIs(t, err, store.ErrNotFound)
		arrival := store.AccountArrival{MemberID: 3, JoinedAt: clock.Now()}
		do(func(tx *store.Tx) error { return tx.PutAccountArrival(arrival) })
		arrival.ApplicationID = 8
		do(func(tx *store.Tx) error { return tx.PutAccountArrival(arrival) })
		read, err := r.AccountArrival(3)
		require.NoError(t, err)
		require.EqualValues(t, 8, read.ApplicationID)
		require.True(t, read.JoinedAt.Equal(clock.Now()))

		start := clock.Now()
		add := func(userid string, status store.MemberStatus, seen *time.Time) store.Member {
			m := store.Member{UserID: userid, Name: userid, Status: status, SeenAt: seen}
			do(func(tx *store.Tx) error { return tx.AddMember(&m) })
			return m
		}
		early, late := start.Add(-90*24*time.Hour), start.Add(time.Hour)
		add("fresh", store.MemberActive, nil)
		add("idle", store.MemberActive, &early)
		add("busy", store.MemberActive, &late)
		add("gone", store.MemberLeft, &early)
		add("never", store.MemberInactive, nil)
		idle, err := r.IdleMembers(start.Add(-60*24*time.Hour), 10)
		require.NoError(t, err)
		require.Len(t, idle, 1)
		require.Equal(t, "idle", idle[0].UserID)
		idle, err = r.IdleMembers(start.Add(time.Minute), 2)
		require.NoError(t, err)
		require.Len(t, idle, 2)
		require.Equal(t, "idle", idle[0].UserID, "the longest idle first")
		n, err := r.CountIdleMembers(start.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, 3, n)

		lost := add("lost", store.MemberActive, nil)
		do(func(tx *store.Tx) error {
			lost.SuspendedAt = &start
			return tx.SaveMember(&lost)
		})
		suspended, err := r.SuspendedMembers(10)
		require.NoError(t, err)
		require.Len(t, suspended, 1)
	})
}
