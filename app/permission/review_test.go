package permission_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// begins starts the review of the quarter and fills it.
func (o *office) begins() store.Review {
	o.t.Helper()
	for range 2 { // J-PERM-REVIEW and J-ROLE-REVIEW: the second finds it
		o.tx(func(tx *store.Tx) error {
			_, err := o.domain.BeginReview(tx, "2026Q2")
			return err
		})
	}
	o.settle()
	return o.review()
}

func (o *office) review() store.Review {
	o.t.Helper()
	review, err := o.reader().LatestReview()
	require.NoError(o.t, err)
	return review
}

func (o *office) rows() []store.ReviewRow {
	o.t.Helper()
	rows, err := o.reader().ReviewRows(o.review().ID, 500)
	require.NoError(o.t, err)
	return rows
}

// row is the row of a role, or of a kind.
func (o *office) row(role string) store.ReviewRow {
	o.t.Helper()
	for _, row := range o.rows() {
		if row.Role == role || string(row.Kind) == role {
			return row
		}
	}
	require.Fail(o.t, "no row of "+role)
	return store.ReviewRow{}
}

// grants gives a member a permission, some days ago.
func (o *office) grants(who, code string, days int) {
	o.t.Helper()
	now := o.clock.Now()
	o.clock.Set(now.AddDate(0, 0, -days))
	o.tx(func(tx *store.Tx) error {
		return o.people.Grant(tx, store.Grant{
			MemberID: o.ids[who], Permission: code, By: o.ids["陈立"], From: tx.Now(), To: tx.Now().AddDate(0, 0, 170),
		})
	})
	o.clock.Set(now)
}

// assigns gives a member a role, some days ago.
func (o *office) assigns(who string, role policy.Role, object string, days int) {
	o.t.Helper()
	now := o.clock.Now()
	o.clock.Set(now.AddDate(0, 0, -days))
	o.tx(func(tx *store.Tx) error {
		return o.people.Assign(tx, people.Assignment{Member: o.ids[who], Role: role, Object: object, By: o.ids["陈立"]})
	})
	o.clock.Set(now)
}

func TestReviewHasARowForEachRole(t *testing.T) {
	each(t, func(o *office) {
		review := o.begins()
		require.Equal(o.t, store.ReviewOpen, review.State)
		require.Equal(o.t, "QS20260401-0001", review.Number)
		rows := o.rows()
		require.Len(o.t, rows, len(policy.Roles())+2)
		require.Equal(o.t, time.Date(2026, 4, 14, 18, 0, 0, 0, shanghai), review.DueAt.In(shanghai), "10 working days")
		require.EqualValues(o.t, 8, o.row("member").Holders)
		require.EqualValues(o.t, 3, o.row("sales").Holders, "周八 and 江一, and 邵静 who heads them")
	})
}

// What is wrong with what: each anomaly in its row, with what is proposed.
func TestReviewFindsAnomalies(t *testing.T) {
	each(t, func(o *office) {
		o.grants("周八", "doc.destroy", 120)
		o.grants("江一", "doc.destroy", 10)
		o.grants("江一", "customer.view", 120)
		o.tx(func(tx *store.Tx) error { return tx.NoteUse(o.ids["江一"], "customer.view") })
		o.assigns("周八", policy.Auditor, "", 91)
		o.assigns("江一", policy.Auditor, "", 90)
		o.assigns("周八", policy.ApproverA, "P-02", 3)
		o.tx(func(tx *store.Tx) error { // as it may come about when the rules change
			return tx.AddBinding(&store.RoleBinding{MemberID: o.ids["周八"], Role: string(policy.ProcessAdministrator), Object: "P-02", Source: "assigned", State: store.BindingActive})
		})
		o.begins()
		findings := func(row store.ReviewRow) (all []string) {
			list, err := o.reader().ReviewFindings(row.ID, nil, 0, 100)
			require.NoError(o.t, err)
			require.EqualValues(o.t, len(list), row.Findings)
			for _, f := range list {
				all = append(all, f.Kind+" "+f.Text)
			}
			return all
		}
		grants := o.row("grant")
		require.Equal(o.t, []string{"unused 授权「销毁文档」（doc.destroy）120 天没有用过"}, findings(grants))
		require.EqualValues(o.t, 3, grants.Holders)
		require.Equal(o.t, "收回", grants.Proposal)
		require.Contains(o.t, grants.Uses, "customer.view")
		require.Equal(o.t, []string{"unused 「审计人员」91 天没有用过"}, findings(o.row("auditor")))
		conflict := "conflict 职责冲突：流程管理员（P-02） 与 审批人员A（P-02） 不能由同一人担任"
		require.Contains(o.t, findings(o.row("approver_a")), conflict)
		require.Contains(o.t, findings(o.row("process_administrator")), conflict)
		require.Contains(o.t, findings(o.row("layout")), conflict)
		require.Empty(o.t, findings(o.row("sales")))
		require.Contains(o.t, o.says("陈立", "追溯 "+grants.Number), "· 周八 授权「销毁文档」（doc.destroy）120 天没有用过")
	})
}

