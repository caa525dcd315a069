package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/app/rulebook"
	"guiju/store"
)

func newRulebook() *cobra.Command {
	cmd := parent("rulebook", "查看、检查、导入和批准规则",
		newRulebookShow(), newRulebookCheck(), newRulebookDiff(), newRulebookImport(), newRulebookApprove())
	cmd.Long = `规则有版本。第一次启动时导入规则文件为第 1 版；之后改动规范值须经批准才生效，其他改动立即生效（附则）。`
	return cmd
}

func newRulebookShow() *cobra.Command {
	var number int64
	var list bool
	cmd := &cobra.Command{
		Use:     "show [章节]",
		Short:   "显示现行规则，* 表示与内置规范不同",
		Example: "  guiju rulebook show response\n  guiju rulebook show --list",
		Args:    wants(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			section := ""
			if len(args) == 1 {
				section = args[0]
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				if list {
					return listRulebooks(cmd, ctx, ad)
				}
				book, row, err := ad.Book(ctx, number)
				if err != nil {
					return noVersion(err, number)
				}
				text, err := book.Show(section)
				if err != nil {
					return usageError{err}
				}
				fmt.Fprintf(cmd.OutOrStdout(), "规则第 %d 版（%s）\n%s", row.Version, stateWord(ad, row), text)
				return nil
			})
		},
	}
	cmd.Flags().Int64Var(&number, "version", 0, "显示这一版（默认：现行的一版）")
	cmd.Flags().BoolVar(&list, "list", false, "列出所有版本")
	return cmd
}

func listRulebooks(cmd *cobra.Command, ctx context.Context, ad *app.Admin) error {
	rows, err := ad.DB().Reader(ctx).Rulebooks(500)
	if err != nil {
		return err
	}
	lines := [][]string{{"版本", "状态", "提出时间"}}
	for _, row := range rows {
		lines = append(lines, []string{fmt.Sprint(row.Version), stateWord(ad, row), clock(ad, row.CreatedAt)})
	}
	return table(cmd.OutOrStdout(), lines)
}

func stateWord(ad *app.Admin, row store.Rulebook) string {
	switch {
	case row.State == store.RulebookPending:
		return "待批准"
	case row.State == store.RulebookSuperseded:
		return "已被取代"
	case row.EffectiveAt != nil && row.EffectiveAt.After(ad.DB().Now()):
		return "已批准，" + clock(ad, *row.EffectiveAt) + " 起生效"
	case row.EffectiveAt != nil:
		return clock(ad, *row.EffectiveAt) + " 起生效"
	}
	return string(row.State)
}

func newRulebookCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [文件]",
		Short: "检查规则文件，并对照通讯录找出缺口",
		Long:  `检查规则文件（默认为 config.yaml 里的 rulebook）。能打开数据库时，还对照通讯录检查部门、负责人和岗位，并为每个部门的申请人查找各审批模板的审批人。`,
		Args:  wants(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			book, err := fileBook(cmd, args)
			if err != nil {
				return err
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				org, err := ad.Org(ctx)
				if err != nil {
					return err
				}
				mistakes := false
				for _, f := range rulebook.Check(book, org, ad.DB().Now()) {
					if f.Hint {
						fmt.Fprint(cmd.OutOrStdout(), "提示：")
					}
					fmt.Fprintln(cmd.OutOrStdout(), f)
					mistakes = mistakes || !f.Hint
				}
				gaps, err := ad.ApprovalGaps(ctx, book.Engine)
				if err != nil {
					return err
				}
				if tellApprovers(cmd.OutOrStdout(), gaps) || mistakes {
					return errTold
				}
				fmt.Fprintln(cmd.OutOrStdout(), "没有发现问题。")
				return nil
			})
		},
	}
}

