package wecom_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	sdkutil "github.com/silenceper/wechat/v2/util"
	"github.com/stretchr/testify/require"

	"guiju/wecom"
)

// TestTwoCompaniesInOneProcess runs SDK calls of two Clients with different base URLs at once: no request may reach
// the other's platform or carry its token. Run it with -race.
func TestTwoCompaniesInOneProcess(t *testing.T) {
	var wg sync.WaitGroup
	for company := range 2 {
		p := newPlatform(t)
		mine := fmt.Sprintf("COMPANY-%d", company)
		p.answers("gettoken", fmt.Sprintf(`{"errcode":0,"access_token":%q,"expires_in":7200}`, mine))
		p.on("user/get", func(w http.ResponseWriter, r *http.Request) {
			answer(w, fmt.Sprintf(`{"errcode":0,"userid":%q,"name":%q}`, r.URL.Query().Get("userid"), mine))
		})
		c := p.client(wecom.Options{})
		for worker := range 10 {
			wg.Go(func() {
				for i := range 20 {
					id := fmt.Sprintf("%s-%d-%d", mine, worker, i)
					m, err := c.Member(ctx, id)
					if err != nil || m.UserID != id || m.Name != mine {
						t.Errorf("member %s: %+v, %v", id, m, err)
					}
				}
			})
		}
		t.Cleanup(func() {
			for _, call := range p.calls("user/get") {
				require.Equal(t, mine, call.token)
			}
		})
	}
	wg.Wait()
}

