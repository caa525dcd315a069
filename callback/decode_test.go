package callback

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/callback/event"
)

// wanted is what each fixture must become; the common head is added by want.
var wanted = map[string]event.Event{
	"text": &event.Text{Header: message("text", "7302915640082374651"), Content: "请假 2天 <明天> & 后天"},
	"image": &event.Image{Header: message("image", "7302915640082374652"),
		PicURL: "http://p.example.cn/pic/8a1?x=1&y=2", MediaID: "1kQ8fT2mZr0"},
	"voice": &event.Voice{Header: message("voice", "7302915640082374653"), MediaID: "1vX7c90Lp", Format: "amr"},
	"video": &event.Video{Header: message("video", "7302915640082374654"), MediaID: "1vD55aQe", ThumbMediaID: "1tH31bRf"},
	"location": &event.Location{Header: message("location", "7302915640082374655"),
		Latitude: 30.2741, Longitude: 120.1551, Scale: 16, Label: "杭州市上城区某路 8号", AppType: "wxwork"},
	"link": &event.Link{Header: message("link", "7302915640082374656"), Title: "季度总结", Description: "第三季度",
		URL: "https://doc.example.cn/q3?id=7&v=2", PicURL: "https://doc.example.cn/q3.png"},

	"subscribe":   &event.Subscribe{Header: app("subscribe", "")},
	"unsubscribe": &event.Unsubscribe{Header: app("unsubscribe", "")},
	"enter_agent": &event.EnterAgent{Header: app("enter_agent", "")},
	"LOCATION": &event.LocationReport{Header: app("LOCATION", ""),
		Latitude: 30.274, Longitude: 120.155, Precision: 42, AppType: "wxwork"},
	"click":            &event.Click{Header: app("click", "MENU_NEW_LEAVE")},
	"view":             &event.View{Header: app("view", "https://flow.example.cn/my?tab=todo&p=1")},
	"view_miniprogram": &event.ViewMiniprogram{Header: app("view_miniprogram", "pages/todo/index")},
	"scancode_waitmsg": &event.ScanCode{Header: app("scancode_waitmsg", "MENU_SCAN"),
		Waiting: true, Type: "qrcode", Result: "ASSET-00917"},
	"pic_weixin": &event.Photos{Header: app("pic_weixin", "MENU_PHOTO"), Count: 2,
		MD5: []string{"0c1f5be27a4d4c9f9a3e6d5b8e7f1023", "9b7d2a64e1c84f0db2c35a7e60d1f844"}},
	"location_select": &event.LocationSelect{Header: app("location_select", "MENU_LOC"),
		Latitude: 30.27, Longitude: 120.15, Scale: 15, Label: " 杭州市上城区", AppType: "wxwork"},
	"card_click": &event.CardClick{Header: app("template_card_event", "approve:LV-2026-0107"),
		TaskID: "LV-2026-0107@3", CardType: "button_interaction", ResponseCode: "rc-5TqG1xN8"},
	"card_submit": &event.CardClick{Header: from("liuqing", app("template_card_event", "submit")),
		TaskID: "poll-77", CardType: "multiple_interaction", ResponseCode: "rc-Zk31",
		Selected: []event.Selection{{Question: "q_day", Options: []string{"mon"}}, {Question: "q_meal", Options: []string{"a", "c"}}}},
	"card_menu": &event.CardMenu{Header: app("template_card_menu_event", "mute"),
		TaskID: "LV-2026-0107@3", CardType: "text_notice", ResponseCode: "rc-0Pa9"},
	"taskcard_click":       &event.TaskCardClick{Header: app("taskcard_click", "yes"), TaskID: "t-19"},
	"share_agent_change":   &event.AgentShared{Header: from("sys", app("share_agent_change", ""))},
	"inactive_alert":       &event.AppState{Header: from("sys", app("inactive_alert", "")), EffectAt: at(1769817600)},
	"close_inactive_agent": &event.AppState{Header: from("sys", app("close_inactive_agent", ""))},
	"batch_job_result": &event.BatchJob{Header: system("batch_job_result", ""),
		JobID: "jOb7Qw2", JobType: "replace_user", ErrMsg: "ok"},
	"living_status_change": &event.Named{Header: from("sys", app("living_status_change", ""))},
	"respond_schedule":     &event.Named{Header: from("chenmo", system("respond_schedule", ""))},
	"doc_change":           &event.Named{Header: from("liuqing", system("doc_change", "delete_doc"))},
	"kf_msg_or_event": &event.Named{Header: event.Header{ToUserName: "ww9f2c41d07ab83e56", CreateTime: at(1767225710),
		MsgType: "event", Event: "kf_msg_or_event"}},

	"create_user": &event.UserCreated{Header: system("change_contact", "create_user"), Member: event.Member{
		UserID: "zhaoyan", Name: event.Some("赵妍"), Departments: event.Some([]string{"7", "12"}),
		MainDepartment: event.Some("7"), LeaderIn: event.Some([]bool{false, true}),
		DirectLeaders: event.Some([]string{"liuqing"}), Position: event.Some("会计"), Mobile: event.Some("13900000000"),
		Gender: event.Some(2), Email: event.Some("zhaoyan@example.cn"), BizMail: event.Some("zhaoyan@corp.example.cn"),
		Status: event.Some(event.MemberInactive), Avatar: event.Some("http://a.example.cn/av/77/0"),
		Alias: event.Some("Yan"), Telephone: event.Some("0571-8000"), Address: event.Some("杭州"),
		Attributes: event.Some([]event.Attribute{
			{Name: "工号", Text: "E0193"},
			{Name: "主页", Web: true, Title: "介绍", URL: "https://me.example.cn/zy"},
		}),
	}},
	"create_user_reduced": &event.UserCreated{Header: system("change_contact", "create_user"),
		Member: event.Member{UserID: "zhaoyan", Departments: event.Some([]string{"7", "12"})}},
	"update_user_renamed": &event.UserUpdated{Header: system("change_contact", "update_user"), NewUserID: event.Some("sunli"),
		Member: event.Member{UserID: "wm83kd02", Departments: event.Some([]string{"4"}),
			IsLeader: event.Some(true), LeaderIn: event.Some([]bool{true})}},
	"update_user_attribute": &event.UserUpdated{Header: system("change_contact", "update_user"),
		Member: event.Member{UserID: "zhaoyan", Attributes: event.Some([]event.Attribute{{Name: "工号", Text: "E0200"}})}},
	"delete_user": &event.UserDeleted{Header: system("change_contact", "delete_user"), UserID: "zhaoyan"},
	"create_party": &event.PartyCreated{Header: system("change_contact", "create_party"), Party: event.Party{
		ID: "31", Name: event.Some("采购组"), ParentID: event.Some("7"), Order: event.Some("100000")}},
	"update_party": &event.PartyUpdated{Header: system("change_contact", "update_party"),
		Party: event.Party{ID: "31", ParentID: event.Some("12")}},
	"delete_party": &event.PartyDeleted{Header: system("change_contact", "delete_party"), ID: "31"},
	"update_tag": &event.TagUpdated{Header: system("change_contact", "update_tag"), TagID: "5",
		AddedUsers: []string{"chenmo", "liuqing"}, AddedParties: []string{"7"}},
	"add_external_contact": &event.Named{Header: system("change_external_contact", "add_external_contact")},
	"external_chat_update": &event.Named{Header: system("change_external_chat", "update")},

	"open_approval": openApproval,
	"sys_approval_old": &event.SysApproval{Header: agent("3010040", system("sys_approval_change", "")),
		Number: "202601010007", Name: "费用报销", Status: event.SysPending, TemplateID: "C4Tmpl0AbCdEfGh",
		AppliedAt: at(1767225000), Applicant: "chenmo", PartyID: "7",
		Records: []event.SysRecord{
			{Status: event.NodeAgreed, Rule: event.AnyOne, Details: []event.SysDetail{
				{Approver: "liuqing", Speech: "金额已核对", Status: event.NodeAgreed, At: at(1767225690)}}},
			{Status: event.NodePending, Rule: event.Everyone, Details: []event.SysDetail{
				{Approver: "zhaoyan", Status: event.NodePending}, {Approver: "sunli", Status: event.NodePending}}},
		},
		Notified: []string{"zhouning", "zhouning"}, Change: event.ChangeAgreed},
	"sys_approval_new": &event.SysApproval{Header: agent("1000042", system("sys_approval_change", "")),
		Number: "202601010008", Name: "采购申请", Status: event.SysPending, TemplateID: "3TkTmpl99xYz",
		AppliedAt: at(1767225200), Applicant: "chenmo", PartyID: "7",
		Records: []event.SysRecord{{Status: event.NodePending, Rule: event.Everyone,
			Details: []event.SysDetail{{Approver: "liuqing", Status: event.NodePending}}}},
		Notified: []string{"zhouning"},
		Process: []event.ProcessNode{
			{Type: event.ApproverNode, Status: event.NodePending, Rule: event.Everyone,
				People: []event.ProcessPart{{UserID: "liuqing", Status: event.NodePending}}},
			{Type: event.HandlerNode, Status: event.NodePending, Rule: event.AnyOne,
				People: []event.ProcessPart{{UserID: "zhaoyan", Status: event.NodePending}}},
			{Type: event.CopyNode, People: []event.ProcessPart{{UserID: "zhouning"}}},
		},
		Comments: []event.Comment{{ID: "7590112233445566778", UserID: "liuqing", At: at(1767225695),
			Content: "请补发票", MediaIDs: []string{"1mEdIa"}}},
		Change: event.ChangeCommented},
}

