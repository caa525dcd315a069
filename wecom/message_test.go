package wecom_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"guiju/wecom"
	"guiju/wecom/card"
)

const tail = `"enable_duplicate_check":1,"duplicate_check_interval":14400`

// TestBuildSendGivesTheFixtures compares with the bodies of the message page [90236], byte for byte.
func TestBuildSendGivesTheFixtures(t *testing.T) {
	to := wecom.Recipients{Users: []string{"chenyu", "linmo"}, Parties: []int{12, 3}, Tags: []int{4}}
	head := func(msgType string) string {
		return `{"touser":"chenyu|linmo","toparty":"12|3","totag":"4","msgtype":"` + msgType + `","agentid":1000007,`
	}
	notice, err := card.TextNotice{
		Title:  card.MainTitle{Title: "A&B <已付款>"},
		Action: card.CardAction{Type: card.ToURL, URL: "https://flow.example.com/m/ex/118"},
	}.Build()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		message wecom.Message
		want    string
	}{
		"text": {wecom.Text{Content: "采购单 PO-2026-0302 待你审批\n<a href=\"https://flow.example.com/m/task?id=42\">打开</a>"},
			head("text") + `"text":{"content":"采购单 PO-2026-0302 待你审批\n<a href=\"https://flow.example.com/m/task?id=42\">打开</a>"},` + tail + `}`},
		"text safe translated": {wecom.Text{Content: "$userName=chenyu$", Safe: true, TranslateIDs: true},
			head("text") + `"text":{"content":"$userName=chenyu$"},"safe":1,"enable_id_trans":1,` + tail + `}`},
		"image": {wecom.Image{MediaID: "2mFlowImage0001"}, head("image") + `"image":{"media_id":"2mFlowImage0001"},` + tail + `}`},
		"voice": {wecom.Voice{MediaID: "2mFlowVoice0001"}, head("voice") + `"voice":{"media_id":"2mFlowVoice0001"},` + tail + `}`},
		"file":  {wecom.File{MediaID: "2mFlowFile0118", Safe: true}, head("file") + `"file":{"media_id":"2mFlowFile0118"},"safe":1,` + tail + `}`},
		"video": {wecom.Video{MediaID: "2mFlowVideo0001", Title: "操作演示", Description: "如何提交报销"},
			head("video") + `"video":{"media_id":"2mFlowVideo0001","title":"操作演示","description":"如何提交报销"},` + tail + `}`},
		"textcard": {wecom.TextCard{Title: "请假审批", URL: "https://flow.example.com/m/task?id=42", ButtonText: "去审批",
			Description: `<div class="gray">2026年3月2日</div><div class="normal">陈宇 年假 2 天</div><div class="highlight">请在今日 18:00 前处理</div>`},
			head("textcard") + `"textcard":{"title":"请假审批","description":"<div class=\"gray\">2026年3月2日</div><div class=\"normal\">陈宇 年假 2 天</div><div class=\"highlight\">请在今日 18:00 前处理</div>","url":"https://flow.example.com/m/task?id=42","btntxt":"去审批"},` + tail + `}`},
		"markdown": {wecom.Markdown{Content: "**费用单 EX-118** <font color=\"warning\">超预算</font>\n> 申请人：陈宇\n> 金额：<font color=\"info\">3,280.00</font>\n[查看](https://flow.example.com/m/task?id=118)"},
			head("markdown") + `"markdown":{"content":"**费用单 EX-118** <font color=\"warning\">超预算</font>\n> 申请人：陈宇\n> 金额：<font color=\"info\">3,280.00</font>\n[查看](https://flow.example.com/m/task?id=118)"},` + tail + `}`},
		"news": {wecom.News{Articles: []wecom.Article{{Title: "制度更新", Description: "差旅标准 2026 版", URL: "https://flow.example.com/doc/9", PicURL: "https://flow.example.com/i/9.png"}}},
			head("news") + `"news":{"articles":[{"title":"制度更新","description":"差旅标准 2026 版","url":"https://flow.example.com/doc/9","picurl":"https://flow.example.com/i/9.png"}]},` + tail + `}`},
		"mpnews": {wecom.MPNews{Safe: wecom.CorpOnly, Articles: []wecom.MPArticle{{Title: "三月公告", ThumbMediaID: "2mFlowThumb0001", Author: "行政部", ContentSourceURL: "https://flow.example.com/doc/10", Content: "<p>正文</p>", Digest: "摘要"}}},
			head("mpnews") + `"mpnews":{"articles":[{"title":"三月公告","thumb_media_id":"2mFlowThumb0001","author":"行政部","content_source_url":"https://flow.example.com/doc/10","content":"<p>正文</p>","digest":"摘要"}]},"safe":2,` + tail + `}`},
		"miniprogram_notice has no agentid": {wecom.MiniProgramNotice{AppID: "wxf10wd3sk00000001", Page: "pages/task?id=42", Title: "会议室预订成功", Description: "3月9日 14:00", Emphasis: true, Rows: []wecom.NoticeRow{{Key: "会议室", Value: "A-1203"}, {Key: "时长", Value: "1 小时"}}},
			strings.Replace(head("miniprogram_notice"), `"agentid":1000007,`, "", 1) + `"miniprogram_notice":{"appid":"wxf10wd3sk00000001","page":"pages/task?id=42","title":"会议室预订成功","description":"3月9日 14:00","emphasis_first_item":true,"content_item":[{"key":"会议室","value":"A-1203"},{"key":"时长","value":"1 小时"}]},` + tail + `}`},
		"template_card": {wecom.TemplateCard{Card: notice, TranslateIDs: true},
			head("template_card") + `"template_card":{"card_type":"text_notice","main_title":{"title":"A&B <已付款>"},"card_action":{"type":1,"url":"https://flow.example.com/m/ex/118"}},"enable_id_trans":1,` + tail + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := wecom.BuildSend(agentID, to, c.message)
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))
			again, err := wecom.BuildSend(agentID, to, c.message)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

