package app

import (
	"context"
	"fmt"
	"slices"

	"guiju/app/chat"
	"guiju/wecom"
)

// menuGroups are the three groups of the app's menu and the commands in them.
// WeCom allows three groups of five [90231].
var menuGroups = []struct {
	name     string
	commands []string
}{
	{"发起", []string{"请假", "报销", "申请", "咨询", "发通知"}},
	{"处理", []string{"我的审批", "我的待办", "回复", "催办", "完成"}},
	{"查询", []string{"追溯", "代理", "我的权限", "我的职责", "帮助"}},
}

// menu builds the menu from the commands that are registered: the key of each
// entry is the command line it stands for. Commands of parts that are not there
// are left out.
func menu(commands []chat.Command) []wecom.MenuButton {
	var groups []wecom.MenuButton
	for _, g := range menuGroups {
		group := wecom.MenuButton{Name: g.name}
		for _, name := range g.commands {
			if slices.ContainsFunc(commands, func(c chat.Command) bool { return c.Name == name && !c.Hidden }) {
				group.SubButtons = append(group.SubButtons, wecom.MenuButton{Type: wecom.MenuClick, Name: name, Key: name})
			}
		}
		if len(group.SubButtons) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// Menu is the menu of every app.
func (a *App) Menu() []wecom.MenuButton { return menu(a.chat.Commands()) }

// PushMenus sets the menu of every app at WeCom.
func (a *App) PushMenus(ctx context.Context) error {
	for _, app := range a.cfg.WeCom.Apps {
		if err := a.clients[app.Name].CreateMenu(ctx, a.Menu()); err != nil {
			return fmt.Errorf("menu of %s: %w", app.Name, err)
		}
	}
	return nil
}

// Menu is what PushMenu sets.
func (ad *Admin) Menu() []wecom.MenuButton { return ad.a.Menu() }

// PushMenu replaces the menu of an app.
func (ad *Admin) PushMenu(ctx context.Context, app string) error {
	client, err := ad.Client(app)
	if err != nil {
		return err
	}
	return client.CreateMenu(ctx, ad.Menu())
}
