package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const leaveForm, buyForm = "C4SandboxTplLeave0001", "C4SandboxTplPurchase0003"

// change is what the newest sys_approval_change says happened, and the state after it.
func (r *rig) change() (what, status string) {
	r.t.Helper()
	text := r.lastOf("assistant")
	require.Contains(r.t, text, "<Event><![CDATA[sys_approval_change]]></Event><AgentID>3010040</AgentID>")
	return between(text, "<StatuChangeEvent>", "</StatuChangeEvent>"), between(text, "<SpStatus>", "</SpStatus>")
}

func TestApprovalByHand(t *testing.T) {
	r := newRig(t)
	out := r.control(http.MethodPost, "/approvals", object{"template_id": buyForm, "user": "zhaoliu", "data": object{"物品": "测试机", "数量": 2, "预算": "12600.00"}})
	no := out["sp_no"].(string)
	require.Equal(t, "202603020001", no)
	decide := func(user, action string, more object) object {
		body := object{"user": user, "action": action}
		for k, v := range more {
			body[k] = v
		}
		return r.control(http.MethodPost, "/approvals/"+no+"/decide", body)
	}
	expect := func(what, status string) {
		t.Helper()
		gotWhat, gotStatus := r.change()
		require.Equal(t, []string{what, status}, []string{gotWhat, gotStatus})
	}
	expect("1", "1")
	text := r.lastOf("assistant")
	require.Contains(t, text, "<SpNoStr><![CDATA[202603020001]]></SpNoStr><SpNo>202603020001</SpNo>")
	require.Contains(t, text, "<Applyer><UserId><![CDATA[zhaoliu]]></UserId><Party><![CDATA[3]]></Party></Applyer>")
	require.Contains(t, text, "<SpRecord><SpStatus>1</SpStatus><ApproverAttr>2</ApproverAttr>", "会签 is 2 in the old form")
	require.Contains(t, text, "<NodeType>1</NodeType><SpStatus>1</SpStatus><ApvRel>1</ApvRel>", "and 1 in the new")

	r.refused("/approvals/"+no+"/decide", object{"user": "hejing", "action": "agree"}, "user") // not her turn yet
	decide("weiwei", "comment", object{"speech": "请补型号"})
	expect("10", "1")
	require.Contains(t, r.lastOf("assistant"), "<CommentContent><![CDATA[请补型号]]></CommentContent>")
	decide("zhaoliu", "urge", nil)
	expect("5", "1")
	decide("weiwei", "transfer", object{"to": "shaojing", "speech": "请代批"})
	expect("4", "1")
	decide("shaojing", "agree", object{"speech": "同意"})
	expect("2", "1")
	decide("gaozong", "agree", nil)
	expect("2", "1")
	require.Equal(t, 1.0, decide("hejing", "agree", nil)["sp_status"], "the handlers are still to come")
	decide("lisi", "agree", nil)
	expect("14", "2")
	r.refused("/approvals/"+no+"/decide", object{"user": "zhangsan", "action": "agree"}, "action")
	decide("zhaoliu", "withdraw", nil)
	expect("8", "6")

	info := r.post("oa/getapprovaldetail", object{"sp_no": no})["info"].(object)
	require.Equal(t, 6.0, info["sp_status"])
	require.Len(t, info["sp_record"], 2)
	require.Len(t, info["process_list"].(object)["node_list"], 3)
	require.Equal(t, "请补型号", info["comments"].([]any)[0].(object)["commentcontent"])
	require.Equal(t, "测试机", info["apply_data"].(object)["contents"].([]any)[0].(object)["value"].(object)["text"])

	no = r.control(http.MethodPost, "/approvals", object{"template_id": leaveForm, "user": "zhaoliu",
		"data": object{"请假类型": "事假", "请假时间": "2026-03-09 2026-03-10", "请假事由": "家中有事", "工作交接": "sunqi"}})["sp_no"].(string)
	require.Contains(t, r.lastOf("assistant"), "<Notifyer><UserId><![CDATA[hanmei]]></UserId></Notifyer>")
	decide("weiwei", "reject", object{"speech": "人手不足"})
	expect("3", "3")
	r.refused("/approvals/"+no+"/decide", object{"user": "zhaoliu", "action": "withdraw"}, "action")
	require.Len(t, r.control(http.MethodGet, "/approvals?user=sunqi", nil)["approvals"], 0)
	require.Len(t, r.control(http.MethodGet, "/approvals?user=weiwei", nil)["approvals"], 2)

	for _, c := range []struct {
		field string
		body  object
	}{
		{"template_id", object{"template_id": "x", "user": "zhaoliu"}}, {"user", object{"template_id": buyForm, "user": "nobody"}},
		{"data", object{"template_id": buyForm, "user": "zhaoliu", "data": object{"数量": 2}}}, // 物品 is required
		{"data", object{"template_id": buyForm, "user": "zhaoliu", "data": object{"物品": "x", "数量": "many"}}},
		{"data", object{"template_id": buyForm, "user": "zhaoliu", "data": object{"物品": "x", "数量": 1, "颜色": "红"}}},
		{"data", object{"template_id": leaveForm, "user": "zhaoliu", "data": object{"请假类型": "婚假", "请假时间": "2026-03-09 2026-03-10", "请假事由": "x"}}},
	} {
		r.refused("/approvals", c.body, c.field)
	}
	r.refused("/approvals/none/decide", object{"user": "zhaoliu", "action": "agree"}, "sp_no")
}