func TestReviewSendsFewCards(t *testing.T) {
	onSQLite(t, func(o *office) {
		for i, role := range []policy.Role{policy.Auditor, "quality_controller", "special_manager", "information_officer", "team_leader", "hr", "top_office"} {
			o.assigns("周八", role, "", 100+i)
		}
		o.begins()
		for _, who := range []string{"陈立", "蒋新"} {
			require.Len(o.t, o.cards(who), 6, "one for the review and five rows: %s", o.cards(who))
			require.Contains(o.t, o.cards(who), "2026年第2季度权限审查")
		}
		require.Empty(o.t, o.cards("方安"))
	})
}

// What a row is in, how it is marked, what it is in then.
func TestReviewRowByStateAndMark(t *testing.T) {
	reach := map[store.ReviewResult]string{
		store.ReviewUnmarked: "", store.ReviewNormal: "权限审查 正常 %s", store.ReviewAbnormal: "权限审查 异常 %s 下季度复查",
	}
	for from, first := range reach {
		for act, want := range map[string]struct {
			result store.ReviewResult
			told   map[store.ReviewResult]string
		}{
			"权限审查 正常 %s": {store.ReviewNormal, map[store.ReviewResult]string{
				store.ReviewUnmarked: "「审计人员」已标为正常，措施：保留。", store.ReviewNormal: "已由陈立标为正常", store.ReviewAbnormal: "已标为正常",
			}},
			"权限审查 异常 %s 调整岗位": {store.ReviewAbnormal, map[store.ReviewResult]string{
				store.ReviewUnmarked: "「审计人员」已标为异常，措施：调整岗位。", store.ReviewNormal: "已标为异常，措施：调整岗位", store.ReviewAbnormal: "已由陈立标为异常",
			}},
		} {
			t.Run(string(from)+"/"+act, func(t *testing.T) {
				onSQLite(t, func(o *office) {
					o.assigns("周八", policy.Auditor, "", 100)
					o.begins()
					number := o.row("auditor").Number
					if first != "" {
						require.Contains(o.t, o.says("陈立", fmt.Sprintf(first, number)), "【已受理】")
					}
					require.Contains(o.t, o.says("蒋新", fmt.Sprintf(act, number)), want.told[from])
					require.Equal(o.t, want.result, o.row("auditor").Result)
				})
			})
		}
	}
}

// 异常 with 收回 names what would be withdrawn, and does it when that is confirmed.
func TestReviewWithdraws(t *testing.T) {
	each(t, func(o *office) {
		o.grants("周八", "doc.destroy", 120)
		o.assigns("江一", policy.Auditor, "", 100)
		o.begins()
		number := o.row("grant").Number
		require.Contains(o.t, o.says("陈立", "权限审查 异常 "+number+" 收回"), "【提醒】将收回「个人授权」中的 1 项：周八 授权「销毁文档」（doc.destroy）120 天没有用过")
		require.Equal(o.t, store.ReviewUnmarked, o.row("grant").Result, "nothing is done yet")
		require.Contains(o.t, o.says("陈立", "确认收回"), "【已受理】"+number+" 已标为异常，正在收回 1 项")
		grants, err := o.reader().GrantsOf(o.ids["周八"])
		require.NoError(o.t, err)
		require.Empty(o.t, grants)
		require.Len(o.t, o.gets("周八", "【权限变更】季度权限审查（"+number+"）收回了您的授权「销毁文档」"), 1)
		require.Contains(o.t, o.says("陈立", "追溯 "+number), "没有用过，已收回")
		require.Contains(o.t, o.says("陈立", "权限审查 正常 "+number), "【未通过】"+number+" 已标为异常，收回已经开始")

		role := o.row("auditor").Number
		o.says("蒋新", "权限审查 异常 "+role) // the proposal is 收回
		require.Contains(o.t, o.says("蒋新", "1"), "正在收回 1 项")
		require.NotContains(o.t, o.says("江一", "我的权限"), "审计人员")
	})
}

