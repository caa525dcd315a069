package wecom_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
	"guiju/wecom/card"
)

func TestSendReadsTheAnswer(t *testing.T) {
	p := newPlatform(t)
	p.answers("message/send", `{"errcode":0,"errmsg":"ok","invaliduser":"linmo|zhaoqi","invalidparty":"2|5","invalidtag":"3",
		"unlicenseduser":"sunhe","msgid":"mFlw7Qz0302-tc01","response_code":"rcFLOW0302aa01"}`)
	c := p.client(wecom.Options{})
	got, err := c.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "好"})
	require.NoError(t, err)
	require.Equal(t, wecom.SendResult{
		MsgID: "mFlw7Qz0302-tc01", ResponseCode: "rcFLOW0302aa01", InvalidUsers: []string{"linmo", "zhaoqi"},
		InvalidParties: []string{"2", "5"}, InvalidTags: []string{"3"}, UnlicensedUsers: []string{"sunhe"},
	}, got)

	p.answers("message/send", `{"errcode":0,"errmsg":"ok","invaliduser":"","msgid":"m1"}`)
	got, err = c.Send(ctx, wecom.ToUsers("chenyu"), wecom.Text{Content: "好"})
	require.NoError(t, err)
	require.Equal(t, wecom.SendResult{MsgID: "m1"}, got)

	p.fails("message/send", 81013, "user & party & tag all invalid")
	_, err = c.Send(ctx, wecom.ToUsers("nobody"), wecom.Text{Content: "好"})
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
}

func TestFrozenBytesArriveUnchanged(t *testing.T) {
	p := newPlatform(t)
	c := p.client(wecom.Options{})
	body, err := wecom.BuildSend(c.AgentID(), wecom.ToUsers("chenyu"), wecom.Text{Content: "A&B <好> 😀"})
	require.NoError(t, err)
	for range 2 {
		_, err = c.SendRaw(ctx, body)
		require.NoError(t, err)
	}
	for _, call := range p.calls("message/send") {
		require.Equal(t, string(body), call.body)
		require.Equal(t, "application/json; charset=utf-8", call.contentType)
	}
}

