package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

// stepsOf repeats a purge until nothing old is left and answers what each step
// looked at.
func stepsOf(t *testing.T, db *store.DB, purge func(tx *store.Tx) (int, error)) []int {
	t.Helper()
	var all []int
	for range 10 {
		var n int
		inTx(t, db, func(tx *store.Tx) (err error) {
			n, err = purge(tx)
			return err
		})
		if n == 0 {
			return all
		}
		all = append(all, n)
	}
	t.Fatal("the purge does not end")
	return nil
}

func TestPurgeHandOverWorksForgetsTitles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		put := func(id int64, state string) {
			inTx(t, db, func(tx *store.Tx) error {
				return tx.PutHandOverWork(store.HandOverWork{
					HandOverID: 3, Domain: "communication", SubjectKind: "item", SubjectID: id, Number: fmt.Sprint("ZX", id), Title: "秘密", State: state,
				})
			})
		}
		inTx(t, db, func(tx *store.Tx) error {
			for id := range int64(205) { // all in one instant
				err := tx.PutHandOverWork(store.HandOverWork{
					HandOverID: 3, Domain: "communication", SubjectKind: "item", SubjectID: id + 1, Number: fmt.Sprint("ZX", id+1), Title: "秘密", State: store.WorkListed,
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		clock.Advance(time.Hour)
		put(7, store.WorkMoved)
		put(300, store.WorkListed)
		before := clock.Now()
		purge := func(tx *store.Tx) (int, error) { return tx.PurgeHandOverWorks(before) }
		require.Equal(t, []int{200, 4}, stepsOf(t, db, purge))
		titled := func() (ids []int64) {
			works, err := db.Reader(t.Context()).HandOverWorks(3, 1000)
			require.NoError(t, err)
			require.Len(t, works, 206)
			for _, w := range works {
				require.Equal(t, fmt.Sprint("ZX", w.SubjectID), w.Number)
				if w.Title != "" {
					ids = append(ids, w.SubjectID)
				}
			}
			return ids
		}
		require.Equal(t, []int64{7, 300}, titled(), "what changed hands since and what is young")

		clock.Advance(time.Minute)
		before = clock.Now()
		require.Equal(t, []int{2}, stepsOf(t, db, purge))
		require.Empty(t, titled())
	})
}

func TestPurgeAccountApplicationsKeepsTheRecord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		add := func(number string) store.AccountApplication {
			a := store.AccountApplication{
				Number: number, Kind: store.AccountCreate, State: store.AccountApplied, Phase: 1, RequestID: 5, ApplicantID: 7, App: "assistant", MemberID: 12,
				Name: "孙七", DepartmentID: 4, Position: "专员", SuperiorID: 7, Category: "sales", Apps: "gj", UserID: "SunQi", Reason: "秘密", EffectiveAt: clock.Now(),
			}
			inTx(t, db, func(tx *store.Tx) error { return tx.AddAccountApplication(&a) })
			return a
		}
		open, ended := add("A1"), add("A2")
		now := clock.Now()
		ended.State, ended.EndedAt = store.AccountOpened, &now
		inTx(t, db, func(tx *store.Tx) error { return tx.SaveAccountApplication(&ended) })
		purge := func(tx *store.Tx) (int, error) { return tx.PurgeAccountApplications(now.Add(time.Hour)) }
		require.Empty(t, stepsOf(t, db, func(tx *store.Tx) (int, error) { return tx.PurgeAccountApplications(now) }), "not old yet")
		require.Equal(t, []int{1}, stepsOf(t, db, purge))

		got, err := db.Reader(t.Context()).AccountApplicationByNumber("A2")
		require.NoError(t, err)
		require.Empty(t, got.Name+got.NameFold+got.Position+got.Category+got.Apps+got.UserID+got.UserIDFold+got.Reason)
		require.Equal(t, store.AccountOpened, got.State)
		require.EqualValues(t, 12, got.MemberID)
		require.True(t, got.EndedAt.Equal(now))
		got, err = db.Reader(t.Context()).AccountApplication(open.ID)
		require.NoError(t, err)
		require.Equal(t, "孙七秘密", got.Name+got.Reason, "somebody still has to act")

		later := now.Add(time.Minute) // within the hour that is looked at: it ended since
		open.State, open.EndedAt = store.AccountWithdrawn, &later
		inTx(t, db, func(tx *store.Tx) error { return tx.SaveAccountApplication(&open) })
		require.Equal(t, []int{1}, stepsOf(t, db, purge))
	})
}

func TestPurgeContactEvents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		now := clock.Now()
		inTx(t, db, func(tx *store.Tx) error {
			for i := range 203 {
				at := now.Add(-time.Duration(i) * time.Second) // what happened later may come first
				if err := tx.AddContactEvent(&store.ContactEvent{ChangeType: "update_user", UserID: "sunqi", Detail: "{}", At: at}); err != nil {
					return err
				}
			}
			return nil
		})
		require.Equal(t, []int{200, 2}, stepsOf(t, db, func(tx *store.Tx) (int, error) { return tx.PurgeContactEvents(now) }))
		left, err := db.Reader(t.Context()).ContactEventsAfter(0, 10)
		require.NoError(t, err)
		require.Len(t, left, 1)
		require.True(t, left[0].At.Equal(now))
	})
}
