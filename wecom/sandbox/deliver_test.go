package sandbox

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (r *rig) say(user, words string) object {
	r.t.Helper()
	return r.control(http.MethodPost, "/say", object{"user": user, "app": "assistant", "text": words})
}

func (r *rig) settle() object {
	r.t.Helper()
	return r.control(http.MethodPost, "/settle", nil)
}

func TestSayIsARealCallback(t *testing.T) {
	r := newRig(t)
	words := "请假 2天 <明天> & 后天 ]]> \u200f😀\u0008"
	res := r.say("ZhaoLiu", words)
	require.Equal(t, 200.0, res["status"])
	require.Nil(t, res["reply"])
	require.NotZero(t, res["delivery_id"])
	got := r.app.received()[0]
	require.NotContains(t, got.text, "\n")
	clean := strings.ReplaceAll(got.text, "\u0008", "") // Go's decoder refuses control characters
	var in struct {
		ToUserName, FromUserName, MsgType, Content, MsgId string
		CreateTime                                        int64
		AgentID                                           int64
	}
	require.NoError(t, xml.Unmarshal([]byte(clean), &in))
	require.Equal(t, r.p.opts.CorpID, in.ToUserName)
	require.Equal(t, "zhaoliu", in.FromUserName, "the directory's own spelling")
	require.Equal(t, strings.ReplaceAll(words, "\u0008", ""), in.Content)
	require.Len(t, in.MsgId, 19)
	require.Equal(t, monday.Unix(), in.CreateTime)
	require.EqualValues(t, 1000002, in.AgentID)
	require.Equal(t, words, r.last("zhaoliu")["text"])
	require.Equal(t, "zhaoliu", r.last("zhaoliu")["from"])
}

func TestOtherMessagesAndEvents(t *testing.T) {
	r := newRig(t)
	for _, kind := range []string{"image", "voice", "video"} {
		r.control(http.MethodPost, "/say", object{"user": "zhaoliu", "app": "assistant", "type": kind})
		id := r.last("zhaoliu")["data"].(object)["media_id"].(string)
		resp, err := http.Get(r.url + "/cgi-bin/media/get?access_token=" + r.token() + "&media_id=" + id)
		require.NoError(t, err)
		resp.Body.Close()
		require.Contains(t, resp.Header.Get("Content-Disposition"), "attachment", kind)
	}
	r.control(http.MethodPost, "/say", object{"user": "zhaoliu", "app": "assistant", "type": "location", "Location_X": 30.2741, "Location_Y": 120.1551, "Label": "杭州"})
	r.control(http.MethodPost, "/say", object{"user": "zhaoliu", "app": "assistant", "type": "link", "Title": "总结", "Url": "https://e.cn/?a=1&b=2"})
	r.control(http.MethodPost, "/enter", object{"user": "zhaoliu", "app": "assistant"})
	r.control(http.MethodPost, "/location", object{"user": "zhaoliu", "app": "assistant", "latitude": 30.274, "longitude": 120.155})
	r.control(http.MethodPost, "/event", object{"app": "assistant", "event": "inactive_alert", "fields": object{"EffectTime": "1769817600"}})
	got := r.app.texts("assistant")
	require.Contains(t, got[0], "<PicUrl><![CDATA[")
	require.Contains(t, got[1], "<Format><![CDATA[amr]]></Format>")
	require.Contains(t, got[2], "<ThumbMediaId><![CDATA[")
	require.Contains(t, got[3], "<Location_X>30.2741</Location_X><Location_Y>120.1551</Location_Y><Scale>16</Scale><Label><![CDATA[杭州]]></Label>")
	require.Contains(t, got[3], "<AppType><![CDATA[wxwork]]></AppType>")
	require.Contains(t, got[4], "<Url><![CDATA[https://e.cn/?a=1&b=2]]></Url>")
	require.Contains(t, got[5], "<Event><![CDATA[enter_agent]]></Event>")
	require.Contains(t, got[6], "<Latitude>30.274</Latitude><Longitude>120.155</Longitude><Precision>42.000</Precision>")
	require.Contains(t, got[7], "<FromUserName><![CDATA[sys]]></FromUserName>")
	for _, text := range got {
		require.NoError(t, xml.Unmarshal([]byte(text), new(struct{ XMLName xml.Name })), text)
	}
}

func TestRetriesRepeatThePlaintextOnly(t *testing.T) {
	r := newRig(t)
	r.app.replying(func(in received) (int, string) {
		if in.n < 4 {
			return []int{503, 302, 403}[in.n-1], ""
		}
		return 200, r.reply("zhaoliu", "text", "<Content><![CDATA[好]]></Content>")
	})
	res := r.say("zhaoliu", "在吗")
	require.Equal(t, 503.0, res["status"], "the first answer")
	r.settle()
	got := r.app.received()
	require.Len(t, got, 4)
	nonces := map[string]bool{}
	for _, g := range got {
		require.Equal(t, got[0].text, g.text)
		nonces[g.query.Get("nonce")+g.query.Get("msg_signature")] = true
	}
	require.Len(t, nonces, 4)
	require.Equal(t, "好", r.last("zhaoliu")["text"], "the retry's reply counts")

	r.app.replying(func(received) (int, string) { return 500, "" })
	r.say("zhaoliu", "没人")
	r.settle()
	require.Len(t, r.app.received(), 8, "one and three more, then no more")
}

