package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"guiju/app/manual"
)

func newHelp() *cobra.Command {
	var english bool
	cmd := &cobra.Command{
		Use:     "help [主题或命令]",
		Short:   "显示手册的一个主题，或一个命令的用法",
		Example: "  guiju help doctor\n  guiju help jobs retry",
		RunE: func(cmd *cobra.Command, args []string) error {
			language := manual.Chinese
			if english {
				language = manual.English
			}
			return help(cmd, language, args)
		},
	}
	cmd.Flags().BoolVar(&english, "en", false, "in English")
	return cmd
}

// help prints a topic of the manual, else the usage of a command, else the list
// of both.
func help(cmd *cobra.Command, l manual.Language, args []string) error {
	out, root := cmd.OutOrStdout(), cmd.Root()
	if len(args) == 0 {
		if err := root.Help(); err != nil {
			return err
		}
		topics, err := manual.Topics(l)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "\n手册（guiju help <主题>，加 --en 为英文）：")
		lines := make([][]string, 0, len(topics))
		for _, t := range topics {
			lines = append(lines, []string{"  " + t.Name, t.Title})
		}
		return table(out, lines)
	}
	if len(args) == 1 {
		t, ok, err := manual.Find(l, args[0])
		if err != nil {
			return err
		}
		if ok {
			fmt.Fprint(out, t.Text)
			if found, _, err := root.Find(args); err == nil && found != root {
				fmt.Fprintf(out, "\n命令的用法：guiju %s --help\n", args[0])
			}
			return nil
		}
	}
	found, rest, err := root.Find(args)
	if err != nil || found == root || len(rest) > 0 {
		return usageError{fmt.Errorf("没有 %q 这个主题或命令，可用的见 guiju help", args[len(args)-1])}
	}
	return found.Help()
}
