package wecom_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
)

// The answers of the documentation, with values of our own.
const (
	templateAnswer = `{"errcode":0,"errmsg":"ok","template_names":[{"text":"Expenses","lang":"en"},{"text":"费用报销","lang":"zh_CN"}],"template_content":{"controls":[
 {"property":{"control":"Text","id":"Text-1","title":[{"text":"事由","lang":"zh_CN"}],"placeholder":[{"text":"请输入","lang":"zh_CN"}],"require":1,"un_print":0,"inner_id":"","un_replace":0,"display":1}},
 {"property":{"control":"Selector","id":"Selector-3","title":[{"text":"类型","lang":"zh_CN"}],"require":1},
  "config":{"selector":{"type":"single","exp_type":0,"options":[{"key":"option-4","value":[{"text":"差旅","lang":"zh_CN"}]},{"key":"option-5","value":[{"text":"办公","lang":"zh_CN"}]}],"op_relations":[]}}},
 {"property":{"control":"Date","id":"Date-6","title":[{"text":"发生日期","lang":"zh_CN"}],"require":0},"config":{"date":{"type":"day"}}},
 {"property":{"control":"Contact","id":"Contact-7","title":[{"text":"部门","lang":"zh_CN"}]},"config":{"contact":{"type":"multi","mode":"department"}}},
 {"property":{"control":"Table","id":"Table-8","title":[{"text":"明细","lang":"zh_CN"}]},"config":{"table":{"children":[{"property":{"control":"Number","id":"Number-9","title":[{"text":"数量","lang":"zh_CN"}],"require":1}}],"stat_field":[]}}},
 {"property":{"control":"Vacation","id":"Vacation-1","title":[{"text":"请假","lang":"zh_CN"}]}}]},
 "vacation_list":{"item":[{"id":1,"name":[{"text":"年假","lang":"zh_CN"}]}]}}`

	detailAnswer = `{"errcode":0,"errmsg":"ok","info":{"sp_no":"202603020001","sp_name":"费用报销","sp_status":1,"template_id":"C4FlowTplReimburse001","apply_time":1772414100,"applyer":{"userid":"chenyu","partyid":"12"},
 "sp_record":[{"sp_status":2,"approverattr":1,"details":[{"approver":{"userid":"linmo"},"speech":"同意","sp_status":2,"sptime":1772418600,"media_id":[]},{"approver":{"userid":"zhaoqi"},"speech":"","sp_status":1,"sptime":0,"media_id":[]}]},
  {"sp_status":1,"approverattr":2,"details":[{"approver":{"userid":"sunhe"},"speech":"","sp_status":1,"sptime":0,"media_id":[]}]}],
 "notifyer":[{"userid":"finance01"},{"userid":"FINANCE01"}],
 "apply_data":{"contents":[
  {"control":"Text","id":"Text-1","title":[{"text":"事由","lang":"zh_CN"}],"value":{"text":"深圳出差打车","tips":[],"members":[],"departments":[],"files":[],"children":[],"stat_field":[]}},
  {"control":"Money","id":"Money-2","title":[{"text":"金额","lang":"zh_CN"}],"value":{"new_money":"328.50","tips":[],"members":[]}},
  {"control":"Selector","id":"Selector-3","title":[{"text":"类型","lang":"zh_CN"}],"value":{"selector":{"type":"single","options":[{"key":"option-4","value":[{"text":"差旅","lang":"zh_CN"}]}]},"files":[]}},
  {"control":"Date","id":"Date-6","title":[{"text":"发生日期","lang":"zh_CN"}],"value":{"type":"day","s_timestamp":"1772380800"}},
  {"control":"Table","id":"Table-8","title":[{"text":"明细","lang":"zh_CN"}],"value":{"children":[{"list":[{"control":"Number","id":"Number-9","title":[{"text":"数量","lang":"zh_CN"}],"value":{"new_number":2}}]}]}},
  {"control":"Hologram","id":"Hologram-1","title":[{"text":"以后的控件","lang":"zh_CN"}],"value":{"hologram":{"x":1}}}]},
 "comments":[{"commentUserInfo":{"userid":"linmo"},"commenttime":1772418600,"commentcontent":"发票已核","commentid":"7001200000000000042","media_id":[]}],
 "process_list":{"node_list":[
  {"node_type":1,"sp_status":2,"apv_rel":2,"sub_node_list":[{"userid":"linmo","speech":"同意","sp_yj":2,"sptime":1772418600,"media_ids":[]},{"userid":"zhaoqi","speech":"","sp_yj":1,"sptime":0,"media_ids":[]}]},
  {"node_type":1,"sp_status":1,"apv_rel":1,"sub_node_list":[{"userid":"sunhe","speech":"","sp_yj":1,"sptime":0,"media_ids":[]}]},
  {"node_type":2,"sub_node_list":[{"userid":"finance01"}]}]}}}`

	openAnswer = `{"errcode":0,"errmsg":"ok","data":{"ThirdNo":"WF-2026-0042","OpenTemplateId":"of7a1c0001","OpenSpName":"付款","%s":2,"ApplyTime":1772414100,"%s":"陈宇","ApplyUserParty":"采购部","ApplyUserId":"chenyu",
 "ApprovalNodes":{"ApprovalNode":[{"NodeStatus":4,"NodeAttr":2,"NodeType":1,"Items":{"Item":[{"ItemName":"林默","%s":"linmo","ItemStatus":2,"ItemSpeech":"好","ItemOpTime":1772418600}]}}]},
 "NotifyNodes":{"NotifyNode":{"ItemName":"赵琪","%s":"zhaoqi"}},"%s":0}}`
)

