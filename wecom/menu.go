package wecom

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"guiju/wecom/internal/wire"
)

// Limits of the menu [90231].
const (
	maxMenuButtons = 3
	maxMenuSub     = 5
	maxMenuTopName = 16 // bytes, 40018
	maxMenuSubName = 40 // bytes, 40025
	maxMenuKey     = 128
	maxMenuURL     = 1024
	codeNoMenu     = 46003
)

// MenuButton is an entry of the app's menu: either a leaf with a Type, or a name over 1 to 5 SubButtons.
type MenuButton struct {
	Type       MenuType     `json:"type,omitempty"`
	Name       string       `json:"name"` // ≤ 16 bytes at the top, ≤ 40 below
	Key        string       `json:"key,omitempty"`
	URL        string       `json:"url,omitempty"`
	PagePath   string       `json:"pagepath,omitempty"`
	AppID      string       `json:"appid,omitempty"`
	SubButtons []MenuButton `json:"sub_button,omitempty"`
}

// MenuType says what a menu entry does. All but MenuView and MenuMiniProgram need a Key, which comes back in an event.
type MenuType string

// The entry types [90231].
const (
	MenuClick        MenuType = "click"
	MenuView         MenuType = "view"
	MenuScan         MenuType = "scancode_push"
	MenuScanAndWait  MenuType = "scancode_waitmsg"
	MenuCamera       MenuType = "pic_sysphoto"
	MenuCameraOrPick MenuType = "pic_photo_or_album"
	MenuPick         MenuType = "pic_weixin"
	MenuLocation     MenuType = "location_select"
	MenuMiniProgram  MenuType = "view_miniprogram"
)

// CreateMenu replaces the app's menu (menu/create).
func (c *Client) CreateMenu(ctx context.Context, buttons []MenuButton) error {
	var k checks
	if n := len(buttons); n < 1 || n > maxMenuButtons {
		k.refuse("button", "has %d entries, allowed are 1 to %d", n, maxMenuButtons)
	}
	for i, b := range buttons {
		k.menuButton(fmt.Sprintf("button[%d]", i), b, maxMenuTopName)
	}
	if k.err != nil {
		return fmt.Errorf("create menu: %w", k.err)
	}
	body, err := wire.JSON(map[string]any{"button": buttons})
	if err != nil {
		return fmt.Errorf("create menu: %w", err)
	}
	r := post("menu/create", body)
	r.query = c.agentQuery()
	return c.call(ctx, r, nil)
}

func (k *checks) menuButton(at string, b MenuButton, maxName int) {
	k.need(at+".name", b.Name, maxName)
	if wire.Clean(b.Name) != b.Name || strings.Contains(b.Name, "\n") {
		k.refuse(at+".name", "holds control characters")
	}
	if len(b.SubButtons) > 0 {
		k.menuParent(at, b, maxName)
		return
	}
	switch b.Type {
	case MenuView:
		k.url(at+".url", b.URL)
		if len(b.URL) > maxMenuURL {
			k.refuse(at+".url", "has %d bytes, the limit is %d", len(b.URL), maxMenuURL)
		}
	case MenuMiniProgram:
		k.need(at+".appid", b.AppID, maxMenuKey)
		k.need(at+".pagepath", b.PagePath, maxMenuURL)
	case MenuClick, MenuScan, MenuScanAndWait, MenuCamera, MenuCameraOrPick, MenuPick, MenuLocation:
		k.need(at+".key", b.Key, maxMenuKey)
	default:
		k.refuse(at+".type", "%q is unknown", b.Type)
	}
}

func (k *checks) menuParent(at string, b MenuButton, maxName int) {
	switch {
	case maxName == maxMenuSubName:
		k.refuse(at+".sub_button", "a menu has two levels")
		return
	case b.Type != "":
		k.refuse(at+".type", "an entry with sub_button has no type")
	}
	k.atMost(at+".sub_button", len(b.SubButtons), maxMenuSub)
	for i, sub := range b.SubButtons {
		k.menuButton(fmt.Sprintf("%s.sub_button[%d]", at, i), sub, maxMenuSubName)
	}
}

// Menu returns the app's menu, empty when none is set (menu/get).
func (c *Client) Menu(ctx context.Context) ([]MenuButton, error) {
	var got struct {
		Button []MenuButton `json:"button"`
	}
	err := c.call(ctx, get("menu/get", c.agentQuery()), &got)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == codeNoMenu {
		return nil, nil
	}
	return got.Button, err
}

// DeleteMenu removes the app's menu (menu/delete).
func (c *Client) DeleteMenu(ctx context.Context) error {
	return c.call(ctx, get("menu/delete", c.agentQuery()), nil)
}

func (c *Client) agentQuery() url.Values {
	return url.Values{"agentid": {strconv.FormatInt(c.cfg.AgentID, 10)}}
}
