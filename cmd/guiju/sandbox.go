package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"guiju/app/config"
	"guiju/app/playground"
	"guiju/wecom/sandbox"
)

// sandboxFlags are the flags of `guiju sandbox`.
type sandboxFlags struct {
	platformListen string
	db             string
	start          string
	platformOnly   bool
	state          string
	retries        int
	spacing        time.Duration

	corpID, secret, token, aesKey, callbackURL             string
	agentID                                                int64
	contactsSecret, contactsToken, contactsAESKey, contURL string
}

func newSandbox() *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "启动模拟的企业微信和示例公司，在网页上试用",
		Long: `在本机启动一个模拟的企业微信平台（含示例公司、聊天网页、时钟和故障面板）和本应用，不需要真实的企业微信。

加 --platform-only 时只启动平台，可供任何企业微信自建应用测试：用 -c 指定 config.yaml（取其 wecom 部分）或用参数给出凭证；
启动后会打印可直接使用的 config.yaml。`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if f.platformOnly {
				return f.platform(ctx, cmd)
			}
			return f.both(ctx, cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.platformListen, "platform-listen", "127.0.0.1:8090", "平台和网页的监听地址")
	flags.StringVar(&f.db, "db", "", "应用的 SQLite 文件（默认：新的临时文件）")
	flags.StringVar(&f.start, "start", "", "业务时间的起点，RFC 3339 格式（默认：现在）")
	flags.BoolVar(&f.platformOnly, "platform-only", false, "只启动平台")
	flags.StringVar(&f.state, "state", "", "平台状态文件，重启后继续（仅 --platform-only）")
	flags.IntVar(&f.retries, "retries", 3, "回调失败后重试的次数")
	flags.DurationVar(&f.spacing, "retry-spacing", time.Second, "两次重试的间隔")
	flags.StringVar(&f.corpID, "corp-id", "", "企业 ID（仅 --platform-only，下同）")
	flags.Int64Var(&f.agentID, "agent-id", 0, "应用的 AgentId")
	flags.StringVar(&f.secret, "secret", "", "应用的 Secret")
	flags.StringVar(&f.token, "token", "", "应用接收消息的 Token")
	flags.StringVar(&f.aesKey, "encoding-aes-key", "", "应用接收消息的 EncodingAESKey")
	flags.StringVar(&f.callbackURL, "callback-url", "", "应用的回调 URL")
	flags.StringVar(&f.contactsSecret, "contacts-secret", "", "通讯录同步的 Secret")
	flags.StringVar(&f.contactsToken, "contacts-token", "", "通讯录同步的 Token")
	flags.StringVar(&f.contactsAESKey, "contacts-encoding-aes-key", "", "通讯录同步的 EncodingAESKey")
	flags.StringVar(&f.contURL, "contacts-callback-url", "", "通讯录同步的回调 URL")
	return cmd
}

// options are the platform's defaults with what the flags change.
func (f sandboxFlags) options() (sandbox.Options, error) {
	o := sandbox.DefaultOptions()
	o.Retries, o.RetrySpacing, o.StateFile = f.retries, f.spacing, f.state
	if f.start != "" {
		at, err := time.Parse(time.RFC3339, f.start)
		if err != nil {
			return o, usageError{fmt.Errorf("--start：%q 不是 RFC 3339 时间，例如 2026-03-02T10:00:00+08:00", f.start)}
		}
		o.Start = at
	}
	return o, nil
}

// both runs platform and app until interrupted.
func (f sandboxFlags) both(ctx context.Context, cmd *cobra.Command) error {
	cfg, log, err := loadOptional(cmd)
	if err != nil {
		return err
	}
	platform, err := f.options()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "guiju-sandbox-")
	if err != nil {
		return fmt.Errorf("temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	db := f.db
	if db == "" {
		db = filepath.Join(dir, "guiju.db")
	}
	p, err := playground.Start(ctx, playground.Options{
		Listen: cfg.Server.Listen, PlatformListen: f.platformListen,
		Store: config.Store{Driver: "sqlite", DSN: config.NewSecret(db), Migrate: "auto"},
		Dir:   dir, Rulebook: cfg.Rulebook, Platform: platform, Logger: log,
	})
	if err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, 30*time.Second)
	err = p.Ready(ready)
	cancel()
	if err == nil {
		welcome(cmd.OutOrStdout(), p)
		<-ctx.Done()
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Server.ShutdownTimeout)
	defer cancel()
	if stopped := p.Stop(end); err == nil {
		err = stopped
	}
	return err
}

