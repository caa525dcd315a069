package doctor

import (
	"context"
	"errors"
	"time"

	"guiju/store"
)

// Verifications of a callback URL (保存 on the console page) leave no delivery,
// so the service records when the last one was, for the doctor to read. The
// doctor's own do not count: it announces each before it sends it.
const (
	verifiedKey = "callback.verified" // receiver → time
	probedKey   = "doctor.probed"     // receiver → time
	answeredKey = "doctor.answered"   // receiver → time the probe had its answer
)

// RecordVerified records verifications, the last of each receiver.
func RecordVerified(tx *store.Tx, last map[string]time.Time) error {
	probed, err := times(&tx.Reader, probedKey)
	if err != nil {
		return err
	}
	answered, err := times(&tx.Reader, answeredKey)
	if err != nil {
		return err
	}
	fresh := map[string]time.Time{}
	for name, at := range last {
		const clocks = time.Second // how far the two may be apart
		begin, end := probed[name], answered[name]
		if end.Before(begin) {
			end = begin.Add(checkLimit) // still under way
		}
		if at.After(begin.Add(-clocks)) && at.Before(end.Add(clocks)) {
			continue
		}
		fresh[name] = at
	}
	if len(fresh) == 0 {
		return nil
	}
	return keep(tx, verifiedKey, fresh)
}

// noteProbe announces a verification of the doctor's own, or that it ended.
func (d *doctor) noteProbe(ctx context.Context, key, name string) error {
	if d.db == nil {
		return nil
	}
	return d.db.InBackground(ctx, func(tx *store.Tx) error {
		return keep(tx, key, map[string]time.Time{name: d.Machine()})
	})
}

// keep moves the times of a setting forward.
func keep(tx *store.Tx, key string, fresh map[string]time.Time) error {
	all, err := times(&tx.Reader, key)
	if err != nil {
		return err
	}
	for name, at := range fresh {
		if at.After(all[name]) {
			all[name] = at
		}
	}
	return tx.SetSetting(key, all)
}

func times(r *store.Reader, key string) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	if err := r.Setting(key, &all); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return all, nil
}