func TestEverybodyIsAddressed(t *testing.T) {
	got, err := wecom.BuildSend(agentID, wecom.Recipients{All: true}, wecom.Text{Content: "全员通知"})
	require.NoError(t, err)
	require.Equal(t, `{"touser":"@all","msgtype":"text","agentid":1000007,"text":{"content":"全员通知"},`+tail+`}`, string(got))
}

func TestBuildSendRefuses(t *testing.T) {
	ok, to := wecom.Text{Content: "好"}, wecom.ToUsers("chenyu")
	many := func(n int) []string { return strings.Split(strings.Repeat("u,", n)+"u", ",") }
	ids := make([]int, 101)
	link := "https://flow.example.com/"
	update, err := card.VoteInteraction{Title: card.MainTitle{Title: "题"}, Checkbox: card.Checkbox{QuestionKey: "q",
		OptionList: []card.Choice{{ID: "a", Text: "甲"}}}}.Update("已截止")
	require.NoError(t, err)
	article := wecom.Article{Title: "题", URL: link}
	for name, c := range map[string]struct {
		agent   int64
		to      wecom.Recipients
		message wecom.Message
		path    string
	}{
		"nobody":                   {agentID, wecom.Recipients{}, ok, "touser"},
		"everybody and one":        {agentID, wecom.Recipients{All: true, Users: []string{"a"}}, ok, "touser"},
		"1001 members":             {agentID, wecom.Recipients{Users: many(1000)}, ok, "touser"},
		"101 departments":          {agentID, wecom.Recipients{Parties: ids}, ok, "toparty"},
		"101 tags":                 {agentID, wecom.Recipients{Tags: ids}, ok, "totag"},
		"empty member":             {agentID, wecom.ToUsers(""), ok, "touser"},
		"two members in one":       {agentID, wecom.ToUsers("a|b"), ok, "touser"},
		"everybody in disguise":    {agentID, wecom.ToUsers("@ALL"), ok, "touser"},
		"member of 65 bytes":       {agentID, wecom.ToUsers(strings.Repeat("u", 65)), ok, "touser"},
		"no app":                   {0, to, ok, "agentid"},
		"empty text":               {agentID, to, wecom.Text{Content: " \n"}, "text.content"},
		"text of 2049 bytes":       {agentID, to, wecom.Text{Content: strings.Repeat("规", 683)}, "text.content"},
		"invalid bytes count as 3": {agentID, to, wecom.Text{Content: strings.Repeat("a\xff", 600)}, "text.content"},
		"markdown too long":        {agentID, to, wecom.Markdown{Content: strings.Repeat("a", 2049)}, "markdown.content"},
		"image of nothing":         {agentID, to, wecom.Image{}, "image.media_id"},
		"voice of nothing":         {agentID, to, wecom.Voice{}, "voice.media_id"},
		"video of nothing":         {agentID, to, wecom.Video{}, "video.media_id"},
		"file of nothing":          {agentID, to, wecom.File{}, "file.media_id"},
		"card without title":       {agentID, to, wecom.TextCard{Description: "d", URL: link}, "textcard.title"},
		"card without description": {agentID, to, wecom.TextCard{Title: "t", URL: link}, "textcard.description"},
		"card without url":         {agentID, to, wecom.TextCard{Title: "t", Description: "d"}, "textcard.url"},
		"card without scheme":      {agentID, to, wecom.TextCard{Title: "t", Description: "d", URL: "flow.example.com"}, "textcard.url"},
		"no articles":              {agentID, to, wecom.News{}, "news.articles"},
		"nine articles":            {agentID, to, wecom.News{Articles: append(make([]wecom.Article, 8), article)}, "news.articles"},
		"article without link":     {agentID, to, wecom.News{Articles: []wecom.Article{{Title: "题"}}}, "news.articles[0].url"},
		"article of half a pair":   {agentID, to, wecom.News{Articles: []wecom.Article{{Title: "题", AppID: "wx1"}}}, "news.articles[0].pagepath"},
		"mpnews without picture":   {agentID, to, wecom.MPNews{Articles: []wecom.MPArticle{{Title: "t", Content: "c"}}}, "mpnews.articles[0].thumb_media_id"},
		"mpnews too long":          {agentID, to, wecom.MPNews{Articles: []wecom.MPArticle{{Title: "t", ThumbMediaID: "m", Content: strings.Repeat("a", 666<<10+1)}}}, "mpnews.articles[0].content"},
		"mpnews author":            {agentID, to, wecom.MPNews{Articles: []wecom.MPArticle{{Title: "t", ThumbMediaID: "m", Content: "c", Author: strings.Repeat("a", 65)}}}, "mpnews.articles[0].author"},
		"mpnews unsafe":            {agentID, to, wecom.MPNews{Safe: 3, Articles: []wecom.MPArticle{{Title: "t", ThumbMediaID: "m", Content: "c"}}}, "safe"},
		"notice without app":       {agentID, to, wecom.MiniProgramNotice{Title: "会议室预订"}, "miniprogram_notice.appid"},
		"notice of eleven rows":    {agentID, to, wecom.MiniProgramNotice{AppID: "wx1", Title: "会议室预订", Rows: make([]wecom.NoticeRow, 11)}, "miniprogram_notice.content_item"},
		"notice to everybody":      {agentID, wecom.Recipients{All: true}, wecom.MiniProgramNotice{AppID: "wx1", Title: "会议室预订"}, "touser"},
		"no card":                  {agentID, to, wecom.TemplateCard{}, "template_card"},
		"card of an update":        {agentID, to, wecom.TemplateCard{Card: update}, "template_card"},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := wecom.BuildSend(c.agent, c.to, c.message)
			require.Nil(t, body)
			var invalid *wecom.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, c.path, invalid.Path)
			require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
		})
	}
}

