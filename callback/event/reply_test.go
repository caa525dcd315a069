package event

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	toChenmo  = Address{To: "chenmo", From: "ww9f2c41d07ab83e56", At: time.Unix(1767225702, 0)}
	toLiuqing = Address{To: "liuqing", From: "ww9f2c41d07ab83e56", At: time.Unix(1767225702, 0)}
)

var fixtureReplies = map[string]struct {
	reply Reply
	to    Address
}{
	"text": {&TextReply{Content: "已收到，单号 LV-2026-0107"}, toChenmo},
	"news": {&NewsReply{Articles: []Article{{Title: "待办 3 条", Description: "最早一条 2 天前",
		PicURL: "https://flow.example.cn/todo.png", URL: "https://flow.example.cn/todo"}}}, toChenmo},
	"update_button": {&UpdateButton{ReplaceName: "已同意"}, toChenmo},
	"button_card": {&UpdateTemplateCard{Card: TemplateCard{CardType: ButtonInteraction,
		Source:       &CardSource{IconURL: "https://flow.example.cn/i.png", Desc: "流程中心", DescColor: 1},
		MainTitle:    &CardTitle{Title: "请假 2 天", Desc: "申请人 陈默"},
		SubTitleText: "事由: 家中有事",
		Rows: []CardRow{{KeyName: "开始", Value: "1月8日"},
			{Type: 3, KeyName: "审批人", Value: "刘青", UserID: "liuqing"}},
		Action:      &CardAction{Type: 1, URL: "https://flow.example.cn/d/107"},
		Buttons:     []CardButton{{Text: "同意", Style: 1, Key: "approve"}, {Text: "驳回", Style: 2, Key: "reject"}},
		ReplaceText: "已处理"}}, toChenmo},
	"vote_card": {&UpdateTemplateCard{Card: TemplateCard{CardType: VoteInteraction,
		MainTitle: &CardTitle{Title: "团建地点"},
		CheckBox: &CardCheckBox{QuestionKey: "q_place", Disable: true,
			Options: []CardOption{{ID: "lake", Text: "西湖", IsChecked: true}, {ID: "hill", Text: "莫干山"}}},
		SubmitButton: &CardSubmit{Text: "提交", Key: "vote"}, ReplaceText: "已提交"}}, toLiuqing},
}

// otherReplies are the kinds and card parts that the fixtures do not show.
var otherReplies = map[string]Reply{
	"image":    &ImageReply{MediaID: "m1"},
	"voice":    &VoiceReply{MediaID: "m2"},
	"video":    &VideoReply{MediaID: "m3", Title: "t", Description: "d"},
	"taskcard": &UpdateTaskCard{ReplaceName: "已确认"},
	"text_notice": &UpdateTemplateCard{Card: TemplateCard{CardType: TextNotice, SubTitleText: "s",
		ActionMenu:      &CardMenuPart{Desc: "更多", Actions: []CardMenuAction{{Text: "静音", Key: "mute"}}},
		QuoteArea:       &CardQuote{CardAction: CardAction{Type: 1, URL: "u"}, Title: "t", QuoteText: "q"},
		EmphasisContent: &CardTitle{Title: "100", Desc: "核心数据"},
		Jumps:           []CardJump{{CardAction: CardAction{Type: 2, AppID: "a", PagePath: "p"}, Title: "官网"}},
		Action:          &CardAction{Type: 2, AppID: "a", PagePath: "p"}}},
	"news_notice": &UpdateTemplateCard{Card: TemplateCard{CardType: NewsNotice, MainTitle: &CardTitle{Title: "t"},
		ImageTextArea:    &CardImageText{CardAction: CardAction{Type: 1, URL: "u"}, Title: "t", Desc: "d", ImageURL: "i"},
		CardImage:        &CardImage{URL: "i", AspectRatio: 1.5},
		VerticalContents: []CardTitle{{Title: "一", Desc: "1"}, {Title: "二"}},
		Action:           &CardAction{Type: 1, URL: "u"}}},
	"multiple_interaction": &UpdateTemplateCard{Card: TemplateCard{CardType: MultipleInteraction, MainTitle: &CardTitle{Title: "t"},
		Selects: []CardSelect{{QuestionKey: "q", Title: "t", SelectedID: "a", Disable: true, Options: []CardOption{{ID: "a", Text: "A"}}}}}},
	"button_selection": &UpdateTemplateCard{Card: TemplateCard{CardType: ButtonInteraction, MainTitle: &CardTitle{Title: "t"},
		ButtonSelection: &CardSelect{QuestionKey: "q", Options: []CardOption{{ID: "a", Text: "A"}, {ID: "b", Text: "B"}}},
		Buttons:         []CardButton{{Text: "同意", Key: "k"}}}},
}

