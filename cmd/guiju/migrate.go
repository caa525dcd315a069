package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"guiju/app"
)

func newMigrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "建立或升级数据库的表",
		Long:  `把数据库升级到本程序需要的版本。可以重复运行；store.migrate 为 manual 时，升级程序后先运行它再启动服务。`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, log, err := load(configPath(cmd))
			if err != nil {
				return err
			}
			applied, err := app.Migrate(cmd.Context(), cfg, app.Options{Logger: log})
			if err != nil {
				return fmt.Errorf("升级数据库：%w", err)
			}
			if len(applied) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "数据库已是最新，不需要升级。")
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "数据库已升级，执行了 %d 步：%v。\n", len(applied), applied)
			return nil
		},
	}
}
