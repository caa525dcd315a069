package people_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/storetest"
)

func TestHoldersAndRoles(t *testing.T) {
	eachOffice(t, func(o *office) {
		r := o.db.Reader(o.Context())
		o.tx(func(tx *store.Tx) error {
			return o.people.Grant(tx, store.Grant{MemberID: o.ids["sunqi"], Permission: "log.read", By: o.ids["chenli"]})
		})
		who := func(p policy.Permission) []string {
			holders, err := o.people.Holders(r, p, 100)
			require.NoError(o, err)
			all := []string{}
			for _, h := range holders {
				text := h.Member.Name + " " + h.Source
				if h.Until != nil {
					text += " " + h.Until.Sub(o.clock.Now()).String()
				}
				all = append(all, text)
			}
			return all
		}
		require.Equal(o, []string{"chenli 角色「后台管理员」，按角色类别", "sunqi 授权 720h0m0s"}, who("log.read"))
		require.Equal(o, []string{
			"chenli 角色「部门主管（行政部）」，因担任部门负责人", "shaojing 角色「部门主管（销售部）」，因担任部门负责人", "tangliu 角色「部门主管（流程管理部门）」，因担任部门负责人",
		}, who("task.issue"))
		require.Empty(o, who(policy.InquiryCreate), "everybody's")
		require.Empty(o, who("doc.destroy"))
		o.moves("zhouba", 4, false, "e1")
		require.Equal(o, []string{"shaojing 角色「销售团队」，按所在部门", "sunqi 角色「销售团队」，按所在部门"}, who("customer.edit"))
		o.tx(func(tx *store.Tx) error { return o.people.Suspend(tx, o.ids["sunqi"], 0) })
		require.Equal(o, []string{"shaojing 角色「销售团队」，按所在部门"}, who("customer.edit"), "what is suspended is not held")

		with := func(role policy.Role, object string) []string {
			members, err := o.people.WithRole(r, role, object, 100)
			require.NoError(o, err)
			names := []string{}
			for _, m := range members {
				names = append(names, m.Name)
			}
			return names
		}
		require.Equal(o, []string{"chenli"}, with(policy.Administrator, ""))
		require.Equal(o, []string{"chenli"}, with(policy.PlatformAdministrator, ""), "by his category")
		require.Equal(o, []string{"shaojing"}, with(policy.DepartmentHead, "3"))
		require.Equal(o, []string{"wangwu", "zhouba", "tangliu", "jiangyi"}, with(policy.Other, ""))
		limited, err := o.people.WithRole(r, policy.DepartmentHead, "", 2)
		require.NoError(o, err)
		require.Len(o, limited, 2)
	})
}

func TestReportsShowWhatRolesReach(t *testing.T) {
	eachOffice(t, func(o *office) {
		sees := func(name string) (int, string) {
			members, whose, err := o.people.Sees(o.db.Reader(o.Context()), o.member(name), policy.ResponseReport)
			require.NoError(o, err)
			if members == nil {
				return -1, whose
			}
			require.Contains(o, members, o.ids[name])
			return len(members), whose
		}
		for name, want := range map[string]struct {
			n     int
			whose string
		}{"zhouba": {1, "您的"}, "shaojing": {3, "本部门"}, "chenli": {-1, "全公司"}} {
			n, whose := sees(name)
			require.Equal(o, want.n, n, name)
			require.Equal(o, want.whose, whose)
		}
		o.moves("zhouba", 3, true, "e1")
		n, _ := sees("zhouba")
		require.Equal(o, 1, n, "a new headship waits for confirmation")
		o.moves("shaojing", 3, false, "e2")
		n, _ = sees("shaojing")
		require.Equal(o, 1, n, "a lost one has ended")
	})
}

// What one process changes, the others know with the next message, although
// each remembers what it has read.
func TestReplicasAgree(t *testing.T) {
	for name, config := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "mysql": storetest.LentMySQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock, cfg := storetest.NewClock(), config(t)
			o := newOffice(t, storetest.OpenConfig(t, cfg, clock), clock)
			second, _ := o.replica(storetest.OpenConfig(t, cfg, clock))
			may := func(p *people.People) bool {
				r := o.db.Reader(o.Context())
				m, err := r.Member(o.ids["zhouba"])
				require.NoError(t, err)
				d, err := p.Can(r, m, policy.LogRead, policy.Object{})
				require.NoError(t, err)
				return d.Allowed
			}
			for range 20 {
				require.False(t, may(o.people))
				require.False(t, may(second))
				o.assign("zhouba", "后台管理员", "")
				require.True(t, may(second))
				require.True(t, may(o.people))
				o.tx(func(tx *store.Tx) error {
					return o.takes(tx, second, "zhouba", policy.PlatformAdministrator, "不再需要")
				})
			}
		})
	}
}

// What a transaction that was undone has read is not remembered.
func TestWhatWasUndoneIsNotRemembered(t *testing.T) {
	eachOffice(t, func(o *office) {
		undo := errors.New("undo")
		err := o.db.InTx(o.Context(), func(tx *store.Tx) error {
			err := o.people.Assign(tx, people.Assignment{Member: o.ids["zhouba"], Role: "后台管理员", By: o.ids["chenli"]})
			require.NoError(o, err)
			m, err := tx.Member(o.ids["zhouba"])
			require.NoError(o, err)
			d, err := o.people.Can(&tx.Reader, m, policy.LogRead, policy.Object{})
			require.NoError(o, err)
			require.True(o, d.Allowed, "inside it counts at once")
			return undo
		})
		require.ErrorIs(o, err, undo)
		o.assign("zhouba", "质量控制", "") // the same version as the one undone
		require.False(o, o.may("zhouba", policy.LogRead))
		require.True(o, o.may("zhouba", "assess.any"))
	})
}

// Asked again, an actor costs no statement.
func TestAWarmActorRunsNoStatement(t *testing.T) {
	eachOffice(t, func(o *office) {
		for i, most := range []int{5, 0, 0} {
			o.tx(func(tx *store.Tx) error {
				m, err := tx.Member(o.ids["zhouba"])
				require.NoError(o, err)
				before := tx.Statements()
				_, err = o.people.Actor(&tx.Reader, m)
				require.LessOrEqual(o, tx.Statements()-before, most, "call %d", i)
				return err
			})
		}
	})
}

func BenchmarkWarmActor(b *testing.B) {
	db, clock := storetest.Open(b)
	o := newOffice(b, db, clock)
	r, m := db.Reader(b.Context()), o.member("zhouba")
	for b.Loop() {
		if _, err := o.people.Actor(r, m); err != nil {
			b.Fatal(err)
		}
	}
}
