package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func sheet(title string, by int64) store.MatrixSheet {
	return store.MatrixSheet{
		MatrixEdition: store.MatrixEdition{Title: title, SavedBy: by},
		Nodes: []store.MatrixNode{
			{Node: 1, Name: "订单登记", Output: "订单", TimeLimit: "1个工作日"},
			{Node: 2, Name: "合同审核", KeyNode: true, Risk: true},
		},
		Posts: []store.MatrixPost{
			{Post: 1, Name: "销售经理", DepartmentID: 3},
			{Post: 2, Name: "财务经理", DepartmentID: 7, Duty: "审合同", Authority: "否决"},
		},
		Cells: []store.MatrixCell{
			{Node: 1, Post: 1, Letter: store.Responsible}, {Node: 1, Post: 1, Letter: store.Accountable},
			{Node: 2, Post: 1, Letter: store.Responsible}, {Node: 2, Post: 2, Letter: store.Accountable},
		},
	}
}

func TestMatrixEditionsAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		r := db.Reader(ctx)
		_, err := r.MatrixOf("P-02")
		require.ErrorIs(t, err, store.ErrNotFound)

		m := store.Matrix{Process: "P-02"}
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
			m = store.Matrix{Process: "P-02"}
			return tx.SaveMatrix(&m, sheet("销售订单", 11))
		}))
		clock.Advance(time.Hour)
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.Lock(store.Matrix{}.TableName(), m.ID); err != nil {
				return err
			}
			again, err := tx.MatrixOf("P-02")
			require.NoError(t, err)
			s := sheet("销售订单处理", 12)
			s.Nodes, s.Cells, s.Note = s.Nodes[:1], s.Cells[:2], "提醒"
			return tx.SaveMatrix(&again, s)
		}))
		require.ErrorIs(t, db.InTx(ctx, func(tx *store.Tx) error {
			stale := m
			return tx.SaveMatrix(&stale, sheet("迟到", 13))
		}), store.ErrConflict, "it has changed since")
		require.ErrorIs(t, db.InTx(ctx, func(tx *store.Tx) error {
			return tx.SaveMatrix(&store.Matrix{Process: "P-02"}, sheet("同时", 13))
		}), store.ErrConflict, "somebody else saved the first one")

		now, err := r.MatrixOf("P-02")
		require.NoError(t, err)
		require.Equal(t, 2, now.Edition)
		require.Equal(t, "销售订单处理", now.Title)
		require.Equal(t, int64(12), now.SavedBy)

		first, err := r.MatrixSheet(now.ID, 1)
		require.NoError(t, err)
		require.Equal(t, "销售订单", first.Title)
		require.Equal(t, []string{"订单登记", "合同审核"}, []string{first.Nodes[0].Name, first.Nodes[1].Name})
		require.True(t, first.Nodes[1].KeyNode && first.Nodes[1].Risk)
		require.Equal(t, "1个工作日", first.Nodes[0].TimeLimit)
		require.Equal(t, "否决", first.Posts[1].Authority)
		require.Len(t, first.Cells, 4)
		second, err := r.MatrixSheet(now.ID, 2)
		require.NoError(t, err)
		require.Len(t, second.Cells, 2)
		require.Equal(t, "提醒", second.Note)
		_, err = r.MatrixSheet(now.ID, 3)
		require.ErrorIs(t, err, store.ErrNotFound)

		editions, err := r.MatrixEditions(now.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []int{2, 1}, []int{editions[0].Edition, editions[1].Edition})
		require.Equal(t, time.Hour, editions[0].SavedAt.Sub(editions[1].SavedAt))

		nodes, err := r.NodesOfPosts([]string{"财务经理"}, 10)
		require.NoError(t, err)
		require.Empty(t, nodes, "only the edition in force counts")
		nodes, err = r.NodesOfPosts([]string{"销售经理"}, 10)
		require.NoError(t, err)
		require.Len(t, nodes, 2)
		require.Equal(t, "P-02", nodes[0].Process)
		require.Equal(t, "订单登记", nodes[0].Name)
		nodes, err = r.NodesNamed([]string{"订单登记"}, 10)
		require.NoError(t, err)
		require.Equal(t, "销售经理", nodes[0].Post)
		nodes, err = r.AccountableNodes(10)
		require.NoError(t, err)
		require.Len(t, nodes, 1)
		require.Equal(t, int64(3), nodes[0].DepartmentID)
		require.Equal(t, store.Accountable, nodes[0].Letter)
		posts, err := r.MatrixPosts(10)
		require.NoError(t, err)
		require.Equal(t, []string{"财务经理", "销售经理"}, posts)
		all, err := r.Matrices("P-01", 10)
		require.NoError(t, err)
		require.Len(t, all, 1)
		all, err = r.Matrices("P-02", 10)
		require.NoError(t, err)
		require.Empty(t, all)
	})
}

func TestMatrixThatIsTooLarge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		s := store.MatrixSheet{Nodes: make([]store.MatrixNode, store.MaxMatrixRows+1)}
		require.ErrorContains(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.SaveMatrix(&store.Matrix{Process: "P-02"}, s)
		}), "at most 180")
	})
}

func TestMatrixDraftsAreReplacedAndForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		do := func(fn func(tx *store.Tx) error) {
			t.Helper()
			require.NoError(t, db.InTx(context.Background(), fn))
		}
		r := db.Reader(t.Context())
		do(func(tx *store.Tx) error { return tx.PutMatrixDraft(7, "P-02", "{1}") })
		do(func(tx *store.Tx) error { return tx.PutMatrixDraft(8, "P-02", "{8}") })
		clock.Advance(time.Minute)
		do(func(tx *store.Tx) error { return tx.PutMatrixDraft(7, "P-02", "{2}") })
		d, err := r.MatrixDraft(7, "P-02")
		require.NoError(t, err)
		require.Equal(t, "{2}", d.Body)
		require.Equal(t, clock.Now(), d.TouchedAt.UTC())

		do(func(tx *store.Tx) error { return tx.DropMatrixDraft(7, "P-09", clock.Now()) })
		_, err = r.MatrixDraft(8, "P-02")
		require.ErrorIs(t, err, store.ErrNotFound, "nobody had touched it for a minute")
		do(func(tx *store.Tx) error { return tx.DropMatrixDraft(7, "P-02", clock.Now()) })
		_, err = r.MatrixDraft(7, "P-02")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestDutyViewsAddUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		for range 3 {
			clock.Advance(time.Minute)
			require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error { return tx.AddDutyView(7) }))
		}
		v, err := db.Reader(t.Context()).DutyView(7)
		require.NoError(t, err)
		require.Equal(t, int64(3), v.Views)
		require.Equal(t, clock.Now(), v.LastAt.UTC())
		_, err = db.Reader(t.Context()).DutyView(8)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}