var openApproval = &event.OpenApproval{Header: agent("1000042", system("open_approval_change", "")),
	ThirdNo: "LV-2026-0107", Name: "请假", TemplateID: "3f2b7c9e1d5a_600012", Status: event.OpenPending,
	AppliedAt: at(1767225100), ApplicantName: "陈默", Applicant: "chenmo", ApplicantParty: "财务部/核算组",
	ApplicantImage: "http://a.example.cn/av/1/0",
	Nodes: []event.OpenNode{
		{Status: event.NodeAgreed, Rule: event.AnyOne, Type: event.ByMember, Items: []event.OpenItem{
			{OpenPerson: event.OpenPerson{Name: "刘青", UserID: "liuqing", Image: "http://a.example.cn/av/2/0"},
				Status: event.NodeAgreed, Speech: "同意", At: at(1767225640)}}},
		{Status: event.NodePending, Rule: event.Everyone, Type: event.BySuperior, Items: []event.OpenItem{
			{OpenPerson: event.OpenPerson{Name: "赵妍", UserID: "zhaoyan"}, Status: event.NodePending},
			{OpenPerson: event.OpenPerson{Name: "孙力", UserID: "sunli"}, Status: event.NodePending}}},
	},
	Notified: []event.OpenPerson{{Name: "周宁", UserID: "zhouning"}}, Step: 1}