func TestApprovalTemplate(t *testing.T) {
	p := newPlatform(t)
	p.answers("oa/gettemplatedetail", templateAnswer)
	got, err := p.client(wecom.Options{}).TemplateDetail(t.Context(), "C4FlowTplReimburse001")
	require.NoError(t, err)
	require.Equal(t, "费用报销", got.Name)
	require.Equal(t, []wecom.TemplateControl{
		{Control: "Text", ID: "Text-1", Title: "事由", Required: true},
		{Control: "Selector", ID: "Selector-3", Title: "类型", Required: true, Kind: "single", Options: []wecom.FormOption{{Key: "option-4", Text: "差旅"}, {Key: "option-5", Text: "办公"}}},
		{Control: "Date", ID: "Date-6", Title: "发生日期", Kind: "day"},
		{Control: "Contact", ID: "Contact-7", Title: "部门", Kind: "multi", Mode: "department"},
		{Control: "Table", ID: "Table-8", Title: "明细", Children: []wecom.TemplateControl{{Control: "Number", ID: "Number-9", Title: "数量", Required: true}}},
		{Control: "Vacation", ID: "Vacation-1", Title: "请假", Options: []wecom.FormOption{{Key: "1", Text: "年假"}}},
	}, got.Controls)
	require.JSONEq(t, `{"template_id":"C4FlowTplReimburse001"}`, p.calls("oa/gettemplatedetail")[0].body)
}

// The detail in its new and its old form: rules are one thing although their
// numbers are reversed.
func TestApprovalDetail(t *testing.T) {
	p := newPlatform(t)
	p.answers("oa/getapprovaldetail", detailAnswer)
	got, err := p.client(wecom.Options{}).ApprovalDetail(t.Context(), "202603020001")
	require.NoError(t, err)
	acted := time.Unix(1772418600, 0)
	nodes := []wecom.ApprovalNode{
		{Kind: wecom.ApproverNode, Rule: wecom.AnyOne, Status: wecom.NodeAgreed, People: []wecom.ApprovalPart{
			{UserID: "linmo", Speech: "同意", Status: wecom.NodeAgreed, At: acted}, {UserID: "zhaoqi", Status: wecom.NodePending}}},
		{Kind: wecom.ApproverNode, Rule: wecom.Everyone, Status: wecom.NodePending, People: []wecom.ApprovalPart{{UserID: "sunhe", Status: wecom.NodePending}}},
	}
	require.Equal(t, nodes, got.Nodes)
	require.Equal(t, []string{"finance01"}, got.Copies)
	require.Equal(t, []wecom.ApprovalComment{{ID: "7001200000000000042", UserID: "linmo", At: acted, Content: "发票已核"}}, got.Comments)
	require.Equal(t, "深圳出差打车", got.Form[0].Value.Text)
	require.Equal(t, "328.50", got.Form[1].Value.Number)
	require.Equal(t, []wecom.FormOption{{Key: "option-4", Text: "差旅"}}, got.Form[2].Value.Options)
	require.Equal(t, time.Unix(1772380800, 0), got.Form[3].Value.Time, "without its wrapper")
	require.Equal(t, "2", got.Form[4].Value.Rows[0][0].Value.Number, "a number where a text belongs")
	require.Equal(t, wecom.FormControl{Control: "Hologram", ID: "Hologram-1", Title: "以后的控件"}, got.Form[5])

	old := strings.Replace(detailAnswer, `"process_list":{"node_list"`, `"other":{"node_list"`, 1)
	p.answers("oa/getapprovaldetail", old)
	got, err = p.client(wecom.Options{}).ApprovalDetail(t.Context(), "202603020001")
	require.NoError(t, err)
	require.Equal(t, nodes, got.Nodes, "approverattr says the same by the other numbers")

	p.answers("oa/getapprovaldetail", strings.Replace(detailAnswer, "202603020001", "202603020002", 1))
	_, err = p.client(wecom.Options{}).ApprovalDetail(t.Context(), "202603020001")
	require.Equal(t, wecom.Transient, wecom.ClassOf(err), "another form than was asked for")
}

