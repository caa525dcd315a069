package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// with is a message/send body of one kind.
func with(kind string, body any, more ...object) object {
	out := object{"touser": "zhaoliu", "msgtype": kind, "agentid": 1000002, kind: body}
	for _, m := range more {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// upload stores one file and returns its media_id.
func (r *rig) upload(kind, name string, data []byte) object {
	r.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("media", name)
	require.NoError(r.t, err)
	_, err = part.Write(data)
	require.NoError(r.t, err)
	require.NoError(r.t, w.Close())
	resp, err := http.Post(r.url+"/cgi-bin/media/upload?type="+kind+"&access_token="+r.token(), w.FormDataContentType(), &b)
	require.NoError(r.t, err)
	defer resp.Body.Close()
	out := object{}
	require.NoError(r.t, json.NewDecoder(resp.Body).Decode(&out))
	return out
}

func TestSendLimitsAndCodes(t *testing.T) {
	r := newRig(t)
	image := r.upload("image", "a.png", sampleMedia("image"))["media_id"]
	articles := func(n int) object {
		var list []object
		for range n {
			list = append(list, object{"title": "t", "url": "https://example.com"})
		}
		return object{"articles": list}
	}
	mp := func(change object) object {
		a := object{"title": "t", "thumb_media_id": image, "content": "<p>x</p>"}
		for k, v := range change {
			a[k] = v
		}
		return object{"articles": []object{a}}
	}
	ids := func(n int) string { return strings.TrimSuffix(strings.Repeat("9|", n), "|") }
	for name, c := range map[string]struct {
		body object
		want int
	}{
		"no target":             {with("text", object{"content": "x"}, object{"touser": ""}), 82001},
		"all invalid":           {with("text", object{"content": "x"}, object{"touser": "Nobody"}), 81013},
		"too many users":        {with("text", object{"content": "x"}, object{"touser": ids(1001)}), 40032},
		"too many parties":      {with("text", object{"content": "x"}, object{"toparty": ids(101)}), 82002},
		"too many tags":         {with("text", object{"content": "x"}, object{"totag": ids(101)}), 82003},
		"other agent":           {with("text", object{"content": "x"}, object{"agentid": 7}), 301002},
		"no agent":              {with("text", object{"content": "x"}, object{"agentid": nil}), 41011},
		"unknown type":          {with("fax", object{}), 40008},
		"empty text":            {with("text", object{"content": ""}), 44004},
		"no text object":        {with("text", nil), 44004},
		"safe 2 on text":        {with("text", object{"content": "x"}, object{"safe": 2}), 40058},
		"safe on news":          {with("news", articles(1), object{"safe": 1}), 40074},
		"safe on markdown":      {with("markdown", object{"content": "x"}, object{"safe": 1}), 40058},
		"interval":              {with("text", object{"content": "x"}, object{"duplicate_check_interval": 14401}), 40058},
		"duplicate flag":        {with("text", object{"content": "x"}, object{"enable_duplicate_check": 2}), 40058},
		"image without id":      {with("image", object{}), 41006},
		"image unknown":         {with("image", object{"media_id": "x"}), 40007},
		"image as file":         {with("file", object{"media_id": image}), 40007},
		"textcard title":        {with("textcard", object{"description": "d", "url": "https://e.cn"}), 41016},
		"textcard description":  {with("textcard", object{"title": "t", "url": "https://e.cn"}), 41033},
		"textcard url":          {with("textcard", object{"title": "t", "description": "d", "url": "e.cn/x"}), 45034},
		"textcard button":       {with("textcard", object{"title": "t", "description": "d", "url": "https://e.cn", "btntxt": "点击这里看"}), 40058},
		"nine articles":         {with("news", articles(9)), 45008},
		"no article":            {with("news", articles(0)), 40063},
		"article without url":   {with("news", object{"articles": []object{{"title": "t"}}}), 40058},
		"article without title": {with("news", object{"articles": []object{{"url": "https://e.cn"}}}), 41016},
		"news foreign program":  {with("news", object{"articles": []object{{"title": "t", "appid": "wx1", "pagepath": "p"}}}), 90206},
		"mpnews thumb":          {with("mpnews", mp(object{"thumb_media_id": "x"})), 40007},
		"mpnews content":        {with("mpnews", mp(object{"content": strings.Repeat("x", 666<<10+1)})), 45002},
		"mpnews author":         {with("mpnews", mp(object{"author": strings.Repeat("x", 65)})), 45032},
		"markdown empty":        {with("markdown", object{"content": ""}), 44004},
		"markdown long":         {with("markdown", object{"content": strings.Repeat("x", 2049)}), 45002},
		"program not linked":    {with("miniprogram_notice", object{"appid": "wx1", "title": "会议预订"}), 90206},
		"program to all":        {with("miniprogram_notice", object{"appid": "wx1", "title": "会议预订"}, object{"touser": "@all"}), 40058},
	} {
		require.Equal(t, c.want, code(r.post("message/send", c.body)), name)
	}
	require.Empty(t, r.chat("zhaoliu"), "nothing refused may arrive")

	for name, body := range map[string]object{
		"text": with("text", object{"content": "x"}), "image": with("image", object{"media_id": image}),
		"textcard": with("textcard", object{"title": "t", "description": "d", "url": "https://e.cn"}),
		"news":     with("news", articles(8)), "mpnews": with("mpnews", mp(nil), object{"safe": 2}), "markdown": with("markdown", object{"content": "**x**"}),
	} {
		out := r.post("message/send", body)
		require.Equal(t, 0, code(out), name)
		require.NotEmpty(t, out["msgid"])
		require.Nil(t, out["response_code"])
		require.Equal(t, name, r.last("zhaoliu")["kind"])
	}
}

func TestSendAnswersInvalidRecipientsLowerCased(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Apps[0].VisibleParties = []int{3} })
	out := r.post("message/send", object{"touser": "ZhaoLiu|WuJiu|Nobody", "toparty": "3|4|x", "totag": "1|9", "msgtype": "text",
		"agentid": 1000002, "text": object{"content": "x"}})
	require.Equal(t, 0, code(out))
	require.Equal(t, "wujiu|nobody", out["invaliduser"])
	require.Equal(t, "4|x", out["invalidparty"])
	require.Equal(t, "1|9", out["invalidtag"])
	require.Len(t, r.chat("zhaoliu"), 1)
	require.Len(t, r.chat("shaojing"), 1, "reached through the department")
	require.Empty(t, r.chat("wujiu"))
	failed := r.post("message/send", text("WuJiu", "x"))
	require.Equal(t, 81013, code(failed))
	require.Equal(t, "wujiu", failed["invaliduser"])
}