func TestTitlesAreCutAtACharacter(t *testing.T) {
	body, err := wecom.BuildSend(agentID, wecom.ToUsers("a"), wecom.TextCard{
		Title: strings.Repeat("规", 100), Description: strings.Repeat("矩", 400), URL: "https://flow.example.com/", ButtonText: "马上去处理"})
	require.NoError(t, err)
	var got struct {
		TextCard struct{ Title, Description, BtnTxt string } `json:"textcard"`
	}
	require.NoError(t, json.Unmarshal(body, &got))
	require.Equal(t, strings.Repeat("规", 41)+"…", got.TextCard.Title)
	require.Equal(t, strings.Repeat("矩", 169)+"…", got.TextCard.Description)
	require.Equal(t, "马上去…", got.TextCard.BtnTxt)
}

// FuzzBuildSend: whatever text is accepted arrives as valid JSON without \u escapes, at most 2,048 bytes long.
func FuzzBuildSend(f *testing.F) {
	f.Add("你好 <a href=\"x\">]]></a>", "chenyu")
	f.Add("\u2028\x00\xff😀\u202e", "a b")
	f.Fuzz(func(t *testing.T, text, user string) {
		body, err := wecom.BuildSend(agentID, wecom.ToUsers(user), wecom.Text{Content: text})
		if err != nil {
			require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
			return
		}
		require.True(t, utf8.Valid(body))
		var got struct {
			ToUser string `json:"touser"`
			Text   struct{ Content string }
		}
		require.NoError(t, json.Unmarshal(body, &got))
		require.Equal(t, user, got.ToUser)
		require.LessOrEqual(t, len(got.Text.Content), 2048)
		if !strings.Contains(text+user, `\`) {
			require.NotContains(t, string(body), `\u`)
		}
	})
}

func BenchmarkBuildSend(b *testing.B) {
	built, err := card.ButtonInteraction{
		TaskID: "M20260302-0001", Source: &card.Source{Desc: "规矩"},
		Title: card.MainTitle{Title: "咨询 M20260302-0001", Desc: "陈宇 09:15"}, SubTitle: "请在 09:45 前回复",
		Rows:    []card.HorizontalContent{{KeyName: "部门", Value: "采购部"}},
		Buttons: []card.Button{{Text: "收到", Key: "ack:1"}, {Text: "回复", Key: "reply:1"}, {Text: "有疑问", Key: "ask:1"}},
	}.Build()
	require.NoError(b, err)
	for name, m := range map[string]wecom.Message{
		"text": wecom.Text{Content: "采购单 PO-2026-0302 待你审批"}, "card": wecom.TemplateCard{Card: built},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := wecom.BuildSend(agentID, wecom.ToUsers("chenyu"), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
