package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

// addRequest stores a request of two steps by member 1, decided by 2.
func addRequest(t *testing.T, db *store.DB, number string) (store.Request, []store.RequestStep) {
	t.Helper()
	q := store.Request{
		Number: number, Kind: "permission", ApplicantID: 1, AboutID: 1, App: "assistant", Title: "秘密", Content: "秘密", Personal: "秘密", Data: "秘密",
		State: store.RequestRunning, DeliveryID: 9,
	}
	steps := []store.RequestStep{{Name: "直接上级", Whom: "superior", WorkLimit: "1wd"}, {Name: "管理员", Whom: "role:administrator", Command: "已开通"}}
	inTx(t, db, func(tx *store.Tx) error {
		if err := tx.AddRequest(&q, steps); err != nil {
			return err
		}
		return tx.PutRequestDecider(store.RequestDecider{StepID: steps[0].ID, MemberID: 2, RequestID: q.ID, State: store.DeciderOpen})
	})
	return q, steps
}

func TestRequestsKeepTheirStepsDecidersAndHistory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		q, steps := addRequest(t, db, "A1")
		other, _ := addRequest(t, db, "A2")
		r := db.Reader(t.Context())
		got, err := r.RequestByNumber("A1")
		require.NoError(t, err)
		require.Equal(t, q, got)
		require.Equal(t, "request:1", got.Subject().String())
		read, err := r.RequestSteps(q.ID)
		require.NoError(t, err)
		require.Equal(t, steps, read)
		require.Equal(t, store.StepWaiting, read[1].State)
		require.EqualValues(t, 1, read[1].Position)

		now := clock.Now()
		inTx(t, db, func(tx *store.Tx) error {
			steps[0].State, steps[0].DecidedAt, steps[0].DecidedBy, steps[0].Opinion = store.StepApproved, &now, 2, "好"
			if err := tx.SaveRequestStep(&steps[0]); err != nil {
				return err
			}
			if err := tx.EndRequestDeciders(steps[0].ID); err != nil {
				return err
			}
			q.Position, q.UrgedAt = 1, &now
			if err := tx.SaveRequest(&q); err != nil {
				return err
			}
			return tx.AddRequestEntry(store.RequestEntry{RequestID: q.ID, StepID: steps[0].ID, MemberID: 2, Kind: store.RequestAgreed, Text: "好", Source: "card", DeliveryID: 3, At: now})
		})
		one, err := r.RequestStep(steps[0].ID)
		require.NoError(t, err)
		require.Equal(t, steps[0], one)
		entries, err := r.RequestEntries(q.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []store.RequestEntry{{ID: 1, RequestID: q.ID, StepID: steps[0].ID, MemberID: 2, Kind: store.RequestAgreed, Text: "好", Source: "card", DeliveryID: 3, At: now}}, entries)

		open := []store.DeciderState{store.DeciderOpen}
		waiting, err := r.RequestsDecided(2, open, 10)
		require.NoError(t, err)
		require.Equal(t, []store.Request{other}, waiting)
		had, err := r.RequestsDecided(2, []store.DeciderState{store.DeciderOpen, store.DeciderEnded}, 10)
		require.NoError(t, err)
		require.Equal(t, []store.Request{other, q}, had, "newest first")
		nobody, err := r.RequestsDecided(3, open, 10)
		require.NoError(t, err)
		require.Empty(t, nobody)
		mine, err := r.RequestsOf(1, []store.RequestState{store.RequestRunning}, 1)
		require.NoError(t, err)
		require.Equal(t, []store.Request{other}, mine)

		inTx(t, db, func(tx *store.Tx) error { // again open: a decider comes back
			return tx.PutRequestDecider(store.RequestDecider{StepID: steps[0].ID, MemberID: 2, RequestID: q.ID, DeputyFor: 5, State: store.DeciderOpen})
		})
		deciders, err := r.RequestDeciders(q.ID)
		require.NoError(t, err)
		require.Len(t, deciders, 1)
		require.Equal(t, store.DeciderOpen, deciders[0].State)
		require.EqualValues(t, 5, deciders[0].DeputyFor)

		for _, err := range []error{second(r.Request(99)), second(r.RequestByNumber("A9")), second(r.RequestStep(99))} {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		stale := q
		stale.Version--
		err = db.InTx(t.Context(), func(tx *store.Tx) error {
			err := tx.SaveRequest(&stale)
			require.ErrorIs(t, err, store.ErrConflict)
			return nil
		})
		require.NoError(t, err)
	})
}

func second[T any](_ T, err error) error { return err }

