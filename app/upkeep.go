package app

import (
	"context"
)

// upkeep runs the work that comes round by the clock, until ctx ends.
func (a *App) upkeep(ctx context.Context) {
	<-ctx.Done()
}
