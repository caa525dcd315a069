package doctor

import (
	"errors"
	"strings"
	"time"

	"guiju/store"
)

// Verifications of a callback URL (保存 on the console page) leave no delivery,
// so the service records when the last one was, for the doctor to read.
const verifiedKey = "callback.verified" // receiver → business time

// probeMark begins the text that a verification of the doctor's own has echoed;
// WeCom's is a number. Nobody without Token and key can send either.
const probeMark = "guiju-doctor-"

// IsProbe reports whether a verification was the doctor's own, by its echo.
func IsProbe(echo string) bool { return strings.HasPrefix(echo, probeMark) }

// RecordVerified records verifications by WeCom, the last of each receiver.
func RecordVerified(tx *store.Tx, last map[string]time.Time) error {
	all, err := verified(&tx.Reader)
	if err != nil {
		return err
	}
	for name, at := range last {
		if at.After(all[name]) {
			all[name] = at
		}
	}
	return tx.SetSetting(verifiedKey, all)
}

// Verified answers when WeCom last verified each receiver's URL.
func Verified(r *store.Reader) (map[string]time.Time, error) { return verified(r) }

func verified(r *store.Reader) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	if err := r.Setting(verifiedKey, &all); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return all, nil
}
