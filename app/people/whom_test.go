package people_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
	"guiju/store/storetest"
)

// resolving is the office with 总经理办公室 and 财务部.
func resolving(t *testing.T, db *store.DB, clock *storetest.Clock) *office {
	o := newOffice(t, db, clock)
	o.tx(func(tx *store.Tx) error {
		return tx.PutDepartments([]store.Department{{ID: 13, ParentID: 1, Name: "总经理办公室"}, {ID: 7, ParentID: 1, Name: "财务部"}, {ID: 6, ParentID: 1, Name: "人事部"}})
	})
	o.joins("gaozong", 13, true, "", people.BecauseFirst)
	o.joins("hejing", 7, true, "财务经理", people.BecauseFirst)
	o.joins("hanmei", 6, true, "", people.BecauseFirst)
	o.tx(o.people.PostsChanged) // they came past the events
	return o
}

func (o *office) found(w string, about string) (names []string, found people.Found) {
	o.Helper()
	found, err := o.people.Resolve(o.db.Reader(o.Context()), people.Whom(w), o.ids[about])
	require.NoError(o, err, w)
	for _, id := range found.Members {
		for name, known := range o.ids {
			if known == id {
				names = append(names, name)
			}
		}
	}
	return names, found
}

// Every form of a Whom, and every rung below it (guide E2.0, G1-4.2.2(3) AE3).
func TestResolve(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := resolving(t, db, clock)
		o.led("zhouba", "sunqi")
		for _, c := range []struct {
			whom, about string
			want        []string
			instead     string
			vacant      bool
		}{
			{"member:" + fmt.Sprint(o.ids["sunqi"]), "zhouba", []string{"sunqi"}, "", false},
			{"superior", "zhouba", []string{"sunqi"}, "", false},
			{"superior", "sunqi", []string{"shaojing"}, "", false},
			{"superior", "shaojing", []string{"gaozong"}, "", false},
			{"head", "zhouba", []string{"shaojing"}, "", false},
			{"head", "shaojing", []string{"gaozong"}, "本人不能处理自己的事项，由直接上级处理", false},
			{"head:3", "", []string{"shaojing"}, "", false},
			{"head:财务部", "zhouba", []string{"hejing"}, "", false},
			{"department:人事部", "zhouba", []string{"hanmei"}, "", false},
			{"department:HR", "zhouba", []string{"hanmei"}, "", false},
			{"head:4", "zhouba", []string{"gaozong"}, "市场部部门主管没有可以处理的人，由总经理办公室处理", true},
			{"head:999", "zhouba", []string{"gaozong"}, "部门主管没有可以处理的人，由总经理办公室处理", true},
			{"post:财务经理", "zhouba", []string{"hejing"}, "", false},
			{"post:财务部/财务经理", "zhouba", []string{"hejing"}, "", false},
			{"post:销售部/财务经理", "zhouba", []string{"shaojing"}, "岗位财务经理没有可以处理的人，由销售部部门主管处理", true},
			{"post:仓库管理员", "zhouba", []string{"shaojing"}, "岗位仓库管理员没有可以处理的人，由销售部部门主管处理", true},
			{"post:财务经理", "hejing", []string{"gaozong"}, "本人不能处理自己的事项，由直接上级处理", false},
			{"role:administrator", "zhouba", []string{"chenli"}, "", false},
			{"role:管理员", "zhouba", []string{"chenli"}, "", false},
			{"role:administrator", "chenli", []string{"gaozong"}, "本人不能处理自己的事项，由直接上级处理", false},
			{"role:department_head/3", "zhouba", []string{"shaojing"}, "", false},
			{"user:hejing", "zhouba", []string{"hejing"}, "", false},
			{"members:" + fmt.Sprint(o.ids["hejing"], ",", o.ids["hanmei"]), "zhouba", []string{"hejing", "hanmei"}, "", false},
			{"user:nobody", "zhouba", []string{"shaojing"}, "指定人员nobody没有可以处理的人，由销售部部门主管处理", false},
			{"head^1", "zhouba", []string{"shaojing"}, "", false},
			{"head^2", "zhouba", []string{"gaozong"}, "规矩科技部门主管没有可以处理的人，由总经理办公室处理", true},
			{"supervisor", "zhouba", []string{"gaozong"}, "销售部没有分管领导，由总经理办公室处理", false},
			{"role:auditor", "zhouba", []string{"shaojing"}, "审计人员没有可以处理的人，由销售部部门主管处理", false},
		} {
			t.Run(c.whom+" of "+c.about, func(t *testing.T) {
				names, found := o.found(c.whom, c.about)
				require.Equal(t, c.want, names)
				require.Equal(t, c.instead, found.Instead)
				require.Equal(t, c.vacant, found.Vacant)
			})
		}
		for _, bad := range []people.Whom{"", "nobody", "member:x", "role"} {
			_, err := o.people.Resolve(o.db.Reader(t.Context()), bad, o.ids["zhouba"])
			if bad == "role" {
				continue
			}
			require.Error(t, err, bad)
		}
	})
}