func TestRenderMatchesFixtures(t *testing.T) {
	file, err := os.ReadFile("testdata/replies.txt")
	require.NoError(t, err)
	count := 0
	for line := range strings.Lines(string(file)) {
		name, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue
		}
		count++
		t.Run(name, func(t *testing.T) {
			r := fixtureReplies[name]
			got, err := Render(r.reply, r.to)
			require.NoError(t, err)
			require.Equal(t, structure(t, []byte(want)), structure(t, got))
		})
	}
	require.Equal(t, len(fixtureReplies), count)
}

func TestRenderPartsOfEveryCardType(t *testing.T) {
	for name, want := range map[string]string{
		"text_notice": "<CardType>text_notice</CardType><ActionMenu><Desc>更多</Desc><ActionList><Text>静音</Text><Key>mute</Key></ActionList></ActionMenu>" +
			"<QuoteArea><Type>1</Type><Url>u</Url><Title>t</Title><QuoteText>q</QuoteText></QuoteArea>" +
			"<EmphasisContent><Title>100</Title><Desc>核心数据</Desc></EmphasisContent><SubTitleText>s</SubTitleText>" +
			"<JumpList><Type>2</Type><Title>官网</Title><AppId>a</AppId><PagePath>p</PagePath></JumpList>" +
			"<CardAction><Type>2</Type><AppId>a</AppId><PagePath>p</PagePath></CardAction>",
		"news_notice": "<CardType>news_notice</CardType><MainTitle><Title>t</Title></MainTitle>" +
			"<ImageTextArea><Type>1</Type><Url>u</Url><Title>t</Title><Desc>d</Desc><ImageUrl>i</ImageUrl></ImageTextArea>" +
			"<CardImage><Url>i</Url><AspectRatio>1.5</AspectRatio></CardImage>" +
			"<VerticalContentList><Title>一</Title><Desc>1</Desc></VerticalContentList><VerticalContentList><Title>二</Title></VerticalContentList>" +
			"<CardAction><Type>1</Type><Url>u</Url></CardAction>",
		"multiple_interaction": "<CardType>multiple_interaction</CardType><MainTitle><Title>t</Title></MainTitle>" +
			"<SelectList><QuestionKey>q</QuestionKey><Title>t</Title><SelectedId>a</SelectedId><Disable>true</Disable>" +
			"<OptionList><Id>a</Id><Text>A</Text></OptionList></SelectList>",
		"button_selection": "<CardType>button_interaction</CardType><MainTitle><Title>t</Title></MainTitle>" +
			"<ButtonSelection><QuestionKey>q</QuestionKey><Disable>false</Disable><OptionList><Id>a</Id><Text>A</Text></OptionList>" +
			"<OptionList><Id>b</Id><Text>B</Text></OptionList></ButtonSelection><ButtonList><Text>同意</Text><Key>k</Key></ButtonList>",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Render(otherReplies[name], toChenmo)
			require.NoError(t, err)
			require.Contains(t, strings.NewReplacer("<![CDATA[", "", "]]>", "").Replace(string(got)),
				"<MsgType>update_template_card</MsgType><TemplateCard>"+want+"</TemplateCard></xml>")
		})
	}
}

func TestRenderJSONIsTheSameTree(t *testing.T) {
	for name, r := range otherReplies {
		got, err := RenderJSON(r, toChenmo)
		require.NoError(t, err, name)
		require.True(t, json.Valid(got), "%s: %s", name, got)
	}
	got, err := RenderJSON(fixtureReplies["news"].reply, toChenmo)
	require.NoError(t, err)
	require.JSONEq(t, `{"ToUserName":"chenmo","FromUserName":"ww9f2c41d07ab83e56","CreateTime":1767225702,"MsgType":"news",
		"ArticleCount":1,"Articles":{"item":[{"Title":"待办 3 条","Description":"最早一条 2 天前",
		"PicUrl":"https://flow.example.cn/todo.png","Url":"https://flow.example.cn/todo"}]}}`, string(got))
}

func TestTextSurvivesCDATA(t *testing.T) {
	for _, text := range []string{"a]]>b", "]]>]]>", "]]", "<xml>&amp;", "\u202eabc😀", "line\nline\t"} {
		got, err := Render(&TextReply{Content: text}, toChenmo)
		require.NoError(t, err)
		require.Contains(t, structure(t, got), "xml/Content="+text)
	}
	got, err := Render(&TextReply{Content: "a\x00\bb\r\xffc"}, toChenmo)
	require.NoError(t, err)
	require.Contains(t, structure(t, got), "xml/Content=ab\uFFFDc")
	require.NotEqual(t, "\ufeff", string(got[:3]))
}

