package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The cards of api.md 2.5, as fixtures to bend.
func cardOf(kind string, change ...object) object {
	base := map[string]string{
		textNotice: `{"card_type":"text_notice","task_id":"T","main_title":{"title":"标题"},"action_menu":{"desc":"d","action_list":[{"text":"a","key":"ka"},{"text":"b","key":"kb"}]},
			"horizontal_content_list":[{"keyname":"申请人","value":"陈","type":3,"userid":"chenli"}],"card_action":{"type":1,"url":"https://e.cn"}}`,
		newsNotice: `{"card_type":"news_notice","main_title":{"title":"标题"},"card_image":{"url":"https://e.cn/a.png","aspect_ratio":1.5},"card_action":{"type":1,"url":"https://e.cn"}}`,
		buttonCard: `{"card_type":"button_interaction","task_id":"T","main_title":{"title":"标题"},"button_list":[{"text":"收到","style":1,"key":"ok"},{"text":"有疑问","key":"ask"},{"type":1,"text":"看","url":"https://e.cn"}]}`,
		voteCard:   `{"card_type":"vote_interaction","task_id":"T","main_title":{"title":"投票"},"checkbox":{"question_key":"q","mode":0,"option_list":[{"id":"a","text":"A","is_checked":true},{"id":"b","text":"B","is_checked":false}]},"submit_button":{"text":"提交","key":"go"}}`,
		multipleCard: `{"card_type":"multiple_interaction","task_id":"T","main_title":{"title":"问卷"},"select_list":[{"question_key":"s1","option_list":[{"id":"1","text":"一"},{"id":"2","text":"二"}],"selected_id":"2"},
			{"question_key":"s2","option_list":[{"id":"x","text":"x"}]}],"submit_button":{"text":"提交","key":"go"}}`,
	}[kind]
	out := object{}
	if err := json.Unmarshal([]byte(base), &out); err != nil {
		panic(err)
	}
	for _, c := range change {
		for k, v := range c {
			if v == nil {
				delete(out, k)
			} else {
				out[k] = v
			}
		}
	}
	return out
}