func TestTextIsCutAt2048Bytes(t *testing.T) {
	r := newRig(t)
	require.Equal(t, 0, code(r.post("message/send", text("zhaoliu", strings.Repeat("规", 700)))))
	got := r.last("zhaoliu")
	require.Equal(t, strings.Repeat("规", 682), got["text"], "2046 bytes: whole characters only")
	require.NotEmpty(t, got["notes"])
	require.Equal(t, 0, code(r.post("message/send", text("zhaoliu", strings.Repeat("x", 2048)))))
	require.Nil(t, r.last("zhaoliu")["notes"])
}

func TestDuplicateCheckIsOnTheRequestBytes(t *testing.T) {
	r := newRig(t)
	body := `{"touser":"zhaoliu","msgtype":"text","agentid":1000002,"text":{"content":"x"},"enable_duplicate_check":1,"duplicate_check_interval":14400}`
	first := r.post("message/send", body)
	require.NotEmpty(t, first["msgid"])
	again := r.post("message/send", body)
	require.Equal(t, 0, code(again))
	require.Nil(t, again["msgid"])
	require.Len(t, r.chat("zhaoliu"), 1)
	r.post("message/send", strings.Replace(body, `{"touser"`, `{ "touser"`, 1))
	require.Len(t, r.chat("zhaoliu"), 2, "other bytes are another request")
	r.advance("3h59m59s")
	r.post("message/send", body)
	require.Len(t, r.chat("zhaoliu"), 2)
	r.advance("1s")
	r.post("message/send", body)
	require.Len(t, r.chat("zhaoliu"), 3)
	r.post("message/send", text("zhaoliu", "x"))
	r.post("message/send", text("zhaoliu", "x"))
	require.Len(t, r.chat("zhaoliu"), 5, "no check without the flag")
}

