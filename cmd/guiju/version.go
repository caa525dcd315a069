package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"guiju/app"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "显示版本", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := app.Version()
			fmt.Fprintf(cmd.OutOrStdout(), "guiju %s\n", b.Version)
			if b.Revision != "" {
				changed := ""
				if b.Modified {
					changed = "（有未提交的改动）"
				}
				fmt.Fprintf(cmd.OutOrStdout(), "源码 %s %s%s\n", b.Revision, b.Time, changed)
			}
			fmt.Fprintln(cmd.OutOrStdout(), b.Go)
			return nil
		},
	}
}
