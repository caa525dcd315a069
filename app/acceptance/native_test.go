package acceptance_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/app/playground"
	"guiju/store"
	"guiju/wecom/sandbox"
)

// WeCom's own 审批 app: what is started there by hand, and what a template
// with `engine: native` submits to it.

// Forms of the example company in the 审批 app.
const (
	nativeLeave    = "C4SandboxTplLeave0001"
	nativePurchase = "C4SandboxTplPurchase0003"
	nativeExpense  = "C4SandboxTplExpense0002"
)

// Starts lets a member submit a form in the 审批 app by hand and answers its
// number there and the callbacks that told of it.
func (w *World) Starts(name, template string, data map[string]any) (spNo string, told []int64) {
	w.t.Helper()
	var got struct {
		SpNo       string `json:"sp_no"`
		Deliveries []struct {
			DeliveryID int64 `json:"delivery_id"`
		} `json:"deliveries"`
	}
	w.post("approvals", map[string]any{"template_id": template, "user": userid(name), "data": data}, &got)
	w.note("%s %s 在审批应用提交 %s", w.Now().Format("15:04:05"), name, got.SpNo)
	w.Settle()
	for _, d := range got.Deliveries {
		told = append(told, d.DeliveryID)
	}
	return got.SpNo, told
}

// Acts lets somebody act in the 审批 app.
func (w *World) Acts(name, spNo, action string, more map[string]any) (told []int64) {
	w.t.Helper()
	w.note("%s %s 在审批应用 %s %s %v", w.Now().Format("15:04:05"), name, action, spNo, more)
	body := map[string]any{"user": userid(name), "action": action}
	for k, v := range more {
		body[k] = v
	}
	var got struct {
		Deliveries []struct {
			DeliveryID int64 `json:"delivery_id"`
		} `json:"deliveries"`
	}
	w.post("approvals/"+spNo+"/decide", body, &got)
	w.Settle()
	for _, d := range got.Deliveries {
		told = append(told, d.DeliveryID)
	}
	return told
}

// Mirrored is what the app knows of a form of the 审批 app; ok is false if it
// knows nothing.
func (w *World) Mirrored(spNo string) (request store.Request, ok bool) {
	w.t.Helper()
	request, err := w.reader().RequestBySPNo(spNo)
	if errors.Is(err, store.ErrNotFound) {
		return request, false
	}
	require.NoError(w.t, err)
	return request, true
}

// ledger counts the requests of the app.
func (w *World) ledger() int {
	w.t.Helper()
	all, err := w.reader().RequestsOfKind("native",
		[]store.RequestState{store.RequestRunning, store.RequestApproved, store.RequestRejected, store.RequestWithdrawn, store.RequestRevoked, store.RequestDeleted, store.RequestPaid}, 0, 100)
	require.NoError(w.t, err)
	return len(all)
}

var purchase = map[string]any{"物品": "测试机", "数量": 2, "预算": "12600.00"}

// Given callbacks 同意 and 提单 arrive in reverse order, then the final state is
// by the detail query.
func TestS04_AE_TheFinalStateIsByTheDetail(t *testing.T) {
	eachWith(t, noRetries, func(t *testing.T, w *World) {
		w.Down()
		no, submitted := w.Starts("赵六", nativeExpense, map[string]any{"事由": "打车", "金额": "328.50"})
		agreed := w.Acts("魏伟", no, "agree", nil)
		ended := w.Acts("何静", no, "agree", map[string]any{"speech": "发票齐全"})
		w.Up()
		for _, told := range [][]int64{ended, agreed, submitted} {
			for _, id := range told {
				w.Redelivers(id, 2, true)
			}
			w.Settle()
			request, known := w.Mirrored(no)
			require.True(t, known)
			require.Equal(t, store.RequestApproved, request.State, "whatever came last")
		}
		require.Equal(t, 1, w.ledger())
		request, _ := w.Mirrored(no)
		w.Traces("赵六", request.Number, "费用报销（已通过）", "事由：打车", "金额：328.50", "魏伟 同意（审批应用）", "何静 同意：发票齐全（审批应用）")
		require.Zero(t, w.Count("赵六", "【进度】"), "what is over when we hear of it has no progress")
	})
}