func TestSDKCallsShareTheClientsRules(t *testing.T) {
	t.Run("refused token is refreshed once", func(t *testing.T) {
		p := newPlatform(t)
		p.on("user/get", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("access_token") == "TOKEN-0001-flowdesk" {
				answer(w, failure(42001, "access_token expired"))
				return
			}
			answer(w, `{"errcode":0,"userid":"chenyu"}`)
		})
		m, err := p.client(wecom.Options{}).Member(ctx, "chenyu")
		require.NoError(t, err)
		require.Equal(t, "chenyu", m.UserID)
		require.Len(t, p.calls("gettoken"), 2)
	})
	t.Run("errcode keeps its class", func(t *testing.T) {
		p := newPlatform(t)
		p.fails("user/get", 60111, "userid not found")
		_, err := p.client(wecom.Options{}).Member(ctx, "nobody")
		require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
		require.Equal(t, 60111, wecom.CodeOf(err))
	})
	t.Run("the caller's context ends the call", func(t *testing.T) {
		p := newPlatform(t)
		arrived := make(chan struct{})
		p.on("user/get", func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
		})
		impatient, cancel := context.WithCancel(ctx)
		go func() {
			<-arrived
			cancel()
		}()
		_, err := p.client(wecom.Options{}).Member(impatient, "chenyu")
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("the deadline holds without a caller's", func(t *testing.T) {
		p := newPlatform(t)
		p.on("user/get", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c, err := wecom.New(wecom.Config{CorpID: corpID, AgentID: agentID, Secret: secret, BaseURL: p.URL, Timeout: 100 * time.Millisecond}, wecom.Options{})
		require.NoError(t, err)
		_, err = c.Member(ctx, "chenyu")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("nonsense is an error", func(t *testing.T) {
		p := newPlatform(t)
		p.answers("user/get", `{"errcode":0,"department":"none"}`)
		_, err := p.client(wecom.Options{}).Member(ctx, "chenyu")
		require.Equal(t, wecom.Transient, wecom.ClassOf(err))
	})
}

func TestARequestWithoutAnOwnerGoesNowhere(t *testing.T) {
	newPlatform(t).client(wecom.Options{}) // installs the transport
	_, err := sdkutil.HTTPGet("https://qyapi.weixin.qq.com/cgi-bin/user/get?access_token=stolen")
	require.ErrorContains(t, err, "without an owner")
}

func TestJSSignature(t *testing.T) {
	p, clk := newPlatform(t), newClock()
	const ticket = "HoagFKDcsGMVCIY2vOjf9flowdeskTicket001"
	p.answers("get_jsapi_ticket", `{"errcode":0,"errmsg":"ok","ticket":"`+ticket+`","expires_in":7200}`)
	p.answers("ticket/get", `{"errcode":0,"errmsg":"ok","ticket":"AgentTicket","expires_in":7200}`)
	c := p.client(wecom.Options{Now: clk.Now})

	// The algorithm against the published vector [90506].
	require.Equal(t, "afdb25e5130eccfac87c2bb5cc0e772390df5c40", sdkutil.Signature(
		"jsapi_ticket="+ticket+"&noncestr=k3Nf0Zq8&timestamp=1772413200&url=https://flow.example.com/m/task?id=42"))

	check := func(got wecom.JSConfig, ticket string) {
		require.Len(t, got.Nonce, 16)
		require.Equal(t, sdkutil.Signature(fmt.Sprintf("jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=https://flow.example.com/m/task?id=42",
			ticket, got.Nonce, got.Timestamp)), got.Signature)
	}
	for range 5 {
		got, err := c.JSConfig(ctx, "https://flow.example.com/m/task?id=42#top")
		require.NoError(t, err)
		check(got, ticket)
		got, err = c.JSAgentConfig(ctx, "https://flow.example.com/m/task?id=42")
		require.NoError(t, err)
		check(got, "AgentTicket")
	}
	require.Len(t, p.calls("get_jsapi_ticket"), 1, "tickets are cached: 400 an hour")
	require.Len(t, p.calls("ticket/get"), 1, "100 an hour")
	require.Equal(t, []string{"agent_config"}, p.calls("ticket/get")[0].query["type"])

	clk.advance(2 * time.Hour)
	everybody(t, 20, func() error { _, err := c.JSConfig(ctx, "https://flow.example.com/"); return err })
	require.Len(t, p.calls("get_jsapi_ticket"), 2, "a crowd fetches one ticket")

	p.fails("ticket/get", 48002, "api forbidden")
	_, err := c.JSAgentConfig(ctx, "https://flow.example.com/")
	require.Equal(t, wecom.Misconfigured, wecom.ClassOf(err), "the SDK loses this errcode, the bridge keeps it")
	_, err = c.JSConfig(ctx, "flow.example.com")
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))
}

func TestOAuth(t *testing.T) {
	p := newPlatform(t)
	c := p.client(wecom.Options{})
	own, err := wecom.New(wecom.Config{CorpID: corpID, AgentID: agentID, Secret: secret}, wecom.Options{})
	require.NoError(t, err)
	got, err := own.AuthorizeURL("https://flow.example.com/wecom/cb", "k3Nf0Zq8", wecom.ScopeBase)
	require.NoError(t, err)
	require.Equal(t, "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww5a1c0ffee0de4242&redirect_uri=https%3A%2F%2Fflow.example.com%2Fwecom%2Fcb&response_type=code&scope=snsapi_base&state=k3Nf0Zq8&agentid=1000007#wechat_redirect", got)
	got, err = c.AuthorizeURL("https://flow.example.com/wecom/cb", "k3Nf0Zq8", wecom.ScopeBase)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(got, p.URL+"/connect/oauth2/authorize?appid="), "a server that is not WeCom's asks who it is itself: %s", got)
	got, err = c.LoginURL("https://flow.example.com/wecom/web-cb", "k3Nf0Zq8")
	require.NoError(t, err)
	require.Equal(t, "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=ww5a1c0ffee0de4242&agentid=1000007&redirect_uri=https%3A%2F%2Fflow.example.com%2Fwecom%2Fweb-cb&state=k3Nf0Zq8&lang=zh", got)
	for _, state := range []string{"", "a-b", "状态"} {
		_, err = c.AuthorizeURL("https://flow.example.com/", state, wecom.ScopeBase)
		require.Error(t, err, state)
	}

	p.answers("auth/getuserinfo", `{"errcode":0,"errmsg":"ok","userid":"chenyu","user_ticket":"ut_FLOW_0001"}`)
	id, err := c.Identity(ctx, "code/with+odd&signs")
	require.NoError(t, err)
	require.Equal(t, wecom.Identity{UserID: "chenyu", Ticket: "ut_FLOW_0001"}, id)
	require.Equal(t, []string{"code/with+odd&signs"}, p.calls("auth/getuserinfo")[0].query["code"])

	p.answers("auth/getuserinfo", `{"errcode":0,"errmsg":"ok","openid":"oFlowGuest00000001","external_userid":"wmFlowCust000001"}`)
	id, err = c.Identity(ctx, "c2")
	require.NoError(t, err)
	require.Equal(t, wecom.Identity{OpenID: "oFlowGuest00000001", ExternalUserID: "wmFlowCust000001"}, id)

	p.fails("auth/getuserinfo", 40029, "invalid code")
	_, err = c.Identity(ctx, "used")
	require.Equal(t, wecom.Permanent, wecom.ClassOf(err))

	p.answers("auth/getuserdetail", `{"errcode":0,"errmsg":"ok","userid":"chenyu","gender":"1","avatar":"https://wework.qpic.cn/a/0","qr_code":"https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=vcflow01","mobile":"13800138042","email":"chenyu@example.com","biz_mail":"chenyu@corp.example.com","address":"深圳市南山区"}`)
	d, err := c.IdentityDetail(ctx, "ut_FLOW_0001")
	require.NoError(t, err)
	require.Equal(t, wecom.Detail{UserID: "chenyu", Gender: "1", Avatar: "https://wework.qpic.cn/a/0",
		QRCode: "https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=vcflow01", Mobile: "13800138042",
		Email: "chenyu@example.com", BizMail: "chenyu@corp.example.com", Address: "深圳市南山区"}, d)
	require.JSONEq(t, `{"user_ticket":"ut_FLOW_0001"}`, p.calls("auth/getuserdetail")[0].body)
}