// applyBody is a good oa/applyevent of the expense form.
func applyBody(change object) object {
	out := object{"creator_userid": "zhaoliu", "template_id": "C4SandboxTplExpense0002", "use_template_approver": 0,
		"process": object{"node_list": []object{{"type": 1, "apv_rel": 3, "userid": []string{"weiwei", "shaojing"}}, {"type": 2, "userid": []string{"hejing"}}}},
		"apply_data": object{"contents": []object{
			{"control": "Text", "id": "Text-1700000000021", "value": object{"text": "打车"}},
			{"control": "Money", "id": "Money-1700000000022", "value": object{"new_money": "328.50"}},
			{"control": "Date", "id": "Date-1700000000023", "value": object{"date": object{"type": "day", "s_timestamp": "1772380800"}}}}},
		"summary_list": []object{{"summary_info": []object{{"text": "打车 328.50", "lang": "zh_CN"}}}}}
	for k, v := range change {
		out[k] = v
	}
	return out
}

func TestApplyEvent(t *testing.T) {
	r := newRig(t)
	out := r.post("oa/applyevent", applyBody(nil))
	require.Equal(t, 0, code(out), out)
	no := out["sp_no"].(string)
	r.settle()
	what, _ := r.change()
	require.Equal(t, "1", what, "an API submission is told as well")
	r.refused("/approvals/"+no+"/decide", object{"user": "shaojing", "action": "agree"}, "user") // in turn
	r.control(http.MethodPost, "/approvals/"+no+"/decide", object{"user": "weiwei", "action": "agree"})
	r.control(http.MethodPost, "/approvals/"+no+"/decide", object{"user": "shaojing", "action": "agree"})
	_, status := r.change()
	require.Equal(t, "2", status)

	content := func(list ...object) object { return object{"contents": list} }
	textPart := object{"control": "Text", "id": "Text-1700000000021", "value": object{"text": "x"}}
	for name, c := range map[string]struct {
		change object
		want   int
	}{
		"template":           {object{"template_id": "x"}, 301025},
		"applicant":          {object{"creator_userid": "nobody"}, 301055},
		"department":         {object{"choose_department": 5}, 301025},
		"no summary":         {object{"summary_list": []object{}}, 40058},
		"summary language":   {object{"summary_list": []object{{"summary_info": []object{{"text": "x", "lang": "zh-CN"}}}}}, 301025},
		"summary length":     {object{"summary_list": []object{{"summary_info": []object{{"text": strings.Repeat("长", 21), "lang": "zh_CN"}}}}}, 301025},
		"approver flag":      {object{"use_template_approver": nil}, 40058},
		"no approver":        {object{"process": object{"node_list": []object{{"type": 2, "userid": []string{"hejing"}}}}}, 301025},
		"relation":           {object{"process": object{"node_list": []object{{"type": 1, "apv_rel": 4, "userid": []string{"hejing"}}}}}, 301025},
		"unknown approver":   {object{"process": object{"node_list": []object{{"type": 1, "apv_rel": 1, "userid": []string{"nobody"}}}}}, 301025},
		"required empty":     {object{"apply_data": content(textPart)}, 40058},
		"money as number":    {object{"apply_data": content(textPart, object{"control": "Money", "id": "Money-1700000000022", "value": object{"new_money": 3}})}, 301025},
		"unknown control":    {object{"apply_data": content(object{"control": "Text", "id": "Text-9", "value": object{"text": "x"}})}, 301025},
		"line break in text": {object{"apply_data": content(object{"control": "Text", "id": "Text-1700000000021", "value": object{"text": "a\nb"}})}, 301025},
		"expired file": {object{"apply_data": content(textPart, object{"control": "Money", "id": "Money-1700000000022", "value": object{"new_money": "3"}},
			object{"control": "File", "id": "File-1700000000024", "value": object{"files": []object{{"file_id": "x"}}}})}, 40007},
	} {
		require.Equal(t, c.want, code(r.post("oa/applyevent", applyBody(c.change))), name)
	}
	require.Equal(t, 0, code(r.post("oa/applyevent", applyBody(object{"use_template_approver": 1}))))

	detail := r.post("oa/gettemplatedetail", object{"template_id": leaveForm})
	require.Len(t, detail["template_content"].(object)["controls"], 4)
	require.Equal(t, 301025, code(r.post("oa/gettemplatedetail", object{"template_id": "x"})))
	closed := newRig(t, func(o *Options) { o.Apps[0].NoApprovals = true })
	require.Equal(t, 301055, code(closed.post("oa/applyevent", applyBody(nil))))
	closed.control(http.MethodPost, "/approvals", object{"template_id": buyForm, "user": "zhaoliu", "data": object{"物品": "x", "数量": 1}})
	require.Empty(t, closed.app.received())
}