func newRulebookDiff() *cobra.Command {
	var number int64
	cmd := &cobra.Command{
		Use:   "diff [文件]",
		Short: "规则文件或某一版与现行规则有哪些不同",
		Args:  wants(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				current, _, err := ad.Book(ctx, 0)
				if err != nil {
					return noVersion(err, 0)
				}
				var other *rulebook.Book
				if number != 0 {
					other, _, err = ad.Book(ctx, number)
					err = noVersion(err, number)
				} else {
					other, err = fileBook(cmd, args)
				}
				if err != nil {
					return err
				}
				changes := rulebook.Diff(current, other)
				if len(changes) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "与现行规则相同。")
					return nil
				}
				fmt.Fprintln(cmd.OutOrStdout(), rulebook.Render(changes))
				unnumbered(cmd, current, other)
				return nil
			})
		},
	}
	cmd.Flags().Int64Var(&number, "version", 0, "与这一版比较，而不是与文件")
	return cmd
}

func newRulebookImport() *cobra.Command {
	return &cobra.Command{
		Use:   "import [文件]",
		Short: "导入规则文件：规范值待批准，其余立即生效",
		Args:  wants(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			book, err := fileBook(cmd, args)
			if err != nil {
				return err
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				before, _, err := ad.Book(ctx, 0)
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
				p, err := ad.ImportRulebook(ctx, book)
				if err != nil {
					return err
				}
				out := cmd.OutOrStdout()
				if len(p.Changes) > 0 {
					fmt.Fprintln(out, rulebook.Render(p.Changes))
				}
				if before != nil {
					unnumbered(cmd, before, book)
				}
				if p.Taken {
					fmt.Fprintf(out, "第 %d 版已生效。\n", p.Active)
				} else {
					fmt.Fprintf(out, "现行规则仍是第 %d 版。\n", p.Active)
				}
				if p.Pending != 0 {
					fmt.Fprintf(out, "第 %d 版改动了规范值，待批准：guiju rulebook approve %d --by <成员账号>\n", p.Pending, p.Pending)
				}
				return nil
			})
		},
	}
}

func newRulebookApprove() *cobra.Command {
	var by, effective string
	cmd := &cobra.Command{
		Use:     "approve <版本>",
		Short:   "批准一版待批准的规则",
		Long:    `以总经理办公室成员的名义批准（附则）。批准会写入审计记录；运行中的服务几秒内按新规则执行，已经开始的事项仍按原规则。`,
		Example: `  guiju rulebook approve 2 --by gaozong --effective 2026-04-01`,
		Args:    wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := number(args[0])
			if err != nil {
				return err
			}
			if by == "" {
				return usageError{fmt.Errorf("请用 --by 写明批准人的成员账号")}
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				at := ad.DB().Now()
				if effective != "" {
					if at, err = instant(effective, ad.DB().Zone()); err != nil {
						return err
					}
				}
				v, err := ad.ApproveRulebook(ctx, version, by, at)
				if err != nil {
					return missing(err, fmt.Sprintf("第 %d 版规则或成员 %s", version, by))
				}
				fmt.Fprintf(cmd.OutOrStdout(), "已批准，第 %d 版自 %s 起生效。\n", v.Number, clock(ad, v.EffectiveAt.Truncate(time.Second)))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "批准人的成员账号（必填）")
	cmd.Flags().StringVar(&effective, "effective", "", "生效时间（默认：现在）")
	return cmd
}

// unnumbered reminds of approval processes that change under their old version.
func unnumbered(cmd *cobra.Command, before, after *rulebook.Book) {
	for _, key := range rulebook.Unnumbered(before, after) {
		fmt.Fprintf(cmd.OutOrStdout(), "提示：审批模板 %s 有改动而版本号没有变，请提高 approval.templates.%s.version，方便追溯。\n", key, key)
	}
}

// fileBook reads the file named, or the one config.yaml names.
func fileBook(cmd *cobra.Command, args []string) (*rulebook.Book, error) {
	cfg, _, err := load(configPath(cmd))
	if err != nil {
		return nil, err
	}
	path := cfg.Rulebook
	if len(args) == 1 {
		path = args[0]
	}
	book, err := rulebook.Load(path)
	if err != nil {
		return nil, usageError{fmt.Errorf("rulebook: %w", err)}
	}
	return book, nil
}

func noVersion(err error, version int64) error {
	if version == 0 {
		return missing(err, "现行规则：还没有启动过服务，先运行 guiju serve 或 guiju rulebook import")
	}
	return missing(err, fmt.Sprintf("第 %d 版规则", version))
}
