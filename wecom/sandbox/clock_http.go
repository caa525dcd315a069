package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// The clock over HTTP, for apps in other processes (guiju serve --clock URL).
// It is open to loopback callers only; package clockclient speaks it. Times here
// are RFC 3339 with nanoseconds.
//
//	POST /sandbox/clock/register {"name"}  → {"id", "now", "running", "version"}
//	GET  /sandbox/clock/wait?id=&version=&command=
//	     → {"now","running","version","command":{"id","kind","now"}}
//	     Answers when the clock's version is newer than the caller's, when there is
//	     a command newer than the caller's last one, or after 20 s. An app keeps one
//	     such call open all the time, also while it carries out a command: an app
//	     without one for Options.WorkerGone has left. 404: register again.
//	POST /sandbox/clock/report {"id","command", "due"?, "ran","failed","waiting","error"?} → {}
//	POST /sandbox/clock/leave {"id"} → {}
//
// Commands: next_due (report due, or leave it out when nothing is planned) and
// settle (run everything due at now, then report the counts).

const (
	clockPoll    = 20 * time.Second
	clockWorkers = 64
)

// clockCommand is what the clock asks of a connected app.
type clockCommand struct {
	ID   int64     `json:"id"`
	Kind string    `json:"kind"`
	Now  time.Time `json:"now"`
}

type clockNews struct {
	ID      int64         `json:"id,omitempty"`
	Now     time.Time     `json:"now"`
	Running bool          `json:"running"`
	Version int64         `json:"version"`
	Command *clockCommand `json:"command,omitempty"`
}

type clockReport struct {
	ID      int64      `json:"id"`
	Command int64      `json:"command"`
	Due     *time.Time `json:"due"`
	Ran     int        `json:"ran"`
	Failed  int        `json:"failed"`
	Waiting int        `json:"waiting"`
	Error   string     `json:"error"`
}

// remoteWorker is an app connected over HTTP.
type remoteWorker struct {
	gone   time.Duration
	remove func()

	mu      sync.Mutex
	seq     int64
	pending *clockCommand
	answer  chan clockReport
	wake    chan struct{} // closed and replaced when a command is set
	polls   int           // open wait calls
	seen    time.Time     // end of the last one
}

func (w *remoteWorker) NextDue(ctx context.Context) (time.Time, bool, error) {
	r, err := w.ask(ctx, "next_due", time.Time{})
	if err != nil || r.Due == nil {
		return time.Time{}, false, err
	}
	return *r.Due, true, nil
}

func (w *remoteWorker) Settle(ctx context.Context, now time.Time) (ran, failed, waiting int, err error) {
	r, err := w.ask(ctx, "settle", now)
	return r.Ran, r.Failed, r.Waiting, err
}

// ask hands the app one command and waits for its report, as long as the app is there.
func (w *remoteWorker) ask(ctx context.Context, kind string, now time.Time) (clockReport, error) {
	answer := make(chan clockReport, 1)
	w.mu.Lock()
	w.seq++
	w.pending, w.answer = &clockCommand{ID: w.seq, Kind: kind, Now: now}, answer
	close(w.wake)
	w.wake = make(chan struct{})
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.pending, w.answer = nil, nil
		w.mu.Unlock()
	}()
	check := time.NewTicker(max(w.gone/4, time.Millisecond))
	defer check.Stop()
	for {
		select {
		case r := <-answer:
			if r.Error != "" {
				return r, fmt.Errorf("the app says: %s", cutBytes(r.Error, 500))
			}
			return r, nil
		case <-ctx.Done():
			return clockReport{}, ctx.Err()
		case <-check.C:
			w.mu.Lock()
			left := w.polls == 0 && time.Since(w.seen) > w.gone
			w.mu.Unlock()
			if left {
				w.remove()
				return clockReport{}, errGone
			}
		}
	}
}

func (p *Platform) clockRoutes(g *gin.RouterGroup) {
	g.Use(loopbackOnly)
	g.POST("/register", p.clockRegister)
	g.GET("/wait", p.clockWait)
	g.POST("/report", p.clockTakeReport)
	g.POST("/leave", p.clockLeave)
}