func TestApprovalListPages(t *testing.T) {
	r := newRig(t)
	for i := range 7 {
		user := []string{"zhaoliu", "wujiu"}[i%2]
		r.control(http.MethodPost, "/approvals", object{"template_id": buyForm, "user": user, "data": object{"物品": "x", "数量": i + 1}})
	}
	list := func(change object) object {
		body := object{"starttime": fmt.Sprint(monday.Unix() - 60), "endtime": fmt.Sprint(monday.Unix() + 60), "new_cursor": "", "size": 3}
		for k, v := range change {
			body[k] = v
		}
		return r.post("oa/getapprovalinfo", body)
	}
	var all []any
	cursor := ""
	for range 10 {
		out := list(object{"new_cursor": cursor, "filters": []object{{"key": "creator", "value": "zhaoliu"}}})
		require.Equal(t, 0, code(out))
		all = append(all, out["sp_no_list"].([]any)...)
		next, more := out["new_next_cursor"].(string)
		if !more {
			break
		}
		cursor = next
	}
	require.Len(t, all, 4)
	require.Empty(t, list(object{"filters": []object{{"key": "sp_status", "value": "2"}}, "size": 100})["sp_no_list"])
	for name, bad := range map[string]object{
		"span": {"endtime": fmt.Sprint(monday.Unix() + 32*86400)}, "order": {"endtime": "1"}, "size": {"size": 101},
		"filter": {"filters": []object{{"key": "colour", "value": "1"}}}, "cursor": {"new_cursor": "junk"}, "no cursor": {"new_cursor": nil},
	} {
		require.Equal(t, 301025, code(list(bad)), name)
	}
	narrow := newRig(t, func(o *Options) { o.Apps[0].VisibleParties = []int{4} })
	narrow.control(http.MethodPost, "/approvals", object{"template_id": buyForm, "user": "zhaoliu", "data": object{"物品": "x", "数量": 1}})
	require.Empty(t, narrow.app.received(), "the applicant is out of the app's range")
	require.Equal(t, 301055, code(narrow.post("oa/getapprovaldetail", object{"sp_no": "202603020001"})))
}

// What approvers do besides agreeing, and what administrators do.
func TestApprovalMoves(t *testing.T) {
	r := newRig(t)
	no := r.control(http.MethodPost, "/approvals", object{"template_id": buyForm, "user": "zhaoliu", "data": object{"物品": "测试机", "数量": 2}})["sp_no"].(string)
	decide := func(user, action, to string) object {
		return r.control(http.MethodPost, "/approvals/"+no+"/decide", object{"user": user, "action": action, "to": to, "speech": action})
	}
	expect := func(what, status string) {
		t.Helper()
		gotWhat, gotStatus := r.change()
		require.Equal(t, []string{what, status}, []string{gotWhat, gotStatus})
	}
	decide("weiwei", "add", "shaojing") // before himself
	expect("12", "1")
	r.refused("/approvals/"+no+"/decide", object{"user": "weiwei", "action": "agree"}, "user")
	decide("shaojing", "agree", "")
	decide("weiwei", "add_agree", "tangliu") // after himself
	expect("13", "1")
	r.refused("/approvals/"+no+"/decide", object{"user": "tangliu", "action": "return", "to": "hejing"}, "to")
	decide("tangliu", "return", "shaojing")
	expect("11", "1")
	decide("shaojing", "agree", "")
	decide("weiwei", "agree", "")
	decide("tangliu", "agree", "")
	decide("hejing", "agree", "")
	decide("gaozong", "agree", "")
	decide("zhangsan", "transfer", "wangwu") // a handler
	expect("15", "1")
	before := len(r.app.received())
	require.Equal(t, 7.0, decide("chenli", "delete", "")["sp_status"])
	require.Len(t, r.app.received(), before, "no callback tells of a deletion")
	r.refused("/approvals/"+no+"/decide", object{"user": "chenli", "action": "pay"}, "action")
}
