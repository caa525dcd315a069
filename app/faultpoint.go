package app

import (
	"guiju/callback"
	"guiju/store/faultpoint"
)

// callbackEnded is told of every callback's end. It stands in for a hook in
// package callback, which knows nothing of the store.
func (a *App) callbackEnded(o callback.Observation) {
	if o.Outcome == callback.Replied {
		faultpoint.Pass(faultpoint.Replied)
	}
	a.observeCallback(o)
}
