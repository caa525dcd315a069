package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"guiju/app"
)

func newAudit() *cobra.Command {
	return parent("audit", "审计记录", &cobra.Command{
		Use:   "verify",
		Short: "校验审计链：是否有记录被改动或删除",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				s, err := ad.DB().VerifyAudit(ctx)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "已封存 %d 条，待封存 %d 条，已封存 %d 天。\n", s.Sealed, s.Unsealed, s.Days)
				if s.Broken != 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "审计链在第 %d 条断开：%s\n", s.Broken, s.Reason)
					return errTold
				}
				fmt.Fprintln(cmd.OutOrStdout(), "审计链完整。")
				return nil
			})
		},
	})
}
