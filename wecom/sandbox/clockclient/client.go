// Package clockclient lets an app in another process follow a sandbox platform's
// business clock (guiju serve --clock URL). It speaks the protocol described in
// wecom/sandbox/clock_http.go and uses the standard library alone.
package clockclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Worker is the app's timed work; see sandbox.Worker, which it equals.
type Worker interface {
	// NextDue is the earliest instant after the present business time at which
	// some work becomes due; false: nothing is planned.
	NextDue(ctx context.Context) (time.Time, bool, error)
	// Settle runs everything due at now until nothing due is left.
	Settle(ctx context.Context, now time.Time) (ran, failed, waiting int, err error)
}

// Option changes how Connect works.
type Option func(*client)

// WithLogger tells log when the platform's clock is away.
func WithLogger(log *slog.Logger) Option { return func(c *client) { c.log = log } }

// Connect registers with the platform at baseURL and follows its clock until ctx
// ends. The returned function is business time. While the platform is away the
// clock goes on as it last was, and the client registers again when it is back.
func Connect(ctx context.Context, baseURL string, w Worker, options ...Option) (func() time.Time, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("clock %q: needs http:// or https:// and a host", baseURL)
	}
	c := &client{base: strings.TrimRight(baseURL, "/") + "/sandbox/clock", worker: w,
		log: slog.New(slog.DiscardHandler), http: &http.Client{}}
	for _, set := range options {
		set(c)
	}
	if err := c.register(ctx); err != nil {
		return nil, fmt.Errorf("clock %s: %w", baseURL, err)
	}
	go c.follow(ctx)
	return c.now, nil
}

type client struct {
	base   string
	worker Worker
	log    *slog.Logger
	http   *http.Client

	mu      sync.Mutex
	id      int64
	version int64
	command int64     // newest command received
	anchor  time.Time // business time at real instant at
	at      time.Time
	running bool
}

type command struct {
	ID   int64     `json:"id"`
	Kind string    `json:"kind"`
	Now  time.Time `json:"now"`
}

type news struct {
	ID      int64     `json:"id"`
	Now     time.Time `json:"now"`
	Running bool      `json:"running"`
	Version int64     `json:"version"`
	Command *command  `json:"command"`
}

type report struct {
	ID      int64      `json:"id"`
	Command int64      `json:"command"`
	Due     *time.Time `json:"due,omitempty"`
	Ran     int        `json:"ran"`
	Failed  int        `json:"failed"`
	Waiting int        `json:"waiting"`
	Error   string     `json:"error,omitempty"`
}

const (
	callTimeout = 5 * time.Second
	pollTimeout = 30 * time.Second // the platform answers after 20 s at the latest
	bodyLimit   = 64 << 10
)

// errUnknown means the platform has forgotten us.
var errUnknown = errors.New("not registered")

func (c *client) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		return c.anchor.Add(time.Since(c.at))
	}
	return c.anchor
}

// take sets the clock as the platform shows it. Running business time does not
// step back by the little it took the news to arrive.
func (c *client) take(n news) {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown := c.anchor
	if c.running {
		shown = c.anchor.Add(time.Since(c.at))
	}
	if d := shown.Sub(n.Now); n.Running && d > 0 && d < time.Second {
		n.Now = shown
	}
	c.anchor, c.at, c.running, c.version = n.Now, time.Now(), n.Running, n.Version
}

func (c *client) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var n news
	if err := c.call(ctx, http.MethodPost, "/register", map[string]string{"name": "guiju " + strconv.Itoa(os.Getpid())}, &n); err != nil {
		return err
	}
	c.take(n)
	c.mu.Lock()
	c.id, c.command = n.ID, 0
	c.mu.Unlock()
	return nil
}

// follow keeps one wait call open and carries out commands beside it.
func (c *client) follow(ctx context.Context) {
	var work sync.WaitGroup
	defer func() {
		work.Wait()
		leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = c.call(leave, http.MethodPost, "/leave", map[string]int64{"id": c.registration()}, nil) // the platform notices anyway
	}()
	pause := 50 * time.Millisecond
	for ctx.Err() == nil {
		n, err := c.wait(ctx)
		if errors.Is(err, errUnknown) {
			err = c.register(ctx)
		}
		if err != nil {
			if ctx.Err() == nil {
				c.log.Warn("the platform's clock is away", "error", err, "again_in", pause)
			}
			sleep(ctx, pause)
			pause = min(2*pause, 2*time.Second)
			continue
		}
		pause = 50 * time.Millisecond
		if cmd := n.Command; cmd != nil {
			c.mu.Lock()
			fresh := cmd.ID > c.command
			c.command = max(c.command, cmd.ID)
			c.mu.Unlock()
			if fresh {
				id := c.registration()
				work.Go(func() { c.obey(ctx, id, *cmd) })
			}
		}
	}
}

func (c *client) registration() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

func (c *client) wait(ctx context.Context) (news, error) {
	c.mu.Lock()
	path := fmt.Sprintf("/wait?id=%d&version=%d&command=%d", c.id, c.version, c.command)
	registered := c.id != 0
	c.mu.Unlock()
	if !registered {
		return news{}, errUnknown
	}
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	var n news
	if err := c.call(ctx, http.MethodGet, path, nil, &n); err != nil {
		return n, err
	}
	c.take(n)
	return n, nil
}

// obey carries out one command and reports; a lost report is sent again a few times.
func (c *client) obey(ctx context.Context, id int64, cmd command) {
	r := report{ID: id, Command: cmd.ID}
	var err error
	switch cmd.Kind {
	case "next_due":
		var due time.Time
		var ok bool
		if due, ok, err = c.worker.NextDue(ctx); ok && err == nil {
			r.Due = &due
		}
	case "settle":
		r.Ran, r.Failed, r.Waiting, err = c.worker.Settle(ctx, cmd.Now)
	default:
		err = fmt.Errorf("unknown command %q", cmd.Kind)
	}
	if err != nil {
		r.Error = err.Error()
	}
	for try := 1; try <= 3; try++ {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		err = c.call(call, http.MethodPost, "/report", r, nil)
		cancel()
		if err == nil || errors.Is(err, errUnknown) || ctx.Err() != nil {
			return
		}
		sleep(ctx, 100*time.Millisecond)
	}
	c.log.Warn("report to the platform's clock lost", "command", cmd.Kind, "error", err)
}

func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusNotFound:
		return errUnknown
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("HTTP %d", resp.StatusCode)
	case out == nil:
		return nil
	}
	return json.Unmarshal(raw, out)
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
