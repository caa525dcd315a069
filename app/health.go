package app

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// lateWork is how long due work may wait before /readyz calls it degraded.
const lateWork = time.Minute

// healthz answers as long as the process can answer at all.
func (a *App) healthz(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// readyz answers 200 while callbacks can be stored durably, in the database
// or in the spool; 503 while starting, draining, or when neither can store.
func (a *App) readyz(c *gin.Context) {
	code, body := a.readiness(c.Request.Context())
	c.Header("Cache-Control", "no-store")
	c.JSON(code, body)
}

// readinessBody is the outside contract of /readyz.
type readinessBody struct {
	Status    string  `json:"status"`   // ok | degraded; with 503: starting | draining | unavailable
	Database  string  `json:"database"` // ok | away
	Queue     string  `json:"queue"`    // ok | late | unknown | stopped
	Redis     string  `json:"redis"`    // ok | away | off
	Spool     string  `json:"spool"`    // ok | waiting (holds callbacks) | failed
	OldestDue float64 `json:"oldest_due_s"`
}

func (a *App) readiness(ctx context.Context) (int, readinessBody) {
	body := readinessBody{Status: "ok", Database: "away", Queue: "unknown", Redis: a.redisState(ctx), Spool: "ok"}
	ready := a.ready.Load()
	if s := a.state.read(ctx, a.db, a.machine); s.up && ready {
		body.Database, body.Queue, body.OldestDue = "ok", "ok", s.oldest.Seconds()
		if s.oldest > lateWork {
			body.Queue = "late"
		}
	}
	spoolErr := a.spool.Ready()
	switch {
	case spoolErr != nil:
		body.Spool = "failed"
	case a.spool.Len() > 0:
		body.Spool = "waiting"
	}

	switch {
	case a.draining.Load():
		body.Status, body.Queue = "draining", "stopped"
		return http.StatusServiceUnavailable, body
	case !ready && !a.inbox.isAway():
		body.Status = "starting"
		return http.StatusServiceUnavailable, body
	case body.Database != "ok" && spoolErr != nil:
		body.Status = "unavailable"
		return http.StatusServiceUnavailable, body
	case body.Database != "ok" || body.Queue != "ok" || body.Redis == "away" || body.Spool != "ok":
		body.Status = "degraded"
	}
	return http.StatusOK, body
}

func (a *App) redisState(ctx context.Context) string {
	if a.redis == nil {
		return "off"
	}
	ctx, cancel := context.WithTimeout(ctx, stateWait)
	defer cancel()
	if a.redis.Ping(ctx) != nil {
		return "away"
	}
	return "ok"
}
