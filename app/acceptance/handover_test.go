package acceptance_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/store"
)

// openWork gives somebody one piece of open work of each domain that registered
// a people.HandOver, and answers who has it and who is his superior. A domain
// that is registered and missing here fails the test.
var openWork = map[string]func(w *World) (owner, superior string){
	"communication": func(w *World) (string, string) {
		w.Says("邵静", "发通知 赵六 请更新客户资料 重要 需回复")
		return "赵六", "魏伟"
	},
	"task": func(w *World) (string, string) {
		w.Says("江一", "我的职责") // not described yet: a to-do for 人事部
		return "韩梅", "高总"
	},
	"request": func(w *World) (string, string) {
		w.Says("邓工", "权限申请 report.finance.view 核对预算 7天")
		return "罗岩", "高总"
	},
	"permission": func(w *World) (string, string) {
		w.Company("update_user", map[string]any{"userid": "zhouba", "department": []int{4}, "main_department": 4})
		return "王五", "陈立"
	},
}

// Given somebody has open work of a system, when he leaves, then all of it is
// his superior's and none is his: for every system that knows such a thing.
func TestE2_0_ALeaversWorkOfEverySystemGoesToHisSuperior(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		for name, h := range w.play.App.HandOvers() {
			require.Contains(t, openWork, name, "give somebody open work of this system in openWork")
			owner, superior := openWork[name](w)
			had := w.workOf(h, owner)
			require.NotEmpty(t, had, "%s: %s has work", name, owner)
			w.Company("delete_user", map[string]any{"userid": userid(owner)})
			require.Empty(t, w.workOf(h, owner), name)
			has := map[store.Subject]bool{}
			for _, work := range w.workOf(h, superior) {
				has[work.Subject] = true
			}
			for _, work := range had {
				require.True(t, has[work.Subject], "%s: %s has %s %s", name, superior, work.Number, work.Title)
			}
		}
		require.Empty(t, w.buried())
	})
}

// workOf is what a domain lists as somebody's open work.
func (w *World) workOf(h people.HandOver, name string) []people.Work {
	w.t.Helper()
	m, err := w.reader().MemberByUserID(userid(name))
	require.NoError(w.t, err)
	work, err := h.List(w.reader(), m.ID, 50)
	require.NoError(w.t, err)
	return work
}
