package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/store"
)

func newJobs() *cobra.Command {
	return parent("jobs", "后台任务：列出、定时任务、重试和放弃", newJobsList(), newJobsSchedule(), newJobsRetry(), newJobsDrop())
}

func newJobsList() *cobra.Command {
	var f store.JobFilter
	var state string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出任务（默认：等待人工处理的）",
		Long:  `状态：waiting 等待、blocked 排队、running 执行中、retry 等待重试、buried 等待人工处理、done 完成、cancelled 已放弃、all 全部。`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch s := store.JobState(state); s {
			case "all":
			case store.JobWaiting, store.JobBlocked, store.JobRunning, store.JobRetry, store.JobBuried, store.JobDone, store.JobCancelled:
				f.State = s
			default:
				return usageError{fmt.Errorf("--state：没有 %q 这个状态", state)}
			}
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error { return listJobs(cmd, ctx, ad, f) })
		},
	}
	cmd.Flags().StringVar(&state, "state", string(store.JobBuried), "状态")
	cmd.Flags().StringVar(&f.Kind, "kind", "", "种类，如 notify.send")
	cmd.Flags().Int64Var(&f.After, "after", 0, "从这个编号之后列起")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "最多列出多少条（不超过 500）")
	return cmd
}

func listJobs(cmd *cobra.Command, ctx context.Context, ad *app.Admin, f store.JobFilter) error {
	jobs, err := ad.DB().Reader(ctx).Jobs(f)
	if err != nil {
		return err
	}
	if len(jobs) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "没有这样的任务。")
		return nil
	}
	lines := [][]string{{"编号", "种类", "状态", "应执行于", "次数", "最近的错误"}}
	for _, j := range jobs {
		lines = append(lines, []string{
			fmt.Sprint(j.ID), j.Kind, string(j.State), clock(ad, j.RunAt), fmt.Sprintf("%d/%d", j.Attempt, j.MaxAttempts), j.LastError,
		})
	}
	return table(cmd.OutOrStdout(), lines)
}

func newJobsSchedule() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "列出定时任务：什么时候执行、下一次、最近一次的结果",
		Long:  "时间可在规则文件的 jobs 中调整，如 {J-CONTACT-SYNC: \"04:30\"}，写 off 停用。",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
				if name != "" {
					return listRuns(cmd, ctx, ad, name)
				}
				return listSchedule(cmd, ctx, ad)
			})
		},
	}
	cmd.Flags().StringVar(&name, "job", "", "一项任务的历次执行，如 J-CONTACT-SYNC")
	return cmd
}

var runState = map[store.JobRunState]string{store.JobRunDone: "完成", store.JobRunFailed: "失败", store.JobRunOpen: "执行中"}

func listSchedule(cmd *cobra.Command, ctx context.Context, ad *app.Admin) error {
	calendar, err := ad.Calendar(ctx)
	if err != nil {
		return err
	}
	lines := [][]string{{"任务", "内容", "时间", "下一次", "最近一次", "结果"}}
	for _, l := range calendar {
		next, last, result := "已停用", "还没有执行过", ""
		if !l.Off {
			next = clock(ad, l.Next)
		}
		if l.Last != nil {
			last, result = ranAt(ad, *l.Last), runState[l.Last.State]+"："+l.Last.Result
		}
		lines = append(lines, []string{l.Name, l.Title, l.When, next, last, result})
	}
	return table(cmd.OutOrStdout(), lines)
}

// listRuns shows the supervision calendar of one job.
func listRuns(cmd *cobra.Command, ctx context.Context, ad *app.Admin, name string) error {
	runs, err := ad.DB().Reader(ctx).JobRuns(name, "", 50)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "没有这项任务的执行记录。guiju jobs schedule 列出全部定时任务。")
		return nil
	}
	lines := [][]string{{"期间", "应执行于", "执行于", "次数", "错过", "结果"}}
	for _, r := range runs {
		lines = append(lines, []string{
			r.Period, clock(ad, r.DueAt), ranAt(ad, r), fmt.Sprint(r.Tries), fmt.Sprint(r.Missed), runState[r.State] + "：" + r.Result,
		})
	}
	return table(cmd.OutOrStdout(), lines)
}

func ranAt(ad *app.Admin, run store.JobRun) string {
	if run.RanAt == nil {
		return ""
	}
	return clock(ad, *run.RanAt)
}

func newJobsRetry() *cobra.Command {
	return &cobra.Command{
		Use:   "retry <编号>…",
		Short: "让等待人工处理的任务重新执行",
		Args:  wants(1, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeJobs(cmd, args, (*app.Admin).RetryJob, "任务 %d（%s）将重新执行。\n")
		},
	}
}

func newJobsDrop() *cobra.Command {
	return &cobra.Command{
		Use:   "drop <编号>…",
		Short: "放弃任务，不再执行",
		Args:  wants(1, 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeJobs(cmd, args, (*app.Admin).DropJob, "任务 %d（%s）已放弃。\n")
		},
	}
}

// changeJobs changes one job after the other; a failure does not stop the rest.
func changeJobs(cmd *cobra.Command, words []string, change func(*app.Admin, context.Context, int64) (store.Job, error), done string) error {
	ids := make([]int64, len(words))
	for i, word := range words {
		var err error
		if ids[i], err = number(word); err != nil {
			return err
		}
	}
	return withAdmin(cmd, func(ctx context.Context, ad *app.Admin) error {
		var errs []error
		for _, id := range ids {
			job, err := change(ad, ctx, id)
			switch {
			case errors.Is(err, store.ErrDuplicate):
				errs = append(errs, fmt.Errorf("任务 %d：已有一个相同的新任务，可以放弃它", id))
			case err != nil:
				errs = append(errs, missing(err, fmt.Sprintf("可以这样处理的任务 %d", id)))
			default:
				fmt.Fprintf(cmd.OutOrStdout(), done, id, job.Kind)
			}
		}
		return errors.Join(errs...)
	})
}