// Of two duties in conflict only one is withdrawn.
func TestReviewWithdrawsOneOfTwoDuties(t *testing.T) {
	onSQLite(t, func(o *office) {
		o.assigns("周八", policy.ApproverA, "P-02", 3)
		o.tx(func(tx *store.Tx) error {
			err := tx.AddBinding(&store.RoleBinding{MemberID: o.ids["周八"], Role: string(policy.ProcessAdministrator), Object: "P-02", Source: "assigned", State: store.BindingActive})
			if err != nil {
				return err
			}
			return tx.TouchMember(o.ids["周八"])
		})
		o.begins()
		for _, role := range []string{"process_administrator", "approver_a"} {
			o.says("陈立", "权限审查 异常 "+o.row(role).Number+" 收回")
			require.Contains(o.t, o.says("陈立", "1"), "正在收回 1 项")
		}
		mine := o.says("周八", "我的权限")
		require.NotContains(o.t, mine, "流程管理员")
		require.Contains(o.t, mine, "审批人员A（P-02）")
		require.Contains(o.t, o.says("陈立", "追溯 "+o.row("approver_a").Number), "已不存在")
	})
}

func TestReviewIsCompleteWhenAllIsMarked(t *testing.T) {
	each(t, func(o *office) {
		o.assigns("周八", policy.Auditor, "", 100)
		review := o.begins()
		require.Contains(o.t, o.says("陈立", "权限审查 全部正常"), "项没有异常，已标为正常。还有")
		require.Contains(o.t, o.says("陈立", "权限审查 全部正常"), "【未通过】没有异常的各项都已核查")
		require.Equal(o.t, store.ReviewOpen, o.review().State)
		for _, row := range o.rows() {
			if row.Result == store.ReviewUnmarked {
				require.Contains(o.t, o.says("陈立", "权限审查 正常 "+row.Number), "【已受理】")
			}
		}
		require.Equal(o.t, store.ReviewComplete, o.review().State)
		require.Len(o.t, o.gets("蒋新", "【已完成】"+review.Number), 1)
		require.Contains(o.t, o.says("蒋新", "权限审查 异常 "+o.row("auditor").Number+" 收回"), "【未通过】"+review.Number+" 已经完成")
		require.Contains(o.t, o.says("蒋新", "我的待办"), "没有待办")
		report := o.says("方安", "权限审查 2026年第2季度")
		require.Contains(o.t, report, "已完成")
		require.Contains(o.t, report, "审查日期｜角色｜权限核查结果｜建议措施")
		require.Contains(o.t, report, "2026-04-01｜流程管理员｜正常｜无需调整")
		o.at("2026-04-20 09:00")
		require.Empty(o.t, o.gets("方安", "【超时】"))
	})
}

// Not complete in time, 信息安全部门 finishes it.
func TestReviewUnfinishedGoesToSecurity(t *testing.T) {
	each(t, func(o *office) {
		o.begins()
		require.Contains(o.t, o.says("方安", "权限审查 全部正常 QS20260401-0001"), "【无权限】需要 perm.assign", "it may read, not mark")
		o.at("2026-04-14 17:59")
		require.Equal(o.t, store.ReviewOpen, o.review().State)
		o.at("2026-04-14 18:00")
		require.Equal(o.t, store.ReviewOverdue, o.review().State)
		require.Len(o.t, o.gets("方安", "【超时】QS20260401-0001"), 1)
		require.Contains(o.t, o.says("方安", "权限审查 全部正常"), "项没有异常，已标为正常")
		for _, row := range o.rows() {
			if row.Result == store.ReviewUnmarked {
				require.Contains(o.t, o.says("方安", "权限审查 正常 "+row.Number), "【已受理】")
			}
		}
		require.Equal(o.t, store.ReviewComplete, o.review().State)
	})
}

