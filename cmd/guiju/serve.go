package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"guiju/app"
	"guiju/wecom/sandbox/clockclient"
)

func newServe() *cobra.Command {
	var clock string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "启动服务：接收企业微信回调并处理",
		Long: `启动服务。数据库、Redis 或企业微信暂时不可用时也会启动：回调先写入本地队列，恢复后按原顺序处理。
只有配置有误时才拒绝启动。按 Ctrl-C 或发送 SIGTERM 平稳停止。`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), configPath(cmd), clock)
		},
	}
	cmd.Flags().StringVar(&clock, "clock", "", "从该沙箱平台取业务时间（仅限本机地址，用于测试）")
	return cmd
}

func serve(ctx context.Context, path, clock string) error {
	cfg, log, err := load(path)
	if err != nil {
		return err
	}
	if err := cfg.Ready(); err != nil {
		return usageError{err}
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	o := app.Options{Logger: log}
	follower := &follower{}
	if clock != "" {
		if o.Now, err = clockclient.Connect(ctx, clock, follower, clockclient.WithLogger(log)); err != nil {
			return usageError{fmt.Errorf("--clock: %w", err)}
		}
	}
	a, err := app.New(cfg, o)
	if err != nil {
		return usageError{err}
	}
	follower.follow(a)
	listener, err := net.Listen("tcp", cfg.Server.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("server.listen: %w", err), a.Stop(ctx))
	}
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, listener.Close(), a.Stop(context.WithoutCancel(ctx)))
	}
	log.Info("listening", "address", listener.Addr().String())
	server := &http.Server{
		Handler: a.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	return run(ctx, log, server, listener, a.Stop, cfg.Server.ShutdownTimeout)
}

// run serves until ctx ends, then stops within limit: no new requests, those
// under way are answered, then what is behind the server is unwound.
func run(ctx context.Context, log *slog.Logger, server *http.Server, l net.Listener, stop func(context.Context) error, limit time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	log.Info("stopping", "limit", limit)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return errors.Join(err, server.Shutdown(end), stop(end))
}

// follower answers the platform's clock for the app, which is built after the
// clock it lives by.
type follower struct {
	app atomic.Pointer[app.App]
}

func (f *follower) follow(a *app.App) { f.app.Store(a) }

// NextDue implements clockclient.Worker.
func (f *follower) NextDue(ctx context.Context) (time.Time, bool, error) {
	a := f.app.Load()
	if a == nil {
		return time.Time{}, false, nil
	}
	return a.NextDue(ctx)
}

// Settle implements clockclient.Worker.
func (f *follower) Settle(ctx context.Context, _ time.Time) (ran, failed, waiting int, err error) {
	a := f.app.Load()
	if a == nil {
		return 0, 0, 0, nil
	}
	a.Wake()
	r, err := a.Settle(ctx)
	return r.Done, r.Failed, r.Waiting, err
}