func TestSlowAnswersAreLost(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, func(o *Options) { o.CallbackTimeout, o.Retries = 30*time.Millisecond, 1 })
	r.app.replying(func(in received) (int, string) {
		if in.n == 1 {
			<-release
		}
		return 200, ""
	})
	res := r.say("zhaoliu", "在吗")
	require.Equal(t, 0.0, res["status"])
	require.Contains(t, res["error"], "超时")
	r.settle()
	close(release)
	require.Len(t, r.app.received(), 2)
	items := r.p.Traffic(0)
	require.Equal(t, 1, items[0].Attempt)
	require.Equal(t, 2, items[1].Attempt)
	require.Equal(t, items[0].DeliveryID, items[1].DeliveryID)
}

func TestNoServerAtAll(t *testing.T) {
	r := newRig(t)
	r.app.srv.Close()
	res := r.say("zhaoliu", "在吗")
	require.Equal(t, 0.0, res["status"])
	require.Contains(t, res["error"], "连接失败")
	r.settle()
	require.Len(t, r.p.Traffic(0), 4)
}

func TestPassiveReplies(t *testing.T) {
	r := newRig(t)
	image := r.upload("image", "a.png", sampleMedia("image"))["media_id"].(string)
	long := strings.Repeat("规", 1000)
	for name, c := range map[string]struct {
		kind, rest, shown, note string
	}{
		"text":          {"text", "<Content><![CDATA[你好]]></Content>", "你好", ""},
		"cut":           {"text", "<Content><![CDATA[" + long + "]]></Content>", strings.Repeat("规", 682), "截断"},
		"image":         {"image", "<Image><MediaId><![CDATA[" + image + "]]></MediaId></Image>", "a.png", ""},
		"image unknown": {"image", "<Image><MediaId><![CDATA[x]]></MediaId></Image>", "", "invalid media_id"},
		"news":          {"news", "<ArticleCount>1</ArticleCount><Articles><item><Title><![CDATA[待办]]></Title><Url><![CDATA[https://e.cn]]></Url></item></Articles>", "待办", ""},
		"news count":    {"news", "<ArticleCount>2</ArticleCount><Articles><item><Title><![CDATA[待办]]></Title><Url><![CDATA[https://e.cn]]></Url></item></Articles>", "", "ArticleCount"},
		"unknown":       {"fax", "", "", "不支持"},
		"card update":   {"update_button", "<Button><ReplaceName>x</ReplaceName></Button>", "", "只有卡片事件"},
	} {
		r.app.replying(func(received) (int, string) { return 200, r.reply("zhaoliu", c.kind, c.rest) })
		reply := r.say("zhaoliu", name)["reply"].(object)
		require.Contains(t, fmt.Sprint(reply["note"]), c.note, name)
		if c.shown != "" {
			require.Equal(t, c.shown, r.last("zhaoliu")["text"], name)
			require.Equal(t, "assistant", r.last("zhaoliu")["from"])
		} else {
			require.Equal(t, name, r.last("zhaoliu")["text"], "%s: nothing shown", name)
		}
	}
	for name, bad := range map[string]string{
		"not for him": r.reply("sunqi", "text", "<Content>x</Content>"),
		"other corp":  strings.Replace(r.reply("zhaoliu", "text", "<Content>x</Content>"), r.p.opts.CorpID, "wwother", 1),
		"no time":     strings.Replace(r.reply("zhaoliu", "text", "<Content>x</Content>"), fmt.Sprint(monday.Unix()), "0", 1),
		"not XML":     "hello",
		"empty text":  r.reply("zhaoliu", "text", "<Content></Content>"),
	} {
		r.app.replying(func(received) (int, string) { return 200, bad })
		reply := r.say("zhaoliu", name)["reply"].(object)
		require.Equal(t, false, reply["applied"], name)
		require.NotEmpty(t, reply["note"], name)
	}
	// A reply to an event that takes none is ignored.
	r.app.replying(func(received) (int, string) { return 200, r.reply("zhaoliu", "text", "<Content>x</Content>") })
	reply := r.control(http.MethodPost, "/event", object{"app": "assistant", "event": "pic_weixin", "user": "zhaoliu"})["reply"].(object)
	require.Equal(t, false, reply["applied"])
	require.Equal(t, true, r.control(http.MethodPost, "/enter", object{"user": "zhaoliu", "app": "assistant"})["reply"].(object)["applied"])
}

func TestUnreadableAnswersAreReceivedButIgnored(t *testing.T) {
	for name, body := range map[string]string{"text": "ok", "success": "success", "json": `{"status":"ok"}`, "html": "<html></html>"} {
		o := DefaultOptions()
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		o.Apps[0].CallbackURL = srv.URL
		p, err := New(o)
		require.NoError(t, err)
		first, err := p.deliver(&delivery{receiver: "assistant", user: "zhaoliu", kind: "text", text: "<xml></xml>"})
		require.NoError(t, err)
		res := <-first
		require.Equal(t, 200, res.Status)
		if name == "success" {
			require.Nil(t, res.Reply)
		} else {
			require.False(t, res.Reply.Applied)
		}
		require.NoError(t, p.Stop(t.Context()))
		require.Len(t, p.Traffic(0), 1, "no retry")
		srv.Close()
	}
}

