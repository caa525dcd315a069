package people

import (
	"errors"
	"time"

	"guiju/store"
)

// LastCompare is when the mirror was compared with WeCom last, and the outcome.
type LastCompare struct {
	At     time.Time // business time; zero: never
	Result string    // in Chinese
	Failed bool
}

// LastCompare answers the last comparison that ended, or the one that cannot go
// on for now; the zero value when there is none.
func (p *People) LastCompare(r *store.Reader) (LastCompare, error) {
	c, err := r.LastCompare()
	if errors.Is(err, store.ErrNotFound) {
		return LastCompare{}, nil
	}
	if err != nil {
		return LastCompare{}, err
	}
	last := LastCompare{At: *c.EndedAt, Result: compared(c).String(), Failed: c.Failure != ""}
	if last.Failed {
		last.Result = "没有完成：" + c.Failure
	}
	return last, nil
}
