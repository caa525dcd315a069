package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/wecom"
)

func newMenu() *cobra.Command { return parent("menu", "应用菜单", newMenuPush()) }

func newMenuPush() *cobra.Command {
	var name string
	var dry bool
	cmd := &cobra.Command{
		Use:   "push",
		Short: "把菜单设置到企业微信的应用里",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := load(configPath(cmd))
			if err != nil {
				return err
			}
			var names []string
			for _, a := range cfg.WeCom.Apps {
				if name == "" || a.Name == name {
					names = append(names, a.Name)
				}
			}
			if len(names) == 0 {
				return usageError{fmt.Errorf("--app：config.yaml 里没有名为 %s 的应用", name)}
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				for _, group := range ad.Menu() {
					fmt.Fprintln(cmd.OutOrStdout(), group.Name)
					for _, entry := range group.SubButtons {
						fmt.Fprintf(cmd.OutOrStdout(), "  %s\n", entry.Name)
					}
				}
				if dry {
					return nil
				}
				for _, n := range names {
					if err := ad.PushMenu(ctx, n); err != nil {
						return fmt.Errorf("设置 %s 的菜单：%w", n, advise(err))
					}
					fmt.Fprintf(cmd.OutOrStdout(), "%s 的菜单已设置，成员重新进入应用后可见。\n", n)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "app", "", "只设置这个应用（默认：全部）")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "只显示，不设置")
	return cmd
}

// advise adds what to do to an error of WeCom's.
func advise(err error) error {
	if r, ok := wecom.RemedyOf(err); ok {
		return fmt.Errorf("%w\n  打开：%s\n  处理：%s", err, r.Page, r.Action)
	}
	return err
}