// Both spellings of the page decode alike; the state never comes from the nodes.
func TestOpenApproval(t *testing.T) {
	p := newPlatform(t)
	for _, spelling := range [][]any{
		{"OpenSpstatus", "ApplyUsername", "ItemUserId", "ItemUserId", "ApproverStep"},
		{"OpenSpStatus", "ApplyUserName", "ItemUserid", "itemuserid", "approverstep"},
	} {
		p.answers("corp/getopenapprovaldata", fmt.Sprintf(openAnswer, spelling...))
		got, err := p.client(wecom.Options{}).OpenApproval(t.Context(), "WF-2026-0042")
		require.NoError(t, err)
		require.Equal(t, wecom.Approval{
			Number: "WF-2026-0042", Name: "付款", TemplateID: "of7a1c0001", Status: wecom.ApprovalApproved, AppliedAt: time.Unix(1772414100, 0),
			Applicant: "chenyu", Copies: []string{"zhaoqi"}, Nodes: []wecom.ApprovalNode{{Kind: wecom.ApproverNode, Rule: wecom.Everyone, Status: wecom.NodeTransferred,
				People: []wecom.ApprovalPart{{UserID: "linmo", Speech: "好", Status: wecom.NodeAgreed, At: time.Unix(1772418600, 0)}}}},
		}, got)
	}
}

func expense() wecom.Application {
	return wecom.Application{
		TemplateID: "C4FlowTplReimburse001", Applicant: "chenyu", Department: 12,
		Nodes: []wecom.ApplicationNode{{Kind: wecom.ApproverNode, Rule: wecom.AnyOne, Users: []string{"linmo", "zhaoqi"}}, {Kind: wecom.CopyNode, Users: []string{"finance01"}}},
		Form: []wecom.FormControl{
			{Control: "Text", ID: "Text-1", Value: wecom.FormValue{Text: "深圳<出差>打车"}},
			{Control: "Money", ID: "Money-2", Value: wecom.FormValue{Number: "328.50"}},
			{Control: "Selector", ID: "Selector-3", Value: wecom.FormValue{Kind: "single", Options: []wecom.FormOption{{Key: "option-4"}}}},
			{Control: "Date", ID: "Date-6", Value: wecom.FormValue{Kind: "day", Time: time.Unix(1772380800, 0)}},
			{Control: "File", ID: "File-7", Value: wecom.FormValue{Files: []string{"M1"}}},
			{Control: "DateRange", ID: "DateRange-8", Value: wecom.FormValue{Kind: "halfday", From: time.Unix(1772380800, 0), To: time.Unix(1772424000, 0), Duration: 24 * time.Hour}},
		},
		Summary: []string{"事由：深圳出差打车"},
	}
}

