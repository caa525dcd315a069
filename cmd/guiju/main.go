// Command guiju is the whole product: the service, the sandbox and the tools of
// an administrator. Each subcommand has its own file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes, part of the outside contract.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // wrong usage or configuration
)

func main() {
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and answers its exit code.
func execute(ctx context.Context, args []string, out, errOut io.Writer) int {
	started := false
	root := newRoot()
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errTold) {
		fmt.Fprintln(errOut, "guiju:", err)
	}
	if !started || isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

// newRoot lists every command.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "guiju",
		Short: "规矩：企业微信上的工作规范助手",
		Long: `规矩是一个企业微信自建应用的后端：把公司的沟通、审批和任务规范变成应用里的提问、时限和提醒。

没有企业微信也能试用：guiju sandbox`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringP("config", "c", defaultConfig, "配置文件")
	root.PersistentFlags().BoolP("help", "h", false, "显示帮助")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetUsageTemplate(usageTemplate)
	root.AddCommand(
		newServe(),
		newSandbox(),
		newCheck(time.Now),
		newDoctor(),
		newMigrate(),
		newExplain(time.Now),
		newRulebook(),
		newMembers(),
		newJobs(),
		newEvents(),
		newAudit(),
		newMenu(),
		newVersion(),
	)
	root.SetHelpCommand(newHelp())
	plainUsage(root)
	return root
}

// plainUsage keeps cobra's English words out of the usage: [flags], (default …).
func plainUsage(cmd *cobra.Command) {
	cmd.DisableFlagsInUseLine = true
	plain := func(f *pflag.Flag) {
		if none := zero[f.Value.Type()]; f.DefValue != none {
			if !strings.Contains(f.Usage, "默认") {
				f.Usage += "（默认：" + f.DefValue + "）"
			}
			f.DefValue = none // only printed
		}
	}
	cmd.Flags().VisitAll(plain)
	cmd.PersistentFlags().VisitAll(plain)
	for _, child := range cmd.Commands() {
		plainUsage(child)
	}
}

// wants accepts from least to most arguments; most 0 means any number.
func wants(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("少写了参数。用法：%s", cmd.UseLine())
		case most > 0 && len(args) > most:
			return fmt.Errorf("多写了参数 %q。用法：%s", args[most], cmd.UseLine())
		}
		return nil
	}
}

// zero is how pflag prints a flag that has no default, by its type.
var zero = map[string]string{"string": "", "bool": "false", "int": "0", "int64": "0", "duration": "0s"}

const usageTemplate = `用法：
  {{if .HasAvailableSubCommands}}{{.CommandPath}} <命令>{{else}}{{.UseLine}}{{if .HasAvailableFlags}} [参数]{{end}}{{end}}
{{- if .HasExample}}

示例：
{{.Example}}{{end}}
{{- if .HasAvailableSubCommands}}

命令：{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

参数：
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{- if .HasAvailableInheritedFlags}}

通用参数：
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{- if .HasAvailableSubCommands}}

某个命令的用法：{{.CommandPath}} <命令> --help{{end}}
`

// errTold is a failure whose reason has been printed already.
var errTold = errors.New("failed")
