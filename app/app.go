// Package app puts the parts together: it builds them in dependency order,
// starts them, and stops them in reverse. What one part causes in another is
// in reactions.go, which event concerns which part in dispatch.go.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"guiju/app/account"
	"guiju/app/approval"
	"guiju/app/chat"
	"guiju/app/communication"
	"guiju/app/config"
	"guiju/app/console"
	"guiju/app/duty"
	"guiju/app/notify"
	"guiju/app/people"
	"guiju/app/permission"
	"guiju/app/policy"
	"guiju/app/request"
	"guiju/app/response"
	"guiju/app/schedule"
	"guiju/app/task"
	"guiju/callback"
	"guiju/callback/envelope"
	"guiju/store"
	"guiju/store/queue"
	"guiju/store/spool"
	"guiju/wecom"
)

// Options are what the process, or a test, lends the App.
type Options struct {
	Now       func() time.Time  // business time; nil: the machine's
	Machine   func() time.Time  // machine time; nil: time.Now
	Logger    *slog.Logger      // nil: slog.Default()
	Transport http.RoundTripper // to WeCom; nil: wecom's own
	Zone      *time.Location    // nil: the rulebook's
}

// App is one running guiju.
type App struct {
	cfg     config.Config
	log     *slog.Logger
	now     func() time.Time
	machine func() time.Time

	rules       atomic.Pointer[policy.Engine]
	db          *store.DB
	redis       *store.Redis
	spool       *spool.Spool
	queue       *queue.Queue
	clients     map[string]*wecom.Client
	handler     *callback.Handler
	console     *console.Console
	inbox       *inbox
	notify      *notify.Notifier
	people      *people.People
	clocks      *response.Clocks
	requests    *request.Requests
	natives     *approval.Native
	approvals   *approval.Approvals
	account     *account.Accounts
	permissions *permission.Permissions
	comm        *communication.Communication
	chat        *chat.Engine
	schedule    *schedule.Schedule
	tasks       *task.Tasks
	duty        *duty.Duty
	metrics     *metrics
	replica     string // the same after a restart
	instance    string // fresh at each start
	refusals    refusals
	verified    verifications
	state       stateReader
	router      http.Handler

	skew        atomic.Int64 // this clock minus the database's, nanoseconds
	othersSpool atomic.Bool  // another replica has callbacks in its spool
	derivedBy   atomic.Int64 // rulebook version by which roles were derived, as far as this process has seen to it
	adoptedBy   atomic.Int64 // rulebook version whose approval processes are stored, likewise; -1: none yet

	enqueued atomic.Pointer[chan struct{}] // towards the other replicas; nil without Redis

	ticking  sync.Mutex  // one round of upkeep at a time
	ready    atomic.Bool // the database has been reached and prepared
	draining atomic.Bool
	stops    []stop
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// stop undoes one step of New or Start.
type stop struct {
	name string
	do   func(ctx context.Context) error
}

// New builds every part in dependency order, without touching the network:
// database, Redis and WeCom may be away. Errors speak of the configuration.
func New(cfg config.Config, o Options) (*App, error) {
	a := newApp(cfg, o)
	if err := a.build(o); err != nil {
		return nil, errors.Join(err, a.unwind(context.Background()))
	}
	return a, nil
}

func newApp(cfg config.Config, o Options) *App {
	a := &App{cfg: cfg, log: o.Logger, now: o.Now, machine: o.Machine}
	a.adoptedBy.Store(-1)
	if a.log == nil {
		a.log = slog.Default()
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.machine == nil {
		a.machine = time.Now
	}
	return a
}

func (a *App) build(o Options) error {
	if err := a.buildStore(a.cfg.Store.Migrate); err != nil {
		return err
	}
	var err error
	a.spool, err = spool.Open(a.cfg.Spool.Dir, a.cfg.Spool.MaxBytes)
	if err != nil {
		return fmt.Errorf("spool.dir: %w", err)
	}
	a.onStop("spool", func(context.Context) error { return a.spool.Close() })
	if mended := a.spool.Repaired(); mended.Skipped > 0 {
		a.log.Error("callbacks in the spool are lost: the disk damaged them", "bytes", mended.Skipped)
	}

	a.instance = rand.Text()
	a.queue = newQueue(a, o)
	a.db.OnEnqueue(a.noteEnqueued)

	if err := a.buildClients(o); err != nil {
		return err
	}
	if err := a.buildDomains(); err != nil {
		return err
	}
	return a.buildEdge()
}

func newQueue(a *App, o Options) *queue.Queue {
	host, _ := os.Hostname()
	a.replica = host + "@" + a.cfg.Server.Listen
	return queue.New(a.db, queue.Options{Logger: a.log, Name: a.replica, MachineNow: o.Machine, Observe: a.metrics.job})
}

// buildStore reads the rules, which name the time zone, and opens the database.
func (a *App) buildStore(migrate string) error {
	book, err := loadRulebook(a.cfg)
	if err != nil {
		return err
	}
	a.rules.Store(book.Engine)
	a.metrics = newMetrics(a)
	a.db, err = store.Open(
		store.Config{Driver: a.cfg.Store.Driver, DSN: a.cfg.Store.DSN.Reveal(), Migrate: migrate},
		store.Options{Now: a.now, Logger: a.log, Zone: book.Engine.Calendar().Location()},
	)
	if err != nil {
		return err
	}
	a.onStop("store", func(context.Context) error { return a.db.Close() })
	return nil
}

// buildClients makes one WeCom client for each app. They share their tokens
// with other replicas through Redis when there is one.
func (a *App) buildClients(o Options) error {
	var tokens wecom.TokenStore
	if a.cfg.Redis.Address != "" {
		a.redis = store.OpenRedis(store.RedisConfig{
			Address: a.cfg.Redis.Address, Password: a.cfg.Redis.Password.Reveal(), DB: a.cfg.Redis.DB,
		}, "guiju:", a.log)
		a.onStop("redis", func(context.Context) error { return a.redis.Close() })
		tokens = a.redis
	}
	clock := newClientTime(a.now, a.machine)
	a.clients = make(map[string]*wecom.Client, len(a.cfg.WeCom.Apps))
	for _, app := range a.cfg.WeCom.Apps {
		client, err := wecom.New(wecom.Config{
			Name: app.Name, CorpID: a.cfg.WeCom.CorpID, AgentID: app.AgentID, Secret: app.Secret.Reveal(),
			BaseURL: a.cfg.WeCom.APIBaseURL, Timeout: a.cfg.WeCom.Timeout,
		}, wecom.Options{HTTPTransport: o.Transport, TokenStore: tokens, Now: clock.now, Observer: a.metrics, Logger: a.log})
		if err != nil {
			return fmt.Errorf("wecom.apps: %s: %w", app.Name, err)
		}
		a.clients[app.Name] = client
	}
	return nil
}

func (a *App) buildDomains() error {
	if len(a.cfg.WeCom.Apps) == 0 {
		return errors.New("wecom.apps: at least one app is needed")
	}
	first := a.cfg.WeCom.Apps[0].Name
	senders := make(map[string]notify.Sender, len(a.clients))
	for name, client := range a.clients {
		senders[name] = client
	}
	rules := func() *policy.Engine { return a.rules.Load() }

	a.notify = notify.New(notify.Options{Senders: senders, DefaultApp: first, Rules: rules, MachineNow: a.machine, Logger: a.log})
	a.people = people.New(a.db, a.clients[first], a.notify, rules, a.log)
	a.clocks = response.New(a.notify, rules, a.people, a.log)
	a.clocks.OnBreach(a.metrics.breach)
	a.requests = request.New(a.notify, a.clocks, a.people, rules, a.log)
	a.natives = a.newNatives(rules)
	a.permissions = permission.New(a.notify, a.clocks, a.people, a.requests, rules, a.log)
	a.approvals = approval.New(approval.Options{
		Notify: a.notify, Clocks: a.clocks, People: a.people, Requests: a.requests, Rules: rules, Log: a.log,
	})
	a.account = account.New(account.Options{
		Notify: a.notify, People: a.people, Requests: a.requests, Rules: rules, Secrets: secretsOf(a.cfg.WeCom), Log: a.log,
	})
	a.comm = communication.New(a.notify, a.clocks, a.people, rules, a.log)
	a.tasks = task.New(a.notify, a.clocks, a.people, rules, a.log)
	a.duty = duty.New(a.notify, a.people, rules)
	a.schedule = schedule.New(rules, a.log)
	a.addJobs()

	var err error
	if a.console, err = a.newConsole(); err != nil {
		return err
	}
	a.approvals.RegisterPages(a.console)
	a.requests.Links(a.console.URL)
	a.chat, err = chat.New(chat.Options{
		Directory: a.people, Permits: permits{a}, Topics: topics{a}, Todo: a.clocks, Holds: a.holds,
		Location: rules().Calendar().Location(),
		AddWorkdays: func(from time.Time, days int) time.Time {
			return rules().Calendar().AddWorkdays(from, days)
		},
	})
	if err != nil {
		return err
	}
	for _, part := range []interface{ RegisterChat(*chat.Engine) error }{
		a.comm, a.tasks, a.duty, a.clocks, a.requests, a.approvals, a.permissions, a.account,
	} {
		if err := part.RegisterChat(a.chat); err != nil {
			return err
		}
	}
	if err := a.chat.Register(a.configurationCommand(), a.contactsCommand()); err != nil {
		return err
	}
	a.react()

	a.notify.Register(a.queue)
	a.people.Register(a.queue)
	a.clocks.Register(a.queue)
	a.comm.Register(a.queue)
	a.requests.Register(a.queue)
	a.natives.Register(a.queue)
	a.approvals.Register(a.queue)
	a.permissions.Register(a.queue)
	a.account.Register(a.queue)
	a.schedule.Register(a.queue)
	return nil
}

// buildEdge makes the receivers, the inbox and the routes.
func (a *App) buildEdge() error {
	receivers, err := a.receivers()
	if err != nil {
		return err
	}
	a.inbox = newInbox(a.db, a.spool, receivers, a.machine, a.log)
	a.db.OnAway(func() { a.inbox.noteDatabase(false) })
	a.inbox.handle, a.inbox.send, a.inbox.alert = a.dispatch, a.sendTexts, a.tellFailure
	a.inbox.refuse = a.refusals.add
	queue.Register(a.queue, a.inbox.retry)
	queue.Register(a.queue, chat.Fetch(downloads{a}, a.cfg.Media.Dir, a.mediaLost))
	a.queue.HoldDeadlines(a.holdDeadlines)

	a.handler, err = callback.New(receivers, a.inbox, callback.Options{
		Now: a.now, Machine: a.machine, Log: a.log, Observe: a.callbackEnded, OnRefusal: a.refusals.add,
	})
	if err != nil {
		return err
	}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false // WeCom follows no redirect
	router.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) {
		// What was thrown may quote a body, so it is not logged.
		a.log.Error("a request panicked", "path", c.FullPath())
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	a.handler.Register(router)
	a.console.Mount(router)
	router.GET("/healthz", a.healthz)
	router.GET("/readyz", a.readyz)
	router.GET("/metrics", gin.WrapH(a.metrics.handler()))
	a.router = router
	return nil
}

func (a *App) receivers() ([]callback.Receiver, error) {
	corp := a.cfg.WeCom.CorpID
	key := func(path string, token, aes config.Secret) (*envelope.Key, error) {
		k, err := envelope.NewKey(token.Reveal(), aes.Reveal(), corp)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return k, nil
	}
	var all []callback.Receiver
	for i, app := range a.cfg.WeCom.Apps {
		path := fmt.Sprintf("wecom.apps[%d]", i)
		var keys envelope.Keys
		var err error
		if keys.Current, err = key(path, app.Token, app.EncodingAESKey); err != nil {
			return nil, err
		}
		if !app.PreviousToken.Empty() {
			if keys.Previous, err = key(path+" (previous)", app.PreviousToken, app.PreviousEncodingAESKey); err != nil {
				return nil, err
			}
		}
		all = append(all, callback.AppReceiver(app.Name, strconv.FormatInt(app.AgentID, 10), keys))
	}
	if c := a.cfg.WeCom.Contacts; !c.Token.Empty() {
		current, err := key("wecom.contacts", c.Token, c.EncodingAESKey)
		if err != nil {
			return nil, err
		}
		all = append(all, callback.ContactsReceiver(envelope.Keys{Current: current}))
	}
	return all, nil
}

// Ready says whether the database has been reached and the queue is running.
func (a *App) Ready() bool { return a.ready.Load() }

// Handler serves everything the outside may reach.
func (a *App) Handler() http.Handler { return a.router }

// Start runs the background work. It does not wait for the database: until
// that is ready callbacks go to the spool.
func (a *App) Start(ctx context.Context) error {
	ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	a.onStop("background", func(context.Context) error {
		a.cancel()
		a.running.Wait()
		return nil
	})
	a.spawn(func() { a.becomeReady(ctx) })
	return nil
}

// becomeReady waits for the database, then starts what needs it.
func (a *App) becomeReady(ctx context.Context) {
	const longest = 5 * time.Second
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, longest) {
		err := a.db.Ready(ctx)
		if err == nil {
			if err = errors.Join(a.adoptRulebook(ctx), a.adoptTemplates(ctx)); err == nil {
				break
			}
		}
		if ctx.Err() != nil {
			return
		}
		a.log.Error("the database is not ready; callbacks go to the spool", "err", err)
		a.inbox.noteDatabase(false)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
	if err := a.queue.Start(ctx); err != nil {
		a.log.Error("the queue did not start", "err", err)
		return
	}
	if a.redis != nil {
		a.spawn(func() { a.shareWakes(ctx) })
	}
	a.spawn(func() { a.inbox.Run(ctx) })
	a.spawn(func() { a.upkeep(ctx) })
	if err := a.db.InBackground(ctx, func(tx *store.Tx) error { return a.people.CompareLater(tx) }); err != nil {
		a.log.Error("the contacts are not compared", "err", err)
	}
	if err := a.ensureJobs(ctx); err != nil {
		a.log.Error("no timers of what comes round", "err", err)
	}
	if err := a.deriveAccess(ctx); err != nil {
		a.log.Error("roles are not derived from the rulebook", "err", err)
	}
	if err := a.db.InBackground(ctx, a.account.NoteSecrets); err != nil {
		a.log.Error("the age of the secrets is not watched", "err", err)
	}
	a.ready.Store(true)
	a.log.Info("ready", "store", a.cfg.Store.Driver, "apps", len(a.clients))
}

func (a *App) spawn(work func()) {
	a.running.Add(1)
	go func() {
		defer a.running.Done()
		work()
	}()
}

// Stop answers callbacks with 503 from now on, lets running jobs end, and
// unwinds everything in reverse, within ctx.
func (a *App) Stop(ctx context.Context) error {
	a.draining.Store(true)
	err := a.queue.Stop(ctx)
	return errors.Join(err, a.unwind(ctx))
}

func (a *App) onStop(name string, do func(ctx context.Context) error) {
	a.stops = append(a.stops, stop{name, do})
}

func (a *App) unwind(ctx context.Context) error {
	var errs []error
	for i := len(a.stops) - 1; i >= 0; i-- {
		if err := a.stops[i].do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", a.stops[i].name, err))
		}
	}
	a.stops = nil
	return errors.Join(errs...)
}

// Settle runs everything that is due now, until nothing is left: for tests and
// for a sandbox's clock.
func (a *App) Settle(ctx context.Context) (queue.Ran, error) {
	if a.spool.Len() > 0 {
		if err := a.inbox.Drain(ctx); err != nil {
			return queue.Ran{}, err
		}
	}
	return a.queue.Drain(ctx)
}

// NextDue is when the next timer falls due.
func (a *App) NextDue(ctx context.Context) (time.Time, bool, error) { return a.queue.NextDue(ctx) }

// Wake tells the queue that the business clock has moved.
func (a *App) Wake() { a.queue.Wake() }
