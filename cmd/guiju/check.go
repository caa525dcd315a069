package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"guiju/app/rulebook"
)

func newCheck(now func() time.Time) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "检查配置文件和规则文件",
		Long: `检查 config.yaml 和它指定的规则文件，不连接网络和数据库。
有错误时逐条指出位置和改法，退出码为 2；提醒不影响退出码。联网检查用 guiju doctor。`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return check(cmd, now()) },
	}
}

func check(cmd *cobra.Command, now time.Time) error {
	cfg, _, err := load(configPath(cmd))
	if err != nil {
		return err
	}
	book, err := rulebook.Load(cfg.Rulebook)
	if err != nil {
		return usageError{fmt.Errorf("rulebook: %w", err)}
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "配置文件 %s 没有错误。\n", configPath(cmd))
	if cfg.Rulebook == "" {
		fmt.Fprintln(out, "规则：使用内置规范。")
	} else {
		fmt.Fprintf(out, "规则文件 %s 没有错误。\n", cfg.Rulebook)
	}
	if err := cfg.Ready(); err != nil {
		fmt.Fprintf(out, "\n连接企业微信之前还要填写：\n%v\n", err)
	}
	if found := rulebook.Check(book, nil, now); len(found) > 0 {
		fmt.Fprintln(out, "\n提醒：")
		for _, f := range found {
			fmt.Fprintf(out, "  %s\n", f)
		}
	}
	return nil
}
