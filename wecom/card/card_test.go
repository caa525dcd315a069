package card_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"guiju/wecom/card"
)

const host = "https://flow.example.com"

// The cards below are the fixtures of WeCom's page on template cards [90236, 94888].

func textNotice() card.TextNotice {
	return card.TextNotice{
		TaskID: "tn_20260302_0001",
		Source: &card.Source{IconURL: host + "/i/logo72.png", Desc: "流程中心", DescColor: card.Black},
		Menu: &card.ActionMenu{Desc: "通知设置", ActionList: []card.Action{
			{Text: "接收此类通知", Key: "sub_on"}, {Text: "不再提醒", Key: "sub_off"}}},
		Title:    card.MainTitle{Title: "报销单已付款", Desc: "EX-2026-0118"},
		Quote:    &card.QuoteArea{Type: card.ToURL, URL: host + "/m/ex/118", Title: "财务备注", QuoteText: "已走招商银行"},
		Emphasis: &card.EmphasisContent{Title: "3280", Desc: "金额（元）"},
		SubTitle: "预计 1 个工作日到账",
		Rows: []card.HorizontalContent{
			{KeyName: "申请人", Value: "陈宇", Type: card.MemberRow, UserID: "chenyu"},
			{KeyName: "详情", Value: "点击查看", Type: card.URLRow, URL: host + "/m/ex/118"},
			{KeyName: "回单", Value: "receipt-118.pdf", Type: card.AttachmentRow, MediaID: "2mFlowFile0118"}},
		Jumps:  []card.Jump{{Type: card.ToURL, Title: "我的报销", URL: host + "/m/ex"}},
		Action: card.CardAction{Type: card.ToURL, URL: host + "/m/ex/118"},
	}
}

func newsNotice() card.NewsNotice {
	return card.NewsNotice{
		Source:     &card.Source{Desc: "行政部"},
		Title:      card.MainTitle{Title: "春季体检开放预约", Desc: "截止 3 月 31 日"},
		Image:      &card.CardImage{URL: host + "/i/health.png", AspectRatio: 1.5},
		Area:       &card.ImageTextArea{Type: card.ToURL, URL: host + "/m/health", Title: "预约须知", Desc: "空腹", ImageURL: host + "/i/h2.png"},
		Paragraphs: []card.VerticalContent{{Title: "地点", Desc: "市一医院体检中心"}},
		Rows:       []card.HorizontalContent{{KeyName: "联系人", Value: "赵琪"}},
		Jumps:      []card.Jump{{Type: card.ToMiniProgram, Title: "小程序预约", AppID: "wxf10wd3sk00000001", PagePath: "/pages/book"}},
		Action:     card.CardAction{Type: card.ToURL, URL: host + "/m/health"},
	}
}

func buttonCard() card.ButtonInteraction {
	return card.ButtonInteraction{
		TaskID:   "apv-77@wf_42",
		Source:   &card.Source{Desc: "审批中心", DescColor: card.Green},
		Title:    card.MainTitle{Title: "采购审批 PO-0302", Desc: "陈宇 提交于 09:15"},
		Quote:    &card.QuoteArea{Title: "用途", QuoteText: "研发测试机 2 台"},
		SubTitle: "请在 24 小时内处理",
		Rows:     []card.HorizontalContent{{KeyName: "金额", Value: "12,600.00"}},
		Action:   &card.CardAction{Type: card.ToURL, URL: host + "/m/task?id=42"},
		Selection: &card.Selection{QuestionKey: "opinion", Title: "意见", SelectedID: "ok",
			OptionList: []card.Option{{ID: "ok", Text: "同意"}, {ID: "cond", Text: "有条件同意"}}},
		Buttons: []card.Button{
			{Text: "通过", Style: 1, Key: "approve:42"}, {Text: "驳回", Style: 2, Key: "reject:42"},
			{Type: card.OpenURL, Text: "详情", Style: 4, URL: host + "/m/task?id=42"}},
	}
}