func loopbackOnly(c *gin.Context) {
	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		refuse(c, http.StatusForbidden, "", "the clock is open to this machine only")
	}
}

func (p *Platform) clockRegister(c *gin.Context) {
	var in struct {
		Name string `json:"name"`
	}
	if !readClock(c, &in) {
		return
	}
	p.dropGone()
	if len(p.clock.team()) >= clockWorkers {
		refuse(c, http.StatusTooManyRequests, "", "too many apps follow this clock")
		return
	}
	w := &remoteWorker{gone: p.opts.WorkerGone, wake: make(chan struct{}), seen: time.Now()}
	w.remove = p.clock.add(cutRunes(in.Name, 64), w)
	news := p.clockNews()
	news.ID = p.clock.idOf(w)
	c.JSON(http.StatusOK, news)
}

// dropGone forgets apps that went away while nothing was asked of them.
func (p *Platform) dropGone() {
	for _, e := range p.clock.team() {
		if w, ok := e.Worker.(*remoteWorker); ok {
			w.mu.Lock()
			left := w.polls == 0 && time.Since(w.seen) > w.gone
			w.mu.Unlock()
			if left {
				w.remove()
			}
		}
	}
}

func (p *Platform) clockNews() clockNews {
	c := &p.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	return clockNews{Now: c.readLocked(), Running: c.running && !c.held, Version: c.version}
}

func (c *clock) idOf(w *remoteWorker) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, e := range c.workers {
		if e.Worker == Worker(w) {
			return id
		}
	}
	return 0
}

func (c *clock) remote(id int64) *remoteWorker {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.workers[id]; e != nil {
		w, _ := e.Worker.(*remoteWorker)
		return w
	}
	return nil
}

func (p *Platform) clockWait(c *gin.Context) {
	id, _ := strconv.ParseInt(c.Query("id"), 10, 64)
	version, _ := strconv.ParseInt(c.Query("version"), 10, 64)
	done, _ := strconv.ParseInt(c.Query("command"), 10, 64)
	w := p.clock.remote(id)
	if w == nil {
		refuse(c, http.StatusNotFound, "id", "unknown: register again")
		return
	}
	w.mu.Lock()
	w.polls++
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.polls--
		w.seen = time.Now()
		w.mu.Unlock()
	}()
	end := time.NewTimer(clockPoll)
	defer end.Stop()
	for {
		p.clock.mu.Lock()
		changed := p.clock.changed
		p.clock.mu.Unlock()
		w.mu.Lock()
		command, wake := w.pending, w.wake
		w.mu.Unlock()
		news := p.clockNews()
		if command != nil && command.ID > done {
			news.Command = command
		}
		if news.Command != nil || news.Version != version {
			c.JSON(http.StatusOK, news)
			return
		}
		select {
		case <-changed:
		case <-wake:
		case <-end.C:
			c.JSON(http.StatusOK, news)
			return
		case <-c.Request.Context().Done():
			return
		case <-p.ctx.Done():
			refuse(c, http.StatusServiceUnavailable, "", "the platform is stopping")
			return
		}
	}
}

func (p *Platform) clockTakeReport(c *gin.Context) {
	var in clockReport
	if !readClock(c, &in) {
		return
	}
	w := p.clock.remote(in.ID)
	if w == nil {
		refuse(c, http.StatusNotFound, "id", "unknown: register again")
		return
	}
	w.mu.Lock()
	if w.pending != nil && w.pending.ID == in.Command && w.answer != nil {
		select {
		case w.answer <- in:
		default: // reported twice
		}
	}
	w.mu.Unlock()
	c.JSON(http.StatusOK, gin.H{})
}

func (p *Platform) clockLeave(c *gin.Context) {
	var in struct {
		ID int64 `json:"id"`
	}
	if !readClock(c, &in) {
		return
	}
	if w := p.clock.remote(in.ID); w != nil {
		w.remove()
		w.mu.Lock()
		w.seen = time.Time{}
		w.mu.Unlock()
	}
	c.JSON(http.StatusOK, gin.H{})
}

func readClock(c *gin.Context, into any) bool {
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, 64<<10))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		refuse(c, http.StatusBadRequest, "", "the body is no JSON of the expected form")
		return false
	}
	return true
}