func TestSilentDropOver30AMinuteAnd1000AnHour(t *testing.T) {
	r := newRig(t)
	for i := range 40 {
		require.Equal(t, 0, code(r.post("message/send", text("zhaoliu|sunqi", fmt.Sprint(i)))))
		if i == 4 {
			r.advance("30s")
		}
	}
	require.Len(t, r.chat("zhaoliu"), 30)
	items := r.p.Traffic(0)
	require.Equal(t, []string{"zhaoliu", "sunqi"}, items[len(items)-3].Dropped, "shown in traffic") // chat reads are not traffic
	r.advance("30s")
	for i := range 10 {
		r.post("message/send", text("zhaoliu", "more"+fmt.Sprint(i)))
	}
	require.Len(t, r.chat("zhaoliu"), 35, "any 60 seconds: the first five left the window")

	r2 := newRig(t, func(o *Options) { o.ChatLimit = 5000 })
	for minute := range 35 {
		for i := range 30 {
			require.Equal(t, 0, code(r2.post("message/send", text("zhaoliu", fmt.Sprint(minute, i)))))
		}
		r2.advance("1m")
	}
	require.Len(t, r2.chat("zhaoliu"), 1000)
}

func TestUnlimitedIsForLoadTests(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Unlimited, o.AccountCap = true, 1 })
	for i := range 250 {
		require.Equal(t, 0, code(r.post("message/send", text("zhaoliu", fmt.Sprint(i)))))
	}
	require.Len(t, r.chat("zhaoliu"), 250)
}

func TestDailyCapOfTheApp(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AccountCap = 1 })
	for range 6 {
		require.Equal(t, 0, code(r.post("message/send", object{"touser": "@all", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}})))
		r.advance("1m")
	}
	require.Equal(t, 45009, code(r.post("message/send", object{"touser": "@all", "msgtype": "text", "agentid": 1000002, "text": object{"content": "x"}})))
	r.advance("14h")
	require.Equal(t, 0, code(r.post("message/send", text("zhaoliu", "x"))), "the next day")
}

func TestRecall(t *testing.T) {
	r := newRig(t)
	id := r.post("message/send", text("zhaoliu|sunqi", "x"))["msgid"]
	require.Equal(t, 40058, code(r.post("message/recall", object{"msgid": "nope"})))
	require.Equal(t, 0, code(r.post("message/recall", object{"msgid": id})))
	require.Equal(t, "recalled", r.last("zhaoliu")["kind"])
	require.Empty(t, r.last("sunqi")["text"])
	id = r.post("message/send", text("zhaoliu", "x"))["msgid"]
	r.advance("24h1s")
	require.Equal(t, 42052, code(r.post("message/recall", object{"msgid": id})))
}

func TestIDTranslation(t *testing.T) {
	r := newRig(t)
	r.post("message/send", with("text", object{"content": "$userName=ZHAOLIU$ 在 $departmentName=3$，$userName=nobody$ $userAlias=zhaoliu$"}, object{"enable_id_trans": 1}))
	require.Equal(t, "赵六 在 销售部，$userName=nobody$ $userAlias=zhaoliu$", r.last("zhaoliu")["text"])
	r.post("message/send", with("text", object{"content": "$userName=zhaoliu$"}))
	require.Equal(t, "$userName=zhaoliu$", r.last("zhaoliu")["text"])
}

