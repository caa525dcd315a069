package wecom

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	sdkcontext "github.com/silenceper/wechat/v2/work/context"
	sdkoauth "github.com/silenceper/wechat/v2/work/oauth"
)

const (
	maxState    = 128 // bytes, letters and digits only (84025)
	maxOAuthRef = 512 // bytes of a code or user ticket
)

// Scope is how much an OAuth authorisation tells.
type Scope string

// ScopeBase is silent and tells the userid; ScopePrivate asks the member and allows IdentityDetail.
const (
	ScopeBase    Scope = "snsapi_base"
	ScopePrivate Scope = "snsapi_privateinfo"
)

// AuthorizeURL is where a page inside WeCom sends the member to prove who he is [91335]. He comes back to redirect
// with code and state; the caller must compare the state, which the SDK's URL builder would fix to a constant.
// The host of redirect must be a trusted domain of the app. With a base URL that is not WeCom's own, such as a
// sandbox's or a proxy's, the page is that server's.
func (c *Client) AuthorizeURL(redirect, state string, scope Scope) (string, error) {
	if err := checkRedirect(redirect, state); err != nil {
		return "", err
	}
	server := "https://open.weixin.qq.com"
	if c.cfg.BaseURL != DefaultBaseURL {
		server = origin(c.cfg.BaseURL)
	}
	return server + "/connect/oauth2/authorize?appid=" + url.QueryEscape(c.cfg.CorpID) +
		"&redirect_uri=" + url.QueryEscape(redirect) + "&response_type=code&scope=" + url.QueryEscape(string(scope)) +
		"&state=" + state + "&agentid=" + strconv.FormatInt(c.cfg.AgentID, 10) + "#wechat_redirect", nil
}

// origin is the scheme and host of a URL that New has checked.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// LoginURL is the page with the QR code for desktop browsers outside WeCom [98151].
func (c *Client) LoginURL(redirect, state string) (string, error) {
	if err := checkRedirect(redirect, state); err != nil {
		return "", err
	}
	return "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=" + url.QueryEscape(c.cfg.CorpID) +
		"&agentid=" + strconv.FormatInt(c.cfg.AgentID, 10) + "&redirect_uri=" + url.QueryEscape(redirect) +
		"&state=" + state + "&lang=zh", nil
}

func checkRedirect(redirect, state string) error {
	var k checks
	k.url("redirect_uri", redirect)
	k.need("state", state, maxState)
	k.alphanumeric("state", state)
	if k.err != nil {
		return fmt.Errorf("OAuth URL: %w", k.err)
	}
	return nil
}

// Identity is who authorised. Strangers have no UserID.
type Identity struct {
	UserID         string
	Ticket         string // for IdentityDetail, 1800 s; ScopePrivate only
	OpenID         string // strangers
	ExternalUserID string // customers
}

// Identity exchanges a code, which works once and for five minutes (auth/getuserinfo [91023]).
func (c *Client) Identity(ctx context.Context, code string) (Identity, error) {
	var k checks
	k.need("code", code, maxOAuthRef)
	if k.err != nil {
		return Identity{}, fmt.Errorf("exchange OAuth code: %w", k.err)
	}
	var id Identity
	err := c.viaSDK(ctx, "auth/getuserinfo", func(sdk *sdkcontext.Context) error {
		got, err := sdkoauth.NewOauth(sdk).GetUserInfo(url.QueryEscape(code))
		if err != nil {
			return err
		}
		id = Identity{UserID: got.UserID, Ticket: got.UserTicket, OpenID: got.OpenID, ExternalUserID: got.ExternalUserID}
		return nil
	})
	return id, err
}

// Detail is what a member consented to tell; a field is empty unless the administrator selected it for the app.
type Detail struct {
	UserID, Gender, Avatar, QRCode, Mobile, Email, BizMail, Address string
}

// IdentityDetail exchanges Identity.Ticket (auth/getuserdetail [95833]).
func (c *Client) IdentityDetail(ctx context.Context, ticket string) (Detail, error) {
	var k checks
	k.need("user_ticket", ticket, maxOAuthRef)
	if k.err != nil {
		return Detail{}, fmt.Errorf("read identity detail: %w", k.err)
	}
	var d Detail
	err := c.viaSDK(ctx, "auth/getuserdetail", func(sdk *sdkcontext.Context) error {
		got, err := sdkoauth.NewOauth(sdk).GetUserDetail(&sdkoauth.GetUserDetailRequest{UserTicket: ticket})
		if err != nil {
			return err
		}
		d = Detail{
			UserID: got.UserID, Gender: got.Gender, Avatar: got.Avatar, QRCode: got.QrCode,
			Mobile: got.Mobile, Email: got.Email, BizMail: got.BizMail, Address: got.Address,
		}
		return nil
	})
	return d, err
}
