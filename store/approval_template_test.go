package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

// G1-3.2(4)a: a version with a later effective date leaves the old one in force
// until then.
func TestApprovalTemplatesComeIntoForce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		at := clock.Now()
		put := func(version string, effective time.Time) (row store.ApprovalTemplate, changed bool) {
			t.Helper()
			require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) (err error) {
				row = store.ApprovalTemplate{Key: "leave", Version: version, Hash: "h" + version, Definition: `{"v":"` + version + `"}`, EffectiveAt: effective}
				changed, err = tx.PutApprovalTemplate(&row)
				return err
			}))
			return row, changed
		}
		inForce := func(at time.Time) string {
			t.Helper()
			row, err := db.Reader(t.Context()).ApprovalTemplateInForce("leave", at)
			require.NoError(t, err)
			return row.Version
		}
		_, err := db.Reader(t.Context()).ApprovalTemplateInForce("leave", at)
		require.ErrorIs(t, err, store.ErrNotFound)

		first, changed := put("1.0.0", at)
		require.True(t, changed)
		again, changed := put("1.0.0", at.Add(time.Hour))
		require.False(t, changed, "the same definition is no new version")
		require.Equal(t, first.ID, again.ID)

		planned, _ := put("1.1.0", at.AddDate(0, 0, 7))
		require.Equal(t, "1.0.0", inForce(at))
		require.Equal(t, "1.1.0", inForce(at.AddDate(0, 0, 7)))

		put("1.2.0", at.AddDate(0, 0, 3))
		require.Equal(t, "1.2.0", inForce(at.AddDate(0, 0, 30)), "what was planned and is planned no more never holds")
		_, err = db.Reader(t.Context()).ApprovalTemplate(planned.ID)
		require.ErrorIs(t, err, store.ErrNotFound)

		clock.Set(at.AddDate(0, 0, 4))
		back, changed := put("1.0.0", clock.Now())
		require.True(t, changed)
		require.Equal(t, first.ID, back.ID)
		require.Equal(t, "1.0.0", inForce(clock.Now()), "a definition that is taken back to holds again")

		all, err := db.Reader(t.Context()).ApprovalTemplateVersions("leave", 10)
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Empty(t, all[0].Definition)
	})
}

func TestLeavesThatOverlap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		day := clock.Now().Truncate(24 * time.Hour)
		leave := store.Leave{RequestID: 7, MemberID: 1, DeputyID: 2, FromAt: day, UntilAt: day.AddDate(0, 0, 2), State: store.LeaveAsked, Span: "s", Instead: "孙七"}
		put := func(l store.Leave) {
			require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error { return tx.PutLeave(l) }))
		}
		put(leave)
		within := func(from, until int) int {
			all, err := db.Reader(t.Context()).LeavesWithin(1, day.AddDate(0, 0, from), day.AddDate(0, 0, until), 10)
			require.NoError(t, err)
			return len(all)
		}
		require.Equal(t, 1, within(1, 5))
		require.Equal(t, 0, within(2, 5), "the day after the last one is free")
		require.Equal(t, 0, within(-3, 0))
		leave.State = store.LeaveOver
		put(leave)
		require.Equal(t, 0, within(0, 5), "what is over is in nobody's way")
		kept, err := db.Reader(t.Context()).Leave(7)
		require.NoError(t, err)
		require.Equal(t, store.LeaveOver, kept.State)
	})
}