func TestMedia(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		kind, name string
		data       []byte
		want       int
	}{
		{"image", "a.png", sampleMedia("image"), 0}, {"voice", "a.amr", sampleMedia("voice"), 0}, {"video", "a.mp4", sampleMedia("video"), 0},
		{"file", "a.txt", []byte("content"), 0},
		{"song", "a", []byte("content"), 40005}, {"file", "a.txt", []byte("12345"), 44001}, {"image", "a.png", []byte("no picture"), 40004},
		{"voice", "a.amr", []byte("no voice at all"), 301017}, {"voice", "a.amr", append([]byte("#!AMR\n"), make([]byte, 2<<20)...), 45001},
		{"file", "a.bin", make([]byte, 20<<20+1), 45001},
	} {
		out := r.upload(c.kind, c.name, c.data)
		require.Equal(t, c.want, code(out), "%s %s", c.kind, c.name)
		if c.want == 0 {
			require.IsType(t, "", out["created_at"], "created_at is a string")
		}
	}
	id := r.upload("file", `说明".txt`, []byte("0123456789"))["media_id"].(string)
	get := func(from string) (*http.Response, string) {
		req, err := http.NewRequest(http.MethodGet, r.url+"/cgi-bin/media/get?access_token="+r.token()+"&media_id="+id, nil)
		require.NoError(t, err)
		if from != "" {
			req.Header.Set("Range", from)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp, string(raw)
	}
	resp, body := get("")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "0123456789", body)
	require.Contains(t, resp.Header.Get("Content-Disposition"), "attachment")
	resp, body = get("bytes=2-4")
	require.Equal(t, 206, resp.StatusCode)
	require.Equal(t, "234", body)
	r.advance("71h59m59s")
	_, body = get("")
	require.Equal(t, "0123456789", body)
	r.advance("1s")
	resp, body = get("")
	require.Contains(t, body, "40007")
	require.Contains(t, resp.Header.Get("Content-Type"), "application/json")
}

func TestAppChat(t *testing.T) {
	r := newRig(t)
	create := func(body object) int { return code(r.post("appchat/create", body)) }
	users := []string{"zhaoliu", "sunqi", "zhouba"}
	require.Equal(t, 86006, create(object{"userlist": []string{"zhaoliu"}}))
	require.Equal(t, 86216, create(object{"userlist": []string{"zhaoliu", "nobody"}}))
	require.Equal(t, 86207, create(object{"userlist": users, "owner": "wujiu"}))
	require.Equal(t, 86205, create(object{"userlist": users, "chatid": strings.Repeat("a", 33)}))
	require.Equal(t, 86001, create(object{"userlist": users, "chatid": "a-b"}))
	require.Equal(t, 0, create(object{"userlist": users, "chatid": "G1", "name": strings.Repeat("名", 60), "owner": "sunqi"}))
	require.Equal(t, 86215, create(object{"userlist": users, "chatid": "G1"}))

	info := r.api(http.MethodGet, "appchat/get?chatid=G1", nil)["chat_info"].(object)
	require.Equal(t, strings.Repeat("名", 50), info["name"])
	require.Equal(t, "sunqi", info["owner"])
	require.Equal(t, 86005, code(r.post("appchat/update", object{"chatid": "G1", "del_user_list": []string{"sunqi"}})))
	require.Equal(t, 0, code(r.post("appchat/update", object{"chatid": "G1", "del_user_list": []string{"sunqi"}, "owner": "zhaoliu", "add_user_list": []string{"wujiu"}})))
	require.Equal(t, 86003, code(r.post("appchat/send", object{"chatid": "no", "msgtype": "text", "text": object{"content": "x"}})))
	require.Equal(t, 40008, code(r.post("appchat/send", object{"chatid": "G1", "msgtype": "template_card"})))
	out := r.post("appchat/send", object{"chatid": "G1", "msgtype": "text", "text": object{"content": "大家好"}})
	require.Equal(t, 0, code(out))
	require.Nil(t, out["msgid"])
	got := r.control(http.MethodGet, "/chat?user=wujiu&chat=G1", nil)["messages"].([]any)
	require.Equal(t, "大家好", got[0].(object)["text"])
	require.Empty(t, r.control(http.MethodGet, "/chats?user=sunqi", nil)["chats"])
	require.Len(t, r.control(http.MethodGet, "/chats?user=wujiu", nil)["chats"], 1)

	narrow := newRig(t, func(o *Options) { o.Apps[0].VisibleParties = []int{3} })
	require.Equal(t, 48002, code(narrow.post("appchat/create", object{"userlist": users})))
}