func TestStoredRepliesComeBack(t *testing.T) {
	all := map[string]Reply{}
	for name, r := range otherReplies {
		all[name] = r
	}
	for name, r := range fixtureReplies {
		all[name] = r.reply
	}
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			stored, err := MarshalReply(r)
			require.NoError(t, err)
			back, err := UnmarshalReply(stored)
			require.NoError(t, err)
			require.Equal(t, r, back)
		})
	}
	for _, bad := range []string{"", "{}", `{"msgtype":"fax","reply":{}}`, `{"msgtype":"text","reply":7}`} {
		_, err := UnmarshalReply([]byte(bad))
		require.Error(t, err)
	}
}

// A card written for message/send reads into the passive form.
func TestCardFromItsSendForm(t *testing.T) {
	var c TemplateCard
	require.NoError(t, json.Unmarshal([]byte(`{"card_type":"multiple_interaction","task_id":"t-1","main_title":{"title":"谢谢评价"},
		"select_list":[{"question_key":"speed","title":"响应速度","disable":true,"selected_id":"s5","option_list":[{"id":"s5","text":"很快"}]}],
		"replace_text":"已提交"}`), &c))
	require.NoError(t, c.Check())
	require.Equal(t, "很快", c.Selects[0].Options[0].Text)
	require.Equal(t, "已提交", c.ReplaceText)
}

func TestReplyLimitsNameTheField(t *testing.T) {
	button := func(change func(*TemplateCard)) Reply {
		c := TemplateCard{CardType: ButtonInteraction, MainTitle: &CardTitle{Title: "t"}, Buttons: []CardButton{{Text: "a", Key: "k"}}}
		change(&c)
		return &UpdateTemplateCard{Card: c}
	}
	long := func(n int) string { return strings.Repeat("字", n/3+1) }
	for want, r := range map[string]Reply{
		"Content is empty": &TextReply{},
		"Content has 2049 bytes, at most 2048 are allowed":      &TextReply{Content: long(MaxText)},
		"Image.MediaId is empty":                                &ImageReply{},
		"Voice.MediaId is empty":                                &VoiceReply{},
		"Video.MediaId is empty":                                &VideoReply{},
		"Video.Title has 129 bytes":                             &VideoReply{MediaID: "m", Title: long(MaxTitle)},
		"Video.Description has 513 bytes":                       &VideoReply{MediaID: "m", Description: long(MaxDescription)},
		"Articles has 0 entries":                                &NewsReply{},
		"Articles has 9 entries":                                &NewsReply{Articles: make([]Article, 9)},
		"Articles[1].Title is empty":                            &NewsReply{Articles: []Article{{Title: "t"}, {}}},
		"Articles[0].Title has 129 bytes":                       &NewsReply{Articles: []Article{{Title: long(MaxTitle)}}},
		"Articles[0].Description has 513 bytes":                 &NewsReply{Articles: []Article{{Title: "t", Description: long(MaxDescription)}}},
		"Button.ReplaceName is empty":                           &UpdateButton{},
		"TaskCard.ReplaceName is empty":                         &UpdateTaskCard{},
		`TemplateCard.CardType "" is none of the five`:          &UpdateTemplateCard{},
		"TemplateCard.MainTitle is missing":                     button(func(c *TemplateCard) { c.MainTitle = nil }),
		"TemplateCard.ButtonList is missing":                    button(func(c *TemplateCard) { c.Buttons = nil }),
		"TemplateCard.ButtonList has 7 entries":                 button(func(c *TemplateCard) { c.Buttons = make([]CardButton, 7) }),
		"TemplateCard.ButtonList[0].Key is empty":               button(func(c *TemplateCard) { c.Buttons[0].Key = "" }),
		"TemplateCard.ButtonList[0].Key has 1026 bytes":         button(func(c *TemplateCard) { c.Buttons[0].Key = long(1024) }),
		"TemplateCard.CheckBox does not belong":                 button(func(c *TemplateCard) { c.CheckBox = &CardCheckBox{} }),
		"TemplateCard.JumpList does not belong":                 button(func(c *TemplateCard) { c.Jumps = make([]CardJump, 1) }),
		"TemplateCard.HorizontalContentList[0].KeyName is":      button(func(c *TemplateCard) { c.Rows = make([]CardRow, 1) }),
		"TemplateCard.ActionMenu.ActionList is empty":           button(func(c *TemplateCard) { c.ActionMenu = &CardMenuPart{} }),
		"TemplateCard.ButtonSelection.OptionList has 0 entries": button(func(c *TemplateCard) { c.ButtonSelection = &CardSelect{QuestionKey: "q"} }),
		"TemplateCard.CardAction is missing in text_notice":     &UpdateTemplateCard{Card: TemplateCard{CardType: TextNotice, SubTitleText: "s"}},
	} {
		_, err := Render(r, toChenmo)
		require.ErrorIs(t, err, ErrReply)
		require.ErrorContains(t, err, want)
	}
	_, err := Render(&TextReply{Content: strings.Repeat("a", MaxText)}, toChenmo)
	require.NoError(t, err, "the limit itself is allowed")
	_, err = Render(&TextReply{Content: "x"}, Address{From: "ww"})
	require.ErrorIs(t, err, ErrReply, "an event without a member")
}

