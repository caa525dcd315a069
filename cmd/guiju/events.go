package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/store"
)

func newEvents() *cobra.Command {
	return parent("events", "收到的回调：列出、查看和重新处理", newEventsList(), newEventsShow(), newEventsReplay())
}

func newEventsList() *cobra.Command {
	var f store.DeliveryFilter
	var state string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出最近的回调，不含内容",
		Long:  `状态：accepted 已收下、spooled 来自暂存、failed 处理出错、done 已处理。`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch s := store.DeliveryState(state); s {
			case "", store.DeliveryAccepted, store.DeliverySpooled, store.DeliveryFailed, store.DeliveryDone:
				f.State = s
			default:
				return usageError{fmt.Errorf("--state：没有 %q 这个状态", state)}
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error { return listEvents(cmd, ctx, ad, f) })
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "状态（默认：全部）")
	cmd.Flags().StringVar(&f.Receiver, "receiver", "", "接收方，即应用名或 contacts")
	cmd.Flags().StringVar(&f.Userid, "user", "", "成员账号")
	cmd.Flags().Int64Var(&f.Before, "before", 0, "从这个编号之前列起")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "最多列出多少条（不超过 500）")
	return cmd
}

func listEvents(cmd *cobra.Command, ctx context.Context, ad *app.Admin, f store.DeliveryFilter) error {
	list, err := ad.DB().Reader(ctx).Deliveries(f)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "没有这样的回调。")
		return nil
	}
	lines := [][]string{{"编号", "收到于", "接收方", "种类", "成员", "状态", "答复"}}
	for _, d := range list {
		lines = append(lines, []string{
			fmt.Sprint(d.ID), clock(ad, d.ReceivedAt), d.Receiver, d.Kind, d.Userid, string(d.State), string(d.ReplyKind),
		})
	}
	return table(cmd.OutOrStdout(), lines)
}

func newEventsShow() *cobra.Command {
	var body bool
	cmd := &cobra.Command{
		Use:   "show <编号>",
		Short: "查看一个回调，加 --body 才显示内容",
		Args:  wants(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := number(args[0])
			if err != nil {
				return err
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				d, err := ad.DB().Reader(ctx).Delivery(id)
				if err != nil {
					return missing(err, "回调 "+args[0])
				}
				return showEvent(cmd, ad, d, body)
			})
		},
	}
	cmd.Flags().BoolVar(&body, "body", false, "显示内容：员工写的话，请只在需要时使用")
	return cmd
}

func showEvent(cmd *cobra.Command, ad *app.Admin, d store.Delivery, body bool) error {
	lines := [][]string{
		{"编号", fmt.Sprint(d.ID)}, {"标识", d.Key}, {"接收方", d.Receiver}, {"应用", d.App}, {"种类", d.Kind}, {"成员", d.Userid},
		{"发生于", clock(ad, d.EventAt)}, {"收到于", clock(ad, d.ReceivedAt)}, {"状态", string(d.State)}, {"出错原因", d.Failure},
		{"答复", string(d.ReplyKind)}, {"内容", fmt.Sprintf("%d 字节", len(d.Raw))},
	}
	if err := table(cmd.OutOrStdout(), lines); err != nil || !body {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\n内容：\n%s\n", printable(d.Raw))
	if len(d.Reply) > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "\n答复：\n%s\n", printable(d.Reply))
	}
	return nil
}

// printable shows control characters as such: what a member wrote must not
// steer the administrator's terminal.
func printable(body []byte) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, string(body))
}

func newEventsReplay() *cobra.Command {
	return &cobra.Command{
		Use:   "replay <编号>…",
		Short: "重新处理出错的回调",
		Long:  `安排重新处理还没有处理成功的回调，由运行中的服务执行。已经处理过的不会再处理一遍。`,
		Args:  wants(1, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids := make([]int64, len(args))
			for i, word := range args {
				var err error
				if ids[i], err = number(word); err != nil {
					return err
				}
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				var errs []error
				for _, id := range ids {
					err := ad.Replay(ctx, id)
					switch {
					case errors.Is(err, app.ErrHandled):
						errs = append(errs, fmt.Errorf("回调 %d 已经处理过，不再处理", id))
					case err != nil:
						errs = append(errs, missing(err, fmt.Sprintf("回调 %d", id)))
					default:
						fmt.Fprintf(cmd.OutOrStdout(), "回调 %d 将重新处理。\n", id)
					}
				}
				return errors.Join(errs...)
			})
		},
	}
}