func TestMenu(t *testing.T) {
	r := newRig(t)
	create := func(buttons ...object) int {
		return code(r.post("menu/create?agentid=1000002", object{"button": buttons}))
	}
	click := func(name string) object { return object{"type": "click", "name": name, "key": "K"} }
	sub := func(list ...object) object { return object{"name": "更多", "sub_button": list} }
	require.Equal(t, 46003, code(r.api(http.MethodGet, "menu/get?agentid=1000002", nil)))
	require.Equal(t, 41011, code(r.post("menu/create", object{})))
	require.Equal(t, 301002, code(r.post("menu/create?agentid=7", object{})))
	for name, c := range map[string]struct{ got, want int }{
		"none":        {create(), 40016},
		"four":        {create(click("a"), click("b"), click("c"), click("d")), 40016},
		"long name":   {create(click("一二三四五六")), 40018},
		"bad type":    {create(object{"type": "x", "name": "a"}), 40017},
		"no key":      {create(object{"type": "click", "name": "a"}), 40019},
		"no url":      {create(object{"type": "view", "name": "a"}), 40020},
		"scheme":      {create(object{"type": "view", "name": "a", "url": "e.cn"}), 40055},
		"sub scheme":  {create(sub(object{"type": "view", "name": "a", "url": "e.cn"})), 40054},
		"six subs":    {create(sub(click("a"), click("b"), click("c"), click("d"), click("e"), click("f"))), 40023},
		"sub name":    {create(sub(click(strings.Repeat("一", 14)))), 40025},
		"sub type":    {create(sub(object{"type": "x", "name": "a"})), 40024},
		"three deep":  {create(sub(sub(click("a")))), 40022},
		"mini":        {create(object{"type": "view_miniprogram", "name": "a", "pagepath": "p", "appid": "wx"}), 90206},
		"a good menu": {create(click("待办"), sub(object{"type": "view", "name": "文档", "url": "https://e.cn/a?b=1&c=2"}, object{"type": "pic_weixin", "name": "拍照", "key": "PIC"})), 0},
	} {
		require.Equal(t, c.want, c.got, name)
	}
	require.Equal(t, 0, create(click("待办"), sub(object{"type": "view", "name": "文档", "url": "https://e.cn/a?b=1&c=2"}, object{"type": "pic_weixin", "name": "拍照", "key": "PIC"})))
	require.Len(t, r.api(http.MethodGet, "menu/get?agentid=1000002", nil)["button"], 2)
	require.Len(t, r.control(http.MethodGet, "/menu?app=assistant&user=zhaoliu", nil)["button"], 2)

	r.control(http.MethodPost, "/menu", object{"user": "zhaoliu", "app": "assistant", "key": "K"})
	r.control(http.MethodPost, "/menu", object{"user": "zhaoliu", "app": "assistant", "key": "文档"})
	r.control(http.MethodPost, "/menu", object{"user": "zhaoliu", "app": "assistant", "key": "PIC", "count": 2})
	got := r.app.texts("assistant")
	require.Contains(t, got[0], "<Event><![CDATA[click]]></Event>")
	require.Contains(t, got[0], "<EventKey><![CDATA[K]]></EventKey>")
	require.Contains(t, got[1], "<EventKey><![CDATA[https://e.cn/a?b=1&c=2]]></EventKey>")
	require.Equal(t, 2, strings.Count(got[2], "<PicList>"), "one PicList per picture")
	r.refused("/menu", object{"user": "zhaoliu", "app": "assistant", "key": "nope"}, "key")
	require.Equal(t, 0, code(r.api(http.MethodGet, "menu/delete?agentid=1000002", nil)))
	require.Equal(t, 46003, code(r.api(http.MethodGet, "menu/get?agentid=1000002", nil)))
}
