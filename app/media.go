package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"guiju/store"
)

// purgeMedia forgets what members sent that was not text, files first: a row
// without its file is found again, a file without its row never.
func (a *App) purgeMedia(ctx context.Context, unarchived, archived time.Time) error {
	for range purgeRounds {
		var old []store.Attachment
		var looked int
		err := a.db.InBackground(ctx, func(tx *store.Tx) (err error) {
			old, looked, err = tx.OldAttachments(unarchived, archived)
			return err
		})
		if err != nil || looked == 0 {
			return err
		}
		var errs []error
		var gone []int64
		for _, attachment := range old {
			if err := a.removeMedia(attachment); err != nil {
				errs = append(errs, err) // tomorrow's walk tries again
				continue
			}
			gone = append(gone, attachment.ID)
		}
		errs = append(errs, a.db.InBackground(ctx, func(tx *store.Tx) error { return tx.DeleteAttachments(gone...) }))
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) removeMedia(attachment store.Attachment) error {
	if attachment.Path == "" {
		return nil
	}
	if !filepath.IsLocal(attachment.Path) {
		return fmt.Errorf("attachment %d: its path leaves media.dir", attachment.ID)
	}
	err := os.Remove(filepath.Join(a.cfg.Media.Dir, attachment.Path))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("attachment %d: %w", attachment.ID, err)
	}
	return nil
}
