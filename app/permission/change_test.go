package permission_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/app/chat"
	"guiju/app/people"
	"guiju/app/policy"
	"guiju/store"
)

// What a change is in, what is done, what it is in then.
func TestChangeByStateAndAct(t *testing.T) {
	const number = "QX20260401-0001"
	states := map[store.ChangeState]func(o *office){
		store.ChangeOpen:      func(o *office) {},
		store.ChangeConfirmed: func(o *office) { o.says("王五", "权限变更 确认 "+number) },
		store.ChangeRejected:  func(o *office) { o.says("王五", "权限变更 拒绝 "+number) },
		store.ChangeDone:      func(o *office) { o.moves("周八", 3, "back") }, // what it added is not due any more
	}
	type outcome struct {
		state store.ChangeState
		told  string
	}
	settled := map[store.ChangeState]string{
		store.ChangeConfirmed: "【未通过】" + number + " 已由王五确认", store.ChangeRejected: "【未通过】" + number + " 已由王五拒绝",
		store.ChangeDone: "【未通过】" + number + " 已不需要确认",
	}
	for state, reach := range states {
		for act, open := range map[string]outcome{
			"权限变更 确认 " + number:        {store.ChangeConfirmed, "【已受理】" + number + " 周八的新增权限已生效"},
			"权限变更 拒绝 " + number + " 否": {store.ChangeRejected, "【已受理】" + number + " 已拒绝周八的新增权限"},
			"追溯 " + number:             {store.ChangeOpen, number + " 周八（"},
			"催办 " + number:             {store.ChangeOpen, "【未通过】" + number + " 没有要催办的人"},
		} {
			t.Run(string(state)+"/"+act, func(t *testing.T) {
				onSQLite(t, func(o *office) {
					change := o.moves("周八", 4, "event")
					require.Equal(o.t, number, change.Number)
					reach(o)
					want := open
					if state != store.ChangeOpen {
						want.state = state
						if settled := settled[state]; act[:12] == "权限变更" {
							want.told = settled
						}
					}
					require.Contains(o.t, o.says("王五", act), want.told)
					now, err := o.reader().PermissionChange(change.ID)
					require.NoError(o.t, err)
					require.Equal(o.t, want.state, now.State)
				})
			})
		}
	}
}

func TestChangeIsConfirmedByThePost(t *testing.T) {
	each(t, func(o *office) {
		const number = "QX20260401-0001"
		require.NotNil(o.t, o.moves("周八", 4, "event"))
		require.Equal(o.t, []string{"周八：4 项新增待确认"}, o.cards("王五"))
		require.Empty(o.t, o.cards("陈立"))
		told := o.gets("周八", "【权限变更】"+number+" 部门调整")
		require.Len(o.t, told, 1)
		require.Contains(o.t, told[0], "已收回：角色 销售团队")
		require.Contains(o.t, told[0], "新增，等待确认：角色 运营人员")

		// The same event again changes nothing.
		require.Nil(o.t, o.moves("周八", 4, "event"))
		require.Len(o.t, o.cards("王五"), 1)
		require.Contains(o.t, o.says("王五", "我的待办"), number)
		require.Contains(o.t, o.says("周八", "我的权限"), "【等待确认】\n· "+number)
		require.Contains(o.t, o.says("周八", "权限变更 确认 "+number), "【未通过】不能确认自己的权限变更")
		require.Contains(o.t, o.says("江一", "权限变更 确认 "+number), "【未找到】"+number)
		require.Contains(o.t, o.says("江一", "追溯 "+number), "【未找到】"+number)
		require.Contains(o.t, o.says("周八", "催办 "+number), "【已受理】"+number+" 已催办 1 人")
		again := o.says("周八", "催办 "+number)
		require.Contains(o.t, again, "在 4月1日 09:00 已经催办过")
		require.Contains(o.t, again, "4月1日 13:00 之后再催", "four hours of work, as of any approval")
		require.Len(o.t, o.gets("王五", "【催办】周八"), 1)
		require.Contains(o.t, o.says("王五", "权限变更 确认"), "【已受理】"+number, "the only one that waits")
		require.Len(o.t, o.gets("周八", "新增已确认：角色 运营人员"), 1)
		require.Contains(o.t, o.says("周八", "我的权限"), "【角色类别】运营人员")
		require.Contains(o.t, o.says("周八", "追溯 "+number), "新增已确认")
		require.Contains(o.t, o.says("王五", "我的待办"), "没有待办")
	})
}