// Given a case moves on in the 审批 app, then the applicant gets one line; the
// 审批 app itself has told approvers and the result.
func TestG1_3_4_2_AE1_ProgressOfANativeCase(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		no, _ := w.Starts("赵六", nativePurchase, purchase)
		request, known := w.Mirrored(no)
		require.True(t, known)
		require.Equal(t, "A20260302-0001 running native 采购申请", request.Number+" "+string(request.State)+" "+request.Kind+" "+request.Title)
		w.GetsNothing("魏伟", "采购申请")
		w.Acts("魏伟", no, "agree", map[string]any{"speech": "同意"})
		w.Gets("赵六", "【进度】A20260302-0001「采购申请」：「第1步」已通过，接下来由何静、高总处理「第2步（会签）」。")
		require.Equal(t, 1, w.Count("赵六", "【进度】"))
		w.Acts("高总", no, "agree", nil)
		require.Equal(t, 1, w.Count("赵六", "【进度】"), "one of two has agreed: it waits for the other")
		w.Acts("何静", no, "comment", map[string]any{"speech": "请补合同"})
		w.Acts("何静", no, "agree", nil)
		w.Gets("赵六", "接下来由张三、李四处理「第3步（办理）」")
		w.Acts("李四", no, "agree", nil)
		request, _ = w.Mirrored(no)
		require.Equal(t, store.RequestApproved, request.State)
		w.GetsNothing("赵六", "已通过】")
		w.Traces("赵六", request.Number, "何静 评论：请补合同", "李四 同意（审批应用）")
		w.Acts("赵六", no, "withdraw", nil)
		request, _ = w.Mirrored(no)
		require.Equal(t, store.RequestRevoked, request.State, "通过后撤销")
	})
}

// Given callbacks were lost, then J-APPROVAL-SYNC finds what they would have
// told: new forms, decisions, and ends nobody is told of.
func TestX26_LostCallbacksAreFound(t *testing.T) {
	eachWith(t, noRetries, func(t *testing.T, w *World) {
		known, _ := w.Starts("赵六", nativePurchase, purchase)
		w.To("10:25") // the first comparison, of the whole month, is over
		w.Down()
		w.Acts("魏伟", known, "agree", nil)
		lost, _ := w.Starts("吴九", nativeExpense, map[string]any{"事由": "资料费", "金额": 80})
		w.Up()
		_, there := w.Mirrored(lost)
		require.False(t, there)
		w.To("11:25")
		found, there := w.Mirrored(lost)
		require.True(t, there, "the list shows it")
		require.Equal(t, store.RequestRunning, found.State)
		request, _ := w.Mirrored(known)
		require.EqualValues(t, 1, request.Position, "a running case not heard of for an hour is read again")
		w.Gets("赵六", "【进度】", "接下来由何静、高总处理")

		w.Acts("高总", known, "delete", nil) // no callback tells of it
		w.To("12:25")
		request, _ = w.Mirrored(known)
		require.Equal(t, store.RequestDeleted, request.State)
		require.Equal(t, 2, w.ledger())
	})
}

// Given an approver does not act, then he is nudged in words at the limit, his
// superior hears of it at twice the limit, and both end when the node moves on.
func TestG2_4_4_3_AE1_ALateNativeApprover(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		no, _ := w.Starts("赵六", nativeLeave, map[string]any{"请假类型": "事假", "请假时间": "2026-03-09 2026-03-10", "请假事由": "家中有事"})
		w.To("18:00")
		w.GetsNothing("魏伟", "A20260302-0001")
		w.To("2026-03-03 09:10")
		nudge := w.Gets("魏伟", "A20260302-0001", "请假申请", "请在企业微信「审批」中处理")
		require.Empty(t, nudge.Card, "only the client can decide there")
		w.GetsNothing("邵静", "A20260302-0001")
		w.To("2026-03-03 17:05")
		w.Gets("邵静", "魏伟", "请假申请")
		w.Acts("魏伟", no, "agree", nil)
		w.Advance(72 * time.Hour)
		require.Equal(t, 1, w.Count("邵静", "【升级】")+w.Count("邵静", "未按时回应"), "the node has moved on")
	})
}

