package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHostileControlInput(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		path, body, field string
	}{
		{"/say", ``, "user"}, {"/say", `[]`, ""}, {"/say", `{`, ""}, {"/say", `null`, "user"}, {"/say", `"x"`, ""},
		{"/say", `{"user":1}`, "user"}, {"/say", `{"user":"zhaoliu","app":"assistant"}`, "text"}, {"/say", `{"user":"zhaoliu","app":"nope","text":"x"}`, "app"},
		{"/say", `{"user":"zhaoliu","text":"x"}`, "app"}, {"/say", `{"user":"` + strings.Repeat("u", 5000) + `","app":"assistant","text":"x"}`, "user"},
		{"/say", `{"user":"zhaoliu","app":"assistant","text":"` + strings.Repeat("x", 65537) + `"}`, "text"},
		{"/say", `{"user":"zhaoliu","app":"assistant","type":"file"}`, "type"}, {"/say", `{"user":"zhaoliu","app":"assistant","type":"image","data":"***"}`, "data"},
		{"/say", `{"user":"zhaoliu","app":"assistant","type":"image","data":"AAAAAAAAAAAA"}`, "data"}, {"/say", `{"user":"zhaoliu","app":"assistant","type":"image","MediaId":"x"}`, "MediaId"},
		{"/say", `{"user":"zhaoliu","app":"assistant","type":"location","Location_X":91}`, "Location_X"}, {"/say", `{"user":"zhaoliu","app":"assistant","type":"link"}`, "Url"},
		{"/say", `{"usr":"zhaoliu"}`, "usr"}, {"/click", `{"user":"zhaoliu","message_id":"x"}`, "message_id"}, {"/click", `{"user":"zhaoliu","message_id":99}`, "message_id"},
		{"/click", `{"user":"zhaoliu","message_id":-9223372036854775808}`, "message_id"}, {"/click", `{"selected":{"q":"x"}}`, "selected"},
		{"/enter", `{"user":"zhaoliu"}`, "app"}, {"/location", `{"user":"zhaoliu","app":"assistant"}`, "latitude"},
		{"/location", `{"user":"zhaoliu","app":"assistant","latitude":1,"longitude":181}`, "longitude"}, {"/event", `{"app":"assistant"}`, "event"},
		{"/event", `{"app":"assistant","event":"x","fields":{"a><b":"1"}}`, "fields"}, {"/redeliver", `{"delivery_id":"abc"}`, "delivery_id"},
		{"/tokens", `{"app":"assistant","action":"steal"}`, "action"}, {"/verify", `{}`, "app"}, {"/apps", `{"app":"zzz"}`, "app"},
		{"/apps", `{"app":"assistant","callback_url":"file:///etc/passwd"}`, "token"},
	} {
		r.refused(c.path, c.body, c.field)
	}
	require.Empty(t, r.app.received())
	status, _ := r.do(http.MethodPost, "/sandbox/api/enter", `{"user":"`+strings.Repeat("x", controlBody)+`"}`)
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	for _, path := range []string{"/chat?user=nobody&app=assistant", "/chat?user=zhaoliu&app=nope", "/chat?user=zhaoliu&chat=nope", "/chat?user=zhaoliu&app=assistant&after=-1",
		"/chat?user=zhaoliu&app=assistant&after=x", "/traffic?after=x", "/menu?app=nope", "/media/nope"} {
		status, out := r.do(http.MethodGet, "/sandbox/api"+path, nil)
		require.GreaterOrEqual(t, status, 400, path)
		require.Less(t, status, 500, path)
		require.NotEmpty(t, out["error"])
	}
	status, _ = r.do(http.MethodGet, "/sandbox/api/nothing", nil)
	require.Equal(t, http.StatusNotFound, status)
}