func voteCard() card.VoteInteraction {
	return card.VoteInteraction{
		TaskID: "vote_lunch_0302",
		Source: &card.Source{Desc: "行政部"},
		Title:  card.MainTitle{Title: "周五团建选什么", Desc: "可多选"},
		Checkbox: card.Checkbox{QuestionKey: "q_lunch", Mode: card.Several, OptionList: []card.Choice{
			{ID: "hike", Text: "徒步"}, {ID: "film", Text: "观影", IsChecked: true}}},
		Submit: &card.SubmitButton{Text: "提交", Key: "vote_submit"},
	}
}

func multipleCard() card.MultipleInteraction {
	return card.MultipleInteraction{
		TaskID: "survey_it_0302",
		Source: &card.Source{Desc: "IT 服务台"},
		Title:  card.MainTitle{Title: "工单回访", Desc: "请评价本次服务"},
		Lists: []card.Selection{
			{QuestionKey: "speed", Title: "响应速度", SelectedID: "s5", OptionList: []card.Option{{ID: "s5", Text: "很快"}, {ID: "s3", Text: "一般"}}},
			{QuestionKey: "result", Title: "是否解决", OptionList: []card.Option{{ID: "yes", Text: "已解决"}, {ID: "no", Text: "未解决"}}}},
		Submit: &card.SubmitButton{Text: "提交", Key: "survey_submit"},
	}
}

