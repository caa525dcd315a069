package wecom

import (
	"context"
	"fmt"
	"strings"

	sdkcontext "github.com/silenceper/wechat/v2/work/context"
	"github.com/silenceper/wechat/v2/work/jsapi"
)

// JSConfig is what a page passes to wx.config or wx.agentConfig, with corp id and agent id beside it.
type JSConfig struct {
	Timestamp int64 // seconds
	Nonce     string
	Signature string
}

// JSConfig signs pageURL for wx.config, with the company's ticket [90506].
func (c *Client) JSConfig(ctx context.Context, pageURL string) (JSConfig, error) {
	return c.signJS(ctx, "get_jsapi_ticket", pageURL, (*jsapi.Js).GetConfig)
}

// JSAgentConfig signs pageURL for wx.agentConfig, with the app's ticket [94313].
func (c *Client) JSAgentConfig(ctx context.Context, pageURL string) (JSConfig, error) {
	return c.signJS(ctx, "ticket/get", pageURL, (*jsapi.Js).GetAgentConfig)
}

// signJS lets one call at a time fetch a ticket; the others then find it in the cache.
func (c *Client) signJS(ctx context.Context, api, pageURL string,
	sign func(*jsapi.Js, string) (*jsapi.Config, error)) (JSConfig, error) {
	var k checks
	pageURL, _, _ = strings.Cut(pageURL, "#") // the signed URL ends before the fragment
	k.url("url", pageURL)
	if k.err != nil {
		return JSConfig{}, fmt.Errorf("sign page: %w", k.err)
	}
	select {
	case c.jsTurn <- struct{}{}:
		defer func() { <-c.jsTurn }()
	case <-ctx.Done():
		return JSConfig{}, notSent(api, ctx.Err())
	}
	var out JSConfig
	err := c.viaSDK(ctx, api, func(sdk *sdkcontext.Context) error {
		got, err := sign(jsapi.NewJs(sdk), pageURL)
		if err != nil {
			return err
		}
		out = JSConfig{Timestamp: got.Timestamp, Nonce: got.NonceStr, Signature: got.Signature}
		return nil
	})
	return out, err
}
