package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/app/approval"
	"guiju/app/config"
	"guiju/app/rulebook"
)

func newCheck(now func() time.Time) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "检查配置文件和规则文件",
		Long: `检查 config.yaml 和它指定的规则文件，不连接网络。数据库能打开时，还为通讯录里的
每个部门和成员核对各审批流程由谁处理，列出找不到人或由别人代为处理的节点。
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
	checkApprovers(cmd.Context(), out, cfg, book)
	return nil
}

// checkTime bounds what check asks of the database.
const checkTime = 2 * time.Minute

// checkApprovers lists the nodes of approval processes that some applicants
// would find nobody at. What the database does not answer is said, not a failure.
func checkApprovers(ctx context.Context, out io.Writer, cfg config.Config, book *rulebook.Book) {
	if cfg.Store.Driver == "sqlite" {
		if _, err := os.Stat(cfg.Store.DSN.Reveal()); err != nil {
			fmt.Fprintln(out, "\n数据库还没有建立，没有核对审批人；首次启动并同步通讯录后再检查一次。")
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	gaps, err := approvalGaps(ctx, cfg, book)
	if err != nil {
		fmt.Fprintf(out, "\n没有核对审批人，数据库不能读取：%v\n", err)
		return
	}
	fmt.Fprintln(out)
	tellApprovers(out, gaps)
}

// tellApprovers lists the approvers who cannot be found or are stood in for, and
// says whether a case would stop at one.
func tellApprovers(out io.Writer, gaps approval.Gaps) (stops bool) {
	if len(gaps.Found) == 0 {
		fmt.Fprintf(out, "审批人：为 %d 位成员核对了各审批流程，每个节点都有人处理。\n", gaps.Members)
		return false
	}
	fmt.Fprintf(out, "审批人：为 %d 位成员核对了各审批流程，以下节点找不到人，或由别人代为处理：\n", gaps.Members)
	for _, gap := range gaps.Found {
		fmt.Fprintf(out, "  %s\n", gap)
		stops = stops || gap.Nobody
	}
	if gaps.More > 0 {
		fmt.Fprintf(out, "  ……另有 %d 处\n", gaps.More)
	}
	if gaps.Cut {
		fmt.Fprintln(out, "  部门太多，只核对了前一部分。")
	}
	return stops
}

func approvalGaps(ctx context.Context, cfg config.Config, book *rulebook.Book) (gaps approval.Gaps, err error) {
	ad, err := app.OpenAdmin(ctx, cfg, app.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return gaps, err
	}
	defer func() { err = errors.Join(err, ad.Close()) }()
	return ad.ApprovalGaps(ctx, book.Engine)
}
