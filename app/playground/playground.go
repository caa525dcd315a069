// Package playground runs guiju and a sandbox platform side by side in one
// process: the whole product, unmodified, over real HTTP on loopback, without
// a WeCom company. `guiju sandbox` serves it to people, the acceptance tests
// play the guide's examples on it.
package playground

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"guiju/app"
	"guiju/app/config"
	"guiju/wecom/sandbox"
)

// overlay is what the example company adds to the built-in rulebook: persons.
//
//go:embed company.yaml
var overlay []byte

// Options say where to listen and what to keep.
type Options struct {
	Listen         string // of the app; host:port, port 0 picks one
	PlatformListen string // of the platform and its page
	Store          config.Store
	Redis          config.Redis
	Dir            string // for the spool and files of this run; it must exist
	Rulebook       string // path of overrides; empty: the example company's
	Overlay        string // YAML of further keys for the example company's rulebook
	Platform       sandbox.Options
	Logger         *slog.Logger
	Machine        func() time.Time
}

// Playground is both, running.
type Playground struct {
	App         *app.App
	Platform    *sandbox.Platform
	AppURL      string
	PlatformURL string

	cfg     config.Config
	options Options
	stop    []func(ctx context.Context) error // of the platform
	stopApp []func(ctx context.Context) error
}

// Start listens, builds and starts both. The app's business time is the
// platform's.
func Start(ctx context.Context, o Options) (*Playground, error) {
	p := &Playground{options: o}
	if err := p.start(ctx, o); err != nil {
		return nil, errors.Join(err, p.Stop(context.WithoutCancel(ctx)))
	}
	return p, nil
}

func (p *Playground) start(ctx context.Context, o Options) error {
	appListener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listen for the app: %w", err)
	}
	p.stopApp = append(p.stopApp, func(context.Context) error { return ignoreClosed(appListener.Close()) })
	platformListener, err := net.Listen("tcp", o.PlatformListen)
	if err != nil {
		return fmt.Errorf("listen for the platform: %w", err)
	}
	p.stop = append(p.stop, func(context.Context) error { return ignoreClosed(platformListener.Close()) })
	p.AppURL, p.PlatformURL = "http://"+appListener.Addr().String(), "http://"+platformListener.Addr().String()

	platform := o.Platform
	platform.Logger = o.Logger
	for i := range platform.Apps {
		platform.Apps[i].CallbackURL = p.AppURL + "/callback/" + platform.Apps[i].Name
	}
	if platform.Contacts.Token != "" {
		platform.Contacts.CallbackURL = p.AppURL + "/callback/contacts"
	}
	if p.Platform, err = sandbox.New(platform); err != nil {
		return err
	}
	if err := p.Platform.Start(ctx); err != nil {
		return err
	}
	p.stop = append(p.stop, p.Platform.Stop)
	p.stop = append(p.stop, serve(platformListener, p.Platform.Handler()))

	if p.cfg, err = p.config(o, platform); err != nil {
		return err
	}
	if err := p.runApp(ctx, appListener); err != nil {
		return err
	}
	return p.App.PushMenus(ctx)
}

// StartApp starts the app again after StopApp, at the same address and on the
// same database, as after a crash or a deployment.
func (p *Playground) StartApp(ctx context.Context) error {
	listener, err := net.Listen("tcp", strings.TrimPrefix(p.AppURL, "http://"))
	if err != nil {
		return fmt.Errorf("listen for the app: %w", err)
	}
	p.stopApp = append(p.stopApp, func(context.Context) error { return ignoreClosed(listener.Close()) })
	return p.runApp(ctx, listener)
}

func (p *Playground) runApp(ctx context.Context, listener net.Listener) error {
	var err error
	p.App, err = app.New(p.cfg, app.Options{Now: p.Platform.Now, Machine: p.options.Machine, Logger: p.options.Logger})
	if err != nil {
		return err
	}
	p.stopApp = append(p.stopApp, p.App.Stop)
	remove := p.Platform.AddWorker("guiju", worker{p.App})
	p.stopApp = append(p.stopApp, func(context.Context) error { remove(); return nil })
	p.stopApp = append(p.stopApp, serve(listener, p.App.Handler()))
	return p.App.Start(ctx)
}

// StopApp ends the app alone; the platform goes on and finds nobody home.
func (p *Playground) StopApp(ctx context.Context) error {
	err := unwind(ctx, p.stopApp)
	p.stopApp = nil
	return err
}

// config is the app's configuration for this platform.
func (p *Playground) config(o Options, platform sandbox.Options) (config.Config, error) {
	cfg := config.Default()
	cfg.Server.PublicURL = p.AppURL
	cfg.Store, cfg.Redis = o.Store, o.Redis
	cfg.Spool.Dir = filepath.Join(o.Dir, "spool")
	cfg.Media.Dir = filepath.Join(o.Dir, "media")
	cfg.Rulebook = o.Rulebook
	if cfg.Rulebook == "" {
		cfg.Rulebook = filepath.Join(o.Dir, "company.yaml")
		if err := os.WriteFile(cfg.Rulebook, append(slices.Clone(overlay), o.Overlay...), 0o600); err != nil {
			return cfg, fmt.Errorf("write the company's rulebook: %w", err)
		}
	}
	cfg.WeCom.CorpID, cfg.WeCom.APIBaseURL = platform.CorpID, p.PlatformURL
	cfg.WeCom.Apps = nil
	for _, a := range platform.Apps {
		cfg.WeCom.Apps = append(cfg.WeCom.Apps, config.App{
			Name: a.Name, AgentID: a.AgentID, Secret: config.NewSecret(a.Secret),
			Token: config.NewSecret(a.Token), EncodingAESKey: config.NewSecret(a.EncodingAESKey),
		})
	}
	cfg.WeCom.Contacts = config.Contacts{
		Secret: config.NewSecret(platform.Contacts.Secret), Token: config.NewSecret(platform.Contacts.Token),
		EncodingAESKey: config.NewSecret(platform.Contacts.EncodingAESKey),
	}
	return cfg, nil
}

// serve answers requests until stop is called.
func serve(l net.Listener, h http.Handler) (stop func(ctx context.Context) error) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	go func() { _ = server.Serve(l) }() // it ends with Shutdown below
	return func(ctx context.Context) error {
		// A page's event stream never ends by itself, and a connection nobody
		// has used yet is waited for as well.
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			return server.Close()
		}
		return nil
	}
}

// Ready waits until the app has read the company, at most until ctx ends.
func (p *Playground) Ready(ctx context.Context) error {
	const pause = 10 * time.Millisecond
	for !p.App.Ready() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the app is not ready: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
	_, err := p.Platform.Settle(ctx)
	return err
}

// Stop ends both in reverse order.
func (p *Playground) Stop(ctx context.Context) error {
	err := errors.Join(p.StopApp(ctx), unwind(ctx, p.stop))
	p.stop = nil
	return err
}

func unwind(ctx context.Context, stops []func(ctx context.Context) error) error {
	var errs []error
	for i := len(stops) - 1; i >= 0; i-- {
		errs = append(errs, stops[i](ctx))
	}
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// worker lets the platform's clock step through the app's timers.
type worker struct{ app *app.App }

// NextDue implements sandbox.Worker.
func (w worker) NextDue(ctx context.Context) (time.Time, bool, error) { return w.app.NextDue(ctx) }

// Settle implements sandbox.Worker.
func (w worker) Settle(ctx context.Context, _ time.Time) (ran, failed, waiting int, err error) {
	w.app.Wake()
	r, err := w.app.Settle(ctx)
	return r.Done, r.Failed, r.Waiting, err
}