func TestApply(t *testing.T) {
	p := newPlatform(t)
	p.answers("oa/applyevent", `{"errcode":0,"errmsg":"ok","sp_no":"202603020001"}`)
	number, err := p.client(wecom.Options{}).Apply(t.Context(), expense())
	require.NoError(t, err)
	require.Equal(t, "202603020001", number)
	body := p.calls("oa/applyevent")[0].body
	require.Contains(t, body, "深圳<出差>打车", "raw UTF-8 without HTML escapes")
	require.JSONEq(t, `{"creator_userid":"chenyu","template_id":"C4FlowTplReimburse001","use_template_approver":0,"choose_department":12,
 "process":{"node_list":[{"type":1,"apv_rel":2,"userid":["linmo","zhaoqi"]},{"type":2,"userid":["finance01"]}]},
 "apply_data":{"contents":[
  {"control":"Text","id":"Text-1","value":{"text":"深圳<出差>打车"}},
  {"control":"Money","id":"Money-2","value":{"new_money":"328.50"}},
  {"control":"Selector","id":"Selector-3","value":{"selector":{"type":"single","options":[{"key":"option-4"}]}}},
  {"control":"Date","id":"Date-6","value":{"date":{"type":"day","s_timestamp":"1772380800"}}},
  {"control":"File","id":"File-7","value":{"files":[{"file_id":"M1"}]}},
  {"control":"DateRange","id":"DateRange-8","value":{"date_range":{"type":"halfday","new_begin":1772380800,"new_end":1772424000,"new_duration":86400}}}]},
 "summary_list":[{"summary_info":[{"text":"事由：深圳出差打车","lang":"zh_CN"}]}]}`, body)

	for name, change := range map[string]func(*wecom.Application){
		"applicant":      func(a *wecom.Application) { a.Applicant = "" },
		"no summary":     func(a *wecom.Application) { a.Summary = nil },
		"long summary":   func(a *wecom.Application) { a.Summary = []string{strings.Repeat("长", 21)} },
		"no approver":    func(a *wecom.Application) { a.Nodes = a.Nodes[1:] },
		"rule":           func(a *wecom.Application) { a.Nodes[0].Rule = 4 },
		"line break":     func(a *wecom.Application) { a.Form[0].Value.Text = "a\nb" },
		"too many files": func(a *wecom.Application) { a.Form[4].Value.Files = make([]string, 7) },
		"control":        func(a *wecom.Application) { a.Form[0].Control = "PunchCorrection" },
	} {
		bad := expense()
		change(&bad)
		_, err := p.client(wecom.Options{}).Apply(t.Context(), bad)
		require.Equal(t, wecom.Permanent, wecom.ClassOf(err), name)
	}
	require.Len(t, p.calls("oa/applyevent"), 1, "what WeCom would refuse is not sent")
}

// The classes of the approval interfaces, and after which a form may have been
// stored all the same.
func TestApprovalErrors(t *testing.T) {
	for code, want := range map[int]struct {
		class     wecom.Class
		uncertain bool
	}{
		301025: {wecom.Permanent, false}, 301026: {wecom.Transient, true}, 301055: {wecom.Misconfigured, false}, 301056: {wecom.Misconfigured, false},
		301057: {wecom.Transient, true}, 301079: {wecom.Permanent, false}, 301112: {wecom.Permanent, false}, 40058: {wecom.Permanent, false},
		-1: {wecom.Transient, true}, 45009: {wecom.Throttled, false},
	} {
		p := newPlatform(t)
		p.fails("oa/applyevent", code, "refused")
		_, err := p.client(wecom.Options{}).Apply(t.Context(), expense())
		require.Equal(t, want.class, wecom.ClassOf(err), code)
		require.Equal(t, want.uncertain, wecom.Uncertain(err), code)
	}
	p := newPlatform(t)
	p.answers("oa/applyevent", `{"errcode":0,"errmsg":"ok"}`)
	_, err := p.client(wecom.Options{}).Apply(t.Context(), expense())
	require.True(t, wecom.Uncertain(err), "an answer without a number")
}

