package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGetTokenRefusals(t *testing.T) {
	r := newRig(t)
	secret, corp := r.p.opts.Apps[0].Secret, r.p.opts.CorpID
	for query, want := range map[string]int{
		"corpid=" + corp + "&corpsecret=nope":            40001,
		"corpid=wwother&corpsecret=" + secret:            40013,
		"corpsecret=" + secret:                           41002,
		"corpid=" + corp:                                 41004,
		"corpid=" + corp + "&corpsecret=" + secret + "x": 40001,
	} {
		status, out := r.do(http.MethodGet, "/cgi-bin/gettoken?"+query, nil)
		require.Equal(t, http.StatusOK, status, "business failures are HTTP 200")
		require.Equal(t, want, code(out), query)
		require.Regexp(t, `^.+, hint: \[[0-9a-zA-Z_]+\], from ip: 127\.0\.0\.1, more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e=`+fmt.Sprint(want)+`$`, out["errmsg"])
	}
}

func TestTokenLife(t *testing.T) {
	r := newRig(t)
	first := r.token()
	require.Equal(t, first, r.token(), "a repeated gettoken gives the same token")
	r.advance("1h")
	_, out := r.do(http.MethodGet, "/cgi-bin/gettoken?corpid="+r.p.opts.CorpID+"&corpsecret="+r.p.opts.Apps[0].Secret, nil)
	require.Equal(t, 3600.0, out["expires_in"], "what is left, not 7200")
	r.advance("55m")
	second := r.token()
	require.NotEqual(t, first, second, "close to the end a new one is given")
	require.Equal(t, 0, code(r.apiAs(first, http.MethodGet, "getcallbackip", nil)), "the old one lives to its end")
	r.advance("5m")
	require.Equal(t, 42001, code(r.apiAs(first, http.MethodGet, "getcallbackip", nil)))
	require.Equal(t, 0, code(r.apiAs(second, http.MethodGet, "getcallbackip", nil)))

	require.Equal(t, 1.0, r.control(http.MethodPost, "/tokens", object{"app": "assistant", "action": "expire"})["tokens"].(float64)-1)
	require.Equal(t, 42001, code(r.apiAs(second, http.MethodGet, "getcallbackip", nil)))
	third := r.token()
	r.control(http.MethodPost, "/tokens", object{"app": "assistant", "action": "revoke"})
	require.Equal(t, 40014, code(r.apiAs(third, http.MethodGet, "getcallbackip", nil)))
	require.Equal(t, 40014, code(r.apiAs("garbage", http.MethodGet, "getcallbackip", nil)))
	_, out = r.do(http.MethodGet, "/cgi-bin/getcallbackip", nil)
	require.Equal(t, 41001, code(out))
}

func TestSecretReset(t *testing.T) {
	r := newRig(t)
	old := r.token()
	r.control(http.MethodPost, "/apps", object{"app": "assistant", "secret": "AnotherSecret"})
	require.Equal(t, 40014, code(r.apiAs(old, http.MethodGet, "getcallbackip", nil)))
	r.tokenOf("AnotherSecret")
	r.refused("/apps", object{"app": "assistant", "secret": r.p.opts.Contacts.Secret}, "secret")
	r.control(http.MethodPost, "/apps", object{"app": "assistant", "disabled": true})
	_, out := r.do(http.MethodGet, "/cgi-bin/gettoken?corpid="+r.p.opts.CorpID+"&corpsecret=AnotherSecret", nil)
	require.Equal(t, 40001, code(out), "a disabled app gets no token")
}

func TestWrongSecretsBlockTheIPForAnHour(t *testing.T) {
	r := newRig(t, func(o *Options) { o.WrongSecretLimit = 3 })
	try := func(secret string) int {
		_, out := r.do(http.MethodGet, "/cgi-bin/gettoken?corpid="+r.p.opts.CorpID+"&corpsecret="+secret, nil)
		return code(out)
	}
	for range 3 {
		require.Equal(t, 40001, try("bad"))
	}
	require.Equal(t, 45009, try(r.p.opts.Apps[0].Secret))
	r.advance("61m")
	require.Equal(t, 0, try(r.p.opts.Apps[0].Secret))
}

func TestRightsOfTheContactSecret(t *testing.T) {
	r := newRig(t)
	sync := r.tokenOf(r.p.opts.Contacts.Secret)
	for path, want := range map[string]int{
		"user/get?userid=zhaoliu":         48009,
		"user/list?department_id=3":       48009,
		"user/simplelist?department_id=3": 48009,
		"department/list":                 48009,
		"department/get?id=3":             48009,
		"department/simplelist":           0,
		"agent/get?agentid=1000002":       48002,
		"getcallbackip":                   0,
	} {
		require.Equal(t, want, code(r.apiAs(sync, http.MethodGet, path, nil)), path)
	}
	require.Equal(t, 48002, code(r.apiAs(sync, http.MethodPost, "message/send", text("zhaoliu", "x"))))
	require.Equal(t, 48002, code(r.post("user/list_id", object{"cursor": "", "limit": 10})), "an app may not call list_id")

	seen, cursor, pages := map[string]bool{}, "", 0
	for {
		out := r.apiAs(sync, http.MethodPost, "user/list_id", object{"cursor": cursor, "limit": 10})
		require.Equal(t, 0, code(out))
		for _, row := range out["dept_user"].([]any) {
			require.Len(t, row, 2, "ids only")
			seen[row.(object)["userid"].(string)] = true
		}
		pages++
		if cursor = out["next_cursor"].(string); cursor == "" {
			break
		}
	}
	require.Len(t, seen, 33)
	require.Equal(t, 4, pages)
	require.Equal(t, 60268, code(r.apiAs(sync, http.MethodPost, "user/list_id", object{"cursor": "junk", "limit": 10})))
}