func TestEveryFixtureInEveryLayout(t *testing.T) {
	docs := fixtures(t)
	require.Len(t, wanted, len(docs))
	for name, doc := range docs {
		for layout, written := range layouts(t, doc) {
			t.Run(name+", "+layout, func(t *testing.T) {
				ev, err := Decode([]byte(written))
				require.NoError(t, err)
				require.Equal(t, written, string(ev.Head().Raw))
				require.Equal(t, wanted[name], withoutRaw(ev))
			})
		}
	}
}

// The two pages of the flow engine spell the same event differently (callbacks.md 4.5).
func TestOpenApprovalSecondSpelling(t *testing.T) {
	doc := fixtures(t)["open_approval"]
	doc = strings.NewReplacer("<![CDATA[", "", "]]>", "", "ItemUserId", "ItemUserid", "ApproverStep", "approverstep",
		"<ItemImage>", "\n<ItemParty>财务部</ItemParty>\n<ItemImage>").Replace(doc)
	for _, written := range []string{doc, indented(t, doc, true), strings.NewReplacer("<Item", "\n<Item", "</Item", "\n</Item").Replace(doc)} {
		ev, err := Decode([]byte(written))
		require.NoError(t, err)
		got := withoutRaw(ev).(*event.OpenApproval)
		for n := range got.Nodes {
			for i := range got.Nodes[n].Items {
				require.Equal(t, "财务部", got.Nodes[n].Items[i].Party)
				got.Nodes[n].Items[i].Party = ""
			}
		}
		require.Equal(t, "财务部", got.Notified[0].Party)
		got.Notified[0].Party = ""
		require.Equal(t, event.Event(openApproval), event.Event(got))
	}
}

