package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/store"
	"guiju/store/storetest"
)

func TestRoleBindings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		tx := func(do func(tx *store.Tx) error) { t.Helper(); require.NoError(t, db.InTx(t.Context(), do)) }
		until := clock.Now().Add(time.Hour + 123*time.Microsecond)
		binding := func(member int64, role string, state store.BindingState) store.RoleBinding {
			b := store.RoleBinding{MemberID: member, Role: role, Object: "P-02", Source: "assigned", State: state, ChangeID: 9, Case: "A1", By: 5, ExpiresAt: &until}
			tx(func(tx *store.Tx) error { return tx.AddBinding(&b) })
			return b
		}
		sales := binding(1, "sales", store.BindingActive)
		binding(1, "hr", store.BindingProposed)
		binding(1, "auditor", store.BindingRefused)
		binding(1, "external", store.BindingLeaving)
		binding(2, "sales", store.BindingActive)
		binding(3, "sales", store.BindingProposed)
		binding(4, "sales", store.BindingLeaving)

		r := db.Reader(t.Context())
		all, err := r.BindingsOf(1)
		require.NoError(t, err)
		require.Len(t, all, 4)
		require.Equal(t, sales, all[0])
		require.Equal(t, until.Truncate(time.Millisecond), *all[0].ExpiresAt)
		with, err := r.BindingsWith("sales", 0, 10)
		require.NoError(t, err)
		require.Equal(t, []int64{1, 2, 4}, []int64{with[0].MemberID, with[1].MemberID, with[2].MemberID}, "those in force, by member")
		with, err = r.BindingsWith("sales", 1, 1)
		require.NoError(t, err)
		require.EqualValues(t, 2, with[0].MemberID, "page by page")

		now := clock.Now()
		sales.State, sales.EndedAt, sales.EndedWhy = store.BindingEnded, &now, strings.Repeat("久", 200)
		tx(func(tx *store.Tx) error { return tx.SaveBinding(&sales) })
		past, err := r.PastBindingsOf(1, 10)
		require.NoError(t, err)
		require.Equal(t, sales, past[0])
		require.Equal(t, strings.Repeat("久", 85), past[0].EndedWhy)
		tx(func(tx *store.Tx) error {
			n, err := tx.EndBindings(1, 7, "已离职")
			require.Equal(t, 3, n)
			return err
		})
		all, err = r.BindingsOf(1)
		require.NoError(t, err)
		require.Empty(t, all)
		past, err = r.PastBindingsOf(1, 10)
		require.NoError(t, err)
		require.Len(t, past, 4)
		require.EqualValues(t, 7, past[0].EndedBy)
		_, err = r.Binding(777)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestGrantsAndDenies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		tx := func(do func(tx *store.Tx) error) { t.Helper(); require.NoError(t, db.InTx(t.Context(), do)) }
		now := clock.Now()
		g := store.Grant{MemberID: 1, Permission: "log.read", Object: "L1", From: now, To: now.AddDate(0, 0, 7), Case: "A1", Reason: "查故障", By: 5}
		other := store.Grant{MemberID: 1, Permission: "doc.edit", From: now, To: now.AddDate(0, 0, 1)}
		tx(func(tx *store.Tx) error {
			if err := tx.AddGrant(&g); err != nil {
				return err
			}
			return tx.AddGrant(&other)
		})
		r := db.Reader(t.Context())
		all, err := r.GrantsOf(1)
		require.NoError(t, err)
		require.Equal(t, []store.Grant{g, other}, all)
		all, err = r.GrantsFor("log.read", 10)
		require.NoError(t, err)
		require.Equal(t, []store.Grant{g}, all)
		all, err = r.GrantsAfter(g.ID, 10)
		require.NoError(t, err)
		require.Equal(t, []store.Grant{other}, all)
		tx(func(tx *store.Tx) error {
			first, err := tx.EndGrant(g.ID, 5, "不再需要")
			require.True(t, first)
			require.NoError(t, err)
			again, err := tx.EndGrant(g.ID, 6, "又一次")
			require.False(t, again, "it ends once")
			return err
		})
		ended, err := r.Grant(g.ID)
		require.NoError(t, err)
		require.Equal(t, now, *ended.EndedAt)
		require.Equal(t, "不再需要", ended.EndedWhy)
		tx(func(tx *store.Tx) error {
			n, err := tx.EndGrants(1, 0, "已离职")
			require.Equal(t, 1, n)
			return err
		})
		all, err = r.GrantsOf(1)
		require.NoError(t, err)
		require.Empty(t, all)

		d := store.Deny{MemberID: 1, Permission: "doc.read", Object: "D-0007", Reason: "泄密", By: 5}
		tx(func(tx *store.Tx) error { return tx.AddDeny(&d) })
		denies, err := r.DeniesOf(1)
		require.NoError(t, err)
		require.Equal(t, []store.Deny{d}, denies)
		tx(func(tx *store.Tx) error {
			ended, err := tx.EndDeny(d.ID, 5)
			require.True(t, ended)
			return err
		})
		denies, err = r.DeniesOf(1)
		require.NoError(t, err)
		require.Empty(t, denies)
	})
}

func TestPermissionChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		tx := func(do func(tx *store.Tx) error) { t.Helper(); require.NoError(t, db.InTx(t.Context(), do)) }
		now := clock.Now()
		c := store.PermissionChange{
			MemberID: 1, Kind: "moved", Reason: "调入市场部", EventKey: "e1", State: store.ChangeOpen, Phase: 1,
			Before: store.Access{Roles: []string{"sales"}, Permissions: []string{"customer.edit"}},
			After:  store.Access{Roles: []string{"operator"}, Permissions: []string{"content.plan"}},
			Added:  store.Access{Roles: []string{"operator"}, Permissions: []string{"content.plan"}},
			Kept:   []store.KeptGrant{{ID: 3, Permission: "log.read", To: now}},
		}
		done := store.PermissionChange{MemberID: 1, Kind: "tags", State: store.ChangeDone}
		tx(func(tx *store.Tx) error {
			if err := tx.AddPermissionChange(&c); err != nil {
				return err
			}
			return tx.AddPermissionChange(&done)
		})
		r := db.Reader(t.Context())
		read, err := r.PermissionChange(c.ID)
		require.NoError(t, err)
		require.Equal(t, c.Before, read.Before)
		require.Equal(t, c.Added, read.Added)
		require.Equal(t, c.Kept, read.Kept)
		open, err := r.OpenPermissionChange(1)
		require.NoError(t, err)
		require.Equal(t, c.ID, open.ID)
		_, err = r.OpenPermissionChange(2)
		require.ErrorIs(t, err, store.ErrNotFound)
		ofEvent, err := r.PermissionChangeOfEvent(1, "e1")
		require.NoError(t, err)
		require.Equal(t, c.ID, ofEvent.ID)
		all, err := r.PermissionChangesOf(1, 10)
		require.NoError(t, err)
		require.Equal(t, []int64{done.ID, c.ID}, []int64{all[0].ID, all[1].ID}, "newest first")

		read.State, read.DecidedAt = store.ChangeConfirmed, &now
		tx(func(tx *store.Tx) error { return tx.SavePermissionChange(&read) })
		err = db.InTx(t.Context(), func(tx *store.Tx) error { stale := c; return tx.SavePermissionChange(&stale) })
		require.ErrorIs(t, err, store.ErrConflict, "somebody else has settled it")
		_, err = r.OpenPermissionChange(1)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestWhomATransactionTouched(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			m := store.Member{UserID: "a", Name: "a", Status: store.MemberActive}
			require.NoError(t, tx.AddMember(&m))
			require.True(t, tx.TouchedMember(m.ID))
			require.False(t, tx.TouchedMember(m.ID+1))
			return nil
		}))
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			m, err := tx.MemberByUserID("a")
			require.NoError(t, err)
			require.False(t, tx.TouchedMember(m.ID))
			require.NoError(t, tx.TouchMember(m.ID))
			require.True(t, tx.TouchedMember(m.ID))
			return tx.SeeMember(m.ID)
		}))
	})
}
