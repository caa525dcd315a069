package permission_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/policy"
	"guiju/app/response"
	"guiju/store"
)

// Given somebody who owes six hundred answers of other kinds, when a change
// waits for him, then he can still name it and it is in his hand-over.
func TestAChangeIsFoundBehindManyOtherDuties(t *testing.T) {
	onSQLite(t, func(o *office) {
		for page := range 6 {
			o.tx(func(tx *store.Tx) error {
				for i := range 100 {
					_, err := o.clocks.Open(tx, response.Opening{
						Subject: store.Subject{Kind: "item", ID: int64(page*100 + i + 1)}, Number: fmt.Sprintf("M20260302-%04d", page*100+i+1),
						Title: "咨询", Class: policy.Normal, NeedsReply: true, Receiver: o.ids["王五"],
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		change := o.moves("周八", 4, "e1")
		require.Equal(t, store.ChangeOpen, change.State)
		works, err := o.domain.HandOver().List(o.reader(), o.ids["王五"], 5)
		require.NoError(t, err)
		require.Len(t, works, 1)
		require.Equal(t, change.Number, works[0].Number)
		require.Contains(t, o.says("王五", "权限变更 全部确认"), "将确认 1 项变更")
	})
}