// What can only be done in the 审批 app is said to be; 催办 nudges.
func TestX26_NativeCasesAreDecidedThere(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Starts("赵六", nativePurchase, purchase)
		for _, command := range []string{"审批 A20260302-0001 同意", "审批 A20260302-0001 驳回 人手不足"} {
			require.Contains(t, w.Says("魏伟", command), "不能在这里处理")
		}
		require.Contains(t, w.Says("赵六", "撤回 A20260302-0001"), "不能在这里处理")
		require.Contains(t, w.Says("赵六", "催办 A20260302-0001"), "【已受理】A20260302-0001 已催办魏伟")
		w.Gets("魏伟", "【催办】赵六 请您尽快处理 A20260302-0001「采购申请」", "请在企业微信「审批」中处理")
		require.Contains(t, w.Says("赵六", "催办 A20260302-0001"), "已经催办过")
		w.Traces("赵六", "A20260302-0001", "采购申请", "处理中，由魏伟处理")
	})
}

// Transfers, additions and returns in the 审批 app show who has to act now.
func TestX26_NativeMovesAreMirrored(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		no, _ := w.Starts("赵六", nativePurchase, purchase)
		waits := func(names string) {
			t.Helper()
			w.Traces("赵六", "A20260302-0001", "由"+names+"处理")
		}
		w.Acts("魏伟", no, "transfer", map[string]any{"to": "shaojing", "speech": "请代批"})
		waits("邵静")
		w.Acts("邵静", no, "add", map[string]any{"to": "tangliu"})
		waits("唐流")
		w.Acts("唐流", no, "agree", nil)
		waits("邵静")
		w.Acts("邵静", no, "add_agree", map[string]any{"to": "fangan"})
		waits("方安")
		w.Acts("方安", no, "return", map[string]any{"to": "tangliu", "speech": "型号不对"})
		waits("唐流")
		w.Traces("赵六", "A20260302-0001", "方安 退回：型号不对（审批应用）")
		w.Acts("唐流", no, "reject", map[string]any{"speech": "预算不足"})
		request, _ := w.Mirrored(no)
		require.Equal(t, store.RequestRejected, request.State)
		require.Equal(t, 1, w.ledger())
	})
}

// Given an approver has left the company, then IT and the applicant hear that
// only the 审批 app can pass the step on.
func TestX26_ANativeApproverWhoLeft(t *testing.T) {
	each(t, func(t *testing.T, w *World) {
		w.Starts("赵六", nativePurchase, purchase)
		w.Company("delete_user", map[string]any{"userid": userid("魏伟")})
		w.Settle()
		w.Gets("赵六", "【无人处理】A20260302-0001「采购申请」", "魏伟已不在职", "转交他人")
		w.Gets("陈立", "【无人处理】A20260302-0001")
		request, _ := w.Mirrored("202603020001")
		require.Equal(t, store.RequestRunning, request.State, "we do not end what WeCom runs")
		w.Advance(48 * time.Hour)
		require.Equal(t, 1, w.Count("赵六", "【无人处理】"))
	})
}

// nativeReimburse lets the 审批 app decide 报销 of the example company.
func nativeReimburse(o *playground.Options) {
	o.Overlay = `
approval:
  templates:
    reimburse:
      version: 1.1.0
      engine: native
      native: {template_id: C4SandboxTplExpense0002, controls: {事由: Text-1700000000021, 金额: Money-1700000000022}}
`
}

// nativeLeaves lets the 审批 app decide leaves: kind and time stand in one
// Vacation control, as WeCom's own template for leaves has it.
func nativeLeaves(o *playground.Options) {
	leaves := [][2]string{}
	for i, kind := range []string{"事假", "病假", "年假", "调休", "婚假", "产假", "陪产假", "丧假"} {
		leaves = append(leaves, [2]string{strconv.Itoa(i + 1), kind})
	}
	o.Platform.Templates = append(sandbox.ExampleTemplates(), sandbox.Template{ID: "C4SandboxTplVacation0009", Name: "请假", Controls: []sandbox.TemplateControl{
		{Control: "Vacation", ID: "vacation-1", Title: "请假类型", Required: true, Kind: "halfday", Options: leaves},
		{Control: "Textarea", ID: "Textarea-2", Title: "请假事由", Required: true},
		{Control: "Date", ID: "Date-3", Title: "预计返回日期", Required: true, Kind: "day"},
		{Control: "Contact", ID: "Contact-4", Title: "工作交接", Required: true, Kind: "single", Mode: "user"},
		{Control: "Number", ID: "Number-5", Title: "天数"},
		{Control: "File", ID: "File-6", Title: "附件"},
	}})
	o.Overlay = `
approval:
  templates:
    leave:
      version: 1.1.0
      engine: native
      native:
        template_id: C4SandboxTplVacation0009
        controls: {请假类型: vacation-1, 请假时间: vacation-1, 事由: Textarea-2, 预计返回日期: Date-3, 工作交接: Contact-4, 天数: Number-5, 附件: File-6}
`
}