// Names and fields of callbacks.md chapters 3 and 4 that chapter 6 has no fixture for.
func TestOtherKinds(t *testing.T) {
	cases := map[string]struct {
		inside string
		want   event.Event
	}{
		"scancode_push":      {eventOf("scancode_push") + "<EventKey>k</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult><![CDATA[ 1 ]]></ScanResult></ScanCodeInfo>", &event.ScanCode{Header: event.Header{MsgType: "event", Event: "scancode_push", EventKey: "k"}, Type: "qrcode", Result: " 1 "}},
		"share_chain_change": {eventOf("share_chain_change"), &event.ChainShared{Header: event.Header{MsgType: "event", Event: "share_chain_change"}}},
		"workbench on":       {eventOf("switch_workbench_mode") + "<Mode>1</Mode>", &event.WorkbenchMode{Header: event.Header{MsgType: "event", Event: "switch_workbench_mode"}, On: true}},
		"batch job, flat":    {eventOf("batch_job_result") + "<JobId>j</JobId><JobType>sync_user</JobType><ErrCode>3</ErrCode><ErrMsg>x</ErrMsg>", &event.BatchJob{Header: event.Header{MsgType: "event", Event: "batch_job_result"}, JobID: "j", JobType: "sync_user", ErrCode: 3, ErrMsg: "x"}},
		"misspelled options": {eventOf("template_card_event") + "<SelectedItems><SelectedItem><QuestionKey>q</QuestionKey><OpitonIds><OpitonId>a</OpitonId></OpitonIds></SelectedItem></SelectedItems>", &event.CardClick{Header: event.Header{MsgType: "event", Event: "template_card_event"}, Selected: []event.Selection{{Question: "q", Options: []string{"a"}}}}},
		"leaders by bar":     {eventOf("change_contact") + "<ChangeType>\nupdate_user\n</ChangeType><UserID>a</UserID><DirectLeader>b|c</DirectLeader><Name></Name>", &event.UserUpdated{Header: event.Header{MsgType: "event", Event: "change_contact", ChangeType: "update_user"}, Member: event.Member{UserID: "a", DirectLeaders: event.Some([]string{"b", "c"}), Name: event.Some("")}}},
		"file of other apps": {"<MsgType>file</MsgType><MsgId>1</MsgId>", &event.Unknown{Header: event.Header{MsgType: "file", MsgID: "1"}}},
		"new event":          {eventOf("something_new"), &event.Unknown{Header: event.Header{MsgType: "event", Event: "something_new"}}},
		"new contact change": {eventOf("change_contact") + "<ChangeType>merge_user</ChangeType>", &event.Unknown{Header: event.Header{MsgType: "event", Event: "change_contact", ChangeType: "merge_user"}}},
		"new external kind":  {eventOf("change_external_tag") + "<ChangeType>paint</ChangeType>", &event.Unknown{Header: event.Header{MsgType: "event", Event: "change_external_tag", ChangeType: "paint"}}},
		"provider callback":  {"<SuiteId>s</SuiteId><InfoType>suite_ticket</InfoType><TimeStamp>1</TimeStamp>", &event.Unknown{}},
		"misspelled school":  {eventOf("change_school_contact") + "<ChangeType>create_deparmtment</ChangeType>", &event.Named{Header: event.Header{MsgType: "event", Event: "change_school_contact", ChangeType: "create_deparmtment"}}},
		"acquisition":        {eventOf("customer_acquisition") + "<ChangeType>balance_low</ChangeType>", &event.Named{Header: event.Header{MsgType: "event", Event: "customer_acquisition", ChangeType: "balance_low"}}},
		"absurd time":        {"<MsgType>text</MsgType><CreateTime>99999999999999</CreateTime>", &event.Text{Header: event.Header{MsgType: "text"}}},
		"negative time":      {"<MsgType>text</MsgType><CreateTime>-5</CreateTime>", &event.Text{Header: event.Header{MsgType: "text"}}},
		"split section":      {"<MsgType>text</MsgType><Content><![CDATA[a]]]]><![CDATA[>b]]></Content>", &event.Text{Header: event.Header{MsgType: "text"}, Content: "a]]>b"}},
		"references":         {"<MsgType>text</MsgType><Content>A&amp;B &lt;&#20320;&gt; </Content>", &event.Text{Header: event.Header{MsgType: "text"}, Content: "A&B <你> "}},
		"blanks kept":        {"<MsgType>text</MsgType><Content><![CDATA[ \n a \n ]]></Content>", &event.Text{Header: event.Header{MsgType: "text"}, Content: " \n a \n "}},
		"control character":  {"<MsgType>text</MsgType><Content><![CDATA[a\bb\x00c]]></Content>", &event.Text{Header: event.Header{MsgType: "text"}, Content: "abc"}},
		"not UTF-8":          {"<MsgType>text</MsgType><Content><![CDATA[a\xffb]]></Content>", &event.Text{Header: event.Header{MsgType: "text"}, Content: "a\uFFFDb"}},
		"noncharacters":      {"<MsgType>text</MsgType><Content><![CDATA[￥\uFFFE\uFFFF\uFFFD]]></Content>", &event.Text{Header: event.Header{MsgType: "text"}, Content: "￥\uFFFD"}},
		"right to left":      {"<MsgType>text</MsgType><Content><![CDATA[\u202eabc😀]]></Content>", &event.Text{Header: event.Header{MsgType: "text"}, Content: "\u202eabc😀"}},
		"media ids":          {eventOf("sys_approval_change") + "<ApprovalInfo><Comments><MediaId>1</MediaId><Attach>2</Attach><MediaIds><Item>3</Item><Item>4</Item></MediaIds></Comments></ApprovalInfo>", &event.SysApproval{Header: event.Header{MsgType: "event", Event: "sys_approval_change"}, Comments: []event.Comment{{MediaIDs: []string{"1", "2", "3", "4"}}}}},
	}
	for _, state := range []string{"reopen_inactive_agent", "low_active_alert", "low_active", "active_restored"} {
		cases[state] = struct {
			inside string
			want   event.Event
		}{eventOf(state), &event.AppState{Header: event.Header{MsgType: "event", Event: state}}}
	}
	for _, pic := range []string{"pic_sysphoto", "pic_photo_or_album"} {
		cases[pic] = struct {
			inside string
			want   event.Event
		}{eventOf(pic) + "<SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>x</PicMd5Sum></item></PicList></SendPicsInfo>",
			&event.Photos{Header: event.Header{MsgType: "event", Event: pic}, Count: 1, MD5: []string{"x"}}}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			doc := "<xml>" + c.inside + "</xml>"
			ev, err := Decode([]byte(doc))
			require.NoError(t, err)
			require.Equal(t, doc, string(ev.Head().Raw), "the original is kept")
			require.Equal(t, c.want, withoutRaw(ev))
		})
	}
}

