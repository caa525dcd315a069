package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/app/policy"
	"guiju/app/rulebook"
)

func newExplain(now func() time.Time) *cobra.Command {
	var file bool
	cmd := parent("explain", "说明规则会怎样判断，以及为什么", newExplainRoute(&file), newExplainDue(&file, now), newExplainPermit(), newExplainApproval(&file, now))
	cmd.Long = `按现行规则回答，并打印理由。加 --file 时按规则文件回答，不需要数据库。`
	cmd.PersistentFlags().BoolVar(&file, "file", false, "按规则文件回答，不用数据库")
	return cmd
}

func newExplainRoute(file *bool) *cobra.Command {
	return &cobra.Command{
		Use:     `route "<文字>"`,
		Short:   "一段咨询会发给谁",
		Example: `  guiju explain route "报销发票抬头怎么写"`,
		Args:    wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if *file {
				e, err := fileRules(cmd)
				if err != nil {
					return err
				}
				fmt.Fprint(cmd.OutOrStdout(), app.ExplainRoute(e, nil, args[0], nil))
				return nil
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				text, err := ad.ExplainRoute(ctx, args[0])
				fmt.Fprint(cmd.OutOrStdout(), text)
				return err
			})
		},
	}
}

func newExplainDue(file *bool, now func() time.Time) *cobra.Command {
	return &cobra.Command{
		Use:     "due important|normal [时间]",
		Short:   "此时送达的事项应在何时前回应",
		Long:    `时间写成 2026-03-02T10:00:00+08:00，或公司时区的 "2026-03-02 10:00"；省略为现在。`,
		Example: `  guiju explain due important "2026-03-02 17:50"`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			class := policy.Class(args[0])
			if class != policy.Important && class != policy.Normal {
				return usageError{fmt.Errorf("%q 不是类别，请写 important（重要）或 normal（普通）", args[0])}
			}
			explain := func(e *policy.Engine) error {
				at := now()
				if len(args) == 2 {
					var err error
					if at, err = instant(args[1], e.Calendar().Location()); err != nil {
						return err
					}
				}
				fmt.Fprint(cmd.OutOrStdout(), app.ExplainDue(e, class, at))
				return nil
			}
			if *file {
				e, err := fileRules(cmd)
				if err != nil {
					return err
				}
				return explain(e)
			}
			return withAdmin(cmd, func(_ context.Context, ad *app.Admin) error { return explain(ad.Rules()) })
		},
	}
}

func newExplainPermit() *cobra.Command {
	return &cobra.Command{
		Use:     "permit <成员账号> <权限>",
		Short:   "某人是否可以做某事",
		Example: `  guiju explain permit zhaoliu notice.send`,
		Args:    wants(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				text, err := ad.ExplainPermit(ctx, args[0], policy.Permission(args[1]))
				if _, ok := errors.AsType[app.UnknownPermission](err); ok {
					return usageError{err}
				}
				fmt.Fprint(cmd.OutOrStdout(), text)
				return missing(err, "成员 "+args[0])
			})
		},
	}
}

func newExplainApproval(file *bool, now func() time.Time) *cobra.Command {
	var as string
	cmd := &cobra.Command{
		Use:   "approval <模板> [字段:值…]",
		Short: "一份申请会经过哪些审批人",
		Long: `打印审批路线：经过的节点、每个分支选了哪一支和理由。没有写的字段按空值计算。
加 --as 时按这位成员提交来判断，并列出实际的审批人。`,
		Example: "  guiju explain approval 请假 天数:3.5 --as zhaoliu\n  guiju explain approval reimburse 金额:1000.01 --file",
		Args:    wants(1, 50),
		RunE: func(cmd *cobra.Command, args []string) error {
			if *file {
				if as != "" {
					return usageError{fmt.Errorf("--as 要查通讯录，不能与 --file 一起用")}
				}
				e, err := fileRules(cmd)
				if err != nil {
					return err
				}
				text, err := app.ExplainApproval(e, app.Application{Template: args[0], Values: args[1:], At: now()})
				fmt.Fprint(cmd.OutOrStdout(), text)
				return asked(err)
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				text, err := ad.ExplainApproval(ctx, args[0], args[1:], as)
				fmt.Fprint(cmd.OutOrStdout(), text)
				return missing(asked(err), "成员 "+as)
			})
		},
	}
	cmd.Flags().StringVar(&as, "as", "", "提交申请的成员账号")
	return cmd
}

// asked makes a question that cannot be answered a mistake of usage.
func asked(err error) error {
	if _, ok := errors.AsType[app.BadQuestion](err); ok {
		return usageError{err}
	}
	return err
}

// fileRules are the rules of the file, whatever the database holds.
func fileRules(cmd *cobra.Command) (*policy.Engine, error) {
	cfg, _, err := loadOptional(cmd)
	if err != nil {
		return nil, err
	}
	book, err := rulebook.Load(cfg.Rulebook)
	if err != nil {
		return nil, usageError{fmt.Errorf("rulebook: %w", err)}
	}
	return book.Engine, nil
}

// instant reads a point in time as administrators write it.
func instant(word string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, word); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, word, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usageError{fmt.Errorf("%q 不是时间，请写成 2026-03-02 10:00", word)}
}