// Given leaves are decided in the 审批 app, when 赵六 applies for two days in the
// chat, then the form there says so in its own controls, and once everybody has
// agreed there the leave is what any leave is: his deputy and colleagues know.
func TestX26_ALeaveOfTheChatIsDecidedInTheApprovalApp(t *testing.T) {
	eachWith(t, nativeLeaves, func(t *testing.T, w *World) {
		w.Says("赵六", "请假 事假 2026-03-09 2026-03-10下午 家中有事 返回:2026-03-11 交接:孙七")
		request, known := w.Mirrored("202603020001")
		require.True(t, known, "submitted and linked")
		require.Equal(t, "leave running", request.Kind+" "+string(request.State))
		sent := w.Calls("oa/applyevent")
		require.Len(t, sent, 1)
		for _, part := range []string{
			`"vacation":{"attendance":{"date_range":{"new_begin":1772985600,"new_duration":172800,"new_end":1773115200,"type":"halfday"},"type":1}`,
			`"s_timestamp":"1773158400","type":"day"`, `"members":[{"name":"孙七","userid":"sunqi"}]`, `"new_number":"2"`,
		} {
			require.Contains(t, sent[0].Plaintext, part)
		}
		require.NotContains(t, sent[0].Plaintext, "File-6", "nothing was attached")
		for _, name := range []string{"邵静", "郑十六", "何静"} {
			w.Traces("赵六", request.Number, "处理中，由"+name+"处理")
			w.Acts(name, "202603020001", "agree", nil)
		}
		request, _ = w.Mirrored("202603020001")
		require.Equal(t, store.RequestApproved, request.State)
		w.GetsExactly("周八", "注意:赵六将于2026-03-09至2026-03-10请假,期间孙七代理其工作。")
		require.Equal(t, 1, w.rows("SELECT COUNT(*) FROM requests"))
	})
}

// Given a template with engine: native, when a member applies for it in the
// chat, then the form stands in the 审批 app with the planned chain, is decided
// there, and is one case here; an answer that got lost makes no second form.
func TestX26_AFormOfTheChatIsDecidedInTheApprovalApp(t *testing.T) {
	eachWith(t, func(o *playground.Options) { nativeReimburse(o); patient(o) }, func(t *testing.T, w *World) {
		w.Says("赵六", "报销 500 打车")
		request, known := w.Mirrored("202603020001")
		require.True(t, known, "submitted and linked")
		require.Equal(t, "reimburse running", request.Kind+" "+string(request.State))
		require.Contains(t, w.Says("赵六", "撤回 "+request.Number), "不能在这里处理")
		w.Acts("邵静", "202603020001", "agree", map[string]any{"speech": "同意"})
		w.Gets("赵六", "【进度】"+request.Number, "接下来由何静处理「财务」")
		w.Acts("何静", "202603020001", "agree", nil)
		request, _ = w.Mirrored("202603020001")
		require.Equal(t, store.RequestApproved, request.State)
		require.Len(t, w.Calls("oa/applyevent"), 1)

		w.Fails("oa/applyevent", map[string]any{"errcode": 301055, "times": 1})
		w.Says("赵六", "报销 600 住宿")
		w.Gets("赵六", "【待提交】", "恢复后会自动提交")
		w.Gets("陈立", "【审批接口】", "可调用接口的应用")
		w.Advance(31 * time.Minute)
		second, known := w.Mirrored("202603020002")
		require.True(t, known, "nothing was lost")
		require.Equal(t, store.RequestRunning, second.State)
	})
}