// In the golden texts fields that hold WeCom's default (type 0, desc_color 0) are left out, as the builders do.
func TestBuildGivesTheFixtures(t *testing.T) {
	for name, c := range map[string]struct {
		card card.Builder
		want string
	}{
		"text_notice": {textNotice(), `{"card_type":"text_notice",
 "source":{"icon_url":"https://flow.example.com/i/logo72.png","desc":"流程中心","desc_color":1},
 "action_menu":{"desc":"通知设置","action_list":[{"text":"接收此类通知","key":"sub_on"},{"text":"不再提醒","key":"sub_off"}]},
 "task_id":"tn_20260302_0001",
 "main_title":{"title":"报销单已付款","desc":"EX-2026-0118"},
 "quote_area":{"type":1,"url":"https://flow.example.com/m/ex/118","title":"财务备注","quote_text":"已走招商银行"},
 "emphasis_content":{"title":"3280","desc":"金额（元）"},
 "sub_title_text":"预计 1 个工作日到账",
 "horizontal_content_list":[
  {"keyname":"申请人","value":"陈宇","type":3,"userid":"chenyu"},
  {"keyname":"详情","value":"点击查看","type":1,"url":"https://flow.example.com/m/ex/118"},
  {"keyname":"回单","value":"receipt-118.pdf","type":2,"media_id":"2mFlowFile0118"}],
 "jump_list":[{"type":1,"title":"我的报销","url":"https://flow.example.com/m/ex"}],
 "card_action":{"type":1,"url":"https://flow.example.com/m/ex/118"}}`},
		"news_notice": {newsNotice(), `{"card_type":"news_notice","source":{"desc":"行政部"},
 "main_title":{"title":"春季体检开放预约","desc":"截止 3 月 31 日"},
 "card_image":{"url":"https://flow.example.com/i/health.png","aspect_ratio":1.5},
 "image_text_area":{"type":1,"url":"https://flow.example.com/m/health","title":"预约须知","desc":"空腹","image_url":"https://flow.example.com/i/h2.png"},
 "vertical_content_list":[{"title":"地点","desc":"市一医院体检中心"}],
 "horizontal_content_list":[{"keyname":"联系人","value":"赵琪"}],
 "jump_list":[{"type":2,"title":"小程序预约","appid":"wxf10wd3sk00000001","pagepath":"/pages/book"}],
 "card_action":{"type":1,"url":"https://flow.example.com/m/health"}}`},
		"button_interaction": {buttonCard(), `{"card_type":"button_interaction","source":{"desc":"审批中心","desc_color":3},
 "task_id":"apv-77@wf_42",
 "main_title":{"title":"采购审批 PO-0302","desc":"陈宇 提交于 09:15"},
 "quote_area":{"title":"用途","quote_text":"研发测试机 2 台"},
 "sub_title_text":"请在 24 小时内处理",
 "horizontal_content_list":[{"keyname":"金额","value":"12,600.00"}],
 "card_action":{"type":1,"url":"https://flow.example.com/m/task?id=42"},
 "button_selection":{"question_key":"opinion","title":"意见","option_list":[{"id":"ok","text":"同意"},{"id":"cond","text":"有条件同意"}],"selected_id":"ok"},
 "button_list":[{"text":"通过","style":1,"key":"approve:42"},{"text":"驳回","style":2,"key":"reject:42"},{"type":1,"text":"详情","style":4,"url":"https://flow.example.com/m/task?id=42"}]}`},
		"vote_interaction": {voteCard(), `{"card_type":"vote_interaction","source":{"desc":"行政部"},"task_id":"vote_lunch_0302",
 "main_title":{"title":"周五团建选什么","desc":"可多选"},
 "checkbox":{"question_key":"q_lunch","mode":1,"option_list":[{"id":"hike","text":"徒步","is_checked":false},{"id":"film","text":"观影","is_checked":true}]},
 "submit_button":{"text":"提交","key":"vote_submit"}}`},
		"multiple_interaction": {multipleCard(), `{"card_type":"multiple_interaction","source":{"desc":"IT 服务台"},"task_id":"survey_it_0302",
 "main_title":{"title":"工单回访","desc":"请评价本次服务"},
 "select_list":[
  {"question_key":"speed","title":"响应速度","selected_id":"s5","option_list":[{"id":"s5","text":"很快"},{"id":"s3","text":"一般"}]},
  {"question_key":"result","title":"是否解决","option_list":[{"id":"yes","text":"已解决"},{"id":"no","text":"未解决"}]}],
 "submit_button":{"text":"提交","key":"survey_submit"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			built, err := c.card.Build()
			require.NoError(t, err)
			require.JSONEq(t, c.want, text(t, built))
			again, err := c.card.Build()
			require.NoError(t, err)
			require.Equal(t, text(t, built), text(t, again), "the same card gives the same bytes")
			require.Equal(t, card.Kind(name), built.Kind())
			require.False(t, built.IsUpdate())
		})
	}
}

func TestUpdateGivesTheFixtures(t *testing.T) {
	closed := card.ButtonInteraction{
		TaskID: "apv-77@wf_42", Source: &card.Source{Desc: "审批中心", DescColor: card.Green},
		Title: card.MainTitle{Title: "采购审批 PO-0302", Desc: "陈宇 已通过"}, SubTitle: "10:30 处理完成",
		Buttons: []card.Button{{Text: "通过", Style: 1, Key: "approve:42"}},
	}
	vote := card.VoteInteraction{Title: card.MainTitle{Title: "投票已截止"}, Checkbox: card.Checkbox{
		QuestionKey: "q_lunch", Disable: true, Mode: card.Several, OptionList: []card.Choice{
			{ID: "hike", Text: "徒步 9 票"}, {ID: "film", Text: "观影 14 票", IsChecked: true}}}}
	multiple := card.MultipleInteraction{Title: card.MainTitle{Title: "谢谢评价"}, Lists: []card.Selection{
		{QuestionKey: "speed", Title: "响应速度", Disable: true, SelectedID: "s5", OptionList: []card.Option{{ID: "s5", Text: "很快"}}}}}
	for name, c := range map[string]struct {
		card          card.Builder
		replace, want string
	}{
		"button": {closed, "已通过", `{"card_type":"button_interaction","source":{"desc":"审批中心","desc_color":3},
  "main_title":{"title":"采购审批 PO-0302","desc":"陈宇 已通过"},"sub_title_text":"10:30 处理完成",
  "button_list":[{"text":"通过","style":1,"key":"approve:42"}],"replace_text":"已通过"}`},
		"vote":     {vote, "已截止", `{"card_type":"vote_interaction","main_title":{"title":"投票已截止"},"checkbox":{"question_key":"q_lunch","disable":true,"mode":1,"option_list":[{"id":"hike","text":"徒步 9 票","is_checked":false},{"id":"film","text":"观影 14 票","is_checked":true}]},"replace_text":"已截止"}`},
		"multiple": {multiple, "已提交", `{"card_type":"multiple_interaction","main_title":{"title":"谢谢评价"},"select_list":[{"question_key":"speed","title":"响应速度","disable":true,"selected_id":"s5","option_list":[{"id":"s5","text":"很快"}]}],"replace_text":"已提交"}`},
	} {
		t.Run(name, func(t *testing.T) {
			updated, err := c.card.Update(c.replace)
			require.NoError(t, err)
			require.JSONEq(t, c.want, text(t, updated))
			require.True(t, updated.IsUpdate())
			require.Empty(t, updated.TaskID(), "updates carry no task id")
		})
	}
}

// Every row breaks one hard limit; the error must name that field and nothing else.
func TestBuildRefusesWhatWeComRefuses(t *testing.T) {
	long := func(n int) string { return strings.Repeat("k", n) }
	buttons := func(change func(*card.ButtonInteraction)) card.Builder {
		b := buttonCard()
		change(&b)
		return b
	}
	notice := func(change func(*card.TextNotice)) card.Builder {
		n := textNotice()
		change(&n)
		return n
	}
	news := func(change func(*card.NewsNotice)) card.Builder {
		n := newsNotice()
		change(&n)
		return n
	}
	vote := func(change func(*card.VoteInteraction)) card.Builder {
		v := voteCard()
		change(&v)
		return v
	}
	multiple := func(change func(*card.MultipleInteraction)) card.Builder {
		m := multipleCard()
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		card  card.Builder
		paths []string
	}{
		"task id missing on buttons":  {buttons(func(b *card.ButtonInteraction) { b.TaskID = "" }), []string{"task_id"}},
		"task id missing on vote":     {vote(func(v *card.VoteInteraction) { v.TaskID = "" }), []string{"task_id"}},
		"task id missing on multiple": {multiple(func(m *card.MultipleInteraction) { m.TaskID = "" }), []string{"task_id"}},
		"task id missing under menu":  {notice(func(n *card.TextNotice) { n.TaskID = "" }), []string{"task_id"}},
		"task id too long":            {buttons(func(b *card.ButtonInteraction) { b.TaskID = long(129) }), []string{"task_id"}},
		"task id with colon":          {buttons(func(b *card.ButtonInteraction) { b.TaskID = "a:b" }), []string{"task_id"}},
		"task id in Chinese":          {buttons(func(b *card.ButtonInteraction) { b.TaskID = "任务" }), []string{"task_id"}},
		"no title nor subtitle": {notice(func(n *card.TextNotice) {
			n.Title, n.SubTitle = card.MainTitle{}, ""
		}), []string{"main_title.title"}},
		"blank title on buttons":   {buttons(func(b *card.ButtonInteraction) { b.Title.Title = " \n" }), []string{"main_title.title"}},
		"no title on news":         {news(func(n *card.NewsNotice) { n.Title.Title = "" }), []string{"main_title.title"}},
		"no picture on news":       {news(func(n *card.NewsNotice) { n.Image, n.Area = nil, nil }), []string{"card_image"}},
		"picture without url":      {news(func(n *card.NewsNotice) { n.Image.URL = "" }), []string{"card_image.url"}},
		"flat picture":             {news(func(n *card.NewsNotice) { n.Image.AspectRatio = 2.25 }), []string{"card_image.aspect_ratio"}},
		"tall picture":             {news(func(n *card.NewsNotice) { n.Image.AspectRatio = 1.29 }), []string{"card_image.aspect_ratio"}},
		"no number for a picture":  {news(func(n *card.NewsNotice) { n.Image.AspectRatio = math.NaN() }), []string{"card_image.aspect_ratio"}},
		"area without picture":     {news(func(n *card.NewsNotice) { n.Area.ImageURL = "" }), []string{"image_text_area.image_url"}},
		"five paragraphs":          {news(func(n *card.NewsNotice) { n.Paragraphs = make5(card.VerticalContent{Title: "题"}) }), []string{"vertical_content_list"}},
		"paragraph without title":  {news(func(n *card.NewsNotice) { n.Paragraphs[0].Title = "" }), []string{"vertical_content_list[0].title"}},
		"seven rows":               {buttons(func(b *card.ButtonInteraction) { b.Rows = make7(b.Rows[0]) }), []string{"horizontal_content_list"}},
		"row without key":          {buttons(func(b *card.ButtonInteraction) { b.Rows[0].KeyName = "" }), []string{"horizontal_content_list[0].keyname"}},
		"row of no type":           {buttons(func(b *card.ButtonInteraction) { b.Rows[0].Type = 4 }), []string{"horizontal_content_list[0].type"}},
		"url row without url":      {notice(func(n *card.TextNotice) { n.Rows[1].URL = "" }), []string{"horizontal_content_list[1].url"}},
		"attachment without media": {notice(func(n *card.TextNotice) { n.Rows[2].MediaID = "" }), []string{"horizontal_content_list[2].media_id"}},
		"attachment without ext":   {notice(func(n *card.TextNotice) { n.Rows[2].Value = "receipt" }), []string{"horizontal_content_list[2].value"}},
		"member row without id":    {notice(func(n *card.TextNotice) { n.Rows[0].UserID = "" }), []string{"horizontal_content_list[0].userid"}},
		"member id too long":       {notice(func(n *card.TextNotice) { n.Rows[0].UserID = long(65) }), []string{"horizontal_content_list[0].userid"}},
		"plain row with url":       {buttons(func(b *card.ButtonInteraction) { b.Rows[0].URL = host }), []string{"horizontal_content_list[0].url"}},
		"four jumps":               {notice(func(n *card.TextNotice) { n.Jumps = append(make3(n.Jumps[0]), n.Jumps[0]) }), []string{"jump_list"}},
		"jump without title":       {notice(func(n *card.TextNotice) { n.Jumps[0].Title = "" }), []string{"jump_list[0].title"}},
		"jump without url":         {notice(func(n *card.TextNotice) { n.Jumps[0].URL = "" }), []string{"jump_list[0].url"}},
		"jump without app":         {news(func(n *card.NewsNotice) { n.Jumps[0].AppID = "" }), []string{"jump_list[0].appid"}},
		"notice leads nowhere":     {notice(func(n *card.TextNotice) { n.Action = card.CardAction{} }), []string{"card_action.type"}},
		"action without scheme":    {notice(func(n *card.TextNotice) { n.Action.URL = "flow.example.com" }), []string{"card_action.url"}},
		"action url too long":      {notice(func(n *card.TextNotice) { n.Action.URL = host + "/" + long(2048) }), []string{"card_action.url"}},
		"action of no type":        {buttons(func(b *card.ButtonInteraction) { b.Action.Type = 3 }), []string{"card_action.type"}},
		"quote without url":        {notice(func(n *card.TextNotice) { n.Quote.URL = "" }), []string{"quote_area.url"}},
		"four menu entries": {notice(func(n *card.TextNotice) {
			n.Menu.ActionList = []card.Action{{Text: "a", Key: "1"}, {Text: "a", Key: "2"}, {Text: "a", Key: "3"}, {Text: "a", Key: "4"}}
		}), []string{"action_menu.action_list"}},
		"empty menu":             {notice(func(n *card.TextNotice) { n.Menu.ActionList = nil }), []string{"action_menu.action_list"}},
		"menu keys collide":      {notice(func(n *card.TextNotice) { n.Menu.ActionList[1].Key = "sub_on" }), []string{"action_menu.action_list[1].key"}},
		"menu text missing":      {notice(func(n *card.TextNotice) { n.Menu.ActionList[0].Text = "" }), []string{"action_menu.action_list[0].text"}},
		"colour unknown":         {notice(func(n *card.TextNotice) { n.Source.DescColor = 4 }), []string{"source.desc_color"}},
		"no buttons":             {buttons(func(b *card.ButtonInteraction) { b.Buttons = nil }), []string{"button_list"}},
		"seven buttons":          {buttons(func(b *card.ButtonInteraction) { b.Buttons = make7(b.Buttons[2]) }), []string{"button_list"}},
		"button without text":    {buttons(func(b *card.ButtonInteraction) { b.Buttons[0].Text = "" }), []string{"button_list[0].text"}},
		"button without key":     {buttons(func(b *card.ButtonInteraction) { b.Buttons[1].Key = "" }), []string{"button_list[1].key"}},
		"button keys collide":    {buttons(func(b *card.ButtonInteraction) { b.Buttons[1].Key = "approve:42" }), []string{"button_list[1].key"}},
		"button key too long":    {buttons(func(b *card.ButtonInteraction) { b.Buttons[0].Key = long(1025) }), []string{"button_list[0].key"}},
		"button key with NUL":    {buttons(func(b *card.ButtonInteraction) { b.Buttons[0].Key = "a\x00" }), []string{"button_list[0].key"}},
		"url button without url": {buttons(func(b *card.ButtonInteraction) { b.Buttons[2].URL = "" }), []string{"button_list[2].url"}},
		"style unknown":          {buttons(func(b *card.ButtonInteraction) { b.Buttons[0].Style = 5 }), []string{"button_list[0].style"}},
		"button of no type":      {buttons(func(b *card.ButtonInteraction) { b.Buttons[0].Type = 2 }), []string{"button_list[0].type"}},
		"selection without key":  {buttons(func(b *card.ButtonInteraction) { b.Selection.QuestionKey = "" }), []string{"button_selection.question_key"}},
		"selection of nothing":   {buttons(func(b *card.ButtonInteraction) { b.Selection.OptionList, b.Selection.SelectedID = nil, "" }), []string{"button_selection.option_list"}},
		"selected nothing":       {buttons(func(b *card.ButtonInteraction) { b.Selection.SelectedID = "no" }), []string{"button_selection.selected_id"}},
		"option ids collide":     {buttons(func(b *card.ButtonInteraction) { b.Selection.OptionList[1].ID = "ok" }), []string{"button_selection.option_list[1].id"}},
		"option id too long":     {buttons(func(b *card.ButtonInteraction) { b.Selection.OptionList[1].ID = long(129) }), []string{"button_selection.option_list[1].id"}},
		"option without text":    {buttons(func(b *card.ButtonInteraction) { b.Selection.OptionList[1].Text = "" }), []string{"button_selection.option_list[1].text"}},
		"disabled too early":     {buttons(func(b *card.ButtonInteraction) { b.Selection.Disable = true }), []string{"button_selection.disable"}},
		"vote disabled":          {vote(func(v *card.VoteInteraction) { v.Checkbox.Disable = true }), []string{"checkbox.disable"}},
		"vote without choices":   {vote(func(v *card.VoteInteraction) { v.Checkbox.OptionList = nil }), []string{"checkbox.option_list"}},
		"vote with 21 choices": {vote(func(v *card.VoteInteraction) {
			v.Checkbox.OptionList = nil
			for i := range 21 {
				v.Checkbox.OptionList = append(v.Checkbox.OptionList, card.Choice{ID: string(rune('a' + i)), Text: "选"})
			}
		}), []string{"checkbox.option_list"}},
		"vote of no mode":       {vote(func(v *card.VoteInteraction) { v.Checkbox.Mode = 2 }), []string{"checkbox.mode"}},
		"vote key missing":      {vote(func(v *card.VoteInteraction) { v.Checkbox.QuestionKey = "" }), []string{"checkbox.question_key"}},
		"choice ids collide":    {vote(func(v *card.VoteInteraction) { v.Checkbox.OptionList[1].ID = "hike" }), []string{"checkbox.option_list[1].id"}},
		"choice without text":   {vote(func(v *card.VoteInteraction) { v.Checkbox.OptionList[1].Text = "" }), []string{"checkbox.option_list[1].text"}},
		"vote without button":   {vote(func(v *card.VoteInteraction) { v.Submit = nil }), []string{"submit_button"}},
		"submit without key":    {vote(func(v *card.VoteInteraction) { v.Submit.Key = "" }), []string{"submit_button.key"}},
		"submit without text":   {vote(func(v *card.VoteInteraction) { v.Submit.Text = "" }), []string{"submit_button.text"}},
		"no lists":              {multiple(func(m *card.MultipleInteraction) { m.Lists = nil }), []string{"select_list"}},
		"lists share a key":     {multiple(func(m *card.MultipleInteraction) { m.Lists[1].QuestionKey = "speed" }), []string{"select_list[1].question_key"}},
		"eleven options":        {multiple(func(m *card.MultipleInteraction) { m.Lists[1].OptionList = eleven() }), []string{"select_list[1].option_list"}},
		"list disabled":         {multiple(func(m *card.MultipleInteraction) { m.Lists[0].Disable = true }), []string{"select_list[0].disable"}},
		"all mistakes are told": {buttons(func(b *card.ButtonInteraction) { b.TaskID, b.Buttons[0].Text = "", "" }), []string{"task_id", "button_list[0].text"}},
	} {
		t.Run(name, func(t *testing.T) {
			built, err := c.card.Build()
			require.Error(t, err)
			require.True(t, built.IsZero())
			require.Equal(t, c.paths, paths(err), err.Error())
		})
	}
}

func TestUpdateLoosensOnlyWhatItMay(t *testing.T) {
	v := voteCard()
	v.Submit, v.TaskID, v.Checkbox.Disable = nil, "", true
	_, err := v.Update("已截止")
	require.NoError(t, err)

	v.Checkbox.OptionList = nil
	_, err = v.Update("已截止")
	require.Equal(t, []string{"checkbox.option_list"}, paths(err))

	_, err = textNotice().Update("已读")
	require.Equal(t, []string{"replace_text"}, paths(err), "a notice has no button to grey")
	_, err = textNotice().Update("")
	require.NoError(t, err)
}

// Each advisory limit is filled, exceeded by one, and cut at a whole character.
func TestAdvisoryLimitsAreCut(t *testing.T) {
	over := func(n int) string { return strings.Repeat("规", n+1) }
	cut := func(n int) string { return strings.Repeat("规", n-1) + "…" }

	n := textNotice()
	n.Source.Desc, n.Title.Title, n.Title.Desc, n.SubTitle = over(20), over(36), over(44), over(160)
	n.Emphasis.Title, n.Emphasis.Desc = over(14), over(22)
	n.Rows[0].KeyName, n.Rows[0].Value, n.Jumps[0].Title = over(5), over(30), over(18)
	n.Rows[2].Value = over(40) + ".pdf"
	built, err := n.Build()
	require.NoError(t, err)
	c := built.Content()
	require.Equal(t, cut(20), c.Source.Desc)
	require.Equal(t, card.MainTitle{Title: cut(36), Desc: cut(44)}, *c.MainTitle)
	require.Equal(t, cut(160), c.SubTitleText)
	require.Equal(t, card.EmphasisContent{Title: cut(14), Desc: cut(22)}, *c.EmphasisContent)
	require.Equal(t, cut(5), c.HorizontalContentList[0].KeyName)
	require.Equal(t, cut(30), c.HorizontalContentList[0].Value)
	require.Equal(t, cut(26)+".pdf", c.HorizontalContentList[2].Value, "the extension survives")
	require.Equal(t, cut(18), c.JumpList[0].Title)

	p := newsNotice()
	p.Paragraphs[0] = card.VerticalContent{Title: over(38), Desc: over(160)}
	built, err = p.Build()
	require.NoError(t, err)
	require.Equal(t, []card.VerticalContent{{Title: cut(38), Desc: cut(160)}}, built.Content().VerticalContentList)

	b := buttonCard()
	b.Buttons[0].Text, b.Selection.OptionList[0].Text = over(10), over(16)
	built, err = b.Build()
	require.NoError(t, err)
	require.Equal(t, cut(10), built.Content().ButtonList[0].Text)
	require.Equal(t, cut(16), built.Content().ButtonSelection.OptionList[0].Text)

	v := voteCard()
	v.Title, v.Checkbox.OptionList[0].Text, v.Submit.Text = card.MainTitle{Title: over(16), Desc: over(160)}, over(17), over(10)
	built, err = v.Build()
	require.NoError(t, err)
	require.Equal(t, card.MainTitle{Title: cut(16), Desc: cut(160)}, *built.Content().MainTitle)
	require.Equal(t, cut(17), built.Content().Checkbox.OptionList[0].Text)
	require.Equal(t, cut(10), built.Content().SubmitButton.Text)
}

func TestCardIsNotAlteredAfterwards(t *testing.T) {
	b := buttonCard()
	built, err := b.Build()
	require.NoError(t, err)
	before := text(t, built)

	b.Buttons[0].Text, b.Selection.OptionList[0].Text, b.Source.Desc = "改", "改", "改"
	copied := built.Content()
	copied.ButtonList[0].Text, copied.ButtonSelection.OptionList[0].Text, copied.Source.Desc = "改", "改", "改"

	require.Equal(t, before, text(t, built))
	require.Equal(t, buttonCard().Buttons[0].Text, built.Content().ButtonList[0].Text)
	require.Equal(t, "同意", built.Content().ButtonSelection.OptionList[0].Text)
	require.Equal(t, "审批中心", built.Content().Source.Desc)
}

func TestResponseCode(t *testing.T) {
	plain := textNotice()
	plain.Menu = nil
	for name, c := range map[string]struct {
		card card.Builder
		want bool
	}{
		"notice": {plain, false}, "notice with menu": {textNotice(), true}, "buttons": {buttonCard(), true},
		"vote": {voteCard(), true}, "multiple": {multipleCard(), true},
	} {
		built, err := c.card.Build()
		require.NoError(t, err, name)
		require.Equal(t, c.want, built.HasResponseCode(), name)
	}
}

func TestMarkupStaysReadable(t *testing.T) {
	b := buttonCard()
	b.Title.Desc = "A&B <b>\u2028\x00\xff"
	built, err := b.Build()
	require.NoError(t, err)
	require.Contains(t, text(t, built), "A&B <b>\\n\uFFFD")
	require.NotContains(t, text(t, built), `\u`, "WeCom refuses \\uXXXX (40033)")
}

func TestZeroCardIsNoCard(t *testing.T) {
	_, err := json.Marshal(card.Card{})
	require.Error(t, err)
}

// FuzzButtons feeds arbitrary texts to every free field: whatever is accepted keeps the limits and is valid JSON
// without escapes.
func FuzzButtons(f *testing.F) {
	f.Add("task_1", "标题", "按钮", "key:1", "值")
	f.Add("a b", "\xff\xfe", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "\x00", "\u2028]]>")
	f.Fuzz(func(t *testing.T, task, title, button, key, value string) {
		b := buttonCard()
		b.TaskID, b.Title.Title, b.Buttons[0].Text, b.Buttons[0].Key, b.Rows[0].Value = task, title, button, key, value
		built, err := b.Build()
		if err != nil {
			require.NotEmpty(t, paths(err))
			return
		}
		c := built.Content()
		require.LessOrEqual(t, len([]rune(c.MainTitle.Title)), 36)
		require.LessOrEqual(t, len([]rune(c.ButtonList[0].Text)), 10)
		require.LessOrEqual(t, len([]rune(c.HorizontalContentList[0].Value)), 30)
		require.Equal(t, key, c.ButtonList[0].Key)
		var back card.Content
		require.NoError(t, json.Unmarshal([]byte(text(t, built)), &back))
		require.Equal(t, c, back)
		if !strings.Contains(task+title+button+key+value, `\`) {
			require.NotContains(t, text(t, built), `\u`)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	c := buttonCard()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Build(); err != nil {
			b.Fatal(err)
		}
	}
}

func text(t *testing.T, c card.Card) string {
	t.Helper()
	b, err := c.MarshalJSON()
	require.NoError(t, err)
	return string(b)
}

// paths lists the fields an error complains about, without the template_card prefix.
func paths(err error) []string {
	var out []string
	switch e := err.(type) {
	case *card.FieldError:
		return []string{strings.TrimPrefix(e.Path, "template_card.")}
	case interface{ Unwrap() error }:
		return paths(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			out = append(out, paths(inner)...)
		}
	}
	return out
}

func eleven() []card.Option {
	var out []card.Option
	for i := range 11 {
		out = append(out, card.Option{ID: string(rune('a' + i)), Text: "选"})
	}
	return out
}

func make3[T any](v T) []T { return []T{v, v, v} }
func make5[T any](v T) []T { return append(make3(v), v, v) }
func make7[T any](v T) []T { return append(make5(v), v, v) }