func repeat(n int, v object) []object {
	out := make([]object, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func TestCardRules(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("k", 1025)
	options := func(n int) []object {
		var out []object
		for i := range n {
			out = append(out, object{"id": string(rune('a' + i)), "text": "o"})
		}
		return out
	}
	selection := func(change object) []object {
		s := object{"question_key": "q", "option_list": options(2)}
		for k, v := range change {
			s[k] = v
		}
		return []object{s}
	}
	for _, c := range []struct {
		name, kind string
		change     object
		want       int
	}{
		{"type", buttonCard, object{"card_type": "x"}, 42031},
		{"no task", buttonCard, object{"task_id": nil}, 42014},
		{"task with space", buttonCard, object{"task_id": "a b"}, 42014},
		{"task too long", buttonCard, object{"task_id": strings.Repeat("a", 129)}, 42014},
		{"menu needs task", textNotice, object{"task_id": nil}, 42014},
		{"no title", buttonCard, object{"main_title": nil}, 41016},
		{"notice needs title or sub title", textNotice, object{"main_title": object{"desc": "d"}}, 41016},
		{"notice with sub title", textNotice, object{"main_title": nil, "sub_title_text": "x", "task_id": "sub"}, 0},
		{"colour", buttonCard, object{"source": object{"desc_color": 4}}, 40058},
		{"colour in vote", voteCard, object{"source": object{"desc_color": 1}}, 40058},
		{"no menu in vote", voteCard, object{"action_menu": object{"action_list": []object{{"text": "a", "key": "a"}}}}, 40058},
		{"no buttons in notice", textNotice, object{"button_list": []object{{"text": "a", "key": "a"}}}, 40058},
		{"no emphasis in button", buttonCard, object{"emphasis_content": object{"title": "1"}}, 40058},
		{"no jump in button", buttonCard, object{"jump_list": []object{{"title": "a"}}}, 40058},
		{"replace_text on send", buttonCard, object{"replace_text": "x"}, 40058},
		{"menu too long", textNotice, object{"action_menu": object{"action_list": repeat(4, object{"text": "a", "key": "a"})}}, 40058},
		{"menu keys collide", textNotice, object{"action_menu": object{"action_list": repeat(2, object{"text": "a", "key": "a"})}}, 42051},
		{"quote url", textNotice, object{"quote_area": object{"type": 1}}, 42028},
		{"quote app", textNotice, object{"quote_area": object{"type": 2}}, 42030},
		{"no action", textNotice, object{"card_action": nil}, 42045},
		{"action type", textNotice, object{"card_action": object{"type": 0}}, 42045},
		{"action url", textNotice, object{"card_action": object{"type": 1}}, 42028},
		{"action scheme", textNotice, object{"card_action": object{"type": 1, "url": "e.cn"}}, 45034},
		{"action app", textNotice, object{"card_action": object{"type": 2}}, 42030},
		{"action app not linked", textNotice, object{"card_action": object{"type": 2, "appid": "wx1"}}, 90206},
		{"news needs a picture", newsNotice, object{"card_image": nil}, 42044},
		{"picture url", newsNotice, object{"card_image": object{}}, 42044},
		{"ratio low", newsNotice, object{"card_image": object{"url": "https://e.cn", "aspect_ratio": 1.3}}, 40058},
		{"ratio high", newsNotice, object{"card_image": object{"url": "https://e.cn", "aspect_ratio": 2.25}}, 40058},
		{"five vertical", newsNotice, object{"vertical_content_list": repeat(5, object{"title": "a"})}, 42036},
		{"vertical title", newsNotice, object{"vertical_content_list": repeat(1, object{"desc": "a"})}, 42033},
		{"seven rows", textNotice, object{"horizontal_content_list": repeat(7, object{"keyname": "a"})}, 42035},
		{"row key", textNotice, object{"horizontal_content_list": repeat(1, object{"value": "a"})}, 42027},
		{"row url", textNotice, object{"horizontal_content_list": repeat(1, object{"keyname": "a", "type": 1})}, 42028},
		{"row media", textNotice, object{"horizontal_content_list": repeat(1, object{"keyname": "a", "type": 2})}, 42029},
		{"row media unknown", textNotice, object{"horizontal_content_list": repeat(1, object{"keyname": "a", "type": 2, "media_id": "x"})}, 40007},
		{"row member", textNotice, object{"horizontal_content_list": repeat(1, object{"keyname": "a", "type": 3})}, 42050},
		{"four jumps", textNotice, object{"jump_list": repeat(4, object{"title": "a"})}, 42042},
		{"jump title", textNotice, object{"jump_list": repeat(1, object{"type": 0})}, 42033},
		{"jump url", textNotice, object{"jump_list": repeat(1, object{"title": "a", "type": 1})}, 42028},
		{"no buttons", buttonCard, object{"button_list": nil}, 40058},
		{"seven buttons", buttonCard, object{"button_list": repeat(7, object{"text": "a", "key": "a"})}, 40058},
		{"button text", buttonCard, object{"button_list": repeat(1, object{"key": "a"})}, 42038},
		{"button key", buttonCard, object{"button_list": repeat(1, object{"text": "a"})}, 42039},
		{"button key long", buttonCard, object{"button_list": repeat(1, object{"text": "a", "key": long})}, 42039},
		{"button keys collide", buttonCard, object{"button_list": repeat(2, object{"text": "a", "key": "a"})}, 42039},
		{"button url", buttonCard, object{"button_list": repeat(1, object{"text": "a", "type": 1})}, 42028},
		{"selection question", buttonCard, object{"button_selection": object{"option_list": options(1)}}, 42043},
		{"selection options", buttonCard, object{"button_selection": object{"question_key": "q", "option_list": options(11)}}, 42037},
		{"selection disable", buttonCard, object{"button_selection": object{"question_key": "q", "option_list": options(1), "disable": true}}, 40058},
		{"no checkbox", voteCard, object{"checkbox": nil}, 42037},
		{"21 options", voteCard, object{"checkbox": object{"question_key": "q", "option_list": options(21)}}, 42037},
		{"option id", voteCard, object{"checkbox": object{"question_key": "q", "option_list": repeat(1, object{"text": "a"})}}, 42040},
		{"option ids collide", voteCard, object{"checkbox": object{"question_key": "q", "option_list": repeat(2, object{"id": "a", "text": "a"})}}, 42040},
		{"option text", voteCard, object{"checkbox": object{"question_key": "q", "option_list": repeat(1, object{"id": "a"})}}, 42041},
		{"vote question", voteCard, object{"checkbox": object{"option_list": options(1)}}, 42043},
		{"no submit", voteCard, object{"submit_button": nil}, 42046},
		{"submit text", voteCard, object{"submit_button": object{"key": "a"}}, 42049},
		{"submit key", voteCard, object{"submit_button": object{"text": "a"}}, 42046},
		{"no selects", multipleCard, object{"select_list": nil}, 42047},
		{"four selects", multipleCard, object{"select_list": repeat(4, selection(nil)[0])}, 42047},
		{"same question twice", multipleCard, object{"select_list": repeat(2, selection(nil)[0])}, 42043},
		{"select options", multipleCard, object{"select_list": selection(object{"option_list": []object{}})}, 42037},
		{"wrong type", buttonCard, object{"button_list": "x"}, 40058},
	} {
		out := r.post("message/send", with("template_card", cardOf(c.kind, c.change)))
		require.Equal(t, c.want, code(out), "%s: %v", c.name, out["errmsg"])
	}
	for i, kind := range []string{textNotice, newsNotice, buttonCard, voteCard, multipleCard} {
		out := r.post("message/send", with("template_card", cardOf(kind, object{"task_id": "good" + string(rune('0'+i))})))
		require.Equal(t, 0, code(out), "%s: %v", kind, out["errmsg"])
		require.Equal(t, kind != newsNotice, out["response_code"] != nil, "%s: only updatable cards carry a code", kind)
	}
	require.Equal(t, 42014, code(r.post("message/send", with("template_card", cardOf(buttonCard, object{"task_id": "good2"})))), "task_id is unique for ever")

	deaf := newRig(t, func(o *Options) { o.Apps[0].CallbackURL = "" })
	require.Equal(t, 43012, code(deaf.post("message/send", with("template_card", cardOf(buttonCard)))))
	require.Equal(t, 0, code(deaf.post("message/send", with("template_card", cardOf(newsNotice)))))
}

// sendCard sends a card to members and returns the code of the send.
func (r *rig) sendCard(to string, card object) string {
	r.t.Helper()
	out := r.post("message/send", with("template_card", card, object{"touser": to}))
	require.Equal(r.t, 0, code(out), "%v", out)
	codeOf, _ := out["response_code"].(string)
	return codeOf
}

// press clicks on the last message of a member.
func (r *rig) press(user, key string, more ...object) object {
	r.t.Helper()
	body := object{"user": user, "message_id": r.last(user)["id"], "key": key}
	for _, m := range more {
		for k, v := range m {
			body[k] = v
		}
	}
	return r.control(http.MethodPost, "/click", body)
}

func between(s, open, end string) string {
	_, rest, _ := strings.Cut(s, open)
	out, _, _ := strings.Cut(rest, end)
	return out
}

func codeIn(text string) string {
	return between(text, "<ResponseCode><![CDATA[", "]]></ResponseCode>")
}

func update(code string, users []string, change object) object {
	out := object{"agentid": 1000002, "response_code": code, "userids": users}
	for k, v := range change {
		out[k] = v
	}
	return out
}

func TestCardCodeLifecycle(t *testing.T) {
	r := newRig(t)
	sendCode := r.sendCard("zhaoliu|sunqi", cardOf(buttonCard))
	r.press("zhaoliu", "ok")
	text := r.app.texts("assistant")[0]
	for _, want := range []string{"<Event><![CDATA[template_card_event]]></Event>", "<EventKey><![CDATA[ok]]></EventKey>", "<TaskId><![CDATA[T]]></TaskId>",
		"<CardType><![CDATA[button_interaction]]></CardType>", "<AgentID>1000002</AgentID>", "<FromUserName><![CDATA[zhaoliu]]></FromUserName>"} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "SelectedItems")
	name := object{"button": object{"replace_name": "已收到"}}

	out := r.post("message/update_template_card", update(sendCode, []string{"SunQi", "WuJiu"}, name))
	require.Equal(t, 0, code(out))
	require.Equal(t, []any{"wujiu"}, out["invaliduser"], "an array, lower-cased")
	require.Equal(t, "已收到", r.last("sunqi")["card"].(object)["replace_text"])
	require.Nil(t, r.last("zhaoliu")["card"].(object)["replace_text"], "states are per member")
	require.Equal(t, 60140, code(r.post("message/update_template_card", update(sendCode, []string{"zhaoliu"}, name))), "once")
	r.refused("/click", object{"user": "sunqi", "message_id": r.last("sunqi")["id"], "key": "ok"}, "key")

	pressCode := codeIn(text)
	card := cardOf(textNotice, object{"task_id": nil, "main_title": object{"title": "完成"}})
	require.Equal(t, 42031, code(r.post("message/update_template_card", update(pressCode, []string{"zhaoliu"}, object{"template_card": object{"card_type": "x"}}))))
	require.Equal(t, 82102, code(r.post("message/update_template_card", update(pressCode, []string{"wujiu"}, name))))
	require.Equal(t, 82101, code(r.post("message/update_template_card", update(pressCode, nil, name))))
	require.Equal(t, 40058, code(r.post("message/update_template_card", update(pressCode, []string{"zhaoliu"}, nil))))
	require.Equal(t, 42020, code(r.post("message/update_template_card", update(pressCode, []string{"zhaoliu"}, object{"button": object{}}))))
	require.Equal(t, 301002, code(r.post("message/update_template_card", update(pressCode, []string{"zhaoliu"}, object{"agentid": 7, "button": name["button"]}))))
	before := r.last("zhaoliu")
	r.advance("71h59m59s")
	require.Equal(t, 0, code(r.post("message/update_template_card", object{"agentid": 1000002, "response_code": pressCode, "atall": 1, "template_card": card})), "refused updates spend nothing")
	after := r.last("zhaoliu")
	require.Equal(t, "完成", after["text"])
	require.Equal(t, "T", after["card"].(object)["task_id"], "the task stays")
	require.Equal(t, before["id"], after["id"])
	require.NotEqual(t, before["updated_at"], after["updated_at"])
	require.Equal(t, "完成", r.last("sunqi")["text"])

	late := r.sendCard("zhaoliu", cardOf(buttonCard, object{"task_id": "T2"}))
	r.advance("72h")
	require.Equal(t, 60140, code(r.post("message/update_template_card", update(late, []string{"zhaoliu"}, name))), "72 h")
}

func TestChoicesOfCards(t *testing.T) {
	r := newRig(t)
	r.sendCard("zhaoliu", cardOf(voteCard))
	r.refused("/click", object{"user": "zhaoliu", "message_id": r.last("zhaoliu")["id"], "key": "go", "selected": object{"q": []string{"a", "b"}}}, "selected")
	r.refused("/click", object{"user": "zhaoliu", "message_id": r.last("zhaoliu")["id"], "key": "go", "selected": object{"q": []string{"z"}}}, "selected")
	r.refused("/click", object{"user": "zhaoliu", "message_id": r.last("zhaoliu")["id"], "key": "go", "selected": object{"p": []string{"a"}}}, "selected")
	r.press("zhaoliu", "go", object{"selected": object{"q": []string{"b"}}})
	got := r.app.texts("assistant")
	require.Contains(t, got[0], "<SelectedItems><SelectedItem><QuestionKey><![CDATA[q]]></QuestionKey><OptionIds><OptionId><![CDATA[b]]></OptionId></OptionIds></SelectedItem></SelectedItems>")
	r.press("zhaoliu", "go")
	require.Contains(t, r.app.texts("assistant")[1], "<OptionId><![CDATA[a]]></OptionId>", "what the card has checked")

	r.sendCard("zhaoliu", cardOf(multipleCard, object{"task_id": "M"}))
	r.press("zhaoliu", "go", object{"selected": object{"s1": []string{"1"}}})
	last := r.app.texts("assistant")[2]
	require.Contains(t, last, "<OptionId><![CDATA[1]]></OptionId>")
	require.Contains(t, last, "<QuestionKey><![CDATA[s2]]></QuestionKey><OptionIds><OptionId><![CDATA[x]]></OptionId>")

	r.sendCard("zhaoliu", cardOf(textNotice, object{"task_id": "N"}))
	r.refused("/click", object{"user": "zhaoliu", "message_id": r.last("zhaoliu")["id"], "key": "ka"}, "key")
	r.press("zhaoliu", "kb", object{"menu": true})
	require.Contains(t, r.app.texts("assistant")[3], "<Event><![CDATA[template_card_menu_event]]></Event>")
	r.refused("/click", object{"user": "sunqi", "message_id": r.last("zhaoliu")["id"], "key": "kb", "menu": true}, "message_id")
}

func TestPassiveCardUpdateSpendsTheClicksCode(t *testing.T) {
	r := newRig(t)
	r.sendCard("zhaoliu|sunqi", cardOf(buttonCard))
	r.app.replying(func(received) (int, string) {
		return 200, r.reply("zhaoliu", "update_button", "<Button><ReplaceName><![CDATA[已收到]]></ReplaceName></Button>")
	})
	res := r.press("zhaoliu", "ok")
	reply := res["reply"].(object)
	require.Equal(t, true, reply["applied"])
	require.Equal(t, "已收到", r.last("zhaoliu")["card"].(object)["replace_text"])
	require.Nil(t, r.last("sunqi")["card"].(object)["replace_text"], "only the presser's copy")
	out := r.post("message/update_template_card", update(codeIn(r.app.texts("assistant")[0]), []string{"sunqi"}, object{"button": object{"replace_name": "x"}}))
	require.Equal(t, 60140, code(out))

	r.app.replying(func(received) (int, string) {
		return 200, r.reply("sunqi", "update_template_card", "<TemplateCard><CardType><![CDATA[vote_interaction]]></CardType><MainTitle><Title><![CDATA[团建]]></Title></MainTitle>"+
			"<CheckBox><QuestionKey><![CDATA[q]]></QuestionKey><OptionList><Id><![CDATA[l]]></Id><Text><![CDATA[西湖]]></Text><IsChecked>true</IsChecked></OptionList>"+
			"<OptionList><Id><![CDATA[h]]></Id><Text><![CDATA[山]]></Text><IsChecked>false</IsChecked></OptionList><Disable>true</Disable><Mode>0</Mode></CheckBox>"+
			"<SubmitButton><Text><![CDATA[提交]]></Text><Key><![CDATA[vote]]></Key></SubmitButton><ReplaceText><![CDATA[已提交]]></ReplaceText></TemplateCard>")
	})
	r.press("sunqi", "ask")
	card := r.last("sunqi")["card"].(object)
	require.Equal(t, "vote_interaction", card["card_type"])
	require.Len(t, card["checkbox"].(object)["option_list"], 2)
	require.Equal(t, true, card["checkbox"].(object)["disable"])

	// A message is no answer to a button; a broken card neither.
	r.sendCard("zhaoliu", cardOf(buttonCard, object{"task_id": "T3"}))
	for _, bad := range []string{
		r.reply("zhaoliu", "text", "<Content><![CDATA[x]]></Content>"),
		r.reply("zhaoliu", "update_template_card", "<TemplateCard><CardType>x</CardType></TemplateCard>"),
		r.reply("sunqi", "update_button", "<Button><ReplaceName>x</ReplaceName></Button>"),
	} {
		r.app.replying(func(received) (int, string) { return 200, bad })
		reply := r.press("zhaoliu", "ok")["reply"].(object)
		require.Equal(t, false, reply["applied"], bad)
		require.NotEmpty(t, reply["note"])
	}
	require.Nil(t, r.last("zhaoliu")["card"].(object)["replace_text"])
}