// 分管领导 of the applicant's department or of the nearest above it; none →
// 总经理办公室, also when he cannot act.
func TestX16_SupervisingLeader(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := resolving(t, db, clock)
		assign := func(who, department string) {
			o.tx(func(tx *store.Tx) error {
				return o.people.Assign(tx, people.Assignment{Member: o.ids[who], Role: policy.SupervisingLeader, Object: department, By: o.ids["chenli"]})
			})
		}
		assign("hejing", "1") // of the whole company
		names, found := o.found("supervisor", "zhouba")
		require.Equal(t, []string{"hejing"}, names)
		require.Empty(t, found.Instead)
		assign("hanmei", "3") // of 销售部: nearer
		names, _ = o.found("supervisor", "zhouba")
		require.Equal(t, []string{"hanmei"}, names)
		names, found = o.found("supervisor", "hejing")
		require.NotContains(t, names, "hejing", "nobody decides about himself")
		require.Equal(t, "本人不能处理自己的事项，由直接上级处理", found.Instead)

		o.tx(func(tx *store.Tx) error { return o.people.Suspend(tx, o.ids["hanmei"], o.ids["chenli"]) })
		names, _ = o.found("supervisor", "zhouba")
		require.Equal(t, []string{"hejing"}, names, "the next above him")
		o.tx(func(tx *store.Tx) error { return o.people.Suspend(tx, o.ids["hejing"], o.ids["chenli"]) })
		names, found = o.found("supervisor", "zhouba")
		require.Equal(t, []string{"gaozong"}, names)
		require.Contains(t, found.Instead, "由总经理办公室")
	})
}

// With 部门主管 and 总经理办公室 gone it is 管理员; with them gone, nobody.
func TestResolveToTheLast(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := resolving(t, db, clock)
		o.leaves("shaojing")
		names, found := o.found("head", "zhouba")
		require.Equal(t, []string{"gaozong"}, names)
		require.True(t, found.Vacant)
		o.leaves("gaozong")
		names, found = o.found("head", "zhouba")
		require.Equal(t, []string{"chenli"}, names)
		require.Contains(t, found.Instead, "由管理员处理")
		o.leaves("chenli")
		_, err := o.people.Resolve(o.db.Reader(t.Context()), "head", o.ids["zhouba"])
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

// A post that nobody holds gives 人事部 a to-do, under one key while it is vacant.
func TestVacancyIsReported(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := resolving(t, db, clock)
		var raised []people.ToDo
		o.people.OnRaise(func(_ *store.Tx, d people.ToDo) error {
			raised = append(raised, d)
			return nil
		})
		for _, w := range []people.Whom{"post:采购经理", "post:采购经理", "post:财务经理"} {
			o.tx(func(tx *store.Tx) error {
				found, err := o.people.Resolve(&tx.Reader, w, o.ids["zhouba"])
				if err != nil {
					return err
				}
				return o.people.ReportVacancy(tx, w, found, o.ids["zhouba"])
			})
		}
		require.Len(t, raised, 2, "财务经理 is held")
		require.Equal(t, raised[0].Unique, raised[1].Unique)
		require.Equal(t, people.Whom("department:人事部"), raised[0].Whom)
		require.Equal(t, "岗位空缺：岗位采购经理", raised[0].Title)

		o.inForce(2, "duty: {vacancy_by: \"department:财务部\"}\n")
		o.tx(func(tx *store.Tx) error {
			return o.people.ReportVacancy(tx, "post:采购经理", people.Found{Vacant: true}, o.ids["zhouba"])
		})
		require.Equal(t, people.Whom("department:财务部"), raised[2].Whom, "the company says who fills posts")
	})
}

func (o *office) led(name, by string) {
	o.tx(func(tx *store.Tx) error {
		m, err := tx.Member(o.ids[name])
		if err != nil {
			return err
		}
		m.LeaderUserID = by
		return tx.SaveMember(&m)
	})
}

func TestWhoStandsOverWhom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		o := resolving(t, db, clock)
		o.led("zhouba", "sunqi")
		for _, c := range []struct {
			member, other string
			want          bool
		}{
			{"sunqi", "zhouba", true},    // his 直接上级
			{"shaojing", "zhouba", true}, // his 部门主管
			{"gaozong", "zhouba", false}, // over his 部门主管 alone
			{"gaozong", "shaojing", true},
			{"zhouba", "zhouba", false},
			{"shaojing", "shaojing", false},
			{"shaojing", "jiangyi", false}, // head of another department
		} {
			over, err := o.people.StandsOver(o.db.Reader(t.Context()), o.ids[c.member], o.ids[c.other])
			require.NoError(t, err)
			require.Equal(t, c.want, over, "%s over %s", c.member, c.other)
		}
		o.leaves("shaojing")
		over, err := o.people.StandsOver(o.db.Reader(t.Context()), o.ids["shaojing"], o.ids["zhouba"])
		require.NoError(t, err)
		require.False(t, over, "who has left stands over nobody")
		over, err = o.people.StandsOver(o.db.Reader(t.Context()), o.ids["gaozong"], o.ids["zhouba"])
		require.NoError(t, err)
		require.True(t, over, "and 总经理办公室 stands in")
	})
}