func TestEveryNamedEventIsRecognised(t *testing.T) {
	for name, types := range namedEvents {
		changes := strings.Fields(types)
		switch types {
		case "":
			changes = []string{""}
		case "*":
			changes = []string{"anything_new"}
		}
		for _, change := range changes {
			ev, err := Decode([]byte("<xml>" + eventOf(name) + "<ChangeType>" + change + "</ChangeType></xml>"))
			require.NoError(t, err)
			require.IsType(t, &event.Named{}, ev, name+" "+change)
			require.Contains(t, ev.Head().Kind(), "event."+name)
		}
	}
}

func TestJSONPlaintext(t *testing.T) {
	ev, err := Decode([]byte(`{"ToUserName":"ww1","FromUserName":"chenmo","CreateTime":1767225700,"MsgType":"text",
		"Content":" a\nb ","MsgId":7302915640082374651,"AgentID":1000042}`))
	require.NoError(t, err)
	require.Equal(t, &event.Text{Header: event.Header{ToUserName: "ww1", FromUserName: "chenmo", CreateTime: at(1767225700),
		MsgType: "text", MsgID: "7302915640082374651", AgentID: "1000042"}, Content: " a\nb "}, withoutRaw(ev))

	ev, err = Decode([]byte(`{"msgtype":"event","event":"template_card_event","agentid":"1","selecteditems":{"selecteditem":[
		{"questionkey":"q","optionids":{"optionid":["a","b"]}},{"questionkey":"r","optionids":{"optionid":"c"}}]}}`))
	require.NoError(t, err)
	require.Equal(t, []event.Selection{{Question: "q", Options: []string{"a", "b"}}, {Question: "r", Options: []string{"c"}}},
		ev.(*event.CardClick).Selected)
}

