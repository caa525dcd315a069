package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"guiju/app/chat"
	"guiju/app/notify"
	"guiju/store"
	"guiju/wecom"
)

// What members send besides text: downloaded while WeCom has it, and forgotten
// when the company does not keep it any more.

// downloads opens the media members sent, with the app they sent it to.
type downloads struct{ a *App }

// Download implements chat.Downloader.
func (d downloads) Download(ctx context.Context, app, mediaID string, limit int64) (io.ReadCloser, error) {
	client := d.a.clients[app]
	if client == nil {
		return nil, fmt.Errorf("no app is named %q", app)
	}
	file, err := client.DownloadMedia(ctx, mediaID, limit)
	switch {
	case err == nil:
		return file.Body, nil
	case wecom.ClassOf(err) == wecom.Permanent:
		return nil, fmt.Errorf("%w: %w", chat.ErrGone, err)
	default:
		return nil, err
	}
}

// mediaLost tells the sender that what he sent could not be kept, so that he
// sends it again, and the administrators. No form takes it from now on.
func (a *App) mediaLost(tx *store.Tx, lost store.Attachment) error {
	member, err := tx.Member(lost.MemberID)
	if err != nil {
		return err
	}
	if err := tx.AttachmentLost(lost.ID); err != nil {
		return err
	}
	what := chat.MediaName(lost.Kind)
	err = a.notify.Tell(tx, notify.Notice{
		App: lost.App, To: []int64{lost.MemberID}, Purpose: "media.lost", Subject: store.Subject{Kind: "attachment", ID: lost.ID}, Prompt: true,
		Text:   fmt.Sprintf("【提醒】您 %s 发来的%s没能保存下来，请再发一次。", a.when(lost.CreatedAt), what),
		Unique: fmt.Sprintf("media.lost:%d", lost.ID),
	})
	if err != nil {
		return err
	}
	return a.tellAdministrators(tx, notify.Notice{
		Purpose: "fault", Subject: systemSubject,
		Text: fmt.Sprintf("【文件未保存】%s %s 发来的%s没能从企业微信下载，可能已经过期，已请对方重发。查看：guiju jobs list",
			member.Name, a.when(lost.CreatedAt), what),
		Unique: fmt.Sprintf("media.lost.admin:%d", lost.ID),
	})
}

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