func TestCardUpdateGivesTheFixtures(t *testing.T) {
	closed, err := card.VoteInteraction{Title: card.MainTitle{Title: "投票已截止"}, Checkbox: card.Checkbox{
		QuestionKey: "q_lunch", Disable: true, Mode: card.Several, OptionList: []card.Choice{{ID: "hike", Text: "徒步 9 票"}}}}.Update("已截止")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		update wecom.CardUpdate
		want   string
	}{
		"button": {wecom.CardUpdate{Recipients: wecom.ToUsers("chenyu"), ResponseCode: "rcFLOW0302aa07", ReplaceName: "已通过"},
			`{"userids":["chenyu"],"agentid":1000007,"response_code":"rcFLOW0302aa07","button":{"replace_name":"已通过"}}`},
		"card": {wecom.CardUpdate{Recipients: wecom.Recipients{Users: []string{"chenyu", "linmo"}, Parties: []int{12}, Tags: []int{3}},
			ResponseCode: "rcFLOW0302aa08", TranslateIDs: true, Card: closed},
			`{"userids":["chenyu","linmo"],"partyids":[12],"tagids":[3],"agentid":1000007,"response_code":"rcFLOW0302aa08","enable_id_trans":1,
			"template_card":{"card_type":"vote_interaction","main_title":{"title":"投票已截止"},"checkbox":{"question_key":"q_lunch","disable":true,"mode":1,"option_list":[{"id":"hike","text":"徒步 9 票","is_checked":false}]},"replace_text":"已截止"}}`},
		"everybody": {wecom.CardUpdate{Recipients: wecom.Recipients{All: true}, ResponseCode: "rcFLOW0302aa09", ReplaceName: "已截止"},
			`{"atall":1,"agentid":1000007,"response_code":"rcFLOW0302aa09","button":{"replace_name":"已截止"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.answers("message/update_template_card", `{"errcode":0,"errmsg":"ok","invaliduser":["linmo"]}`)
			got, err := p.client(wecom.Options{}).UpdateTemplateCard(ctx, c.update)
			require.NoError(t, err)
			require.Equal(t, []string{"linmo"}, got.InvalidUsers)
			require.JSONEq(t, c.want, p.calls("message/update_template_card")[0].body)
		})
	}
}

func TestCardUpdateRefuses(t *testing.T) {
	fresh, err := card.TextNotice{Title: card.MainTitle{Title: "题"}, Action: card.CardAction{Type: card.ToURL, URL: "https://flow.example.com/"}}.Build()
	require.NoError(t, err)
	to := wecom.ToUsers("chenyu")
	for name, c := range map[string]struct {
		update wecom.CardUpdate
		path   string
	}{
		"nobody":          {wecom.CardUpdate{ResponseCode: "rc", ReplaceName: "好"}, "touser"},
		"no code":         {wecom.CardUpdate{Recipients: to, ReplaceName: "好"}, "response_code"},
		"nothing new":     {wecom.CardUpdate{Recipients: to, ResponseCode: "rc"}, "template_card"},
		"both forms":      {wecom.CardUpdate{Recipients: to, ResponseCode: "rc", ReplaceName: "好", Card: fresh}, "template_card"},
		"card of a send":  {wecom.CardUpdate{Recipients: to, ResponseCode: "rc", Card: fresh}, "template_card"},
		"101 departments": {wecom.CardUpdate{Recipients: wecom.Recipients{Parties: make([]int, 101)}, ResponseCode: "rc", ReplaceName: "好"}, "toparty"},
	} {
		_, err := wecom.BuildCardUpdate(agentID, c.update)
		var invalid *wecom.InvalidError
		require.ErrorAs(t, err, &invalid, name)
		require.Equal(t, c.path, invalid.Path, name)
	}
}

func TestSpentCodeIsPermanent(t *testing.T) {
	p := newPlatform(t)
	p.fails("message/update_template_card", 60140, "invalid response_code")
	_, err := p.client(wecom.Options{}).UpdateTemplateCard(ctx, wecom.CardUpdate{Recipients: wecom.ToUsers("a"), ResponseCode: "rc", ReplaceName: "好"})
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
	require.Equal(t, 60140, wecom.CodeOf(err))
}

func TestRecallAndStatistics(t *testing.T) {
	p := newPlatform(t)
	p.answers("message/get_statistics", `{"errcode":0,"errmsg":"ok","statistics":[{"agentid":1000007,"app_name":"流程中心","count":101}]}`)
	c := p.client(wecom.Options{})
	require.NoError(t, c.Recall(ctx, "mFlw7Qz0302-aa01"))
	require.Equal(t, `{"msgid":"mFlw7Qz0302-aa01"}`, p.calls("message/recall")[0].body)
	require.Error(t, c.Recall(ctx, ""))
	stats, err := c.MessageStatistics(ctx)
	require.NoError(t, err)
	require.Equal(t, []wecom.Statistic{{AgentID: 1000007, AppName: "流程中心", Count: 101}}, stats)
}

func TestMenu(t *testing.T) {
	p := newPlatform(t)
	const fixture = `{"button":[{"type":"view","name":"我的待办","url":"https://flow.example.com/m/tasks"},{"name":"发起","sub_button":[{"type":"view","name":"报销申请","url":"https://flow.example.com/m/new/ex"},{"type":"click","name":"查进度","key":"Q_PROGRESS"},{"type":"scancode_waitmsg","name":"扫码领用","key":"SCAN_ASSET"}]},{"type":"view_miniprogram","name":"小程序","pagepath":"pages/index","appid":"wxf10wd3sk00000001"}]}`
	menu := []wecom.MenuButton{
		{Type: wecom.MenuView, Name: "我的待办", URL: "https://flow.example.com/m/tasks"},
		{Name: "发起", SubButtons: []wecom.MenuButton{
			{Type: wecom.MenuView, Name: "报销申请", URL: "https://flow.example.com/m/new/ex"},
			{Type: wecom.MenuClick, Name: "查进度", Key: "Q_PROGRESS"},
			{Type: wecom.MenuScanAndWait, Name: "扫码领用", Key: "SCAN_ASSET"}}},
		{Type: wecom.MenuMiniProgram, Name: "小程序", PagePath: "pages/index", AppID: "wxf10wd3sk00000001"},
	}
	c := p.client(wecom.Options{})
	require.NoError(t, c.CreateMenu(ctx, menu))
	call := p.calls("menu/create")[0]
	require.JSONEq(t, fixture, call.body)
	require.Equal(t, []string{"1000007"}, call.query["agentid"])

	p.on("menu/get", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, strings.Replace(fixture, "{", `{"errcode":0,`, 1))
	})
	got, err := c.Menu(ctx)
	require.NoError(t, err)
	require.Equal(t, menu, got)
	p.fails("menu/get", 46003, "menu no exist")
	got, err = c.Menu(ctx)
	require.NoError(t, err, "no menu is an empty menu")
	require.Empty(t, got)
	require.NoError(t, c.DeleteMenu(ctx))

	leaf := wecom.MenuButton{Type: wecom.MenuClick, Name: "查", Key: "k"}
	for name, bad := range map[string]struct {
		menu []wecom.MenuButton
		path string
	}{
		"none":         {nil, "button"},
		"four":         {[]wecom.MenuButton{leaf, leaf, leaf, leaf}, "button"},
		"name":         {[]wecom.MenuButton{{Type: wecom.MenuClick, Name: "我的全部待办", Key: "k"}}, "button[0].name"},
		"no name":      {[]wecom.MenuButton{{Type: wecom.MenuClick, Key: "k"}}, "button[0].name"},
		"no key":       {[]wecom.MenuButton{{Type: wecom.MenuClick, Name: "查"}}, "button[0].key"},
		"long key":     {[]wecom.MenuButton{{Type: wecom.MenuClick, Name: "查", Key: strings.Repeat("k", 129)}}, "button[0].key"},
		"no scheme":    {[]wecom.MenuButton{{Type: wecom.MenuView, Name: "看", URL: "flow.example.com"}}, "button[0].url"},
		"long url":     {[]wecom.MenuButton{{Type: wecom.MenuView, Name: "看", URL: "https://" + strings.Repeat("u", 1024)}}, "button[0].url"},
		"type":         {[]wecom.MenuButton{{Type: "jump", Name: "跳", Key: "k"}}, "button[0].type"},
		"six below":    {[]wecom.MenuButton{{Name: "组", SubButtons: []wecom.MenuButton{leaf, leaf, leaf, leaf, leaf, leaf}}}, "button[0].sub_button"},
		"three levels": {[]wecom.MenuButton{{Name: "组", SubButtons: []wecom.MenuButton{{Name: "组", SubButtons: []wecom.MenuButton{leaf}}}}}, "button[0].sub_button[0].sub_button"},
		"sub name":     {[]wecom.MenuButton{{Name: "组", SubButtons: []wecom.MenuButton{{Type: wecom.MenuClick, Key: "k", Name: strings.Repeat("名", 14)}}}}, "button[0].sub_button[0].name"},
	} {
		err := c.CreateMenu(ctx, bad.menu)
		var invalid *wecom.InvalidError
		require.ErrorAs(t, err, &invalid, name)
		require.Equal(t, bad.path, invalid.Path, name)
	}
}

func TestGroupChats(t *testing.T) {
	p := newPlatform(t)
	c := p.client(wecom.Options{})
	p.answers("appchat/create", `{"errcode":0,"errmsg":"ok","chatid":"FLOWPO0302"}`)
	p.answers("appchat/get", `{"errcode":0,"errmsg":"ok","chat_info":{"chatid":"FLOWPO0302","name":"PO-0302 会签(完成)","owner":"linmo","userlist":["chenyu","linmo","sunhe"],"chat_type":0}}`)
	chat := wecom.Chat{ID: "FLOWPO0302", Name: "PO-0302 会签", Owner: "chenyu", Members: []string{"chenyu", "linmo", "zhaoqi"}}
	id, err := c.CreateChat(ctx, chat)
	require.NoError(t, err)
	require.Equal(t, "FLOWPO0302", id)
	require.JSONEq(t, `{"name":"PO-0302 会签","owner":"chenyu","userlist":["chenyu","linmo","zhaoqi"],"chatid":"FLOWPO0302"}`, p.calls("appchat/create")[0].body)

	p.fails("appchat/create", 86215, "chatid exists")
	id, err = c.CreateChat(ctx, chat)
	require.NoError(t, err, "created by an earlier attempt")
	require.Equal(t, "FLOWPO0302", id)

	require.NoError(t, c.UpdateChat(ctx, wecom.ChatChange{ID: "FLOWPO0302", Name: "PO-0302 会签(完成)", Owner: "linmo", Add: []string{"sunhe"}, Remove: []string{"zhaoqi"}}))
	require.JSONEq(t, `{"chatid":"FLOWPO0302","name":"PO-0302 会签(完成)","owner":"linmo","add_user_list":["sunhe"],"del_user_list":["zhaoqi"]}`, p.calls("appchat/update")[0].body)
	got, err := c.Chat(ctx, "FLOWPO0302")
	require.NoError(t, err)
	require.Equal(t, wecom.Chat{ID: "FLOWPO0302", Name: "PO-0302 会签(完成)", Owner: "linmo", Members: []string{"chenyu", "linmo", "sunhe"}}, got)

	require.NoError(t, c.SendToChat(ctx, "FLOWPO0302", wecom.Text{Content: "单据已全部通过\n归档编号 A-77"}, "chenyu", "@all"))
	require.JSONEq(t, `{"chatid":"FLOWPO0302","msgtype":"text","text":{"content":"单据已全部通过\n归档编号 A-77","mentioned_list":["chenyu","@all"]},"safe":0}`, p.calls("appchat/send")[0].body)

	for name, err := range map[string]error{
		"card":           c.SendToChat(ctx, "A", wecom.TemplateCard{}),
		"mention":        c.SendToChat(ctx, "A", wecom.Markdown{Content: "x"}, "chenyu"),
		"chat id":        c.SendToChat(ctx, "A-1", wecom.Text{Content: "x"}),
		"mini program":   c.SendToChat(ctx, "A", wecom.News{Articles: []wecom.Article{{Title: "t", AppID: "wx", PagePath: "p"}}}),
		"program notice": c.SendToChat(ctx, "A", wecom.MiniProgramNotice{AppID: "wx", Title: "会议室预订"}),
	} {
		require.Equal(t, wecom.Permanent, wecom.ClassOf(err), name)
	}
	_, err = c.CreateChat(ctx, wecom.Chat{Members: []string{"alone"}})
	require.ErrorContains(t, err, "userlist")
	require.Len(t, p.calls("appchat/send"), 1)
}

func TestAgentAndAddresses(t *testing.T) {
	p := newPlatform(t)
	p.answers("agent/get", `{"errcode":0,"errmsg":"ok","agentid":1000007,"name":"流程中心","square_logo_url":"https://wework.qpic.cn/l/0","description":"审批与通知","allow_userinfos":{"user":[{"userid":"chenyu"}]},"allow_partys":{"partyid":[1]},"allow_tags":{"tagid":[3]},"close":0,"redirect_domain":"flow.example.com","report_location_flag":0,"isreportenter":1,"home_url":"https://flow.example.com/m"}`)
	p.answers("getcallbackip", `{"ip_list":["203.0.113.11","203.0.113.12"],"errcode":0,"errmsg":"ok"}`)
	p.answers("get_api_domain_ip", `{"ip_list":["203.0.113.21"],"errcode":0,"errmsg":"ok"}`)
	c := p.client(wecom.Options{})
	agent, err := c.Agent(ctx)
	require.NoError(t, err)
	require.Equal(t, wecom.Agent{ID: 1000007, Name: "流程中心", Description: "审批与通知", LogoURL: "https://wework.qpic.cn/l/0",
		HomeURL: "https://flow.example.com/m", RedirectDomain: "flow.example.com", AllowUsers: []string{"chenyu"},
		AllowParties: []int{1}, AllowTags: []int{3}, ReportEnter: true}, agent)
	require.True(t, agent.HasVisibleMembers())
	require.False(t, wecom.Agent{}.HasVisibleMembers())
	ips, err := c.CallbackIPs(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"203.0.113.11", "203.0.113.12"}, ips)
	ips, err = c.APIDomainIPs(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"203.0.113.21"}, ips)
}

func TestNewRefusesNonsense(t *testing.T) {
	for _, cfg := range []wecom.Config{{}, {CorpID: corpID}, {CorpID: corpID, Secret: secret, BaseURL: "qyapi.weixin.qq.com"}, {CorpID: corpID, Secret: secret, BaseURL: "ftp://x"}} {
		_, err := wecom.New(cfg, wecom.Options{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
	}
}