// Who confirms, and who grants what is sensitive, the company says.
func TestOfficesAreTheRulebooks(t *testing.T) {
	onSQLite(t, func(o *office) {
		o.rulebook("permission: {confirm_by: \"department:信息安全部门\", security_by: \"member:" + fmt.Sprint(o.ids["王五"]) + "\"}\n")
		require.NotNil(o.t, o.moves("周八", 4, "event"))
		require.Empty(o.t, o.cards("王五"))
		require.Equal(o.t, []string{"周八：4 项新增待确认"}, o.cards("方安"))

		require.Contains(o.t, o.says("江一", "权限申请 查看日志 排查问题 7天"), "已提交")
		request, err := o.reader().RequestByNumber("A20260401-0001")
		require.NoError(o.t, err)
		steps, err := o.reader().RequestSteps(request.ID)
		require.NoError(o.t, err)
		require.Equal(o.t, fmt.Sprint("member:", o.ids["王五"]), steps[1].Whom)
	})
}

// Not confirmed in time, it is the business of those above.
func TestChangeIsDueInAWorkday(t *testing.T) {
	onSQLite(t, func(o *office) {
		o.moves("周八", 4, "event")
		o.at("2026-04-02 09:30")
		require.Equal(o.t, []string{"周八：4 项新增待确认", "请在 4月1日 18:00 前回应", "已超时，请尽快回应"}, o.cards("王五"))
		clocks, err := o.reader().ClocksOf(store.Subject{Kind: "permission_change", ID: 1}, 10)
		require.NoError(o.t, err)
		require.Len(o.t, clocks, 1)
		require.Equal(o.t, store.ClockBreached, clocks[0].State)
		o.at("2026-04-03 09:00")
		require.Equal(o.t, []string{"王五 未按时回应"}, o.cards("陈立"), "直接上级, a working day later")
		require.Contains(o.t, o.says("陈立", "催办 QX20260401-0001"), "已催办 1 人")
		require.Contains(o.t, o.says("陈立", "已知悉 QX20260401-0001"), "已记录您知悉此事")
	})
}

// A move that only takes away asks nobody.
func TestChangeThatAddsNothingAsksNobody(t *testing.T) {
	onSQLite(t, func(o *office) {
		change := o.moves("周八", 1, "event")
		require.Equal(o.t, store.ChangeDone, change.State)
		require.Empty(o.t, o.cards("王五"))
		require.Len(o.t, o.gets("周八", "【权限变更】"+change.Number, "已收回"), 1)
		require.Contains(o.t, o.says("王五", "权限变更 确认 "+change.Number), "【未找到】")
		require.Contains(o.t, o.says("陈立", "权限变更 确认 "+change.Number), "【未通过】"+change.Number+" 已不需要确认")
	})
}

// Where nobody holds the post the 管理员 are asked; the one it is about never.
func TestChangeWithoutThePost(t *testing.T) {
	onSQLite(t, func(o *office) {
		o.leaves("王五")
		o.tx(func(tx *store.Tx) error { return o.people.PostsChanged(tx) })
		o.moves("周八", 4, "event")
		require.Len(o.t, o.cards("陈立"), 1)
		require.Len(o.t, o.cards("蒋新"), 1)
		require.Contains(o.t, o.says("蒋新", "权限变更 拒绝 QX20260401-0001 先不加"), "【已受理】")
		require.Contains(o.t, o.says("陈立", "权限变更 确认 QX20260401-0001"), "已由蒋新拒绝")
		require.Len(o.t, o.gets("周八", "新增没有通过，保持现状"), 1)

		o.moves("蒋新", 4, "event2")
		require.Len(o.t, o.cards("蒋新"), 1, "never about himself")
	})
}

// Of two who decide at once one wins and the other is told who.
func TestChangeDecidedByTwoAtOnce(t *testing.T) {
	each(t, func(o *office) {
		o.moves("周八", 4, "event")
		var wait sync.WaitGroup
		answers := make([]string, 2)
		for i, who := range []string{"王五", "陈立"} {
			wait.Go(func() {
				err := o.db.InTx(o.t.Context(), func(tx *store.Tx) error {
					m, err := tx.Member(o.ids[who])
					if err != nil {
						return err
					}
					line := []string{"权限变更 确认 ", "权限变更 拒绝 "}[i] + "QX20260401-0001"
					answer, err := o.engine.Handle(tx, chat.From{Member: m, App: "assistant", Delivery: 7, At: tx.Now()}, line)
					answers[i] = answer.Text
					return err
				})
				require.NoError(o.t, err)
			})
		}
		wait.Wait()
		o.settle()
		accepted := 0
		for _, text := range answers {
			if text[:len("【已受理】")] == "【已受理】" {
				accepted++
			} else {
				require.Contains(o.t, text, "QX20260401-0001 已由")
			}
		}
		require.Equal(o.t, 1, accepted, answers)
	})
}