func FuzzControl(f *testing.F) {
	o := DefaultOptions()
	o.Apps[0].CallbackURL, o.Contacts = "", Contacts{}
	o.Start, o.Frozen, o.MoveTimeout = monday, true, 100*time.Millisecond
	p, err := New(o)
	if err != nil {
		f.Fatal(err)
	}
	paths := []string{"say", "click", "menu", "enter", "location", "event", "contacts", "approvals", "approvals/1/decide", "clock", "faults", "redeliver", "apps"}
	f.Add(uint8(0), `{"user":"zhaoliu","app":"assistant","text":"x"}`)
	f.Add(uint8(6), `{"change_type":"create_user","UserID":"a","Name":"b","Department":"1,2","ExtAttr":[{"name":"x"}]}`)
	f.Add(uint8(7), `{"template_id":"C4SandboxTplPurchase0003","user":"zhaoliu","data":{"物品":"x","数量":1}}`)
	f.Add(uint8(9), `{"advance":"1h"}`)
	f.Add(uint8(10), `{"api":"*","errcode":1}`)
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		req := httptest.NewRequest(http.MethodPost, "/sandbox/api/"+paths[int(which)%len(paths)], strings.NewReader(body))
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, req)
		if w.Code != http.StatusOK && (w.Code < 400 || w.Code >= 500 && w.Code != http.StatusGatewayTimeout) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzAPI sends any JSON to the message interfaces with a valid token.
func FuzzAPI(f *testing.F) {
	o := DefaultOptions()
	o.Start, o.Frozen = monday, true
	p, err := New(o)
	if err != nil {
		f.Fatal(err)
	}
	p.st.Tokens["T"] = &accessToken{App: "assistant", Expires: monday.Add(time.Hour)}
	paths := []string{"message/send", "message/update_template_card", "appchat/create", "menu/create", "oa/applyevent", "oa/getapprovalinfo"}
	f.Add(uint8(0), `{"touser":"zhaoliu","msgtype":"template_card","agentid":1000002,"template_card":{"card_type":"vote_interaction","task_id":"a","main_title":{"title":"x"},"checkbox":{"question_key":"q","option_list":[{"id":"1","text":"a"}]},"submit_button":{"text":"a","key":"b"}}}`)
	f.Add(uint8(0), `{"touser":"@all","msgtype":"miniprogram_notice"}`)
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		req := httptest.NewRequest(http.MethodPost, "/cgi-bin/"+paths[int(which)%len(paths)]+"?access_token=T&agentid=1000002", strings.NewReader(body))
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

func TestOtherSitesCannotDriveTheSandbox(t *testing.T) {
	r := newRig(t)
	for origin, want := range map[string]int{"https://evil.example": 403, "null": 403, r.url: 200} {
		req, err := http.NewRequest(http.MethodPost, r.url+"/sandbox/api/settle", nil)
		require.NoError(t, err)
		req.Header.Set("Origin", origin)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, want, resp.StatusCode, origin)
	}
}

func TestStreamHints(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/sandbox/api/stream", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	require.True(t, lines.Scan()) // ": listening"
	r.say("zhaoliu", "在吗")
	var got []string
	for len(got) < 2 && lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			got = append(got, data)
		}
	}
	require.Equal(t, fmt.Sprintf(`{"type":"message","user":"zhaoliu","app":"assistant","id":%v}`, r.last("zhaoliu")["id"]), got[0])
	require.Contains(t, got[1], `"type":"traffic"`)

	for range streamSubscribers - 1 {
		_, ok := r.p.stream.subscribe()
		require.True(t, ok)
	}
	status, _ := r.do(http.MethodGet, "/sandbox/api/stream", nil)
	require.Equal(t, http.StatusServiceUnavailable, status)
}

func TestStateSurvivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	first := newRig(t, func(o *Options) { o.StateFile = file })
	token := first.token()
	image := first.upload("image", "a.png", sampleMedia("image"))["media_id"]
	spent := first.sendCard("zhaoliu", cardOf(buttonCard))
	code2 := first.sendCard("zhaoliu", cardOf(buttonCard, object{"task_id": "T2"}))
	require.Equal(t, 0, code(first.post("message/update_template_card", update(spent, []string{"zhaoliu"}, object{"button": object{"replace_name": "好"}}))))
	first.edit(object{"change_type": "create_user", "UserID": "zhaoyan", "Name": "赵妍", "Department": 7})
	first.post("menu/create?agentid=1000002", object{"button": []object{{"type": "click", "name": "a", "key": "k"}}})
	first.control(http.MethodPost, "/approvals", object{"template_id": buyForm, "user": "zhaoliu", "data": object{"物品": "x", "数量": 1}})
	first.advance("90m")
	chat := first.chat("zhaoliu")
	require.NoError(t, first.p.Stop(t.Context()))

	second := newRig(t, func(o *Options) { o.StateFile = file })
	require.Equal(t, "2026-03-02T11:30:00.000+08:00", second.control(http.MethodGet, "/clock", nil)["now"])
	require.Equal(t, chat, second.chat("zhaoliu"))
	require.Equal(t, 0, code(second.apiAs(token, http.MethodGet, "getcallbackip", nil)), "tokens")
	require.Equal(t, 60140, code(second.post("message/update_template_card", update(spent, []string{"zhaoliu"}, object{"button": object{"replace_name": "好"}}))))
	require.Equal(t, 42014, code(second.post("message/send", with("template_card", cardOf(buttonCard)))), "task ids")
	require.Equal(t, 0, code(second.post("message/send", with("image", object{"media_id": image}))))
	require.Equal(t, 0, code(second.api(http.MethodGet, "menu/get?agentid=1000002", nil)))
	require.Equal(t, 0, code(second.api(http.MethodGet, "user/get?userid=zhaoyan", nil)))
	require.Equal(t, "202603020001", second.post("oa/getapprovaldetail", object{"sp_no": "202603020001"})["info"].(object)["sp_no"])
	second.control(http.MethodPost, "/click", object{"user": "zhaoliu", "message_id": chat[1]["id"], "key": "ok"})
	require.Equal(t, 0, code(second.post("message/update_template_card", update(code2, []string{"zhaoliu"}, object{"button": object{"replace_name": "好"}}))))
	require.Greater(t, second.last("zhaoliu")["id"], chat[len(chat)-1]["id"], "ids go on")

	o := DefaultOptions()
	o.StateFile, o.CorpID = file, "wwother"
	_, err := New(o)
	require.ErrorContains(t, err, "belongs to corp")
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	o.CorpID = DefaultOptions().CorpID
	_, err = New(o)
	require.ErrorContains(t, err, "damaged")
}

func TestOptionsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"CorpID":         func(o *Options) { o.CorpID = "" },
		"at least one":   func(o *Options) { o.Apps = nil },
		"name is taken":  func(o *Options) { o.Apps[0].Name = "contacts" },
		"1–64 letters":   func(o *Options) { o.Apps[0].Name = "a b" },
		"AgentID":        func(o *Options) { o.Apps = append(o.Apps, App{Name: "b", AgentID: 1000002, Secret: "s"}) },
		"Secret":         func(o *Options) { o.Apps[0].Secret = "" },
		"EncodingAESKey": func(o *Options) { o.Apps[0].EncodingAESKey = "short" },
		"Token":          func(o *Options) { o.Contacts.Token = "a-b" },
		"callback URL":   func(o *Options) { o.Apps[0].CallbackURL = "ftp://x" },
		"Retries":        func(o *Options) { o.Retries = 11 },
	} {
		o := DefaultOptions()
		o.Apps = append([]App(nil), o.Apps...)
		change(&o)
		_, err := New(o)
		require.ErrorContains(t, err, want)
	}
	o := DefaultOptions()
	o.Logger = slog.New(slog.DiscardHandler)
	p, err := New(o)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context()))
	require.Error(t, p.Start(t.Context()))
	require.NoError(t, p.Stop(t.Context()))
	_, err = p.deliver(&delivery{receiver: "assistant"})
	require.Error(t, err)
	config := o.ConfigYAML("http://127.0.0.1:8090")
	for _, want := range []string{`corp_id: "ww5a4db07c0ffee261"`, `api_base_url: "http://127.0.0.1:8090"`, "agent_id: 1000002", "contacts:"} {
		require.Contains(t, config, want)
	}
	require.NotEmpty(t, Choices())
}
