package people_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
)

// Given more transactions than the database has connections, all of which need
// the picture of the company while it is drawn anew outside of one, then nobody
// waits for a connection that another holds.
func TestThePictureOfTheCompanyBlocksNoConnections(t *testing.T) {
	eachOffice(t, func(o *office) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		begun := time.Now()
		var all sync.WaitGroup
		for range 60 {
			all.Go(func() {
				for range 20 {
					err := o.db.InTx(ctx, func(tx *store.Tx) error {
						if _, err := tx.Member(o.ids["zhouba"]); err != nil {
							return err
						}
						if _, err := tx.Departments(); err != nil { // the connection is held for a while
							return err
						}
						_, err := o.people.Org(&tx.Reader)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 20 {
			all.Go(func() {
				for range 50 {
					if err := o.db.InTx(ctx, o.people.PostsChanged); err != nil {
						t.Error(err)
						return
					}
					if _, err := o.people.Org(o.db.Reader(ctx)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		require.Less(t, time.Since(begun), 15*time.Second)
	})
}