func welcome(w io.Writer, p *playground.Playground) {
	fmt.Fprintf(w, `规矩已启动。

  打开网页：%s
  应用地址：%s（/readyz、/metrics）

试一试：以赵六的身份发送「咨询 报销发票抬头」，换成何静回复；或把时钟拨快 31 分钟看超时提醒。
按 Ctrl-C 结束。
`, p.PlatformURL, p.AppURL)
}

// platform runs only the platform, for any app.
func (f sandboxFlags) platform(ctx context.Context, cmd *cobra.Command) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	cfg, log, err := loadOptional(cmd)
	if err != nil {
		return err
	}
	o.Logger = log
	f.adopt(&o, cfg)
	p, err := sandbox.New(o)
	if err != nil {
		return usageError{err}
	}
	listener, err := net.Listen("tcp", f.platformListen)
	if err != nil {
		return fmt.Errorf("--platform-listen: %w", err)
	}
	if err := p.Start(ctx); err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	fmt.Fprintf(cmd.OutOrStdout(), "# 模拟的企业微信已启动，网页：%s\n# 回调送到：%s\n# 应用的 config.yaml（存为 sandbox.yaml，再运行 guiju serve -c sandbox.yaml --clock %s）：\n%s",
		url, o.Apps[0].CallbackURL, url, o.ConfigYAML(url))
	server := &http.Server{
		Handler: p.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute,
		// Pages' streams and the clock's long polls end with ctx. A move of the
		// clock may take a minute, so answers have no time limit.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	return run(ctx, log, server, listener, p.Stop, cfg.Server.ShutdownTimeout)
}

// adopt takes credentials from config.yaml, then from the flags.
func (f sandboxFlags) adopt(o *sandbox.Options, cfg config.Config) {
	base := "http://" + cfg.Server.Listen
	o.Apps[0].CallbackURL, o.Contacts.CallbackURL = base+"/callback/"+o.Apps[0].Name, base+"/callback/contacts"
	if cfg.WeCom.CorpID != "" {
		o.CorpID, o.Apps = cfg.WeCom.CorpID, nil
		for _, a := range cfg.WeCom.Apps {
			o.Apps = append(o.Apps, sandbox.App{
				Name: a.Name, AgentID: a.AgentID, Secret: a.Secret.Reveal(), Token: a.Token.Reveal(),
				EncodingAESKey: a.EncodingAESKey.Reveal(), CallbackURL: base + "/callback/" + a.Name,
			})
		}
		c := cfg.WeCom.Contacts
		o.Contacts = sandbox.Contacts{}
		if !c.Token.Empty() {
			o.Contacts = sandbox.Contacts{
				Secret: c.Secret.Reveal(), Token: c.Token.Reveal(), EncodingAESKey: c.EncodingAESKey.Reveal(),
				CallbackURL: base + "/callback/contacts",
			}
		}
	}
	app := &o.Apps[0]
	set(&o.CorpID, f.corpID)
	set(&app.Secret, f.secret)
	set(&app.Token, f.token)
	set(&app.EncodingAESKey, f.aesKey)
	set(&app.CallbackURL, f.callbackURL)
	if f.agentID != 0 {
		app.AgentID = f.agentID
	}
	set(&o.Contacts.Secret, f.contactsSecret)
	set(&o.Contacts.Token, f.contactsToken)
	set(&o.Contacts.EncodingAESKey, f.contactsAESKey)
	set(&o.Contacts.CallbackURL, f.contURL)
}

func set(to *string, value string) {
	if value != "" {
		*to = value
	}
}