// What waits for somebody who leaves waits for another.
func TestChangeIsHandedOver(t *testing.T) {
	each(t, func(o *office) {
		o.moves("周八", 4, "event")
		works, err := o.domain.HandOver().List(o.reader(), o.ids["王五"], 10)
		require.NoError(o.t, err)
		require.Len(o.t, works, 1)
		require.Equal(o.t, "QX20260401-0001", works[0].Number)
		o.leaves("王五")
		for range 2 { // safe to repeat
			o.tx(func(tx *store.Tx) error {
				return o.domain.HandOver().Reassign(tx, works[0].Subject, o.ids["王五"], o.ids["陈立"], "已离职")
			})
		}
		o.settle()
		left, err := o.domain.HandOver().List(o.reader(), o.ids["王五"], 10)
		require.NoError(o.t, err)
		require.Empty(o.t, left)
		require.Len(o.t, o.cards("陈立"), 1)
		// Nobody to take it, or the one it is about: the 管理员 who are left.
		o.tx(func(tx *store.Tx) error {
			return o.domain.HandOver().Reassign(tx, works[0].Subject, o.ids["陈立"], o.ids["周八"], "已离职")
		})
		o.settle()
		require.Empty(o.t, o.cards("周八"))
		require.Len(o.t, o.cards("蒋新"), 1)
	})
}

// An amended change keeps its one card; its old buttons stop working.
func TestChangeIsAmended(t *testing.T) {
	onSQLite(t, func(o *office) {
		first := o.moves("周八", 4, "event")
		var second *store.PermissionChange
		o.tx(func(tx *store.Tx) error {
			m, err := tx.Member(o.ids["周八"])
			if err != nil {
				return err
			}
			if err := tx.SetMemberships(m.ID, []store.Membership{{MemberID: m.ID, DepartmentID: 4, IsLeader: true}}); err != nil {
				return err
			}
			second, err = o.people.Reconcile(tx, m, people.Cause{Kind: people.BecauseMoved, Reason: "部门调整", EventKey: "event"})
			return err
		})
		o.settle()
		require.Equal(o.t, first.ID, second.ID)
		require.Greater(o.t, second.Phase, first.Phase)
		require.LessOrEqual(o.t, len(o.cards("王五")), 2, "redrawn, or sent afresh in its place")
		require.Contains(o.t, o.says("王五", "追溯 QX20260401-0001"), "部门主管（市场部）")
	})
}

// When a department is moved hundreds come at once: after twenty no more cards,
// and all are confirmed together.
func TestChangesManyAtOnce(t *testing.T) {
	each(t, func(o *office) {
		const many = 27
		for i := range many {
			name := fmt.Sprintf("工人%02d", i)
			o.tx(func(tx *store.Tx) error {
				m := store.Member{UserID: name, Name: name, MainDepartment: 1, Status: store.MemberActive, Visible: true}
				err := tx.AddMember(&m)
				o.ids[name] = m.ID
				return err
			})
			o.moves(name, 4, fmt.Sprint("event", i))
		}
		require.Len(o.t, o.cards("王五"), 20)
		require.Len(o.t, o.gets("王五", "【权限变更】等您确认的变更已超过 20 项"), 1)
		require.Contains(o.t, o.says("王五", "权限变更 全部确认"), "【提醒】将确认 27 项变更的新增权限")
		require.Contains(o.t, o.says("王五", "全部确认"), "【已受理】正在确认 27 项")
		require.Len(o.t, o.gets("王五", "【权限变更】已确认 27 项变更的新增权限"), 1)
		require.Contains(o.t, o.says("工人26", "我的权限"), "【角色类别】运营人员")
		require.Contains(o.t, o.says("王五", "我的待办"), "没有待办")
		require.Contains(o.t, o.says("王五", "权限变更 全部确认"), "【未通过】现在没有等您确认的权限变更")
	})
}

// Confirming what would bring duties together that exclude each other is
// refused, and still waits.
func TestChangeThatWouldConflict(t *testing.T) {
	onSQLite(t, func(o *office) {
		o.assigns("周八", policy.ApproverA, "P-02", 1)
		o.tx(func(tx *store.Tx) error {
			m, err := tx.Member(o.ids["周八"])
			if err != nil {
				return err
			}
			m.Position = "流程管理员"
			if err := tx.SaveMember(&m); err != nil {
				return err
			}
			_, err = o.people.Reconcile(tx, m, people.Cause{Kind: people.BecauseMoved, Reason: "任流程管理员", EventKey: "event"})
			return err
		})
		o.settle()
		require.Contains(o.t, o.says("王五", "权限变更 确认"), "【未通过】职责冲突：流程管理员 与 审批人员A（P-02） 不能由同一人担任")
		require.Contains(o.t, o.says("王五", "我的待办"), "周八的权限变更：任流程管理员")
		o.says("王五", "权限变更 全部确认")
		o.says("王五", "全部确认")
		require.Len(o.t, o.gets("王五", "已确认 0 项", "另有 1 项没有确认"), 1)
		require.Contains(o.t, o.says("王五", "权限变更 拒绝"), "【已受理】")
	})
}