func TestDecodeRefuses(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	for name, c := range map[string]struct {
		doc    string
		want   error
		reason string
	}{
		"empty":             {"", ErrPlaintextXML, "xml"},
		"text":              {"hello", ErrPlaintextXML, "xml"},
		"truncated":         {"<xml><MsgType>text</MsgType>", ErrPlaintextXML, "xml"},
		"truncated section": {"<xml><Content><![CDATA[abc", ErrPlaintextXML, "xml"},
		"crossed tags":      {"<xml><a><b></a></b></xml>", ErrPlaintextXML, "xml"},
		"only a close":      {"</xml>", ErrPlaintextXML, "xml"},
		"two roots":         {"<xml></xml><xml></xml>", ErrPlaintextXML, "xml"},
		"text behind":       {"<xml></xml>x", ErrPlaintextXML, "xml"},
		"section behind":    {"<xml></xml><![CDATA[ ]]>", ErrPlaintextXML, "xml"},
		"bare section end":  {"<xml><a>]]></a></xml>", ErrPlaintextXML, "xml"},
		"entity bomb":       {`<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml>&b;</xml>`, ErrPlaintextXML, "xml"},
		"unknown entity":    {`<xml>&nbsp;</xml>`, ErrPlaintextXML, "xml"},
		"other encoding":    {`<?xml version="1.0" encoding="gbk"?><xml></xml>`, ErrPlaintextXML, "xml"},
		"too deep":          {deep(maxDepth + 1), ErrDepth, "depth"},
		"far too deep":      {deep(100_000), ErrDepth, "depth"},
		"deep attributes":   {strings.Repeat(`<a b="c">`, 100_000), ErrDepth, "depth"},
		"too many elements": {"<xml>" + strings.Repeat("<a></a>", maxElements) + "</xml>", ErrElements, "elements"},
		"sample C2":         {`{ "FromUserName": :mycreate" }`, ErrPlaintextJSON, "json"},
		"two JSON values":   {`{} {}`, ErrPlaintextJSON, "json"},
		"deep JSON":         {strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), ErrDepth, "depth"},
		"deep JSON lists":   {`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", ErrDepth, "depth"},
		"JSON elements":     {`{"a":[1` + strings.Repeat(",1", maxElements) + "]}", ErrElements, "elements"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(c.doc))
			require.ErrorIs(t, err, c.want)
			require.Equal(t, c.reason, decodeReason(err))
		})
	}
	_, err := Decode([]byte("<xml>" + deep(maxDepth-1) + "</xml>"))
	require.NoError(t, err, "the bound itself is allowed")
	_, err = Decode([]byte("<xml>" + strings.Repeat("<a></a>", maxElements-1) + "</xml>"))
	require.NoError(t, err, "the bound itself is allowed")
}

func TestRecordsOfOneCallbackAreAllRead(t *testing.T) {
	var ids strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&ids, "<SpRecord><Details><Approver><UserId>u%d</UserId></Approver></Details></SpRecord>", i)
	}
	ev, err := Decode([]byte("<xml>" + eventOf("sys_approval_change") + "<ApprovalInfo>" + ids.String() + "</ApprovalInfo></xml>"))
	require.NoError(t, err)
	records := ev.(*event.SysApproval).Records
	require.Len(t, records, 1000)
	require.Equal(t, "u999", records[999].Details[0].Approver)
}

func TestScannerReadsTheDialectItself(t *testing.T) {
	for name, doc := range fixtures(t) {
		for _, written := range []string{doc, indented(t, doc, false), indented(t, doc, true)} {
			require.True(t, new(tree).scan(strings.TrimLeft(written, "\n")), name)
		}
	}
}

// FuzzDecode holds the scanner against encoding/xml: whatever it accepts, both read alike.
func FuzzDecode(f *testing.F) {
	for _, doc := range fixtures(f) {
		f.Add([]byte(doc))
		f.Add([]byte(indented(f, doc, true)))
	}
	for _, doc := range []string{"", "{}", `{"MsgType":"text"}`, "<a> <![CDATA[]]>x</a>", "<a>\n</a >", "<a><b/></a>", "<a>x<b></b></a>"} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		before := bytes.Clone(plaintext)
		if ev, err := Decode(plaintext); err == nil {
			if ev.Head().Kind() == "" || Key("r", ev) == "" {
				t.Fatal("an event without kind or key")
			}
		}
		if !bytes.Equal(before, plaintext) {
			t.Fatal("the original was changed")
		}

		doc := strings.TrimLeft(clean(plaintext), " \t\r\n")
		fast, slow := new(tree), new(tree)
		if fast.scan(doc) {
			if err := slow.parseXML(doc); err != nil {
				t.Fatalf("only the scanner accepts it: %v", err)
			}
			if !slices.Equal(slow.nodes, fast.nodes) {
				t.Fatalf("scanner %+v\nencoding/xml %+v", fast.nodes, slow.nodes)
			}
		}
	})
}

func message(kind, id string) event.Header {
	return event.Header{ToUserName: "ww9f2c41d07ab83e56", FromUserName: "chenmo", CreateTime: at(1767225700),
		MsgType: kind, MsgID: id, AgentID: "1000042"}
}

func app(name, key string) event.Header {
	return event.Header{ToUserName: "ww9f2c41d07ab83e56", FromUserName: "chenmo", CreateTime: at(1767225700),
		MsgType: "event", Event: name, EventKey: key, AgentID: "1000042"}
}

func system(name, change string) event.Header {
	return event.Header{ToUserName: "ww9f2c41d07ab83e56", FromUserName: "sys", CreateTime: at(1767225700),
		MsgType: "event", Event: name, ChangeType: change}
}

func from(user string, h event.Header) event.Header { h.FromUserName = user; return h }

func agent(id string, h event.Header) event.Header { h.AgentID = id; return h }

func at(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func eventOf(name string) string { return "<MsgType>event</MsgType><Event>" + name + "</Event>" }

// withoutRaw empties the raw plaintext, which is compared on its own.
func withoutRaw(ev event.Event) event.Event {
	h := reflect.ValueOf(ev).Elem().FieldByName("Header").Addr().Interface().(*event.Header)
	h.Raw = nil
	return ev
}
