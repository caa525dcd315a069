package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/store"
)

// withAdmin opens the database for one command. It works beside a running
// guiju.
func withAdmin(cmd *cobra.Command, do func(ctx context.Context, ad *app.Admin) error) error {
	cfg, log, err := load(configPath(cmd))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ad, err := app.OpenAdmin(ctx, cfg, app.Options{Logger: log})
	if err != nil {
		return fmt.Errorf("打开数据库：%w", err)
	}
	err = do(ctx, ad)
	return errors.Join(err, ad.Close())
}

// parent is a command that only groups others.
func parent(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(children...)
	return cmd
}

// number reads an id from the command line.
func number(word string) (int64, error) {
	id, err := strconv.ParseInt(word, 10, 64)
	if err != nil || id < 1 {
		return 0, usageError{fmt.Errorf("%q 不是编号，请写一个正整数", word)}
	}
	return id, nil
}

// missing turns "not found" into a sentence.
func missing(err error, what string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("没有找到%s", what)
	}
	return err
}

// table prints rows in columns.
func table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, cell)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// clock prints an instant in the company's time zone.
func clock(ad *app.Admin, t time.Time) string {
	return t.In(ad.DB().Zone()).Format("2006-01-02 15:04:05")
}