func TestFrequencyLimits(t *testing.T) {
	r := newRig(t)
	token := r.token()
	call := func() int {
		return code(r.apiAs(token, http.MethodPost, "oa/getapprovaldetail", object{"sp_no": "x"}))
	}
	for range 600 {
		require.Equal(t, 301025, call())
	}
	require.Equal(t, 45009, call())
	r.advance("59s")
	require.Equal(t, 45009, call(), "a minute limit blocks for 60 s")
	r.advance("1s")
	require.Equal(t, 301025, call())
	for range 100 {
		require.Equal(t, 0, code(r.apiAs(token, http.MethodGet, "ticket/get?type=agent_config", nil)))
	}
	require.Equal(t, 45009, code(r.apiAs(token, http.MethodGet, "ticket/get?type=agent_config", nil)))
	require.Equal(t, 91040, code(r.apiAs(token, http.MethodGet, "ticket/get?type=x", nil)))
}

func TestRequestsThatCannotBe(t *testing.T) {
	r := newRig(t)
	status, _ := func() (int, error) {
		resp, err := http.Get(r.url + "/cgi-bin/no/such")
		require.NoError(t, err)
		defer resp.Body.Close()
		return resp.StatusCode, nil
	}()
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, 40058, code(r.api(http.MethodGet, "message/send", nil)), "GET on a POST interface")
	require.Equal(t, 40058, code(r.post("message/send", "{")))
	require.Equal(t, 40058, code(r.post("message/send", `{"agentid":"1000002"}`)), "wrong type")
	require.Equal(t, 40206, code(r.post("message/send", `{"x":"`+strings.Repeat("a", jsonLimit)+`"}`)))
}

func TestFaults(t *testing.T) {
	r := newRig(t)
	token := r.token()
	ip := func() int { return code(r.apiAs(token, http.MethodGet, "getcallbackip", nil)) }

	r.control(http.MethodPost, "/faults", object{"api": "/cgi-bin/getcallbackip", "errcode": 60020, "times": 2})
	require.Equal(t, 60020, ip())
	require.Len(t, r.control(http.MethodGet, "/faults", nil)["faults"], 1)
	require.Equal(t, 60020, ip())
	require.Equal(t, 0, ip())
	require.Empty(t, r.control(http.MethodGet, "/faults", nil)["faults"])

	r.control(http.MethodPost, "/faults", object{"api": "*", "http": 502})
	resp, err := http.Get(r.url + "/cgi-bin/getcallbackip?access_token=" + token)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 502, resp.StatusCode)

	started := time.Now()
	r.control(http.MethodPost, "/faults", object{"api": "getcallbackip", "delay": "30ms"})
	require.Equal(t, 0, ip())
	require.GreaterOrEqual(t, time.Since(started), 30*time.Millisecond)

	r.control(http.MethodPost, "/faults", object{"api": "message/send", "drop": true})
	_, err = http.Post(r.url+"/cgi-bin/message/send?access_token="+token, "application/json",
		strings.NewReader(`{"touser":"zhaoliu","msgtype":"text","agentid":1000002,"text":{"content":"到了"}}`))
	require.Error(t, err, "the answer is lost")
	require.Equal(t, "到了", r.last("zhaoliu")["text"], "but the message went out")

	r.control(http.MethodPost, "/faults", object{"api": "message/send", "drop": "request"})
	_, err = http.Post(r.url+"/cgi-bin/message/send?access_token="+token, "application/json",
		strings.NewReader(`{"touser":"zhaoliu","msgtype":"text","agentid":1000002,"text":{"content":"没到"}}`))
	require.Error(t, err)
	require.Equal(t, "到了", r.last("zhaoliu")["text"])

	r.control(http.MethodPost, "/faults", object{"api": "*", "errcode": -1, "times": -1})
	require.Equal(t, -1, ip())
	require.Equal(t, -1, ip())
	r.control(http.MethodDelete, "/faults", nil)
	require.Equal(t, 0, ip())

	for field, body := range map[string]object{
		"api":     {"errcode": 1},
		"times":   {"api": "*", "errcode": 1, "times": 0},
		"http":    {"api": "*", "http": 200},
		"delay":   {"api": "*", "delay": "soon"},
		"drop":    {"api": "*", "drop": "maybe"},
		"errcode": {"api": "*"},
	} {
		r.refused("/faults", body, field)
	}
	r.refused("/faults", object{"api": "message/sned", "errcode": 1}, "api")
}