func TestApprovalNumbers(t *testing.T) {
	p := newPlatform(t)
	p.on("oa/getapprovalinfo", func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		require.NoError(t, json.NewDecoder(r.Body).Decode(&in))
		if in["new_cursor"] == "" {
			answer(w, `{"errcode":0,"errmsg":"ok","sp_no_list":["202603020001",202603020004],"new_next_cursor":"d3"}`)
			return
		}
		answer(w, `{"errcode":0,"errmsg":"ok","sp_no_list":[]}`)
	})
	c := p.client(wecom.Options{})
	q := wecom.ApprovalQuery{From: time.Unix(1772294400, 0), To: time.Unix(1774886400, 0), TemplateID: "T", Applicant: "chenyu", Status: 1}
	page, err := c.ApprovalNumbers(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, wecom.ApprovalPage{Numbers: []string{"202603020001", "202603020004"}, Next: "d3"}, page)
	require.JSONEq(t, `{"starttime":"1772294400","endtime":"1774886400","new_cursor":"","size":100,
 "filters":[{"key":"template_id","value":"T"},{"key":"creator","value":"chenyu"},{"key":"sp_status","value":"1"}]}`, p.calls("oa/getapprovalinfo")[0].body)
	q.Cursor = page.Next
	page, err = c.ApprovalNumbers(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, wecom.ApprovalPage{}, page, "no cursor is the end")
	q.To = q.From.Add(32 * 24 * time.Hour)
	_, err = c.ApprovalNumbers(t.Context(), q)
	require.ErrorContains(t, err, "31 days")
	p.fails("oa/getapprovalinfo", wecom.CodeWindowTooHeavy, "narrow the window")
	q.To = q.From.Add(time.Hour)
	_, err = c.ApprovalNumbers(t.Context(), q)
	require.Equal(t, wecom.CodeWindowTooHeavy, wecom.CodeOf(err))
}

// What was submitted is known again in what WeCom shows of it, and nothing else is.
func TestSameForm(t *testing.T) {
	sent := expense().Form
	read := append([]wecom.FormControl{}, sent...)
	read[1].Value = wecom.FormValue{Number: "328.5"}
	read[4].Value = wecom.FormValue{Files: []string{"permanent-1"}}
	require.True(t, wecom.SameForm(sent, append(read, wecom.FormControl{Control: "Formula", ID: "F", Value: wecom.FormValue{Number: "3"}})))
	for name, change := range map[string]func([]wecom.FormControl) []wecom.FormControl{
		"text":    func(f []wecom.FormControl) []wecom.FormControl { f[0].Value.Text = "别的"; return f },
		"money":   func(f []wecom.FormControl) []wecom.FormControl { f[1].Value.Number = "328.51"; return f },
		"option":  func(f []wecom.FormControl) []wecom.FormControl { f[2].Value.Options = nil; return f },
		"files":   func(f []wecom.FormControl) []wecom.FormControl { f[4].Value.Files = nil; return f },
		"range":   func(f []wecom.FormControl) []wecom.FormControl { f[5].Value.To = time.Unix(1772467200, 0); return f },
		"missing": func(f []wecom.FormControl) []wecom.FormControl { return f[1:] },
		"more": func(f []wecom.FormControl) []wecom.FormControl {
			return append(f, wecom.FormControl{Control: "Text", ID: "Text-99", Value: wecom.FormValue{Text: "x"}})
		},
	} {
		require.False(t, wecom.SameForm(sent, change(append([]wecom.FormControl{}, read...))), name)
	}
}

// Whatever WeCom writes, decoding neither panics nor loses the form's number.
func FuzzDecodeApproval(f *testing.F) {
	f.Add([]byte(detailAnswer[strings.Index(detailAnswer, `{"sp_no"`) : len(detailAnswer)-1]))
	f.Add([]byte(`{"sp_no":1,"applyer":[],"process_list":"","apply_data":null,"comments":{},"sp_record":[null,[],{"details":{}}]}`))
	f.Add([]byte(`{"sp_no":"1","apply_data":{"contents":[{"control":"Table","value":{"children":[{"list":[{"control":"Table","value":{"children":[{}]}}]}]}}]}}`))
	f.Fuzz(func(t *testing.T, info []byte) {
		a, err := wecom.DecodeApproval(info)
		if err == nil && len(a.Form) == 1 { // of several, ids may repeat
			require.True(t, wecom.SameForm(a.Form, a.Form), "a form equals itself")
		}
		_, _ = wecom.DecodeOpenApproval(info)
		_, _ = wecom.DecodeTemplate(info)
	})
}
