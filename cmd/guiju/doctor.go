package main

import (
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"guiju/app/doctor"
)

func newDoctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "联网诊断：每一项问题都写明打开哪一页、怎么处理",
		Long: `按 config.yaml 真实地检查数据库、Redis、企业微信的凭证、应用、可信 IP、回调和时钟。
有一项不通过时退出码为 1。详见 guiju help doctor。`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := load(configPath(cmd))
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if !doctor.Print(cmd.OutOrStdout(), doctor.Run(ctx, doctor.Surroundings{Config: cfg})) {
				return errTold
			}
			fmt.Fprintln(cmd.OutOrStdout(), "全部正常。")
			return nil
		},
	}
}