// Nobody marks a row with findings about himself.
func TestReviewOfOneself(t *testing.T) {
	onSQLite(t, func(o *office) {
		o.tx(func(tx *store.Tx) error {
			return o.people.Assign(tx, people.Assignment{Member: o.ids["蒋新"], Role: "quality_controller", By: o.ids["陈立"]})
		})
		o.at("2026-07-20 09:00")
		o.tx(func(tx *store.Tx) error {
			_, err := o.domain.BeginReview(tx, "2026Q3")
			return err
		})
		o.settle()
		row := o.row("quality_controller")
		require.EqualValues(o.t, 1, row.Findings)
		require.Contains(o.t, o.says("蒋新", "权限审查 正常 "+row.Number), "涉及您本人，不能由您核查")
		require.Contains(o.t, o.says("陈立", "权限审查 正常 "+row.Number), "【已受理】")
		require.Contains(o.t, o.says("蒋新", "权限审查 异常 "+row.Number+" 收回"), "涉及您本人，不能由您核查", "marked by another it is about him still")
		require.Contains(o.t, o.says("陈立", "权限审查 异常 "+row.Number+" 调整岗位"), "【已受理】")
		require.Contains(o.t, o.says("蒋新", "权限审查 正常 "+row.Number), "涉及您本人，不能由您核查")
	})
}

// Given somebody who may assign permissions for a time, when he makes others
// what lets them assign, then he is refused: they could give it him back for ever.
func TestATimeLimitedAssignerMakesNoAssigners(t *testing.T) {
	onSQLite(t, func(o *office) {
		o.grants("周八", "perm.assign", 30)
		require.Contains(o.t, o.says("周八", "权限 分配 江一 管理员"), "【未通过】")
		require.Contains(o.t, o.says("周八", "权限 分配 江一 运营人员"), "【已受理】")
		require.Contains(o.t, o.says("陈立", "权限 分配 江一 管理员"), "【已受理】")
	})
}

func TestReviewIsForItsReaders(t *testing.T) {
	onSQLite(t, func(o *office) {
		require.Contains(o.t, o.says("陈立", "权限审查"), "【未通过】还没有做过权限审查")
		o.begins()
		require.Contains(o.t, o.says("周八", "权限审查"), "【无权限】需要 report.perm_review.view")
		require.Contains(o.t, o.says("周八", "权限审查 全部正常 QS20260401-0001"), "【未找到】")
		require.Contains(o.t, o.says("周八", "追溯 QS20260401-0001"), "【未找到】")
		require.Contains(o.t, o.says("周八", "追溯 QH20260401-0001"), "【未找到】")
		require.Contains(o.t, o.says("陈立", "权限审查 正常 QH20260401-9999"), "【未找到】")
		require.Contains(o.t, o.says("陈立", "权限审查 去年"), "【未通过】看不懂季度「去年」")
		require.Contains(o.t, o.says("陈立", "权限审查 上季度"), "【未通过】2026年第1季度没有权限审查")
		for _, said := range []string{"权限审查", "权限审查 本季度", "权限审查 2026Q2", "权限审查 第二季度", "权限审查 2季度", "权限审查 QS20260401-0001", "追溯 QS20260401-0001"} {
			require.Contains(o.t, o.says("陈立", said), "2026年第2季度权限审查 QS20260401-0001", said)
		}
	})
}

// A thousand holders are read in pages; the numbers are exact.
func TestReviewOfManyHolders(t *testing.T) {
	onSQLite(t, func(o *office) {
		const many = 130
		for i := range many {
			name := fmt.Sprintf("工人%03d", i)
			o.tx(func(tx *store.Tx) error {
				m := store.Member{UserID: name, Name: name, MainDepartment: 3, Status: store.MemberActive, Visible: true}
				if err := tx.AddMember(&m); err != nil {
					return err
				}
				for _, process := range []string{"P-01", "P-02"} { // two objects each
					b := store.RoleBinding{MemberID: m.ID, Role: string(policy.ApproverA), Object: process, Source: "assigned", State: store.BindingActive}
					if err := tx.AddBinding(&b); err != nil {
						return err
					}
				}
				return tx.AddGrant(&store.Grant{MemberID: m.ID, Permission: "customer.view", From: tx.Now(), To: tx.Now().AddDate(0, 0, 7)})
			})
		}
		o.begins()
		require.EqualValues(o.t, many, o.row("approver_a").Holders)
		require.EqualValues(o.t, many, o.row("grant").Holders)
		require.Equal(o.t, store.ReviewOpen, o.review().State)
		require.True(o.t, strings.Contains(o.says("陈立", "追溯 "+o.row("approver_a").Number), "【持有】130 人"))
	})
}
