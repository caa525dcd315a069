package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestReviewOfAQuarter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		do := func(f func(tx *store.Tx) error) error { return db.InTx(ctx, f) }
		_, err := db.Reader(ctx).LatestReview()
		require.ErrorIs(t, err, store.ErrNotFound)
		review := store.Review{Number: "QS20260302-0001", Quarter: "2026Q1", State: store.ReviewGathering, App: "assistant", Phase: 1, DueAt: clock.Now().Add(time.Hour)}
		row := store.ReviewRow{Number: "QH20260302-0001", Kind: store.RoleRow, Role: "auditor", Title: "审计人员", Uses: "{}"}
		require.NoError(t, do(func(tx *store.Tx) error {
			if err := tx.AddReview(&review); err != nil {
				return err
			}
			row.ReviewID = review.ID
			return tx.AddReviewRow(&row)
		}))
		byName, err := db.Reader(ctx).ReviewByNumber("QS20260302-0001")
		require.NoError(t, err)
		require.Equal(t, review, byName)
		again := store.Review{Number: "QS20260302-0002", Quarter: "2026Q1", DueAt: clock.Now()}
		require.ErrorIs(t, do(func(tx *store.Tx) error { return tx.AddReview(&again) }), store.ErrDuplicate)
		twin := row
		twin.ID, twin.Number = 0, "QH20260302-0002"
		require.ErrorIs(t, do(func(tx *store.Tx) error { return tx.AddReviewRow(&twin) }), store.ErrDuplicate)

		r := db.Reader(ctx)
		found, err := r.ReviewByQuarter("2026Q1")
		require.NoError(t, err)
		require.Equal(t, review, found)
		latest, err := r.LatestReview()
		require.NoError(t, err)
		require.Equal(t, review.ID, latest.ID)
		rows, err := r.ReviewRows(review.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []store.ReviewRow{row}, rows)
		byNumber, err := r.ReviewRowByNumber("QH20260302-0001")
		require.NoError(t, err)
		require.Equal(t, row, byNumber)

		now := clock.Now()
		found.State, found.CompletedAt = store.ReviewComplete, &now
		row.Result, row.Measure, row.MarkedAt, row.MarkedBy = store.ReviewNormal, "无需调整", &now, 7
		require.NoError(t, do(func(tx *store.Tx) error {
			if err := tx.SaveReviewRow(&row); err != nil {
				return err
			}
			return tx.SaveReview(&found)
		}))
		require.ErrorIs(t, do(func(tx *store.Tx) error {
			stale := review // version 1
			return tx.SaveReview(&stale)
		}), store.ErrConflict)
		require.ErrorIs(t, do(func(tx *store.Tx) error {
			stale := byNumber
			return tx.SaveReviewRow(&stale)
		}), store.ErrConflict)
		saved, err := db.Reader(ctx).Review(review.ID)
		require.NoError(t, err)
		require.Equal(t, found, saved)
		savedRow, err := db.Reader(ctx).ReviewRow(row.ID)
		require.NoError(t, err)
		require.Equal(t, row, savedRow)
	})
}

func TestReviewFindings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		add := func(v store.ReviewFinding) (fresh bool) {
			require.NoError(t, db.InTx(ctx, func(tx *store.Tx) (err error) {
				fresh, err = tx.AddFinding(v)
				return err
			}))
			return fresh
		}
		finding := store.ReviewFinding{RowID: 3, Kind: "unused", MemberID: 7, Text: "120 天未使用", HoldingKind: "grant", HoldingID: 9, UniqueKey: "unused:9", State: store.FindingOpen}
		require.True(t, add(finding))
		require.False(t, add(finding), "a page that is read again adds nothing")
		finding.UniqueKey, finding.HoldingID = "unused:10", 10
		require.True(t, add(finding))
		finding.RowID = 4
		require.True(t, add(finding), "keys are of the row")

		read := func(row int64, states ...store.FindingState) []store.ReviewFinding {
			all, err := db.Reader(ctx).ReviewFindings(row, states, 0, 10)
			require.NoError(t, err)
			return all
		}
		require.Len(t, read(3), 2)
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.SettleFindings(3, store.FindingOpen, store.FindingAsked, 5) }))
		asked := read(3, store.FindingAsked)
		require.Len(t, asked, 2)
		require.EqualValues(t, 5, asked[0].ChangeID)
		require.Len(t, read(4, store.FindingOpen), 1, "another row's are left")
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.SettleFinding(asked[0].ID, store.FindingWithdrawn) }))
		require.Len(t, read(3, store.FindingAsked), 1)
		after, err := db.Reader(ctx).ReviewFindings(3, nil, asked[0].ID, 10)
		require.NoError(t, err)
		require.Len(t, after, 1)
	})
}

func TestUsesAreWrittenOnceADay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		use := func(member int64, permission string) {
			require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.NoteUse(member, permission) }))
		}
		uses := func(members ...int64) []store.PermissionUse {
			all, err := db.Reader(ctx).UsesOf(members)
			require.NoError(t, err)
			return all
		}
		first := clock.Now()
		use(1, "log.read")
		clock.Advance(23 * time.Hour)
		use(1, "log.read")
		use(2, "log.read")
		use(1, "perm.assign")
		require.Equal(t, []store.PermissionUse{
			{MemberID: 1, Permission: "log.read", UsedAt: first},
			{MemberID: 1, Permission: "perm.assign", UsedAt: clock.Now()},
		}, uses(1))
		clock.Advance(time.Hour)
		use(1, "log.read")
		require.Equal(t, clock.Now(), uses(1)[0].UsedAt)
		require.Len(t, uses(1, 2, 3), 3)
		require.Empty(t, uses())
	})
}
