package people

import (
	"context"
	"errors"
	"time"

	"guiju/store"
)

// comparedKey is the setting that remembers the last comparison with WeCom.
const comparedKey = "people.compared"

// LastCompare is when the mirror was compared with WeCom last, and the outcome.
type LastCompare struct {
	At     time.Time `json:"at"`     // business time; zero: never
	Result string    `json:"result"` // in Chinese
	Failed bool      `json:"failed"`
}

// LastCompare answers the last comparison that ended; the zero value when
// there was none.
func (p *People) LastCompare(r *store.Reader) (LastCompare, error) {
	var last LastCompare
	err := r.Setting(comparedKey, &last)
	if errors.Is(err, store.ErrNotFound) {
		return last, nil
	}
	return last, err
}

// noteCompared remembers how a comparison ended. That it cannot is only logged:
// the comparison itself is done.
func (p *People) noteCompared(ctx context.Context, result Compared, failed error) {
	err := p.db.InBackground(ctx, func(tx *store.Tx) error {
		last := LastCompare{At: tx.Now(), Result: result.String(), Failed: failed != nil}
		if failed != nil {
			last.Result = failed.Error()
		}
		return tx.SetSetting(comparedKey, last)
	})
	if err != nil {
		p.log.Warn("the outcome of the comparison is not remembered", "err", err)
	}
}