func TestPurgeRequests(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ends := func(number string, state store.RequestState) store.Request {
			q, steps := addRequest(t, db, number)
			inTx(t, db, func(tx *store.Tx) error {
				now := tx.Now()
				steps[0].Opinion = "秘密"
				if state != store.RequestRunning {
					q.State, q.FinishedAt = state, &now
				}
				clock := store.Clock{SubjectKind: "request_step", SubjectID: steps[0].ID, Title: "秘密", State: store.ClockMet, ReceiverID: 2}
				if err := tx.AddClock(&clock); err != nil {
					return err
				}
				if err := tx.SaveRequestStep(&steps[0]); err != nil {
					return err
				}
				if err := tx.AddRequestEntry(store.RequestEntry{RequestID: q.ID, Kind: store.RequestAgreed, Text: "秘密", At: now}); err != nil {
					return err
				}
				return tx.SaveRequest(&q)
			})
			return q
		}
		// secrets counts what is left of a request's words: personal data, the
		// rest of the row, opinion, history and clock.
		secrets := func(q store.Request) (personal, written int) {
			r := db.Reader(t.Context())
			got, err := r.Request(q.ID)
			require.NoError(t, err)
			require.Equal(t, q.Number, got.Number)
			steps, err := r.RequestSteps(q.ID)
			require.NoError(t, err)
			entries, err := r.RequestEntries(q.ID, 10)
			require.NoError(t, err)
			clocks, err := r.ClocksOf(steps[0].Subject(), 10)
			require.NoError(t, err)
			for _, text := range []string{got.Personal, got.Data} {
				personal += len(text) / len("秘密")
			}
			for _, text := range []string{got.Title, got.Content, steps[0].Opinion, entries[0].Text, clocks[0].Title} {
				written += len(text) / len("秘密")
			}
			return personal, written
		}
		purge := func(bodies, archived time.Time) (n int) {
			inTx(t, db, func(tx *store.Tx) (err error) {
				n, err = tx.PurgeRequests(bodies, archived)
				return err
			})
			return n
		}
		check := func(q store.Request, personal, written int) {
			t.Helper()
			p, w := secrets(q)
			require.Equal(t, [2]int{personal, written}, [2]int{p, w}, q.Number)
		}
		running, approved := ends("A1", store.RequestRunning), ends("A2", store.RequestApproved)
		rejected, withdrawn := ends("A3", store.RequestRejected), ends("A4", store.RequestWithdrawn)
		old := clock.Now().Add(-time.Hour)
		require.Zero(t, purge(clock.Now(), old), "not old yet")
		clock.Advance(time.Minute)
		require.Equal(t, 4, purge(clock.Now(), old), "looked at")
		require.Zero(t, purge(clock.Now(), old), "one walk a day")
		check(running, 2, 5)
		check(approved, 0, 5)
		check(rejected, 0, 5)
		check(withdrawn, 0, 0)
		clock.Advance(24 * time.Hour)
		require.Equal(t, 4, purge(clock.Now(), clock.Now()))
		check(running, 2, 5)
		check(approved, 0, 0)
		check(rejected, 0, 0)
	})
}

func TestPendingSaysWhatIsOpen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		pending := func(member int64) store.Pending {
			p, err := db.Reader(t.Context()).PendingOf(member)
			require.NoError(t, err)
			return p
		}
		require.Equal(t, store.Pending{}, pending(1))
		q, _ := addRequest(t, db, "A1")
		inTx(t, db, func(tx *store.Tx) error {
			if err := tx.AddItem(&store.Item{Number: "M1", SenderID: 2, State: store.ItemAnswered}); err != nil {
				return err
			}
			if err := tx.AddItem(&store.Item{Number: "M2", SenderID: 1, State: store.ItemOpen}); err != nil {
				return err
			}
			return tx.AddTask(&store.Task{Number: "T1", OwnerID: 3, State: store.TaskExecuting})
		})
		require.Equal(t, store.Pending{Requests: true}, pending(1))
		require.Equal(t, store.Pending{Answered: true}, pending(2))
		require.Equal(t, store.Pending{Tasks: true}, pending(3))
		inTx(t, db, func(tx *store.Tx) error {
			q.State = store.RequestApproved
			return tx.SaveRequest(&q)
		})
		require.Equal(t, store.Pending{}, pending(1))
	})
}

// What is attached to a request stays as long as the request is kept: while it
// is open, and in the archive until its time is over.
func TestAttachmentsStayWithTheirRequest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		names := map[int64]string{}
		for _, state := range []store.RequestState{store.RequestRunning, store.RequestApproved, store.RequestWithdrawn} {
			q, _ := addRequest(t, db, "A-"+string(state))
			inTx(t, db, func(tx *store.Tx) error {
				if now := tx.Now(); state != store.RequestRunning {
					q.State, q.FinishedAt = state, &now
				}
				if err := tx.SaveRequest(&q); err != nil {
					return err
				}
				a, err := tx.AddAttachment(store.Attachment{MemberID: 1, Kind: "file", Name: string(state)})
				if err != nil {
					return err
				}
				names[a.ID] = a.Name
				return tx.FileAttachments(q.Subject(), a.ID)
			})
		}
		old := func(unarchived, archived time.Time) (all []string) {
			clock.Advance(24 * time.Hour)
			inTx(t, db, func(tx *store.Tx) error {
				found, _, err := tx.OldAttachments(unarchived, archived)
				for _, a := range found {
					all = append(all, names[a.ID])
				}
				return err
			})
			return all
		}
		ended := clock.Now()
		require.Equal(t, []string{"withdrawn"}, old(ended.Add(time.Hour), ended))
		require.Equal(t, []string{"approved", "withdrawn"}, old(ended.Add(time.Hour), ended.Add(time.Hour)))
	})
}