// TestEnvelopeVectors opens and seals the published and our own callback vectors with the SDK's crypto: an oracle
// that shares no code with package callback.
func TestEnvelopeVectors(t *testing.T) {
	const (
		publicKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
		publicID  = "wx5823bf96d3bd56c7"
		ownKey    = "Q7mZ2vXk9TjRwLbN4eHsYdPcGfUa1oKi8rVtBx0zMnE"
		ownID     = "wwfixture00000001"
	)
	const a1 = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
	random, msg, err := sdkutil.DecryptMsg(publicID, a1, publicKey)
	require.NoError(t, err)
	require.Equal(t, "c41b64491c2468d0", string(random))
	require.Equal(t, "1616140317555161061", string(msg))
	require.Equal(t, "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", sdkutil.Signature("QDG6eK", "1409659589", "263014780", a1))

	const a2 = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
	random, msg, err = sdkutil.DecryptMsg(publicID, a2, publicKey)
	require.NoError(t, err)
	require.Equal(t, "0960688932c47ef1", string(random))
	require.Len(t, msg, 284)
	require.Contains(t, string(msg), "<Content><![CDATA[hello]]></Content>")
	require.Equal(t, "477715d11cdb4164915debcba66cb864d751f3e6", sdkutil.Signature("QDG6eK", "1409659813", "1372623149", a2))

	for name, c := range map[string]struct{ random, msg, sealed, timestamp, nonce, signature string }{
		"E1": {"0123456789abcdef", "5189364072215543870",
			"ZpIWKqNwR3LWBKeHMbGpZS6t8XJd9ykTAc5T5O1dMgFfaTquTmKrqHI5To9LCfytHL9etkvfEBXv50GOgXhuoQ==",
			"1767225600", "1029384756", "4460daa62e9fa9a542a48eb17a4ff16dc6a2ed49"},
		"E2 markup and Chinese": {"fedcba9876543210",
			"<xml><ToUserName><![CDATA[wwfixture00000001]]></ToUserName><FromUserName><![CDATA[chenmo]]></FromUserName><CreateTime>1767225601</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好, A&B <ok>]]></Content><MsgId>7302915640082374650</MsgId><AgentID>1000042</AgentID></xml>",
			"HhCG2KoXosKQHdmhxcd7/mCjawBdbgxVs0iSaZJzspu1tAzfoIDEqQsUn00uJ1MGB7EwjFnBpSC4fQfMrYJSI4nPB5lvUeoS3lz1euLTtuhQWtGOUbeGfKFAeh6bH0qLcth0TMdIXR/EVTXtnLwqLkIbm+Jyp0G7JEfEuLIZ1xlSpM3+lOlxnrOjsKZReeNDW2iJ30i4Es8c7y1RfPfM9w6BWtpm64/aALSR8W4rz//6VRAS1zTTyekp3ZvTrLFHxt3OXpiGVX4sJfGRjWV7czdAR0MFxk4H1rXzdT6jN+D/SgjPAS+yB8xLYSGDJd1ErwLEjXxKjP+krCNgMg9vayIWFeyqrtd9cd9GmkAaDgvU0yOEcMDyAnUfHdXTLfrZlCe8W5vRUVPX6ABeeFUEcBOm/hP6eAB+iOyRv26WvA/B+a+LU+wH83WADDmp7Wnh3ccu3AG+ndfgH1zDTBDsuA==",
			"1767225601", "564738291", "b26d9ff84e0a9d7d7d4404f9848b6067f9df9cb0"},
		"E3 pads a whole block": {"AAAABBBBCCCCDDDD", "xxxxxxxxxxxxxxxxxxxxxxxxxxx",
			"FjuhPjM6MKJ2NSPfXlWnGCubAsCppOQmZwSSQFphCQAKH+NiOpn6L4dUHzPhYSVaqxLPhMJz+TKXd11tbBBlV85aRkuyW3aXdRfix9pofbyeaSfqd/tVAtBY5EQmyh/A",
			"1767225602", "1", "7850f34ae552e64dd75c4bc7aa6a45301badc811"},
	} {
		sealed, err := sdkutil.EncryptMsg([]byte(c.random), []byte(c.msg), ownID, ownKey)
		require.NoError(t, err, name)
		require.Equal(t, c.sealed, string(sealed), name)
		require.Equal(t, c.signature, sdkutil.Signature("FixtureToken01", c.timestamp, c.nonce, c.sealed), name)
		_, msg, err := sdkutil.DecryptMsg(ownID, c.sealed, ownKey)
		require.NoError(t, err, name)
		require.Equal(t, c.msg, string(msg), name)
	}
	_, _, err = sdkutil.DecryptMsg("another corp", a1, publicKey)
	require.Error(t, err)
	_, _, err = sdkutil.DecryptMsg(publicID, a1, ownKey)
	require.Error(t, err)
}