func TestRedeliver(t *testing.T) {
	r := newRig(t)
	r.app.replying(func(received) (int, string) { return 200, r.reply("zhaoliu", "text", "<Content>好</Content>") })
	res := r.say("zhaoliu", "在吗")
	out := r.control(http.MethodPost, "/redeliver", object{"delivery_id": res["delivery_id"], "times": 20, "concurrent": true})
	require.Len(t, out["deliveries"], 20)
	require.Len(t, r.app.received(), 21)
	require.Len(t, r.chat("zhaoliu"), 2, "the reply is shown once")
	for _, d := range out["deliveries"].([]any) {
		require.Equal(t, 200.0, d.(object)["status"])
		require.Equal(t, false, d.(object)["reply"].(object)["applied"])
	}
	r.control(http.MethodPost, "/redeliver", object{"delivery_id": fmt.Sprint(res["delivery_id"])})
	r.refused("/redeliver", object{"delivery_id": 999999}, "delivery_id")
	r.refused("/redeliver", object{"delivery_id": res["delivery_id"], "times": 0}, "times")
}

func TestVerifyURL(t *testing.T) {
	r := newRig(t)
	out := r.control(http.MethodPost, "/verify", object{"app": "assistant"})
	require.Equal(t, true, out["ok"], out)
	require.Equal(t, true, r.control(http.MethodPost, "/verify", object{"app": "contacts"})["ok"])
	r.refused("/verify", object{"app": "none"}, "app")

	answers := map[string]http.HandlerFunc{
		"openapi回调地址请求不通过":                   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) },
		"echostr校验失败，请您检查是否正确解密并输出明文echostr": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `"5189364072215543870"`) },
	}
	for want, h := range answers {
		srv := httptest.NewServer(h)
		r.control(http.MethodPost, "/apps", object{"app": "assistant", "callback_url": srv.URL})
		out := r.control(http.MethodPost, "/verify", object{"app": "assistant"})
		require.Equal(t, false, out["ok"])
		require.Equal(t, want, out["message"])
		srv.Close()
	}
	r.refused("/apps", object{"app": "assistant", "encoding_aes_key": "short"}, "token")
}

func TestVerifyTakesOneSecondAtMost(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer srv.Close()
	defer close(release)
	r := newRig(t, func(o *Options) { o.VerifyTimeout = 20 * time.Millisecond })
	r.control(http.MethodPost, "/apps", object{"app": "assistant", "callback_url": srv.URL})
	require.Equal(t, "openapi回调地址请求不通过", r.control(http.MethodPost, "/verify", object{"app": "assistant"})["message"])
}

func TestManyDeliveriesAtOnceStayBounded(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Concurrency = 4 })
	var mu sync.Mutex
	now, most := 0, 0
	r.app.replying(func(received) (int, string) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		defer func() { mu.Lock(); now--; mu.Unlock() }()
		return 200, ""
	})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() { r.say("zhaoliu", fmt.Sprint(i)) })
	}
	wg.Wait()
	require.Len(t, r.app.received(), 200)
	require.LessOrEqual(t, most, 4)
}

func TestQueueLimitAnswers429(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, func(o *Options) { o.QueueLimit = 1 })
	started := make(chan struct{})
	r.app.replying(func(received) (int, string) { close(started); <-release; return 200, "" })
	done := make(chan struct{})
	go func() { defer close(done); r.say("zhaoliu", "a") }()
	<-started
	status, out := r.do(http.MethodPost, "/sandbox/api/say", object{"user": "sunqi", "app": "assistant", "text": "b"})
	require.Equal(t, http.StatusTooManyRequests, status, out)
	close(release)
	<-done
}

func TestTrafficIsBoundedAndHidesSecrets(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TrafficLimit = 10 })
	token := r.token()
	for i := range 50 {
		r.apiAs(token, http.MethodPost, "message/send", text("zhaoliu", strings.Repeat("x", 20<<10)+fmt.Sprint(i)))
	}
	out := r.control(http.MethodGet, "/traffic?after=0", nil)["items"].([]any)
	require.LessOrEqual(t, len(out), 10)
	raw, err := json.Marshal(out)
	require.NoError(t, err)
	require.Less(t, len(raw), 10*(trafficBody+2000))
	last := out[len(out)-1].(object)
	require.Empty(t, r.control(http.MethodGet, fmt.Sprintf("/traffic?after=%v", last["id"]), nil)["items"])

	r2 := newRig(t)
	r2.token()
	r2.api(http.MethodGet, "getcallbackip", nil)
	raw, err = json.Marshal(r2.p.Traffic(0))
	require.NoError(t, err)
	require.NotContains(t, string(raw), r2.p.opts.Apps[0].Secret)
	require.NotContains(t, string(raw), r2.token())
}