func TestWhatAcceptsWhichReply(t *testing.T) {
	member := Header{FromUserName: "chenmo", ToUserName: "ww"}
	plain := []string{"text", "image", "voice", "video", "news"}
	for name, c := range map[string]struct {
		ev   Event
		want []string
	}{
		"text": {&Text{Header: member}, plain}, "image": {&Image{Header: member}, plain}, "voice": {&Voice{Header: member}, plain},
		"video": {&Video{Header: member}, plain}, "location": {&Location{Header: member}, plain}, "link": {&Link{Header: member}, plain},
		"subscribe": {&Subscribe{Header: member}, plain}, "enter": {&EnterAgent{Header: member}, plain},
		"LOCATION": {&LocationReport{Header: member}, plain}, "click": {&Click{Header: member}, plain},
		"view": {&View{Header: member}, plain}, "view_miniprogram": {&ViewMiniprogram{Header: member}, plain},
		"scancode_waitmsg": {&ScanCode{Header: member, Waiting: true}, plain},
		"scancode_push":    {&ScanCode{Header: member}, nil},
		"card menu":        {&CardMenu{Header: member}, append([]string{"update_template_card"}, plain...)},
		"card click":       {&CardClick{Header: member}, []string{"update_button", "update_template_card"}},
		"task card":        {&TaskCardClick{Header: member}, []string{"update_taskcard"}},
		"unsubscribe":      {&Unsubscribe{Header: member}, nil},
		"photos":           {&Photos{Header: member}, nil},
		"location select":  {&LocationSelect{Header: member}, nil},
		"approval":         {&SysApproval{Header: Header{FromUserName: System}}, nil},
		"click by sys":     {&Click{Header: Header{FromUserName: System}}, nil},
		"text by nobody":   {&Text{}, nil},
		"unknown":          {&Unknown{Header: member}, nil},
		"named":            {&Named{Header: member}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range []Reply{&TextReply{}, &ImageReply{}, &VoiceReply{}, &VideoReply{}, &NewsReply{},
				&UpdateButton{}, &UpdateTemplateCard{}, &UpdateTaskCard{}} {
				if Accepts(c.ev, r) {
					got = append(got, r.MsgType())
				}
			}
			require.ElementsMatch(t, c.want, got)
			require.Equal(t, len(c.want) > 0, CanReply(c.ev))
		})
	}
}

func TestKindIsShortAndPrintable(t *testing.T) {
	for want, h := range map[string]Header{
		"text":                             {MsgType: "text"},
		"event.LOCATION":                   {MsgType: "event", Event: "LOCATION"},
		"event.change_contact.create_user": {MsgType: "event", Event: "change_contact", ChangeType: "create_user"},
	} {
		require.Equal(t, want, h.Kind())
	}
	for _, h := range []Header{{}, {MsgType: "a b"}, {MsgType: "文本"}, {MsgType: strings.Repeat("a", 97)}} {
		require.Equal(t, "unknown", h.Kind())
	}
}

// structure lists every leaf with its path; order does not matter, except among leaves of the same path.
func structure(t *testing.T, doc []byte) []string {
	t.Helper()
	var leaves, path []string
	var text strings.Builder
	d := xml.NewDecoder(strings.NewReader(string(doc)))
	for {
		token, err := d.Token()
		if err == io.EOF {
			sort.SliceStable(leaves, func(i, j int) bool {
				return strings.SplitN(leaves[i], "=", 2)[0] < strings.SplitN(leaves[j], "=", 2)[0]
			})
			return leaves
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			text.Reset()
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			if text.Len() > 0 {
				leaves = append(leaves, strings.Join(path, "/")+"="+text.String())
			}
			text.Reset()
			path = path[:len(path)-1]
		}
	}
}
